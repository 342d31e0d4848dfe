//! The name of an attempt or a refund at Authorize.Net: 20 letters and digits, sent as `refId` and as `invoiceNumber`,
//! which hold no more (`wire/gateways.md`, 3.6). Lists give back the latter alone, so a name leads back to its owner. A
//! saved method has one too, as `merchantCustomerId`: what is found by it is known already, so it need lead nowhere.

use crate::gateway::{GatewayError, refused};
use chrono::{DateTime, Utc};
use domain::ids::{AttemptId, MethodId, RefundId};
use uuid::Uuid;

const LENGTH: u32 = 20;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// An id of version 7 (RFC 9562), from the left: 48 bits of time in ms, `0111`, 12 random bits, `10`, 62 random bits.
const LOW_62: u128 = (1 << 62) - 1;
const MIDDLE_12: u128 = (1 << 12) - 1;

/// Without the six bits that never differ, 122 are left, and the first four are zero for centuries. 20 digits to the
/// base of 62 hold one bit more, by which a refund is told from an attempt.
const REFUND: u128 = 1 << 118;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Attempt(AttemptId),
    Refund(RefundId),
}

impl Name {
    pub const fn attempt(self) -> Option<AttemptId> {
        match self {
            Self::Attempt(attempt) => Some(attempt),
            Self::Refund(_) => None,
        }
    }

    /// When it began, as its id tells.
    pub fn began(self) -> Option<DateTime<Utc>> {
        let (Self::Attempt(AttemptId(id)) | Self::Refund(RefundId(id))) = self;
        i64::try_from(id.as_u128() >> 80).ok().and_then(DateTime::from_timestamp_millis)
    }
}

pub fn of(attempt: AttemptId) -> Result<String, GatewayError> {
    Ok(written(number_of(attempt.0)?))
}

pub fn of_refund(refund: RefundId) -> Result<String, GatewayError> {
    Ok(written(REFUND | number_of(refund.0)?))
}

pub fn of_method(method: MethodId) -> Result<String, GatewayError> {
    Ok(written(number_of(method.0)?))
}

/// What has this name; nothing for a text of another shape. Other programs' texts may have the shape by chance.
pub fn read(code: &str) -> Option<Name> {
    if code.len() != LENGTH as usize {
        return None;
    }
    let add = |number: u128, byte: u8| Some(number * 62 + DIGITS.iter().position(|digit| *digit == byte)? as u128);
    let number = code.bytes().try_fold(0, add)?;
    let id = id_of(number % REFUND);
    match number / REFUND {
        0 => Some(Name::Attempt(AttemptId(id))),
        1 => Some(Name::Refund(RefundId(id))),
        _ => None,
    }
}

/// Nothing of the id is cut off.
fn number_of(id: Uuid) -> Result<u128, GatewayError> {
    let bits = id.as_u128();
    let number = ((bits >> 80) << 74) | (((bits >> 64) & MIDDLE_12) << 62) | (bits & LOW_62);
    if id_of(number) != id || number >= REFUND {
        return Err(refused("unknown_id", "the id is not of version 7"));
    }
    Ok(number)
}

fn written(number: u128) -> String {
    let digit = |place| char::from(DIGITS[(number / 62_u128.pow(place) % 62) as usize]);
    (0..LENGTH).rev().map(digit).collect()
}

fn id_of(number: u128) -> Uuid {
    let (time, middle) = (number >> 74, (number >> 62) & MIDDLE_12);
    Uuid::from_u128((time << 80) | (7_u128 << 76) | (middle << 64) | (2_u128 << 62) | (number & LOW_62))
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
            assert_eq!(read(name), Some(Name::Attempt(id(*hex))), "{name}");
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert_eq!(Name::Attempt(id(first)).began().expect("a time").timestamp_millis(), 0x019a_8c4e_1f00);
    }

    #[test]
    fn a_refund_has_another_name_than_the_attempt_of_the_same_id() {
        for hex in [0x019a_8c4e_1f00_7000_8000_0000_0000_0000_u128, 0x0fff_ffff_ffff_7fff_bfff_ffff_ffff_ffff] {
            let refund = RefundId(Uuid::from_u128(hex));
            let name = of_refund(refund).expect("a name");
            assert!(name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
            assert_eq!(read(&name), Some(Name::Refund(refund)), "{name}");
            assert_ne!(of(id(hex)).expect("a name"), name);
        }
        assert!(of_refund(RefundId(Uuid::from_u128(7))).is_err());
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
            "zzzzzzzzzzzzzzzzzzzz",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        for other in [0, 7, 0x0190_0000_0000_4000_8000_0000_0000_0000, u128::MAX] {
            assert!(matches!(of(id(other)), Err(GatewayError::Refused { .. })), "{other:x}");
        }
    }
}
