//! The points about what is kept at a gateway, and that nothing which it cannot do passes for done.

use super::bench::{Bench, Card, WHOLE, ask, charge, gateway, has, simulated, skipped};
use crate::{
    sim::Sim,
    world::{dated_store, keep},
};
use connectors::gateway::{ChargeHow, ChargeRequest, ForgetRequest, GatewayError, KeptMethod, StoreLookUp};
use domain::method::{MethodFact, MethodKind};

pub(super) async fn p14_disputes_and_kept_methods_are_refused_where_the_capability_says_so_alone<B: Bench>() {
    let sim = Sim::start().await;
    let gateway = gateway::<B>(&sim);
    let request = dated_store(1, "none");
    let kept = StoreLookUp { request: request.clone(), setup_id: None, sent_at: sim.now() };
    let forget = ForgetRequest { setup_id: None, gateway_method: None };
    let paid = keep(1, &ask::<B>(1, ChargeHow::HostedPage), "none");
    let (kind, none) = (request.kind, "none".to_owned());
    let there = KeptMethod { kind, setup_id: None, customer: none.clone(), method: none };
    let can = gateway.capabilities();
    assert_eq!(can.debit_user.is_some(), can.debits.contains(&MethodKind::BecsDebit), "whom its authority names");
    for (is_able, code, answer) in [
        (can.disputes, "tells_of_none", gateway.read_dispute("none").await.map(drop)),
        (can.disputes, "tells_of_none", gateway.disputed_since(sim.now()).await.map(drop)),
        (can.balance, "tells_no_balance", gateway.balance_since(sim.now()).await.map(drop)),
        (can.payouts, "tells_no_payouts", gateway.payouts_since(sim.now()).await.map(drop)),
        (can.payouts, "tells_no_payouts", gateway.payout_lines("none").await.map(drop)),
        (can.stores, "keeps_none", gateway.store(&request).await.map(drop)),
        (can.stores, "keeps_none", gateway.find_stored(&kept).await.map(drop)),
        (can.stores, "keeps_none", gateway.forget(&forget).await),
        (can.stores, "keeps_none", gateway.read_kept(&there).await.map(drop)),
        (can.keeps_paid, "keeps_none", gateway.keep_paid(&paid).await.map(drop)),
        (can.reads_cards, "reads_none", gateway.read_card("none").await.map(drop)),
    ] {
        let is_default = matches!(&answer, Err(GatewayError::Refused { code: told, .. }) if told == code);
        assert_eq!(is_default, !is_able, "{answer:?}");
    }
}

pub(super) async fn p15_the_card_of_a_payment_is_kept_once_however_often_that_is_asked_and_pays_again<B: Bench>() {
    let sim = Sim::start().await;
    if !gateway::<B>(&sim).capabilities().keeps_paid {
        return skipped::<B>("it keeps no card of a payment");
    }
    let request = ChargeRequest { keep: true, ..charge::<B>(&sim, 1, Card::Good).await };
    let first = gateway::<B>(&sim).charge(&request).await.unwrap();
    let wanted = keep(1, &request, first.gateway_id.as_deref().unwrap());
    if let Some(simulated) = simulated::<B>(&sim) {
        simulated.arm(&sim, "reset_after_execute", 1).await;
        let lost = gateway::<B>(&sim).keep_paid(&wanted).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{lost:?}");
    }
    let kept = gateway::<B>(&sim).keep_paid(&wanted).await.unwrap();
    assert_eq!(gateway::<B>(&sim).keep_paid(&wanted).await.unwrap(), kept, "the same, once more");
    let (customer, method) = (kept.gateway_customer.unwrap(), kept.gateway_method.unwrap());
    assert_eq!((kept.fact, kept.shown.map(|shown| shown.face)), (MethodFact::Ready, first.method.clone()));
    let there = KeptMethod {
        kind: MethodKind::Card,
        setup_id: kept.setup_id,
        customer: customer.clone(),
        method: method.clone(),
    };
    assert_eq!(gateway::<B>(&sim).read_kept(&there).await.unwrap().fact, MethodFact::Ready);
    let again = ask::<B>(2, ChargeHow::Saved { customer, method, kind: MethodKind::Card });
    let second = gateway::<B>(&sim).charge(&again).await.unwrap();
    assert!(second.fact.is_money(), "{second:?}");
    has::<B>(&sim, &[(&first, WHOLE), (&second, WHOLE)]).await;
}
