//! The worker: claims what is due, runs it, and queues what falls due by the clock. Any number of them may run.

use crate::{Engine, Error, jobs::Work};
use chrono::TimeDelta;
use domain::asking::LOOK_UP_AFTER;
use std::{sync::Arc, time::Duration};
use store::{ConnectionState, Job, MerchantDb};
use tokio::{sync::OwnedRwLockReadGuard, task::JoinSet};

/// A worker with fewer jobs under way claims as many more, so it may run almost twice as many. One size, so that the
/// databases keep one plan of the statement.
const BATCH: u32 = 16;
/// A worker that died keeps its jobs from others no longer than this.
const LEASE: TimeDelta = TimeDelta::seconds(15);
/// A worker that lives says so this often.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// Jobs that are queued so soon after one another are claimed together: each claim is a durable commit.
const GATHER: Duration = Duration::from_millis(20);
/// A job queued by another process is seen after this long at most.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Books are read this often without anybody asking.
const SYNC_EVERY_MINUTES: i64 = 5;
/// Attempts of which nothing was heard are looked for this often, so many at once.
const SWEEP_EVERY_SECONDS: i64 = 5;
const SWEEP_MAX: u64 = 500;
/// So long after a day's first look its comparison begins: what looks for lost news by itself has had its turn.
const RECONCILE_AFTER: TimeDelta = TimeDelta::hours(3);
/// What was written down is sealed into the audit trail this often: so few at once that nobody waits long for SQLite's one
/// writer, and so many batches in a row that jobs do not wait either.
const SEAL_EVERY_SECONDS: i64 = 2;
const SEAL_MAX: usize = 256;
const SEAL_BATCHES_MAX: u32 = 20;

pub struct Worker {
    engine: Engine,
}

impl Worker {
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Works until `stop` resolves; what was begun is finished. A slow job holds up none but itself.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut running = JoinSet::new();
        loop {
            let more = self.start_due(&mut running).await.unwrap_or_else(|cause| {
                tracing::error!(cause = %crate::jobs::chain(&cause), "The worker cannot reach the database and will try again.");
                false
            });
            tokio::select! {
                () = &mut stop => break,
                () = self.engine.0.bell.notified() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some(_) = running.join_next(), if more => {}
            }
        }
        running.join_all().await;
    }

    /// Queues what has fallen due, and starts as many due jobs as there is room for. `true`: more may be due.
    async fn start_due(&self, running: &mut JoinSet<()>) -> Result<bool, Error> {
        let tables = Arc::new(Arc::clone(&self.engine.0.tables).read_owned().await);
        if let Err(cause) = self.sweep().await {
            tracing::error!(cause = %crate::jobs::chain(&cause), "The sweep did not get to its end and will try again.");
        }
        if let Err(cause) = self.seal().await {
            tracing::error!(cause = %crate::jobs::chain(&cause), "Audit trails could not be sealed and will be again.");
        }
        self.queue_by_clock().await?;
        while running.try_join_next().is_some() {}
        if running.len() >= BATCH as usize {
            return Ok(true);
        }
        let now = self.engine.now();
        let jobs = self.engine.store().jobs_claim(now, now + LEASE, BATCH).await?;
        let full = jobs.len() == BATCH as usize;
        for job in jobs {
            running.spawn(run(self.engine.clone(), job, Arc::clone(&tables)));
        }
        Ok(full)
    }

    /// Queues a look-up for each attempt and refund whose process died before it heard anything (D2, D4).
    async fn sweep(&self) -> Result<(), Error> {
        let now = self.engine.now();
        let period = (now.timestamp() / SWEEP_EVERY_SECONDS).to_string();
        if !self.engine.0.sweeps.is_new(&period) {
            return Ok(());
        }
        for (db, attempt) in self.engine.store().door_unheard(now - LOOK_UP_AFTER, SWEEP_MAX).await? {
            let tx = db.begin().await?;
            Work::LookUp { attempt: attempt.id }.queue(&tx, Some(attempt.payment_id), now, now).await?;
            tx.commit().await?;
        }
        for (db, refund) in self.engine.store().door_refunds_unheard(now - LOOK_UP_AFTER, SWEEP_MAX).await? {
            let payment = db.attempt(refund.attempt_id).await?.payment_id;
            let tx = db.begin().await?;
            let look_up = Work::LookUpRefund { refund: refund.id, revived: false };
            look_up.queue(&tx, Some(payment), now, now).await?;
            tx.commit().await?;
        }
        for (db, method) in self.engine.store().door_methods_unheard(now - LOOK_UP_AFTER, SWEEP_MAX).await? {
            let tx = db.begin().await?;
            Work::LookUpMethod { method: method.id }.queue(&tx, None, now, now).await?;
            tx.commit().await?;
        }
        self.engine.0.sweeps.remember(period);
        Ok(())
    }

    /// Seals what was written down since the last time into the audit trail of each merchant. One that somebody has touched
    /// keeps no other waiting.
    async fn seal(&self) -> Result<(), Error> {
        let period = (self.engine.now().timestamp() / SEAL_EVERY_SECONDS).to_string();
        if !self.engine.0.seals.is_new(&period) {
            return Ok(());
        }
        for db in self.engine.store().door_unsealed().await? {
            if let Err(cause) = seal(&db).await {
                let merchant = db.merchant_id();
                tracing::error!(merchant.id = %merchant, cause = %crate::jobs::chain(&cause), "An audit trail could not be sealed.");
            }
        }
        self.engine.0.seals.remember(period);
        Ok(())
    }

    /// Keyed by the period, so that nothing depends on how often or on how many nodes this runs.
    async fn queue_by_clock(&self) -> Result<(), Error> {
        let now = self.engine.now();
        let period = (now.timestamp() / 60 / SYNC_EVERY_MINUTES).to_string();
        if !self.engine.0.rounds.is_new(&period) {
            return Ok(());
        }
        let day = now.date_naive().to_string();
        for db in self.engine.store().door_rounds().await? {
            // Broken ones wait for a person.
            let books = db.connection_of_kind("books").await?;
            let tx = db.begin().await?;
            if books.is_some_and(|books| books.state != ConnectionState::Broken) {
                Work::SyncBooks.queue_for(&tx, &period, now).await?;
            }
            Work::Prune.queue_for(&tx, &day, now).await?;
            Work::LookForReturns.queue_for(&tx, &day, now).await?;
            Work::LookForExpiry.queue_for(&tx, &day, now).await?;
            Work::Reconcile.queue_for_at(&tx, &day, now + RECONCILE_AFTER, now).await?;
            tx.commit().await?;
        }
        self.engine.0.rounds.remember(period);
        Ok(())
    }
}

async fn seal(db: &MerchantDb) -> Result<(), Error> {
    for _ in 0..SEAL_BATCHES_MAX {
        let tx = db.begin().await?;
        let sealed = tx.audit_seal(SEAL_MAX).await?;
        tx.commit().await?;
        if sealed < SEAL_MAX {
            break;
        }
    }
    Ok(())
}

/// Runs one job and renews its lease as long as that takes.
async fn run(engine: Engine, job: Job, _tables: Arc<OwnedRwLockReadGuard<()>>) {
    let renewing = async {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            if let Err(cause) = engine.store().job_renew(&job, engine.now() + LEASE).await {
                tracing::warn!(job.id = %job.id, %cause, "A lease could not be renewed.");
            }
        }
    };
    tokio::select! {
        () = engine.run_job(&job) => {}
        () = renewing => {}
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
