//! How many calls a vendor still takes of us, and whose turn it is (N6; `wire/accounting.md`, 1.4, 2.12 and 4.6). One
//! [`Budget`] for all calls that a vendor counts together is shared by all processes; each leases a few calls of it into its
//! [`Purse`], so that hardly any call costs a statement. People come before jobs. Moments are arguments: a simulation can be
//! the clock.

mod budget;
mod month;
mod purse;
mod window;

pub use budget::{Ask, Back, Budget, Grant, Standing};
pub use month::{Month, month_of};
pub use purse::Purse;

use crate::lane::Lane;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Somebody who waits for a call is told that there is none rather than be kept longer (N6).
pub const PEOPLE_WAIT: TimeDelta = TimeDelta::seconds(2);
/// And a page shows what was last read.
pub const PAGE_WAIT: TimeDelta = TimeDelta::seconds(1);
/// Work that has begun, a page of a list after the other, waits for its next call so long: the vendor's minute, and a bit.
/// What has not begun yet does not wait: it makes room for other work.
pub const BEGUN_WAIT: TimeDelta = TimeDelta::seconds(65);
/// Calls are leased so many at once at most: what a process that dies takes along.
pub const HANDFUL: u32 = 5;

/// A vendor's limits of the calls that it counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At once.
    pub concurrent: u32,
    /// Each of these places is taken for so long at least: where the vendor takes as many a second as at once, no second has
    /// more.
    pub place_taken: TimeDelta,
    pub minute: u32,
    pub day: Option<u32>,
    /// A minute, of a client's organisations together: nobody here counts it, the vendor's answers tell of it.
    pub app_minute: Option<u32>,
    /// Reads in a calendar month, of a client's organisations together, where the vendor meters them: as many as an app may
    /// make of which nobody has said how many.
    pub app_month: Option<u32>,
}

impl Limits {
    fn of_day(&self) -> u32 {
        self.day.unwrap_or(u32::MAX)
    }
}

/// Who wants a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Somebody has pressed a button, and waits.
    People,
    /// Somebody reads a page, which can show what was last read. Who opens one may soon press its button.
    Pages,
    /// Work that can be done later.
    Jobs(Lane),
}

impl Queue {
    pub const COUNT: usize = 5;
    /// People, pages and jobs.
    pub const KINDS: usize = 3;

    pub(crate) const fn place(self) -> usize {
        match self {
            Self::People => 0,
            Self::Pages => 1,
            Self::Jobs(lane) => 2 + lane.place(),
        }
    }

    /// The places of each kind are counted apart.
    pub(crate) const fn kind(self) -> usize {
        match self {
            Self::People => 0,
            Self::Pages => 1,
            Self::Jobs(_) => 2,
        }
    }
}

/// What an answer tells of what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    pub minute_left: Option<u32>,
    pub day_left: Option<u32>,
    pub app_minute_left: Option<u32>,
    /// It was none: there were too many calls.
    pub refused: Option<Refused>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub problem: Problem,
    pub retry_after: Option<TimeDelta>,
}

/// Which limit it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    Concurrent,
    Minute,
    Day,
    AppMinute,
    Unsaid,
}

impl Problem {
    /// By how the vendor's word begins: its spelling is nowhere told for certain (`wire/accounting.md`, 1.4 and 6.3).
    #[must_use]
    pub fn of(word: &str) -> Self {
        let word = word.trim().to_ascii_lowercase();
        let known = [
            ("app", Self::AppMinute),
            ("concurren", Self::Concurrent),
            ("day", Self::Day),
            ("daily", Self::Day),
            ("minute", Self::Minute),
        ];
        known.into_iter().find(|(begins, _)| word.starts_with(begins)).map_or(Self::Unsaid, |(_, problem)| problem)
    }
}

/// What was told, when, and of a call that was sent when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    pub sent_at: DateTime<Utc>,
    pub heard_at: DateTime<Utc>,
    pub said: Allowance,
}

#[cfg(test)]
#[path = "governor/tests.rs"]
mod tests;
