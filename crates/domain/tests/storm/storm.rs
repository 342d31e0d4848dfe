//! Two processes, their payers and their jobs, and the vendor: a story of events in their order, told by a seed.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    governor::{Allowance, BEGUN_WAIT, Budget, Heard, Limits, PAGE_WAIT, PEOPLE_WAIT, Problem, Purse, Queue, Refused},
    lane::Lane,
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    fmt,
};
use uuid::Uuid;

/// Of one client and one organisation (`wire/accounting.md`, 1.4).
const XERO: Limits = Limits {
    concurrent: 5,
    place_taken: TimeDelta::zero(),
    minute: 60,
    day: Some(DAY_MAX),
    app_minute: Some(10_000),
    app_month: None,
};
const DAY_MAX: u32 = 5_000;
pub const PAYERS: u32 = 500;
/// 10,000 changed invoices, read by their ids as webhooks tell of them: 40 a call (`wire/accounting.md`, 4.1).
const SYNC_CALLS: u32 = 10_000 / 40;
const TEN_MINUTES_MS: i64 = 10 * 60 * 1_000;
/// A service that runs every five minutes makes so many calls.
const INTERVAL_CALLS: u32 = 4;
const INTERVAL_MS: i64 = 5 * 60 * 1_000;
/// Between opening a page and pressing Pay, and between the charge and its posting.
const READS_MS: i64 = 15_000;
const CHARGE_MS: i64 = 1_500;
/// A lease that nobody uses goes back.
const IDLE_MS: i64 = 5_000;
/// Whoever waits looks again this often.
const LOOK_MS: i64 = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    One,
    /// Each lane has its own.
    Three,
}

#[derive(Clone, Debug, Default)]
pub struct Told {
    pub paid: u32,
    pub posted: u32,
    /// Pages that showed what was last read, because people who press Pay come first.
    pub stale_pages: u32,
    /// Of people who pressed Pay.
    pub longest_wait_ms: i64,
    pub posted_ms: i64,
    pub synced_ms: i64,
    pub calls: u32,
    pub refusals: u32,
    /// Refusals right after another one.
    pub refusals_in_a_row: u32,
    /// Questions to the database.
    pub transactions: u32,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { paid, posted, stale_pages, longest_wait_ms, posted_ms, synced_ms, .. } = self;
        let Self { calls, refusals, refusals_in_a_row, transactions, .. } = self;
        let minutes = |ms: &i64| format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60);
        let (posted_in, synced_in) = (minutes(posted_ms), minutes(synced_ms));
        writeln!(f, "  paid {paid}, posted {posted} within {posted_in}, {stale_pages} pages showed the last reading")?;
        writeln!(f, "  whoever pressed Pay waited {longest_wait_ms} ms at most; synced within {synced_in}")?;
        write!(f, "  {calls} calls, {transactions} transactions, {refusals} refusals, {refusals_in_a_row} in a row")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Errand {
    /// A page of a payer.
    Page,
    /// A payer has pressed Pay.
    Press,
    Post,
    Sync,
    /// One call of a service, and how many came before.
    Service(u32),
}

/// Somebody who wants a call, since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Caller {
    errand: Errand,
    since_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wants(Caller),
    Arrives { caller: Caller, sent_ms: i64 },
    Ends { caller: Caller, sent_ms: i64, left: (u32, u32), refused_for_ms: Option<i64> },
    Idle { process: usize, client: usize },
}

/// Xero's limits for one client, as its notes have them.
#[derive(Default)]
struct Vendor {
    running: u32,
    minute_since_ms: i64,
    minute: u32,
    day: u32,
    was_refused: bool,
}

impl Vendor {
    /// Lets a call in, or says how long it must wait: not at all, when too many are under way.
    fn enter(&mut self, now_ms: i64) -> Result<(), i64> {
        if self.minute == 0 || now_ms - self.minute_since_ms >= 60_000 {
            (self.minute_since_ms, self.minute) = (now_ms, 0);
        }
        let refused = if self.running >= XERO.concurrent {
            Some(0)
        } else if self.minute >= XERO.minute || self.day >= DAY_MAX {
            Some((self.minute_since_ms + 60_000 - now_ms + 999) / 1_000 * 1_000)
        } else {
            None
        };
        if let Some(wait_ms) = refused {
            return Err(wait_ms);
        }
        self.running += 1;
        self.minute += 1;
        self.day += 1;
        Ok(())
    }

    const fn left(&self) -> (u32, u32) {
        (XERO.minute.saturating_sub(self.minute), DAY_MAX.saturating_sub(self.day))
    }
}

struct Storm {
    clients: Clients,
    dice: Dice,
    now_ms: i64,
    events: BinaryHeap<Reverse<(i64, u64, Event)>>,
    number: u64,
    vendors: [Vendor; 3],
    budgets: [Budget; 3],
    purses: HashMap<(usize, usize), Purse>,
    synced: u32,
    told: Told,
}

/// Tells the whole story.
pub fn storm(clients: Clients, seed: u64) -> Told {
    let mut storm = Storm {
        clients,
        dice: Dice(seed),
        now_ms: 0,
        events: BinaryHeap::new(),
        number: 0,
        vendors: Default::default(),
        budgets: Default::default(),
        purses: HashMap::new(),
        synced: 0,
        told: Told::default(),
    };
    for payer in 0..PAYERS {
        let gap_ms = TEN_MINUTES_MS / i64::from(PAYERS);
        let opens_ms = i64::from(payer) * gap_ms + storm.dice.between(0, gap_ms);
        storm.wants(opens_ms, Errand::Page);
        storm.wants(opens_ms + READS_MS, Errand::Press);
    }
    storm.wants(0, Errand::Sync);
    for round in 0..6 {
        storm.wants(round * INTERVAL_MS, Errand::Service(0));
    }
    while let Some(Reverse((now_ms, _, event))) = storm.events.pop() {
        storm.now_ms = now_ms;
        storm.happens(event);
    }
    storm.told
}

impl Storm {
    fn at(&mut self, at_ms: i64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((at_ms, self.number, event)));
    }

    fn wants(&mut self, at_ms: i64, errand: Errand) {
        self.at(at_ms, Event::Wants(Caller { errand, since_ms: at_ms }));
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Wants(caller) => self.tries(caller),
            Event::Arrives { caller, sent_ms } => self.arrives(caller, sent_ms),
            Event::Ends { caller, sent_ms, left, refused_for_ms } => self.ends(caller, sent_ms, left, refused_for_ms),
            Event::Idle { process, client } => {
                let now = moment(self.now_ms);
                if self.purse(process, client).has_something_back(now) {
                    self.gives_back(process, client);
                }
            }
        }
    }

    fn tries(&mut self, caller: Caller) {
        let Caller { errand, since_ms } = caller;
        let (queue, now) = (queue_of(errand), moment(self.now_ms));
        let again = self.begins(errand, queue, now);
        let Some(again) = again else {
            if errand == Errand::Press {
                self.told.longest_wait_ms = self.told.longest_wait_ms.max(self.now_ms - since_ms);
            }
            let arrives_ms = self.now_ms + self.dice.between(20, 120);
            return self.at(arrives_ms, Event::Arrives { caller, sent_ms: self.now_ms });
        };
        let again_ms = again.timestamp_millis().max(self.now_ms + 10);
        let has_begun = match errand {
            Errand::Sync => self.synced > 0,
            Errand::Service(before) => before > 0,
            _ => false,
        };
        match errand {
            Errand::Page if again_ms - since_ms > PAGE_WAIT.num_milliseconds() => self.told.stale_pages += 1,
            Errand::Page => self.at(again_ms.min(self.now_ms + LOOK_MS), Event::Wants(caller)),
            Errand::Press => {
                // Whoever is told that there is none has waited for as long as there was any use in it.
                if again_ms - since_ms > PEOPLE_WAIT.num_milliseconds() {
                    self.told.longest_wait_ms = self.told.longest_wait_ms.max(again_ms - since_ms);
                }
                self.at(again_ms.min(self.now_ms + LOOK_MS), Event::Wants(caller));
            }
            _ if has_begun && again_ms - since_ms <= BEGUN_WAIT.num_milliseconds() => {
                self.at(again_ms.min(self.now_ms + LOOK_MS), Event::Wants(caller));
            }
            _ => {
                let (process, client) = self.whose(errand);
                let turn = self.purse(process, client).send_away(&XERO, queue, moment(again_ms));
                self.wants(turn.timestamp_millis(), errand);
            }
        }
    }

    /// Begins a call, or says when there may be one.
    fn begins(&mut self, errand: Errand, queue: Queue, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (process, client) = self.whose(errand);
        let purse = self.purse(process, client);
        if purse.begin(queue, now) {
            return None;
        }
        if let Some(again) = purse.again_at(queue, now) {
            return Some(again);
        }
        let ask = purse.ask(queue, client == 0, now);
        let grant = self.budgets[client].lease(&XERO, &ask, now);
        self.told.transactions += 1;
        let purse = self.purse(process, client);
        purse.granted(queue, &grant);
        (!purse.begin(queue, now)).then_some(grant.again_at)
    }

    fn arrives(&mut self, caller: Caller, sent_ms: i64) {
        let (_, client) = self.whose(caller.errand);
        let vendor = &mut self.vendors[client];
        let entered = vendor.enter(self.now_ms);
        let left = vendor.left();
        self.told.refusals_in_a_row += u32::from(vendor.was_refused && entered.is_err());
        vendor.was_refused = entered.is_err();
        self.told.refusals += u32::from(entered.is_err());
        self.told.calls += u32::from(entered.is_ok());
        let takes_ms = if entered.is_ok() { self.dice.between(250, 600) } else { 20 };
        let refused_for_ms = entered.err();
        self.at(self.now_ms + takes_ms, Event::Ends { caller, sent_ms, left, refused_for_ms });
    }

    fn ends(&mut self, caller: Caller, sent_ms: i64, left: (u32, u32), refused_for_ms: Option<i64>) {
        let (process, client) = self.whose(caller.errand);
        let refused = refused_for_ms.map(|ms| Refused {
            problem: if ms == 0 { Problem::Concurrent } else { Problem::Minute },
            retry_after: (ms > 0).then(|| TimeDelta::milliseconds(ms)),
        });
        let said = Allowance { minute_left: Some(left.0), day_left: Some(left.1), app_minute_left: None, refused };
        let heard = Heard { sent_at: moment(sent_ms), heard_at: moment(self.now_ms), said };
        let purse = self.purse(process, client);
        purse.end(queue_of(caller.errand), Some(heard));
        let (must_tell, is_idle) = (purse.must_tell(), purse.is_idle());
        if must_tell {
            self.gives_back(process, client);
        } else if is_idle {
            self.at(self.now_ms + IDLE_MS, Event::Idle { process, client });
        }
        if refused.is_some() {
            return self.wants(self.now_ms + 1_000, caller.errand);
        }
        self.vendors[client].running -= 1;
        self.follows(caller.errand);
    }

    /// What is done next, by whoever has had a call.
    fn follows(&mut self, errand: Errand) {
        match errand {
            Errand::Page => {}
            Errand::Press => {
                self.told.paid += 1;
                self.wants(self.now_ms + CHARGE_MS, Errand::Post);
            }
            Errand::Post => {
                self.told.posted += 1;
                self.told.posted_ms = self.now_ms;
            }
            Errand::Sync => {
                self.synced += 1;
                self.told.synced_ms = self.now_ms;
                if self.synced < SYNC_CALLS {
                    self.wants(self.now_ms, Errand::Sync);
                }
            }
            Errand::Service(before) if before + 1 < INTERVAL_CALLS => {
                self.wants(self.now_ms, Errand::Service(before + 1));
            }
            Errand::Service(_) => {}
        }
    }

    fn gives_back(&mut self, process: usize, client: usize) {
        let back = self.purse(process, client).back();
        self.budgets[client].give_back(&XERO, &back, moment(self.now_ms));
        self.told.transactions += 1;
    }

    fn purse(&mut self, process: usize, client: usize) -> &mut Purse {
        let holder = Uuid::from_u128(if process == 0 { 1 } else { 2 });
        self.purses.entry((process, client)).or_insert_with(|| Purse::new(holder, &XERO))
    }

    /// Pages and presses are of the process that serves the web, all else is of the worker's; and by which client.
    fn whose(&self, errand: Errand) -> (usize, usize) {
        let process = usize::from(!matches!(errand, Errand::Page | Errand::Press));
        let client = match (self.clients, queue_of(errand)) {
            (Clients::One, _) | (_, Queue::People | Queue::Pages | Queue::Jobs(Lane::UserAction)) => 0,
            (_, Queue::Jobs(Lane::CompanySync)) => 1,
            (_, Queue::Jobs(Lane::Background)) => 2,
        };
        (process, client)
    }
}

const fn queue_of(errand: Errand) -> Queue {
    match errand {
        Errand::Press => Queue::People,
        Errand::Page => Queue::Pages,
        Errand::Post => Queue::Jobs(Lane::UserAction),
        Errand::Sync => Queue::Jobs(Lane::CompanySync),
        Errand::Service(_) => Queue::Jobs(Lane::Background),
    }
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
}

/// Chance that follows from a seed: SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    /// Both ends are possible.
    fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        from + (mixed % (to - from + 1).unsigned_abs()).cast_signed()
    }
}
