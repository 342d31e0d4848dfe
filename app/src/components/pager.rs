//! Where in a long list one is, and the way to the next page. The state is in the address (D26).

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

    /// `26–50 of 305`.
    fn words(&self) -> String {
        let first = (self.page - 1).saturating_mul(self.per_page) + 1;
        let last = self.page.saturating_mul(self.per_page).min(self.total);
        if self.total == 0 || first > self.total {
            format!("0 of {}", self.total)
        } else {
            format!("{first}–{last} of {}", self.total)
        }
    }
}

#[component]
pub fn Pager(path: &'static str, place: Place) -> impl IntoView {
    let step = |page: u64, words: &'static str, there: bool| {
        let address = addresses::list(path, &place.query, page);
        if there {
            view! { <a class="btn" href=address>{words}</a> }.into_any()
        } else {
            view! { <span class="btn" aria-disabled="true">{words}</span> }.into_any()
        }
    };
    let steps = (place.pages() > 1).then(|| {
        view! {
            {step(place.page - 1, "Previous", place.page > 1)}
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
        assert_eq!(place(99).words(), "0 of 305");
        assert_eq!(place(1).pages(), 13);
    }
}
