//! The connections to the books: how many calls they are given, and what each of three carries (S88-S106, N6).

use crate::{
    books_news::hear,
    support::{Client, House, On, field},
};
use chrono::TimeDelta;
use serde_json::json;
use simulators::facts;
use std::{
    process::Stdio,
    time::{Duration, Instant},
};

const PAGE: &str = "/admin/configure/accounting-connections";
/// Budgets of which a vendor has said that it were too many.
const REFUSED: &str = "SELECT COUNT(*) FROM budget WHERE state NOT LIKE '%\"refused\":null%'";

/// Presses a button on the card with this title.
pub async fn press(staff: &Client, title: &str, act: &str, more: &[(&str, &str)]) -> String {
    let page = staff.get(PAGE).await.body;
    let card = page.split("<section").find(|card| card.contains(&format!(">{title}</h2>"))).unwrap();
    let connection = field(card, "connection");
    let form = [&[("connection", connection.as_str())][..], more].concat();
    let done = staff.post(&format!("/api/connections/{act}"), &form).await;
    assert_eq!(done.status, 303, "{}", done.body);
    done.location.unwrap()
}

/// The card with this title.
pub async fn card(staff: &Client, title: &str) -> String {
    let page = staff.get(PAGE).await.body;
    let card = page.split("<section").find(|card| card.contains(&format!(">{title}</h2>")));
    card.unwrap_or_else(|| panic!("no {title} in {page}")).to_owned()
}

/// Gives a lane of Northwind's another app of the merchant, and answers whether it was taken and what the program said.
async fn connect(house: &House, lane: &str) -> (bool, String) {
    let (id, secret, token) = OTHER_APP;
    let file = tempfile::NamedTempFile::new().unwrap();
    let grant = json!({"client_id": id, "client_secret": secret, "refresh_token": token}).to_string();
    std::fs::write(file.path(), grant).unwrap();
    let named = file.path().display().to_string();
    let mut program = house.program(&["accounting-connection", facts::NORTHWIND.name, lane, &named]);
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || program.output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

const OTHER_APP: (&str, &str, &str) =
    (facts::xero::STRANGER_CLIENT_ID, facts::xero::STRANGER_CLIENT_SECRET, facts::xero::STRANGER_REFRESH_TOKEN);

pub async fn switch_on(house: &House) {
    let operator = house.signed_in(facts::OPERATOR_EMAIL).await;
    let page = operator.get("/operator").await.body;
    assert!(page.contains("Turn multi-connection on"), "{page}");
    let form = [("merchant", field(&page, "merchant")), ("multi", "true".to_owned())];
    let form: Vec<_> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
    assert_eq!(operator.post("/api/installation/multi_connection", &form).await.status, 303);
    let staff = house.staff().await;
    house.until("staff see three", async || staff.get(PAGE).await.body.contains(">Service</h2>")).await;
}

/// However many ask, no sixty-first call of a minute is made; and the next minute has its own.
async fn keeps_to_the_minute(house: &House) {
    let staff = house.staff().await;
    house.leap(TimeDelta::seconds(61));
    let mut works = 0;
    while works < 100 && press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works") {
        works += 1;
    }
    assert!((20..=60).contains(&works), "{works} calls");
    let shown = card(&staff, "Wise-Pay").await;
    assert!(shown.contains(" of 60 used") && shown.contains("take no more calls"), "{shown}");
    assert_eq!(house.number(REFUSED).await, 0, "the vendor had nothing to say about it");

    house.leap(TimeDelta::seconds(61));
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"));
    let shown = card(&staff, "Wise-Pay").await;
    assert!(shown.contains("Northwind IT") && shown.contains("Valid") && !shown.contains("take no more"), "{shown}");
}

#[tokio::test]
async fn n6_no_more_calls_are_made_than_the_books_take() {
    for database in [On::Sqlite, On::Postgres] {
        if let Some(house) = House::with_books_limits(database).await {
            keeps_to_the_minute(&house).await;
        }
    }
}

#[tokio::test]
async fn n6_two_processes_share_the_minute_and_whoever_pays_comes_first() {
    let house = House::with_books_limits(On::Sqlite).await.unwrap();
    let client = house.client();
    let form = client.open("INV-501").await;
    // Another process reads and reads, as jobs do.
    let other = house.another_engine().await;
    let reading = tokio::spawn(async move {
        loop {
            drop(other.verify_books(None).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let pressed = Instant::now();
    assert_eq!(client.pay(&form, "pm_card_visa").await.status, 303);
    assert!(pressed.elapsed() < Duration::from_secs(10), "nobody who pays waits for what can wait");
    house.assert_paid_once("INV-501", 120_450).await;
    reading.abort();
    assert_eq!(house.number(REFUSED).await, 0);
}

#[tokio::test]
async fn n6_who_was_refused_once_does_not_ask_again_before_the_time() {
    let house = House::with_books_limits(On::Sqlite).await.unwrap();
    let staff = house.staff().await;
    // "Ask again in a second."
    house.arm("xero", "http:429", "Organisation").await;
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=fails"));
    let refused = Instant::now();
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"));
    assert!(refused.elapsed() > Duration::from_secs(1), "it has waited, and was not refused again");
    assert_eq!(house.number("SELECT COUNT(*) FROM budget WHERE state LIKE '%\"minute\"]%'").await, 1);
}

#[tokio::test]
async fn s94_s93_s95_one_connection_carries_all_until_the_operator_switches_three_on() {
    let house = House::new().await;
    let staff = house.staff().await;
    let page = staff.get(PAGE).await.body;
    assert!(page.contains("Multi-connection is off") && !page.contains(">Service</h2>"), "{page}");
    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    assert!(harbour.get(PAGE).await.body.contains("No accounting package is connected"));

    switch_on(&house).await;
    let page = staff.get(PAGE).await.body;
    for title in ["Wise-Pay", "Company", "Service"] {
        assert!(page.contains(&format!(">{title}</h2>")), "{title} in {page}");
    }
    assert!(page.contains("share one budget"), "{page}");
    assert!(press(&staff, "Company", "test", &[]).await.ends_with("done=works"), "by what the Wise-Pay connection has");

    let (taken, said) = connect(&house, "service").await;
    assert!(taken && said.contains("Service connection reaches Northwind IT"), "{said}");
    assert!(!said.contains(OTHER_APP.1) && !said.contains(OTHER_APP.2), "{said}");
    house.until("the card says so", async || card(&staff, "Service").await.contains("Its own client")).await;

    let (taken, said) = connect(&house, "company").await;
    assert!(!taken && said.contains("the Service connection has this client already"), "{said}");
}

#[tokio::test]
async fn n6_a_broken_lane_stops_itself_alone_with_a_banner_and_one_mail() {
    let house = House::new().await;
    let staff = house.staff().await;
    switch_on(&house).await;
    assert!(connect(&house, "service").await.0);
    house.until("the card says so", async || card(&staff, "Service").await.contains("Its own client")).await;
    house.arm("xero", "token_revoked", "connect/token").await;
    assert!(press(&staff, "Service", "reconnect", &[]).await.ends_with("done=lost"));
    house.until("it is broken", async || card(&staff, "Service").await.contains("Not valid")).await;

    for _ in 0..2 {
        press(&staff, "Service", "test", &[]).await;
    }
    for banner in ["/admin", "/admin/exceptions"] {
        let page = staff.get(banner).await.body;
        assert!(page.contains("The Service connection to the books is broken"), "{banner}: {page}");
    }
    let mails = "SELECT COUNT(*) FROM mail WHERE unique_key LIKE 'books_broken:%'";
    house.until("it is told of once", async || house.number(mails).await == 1).await;
    assert!(
        staff.get("/admin/mail").await.body.contains("The Service connection to the books of Northwind IT is broken")
    );

    assert!(card(&staff, "Wise-Pay").await.contains("Valid") && !card(&staff, "Wise-Pay").await.contains("Not valid"));
    let client = house.client();
    let form = client.open("INV-501").await;
    assert_eq!(client.pay(&form, "pm_card_visa").await.status, 303);
    house.assert_paid_once("INV-501", 120_450).await;
    house.until("it is posted", async || house.books_payments("INV-501").await.len() == 1).await;
}

/// What a card says under this word.
fn said<'a>(card: &'a str, word: &str) -> &'a str {
    card.split_once(&format!("<dt>{word}</dt>")).unwrap().1.split_once("</div>").unwrap().0
}

#[tokio::test]
async fn n6_the_page_says_how_old_a_token_is_and_since_when_something_waits() {
    let house = House::new().await;
    let staff = house.staff().await;
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"));
    let before = card(&staff, "Wise-Pay").await;
    assert!(said(&before, "Token").contains("Renewed ") && said(&before, "Token").contains("<time"), "{before}");
    assert!(said(&before, "Queue").contains("Nothing waits"), "{before}");
    house.leap(TimeDelta::minutes(5));
    assert!(press(&staff, "Wise-Pay", "reconnect", &[]).await.ends_with("done=connected"));
    let renewed = card(&staff, "Wise-Pay").await;
    assert_ne!(said(&renewed, "Token"), said(&before, "Token"), "it is five minutes younger");

    let posts = "PUT /xero/api.xro/2.0/Payments";
    house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 1_000, "match": posts})).await;
    let client = house.client();
    let form = client.open("INV-501").await;
    assert_eq!(client.pay(&form, "pm_card_visa").await.status, 303);
    let waits = async || said(&card(&staff, "Wise-Pay").await, "Queue").contains(" waiting, the oldest since ");
    house.until("the posting waits, and the page says since when", waits).await;
}

#[tokio::test]
async fn n6_news_of_the_books_wait_for_the_service_connection_and_its_card_says_so() {
    let house = House::new().await;
    let staff = house.staff().await;
    hear(&house, "xero", &facts::NORTHWIND, facts::xero::PORTAL_WEBHOOK_KEY).await;
    switch_on(&house).await;
    press(&staff, "Service", "pause", &[("paused", "true")]).await;
    let waits = async |title: &str| said(&card(&staff, title).await, "Queue").contains(" waiting, the oldest since ");
    house.until("what runs at intervals is over", async || !waits("Service").await).await;
    house.edit_books(json!({"number": "INV-502", "amount_due_minor": 12_345})).await;
    house.until("the news wait", async || waits("Service").await).await;
    assert!(!waits("Wise-Pay").await && !waits("Company").await, "and for no other");
}

#[tokio::test]
async fn s97_s103_a_paused_service_reads_nothing_while_people_and_payments_go_on() {
    let house = House::new().await;
    let staff = house.staff().await;
    switch_on(&house).await;
    press(&staff, "Service", "pause", &[("paused", "true")]).await;
    house.until("the card says so", async || card(&staff, "Service").await.contains("Paused")).await;
    let reads = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
        WHERE merchant.name = 'Northwind IT' AND unique_key LIKE 'sync_books:%'";
    let rounds = "SELECT COUNT(*) FROM job WHERE unique_key LIKE 'check_records:%'";
    let (before, rounds_before) = (house.number(reads).await, house.number(rounds).await);
    house.pass_an_hour().await;
    house.until("the clock's round has come", async || house.number(rounds).await > rounds_before).await;
    assert_eq!(house.number(reads).await, before, "nothing reads at intervals");
    let differs = house.differences(None).await;
    let told = differs.iter().any(|words| words.contains("the books were not compared"));
    assert!(told, "gateways and our own records are compared all the same: {differs:?}");
    // Who has done nothing for an hour is signed out.
    let staff = house.staff().await;
    house.edit_books(json!({"number": "INV-501", "amount_due_minor": 98_765})).await;
    house.download(&staff).await;
    let due = "SELECT CAST(due_minor AS bigint) FROM invoice WHERE number = 'INV-501'";
    assert_eq!(house.number(due).await, 98_765, "a person does (S96)");

    press(&staff, "Service", "pause", &[("paused", "false")]).await;
    house.pass_an_hour().await;
    house.until("it goes on", async || house.number(reads).await > before).await;
}

#[tokio::test]
async fn n6_an_app_that_has_read_too_much_this_month_is_told_of_and_its_services_wait_while_people_go_on() {
    const READ: &str = "SELECT CAST(COALESCE(SUM(reads), 0) AS bigint) FROM app_reads";
    const SYNCS: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
        WHERE merchant.name = 'Southern Cloud' AND unique_key LIKE 'sync_books:%' AND state = 'done'";
    const WAITS: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
        WHERE merchant.name = 'Southern Cloud' AND unique_key LIKE 'sync_books:%' AND state = 'ready'";
    const TOLD: &str = "SELECT COUNT(*) FROM mail WHERE unique_key LIKE 'reads_short:%'";
    let house = House::with_books_limits(On::Sqlite).await.unwrap();
    let southern = async || house.signed_in(facts::SOUTHERN.admin_email).await;
    house.until("the first round is over", async || house.number(SYNCS).await > 0).await;
    house.until("it is counted", async || house.number(READ).await > 0).await;
    let shown = card(&southern().await, "Wise-Pay").await;
    assert!(said(&shown, "Budget used this month").contains(" of 500000 used"), "{shown}");
    let xero = card(&house.staff().await, "Wise-Pay").await;
    assert!(!xero.contains("Budget used this month"), "nobody meters those: {xero}");

    let mut program = house.program(&["books-app", "quickbooks", "--reads-a-month", "1"]);
    program.env("WISEPAY_QUICKBOOKS_CLIENT_ID", facts::qbo::PORTAL_CLIENT_ID);
    program.env("WISEPAY_QUICKBOOKS_CLIENT_SECRET", facts::qbo::PORTAL_CLIENT_SECRET).stdout(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || program.output()).await.unwrap().unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(words.contains(" of 1 reads made this month"), "{words}");
    // What a process knows of it is a minute old at most.
    house.leap(TimeDelta::minutes(2));
    let syncs = house.number(SYNCS).await;
    // The second one, for a month that ends meanwhile.
    for _ in 0..2 {
        house.pass_an_hour().await;
        let staff = southern().await;
        assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"), "people read");
        house.until("services wait", async || house.number(WAITS).await > 0).await;
    }
    assert_eq!(house.number(SYNCS).await, syncs, "nothing was read at intervals");
    house.until("staff are told", async || house.number(TOLD).await > 0).await;
    let page = southern().await.get(PAGE).await.body;
    assert!(page.contains("Little is left of what this app may read this month"), "{page}");
}
