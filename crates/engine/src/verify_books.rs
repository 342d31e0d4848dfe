//! Do gateway, portal and books agree? Everything is computed anew from the facts and compared; nothing is changed.
//! (`demo.md`, `verify-books`; the invariants of `quality.md`, 2.3.)

use crate::{
    Engine, Error, Lane,
    clock::{day, zone},
    day_totals::{Taking, lines},
    differences::FoundDifference,
    faces::{decline_reason, is_paid_back},
    live_books::STOPPED,
    post_payment::books_reference,
    refused_payment::never_entered,
    turnstile::Errand,
    verify_refunds::forget_taken_back,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::{
    books::{BooksError, BooksPayment},
    gateway::Taken,
};
use domain::{
    dispute::DisputeState,
    exception::DifferenceKind as Kind,
    ids::AttemptId,
    money::Money,
    payment::{AttemptState, DeclineReason, Fact, Folded},
    refund::RefundState,
};
use std::collections::HashMap;
use store::{Attempt, AttemptRecord, BooksEntryState, MerchantDb};

/// An outcome that is open longer than this waits for nobody: something is stuck (`quality.md`, 2.4).
pub(crate) const OPEN_MAX: TimeDelta = TimeDelta::minutes(15);
/// A bank decides about a debit within days.
const BANK_MAX: TimeDelta = TimeDelta::days(10);
/// One that waits for its payer may take as long as a gateway's page, and one gap between two look-ups.
const ACTION_MAX: TimeDelta = TimeDelta::minutes(50);
pub(crate) const ATTEMPTS_AT_ONCE: u64 = 500;
/// An attempt that began this much earlier may have been charged and posted since.
pub(crate) const BEGAN_BEFORE: TimeDelta = TimeDelta::days(1);

/// A merchant's gateways, payments and books beside one another.
#[derive(Debug)]
pub(crate) struct Compared {
    pub verified: Verified,
    /// In the order in which it was found.
    pub found: Vec<FoundDifference>,
    /// No differences: nobody tells that a card's money has settled.
    pub settled: Vec<Taken>,
}

/// What was compared, and what does not agree.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    pub attempts: u64,
    /// Taken by the gateways, by their own lists.
    pub charges: u64,
    /// Refunds of ours.
    pub refunds: u64,
    /// Payments of ours that we say stand in the books.
    pub postings: u64,
    /// Of audit trails.
    pub lines: u64,
    /// What was taken on each day, in each currency, as gateways, ledger and books have it.
    pub days: Vec<String>,
    /// The newest line of each audit trail, to be kept elsewhere: whoever computes a trail anew cannot change that.
    pub trails: Vec<String>,
    /// One sentence each.
    pub differences: Vec<String>,
}

impl Engine {
    /// Compares everything since `since`, or all there is.
    ///
    /// # Errors
    /// The database is away, or books take no more calls now. A vendor that does not answer is a difference, not an error.
    pub async fn verify_books(&self, since: Option<DateTime<Utc>>) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        for db in self.store().door_rounds().await? {
            let merchant = db.merchant().await?.name;
            let since = since.unwrap_or(DateTime::UNIX_EPOCH + BEGAN_BEFORE);
            let compared = self.compare_merchant(&db, since).await?;
            let mut found = compared.verified;
            found.differences.extend(compared.found.into_iter().map(|found| found.difference.words));
            self.verify_own_books(&db, &mut found).await?;
            self.verify_trail(&db, &mut found).await?;
            verified.attempts += found.attempts;
            verified.charges += found.charges;
            verified.refunds += found.refunds;
            verified.postings += found.postings;
            verified.lines += found.lines;
            verified.days.extend(found.days.into_iter().map(|day| format!("{merchant}, {day}")));
            verified.trails.extend(found.trails.into_iter().map(|end| format!("{merchant}: {end}")));
            verified.differences.extend(found.differences.into_iter().map(|words| format!("{merchant}: {words}")));
        }
        Ok(verified)
    }

    pub(crate) async fn compare_merchant(&self, db: &MerchantDb, since: DateTime<Utc>) -> Result<Compared, Error> {
        let (mut verified, mut found) = (Verified::default(), Vec::new());
        let mut ours: HashMap<AttemptId, Attempt> = HashMap::new();
        let mut postings = self.listed_postings(db, since, &mut verified, &mut found).await?;
        let (zone, mut takings) = (zone(&db.merchant().await?.time_zone), Vec::new());
        let mut after = None;
        loop {
            let records = db.attempt_records(since - BEGAN_BEFORE, after, ATTEMPTS_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            after = Some(last.attempt.id);
            let unasked = self.unasked(db, &records).await?;
            found.extend(unasked.into_iter().filter(|(began, _)| *began >= since).map(|(_, found)| found));
            for record in records {
                let mut differences = own_differences(&record, self.now())?;
                let taking = Taking::of(&record, day(record.attempt.created_at, zone), postings.as_ref())?;
                if let Some(postings) = &mut postings {
                    differences.extend(posting_differences(&record, postings)?);
                }
                // What began before was read so that its traces are known, and is compared by an earlier run.
                if record.attempt.created_at >= since {
                    verified.attempts += 1;
                    takings.push(taking);
                    found.extend(differences);
                }
                ours.insert(record.attempt.id, record.attempt);
            }
        }
        let refunds = self.refund_records(db, since - BEGAN_BEFORE).await?;
        let new = refunds.iter().map(|record| &record.refund).filter(|refund| refund.created_at >= since);
        let older: Vec<_> = new.map(|refund| refund.attempt_id).filter(|of| !ours.contains_key(of)).collect();
        for record in db.attempt_records_of(&older).await? {
            found.extend(own_differences(&record, self.now())?);
            // Its own posting is of before, so what is missing in the list proves nothing.
            if let Some(postings) = &mut postings {
                posting_differences(&record, postings)?;
            }
            ours.insert(record.attempt.id, record.attempt);
        }
        for record in &refunds {
            let mut differences = record.own_differences(self.now(), OPEN_MAX)?;
            if let Some(postings) = &mut postings {
                differences.extend(record.posting_differences(postings)?);
            }
            if record.refund.created_at >= since {
                verified.refunds += 1;
                found.extend(differences);
            }
        }
        let lists = self.compare_gateways(db, since, &ours, &refunds, &mut found).await?;
        (verified.charges, verified.days) = (lists.charges, lines(&takings, &lists));
        let quoted = |reference: &str| {
            ours.values().any(|attempt| quotes(attempt, reference)) || refunds.iter().any(|of| of.quotes(reference))
        };
        let surplus =
            postings.iter().flatten().filter(|(reference, left)| !left.is_empty() && quoted(reference.as_str()));
        found.extend(surplus.map(|(reference, extra)| {
            let times = extra.len();
            let words = format!("{times} payment(s) in the books quote {reference} beyond the one that we made");
            let whose = ours.values().find(|attempt| quotes(attempt, reference)).map(|attempt| attempt.id);
            FoundDifference {
                attempt: whose,
                ..FoundDifference::new(Kind::PostingTooMany, reference, words).quoting(Some(reference))
            }
        }));
        Ok(Compared { verified, found, settled: lists.settled })
    }

    /// The books' payments by their reference; `None` when they cannot be asked.
    async fn listed_postings(
        &self,
        db: &MerchantDb,
        since: DateTime<Utc>,
        verified: &mut Verified,
        found: &mut Vec<FoundDifference>,
    ) -> Result<Option<HashMap<String, Vec<BooksPayment>>>, Error> {
        let route = match self.set_up(db).await?.route(Lane::Background) {
            Err(Error::NotSetUp) => return Ok(None),
            route => route?,
        };
        // Gateways and our own records are compared all the same, for as long as staff leave it stopped.
        let listed: Result<_, BooksError> = if route.is_stopped() {
            Err(BooksError::Unreachable(STOPPED.into()))
        } else {
            self.books_for(db, Errand::job(Lane::Background)).await?.payments_since(since).await
        };
        let mut by_reference: HashMap<String, Vec<BooksPayment>> = HashMap::new();
        match listed {
            Err(cause @ BooksError::NotNow { .. }) => return Err(Error::BooksUnreachable(cause)),
            Err(cause) => {
                found.push(FoundDifference::new(
                    Kind::NotCompared,
                    "books",
                    format!("the books were not compared: {cause}"),
                ));
                return Ok(None);
            }
            Ok(listed) => {
                for payment in listed {
                    by_reference.entry(payment.reference.clone()).or_default().push(payment);
                }
            }
        }
        verified.postings = db.books_entries_count(BooksEntryState::Posted, since).await?;
        Ok(Some(by_reference))
    }
}

/// An attempt against its own facts, our ledger, and what it was to pay.
pub(crate) fn own_differences(record: &AttemptRecord, now: DateTime<Utc>) -> Result<Vec<FoundDifference>, Error> {
    let attempt = &record.attempt;
    let (amount, folded) = (attempt.amount()?, Folded::of(&record.facts));
    let mut found = Vec::new();
    let mut differs = |kind, words: &str| found.push(FoundDifference::of_attempt(kind, attempt, amount, words));
    if folded.state != attempt.state {
        let words = format!("its facts say {:?}, its row says {:?}", folded.state, attempt.state);
        differs(Kind::Records, &words);
    }
    // Journals of its disputes and refunds take it back, and not one of the payment's own.
    let was_captured = folded.state.has_money() || is_charged_back(attempt) || is_paid_back(attempt);
    let captured = if was_captured { amount.minor } else { 0 };
    let expected = captured - gone_back(record);
    if record.clearing_minor != expected {
        let words = format!("our ledger has {} where {expected} should stand", record.clearing_minor);
        differs(Kind::Records, &words);
    }
    if record.unbalanced_minor != 0 {
        differs(Kind::Records, &format!("its journals do not balance: {} is too much", record.unbalanced_minor));
    }
    let alive = record.refunds.iter().filter(|refund| !refund.state.is_dead());
    if alive.map(|refund| refund.amount_minor).sum::<i64>() > amount.minor {
        differs(Kind::Records, "more is paid back than was taken");
    }
    if record.allocated_minor + attempt.surcharge_minor != amount.minor {
        differs(
            Kind::Records,
            &format!(
                "its invoices are to get {} together, and {} is surcharge",
                record.allocated_minor, attempt.surcharge_minor
            ),
        );
    }
    let posted = record.entries.iter().any(|entry| entry.state == BooksEntryState::Posted);
    let is_owed_again =
        record.refunds.iter().any(|refund| refund.state == RefundState::Succeeded && refund.is_owed_again());
    if posted && (!folded.state.has_money() || is_owed_again) {
        differs(Kind::PostingStays, "the money went back, and nobody takes it out of the books");
    }
    let entries = record.entries.iter().filter(|entry| entry.state != BooksEntryState::Moved);
    let meant: i64 = entries.map(|entry| entry.amount_minor).sum();
    if folded.state.has_money() && meant != amount.minor {
        differs(Kind::Records, &format!("the money came, and {meant} of it was meant for the books"));
    }
    let (open_max, late) = match folded.state {
        AttemptState::RequiresAction => (ACTION_MAX, Kind::ToldElsewhere),
        AttemptState::Processing if attempt.kind.is_debit() => (BANK_MAX, Kind::BankSilent),
        AttemptState::Processing => (OPEN_MAX, Kind::BankSilent),
        _ => (OPEN_MAX, Kind::ToldElsewhere),
    };
    if folded.state.is_open() && now - attempt.created_at > open_max {
        differs(late, &format!("its outcome has been open since {}", attempt.created_at));
    }
    if attempt.contradicted && !record.facts.contains(&Fact::MoneyAfterAll) {
        differs(Kind::ToldElsewhere, "the gateway contradicts what was final");
    }
    Ok(found)
}

/// By its refunds and its disputes, which have journals of their own.
pub(crate) fn gone_back(record: &AttemptRecord) -> i64 {
    let paid_back = record.refunds.iter().filter(|refund| refund.state == RefundState::Succeeded);
    let lost = record.disputes.iter().filter(|dispute| dispute.state == DisputeState::Lost);
    paid_back.map(|refund| refund.amount_minor).chain(lost.map(|dispute| dispute.amount_minor)).sum()
}

/// What was written into the books for it. Each payment that is found is taken out, so that what is left is too much.
fn posting_differences(
    record: &AttemptRecord,
    listed: &mut HashMap<String, Vec<BooksPayment>>,
) -> Result<Vec<FoundDifference>, Error> {
    let attempt = &record.attempt;
    let currency = attempt.amount()?.currency;
    let mut found = Vec::new();
    // Shares have one reference: those that are known to stand are taken before what may be another's.
    let (posted, others) = record.entries.iter().partition::<Vec<_>, _>(|entry| entry.state == BooksEntryState::Posted);
    for entry in posted.into_iter().chain(others) {
        let reference = books_reference(attempt, entry);
        let back = never_entered(entry, &record.refunds, &record.refund_entries);
        let share = Money::new(entry.amount_minor - back, currency);
        let mut differs = |kind, words: &str| {
            found.push(FoundDifference::of_attempt(kind, attempt, share, words).on(entry.invoice_id));
        };
        match entry.state {
            BooksEntryState::Needless if attempt.state.has_money() && share.is_positive() => {
                differs(Kind::PostingLacking, "it is not in the books, and nobody is asked to enter it");
            }
            BooksEntryState::Needless => forget_taken_back(listed, reference, currency),
            BooksEntryState::Leaving => {
                take_listed(listed, reference, entry.external_id.as_deref());
                differs(Kind::ToldElsewhere, "the money went back, and the books still have it");
            }
            BooksEntryState::Refused if !attempt.state.has_money() => {
                take_listed(listed, reference, entry.external_id.as_deref());
                differs(Kind::ToldElsewhere, "the money went back, and the books keep it");
            }
            BooksEntryState::Intended => {
                // It may stand there, and its id is not known yet.
                listed.remove(reference);
                differs(Kind::ToldElsewhere, "it is not in the books yet");
            }
            BooksEntryState::Refused => differs(Kind::ToldElsewhere, "the books refused it"),
            // Another entry tells where it is meant to stand.
            BooksEntryState::Moved => {}
            // An invoice of ours asks for it again, so its payment stays.
            BooksEntryState::Invoiced => {
                take_listed(listed, reference, entry.external_id.as_deref());
            }
            // What they entered, and where, is theirs to say.
            BooksEntryState::ByHand => {
                listed.remove(reference);
            }
            BooksEntryState::Posted => match take_listed(listed, reference, entry.external_id.as_deref()) {
                None => differs(Kind::PostingMissing, "it is marked as posted, and the books do not have it"),
                Some(payment) if Money::from_decimal(&payment.amount, currency) != Ok(share) => {
                    differs(Kind::PostingDiffers, &format!("the books have {}", payment.amount));
                }
                Some(_) => {}
            },
        }
    }
    // It came, went, and came again.
    if let Some(entry) = record.entries.first() {
        forget_taken_back(listed, books_reference(attempt, entry), currency);
    }
    Ok(found)
}

/// Takes the books' payment with this reference and id out of the list.
pub(crate) fn take_listed(
    listed: &mut HashMap<String, Vec<BooksPayment>>,
    reference: &str,
    external_id: Option<&str>,
) -> Option<BooksPayment> {
    let same = listed.get_mut(reference)?;
    let place = same.iter().position(|payment| Some(payment.external_id.as_str()) == external_id)?;
    Some(same.remove(place))
}

fn quotes(attempt: &Attempt, reference: &str) -> bool {
    [&attempt.charge_id, &attempt.gateway_id].into_iter().flatten().any(|id| id == reference)
}

/// A dispute over all of it was lost.
pub(crate) fn is_charged_back(attempt: &Attempt) -> bool {
    decline_reason(attempt) == Some(DeclineReason::ChargedBack)
}
