//! The part of a story in which payers pay: what `take_payment.rs` and `settle_payment.rs` do, and what becomes of a
//! charge at the gateway.

use crate::{
    clock::{DAY, HOUR, MINUTE, Ms, SECOND},
    gateway::{Charge, How, Kind, LISTED_LATE, PAGE_OPEN, SESSION_OPEN, bank_no, usd},
    portal::{About, Attempt, Share, Work},
    story::{Event, Story, TIMEOUT},
};
use domain::{
    asking::LOOK_UP_AFTER,
    effects::Effect,
    invoice::BooksInvoice,
    money::Money,
    payment::{AttemptState, Fact, Observation, ShownShare, Takes, amount_to_charge, together},
};

/// An invoice that a payer has chosen, and what the books said of it when Pay was pressed.
pub type Chosen = (usize, ShownShare);

const TAKES: Takes = Takes { parts: true, more: false };

impl Story {
    /// The invoices are looked at before the books are asked, so that whoever is done with one meanwhile was seen.
    pub fn press(&mut self) {
        if self.presses_left == 0 {
            return;
        }
        self.presses_left -= 1;
        let chosen = self.choose();
        let is_taken = self.any_of(&chosen, |story, invoice| {
            story.portal.claims[invoice].is_some() || story.portal.is_unposted(invoice)
        });
        if chosen.is_empty() || (is_taken && self.rules.heeds_live_claims) {
            return;
        }
        let (life, claims_seen) = (self.life, self.claims_taken(&chosen));
        let after = self.dice.between(0, 3 * SECOND);
        self.plan(after, Event::Intend { life, claims_seen, chosen });
    }

    /// Some of what is owed, now and then half of each (G27, G28).
    fn choose(&mut self) -> Vec<Chosen> {
        let invoices = self.portal.books.invoices();
        let ticked = 1 + self.dice.below((1 << invoices) - 1);
        let in_part = self.dice.percent(15);
        let mut chosen = Vec::new();
        for invoice in (0..invoices).filter(|invoice| (ticked >> invoice) & 1 == 1) {
            let due = self.portal.books.due(invoice);
            let pay = if in_part { due - due / 2 } else { due };
            if due > 0 {
                chosen.push((invoice, ShownShare { pay: usd(pay), due: usd(due) }));
            }
        }
        chosen
    }

    fn any_of(&self, chosen: &[Chosen], is_so: impl Fn(&Self, usize) -> bool) -> bool {
        chosen.iter().any(|(invoice, _)| is_so(self, *invoice))
    }

    /// As the claims are counted that were taken on them so far, whoever has them now.
    fn claims_taken(&self, chosen: &[Chosen]) -> u32 {
        chosen.iter().map(|(invoice, _)| self.portal.claims_taken[*invoice]).sum()
    }

    /// The store's transaction (`store/src/payments.rs`, `attempt_insert`): a live claim on each, and nobody came and went.
    pub fn intend(&mut self, claims_seen: u32, chosen: &[Chosen]) {
        let pays = |shown: &ShownShare| {
            amount_to_charge(*shown, &BooksInvoice { due: shown.due, ..BooksInvoice::example() }, TAKES)
        };
        let Ok(amounts) = chosen.iter().map(|(_, shown)| pays(shown)).collect::<Result<Vec<_>, _>>() else { return };
        let Ok(total) = together(&amounts) else { return };
        if self.any_of(chosen, |story, invoice| story.portal.claims[invoice].is_some()) {
            return;
        }
        if self.rules.heeds_claims_seen && claims_seen != self.claims_taken(chosen) {
            self.presses_left += 1;
            return self.press();
        }
        if self.any_of(chosen, |story, invoice| story.portal.is_unposted(invoice)) {
            return;
        }
        let meant: Vec<_> = chosen.iter().zip(amounts).map(|((invoice, _), share)| (*invoice, share.minor)).collect();
        self.commit(meant, total);
    }

    fn commit(&mut self, meant: Vec<(usize, i64)>, total: Money) {
        let (attempt, created) = (self.portal.attempts.len(), self.clock());
        let claimed = if self.rules.claims_each { meant.len() } else { 1 };
        for (invoice, _) in &meant[..claimed] {
            self.portal.take_claim(attempt, *invoice);
        }
        // A page without an id is over when the clock says so: a clock that jumps ends it too early.
        let has_pages = self.gateway.kind == Kind::Replays || !self.trouble.jumps;
        let how = match self.dice.below(10) {
            0 => How::Malformed,
            1 | 2 if has_pages => How::Page,
            3 if self.gateway.kind == Kind::Replays => How::Debit,
            _ => How::Card,
        };
        let is_surcharged = self.plot.surcharges && matches!(how, How::Card | How::Page);
        let surcharge_minor = if is_surcharged { total.minor / 50 } else { 0 };
        let mut shares: Vec<_> =
            meant.iter().map(|(invoice, minor)| Share { on: Some(*invoice), minor: *minor, entry: None }).collect();
        if surcharge_minor > 0 {
            shares.push(Share { on: None, minor: surcharge_minor, entry: None });
        }
        let amount = usd(total.minor + surcharge_minor);
        self.portal.attempts.push(Attempt {
            state: AttemptState::Created,
            contradicted: false,
            gateway_id: None,
            known: Vec::new(),
            created,
            amount,
            surcharge_minor,
            shares,
        });
        let good = self.dice.percent(65);
        self.gateway.charges.push(Charge {
            how,
            amount,
            meant,
            good,
            truth: None,
            listed_at: 0,
            times: 0,
            page_is_known: false,
        });
        self.under_way.push(0);
        self.readings.push(0);
        let (life, after) = (self.life, self.pause());
        self.plan(after, Event::Send { life, attempt });
        let sweep = LOOK_UP_AFTER.num_milliseconds() + self.dice.between(0, 5 * SECOND);
        self.plan(sweep, Event::Sweep(attempt));
        if self.plot.is_mute {
            let looked_at = DAY + self.dice.between(0, HOUR);
            self.plan(looked_at, Event::Decide(attempt));
        }
    }

    pub fn send(&mut self, attempt: usize) {
        if (self.rules.is_too_old_to_send)(self.portal.attempts[attempt].created, self.clock()) {
            return;
        }
        let (life, journey) = (self.life, self.journey());
        if !self.is_lost() {
            let back = self.dice.between(0, 2 * SECOND) + self.pause();
            return self.plan(journey, Event::Arrive { attempt, awaited: Some((life, back)) });
        }
        // A page without an id whose address got lost can be opened by nobody: the adapter calls that "not sent".
        let is_nobodys_page = self.gateway.kind == Kind::Lists && self.gateway.charges[attempt].how == How::Page;
        let fact = match self.dice.below(4) {
            0 => Fact::NotSent,
            _ if is_nobodys_page => Fact::NotSent,
            1 => Fact::Unanswered,
            _ => {
                self.plan(journey, Event::Arrive { attempt, awaited: None });
                Fact::Unanswered
            }
        };
        let after = self.dice.between(SECOND, TIMEOUT) + self.pause();
        self.plan(after, Event::Hear { life, attempt, seen: Observation::bare(fact) });
    }

    /// When a list shows what happens now.
    fn listed_at(&mut self) -> Ms {
        let is_late = self.trouble.dawdles && self.gateway.kind == Kind::Lists && self.dice.percent(30);
        self.now + if is_late { self.dice.between(0, LISTED_LATE) } else { 0 }
    }

    pub fn arrive(&mut self, attempt: usize) {
        let listed_at = self.listed_at();
        if self.gateway.execute(attempt, listed_at) {
            self.foresee(attempt);
            self.tell_news(attempt, false);
        }
    }

    /// What will become of a charge at the gateway.
    fn foresee(&mut self, attempt: usize) {
        let (good, undone) = (self.gateway.charges[attempt].good, self.dice.percent(10));
        let progress = |story: &mut Self, after: Ms, to: Fact| story.plan(after, Event::Progress { attempt, to });
        match self.gateway.charges[attempt].truth.clone() {
            Some(Fact::Approved) => {
                progress(self, HOUR, Fact::PendingSettlement);
                if undone {
                    let by_staff = self.dice.between(40 * MINUTE, 20 * HOUR);
                    progress(self, by_staff, Fact::Voided);
                }
                progress(self, DAY, Fact::Settled);
                if self.plot.refunds_there && self.gateway.kind == Kind::Replays {
                    let at = self.dice.between(0, 4 * DAY);
                    self.plan(at, Event::RefundThere(attempt));
                }
                if self.gateway.kind == Kind::Replays && self.dice.percent(12) {
                    let disputed = DAY + self.dice.between(HOUR, 2 * DAY);
                    self.plan(disputed, Event::Dispute(attempt));
                }
            }
            Some(Fact::Processing) => {
                let decided = self.dice.between(HOUR, 6 * HOUR);
                progress(self, decided, if good { Fact::Settled } else { bank_no() });
                if undone {
                    progress(self, 3 * DAY, bank_no());
                }
            }
            Some(Fact::ActionNeeded { .. }) => {
                let open = if self.gateway.kind == Kind::Lists { PAGE_OPEN } else { SESSION_OPEN };
                progress(self, open, Fact::Voided);
            }
            _ => {}
        }
    }

    pub fn progress(&mut self, attempt: usize, to: Fact) {
        let it = &self.gateway.charges[attempt];
        // No bank takes back what we believe to be paid back: that is an alarm, and a right one.
        let is_paid_back = self.is_paid_back(attempt) || self.portal.may_be_owed_again(attempt);
        if !it.may_become(&to) || (!to.is_money() && is_paid_back) {
            return;
        }
        // An answer from before this, recorded after it, would bring the money back: an open point of ours.
        let must_be_told = it.has_money() && !to.is_money();
        if must_be_told && self.readings[attempt] > 0 {
            return self.plan(MINUTE, Event::Progress { attempt, to });
        }
        self.gateway.charges[attempt].truth = Some(to);
        self.tell_news(attempt, must_be_told);
    }

    pub fn act(&mut self, attempt: usize) {
        let listed_at = self.listed_at();
        let it = &mut self.gateway.charges[attempt];
        if it.good && it.may_become(&Fact::Approved) {
            (it.truth, it.listed_at) = (Some(Fact::Approved), listed_at);
            self.foresee(attempt);
            self.tell_news(attempt, false);
        }
    }

    /// News of money that went away must come one day: nobody asks about what is paid.
    pub fn tell_news(&mut self, attempt: usize, must_be_told: bool) {
        let event = self.next_event();
        for after in self.deliveries(must_be_told) {
            self.plan(after, Event::News { attempt, event });
        }
    }

    pub const fn next_event(&mut self) -> u32 {
        self.events += 1;
        self.events
    }

    /// When one event is delivered: never, once or twice, at once or days later.
    pub fn deliveries(&mut self, must_be_told: bool) -> Vec<Ms> {
        let copies = if must_be_told || !self.is_lost() { 1 + self.dice.below(2) } else { 0 };
        let mut deliveries = Vec::new();
        for _ in 0..copies {
            let late = match self.dice.below(10) {
                0 => 3 * DAY,
                1 | 2 => HOUR,
                _ => 5 * SECOND,
            };
            deliveries.push(self.dice.between(0, late));
        }
        deliveries
    }

    pub fn record(&mut self, attempt: usize, seen: &Observation) {
        let now = self.clock();
        let row = &self.portal.attempts[attempt];
        let known: Vec<_> = row.known.iter().map(|(known, _)| known).collect();
        let gateway_id = row.gateway_id.as_deref();
        let Some(learned) = (self.rules.learn)(&known, seen, row.amount, gateway_id) else { return };
        let row = &mut self.portal.attempts[attempt];
        row.known.push((seen.clone(), now));
        row.known.extend(learned.also.map(|fact| (Observation::bare(fact), now)));
        row.state = learned.after.state;
        row.contradicted |= learned.after.contradicted;
        if seen.gateway_id.is_some() && !learned.is_second {
            row.gateway_id.clone_from(&seen.gateway_id);
        }
        for effect in learned.effects {
            self.follow(attempt, effect);
        }
        let (before, after) = (learned.before.state, learned.after.state);
        if before != after {
            self.react(attempt, before, after);
        }
    }

    fn follow(&mut self, attempt: usize, effect: Effect) {
        match effect {
            Effect::LookUp(wait) => self.queue_job(Work::LookUp(attempt), wait.num_milliseconds()),
            Effect::LookUpNeedless => self.end_idle(Work::LookUp(attempt)),
            Effect::Journal(kind) => {
                let amount = self.portal.attempts[attempt].amount;
                self.portal.book(attempt, About::Payment, kind, amount);
            }
            Effect::RetakeClaims => self.portal.retake_claims(attempt),
            Effect::ReleaseClaims => self.portal.release_claims(attempt),
            Effect::Post => {
                let again = self.portal.intend_entries(attempt);
                self.queue_post(attempt, again);
            }
            Effect::TakeBack => {
                self.portal.leave_entries(attempt);
                let event = self.next_event();
                self.queue_job(Work::TakeBack(attempt, event), 0);
            }
            Effect::Notice => {}
        }
    }

    /// What people do when they read of it.
    fn react(&mut self, attempt: usize, before: AttemptState, after: AttemptState) {
        if after == AttemptState::RequiresAction {
            self.gateway.charges[attempt].page_is_known = true;
            let chances =
                [(70, 25, Event::Act(attempt)), (40, 40, Event::Leave(attempt)), (40, 40, Event::Return(attempt))];
            for (percent, minutes, event) in chances {
                if self.dice.percent(percent) {
                    let after = self.dice.between(0, minutes * MINUTE);
                    self.plan(after, event);
                }
            }
        }
        if after.is_dead() && self.dice.percent(70) {
            let after = self.dice.between(0, 10 * MINUTE);
            self.plan(after, Event::Press);
        }
        if after.has_money() && !before.has_money() && self.gateway.kind == Kind::Replays && self.dice.percent(40) {
            // Staff in two tabs at once, and staff later.
            let first = self.dice.between(0, 5 * MINUTE);
            let later = self.dice.between(0, 4 * DAY);
            for at in [first, first + self.dice.between(0, 2 * SECOND), later] {
                self.plan(at, Event::RefundPress(attempt));
            }
        }
    }
}
