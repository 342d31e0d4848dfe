//! A question before something that cannot be undone. A native `<dialog>` as popover: it opens, closes with Escape and
//! returns focus without any script of ours.

use leptos::prelude::*;

#[component]
pub fn Dialog(id: &'static str, #[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <dialog id=id popover="auto" class="dialog" aria-labelledby=format!("{id}-title")>
            <h2 id=format!("{id}-title")>{title}</h2>
            {children()}
        </dialog>
    }
}

/// The button that opens it.
#[component]
pub fn DialogOpener(dialog: &'static str, children: Children) -> impl IntoView {
    view! { <button type="button" class="btn" popovertarget=dialog>{children()}</button> }
}

/// The button inside it that changes nothing.
#[component]
pub fn DialogCloser(dialog: &'static str, children: Children) -> impl IntoView {
    view! {
        <button type="button" class="btn" popovertarget=dialog popovertargetaction="hide">
            {children()}
        </button>
    }
}
