//! Whatever comes through our doors, spoiled in any way: it is never answered with an error of ours, and nothing of it is
//! written by halves.

use crate::support::{House, On, http, link, sign_event};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
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
    let before = house.number(MONEY).await;
    let (url, http) = (format!("{}/webhooks/stripe/{}", house.portal, house.gateway), http());
    let (secret, now) = (facts::stripe::PORTAL_WEBHOOK_SECRET, chrono::Utc::now().timestamp());
    for choices in faults() {
        let body = mangled(&event, &choices);
        let is_whole = body == event.as_bytes();
        for (signature, is_signed) in
            [(sign_event(&event, secret, now), is_whole), (sign_event(&body, secret, now), true)]
        {
            let sent = http.post(&url).header("stripe-signature", signature).body(body.clone()).send().await.unwrap();
            let status = sent.status().as_u16();
            assert_eq!(status, if is_signed { 200 } else { 400 }, "to {}", String::from_utf8_lossy(&body));
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
        let post = http.post(format!("{}/api/{path}", house.portal)).header("origin", &house.portal);
        let post =
            post.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded");
        let answered = post.body(body.clone()).send().await.unwrap().status().as_u16();
        assert!(!is_ours(answered), "{answered} to {path} with {}", String::from_utf8_lossy(&body));
    }
}
