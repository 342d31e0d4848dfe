//! What is measured and how: wrk for pages, the kernel's own accounts for processor time and memory.

use crate::{report::Figures, whole};
use anyhow::{Context, ensure};
use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(2);
/// `USER_HZ`: the unit of `/proc`, the same on every Linux that people run.
const TICKS_PER_SECOND: u64 = 100;

/// The processes whose time is spent for one service: its own, and its database's.
pub struct Meter {
    pub servers: Vec<u32>,
    pub postmaster: Option<u32>,
}

impl Meter {
    pub fn cpu_ms(&self) -> anyhow::Result<u64> {
        let mut ticks = 0;
        for server in &self.servers {
            ticks += cpu_ticks(*server)?;
        }
        if let Some(postmaster) = self.postmaster {
            ticks += cpu_ticks(postmaster)?;
            for child in children(postmaster)? {
                // One that has just ended is counted by its parent.
                ticks += cpu_ticks(child).unwrap_or_default();
            }
        }
        Ok(ticks * 1_000 / TICKS_PER_SECOND)
    }

    /// The most that the first server itself held since it started.
    pub fn peak_memory_mb(&self) -> anyhow::Result<f64> {
        let server = self.servers.first().context("a server")?;
        let status = fs::read_to_string(format!("/proc/{server}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
        let kb: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kb * 1_024.0 / 1_000_000.0)
    }
}

/// Of the process itself and of its children that have ended.
fn cpu_ticks(pid: u32) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold blanks; utime, stime, cutime and cstime are the 12th to 15th field after it.
    let (_, fields) = stat.rsplit_once(") ").context("a process's fields")?;
    let ticks = fields.split(' ').skip(11).take(4).map(str::parse::<u64>);
    Ok(ticks.sum::<Result<_, _>>()?)
}

fn children(of: u32) -> anyhow::Result<Vec<u32>> {
    let listed = fs::read_to_string(format!("/proc/{of}/task/{of}/children"))?;
    Ok(listed.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// How long each measurement lasts.
#[derive(Clone, Copy)]
pub struct Load {
    pub time: Duration,
}

impl Load {
    pub fn with_warm_up(&self) -> Duration {
        self.time + WARM_UP
    }

    /// 16 connections at one address.
    pub fn wrk(&self, meter: &Meter, url: &str, cookie: Option<&str>) -> anyhow::Result<Figures> {
        run_wrk(WARM_UP, url, cookie)?;
        let before = meter.cpu_ms()?;
        let words = run_wrk(self.time, url, cookie)?;
        let spent = meter.cpu_ms()? - before;
        let done: u64 = words_after(&words, " requests in ", true)?.parse()?;
        let failed: u64 = words_after(&words, "Non-2xx or 3xx responses: ", false).unwrap_or("0").parse()?;
        let per_second: f64 = words_after(&words, "Requests/sec:", false)?.parse()?;
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let cpu_ms = spent as f64 / done as f64;
        let latency = |share| words_after(&words, share, false).and_then(milliseconds);
        whole(Figures { done, failed, per_second, p50_ms: latency(" 50%")?, p99_ms: latency(" 99%")?, cpu_ms })
    }
}

fn run_wrk(time: Duration, url: &str, cookie: Option<&str>) -> anyhow::Result<String> {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads=1", "--latency", &format!("--connections={CONNECTIONS}")]);
    wrk.arg(format!("--duration={}s", time.as_secs()));
    if let Some(cookie) = cookie {
        wrk.args(["--header", &format!("Cookie: {cookie}")]);
    }
    let ran = wrk.arg(url).stderr(Stdio::inherit()).output().context("wrk cannot be started")?;
    ensure!(ran.status.success(), "wrk failed at {url}");
    Ok(String::from_utf8(ran.stdout)?)
}

/// The word after a mark, or before it.
fn words_after<'a>(text: &'a str, mark: &str, before: bool) -> anyhow::Result<&'a str> {
    let found = text.split_once(mark).with_context(|| format!("wrk does not say {mark:?}:\n{text}"))?;
    let word = if before { found.0.split_whitespace().last() } else { found.1.split_whitespace().next() };
    word.context("a word")
}

/// `870.00us`, `2.10ms`, `1.20s`.
fn milliseconds(word: &str) -> anyhow::Result<f64> {
    let split = word.find(|c: char| c.is_ascii_alphabetic()).context("a unit")?;
    let (figure, unit) = word.split_at(split);
    let scale = match unit {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1_000.0,
        _ => anyhow::bail!("wrk's unit {unit} is unknown"),
    };
    Ok(figure.parse::<f64>()? * scale)
}
