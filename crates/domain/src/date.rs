//! Calendar dates, and moments in words. A due date is a date, never an instant; "today" is always the merchant's and is
//! passed in (D17).

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Timelike};
use serde::{Deserialize, Serialize};

/// A moment on the wall clock of the merchant's zone, which `time_zone` beside it names. The engine converts, because the
/// tables of zones are too heavy for the browser.
pub type Moment = DateTime<FixedOffset>;

/// How late an invoice is, seen from the merchant's today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lateness {
    NotDue { days: u32 },
    DueToday,
    Overdue { days: u32 },
}

impl Lateness {
    #[must_use]
    pub fn of(due: NaiveDate, today: NaiveDate) -> Self {
        let days = due.signed_duration_since(today).num_days();
        let count = u32::try_from(days.unsigned_abs()).unwrap_or(u32::MAX);
        match days {
            0 => Self::DueToday,
            1.. => Self::NotDue { days: count },
            _ => Self::Overdue { days: count },
        }
    }

    #[must_use]
    pub fn is_overdue(self) -> bool {
        matches!(self, Self::Overdue { .. })
    }
}

impl std::fmt::Display for Lateness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotDue { days: 1 } => write!(f, "Due tomorrow"),
            Self::NotDue { days } => write!(f, "Due in {days} days"),
            Self::DueToday => write!(f, "Due today"),
            Self::Overdue { days: 1 } => write!(f, "Overdue 1 day"),
            Self::Overdue { days } => write!(f, "Overdue {days} days"),
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `November`.
#[must_use]
pub fn month(date: NaiveDate) -> &'static str {
    MONTHS[date.month0() as usize]
}

/// A date in words that no country reads backwards: `25 Nov 2026`.
#[must_use]
pub fn in_words(date: NaiveDate) -> String {
    format!("{} {} {}", date.day(), &month(date)[..3], date.year())
}

/// A month in words: `October 2026`.
#[must_use]
pub fn month_in_words(date: NaiveDate) -> String {
    format!("{} {}", month(date), date.year())
}

/// `25 Nov 2026, 14:05`; its zone is named once beside all of a page.
#[must_use]
pub fn moment_in_words(at: Moment) -> String {
    format!("{}, {:02}:{:02}", in_words(at.date_naive()), at.hour(), at.minute())
}

/// What people call the zone with this IANA name: `New York time`, `UTC`.
#[must_use]
pub fn zone_in_words(name: &str) -> String {
    match name.rsplit_once('/') {
        None => name.to_owned(),
        Some(("Etc", plain)) => plain.to_owned(),
        Some((_, city)) => format!("{} time", city.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_counts_calendar_days_on_both_sides_of_today() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 11, d).expect("a day of November");
        for (due, words) in [
            (26, "Due in 5 days"),
            (22, "Due tomorrow"),
            (21, "Due today"),
            (20, "Overdue 1 day"),
            (1, "Overdue 20 days"),
        ] {
            assert_eq!(Lateness::of(day(due), day(21)).to_string(), words);
        }
        assert_eq!(in_words(day(5)), "5 Nov 2026");
    }

    #[test]
    fn a_moment_reads_as_on_the_wall_and_its_zone_is_called_by_its_city() {
        let at = Moment::parse_from_rfc3339("2026-11-25T00:05:59+13:00").expect("a moment");
        assert_eq!(moment_in_words(at), "25 Nov 2026, 00:05");
        for (name, words) in [
            ("Pacific/Auckland", "Auckland time"),
            ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
            ("Etc/UTC", "UTC"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(zone_in_words(name), words);
        }
    }
}
