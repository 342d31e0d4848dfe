//! Charges at Stripe's simulator, faults and all: what its wire has of its own beside the points of every gateway
//! (`gateway_contract.rs`).

use crate::sim::Sim;
use crate::world::{look_up, request, seen, stripe, token};
use chrono::TimeDelta;
use connectors::gateway::{ChargeHow, ChargeRequest, Found, Gateway, GatewayError, stripe::Stripe};
use domain::{
    debit::ReasonClass,
    money::Money,
    payment::{DeclineReason, Fact},
};

pub fn gateway(sim: &Sim) -> Stripe {
    stripe(&format!("{}/stripe", sim.url), sim.now())
}

#[tokio::test]
async fn s66_an_approved_card_is_charged_once_with_the_amount_and_reference_we_sent() {
    let sim = Sim::start().await;
    let request = request(1, token("pm_card_visa"));
    let seen = gateway(&sim).charge(&request).await.unwrap();
    assert_eq!(seen.fact, Fact::Approved);
    assert_eq!(seen.amount, Some(request.amount));
    assert_eq!(seen.method.unwrap().to_string(), "Visa ··4242");
    assert!(seen.gateway_id.unwrap().starts_with("pi_"));
    let [charge] = sim.charges().await.try_into().unwrap();
    assert_eq!(charge["id"].as_str(), seen.charge_id.as_deref());
    assert_eq!((charge["reference"].as_str(), charge["amount_minor"].as_i64()), (Some("PAY-1"), Some(120_450)));
}

/// Nobody tells of it, and no answer about one payment is made to (`wire/gateways.md`, 2.2): the daily list does.
#[tokio::test]
async fn n4_a_cards_money_is_listed_as_settled_once_it_is_available() {
    let sim = Sim::start().await;
    let (began, request) = (sim.now(), request(1, token("pm_card_visa")));
    gateway(&sim).charge(&request).await.unwrap();
    for (hours, is_settled) in [(1, false), (46, false), (1, true)] {
        sim.advance_hours(hours).await;
        let [taken] = gateway(&sim).taken_since(began - TimeDelta::days(1)).await.unwrap().try_into().unwrap();
        assert_eq!((taken.attempt, taken.amount, taken.is_settled), (request.attempt, request.amount, is_settled));
    }
}

/// A replay that executes is the payment.
#[tokio::test]
async fn d2_a_charge_that_never_arrived_is_made_by_the_look_up() {
    let sim = Sim::start().await;
    let (gateway, request) = (gateway(&sim), request(1, token("pm_card_visa")));
    sim.arm("stripe", "timeout_before").await;
    assert!(matches!(gateway.charge(&request).await, Err(GatewayError::Unknown(_))));
    assert!(sim.charges().await.is_empty());
    assert_eq!(seen(gateway.find(&look_up(&request, None, sim.now())).await).fact, Fact::Approved);
    assert_eq!(sim.charges().await.len(), 1);
}

#[tokio::test]
async fn d2_a_500_before_execution_never_becomes_a_charge() {
    let sim = Sim::start().await;
    let request = request(1, token("pm_card_visa"));
    sim.arm("stripe", "http:500").await;
    let sent_at = sim.now();
    assert!(matches!(gateway(&sim).charge(&request).await, Err(GatewayError::Unknown(_))));
    let found = gateway(&sim).find(&look_up(&request, None, sent_at)).await.unwrap();
    assert!(matches!(found, Found::NotThere | Found::TooEarlyToSay), "{found:?}");
    sim.advance_hours(24).await;
    let found = gateway(&sim).find(&look_up(&request, None, sent_at)).await.unwrap();
    assert_eq!(found, Found::NotThere);
    assert!(sim.charges().await.is_empty());
}

#[tokio::test]
async fn d10_a_decline_is_an_outcome_and_is_final() {
    for (card, reason) in [
        ("pm_card_chargeDeclined", DeclineReason::Declined),
        ("pm_card_chargeDeclinedInsufficientFunds", DeclineReason::InsufficientFunds),
        ("pm_card_chargeDeclinedLostCard", DeclineReason::Blocked),
        ("pm_card_chargeDeclinedExpiredCard", DeclineReason::Expired),
        ("pm_card_chargeDeclinedIncorrectCvc", DeclineReason::WrongSecurityCode),
        ("pm_card_chargeDeclinedProcessingError", DeclineReason::TryAgainLater),
    ] {
        let sim = Sim::start().await;
        let (gateway, request) = (gateway(&sim), request(1, token(card)));
        let declined = gateway.charge(&request).await.unwrap();
        assert_eq!(declined.fact, Fact::BankNo { reason }, "{card}");
        let id = declined.gateway_id.unwrap();
        assert_eq!(sim.intent(&id).await["status"], "canceled", "no second try may make money of it");
        let again = seen(gateway.find(&look_up(&request, Some(&id), sim.now())).await);
        assert_eq!(again.fact, Fact::BankNo { reason }, "{card}, read again");
        assert_eq!(seen(gateway.find(&look_up(&request, None, sim.now())).await).fact, Fact::BankNo { reason });
    }
}

#[tokio::test]
async fn a_decline_that_is_only_found_later_is_final_too() {
    let sim = Sim::start().await;
    let (gateway, request) = (gateway(&sim), request(1, token("pm_card_chargeDeclined")));
    sim.arm("stripe", "reset_after_execute").await;
    assert!(matches!(gateway.charge(&request).await, Err(GatewayError::Unknown(_))));
    let found = seen(gateway.find(&look_up(&request, None, sim.now())).await);
    assert_eq!(found.fact, Fact::BankNo { reason: DeclineReason::Declined });
    assert_eq!(sim.intent(&found.gateway_id.unwrap()).await["status"], "canceled");
}

#[tokio::test]
async fn a_card_that_needs_3ds_sends_the_payer_to_the_bank_and_then_is_approved_or_declined() {
    for (answer, fact) in
        [("complete", Fact::Approved), ("fail", Fact::BankNo { reason: DeclineReason::AuthenticationFailed })]
    {
        let sim = Sim::start().await;
        let (gateway, request) = (gateway(&sim), request(1, token("pm_card_threeDSecureRequired")));
        let waiting = gateway.charge(&request).await.unwrap();
        let Fact::ActionNeeded { url, .. } = waiting.fact else { panic!("{waiting:?}") };
        sim.submit(&url, &[("outcome", answer)]).await;
        let found = seen(gateway.find(&look_up(&request, waiting.gateway_id.as_deref(), sim.now())).await);
        assert_eq!(found.fact, fact);
    }
}

/// Whoever is not there cannot be sent to the bank: it is a no that the payer mends by paying themselves.
#[tokio::test]
async fn d10_what_needs_its_payer_is_declined_where_nobody_is_there() {
    let sim = Sim::start().await;
    let unattended = ChargeRequest { unattended: true, ..request(1, token("pm_card_threeDSecureRequired")) };
    let declined = gateway(&sim).charge(&unattended).await.unwrap();
    let reason = DeclineReason::AuthenticationFailed;
    assert_eq!((declined.fact, reason.class()), (Fact::BankNo { reason }, ReasonClass::Fixable));
    assert_eq!(sim.intent(&declined.gateway_id.unwrap()).await["status"], "canceled", "nobody goes on with it");
}

#[tokio::test]
async fn a_payment_that_waits_for_the_payer_can_be_cancelled() {
    let sim = Sim::start().await;
    let gateway = gateway(&sim);
    for (n, how) in [(1, token("pm_card_threeDSecureRequired")), (2, ChargeHow::HostedPage)] {
        let waiting = gateway.charge(&request(n, how)).await.unwrap();
        let id = waiting.gateway_id.unwrap();
        assert_eq!(gateway.cancel(&id).await.unwrap().fact, Fact::Voided);
        assert_eq!(gateway.cancel(&id).await.unwrap().fact, Fact::Voided, "twice is the same");
    }
    let paid = gateway.charge(&request(3, token("pm_card_visa"))).await.unwrap();
    assert_eq!(gateway.cancel(&paid.gateway_id.unwrap()).await.unwrap().fact, Fact::Approved);
}

#[tokio::test]
async fn the_hosted_page_takes_the_card_and_is_found_by_its_id() {
    let sim = Sim::start().await;
    let (gateway, request) = (gateway(&sim), request(1, ChargeHow::HostedPage));
    let open = gateway.charge(&request).await.unwrap();
    let Fact::ActionNeeded { url, .. } = open.fact.clone() else { panic!("{open:?}") };
    let find = look_up(&request, open.gateway_id.as_deref(), sim.now());
    assert_eq!(seen(gateway.find(&find).await), open, "still open");
    assert_eq!(gateway.charge(&request).await.unwrap(), open, "the same page, not a second one");

    let card = |number| [("number", number), ("expiry", "12/34"), ("cvc", "123"), ("name", "Ana")];
    sim.submit(&url, &card("4000000000000002")).await;
    assert_eq!(seen(gateway.find(&find).await).fact, open.fact, "a declined try leaves the page open");
    sim.submit(&url, &card("4242424242424242")).await;
    let paid = seen(gateway.find(&find).await);
    assert_eq!((&paid.fact, paid.amount), (&Fact::Approved, Some(request.amount)));
    assert!(paid.charge_id.is_some() && paid.method.is_some());
    let by_payment = look_up(&request, paid.gateway_id.as_deref(), sim.now());
    assert_eq!(seen(gateway.find(&by_payment).await), paid);
    let charged = sim.charges().await.into_iter().filter(|c| c["status"] == "succeeded").count();
    assert_eq!(charged, 1);
}

#[tokio::test]
async fn a_hosted_page_that_nobody_used_expires() {
    let sim = Sim::start().await;
    let request = request(1, ChargeHow::HostedPage);
    let (open, sent_at) = (gateway(&sim).charge(&request).await.unwrap(), sim.now());
    sim.advance_hours(25).await;
    let find = look_up(&request, open.gateway_id.as_deref(), sent_at);
    assert_eq!(seen(gateway(&sim).find(&find).await).fact, Fact::Voided);
}

#[tokio::test]
async fn a_key_with_other_words_and_a_token_that_nobody_made_are_refused() {
    let sim = Sim::start().await;
    let (gateway, request) = (gateway(&sim), request(1, token("pm_card_visa")));
    gateway.charge(&request).await.unwrap();
    let mut other_amount = request.clone();
    other_amount.amount = Money::new(99, request.amount.currency);
    let reused = gateway.charge(&other_amount).await;
    assert!(matches!(&reused, Err(GatewayError::Refused { code, .. }) if code == "idempotency_error"), "{reused:?}");
    let unknown = gateway.charge(&crate::world::request(2, token("pm_nobody_made"))).await;
    assert!(matches!(&unknown, Err(GatewayError::Refused { code, .. }) if code == "resource_missing"), "{unknown:?}");
    assert_eq!(sim.charges().await.len(), 1);
}
