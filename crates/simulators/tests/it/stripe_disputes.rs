//! Disputes of cards: they come after the success, and a person wins or loses them.

use serde_json::{Value, json};

use crate::contracts;
use crate::harness::Vendors;

/// Pays by the card that is disputed, and waits for the dispute.
async fn disputed(vendors: &Vendors) -> (String, Value) {
    let paid = vendors.read(vendors.charge("pm_card_createDispute", "key-1")).await.unwrap().json;
    assert_eq!((&paid["status"], &paid["latest_charge"]["disputed"]), (&json!("succeeded"), &json!(false)));
    let charge = paid["latest_charge"]["id"].as_str().unwrap().to_owned();
    vendors.control("advance", json!({ "hours": 1 })).await;
    let dispute = vendors.stripe_get(&format!("disputes?charge={charge}")).await.json["data"][0].clone();
    contracts::stripe("dispute", &dispute);
    assert_eq!((&dispute["status"], &dispute["amount"]), (&json!("needs_response"), &json!(120_450)));
    (charge, dispute)
}

async fn kinds_of_disputes(vendors: &Vendors) -> Vec<String> {
    let kinds = vendors.event_kinds().await;
    kinds.into_iter().filter_map(|kind| kind.strip_prefix("charge.dispute.").map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_disputed_card_is_marked_withdrawn_and_no_longer_refundable() {
    let vendors = Vendors::start().await;
    let (charge, dispute) = disputed(&vendors).await;
    let read = vendors.stripe_get(&format!("charges/{charge}")).await.json;
    assert_eq!((&read["disputed"], &read["paid"]), (&json!(true), &json!(true)));
    assert_eq!(dispute["balance_transactions"][0]["amount"], -120_450);
    assert_eq!(vendors.refused("refunds", &[("charge", &charge)]).await.1["code"], "charge_disputed");
    assert_eq!(kinds_of_disputes(&vendors).await, ["created", "funds_withdrawn"]);
    assert_eq!(vendors.state("stripe").await["charges"][0]["disputed"], true);
}

#[tokio::test]
async fn a_control_wins_or_loses_it_and_only_once() {
    let vendors = Vendors::start().await;
    let (charge, _) = disputed(&vendors).await;
    let won = vendors.control("stripe/dispute", json!({ "charge": charge, "outcome": "won" })).await;
    assert_eq!((won.status, &won.json["dispute"]["status"]), (200, &json!("won")));
    assert_eq!(kinds_of_disputes(&vendors).await, ["created", "funds_withdrawn", "closed", "funds_reinstated"]);
    let back = vendors.stripe_get("balance_transactions?type=adjustment").await.json;
    assert_eq!(
        (&back["data"][0]["amount"], &back["data"][0]["reporting_category"]),
        (&json!(120_450), &json!("dispute_reversal"))
    );
    let again = vendors.control("stripe/dispute", json!({ "charge": charge, "outcome": "lost" })).await;
    assert_eq!(again.status, 400);

    let paid = vendors.read(vendors.charge("pm_card_visa", "key-2")).await.unwrap().json;
    let order = |outcome: &str| json!({ "charge": paid["latest_charge"]["id"], "outcome": outcome });
    assert_eq!(vendors.control("stripe/dispute", order("lost")).await.status, 400, "there is none to lose");
    assert_eq!(vendors.control("stripe/dispute", order("opened")).await.status, 200);
    assert_eq!(vendors.control("stripe/dispute", order("lost")).await.json["dispute"]["status"], "lost");
}

#[tokio::test]
async fn evidence_is_sent_to_the_bank_and_judged_by_its_text() {
    let vendors = Vendors::start().await;
    let (_, dispute) = disputed(&vendors).await;
    let path = format!("disputes/{}", dispute["id"].as_str().unwrap());
    let draft = vendors.made(&path, &[("evidence[customer_name]", "Ana"), ("submit", "false")]).await;
    assert_eq!(
        (&draft["status"], &draft["evidence_details"]["has_evidence"]),
        (&json!("needs_response"), &json!(true))
    );
    let sent = vendors.made(&path, &[("evidence[uncategorized_text]", "winning_evidence")]).await;
    assert_eq!((&sent["status"], &sent["evidence_details"]["submission_count"]), (&json!("under_review"), &json!(1)));
    assert_eq!(vendors.stripe_get(&path).await.json["status"], "won");
    assert_eq!(vendors.refused(&path, &[("evidence[customer_name]", "Bo")]).await.0, 400);
    assert_eq!(vendors.refused(&format!("{path}/close"), &[]).await.0, 400);
}

#[tokio::test]
async fn closing_a_dispute_gives_it_up() {
    let vendors = Vendors::start().await;
    let (_, dispute) = disputed(&vendors).await;
    let closed = vendors.made(&format!("disputes/{}/close", dispute["id"].as_str().unwrap()), &[]).await;
    assert_eq!(closed["status"], "lost");
    assert_eq!(kinds_of_disputes(&vendors).await, ["created", "funds_withdrawn", "closed"]);
}
