//! A Xero invoice as a customer sees it, with its Pay Now button.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use form_urlencoded::Serializer;
use http::StatusCode;

use super::{customer, shell, state_badge};
use crate::facts::Merchant;
use crate::html::{Text, money, page};
use crate::xero::{Books, Invoice};
use crate::{Shared, facts};

pub(crate) async fn show(State(shared): State<Arc<Shared>>, Path(number): Path<String>) -> Response {
    let main = shared.xero.read(|books| {
        books.invoice_named(&number).map(|invoice| {
            let lines: String = invoice
                .lines
                .iter()
                .map(|line| {
                    let (amount, quantity) = (money(line.amount_minor, &invoice.currency), line.quantity.normalize());
                    format!(
                        "<tr><td>{} <span class=\"muted num\">× {quantity}</span></td><td class=\"amount\">{amount}</td></tr>",
                        Text(&line.description)
                    )
                })
                .collect();
            let amount = |minor| money(minor, &invoice.currency);
            format!(
                "<div><h1>Invoice {number}</h1><p class=\"muted\">{name} to {customer}, due on {due}</p></div>\
                 <p>{badge}</p><section class=\"card\"><table><thead><tr><th>Description</th>\
                 <th class=\"amount\">Amount</th></tr></thead><tbody>{lines}</tbody>\
                 </table></section><dl class=\"facts num\"><dt>Total</dt><dd>{total}</dd><dt>Paid</dt><dd>{paid}</dd>\
                 <dt><strong>Due</strong></dt><dd><strong>{left}</strong></dd></dl>\
                 <a class=\"btn primary big\" href=\"{link}\">Pay now</a>{desk}",
                number = Text(&invoice.number),
                name = facts::NORTHWIND.name,
                customer = Text(customer(books, invoice)),
                due = invoice.due_date,
                badge = state_badge(invoice),
                total = amount(invoice.total_minor()),
                paid = amount(invoice.paid_minor),
                left = amount(invoice.due_minor()),
                link = Text(&pay_now_link(&shared, books, invoice)),
                desk = desk(invoice),
            )
        })
    });
    match main {
        Some(main) => shell(&format!("Invoice {number}"), &main),
        None => {
            let body = "<main class=\"narrow stack\"><h1>No such invoice</h1><p><a href=\"/records/xero\">All invoices\
                        </a></p></main>";
            page(StatusCode::NOT_FOUND, "No such invoice", &[], body)
        }
    }
}

/// What somebody in Xero can do to the invoice while it is open in the portal; ends at `/control/xero/invoice`.
fn desk(invoice: &Invoice) -> String {
    let due = invoice.due_minor();
    format!(
        "<section class=\"card pad stack\" aria-labelledby=\"desk\"><h2 id=\"desk\">At the bookkeeper’s desk</h2>\
         <form method=\"post\" action=\"/do/invoice\" class=\"stack\">\
         <input type=\"hidden\" name=\"number\" value=\"{number}\"><div class=\"field\">\
         <label for=\"amount\">Amount</label><input class=\"input num\" id=\"amount\" name=\"amount\" \
         inputmode=\"decimal\" value=\"{whole}.{cents:02}\" autocomplete=\"off\"></div><div class=\"row\">\
         <button class=\"btn\" name=\"what\" value=\"change_due\">Change what is due to it</button>\
         <button class=\"btn\" name=\"what\" value=\"pay\">Pay it by bank transfer</button>\
         <button class=\"btn\" name=\"what\" value=\"void\">Void the invoice</button></div></form></section>",
        number = Text(&invoice.number),
        whole = due / 100,
        cents = due % 100,
    )
}

fn pay_now_link(shared: &Shared, books: &Books, invoice: &Invoice) -> String {
    let code = books.contacts.get(&invoice.contact).and_then(|contact| contact.number.clone()).unwrap_or_default();
    email_link(shared, &facts::NORTHWIND, &invoice.number, invoice.due_minor(), &code)
}

/// The link of the merchant's invoice template (`wire/connectwise.md`, 6.1).
pub(super) fn email_link(shared: &Shared, merchant: &Merchant, number: &str, due_minor: i64, company: &str) -> String {
    let query = Serializer::new(String::new())
        .append_pair("apiKey", merchant.pay_now.email)
        .append_pair("invoiceNo", number)
        .append_pair("amount", &format!("{}.{:02}", due_minor / 100, due_minor % 100))
        .append_pair("companyCode", company)
        .finish();
    format!("{}/PaymentProxy/PayNow/Email?{query}", shared.options.portal_url)
}
