//! What the adapter sends to Authorize.Net, against the bytes that the vendor's own SDK sends for the same
//! (`end2end/sdk/authorizenet.test.mjs`): the same members, in the same order, written the same way.

use crate::{
    stub::{Reply, Stub, reply},
    world::{authorizenet_config, dated_refund, dated_request, dated_store, http, look_up, token, usd},
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{ChargeHow, ChargeRequest, ForgetRequest, Gateway, StoreRequest, authorizenet::AuthorizeNet};
use domain::method::MethodKind;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The SDK's bytes. Values that cannot be the same are given as the SDK's and ours.
fn golden(name: &str, values: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../end2end/sdk/golden").join(name).with_extension("json");
    let bytes = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let client = ("sdk-node-1.0.10", concat!("wise-pay-", env!("CARGO_PKG_VERSION")));
    [client].iter().chain(values).fold(bytes, |bytes, (theirs, ours)| {
        assert!(bytes.contains(theirs), "{name} has no {theirs}");
        bytes.replace(theirs, ours)
    })
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_785_456_000, 0).unwrap()
}

/// The SDK's account, against whatever answers by this script.
async fn sent(script: &[Value], act: impl AsyncFnOnce(&AuthorizeNet)) -> Vec<String> {
    let stub = Stub::start(script.iter().map(answered)).await;
    let mut config = authorizenet_config(&stub.url, now());
    config.login = "5KP3u95bQpv".to_owned();
    config.transaction_key = "346HZ32z3fP4hTG2".into();
    act(&AuthorizeNet::new(http(), config)).await;
    let asked = stub.asked();
    assert!(asked.iter().all(|asked| asked.method == "POST" && asked.header("content-type") == "application/json"));
    asked.into_iter().map(|asked| asked.body).collect()
}

fn answered(own: &Value) -> Reply {
    let mut body = json!({"messages": {"resultCode": "Ok", "message": [{"code": "I00001", "text": "Successful."}]}});
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    reply(200, body)
}

fn charge() -> ChargeRequest {
    let nonce = token("eyJjb2RlIjoiNTBfMl8wNjAwMDUy");
    ChargeRequest { amount: usd(1234), description: "d".into(), reference: "d".into(), ..dated_request(1, nonce) }
}

fn details() -> Value {
    json!({"transaction": {"transId": "60019392075", "transactionStatus": "voided"}})
}

#[tokio::test]
async fn a_charge_is_the_sdks_to_the_byte() {
    let approved = json!({"transactionResponse": {"responseCode": "1", "transId": "60019392075"}});
    let sent = sent(&[approved], async |gateway| _ = gateway.charge(&charge()).await.unwrap()).await;
    assert_is_golden_but_for_its_name(sent, "charge-nonce");
}

#[tokio::test]
async fn a_charge_with_a_postal_code_is_the_sdks_to_the_byte() {
    let approved = json!({"transactionResponse": {"responseCode": "1", "transId": "60019392075"}});
    let request = ChargeRequest { postal_code: Some("98004".into()), ..charge() };
    let sent = sent(&[approved], async |gateway| _ = gateway.charge(&request).await.unwrap()).await;
    assert_is_golden_but_for_its_name(sent, "charge-nonce-zip");
}

#[tokio::test]
async fn the_vendors_page_is_asked_for_as_the_sdk_does() {
    let return_url = "https://pay.example.test/npe/result?a=1&b=2".into();
    let cancel_url = "https://pay.example.test/npe".into();
    let request = ChargeRequest { how: ChargeHow::HostedPage, return_url, cancel_url, ..charge() };
    let sent = sent(&[json!({"token": "t"})], async |gateway| _ = gateway.charge(&request).await.unwrap()).await;
    assert_is_golden_but_for_its_name(sent, "hosted-payment");
}

/// What was sent as `refId`.
fn name_in(sent: &str) -> &str {
    let (_, rest) = sent.split_once(r#""refId":""#).unwrap();
    rest.split_once('"').unwrap().0
}

fn assert_is_golden_but_for_its_name(sent: Vec<String>, file: &str) {
    let [sent] = sent.try_into().unwrap();
    let name = name_in(&sent);
    assert_eq!(sent, golden(file, &[("A1B2C3D4E5F6G7H8I9J0", name), ("INV-1", name)]));
}

#[tokio::test]
async fn a_void_and_the_look_at_its_transaction_are_the_sdks() {
    let voided = json!({"transactionResponse": {"responseCode": "1", "transId": "60019392075"}});
    let cancel = async |gateway: &AuthorizeNet| _ = gateway.cancel("60019392075").await.unwrap();
    let sent = sent(&[voided, details()], cancel).await;
    assert_eq!(sent, [golden("void", &[]), golden("details", &[])]);
}

#[tokio::test]
async fn a_refund_is_the_sdks_to_the_byte() {
    let card = json!({"creditCard": {"cardNumber": "XXXX1111", "cardType": "Visa"}});
    let settled = json!({"transaction": {
        "transId": "60019392075", "transactionStatus": "settledSuccessfully", "payment": card
    }});
    let taken = json!({"transactionResponse": {"responseCode": "1", "transId": "60019392076"}});
    let refund = dated_refund(1, &charge(), "60019392075", 500);
    let sent = sent(&[settled, taken], async |gateway| _ = gateway.refund(&refund).await.unwrap()).await;
    let [details, refund] = sent.try_into().unwrap();
    assert_eq!(details, golden("details", &[]));
    assert_is_golden_but_for_its_name(vec![refund], "refund-card");
}

#[tokio::test]
async fn a_refund_to_a_kept_account_is_the_sdks_to_the_byte() {
    let settled = json!({"transaction": {"transId": "60019392075", "transactionStatus": "settledSuccessfully",
        "payment": {"bankAccount": {"accountNumber": "XXXX6789"}}}});
    let taken = json!({"transactionResponse": {"responseCode": "1", "transId": "60019392076"}});
    let (customer, method) = ("901234567".to_owned(), "502345678".to_owned());
    let how = ChargeHow::Saved { customer, method, kind: MethodKind::AchDebit };
    let refund = dated_refund(1, &ChargeRequest { how, ..charge() }, "60019392075", 500);
    let sent = sent(&[settled, taken], async |gateway| _ = gateway.refund(&refund).await.unwrap()).await;
    let [_, refund] = sent.try_into().unwrap();
    assert_is_golden_but_for_its_name(vec![refund], "refund-stored");
}

#[tokio::test]
async fn a_refund_of_what_has_not_settled_is_the_sdks_void_with_its_name() {
    let early = json!({"transaction": {"transId": "60019392075", "transactionStatus": "capturedPendingSettlement"}});
    let voided = json!({"transactionResponse": {"responseCode": "1", "transId": "60019392075"}});
    let refund = dated_refund(1, &charge(), "60019392075", 1234);
    let sent = sent(&[early, voided], async |gateway| _ = gateway.refund(&refund).await.unwrap()).await;
    let [_, void] = sent.try_into().unwrap();
    let (before, rest) = void.split_once(r#","refId":""#).unwrap();
    let (name, after) = rest.split_once('"').unwrap();
    assert_eq!((name.len(), format!("{before}{after}")), (20, golden("void", &[])));
}

#[tokio::test]
async fn a_charge_of_a_kept_card_is_the_sdks_but_for_the_customer_and_what_every_charge_of_ours_has() {
    let approved = json!({"transactionResponse": {"responseCode": "1", "transId": "60019392075"}});
    let (customer, method) = ("901234567".to_owned(), "502345678".to_owned());
    let how = ChargeHow::Saved { customer, method, kind: MethodKind::Card };
    let request = ChargeRequest { how, postal_code: Some("98004".into()), ..charge() };
    let sent = sent(&[approved], async |gateway| _ = gateway.charge(&request).await.unwrap()).await;
    let [sent] = sent.try_into().unwrap();
    let name = name_in(&sent);
    let window = r#"{"settingName":"duplicateWindow","settingValue":"28800"}"#;
    let whole = format!(r#"{window},{{"settingName":"allowPartialAuth","settingValue":"false"}}"#);
    let expected = golden(
        "charge-stored",
        &[
            ("A1B2C3D4E5F6G7H8I9J0", name),
            ("INV-1", name),
            (r#""amount":"12.34","#, r#""amount":"12.34","currencyCode":"USD","#),
            (r#""customer":{"id":"c1","email":"ana@acme.test"},"#, ""),
            (window, &whole),
        ],
    );
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_card_is_kept_read_and_forgotten_as_the_sdk_does() {
    let card = json!({"creditCard": {"cardNumber": "XXXX1111", "cardType": "Visa", "expirationDate": "2030-12"}});
    let profile = json!({"profile": {"customerProfileId": "901234567",
        "paymentProfiles": [{"customerPaymentProfileId": "502345678", "payment": card}]}});
    let script = [json!({"customerProfileId": "901234567"}), profile, json!({})];
    let nonce = "eyJjb2RlIjoiNTBfMl8wNjAwMDUy";
    let request = StoreRequest { postal_code: Some("98004".into()), ..dated_store(1, nonce) };
    let forget = ForgetRequest { setup_id: Some("901234567".into()), gateway_method: Some("502345678".into()) };
    let act = async |gateway: &AuthorizeNet| {
        gateway.store(&request).await.unwrap();
        gateway.forget(&forget).await.unwrap();
    };
    let [keep, read, forget] = sent(&script, act).await.try_into().unwrap();
    let name = name_in(&keep);
    let street = r#""firstName":"Ana","lastName":"Acme","company":"Acme Pty Ltd","address":"1 Main St","city":"Bellevue","state":"WA","#;
    let expected = golden(
        "profile-create",
        &[
            ("A1B2C3D4E5F6G7H8I9J0", name),
            (r#""merchantCustomerId":"c1""#, &format!(r#""merchantCustomerId":"{name}""#)),
            (r#""email":"ana@acme.test","#, ""),
            (street, ""),
            (r#","country":"US""#, ""),
            ("testMode", "liveMode"),
        ],
    );
    assert_eq!(keep, expected);
    let id = r#""customerProfileId":"901234567""#;
    assert_eq!(read, golden("profile-read", &[(id, &format!(r#"{id},"unmaskExpirationDate":true"#))]));
    assert_eq!(forget, golden("profile-delete", &[]));
}

#[tokio::test]
async fn the_lists_are_asked_for_as_the_sdk_does() {
    let batches = json!({"batchList": [{"batchId": "3990061"}]});
    let look_up = look_up(&charge(), None, now() - TimeDelta::days(28));
    let find = async |gateway: &AuthorizeNet| _ = gateway.find(&look_up).await.unwrap();
    let sent = sent(&[json!({}), batches, json!({})], find).await;
    let days = [
        ("2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z"),
        ("2026-07-31T00:00:00Z", "2026-08-01T00:00:00Z"),
        (r#""includeStatistics":true"#, r#""includeStatistics":false"#),
    ];
    assert_eq!(sent, [golden("unsettled", &[]), golden("batches", &days), golden("batch", &[])]);
}
