//! Saved cards at Authorize.Net: kept once, whatever becomes of the answer, charged, paid back and forgotten
//! (`wire/gateways.md`, 3.9).

use crate::{
    rig::now as sent_at,
    sim::Sim,
    stub::{Reply, Stub, reply},
    world::{authorizenet, dated_refund, dated_request, dated_store, look_up, nobody, store},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use connectors::gateway::{
    ChargeHow, ChargeRequest, ForgetRequest, Found, Gateway, GatewayError, KeptMethod, StoreLookUp, StoreRequest,
    authorizenet::AuthorizeNet,
};
use domain::{
    method::{MethodFact, MethodKind, MethodSeen},
    payment::{DeclineReason, Fact},
    refund::RefundFact,
};
use serde_json::{Value, json};
use simulators::facts;

const VISA: &str = "4111111111111111";
/// Old enough that its absence says something.
const LISTED: TimeDelta = TimeDelta::minutes(3);

fn address(sim: &Sim) -> String {
    format!("{}/authorizenet/xml/v1/request.api", sim.url)
}

fn gateway(sim: &Sim) -> AuthorizeNet {
    authorizenet(&address(sim), sim.now())
}

/// Asks to keep this card; each `n` is another method.
async fn card(sim: &Sim, n: u128, number: &str) -> StoreRequest {
    let ChargeHow::Token(nonce) = sim.nonce(number).await else { panic!("no nonce") };
    dated_store(n, &nonce)
}

async fn kept(sim: &Sim, n: u128) -> MethodSeen {
    gateway(sim).store(&card(sim, n, VISA).await).await.unwrap()
}

/// A charge of what is kept; each `n` is another attempt.
fn charge(n: u128, kept: &MethodSeen) -> ChargeRequest {
    let (customer, method) = (kept.gateway_customer.clone().unwrap(), kept.gateway_method.clone().unwrap());
    dated_request(n, ChargeHow::Saved { customer, method, kind: MethodKind::Card })
}

fn forget(kept: &MethodSeen) -> ForgetRequest {
    ForgetRequest { setup_id: kept.setup_id.clone(), gateway_method: kept.gateway_method.clone() }
}

fn stored(request: &StoreRequest, setup_id: Option<&str>, sent_at: DateTime<Utc>) -> StoreLookUp {
    StoreLookUp { request: request.clone(), setup_id: setup_id.map(str::to_owned), sent_at }
}

/// A look-up by name, so long after it was sent.
async fn found(sim: &Sim, request: &StoreRequest, after: TimeDelta) -> Found<MethodSeen> {
    let later = authorizenet(&address(sim), sim.now() + after);
    later.find_stored(&stored(request, None, sim.now())).await.unwrap()
}

/// How many customer profiles the vendor has.
async fn profiles(sim: &Sim) -> usize {
    use facts::authorizenet::{PORTAL_LOGIN, PORTAL_TRANSACTION_KEY};
    let by = format!(r#"{{"name":"{PORTAL_LOGIN}","transactionKey":"{PORTAL_TRANSACTION_KEY}"}}"#);
    let asked = format!(r#"{{"getCustomerProfileIdsRequest":{{"merchantAuthentication":{by}}}}}"#);
    let request = reqwest::Client::new().post(address(sim)).header("content-type", "application/json").body(asked);
    let text = request.send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    answer["ids"].as_array().map_or(0, Vec::len)
}

async fn charges(sim: &Sim) -> usize {
    sim.state("authorizenet").await["charges"].as_array().unwrap().len()
}

#[tokio::test]
async fn s52_s53_a_card_is_kept_and_charged_again_and_again_without_being_typed() {
    let sim = Sim::start().await;
    let request = card(&sim, 1, VISA).await;
    let kept = gateway(&sim).store(&request).await.unwrap();
    assert_eq!(kept.fact, MethodFact::Ready);
    let shown = kept.shown.clone().unwrap();
    assert_eq!(
        (shown.face.to_string().as_str(), shown.good_until),
        ("Visa ··1111", NaiveDate::from_ymd_opt(2040, 12, 31))
    );
    assert_eq!(found(&sim, &request, TimeDelta::zero()).await, Found::Seen(kept.clone()), "by its name");
    let by_id = stored(&request, kept.setup_id.as_deref(), sim.now());
    assert_eq!(gateway(&sim).find_stored(&by_id).await.unwrap(), Found::Seen(kept.clone()));
    for n in [1, 2] {
        let charged = gateway(&sim).charge(&charge(n, &kept)).await.unwrap();
        assert_eq!(charged.fact, Fact::PendingSettlement);
        assert_eq!(charged.method.unwrap().to_string(), "Visa ··1111");
    }
    assert_eq!(charges(&sim).await, 2, "the same card and amount for another attempt");
    let again = gateway(&sim).charge(&charge(1, &kept)).await.unwrap();
    assert_eq!((again.fact, charges(&sim).await), (Fact::PendingSettlement, 2), "the same attempt is a duplicate");
}

#[tokio::test]
async fn s52_the_same_request_keeps_one_and_the_same_card_saved_twice_is_forgotten_one_by_one() {
    let sim = Sim::start().await;
    let request = card(&sim, 1, VISA).await;
    let first = gateway(&sim).store(&request).await.unwrap();
    assert_eq!(gateway(&sim).store(&request).await.unwrap(), first, "the vendor got it twice");
    assert_eq!(profiles(&sim).await, 1);
    let second = kept(&sim, 2).await;
    assert_ne!(first.gateway_method, second.gateway_method);
    gateway(&sim).forget(&forget(&first)).await.unwrap();
    assert_eq!(gateway(&sim).charge(&charge(1, &second)).await.unwrap().fact, Fact::PendingSettlement);
    let gone = gateway(&sim).charge(&charge(2, &first)).await.unwrap();
    assert_eq!(gone.fact, Fact::BankNo { reason: DeclineReason::NoLongerKept }, "its payer can choose another");
    let (customer, method) = (first.gateway_customer.unwrap(), first.gateway_method.unwrap());
    let there = KeptMethod { kind: MethodKind::Card, setup_id: first.setup_id, customer, method };
    assert_eq!(gateway(&sim).read_kept(&there).await.unwrap().fact, MethodFact::Gone);
}

#[tokio::test]
async fn d2_a_card_whose_answer_was_lost_is_found_by_its_name_and_kept_once() {
    for fault in ["timeout_after_execute", "reset_after_execute", "http_after_execute:500"] {
        let sim = Sim::start().await;
        let request = card(&sim, 1, VISA).await;
        sim.arm("authorizenet", fault).await;
        let lost = gateway(&sim).store(&request).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault}: {lost:?}");
        let Found::Seen(found) = found(&sim, &request, TimeDelta::zero()).await else { panic!("{fault}: not found") };
        assert_eq!((found.fact, profiles(&sim).await), (MethodFact::Ready, 1), "{fault}");
    }
    for fault in ["timeout_before", "http:500"] {
        let sim = Sim::start().await;
        let request = card(&sim, 1, VISA).await;
        sim.arm("authorizenet", fault).await;
        assert!(matches!(gateway(&sim).store(&request).await, Err(GatewayError::Unknown(_))), "{fault}");
        assert_eq!(found(&sim, &request, TimeDelta::seconds(5)).await, Found::TooEarlyToSay, "{fault}");
        assert_eq!(found(&sim, &request, LISTED).await, Found::NotThere, "{fault}");
        assert_eq!(profiles(&sim).await, 0, "{fault}: no look-up keeps it");
    }
    let sim = Sim::start().await;
    let unsent = authorizenet(&nobody().await, sim.now()).store(&card(&sim, 1, VISA).await).await;
    assert!(matches!(unsent, Err(GatewayError::NotSent(_))), "{unsent:?}");
}

#[tokio::test]
async fn d2_a_card_that_is_kept_and_cannot_be_read_at_once_is_read_later() {
    let sim = Sim::start().await;
    let request = card(&sim, 1, VISA).await;
    let fault =
        json!({"vendor": "authorizenet", "fault": "http:500", "times": 1, "match": "getCustomerProfileRequest"});
    sim.control("faults", fault).await;
    let unread = gateway(&sim).store(&request).await.unwrap();
    assert_eq!((&unread.fact, unread.gateway_method.as_ref()), (&MethodFact::Verifying, None));
    let look_up = stored(&request, unread.setup_id.as_deref(), sim.now());
    let Found::Seen(read) = gateway(&sim).find_stored(&look_up).await.unwrap() else { panic!("not found") };
    assert_eq!((read.fact, read.setup_id), (MethodFact::Ready, unread.setup_id));
}

#[tokio::test]
async fn s54_a_card_that_the_bank_refuses_is_not_kept() {
    let sim = Sim::start().await;
    let wrong_place = StoreRequest { postal_code: Some("46282".into()), ..card(&sim, 2, VISA).await };
    for request in [card(&sim, 1, facts::cards::DECLINED).await, wrong_place] {
        let refused = gateway(&sim).store(&request).await.unwrap();
        assert_eq!(refused.fact, MethodFact::Refused { reason: DeclineReason::Declined });
        assert_eq!(found(&sim, &request, LISTED).await, Found::NotThere);
    }
    assert_eq!(profiles(&sim).await, 0);
}

/// Whoever makes a token of an account in their browser has signed no authority.
#[tokio::test]
async fn s70_an_account_that_comes_as_a_card_is_not_kept() {
    let sim = Sim::start().await;
    let ChargeHow::Token(nonce) = sim.bank_nonce(facts::bank_accounts::CLEARS).await else { panic!("no nonce") };
    let refused = gateway(&sim).store(&dated_store(1, &nonce)).await.unwrap();
    assert_eq!(refused.fact, MethodFact::Refused { reason: DeclineReason::SetUp });
    assert_eq!(profiles(&sim).await, 0);
}

#[tokio::test]
async fn n13_what_is_forgotten_is_not_there_and_may_be_forgotten_again() {
    let sim = Sim::start().await;
    let request = card(&sim, 1, VISA).await;
    let kept = gateway(&sim).store(&request).await.unwrap();
    for _ in 0..2 {
        gateway(&sim).forget(&forget(&kept)).await.unwrap();
        assert_eq!(profiles(&sim).await, 0);
    }
    let by_id = stored(&request, kept.setup_id.as_deref(), sim.now());
    assert_eq!(gateway(&sim).find_stored(&by_id).await.unwrap(), Found::NotThere);
    let never_there = ForgetRequest { setup_id: None, gateway_method: None };
    assert!(authorizenet(&nobody().await, sim.now()).forget(&never_there).await.is_ok(), "nobody is asked");
}

#[tokio::test]
async fn d2_a_charge_of_a_kept_card_whose_answer_was_lost_is_found_once() {
    for fault in ["timeout_after_execute", "reset_after_execute"] {
        let sim = Sim::start().await;
        let charge = charge(1, &kept(&sim, 1).await);
        sim.arm("authorizenet", fault).await;
        let lost = gateway(&sim).charge(&charge).await;
        assert!(matches!(lost, Err(GatewayError::Unknown(_))), "{fault}: {lost:?}");
        let found = gateway(&sim).find(&look_up(&charge, None, sim.now())).await;
        let Ok(Found::Seen(seen)) = found else { panic!("{fault}: {found:?}") };
        assert_eq!((seen.fact, charges(&sim).await), (Fact::PendingSettlement, 1), "{fault}");
    }
}

/// The vendor's own window is two minutes; we ask for the longest that there is.
#[tokio::test]
async fn f5_the_same_charge_of_a_kept_card_is_no_second_one_after_minutes_nor_after_hours() {
    let sim = Sim::start().await;
    let charge = charge(1, &kept(&sim, 1).await);
    let first = gateway(&sim).charge(&charge).await.unwrap();
    for minutes in [1, 2, 400] {
        sim.control("advance", json!({"minutes": minutes})).await;
        let again = gateway(&sim).charge(&charge).await.unwrap();
        assert_eq!((again.gateway_id, charges(&sim).await), (first.gateway_id.clone(), 1), "{minutes}");
    }
}

#[tokio::test]
async fn d10_g37_a_charge_of_a_kept_card_may_be_declined_and_is_paid_back_like_any_other() {
    let sim = Sim::start().await;
    let kept = kept(&sim, 1).await;
    sim.arm("authorizenet", "decline:8").await;
    let declined = gateway(&sim).charge(&charge(1, &kept)).await.unwrap();
    assert_eq!(declined.fact, Fact::BankNo { reason: DeclineReason::Expired });
    let charge = charge(2, &kept);
    let id = gateway(&sim).charge(&charge).await.unwrap().gateway_id.unwrap();
    sim.advance_hours(24).await;
    // Also once it is forgotten.
    gateway(&sim).forget(&forget(&kept)).await.unwrap();
    let part = gateway(&sim).refund(&dated_refund(1, &charge, &id, 20_000)).await.unwrap();
    assert_eq!(part.fact, RefundFact::Pending);
}

fn answer(code: &str, words: &str, own: Value) -> Reply {
    let result = if code == "I00001" { "Ok" } else { "Error" };
    let mut body = json!({"messages": {"resultCode": result, "message": [{"code": code, "text": words}]}});
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    reply(200, body)
}

/// One method or none, as the vendor may write it.
fn profile(methods: Value) -> Reply {
    answer("I00001", "", json!({"profile": {"customerProfileId": 901, "paymentProfiles": methods}}))
}

#[tokio::test]
async fn f22_odd_answers_keep_nothing_that_is_not_there() {
    let card = json!({"customerPaymentProfileId": "502", "payment": {"creditCard": {"cardNumber": "XXXX1111"}}});
    let twin = "A duplicate record with ID 901 already exists.";
    for (script, fact) in [
        (vec![answer("E00039", twin, json!({})), profile(card.clone())], Ok(MethodFact::Ready)),
        (vec![answer("I00001", "", json!({"customerProfileId": 901})), profile(json!([card]))], Ok(MethodFact::Ready)),
        (vec![answer("I00001", "", json!({"customerProfileId": 901})), profile(json!([]))], Ok(MethodFact::Gone)),
        (
            vec![answer("I00001", "", json!({"customerProfileId": 901})), reply(200, "<html>")],
            Ok(MethodFact::Verifying),
        ),
        (vec![answer("E00039", "It is there.", json!({}))], Err("unknown")),
        (vec![answer("E00114", "Invalid OTS Token.", json!({}))], Err("unknown")),
        (vec![answer("E00001", "", json!({}))], Err("unknown")),
        (vec![answer("I00001", "", json!({}))], Err("unknown")),
        (vec![reply(200, "[]")], Err("unknown")),
        (vec![reply(500, "")], Err("unknown")),
        (vec![answer("E00007", "", json!({}))], Err("refused")),
        (vec![answer("E00115", "", json!({}))], Err("refused")),
        (vec![reply(429, "")], Err("busy")),
    ] {
        let stub = Stub::start(script.clone()).await;
        let seen = authorizenet(&stub.url, sent_at()).store(&dated_store(1, "nonce")).await;
        let seen = seen.map(|seen| seen.fact).map_err(|error| match error {
            GatewayError::Unknown(_) => "unknown",
            GatewayError::Refused { .. } => "refused",
            GatewayError::Busy { .. } => "busy",
            GatewayError::NotSent(_) => "not sent",
        });
        assert_eq!(seen, fact, "{script:?}");
    }
    let stub = Stub::start([]).await;
    let undated = authorizenet(&stub.url, sent_at()).store(&store(1, "nonce")).await;
    assert!(matches!(undated, Err(GatewayError::Refused { .. })), "{undated:?}");
    assert!(stub.asked().is_empty(), "what has no name of ours could not be found again");
}
