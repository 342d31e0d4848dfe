//! For whoever watches an installation: what this process has answered, and what waits in the database, as Prometheus reads it,
//! at an address of its own that no payer reaches. Numbers alone: nothing says whose they are.

use crate::health;
use axum::{
    Router,
    extract::{FromRef, Request, State},
    http::header::CONTENT_TYPE,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use engine::{Engine, Error, Figures, Waiting};
use metrics::{counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// All inboxes are counted anew no sooner.
const COUNT_INBOXES_EVERY: Duration = Duration::from_secs(60);

/// What this process has answered since it began.
static ANSWERED: LazyLock<PrometheusRecorder> = LazyLock::new(|| {
    let recorder = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&recorder, || {
        describe_counter!("wisepay_http_requests_total", "Requests that this process has answered.");
    });
    recorder
});

/// Counts an answer, by method and status.
pub async fn count(request: Request, next: Next) -> Response {
    // Whoever asks may make words up, and each would be kept.
    let method = match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "other",
    };
    let answer = next.run(request).await;
    let status = answer.status().as_str().to_owned();
    with_local_recorder(&*ANSWERED, || {
        counter!("wisepay_http_requests_total", "method" => method, "status" => status).increment(1);
    });
    answer
}

#[derive(Clone)]
struct Watched {
    engine: Engine,
    /// How many lines the inboxes had, and when that was counted.
    inboxes: Arc<Mutex<Option<(Instant, u64)>>>,
}

impl FromRef<Watched> for Engine {
    fn from_ref(watched: &Watched) -> Self {
        watched.engine.clone()
    }
}

impl Watched {
    /// Whoever asks at the same time waits for the one count.
    async fn exceptions_open(&self) -> Result<u64, Error> {
        let mut known = self.inboxes.lock().await;
        if let Some((_, count)) = known.filter(|(at, _)| at.elapsed() < COUNT_INBOXES_EVERY) {
            return Ok(count);
        }
        let count = self.engine.exceptions_count().await?;
        *known = Some((Instant::now(), count));
        Ok(count)
    }
}

/// Figures and health; a process without pages has these alone.
pub fn router(engine: Engine) -> Router {
    let watched = Watched { engine, inboxes: Arc::default() };
    Router::new()
        .route("/metrics", get(told))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(watched)
}

/// Answers there until `stop`. Of several processes of one machine the first has the address: the others serve payers all the
/// same.
pub async fn serve(listen: Option<SocketAddr>, engine: Engine, stop: impl Future<Output = ()> + Send + 'static) {
    let Some(listen) = listen else { return };
    let served = match tokio::net::TcpListener::bind(listen).await {
        Ok(listener) => axum::serve(listener, router(engine)).with_graceful_shutdown(stop).await,
        Err(cause) => Err(cause),
    };
    if let Err(cause) = served {
        tracing::warn!(%cause, "Nobody reads this process's figures at {listen}; set WISEPAY_METRICS_LISTEN to another address, or to off.");
    }
}

async fn told(State(watched): State<Watched>) -> impl IntoResponse {
    let asked = async { tokio::try_join!(watched.engine.figures(), watched.exceptions_open()) };
    let found = asked.await.inspect_err(|cause| tracing::warn!(%cause, "Figures could not be read."));
    // A recorder of its own for each answer: a kind of job that nothing is left of is not told of any more.
    let recorder = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&recorder, || record(found.ok().as_ref()));
    let text = ANSWERED.handle().render() + &recorder.handle().render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn record(found: Option<&(Figures, u64)>) {
    describe_gauge!("wisepay_database_up", "Whether the database answered when these figures were asked for.");
    gauge!("wisepay_database_up").set(f64::from(u8::from(found.is_some())));
    let Some((Figures { jobs, attempts_open, .. }, exceptions)) = found else { return };
    describe_gauge!("wisepay_jobs", "Jobs that are due, under way or given up, by kind.");
    describe_gauge!("wisepay_jobs_oldest_seconds", "Since when the oldest of them has been due.");
    for job in jobs {
        let Waiting { count, oldest } = job.waiting;
        gauge!("wisepay_jobs", "kind" => job.kind.clone(), "state" => job.state).set(figure(count));
        gauge!("wisepay_jobs_oldest_seconds", "kind" => job.kind.clone(), "state" => job.state).set(oldest);
    }
    describe_gauge!("wisepay_attempts_open", "Attempts to pay of which nobody knows yet how they end.");
    gauge!("wisepay_attempts_open").set(figure(attempts_open.count));
    describe_gauge!("wisepay_attempts_open_oldest_seconds", "Since when the oldest of them has been open.");
    gauge!("wisepay_attempts_open_oldest_seconds").set(attempts_open.oldest);
    describe_gauge!("wisepay_exceptions_open", "What needs a person, over all merchants; counted once a minute.");
    gauge!("wisepay_exceptions_open").set(figure(*exceptions));
}

/// As Prometheus keeps numbers.
fn figure(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
