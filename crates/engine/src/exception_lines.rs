//! What needs a person and stands in the rows of a merchant anyway: it is read anew each time, so it goes by itself when
//! its row has moved on. Differences between gateway, payments and books have rows of their own (`reconcile.rs`).

use crate::{
    Engine, Error, Lane,
    clock::zone,
    debit_returns::returned_beside_refunds,
    dispute_story::Told,
    post_again::again,
    post_payment::books_reference,
    receive_webhook::thing_of,
    refused_payment::{BY_HAND, never_entered},
    return_invoice::may_be_invoiced,
    take_payment::reference,
    work::Work,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    asking::{may_be_denied, refund_may_be_denied},
    dispute::DisputeState,
    exception::{Cure, Severity, key_of_unknown},
    ids::{AttemptId, InvoiceId, PaymentId, PayoutId, RefundId, WebhookId},
    invoice::InvoiceStatus,
    money::{Locale, Money},
    refund::{RefundFailure, RefundState, credit_number},
    views::MissingCustomer,
};
use std::collections::BTreeMap;
use store::{
    Attempt, BooksEntry, BooksEntryState, ConnectionState, Invoice, MerchantDb, Refund, RefundEntry, Webhook,
    left_to_refund,
};

/// What takes longer than this to come to its end is shown to somebody (`quality.md`, 2.4).
const SOON: TimeDelta = TimeDelta::minutes(15);
/// A payer's page is over by then, and was asked for twice.
const WAITED_LONG: TimeDelta = TimeDelta::hours(1);
const ASK: &str = "You can have it asked at once.";
/// So many pieces of news that are about nothing are looked at; the rest waits until these have ended.
const PARKED_MAX: u64 = 200;
/// Before the id of what nobody knows the outcome of.
pub(crate) const OUTCOME: &str = "outcome:";
/// Before the id of a dispute of which a part was lost.
pub(crate) const DISPUTE_LOST: &str = "dispute_lost:";

/// Something that needs a person.
#[derive(Clone, Debug)]
pub(crate) struct OpenException {
    pub key: String,
    /// Another content is another thing: what was marked as fixed comes back with it.
    pub content: String,
    pub severity: Severity,
    pub area: String,
    pub cause: String,
    pub remedy: String,
    pub since: DateTime<Utc>,
    pub payment: Option<PaymentId>,
    pub cure: Option<Cure>,
    /// Where it is seen to, at the gateway.
    pub page_url: Option<String>,
    /// A person can end it. What ends by itself cannot be ended.
    pub may_be_fixed: bool,
    /// A person can say of it that the gateway has it, and that it has not.
    pub may_be_named: bool,
    pub may_be_denied: bool,
    /// Whom the books do not have, where it waits for them.
    pub missing: Option<MissingCustomer>,
    /// An invoice can ask for what went back, and its payment stay.
    pub may_be_invoiced: bool,
    pub subject: Subject,
}

/// What moves when a person has fixed it, or has it tried again.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Posting(AttemptId, InvoiceId),
    RefundPosting(RefundId, InvoiceId),
    News(Vec<WebhookId>),
    /// The key of a job.
    Task(String),
    /// A payment or a refund that was laid beside gateway and books, or whose outcome nobody knows.
    Attempt(AttemptId),
    Refund(RefundId),
    /// An invoice that the credit of a quote is for.
    Cover(InvoiceId),
    /// A quote's advance, whose credit could not be drafted.
    Draft(InvoiceId),
    Payout(PayoutId),
    Nothing,
}

impl OpenException {
    pub(crate) fn new(key: String, severity: Severity, area: &str, since: DateTime<Utc>, cause: String) -> Self {
        Self {
            key,
            content: String::new(),
            severity,
            area: area.to_owned(),
            cause,
            remedy: String::new(),
            since,
            payment: None,
            cure: None,
            page_url: None,
            may_be_fixed: false,
            may_be_named: false,
            may_be_denied: false,
            missing: None,
            may_be_invoiced: false,
            subject: Subject::Nothing,
        }
    }

    pub(crate) fn of(self, payment: PaymentId) -> Self {
        Self { payment: Some(payment), ..self }
    }

    /// A person need not wait until the gateway is asked again by itself.
    fn asking(self) -> Self {
        let remedy = if self.remedy.is_empty() { ASK.to_owned() } else { self.remedy };
        Self { remedy, cure: Some(Cure::AskGateway), ..self }
    }

    /// A person who has looked at the gateway can say what became of it, by what this very one is `known_by` there.
    fn deciding(self, subject: Subject, known_by: &str, may_be_denied: bool) -> Self {
        let remedy = format!("{} At the gateway it {known_by}.", self.remedy);
        Self { remedy, may_be_named: true, may_be_denied, subject, ..self }
    }

    /// A person can say that they have seen to it, as it is now.
    pub(crate) fn fixable(self, remedy: impl Into<String>, content: impl ToString) -> Self {
        Self { remedy: remedy.into(), content: content.to_string(), may_be_fixed: true, ..self }
    }
}

impl Engine {
    pub(crate) async fn exceptions_of_rows(&self, db: &MerchantDb) -> Result<Vec<OpenException>, Error> {
        let merchant = db.merchant().await?;
        let locale = merchant.face()?.locale;
        let mut lines = self.payment_exceptions(db, locale).await?;
        lines.extend(self.refund_exceptions(db, locale).await?);
        lines.extend(self.dispute_exceptions(db, locale).await?);
        lines.extend(self.debit_return_exceptions(db).await?);
        lines.extend(self.quote_exceptions(db, locale).await?);
        lines.extend(self.payout_exceptions(db, locale).await?);
        for job in db.jobs_dead().await? {
            let what = serde_json::from_str::<Work>(&job.body).map_or("A task", |work| work.words());
            let error = job.last_error.unwrap_or_default();
            let cause = format!("{what} was given up after {} tries: {}", job.tries, sentence_of(Some(&error)));
            let line = OpenException::new(format!("task:{}", job.id), Severity::Look, "Task", job.run_at, cause);
            let line = line.fixable("Mend what the message says, then try again.", format!("{} {error}", job.run_at));
            let subject = Subject::Task(job.unique_key);
            lines.push(OpenException { payment: job.payment_id, cure: Some(Cure::RunTask), subject, ..line });
        }
        let news = db.webhooks_parked(PARKED_MAX).await?;
        let gateways: Vec<_> = db.gateways().await?.into_iter().map(|gateway| gateway.id).collect();
        let (of_gateways, of_books): (Vec<_>, Vec<_>) =
            news.into_iter().partition(|webhook| gateways.contains(&webhook.connection_id));
        lines.extend(parked("Gateway", &of_gateways));
        lines.extend(parked("Books", &of_books));
        if let Some(since) = self.alarm_stands(db).await? {
            let cause = "In the last day, more than 3 in 10 cards were declined within ten minutes: somebody may be \
                         testing stolen cards.";
            let line = OpenException::new("card_testing".into(), Severity::Look, "Cards", since, cause.into());
            let remedy =
                "Guests are held back by themselves; look at the transactions, and at the gateway’s own rules.";
            lines.push(OpenException { remedy: remedy.into(), ..line });
        }
        for endpoint in db.endpoints().await? {
            // Staff who turn one off know that, and leave no answer of its receiver's.
            let Some(since) = endpoint.off_since.filter(|_| endpoint.last_error.is_some()) else { continue };
            let why = sentence_of(endpoint.last_error.as_deref());
            let cause = format!("Events are no longer sent to {}: {why}", endpoint.url);
            let line =
                OpenException::new(format!("endpoint:{}", endpoint.id), Severity::Look, "Webhooks", since, cause);
            let remedy = "When its receiver is well, turn it on again under Webhooks: what has happened waits for it.";
            lines.push(OpenException { remedy: remedy.into(), ..line });
        }
        let multi = merchant.multi_connection;
        for books in db.connections().await?.into_iter().filter(|row| row.kind == "books") {
            let lane = Lane::of_name(&books.lane).unwrap_or(Lane::UserAction);
            if books.state == ConnectionState::Working || (lane != Lane::UserAction && !multi) {
                continue;
            }
            let why = sentence_of(books.last_error.as_deref());
            let cause = if multi {
                format!("The {} connection to the books is broken and has stopped: {why}", lane.title())
            } else {
                format!("The books must be connected again: {why}")
            };
            let since = books.synced_at.unwrap_or_else(|| self.now());
            let line = OpenException::new(format!("books:{}", books.id), Severity::Books, "Books", since, cause);
            let remedy = "See Configure > Accounting Connections.";
            lines.push(OpenException { remedy: remedy.into(), ..line });
        }
        Ok(lines)
    }

    async fn payment_exceptions(&self, db: &MerchantDb, locale: Locale) -> Result<Vec<OpenException>, Error> {
        let (mut lines, long_ago) = (Vec::new(), self.now() - SOON);
        for entry in db.books_entries_refused().await? {
            let line = refused(db, &entry, locale).await?;
            let is_to_be_posted = line.cure == Some(Cure::PostPayment);
            let missing = if is_to_be_posted { self.missing_customer(db, entry.invoice_id).await? } else { None };
            lines.push(OpenException { missing, ..line });
        }
        for entry in db.books_entries_waiting(long_ago).await? {
            let attempt = db.attempt(entry.attempt_id).await?;
            let amount = Money::new(entry.amount_minor, attempt.amount()?.currency).format(locale);
            let number = db.invoice(entry.invoice_id).await?.number;
            let cause = if entry.state == BooksEntryState::Leaving {
                format!("{amount} for {number} went back, and the books still have it. It is tried again.")
            } else {
                format!("{amount} for {number} was taken, and the books do not have it yet. It is tried again.")
            };
            let key = format!("books_waiting:{}:{}", entry.attempt_id, entry.invoice_id);
            let line = OpenException::new(key, Severity::Waits, "Books", entry.updated_at, cause);
            lines.push(line.of(attempt.payment_id));
        }
        for attempt in db.attempts_unknown(long_ago).await? {
            let amount = attempt.amount()?.format(locale);
            let cause = format!("Nobody knows what became of a payment of {amount}. The gateway is asked again.");
            let key = format!("{OUTCOME}{}", attempt.id);
            let line = OpenException::new(key, Severity::Waits, "Payment", attempt.created_at, cause);
            let known_by = format!("bears the name {}", reference(attempt.id));
            let is_long_ago = may_be_denied(attempt.state, attempt.created_at, self.now());
            let line = line.of(attempt.payment_id).asking();
            lines.push(line.deciding(Subject::Attempt(attempt.id), &known_by, is_long_ago));
        }
        for attempt in db.attempts_waiting(self.now() - WAITED_LONG).await? {
            let amount = attempt.amount()?.format(locale);
            let cause = format!(
                "A payment of {amount} has waited for its payer for more than an hour, and its invoice cannot be paid again \
                 so far. The gateway is asked again."
            );
            let key = format!("{OUTCOME}{}", attempt.id);
            let line = OpenException::new(key, Severity::Waits, "Payment", attempt.created_at, cause);
            lines.push(line.of(attempt.payment_id).asking());
        }
        for asked in self.payments_needing_payer(db).await? {
            let (attempt, cause) = (&asked.attempt, asked.to_staff(locale));
            let key = format!("needs_payer:{}", attempt.id);
            let line = OpenException::new(key, Severity::Look, "Payment", attempt.updated_at, cause);
            let remedy = "Nothing was charged, and it is not tried again without them. If they do not pay, ask them.";
            lines.push(line.of(attempt.payment_id).fixable(remedy, attempt.updated_at));
        }
        for attempt in db.attempts_returned_beside_refunds().await? {
            lines.extend(returned_beside_refunds(db, &attempt, locale).await?);
        }
        for attempt in db.attempts_contradicted().await? {
            let amount = attempt.amount()?.format(locale);
            let cause = format!("The gateway’s news about {amount} do not fit what was final before.");
            let key = format!("contradicted:{}", attempt.id);
            let line =
                OpenException::new(key, Severity::Money, "Payment", attempt.updated_at, cause).of(attempt.payment_id);
            lines.push(line.fixable("Compare it with the gateway.", attempt.updated_at).asking());
        }
        Ok(lines)
    }

    async fn refund_exceptions(&self, db: &MerchantDb, locale: Locale) -> Result<Vec<OpenException>, Error> {
        let (mut lines, long_ago) = (Vec::new(), self.now() - SOON);
        for entry in db.refund_entries_waiting(long_ago).await? {
            let refund = db.refund(entry.refund_id).await?;
            let payment = db.attempt(refund.attempt_id).await?.payment_id;
            let amount = Money::new(entry.amount_minor, refund.amount()?.currency).format(locale);
            let number = db.invoice(entry.invoice_id).await?.number;
            let line = if entry.state == BooksEntryState::Refused {
                refused_refund(&entry, &refund, &amount, &number)
            } else {
                let cause = format!(
                    "{amount} was paid back for {number}, and the books do not have it yet. It is tried again."
                );
                let key = format!("refund_waiting:{}:{}", entry.refund_id, entry.invoice_id);
                OpenException::new(key, Severity::Waits, "Books", entry.updated_at, cause)
            };
            lines.push(line.of(payment));
        }
        for refund in db.refunds_unknown(long_ago).await? {
            let amount = refund.amount()?.format(locale);
            let cause = format!("Nobody knows what became of a refund of {amount}. The gateway is asked again.");
            let key = format!("{OUTCOME}{}", refund.id);
            let line = OpenException::new(key, Severity::Waits, "Refund", refund.created_at, cause);
            let known_by = format!("is a refund of {}", refund.charge_gateway_id);
            let is_long_ago = refund_may_be_denied(refund.state, refund.created_at, self.now());
            let line = line.of(db.attempt(refund.attempt_id).await?.payment_id).asking();
            lines.push(line.deciding(Subject::Refund(refund.id), &known_by, is_long_ago));
        }
        for refund in db.refunds_alarming().await? {
            let attempt = db.attempt(refund.attempt_id).await?;
            if refund.state.is_dead() && !refund.contradicted && is_settled(db, &attempt, &refund).await? {
                continue;
            }
            let amount = refund.amount()?.format(locale);
            let failure = refund.failure.as_deref().and_then(|json| serde_json::from_str::<RefundFailure>(json).ok());
            let (cause, remedy) = match failure {
                _ if refund.contradicted => (
                    format!("The gateway’s news about a refund of {amount} do not fit what was final before."),
                    "Compare it with the gateway.",
                ),
                Some(failure) => (format!("A refund of {amount} has failed."), failure.words()),
                None => (format!("A refund of {amount} has failed."), "Look at the payment there."),
            };
            let key = format!("refund:{}", refund.id);
            let line =
                OpenException::new(key, Severity::Money, "Refund", refund.updated_at, cause).of(attempt.payment_id);
            lines.push(line.fixable(remedy, refund.updated_at));
        }
        Ok(lines)
    }

    /// Those that are open, inquiries, and parts that were lost, which no rule takes out of the books.
    async fn dispute_exceptions(&self, db: &MerchantDb, locale: Locale) -> Result<Vec<OpenException>, Error> {
        let mut lines = Vec::new();
        let disputes = db.disputes_alarming().await?;
        if disputes.is_empty() {
            return Ok(lines);
        }
        let zone = zone(&db.merchant().await?.time_zone);
        for dispute in disputes {
            let attempt = db.attempt(dispute.attempt_id).await?;
            let connection = db.connection(attempt.connection_id).await?;
            let gateway = self.gateway_of(db, &connection)?.capabilities().name;
            let told = Told { gateway, locale, zone, now: self.now() };
            let (amount, payment) = (dispute.amount()?.format(locale), attempt.payment_id);
            match dispute.state {
                DisputeState::Inquiry | DisputeState::Open => {
                    let (severity, cause) = if dispute.state.holds_money() {
                        (Severity::Money, format!("A card’s holder disputes {amount} at their bank."))
                    } else {
                        let cause = format!("The bank of a card’s holder asks about {amount}; nothing was taken.");
                        (Severity::Look, cause)
                    };
                    let (key, since) = (format!("dispute:{}", dispute.id), dispute.opened_at);
                    let line = OpenException::new(key, severity, "Dispute", since, cause).of(payment);
                    lines.push(OpenException { remedy: told.answer(&dispute), page_url: dispute.page_url, ..line });
                }
                DisputeState::Lost if attempt.state.has_money() => {
                    let reference = attempt.charge_id.or(attempt.gateway_id).unwrap_or_default();
                    let cause = format!(
                        "{amount} of a payment was lost in a dispute, and the books still have the whole of it."
                    );
                    let remedy = format!("Take {amount} out of them, reference {reference}.");
                    let (key, since) = (format!("{DISPUTE_LOST}{}", dispute.id), dispute.updated_at);
                    let line = OpenException::new(key, Severity::Books, "Dispute", since, cause).of(payment);
                    lines.push(line.fixable(remedy, amount));
                }
                DisputeState::Lost | DisputeState::Won => {}
            }
        }
        Ok(lines)
    }
}

/// Whether so much was refunded again since it failed, or nothing is left that could be.
async fn is_settled(db: &MerchantDb, attempt: &Attempt, failed: &Refund) -> Result<bool, Error> {
    let refunds = db.refunds_of(&[attempt.id]).await?;
    let later = refunds.iter().filter(|refund| refund.created_at >= failed.updated_at && !refund.state.is_dead());
    let again: i64 = later.map(|refund| refund.amount_minor).sum();
    let disputes = db.disputes_of(&[attempt.id]).await?;
    Ok(again >= failed.amount_minor || !left_to_refund(attempt, &refunds, &disputes)?.whole.is_positive())
}

/// What the books refused of a payment, and what a person must enter, or take out, of it.
async fn refused(db: &MerchantDb, entry: &BooksEntry, locale: Locale) -> Result<OpenException, Error> {
    let attempt = db.attempt(entry.attempt_id).await?;
    let refunds = db.refunds_of(&[attempt.id]).await?;
    let parts = db.refund_parts(&refunds).await?;
    let (invoice, currency) = (db.invoice(entry.invoice_id).await?, attempt.amount()?.currency);
    let is_owed = invoice.advance.is_none() && !entry.is_surcharge();
    let helps = if is_owed { what_helps(&invoice, entry.amount_minor) } else { String::new() };
    let may_be_invoiced = may_be_invoiced(&attempt, entry, &invoice, &parts);
    let number = invoice.number;
    let back = never_entered(entry, &refunds, &parts);
    let words = |minor| Money::new(minor, currency).format(locale);
    let paid_back = if back > 0 { format!(" and {} of it paid back", words(back)) } else { String::new() };
    let (amount, why) = (words(entry.amount_minor), sentence_of(entry.last_error.as_deref()));
    let reference = books_reference(&attempt, entry);
    let (cause, remedy) = if attempt.state.has_money() {
        let lacking = words(entry.amount_minor - back);
        (
            format!("{amount} for {number} was taken{paid_back}, but the books refused it: {why}"),
            format!("They lack a payment of {lacking}, reference {reference}.{helps}"),
        )
    } else {
        let or = if may_be_invoiced { " Or let it stay, and have a return invoice ask for the money." } else { "" };
        (
            format!("{amount} for {number} went back, but the books keep its payment: {why}"),
            format!("It must leave them, reference {reference}; until then nobody can pay {number} here.{or}"),
        )
    };
    let cure = again(&attempt, entry, &refunds, &parts);
    let key = format!("books_refused:{}:{}", entry.attempt_id, entry.invoice_id);
    let line = OpenException::new(key, Severity::Books, "Books", entry.updated_at, cause).of(attempt.payment_id);
    let line = line.fixable(remedy, format!("{} {back}", entry.updated_at));
    let subject = Subject::Posting(entry.attempt_id, entry.invoice_id);
    Ok(OpenException { cure, subject, may_be_invoiced, ..line })
}

/// With an invoice that takes the money no more, as it was read when its books refused that.
fn what_helps(invoice: &Invoice, minor: i64) -> String {
    let is = match invoice.status {
        InvoiceStatus::Open if invoice.due_minor >= minor => return String::new(),
        InvoiceStatus::Open => "Less is due on that invoice there by now",
        InvoiceStatus::Paid => "That invoice is paid there already",
        InvoiceStatus::Void => "That invoice is void there, or was deleted",
        InvoiceStatus::Draft => return " That invoice is a draft there: approve it, and post again.".to_owned(),
    };
    format!(" {is}: the money can be put on another invoice, on the payment’s page, or be paid back.")
}

fn refused_refund(entry: &RefundEntry, refund: &Refund, amount: &str, number: &str) -> OpenException {
    let credit = credit_number(refund.id, entry.invoice_id);
    let (id, why) = (refund.gateway_id.as_deref().unwrap_or_default(), sentence_of(entry.last_error.as_deref()));
    // What a person has entered in their own way, they alone undo.
    let is_by_hand = entry.last_error.as_deref() == Some(BY_HAND);
    let (cause, remedy) = match refund.state {
        RefundState::Succeeded if entry.credit_id.is_some() => (
            format!(
                "{amount} was paid back for {number}. Its credit note {credit} stands in the books, but they refused its \
                 payment: {why}"
            ),
            format!("Enter that payment alone: {amount} from the clearing account, reference {id}."),
        ),
        RefundState::Succeeded => (
            format!("{amount} was paid back for {number}, but the books refused it: {why}"),
            format!(
                "Enter a credit note of {amount} for {number} and its refund from the clearing account, reference {id}."
            ),
        ),
        _ if entry.has_credit_alone() && !is_by_hand => (
            format!("The refund of {amount} for {number} failed, but the books keep its credit note {credit}: {why}"),
            "Void that credit note: no payment of ours stands on it any more.".to_owned(),
        ),
        _ => (
            format!("The refund of {amount} for {number} failed, but was not taken out of the books: {why}"),
            format!("Delete the payment with the reference {id} and void its credit note."),
        ),
    };
    let key = format!("refund_refused:{}:{}", entry.refund_id, entry.invoice_id);
    let line =
        OpenException::new(key, Severity::Books, "Books", entry.updated_at, cause).fixable(remedy, entry.updated_at);
    let subject = Subject::RefundPosting(entry.refund_id, entry.invoice_id);
    OpenException { cure: (!is_by_hand).then_some(Cure::PostRefund), subject, ..line }
}

/// News about nothing that is known here: one line for each thing there, however often it was told of.
fn parked(area: &str, news: &[Webhook]) -> Vec<OpenException> {
    let mut things: BTreeMap<String, Vec<&Webhook>> = BTreeMap::new();
    for webhook in news {
        things.entry(thing_of(webhook)).or_default().push(webhook);
    }
    let line = |(thing, told): (String, Vec<&Webhook>)| {
        let mut kinds: Vec<_> = told.iter().map(|webhook| webhook.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let (whose, kinds) = (area.to_lowercase(), kinds.join(", "));
        let cause = format!("The {whose} told of {thing}, which is not known here: {kinds}.");
        let since = told.iter().map(|webhook| webhook.received_at).min().unwrap_or_default();
        let content: Vec<_> = told.iter().map(|webhook| webhook.event_id.as_str()).collect();
        let line = OpenException::new(key_of_unknown(&thing), Severity::Look, area, since, cause);
        let line = line.fixable("Look at it there. It is read again each day.", content.join(" "));
        OpenException { subject: Subject::News(told.iter().map(|webhook| webhook.id).collect()), ..line }
    };
    things.into_iter().map(line).collect()
}

/// A vendor's words as a sentence among ours.
pub(crate) fn sentence_of(words: Option<&str>) -> String {
    let words = words.unwrap_or_default().trim();
    if words.is_empty() || words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}
