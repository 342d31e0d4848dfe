//! The Xero simulator: one organisation's books (Northwind IT), its OAuth server and its accounting API.
//! Source: `wire/accounting.md`, 1. Answers are JSON whatever is asked for. Not built, and saying so by 501: XML, batch
//! payments, tracking, attachments, and bank transactions but those that make an advance.

mod allocations;
mod answers;
mod api;
mod bank_transactions;
mod call;
pub(crate) mod callers;
mod condition;
mod consent;
mod contacts;
mod credit_notes;
mod filter;
mod grants;
mod identity;
mod invoice_writes;
mod invoices;
pub(crate) mod limits;
mod lines;
mod notes;
mod payment_services;
mod payments;
mod pdf;
mod refusal;
mod settings;
mod state;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::replies::Replies;
use crate::seed::{self, stable_id};
use crate::{Shared, facts};

pub(crate) use invoices::{Invoice, Status as InvoiceStatus};
pub(crate) use payments::Payment;
pub(crate) use state::{Edit, EditError, OrganisationEdit, PaymentEdit};

/// Everything the vendor knows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Books {
    pub contacts: BTreeMap<Uuid, contacts::Contact>,
    pub invoices: BTreeMap<Uuid, Invoice>,
    pub payments: BTreeMap<Uuid, Payment>,
    /// Those of each document, so that nobody looks through all of them. Not on disk: [`Books::sort_payments`].
    #[serde(skip)]
    payments_of: BTreeMap<Uuid, BTreeSet<Uuid>>,
    #[serde(default)]
    pub credit_notes: BTreeMap<Uuid, credit_notes::CreditNote>,
    /// By the id of the over-payment or prepayment that was made of each.
    #[serde(default)]
    pub bank_transactions: BTreeMap<Uuid, bank_transactions::BankTransaction>,
    /// Of documents of every kind, by their ids.
    #[serde(default)]
    pub notes: BTreeMap<Uuid, Vec<notes::Note>>,
    #[serde(default)]
    pub payment_services: BTreeMap<Uuid, payment_services::PaymentService>,
    /// What is dated until then can be changed no more, by anybody but its adviser, and by nobody.
    #[serde(default)]
    pub period_lock: Option<NaiveDate>,
    #[serde(default)]
    pub year_lock: Option<NaiveDate>,
    pub grants: grants::Grants,
    pub replies: Replies,
    /// Counts webhook events.
    pub sequence: u64,
}

impl Books {
    /// Northwind's demo data, as of `today`.
    pub fn seeded(today: NaiveDate, now_ms: i64) -> Self {
        let ledger = seed::northwind(today);
        let mut books = Self {
            contacts: BTreeMap::new(),
            invoices: BTreeMap::new(),
            payments: BTreeMap::new(),
            payments_of: BTreeMap::new(),
            credit_notes: BTreeMap::new(),
            bank_transactions: BTreeMap::new(),
            notes: BTreeMap::new(),
            payment_services: BTreeMap::new(),
            period_lock: None,
            year_lock: None,
            grants: grants::Grants::seeded(now_ms),
            replies: Replies::default(),
            sequence: 0,
        };
        for customer in &ledger.customers {
            let contact = contacts::Contact::seeded(customer, now_ms);
            books.contacts.insert(contact.id, contact);
        }
        for invoice in &ledger.invoices {
            books.seed_invoice(invoice);
        }
        books
    }

    /// The later of both.
    fn locked_until(&self) -> Option<NaiveDate> {
        self.period_lock.max(self.year_lock)
    }

    fn seed_invoice(&mut self, seeded: &seed::Invoice) {
        let invoice = Invoice::seeded(seeded, stable_id("contact", &seeded.customer));
        let id = invoice.id;
        self.invoices.insert(id, invoice);
        if let Some(paid_on) = seeded.paid_on {
            let payment = Payment::seeded(seeded, id, paid_on);
            self.add_payment(payment);
            self.recompute(id, wire::day_ms(paid_on));
        }
    }

    fn add_payment(&mut self, payment: Payment) {
        self.payments_of.entry(payment.invoice).or_default().insert(payment.id);
        self.payments.insert(payment.id, payment);
    }

    /// Of an invoice, a credit note or an advance, by their ids. What a refused call has taken back is listed and not there.
    fn standing_payments(&self, paid: Uuid) -> impl Iterator<Item = &Payment> {
        let all = self.payments_of.get(&paid).into_iter().flatten();
        all.filter_map(move |id| self.payments.get(id)).filter(|payment| payment.stands())
    }

    /// For records that were just read.
    pub fn sort_payments(&mut self) {
        for payment in self.payments.values() {
            self.payments_of.entry(payment.invoice).or_default().insert(payment.id);
        }
    }

    /// What is paid of an invoice or a credit note, the flip to PAID and back, and UpdatedDateUTC, from the payments
    /// that stand.
    fn recompute(&mut self, paid: Uuid, now_ms: i64) {
        let (mut paid_minor, mut last) = (0, None);
        for payment in self.standing_payments(paid) {
            paid_minor += payment.amount_minor;
            last = last.max(Some(payment.date));
        }
        let credits = self.bank_transactions.values().flat_map(|credit| &credit.allocations);
        let allocated = credits.chain(self.credit_notes.values().flat_map(|note| &note.allocations));
        let allocated = allocated.filter(|part| part.invoice == paid).map(|part| part.amount_minor).sum();
        if let Some(invoice) = self.invoices.get_mut(&paid) {
            invoice.settle(paid_minor, allocated, last);
            invoice.updated_ms = now_ms;
        }
        if let Some(note) = self.credit_notes.get_mut(&paid) {
            note.settle(paid_minor, now_ms);
        }
        if let Some(credit) = self.bank_transactions.get_mut(&paid) {
            credit.settle(paid_minor, now_ms);
        }
    }
}

/// The chart of accounts that payments and lines are posted to; fixed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub id: &'static str,
    pub code: &'static str,
    pub name: &'static str,
    pub kind: &'static str,
    pub class: &'static str,
    pub takes_payments: bool,
}

pub(crate) const ACCOUNTS: [Account; 6] = [
    Account {
        id: facts::xero::BANK_ACCOUNT_ID,
        code: facts::xero::BANK_ACCOUNT_CODE,
        name: "Business Bank Account",
        kind: "BANK",
        class: "ASSET",
        takes_payments: false,
    },
    Account {
        id: facts::xero::SALES_ACCOUNT_ID,
        code: facts::xero::SALES_ACCOUNT_CODE,
        name: "Sales",
        kind: "REVENUE",
        class: "REVENUE",
        takes_payments: false,
    },
    Account {
        id: "99999999-0000-4000-8000-000000000260",
        code: "260",
        name: "Other Revenue",
        kind: "REVENUE",
        class: "REVENUE",
        takes_payments: false,
    },
    Account {
        id: facts::xero::CLEARING_ACCOUNT_ID,
        code: facts::xero::CLEARING_ACCOUNT_CODE,
        name: "Card payments clearing",
        kind: "BANK",
        class: "ASSET",
        takes_payments: true,
    },
    Account {
        id: facts::xero::PREPAYMENT_ACCOUNT_ID,
        code: facts::xero::PREPAYMENT_ACCOUNT_CODE,
        name: "Customer prepayments",
        kind: "CURRLIAB",
        class: "LIABILITY",
        takes_payments: false,
    },
    Account {
        id: "99999999-0000-4000-8000-000000000400",
        code: "400",
        name: "Bank fees",
        kind: "EXPENSE",
        class: "EXPENSE",
        takes_payments: false,
    },
];

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/xero/api.xro/2.0/{*path}", any(api::handle))
        .merge(identity::router())
        .merge(consent::router())
}
