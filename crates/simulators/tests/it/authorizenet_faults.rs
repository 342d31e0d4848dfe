//! Each fault on Authorize.Net's wire, its webhooks, and that the duplicate window finds a charge whose answer was lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::HeaderMap;
use serde_json::{Value, json};
use simulators::Vendor;
use simulators::facts::{authorizenet as keys, cards};

use crate::authorizenet::{VISA, card, charge, envelope, id_of, outcome};
use crate::harness::{HOLD, Vendors};

impl Vendors {
    async fn anet_charges(&self) -> usize {
        self.state("authorizenet").await["charges"].as_array().unwrap().len()
    }
}

fn request() -> String {
    let window =
        ",\"transactionSettings\":{\"setting\":[{\"settingName\":\"duplicateWindow\",\"settingValue\":\"28800\"}]}";
    let body = charge("10.00", &card(VISA), "INV-1") + window;
    envelope("createTransactionRequest", &format!("\"refId\":\"R1\",\"transactionRequest\":{{{body}}}"))
}

#[tokio::test]
async fn a_lost_answer_still_charged_and_the_window_finds_it() {
    let vendors = Vendors::start().await;
    for fault in ["timeout_after_execute", "reset_after_execute"] {
        vendors.control("reset", json!({})).await;
        vendors.arm("authorizenet", fault).await;
        assert!(vendors.anet_raw(request()).await.is_err(), "{fault}");
        assert_eq!(vendors.anet_charges().await, 1);
        let again = vendors.anet_raw(request()).await.unwrap();
        assert_eq!(outcome(&again), ("3", "11"));
        assert_eq!(vendors.details(id_of(&again)).await["transrefId"], "R1");
        assert_eq!(vendors.anet_charges().await, 1);
    }
}

#[tokio::test]
async fn the_card_of_the_demo_times_out_after_executing() {
    let vendors = Vendors::start().await;
    let lost = request().replace(VISA, cards::TIMEOUT_AFTER_EXECUTE);
    assert!(vendors.anet_raw(lost).await.is_err());
    assert_eq!(vendors.anet_charges().await, 1);
}

#[tokio::test]
async fn a_timeout_before_charges_nothing() {
    let vendors = Vendors::start().await;
    vendors.arm("authorizenet", "timeout_before").await;
    assert!(vendors.anet_raw(request()).await.is_err());
    tokio::time::sleep(HOLD).await;
    assert_eq!(vendors.anet_charges().await, 0);
    assert_eq!(outcome(&vendors.anet_raw(request()).await.unwrap()), ("1", "1"));
}

#[tokio::test]
async fn statuses_declines_and_revoked_keys_come_when_armed_and_then_stop() {
    let vendors = Vendors::start().await;
    let status = async |body: String| {
        let url = format!("{}/authorizenet/xml/v1/request.api", vendors.url);
        vendors.http.post(url).header("content-type", "application/json").body(body).send().await.unwrap().status()
    };
    for (fault, code) in [("http:429", 429), ("http:500", 500)] {
        vendors.arm("authorizenet", fault).await;
        assert_eq!(status(request()).await, code);
    }
    assert_eq!(vendors.anet_charges().await, 0);
    vendors.arm("authorizenet", "http_after_execute:500").await;
    assert_eq!(status(request()).await, 500);
    assert_eq!(vendors.anet_charges().await, 1);
    vendors.control("reset", json!({})).await;
    for (code, expected) in [("insufficient_funds", ("2", "2")), ("65", ("2", "65")), ("expired_card", ("3", "8"))] {
        vendors.arm("authorizenet", &format!("decline:{code}")).await;
        let invoice = request().replace("INV-1", code);
        assert_eq!(outcome(&vendors.anet_raw(invoice).await.unwrap()), expected);
    }
    vendors.arm("authorizenet", "token_revoked").await;
    let refused = vendors.anet_raw(request()).await.unwrap();
    assert_eq!(refused["messages"]["message"][0]["code"], "E00007");
    assert_eq!(outcome(&vendors.anet_raw(request()).await.unwrap()), ("1", "1"));
    vendors.arm("authorizenet", "unknown_status").await;
    let odd = vendors.anet_raw(request().replace("INV-1", "INV-2")).await.unwrap();
    assert_eq!(odd["transactionResponse"]["responseCode"], "heldByMartians");
    let foreign = vendors.control("faults", json!({ "vendor": "authorizenet", "fault": "period_locked" })).await;
    assert_eq!(foreign.status, 400);
}

#[tokio::test]
async fn a_match_tells_the_calls_of_the_one_address_apart() {
    let vendors = Vendors::start().await;
    let order = json!({ "vendor": "authorizenet", "fault": "token_revoked", "match": "voidTransaction" });
    vendors.control("faults", order).await;
    let paid = vendors.anet_raw(request()).await.unwrap();
    let void = format!("\"transactionType\":\"voidTransaction\",\"refTransId\":\"{}\"", id_of(&paid));
    assert_eq!(vendors.transact(&void).await["messages"]["message"][0]["code"], "E00007");
    vendors.arm("authorizenet", "reset_after_execute").await;
    assert_eq!(vendors.status_of(id_of(&paid)).await, "capturedPendingSettlement", "reads are left alone");
    let body = envelope("createTransactionRequest", &format!("\"transactionRequest\":{{{void}}}"));
    assert!(vendors.anet_raw(body).await.is_err());
    assert_eq!(vendors.status_of(id_of(&paid)).await, "voided");
}

type Inbox = Arc<Mutex<Vec<(String, String)>>>;

async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: String) {
    inbox.lock().unwrap().push((headers["x-anet-signature"].to_str().unwrap().to_owned(), body));
}

async fn listen() -> (String, Inbox) {
    let inbox = Inbox::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&inbox));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, inbox)
}

/// Waits until `count` events are there, three seconds at most.
async fn arrived(inbox: &Inbox, count: usize) -> Vec<Value> {
    for _ in 0..300 {
        if inbox.lock().unwrap().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    inbox.lock().unwrap().iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
}

#[tokio::test]
async fn events_arrive_signed_with_the_text_of_the_key() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen().await;
    vendors.simulators.send_webhooks(Vendor::AuthorizeNet, &url, keys::PORTAL_SIGNATURE_KEY);
    let paid = vendors.anet_raw(request()).await.unwrap();
    let events = arrived(&inbox, 1).await;
    assert_eq!(events[0]["eventType"], "net.authorize.payment.authcapture.created");
    let payload = &events[0]["payload"];
    assert_eq!((&payload["merchantReferenceId"], &payload["invoiceNumber"]), (&json!("R1"), &json!("INV-1")));
    assert_eq!((payload["id"].as_str().unwrap(), &payload["responseCode"]), (id_of(&paid), &json!(1)));
    let (signature, body) = inbox.lock().unwrap()[0].clone();
    assert!(body.contains("\"authAmount\":10.00"), "two digits, unquoted: {body}");
    let hex = signature.strip_prefix("sha512=").unwrap();
    assert!(hex.len() == 128 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')));
    vendors.advance_days(2).await;
    assert_eq!(arrived(&inbox, 2).await.len(), 1, "nothing announces a settlement");
}

#[tokio::test]
async fn webhooks_are_registered_at_the_vendor_and_lost_or_doubled_by_fault() {
    let vendors = Vendors::start().await;
    let (url, inbox) = listen().await;
    let hooks = format!("{}/authorizenet/rest/v1/webhooks", vendors.url);
    let basic = |request: reqwest::RequestBuilder| {
        request.basic_auth(keys::STRANGER_LOGIN, Some(keys::STRANGER_TRANSACTION_KEY))
    };
    assert_eq!(vendors.http.get(&hooks).send().await.unwrap().status(), 401);
    let wanted = json!({ "url": url, "eventTypes": ["net.authorize.payment.void.created"], "status": "active" });
    let made = vendors.read(basic(vendors.http.post(&hooks)).json(&wanted)).await.unwrap();
    assert_eq!(made.status, 200, "{:?}", made.json);
    let id = made.json["webhookId"].as_str().unwrap();
    assert_eq!(vendors.read(basic(vendors.http.get(&hooks))).await.unwrap().json[0]["webhookId"], id);

    let paid = vendors.anet_raw(request()).await.unwrap();
    let lost = json!({ "vendor": "authorizenet", "fault": "webhook_twice", "match": "void.created" });
    vendors.control("faults", lost).await;
    let void = format!("\"transactionType\":\"voidTransaction\",\"refTransId\":\"{}\"", id_of(&paid));
    vendors.transact(&void).await;
    let events = arrived(&inbox, 2).await;
    assert_eq!(events.len(), 2, "twice, and only what was asked for");
    assert!(events.iter().all(|event| event["eventType"] == "net.authorize.payment.void.created"));
    assert!(events.iter().all(|event| event["webhookId"] == id), "{events:?}");
    let told = vendors.read(basic(vendors.http.get(hooks.replace("webhooks", "notifications")))).await.unwrap().json;
    assert_eq!(told["notifications"].as_array().unwrap().len(), 2, "a charge and a void");

    assert_eq!(vendors.read(basic(vendors.http.delete(format!("{hooks}/{id}")))).await.unwrap().status, 204);
    assert_eq!(vendors.read(basic(vendors.http.delete(format!("{hooks}/{id}")))).await.unwrap().status, 404);
}
