//! Stripe's API: intents, idempotency, lists, refunds, keys, and what survives a restart.

use serde_json::json;
use simulators::facts;

use crate::contracts;
use crate::harness::Vendors;

#[tokio::test]
async fn a_card_is_charged_and_the_charge_can_be_found_again() {
    let vendors = Vendors::start().await;
    let paid = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    assert_eq!((paid.status, paid.json["status"].as_str()), (200, Some("succeeded")));
    assert_eq!(paid.json["latest_charge"]["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(paid.json["metadata"]["attempt_id"], "att_1");
    assert!(paid.header("request-id").starts_with("req_"));
    assert_eq!((paid.header("idempotency-key"), paid.header("stripe-version")), ("key-1", "2026-10-28.endive"));
    contracts::stripe("payment_intent", &paid.json);
    contracts::stripe("charge", &paid.json["latest_charge"]);

    let id = paid.json["id"].as_str().unwrap();
    let read = vendors.stripe_get(&format!("payment_intents/{id}")).await.json;
    assert_eq!(read["latest_charge"], paid.json["latest_charge"]["id"]);
    contracts::stripe("payment_intent", &read);
    let listed = vendors.stripe_get("payment_intents?created[gte]=0&limit=3&expand[]=data.latest_charge").await.json;
    assert_eq!(listed["data"][0]["latest_charge"]["paid"], true);
    let charge = read["latest_charge"].as_str().unwrap();
    let balance = vendors.stripe_get(&format!("charges/{charge}?expand[]=balance_transaction")).await.json;
    contracts::stripe("charge", &balance);
    contracts::stripe("balance_transaction", &balance["balance_transaction"]);

    let taken = vendors.money_taken().await;
    assert_eq!(taken.len(), 1);
    assert_eq!((&taken[0]["id"], &taken[0]["amount_minor"]), (&json!(charge), &json!(120_450)));
    assert_eq!((&taken[0]["reference"], &taken[0]["currency"]), (&json!("att_1"), &json!("USD")));
}

#[tokio::test]
async fn a_decline_is_a_402_that_names_its_intent() {
    let vendors = Vendors::start().await;
    let cases = [
        ("pm_card_chargeDeclined", "card_declined", json!("generic_decline")),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", json!("insufficient_funds")),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", json!(null)),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", json!(null)),
    ];
    for (token, code, decline_code) in cases {
        let declined = vendors.read(vendors.charge(token, token)).await.unwrap();
        assert_eq!((declined.status, declined.json["error"]["code"].as_str()), (402, Some(code)));
        assert_eq!(declined.json["error"]["decline_code"], decline_code);
        assert_eq!(declined.header("stripe-should-retry"), "false");
        contracts::stripe("error", &declined.json);
        let intent = &declined.json["error"]["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method");
        assert_eq!(intent["last_payment_error"]["code"], code);
        contracts::stripe("payment_intent", intent);
    }
    assert!(vendors.money_taken().await.is_empty());
}

#[tokio::test]
async fn a_declined_intent_takes_another_card_and_a_paid_one_none() {
    let vendors = Vendors::start().await;
    let declined = vendors.read(vendors.charge("pm_card_chargeDeclined", "key-1")).await.unwrap().json;
    let id = declined["error"]["payment_intent"]["id"].as_str().unwrap();
    let confirm = format!("payment_intents/{id}/confirm");
    let card = [("payment_method", "pm_card_mastercard")];
    assert_eq!(vendors.stripe_post(&confirm, &card).await.json["status"], "succeeded");
    let again = vendors.stripe_post(&confirm, &card).await;
    assert_eq!(again.json["error"]["code"], "payment_intent_unexpected_state");
    let cancel = vendors.stripe_post(&format!("payment_intents/{id}/cancel"), &[]).await;
    assert_eq!(cancel.status, 400);
    assert_eq!(vendors.money_taken().await.len(), 1);
}

#[tokio::test]
async fn an_open_intent_is_cancelled_and_stays_so() {
    let vendors = Vendors::start().await;
    let open = vendors.stripe_post("payment_intents", &[("amount", "8000"), ("currency", "usd")]).await.json;
    assert_eq!(open["status"], "requires_payment_method");
    let id = open["id"].as_str().unwrap();
    let reason = [("cancellation_reason", "abandoned")];
    let cancelled = vendors.stripe_post(&format!("payment_intents/{id}/cancel"), &reason).await.json;
    assert_eq!((&cancelled["status"], &cancelled["cancellation_reason"]), (&json!("canceled"), &json!("abandoned")));
    contracts::stripe("payment_intent", &cancelled);
    let late =
        vendors.stripe_post(&format!("payment_intents/{id}/confirm"), &[("payment_method", "pm_card_visa")]).await;
    assert_eq!(late.status, 400);
}

#[tokio::test]
async fn a_repeated_key_replays_the_first_answer_and_never_charges_twice() {
    let vendors = Vendors::start().await;
    let first = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    let again = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    assert_eq!((&first.json, first.header("request-id")), (&again.json, again.header("request-id")));
    let declined = vendors.read(vendors.charge("pm_card_chargeDeclined", "key-2")).await.unwrap();
    let again = vendors.read(vendors.charge("pm_card_chargeDeclined", "key-2")).await.unwrap();
    assert_eq!((again.status, &again.json), (402, &declined.json));
    assert_eq!(vendors.state("stripe").await["charges"].as_array().unwrap().len(), 2);

    let other = vendors.read(vendors.charge("pm_card_amex", "key-1")).await.unwrap();
    assert_eq!((other.status, other.json["error"]["type"].as_str()), (400, Some("idempotency_error")));
    contracts::stripe("error", &other.json);
}

#[tokio::test]
async fn the_same_key_at_the_same_time_is_a_conflict() {
    let vendors = Vendors::start().await;
    vendors.arm("stripe", "delay_ms:200").await;
    let slow = tokio::spawn(vendors.charge("pm_card_visa", "key-1").send());
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let conflict = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    assert_eq!((conflict.status, conflict.header("stripe-should-retry")), (409, "true"));
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    let replay = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    assert_eq!(replay.status, 200);
    assert_eq!(vendors.money_taken().await.len(), 1);
}

#[tokio::test]
async fn refused_requests_are_not_kept_for_the_key() {
    let vendors = Vendors::start().await;
    let wrong = vendors.stripe("POST", "payment_intents").header("idempotency-key", "key-1").form(&[("amuont", "5")]);
    let wrong = vendors.read(wrong).await.unwrap();
    assert_eq!((wrong.status, wrong.json["error"]["code"].as_str()), (400, Some("parameter_unknown")));
    assert_eq!(wrong.json["error"]["param"], "amuont");
    assert_eq!(vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap().status, 200);
}

#[tokio::test]
async fn only_known_keys_are_let_in_and_publishable_ones_make_methods_alone() {
    let vendors = Vendors::start().await;
    let with =
        |key: &str| vendors.http.get(format!("{}/stripe/v1/payment_intents", vendors.url)).bearer_auth(key.to_owned());
    let wrong = vendors.read(with("sk_test_wrong")).await.unwrap();
    assert_eq!((wrong.status, wrong.json["error"]["type"].as_str()), (401, Some("invalid_request_error")));
    contracts::stripe("error", &wrong.json);
    assert_eq!(vendors.read(with(facts::stripe::STRANGER_SECRET_KEY)).await.unwrap().status, 200);
    assert_eq!(vendors.read(with(facts::stripe::PORTAL_PUBLISHABLE_KEY)).await.unwrap().status, 401);
    let basic = vendors.http.get(format!("{}/stripe/v1/payment_intents", vendors.url));
    let basic = basic.basic_auth(facts::stripe::PORTAL_SECRET_KEY, Some(""));
    assert_eq!(vendors.read(basic).await.unwrap().status, 200);

    let card = [
        ("type", "card"),
        ("card[number]", "4242 4242 4242 4242"),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2040"),
        ("card[cvc]", "123"),
        ("billing_details[name]", "Ana Diaz"),
    ];
    assert_eq!(vendors.stripe_post("payment_methods", &card).await.status, 400, "a server must not send card numbers");
    let made = vendors.http.post(format!("{}/stripe/v1/payment_methods", vendors.url)).form(&card);
    let made = vendors.read(made.bearer_auth(facts::stripe::PORTAL_PUBLISHABLE_KEY)).await.unwrap().json;
    contracts::stripe("payment_method", &made);
    let id = made["id"].as_str().unwrap();
    let read = vendors.stripe_get(&format!("payment_methods/{id}")).await.json;
    assert_eq!((&read["card"]["brand"], &read["billing_details"]["name"]), (&json!("visa"), &json!("Ana Diaz")));
    assert_eq!(vendors.read(vendors.charge(id, "one")).await.unwrap().status, 200);
    assert_eq!(vendors.read(vendors.charge(id, "two")).await.unwrap().status, 400, "a method is used once");
}

#[tokio::test]
async fn three_d_secure_asks_for_an_action_or_declines_where_none_can_be_taken() {
    let vendors = Vendors::start().await;
    let asked = vendors.read(vendors.charge("pm_card_authenticationRequired", "key-1")).await.unwrap().json;
    assert_eq!(asked["status"], "requires_action");
    assert!(asked["next_action"]["redirect_to_url"]["url"].as_str().unwrap().starts_with(&vendors.url));
    contracts::stripe("payment_intent", &asked);
    let absent = [
        ("amount", "8000"),
        ("currency", "usd"),
        ("payment_method", "pm_card_authenticationRequired"),
        ("confirm", "true"),
        ("off_session", "true"),
    ];
    let absent = vendors.stripe_post("payment_intents", &absent).await;
    assert_eq!((absent.status, absent.json["error"]["code"].as_str()), (402, Some("authentication_required")));
}

#[tokio::test]
async fn lists_are_newest_first_and_paged_without_gaps() {
    let vendors = Vendors::start().await;
    for amount in ["1000", "2000", "3000", "4000", "5000"] {
        vendors.stripe_post("payment_intents", &[("amount", amount), ("currency", "usd")]).await;
    }
    let mut seen = Vec::new();
    let mut path = "payment_intents?limit=2".to_owned();
    loop {
        let page = vendors.stripe_get(&path).await.json;
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|intent| intent["amount"].as_i64().unwrap()));
        if page["has_more"] == false {
            break;
        }
        path = format!("payment_intents?limit=2&starting_after={}", data.last().unwrap()["id"].as_str().unwrap());
    }
    assert_eq!(seen, [5000, 4000, 3000, 2000, 1000]);
    assert_eq!(vendors.stripe_get("payment_intents?created[gte]=99999999999").await.json["data"], json!([]));
    assert_eq!(vendors.stripe_get("payment_intents?limit=101").await.status, 400);
}

#[tokio::test]
async fn customers_and_events_follow_the_contract() {
    let vendors = Vendors::start().await;
    let customer = vendors.stripe_post("customers", &[("name", "Acme"), ("metadata[payer]", "p1")]).await.json;
    contracts::stripe("customer", &customer);
    let id = customer["id"].as_str().unwrap();
    assert_eq!(vendors.stripe_get(&format!("customers/{id}")).await.json["name"], "Acme");
    vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    let events = vendors.stripe_get("events?type=payment_intent.succeeded").await.json;
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
    assert_eq!(events["data"][0]["request"]["idempotency_key"], "key-1");
    contracts::stripe("event", &events["data"][0]);
    assert_eq!(vendors.stripe_get("payment_intents/pi_none").await.status, 404);
    assert_eq!(vendors.stripe_get("terminal/readers").await.status, 404, "what is not built says so");
}

#[tokio::test]
async fn a_charge_and_its_key_survive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let before = Vendors::start_in(Some(folder.path())).await;
    let paid = before.read(before.charge("pm_card_visa", "key-1")).await.unwrap();
    before.control("advance", json!({ "days": 3 })).await;
    // The first process may die at any moment after its answer: nothing of it is asked to say goodbye.
    let after = Vendors::start_in(Some(folder.path())).await;
    assert_eq!(after.money_taken().await.len(), 1);
    assert!(after.simulators.clock().now() > chrono::Utc::now() + chrono::TimeDelta::hours(71));
    // Keys are kept for a day, on the demo's clock three days have gone since.
    after.control("reset", json!({})).await;
    assert!(after.money_taken().await.is_empty());
    drop(paid);
    let again = before.read(before.charge("pm_card_visa", "key-2")).await.unwrap();
    let third = Vendors::start_in(Some(folder.path())).await;
    let replay = third.read(third.charge("pm_card_visa", "key-2")).await.unwrap();
    assert_eq!((replay.status, &replay.json), (200, &again.json));
}
