//! Refunds at Authorize.Net's simulator: voided before settlement and paid back afterwards, once each, found when the
//! answer is lost (`wire/gateways.md`, 3.4).

use crate::{
    rig::now as sent_at,
    sim::Sim,
    stub::{Reply, Stub, reply},
    world::{TOTAL, authorizenet, dated_refund, dated_request, nobody, refund_look_up, seen, token, usd},
};
use chrono::{TimeDelta, Utc};
use connectors::gateway::{Found, Gateway, GatewayError, RefundRequest, authorizenet::AuthorizeNet};
use domain::refund::{RefundFact, RefundFailure, RefundSeen};
use serde_json::{Value, json};
use simulators::{Vendor, facts};

const VISA: &str = "4111111111111111";
const WHOLE: i64 = 120_450;
/// Old enough that its absence from the lists says something.
const LISTED: TimeDelta = TimeDelta::minutes(3);

fn gateway(sim: &Sim) -> AuthorizeNet {
    later(sim, TimeDelta::zero())
}

fn later(sim: &Sim, after: TimeDelta) -> AuthorizeNet {
    authorizenet(&format!("{}/authorizenet/xml/v1/request.api", sim.url), sim.now() + after)
}

/// A card that was charged 1,204.50, and refunds of it.
async fn charged(sim: &Sim) -> impl Fn(u128, i64) -> RefundRequest {
    let charge = dated_request(1, sim.nonce(VISA).await);
    let id = gateway(sim).charge(&charge).await.unwrap().gateway_id.unwrap();
    move |n, minor| dated_refund(n, &charge, &id, minor)
}

async fn settled(sim: &Sim) -> impl Fn(u128, i64) -> RefundRequest {
    let refund = charged(sim).await;
    sim.advance_hours(24).await;
    refund
}

/// What became of the charge, and of it was paid back.
async fn kept(sim: &Sim) -> (String, i64) {
    let charge = sim.state("authorizenet").await["charges"][0].clone();
    (charge["transaction_status"].as_str().unwrap().to_owned(), charge["refunded_minor"].as_i64().unwrap())
}

async fn refunds(sim: &Sim) -> Vec<Value> {
    sim.state("authorizenet").await["refunds"].as_array().unwrap().clone()
}

fn code<T>(outcome: Result<T, GatewayError>) -> String {
    match outcome {
        Err(GatewayError::Refused { code, .. }) => code,
        Err(other) => panic!("not refused: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn g37_before_settlement_the_whole_is_voided_and_a_part_is_refused() {
    let sim = Sim::start().await;
    let (refund, gateway) = (charged(&sim).await, gateway(&sim));
    assert_eq!(code(gateway.refund(&refund(1, 20_000)).await), "not_settled");
    assert_eq!(kept(&sim).await, ("capturedPendingSettlement".to_owned(), 0));

    let whole = refund(2, WHOLE);
    let undone = gateway.refund(&whole).await.unwrap();
    assert_eq!((&undone.fact, undone.amount), (&RefundFact::Succeeded, Some(usd(WHOLE))));
    assert_eq!(undone.gateway_id.as_ref(), Some(&whole.charge_gateway_id), "a void has no id of its own");
    for known in [None, undone.gateway_id.as_deref()] {
        assert_eq!(seen(gateway.find_refund(&refund_look_up(&whole, known, sim.now())).await), undone);
    }
    assert_eq!(kept(&sim).await, ("voided".to_owned(), 0));
    assert!(refunds(&sim).await.is_empty());
    assert!(gateway.taken_since(sim.now() - TimeDelta::days(40)).await.unwrap().is_empty());
}

#[tokio::test]
async fn g37_after_settlement_parts_are_paid_back_and_are_under_way_until_they_settle() {
    let sim = Sim::start().await;
    let refund = settled(&sim).await;
    let part = gateway(&sim).refund(&refund(1, 20_000)).await.unwrap();
    assert_eq!((&part.fact, part.amount), (&RefundFact::Pending, None));
    let again = gateway(&sim).refund(&refund(1, 20_000)).await.unwrap();
    assert_eq!(
        (again.fact, again.gateway_id),
        (RefundFact::Pending, part.gateway_id.clone()),
        "a duplicate is the first"
    );
    let same_amount = gateway(&sim).refund(&refund(2, 20_000)).await.unwrap();
    assert_ne!(same_amount.gateway_id, part.gateway_id, "another refund is no duplicate");
    assert_eq!(kept(&sim).await, ("settledSuccessfully".to_owned(), 40_000));

    let sent_at = sim.now();
    let find = async |known: Option<&str>| {
        seen(gateway(&sim).find_refund(&refund_look_up(&refund(1, 20_000), known, sent_at)).await)
    };
    let pending =
        RefundSeen { fact: RefundFact::Pending, gateway_id: part.gateway_id.clone(), amount: Some(usd(20_000)) };
    for known in [None, part.gateway_id.as_deref()] {
        assert_eq!(find(known).await, pending);
    }
    sim.advance_hours(24).await;
    for known in [None, part.gateway_id.as_deref()] {
        assert_eq!(find(known).await, RefundSeen { fact: RefundFact::Succeeded, ..pending.clone() });
    }
}

#[tokio::test]
async fn d2_a_refund_whose_answer_is_lost_is_unknown_and_then_found_once() {
    for fault in ["timeout_after_execute", "reset_after_execute", "http_after_execute:500"] {
        let sim = Sim::start().await;
        let whole = charged(&sim).await(1, WHOLE);
        sim.arm("authorizenet", fault).await;
        let lost = gateway(&sim).refund(&whole).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault}: {lost:?}");
        let found = seen(gateway(&sim).find_refund(&refund_look_up(&whole, None, sim.now())).await);
        assert_eq!(found.fact, RefundFact::Succeeded, "{fault}, voided");

        let sim = Sim::start().await;
        let part = settled(&sim).await(1, 20_000);
        sim.arm("authorizenet", fault).await;
        let lost = gateway(&sim).refund(&part).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault}: {lost:?}");
        let found = seen(gateway(&sim).find_refund(&refund_look_up(&part, None, sim.now())).await);
        assert_eq!((found.fact, found.amount), (RefundFact::Pending, Some(usd(20_000))), "{fault}");
        assert_eq!((kept(&sim).await.1, refunds(&sim).await.len()), (20_000, 1), "{fault}");
    }
}

/// Nothing is sent again: what never arrived stays absent, and its absence counts when it would have been listed.
#[tokio::test]
async fn d2_a_refund_that_never_arrived_is_not_there_and_is_not_made_by_the_look_up() {
    for (is_settled, minor) in [(false, WHOLE), (true, WHOLE), (true, 20_000)] {
        let sim = Sim::start().await;
        let request = if is_settled { settled(&sim).await(1, minor) } else { charged(&sim).await(1, minor) };
        let before = kept(&sim).await;
        let fault =
            json!({"vendor": "authorizenet", "fault": "timeout_before", "times": 1, "match": "createTransaction"});
        sim.control("faults", fault).await;
        let lost = gateway(&sim).refund(&request).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{lost:?}");
        let look_up = refund_look_up(&request, None, sim.now());
        assert_eq!(gateway(&sim).find_refund(&look_up).await.unwrap(), Found::TooEarlyToSay);
        assert_eq!(later(&sim, LISTED).find_refund(&look_up).await.unwrap(), Found::NotThere);
        assert_eq!((kept(&sim).await, refunds(&sim).await.len()), (before, 0));
    }
}

#[tokio::test]
async fn d2_a_refund_whose_charge_cannot_be_read_is_not_sent() {
    let sim = Sim::start().await;
    let refund = charged(&sim).await;
    for fault in ["timeout_before", "http:429", "http:500"] {
        let read = json!({"vendor": "authorizenet", "fault": fault, "times": 1, "match": "getTransactionDetails"});
        sim.control("faults", read).await;
        let unread = gateway(&sim).refund(&refund(1, WHOLE)).await;
        assert!(matches!(unread, Err(GatewayError::NotSent(_))), "{fault}: {unread:?}");
    }
    assert_eq!(kept(&sim).await, ("capturedPendingSettlement".to_owned(), 0));
}

#[tokio::test]
async fn g37_a_refund_that_the_bank_declines_or_that_staff_call_off_brings_no_money_back() {
    let sim = Sim::start().await;
    let refund = settled(&sim).await;
    let made = gateway(&sim).refund(&refund(1, 20_000)).await.unwrap();
    let find = refund_look_up(&refund(1, 20_000), made.gateway_id.as_deref(), sim.now());
    for (status, fact) in [
        ("generalError", RefundFact::Failed { reason: RefundFailure::Declined }),
        ("voided", RefundFact::Canceled),
        ("refundSettledSuccessfully", RefundFact::Succeeded),
    ] {
        sim.control("authorizenet/transaction", json!({"id": made.gateway_id, "status": status})).await;
        assert_eq!(seen(gateway(&sim).find_refund(&find).await).fact, fact, "{status}");
    }
}

#[tokio::test]
async fn g37_the_list_tells_ours_from_what_others_paid_back() {
    let sim = Sim::start().await;
    let refund = settled(&sim).await;
    let ours = gateway(&sim).refund(&refund(1, 20_000)).await.unwrap();
    let charge = refund(1, 0).charge_gateway_id;
    sim.refund_authorizenet(&charge, "5.00").await;
    let list = async || {
        let mut listed = gateway(&sim).refunded_since(sim.now() - TimeDelta::days(40)).await.unwrap();
        listed.sort_by_key(|row| row.amount.minor);
        listed
    };
    let listed = list().await;
    let told: Vec<_> = listed.iter().map(|row| (row.refund, row.amount, row.is_paid)).collect();
    assert_eq!(told, [(None, usd(500), false), (Some(refund(1, 0).refund), usd(20_000), false)]);
    assert_eq!((&listed[0].charge_gateway_id, Some(&listed[1].gateway_id)), (&Some(charge), ours.gateway_id.as_ref()));
    for row in &listed {
        let read = gateway(&sim).read_refund(&row.gateway_id).await.unwrap();
        assert_eq!(
            (read.refund, read.seen.amount, read.seen.fact),
            (row.refund, Some(row.amount), RefundFact::Pending)
        );
        assert_eq!(read.charge_gateway_id, listed[0].charge_gateway_id, "also of ours, by its own word");
        assert!(read.made_at.is_some());
    }
    sim.advance_hours(24).await;
    assert_eq!(list().await.iter().map(|row| row.is_paid).collect::<Vec<_>>(), [true, true]);
    assert_eq!(gateway(&sim).taken_since(sim.now() - TimeDelta::days(40)).await.unwrap().len(), 1);
}

/// By the names alone that come back: that of a void is the refund's, not the charge's.
#[tokio::test]
async fn d4_news_of_a_void_and_of_a_refund_name_the_refund() {
    let sim = Sim::start().await;
    let (early, late) = (charged(&sim).await, dated_request(2, sim.nonce(VISA).await));
    let late_id = gateway(&sim).charge(&late).await.unwrap().gateway_id.unwrap();
    let whole = early(1, WHOLE);
    let mut inbox = sim.webhooks(Vendor::AuthorizeNet, facts::authorizenet::PORTAL_SIGNATURE_KEY).await;
    gateway(&sim).refund(&whole).await.unwrap();
    sim.advance_hours(24).await;
    let part = dated_refund(2, &late, &late_id, 500);
    gateway(&sim).refund(&part).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        let (headers, body) = tokio::time::timeout(TOTAL * 4, inbox.recv()).await.unwrap().unwrap();
        let news = gateway(&sim).webhook(&headers, &body, Utc::now()).unwrap();
        assert_eq!((news.attempt, news.gateway_id), (None, None));
        told.push((news.kind, news.refund));
    }
    told.sort();
    let kind = |what: &str| format!("net.authorize.payment.{what}.created");
    assert_eq!(told, [(kind("refund"), Some(part.refund)), (kind("void"), Some(whole.refund))]);
}

fn answer(result: &str, own: Value) -> Reply {
    let code = if result == "Ok" { "I00001" } else { "E00027" };
    let mut body = json!({"messages": {"resultCode": result, "message": [{"code": code, "text": "because"}]}});
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    reply(200, body)
}

fn charge_that(status: &str) -> Reply {
    let card = json!({"creditCard": {"cardNumber": "XXXX1111", "cardType": "Visa"}});
    let charge = json!({"transId": "6001", "transactionStatus": status, "settleAmount": 1204.5, "payment": card});
    answer("Ok", json!({"transaction": charge}))
}

fn not_voided() -> Reply {
    let response = json!({"responseCode": "3", "transId": "0", "errors": [{"errorCode": "16"}]});
    answer("Error", json!({"transactionResponse": response}))
}

/// A whole refund against a vendor of these answers; all of them are used.
async fn whole_refund(script: Vec<Reply>) -> Result<RefundSeen, GatewayError> {
    let expected = script.len();
    let stub = Stub::start(script).await;
    let charge = dated_request(1, token("nonce"));
    let outcome = authorizenet(&stub.url, sent_at()).refund(&dated_refund(1, &charge, "6001", WHOLE)).await;
    assert_eq!(stub.asked().len(), expected, "{outcome:?}");
    outcome
}

#[tokio::test]
async fn g37_what_settles_while_it_is_voided_is_paid_back_instead() {
    let (early, late) = (|| charge_that("capturedPendingSettlement"), || charge_that("settledSuccessfully"));
    let taken = || answer("Ok", json!({"transactionResponse": {"responseCode": "1", "transId": "6002"}}));
    let refunded = whole_refund(vec![early(), not_voided(), late(), taken()]).await.unwrap();
    assert_eq!((refunded.fact, refunded.gateway_id.as_deref()), (RefundFact::Pending, Some("6002")));
    let by_others = whole_refund(vec![early(), not_voided(), charge_that("voided")]).await.unwrap();
    assert_eq!((by_others.fact, by_others.gateway_id.as_deref()), (RefundFact::Succeeded, Some("6001")));
    assert_eq!(code(whole_refund(vec![early(), not_voided(), early()]).await), "not_settled");
    for status in ["declined", "underReview", "returnedItem"] {
        assert_eq!(code(whole_refund(vec![charge_that(status)]).await), "not_refundable", "{status}");
    }
    let odd = whole_refund(vec![early(), answer("Ok", json!({"transactionResponse": {"responseCode": "9"}}))]).await;
    assert!(matches!(odd, Err(GatewayError::Unknown(_))), "{odd:?}");
}

#[tokio::test]
async fn d2_what_a_refund_is_answered_means_one_thing_each() {
    let said = |code: &str, id: &str, reason: &str| {
        let response = json!({"responseCode": code, "transId": id, "errors": [{"errorCode": reason}]});
        vec![charge_that("settledSuccessfully"), answer("Error", json!({"transactionResponse": response}))]
    };
    let declined = whole_refund(said("2", "6002", "2")).await.unwrap();
    assert_eq!(declined.fact, RefundFact::Failed { reason: RefundFailure::Declined });
    for reason in ["54", "55"] {
        assert_eq!(code(whole_refund(said("3", "0", reason)).await), reason);
    }
    assert_eq!(code(whole_refund(said("1", "0", "")).await), "test_mode");
    let account = json!({"transId": "6001", "transactionStatus": "settledSuccessfully",
        "payment": {"bankAccount": {"accountNumber": "XXXX6789"}}});
    assert_eq!(code(whole_refund(vec![answer("Ok", json!({"transaction": account}))]).await), "no_card");
    for script in
        [reply(500, ""), reply(200, "garbage"), answer("Ok", json!({"transactionResponse": {"transId": "1"}}))]
    {
        let outcome = whole_refund(vec![charge_that("settledSuccessfully"), script]).await;
        assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{outcome:?}");
    }
    let unnamed = dated_request(1, token("nonce"));
    let unnamed = crate::world::refund(1, &unnamed, "6001", WHOLE);
    assert_eq!(code(authorizenet(&nobody().await, sent_at()).refund(&unnamed).await), "unknown_id");
}
