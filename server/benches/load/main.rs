//! `make bench`: the pages and the payment of the shipped program, and a bare axum + sqlx handler on the same database,
//! under the same load in the same run. Started by `scripts/bench.sh`, which builds everything and says where it lies.

mod bare;
mod gauge;
mod house;
mod payers;
mod report;

use anyhow::{Context, ensure};
use clap::Parser;
use gauge::Load;
use house::{Database, House};
use report::{Figures, Report, Row};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

/// Enough for 500 payments a second; whoever is faster is through earlier.
const INVOICES: usize = 6_000;
/// As many rows as a busy customer sees, and as the peers' lists were measured with (`quality.md`, 1.1).
const DASHBOARD_ROWS: usize = 80;
const PAYERS: usize = 16;

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
    if settings.only.is_none() {
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
    let name = database.name;
    let load = Load { time: Duration::from_secs(settings.seconds) };
    let say = |what: &str| println!("==> {name}: {what} …");

    say("preparing invoices");
    let house = House::build(&settings.wisepay, folder.path(), database).await?;
    let invoices = house.add_invoices(INVOICES, DASHBOARD_ROWS).await?;
    let (first, rest) = invoices.split_first().context("there are invoices")?;
    let page = payers::open(&house.portal, first).await?;
    let checkout = page.split_once('=').context("a checkout's address")?.1.to_owned();
    let cookie = house.sign_in(simulators::facts::ANA_EMAIL).await?;

    say("Pay Now");
    let asked = house.count_books_reads().await?;
    let pages = load.wrk(&house.meter, &format!("{}{page}", house.portal), None)?;
    report.books_reads.push((name, house.counted_books_reads(asked).await?, load.with_warm_up()));
    let bare = house.bare().await?;
    let bare_pages = load.wrk(&bare.meter, &format!("{}/pay?checkout={checkout}", bare.address), None)?;
    let joined = load.wrk(&bare.meter, &format!("{}/joined?checkout={checkout}", bare.address), None)?;
    report.add(Row { what: "Pay Now page", name, goal: 8_000, ours: pages, bare: bare_pages });
    report.joined.push((name, joined.per_second, pages.per_second / joined.per_second * 100.0));

    say("the payer's dashboard");
    let lists = load.wrk(&house.meter, &format!("{}/dashboard", house.portal), Some(&cookie))?;
    let bare_lists = load.wrk(&bare.meter, &format!("{}/list", bare.address), Some(&cookie))?;
    report.add(Row { what: "Payer's dashboard", name, goal: 2_500, ours: lists, bare: bare_lists });

    say("payments");
    let payments = payers::pay(&house, rest, PAYERS, load.time).await?;
    let bare_payments = load.wrk(&bare.meter, &format!("{}/take?checkout={checkout}", bare.address), None)?;
    report.posting.push((name, payments.posted_after));
    report.add(Row { what: "Guest payment", name, goal: 500, ours: payments.figures, bare: bare_payments });
    report.memory.push((name, house.meter.peak_memory_mb()?));
    Ok(())
}

/// The program's own answer must not be an error page: a fast failure is no result.
fn whole(figures: Figures) -> anyhow::Result<Figures> {
    ensure!(figures.failed == 0, "{} of {} answers were failures", figures.failed, figures.done);
    Ok(figures)
}
