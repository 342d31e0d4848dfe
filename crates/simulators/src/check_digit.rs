//! The check digit of card numbers, which every vendor looks at before anything else.

/// Whether these are digits alone, the last of which fits the others (ISO/IEC 7812, the Luhn formula).
pub(crate) fn luhn(number: &str) -> bool {
    let digit = |(place, byte): (usize, u8)| {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
    };
    number.bytes().all(|byte| byte.is_ascii_digit())
        && number.bytes().rev().enumerate().map(digit).sum::<u32>().is_multiple_of(10)
}
