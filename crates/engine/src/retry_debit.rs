//! Debits an account again that had not enough money in it (D10): the same payment, under the authority that its owner
//! signed. Nobody presses Pay for it, so whatever speaks against it ends it, and nothing is decided anew.

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    clock::{day, day_start, zone},
    faces::{decline_reason, numbers},
    failpoint,
    jobs::Ran,
    send_mail::notice_keys,
    settle_payment::{InHand, latest},
    work::Work,
};
use chrono::{NaiveDate, TimeDelta};
use domain::{
    consent::AuthorityWording,
    date::in_words,
    debit::FailedDebit,
    ids::{AttemptId, MethodId},
    money::Money,
    payment::{AttemptState, ShownShare, Takes, amount_to_charge},
    planted,
    views::{PlannedDebit, SavedMethod},
};
use std::collections::HashMap;
use store::{Allocation, Attempt, Authority, Job, MailState, MerchantDb, MerchantTx, NewRetry, Opened};
use uuid::Uuid;

/// What the keys of planned tries begin with.
const PLANNED: &str = "retry_debit:";
/// Debits are sent at this time of the merchant's day.
const RETRY_AT: TimeDelta = TimeDelta::hours(9);

impl Engine {
    /// Queues the next try of a debit that has failed, in the transaction of that news, where merchant, authority and scheme
    /// allow one, its account can still be charged, and there is a mail server to tell its owner the day. What was refunded in
    /// part is left to people, and so is what was credit or has had a surcharge in the books.
    pub(crate) async fn plan_retry(&self, tx: &MerchantTx, attempt: &Attempt) -> Result<(), Error> {
        let (now, merchant) = (self.now(), tx.merchant().await?);
        let Some(method) = attempt.method_id.filter(|_| merchant.retries_debits && self.0.mailer.is_some()) else {
            return Ok(());
        };
        let (zone, tries) = (zone(&merchant.time_zone), tx.attempts_of(attempt.payment_id).await?);
        let failed = FailedDebit {
            kind: attempt.kind,
            state: attempt.state,
            reason: decline_reason(attempt),
            retry: attempt.retry,
            first_on: day(tries.first().map_or(attempt.created_at, |first| first.created_at), zone),
        };
        let Some(on) = failed.again_on(day(now, zone)) else { return Ok(()) };
        if !pays_invoices_alone(tx, attempt).await? {
            return Ok(());
        }
        let refunds = tx.refunds_of(&[attempt.id]).await?;
        if !allows(tx.authority(method).await?.as_ref()) || !refunds.iter().all(|refund| refund.state.is_dead()) {
            return Ok(());
        }
        // Its owner may have taken the account out while the debit was at the bank.
        if !tx.method_is_ready(method).await? {
            return Ok(());
        }
        let retry = Work::RetryDebit { attempt: attempt.id, number: attempt.retry + 1, on: Some(on) };
        retry.queue(tx, Some(attempt.payment_id), day_start(on, zone) + RETRY_AT, now).await
    }

    /// What is still to be charged to one of these.
    pub(crate) async fn planned_debits(
        &self,
        db: &MerchantDb,
        methods: &[SavedMethod],
    ) -> Result<Vec<PlannedDebit>, Error> {
        let tries: Vec<_> = db.jobs_waiting(PLANNED).await?.iter().filter_map(planned).collect();
        let ids: Vec<_> = tries.iter().map(|(failed, _)| *failed).collect();
        let failed: HashMap<_, _> = db.attempts_by_id(&ids).await?.into_iter().map(|of| (of.id, of)).collect();
        let mut debits = Vec::new();
        for (failed, on) in tries.iter().filter_map(|(id, on)| failed.get(id).zip(*on)) {
            let is_shown = |id: &MethodId| methods.iter().any(|method| method.id == *id);
            let Some(method) = failed.method_id.filter(is_shown) else { continue };
            let invoices = numbers(&db.allocations(failed.payment_id).await?);
            debits.push(PlannedDebit { method, invoices, amount: failed.amount()?, on });
        }
        Ok(debits)
    }

    /// The day on which a debit that has failed is to be tried again.
    pub(crate) async fn planned_again(&self, db: &MerchantDb, failed: AttemptId) -> Result<Option<NaiveDate>, Error> {
        let mut tries = db.jobs_waiting(PLANNED).await?.into_iter().filter_map(|job| planned(&job));
        Ok(tries.find(|(attempt, _)| *attempt == failed).and_then(|(_, on)| on))
    }

    /// What was still to be charged to a method that is taken out ends now, and not on its day: its payers are told.
    pub(crate) async fn end_planned_debits(&self, tx: &MerchantTx, method: MethodId) -> Result<(), Error> {
        for job in tx.jobs_waiting(PLANNED).await? {
            let Some((failed, _)) = planned(&job) else { continue };
            if tx.attempt(failed).await?.method_id == Some(method) {
                tx.job_run_now(&job, self.now()).await?;
            }
        }
        Ok(())
    }

    /// On the day that the account's owner was told, and on no other: their authority says so (`ach-2`). Where nothing is
    /// debited after all, they are told that, too.
    pub(crate) async fn retry_debit(
        &self,
        db: &MerchantDb,
        job: &Job,
        failed: AttemptId,
        on: Option<NaiveDate>,
    ) -> Result<Ran, Error> {
        let failed = db.attempt(failed).await?;
        if !failed.state.is_dead() || latest(db, failed.payment_id).await?.id != failed.id {
            return Ok(Ran::Finished);
        }
        let tried = if self.is_told(db, &failed, on).await? { self.debit_again(db, &failed).await? } else { None };
        match tried {
            Some(ran) => Ok(ran),
            None => self.write_not_again(db, job, &failed).await,
        }
    }

    /// It is the day that was named in the mail of its failure, and the mail server took that.
    async fn is_told(&self, db: &MerchantDb, failed: &Attempt, on: Option<NaiveDate>) -> Result<bool, Error> {
        let today = self.clock().today(zone(&db.merchant().await?.time_zone));
        let Some(on) = on.filter(|on| *on == today) else { return Ok(false) };
        let named = format!(" {}", in_words(on));
        let (keys, mails) = (notice_keys(failed), db.mails_of_payment(failed.payment_id).await?);
        let mut notices = mails.iter().filter(|mail| keys.contains(&mail.unique_key));
        Ok(notices.any(|mail| mail.state == MailState::Accepted && mail.text.contains(&named)))
    }

    /// Nothing: whatever was in the way will be so tomorrow.
    async fn debit_again(&self, db: &MerchantDb, failed: &Attempt) -> Result<Option<Ran>, Error> {
        let Some(authority) = self.authority_to_retry(db, failed).await? else { return Ok(None) };
        let shares = db.allocations(failed.payment_id).await?;
        let invoices: Vec<_> = shares.iter().map(|share| share.invoice_id).collect();
        let claims_seen = db.claims_taken(&invoices).await?;
        if !self.is_owed_as_before(db, failed, &shares).await? && !planted::is("retry_without_asking") {
            return Ok(None);
        }
        let gateway = self.gateway_of(db, &db.connection(failed.connection_id).await?)?;
        let attempt = self.next_try(failed);
        let retried = Audited::PaymentRetried {
            attempt: attempt.id,
            after: failed.id,
            amount: attempt.amount()?,
            method: authority.method_id,
            authority: authority.digest(),
        };
        let slip = retried.slip(Some(attempt.payment_id), Actor::Portal, attempt.created_at)?;
        let new = NewRetry { after: failed.id, invoices, attempt: attempt.clone(), slip, claims_seen };
        failpoint::reach("before_retry_intent");
        match db.attempt_retry(new).await? {
            Opened::New => {}
            Opened::Outdated => return Ok(Some(Ran::NotYet("somebody else has just paid, or given up"))),
            Opened::Same => return Ok(Some(Ran::Finished)),
            Opened::Taken(_) | Opened::MethodGone => return Ok(None),
        }
        failpoint::reach("after_retry_intent");
        self.charge(db, gateway.as_ref(), &attempt, InHand::default()).await?;
        Ok(Some(Ran::Finished))
    }

    /// The authority of the account, if it may still be debited again by it.
    async fn authority_to_retry(&self, db: &MerchantDb, failed: &Attempt) -> Result<Option<Authority>, Error> {
        let is_over = failed.state.is_dead() && !failed.contradicted;
        let Some(method) = failed.method_id.filter(|_| is_over) else { return Ok(None) };
        if !db.merchant().await?.retries_debits {
            return Ok(None);
        }
        Ok(db.authority(method).await?.filter(|authority| allows(Some(authority))))
    }

    /// The books say of each invoice what they said when Pay was pressed.
    async fn is_owed_as_before(&self, db: &MerchantDb, failed: &Attempt, shares: &[Allocation]) -> Result<bool, Error> {
        let currency = failed.amount()?.currency;
        let words = |minor| Money::new(minor, currency);
        let invoices: Vec<_> = shares.iter().map(|share| share.invoice_id).collect();
        if !db.quote_locked(&invoices).await?.is_empty() {
            return Ok(false);
        }
        for share in shares {
            let books = self.invoice_from_books(db, &db.invoice(share.invoice_id).await?).await?;
            let then = ShownShare { pay: words(share.amount_minor), due: words(share.due_minor) };
            // Parts were allowed then. Of more than was due nothing is tried again.
            if amount_to_charge(then, &books, Takes { parts: true, more: false }).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn next_try(&self, failed: &Attempt) -> Attempt {
        let (id, now) = (AttemptId(Uuid::now_v7()), self.now());
        Attempt {
            id,
            idempotency_key: id.to_string(),
            retry: failed.retry + 1,
            state: AttemptState::Created,
            reason: None,
            gateway_id: None,
            charge_id: None,
            origin_hash: None,
            created_at: now,
            updated_at: now,
            ..failed.clone()
        }
    }
}

/// No credit is among its shares, paid or kept at the posting, and no surcharge's invoice, which was voided with it.
async fn pays_invoices_alone(tx: &MerchantTx, attempt: &Attempt) -> Result<bool, Error> {
    let shares = tx.allocations(attempt.payment_id).await?;
    let entries = tx.books_shares(attempt.id).await?;
    let is_other = entries.iter().any(|(entry, invoice)| entry.is_surcharge() || invoice.advance.is_some());
    Ok(!is_other && shares.iter().all(|share| share.advance.is_none()))
}

/// The debit that is to be tried again, and its day.
fn planned(job: &Job) -> Option<(AttemptId, Option<NaiveDate>)> {
    match serde_json::from_str(&job.body) {
        Ok(Work::RetryDebit { attempt, on, .. }) => Some((attempt, on)),
        _ => None,
    }
}

fn allows(authority: Option<&Authority>) -> bool {
    authority.is_some_and(|authority| AuthorityWording::allows_retry(&authority.version))
}
