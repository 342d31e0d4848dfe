//! Payrix, beside the points of every gateway (`gateway_contract.rs`): its page against the simulator, what is sent member
//! by member, and answers that no simulator gives (`wire/gateways.md`, 4).

use crate::{
    log::Log,
    rig::now,
    sim::Sim,
    stub::{Reply, Stub, reply},
    world::{look_up, payrix, payrix_charge as charge, refund, refund_look_up, seen, token},
};
use chrono::TimeDelta;
use connectors::gateway::{ChargeRequest, Found, Gateway, GatewayError, Refunds, WebhookError, payrix::Payrix};
use domain::{
    money::{Currency, Money},
    payment::{DeclineReason, Fact},
    refund::{RefundFact, RefundSeen},
};
use http::HeaderMap;
use serde_json::{Value, json};
use simulators::facts::{cards, payrix as keys};

fn gateway(sim: &Sim) -> Payrix {
    payrix(&format!("{}/payrix/auth", sim.url), &format!("{}/payrix/rest", sim.url), sim.now())
}

fn stubbed(stub: &Stub) -> Payrix {
    payrix(&stub.url, &stub.url, now())
}

/// The page that was opened for a payment, and the gateway's id of it.
async fn opened(sim: &Sim, request: &ChargeRequest) -> (String, String) {
    let seen = gateway(sim).charge(request).await.unwrap();
    let Fact::ActionNeeded { url, fields } = seen.fact else { panic!("{seen:?}") };
    assert!(fields.is_empty());
    (url, seen.gateway_id.unwrap())
}

async fn charges(sim: &Sim) -> Vec<Value> {
    sim.state("payrix").await["charges"].as_array().unwrap().clone()
}

#[tokio::test]
async fn s66_its_page_takes_the_card_once_and_is_found_by_its_token() {
    let sim = Sim::start().await;
    let request = charge(1);
    let (url, token) = opened(&sim, &request).await;
    let sent_at = sim.now();
    let find = async || gateway(&sim).find(&look_up(&request, Some(&token), sent_at)).await;
    assert_eq!(find().await.unwrap(), Found::TooEarlyToSay);
    for _ in 0..2 {
        sim.submit(&url, &[("number", cards::APPROVED)]).await;
    }
    let paid = seen(find().await);
    assert_eq!((&paid.fact, paid.amount), (&Fact::Approved, Some(request.amount)));
    assert_eq!((paid.gateway_id.as_deref(), paid.method.unwrap().to_string()), (Some(&*token), "Visa ··4242".into()));
    let [charge] = charges(&sim).await.try_into().unwrap();
    assert_eq!(charge["id"].as_str(), paid.charge_id.as_deref());
    assert_eq!(charge["reference"], request.attempt.to_string());
    assert_eq!(gateway(&sim).cancel(&token).await.unwrap().fact, Fact::Approved, "it was paid meanwhile");
}

#[tokio::test]
async fn d4_a_payment_whose_token_is_lost_is_found_by_its_reference_and_no_other_is() {
    let sim = Sim::start().await;
    let (url, _) = opened(&sim, &charge(1)).await;
    let find = async |n: u128| gateway(&sim).find(&look_up(&charge(n), None, sim.now())).await;
    assert_eq!(find(1).await.unwrap(), Found::NotThere, "nobody has paid yet");
    sim.submit(&url, &[("number", cards::APPROVED)]).await;
    let paid = seen(find(1).await);
    assert_eq!((paid.fact, paid.amount, paid.gateway_id), (Fact::Approved, Some(charge(1).amount), None));
    assert_eq!(charges(&sim).await[0]["id"].as_str(), paid.charge_id.as_deref());
    assert_eq!(find(2).await.unwrap(), Found::NotThere);
}

#[tokio::test]
async fn what_another_reference_names_proves_nothing() {
    let made =
        json!({"transactionId": "1", "reference": "theirs", "amount": 1204.5, "currency": "AUD", "statusCode": "S"});
    let none = json!({"errorCode": "InvalidTransaction", "errorMessage": "no"});
    let stub = Stub::start([granted(), reply(200, made), reply(400, none)]).await;
    let gateway = stubbed(&stub);
    let theirs = gateway.find(&look_up(&charge(1), None, now())).await;
    assert!(matches!(theirs, Err(GatewayError::Unknown(_))), "{theirs:?}");
    assert_eq!(gateway.find(&look_up(&charge(1), None, now())).await.unwrap(), Found::NotThere);
    let asked = &stub.asked()[1];
    assert_eq!(asked.line(), "GET /businesses/90024/transactions/card-payments/");
    assert_eq!(asked.params(), [("reference".to_owned(), charge(1).attempt.to_string())]);
}

#[tokio::test]
async fn d10_a_decline_ends_its_page_and_says_why() {
    for (card, reason) in
        [(cards::DECLINED, DeclineReason::Declined), (cards::INSUFFICIENT_FUNDS, DeclineReason::InsufficientFunds)]
    {
        let sim = Sim::start().await;
        let (url, token) = opened(&sim, &charge(1)).await;
        sim.submit(&url, &[("number", card)]).await;
        let declined = seen(gateway(&sim).find(&look_up(&charge(1), Some(&token), sim.now())).await);
        assert_eq!(declined.fact, Fact::BankNo { reason });
    }
}

#[tokio::test]
async fn a_page_that_was_left_cannot_be_closed_and_is_over_by_the_clock() {
    let sim = Sim::start().await;
    let (url, token) = opened(&sim, &charge(1)).await;
    let sent_at = sim.now();
    let page = Fact::ActionNeeded { url: url.clone(), fields: Vec::new() };
    assert_eq!(gateway(&sim).cancel(&token).await.unwrap().fact, page);
    let life = gateway(&sim).capabilities().page_life.unwrap();
    for (minutes, is_over) in [(30, false), (13, true)] {
        sim.control("advance", json!({"minutes": minutes})).await;
        assert_eq!(sim.now() - sent_at >= life.over, is_over);
        let found = gateway(&sim).find(&look_up(&charge(1), Some(&token), sent_at)).await.unwrap();
        match found {
            Found::Seen(seen) => assert_eq!((seen.fact, is_over), (Fact::Voided, true)),
            other => assert_eq!((other, is_over), (Found::TooEarlyToSay, false)),
        }
    }
    assert!(charges(&sim).await.is_empty());
}

/// A sign-in lasts an hour.
#[tokio::test]
async fn a_sign_in_that_has_ended_is_made_anew_once() {
    let sim = Sim::start().await;
    let gateway = gateway(&sim);
    let token = gateway.charge(&charge(1)).await.unwrap().gateway_id.unwrap();
    sim.advance_hours(2).await;
    gateway.cancel(&token).await.unwrap();
    sim.control("faults", json!({"vendor": "payrix", "fault": "token_revoked", "times": 3})).await;
    let refused = gateway.cancel(&token).await;
    assert!(matches!(&refused, Err(GatewayError::Refused { code, .. }) if code == "Unauthorized"), "{refused:?}");
}

fn body(asked: &crate::stub::Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

fn granted() -> Reply {
    reply(200, json!({"access_token": "t1", "expires_in": 3600, "token_type": "Bearer"}))
}

#[tokio::test]
async fn a_page_is_asked_for_as_public_clients_do() {
    let made = json!({"token": "t-1", "redirectToUrl": "https://hosted.test/t-1"});
    let stub = Stub::start([granted(), reply(200, made)]).await;
    stubbed(&stub).charge(&charge(1)).await.unwrap();
    let [login, page] = stub.asked().try_into().unwrap();
    assert_eq!((login.line().as_str(), login.header("authorization")), ("POST /login", ""));
    assert_eq!(body(&login), json!({"Username": keys::PORTAL_USERNAME, "Password": keys::PORTAL_PASSWORD}));
    assert_eq!(page.line(), "POST /businesses/90024/services/tokens/hpp/");
    assert_eq!(page.header("authorization"), "Bearer t1");
    assert!(page.body.contains(r#""Amount":1204.50,"#), "a plain decimal: {}", page.body);
    let mut sent = body(&page);
    sent["Transaction"]["Amount"].take();
    let expected = json!({
        "ReturnUrl": charge(1).return_url, "Template": "Basic",
        "Transaction": {"ProcessType": "COMPLETE", "Reference": charge(1).attempt.to_string(),
            "Description": charge(1).description, "Amount": null, "CurrencyCode": "AUD"},
        "Payer": {"SavePayer": false, "Email": "ana@acme.test"},
    });
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_refusal_is_one_when_the_gateway_says_so_itself() {
    let no = |status: u16, code: &str| reply(status, json!({"errorCode": code, "errorMessage": "no"}));
    for (answer, expected) in [
        (no(400, "BadRequest"), "refused"),
        (no(404, "NotFound"), "refused"),
        (no(400, "Timeout"), "unknown"),
        (no(500, "InternalServerError"), "unknown"),
        (no(503, "ServiceUnavailable"), "unknown"),
        (no(400, "TooManyTransactions"), "busy"),
        (no(429, "TooManyRequests"), "busy"),
        (reply(404, "<html>"), "unknown"),
        (reply(200, "{}"), "unknown"),
    ] {
        let stub = Stub::start([granted(), answer.clone()]).await;
        let found = stubbed(&stub).find(&look_up(&charge(1), Some("t-1"), now())).await;
        let is = match found.unwrap_err() {
            GatewayError::Refused { .. } => "refused",
            GatewayError::Unknown(_) => "unknown",
            GatewayError::Busy { .. } => "busy",
            GatewayError::NotSent(_) => "not sent",
        };
        assert_eq!(is, expected, "{answer:?}");
    }
    for answer in [reply(500, ""), reply(200, "{}")] {
        let unsent = stubbed(&Stub::start([answer]).await).find(&look_up(&charge(1), Some("t-1"), now())).await;
        assert!(matches!(unsent, Err(GatewayError::NotSent(_))), "without a sign-in: {unsent:?}");
    }
}

#[tokio::test]
async fn a_page_of_somebody_elses_proves_nothing() {
    let long_ago = look_up(&charge(1), Some("t-1"), now() - TimeDelta::days(1));
    let made =
        json!({"transactionId": "1", "reference": "theirs", "amount": 1204.5, "currency": "AUD", "statusCode": "S"});
    let theirs = reply(200, json!({"token": "t-1", "status": "PROCESSED_SUCCESSFUL", "transaction": made}));
    let theirs = stubbed(&Stub::start([granted(), theirs]).await).find(&long_ago).await;
    assert!(matches!(theirs, Err(GatewayError::Unknown(_))), "{theirs:?}");
}

#[tokio::test]
async fn d4_a_page_that_nobody_paid_on_holds_its_invoice_for_a_day_whatever_its_status_says() {
    let found = async |status: &str, made: &Value, age: TimeDelta| {
        let page = reply(200, json!({"token": "t-1", "status": status, "transaction": made}));
        let stub = Stub::start([granted(), page]).await;
        stubbed(&stub).find(&look_up(&charge(1), Some("t-1"), now() - age)).await
    };
    let (day, nothing) = (TimeDelta::hours(24), json!(null));
    let just_before = day - TimeDelta::seconds(1);
    for status in ["WAITING", "VALIDATED", "ERROR", "FRAUD_CHECK_ERROR", "HELD_BY_MARTIANS"] {
        let (log, _kept) = Log::kept();
        assert_eq!(found(status, &nothing, just_before).await.unwrap(), Found::TooEarlyToSay, "{status}");
        let over = seen(found(status, &nothing, day).await);
        assert_eq!((over.fact, over.gateway_id.as_deref()), (Fact::Voided, Some("t-1")), "{status}");
        let is_said = log.text().contains("it counts as over");
        assert_eq!(is_said, status == "HELD_BY_MARTIANS", "{status}: {}", log.text());
    }
    let rejected = json!({"transactionId": "1", "reference": charge(1).attempt.to_string(), "statusCode": "R",
        "subStatusCode": "R1"});
    assert_eq!(found("VALIDATED", &rejected, just_before).await.unwrap(), Found::TooEarlyToSay);
    let reason = DeclineReason::InsufficientFunds;
    assert_eq!(seen(found("VALIDATED", &rejected, day).await).fact, Fact::BankNo { reason });
    let paid = found("PROCESSED_SUCCESSFUL", &nothing, day * 9).await.unwrap();
    assert_eq!(paid, Found::TooEarlyToSay, "it may have taken money: a person looks at it");
}

#[tokio::test]
async fn what_is_not_documented_is_refused_and_nothing_is_sent() {
    let stub = Stub::start([]).await;
    let gateway = stubbed(&stub);
    assert!(matches!(gateway.capabilities().refunds, Refunds::Whole(_)) && !gateway.capabilities().lists);
    let by_token = ChargeRequest { how: token("t-1"), ..charge(1) };
    let in_dollars = ChargeRequest { amount: Money::new(1, Currency::USD), ..charge(1) };
    for request in [by_token, in_dollars] {
        assert!(matches!(gateway.charge(&request).await, Err(GatewayError::Refused { .. })), "{request:?}");
    }
    let part = gateway.refund(&refund(1, &charge(1), "t-1", 500)).await;
    assert!(matches!(part, Err(GatewayError::Refused { .. })), "{part:?}");
    for id in ["", "t/../hpp", "t?x"] {
        assert!(matches!(gateway.cancel(id).await, Err(GatewayError::Refused { .. })), "{id}");
    }
    assert_eq!(gateway.webhook(&HeaderMap::new(), b"{}", now()), Err(WebhookError::BadSignature));
    assert!(stub.asked().is_empty());
    let printed = format!("{gateway:?}");
    assert!(!printed.contains(keys::PORTAL_PASSWORD), "{printed}");
}

/// A page on which so much was paid, of which so much went back.
fn page_of(status_code: &str, refunded: Value) -> Reply {
    let paid = json!({"transactionId": "2272290", "reference": charge(1).attempt.to_string(), "amount": 1204.5,
        "amountRefunded": refunded, "currency": "AUD", "statusCode": status_code});
    reply(200, json!({"token": "t-1", "status": "PROCESSED_SUCCESSFUL", "transaction": paid}))
}

#[tokio::test]
async fn g37_the_whole_is_refunded_as_documented_and_the_charge_proves_it() {
    let whole = refund(1, &charge(1), "t-1", 120_450);
    let seen = |fact| RefundSeen { fact, gateway_id: Some(whole.refund.to_string()), amount: Some(whole.amount) };
    // Whatever is answered to the request itself: nobody shows it.
    for (answer, after, fact) in [
        (reply(200, "{}"), page_of("S", json!(1204.5)), RefundFact::Succeeded),
        (reply(201, "<html>"), page_of("S", json!(1204.5)), RefundFact::Succeeded),
        (reply(200, "{}"), page_of("S", json!(0)), RefundFact::Pending),
        (reply(200, "{}"), reply(500, ""), RefundFact::Pending),
        (
            reply(400, json!({"errorCode": "DuplicateTransaction", "errorMessage": "no"})),
            page_of("S", json!(0)),
            RefundFact::Pending,
        ),
    ] {
        let stub = Stub::start([granted(), page_of("S", json!(0)), answer, after]).await;
        assert_eq!(stubbed(&stub).refund(&whole).await.unwrap(), seen(fact.clone()));
        let sent = &stub.asked()[2];
        assert_eq!(sent.line(), "POST /businesses/90024/transactions/card-payments/2272290/refunds");
        assert!(sent.body.contains(r#""Amount":1204.50"#), "a plain decimal: {}", sent.body);
        let mut sent = body(sent);
        sent["Amount"].take();
        let (reference, description) = (whole.refund.to_string(), charge(1).description);
        assert_eq!(sent, json!({"Reference": reference, "Description": description, "Amount": null}));
    }
}

#[tokio::test]
async fn d2_no_refund_is_sent_where_the_charge_would_not_prove_it() {
    let whole = refund(1, &charge(1), "t-1", 120_450);
    for (page, expected) in [
        (page_of("S", json!(1204.5)), "paid back"),
        (page_of("S", json!(5)), "refused"),
        (page_of("S", json!(null)), "refused"),
        (page_of("R", json!(0)), "unknown"),
        (page_of("held_by_martians", json!(0)), "unknown"),
        (reply(200, json!({"token": "t-1", "status": "WAITING", "transaction": null})), "unknown"),
        (reply(200, "{}"), "unknown"),
        (reply(429, ""), "busy"),
    ] {
        let stub = Stub::start([granted(), page.clone()]).await;
        let is = match stubbed(&stub).refund(&whole).await {
            Ok(RefundSeen { fact: RefundFact::Succeeded, .. }) => "paid back",
            Ok(_) => "sent",
            Err(GatewayError::Refused { .. }) => "refused",
            Err(GatewayError::Unknown(_)) => "unknown",
            Err(GatewayError::Busy { .. }) => "busy",
            Err(GatewayError::NotSent(_)) => "not sent",
        };
        assert_eq!((is, stub.asked().len()), (expected, 2), "{page:?}");
    }
}

#[tokio::test]
async fn d2_a_refund_whose_answer_is_lost_is_found_and_never_made_twice() {
    for (fault, late, found) in [
        ("reset_after_execute", false, true),
        ("reset_after_execute", true, true),
        ("timeout_before", false, true),
        ("timeout_before", true, false),
    ] {
        let sim = Sim::start().await;
        let (url, token) = opened(&sim, &charge(1)).await;
        sim.submit(&url, &[("number", cards::APPROVED)]).await;
        let (whole, sent_at) = (refund(1, &charge(1), &token, 120_450), sim.now());
        let armed = json!({"vendor": "payrix", "fault": fault, "times": 1, "match": "/refunds"});
        sim.control("faults", armed).await;
        let lost = gateway(&sim).refund(&whole).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault}: {lost:?}");
        if late {
            sim.control("advance", json!({"minutes": 11})).await;
        }
        for _ in 0..2 {
            let seen = gateway(&sim).find_refund(&refund_look_up(&whole, None, sent_at)).await.unwrap();
            let is_found = matches!(&seen, Found::Seen(RefundSeen { fact: RefundFact::Succeeded, .. }));
            assert_eq!(is_found, found, "{fault} {late}: {seen:?}");
            assert!(is_found || seen == Found::TooEarlyToSay, "what is not seen is no proof: {seen:?}");
        }
        let made = sim.state("payrix").await["refunds"].as_array().unwrap().len();
        assert_eq!(made, usize::from(found), "{fault} {late}");
    }
}
