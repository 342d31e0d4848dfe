//! The reading of the books (S89, S96, S97): what a press shows and does, who goes on when a process dies, and what a look through
//! all that is open sets right.

use crate::support::{Client, House, On, Server, ana, own_port};
use chrono::TimeDelta;
use serde_json::json;
use simulators::facts;

const STAFF: &str = "/admin/sync";
const PAYERS: &str = "/dashboard/sync";
const FIRST_SYNCS: &str = "SELECT count(*) FROM job WHERE unique_key LIKE 'sync_books:%' AND state = 'done'";
const DOWNLOADS: &str = "SELECT count(*) FROM job WHERE unique_key LIKE 'download_books:%'";
const DOWNLOADS_LEFT: &str = "SELECT count(*) FROM job WHERE unique_key LIKE 'download_books:%' AND state <> 'done'";
const READING: &str = "SELECT count(*) FROM sync JOIN merchant ON merchant.id = sync.merchant_id
    WHERE merchant.name = 'Northwind IT' AND kind = 'changes' AND position IS NOT NULL";
const READ: &str = "SELECT count(*) FROM sync JOIN merchant ON merchant.id = sync.merchant_id
    WHERE merchant.name = 'Northwind IT' AND kind = 'changes' AND state = 'done' AND position IS NULL";
const SWEEPS_WAITING: &str = "SELECT count(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
    WHERE merchant.name = 'Northwind IT' AND unique_key LIKE 'sweep_books:%' AND state = 'ready'";
const SWEPT: &str = "SELECT count(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
    WHERE merchant.name = 'Northwind IT' AND unique_key LIKE 'sweep_books:%' AND state = 'done'";
/// More than a test asks.
const COUNTED: i64 = 100_000;

async fn slow_invoices(house: &House) {
    let slow =
        json!({"vendor": "xero", "fault": "delay_ms:4000", "times": 9, "match": "GET /xero/api.xro/2.0/Invoices"});
    house.arm_with(slow).await;
}

async fn shows(client: &Client, path: &str, words: &str) -> bool {
    client.get(path).await.body.contains(words)
}

#[tokio::test]
async fn s96_a_press_shows_its_progress_a_second_one_shows_the_same_and_cancel_keeps_nothing_half_read() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.until("the first syncs are over", async || house.number(FIRST_SYNCS).await >= 3).await;
        let (staff, ana) = (house.staff().await, ana(&house.portal).await);
        house.edit_books(json!({"number": "INV-501", "amount_due_minor": 98_765})).await;
        slow_invoices(&house).await;
        assert_eq!(staff.post(STAFF, &[]).await.location.as_deref(), Some(STAFF));
        house.until("it is read", async || shows(&staff, STAFF, "Downloading").await).await;
        assert_eq!(staff.post(STAFF, &[]).await.location.as_deref(), Some(STAFF));
        assert_eq!(ana.post(PAYERS, &[]).await.location.as_deref(), Some(PAYERS));
        assert!(shows(&ana, PAYERS, "Downloading").await, "a payer sees the one that runs");
        assert!(house.number(DOWNLOADS).await <= 2, "and one follows it at most");
        let again = staff.get(STAFF).await;
        assert!(again.headers.get("refresh").is_some(), "without script");
        assert!(again.body.contains("Cancel download") && !shows(&ana, PAYERS, "Cancel download").await);
        assert_eq!(ana.post(PAYERS, &[("do", "cancel")]).await.status, 404, "a payer stops nobody's");
        assert!(shows(&staff, STAFF, "Downloading").await);

        let cancelled = staff.post(STAFF, &[("do", "cancel")]).await;
        assert_eq!(cancelled.location.as_deref(), Some("/admin/sync?done=cancelled"));
        let page = staff.get(STAFF).await;
        assert!(page.body.contains("Cancelled") && page.headers.get("refresh").is_none(), "{}", page.body);
        house.until("its jobs have ended", async || house.number(DOWNLOADS_LEFT).await == 0).await;
        assert!(shows(&ana, "/dashboard", "$1,204.50").await, "what was being read is not kept");

        house.disarm().await;
        house.download(&staff).await;
        let page = staff.get(STAFF).await.body;
        assert!(page.contains("Downloaded") && page.contains("Last complete download"), "{page}");
        assert!(shows(&ana, "/dashboard", "$987.65").await);
    }
}

#[tokio::test]
async fn s96_payers_have_the_books_read_as_well_and_not_too_often() {
    let house = House::new().await;
    house.until("the first syncs are over", async || house.number(FIRST_SYNCS).await >= 3).await;
    let ana = ana(&house.portal).await;
    assert!(shows(&ana, "/dashboard", "Download latest accounting platform data").await);
    assert_eq!(ana.post(PAYERS, &[]).await.location.as_deref(), Some("/dashboard/sync?done=lately"));
    house.edit_books(json!({"number": "INV-501", "amount_due_minor": 98_765})).await;
    house.leap(TimeDelta::minutes(3));
    assert_eq!(ana.post(PAYERS, &[]).await.location.as_deref(), Some(PAYERS));
    house.until("it is read", async || shows(&ana, "/dashboard", "$987.65").await).await;
}

#[tokio::test]
async fn s96_d30_books_that_do_not_answer_are_said_in_words_and_read_later() {
    let house = House::new().await;
    house.until("the first syncs are over", async || house.number(FIRST_SYNCS).await >= 3).await;
    let staff = house.staff().await;
    house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 9, "match": "/Invoices"})).await;
    assert_eq!(staff.post(STAFF, &[]).await.status, 303);
    let words = "The accounting platform did not answer as it should.";
    house.until("it has failed", async || shows(&staff, STAFF, words).await).await;
    assert_eq!(house.number(READING).await, 1, "where it was is kept");
    house.disarm().await;
    house.download(&staff).await;
    assert!(!shows(&staff, STAFF, words).await && house.number(READ).await == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn s96_a_killed_reading_goes_on_at_its_page() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::vendors_alone_on(database).await else { continue };
        for (step, kept) in [("before_sync_page_commit", 0), ("after_sync_page", 1)] {
            let mut dying = Server::spawn(&house, &["work"], own_port(), Some(step));
            dying.until_dead(step).await;
            // Past its leases, and no nearer to the next round than that.
            house.leap_with_processes(TimeDelta::seconds(16));
            assert_eq!(house.number(READING).await, kept, "customers are kept, with the place of the invoices");
        }
        let count =
            json!({"vendor": "xero", "fault": "delay_ms:0", "times": COUNTED, "match": "/api.xro/2.0/Contacts"});
        house.arm_with(count).await;
        let _server = Server::start(&house, None).await;
        house.until("another process has read the rest", async || house.number(READ).await == 1).await;
        let armed = house.armed().await;
        let counter = armed["armed"].as_array().unwrap().iter().find(|armed| armed["fault"] == "delay_ms:0").unwrap();
        assert_eq!(counter["times"].as_i64(), Some(COUNTED), "and the customers not once more");
    }
}

#[tokio::test]
async fn s89_what_is_not_open_in_the_books_is_asked_about_and_closed_only_as_they_say() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let client = house.client();
        client.pay(&client.open("INV-501").await, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.until("it is posted", async || house.books_payments("INV-501").await.len() == 1).await;
        house.until("the look is queued", async || house.number(SWEEPS_WAITING).await == 1).await;
        for wrong in [
            // Paid there, and nobody has told us.
            "UPDATE invoice SET status = 'open', due_minor = 120450 WHERE number = 'INV-501'",
            // Its document is gone, and another one bears its number.
            "UPDATE invoice SET external_id = '00000000-0000-4000-8000-000000000000' WHERE number = 'INV-502'",
            // A date was changed there without a trace.
            "UPDATE invoice SET due_date = '2020-01-01' WHERE number = 'INV-503'",
        ] {
            house.execute(wrong).await;
        }
        let before = house.number(SWEPT).await;
        house.advance(json!({"hours": 6})).await;
        house.until("all that is open was looked through", async || house.number(SWEPT).await > before).await;
        for (what, is_so) in [
            ("paid", "SELECT count(*) FROM invoice WHERE number = 'INV-501' AND status = 'paid' AND due_minor = 0"),
            ("gone", "SELECT count(*) FROM invoice WHERE number = 'INV-502' AND status = 'void' AND due_minor = 0"),
            ("there", "SELECT count(*) FROM invoice WHERE number = 'INV-502' AND status = 'open'"),
            ("dated", "SELECT count(*) FROM invoice WHERE number = 'INV-503' AND due_date > '2020-01-01'"),
        ] {
            assert_eq!(house.number(is_so).await, 1, "{what}");
        }
        let left = "SELECT count(*) FROM sync_open";
        house.until("nothing is left to be asked about", async || house.number(left).await == 0).await;
        let open_there = "SELECT count(*) FROM invoice WHERE number = 'INV-601' AND status = 'open'";
        assert_eq!(house.number(open_there).await, 1, "what stands on the list stays");
    }
}

#[tokio::test]
async fn s89_a_look_that_is_asked_for_while_another_one_is_under_way_follows_it() {
    // Put back behind the other one; the one of the week waits from the beginning.
    const WAITING: &str = "SELECT count(*) FROM job WHERE unique_key LIKE 'sweep_books:%' AND state = 'ready'
        AND body NOT LIKE '%null%' AND run_at > created_at";
    const SWEPT: &str = "SELECT count(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
        WHERE merchant.name = 'Southern Cloud' AND unique_key LIKE 'sweep_books:%' AND state = 'done'";
    // So long ago that QuickBooks does not tell what was deleted since.
    const FORGOTTEN: &str = "UPDATE connection SET cursor = '2020-01-01T00:00:00+00:00' WHERE provider = 'quickbooks'";
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.until("the first syncs are over", async || house.number(FIRST_SYNCS).await >= 3).await;
        let staff = house.signed_in(facts::SOUTHERN.admin_email).await;
        house.execute(FORGOTTEN).await;
        house.download(&staff).await;
        house.until("all that is open was looked through", async || house.number(SWEPT).await == 1).await;
        // Another process does so once more.
        let held = "UPDATE sync SET holder = merchant_id, held_until = '2099-01-01T00:00:00+00:00' WHERE kind = 'open'";
        house.execute(held).await;
        house.execute(FORGOTTEN).await;
        house.download(&staff).await;
        house.until("the next one waits for it", async || house.number(WAITING).await == 1).await;
        house.execute("UPDATE sync SET holder = NULL, held_until = NULL WHERE kind = 'open'").await;
        house.leap(TimeDelta::minutes(2));
        house.until("and follows it", async || house.number(SWEPT).await == 2).await;
    }
}

#[tokio::test]
async fn s96_nobody_downloads_where_the_books_are_our_own() {
    let house = House::new().await;
    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    assert!(!shows(&harbour, "/admin", "Download latest accounting platform data").await);
}
