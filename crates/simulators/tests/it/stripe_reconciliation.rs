//! What a merchant reconciles by: charges, the balance, payouts, and events that nobody took.

use serde_json::{Value, json};

use crate::contracts;
use crate::harness::Vendors;

async fn list(vendors: &Vendors, path: &str) -> Vec<Value> {
    let answer = vendors.stripe_get(path).await;
    assert_eq!(answer.status, 200, "{path}: {:#}", answer.json);
    answer.json["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn charges_and_payments_are_listed_by_time_and_customer() {
    let vendors = Vendors::start().await;
    let acme = vendors.made("customers", &[("name", "Acme"), ("email", "ana@acme.test")]).await;
    let acme = acme["id"].as_str().unwrap();
    vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    vendors.advance(2).await;
    let form = [
        ("amount", "8000"),
        ("currency", "usd"),
        ("customer", acme),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ];
    let second = vendors.made("payment_intents", &form).await;
    let since = second["created"].as_i64().unwrap();
    for object in ["charges", "payment_intents"] {
        assert_eq!(list(&vendors, &format!("{object}?created[gte]={since}")).await.len(), 1, "{object}");
        assert_eq!(list(&vendors, &format!("{object}?created[lte]={}", since - 1)).await[0]["amount"], 120_450);
        assert_eq!(list(&vendors, &format!("{object}?customer={acme}")).await[0]["amount"], 8000);
        let newest = list(&vendors, &format!("{object}?limit=1")).await;
        let older = format!("{object}?starting_after={}", newest[0]["id"].as_str().unwrap());
        assert_eq!(list(&vendors, &older).await.len(), 1);
    }
    assert_eq!(list(&vendors, "customers?email=ana@acme.test").await[0]["id"], json!(acme));
    let expanded = list(&vendors, "charges?expand[]=data.balance_transaction").await;
    assert_eq!(expanded[0]["balance_transaction"]["net"], 8000 - 262);
}

#[tokio::test]
async fn the_balance_names_each_movement_and_adds_up() {
    let vendors = Vendors::start().await;
    let paid = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap().json;
    let charge = paid["latest_charge"]["id"].as_str().unwrap();
    vendors.made("refunds", &[("charge", charge), ("amount", "450")]).await;
    vendors.debit("pm_usBankAccount_success", &[]).await;
    vendors.debit("pm_usBankAccount_insufficientFunds", &[]).await;
    vendors.advance(7).await;
    let moved = list(&vendors, "balance_transactions?limit=100").await;
    moved.iter().for_each(|moved| contracts::stripe("balance_transaction", moved));
    let mut kinds: Vec<&str> = moved.iter().map(|moved| moved["type"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["charge", "payment", "payment", "payment_failure_refund", "refund"]);
    let net: i64 = moved.iter().map(|moved| moved["net"].as_i64().unwrap()).sum();
    assert_eq!(net, 120_450 - 3_523 - 450 + 8_000 - 64, "the failed debit has left nothing");
    let of_charge = list(&vendors, &format!("balance_transactions?source={charge}")).await;
    let one = format!("balance_transactions/{}", of_charge[0]["id"].as_str().unwrap());
    assert_eq!(vendors.stripe_get(&one).await.json, of_charge[0]);
    assert_eq!(list(&vendors, "balance_transactions?type=payout").await.len(), 0);

    let over = vendors.refused("payouts", &[("amount", &(net + 1).to_string()), ("currency", "usd")]).await;
    assert_eq!(over.1["code"], "balance_insufficient");
    let payout = vendors.made("payouts", &[("amount", &net.to_string()), ("currency", "usd")]).await;
    contracts::stripe("payout", &payout);
    assert_eq!(payout["status"], "pending");
    vendors.advance(4).await;
    assert_eq!(list(&vendors, "payouts?status=paid").await[0]["id"], payout["id"]);
    assert_eq!(list(&vendors, "balance_transactions?type=payout").await[0]["amount"], -net);
    let kinds = vendors.event_kinds().await;
    assert!(kinds.contains(&"payout.created".to_owned()) && kinds.contains(&"payout.paid".to_owned()));
}

#[tokio::test]
async fn events_that_no_endpoint_took_can_be_found() {
    let vendors = Vendors::start().await;
    // Nobody listens on this port.
    let url = "http://127.0.0.1:9/hook";
    vendors.control("webhooks", json!({ "vendor": "stripe", "url": url })).await;
    vendors.made("customers", &[("name", "Acme")]).await;
    let missed = list(&vendors, "events?delivery_success=false").await;
    assert_eq!((missed.len(), &missed[0]["pending_webhooks"]), (1, &json!(1)));
    assert!(list(&vendors, "events?delivery_success=true").await.is_empty());
}

#[tokio::test]
async fn g45_an_automatic_payout_names_all_that_it_consists_of_and_its_failure_puts_the_money_back() {
    let vendors = Vendors::start().await;
    let paid = vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap().json;
    let (charge, intent) = (paid["latest_charge"]["id"].as_str().unwrap(), &paid["id"]);
    vendors.made("refunds", &[("charge", charge), ("amount", "450")]).await;
    assert_eq!(vendors.control("stripe/payout", json!({"fails": "po_1"})).await.status, 400, "there is none");
    vendors.advance(3).await;
    let payout = vendors.control("stripe/payout", json!({})).await.json["payout"].clone();
    contracts::stripe("payout", &payout);
    let net = 120_450 - 3_523 - 450;
    assert_eq!(
        (&payout["amount"], &payout["automatic"], &payout["status"]),
        (&json!(net), &json!(true), &json!("pending"))
    );
    let id = payout["id"].as_str().unwrap();
    let lines = list(&vendors, &format!("balance_transactions?payout={id}&expand[]=data.source")).await;
    lines.iter().for_each(|line| contracts::stripe("balance_transaction", line));
    assert_eq!(lines.iter().map(|line| line["net"].as_i64().unwrap()).sum::<i64>(), 0, "the payout is one of its own");
    let of_intent = lines.iter().filter(|line| line["source"]["payment_intent"] == *intent).count();
    assert_eq!((lines.len(), of_intent), (3, 2));
    assert_eq!(vendors.control("stripe/payout", json!({})).await.status, 400, "nothing is left");

    vendors.advance(4).await;
    let failed = vendors.control("stripe/payout", json!({"fails": id})).await.json["payout"].clone();
    contracts::stripe("payout", &failed);
    assert_eq!(failed["status"], "failed");
    let again = vendors.control("stripe/payout", json!({})).await.json["payout"].clone();
    let lines = list(&vendors, &format!("balance_transactions?payout={}", again["id"].as_str().unwrap())).await;
    let back = lines.iter().find(|line| line["type"] == "payout_failure").unwrap();
    assert_eq!((&again["amount"], &back["source"], lines.len()), (&json!(net), &json!(id), 2));
    let by_hand = vendors.refused("payouts", &[("amount", "1"), ("currency", "usd")]).await;
    assert_eq!(by_hand.1["code"], "balance_insufficient");
}
