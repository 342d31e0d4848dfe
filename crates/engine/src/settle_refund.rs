//! The one way in for news about a refund: reply, webhook and look-up all end in [`Engine::record_refund`]. Its effects
//! are rows of the same transaction.

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    failpoint,
    jobs::{Ran, Work},
    refund_payment::refund_request,
    settle_payment::{LOOK_UP_SOON, MISSED_APART, retried},
};
use chrono::TimeDelta;
use connectors::gateway::{Found, RefundLookUp};
use domain::{
    ids::{InvoiceId, RefundId},
    ledger::Journal,
    payment::Source,
    refund::{FoldedRefund, RefundFact, RefundSeen, RefundState, spread},
};
use std::collections::BTreeMap;
use store::{Attempt, BooksEntryState, MerchantDb, MerchantTx, ObservedRefund, Refund};

/// The first look at a refund that the gateway has accepted and not paid out: its own news come sooner.
const PENDING_LOOK_UP_AFTER: TimeDelta = TimeDelta::minutes(5);

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
        let now = self.now();
        let of = db.refund(refund).await?.attempt_id;
        let tx = db.begin().await?;
        // The limit and the invoices' shares hang on all refunds of the attempt, so they move one after the other.
        let attempt = tx.attempt_hold(of).await?;
        let mut refund = tx.refund(refund).await?;
        let known = tx.refund_observations(refund.id).await?;
        if known.iter().any(|known| known.seen == *seen) {
            return Ok(refund);
        }
        let before = FoldedRefund::of(known.iter().map(|known| &known.seen.fact));
        let mut after = before.then(&seen.fact);
        let asked = refund.amount()?;
        after.contradicted |= after.state.is_on_its_way() && seen.amount.is_some_and(|paid| paid != asked);
        tx.refund_observation_add(refund.id, known.len(), &ObservedRefund { seen: seen.clone(), source, at: now })
            .await?;
        cache(&mut refund, &after, seen)?;
        refund.updated_at = now;
        tx.refund_cache(refund.clone()).await?;
        self.refund_effects(&tx, &attempt, &refund, before.state).await?;
        if after.contradicted && !before.contradicted {
            tracing::error!(refund.id = %refund.id, state = ?after.state, fact = ?seen.fact, "A gateway contradicts what was final about a refund: somebody must look.");
        }
        failpoint::reach("before_refund_record_commit");
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(refund)
    }

    /// What follows from the move: postings, jobs, and the line about it.
    async fn refund_effects(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        refund: &Refund,
        before: RefundState,
    ) -> Result<(), Error> {
        let (now, after, payment) = (self.now(), refund.state, Some(attempt.payment_id));
        let look_up = Work::LookUpRefund { refund: refund.id };
        if after.is_open() && after != before {
            let wait = if after == RefundState::Pending { PENDING_LOOK_UP_AFTER } else { LOOK_UP_SOON };
            look_up.queue(tx, payment, now + wait, now).await?;
        } else if before.is_open() && !after.is_open() {
            tx.job_needless(&look_up.key("")).await?;
        }
        if after == RefundState::Succeeded && before != after {
            tx.refund_journal_add(attempt.id, refund.id, &Journal::refund_paid(refund.amount()?)?, now).await?;
            tx.refund_entries_intend(refund.id, &parts(tx, attempt, refund).await?, now).await?;
            Work::PostRefund { refund: refund.id }.queue(tx, payment, now, now).await?;
        }
        if before == RefundState::Succeeded && after.is_dead() {
            tx.refund_journal_add(attempt.id, refund.id, &Journal::refund_failed(refund.amount()?)?, now).await?;
            Work::TakeBackRefund { refund: refund.id }.queue(tx, payment, now, now).await?;
        }
        // The payer is told once that money comes, and once more if it does not.
        if before.is_on_its_way() != after.is_on_its_way() {
            let failed = after.is_dead();
            Work::WriteRefundNotice { refund: refund.id, failed }.queue(tx, payment, now, now).await?;
        }
        if let Some(moved) = Audited::refund_moved(before, refund)? {
            tx.audit_add(moved.slip(payment, Actor::Gateway, now)?).await?;
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
        if refund.state == RefundState::Created {
            // The question may itself send it: from here on, a failed first send proves nothing any more.
            let unheard = self.record_refund(db, refund.id, RefundSeen::bare(RefundFact::Unanswered), source).await?;
            if !unheard.state.is_open() {
                return Ok(true);
            }
        }
        let attempt = db.attempt(refund.attempt_id).await?;
        let connection = db.connection(attempt.connection_id).await?;
        let look_up = RefundLookUp {
            request: refund_request(&attempt, refund)?,
            gateway_id: refund.gateway_id.clone(),
            sent_at: refund.created_at,
        };
        let seen = match self.gateway_of(db, &connection)?.find_refund(&look_up).await? {
            Found::Seen(seen) => seen,
            Found::NotThere if self.refund_was_missed(db, refund.id).await? => {
                RefundSeen::bare(RefundFact::NeverArrived)
            }
            Found::NotThere => RefundSeen::bare(RefundFact::NotSeen),
            Found::TooEarlyToSay => return Ok(false),
        };
        let told = seen.fact != RefundFact::NotSeen;
        self.record_refund(db, refund.id, seen, source).await?;
        Ok(told)
    }

    /// An earlier look-up found no trace either, and since then whatever was under way has arrived or been lost.
    async fn refund_was_missed(&self, db: &MerchantDb, refund: RefundId) -> Result<bool, Error> {
        let known = db.refund_observations(refund).await?;
        let missed = known.iter().find(|known| known.seen.fact == RefundFact::NotSeen);
        Ok(missed.is_some_and(|missed| self.now() - missed.at >= MISSED_APART))
    }
}

/// Which of the payment's invoices the refund is credited on: what earlier ones have left of each share.
async fn parts(tx: &MerchantTx, attempt: &Attempt, refund: &Refund) -> Result<Vec<(InvoiceId, i64)>, Error> {
    let shares = tx.allocations(attempt.payment_id).await?;
    let mut left: BTreeMap<_, _> = shares.iter().map(|share| (share.invoice_id, share.amount_minor)).collect();
    // What a dead one still has in the books is taken out by a job of its own.
    let living = tx.refunds_of(&[attempt.id]).await?.into_iter().filter(|refund| !refund.state.is_dead());
    let refunds: Vec<_> = living.map(|refund| refund.id).collect();
    for entry in tx.refund_entries(&refunds).await? {
        if entry.state != BooksEntryState::Needless {
            *left.entry(entry.invoice_id).or_default() -= entry.amount_minor;
        }
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
