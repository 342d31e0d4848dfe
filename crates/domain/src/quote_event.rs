//! What a quoting program is told of a quote that it has sent here to be paid (`wire/connectwise.md`, 3.3): kinds of news, the
//! body, and how long a program that does not take one is asked again.

use crate::{
    event::{EventKind, gap},
    ids::{EventId, QuoteSessionId},
    payment::AttemptState,
    quote::SessionStatus,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuoteEventKind {
    #[serde(rename = "quote_payment.succeeded")]
    Succeeded,
    /// A bank has the debit, and has not said yes.
    #[serde(rename = "quote_payment.processing")]
    Processing,
    #[serde(rename = "quote_payment.failed")]
    Failed,
    /// The money was here, and went back.
    #[serde(rename = "quote_payment.returned")]
    Returned,
    /// All of it was paid back, or a part.
    #[serde(rename = "quote_payment.refunded")]
    Refunded,
}

impl QuoteEventKind {
    /// What is told when a payment of a quote moves so. Who has given up may come back, so that is none.
    #[must_use]
    pub fn of_payment(before: AttemptState, after: AttemptState) -> Option<Self> {
        match EventKind::of_payment(before, after) {
            Some(EventKind::PaymentSucceeded) => Some(Self::Succeeded),
            Some(EventKind::PaymentFailed) => Some(Self::Failed),
            Some(EventKind::PaymentReturned) => Some(Self::Returned),
            None if after == AttemptState::Processing && before != after => Some(Self::Processing),
            _ => None,
        }
    }
}

/// The body that is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteEvent {
    /// The same however often it is sent.
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: QuoteEventKind,
    /// In seconds.
    pub created: i64,
    pub data: QuoteEventData,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteEventData {
    pub session_id: QuoteSessionId,
    /// Where it stood then; what it came to, the session itself says.
    pub status: SessionStatus,
    /// Of a refund alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded_minor: Option<i64>,
}

const GAPS: [TimeDelta; 5] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(30), TimeDelta::hours(2), TimeDelta::hours(12)];

/// The gap after so many tries in vain of one piece of news; nothing when they were the last.
#[must_use]
pub fn tell_again_after(tries: i32) -> Option<TimeDelta> {
    gap(&GAPS, tries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn s20_s39_each_move_that_a_quoting_program_waits_for_is_told() {
        use AttemptState::{
            Approved, Created, Declined, Processing, RequiresAction, Returned, Settled, Unknown, Voided,
        };
        for (before, after, told) in [
            (Created, Approved, Some(QuoteEventKind::Succeeded)),
            (Unknown, Settled, Some(QuoteEventKind::Succeeded)),
            (Created, Processing, Some(QuoteEventKind::Processing)),
            (Processing, Settled, Some(QuoteEventKind::Succeeded)),
            (Processing, Declined, Some(QuoteEventKind::Failed)),
            (Settled, Returned, Some(QuoteEventKind::Returned)),
            // Money after all, and news that are none.
            (Declined, Approved, Some(QuoteEventKind::Succeeded)),
            (Approved, Settled, None),
            (Processing, Processing, None),
            (Created, Unknown, None),
            (RequiresAction, Voided, None),
        ] {
            assert_eq!(QuoteEventKind::of_payment(before, after), told, "{before:?} to {after:?}");
        }
    }

    #[test]
    fn s20_the_body_is_as_the_wire_spells_it() {
        let told = QuoteEvent {
            id: EventId(Uuid::from_u128(7)),
            kind: QuoteEventKind::Succeeded,
            created: 1_767_225_901,
            data: QuoteEventData {
                session_id: QuoteSessionId(Uuid::from_u128(9)),
                status: SessionStatus::Succeeded,
                refunded_minor: None,
            },
        };
        let body = serde_json::to_string(&told).expect("it is plain data");
        assert_eq!(
            body,
            "{\"id\":\"evt_00000000000000000000000000000007\",\"type\":\"quote_payment.succeeded\",\"created\":1767225901,\
             \"data\":{\"session_id\":\"qs_00000000000000000000000000000009\",\"status\":\"succeeded\"}}"
        );
        assert_eq!(serde_json::from_str::<QuoteEvent>(&body).expect("it is read back"), told);
    }

    #[test]
    fn s20_who_takes_nothing_is_asked_five_times_more() {
        let gaps: Vec<_> = (1..).map_while(tell_again_after).map(|gap| gap.num_minutes()).collect();
        assert_eq!(gaps, [1, 5, 30, 120, 720]);
    }
}
