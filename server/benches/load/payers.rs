//! Guests who pay: each opens the link, reads the form, presses Pay, reads the result, and takes the next invoice.

use crate::{history::Sql, house::House, report::Figures, whole};
use anyhow::{Context, ensure};
use futures::future::try_join_all;
use serde_json::Value;
use simulators::facts;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// The last postings come this long after the last payer, at most.
const POSTING_MAX: Duration = Duration::from_secs(60);

pub struct Payments {
    pub figures: Figures,
    /// From the last result page to the last posting in the books.
    pub posted_after: Duration,
}

/// The address of the checkout that a Pay Now link leads to.
pub async fn open(house: &House, number: &str) -> anyhow::Result<String> {
    location(house.http.get(house.at(&link(number))).send().await?)
}

/// Lets `payers` pay one invoice after the other for this long. The clock runs until the last payment stands in the books.
pub async fn pay(
    house: &House,
    sql: &Sql,
    numbers: &[String],
    payers: usize,
    time: Duration,
) -> anyhow::Result<Payments> {
    let before = made(house).await?;
    let (next, begun, spent) = (AtomicUsize::new(0), Instant::now(), house.meter.cpu_ms()?);
    let payer = async || {
        let mut took = Vec::new();
        while begun.elapsed() < time {
            let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let start = Instant::now();
            pay_one(house, number).await.with_context(|| format!("paying {number}"))?;
            took.push(start.elapsed());
        }
        anyhow::Ok(took)
    };
    let mut took: Vec<Duration> = try_join_all((0..payers).map(|_| payer())).await?.into_iter().flatten().collect();
    let paid_at = Instant::now();
    let posted = until_posted(sql).await?;
    let spent = house.meter.cpu_ms()? - spent;
    hold(house, before, took.len()).await?;
    took.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (done, spent) = (took.len() as f64, spent as f64);
    let figures = Figures {
        done: took.len() as u64,
        failed: 0,
        per_second: done / (posted - begun).as_secs_f64(),
        p50_ms: percentile_ms(&took, 50),
        p99_ms: percentile_ms(&took, 99),
        cpu_ms: spent / done,
    };
    Ok(Payments { figures: whole(figures)?, posted_after: posted - paid_at })
}

/// One payer pays these, each when the one before stands in the books. Answers what pressing Pay took beyond the time
/// that the vendors worked meanwhile, in milliseconds: the half of it, and 99 of 100.
pub async fn own_share(house: &House, sql: &Sql, numbers: &[String]) -> anyhow::Result<[f64; 2]> {
    let before = made(house).await?;
    let mut own = Vec::new();
    for number in numbers {
        let page = form(house, number).await?;
        until_posted(sql).await?;
        let (spent, begun) = (house.vendors_spent().await?, Instant::now());
        let result = press(house, &page).await?;
        let took = begun.elapsed();
        own.push(took.saturating_sub(house.vendors_spent().await? - spent));
        receipt(house, &result).await?;
    }
    until_posted(sql).await?;
    hold(house, before, numbers.len()).await?;
    own.sort_unstable();
    Ok([50, 99].map(|percent| percentile_ms(&own, percent)))
}

fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
}

async fn pay_one(house: &House, number: &str) -> anyhow::Result<()> {
    let page = form(house, number).await?;
    let result = press(house, &page).await?;
    receipt(house, &result).await
}

async fn form(house: &House, number: &str) -> anyhow::Result<String> {
    let checkout = location(house.http.get(house.at(&link(number))).send().await?)?;
    Ok(house.http.get(house.at(&checkout)).send().await?.error_for_status()?.text().await?)
}

async fn press(house: &House, page: &str) -> anyhow::Result<String> {
    let form = [
        ("checkout", field(page, "checkout")?),
        ("payment", field(page, "payment")?),
        ("expected", field(page, "expected")?),
        ("email", "accounts@cobalt.test"),
        ("token", "pm_card_visa"),
        ("consent", field(page, "consent")?),
    ];
    let press = house.http.post(house.at("/api/payments/take")).header("accept", "text/html");
    // Whichever server it is, it was reached by the portal's name.
    let press = press.header("host", house.portal.trim_start_matches("http://")).header("origin", &house.portal);
    location(press.form(&form).send().await?)
}

async fn receipt(house: &House, result: &str) -> anyhow::Result<()> {
    let result = house.http.get(house.at(result)).send().await?.error_for_status()?.text().await?;
    ensure!(result.contains("Receipt"), "the result page shows no receipt");
    Ok(())
}

/// Waits until nothing is meant for the books that they do not have, and says since when that is so. Asked of our own rows,
/// which end when the books have answered: their whole state is long.
async fn until_posted(sql: &Sql) -> anyhow::Result<Instant> {
    // Worded as the partial index is: a million entries must not be read fifty times a second.
    const OPEN: &str = "SELECT count(*) FROM books_entry \
         WHERE state IN ('intended', 'leaving', 'refused') AND state <> 'refused'";
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let open = sql.number(OPEN.into()).await?;
        if open == 0 {
            return Ok(asked);
        }
        ensure!(begun.elapsed() < POSTING_MAX, "{open} payments were not posted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The vendors' charges and postings.
async fn made(house: &House) -> anyhow::Result<[usize; 2]> {
    let (gateway, books) = (house.state("stripe").await?, house.state("xero").await?);
    let ours = |payment: &&Value| payment["account_code"] == facts::xero::CLEARING_ACCOUNT_CODE;
    let posted = books["payments"].as_array().context("payments")?.iter().filter(ours).count();
    Ok([gateway["charges"].as_array().context("charges")?.len(), posted])
}

/// Holds what was promised: as many charges and postings as payments, none of them twice.
async fn hold(house: &House, before: [usize; 2], payments: usize) -> anyhow::Result<()> {
    let [charges, postings] = made(house).await?;
    let new = [charges - before[0], postings - before[1]];
    ensure!(new == [payments; 2], "{payments} payments made {} charges, {} postings", new[0], new[1]);
    Ok(())
}

fn link(number: &str) -> String {
    let key = facts::NORTHWIND.pay_now.email;
    format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&amount=1.00&companyCode=Cobalt%20Engineering")
}

fn location(answer: reqwest::Response) -> anyhow::Result<String> {
    let location = answer.headers().get("location").with_context(|| format!("no redirect but {}", answer.status()))?;
    Ok(location.to_str()?.to_owned())
}

/// The value of the hidden input with this name.
fn field<'a>(html: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let mark = format!("name=\"{name}\"");
    let input = html.split("<input").skip(1).filter_map(|rest| rest.split('>').next()).find(|i| i.contains(&mark));
    let value = input.and_then(|input| input.split("value=\"").nth(1)?.split('"').next());
    value.with_context(|| format!("the page has no field {name}"))
}
