//! What every gateway adapter must pass against its simulator: the ten points of `wire/gateways.md`, 9, by their numbers,
//! what a vendor does to whoever asks too often (11), is not let in any more (12) or is late (13), and that nothing which
//! an adapter says it can do is left to a refusal (14), that the card of a payment can be kept (15), and that a payer whom
//! the bank asks pays by a yes alone (16). Knows no gateway: each has a file below that says how it is driven, and its
//! `Capabilities` say how a card is charged and what cannot go wrong there.

use crate::{
    log::Log,
    sim::Sim,
    world::{dated_refund, dated_store, keep, look_up, nobody, refund_look_up},
};
use bench::{
    Account, Bench, Card, Simulated, WHOLE, arrived, ask, charge, charged, debit, gateway, has, known, outcome, paid,
    seen, simulated, skipped, telling, told,
};
use chrono::TimeDelta;
use connectors::gateway::{
    Cards, ChargeHow, ChargeRequest, ForgetRequest, Found, GatewayError, KeptMethod, LateNews, LookUp, News, Refunds,
    StoreLookUp, WebhookError,
};
use domain::{
    ids::AttemptId,
    method::{MethodFact, MethodKind},
    payment::{AttemptState, DeclineReason, Fact, Folded, Observation},
    refund::{RefundFact, RefundSeen},
};
use http::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The tests of one gateway.
macro_rules! contract {
    ($bench:ident) => {
        contract! { $bench;
            p1_a_charge_whose_answer_is_lost_is_unknown_and_then_found_once
            p1_a_page_whose_answer_is_lost_takes_nothing_and_another_one_pays
            p1_the_same_key_twice_is_one_charge
            p2_what_cannot_be_sent_is_not_sent_and_may_go_again
            p3_a_decline_is_an_outcome_and_another_method_pays_at_once
            p4_news_that_come_twice_and_in_the_wrong_order_lead_to_one_state
            p5_only_news_as_they_were_signed_are_read
            p6_a_debit_is_under_way_then_money_and_may_come_back
            p7_refunds_at_once_never_sum_to_more_than_was_taken
            p8_a_refund_before_settlement_is_what_the_capability_says
            p9_a_word_of_tomorrow_is_neither_yes_nor_no_and_is_said_aloud
            p10_what_is_logged_holds_no_key_token_or_number
            p11_who_is_throttled_is_busy_and_the_same_request_goes_later
            p12_who_is_not_let_in_any_more_is_refused_and_nothing_passes_for_absent
            p13_a_token_that_has_expired_is_refused_and_another_one_pays
            p14_disputes_and_kept_methods_are_refused_where_the_capability_says_so_alone
            p15_the_card_of_a_payment_is_kept_once_however_often_that_is_asked_and_pays_again
            p16_a_payer_whom_the_bank_asks_pays_by_a_yes_and_by_nothing_else
        }
    };
    ($bench:ident; $($point:ident)*) => {
        $(
            #[tokio::test]
            async fn $point() {
                super::$point::<$bench>().await;
            }
        )*
    };
}

mod authorizenet;
mod bench;
mod globalpayments;
mod payrix;
mod sandbox;
mod stripe;

async fn p1_a_charge_whose_answer_is_lost_is_unknown_and_then_found_once<B: Bench>() {
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
async fn p1_a_page_whose_answer_is_lost_takes_nothing_and_another_one_pays<B: Bench>() {
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

async fn p1_the_same_key_twice_is_one_charge<B: Bench>() {
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

async fn p2_what_cannot_be_sent_is_not_sent_and_may_go_again<B: Bench>() {
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

async fn p3_a_decline_is_an_outcome_and_another_method_pays_at_once<B: Bench>() {
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

async fn p4_news_that_come_twice_and_in_the_wrong_order_lead_to_one_state<B: Bench>() {
    let sim = Sim::start().await;
    let Some((simulated, news_of)) = telling::<B>(&sim) else { return };
    let mut inbox = sim.webhooks(simulated.vendor, simulated.signed_by).await;
    simulated.arm(&sim, "webhook_reordered", 1).await;
    simulated.arm(&sim, "webhook_twice", 9).await;
    let (request, charged) = told::<B>(&sim, 1, news_of).await;
    let gateway = gateway::<B>(&sim);
    // Whether it worked or came too late: there is more to tell where it worked.
    let truth = gateway.cancel(charged.gateway_id.as_deref().unwrap()).await.unwrap();
    let (mut events, mut facts) = (BTreeSet::new(), vec![charged.fact.clone()]);
    while events.len() < 2 || facts.len() <= events.len() + 1 {
        let (headers, body) = arrived(&mut inbox).await;
        let news = gateway.webhook(&headers, &body, sim.now()).unwrap();
        assert_eq!(news.attempt, Some(request.attempt), "{}", news.kind);
        // What is told of a page are the tries on it.
        let is_try = matches!(news_of, News::Page { .. });
        assert!(is_try || news.gateway_id == charged.gateway_id, "{}: {:?}", news.kind, news.gateway_id);
        let known = look_up(&request, charged.gateway_id.as_deref(), sim.now());
        let found = seen(gateway.find(&LookUp { told: news.gateway_id, ..known }).await);
        assert_eq!(found.fact, truth.fact, "{}", news.kind);
        events.insert(news.event_id);
        facts.push(found.fact);
    }
    let folded = Folded::of(&facts);
    assert!(!folded.contradicted && folded.state == Folded::of([&charged.fact, &truth.fact]).state, "{folded:?}");
}

/// That nothing is written of them, the signature says: a webhook is read without a call.
async fn p5_only_news_as_they_were_signed_are_read<B: Bench>() {
    let sim = Sim::start().await;
    let gateway = gateway::<B>(&sim);
    let unsigned = HeaderMap::new();
    assert_eq!(gateway.webhook(&unsigned, b"{}", sim.now()), Err(WebhookError::BadSignature));
    let Some((simulated, news)) = telling::<B>(&sim) else { return };
    let mut inbox = sim.webhooks(simulated.vendor, simulated.signed_by).await;
    let mut others = sim.webhooks(simulated.vendor, simulated.forged_by).await;
    told::<B>(&sim, 1, news).await;
    let ((headers, body), (forged, copy)) = (arrived(&mut inbox).await, arrived(&mut others).await);
    let now = sim.now();
    assert!(gateway.webhook(&headers, &body, now).is_ok());
    let written_again = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&body).unwrap()).unwrap();
    let longer = [body.as_slice(), b" "].concat();
    for (headers, body, why) in [
        (&unsigned, body.as_slice(), "unsigned"),
        (&forged, copy.as_slice(), "signed by somebody else"),
        (&headers, &body[..body.len() - 1], "truncated"),
        (&headers, longer.as_slice(), "longer"),
        (&headers, written_again.as_slice(), "read and written again"),
    ] {
        assert_eq!(gateway.webhook(headers, body, now), Err(WebhookError::BadSignature), "{why}");
    }
    let (News::Charges { life } | News::Page { life }) = news else { return };
    let late = now + life.unwrap_or(TimeDelta::days(365)) + TimeDelta::minutes(1);
    assert_eq!(gateway.webhook(&headers, &body, late).is_ok(), life.is_none(), "as the capability says");
}

async fn p6_a_debit_is_under_way_then_money_and_may_come_back<B: Bench>() {
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

/// By the vendor's own word. Where that is more than the charge, the engine's is the one that counts.
async fn p7_refunds_at_once_never_sum_to_more_than_was_taken<B: Bench>() {
    let sim = Sim::start().await;
    let (request, seen) = paid::<B>(&sim, 1).await;
    if gateway::<B>(&sim).capabilities().refunds != Refunds::Allowed {
        sim.advance_hours(24).await;
    }
    let gateway = gateway::<B>(&sim);
    let refund = |n, minor| dated_refund(n, &request, seen.gateway_id.as_deref().unwrap(), minor);
    let beyond = WHOLE * B::REFUNDS_BEYOND_PERCENT / 100;
    let over = gateway.refund(&refund(1, WHOLE + beyond + 1)).await;
    assert!(matches!(over, Err(GatewayError::Refused { .. })), "{over:?}");
    if let Refunds::No(why) = gateway.capabilities().refunds {
        return skipped::<B>(why);
    }
    if simulated::<B>(&sim).is_none() {
        return;
    }
    if matches!(gateway.capabilities().refunds, Refunds::Whole(_)) {
        let [a, b] = [2, 3].map(|n| refund(n, WHOLE));
        let made = tokio::join!(gateway.refund(&a), gateway.refund(&b));
        assert!(made.0.is_ok() || made.1.is_ok(), "{made:?}");
        return has::<B>(&sim, &[]).await;
    }
    let [a, b, c, d] = [2, 3, 4, 5].map(|n| refund(n, 50_000));
    let made = tokio::join!(gateway.refund(&a), gateway.refund(&b), gateway.refund(&c), gateway.refund(&d));
    let (made, refused): (Vec<_>, Vec<_>) = [made.0, made.1, made.2, made.3].into_iter().partition(|made| made.is_ok());
    assert_eq!(made.len(), 2, "{refused:?}");
    assert!(refused.iter().all(|error| matches!(error, Err(GatewayError::Refused { .. }))), "{refused:?}");
    has::<B>(&sim, &[(&seen, WHOLE - 100_000)]).await;
    gateway.refund(&refund(6, WHOLE - 100_000)).await.unwrap();
    let over = gateway.refund(&refund(7, beyond + 1)).await;
    assert!(matches!(over, Err(GatewayError::Refused { .. })), "{over:?}");
    has::<B>(&sim, &[]).await;
}

async fn p8_a_refund_before_settlement_is_what_the_capability_says<B: Bench>() {
    let sim = Sim::start().await;
    let (request, seen) = paid::<B>(&sim, 1).await;
    let gateway = gateway::<B>(&sim);
    let refund = |n, minor| dated_refund(n, &request, seen.gateway_id.as_deref().unwrap(), minor);
    let part = gateway.refund(&refund(1, 20_000)).await;
    let left = match gateway.capabilities().refunds {
        Refunds::Allowed => {
            assert_eq!(gateway.refund(&refund(1, 20_000)).await.unwrap(), part.unwrap(), "twice is once");
            WHOLE - 20_000
        }
        Refunds::WholeUntilSettled | Refunds::Whole(_) | Refunds::No(_) => {
            assert!(matches!(part, Err(GatewayError::Refused { .. })), "{part:?}");
            WHOLE
        }
    };
    has::<B>(&sim, &[(&seen, left)]).await;
    if matches!(gateway.capabilities().refunds, Refunds::WholeUntilSettled | Refunds::Whole(_)) {
        for _ in 0..2 {
            let whole = gateway.refund(&refund(2, WHOLE)).await.unwrap();
            assert_eq!(whole.fact, RefundFact::Succeeded);
            has::<B>(&sim, &[]).await;
        }
    }
}

async fn p9_a_word_of_tomorrow_is_neither_yes_nor_no_and_is_said_aloud<B: Bench>() {
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
async fn p10_what_is_logged_holds_no_key_token_or_number<B: Bench>() {
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

async fn p11_who_is_throttled_is_busy_and_the_same_request_goes_later<B: Bench>() {
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

async fn p12_who_is_not_let_in_any_more_is_refused_and_nothing_passes_for_absent<B: Bench>() {
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

async fn p13_a_token_that_has_expired_is_refused_and_another_one_pays<B: Bench>() {
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

async fn p14_disputes_and_kept_methods_are_refused_where_the_capability_says_so_alone<B: Bench>() {
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

async fn p15_the_card_of_a_payment_is_kept_once_however_often_that_is_asked_and_pays_again<B: Bench>() {
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

async fn p16_a_payer_whom_the_bank_asks_pays_by_a_yes_and_by_nothing_else<B: Bench>() {
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
