//! The clock: real time, and in the demo an offset that people move (`demo.md`, `/control/advance`).

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// PostgreSQL keeps microseconds; SQLite would keep more, and a value must be the same on both.
const SUBSECOND_DIGITS: u16 = 6;

#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that somebody else may move, by changing the number of milliseconds that it is ahead.
    #[must_use]
    pub fn shifted_by(offset_ms: Arc<AtomicI64>) -> Self {
        Self { offset_ms }
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed))).trunc_subsecs(SUBSECOND_DIGITS)
    }

    /// The calendar day in this zone (D17); UTC's where the zone is unknown.
    #[must_use]
    pub fn today(&self, time_zone: &str) -> NaiveDate {
        let zone = time_zone.parse().unwrap_or(chrono_tz::UTC);
        self.now().with_timezone(&zone).date_naive()
    }
}
