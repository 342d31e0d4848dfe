//! The copy of the authority to debit an account, for whoever signed it (S70), and what mails about a debit say besides.

use crate::{
    Engine, Error,
    clock::{day, on_the_wall, zone},
    faces::decline_reason,
    jobs::{Ran, Work},
    send_mail::{AUTHORITY, rendered},
};
use chrono_tz::Tz;
use domain::{
    date::{in_words, moment_in_words, zone_in_words},
    ids::MethodId,
};
use minijinja::{Value, context};
use store::{Attempt, Job, JobState, MerchantDb, NewMail};

impl Engine {
    /// Written once for each account, however often the job runs.
    pub(crate) async fn write_authority(&self, db: &MerchantDb, job: &Job, id: MethodId) -> Result<Ran, Error> {
        let Some(authority) = db.authority(id).await? else { return Ok(Ran::Finished) };
        let (method, set_up) = (db.method(id).await?, self.set_up(db).await?);
        let merchant = &set_up.merchant;
        let text = rendered(
            AUTHORITY,
            context! {
                merchant => &merchant.name,
                support => &merchant.support_email,
                customer => &method.customer_name,
                wording => &authority.wording,
                holder => &authority.holder,
                account => &method.face,
                date => moment_in_words(on_the_wall(authority.given_at, zone(&merchant.time_zone))),
                zone => zone_in_words(&merchant.time_zone),
            },
        )?;
        let mail = NewMail {
            payment: None,
            unique_key: authority_key(id),
            recipient: authority.email,
            subject: format!("Your authority for {} to debit your bank account", merchant.name),
            text,
            state: self.first_mail_state(),
        };
        self.keep_mail(db, job, mail).await
    }

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

/// The one mail of an account's authority.
pub(crate) fn authority_key(method: MethodId) -> String {
    format!("authority:{method}")
}
