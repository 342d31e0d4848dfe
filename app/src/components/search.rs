//! One search box per list. A plain GET form: what was searched is in the address.

use leptos::prelude::*;

#[component]
pub fn Search(
    path: &'static str,
    label: &'static str,
    /// As much of the label as a phone has room for.
    short: &'static str,
    #[prop(into)] query: String,
) -> impl IntoView {
    let clear = (!query.is_empty()).then(|| view! { <a class="btn quiet" href=path>"Clear"</a> });
    view! {
        <form class="search" role="search" method="get" action=path>
            <label class="vh" for="q">{label}</label>
            <input class="input" id="q" name="q" type="search" placeholder=short value=query autocomplete="off"/>
            <button class="btn" type="submit">"Search"</button>
            {clear}
        </form>
    }
}
