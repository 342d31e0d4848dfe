//! What one accounting call works on: the books under their lock, the query, the caller, and what it leaves behind.

use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Books;
use super::lines::UNIT_PLACES;
use super::refusal::{Refusal, marked};
use crate::Shared;
use crate::disturb::News;
use crate::faults::{Call, Fault};
use crate::query::Query;
use crate::random::random_bytes;

/// The envelope's members: the plural, and `pagination` when paged.
pub(crate) type Answer = Result<Value, Refusal>;

pub(crate) const PERIOD_LOCKED: &str = "The document date cannot be before the period lock date";

pub(crate) struct Operation<'a> {
    pub books: &'a mut Books,
    pub shared: &'a Shared,
    pub call: &'a Call,
    pub query: &'a Query,
    /// `If-Modified-Since` in milliseconds.
    pub since_ms: Option<i64>,
    pub method: &'a str,
    pub client: &'a str,
    pub now_ms: i64,
    pub today: NaiveDate,
    pub news: Vec<News>,
}

impl Operation<'_> {
    /// PUT creates and never updates (1.1).
    pub fn creates_only(&self) -> bool {
        self.method == "PUT"
    }

    pub fn new_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(random_bytes()).into_uuid()
    }

    /// Two places of a unit price, or the four that were asked for (1.1).
    pub fn unit_places(&self) -> u32 {
        if self.query.number("unitdp") == Some(4) { 4 } else { UNIT_PLACES }
    }

    /// Nothing of that day may be changed any more.
    pub fn is_locked(&self, day: NaiveDate) -> bool {
        self.books.locked_until().is_some_and(|lock| day <= lock) || self.period_locked()
    }

    /// Uses up an armed `period_locked`.
    pub fn period_locked(&self) -> bool {
        self.shared.faults.take(self.call, |fault| *fault == Fault::PeriodLocked).is_some()
    }

    /// News for the webhooks; `known` tells an update from a creation.
    pub fn happened(&mut self, category: &'static str, resource: Uuid, known: bool) {
        self.news.extend(self.books.news(self.shared, category, resource, known));
    }
}

/// The documents of a body: `{"Plural":[…]}`, a bare array, or one bare object (1.1).
pub(crate) fn elements(body: &Value, plural: &str) -> Vec<Value> {
    match body {
        Value::Array(all) => all.clone(),
        Value::Object(members) => match members.get(plural) {
            Some(Value::Array(all)) => all.clone(),
            _ => vec![body.clone()],
        },
        _ => Vec::new(),
    }
}

/// Writes every element or none: with `summarizeErrors=false` each answers for itself, else one wrong document refuses
/// the call (1.1).
pub(crate) fn write_all(
    op: &mut Operation<'_>,
    body: &Value,
    plural: &str,
    mut write: impl FnMut(&mut Operation<'_>, &Value) -> Result<Value, Vec<String>>,
) -> Answer {
    let documents = elements(body, plural);
    if documents.is_empty() {
        return Err(Refusal::Malformed(format!("No {plural} found in the request")));
    }
    let summarize = op.query.flag_unless_false("summarizeerrors");
    let before = (documents.len() > 1 && summarize).then(|| {
        (
            op.books.contacts.clone(),
            op.books.invoices.clone(),
            op.books.payments.clone(),
            op.books.credit_notes.clone(),
            op.books.bank_transactions.clone(),
        )
    });
    let (mut written, mut wrong) = (Vec::new(), Vec::new());
    for document in &documents {
        match write(op, document) {
            Ok(mut view) => {
                if !summarize {
                    view["StatusAttributeString"] = json!("OK");
                }
                written.push(view);
            }
            Err(messages) if summarize => wrong.push(marked(document, &messages)),
            Err(messages) => {
                let mut echoed = marked(document, &messages);
                echoed["StatusAttributeString"] = json!("ERROR");
                echoed["HasErrors"] = json!(true);
                written.push(echoed);
            }
        }
    }
    if wrong.is_empty() {
        return Ok(json!({ plural: written }));
    }
    if let Some((contacts, invoices, payments, credit_notes, bank_transactions)) = before {
        op.books.contacts = contacts;
        op.books.invoices = invoices;
        op.books.payments = payments;
        op.books.credit_notes = credit_notes;
        op.books.bank_transactions = bank_transactions;
        op.news.clear();
    }
    Err(Refusal::Validation(wrong))
}
