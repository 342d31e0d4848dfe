//! Business days of the banks: Monday to Friday, without holidays. Pure; times are Unix seconds.

use chrono::{DateTime, Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

pub(crate) const DAY_SECONDS: i64 = 86_400;

/// How long something takes by the simulator's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Delay {
    Seconds(i64),
    BusinessDays(u32),
}

impl Delay {
    pub fn from(self, now_s: i64) -> i64 {
        match self {
            Self::Seconds(seconds) => now_s + seconds,
            Self::BusinessDays(days) => after_business_days(now_s, days),
        }
    }
}

/// The same time of day, so many business days on.
pub(crate) fn after_business_days(now_s: i64, days: u32) -> i64 {
    let mut at_s = now_s;
    for _ in 0..days {
        at_s += DAY_SECONDS;
        while is_weekend(day_of(at_s)) {
            at_s += DAY_SECONDS;
        }
    }
    at_s
}

pub(crate) fn day_of(at_s: i64) -> NaiveDate {
    DateTime::from_timestamp(at_s, 0).map(|at| at.date_naive()).unwrap_or_default()
}

/// The first business day after the one of `at_s`: when a bank is asked for money.
pub(crate) fn next_business_day(at_s: i64) -> NaiveDate {
    let mut day = day_of(at_s);
    loop {
        day = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
        if !is_weekend(day) || day == NaiveDate::MAX {
            return day;
        }
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_do_not_count() {
        let at = |text: &str| text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp();
        // 2026-11-25 is a Wednesday.
        assert_eq!(after_business_days(at("2026-11-25T09:00:00Z"), 2), at("2026-11-27T09:00:00Z"));
        assert_eq!(after_business_days(at("2026-11-25T09:00:00Z"), 4), at("2026-12-01T09:00:00Z"));
        assert_eq!(after_business_days(at("2026-11-28T09:00:00Z"), 1), at("2026-11-30T09:00:00Z"));
        assert_eq!(next_business_day(at("2026-11-27T23:00:00Z")).to_string(), "2026-11-30");
    }
}
