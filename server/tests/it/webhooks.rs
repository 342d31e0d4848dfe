//! A gateway's news at our door: only authentic news is taken, and nothing authentic is ever answered with an error.

use crate::support::{House, On, http, sign_event as sign};
use serde_json::{Value, json};
use simulators::facts;
use std::{
    fs::{self, File},
    process::Stdio,
};

/// Signed, and of no kind that an adapter could know: without what it is about, without anything, and no text at all.
const UNREADABLE: [&[u8]; 3] =
    [br#"{"id":"evt_thin","object":"v2.core.event","type":"v1.billing.meter.no_meter_found"}"#, b"[]", b"\xff\0"];

const PARKED: &str = "SELECT count(*) FROM webhook WHERE event_id = 'evt_again' AND state = 'parked'";
const WORKED: &str = "SELECT count(*) FROM webhook WHERE event_id = 'evt_again' AND state = 'processed'";

async fn send(house: &House, signature: &str, body: impl AsRef<[u8]>) -> u16 {
    let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
    let request = http().post(url).header("stripe-signature", signature).body(body.as_ref().to_vec());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn d6_forged_news_is_refused_and_unknown_news_is_parked_with_200() {
    let house = House::new().await;
    let now = chrono::Utc::now().timestamp();
    let secret = facts::stripe::PORTAL_WEBHOOK_SECRET;
    let body = r#"{"id":"evt_1","object":"event","type":"invoice.marked_uncollectible","created":1,"data":{"object":{"id":"in_1","object":"invoice"}}}"#;

    assert_eq!(send(&house, &sign(body, "whsec_wrong", now), body).await, 400);
    assert_eq!(send(&house, &sign(body, secret, now - 3600), body).await, 400, "too old");
    assert_eq!(send(&house, "", body).await, 400);
    let changed = body.replace("in_1", "in_2");
    assert_eq!(send(&house, &sign(body, secret, now), &changed).await, 400, "another body");

    for _ in 0..3 {
        assert_eq!(send(&house, &sign(body, secret, now), body).await, 200, "authentic, whatever it is about");
    }
    let nobody = format!("{}/webhooks/stripe/con_{}", house.portal, "0".repeat(32));
    assert_eq!(http().post(nobody).body("{}").send().await.unwrap().status(), 404);
}

/// Each of them, however often it comes, stands in the inbox once; forged, it leaves nothing. Of other gateways, `spoiled.rs`
/// holds what is answered, and their adapters what is read.
#[tokio::test]
async fn d6_signed_news_that_nobody_can_read_is_parked_with_200() {
    let house = House::new().await;
    let now = chrono::Utc::now().timestamp();
    let signed = |body: &[u8]| sign(body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
    for body in UNREADABLE {
        assert_eq!(send(&house, &signed(b"another"), body).await, 400, "{}", String::from_utf8_lossy(body));
        for _ in 0..2 {
            assert_eq!(send(&house, &signed(body), body).await, 200, "{}", String::from_utf8_lossy(body));
        }
    }
    let parked = "SELECT count(*) FROM webhook WHERE state = 'parked'";
    house.until("all are parked", async || house.number(parked).await == 3).await;
    assert_eq!(house.number("SELECT count(*) FROM webhook").await, 3);
    let inbox = house.staff().await.get("/admin/exceptions").await.body;
    assert!(inbox.contains("3 things need you"), "{inbox}");
    assert!(inbox.contains("which is not known here: unreadable news."), "{inbox}");
}

#[tokio::test]
async fn d6_news_that_could_not_be_read_is_worked_when_it_is_sent_again_and_can() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let client = house.client();
        client.pay(&client.open("INV-501").await, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        let now = chrono::Utc::now().timestamp();
        let signed = |body: &str| sign(body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
        let unreadable = r#"{"id":"evt_again","object":"event"}"#;
        assert_eq!(send(&house, &signed(unreadable), unreadable).await, 200);
        house.until("it is parked", async || house.number(PARKED).await == 1).await;

        let charge = house.charges().await.remove(0);
        let readable = format!(
            r#"{{"id":"evt_again","object":"event","type":"payment_intent.succeeded","created":{now},"data":{{"object":{{"id":{},"object":"payment_intent","latest_charge":{},"metadata":{}}}}}}}"#,
            charge["payment_intent"], charge["id"], charge["metadata"]
        );
        for _ in 0..2 {
            assert_eq!(send(&house, &signed(&readable), &readable).await, 200);
            house.until("it is worked", async || house.number(WORKED).await == 1).await;
        }
        house.assert_paid_once("INV-501", 120_450).await;
    }
}

/// What the vendor signs with from a rotation on.
const NEXT_SECRET: &str = "whsec_wisepay_portal_next";
const TOLD_OF_SECRETS: &str = "SELECT count(*) FROM audit WHERE action IN ('add webhook secret', 'drop webhook secret') \
                               AND actor = 'operator' AND subject IN ('…next', '…demo')";

/// Pays by card, and waits until each of the vendor's events has been taken.
async fn pay_and_hear(house: &House, number: &str) {
    let client = house.client();
    client.pay(&client.open(number).await, "pm_card_visa").await;
    let refused = format!("{}/stripe/v1/events?delivery_success=false&limit=100", house.vendors);
    let all_taken = async || {
        let answer = http().get(&refused).bearer_auth(facts::stripe::PORTAL_SECRET_KEY).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["data"].as_array().unwrap().is_empty()
    };
    house.until(&format!("all news up to {number} are taken"), all_taken).await;
}

#[tokio::test]
async fn d6_news_is_taken_before_while_and_after_the_vendor_goes_over_to_another_secret() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret.txt");
    fs::write(&file, format!("{NEXT_SECRET}\n")).unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = house.program(&[&["gateway-webhook-secret", "northwind"][..], arguments].concat());
        command.stdin(File::open(&file).unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The house must go on meanwhile, or its worker's lock on the database would stay.
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };

    pay_and_hear(&house, "INV-501").await;
    let rotation = json!({"vendor": "stripe", "secret": NEXT_SECRET, "overlap_hours": 1});
    let rotated =
        http().post(format!("{}/control/webhooks/rotate", house.vendors)).json(&rotation).send().await.unwrap();
    assert!(rotated.status().is_success());
    pay_and_hear(&house, "INV-502").await;
    let added = run(&["add"]).await;
    assert!(added.0 && added.1.contains("ends in …demo or …next") && !added.1.contains(NEXT_SECRET), "{added:?}");
    let twice = run(&["add", file.to_str().unwrap()]).await;
    assert!(!twice.0 && twice.1.contains("this one is there already"), "{twice:?}");
    pay_and_hear(&house, "INV-503").await;
    house.advance(json!({"hours": 2})).await;
    pay_and_hear(&house, "INV-601").await;

    let dropped = run(&["drop"]).await;
    assert!(dropped.0 && dropped.1.contains("ends in …next\n"), "{dropped:?}");
    let last = run(&["drop"]).await;
    assert!(!last.0 && last.1.contains("this is the only one"), "{last:?}");
    let (body, now) = (r#"{"id":"evt_rotated","object":"event","type":"a.kind"}"#, house.now().timestamp());
    assert_eq!(send(&house, &sign(body, facts::stripe::PORTAL_WEBHOOK_SECRET, now), body).await, 400, "dropped");
    assert_eq!(send(&house, &sign(body, NEXT_SECRET, now), body).await, 200);
    assert_eq!(house.number(TOLD_OF_SECRETS).await, 2, "a line of the operator's for each change");
}

#[tokio::test]
async fn d3_fifty_deliveries_of_one_event_post_once() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    let charge = house.charges().await.remove(0);
    let now = chrono::Utc::now().timestamp();
    let body = format!(
        r#"{{"id":"evt_same","object":"event","type":"payment_intent.succeeded","created":{now},"data":{{"object":{{"id":{},"object":"payment_intent","latest_charge":{},"metadata":{}}}}}}}"#,
        charge["payment_intent"], charge["id"], charge["metadata"]
    );
    let signature = sign(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
    let sent = futures::future::join_all((0..50).map(|_| send(&house, &signature, &body))).await;
    assert!(sent.iter().all(|status| *status == 200), "{sent:?}");
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn f6_news_that_comes_three_days_late_and_in_the_wrong_order_changes_nothing() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.arm_times("stripe", "webhook_lost", 9).await;
        let client = house.client();
        client.pay(&client.open("INV-501").await, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.advance(json!({"hours": 72})).await;
        let charge = house.charges().await.remove(0);
        let now = (chrono::Utc::now() + chrono::TimeDelta::hours(72)).timestamp();
        // Of a refund that nobody made, of a failure that a success came after, and of the beginning, at last.
        for kind in ["charge.refunded", "payment_intent.succeeded", "payment_intent.payment_failed", "charge.pending"] {
            let body = format!(
                r#"{{"id":"evt_{kind}","object":"event","type":"{kind}","created":{now},"data":{{"object":{{"id":{},"object":"payment_intent","latest_charge":{},"metadata":{}}}}}}}"#,
                charge["payment_intent"], charge["id"], charge["metadata"]
            );
            for _ in 0..2 {
                assert_eq!(send(&house, &sign(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, now), &body).await, 200);
            }
        }
        let unread = "SELECT count(*) FROM job WHERE unique_key LIKE 'read_news:%' AND state <> 'done'";
        house.until("all news are read", async || house.number(unread).await == 0).await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
    }
}
