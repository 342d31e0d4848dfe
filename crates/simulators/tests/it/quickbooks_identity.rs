//! QuickBooks' grants, limits and faults: consent, rotation with its grace, both casings, throttles, lost answers.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::facts::qbo;

use crate::harness::{Answer, Vendors};
use crate::quickbooks::{Company, payment, refresh};

const PATIENCE: Duration = Duration::from_millis(120);

fn code(answer: &Answer) -> &str {
    let error = answer.json.pointer("/Fault/Error/0/code").or_else(|| answer.json.pointer("/fault/error/0/code"));
    error.and_then(Value::as_str).unwrap_or_default()
}

fn gone(answer: &Answer) -> bool {
    answer.status == 400 && answer.json == json!({ "error": "invalid_grant" })
}

#[tokio::test]
async fn the_refresh_token_changes_once_a_day_and_the_old_one_has_a_day_of_grace() {
    let vendors = Vendors::start().await;
    let first = refresh(&vendors, qbo::PORTAL_REFRESH_TOKEN).await;
    assert_eq!((&first.json["token_type"], &first.json["expires_in"]), (&json!("bearer"), &json!(3600)));
    assert_eq!(first.json["refresh_token"], qbo::PORTAL_REFRESH_TOKEN, "not on every call");
    let left = first.json["x_refresh_token_expires_in"].as_i64().unwrap();
    assert!((8_726_390..=8_726_400).contains(&left) && first.json["x_refresh_token_hard_expires_in"].is_null());
    assert!(!first.header("intuit_tid").is_empty());
    vendors.advance(2).await;
    let second = refresh(&vendors, qbo::PORTAL_REFRESH_TOKEN).await.json["refresh_token"].clone();
    assert!(second.as_str().unwrap().starts_with("AB1") && second != qbo::PORTAL_REFRESH_TOKEN);
    vendors.control("advance", json!({ "hours": 23 })).await;
    assert_eq!(refresh(&vendors, qbo::PORTAL_REFRESH_TOKEN).await.json["refresh_token"], second, "the answer was lost");
    vendors.control("advance", json!({ "hours": 2 })).await;
    assert!(gone(&refresh(&vendors, qbo::PORTAL_REFRESH_TOKEN).await));
    vendors.advance(102).await;
    assert!(gone(&refresh(&vendors, second.as_str().unwrap()).await), "a hundred days unused");
}

#[tokio::test]
async fn strangers_have_a_grant_of_their_own_and_revoke_it() {
    let vendors = Vendors::start().await;
    let given = vendors.get("/demo.json").await.json["vendors"]["qbo"].clone();
    let text = |name: &str| given[name].as_str().unwrap();
    assert_eq!(text("realm_id"), qbo::REALM_ID);
    let token = || {
        let request = vendors.http.post(format!("{}/qbo/oauth2/v1/tokens/bearer", vendors.url));
        let request = request.header("x-include-refresh-token-hard-expires-in", "true");
        request.form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", text("refresh_token")),
            ("client_id", text("client_id")),
            ("client_secret", text("client_secret")),
        ])
    };
    let tokens = vendors.read(token()).await.unwrap().json;
    let hard = tokens["x_refresh_token_hard_expires_in"].as_i64().unwrap();
    assert!((157_679_990..=157_680_000).contains(&hard), "five years: {hard}");
    let revoke = |secret: &str| {
        let request = vendors.http.post(format!("{}/qbo/v2/oauth2/tokens/revoke", vendors.url));
        request.basic_auth(text("client_id"), Some(secret)).json(&json!({ "token": tokens["refresh_token"] }))
    };
    assert_eq!(revoke("no").send().await.unwrap().status(), 401);
    assert_eq!(revoke(text("client_secret")).send().await.unwrap().status(), 200);
    assert!(gone(&vendors.read(token()).await.unwrap()));
    assert_eq!(revoke(text("client_secret")).send().await.unwrap().status(), 400, "once");
    assert_eq!(refresh(&vendors, qbo::PORTAL_REFRESH_TOKEN).await.status, 200, "the portal's is untouched");
}

#[tokio::test]
async fn consent_names_the_company_and_discovery_the_addresses() {
    let vendors = Vendors::start().await;
    let found = vendors.get("/qbo/.well-known/openid_sandbox_configuration").await.json;
    let consent = found["authorization_endpoint"].as_str().unwrap().strip_prefix(&vendors.url).unwrap().to_owned();
    let redirect = "http://127.0.0.1:3000/callback";
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={redirect}&scope={}&state=s1",
        qbo::PORTAL_CLIENT_ID,
        qbo::SCOPE
    );
    let ask = vendors.get(&format!("{consent}?{query}")).await;
    assert!(ask.json.as_str().unwrap().contains("Southern Cloud"));
    let allowed = vendors.get(&format!("{consent}?{query}&consent=allow")).await;
    let location = allowed.header("location").to_owned();
    assert!(location.contains(&format!("realmId={}", qbo::REALM_ID)) && location.contains("state=s1"));
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let exchange = || {
        let request = vendors.http.post(found["token_endpoint"].as_str().unwrap());
        let request = request.basic_auth(qbo::PORTAL_CLIENT_ID, Some(qbo::PORTAL_CLIENT_SECRET));
        request.form(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect)])
    };
    assert_eq!(vendors.read(exchange()).await.unwrap().status, 200);
    assert!(gone(&vendors.read(exchange()).await.unwrap()), "a code works once");
    assert!(gone(&refresh(&vendors, qbo::PORTAL_REFRESH_TOKEN).await), "the older consent has ended");
    let denied = vendors.get(&format!("{consent}?{query}&consent=deny")).await;
    assert!(denied.header("location").contains("error=access_denied"));
    assert_eq!(vendors.get(&format!("{consent}?client_id=x")).await.status, 400);
}

#[tokio::test]
async fn who_may_not_in_is_told_by_the_gateway_in_lower_case() {
    let company = Company::open().await;
    company.vendors.control("advance", json!({ "minutes": 61 })).await;
    let expired = company.get("preferences").await;
    assert_eq!((expired.status, code(&expired)), (401, "3200"));
    let error = &expired.json["fault"]["error"][0];
    assert_eq!(error["message"], "message=AuthenticationFailed; errorCode=003200; statusCode=401");
    assert_eq!((&error["detail"], &expired.json["fault"]["type"]), (&json!("Token expired"), &json!("AUTHENTICATION")));
    let company = Company::of(company.vendors).await;
    let elsewhere = company.request("GET", "preferences").build().unwrap();
    let url = elsewhere.url().as_str().replace(qbo::REALM_ID, "9130350000000002");
    let elsewhere = company.vendors.http.get(url).bearer_auth(&company.token);
    let elsewhere = company.vendors.read(elsewhere).await.unwrap();
    assert_eq!((elsewhere.status, code(&elsewhere)), (403, "3100"));
    for (trouble, status, expected) in
        [("access_lost", 401, "120"), ("subscription_ended", 400, "6190"), ("none", 200, "")]
    {
        company.vendors.control("qbo/company", json!({ "trouble": trouble })).await;
        let answer = company.get("preferences").await;
        assert_eq!((answer.status, code(&answer)), (status, expected), "{trouble}");
    }
}

#[tokio::test]
async fn a_revoked_token_dies_at_the_api_and_then_at_the_refresh() {
    let company = Company::open().await;
    company.vendors.arm("qbo", "token_revoked").await;
    for _ in 0..2 {
        assert_eq!(code(&company.get("preferences").await), "3200", "dead for good");
    }
    let company = Company::of(company.vendors).await;
    assert_eq!(company.get("preferences").await.status, 200);
    company.vendors.arm("qbo", "token_revoked").await;
    for _ in 0..2 {
        assert!(gone(&refresh(&company.vendors, qbo::PORTAL_REFRESH_TOKEN).await));
    }
    assert_eq!(company.get("preferences").await.status, 401, "the grant is gone");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_by_its_request_id() {
    let company = Company::open().await;
    let invoice = company.invoice().await;
    let body = payment("100", &[("100", "Invoice", &invoice)]);
    let pay = |id: &str| company.request("POST", &format!("payment?requestid={id}")).json(&body);
    company.vendors.arm("qbo", "timeout_after_execute").await;
    assert!(pay("one").timeout(PATIENCE).send().await.unwrap_err().is_timeout());
    company.vendors.arm("qbo", "reset_after_execute").await;
    assert!(company.vendors.read(pay("two")).await.is_err());
    company.vendors.arm("qbo", "http_after_execute:500").await;
    let hidden = company.vendors.read(pay("three")).await.unwrap();
    assert_eq!((hidden.status, code(&hidden), &hidden.json["Fault"]["type"]), (500, "10000", &json!("SystemFault")));
    company.vendors.arm("qbo", "http:500").await;
    assert_eq!(company.vendors.read(pay("four")).await.unwrap().status, 500);
    let left = async || company.read("Invoice", invoice["Id"].as_str().unwrap()).await["Balance"].to_string();
    assert_eq!(left().await, "950.00", "three were posted");
    for id in ["one", "two", "three", "four"] {
        assert_eq!(company.vendors.read(pay(id)).await.unwrap().status, 200);
    }
    assert_eq!(left().await, "850.00");
    for fault in ["decline:51", "unknown_status"] {
        let order = json!({ "vendor": "qbo", "fault": fault });
        assert_eq!(company.vendors.control("faults", order).await.status, 400, "books have no {fault}");
    }
}

#[tokio::test]
async fn too_many_calls_are_throttled_without_a_word_on_when_to_come_back() {
    let company = Company::open().await;
    company.vendors.arm("qbo", "http:429").await;
    let armed = company.get("preferences").await;
    assert_eq!((armed.status, code(&armed)), (429, "3001"));
    assert!(armed.json["fault"]["error"][0]["message"].as_str().unwrap().contains("errorCode=003001; statusCode=429"));
    assert_eq!((armed.header("retry-after"), armed.header("x-minlimit-remaining")), ("", ""));

    // A second of its own for what follows.
    company.vendors.control("advance", json!({ "minutes": 1 })).await;
    let slow = json!({ "vendor": "qbo", "fault": "delay_ms:400", "times": 10 });
    company.vendors.control("faults", slow).await;
    let calls = (0..11).map(|_| company.get("preferences"));
    let mut answers: Vec<u16> = futures::future::join_all(calls).await.iter().map(|answer| answer.status).collect();
    answers.sort_unstable();
    assert_eq!(answers, [vec![200_u16; 10], vec![429]].concat(), "ten at once");
}
