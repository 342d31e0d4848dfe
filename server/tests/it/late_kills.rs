//! The real server, killed between any two steps of a bank debit and of what comes days after a payment: a debit that is
//! sent, that clears and then comes back, or is tried again; a dispute that is lost; a refund; and the news that tell of them.
//! Gateway, ledger and books agree afterwards, with one reversal and one mail (F1 of quality.md, 2.2).

use crate::{
    debit_retries, debits, disputes, kills,
    refunds::{Dialog, credits, refunded},
    support::{Client, DEAD_FOR, House, On, Server, ana, at_each_step, http, own_port, paid_and_booked},
};
use serde_json::{Value, json};
use simulators::facts;
use std::{net::SocketAddr, time::Duration};

/// Of a minute, what is left where some of it was leapt over.
const KNOWN_WITHIN: Duration = Duration::from_secs(60).saturating_sub(DEAD_FOR);
/// The gateway's last try to tell of something comes after 72 seconds.
const TOLD_WITHIN: Duration = Duration::from_secs(90);
/// The steps between which a debit is sent and not known to be. Before and after them, nothing is done by halves, as with a
/// card (`kills.rs`).
const SENDING_STEPS: [&str; 3] = ["after_intent", "after_charge", "before_record_commit"];
/// The same while one that failed is tried again.
const RETRY_STEPS: [&str; 2] = ["before_retry_intent", "after_retry_intent"];
/// Every step at which the process can be made to die while a debit clears, and then while it comes back: a story is killed
/// at one of each.
const DEBIT_STEPS: [(&str, &str); 9] = [
    ("before_news_commit", "before_news_commit"),
    ("after_news", "after_news"),
    ("before_record_commit", "before_record_commit"),
    ("before_news_end_commit", "before_news_end_commit"),
    ("before_post", "before_take_back"),
    ("after_post", "after_take_back"),
    ("before_post_commit", "before_take_back_commit"),
    ("before_mail_commit", "before_mail_commit"),
    ("after_mail", "after_mail"),
];
/// The same while a dispute is lost, which nobody is mailed about.
const DISPUTE_STEPS: [&str; 7] = [
    "before_news_commit",
    "after_news",
    "before_dispute_record_commit",
    "before_news_end_commit",
    "before_take_back",
    "after_take_back",
    "before_take_back_commit",
];
/// Every step of one refund at which the process can be made to die.
const REFUND_STEPS: [&str; 8] = [
    "before_refund_intent",
    "after_refund_intent",
    "after_refund",
    "before_refund_record_commit",
    "after_refund_record",
    "before_refund_post",
    "after_refund_post",
    "before_refund_post_commit",
];

const UNDER_WAY: &str = "SELECT count(*) FROM attempt WHERE state = 'processing'";
const UNREAD: &str = "SELECT count(*) FROM webhook WHERE state = 'received'";
const MAILS: &str = "SELECT count(*) FROM mail";
const RECEIPTS: &str = "SELECT count(*) FROM mail WHERE subject LIKE 'Receipt%'";
const TOLD_OF_RETURN: &str = "SELECT count(*) FROM mail WHERE subject LIKE 'Returned by your bank%'";
const REVERSALS: &str = "SELECT count(*) FROM journal WHERE kind IN ('payment_reversed', 'dispute_lost')";
const DISPUTED: &str = "SELECT count(*) FROM dispute WHERE state = 'open'";

async fn debit_survives((clearing, returning): (&str, &str), database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    let port = own_port();
    {
        let server = Server::start_at(&house, port, None).await;
        house.send_news_to(&server.portal).await;
        let (_, page) = debits::paid(&server.portal, "pm_usBankAccount_dispute").await;
        assert!(page.contains("was sent to your bank"), "{page}");
        house.until("its authority and its dates are mailed", async || house.number(MAILS).await == 2).await;
        until_all_is_told(&house).await;
    }
    {
        let _server = kill_at(&house, port, clearing, house.advance(json!({"days": 6}))).await;
        house.assert_paid_once_within("INV-501", 120_450, KNOWN_WITHIN).await;
        house.assert_everything_agrees().await;
        house.until("it is receipted", async || house.number(RECEIPTS).await == 1).await;
        until_all_is_told(&house).await;
    }
    let _server = kill_at(&house, port, returning, house.advance(json!({"days": 25}))).await;
    assert_taken_out_once(&house, returning).await;
    house.until("the payer is told", async || house.number(TOLD_OF_RETURN).await == 1).await;
    until_all_is_told(&house).await;
    assert_eq!(house.number(RECEIPTS).await, 1, "{clearing}, {returning}");
    assert_eq!(house.number(MAILS).await, 4, "{clearing}, {returning}: and that it came back, once");
}

async fn sending_survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    let account = {
        let server = Server::start(&house, None).await;
        debits::save(&ana(&server.portal).await, "pm_usBankAccount_success", "Ana Example").await.0
    };
    {
        let mut dying = Server::start(&house, Some(step)).await;
        let payer = ana(&dying.portal).await;
        let form = payer.open("INV-501").await;
        payer.try_post("/api/payments/take", &form.fields_saved(&account)).await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let _server = Server::start(&house, None).await;
    let is_sent = async || house.number(UNDER_WAY).await == 1;
    house.until_within(&format!("{step}: it is at the bank"), KNOWN_WITHIN, is_sent).await;
    house.advance(json!({"days": 7})).await;
    house.assert_paid_once_within("INV-501", 120_450, KNOWN_WITHIN).await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number(debit_retries::DEBITS).await, 1, "{step}");
}

async fn retry_survives(step: &'static str, database: On) {
    let Some(mut house) = House::vendors_alone_on(database).await else { return };
    let mail = house.mail_server().await;
    // Who dies between a fresh token and keeping it is given a day by QuickBooks, which is leapt over here.
    house.leave_southern_without_books().await;
    // What no mail has told of is not tried again.
    let smtp = ("SMTP_URL", mail.as_str());
    {
        let server = Server::start_with(&house, &[smtp]).await;
        house.portal.clone_from(&server.portal);
        debit_retries::without_money(&house).await;
        house.until("the payer reads the day", async || house.number(debit_retries::NAMED).await == 1).await;
    }
    {
        let mut dying = Server::start_with(&house, &[smtp, ("WISEPAY_FAILPOINT", step)]).await;
        debit_retries::to_the_next_try(&house, database).await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let _server = Server::start_with(&house, &[smtp]).await;
    let is_sent = async || house.number(debit_retries::SENT).await == 2;
    house.until_within(&format!("{step}: it is sent again"), KNOWN_WITHIN, is_sent).await;
    house.advance(json!({"days": 6})).await;
    house.until(&format!("{step}: it has failed again"), async || house.number(debit_retries::FAILED).await == 2).await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number(debit_retries::DEBITS).await, 2, "{step}");
    assert!(house.charges().await.is_empty() && house.books_payments("INV-501").await.is_empty(), "{step}");
}

async fn dispute_survives(step: &str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    let port = own_port();
    {
        let server = Server::start_at(&house, port, None).await;
        house.send_news_to(&server.portal).await;
        kills::press(&server.portal, "INV-501").await;
        house.assert_paid_once("INV-501", 120_450).await;
        disputes::order(&house, "opened").await;
        house.until("it is disputed", async || house.number(DISPUTED).await == 1).await;
        house.until("it is receipted", async || house.number(MAILS).await == 1).await;
        until_all_is_told(&house).await;
        house.assert_everything_agrees().await;
    }
    let _server = kill_at(&house, port, step, disputes::order(&house, "lost")).await;
    assert_taken_out_once(&house, step).await;
    until_all_is_told(&house).await;
    assert_eq!(house.number(MAILS).await, 1, "{step}: the card's holder did it themselves");
}

/// Starts a server, lets it die at this step of what happens then, and starts one in its place.
async fn kill_at<T>(house: &House, port: SocketAddr, step: &str, happens: impl Future<Output = T>) -> Server {
    {
        let mut dying = Server::start_at(house, port, Some(step)).await;
        happens.await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let server = Server::start_at(house, port, None).await;
    // The gateway tells now what it could not tell the dead: as little time as makes it do so goes by.
    house.advance(json!({"seconds": 1})).await;
    server
}

/// The gateway has no more news to bring, and all of it was read: a server that is started now dies of what comes then.
async fn until_all_is_told(house: &House) {
    let events = format!("{}/stripe/v1/events?limit=100", house.vendors);
    let is_told = async || {
        let request = http().get(&events).bearer_auth(facts::stripe::PORTAL_SECRET_KEY);
        let told: Value = request.send().await.unwrap().json().await.unwrap();
        told["data"].as_array().unwrap().iter().all(|event| event["pending_webhooks"] == 0)
            && house.number(UNREAD).await == 0
    };
    house.until_within("the gateway has told everything", TOLD_WITHIN, is_told).await;
}

async fn assert_taken_out_once(house: &House, step: &str) {
    let is_out = async || house.books_payments("INV-501").await.is_empty();
    house.until_within(&format!("{step}: the books have let go of it"), KNOWN_WITHIN, is_out).await;
    house.assert_everything_agrees().await;
    assert_eq!(house.books_invoice("INV-501").await["due_minor"], 120_450, "{step}: it is owed again");
    assert_eq!(house.number(REVERSALS).await, 1, "{step}");
}

async fn refund_survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    let form = {
        let server = Server::start(&house, None).await;
        paid_and_booked(&house, &server.portal).await.1
    };
    {
        let mut dying = Server::start(&house, Some(step)).await;
        press_refund(&dying.portal, &form.payment).await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let server = Server::start(&house, None).await;
    if step == "before_refund_intent" {
        assert_eq!(refunded(&house).await, 0, "nothing was meant yet, so nothing was paid back");
        press_refund(&server.portal, &form.payment).await;
    }
    let paid_out = async || credits(&house).await == [("PAID".to_owned(), 120_450)];
    house.until_within(&format!("{step}: it stands in the books once"), KNOWN_WITHIN, paid_out).await;
    assert_eq!(refunded(&house).await, 120_450, "{step}");
    house.assert_everything_agrees().await;
}

/// Presses Refund for the whole and does not mind when the connection dies.
async fn press_refund(portal: &str, payment: &str) {
    let admin = Client::new(portal);
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    let dialog = Dialog::open(&admin, payment).await;
    admin.try_post("/api/refunds/start", &dialog.fields(&dialog.most)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d8_a_server_killed_while_it_sends_a_debit_sends_it_once() {
    at_each_step(SENDING_STEPS, &[On::Sqlite, On::Postgres], sending_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d10_a_server_killed_while_it_tries_a_debit_again_sends_it_once() {
    at_each_step(RETRY_STEPS, &[On::Sqlite, On::Postgres], retry_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d9_a_server_killed_at_any_step_of_a_late_return_reverses_it_once_on_sqlite() {
    at_each_step(DEBIT_STEPS, &[On::Sqlite], debit_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d9_a_server_killed_at_any_step_of_a_late_return_reverses_it_once_on_postgresql() {
    at_each_step(DEBIT_STEPS, &[On::Postgres], debit_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_f23_a_server_killed_at_any_step_of_a_lost_dispute_takes_it_out_once_on_sqlite() {
    at_each_step(DISPUTE_STEPS, &[On::Sqlite], dispute_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_f23_a_server_killed_at_any_step_of_a_lost_dispute_takes_it_out_once_on_postgresql() {
    at_each_step(DISPUTE_STEPS, &[On::Postgres], dispute_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_at_any_step_of_a_refund_pays_back_once_and_the_books_agree_on_sqlite() {
    at_each_step(REFUND_STEPS, &[On::Sqlite], refund_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_at_any_step_of_a_refund_pays_back_once_and_the_books_agree_on_postgresql() {
    at_each_step(REFUND_STEPS, &[On::Postgres], refund_survives).await;
}
