//! Do gateway, portal and books agree? Everything is computed anew from the facts and compared; nothing is changed.
//! (`demo.md`, `verify-books`; the invariants of `quality.md`, 2.3.)

use crate::{
    Engine, Error, Lane,
    error::known,
    faces::decline_reason,
    post_payment::books_reference,
    refused_payment::never_entered,
    verify_refunds::{RefundRecord, forget_taken_back},
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::{
    books::{BooksError, BooksPayment},
    gateway::{Gateway, GatewayError, ListedRefund, Refunds, Taken},
};
use domain::{
    dispute::DisputeState,
    ids::{AttemptId, ConnectionId},
    money::Money,
    payment::{AttemptState, DeclineReason, Fact, Folded},
    refund::RefundState,
};
use std::collections::{HashMap, HashSet};
use store::{Attempt, AttemptRecord, BooksEntryState, MerchantDb, Refund};

/// An outcome that is open longer than this waits for nobody: something is stuck (`quality.md`, 2.4).
const OPEN_MAX: TimeDelta = TimeDelta::minutes(15);
/// A bank decides about a debit within days.
const BANK_MAX: TimeDelta = TimeDelta::days(10);
/// One that waits for its payer may take as long as a gateway's page, and one gap between two look-ups.
const ACTION_MAX: TimeDelta = TimeDelta::minutes(50);
const ATTEMPTS_AT_ONCE: u64 = 500;
/// An attempt that began this much earlier may have been charged and posted since.
const BEGAN_BEFORE: TimeDelta = TimeDelta::days(1);
/// So long a refund may fail after it was paid out [recalled of Stripe; `wire/gateways.md`, 2.6 has no number].
const MAY_FAIL_FOR: TimeDelta = TimeDelta::days(30);

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
    /// The newest line of each audit trail, to be kept elsewhere: whoever computes a trail anew cannot change that.
    pub trails: Vec<String>,
    /// One sentence each.
    pub differences: Vec<String>,
}

impl Engine {
    /// Compares everything since `since`, or all there is.
    ///
    /// # Errors
    /// The database is away. A vendor that does not answer is a difference, not an error.
    pub async fn verify_books(&self, since: Option<DateTime<Utc>>) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        for db in self.store().door_rounds().await? {
            let merchant = db.merchant().await?.name;
            let mut found = self.verify_merchant(&db, since.unwrap_or(DateTime::UNIX_EPOCH + BEGAN_BEFORE)).await?;
            self.verify_trail(&db, &mut found).await?;
            verified.attempts += found.attempts;
            verified.charges += found.charges;
            verified.refunds += found.refunds;
            verified.postings += found.postings;
            verified.lines += found.lines;
            verified.trails.extend(found.trails.into_iter().map(|end| format!("{merchant}: {end}")));
            verified.differences.extend(found.differences.into_iter().map(|words| format!("{merchant}: {words}")));
        }
        Ok(verified)
    }

    async fn verify_merchant(&self, db: &MerchantDb, since: DateTime<Utc>) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        let mut ours: HashMap<AttemptId, Attempt> = HashMap::new();
        let mut postings = self.listed_postings(db, since, &mut verified).await?;
        let mut after = None;
        loop {
            let records = db.attempt_records(since - BEGAN_BEFORE, after, ATTEMPTS_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            after = Some(last.attempt.id);
            for record in records {
                let mut differences = own_differences(&record, self.now())?;
                if let Some(postings) = &mut postings {
                    differences.extend(posting_differences(&record, postings)?);
                }
                // What began before was read so that its traces are known, and is compared by an earlier run.
                if record.attempt.created_at >= since {
                    verified.attempts += 1;
                    verified.differences.extend(differences);
                }
                ours.insert(record.attempt.id, record.attempt);
            }
        }
        let refunds = self.refund_records(db, since - BEGAN_BEFORE).await?;
        let new = refunds.iter().map(|record| &record.refund).filter(|refund| refund.created_at >= since);
        let older: Vec<_> = new.map(|refund| refund.attempt_id).filter(|of| !ours.contains_key(of)).collect();
        for record in db.attempt_records_of(&older).await? {
            verified.differences.extend(own_differences(&record, self.now())?);
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
                verified.differences.extend(differences);
            }
        }
        self.verify_gateways(db, since, &ours, &refunds, &mut verified).await?;
        let quoted = |reference: &str| {
            ours.values().any(|attempt| quotes(attempt, reference)) || refunds.iter().any(|of| of.quotes(reference))
        };
        let surplus =
            postings.iter().flatten().filter(|(reference, left)| !left.is_empty() && quoted(reference.as_str()));
        verified.differences.extend(surplus.map(|(reference, extra)| {
            format!("{} payment(s) in the books quote {reference} beyond the one that we made", extra.len())
        }));
        Ok(verified)
    }

    /// The books' payments by their reference; `None` when they cannot be asked.
    async fn listed_postings(
        &self,
        db: &MerchantDb,
        since: DateTime<Utc>,
        verified: &mut Verified,
    ) -> Result<Option<HashMap<String, Vec<BooksPayment>>>, Error> {
        let books = match self.books(db, Lane::Background).await {
            Err(Error::NotSetUp) => return Ok(None),
            books => books?,
        };
        let listed: Result<_, BooksError> = books.payments_since(since).await;
        let mut by_reference: HashMap<String, Vec<BooksPayment>> = HashMap::new();
        match listed {
            Err(cause) => {
                verified.differences.push(format!("the books were not compared: {cause}"));
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

    async fn verify_gateways(
        &self,
        db: &MerchantDb,
        since: DateTime<Utc>,
        ours: &HashMap<AttemptId, Attempt>,
        refunds: &[RefundRecord],
        verified: &mut Verified,
    ) -> Result<(), Error> {
        // The gateway lists such a charge as taken no more.
        let undone: HashSet<_> = refunds.iter().filter_map(RefundRecord::charge_undone).collect();
        for connection in db.connections().await?.into_iter().filter(|connection| connection.kind == "gateway") {
            let gateway = self.gateway_of(db, &connection)?;
            if !gateway.capabilities().lists {
                continue;
            }
            match gateway.taken_since(since).await {
                Ok(taken) => {
                    verified.charges += u64::try_from(taken.len()).unwrap_or(u64::MAX);
                    verified.differences.extend(gateway_differences(connection.id, since, &taken, ours, &undone)?);
                }
                Err(cause) => verified.differences.push(format!("the gateway was not compared: {cause}")),
            }
            if gateway.capabilities().disputes {
                let differences = self.verify_disputes(db, connection.id, gateway.as_ref(), since).await?;
                verified.differences.extend(differences);
            }
            if !matches!(gateway.capabilities().refunds, Refunds::No(_)) {
                match listed_refunds(gateway.as_ref(), since).await {
                    Ok((listed, earlier)) => {
                        verified.differences.extend(listed_differences(db, &listed, &earlier).await?);
                        verified.differences.extend(unlisted(connection.id, since, &listed, ours, refunds));
                    }
                    Err(cause) => {
                        verified.differences.push(format!("the gateway's refunds were not compared: {cause}"))
                    }
                }
            }
        }
        Ok(())
    }
}

/// An attempt against its own facts, our ledger, and what it was to pay.
fn own_differences(record: &AttemptRecord, now: DateTime<Utc>) -> Result<Vec<String>, Error> {
    let attempt = &record.attempt;
    let (amount, folded) = (attempt.amount()?, Folded::of(&record.facts));
    let mut differences = Vec::new();
    let mut differs = |words: String| differences.push(format!("{} of {}: {words}", attempt.id, amount.to_decimal()));
    if folded.state != attempt.state {
        differs(format!("its facts say {:?}, its row says {:?}", folded.state, attempt.state));
    }
    let paid_back = record.refunds.iter().filter(|refund| refund.state == RefundState::Succeeded);
    let paid_back: i64 = paid_back.map(|refund| refund.amount_minor).sum();
    // Journals of its disputes take it back, and not one of the payment's own.
    let captured = if folded.state.has_money() || is_charged_back(attempt) { amount.minor } else { 0 };
    let lost = record.disputes.iter().filter(|dispute| dispute.state == DisputeState::Lost);
    let lost: i64 = lost.map(|dispute| dispute.amount_minor).sum();
    let expected = captured - paid_back - lost;
    if record.clearing_minor != expected {
        differs(format!("our ledger has {} where {expected} should stand", record.clearing_minor));
    }
    let alive = record.refunds.iter().filter(|refund| !refund.state.is_dead());
    if alive.map(|refund| refund.amount_minor).sum::<i64>() > amount.minor {
        differs("more is paid back than was taken".into());
    }
    if record.allocated_minor != amount.minor {
        differs(format!("its invoices are to get {} together", record.allocated_minor));
    }
    let posted = record.entries.iter().any(|entry| entry.state == BooksEntryState::Posted);
    if posted && !folded.state.has_money() {
        differs("the money went back, and nobody takes it out of the books".into());
    }
    let meant: i64 = record.entries.iter().map(|entry| entry.amount_minor).sum();
    if folded.state.has_money() && meant != amount.minor {
        differs(format!("the money came, and {meant} of it was meant for the books"));
    }
    let open_max = match folded.state {
        AttemptState::RequiresAction => ACTION_MAX,
        AttemptState::Processing if attempt.kind.is_debit() => BANK_MAX,
        _ => OPEN_MAX,
    };
    if folded.state.is_open() && now - attempt.created_at > open_max {
        differs(format!("its outcome has been open since {}", attempt.created_at));
    }
    if attempt.contradicted && !record.facts.contains(&Fact::MoneyAfterAll) {
        differs("the gateway contradicts what was final".into());
    }
    Ok(differences)
}

/// What was written into the books for it. Each payment that is found is taken out, so that what is left is too much.
fn posting_differences(
    record: &AttemptRecord,
    listed: &mut HashMap<String, Vec<BooksPayment>>,
) -> Result<Vec<String>, Error> {
    let attempt = &record.attempt;
    let currency = attempt.amount()?.currency;
    let mut differences = Vec::new();
    for entry in &record.entries {
        let back = never_entered(entry, &record.refunds, &record.refund_entries);
        let share = Money::new(entry.amount_minor - back, currency);
        let mut differs = |words: &str| differences.push(format!("{} of {}: {words}", attempt.id, share.to_decimal()));
        match entry.state {
            BooksEntryState::Needless if attempt.state.has_money() && share.is_positive() => {
                differs("it is not in the books, and nobody is asked to enter it");
            }
            BooksEntryState::Needless => forget_taken_back(listed, books_reference(attempt, entry), currency),
            BooksEntryState::Leaving => differs("the money went back, and the books still have it"),
            BooksEntryState::Refused if !attempt.state.has_money() => {
                differs("the money went back, and the books keep it")
            }
            BooksEntryState::Intended => differs("it is not in the books yet"),
            BooksEntryState::Refused => differs("the books refused it"),
            BooksEntryState::Posted => {
                match take_listed(listed, books_reference(attempt, entry), entry.external_id.as_deref()) {
                    None => differs("it is marked as posted, and the books do not have it"),
                    Some(payment) if Money::from_decimal(&payment.amount, currency) != Ok(share) => {
                        differs(&format!("the books have {}", payment.amount));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    Ok(differences)
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
fn is_charged_back(attempt: &Attempt) -> bool {
    decline_reason(attempt) == Some(DeclineReason::ChargedBack)
}

/// The gateway's list against our attempts, both ways.
fn gateway_differences(
    connection: ConnectionId,
    since: DateTime<Utc>,
    taken: &[Taken],
    ours: &HashMap<AttemptId, Attempt>,
    undone: &HashSet<AttemptId>,
) -> Result<Vec<String>, Error> {
    let mut differences = Vec::new();
    let mut counted: HashMap<AttemptId, u32> = HashMap::new();
    for charge in taken {
        *counted.entry(charge.attempt).or_default() += 1;
        let (id, amount) = (&charge.gateway_id, charge.amount.to_decimal());
        match ours.get(&charge.attempt) {
            None => differences.push(format!("the gateway took {amount} ({id}) for an attempt that we do not know")),
            // A gateway goes on listing what was disputed as taken.
            Some(attempt) if is_charged_back(attempt) => {}
            Some(attempt) if !attempt.state.has_money() => {
                differences
                    .push(format!("the gateway took {amount} ({id}); our {} is {:?}", attempt.id, attempt.state));
            }
            Some(attempt) if undone.contains(&attempt.id) => {
                differences.push(format!("the gateway has {amount} ({id}); our {} was refunded by a void", attempt.id));
            }
            Some(attempt) if attempt.amount()? != charge.amount => {
                differences.push(format!("the gateway took {amount} ({id}); our {} says otherwise", attempt.id));
            }
            Some(_) => {}
        }
    }
    let twice = counted.iter().filter(|(_, times)| **times > 1);
    differences.extend(twice.map(|(attempt, times)| format!("the gateway charged {times} times for {attempt}")));
    let here = ours.values().filter(|attempt| attempt.connection_id == connection && attempt.state.has_money());
    let here = here.filter(|attempt| !undone.contains(&attempt.id));
    let missing = here.filter(|attempt| attempt.created_at >= since && !counted.contains_key(&attempt.id));
    differences.extend(missing.map(|attempt| format!("{} has money that the gateway does not list", attempt.id)));
    Ok(differences)
}

/// What the gateway paid back since then, and what it had paid back before that may have failed since.
async fn listed_refunds(
    gateway: &dyn Gateway,
    since: DateTime<Utc>,
) -> Result<(Vec<ListedRefund>, Vec<ListedRefund>), GatewayError> {
    let listed = gateway.refunded_since(since).await?;
    let from = since - MAY_FAIL_FOR;
    if from < DateTime::UNIX_EPOCH {
        return Ok((listed, Vec::new()));
    }
    let mut earlier = gateway.refunded_since(from).await?;
    let new: HashSet<&str> = listed.iter().map(|row| row.gateway_id.as_str()).collect();
    earlier.retain(|row| !new.contains(row.gateway_id.as_str()));
    Ok((listed, earlier))
}

/// The gateway's refunds against ours, however old these and their payments are. What others did before the window was
/// named by an earlier run.
async fn listed_differences(
    db: &MerchantDb,
    listed: &[ListedRefund],
    earlier: &[ListedRefund],
) -> Result<Vec<String>, Error> {
    let mut differences = Vec::new();
    let new = listed.iter().map(|row| (row, true));
    let rows: Vec<_> = new.chain(earlier.iter().map(|row| (row, false))).collect();
    for (row, is_new) in rows {
        let refund = match row.refund {
            Some(refund) => known(db.refund(refund).await)?,
            None => db.refund_by_gateway_id(&row.gateway_id).await?,
        };
        if let Some(refund) = refund {
            differences.extend(refund_difference(&refund, row)?);
        } else if is_new && is_about_us(db, row).await? {
            let (id, amount) = (&row.gateway_id, row.amount.to_decimal());
            differences.push(format!("the gateway paid {amount} back ({id}) by a refund that we do not know"));
        }
    }
    Ok(differences)
}

/// It bears a name as ours do, or the money of a payment of ours has gone.
async fn is_about_us(db: &MerchantDb, row: &ListedRefund) -> Result<bool, Error> {
    Ok(match &row.charge_gateway_id {
        _ if row.refund.is_some() => true,
        Some(charge) if row.is_paid => db.attempt_by_gateway_id(charge).await?.is_some(),
        _ => false,
    })
}

/// One refund of ours against the gateway's word about it.
fn refund_difference(refund: &Refund, row: &ListedRefund) -> Result<Option<String>, Error> {
    let (id, amount) = (&row.gateway_id, row.amount.to_decimal());
    if refund.amount()? != row.amount {
        return Ok(Some(format!("the gateway pays {amount} back ({id}); our {} says otherwise", refund.id)));
    }
    let agrees = (refund.state == RefundState::Succeeded) == row.is_paid;
    let (paid, state) = (if row.is_paid { "paid" } else { "has not paid" }, refund.state);
    Ok((!agrees).then(|| format!("the gateway {paid} {amount} back ({id}); our {} is {state:?}", refund.id)))
}

/// By our name, or by the gateway's id of what others made.
fn is_listed(refund: &Refund, listed: &[ListedRefund]) -> bool {
    let is_it = |row: &ListedRefund| match row.refund {
        Some(ours) => ours == refund.id,
        None => refund.gateway_id.as_ref() == Some(&row.gateway_id),
    };
    listed.iter().any(is_it)
}

/// What we say was paid back since then, and the gateway does not list.
fn unlisted(
    connection: ConnectionId,
    since: DateTime<Utc>,
    listed: &[ListedRefund],
    ours: &HashMap<AttemptId, Attempt>,
    refunds: &[RefundRecord],
) -> Vec<String> {
    let made = refunds.iter().filter(|record| record.charge_undone().is_none()).map(|record| &record.refund);
    let made = made.filter(|refund| refund.state == RefundState::Succeeded);
    let here = made.filter(|refund| ours.get(&refund.attempt_id).is_some_and(|of| of.connection_id == connection));
    let missing = here.filter(|refund| refund.created_at >= since && !is_listed(refund, listed));
    missing.map(|refund| format!("{} was paid back, and the gateway does not list it", refund.id)).collect()
}
