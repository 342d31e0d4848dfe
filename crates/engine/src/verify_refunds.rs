//! A refund with everything that is recorded about it, for the comparison of all books.

use crate::{Engine, Error, post_refund::books_reference, verify_books::take_listed};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::BooksPayment;
use domain::{
    ids::AttemptId,
    money::{Currency, Money},
    refund::{FoldedRefund, RefundFact, RefundState},
};
use std::collections::HashMap;
use store::{BooksEntryState, MerchantDb, Refund, RefundEntry};

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
    pub fn own_differences(&self, now: DateTime<Utc>, open_max: TimeDelta) -> Result<Vec<String>, Error> {
        let refund = &self.refund;
        let (amount, folded) = (refund.amount()?, FoldedRefund::of(&self.facts));
        let mut differences = Vec::new();
        let mut differs =
            |words: String| differences.push(format!("{} of {}: {words}", refund.id, amount.to_decimal()));
        if folded.state != refund.state {
            differs(format!("its facts say {:?}, its row says {:?}", folded.state, refund.state));
        }
        let is_paid = folded.state == RefundState::Succeeded;
        let meant: i64 = self.entries.iter().map(|entry| entry.amount_minor).sum();
        if is_paid && meant != amount.minor {
            differs(format!("the money went back, and {meant} of it was meant for the books"));
        }
        if !is_paid && self.entries.iter().any(|entry| entry.state == BooksEntryState::Posted) {
            differs("the money did not go back, and the books say that it did".into());
        }
        let is_unknown = matches!(folded.state, RefundState::Created | RefundState::Unknown);
        if is_unknown && now - refund.created_at > open_max {
            differs(format!("nobody has known its outcome since {}", refund.created_at));
        }
        if refund.contradicted {
            differs("the gateway contradicts what was final".into());
        }
        Ok(differences)
    }

    /// What it wrote into the books. Each payment that is found is taken out, so that what is left is too much.
    pub fn posting_differences(&self, listed: &mut HashMap<String, Vec<BooksPayment>>) -> Result<Vec<String>, Error> {
        let (refund, currency) = (&self.refund, self.refund.amount()?.currency);
        let mut differences = Vec::new();
        for entry in &self.entries {
            let back = Money::new(-entry.amount_minor, currency);
            let mut differs =
                |words: &str| differences.push(format!("{} of {}: {words}", refund.id, back.to_decimal()));
            match entry.state {
                BooksEntryState::Needless => forget_taken_back(listed, books_reference(refund), currency),
                // No refund is ever left in that state.
                BooksEntryState::Intended | BooksEntryState::Leaving => differs("it is not in the books yet"),
                BooksEntryState::Refused if entry.credit_id.is_some() && entry.external_id.is_none() => {
                    differs("the books have its credit note, and refused the payment of it");
                }
                BooksEntryState::Refused => differs("the books refused it"),
                BooksEntryState::Posted => {
                    match take_listed(listed, books_reference(refund), entry.external_id.as_deref()) {
                        None => differs("it is marked as posted, and the books do not have it"),
                        Some(payment) if Money::from_decimal(&payment.amount, currency) != Ok(back) => {
                            differs(&format!("the books have {}", payment.amount));
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        Ok(differences)
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
