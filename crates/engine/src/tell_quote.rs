//! Tells a quoting program what became of a quote (`wire/connectwise.md`, 3.3), where its merchant has set an address for that:
//! each piece of news is a job, written in the transaction of the fact. It may come more than once, and behind those of the same
//! session that came before it; none waits for another session's.

use crate::{
    Engine, Error,
    error::known,
    jobs::Ran,
    quote_checkout::signing_key,
    quote_documents::share_of_quote,
    send_events::Tried,
    work::{Work, told_of},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{EventId, QuoteSessionId},
    integration::IntegrationKind,
    quote::SessionStatus,
    quote_event::{QuoteEvent, QuoteEventData, QuoteEventKind, tell_again_after},
};
use store::{Attempt, Job, MerchantDb, MerchantTx, SubKey};
use uuid::Uuid;

/// So much news of one session is looked through.
const NEWS_MAX: u64 = 100;
/// What comes first is under way: it is looked for again then.
const UNDER_WAY_GAP: TimeDelta = TimeDelta::seconds(2);

impl Engine {
    /// Has it told, where this attempt pays a quote.
    pub(crate) async fn mean_quote_news(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        kind: QuoteEventKind,
        refunded_minor: Option<i64>,
    ) -> Result<(), Error> {
        if tx.quote_rules().await?.webhook_url.is_none() {
            return Ok(());
        }
        let (payment, shares) = tx.payment_with_shares(attempt.payment_id).await?;
        let Some(share) = share_of_quote(&shares) else { return Ok(()) };
        // What was paid in the portal is the newest session's, as whoever reads that is told (S40).
        let sessions = tx.quote_sessions(share.invoice_id).await?;
        let its_own = sessions.iter().find(|session| session.checkout_id == payment.checkout_id);
        let Some(session) = its_own.or(sessions.last()) else { return Ok(()) };
        let now = self.now();
        let status = SessionStatus::of(Some(attempt.state), false);
        let data = QuoteEventData { session_id: session.id, status, refunded_minor };
        let told = QuoteEvent { id: EventId(Uuid::now_v7()), kind, created: now.timestamp(), data };
        Work::TellQuote { told }.queue(tx, Some(payment.id), now, now).await
    }

    pub(crate) async fn tell_quote(&self, db: &MerchantDb, job: &Job, told: &QuoteEvent) -> Result<Ran, Error> {
        let is_on = db.integration_is_enabled(IntegrationKind::Sell).await?;
        let url = db.quote_rules().await?.webhook_url.filter(|_| is_on);
        let session = known(db.quote_session(told.data.session_id).await)?;
        // Nobody is to be told any more.
        let (Some(url), Some(session)) = (url, session) else { return Ok(Ran::Finished) };
        if let Some(first_at) = due_before(db, job, told.data.session_id).await? {
            return Ok(Ran::Behind(first_at.max(self.now() + UNDER_WAY_GAP)));
        }
        let key = db.integration_sub_key(&signing_key(db, &session).await?, SubKey::Webhook)?;
        let (now, body) = (self.now(), serde_json::to_string(told)?);
        let tried: Tried = self.0.events.send_quote_news(&url, now, &body, &key).await.into();
        if tried.taken {
            return Ok(Ran::Finished);
        }
        Ok(match tell_again_after(job.tries).filter(|_| !tried.over) {
            Some(gap) => Ran::NotBefore(now + gap, "the quoting program has not taken it"),
            None => Ran::GivenUp(tried.answer),
        })
    }
}

/// When earlier news of this session are to be told, which nobody has given up yet.
async fn due_before(db: &MerchantDb, job: &Job, session: QuoteSessionId) -> Result<Option<DateTime<Utc>>, Error> {
    let undone = db.jobs_undone(&told_of(session), NEWS_MAX).await?;
    let first = undone.into_iter().min_by_key(|undone| undone.id).filter(|first| first.id < job.id);
    Ok(first.map(|first| first.run_at))
}
