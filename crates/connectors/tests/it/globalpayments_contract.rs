//! Global Payments' simulator, faults and all: what its wire has of its own beside the points of every gateway
//! (`gateway_contract.rs`).

use crate::{
    sim::Sim,
    world::{REPLAYABLE, globalpayments, look_up, refund, refund_look_up, refund_told, request, seen, token, usd},
};
use chrono::TimeDelta;
use connectors::gateway::{
    ChargeHow, ChargeRequest, Found, Gateway, GatewayError, RefundRequest, globalpayments::GlobalPayments,
};
use domain::{
    payment::{DeclineReason, Fact, Observation},
    refund::RefundFact,
};
use serde_json::{Value, json};
use simulators::facts::{cards, globalpayments as keys};

const FAULTS: [&str; 3] = ["timeout_after_execute", "reset_after_execute", "http_after_execute:500"];
/// Surely past the time in which a request is sent again: the vendor's clock runs, the adapter's stands still.
const LATE: TimeDelta = TimeDelta::minutes(20);

fn gateway(sim: &Sim) -> GlobalPayments {
    globalpayments(&format!("{}/globalpayments/ucp", sim.url), sim.now())
}

async fn records(sim: &Sim, of: &str) -> Vec<Value> {
    sim.state("globalpayments").await[of].as_array().unwrap().clone()
}

async fn charge_of(sim: &Sim, card: &str) -> ChargeRequest {
    request(1, sim.payment_method(card).await)
}

/// A card that was charged 1,204.50, and refunds of it.
async fn charged(sim: &Sim) -> impl Fn(u128, i64) -> RefundRequest {
    let charge = charge_of(sim, keys::CARD).await;
    let id = gateway(sim).charge(&charge).await.unwrap().gateway_id.unwrap();
    move |n, minor| refund(n, &charge, &id, minor)
}

/// The page that was opened for a payment, and the gateway's id of it.
async fn opened(sim: &Sim) -> (ChargeRequest, String, String) {
    let request = request(1, ChargeHow::HostedPage);
    let seen = gateway(sim).charge(&request).await.unwrap();
    let Fact::ActionNeeded { url, fields } = seen.fact else { panic!("{seen:?}") };
    assert!(fields.is_empty());
    (request, url, seen.gateway_id.unwrap())
}

async fn pay(sim: &Sim, url: &str, card: &str) {
    sim.submit(url, &[("number", card), ("expiry", "12 / 40")]).await;
}

#[tokio::test]
async fn s66_a_token_is_charged_once_with_the_amount_and_reference_we_sent() {
    let sim = Sim::start().await;
    let request = charge_of(&sim, keys::CARD).await;
    let seen = gateway(&sim).charge(&request).await.unwrap();
    assert_eq!((&seen.fact, seen.amount), (&Fact::PendingSettlement, Some(request.amount)));
    assert_eq!(seen.method.unwrap().to_string(), "Visa ··5262");
    assert!(seen.gateway_id.as_deref().unwrap().starts_with("TRN_"));
    let [charge] = records(&sim, "charges").await.try_into().unwrap();
    assert_eq!((charge["id"].as_str(), seen.gateway_id.as_deref()), (seen.charge_id.as_deref(), charge["id"].as_str()));
    assert_eq!((charge["reference"].as_str(), charge["amount_minor"].as_i64()), (Some("PAY-1"), Some(120_450)));
}

#[tokio::test]
async fn d2_a_charge_that_never_arrived_is_made_by_a_look_up_soon_and_not_there_later() {
    let sim = Sim::start().await;
    let (gateway, request) = (gateway(&sim), charge_of(&sim, keys::CARD).await);
    sim.arm("globalpayments", "timeout_before").await;
    assert!(matches!(gateway.charge(&request).await, Err(GatewayError::Unknown(_))));
    let late = gateway.find(&look_up(&request, None, sim.now() - LATE)).await.unwrap();
    assert_eq!((late, records(&sim, "charges").await.len()), (Found::NotThere, 0));
    let soon = seen(gateway.find(&look_up(&request, None, sim.now())).await);
    assert_eq!((soon.fact, records(&sim, "charges").await.len()), (Fact::PendingSettlement, 1));
}

/// The token of the adapter ends meanwhile, too.
#[tokio::test]
async fn an_approved_charge_is_batched_and_funded() {
    let sim = Sim::start().await;
    let (gateway, request) = (gateway(&sim), charge_of(&sim, keys::CARD).await);
    let id = gateway.charge(&request).await.unwrap().gateway_id;
    for fact in [Fact::PendingSettlement, Fact::Settled] {
        sim.advance_hours(25).await;
        assert_eq!(seen(gateway.find(&look_up(&request, id.as_deref(), sim.now())).await).fact, fact);
    }
}

#[tokio::test]
async fn the_gateways_page_takes_the_card_and_is_found_by_its_id() {
    let sim = Sim::start().await;
    let (request, url, link) = opened(&sim).await;
    let find = async || seen(gateway(&sim).find(&look_up(&request, Some(&link), sim.now())).await);
    let waits = |seen: &Observation| matches!(&seen.fact, Fact::ActionNeeded { url: on, .. } if *on == url);
    assert!(waits(&find().await));
    pay(&sim, &url, cards::DECLINED).await;
    assert!(waits(&find().await), "one declined try decides nothing");
    pay(&sim, &url, keys::CARD).await;
    let paid = find().await;
    assert_eq!((&paid.fact, paid.amount), (&Fact::PendingSettlement, Some(request.amount)));
    assert!(paid.gateway_id.as_deref().unwrap().starts_with("TRN_"), "what is paid back is the payment");
    assert_eq!(paid.method.unwrap().to_string(), "Visa ··5262");
    pay(&sim, &url, keys::CARD).await;
    assert_eq!(records(&sim, "charges").await.len(), 2, "the declined one and the paid one");
    let [taken] = gateway(&sim).taken_since(sim.now() - TimeDelta::hours(1)).await.unwrap().try_into().unwrap();
    assert_eq!((taken.attempt, taken.amount), (request.attempt, request.amount));
}

#[tokio::test]
async fn d1_the_same_page_twice_is_one_and_one_whose_answer_was_lost_is_nobodys() {
    let sim = Sim::start().await;
    let (request, url, link) = opened(&sim).await;
    let again = gateway(&sim).charge(&request).await.unwrap();
    assert_eq!((again.gateway_id, again.fact), (Some(link), Fact::ActionNeeded { url, fields: Vec::new() }));
    let lost = crate::world::request(2, ChargeHow::HostedPage);
    sim.arm("globalpayments", "reset_after_execute").await;
    assert!(matches!(gateway(&sim).charge(&lost).await, Err(GatewayError::NotSent(_))));
    assert_eq!(gateway(&sim).find(&look_up(&lost, None, sim.now())).await.unwrap(), Found::NotThere);
}

#[tokio::test]
async fn a_page_is_closed_unless_it_was_paid() {
    let sim = Sim::start().await;
    let (request, url, link) = opened(&sim).await;
    assert_eq!(gateway(&sim).cancel(&link).await.unwrap().fact, Fact::Voided);
    assert_eq!(gateway(&sim).cancel(&link).await.unwrap().fact, Fact::Voided, "a second time as well");
    let late = reqwest::Client::new().post(&url).form(&[("number", keys::CARD), ("expiry", "12 / 40")]);
    assert_eq!(late.send().await.unwrap().status().as_u16(), 410);
    assert_eq!(seen(gateway(&sim).find(&look_up(&request, Some(&link), sim.now())).await).fact, Fact::Voided);
    assert!(records(&sim, "charges").await.is_empty());

    let other = crate::world::request(2, ChargeHow::HostedPage);
    let page = gateway(&sim).charge(&other).await.unwrap();
    let Fact::ActionNeeded { url, .. } = page.fact else { panic!("{page:?}") };
    pay(&sim, &url, keys::CARD).await;
    assert_eq!(gateway(&sim).cancel(&page.gateway_id.unwrap()).await.unwrap().fact, Fact::PendingSettlement);
}

#[tokio::test]
async fn a_page_that_nobody_used_expires() {
    let sim = Sim::start().await;
    let (request, _, link) = opened(&sim).await;
    sim.advance_hours(4 * 24).await;
    assert_eq!(seen(gateway(&sim).find(&look_up(&request, Some(&link), sim.now())).await).fact, Fact::Voided);
}

#[tokio::test]
async fn a_charge_is_undone_until_it_has_settled() {
    let sim = Sim::start().await;
    for (n, hours, fact) in [(1, None, Fact::Voided), (2, Some(48), Fact::Settled)] {
        let charge = request(n, sim.payment_method(keys::CARD).await);
        let id = gateway(&sim).charge(&charge).await.unwrap().gateway_id.unwrap();
        if let Some(hours) = hours {
            sim.advance_hours(hours).await;
        }
        for _ in 0..2 {
            assert_eq!(gateway(&sim).cancel(&id).await.unwrap().fact, fact, "{n}");
        }
    }
}

#[tokio::test]
async fn g37_a_part_is_found_by_the_key_of_its_refund_and_by_its_id() {
    let sim = Sim::start().await;
    let refund = charged(&sim).await(1, 20_000);
    let part = gateway(&sim).refund(&refund).await.unwrap();
    assert_eq!((&part.fact, part.amount), (&RefundFact::Succeeded, Some(usd(20_000))));
    for known in [None, part.gateway_id.as_deref()] {
        let look_up = refund_look_up(&refund, known, sim.now());
        assert_eq!(seen(gateway(&sim).find_refund(&look_up).await), part);
    }
    assert_eq!(records(&sim, "refunds").await.len(), 1);
}

#[tokio::test]
async fn d2_a_refund_whose_answer_is_lost_is_found_by_its_key_and_later_stays_open() {
    for fault in FAULTS {
        let sim = Sim::start().await;
        let request = charged(&sim).await(1, 20_000);
        let gateway = gateway(&sim);
        sim.arm("globalpayments", fault).await;
        let lost = gateway.refund(&request).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault}: {lost:?}");
        let late = gateway.find_refund(&refund_look_up(&request, None, sim.now() - LATE)).await.unwrap();
        assert_eq!(late, Found::TooEarlyToSay, "it bears no name of ours");
        let found = seen(gateway.find_refund(&refund_look_up(&request, None, sim.now() - REPLAYABLE)).await);
        assert_eq!((found.fact, found.amount), (RefundFact::Succeeded, Some(usd(20_000))), "{fault}");
        assert_eq!(records(&sim, "refunds").await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn d2_a_number_that_staff_have_read_there_counts_where_charge_and_amount_are_the_refunds_own() {
    let sim = Sim::start().await;
    let refund = charged(&sim).await;
    let gateway = gateway(&sim);
    sim.arm("globalpayments", "reset_after_execute").await;
    assert!(matches!(gateway.refund(&refund(1, 20_000)).await, Err(GatewayError::Unknown(_))));
    let id = records(&sim, "refunds").await[0]["id"].as_str().unwrap().to_owned();
    let (own, less) = (refund(1, 20_000), refund(2, 500));
    let elsewhere = RefundRequest { charge_gateway_id: "TRN_elsewhere".into(), ..own.clone() };
    let find = async |request: &RefundRequest, id: &str| {
        gateway.find_refund(&refund_told(request, id, sim.now() - LATE)).await.unwrap()
    };
    for (request, told, found) in [
        (&less, id.as_str(), Found::NotThere),
        (&elsewhere, id.as_str(), Found::NotThere),
        (&own, own.charge_gateway_id.as_str(), Found::TooEarlyToSay),
        (&own, "TRN_none", Found::TooEarlyToSay),
        (&own, "anything", Found::TooEarlyToSay),
    ] {
        assert_eq!(find(request, told).await, found, "{told}");
    }
    let named = seen(Ok(find(&own, &id).await));
    assert_eq!((named.fact, named.gateway_id), (RefundFact::Succeeded, Some(id)));
    assert_eq!(records(&sim, "refunds").await.len(), 1);
}

#[tokio::test]
async fn d2_a_refund_that_never_arrived_is_made_by_a_look_up_soon_and_not_there_later() {
    let sim = Sim::start().await;
    let refund = charged(&sim).await;
    let gateway = gateway(&sim);
    gateway.refund(&refund(1, 500)).await.unwrap();
    sim.arm("globalpayments", "timeout_before").await;
    assert!(matches!(gateway.refund(&refund(2, 20_000)).await, Err(GatewayError::Unknown(_))));
    let late = gateway.find_refund(&refund_look_up(&refund(2, 20_000), None, sim.now() - LATE)).await.unwrap();
    assert_eq!((late, records(&sim, "refunds").await.len()), (Found::NotThere, 1), "one of another amount is another");
    let soon = seen(gateway.find_refund(&refund_look_up(&refund(2, 20_000), None, sim.now())).await);
    assert_eq!((soon.fact, records(&sim, "refunds").await.len()), (RefundFact::Succeeded, 2));
}

#[tokio::test]
async fn d24_what_somebody_refunds_there_is_read_and_listed() {
    let sim = Sim::start().await;
    let refund = charged(&sim).await;
    let charge = refund(1, 1).charge_gateway_id;
    let path = format!("transactions/{charge}/refund");
    let made = sim.ask_global_payments(reqwest::Method::POST, &path, json!({"amount": "700"})).await;
    let id = made["id"].as_str().unwrap();
    let read = gateway(&sim).read_refund(id).await.unwrap();
    assert_eq!((read.refund, read.charge_gateway_id.as_deref()), (None, Some(charge.as_str())));
    assert_eq!((read.seen.fact, read.seen.amount), (RefundFact::Succeeded, Some(usd(700))));
    assert!(read.made_at.is_some());
    let [listed] = gateway(&sim).refunded_since(sim.now() - TimeDelta::hours(1)).await.unwrap().try_into().unwrap();
    assert_eq!((listed.gateway_id.as_str(), listed.amount, listed.is_paid), (id, usd(700), true));
    assert!(gateway(&sim).refunded_since(sim.now() + TimeDelta::hours(1)).await.unwrap().is_empty());
    let charge = gateway(&sim).read_refund(&charge).await;
    assert!(matches!(charge, Err(GatewayError::Refused { .. })), "{charge:?}");
}

#[tokio::test]
async fn what_was_taken_is_listed_and_what_others_took_is_left_out() {
    let sim = Sim::start().await;
    let request = charge_of(&sim, keys::CARD).await;
    let id = gateway(&sim).charge(&request).await.unwrap().gateway_id.unwrap();
    let declined = crate::world::request(2, sim.payment_method(keys::CARD).await);
    sim.arm("globalpayments", "decline:05").await;
    let declined = gateway(&sim).charge(&declined).await.unwrap();
    assert_eq!(declined.fact, Fact::BankNo { reason: DeclineReason::Declined });
    let ChargeHow::Token(theirs) = sim.payment_method(keys::CARD).await else { panic!("a token") };
    let body = json!({"account_name": keys::ACCOUNT_NAME, "channel": "CNP", "type": "SALE", "amount": "99",
        "currency": "USD", "country": "US", "reference": "till 4", "payment_method": {"entry_mode": "ECOM", "id": theirs}});
    sim.ask_global_payments(reqwest::Method::POST, "transactions", body).await;
    let [taken] = gateway(&sim).taken_since(sim.now() - TimeDelta::hours(1)).await.unwrap().try_into().unwrap();
    assert_eq!((taken.attempt, taken.gateway_id, taken.amount), (request.attempt, id, request.amount));
}

#[tokio::test]
async fn nothing_is_kept_there_and_it_says_so() {
    let sim = Sim::start().await;
    let gateway = gateway(&sim);
    assert!(!gateway.capabilities().stores);
    let kept = gateway.store(&crate::world::store(1, "PMT_1")).await;
    assert!(matches!(kept, Err(GatewayError::Refused { .. })), "{kept:?}");
    let charge = gateway.charge(&request(1, token("pm_card_visa"))).await;
    assert!(matches!(charge, Err(GatewayError::Refused { .. })), "another gateway's token: {charge:?}");
}
