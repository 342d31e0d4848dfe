//! Xero's dates: `/Date(1539993600000+0000)/` in answers, plain ISO in requests. Source: `wire/accounting.md`, 1.1.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, de::Error};

/// Not every change is stamped in order: the next delta starts this much before the last change seen (4.1).
const OVERLAP: TimeDelta = TimeDelta::seconds(60);

/// An instant. The milliseconds are UTC already; an offset behind them is display only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MsDate(pub DateTime<Utc>);

impl MsDate {
    /// Document dates are the UTC calendar date of their instant.
    pub fn day(self) -> NaiveDate {
        self.0.date_naive()
    }

    fn read(text: &str) -> Option<Self> {
        let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
        let end = inner.rfind(['+', '-']).filter(|at| *at > 0).unwrap_or(inner.len());
        DateTime::from_timestamp_millis(inner[..end].parse().ok()?).map(Self)
    }
}

impl<'de> Deserialize<'de> for MsDate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("not a date of Xero's"))
    }
}

/// Where the next delta starts: `2026-07-01T00:00:00Z`, also the form that `If-Modified-Since` takes.
pub fn cursor(seen: DateTime<Utc>) -> String {
    before(seen, OVERLAP)
}

/// A moment so long before this one, in the same form.
pub fn before(at: DateTime<Utc>, by: TimeDelta) -> String {
    at.checked_sub_signed(by).unwrap_or(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a day")
    }

    #[test]
    fn both_spellings_are_the_same_instant() {
        for text in ["/Date(1539993600000+0000)/", "/Date(1539993600000)/", "/Date(1539993600000+1300)/"] {
            let date = MsDate::read(text).expect("a date");
            assert_eq!(date.day(), day(2018, 10, 20), "{text}");
        }
        assert_eq!(MsDate::read("/Date(-86400000)/").expect("a date").day(), day(1969, 12, 31));
        for text in ["2018-10-20", "/Date()/", "/Date(12", "/Date(99999999999999999)/", "/Date(é)/"] {
            assert_eq!(MsDate::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_cursor_is_a_minute_before_the_last_change() {
        let seen = MsDate::read("/Date(1782864005123+0000)/").expect("a date");
        assert_eq!(cursor(seen.0), "2026-06-30T23:59:05Z");
        assert!(!cursor(DateTime::<Utc>::MIN_UTC).is_empty(), "also where there is none");
    }
}
