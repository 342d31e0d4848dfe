//! Web and worker as running tasks, and how they stop.

use crate::{figures, router, settings::Settings};
use anyhow::Context;
use app::{Assets, GatewayOrigins};
use axum::serve::ListenerExt;
use engine::{Engine, Worker};
use leptos::config::{LeptosOptions, get_config_from_str};
use std::{net::SocketAddr, path::PathBuf};
use tokio::sync::watch;

/// The gateways whose fields, windows and pages this installation may show; with the simulators, which stand for all of
/// them.
#[must_use]
pub fn gateway_origins(simulators: Option<&str>) -> GatewayOrigins {
    let list = |known: &[&'static str]| known.iter().copied().chain(simulators).collect::<Vec<_>>().join(" ");
    GatewayOrigins {
        scripts: list(&["https://js.stripe.com", "https://js.authorize.net"]),
        frames: list(&["https://js.stripe.com", "https://hooks.stripe.com", "https://js.authorize.net"]),
        calls: list(&["https://api.stripe.com"]),
        pages: list(&["https://checkout.stripe.com", "https://hooks.stripe.com", "https://accept.authorize.net"]),
        sandboxes: &["https://jstest.authorize.net", "https://test.authorize.net"],
    }
}

/// The built files and where they lie.
#[derive(Clone)]
pub struct Site {
    pub options: LeptosOptions,
    pub assets: Assets,
}

impl Site {
    /// The folder `site` beside the executable, else the one that `Leptos.toml` names.
    ///
    /// # Errors
    /// `Leptos.toml`, or a variable that overrides it, is not understood.
    pub fn load(settings: &Settings) -> anyhow::Result<Self> {
        let beside =
            std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("site"))).filter(|path| path.is_dir());
        let mut options =
            get_config_from_str(include_str!("../../Leptos.toml")).context("Leptos.toml is not understood")?;
        if let Some(site) = beside {
            options.site_root = site.to_string_lossy().into();
        }
        options.site_addr = settings.listen;
        let origins = gateway_origins(settings.simulators_url.as_deref());
        let assets = Assets::load(&options, settings.brand.clone(), origins);
        Ok(Self { options, assets })
    }
}

/// Serves until `stop`; what was begun is finished.
///
/// # Errors
/// The address is taken.
pub async fn serve(
    settings: &Settings,
    site: &Site,
    engine: Engine,
    with_worker: bool,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    engine.migrate().await.context("the schema could not be brought up to date")?;
    let listener = tokio::net::TcpListener::bind(settings.listen).await;
    let listener =
        listener.with_context(|| format!("{} is taken; set WISEPAY_LISTEN to another address", settings.listen))?;
    // Small answers would wait 40 ms for the client's delayed ACK.
    let listener = listener.tap_io(|stream| {
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(%cause, "TCP_NODELAY was refused.");
        }
    });
    let (stopping, stopped) = watch::channel(false);
    tokio::spawn(async move {
        stop.await;
        stopping.send_replace(true);
    });
    let watched = tokio::spawn(figures::serve(settings.metrics_listen, engine.clone(), until(stopped.clone())));
    let worker = with_worker.then(|| tokio::spawn(work(engine.clone(), until(stopped.clone()))));
    let app = router::build(settings, site, engine).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(until(stopped)).await?;
    if let Some(worker) = worker {
        worker.await?;
    }
    watched.await?;
    Ok(())
}

pub async fn work(engine: Engine, stop: impl Future<Output = ()>) {
    Worker::new(engine).run(stop).await;
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Ctrl-C or a service manager's SIGTERM.
pub async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(interrupt.await),
    }
}

/// A folder, made when absent.
///
/// # Errors
/// It cannot be made.
pub fn folder(path: PathBuf) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(&path).with_context(|| format!("the folder {} cannot be made", path.display()))?;
    Ok(path)
}
