//! The one way in for news about a refund: reply, webhook and look-up all end in [`Engine::record_refund`]. Its effects
//! are rows of the same transaction.

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    failpoint,
    jobs::Ran,
    refund_payment::refund_request,
    refused_payment::weigh_refused,
    settle_payment::{InHand, retried},
    work::Work,
};
use chrono::{DateTime, Utc};
use connectors::gateway::{Found, RefundLookUp};
use domain::{
    asking::{before_asking_of_refund, silence_about_refund},
    effects::{RefundEffect, learn_of_refund},
    event::EventKind,
    ids::{InvoiceId, RefundId},
    ledger::Journal,
    payment::{Observation, Source},
    quote_event::QuoteEventKind,
    refund::{FoldedRefund, RefundFact, RefundSeen, spread},
};
use store::{Attempt, MerchantDb, MerchantTx, NewEvent, ObservedRefund, Refund, surcharge_invoice};

impl Engine {
    /// Adds a fact to a refund and does what follows from it, together or not at all. Old news changes nothing. Answers
    /// the refund as it stands then.
    ///
    /// # Errors
    /// Nothing was recorded.
    pub(crate) async fn record_refund(
        &self,
        db: &MerchantDb,
        refund: RefundId,
        seen: RefundSeen,
        source: Source,
    ) -> Result<Refund, Error> {
        retried(refund, || self.record_refund_once(db, refund, &seen, source)).await
    }

    async fn record_refund_once(
        &self,
        db: &MerchantDb,
        refund: RefundId,
        seen: &RefundSeen,
        source: Source,
    ) -> Result<Refund, Error> {
        let tx = db.begin().await?;
        let (mut attempt, mut refund) = held(&tx, refund).await?;
        if !self.learn_refund(&tx, &mut attempt, &mut refund, seen, source).await? {
            return Ok(refund);
        }
        failpoint::reach("before_refund_record_commit");
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(refund)
    }

    /// The same within a transaction that holds the attempt. `false`, and nothing is written, when it is no news.
    pub(crate) async fn learn_refund(
        &self,
        tx: &MerchantTx,
        attempt: &mut Attempt,
        refund: &mut Refund,
        seen: &RefundSeen,
        source: Source,
    ) -> Result<bool, Error> {
        let now = self.now();
        let known = tx.refund_observations(refund.id).await?;
        let known: Vec<_> = known.iter().map(|known| &known.seen).collect();
        let Some(learned) = learn_of_refund(&known, seen, refund.amount()?) else { return Ok(false) };
        let (before, after) = (learned.before, learned.after);
        tx.refund_observation_add(refund.id, known.len(), &ObservedRefund { seen: seen.clone(), source, at: now })
            .await?;
        cache(refund, &after, seen)?;
        refund.updated_at = now;
        tx.refund_cache(refund.clone()).await?;
        for effect in learned.effects {
            match effect.of_payment(refund.id, refund.meaning) {
                // By the payment's own rules the books let go of it, or get it again.
                Some(fact) => {
                    self.learn(tx, attempt, &Observation::bare(fact), source, InHand::default()).await?;
                }
                None => self.follow_refund(tx, attempt, refund, effect, before.state.is_dead()).await?,
            }
        }
        if let Some(moved) = Audited::refund_moved(before.state, refund)? {
            // What a person has said is a line of its own, with their name.
            let actor = if seen.fact == RefundFact::DeclaredAbsent { Actor::Portal } else { Actor::Gateway };
            tx.audit_add(moved.slip(Some(attempt.payment_id), actor, now)?).await?;
        }
        if let Some(kind) = EventKind::of_refund(before.state, after.state) {
            let event = NewEvent { refund: Some(refund.id), ..NewEvent::of(kind, attempt.id) };
            tx.event_add(event, now).await?;
            if kind == EventKind::RefundSucceeded {
                self.mean_quote_news(tx, attempt, QuoteEventKind::Refunded, Some(refund.amount_minor)).await?;
            }
        }
        if after.contradicted && !before.contradicted {
            tracing::error!(refund.id = %refund.id, state = ?after.state, fact = ?seen.fact, "A gateway contradicts what was final about a refund: somebody must look.");
        }
        Ok(true)
    }

    /// Writes an effect down: a posting, a job. The look-up of one that `was_dead` has a key of its own.
    async fn follow_refund(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        refund: &Refund,
        effect: RefundEffect,
        was_dead: bool,
    ) -> Result<(), Error> {
        let (now, payment, id) = (self.now(), Some(attempt.payment_id), refund.id);
        let look_up = |revived| Work::LookUpRefund { refund: id, revived };
        match effect {
            RefundEffect::LookUp(wait) => look_up(was_dead).queue(tx, payment, now + wait, now).await?,
            RefundEffect::LookUpNeedless => {
                for revived in [false, true] {
                    tx.job_needless(&look_up(revived).key("")).await?;
                }
            }
            RefundEffect::Journal(kind) => {
                tx.refund_journal_add(attempt.id, id, &Journal::of(kind, refund.amount()?)?, now).await?;
            }
            RefundEffect::Post => {
                tx.refund_entries_intend(id, &parts(tx, attempt, refund).await?, now).await?;
                Work::PostRefund { refund: id, asked_ms: None }.queue(tx, payment, now, now).await?;
            }
            RefundEffect::TakeBack => {
                weigh_refused(tx, attempt, now).await?;
                Work::TakeBackRefund { refund: id, asked_ms: None }.queue(tx, payment, now, now).await?;
            }
            RefundEffect::Notice { failed } => {
                Work::WriteRefundNotice { refund: id, failed }.queue(tx, payment, now, now).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn look_up_open_refund(&self, db: &MerchantDb, refund: RefundId) -> Result<Ran, Error> {
        let open = db.refund(refund).await?;
        if !open.state.is_open() {
            return Ok(Ran::Finished);
        }
        if !self.look_up_refund(db, &open, Source::LookUp).await? {
            return Ok(Ran::NotYet("the gateway cannot say yet"));
        }
        let is_open = db.refund(refund).await?.state.is_open();
        Ok(if is_open { Ran::NotYet("the outcome is still open") } else { Ran::Finished })
    }

    /// Asks the gateway what became of a refund and records the answer. `false`: it cannot say yet.
    pub(crate) async fn look_up_refund(&self, db: &MerchantDb, refund: &Refund, source: Source) -> Result<bool, Error> {
        if let Some(first) = before_asking_of_refund(refund.state) {
            let unheard = self.record_refund(db, refund.id, RefundSeen::bare(first), source).await?;
            if !unheard.state.is_open() {
                return Ok(true);
            }
        }
        let seen = match self.find_refund(db, refund, None).await? {
            Found::Seen(seen) => seen,
            Found::NotThere => {
                let missed = self.refund_missed_at(db, refund.id).await?;
                RefundSeen::bare(silence_about_refund(missed, self.now()))
            }
            Found::TooEarlyToSay => return Ok(false),
        };
        let told = seen.fact != RefundFact::NotSeen;
        self.record_refund(db, refund.id, seen, source).await?;
        Ok(told)
    }

    /// What the gateway says of a refund, which somebody may say to have the id `told` there. Nothing is recorded.
    pub(crate) async fn find_refund(
        &self,
        db: &MerchantDb,
        refund: &Refund,
        told: Option<String>,
    ) -> Result<Found<RefundSeen>, Error> {
        let attempt = db.attempt(refund.attempt_id).await?;
        let connection = db.connection(attempt.connection_id).await?;
        let look_up = RefundLookUp {
            request: refund_request(&attempt, refund)?,
            gateway_id: refund.gateway_id.clone(),
            told,
            sent_at: refund.created_at,
        };
        Ok(self.gateway_of(db, &connection)?.find_refund(&look_up).await?)
    }

    /// When a look-up first found no trace of it.
    async fn refund_missed_at(&self, db: &MerchantDb, refund: RefundId) -> Result<Option<DateTime<Utc>>, Error> {
        let known = db.refund_observations(refund).await?;
        Ok(known.iter().find(|known| known.seen.fact == RefundFact::NotSeen).map(|missed| missed.at))
    }
}

/// A refund, with the attempt whose money it pays back. The limit and the invoices' shares hang on all refunds of that, so
/// they move one after the other.
pub(crate) async fn held(tx: &MerchantTx, refund: RefundId) -> Result<(Attempt, Refund), Error> {
    let of = tx.refund(refund).await?.attempt_id;
    let attempt = tx.attempt_hold(of).await?;
    Ok((attempt, tx.refund(refund).await?))
}

/// Which of the payment's invoices the refund is credited on, by their numbers: what earlier ones have left of each share.
/// What is surcharge of it goes to the surcharge's own invoice: in proportion to all that was taken, credit included. The rest
/// pays back what is credit before any invoice's share: no sale is cancelled then.
async fn parts(tx: &MerchantTx, attempt: &Attempt, refund: &Refund) -> Result<Vec<(InvoiceId, i64)>, Error> {
    let mut shares = tx.books_shares(attempt.id).await?;
    shares.sort_by_key(|(_, invoice)| invoice.advance.is_none());
    let mut left: Vec<_> = shares.iter().map(|(share, _)| (share.invoice_id, share.amount_minor)).collect();
    // What a dead one still has in the books is taken out by a job of its own.
    let living = tx.refunds_of(&[attempt.id]).await?.into_iter().filter(|refund| !refund.state.is_dead());
    let refunds: Vec<_> = living.map(|refund| refund.id).collect();
    for entry in tx.refund_entries(&refunds).await? {
        for (_, left) in left.iter_mut().filter(|(invoice, _)| *invoice == entry.invoice_id) {
            *left -= entry.amount_minor;
        }
    }
    // First what is surcharge of it, and no more than that.
    let surcharge = surcharge_invoice(attempt.id);
    left.sort_by_key(|(invoice, _)| *invoice != surcharge);
    for (_, left) in left.iter_mut().filter(|(invoice, _)| *invoice == surcharge) {
        *left = refund.surcharge_minor.min(*left);
    }
    Ok(spread(refund.amount_minor, left))
}

/// What the columns keep of the fold and of the newest words of the gateway.
fn cache(refund: &mut Refund, folded: &FoldedRefund, seen: &RefundSeen) -> Result<(), Error> {
    refund.state = folded.state;
    refund.failure = folded.failure.map(|failure| serde_json::to_string(&failure)).transpose()?;
    refund.contradicted |= folded.contradicted;
    if seen.gateway_id.is_some() {
        refund.gateway_id.clone_from(&seen.gateway_id);
    }
    Ok(())
}
