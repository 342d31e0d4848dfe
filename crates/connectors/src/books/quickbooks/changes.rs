//! What changed in QuickBooks Online, and what is open there, a page at a time (`wire/accounting.md`, 2.10 and 4.1). What
//! changed is told for thirty days and a thousand documents, with what was deleted. Beyond that, lists are read, which have
//! nothing of what was deleted.

use super::{
    QuickBooks, before, id,
    query::{Place, sentence},
    wire::{Captured, Customer, Document, Invoice},
};
use crate::books::{BooksError, ChangesPage, Next, OpenPage, call::Call};
use chrono::{DateTime, TimeDelta, Utc};
use domain::invoice::{BooksCustomer, BooksInvoice};
use serde::{Deserialize, Serialize};

/// A day less than is told, because clocks differ.
const TOLD_FOR: TimeDelta = TimeDelta::days(29);
/// Of more, the rest is not told at all.
const TOLD_MAX: usize = 1000;
/// Whoever is not active any more may still have invoices, and is listed only when asked for [recalled; not in `wire/`].
pub const WITH_INACTIVE: &str = "Active IN (true, false)";
const OPEN: &str = "Balance > '0'";
/// The cursor of books that do not say when they answered.
const BEGINNING: &str = "1970-01-01T00:00:00+00:00";
/// As many ids go into one sentence.
const IDS_MAX: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum List {
    /// First: each invoice is somebody's.
    Customers,
    Invoices,
}

/// Where the next page of a delta begins that is too long to be told.
#[derive(Debug, Serialize, Deserialize)]
struct Listing {
    /// The cursor of this delta.
    since: Option<String>,
    /// When the books answered first.
    began: Option<String>,
    list: List,
    place: Place,
}

impl Listing {
    fn of(since: Option<&str>) -> Self {
        Self { since: since.map(str::to_owned), began: None, list: List::Customers, place: Place::since(since) }
    }

    /// Behind a page: what follows it in its list, or the other list, or nothing.
    fn behind(mut self, place: Option<Place>, answered: Option<String>) -> Result<Next, BooksError> {
        self.began = self.began.or(answered);
        let next = match (place, self.list) {
            (Some(place), _) => Self { place, ..self },
            (None, List::Customers) => {
                Self { list: List::Invoices, place: Place::since(self.since.as_deref()), ..self }
            }
            (None, List::Invoices) => {
                let since = self.since.as_deref();
                let cursor = next_cursor(self.began.as_deref(), since);
                // Nothing is known of what was deleted before the first reading.
                return Ok(Next::Done { cursor, deletions_told: since.is_none() });
            }
        };
        Ok(Next::More(written(&next)?))
    }
}

impl QuickBooks {
    pub(super) async fn changed_since(&self, cursor: Option<&str>) -> Result<ChangesPage, BooksError> {
        if let Some(within) = cursor.and_then(|cursor| serde_json::from_str(cursor).ok()) {
            return self.listed(within).await;
        }
        // A place that another version has written otherwise is none: all is read.
        let cursor = cursor.filter(|cursor| !cursor.starts_with('{'));
        if let Some(cursor) = cursor.filter(|cursor| self.is_told(cursor))
            && let Some(told) = self.told_since(cursor).await?
        {
            return Ok(told);
        }
        self.listed(Listing::of(cursor)).await
    }

    fn is_told(&self, cursor: &str) -> bool {
        instant(cursor).is_some_and(|since| self.config.now.signed_duration_since(since) < TOLD_FOR)
    }

    /// `None` when there is more than is told.
    async fn told_since(&self, cursor: &str) -> Result<Option<ChangesPage>, BooksError> {
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
        Ok(Some(ChangesPage {
            customers: customers.into_iter().filter_map(Customer::read).collect(),
            invoices: standing.iter().filter_map(|invoice| self.collected(invoice)).collect(),
            gone: deleted.iter().filter_map(Document::id).map(str::to_owned).collect(),
            left: Some(0),
            next: Next::Done { cursor: next, deletions_told: true },
        }))
    }

    fn collected(&self, invoice: &Invoice) -> Option<BooksInvoice> {
        invoice.is_collected().then(|| self.readable(invoice))?
    }

    async fn listed(&self, listing: Listing) -> Result<ChangesPage, BooksError> {
        let (mut customers, mut invoices) = (Vec::new(), Vec::new());
        let (next, answered) = match listing.list {
            List::Customers => {
                let wanted = sentence("Customer", Some(WITH_INACTIVE), &listing.place);
                let (rows, answered) = self.page::<Customer>(&wanted).await?;
                let next = listing.place.behind(&rows);
                customers.extend(rows.into_iter().filter_map(Customer::read));
                (next, answered)
            }
            List::Invoices => {
                let (rows, answered) = self.page::<Invoice>(&sentence("Invoice", None, &listing.place)).await?;
                let next = listing.place.behind(&rows);
                invoices.extend(rows.iter().filter_map(|invoice| self.collected(invoice)));
                (next, answered)
            }
        };
        Ok(ChangesPage { customers, invoices, gone: Vec::new(), left: None, next: listing.behind(next, answered)? })
    }

    pub(super) async fn open_page(&self, cursor: Option<&str>) -> Result<OpenPage, BooksError> {
        let place = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        let place = place.unwrap_or_else(|| Place::since(None));
        let (rows, _) = self.page::<Invoice>(&sentence("Invoice", Some(OPEN), &place)).await?;
        let next = place.behind(&rows).as_ref().map(written).transpose()?;
        let invoices = rows.iter().filter_map(|invoice| self.collected(invoice)).collect();
        Ok(OpenPage { invoices, left: None, next })
    }

    pub(super) async fn customers_of(&self, external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError> {
        let mut found = Vec::new();
        for some in external_ids.chunks(IDS_MAX) {
            let ids: Vec<_> =
                some.iter().filter_map(|external_id| Some(format!("'{}'", id(external_id).ok()?))).collect();
            if ids.is_empty() {
                continue;
            }
            let these = format!("Id IN ({}) AND {WITH_INACTIVE}", ids.join(", "));
            let (rows, _) = self.page::<Customer>(&sentence("Customer", Some(&these), &Place::since(None))).await?;
            found.extend(rows.into_iter().filter_map(Customer::read));
        }
        Ok(found)
    }
}

fn written(place: &impl Serialize) -> Result<String, BooksError> {
    serde_json::to_string(place).map_err(|cause| BooksError::Unreachable(cause.to_string()))
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// When they answered, which is where the next delta starts.
fn next_cursor(answered: Option<&str>, earlier: Option<&str>) -> String {
    answered.and_then(instant).map_or_else(|| earlier.unwrap_or(BEGINNING).to_owned(), before)
}
