//! The real server, killed between any two steps of a payment and started again: one charge or none, the outcome known
//! within a minute, the books agree (F1 of quality.md, 2.2). Where it is killed at a step, the first half of that minute is leapt
//! over with all clocks; where at random, it is waited for.

use crate::{
    reef::{LINK, Reef, VISA},
    support::{Client, DEAD_FOR, House, On, Server, at_each_step, harbour_link, http, link},
};
use serde_json::json;
use std::time::{Duration, Instant};

/// Every step of one payment at which the process can be made to die.
const STEPS: [&str; 8] = [
    "before_intent",
    "after_intent",
    "after_charge",
    "before_record_commit",
    "after_record",
    "before_post",
    "after_post",
    "before_post_commit",
];
/// Those that differ where books are our own and a gateway has no keys: whether it was charged, and is known to be.
const STEPS_ELSEWHERE: [&str; 4] = ["after_intent", "after_charge", "before_record_commit", "after_post"];
const KNOWN_WITHIN: Duration = Duration::from_secs(60);

const IN_LEDGER: &str = "SELECT count(*) FROM ledger_payment";
const WITH_MONEY: &str = "SELECT count(*) FROM attempt WHERE state IN ('approved', 'pending_settlement', 'settled')";
const MISSED: &str = "SELECT count(*) FROM observation WHERE body LIKE '%not_seen%'";
const DEAD: &str = "SELECT count(*) FROM attempt WHERE state = 'declined'";

/// Presses Pay and does not mind when the connection dies.
pub async fn press(portal: &str, number: &str) {
    press_at(portal, &link(number), "pm_card_visa").await;
}

async fn survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    {
        let mut dying = Server::start(&house, Some(step)).await;
        press(&dying.portal, "INV-501").await;
        dying.until_dead(step).await;
    }
    let restarted = Instant::now();
    house.outlive_the_dead();
    let server = Server::start(&house, None).await;
    if step == "before_intent" {
        assert!(house.charges().await.is_empty(), "nothing was meant yet, so nothing was charged");
        press(&server.portal, "INV-501").await;
    }
    let patience = KNOWN_WITHIN.saturating_sub(DEAD_FOR + restarted.elapsed());
    house.assert_paid_once_within("INV-501", 120_450, patience).await;
    // And pressing again afterwards changes nothing: once the posting is recorded, the link says so.
    let client = Client::new(&server.portal);
    house.until("the link says that it is paid", async || client.get(&link("INV-501")).await.status == 409).await;
    assert_eq!(house.charges().await.len(), 1, "{step}");
    house.assert_everything_agrees().await;
}

/// Presses Pay at the end of this link and does not mind when the connection dies.
async fn press_at(portal: &str, link: &str, token: &str) {
    let client = Client::new(portal);
    let form = client.form(&client.get(link).await.location.unwrap()).await;
    client.try_post("/api/payments/take", &form.fields(token)).await;
}

/// A merchant whose books are our own ledger: it stands there once, and was charged once. `again` pays where the gateway
/// does not make by a look-up what never reached it.
async fn survives_elsewhere(
    step: &'static str,
    house: &House,
    merchant: &str,
    link: &str,
    token: &str,
    again: Option<&str>,
) {
    {
        let mut dying = Server::start(house, Some(step)).await;
        press_at(&dying.portal, link, token).await;
        dying.until_dead(step).await;
    }
    let server = Server::start(house, None).await;
    // Whatever was not heard of is asked about by now.
    house.advance(json!({"minutes": 5})).await;
    if let (Some(again), "after_intent") = (again, step) {
        house.until("nobody has it", async || house.number(MISSED).await == 1).await;
        house.advance(json!({"minutes": 3})).await;
        house.until("it never arrived", async || house.number(DEAD).await == 1).await;
        press_at(&server.portal, link, again).await;
    }
    let stands = async || house.number(IN_LEDGER).await == 1;
    house.until_within(&format!("{step}: it stands in the ledger"), KNOWN_WITHIN, stands).await;
    let client = Client::new(&server.portal);
    house.until("the link says that it is paid", async || client.get(link).await.location.is_none()).await;
    assert_eq!(house.number(WITH_MONEY).await, 1, "{step}");
    let agree = async || !house.differences(None).await.iter().any(|words| words.starts_with(merchant));
    house.until(&format!("{step}: gateway, portal and ledger agree"), agree).await;
    assert_eq!(house.number(IN_LEDGER).await, 1, "{step}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_at_any_step_charges_once_through_the_sandbox_into_our_own_ledger() {
    futures::future::join_all(STEPS_ELSEWHERE.map(|step| async move {
        let house = House::without_portal().await;
        survives_elsewhere(step, &house, "Harbour Tech", &harbour_link("HT-1001"), "sbx_approved", None).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_f5_a_server_killed_at_any_step_charges_once_at_a_gateway_without_keys() {
    futures::future::join_all(STEPS_ELSEWHERE.map(|step| async move {
        let reef = Reef::without_portal().await;
        let (token, again) = (reef.nonce(VISA).await, reef.nonce(VISA).await);
        survives_elsewhere(step, &reef.house, "Reef Systems", LINK, &token, Some(&again)).await;
        assert_eq!(reef.taken().await.len(), 1, "{step}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_at_any_step_charges_once_and_the_books_agree_on_sqlite() {
    at_each_step(STEPS, &[On::Sqlite], survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_at_any_step_charges_once_and_the_books_agree_on_postgresql() {
    at_each_step(STEPS, &[On::Postgres], survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_posting_that_crashes_is_tried_again_with_growing_gaps_and_stands_once_it_can() {
    let house = House::without_portal().await;
    let mut crashing = Server::start(&house, Some("panic:before_post")).await;
    let (guest, admin) = (Client::new(&crashing.portal), Client::new(&crashing.portal));
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    admin.sign_in("admin@northwind.test").await;
    let story = format!("/admin/transactions/{}", form.payment);
    let crashed = async |tries: &str| {
        let page = admin.get(&story).await.body;
        page.contains("the task crashed") && page.contains(tries)
    };
    house.until("the first try has failed", async || crashed("Tried once").await).await;
    let first = Instant::now();
    house.until("the second one too", async || crashed("Tried 2 times").await).await;
    assert!(first.elapsed() < Duration::from_secs(14), "after its gap of 5 seconds, not after the lease of 15");
    assert!(crashing.process.try_wait().unwrap().is_none(), "the server lives");

    crashing.kill();
    let _server = Server::start(&house, None).await;
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_servers_killed_at_random_moments_charge_each_invoice_at_most_once() {
    let house = House::without_portal().await;
    let invoices = [("INV-501", 120_450), ("INV-502", 35_000), ("INV-503", 70_000), ("INV-601", 8_000)];
    for (round, (number, _)) in invoices.into_iter().enumerate() {
        let mut dying = Server::start(&house, None).await;
        let portal = dying.portal.clone();
        let paying = tokio::spawn(async move {
            let client = Client::new(&portal);
            let Ok(opened) = http().get(format!("{portal}{}", link(number))).send().await else {
                return;
            };
            let Some(to) = opened.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned) else {
                return;
            };
            let form = client.form(&to).await;
            let request = http().post(format!("{portal}/api/payments/take")).header("origin", &portal);
            drop(request.form(&form.fields("pm_card_visa")).send().await);
        });
        // A different moment in each round, from before the intent to after the posting.
        tokio::time::sleep(Duration::from_millis(60 * (round as u64 + 1))).await;
        dying.kill();
        drop(paying.await);
    }
    let server = Server::start(&house, None).await;
    for (number, minor) in invoices {
        house
            .until(&format!("{number} is settled one way or the other"), async || {
                let client = Client::new(&server.portal);
                let answer = client.get(&link(number)).await;
                match answer.location {
                    // Closed; but an answer that we may not have now settles nothing.
                    None => answer.status < 429,
                    Some(checkout) => client.get(&checkout).await.body.contains("name=\"expected\""),
                }
            })
            .await;
        let of_invoice = house.charges().await.iter().filter(|charge| charge["amount_minor"] == minor).count();
        assert_eq!(of_invoice, house.books_payments(number).await.len(), "{number}: gateway and books agree");
        assert!(of_invoice <= 1, "{number} was charged twice");
    }
    house.assert_everything_agrees().await;
}
