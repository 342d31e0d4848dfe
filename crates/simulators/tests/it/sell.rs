//! A quote in ConnectWise Sell: accepted, signed, paid at a portal that says what it is told to say, and read by Sell's API.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use simulators::facts;

use crate::harness::{Answer, Vendors};

const QUOTE: &str = "/sell/quote/Q-10231";
const SIGNED: [(&str, &str); 2] = [("terms", "yes"), ("signer", "Ana Example")];

/// The other side of `wp-quote/1`: what it was asked, and what it says of every session.
#[derive(Clone, Default)]
struct Portal {
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    refusal: Arc<Mutex<Option<(u16, &'static str)>>>,
    told: Arc<Mutex<Value>>,
}

type Refusal = (StatusCode, Json<Value>);

impl Portal {
    async fn start() -> (Self, Vendors) {
        let portal = Self::default();
        let app = Router::new()
            .route("/api/integrations/quotes/v1/sessions", post(open))
            .route("/api/integrations/quotes/v1/sessions/{id}", get(read))
            .with_state(portal.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let vendors = Vendors::start_for(&url).await;
        (portal, vendors)
    }

    fn says(&self, told: Value) {
        *self.told.lock().unwrap() = told;
    }

    fn keys(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(key, _)| key.rsplit_once(':').unwrap().1.to_owned()).collect()
    }

    fn let_in(headers: &HeaderMap) -> Result<(), Refusal> {
        let expected = format!("Bearer {}", facts::NORTHWIND.sell.secret);
        if headers["authorization"] == expected.as_str() { Ok(()) } else { Err(refused(401, "invalid_key")) }
    }
}

fn refused(status: u16, code: &str) -> Refusal {
    let error = json!({ "error": { "code": code, "message": "Because." } });
    (StatusCode::from_u16(status).unwrap(), Json(error))
}

async fn open(
    State(portal): State<Portal>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    Portal::let_in(&headers)?;
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let session = format!("qs_{}", key.rsplit_once(':').unwrap().1);
    portal.asked.lock().unwrap().push((key, body));
    if let Some((status, code)) = portal.refusal.lock().unwrap().take() {
        return Err(refused(status, code));
    }
    let opened =
        json!({ "session_id": session, "status": "created", "pay_url": format!("http://pay.test/q/{session}") });
    Ok((StatusCode::CREATED, Json(opened)))
}

async fn read(
    State(portal): State<Portal>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Portal::let_in(&headers)?;
    let mut told = portal.told.lock().unwrap().clone();
    told["session_id"] = id.into();
    Ok(Json(told))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// HKDF-SHA256 without a salt, of one block.
fn key(purpose: &str) -> Vec<u8> {
    let extracted = mac(&[0; 32], facts::NORTHWIND.sell.secret);
    mac(&extracted, &format!("wp-int/v1/{purpose}\u{1}"))
}

fn way_back(session: &str, status: &str, at: i64, nonce: &str) -> String {
    let text = format!("v1\n{session}\n{status}\n{at}\n{nonce}");
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac(&key("return"), &text));
    format!("{QUOTE}/return?wp_session={session}&wp_status={status}&wp_ts={at}&wp_nonce={nonce}&wp_sig={signature}")
}

async fn accept(vendors: &Vendors, form: &[(&str, &str)]) -> Answer {
    vendors.read(vendors.http.post(format!("{}{QUOTE}/accept", vendors.url)).form(form)).await.unwrap()
}

async fn page(vendors: &Vendors, path: &str) -> (u16, String) {
    let answer = vendors.get(path).await;
    (answer.status, answer.json.as_str().unwrap_or_default().to_owned())
}

async fn tell(vendors: &Vendors, body: &Value, key: &[u8]) -> u16 {
    let (body, at) = (body.to_string(), vendors.simulators.clock().now_s());
    let signature = format!("t={at},v1={}", hex::encode(mac(key, &format!("{at}.{body}"))));
    let request =
        vendors.http.post(format!("{}{}", vendors.url, facts::sell::HOOK)).header("wisepay-signature", signature);
    request.body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn s13_a_quote_is_accepted_and_signed_once_and_its_payer_led_to_the_portal() {
    let (portal, vendors) = Portal::start().await;
    let (_, home) = page(&vendors, "/").await;
    for words in ["Q-10231", "Q-10232", "Q-10233", "$2,000.00", "$300.00"] {
        assert!(home.contains(words), "{words}: {home}");
    }
    let (_, quote) = page(&vendors, QUOTE).await;
    for words in ["Order Porter terms", "Accept and Pay</button>", "I accept these terms", "$2,000.00"] {
        assert!(quote.contains(words), "{words}: {quote}");
    }
    for unsigned in [&SIGNED[..1], &SIGNED[1..], &[("terms", "yes"), ("signer", "  ")]] {
        assert_eq!(accept(&vendors, unsigned).await.status, 422);
    }
    let led = accept(&vendors, &SIGNED).await;
    assert_eq!((led.status, led.header("location")), (303, "http://pay.test/q/qs_1"));
    let (_, asked) = portal.asked.lock().unwrap()[0].clone();
    assert_eq!(asked["one_time"], json!({ "amount_minor": 200_000, "currency": "USD", "tax_minor": 0 }));
    assert_eq!((&asked["recurring"], &asked["acceptance"]["signer_name"]), (&Value::Null, &json!("Ana Example")));
    assert_eq!(asked["return_url"], format!("{}{QUOTE}/return", vendors.url));

    // Pressed again, also by another name, it is the same request to the byte.
    assert_eq!(accept(&vendors, &[("signer", "Somebody Else")]).await.status, 303);
    let requests = portal.asked.lock().unwrap().clone();
    assert_eq!(requests[0], requests[1]);
    assert_eq!(vendors.get("/sell/quote/Q-9").await.status, 404);
}

#[tokio::test]
async fn s19_s20_s21_the_way_back_is_believed_once_and_a_failed_payment_is_retried_by_the_next_attempt() {
    let (portal, vendors) = Portal::start().await;
    accept(&vendors, &SIGNED).await;
    let now = vendors.simulators.clock().now_s();
    portal.says(json!({ "status": "created" }));
    let left = way_back("qs_1", "cancelled", now, "n0");
    assert_eq!(vendors.get(&left).await.status, 303);
    assert!(page(&vendors, QUOTE).await.1.contains("Cancelled"));
    accept(&vendors, &SIGNED).await;
    assert_eq!(portal.keys(), ["1", "1"], "nothing came of it, so it is the same attempt");

    portal.says(json!({ "status": "failed", "failure": { "code": "declined", "message": "The bank said no." } }));
    let good = way_back("qs_1", "failed", now, "n1");
    for (brought, why) in [
        (good.replace("failed", "succeeded"), "signature is wrong"),
        (way_back("qs_1", "failed", now - 601, "n2"), "ten minutes"),
        (way_back("qs_9", "failed", now, "n3"), "another quote"),
        (format!("{QUOTE}/return?wp_session=qs_1"), "missing"),
    ] {
        let (status, answer) = page(&vendors, &brought).await;
        assert!(status == 400 && answer.contains(why), "{why}: {answer}");
    }
    assert_eq!(vendors.get(&good).await.status, 303);
    let (status, again) = page(&vendors, &good).await;
    assert!(status == 400 && again.contains("used before"), "{again}");
    let (_, failed) = page(&vendors, QUOTE).await;
    assert!(failed.contains("The bank said no.") && failed.contains("Retry payment</button>"), "{failed}");

    assert_eq!(accept(&vendors, &[]).await.header("location"), "http://pay.test/q/qs_2");
    portal.says(json!({ "status": "succeeded", "reference": "PAY-7", "brand": "Visa", "last4": "4242",
        "amount_minor": 200_000, "surcharge_minor": 100 }));
    assert_eq!(vendors.get(&way_back("qs_2", "succeeded", now, "n4")).await.status, 303);
    let (_, paid) = page(&vendors, QUOTE).await;
    assert!(paid.contains("$2,001.00 by Visa ··4242, reference PAY-7.") && !paid.contains("<form"), "{paid}");
    assert_eq!(accept(&vendors, &SIGNED).await.header("location"), QUOTE, "it is not paid again");
    assert_eq!(portal.keys(), ["1", "1", "2"]);
    let state = vendors.state("sell").await;
    assert_eq!((&state["quotes"][0]["status"], &state["quotes"][1]["status"]), (&json!("succeeded"), &Value::Null));
    vendors.control("reset", json!({})).await;
    assert_eq!(vendors.state("sell").await["quotes"][0]["signed_by"], Value::Null);
}

#[tokio::test]
async fn s21_what_the_portal_refuses_is_said_and_a_session_that_is_over_followed_by_the_next() {
    let (portal, vendors) = Portal::start().await;
    *portal.refusal.lock().unwrap() = Some((422, "invalid_amount"));
    let refused = accept(&vendors, &SIGNED).await;
    let words = refused.json.as_str().unwrap();
    assert!(refused.status == 502 && words.contains("Because. (invalid_amount)"), "{words}");
    *portal.refusal.lock().unwrap() = Some((410, "session_expired"));
    assert_eq!(accept(&vendors, &SIGNED).await.header("location"), "http://pay.test/q/qs_2");
    assert_eq!(portal.keys(), ["1", "1", "2"]);
}

#[tokio::test]
async fn s20_s39_the_portals_news_have_the_session_read_and_forged_ones_nothing() {
    let (portal, vendors) = Portal::start().await;
    accept(&vendors, &SIGNED).await;
    portal.says(json!({ "status": "succeeded", "amount_minor": 200_000 }));
    let news = |id: &str, kind: &str| {
        json!({ "id": id, "type": format!("quote_payment.{kind}"), "created": 1,
            "data": { "session_id": "qs_1", "status": "succeeded", "refunded_minor": 500 } })
    };
    assert_eq!(tell(&vendors, &news("evt_1", "succeeded"), b"somebody else's").await, 401);
    assert_eq!(vendors.state("sell").await["quotes"][0]["status"], "created");
    for _ in 0..2 {
        assert_eq!(tell(&vendors, &news("evt_2", "refunded"), &key("webhook")).await, 204);
    }
    let state = vendors.state("sell").await;
    let quote = &state["quotes"][0];
    assert_eq!(
        (&quote["status"], &quote["refunded_minor"]),
        (&json!("succeeded"), &json!(500)),
        "counted once: {state}"
    );
    assert_eq!(state["news"].as_array().unwrap().len(), 1);
    assert!(page(&vendors, QUOTE).await.1.contains("$5.00 of it was paid back."));
    let elsewhere = json!({ "id": "evt_3", "type": "quote_payment.failed", "created": 1,
        "data": { "session_id": "qs_of_nobody", "status": "failed" } });
    assert_eq!(tell(&vendors, &elsewhere, &key("webhook")).await, 204);
}

#[tokio::test]
async fn quotes_are_read_by_sells_api_with_its_credentials_alone() {
    let vendors = Vendors::start().await;
    let get = async |path: &str, credentials: Option<&str>| {
        let request = vendors.http.get(format!("{}/sell/api/{path}", vendors.url));
        let request = match credentials {
            Some(pair) => request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(pair))),
            None => request,
        };
        vendors.read(request).await.unwrap()
    };
    use facts::sell as known;
    let good = format!("{}+{}:{}", known::ACCESS_KEY, known::STRANGER_PUBLIC_KEY, known::STRANGER_PRIVATE_KEY);
    let good = Some(good.as_str());
    assert_eq!(get("quotes", None).await.status, 500);
    assert_eq!(get("quotes", Some("a+b:c")).await.status, 401);
    let all = get("quotes?pageSize=2&page=2", good).await.json;
    assert_eq!((all.as_array().unwrap().len(), &all[0]["quoteNumber"]), (1, &json!(10_233)));
    let one = get("quotes?conditions=quoteNumber%20%3D%2010232", good).await.json;
    assert_eq!(one[0]["quoteTotal"].to_string(), "1500.00");
    assert_eq!(one[0]["recurringTotal"].to_string(), "300.00");
    let by_id = format!("quotes/{}", one[0]["id"].as_str().unwrap());
    for path in [by_id.as_str(), "quotes/10232/versions/latest", "quotes/10232/versions/1"] {
        assert_eq!(get(path, good).await.json, one[0], "{path}");
    }
    let customers = format!("{by_id}/customers");
    assert_eq!(get(customers.as_str(), good).await.json[0]["accountName"], "Acme Pty Ltd");
    assert_eq!(get("quotes/10232/versions/2", good).await.status, 404);
}
