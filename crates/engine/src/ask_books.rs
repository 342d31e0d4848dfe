//! Invoices as the books have them. For a page that is what they said lately, or what was last known when they are slow, and a
//! crowd asks them once; whoever is charged is charged by what they say this moment.

use crate::{Engine, Error, GuestPass, Lane, turnstile::Errand};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::BooksError;
use domain::{
    ids::{InvoiceId, MerchantId},
    invoice::{BooksInvoice, InvoiceStatus},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    collections::{HashMap, HashSet},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use store::{Invoice, MerchantDb};
use tokio::time::Instant;

/// An invoice read this recently is shown without asking the books again. Before a charge they are always asked.
const PAGE_MAX_AGE: TimeDelta = TimeDelta::seconds(20);
/// Whoever opens the link wants to see what the books say now: what was read longer before counts as old.
const OPENED_MAX_AGE: TimeDelta = TimeDelta::seconds(2);
/// Xero takes sixty calls a minute, and payments need theirs: beyond this, pages show the last amount known.
const PAGE_READS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// Of so many invoices a process knows what the books said lately. Of others they are asked again.
const TOLD_MAX: usize = 10_000;
/// A page waits no longer than this for the books; it then shows the last amount known and says so.
const PAGE_BOOKS_TIMEOUT: Duration = Duration::from_secs(4);

impl Engine {
    /// The invoices for a page, fresh when the books answer in time, else as they were last known, and whether one of them is
    /// that. Our copies were not read before `read_at`.
    pub(crate) async fn invoices_to_show(
        &self,
        guest: &GuestPass,
        rows: Vec<Invoice>,
        read_at: Instant,
    ) -> Result<(Vec<Invoice>, bool), Error> {
        let fresh_since = Ord::max(self.now() - PAGE_MAX_AGE, guest.checkout.created_at - OPENED_MAX_AGE);
        let until = Instant::now() + PAGE_BOOKS_TIMEOUT;
        let is_ours = self.set_up(&guest.db).await.is_ok_and(|set_up| set_up.has_own_books());
        let (mut invoices, mut stale) = (Vec::new(), false);
        for row in rows {
            if is_ours || row.advance.is_some() || row.read_at > fresh_since {
                invoices.push(row);
                continue;
            }
            let (invoice, is_stale) = self.invoice_to_show(&guest.db, row, (fresh_since, read_at), until).await?;
            stale |= is_stale;
            invoices.push(invoice);
        }
        Ok((invoices, stale))
    }

    /// One that is to be read again, and whether it could not be. A crowd at one invoice asks the books once.
    async fn invoice_to_show(
        &self,
        db: &MerchantDb,
        row: Invoice,
        (fresh_since, read_at): (DateTime<Utc>, Instant),
        until: Instant,
    ) -> Result<(Invoice, bool), Error> {
        if let Some(told) = self.told_lately(db, &row, fresh_since, read_at).await? {
            return Ok((told, false));
        }
        let Some(_asked) = self.0.asking.enter(db.merchant_id(), row.id) else { return Ok((row, true)) };
        // Somebody else may have asked before it was our turn.
        if let Some(told) = self.told_lately(db, &row, fresh_since, read_at).await? {
            return Ok((told, false));
        }
        let asked_at = self.now();
        let read = async {
            let books = self.ask_books(db, &row, Errand::glance(Lane::UserAction)).await?;
            // An unchanged one costs no commit: pages of this process know that they need not ask, others ask for themselves.
            if row.clone().told(&books) != row {
                db.invoice_refresh(row.id, &books, asked_at).await?;
            }
            self.0.asking.tell(row.id, asked_at);
            Ok::<_, Error>(books)
        };
        match tokio::time::timeout_at(until, read).await {
            Ok(Ok(books)) => Ok((row.told(&books), false)),
            Ok(Err(cause)) => {
                tracing::warn!(invoice.id = %row.id, %cause, "The books could not be asked for a page; the last known amount is shown.");
                Ok((row, true))
            }
            Err(_) => Ok((row, true)),
        }
    }

    /// Our copy of an invoice that a page of this process has asked the books about since then.
    async fn told_lately(
        &self,
        db: &MerchantDb,
        row: &Invoice,
        fresh_since: DateTime<Utc>,
        read_at: Instant,
    ) -> Result<Option<Invoice>, Error> {
        match self.0.asking.told(row.id, fresh_since) {
            None => Ok(None),
            Some(stands_since) if stands_since < read_at => Ok(Some(row.clone())),
            Some(_) => Ok(Some(db.invoice(row.id).await?)),
        }
    }

    /// The invoice as the books have it this moment. What is new of it is written into our copy: an unchanged one costs whoever
    /// pays no commit.
    pub(crate) async fn invoice_from_books(&self, db: &MerchantDb, row: &Invoice) -> Result<BooksInvoice, Error> {
        let asked_at = self.now();
        let invoice = self.ask_books(db, row, Errand::person(Lane::UserAction)).await?;
        // Our own ledger is itself what was read.
        if row.clone().told(&invoice) != *row && !self.books(db, Lane::UserAction).await?.is_built_in() {
            db.invoice_refresh(row.id, &invoice, asked_at).await?;
        }
        Ok(invoice)
    }

    async fn ask_books(&self, db: &MerchantDb, row: &Invoice, errand: Errand) -> Result<BooksInvoice, Error> {
        // Nobody else tells of an advance.
        if row.advance.is_some() {
            return self.as_last_read(db, row).await;
        }
        match self.books_for(db, errand).await?.invoice(&row.external_id).await {
            // Deleted in the books: nothing can be paid any more.
            Err(BooksError::NotFound) => {
                Ok(BooksInvoice { status: InvoiceStatus::Void, ..self.as_last_read(db, row).await? })
            }
            other => other.map_err(Error::BooksUnreachable),
        }
    }

    pub(crate) async fn as_last_read(&self, db: &MerchantDb, row: &Invoice) -> Result<BooksInvoice, Error> {
        Ok(BooksInvoice {
            external_id: row.external_id.clone(),
            number: row.number.clone(),
            reference: row.reference.clone(),
            customer_external_id: db.customer(row.customer_id).await?.external_id,
            status: row.status,
            total: row.total()?,
            due: row.due()?,
            date: row.date,
            due_date: row.due_date,
        })
    }
}

/// The invoices that a page of this process is asking the books about, or has asked about lately, and how often pages of a
/// merchant may.
pub(crate) struct Asking {
    invoices: Mutex<HashSet<InvoiceId>>,
    told: Mutex<HashMap<InvoiceId, Told>>,
    merchants: Option<DefaultKeyedRateLimiter<MerchantId>>,
}

impl Asking {
    pub(crate) fn new(hold_rates: bool) -> Self {
        let merchants = hold_rates.then(|| RateLimiter::keyed(Quota::per_minute(PAGE_READS_PER_MINUTE)));
        Self { invoices: Mutex::default(), told: Mutex::default(), merchants }
    }

    /// The books have answered about it, and our copy has what they said.
    fn tell(&self, id: InvoiceId, asked_at: DateTime<Utc>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= TOLD_MAX {
            told.retain(|_, told| told.asked_at > asked_at - PAGE_MAX_AGE);
        }
        if told.len() < TOLD_MAX {
            told.insert(id, Told { asked_at, stands_since: Instant::now() });
        }
    }

    /// Since when our copy has what the books said, if they were asked after that moment.
    fn told(&self, id: InvoiceId, asked_after: DateTime<Utc>) -> Option<Instant> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(&id).filter(|told| told.asked_at > asked_after).map(|told| told.stands_since)
    }

    /// `None`: somebody is asking already, or pages of this merchant have asked enough for now.
    fn enter(&self, merchant: MerchantId, id: InvoiceId) -> Option<Asked<'_>> {
        let entered = self.invoices.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        // Not `then_some`: it would make one for whoever is turned away as well, whose drop lets the next one in.
        let asked = entered.then(|| Asked { asking: self, id })?;
        // Counted last: a crowd that is turned away asks nothing, and takes no turn from other invoices.
        let may_ask = self.merchants.as_ref().is_none_or(|merchants| merchants.check_key(&merchant).is_ok());
        may_ask.then_some(asked)
    }
}

/// An answer of the books to a page.
struct Told {
    asked_at: DateTime<Utc>,
    stands_since: Instant,
}

struct Asked<'a> {
    asking: &'a Asking,
    id: InvoiceId,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.asking.invoices.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn s66_while_one_page_asks_the_books_of_an_invoice_no_other_does() {
        let (asking, merchant, invoice) = (Asking::new(false), MerchantId(Uuid::now_v7()), InvoiceId(Uuid::now_v7()));
        let first = asking.enter(merchant, invoice);
        assert!(first.is_some());
        assert!((0..3).all(|_| asking.enter(merchant, invoice).is_none()), "whoever is turned away lets nobody in");
        drop(first);
        assert!(asking.enter(merchant, invoice).is_some());
    }

    #[test]
    fn s66_what_the_books_said_counts_for_as_long_as_a_page_may_be_old() {
        let (asking, invoice, now) = (Asking::new(false), InvoiceId(Uuid::now_v7()), Utc::now());
        assert!(asking.told(invoice, now - PAGE_MAX_AGE).is_none());
        asking.tell(invoice, now);
        assert!(asking.told(invoice, now - PAGE_MAX_AGE).is_some_and(|since| since <= Instant::now()));
        assert!(asking.told(invoice, now).is_none(), "whoever opened the link since then asks anew");
        assert!(asking.told(InvoiceId(Uuid::now_v7()), now - PAGE_MAX_AGE).is_none());
    }

    #[test]
    fn s66_whoever_is_turned_away_at_one_invoice_takes_no_turn_from_another() {
        let (asking, merchant) = (Asking::new(true), MerchantId(Uuid::now_v7()));
        let (crowded, other) = (InvoiceId(Uuid::now_v7()), InvoiceId(Uuid::now_v7()));
        let first = asking.enter(merchant, crowded);
        assert!(first.is_some());
        let turns = PAGE_READS_PER_MINUTE.get();
        assert!((0..turns).all(|_| asking.enter(merchant, crowded).is_none()));
        assert!(asking.enter(merchant, other).is_some());
        assert!((0..turns).any(|_| asking.enter(merchant, other).is_none()), "these are counted");
    }
}
