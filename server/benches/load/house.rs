//! A house for one database: simulators, servers and bare handlers as processes of their own, and the demo's data with
//! many more invoices.

use crate::gauge::Meter;
use anyhow::{Context, ensure};
use chrono::{TimeDelta, Utc};
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use simulators::facts;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

const START_MAX: Duration = Duration::from_secs(60);
/// Xero takes some hundred documents a call.
const INVOICES_PER_CALL: usize = 500;
/// The simulator makes each page of a list anew from all that has changed: many small lists are quicker than one long one.
const INVOICES_PER_SYNC: usize = 6_000;
/// More reads than any run makes: the simulator counts a fault's turns down.
const READS_MAX: u64 = 1_000_000;
const READ_LINE: &str = "GET /xero/api.xro/2.0/Invoices/";

#[derive(Clone)]
pub struct Database {
    pub name: &'static str,
    pub url: String,
    postmaster: Option<u32>,
}

impl Database {
    pub fn sqlite(folder: &Path) -> Self {
        Self { name: "SQLite", url: format!("sqlite://{}", folder.join("portal.db").display()), postmaster: None }
    }

    pub fn postgres(url: &str, postmaster: u32) -> Self {
        Self { name: "PostgreSQL", url: url.to_owned(), postmaster: Some(postmaster) }
    }
}

pub struct House {
    /// The public address, which is the first server's.
    pub portal: String,
    pub vendors: String,
    pub meter: Meter,
    pub http: Client,
    pub database: Database,
    folder: PathBuf,
    program: Program,
    _simulators: Process,
    /// Each with its address.
    servers: Vec<(String, Process)>,
    turn: AtomicUsize,
}

/// The shipped program, with the settings of this house.
struct Program {
    path: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Program {
    fn with(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(arguments).envs(self.settings.clone());
        command
    }
}

/// The bare handlers, as long as this value lives.
pub struct Bare {
    pub address: String,
    pub meter: Meter,
    _running: Process,
}

/// A child that ends with its handle.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl House {
    pub async fn build(wisepay: &Path, folder: &Path, database: Database) -> anyhow::Result<Self> {
        let (vendors, portal) = (free_address().await?, format!("http://{}", free_address().await?));
        let settings = vec![
            ("DATABASE_URL", database.url.clone()),
            ("WISEPAY_KEY_RING", engine::KeyRing::generate("bench")?),
            ("WISEPAY_PUBLIC_URL", portal.clone()),
            ("WISEPAY_SIMULATORS_URL", format!("http://{vendors}")),
            ("WISEPAY_RATE_LIMITS", "off".to_owned()),
        ];
        let program = Program { path: wisepay.to_owned(), settings };
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build()?;
        let simulators = start(program.with(&["simulators", "--listen", &vendors]), folder, "simulators")?;
        answers(&http, &format!("http://{vendors}/demo.json")).await?;
        let seeded = program.with(&["seed-demo"]).status()?;
        ensure!(seeded.success(), "the demo's data could not be made");
        let mut house = Self {
            portal,
            vendors: format!("http://{vendors}"),
            meter: Meter { servers: Vec::new(), postmaster: database.postmaster },
            http,
            folder: folder.to_owned(),
            database,
            program,
            _simulators: simulators,
            servers: Vec::new(),
            turn: AtomicUsize::new(0),
        };
        house.serve(1).await?;
        Ok(house)
    }

    /// So many servers on the one database, in place of those that run.
    pub async fn serve(&mut self, processes: usize) -> anyhow::Result<()> {
        self.stop();
        for number in 0..processes {
            let address = if number == 0 { self.portal.clone() } else { format!("http://{}", free_address().await?) };
            let mut command = self.program.with(&["serve"]);
            command.env("WISEPAY_LISTEN", address.trim_start_matches("http://"));
            let server = start(command, &self.folder, &format!("serve-{number}"))?;
            answers(&self.http, &format!("{address}/health/ready")).await?;
            self.meter.servers.push(server.0.id());
            self.servers.push((address, server));
        }
        Ok(())
    }

    pub fn stop(&mut self) {
        self.servers.clear();
        self.meter.servers.clear();
    }

    /// A path at the server whose turn it is.
    pub fn at(&self, path: &str) -> String {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (address, _) = &self.servers[turn % self.servers.len()];
        format!("{address}{path}")
    }

    /// Starts the bare handlers on the same database.
    pub async fn bare(&self) -> anyhow::Result<Bare> {
        let listen = free_address().await?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", "--listen", &listen, "--database", &self.database.url]);
        let running = start(command, &self.folder, "bare")?;
        let address = format!("http://{listen}");
        answers(&self.http, &address).await?;
        let meter = Meter { servers: vec![running.0.id()], postmaster: self.database.postmaster };
        Ok(Bare { address, meter, _running: running })
    }

    /// Writes open invoices into the books, some of them the payer's whose dashboard is measured, and has the portal read
    /// them. Answers the numbers of all others.
    pub async fn add_invoices(&self, others: usize, dashboard_rows: usize) -> anyhow::Result<Vec<String>> {
        let demo: Value = self.http.get(format!("{}/demo.json", self.vendors)).send().await?.json().await?;
        let token = self.books_token(&demo["vendors"]["xero"]).await?;
        let open = |customer: &str| {
            let invoices = demo["merchants"][0]["invoices"].as_array();
            invoices.into_iter().flatten().filter(|i| i["customer"] == customer && i["due_minor"] != 0).count()
        };
        let missing = dashboard_rows.saturating_sub(open("Acme Pty Ltd"));
        let own = (0..missing).map(|n| document(&format!("LIST-{n:05}"), "Acme Pty Ltd"));
        let numbers: Vec<String> = (0..others).map(|n| format!("BENCH-{n:05}")).collect();
        let documents: Vec<Value> = own.chain(numbers.iter().map(|n| document(n, "Cobalt Engineering"))).collect();
        let admin = self.sign_in(facts::NORTHWIND.admin_email).await?;
        for many in documents.chunks(INVOICES_PER_SYNC) {
            for some in many.chunks(INVOICES_PER_CALL) {
                let call = self.http.post(format!("{}/xero/api.xro/2.0/Invoices", self.vendors)).bearer_auth(&token);
                let call = call.header("xero-tenant-id", facts::xero::TENANT_ID).json(&json!({"Invoices": some}));
                let answer = call.send().await?;
                ensure!(answer.status().is_success(), "the books refuse invoices: {}", answer.text().await?);
            }
            self.download(&admin).await?;
        }
        Ok(numbers)
    }

    /// Has the portal read the books, and waits until it has.
    async fn download(&self, admin: &str) -> anyhow::Result<()> {
        let page = format!("{}/admin/sync", self.portal);
        let press = self.http.post(&page).header("cookie", admin).header("origin", &self.portal);
        let pressed = press.form(&[("do", "start")]).send().await?;
        ensure!(pressed.status().is_redirection(), "the portal could not read the books: {}", pressed.status());
        loop {
            let shown = self.http.get(&page).header("cookie", admin).send().await?.text().await?;
            if !shown.contains("Cancel download") {
                ensure!(shown.contains("Downloaded"), "the portal has not read the books: {shown}");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// An access token of the strangers' grant, which never disturbs the portal's own.
    async fn books_token(&self, xero: &Value) -> anyhow::Result<String> {
        let text = |name: &str| xero[name].as_str().unwrap_or_default();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text("refresh_token")),
            ("client_id", text("client_id")),
            ("client_secret", text("client_secret")),
        ];
        let call = self.http.post(format!("{}/xero/connect/token", self.vendors)).form(&form);
        let tokens: Value = call.send().await?.json().await?;
        Ok(tokens["access_token"].as_str().context("an access token")?.to_owned())
    }

    /// Signs in and answers the cookie.
    pub async fn sign_in(&self, email: &str) -> anyhow::Result<String> {
        let form = [("email", email), ("password", facts::PASSWORD)];
        let call = self.http.post(format!("{}/api/session/sign_in", self.portal)).header("accept", "text/html");
        let answer = call.header("origin", &self.portal).form(&form).send().await?;
        let cookie = answer.headers().get("set-cookie").context("a session's cookie")?.to_str()?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    /// Makes the books count how often they are asked for one invoice.
    pub async fn count_books_reads(&self) -> anyhow::Result<u64> {
        let fault = json!({"vendor": "xero", "fault": "delay_ms:0", "times": READS_MAX, "match": READ_LINE});
        self.http.post(format!("{}/control/faults", self.vendors)).json(&fault).send().await?.error_for_status()?;
        self.reads_left().await
    }

    /// How often they were asked since, and ends the counting.
    pub async fn counted_books_reads(&self, since: u64) -> anyhow::Result<u64> {
        let asked = since - self.reads_left().await?;
        let off = json!({"vendor": "xero", "fault": "delay_ms:0", "times": 0});
        self.http.post(format!("{}/control/faults", self.vendors)).json(&off).send().await?.error_for_status()?;
        Ok(asked)
    }

    async fn reads_left(&self) -> anyhow::Result<u64> {
        let armed: Value = self.http.get(format!("{}/control/faults", self.vendors)).send().await?.json().await?;
        armed["armed"][0]["times"].as_u64().context("a count of reads")
    }

    /// How long the vendors have worked in all.
    pub async fn vendors_spent(&self) -> anyhow::Result<Duration> {
        let spent: Value = self.http.get(format!("{}/control/spent", self.vendors)).send().await?.json().await?;
        Ok(Duration::from_micros(spent["us"].as_u64().context("the vendors' time")?))
    }

    /// A vendor's records.
    pub async fn state(&self, vendor: &str) -> anyhow::Result<Value> {
        Ok(self.http.get(format!("{}/control/state/{vendor}", self.vendors)).send().await?.json().await?)
    }
}

fn document(number: &str, customer: &str) -> Value {
    let today = Utc::now().date_naive();
    json!({
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Contact": {"Name": customer},
        "Date": today, "DueDate": today + TimeDelta::days(14), "LineAmountTypes": "NoTax",
        "LineItems": [{"Description": "Managed services", "Quantity": 3, "UnitAmount": "89.00",
            "AccountCode": facts::xero::SALES_ACCOUNT_CODE}],
    })
}

fn start(mut command: Command, folder: &Path, name: &str) -> anyhow::Result<Process> {
    let log = File::create(folder.join(format!("{name}.log")))?;
    let command = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Ok(Process(command.spawn().with_context(|| format!("{name} cannot be started"))?))
}

async fn free_address() -> anyhow::Result<String> {
    Ok(tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string())
}

async fn answers(http: &Client, url: &str) -> anyhow::Result<()> {
    let asking = async {
        while http.get(url).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(START_MAX, asking).await.with_context(|| format!("nothing answers at {url}"))
}
