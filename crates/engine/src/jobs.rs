//! How the worker runs a job, and what becomes of one that does not get to its end. What it is told to do, which is harmless to
//! do twice: `work.rs`.

use crate::{Engine, Error, Lane, work::Work};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{asking::run_again_at, planted};
use store::{Job, MerchantTx};

/// What another version of the program has queued is looked at this often.
const UNKNOWN_GAP: TimeDelta = TimeDelta::minutes(1);
/// Gives up after this many tries: with the gaps between them that is about two days.
const TRIES_MAX: i32 = 200;

/// How a run ended.
pub(crate) enum Ran {
    /// The job's own transaction has ended it.
    Done,
    /// Nothing to write: the worker ends it.
    Finished,
    /// Not yet, and that is no fault: ask again after the usual gap.
    NotYet(&'static str),
    /// The same, and no later than this, because from then on there may be an answer.
    NotYetBut(DateTime<Utc>, &'static str),
    /// The same, and no sooner than this.
    NotBefore(DateTime<Utc>, &'static str),
    /// Another job comes first: not before then, and it has cost no try.
    Behind(DateTime<Utc>),
    /// There is no sense in another try before a person has looked.
    GivenUp(String),
    /// No work of this version: it is left to others, and has cost no try.
    Unknown,
}

impl Engine {
    /// Runs one claimed job to its end and puts it back or away when it did not get there.
    pub(crate) async fn run_job(&self, job: &Job) {
        let outcome = if job.tries > TRIES_MAX && !is_about_money(job) {
            // None of its tries came to an end: it takes its worker down with it.
            Err(Error::Crashed)
        } else {
            let (engine, own) = (self.clone(), job.clone());
            // On the heap: it is as large as the largest kind of job, and is moved on its way into a task.
            caught(Box::pin(async move { engine.try_job(&own).await })).await
        };
        if let Err(cause) = self.conclude(job, outcome).await {
            tracing::error!(job.id = %job.id, %cause, "A job's outcome could not be written; its lease will run out.");
        }
    }

    async fn try_job(&self, job: &Job) -> Result<Ran, Error> {
        let db = self.store().door_job(job);
        let Ok(work) = serde_json::from_str::<Work>(&job.body) else { return Ok(Ran::Unknown) };
        match work {
            Work::LookUp { attempt } => self.look_up_attempt(&db, attempt).await,
            // Only a first try may write without looking: a key is remembered for minutes, a job lives for days.
            Work::PostPayment { attempt } => {
                let may_stand = job.tries > 1 && !planted::is("no_look_before_write");
                self.post_payment(&db, job, attempt, may_stand).await
            }
            Work::PostAgain { attempt, .. } => self.post_payment(&db, job, attempt, true).await,
            Work::TakeBackPayment { attempt, .. } => self.take_back_payment(&db, job, attempt).await,
            Work::WriteReturnInvoice { attempt, invoice, asked_ms } => {
                self.write_return_invoice(&db, job, (attempt, invoice), asked_ms).await
            }
            Work::DraftCredit { attempt, number } => self.draft_credit(&db, job, attempt, number).await,
            Work::DropDraft { attempt, number } => self.drop_draft(&db, job, attempt, number).await,
            Work::CreateCustomer { invoice, asked_ms } => self.create_customer(&db, job, invoice, asked_ms).await,
            Work::ApplyCredit { invoice, asked_ms } => self.apply_credit(&db, job, invoice, asked_ms).await,
            Work::WatchCredit { quote, .. } => self.work_watch_credit(&db, job, quote).await,
            Work::WriteReceipt { payment, .. } => self.write_receipt(&db, job, payment).await,
            Work::WriteSent { attempt } => self.write_sent(&db, job, attempt).await,
            Work::WriteAuthority { method } => self.write_authority(&db, job, method).await,
            Work::RetryDebit { attempt, on, .. } => self.retry_debit(&db, job, attempt, on).await,
            Work::WriteNotice { attempt, came_to } => self.write_notice(&db, job, attempt, came_to).await,
            Work::LookUpRefund { refund, .. } => self.look_up_open_refund(&db, refund).await,
            Work::PostRefund { refund, asked_ms } => self.post_refund(&db, job, refund, asked_ms).await,
            Work::TakeBackRefund { refund, .. } => self.take_back_refund(&db, job, refund).await,
            Work::WriteRefundNotice { refund, failed } => self.write_refund_notice(&db, job, refund, failed).await,
            Work::LookUpDispute { dispute } => self.look_up_open_dispute(&db, dispute).await,
            Work::KeepCard { attempt } => self.keep_card(&db, job, attempt).await,
            Work::LookUpMethod { method } => self.look_up_open_method(&db, method).await,
            Work::ForgetMethod { method, .. } => self.forget_method(&db, job, method).await,
            Work::AttachDocument { invoice, nth } => self.attach_document(&db, job, invoice, nth).await,
            Work::DeliverMail { mail } => self.deliver_mail(&db, job, mail).await,
            Work::ReadNews { webhook, .. } => self.work_webhook(&db, job, webhook).await,
            Work::SendEvents { endpoint } => self.send_events(&db, endpoint).await,
            Work::SendAgain { endpoint, event, .. } => self.send_again(&db, endpoint, event).await,
            Work::TellQuote { told } => self.tell_quote(&db, job, &told).await,
            Work::Prune => self.prune(&db).await.map(|()| Ran::Finished),
            Work::LookForReturns => self.look_for_returns(&db).await.map(|()| Ran::Finished),
            Work::LookForExpiry => self.look_for_expiry(&db).await.map(|()| Ran::Finished),
            Work::Reconcile => self.reconcile(&db, job.tries).await,
            Work::ReadPayouts => self.read_payouts(&db).await.map(|()| Ran::Finished),
            Work::CheckRecords => {
                // The next hour is its retry: tries must not pile up behind a row that cannot be read.
                let (checked, watched) = (self.check_records(&db).await, self.watch_month(&db).await);
                for cause in [checked, watched].into_iter().filter_map(Result::err) {
                    tracing::warn!(merchant.id = %db.merchant_id(), cause = %chain(&cause), "What is recorded could not be checked.");
                }
                Ok(Ran::Finished)
            }
            Work::SyncBooks => self.sync_as_job(&db, job, Lane::Background).await,
            Work::FirstSync { .. } => self.sync_as_job(&db, job, Lane::CompanySync).await,
            Work::DownloadBooks { asked_ms } => self.download_as_job(&db, job, asked_ms).await,
            Work::SweepBooks { asked_ms } => self.sweep_books(&db, job, asked_ms).await,
        }
    }

    async fn conclude(&self, job: &Job, outcome: Result<Ran, Error>) -> Result<(), Error> {
        let (mut answer_at, mut not_before, mut is_over) = (None, None, false);
        let why = match outcome {
            Ok(Ran::Done) => return Ok(()),
            Ok(Ran::Unknown) => {
                tracing::warn!(job.id = %job.id, "A job is unknown to this version and is left to others.");
                return self.leave(job, self.now() + UNKNOWN_GAP).await;
            }
            Ok(Ran::Behind(at)) => return self.leave(job, at).await,
            Ok(Ran::Finished) => {
                let tx = self.store().door_job(job).begin().await?;
                return end_with(tx, job).await.map(drop);
            }
            Ok(Ran::NotYet(why)) => why.to_owned(),
            Ok(Ran::NotYetBut(at, why)) => {
                answer_at = Some(at);
                why.to_owned()
            }
            Ok(Ran::NotBefore(at, why)) => {
                not_before = Some(at);
                why.to_owned()
            }
            Ok(Ran::GivenUp(why)) => {
                is_over = true;
                why
            }
            Err(cause) => {
                if let Some(at) = cause.not_before() {
                    return self.leave(job, at).await;
                }
                tracing::warn!(job.id = %job.id, job.tries = job.tries, cause = %chain(&cause), "A job failed and will be tried again.");
                chain(&cause)
            }
        };
        let gives_up = is_over || (job.tries >= TRIES_MAX && !is_about_money(job));
        let again = not_before.unwrap_or_else(|| run_again_at(job.tries, answer_at, self.now()));
        let again = (!gives_up).then_some(again);
        let tx = self.store().door_job(job).begin().await?;
        tx.job_again(job, again, &why).await?;
        Ok(tx.commit().await?)
    }

    /// Puts a job back as if it had not been tried: nothing was.
    async fn leave(&self, job: &Job, until: DateTime<Utc>) -> Result<(), Error> {
        let tx = self.store().door_job(job).begin().await?;
        tx.job_leave(job, until).await?;
        Ok(tx.commit().await?)
    }
}

/// Commits what a job has written together with its end; none of it when the job's lease was lost meanwhile.
pub(crate) async fn end_with(tx: MerchantTx, job: &Job) -> Result<Ran, Error> {
    if tx.job_done(job).await? {
        tx.commit().await?;
    }
    Ok(Ran::Done)
}

/// A try that panics has failed like any other, and its job gets a longer gap each time.
async fn caught(tried: impl Future<Output = Result<Ran, Error>> + Send + 'static) -> Result<Ran, Error> {
    tokio::spawn(tried).await.unwrap_or_else(|cause| {
        tracing::error!(%cause, "A job crashed.");
        Err(Error::Crashed)
    })
}

/// What another version has queued is not known to be.
fn is_about_money(job: &Job) -> bool {
    serde_json::from_str(&job.body).is_ok_and(|work: Work| work.is_about_money())
}

/// An error with its causes, on one line.
pub(crate) fn chain(cause: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(cause.source(), |cause| cause.source());
    causes.fold(cause.to_string(), |words, cause| format!("{words}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_try_that_panics_is_a_try_that_failed() {
        let tried = caught(async { panic!("a slip in a use case") }).await;
        assert!(matches!(tried, Err(Error::Crashed)));
        assert!(matches!(caught(async { Ok(Ran::Finished) }).await, Ok(Ran::Finished)));
    }
}
