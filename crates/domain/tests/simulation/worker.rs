//! The part of a story in which the portal asks the gateway and runs its jobs: what `settle_payment.rs`,
//! `look_up_attempt.rs`, `receive_webhook.rs`, `jobs.rs` and `worker.rs` do.

use crate::{
    clock::{DAY, HOUR, Ms, SECOND},
    gateway::{Found, Kind, PAGE_OVER},
    portal::{Entry, Job, Share, Work},
    story::{Asked, Event, Story},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    asking::{is_left_by_payer, may_be_denied, page_over_at, run_again_at},
    payment::{AttemptState, Fact, Observation},
};

impl Story {
    pub fn is_waiting(&self, attempt: usize) -> bool {
        self.portal.attempts[attempt].state == AttemptState::RequiresAction
    }

    pub fn ask(&mut self, attempt: usize, job: Option<usize>) {
        let row = &self.portal.attempts[attempt];
        let asked = Asked { attempt, state: row.state, has_id: row.gateway_id.is_some(), job };
        let age = self.age(row.created);
        if let Some(first) = (self.rules.before_asking)(row.state) {
            self.record(attempt, &Observation::bare(first));
            if !self.portal.attempts[attempt].state.is_open() {
                return self.answered(asked, true);
            }
        }
        let replays = !asked.has_id && self.gateway.replays(age);
        if self.is_unanswered() {
            if replays && self.dice.percent(50) {
                let journey = self.journey();
                self.plan(journey, Event::Arrive { attempt, awaited: None });
            }
            return self.again(job);
        }
        if replays {
            self.arrive(attempt);
        }
        let found = self.gateway.find(attempt, asked.has_id, age, self.now);
        let (life, after) = (self.life, self.dice.between(0, 2 * SECOND));
        self.plan(after, Event::Read { life, asked, found });
    }

    pub fn read(&mut self, asked: Asked, found: Found<Observation>) {
        let missed = self.missed(asked.attempt);
        let seen = match found {
            Found::Seen(seen) => seen,
            Found::NotThere => Observation::bare((self.rules.silence)(asked.state, asked.has_id, missed, self.clock())),
            Found::TooEarly => return self.answered(asked, false),
        };
        self.record(asked.attempt, &seen);
        self.answered(asked, seen.fact != Fact::NotSeen);
    }

    /// `Engine::decide_outcome`: somebody has looked for it at the gateway, which is asked once more.
    pub fn decide(&mut self, attempt: usize) {
        let (state, created) = (self.portal.attempts[attempt].state, self.portal.attempts[attempt].created);
        if !may_be_denied(state, created, self.clock()) {
            return;
        }
        if let Some(first) = (self.rules.before_asking)(state) {
            self.record(attempt, &Observation::bare(first));
        }
        let found = if self.rules.asks_before_verdict {
            self.gateway.find(attempt, false, self.age(created), self.now)
        } else {
            Found::NotThere
        };
        let (life, after) = (self.life, self.dice.between(0, 2 * SECOND));
        self.plan(after, Event::Decided { life, attempt, found });
    }

    pub fn decided(&mut self, attempt: usize, found: Found<Observation>) {
        match found {
            Found::Seen(seen) => self.record(attempt, &seen),
            Found::NotThere | Found::TooEarly if self.portal.attempts[attempt].state.is_unknown() => {
                self.record(attempt, &Observation::bare(Fact::DeclaredAbsent));
            }
            Found::NotThere | Found::TooEarly => {}
        }
    }

    fn missed(&self, attempt: usize) -> Option<DateTime<Utc>> {
        let known = &self.portal.attempts[attempt].known;
        known.iter().find(|(known, _)| known.fact == Fact::NotSeen).map(|(_, at)| *at)
    }

    /// `Engine::page_over_at`: of a page that no look-up has ended yet, and that only the clock ends.
    fn page_over_at(&self, asked: Asked) -> Option<DateTime<Utc>> {
        let is_page = asked.state == AttemptState::RequiresAction && !asked.has_id && self.gateway.kind == Kind::Lists;
        let began = self.portal.attempts[asked.attempt].created;
        is_page.then(|| page_over_at(began, TimeDelta::milliseconds(PAGE_OVER), self.missed(asked.attempt)))
    }

    /// `Engine::give_up`: at the gateway first, where it has an id.
    pub fn give_up(&mut self, attempt: usize) {
        if self.portal.attempts[attempt].gateway_id.is_none() {
            return self.ask(attempt, None);
        }
        let was_waiting = self.gateway.charges[attempt].is_page();
        if !self.is_lost()
            && let Some(seen) = self.gateway.cancel(attempt)
        {
            if was_waiting {
                self.tell_news(attempt, false);
            }
            let (life, after) = (self.life, self.pause());
            self.plan(after, Event::Hear { life, attempt, seen });
        }
    }

    /// The key of the same work is unique, whatever became of it.
    pub fn queue_job(&mut self, work: Work, after: Ms) {
        if self.portal.jobs.iter().all(|job| job.work != work) {
            self.portal.jobs.push(Job { work, tries: 0, held_by: None, done: false });
            let job = self.portal.jobs.len() - 1;
            self.plan(after, Event::Job(job));
        }
    }

    pub fn end_idle(&mut self, work: Work) {
        let mut idle = self.portal.jobs.iter_mut().filter(|job| job.work == work && job.held_by.is_none());
        if let Some(job) = idle.next() {
            job.done = true;
        }
    }

    pub fn run(&mut self, job: usize) {
        let it = &mut self.portal.jobs[job];
        if it.done {
            return;
        }
        it.tries += 1;
        it.held_by = Some(self.life);
        let work = it.work;
        match work {
            Work::LookUp(attempt) if !self.portal.attempts[attempt].state.is_open() => self.done(job),
            // The charge is still being sent.
            Work::News(attempt, _) if self.portal.attempts[attempt].state == AttemptState::Created => {
                self.again(Some(job));
            }
            Work::LookUp(attempt) | Work::News(attempt, _) => self.ask(attempt, Some(job)),
            Work::Post(attempt, _) => self.post(attempt, job),
            Work::TakeBack(attempt, _) => self.take_back(attempt, job),
            Work::LookUpRefund(refund) | Work::PostRefund(refund) | Work::TakeBackRefund(refund) => {
                self.run_of_refund(refund, job);
            }
            Work::NewsOfRefund(there, _) => self.hear_of_refund(there, job),
            Work::LookUpDispute(dispute) | Work::NewsOfDispute(dispute, _) => self.run_of_dispute(dispute, job),
        }
    }

    fn answered(&mut self, asked: Asked, is_told: bool) {
        let Some(job) = asked.job else { return };
        let row = &self.portal.attempts[asked.attempt];
        let (state, created) = (row.state, row.created);
        let work = self.portal.jobs[job].work;
        let is_over = match work {
            Work::LookUp(_) if is_told && is_left_by_payer(state, created, self.clock()) => {
                self.give_up(asked.attempt);
                false
            }
            Work::LookUp(_) => is_told && !state.is_open(),
            _ => is_told,
        };
        if is_over {
            return self.done(job);
        }
        let is_look_up = matches!(work, Work::LookUp(_)) && !is_told;
        let answer_at = if is_look_up { self.page_over_at(asked) } else { None };
        self.again_when(job, answer_at);
    }

    pub fn done(&mut self, job: usize) {
        self.portal.jobs[job].done = true;
    }

    pub fn again(&mut self, job: Option<usize>) {
        if let Some(job) = job {
            self.again_when(job, None);
        }
    }

    /// `Engine::conclude`.
    fn again_when(&mut self, job: usize, answer_at: Option<DateTime<Utc>>) {
        let at = run_again_at(self.portal.jobs[job].tries, answer_at, self.clock());
        self.not_before(job, at);
    }

    pub fn not_before(&mut self, job: usize, at: DateTime<Utc>) {
        self.portal.jobs[job].held_by = None;
        let gap = at - self.clock();
        self.plan(gap.num_milliseconds(), Event::Job(job));
    }

    /// `again`: some of it was meant for the books before.
    pub fn queue_post(&mut self, attempt: usize, again: bool) {
        let event = if again { self.next_event() } else { 0 };
        self.queue_job(Work::Post(attempt, event), 0);
    }

    /// Into the books, unless the money went back meanwhile. They may be away.
    fn post(&mut self, attempt: usize, job: usize) {
        if self.is_lost() {
            return self.again(Some(job));
        }
        let has_money = self.portal.attempts[attempt].state.has_money();
        for place in 0..self.portal.attempts[attempt].shares.len() {
            let share = self.portal.attempts[attempt].shares[place];
            if share.entry != Some(Entry::Intended) {
                continue;
            }
            let ended = match share.on {
                // Its own invoice may have been raised: what takes the payment out voids it.
                None if !has_money => Entry::Leaving,
                Some(_) if !has_money => Entry::Needless,
                _ if self.portal.books.post(attempt, place, share) => Entry::Posted,
                _ => Entry::Refused,
            };
            self.portal.attempts[attempt].shares[place].entry = Some(ended);
            if ended == Entry::Refused {
                self.call_a_person(attempt, place);
            } else if let Some(invoice) = share.on {
                self.portal.release_claim(attempt, invoice);
            }
        }
        self.done(job);
    }

    /// Out of the books. They may be away.
    fn take_back(&mut self, attempt: usize, job: usize) {
        let row = &self.portal.attempts[attempt];
        let is_being_written = row.shares.iter().any(|share| share.entry == Some(Entry::Intended));
        if (is_being_written && !row.state.has_money()) || self.is_lost() {
            return self.again(Some(job));
        }
        for place in 0..self.portal.attempts[attempt].shares.len() {
            let share = self.portal.attempts[attempt].shares[place];
            if share.entry == Some(Entry::Leaving) {
                self.portal.books.take_out(attempt, place, share);
                self.portal.attempts[attempt].shares[place].entry = Some(Entry::Needless);
                if let Some(invoice) = share.on {
                    self.portal.release_claim(attempt, invoice);
                }
            }
        }
        self.done(job);
    }

    fn call_a_person(&mut self, attempt: usize, share: usize) {
        let after = self.dice.between(HOUR, DAY);
        self.plan(after, Event::SeeTo { attempt, share });
    }

    /// What the books refused: it is put on another invoice, written once more, or marked as fixed
    /// (`reallocate_payment.rs`, `post_again.rs`, `exceptions.rs`). Of what was paid back in part, a person enters the rest.
    pub fn see_to(&mut self, attempt: usize, place: usize) {
        let (choice, portal) = (self.dice.below(10), &mut self.portal);
        let Share { on: Some(from), minor, entry: Some(Entry::Refused) } = portal.attempts[attempt].shares[place]
        else {
            return;
        };
        let is_known = |invoice: usize| portal.attempts[attempt].shares.iter().any(|share| share.on == Some(invoice));
        let fits = |invoice: &usize| {
            portal.books.due(*invoice) >= minor && portal.claims[*invoice].is_none() && !portal.is_unposted(*invoice)
        };
        let other = (0..portal.books.invoices()).filter(|invoice| !is_known(*invoice)).find(fits);
        let has_parts = portal.has_parts(attempt, place);
        let shares = &mut portal.attempts[attempt].shares;
        match other {
            Some(to) if choice < 6 && !has_parts => {
                shares[place].entry = Some(Entry::Moved);
                shares.push(Share { on: Some(to), minor, entry: Some(Entry::Intended) });
                portal.release_claim(attempt, from);
                portal.take_claim(attempt, to);
                self.queue_post(attempt, true);
            }
            _ if choice < 8 && !has_parts => {
                shares[place].entry = Some(Entry::Intended);
                self.queue_post(attempt, true);
            }
            _ => {
                shares[place].entry = Some(Entry::ByHand);
                portal.release_claim(attempt, from);
            }
        }
    }
}
