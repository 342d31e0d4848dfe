//! The one way in for news about money: reply, webhook, return page and look-up all end in [`Engine::record`]. One fact
//! after the other per attempt; its effects are rows of the same transaction (D3).

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    failpoint,
    refused_payment::BY_HAND,
    send_mail::MailLeft,
    take_payment::charge_request,
    work::Work,
};
use chrono::{DateTime, Utc};
use connectors::gateway::{Found, LookUp};
use domain::{
    advance::AdvanceKind,
    asking::{before_asking, silence},
    effects::{Effect, is_void_by_refund, learn},
    event::EventKind,
    ids::{AttemptId, PaymentId},
    ledger::Journal,
    payment::{AttemptState, Fact, Folded, Observation, Source},
    planted,
    quote_event::QuoteEventKind,
};
use store::{Allocation, Attempt, MerchantDb, MerchantTx, NewEvent, NewSlip, Observed, Payment};

/// What whoever records a fact has in hand and need not ask for.
#[derive(Clone, Copy, Default)]
pub(crate) struct InHand<'a> {
    /// The attempt's payment and its only share: neither is ever changed.
    pub paid: Option<(&'a Payment, &'a Allocation)>,
    /// Whether partners are told of what happens at the merchant.
    pub tells: Option<bool>,
}

impl Engine {
    /// Adds a fact to an attempt and does what follows from it, together or not at all. Old news changes nothing.
    /// Answers the attempt as it stands then.
    ///
    /// # Errors
    /// Nothing was recorded.
    pub(crate) async fn record(
        &self,
        db: &MerchantDb,
        attempt: AttemptId,
        seen: Observation,
        source: Source,
    ) -> Result<Attempt, Error> {
        self.record_knowing(db, attempt, seen, source, InHand::default()).await
    }

    /// The same with what is known of it already.
    pub(crate) async fn record_knowing(
        &self,
        db: &MerchantDb,
        attempt: AttemptId,
        seen: Observation,
        source: Source,
        known: InHand<'_>,
    ) -> Result<Attempt, Error> {
        retried(attempt, || self.record_once(db, attempt, &seen, source, known)).await
    }

    async fn record_once(
        &self,
        db: &MerchantDb,
        attempt: AttemptId,
        seen: &Observation,
        source: Source,
        known: InHand<'_>,
    ) -> Result<Attempt, Error> {
        let tx = db.begin().await?;
        let (mut attempt, tells) = tx.attempt_hold_telling(attempt).await?;
        let known = InHand { tells: Some(tells), ..known };
        // On the heap: it has room for whatever may follow from a fact, and would be moved through all that lead here.
        let learned = Box::pin(self.learn(&tx, &mut attempt, seen, source, known)).await?;
        let Some((before, after)) = learned else { return Ok(attempt) };
        failpoint::reach("before_record_commit");
        tx.commit().await?;
        self.0.bell.notify_one();
        if after.state == AttemptState::Declined && before.state != after.state {
            self.watch_declines(db).await;
        }
        Ok(attempt)
    }

    /// The same within a transaction that holds the attempt. Nothing, and nothing is written, when it is no news.
    pub(crate) async fn learn(
        &self,
        tx: &MerchantTx,
        attempt: &mut Attempt,
        seen: &Observation,
        source: Source,
        in_hand: InHand<'_>,
    ) -> Result<Option<(Folded, Folded)>, Error> {
        let now = self.now();
        // Whatever is seen leads out of this state, so nothing was seen yet.
        let is_first = attempt.state == AttemptState::Created;
        let known = if is_first { Vec::new() } else { tx.observations(attempt.id).await? };
        if seen.fact == Fact::Voided {
            let refunds = tx.refunds_of(&[attempt.id]).await?.into_iter();
            let refunds =
                refunds.map(|refund| Ok((refund.state, refund.amount()?))).collect::<Result<Vec<_>, Error>>()?;
            if is_void_by_refund(&seen.fact, attempt.state, attempt.amount()?, &refunds) {
                return Ok(None);
            }
        }
        let known: Vec<_> = known.iter().map(|known| &known.seen).collect();
        let Some(learned) = learn(&known, seen, attempt.amount()?, attempt.gateway_id.as_deref()) else {
            return Ok(None);
        };
        let also = learned.also.clone().map(Observation::bare);
        for (seen, place) in std::iter::once(seen.clone()).chain(also).zip(known.len()..) {
            tx.observation_add(attempt.id, place, &Observed { seen, source, at: now }).await?;
        }
        let (before, after) = (learned.before, learned.after);
        if learned.is_second {
            cache(attempt, &after, &Observation::bare(seen.fact.clone()))?;
        } else {
            cache(attempt, &after, seen)?;
        }
        attempt.updated_at = now;
        tx.attempt_cache(attempt.clone()).await?;
        // Written together at the end.
        let mut slips = Vec::new();
        if let Some(moved) = Audited::payment_moved(before.state, attempt)?
            && !planted::is("money_without_a_line")
        {
            // What a person has said is a line of its own, with their name.
            let actor = if seen.fact == Fact::DeclaredAbsent { Actor::Portal } else { Actor::Gateway };
            slips.push(moved.slip(Some(attempt.payment_id), actor, now)?);
        }
        for effect in learned.effects {
            self.follow(tx, attempt, effect, in_hand, &mut slips).await?;
        }
        if let (Some(reason), Some(method)) = (after.reason, attempt.method_token.as_deref())
            && attempt.gateway_customer.is_some()
            && reason.stops_method()
        {
            tx.method_trouble(attempt.connection_id, method, serde_json::to_string(&reason)?, now).await?;
        }
        if attempt.kind.is_debit() && before.state != after.state {
            self.follow_debit(tx, attempt, before.state, &after).await?;
        }
        // Nobody was there to read it.
        let is_unheard = before.state == AttemptState::Created && after.state.is_dead();
        let is_unread = before.state != after.state && (is_unheard || after.state.needs_payer(after.reason));
        if attempt.is_unattended() && is_unread {
            self.follow(tx, attempt, Effect::Notice, in_hand, &mut slips).await?;
        }
        if attempt.keeps.is_some() && after.state.has_money() && !before.state.has_money() {
            Work::KeepCard { attempt: attempt.id }.queue(tx, Some(attempt.payment_id), now, now).await?;
        }
        self.mean_news(tx, attempt, before.state, in_hand).await?;
        tx.audit_add_all(slips).await?;
        if after.contradicted && !before.contradicted {
            tracing::error!(attempt.id = %attempt.id, state = ?after.state, fact = ?seen.fact, "A gateway contradicts what was final: somebody must look.");
        }
        Ok(Some((before, after)))
    }

    /// Who is told that an attempt has moved on from there.
    async fn mean_news(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        before: AttemptState,
        in_hand: InHand<'_>,
    ) -> Result<(), Error> {
        if let Some(kind) = EventKind::of_payment(before, attempt.state) {
            tx.event_add_knowing(NewEvent::of(kind, attempt.id), in_hand.tells, self.now()).await?;
        }
        let may_be_quote = in_hand.paid.is_none_or(|(_, share)| share.advance == Some(AdvanceKind::Quote));
        match QuoteEventKind::of_payment(before, attempt.state).filter(|_| may_be_quote) {
            Some(kind) => self.mean_quote_news(tx, attempt, kind, None).await,
            None => Ok(()),
        }
    }

    /// Writes an effect down: a posting, a claim, a job. What is to stand in the audit trail is added to `slips`.
    async fn follow(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        effect: Effect,
        in_hand: InHand<'_>,
        slips: &mut Vec<NewSlip>,
    ) -> Result<(), Error> {
        let (now, payment) = (self.now(), attempt.payment_id);
        let look_up = Work::LookUp { attempt: attempt.id };
        match effect {
            Effect::LookUp(wait) => look_up.queue(tx, Some(payment), now + wait, now).await?,
            Effect::LookUpNeedless => tx.job_needless(&look_up.key("")).await?,
            Effect::Journal(kind) => tx.journal_add(attempt.id, &Journal::of(kind, attempt.amount()?)?, now).await?,
            Effect::RetakeClaims => tx.claims_retake(attempt.id).await?,
            Effect::ReleaseClaims => tx.claims_release(attempt.id).await?,
            Effect::Post => {
                let (row, mut shares) = match in_hand.paid {
                    Some((payment, share)) => (payment.clone(), vec![share.clone()]),
                    None => tx.payment_with_shares(payment).await?,
                };
                let written = self.write_receipt_at_once(tx, attempt, row, &shares).await?;
                let surcharge = self.surcharge_share(tx, attempt, &shares).await?;
                shares.extend(surcharge);
                self.mean_quote(tx, attempt, &shares).await?;
                let again = tx.books_entries_intend(attempt.id, &shares, now).await?;
                let asked_ms = now.timestamp_millis();
                let post = if again {
                    Work::PostAgain { attempt: attempt.id, asked_ms }
                } else {
                    Work::PostPayment { attempt: attempt.id }
                };
                let mut works = vec![post];
                match written {
                    Some(MailLeft::Delivery(deliver)) => works.push(deliver),
                    Some(MailLeft::Slip(slip)) => slips.push(slip),
                    Some(MailLeft::Nothing) => {}
                    None => works.push(Work::WriteReceipt { payment, retry: attempt.retry }),
                }
                Work::queue_all(&works, tx, Some(payment), now, now).await?;
            }
            Effect::TakeBack => {
                tx.books_entries_take_back(attempt.id, BY_HAND, now).await?;
                self.end_quote(tx, attempt).await?;
                let work = Work::TakeBackPayment { attempt: attempt.id, asked_ms: now.timestamp_millis() };
                work.queue(tx, Some(payment), now, now).await?;
            }
            Effect::Notice => {
                let notice = Work::WriteNotice { attempt: attempt.id, came_to: attempt.state };
                notice.queue(tx, Some(payment), now, now).await?;
            }
        }
        Ok(())
    }

    /// What follows from news of a debit alone: its payer reads its dates, and an account that had not enough money is
    /// debited again, if its payer was told to wait and so reads when.
    async fn follow_debit(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        before: AttemptState,
        after: &Folded,
    ) -> Result<(), Error> {
        let now = self.now();
        if after.state == AttemptState::Processing {
            Work::WriteSent { attempt: attempt.id }.queue(tx, Some(attempt.payment_id), now, now).await?;
        }
        if after.state.is_dead() && !after.contradicted && before != AttemptState::Created {
            self.plan_retry(tx, attempt).await?;
        }
        self.follow_quote_debit(tx, attempt, before, after).await
    }

    /// Asks the gateway what became of an open attempt and records the answer. `false`: it cannot say yet.
    pub(crate) async fn look_up(&self, db: &MerchantDb, attempt: &Attempt, source: Source) -> Result<bool, Error> {
        self.look_up_told(db, attempt, source, None).await
    }

    /// The same because of news, which names a payment by the gateway's id.
    pub(crate) async fn look_up_told(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        source: Source,
        told: Option<String>,
    ) -> Result<bool, Error> {
        if let Some(first) = before_asking(attempt.state) {
            // Before anything can fail, because the sweep goes on finding what was not heard of.
            let unheard = self.record(db, attempt.id, Observation::bare(first), source).await?;
            if !unheard.state.is_open() {
                // Decided by somebody else this moment: what asks the gateway may charge.
                return Ok(true);
            }
        }
        let seen = match self.find_charge(db, attempt, told).await? {
            Found::Seen(seen) => seen,
            Found::NotThere => {
                let missed = self.missed_at(db, attempt).await?;
                Observation::bare(silence(attempt.state, attempt.gateway_id.is_some(), missed, self.now()))
            }
            Found::TooEarlyToSay => return Ok(false),
        };
        let told = seen.fact != Fact::NotSeen;
        // Whoever reloads a page again and again takes no writer's turn.
        if !db.observations(attempt.id).await?.iter().any(|known| known.seen == seen) {
            self.record(db, attempt.id, seen, source).await?;
        }
        Ok(told)
    }

    /// What the gateway says of an attempt. Nothing is recorded.
    pub(crate) async fn find_charge(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        told: Option<String>,
    ) -> Result<Found, Error> {
        let connection = db.connection(attempt.connection_id).await?;
        let request = charge_request(attempt)?;
        let look_up = LookUp { request, gateway_id: attempt.gateway_id.clone(), told, sent_at: attempt.created_at };
        Ok(self.gateway_of(db, &connection)?.find(&look_up).await?)
    }

    /// When a look-up first found no trace of it.
    pub(crate) async fn missed_at(&self, db: &MerchantDb, attempt: &Attempt) -> Result<Option<DateTime<Utc>>, Error> {
        let known = db.observations(attempt.id).await?;
        Ok(known.iter().find(|known| known.seen.fact == Fact::NotSeen).map(|missed| missed.at))
    }

    /// Ends an attempt that waits for its payer, at the gateway first: it may have been paid meanwhile. One without an id
    /// there cannot be ended: it may be paid until the gateway, asked for it, says that it has ended by itself.
    pub(crate) async fn give_up(&self, db: &MerchantDb, attempt: &Attempt) -> Result<(), Error> {
        let Some(gateway_id) = &attempt.gateway_id else {
            self.look_up(db, attempt, Source::LookUp).await?;
            return Ok(());
        };
        let connection = db.connection(attempt.connection_id).await?;
        let seen = self.gateway_of(db, &connection)?.cancel(gateway_id).await?;
        self.record(db, attempt.id, seen, Source::Reply).await?;
        Ok(())
    }
}

const RECORD_TRIES: u32 = 3;

/// Records a fact `about` something. A lock that was lost to somebody else's transaction is asked for again, and so is what
/// nobody said to be committed: a fact that stands is no news.
pub(crate) async fn retried<T, F: Future<Output = Result<T, Error>>>(
    about: impl std::fmt::Display,
    mut record: impl FnMut() -> F,
) -> Result<T, Error> {
    for _ in 1..RECORD_TRIES {
        match record().await {
            Err(Error::Store(store::Error::Busy(cause) | store::Error::Unacknowledged(cause))) => {
                tracing::warn!(%about, %cause, "A fact could not be recorded at once and is tried again.");
            }
            settled => return settled,
        }
    }
    record().await
}

pub(crate) async fn latest(db: &MerchantDb, payment: PaymentId) -> Result<Attempt, Error> {
    db.attempts_of(payment).await?.pop().ok_or(Error::NotFound)
}

/// What the columns keep of the fold and of the newest words of the gateway.
fn cache(attempt: &mut Attempt, folded: &Folded, seen: &Observation) -> Result<(), Error> {
    attempt.state = folded.state;
    attempt.reason = folded.reason.map(|reason| serde_json::to_string(&reason)).transpose()?;
    attempt.contradicted |= folded.contradicted;
    if let Fact::ActionNeeded { url, fields } = &seen.fact {
        attempt.action_url = Some(url.clone());
        attempt.action_fields = (!fields.is_empty()).then(|| serde_json::to_string(fields)).transpose()?;
    }
    if seen.gateway_id.is_some() {
        attempt.gateway_id.clone_from(&seen.gateway_id);
    }
    if seen.charge_id.is_some() {
        attempt.charge_id.clone_from(&seen.charge_id);
    }
    if let Some(method) = &seen.method {
        attempt.method = Some(method.to_string());
    }
    Ok(())
}
