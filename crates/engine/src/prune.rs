//! Once a day, away with what means nothing any more, in small batches, so that nobody waits for the lock. Nothing about
//! money is ever deleted: payments, attempts, facts, postings and what they refer to stay. What payers agreed to stays as
//! well; where that came from is forgotten.

use crate::{Engine, Error, consent::TRACEABLE_FOR, doors::SESSION_IDLE};
use chrono::TimeDelta;
use domain::integration::IntegrationKind;
use store::MerchantDb;

const DONE_JOBS: TimeDelta = TimeDelta::days(30);
const EXPIRED_CHECKOUTS: TimeDelta = TimeDelta::days(1);
const PROCESSED_NEWS: TimeDelta = TimeDelta::days(90);
/// What a program asks again after that is done once more.
const ASKED_BY_PROGRAMS: TimeDelta = TimeDelta::days(30);
/// What an endpoint has not got by then, it never gets.
const EVENTS: TimeDelta = TimeDelta::days(90);
const ROWS_PER_BATCH: u64 = 500;
/// What is left after so many batches waits for the next day.
const BATCHES_MAX: u32 = 4_000;

impl Engine {
    /// The rows of one merchant; those of nobody go with the first of the day. Another process may look for them again.
    pub(crate) async fn prune(&self, db: &MerchantDb) -> Result<(), Error> {
        let today = self.now().date_naive().to_string();
        if self.0.prunings.is_new(&today) {
            self.prune_rows_of_nobody().await?;
            self.0.prunings.remember(today);
        }
        self.prune_rows_of(db).await
    }

    /// Sessions and counts.
    async fn prune_rows_of_nobody(&self) -> Result<(), Error> {
        let now = self.now();
        for _ in 0..BATCHES_MAX {
            let sessions = self.store().sessions_prune(now, now - SESSION_IDLE, ROWS_PER_BATCH).await?;
            let counts = self.store().throttle_prune(now, ROWS_PER_BATCH).await?;
            if is_last([sessions, counts]) {
                break;
            }
        }
        Ok(())
    }

    async fn prune_rows_of(&self, db: &MerchantDb) -> Result<(), Error> {
        let now = self.now();
        for _ in 0..BATCHES_MAX {
            let tx = db.begin().await?;
            let jobs = tx.jobs_prune(now - DONE_JOBS, ROWS_PER_BATCH).await?;
            let checkouts = tx.checkouts_prune(now - EXPIRED_CHECKOUTS, ROWS_PER_BATCH).await?;
            let advances = tx.advances_prune(now - EXPIRED_CHECKOUTS, ROWS_PER_BATCH).await?;
            let news = tx.webhooks_prune(now - PROCESSED_NEWS, ROWS_PER_BATCH).await?;
            let origins = tx.consents_forget(now - TRACEABLE_FOR, ROWS_PER_BATCH).await?;
            let events = tx.events_prune(now - EVENTS, ROWS_PER_BATCH).await?;
            let asked = now - ASKED_BY_PROGRAMS;
            let asked = tx.integration_requests_prune(IntegrationKind::Api, asked, ROWS_PER_BATCH).await?;
            tx.commit().await?;
            if is_last([jobs, checkouts, advances, news, origins, events, asked]) {
                break;
            }
        }
        Ok(())
    }
}

/// No table has had a full batch.
fn is_last<const TABLES: usize>(pruned: [u64; TABLES]) -> bool {
    pruned.iter().all(|rows| *rows < ROWS_PER_BATCH)
}
