//! Webhooks: signed, tried again, and lost, doubled or reordered when armed (faults F6 and F8 of `quality.md`).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use simulators::{Vendor, facts};

use crate::harness::Vendors;
use crate::quickbooks::Company;

#[derive(Default)]
pub struct Inbox {
    received: Vec<(HeaderMap, String)>,
    /// So many deliveries are answered with 500 first.
    refusals: usize,
    /// What is not signed with it, as Xero signs, is refused.
    xero_key: Option<&'static str>,
    /// Everything else is refused with this.
    answers: Option<StatusCode>,
}

pub type Shared = Arc<Mutex<Inbox>>;

async fn take(State(inbox): State<Shared>, headers: HeaderMap, body: String) -> StatusCode {
    let mut inbox = inbox.lock().unwrap();
    if inbox.refusals > 0 {
        inbox.refusals -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    if inbox.xero_key.is_some_and(|key| headers["x-xero-signature"] != books_signature(key, &body)) {
        return StatusCode::UNAUTHORIZED;
    }
    inbox.received.push((headers, body));
    inbox.answers.unwrap_or(StatusCode::OK)
}

/// From now on what Xero has not signed is refused.
pub fn signs_as_xero(inbox: &Shared, key: &'static str) {
    inbox.lock().unwrap().xero_key = Some(key);
}

/// Xero's and Intuit's.
fn books_signature(key: &str, body: &str) -> String {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

pub async fn listen(refusals: usize) -> (String, Shared) {
    let inbox: Shared = Arc::new(Mutex::new(Inbox { refusals, ..Inbox::default() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&inbox));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, inbox)
}

fn kinds(inbox: &Shared) -> Vec<String> {
    let kind = |body: &String| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned();
    inbox.lock().unwrap().received.iter().map(|(_, body)| kind(body)).collect()
}

/// Waits until `count` deliveries are there, three seconds at most.
async fn arrived(inbox: &Shared, count: usize) -> Vec<String> {
    for _ in 0..300 {
        if kinds(inbox).len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    kinds(inbox)
}

/// `charge.succeeded` alone of the three events of a charge.
async fn arm(vendors: &Vendors, fault: &str) {
    let order = json!({ "vendor": "stripe", "fault": fault, "times": 1, "match": "charge.succeeded" });
    assert_eq!(vendors.control("faults", order).await.status, 200);
}

#[tokio::test]
async fn events_arrive_signed() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(0).await;
    vendors.simulators.send_webhooks(Vendor::Stripe, &url, facts::stripe::PORTAL_WEBHOOK_SECRET);
    vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    let mut kinds = arrived(&inbox, 3).await;
    kinds.sort();
    assert_eq!(kinds, ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]);
    let signed = inbox.lock().unwrap().received.iter().all(|(headers, _)| {
        let signature = headers["stripe-signature"].to_str().unwrap();
        signature.starts_with("t=") && signature.contains(",v1=")
    });
    assert!(signed);
}

#[tokio::test]
async fn a_refused_delivery_is_tried_again() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(1).await;
    vendors.control("webhooks", json!({ "vendor": "stripe", "url": url })).await;
    vendors.stripe_post("customers", &[("name", "Acme")]).await;
    assert_eq!(arrived(&inbox, 1).await, ["customer.created"]);
}

#[tokio::test]
async fn lost_and_doubled_deliveries() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(0).await;
    vendors.control("webhooks", json!({ "vendor": "stripe", "url": url })).await;
    arm(&vendors, "webhook_lost").await;
    vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    arm(&vendors, "webhook_twice").await;
    vendors.read(vendors.charge("pm_card_visa", "key-2")).await.unwrap();
    let kinds = arrived(&inbox, 6).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "charge.succeeded").count(), 2, "one lost, one doubled: {kinds:?}");
    assert_eq!(kinds.len(), 6);
    let listed = vendors.stripe_get("events?type=charge.succeeded").await.json;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2, "the list misses nothing");
}

#[tokio::test]
async fn a_reordered_delivery_comes_after_a_later_one() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(0).await;
    vendors.control("webhooks", json!({ "vendor": "stripe", "url": url })).await;
    let order = json!({ "vendor": "stripe", "fault": "webhook_reordered", "match": "customer.created" });
    vendors.control("faults", order).await;
    vendors.stripe_post("customers", &[("name", "Acme")]).await;
    vendors.stripe_post("payment_intents", &[("amount", "8000"), ("currency", "usd")]).await;
    assert_eq!(arrived(&inbox, 2).await, ["payment_intent.created", "customer.created"]);
}

#[tokio::test]
async fn the_books_tell_their_news_too() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(0).await;
    inbox.lock().unwrap().xero_key = Some(facts::xero::WEBHOOK_KEY);
    vendors.simulators.send_webhooks(Vendor::Xero, &url, facts::xero::WEBHOOK_KEY);
    vendors.control("xero/invoice", json!({ "number": "INV-501", "pay_minor": 100 })).await;
    let asked = received(&inbox, 1).await;
    assert_eq!((&asked["events"], &asked["firstEventSequence"]), (&json!([]), &json!(0)), "intent to receive");
    assert_eq!(asked["entropy"].as_str().unwrap().len(), 20);
    let body = received(&inbox, 2).await;
    assert_eq!(
        (&body["events"][0]["eventCategory"], &body["events"][0]["eventType"]),
        (&json!("INVOICE"), &json!("UPDATE"))
    );
    assert_eq!(body["firstEventSequence"], 1);
}

#[tokio::test]
async fn xero_tells_nothing_to_whoever_takes_forged_news() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(0).await;
    vendors.simulators.send_webhooks(Vendor::Xero, &url, facts::xero::WEBHOOK_KEY);
    vendors.control("xero/invoice", json!({ "number": "INV-501", "pay_minor": 100 })).await;
    for count in 1..=2 {
        assert_eq!(received(&inbox, count).await["events"], json!([]), "one of the two is forged");
    }
    // Told once more when it has learned to.
    inbox.lock().unwrap().xero_key = Some(facts::xero::WEBHOOK_KEY);
    vendors.advance(1).await;
    assert_eq!(received(&inbox, 3).await["events"], json!([]));
    assert_eq!(received(&inbox, 4).await["events"][0]["eventCategory"], "INVOICE");
}

/// The last of so many deliveries, for which it waits three seconds at most.
pub async fn received(inbox: &Shared, count: usize) -> Value {
    for _ in 0..300 {
        if inbox.lock().unwrap().received.len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    serde_json::from_str(&inbox.lock().unwrap().received[count - 1].1).unwrap()
}

/// Deliveries as a receiver of Intuit's would judge them: signed by the verifier token.
async fn signed_by_intuit(inbox: &Shared, count: usize) -> Value {
    let told = received(inbox, count).await;
    let (headers, body) = inbox.lock().unwrap().received[count - 1].clone();
    assert_eq!(headers["intuit-signature"], books_signature(facts::qbo::VERIFIER_TOKEN, &body));
    assert!(headers.contains_key("intuit-created-time") && headers.contains_key("intuit-t-id"));
    told
}

#[tokio::test]
async fn quickbooks_tells_its_news_in_the_envelope_of_the_company() {
    let company = Company::open().await;
    let (url, inbox) = listen(0).await;
    company.vendors.control("webhooks", json!({ "vendor": "qbo", "url": url })).await;
    let invoice = company.invoice().await;
    let event = signed_by_intuit(&inbox, 1).await[0].take();
    assert_eq!((&event["type"], &event["intuitentityid"]), (&json!("qbo.invoice.created.v1"), &invoice["Id"]));
    assert_eq!((&event["specversion"], &event["intuitaccountid"]), (&json!("1.0"), &json!(facts::qbo::REALM_ID)));
    assert!(event["time"].as_str().unwrap().split('.').nth(1).unwrap().len() == 10, "nanoseconds: {event}");
    company.pay(&invoice, "1250").await;
    let both = signed_by_intuit(&inbox, 2).await;
    let kinds: Vec<_> = both.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["qbo.payment.created.v1", "qbo.invoice.updated.v1"], "one delivery for one call");

    company.vendors.control("qbo/company", json!({ "webhooks": "legacy" })).await;
    company.vendors.control("qbo/invoice", json!({ "number": "1013", "void": true })).await;
    let old = signed_by_intuit(&inbox, 3).await["eventNotifications"][0].take();
    let entity = &old["dataChangeEvent"]["entities"][0];
    assert_eq!((&old["realmId"], &entity["name"]), (&json!(facts::qbo::REALM_ID), &json!("Invoice")));
    assert_eq!((&entity["id"], &entity["operation"]), (&json!("120"), &json!("Void")));
    assert!(entity["lastUpdated"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn quickbooks_tries_again_after_a_fault_and_not_after_a_refusal() {
    for (answer, tries) in [(StatusCode::BAD_REQUEST, 1), (StatusCode::SERVICE_UNAVAILABLE, 2)] {
        let company = Company::open().await;
        let (url, inbox) = listen(0).await;
        inbox.lock().unwrap().answers = Some(answer);
        company.vendors.control("webhooks", json!({ "vendor": "qbo", "url": url })).await;
        company.invoice().await;
        received(&inbox, 1).await;
        // The first wait is half a second.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(inbox.lock().unwrap().received.len(), tries, "{answer}");
    }
}

/// The secrets among `known` that a delivery is signed with, judged as a receiver would.
fn signers(headers: &HeaderMap, body: &str, known: &[&str]) -> Vec<String> {
    use hmac::{Hmac, KeyInit, Mac};
    let signature = headers["stripe-signature"].to_str().unwrap();
    let time = signature.split(',').find_map(|part| part.strip_prefix("t=")).unwrap();
    let signed = |secret: &&&str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{time}.{body}").as_bytes());
        signature.contains(&format!("v1={}", hex::encode(mac.finalize().into_bytes())))
    };
    known.iter().filter(signed).map(|secret| (*secret).to_owned()).collect()
}

#[tokio::test]
async fn both_secrets_sign_while_one_replaces_the_other() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(0).await;
    vendors.control("webhooks", json!({ "vendor": "stripe", "url": url, "secret": "whsec_old" })).await;
    let mut deliveries = 0;
    let mut sent = async || {
        vendors.made("customers", &[("name", "Acme")]).await;
        deliveries += 1;
        arrived(&inbox, deliveries).await;
        let (headers, body) = inbox.lock().unwrap().received[deliveries - 1].clone();
        signers(&headers, &body, &["whsec_old", "whsec_new"])
    };
    assert_eq!(sent().await, ["whsec_old"]);
    let order = json!({ "vendor": "stripe", "secret": "whsec_new", "overlap_hours": 1 });
    let rotated = vendors.control("webhooks/rotate", order).await;
    assert_eq!((rotated.status, &rotated.json["endpoints"]), (200, &json!(1)));
    assert_eq!(sent().await, ["whsec_old", "whsec_new"]);
    vendors.control("advance", json!({ "hours": 1 })).await;
    assert_eq!(sent().await, ["whsec_new"]);
    let made_up = vendors.control("webhooks/rotate", json!({ "vendor": "stripe" })).await.json;
    assert!(made_up["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(vendors.control("webhooks/rotate", json!({ "vendor": "xero" })).await.status, 400);
}

#[tokio::test]
async fn what_the_clock_brings_is_told_in_order_and_can_be_lost() {
    let vendors = Vendors::start().await;
    vendors.debit("pm_usBankAccount_dispute", &[]).await;
    let (url, inbox) = listen(0).await;
    vendors.control("webhooks", json!({ "vendor": "stripe", "url": url })).await;
    let lost = json!({ "vendor": "stripe", "fault": "webhook_lost", "match": "charge.dispute.created" });
    vendors.control("faults", lost).await;
    vendors.advance(30).await;
    let expected = [
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "mandate.updated",
    ];
    assert_eq!(arrived(&inbox, expected.len()).await, expected);
    let missed = vendors.stripe_get("events?delivery_success=false&created[gte]=0&type=charge.dispute.*").await.json;
    assert_eq!(missed["data"].as_array().unwrap().len(), 1, "the list names what was lost");
    assert_eq!(missed["data"][0]["type"], "charge.dispute.created");
}

#[tokio::test]
async fn due_moments_come_by_themselves_too() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen(0).await;
    let form = [
        ("type", "au_becs_debit"),
        ("au_becs_debit[bsb_number]", "000000"),
        ("au_becs_debit[account_number]", "000123456"),
        ("billing_details[name]", "Ana Diaz"),
        ("billing_details[email]", "ana@acme.test"),
    ];
    let method = vendors.made("payment_methods", &form).await;
    let mut form = vec![
        ("amount", "8000"),
        ("currency", "aud"),
        ("payment_method", method["id"].as_str().unwrap()),
        ("payment_method_types[]", "au_becs_debit"),
        ("confirm", "true"),
    ];
    form.extend(crate::harness::MANDATE);
    vendors.control("webhooks", json!({ "vendor": "stripe", "url": url })).await;
    vendors.made("payment_intents", &form).await;
    let kinds = arrived(&inbox, 5).await;
    assert_eq!(kinds[3..], ["charge.succeeded", "payment_intent.succeeded"], "nobody moved the clock");
}
