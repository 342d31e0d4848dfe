//! Says that something was done, without taking focus and without vanishing before it was read.

use leptos::prelude::*;

#[component]
pub fn Toast(words: &'static str) -> impl IntoView {
    // The link leads to the same page, without what made it say so.
    view! {
        <div class="toast" role="status">
            <p>{words}</p>
            <a class="btn quiet" href="?">"Dismiss"</a>
        </div>
    }
}
