//! Voiding and deleting. Source: `wire/accounting.md`, 2.4 and 2.5: an invoice is voided by `operation=void`, a payment by
//! `operation=update&include=void`, a credit memo not at all.

use serde_json::{Value, json};

use super::call::{Answer, Operation};
use super::document::Document;
use super::kind::Kind;
use super::news::What;
use super::refusal::Refusal;
use super::writes::submitted;
use super::{Deleted, payments};
use crate::amounts::money;

/// The present version of what shall go, if it may.
fn doomed(op: &Operation<'_>, kind: Kind, body: &Value) -> Result<Document, Refusal> {
    let document = op.current(kind, &submitted(body)?)?.clone();
    if document.deposit.is_some() {
        return Err(Refusal::deposited());
    }
    op.period_is_open(&document, None)?;
    Ok(document)
}

pub(crate) fn void_payment(op: &mut Operation<'_>, body: &Value) -> Answer {
    let before = doomed(op, Kind::Payment, body)?;
    let mut draft = before.clone();
    draft.fields.remove("Line");
    draft.fields.insert("TotalAmt".to_owned(), money(0));
    draft.total_minor = 0;
    mark_voided(&mut draft);
    op.keep(draft, What::Void);
    payments::relink(op, before.id, &before.payment_links(), &[]);
    op.shown(Kind::Payment, before.id)
}

/// The amounts become zero, the links go, and what was paid is unapplied.
pub(crate) fn void_invoice(op: &mut Operation<'_>, body: &Value) -> Answer {
    let before = doomed(op, Kind::Invoice, body)?;
    let mut draft = before.clone();
    for line in draft.fields.get_mut("Line").and_then(Value::as_array_mut).into_iter().flatten() {
        line["Amount"] = money(0);
        if let Some(detail) = line.get_mut("SalesItemLineDetail").and_then(Value::as_object_mut) {
            for name in ["Qty", "UnitPrice"] {
                if let Some(number) = detail.get_mut(name) {
                    *number = json!(0);
                }
            }
        }
    }
    (draft.total_minor, draft.tax_minor) = (0, 0);
    draft.links.clear();
    mark_voided(&mut draft);
    op.keep(draft, What::Void);
    unlink(op, &before);
    op.shown(Kind::Invoice, before.id)
}

fn mark_voided(draft: &mut Document) {
    let note = format!("Voided {}", draft.text("PrivateNote"));
    draft.fields.insert("PrivateNote".to_owned(), json!(note.trim_end()));
}

/// Only change data capture knows of it afterwards, for its id.
pub(crate) fn delete(op: &mut Operation<'_>, kind: Kind, body: &Value) -> Answer {
    if !kind.is_transaction() {
        return Err(Refusal::unsupported(&format!("delete of {}", kind.name())));
    }
    let before = doomed(op, kind, body)?;
    if let Some(documents) = op.books.documents.get_mut(&kind) {
        documents.remove(&before.id);
    }
    op.books.deleted.push(Deleted { kind, id: before.id, at_ms: op.now_ms });
    op.happened(kind, before.id, What::Delete);
    match kind {
        Kind::Payment => payments::relink(op, before.id, &before.payment_links(), &[]),
        _ => unlink(op, &before),
    }
    Ok(json!({ kind.name(): { "domain": "QBO", "status": "Deleted", "Id": before.id.to_string() } }))
}

/// Takes a document out of the payments that are linked with it.
fn unlink(op: &mut Operation<'_>, document: &Document) {
    for payment in document.links.keys() {
        let Some(before) = op.books.get(Kind::Payment, *payment).cloned() else { continue };
        let mut draft = before.clone();
        payments::let_go(&mut draft, document.kind, document.id);
        let links = draft.payment_links();
        op.keep(draft, What::Update);
        payments::relink(op, *payment, &before.payment_links(), &links);
    }
}
