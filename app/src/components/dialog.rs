//! A question before something that cannot be undone. A native `<dialog>`: the script of every page (`shell.rs`) opens it
//! modal, so that nothing behind it is reached; without script it is a popover. Both close with Escape and return focus.

use leptos::prelude::*;

#[component]
pub fn Dialog(
    #[prop(into)] id: String,
    #[prop(into)] title: String,
    /// Something in it needs mending: it stands open, without script in the page's flow.
    #[prop(optional)]
    open: bool,
    children: Children,
) -> impl IntoView {
    let (titled, title_id) = (format!("{id}-title"), format!("{id}-title"));
    view! {
        <dialog id=id popover="auto" closedby="any" open=open class="dialog" aria-labelledby=titled>
            <h2 id=title_id>{title}</h2>
            {children()}
        </dialog>
    }
}

/// The button that opens it. It stands before the dialog: there the script looks for it.
#[component]
pub fn DialogOpener(#[prop(into)] dialog: String, children: Children) -> impl IntoView {
    view! { <button type="button" class="btn" popovertarget=dialog>{children()}</button> }
}

/// The button inside it that changes nothing. Focus begins there, unless a field above it asks for it: Enter on what cannot
/// be undone is never a slip.
#[component]
pub fn DialogCloser(#[prop(into)] dialog: String, children: Children) -> impl IntoView {
    view! {
        <button type="button" class="btn" popovertarget=dialog popovertargetaction="hide" autofocus>
            {children()}
        </button>
    }
}
