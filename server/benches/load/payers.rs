//! Guests who pay: each opens the link, reads the form, presses Pay, reads the result, and takes the next invoice.

use crate::{house::House, report::Figures, whole};
use anyhow::{Context, ensure};
use futures::future::try_join_all;
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
pub async fn open(portal: &str, number: &str) -> anyhow::Result<String> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    location(http.get(link(portal, number)).send().await?)
}

/// Lets `payers` pay one invoice after the other for this long. The clock runs until the last payment stands in the books.
pub async fn pay(house: &House, numbers: &[String], payers: usize, time: Duration) -> anyhow::Result<Payments> {
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
    let posted = until_posted(house, took.len()).await?;
    let spent = house.meter.cpu_ms()? - spent;
    took.sort_unstable();
    let share = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (done, spent) = (took.len() as f64, spent as f64);
    let figures = Figures {
        done: took.len() as u64,
        failed: 0,
        per_second: done / (posted - begun).as_secs_f64(),
        p50_ms: share(50),
        p99_ms: share(99),
        cpu_ms: spent / done,
    };
    Ok(Payments { figures: whole(figures)?, posted_after: posted - paid_at })
}

async fn pay_one(house: &House, number: &str) -> anyhow::Result<()> {
    let (http, portal) = (&house.http, &house.portal);
    let checkout = location(http.get(link(portal, number)).send().await?)?;
    let page = http.get(format!("{portal}{checkout}")).send().await?.error_for_status()?.text().await?;
    let form = [
        ("checkout", field(&page, "checkout")?),
        ("payment", field(&page, "payment")?),
        ("expected", field(&page, "expected")?),
        ("email", "accounts@cobalt.test"),
        ("token", "pm_card_visa"),
        ("consent", field(&page, "consent")?),
    ];
    let press = http.post(format!("{portal}/api/payments/take")).header("accept", "text/html");
    let result = location(press.header("origin", portal).form(&form).send().await?)?;
    let result = http.get(format!("{portal}{result}")).send().await?.error_for_status()?.text().await?;
    ensure!(result.contains("Receipt"), "the result page shows no receipt");
    Ok(())
}

/// Waits for the books, then holds what was promised: as many charges and postings as payments, none of them twice.
async fn until_posted(house: &House, payments: usize) -> anyhow::Result<Instant> {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let books = house.state("xero").await?;
        let ours = |payment: &&serde_json::Value| payment["account_code"] == facts::xero::CLEARING_ACCOUNT_CODE;
        let posted = books["payments"].as_array().context("payments")?.iter().filter(ours).count();
        if posted >= payments {
            let charges = house.state("stripe").await?["charges"].as_array().context("charges")?.len();
            ensure!(
                (posted, charges) == (payments, payments),
                "{payments} payments made {charges} charges, {posted} postings"
            );
            return Ok(asked);
        }
        ensure!(begun.elapsed() < POSTING_MAX, "only {posted} of {payments} payments were posted");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn link(portal: &str, number: &str) -> String {
    let key = facts::NORTHWIND.pay_now.email;
    format!(
        "{portal}/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&amount=1.00&companyCode=Cobalt%20Engineering"
    )
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
