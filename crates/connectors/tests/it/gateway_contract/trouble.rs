//! The points about a bad day at the gateway: words that nobody knows, too many requests, a key that is let in no more; and
//! what is logged of it.

use super::bench::{Bench, Card, WHOLE, ask, charge, gateway, has, outcome, simulated, skipped};
use crate::{
    log::Log,
    sim::Sim,
    world::{dated_refund, dated_store, look_up, refund_look_up, seen},
};
use chrono::TimeDelta;
use connectors::gateway::{Cards, ChargeHow, Found, GatewayError, Refunds};
use domain::{
    payment::{Fact, Observation},
    refund::{RefundFact, RefundSeen},
};
use serde_json::json;

pub(super) async fn p9_a_word_of_tomorrow_is_neither_yes_nor_no_and_is_said_aloud<B: Bench>() {
    let sim = Sim::start().await;
    let Some(simulated) = simulated::<B>(&sim) else { return };
    let (log, _kept) = Log::kept();
    let (early, request) = (gateway::<B>(&sim), charge::<B>(&sim, 1, Card::Good).await);
    simulated.arm(&sim, "unknown_status", 1).await;
    let known = match early.charge(&request).await {
        Ok(Observation { fact: Fact::Processing, gateway_id, .. }) => gateway_id,
        Err(GatewayError::Unknown(_)) => None,
        // An address is no status.
        Ok(Observation { fact: Fact::ActionNeeded { url, .. }, gateway_id, .. })
            if request.how == ChargeHow::HostedPage =>
        {
            B::enter(&sim, &url, Card::Good).await;
            gateway_id
        }
        other => panic!("{other:?}"),
    };
    let find = look_up(&request, known.as_deref(), sim.now());
    simulated.spoil_reads(&sim).await;
    match early.find(&find).await {
        Ok(Found::TooEarlyToSay | Found::Seen(Observation { fact: Fact::Processing, .. }))
        | Err(GatewayError::Unknown(_)) => {}
        other => panic!("{other:?}"),
    }
    assert!(!log.text().is_empty(), "nobody hears of it");
    simulated.mend_reads(&sim).await;
    let charged = seen(early.find(&find).await);
    assert!(charged.fact.is_money(), "{charged:?}");
    has::<B>(&sim, &[(&charged, WHOLE)]).await;

    let refunds = early.capabilities().refunds;
    if let Refunds::No(why) = refunds {
        return skipped::<B>(why);
    }
    if refunds == Refunds::WholeUntilSettled {
        sim.advance_hours(24).await;
    }
    let gateway = gateway::<B>(&sim);
    let is_whole = matches!(refunds, Refunds::Whole(_));
    let minor = if is_whole { WHOLE } else { 20_000 };
    let refund = dated_refund(1, &request, charged.gateway_id.as_deref().unwrap(), minor);
    simulated.arm(&sim, "unknown_status", 1).await;
    let known = match gateway.refund(&refund).await {
        Ok(RefundSeen { fact: RefundFact::Pending, gateway_id, .. }) => gateway_id,
        // Proved by the charge, and not by the words of that answer.
        Ok(RefundSeen { gateway_id, .. }) if is_whole => gateway_id,
        Err(GatewayError::Unknown(_)) => None,
        other => panic!("{other:?}"),
    };
    let find = refund_look_up(&refund, known.as_deref(), sim.now());
    simulated.spoil_reads(&sim).await;
    match gateway.find_refund(&find).await {
        Ok(Found::TooEarlyToSay | Found::Seen(RefundSeen { fact: RefundFact::Pending, .. }))
        | Err(GatewayError::Unknown(_)) => {}
        other => panic!("{other:?}"),
    }
    simulated.mend_reads(&sim).await;
    let refunded = seen(gateway.find_refund(&find).await);
    assert!(matches!(refunded.fact, RefundFact::Pending | RefundFact::Succeeded), "{refunded:?}");
    let left = [(&charged, WHOLE - minor)];
    has::<B>(&sim, if is_whole { &[] } else { &left }).await;
}

/// What adapters say of a failure is logged by whoever handles it.
pub(super) async fn p10_what_is_logged_holds_no_key_token_or_number<B: Bench>() {
    let sim = Sim::start().await;
    let Some(simulated) = simulated::<B>(&sim) else { return };
    let (log, _kept) = Log::kept();
    let (gateway, mut said, mut tokens) = (gateway::<B>(&sim), String::new(), Vec::new());
    let faults =
        ["http:500", "http:429", "http_after_execute:500", "reset_after_execute", "token_revoked", "unknown_status"];
    for (n, fault) in (1..).zip(faults) {
        let request = charge::<B>(&sim, n, Card::Good).await;
        simulated.arm(&sim, fault, 1).await;
        simulated.spoil_reads(&sim).await;
        let charged = gateway.charge(&request).await;
        let known = charged.as_ref().ok().and_then(|seen| seen.gateway_id.clone());
        let by_name = gateway.find(&look_up(&request, None, sim.now())).await.map(drop);
        let by_id = gateway.find(&look_up(&request, known.as_deref(), sim.now())).await.map(drop);
        let token = if let ChargeHow::Token(token) = request.how { Some(token) } else { None };
        let stored = gateway.store(&dated_store(n, token.as_deref().unwrap_or("none"))).await.map(drop);
        for error in [charged.map(drop), by_name, by_id, stored].into_iter().filter_map(Result::err) {
            said += &format!("{error} {error:?}\n");
        }
        simulated.mend_reads(&sim).await;
        tokens.extend(token);
    }
    let logged = log.text();
    assert!(!said.is_empty() && !logged.is_empty());
    for secret in simulated.secrets.iter().copied().chain(tokens.iter().map(String::as_str)) {
        assert!(!said.contains(secret) && !logged.contains(secret), "{secret} in {said}{logged}");
    }
}

pub(super) async fn p11_who_is_throttled_is_busy_and_the_same_request_goes_later<B: Bench>() {
    let sim = Sim::start().await;
    if let Some(token) = B::BUSY {
        let request = ask::<B>(1, ChargeHow::Token(token.to_owned()));
        let busy = gateway::<B>(&sim).charge(&request).await;
        assert!(matches!(busy, Err(GatewayError::Busy { after: Some(_) })), "{busy:?}");
        let find = look_up(&request, None, sim.now());
        let unfound = gateway::<B>(&sim).find(&find).await;
        assert!(matches!(unfound, Err(GatewayError::Busy { after: Some(_) })), "{unfound:?}");
        sim.control("advance", json!({"minutes": 1})).await;
        let found = seen(gateway::<B>(&sim).find(&find).await);
        assert!(found.fact.is_money() && found.amount == Some(request.amount), "{found:?}");
        return;
    }
    let Some(simulated) = simulated::<B>(&sim) else { return };
    let (gateway, request) = (gateway::<B>(&sim), charge::<B>(&sim, 1, Card::Good).await);
    simulated.arm(&sim, "http:429", 1).await;
    match (gateway.charge(&request).await, gateway.capabilities().cards) {
        (Err(GatewayError::Busy { after: Some(_) }), _) => {}
        // Nothing comes of a page that was not opened.
        (Err(GatewayError::NotSent(_)), Cards::Page) => {}
        (other, _) => panic!("{other:?}"),
    }
    has::<B>(&sim, &[]).await;
    let answer = gateway.charge(&request).await.unwrap();
    let charged = outcome::<B>(&sim, &request, answer, Card::Good).await;
    simulated.arm(&sim, "http:429", 1).await;
    let unfound = gateway.find(&look_up(&request, charged.gateway_id.as_deref(), sim.now())).await;
    assert!(matches!(unfound, Err(GatewayError::Busy { .. })), "{unfound:?}");
    has::<B>(&sim, &[(&charged, WHOLE)]).await;

    if let Refunds::No(why) = gateway.capabilities().refunds {
        return skipped::<B>(why);
    }
    let refund = dated_refund(1, &request, charged.gateway_id.as_deref().unwrap(), WHOLE);
    simulated.arm(&sim, "http:429", 1).await;
    let busy = gateway.refund(&refund).await;
    // Not sent, where what had to be read before was not to be had.
    assert!(matches!(busy, Err(GatewayError::Busy { .. } | GatewayError::NotSent(_))), "{busy:?}");
    has::<B>(&sim, &[(&charged, WHOLE)]).await;
    gateway.refund(&refund).await.unwrap();
    has::<B>(&sim, &[]).await;
}

pub(super) async fn p12_who_is_not_let_in_any_more_is_refused_and_nothing_passes_for_absent<B: Bench>() {
    let sim = Sim::start().await;
    let Some(simulated) = simulated::<B>(&sim) else { return };
    let known = match gateway::<B>(&sim).capabilities().cards {
        Cards::Token { .. } => None,
        Cards::Page => gateway::<B>(&sim).charge(&charge::<B>(&sim, 2, Card::Good).await).await.unwrap().gateway_id,
    };
    let (gateway, request) = (gateway::<B>(&sim), charge::<B>(&sim, 1, Card::Good).await);
    simulated.arm(&sim, "token_revoked", 2).await;
    let refused = gateway.charge(&request).await;
    assert!(matches!(refused, Err(GatewayError::Refused { .. })), "{refused:?}");
    let unfound = gateway.find(&look_up(&request, known.as_deref(), sim.now() - TimeDelta::days(1))).await;
    assert!(matches!(unfound, Err(GatewayError::Refused { .. })), "{unfound:?}");
    has::<B>(&sim, &[]).await;
    let answer = gateway.charge(&request).await.unwrap();
    let charged = outcome::<B>(&sim, &request, answer, Card::Good).await;
    has::<B>(&sim, &[(&charged, WHOLE)]).await;
}
