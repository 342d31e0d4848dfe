//! What another file of surcharge rules changes, rule by rule, before it is saved. Nothing is kept between: the page carries
//! the file along.

use crate::{
    Assets, addresses,
    components::badge::Badge,
    configure_tabs::{CONFIGURE, configure_head},
    plain_parts::{listed, not_done, page},
    surcharge_words::{account, scope, sentence},
    words::count,
};
use domain::{
    money::{Currency, Locale},
    surcharge::{Policy, Rule},
    surcharge_review::{Change, changes},
    views::Tone,
};
use engine::{RulesPreview, SurchargesPage};
use leptos::prelude::*;

/// Status and HTML. `moved`: other rules were saved since this file was last looked at.
#[must_use]
pub fn render_surcharge_preview(
    assets: &Assets,
    shown: SurchargesPage,
    preview: RulesPreview,
    text: String,
    moved: bool,
) -> (u16, String) {
    let SurchargesPage { who, merchant, currency, .. } = shown;
    let RulesPreview { before, after, stands } = preview;
    let (name, locale) = (who.merchant.clone(), who.locale);
    page(assets, who, CONFIGURE, "What changes", moved, || {
        let at = addresses::configure(&merchant, "surcharges");
        let why = moved.then_some("Other rules were saved meanwhile. Look at what changes now, and save again.");
        let old = before.as_ref().map(|policy| policy.rules.as_slice()).unwrap_or_default();
        let changes = changes(old, &after.rules);
        let is_new = before.as_ref() != Some(&after);
        let heading = if is_new { counted(&changes) } else { "This is what stands already.".to_owned() };
        let place = place(before.as_ref(), &after);
        let rows = changes.into_iter().map(|change| row(change, currency, locale)).collect_view();
        let label = format!("Save {}", count(after.rules.len(), "rule"));
        let save = is_new.then(|| {
            view! {
                <form method="post" action=format!("{at}/save") enctype="multipart/form-data">
                    <input type="hidden" name="rules" value=text/>
                    <input type="hidden" name="stands" value=stands/>
                    <button class="btn primary" type="submit">{label}</button>
                </form>
            }
        });
        view! {
            {configure_head(&name, &merchant, "surcharges")}
            {not_done("Nothing was changed", why)}
            <p class="muted">{place}</p>
            <section class="card" aria-labelledby="changes">
                <div class="bar"><h2 id="changes">{heading}</h2></div>
                {listed(&["Paid with", "What", "Until now", "From then on"], &[], rows)}
            </section>
            <div class="acts">
                {save}
                <a class="btn quiet" href=at>"Back, and change nothing"</a>
            </div>
        }
        .into_any()
    })
}

/// `1 new, 2 changed, 1 left out, 3 as they are. Nothing is saved yet.`
fn counted(changes: &[Change<'_>]) -> String {
    let count = |is_it: fn(&Change<'_>) -> bool| changes.iter().filter(|change| is_it(change)).count();
    format!(
        "{} new, {} changed, {} left out, {} as they are. Nothing is saved yet.",
        count(|change| matches!(change, Change::Added(_))),
        count(|change| matches!(change, Change::Changed { .. })),
        count(|change| matches!(change, Change::Removed(_))),
        count(|change| matches!(change, Change::Same(_))),
    )
}

fn place(before: Option<&Policy>, after: &Policy) -> String {
    match before.filter(|before| before.place != after.place) {
        Some(before) => format!("Payments are taken in {} from then on, and no more in {}.", after.place, before.place),
        None => format!("Payments are taken in {}.", after.place),
    }
}

fn row(change: Change<'_>, currency: Currency, locale: Locale) -> AnyView {
    let whole = |rule: &Rule| format!("{}. {}. {}", rule.fee(currency, locale), scope(rule), account(rule));
    let (tone, what, from, to) = match change {
        Change::Added(rule) => (Tone::Good, "New", None, Some(rule)),
        Change::Changed { from, to } => (Tone::Warn, "Changed", Some(from), Some(to)),
        Change::Removed(rule) => (Tone::Bad, "Left out", Some(rule), None),
        Change::Same(rule) => (Tone::Neutral, "As it is", Some(rule), Some(rule)),
    };
    let paid_with = to.or(from).map(|rule| sentence(&rule.paid_with()));
    view! {
        <tr>
            <th scope="row" class="key">{paid_with}</th>
            <td class="state"><Badge tone words=what/></td>
            <td data-label="Until now:">{from.map_or_else(|| "Nothing".to_owned(), whole)}</td>
            <td data-label="From then on:">{to.map_or_else(|| "Nothing".to_owned(), whole)}</td>
        </tr>
    }
    .into_any()
}
