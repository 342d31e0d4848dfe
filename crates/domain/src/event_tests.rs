//! Which moves are told, how long somebody is asked again, and that no body loses a field.

use super::*;
use serde_json::Value;
use uuid::Uuid;

#[test]
fn d7_every_move_of_a_payment_is_told_once_or_not_at_all() {
    for before in AttemptState::ALL {
        for after in AttemptState::ALL {
            let told = EventKind::of_payment(before, after);
            let due = match (before, after) {
                _ if before.has_money() == after.has_money() && before.is_dead() == after.is_dead() => None,
                (_, after) if after.has_money() => Some(EventKind::PaymentSucceeded),
                (before, _) if before.has_money() && !after.is_dead() => None,
                (before, _) if before.has_money() => Some(EventKind::PaymentReturned),
                (_, AttemptState::Voided) => Some(EventKind::PaymentCancelled),
                (_, AttemptState::Declined | AttemptState::Returned) => Some(EventKind::PaymentFailed),
                _ => None,
            };
            assert_eq!(told, due, "{before:?} to {after:?}");
        }
    }
}

#[test]
fn d7_a_refund_and_a_dispute_are_told_at_each_end() {
    use DisputeState::{Inquiry, Lost, Open, Won};
    for before in RefundState::ALL {
        let told = |after| EventKind::of_refund(before, after);
        let succeeded = (before != RefundState::Succeeded).then_some(EventKind::RefundSucceeded);
        assert_eq!(told(RefundState::Succeeded), succeeded, "{before:?}");
        let failed = (!before.is_dead()).then_some(EventKind::RefundFailed);
        assert_eq!((told(RefundState::Failed), told(RefundState::Canceled)), (failed, failed), "{before:?}");
        assert_eq!(told(RefundState::Pending), None, "{before:?}");
    }
    for (before, after, told) in [
        (None, Inquiry, None),
        (Some(Inquiry), Won, None),
        (None, Won, None),
        (None, Open, Some(EventKind::DisputeOpened)),
        (Some(Inquiry), Open, Some(EventKind::DisputeOpened)),
        (Some(Open), Open, None),
        (Some(Open), Lost, Some(EventKind::DisputeLost)),
        (Some(Open), Won, Some(EventKind::DisputeWon)),
        (Some(Lost), Won, Some(EventKind::DisputeWon)),
        (Some(Won), Won, None),
    ] {
        assert_eq!(EventKind::of_dispute(before, after), told, "{before:?} to {after:?}");
    }
}

#[test]
fn d7_who_takes_nothing_is_asked_for_a_day_with_growing_gaps_and_then_no_more() {
    let gaps: Vec<_> = (1..).map_while(send_again_after).collect();
    assert!(gaps.is_sorted() && gaps.len() == GAPS.len());
    let all: TimeDelta = gaps.into_iter().sum();
    assert!(all >= TimeDelta::hours(24) && all < TimeDelta::hours(25), "{all}");
    assert_eq!((send_again_after(0), send_again_after(-1), send_again_after(i32::MIN)), (None, None, None));
}

/// Those of the files: one body of each kind, with everything in it that may be absent.
fn sample(kind: EventKind) -> Event {
    let (id, reference, currency) = (Uuid::from_u128(7), "PAY-0000000007".to_owned(), "USD".to_owned());
    let payment = || {
        EventData::Payment(PaymentData {
            id: PaymentId(id),
            attempt: AttemptId(id),
            reference: reference.clone(),
            amount_minor: 122_257,
            surcharge_minor: 1_807,
            currency: currency.clone(),
            customer: CustomerId(id),
            customer_name: "Acme Pty Ltd".to_owned(),
            method: MethodKind::Card,
            gateway_id: Some("pi_7".to_owned()),
            reason: Some(DeclineReason::InsufficientFunds),
            invoices: vec![ShareData { id: InvoiceId(id), number: "INV-501".to_owned(), amount_minor: 120_450 }],
        })
    };
    let refund = || {
        EventData::Refund(RefundData {
            id: RefundId(id),
            payment: PaymentId(id),
            reference: reference.clone(),
            amount_minor: 10_150,
            surcharge_minor: 150,
            currency: currency.clone(),
            gateway_id: Some("re_7".to_owned()),
            failure: Some(RefundFailure::CardGone),
        })
    };
    let dispute = || {
        EventData::Dispute(DisputeData {
            id: DisputeId(id),
            payment: PaymentId(id),
            reference: reference.clone(),
            amount_minor: 122_257,
            currency: currency.clone(),
            gateway_id: "dp_7".to_owned(),
            reason: DisputeReason::NotReceived,
            answer_by: Some(DateTime::UNIX_EPOCH),
        })
    };
    let invoice = || {
        EventData::Invoice(InvoiceData {
            id: InvoiceId(id),
            number: "INV-501".to_owned(),
            payment: PaymentId(id),
            reference: reference.clone(),
            amount_minor: 120_450,
            total_minor: 120_450,
            currency: currency.clone(),
        })
    };
    let data = match kind {
        EventKind::PaymentSucceeded
        | EventKind::PaymentFailed
        | EventKind::PaymentCancelled
        | EventKind::PaymentReturned => payment(),
        EventKind::RefundSucceeded | EventKind::RefundFailed => refund(),
        EventKind::DisputeOpened | EventKind::DisputeLost | EventKind::DisputeWon => dispute(),
        EventKind::InvoicePaid => invoice(),
    };
    Event { id: EventId(id), kind, version: EVENT_VERSION, sequence: 7, occurred_at: DateTime::UNIX_EPOCH, data }
}

/// What is kept of a kind. It is never edited: a field that is added is added here as well, and none is taken out.
const fn kept(kind: EventKind) -> &'static str {
    match kind {
        EventKind::PaymentSucceeded => include_str!("../events/payment.succeeded.json"),
        EventKind::PaymentFailed => include_str!("../events/payment.failed.json"),
        EventKind::PaymentCancelled => include_str!("../events/payment.cancelled.json"),
        EventKind::PaymentReturned => include_str!("../events/payment.returned.json"),
        EventKind::RefundSucceeded => include_str!("../events/refund.succeeded.json"),
        EventKind::RefundFailed => include_str!("../events/refund.failed.json"),
        EventKind::DisputeOpened => include_str!("../events/dispute.opened.json"),
        EventKind::DisputeLost => include_str!("../events/dispute.lost.json"),
        EventKind::DisputeWon => include_str!("../events/dispute.won.json"),
        EventKind::InvoicePaid => include_str!("../events/invoice.paid.json"),
    }
}

/// Everything that `kept` has and `sent` has not, or has otherwise.
fn lost(path: &str, kept: &Value, sent: Option<&Value>) -> Vec<String> {
    match (kept, sent) {
        (Value::Object(kept), Some(Value::Object(sent))) => {
            kept.iter().flat_map(|(name, value)| lost(&format!("{path}.{name}"), value, sent.get(name))).collect()
        }
        (Value::Array(kept), Some(Value::Array(sent))) if kept.len() == sent.len() => {
            kept.iter().zip(sent).flat_map(|(kept, sent)| lost(&format!("{path}[]"), kept, Some(sent))).collect()
        }
        (kept, Some(sent)) if kept == sent => Vec::new(),
        _ => vec![path.to_owned()],
    }
}

#[test]
fn d7_no_body_drops_renames_or_retypes_a_field() {
    for kind in EventKind::ALL {
        let kept: Value = serde_json::from_str(kept(kind)).expect("it was written by this test");
        let sent = serde_json::to_value(sample(kind)).expect("it is JSON");
        assert_eq!(lost("", &kept, Some(&sent)), Vec::<String>::new(), "{}: {sent:#}", kind.name());
        assert_eq!(sent["type"], kind.name(), "as serde writes it");
    }
    // The net catches: a field that is gone, one of another type, a share that is missing.
    let kept = serde_json::json!({"a": 1, "b": [{"c": "x"}]});
    for sent in [
        serde_json::json!({"b": [{"c": "x"}]}),
        serde_json::json!({"a": "1", "b": [{"c": "x"}]}),
        serde_json::json!({"a": 1, "b": [{"d": "x"}]}),
    ] {
        assert_eq!(lost("", &kept, Some(&sent)).len(), 1, "{sent}");
    }
    assert!(lost("", &kept, Some(&serde_json::json!({"a": 1, "b": [{"c": "x", "d": 2}], "e": null}))).is_empty());
}
