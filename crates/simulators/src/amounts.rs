//! The books' money: cents inside and a decimal number with two places on the wire; never a float.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value};

/// `1204.50` for 120450 cents. The workspace's serde_json keeps a number's digits as written (`arbitrary_precision`,
/// asked for by rust_decimal), so the trailing zero survives.
pub(crate) fn money(minor: i64) -> Value {
    decimal(Decimal::new(minor, 2))
}

pub(crate) fn decimal(value: Decimal) -> Value {
    value.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}

/// A number as submitted; some clients send strings.
pub(crate) fn read_decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Cents, rounded half away from zero as an invoice does.
pub(crate) fn cents(value: Decimal) -> Option<i64> {
    let rounded = value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.checked_mul(Decimal::ONE_HUNDRED)?.to_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_its_trailing_zeros() {
        assert_eq!(money(120_450).to_string(), "1204.50");
        assert_eq!(money(0).to_string(), "0.00");
        assert_eq!(money(-5).to_string(), "-0.05");
    }

    #[test]
    fn amounts_are_read_without_floats() {
        let read = |text: &str| cents(read_decimal(&serde_json::from_str(text).unwrap()).unwrap());
        assert_eq!(read("1204.50"), Some(120_450));
        assert_eq!(read("\"0.07\""), Some(7));
        assert_eq!(read("1.005"), Some(101));
    }
}
