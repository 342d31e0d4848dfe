//! The company's switch `AutoApplyCredit`: a new memo is used up by open invoices, a new invoice takes up open memos.
//! Source: `wire/accounting.md`, 2.6.

use serde_json::json;

use super::call::Operation;
use super::document::Document;
use super::kind::Kind;
use super::refusal::Refusal;
use super::writes::write;
use crate::amounts::money;

/// Applies the customer's open credit to what he owes, the earliest due first, as long as there is both.
pub(crate) fn apply(op: &mut Operation<'_>, customer: Option<u64>) -> Result<(), Refusal> {
    if !op.books.prefers("SalesFormsPrefs/AutoApplyCredit") {
        return Ok(());
    }
    while let Some((invoice, memo, minor)) = pair(op, customer) {
        let line = |kind: Kind, id: u64| {
            let link = json!({ "TxnId": id.to_string(), "TxnType": kind.link_type() });
            json!({ "Amount": money(minor), "LinkedTxn": [link] })
        };
        let body = json!({
            "CustomerRef": { "value": customer.map(|id| id.to_string()) }, "TotalAmt": 0, "TxnDate": op.today,
            "PrivateNote": "Created by QB Online to link credits to charges.",
            "Line": [line(Kind::Invoice, invoice), line(Kind::CreditMemo, memo)],
        });
        write(op, Kind::Payment, &body)?;
    }
    Ok(())
}

/// An invoice, a memo, and what the one can take of the other.
fn pair(op: &Operation<'_>, customer: Option<u64>) -> Option<(u64, u64, i64)> {
    let open = |kind| {
        let documents = op.books.all(kind);
        documents.filter(move |it| it.refers_to("CustomerRef") == customer && it.open_minor() > 0)
    };
    let invoice: &Document = open(Kind::Invoice).min_by_key(|invoice| (invoice.text("DueDate"), invoice.id))?;
    let memo: &Document = open(Kind::CreditMemo).next()?;
    Some((invoice.id, memo.id, invoice.open_minor().min(memo.open_minor())))
}
