//! What a page looks like while it is fetched: the shape of what comes, and one word for screen readers.

use leptos::prelude::*;

#[component]
pub fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="vh">"Loading"</span>
            <div class="bone bone-title"></div>
            <div class="bone bone-line"></div>
            <div class="card bone-card">
                <div class="bone"></div>
                <div class="bone"></div>
                <div class="bone"></div>
                <div class="bone"></div>
            </div>
        </div>
    }
}
