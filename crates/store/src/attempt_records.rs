//! Attempts with everything that is recorded about their money, in bulk: what a comparison of all books reads.

use crate::{Attempt, BooksEntry, Dispute, Error, MerchantDb, Refund, RefundEntry};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, PaymentId},
    ledger::Account,
    payment::Fact,
};
use std::collections::HashMap;

/// One attempt and its traces.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    pub attempt: Attempt,
    /// Oldest first.
    pub facts: Vec<Fact>,
    /// What our ledger has on the gateway's clearing account for it.
    pub clearing_minor: i64,
    /// What all lines of its journals come to: nothing, as long as they balance.
    pub unbalanced_minor: i64,
    /// What its payment gives to invoices, together.
    pub allocated_minor: i64,
    /// The writes into the books.
    pub entries: Vec<BooksEntry>,
    /// Oldest first.
    pub refunds: Vec<Refund>,
    /// Oldest first.
    pub disputes: Vec<Dispute>,
    /// The refunds' writes into the books.
    pub refund_entries: Vec<RefundEntry>,
}

impl MerchantDb {
    /// The next attempts that began since then, in the order of their ids.
    ///
    /// # Errors
    /// A stored fact that this version cannot read.
    pub async fn attempt_records(
        &self,
        since: DateTime<Utc>,
        after: Option<AttemptId>,
        limit: u64,
    ) -> Result<Vec<AttemptRecord>, Error> {
        self.records(self.attempts_after(since, after, limit).await?).await
    }

    /// Those of these attempts.
    ///
    /// # Errors
    /// A stored fact that this version cannot read.
    pub async fn attempt_records_of(&self, ids: &[AttemptId]) -> Result<Vec<AttemptRecord>, Error> {
        self.records(self.attempts_by_id(ids).await?).await
    }

    async fn records(&self, attempts: Vec<Attempt>) -> Result<Vec<AttemptRecord>, Error> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
        let mut facts = self.facts_of(&ids).await?;
        let clearing = self.account_sums(&ids, Account::GatewayClearing).await?;
        let mut entries: HashMap<AttemptId, Vec<BooksEntry>> = HashMap::new();
        for entry in self.books_entries_of(&ids).await? {
            entries.entry(entry.attempt_id).or_default().push(entry);
        }
        let mut refunds: HashMap<AttemptId, Vec<Refund>> = HashMap::new();
        let mut refund_of = HashMap::new();
        for refund in self.refunds_of(&ids).await? {
            refund_of.insert(refund.id, refund.attempt_id);
            refunds.entry(refund.attempt_id).or_default().push(refund);
        }
        let mut refund_entries: HashMap<AttemptId, Vec<RefundEntry>> = HashMap::new();
        for entry in self.refund_entries(&refund_of.keys().copied().collect::<Vec<_>>()).await? {
            let attempt = refund_of.get(&entry.refund_id).ok_or(Error::Missing)?;
            refund_entries.entry(*attempt).or_default().push(entry);
        }
        let mut disputes: HashMap<AttemptId, Vec<Dispute>> = HashMap::new();
        for dispute in self.disputes_of(&ids).await? {
            disputes.entry(dispute.attempt_id).or_default().push(dispute);
        }
        let mut allocated: HashMap<PaymentId, i64> = HashMap::new();
        for share in self.allocations_of(attempts.iter().map(|attempt| attempt.payment_id)).await? {
            *allocated.entry(share.payment_id).or_default() += share.amount_minor;
        }
        let record = |attempt: Attempt| AttemptRecord {
            facts: facts.remove(&attempt.id).unwrap_or_default(),
            clearing_minor: clearing.get(&attempt.id).map_or(0, |(clearing, _)| *clearing),
            unbalanced_minor: clearing.get(&attempt.id).map_or(0, |(_, all)| *all),
            allocated_minor: allocated.get(&attempt.payment_id).copied().unwrap_or_default(),
            entries: entries.remove(&attempt.id).unwrap_or_default(),
            refunds: refunds.remove(&attempt.id).unwrap_or_default(),
            disputes: disputes.remove(&attempt.id).unwrap_or_default(),
            refund_entries: refund_entries.remove(&attempt.id).unwrap_or_default(),
            attempt,
        };
        Ok(attempts.into_iter().map(record).collect())
    }
}
