//! The part of a story in which staff refund: as with a charge, one step after the other (`refund_payment.rs`,
//! `settle_refund.rs`).

use crate::{
    checks::is_fair,
    clock::{DAY, HOUR, MINUTE, Ms, SECOND},
    gateway::{Found, Refund as AtGateway, card_gone, usd},
    portal::{About, Entry, Refund, Work},
    rules::Taken,
    story::{Event, Story, TIMEOUT},
};
use domain::{
    asking::{LOOK_UP_AFTER, before_asking_of_refund, is_too_old_to_send, refund_may_be_denied, silence_about_refund},
    effects::RefundEffect,
    ids::RefundId,
    payment::Observation,
    refund::{RefundFact, RefundMeaning, RefundSeen, RefundState, may_refund},
};
use uuid::Uuid;

/// A key is replayed for so long.
const REPLAY_MAX: Ms = 10 * MINUTE;

impl Story {
    pub fn step_of_refund(&mut self, event: Event) {
        match event {
            Event::RefundPress(attempt) => self.press_refund(attempt),
            Event::SendRefund { life, refund } if life == self.life => self.send_refund(refund),
            Event::ArriveRefund { refund, awaited } => {
                self.refunds_under_way[refund] -= 1;
                self.arrive_refund(refund);
                if let Some((life, after)) = awaited {
                    let refused = RefundSeen::bare(RefundFact::Refused { code: "no money".into() });
                    let seen = self.told_of_refund(refund).unwrap_or(refused);
                    self.plan(after, Event::HearRefund { life, refund, seen });
                }
            }
            Event::HearRefund { life, refund, seen } if life == self.life => self.record_refund(refund, &seen),
            Event::ReadRefund { life, refund, job, found } if life == self.life => self.read_refund(refund, job, found),
            Event::ProgressRefund { there, to } => self.progress_refund(there, to),
            Event::DecideRefund(refund) => self.decide_refund(refund),
            Event::DecidedRefund { life, refund, seen } if life == self.life => self.decided_refund(refund, &seen),
            Event::SweepRefund(refund) if self.portal.refunds[refund].state == RefundState::Created => {
                self.queue_job(Work::LookUpRefund(refund), 0);
            }
            other => self.step_of_refund_there(other),
        }
    }

    /// What it is at the gateway.
    pub fn refund_at_gateway(&self, refund: usize) -> &AtGateway {
        &self.gateway.refunds[self.portal.refunds[refund].there]
    }

    pub fn told_of_refund(&self, refund: usize) -> Option<RefundSeen> {
        self.gateway.tell_refund(self.portal.refunds[refund].there)
    }

    /// Money of this charge has gone back, or is on its way.
    pub fn is_paid_back(&self, attempt: usize) -> bool {
        self.gateway.paid_back_minor(attempt) > 0
    }

    pub fn taken(&self, of: usize) -> Taken {
        let row = &self.portal.attempts[of];
        Taken { amount: row.amount, surcharge_minor: row.surcharge_minor, has_money: row.state.has_money() }
    }

    /// A row of its own; its place.
    pub fn add_refund(&mut self, new: Refund) -> usize {
        self.portal.refunds.push(new);
        self.refunds_under_way.push(0);
        self.portal.refunds.len() - 1
    }

    /// The store's transaction (`store/src/refunds.rs`, `refund_open`).
    fn press_refund(&mut self, of: usize) {
        let taken = self.taken(of);
        let whole = taken.amount.minor;
        let amount = usd(self.dice.one_of([whole, whole * 7 / 10, whole * 3 / 10]));
        let (disputes, refunds) = (self.portal.disputes_of(of), self.portal.refunds_of(of));
        let left = (self.rules.left_to_refund)(taken, &disputes, &refunds);
        if may_refund(amount, left.whole).is_err() {
            return;
        }
        let takes_its_part = taken.surcharge_minor > 0 && self.dice.percent(80);
        let surcharge_minor = if takes_its_part { (self.rules.surcharge_in)(left, amount.minor) } else { 0 };
        if surcharge_minor > left.surcharge_minor || amount.minor - surcharge_minor > left.invoices_minor() {
            return;
        }
        let gone: i64 = refunds.iter().filter(|(state, ..)| !state.is_dead()).map(|(_, amount, _)| amount.minor).sum();
        let held: i64 = disputes.iter().filter(|(state, _)| state.holds_money()).map(|(_, held)| held.minor).sum();
        let of_left = (left.invoices_minor(), left.surcharge_minor);
        if gone + held + amount.minor > whole {
            self.portal.refused =
                Some(format!("{amount:?} of charge {of}, of which {gone} is gone and {held} disputed"));
        } else if takes_its_part && !is_fair(surcharge_minor, amount.minor, (whole, taken.surcharge_minor), of_left) {
            self.portal.refused = Some(format!("{surcharge_minor} of {amount:?} of charge {of} is called surcharge"));
        }
        let is_whole = (amount.minor, surcharge_minor) == (whole, taken.surcharge_minor);
        let is_owed = self.plot.owes_again && is_whole;
        let meaning = if is_owed { RefundMeaning::StillOwed } else { RefundMeaning::SaleCancelled };
        let slow = self.dice.percent(40);
        let there = self.gateway.refunds.len();
        let asked = AtGateway { of, minor: amount.minor, slow, is_there: false, truth: None, was_paid: false };
        self.gateway.refunds.push(asked);
        let new = Refund { meaning, ..Refund::new(of, there, amount, surcharge_minor, self.clock()) };
        let refund = self.add_refund(new);
        let (life, after) = (self.life, self.pause());
        self.plan(after, Event::SendRefund { life, refund });
        let sweep = LOOK_UP_AFTER.num_milliseconds() + self.dice.between(0, 5 * SECOND);
        self.plan(sweep, Event::SweepRefund(refund));
        if self.plot.is_mute {
            let looked_at = DAY + self.dice.between(0, HOUR);
            self.plan(looked_at, Event::DecideRefund(refund));
        }
    }

    fn send_refund(&mut self, refund: usize) {
        if is_too_old_to_send(self.portal.refunds[refund].created, self.clock()) {
            return;
        }
        let (life, journey) = (self.life, self.journey());
        if !self.is_lost() {
            let back = self.dice.between(0, 2 * SECOND) + self.pause();
            return self.plan(journey, Event::ArriveRefund { refund, awaited: Some((life, back)) });
        }
        let fact = match self.dice.below(4) {
            0 => RefundFact::NotSent,
            1 => RefundFact::Unanswered,
            _ => {
                self.plan(journey, Event::ArriveRefund { refund, awaited: None });
                RefundFact::Unanswered
            }
        };
        let after = self.dice.between(SECOND, TIMEOUT) + self.pause();
        self.plan(after, Event::HearRefund { life, refund, seen: RefundSeen::bare(fact) });
    }

    fn arrive_refund(&mut self, refund: usize) {
        let there = self.portal.refunds[refund].there;
        if self.gateway.execute_refund(there) {
            self.foresee_refund(there, false);
        }
    }

    /// What will become of a refund at the gateway, and the news of it.
    pub fn foresee_refund(&mut self, there: usize, must_be_told: bool) {
        let (paid, fails) = (self.dice.between(HOUR, 6 * HOUR), self.dice.percent(20));
        self.plan(paid, Event::ProgressRefund { there, to: RefundFact::Succeeded });
        if fails {
            let failed = self.dice.between(MINUTE, 2 * DAY);
            self.plan(failed, Event::ProgressRefund { there, to: card_gone() });
        }
        self.tell_news_of_refund(there, must_be_told);
    }

    fn progress_refund(&mut self, there: usize, to: RefundFact) {
        let it = &mut self.gateway.refunds[there];
        let was = it.truth.clone();
        let moves = match (&was, &to) {
            (Some(RefundFact::Pending), _) => true,
            (Some(RefundFact::Succeeded), to) => *to != RefundFact::Succeeded,
            _ => false,
        };
        if moves {
            let has_failed = to != RefundFact::Succeeded;
            it.becomes(to);
            // Nobody asks about what was paid out.
            self.tell_news_of_refund(there, was == Some(RefundFact::Succeeded));
            if has_failed && self.plot.refunds_there && self.dice.percent(50) {
                // Whoever sees at the gateway that it came to nothing makes another one there.
                let of = self.gateway.refunds[there].of;
                let after = self.dice.between(0, 10 * MINUTE);
                self.plan(after, Event::RefundThere(of));
            }
        }
    }

    fn tell_news_of_refund(&mut self, there: usize, must_be_told: bool) {
        let event = self.next_event();
        for after in self.deliveries(must_be_told) {
            self.plan(after, Event::NewsOfRefund { there, event });
        }
    }

    /// `Engine::record_refund`.
    pub fn record_refund(&mut self, refund: usize, seen: &RefundSeen) {
        let now = self.clock();
        let row = &self.portal.refunds[refund];
        let known: Vec<_> = row.known.iter().map(|(known, _)| known).collect();
        let Some(learned) = (self.rules.learn_of_refund)(&known, seen, row.amount) else { return };
        let row = &mut self.portal.refunds[refund];
        row.known.push((seen.clone(), now));
        row.state = learned.after.state;
        row.contradicted |= learned.after.contradicted;
        if seen.gateway_id.is_some() {
            row.gateway_id.clone_from(&seen.gateway_id);
        }
        let (of, meaning, id) = (row.of, row.meaning, RefundId(Uuid::from_u128(refund as u128)));
        for effect in learned.effects {
            match effect.of_payment(id, meaning) {
                Some(fact) => self.record(of, &Observation::bare(fact)),
                None => self.follow_refund(refund, effect),
            }
        }
    }

    fn follow_refund(&mut self, refund: usize, effect: RefundEffect) {
        let (of, amount) = (self.portal.refunds[refund].of, self.portal.refunds[refund].amount);
        match effect {
            RefundEffect::LookUp(wait) => self.queue_job(Work::LookUpRefund(refund), wait.num_milliseconds()),
            RefundEffect::LookUpNeedless => self.end_idle(Work::LookUpRefund(refund)),
            RefundEffect::Journal(kind) => self.portal.book(of, About::Refund(refund), kind, amount),
            RefundEffect::Post => {
                self.portal.intend_parts(refund);
                self.queue_job(Work::PostRefund(refund), 0);
            }
            RefundEffect::TakeBack => self.queue_job(Work::TakeBackRefund(refund), 0),
            RefundEffect::Notice { .. } => {}
        }
    }

    pub fn run_of_refund(&mut self, refund: usize, job: usize) {
        let (state, work) = (self.portal.refunds[refund].state, self.portal.jobs[job].work);
        match work {
            Work::PostRefund(_) => self.post_refund(refund, job),
            Work::TakeBackRefund(_) => self.take_back_refund(refund, job),
            _ if !state.is_open() => self.done(job),
            _ => self.ask_of_refund(refund, job),
        }
    }

    /// `Engine::look_up_refund`: the list first, which tells whatever was made, and then the same request once more.
    pub fn ask_of_refund(&mut self, refund: usize, job: usize) {
        let row = &self.portal.refunds[refund];
        let (state, created) = (row.state, row.created);
        if let Some(first) = before_asking_of_refund(state) {
            self.record_refund(refund, &RefundSeen::bare(first));
            if !self.portal.refunds[refund].state.is_open() {
                return self.done(job);
            }
        }
        let replays = self.refund_at_gateway(refund).truth.is_none() && self.age(created) < REPLAY_MAX;
        if self.is_unanswered() {
            if replays && self.dice.percent(50) {
                let journey = self.journey();
                self.plan(journey, Event::ArriveRefund { refund, awaited: None });
            }
            return self.again(Some(job));
        }
        if replays {
            self.arrive_refund(refund);
        }
        let found = self.told_of_refund(refund).map_or(Found::NotThere, Found::Seen);
        let (life, after) = (self.life, self.dice.between(0, 2 * SECOND));
        self.plan(after, Event::ReadRefund { life, refund, job, found });
    }

    fn read_refund(&mut self, refund: usize, job: usize, found: Found<RefundSeen>) {
        let known = &self.portal.refunds[refund].known;
        let missed = known.iter().find(|(known, _)| known.fact == RefundFact::NotSeen).map(|(_, at)| *at);
        let seen = match found {
            Found::Seen(seen) => seen,
            Found::NotThere => RefundSeen::bare(silence_about_refund(missed, self.clock())),
            Found::TooEarly => return self.again(Some(job)),
        };
        self.record_refund(refund, &seen);
        let is_told = seen.fact != RefundFact::NotSeen;
        let is_open = self.portal.refunds[refund].state.is_open();
        let waits = matches!(self.portal.jobs[job].work, Work::LookUpRefund(_)) && is_open;
        if is_told && !waits { self.done(job) } else { self.again(Some(job)) }
    }

    /// `Engine::decide_outcome`: somebody has looked for it at the gateway, which is asked once more.
    fn decide_refund(&mut self, refund: usize) {
        let (state, created) = (self.portal.refunds[refund].state, self.portal.refunds[refund].created);
        if !refund_may_be_denied(state, created, self.clock()) {
            return;
        }
        if let Some(first) = before_asking_of_refund(state) {
            self.record_refund(refund, &RefundSeen::bare(first));
        }
        let found = if self.rules.asks_before_verdict { self.told_of_refund(refund) } else { None };
        let seen = found.unwrap_or(RefundSeen::bare(RefundFact::DeclaredAbsent));
        let (life, after) = (self.life, self.dice.between(0, 2 * SECOND));
        self.plan(after, Event::DecidedRefund { life, refund, seen });
    }

    fn decided_refund(&mut self, refund: usize, seen: &RefundSeen) {
        let is_unknown = self.portal.refunds[refund].state.is_unknown();
        if is_unknown || seen.fact != RefundFact::DeclaredAbsent {
            self.record_refund(refund, seen);
        }
    }

    /// `post_refund.rs`: once it is decided what stands of the payment itself. The books may be away.
    fn post_refund(&mut self, refund: usize, job: usize) {
        let row = &self.portal.refunds[refund];
        let (of, is_paid) = (row.of, row.state == RefundState::Succeeded);
        let shares = &self.portal.attempts[of].shares;
        let mut meant = row.parts.iter().filter(|part| part.entry == Entry::Intended);
        let is_undecided = |entry| matches!(entry, None | Some(Entry::Intended | Entry::Leaving));
        let waits = is_paid && meant.any(|part| is_undecided(shares[part.share].entry));
        if waits || self.is_lost() {
            return self.again(Some(job));
        }
        for n in 0..self.portal.refunds[refund].parts.len() {
            let part = self.portal.refunds[refund].parts[n];
            if part.entry != Entry::Intended {
                continue;
            }
            let ended = match self.portal.attempts[of].shares[part.share].entry {
                _ if !is_paid => Entry::Needless,
                Some(Entry::Posted) => {
                    self.portal.books.credits.push((refund, part.share));
                    Entry::Posted
                }
                // What a person has entered in a way of their own is theirs to undo.
                Some(Entry::ByHand) => Entry::ByHand,
                _ => Entry::Needless,
            };
            self.portal.refunds[refund].parts[n].entry = ended;
        }
        self.done(job);
    }

    fn take_back_refund(&mut self, refund: usize, job: usize) {
        let is_being_written = self.portal.refunds[refund].parts.iter().any(|part| part.entry == Entry::Intended);
        if is_being_written || self.is_lost() {
            return self.again(Some(job));
        }
        self.portal.books.credits.retain(|(of, _)| *of != refund);
        for part in &mut self.portal.refunds[refund].parts {
            part.entry = Entry::Needless;
        }
        self.done(job);
    }
}
