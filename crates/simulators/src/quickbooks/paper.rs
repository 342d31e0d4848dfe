//! Sales as documents: the PDF, and sending it by mail. Source: `wire/accounting.md`, 2.1 and 2.9.

use serde_json::json;

use super::call::{Answer, Operation};
use super::document::Document;
use super::kind::Kind;
use super::news::What;
use super::refusal::Refusal;
use super::wire;
use crate::facts;
use crate::html::money;
use crate::pdf::document;

fn sale<'a>(op: &'a Operation<'_>, kind: Kind, id: &str) -> Result<&'a Document, Refusal> {
    if !kind.is_sale() {
        return Err(Refusal::unsupported(&format!("of {} as a document", kind.name())));
    }
    let sale = id.parse::<u64>().ok().and_then(|id| op.books.get(kind, id));
    sale.ok_or_else(|| Refusal::not_found(kind.name()))
}

pub(crate) fn pdf(op: &Operation<'_>, kind: Kind, id: &str) -> Result<Vec<u8>, Refusal> {
    let sale = sale(op, kind, id)?;
    let customer = sale.refers_to("CustomerRef").and_then(|id| op.books.get(Kind::Customer, id));
    let amount = |minor| money(minor, facts::SOUTHERN.currency);
    Ok(document(&[
        format!("{} - {} {}", facts::SOUTHERN.name, kind.name(), sale.text("DocNumber")),
        format!("To: {}", customer.map_or("", Document::label)),
        format!("Date: {}   Due: {}", sale.text("TxnDate"), sale.text("DueDate")),
        format!(
            "Total: {}   GST: {}   Open: {}",
            amount(sale.total_minor),
            amount(sale.tax_minor),
            amount(sale.open_minor())
        ),
    ]))
}

/// To the address of the call, or the document's own.
pub(crate) fn send(op: &mut Operation<'_>, kind: Kind, id: &str) -> Answer {
    let mut draft = sale(op, kind, id)?.clone();
    let own = draft.fields.get("BillEmail").and_then(|email| wire::text(&email["Address"]));
    let address = op.query.text("sendto").map(str::to_owned).or(own);
    let address = address.ok_or_else(|| Refusal::missing("BillEmail"))?;
    let delivery = json!({ "DeliveryType": "Email", "DeliveryTime": wire::instant(op.now_ms) });
    for (name, value) in
        [("BillEmail", json!({ "Address": address })), ("EmailStatus", json!("EmailSent")), ("DeliveryInfo", delivery)]
    {
        draft.fields.insert(name.to_owned(), value);
    }
    let id = draft.id;
    op.keep(draft, What::Emailed);
    op.shown(kind, id)
}
