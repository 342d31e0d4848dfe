//! The part of a story in which the holder of a card asks their bank for the money back (`settle_dispute.rs`): the bank may
//! ask first, takes the money, and decides; once it has taken it, it may give it back.

use crate::{
    clock::{DAY, HOUR, MINUTE},
    gateway::{Dispute as AtGateway, usd},
    portal::{About, Dispute, Work},
    story::{Event, Story},
};
use domain::{
    asking::ask_bank_again_at,
    dispute::{DisputeEffect, DisputeSeen, DisputeState},
    ids::DisputeId,
    payment::{Fact, Observation},
};
use uuid::Uuid;

impl Story {
    pub fn step_of_dispute(&mut self, event: Event) {
        match event {
            Event::Dispute(attempt) => self.dispute(attempt),
            Event::ProgressDispute { dispute, to } => self.progress_dispute(dispute, to),
            Event::NewsOfDispute { dispute, event } => self.queue_job(Work::NewsOfDispute(dispute, event), 0),
            Event::ReadDispute { life, dispute, job, seen } if life == self.life => {
                self.read_dispute(dispute, job, &seen);
            }
            // Its process is dead, or it is about what has ended.
            _ => {}
        }
    }

    /// Of what was not paid back, all or a part, and once for a charge.
    fn dispute(&mut self, of: usize) {
        let whole = self.gateway.charges[of].amount.minor;
        let minor = self.dice.one_of([whole, whole, whole * 3 / 10]).min(whole - self.gateway.paid_back_minor(of));
        let is_inquiry = self.dice.percent(30);
        let is_settled = self.gateway.charges[of].truth == Some(Fact::Settled);
        if !is_settled || minor <= 0 {
            return;
        }
        let truth = if is_inquiry { DisputeState::Inquiry } else { DisputeState::Open };
        self.gateway.disputes.push(AtGateway { of, minor, truth, was_lost: false });
        let dispute = self.gateway.disputes.len() - 1;
        self.foresee_dispute(dispute);
        self.tell_news_of_dispute(dispute, true);
        if self.dice.percent(30) {
            // Staff would rather pay it back.
            let after = self.dice.between(0, 2 * DAY);
            self.plan(after, Event::RefundPress(of));
        }
    }

    /// What the bank will do next.
    fn foresee_dispute(&mut self, dispute: usize) {
        use DisputeState::{Inquiry, Lost, Open, Won};
        let (after, to) = match self.gateway.disputes[dispute].truth {
            Inquiry => (self.dice.between(HOUR, DAY), self.dice.one_of([Open, Won])),
            Open => (self.dice.between(6 * HOUR, 2 * DAY), self.dice.one_of([Lost, Won])),
            Lost if self.dice.percent(25) => (self.dice.between(MINUTE, 2 * DAY), Won),
            Lost | Won => return,
        };
        self.plan(after, Event::ProgressDispute { dispute, to });
    }

    /// What was paid back while the bank only asked, it does not take.
    fn progress_dispute(&mut self, dispute: usize, to: DisputeState) {
        let of = self.gateway.disputes[dispute].of;
        let left = self.gateway.charges[of].amount.minor - self.gateway.paid_back_minor(of);
        let it = &mut self.gateway.disputes[dispute];
        let was = it.truth;
        it.truth = to;
        if to == DisputeState::Open {
            if left > 0 { it.minor = it.minor.min(left) } else { it.truth = DisputeState::Won }
        }
        it.was_lost |= to == DisputeState::Lost;
        self.foresee_dispute(dispute);
        // Nobody asks about what is lost.
        self.tell_news_of_dispute(dispute, was == DisputeState::Lost);
    }

    /// Of one that is new the daily comparison would tell as well.
    fn tell_news_of_dispute(&mut self, dispute: usize, must_be_told: bool) {
        let event = self.next_event();
        for after in self.deliveries(must_be_told) {
            self.plan(after, Event::NewsOfDispute { dispute, event });
        }
    }

    pub fn run_of_dispute(&mut self, dispute: usize, job: usize) {
        let of = self.gateway.disputes[dispute].of;
        let is_look_up = matches!(self.portal.jobs[job].work, Work::LookUpDispute(_));
        if is_look_up && !self.is_open_dispute(dispute) {
            return self.done(job);
        }
        // What became of the payment comes first.
        if self.portal.attempts[of].state.is_open() || self.is_lost() {
            return self.again(Some(job));
        }
        let seen = self.gateway.tell_dispute(dispute);
        let (life, after) = (self.life, self.pause());
        self.plan(after, Event::ReadDispute { life, dispute, job, seen });
    }

    fn is_open_dispute(&self, there: usize) -> bool {
        self.portal.disputes.iter().any(|dispute| dispute.there == there && dispute.state.is_open())
    }

    fn read_dispute(&mut self, dispute: usize, job: usize, seen: &DisputeSeen) {
        self.record_dispute(dispute, seen);
        let is_look_up = matches!(self.portal.jobs[job].work, Work::LookUpDispute(_));
        if is_look_up && self.is_open_dispute(dispute) {
            let at = ask_bank_again_at(self.clock());
            return self.not_before(job, at);
        }
        self.done(job);
    }

    /// `Engine::record_dispute`.
    pub fn record_dispute(&mut self, there: usize, seen: &DisputeSeen) {
        let of = self.gateway.disputes[there].of;
        let stands = self.portal.disputes.iter().position(|dispute| dispute.there == there);
        let known: Vec<_> = match stands {
            Some(n) => self.portal.disputes[n].known.iter().collect(),
            None => Vec::new(),
        };
        let Some(learned) = (self.rules.learn_of_dispute)(&known, seen) else { return };
        let n = stands.unwrap_or_else(|| {
            self.portal.disputes.push(Dispute {
                of,
                there,
                minor: seen.amount.minor,
                state: seen.state,
                known: Vec::new(),
                is_left_to_a_person: false,
            });
            self.portal.disputes.len() - 1
        });
        let row = &mut self.portal.disputes[n];
        // The amount of one that was lost is booked.
        if row.state.is_open() {
            row.minor = seen.amount.minor;
        }
        row.state = learned.after;
        row.known.push(seen.clone());
        let minor = row.minor;
        for effect in learned.effects {
            match effect {
                DisputeEffect::LookUp(wait) => self.queue_job(Work::LookUpDispute(there), wait.num_milliseconds()),
                DisputeEffect::LookUpNeedless => self.end_idle(Work::LookUpDispute(there)),
                DisputeEffect::Journal(kind) => self.portal.book(of, About::Dispute(there), kind, usd(minor)),
                DisputeEffect::ChargeBack => self.charge_back(n),
                DisputeEffect::Reinstate => {
                    if !self.portal.attempts[of].state.has_money() {
                        self.record(of, &Observation::bare(Fact::Reinstated { dispute: id(there) }));
                    }
                }
            }
        }
    }

    /// All of the payment is gone, unless a part of it was paid back or may be: what then leaves the books a person says.
    fn charge_back(&mut self, dispute: usize) {
        let (of, there, minor) = {
            let it = &self.portal.disputes[dispute];
            (it.of, it.there, it.minor)
        };
        let attempt = &self.portal.attempts[of];
        if minor < attempt.amount.minor {
            return;
        }
        let is_alone = self.portal.refunds.iter().all(|refund| refund.of != of || refund.state.is_dead());
        if !is_alone || !attempt.state.has_money() {
            self.portal.disputes[dispute].is_left_to_a_person = true;
            return;
        }
        self.record(of, &Observation::bare(Fact::ChargedBack { dispute: id(there) }));
        if self.dice.percent(50) {
            let after = self.dice.between(0, 2 * DAY);
            self.plan(after, Event::Press);
        }
    }
}

fn id(dispute: usize) -> DisputeId {
    DisputeId(Uuid::from_u128(dispute as u128))
}
