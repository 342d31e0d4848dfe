//! QuickBooks' records as tables, and an invoice as a customer sees it.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::invoice::email_link;
use super::records::{ROWS_MAX, Search, holds, search_form};
use super::{invoice_table, shell};
use crate::html::{Text, money, page};
use crate::quickbooks::{Books, Document, Kind};
use crate::{Shared, facts};

fn amount(minor: i64) -> String {
    money(minor, facts::SOUTHERN.currency)
}

/// The vendor keeps no status: what is open says it all.
fn badge(invoice: &Document) -> &'static str {
    match invoice.open_minor() {
        _ if invoice.is_voided() => "<span class=\"badge\">Voided</span>",
        0 => "<span class=\"badge good\">Paid</span>",
        _ if invoice.linked_minor() > 0 => "<span class=\"badge wait\">Part paid</span>",
        _ => "<span class=\"badge wait\">Open</span>",
    }
}

pub(crate) async fn records(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    let (invoices, payments, memos) = shared.qbo.read(|books| {
        let found = |kind, show: fn(&Books, &Document) -> String| -> String {
            let mut found: Vec<&Document> = books.all(kind).filter(|it| is_meant(books, it, &search.q)).collect();
            found.sort_by_key(|it| std::cmp::Reverse((it.updated_ms, it.id)));
            found.into_iter().take(ROWS_MAX).map(|it| show(books, it)).collect()
        };
        (found(Kind::Invoice, invoice_row), found(Kind::Payment, payment_row), found(Kind::CreditMemo, memo_row))
    });
    let main = format!(
        "<h1>QuickBooks: {}</h1>{}<section class=\"card\"><h2>Invoices, latest change first</h2>{}</section>\
         <section class=\"card scroll\"><h2>Payments</h2><table class=\"cards\"><thead><tr><th>Payment</th><th>Customer</th>\
         <th>Reference</th><th>Pays</th><th class=\"amount\">Amount</th></tr></thead><tbody>{payments}</tbody></table>\
         </section><section class=\"card scroll\"><h2>Credit memos</h2><table class=\"cards\"><thead><tr><th>Memo</th>\
         <th>Customer</th><th class=\"amount\">Left</th><th class=\"amount\">Amount</th></tr></thead><tbody>{memos}</tbody>\
         </table></section>",
        facts::SOUTHERN.name,
        search_form("/records/qbo", &search.q, "Search invoices, payments and memos"),
        invoice_table(&invoices),
    );
    shell("QuickBooks: invoices and payments", &main)
}

fn is_meant(books: &Books, document: &Document, query: &str) -> bool {
    let texts = ["DocNumber", "PaymentRefNum"].map(|name| document.text(name));
    holds(query, &texts) || holds(query, &[books.customer_of(document)])
}

fn invoice_row(books: &Books, invoice: &Document) -> String {
    format!(
        "<tr><td><a href=\"/qbo/invoice/{}\">{}</a></td><td>{}</td><td class=\"num\">{}</td><td>{}</td>\
         <td class=\"amount\">{}</td></tr>",
        invoice.id,
        Text(invoice.text("DocNumber")),
        Text(books.customer_of(invoice)),
        Text(invoice.text("DueDate")),
        badge(invoice),
        amount(invoice.open_minor())
    )
}

fn payment_row(books: &Books, payment: &Document) -> String {
    let links = payment.payment_links();
    let numbers = links.iter().filter_map(|link| Some(books.get(link.kind, link.id)?.text("DocNumber")));
    let pays: Vec<&str> = numbers.collect();
    format!(
        "<tr><td class=\"num\">{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"amount\">{}</td></tr>",
        payment.id,
        Text(books.customer_of(payment)),
        Text(payment.text("PaymentRefNum")),
        Text(&pays.join(", ")),
        amount(payment.total_minor)
    )
}

fn memo_row(books: &Books, memo: &Document) -> String {
    format!(
        "<tr><td>{}</td><td>{}</td><td class=\"amount\">{}</td><td class=\"amount\">{}</td></tr>",
        Text(memo.text("DocNumber")),
        Text(books.customer_of(memo)),
        amount(memo.open_minor()),
        amount(memo.total_minor)
    )
}

/// The address of `InvoiceLink`.
pub(crate) async fn invoice(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let main = shared.qbo.read(|books| {
        let invoice = id.parse::<u64>().ok().and_then(|id| books.get(Kind::Invoice, id))?;
        Some(invoice_page(&shared, books, invoice))
    });
    match main {
        Some(main) => shell("Invoice", &main),
        None => {
            let body = "<main class=\"narrow stack\"><h1>No such invoice</h1><p><a href=\"/records/qbo\">All invoices\
                        </a></p></main>";
            page(StatusCode::NOT_FOUND, "No such invoice", &[], body)
        }
    }
}

fn invoice_page(shared: &Shared, books: &Books, invoice: &Document) -> String {
    let (number, customer) = (invoice.text("DocNumber"), books.customer_of(invoice));
    let lines: String = invoice.lines().map(line_row).collect();
    let link = email_link(shared, &facts::SOUTHERN, number, invoice.open_minor(), customer);
    format!(
        "<div><h1>Invoice {number}</h1><p class=\"muted\">{name} to {customer}, due on {due}</p></div><p>{badge}</p>\
         <section class=\"card\"><table><thead><tr><th>Description</th><th class=\"amount\">Amount</th></tr></thead>\
         <tbody>{lines}</tbody></table></section><dl class=\"facts num\"><dt>Total</dt><dd>{total}</dd><dt>GST</dt>\
         <dd>{tax}</dd><dt>Paid</dt><dd>{paid}</dd><dt><strong>Due</strong></dt><dd><strong>{left}</strong></dd></dl>\
         <a class=\"btn primary big\" href=\"{link}\">Pay now</a>",
        number = Text(number),
        name = facts::SOUTHERN.name,
        customer = Text(customer),
        due = Text(invoice.text("DueDate")),
        badge = badge(invoice),
        total = amount(invoice.total_minor),
        tax = amount(invoice.tax_minor),
        paid = amount(invoice.linked_minor()),
        left = amount(invoice.open_minor()),
        link = Text(&link),
    )
}

fn line_row(line: &Value) -> String {
    let text = line["Description"].as_str().unwrap_or_default();
    format!("<tr><td>{}</td><td class=\"amount\">{}</td></tr>", Text(text), Text(&line["Amount"].to_string()))
}
