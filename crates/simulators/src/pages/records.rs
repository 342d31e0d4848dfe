//! Each vendor's records as tables, with a search.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{customer, invoice_row, invoice_table, shell};
use crate::authorizenet::{Kind, Status, Transaction};
use crate::html::{Text, money};
use crate::stripe::{Charge, ChargeStatus};
use crate::xero::{Books, Invoice, Payment};
use crate::{Shared, facts, globalpayments};

/// Rows of one table; the search finds the rest.
pub(super) const ROWS_MAX: usize = 50;

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    pub(super) q: String,
}

pub(super) fn search_form(path: &str, query: &str, label: &str) -> String {
    format!(
        "<form method=\"get\" action=\"{path}\" role=\"search\" class=\"row\"><label class=\"sr\" for=\"q\">{label}</label>\
         <input class=\"input grow\" id=\"q\" name=\"q\" type=\"search\" value=\"{}\" placeholder=\"{label}\">\
         <button class=\"btn\">Search</button></form>",
        Text(query)
    )
}

pub(super) fn holds(query: &str, texts: &[&str]) -> bool {
    let query = query.to_lowercase();
    texts.iter().any(|text| text.to_lowercase().contains(&query))
}

pub(crate) async fn stripe(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    let rows: String = shared.stripe.read(|account| {
        let found =
            account.charges.values().rev().filter(|charge| {
                holds(&search.q, &[&charge.id, &charge.intent, charge.reference().unwrap_or_default()])
            });
        found.take(ROWS_MAX).map(charge_row).collect()
    });
    let rows = if rows.is_empty() {
        "<tr><td colspan=\"5\" class=\"muted\">No charge yet. Pay an invoice and come back.</td></tr>".to_owned()
    } else {
        rows
    };
    let main = format!(
        "<h1>Stripe: charges</h1>{}<section class=\"card scroll\"><table class=\"cards\"><thead><tr><th>Charge</th>\
         <th>Reference</th><th>Method</th><th>State</th><th class=\"amount\">Amount</th></tr></thead>\
         <tbody>{rows}</tbody></table></section>",
        search_form("/records/stripe", &search.q, "Search charges")
    );
    shell("Stripe: charges", &main)
}

fn charge_row(charge: &Charge) -> String {
    let badge = match charge.status {
        ChargeStatus::Failed => "<span class=\"badge bad\">Declined</span>".to_owned(),
        ChargeStatus::Pending => "<span class=\"badge wait\">Pending</span>".to_owned(),
        ChargeStatus::Succeeded if charge.disputed => "<span class=\"badge bad\">Disputed</span>".to_owned(),
        ChargeStatus::Succeeded if charge.refunded == 0 => "<span class=\"badge good\">Succeeded</span>".to_owned(),
        ChargeStatus::Succeeded => {
            format!("<span class=\"badge warn\">Refunded {}</span>", money(charge.refunded, &charge.currency))
        }
    };
    let card = charge.method.as_ref().map(|method| method.means.label());
    format!(
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{badge}</td><td class=\"amount\">{}</td></tr>",
        charge.id,
        Text(charge.reference().unwrap_or("none")),
        card.unwrap_or_default(),
        money(charge.amount, &charge.currency)
    )
}

pub(crate) async fn authorizenet(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    let rows: String = shared.authorizenet.write(|account| {
        account.catch_up(shared.clock.now_ms());
        let found = account.transactions.values().rev().filter(|transaction| {
            let invoice = transaction.particulars.invoice_number.as_deref().unwrap_or_default();
            holds(&search.q, &[&transaction.id.to_string(), transaction.reference().unwrap_or_default(), invoice])
        });
        found.take(ROWS_MAX).map(transaction_row).collect()
    });
    let rows = if rows.is_empty() {
        "<tr><td colspan=\"6\" class=\"muted\">No transaction yet. Pay an invoice and come back.</td></tr>".to_owned()
    } else {
        rows
    };
    let main = format!(
        "<h1>Authorize.Net: transactions</h1>{}<section class=\"card scroll\"><table class=\"cards\"><thead><tr>\
         <th>Transaction</th><th>Reference</th><th>Invoice</th><th>Paid with</th><th>State</th>\
         <th class=\"amount\">Amount</th></tr></thead><tbody>{rows}</tbody></table></section>",
        search_form("/records/authorizenet", &search.q, "Search transactions")
    );
    shell("Authorize.Net: transactions", &main)
}

fn transaction_row(transaction: &Transaction) -> String {
    let tone = match transaction.status {
        Status::SettledSuccessfully | Status::RefundSettledSuccessfully => "good",
        Status::Declined | Status::ReturnedItem | Status::Chargeback | Status::GeneralError => "bad",
        _ => "wait",
    };
    let returned = transaction.returned.as_ref().map(|returned| format!(" {}", Text(&returned.code)));
    let amount = if transaction.kind == Kind::Refund { -transaction.amount } else { transaction.amount };
    format!(
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{} {}</td>\
         <td><span class=\"badge {tone}\">{}{}</span></td><td class=\"amount\">{}</td></tr>",
        transaction.id,
        Text(transaction.reference().unwrap_or("none")),
        Text(transaction.particulars.invoice_number.as_deref().unwrap_or_default()),
        Text(transaction.instrument.account_type()),
        transaction.instrument.masked(),
        transaction.status.name(),
        returned.unwrap_or_default(),
        money(amount, &transaction.currency)
    )
}

pub(crate) async fn globalpayments(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    let now_ms = shared.clock.now_ms();
    let rows: String = shared.globalpayments.read(|account| {
        let found = account.transactions.iter().rev().filter(|it| holds(&search.q, &[&it.id, &it.reference]));
        found.take(ROWS_MAX).map(|it| gp_row(it, now_ms)).collect()
    });
    let rows = if rows.is_empty() {
        "<tr><td colspan=\"5\" class=\"muted\">No transaction yet. Pay an invoice and come back.</td></tr>".to_owned()
    } else {
        rows
    };
    let main = format!(
        "<h1>Global Payments: transactions</h1>{}<section class=\"card scroll\"><table class=\"cards\"><thead><tr>\
         <th>Transaction</th><th>Reference</th><th>Paid with</th><th>State</th><th class=\"amount\">Amount</th></tr>\
         </thead><tbody>{rows}</tbody></table></section>",
        search_form("/records/globalpayments", &search.q, "Search transactions")
    );
    shell("Global Payments: transactions", &main)
}

fn gp_row(transaction: &globalpayments::Transaction, now_ms: i64) -> String {
    let status = transaction.status(now_ms);
    let tone = match status {
        "FUNDED" => "good",
        "DECLINED" => "bad",
        _ => "wait",
    };
    let is_refund = transaction.kind == globalpayments::Kind::Refund;
    let amount = if is_refund { -transaction.amount } else { transaction.amount };
    format!(
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td><span class=\"badge {tone}\">{status}</span></td>\
         <td class=\"amount\">{}</td></tr>",
        transaction.id,
        Text(&transaction.reference),
        Text(&transaction.paid_with()),
        money(amount, &transaction.currency)
    )
}

pub(crate) async fn xero(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    let (invoices, payments) = shared.xero.read(|books| {
        let mut invoices: Vec<&Invoice> = books
            .invoices
            .values()
            .filter(|invoice| holds(&search.q, &[&invoice.number, customer(books, invoice)]))
            .collect();
        invoices.sort_by_key(|invoice| std::cmp::Reverse((invoice.updated_ms, invoice.number.clone())));
        let rows: String = invoices.into_iter().take(ROWS_MAX).map(|invoice| invoice_row(books, invoice)).collect();
        (rows, payment_rows(books, &search.q))
    });
    let main = format!(
        "<h1>Xero: {}</h1>{}<section class=\"card\"><h2>Invoices, latest change first</h2>{}</section>\
         <section class=\"card scroll\"><h2>Payments</h2><table class=\"cards\"><thead><tr><th>Invoice</th>\
         <th>Reference</th><th>Account</th><th>State</th><th class=\"amount\">Amount</th></tr></thead>\
         <tbody>{payments}</tbody></table></section>",
        facts::NORTHWIND.name,
        search_form("/records/xero", &search.q, "Search invoices and payments"),
        invoice_table(&invoices),
    );
    shell("Xero: invoices and payments", &main)
}

fn payment_rows(books: &Books, query: &str) -> String {
    let number = |payment: &Payment| {
        let credit = || books.credit_notes.get(&payment.invoice).map(|note| note.number.as_str());
        let invoice = books.invoices.get(&payment.invoice).map(|invoice| invoice.number.as_str());
        invoice.or_else(credit).unwrap_or_default()
    };
    let mut payments: Vec<_> =
        books.payments.values().filter(|payment| holds(query, &[number(payment), &payment.reference])).collect();
    payments.sort_by_key(|payment| std::cmp::Reverse(payment.updated_ms));
    payments
        .into_iter()
        .take(ROWS_MAX)
        .map(|payment| {
            let badge = if payment.stands() { "good\">Applied" } else { "\">Deleted" };
            format!(
                "<tr><td>{}</td><td>{}</td><td class=\"num\">{}</td><td><span class=\"badge {badge}</span></td>\
                 <td class=\"amount\">{}</td></tr>",
                Text(number(payment)),
                Text(&payment.reference),
                Text(&payment.account_code),
                money(payment.amount_minor, facts::NORTHWIND.currency)
            )
        })
        .collect()
}
