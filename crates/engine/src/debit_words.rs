//! What mails about a debit say besides (N4, D10). Nothing is written from here.

use crate::{Engine, Error, clock::day, faces::decline_reason, work::Work};
use chrono_tz::Tz;
use domain::date::in_words;
use minijinja::{Value, context};
use store::{Attempt, JobState, MerchantDb};

impl Engine {
    /// The dates of a debit, its authority, and what comes next when it has failed. Nothing for what is no debit.
    pub(crate) async fn debit_words(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        zone: Tz,
    ) -> Result<Option<Value>, Error> {
        if !attempt.kind.is_debit() {
            return Ok(None);
        }
        let authority = match attempt.method_id {
            Some(method) => db.authority(method).await?,
            None => None,
        };
        let retry = Work::RetryDebit { attempt: attempt.id, number: attempt.retry + 1, on: None }.key("");
        let jobs = db.jobs_of_payment(attempt.payment_id).await?;
        let planned = jobs.iter().find(|job| job.unique_key == retry && job.state == JobState::Ready);
        let sent = day(attempt.created_at, zone);
        Ok(Some(context! {
            sent => in_words(sent),
            clears_by => attempt.kind.clears_by(sent).map(in_words),
            returnable_until => attempt.kind.returnable_until(sent).map(in_words),
            is_retry => attempt.retry > 0,
            holder => authority.as_ref().map(|authority| authority.holder.as_str()),
            signed => authority.as_ref().map(|authority| in_words(day(authority.given_at, zone))),
            again_on => planned.map(|job| in_words(day(job.run_at, zone))),
            next => decline_reason(attempt).map(|reason| reason.class().next()),
        }))
    }
}
