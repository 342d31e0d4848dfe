//! Disputes of cards at Stripe's simulator: read by their id, listed, won and lost (`wire/gateways.md`, 2.8).

use crate::{
    sim::Sim,
    stripe_contract::gateway,
    world::{TOTAL, request, stripe, token, usd},
};
use chrono::{TimeDelta, Utc};
use connectors::gateway::{Gateway, GatewayError, ReadDispute};
use domain::dispute::{DisputeReason, DisputeState};
use serde_json::json;
use simulators::{Vendor, facts};

async fn list(sim: &Sim) -> Vec<ReadDispute> {
    gateway(sim).disputed_since(sim.now() - TimeDelta::days(1)).await.unwrap()
}

async fn order(sim: &Sim, outcome: &str) {
    let charge = sim.charges().await.remove(0)["id"].clone();
    sim.control("stripe/dispute", json!({"charge": charge, "outcome": outcome})).await;
}

#[tokio::test]
async fn f23_a_dispute_says_whose_money_why_until_when_and_how_it_ended() {
    assert!(stripe("http://stub.test", Utc::now()).capabilities().disputes);
    for (outcome, end) in [("won", DisputeState::Won), ("lost", DisputeState::Lost)] {
        let sim = Sim::start().await;
        let paid = gateway(&sim).charge(&request(1, token("pm_card_visa"))).await.unwrap();
        assert!(list(&sim).await.is_empty());
        order(&sim, "opened").await;
        let open = list(&sim).await.remove(0);
        assert_eq!(open.charge_gateway_id, paid.gateway_id);
        let seen = &open.seen;
        assert_eq!((seen.state, seen.amount, seen.reason), (DisputeState::Open, usd(120_450), DisputeReason::Fraud));
        assert!(seen.answer_by.is_some_and(|by| by > sim.now()) && seen.opened_at <= sim.now());
        let page = seen.page_url.as_deref().unwrap();
        assert!(page.starts_with("https://dashboard.stripe.com/") && page.ends_with(&seen.gateway_id), "{page}");
        assert_eq!(gateway(&sim).read_dispute(&seen.gateway_id).await.unwrap(), open);
        // It is still listed as taken: what became of it, its dispute tells.
        assert_eq!(gateway(&sim).taken_since(sim.now() - TimeDelta::days(1)).await.unwrap().len(), 1);
        order(&sim, outcome).await;
        assert_eq!(gateway(&sim).read_dispute(&seen.gateway_id).await.unwrap().seen.state, end, "{outcome}");
    }
    let sim = Sim::start().await;
    for id in ["dp_0", "ch_1", "dp_1/../refunds"] {
        let unknown = gateway(&sim).read_dispute(id).await;
        assert!(matches!(unknown, Err(GatewayError::Refused { .. })), "{id}: {unknown:?}");
    }
}

#[tokio::test]
async fn f23_its_news_name_it_and_the_payment() {
    let sim = Sim::start().await;
    let paid = gateway(&sim).charge(&request(1, token("pm_card_visa"))).await.unwrap();
    let mut inbox = sim.webhooks(Vendor::Stripe, facts::stripe::PORTAL_WEBHOOK_SECRET).await;
    order(&sim, "opened").await;
    let opened = loop {
        let (headers, body) = tokio::time::timeout(TOTAL * 4, inbox.recv()).await.unwrap().unwrap();
        let news = gateway(&sim).webhook(&headers, &body, Utc::now()).unwrap();
        if news.kind == "charge.dispute.created" {
            break news;
        }
    };
    assert_eq!(opened.gateway_id, paid.gateway_id);
    assert_eq!(opened.dispute.as_deref(), Some(list(&sim).await.remove(0).seen.gateway_id.as_str()));
    assert_eq!((opened.attempt, opened.refund, opened.refund_gateway_id), (None, None, None));
}
