//! The part of a story in which somebody refunds at the gateway's own console: it becomes one of ours when it is told
//! (`take_in_refund.rs`).

use crate::{
    clock::{DAY, SECOND},
    gateway::usd,
    portal::Refund,
    story::{Event, Story},
};
use chrono::TimeDelta;
use domain::refund::{Left, RefundSeen, RefundState};

impl Story {
    pub fn step_of_refund_there(&mut self, event: Event) {
        match event {
            Event::RefundThere(attempt) => self.refund_at_console(attempt),
            Event::ReadRefundThere { life, there, job, seen } if life == self.life => {
                self.read_refund_there(there, job, &seen);
            }
            other => self.step_of_dispute(other),
        }
    }

    fn refund_at_console(&mut self, of: usize) {
        let whole = self.gateway.charges[of].amount.minor;
        let (minor, slow) = (self.dice.one_of([whole, whole * 7 / 10, whole * 3 / 10]), self.dice.percent(40));
        if let Some(there) = self.gateway.refund_there(of, minor, slow) {
            // What no news tell, the daily comparison finds.
            self.foresee_refund(there, true);
        }
    }

    /// `Engine::work_news`: of one that is known the gateway is asked, any other is read there.
    pub fn hear_of_refund(&mut self, there: usize, job: usize) {
        if let Some(refund) = self.portal.refund_at(there) {
            // It is still being sent.
            if self.portal.refunds[refund].state == RefundState::Created {
                return self.again(Some(job));
            }
            return self.ask_of_refund(refund, job);
        }
        if self.is_unanswered() {
            return self.again(Some(job));
        }
        let Some(seen) = self.gateway.tell_refund(there) else { return self.done(job) };
        let (life, after) = (self.life, self.dice.between(0, 2 * SECOND));
        self.plan(after, Event::ReadRefundThere { life, there, job, seen });
    }

    /// `Engine::hear_of_refund`, and the store's transaction (`store/src/refunds.rs`, `refund_take_in`).
    fn read_refund_there(&mut self, there: usize, job: usize, seen: &RefundSeen) {
        let (of, minor) = (self.gateway.refunds[there].of, self.gateway.refunds[there].minor);
        if let Some(refund) = self.portal.refund_at(there) {
            self.record_refund(refund, seen);
            return self.done(job);
        }
        if !self.rules.takes_in {
            return self.done(job);
        }
        // It may be one of ours whose id there is not known yet.
        let may_be_ours = |refund: &Refund| refund.of == of && refund.gateway_id.is_none() && refund.state.is_open();
        if self.portal.attempts[of].state.is_open() || self.portal.refunds.iter().any(may_be_ours) {
            return self.again(Some(job));
        }
        if minor > self.left_of(of).whole.minor && self.rules.asks_what_made_room {
            if self.is_unanswered() {
                return self.again(Some(job));
            }
            self.ask_what_made_room(of);
        }
        if !self.portal.attempts[of].state.has_money() {
            // Parked, and read again each day.
            let tomorrow = self.clock() + TimeDelta::milliseconds(DAY);
            return self.not_before(job, tomorrow);
        }
        // Who made it there did not choose.
        let surcharge_minor = (self.rules.surcharge_in)(self.left_of(of), minor);
        let new = Refund {
            gateway_id: seen.gateway_id.clone(),
            ..Refund::new(of, there, usd(minor), surcharge_minor, self.clock())
        };
        let refund = self.add_refund(new);
        self.record_refund(refund, seen);
        self.done(job);
    }

    fn left_of(&self, of: usize) -> Left {
        let (disputes, refunds) = (self.portal.disputes_of(of), self.portal.refunds_of(of));
        (self.rules.left_to_refund)(self.taken(of), &disputes, &refunds)
    }

    /// `Engine::ask_what_made_room`, in one step.
    fn ask_what_made_room(&mut self, of: usize) {
        for refund in 0..self.portal.refunds.len() {
            let row = &self.portal.refunds[refund];
            let counts = row.of == of && !row.state.is_dead() && row.gateway_id.is_some();
            if let Some(seen) = self.told_of_refund(refund).filter(|_| counts) {
                self.record_refund(refund, &seen);
            }
        }
        for dispute in 0..self.portal.disputes.len() {
            let row = &self.portal.disputes[dispute];
            if row.of == of && row.state.holds_money() {
                let there = row.there;
                self.record_dispute(there, &self.gateway.tell_dispute(there));
            }
        }
    }
}
