//! `/admin/import`: a table is chosen, shown as it would be taken in, and confirmed. Nothing is kept between: the preview
//! carries the table along.

use crate::{
    Assets,
    components::{
        badge::Badge,
        summary::{ErrorSummary, Mend},
    },
    plain_parts::{lead_in, listed, page},
    words::count,
};
use domain::{
    import::{FILE_MAX_BYTES, Kind, ROWS_MAX, RowError},
    money::{Locale, Totals},
    views::{Tone, Whoami},
};
use engine::{Does, ImportLine};
use leptos::prelude::*;

/// More of them say nothing new.
const SHOWN_MAX: usize = 200;

/// What the page shows.
pub enum ImportPage {
    Choose(Kind),
    Wrong(Kind, Vec<RowError>),
    Preview { kind: Kind, text: String, as_drafts: bool, lines: Vec<ImportLine> },
}

/// Status and HTML of the page.
#[must_use]
pub fn render_import(assets: &Assets, who: Whoami, shown: ImportPage) -> (u16, String) {
    let locale = who.locale;
    let (kind, is_wrong) = match &shown {
        ImportPage::Choose(kind) | ImportPage::Preview { kind, .. } => (*kind, false),
        ImportPage::Wrong(kind, _) => (*kind, true),
    };
    let (current, list) = match kind {
        Kind::Customers => ("/admin/customers", "Customers"),
        Kind::Invoices => ("/admin/invoices", "Invoices"),
    };
    let title = format!("Import {}", kind.name());
    let heading = title.clone();
    page(assets, who, current, &title, is_wrong, || {
        let content = match shown {
            ImportPage::Choose(kind) => choose(kind),
            ImportPage::Wrong(kind, wrong) => view! { {errors(wrong)} {choose(kind)} }.into_any(),
            ImportPage::Preview { kind, text, as_drafts, lines } => preview(kind, text, as_drafts, lines, locale),
        };
        view! {
            {lead_in(current, list, heading, ())}
            {content}
        }
        .into_any()
    })
}

fn choose(kind: Kind) -> AnyView {
    let column = |(name, must): &(&'static str, bool)| {
        let words = if *must { "must be there" } else { "may be left out" };
        view! { <div><dt class="mono">{*name}</dt><dd>{words}</dd></div> }
    };
    let columns = kind.columns().iter().map(column).collect_view();
    let note = match kind {
        Kind::Customers => "A customer that is here already, by code or name, is changed to what the table says.",
        Kind::Invoices => {
            "Each row is a line; rows with one number are one invoice. They are issued as they come, unless you take them in \
             as drafts. An invoice that is here already, with the same number, customer, dates and total, stays as it is."
        }
    };
    let drafts = (kind == Kind::Invoices).then(|| {
        view! {
            <label class="choice">
                <input type="checkbox" name="drafts" value="yes"/>
                <span>"As drafts, which nobody owes until you issue them"</span>
            </label>
        }
    });
    let limits = format!(
        "A CSV file in UTF-8 of {} KiB and {ROWS_MAX} rows at most; dates like 2026-11-25.",
        FILE_MAX_BYTES / 1024
    );
    view! {
        <form class="card pad stack" method="post" action="/admin/import" enctype="multipart/form-data">
            <input type="hidden" name="table" value=kind.name()/>
            <div class="field">
                <label for="file">"Table"</label>
                <p class="hint" id="file-hint">{limits}</p>
                <input class="input" type="file" id="file" name="csv" accept=".csv,text/csv" required aria-describedby="file-hint"/>
            </div>
            {drafts}
            <p class="muted">{note}</p>
            <h2>"Columns of its first line"</h2>
            <dl class="facts">{columns}</dl>
            <div class="acts"><button class="btn primary" type="submit">"Show what it would do"</button></div>
        </form>
    }
    .into_any()
}

fn errors(wrong: Vec<RowError>) -> AnyView {
    let total = wrong.len();
    let words = |RowError { line, words }| Mend { field: None, words: format!("Line {line}: {words}") };
    let mut mend: Vec<_> = wrong.into_iter().take(SHOWN_MAX).map(words).collect();
    if total > SHOWN_MAX {
        mend.push(Mend { field: None, words: format!("And {} more.", total - SHOWN_MAX) });
    }
    let title = format!("Nothing was imported: {} to be mended in the table", count(total, "thing"));
    view! { <ErrorSummary title mend/> }.into_any()
}

fn preview(kind: Kind, text: String, as_drafts: bool, lines: Vec<ImportLine>, locale: Locale) -> AnyView {
    let counted = |does: Does| lines.iter().filter(|line| line.does == does).count();
    let (adds, changes, stays) = (counted(Does::Add), counted(Does::Change), counted(Does::Nothing));
    let sentence = format!("{adds} new, {changes} changed, {stays} here already. Nothing is imported yet.");
    let totals = Totals::of(lines.iter().filter(|line| line.does == Does::Add).filter_map(|line| line.total));
    let sums: Vec<String> =
        totals.map(|totals| totals.iter().map(|sum| sum.format(locale)).collect()).unwrap_or_default();
    let what = count(adds + changes, if as_drafts { "draft" } else { kind.name().trim_end_matches('s') });
    let drafts = as_drafts.then(|| view! { <input type="hidden" name="drafts" value="yes"/> });
    let button =
        if sums.is_empty() { format!("Import {what}") } else { format!("Import {what} for {}", sums.join(", ")) };
    let confirm = (adds + changes > 0).then(|| {
        view! {
            <form class="acts" method="post" action="/admin/import/confirm" enctype="multipart/form-data">
                <input type="hidden" name="table" value=kind.name()/>
                <input type="hidden" name="csv" value=text/>
                {drafts}
                <button class="btn primary" type="submit">{button}</button>
            </form>
        }
    });
    let more = (lines.len() > SHOWN_MAX).then(|| {
        view! { <p class="none muted">{format!("And {} more.", lines.len() - SHOWN_MAX)}</p> }
    });
    let rows = lines.into_iter().take(SHOWN_MAX).map(|line| row(line, locale)).collect_view();
    view! {
        <section class="card" aria-labelledby="preview">
            <div class="bar"><h2 id="preview">{sentence}</h2></div>
            {listed(&["What", "Customer", "Line", "Becomes"], &["Total"], rows)}
            {more}
        </section>
        <div class="acts">
            {confirm}
            <a class="btn quiet" href=format!("/admin/import?table={}", kind.name())>"Choose another table"</a>
        </div>
    }
    .into_any()
}

fn row(line: ImportLine, locale: Locale) -> AnyView {
    let (tone, words) = match line.does {
        Does::Add => (Tone::Good, "New"),
        Does::Change => (Tone::Warn, "Changed"),
        Does::Nothing => (Tone::Neutral, "Here already"),
    };
    view! {
        <tr>
            <th scope="row" class="key">{line.what}</th>
            <td>{line.customer}</td>
            <td class="num" data-label="Line">{line.line.to_string()}</td>
            <td class="state"><Badge tone words/></td>
            <td class="amount">{line.total.map(|total| total.format(locale))}</td>
        </tr>
    }
    .into_any()
}
