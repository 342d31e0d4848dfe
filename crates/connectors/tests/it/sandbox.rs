//! The sandbox does what each of its test methods says, and a look-up tells the same story as a reply.

use crate::world::{look_up, refund, refund_look_up, request, token};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{ChargeHow, Found, Gateway, GatewayError, sandbox::Sandbox};
use domain::{
    payment::{DeclineReason, Fact},
    refund::RefundFact,
    views::MethodEntry,
};
use std::sync::Arc;

fn sent_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_253_400, 0).unwrap()
}

fn sandbox(later: TimeDelta) -> Sandbox {
    Sandbox::new(Arc::new(move || sent_at() + later))
}

async fn found(name: &str, later: TimeDelta) -> Found {
    sandbox(later).find(&look_up(&request(1, token(name)), None, sent_at())).await.unwrap()
}

#[tokio::test]
async fn d2_a_reply_and_a_look_up_agree() {
    for name in ["sbx_approved", "sbx_declined", "sbx_no_funds"] {
        let replied = sandbox(TimeDelta::zero()).charge(&request(1, token(name))).await.unwrap();
        assert_eq!(replied.amount, Some(request(1, token(name)).amount));
        assert_eq!(found(name, TimeDelta::zero()).await, Found::Seen(replied), "{name}");
    }
    let no_funds = found("sbx_no_funds", TimeDelta::days(9)).await;
    let Found::Seen(no_funds) = no_funds else { panic!("{no_funds:?}") };
    assert_eq!(no_funds.fact, Fact::BankNo { reason: DeclineReason::InsufficientFunds });
}

#[tokio::test]
async fn d2_a_charge_that_never_arrived_is_not_there() {
    let reply = sandbox(TimeDelta::zero()).charge(&request(1, token("sbx_never_arrives"))).await;
    assert!(matches!(reply, Err(GatewayError::Unknown(_))), "{reply:?}");
    assert_eq!(found("sbx_never_arrives", TimeDelta::hours(1)).await, Found::NotThere);
}

#[tokio::test]
async fn an_approved_card_settles_after_two_days() {
    for (later, fact) in [(TimeDelta::hours(47), Fact::Approved), (TimeDelta::hours(48), Fact::Settled)] {
        let seen = found("sbx_approved", later).await;
        assert!(matches!(&seen, Found::Seen(seen) if seen.fact == fact), "{seen:?}");
    }
}

#[tokio::test]
async fn a_form_without_script_is_offered_methods_and_nothing_else_is_taken() {
    let MethodEntry::TestMethods(methods) = sandbox(TimeDelta::zero()).method_entry() else { panic!("test methods") };
    assert_eq!(methods[0].token, "sbx_approved", "the first is chosen already");
    let plain = sandbox(TimeDelta::zero()).charge(&request(1, ChargeHow::HostedPage)).await.unwrap();
    assert_eq!(plain.fact, Fact::Approved);
    let foreign = sandbox(TimeDelta::zero()).charge(&request(1, token("pm_card_visa"))).await;
    assert!(matches!(foreign, Err(GatewayError::Refused { .. })), "{foreign:?}");
    assert_eq!(found("pm_card_visa", TimeDelta::hours(1)).await, Found::NotThere, "and nothing hangs on it for ever");
}

#[tokio::test]
async fn g37_a_refund_is_made_at_once_and_a_lost_answer_is_found() {
    for (name, is_lost) in [("sbx_approved", false), ("sbx_refund_lost", true)] {
        let request = refund(1, &request(1, token(name)), "sbx_1", 500);
        let reply = sandbox(TimeDelta::zero()).refund(&request).await;
        let found = sandbox(TimeDelta::seconds(5)).find_refund(&refund_look_up(&request, None, sent_at())).await;
        let Ok(Found::Seen(found)) = found else { panic!("{found:?}") };
        assert_eq!((&found.fact, found.amount), (&RefundFact::Succeeded, Some(request.amount)));
        match reply {
            Ok(replied) => assert!(!is_lost && replied == found),
            Err(lost) => assert!(is_lost && matches!(lost, GatewayError::Unknown(_)), "{lost:?}"),
        }
    }
}
