//! Reads what changed in the books since the last time, page by page: each is taken over in one transaction with the place where
//! the next one begins, so that whoever goes on, after a kill or a wait, goes on there. One reads at a time, in whichever
//! process.

use crate::{
    Engine, Error, Lane,
    books_page::Told,
    failpoint,
    jobs::{Ran, chain},
    turnstile::Errand,
    work::Work,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::{BooksError, Next};
use domain::sync::SyncState;
use store::{Job, MerchantDb, MerchantTx, SyncKind, SyncRow};
use uuid::Uuid;

/// A page is asked for, waits for its turn, and is kept in less; who died holds others up no longer.
const HELD_FOR: TimeDelta = TimeDelta::minutes(3);
/// Books that ask for patience and do not say for how long are asked again then.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// What a reading has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    Done,
    /// Somebody else is at it.
    Held,
    /// Somebody has stopped it, or goes on with it in our place.
    Lost,
}

impl Engine {
    /// Reads to the end. `holder` is whose reading it is: the same one comes back to it.
    ///
    /// # Errors
    /// [`Error::BooksUnreachable`]; what was read before stays, and is not read again.
    pub(crate) async fn sync_books(&self, db: &MerchantDb, errand: Errand, holder: Uuid) -> Result<Synced, Error> {
        let Some(run) = self.begin_sync(db, SyncKind::Changes, holder).await? else { return Ok(Synced::Held) };
        let answer = self.read_changes(db, &errand, run).await;
        self.leave_sync(db, SyncKind::Changes, holder, answer).await
    }

    /// As a job; another one that is at it does as well.
    pub(crate) async fn sync_as_job(&self, db: &MerchantDb, job: &Job, lane: Lane) -> Result<Ran, Error> {
        match self.sync_books(db, Errand::job(lane), job.id.0).await {
            Err(cause) if cause.not_before().is_some() => Err(cause),
            // The next period is its retry: failures must not pile up behind books that are away for days.
            Err(cause) => {
                tracing::warn!(merchant.id = %db.merchant_id(), cause = %chain(&cause), "The books could not be read.");
                Ok(Ran::Finished)
            }
            Ok(_) => Ok(Ran::Finished),
        }
    }

    /// Takes the right to read, unless somebody else has it.
    pub(crate) async fn begin_sync(
        &self,
        db: &MerchantDb,
        kind: SyncKind,
        holder: Uuid,
    ) -> Result<Option<SyncRow>, Error> {
        let now = self.now();
        let tx = db.begin().await?;
        let row = tx.sync_hold(kind, now).await?;
        if row.is_held_but_by(holder, now) {
            return Ok(None);
        }
        let row = if row.state.is_under_way() { row } else { row.asked(now) };
        // From before the first question: what changes from then on is told by the next delta.
        let began_at = row.began_at.filter(|_| row.position.is_some()).or(Some(now));
        let row = SyncRow { state: SyncState::Running, began_at, ..held(row, holder, now) };
        if kind == SyncKind::Open && row.position.is_none() {
            tx.sync_open_begin().await?;
        }
        tx.sync_write(row.clone()).await?;
        tx.commit().await?;
        Ok(Some(row))
    }

    async fn read_changes(&self, db: &MerchantDb, errand: &Errand, mut run: SyncRow) -> Result<Synced, Error> {
        let connection = db.connection_of_kind("books").await?.ok_or(Error::NotSetUp)?;
        loop {
            let read_at = self.now();
            let books = self.books_for(db, errand.clone()).await?;
            let cursor = run.position.as_deref().or(connection.cursor.as_deref());
            let page = books.changes(cursor).await.map_err(Error::BooksUnreachable)?;
            let told = Told::of(db, &*books, page.customers, page.invoices).await?;
            let tx = db.begin().await?;
            let Some(row) = self.still_held(&tx, SyncKind::Changes, &run).await? else { return Ok(Synced::Lost) };
            let updated = told.write(&tx, read_at).await?;
            tx.invoices_gone(&page.gone, read_at).await?;
            // Once in each reading without news as well: a quote may have been paid after its invoice was read.
            if updated > 0 || matches!(page.next, Next::Done { .. }) {
                self.cover_by_quotes(&tx).await?;
            }
            let row = counted(row, told.found() + page.gone.len(), updated, page.left);
            let (row, is_last) = match page.next {
                Next::More(position) => (SyncRow { position: Some(position), ..row }, false),
                Next::Done { cursor, deletions_told } => {
                    tx.connection_synced(connection.id, &cursor, row.began_at.unwrap_or(read_at)).await?;
                    if !deletions_told {
                        let now = self.now();
                        let sweep = Work::SweepBooks { asked_ms: Some(now.timestamp_millis()) };
                        sweep.queue(&tx, None, now, now).await?;
                    }
                    (ended(row), true)
                }
            };
            tx.sync_write(row.clone()).await?;
            failpoint::reach("before_sync_page_commit");
            tx.commit().await?;
            if is_last {
                self.forget_set_up(db.merchant_id());
                return Ok(Synced::Done);
            }
            failpoint::reach("after_sync_page");
            run = row;
        }
    }

    /// The row, when it is still where this page was asked for: held by us, and at the same place. Held on.
    pub(crate) async fn still_held(
        &self,
        tx: &MerchantTx,
        kind: SyncKind,
        run: &SyncRow,
    ) -> Result<Option<SyncRow>, Error> {
        let now = self.now();
        let row = tx.sync_hold(kind, now).await?;
        let is_ours = (row.holder, &row.position) == (run.holder, &run.position);
        Ok(run.holder.filter(|_| is_ours).map(|holder| held(row, holder, now)))
    }

    /// Lets go of what has failed, and says so there. What the vendor does not take now goes on by itself.
    pub(crate) async fn leave_sync(
        &self,
        db: &MerchantDb,
        kind: SyncKind,
        holder: Uuid,
        answer: Result<Synced, Error>,
    ) -> Result<Synced, Error> {
        let now = self.now();
        let cause = match answer {
            Err(cause) => put_off(cause, now),
            done => return done,
        };
        let tx = db.begin().await?;
        let row = tx.sync_hold(kind, now).await?;
        if row.holder != Some(holder) {
            return Ok(Synced::Lost);
        }
        let state = if cause.not_before().is_some() { SyncState::Waiting } else { SyncState::Failed };
        // A place that the books do not take is given up.
        let is_refused = matches!(cause, Error::BooksUnreachable(BooksError::Refused { .. } | BooksError::NotFound));
        let position = row.position.clone().filter(|_| !is_refused);
        tx.sync_write(SyncRow { position, last_error: Some(words(&cause)), ..row.let_go(state) }).await?;
        tx.commit().await?;
        Err(cause)
    }
}

fn held(row: SyncRow, holder: Uuid, now: DateTime<Utc>) -> SyncRow {
    SyncRow { holder: Some(holder), held_until: Some(now + HELD_FOR), last_error: None, ..row }
}

/// With another page.
pub(crate) fn counted(row: SyncRow, found: usize, updated: u64, left: Option<u64>) -> SyncRow {
    let found = row.found.saturating_add(i64::try_from(found).unwrap_or(i64::MAX));
    let updated = row.updated.saturating_add(i64::try_from(updated).unwrap_or(i64::MAX));
    SyncRow { found, updated, left_over: left.map(|left| i64::try_from(left).unwrap_or(i64::MAX)), ..row }
}

pub(crate) fn ended(row: SyncRow) -> SyncRow {
    SyncRow { position: None, left_over: Some(0), ..row.let_go(SyncState::Done) }
}

/// What is half-way need not begin anew: it waits for the vendor as if it had not begun.
fn put_off(cause: Error, now: DateTime<Utc>) -> Error {
    match cause {
        Error::BooksUnreachable(BooksError::Busy { after }) => {
            let wait = after.and_then(|after| TimeDelta::from_std(after).ok()).unwrap_or(PATIENCE);
            Error::BooksUnreachable(BooksError::NotNow { until: now + wait })
        }
        other => other,
    }
}

/// Why it does not go on, for people.
fn words(cause: &Error) -> String {
    let said = match cause {
        Error::BooksUnreachable(BooksError::NotNow { .. } | BooksError::Busy { .. }) => {
            "The accounting platform takes no more calls at the moment. The download goes on by itself."
        }
        Error::BooksUnreachable(BooksError::TokenExpired | BooksError::Disconnected(_)) => {
            "The accounting platform does not accept our access any more: it must be connected again."
        }
        Error::BooksUnreachable(BooksError::Unreachable(_)) => {
            "The accounting platform did not answer as it should. What was read before is kept; the next download goes on there."
        }
        Error::BooksUnreachable(_) => "The accounting platform refused to be read. What was read before is kept.",
        _ => "Something went wrong on our side. What was read before is kept; the next download goes on there.",
    };
    said.to_owned()
}
