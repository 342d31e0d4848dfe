//! Authorize.Net as it should not be: garbage, broken answers, its many ways to write the same, lists that lie, and the
//! paths of `find` that no simulator takes.

use crate::{
    rig::now as sent_at,
    stub::{Reply, Stub, reply},
    world::{authorizenet, authorizenet_config, dated_request, look_up, request, seen, token},
};
use chrono::{SecondsFormat, TimeDelta};
use connectors::gateway::{Found, Gateway, GatewayError, LookUp};
use domain::{
    method::MethodKind,
    money::{Currency, Money},
    payment::{DeclineReason, Fact, Observation},
    views::MethodEntry,
};
use serde_json::{Value, json};

const ID: &str = "60019392075";

fn messages(code: &str) -> Value {
    let result = if code == "I00001" { "Ok" } else { "Error" };
    json!({"resultCode": result, "message": [{"code": code, "text": "because"}]})
}

fn answer(code: &str, own: Value) -> Reply {
    let mut body = json!({"messages": messages(code)});
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    reply(200, body)
}

fn ok(own: Value) -> Reply {
    answer("I00001", own)
}

fn approved() -> Value {
    json!({"responseCode": "1", "transId": ID, "accountType": "Visa", "accountNumber": "XXXX1111"})
}

fn details(status: &str, ref_id: &str) -> Reply {
    let transaction = json!({"transId": ID, "transactionStatus": status, "responseReasonCode": 1,
        "settleAmount": 1204.5, "payment": {"creditCard": {"cardNumber": "XXXX1111", "cardType": "Visa"}}});
    ok(json!({"transaction": transaction, "transrefId": ref_id}))
}

fn row(id: &str, name: &str, minutes: i64) -> Value {
    let at = (sent_at() + TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({"transId": id, "submitTimeUTC": at, "transactionStatus": "capturedPendingSettlement",
        "invoiceNumber": name, "accountType": "Visa", "settleAmount": "1204.50"})
}

fn rows(rows: &[Value]) -> Reply {
    ok(json!({"transactions": rows, "totalNumInResultSet": rows.len()}))
}

fn no_batches() -> Reply {
    ok(json!({}))
}

async fn charged(script: Vec<Reply>) -> (Result<Observation, GatewayError>, Stub) {
    let stub = Stub::start(script).await;
    let outcome = authorizenet(&stub.url, sent_at()).charge(&dated_request(1, token("nonce"))).await;
    (outcome, stub)
}

/// The name that the adapter gives to the attempt of `dated_request(n)`.
async fn name(n: u128) -> String {
    let stub = Stub::start([]).await;
    let _ = authorizenet(&stub.url, sent_at()).charge(&dated_request(n, token("nonce"))).await;
    let body: Value = serde_json::from_str(&stub.asked()[0].body).unwrap();
    body["createTransactionRequest"]["refId"].as_str().unwrap().to_owned()
}

/// A look-up by name, ten minutes after the charge was sent; all of the script is used.
async fn found(script: Vec<Reply>) -> Result<Found, GatewayError> {
    let expected = script.len();
    let stub = Stub::start(script).await;
    let find = look_up(&dated_request(1, token("nonce")), None, sent_at());
    let found = authorizenet(&stub.url, sent_at() + TimeDelta::minutes(10)).find(&find).await;
    assert_eq!(calls(&stub).len(), expected, "{:?}", calls(&stub));
    found
}

/// The calls by their names: the address is the same for all.
fn calls(stub: &Stub) -> Vec<String> {
    let name = |body: &str| body.split('"').nth(1).unwrap_or_default().to_owned();
    stub.asked().iter().map(|asked| name(&asked.body)).collect()
}

fn fact(found: Result<Found, GatewayError>) -> Fact {
    seen(found).fact
}

#[tokio::test]
async fn d2_every_answer_that_cannot_be_trusted_is_unknown() {
    for script in [
        reply(200, ""),
        reply(200, "<html>captive portal</html>"),
        reply(200, r#"{"transactionResponse":{"responseCode":"1""#),
        reply(200, json!({"transactionResponse": approved()})),
        reply(200, "[]"),
        ok(json!({})),
        ok(json!({"transactionResponse": {"transId": ID}})),
        ok(json!({"transactionResponse": {"responseCode": "5", "transId": ID}})),
        ok(json!({"transactionResponse": approved(), "refId": "another"})),
        ok(json!({"transactionResponse": approved()})).torn(),
        answer("E00001", json!({})),
        answer("E00114", json!({})),
        answer("E00116", json!({})),
        answer("E99999", json!({})),
        reply(302, "").header("location", "http://127.0.0.1:9/"),
        reply(403, "<html>forbidden</html>"),
        reply(418, ""),
        reply(500, json!({"messages": messages("E00003")})),
        reply(503, ""),
    ] {
        let (outcome, _) = charged(vec![script.clone()]).await;
        assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{script:?} gave {outcome:?}");
    }
}

#[tokio::test]
async fn an_answer_may_be_written_in_many_ways() {
    let bom = |body: Value| reply(200, format!("\u{feff}{body}"));
    let (as_number, mut as_one) = (json!({"responseCode": 1, "transId": 60_019_392_075_u64}), messages("I00001"));
    as_one["message"] = as_one["message"][0].clone();
    for script in [
        ok(json!({"transactionResponse": approved()})),
        bom(json!({"messages": messages("I00001"), "transactionResponse": approved()})),
        bom(json!({"messages": as_one, "transactionResponse": as_number, "refId": ""})),
    ] {
        let (outcome, _) = charged(vec![script]).await;
        let seen = outcome.unwrap();
        assert_eq!((seen.fact, seen.gateway_id.as_deref(), seen.amount), (Fact::PendingSettlement, Some(ID), None));
    }
    for errors in
        [json!([{"errorCode": "65"}]), json!({"errorCode": 65}), json!([{"errorCode": "65", "errorText": ""}])]
    {
        let declined = json!({"transactionResponse": {"responseCode": "2", "transId": ID, "errors": errors}});
        let (outcome, _) = charged(vec![answer("E00027", declined)]).await;
        assert_eq!(outcome.unwrap().fact, Fact::BankNo { reason: DeclineReason::WrongSecurityCode });
    }
}

#[tokio::test]
async fn a_refused_call_is_refused_and_a_busy_server_is_busy() {
    for code in ["E00003", "E00007", "E00013", "E00027", "E00040", "E00115"] {
        let (outcome, _) = charged(vec![answer(code, json!({}))]).await;
        assert!(matches!(&outcome, Err(GatewayError::Refused { code: c, .. }) if c == code), "{outcome:?}");
    }
    for code in ["E00053", "E00104"] {
        let (outcome, _) = charged(vec![answer(code, json!({}))]).await;
        assert!(matches!(outcome, Err(GatewayError::Busy { after: None })), "{code}: {outcome:?}");
    }
    let test_mode = json!({"transactionResponse": {"responseCode": "1", "transId": "0", "testRequest": "1"}});
    let (outcome, _) = charged(vec![ok(test_mode)]).await;
    assert!(matches!(&outcome, Err(GatewayError::Refused { code, .. }) if code == "test_mode"), "{outcome:?}");
}

#[tokio::test]
async fn d1_a_duplicate_counts_when_it_proves_to_be_ours_and_is_unknown_otherwise() {
    let duplicate = |id: &str| {
        let response = json!({"responseCode": "3", "transId": id, "errors": [{"errorCode": "11"}]});
        answer("E00027", json!({"transactionResponse": response}))
    };
    let ours = name(1).await;
    let (outcome, stub) = charged(vec![duplicate(ID), details("settledSuccessfully", &ours)]).await;
    let seen = outcome.unwrap();
    assert_eq!((seen.fact, seen.gateway_id.as_deref()), (Fact::Settled, Some(ID)));
    assert_eq!(seen.amount, Some(Money::new(120_450, Currency::USD)));
    assert_eq!(calls(&stub), ["createTransactionRequest", "getTransactionDetailsRequest"]);
    let no_ref_id = ok(json!({"transaction": {"transId": ID, "transactionStatus": "settledSuccessfully"}}));
    for script in [
        vec![duplicate("0")],
        vec![duplicate(ID), details("settledSuccessfully", "somebody's")],
        vec![duplicate(ID), no_ref_id],
        vec![duplicate(ID), answer("E00040", json!({}))],
        vec![duplicate(ID), answer("E00053", json!({}))],
        vec![duplicate(ID), reply(500, "")],
    ] {
        let (outcome, _) = charged(script.clone()).await;
        assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{script:?} gave {outcome:?}");
    }
}

#[tokio::test]
async fn s66_less_than_was_asked_is_voided_and_never_taken_for_the_whole() {
    let response = |code: &str, reason: &str| {
        json!({"transactionResponse": {"responseCode": code, "transId": ID, "accountType": "Visa",
            "messages": [{"code": reason, "description": "because"}]}})
    };
    let no = Fact::BankNo { reason: DeclineReason::InsufficientFunds };
    let part = || ok(response("4", "295"));
    let (outcome, stub) = charged(vec![part(), ok(response("1", "1"))]).await;
    assert_eq!(outcome.unwrap().fact, no);
    let void = stub.asked().remove(1).body;
    assert!(void.contains("voidTransaction") && void.contains(ID), "{void}");
    let not_voided = json!({"transactionResponse": {"responseCode": "3", "errors": [{"errorCode": "16"}]}});
    for answer in [reply(500, ""), answer("E00027", not_voided)] {
        let (outcome, _) = charged(vec![part(), answer]).await;
        assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "a look-up tries again: {outcome:?}");
    }

    let ours = name(1).await;
    let listed = || rows(&[row(ID, &ours, 1)]);
    let details = |ref_id: &str, approved: f64| {
        let transaction = json!({"transId": ID, "transactionStatus": "authorizedPendingRelease",
            "authAmount": approved, "settleAmount": approved,
            "payment": {"creditCard": {"cardNumber": "XXXX1111", "cardType": "Visa"}}});
        ok(json!({"transaction": transaction, "transrefId": ref_id}))
    };
    assert_eq!(fact(found(vec![listed(), details(&ours, 600.25), ok(response("1", "310"))]).await), no);
    assert_eq!(fact(found(vec![listed(), details(&ours, 1204.5)]).await), Fact::Approved);
    for script in [
        vec![listed(), details(&ours, 600.25), reply(500, "")],
        // Somebody else's charge with our number: it is not ours to void.
        vec![listed(), details("", 600.25)],
    ] {
        let outcome = found(script).await;
        assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_charged_here_is_refused_unsent() {
    let stub = Stub::start([]).await;
    let gateway = authorizenet(&stub.url, sent_at());
    let mut dollars_of_another = dated_request(1, token("nonce"));
    dollars_of_another.amount = Money::new(1, Currency::NZD);
    for (request, expected) in
        [(dollars_of_another, "unsupported_currency"), (request(1, token("nonce")), "unknown_id")]
    {
        let outcome = gateway.charge(&request).await;
        assert!(matches!(&outcome, Err(GatewayError::Refused { code, .. }) if code == expected), "{outcome:?}");
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn d2_a_charge_is_found_by_its_name_and_proved_by_its_ref_id() {
    let ours = name(1).await;
    let seen = || details("capturedPendingSettlement", &ours);
    let others = [row("1", &name(2).await, 1), row("2", "INV-1", 1), row("3", "", 1), row(ID, &ours, 1)];
    assert_eq!(fact(found(vec![rows(&others), seen()]).await), Fact::PendingSettlement);
    let one = ok(json!({"transactions": row(ID, &ours, 1)}));
    assert_eq!(fact(found(vec![one, seen()]).await), Fact::PendingSettlement, "a list of one");
    let no_ref_id = ok(json!({"transaction": {"transId": ID, "transactionStatus": "settledSuccessfully"}}));
    let row = || rows(&[row(ID, &ours, 1)]);
    assert_eq!(fact(found(vec![row(), no_ref_id]).await), Fact::Settled, "the name is enough");
    let copied = found(vec![row(), details("settledSuccessfully", "somebody's"), no_batches()]).await;
    assert_eq!(copied.unwrap(), Found::NotThere);
}

#[tokio::test]
async fn d1_money_that_news_names_counts_beside_the_transaction_we_know_when_it_is_ours() {
    let ours = name(1).await;
    let known = || details("declined", &ours);
    let look_up = LookUp {
        told: Some("60019392076".to_owned()),
        ..look_up(&dated_request(1, token("nonce")), Some(ID), sent_at())
    };
    let found = async |script: Vec<Reply>| {
        let stub = Stub::start(script).await;
        fact(authorizenet(&stub.url, sent_at()).find(&look_up).await)
    };
    assert_eq!(found(vec![details("capturedPendingSettlement", &ours)]).await, Fact::PendingSettlement);
    for told in [details("settledSuccessfully", "somebody's"), details("declined", &ours), details("voided", &ours)] {
        assert!(matches!(found(vec![told, known()]).await, Fact::BankNo { .. }));
    }
}

#[tokio::test]
async fn d2_only_lists_that_were_read_whole_say_that_nothing_is_there() {
    let ours = name(1).await;
    let batches = || ok(json!({"batchList": [{"batchId": "7"}, {"batchId": 8}]}));
    let none = || rows(&[]);
    assert_eq!(found(vec![none(), batches(), none(), none()]).await.unwrap(), Found::NotThere);
    let settled = details("settledSuccessfully", &ours);
    let found_late = vec![none(), batches(), none(), rows(&[row(ID, &ours, 1)]), settled];
    assert_eq!(fact(found(found_late).await), Fact::Settled);
    for script in [
        vec![reply(500, "")],
        vec![none(), answer("E00011", json!({}))],
        vec![none(), batches(), none(), reply(200, "garbage")],
        vec![rows(&[row(ID, &ours, 1)]), answer("E00053", json!({}))],
    ] {
        let outcome = found(script.clone()).await;
        assert!(outcome.is_err(), "{script:?} gave {outcome:?}");
    }
}

#[tokio::test]
async fn a_long_list_is_read_until_it_is_older_than_the_charge() {
    let ours = name(1).await;
    let page = |minutes: i64| rows(&vec![row("1", "INV-1", minutes); 1000]);
    let (just_within, too_old) = (-24 * 60 + 1, -24 * 60 - 1);
    let found_row = |minutes: i64| rows(&[row(ID, &ours, minutes)]);
    let seen = || details("capturedPendingSettlement", &ours);
    assert_eq!(fact(found(vec![page(5), page(just_within), found_row(0), seen()]).await), Fact::PendingSettlement);
    assert_eq!(found(vec![page(5), page(too_old), no_batches()]).await.unwrap(), Found::NotThere);
    // Whatever the vendor's clock says: the name decides.
    for minutes in [too_old, 24 * 60 * 400] {
        assert_eq!(fact(found(vec![found_row(minutes), seen()]).await), Fact::PendingSettlement, "{minutes}");
    }
}

#[tokio::test]
async fn what_is_not_ours_is_not_counted_as_taken() {
    let (first, second) = (name(1).await, name(2).await);
    let mut refund = row("3", &first, 2);
    refund["transactionStatus"] = json!("refundPendingSettlement");
    let mut bank_debit = row("4", &name(3).await, 2);
    bank_debit["accountType"] = json!("eCheck");
    // Other programs' numbers of twenty characters, which read as ids of the year 1970 and of one after 3000.
    let (too_early, too_late) = (row("5", "00000000000000000007", 2), row("6", "zy000000000000000007", 2));
    let unsettled = [row("1", &first, 1), refund, bank_debit, too_early, too_late, row("8", "INV-1", 2)];
    let batches = ok(json!({"batchList": [{"batchId": "7"}]}));
    let mut settled = [row("1", &first, 1), row("2", &second, 2)];
    settled.iter_mut().for_each(|row| row["transactionStatus"] = json!("settledSuccessfully"));
    let stub = Stub::start([rows(&unsettled), batches, rows(&settled)]).await;
    let taken = authorizenet(&stub.url, sent_at() + TimeDelta::hours(1)).taken_since(sent_at()).await.unwrap();
    let ids: Vec<_> = taken.iter().map(|taken| (taken.gateway_id.as_str(), taken.amount.minor)).collect();
    assert_eq!(ids, [("1", 120_450), ("2", 120_450)], "what settled meanwhile stands in both lists and counts once");
    assert_eq!(taken[1].attempt, dated_request(2, token("nonce")).attempt);

    let mut unreadable = row("1", &first, 1);
    unreadable["settleAmount"] = json!("much");
    let stub = Stub::start([rows(&[unreadable]), no_batches()]).await;
    let outcome = authorizenet(&stub.url, sent_at()).taken_since(sent_at()).await;
    assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{outcome:?}");
}

#[tokio::test]
async fn cancel_reports_what_the_transaction_is_now() {
    let voided = || ok(json!({"transactionResponse": approved()}));
    let too_late = || {
        let response = json!({"responseCode": "3", "transId": "0", "errors": [{"errorCode": "16"}]});
        answer("E00027", json!({"transactionResponse": response}))
    };
    for (first, status, fact) in [
        (voided(), "voided", Fact::Voided),
        (too_late(), "settledSuccessfully", Fact::Settled),
        (too_late(), "couldNotVoid", Fact::Processing),
    ] {
        let stub = Stub::start([first, details(status, "any")]).await;
        assert_eq!(authorizenet(&stub.url, sent_at()).cancel(ID).await.unwrap().fact, fact, "{status}");
    }
    let stub = Stub::start([reply(500, "")]).await;
    assert!(matches!(authorizenet(&stub.url, sent_at()).cancel(ID).await, Err(GatewayError::Unknown(_))));
}

#[test]
fn the_browser_gets_login_and_client_key_and_no_debug_output_holds_a_key() {
    let gateway = authorizenet("https://api2.authorize.net/xml/v1/request.api", sent_at());
    let config = authorizenet_config("https://api2.authorize.net/xml/v1/request.api", sent_at());
    let (script_url, login, client_key) = (config.script_url.clone(), config.login.clone(), config.client_key.clone());
    assert_eq!(gateway.method_entry(MethodKind::Card), MethodEntry::Popup { script_url, login, client_key });
    let shown = format!("{config:?} {gateway:?}");
    assert!(shown.contains("api2.authorize.net"));
    for secret in [config.login.as_str(), "6Pn4WiSePay", "504F5254", "5FcB6"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
