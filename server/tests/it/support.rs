//! A whole house for one test: vendors, portal and worker on free ports, with the demo's data. Dropping it stops
//! everything. Who visits it: `browser.rs`; what else serves it: `processes.rs`; what it stands on and what is seen there:
//! `database.rs` (its schema: `schema.rs`), `vendors.rs`, `clock.rs`, `payments.rs`.

mod browser;
mod clock;
mod database;
mod mail_server;
mod payments;
mod processes;
mod schema;
mod vendors;

pub use browser::{Answer, Client, Form, ana, ana_at, field, harbour_link, harbour_link_for, link, link_for, places};
pub use clock::DEAD_FOR;
pub use payments::paid_and_booked;
pub use processes::{Server, at_each_step, own_port};
pub use vendors::sign_event;

use chrono::Utc;
use engine::{Clock, Engine, KeyRing, Worker};
use leptos::config::LeptosOptions;
use server::{
    demo, router,
    serve::{Site, gateway_origins},
    settings::Settings,
};
use simulators::{Options, Simulators, Vendor, facts};
use std::{
    net::SocketAddr,
    process::{Command, Stdio},
    sync::{Arc, LazyLock, Once, atomic::AtomicI64},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::oneshot};

/// How long a test waits for something that the worker does.
const PATIENCE: Duration = Duration::from_secs(40);
/// So long after one look comes the next.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOK_EVERY_MAX: Duration = Duration::from_millis(500);

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
    postgres: Option<database::Postgres>,
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
    /// All of it, with books that take no more calls than Xero does.
    WithBooksLimits,
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

    /// With books that take no more calls than Xero does. `None` for PostgreSQL when no server is named.
    pub async fn with_books_limits(database: On) -> Option<Self> {
        Self::build(database, Runs::WithBooksLimits).await
    }

    /// Another process on this house's database, as far as use cases go.
    pub async fn another_engine(&self) -> Engine {
        let settings = settings(&self.portal, &self.vendors, &self.url);
        let options = engine::Settings { hold_books: true, ..engine_settings(&settings) };
        let clock = Clock::shifted_by(Arc::clone(&self.clock_ms));
        Engine::open(&settings.database_url, self.keys.parse().unwrap(), clock, options).await.unwrap()
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
        let file = folder.path().join("portal.db");
        let (url, postgres) = match database {
            On::Sqlite => (format!("sqlite://{}", file.display()), None),
            On::Postgres => {
                let (postgres, url) = database::Postgres::fresh().await?;
                (url, Some(postgres))
            }
        };
        let has_schema = postgres.is_some() || schema::lay(&file);
        let (vendor_port, portal_port) = (bind().await, bind().await);
        let (vendors, portal) = (address(&vendor_port), address(&portal_port));
        let options = Options {
            public_url: vendors.clone(),
            portal_url: portal.clone(),
            limits: runs == Runs::WithBooksLimits,
            ..Options::in_memory(Utc::now().date_naive())
        };
        let simulators = Simulators::new(options).unwrap();
        let mut stop = Vec::new();
        {
            let (simulators, stopped) = (simulators.clone(), stopper(&mut stop));
            tokio::spawn(async move { simulators.serve(vendor_port, stopped).await });
        }
        let smtp_url = if runs == Runs::WithMail { Some(mail_server::start(&mut stop).await.into()) } else { None };
        let settings =
            Settings { rate_limits: runs == Runs::WithLimits, smtp_url, ..settings(&portal, &vendors, &url) };
        let keys = KeyRing::generate("test").unwrap();
        let clock_ms = simulators.clock().offset_ms();
        let clock = Clock::shifted_by(Arc::clone(&clock_ms));
        let hold_books = runs == Runs::WithBooksLimits;
        let (database, options) =
            (&settings.database_url, engine::Settings { hold_books, ..engine_settings(&settings) });
        let engine = Engine::open(database, keys.parse().unwrap(), clock, options).await.unwrap();
        engine.migrate().await.unwrap();
        if !has_schema {
            schema::keep(&url).await;
        }
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
        mail_server::start(&mut self.stop).await
    }

    pub fn start_worker(&mut self) {
        let (worker, stopped) = (Worker::new(self.engine.clone()), stopper(&mut self.stop));
        tokio::spawn(async move { worker.run(stopped).await });
    }

    /// Lets a worker run for as long as this takes; what it has begun by then is finished.
    pub async fn worked<T>(&self, meanwhile: impl Future<Output = T>) -> T {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = Worker::new(self.engine.clone());
        let working = tokio::spawn(async move { worker.run(async move { drop(stopped.await) }).await });
        let told = meanwhile.await;
        drop(stop);
        working.await.unwrap();
        told
    }

    pub fn client(&self) -> Client {
        Client::new(&self.portal)
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
            // There is one such address on this machine.
            .env("WISEPAY_METRICS_LISTEN", "off")
            .env("RUST_LOG", "warn")
            // A test's, and no setting of the program.
            .env_remove("WISEPAY_SEED")
            .stderr(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Northwind's billing admin, signed in.
    pub async fn staff(&self) -> Client {
        self.signed_in(facts::NORTHWIND.admin_email).await
    }

    /// Presses "Download latest accounting platform data", as staff, and waits until all is read.
    pub async fn download(&self, staff: &Client) {
        assert_eq!(staff.post("/admin/sync", &[]).await.status, 303);
        let is_over = async || !staff.get("/admin/sync").await.body.contains("Cancel download");
        self.until("the books are read", is_over).await;
        // One that was pressed while they were read follows, and brings what came meanwhile.
        let left = "SELECT count(*) FROM job WHERE unique_key LIKE 'download_books:%' AND state <> 'done'";
        self.until("and read once more", async || self.number(left).await == 0).await;
    }

    /// Whoever has this address.
    pub async fn signed_in(&self, email: &str) -> Client {
        let client = self.client();
        client.sign_in(email).await;
        client
    }

    /// Waits for something that the worker or a vendor brings about.
    pub async fn until(&self, what: &str, is_so: impl AsyncFnMut() -> bool) {
        self.until_within(what, PATIENCE, is_so).await;
    }

    pub async fn until_within(&self, what: &str, patience: Duration, mut is_so: impl AsyncFnMut() -> bool) {
        let start = Instant::now();
        let mut looked = start;
        while !is_so().await {
            assert!(start.elapsed() < patience, "waited in vain: {what}");
            breathe(looked).await;
            looked = Instant::now();
        }
    }
}

/// Between two looks: for as long as the one took that began then, so that looking leaves the machine to those who are waited
/// for.
async fn breathe(looked: Instant) {
    tokio::time::sleep(looked.elapsed().clamp(LOOK_EVERY, LOOK_EVERY_MAX)).await;
}

impl Drop for House {
    fn drop(&mut self) {
        for stop in self.stop.drain(..) {
            let _ = stop.send(());
        }
    }
}

/// The text has each of these.
macro_rules! assert_has {
    ($text:expr, $($words:expr),+ $(,)?) => {
        for words in [$($words),+] {
            assert!($text.contains(words), "{words}: {}", $text);
        }
    };
}
pub(crate) use assert_has;

/// One client for all of a test: to make one, the roots of the machine are read, which takes longer than most requests. It
/// keeps no connection, so that none leads to a server that has died.
pub fn http() -> reqwest::Client {
    static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
        ring();
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        builder.pool_max_idle_per_host(0).build().unwrap()
    });
    HTTP.clone()
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
        ("WISEPAY_XERO_CLIENT_ID", facts::xero::PORTAL_CLIENT_ID),
        ("WISEPAY_XERO_CLIENT_SECRET", facts::xero::PORTAL_CLIENT_SECRET),
        ("WISEPAY_QUICKBOOKS_CLIENT_ID", facts::qbo::PORTAL_CLIENT_ID),
        ("WISEPAY_QUICKBOOKS_CLIENT_SECRET", facts::qbo::PORTAL_CLIENT_SECRET),
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
        hold_books: false,
        private_endpoints: settings.private_endpoints,
        books_apps: settings.books_apps(),
    }
}

fn site(settings: &Settings) -> Site {
    let options = LeptosOptions::builder().output_name("wisepay").build();
    let origins = gateway_origins(settings.simulators_url.as_deref());
    let assets = app::Assets::load(&options, settings.brand.clone(), origins);
    Site { options, assets }
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
