//! Amounts on the wire: decimal strings of two digits; minor units inside. Pure.

/// Above it the vendor says reason 49; nothing in the demo comes near.
const AMOUNT_MAX_MINOR: i64 = 999_999_999;

/// Reads `12.34`, `12.3` and `12`; nothing below a cent, nothing negative, not zero.
pub(crate) fn read(text: &str) -> Option<i64> {
    let (whole, cents) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let cents = cents.trim_end_matches('0');
    if cents.len() > 2 || !(whole.bytes().chain(cents.bytes())).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    let minor = whole.checked_mul(100)?.checked_add(cents)?;
    (1..=AMOUNT_MAX_MINOR).contains(&minor).then_some(minor)
}

pub(crate) fn show(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal_strings() {
        for (text, minor) in [("12.34", 1234), ("12.3", 1230), ("12", 1200), ("12.3400", 1234), (".05", 5)] {
            assert_eq!(read(text), Some(minor), "{text}");
        }
        for text in ["", "0", "0.00", "-1", "1.234", "1e2", "1,00", "9999999999999999999"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!((show(1230), show(5)), ("12.30".to_owned(), "0.05".to_owned()));
    }
}
