//! History notes of a document: added and read, never changed. Source: `wire/accounting.md`, 1.5 and 1.7.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{self, Answer, Operation};
use super::refusal::Refusal;
use super::wire;

/// Longest note, in characters.
const NOTE_MAX_CHARS: usize = 2_500;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    at_ms: i64,
    pub details: String,
}

impl Note {
    fn view(&self) -> Value {
        json!({ "Changes": "Note", "User": "System Generated", "Details": self.details,
            "DateUTC": wire::instant(self.at_ms), "DateUTCString": wire::instant_string(self.at_ms) })
    }
}

/// The document at an address.
fn document(op: &Operation<'_>, resource: &str, key: &str) -> Result<Uuid, Refusal> {
    let books = &*op.books;
    let id = key.parse::<Uuid>().ok();
    let found = match resource {
        "invoices" => books.invoice_named(key).map(|invoice| invoice.id),
        "creditnotes" => books.credit_note_named(key).map(|note| note.id),
        "contacts" => id.filter(|id| books.contacts.contains_key(id)),
        "payments" => id.filter(|id| books.payments.contains_key(id)),
        "overpayments" | "prepayments" => id.filter(|id| books.bank_transactions.contains_key(id)),
        _ => None,
    };
    found.ok_or(Refusal::NotFound)
}

pub(crate) fn list(op: &Operation<'_>, resource: &str, key: &str) -> Answer {
    let id = document(op, resource, key)?;
    let records: Vec<Value> = op.books.notes.get(&id).into_iter().flatten().map(Note::view).collect();
    Ok(json!({ "HistoryRecords": records }))
}

pub(crate) fn add(op: &mut Operation<'_>, resource: &str, key: &str, body: &Value) -> Answer {
    let id = document(op, resource, key)?;
    let mut added = Vec::new();
    for record in call::elements(body, "HistoryRecords") {
        let details = record["Details"].as_str().unwrap_or_default();
        if details.is_empty() || details.chars().count() > NOTE_MAX_CHARS {
            return Err(Refusal::of(&record, &["Details must have 1 to 2500 characters".to_owned()]));
        }
        added.push(Note { at_ms: op.now_ms, details: details.to_owned() });
    }
    let views: Vec<Value> = added.iter().map(Note::view).collect();
    op.books.notes.entry(id).or_default().extend(added);
    Ok(json!({ "HistoryRecords": views }))
}
