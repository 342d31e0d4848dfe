//! QuickBooks' spelling of dates, times and members. Source: `wire/accounting.md`, 2.1.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::amounts::read_decimal;

/// Times are usually Pacific ones; the simulator knows no winter.
const PACIFIC_HOURS_WEST: i32 = 7;

fn pacific(at_ms: i64) -> DateTime<FixedOffset> {
    let at = DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    let zone = FixedOffset::west_opt(PACIFIC_HOURS_WEST * 3600).expect("seven hours are less than a day");
    at.with_timezone(&zone)
}

/// `2026-07-01T04:00:00-07:00`, as in `MetaData`.
pub(crate) fn instant(at_ms: i64) -> String {
    pacific(at_ms).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// `2026-07-01T05:00:00.000-07:00`, as in an answer's `time`.
pub(crate) fn answer_time(at_ms: i64) -> String {
    pacific(at_ms).format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// An instant as clients write it: with an offset (whose plus may have become a space on its way), without one, or a day.
pub(crate) fn read_instant(text: &str) -> Option<i64> {
    let text = text.trim().replace(' ', "+");
    if let Ok(at) = DateTime::parse_from_rfc3339(&text) {
        return Some(at.timestamp_millis());
    }
    let day = || text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN));
    let local = text.parse::<NaiveDateTime>().or_else(|_| day()).ok()?;
    Some(local.and_utc().timestamp_millis() + i64::from(PACIFIC_HOURS_WEST) * 3_600_000)
}

/// A submitted date, with or without a time behind it.
pub(crate) fn read_day(value: &Value) -> Option<NaiveDate> {
    value.as_str()?.get(..10)?.parse().ok()
}

/// A reference's `value`; some clients send an empty one for none, some a number.
pub(crate) fn reference(fields: &Map<String, Value>, name: &str) -> Option<String> {
    text(fields.get(name)?.get("value")?)
}

/// Text that says something, also where a number was sent for it.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// At most ten digits before the point and five behind it (2.1).
pub(crate) fn read_amount(value: &Value) -> Option<Decimal> {
    let amount = read_decimal(value)?.normalize();
    (amount.scale() <= 5 && amount.abs() < Decimal::from(10_000_000_000_i64)).then_some(amount)
}

/// Members that are null, at any depth, are members that were not sent.
pub(crate) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.iter().filter(|(_, member)| !member.is_null());
            Value::Object(told.map(|(name, member)| (name.clone(), without_nulls(member))).collect())
        }
        Value::Array(items) => items.iter().filter(|item| !item.is_null()).map(without_nulls).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_pacific_and_read_in_every_spelling() {
        let at_ms = 1_782_864_000_000;
        assert_eq!(instant(at_ms), "2026-06-30T17:00:00-07:00");
        assert_eq!(answer_time(at_ms + 5), "2026-06-30T17:00:00.005-07:00");
        for text in [
            "2026-06-30T17:00:00-07:00",
            "2026-07-01T00:00:00Z",
            "2026-07-01T10:00:00 10:00",
            "2026-06-30T17:00:00",
            "2026-06-30T17:00:00.000-07:00",
        ] {
            assert_eq!(read_instant(text), Some(at_ms), "{text}");
        }
        assert_eq!(read_instant("2026-07-01"), Some(at_ms + 7 * 3_600_000));
        assert_eq!(read_instant("yesterday"), None);
    }

    #[test]
    fn amounts_have_ten_digits_before_the_point_and_five_behind_it() {
        let read = |text: &str| read_amount(&serde_json::from_str(text).unwrap()).map(|amount| amount.to_string());
        assert_eq!(read("1250.00").as_deref(), Some("1250"));
        assert_eq!(read("\"0.12345\"").as_deref(), Some("0.12345"));
        assert_eq!(read("9999999999.99999").as_deref(), Some("9999999999.99999"));
        for text in ["0.123456", "10000000000", "true", "\"a lot\""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
