//! Bank debits: accepted at once, decided in days by the simulator's clock, taken back later.

use serde_json::{Value, json};

use crate::contracts;
use crate::harness::{MANDATE, Vendors};

async fn read(vendors: &Vendors, intent: &Value) -> Value {
    let path = format!("payment_intents/{}?expand[]=latest_charge.balance_transaction", intent["id"].as_str().unwrap());
    let read = vendors.stripe_get(&path).await.json;
    contracts::stripe("payment_intent", &read);
    read
}

/// A payment method of typed bank details, not verified yet.
async fn typed(vendors: &Vendors, number: &str) -> String {
    let form = [
        ("type", "us_bank_account"),
        ("us_bank_account[routing_number]", "110000000"),
        ("us_bank_account[account_number]", number),
        ("us_bank_account[account_holder_type]", "company"),
        ("billing_details[name]", "Ana Diaz"),
    ];
    let method = vendors.made("payment_methods", &form).await;
    contracts::stripe("payment_method", &method);
    assert!(!method.to_string().contains(number), "the number is never shown");
    method["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_ach_debit_clears_after_four_business_days() {
    let vendors = Vendors::start().await;
    let sent = vendors.debit("pm_usBankAccount_success", &[("expand[]", "latest_charge")]).await;
    assert_eq!((&sent["status"], &sent["amount_received"]), (&json!("processing"), &json!(0)));
    let charge = &sent["latest_charge"];
    assert_eq!((&charge["status"], &charge["paid"]), (&json!("pending"), &json!(false)));
    let details = &charge["payment_method_details"]["us_bank_account"];
    for member in [
        "bank_name",
        "last4",
        "routing_number",
        "account_holder_type",
        "account_type",
        "mandate",
        "expected_debit_date",
        "payment_reference",
    ] {
        assert!(details[member].is_string(), "{member} of {details:#}");
    }
    contracts::stripe("payment_intent", &sent);
    contracts::stripe("charge", charge);
    assert!(vendors.money_taken().await.is_empty());
    let cancel = format!("payment_intents/{}/cancel", sent["id"].as_str().unwrap());
    assert_eq!(vendors.refused(&cancel, &[]).await.1["code"], "payment_intent_unexpected_state");

    vendors.advance(3).await;
    assert_eq!(read(&vendors, &sent).await["status"], "processing");
    vendors.advance(3).await;
    let cleared = read(&vendors, &sent).await;
    assert_eq!((&cleared["status"], &cleared["amount_received"]), (&json!("succeeded"), &json!(8000)));
    let booked = &cleared["latest_charge"]["balance_transaction"];
    assert_eq!(
        (&booked["type"], &booked["fee"], &booked["status"]),
        (&json!("payment"), &json!(64), &json!("available"))
    );
    assert_eq!(vendors.money_taken().await.len(), 1);
    let kinds = vendors.event_kinds().await;
    assert_eq!(
        kinds,
        [
            "payment_intent.created",
            "charge.pending",
            "payment_intent.processing",
            "charge.succeeded",
            "payment_intent.succeeded"
        ]
    );
    let mandate = vendors.stripe_get(&format!("mandates/{}", details["mandate"].as_str().unwrap())).await.json;
    assert_eq!((&mandate["type"], &mandate["single_use"]["amount"]), (&json!("single_use"), &json!(8000)));
    assert_eq!(mandate["customer_acceptance"]["online"]["ip_address"], "192.0.2.7");
    contracts::stripe("mandate", &mandate);
}

#[tokio::test]
async fn each_failing_account_fails_with_its_own_code_and_tells_whether_to_try_again() {
    let vendors = Vendors::start().await;
    let accounts = [
        ("accountClosed", "account_closed", Some("R02"), "inactive"),
        ("noAccount", "no_account", Some("R03"), "inactive"),
        ("insufficientFunds", "insufficient_funds", None, "active"),
        ("debitNotAuthorized", "debit_not_authorized", Some("R10"), "inactive"),
        ("invalidCurrency", "invalid_currency", None, "active"),
    ];
    let mut sent = Vec::new();
    for (token, ..) in accounts {
        sent.push(vendors.debit(&format!("pm_usBankAccount_{token}"), &[("setup_future_usage", "off_session")]).await);
    }
    vendors.advance(4).await;
    for ((_, code, blocked, mandate_status), sent) in accounts.into_iter().zip(sent) {
        let failed = read(&vendors, &sent).await;
        let error = &failed["last_payment_error"];
        assert_eq!((&failed["status"], &error["code"]), (&json!("requires_payment_method"), &json!(code)));
        let charge = &failed["latest_charge"];
        assert_eq!((&charge["status"], &charge["failure_code"]), (&json!("failed"), &json!(code)));
        contracts::stripe("charge", charge);
        let account = &error["payment_method"]["us_bank_account"];
        assert_eq!(account["status_details"]["blocked"]["network_code"].as_str(), blocked, "{code}");
        let mandate = charge["payment_method_details"]["us_bank_account"]["mandate"].as_str().unwrap();
        let mandate = vendors.stripe_get(&format!("mandates/{mandate}")).await.json;
        assert_eq!(mandate["status"], mandate_status, "{code}");
        let method = error["payment_method"]["id"].as_str().unwrap();
        if blocked.is_some() {
            let again = [("payment_method", method), ("mandate", mandate["id"].as_str().unwrap())];
            let confirm = format!("payment_intents/{}/confirm", failed["id"].as_str().unwrap());
            let (_, refused) = vendors.refused(&confirm, &again).await;
            assert_eq!(refused["code"], "payment_method_bank_account_blocked");
        }
    }
    assert!(vendors.money_taken().await.is_empty());
}

#[tokio::test]
async fn a_late_return_is_a_dispute_lost_at_once_and_ends_the_mandate() {
    let vendors = Vendors::start().await;
    let sent = vendors.debit("pm_usBankAccount_dispute", &[("setup_future_usage", "off_session")]).await;
    vendors.advance(6).await;
    let cleared = read(&vendors, &sent).await;
    assert_eq!((&cleared["status"], &cleared["latest_charge"]["disputed"]), (&json!("succeeded"), &json!(false)));
    vendors.advance(5).await;
    let returned = read(&vendors, &sent).await;
    assert_eq!((&returned["status"], &returned["latest_charge"]["disputed"]), (&json!("succeeded"), &json!(true)));
    let charge = returned["latest_charge"]["id"].as_str().unwrap();
    let disputes = vendors.stripe_get(&format!("disputes?charge={charge}")).await.json;
    let dispute = &disputes["data"][0];
    assert_eq!((&dispute["status"], &dispute["reason"]), (&json!("lost"), &json!("debit_not_authorized")));
    contracts::stripe("dispute", dispute);
    let mandate = &returned["latest_charge"]["payment_method_details"]["us_bank_account"]["mandate"];
    let mandate = vendors.stripe_get(&format!("mandates/{}", mandate.as_str().unwrap())).await.json;
    assert_eq!(mandate["status"], "inactive");
    let kinds = vendors.event_kinds().await;
    assert_eq!(
        kinds[kinds.len() - 4..],
        ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed", "mandate.updated"]
    );
    let balance = vendors.stripe_get("balance_transactions?type=adjustment").await.json;
    assert_eq!((&balance["data"][0]["amount"], &balance["data"][0]["fee"]), (&json!(-8000), &json!(1500)));
}

#[tokio::test]
async fn one_account_stays_in_processing_for_ever() {
    let vendors = Vendors::start().await;
    let sent = vendors.debit("pm_usBankAccount_processing", &[]).await;
    vendors.advance(90).await;
    assert_eq!(read(&vendors, &sent).await["status"], "processing");
}

#[tokio::test]
async fn what_falls_due_happens_in_the_order_of_its_moments() {
    let vendors = Vendors::start().await;
    let clears = vendors.debit("pm_usBankAccount_success", &[]).await;
    let fails = vendors.debit("pm_usBankAccount_accountClosed", &[]).await;
    vendors.advance(30).await;
    let events = vendors.stripe_get("events?type=charge.*&limit=100").await.json;
    let mut ended: Vec<(i64, &str)> = Vec::new();
    for event in events["data"].as_array().unwrap().iter().rev() {
        ended.push((event["created"].as_i64().unwrap(), event["type"].as_str().unwrap()));
    }
    assert_eq!(
        ended.iter().map(|(_, kind)| *kind).collect::<Vec<_>>(),
        ["charge.pending", "charge.pending", "charge.failed", "charge.succeeded"]
    );
    assert!(ended.is_sorted_by_key(|(at, _)| *at) && ended[2].0 + 86_400 < ended[3].0, "each has its own moment");
    assert_eq!(read(&vendors, &clears).await["status"], "succeeded");
    assert_eq!(read(&vendors, &fails).await["status"], "requires_payment_method");
}

#[tokio::test]
async fn a_typed_account_is_verified_by_micro_deposits_before_it_is_debited() {
    let vendors = Vendors::start().await;
    let method = typed(&vendors, "000123456789").await;
    let asked = vendors.debit(&method, &[]).await;
    assert_eq!(asked["status"], "requires_action");
    let action = &asked["next_action"]["verify_with_microdeposits"];
    assert!(action["arrival_date"].is_i64() && action["microdeposit_type"].is_string());
    contracts::stripe("payment_intent", &asked);
    let verify = format!("payment_intents/{}/verify_microdeposits", asked["id"].as_str().unwrap());
    let (_, none) = vendors.refused(&verify, &[("amounts[]", "32")]).await;
    assert_eq!(none["code"], "payment_method_microdeposit_verification_amounts_invalid");
    let (_, wrong) = vendors.refused(&verify, &[("amounts[]", "12"), ("amounts[]", "34")]).await;
    assert_eq!(wrong["code"], "payment_method_microdeposit_verification_amounts_mismatch");
    let (_, wrong) = vendors.refused(&verify, &[("descriptor_code", "SM99ZZ")]).await;
    assert_eq!(wrong["code"], "payment_method_microdeposit_verification_descriptor_code_mismatch");
    let verified = vendors.made(&verify, &[("descriptor_code", "SM11AA")]).await;
    assert_eq!(verified["status"], "processing");
    assert_eq!(
        vendors.refused(&verify, &[("descriptor_code", "SM11AA")]).await.1["code"],
        "payment_intent_unexpected_state"
    );
    assert!(vendors.event_kinds().await.contains(&"mandate.updated".to_owned()), "pending became active");
    vendors.advance(6).await;
    assert_eq!(read(&vendors, &asked).await["status"], "succeeded");
}

#[tokio::test]
async fn too_many_wrong_tries_end_the_verification() {
    let vendors = Vendors::start().await;
    let method = typed(&vendors, "000123456789").await;
    let asked = vendors.debit(&method, &[]).await;
    let verify = format!("payment_intents/{}/verify_microdeposits", asked["id"].as_str().unwrap());
    for _ in 1..10 {
        let (_, wrong) = vendors.refused(&verify, &[("descriptor_code", "SM99ZZ")]).await;
        assert_eq!(wrong["code"], "payment_method_microdeposit_verification_descriptor_code_mismatch");
    }
    let too_often = "payment_method_microdeposit_verification_attempts_exceeded";
    assert_eq!(vendors.refused(&verify, &[("descriptor_code", "SM99ZZ")]).await.1["code"], too_often);
    let ended = read(&vendors, &asked).await;
    assert_eq!(
        (&ended["status"], &ended["last_payment_error"]["code"]),
        (&json!("requires_payment_method"), &json!(too_often))
    );
    assert_eq!(
        vendors.refused(&verify, &[("descriptor_code", "SM11AA")]).await.0,
        400,
        "it is too late for the right one"
    );

    // 10 and 11 stand for the same at once, an account may refuse the deposits, and ten days end the waiting.
    let asked = vendors.debit(&method, &[]).await;
    let verify = format!("payment_intents/{}/verify_microdeposits", asked["id"].as_str().unwrap());
    assert_eq!(vendors.refused(&verify, &[("amounts[]", "10"), ("amounts[]", "11")]).await.1["code"], too_often);
    let refuses = vendors.debit("pm_usBankAccount_failMicrodeposits", &[]).await;
    let waits = vendors.debit(&method, &[]).await;
    vendors.advance(3).await;
    let error = async |intent: &Value| read(&vendors, intent).await["last_payment_error"]["code"].clone();
    assert_eq!(error(&refuses).await, "payment_method_microdeposit_failed");
    assert_eq!(error(&waits).await, Value::Null);
    vendors.advance(7).await;
    assert_eq!(error(&waits).await, "payment_method_microdeposit_verification_timeout");
}

#[tokio::test]
async fn a_debit_needs_consent_its_currency_and_a_known_account() {
    let vendors = Vendors::start().await;
    let plain = [
        ("amount", "8000"),
        ("currency", "usd"),
        ("payment_method", "pm_usBankAccount_success"),
        ("payment_method_types[]", "us_bank_account"),
        ("confirm", "true"),
    ];
    assert_eq!(vendors.refused("payment_intents", &plain).await.1["code"], "payment_intent_mandate_invalid");
    let mut euros = plain.to_vec();
    euros[1].1 = "eur";
    euros.extend(MANDATE);
    assert_eq!(vendors.refused("payment_intents", &euros).await.1["param"], "currency");
    let mut cards = plain.to_vec();
    cards[3].1 = "card";
    cards.extend(MANDATE);
    assert_eq!(vendors.refused("payment_intents", &cards).await.1["param"], "payment_method");
    let unknown = [
        ("type", "us_bank_account"),
        ("us_bank_account[routing_number]", "110000000"),
        ("us_bank_account[account_number]", "123456789"),
        ("billing_details[name]", "Ana Diaz"),
    ];
    assert_eq!(vendors.refused("payment_methods", &unknown).await.1["code"], "account_number_invalid");
}

#[tokio::test]
async fn becs_debits_lean_on_a_mandate_that_can_be_read() {
    let vendors = Vendors::start().await;
    let method = async |number: &str| {
        let form = [
            ("type", "au_becs_debit"),
            ("au_becs_debit[bsb_number]", "000-000"),
            ("au_becs_debit[account_number]", number),
            ("billing_details[name]", "Ana Diaz"),
            ("billing_details[email]", "ana@acme.test"),
        ];
        let method = vendors.made("payment_methods", &form).await;
        contracts::stripe("payment_method", &method);
        method["id"].as_str().unwrap().to_owned()
    };
    let debit = async |method: String| {
        let mut form = vec![
            ("amount", "8000"),
            ("currency", "aud"),
            ("payment_method", method.as_str()),
            ("payment_method_types[]", "au_becs_debit"),
            ("confirm", "true"),
            ("expand[]", "latest_charge"),
        ];
        form.extend(MANDATE);
        vendors.made("payment_intents", &form).await
    };
    let slow = debit(method("900123456").await).await;
    let closed = debit(method("111111113").await).await;
    let days = debit(method("000000777").await).await;
    for sent in [&slow, &closed, &days] {
        assert_eq!(sent["status"], "processing");
    }
    assert_eq!(read(&vendors, &closed).await["last_payment_error"]["code"], "account_closed");
    assert_eq!(read(&vendors, &slow).await["status"], "processing", "about three minutes");
    vendors.control("advance", json!({ "hours": 1 })).await;
    assert_eq!(read(&vendors, &slow).await["status"], "succeeded");
    assert_eq!(read(&vendors, &days).await["status"], "processing");
    vendors.advance(4).await;
    assert_eq!(read(&vendors, &days).await["status"], "succeeded", "two business days");

    let mandate = slow["latest_charge"]["payment_method_details"]["au_becs_debit"]["mandate"].as_str().unwrap();
    let mandate = vendors.stripe_get(&format!("mandates/{mandate}")).await.json;
    contracts::stripe("mandate", &mandate);
    let url = mandate["payment_method_details"]["au_becs_debit"]["url"].as_str().unwrap();
    let page = vendors.read(vendors.http.get(url)).await.unwrap().json;
    assert!(page.as_str().unwrap().contains("Direct Debit Request Service Agreement"));
    let without = [
        ("type", "au_becs_debit"),
        ("au_becs_debit[bsb_number]", "000000"),
        ("au_becs_debit[account_number]", "000123456"),
        ("billing_details[name]", "Ana Diaz"),
    ];
    assert_eq!(vendors.refused("payment_methods", &without).await.1["param"], "billing_details[email]");
}

#[tokio::test]
async fn a_debit_under_way_survives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let before = Vendors::start_in(Some(folder.path())).await;
    let sent = before.debit("pm_usBankAccount_success", &[]).await;
    let after = Vendors::start_in(Some(folder.path())).await;
    after.advance(6).await;
    assert_eq!(read(&after, &sent).await["status"], "succeeded");
}
