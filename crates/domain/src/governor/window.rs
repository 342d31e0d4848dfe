//! A vendor's minute or day: fixed, and begun by its first call.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Answers overtake one another by no more calls than this: whoever tells of more that are left has begun to count anew.
const OVERTAKEN_MAX: u32 = 10;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    pub since: Option<DateTime<Utc>>,
    /// Handed out to our processes, and what the vendor has counted beyond that: programs that are not ours may use it too.
    pub leased: u32,
    /// Used for certain, as the vendor counts.
    pub told: u32,
}

impl Window {
    /// Starts anew when it is over. `true`: it was.
    pub fn roll(&mut self, now: DateTime<Utc>, length: TimeDelta) -> bool {
        // The clocks of two processes differ a little: what lies ahead is over only when it lies far ahead.
        let over = self.since.is_some_and(|since| now - since >= length || since - now > length);
        if over {
            *self = Self::default();
        }
        over
    }

    pub fn take(&mut self, calls: u32, now: DateTime<Utc>) {
        self.since = self.since.or(Some(now));
        self.leased += calls;
    }

    pub fn put_back(&mut self, calls: u32) {
        self.leased = self.leased.saturating_sub(calls).max(self.told);
    }

    pub const fn left(&self, limit: u32) -> u32 {
        limit.saturating_sub(self.leased)
    }

    /// What the vendor says is left of `limit`: less than we thought counts, more does not. `true`: it has begun anew there,
    /// before it was over here.
    pub fn hear(&mut self, left: u32, limit: u32, sent_at: DateTime<Utc>) -> bool {
        if self.since.is_none_or(|since| sent_at < since) {
            return false;
        }
        let used = limit.saturating_sub(left);
        let anew = used + OVERTAKEN_MAX < self.told;
        if anew {
            *self = Self { since: Some(sent_at), leased: used, told: used };
        } else {
            (self.told, self.leased) = (self.told.max(used), self.leased.max(used));
        }
        anew
    }

    /// Nothing is left until then.
    pub fn close(&mut self, until: DateTime<Utc>, length: TimeDelta, limit: u32) {
        *self = Self { since: Some(until - length), leased: limit, told: limit };
    }
}
