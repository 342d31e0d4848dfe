//! Says that something was done, without taking focus and without vanishing before it was read.

use leptos::prelude::*;

#[component]
pub fn Toast(#[prop(into)] words: String, close: &'static str) -> impl IntoView {
    view! {
        <div class="toast" role="status">
            <p>{words}</p>
            <a class="btn quiet" href=close>"Dismiss"</a>
        </div>
    }
}
