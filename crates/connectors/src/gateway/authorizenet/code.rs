//! An attempt's name at Authorize.Net: 20 letters and digits, sent as `refId` and as `invoiceNumber`, which hold no
//! more (`wire/gateways.md`, 3.6). Lists give back the latter alone, so the name leads back to the attempt.

use crate::gateway::{GatewayError, refused};
use chrono::{DateTime, Utc};
use domain::ids::AttemptId;
use uuid::Uuid;

const LENGTH: u32 = 20;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// An id of version 7 (RFC 9562), from the left: 48 bits of time in ms, `0111`, 12 random bits, `10`, 62 random bits.
const LOW_62: u128 = (1 << 62) - 1;
const MIDDLE_12: u128 = (1 << 12) - 1;

/// Without the six bits that never differ, 122 are left, and the first four are zero for centuries: 20 digits to the
/// base of 62 hold them. Nothing is cut off.
pub fn of(attempt: AttemptId) -> Result<String, GatewayError> {
    let id = attempt.0.as_u128();
    let number = ((id >> 80) << 74) | (((id >> 64) & MIDDLE_12) << 62) | (id & LOW_62);
    if id_of(number) != attempt || number >= 62_u128.pow(LENGTH) {
        return Err(refused("unknown_id", "the attempt's id is not of version 7"));
    }
    let digit = |place| char::from(DIGITS[(number / 62_u128.pow(place) % 62) as usize]);
    Ok((0..LENGTH).rev().map(digit).collect())
}

/// The attempt of this name; nothing for a text of another shape. Other programs' texts may have the shape by chance.
pub fn attempt(code: &str) -> Option<AttemptId> {
    if code.len() != LENGTH as usize {
        return None;
    }
    let add = |number: u128, byte: u8| Some(number * 62 + DIGITS.iter().position(|digit| *digit == byte)? as u128);
    code.bytes().try_fold(0, add).map(id_of)
}

/// When an attempt began, as its id tells.
pub fn began(attempt: AttemptId) -> Option<DateTime<Utc>> {
    i64::try_from(attempt.0.as_u128() >> 80).ok().and_then(DateTime::from_timestamp_millis)
}

fn id_of(number: u128) -> AttemptId {
    let (time, middle) = (number >> 74, (number >> 62) & MIDDLE_12);
    AttemptId(Uuid::from_u128((time << 80) | (7_u128 << 76) | (middle << 64) | (2_u128 << 62) | (number & LOW_62)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(hex: u128) -> AttemptId {
        AttemptId(Uuid::from_u128(hex))
    }

    #[test]
    fn a_name_leads_back_to_its_attempt_and_no_two_are_alike() {
        let first = 0x019a_8c4e_1f00_7000_8000_0000_0000_0000_u128;
        let ids = [first, first + 1, first + (1 << 61), first + (1 << 64), first + (0xfff << 64), first + (1 << 80)];
        let names: Vec<String> = ids.iter().map(|hex| of(id(*hex)).expect("a name")).collect();
        for (hex, name) in ids.iter().zip(&names) {
            assert!(name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
            assert_eq!(attempt(name), Some(id(*hex)), "{name}");
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert_eq!(began(id(first)).expect("a time").timestamp_millis(), 0x019a_8c4e_1f00);
    }

    #[test]
    fn what_is_no_name_leads_nowhere() {
        for text in [
            "",
            "INV-1",
            "A1B2C3D4E5F6G7H8I9J",
            "A1B2C3D4E5F6G7H8I9J01",
            "A1B2C3D4E5F6G7H8I9J-",
            "ä0000000000000000000",
        ] {
            assert_eq!(attempt(text), None, "{text}");
        }
        for other in [0, 7, 0x0190_0000_0000_4000_8000_0000_0000_0000, u128::MAX] {
            assert!(matches!(of(id(other)), Err(GatewayError::Refused { .. })), "{other:x}");
        }
    }
}
