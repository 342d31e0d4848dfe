//! Each fault on Stripe's wire, and that no fault charges twice (faults F2 to F4 of `quality.md`).

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{HOLD, Vendors};

const PATIENCE: Duration = Duration::from_millis(120);

#[tokio::test]
async fn an_answer_that_never_comes_still_charged_and_a_replay_finds_it() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "timeout_after_execute").await;
    let lost = vendors.charge("pm_card_visa", "key-1").timeout(PATIENCE).send().await;
    assert!(lost.unwrap_err().is_timeout());
    assert_eq!(vendors.money_taken().await.len(), 1);
    let replay = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    assert_eq!((replay.status, replay.json["status"].as_str()), (200, Some("succeeded")));
    assert_eq!(vendors.money_taken().await.len(), 1);
}

#[tokio::test]
async fn a_held_answer_ends_in_a_broken_connection() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "timeout_after_execute").await;
    let began = Instant::now();
    assert!(vendors.read(vendors.charge("pm_card_visa", "key-1")).await.is_err());
    assert!(began.elapsed() >= HOLD);
}

#[tokio::test]
async fn a_reset_connection_still_charged() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "reset_after_execute").await;
    let error = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap_err();
    assert!(!error.is_timeout() && error.status().is_none());
    assert_eq!(vendors.money_taken().await.len(), 1);
}

#[tokio::test]
async fn a_timeout_before_charges_nothing() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "timeout_before").await;
    assert!(vendors.charge("pm_card_visa", "key-1").timeout(PATIENCE).send().await.unwrap_err().is_timeout());
    // Wait beyond the hold: a request that woke up late must not execute either.
    tokio::time::sleep(HOLD).await;
    assert!(vendors.money_taken().await.is_empty());
    assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_card_of_the_demo_times_out_after_executing() {
    let vendors = Vendors::start().await;
    let lost = vendors.charge("pm_card_timeoutAfterExecute", "key-1").timeout(PATIENCE).send().await;
    assert!(lost.unwrap_err().is_timeout());
    assert_eq!(vendors.money_taken().await.len(), 1);
    assert_eq!(vendors.read(vendors.charge("pm_card_timeoutAfterExecute", "key-1")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_500_burns_the_key_and_a_429_does_not() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "http:429").await;
    let busy = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    assert_eq!((busy.status, busy.header("retry-after")), (429, "1"));
    vendors.arm("stripe", "http:500").await;
    assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap().status, 500);
    assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap().status, 500, "replayed");
    assert!(vendors.money_taken().await.is_empty());
    assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-2")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_500_may_also_hide_a_charge() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "http_after_execute:500").await;
    for _ in 0..2 {
        assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap().status, 500);
    }
    let listed = vendors.stripe_get("payment_intents?created[gte]=0").await.json;
    assert_eq!(listed["data"][0]["metadata"]["attempt_id"], "att_1");
    assert_eq!(vendors.money_taken().await.len(), 1);
}

#[tokio::test]
async fn declines_and_revoked_keys_come_when_armed_and_then_stop() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "decline:do_not_honor").await;
    let declined = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    assert_eq!(declined.json["error"]["decline_code"], "do_not_honor");
    vendors.arm("stripe", "token_revoked").await;
    assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-2")).await.unwrap().status, 401);
    assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-2")).await.unwrap().status, 200);
    vendors.arm("stripe", "unknown_status").await;
    let odd = vendors.read(vendors.charge("pm_card_visa", "key-3")).await.unwrap();
    assert_eq!((odd.status, odd.json["status"].as_str()), (200, Some("held_by_martians")));
    assert_eq!(vendors.money_taken().await.len(), 2, "it was executed");
}

#[tokio::test]
async fn a_match_chooses_the_request_and_times_counts() {
    let vendors = Vendors::start().await;
    let order = json!({ "vendor": "stripe", "fault": "http:429", "times": 2, "match": "GET /stripe/v1/events" });
    vendors.control("faults", order).await;
    assert_eq!(vendors.stripe_get("payment_intents").await.status, 200);
    assert_eq!(vendors.stripe_get("events").await.status, 429);
    assert_eq!(vendors.stripe_get("events").await.status, 429);
    assert_eq!(vendors.stripe_get("events").await.status, 200);
}

#[tokio::test]
async fn faults_of_the_api_leave_reads_and_browsers_alone() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "reset_after_execute").await;
    assert_eq!(vendors.stripe_get("payment_intents").await.status, 200);
    let card =
        [("type", "card"), ("card[number]", "4242424242424242"), ("card[exp_month]", "12"), ("card[exp_year]", "40")];
    let made = vendors.http.post(format!("{}/stripe/v1/payment_methods", vendors.url)).form(&card);
    let made = made.bearer_auth(simulators::facts::stripe::PORTAL_PUBLISHABLE_KEY);
    assert_eq!(vendors.read(made).await.unwrap().status, 200);
    assert!(vendors.read(vendors.charge("pm_card_visa", "key-1")).await.is_err());
}

#[tokio::test]
async fn unknown_names_are_answered_with_the_known_ones() {
    let vendors = Vendors::start().await;
    let fault = vendors.control("faults", json!({ "vendor": "stripe", "fault": "gremlins" })).await;
    assert_eq!(fault.status, 400);
    assert!(fault.json["error"].as_str().unwrap().contains("timeout_after_execute"));
    let vendor = vendors.control("faults", json!({ "vendor": "paypal", "fault": "http:500" })).await;
    assert_eq!(vendor.status, 404);
    assert!(vendor.json["error"].as_str().unwrap().contains("authorizenet, globalpayments, payrix, qbo, stripe, xero"));
    assert_eq!(vendors.get("/control/state/paypal").await.status, 404);
    let foreign = vendors.control("faults", json!({ "vendor": "stripe", "fault": "period_locked" })).await;
    assert_eq!(foreign.status, 400);
    let misspelt = vendors.control("faults", json!({ "vendor": "stripe", "fault": "http:500", "tiems": 2 })).await;
    assert_eq!(misspelt.status, 422);
}
