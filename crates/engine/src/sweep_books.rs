//! Looks once a week, and when deletions were not told, through all that is open in the books (`wire/accounting.md`, 4.1): what
//! changed there without a delta that tells of it is set right, and what is open here and stands on no page is asked about by
//! itself. Nothing is closed because a list did not have it.

use crate::{
    Engine, Error, Lane,
    books_page::Told,
    jobs::Ran,
    sync_books::{Synced, counted, ended},
    turnstile::Errand,
};
use chrono::TimeDelta;
use connectors::books::{Books, BooksError};
use domain::sync::SyncState;
use store::{Job, MerchantDb, SyncKind, SyncRow};

/// Before the books' own cursor.
const LISTING: &str = "list:";
/// The list was read to its end; what it did not have is asked about.
const ASKING: &str = "ask";
/// So many are asked about between two commits.
const ASKED_AT_ONCE: u64 = 10;
/// One that is to follow another looks so often whether that has ended.
const SWEEPS_APART: TimeDelta = TimeDelta::minutes(1);

impl Engine {
    /// `asked_ms`: one that began before may have passed already what is meant, so another one follows it.
    pub(crate) async fn sweep_books(&self, db: &MerchantDb, job: &Job, asked_ms: Option<i64>) -> Result<Ran, Error> {
        let errand = Errand::job(Lane::Background);
        if self.books_for(db, errand.clone()).await?.is_built_in() || is_swept_since(db, asked_ms).await? {
            return Ok(Ran::Finished);
        }
        let holder = job.id.0;
        if let Some(run) = self.begin_sync(db, SyncKind::Open, holder).await? {
            let answer = self.read_open(db, &errand, run).await;
            self.leave_sync(db, SyncKind::Open, holder, answer).await?;
        }
        if asked_ms.is_none() || is_swept_since(db, asked_ms).await? {
            return Ok(Ran::Finished);
        }
        // However long somebody else looks through all that is open, it costs no try.
        Ok(Ran::Behind(self.now() + SWEEPS_APART))
    }

    async fn read_open(&self, db: &MerchantDb, errand: &Errand, mut run: SyncRow) -> Result<Synced, Error> {
        loop {
            let books = self.books_for(db, errand.clone()).await?;
            let next = match run.position.as_deref() {
                Some(ASKING) => self.ask_about_left(db, &*books, &run).await?,
                listing => {
                    let cursor = listing.and_then(|listing| listing.strip_prefix(LISTING));
                    self.list_open(db, &*books, &run, cursor).await?
                }
            };
            match next {
                None => return Ok(Synced::Lost),
                Some(row) if row.position.is_none() => return Ok(Synced::Done),
                Some(row) => run = row,
            }
        }
    }

    /// One page of the list; the row behind it, or none when it is not ours any more.
    async fn list_open(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        run: &SyncRow,
        cursor: Option<&str>,
    ) -> Result<Option<SyncRow>, Error> {
        let read_at = self.now();
        let page = books.open_invoices(cursor).await.map_err(Error::BooksUnreachable)?;
        let seen: Vec<_> = page.invoices.iter().map(|invoice| invoice.external_id.clone()).collect();
        let told = Told::of(db, books, Vec::new(), page.invoices).await?;
        let tx = db.begin().await?;
        let Some(row) = self.still_held(&tx, SyncKind::Open, run).await? else { return Ok(None) };
        let updated = told.write(&tx, read_at).await?;
        if updated > 0 {
            self.cover_by_quotes(&tx).await?;
        }
        tx.sync_open_seen(&seen).await?;
        let position = page.next.map_or_else(|| ASKING.to_owned(), |next| format!("{LISTING}{next}"));
        let row = SyncRow { position: Some(position), ..counted(row, told.found(), updated, page.left) };
        tx.sync_write(row.clone()).await?;
        tx.commit().await?;
        Ok(Some(row))
    }

    /// A few of those that were on no page, as each stands there now; the row likewise, at its end when there are none.
    async fn ask_about_left(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        run: &SyncRow,
    ) -> Result<Option<SyncRow>, Error> {
        let left = db.sync_open_left(ASKED_AT_ONCE).await?;
        // From before the first question: what a posting has written since is newer.
        let read_at = self.now();
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        for invoice in &left {
            match books.invoice(&invoice.external_id).await {
                Ok(told) => found.push(told),
                Err(BooksError::NotFound) => gone.push(invoice.external_id.clone()),
                Err(later) => return Err(Error::BooksUnreachable(later)),
            }
        }
        let told = Told::of(db, books, Vec::new(), found).await?;
        let tx = db.begin().await?;
        let Some(row) = self.still_held(&tx, SyncKind::Open, run).await? else { return Ok(None) };
        let updated = told.write(&tx, read_at).await? + gone.len() as u64;
        tx.invoices_gone(&gone, read_at).await?;
        if updated > 0 {
            self.cover_by_quotes(&tx).await?;
        }
        tx.sync_open_end(left.iter().map(|invoice| invoice.id).collect()).await?;
        let row = counted(row, left.len(), updated, None);
        let row = if left.is_empty() { ended(row) } else { row };
        tx.sync_write(row.clone()).await?;
        tx.commit().await?;
        Ok(Some(row))
    }
}

/// All that is open was looked through, from its beginning to its end, since it was asked for.
async fn is_swept_since(db: &MerchantDb, asked_ms: Option<i64>) -> Result<bool, Error> {
    let ended = db.sync(SyncKind::Open).await?.filter(|row| row.state == SyncState::Done);
    let began_at = ended.and_then(|row| row.began_at);
    Ok(asked_ms.zip(began_at).is_some_and(|(asked_ms, began_at)| began_at.timestamp_millis() >= asked_ms))
}
