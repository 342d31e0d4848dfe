//! A database whose disk is full, read-only or cannot be synced (F11 of `quality.md`, 2.2): nothing is charged that was not
//! written down, whoever pays reads so, the health says it, and what was begun is finished when there is room again.

use crate::{
    outages::{CHARGE, INVOICES, KNOWN_WITHIN, assert_paid},
    support::{Client, House, On, Server, field, harbour_link, http, link},
};
use simulators::facts;
use std::{path::PathBuf, process::Command};
use tempfile::TempDir;

/// At a merchant whose books need not be asked, so that nothing is written before the intent.
const AT_HARBOUR: (&str, &str) = ("HT-1001", "sbx_approved");
const REFUSED: &str = "No payment can be written down here just now, so nothing was charged.";
const UNSURE: &str = "We cannot say yet whether this payment has begun. Do not pay again";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sick {
    Full,
    ReadOnly,
    /// What is written may be there after a crash, or not.
    CannotSync,
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_disk_that_takes_no_more_refuses_payments_before_the_charge_and_loses_none() {
    let stories = [
        (On::Sqlite, Sick::Full, REFUSED),
        (On::Sqlite, Sick::ReadOnly, REFUSED),
        (On::Sqlite, Sick::CannotSync, UNSURE),
        (On::Postgres, Sick::Full, REFUSED),
        (On::Postgres, Sick::ReadOnly, REFUSED),
    ];
    futures::future::join_all(stories.map(|(database, sick, words)| survives(database, sick, words))).await;
}

async fn survives(database: On, sick: Sick, words: &str) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    let (what, disk) = (format!("{database:?}, {sick:?}"), Disk::of(&house, database).await);
    let server = Server::start_with(&house, &disk.env()).await;
    house.send_news_to(&server.portal).await;
    let [early, late, other] = [(); 3].map(|()| Client::new(&server.portal));
    let (begun, open) = (early.open("INV-501").await, late.open("INV-502").await);
    let opened = other.get(&harbour_link(AT_HARBOUR.0)).await.location.unwrap();
    let at_harbour = other.form(&opened).await;

    house.arm("stripe", "delay_ms:3000", CHARGE).await;
    let falls_sick = async {
        let is_asked = async || house.armed().await["armed"].as_array().unwrap().is_empty();
        house.until("the gateway is being asked", is_asked).await;
        disk.falls(&house, sick).await;
    };
    let (pressed, ()) = tokio::join!(early.pay(&begun, "pm_card_visa"), falls_sick);
    let result = pressed.location.unwrap();
    let page = early.get(&result).await.body;
    assert!(page.contains("Do not pay again"), "{what}, and what was charged could not be written: {page}");

    for (payer, form, token) in [(&late, &open, "pm_card_visa"), (&other, &at_harbour, AT_HARBOUR.1)] {
        let back = payer.pay(form, token).await.location.unwrap();
        let page = payer.get(&back).await.body;
        assert!(page.contains(words), "{what}: {page}");
    }
    assert_eq!(house.charges().await.len(), 1, "{what}: nothing is charged that is not written down");
    let opened = Client::new(&server.portal).get(&link("INV-503")).await;
    assert!(opened.status == 503 && opened.body.contains(REFUSED), "{what}: {}", opened.body);
    let health = format!("{}/health/ready", server.portal);
    let says = async || http().get(&health).send().await.unwrap().status();
    house.until("the health says so", async || says().await == 503).await;

    disk.recovers(&house).await;
    house.until("it is well again", async || says().await == 200).await;
    late.pay(&open, "pm_card_visa").await;
    let paid = other.pay(&at_harbour, AT_HARBOUR.1).await.location.unwrap();
    assert!(other.get(&paid).await.body.contains("You paid"), "{what}");
    for (number, _) in &INVOICES[..2] {
        let is_posted = async || house.books_payments(number).await.len() == 1;
        house.until_within(&format!("{what}: {number} is finished"), KNOWN_WITHIN, is_posted).await;
    }
    assert_paid(&house, &INVOICES[..2]).await;
    assert!(early.get(&result).await.body.contains("You paid"), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_g37_a_refund_of_which_nobody_says_whether_it_stands_is_told_so_and_made_once() {
    let house = House::vendors_alone_on(On::Sqlite).await.unwrap();
    let disk = Disk::of(&house, On::Sqlite).await;
    let server = Server::start_with(&house, &disk.env()).await;
    let payer = Client::new(&server.portal);
    let form = payer.open("INV-501").await;
    payer.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    let admin = Client::new(&server.portal);
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    let story = format!("/admin/transactions/{}", form.payment);
    let refund = field(&admin.get(&story).await.body, "refund");
    let fields = [
        ("payment", form.payment.as_str()),
        ("refund", &refund),
        ("currency", "USD"),
        ("amount", "1204.50"),
        ("reason", "Sent back"),
    ];
    disk.falls(&house, Sick::CannotSync).await;
    let back = admin.post("/api/refunds/start", &fields).await.location.unwrap();
    let page = admin.get(&back).await.body;
    assert!(page.contains("We cannot say yet whether this refund has begun."), "{page}");

    disk.recovers(&house).await;
    let is_back = async || {
        admin.post("/api/refunds/start", &fields).await;
        house.charges().await[0]["refunded_minor"] == 120_450
    };
    house.until_within("the same form refunds it", KNOWN_WITHIN, is_back).await;
    assert_eq!(house.number("SELECT COUNT(*) FROM refund").await, 1);
}

/// SQLite's files are reached through `sick_disk.c`. PostgreSQL's are its own: there a trigger on each table answers with the
/// code that the server has for it.
enum Disk {
    File { folder: TempDir },
    Postgres,
}

macro_rules! trigger_that {
    ($does:literal) => {
        concat!(
            "CREATE OR REPLACE FUNCTION disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ",
            $does,
            "; RETURN NULL; END $$"
        )
    };
}

const WELL: &str = trigger_that!("NULL");
const FULL: &str = trigger_that!("RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'");
const READ_ONLY: &str = trigger_that!("RAISE EXCEPTION 'read-only' USING ERRCODE = 'read_only_sql_transaction'");
const ON_EACH_TABLE: &str = "DO $$ DECLARE each_table text; BEGIN
    FOR each_table IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TRIGGER disk BEFORE INSERT OR UPDATE ON %I EXECUTE FUNCTION disk()', each_table);
    END LOOP; END $$";

impl Disk {
    async fn of(house: &House, database: On) -> Self {
        if database == On::Postgres {
            house.execute(WELL).await;
            house.execute(ON_EACH_TABLE).await;
            return Self::Postgres;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "tests/it/sick_disk.c", "-o"]).arg(library(&folder));
        assert!(compiler.status().unwrap().success(), "sick_disk.c must be compiled");
        Self::File { folder }
    }

    /// What a server is started with to be on it.
    fn env(&self) -> Vec<(&'static str, PathBuf)> {
        match self {
            Self::File { folder } => vec![("LD_PRELOAD", library(folder)), ("SICK_DISK", says(folder))],
            Self::Postgres => Vec::new(),
        }
    }

    async fn falls(&self, house: &House, sick: Sick) {
        let (to_file, to_postgres) = match sick {
            Sick::Full => ("w28", FULL),
            Sick::ReadOnly => ("w30", READ_ONLY),
            Sick::CannotSync => ("s5", WELL),
        };
        match self {
            Self::File { folder } => std::fs::write(says(folder), to_file).unwrap(),
            Self::Postgres => house.execute(to_postgres).await,
        }
    }

    async fn recovers(&self, house: &House) {
        match self {
            Self::File { folder } => std::fs::remove_file(says(folder)).unwrap(),
            Self::Postgres => house.execute(WELL).await,
        }
    }
}

fn library(folder: &TempDir) -> PathBuf {
    folder.path().join("sick_disk.so")
}

fn says(folder: &TempDir) -> PathBuf {
    folder.path().join("says")
}
