//! Saved cards at Stripe, where its word decides whether one is there (`wire/gateways.md`, 2.3 and 2.7).

use crate::{
    rig::now as sent_at,
    sim::Sim,
    stub::{Reply, Stub, reply},
    world::{REPLAYABLE, store, stripe},
};
use connectors::gateway::{ForgetRequest, Found, Gateway, GatewayError, StoreLookUp};
use domain::method::{MethodFact, MethodSeen};
use serde_json::{Value, json};

fn refused(status: u16, kind: &str) -> Reply {
    reply(status, json!({"error": {"type": kind, "message": "because"}}))
}

fn invalid(status: u16) -> Reply {
    refused(status, "invalid_request_error")
}

/// The card, and who has it saved.
fn card_of(customer: Value) -> Reply {
    reply(200, json!({"id": "pm_1", "customer": customer}))
}

fn forget(setup_id: Option<&str>, gateway_method: Option<&str>) -> ForgetRequest {
    ForgetRequest { setup_id: setup_id.map(str::to_owned), gateway_method: gateway_method.map(str::to_owned) }
}

/// A look-up of a card whose company is known by then: by the id of its set-up, or by key.
async fn found(setup_id: Option<&str>, script: Vec<Reply>) -> Result<Found<MethodSeen>, GatewayError> {
    let stub = Stub::start(script).await;
    let mut request = store(1, "pm_card_visa");
    request.gateway_customer = Some("cus_1".into());
    let look_up = StoreLookUp { request, setup_id: setup_id.map(str::to_owned), sent_at: sent_at() };
    stripe(&stub.url, sent_at() + REPLAYABLE).find_stored(&look_up).await
}

#[tokio::test]
async fn n13_a_card_is_forgotten_by_stripes_own_word_alone() {
    for (script, is_forgotten) in [
        (vec![card_of(Value::Null)], true),
        (vec![invalid(404)], true),
        (vec![invalid(400), card_of(Value::Null)], true),
        (vec![invalid(400), card_of(json!("cus_1"))], false),
        (vec![invalid(400), invalid(401)], false),
        (vec![invalid(401)], false),
        (vec![invalid(403)], false),
        (vec![invalid(429)], false),
        (vec![invalid(500)], false),
    ] {
        let stub = Stub::start(script.clone()).await;
        let forgotten = stripe(&stub.url, sent_at()).forget(&forget(None, Some("pm_1"))).await;
        assert_eq!(forgotten.is_ok(), is_forgotten, "{forgotten:?} after {script:?}");
        assert_eq!(stub.asked().len(), script.len(), "{:?}", stub.lines());
    }
}

/// The payer may be on the bank's page: what may still be saved is ended first, and what was saved meanwhile let go of.
#[tokio::test]
async fn n13_a_card_that_waits_for_its_payer_is_ended_before_it_is_forgotten() {
    const END: &str = "POST /v1/setup_intents/seti_1/cancel";
    const READ: &str = "GET /v1/setup_intents/seti_1";
    const LET_GO: &str = "POST /v1/payment_methods/pm_1/detach";
    let setup = |status: &str| reply(200, json!({"id": "seti_1", "status": status, "payment_method": "pm_1"}));
    let gone = || reply(200, json!({"id": "seti_1", "status": "canceled", "payment_method": null}));
    let done = || card_of(Value::Null);
    for (known, script, lines, is_forgotten) in [
        (None, vec![setup("canceled"), done()], vec![END, LET_GO], true),
        (Some("pm_1"), vec![setup("canceled"), done()], vec![END, LET_GO], true),
        (None, vec![gone()], vec![END], true),
        (None, vec![invalid(400), setup("succeeded"), done()], vec![END, READ, LET_GO], true),
        (None, vec![invalid(400), gone()], vec![END, READ], true),
        (None, vec![invalid(404)], vec![END], true),
        (Some("pm_1"), vec![invalid(404), done()], vec![END, LET_GO], true),
        // It can neither be ended nor is it over.
        (Some("pm_1"), vec![invalid(400), setup("processing")], vec![END, READ], false),
        (Some("pm_1"), vec![invalid(401)], vec![END], false),
        (Some("pm_1"), vec![invalid(500)], vec![END], false),
    ] {
        let stub = Stub::start(script.clone()).await;
        let forgotten = stripe(&stub.url, sent_at()).forget(&forget(Some("seti_1"), known)).await;
        assert_eq!(forgotten.is_ok(), is_forgotten, "{forgotten:?} after {script:?}");
        assert_eq!(stub.lines(), lines);
    }
    let stub = Stub::start([]).await;
    assert!(stripe(&stub.url, sent_at()).forget(&forget(None, None)).await.is_ok(), "it was never there");
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn d2_a_card_is_not_there_by_stripes_own_word_alone() {
    let list = |setups: Value| reply(200, json!({"data": setups, "has_more": false}));
    let ours = json!([{"id": "seti_1", "status": "succeeded", "payment_method": "pm_1",
        "metadata": {"method_id": store(1, "").method.to_string()}}]);
    for status in [400, 404] {
        let none = found(None, vec![invalid(status), list(json!([]))]).await.unwrap();
        assert_eq!(none, Found::NotThere, "{status}");
    }
    let kept = found(None, vec![invalid(400), list(ours)]).await.unwrap();
    assert!(matches!(&kept, Found::Seen(seen) if seen.fact == MethodFact::Ready), "{kept:?}");
    let reworded = found(None, vec![refused(400, "idempotency_error"), list(json!([]))]).await.unwrap();
    assert_eq!(reworded, Found::TooEarlyToSay, "the first words may still be executing");
    assert_eq!(found(Some("seti_1"), vec![invalid(404)]).await.unwrap(), Found::NotThere);
    for status in [401, 403, 409, 429, 500] {
        for setup_id in [None, Some("seti_1")] {
            let unsaid = found(setup_id, vec![invalid(status)]).await;
            assert!(unsaid.is_err(), "{status}, {setup_id:?}: {unsaid:?}");
        }
    }
}

/// What a merchant clears away at Stripe must not keep a company from saving cards for ever.
#[tokio::test]
async fn s52_a_company_that_was_deleted_at_stripe_is_made_anew_once_for_each_card() {
    for lost in [false, true] {
        let sim = Sim::start().await;
        let gateway = stripe(&format!("{}/stripe", sim.url), sim.now());
        let mut request = store(1, "pm_card_visa");
        request.gateway_customer = Some("cus_deleted".into());
        if lost {
            let fault =
                json!({"vendor": "stripe", "fault": "timeout_after_execute", "times": 1, "match": "/customers"});
            sim.control("faults", fault).await;
            assert!(matches!(gateway.store(&request).await, Err(GatewayError::Unknown(_))));
        }
        let look_up = StoreLookUp { request: request.clone(), setup_id: None, sent_at: sim.now() };
        let Ok(Found::Seen(found)) = gateway.find_stored(&look_up).await else { panic!("it is kept") };
        assert_eq!(found.fact, MethodFact::Ready);
        assert!(found.gateway_customer.as_deref().is_some_and(|customer| customer != "cus_deleted"), "{found:?}");
        assert_eq!(gateway.store(&request).await.unwrap(), found, "the same company, and the same card");
    }
}
