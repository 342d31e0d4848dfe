//! What the adapter sends to Global Payments, member by member as the official SDKs send it (`wire/gateways.md`, 5), and
//! what it makes of answers that no simulator gives.

use crate::{
    rig::now,
    stub::{Reply, Stub, reply},
    world::{globalpayments, look_up, refund, refund_look_up, request, token, usd},
};
use chrono::TimeDelta;
use connectors::gateway::{ChargeHow, ChargeRequest, Found, Gateway, GatewayError};
use domain::{
    money::{Currency, Money},
    payment::Fact,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use simulators::facts::globalpayments as keys;

fn granted(token: &str) -> Reply {
    reply(200, json!({"token": token, "type": "Bearer", "seconds_to_expire": 86399}))
}

fn sale(more: Value) -> Value {
    let mut sale = json!({"id": "TRN_1", "type": "SALE", "status": "CAPTURED", "amount": "120450", "currency": "USD",
        "reference": charge().attempt.to_string()});
    sale.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    sale
}

fn no(status: u16, code: &str, words: &str) -> Reply {
    reply(status, json!({"error_code": code, "detailed_error_code": "4", "detailed_error_description": words}))
}

fn charge() -> ChargeRequest {
    request(1, token("PMT_1"))
}

fn body(asked: &crate::stub::Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

#[tokio::test]
async fn a_token_is_asked_for_by_a_digest_and_a_charge_is_the_sdks() {
    let stub = Stub::start([granted("t1"), reply(200, sale(json!({})))]).await;
    globalpayments(&stub.url, now()).charge(&charge()).await.unwrap();
    let [grant, sent] = stub.asked().try_into().unwrap();
    assert_eq!((grant.line().as_str(), grant.header("x-gp-version")), ("POST /accesstoken", "2021-03-22"));
    let nonce = "2027-01-15T08:00:00.000Z";
    let secret = hex::encode(Sha512::digest(format!("{nonce}{}", keys::PORTAL_APP_KEY)));
    let expected =
        json!({"app_id": keys::PORTAL_APP_ID, "nonce": nonce, "secret": secret, "grant_type": "client_credentials"});
    assert_eq!(body(&grant), expected);

    assert_eq!((sent.line().as_str(), sent.header("authorization")), ("POST /transactions", "Bearer t1"));
    assert_eq!((sent.header("x-gp-version"), sent.header("content-type")), ("2021-03-22", "application/json"));
    assert_eq!(sent.header("x-gp-idempotency"), charge().idempotency_key);
    let expected = json!({
        "account_name": "transaction_processing", "channel": "CNP", "type": "SALE", "capture_mode": "AUTO",
        "amount": "120450", "currency": "USD", "country": "US", "reference": charge().attempt.to_string(),
        "description": charge().description, "order": {"reference": "PAY-1"},
        "payment_method": {"entry_mode": "ECOM", "id": "PMT_1"},
    });
    assert_eq!(body(&sent), expected);
}

#[tokio::test]
async fn a_page_is_a_link_for_one_payment_and_is_closed_with_its_name() {
    let request = request(1, ChargeHow::HostedPage);
    let link = json!({"id": "LNK_1", "url": "https://pay.test/LNK_1", "status": "ACTIVE", "name": "PAY-1",
        "transactions": {"amount": "120450", "transaction_list": []}});
    let closed = json!({"id": "LNK_1", "url": "https://pay.test/LNK_1", "status": "INACTIVE"});
    let script = [granted("t1"), reply(200, &link), reply(200, &link), reply(200, &closed), reply(200, &closed)];
    let stub = Stub::start(script).await;
    let gateway = globalpayments(&stub.url, now());
    let opened = gateway.charge(&request).await.unwrap();
    let page = Fact::ActionNeeded { url: "https://pay.test/LNK_1".into(), fields: Vec::new() };
    assert_eq!((opened.fact, opened.gateway_id.as_deref()), (page, Some("LNK_1")));
    assert_eq!(gateway.cancel("LNK_1").await.unwrap().fact, Fact::Voided);
    let lines = ["POST /accesstoken", "POST /links", "GET /links/LNK_1", "PATCH /links/LNK_1", "GET /links/LNK_1"];
    assert_eq!(stub.lines(), lines);
    let expected = json!({
        "account_name": "paylink", "type": "PAYMENT", "usage_mode": "SINGLE", "usage_limit": 1,
        "reference": request.attempt.to_string(), "name": "PAY-1", "description": request.description,
        "shippable": "NO", "expiration_date": "2027-01-17",
        "transactions": {"amount": "120450", "channel": "CNP", "currency": "USD", "country": "US",
            "allowed_payment_methods": ["CARD"]},
        "notifications": {"return_url": request.return_url, "cancel_url": request.cancel_url,
            "status_url": "http://127.0.0.1:9/webhooks/globalpayments/con_1"},
    });
    assert_eq!(body(&stub.asked()[1]), expected);
    assert_eq!(stub.asked()[1].header("x-gp-idempotency"), request.idempotency_key);
    let expected = json!({"usage_mode": "SINGLE", "usage_limit": 1, "name": "PAY-1", "type": "PAYMENT",
        "status": "INACTIVE", "shippable": "NO", "transactions": {"amount": "120450"}});
    assert_eq!(body(&stub.asked()[3]), expected);
}

#[tokio::test]
async fn a_refund_and_a_reversal_name_their_charge_and_the_amount() {
    let (made, undone) = (sale(json!({"id": "TRN_2", "type": "REFUND"})), sale(json!({"status": "REVERSED"})));
    let script =
        [granted("t1"), reply(200, made), reply(200, sale(json!({}))), reply(200, &undone), reply(200, &undone)];
    let stub = Stub::start(script).await;
    let gateway = globalpayments(&stub.url, now());
    let refund = refund(1, &charge(), "TRN_1", 500);
    gateway.refund(&refund).await.unwrap();
    assert_eq!(gateway.cancel("TRN_1").await.unwrap().fact, Fact::Voided);
    let asked = stub.asked();
    let lines = ["POST /transactions/TRN_1/refund", "GET /transactions/TRN_1", "POST /transactions/TRN_1/reversal"];
    assert_eq!(stub.lines()[1..4], lines);
    assert_eq!(
        (body(&asked[1]), asked[1].header("x-gp-idempotency")),
        (json!({"amount": "500"}), &*refund.refund.to_string())
    );
    assert_eq!(body(&asked[3]), json!({"amount": "120450"}));
}

#[tokio::test]
async fn the_lists_are_asked_for_by_day_kind_and_reference_page_by_page() {
    let full: Vec<Value> = (0..100).map(|n| sale(json!({"reference": format!("theirs {n}")}))).collect();
    let script = [
        granted("t1"),
        reply(200, json!({"transactions": full})),
        reply(200, json!({"transactions": [sale(json!({"status": "FUNDED"}))]})),
    ];
    let stub = Stub::start(script).await;
    let look_up = look_up(&charge(), None, now() - TimeDelta::hours(2));
    let found = globalpayments(&stub.url, now()).find(&look_up).await.unwrap();
    assert!(matches!(&found, Found::Seen(seen) if seen.fact == Fact::Settled), "{found:?}");
    let asked = stub.asked();
    let attempt = charge().attempt.to_string();
    for (at, page) in [(1, "1"), (2, "2")] {
        assert_eq!(asked[at].line(), "GET /transactions");
        for (name, value) in [
            ("page", page),
            ("page_size", "100"),
            ("type", "SALE"),
            ("from_time_created", "2027-01-14"),
            ("reference", attempt.as_str()),
        ] {
            assert_eq!(asked[at].param(name).as_deref(), Some(value), "{name}");
        }
    }
}

/// The SDKs do so, too.
#[tokio::test]
async fn a_token_that_has_ended_is_replaced_once_and_no_more() {
    let ended = || no(401, "NOT_AUTHENTICATED", "Invalid access token");
    let ok = || reply(200, sale(json!({})));
    let stub = Stub::start([granted("t1"), ok(), ended(), granted("t2"), ok(), ok()]).await;
    let gateway = globalpayments(&stub.url, now());
    for _ in 0..3 {
        gateway.find(&look_up(&charge(), Some("TRN_1"), now())).await.unwrap();
    }
    let by: Vec<_> = stub.asked().iter().map(|asked| asked.header("authorization").to_owned()).collect();
    assert_eq!(by, ["", "Bearer t1", "Bearer t1", "", "Bearer t2", "Bearer t2"]);

    stub.says(vec![ended(), granted("t3"), ended()]);
    let refused = gateway.find(&look_up(&charge(), Some("TRN_1"), now())).await;
    assert!(matches!(&refused, Err(GatewayError::Refused { code, .. }) if code == "NOT_AUTHENTICATED"), "{refused:?}");
    assert_eq!(stub.asked().len(), 3);
}

/// The charge itself was not sent.
#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    for answer in [reply(500, ""), reply(200, "{}"), reply(429, ""), reply(200, "").torn()] {
        let stub = Stub::start([answer.clone()]).await;
        let unsent = globalpayments(&stub.url, now()).charge(&charge()).await;
        assert!(matches!(unsent, Err(GatewayError::NotSent(_))), "{answer:?}: {unsent:?}");
        assert_eq!(stub.lines(), ["POST /accesstoken"]);
    }
    let stub = Stub::start([no(403, "ACTION_NOT_AUTHORIZED", "App credentials not recognized")]).await;
    let refused = globalpayments(&stub.url, now()).charge(&charge()).await;
    assert!(matches!(refused, Err(GatewayError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_refusal_is_one_when_the_gateway_says_so_itself() {
    let kind = |error: &GatewayError| match error {
        GatewayError::Refused { .. } => "refused",
        GatewayError::Unknown(_) => "unknown",
        GatewayError::Busy { .. } => "busy",
        GatewayError::NotSent(_) => "not sent",
    };
    for (answer, expected) in [
        (no(400, "INVALID_REQUEST_DATA", "Expiry date invalid"), "refused"),
        (no(403, "ACTION_NOT_AUTHORIZED", "Permission not enabled"), "refused"),
        (no(404, "RESOURCE_NOT_FOUND", "not found"), "refused"),
        (reply(404, "<html>"), "unknown"),
        (no(400, "SYSTEM_ERROR_DOWNSTREAM", "the acquirer"), "unknown"),
        (no(502, "SYSTEM_ERROR_DOWNSTREAM", "the acquirer"), "unknown"),
        (reply(504, ""), "unknown"),
        (reply(302, ""), "unknown"),
        (no(429, "TOO_MANY_REQUESTS", ""), "busy"),
    ] {
        let stub = Stub::start([granted("t1"), answer.clone()]).await;
        let error = globalpayments(&stub.url, now()).charge(&charge()).await.unwrap_err();
        assert_eq!(kind(&error), expected, "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn d1_a_key_that_made_something_else_says_nothing_about_this_charge() {
    let seen_before = |id: &str| no(409, "DUPLICATE_ACTION", &format!("Idempotency Key seen before: {id}"));
    for (answer, then) in [
        (seen_before("id=TRN_1, status=CAPTURED"), Some(reply(200, sale(json!({"reference": "theirs"}))))),
        (seen_before("id=TRN_1"), Some(no(404, "RESOURCE_NOT_FOUND", "not found"))),
        (seen_before("id=TRN_1"), Some(no(401, "NOT_AUTHENTICATED", ""))),
        (seen_before("id="), None),
        (seen_before("nothing"), None),
        (no(409, "SOMETHING_ELSE", "id=TRN_1"), None),
    ] {
        let stub = Stub::start([granted("t1"), answer.clone()].into_iter().chain(then)).await;
        let unknown = globalpayments(&stub.url, now()).charge(&charge()).await;
        assert!(matches!(unknown, Err(GatewayError::Unknown(_))), "{answer:?}: {unknown:?}");
    }
    let script = [granted("t1"), seen_before("id=TRN_1, status=CAPTURED"), reply(200, sale(json!({})))];
    let stub = Stub::start(script).await;
    assert!(globalpayments(&stub.url, now()).charge(&charge()).await.unwrap().fact.is_money());
    let refund = refund(1, &charge(), "TRN_1", 500);
    for made in [json!({"amount": "501"}), json!({"parent_resource_id": "TRN_9"}), json!({"type": "SALE"})] {
        let mut other = sale(json!({"id": "TRN_2", "type": "REFUND", "amount": "500", "parent_resource_id": "TRN_1"}));
        other.as_object_mut().unwrap().extend(made.as_object().unwrap().clone());
        let stub = Stub::start([granted("t1"), seen_before("id=TRN_2"), reply(200, &other)]).await;
        let unknown = globalpayments(&stub.url, now()).refund(&refund).await;
        assert!(matches!(unknown, Err(GatewayError::Unknown(_))), "{other}: {unknown:?}");
    }
}

/// What is refused when it is sent again may have been made the first time.
#[tokio::test]
async fn d2_a_repetition_that_is_refused_proves_nothing() {
    let script = || [granted("t1"), no(400, "INVALID_REQUEST_DATA", "used"), reply(200, json!({"transactions": []}))];
    let stub = Stub::start(script()).await;
    let found = globalpayments(&stub.url, now()).find(&look_up(&charge(), None, now())).await.unwrap();
    assert_eq!(found, Found::TooEarlyToSay);
    let stub = Stub::start(script()).await;
    let refund = refund(1, &charge(), "TRN_1", 500);
    let found = globalpayments(&stub.url, now()).find_refund(&refund_look_up(&refund, None, now())).await.unwrap();
    assert_eq!(found, Found::TooEarlyToSay);
}

#[tokio::test]
async fn a_page_of_an_unknown_status_is_parked() {
    let stub = Stub::start([granted("t1"), reply(200, json!({"id": "LNK_1", "status": "HELD"}))]).await;
    let look_up = look_up(&request(1, ChargeHow::HostedPage), Some("LNK_1"), now());
    let page = globalpayments(&stub.url, now()).find(&look_up).await.unwrap();
    assert!(matches!(&page, Found::Seen(seen) if seen.fact == Fact::Processing), "{page:?}");
}

/// The list of a link may be behind the link.
#[tokio::test]
async fn a_page_without_its_payment_is_over_when_nothing_can_come_of_it() {
    let pending = json!({"transaction_list": [sale(json!({"status": "PENDING"}))]});
    for (link, fact) in [
        (json!({"id": "LNK_1", "status": "PAID"}), Fact::Processing),
        (json!({"id": "LNK_1", "status": "CLOSED"}), Fact::Processing),
        (json!({"id": "LNK_1", "status": "INACTIVE", "transactions": pending}), Fact::Processing),
        (json!({"id": "LNK_1", "status": "INACTIVE", "transactions": {}}), Fact::Voided),
        (json!({"id": "LNK_1", "status": "EXPIRED"}), Fact::Voided),
        (json!({"id": "LNK_1", "status": "ACTIVE"}), Fact::Processing),
    ] {
        let stub = Stub::start([granted("t1"), reply(200, &link)]).await;
        let look_up = look_up(&request(1, ChargeHow::HostedPage), Some("LNK_1"), now());
        let found = globalpayments(&stub.url, now()).find(&look_up).await.unwrap();
        assert!(matches!(&found, Found::Seen(seen) if seen.fact == fact), "{link}: {found:?}");
    }
}

#[tokio::test]
async fn nothing_strange_gets_into_an_address_and_odd_money_is_not_charged() {
    let stub = Stub::start([]).await;
    let gateway = globalpayments(&stub.url, now());
    for id in ["", "TRN_1/../links", "LNK_1?x", "pi_1", "TRN_é"] {
        assert!(matches!(gateway.cancel(id).await, Err(GatewayError::Refused { .. })), "{id}");
        assert!(matches!(gateway.read_refund(id).await, Err(GatewayError::Refused { .. })), "{id}");
        let refund = refund(1, &charge(), id, 500);
        assert!(matches!(gateway.refund(&refund).await, Err(GatewayError::Refused { .. })), "{id}");
    }
    for currency in [Currency::JPY, Currency::KWD] {
        let odd = ChargeRequest { amount: Money::new(500, currency), ..charge() };
        assert!(matches!(gateway.charge(&odd).await, Err(GatewayError::Refused { .. })), "{currency:?}");
    }
    assert_eq!(usd(5).currency.exponent(), 2);
    assert!(stub.asked().is_empty());
}

#[test]
fn what_holds_the_key_never_prints_it() {
    let printed = format!("{:?}", globalpayments("https://apis.test/ucp", now()));
    assert!(printed.contains("https://apis.test/ucp") && !printed.contains(keys::PORTAL_APP_KEY), "{printed}");
}
