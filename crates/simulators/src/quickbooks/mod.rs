//! The QuickBooks Online simulator: one company's books (Southern Cloud), its OAuth server and its accounting API.
//! Source: `wire/accounting.md`, 2. Answers are JSON whatever is asked for. Not built, and saying so: XML, journal
//! entries, sales receipts, estimates, vendors and bills, attachments, reports, and bank deposits but for
//! `POST /control/qbo/payment`, which puts a payment into one.

mod api;
mod batch;
mod call;
mod cdc;
mod company;
mod credits;
mod document;
mod grants;
mod identity;
mod kind;
pub(crate) mod limits;
mod lines;
mod news;
mod paper;
mod payments;
mod refusal;
mod removal;
mod select;
mod state;
mod tokens;
mod wire;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Shared;
use crate::replies::Replies;

pub(crate) use api::fresh_tid;
pub(crate) use document::Document;
pub(crate) use kind::Kind;
pub(crate) use state::{CompanyEdit, Edit, EditError, PaymentEdit};

/// A record that was deleted: only change data capture still knows of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Deleted {
    kind: Kind,
    id: u64,
    at_ms: i64,
}

/// Everything the vendor knows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Books {
    documents: BTreeMap<Kind, BTreeMap<u64, Document>>,
    deleted: Vec<Deleted>,
    pub grants: grants::Grants,
    pub replies: Replies,
    /// The last id of the sequence that transactions share.
    last_transaction: u64,
    /// What its owner has brought upon the company.
    trouble: state::Trouble,
    envelope: news::Envelope,
}

impl Books {
    /// Southern Cloud's demo data, as of `today`.
    pub fn seeded(today: NaiveDate, now_ms: i64) -> Self {
        let mut books = Self {
            documents: BTreeMap::new(),
            deleted: Vec::new(),
            grants: grants::Grants::seeded(now_ms),
            replies: Replies::default(),
            last_transaction: 100,
            trouble: state::Trouble::default(),
            envelope: news::Envelope::default(),
        };
        company::seed(&mut books, today);
        books
    }

    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Document> {
        self.documents.get(&kind).into_iter().flat_map(BTreeMap::values)
    }

    pub fn get(&self, kind: Kind, id: u64) -> Option<&Document> {
        self.documents.get(&kind)?.get(&id)
    }

    fn get_mut(&mut self, kind: Kind, id: u64) -> Option<&mut Document> {
        self.documents.get_mut(&kind)?.get_mut(&id)
    }

    fn insert(&mut self, document: Document) {
        if document.kind.is_transaction() {
            self.last_transaction = self.last_transaction.max(document.id);
        }
        self.documents.entry(document.kind).or_default().insert(document.id, document);
    }

    /// Transactions share one sequence, each list has its own.
    fn next_id(&self, kind: Kind) -> u64 {
        match kind.is_transaction() {
            true => self.last_transaction + 1,
            false => self.all(kind).last().map_or(1, |last| last.id + 1),
        }
    }

    pub fn invoice_numbered(&self, number: &str) -> Option<&Document> {
        self.all(Kind::Invoice).find(|invoice| invoice.text("DocNumber") == number)
    }

    /// What a customer owes, less what stands to his credit.
    fn balance_minor(&self, customer: u64) -> i64 {
        let of = |kind| self.all(kind).filter(move |document| document.refers_to("CustomerRef") == Some(customer));
        let due: i64 = of(Kind::Invoice).map(Document::open_minor).sum();
        let credit: i64 = of(Kind::CreditMemo).map(Document::open_minor).sum();
        let unapplied: i64 = of(Kind::Payment).map(Document::unapplied_minor).sum();
        due - credit - unapplied
    }

    /// A switch of the company, as `SalesFormsPrefs/CustomTxnNumbers`.
    fn prefers(&self, path: &str) -> bool {
        self.preference(path).and_then(Value::as_bool).unwrap_or(false)
    }

    fn preference(&self, path: &str) -> Option<&Value> {
        let (group, name) = path.split_once('/')?;
        self.get(Kind::Preferences, 1)?.fields.get(group)?.get(name)
    }
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/qbo/v3/company/{realm}/{*path}", any(api::handle)).merge(identity::router())
}
