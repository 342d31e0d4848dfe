//! Vendors, database and processes that are away for a while, or slow, or wake up late (F8-F10, F12, F14, F19-F21 of
//! `quality.md`, 2.2): what was begun is finished once, and everything agrees.

use crate::{
    disputes, kills,
    support::{Client, DEAD_FOR, Form, House, On, Server, harbour_link, link},
};
use chrono::TimeDelta;
use serde_json::json;
use std::{
    net::SocketAddr,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub const CHARGE: &str = "POST /stripe/v1/payment_intents";
const POSTING: &str = "PUT /xero/api.xro/2.0/Payments";
/// Long before a vendor that does not answer is given up.
const HELD_UP_AFTER: Duration = Duration::from_secs(4);
pub const KNOWN_WITHIN: Duration = Duration::from_secs(60);
pub const INVOICES: [(&str, i64); 3] = [("INV-501", 120_450), ("INV-502", 35_000), ("INV-503", 70_000)];

/// Presses Pay; answers the page after it.
async fn pay(house: &House, number: &str) -> String {
    let client = house.client();
    let pressed = client.pay(&client.open(number).await, "pm_card_visa").await;
    client.get(&pressed.location.unwrap()).await.body
}

/// Each was charged once, and stands in the books.
pub async fn assert_paid(house: &House, invoices: &[(&str, i64)]) {
    for (number, minor) in invoices {
        house.until(number, async || house.books_payments(number).await.len() == 1).await;
        assert_eq!(house.books_payments(number).await[0]["amount_minor"], *minor);
    }
    assert_eq!(house.charges().await.len(), invoices.len());
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn f8_three_days_without_any_news_are_made_up_for_by_asking() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.arm_times("stripe", "webhook_lost", 999).await;
        assert!(pay(&house, "INV-501").await.contains("You paid"));
        house.arm("stripe", "reset_after_execute", CHARGE).await;
        assert!(pay(&house, "INV-502").await.contains("Do not pay again"));
        house.advance(json!({"days": 3})).await;
        assert_paid(&house, &INVOICES[..2]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_database_that_somebody_holds_for_seconds_keeps_a_payment_waiting_and_charges_once() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    let database = sqlx::SqlitePool::connect(&house.url).await.unwrap();
    let mut holder = database.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *holder).await.unwrap();
    let let_go = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(house.charges().await.is_empty(), "nothing is charged before it is written down");
        sqlx::query("ROLLBACK").execute(&mut *holder).await.unwrap();
    };
    let (pressed, ()) = tokio::join!(client.pay(&form, "pm_card_visa"), let_go);
    assert!(client.get(&pressed.location.unwrap()).await.body.contains("You paid"));
    assert_paid(&house, &INVOICES[..1]).await;
}

#[tokio::test]
async fn f12_a_clock_that_leaps_while_an_outcome_is_open_charges_once() {
    let leaps = [json!({"hours": 1}), json!({"days": 1})];
    futures::future::join_all(leaps.map(|leap| async move {
        let house = House::new().await;
        house.arm("stripe", "reset_after_execute", CHARGE).await;
        assert!(pay(&house, "INV-501").await.contains("Do not pay again"), "{leap}");
        // A look-up that is on its way through the leap would reach a gateway that has forgotten its key.
        house.arm_with(json!({"vendor": "stripe", "fault": "http:429", "times": 10_000, "match": CHARGE})).await;
        house.advance(leap).await;
        house.disarm().await;
        assert_paid(&house, &INVOICES[..1]).await;
    }))
    .await;
}

/// What is pressed and posted meanwhile is done at once; what waits for its time waits until the clock is right again.
#[tokio::test(flavor = "multi_thread")]
async fn f12_a_server_whose_clock_goes_back_while_an_outcome_is_open_charges_once() {
    futures::future::join_all([TimeDelta::hours(-1), TimeDelta::days(-1)].map(|back| async move {
        let house = House::without_portal().await;
        let server = Server::start(&house, None).await;
        house.arm("stripe", "reset_after_execute", CHARGE).await;
        let guest = Client::new(&server.portal);
        let form = guest.open("INV-501").await;
        let pressed = guest.pay(&form, "pm_card_visa").await.location;
        assert!(guest.get(pressed.as_deref().unwrap()).await.body.contains("Do not pay again"), "{back}");

        house.put_processes(back);
        assert_eq!(guest.pay(&form, "pm_card_visa").await.location, pressed, "{back}: the same form");
        let other = Client::new(&server.portal);
        let paid = other.pay(&other.open("INV-502").await, "pm_card_visa").await.location.unwrap();
        assert!(other.get(&paid).await.body.contains("You paid"), "{back}: payments go on");
        house.until("it is booked", async || house.books_payments("INV-502").await.len() == 1).await;

        house.put_processes(TimeDelta::zero());
        assert_paid(&house, &INVOICES[..2]).await;
    }))
    .await;
}

/// The vendors' own counters: a delay of nothing hits each request that the throttling let through.
#[tokio::test]
async fn f19_payments_in_a_storm_of_throttling_send_at_most_a_tenth_more_than_they_must() {
    const COUNTED: u64 = 1_000_000;
    let house = House::new().await;
    let storms = [("stripe", CHARGE, 3), ("xero", POSTING, 6)];
    for (vendor, matching, times) in storms {
        house.arm_with(json!({"vendor": vendor, "fault": "http:429", "times": times, "match": matching})).await;
        house.arm_with(json!({"vendor": vendor, "fault": "delay_ms:0", "times": COUNTED, "match": matching})).await;
    }
    futures::future::join_all(INVOICES.map(|(number, _)| pay(&house, number))).await;
    let is_over = async || house.armed().await["armed"].as_array().unwrap().len() == storms.len();
    house.until_within("the storm is over", KNOWN_WITHIN, is_over).await;
    assert_paid(&house, &INVOICES).await;
    let armed = house.armed().await;
    for (vendor, _, throttled) in storms {
        let counter = armed["armed"].as_array().unwrap().iter().find(|fault| fault["vendor"] == vendor).unwrap();
        let sent = COUNTED - counter["times"].as_u64().unwrap() + throttled;
        let needed = INVOICES.len() as u64 + throttled;
        assert!(sent * 10 <= needed * 11, "{vendor}: {sent} instead of {needed}");
    }
}

#[tokio::test]
async fn f19_a_gateway_and_books_that_throttle_are_asked_again_with_growing_gaps_and_not_at_once() {
    let house = House::new().await;
    house.arm("stripe", "http:429", CHARGE).await;
    house.arm_with(json!({"vendor": "xero", "fault": "http:429", "times": 2, "match": POSTING})).await;
    assert!(pay(&house, "INV-501").await.contains("Do not pay again"));
    assert_paid(&house, &INVOICES[..1]).await;
    let tries = "SELECT CAST(tries AS bigint) FROM job WHERE unique_key LIKE 'post_payment:%'";
    assert_eq!(house.number(tries).await, 3, "twice throttled, and once more");
}

#[tokio::test]
async fn f20_books_that_take_nothing_for_a_day_get_every_payment_when_they_are_back() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 10_000, "match": POSTING})).await;
        for (number, _) in INVOICES {
            assert!(pay(&house, number).await.contains("You paid"), "{database:?}: payments go on");
        }
        house.advance(json!({"hours": 24})).await;
        house.disarm().await;
        // Whatever has just failed once more is due then.
        house.pass_an_hour().await;
        assert_paid(&house, &INVOICES).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_books_that_are_slow_for_one_merchant_hold_up_no_other() {
    let house = House::new().await;
    let mut forms = Vec::new();
    for _ in 0..8 {
        let client = house.client();
        let form = client.open("INV-501").await;
        forms.push((client, form));
    }
    let slow = json!({"vendor": "xero", "fault": "delay_ms:12000", "times": 200, "match": "GET /xero/api.xro/2.0/"});
    house.arm_with(slow).await;
    let press = |(client, form): (Client, Form)| tokio::spawn(async move { client.pay(&form, "pm_card_visa").await });
    let presses: Vec<_> = forms.into_iter().map(press).collect();
    house.until("the books keep them waiting", async || house.armed().await["armed"][0]["times"] != 200).await;

    let (guest, begun) = (house.client(), Instant::now());
    let form = guest.form(&guest.get(&harbour_link("HT-1001")).await.location.unwrap()).await;
    let pressed = guest.pay(&form, "sbx_approved").await.location.unwrap();
    assert!(guest.get(&pressed).await.body.contains("You paid"));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(presses.iter().all(|press| !press.is_finished()), "the others still wait");

    house.disarm().await;
    for press in presses {
        assert!(press.await.unwrap().status < 500);
    }
    assert_paid(&house, &INVOICES[..1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_two_hundred_jobs_that_wait_for_one_merchants_vendor_hold_up_no_other() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        assert!(pay(&house, "INV-501").await.contains("You paid"));
        assert_paid(&house, &INVOICES[..1]).await;
        let dispute = disputes::order(&house, "opened").await;
        house.until("it is disputed", async || house.number("SELECT count(*) FROM dispute").await == 1).await;
        let slow =
            json!({"vendor": "stripe", "fault": "delay_ms:30000", "times": 999, "match": "GET /stripe/v1/disputes"});
        house.arm_with(slow).await;
        disputes::told(&house, &dispute, "updated", 200).await;
        let leased = "SELECT count(*) FROM job WHERE state = 'leased'";
        house.until("the gateway keeps some waiting", async || house.number(leased).await >= 16).await;

        for nth in 1..=10 {
            pay_a_part_at_harbour(&house).await;
            let (paid_at, posted) = (Instant::now(), "SELECT count(*) FROM books_entry WHERE state = 'posted'");
            house.until("the other merchant's books have it", async || house.number(posted).await == 1 + nth).await;
            assert!(paid_at.elapsed() < HELD_UP_AFTER, "{database:?}, {nth}: {:?}", paid_at.elapsed());
        }
        let unread = house.number("SELECT count(*) FROM webhook WHERE state = 'received'").await;
        assert!(unread > 100, "{database:?}: the one whose vendor is slow still waits, with {unread}");
    }
}

/// As somebody who has just opened the link.
async fn pay_a_part_at_harbour(house: &House) {
    let guest = house.client();
    let form = guest.form(&guest.get(&harbour_link("HT-1001")).await.location.unwrap()).await;
    let part = [("checkout", form.checkout.as_str()), ("currency", "NZD"), ("amounts[]", "1.00")];
    let chosen = guest.post("/api/payments/amounts", &part).await.location.unwrap();
    let pressed = guest.pay(&guest.form(&chosen).await, "sbx_approved").await.location.unwrap();
    assert!(guest.get(&pressed).await.body.contains("You paid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_process_that_was_frozen_with_a_job_in_hand_writes_nothing_when_it_wakes_up() {
    let Some(house) = House::vendors_alone_on(On::Postgres).await else { return };
    let frozen = Server::start(&house, None).await;
    house.arm("xero", "delay_ms:8000", POSTING).await;
    kills::press(&frozen.portal, "INV-501").await;
    let asked = async || house.armed().await["armed"].as_array().unwrap().is_empty();
    house.until("the books are being asked", asked).await;
    signal(&frozen, "STOP");
    let _other = Server::start(&house, None).await;
    let posted = "SELECT count(*) FROM books_entry WHERE state = 'posted'";
    house.until("the lease is over and another worker has it", async || house.number(posted).await == 1).await;
    let done = "SELECT CAST(tries AS bigint) FROM job WHERE unique_key LIKE 'post_payment:%' AND state = 'done'";
    assert_eq!(house.number(done).await, 2, "the second worker has ended it");

    signal(&frozen, "CONT");
    frozen.until_ready().await;
    let knows = async || Client::new(&frozen.portal).get(&link("INV-501")).await.status == 409;
    house.until("it is awake, and says that the invoice is paid", knows).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number(done).await, 2);
}

fn signal(server: &Server, name: &str) {
    let send = format!("kill -{name} {}", server.process.id());
    assert!(Command::new("sh").args(["-c", &send]).status().unwrap().success());
}

/// Where the connection to the database breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Within the transaction: nothing of it stands.
    BeforeCommit,
    /// All of it stands, and nobody is told.
    AfterCommit,
}

const INTENT: &str = "INSERT INTO \"attempt\"";
const OUTCOME: &str = "INSERT INTO \"observation\"";
const POSTED: &str = "UPDATE \"books_entry\"";

#[tokio::test(flavor = "multi_thread")]
async fn f9_a_connection_to_the_database_that_breaks_at_a_commit_charges_once() {
    let stories = [INTENT, OUTCOME, POSTED]
        .into_iter()
        .flat_map(|what| [Cut::BeforeCommit, Cut::AfterCommit].map(|cut| survives_the_cut(what, cut)));
    futures::future::join_all(stories).await;
}

async fn survives_the_cut(what: &'static str, cut: Cut) {
    let Some(house) = House::vendors_alone_on(On::Postgres).await else { return };
    let (login, rest) = house.url.split_once('@').unwrap();
    let (database, name) = rest.split_once('/').unwrap();
    let wire = Wire::to(database, what, cut).await;
    let over_the_wire = format!("{login}@{}/{name}", wire.address);
    let server = Server::start_with(&house, &[("DATABASE_URL", over_the_wire)]).await;

    let client = Client::new(&server.portal);
    let pressed = client.pay(&client.open("INV-501").await, "pm_card_visa").await;
    let page = client.get(&pressed.location.unwrap()).await.body;
    house.until("the connection breaks", async || wire.is_cut.load(Ordering::SeqCst)).await;
    // Found to stand, an intent is left to the sweep; what came to nothing is done once more.
    let says = match (what, cut) {
        (INTENT, Cut::AfterCommit) => "We are checking with the bank",
        _ => "You paid",
    };
    assert!(page.contains(says), "{what}, {cut:?}: {page}");
    let patience = if (what, cut) == (INTENT, Cut::AfterCommit) {
        // The sweep is not waited for here.
        house.outlive_the_dead();
        KNOWN_WITHIN.saturating_sub(DEAD_FOR)
    } else {
        KNOWN_WITHIN
    };
    house.assert_paid_once_within("INV-501", 120_450, patience).await;
    house.assert_everything_agrees().await;
}

/// Stands between a server and the database, and breaks one connection: when a transaction that wrote `what` is committed.
struct Wire {
    address: SocketAddr,
    is_cut: Arc<AtomicBool>,
}

impl Wire {
    async fn to(database: &str, what: &'static str, cut: Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, is_cut, database) =
            (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)), database.to_owned());
        let done = Arc::clone(&is_cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, done) = (TcpStream::connect(&database).await.unwrap(), Arc::clone(&done));
                tokio::spawn(pass_on(client, server, what, cut, done));
            }
        });
        Self { address, is_cut }
    }
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, what: &str, cut: Cut, is_cut: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut is_meant = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let asked = &asked[..length];
                is_meant |= holds(asked, what);
                let commits = holds(asked, "COMMIT");
                if commits && is_meant && !is_cut.swap(true, Ordering::SeqCst) {
                    if cut == Cut::AfterCommit {
                        server.write_all(asked).await.unwrap();
                        // Once it answers, it has committed.
                        drop(server.read(&mut answered).await);
                    }
                    return;
                }
                is_meant &= !commits;
                if server.write_all(asked).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn holds(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

#[tokio::test]
async fn f24_a_worker_begins_nothing_where_a_later_version_has_migrated_the_database() {
    let mut house = House::without_worker().await;
    house.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m999_later', 0)").await;
    pay(&house, "INV-501").await;
    house.start_worker();
    tokio::time::sleep(HELD_UP_AFTER).await;
    assert!(house.books_payments("INV-501").await.is_empty());
    house.execute("DELETE FROM seaql_migrations WHERE version = 'm999_later'").await;
    let is_posted = async || house.books_payments("INV-501").await.len() == 1;
    house.until_within("it works again", KNOWN_WITHIN, is_posted).await;
}

#[tokio::test]
async fn f24_a_job_of_a_later_version_is_left_to_that() {
    let house = House::new().await;
    let of_tomorrow = "INSERT INTO job (id, merchant_id, unique_key, body, state, run_at, tries, created_at)
         SELECT randomblob(16), id, 'of_tomorrow', '{\"work\":\"of_tomorrow\"}', 'ready',
             '2020-01-01T00:00:00+00:00', 0, '2020-01-01T00:00:00+00:00' FROM merchant WHERE name = 'Northwind IT'";
    house.execute(of_tomorrow).await;
    let is_left = "SELECT COUNT(*) FROM job WHERE unique_key = 'of_tomorrow' AND state = 'ready' AND tries = 0
         AND run_at > '2025'";
    house.until("it waits", async || house.number(is_left).await == 1).await;
}
