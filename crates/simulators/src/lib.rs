//! Simulators of the vendors that the portal talks to: they speak the wire, keep state, and misbehave on demand.
//! Contract: `demo.md`. Imports nothing of our other crates, so that a shared mistake cannot hide.
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let simulators = simulators::Simulators::new(simulators::Options::in_memory("2026-07-01".parse()?))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3900").await?;
//! simulators.serve(listener, std::future::pending()).await?;
//! # Ok(()) }
//! ```

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test stops at the first surprise"))]

mod amounts;
mod authorizenet;
mod check_digit;
pub mod clock;
mod control;
mod demo;
mod disturb;
pub mod facts;
mod faults;
mod globalpayments;
mod html;
pub mod mangle;
mod oauth;
mod pages;
mod payrix;
mod pdf;
mod query;
mod quickbooks;
mod random;
mod records;
mod replies;
pub mod seed;
mod sell;
mod stripe;
mod webhooks;
mod window;
mod xero;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::serve::ListenerExt;
use chrono::{NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use clock::Clock;
pub use faults::Vendor;
pub use records::RecordsError;

use faults::Faults;
use records::Records;
use replies::InFlight;

/// How long `timeout_*` faults hold a request when nothing else is asked for.
pub const HOLD_DEFAULT: Duration = Duration::from_secs(120);

/// How the simulators are set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// The day that the demo data's dates are relative to.
    pub seed_today: NaiveDate,
    /// Where state is kept across restarts; `None` keeps it in memory.
    pub data_dir: Option<PathBuf>,
    /// Where browsers reach the simulators, without a slash at the end.
    pub public_url: String,
    /// Where browsers reach the portal, without a slash at the end.
    pub portal_url: String,
    /// How long `timeout_before` and `timeout_after_execute` hold a request.
    pub hold: Duration,
    /// The limits of calls of Xero and QuickBooks (`wire/accounting.md`, 1.4 and 2.12); benches lift them.
    pub limits: bool,
}

impl Options {
    /// The demo's addresses, nothing kept on disk.
    pub fn in_memory(seed_today: NaiveDate) -> Self {
        Self {
            seed_today,
            data_dir: None,
            public_url: "http://127.0.0.1:3900".to_owned(),
            portal_url: "http://127.0.0.1:3000".to_owned(),
            hold: HOLD_DEFAULT,
            limits: true,
        }
    }
}

/// What a hook of the demo may answer.
pub type HookResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;
type HookFuture = Pin<Box<dyn Future<Output = HookResult> + Send>>;
type Hook = Arc<dyn Fn() -> HookFuture + Send + Sync>;

#[derive(Default)]
struct Hooks {
    on_reset: Option<Hook>,
    on_advance: Option<Hook>,
}

/// What survives a restart besides the vendors' records.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Desk {
    clock_offset_ms: i64,
}

pub(crate) struct Shared {
    pub options: Options,
    pub clock: Clock,
    pub faults: Faults,
    pub authorizenet: Records<authorizenet::Account>,
    pub globalpayments: Records<globalpayments::Account>,
    pub payrix: Records<payrix::Account>,
    pub qbo: Records<quickbooks::Books>,
    pub sell: Records<sell::Office>,
    pub stripe: Records<stripe::Account>,
    pub xero: Records<xero::Books>,
    pub in_flight: InFlight,
    pub limits: xero::limits::Limits,
    pub callers: xero::callers::Callers,
    pub qbo_limits: quickbooks::limits::Limits,
    pub webhooks: webhooks::Webhooks,
    pub closing: watch::Sender<bool>,
    /// How long requests have taken in all (`GET /control/spent`).
    pub spent_us: AtomicU64,
    desk: Records<Desk>,
    hooks: RwLock<Hooks>,
    /// The real day on which the simulators started; a later reset moves the seed by the days since.
    started: NaiveDate,
}

impl Shared {
    /// Puts every change on disk; false (and a log line) when that failed, and then no answer may leave.
    pub async fn saved(&self) -> bool {
        let saved = async {
            self.authorizenet.save().await?;
            self.globalpayments.save().await?;
            self.payrix.save().await?;
            self.qbo.save().await?;
            self.sell.save().await?;
            self.stripe.save().await?;
            self.xero.save().await?;
            self.desk.save().await
        };
        match saved.await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the simulators cannot save their state");
                false
            }
        }
    }

    /// Today for freshly made demo data.
    fn seed_day(&self) -> NaiveDate {
        self.options.seed_today + (Utc::now().date_naive() - self.started)
    }
}

/// The vendors; a cheap handle, all clones share one state.
#[derive(Clone)]
pub struct Simulators(pub(crate) Arc<Shared>);

impl Simulators {
    /// Loads what an earlier process kept in `data_dir`, or makes the demo data.
    pub fn new(options: Options) -> Result<Self, RecordsError> {
        if let Some(dir) = &options.data_dir {
            std::fs::create_dir_all(dir).map_err(|source| RecordsError::Io { file: dir.clone(), source })?;
        }
        let dir = options.data_dir.as_deref();
        let desk = Records::open(dir, "desk", Desk::default)?;
        let clock = Clock::default();
        clock.set_offset(desk.read(|desk| desk.clock_offset_ms));
        let now_ms = clock.now_ms();
        let books = || xero::Books::seeded(options.seed_today, now_ms);
        let xero = Records::open(dir, "xero", books)?;
        xero.write(xero::Books::sort_payments);
        let qbo = Records::open(dir, "qbo", || quickbooks::Books::seeded(options.seed_today, now_ms))?;
        let shared = Shared {
            authorizenet: Records::open(dir, "authorizenet", authorizenet::Account::default)?,
            globalpayments: Records::open(dir, "globalpayments", globalpayments::Account::default)?,
            payrix: Records::open(dir, "payrix", payrix::Account::default)?,
            sell: Records::open(dir, "sell", sell::Office::seeded)?,
            stripe: Records::open(dir, "stripe", stripe::Account::default)?,
            qbo,
            xero,
            desk,
            clock,
            faults: Faults::default(),
            in_flight: InFlight::default(),
            limits: xero::limits::Limits::default(),
            callers: xero::callers::Callers::default(),
            qbo_limits: quickbooks::limits::Limits::default(),
            webhooks: webhooks::Webhooks::default(),
            closing: watch::Sender::new(false),
            spent_us: AtomicU64::new(0),
            hooks: RwLock::default(),
            started: Utc::now().date_naive(),
            options,
        };
        shared.authorizenet.read(|account| account.listen(&shared));
        Ok(Self(Arc::new(shared)))
    }

    /// All vendors, controls and pages.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(pages::router())
            .merge(demo::router())
            .merge(control::router())
            .merge(authorizenet::router())
            .merge(globalpayments::router())
            .merge(payrix::router())
            .merge(quickbooks::router())
            .merge(sell::router())
            .merge(stripe::router())
            .merge(xero::router())
            .layer(from_fn_with_state(Arc::clone(&self.0), control::timed))
            .with_state(Arc::clone(&self.0))
    }

    /// Serves until `shutdown`; requests that a fault holds are let go then.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let shared = Arc::clone(&self.0);
        let closed = async move {
            shutdown.await;
            shared.closing.send_replace(true);
        };
        tokio::spawn(stripe::agenda::keep_time(Arc::clone(&self.0)));
        // Without TCP_NODELAY small answers wait for the client's delayed ACK, 40 ms each (`architecture.md`, 7).
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY was refused");
            }
        });
        axum::serve(listener, self.router()).with_graceful_shutdown(closed).await
    }

    /// The demo's clock; give [`Clock::offset_ms`] to the portal so that both move together.
    pub fn clock(&self) -> Clock {
        self.0.clock.clone()
    }

    /// Sends this vendor's webhooks to `url`, signed with `secret`. A second call for the same URL replaces the first.
    pub fn send_webhooks(&self, vendor: Vendor, url: &str, secret: &str) {
        self.0.webhooks.register(vendor, url, secret);
    }

    /// Sends nothing there any more.
    pub fn forget_webhooks(&self, vendor: Vendor, url: &str) {
        self.0.webhooks.forget(vendor, url);
    }

    /// Runs within `POST /control/reset`, after the vendors' data are fresh and before the answer.
    pub fn on_reset<F>(&self, hook: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = HookResult> + Send + 'static,
    {
        self.hooks_mut(|hooks| hooks.on_reset = Some(Arc::new(move || Box::pin(hook()))));
    }

    /// Runs within `POST /control/advance`, after the clock has moved and before the answer.
    pub fn on_advance<F>(&self, hook: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = HookResult> + Send + 'static,
    {
        self.hooks_mut(|hooks| hooks.on_advance = Some(Arc::new(move || Box::pin(hook()))));
    }

    fn hooks_mut(&self, change: impl FnOnce(&mut Hooks)) {
        change(&mut self.0.hooks.write().unwrap_or_else(PoisonError::into_inner));
    }
}
