//! The front page: what can be paid, what the vendors hold, and the buttons that make them misbehave.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::{invoice_row, invoice_table, shell};
use crate::authorizenet::{Kind, Status};
use crate::faults::{KNOWN, Vendor};
use crate::html::{Text, money};
use crate::sell::quote_rows;
use crate::{Shared, facts, quickbooks};

pub(crate) async fn show(State(shared): State<Arc<Shared>>) -> Response {
    let (charges, taken) = shared.stripe.read(|account| {
        let paid = || account.charges.values().filter(|charge| charge.paid());
        (paid().count(), paid().map(|charge| charge.amount - charge.refunded).sum())
    });
    let (transactions, collected) = shared.authorizenet.read(|account| {
        let taken = || account.transactions.values().filter(|it| it.kind != Kind::Refund && it.captured_ms.is_some());
        let live = || taken().filter(|it| !matches!(it.status, Status::Voided | Status::ReturnedItem));
        (live().count(), live().map(|it| it.settle - it.refunded).sum())
    });
    let (links, invoices, payments) = shared.xero.read(|books| {
        let named = ["INV-501", "INV-502", "INV-503", "INV-504", "INV-601"];
        let rows: String = named
            .into_iter()
            .filter_map(|number| books.invoice_named(number))
            .map(|invoice| invoice_row(books, invoice))
            .collect();
        (rows, books.invoices.len(), books.payments.len())
    });
    let counted = |kind| shared.qbo.read(|books| books.all(kind).count());
    let (sales, receipts) = (counted(quickbooks::Kind::Invoice), counted(quickbooks::Kind::Payment));
    let main = format!(
        "<div><h1>The vendors, simulated</h1><p class=\"muted\">They speak the wire of the real ones, keep their \
         records, and misbehave when asked to. The portal is at <a href=\"{portal}\">{portal}</a>.</p></div>\
         <section class=\"card\" aria-labelledby=\"links\"><h2 id=\"links\">Pay an invoice</h2>{table}</section>\
         <section class=\"card\" aria-labelledby=\"quotes\"><h2 id=\"quotes\">Accept and pay a quote in ConnectWise Sell</h2>\
         <div class=\"scroll\"><table class=\"cards\"><thead><tr><th>Quote</th><th>For</th><th>State</th>\
         <th class=\"amount\">Each month</th><th class=\"amount\">Once</th></tr></thead><tbody>{quotes}</tbody></table>\
         </div></section>\
         <div class=\"grid\"><a class=\"card pad tile\" href=\"/records/stripe\"><h2>Stripe</h2>\
         <p class=\"figure num\">{taken}</p><p class=\"muted\">taken by {charges}</p></a>\
         <a class=\"card pad tile\" href=\"/records/authorizenet\"><h2>Authorize.Net</h2>\
         <p class=\"figure num\">{collected}</p><p class=\"muted\">taken by {transactions}</p></a>\
         <a class=\"card pad tile\" href=\"/records/xero\"><h2>Xero</h2><p class=\"figure num\">{invoices}</p>\
         <p class=\"muted\">invoices, {payments}</p></a><a class=\"card pad tile\" href=\"/records/qbo\"><h2>QuickBooks</h2>\
         <p class=\"figure num\">{sales}</p><p class=\"muted\">invoices, {receipts}</p></a></div>\
         <div class=\"grid\">{faults}{clock}</div>",
        portal = Text(&shared.options.portal_url),
        table = invoice_table(&links),
        quotes = shared.sell.read(quote_rows),
        charges = count(charges, "charge"),
        transactions = count(transactions, "transaction"),
        payments = count(payments, "payment"),
        receipts = count(receipts, "payment"),
        taken = money(taken, facts::NORTHWIND.currency),
        collected = money(collected, facts::SOUTHERN.currency),
        faults = faults_card(&shared),
        clock = clock_card(&shared),
    );
    shell("Simulators", &main)
}

fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

fn faults_card(shared: &Shared) -> String {
    let options: String = KNOWN.iter().map(|name| format!("<option value=\"{name}\"></option>")).collect();
    let vendors: String = Vendor::ALL.iter().map(|vendor| format!("<option>{}</option>", vendor.name())).collect();
    let armed: String = shared
        .faults
        .armed()
        .iter()
        .map(|armed| {
            let on = armed.needle.as_ref().map(|needle| format!(" on <code>{}</code>", Text(needle)));
            let fault = armed.fault.to_string();
            format!(
                "<li><span class=\"badge warn\">{}: {}</span> {} more{}</li>",
                armed.vendor.name(),
                Text(&fault),
                armed.times,
                on.unwrap_or_default()
            )
        })
        .collect();
    let armed = if armed.is_empty() { "<li class=\"muted\">No fault is armed.</li>".to_owned() } else { armed };
    format!(
        "<section class=\"card pad stack\" aria-labelledby=\"faults\"><h2 id=\"faults\">Arm a fault</h2>\
         <ul class=\"stack-s\">{armed}</ul><form method=\"post\" action=\"/do/fault\" class=\"stack\">\
         <div class=\"two\"><div class=\"field\"><label for=\"vendor\">Vendor</label>\
         <select class=\"input\" id=\"vendor\" name=\"vendor\">{vendors}</select></div>\
         <div class=\"field\"><label for=\"times\">Times</label>\
         <input class=\"input num\" id=\"times\" name=\"times\" type=\"number\" min=\"0\" value=\"1\"></div></div>\
         <div class=\"field\"><label for=\"fault\">Fault</label><input class=\"input\" id=\"fault\" name=\"fault\" \
         list=\"known\" required placeholder=\"timeout_after_execute\" autocomplete=\"off\">\
         <datalist id=\"known\">{options}</datalist></div>\
         <div class=\"field\"><label for=\"match\">Only requests that contain (optional)</label>\
         <input class=\"input\" id=\"match\" name=\"match\" placeholder=\"POST /stripe/v1/refunds\"></div>\
         <button class=\"btn\">Arm fault</button></form></section>"
    )
}

fn clock_card(shared: &Shared) -> String {
    let now = shared.clock.now().format("%A %-d %B %Y, %H:%M UTC").to_string();
    let ahead = shared.clock.offset() / 3_600_000;
    let ahead = if ahead == 0 { "real time".to_owned() } else { format!("{ahead} hours ahead of real time") };
    format!(
        "<section class=\"card pad stack\" aria-labelledby=\"clock\"><h2 id=\"clock\">Move the clock</h2>\
         <p>{now} <span class=\"muted\">({ahead})</span></p>\
         <form method=\"post\" action=\"/do/advance\" class=\"row\">\
         <button class=\"btn\" name=\"hours\" value=\"1\">1 hour</button>\
         <button class=\"btn\" name=\"hours\" value=\"24\">1 day</button>\
         <button class=\"btn\" name=\"hours\" value=\"168\">1 week</button></form>\
         <h2>Start afresh</h2><p class=\"muted\">All vendors and the portal get the demo's first data again.</p>\
         <form method=\"post\" action=\"/do/reset\"><button class=\"btn\">Reset everything</button></form></section>"
    )
}
