//! A list with nothing in it says what will come, and where from.

use leptos::prelude::*;

#[component]
pub fn Empty(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-mark" aria-hidden="true"></span>
            <p class="empty-title">{title}</p>
            <p class="muted">{children()}</p>
        </div>
    }
}
