//! Payrix's documents, spoiled in any way: nothing panics, and no money is seen that the document does not hold. It tells
//! nothing unasked that could be believed.

use crate::{
    rig::{Rig, document, hold, is_amount, now, says},
    world::{look_up, payrix, payrix_charge as charge, refund, refund_look_up},
};
use chrono::TimeDelta;
use connectors::gateway::{Found, Gateway, GatewayError, payrix::Payrix};
use domain::{
    payment::{Fact, Observation},
    refund::RefundFact,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::Value;
use simulators::mangle::mangled;

const LOGIN: &str = r#"{"access_token":"t1","expires_in":3600,"token_type":"Bearer"}"#;
pub const OPENED: &str = r#"{"token":"t-1","redirectToUrl":"https://hosted.test/t-1"}"#;
pub const PAID: &str = r#"{"transactionId":"2272290","reference":"att_00000000000000000000000000000001","amount":1204.50,"currency":"AUD","statusCode":"S","subStatusCode":null,"card":{"cardNumber":"411111xxxxxx1111","cardType":"Visa"}}"#;

pub type Stubbed = Rig<Payrix>;

/// The page on which that was paid.
pub fn page() -> String {
    format!(
        r#"{{"token":"t-1","type":"HPP","status":"PROCESSED_SUCCESSFUL","redirectToUrl":"https://hosted.test/t-1","transaction":{PAID},"payer":null}}"#
    )
}

/// Signed in already, so that each case is about its one answer.
pub fn rig() -> Stubbed {
    let rig = Rig::new(|url| payrix(url, url, now()));
    let first = vec![says(200, LOGIN.as_bytes()), says(200, page().as_bytes())];
    let found = rig.hear_all(first, rig.adapter.find(&look_up(&charge(1), Some("t-1"), now()))).unwrap();
    let Found::Seen(seen) = found else { panic!("{found:?}") };
    assert_eq!((seen.fact, seen.amount), (Fact::Approved, Some(charge(1).amount)));
    rig
}

/// What was seen is a payment of ours that stands in the document, and so much.
fn fits(found: Result<Found, GatewayError>, paid: Option<&Value>) -> TestCaseResult {
    let seen = match found {
        Ok(Found::Seen(seen)) => seen,
        Ok(Found::TooEarlyToSay) | Err(GatewayError::Unknown(_)) => return Ok(()),
        other => return Err(TestCaseError::fail(format!("{other:?}"))),
    };
    let Some(paid) = paid else { return Ok(()) };
    let Observation { fact, amount, .. } = &seen;
    if fact.is_money() {
        prop_assert!(matches!(paid["statusCode"].as_str(), Some("S" | "C")), "{seen:?} of {paid}");
        let ours = charge(1).attempt.to_string();
        prop_assert_eq!(paid["reference"].as_str(), Some(ours.as_str()));
    }
    if let Some(amount) = amount {
        prop_assert!(is_amount(&paid["amount"], amount.minor, amount.currency.exponent()), "{amount:?} of {paid}");
        let is_said = paid["currency"].as_str().is_some_and(|code| code.eq_ignore_ascii_case(amount.currency.code()));
        prop_assert!(is_said, "{amount:?} of {paid}");
    }
    Ok(())
}

/// What it says of its page.
pub fn found_page(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let found = rig.hear(says(200, body), rig.adapter.find(&look_up(&charge(1), Some("t-1"), now())));
    fits(found, document(body).as_ref().map(|page| &page["transaction"]))
}

#[test]
fn f22_s66_a_spoiled_page_is_unknown_or_says_what_stands_in_it() {
    let (rig, page) = (rig(), page());
    hold(|choices| found_page(&rig, &mangled(&page, choices)));
}

/// What it says of a payment by our reference.
pub fn found_payment(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let found = rig.hear(says(200, body), rig.adapter.find(&look_up(&charge(1), None, now())));
    fits(found, document(body).as_ref())
}

#[test]
fn f22_s66_a_spoiled_payment_is_unknown_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| found_payment(&rig, &mangled(PAID, choices)));
}

#[test]
fn f22_an_answer_that_is_no_success_never_brings_money_nor_proves_that_there_is_none() {
    let (rig, page) = (rig(), page());
    hold(|choices| {
        for (body, token) in [(page.as_str(), Some("t-1")), (PAID, None)] {
            let look_up = look_up(&charge(1), token, now());
            for status in [302, 404, 429, 500] {
                let heard = rig.hear(says(status, &mangled(body, choices)), rig.adapter.find(&look_up));
                let is_open = matches!(heard, Err(GatewayError::Unknown(_) | GatewayError::Busy { .. }));
                prop_assert!(is_open, "{status}: {heard:?}");
            }
        }
        Ok(())
    });
}

/// The answer to a charge: a page is opened.
pub fn opened(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    match (rig.hear(says(200, body), rig.adapter.charge(&charge(1))), document(body)) {
        (Ok(Observation { fact: Fact::ActionNeeded { url, .. }, gateway_id, .. }), Some(opened)) => {
            prop_assert_eq!(opened["redirectToUrl"].as_str(), Some(url.as_str()));
            prop_assert_eq!(opened["token"].as_str(), gateway_id.as_deref());
        }
        // Nobody has the address of one that is not understood, so nothing comes of it.
        (Ok(_), None) | (Err(GatewayError::NotSent(_)), _) => {}
        (other, _) => return Err(TestCaseError::fail(format!("{other:?}"))),
    }
    Ok(())
}

#[test]
fn f22_a_spoiled_answer_opens_no_other_page_than_it_names() {
    let rig = rig();
    hold(|choices| opened(&rig, &mangled(OPENED, choices)));
}

#[test]
fn f22_a_spoiled_charge_proves_no_refund_that_it_does_not_hold() {
    let rig = rig();
    // So old that nothing is sent any more.
    let whole = refund(1, &charge(1), "t-1", 120_450);
    let look_up = refund_look_up(&whole, None, now() - TimeDelta::days(1));
    let refunded = page().replace("\"currency\"", "\"amountRefunded\":1204.50,\"currency\"");
    let known = rig.hear(says(200, refunded.as_bytes()), rig.adapter.find_refund(&look_up)).unwrap();
    assert!(matches!(known, Found::Seen(_)), "{known:?}");
    hold(|choices| {
        let body = mangled(&refunded, choices);
        match rig.hear(says(200, &body), rig.adapter.find_refund(&look_up)) {
            Ok(Found::Seen(seen)) => {
                prop_assert_eq!(seen.fact, RefundFact::Succeeded);
                // What nobody else can read at all, as a number past every size, tells nothing of this one.
                let Some(page) = document(&body) else { return Ok(()) };
                prop_assert!(is_amount(&page["transaction"]["amountRefunded"], 120_450, 2), "{page}");
            }
            Ok(Found::TooEarlyToSay) | Err(GatewayError::Unknown(_)) => {}
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
        Ok(())
    });
}
