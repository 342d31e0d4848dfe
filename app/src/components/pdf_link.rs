//! The way to an invoice's PDF, beside its number. It is a file: the browser saves it, and the router knows nothing of it.

use leptos::prelude::*;

#[component]
pub fn PdfLink(href: String, number: String) -> impl IntoView {
    let of = format!(" of {number}");
    view! { " " <a class="pdf" href=href rel="external">"PDF"<span class="vh">{of}</span></a> }
}
