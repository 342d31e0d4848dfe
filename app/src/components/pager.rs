//! Where in a long list one is, and the way to the next page. The state is in the address (D26).

use super::empty::Empty;
use crate::addresses;
use leptos::prelude::*;

/// What the pager needs to know of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub total: u64,
    pub page: u64,
    pub per_page: u64,
    pub query: String,
}

impl<T> From<&domain::views::Page<T>> for Place {
    fn from(page: &domain::views::Page<T>) -> Self {
        Self { total: page.total, page: page.page.max(1), per_page: page.per_page.max(1), query: page.query.clone() }
    }
}

impl Place {
    fn pages(&self) -> u64 {
        self.total.div_ceil(self.per_page).max(1)
    }

    fn first(&self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page) + 1
    }

    /// The list has ended before this page.
    #[must_use]
    pub fn is_beyond(&self) -> bool {
        self.total > 0 && self.first() > self.total
    }

    /// `26–50 of 305`.
    fn words(&self) -> String {
        let last = self.page.saturating_mul(self.per_page).min(self.total);
        if self.is_beyond() {
            format!("{} in all", self.total)
        } else {
            format!("{}–{last} of {}", self.first(), self.total)
        }
    }
}

/// What stands on a page behind the last one.
#[component]
pub fn Beyond(path: &'static str, place: Place, #[prop(optional)] whole: bool) -> impl IntoView {
    let rel = whole.then_some("external");
    let last = addresses::list(path, &place.query, place.pages());
    view! { <Empty title="No more on this page"><a href=last rel=rel>"Go to the last page"</a></Empty> }
}

#[component]
pub fn Pager(
    path: &'static str,
    place: Place,
    /// The server alone draws the list, so each page of it is loaded whole.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
    // An empty list says so itself.
    (place.total > 0).then(|| view! { <Steps path place whole/> })
}

#[component]
fn Steps(path: &'static str, place: Place, whole: bool) -> impl IntoView {
    let step = |page: u64, words: &'static str, there: bool| {
        let address = addresses::list(path, &place.query, page);
        if there {
            view! { <a class="btn" href=address rel=whole.then_some("external")>{words}</a> }.into_any()
        } else {
            view! { <span class="btn" aria-disabled="true">{words}</span> }.into_any()
        }
    };
    let steps = (place.pages() > 1).then(|| {
        view! {
            {step((place.page - 1).min(place.pages()), "Previous", place.page > 1)}
            {step(place.page + 1, "Next", place.page < place.pages())}
        }
    });
    view! {
        <nav class="pager" aria-label="Pages">
            <p class="small muted num" role="status">{place.words()}</p>
            {steps}
        </nav>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_ends_at_the_total() {
        let place = |page| Place { total: 305, page, per_page: 25, query: String::new() };
        assert_eq!(place(1).words(), "1–25 of 305");
        assert_eq!(place(13).words(), "301–305 of 305");
        assert_eq!(place(99).words(), "305 in all");
        assert!(place(14).is_beyond() && !place(13).is_beyond());
        assert_eq!(place(1).pages(), 13);
    }
}
