//! Each fault on Xero's wire: lost answers, limits, revoked tokens, a locked period (F16, F18 to F20 of `quality.md`).

use std::time::Duration;

use serde_json::json;
use simulators::facts;

use crate::harness::Vendors;

const PATIENCE: Duration = Duration::from_millis(120);

async fn payments_of(vendors: &Vendors, number: &str) -> usize {
    let state = vendors.state("xero").await;
    state["payments"].as_array().unwrap().iter().filter(|payment| payment["invoice"] == number).count()
}

#[tokio::test]
async fn a_lost_answer_is_replayed_by_its_key_for_six_minutes() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    vendors.arm("xero", "timeout_after_execute").await;
    let pay = || vendors.pay_in_books(&token, "INV-501", "1204.50", "pay-1");
    assert!(pay().timeout(PATIENCE).send().await.unwrap_err().is_timeout());
    let replay = vendors.read(pay()).await.unwrap();
    assert_eq!((replay.status, &replay.json["Payments"][0]["Invoice"]["Status"]), (200, &json!("PAID")));
    assert_eq!(payments_of(&vendors, "INV-501").await, 1);
    let other = vendors.read(vendors.pay_in_books(&token, "INV-502", "1.00", "pay-1")).await.unwrap();
    assert!(other.json["Message"].as_str().unwrap().contains("used with a different request"));

    vendors.control("advance", json!({ "hours": 1 })).await;
    let token = vendors.refresh(&current(&vendors).await).await.json["access_token"].as_str().unwrap().to_owned();
    let late = vendors.read(vendors.pay_in_books(&token, "INV-501", "1204.50", "pay-1")).await.unwrap();
    assert_eq!(late.status, 400, "the key is forgotten, the paid invoice refuses");
    assert_eq!(payments_of(&vendors, "INV-501").await, 1);
}

#[tokio::test]
async fn a_fault_that_lets_calls_pass_hits_the_one_after_them() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    vendors.control("faults", json!({ "vendor": "xero", "fault": "http_after_execute:500", "skip": 1 })).await;
    let mut statuses = Vec::new();
    for key in ["one", "two", "three"] {
        vendors.books(&token, "Organisation").await;
        let paid = vendors.read(vendors.pay_in_books(&token, "INV-501", "1.00", key)).await.unwrap();
        statuses.push(paid.status);
    }
    assert_eq!(statuses, [200, 500, 200], "reads are no writes");
}

/// A refresh token of the portal's grant that still works, got as a new consent would give it.
async fn current(vendors: &Vendors) -> String {
    let query = format!(
        "response_type=code&client_id={}&redirect_uri=http://127.0.0.1:3000/cb&scope={}&consent=allow",
        facts::xero::PORTAL_CLIENT_ID,
        facts::xero::SCOPES.split_whitespace().collect::<Vec<_>>().join("%20")
    );
    let allowed = vendors.get(&format!("/xero/identity/connect/authorize?{query}")).await;
    let code = allowed.header("location").split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let exchange = vendors
        .http
        .post(format!("{}/xero/connect/token", vendors.url))
        .basic_auth(facts::xero::PORTAL_CLIENT_ID, Some(facts::xero::PORTAL_CLIENT_SECRET))
        .form(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "http://127.0.0.1:3000/cb")]);
    vendors.read(exchange).await.unwrap().json["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_reset_or_a_hidden_500_still_posted_and_an_early_one_did_not() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    vendors.arm("xero", "reset_after_execute").await;
    assert!(vendors.read(vendors.pay_in_books(&token, "INV-501", "1.00", "one")).await.is_err());
    vendors.arm("xero", "http_after_execute:500").await;
    assert_eq!(vendors.read(vendors.pay_in_books(&token, "INV-501", "1.00", "two")).await.unwrap().status, 500);
    vendors.arm("xero", "http:500").await;
    assert_eq!(vendors.read(vendors.pay_in_books(&token, "INV-501", "1.00", "three")).await.unwrap().status, 500);
    assert_eq!(payments_of(&vendors, "INV-501").await, 2);
    for key in ["one", "two", "three"] {
        assert_eq!(vendors.read(vendors.pay_in_books(&token, "INV-501", "1.00", key)).await.unwrap().status, 200);
    }
    assert_eq!(payments_of(&vendors, "INV-501").await, 3);
}

#[tokio::test]
async fn a_locked_period_refuses_the_posting_until_it_is_open() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    vendors.arm("xero", "period_locked").await;
    let locked = vendors.read(vendors.pay_in_books(&token, "INV-501", "1204.50", "v1")).await.unwrap();
    assert!(locked.json.to_string().contains("period lock date"));
    let kept = vendors.read(vendors.pay_in_books(&token, "INV-501", "1204.50", "v1")).await.unwrap();
    assert_eq!(kept.status, 400, "errors are kept for the key");
    assert_eq!(vendors.read(vendors.pay_in_books(&token, "INV-501", "1204.50", "v2")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_revoked_token_dies_at_the_api_and_then_at_the_refresh() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    vendors.arm("xero", "token_revoked").await;
    assert_eq!(vendors.books(&token, "Invoices/INV-501").await.status, 401);
    assert_eq!(vendors.books(&token, "Invoices/INV-501").await.status, 401, "dead for good");
    let fresh = vendors.xero_token().await;
    assert_eq!(vendors.books(&fresh, "Invoices/INV-501").await.status, 200);
    vendors.arm("xero", "token_revoked").await;
    for _ in 0..2 {
        assert_eq!(vendors.refresh(facts::xero::PORTAL_REFRESH_TOKEN).await.json["error"], "invalid_grant");
    }
    assert_eq!(vendors.books(&fresh, "Invoices/INV-501").await.status, 401, "the grant is gone");
}

#[tokio::test]
async fn the_minute_limit_says_when_to_come_back() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let first = vendors.books(&token, "Organisation").await;
    assert_eq!((first.header("x-minlimit-remaining"), first.header("x-daylimit-remaining")), ("59", "4999"));
    for _ in 0..59 {
        assert_eq!(vendors.books(&token, "Organisation").await.status, 200);
    }
    let over = vendors.books(&token, "Organisation").await;
    assert_eq!((over.status, over.header("x-rate-limit-problem")), (429, "minute"));
    assert!((1..=60).contains(&over.header("retry-after").parse::<u64>().unwrap()));
}

#[tokio::test]
async fn an_armed_429_and_a_wrong_tenant() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    vendors.arm("xero", "http:429").await;
    let busy = vendors.books(&token, "Invoices/INV-501").await;
    assert_eq!((busy.status, busy.header("retry-after"), busy.header("x-rate-limit-problem")), (429, "1", "minute"));
    let wrong = vendors.http.get(format!("{}/xero/api.xro/2.0/Invoices", vendors.url)).bearer_auth(token);
    let wrong = vendors.read(wrong.header("xero-tenant-id", "22222222-2222-4333-8444-555555555555")).await.unwrap();
    assert_eq!((wrong.status, &wrong.json["Title"]), (403, &json!("Forbidden")));
    assert_eq!(vendors.books("no-token", "Invoices").await.json["Detail"], "AuthenticationUnsuccessful");
}

#[tokio::test]
async fn a_bookkeeper_changes_an_invoice_behind_the_portal() {
    let vendors = Vendors::start().await;
    let edit = async |body| vendors.control("xero/invoice", body).await;
    let changed = edit(json!({ "number": "INV-501", "amount_due_minor": 99_900 })).await.json;
    assert_eq!(changed["invoice"]["AmountDue"].to_string(), "999.00");
    let part = edit(json!({ "number": "INV-501", "pay_minor": 9_900 })).await.json;
    assert_eq!(
        (part["invoice"]["AmountDue"].to_string(), &part["invoice"]["Status"]),
        ("900.00".to_owned(), &json!("AUTHORISED"))
    );
    let paid = edit(json!({ "number": "INV-501", "pay_minor": 90_000 })).await.json;
    assert_eq!(paid["invoice"]["Status"], "PAID");
    let voided = edit(json!({ "number": "INV-502", "status": "VOIDED" })).await.json;
    assert_eq!(
        (voided["invoice"]["AmountDue"].to_string(), &voided["invoice"]["Status"]),
        ("0.00".to_owned(), &json!("VOIDED"))
    );
    assert_eq!(edit(json!({ "number": "INV-999" })).await.status, 404);
    assert_eq!(edit(json!({ "number": "INV-503", "pay_minor": 70_001 })).await.status, 400);
}
