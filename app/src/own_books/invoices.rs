//! `/admin/invoices`: all invoices of books of our own, and the number that the next one gets.

use crate::{
    Assets, addresses,
    components::{
        field::{Field, Kind},
        invoice_card::InvoiceCard,
        toast::Toast,
    },
    plain_parts::{error_of, page, summary},
};
use domain::{
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
            <InvoiceCard
                path=PATH heading="All invoices" none="Write one, or import those that you have from a table." page=list locale
                whole=true
            />
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
