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

#[derive(Default)]
struct Inbox {
    received: Vec<(HeaderMap, String)>,
    /// So many deliveries are answered with 500 first.
    refusals: usize,
}

type Shared = Arc<Mutex<Inbox>>;

async fn take(State(inbox): State<Shared>, headers: HeaderMap, body: String) -> StatusCode {
    let mut inbox = inbox.lock().unwrap();
    if inbox.refusals > 0 {
        inbox.refusals -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    inbox.received.push((headers, body));
    StatusCode::OK
}

async fn listen(refusals: usize) -> (String, Shared) {
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
    vendors.simulators.send_webhooks(Vendor::Xero, &url, facts::xero::WEBHOOK_KEY);
    vendors.control("xero/invoice", json!({ "number": "INV-501", "pay_minor": 100 })).await;
    for _ in 0..100 {
        if !inbox.lock().unwrap().received.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (headers, body) = inbox.lock().unwrap().received[0].clone();
    assert!(headers.contains_key("x-xero-signature"));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["events"][0]["eventCategory"], &body["events"][0]["eventType"]),
        (&json!("INVOICE"), &json!("UPDATE"))
    );
    assert_eq!(body["firstEventSequence"], 1);
}
