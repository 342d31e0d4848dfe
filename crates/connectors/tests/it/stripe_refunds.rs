//! Refunds at Stripe's simulator: once each, found when the answer is lost, and late news (`wire/gateways.md`, 2.6).

use crate::{
    rig::now as sent_at,
    sim::Sim,
    stripe_contract::gateway,
    stub::{Reply, Stub, reply},
    world::{PRUNED, REPLAYABLE, TOTAL, refund, refund_look_up, refund_told, request, seen, stripe, token, usd},
};
use chrono::Utc;
use connectors::gateway::{Found, Gateway, GatewayError, RefundRequest};
use domain::{
    payout::{Breakdown, PayoutLineKind, PayoutState},
    refund::{RefundFact, RefundFailure, RefundSeen},
};
use serde_json::{Value, json};
use simulators::{Vendor, facts};

/// A card that was charged 1,204.50, and refunds of it.
async fn charged(sim: &Sim, card: &str) -> impl Fn(u128, i64) -> RefundRequest {
    let charge = request(1, token(card));
    let id = gateway(sim).charge(&charge).await.unwrap().gateway_id.unwrap();
    move |n, minor| refund(n, &charge, &id, minor)
}

async fn refunded(sim: &Sim) -> i64 {
    sim.charges().await[0]["refunded_minor"].as_i64().unwrap()
}

#[tokio::test]
async fn g37_the_same_twice_is_one_and_what_is_paid_back_already_is_refused() {
    let sim = Sim::start().await;
    let refund = charged(&sim, "pm_card_visa").await;
    let gateway = gateway(&sim);
    let part = gateway.refund(&refund(1, 20_000)).await.unwrap();
    assert_eq!((&part.fact, part.amount), (&RefundFact::Succeeded, Some(usd(20_000))));
    assert!(part.gateway_id.as_deref().unwrap().starts_with("re_"));
    assert_eq!(gateway.refund(&refund(1, 20_000)).await.unwrap(), part);
    for known in [None, part.gateway_id.as_deref()] {
        let look_up = refund_look_up(&refund(1, 20_000), known, sim.now());
        assert_eq!(seen(gateway.find_refund(&look_up).await), part);
    }
    gateway.refund(&refund(3, 100_450)).await.unwrap();
    let again = gateway.refund(&refund(4, 1)).await;
    assert!(
        matches!(&again, Err(GatewayError::Refused { code, .. }) if code == "charge_already_refunded"),
        "{again:?}"
    );
}

#[tokio::test]
async fn d2_a_refund_whose_answer_is_lost_is_unknown_and_then_found_once() {
    for fault in ["timeout_after_execute", "reset_after_execute", "http_after_execute:500"] {
        for after in [REPLAYABLE, PRUNED] {
            let sim = Sim::start().await;
            let request = charged(&sim, "pm_card_visa").await(1, 20_000);
            sim.arm("stripe", fault).await;
            let lost = gateway(&sim).refund(&request).await;
            assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault}: {lost:?}");
            let found = seen(gateway(&sim).find_refund(&refund_look_up(&request, None, sim.now() - after)).await);
            assert_eq!((found.fact, found.amount), (RefundFact::Succeeded, Some(usd(20_000))), "{fault}");
            assert_eq!(refunded(&sim).await, 20_000, "{fault}");
        }
    }
}

#[tokio::test]
async fn d2_a_refund_that_never_arrived_is_made_by_a_look_up_soon_and_not_there_later() {
    let sim = Sim::start().await;
    let request = charged(&sim, "pm_card_visa").await(1, 20_000);
    sim.arm("stripe", "timeout_before").await;
    assert!(matches!(gateway(&sim).refund(&request).await, Err(GatewayError::Unknown(_))));
    let long_ago = refund_look_up(&request, None, sim.now() - PRUNED);
    let late = gateway(&sim).find_refund(&long_ago).await.unwrap();
    assert_eq!((late, refunded(&sim).await), (Found::NotThere, 0));
    let soon = seen(gateway(&sim).find_refund(&refund_look_up(&request, None, sim.now())).await);
    assert_eq!((soon.fact, refunded(&sim).await), (RefundFact::Succeeded, 20_000));
}

#[tokio::test]
async fn g37_a_refund_waits_or_fails_after_it_succeeded_and_news_name_it() {
    for (card, first, then) in [
        ("pm_card_pendingRefund", RefundFact::Pending, RefundFact::Succeeded),
        ("pm_card_refundFail", RefundFact::Succeeded, RefundFact::Failed { reason: RefundFailure::CardGone }),
    ] {
        let sim = Sim::start().await;
        let request = charged(&sim, card).await(1, 20_000);
        let mut inbox = sim.webhooks(Vendor::Stripe, facts::stripe::PORTAL_WEBHOOK_SECRET).await;
        let made = gateway(&sim).refund(&request).await.unwrap();
        assert_eq!(made.fact, first, "{card}");
        let created = loop {
            let (headers, body) = tokio::time::timeout(TOTAL * 4, inbox.recv()).await.unwrap().unwrap();
            let news = gateway(&sim).webhook(&headers, &body, Utc::now()).unwrap();
            if news.kind == "refund.created" {
                break news;
            }
        };
        assert_eq!((created.refund, created.attempt, created.gateway_id), (Some(request.refund), None, None));

        sim.advance_hours(1).await;
        let look_up = refund_look_up(&request, made.gateway_id.as_deref(), sim.now());
        assert_eq!(seen(gateway(&sim).find_refund(&look_up).await).fact, then, "{card}");
    }
}

#[tokio::test]
async fn g37_the_list_tells_ours_from_what_others_paid_back() {
    let sim = Sim::start().await;
    let (request, since) = (charged(&sim, "pm_card_visa").await(1, 20_000), sim.now());
    let ours = gateway(&sim).refund(&request).await.unwrap();
    sim.submit_stripe("refunds", &[("payment_intent", &request.charge_gateway_id), ("amount", "500")]).await;
    let mut listed = gateway(&sim).refunded_since(since - chrono::TimeDelta::minutes(1)).await.unwrap();
    listed.sort_by_key(|row| row.amount.minor);
    let told: Vec<_> = listed.iter().map(|row| (row.refund, row.amount, row.is_paid)).collect();
    assert_eq!(told, [(None, usd(500), true), (Some(request.refund), usd(20_000), true)]);
    assert_eq!(Some(&listed[1].gateway_id), ours.gateway_id.as_ref());
    assert!(listed.iter().all(|row| row.charge_gateway_id.as_ref() == Some(&request.charge_gateway_id)));
    for row in &listed {
        let read = gateway(&sim).read_refund(&row.gateway_id).await.unwrap();
        assert_eq!((read.refund, &read.charge_gateway_id), (row.refund, &row.charge_gateway_id));
        assert_eq!((read.seen.amount, read.seen.fact), (Some(row.amount), RefundFact::Succeeded));
        assert!(read.made_at.is_some_and(|at| at >= since - chrono::TimeDelta::minutes(1)), "{:?}", read.made_at);
    }
    for id in ["re_0", "ch_1", "re_1/../charges"] {
        let unknown = gateway(&sim).read_refund(id).await;
        assert!(matches!(unknown, Err(GatewayError::Refused { .. })), "{id}: {unknown:?}");
    }
}

fn page(has_more: bool, rows: &[Value]) -> Reply {
    reply(200, json!({"object": "list", "has_more": has_more, "data": rows}))
}

/// With the name of this refund of ours.
fn row(id: &str, ours: u128) -> Value {
    json!({"id": id, "status": "succeeded", "amount": 500, "currency": "usd",
        "metadata": {"refund_id": domain::ids::RefundId(uuid::Uuid::from_u128(ours)).to_string()}})
}

/// A look-up by key when the list is empty, and what the replay is answered.
async fn replayed(answer: Reply) -> Result<Found<RefundSeen>, GatewayError> {
    let stub = Stub::start([page(false, &[]), answer]).await;
    let request = refund(1, &request(1, token("pm_card_visa")), "pi_1", 500);
    stripe(&stub.url, sent_at()).find_refund(&refund_look_up(&request, None, sent_at())).await
}

#[tokio::test]
async fn d2_what_a_replay_is_answered_means_one_thing_each() {
    let error = |kind: &str, code: &str| json!({"error": {"type": kind, "code": code, "message": "because"}});
    let refused = error("invalid_request_error", "charge_already_refunded");
    assert_eq!(replayed(reply(400, refused)).await.unwrap(), Found::NotThere);
    let other_words = error("idempotency_error", "");
    assert_eq!(replayed(reply(400, other_words)).await.unwrap(), Found::TooEarlyToSay);
    assert!(matches!(replayed(reply(500, "<html>")).await, Err(GatewayError::Unknown(_))));
    assert!(matches!(replayed(reply(409, error("api_error", "lock_timeout"))).await, Err(GatewayError::Busy { .. })));
}

#[tokio::test]
async fn d2_the_whole_list_is_read_and_ids_of_another_kind_are_not_asked_for() {
    let stub = Stub::start([page(true, &[row("re_9", 9)]), page(false, &[row("re_1", 1)])]).await;
    let (gateway, charge) = (stripe(&stub.url, sent_at()), request(1, token("pm_card_visa")));
    let ours = refund(1, &charge, "pi_1", 500);
    let found = seen(gateway.find_refund(&refund_look_up(&ours, None, sent_at())).await);
    assert_eq!(found.gateway_id.as_deref(), Some("re_1"));
    assert_eq!(stub.asked()[1].param("starting_after").as_deref(), Some("re_9"));
    for id in ["re_1/../charges", "pi_1", ""] {
        let refused = gateway.find_refund(&refund_look_up(&ours, Some(id), sent_at())).await;
        assert!(matches!(refused, Err(GatewayError::Refused { .. })), "{id}: {refused:?}");
    }
    for id in ["cs_1", "pi_1/cancel"] {
        let refused = gateway.refund(&refund(1, &charge, id, 500)).await;
        assert!(matches!(refused, Err(GatewayError::Refused { .. })), "{id}: {refused:?}");
    }
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn d2_a_number_that_staff_have_read_there_is_read_first_and_counts_where_it_bears_our_name() {
    let ours = refund(1, &request(1, token("pm_card_visa")), "pi_1", 500);
    let gone = json!({"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "gone"}});
    for (id, read, is_it) in [
        ("re_1", Some(reply(200, row("re_1", 1))), true),
        ("re_9", Some(reply(200, row("re_9", 9))), false),
        ("re_0", Some(reply(404, gone)), false),
        ("pi_1", None, false),
    ] {
        let script: Vec<_> = read.into_iter().chain([page(false, &[])]).collect();
        let stub = Stub::start(script).await;
        let look_up = refund_told(&ours, id, sent_at() - PRUNED);
        let found = stripe(&stub.url, sent_at()).find_refund(&look_up).await.unwrap();
        let seen = match found {
            Found::Seen(seen) => seen.gateway_id,
            found => {
                assert_eq!(found, Found::NotThere, "{id}: the list decides");
                None
            }
        };
        assert_eq!(seen.as_deref(), is_it.then_some(id));
    }
}

#[tokio::test]
async fn d30_the_balance_tells_of_charges_and_refunds_with_the_fees() {
    let sim = Sim::start().await;
    let of_charge = charged(&sim, "pm_card_visa").await;
    gateway(&sim).refund(&of_charge(1, 500)).await.unwrap();
    let mut moved = gateway(&sim).balance_since(sim.now() - chrono::TimeDelta::days(1)).await.unwrap();
    moved.sort_by_key(|of| of.amount.minor);
    let told: Vec<_> = moved.iter().map(|of| (of.amount, of.fee, of.is_payout)).collect();
    assert_eq!(told, [(usd(-500), usd(0), false), (usd(120_450), usd(3_523), false)]);
    assert!(gateway(&sim).balance_since(sim.now() + chrono::TimeDelta::hours(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn g45_a_payout_is_listed_with_the_charges_refunds_and_fees_that_it_consists_of() {
    let sim = Sim::start().await;
    let of_charge = charged(&sim, "pm_card_visa").await;
    let refund = gateway(&sim).refund(&of_charge(1, 500)).await.unwrap();
    let since = sim.now() - chrono::TimeDelta::days(1);
    assert!(gateway(&sim).payouts_since(since).await.unwrap().is_empty());
    sim.advance_hours(72).await;
    sim.control("stripe/payout", json!({})).await;
    let payout = gateway(&sim).payouts_since(since).await.unwrap().pop().unwrap();
    let told = (payout.amount, payout.state, payout.breakdown);
    assert_eq!(told, (usd(120_450 - 3_523 - 500), PayoutState::OnItsWay, Breakdown::Told));
    let mut lines = gateway(&sim).payout_lines(&payout.gateway_id).await.unwrap();
    lines.sort_by_key(|line| line.amount.minor);
    let kinds: Vec<_> = lines.iter().map(|line| (line.kind, line.amount, line.fee)).collect();
    let (back, paid) = (PayoutLineKind::Refund, PayoutLineKind::Payment);
    assert_eq!(kinds, [(back, usd(-500), usd(0)), (paid, usd(120_450), usd(3_523))]);
    assert_eq!(Some(&lines[0].gateway_id), refund.gateway_id.as_ref());
    let charge = Some(of_charge(1, 500).charge_gateway_id);
    assert!(lines.iter().all(|line| line.charge_gateway_id == charge), "both name the payment: {lines:?}");
    let odd = gateway(&sim).payout_lines("po_1/../refunds").await;
    assert!(matches!(odd, Err(GatewayError::Refused { .. })), "{odd:?}");
}
