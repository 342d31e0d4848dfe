//! The one way in for news about a dispute of a card: webhook and look-up end in [`Engine::record_dispute`]. Its effects
//! are rows of the same transaction. A bank debit's dispute is no such object: it is the bank's late no (`find`).

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    failpoint,
    jobs::Ran,
    receive_webhook::Worked,
    settle_payment::{InHand, retried},
    work::Work,
};
use domain::{
    asking::ask_bank_again_at,
    dispute::{DisputeEffect, DisputeSeen, DisputeState, learn_of_dispute},
    event::EventKind,
    ids::{AttemptId, DisputeId},
    ledger::Journal,
    payment::{Fact, Observation, Source},
};
use store::{Attempt, Dispute, MerchantDb, MerchantTx, NewEvent, ObservedDispute};
use uuid::Uuid;

impl Engine {
    /// News of a dispute of a card, by the gateway's id of it.
    pub(crate) async fn hear_of_dispute(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        gateway_id: &str,
    ) -> Result<Worked, Error> {
        if attempt.state.is_open() {
            return Ok(Worked::NotYet("the payment is not decided yet"));
        }
        let is_ours = self.look_up_dispute(db, attempt, gateway_id, Source::Webhook).await?;
        Ok(if is_ours { Worked::Processed } else { Worked::Unknown })
    }

    pub(crate) async fn look_up_open_dispute(&self, db: &MerchantDb, dispute: DisputeId) -> Result<Ran, Error> {
        let open = db.dispute(dispute).await?;
        if open.state.is_open() {
            let attempt = db.attempt(open.attempt_id).await?;
            self.look_up_dispute(db, &attempt, &open.gateway_id, Source::LookUp).await?;
        }
        if db.dispute(dispute).await?.state.is_open() {
            return Ok(Ran::NotBefore(ask_bank_again_at(self.now()), "the bank has not decided yet"));
        }
        Ok(Ran::Finished)
    }

    /// Reads a dispute at the gateway and records what it says. `false`: it is of another payment, or in another currency.
    pub(crate) async fn look_up_dispute(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        gateway_id: &str,
        source: Source,
    ) -> Result<bool, Error> {
        let connection = db.connection(attempt.connection_id).await?;
        let read = self.gateway_of(db, &connection)?.read_dispute(gateway_id).await?;
        let is_ours =
            read.charge_gateway_id == attempt.gateway_id && read.seen.amount.currency == attempt.amount()?.currency;
        if is_ours {
            self.record_dispute(db, attempt.id, read.seen, source).await?;
        }
        Ok(is_ours)
    }

    /// Adds a fact to a dispute, which it may be the first of, and does what follows from it, together or not at all. Old
    /// news changes nothing.
    ///
    /// # Errors
    /// Nothing was recorded.
    pub(crate) async fn record_dispute(
        &self,
        db: &MerchantDb,
        attempt: AttemptId,
        seen: DisputeSeen,
        source: Source,
    ) -> Result<(), Error> {
        retried(attempt, || self.record_dispute_once(db, attempt, &seen, source)).await
    }

    async fn record_dispute_once(
        &self,
        db: &MerchantDb,
        attempt: AttemptId,
        seen: &DisputeSeen,
        source: Source,
    ) -> Result<(), Error> {
        let now = self.now();
        let tx = db.begin().await?;
        // The payment moves with it, and what can be refunded hangs on it.
        let mut attempt = tx.attempt_hold(attempt).await?;
        let disputes = tx.disputes_of(&[attempt.id]).await?;
        let stands = disputes.into_iter().find(|dispute| dispute.gateway_id == seen.gateway_id);
        let known = match &stands {
            Some(dispute) => tx.dispute_observations(dispute.id).await?,
            None => Vec::new(),
        };
        let known: Vec<_> = known.iter().map(|known| &known.seen).collect();
        let Some(learned) = learn_of_dispute(&known, seen) else { return Ok(()) };
        let (before, after) = (learned.before, learned.after);
        let dispute = self.write_dispute(&tx, &attempt, stands, seen, after).await?;
        let observed = ObservedDispute { seen: seen.clone(), source, at: now };
        tx.dispute_observation_add(dispute.id, known.len(), &observed).await?;
        for effect in learned.effects {
            self.follow_dispute(&tx, &mut attempt, &dispute, effect, source).await?;
        }
        if before != Some(after) {
            let moved = Audited::dispute_moved(&dispute)?;
            tx.audit_add(moved.slip(Some(attempt.payment_id), Actor::Gateway, now)?).await?;
        }
        if let Some(kind) = EventKind::of_dispute(before, after) {
            let event = NewEvent { dispute: Some(dispute.id), ..NewEvent::of(kind, attempt.id) };
            tx.event_add(event, now).await?;
        }
        failpoint::reach("before_dispute_record_commit");
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// What the columns keep of the fold and of the newest words of the gateway. The amount of one that was lost is booked.
    async fn write_dispute(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        stands: Option<Dispute>,
        seen: &DisputeSeen,
        state: DisputeState,
    ) -> Result<Dispute, Error> {
        let now = self.now();
        let reason = serde_json::to_string(&seen.reason)?;
        let Some(stands) = stands else {
            let new = Dispute {
                merchant_id: tx.merchant_id(),
                id: DisputeId(Uuid::now_v7()),
                attempt_id: attempt.id,
                gateway_id: seen.gateway_id.clone(),
                currency: seen.amount.currency.code().to_owned(),
                amount_minor: seen.amount.minor,
                reason,
                page_url: seen.page_url.clone(),
                state,
                opened_at: seen.opened_at,
                answer_by: seen.answer_by,
                updated_at: now,
            };
            tx.dispute_add(new.clone()).await?;
            return Ok(new);
        };
        let is_open = stands.state.is_open();
        let dispute = Dispute {
            amount_minor: if is_open { seen.amount.minor } else { stands.amount_minor },
            reason,
            page_url: seen.page_url.clone(),
            state,
            answer_by: seen.answer_by,
            // A word more about what is over makes no alarm young again.
            updated_at: if stands.state == state && !is_open { stands.updated_at } else { now },
            ..stands
        };
        tx.dispute_cache(dispute.clone()).await?;
        Ok(dispute)
    }

    /// Writes an effect down: a posting, a job, a fact about the payment itself.
    async fn follow_dispute(
        &self,
        tx: &MerchantTx,
        attempt: &mut Attempt,
        dispute: &Dispute,
        effect: DisputeEffect,
        source: Source,
    ) -> Result<(), Error> {
        let (now, id) = (self.now(), dispute.id);
        let look_up = Work::LookUpDispute { dispute: id };
        match effect {
            DisputeEffect::LookUp(wait) => look_up.queue(tx, Some(attempt.payment_id), now + wait, now).await?,
            DisputeEffect::LookUpNeedless => tx.job_needless(&look_up.key("")).await?,
            DisputeEffect::Journal(kind) => {
                tx.dispute_journal_add(attempt.id, id, &Journal::of(kind, dispute.amount()?)?, now).await?;
            }
            DisputeEffect::ChargeBack => {
                // Of a part, a person takes as much out of the books: the front page says so.
                if is_over_all(tx, attempt, dispute).await? {
                    let lost = Observation::bare(Fact::ChargedBack { dispute: id });
                    self.learn(tx, attempt, &lost, source, InHand::default()).await?;
                }
            }
            // Nothing happens to a payment that this dispute has not ended.
            DisputeEffect::Reinstate => {
                let back = Observation::bare(Fact::Reinstated { dispute: id });
                if !attempt.state.has_money() {
                    self.learn(tx, attempt, &back, source, InHand::default()).await?;
                }
            }
        }
        Ok(())
    }
}

/// Nothing of the payment is left beside it.
async fn is_over_all(tx: &MerchantTx, attempt: &Attempt, dispute: &Dispute) -> Result<bool, Error> {
    let refunds = tx.refunds_of(&[attempt.id]).await?;
    let is_whole = dispute.amount_minor >= attempt.amount_minor;
    Ok(is_whole && attempt.state.has_money() && refunds.iter().all(|refund| refund.state.is_dead()))
}
