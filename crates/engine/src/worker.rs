//! The worker: claims what is due, runs it, and queues what falls due by the clock. Any number of them may run.

use crate::{Engine, Error, jobs::Work};
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use std::time::Duration;
use store::NewJob;

const JOBS_AT_ONCE: u32 = 16;
/// Longer than the slowest job: a books call with its retries.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// A job queued by another process is seen after this long at most.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Books are read this often without anybody asking.
const SYNC_EVERY_MINUTES: i64 = 5;

pub struct Worker {
    engine: Engine,
}

impl Worker {
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Works until `stop` resolves; what was begun is finished.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let busy = self.step().await.unwrap_or_else(|cause| {
                tracing::error!(%cause, "The worker cannot reach the database and will try again.");
                0
            });
            if busy == JOBS_AT_ONCE as usize {
                continue;
            }
            tokio::select! {
                () = &mut stop => return,
                () = self.engine.0.bell.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// One round: queues what the clock demands, claims what is due and runs it. Answers how many jobs ran.
    ///
    /// # Errors
    /// The database is away.
    pub async fn step(&self) -> Result<usize, Error> {
        self.queue_by_clock().await?;
        let now = self.engine.now();
        let jobs = self.engine.store().jobs_claim(now, now + LEASE, JOBS_AT_ONCE).await?;
        let count = jobs.len();
        stream::iter(jobs).for_each_concurrent(None, async |job| self.engine.run_job(&job).await).await;
        Ok(count)
    }

    /// Keyed by the period, so that nothing depends on how often or on how many nodes this runs.
    async fn queue_by_clock(&self) -> Result<(), Error> {
        let now = self.engine.now();
        let period = (now.timestamp() / 60 / SYNC_EVERY_MINUTES).to_string();
        if !self.engine.0.rounds.is_new(&period) {
            return Ok(());
        }
        for db in self.engine.store().door_rounds().await? {
            if db.connection_of_kind("books").await?.is_none() {
                continue;
            }
            let work = Work::SyncBooks;
            let job = NewJob {
                payment: None,
                unique_key: work.key(&period),
                body: serde_json::to_string(&work)?,
                run_at: now,
            };
            let tx = db.begin().await?;
            tx.job_add(job, now).await?;
            tx.commit().await?;
        }
        self.engine.0.rounds.remember(period);
        Ok(())
    }
}

/// The last period whose work was queued by this process: spares the database the question twice a second.
#[derive(Default)]
pub(crate) struct Rounds(std::sync::Mutex<String>);

impl Rounds {
    fn is_new(&self, period: &str) -> bool {
        self.0.lock().is_ok_and(|last| *last != period)
    }

    fn remember(&self, period: String) {
        if let Ok(mut last) = self.0.lock() {
            *last = period;
        }
    }
}
