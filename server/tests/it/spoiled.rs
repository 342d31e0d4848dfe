//! Whatever comes through our doors, spoiled in any way: it is never answered with an error of ours, and nothing of it is
//! written by halves.

use crate::{
    books_news,
    partner_api::{self, Program},
    quotes,
    reef::{self, Reef},
    support::{Client, House, On, ana, field, http, link, sign_event},
};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use server::demo;
use sha2::{Digest, Sha512};
use simulators::{
    facts,
    mangle::{battered, mangled},
};

const BODIES: usize = 300;
/// All that moves with money, counted.
const MONEY: &str = "SELECT (SELECT count(*) FROM payment) + (SELECT count(*) FROM attempt) * 100
    + (SELECT count(*) FROM observation) * 10000 + (SELECT count(*) FROM claim) * 1000000
    + (SELECT count(*) FROM journal) * 100000000 + (SELECT count(*) FROM posting) * 10000000000
    + (SELECT count(*) FROM books_entry) * 1000000000000 + (SELECT count(*) FROM refund) * 100000000000000";
/// News and the jobs that read it are written together.
const HALVES: &str =
    "SELECT (SELECT count(*) FROM webhook) - (SELECT count(*) FROM job WHERE unique_key LIKE 'read_news:%')";
const SESSIONS: &str = "SELECT count(*) FROM quote_session";
/// A quote is written before the session that asks for it.
const QUOTES_ALONE: &str = "SELECT count(*) FROM quote WHERE invoice_id NOT IN (SELECT invoice_id FROM quote_session)";
/// What programs write by the API. Customers of other books have no terms.
const DOCUMENTS: &str = "SELECT (SELECT count(*) FROM customer WHERE terms_days IS NOT NULL)
    + (SELECT count(*) FROM ledger_invoice) + (SELECT count(*) FROM credit_note)
    + (SELECT count(*) FROM ledger_payment WHERE idempotency_key LIKE 'hand-%')";
/// What was answered with a document.
const ANSWERS: &str = "SELECT count(*) FROM integration_request WHERE answer IS NOT NULL";
const INVOICES_WITHOUT_LINES: &str =
    "SELECT count(*) FROM ledger_invoice WHERE invoice_id NOT IN (SELECT invoice_id FROM ledger_line)";

/// The faults of each document.
fn faults() -> Vec<Vec<u32>> {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let choices = vec(any::<u32>(), 1..6);
    (0..BODIES).map(|_| choices.new_tree(&mut runner).unwrap().current()).collect()
}

/// Nobody can be served while the books are away; anything else of the kind is a fault of ours.
fn is_ours(status: u16) -> bool {
    status >= 500 && status != 503
}

#[tokio::test]
async fn d6_f7_f22_spoiled_news_is_kept_where_it_is_signed_and_moves_nothing() {
    let house = House::without_worker().await;
    let client = house.client();
    client.pay(&client.open("INV-501").await, "pm_card_visa").await;
    let charge = house.charges().await.remove(0);
    let event = format!(
        r#"{{"id":"evt_own","object":"event","type":"payment_intent.succeeded","created":1,"data":{{"object":{{"id":{},"object":"payment_intent","amount":120450,"latest_charge":{},"metadata":{}}}}}}}"#,
        charge["payment_intent"], charge["id"], charge["metadata"]
    );
    let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
    let (secret, now) = (facts::stripe::PORTAL_WEBHOOK_SECRET, chrono::Utc::now().timestamp());
    send_spoiled_news(&house, (&url, "stripe-signature", 400), &event, |body| sign_event(body, secret, now)).await;
}

#[tokio::test]
async fn d6_f7_f22_spoiled_news_of_books_is_kept_where_it_is_signed_and_moves_nothing() {
    let house = House::without_worker().await;
    let (merchant, key) = (facts::NORTHWIND.key, facts::xero::PORTAL_WEBHOOK_KEY);
    let (provider, connection) = house.engine.demo_connection(merchant, "books").await.unwrap().unwrap();
    let url = format!("{}/webhooks/{provider}/{connection}", house.portal);
    let event = books_news::notice_of(
        "aaaaaaaa-0000-4000-8000-000000000001",
        facts::xero::TENANT_ID,
        "2026-07-09T00:44:09.923",
    );
    let sign = |body: &[u8]| books_news::signature(key, body);
    send_spoiled_news(&house, (&url, "x-xero-signature", 401), &event, sign).await;
}

#[tokio::test]
async fn d6_f7_f22_spoiled_news_of_other_gateways_is_read_or_refused_and_moves_nothing() {
    let event = r#"{"notificationId":"n-1","eventType":"net.authorize.payment.authcapture.created","payload":{"entityName":"transaction","id":"60019392075","merchantReferenceId":"R-1"}}"#;
    let reef = Reef::new().await;
    let sign = |body: &[u8]| reef::sign(facts::authorizenet::PORTAL_SIGNATURE_KEY, body);
    send_spoiled_news(&reef.house, (&reef.door("authorizenet"), "x-anet-signature", 400), event, sign).await;

    let event = r#"{"id":"TRN_1","type":"SALE","status":"CAPTURED","amount":"35000","currency":"AUD","reference":"att_00000000000000000000000000000001"}"#;
    let reef = Reef::through(|house| demo::globalpayments(&house.vendors)).await;
    let key = facts::globalpayments::PORTAL_APP_KEY.as_bytes();
    let sign = |body: &[u8]| hex::encode(Sha512::digest([body, key].concat()));
    send_spoiled_news(&reef.house, (&reef.door("globalpayments"), "x-gp-signature", 400), event, sign).await;
}

/// To a vendor's door, with the header that signs it there and what answers a forged one: under the signature of the whole
/// event, and under its own.
async fn send_spoiled_news(
    house: &House,
    (url, header, refused): (&str, &str, u16),
    event: &str,
    sign: impl Fn(&[u8]) -> String,
) {
    let (before, http) = (house.number(MONEY).await, http());
    for choices in faults() {
        let body = mangled(event, &choices);
        let is_whole = body == event.as_bytes();
        for (signature, is_signed) in [(sign(event.as_bytes()), is_whole), (sign(&body), true)] {
            let sent = http.post(url).header(header, signature).body(body.clone()).send().await.unwrap();
            let status = sent.status().as_u16();
            assert_eq!(status, if is_signed { 200 } else { refused }, "to {}", String::from_utf8_lossy(&body));
        }
    }
    assert_eq!(house.number(MONEY).await, before);
    assert_eq!(house.number(HALVES).await, 0);
}

#[tokio::test]
async fn f22_spoiled_links_and_forms_are_refused_and_never_an_error_of_ours() {
    for database in [On::Sqlite, On::Postgres] {
        if let Some(house) = House::on(database).await {
            send_spoiled(&house).await;
        }
    }
}

async fn send_spoiled(house: &House) {
    let client = house.client();
    let form = client.open("INV-501").await;
    let take: Vec<_> = form.fields("pm_card_visa").iter().map(|(name, value)| format!("{name}={value}")).collect();
    let sign_in = format!("email={}&password={}&next=/admin", facts::NORTHWIND.admin_email, facts::PASSWORD);
    let forms = [("payments/take", take.join("&")), ("payments/cancel", take.join("&")), ("session/sign_in", sign_in)];
    let link = link("INV-501");
    let (_, query) = link.split_once('?').unwrap();
    let http = http();
    // A password is looked at for a while, on purpose.
    for (n, choices) in faults().iter().enumerate().take(BODIES / 2) {
        let mut url = reqwest::Url::parse(&format!("{}/PaymentProxy/PayNow/Email", house.portal)).unwrap();
        url.set_query(Some(&String::from_utf8_lossy(&battered(query, choices))));
        let opened = http.get(url.clone()).header("accept", "text/html").send().await.unwrap().status().as_u16();
        assert!(!is_ours(opened), "{opened} to {url}");

        let (path, whole) = &forms[n % forms.len()];
        let body = battered(whole, choices);
        send_form(&house.client(), house, path, &body).await;
    }
}

async fn send_form(who: &Client, house: &House, path: &str, body: &[u8]) {
    let post = http().post(format!("{}/api/{path}", house.portal)).header("origin", &house.portal);
    let post = post.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded");
    let answered = who.send(post.body(body.to_vec())).await.status;
    assert!(!is_ours(answered), "{answered} to {path} with {}", String::from_utf8_lossy(body));
}

#[tokio::test]
async fn f22_spoiled_forms_of_staff_and_payers_are_never_an_error_of_ours_and_leave_nothing_by_halves() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.execute("UPDATE merchant SET takes_prepayments = TRUE WHERE name = 'Northwind IT'").await;
        let guest = house.client();
        let form = guest.open("INV-501").await;
        guest.pay(&form, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        let (staff, payer, paid) = (house.staff().await, ana(&house.portal).await, &form.payment);
        let refund = field(&staff.get(&format!("/admin/transactions/{paid}")).await.body, "refund");
        let invoice = field(&payer.get("/dashboard").await.body, "invoice");
        let method = field(&payer.get("/methods/new").await.body, "method");
        let forms = [
            (
                &staff,
                "refunds/start",
                format!("payment={paid}&refund={refund}&currency=USD&amount=5.00&reason=Wrong+quantity"),
            ),
            (&staff, "transactions/reallocate", format!("payment={paid}&from={invoice}&to={invoice}")),
            (&staff, "exceptions/fix", "exception=unknown:pi_1&reason=Paid+back+there&reference=RF-1".to_owned()),
            (&staff, "exceptions/decide", "exception=outcome:att_1&verdict=there&reason=&reference=pi_1".to_owned()),
            (&payer, "methods/save", format!("method={method}&token=pm_card_visa&nickname=Office")),
            (&payer, "methods/name", format!("method={method}&nickname=Travel")),
            (&payer, "payments/prepay", "amount=500.00&purpose=Hardware+for+Lyon".to_owned()),
        ];
        for (n, choices) in faults().iter().enumerate() {
            let (who, path, whole) = &forms[n % forms.len()];
            send_form(who, &house, path, &battered(whole, choices)).await;
        }
        house.assert_everything_agrees().await;
    }
}

/// To an address of programs, under an idempotency key; whether something came of it.
async fn is_made(url: &str, secret: &str, key: &str, body: Vec<u8>) -> bool {
    let post = http().post(url).bearer_auth(secret).header("idempotency-key", key);
    let status = post.body(body.clone()).send().await.unwrap().status().as_u16();
    assert!(!is_ours(status), "{status} to {url} with {}", String::from_utf8_lossy(&body));
    status == 201
}

#[tokio::test]
async fn s13_f22_a_spoiled_request_for_a_session_is_refused_or_opens_a_whole_one() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        quotes::allow(&house, false).await;
        let (whole, url) = (quotes::asked().to_string(), format!("{}{}", house.portal, quotes::SESSIONS));
        let (money, mut opened) = (house.number(MONEY).await, house.number(SESSIONS).await);
        for (n, choices) in faults().iter().enumerate() {
            let body = mangled(&whole, choices);
            opened += i64::from(is_made(&url, quotes::SECRET, &format!("8f2c:1:{n}"), body).await);
        }
        assert_eq!((house.number(SESSIONS).await, house.number(QUOTES_ALONE).await), (opened, 0));
        assert_eq!(house.number(MONEY).await, money);
    }
}

#[tokio::test]
async fn f22_a_spoiled_body_of_the_api_is_refused_or_written_whole() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let program = Program::of_harbour(&house).await;
        let totara = program.customer("Totara Dental", "TOTARA").await;
        let issued = program.invoice(&totara, "whole").await.body;
        let of_issued = format!("/api/v1/invoices/{}", issued["id"].as_str().unwrap());
        let bodies: [(String, Value); 4] = [
            ("/api/v1/customers".to_owned(), json!({ "name": "Kauri Dental", "code": "KAURI", "terms_days": 20 })),
            ("/api/v1/invoices".to_owned(), partner_api::support(&totara)),
            (
                format!("{of_issued}/payments"),
                json!({ "amount_minor": 1, "currency": "NZD", "date": "2020-02-03", "reference": "Bank 4711" }),
            ),
            (
                format!("{of_issued}/credit-notes"),
                json!({ "amount_minor": 1, "currency": "NZD", "reason": "one cent less" }),
            ),
        ];
        let (mut documents, mut answers) = (house.number(DOCUMENTS).await, house.number(ANSWERS).await);
        let without_lines = house.number(INVOICES_WITHOUT_LINES).await;
        for (n, choices) in faults().iter().enumerate() {
            let (path, whole) = &bodies[n % bodies.len()];
            let (url, body) = (format!("{}{path}", house.portal), mangled(&whole.to_string(), choices));
            let made = i64::from(is_made(&url, &program.secret, &format!("spoiled {n}"), body).await);
            (documents, answers) = (documents + made, answers + made);
        }
        assert_eq!((house.number(DOCUMENTS).await, house.number(ANSWERS).await), (documents, answers));
        assert_eq!(house.number(INVOICES_WITHOUT_LINES).await, without_lines);
        house.assert_everything_agrees().await;
    }
}
