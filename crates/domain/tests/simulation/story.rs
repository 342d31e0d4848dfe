//! One story: what happens next, and what the portal's process does about it. Each step of the engine is an event of its
//! own (`take_payment.rs`, `settle_payment.rs`, `look_up_attempt.rs`, `receive_webhook.rs`), so that the process can die
//! between any two.

use crate::{
    checks,
    clock::{DAY, HOUR, MINUTE, Ms, SECOND, moment},
    dice::Dice,
    gateway::{ARRIVES_WITHIN, Found, Gateway, How, Kind, STRAGGLES_WITHIN},
    payments::Chosen,
    portal::{Portal, Work},
    rules::Rules,
};
use chrono::{DateTime, Utc};
use domain::{
    dispute::{DisputeSeen, DisputeState},
    payment::{AttemptState, Fact, Observation},
    refund::{RefundFact, RefundSeen},
};
use std::collections::BTreeMap;

/// Then nothing is left to happen.
const END: Ms = 90 * DAY;
/// A dead worker's jobs are free again.
const LEASE: Ms = 15 * SECOND;
/// How long a frozen process sleeps at most.
const FROZEN: Ms = 10 * MINUTE;
/// How long a gateway that is mute answers no question.
const MUTE: Ms = 30 * HOUR;
/// The whole time of one call.
pub const TIMEOUT: Ms = 15 * SECOND;

#[derive(Clone, Debug)]
pub enum Event {
    Press,
    /// With what the database and the books said when Pay was pressed.
    Intend {
        life: u32,
        claims_seen: u32,
        chosen: Vec<Chosen>,
    },
    Send {
        life: u32,
        attempt: usize,
    },
    /// With the life of whoever waits for the answer, and how long that takes.
    Arrive {
        attempt: usize,
        awaited: Option<(u32, Ms)>,
    },
    Hear {
        life: u32,
        attempt: usize,
        seen: Observation,
    },
    Read {
        life: u32,
        asked: Asked,
        found: Found<Observation>,
    },
    /// The payer pays on the gateway's page.
    Act(usize),
    /// Presses Cancel.
    Leave(usize),
    /// Comes back to our page.
    Return(usize),
    Progress {
        attempt: usize,
        to: Fact,
    },
    News {
        attempt: usize,
        event: u32,
    },
    Job(usize),
    Sweep(usize),
    RefundPress(usize),
    SendRefund {
        life: u32,
        refund: usize,
    },
    ArriveRefund {
        refund: usize,
        awaited: Option<(u32, Ms)>,
    },
    HearRefund {
        life: u32,
        refund: usize,
        seen: RefundSeen,
    },
    ReadRefund {
        life: u32,
        refund: usize,
        job: usize,
        found: Found<RefundSeen>,
    },
    /// Of the refund that has this place at the gateway.
    ProgressRefund {
        there: usize,
        to: RefundFact,
    },
    NewsOfRefund {
        there: usize,
        event: u32,
    },
    /// Somebody refunds at the gateway's own console.
    RefundThere(usize),
    ReadRefundThere {
        life: u32,
        there: usize,
        job: usize,
        seen: RefundSeen,
    },
    SweepRefund(usize),
    /// A person says that the gateway does not have a refund.
    DecideRefund(usize),
    /// With what follows from that, now that it was asked once more.
    DecidedRefund {
        life: u32,
        refund: usize,
        seen: RefundSeen,
    },
    /// A bank is asked for the money of a charge.
    Dispute(usize),
    ProgressDispute {
        dispute: usize,
        to: DisputeState,
    },
    NewsOfDispute {
        dispute: usize,
        event: u32,
    },
    ReadDispute {
        life: u32,
        dispute: usize,
        job: usize,
        seen: DisputeSeen,
    },
    /// A customer pays an invoice past the portal.
    PaidByHand(usize),
    /// A person says that the gateway does not have a charge.
    Decide(usize),
    /// With what it said when it was asked once more.
    Decided {
        life: u32,
        attempt: usize,
        found: Found<Observation>,
    },
    /// A person decides about a share that the books refused.
    SeeTo {
        attempt: usize,
        share: usize,
    },
    Die,
    Jump(Ms),
}

/// A question to the gateway, with what the asker had read of the attempt.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub attempt: usize,
    pub state: AttemptState,
    pub has_id: bool,
    pub job: Option<usize>,
}

/// How rough the world is. Clocks do not jump where something dawdles: what one waits for, the other skips, and nobody
/// promises both at once.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    /// Of calls and of news.
    pub lost_percent: u64,
    pub dawdles: bool,
    pub jumps: bool,
    pub deaths: u64,
}

/// What a story is about, beside payments and refunds. Most have little of it, so that a hundred thousand stay cheap.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    pub invoices: usize,
    pub surcharges: bool,
    /// Somebody pays past the portal, while others pay here.
    pub pays_by_hand: bool,
    /// The gateway answers no question about a charge or a refund for more than a day, so that people decide.
    pub is_mute: bool,
    /// Whoever is paid all of it back owes the invoices again.
    pub owes_again: bool,
    pub refunds_there: bool,
}

pub struct Story {
    pub dice: Dice,
    pub rules: Rules,
    pub gateway: Gateway,
    pub portal: Portal,
    pub trouble: Trouble,
    pub plot: Plot,
    pub now: Ms,
    /// How far the portal's clock is ahead.
    skew: Ms,
    queue: BTreeMap<(Ms, u32), Event>,
    planned: u32,
    pub life: u32,
    pub presses_left: u32,
    pub events: u32,
    /// Requests on their way, and answers that are not recorded yet, of each charge.
    pub under_way: Vec<u32>,
    pub readings: Vec<u32>,
    pub refunds_under_way: Vec<u32>,
    log: Option<Vec<String>>,
}

impl Story {
    pub fn new(seed: u64, rules: Rules, is_logged: bool) -> Self {
        let mut dice = Dice::new(seed);
        let kind = if dice.percent(60) { Kind::Replays } else { Kind::Lists };
        let lost_percent = dice.one_of([0, 10, 30, 60, 90]);
        let dawdles = dice.percent(50);
        let trouble = Trouble { lost_percent, dawdles, jumps: !dawdles && dice.percent(60), deaths: dice.below(3) };
        // By dice of their own: the other stories stay as they were.
        let mut more = Dice::new(!seed);
        let plot = Plot {
            invoices: dice.one_of([1, 1, 1, 2, 3]),
            surcharges: dice.percent(30),
            pays_by_hand: dice.percent(15),
            is_mute: more.percent(2),
            owes_again: more.percent(25),
            refunds_there: more.percent(10),
        };
        let mut story = Self {
            dice,
            rules,
            gateway: Gateway { kind, charges: Vec::new(), refunds: Vec::new(), disputes: Vec::new() },
            portal: Portal::new(plot.invoices),
            trouble,
            plot,
            now: 0,
            skew: 0,
            queue: BTreeMap::new(),
            planned: 0,
            life: 0,
            presses_left: 5,
            events: 0,
            under_way: Vec::new(),
            readings: Vec::new(),
            refunds_under_way: Vec::new(),
            log: is_logged.then(Vec::new),
        };
        story.begin();
        story
    }

    /// Tells the story to its end, or to where it breaks an invariant.
    pub fn tell(&mut self) -> Result<(), String> {
        while let Some(((at, _), event)) = self.queue.pop_first() {
            if at > END {
                break;
            }
            self.now = at;
            if let Some(log) = &mut self.log {
                log.push(format!("{:>10.3} s  {event:?}", at as f64 / 1e3));
            }
            self.step(event);
            if let Some(log) = &mut self.log {
                let charges = self.portal.attempts.iter().zip(&self.gateway.charges);
                let now: Vec<_> = charges.map(|(attempt, charge)| (attempt.state, &charge.truth)).collect();
                log.push(format!("              {now:?}, claims {:?}", self.portal.claims));
            }
            checks::at_each_step(self)?;
        }
        checks::at_the_end(self)
    }

    pub fn log(self) -> Vec<String> {
        self.log.unwrap_or_default()
    }

    /// It may still be made. A request that arrives after its like changes nothing.
    pub fn is_under_way(&self, charge: usize) -> bool {
        let it = &self.gateway.charges[charge];
        self.under_way[charge] > 0 && it.truth.is_none() && it.how != How::Malformed
    }

    pub fn is_refund_under_way(&self, refund: usize) -> bool {
        self.refunds_under_way[refund] > 0 && self.refund_at_gateway(refund).truth.is_none()
    }

    fn begin(&mut self) {
        self.plan(0, Event::Press);
        if self.dice.percent(50) {
            let second_tab = self.dice.between(0, 6 * SECOND);
            self.plan(second_tab, Event::Press);
        }
        if self.dice.percent(30) {
            let later = self.dice.between(0, HOUR);
            self.plan(later, Event::Press);
        }
        if self.plot.pays_by_hand {
            let at = self.dice.between(0, 20 * SECOND);
            let invoice = self.dice.below(self.plot.invoices as u64);
            self.plan(at, Event::PaidByHand(usize::try_from(invoice).unwrap_or(0)));
        }
        for _ in 0..self.trouble.deaths {
            let at = self.sooner_or_later();
            self.plan(at, Event::Die);
        }
        if self.trouble.jumps {
            let at = self.sooner_or_later();
            let by = self.dice.one_of([HOUR, -HOUR, DAY]);
            self.plan(at, Event::Jump(by));
        }
    }

    fn sooner_or_later(&mut self) -> Ms {
        if self.dice.percent(60) { self.dice.between(0, MINUTE) } else { self.dice.between(0, 3 * HOUR) }
    }

    /// So much later than now.
    pub fn plan(&mut self, after: Ms, event: Event) {
        if let Event::Arrive { attempt, .. } = &event {
            self.under_way[*attempt] += 1;
        }
        if let Event::Hear { attempt, .. }
        | Event::Read { asked: Asked { attempt, .. }, .. }
        | Event::Decided { attempt, .. } = &event
        {
            self.readings[*attempt] += 1;
        }
        if let Event::ArriveRefund { refund, .. } = &event {
            self.refunds_under_way[*refund] += 1;
        }
        self.planned += 1;
        self.queue.insert((self.now + after, self.planned), event);
    }

    /// What the portal's clock shows.
    pub fn clock(&self) -> DateTime<Utc> {
        moment(self.now + self.skew)
    }

    pub fn age(&self, since: DateTime<Utc>) -> Ms {
        (self.clock() - since).num_milliseconds()
    }

    pub fn is_lost(&mut self) -> bool {
        self.dice.percent(self.trouble.lost_percent)
    }

    /// A question about a charge or a refund is not answered.
    pub fn is_unanswered(&mut self) -> bool {
        self.is_lost() || (self.plot.is_mute && self.now < MUTE)
    }

    /// Until a step that takes no time is done; longer in a process that was frozen.
    pub fn pause(&mut self) -> Ms {
        let is_frozen = self.trouble.dawdles && self.dice.percent(10);
        self.dice.between(0, if is_frozen { FROZEN } else { SECOND })
    }

    /// Until a request arrives.
    pub fn journey(&mut self) -> Ms {
        let is_slow = self.trouble.dawdles && self.dice.percent(20);
        self.dice.between(0, if is_slow { STRAGGLES_WITHIN } else { ARRIVES_WITHIN })
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Press => self.press(),
            Event::Intend { life, claims_seen, chosen } if life == self.life => self.intend(claims_seen, &chosen),
            Event::Send { life, attempt } if life == self.life => self.send(attempt),
            Event::Arrive { attempt, awaited } => {
                self.under_way[attempt] -= 1;
                self.arrive(attempt);
                if let Some((life, after)) = awaited {
                    let refused = Observation::bare(Fact::Refused { code: "malformed".into() });
                    let seen = self.gateway.tell(attempt).unwrap_or(refused);
                    self.plan(after, Event::Hear { life, attempt, seen });
                }
            }
            Event::Hear { life, attempt, seen } => {
                self.readings[attempt] -= 1;
                if life == self.life {
                    self.record(attempt, &seen);
                }
            }
            Event::Read { life, asked, found } => {
                self.readings[asked.attempt] -= 1;
                if life == self.life {
                    self.read(asked, found);
                }
            }
            Event::Decide(attempt) => self.decide(attempt),
            Event::Decided { life, attempt, found } => {
                self.readings[attempt] -= 1;
                if life == self.life {
                    self.decided(attempt, found);
                }
            }
            Event::Act(attempt) => self.act(attempt),
            Event::Leave(attempt) if self.is_waiting(attempt) => self.give_up(attempt),
            Event::Return(attempt) if self.is_waiting(attempt) => self.ask(attempt, None),
            Event::Progress { attempt, to } => self.progress(attempt, to),
            Event::News { attempt, event } => self.queue_job(Work::News(attempt, event), 0),
            Event::NewsOfRefund { there, event } => self.queue_job(Work::NewsOfRefund(there, event), 0),
            Event::Job(job) => self.run(job),
            Event::Sweep(attempt) if self.portal.attempts[attempt].state == AttemptState::Created => {
                self.queue_job(Work::LookUp(attempt), 0);
            }
            Event::PaidByHand(invoice) => self.portal.books.pay_by_hand(invoice),
            Event::SeeTo { attempt, share } => self.see_to(attempt, share),
            Event::Die => self.die(),
            Event::Jump(by) => self.jump(by),
            other => self.step_of_refund(other),
        }
    }

    /// What the process had in hand is gone; its jobs are free when their leases end.
    fn die(&mut self) {
        for job in 0..self.portal.jobs.len() {
            let it = &mut self.portal.jobs[job];
            if !it.done && it.held_by.take().is_some() {
                self.plan(LEASE, Event::Job(job));
            }
        }
        self.life += 1;
    }

    /// What falls due by the clock falls due earlier or later.
    fn jump(&mut self, by: Ms) {
        self.skew += by;
        let by_clock = |event: &Event| matches!(event, Event::Job(_) | Event::Sweep(_) | Event::SweepRefund(_));
        let (due, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.queue).into_iter().partition(|(_, event)| by_clock(event));
        self.queue = others;
        self.queue.extend(due.into_iter().map(|((at, n), event)| ((self.now.max(at - by), n), event)));
    }
}
