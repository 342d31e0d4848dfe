//! The part of a story in which the portal asks the gateway and runs its jobs: what `settle_payment.rs`,
//! `look_up_attempt.rs`, `receive_webhook.rs`, `jobs.rs` and `worker.rs` do.

use crate::{
    clock::{Ms, SECOND},
    gateway::{Found, Kind, OWED, PAGE_OVER},
    portal::{Entry, Job, Work},
    story::{Asked, Event, Story},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    asking::{is_left_by_payer, page_over_at, run_again_at},
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
        if self.is_lost() {
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
            Work::Post(attempt) => self.post(attempt, job),
            Work::TakeBack(attempt) => self.take_back(attempt, job),
            Work::LookUpRefund(refund) | Work::NewsOfRefund(refund, _) => self.run_of_refund(refund, job),
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
        let now = self.clock();
        let it = &mut self.portal.jobs[job];
        it.held_by = None;
        let gap = run_again_at(it.tries, answer_at, now) - now;
        self.plan(gap.num_milliseconds(), Event::Job(job));
    }

    /// Into the books, unless the money went back meanwhile. They may be away.
    fn post(&mut self, attempt: usize, job: usize) {
        if self.is_lost() {
            return self.again(Some(job));
        }
        let row = &mut self.portal.attempts[attempt];
        if row.state.has_money() {
            row.entry = Some(Entry::Posted);
            self.portal.due = self.portal.due.minus(OWED).expect("one currency");
        } else {
            row.entry = Some(Entry::Needless);
        }
        self.portal.release_claim(attempt);
        self.done(job);
    }

    /// Out of the books. They may be away.
    fn take_back(&mut self, attempt: usize, job: usize) {
        let entry = self.portal.attempts[attempt].entry;
        if entry == Some(Entry::Intended) || self.is_lost() {
            return self.again(Some(job));
        }
        if entry == Some(Entry::Leaving) {
            self.portal.attempts[attempt].entry = Some(Entry::Needless);
            self.portal.due = self.portal.due.plus(OWED).expect("one currency");
        }
        self.done(job);
    }
}
