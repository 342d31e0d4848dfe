//! Stripe's documents, spoiled in any way: nothing panics, nothing passes without its signature, and no money is seen that
//! the document does not hold.

use crate::{
    rig::{Rig, Sent, document, hold, is_amount, now, number, says, unless_unknown},
    world::{look_up, refund, request, stripe, token},
};
use connectors::gateway::{ChargeHow, Found, Gateway, stripe::Stripe};
use domain::{
    money::Money,
    payment::{Fact, Observation},
    refund::RefundFact,
};
use hmac::{Hmac, KeyInit, Mac};
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::Value;
use simulators::{facts, mangle::mangled};

pub const INTENT: &str = r#"{"id":"pi_1","object":"payment_intent","status":"succeeded","amount":120450,"amount_received":120450,"currency":"usd","metadata":{"attempt_id":"att_00000000000000000000000000000001"},"next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://bank.test/3ds"}},"last_payment_error":null,"latest_charge":{"id":"ch_1","amount":120450,"currency":"usd","payment_method_details":{"type":"card","card":{"brand":"visa","last4":"4242"}}}}"#;
pub const REFUND: &str = r#"{"id":"re_1","object":"refund","status":"succeeded","amount":500,"currency":"usd","payment_intent":"pi_1","failure_reason":null,"metadata":{"refund_id":"rfd_00000000000000000000000000000001"}}"#;
const DECLINE: &str = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","charge":"ch_1","message":"Your card was declined.","payment_intent":{"id":"pi_1","status":"requires_payment_method","amount":120450,"currency":"usd"}}}"#;
pub const EVENT: Sent = Sent {
    header: "stripe-signature",
    event: r#"{"id":"evt_1","object":"event","type":"payment_intent.succeeded","created":1800000000,"data":{"object":{"id":"pi_1","object":"payment_intent","amount":120450,"latest_charge":"ch_1","metadata":{"attempt_id":"att_00000000000000000000000000000001"}}}}"#,
    sign,
};

pub type Stubbed = Rig<Stripe>;

pub fn rig() -> Stubbed {
    Rig::new(|url| stripe(url, now()))
}

fn sign(body: &[u8]) -> String {
    let at = now().timestamp();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(facts::stripe::PORTAL_WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// In minor units already.
fn says_amount(object: &Value, amount: Money) -> bool {
    let is_said = ["amount_received", "amount"].iter().any(|name| is_amount(&object[*name], amount.minor, 0));
    is_said && object["currency"].as_str().is_some_and(|code| code.eq_ignore_ascii_case(amount.currency.code()))
}

/// Money is seen where this intent holds it, and so much.
fn fits(seen: &Observation, intent: &Value) -> TestCaseResult {
    if seen.fact.is_money() {
        let holds = matches!(intent["status"].as_str(), Some("succeeded" | "requires_capture"));
        prop_assert!(holds, "{seen:?} of {intent}");
    }
    if let Some(amount) = seen.amount {
        prop_assert!(says_amount(intent, amount), "{amount:?} of {intent}");
    }
    Ok(())
}

#[test]
fn d4_f7_an_event_is_taken_only_as_it_was_signed() {
    let rig = rig();
    hold(|choices| EVENT.is_taken_only_as_signed(&rig.adapter, choices));
}

/// Signed news.
pub fn event(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let Ok(news) = EVENT.read(&rig.adapter, sign(body).as_bytes(), body) else { return Ok(()) };
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    prop_assert!(news.attempt.is_none_or(|attempt| text.contains(&attempt.to_string())), "{news:?} of {text}");
    let Some(event) = document(body) else { return Ok(()) };
    let named = event["id"].as_str().filter(|id| (1..256).contains(&id.len()));
    prop_assert!(named.is_none_or(|id| id == news.event_id), "{news:?} of {event}");
    Ok(())
}

#[test]
fn an_event_names_the_attempt_that_stands_in_it() {
    let rig = rig();
    hold(|choices| event(&rig, &mangled(EVENT.event, choices)));
}

/// The answer to a charge.
pub fn charged(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let seen = unless_unknown(rig.hear(says(200, body), rig.adapter.charge(&request(1, token("pm_card_visa")))))?;
    let (Some(seen), Some(intent)) = (seen, document(body)) else { return Ok(()) };
    fits(&seen, &intent)
}

#[test]
fn f22_s66_a_spoiled_answer_to_a_charge_is_unknown_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| charged(&rig, &mangled(INTENT, choices)));
}

#[test]
fn f22_an_answer_that_is_no_success_never_brings_money() {
    let rig = rig();
    let charge = request(1, token("pm_card_visa"));
    hold(|choices| {
        for (status, body) in [(402, DECLINE), (402, INTENT), (400, INTENT), (409, INTENT), (500, INTENT)] {
            let heard = rig.hear(says(status, &mangled(body, choices)), rig.adapter.charge(&charge));
            prop_assert!(!heard.as_ref().is_ok_and(|seen| seen.fact.is_money()), "{status}: {heard:?}");
        }
        Ok(())
    });
}

#[test]
fn f22_s66_a_page_says_of_its_payment_what_stands_in_it() {
    let rig = rig();
    let page = format!(r#"{{"id":"cs_1","object":"checkout.session","status":"complete","payment_intent":{INTENT}}}"#);
    let request = request(1, ChargeHow::HostedPage);
    let look_up = look_up(&request, Some("cs_1"), now());
    hold(|choices| {
        let body = mangled(&page, choices);
        // Merely opened, it is no money yet.
        let opened = rig.hear(says(200, &body), rig.adapter.charge(&request));
        prop_assert!(!opened.as_ref().is_ok_and(|seen| seen.fact.is_money()), "{opened:?}");
        let found = rig.hear(says(200, &body), rig.adapter.find(&look_up));
        let (Ok(Found::Seen(seen)), Some(page)) = (found, document(&body)) else { return Ok(()) };
        fits(&seen, &page["payment_intent"])
    });
}

/// The answer to a refund.
pub fn refunded(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let refund = refund(1, &request(1, token("pm_card_visa")), "pi_1", 500);
    let seen = unless_unknown(rig.hear(says(200, body), rig.adapter.refund(&refund)))?;
    let (Some(seen), Some(document)) = (seen, document(body)) else { return Ok(()) };
    let holds = document["status"].as_str() == Some("succeeded");
    prop_assert!(seen.fact != RefundFact::Succeeded || holds, "{seen:?} of {document}");
    prop_assert!(seen.amount.is_none_or(|amount| says_amount(&document, amount)), "{seen:?} of {document}");
    Ok(())
}

#[test]
fn f22_d24_a_spoiled_answer_to_a_refund_is_unknown_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| refunded(&rig, &mangled(REFUND, choices)));
}

#[test]
fn the_documents_themselves_are_understood() {
    let rig = rig();
    let charge = request(1, token("pm_card_visa"));
    let seen = rig.hear(says(200, INTENT.as_bytes()), rig.adapter.charge(&charge)).unwrap();
    assert_eq!((&seen.fact, seen.amount), (&Fact::Approved, Some(charge.amount)));
    fits(&seen, &document(INTENT.as_bytes()).unwrap()).unwrap();
    assert_eq!(number(&document(REFUND.as_bytes()).unwrap()["amount"]), Some(500.0));
    let paid_back = rig.hear(says(200, REFUND.as_bytes()), rig.adapter.refund(&refund(1, &charge, "pi_1", 500)));
    assert_eq!(paid_back.unwrap().fact, RefundFact::Succeeded);
    assert!(EVENT.read(&rig.adapter, sign(EVENT.event.as_bytes()).as_bytes(), EVENT.event.as_bytes()).is_ok());
}
