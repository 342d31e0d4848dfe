//! What script adds to a page of Pay Now: while the outcome of a payment is open, the page is asked again, with growing
//! gaps, and replaced in place when the answer is there; screen readers hear it. And the print button.

use leptos::prelude::*;

/// `page` and the live region below it.
pub fn live(page: AnyView) -> AnyView {
    let said = RwSignal::new(String::new());
    #[cfg(feature = "hydrate")]
    browser::start(said);
    view! {
        {page}
        <p class="vh" role="status">{move || said.get()}</p>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::{ev, prelude::*, task::spawn_local};
    use std::time::Duration;
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Document, DomParser, Element, Response, SupportedType};

    const GAP_MAX_SECONDS: u64 = 30;

    pub fn start(said: RwSignal<String>) {
        let pressed = window_event_listener(ev::click, |event| {
            if event_target::<Element>(&event).id() == "print" {
                window().print().ok();
            }
        });
        on_cleanup(move || pressed.remove());
        Effect::new(move |_| {
            // From here on the shell's script need not load the page again.
            if let Some(root) = document().document_element() {
                root.set_attribute("data-live", "1").ok();
            }
            if is_open(&document()) {
                ask_in(3, 5, said);
            }
        });
    }

    /// After 3, 5, 8, 13, 21 and then every 30 seconds.
    fn ask_in(seconds: u64, next: u64, said: RwSignal<String>) {
        let ask = move || {
            spawn_local(async move {
                match fresh().await.filter(|page| !is_open(page)) {
                    Some(page) => replace(&page, said),
                    None => ask_in(next, (seconds + next).min(GAP_MAX_SECONDS), said),
                }
            });
        };
        set_timeout(ask, Duration::from_secs(seconds));
    }

    /// The server marks the page of an open outcome by its design.
    fn is_open(page: &Document) -> bool {
        page.query_selector("main.checking").ok().flatten().is_some()
    }

    async fn fresh() -> Option<Document> {
        let address = window().location().href().ok()?;
        let answer: Response = JsFuture::from(window().fetch_with_str(&address)).await.ok()?.dyn_into().ok()?;
        let html = JsFuture::from(answer.ok().then(|| answer.text().ok()).flatten()?).await.ok()?.as_string()?;
        DomParser::new().ok()?.parse_from_string(&html, SupportedType::TextHtml).ok()
    }

    fn replace(page: &Document, said: RwSignal<String>) {
        let main = |page: &Document| page.query_selector("main").ok().flatten();
        let (Some(old), Some(new)) = (main(&document()), main(page)) else { return };
        old.set_class_name(&new.class_name());
        old.set_inner_html(&new.inner_html());
        document().set_title(&page.title());
        said.try_set(new.query_selector("h1").ok().flatten().and_then(|h1| h1.text_content()).unwrap_or_default());
    }
}
