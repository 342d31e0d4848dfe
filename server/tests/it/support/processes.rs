//! The real program, as processes of a test's own on a house's database.

use super::{House, On, http};
use futures::StreamExt;
use std::{
    ffi::OsStr,
    net::SocketAddr,
    process::Child,
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

const DIES_WITHIN: Duration = Duration::from_secs(20);
/// Stories of processes that die at steps of theirs. None of them waits, so that more would be in each other's way.
const AT_ONCE: usize = 4;

/// A `wisepay serve` of its own on the house's database, while the house's own portal only keeps the vendors alive.
pub struct Server {
    pub process: Child,
    pub portal: String,
}

impl Server {
    pub async fn start(house: &House, failpoint: Option<&str>) -> Self {
        Self::start_at(house, own_port(), failpoint).await
    }

    /// At the address of one that is dead, where its news still go.
    pub async fn start_at(house: &House, port: SocketAddr, failpoint: Option<&str>) -> Self {
        let server = Self::spawn(house, &["serve"], port, failpoint);
        server.until_ready().await;
        server
    }

    /// With this in its environment as well.
    pub async fn start_with(house: &House, env: &[(&str, impl AsRef<OsStr>)]) -> Self {
        let server = Self::spawn_with(house, &["serve"], own_port(), env);
        server.until_ready().await;
        server
    }

    /// Any of the program's commands that go on until they are stopped; what listens, listens at `port`.
    pub fn spawn(house: &House, arguments: &[&str], port: SocketAddr, failpoint: Option<&str>) -> Self {
        let armed = failpoint.map(|name| ("WISEPAY_FAILPOINT", name));
        Self::spawn_with(house, arguments, port, armed.as_slice())
    }

    fn spawn_with(house: &House, arguments: &[&str], port: SocketAddr, env: &[(&str, impl AsRef<OsStr>)]) -> Self {
        let portal = format!("http://{port}");
        let mut command = house.program(arguments);
        command.env("WISEPAY_LISTEN", port.to_string()).env("WISEPAY_PUBLIC_URL", &portal);
        for (name, value) in env {
            command.env(name, value);
        }
        Self { process: command.spawn().unwrap(), portal }
    }

    /// Waits until it has died at its failpoint. Steps of the worker come a moment after the answer.
    pub async fn until_dead(&mut self, step: &str) {
        let start = Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < DIES_WITHIN, "{step} was never reached");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn until_ready(&self) {
        let start = Instant::now();
        while http().get(format!("{}/health/ready", self.portal)).send().await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the server did not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn kill(&mut self) {
        // SIGKILL: nothing is flushed, nothing is said.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A free port of this process's own stretch, below those that the system gives away: whatever took it before the server
/// does would answer in its place.
pub fn own_port() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let stretch = 10_000 + u16::try_from(std::process::id() % 400).unwrap() * 50;
    let ports = std::iter::repeat_with(|| stretch + NEXT.fetch_add(1, Ordering::Relaxed) % 50).take(50);
    let mut addresses = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    addresses.find(|address| std::net::TcpListener::bind(address).is_ok()).unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tells a story of a server that dies for each of these steps on each of these databases, a few at once.
pub async fn at_each_step<Step: Copy, Story: Future<Output = ()>>(
    steps: impl IntoIterator<Item = Step>,
    databases: &[On],
    survives: impl Fn(Step, On) -> Story,
) {
    let stories = steps.into_iter().flat_map(move |step| databases.iter().map(move |database| (step, *database)));
    futures::stream::iter(stories).for_each_concurrent(AT_ONCE, |(step, database)| survives(step, database)).await;
}
