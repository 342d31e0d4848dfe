//! Three connections divide the calls to the books (S88-S105): which of them carried what is told by the clients that
//! have called Xero. A sync with a PSA (S101, S102) is not there yet.

use crate::{
    books_news::{OWED_AT_NORTHWIND, hear, until_known},
    connections::{press, switch_on},
    consent::consent,
    disputes::order_of,
    exceptions::a_day_later,
    invoice_pdf::pdf_of,
    refunds::{Dialog, paid, tells},
    support::{Client, House, link},
};
use serde_json::json;
use simulators::facts::{self, xero};
use std::collections::{BTreeMap, BTreeSet};

/// The clients of the three connections.
const WISE_PAY: &str = xero::PORTAL_CLIENT_ID;
const COMPANY: &str = xero::THIRD_CLIENT_ID;
const SERVICE: &str = xero::STRANGER_CLIENT_ID;
/// How often Northwind's books were read at an interval.
const ROUNDS: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
    WHERE merchant.name = 'Northwind IT' AND job.state = 'done' AND job.unique_key LIKE 'sync_books:%'";

/// By client, and by method and resource.
async fn calls(house: &House) -> BTreeMap<(String, String), u64> {
    let state = house.state("xero").await;
    let mut calls = BTreeMap::new();
    for (client, made) in state["calls"].as_object().unwrap() {
        for (call, count) in made.as_object().unwrap() {
            calls.insert((client.clone(), call.clone()), count.as_u64().unwrap());
        }
    }
    calls
}

/// Which calls an act has led to, all of them by this client; and what came of it.
async fn carried<T>(house: &House, client: &str, what: &str, act: impl Future<Output = T>) -> (BTreeSet<String>, T) {
    let before = calls(house).await;
    let done = act.await;
    let mut carried = BTreeSet::new();
    for (made, count) in calls(house).await {
        if before.get(&made).is_none_or(|earlier| *earlier < count) {
            let (by, call) = made;
            assert_eq!(by, client, "{what}: {call}");
            carried.insert(call);
        }
    }
    (carried, done)
}

/// A house in which each of three connections has a client of its own, once its books have been read.
async fn divided() -> (House, Client) {
    let house = House::new().await;
    let staff = house.staff().await;
    house.until("the first round is over", async || house.number(ROUNDS).await > 0).await;
    assert!(calls(&house).await.keys().all(|(by, _)| by == WISE_PAY), "S93: one connection carries all");
    switch_on(&house).await;
    for (lane, id, secret) in
        [("company", COMPANY, xero::THIRD_CLIENT_SECRET), ("service", SERVICE, xero::STRANGER_CLIENT_SECRET)]
    {
        let form = [("lane", lane), ("provider", "xero"), ("client_id", id), ("client_secret", secret)];
        assert_eq!(consent(&staff, &form, "allow").await, "?done=again", "{lane}");
    }
    (house, staff)
}

/// An invoice is paid, and its card's holder gets the money back by a dispute.
async fn paid_and_lost(house: &House) {
    let guest = house.client();
    let form = guest.open("INV-503").await;
    assert_eq!(guest.pay(&form, "pm_card_visa").await.status, 303);
    house.until("it is posted", async || house.books_payments("INV-503").await.len() == 1).await;
    let charges = house.charges().await;
    let charge = charges.iter().find(|charge| charge["amount_minor"] == 70_000).unwrap();
    for outcome in ["opened", "lost"] {
        order_of(house, charge, outcome).await;
    }
    house.until("it has left the books", async || house.books_payments("INV-503").await.is_empty()).await;
}

#[tokio::test]
async fn s96_s97_s98_s88_s99_s89_s90_people_and_what_follows_of_payments_go_by_the_wise_pay_connection() {
    let (house, staff) = divided().await;
    // Its own round may fall due at any moment.
    press(&staff, "Service", "pause", &[("paused", "true")]).await;
    let (read, ()) = carried(&house, WISE_PAY, "Download latest data", house.download(&staff)).await;
    assert!(read.contains("GET invoices"), "{read:?}");
    let posting = "a payment, and the job that posts it";
    let (written, form) = carried(&house, WISE_PAY, posting, paid(&house, "pm_card_visa")).await;
    assert!(written.contains("GET invoices") && written.contains("PUT payments"), "{written:?}");
    let document = async {
        let guest = house.client();
        let checkout = guest.get(&link("INV-502")).await.location.unwrap();
        let pdf = pdf_of("INV-502", &guest.get(&checkout).await.body).unwrap();
        guest.get(&pdf).await.status
    };
    let (read, status) = carried(&house, WISE_PAY, "a document", document).await;
    assert!(read.contains("GET invoices") && status == 200, "{read:?}");
    let refund = async {
        Dialog::open(&staff, &form.payment).await.press(&staff, "200.00").await;
        tells(&house, &staff, &form.payment, "Refund posted to the books").await;
    };
    let (written, ()) = carried(&house, WISE_PAY, "a refund", refund).await;
    assert!(written.contains("PUT creditnotes"), "{written:?}");
    let (written, ()) = carried(&house, WISE_PAY, "money that goes back", paid_and_lost(&house)).await;
    assert!(written.contains("POST payments"), "{written:?}");
}

#[tokio::test]
async fn s91_s93_s100_each_of_three_connections_calls_by_its_own_client() {
    let (house, staff) = divided().await;
    press(&staff, "Service", "pause", &[("paused", "true")]).await;
    for (title, client) in [("Wise-Pay", WISE_PAY), ("Company", COMPANY), ("Service", SERVICE)] {
        let (read, to) = carried(&house, client, title, press(&staff, title, "test", &[])).await;
        assert!(to.ends_with("done=works") && read.contains("GET organisation"), "{title}: {to} {read:?}");
    }
}

#[tokio::test]
async fn s103_s105_s89_what_runs_at_intervals_and_news_of_the_books_go_by_the_service_connection() {
    let (house, _) = divided().await;
    let rounds = house.number(ROUNDS).await;
    let round = async {
        house.pass_an_hour().await;
        house.until("the books are read again", async || house.number(ROUNDS).await > rounds).await;
    };
    let (read, ()) = carried(&house, SERVICE, "what runs at intervals", round).await;
    assert!(read.contains("GET invoices"), "{read:?}");
    hear(&house, "xero", &facts::NORTHWIND, xero::PORTAL_WEBHOOK_KEY).await;
    let news = async {
        house.edit_books(json!({"number": "INV-502", "amount_due_minor": 12_345})).await;
        until_known(&house, "xero", OWED_AT_NORTHWIND).await;
    };
    let (read, ()) = carried(&house, SERVICE, "news", news).await;
    assert!(read.contains("GET invoices"), "{read:?}");
    let (read, ()) = carried(&house, SERVICE, "the daily comparison", a_day_later(&house)).await;
    assert!(read.contains("GET payments"), "{read:?}");
}
