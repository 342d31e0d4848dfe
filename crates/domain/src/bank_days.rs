//! The days on which a scheme of bank debits moves money (N4). Its holidays are told by rules, so that no list runs out;
//! what is proclaimed for one year alone is not known here.

use crate::method::MethodKind;
use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

/// The `n`-th day after this one on which the scheme moves money.
#[must_use]
pub fn bank_day_after(kind: MethodKind, day: NaiveDate, n: usize) -> NaiveDate {
    let bank_days = day.iter_days().skip(1).filter(|day| is_bank_day(kind, *day));
    bank_days.take(n).last().unwrap_or(day)
}

/// Whether the scheme moves money on this day.
#[must_use]
pub fn is_bank_day(kind: MethodKind, day: NaiveDate) -> bool {
    let is_holiday = match kind {
        MethodKind::Card => false,
        MethodKind::AchDebit => is_federal_holiday(day),
        MethodKind::BecsDebit => is_australian_holiday(day),
    };
    !is_holiday && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Nacha settles at the Federal Reserve. A holiday on a Sunday is kept on the Monday, one on a Saturday not at all
/// (frbservices.org, holiday schedules).
fn is_federal_holiday(day: NaiveDate) -> bool {
    let is_fixed = |day: NaiveDate| matches!((day.month(), day.day()), (1, 1) | (6, 19) | (7, 4) | (11, 11) | (12, 25));
    let moves = match (day.month(), day.weekday()) {
        (1 | 2, Weekday::Mon) => which_in_month(day) == 3,
        (5, Weekday::Mon) => day.day() > 24,
        (9, Weekday::Mon) => which_in_month(day) == 1,
        (10, Weekday::Mon) => which_in_month(day) == 2,
        (11, Weekday::Thu) => which_in_month(day) == 4,
        _ => false,
    };
    let was_sunday = day.weekday() == Weekday::Mon && day.pred_opt().is_some_and(is_fixed);
    moves || is_fixed(day) || was_sunday
}

/// BECS settles at the Reserve Bank, on what is no public holiday of both New South Wales and Victoria [recalled: RITS,
/// Regulations]. Anzac Day has no day instead of a weekend's in both of them.
fn is_australian_holiday(day: NaiveDate) -> bool {
    let weekday = day.weekday();
    match (day.month(), day.day()) {
        (1, 1 | 26) | (4, 25) | (12, 25 | 26) => true,
        // Instead of New Year and Australia Day on a weekend; the King's birthday.
        (1, 2 | 3 | 27 | 28) | (6, 8..=14) => weekday == Weekday::Mon,
        // Instead of Christmas and Boxing Day on a weekend.
        (12, 27 | 28) => matches!(weekday, Weekday::Mon | Weekday::Tue),
        // Good Friday, Easter Monday.
        _ => easter(day.year()).is_some_and(|easter| matches!((day - easter).num_days(), -2 | 1)),
    }
}

/// The first, second … of its weekday in its month.
fn which_in_month(day: NaiveDate) -> u32 {
    day.day0() / 7 + 1
}

/// Easter Sunday, by the rule of Gauss for the years 1900 to 2099.
fn easter(year: i32) -> Option<NaiveDate> {
    let in_cycle = year % 19;
    let full_moon = (19 * in_cycle + 24) % 30;
    let to_sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * full_moon + 5) % 7;
    let is_early = to_sunday == 6 && (full_moon == 29 || full_moon == 28 && in_cycle > 10);
    let days = full_moon + to_sunday - if is_early { 7 } else { 0 };
    NaiveDate::from_ymd_opt(year, 3, 22)?.checked_add_signed(TimeDelta::days(days.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The working days, Monday to Friday, on which the scheme rests.
    fn rests(kind: MethodKind, year: i32) -> Vec<String> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).expect("a day");
        let days = first.iter_days().take_while(|day| day.year() == year);
        let weekdays = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
        weekdays.filter(|day| !is_bank_day(kind, *day)).map(|day| day.format("%m-%d").to_string()).collect()
    }

    #[test]
    fn n4_ach_rests_on_the_holidays_that_the_federal_reserve_publishes() {
        for (year, days) in [
            (2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
            // Independence Day is a Saturday.
            (2026, "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25"),
            // Independence Day is a Sunday; Juneteenth and Christmas are Saturdays.
            (2027, "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25"),
            (2028, "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-23 12-25"),
            (2029, "01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-12 11-22 12-25"),
            (2030, "01-01 01-21 02-18 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"),
        ] {
            assert_eq!(rests(MethodKind::AchDebit, year).join(" "), days, "{year}");
        }
    }

    #[test]
    fn n4_becs_rests_on_the_holidays_that_sydney_and_melbourne_share() {
        for (year, days) in [
            (2025, "01-01 01-27 04-18 04-21 04-25 06-09 12-25 12-26"),
            // Boxing Day is a Saturday, and Anzac Day is one that nobody is given another day for.
            (2026, "01-01 01-26 04-03 04-06 06-08 12-25 12-28"),
            (2027, "01-01 01-26 03-26 03-29 06-14 12-27 12-28"),
            (2028, "01-03 01-26 04-14 04-17 04-25 06-12 12-25 12-26"),
            (2029, "01-01 01-26 03-30 04-02 04-25 06-11 12-25 12-26"),
            (2030, "01-01 01-28 04-19 04-22 04-25 06-10 12-25 12-26"),
        ] {
            assert_eq!(rests(MethodKind::BecsDebit, year).join(" "), days, "{year}");
        }
    }

    #[test]
    fn n4_days_are_counted_over_weekends_and_holidays() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        // Christmas is a Friday, and Boxing Day is kept on the Monday in Australia alone.
        for (kind, n, then) in [
            (MethodKind::AchDebit, 0, "2026-12-24"),
            (MethodKind::AchDebit, 1, "2026-12-28"),
            (MethodKind::BecsDebit, 1, "2026-12-29"),
            (MethodKind::BecsDebit, 3, "2026-12-31"),
            (MethodKind::BecsDebit, 4, "2027-01-04"),
        ] {
            assert_eq!(bank_day_after(kind, day("2026-12-24"), n), day(then), "{kind:?} {n}");
        }
    }
}
