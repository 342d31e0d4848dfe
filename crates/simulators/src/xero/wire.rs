//! Xero's spelling of dates and envelopes. Source: `wire/accounting.md`, 1.1.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;
use serde_json::{Value, json};

pub(crate) use crate::amounts::{cents, decimal, money, read_decimal};
use crate::seed::stable_id;

/// The rate of the organisation's own currency.
pub(crate) fn one_to_one() -> Value {
    decimal(Decimal::new(1_000_000, 6))
}

/// `/Date(1782864000000+0000)/`.
pub(crate) fn instant(at_ms: i64) -> Value {
    json!(format!("/Date({at_ms}+0000)/"))
}

pub(crate) fn day_ms(day: NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
}

pub(crate) fn day(day: NaiveDate) -> Value {
    instant(day_ms(day))
}

pub(crate) fn day_string(day: NaiveDate) -> Value {
    json!(format!("{day}T00:00:00"))
}

/// The `…UTCString` members: ISO 8601 with Z.
pub(crate) fn instant_string(at_ms: i64) -> Value {
    json!(DateTime::from_timestamp_millis(at_ms).map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()))
}

/// The milliseconds of `/Date(ms)/` or `/Date(ms+hhmm)/`.
pub(crate) fn read_instant(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map_or(inner.len(), |(at, _)| at);
    inner[..end].parse().ok()
}

/// A submitted date: `2026-07-01`, with or without a time, or `/Date(ms)/` as xero-python sends it.
pub(crate) fn read_day(value: &Value) -> Option<NaiveDate> {
    let text = value.as_str()?;
    if let Some(at_ms) = read_instant(text) {
        return DateTime::from_timestamp_millis(at_ms).map(|at| at.date_naive());
    }
    text.get(..10)?.parse().ok()
}

/// `If-Modified-Since` in the three spellings that clients use: no zone, an offset, `Z`.
pub(crate) fn read_since(text: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    let plain = text.parse::<NaiveDateTime>().ok()?;
    Some(plain.and_utc().timestamp_millis())
}

/// Real answers escape the slashes of their dates. What else begins or ends like one means the same with them escaped.
pub(crate) fn slashed(json: &str) -> String {
    json.replace("\"/Date(", "\"\\/Date(").replace(")/\"", ")\\/\"")
}

/// The answer's envelope around `members`, which holds the plural and, when paged, `pagination`.
pub(crate) fn envelope(request_id: &str, now_ms: i64, members: Value) -> Value {
    let mut envelope = json!({
        "Id": stable_id("request", request_id), "Status": "OK", "ProviderName": "Wise-Pay demo",
        "DateTimeUTC": format!("/Date({now_ms})/"),
    });
    if let (Value::Object(envelope), Value::Object(members)) = (&mut envelope, members) {
        envelope.extend(members);
    }
    envelope
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slashes_of_dates_are_escaped_and_nothing_is_changed_by_it() {
        let answer = json!({ "Date": instant(1), "Reference": "(paid)/", "Name": "\"/Date(1)/\"" });
        let sent = slashed(&answer.to_string());
        assert!(sent.contains(r#""Date":"\/Date(1+0000)\/""#), "{sent}");
        assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), answer);
    }

    #[test]
    fn dates_are_read_in_every_spelling() {
        let day = NaiveDate::from_ymd_opt(2026, 7, 1);
        for text in ["2026-07-01", "2026-07-01T00:00:00", "/Date(1782864000000)/", "/Date(1782864000000+0000)/"] {
            assert_eq!(read_day(&json!(text)), day, "{text}");
        }
        for text in ["2026-07-01T00:00:00", "2026-07-01T00:00:00+00:00", "2026-07-01T00:00:00.000Z"] {
            assert_eq!(read_since(text), Some(1_782_864_000_000), "{text}");
        }
    }
}
