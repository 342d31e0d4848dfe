//! What one call works on: the books under their lock, the query, and what it leaves behind.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::document::Document;
use super::kind::{Kind, REFERENCES};
use super::news::{Event, What};
use super::refusal::Refusal;
use super::{Books, wire};
use crate::Shared;
use crate::faults::{Call, Fault};
use crate::query::Query;

/// The answer's members besides `time`.
pub(crate) type Answer = Result<Value, Refusal>;

pub(crate) struct Operation<'a> {
    pub books: &'a mut Books,
    pub shared: &'a Shared,
    pub call: &'a Call,
    pub query: &'a Query,
    pub now_ms: i64,
    pub today: NaiveDate,
    pub events: Vec<Event>,
}

impl<'a> Operation<'a> {
    pub fn new(books: &'a mut Books, shared: &'a Shared, call: &'a Call, query: &'a Query) -> Self {
        let (now_ms, today) = (shared.clock.now_ms(), shared.clock.today());
        Self { books, shared, call, query, now_ms, today, events: Vec::new() }
    }
}

impl Operation<'_> {
    /// The document that a change is meant for, if the sender has seen its present version.
    pub fn current(&self, kind: Kind, sent: &Map<String, Value>) -> Result<&Document, Refusal> {
        let id = sent.get("Id").and_then(wire::text).ok_or_else(|| Refusal::missing("Id"))?;
        let version = sent.get("SyncToken").and_then(wire::text).ok_or_else(|| Refusal::missing("SyncToken"))?;
        let document = id.parse::<u64>().ok().and_then(|id| self.books.get(kind, id));
        let document = document.ok_or_else(|| Refusal::not_found(kind.name()))?;
        if document.sync_token.to_string() == version { Ok(document) } else { Err(Refusal::stale()) }
    }

    /// Refuses what touches a closed period, and by an armed `period_locked`.
    pub fn period_is_open(&self, draft: &Document, before: Option<&Document>) -> Result<(), Refusal> {
        let closed_on = self.books.preference("AccountingInfoPrefs/BookCloseDate").and_then(wire::read_day);
        let days = [Some(draft), before].into_iter().flatten();
        let mut days = days.filter_map(|document| document.fields.get("TxnDate").and_then(wire::read_day));
        let is_closed = days.any(|day| closed_on.is_some_and(|closed_on| day <= closed_on));
        let is_locked = || self.shared.faults.take(self.call, |fault| *fault == Fault::PeriodLocked).is_some();
        if draft.kind.is_transaction() && (is_closed || is_locked()) {
            return Err(Refusal::closed_period());
        }
        Ok(())
    }

    /// Looks up each reference of the draft and gives it the name of what it points at.
    pub fn resolve(&self, draft: &mut Document) -> Result<(), Refusal> {
        for (name, kind) in REFERENCES {
            // A list of another kind has its parents in that list, and nobody here asks for them.
            let is_foreign = name == "ParentRef" && draft.kind != Kind::Customer;
            if is_foreign || !draft.fields.contains_key(name) {
                continue;
            }
            match wire::reference(&draft.fields, name) {
                Some(id) => {
                    let meant = self.meant(name, kind, &id)?;
                    draft.fields.insert(name.to_owned(), json!({ "value": id, "name": meant.label() }));
                }
                None => {
                    draft.fields.remove(name);
                }
            }
        }
        Ok(())
    }

    /// What a reference points at.
    pub fn meant(&self, name: &str, kind: Kind, id: &str) -> Result<&Document, Refusal> {
        let meant = id.parse::<u64>().ok().and_then(|id| self.books.get(kind, id));
        let meant = meant.ok_or_else(|| Refusal::reference(name, kind, id))?;
        if meant.is_active() { Ok(meant) } else { Err(Refusal::not_found(name)) }
    }

    /// A document that was not written, but changed by another one.
    pub fn touch(&mut self, kind: Kind, id: u64) {
        let now_ms = self.now_ms;
        if let Some(document) = self.books.get_mut(kind, id) {
            document.sync_token += 1;
            document.updated_ms = now_ms;
            self.happened(kind, id, What::Update);
        }
    }

    /// News for the webhooks.
    pub fn happened(&mut self, kind: Kind, id: u64, what: What) {
        self.events.push(Event { kind, id, what });
    }

    /// Keeps the draft and tells of it.
    pub fn keep(&mut self, mut draft: Document, what: What) {
        if what != What::Create {
            draft.sync_token += 1;
        }
        draft.updated_ms = self.now_ms;
        let (kind, id) = (draft.kind, draft.id);
        self.books.insert(draft);
        self.happened(kind, id, what);
    }

    pub fn shown(&self, kind: Kind, id: u64) -> Answer {
        let document = self.books.get(kind, id).ok_or_else(|| Refusal::not_found(kind.name()))?;
        let mut view = document.view(self.books);
        if kind == Kind::Invoice && self.includes("invoicelink") {
            view["InvoiceLink"] = json!(format!("{}/qbo/invoice/{id}", self.shared.options.public_url));
        }
        Ok(json!({ kind.name(): view }))
    }

    pub fn includes(&self, what: &str) -> bool {
        self.query.list("include").is_some_and(|list| list.iter().any(|item| item == what))
    }
}
