//! The clock: real time, and in the demo an offset that people move (`demo.md`, `/control/advance`). In debug builds a test
//! moves it for processes of their own, by a file. And what that time is where the merchant is.

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::date::Moment;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// PostgreSQL keeps microseconds; SQLite would keep more, and a value must be the same on both.
const SUBSECOND_DIGITS: u16 = 6;

#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
    /// Read at each look, so that whoever writes it has moved every process's clock when it is written.
    file: Option<Arc<Path>>,
}

impl Clock {
    /// A clock that somebody else may move, by changing the number of milliseconds that it is ahead.
    #[must_use]
    pub fn shifted_by(offset_ms: Arc<AtomicI64>) -> Self {
        Self { offset_ms, file: None }
    }

    /// Real time. In debug builds it is ahead by as many milliseconds as the file says that `WISEPAY_CLOCK_FILE` names, if
    /// there is one.
    #[must_use]
    pub fn of_this_process() -> Self {
        let named = if cfg!(debug_assertions) { std::env::var_os("WISEPAY_CLOCK_FILE") } else { None };
        Self { file: named.map(|name| PathBuf::from(name).into()), ..Self::default() }
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let ahead_ms = match &self.file {
            Some(file) => read_ms(file).unwrap_or(0),
            None => self.offset_ms.load(Ordering::Relaxed),
        };
        (Utc::now() + TimeDelta::milliseconds(ahead_ms)).trunc_subsecs(SUBSECOND_DIGITS)
    }

    /// The calendar day in this zone (D17).
    #[must_use]
    pub fn today(&self, zone: Tz) -> NaiveDate {
        day(self.now(), zone)
    }
}

fn read_ms(file: &Path) -> Option<i64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The zone with this IANA name. A merchant with an unknown one is not founded.
pub(crate) fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// The moment as the clock on the wall shows it there.
pub(crate) fn on_the_wall(at: DateTime<Utc>, zone: Tz) -> Moment {
    at.with_timezone(&zone).fixed_offset()
}

/// The calendar day that this moment falls on there.
pub(crate) fn day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The first moment of a day: midnight, or an hour later where the clocks were put forward at midnight.
pub(crate) fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let candidates = [midnight, midnight + TimeDelta::hours(1)];
    let start = candidates.into_iter().find_map(|start| start.and_local_timezone(zone).earliest());
    start.map_or_else(|| midnight.and_utc(), |start| start.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::date::{Lateness, moment_in_words};

    fn at(rfc3339: &str) -> DateTime<Utc> {
        rfc3339.parse().expect("a moment")
    }

    fn date(iso: &str) -> NaiveDate {
        iso.parse().expect("a date")
    }

    #[test]
    fn d17_an_invoice_is_overdue_when_the_merchants_day_is_over_wherever_the_server_is() {
        let due = date("2026-11-24");
        for (name, moment, words) in [
            // The same moment on both sides of the date line.
            ("Pacific/Auckland", "2026-11-24T11:30:00Z", "Overdue 1 day"),
            ("America/Los_Angeles", "2026-11-24T11:30:00Z", "Due today"),
            // The last second of the due date, and the first one after it.
            ("Pacific/Auckland", "2026-11-24T10:59:59Z", "Due today"),
            ("Pacific/Auckland", "2026-11-24T11:00:00Z", "Overdue 1 day"),
            ("America/Los_Angeles", "2026-11-25T07:59:59Z", "Due today"),
            ("America/Los_Angeles", "2026-11-25T08:00:00Z", "Overdue 1 day"),
        ] {
            assert_eq!(Lateness::of(due, day(at(moment), zone(name))).to_string(), words, "{name} at {moment}");
        }
    }

    #[test]
    fn d17_the_clock_on_the_wall_jumps_when_the_clocks_change() {
        for (name, moment, wall) in [
            ("America/New_York", "2026-03-08T06:59:00Z", "8 Mar 2026, 01:59"),
            ("America/New_York", "2026-03-08T07:00:00Z", "8 Mar 2026, 03:00"),
            // Twice the same hour; the machine-readable offset tells them apart.
            ("America/New_York", "2026-11-01T05:30:00Z", "1 Nov 2026, 01:30"),
            ("America/New_York", "2026-11-01T06:30:00Z", "1 Nov 2026, 01:30"),
            ("Pacific/Auckland", "2026-09-26T13:59:00Z", "27 Sep 2026, 01:59"),
            ("Pacific/Auckland", "2026-09-26T14:00:00Z", "27 Sep 2026, 03:00"),
        ] {
            assert_eq!(moment_in_words(on_the_wall(at(moment), zone(name))), wall, "{name} at {moment}");
        }
        let twice = ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"];
        let offsets = twice.map(|moment| on_the_wall(at(moment), zone("America/New_York")).to_rfc3339());
        assert_eq!(offsets, ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"]);
    }

    #[test]
    fn d17_a_day_begins_at_its_own_midnight_also_where_there_is_none() {
        for (name, day, start) in [
            ("Pacific/Auckland", "2026-09-01", "2026-08-31T12:00:00Z"),
            ("Pacific/Auckland", "2026-10-01", "2026-09-30T11:00:00Z"),
            ("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z"),
            // The clocks went from 23:59 to 01:00.
            ("America/Asuncion", "2023-10-01", "2023-10-01T04:00:00Z"),
        ] {
            assert_eq!(day_start(date(day), zone(name)), at(start), "{name}");
        }
    }
}
