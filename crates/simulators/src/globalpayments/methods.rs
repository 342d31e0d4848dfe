//! Payment methods: a card behind a `PMT_` token, which the browser's script makes in life. One for a single use is gone
//! once it was charged.

use chrono::Datelike;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cards::Card;
use super::refusal::Refusal;
use super::{Answer, Operation, action, minted, moment};

pub(super) const ACCOUNT: &str = "tokenization";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PaymentMethod {
    pub card: Card,
    pub is_single: bool,
}

pub(super) fn create(op: &mut Operation<'_>, body: &Value) -> Answer {
    let card = &body["card"];
    let text = |field: &str| card[field].as_str().unwrap_or_default();
    let read = Card::read(text("number"), text("expiry_month"), text("expiry_year"), month_of(op.now_ms))?;
    let is_single = match body["usage_mode"].as_str() {
        Some("SINGLE") => true,
        Some("MULTIPLE") | None => false,
        Some(_) => return Err(Refusal::invalid("40213", "usage_mode contains unexpected data")),
    };
    let id = minted("PMT");
    let answer = json!({
        "id": id, "time_created": moment(op.now_ms), "status": "ACTIVE", "reference": body["reference"],
        "usage_mode": if is_single { "SINGLE" } else { "MULTIPLE" },
        "card": { "number": read.masked(), "brand": read.brand, "masked_number_last4": read.masked(),
            "expiry_month": text("expiry_month"), "expiry_year": text("expiry_year") },
        "action": action("PAYMENT_METHOD_CREATE", op.now_ms, "SUCCESS"),
    });
    op.account.methods.insert(id, PaymentMethod { card: read, is_single });
    Ok(answer)
}

/// Year and month.
pub(super) fn month_of(now_ms: i64) -> (i32, u32) {
    let now = chrono::DateTime::from_timestamp_millis(now_ms).unwrap_or_default();
    (now.year(), now.month())
}
