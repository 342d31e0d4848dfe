//! "Download latest accounting platform data" (S96): a job on the lane of people, whose progress whoever may ask for it sees. One
//! reads at a time, so a second press shows the reading that is under way.

use crate::{
    AdminPass, BooksSettings, Engine, Error, Lane, PayerPass,
    clock::{on_the_wall, zone},
    jobs::Ran,
    live_books::STOPPED,
    work::Work,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::BooksError;
use domain::{
    access::Role,
    sync::SyncState,
    views::{SyncPage, Whoami},
};
use store::{Job, MerchantDb, SyncKind, SyncRow, Throttle};
use uuid::Uuid;

/// What was read so short a time ago is not read again for a payer.
const LATELY: TimeDelta = TimeDelta::minutes(2);
/// A reading that is under way is waited for in steps of this.
const HELD_GAP: TimeDelta = TimeDelta::seconds(1);
/// All payers of a merchant together begin no more: they must not use up its calls.
const PAYERS: Throttle = Throttle { max: 12, window: TimeDelta::hours(1), lock: TimeDelta::minutes(30) };

/// Whoever may have the books read: staff, or a payer.
pub struct SyncPass {
    db: MerchantDb,
    who: Whoami,
}

impl From<AdminPass> for SyncPass {
    fn from(AdminPass { db, who, .. }: AdminPass) -> Self {
        Self { db, who }
    }
}

impl From<PayerPass> for SyncPass {
    fn from(PayerPass { db, who, .. }: PayerPass) -> Self {
        Self { db, who }
    }
}

/// What a press has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Download {
    /// It has begun, or was under way already.
    UnderWay,
    /// All was read a moment ago.
    TooSoon,
}

impl Engine {
    /// How the reading stands.
    ///
    /// # Errors
    /// The database is away, or a connection cannot be read.
    pub async fn sync_page(&self, pass: &SyncPass) -> Result<SyncPage, Error> {
        let SyncPass { db, who } = pass;
        let zone = zone(&who.time_zone);
        let books = db.connection_of_kind("books").await?.filter(|_| !who.own_books);
        let settings =
            books.as_ref().map(|books| serde_json::from_str::<BooksSettings>(&books.settings)).transpose()?;
        let row = db.sync(SyncKind::Changes).await?;
        let count = |figure: i64| u64::try_from(figure).unwrap_or(0);
        Ok(SyncPage {
            who: who.clone(),
            books: settings.map(|settings| settings.name().to_owned()),
            state: row.as_ref().map(|row| row.state),
            asked_at: row.as_ref().map(|row| on_the_wall(row.asked_at, zone)),
            found: row.as_ref().map_or(0, |row| count(row.found)),
            updated: row.as_ref().map_or(0, |row| count(row.updated)),
            left: row.as_ref().and_then(|row| row.left_over).map(count),
            error: row.and_then(|row| row.last_error),
            synced_at: books.and_then(|books| books.synced_at).map(|at| on_the_wall(at, zone)),
        })
    }

    /// Has the books read, unless that is under way, or was done a moment ago.
    ///
    /// # Errors
    /// [`Error::NotSetUp`] without books, [`Error::BooksUnreachable`] where their connection is stopped.
    pub async fn download_books(&self, pass: &SyncPass) -> Result<Download, Error> {
        let (db, now) = (&pass.db, self.now());
        // It would wait for as long as a person does nothing about the connection.
        if self.set_up(db).await?.route(Lane::UserAction)?.is_stopped() {
            return Err(Error::BooksUnreachable(BooksError::Unreachable(STOPPED.into())));
        }
        let is_under_way = db.sync(SyncKind::Changes).await?.is_some_and(|row| row.state.is_under_way());
        if !is_under_way && self.is_too_soon(pass, now).await? {
            return Ok(Download::TooSoon);
        }
        let tx = db.begin().await?;
        let row = tx.sync_hold(SyncKind::Changes, now).await?;
        if row.is_held_but_by(Uuid::nil(), now) {
            // It may have passed already what staff have just entered in the books: another one follows it.
            if pass.who.role == Role::Admin {
                after(&row).queue(&tx, None, now, now).await?;
                tx.commit().await?;
            }
            return Ok(Download::UnderWay);
        }
        // What the service has left half-way is gone on with, and on the lane of people.
        let row = if row.state.is_under_way() { row } else { row.asked(now) };
        of(&row).queue_again(&tx, None, now).await?;
        tx.sync_write(row).await?;
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(Download::UnderWay)
    }

    async fn is_too_soon(&self, SyncPass { db, who }: &SyncPass, now: DateTime<Utc>) -> Result<bool, Error> {
        let books = db.connection_of_kind("books").await?.ok_or(Error::NotSetUp)?;
        if who.role != Role::Payer {
            return Ok(false);
        }
        if books.synced_at.is_some_and(|synced_at| now - synced_at < LATELY) {
            return Ok(true);
        }
        let subject = format!("download_books:{}", db.merchant_id());
        Ok(self.store().throttle_count(&subject, PAYERS, now).await?.is_some())
    }

    /// The job of a press.
    pub(crate) async fn download_as_job(&self, db: &MerchantDb, job: &Job, asked_ms: i64) -> Result<Ran, Error> {
        let now = self.now();
        let row = db.sync(SyncKind::Changes).await?;
        // Read from its beginning since, or stopped: a press after that has made it wait once more.
        let needs_no_more = |row: &SyncRow| match row.state {
            SyncState::Done => row.began_at.is_some_and(|at| at.timestamp_millis() > asked_ms),
            SyncState::Cancelled => true,
            SyncState::Waiting | SyncState::Running | SyncState::Failed => false,
        };
        if row.as_ref().is_some_and(needs_no_more) {
            return Ok(Ran::Finished);
        }
        if row.is_some_and(|row| row.is_held_but_by(job.id.0, now)) {
            return Err(Error::BooksUnreachable(BooksError::NotNow { until: now + HELD_GAP }));
        }
        self.sync_as_job(db, job, Lane::UserAction).await
    }

    /// Stops it after the page that is being read. What was kept stays, and the next reading goes on there. It may be anybody's,
    /// the hourly one among them, so no payer stops it: all customers of the merchant would read old amounts.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a payer.
    pub async fn cancel_download(&self, pass: &SyncPass) -> Result<(), Error> {
        if pass.who.role == Role::Payer {
            return Err(Error::NotFound);
        }
        let tx = pass.db.begin().await?;
        let row = tx.sync_hold(SyncKind::Changes, self.now()).await?;
        if row.state.is_under_way() {
            for download in [of(&row), after(&row)] {
                tx.job_needless(&download.key("")).await?;
            }
            tx.sync_write(row.let_go(SyncState::Cancelled)).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// The job of whoever asked for this reading.
fn of(row: &SyncRow) -> Work {
    Work::DownloadBooks { asked_ms: row.asked_at.timestamp_millis() }
}

/// That of whoever asked while it was read: one, however many did.
fn after(row: &SyncRow) -> Work {
    Work::DownloadBooks { asked_ms: row.began_at.unwrap_or(row.asked_at).timestamp_millis() }
}
