//! The simulators' own pages: overview with controls, each vendor's records, and an invoice of the books with its
//! Pay Now button.
//! Forms post urlencoded to `/do/…`; programs use `/control/…`.

mod forms;
mod invoice;
mod overview;
mod quickbooks;
mod records;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::Shared;
use crate::html::{STYLE, Text, money, page};
use crate::xero::{Books, Invoice, InvoiceStatus};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(overview::show))
        .route("/style.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .route("/records/authorizenet", get(records::authorizenet))
        .route("/records/globalpayments", get(records::globalpayments))
        .route("/records/qbo", get(quickbooks::records))
        .route("/records/stripe", get(records::stripe))
        .route("/records/xero", get(records::xero))
        .route("/qbo/invoice/{id}", get(quickbooks::invoice))
        .route("/xero/invoice/{number}", get(invoice::show))
        .route("/do/fault", post(forms::fault))
        .route("/do/invoice", post(forms::invoice))
        .route("/do/advance", post(forms::advance))
        .route("/do/reset", post(forms::reset))
}

fn shell(title: &str, main: &str) -> Response {
    shell_to(StatusCode::OK, title, &[], main)
}

/// The same, whose forms may end elsewhere.
pub(crate) fn shell_to(status: StatusCode, title: &str, form_targets: &[&str], main: &str) -> Response {
    let body = format!(
        "<header class=\"top\"><a class=\"brand\" href=\"/\">Simulators</a><nav aria-label=\"Records\">\
         <a href=\"/records/authorizenet\">Authorize.Net</a><a href=\"/records/globalpayments\">Global Payments</a>\
         <a href=\"/records/qbo\">QuickBooks</a><a href=\"/records/stripe\">Stripe</a><a href=\"/records/xero\">Xero</a><a href=\"/demo.json\">demo.json</a>\
         </nav></header><main class=\"wide stack\">{main}</main>"
    );
    page(status, title, form_targets, &body)
}

fn invoice_table(rows: &str) -> String {
    format!(
        "<div class=\"scroll\"><table class=\"cards\"><thead><tr><th>Invoice</th><th>Customer</th><th>Due on</th>\
         <th>State</th><th class=\"amount\">Due</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn customer<'a>(books: &'a Books, invoice: &Invoice) -> &'a str {
    books.contacts.get(&invoice.contact).map_or("", |contact| contact.name.as_str())
}

fn state_badge(invoice: &Invoice) -> &'static str {
    match invoice.status {
        InvoiceStatus::Paid => "<span class=\"badge good\">Paid</span>",
        InvoiceStatus::Authorised if invoice.paid_minor > 0 => "<span class=\"badge wait\">Part paid</span>",
        InvoiceStatus::Authorised => "<span class=\"badge wait\">Awaiting payment</span>",
        InvoiceStatus::Voided => "<span class=\"badge\">Voided</span>",
        InvoiceStatus::Deleted => "<span class=\"badge\">Deleted</span>",
        InvoiceStatus::Draft | InvoiceStatus::Submitted => "<span class=\"badge\">Draft</span>",
    }
}

fn invoice_row(books: &Books, invoice: &Invoice) -> String {
    format!(
        "<tr><td><a href=\"/xero/invoice/{number}\">{number}</a></td><td>{}</td><td class=\"num\">{}</td><td>{}</td>\
         <td class=\"amount\">{}</td></tr>",
        Text(customer(books, invoice)),
        invoice.due_date,
        state_badge(invoice),
        money(invoice.due_minor(), &invoice.currency),
        number = Text(&invoice.number),
    )
}
