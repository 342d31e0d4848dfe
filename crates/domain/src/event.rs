//! What a merchant's partners are told: kinds of events, the body that is sent, and how long somebody who does not take it is
//! asked again (D7, G78). The body is a contract with others: `events/` of this crate keeps one of each kind, and a test refuses what
//! drops, renames or retypes a field. Adding one is allowed.

use crate::{
    dispute::{DisputeReason, DisputeState},
    ids::{AttemptId, CustomerId, DisputeId, EventId, InvoiceId, PaymentId, RefundId},
    method::MethodKind,
    payment::{AttemptState, DeclineReason},
    refund::{RefundFailure, RefundState},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Grows when a field must go; until then bodies only gain some.
pub const EVENT_VERSION: u32 = 1;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
pub enum EventKind {
    /// The gateway has the money. It may be told again of a payment that had failed before.
    #[serde(rename = "payment.succeeded")]
    PaymentSucceeded,
    /// A final no, and no money moved.
    #[serde(rename = "payment.failed")]
    PaymentFailed,
    /// Nobody paid: it was given up, and no money moved.
    #[serde(rename = "payment.cancelled")]
    PaymentCancelled,
    /// The money was here, and went back: by its bank, by a lost dispute over all of it, by a refund of all of it whose
    /// customer still owes the invoices, or undone before it settled.
    #[serde(rename = "payment.returned")]
    PaymentReturned,
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded,
    /// No money went back, or it came again.
    #[serde(rename = "refund.failed")]
    RefundFailed,
    /// The money is withheld. A bank's mere inquiry is none.
    #[serde(rename = "dispute.opened")]
    DisputeOpened,
    #[serde(rename = "dispute.lost")]
    DisputeLost,
    #[serde(rename = "dispute.won")]
    DisputeWon,
    /// The books say that nothing is due any more, after a payment of ours.
    #[serde(rename = "invoice.paid")]
    InvoicePaid,
}

impl EventKind {
    pub const ALL: [Self; 10] = [
        Self::PaymentSucceeded,
        Self::PaymentFailed,
        Self::PaymentCancelled,
        Self::PaymentReturned,
        Self::RefundSucceeded,
        Self::RefundFailed,
        Self::DisputeOpened,
        Self::DisputeLost,
        Self::DisputeWon,
        Self::InvoicePaid,
    ];

    /// As it is sent.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaymentSucceeded => "payment.succeeded",
            Self::PaymentFailed => "payment.failed",
            Self::PaymentCancelled => "payment.cancelled",
            Self::PaymentReturned => "payment.returned",
            Self::RefundSucceeded => "refund.succeeded",
            Self::RefundFailed => "refund.failed",
            Self::DisputeOpened => "dispute.opened",
            Self::DisputeLost => "dispute.lost",
            Self::DisputeWon => "dispute.won",
            Self::InvoicePaid => "invoice.paid",
        }
    }

    /// What is told when an attempt moves so.
    #[must_use]
    pub fn of_payment(before: AttemptState, after: AttemptState) -> Option<Self> {
        match (before.has_money(), after.has_money()) {
            (false, true) => Some(Self::PaymentSucceeded),
            (true, false) if after.is_dead() => Some(Self::PaymentReturned),
            (false, false) if after.is_dead() && !before.is_dead() => {
                Some(if after == AttemptState::Voided { Self::PaymentCancelled } else { Self::PaymentFailed })
            }
            _ => None,
        }
    }

    /// The same of a refund.
    #[must_use]
    pub fn of_refund(before: RefundState, after: RefundState) -> Option<Self> {
        if after == RefundState::Succeeded && before != after {
            Some(Self::RefundSucceeded)
        } else {
            (after.is_dead() && !before.is_dead()).then_some(Self::RefundFailed)
        }
    }

    /// The same of a dispute; `before` is nothing when it was not known.
    #[must_use]
    pub fn of_dispute(before: Option<DisputeState>, after: DisputeState) -> Option<Self> {
        use DisputeState::{Inquiry, Lost, Open, Won};
        match (before, after) {
            (before, after) if before == Some(after) => None,
            (_, Open) => Some(Self::DisputeOpened),
            (_, Lost) => Some(Self::DisputeLost),
            (Some(Open | Lost), Won) => Some(Self::DisputeWon),
            (_, Inquiry | Won) => None,
        }
    }
}

/// The body that is sent. What may be missing is `null`, never absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The same however often it is sent: whoever has it already may drop it.
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventKind,
    pub version: u32,
    /// From 1, without gaps, over all events of the merchant.
    pub sequence: i64,
    pub occurred_at: DateTime<Utc>,
    pub data: EventData,
}

/// What it is about, under the name of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventData {
    Payment(PaymentData),
    Refund(RefundData),
    Dispute(DisputeData),
    Invoice(InvoiceData),
}

/// One attempt of a payment. Amounts are minor units of their currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaymentData {
    pub id: PaymentId,
    pub attempt: AttemptId,
    /// Ours, as payers read it.
    pub reference: String,
    /// All that is charged.
    pub amount_minor: i64,
    /// Of that, what is added for the way of paying.
    pub surcharge_minor: i64,
    pub currency: String,
    pub customer: CustomerId,
    pub customer_name: String,
    pub method: MethodKind,
    /// The gateway's id of it.
    pub gateway_id: Option<String>,
    /// Why no money came, or why it went back.
    pub reason: Option<DeclineReason>,
    pub invoices: Vec<ShareData>,
}

/// What of a payment is for one invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShareData {
    pub id: InvoiceId,
    pub number: String,
    pub amount_minor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundData {
    pub id: RefundId,
    pub payment: PaymentId,
    pub reference: String,
    pub amount_minor: i64,
    pub surcharge_minor: i64,
    pub currency: String,
    pub gateway_id: Option<String>,
    pub failure: Option<RefundFailure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DisputeData {
    pub id: DisputeId,
    pub payment: PaymentId,
    pub reference: String,
    pub amount_minor: i64,
    pub currency: String,
    pub gateway_id: String,
    pub reason: DisputeReason,
    pub answer_by: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceData {
    pub id: InvoiceId,
    pub number: String,
    /// The payment that paid the rest of it.
    pub payment: PaymentId,
    pub reference: String,
    /// Of that payment, what was for this invoice.
    pub amount_minor: i64,
    pub total_minor: i64,
    pub currency: String,
}

/// How long an endpoint is left alone after each try in vain: 24 hours and 21 minutes in all.
const GAPS: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::hours(1),
    TimeDelta::hours(2),
    TimeDelta::hours(4),
    TimeDelta::hours(8),
    TimeDelta::hours(9),
];

/// The gap after so many tries in vain of one event; nothing when they were the last.
#[must_use]
pub fn send_again_after(tries: i32) -> Option<TimeDelta> {
    gap(&GAPS, tries)
}

pub(crate) fn gap(gaps: &[TimeDelta], tries: i32) -> Option<TimeDelta> {
    let nth = usize::try_from(tries.checked_sub(1)?).ok()?;
    gaps.get(nth).copied()
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
