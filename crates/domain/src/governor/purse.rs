//! What one process holds of a budget.

use super::{
    HANDFUL, Heard, Limits, Queue,
    budget::{Ask, Back, Grant, step},
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Jobs that are sent away line up no further than this.
const LINE_MAX: TimeDelta = TimeDelta::minutes(10);

/// Calls that may be begun without asking, and those that are under way.
#[derive(Clone, Debug)]
pub struct Purse {
    holder: Uuid,
    /// So long at least by each call.
    place_taken: TimeDelta,
    minute: Option<DateTime<Utc>>,
    fresh_until: Option<DateTime<Utc>>,
    calls: [u32; Queue::COUNT],
    /// Calls that were begun since it last asked.
    begun: [u32; Queue::COUNT],
    places: [u32; Queue::KINDS],
    running: [u32; Queue::KINDS],
    /// The kinds of the calls that were begun so recently that their places are taken, whether they have ended or not, and
    /// until when.
    recent: Vec<(usize, DateTime<Utc>)>,
    /// Before then, there is no use in asking.
    again_at: [Option<DateTime<Utc>>; Queue::COUNT],
    /// The end of the line.
    line: [Option<DateTime<Utc>>; Queue::COUNT],
    heard: Option<Heard>,
}

impl Purse {
    /// Empty. No other process has this `holder`.
    #[must_use]
    pub const fn new(holder: Uuid, limits: &Limits) -> Self {
        Self {
            holder,
            place_taken: limits.place_taken,
            minute: None,
            fresh_until: None,
            calls: [0; Queue::COUNT],
            begun: [0; Queue::COUNT],
            places: [0; Queue::KINDS],
            running: [0; Queue::KINDS],
            recent: Vec::new(),
            again_at: [None; Queue::COUNT],
            line: [None; Queue::COUNT],
            heard: None,
        }
    }

    /// Begins a call. `false`: it must be asked for.
    pub fn begin(&mut self, queue: Queue, now: DateTime<Utc>) -> bool {
        self.forget(now);
        let (place, kind) = (queue.place(), queue.kind());
        let may = self.is_fresh(now) && self.calls[place] > 0 && self.taken()[kind] < self.places[kind];
        if may {
            self.calls[place] -= 1;
            self.begun[place] += 1;
            self.running[kind] += 1;
            if self.place_taken > TimeDelta::zero() {
                self.recent.push((kind, now + self.place_taken));
            }
        }
        may
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        self.recent.retain(|(_, until)| *until > now);
    }

    /// So many places of each kind at least that no more calls run at once, nor begin one after the other, than there are.
    fn taken(&self) -> [u32; Queue::KINDS] {
        let mut recent = [0; Queue::KINDS];
        for (kind, _) in &self.recent {
            recent[*kind] += 1;
        }
        std::array::from_fn(|kind| self.running[kind].max(recent[kind]))
    }

    /// When there may be a call, where it is known that there is none.
    #[must_use]
    pub fn again_at(&self, queue: Queue, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.again_at[queue.place()].filter(|at| *at > now)
    }

    /// Asks for calls: twice as many as the last time, while those are used up before they are lost. Lost ones go back with
    /// it, so one asks at a time.
    pub fn ask(&mut self, queue: Queue, people_here: bool, now: DateTime<Utc>) -> Ask {
        let place = queue.place();
        let is_fresh = self.is_fresh(now);
        let begun = std::mem::take(&mut self.begun[place]);
        let calls = if is_fresh && self.calls[place] == 0 { 2 * begun } else { begun };
        let back = if is_fresh { self.back_of(&[place]) } else { self.back() };
        Ask { queue, calls: calls.clamp(1, HANDFUL), people_here, back }
    }

    pub fn granted(&mut self, queue: Queue, grant: &Grant) {
        let place = queue.place();
        if grant.minute != self.minute {
            self.calls = [0; Queue::COUNT];
        }
        self.calls[place] += grant.calls;
        self.places = grant.places;
        (self.minute, self.fresh_until) = (grant.minute, Some(grant.fresh_until));
        self.again_at[place] = (grant.calls == 0).then_some(grant.again_at);
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.fresh_until.is_some_and(|until| now < until)
    }

    /// A call has ended, and what its answer told.
    pub fn end(&mut self, queue: Queue, heard: Option<Heard>) {
        let kind = queue.kind();
        self.running[kind] = self.running[kind].saturating_sub(1);
        let Some(heard) = heard else { return };
        if heard.said.refused.is_some() || heard.said.minute_left == Some(0) {
            // What is leased means nothing to the vendor. It goes on counting as used.
            self.calls = [0; Queue::COUNT];
        }
        // The newest count is the lowest, and a refusal is no count to be forgotten.
        let is_newer = self.heard.is_none_or(|known| known.said.refused.is_none() && known.sent_at <= heard.sent_at);
        if is_newer || heard.said.refused.is_some() {
            self.heard = Some(heard);
        }
    }

    /// Whether a lease has ended that still holds places, or the vendor has said something that others must know at once.
    #[must_use]
    pub fn has_something_back(&mut self, now: DateTime<Utc>) -> bool {
        self.forget(now);
        self.must_tell() || (self.is_idle() && !self.is_fresh(now))
    }

    /// The vendor has said that it were too many calls.
    #[must_use]
    pub fn must_tell(&self) -> bool {
        self.heard.is_some_and(|heard| heard.said.refused.is_some())
    }

    /// Places are held, and nothing is under way in any.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.iter().all(|calls| *calls == 0) && self.places.iter().any(|places| *places > 0)
    }

    /// Lets go of all but the places that are taken.
    pub fn back(&mut self) -> Back {
        self.back_of(&[0, 1, 2, 3, 4])
    }

    /// Lets go of the calls of these queues, and of the places that nobody is left to use.
    fn back_of(&mut self, queues: &[usize]) -> Back {
        let mut unused = [0; Queue::COUNT];
        for queue in queues {
            unused[*queue] = std::mem::take(&mut self.calls[*queue]);
        }
        let [people, pages, jobs @ ..] = self.calls;
        let running = self.taken();
        for (kind, calls) in [people, pages, jobs.iter().sum()].into_iter().enumerate() {
            if calls == 0 {
                self.places[kind] = running[kind];
            }
        }
        Back { holder: self.holder, minute: self.minute, unused, running, kept: self.places, heard: self.heard.take() }
    }

    /// A job that there is no call for is given its own time to come again: all at once, they would only send one another
    /// away.
    pub fn send_away(&mut self, limits: &Limits, queue: Queue, again_at: DateTime<Utc>) -> DateTime<Utc> {
        let line = &mut self.line[queue.place()];
        let mine = line.map_or(again_at, |end| end.clamp(again_at, again_at + LINE_MAX));
        *line = Some(mine + step(limits));
        mine
    }
}
