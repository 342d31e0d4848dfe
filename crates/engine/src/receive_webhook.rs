//! A vendor's news: verified on the raw bytes, stored, answered, and only then worked. What it claims is read again at
//! the vendor, so a forged or stale story can at most make us ask (D5, D6). What follows from those of books:
//! `read_books_news.rs`.

use crate::{
    Engine, Error,
    connections::books_news,
    error::known,
    failpoint,
    jobs::{Ran, chain, end_with},
    work::Work,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use connectors::{
    WebhookError,
    books::{BooksNews, Change},
    gateway::WebhookNews,
};
use domain::{
    ids::{AttemptId, ConnectionId, MethodId, RefundId, WebhookId},
    payment::{AttemptState, Source},
    refund::RefundState,
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use store::{Connection, Job, MerchantDb, NewWebhook, Webhook, WebhookState};

/// Before what is no text that a database takes.
const IN_BASE64: &str = "base64:";
/// So many that are about nothing are read again in one go, the newest.
const PARKED_AT_ONCE: u64 = 200;

/// Why news was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Nothing listens at this address.
    #[error("no such address")]
    NoSuchAddress,
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The same at books: Xero holds us to another answer, or sends nothing (`wire/accounting.md`, 1.12).
    #[error(transparent)]
    BooksWebhook(WebhookError),
    #[error(transparent)]
    Engine(#[from] Error),
}

/// What the adapter read in an event: all that working it needs.
#[derive(Debug, Default, Serialize, Deserialize)]
struct About {
    attempt: Option<AttemptId>,
    gateway_id: Option<String>,
    refund: Option<RefundId>,
    /// Absent in news that an older version has stored, as are those below.
    #[serde(default)]
    refund_gateway_id: Option<String>,
    #[serde(default)]
    method: Option<MethodId>,
    #[serde(default)]
    kept: Option<String>,
    #[serde(default)]
    dispute: Option<String>,
    #[serde(default)]
    is_idle: bool,
    /// What books tell, where it can be read.
    #[serde(default)]
    changes: Option<Vec<Change>>,
}

impl About {
    fn of_gateway(news: WebhookNews) -> (String, String, Self) {
        let about = Self {
            attempt: news.attempt,
            gateway_id: news.gateway_id,
            refund: news.refund,
            refund_gateway_id: news.refund_gateway_id,
            method: news.method,
            kept: news.kept,
            dispute: news.dispute,
            is_idle: news.is_idle,
            changes: None,
        };
        (news.event_id, news.kind, about)
    }

    fn of_books(news: BooksNews) -> (String, String, Self) {
        (news.event_id, news.kind, Self { changes: news.changes, ..Self::default() })
    }

    /// As of what cannot be read.
    const fn names_nothing(&self) -> bool {
        let Self { attempt, gateway_id, refund, refund_gateway_id, method, kept, dispute, is_idle, changes } = self;
        let is_of_payment = attempt.is_some() || gateway_id.is_some() || dispute.is_some();
        let is_of_other = refund.is_some() || refund_gateway_id.is_some() || method.is_some() || kept.is_some();
        !is_of_payment && !is_of_other && !*is_idle && changes.is_none()
    }
}

impl Engine {
    /// # Errors
    /// The signature is not this connection's, or the database is away; then the vendor sends it again.
    pub async fn receive_webhook(
        &self,
        provider: &str,
        connection: ConnectionId,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<(), NotTaken> {
        let door = self.store().door_webhook(connection).await.map_err(Error::from)?;
        let (db, connection) = door.filter(|(_, c)| c.provider == provider).ok_or(NotTaken::NoSuchAddress)?;
        let (event_id, kind, about) = self.authentic(&db, &connection, headers, raw)?;
        let new = NewWebhook {
            connection: connection.id,
            event_id,
            kind,
            news: serde_json::to_string(&about).map_err(Error::from)?,
            raw: kept(raw),
        };
        self.store_news(&db, new, connection.kind == "books", about.names_nothing()).await?;
        failpoint::reach("after_news");
        self.0.bell.notify_one();
        Ok(())
    }

    /// What is read in news that are signed: the id and the kind of the event, and what it is about.
    fn authentic(
        &self,
        db: &MerchantDb,
        connection: &Connection,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<(String, String, About), NotTaken> {
        if connection.kind == "gateway" {
            return Ok(About::of_gateway(self.gateway_of(db, connection)?.webhook(headers, raw, self.now())?));
        }
        let told = books_news(db, connection, headers, raw)?.ok_or(NotTaken::NoSuchAddress)?;
        Ok(About::of_books(told.map_err(NotTaken::BooksWebhook)?))
    }

    async fn store_news(
        &self,
        db: &MerchantDb,
        new: NewWebhook,
        of_books: bool,
        names_nothing: bool,
    ) -> Result<(), Error> {
        let now = self.now();
        let tx = db.begin().await?;
        let webhook = tx.webhook_receive(new.clone(), now).await?;
        let read = Work::ReadNews { webhook: webhook.id, of_books };
        let stood_for_nothing = || serde_json::from_str(&webhook.news).is_ok_and(|about: About| about.names_nothing());
        if webhook.state == WebhookState::Parked && !names_nothing && stood_for_nothing() {
            // A version before this one could not read it, and a person has it sent once more.
            tx.webhook_read_anew(webhook.id, new).await?;
            read.queue_again(&tx, None, now).await?;
        }
        if webhook.state == WebhookState::Received {
            read.queue(&tx, None, now, now).await?;
            // Sent once more because a person asked for it, after we had given it up.
            tx.job_revive(&read.key(""), now).await?;
        }
        failpoint::reach("before_news_commit");
        Ok(tx.commit().await?)
    }

    pub(crate) async fn work_webhook(&self, db: &MerchantDb, job: &Job, id: WebhookId) -> Result<Ran, Error> {
        let webhook = db.webhook(id).await?;
        let mut about: About = serde_json::from_str(&webhook.news)?;
        if let Some(changes) = about.changes.take() {
            return self.read_books_news(db, job, &webhook, changes).await;
        }
        let state = match self.work_news(db, webhook.connection_id, about).await? {
            Worked::NotYet(why) => return Ok(Ran::NotYet(why)),
            Worked::Processed => WebhookState::Processed,
            Worked::Unknown => WebhookState::Parked,
        };
        let tx = db.begin().await?;
        tx.webhook_move(webhook.id, state).await?;
        failpoint::reach("before_news_end_commit");
        end_with(tx, job).await
    }

    /// What was about nothing may be about something by now.
    pub(crate) async fn read_parked_again(&self, db: &MerchantDb) -> Result<(), Error> {
        for webhook in db.webhooks_parked(PARKED_AT_ONCE).await? {
            let Ok(about) = serde_json::from_str::<About>(&webhook.news) else { continue };
            match self.work_news(db, webhook.connection_id, about).await {
                Ok(Worked::Processed) => {
                    let tx = db.begin().await?;
                    tx.webhook_move(webhook.id, WebhookState::Processed).await?;
                    tx.commit().await?;
                }
                Ok(Worked::Unknown | Worked::NotYet(_)) => {}
                Err(cause) => {
                    tracing::warn!(webhook.id = %webhook.id, cause = %chain(&cause), "Parked news could not be read again.");
                }
            }
        }
        Ok(())
    }

    /// Reads the truth at the gateway. What is still being sent brings the same news by itself in a moment; if it died,
    /// the sweep will.
    async fn work_news(&self, db: &MerchantDb, connection: ConnectionId, about: About) -> Result<Worked, Error> {
        if about.is_idle {
            return Ok(Worked::Processed);
        }
        if let Some(kept) = &about.kept {
            self.hear_of_kept(db, connection, kept).await?;
            return Ok(Worked::Processed);
        }
        if let Some(method) = about.method {
            let Some(method) = known(db.method(method).await)? else { return Ok(Worked::Unknown) };
            self.hear_of_method(db, &method).await?;
            return Ok(Worked::Processed);
        }
        if let Some(theirs) = &about.refund_gateway_id {
            return self.hear_of_refund(db, connection, theirs, Source::Webhook).await;
        }
        let is_told = if let Some(refund) = about.refund {
            let Some(refund) = known(db.refund(refund).await)? else { return Ok(Worked::Unknown) };
            if refund.state == RefundState::Created {
                return Ok(Worked::NotYet("the refund is still being sent"));
            }
            self.look_up_refund(db, &refund, Source::Webhook).await?
        } else {
            let attempt = match (about.attempt, &about.gateway_id) {
                (Some(attempt), _) => known(db.attempt(attempt).await)?,
                (None, Some(gateway_id)) => db.attempt_by_gateway_id(gateway_id).await?,
                (None, None) => None,
            };
            let Some(attempt) = attempt else { return Ok(Worked::Unknown) };
            // That of a bank debit is its payment's own outcome, and final.
            if let Some(dispute) = about.dispute.filter(|_| !attempt.kind.is_debit()) {
                return self.hear_of_dispute(db, &attempt, &dispute).await;
            }
            if attempt.state == AttemptState::Created {
                return Ok(Worked::NotYet("the charge is still being sent"));
            }
            self.look_up_told(db, &attempt, Source::Webhook, about.gateway_id).await?
        };
        Ok(if is_told { Worked::Processed } else { Worked::NotYet("the gateway cannot say yet") })
    }
}

/// The very bytes that were signed. No text begins like those that are none, so that they can be read back.
fn kept(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) if !text.contains('\0') && !text.starts_with(IN_BASE64) => text.to_owned(),
        _ => format!("{IN_BASE64}{}", BASE64_STANDARD.encode(raw)),
    }
}

/// What news of books tell of; none of what cannot be read.
pub(crate) fn changes_of(webhook: &Webhook) -> Option<Vec<Change>> {
    serde_json::from_str::<About>(&webhook.news).ok()?.changes
}

/// What news is about, by the gateway's name for it where it has one.
pub(crate) fn thing_of(webhook: &Webhook) -> String {
    let Ok(about) = serde_json::from_str::<About>(&webhook.news) else { return webhook.event_id.clone() };
    let theirs = about.dispute.or(about.refund_gateway_id).or(about.gateway_id);
    let ours = || about.refund.map(|id| id.to_string()).or(about.attempt.map(|id| id.to_string()));
    theirs.or_else(ours).unwrap_or_else(|| webhook.event_id.clone())
}

/// What became of news.
pub(crate) enum Worked {
    Processed,
    /// Not ours, or not known yet: kept for people to see, and never answered with an error (D6).
    Unknown,
    NotYet(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_what_was_signed_is_kept_to_the_byte() {
        for (raw, stands) in [
            (b"{\"of\":\"Zo\xc3\xab\"}\n".as_slice(), "{\"of\":\"Zo\u{eb}\"}\n"),
            (b"", ""),
            (b"\xff{}", "base64:/3t9"),
            (b"{}\0", "base64:e30A"),
            (b"base64:e30A", "base64:YmFzZTY0OmUzMEE="),
        ] {
            assert_eq!(kept(raw), stands);
        }
    }
}
