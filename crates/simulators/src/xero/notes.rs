//! History notes of an invoice: added and read, never changed. Source: `wire/accounting.md`, 1.5.

use serde_json::{Value, json};

use super::call::{self, Answer, Operation};
use super::invoices::Note;
use super::refusal::Refusal;
use super::wire;

/// Longest note, in characters.
const NOTE_MAX_CHARS: usize = 2_500;

pub(crate) fn list(op: &Operation<'_>, key: &str) -> Answer {
    let invoice = op.books.invoice_named(key).ok_or(Refusal::NotFound)?;
    let records: Vec<Value> = invoice.notes.iter().map(Note::view).collect();
    Ok(json!({ "HistoryRecords": records }))
}

pub(crate) fn add(op: &mut Operation<'_>, key: &str, body: &Value) -> Answer {
    let id = op.books.invoice_named(key).ok_or(Refusal::NotFound)?.id;
    let mut added = Vec::new();
    for record in call::elements(body, "HistoryRecords") {
        let details = record["Details"].as_str().unwrap_or_default();
        if details.is_empty() || details.chars().count() > NOTE_MAX_CHARS {
            return Err(Refusal::of(&record, &["Details must have 1 to 2500 characters".to_owned()]));
        }
        added.push(Note { at_ms: op.now_ms, details: details.to_owned() });
    }
    let views: Vec<Value> = added.iter().map(Note::view).collect();
    if let Some(invoice) = op.books.invoices.get_mut(&id) {
        invoice.notes.extend(added);
    }
    Ok(json!({ "HistoryRecords": views }))
}

impl Note {
    fn view(&self) -> Value {
        json!({ "Changes": "Note", "User": "System Generated", "Details": self.details,
            "DateUTC": wire::instant(self.at_ms), "DateUTCString": wire::instant_string(self.at_ms) })
    }
}
