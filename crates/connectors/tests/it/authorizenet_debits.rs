//! Debits of bank accounts that Authorize.Net keeps (eCheck): under way until they settle, and taken back weeks later
//! (`wire/gateways.md`, 3.5 and 3.7).

use crate::{
    sim::Sim,
    world::{
        authorizenet, authorizenet_config, dated_refund, dated_request, dated_store, http, look_up, refund_look_up,
        seen,
    },
};
use chrono::TimeDelta;
use connectors::gateway::{
    Authority, ChargeHow, ChargeRequest, ForgetRequest, Found, Gateway, GatewayError, LateNews, StoreRequest,
    authorizenet::AuthorizeNet,
};
use domain::{
    method::{MethodFact, MethodKind, MethodSeen},
    money::Currency,
    payment::{DeclineReason, Fact, Observation},
    refund::RefundFact,
};
use serde_json::json;
use simulators::facts::{authorizenet::UNAUTHORISED_ACCOUNT, bank_accounts};

fn gateway(sim: &Sim) -> AuthorizeNet {
    authorizenet(&format!("{}/authorizenet/xml/v1/request.api", sim.url), sim.now())
}

/// Asks to keep this account.
async fn account(sim: &Sim, number: &str) -> StoreRequest {
    let ChargeHow::Token(nonce) = sim.bank_nonce(number).await else { panic!("no nonce") };
    let given = Authority { given_at: sim.now(), address: "203.0.113.7".into(), user_agent: "Lynx/2.9".into() };
    StoreRequest { kind: MethodKind::AchDebit, authority: Some(given), ..dated_store(1, &nonce) }
}

/// What is kept, a debit of it, and what was heard of that at once.
async fn debited(sim: &Sim, number: &str) -> (MethodSeen, ChargeRequest, Observation) {
    let kept = gateway(sim).store(&account(sim, number).await).await.unwrap();
    assert_eq!(kept.fact, MethodFact::Ready);
    let (customer, method) = (kept.gateway_customer.clone().unwrap(), kept.gateway_method.clone().unwrap());
    let charge = dated_request(1, ChargeHow::Saved { customer, method, kind: MethodKind::AchDebit });
    let seen = gateway(sim).charge(&charge).await.unwrap();
    (kept, charge, seen)
}

async fn fact_of(sim: &Sim, charge: &ChargeRequest, sent: &Observation) -> Fact {
    seen(gateway(sim).find(&look_up(charge, sent.gateway_id.as_deref(), sim.now())).await).fact
}

#[tokio::test]
async fn d8_an_account_and_its_debit_show_how_it_ends() {
    let sim = Sim::start().await;
    let (kept, _, sent) = debited(&sim, bank_accounts::CLEARS).await;
    let shown = kept.shown.unwrap();
    assert_eq!((shown.face.to_string().as_str(), shown.good_until), ("ACH ··6789", None));
    assert_eq!(sent.method.unwrap().to_string(), "ACH ··6789");
}

#[tokio::test]
async fn d9_d10_a_banks_no_has_its_reason_at_once_or_weeks_after_its_yes() {
    let sim = Sim::start().await;
    let no = debited(&sim, bank_accounts::FAILS).await.2;
    assert_eq!(no.fact, Fact::BankNo { reason: DeclineReason::Declined });
    for (number, days, reason) in [
        (bank_accounts::LATE_RETURN, 6, DeclineReason::InsufficientFunds),
        (UNAUTHORISED_ACCOUNT, 30, DeclineReason::NotAuthorised),
    ] {
        let sim = Sim::start().await;
        let (_, charge, sent) = debited(&sim, number).await;
        sim.advance_hours(24 * 6).await;
        assert_eq!(fact_of(&sim, &charge, &sent).await, Fact::Settled, "{number}");
        sim.advance_hours(24 * days).await;
        assert_eq!(fact_of(&sim, &charge, &sent).await, Fact::BankNo { reason }, "{number}");
    }
}

#[tokio::test]
async fn d9_a_return_is_the_banks_no_and_no_money_whether_its_status_says_so_or_not() {
    for left in [None, Some("returnedItem"), Some("settledSuccessfully")] {
        let sim = Sim::start().await;
        let (_, charge, sent) = debited(&sim, bank_accounts::CLEARS).await;
        sim.advance_hours(24 * 6).await;
        let listed = async || gateway(&sim).taken_since(sim.now() - TimeDelta::days(20)).await.unwrap().len();
        assert_eq!((fact_of(&sim, &charge, &sent).await, listed().await), (Fact::Settled, 1), "{left:?}");
        let order = json!({"id": sent.gateway_id, "return_code": "R01", "status": left});
        sim.control("authorizenet/transaction", order).await;
        let no = Fact::BankNo { reason: DeclineReason::InsufficientFunds };
        assert_eq!((fact_of(&sim, &charge, &sent).await, listed().await), (no, 0), "{left:?}");
    }
}

#[tokio::test]
async fn s70_an_account_without_an_authority_is_not_kept_and_a_card_is_no_account() {
    let sim = Sim::start().await;
    let unsigned = StoreRequest { authority: None, ..account(&sim, bank_accounts::CLEARS).await };
    let refused = gateway(&sim).store(&unsigned).await;
    assert!(matches!(&refused, Err(GatewayError::Refused { code, .. }) if code == "no_authority"), "{refused:?}");
    let ChargeHow::Token(card) = sim.nonce("4111111111111111").await else { panic!("no nonce") };
    let card = StoreRequest { token: card, ..account(&sim, bank_accounts::CLEARS).await };
    let refused = gateway(&sim).store(&card).await.unwrap();
    assert_eq!(refused.fact, MethodFact::Refused { reason: DeclineReason::SetUp });
}

#[tokio::test]
async fn g37_a_debit_that_has_cleared_is_paid_back_to_the_account_as_long_as_it_is_kept() {
    let sim = Sim::start().await;
    let (kept, charge, sent) = debited(&sim, bank_accounts::CLEARS).await;
    let refund = |n| dated_refund(n, &charge, sent.gateway_id.as_deref().unwrap(), 20_000);
    let early = gateway(&sim).refund(&refund(1)).await;
    assert!(matches!(&early, Err(GatewayError::Refused { code, .. }) if code == "not_refundable"), "{early:?}");
    sim.advance_hours(24 * 6).await;
    let part = gateway(&sim).refund(&refund(2)).await.unwrap();
    assert_eq!(part.fact, RefundFact::Pending);
    sim.advance_hours(24 * 6).await;
    let look_up = refund_look_up(&refund(2), part.gateway_id.as_deref(), sim.now());
    let Found::Seen(paid) = gateway(&sim).find_refund(&look_up).await.unwrap() else { panic!("not seen") };
    assert_eq!(paid.fact, RefundFact::Succeeded);
    let all = ForgetRequest { setup_id: kept.setup_id, gateway_method: kept.gateway_method };
    gateway(&sim).forget(&all).await.unwrap();
    let forgotten = gateway(&sim).refund(&refund(3)).await;
    assert!(matches!(&forgotten, Err(GatewayError::Refused { .. })), "{forgotten:?}");
}

#[tokio::test]
async fn accounts_are_debited_in_dollars_of_the_united_states_and_nobody_tells_of_returns() {
    let of = |currency| {
        let config = authorizenet_config("http://127.0.0.1:9", chrono::Utc::now());
        AuthorizeNet::new(http(), connectors::gateway::authorizenet::AuthorizeNetConfig { currency, ..config })
    };
    for (currency, debits) in [(Currency::USD, &[MethodKind::AchDebit][..]), (Currency::AUD, &[][..])] {
        let gateway = of(currency);
        assert_eq!(gateway.capabilities().debits, debits, "{currency:?}");
        assert_eq!(gateway.capabilities().late_news, LateNews::Asked);
    }
}
