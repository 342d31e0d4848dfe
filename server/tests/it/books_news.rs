//! The books' news at our door: what changes there is on our pages within seconds, and neither forged, old nor many news do
//! harm.

use crate::support::{House, On, ana, http};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::WebhookSecretChange;
use serde_json::{Value, json};
use simulators::facts::{self, HARBOUR, Merchant, NORTHWIND, SOUTHERN};

pub const OWED_AT_NORTHWIND: &str = "SELECT CAST(sum(due_minor) AS bigint) FROM invoice WHERE status = 'open'
    AND merchant_id = (SELECT id FROM merchant WHERE name = 'Northwind IT')";
const OWED_AT_SOUTHERN: &str = "SELECT CAST(sum(due_minor) AS bigint) FROM invoice WHERE status = 'open'
    AND merchant_id = (SELECT id FROM merchant WHERE name = 'Southern Cloud')";
/// Of each merchant's books, when the worker has begun.
const FIRST_SYNCS: &str = "SELECT count(*) FROM job WHERE unique_key LIKE 'sync_books:%' AND state = 'done'";
const NEWS: &str = "SELECT count(*) FROM webhook";
const UNREAD: &str = "SELECT (SELECT count(*) FROM webhook WHERE state = 'received')
    + (SELECT count(*) FROM job WHERE unique_key LIKE 'read_news:%' AND state <> 'done')";
const PARKED: &str = "SELECT count(*) FROM webhook WHERE state = 'parked'";
/// More than a test asks.
const COUNTED: i64 = 100_000;
const KEY: &str = facts::xero::PORTAL_WEBHOOK_KEY;

/// Where the news of a merchant's books come in.
async fn door(house: &House, merchant: &Merchant) -> String {
    let (provider, connection) = house.engine.demo_connection(merchant.key, "books").await.unwrap().unwrap();
    format!("{}/webhooks/{provider}/{connection}", house.portal)
}

/// Has the books send their news; what they do not tell of stays unknown, because no delta is answered.
async fn hear_alone(house: &House, vendor: &str, (merchant, secret): (&Merchant, &str), delta: &str) {
    house.until("the first syncs are over", async || house.number(FIRST_SYNCS).await >= 3).await;
    house.arm_with(json!({"vendor": vendor, "fault": "http:500", "times": COUNTED, "match": delta})).await;
    hear(house, vendor, merchant, secret).await;
}

pub async fn hear(house: &House, vendor: &str, merchant: &Merchant, secret: &str) {
    let hook = json!({"vendor": vendor, "url": door(house, merchant).await, "secret": secret});
    let answer = http().post(format!("{}/control/webhooks", house.vendors)).json(&hook).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// What a bookkeeper does in QuickBooks.
async fn edit(house: &House, what: &str, body: Value) {
    let request = http().post(format!("{}/control/qbo/{what}", house.vendors)).json(&body);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// Of what is open in the books.
async fn owed_there(house: &House, vendor: &str) -> i64 {
    let state = house.state(vendor).await;
    let is_open = |invoice: &&Value| ["AUTHORISED", "OPEN"].contains(&invoice["status"].as_str().unwrap());
    let invoices = state["invoices"].as_array().unwrap().iter().filter(is_open);
    invoices.map(|invoice| invoice["due_minor"].as_i64().unwrap()).sum()
}

pub async fn until_known(house: &House, vendor: &str, owed_here: &'static str) {
    let owed = owed_there(house, vendor).await;
    house.until(&format!("{owed} is owed here too"), async || house.number(owed_here).await == owed).await;
}

async fn until_read(house: &House) {
    house.until("all news are read", async || house.number(UNREAD).await == 0).await;
}

pub fn signature(secret: &str, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

async fn send(url: &str, signature: &str, body: &str) -> reqwest::Response {
    http().post(url).header("x-xero-signature", signature).body(body.to_owned()).send().await.unwrap()
}

async fn send_signed(url: &str, body: &str) -> u16 {
    send(url, &signature(KEY, body.as_bytes()), body).await.status().as_u16()
}

/// That this invoice was changed just now, or whenever is said.
fn notice(house: &House, id: &str) -> String {
    notice_of(id, facts::xero::TENANT_ID, &house.now().format("%Y-%m-%dT%H:%M:%S%.3f").to_string())
}

pub fn notice_of(id: &str, tenant: &str, at: &str) -> String {
    let event = json!({"resourceId": id, "eventDateUtc": at, "eventType": "UPDATE", "eventCategory": "INVOICE",
        "tenantId": tenant, "tenantType": "ORGANISATION"});
    json!({"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "A"}).to_string()
}

/// From now on, each question for invoices is counted.
async fn count_reads(house: &House) {
    let count =
        json!({"vendor": "xero", "fault": "delay_ms:0", "times": COUNTED, "match": "GET /xero/api.xro/2.0/Invoices"});
    house.arm_with(count).await;
}

async fn reads(house: &House) -> i64 {
    let armed = house.armed().await;
    let counter = armed["armed"].as_array().unwrap().iter().find(|armed| armed["fault"] == "delay_ms:0");
    COUNTED - counter.unwrap()["times"].as_i64().unwrap()
}

#[tokio::test]
async fn s66_what_a_bookkeeper_changes_in_xero_is_on_the_payers_page_without_a_sync() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        hear_alone(&house, "xero", (&NORTHWIND, KEY), "/Contacts").await;
        let ana = ana(&house.portal).await;
        let shows = async |amount: &str| ana.get("/dashboard").await.body.contains(amount);
        assert!(shows("$1,204.50").await);
        house.edit_books(json!({"number": "INV-501", "amount_due_minor": 98_765})).await;
        house.until("the new amount is shown", async || shows("$987.65").await).await;
        house.edit_books(json!({"number": "INV-501", "pay_minor": 10_000})).await;
        house.until("what was paid is taken off", async || shows("$887.65").await).await;
        house.edit_books(json!({"number": "INV-501", "status": "VOIDED"})).await;
        house.until("it is owed no more", async || !shows("$887.65").await).await;
        until_known(&house, "xero", OWED_AT_NORTHWIND).await;
        until_read(&house).await;
    }
}

#[tokio::test]
async fn s66_news_are_taken_over_behind_the_page_of_a_sync_that_is_being_kept() {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%\"sync\"%'";
    let Some(house) = House::on(On::Postgres).await else { return };
    hear_alone(&house, "xero", (&NORTHWIND, KEY), "/Contacts").await;
    let before = house.number(OWED_AT_NORTHWIND).await;
    let page = house.hold("SELECT 1 FROM sync WHERE kind = 'changes' FOR UPDATE").await;
    house.edit_books(json!({"number": "INV-501", "amount_due_minor": 98_765})).await;
    house.until("whoever read it waits", async || house.number(WAITING).await > 0).await;
    assert_eq!(house.number(OWED_AT_NORTHWIND).await, before);
    page.rollback().await.unwrap();
    until_known(&house, "xero", OWED_AT_NORTHWIND).await;
}

#[tokio::test]
async fn s66_what_a_bookkeeper_changes_in_quickbooks_is_known_here_by_either_envelope() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        hear_alone(&house, "qbo", (&SOUTHERN, facts::qbo::PORTAL_VERIFIER_TOKEN), "/cdc").await;
        let state = house.state("qbo").await;
        let unpaid = |it: &&Value| it["status"] == "OPEN" && it["paid_minor"] == 0;
        let mut unpaid = state["invoices"].as_array().unwrap().iter().filter(unpaid);
        let mut number = || unpaid.next().unwrap()["number"].clone();
        edit(&house, "invoice", json!({"number": number(), "amount_due_minor": 98_765})).await;
        until_known(&house, "qbo", OWED_AT_SOUTHERN).await;
        let voided = number();
        edit(&house, "invoice", json!({"number": voided, "void": true})).await;
        until_known(&house, "qbo", OWED_AT_SOUTHERN).await;
        edit(&house, "company", json!({"webhooks": "legacy"})).await;
        let deleted = number();
        edit(&house, "invoice", json!({"number": deleted, "delete": true})).await;
        until_known(&house, "qbo", OWED_AT_SOUTHERN).await;

        // Which invoices a payment pays, a delta tells.
        house.disarm().await;
        edit(&house, "invoice", json!({"number": number(), "pay_minor": 100})).await;
        until_known(&house, "qbo", OWED_AT_SOUTHERN).await;
        until_read(&house).await;
    }
}

#[tokio::test]
async fn f6_s66_news_of_the_books_that_come_twice_late_and_in_the_wrong_order_end_in_what_stands_there() {
    let house = House::new().await;
    hear_alone(&house, "xero", (&NORTHWIND, KEY), "/Contacts").await;
    house.arm_with(json!({"vendor": "xero", "fault": "webhook_reordered", "times": 1})).await;
    house.arm_with(json!({"vendor": "xero", "fault": "webhook_twice", "times": 9})).await;
    for (number, due) in [("INV-501", 90_000), ("INV-502", 30_000), ("INV-501", 70_000)] {
        house.edit_books(json!({"number": number, "amount_due_minor": due})).await;
    }
    house
        .until("each came, after the question whether forged ones are known", async || house.number(NEWS).await == 4)
        .await;
    until_known(&house, "xero", OWED_AT_NORTHWIND).await;
    until_read(&house).await;

    // What is sent again, or tells of a change from before the last read, asks for nothing and changes nothing.
    let (url, id) = (door(&house, &NORTHWIND).await, house.books_invoice("INV-501").await["id"].clone());
    let id = id.as_str().unwrap();
    let (kept, at) = (house.number(NEWS).await, "2026-01-01T00:00:00.000");
    count_reads(&house).await;
    let old = notice_of(id, facts::xero::TENANT_ID, at);
    for entropy in ["A", "B", "C"] {
        assert_eq!(send_signed(&url, &old.replace("\"A\"", &format!("\"{entropy}\""))).await, 200);
    }
    until_read(&house).await;
    assert_eq!((house.number(NEWS).await, reads(&house).await), (kept + 1, 0), "one piece of news, and no question");
    until_known(&house, "xero", OWED_AT_NORTHWIND).await;
}

#[tokio::test]
async fn f7_s66_only_what_the_books_have_signed_is_taken_and_only_at_their_own_address() {
    let house = House::new().await;
    let url = door(&house, &NORTHWIND).await;
    let id = house.books_invoice("INV-501").await["id"].as_str().unwrap().to_owned();
    let body = notice(&house, &id);
    let southern = door(&house, &SOUTHERN).await;
    for (what, url, secret, status) in [
        ("another key", url.as_str(), facts::xero::WEBHOOK_KEY, 401),
        ("another merchant's secret", &url, facts::qbo::PORTAL_VERIFIER_TOKEN, 401),
        ("another merchant's address", &southern, KEY, 401),
        ("another provider's address", &southern.replace("quickbooks", "xero"), KEY, 404),
        ("books of our own", &door(&house, &HARBOUR).await, KEY, 404),
        ("nobody's", &format!("{}/webhooks/xero/con_{}", house.portal, "0".repeat(32)), KEY, 404),
    ] {
        assert_eq!(send(url, &signature(secret, body.as_bytes()), &body).await.status(), status, "{what}");
    }
    let other = signature(KEY, body.replace("INV", "VNI").as_bytes());
    assert_eq!(send(&url, &other, &body).await.status(), 401, "another body");
    assert_eq!(house.number(NEWS).await, 0, "nothing of it is kept");

    house.until("the first syncs are over", async || house.number(FIRST_SYNCS).await >= 3).await;
    count_reads(&house).await;
    let intent = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0M3ENTR0PY"}"#;
    let taken = send(&url, &signature(KEY, intent.as_bytes()), intent).await;
    assert_eq!((taken.status().as_u16(), taken.headers().contains_key("set-cookie")), (200, false));
    assert!(taken.bytes().await.unwrap().is_empty());
    let foreign = notice_of(&id, "99999999-2222-4333-8444-555555555555", "2027-01-01T00:00:00.000");
    assert_eq!(send_signed(&url, &foreign).await, 200, "another organisation of the same app");
    assert_eq!(send_signed(&url, r#"{"events":[{}]}"#).await, 200, "nobody can read it");
    house.until("what cannot be read waits for a person", async || house.number(PARKED).await == 1).await;
    until_read(&house).await;
    assert_eq!(reads(&house).await, 0);
    let inbox = house.staff().await.get("/admin/exceptions").await.body;
    assert!(inbox.contains("The books told of") && inbox.contains("unreadable news."), "{inbox}");
}

#[tokio::test]
async fn s66_two_hundred_news_at_once_cost_the_books_a_few_questions() {
    let house = House::new().await;
    let url = door(&house, &NORTHWIND).await;
    house.until("the first syncs are over", async || house.number(FIRST_SYNCS).await >= 3).await;
    let state = house.state("xero").await;
    let ids: Vec<_> = state["invoices"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    let notices: Vec<_> = ids.iter().cycle().take(200).map(|id| notice(&house, id)).collect();
    count_reads(&house).await;
    let sent = futures::future::join_all(notices.iter().map(|body| send_signed(&url, body))).await;
    assert!(sent.iter().all(|status| *status == 200), "{sent:?}");
    until_read(&house).await;
    let asked = reads(&house).await;
    assert!((1..20).contains(&asked), "{asked} questions");
}

#[tokio::test]
async fn d30_s66_a_payment_of_ours_that_the_books_tell_of_stands_there_once() {
    let house = House::new().await;
    hear(&house, "xero", &NORTHWIND, KEY).await;
    let client = house.client();
    client.pay(&client.open("INV-501").await, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    until_read(&house).await;
    until_known(&house, "xero", OWED_AT_NORTHWIND).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d6_the_books_news_are_taken_before_while_and_after_their_key_is_replaced() {
    let house = House::new().await;
    let (url, next) = (door(&house, &NORTHWIND).await, "xero-demo-next-webhook-key");
    let intent = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"B"}"#;
    let taken = async |secret: &str| send(&url, &signature(secret, intent.as_bytes()), intent).await.status() == 200;
    let change = async |change| house.engine.books_webhook_secrets(NORTHWIND.key, change).await;
    assert_eq!((taken(KEY).await, taken(next).await), (true, false));
    let (address, ends) = change(Some(WebhookSecretChange::Add(next.into()))).await.unwrap();
    assert_eq!((address, ends), (url.clone(), vec!["…-key".to_owned(), "…-key".to_owned()]));
    assert_eq!((taken(KEY).await, taken(next).await), (true, true));
    // A token that is refreshed is sealed beside them.
    house.pass_an_hour().await;
    house.download(&house.staff().await).await;
    assert_eq!((taken(KEY).await, taken(next).await), (true, true));
    change(Some(WebhookSecretChange::DropOlder)).await.unwrap();
    assert_eq!((taken(KEY).await, taken(next).await), (false, true));
    assert!(change(Some(WebhookSecretChange::DropOlder)).await.is_err(), "the last one stays");
    let own = house.engine.books_webhook_secrets(HARBOUR.key, None).await;
    assert_eq!(own.unwrap_err().to_string(), "books of our own tell no news");
}
