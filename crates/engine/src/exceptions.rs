//! The inbox: everything that needs a person, once, and its two ways out. Its own cure, or "Mark as fixed" with a reason
//! and a reference, which stay and come back when something else is found (G44, E14, D30).

use crate::{
    AdminPass, Engine, Error, MendError,
    audit::{Actor, Audited},
    clock::{on_the_wall, zone},
    error::known,
    exception_lines::{OpenException, Subject},
    faces::{ROWS_PER_PAGE, page},
    order::typed,
    quote_covers::{release, was_covered},
    quote_documents::end_quote_pair,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    exception::{Cure, DifferenceKind},
    ids::{AttemptId, ExceptionId, InvoiceId, PayoutId, RefundId},
    refund::RefundState,
    views::{ExceptionBox, ExceptionFace, FixedFace},
};
use std::collections::HashSet;
use store::{BooksEntryState, Exception, ExceptionState, MerchantDb, MerchantTx, RefundEntry};
use uuid::Uuid;

/// So many that a person has fixed are shown below those that are open.
const FIXED_SHOWN: u64 = 20;
pub(crate) const WORDS_MAX_CHARS: usize = 500;
/// Of an invoice.
const NUMBER_MAX_CHARS: usize = 255;

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn exceptions(&self, admin: &AdminPass, number: u64) -> Result<ExceptionBox, Error> {
        let zone = zone(&admin.who.time_zone);
        let open = self.open_exceptions(&admin.db).await?;
        let total = u64::try_from(open.len()).unwrap_or(u64::MAX);
        let before = usize::try_from(number.saturating_sub(1).saturating_mul(ROWS_PER_PAGE)).unwrap_or(usize::MAX);
        let here = open.into_iter().skip(before).take(usize::try_from(ROWS_PER_PAGE).unwrap_or(usize::MAX));
        let fixed = admin.db.exceptions_fixed(FIXED_SHOWN).await?;
        Ok(ExceptionBox {
            who: admin.who.clone(),
            page: page(here.map(|exception| exception.face(zone)).collect(), total, number, ""),
            fixed: fixed.into_iter().map(|row| fixed_face(row, zone)).collect(),
        })
    }

    /// All that are open, the most severe first, and of those the oldest.
    pub(crate) async fn open_exceptions(&self, db: &MerchantDb) -> Result<Vec<OpenException>, Error> {
        let mut open = self.exceptions_of_rows(db).await?;
        let standing: HashSet<String> = open.iter().map(|exception| exception.key.clone()).collect();
        let fixed = db.exceptions_fixed_of(standing.iter().cloned().collect()).await?;
        open.retain(|exception| {
            !fixed.iter().any(|row| row.unique_key == exception.key && row.content == exception.content)
        });
        for row in db.exceptions_open().await? {
            match open.iter_mut().find(|line| line.key == row.unique_key) {
                // Of a charge that one press takes in, news are parked as well: they go with it.
                Some(line) if row.cure == Some(Cure::TakeIn) => {
                    *line = OpenException { subject: line.subject.clone(), ..row.into() };
                }
                None if !standing.contains(&row.unique_key) => open.push(row.into()),
                _ => {}
            }
        }
        open.sort_by(|a, b| (a.severity, a.since, &a.key).cmp(&(b.severity, b.since, &b.key)));
        Ok(open)
    }

    /// Ends one by its own cure; of a charge that is missing here, `invoice` is the number of what it paid, where somebody has
    /// typed one. What follows of that is watched as any other: it comes back if that does not help.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's; why a charge is not taken in.
    pub async fn retry_exception(&self, admin: &AdminPass, key: &str, invoice: &str) -> Result<(), MendError> {
        let Some(exception) = self.open_exception(&admin.db, key).await? else { return Ok(()) };
        if exception.cure == Some(Cure::TakeIn) {
            return self.take_in_charge(admin, key, &typed(invoice, NUMBER_MAX_CHARS)).await;
        }
        Ok(self.mend(admin, exception, key).await?)
    }

    async fn mend(&self, admin: &AdminPass, exception: OpenException, key: &str) -> Result<(), Error> {
        match (exception.cure, exception.subject, exception.payment) {
            (Some(Cure::PostPayment | Cure::TakeOutPayment), Subject::Attempt(attempt), _) => {
                self.post_lost(admin, attempt, key).await
            }
            (Some(Cure::PostPayment | Cure::TakeOutPayment), _, Some(payment)) => self.post_again(admin, payment).await,
            (Some(Cure::PostRefund), Subject::RefundPosting(refund, invoice), _) => {
                self.post_refund_again(admin, refund, Some(invoice), key).await
            }
            (Some(Cure::PostRefund), Subject::Refund(refund), _) => {
                self.post_refund_again(admin, refund, None, key).await
            }
            (Some(Cure::ApplyCredit), Subject::Cover(invoice), _) => self.ask_to_apply(admin, invoice).await,
            // A press before this one.
            (None, Subject::Cover(_), _) => Ok(()),
            (Some(Cure::AskGateway), Subject::Payout(_), _) => self.ask_about_payouts(&admin.db).await,
            (Some(Cure::AskGateway), _, Some(payment)) => self.ask_gateway_now(&admin.db, payment, key).await,
            (Some(Cure::RunTask), Subject::Task(job), _) => {
                let tx = admin.db.begin().await?;
                tx.job_revive(&job, self.now()).await?;
                tx.commit().await?;
                self.0.bell.notify_one();
                Ok(())
            }
            _ => Err(Error::NotFound),
        }
    }

    /// A person has seen to it in a way of their own. `false`: it had ended before, and nothing was written.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, and for what ends by itself.
    pub async fn fix_exception(
        &self,
        admin: &AdminPass,
        key: &str,
        reason: &str,
        reference: &str,
    ) -> Result<bool, Error> {
        let (reason, reference) = (typed(reason, WORDS_MAX_CHARS), typed(reference, WORDS_MAX_CHARS));
        let Some(open) = self.open_exception(&admin.db, key).await? else {
            return was_fixed_so(&admin.db, key, &reason, &reference).await;
        };
        if !open.may_be_fixed {
            return Err(Error::NotFound);
        }
        let (now, payment) = (self.now(), open.payment);
        let (exception, told) = (open.key.clone(), reason.clone());
        let audited = Audited::ExceptionFixed { exception, reason: told, reference: reference.clone() };
        let slip = audited.slip(payment, Actor::Staff(admin.person), now)?;
        let subject = open.subject.clone();
        let tx = admin.db.begin().await?;
        settle(&tx, subject, now).await?;
        let fixed_by = Some(admin.who.email.clone());
        let row = Exception { fixed_by, reason: Some(reason), reference: Some(reference), ..open.row(&tx, now) };
        tx.exception_fix(row).await?;
        tx.audit_add(slip).await?;
        tx.commit().await?;
        tracing::info!(exception = key, "Staff have marked an exception as fixed.");
        Ok(true)
    }

    /// The open one with this key; nothing when it was there and has ended, by a press before this one perhaps.
    pub(crate) async fn open_exception(&self, db: &MerchantDb, key: &str) -> Result<Option<OpenException>, Error> {
        let exception = self.open_exceptions(db).await?.into_iter().find(|exception| exception.key == key);
        if exception.is_some() || was_here(db, key).await? { Ok(exception) } else { Err(Error::NotFound) }
    }
}

/// Whether a person has ended it by the same words: by the same form, sent twice.
pub(crate) async fn was_fixed_so(db: &MerchantDb, key: &str, reason: &str, reference: &str) -> Result<bool, Error> {
    let is_so = |row: &Exception| row.reason.as_deref() == Some(reason) && row.reference.as_deref() == Some(reference);
    Ok(db.exceptions_fixed_of(vec![key.to_owned()]).await?.iter().any(is_so))
}

/// Whether a key is about something of this merchant.
async fn was_here(db: &MerchantDb, key: &str) -> Result<bool, Error> {
    if let Some(charge) = DifferenceKind::ChargeLost.about(key)
        && db.attempt_by_gateway_id(charge).await?.is_some()
    {
        return Ok(true);
    }
    if was_covered(db, key).await? {
        return Ok(true);
    }
    Ok(match Subject::of_key(key) {
        Subject::Attempt(attempt) => known(db.attempt(attempt).await)?.is_some(),
        Subject::Refund(refund) => known(db.refund(refund).await)?.is_some(),
        Subject::Payout(payout) => known(db.payout(payout).await)?.is_some(),
        _ => !db.exceptions_fixed_of(vec![key.to_owned()]).await?.is_empty(),
    })
}

/// What waits for a person waits no more: the invoice goes by what the books say from here on, and news count as read.
async fn settle(tx: &MerchantTx, subject: Subject, now: DateTime<Utc>) -> Result<(), Error> {
    match subject {
        Subject::Posting(attempt, invoice) => settle_posting(tx, attempt, invoice, now).await,
        Subject::RefundPosting(refund, invoice) => settle_refund_posting(tx, refund, invoice, now).await,
        Subject::News(news) => {
            for webhook in news {
                tx.webhook_move(webhook, store::WebhookState::Processed).await?;
            }
            Ok(())
        }
        Subject::Cover(invoice) => release(tx, invoice, now).await,
        Subject::Task(_)
        | Subject::Attempt(_)
        | Subject::Refund(_)
        | Subject::Draft(_)
        | Subject::Payout(_)
        | Subject::Nothing => Ok(()),
    }
}

async fn settle_posting(
    tx: &MerchantTx,
    attempt: AttemptId,
    invoice: InvoiceId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let attempt = tx.attempt_hold(attempt).await?;
    // Of money that went back, a person has taken out what stood.
    let has_money = attempt.state.has_money();
    let to = if has_money { BooksEntryState::ByHand } else { BooksEntryState::Needless };
    for entry in tx.books_entries(attempt.id).await? {
        if entry.invoice_id == invoice && entry.state == BooksEntryState::Refused {
            let (id, why) = (entry.external_id.as_deref(), entry.last_error.as_deref());
            tx.books_entry_move(&entry, to, id, why, now).await?;
            // Of an advance the books tell nothing: whoever has paid a quote must not be asked for it again.
            tx.advance_settle(invoice, has_money).await?;
            if !has_money {
                end_quote_pair(tx, invoice, now).await?;
            }
            tx.claim_release(attempt.id, invoice).await?;
        }
    }
    Ok(())
}

async fn settle_refund_posting(
    tx: &MerchantTx,
    refund: RefundId,
    invoice: InvoiceId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let of = tx.refund(refund).await?.attempt_id;
    tx.attempt_hold(of).await?;
    let is_paid = tx.refund(refund).await?.state == RefundState::Succeeded;
    let state = if is_paid { BooksEntryState::ByHand } else { BooksEntryState::Needless };
    for entry in tx.refund_entries(&[refund]).await? {
        if entry.invoice_id == invoice && entry.state == BooksEntryState::Refused {
            tx.refund_entry_write(RefundEntry { state, updated_at: now, ..entry }).await?;
        }
    }
    Ok(())
}

impl Subject {
    /// What a row of its own is about: its key says so.
    pub(crate) fn of_key(key: &str) -> Self {
        let about = key.split(':').nth(1).unwrap_or_default();
        match (about.parse::<AttemptId>(), about.parse::<RefundId>(), about.parse::<PayoutId>()) {
            (Ok(attempt), ..) => Self::Attempt(attempt),
            (_, Ok(refund), _) => Self::Refund(refund),
            (.., Ok(payout)) => Self::Payout(payout),
            _ => Self::Nothing,
        }
    }
}

impl From<Exception> for OpenException {
    fn from(row: Exception) -> Self {
        // It ends when somebody asks again, and not by what a person says.
        let may_be_fixed = DifferenceKind::Unasked.about(&row.unique_key).is_none();
        Self {
            subject: Subject::of_key(&row.unique_key),
            content: row.content,
            remedy: row.remedy,
            payment: row.payment_id,
            cure: row.cure,
            may_be_fixed,
            ..Self::new(row.unique_key, row.severity, &row.area, row.found_at, row.cause)
        }
    }
}

impl OpenException {
    pub(crate) fn face(self, zone: Tz) -> ExceptionFace {
        ExceptionFace {
            key: self.key,
            severity: self.severity,
            area: self.area,
            cause: self.cause,
            remedy: self.remedy,
            since: on_the_wall(self.since, zone),
            payment: self.payment,
            cure: self.cure,
            page_url: self.page_url,
            may_be_fixed: self.may_be_fixed,
            may_be_named: self.may_be_named,
            may_be_denied: self.may_be_denied,
            missing: self.missing,
            may_be_invoiced: self.may_be_invoiced,
        }
    }

    /// As it is kept when a person ends it.
    pub(crate) fn row(self, tx: &MerchantTx, now: DateTime<Utc>) -> Exception {
        Exception {
            merchant_id: tx.merchant_id(),
            id: ExceptionId(Uuid::now_v7()),
            payment_id: self.payment,
            unique_key: self.key,
            content: self.content,
            severity: self.severity,
            area: self.area,
            cause: self.cause,
            remedy: self.remedy,
            cure: self.cure,
            state: ExceptionState::Fixed,
            compared_from: None,
            found_at: self.since,
            ended_at: Some(now),
            fixed_by: None,
            reason: None,
            reference: None,
        }
    }
}

fn fixed_face(row: Exception, zone: Tz) -> FixedFace {
    FixedFace {
        area: row.area,
        cause: row.cause,
        at: on_the_wall(row.ended_at.unwrap_or(row.found_at), zone),
        by: row.fixed_by.unwrap_or_default(),
        reason: row.reason.unwrap_or_default(),
        reference: row.reference.unwrap_or_default(),
        payment: row.payment_id,
    }
}
