//! Global Payments' documents, spoiled in any way: nothing panics, nothing passes without its signature, and no money is
//! seen that the document does not hold.

use crate::{
    rig::{Rig, Sent, document, hold, is_amount, now, says, unless_unknown},
    world::{globalpayments, look_up, refund, request, token},
};
use connectors::gateway::{ChargeHow, Found, Gateway, globalpayments::GlobalPayments};
use domain::{money::Money, payment::Fact, refund::RefundFact};
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::Value;
use sha2::{Digest, Sha512};
use simulators::{facts, mangle::mangled};

const TOKEN: &str = r#"{"token":"t1","type":"Bearer"}"#;
pub const SALE: &str = r#"{"id":"TRN_1","type":"SALE","status":"CAPTURED","amount":"120450","currency":"USD","reference":"att_00000000000000000000000000000001","time_created":"2027-01-15T08:00:00.000Z","payment_method":{"result":"00","card":{"brand":"VISA","masked_number_last4":"XXXXXXXXXXXX5262"}},"action":{"result_code":"SUCCESS"}}"#;
pub const REFUND: &str = r#"{"id":"TRN_2","type":"REFUND","status":"CAPTURED","amount":"500","currency":"USD","parent_resource_id":"TRN_1"}"#;
const LINK: &str = r#"{"id":"LNK_1","url":"https://pay.test/1","status":"ACTIVE","usage_count":"0","transactions":{"amount":"120450","transaction_list":[]}}"#;
pub const EVENT: Sent = Sent { header: "x-gp-signature", event: SALE, sign };
const MONEY: [&str; 4] = ["PREAUTHORIZED", "CAPTURED", "BATCHED", "FUNDED"];

fn sign(body: &[u8]) -> String {
    let key = facts::globalpayments::PORTAL_APP_KEY.as_bytes();
    hex::encode(Sha512::digest([body, key].concat()))
}

pub type Stubbed = Rig<GlobalPayments>;

/// With a token already, so that each case is about its one answer.
pub fn rig() -> Stubbed {
    let rig = Rig::new(|url| globalpayments(url, now()));
    let first = vec![says(200, TOKEN.as_bytes()), says(200, SALE.as_bytes())];
    let seen = rig.hear_all(first, rig.adapter.charge(&request(1, token("PMT_1")))).unwrap();
    assert_eq!((seen.fact, seen.amount), (Fact::PendingSettlement, Some(request(1, token("PMT_1")).amount)));
    rig
}

fn says_amount(object: &Value, amount: Money) -> bool {
    is_amount(&object["amount"], amount.minor, 0) && object["currency"].as_str() == Some(amount.currency.code())
}

fn holds_money(object: &Value) -> bool {
    object["status"].as_str().is_some_and(|status| MONEY.contains(&status))
}

#[test]
fn d4_f7_an_event_is_taken_only_as_it_was_signed() {
    let gateway = globalpayments("http://stub.test", now());
    hold(|choices| EVENT.is_taken_only_as_signed(&gateway, choices));
}

/// The answer to a charge.
pub fn charged(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let seen = unless_unknown(rig.hear(says(200, body), rig.adapter.charge(&request(1, token("PMT_1")))))?;
    let (Some(seen), Some(sale)) = (seen, document(body)) else { return Ok(()) };
    prop_assert!(!seen.fact.is_money() || holds_money(&sale), "{seen:?} of {sale}");
    prop_assert!(seen.amount.is_none_or(|amount| says_amount(&sale, amount)), "{seen:?} of {sale}");
    Ok(())
}

#[test]
fn f22_s66_a_spoiled_answer_to_a_charge_is_unknown_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| charged(&rig, &mangled(SALE, choices)));
}

#[test]
fn f22_an_answer_that_is_no_success_never_brings_money() {
    let (rig, charge) = (rig(), request(1, token("PMT_1")));
    hold(|choices| {
        for status in [400, 403, 404, 409, 500] {
            let heard = rig.hear(says(status, &mangled(SALE, choices)), rig.adapter.charge(&charge));
            prop_assert!(heard.is_err(), "{status}: {heard:?}");
        }
        Ok(())
    });
}

#[test]
fn f22_a_spoiled_page_brings_no_money() {
    let rig = rig();
    let look_up = look_up(&request(1, ChargeHow::HostedPage), Some("LNK_1"), now());
    hold(|choices| {
        let heard = rig.hear(says(200, &mangled(LINK, choices)), rig.adapter.find(&look_up));
        let is_money = |found: Found| matches!(found, Found::Seen(seen) if seen.fact.is_money());
        prop_assert!(!heard.is_ok_and(is_money));
        Ok(())
    });
}

/// The answer to a refund.
pub fn refunded(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let refund = refund(1, &request(1, token("PMT_1")), "TRN_1", 500);
    let seen = unless_unknown(rig.hear(says(200, body), rig.adapter.refund(&refund)))?;
    let (Some(seen), Some(document)) = (seen, document(body)) else { return Ok(()) };
    prop_assert!(seen.fact != RefundFact::Succeeded || holds_money(&document), "{seen:?} of {document}");
    prop_assert!(seen.amount.is_none_or(|amount| says_amount(&document, amount)), "{seen:?} of {document}");
    Ok(())
}

#[test]
fn f22_d24_a_spoiled_answer_to_a_refund_is_unknown_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| refunded(&rig, &mangled(REFUND, choices)));
}
