//! "Why is this not paid?": one payment's attempts, facts, postings, books and mails as one story (N3).

use crate::{
    AdminPass, BooksSettings, Engine, Error,
    actors::Actors,
    audit_rows::Written,
    books_story::{BooksStory, RUNNING},
    clock::{on_the_wall, zone},
    dispute_story::Told,
    exception_lines::{DISPUTE_LOST, OpenException, sentence_of},
    faces::{BankDay, decline_reason, is_paid_back, never_sent},
    post_again::again,
    refund_story::{refund_events, refund_face},
    settle_payment::latest,
    transactions::mail_words,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::{
    date::{Moment, in_words},
    dispute::DisputeState,
    exception::Cure,
    ids::PaymentId,
    ledger::{Account, JournalKind},
    payment::{AttemptState, DeclineReason, Fact, Source},
    refund::Refunded,
    views::{AttemptFace, PaymentRow, PaymentStory, PostingFace, StoryEvent, Tone},
};
use store::{Attempt, BooksEntry, BooksEntryState, Exception, ExceptionState, MerchantDb, Observed, Payment};

/// Where no receipt went.
const NOBODY: &str = "Nobody: the address is not known here";
/// A step that comes up so soon is waited for on the page.
const WATCHED: TimeDelta = TimeDelta::minutes(1);

/// What a gateway said more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// For a reader.
    Dropped,
    /// For a proof, which shows each fact.
    Kept,
}

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's payment.
    pub async fn payment_story(&self, admin: &AdminPass, payment: PaymentId) -> Result<PaymentStory, Error> {
        self.tell_payment(admin, payment, Repeats::Dropped).await
    }

    pub(crate) async fn tell_payment(
        &self,
        admin: &AdminPass,
        payment: PaymentId,
        repeats: Repeats,
    ) -> Result<PaymentStory, Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let local = |at| on_the_wall(at, zone);
        let payment = db.payment(payment).await?;
        let attempts = db.attempts_of(payment.id).await?;
        let mut story = PaymentStory {
            who: admin.who.clone(),
            row: self.payment_rows(db, vec![payment.clone()], zone).await?.remove(0),
            payer_email: if payment.email.is_empty() { NOBODY.to_owned() } else { payment.email.clone() },
            sentence: String::new(),
            is_unpaid: false,
            again: None,
            reallocation: None,
            exception: None,
            events: Vec::new(),
            attempts: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            refund: None,
            postings: Vec::new(),
            jobs: Vec::new(),
            is_under_way: false,
        };
        let place = self.books_place(db).await?;
        let mut entries = Vec::new();
        for attempt in &attempts {
            entries.extend(self.tell_attempt(admin, &payment, attempt, repeats, &place, &mut story).await?);
        }
        let written = Written::of_payment(db, payment.id).await?;
        let (actors, books) = (Actors::of(db, &written).await?, BooksStory::of(&written));
        story.jobs = books.jobs(db.jobs_of_payment(payment.id).await?, &entries, local);
        let soon = local(self.now() + WATCHED);
        story.is_under_way =
            story.jobs.iter().any(|job| job.state == RUNNING || job.next_at.is_some_and(|at| at < soon));
        story.events.extend(books.events(&entries, &actors, &place, local));
        for mail in db.mails_of_payment(payment.id).await? {
            let detail = format!("To {}. {}.", mail.recipient, mail_words(mail.state));
            let told = event(local(mail.created_at), &mail.subject, &detail, Tone::Neutral);
            story.events.push(StoryEvent { mail: Some(mail.id), ..told });
        }
        let is_loss_fixed = tell_exceptions(db, payment.id, zone, &mut story).await?;
        story.events.sort_by_key(|event| event.at);
        let newest = latest(db, payment.id).await?;
        // What became of a debit that came back, before it was tried again, is over.
        entries.retain(|entry| entry.attempt_id == newest.id);
        story.sentence = sentence(&newest, &entries, story.again.is_some(), &books);
        story.sentence.push_str(&debit_dates(&newest, zone, self.clock().today(zone)));
        let is_refused = entries.iter().any(|entry| entry.state == BooksEntryState::Refused);
        story.is_unpaid = !story.row.state.has_money() || is_refused;
        if let Some(exception) = &story.exception {
            story.is_unpaid |= exception.cure == Some(Cure::PostPayment);
            story.sentence = exception.sentence();
        }
        story.sentence.push_str(dispute_words(&story.row, is_loss_fixed));
        story.sentence.push_str(match story.row.refunded {
            Refunded::Nothing => "",
            Refunded::Part => " Part of it was paid back.",
            Refunded::Whole => " All of it was paid back.",
        });
        Ok(story)
    }

    /// One attempt with its facts, journals, refunds and disputes, and what can be done about its entries, which are
    /// answered.
    async fn tell_attempt(
        &self,
        admin: &AdminPass,
        payment: &Payment,
        attempt: &Attempt,
        repeats: Repeats,
        place: &str,
        story: &mut PaymentStory,
    ) -> Result<Vec<BooksEntry>, Error> {
        let (db, locale, zone) = (&admin.db, admin.who.locale, zone(&admin.who.time_zone));
        let local = |at| on_the_wall(at, zone);
        let surcharge = attempt.surcharge()?.map(|surcharge| surcharge.format(locale));
        let surcharge = surcharge.map(|surcharge| format!(". Surcharge in it: {surcharge}.")).unwrap_or_default();
        let detail = format!("{}{surcharge}", attempt.description);
        let title = if attempt.retry > 0 { "Tried again" } else { "Payment started" };
        story.events.push(event(local(attempt.created_at), title, &detail, Tone::Neutral));
        let mut seen = db.observations(attempt.id).await?;
        if repeats == Repeats::Dropped {
            seen.dedup_by(|next, before| says_the_same(next, before));
        }
        story.events.extend(seen.iter().map(|seen| observed(seen, local(seen.at))));
        let face = self.attempt_face(db, attempt).await?;
        for line in db.posting_list(attempt.id).await? {
            story.postings.push(PostingFace {
                at: local(line.at),
                kind: journal_words(line.kind).into(),
                account: account_words(line.account, &face.gateway, &payment.customer_name),
                amount: line.amount,
            });
        }
        let refunds = db.refunds_of(&[attempt.id]).await?;
        story.refund = self.refund_plan(db, attempt, &refunds, &face, place).await?;
        for refund in &refunds {
            story.refunds.push(refund_face(refund, &face.gateway, local(refund.created_at))?);
            story.events.extend(refund_events(db, refund, &face.gateway, place, locale, local).await?);
        }
        let told = Told { gateway: &face.gateway, locale, zone, now: self.now() };
        for dispute in &db.disputes_of(&[attempt.id]).await? {
            story.disputes.push(told.face(dispute)?);
            story.events.extend(told.events(db, dispute, local).await?);
        }
        story.attempts.push(face);
        let (parts, shares) = (db.refund_parts(&refunds).await?, db.books_entries(attempt.id).await?);
        for share in &shares {
            let cure = again(attempt, share, &refunds, &parts);
            if cure == Some(Cure::PostPayment) && story.reallocation.is_none() {
                story.reallocation = self.reallocation(db, attempt, share, payment.customer_id, &parts).await?;
            }
            story.again = story.again.or(cure);
        }
        Ok(shares)
    }

    async fn books_place(&self, db: &MerchantDb) -> Result<String, Error> {
        let set_up = self.set_up(db).await?;
        let Ok(books) = set_up.connection("books") else { return Ok("Books that are not connected any more".into()) };
        Ok(serde_json::from_str::<BooksSettings>(&books.settings)?.place())
    }

    async fn attempt_face(&self, db: &MerchantDb, attempt: &Attempt) -> Result<AttemptFace, Error> {
        let connection = db.connection(attempt.connection_id).await?;
        Ok(AttemptFace {
            gateway: self.gateway_of(db, &connection)?.capabilities().name.to_owned(),
            gateway_id: attempt.gateway_id.clone(),
            charge_id: attempt.charge_id.clone(),
            state: attempt.state,
            never_sent: never_sent(attempt),
            refunded: if is_paid_back(attempt) { Refunded::Whole } else { Refunded::Nothing },
            method: attempt.method.clone(),
            amount: attempt.amount()?,
        })
    }
}

/// The most severe exception of the payment, and those that somebody has fixed. `true`: a dispute that was lost is among
/// these.
async fn tell_exceptions(
    db: &MerchantDb,
    payment: PaymentId,
    zone: Tz,
    story: &mut PaymentStory,
) -> Result<bool, Error> {
    let (mut found, mut is_loss_fixed) = (Vec::new(), false);
    for row in db.exceptions_of_payment(payment).await? {
        match row.state {
            ExceptionState::Open => found.push(OpenException::from(row)),
            ExceptionState::Fixed => {
                is_loss_fixed |= row.unique_key.starts_with(DISPUTE_LOST);
                story.events.push(fixed(&row, |at| on_the_wall(at, zone)));
            }
            ExceptionState::Cured => {}
        }
    }
    found.sort_by_key(|line| (line.severity, line.since));
    story.exception = found.into_iter().next().map(|line| line.face(zone));
    Ok(is_loss_fixed)
}

const fn dispute_words(row: &PaymentRow, is_loss_fixed: bool) -> &'static str {
    match row.dispute {
        Some(DisputeState::Inquiry) => " The bank of the card’s holder asks about it; nothing was taken.",
        Some(DisputeState::Open) => " The card’s holder disputes it at their bank.",
        Some(DisputeState::Lost) if row.state.has_money() && !is_loss_fixed => {
            " A dispute over part of it was lost: take as much out of the books."
        }
        _ => "",
    }
}

pub(crate) fn event(at: Moment, title: &str, detail: &str, tone: Tone) -> StoryEvent {
    StoryEvent { at, title: title.to_owned(), detail: detail.to_owned(), tone, mail: None }
}

/// Who has seen to something in a way of their own, and how.
fn fixed(row: &Exception, local: impl Fn(DateTime<Utc>) -> Moment) -> StoryEvent {
    let [by, reason, reference] =
        [&row.fixed_by, &row.reason, &row.reference].map(|words| words.as_deref().unwrap_or_default());
    let detail = format!("{} By {by}: {reason} Reference: {reference}", row.cause, reason = sentence_of(Some(reason)));
    event(local(row.ended_at.unwrap_or(row.found_at)), "Marked as fixed", &detail, Tone::Neutral)
}

fn observed(seen: &Observed, at: Moment) -> StoryEvent {
    let (title, tone) = match &seen.seen.fact {
        Fact::Unanswered => ("The gateway did not answer; the outcome is open", Tone::Wait),
        Fact::NotSent => ("Nothing reached the gateway", Tone::Bad),
        Fact::Refused { .. } => ("The gateway refused the request", Tone::Bad),
        Fact::NotSeen => ("The gateway has not seen it so far", Tone::Wait),
        Fact::NeverArrived => ("The gateway never received it", Tone::Bad),
        Fact::DeclaredAbsent => ("Staff say that the gateway does not have it", Tone::Bad),
        Fact::ActionNeeded { .. } => ("The payer must act at the bank or gateway", Tone::Wait),
        Fact::Processing => ("Accepted, the bank works on it", Tone::Wait),
        Fact::Approved => ("Approved", Tone::Good),
        Fact::PendingSettlement => ("Waiting in the gateway's batch", Tone::Good),
        Fact::Settled => ("Cleared", Tone::Good),
        Fact::BankNo { .. } => ("The bank said no", Tone::Bad),
        Fact::Voided => ("Cancelled", Tone::Neutral),
        Fact::ChargedBack { .. } => ("The money went back to the card’s holder", Tone::Bad),
        Fact::Reinstated { .. } => ("The bank gave the money back", Tone::Good),
        Fact::PaidBack { .. } => ("What it paid is owed again", Tone::Neutral),
        Fact::NotPaidBack { .. } => ("It stands again: its refund has failed", Tone::Warn),
        Fact::MoneyAfterAll => ("The money came after all, and is accounted for", Tone::Warn),
    };
    let why = match &seen.seen.fact {
        Fact::Refused { code } => format!(" Code {code}."),
        Fact::BankNo { reason } => format!(" {}", reason.words()),
        _ => String::new(),
    };
    let id = id_there(seen).map(|id| format!(" Its number there: {id}.")).unwrap_or_default();
    let told = if is_ours(&seen.seen.fact) { String::new() } else { format!("{}.", source_words(seen.source)) };
    event(at, title, format!("{told}{why}{id}").trim_start(), tone)
}

/// Nobody at the gateway said it.
const fn is_ours(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Unanswered
            | Fact::NotSent
            | Fact::NotSeen
            | Fact::NeverArrived
            | Fact::DeclaredAbsent
            | Fact::MoneyAfterAll
            | Fact::ChargedBack { .. }
            | Fact::Reinstated { .. }
            | Fact::PaidBack { .. }
            | Fact::NotPaidBack { .. }
    )
}

/// A gateway answers, and tells it by a webhook as well.
fn says_the_same(next: &Observed, before: &Observed) -> bool {
    next.seen.fact == before.seen.fact && id_there(next) == id_there(before)
}

fn id_there(seen: &Observed) -> Option<&String> {
    seen.seen.charge_id.as_ref().or(seen.seen.gateway_id.as_ref())
}

pub(crate) const fn source_words(source: Source) -> &'static str {
    match source {
        Source::Reply => "The gateway said so at once",
        Source::Webhook => "The gateway told us later",
        Source::LookUp => "We asked the gateway",
    }
}

/// Where it stands and what comes next.
fn sentence(attempt: &Attempt, entries: &[BooksEntry], may_post_again: bool, books: &BooksStory) -> String {
    let refused = entries.iter().find(|entry| entry.state == BooksEntryState::Refused);
    let mut meant = entries.iter().filter(|entry| entry.state != BooksEntryState::Moved).peekable();
    let posted = meant.peek().is_some() && meant.all(|entry| entry.state == BooksEntryState::Posted);
    let is_needless = entries.iter().any(|entry| entry.state == BooksEntryState::Needless);
    let is_by_hand = entries.iter().any(|entry| entry.state == BooksEntryState::ByHand);
    match attempt.state {
        _ if attempt.contradicted => {
            "The gateway’s news do not fit what was final before: compare it with the gateway.".to_owned()
        }
        AttemptState::Created | AttemptState::Unknown => {
            "The gateway’s answer is missing. It is asked again by itself; nobody can pay this invoice meanwhile."
                .to_owned()
        }
        AttemptState::RequiresAction => "The payer has to finish at the bank’s or the gateway’s page.".to_owned(),
        AttemptState::Processing => "The bank works on it. The books are told when it clears.".to_owned(),
        state if state.has_money() => match (refused, posted) {
            (Some(entry), _) => {
                let why = sentence_of(entry.last_error.as_deref());
                let next = if may_post_again {
                    "The payer owes nothing. Put right in the books what they object to, then post it again; it is looked \
                     for there first, so that it never stands twice."
                } else {
                    "Part of it was paid back since: enter the rest in the books by hand, as Exceptions says."
                };
                format!("The money was taken, but the books refused it: {why} {next}")
            }
            (None, true) => "Paid, and it stands in the books.".to_owned(),
            (None, false) if is_by_hand => "Paid. The books refused it, and a person has seen to it.".to_owned(),
            (None, false) if is_needless => "Paid, but it is not in the books, which refused it.".to_owned(),
            (None, false) => "Paid. It is being written into the books.".to_owned(),
        },
        AttemptState::Declined => {
            let why = decline_reason(attempt).map_or("", |reason| reason.words());
            format!("No money was taken; the payer may try again. They were told: {why}")
        }
        AttemptState::Voided if entries.is_empty() => "Cancelled before any money moved.".to_owned(),
        AttemptState::Voided => format!("Cancelled before it settled. {}", leaving(entries, books)),
        _ if decline_reason(attempt) == Some(DeclineReason::ChargedBack) => {
            format!("The dispute was lost, and the bank took the money back. {}", leaving(entries, books))
        }
        _ if is_paid_back(attempt) => format!("Refunded, and the customer still owes it. {}", leaving(entries, books)),
        _ => format!("The bank took the money back. {}", leaving(entries, books)),
    }
}

/// By when a debit clears, and until when its bank may return it (N4).
fn debit_dates(attempt: &Attempt, zone: Tz, today: NaiveDate) -> String {
    match BankDay::of(attempt, zone, today) {
        Some(BankDay::ClearsBy(by)) => format!(" As a rule that is by {}.", in_words(by)),
        Some(BankDay::ReturnableUntil(until)) => format!(" Its bank may return it until {}.", in_words(until)),
        None => String::new(),
    }
}

/// What becomes of the books when the money went back.
fn leaving(entries: &[BooksEntry], books: &BooksStory) -> String {
    let some = |state| entries.iter().find(|entry| entry.state == state);
    if let Some(kept) = some(BooksEntryState::Refused) {
        let why = sentence_of(kept.last_error.as_deref());
        format!("The books keep its payment: {why} Put that right there, then try again.")
    } else if some(BooksEntryState::Needless).is_some()
        && entries.iter().all(|e| matches!(e.state, BooksEntryState::Needless | BooksEntryState::Moved))
    {
        "It does not stand in the books, and its invoice can be paid again.".to_owned()
    } else if entries.iter().any(|entry| books.is_to_be_invoiced(entry)) {
        "The books keep its payment, and the return invoice is being written.".to_owned()
    } else if some(BooksEntryState::Invoiced).is_some() && some(BooksEntryState::Leaving).is_none() {
        "The books keep its payment, and a return invoice asks for the money again.".to_owned()
    } else {
        "Its payment is being taken out of the books.".to_owned()
    }
}

pub(crate) const fn journal_words(kind: JournalKind) -> &'static str {
    match kind {
        JournalKind::PaymentTaken => "Payment taken",
        JournalKind::PaymentReversed => "Payment reversed",
        JournalKind::PaymentCorrected => "Payment taken after all",
        JournalKind::RefundPaid => "Refund paid",
        JournalKind::RefundFailed => "Refund failed",
        JournalKind::DisputeLost => "Dispute lost",
        JournalKind::DisputeReversed => "Dispute won after all",
    }
}

fn account_words(account: Account, gateway: &str, customer: &str) -> String {
    match account {
        Account::GatewayClearing => format!("Clearing account at {gateway}"),
        Account::Receivable => format!("Receivable from {customer}"),
    }
}
