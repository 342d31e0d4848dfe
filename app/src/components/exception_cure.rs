//! The one press that mends what needs a person, where there is one.

use domain::exception::Cure;
use leptos::prelude::*;

#[component]
pub fn ExceptionCure(exception: String, cure: Cure) -> impl IntoView {
    view! {
        <form method="post" action="/api/exceptions/retry">
            <input type="hidden" name="exception" value=exception/>
            <button class="btn" type="submit">{cure.words()}</button>
        </form>
    }
}
