//! Journals and their lines. Only a balanced [`Journal`] can be made, so only balanced ones are stored.

use crate::{
    Error, MerchantTx,
    scope::{Scoped, money},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, DisputeId, JournalId, MerchantId, RefundId},
    ledger::{Account, Journal, JournalKind},
    money::Money,
};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};
use std::collections::HashMap;
use uuid::Uuid;

mod journal {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "journal")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: JournalId,
        pub attempt_id: AttemptId,
        pub kind: JournalKind,
        /// The refund, or the dispute, that it is about, as its id prints; empty for the payment itself.
        pub refund: String,
        pub at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

mod posting {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "posting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub journal_id: JournalId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub line: i32,
        pub account: Account,
        pub currency: String,
        /// Debits positive, credits negative.
        pub amount_minor: i64,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

pub use posting::Model as Posting;

/// A line with the journal it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostingWithKind {
    pub kind: JournalKind,
    pub at: DateTime<Utc>,
    pub account: Account,
    pub amount: Money,
}

/// What a journal has moved on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub attempt_id: AttemptId,
    pub kind: JournalKind,
    /// The refund, or the dispute, that it is about, as its id prints; empty for the payment itself.
    pub about: String,
    pub at: DateTime<Utc>,
    /// A debit is positive.
    pub amount: Money,
}

impl MerchantTx {
    /// Each kind stands at most once for an attempt, whoever reports it and how often.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when it stands already.
    pub async fn journal_add(&self, attempt: AttemptId, journal: &Journal, now: DateTime<Utc>) -> Result<(), Error> {
        self.journal_write(attempt, String::new(), journal, now).await
    }

    /// Each kind stands at most once for a refund.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when it stands already.
    pub async fn refund_journal_add(
        &self,
        attempt: AttemptId,
        refund: RefundId,
        journal: &Journal,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.journal_write(attempt, refund.to_string(), journal, now).await
    }

    /// Each kind stands at most once for a dispute.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when it stands already.
    pub async fn dispute_journal_add(
        &self,
        attempt: AttemptId,
        dispute: DisputeId,
        journal: &Journal,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.journal_write(attempt, dispute.to_string(), journal, now).await
    }

    async fn journal_write(
        &self,
        attempt: AttemptId,
        refund: String,
        journal: &Journal,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let merchant_id = self.merchant_id();
        let id = JournalId(Uuid::now_v7());
        let row = journal::Model { merchant_id, id, attempt_id: attempt, kind: journal.kind(), refund, at: now };
        self.insert::<journal::Entity>([row]).await?;
        let lines = (0..).zip(journal.lines()).map(|(number, line)| Posting {
            merchant_id,
            journal_id: id,
            line: number,
            account: line.account,
            currency: line.amount.currency.code().to_owned(),
            amount_minor: line.amount.minor,
        });
        self.insert::<posting::Entity>(lines).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// What stands on an account for each of these attempts, and on all of them together, which is nothing.
    pub(crate) async fn account_sums(
        &self,
        attempts: &[AttemptId],
        account: Account,
    ) -> Result<HashMap<AttemptId, (i64, i64)>, Error> {
        let journals = self.find::<journal::Entity>().filter(journal::Column::AttemptId.is_in(attempts.to_vec()));
        let journals: HashMap<_, _> =
            journals.all(self.conn()).await?.into_iter().map(|row| (row.id, row.attempt_id)).collect();
        let lines = self.find::<posting::Entity>();
        let lines = lines.filter(posting::Column::JournalId.is_in(journals.keys().copied())).all(self.conn()).await?;
        let mut sums: HashMap<_, (i64, i64)> = HashMap::new();
        for line in lines {
            let attempt = journals.get(&line.journal_id).ok_or(Error::Missing)?;
            let (on_it, on_all) = sums.entry(*attempt).or_default();
            if line.account == account {
                *on_it += line.amount_minor;
            }
            *on_all += line.amount_minor;
        }
        Ok(sums)
    }

    /// What was moved on an account for these attempts, the oldest journal first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn moves_of(&self, attempts: &[AttemptId], account: Account) -> Result<Vec<Moved>, Error> {
        let journals = self.find::<journal::Entity>().filter(journal::Column::AttemptId.is_in(attempts.to_vec()));
        let journals: HashMap<_, _> = journals.all(self.conn()).await?.into_iter().map(|row| (row.id, row)).collect();
        let lines = self.find::<posting::Entity>().filter(posting::Column::Account.eq(account));
        let lines = lines.filter(posting::Column::JournalId.is_in(journals.keys().copied()));
        let lines = lines.order_by_asc(posting::Column::JournalId).order_by_asc(posting::Column::Line);
        let moved = |line: Posting| {
            let amount = money(line.amount_minor, &line.currency, "posting.currency")?;
            let journal = journals.get(&line.journal_id).ok_or(Error::Missing)?;
            let (attempt_id, about) = (journal.attempt_id, journal.refund.clone());
            Ok(Moved { attempt_id, kind: journal.kind, about, at: journal.at, amount })
        };
        lines.all(self.conn()).await?.into_iter().map(moved).collect()
    }

    /// The lines about an attempt, the oldest journal first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn posting_list(&self, attempt: AttemptId) -> Result<Vec<PostingWithKind>, Error> {
        let journals = self.find::<journal::Entity>().filter(journal::Column::AttemptId.eq(attempt));
        let journals: HashMap<_, _> = journals.all(self.conn()).await?.into_iter().map(|row| (row.id, row)).collect();
        let lines = self
            .find::<posting::Entity>()
            .filter(posting::Column::JournalId.is_in(journals.keys().copied()))
            .order_by_asc(posting::Column::JournalId)
            .order_by_asc(posting::Column::Line);
        let told = |line: Posting| {
            let amount = money(line.amount_minor, &line.currency, "posting.currency")?;
            let journal = journals.get(&line.journal_id).ok_or(Error::Missing)?;
            Ok(PostingWithKind { kind: journal.kind, at: journal.at, account: line.account, amount })
        };
        lines.all(self.conn()).await?.into_iter().map(told).collect()
    }
}
