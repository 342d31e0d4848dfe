//! `wisepay webhooks`, for events that are sent from here, and the commands of the secrets of news that are sent here.

use super::{known, open, secret_text};
use crate::settings::Settings;
use clap::Subcommand;
use engine::{EndpointError, Engine, WebhookSecretChange, WebhookSecretError};
use secrecy::ExposeSecret;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum WebhooksAct {
    /// Has everything that happens from now on sent there, and prints the secret that signs it, once.
    Add { url: String },
    /// Prints where events are sent.
    List,
    /// Prints a new secret, once. For a day, the one before signs as well.
    NewSecret { url: String },
    /// Sends nothing there any more.
    Drop { url: String },
}

#[derive(Debug, Subcommand)]
pub(super) enum SecretChange {
    /// Takes the secret in a file, or on standard input, besides the one that is there: two at most.
    Add { file: Option<PathBuf> },
    /// Takes the older of two no longer; the last one stays.
    Drop {
        /// The one that was added last, instead.
        #[arg(long)]
        newer: bool,
    },
}

pub(super) async fn webhooks(named: &str, act: WebhooksAct) -> anyhow::Result<()> {
    let engine = open(&Settings::load()?).await?;
    let (url, secret) = match act {
        WebhooksAct::List => return list_webhooks(&engine, named).await,
        WebhooksAct::Drop { url } => {
            of_merchant(named, engine.endpoint_drop(named, &url).await)?;
            println!("Nothing is sent to {url} any more.");
            return Ok(());
        }
        WebhooksAct::Add { url } => {
            let secret = of_merchant(named, engine.endpoint_add(named, &url).await)?;
            (url, secret)
        }
        WebhooksAct::NewSecret { url } => {
            let secret = of_merchant(named, engine.endpoint_new_secret(named, &url).await)?;
            (url, secret)
        }
    };
    println!("Events to {url} are signed with this secret. It is not shown again:\n{}", secret.expose_secret());
    Ok(())
}

async fn list_webhooks(engine: &Engine, named: &str) -> anyhow::Result<()> {
    for (endpoint, waiting) in known(named, engine.endpoints(named).await)? {
        let state = if endpoint.off_since.is_some() { "off" } else { "on" };
        let said = endpoint.last_error.map(|said| format!(" ({said})")).unwrap_or_default();
        println!("{}: {state}, {waiting} waiting{said}", endpoint.url);
    }
    Ok(())
}

/// [`known`], where an address of events may be.
fn of_merchant<T>(named: &str, answer: Result<T, EndpointError>) -> anyhow::Result<T> {
    match answer {
        Err(EndpointError::Engine(cause)) => known(named, Err(cause)),
        answer => Ok(answer?),
    }
}

pub(super) async fn gateway_webhook_secrets(named: &str, change: Option<SecretChange>) -> anyhow::Result<()> {
    let change = change.map(SecretChange::read).transpose()?;
    let now = open(&Settings::load()?).await?.gateway_webhook_secrets(named, change).await;
    say_secrets(named, &known_secrets(named, now)?);
    Ok(())
}

pub(super) async fn books_webhook_secrets(named: &str, change: Option<SecretChange>) -> anyhow::Result<()> {
    let change = change.map(SecretChange::read).transpose()?;
    let now = open(&Settings::load()?).await?.books_webhook_secrets(named, change).await;
    let (address, now) = known_secrets(named, now)?;
    println!("{named}: news of the books are to be sent to {address}");
    say_secrets(named, &now);
    Ok(())
}

fn say_secrets(named: &str, ends: &[String]) {
    if ends.is_empty() {
        println!("{named}: no news are taken, because no secret is known");
    } else {
        println!("{named}: news are taken when they are signed with the secret that ends in {}", ends.join(" or "));
    }
}

/// [`known`], where a secret may be what is wrong.
fn known_secrets<T>(named: &str, answer: Result<T, WebhookSecretError>) -> anyhow::Result<T> {
    match answer {
        Err(WebhookSecretError::Engine(cause)) => known(named, Err(cause)),
        answer => Ok(answer?),
    }
}

impl SecretChange {
    fn read(self) -> anyhow::Result<WebhookSecretChange> {
        Ok(match self {
            Self::Drop { newer: false } => WebhookSecretChange::DropOlder,
            Self::Drop { newer: true } => WebhookSecretChange::DropNewer,
            Self::Add { file } => WebhookSecretChange::Add(secret_text(file.as_deref())?.trim().to_owned().into()),
        })
    }
}
