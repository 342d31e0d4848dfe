//! `/admin/invoices`: all invoices of books of our own, and the number that the next one gets.

use super::{error_of, page, summary};
use crate::{
    Assets, addresses,
    components::{
        badge::InvoiceBadges,
        empty::Empty,
        field::{Field, Kind},
        pager::{Beyond, Pager, Place},
        search::Search,
        toast::Toast,
    },
};
use domain::{
    date::in_words,
    money::Locale,
    own_invoice::Wrong,
    views::{InvoiceFace, Page, Whoami},
};
use leptos::prelude::*;

const PATH: &str = "/admin/invoices";

/// The list, and the form below it with what was typed.
pub struct InvoiceList {
    pub list: Page<InvoiceFace>,
    pub next_number: String,
    pub wrong: Vec<Wrong>,
    /// What was done just now.
    pub done: String,
}

/// Status and HTML of the list.
#[must_use]
pub fn render_invoices(assets: &Assets, who: Whoami, shown: InvoiceList) -> (u16, String) {
    let InvoiceList { list, next_number, wrong, done } = shown;
    let locale = who.locale;
    let toast = match done.as_str() {
        "numbers" => Some("The next number is set."),
        "imported" => Some("The table is imported."),
        _ => None,
    };
    page(assets, who, PATH, "Invoices", !wrong.is_empty(), || {
        let toast = toast.map(|words| view! { <Toast words whole=true/> });
        view! {
            <div class="lead-in">
                <h1>"Invoices"</h1>
                <div class="acts">
                    <a class="btn" href="/admin/credits">"Credit notes"</a>
                    <a class="btn" href="/admin/import?table=invoices">"Import"</a>
                    <a class="btn primary" href=addresses::new_invoice(None)>"New invoice"</a>
                </div>
            </div>
            {toast}
            {summary(&wrong)}
            {table(list, locale)}
            <form class="card pad stack" method="post" action="/admin/invoices/numbers">
                <h2>"Numbers"</h2>
                <div class="narrow">
                    <Field
                        id="next_number" label="Next number" kind=Kind::TEXT value=next_number maxlength=40
                        hint="The digits at its end count on. A number is given when an invoice is issued, so none is missing."
                        error=error_of(&wrong, "next_number")
                    />
                </div>
                <div class="acts"><button class="btn" type="submit">"Set next number"</button></div>
            </form>
        }
        .into_any()
    })
}

fn table(list: Page<InvoiceFace>, locale: Locale) -> AnyView {
    let (place, query) = (Place::from(&list), list.query.clone());
    let rows = if place.is_beyond() {
        view! { <Beyond path=PATH place=place.clone() whole=true/> }.into_any()
    } else if list.rows.is_empty() {
        let (title, words) = if query.is_empty() {
            ("No invoices yet", "Write one, or import those that you have from a table.")
        } else {
            ("Nothing found", "No invoice matches your search.")
        };
        view! { <Empty title>{words}</Empty> }.into_any()
    } else {
        let rows = list.rows.into_iter().map(|invoice| row(invoice, locale));
        view! {
            <table class="list list-invoices">
                <thead>
                    <tr>
                        <th scope="col">"Invoice"</th>
                        <th scope="col">"Customer"</th>
                        <th scope="col">"Due"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col" class="amount">"Total"</th>
                        <th scope="col" class="amount">"Balance"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="list">
            <div class="bar">
                <h2 id="list">"All invoices"</h2>
                <Search path=PATH label="Search number or customer" short="Number or customer" query/>
            </div>
            {rows}
            <Pager path=PATH place whole=true/>
        </section>
    }
    .into_any()
}

fn row(invoice: InvoiceFace, locale: Locale) -> AnyView {
    view! {
        <tr>
            <th scope="row" class="key num"><a href=addresses::invoice(invoice.id)>{invoice.number.clone()}</a></th>
            <td class="what">{invoice.customer.clone()}</td>
            <td class="num date" data-label="Due">{in_words(invoice.due_date)}</td>
            <td class="state"><InvoiceBadges invoice=invoice.clone() locale/></td>
            <td class="amount muted total">{invoice.total.format(locale)}</td>
            <td class="amount">{invoice.due.format(locale)}</td>
        </tr>
    }
    .into_any()
}
