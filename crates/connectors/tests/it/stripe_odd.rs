//! Stripe as it should not be: garbage, broken answers, statuses of tomorrow, kept faults, and the paths of `find` that
//! no simulator takes.

use crate::{
    rig::now as sent_at,
    stub::{Reply, Stub, reply},
    world::{PRUNED, REPLAYABLE, look_up, request, seen, stripe, stripe_config, token, usd},
};
use connectors::gateway::{ChargeHow, Found, Gateway, GatewayError, LookUp};
use domain::{
    card::{Brand, CardKind, Funding},
    money::{Currency, Money},
    payment::{DeclineReason, Fact, Observation},
};
use serde_json::{Value, json};
use std::time::Duration;

const ATTEMPT: &str = "att_00000000000000000000000000000001";

fn intent(id: &str, status: &str) -> Value {
    json!({"id": id, "object": "payment_intent", "status": status, "amount": 120_450, "amount_received": 120_450,
        "currency": "usd", "metadata": {"attempt_id": ATTEMPT},
        "latest_charge": {"id": "ch_1", "payment_method_details": {"card": {"brand": "visa", "last4": "4242"}}}})
}

fn strangers(id: &str) -> Value {
    json!({"id": id, "status": "succeeded", "amount": 1, "currency": "usd", "metadata": {"attempt_id": "att_other"}})
}

fn list(has_more: bool, intents: &[Value]) -> Reply {
    reply(200, json!({"object": "list", "has_more": has_more, "data": intents}))
}

fn error(kind: &str, code: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": "because"}})
}

async fn charged(script: Reply) -> Result<Observation, GatewayError> {
    let stub = Stub::start([script]).await;
    stripe(&stub.url, sent_at()).charge(&request(1, token("pm_card_visa"))).await
}

/// A look-up by key, this long after the request was sent.
async fn found(after: chrono::TimeDelta, script: Vec<Reply>) -> (Result<Found, GatewayError>, Stub) {
    let expected = script.len();
    let stub = Stub::start(script).await;
    let request = request(1, token("pm_card_visa"));
    let found = stripe(&stub.url, sent_at() + after).find(&look_up(&request, None, sent_at())).await;
    assert_eq!(stub.asked().len(), expected, "{:?}", stub.lines());
    (found, stub)
}

fn fact(found: Result<Found, GatewayError>) -> Fact {
    seen(found).fact
}

#[tokio::test]
async fn d2_every_answer_that_cannot_be_trusted_is_unknown() {
    for script in [
        reply(200, ""),
        reply(200, "<html>captive portal</html>"),
        reply(200, r#"{"id":"pi_1","status":"succeeded""#),
        reply(200, r#"{"id":"pi_1","status":"succeeded","amount":"12","currency":"usd"}"#),
        reply(200, "[]"),
        reply(200, intent("pi_1", "succeeded")).torn(),
        reply(302, "").header("location", "http://127.0.0.1:9/"),
        reply(402, "not an error body"),
        reply(418, ""),
        reply(500, error("api_error", "")),
        reply(502, "<html>Bad Gateway</html>"),
        reply(503, ""),
    ] {
        let outcome = charged(script.clone()).await;
        assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{script:?} gave {outcome:?}");
    }
}

#[tokio::test]
async fn d2_an_answer_without_end_is_unknown_and_not_kept_in_memory() {
    let huge = "x".repeat(17 * 1024 * 1024);
    assert!(matches!(charged(reply(200, huge)).await, Err(GatewayError::Unknown(why)) if why.contains("larger")));
}

#[tokio::test]
async fn d2_a_name_without_an_address_is_not_sent() {
    let outcome = stripe("http://no-such-host.invalid", sent_at()).charge(&request(1, token("pm_card_visa"))).await;
    assert!(matches!(outcome, Err(GatewayError::NotSent(_))), "{outcome:?}");
}

#[tokio::test]
async fn each_status_of_http_has_its_meaning() {
    for (script, code) in [
        (reply(400, error("invalid_request_error", "parameter_missing")), "parameter_missing"),
        (reply(400, error("idempotency_error", "some_code")), "idempotency_error"),
        (reply(401, error("invalid_request_error", "")), ""),
        (reply(403, "no json"), "403"),
        (reply(404, error("invalid_request_error", "resource_missing")), "resource_missing"),
    ] {
        let outcome = charged(script).await;
        assert!(matches!(&outcome, Err(GatewayError::Refused { code: c, .. }) if c == code), "{outcome:?}");
    }
    let second = Some(Duration::from_secs(1));
    for (script, after) in [
        (reply(429, "").header("retry-after", "1"), second),
        (reply(409, error("idempotency_error", "idempotency_key_in_use")), None),
        (reply(400, error("invalid_request_error", "rate_limit")).header("retry-after", "1"), second),
        (reply(429, "").header("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None),
    ] {
        let outcome = charged(script).await;
        assert!(matches!(&outcome, Err(GatewayError::Busy { after: a }) if *a == after), "{outcome:?}");
    }
}

#[tokio::test]
async fn d10_a_402_is_an_outcome_whatever_type_it_claims() {
    let said = json!({"error": {"type": "invalid_request_error", "code": "card_declined", "decline_code": "stolen_card",
        "charge": "ch_9", "payment_method": {"card": {"brand": "amex", "last4": "0005"}}}});
    let seen = charged(reply(402, said)).await.unwrap();
    assert_eq!(seen.fact, Fact::BankNo { reason: DeclineReason::Blocked });
    assert_eq!(seen.method.unwrap().to_string(), "American Express ··0005");
    assert_eq!((seen.gateway_id, seen.charge_id.as_deref()), (None, Some("ch_9")));
}

#[tokio::test]
async fn d10_a_declined_intent_is_ended_and_failing_to_changes_nothing() {
    let said = json!({"error": {"type": "card_error", "code": "expired_card", "payment_intent": intent("pi_1", "x")}});
    for last in [reply(200, intent("pi_1", "canceled")), reply(500, "")] {
        let stub = Stub::start([reply(402, &said), last]).await;
        let seen = stripe(&stub.url, sent_at()).charge(&request(1, token("pm_1"))).await.unwrap();
        assert_eq!(seen.fact, Fact::BankNo { reason: DeclineReason::Expired });
        assert_eq!(seen.gateway_id.as_deref(), Some("pi_1"));
        assert_eq!(stub.lines(), ["POST /v1/payment_intents", "POST /v1/payment_intents/pi_1/cancel"]);
    }
}

#[tokio::test]
async fn a_page_with_a_status_of_tomorrow_is_parked_as_processing() {
    let stub = Stub::start([reply(200, json!({"id": "cs_1", "status": "paused", "url": null}))]).await;
    let seen = stripe(&stub.url, sent_at()).charge(&request(1, ChargeHow::HostedPage)).await.unwrap();
    assert_eq!((seen.fact, seen.gateway_id.as_deref()), (Fact::Processing, Some("cs_1")));
}

#[tokio::test]
async fn d12_currencies_that_stripe_counts_in_other_units_are_refused_unsent() {
    let krona: Currency = "ISK".parse().unwrap();
    let mut request = request(1, token("pm_1"));
    request.amount = Money::new(500, krona);
    let stub = Stub::start([]).await;
    let outcome = stripe(&stub.url, sent_at()).charge(&request).await;
    assert!(matches!(outcome, Err(GatewayError::Refused { .. })), "{outcome:?}");
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn d1_a_replay_is_the_same_request_to_the_byte() {
    let ok = || reply(200, intent("pi_1", "succeeded"));
    for how in [token("pm_1"), ChargeHow::HostedPage] {
        let stub = Stub::start([ok(), ok()]).await;
        let request = request(1, how);
        let now = sent_at() + REPLAYABLE;
        let _ = stripe(&stub.url, sent_at()).charge(&request).await;
        let _ = stripe(&stub.url, now).find(&look_up(&request, None, sent_at())).await;
        let [first, second] = stub.asked().try_into().unwrap();
        assert_eq!((first.line(), &first.body), (second.line(), &second.body));
        assert_eq!(first.header("idempotency-key"), request.idempotency_key);
        assert_eq!(first.headers, second.headers);
    }
}

#[tokio::test]
async fn d2_a_kept_500_is_settled_by_the_list() {
    let kept = || reply(500, error("api_error", "")).header("Idempotent-Replayed", "true");
    let (found_, stub) =
        found(REPLAYABLE, vec![kept(), list(false, &[strangers("pi_9"), intent("pi_1", "succeeded")])]).await;
    assert_eq!(fact(found_), Fact::Approved, "it had executed");
    let list_call = &stub.asked()[1];
    assert_eq!(list_call.param("created[gte]").as_deref(), Some("1799999100"));
    let (found_, _) = found(REPLAYABLE, vec![kept(), list(false, &[strangers("pi_9")])]).await;
    assert_eq!(found_.unwrap(), Found::NotThere, "the key is burnt and nothing came of it");
    let (found_, _) = found(REPLAYABLE, vec![kept(), reply(500, "")]).await;
    assert!(matches!(found_, Err(GatewayError::Unknown(_))), "an unread list proves nothing");
}

#[tokio::test]
async fn d2_a_fresh_fault_proves_nothing() {
    let fresh = || reply(500, error("api_error", ""));
    let (found_, _) = found(REPLAYABLE, vec![fresh(), list(false, &[])]).await;
    assert_eq!(found_.unwrap(), Found::TooEarlyToSay);
    let (found_, _) = found(REPLAYABLE, vec![fresh(), list(false, &[intent("pi_1", "succeeded")])]).await;
    assert_eq!(fact(found_), Fact::Approved);
    let (found_, _) = found(REPLAYABLE, vec![reply(200, "garbage").torn(), list(false, &[])]).await;
    assert_eq!(found_.unwrap(), Found::TooEarlyToSay);
}

#[tokio::test]
async fn d2_a_replay_that_is_refused_as_such_was_never_executed() {
    let refused = reply(400, error("invalid_request_error", "amount_too_small"));
    let (found_, _) = found(REPLAYABLE, vec![refused, list(false, &[])]).await;
    assert_eq!(found_.unwrap(), Found::NotThere);
    for says_nothing in [reply(401, error("x", "y")), reply(409, "")] {
        let (found_, _) = found(REPLAYABLE, vec![says_nothing]).await;
        assert!(matches!(found_, Err(GatewayError::Refused { .. } | GatewayError::Busy { .. })), "{found_:?}");
    }
}

#[tokio::test]
async fn d2_a_replay_in_other_words_is_settled_by_the_list() {
    let reworded = || reply(400, error("idempotency_error", ""));
    let (found_, _) = found(REPLAYABLE, vec![reworded(), list(false, &[intent("pi_1", "succeeded")])]).await;
    assert_eq!(fact(found_), Fact::Approved);
    let (found_, _) = found(REPLAYABLE, vec![reworded(), list(false, &[])]).await;
    assert_eq!(found_.unwrap(), Found::TooEarlyToSay, "the first words may still be executing");
}

#[tokio::test]
async fn d2_after_the_key_is_pruned_only_the_whole_list_decides() {
    let pages = || vec![list(true, &[strangers("pi_9"), strangers("pi_8")]), list(false, &[strangers("pi_7")])];
    let (found_, stub) = found(PRUNED, pages()).await;
    assert_eq!(found_.unwrap(), Found::NotThere);
    assert_eq!(stub.lines(), ["GET /v1/payment_intents", "GET /v1/payment_intents"], "nothing is posted any more");
    let starts: Vec<_> = stub.asked().iter().map(|asked| asked.param("starting_after")).collect();
    assert_eq!(starts, [None, Some("pi_8".to_owned())]);
    let mut pages = pages();
    pages[1] = list(true, &[intent("pi_1", "succeeded")]);
    let (found_, _) = found(PRUNED, pages).await;
    assert_eq!(fact(found_), Fact::Approved);
}

#[tokio::test]
async fn d2_what_is_told_of_by_its_number_counts_where_it_bears_the_attempts_name() {
    let find = async |told: &str, script: Vec<Reply>| {
        let stub = Stub::start(script).await;
        let look_up = LookUp { told: Some(told.to_owned()), ..look_up(&request(1, token("pm_1")), None, sent_at()) };
        (stripe(&stub.url, sent_at() + PRUNED).find(&look_up).await, stub.lines())
    };
    let (seen, asked) = find("pi_1", vec![reply(200, intent("pi_1", "succeeded"))]).await;
    assert_eq!(fact(seen), Fact::Approved);
    assert_eq!(asked, ["GET /v1/payment_intents/pi_1"], "however long the list is");
    let none = || list(false, &[]);
    for (told, script) in [
        ("pi_9", vec![reply(200, strangers("pi_9")), none()]),
        ("pi_8", vec![reply(404, error("invalid_request_error", "resource_missing")), none()]),
        ("../charges", vec![none()]),
    ] {
        assert_eq!(find(told, script).await.0.unwrap(), Found::NotThere, "{told}");
    }
    let (unread, _) = find("pi_1", vec![reply(500, "")]).await;
    assert!(matches!(unread, Err(GatewayError::Unknown(_))), "{unread:?}");
}

#[tokio::test]
async fn an_intent_that_was_never_confirmed_is_ended() {
    for status in ["requires_payment_method", "requires_confirmation"] {
        let script = vec![list(false, &[intent("pi_1", status)]), reply(200, intent("pi_1", "canceled"))];
        let (found_, stub) = found(PRUNED, script).await;
        assert_eq!(fact(found_), Fact::Voided);
        assert_eq!(stub.lines()[1], "POST /v1/payment_intents/pi_1/cancel");
    }
}

#[tokio::test]
async fn on_the_hosted_page_one_declined_try_decides_nothing() {
    let mut tried = intent("pi_1", "requires_payment_method");
    tried["last_payment_error"] = json!({"code": "card_declined"});
    let challenge = intent("pi_1", "requires_action");
    for open in [tried, challenge] {
        let stub = Stub::start([reply(200, open)]).await;
        let look_up = look_up(&request(1, ChargeHow::HostedPage), Some("pi_1"), sent_at());
        assert_eq!(stripe(&stub.url, sent_at()).find(&look_up).await.unwrap(), Found::TooEarlyToSay);
        assert_eq!(stub.lines(), ["GET /v1/payment_intents/pi_1"], "the payer may still pay there");
    }
}

#[tokio::test]
async fn cancel_reports_what_was_paid_meanwhile() {
    let paid_page =
        json!({"id": "cs_1", "status": "complete", "url": null, "payment_intent": intent("pi_1", "succeeded")});
    let refused = || reply(400, error("invalid_request_error", "payment_intent_unexpected_state"));
    for (id, script, fact) in [
        ("pi_1", vec![reply(200, intent("pi_1", "canceled"))], Fact::Voided),
        ("pi_1", vec![refused(), reply(200, intent("pi_1", "succeeded"))], Fact::Approved),
        ("cs_1", vec![reply(200, json!({"id": "cs_1", "status": "expired"}))], Fact::Voided),
        ("cs_1", vec![refused(), reply(200, paid_page)], Fact::Approved),
    ] {
        let stub = Stub::start(script).await;
        assert_eq!(stripe(&stub.url, sent_at()).cancel(id).await.unwrap().fact, fact, "{:?}", stub.lines());
    }
    let stub = Stub::start([reply(500, "")]).await;
    assert!(matches!(stripe(&stub.url, sent_at()).cancel("pi_1").await, Err(GatewayError::Unknown(_))));
}

#[tokio::test]
async fn an_id_that_is_not_stripes_never_reaches_an_address() {
    let stub = Stub::start([]).await;
    for id in ["", "pi", "in_1", "pi_1/../../v1/refunds", "cs_1?x=y", "pi_ä"] {
        let outcome = stripe(&stub.url, sent_at()).cancel(id).await;
        assert!(matches!(outcome, Err(GatewayError::Refused { .. })), "{id}");
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn a_difference_of_amounts_is_reported_not_hidden() {
    let mut less = intent("pi_1", "succeeded");
    less["amount_received"] = json!(100);
    assert_eq!(charged(reply(200, less)).await.unwrap().amount, Some(usd(100)));
}

#[test]
fn no_debug_output_holds_a_key() {
    let config = stripe_config("https://api.stripe.com", sent_at());
    let shown = format!("{config:?} {:?}", stripe("https://api.stripe.com", sent_at()));
    assert!(shown.contains("api.stripe.com"));
    for secret in ["sk_test", "whsec", "Northwind"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn g25_a_card_is_what_stripe_says_and_what_it_does_not_say_is_unknown() {
    for (said, brand, funding) in [
        (json!({"card": {"brand": "visa", "funding": "debit"}}), Brand::Visa, Funding::Debit),
        (json!({"card": {"brand": "eftpos_au", "funding": "prepaid"}}), Brand::Eftpos, Funding::Prepaid),
        (json!({"card": {"brand": "card_of_tomorrow", "funding": "of_tomorrow"}}), Brand::Other, Funding::Unknown),
        (json!({"card": {"brand": null}}), Brand::Other, Funding::Unknown),
        (json!({"us_bank_account": {}}), Brand::Other, Funding::Unknown),
    ] {
        let stub = Stub::start([reply(200, &said)]).await;
        let read = stripe(&stub.url, sent_at()).read_card("pm_1").await;
        assert_eq!(read.unwrap(), CardKind { brand, funding }, "{said}");
    }
    let stub = Stub::start([reply(500, json!({}))]).await;
    let stripe = stripe(&stub.url, sent_at());
    assert!(matches!(stripe.read_card("pm_1").await, Err(GatewayError::Unknown(_))));
    for no_card in ["tok_1", "pm_1/../x", ""] {
        assert!(matches!(stripe.read_card(no_card).await, Err(GatewayError::Refused { .. })), "{no_card}");
    }
    assert_eq!(stub.asked().len(), 1, "what cannot be one is not asked about");
}
