//! The commands (`demo.md`). Each reads as what it does.

mod webhooks;

use crate::{
    demo::{self, Demo},
    figures,
    serve::{Site, serve, stop_signal, work},
    settings::Settings,
};
use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum, builder::BoolishValueParser};
use engine::{Clock, Engine, Lane, MerchantChange, QuoteRulesChange, SettingsError};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use webhooks::{SecretChange, WebhooksAct, books_webhook_secrets, gateway_webhook_secrets, webhooks};

#[derive(Debug, Parser)]
#[command(name = "wisepay", version, about = "A self-hosted payments portal for IT solution providers")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Web and worker in one process, or web alone.
    Serve {
        #[arg(long)]
        no_worker: bool,
    },
    /// The worker alone; any number of them.
    Work,
    /// The vendors alone, their state kept in a folder.
    Simulators {
        #[arg(long, env = "WISEPAY_SIMULATORS_LISTEN", default_value = "127.0.0.1:3900")]
        listen: SocketAddr,
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Vendors, demo data and the portal: everything to try it.
    Demo {
        #[arg(long, env = "WISEPAY_SIMULATORS_LISTEN", default_value = "127.0.0.1:3900")]
        simulators: SocketAddr,
        #[arg(long, env = "WISEPAY_DATA_DIR", default_value = "data/demo")]
        data: PathBuf,
    },
    /// Brings the database's schema up to date.
    Migrate,
    /// Fills an empty database with the demo's data, from simulators that run already.
    SeedDemo,
    /// Computes every balance and every audit trail anew and compares gateway, portal and books; exit 1 and a list if
    /// anything differs.
    VerifyBooks {
        /// Only what began in the last so many days.
        #[arg(long)]
        days: Option<u32>,
        /// Also print what moved on the merchants' balances at their gateways on each day, with fees and payouts.
        #[arg(long)]
        balances: bool,
    },
    /// Puts the surcharge rules of a file in the place of all that a merchant had; without a file, prints what is in force.
    Surcharges {
        /// Its key or its name.
        merchant: String,
        file: Option<PathBuf>,
        /// Only says what is wrong with the file.
        #[arg(long, requires = "file")]
        check: bool,
    },
    /// Says what a merchant takes besides all that is due, whether its debits are tried again, and what stands above its own
    /// documents, after changing what is named.
    Merchant {
        /// Its key or its name.
        merchant: String,
        /// Less than what is due.
        #[arg(long, value_name = "yes|no", hide_possible_values = true, value_parser = BoolishValueParser::new())]
        takes_parts: Option<bool>,
        /// More than what is due, which stays as credit.
        #[arg(long, value_name = "yes|no", hide_possible_values = true, value_parser = BoolishValueParser::new())]
        takes_more: Option<bool>,
        /// Payments without an invoice.
        #[arg(long, value_name = "yes|no", hide_possible_values = true, value_parser = BoolishValueParser::new())]
        prepayments: Option<bool>,
        /// Debits that came back for want of money, where the account's authority allows it.
        #[arg(long, value_name = "yes|no", hide_possible_values = true, value_parser = BoolishValueParser::new())]
        retries_debits: Option<bool>,
        /// A connection to the books for each lane: Wise-Pay, Company and Service.
        #[arg(long, value_name = "yes|no", hide_possible_values = true, value_parser = BoolishValueParser::new())]
        multi_connection: Option<bool>,
        /// Where its books are our own: the address above its documents, in lines; empty for none.
        #[arg(long)]
        address: Option<String>,
        /// And the number by which the tax office knows it.
        #[arg(long)]
        tax_number: Option<String>,
    },
    /// Says where a quoting program may send payers back to and is told what became of its quotes, and whether the credits of
    /// paid quotes are applied, and customers created in the books, by themselves, after changing what is named.
    Quotes {
        /// Its key or its name.
        merchant: String,
        /// To the invoice that names the quote; else staff are asked.
        #[arg(long, value_name = "yes|no", hide_possible_values = true, value_parser = BoolishValueParser::new())]
        apply_credits: Option<bool>,
        /// In the place of those that there are; as often as there are hosts.
        #[arg(long)]
        return_host: Vec<String>,
        /// Where the program is told what became of its quotes; empty for nowhere.
        #[arg(long, value_name = "URL")]
        webhook_url: Option<String>,
        /// Whether who pays a quote and is not in the books is made there by itself.
        #[arg(long)]
        create_customers: Option<CreateCustomers>,
    },
    /// Gives a lane of a merchant's books a client of its own, and so a budget of calls of its own.
    AccountingConnection {
        /// Its key or its name.
        merchant: String,
        lane: LaneName,
        /// JSON with client_id, client_secret and refresh_token, as the consent of that client gave them; else it is read from
        /// standard input.
        file: Option<PathBuf>,
    },
    /// Says how many reads an app at a vendor of books that meters them has made this month, over all merchants, after saying
    /// how many it may make.
    BooksApp {
        /// quickbooks.
        provider: String,
        /// Of a merchant's own app; without it, that of this installation.
        #[arg(long)]
        client_id: Option<String>,
        /// By the plan that the app has at the vendor; 500000 where nobody has said so.
        #[arg(long, value_name = "READS", value_parser = clap::value_parser!(u32).range(1..))]
        reads_a_month: Option<u32>,
    },
    /// Outgoing: says or changes where a merchant's events are sent, each address with a secret of its own. The secrets of
    /// news that its gateway sends here are those of gateway-webhook-secret.
    Webhooks {
        /// Its key or its name.
        merchant: String,
        #[command(subcommand)]
        act: WebhooksAct,
    },
    /// Incoming: says with which secrets the news of a merchant's gateway may be signed, by their last characters and the
    /// oldest first, after adding or dropping one. Events that are sent from here are those of webhooks.
    GatewayWebhookSecret {
        /// Its key or its name.
        merchant: String,
        #[command(subcommand)]
        change: Option<SecretChange>,
    },
    /// Incoming: the same for the news of a merchant's books, with the address that they are to be sent to. The secret is
    /// called webhook key by Xero and verifier token by Intuit.
    BooksWebhookSecret {
        /// Its key or its name.
        merchant: String,
        #[command(subcommand)]
        change: Option<SecretChange>,
    },
    /// Says what is wrong with the settings, or prints them without their secrets.
    CheckConfig,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CreateCustomers {
    /// Staff say so, for each.
    Ask,
    Always,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LaneName {
    WisePay,
    Company,
    Service,
}

impl From<LaneName> for Lane {
    fn from(name: LaneName) -> Self {
        match name {
            LaneName::WisePay => Self::UserAction,
            LaneName::Company => Self::CompanySync,
            LaneName::Service => Self::Background,
        }
    }
}

impl Cli {
    /// # Errors
    /// What went wrong, in one sentence with its causes.
    pub async fn run(self) -> anyhow::Result<()> {
        init_log();
        match self.command {
            Command::Serve { no_worker } => serve_site(!no_worker).await,
            Command::Work => work_alone().await,
            Command::Simulators { listen, data } => demo::simulators_alone(listen, data).await,
            Command::Demo { simulators, data } => Demo::prepare(Settings::load()?, simulators, data).await?.run().await,
            Command::Migrate => migrate().await,
            Command::SeedDemo => seed_demo().await,
            Command::VerifyBooks { days, balances } => verify_books(days, balances).await,
            Command::Surcharges { merchant, file: None, .. } => print_surcharges(&merchant).await,
            Command::Surcharges { merchant, file: Some(file), check } => {
                replace_surcharges(&merchant, &file, check).await
            }
            Command::Merchant {
                merchant,
                takes_parts,
                takes_more,
                prepayments,
                retries_debits,
                multi_connection,
                address,
                tax_number,
            } => {
                let change = MerchantChange {
                    takes_parts,
                    takes_more,
                    takes_prepayments: prepayments,
                    retries_debits,
                    multi_connection,
                    address,
                    tax_number,
                };
                set_merchant(&merchant, change).await
            }
            Command::Quotes { merchant, apply_credits, return_host, webhook_url, create_customers } => {
                let return_hosts = (!return_host.is_empty()).then_some(return_host);
                let creates_customers = create_customers.map(|when| when == CreateCustomers::Always);
                let change =
                    QuoteRulesChange { applies_credits: apply_credits, return_hosts, webhook_url, creates_customers };
                set_quotes(&merchant, change).await
            }
            Command::AccountingConnection { merchant, lane, file } => {
                connect_lane(&merchant, lane.into(), file.as_deref()).await
            }
            Command::BooksApp { provider, client_id, reads_a_month } => {
                books_app(&provider, client_id.as_deref(), reads_a_month).await
            }
            Command::Webhooks { merchant, act } => webhooks(&merchant, act).await,
            Command::GatewayWebhookSecret { merchant, change } => gateway_webhook_secrets(&merchant, change).await,
            Command::BooksWebhookSecret { merchant, change } => books_webhook_secrets(&merchant, change).await,
            Command::CheckConfig => check_config(),
        }
    }
}

async fn serve_site(with_worker: bool) -> anyhow::Result<()> {
    let settings = Settings::load()?;
    let engine = open(&settings).await?;
    let site = Site::load(&settings)?;
    serve(&settings, &site, engine, with_worker, stop_signal()).await
}

async fn work_alone() -> anyhow::Result<()> {
    let settings = Settings::load()?;
    let engine = open(&settings).await?;
    tokio::join!(work(engine.clone(), stop_signal()), figures::serve(settings.metrics_listen, engine, stop_signal()));
    Ok(())
}

async fn migrate() -> anyhow::Result<()> {
    open(&Settings::load()?).await?.migrate().await.context("the schema could not be brought up to date")
}

async fn seed_demo() -> anyhow::Result<()> {
    let settings = Settings::load()?;
    let simulators =
        settings.simulators_url.clone().context("WISEPAY_SIMULATORS_URL must say where the simulators are")?;
    let engine = open(&settings).await?;
    engine.migrate().await?;
    demo::seed(&engine, &simulators).await.map(|_| ())
}

async fn verify_books(days: Option<u32>, balances: bool) -> anyhow::Result<()> {
    let since = days.map(|days| chrono::Utc::now() - chrono::TimeDelta::days(days.into()));
    let engine = open(&Settings::load()?).await?;
    let verified = engine.verify_books(since).await?;
    println!(
        "{} attempts, {} charges at gateways, {} refunds, {} postings in books, {} lines of audit trails compared.",
        verified.attempts, verified.charges, verified.refunds, verified.postings, verified.lines
    );
    verified.days.iter().for_each(|day| println!("  {day}"));
    if balances {
        let since = since.unwrap_or(chrono::DateTime::UNIX_EPOCH);
        engine.gateway_balances(since).await?.iter().for_each(|day| println!("  {day}"));
    }
    // Kept elsewhere, these tell whether a trail was computed anew since.
    verified.trails.iter().for_each(|end| println!("  Audit trail of {end}"));
    verified.differences.iter().for_each(|words| println!("  {words}"));
    anyhow::ensure!(verified.differences.is_empty(), "{} things differ", verified.differences.len());
    println!("Everything agrees.");
    Ok(())
}

async fn print_surcharges(merchant: &str) -> anyhow::Result<()> {
    let policy = open(&Settings::load()?).await?.surcharge_rules(merchant).await;
    match known(merchant, policy)? {
        Some(policy) => println!("{}", serde_json::to_string_pretty(&policy)?),
        None => println!("{merchant} has no surcharge rules: nothing is added for any way of paying."),
    }
    Ok(())
}

async fn replace_surcharges(merchant: &str, file: &Path, only_check: bool) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let policy = engine::read_rules(&text).with_context(|| file.display().to_string())?;
    if !only_check {
        let engine = open(&Settings::load()?).await?;
        known(merchant, engine.replace_surcharge_rules(merchant, &policy).await)?;
    }
    let said = if only_check { "can be taken" } else { "are in force now" };
    println!("{} surcharge rule(s) {said}.", policy.rules.len());
    Ok(())
}

async fn set_merchant(named: &str, change: MerchantChange) -> anyhow::Result<()> {
    let now = open(&Settings::load()?).await?.set_merchant(named, change).await;
    let now = settled(named, now)?;
    let said = |yes: bool| if yes { "yes" } else { "no" };
    println!(
        "{}: takes parts: {}; takes more: {}; prepayments: {}; retries debits: {}; multi-connection: {}; tax number: {}; \
         address: {}",
        now.name,
        said(now.takes_parts),
        said(now.takes_more),
        said(now.takes_prepayments),
        said(now.retries_debits),
        said(now.multi_connection),
        now.tax_number.as_deref().unwrap_or("none"),
        now.address.as_deref().unwrap_or("none")
    );
    Ok(())
}

async fn set_quotes(named: &str, change: QuoteRulesChange) -> anyhow::Result<()> {
    let now = open(&Settings::load()?).await?.set_quote_rules(named, change).await;
    let now = settled(named, now)?;
    println!(
        "{named}: applies credits: {}; payers go back to: {}; news go to: {}; creates customers: {}",
        if now.applies_credits { "yes" } else { "no" },
        now.return_hosts,
        now.webhook_url.as_deref().unwrap_or("nobody"),
        if now.creates_customers { "always" } else { "ask" }
    );
    Ok(())
}

async fn connect_lane(named: &str, lane: Lane, file: Option<&Path>) -> anyhow::Result<()> {
    let text = secret_text(file)?;
    // What stands in the file is no part of what is said about it.
    let grant = serde_json::from_str(&text)
        .map_err(|_| anyhow::anyhow!("it is no JSON with client_id, client_secret and refresh_token"))?;
    let organisation = known(named, open(&Settings::load()?).await?.connect_lane(named, lane, grant).await)?;
    println!("{named}: the {} connection reaches {organisation} by a client of its own.", lane.title());
    Ok(())
}

async fn books_app(provider: &str, client_id: Option<&str>, reads_max: Option<u32>) -> anyhow::Result<()> {
    let month = open(&Settings::load()?).await?.books_app(provider, client_id, reads_max).await?;
    println!("{} of {} reads made this month.", month.used, month.of);
    Ok(())
}

/// A secret comes from a file or standard input, and never from an argument, which other users of the machine and the shell's
/// history can see.
fn secret_text(file: Option<&Path>) -> anyhow::Result<String> {
    match file {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display())),
        None => std::io::read_to_string(std::io::stdin()).context("standard input cannot be read"),
    }
}

/// [`known`], where what is to be kept may be what is wrong.
fn settled<T>(named: &str, answer: Result<T, SettingsError>) -> anyhow::Result<T> {
    match answer {
        Err(SettingsError::Engine(cause)) => known(named, Err(cause)),
        answer => Ok(answer?),
    }
}

/// Names the merchant that is not there.
fn known<T>(named: &str, answer: Result<T, engine::Error>) -> anyhow::Result<T> {
    match answer {
        Err(engine::Error::NotFound) => anyhow::bail!("there is no merchant {named}"),
        answer => Ok(answer?),
    }
}

fn check_config() -> anyhow::Result<()> {
    let settings = Settings::load()?;
    println!("{settings:#?}\nThe database is {}.", settings.database());
    if settings.key_ring.is_none() {
        println!("WISEPAY_KEY_RING is not set. A fresh one, to keep safe:\n{}", engine::KeyRing::generate("1")?);
    }
    Ok(())
}

async fn open(settings: &Settings) -> anyhow::Result<Engine> {
    let keys = settings.key_ring.clone();
    let keys = keys.context("WISEPAY_KEY_RING must be set; `wisepay check-config` prints a fresh one")?;
    open_with(settings, keys, Clock::of_this_process()).await
}

pub(crate) async fn open_with(settings: &Settings, keys: engine::KeyRing, clock: Clock) -> anyhow::Result<Engine> {
    let options = engine::Settings {
        public_url: settings.public_url.clone(),
        brand: settings.brand.clone(),
        smtp_url: settings.smtp_url.clone(),
        mail_from: settings.mail_from.clone(),
        hold_rates: settings.rate_limits,
        hold_books: settings.rate_limits,
        private_endpoints: settings.private_endpoints,
        books_apps: settings.books_apps(),
    };
    Engine::open(&settings.database_url, keys, clock, options).await.context("the database cannot be opened")
}

fn init_log() {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,sqlx=warn,sea_orm=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
