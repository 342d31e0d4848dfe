//! `make bench`: the pages and the payment of the shipped program, and a bare axum + sqlx handler on the same database,
//! under the same load in the same run; then payments again, by more processes and in ever larger histories. Started by `scripts/bench.sh`, which builds everything and says where it lies.

mod bare;
mod gauge;
mod history;
mod house;
mod payers;
mod replay;
mod report;
mod sync;

use anyhow::{Context, ensure};
use clap::Parser;
use gauge::Load;
use history::{History, Sql};
use house::{Bare, Database, House};
use payers::Payments;
use replay::replay;
use report::{Figures, Limit, More, Report, Row};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

/// There are invoices for so many payments a second; whoever is faster is through earlier.
const PAYMENTS_PER_SECOND_MAX: u64 = 500;
/// As many rows as a busy customer sees, and as the peers' lists were measured with (`quality.md`, 1.1).
const DASHBOARD_ROWS: usize = 80;
/// There are rows for so many payments a second, when rows alone are written.
const REPLAYED_PER_SECOND_MAX: i64 = 3_000;
const PAYERS: usize = 16;
const PROCESSES: usize = 4;
/// One payer alone pays so many.
const ALONE: u64 = 200;
/// What a payment commits for itself: checkout, intent, outcome, posting. The claims of its jobs and the sealing of the
/// audit trail are shared with other payments.
const COMMITS_PER_PAYMENT: i64 = 4;
const HISTORIES: [(&str, i64); 3] = [("10k", 10_000), ("100k", 100_000), ("1M", 1_000_000)];
const HISTORY_SECONDS: u64 = 6;
/// Servers that have just started pay for so long before they are measured.
const SETTLE_SECONDS: u64 = 1;

#[derive(Parser)]
enum Cli {
    /// The whole run, on one database after the other.
    Run(Settings),
    /// The bare handlers alone.
    Bare {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        database: String,
    },
    /// The reading of large books alone.
    Sync(sync::Books),
}

#[derive(clap::Args)]
struct Settings {
    /// The shipped program, with its site beside it.
    #[arg(long)]
    wisepay: PathBuf,
    /// A PostgreSQL server of this run's own.
    #[arg(long)]
    postgres: String,
    /// Its first process, whose children's time counts as the server's.
    #[arg(long)]
    postmaster: u32,
    /// Where the results are kept, between two marks.
    #[arg(long)]
    document: PathBuf,
    /// A folder on the disk that is measured.
    #[arg(long)]
    folder: PathBuf,
    /// What was built.
    #[arg(long)]
    commit: String,
    #[arg(long, default_value_t = 12)]
    seconds: u64,
    /// Only this database, for whoever is looking for costs; the document is left alone then.
    #[arg(long)]
    only: Option<Which>,
    /// Without the larger histories; the document is left alone then.
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse() {
        Cli::Run(settings) => run(settings).await,
        Cli::Bare { listen, database } => bare::serve(listen, &database).await.map(|()| ExitCode::SUCCESS),
        Cli::Sync(books) => sync::measure(books).await,
    }
}

async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(&settings.folder, &settings.commit)?;
    for which in [Which::Sqlite, Which::Postgres] {
        if settings.only.is_none_or(|only| only == which) {
            on_one_database(&settings, which, &mut report).await?;
        }
    }
    println!("\n{}", report.text());
    if settings.only.is_none() && !settings.quick {
        report.keep(&settings.document)?;
    }
    let misses = report.misses();
    for miss in &misses {
        eprintln!("make bench: {miss}");
    }
    Ok(if misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn on_one_database(settings: &Settings, which: Which, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(&settings.folder)?;
    let database = match which {
        Which::Sqlite => Database::sqlite(folder.path()),
        Which::Postgres => Database::postgres(&settings.postgres, settings.postmaster),
    };
    let (name, load) = (database.name, Load { time: Duration::from_secs(settings.seconds) });
    say(name, "preparing invoices");
    let house = House::build(&settings.wisepay, folder.path(), database).await?;
    let histories = HISTORIES.len() as u64 * (SETTLE_SECONDS + HISTORY_SECONDS);
    let invoices = invoices_for(2 * settings.seconds + SETTLE_SECONDS + histories) + ALONE as usize + 1;
    let mut unpaid = house.add_invoices(invoices, DASHBOARD_ROWS).await?;
    let page = payers::open(&house, &unpaid.pop().context("there are invoices")?).await?;
    let checkout = page.split_once('=').context("a checkout's address")?.1.to_owned();
    let (bare, sql) = (house.bare().await?, Sql::open(&house.database.url).await?);
    let mut run = Run { name, load, house, bare, sql, checkout, unpaid };
    run.pages(&page, report).await?;
    run.payments(report).await?;
    run.alone(report).await?;
    if which == Which::Postgres {
        run.by_processes(report).await?;
    }
    let mut history = History::of(&run.sql).await?;
    run.limit(&mut history, report).await?;
    if !settings.quick {
        run.in_histories(history, report).await?;
    }
    Ok(())
}

/// One database with what is measured on it.
struct Run {
    name: &'static str,
    load: Load,
    house: House,
    bare: Bare,
    sql: Sql,
    /// One that is only looked at.
    checkout: String,
    unpaid: Vec<String>,
}

impl Run {
    async fn pages(&self, page: &str, report: &mut Report) -> anyhow::Result<()> {
        let Self { name, load, house, bare, checkout, .. } = self;
        let (name, cookie) = (*name, house.sign_in(simulators::facts::ANA_EMAIL).await?);
        say(name, "Pay Now");
        let asked = house.count_books_reads().await?;
        let pages = load.wrk(&house.meter, &format!("{}{page}", house.portal), None)?;
        report.books_reads.push((name, house.counted_books_reads(asked).await?, load.with_warm_up()));
        let bare_pages = load.wrk(&bare.meter, &format!("{}/pay?checkout={checkout}", bare.address), None)?;
        let joined = load.wrk(&bare.meter, &format!("{}/joined?checkout={checkout}", bare.address), None)?;
        report.add(Row { what: "Pay Now page", name, goal: 8_000, ours: pages, bare: bare_pages });
        report.joined.push((name, joined.per_second, pages.per_second / joined.per_second * 100.0));

        say(name, "the payer's dashboard");
        let lists = load.wrk(&house.meter, &format!("{}/dashboard", house.portal), Some(&cookie))?;
        let bare_lists = load.wrk(&bare.meter, &format!("{}/list", bare.address), Some(&cookie))?;
        report.add(Row { what: "Payer's dashboard", name, goal: 2_500, ours: lists, bare: bare_lists });
        Ok(())
    }

    async fn payments(&mut self, report: &mut Report) -> anyhow::Result<()> {
        say(self.name, "payments");
        self.sql.quiet().await?;
        let rows = self.sql.rows().await?;
        let payments = self.pay(self.load.time.as_secs()).await?;
        self.sql.quiet().await?;
        let done = i64::try_from(payments.figures.done)?;
        let rows = (self.sql.rows().await? - rows + done / 2) / done;
        let Self { name, load, house, bare, checkout, .. } = self;
        let take = load.wrk(&bare.meter, &format!("{}/take?checkout={checkout}", bare.address), None)?;
        let raw = format!("{}/raw?rows={rows}&commits={COMMITS_PER_PAYMENT}", bare.address);
        let raw = load.wrk(&bare.meter, &raw, None)?;
        report.posting.push((*name, payments.posted_after));
        report.add(Row { what: "Guest payment", name, goal: 500, ours: payments.figures, bare: take });
        report.memory.push((*name, house.meter.peak_memory_mb()?));
        let (per_second, ours) = (raw.per_second, payments.figures.per_second);
        let must_be_reached = house.meter.postmaster.is_some();
        report.limits.push(Limit { name, rows, commits: COMMITS_PER_PAYMENT, per_second, ours, must_be_reached });
        Ok(())
    }

    async fn alone(&mut self, report: &mut Report) -> anyhow::Result<()> {
        say(self.name, "one payer alone");
        let numbers = self.take(ALONE as usize);
        report.own_share.push((self.name, payers::own_share(&self.house, &self.sql, &numbers).await?));
        self.sql.quiet().await
    }

    async fn by_processes(&mut self, report: &mut Report) -> anyhow::Result<()> {
        say(self.name, "payments by four processes");
        self.house.serve(PROCESSES).await?;
        self.pay(SETTLE_SECONDS).await?;
        let figures = self.pay(self.load.time.as_secs()).await?.figures;
        report.more.push(More { what: format!("by {PROCESSES} processes"), name: self.name, figures, slower: None });
        self.sql.quiet().await
    }

    /// What the database does with the very rows of payments. No server runs.
    async fn limit(&mut self, history: &mut History, report: &mut Report) -> anyhow::Result<()> {
        say(self.name, "the rows of payments alone");
        self.house.stop();
        let time = self.load.time;
        let rows = history.prepare(&self.sql, REPLAYED_PER_SECOND_MAX * i64::try_from(time.as_secs())?).await?;
        let per_second = replay(&self.house.database.url, &rows, COMMITS_PER_PAYMENT as usize, time).await?;
        report.replayed.push((self.name, per_second));
        self.sql.settle().await
    }

    async fn in_histories(&mut self, mut history: History, report: &mut Report) -> anyhow::Result<()> {
        let mut smallest = None;
        for (size, payments) in HISTORIES {
            say(self.name, &format!("payments with {size} payments in the database"));
            self.house.stop();
            history.grow_to(&self.sql, payments).await?;
            self.house.serve(1).await?;
            self.pay(SETTLE_SECONDS).await?;
            let figures = self.pay(HISTORY_SECONDS).await?.figures;
            let slower = *smallest.get_or_insert(figures.per_second) / figures.per_second;
            report.more.push(More {
                what: format!("with {size} payments"),
                name: self.name,
                figures,
                slower: Some(slower),
            });
            self.sql.quiet().await?;
        }
        Ok(())
    }

    /// Payments for so many seconds.
    async fn pay(&mut self, seconds: u64) -> anyhow::Result<Payments> {
        let numbers = self.take(invoices_for(seconds));
        payers::pay(&self.house, &self.sql, &numbers, PAYERS, Duration::from_secs(seconds)).await
    }

    fn take(&mut self, invoices: usize) -> Vec<String> {
        self.unpaid.split_off(self.unpaid.len().saturating_sub(invoices))
    }
}

fn invoices_for(seconds: u64) -> usize {
    (PAYMENTS_PER_SECOND_MAX * seconds) as usize
}

fn say(name: &str, what: &str) {
    println!("==> {name}: {what} …");
}

/// The program's own answer must not be an error page: a fast failure is no result.
fn whole(figures: Figures) -> anyhow::Result<Figures> {
    ensure!(figures.failed == 0, "{} of {} answers were failures", figures.failed, figures.done);
    Ok(figures)
}
