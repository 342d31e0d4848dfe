//! Authorize.Net's documents, spoiled in any way: nothing panics, nothing passes without its signature, and no money is
//! seen that the document does not hold.

use crate::{
    rig::{Rig, Sent, document, hold, is_amount, now, says},
    world::{authorizenet, dated_request, dated_store, look_up, token},
};
use connectors::gateway::{Found, Gateway, GatewayError, StoreLookUp, authorizenet::AuthorizeNet};
use domain::{method::MethodFact, money::Money, payment::Fact};
use hmac::{Hmac, KeyInit, Mac};
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::Value;
use simulators::{facts, mangle::mangled};

/// Stands before each of the vendor's answers.
const BOM: &str = "\u{feff}";
pub const REPLY: &str = r#"{"transactionResponse":{"responseCode":"1","authCode":"ABC123","transId":"60019392075","accountNumber":"XXXX1111","accountType":"Visa","messages":[{"code":"1","description":"This transaction has been approved."}],"errors":[]},"messages":{"resultCode":"Ok","message":[{"code":"I00001","text":"Successful."}]}}"#;
pub const DETAILS: &str = r#"{"transaction":{"transId":"60019392075","transactionStatus":"settledSuccessfully","responseReasonCode":1,"settleAmount":1204.50,"returnedItems":[],"payment":{"creditCard":{"cardNumber":"XXXX1111","cardType":"Visa"}}},"messages":{"resultCode":"Ok","message":[{"code":"I00001","text":"Successful."}]}}"#;
pub const PROFILE: &str = r#"{"profile":{"customerProfileId":"901234567","paymentProfiles":[{"customerPaymentProfileId":"502345678","payment":{"creditCard":{"cardNumber":"XXXX1111","expirationDate":"2030-12","cardType":"Visa"}}}]},"messages":{"resultCode":"Ok","message":[{"code":"I00001","text":"Successful."}]}}"#;
pub const EVENT: Sent = Sent {
    header: "x-anet-signature",
    event: r#"{"notificationId":"n-1","eventType":"net.authorize.payment.authcapture.created","eventDate":"2027-01-15T08:00:00Z","webhookId":"w-1","payload":{"responseCode":1,"authAmount":1204.50,"merchantReferenceId":"R-1","invoiceNumber":"A-1","entityName":"transaction","id":"60019392075"}}"#,
    sign,
};

pub type Stubbed = Rig<AuthorizeNet>;

pub fn rig() -> Stubbed {
    Rig::new(|url| authorizenet(url, now()))
}

fn sign(body: &[u8]) -> String {
    let key = facts::authorizenet::PORTAL_SIGNATURE_KEY;
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body);
    format!("sha512={}", hex::encode_upper(mac.finalize().into_bytes()))
}

/// The answer as it comes.
fn spoiled(answer: &str, choices: &[u32]) -> Vec<u8> {
    mangled(&format!("{BOM}{answer}"), choices)
}

/// The same as somebody else reads it.
fn read(body: &[u8]) -> Option<Value> {
    document(body.strip_prefix(BOM.as_bytes()).unwrap_or(body))
}

/// The vendor writes numbers with quotes and without.
fn is_one_of(value: &Value, words: &[&str]) -> bool {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    words.contains(&text.as_str())
}

#[test]
fn d4_f7_an_event_is_taken_only_as_it_was_signed() {
    let rig = rig();
    hold(|choices| EVENT.is_taken_only_as_signed(&rig.adapter, choices));
}

/// Signed news.
pub fn event(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let Ok(news) = EVENT.read(&rig.adapter, sign(body).as_bytes(), body) else { return Ok(()) };
    let Some(event) = document(body) else { return Ok(()) };
    let named = event["notificationId"].as_str().filter(|id| (1..256).contains(&id.len()));
    prop_assert!(named.is_none_or(|id| id == news.event_id), "{news:?} of {event}");
    prop_assert!(news.attempt.is_none(), "none of ours is named: {news:?}");
    Ok(())
}

#[test]
fn an_event_is_known_by_the_id_that_stands_in_it() {
    let rig = rig();
    hold(|choices| event(&rig, &mangled(EVENT.event, choices)));
}

/// The answer to a charge.
pub fn charged(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let seen = match rig.hear(says(200, body), rig.adapter.charge(&dated_request(1, token("nonce")))) {
        Ok(seen) => seen,
        Err(GatewayError::NotSent(why)) => return Err(TestCaseError::fail(format!("an answer came: {why}"))),
        Err(_) => return Ok(()),
    };
    let Some(reply) = read(body).filter(|_| seen.fact.is_money()) else { return Ok(()) };
    let response = &reply["transactionResponse"];
    prop_assert!(is_one_of(&response["responseCode"], &["1"]), "{seen:?} of {reply}");
    prop_assert!(!is_one_of(&response["transId"], &["0", "", "null"]), "{seen:?} of {reply}");
    prop_assert_eq!(seen.amount, None, "a reply names no amount");
    Ok(())
}

#[test]
fn f22_s66_a_spoiled_reply_is_unknown_or_refused_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| charged(&rig, &spoiled(REPLY, choices)));
}

#[test]
fn f22_another_status_than_200_never_brings_money() {
    let rig = rig();
    let charge = dated_request(1, token("nonce"));
    hold(|choices| {
        for status in [302, 404, 429, 500] {
            let heard = rig.hear(says(status, &spoiled(REPLY, choices)), rig.adapter.charge(&charge));
            let is_open = matches!(heard, Err(GatewayError::Unknown(_) | GatewayError::Busy { .. }));
            prop_assert!(is_open, "{status}: {heard:?}");
        }
        Ok(())
    });
}

/// What it says of one transaction.
pub fn details(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let look_up = look_up(&dated_request(1, token("nonce")), Some("60019392075"), now());
    let found = rig.hear(says(200, body), rig.adapter.find(&look_up));
    let (Ok(Found::Seen(seen)), Some(details)) = (found, read(body)) else { return Ok(()) };
    let transaction = &details["transaction"];
    prop_assert!(
        !seen.fact.is_money() || is_one_of(&transaction["transactionStatus"], &["settledSuccessfully"]),
        "{seen:?} of {details}"
    );
    let is_said = |amount: Money| is_amount(&transaction["settleAmount"], amount.minor, 2);
    prop_assert!(seen.amount.is_none_or(is_said), "{seen:?} of {details}");
    Ok(())
}

#[test]
fn f22_s66_spoiled_details_name_no_other_amount_and_no_other_end() {
    let rig = rig();
    hold(|choices| details(&rig, &spoiled(DETAILS, choices)));
}

/// A profile in which a card is kept.
pub fn profile(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let found = rig.hear(says(200, body), rig.adapter.find_stored(&kept()));
    let (Ok(Found::Seen(seen)), Some(reply)) = (found, read(body)) else { return Ok(()) };
    let profile = &reply["profile"];
    let method = profile["paymentProfiles"].get(0).unwrap_or(&profile["paymentProfiles"]);
    for (said, ours) in
        [(&profile["customerProfileId"], seen.setup_id), (&method["customerPaymentProfileId"], seen.gateway_method)]
    {
        let is_ready = seen.fact == MethodFact::Ready;
        prop_assert!(!is_ready || !said.is_string() || said.as_str() == ours.as_deref(), "{ours:?} of {reply}");
    }
    Ok(())
}

#[test]
fn f22_a_spoiled_profile_is_no_other_method_than_it_holds() {
    let rig = rig();
    hold(|choices| profile(&rig, &spoiled(PROFILE, choices)));
}

/// A look-up of a card by its profile.
fn kept() -> StoreLookUp {
    StoreLookUp { request: dated_store(1, "nonce"), setup_id: Some("901234567".into()), sent_at: now() }
}

#[test]
fn the_documents_themselves_are_understood() {
    let rig = rig();
    let charge = dated_request(1, token("nonce"));
    let seen = rig.hear(says(200, &spoiled(REPLY, &[])), rig.adapter.charge(&charge)).unwrap();
    assert_eq!(seen.fact, Fact::PendingSettlement);
    let look_up = look_up(&charge, Some("60019392075"), now());
    let found = rig.hear(says(200, &spoiled(DETAILS, &[])), rig.adapter.find(&look_up)).unwrap();
    let Found::Seen(seen) = found else { panic!("{found:?}") };
    assert_eq!((seen.fact, seen.amount), (Fact::Settled, Some(charge.amount)));
    let found = rig.hear(says(200, &spoiled(PROFILE, &[])), rig.adapter.find_stored(&kept())).unwrap();
    let Found::Seen(seen) = found else { panic!("{found:?}") };
    assert_eq!((seen.fact, seen.gateway_method.as_deref()), (MethodFact::Ready, Some("502345678")));
    assert!(EVENT.read(&rig.adapter, sign(EVENT.event.as_bytes()).as_bytes(), EVENT.event.as_bytes()).is_ok());
}
