//! A question before something that cannot be undone. A native `<dialog>` as popover: it opens, closes with Escape and
//! returns focus without any script of ours.

use leptos::prelude::*;

#[component]
pub fn Dialog(#[prop(into)] id: String, #[prop(into)] title: String, children: Children) -> impl IntoView {
    let (titled, title_id) = (format!("{id}-title"), format!("{id}-title"));
    view! {
        <dialog id=id popover="auto" class="dialog" aria-labelledby=titled>
            <h2 id=title_id>{title}</h2>
            {children()}
        </dialog>
    }
}

/// The button that opens it.
#[component]
pub fn DialogOpener(#[prop(into)] dialog: String, children: Children) -> impl IntoView {
    view! { <button type="button" class="btn" popovertarget=dialog>{children()}</button> }
}

/// The button inside it that changes nothing.
#[component]
pub fn DialogCloser(#[prop(into)] dialog: String, children: Children) -> impl IntoView {
    view! {
        <button type="button" class="btn" popovertarget=dialog popovertargetaction="hide">
            {children()}
        </button>
    }
}
