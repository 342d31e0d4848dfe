//! What an app has read in a calendar month, where the vendor meters that over all the organisations that it calls for, and
//! takes no call of it any more once too much was read (`wire/accounting.md`, 2.14). Writes are free.

use super::Queue;
use crate::lane::Lane;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

/// Percents of what may be read. From the first on, jobs that can wait are held to what will last until the month's end; at
/// the second, they read nothing; at the third, pages show what was last read.
const SHORT: u32 = 80;
const JOBS_END: u32 = 95;
const PAGES_END: u32 = 98;
/// Whoever is held back comes again no sooner, so that what changes meanwhile is read together; and no later, because somebody
/// may say that the app may read more.
const HELD_MIN: TimeDelta = TimeDelta::minutes(15);
const HELD_MAX: TimeDelta = TimeDelta::hours(1);

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    pub used: u32,
    pub of: u32,
}

impl Month {
    /// So much was read that somebody must be told.
    #[must_use]
    pub fn is_short(self) -> bool {
        self.used >= self.percent(SHORT)
    }

    /// When a queue may ask again, where it must not read now. People read for as long as the vendor answers, and so does what
    /// follows of their payments.
    #[must_use]
    pub fn not_before(self, queue: Queue, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (_, end) = bounds(now);
        let again_at = match queue {
            Queue::People | Queue::Jobs(Lane::UserAction) => None,
            Queue::Pages => (self.used >= self.percent(PAGES_END)).then_some(end),
            Queue::Jobs(Lane::CompanySync | Lane::Background) => self.free_at(now),
        };
        again_at.map(|at| at.clamp(now + HELD_MIN, now + HELD_MAX))
    }

    /// When the next read is set free for what can wait: from `SHORT` to `JOBS_END`, as the month passes.
    fn free_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (free, most) = (self.percent(SHORT), self.percent(JOBS_END));
        let (begun, end) = bounds(now);
        if self.used >= most {
            return Some(end);
        }
        let nth = u64::from(self.used.checked_sub(free)? + 1);
        let month_ms = (end - begun).num_milliseconds().unsigned_abs();
        let after_ms = i64::try_from(nth * month_ms / u64::from(most - free)).ok()?;
        Some(begun + TimeDelta::milliseconds(after_ms)).filter(|at| *at > now)
    }

    /// Rounded down, and of a small number all the same at least one.
    fn percent(self, percent: u32) -> u32 {
        let part = u64::from(self.of) * u64::from(percent) / 100;
        u32::try_from(part).unwrap_or(self.of).max(1)
    }
}

/// The name of a month, in the order of time: the vendor does not say whose midnight ends it, so it is that of UTC.
#[must_use]
pub fn month_of(now: DateTime<Utc>) -> String {
    now.format("%Y-%m").to_string()
}

/// When it began, and when the next one does.
fn bounds(now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let today = now.date_naive();
    let first = today - Days::new(u64::from(today.day0()));
    (midnight(first), midnight(first + Months::new(1)))
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FREE: u32 = 500_000;
    const SERVICE: Queue = Queue::Jobs(Lane::Background);
    const QUEUES: [Queue; 5] =
        [Queue::People, Queue::Pages, Queue::Jobs(Lane::UserAction), Queue::Jobs(Lane::CompanySync), SERVICE];

    fn november(day: u32, hour: u32) -> DateTime<Utc> {
        let day = NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
        day.and_hms_opt(hour, 0, 0).expect("an hour").and_utc()
    }

    #[test]
    fn n6_who_reads_how_far_into_the_month_of_an_app() {
        let after = |ms| Some(november(16, 0) + TimeDelta::milliseconds(ms));
        let (soon, late) = (after(900_000), after(3_600_000));
        // Read by the middle of the month, and when pages and services may ask again.
        for (used, is_short, pages, service) in [
            (0, false, None, None),
            (399_999, false, None, None),
            (400_000, true, None, None),
            (437_499, true, None, None),
            // Half of what is kept for the month is free by then, and one more each 34.56 seconds.
            (437_500, true, None, soon),
            (437_577, true, None, after(78 * 34_560)),
            (456_249, true, None, late),
            (475_000, true, None, late),
            (489_999, true, None, late),
            (490_000, true, late, late),
            (u32::MAX, true, late, late),
        ] {
            let month = Month { used, of: FREE };
            assert_eq!(month.is_short(), is_short, "{used}");
            let held = QUEUES.map(|queue| month.not_before(queue, november(16, 0)));
            assert_eq!(held, [None, pages, None, service, service], "{used}");
        }
    }

    #[test]
    fn n6_a_month_has_its_own_name_and_end() {
        assert_eq!(month_of(november(30, 23)), "2026-11");
        assert_eq!(bounds(november(30, 23)), (november(1, 0), november(30, 23) + TimeDelta::hours(1)));
        let leap = NaiveDate::from_ymd_opt(2028, 2, 29).expect("a day");
        assert_eq!(bounds(midnight(leap)).1 - midnight(leap), TimeDelta::days(1));
    }

    proptest! {
        #[test]
        fn n6_what_was_read_more_holds_back_no_less_and_nobody_longer_than_an_hour(
            used: u32, more: u32, of: u32, hours in 0i64..20_000,
        ) {
            let now = november(1, 0) + TimeDelta::hours(hours);
            let (less, more) = (Month { used, of }, Month { used: used.saturating_add(more), of });
            for queue in QUEUES {
                let (less, more) = (less.not_before(queue, now), more.not_before(queue, now));
                prop_assert!(less <= more, "{queue:?}: {less:?} and {more:?}");
                prop_assert!(more.is_none_or(|at| at > now && at <= now + HELD_MAX), "{queue:?}: {more:?}");
            }
        }
    }
}
