//! True time, in milliseconds since the story began. The portal's clock may show another.

use chrono::{DateTime, TimeDelta, Utc};

pub type Ms = i64;
pub const SECOND: Ms = 1_000;
pub const MINUTE: Ms = 60 * SECOND;
pub const HOUR: Ms = 60 * MINUTE;
pub const DAY: Ms = 24 * HOUR;

pub fn moment(at: Ms) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(at)
}
