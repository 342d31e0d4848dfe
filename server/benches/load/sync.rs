//! Books of so many invoices, read into one database by the engine of this process: over the wire, through the adapter, held
//! against what stands there, and stored. The vendor is a few lines beside it that make each page when it is asked for; the time
//! that this takes is left out. Then a hundred changes, from the press of a button to the end of its job.

use crate::gauge::Meter;
use anyhow::ensure;
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    access::Act,
    ids::PersonId,
    money::{Currency, Locale},
    network::Network,
    sync::SyncState,
};
use engine::{
    BooksApps, BooksSecret, BooksSettings, Clock, Engine, Founding, KeyRing, NewMerchant, OwnStart, Settings, SyncPass,
    Worker,
};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

const PAGE: usize = 1_000;
const CUSTOMERS: usize = 5_000;
const CHANGES: usize = 100;
/// So many seconds after what was changed last.
const CHANGED_AFTER: usize = 300;
const DAY_MS: i64 = 86_400_000;
/// 2020-01-01.
const FIRST_DAY_MS: i64 = 1_577_836_800_000;
const EMAIL: &str = "admin@bench.test";
const PASSWORD: &str = "correct horse battery staple";
/// The goals: invoices a second, seconds for a delta, and megabytes.
const PER_SECOND_MIN: f64 = 20_000.0;
const DELTA_SECONDS_MAX: f64 = 1.0;
const MEMORY_MB_MAX: f64 = 150.0;

#[derive(clap::Args)]
pub struct Books {
    /// An empty one.
    #[arg(long)]
    database: String,
    #[arg(long, default_value_t = 1_000_000)]
    invoices: usize,
}

/// The accounting package: invoice after invoice, a second apart.
struct Vendor {
    invoices: usize,
    base: DateTime<Utc>,
    /// The last hundred were paid since.
    has_changed: AtomicBool,
    /// What making pages took.
    spent_us: AtomicU64,
}

pub async fn measure(books: Books) -> anyhow::Result<ExitCode> {
    ensure!(books.invoices > 2 * PAGE, "a delta of {CHANGES} is measured in more than a few pages");
    let name = if books.database.starts_with("sqlite:") { "SQLite" } else { "PostgreSQL" };
    let age = TimeDelta::seconds(i64::try_from(books.invoices + 2 * CHANGED_AFTER)?);
    let vendor = Arc::new(Vendor {
        invoices: books.invoices,
        base: Utc::now() - age,
        has_changed: AtomicBool::new(false),
        spent_us: AtomicU64::new(0),
    });
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(answer).with_state(Arc::clone(&vendor));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let engine = open(&books.database).await?;
    let admin = engine.add_person(EMAIL, PASSWORD, false).await?;
    let start = Instant::now();
    engine.found_merchant(founding(&address, admin), Vec::new()).await?;
    let vendors = Duration::from_micros(vendor.spent_us.load(Ordering::Relaxed));
    let ours = start.elapsed().saturating_sub(vendors).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let per_second = books.invoices as f64 / ours;
    let delta = delta(&engine, &vendor).await?.as_secs_f64();
    let memory = Meter { servers: vec![std::process::id()], postmaster: None }.peak_memory_mb()?;
    println!(
        "Books of {} invoices into {name}: {ours:.1} s, {per_second:.0} per s (at least {PER_SECOND_MIN:.0}; the vendor's \
         {:.1} s left out). {CHANGES} changes: {delta:.2} s (at most {DELTA_SECONDS_MAX}). Most memory: {memory:.0} MB \
         (under {MEMORY_MB_MAX}), the vendor's in it.",
        books.invoices,
        vendors.as_secs_f64(),
    );
    let reached = per_second >= PER_SECOND_MIN && delta <= DELTA_SECONDS_MAX && memory < MEMORY_MB_MAX;
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn open(database: &str) -> anyhow::Result<Engine> {
    let settings = Settings {
        public_url: "http://127.0.0.1:9".to_owned(),
        brand: "Bench".to_owned(),
        smtp_url: None,
        mail_from: "no-reply@bench.test".to_owned(),
        hold_rates: false,
        hold_books: false,
        private_endpoints: true,
        books_apps: BooksApps::default(),
    };
    let keys: KeyRing = KeyRing::generate("bench")?.parse()?;
    let engine = Engine::open(&database.into(), keys, Clock::of_this_process(), settings).await?;
    engine.migrate().await?;
    Ok(engine)
}

fn founding(vendor: &str, admin: PersonId) -> Founding {
    let books = BooksSettings::Xero {
        api_base: format!("{vendor}/api.xro/2.0"),
        token_url: format!("{vendor}/token"),
        tenant_id: Uuid::from_u128(1).to_string(),
        clearing_account: "090".to_owned(),
        clearing_is_bank: false,
        prepayment_account: None,
        zero_tax: None,
        writes_notes: false,
    };
    let secret = BooksSecret {
        client_id: "bench".to_owned(),
        client_secret: "bench".into(),
        refresh_token: "bench".into(),
        access_token: "bench".into(),
        expires_at: Utc::now() + TimeDelta::days(1),
        webhook_secrets: Vec::new(),
    };
    let merchant = NewMerchant {
        key: "bench".to_owned(),
        name: "Bench".to_owned(),
        currency: Currency::USD,
        locale: Locale::EnUs,
        time_zone: "America/New_York".to_owned(),
        support_email: EMAIL.to_owned(),
        takes_parts: false,
        takes_more: false,
        takes_prepayments: false,
        retries_debits: false,
    };
    let books = Some((books, Some(secret)));
    let (gateway, pay_links, admins, own_books) = (None, Vec::new(), vec![admin], OwnStart::default());
    Founding { merchant, books, gateway, pay_links, admins, own_books, integrations: Vec::new() }
}

/// From the press to the end of its job, by a worker that has nothing else to do.
async fn delta(engine: &Engine, vendor: &Vendor) -> anyhow::Result<Duration> {
    let worker = Worker::new(engine.clone());
    tokio::spawn(async move { worker.run(std::future::pending()).await });
    let network = Network::of(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let token = engine.sign_in(EMAIL, PASSWORD, network).await?.token;
    let pass = SyncPass::from(engine.admin(&token, Act::SyncBooks).await?);
    // What the worker does by itself when it begins.
    tokio::time::sleep(Duration::from_secs(5)).await;
    vendor.has_changed.store(true, Ordering::Relaxed);
    let start = Instant::now();
    engine.download_books(&pass).await?;
    loop {
        let page = engine.sync_page(&pass).await?;
        let is_over = page.state == Some(SyncState::Done);
        if is_over && page.updated >= CHANGES as u64 {
            return Ok(start.elapsed());
        }
        ensure!(start.elapsed() < Duration::from_secs(60), "the delta has not ended: {page:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn answer(
    State(vendor): State<Arc<Vendor>>,
    uri: Uri,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let start = Instant::now();
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|since| since.to_str().ok());
    let since = since.and_then(|since| DateTime::parse_from_rfc3339(since).ok()).map(|since| since.to_utc());
    let number = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let page = match uri.path().rsplit('/').next() {
        Some("Contacts") => vendor.contacts(since, number),
        Some("Invoices") => vendor.invoices(since, number),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let spent = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    vendor.spent_us.fetch_add(spent, Ordering::Relaxed);
    ([(header::CONTENT_TYPE, "application/json")], page).into_response()
}

impl Vendor {
    fn at_ms(&self, seconds: i64) -> i64 {
        self.base.timestamp_millis() + 1_000 * seconds
    }

    /// All of them were entered before the first invoice, a second apart.
    fn contacts(&self, since: Option<DateTime<Utc>>, number: usize) -> String {
        let before = |n: usize| i64::try_from(CUSTOMERS - n).unwrap_or(0);
        let first = since.map_or(0, |since| seconds(since - self.base + TimeDelta::seconds(before(0))));
        let row = |n: usize| {
            format!(
                r#"{{"ContactID":"{}","ContactNumber":"C-{n}","ContactStatus":"ACTIVE","Name":"Customer {n}","EmailAddress":"ap{n}@customer.test","Addresses":[],"Phones":[],"UpdatedDateUTC":"\/Date({}+0000)\/","IsCustomer":true}}"#,
                id(n, 2),
                self.at_ms(-before(n)),
            )
        };
        page("Contacts", first..CUSTOMERS, number, row)
    }

    fn invoices(&self, since: Option<DateTime<Utc>>, number: usize) -> String {
        let last = self.invoices - CHANGES;
        let first = since.map_or(0, |since| match seconds(since - self.base) {
            after if after > last && self.has_changed.load(Ordering::Relaxed) => {
                last.max(after.saturating_sub(CHANGED_AFTER))
            }
            after => after,
        });
        page("Invoices", first..self.invoices, number, |n| self.invoice(n))
    }

    fn invoice(&self, n: usize) -> String {
        let is_last = n + CHANGES >= self.invoices;
        let has_changed = is_last && self.has_changed.load(Ordering::Relaxed);
        let after = if has_changed { n + CHANGED_AFTER } else { n };
        let updated_ms = self.at_ms(i64::try_from(after).unwrap_or(0));
        let is_open = (is_last || n.is_multiple_of(10)) && !has_changed;
        let (status, due, paid) = if is_open { ("AUTHORISED", "1204.50", "0.00") } else { ("PAID", "0.00", "1204.50") };
        // Five hundred a day, in no order of their customers.
        let customer = n * 7_919 % CUSTOMERS;
        let day_ms = FIRST_DAY_MS + i64::try_from(n / 500).unwrap_or(0) * DAY_MS;
        let due_ms = day_ms + 30 * DAY_MS;
        format!(
            r#"{{"Type":"ACCREC","InvoiceID":"{}","InvoiceNumber":"INV-{n:07}","Reference":"PO {n}","Payments":[],"CreditNotes":[],"Prepayments":[],"Overpayments":[],"AmountDue":{due},"AmountPaid":{paid},"AmountCredited":0.00,"SentToContact":true,"CurrencyRate":1.000000,"HasErrors":false,"IsDiscounted":false,"Contact":{{"ContactID":"{}","Name":"Customer {customer}","Addresses":[],"Phones":[],"ContactGroups":[],"ContactPersons":[],"HasValidationErrors":false}},"Date":"\/Date({day_ms}+0000)\/","DueDate":"\/Date({due_ms}+0000)\/","Status":"{status}","LineAmountTypes":"Exclusive","LineItems":[{{"Description":"Managed services, workstations and servers","UnitAmount":1095.00,"TaxType":"OUTPUT","TaxAmount":109.50,"LineAmount":1095.00,"AccountCode":"200","Tracking":[],"Quantity":1.0000,"LineItemID":"{}"}}],"SubTotal":1095.00,"TotalTax":109.50,"Total":1204.50,"UpdatedDateUTC":"\/Date({updated_ms}+0000)\/","CurrencyCode":"USD"}}"#,
            id(n, 3),
            id(customer, 2),
            id(n, 4),
        )
    }
}

/// Whole ones, none before the beginning.
fn seconds(time: TimeDelta) -> usize {
    usize::try_from(time.num_seconds()).unwrap_or(0)
}

/// An id in no order, as UUIDs are.
fn id(n: usize, kind: u64) -> Uuid {
    // The mixing of SplitMix64.
    let mixed = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let seed = n as u64 + (kind << 48);
    Uuid::from_u64_pair(mixed(seed), mixed(!seed))
}

/// A page of those in a range, as Xero answers it.
fn page(plural: &str, of: std::ops::Range<usize>, number: usize, row: impl Fn(usize) -> String) -> String {
    let (first, end) = (of.start.min(of.end), of.end);
    let count = end - first;
    let here = (first + (number - 1) * PAGE).min(end);
    let rows: Vec<_> = (here..end.min(here + PAGE)).map(row).collect();
    format!(
        r#"{{"Id":"x","Status":"OK","DateTimeUTC":"\/Date({})\/","pagination":{{"page":{number},"pageSize":{PAGE},"pageCount":{},"itemCount":{count}}},"{plural}":[{}]}}"#,
        Utc::now().timestamp_millis(),
        count.div_ceil(PAGE),
        rows.join(","),
    )
}
