//! Each write into the books is a step with a row of its own, made before the write: looked up before a re-send, and
//! never forgotten when it fails (`wire/accounting.md`, 4; D30).

use crate::{
    Allocation, Error, Invoice, MerchantTx, invoices,
    scope::{Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{AttemptId, InvoiceId, MerchantId};
use sea_orm::{ConnectionTrait, PaginatorTrait, entity::prelude::*};
use std::collections::{HashMap, HashSet};

/// Money that is here and not in the books. In words, as in the partial index that serves it.
pub(crate) const WAITING: &str = "state IN ('intended', 'refused')";

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "books_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt_id: AttemptId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
    /// What is to be written, in the attempt's currency.
    pub amount_minor: i64,
    pub idempotency_key: String,
    pub state: BooksEntryState,
    /// The books' id of the payment, once it stands.
    pub external_id: Option<String>,
    pub last_error: Option<String>,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl Related<invoices::Entity> for Entity {
    fn to() -> RelationDef {
        let invoice = Self::belongs_to(invoices::Entity).from((Column::MerchantId, Column::InvoiceId));
        invoice.to((invoices::Column::MerchantId, invoices::Column::Id)).into()
    }
}

pub use Model as BooksEntry;

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum BooksEntryState {
    /// Meant; it may or may not stand in the books.
    Intended,
    Posted,
    /// The books refused it: a person must decide.
    Refused,
    /// Does not stand and need not: the money went back.
    Needless,
}

impl MerchantTx {
    /// One step for each of the attempt's shares.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when one exists.
    pub async fn books_entries_intend(
        &self,
        attempt: AttemptId,
        shares: &[Allocation],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let row = |share: &Allocation| BooksEntry {
            merchant_id: self.merchant_id(),
            attempt_id: attempt,
            invoice_id: share.invoice_id,
            amount_minor: share.amount_minor,
            idempotency_key: format!("pay-{}-{}", attempt.0.simple(), share.invoice_id.0.simple()),
            state: BooksEntryState::Intended,
            external_id: None,
            last_error: None,
            updated_at: now,
        };
        self.insert::<Entity>(shares.iter().map(row)).await
    }

    /// # Errors
    /// [`Error::Missing`] when the step was never meant.
    pub async fn books_entry_move(
        &self,
        entry: &BooksEntry,
        state: BooksEntryState,
        external_id: Option<&str>,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(state))
            .col_expr(Column::ExternalId, Expr::value(external_id.map(str::to_owned)))
            .col_expr(Column::LastError, Expr::value(error.map(str::to_owned)))
            .col_expr(Column::UpdatedAt, Expr::value(moment(now)))
            .filter(Column::AttemptId.eq(entry.attempt_id))
            .filter(Column::InvoiceId.eq(entry.invoice_id));
        self.update_one(update).await
    }
}

impl MerchantTx {
    /// Means a write once more that the books refused. They may keep their refusal under the key that it was told by
    /// (`wire/accounting.md`, 1.4), so this try gets another.
    ///
    /// # Errors
    /// [`Error::Missing`] when the step was never meant.
    pub async fn books_entry_revive(
        &self,
        entry: &BooksEntry,
        idempotency_key: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(BooksEntryState::Intended))
            .col_expr(Column::IdempotencyKey, Expr::value(idempotency_key))
            .col_expr(Column::UpdatedAt, Expr::value(moment(now)))
            .filter(Column::AttemptId.eq(entry.attempt_id))
            .filter(Column::InvoiceId.eq(entry.invoice_id));
        self.update_one(update).await
    }

    /// The money went back: what the books refused need not be written any more, and keeps nobody off its invoice. A write
    /// that is still meant ends with its job, which may be at it this moment.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_give_up(&self, attempt: AttemptId, now: DateTime<Utc>) -> Result<(), Error> {
        let refused = self.find::<Entity>().filter(Column::AttemptId.eq(attempt));
        for entry in refused.filter(Column::State.eq(BooksEntryState::Refused)).all(self.conn()).await? {
            self.books_entry_move(&entry, BooksEntryState::Needless, None, entry.last_error.as_deref(), now).await?;
            self.claim_release(attempt, entry.invoice_id).await?;
        }
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn books_entries(&self, attempt: AttemptId) -> Result<Vec<BooksEntry>, Error> {
        Ok(self.find::<Entity>().filter(Column::AttemptId.eq(attempt)).all(self.conn()).await?)
    }

    /// The writes that are meant and not known to stand, each with its invoice.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_intended(&self, attempt: AttemptId) -> Result<Vec<(BooksEntry, Invoice)>, Error> {
        let of = self.find::<Entity>().filter(Column::AttemptId.eq(attempt));
        let intended = of.filter(Column::State.eq(BooksEntryState::Intended));
        Ok(intended.find_both_related(invoices::Entity).all(self.conn()).await?)
    }

    /// Which of these invoices have a payment that the books do not have yet.
    ///
    /// # Errors
    /// The database is away.
    pub async fn being_recorded(&self, among: Vec<InvoiceId>) -> Result<HashSet<InvoiceId>, Error> {
        let waiting = self.find::<Entity>().filter(Expr::cust(WAITING)).filter(Column::InvoiceId.is_in(among));
        Ok(waiting.all(self.conn()).await?.into_iter().map(|entry| entry.invoice_id).collect())
    }

    /// The writes of these attempts.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_of(&self, attempts: &[AttemptId]) -> Result<Vec<BooksEntry>, Error> {
        Ok(self.find::<Entity>().filter(Column::AttemptId.is_in(attempts.to_vec())).all(self.conn()).await?)
    }

    /// What we have written onto each of these invoices, in minor units.
    ///
    /// # Errors
    /// The database is away.
    pub async fn posted_on(&self, invoices: Vec<InvoiceId>) -> Result<HashMap<InvoiceId, i64>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.is_in(invoices));
        let mut posted = HashMap::new();
        for entry in of.filter(Column::State.eq(BooksEntryState::Posted)).all(self.conn()).await? {
            *posted.entry(entry.invoice_id).or_default() += entry.amount_minor;
        }
        Ok(posted)
    }

    /// How many writes came to this state since then.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_count(&self, state: BooksEntryState, since: DateTime<Utc>) -> Result<u64, Error> {
        let since = self.find::<Entity>().filter(Column::State.eq(state)).filter(Column::UpdatedAt.gte(since));
        Ok(since.count(self.conn()).await?)
    }

    /// Money that was taken and that the books did not get, though it was meant for them before this.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_waiting(&self, before: DateTime<Utc>) -> Result<Vec<BooksEntry>, Error> {
        let waiting = self.find::<Entity>().filter(Expr::cust(WAITING));
        let meant = waiting.filter(Column::State.eq(BooksEntryState::Intended));
        Ok(meant.filter(Column::UpdatedAt.lt(moment(before))).all(self.conn()).await?)
    }

    /// Money that was taken and that the books refused.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_refused(&self) -> Result<Vec<BooksEntry>, Error> {
        // In words, as in the partial index that serves it.
        Ok(self.find::<Entity>().filter(Expr::cust("state = 'refused'")).all(self.conn()).await?)
    }
}
