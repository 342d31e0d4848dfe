//! The worker: claims what is due, runs it, and queues what falls due by the clock. Any number of them may run. One merchant's
//! vendor that does not answer holds up that merchant alone.

use crate::{Engine, Error, Lane, jobs::chain, set_up::route, work::Work};
use chrono::TimeDelta;
use domain::{asking::LOOK_UP_AFTER, ids::MerchantId};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{ConnectionState, Job, MerchantDb};
use tokio::{
    sync::OwnedRwLockReadGuard,
    task::{AbortHandle, JoinSet},
};

/// A worker with fewer jobs under way claims as many more, so it may run almost twice as many. One size, so that the
/// databases keep one plan of the statement.
const BATCH: u32 = 16;
/// A job that takes longer waits for a vendor, and keeps no room from others any more: but its merchant, with `BATCH` of them
/// under way, gets no more.
const SLOW_AFTER: Duration = Duration::from_millis(250);
/// A job that waits costs memory alone. Sixteen merchants whose vendors do not answer fill a worker.
const UNDER_WAY_MAX: usize = 16 * BATCH as usize;
/// A worker that died keeps its jobs from others no longer than this.
const LEASE: TimeDelta = TimeDelta::seconds(15);
/// A worker that lives says so this often.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// Jobs that are queued so soon after one another are claimed together: each claim is a durable commit.
const GATHER: Duration = Duration::from_millis(20);
/// A job queued by another process is seen after this long at most.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// So often a worker looks whether a later version has migrated the database.
const SCHEMA_EVERY: Duration = Duration::from_secs(30);
/// Books are read this often without anybody asking.
const SYNC_EVERY_MINUTES: i64 = 5;
/// Attempts of which nothing was heard are looked for this often, so many at once.
const SWEEP_EVERY_SECONDS: i64 = 5;
const SWEEP_MAX: u64 = 500;
/// So long after a day's first look its comparison begins: what looks for lost news by itself has had its turn.
const RECONCILE_AFTER: TimeDelta = TimeDelta::hours(3);
/// And so long after a week's, all that is open in the books is looked through.
const SWEEP_BOOKS_AFTER: TimeDelta = TimeDelta::hours(5);
/// What was written down is sealed into the audit trail this often: so few at once that nobody waits long for SQLite's one
/// writer, and so many batches in a row that jobs do not wait either.
const SEAL_EVERY_SECONDS: i64 = 2;
const SEAL_MAX: usize = 256;
const SEAL_BATCHES_MAX: u32 = 20;
/// What happened is numbered, and endpoints that are behind are looked for, this often.
const TELL_EVERY_SECONDS: i64 = 1;

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
        let mut running = Running::default();
        loop {
            let more = self.start_due(&mut running).await.unwrap_or_else(|cause| {
                tracing::error!(cause = %chain(&cause), "The worker cannot reach the database and will try again.");
                false
            });
            tokio::select! {
                () = &mut stop => break,
                () = self.engine.0.bell.notified() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(if more { SLOW_AFTER } else { LOOK_EVERY }) => {}
                Some(_) = running.tasks.join_next(), if more => {}
            }
        }
        running.tasks.join_all().await;
    }

    /// Queues what has fallen due, and starts as many due jobs as there is room for. `true`: more may be due.
    async fn start_due(&self, running: &mut Running) -> Result<bool, Error> {
        let tables = Arc::new(Arc::clone(&self.engine.0.tables).read_owned().await);
        if self.is_outdated(running).await? {
            return Ok(false);
        }
        if let Err(cause) = self.sweep().await {
            tracing::error!(cause = %chain(&cause), "The sweep did not get to its end and will try again.");
        }
        if let Err(cause) = self.seal().await {
            tracing::error!(cause = %chain(&cause), "Audit trails could not be sealed and will be again.");
        }
        if let Err(cause) = self.tell().await {
            tracing::error!(cause = %chain(&cause), "Events could not be queued for partners and will be again.");
        }
        self.queue_by_clock().await?;
        running.forget_ended();
        if !running.has_room() {
            return Ok(true);
        }
        let (now, full) = (self.engine.now(), running.full_merchants());
        let jobs = self.engine.store().jobs_claim(now, now + LEASE, BATCH, &full).await?;
        let more = jobs.len() == BATCH as usize;
        for job in jobs {
            let merchant = job.merchant_id;
            let task = running.tasks.spawn(run(self.engine.clone(), job, Arc::clone(&tables)));
            running.jobs.push(UnderWay { merchant, since: Instant::now(), task });
        }
        Ok(more || !full.is_empty())
    }

    /// A later version has migrated the database: by what this one would do there, something of its rows might be forgotten.
    async fn is_outdated(&self, running: &mut Running) -> Result<bool, Error> {
        let asked = running.schema_asked.filter(|at| at.elapsed() < SCHEMA_EVERY);
        if asked.is_none() {
            let is_newer = self.engine.store().is_newer().await?;
            if is_newer && !running.is_outdated {
                tracing::error!(
                    "The database was migrated by a later version. This worker begins nothing more: stop it."
                );
            }
            (running.schema_asked, running.is_outdated) = (Some(Instant::now()), is_newer);
        }
        Ok(running.is_outdated)
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
                tracing::error!(merchant.id = %merchant, cause = %chain(&cause), "An audit trail could not be sealed.");
            }
        }
        self.engine.0.seals.remember(period);
        Ok(())
    }

    /// Numbers what has happened, and has what an endpoint has not got sent there (D7). A job of one that is waiting, or under
    /// way, is left alone; what that did not see is seen here the next time.
    async fn tell(&self) -> Result<(), Error> {
        let now = self.engine.now();
        let period = (now.timestamp() / TELL_EVERY_SECONDS).to_string();
        if !self.engine.0.tellings.is_new(&period) {
            return Ok(());
        }
        for db in self.engine.store().door_unnumbered().await? {
            if let Err(cause) = self.engine.number_events(&db).await {
                let merchant = db.merchant_id();
                tracing::error!(merchant.id = %merchant, cause = %chain(&cause), "Events could not be numbered.");
            }
        }
        for (db, endpoint) in self.engine.store().door_endpoints_behind().await? {
            let send = Work::SendEvents { endpoint };
            if db.jobs_alive(vec![send.key("")]).await?.is_empty() {
                let tx = db.begin().await?;
                send.queue_again(&tx, None, now).await?;
                tx.commit().await?;
            }
        }
        self.engine.0.tellings.remember(period);
        Ok(())
    }

    /// Keyed by the period, so that nothing depends on how often or on how many nodes this runs.
    async fn queue_by_clock(&self) -> Result<(), Error> {
        let now = self.engine.now();
        let period = (now.timestamp() / 60 / SYNC_EVERY_MINUTES).to_string();
        if !self.engine.0.rounds.is_new(&period) {
            return Ok(());
        }
        let (day, hour) = (now.date_naive().to_string(), (now.timestamp() / 60 / 60).to_string());
        let week = (now.timestamp() / 60 / 60 / 24 / 7).to_string();
        for db in self.engine.store().door_rounds().await? {
            // Broken ones, and those that were paused or are not set up, wait for a person.
            let books = route(&db.merchant().await?, &db.connections().await?, Lane::Background);
            let tx = db.begin().await?;
            let may = books.is_some_and(|books| books.lane.state == ConnectionState::Working && !books.is_stopped());
            // One that waits for calls reads all that has changed until then.
            if may && db.jobs_waiting(&Work::SyncBooks.key("")).await?.is_empty() {
                Work::SyncBooks.queue_for(&tx, &period, now).await?;
            }
            if may {
                Work::SweepBooks { asked_ms: None }.queue_for_at(&tx, &week, now + SWEEP_BOOKS_AFTER, now).await?;
            }
            Work::Prune.queue_for(&tx, &day, now).await?;
            Work::LookForReturns.queue_for(&tx, &day, now).await?;
            Work::LookForExpiry.queue_for(&tx, &day, now).await?;
            Work::CheckRecords.queue_for(&tx, &hour, now).await?;
            Work::Reconcile.queue_for_at(&tx, &day, now + RECONCILE_AFTER, now).await?;
            Work::ReadPayouts.queue_for_at(&tx, &day, now + RECONCILE_AFTER, now).await?;
            tx.commit().await?;
        }
        self.engine.0.rounds.remember(period);
        Ok(())
    }
}

/// What a worker has under way.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    jobs: Vec<UnderWay>,
    schema_asked: Option<Instant>,
    is_outdated: bool,
}

struct UnderWay {
    merchant: MerchantId,
    since: Instant,
    task: AbortHandle,
}

impl Running {
    fn forget_ended(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.jobs.retain(|job| !job.task.is_finished());
    }

    fn has_room(&self) -> bool {
        let quick = self.jobs.iter().filter(|job| job.since.elapsed() < SLOW_AFTER).count();
        quick < BATCH as usize && self.jobs.len() < UNDER_WAY_MAX
    }

    /// Those that get no more until some of theirs have ended.
    fn full_merchants(&self) -> Vec<MerchantId> {
        let mut counts: HashMap<_, u32> = HashMap::new();
        for job in &self.jobs {
            *counts.entry(job.merchant).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count >= BATCH).map(|(merchant, _)| merchant).collect()
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

/// The last period whose work this process has queued or done: spares the database the question twice a second.
#[derive(Default)]
pub(crate) struct Rounds(std::sync::Mutex<String>);

impl Rounds {
    pub(crate) fn is_new(&self, period: &str) -> bool {
        self.0.lock().is_ok_and(|last| *last != period)
    }

    pub(crate) fn remember(&self, period: String) {
        if let Ok(mut last) = self.0.lock() {
            *last = period;
        }
    }
}
