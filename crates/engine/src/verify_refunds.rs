//! A refund with everything that is recorded about it, for the comparison of all books.

use crate::{
    Engine, Error,
    differences::{Ask, FoundDifference},
    error::known,
    post_refund::books_reference,
    verify_books::take_listed,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::{
    books::BooksPayment,
    gateway::{Gateway, GatewayError, ListedRefund},
};
use domain::{
    exception::DifferenceKind as Kind,
    ids::{AttemptId, ConnectionId},
    money::{Currency, Money},
    refund::{FoldedRefund, RefundFact, RefundState},
};
use std::collections::{HashMap, HashSet};
use store::{Attempt, BooksEntryState, MerchantDb, Refund, RefundEntry};

/// So long a refund may fail after it was paid out [recalled of Stripe; `wire/gateways.md`, 2.6 has no number].
const MAY_FAIL_FOR: TimeDelta = TimeDelta::days(30);

pub(crate) struct RefundRecord {
    pub refund: Refund,
    facts: Vec<RefundFact>,
    entries: Vec<RefundEntry>,
}

impl Engine {
    /// Those that were asked for since then: refunds are few.
    pub(crate) async fn refund_records(
        &self,
        db: &MerchantDb,
        since: DateTime<Utc>,
    ) -> Result<Vec<RefundRecord>, Error> {
        let mut records = Vec::new();
        for refund in db.refunds_since(since).await? {
            let facts = db.refund_observations(refund.id).await?.into_iter().map(|known| known.seen.fact).collect();
            let entries = db.refund_entries(&[refund.id]).await?;
            records.push(RefundRecord { refund, facts, entries });
        }
        Ok(records)
    }
}

impl RefundRecord {
    /// The refund against its own facts, and what it writes into the books.
    pub fn own_differences(&self, now: DateTime<Utc>, open_max: TimeDelta) -> Result<Vec<FoundDifference>, Error> {
        let refund = &self.refund;
        let (amount, folded) = (refund.amount()?, FoldedRefund::of(&self.facts));
        let mut found = Vec::new();
        let mut differs = |kind, words: &str| found.push(FoundDifference::of_refund(kind, refund, amount, words));
        if folded.state != refund.state {
            let words = format!("its facts say {:?}, its row says {:?}", folded.state, refund.state);
            differs(Kind::Records, &words);
        }
        let is_paid = folded.state == RefundState::Succeeded;
        let meant: i64 = self.entries.iter().map(|entry| entry.amount_minor).sum();
        // Where it is owed again, the payment itself leaves them.
        let due = if refund.is_owed_again() { 0 } else { amount.minor };
        if is_paid && meant != due {
            differs(Kind::Records, &format!("the money went back, and {meant} of it was meant for the books"));
        }
        if !is_paid && self.entries.iter().any(|entry| entry.state == BooksEntryState::Posted) {
            differs(Kind::RefundPostingStays, "the money did not go back, and the books say that it did");
        }
        if folded.state.is_unknown() && now - refund.created_at > open_max {
            differs(Kind::ToldElsewhere, &format!("nobody has known its outcome since {}", refund.created_at));
        }
        if refund.contradicted {
            differs(Kind::ToldElsewhere, "the gateway contradicts what was final");
        }
        Ok(found)
    }

    /// What it wrote into the books. Each payment that is found is taken out, so that what is left is too much.
    pub fn posting_differences(
        &self,
        listed: &mut HashMap<String, Vec<BooksPayment>>,
    ) -> Result<Vec<FoundDifference>, Error> {
        let (refund, currency) = (&self.refund, self.refund.amount()?.currency);
        let mut found = Vec::new();
        let reference = books_reference(refund);
        // As of payments: what is known to stand is taken first.
        let (posted, others) =
            self.entries.iter().partition::<Vec<_>, _>(|entry| entry.state == BooksEntryState::Posted);
        for entry in posted.into_iter().chain(others) {
            let back = Money::new(-entry.amount_minor, currency);
            let mut differs = |kind, words: &str| {
                // In the exact words as the books have it, for staff as it was paid back.
                let posting = FoundDifference::of_refund(kind, refund, back, words).on(entry.invoice_id);
                found.push(posting.over(Money::new(entry.amount_minor, currency)));
            };
            match entry.state {
                BooksEntryState::Needless => forget_taken_back(listed, reference, currency),
                // No refund is ever left in the last three states.
                BooksEntryState::Intended
                | BooksEntryState::Leaving
                | BooksEntryState::Moved
                | BooksEntryState::Invoiced => {
                    listed.remove(reference);
                    differs(Kind::ToldElsewhere, "it is not in the books yet");
                }
                BooksEntryState::Refused if entry.has_credit_alone() => {
                    let words = if refund.state.is_dead() {
                        "the books keep its credit note, without its payment"
                    } else {
                        "the books have its credit note, and refused the payment of it"
                    };
                    differs(Kind::ToldElsewhere, words);
                }
                BooksEntryState::Refused => differs(Kind::ToldElsewhere, "the books refused it"),
                BooksEntryState::ByHand => {
                    listed.remove(reference);
                }
                BooksEntryState::Posted => match take_listed(listed, reference, entry.external_id.as_deref()) {
                    None => {
                        differs(Kind::RefundPostingMissing, "it is marked as posted, and the books do not have it");
                    }
                    Some(payment) if Money::from_decimal(&payment.amount, currency) != Ok(back) => {
                        differs(Kind::RefundPostingDiffers, &format!("the books have {}", payment.amount));
                    }
                    Some(_) => {}
                },
            }
        }
        Ok(found)
    }

    /// The attempt whose charge itself this refund has undone: the gateway has no other id for that.
    pub fn charge_undone(&self) -> Option<AttemptId> {
        let refund = &self.refund;
        let by_void = refund.gateway_id.as_ref() == Some(&refund.charge_gateway_id);
        (by_void && refund.state == RefundState::Succeeded).then_some(refund.attempt_id)
    }

    pub fn quotes(&self, reference: &str) -> bool {
        self.refund.gateway_id.as_deref() == Some(reference)
    }
}

/// Books of our own keep both entries of what was taken back: together they are nothing.
pub(crate) fn forget_taken_back(listed: &mut HashMap<String, Vec<BooksPayment>>, reference: &str, currency: Currency) {
    let minor = |payment: &BooksPayment| Money::from_decimal(&payment.amount, currency).map(|amount| amount.minor);
    let sum = listed.get(reference).map(|all| all.iter().map(minor).sum::<Result<i64, _>>());
    if sum == Some(Ok(0)) {
        listed.remove(reference);
    }
}

/// What the gateway paid back since then, and what it had paid back before that may have failed since.
pub(crate) async fn listed_refunds(
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
pub(crate) async fn listed_differences(
    db: &MerchantDb,
    connection: ConnectionId,
    listed: &[ListedRefund],
    earlier: &[ListedRefund],
) -> Result<Vec<FoundDifference>, Error> {
    let mut found = Vec::new();
    let new = listed.iter().map(|row| (row, true));
    let rows: Vec<_> = new.chain(earlier.iter().map(|row| (row, false))).collect();
    for (row, is_new) in rows {
        let refund = match row.refund {
            Some(refund) => known(db.refund(refund).await)?,
            None => db.refund_by_gateway_id(&row.gateway_id).await?,
        };
        if let Some(refund) = refund {
            found.extend(refund_difference(&refund, row)?);
        } else if is_new && is_about_us(db, row).await? {
            let (id, amount) = (&row.gateway_id, row.amount.to_decimal());
            let words = format!("the gateway paid {amount} back ({id}) by a refund that we do not know");
            let of = match &row.charge_gateway_id {
                Some(charge) => db.attempt_by_gateway_id(charge).await?.map(|attempt| attempt.id),
                None => None,
            };
            // One that bears a name of ours was lost with a copy that was put back: it needs its payment to hang on.
            let is_asked = row.refund.is_none() || of.is_some();
            let ask = is_asked.then(|| Ask::RefundThere(connection, id.clone()));
            found.push(FoundDifference {
                ask,
                attempt: of,
                ..FoundDifference::listed(Kind::RefundUnknown, id, row.amount, words)
            });
        }
    }
    Ok(found)
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
fn refund_difference(refund: &Refund, row: &ListedRefund) -> Result<Option<FoundDifference>, Error> {
    let (id, amount) = (&row.gateway_id, row.amount.to_decimal());
    let differs = |words| {
        let found = FoundDifference::new(Kind::RefundDiffers, refund.id, words).over(row.amount).quoting(Some(id));
        Some(found.at(refund.attempt_id).asking(Ask::Refund(refund.id)))
    };
    if refund.amount()? != row.amount {
        return Ok(differs(format!("the gateway pays {amount} back ({id}); our {} says otherwise", refund.id)));
    }
    if (refund.state == RefundState::Succeeded) == row.is_paid {
        return Ok(None);
    }
    let (paid, state) = (if row.is_paid { "paid" } else { "has not paid" }, refund.state);
    Ok(differs(format!("the gateway {paid} {amount} back ({id}); our {} is {state:?}", refund.id)))
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
pub(crate) fn unlisted(
    connection: ConnectionId,
    since: DateTime<Utc>,
    listed: &[ListedRefund],
    ours: &HashMap<AttemptId, Attempt>,
    refunds: &[RefundRecord],
) -> Result<Vec<FoundDifference>, Error> {
    let made = refunds.iter().filter(|record| record.charge_undone().is_none()).map(|record| &record.refund);
    let made = made.filter(|refund| refund.state == RefundState::Succeeded);
    let here = made.filter(|refund| ours.get(&refund.attempt_id).is_some_and(|of| of.connection_id == connection));
    let missing = here.filter(|refund| refund.created_at >= since && !is_listed(refund, listed));
    let found = missing.map(|refund| {
        let words = format!("{} was paid back, and the gateway does not list it", refund.id);
        let found = FoundDifference::new(Kind::RefundMissing, refund.id, words).over(refund.amount()?);
        let found = found.quoting(refund.gateway_id.as_deref()).at(refund.attempt_id);
        Ok(found.asking(Ask::Refund(refund.id)))
    });
    found.collect()
}
