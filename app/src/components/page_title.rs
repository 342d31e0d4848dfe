//! The document's title. `leptos_meta` writes it unescaped into the server's HTML, so it is escaped here and only there
//! (`stack.md`, 5.1): an invoice number is not ours to trust.

use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn PageTitle(
    #[prop(into)] text: String,
    /// Something on the page needs mending: screen readers hear it first.
    #[prop(optional)]
    wrong: bool,
) -> impl IntoView {
    let text = if wrong { format!("Error: {text}") } else { text };
    #[cfg(feature = "ssr")]
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    view! { <Title text/> }
}
