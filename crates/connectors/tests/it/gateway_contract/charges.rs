//! The points about what is charged: once, though the answer is lost; a decline; a debit; and a payer whom the bank asks.

use super::bench::{
    Account, Bench, Card, WHOLE, arrived, ask, charge, charged, debit, gateway, has, known, paid, simulated, skipped,
};
use crate::{
    sim::Sim,
    world::{dated_refund, look_up, nobody, seen},
};
use chrono::TimeDelta;
use connectors::gateway::{Cards, ChargeHow, ChargeRequest, Found, GatewayError, LateNews, LookUp, Refunds};
use domain::{
    ids::AttemptId,
    payment::{AttemptState, DeclineReason, Fact, Folded, Observation},
};
use serde_json::json;
use std::collections::BTreeSet;

pub(super) async fn p1_a_charge_whose_answer_is_lost_is_unknown_and_then_found_once<B: Bench>() {
    for fault in [None, Some("reset_after_execute"), Some("http_after_execute:500")] {
        let sim = Sim::start().await;
        if gateway::<B>(&sim).capabilities().cards == Cards::Page {
            return skipped::<B>("no call of ours takes anything: a card is typed on its page");
        }
        let card = if fault.is_none() { Card::AnswerLost } else { Card::Good };
        let request = charge::<B>(&sim, 1, card).await;
        if let Some(fault) = fault {
            let Some(simulated) = simulated::<B>(&sim) else { return };
            simulated.arm(&sim, fault, 1).await;
        }
        let find = look_up(&request, None, sim.now());
        let lost = gateway::<B>(&sim).charge(&request).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault:?}: {lost:?}");
        for later in [false, true] {
            if later {
                // Keys are pruned, windows are over, and all has settled.
                sim.advance_hours(40 * 24).await;
            }
            let found = seen(gateway::<B>(&sim).find(&find).await);
            assert!(found.fact.is_money() && found.amount == Some(request.amount), "{fault:?}: {found:?}");
            has::<B>(&sim, &[(&found, WHOLE)]).await;
        }
    }
}

/// Nobody has its address.
pub(super) async fn p1_a_page_whose_answer_is_lost_takes_nothing_and_another_one_pays<B: Bench>() {
    for fault in ["timeout_after_execute", "reset_after_execute", "http_after_execute:500"] {
        let sim = Sim::start().await;
        if gateway::<B>(&sim).capabilities().cards != Cards::Page {
            return skipped::<B>("the call takes the money");
        }
        let Some(simulated) = simulated::<B>(&sim) else { return };
        let request = charge::<B>(&sim, 1, Card::Good).await;
        simulated.arm(&sim, fault, 1).await;
        let lost = gateway::<B>(&sim).charge(&request).await;
        assert!(matches!(lost, Err(GatewayError::NotSent(_))), "{fault}: {lost:?}");
        let unfound = gateway::<B>(&sim).find(&look_up(&request, None, sim.now())).await;
        assert!(matches!(unfound, Ok(Found::NotThere)), "{fault}: {unfound:?}");
        has::<B>(&sim, &[]).await;
        let (_, seen) = paid::<B>(&sim, 2).await;
        has::<B>(&sim, &[(&seen, WHOLE)]).await;
    }
}

pub(super) async fn p1_the_same_key_twice_is_one_charge<B: Bench>() {
    let sim = Sim::start().await;
    let (request, first) = paid::<B>(&sim, 1).await;
    let gateway = gateway::<B>(&sim);
    match (gateway.charge(&request).await, gateway.capabilities().cards) {
        (Ok(again), Cards::Token { .. }) => {
            assert_eq!((again.fact, again.gateway_id), (first.fact.clone(), first.gateway_id.clone()));
        }
        // The vendor cannot repeat its answer: a look-up decides.
        (Err(GatewayError::Unknown(_)), Cards::Token { .. }) => {}
        // A page takes nothing by itself, and one that was paid need not be opened again.
        (Ok(Observation { fact: Fact::ActionNeeded { .. }, .. }) | Err(GatewayError::Refused { .. }), Cards::Page) => {}
        (other, _) => panic!("{other:?}"),
    }
    for id in known::<B>(&sim, &first) {
        let found = seen(gateway.find(&look_up(&request, id.as_deref(), sim.now())).await);
        assert_eq!((&found.fact, &found.gateway_id), (&first.fact, &first.gateway_id));
        assert_eq!((&found.charge_id, found.amount), (&first.charge_id, Some(request.amount)));
    }
    has::<B>(&sim, &[(&first, WHOLE)]).await;
    let (_, other) = paid::<B>(&sim, 2).await;
    has::<B>(&sim, &[(&first, WHOLE), (&other, WHOLE)]).await;
}

pub(super) async fn p2_what_cannot_be_sent_is_not_sent_and_may_go_again<B: Bench>() {
    let sim = Sim::start().await;
    let down = B::gateway(&nobody().await, sim.now());
    let unsent = down.charge(&charge::<B>(&sim, 1, Card::Unreachable).await).await;
    assert!(matches!(unsent, Err(GatewayError::NotSent(_))), "{unsent:?}");
    has::<B>(&sim, &[]).await;
    let (request, seen) = paid::<B>(&sim, 1).await;
    has::<B>(&sim, &[(&seen, WHOLE)]).await;

    if simulated::<B>(&sim).is_none() {
        return;
    }
    for id in known::<B>(&sim, &seen) {
        let unfound = down.find(&look_up(&request, id.as_deref(), sim.now())).await;
        assert!(matches!(unfound, Err(GatewayError::NotSent(_))), "{unfound:?}");
    }
    if let Refunds::No(why) = down.capabilities().refunds {
        return skipped::<B>(why);
    }
    let refund = dated_refund(1, &request, seen.gateway_id.as_deref().unwrap(), WHOLE);
    let unsent = down.refund(&refund).await;
    assert!(matches!(unsent, Err(GatewayError::NotSent(_))), "{unsent:?}");
    has::<B>(&sim, &[(&seen, WHOLE)]).await;
}

pub(super) async fn p3_a_decline_is_an_outcome_and_another_method_pays_at_once<B: Bench>() {
    let sim = Sim::start().await;
    let (request, declined) = charged::<B>(&sim, 1, Card::Declined).await;
    assert!(matches!(declined.fact, Fact::BankNo { .. }), "{declined:?}");
    for id in known::<B>(&sim, &declined) {
        let again = seen(gateway::<B>(&sim).find(&look_up(&request, id.as_deref(), sim.now())).await);
        assert_eq!(again.fact, declined.fact, "{id:?}");
    }
    has::<B>(&sim, &[]).await;
    let (_, seen) = paid::<B>(&sim, 2).await;
    has::<B>(&sim, &[(&seen, WHOLE)]).await;
}

pub(super) async fn p6_a_debit_is_under_way_then_money_and_may_come_back<B: Bench>() {
    let sim = Sim::start().await;
    let before = sim.now() - TimeDelta::days(1);
    if gateway::<B>(&sim).capabilities().debits.is_empty() {
        return skipped::<B>("it debits no accounts");
    }
    // Who has no books lists what it is told was sent.
    let lists = async |expected: &[AttemptId]| {
        if B::SIMULATED.is_some() {
            let taken = gateway::<B>(&sim).taken_since(before).await.unwrap();
            let taken: BTreeSet<_> = taken.into_iter().map(|taken| taken.attempt).collect();
            assert_eq!(taken, BTreeSet::from_iter(expected.iter().copied()));
        }
    };
    let mut sent = Vec::new();
    for (n, account) in [(1, Account::Clears), (2, Account::ComesBack)] {
        let request = debit::<B>(&sim, n, account).await;
        let seen = gateway::<B>(&sim).charge(&request).await.unwrap();
        assert_eq!(seen.fact, Fact::Processing);
        let again = gateway::<B>(&sim).charge(&request).await.unwrap();
        assert_eq!((again.fact, &again.gateway_id), (Fact::Processing, &seen.gateway_id), "sent twice is one debit");
        sent.push(look_up(&request, seen.gateway_id.as_deref(), sim.now()));
    }
    let [good, bad] = sent.try_into().unwrap();
    let find = async |find: &LookUp| seen(gateway::<B>(&sim).find(find).await);
    assert_eq!((find(&good).await.fact, find(&bad).await.fact), (Fact::Processing, Fact::Processing));
    has::<B>(&sim, &[]).await;
    lists(&[]).await;

    sim.advance_hours(6 * 24).await;
    let (cleared, returns) = (find(&good).await, find(&bad).await);
    assert_eq!((&cleared.fact, &returns.fact), (&Fact::Settled, &Fact::Settled));
    has::<B>(&sim, &[(&cleared, WHOLE), (&returns, WHOLE)]).await;
    lists(&[good.request.attempt, bad.request.attempt]).await;

    let mut inbox = match B::SIMULATED {
        Some(simulated) => Some(sim.webhooks(simulated.vendor, simulated.signed_by).await),
        None => None,
    };
    sim.advance_hours(30 * 24).await;
    let returned = find(&bad).await;
    let folded = Folded::of([&Fact::Processing, &returns.fact, &returned.fact]);
    assert_eq!((folded.state, folded.contradicted), (AttemptState::Returned, false), "{returned:?}");
    assert_eq!(find(&good).await.fact, Fact::Settled);
    has::<B>(&sim, &[(&cleared, WHOLE)]).await;
    lists(&[good.request.attempt]).await;
    let gateway = gateway::<B>(&sim);
    let mut is_told = gateway.capabilities().late_news == LateNews::Asked;
    while !is_told {
        let (headers, body) = arrived(inbox.as_mut().unwrap()).await;
        is_told = gateway.webhook(&headers, &body, sim.now()).unwrap().gateway_id == bad.gateway_id;
    }
}

pub(super) async fn p13_a_token_that_has_expired_is_refused_and_another_one_pays<B: Bench>() {
    let sim = Sim::start().await;
    let life = match gateway::<B>(&sim).capabilities().cards {
        Cards::Token { life: Some(life) } => life,
        Cards::Token { life: None } => return skipped::<B>("a token does not end by itself"),
        Cards::Page => return skipped::<B>("it charges no tokens"),
    };
    let request = charge::<B>(&sim, 1, Card::Good).await;
    sim.control("advance", json!({"minutes": life.num_minutes() + 1})).await;
    let refused = gateway::<B>(&sim).charge(&request).await;
    assert!(matches!(refused, Err(GatewayError::Refused { .. })), "{refused:?}");
    has::<B>(&sim, &[]).await;
    let (_, charged) = paid::<B>(&sim, 2).await;
    has::<B>(&sim, &[(&charged, WHOLE)]).await;
}

pub(super) async fn p16_a_payer_whom_the_bank_asks_pays_by_a_yes_and_by_nothing_else<B: Bench>() {
    let Some(token) = B::ASKING else { return skipped::<B>("no call of ours comes to a bank that asks") };
    for confirms in [true, false] {
        let sim = Sim::start().await;
        let gateway = gateway::<B>(&sim);
        let request = ask::<B>(1, ChargeHow::Token(token.to_owned()));
        let unattended = ChargeRequest { unattended: true, ..ask::<B>(2, ChargeHow::Token(token.to_owned())) };
        let nobody = gateway.charge(&unattended).await.unwrap();
        assert!(matches!(nobody.fact, Fact::BankNo { .. }), "there is nobody to ask: {nobody:?}");
        let waiting = gateway.charge(&request).await.unwrap();
        let Fact::ActionNeeded { url, .. } = &waiting.fact else { panic!("nobody is asked: {waiting:?}") };
        let find = look_up(&request, waiting.gateway_id.as_deref(), sim.now());
        let open = seen(gateway.find(&find).await);
        assert!(matches!(open.fact, Fact::ActionNeeded { .. }), "{open:?}");
        has::<B>(&sim, &[]).await;

        B::answer(&sim, url, confirms).await;
        let answered = seen(gateway.find(&find).await);
        if confirms {
            assert!(answered.fact.is_money() && answered.gateway_id == waiting.gateway_id, "{answered:?}");
            has::<B>(&sim, &[(&answered, WHOLE)]).await;
        } else {
            let reason = DeclineReason::AuthenticationFailed;
            assert_eq!(answered.fact, Fact::BankNo { reason });
            has::<B>(&sim, &[]).await;
        }
    }
}
