//! A whole house for one test: vendors, portal and worker on free ports, with the demo's data. Dropping it stops
//! everything. Who visits it: `browser.rs`; what else serves it: `processes.rs`.

mod browser;
mod processes;

pub use browser::{Answer, Client, Form, ana, field, harbour_link, link, link_for, places};
pub use processes::{Server, own_port};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Clock, Engine, KeyRing, Worker};
use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use server::{
    demo, router,
    serve::{Site, gateway_origins},
    settings::Settings,
};
use simulators::{Options, Simulators, Vendor, facts};
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// How long a test waits for something that the worker does.
const PATIENCE: Duration = Duration::from_secs(40);

pub struct House {
    pub engine: Engine,
    pub portal: String,
    pub vendors: String,
    /// The gateway's connection at Northwind, where its webhooks go.
    pub gateway: domain::ids::ConnectionId,
    folder: tempfile::TempDir,
    /// Of the database.
    pub url: String,
    keys: String,
    /// The vendors', and its own portal's.
    clock_ms: Arc<AtomicI64>,
    postgres: Option<(String, String)>,
    stop: Vec<oneshot::Sender<()>>,
}

/// How much of a house runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    Vendors,
    Portal,
    Worker,
    /// All of it, with a mail server.
    WithMail,
    /// All of it, with rate limits.
    WithLimits,
}

/// Which database a house stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

impl House {
    pub async fn new() -> Self {
        Self::on(On::Sqlite).await.unwrap()
    }

    /// Vendors and data alone: the test starts its own servers.
    pub async fn without_portal() -> Self {
        Self::vendors_alone_on(On::Sqlite).await.unwrap()
    }

    /// `None` for PostgreSQL when no server is named.
    pub async fn vendors_alone_on(database: On) -> Option<Self> {
        Self::build(database, Runs::Vendors).await
    }

    /// With rate limits, as everywhere but in load tests.
    pub async fn with_rate_limits() -> Self {
        Self::build(On::Sqlite, Runs::WithLimits).await.unwrap()
    }

    /// Nothing follows from what is recorded until [`House::start_worker`].
    pub async fn without_worker() -> Self {
        Self::without_worker_on(On::Sqlite).await.unwrap()
    }

    /// `None` for PostgreSQL when no server is named.
    pub async fn without_worker_on(database: On) -> Option<Self> {
        Self::build(database, Runs::Portal).await
    }

    /// `None` for PostgreSQL when no server is named.
    pub async fn on(database: On) -> Option<Self> {
        Self::build(database, Runs::Worker).await
    }

    /// With a mail server that takes all there is: only there is a debit tried again. `None` for PostgreSQL when no server
    /// is named.
    pub async fn with_mail(database: On) -> Option<Self> {
        Self::build(database, Runs::WithMail).await
    }

    async fn build(database: On, runs: Runs) -> Option<Self> {
        ring();
        let folder = tempfile::tempdir().unwrap();
        let (url, postgres) = match database {
            On::Sqlite => (format!("sqlite://{}", folder.path().join("portal.db").display()), None),
            On::Postgres => {
                let (url, admin, name) = fresh_postgres().await?;
                (url, Some((admin, name)))
            }
        };
        let (vendor_port, portal_port) = (bind().await, bind().await);
        let (vendors, portal) = (address(&vendor_port), address(&portal_port));
        let options = Options {
            public_url: vendors.clone(),
            portal_url: portal.clone(),
            limits: false,
            ..Options::in_memory(Utc::now().date_naive())
        };
        let simulators = Simulators::new(options).unwrap();
        let mut stop = Vec::new();
        {
            let (simulators, stopped) = (simulators.clone(), stopper(&mut stop));
            tokio::spawn(async move { simulators.serve(vendor_port, stopped).await });
        }
        let smtp_url = if runs == Runs::WithMail { Some(mail_server(&mut stop).await.into()) } else { None };
        let settings =
            Settings { rate_limits: runs == Runs::WithLimits, smtp_url, ..settings(&portal, &vendors, &url) };
        let keys = KeyRing::generate("test").unwrap();
        let clock_ms = simulators.clock().offset_ms();
        let clock = Clock::shifted_by(Arc::clone(&clock_ms));
        let (database, options) = (&settings.database_url, engine_settings(&settings));
        let engine = Engine::open(database, keys.parse().unwrap(), clock, options).await.unwrap();
        engine.migrate().await.unwrap();
        let gateway = demo::seed(&engine, &vendors).await.unwrap().unwrap();
        let mut house = Self {
            portal: portal.clone(),
            vendors,
            gateway,
            folder,
            url,
            keys,
            clock_ms,
            postgres,
            stop,
            engine: engine.clone(),
        };
        if runs == Runs::Vendors {
            return Some(house);
        }
        let hook = format!("{portal}/webhooks/stripe/{gateway}");
        simulators.send_webhooks(Vendor::Stripe, &hook, facts::stripe::PORTAL_WEBHOOK_SECRET);
        let app =
            router::build(&settings, &site(&settings), engine).into_make_service_with_connect_info::<SocketAddr>();
        let stopped = stopper(&mut house.stop);
        tokio::spawn(async move { axum::serve(portal_port, app).with_graceful_shutdown(stopped).await });
        if runs != Runs::Portal {
            house.start_worker();
        }
        Some(house)
    }

    /// The address of a mail server that takes all there is, for servers of the test's own.
    pub async fn mail_server(&mut self) -> String {
        mail_server(&mut self.stop).await
    }

    pub fn start_worker(&mut self) {
        let (worker, stopped) = (Worker::new(self.engine.clone()), stopper(&mut self.stop));
        tokio::spawn(async move { worker.run(stopped).await });
    }

    pub fn client(&self) -> Client {
        Client::new(&self.portal)
    }

    /// Arms a fault for one request to a vendor.
    pub async fn arm(&self, vendor: &str, fault: &str, matching: &str) {
        self.arm_with(json!({"vendor": vendor, "fault": fault, "times": 1, "match": matching})).await;
    }

    /// Arms a fault for as many requests to a vendor, or pieces of its news.
    pub async fn arm_times(&self, vendor: &str, fault: &str, times: u32) {
        self.arm_with(json!({"vendor": vendor, "fault": fault, "times": times})).await;
    }

    pub async fn arm_with(&self, body: Value) {
        let answer = http().post(format!("{}/control/faults", self.vendors)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The faults that are armed, with how often each will hit.
    pub async fn armed(&self) -> Value {
        http().get(format!("{}/control/faults", self.vendors)).send().await.unwrap().json().await.unwrap()
    }

    /// Takes back what is armed and has not hit yet.
    pub async fn disarm(&self) {
        for fault in self.armed().await["armed"].as_array().unwrap() {
            self.arm_with(json!({"vendor": fault["vendor"], "fault": fault["fault"], "times": 0})).await;
        }
    }

    /// The answer of the database to a question for one number, a `bigint`.
    pub async fn number(&self, sql: &'static str) -> i64 {
        if self.postgres.is_some() {
            let database = sqlx::PgPool::connect(&self.url).await.unwrap();
            let number = sqlx::query_scalar(sql).fetch_one(&database).await.unwrap();
            database.close().await;
            number
        } else {
            let database = sqlx::SqlitePool::connect(&self.url).await.unwrap();
            let number = sqlx::query_scalar(sql).fetch_one(&database).await.unwrap();
            database.close().await;
            number
        }
    }

    /// Changes the database behind everybody's back.
    pub async fn execute(&self, sql: impl sqlx::SqlSafeStr) {
        if self.postgres.is_some() {
            let database = sqlx::PgPool::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&database).await.unwrap();
            database.close().await;
        } else {
            let database = sqlx::SqlitePool::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&database).await.unwrap();
            database.close().await;
        }
    }

    /// Lets what follows change the rows of a table that is append-only, as whoever may change the schema can.
    pub async fn unlock(&self, table: &str) {
        let on = if self.postgres.is_some() { format!(" ON {table}") } else { String::new() };
        for never in ["updated", "deleted"] {
            self.execute(sqlx::AssertSqlSafe(format!("DROP TRIGGER {table}_never_{never}{on}"))).await;
        }
    }

    /// Keeps a copy of the file as it is now.
    pub async fn back_up(&self) {
        let database = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        let copy = self.copy().display().to_string();
        sqlx::query("VACUUM INTO $1").bind(copy).execute(&database).await.unwrap();
        database.close().await;
    }

    /// Puts the copy in the place of the file, which no server has open: the house's own engine goes on reading the old one.
    pub fn restore(&self) {
        let file = self.url.strip_prefix("sqlite://").unwrap();
        for beside in ["-wal", "-shm"] {
            // It may have been left tidy.
            let _ = std::fs::remove_file(format!("{file}{beside}"));
        }
        std::fs::rename(self.copy(), file).unwrap();
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy.db")
    }

    pub async fn state(&self, vendor: &str) -> Value {
        http().get(format!("{}/control/state/{vendor}", self.vendors)).send().await.unwrap().json().await.unwrap()
    }

    /// The gateway's charges that took money.
    pub async fn charges(&self) -> Vec<Value> {
        self.charges_that("succeeded").await
    }

    pub async fn charges_that(&self, status: &str) -> Vec<Value> {
        let state = self.state("stripe").await;
        let charges = state["charges"].as_array().unwrap().clone();
        charges.into_iter().filter(|charge| charge["status"] == status).collect()
    }

    /// What stays as credit in the books.
    pub async fn advances(&self) -> Vec<Value> {
        self.state("xero").await["advances"].as_array().unwrap().clone()
    }

    pub async fn books_invoice(&self, number: &str) -> Value {
        let state = self.state("xero").await;
        let invoices = state["invoices"].as_array().unwrap();
        invoices.iter().find(|invoice| invoice["number"] == number).unwrap().clone()
    }

    /// The books' payments of one invoice that came from us: they stand on the clearing account.
    pub async fn books_payments(&self, number: &str) -> Vec<Value> {
        let state = self.state("xero").await;
        let payments = state["payments"].as_array().unwrap().clone();
        let ours = |p: &Value| {
            p["invoice"] == number
                && p["status"] == "AUTHORISED"
                && p["account_code"] == facts::xero::CLEARING_ACCOUNT_CODE
        };
        payments.into_iter().filter(ours).collect()
    }

    /// Has a gateway's news of Northwind sent to this portal.
    pub async fn send_news_to(&self, portal: &str) {
        let hook = json!({"vendor": "stripe", "url": format!("{portal}/webhooks/stripe/{}", self.gateway),
            "secret": facts::stripe::PORTAL_WEBHOOK_SECRET});
        let answer = http().post(format!("{}/control/webhooks", self.vendors)).json(&hook).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The program on this house's database, among its vendors.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wisepay"));
        command
            .args(arguments)
            .current_dir("..")
            .env("DATABASE_URL", &self.url)
            .env("WISEPAY_KEY_RING", &self.keys)
            .env("WISEPAY_SIMULATORS_URL", &self.vendors)
            // Whoever waits here asks again and again.
            .env("WISEPAY_RATE_LIMITS", "off")
            // Every client of a test says where it comes from, as a proxy would.
            .env("WISEPAY_TRUSTED_PROXIES", "127.0.0.1")
            .env("WISEPAY_PRIVATE_ENDPOINTS", "on")
            .env("WISEPAY_CLOCK_FILE", self.clock_file())
            .env("RUST_LOG", "warn")
            // A test's, and no setting of the program.
            .env_remove("WISEPAY_SEED")
            .stderr(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// An access token to the books for another app of the merchant, whose grant never disturbs the portal's own.
    pub async fn books_token(&self) -> String {
        let grant = [
            ("grant_type", "refresh_token"),
            ("refresh_token", facts::xero::STRANGER_REFRESH_TOKEN),
            ("client_id", facts::xero::STRANGER_CLIENT_ID),
            ("client_secret", facts::xero::STRANGER_CLIENT_SECRET),
        ];
        let answer = http().post(format!("{}/xero/connect/token", self.vendors)).form(&grant).send().await.unwrap();
        let token: Value = answer.json().await.unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// Changes an invoice in the books behind the portal's back.
    pub async fn edit_books(&self, invoice: Value) {
        let answer = http().post(format!("{}/control/xero/invoice", self.vendors)).json(&invoice).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Moves the clock of vendors and portal, so that what was read is old.
    pub async fn pass_an_hour(&self) {
        self.advance(json!({"hours": 1})).await;
    }

    pub async fn advance(&self, by: Value) {
        // First, or news of the vendors' new time would come from the future.
        self.move_processes(&by);
        let answer = http().post(format!("{}/control/advance", self.vendors)).json(&by).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// By the clock of vendors and portal.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.clock_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock that vendors and the house's own portal share by seconds, and back where that is said. Nothing happens
    /// at the vendors by it.
    pub fn leap(&self, by: TimeDelta) {
        self.clock_ms.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }

    /// Moves the clocks of this house's processes to where the vendors' will be.
    fn move_processes(&self, by: &Value) {
        const MINUTE_MS: i64 = 60 * 1_000;
        let units = [("days", 24 * 60 * MINUTE_MS), ("hours", 60 * MINUTE_MS), ("minutes", MINUTE_MS)];
        let by_ms: i64 = units.iter().map(|(unit, ms)| by[unit].as_i64().unwrap_or(0) * ms).sum();
        self.put_processes(TimeDelta::milliseconds(self.clock_ms.load(Ordering::Relaxed) + by_ms));
    }

    /// Puts the clocks of this house's processes so far ahead of real time, or behind it; the vendors' stay as they are. The
    /// file is replaced, so that nobody reads half of it.
    pub fn put_processes(&self, ahead: TimeDelta) {
        let fresh = self.folder.path().join("clock.fresh");
        std::fs::write(&fresh, ahead.num_milliseconds().to_string()).unwrap();
        std::fs::rename(fresh, self.clock_file()).unwrap();
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// How Northwind's staff read a payment's story.
    pub async fn story(&self, form: &Form) -> String {
        let admin = self.client();
        admin.sign_in(facts::NORTHWIND.admin_email).await;
        admin.get(&format!("/admin/transactions/{}", form.payment)).await.body
    }

    /// The invariant of every payment story: one charge at the gateway, one payment in the books, the same cents.
    pub async fn assert_paid_once(&self, number: &str, minor: i64) {
        self.assert_paid_once_within(number, minor, PATIENCE).await;
    }

    pub async fn assert_paid_once_within(&self, number: &str, minor: i64, patience: Duration) {
        let what = format!("{number} stands in the books");
        self.until_within(&what, patience, async || self.books_payments(number).await.len() == 1).await;
        let charges = self.charges().await;
        assert_eq!(charges.len(), 1, "one charge at the gateway: {charges:?}");
        assert_eq!(charges[0]["amount_minor"], minor);
        let payment = self.books_payments(number).await.remove(0);
        assert_eq!(payment["reference"], charges[0]["id"], "the books quote the gateway's id");
        assert_eq!(payment["amount_minor"], minor);
    }

    /// Northwind's billing admin, signed in.
    pub async fn staff(&self) -> Client {
        self.signed_in(facts::NORTHWIND.admin_email).await
    }

    /// Whoever has this address.
    pub async fn signed_in(&self, email: &str) -> Client {
        let client = self.client();
        client.sign_in(email).await;
        client
    }

    /// INV-501, paid by a guest and booked.
    pub async fn paid(&self) -> Form {
        paid_and_booked(self, &self.portal).await.1
    }

    /// The newest mails of Northwind, as its staff read them.
    pub async fn mails(&self) -> String {
        self.staff().await.get("/admin/mail").await.body
    }

    /// Gateway, portal and books agree, once the last job has run.
    pub async fn assert_everything_agrees(&self) {
        let start = Instant::now();
        loop {
            let differences = self.differences(None).await;
            if differences.is_empty() {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "what differs, differs for good: {differences:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What `verify-books` names, once the audit trail has caught up: it is sealed every other second, and a leap of the
    /// clock makes an hour of that.
    pub async fn differences(&self, since: Option<DateTime<Utc>>) -> Vec<String> {
        let start = Instant::now();
        loop {
            let differences = self.engine.verify_books(since).await.unwrap().differences;
            let behind = differences.iter().any(|words| words.contains("waited too long to be sealed"));
            if !behind || start.elapsed() > PATIENCE {
                return differences;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for something that the worker or a vendor brings about.
    pub async fn until(&self, what: &str, is_so: impl AsyncFnMut() -> bool) {
        self.until_within(what, PATIENCE, is_so).await;
    }

    pub async fn until_within(&self, what: &str, patience: Duration, mut is_so: impl AsyncFnMut() -> bool) {
        let start = Instant::now();
        while !is_so().await {
            assert!(start.elapsed() < patience, "waited in vain: {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        for stop in self.stop.drain(..) {
            let _ = stop.send(());
        }
        if let Some((admin, name)) = self.postgres.take() {
            // By psql, because nothing can be awaited here.
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = Command::new("psql").args([&admin, "-qc", &drop]).status();
        }
        let _ = &self.folder;
    }
}

/// A guest of this portal with INV-501 paid, and the form of that.
pub async fn paid_and_booked(house: &House, portal: &str) -> (Client, Form) {
    let guest = Client::new(portal);
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    // The posting is ended a moment after it stands.
    house.assert_everything_agrees().await;
    (guest, form)
}

/// Stripe's signature of an event (`wire/gateways.md`, 2.8).
pub fn sign_event(body: impl AsRef<[u8]>, secret: &str, at: i64) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.").as_bytes());
    mac.update(body.as_ref());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

pub fn http() -> reqwest::Client {
    ring();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

pub fn ring() {
    static RING: Once = Once::new();
    RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

pub fn settings(portal: &str, vendors: &str, database: &str) -> Settings {
    let pairs = [
        ("WISEPAY_PUBLIC_URL", portal),
        ("DATABASE_URL", database),
        ("WISEPAY_SIMULATORS_URL", vendors),
        ("WISEPAY_RATE_LIMITS", "off"),
        // Every client of a test says where it comes from, as a proxy would.
        ("WISEPAY_TRUSTED_PROXIES", "127.0.0.1"),
        ("WISEPAY_PRIVATE_ENDPOINTS", "on"),
    ];
    Settings::from_pairs(pairs.map(|(k, v)| (k.to_owned(), v.to_owned()))).unwrap()
}

fn engine_settings(settings: &Settings) -> engine::Settings {
    engine::Settings {
        public_url: settings.public_url.clone(),
        brand: settings.brand.clone(),
        smtp_url: settings.smtp_url.clone(),
        mail_from: settings.mail_from.clone(),
        hold_rates: settings.rate_limits,
        private_endpoints: settings.private_endpoints,
    }
}

fn site(settings: &Settings) -> Site {
    let options = LeptosOptions::builder().output_name("wisepay").build();
    let origins = gateway_origins(settings.simulators_url.as_deref());
    let assets = app::Assets::load(&options, settings.brand.clone(), origins);
    Site { options, assets }
}

/// The address of a mail server that takes every mail and keeps none.
async fn mail_server(stop: &mut Vec<oneshot::Sender<()>>) -> String {
    let (port, stopped) = (bind().await, stopper(stop));
    let url = address(&port).replace("http:", "smtp:");
    tokio::spawn(async move {
        let serving = async {
            while let Ok((client, _)) = port.accept().await {
                tokio::spawn(take_mails(client));
            }
        };
        tokio::select! {
            () = serving => {}
            () = stopped => {}
        }
    });
    url
}

/// One connection of it (RFC 5321), until the client leaves.
async fn take_mails(client: TcpStream) -> std::io::Result<()> {
    let (lines, mut answers) = client.into_split();
    let mut lines = BufReader::new(lines).lines();
    let mut is_text = false;
    answers.write_all(b"220 mail.test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer: &[u8] = match line.to_ascii_uppercase().split(' ').next().unwrap_or_default() {
            "." if is_text => b"250 taken\r\n",
            _ if is_text => continue,
            "EHLO" => b"250-mail.test\r\n250 8BITMIME\r\n",
            "DATA" => b"354 go on\r\n",
            _ => b"250 ok\r\n",
        };
        is_text = answer.starts_with(b"354");
        answers.write_all(answer).await?;
    }
    Ok(())
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn address(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

fn stopper(all: &mut Vec<oneshot::Sender<()>>) -> impl Future<Output = ()> + Send + 'static + use<> {
    let (stop, stopped) = oneshot::channel();
    all.push(stop);
    async move { drop(stopped.await) }
}

/// A database of its own on the server that `TEST_POSTGRES_URL` names: its address, the server's, and its name.
async fn fresh_postgres() -> Option<(String, String, String)> {
    let Ok(admin) = std::env::var("TEST_POSTGRES_URL") else {
        eprintln!("TEST_POSTGRES_URL is not set: PostgreSQL is left out.");
        return None;
    };
    let name = format!("it_{}", uuid::Uuid::now_v7().simple());
    let create = Command::new("psql").args([&admin, "-qc", &format!("CREATE DATABASE {name}")]).status();
    assert!(create.unwrap().success(), "the test's database could not be made");
    let (server, _) = admin.rsplit_once('/').unwrap();
    Some((format!("{server}/{name}"), admin.clone(), name))
}
