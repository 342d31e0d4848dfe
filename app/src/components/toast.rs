//! Says that something was done, without taking focus and without vanishing before it was read.

use leptos::prelude::*;

#[component]
pub fn Toast(
    words: &'static str,
    /// The server alone draws the page, so it is loaded whole.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
    let rel = whole.then_some("external");
    // The link leads to the same page, without what made it say so.
    view! {
        <div class="toast" role="status">
            <p>{words}</p>
            <a class="btn quiet" href="?" rel=rel>"Dismiss"</a>
        </div>
    }
}
