//! The admin's front page: what needs somebody first, then figures, then the invoices.

use crate::{
    AdminPass, Engine, Error, ListQuery,
    clock::{day_start, on_the_wall, zone},
    faces::{ROWS_PER_PAGE, amounts, page},
    jobs::Work,
    post_again::again,
    post_payment::books_reference,
    post_refund::credit_number,
    refused_payment::never_entered,
};
use chrono::{Datelike, TimeDelta};
use domain::{
    money::{Locale, Money, Totals},
    payment::AttemptState,
    refund::{RefundFailure, RefundState},
    views::{AdminHome, Problem, Refused},
};
use store::{
    Attempt, BooksEntry, BooksEntryState, Connection, ConnectionState, InvoiceFilter, MerchantDb, Refund,
    left_to_refund,
};

/// What takes longer than this to come to its end is shown to somebody (`quality.md`, 2.4).
const SOON: TimeDelta = TimeDelta::minutes(15);
/// A payer's page is over by then, and was asked for twice.
const WAITED_LONG: TimeDelta = TimeDelta::hours(1);
/// So long a refund that failed behind everybody's back is shown, unless it was made again.
const REFUND_FAILED_SHOWN: TimeDelta = TimeDelta::days(14);

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn admin_home(&self, admin: &AdminPass, list: ListQuery) -> Result<AdminHome, Error> {
        let merchant = admin.db.merchant().await?;
        let zone = zone(&merchant.time_zone);
        let today = self.clock().today(zone);
        let listed =
            InvoiceFilter { only_open: list.search.is_empty(), search: list.search, ..InvoiceFilter::default() };
        let outstanding = InvoiceFilter { only_open: true, but_paid_here: true, ..InvoiceFilter::default() };
        let overdue = InvoiceFilter { due_before: Some(today), ..outstanding.clone() };
        let (rows, total) = admin.db.invoice_page(&listed, list.page, ROWS_PER_PAGE).await?;
        let invoices = self.invoice_faces(&admin.db, &merchant, rows).await?;
        let collected = AttemptState::all_that(AttemptState::has_money);
        let month = day_start(today.with_day(1).unwrap_or(today), zone);
        let books = admin.db.connection_of_kind("books").await?;
        let locale = merchant.face()?.locale;
        let mut refused = Vec::new();
        for entry in admin.db.books_entries_refused().await? {
            refused.push(refused_problem(&admin.db, &entry, locale).await?);
        }
        Ok(AdminHome {
            who: admin.who.clone(),
            today,
            refused,
            needs_you: self.problems(&admin.db, locale, books.as_ref()).await?,
            outstanding: amounts(&admin.db.invoice_sums(&outstanding).await?)?,
            overdue: amounts(&admin.db.invoice_sums(&overdue).await?)?,
            collected_this_month: less(
                amounts(&admin.db.payment_sums(&collected, month).await?)?,
                &amounts(&admin.db.refund_sums(month).await?)?,
            )?,
            invoices: page(invoices, total, list.page, &listed.search),
            books_connected: books.is_some(),
            synced_at: books.and_then(|books| books.synced_at).map(|at| on_the_wall(at, zone)),
        })
    }

    /// What does not mend itself, one sentence each.
    async fn problems(
        &self,
        db: &MerchantDb,
        locale: Locale,
        books: Option<&Connection>,
    ) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        let long_ago = self.now() - SOON;
        for entry in db.books_entries_waiting(long_ago).await? {
            let attempt = db.attempt(entry.attempt_id).await?;
            let (number, amount) = (db.invoice(entry.invoice_id).await?.number, attempt.amount()?.format(locale));
            let sentence = if entry.state == BooksEntryState::Leaving {
                format!("{amount} for {number} went back, and the books still have it. It is tried again.")
            } else {
                format!("{amount} for {number} was taken, and the books do not have it yet. It is tried again.")
            };
            problems.push(Problem { area: "Books".into(), sentence, payment: Some(attempt.payment_id) });
        }
        for attempt in db.attempts_unknown(long_ago).await? {
            let amount = attempt.amount()?.format(locale);
            let sentence = format!("Nobody knows what became of a payment of {amount}. The gateway is asked again.");
            problems.push(Problem { area: "Payment".into(), sentence, payment: Some(attempt.payment_id) });
        }
        for attempt in db.attempts_waiting(self.now() - WAITED_LONG).await? {
            let amount = attempt.amount()?.format(locale);
            let sentence = format!(
                "A payment of {amount} has waited for its payer for more than an hour, and its invoice cannot be paid again \
                 so far. The gateway is asked again."
            );
            problems.push(Problem { area: "Payment".into(), sentence, payment: Some(attempt.payment_id) });
        }
        for attempt in db.attempts_contradicted().await? {
            let sentence = format!(
                "The gateway's news about {} do not fit what was final before. Compare it with the gateway.",
                attempt.amount()?.format(locale)
            );
            problems.push(Problem { area: "Payment".into(), sentence, payment: Some(attempt.payment_id) });
        }
        problems.extend(self.refund_problems(db, locale).await?);
        problems.extend(self.dispute_problems(db, locale).await?);
        for job in db.jobs_dead().await? {
            let what = serde_json::from_str::<Work>(&job.body).map_or("A task", |work| work.words());
            let sentence =
                format!("{what} was given up after {} tries: {}", job.tries, job.last_error.unwrap_or_default());
            problems.push(Problem { area: "Task".into(), sentence, payment: job.payment_id });
        }
        let parked = db.webhooks_parked().await?;
        if parked > 0 {
            let events = if parked == 1 { "1 event".to_owned() } else { format!("{parked} events") };
            let sentence = format!(
                "{events} of the gateway were kept because they are about nothing that we know. Compare them with the \
                 gateway."
            );
            problems.push(Problem { area: "Gateway".into(), sentence, payment: None });
        }
        if self.alarm_stands(db).await? {
            let sentence =
                "In the last day, more than 3 in 10 cards were declined within ten minutes: somebody may be \
                            testing stolen cards. Guests are held back by themselves; look at the transactions, and at \
                            the gateway's own rules."
                    .to_owned();
            problems.push(Problem { area: "Cards".into(), sentence, payment: None });
        }
        if let Some(books) = books.filter(|books| books.state == ConnectionState::Broken) {
            let why = books.last_error.as_deref().unwrap_or_default();
            let sentence = format!("The books must be connected again: {why}");
            problems.push(Problem { area: "Books".into(), sentence, payment: None });
        }
        Ok(problems)
    }
    async fn refund_problems(&self, db: &MerchantDb, locale: Locale) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        for entry in db.refund_entries_waiting(self.now() - SOON).await? {
            let refund = db.refund(entry.refund_id).await?;
            let amount = Money::new(entry.amount_minor, refund.amount()?.currency).format(locale);
            let number = db.invoice(entry.invoice_id).await?.number;
            let credit = credit_number(refund.id, entry.invoice_id);
            let (id, why) = (refund.gateway_id.unwrap_or_default(), sentence_of(entry.last_error.as_deref()));
            let sentence = match (entry.state, refund.state) {
                (BooksEntryState::Refused, RefundState::Succeeded) if entry.credit_id.is_some() => format!(
                    "{amount} was paid back for {number}. Its credit note {credit} stands in the books, but they refused \
                     its payment: {why} Enter that payment alone: {amount} from the clearing account, reference {id}."
                ),
                (BooksEntryState::Refused, RefundState::Succeeded) => format!(
                    "{amount} was paid back for {number}, but the books refused it: {why} Enter a credit note of {amount} \
                     for {number} and its refund from the clearing account, reference {id}."
                ),
                (BooksEntryState::Refused, _) => format!(
                    "The refund of {amount} for {number} failed, but was not taken out of the books: {why} Delete the \
                     payment with the reference {id} and void its credit note."
                ),
                _ => {
                    format!("{amount} was paid back for {number}, and the books do not have it yet. It is tried again.")
                }
            };
            let payment = Some(db.attempt(refund.attempt_id).await?.payment_id);
            problems.push(Problem { area: "Books".into(), sentence, payment });
        }
        let unknown = db.refunds_unknown(self.now() - SOON).await?;
        for refund in unknown.into_iter().chain(db.refunds_alarming(self.now() - REFUND_FAILED_SHOWN).await?) {
            let attempt = db.attempt(refund.attempt_id).await?;
            if refund.state.is_dead() && !refund.contradicted && is_settled(db, &attempt, &refund).await? {
                continue;
            }
            let amount = refund.amount()?.format(locale);
            let failure = refund.failure.as_deref().and_then(|json| serde_json::from_str::<RefundFailure>(json).ok());
            let sentence = if refund.contradicted {
                format!(
                    "The gateway’s news about a refund of {amount} do not fit what was final before. Compare it with the \
                     gateway."
                )
            } else if let Some(failure) = failure {
                format!("A refund of {amount} has failed. {}", failure.words())
            } else {
                format!("Nobody knows what became of a refund of {amount}. The gateway is asked again.")
            };
            problems.push(Problem { area: "Refund".into(), sentence, payment: Some(attempt.payment_id) });
        }
        Ok(problems)
    }
}

/// Whether so much was refunded again since it failed, or nothing is left that could be.
async fn is_settled(db: &MerchantDb, attempt: &Attempt, failed: &Refund) -> Result<bool, Error> {
    let refunds = db.refunds_of(&[attempt.id]).await?;
    let later = refunds.iter().filter(|refund| refund.created_at >= failed.updated_at && !refund.state.is_dead());
    let again: i64 = later.map(|refund| refund.amount_minor).sum();
    let disputes = db.disputes_of(&[attempt.id]).await?;
    Ok(again >= failed.amount_minor || !left_to_refund(attempt, &refunds, &disputes)?.is_positive())
}

/// What the books refused of a payment, and what a person must enter, or take out, of it.
async fn refused_problem(db: &MerchantDb, entry: &BooksEntry, locale: Locale) -> Result<Refused, Error> {
    let attempt = db.attempt(entry.attempt_id).await?;
    let refunds = db.refunds_of(&[attempt.id]).await?;
    let parts = db.refund_parts(&refunds).await?;
    let (number, currency) = (db.invoice(entry.invoice_id).await?.number, attempt.amount()?.currency);
    let back = never_entered(entry, &refunds, &parts);
    let words = |minor| Money::new(minor, currency).format(locale);
    let paid_back = if back > 0 { format!(" and {} of it paid back", words(back)) } else { String::new() };
    let (amount, why) = (words(entry.amount_minor), sentence_of(entry.last_error.as_deref()));
    let reference = books_reference(&attempt, entry);
    let sentence = if attempt.state.has_money() {
        let lacking = words(entry.amount_minor - back);
        format!(
            "{amount} for {number} was taken{paid_back}, but the books refused it: {why} They lack a payment of {lacking}, \
             reference {reference}."
        )
    } else {
        format!(
            "{amount} for {number} went back, but the books keep its payment: {why} It must leave them, reference \
             {reference}; until then nobody can pay {number} here."
        )
    };
    let again = again(&attempt, entry, &refunds, &parts);
    let problem = Problem { area: "Books".into(), sentence, payment: Some(attempt.payment_id) };
    Ok(Refused { problem, again })
}

/// A vendor's words as a sentence among ours.
pub(crate) fn sentence_of(words: Option<&str>) -> String {
    let words = words.unwrap_or_default().trim();
    if words.is_empty() || words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

/// What is left of each currency's figure; one of the subtrahend alone is negative.
fn less(figures: Vec<Money>, minus: &[Money]) -> Result<Vec<Money>, Error> {
    let negative = minus.iter().map(|amount| Money::new(-amount.minor, amount.currency));
    let totals = Totals::of(figures.into_iter().chain(negative))?;
    Ok(totals.iter().collect())
}
