//! Lets each call to the books pass by its turn (`domain::governor`): most take one of the few that this process has leased,
//! the others ask the database for more. Nothing is open there while a vendor is called, and what a process that died had
//! leased runs out by itself. Where a vendor meters what an app reads in a month, each read passes by that as well.

use crate::{Engine, Lane, app_month::Meter};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::{
    BooksError,
    toll::{NoToll, Passage, Toll},
};
use domain::governor::{Allowance, BEGUN_WAIT, Heard, Limits, PAGE_WAIT, PEOPLE_WAIT, Purse, Queue, Standing};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::runtime::Handle;
use uuid::Uuid;

/// Whoever waits looks again this often at least, and at most.
const LOOK_EVERY: TimeDelta = TimeDelta::milliseconds(250);
const LOOK_GAP: TimeDelta = TimeDelta::milliseconds(10);
/// Work that is sent away comes again no sooner.
const AWAY_MIN: TimeDelta = TimeDelta::seconds(1);
/// A lease is looked at this long after its last call: a page that follows the other needs no new one.
const IDLE: Duration = Duration::from_secs(5);

/// What some calls belong to, and how they wait.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub lane: Lane,
    pub queue: Queue,
    waits: Waits,
    /// Some call of it has passed. What is half-way waits for the next one, because it would have to begin anew.
    begun: Arc<AtomicBool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// Somebody does, for a moment.
    Person,
    /// It comes again later.
    Job,
    /// It does without, after a moment.
    Glance,
}

impl Errand {
    fn new(lane: Lane, queue: Queue, waits: Waits) -> Self {
        Self { lane, queue, waits, begun: Arc::default() }
    }

    /// Somebody has pressed a button.
    pub(crate) fn person(lane: Lane) -> Self {
        Self::new(lane, Queue::People, Waits::Person)
    }

    /// The worker's.
    pub(crate) fn job(lane: Lane) -> Self {
        Self::new(lane, Queue::Jobs(lane), Waits::Job)
    }

    /// A page that shows what was last read, when there is no call to spare.
    pub(crate) fn glance(lane: Lane) -> Self {
        Self::new(lane, Queue::Pages, Waits::Glance)
    }

    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    fn patience(&self) -> TimeDelta {
        match self.waits {
            Waits::Person => PEOPLE_WAIT,
            Waits::Job if self.has_begun() => BEGUN_WAIT,
            Waits::Job => TimeDelta::zero(),
            Waits::Glance => PAGE_WAIT,
        }
    }
}

/// The budgets that this process calls by.
pub(crate) struct Turnstiles {
    holder: Uuid,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    /// Of apps whose reads are metered.
    meters: Mutex<HashMap<String, Arc<Meter>>>,
}

impl Turnstiles {
    pub(crate) fn new() -> Self {
        Self { holder: Uuid::now_v7(), gates: Mutex::default(), meters: Mutex::default() }
    }

    fn gate(&self, key: String, limits: Limits) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry(key).or_insert_with_key(|key| {
            Arc::new(Gate {
                key: key.clone(),
                limits,
                purse: Mutex::new(Purse::new(self.holder, &limits)),
                asking: Arc::default(),
                is_watched: AtomicBool::new(false),
            })
        });
        Arc::clone(gate)
    }

    fn meter(&self, app: String, of: u32) -> Arc<Meter> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let meter = meters.entry(app).or_insert_with_key(|app| Arc::new(Meter::new(app.clone(), of)));
        Arc::clone(meter)
    }
}

/// What this process has of one budget.
struct Gate {
    key: String,
    limits: Limits,
    purse: Mutex<Purse>,
    /// One question to the database at a time.
    asking: Arc<tokio::sync::Mutex<()>>,
    /// Somebody will look whether it is idle.
    is_watched: AtomicBool,
}

impl Gate {
    fn purse(&self) -> MutexGuard<'_, Purse> {
        self.purse.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// What each request of this errand passes; `key` names what the vendor counts together, `app` whose reads it may meter.
    /// `people_here`: people call by the same key.
    pub(crate) fn toll(
        &self,
        key: String,
        app: String,
        limits: Limits,
        errand: Errand,
        people_here: bool,
    ) -> Arc<dyn Toll> {
        if !self.0.settings.hold_books {
            return Arc::new(NoToll);
        }
        let meter = limits.app_month.map(|of| self.0.turnstiles.meter(app, of));
        let gate = self.0.turnstiles.gate(key, limits);
        Arc::new(Turnstile { engine: self.clone(), gate, meter, errand, people_here })
    }

    /// How a budget stands.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn budget_standing(&self, key: &str, limits: &Limits) -> Result<Standing, store::Error> {
        Ok(self.store().budget(key).await?.standing(limits, self.now()))
    }
}

struct Turnstile {
    engine: Engine,
    gate: Arc<Gate>,
    meter: Option<Arc<Meter>>,
    errand: Errand,
    people_here: bool,
}

impl fmt::Debug for Turnstile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turnstile").field("errand", &self.errand).finish_non_exhaustive()
    }
}

#[async_trait]
impl Toll for Turnstile {
    async fn enter(&self, reads: bool) -> Result<Box<dyn Passage>, BooksError> {
        let gives_up_at = self.engine.now() + self.errand.patience();
        let meter = self.meter.as_ref().filter(|_| reads);
        while let Some(again_at) = self.try_enter(meter).await? {
            let now = self.engine.now();
            if now >= gives_up_at || again_at > gives_up_at {
                return Err(self.sent_away(again_at.max(now + AWAY_MIN), now));
            }
            let wait = (again_at - now).clamp(LOOK_GAP, LOOK_EVERY);
            tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
        }
        self.errand.begun.store(true, Ordering::Relaxed);
        let (engine, gate, queue) = (self.engine.clone(), Arc::clone(&self.gate), self.errand.queue);
        let call = UnderWay { sent_at: engine.now(), engine, gate, meter: self.meter.clone(), queue, heard: None };
        if let Some(meter) = meter {
            meter.count().await;
        }
        Ok(Box::new(call))
    }
}

impl Turnstile {
    /// Begins a call, or says when there may be one.
    async fn try_enter(&self, meter: Option<&Arc<Meter>>) -> Result<Option<DateTime<Utc>>, BooksError> {
        let queue = self.errand.queue;
        if let Some(meter) = meter
            && let Some(again_at) = meter.not_before(&self.engine, queue).await.map_err(uncounted)?
        {
            return Ok(Some(again_at));
        }
        if self.gate.purse().begin(queue, self.engine.now()) {
            return Ok(None);
        }
        let turn = Arc::clone(&self.gate.asking).lock_owned().await;
        let now = self.engine.now();
        let ask = {
            let mut purse = self.gate.purse();
            // Somebody else may have asked meanwhile.
            if purse.begin(queue, now) {
                return Ok(None);
            }
            if let Some(again_at) = purse.again_at(queue, now) {
                return Ok(Some(again_at));
            }
            purse.ask(queue, self.people_here, now)
        };
        let (engine, gate) = (self.engine.clone(), Arc::clone(&self.gate));
        // A task of its own: a visitor who hangs up must not take along what was leased.
        let leasing = tokio::spawn(async move {
            let (_turn, limits) = (turn, gate.limits);
            let lease = engine.store().budget_change(&gate.key, now, |budget| budget.lease(&limits, &ask, now));
            let grant = lease.await?;
            gate.purse().granted(queue, &grant);
            Ok::<_, store::Error>(grant.again_at)
        });
        let again_at = leasing.await.map_err(uncounted)?.map_err(uncounted)?;
        Ok((!self.gate.purse().begin(queue, self.engine.now())).then_some(again_at))
    }

    fn sent_away(&self, again_at: DateTime<Utc>, now: DateTime<Utc>) -> BooksError {
        if self.errand.has_begun() {
            return BooksError::Busy { after: (again_at - now).to_std().ok() };
        }
        let Errand { queue, waits, .. } = self.errand;
        let until = match waits {
            Waits::Job => self.gate.purse().send_away(&self.gate.limits, queue, again_at),
            Waits::Person | Waits::Glance => again_at,
        };
        BooksError::NotNow { until }
    }
}

/// A request that nobody has counted is not sent.
fn uncounted(cause: impl std::error::Error) -> BooksError {
    BooksError::Unreachable(format!("its calls cannot be counted: {cause}"))
}

/// One call.
struct UnderWay {
    engine: Engine,
    gate: Arc<Gate>,
    /// Of an app whose reads are metered.
    meter: Option<Arc<Meter>>,
    queue: Queue,
    sent_at: DateTime<Utc>,
    heard: Option<Heard>,
}

impl Passage for UnderWay {
    fn heard(&mut self, said: Allowance) {
        self.heard = Some(Heard { sent_at: self.sent_at, heard_at: self.engine.now(), said });
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let (must_tell, is_idle) = {
            let mut purse = self.gate.purse();
            purse.end(self.queue, self.heard.take());
            (purse.must_tell(), purse.is_idle())
        };
        // While the program ends there is nobody to do it, and the lease runs out.
        let Ok(runtime) = Handle::try_current() else { return };
        let (engine, gate) = (self.engine.clone(), Arc::clone(&self.gate));
        if must_tell {
            runtime.spawn(async move { settle(&engine, &gate).await });
        } else if is_idle && !self.gate.is_watched.swap(true, Ordering::Relaxed) {
            let meter = self.meter.take();
            runtime.spawn(async move { watch(&engine, &gate, meter.as_deref()).await });
        }
    }
}

/// Gives a lease back when nothing has used it for a while.
async fn watch(engine: &Engine, gate: &Gate, meter: Option<&Meter>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let mut purse = gate.purse();
        if !purse.is_idle() || purse.has_something_back(engine.now()) {
            break;
        }
    }
    gate.is_watched.store(false, Ordering::Relaxed);
    settle(engine, gate).await;
    if let Some(meter) = meter
        && let Err(cause) = meter.settle(engine).await
    {
        tracing::warn!(%cause, "What an app has read could not be written down; it will be with its next read.");
    }
}

async fn settle(engine: &Engine, gate: &Gate) {
    let _turn = gate.asking.lock().await;
    let now = engine.now();
    let back = {
        let mut purse = gate.purse();
        purse.has_something_back(now).then(|| purse.back())
    };
    let (Some(back), limits) = (back, gate.limits) else { return };
    let given = engine.store().budget_change(&gate.key, now, |budget| budget.give_back(&limits, &back, now));
    if let Err(cause) = given.await {
        tracing::warn!(%cause, "What is left of a vendor's limits could not be written down; the lease will run out.");
    }
}
