//! What changed in QuickBooks Online (`wire/accounting.md`, 2.10 and 4.1): told for thirty days and a thousand documents,
//! with what was deleted. Beyond that, lists are read, and what is open and in none of them was deleted.

use super::{
    QuickBooks, before,
    wire::{Captured, Customer, Document, Invoice},
};
use crate::books::{BooksError, Changes, Gone, call::Call};
use chrono::{DateTime, TimeDelta, Utc};
use domain::invoice::{BooksInvoice, InvoiceStatus};

/// A day less than is told, because clocks differ.
const TOLD_FOR: TimeDelta = TimeDelta::days(29);
/// Of more, the rest is not told at all.
const TOLD_MAX: usize = 1000;
/// Whoever is not active any more may still have invoices, and is listed only when asked for [recalled; not in `wire/`].
const WITH_INACTIVE: &str = "Active IN (true, false)";
/// The cursor of books that do not say when they answered.
const BEGINNING: &str = "1970-01-01T00:00:00+00:00";

impl QuickBooks {
    pub(super) async fn changed_since(&self, cursor: Option<&str>) -> Result<Changes, BooksError> {
        if let Some(cursor) = cursor.filter(|cursor| self.is_told(cursor))
            && let Some(told) = self.told_since(cursor).await?
        {
            return Ok(told);
        }
        self.listed_anew(cursor).await
    }

    fn is_told(&self, cursor: &str) -> bool {
        instant(cursor).is_some_and(|since| self.config.now.signed_duration_since(since) < TOLD_FOR)
    }

    /// `None` when there is more than is told.
    async fn told_since(&self, cursor: &str) -> Result<Option<Changes>, BooksError> {
        let request = self.get("cdc").query(&[("entities", "Customer,Invoice"), ("changedSince", cursor)]);
        let answer = self.answer(Call::Read, request).await?;
        let unreadable = || Call::Read.unreadable(&answer);
        let mut captured: Captured = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
        let next = next_cursor(captured.time.take().as_deref(), Some(cursor));
        let (mut customers, mut invoices) = (Vec::new(), Vec::new());
        for group in captured.groups().ok_or_else(unreadable)? {
            customers.extend(group.customers.into_iter().flatten());
            invoices.extend(group.invoices.into_iter().flatten());
        }
        if customers.len() + invoices.len() >= TOLD_MAX {
            return Ok(None);
        }
        let (deleted, standing): (Vec<Invoice>, Vec<Invoice>) = invoices.into_iter().partition(Invoice::is_deleted);
        Ok(Some(Changes {
            customers: customers.into_iter().filter_map(Customer::read).collect(),
            invoices: standing.iter().filter_map(|invoice| self.collected(invoice)).collect(),
            gone: Gone::These(deleted.iter().filter_map(Document::id).map(str::to_owned).collect()),
            cursor: next,
        }))
    }

    fn collected(&self, invoice: &Invoice) -> Option<BooksInvoice> {
        invoice.is_collected().then(|| self.readable(invoice))?
    }

    async fn listed_anew(&self, cursor: Option<&str>) -> Result<Changes, BooksError> {
        let mut began = None;
        let customers = self.list("Customer", Some(WITH_INACTIVE), cursor, &mut began, Customer::read).await?;
        let collected = |invoice: Invoice| self.collected(&invoice);
        let invoices = self.list("Invoice", None, cursor, &mut began, collected).await?;
        let open = if cursor.is_some() {
            let ids = |invoice: Invoice| invoice.id().map(str::to_owned);
            self.list("Invoice", Some("Balance > '0'"), None, &mut began, ids).await?
        } else {
            let open = invoices.iter().filter(|invoice| invoice.status == InvoiceStatus::Open);
            open.map(|invoice| invoice.external_id.clone()).collect()
        };
        let next = next_cursor(began.as_deref(), cursor);
        Ok(Changes { customers, invoices, gone: Gone::AllBut(open), cursor: next })
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// When they answered, which is where the next delta starts.
fn next_cursor(answered: Option<&str>, earlier: Option<&str>) -> String {
    answered.and_then(instant).map_or_else(|| earlier.unwrap_or(BEGINNING).to_owned(), before)
}
