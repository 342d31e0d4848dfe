//! Attempts with everything that is recorded about their money, in bulk: what a comparison of all books reads.

use crate::{Attempt, BooksEntry, Error, MerchantDb};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, InvoiceId, PaymentId},
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
    /// What its payment gives to invoices, together.
    pub allocated_minor: i64,
    /// The writes into the books, each with its invoice's share.
    pub entries: Vec<(BooksEntry, i64)>,
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
        let attempts = self.attempts_after(since, after, limit).await?;
        let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
        let mut facts = self.facts_of(&ids).await?;
        let clearing = self.account_sums(&ids, Account::GatewayClearing).await?;
        let mut entries: HashMap<AttemptId, Vec<BooksEntry>> = HashMap::new();
        for entry in self.books_entries_of(&ids).await? {
            entries.entry(entry.attempt_id).or_default().push(entry);
        }
        let mut shares: HashMap<PaymentId, HashMap<InvoiceId, i64>> = HashMap::new();
        for share in self.allocations_of(attempts.iter().map(|attempt| attempt.payment_id)).await? {
            shares.entry(share.payment_id).or_default().insert(share.invoice_id, share.amount_minor);
        }
        let record = |attempt: Attempt| {
            let shares = shares.get(&attempt.payment_id);
            let share_of = |invoice| shares.and_then(|of| of.get(&invoice)).copied().unwrap_or_default();
            let entries = entries.remove(&attempt.id).unwrap_or_default().into_iter();
            AttemptRecord {
                facts: facts.remove(&attempt.id).unwrap_or_default(),
                clearing_minor: clearing.get(&attempt.id).copied().unwrap_or_default(),
                allocated_minor: shares.map(|of| of.values().sum()).unwrap_or_default(),
                entries: entries
                    .map(|entry| {
                        let share = share_of(entry.invoice_id);
                        (entry, share)
                    })
                    .collect(),
                attempt,
            }
        };
        Ok(attempts.into_iter().map(record).collect())
    }
}
