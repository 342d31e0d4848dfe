//! What pages are made of that the server alone draws, outside the App, for whoever is signed in: the frame, what stands at their
//! head, lists, and the parts of forms without script. Nothing of them is in the browser's program.

use crate::{
    Assets,
    components::{
        frame::Frame,
        summary::{ErrorSummary, Mend},
    },
    plain::render,
};
use domain::{own_invoice::Wrong, views::Whoami};
use leptos::prelude::*;

/// Status and HTML of one of these pages. `wrong`: something on it is to be mended.
pub(crate) fn page(
    assets: &Assets,
    who: Whoami,
    current: &'static str,
    title: &str,
    wrong: bool,
    content: impl FnOnce() -> AnyView,
) -> (u16, String) {
    let title = format!("{title} – {}", who.merchant);
    // Screen readers hear first that something is to be mended.
    let (status, title) = if wrong { (422, format!("Error: {title}")) } else { (200, title) };
    let framed = || {
        let content = content();
        view! { <Frame who current timeless=true>{content}</Frame> }.into_any()
    };
    (status, render(assets, title, framed))
}

/// What a page begins with: the way back, its heading, and what stands below that.
pub(crate) fn lead_in(
    to: impl Into<String>,
    back: impl Into<String>,
    heading: impl Into<String>,
    below: impl IntoView,
) -> AnyView {
    let (to, back, heading) = (to.into(), back.into(), heading.into());
    view! {
        <div class="lead-in">
            <div>
                <p class="crumb small"><a href=to>{back}</a></p>
                <h1>{heading}</h1>
                {below}
            </div>
        </div>
    }
    .into_any()
}

/// Rows below their heads; amounts come last. The head over buttons is for those who hear the page.
pub(crate) fn listed(heads: &[&'static str], amounts: &[&'static str], rows: impl IntoView) -> AnyView {
    let head = |words: &&'static str| match *words {
        "Actions" => view! { <th scope="col"><span class="vh">"Actions"</span></th> }.into_any(),
        words => view! { <th scope="col">{words}</th> }.into_any(),
    };
    let amount = |words: &&'static str| view! { <th scope="col" class="amount">{*words}</th> };
    let heads = heads.iter().map(head).collect_view();
    let amounts = amounts.iter().map(amount).collect_view();
    view! {
        <table class="list">
            <thead>
                <tr>{heads}{amounts}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// A choice of one of these options, as `Field` is of words. `hint` may be empty.
pub(crate) fn select(
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    options: impl IntoView,
    error: Option<String>,
) -> AnyView {
    let (is_wrong, described) = (error.is_some(), format!("{id}-hint {id}-error"));
    view! {
        <div class=if is_wrong { "field wrong" } else { "field" }>
            <label for=id>{label}</label>
            <p class="hint" id=format!("{id}-hint") hidden=hint.is_empty()>{hint}</p>
            <p class="error" id=format!("{id}-error") hidden=!is_wrong>{error.unwrap_or_default()}</p>
            <select class="input" id=id name=id aria-describedby=described aria-invalid=is_wrong.then_some("true")>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// Something that is so or not, and what that means.
pub(crate) fn check_box(name: &'static str, label: &'static str, means: &'static str, checked: bool) -> AnyView {
    view! {
        <label class="choice">
            <input type="checkbox" name=name value="yes" checked=checked/>
            <span>{label}<small class="muted">{means}</small></span>
        </label>
    }
    .into_any()
}

/// A secret that this page alone shows, to be copied from it.
pub(crate) fn secret_field(id: &'static str, label: &'static str, hint: &'static str, secret: String) -> AnyView {
    let hint_id = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <p class="hint" id=hint_id.clone()>{hint}</p>
            <input
                class="input" id=id type="text" readonly=true value=secret aria-describedby=hint_id autocomplete="off"
                spellcheck="false" autofocus
            />
        </div>
    }
    .into_any()
}

/// What is to be mended, above the form; each entry leads to its field.
pub(crate) fn summary(wrong: &[Wrong]) -> Option<AnyView> {
    let mend = |wrong: &Wrong| Mend { field: Some(wrong.field.clone()), words: wrong.words.clone() };
    let mend: Vec<_> = wrong.iter().map(mend).collect();
    (!mend.is_empty()).then(|| view! { <ErrorSummary title="Please check what you entered" mend/> }.into_any())
}

/// Why nothing was done, beside what is wrong in fields.
pub(crate) fn not_done(title: &'static str, why: Option<&'static str>) -> Option<AnyView> {
    let mend = vec![Mend { field: None, words: why?.to_owned() }];
    Some(view! { <ErrorSummary title mend/> }.into_any())
}

/// What is wrong with this field.
pub(crate) fn error_of(wrong: &[Wrong], field: &str) -> Option<String> {
    wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.words.clone())
}
