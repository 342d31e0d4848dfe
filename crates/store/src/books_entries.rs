//! Each write into the books is a step with a row of its own, made before the write: looked up before a re-send, and
//! never forgotten when it fails (`wire/accounting.md`, 4; D30).

use crate::{
    Allocation, Attempt, Error, Invoice, MerchantTx, attempts, invoices, refunds,
    scope::{Only, Scoped, belongs, moment, owned},
    surcharge_invoice,
};
use chrono::{DateTime, Utc};
use domain::{
    advance::AdvanceKind,
    ids::{AttemptId, InvoiceId, MerchantId},
};
use sea_orm::{
    ConnectionTrait, FromQueryResult, PaginatorTrait, QueryOrder, QueryTrait, UpdateMany, entity::prelude::*,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Money that is here and not in the books. First the words of the partial index that serves it, then which of those.
pub(crate) const WAITING: &str = "state IN ('intended', 'leaving', 'refused') AND state <> 'leaving'";
/// What the worker has to write or to take out. In words, for the same reason.
const UNDER_WAY: &str = "state IN ('intended', 'leaving', 'refused') AND state <> 'refused'";
const REFUSED: &str = "state IN ('intended', 'leaving', 'refused') AND state = 'refused'";
/// What [`Scoped::books_entries_beside_refunds`] adds to a row.
const REFUNDED: &str = "refunded";

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
belongs!(invoices, InvoiceId);
belongs!(attempts, AttemptId);

pub use Model as BooksEntry;

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum BooksEntryState {
    /// Meant; it may or may not stand in the books.
    Intended,
    Posted,
    /// The books refused it: a person must decide.
    Refused,
    /// Stands, and must be taken out again: the money went back.
    Leaving,
    /// Does not stand and need not: the money went back.
    Needless,
    /// The books refused it, and a person has seen to it in a way of their own.
    ByHand,
    /// The books refused it, and another entry of the attempt is meant for another invoice instead.
    Moved,
    /// Stands, and stays: its money went back, and an invoice of ours asks for that again.
    Invoiced,
}

impl MerchantTx {
    /// One step for each of the attempt's shares. Those of an earlier life, whose money went back and came again, are
    /// meant anew under other keys: what stands under the old ones may be on its way out. `true`: there were such.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_intend(
        &self,
        attempt: AttemptId,
        shares: &[Allocation],
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let row = |share: &Allocation| BooksEntry {
            merchant_id: self.merchant_id(),
            attempt_id: attempt,
            invoice_id: share.invoice_id,
            amount_minor: share.amount_minor,
            idempotency_key: first_key(attempt, share.invoice_id),
            state: BooksEntryState::Intended,
            external_id: None,
            last_error: None,
            updated_at: now,
        };
        let absent = self.insert_absent::<Entity>(shares.iter().map(row)).await?;
        if usize::try_from(absent) == Ok(shares.len()) {
            return Ok(false);
        }
        let entries = self.books_entries(attempt).await?.into_iter();
        for entry in entries.filter(|entry| entry.state != BooksEntryState::Moved) {
            self.books_entry_revive(&entry, &entry.fresh_key(now), now).await?;
        }
        Ok(true)
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
        self.update_one(self.moving(entry, state, external_id, error, now)).await
    }

    /// The same for a write that is still meant as it was read. `false`: it is not, and nothing was changed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entry_end(
        &self,
        read: &BooksEntry,
        state: BooksEntryState,
        external_id: Option<&str>,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let update = self.moving(read, state, external_id, error, now);
        let meant = update.filter(Column::State.eq(BooksEntryState::Intended));
        let as_read = meant.filter(Column::IdempotencyKey.eq(read.idempotency_key.as_str()));
        let as_read = as_read.filter(Column::AmountMinor.eq(read.amount_minor));
        Ok(as_read.exec(self.conn()).await?.rows_affected == 1)
    }

    fn moving(
        &self,
        entry: &BooksEntry,
        state: BooksEntryState,
        external_id: Option<&str>,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> UpdateMany<Entity> {
        self.update::<Entity>()
            .col_expr(Column::State, Expr::value(state))
            .col_expr(Column::ExternalId, Expr::value(external_id.map(str::to_owned)))
            .col_expr(Column::LastError, Expr::value(error.map(str::to_owned)))
            .col_expr(Column::UpdatedAt, Expr::value(moment(now)))
            .filter(Column::AttemptId.eq(entry.attempt_id))
            .filter(Column::InvoiceId.eq(entry.invoice_id))
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

    /// Means a write that the books refused for another invoice.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn books_entry_reallocate(
        &self,
        entry: &BooksEntry,
        to: InvoiceId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.books_entry_move(entry, BooksEntryState::Moved, None, entry.last_error.as_deref(), now).await?;
        let meant = BooksEntry {
            invoice_id: to,
            idempotency_key: first_key(entry.attempt_id, to),
            state: BooksEntryState::Intended,
            external_id: None,
            last_error: None,
            updated_at: now,
            ..entry.clone()
        };
        self.insert::<Entity>([meant]).await
    }

    /// Means no more than `left_minor` of a write for its invoice, and the rest for an advance. What is left is asked for by
    /// another key: the books may keep their refusal of the whole.
    ///
    /// # Errors
    /// [`Error::Missing`] when the step was never meant, and for another merchant's advance.
    pub async fn books_entry_split(
        &self,
        entry: &BooksEntry,
        left_minor: i64,
        advance: InvoiceId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::AmountMinor, Expr::value(left_minor))
            .filter(Column::AttemptId.eq(entry.attempt_id))
            .filter(Column::InvoiceId.eq(entry.invoice_id));
        self.update_one(update).await?;
        self.books_entry_revive(entry, &entry.fresh_key(now), now).await?;
        let rest = BooksEntry {
            invoice_id: advance,
            amount_minor: entry.amount_minor - left_minor,
            idempotency_key: first_key(entry.attempt_id, advance),
            updated_at: now,
            ..entry.clone()
        };
        self.insert::<Entity>([rest]).await
    }

    /// The money went back: what stands is to leave, as the invoice of a surcharge may that was not paid yet, or one half of
    /// what is written for a quote; what else the books refused need not be written any more and keeps nobody off its invoice.
    /// A write that is still meant ends with its job, which may be at it this moment. `by_hand`: why a person must see to what
    /// one has entered.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_take_back(
        &self,
        attempt: AttemptId,
        by_hand: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        for (entry, invoice) in self.books_shares(attempt).await? {
            let (id, why) = (entry.external_id.as_deref(), entry.last_error.as_deref());
            match entry.state {
                BooksEntryState::Posted => {
                    self.books_entry_move(&entry, BooksEntryState::Leaving, id, None, now).await?;
                }
                BooksEntryState::Refused if entry.is_surcharge() || invoice.advance == Some(AdvanceKind::Quote) => {
                    self.books_entry_move(&entry, BooksEntryState::Leaving, id, None, now).await?;
                }
                BooksEntryState::Refused => {
                    self.books_entry_move(&entry, BooksEntryState::Needless, None, why, now).await?;
                    self.claim_release(attempt, entry.invoice_id).await?;
                }
                // Under which id it stands, if it does, nobody has told.
                BooksEntryState::ByHand => {
                    self.books_entry_move(&entry, BooksEntryState::Refused, id, Some(by_hand), now).await?;
                }
                BooksEntryState::Intended
                | BooksEntryState::Leaving
                | BooksEntryState::Needless
                | BooksEntryState::Moved
                | BooksEntryState::Invoiced => {}
            }
        }
        Ok(())
    }
}

impl BooksEntry {
    /// It is of the payment's surcharge, and not of an invoice that it pays.
    #[must_use]
    pub fn is_surcharge(&self) -> bool {
        self.invoice_id == surcharge_invoice(self.attempt_id)
    }

    /// The invoice by which its money is asked for again, should that go back and its payment stay: there is one at most, and it
    /// is found without a table.
    #[must_use]
    pub const fn return_invoice(&self) -> InvoiceId {
        InvoiceId(Uuid::from_u128(self.attempt_id.0.as_u128() ^ self.invoice_id.0.as_u128()))
    }

    /// When it was meant anew, as [`BooksEntry::fresh_key`] has it.
    #[must_use]
    pub fn revived_ms(&self) -> Option<&str> {
        self.idempotency_key.strip_prefix(&first_key(self.attempt_id, self.invoice_id))?.strip_prefix('-')
    }

    /// Another key than the one under which the books may have kept an answer.
    #[must_use]
    pub fn fresh_key(&self, now: DateTime<Utc>) -> String {
        format!("{}-{}", first_key(self.attempt_id, self.invoice_id), now.timestamp_millis())
    }
}

fn first_key(attempt: AttemptId, invoice: InvoiceId) -> String {
    format!("pay-{}-{}", attempt.0.simple(), invoice.0.simple())
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn books_entries(&self, attempt: AttemptId) -> Result<Vec<BooksEntry>, Error> {
        Ok(self.find::<Entity>().filter(Column::AttemptId.eq(attempt)).all(self.conn()).await?)
    }

    /// The same, and whether anything was ever refunded of the attempt: most are not, and their pages ask no further.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_beside_refunds(&self, attempt: AttemptId) -> Result<(Vec<BooksEntry>, bool), Error> {
        let refunds = self.mine::<refunds::Entity>(refunds::Column::Id, refunds::Column::AttemptId.eq(attempt));
        let mut question = self.find::<Entity>().filter(Column::AttemptId.eq(attempt)).into_query();
        question.expr_as(Expr::exists(refunds), REFUNDED);
        // Without an entry, nobody says so.
        let (mut entries, mut refunded) = (Vec::new(), true);
        for row in self.conn().query_all(&question).await? {
            refunded = row.try_get("", REFUNDED)?;
            entries.push(Model::from_query_result(&row, "")?);
        }
        Ok((entries, refunded))
    }

    /// What became of an entry since it was read.
    ///
    /// # Errors
    /// [`Error::Missing`] when the step was never meant.
    pub async fn books_entry_now(&self, read: &BooksEntry) -> Result<BooksEntry, Error> {
        let of = self.find::<Entity>().filter(Column::AttemptId.eq(read.attempt_id));
        of.filter(Column::InvoiceId.eq(read.invoice_id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// As a payment is meant to stand in the books, by the invoices' numbers: after a re-allocation, not as it was paid.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_shares(&self, attempt: AttemptId) -> Result<Vec<(BooksEntry, Invoice)>, Error> {
        let of = self.find::<Entity>().filter(Column::AttemptId.eq(attempt));
        let meant = of.filter(Column::State.ne(BooksEntryState::Moved)).find_both_related(invoices::Entity);
        let by_number = meant.order_by_asc(invoices::Column::Number).order_by_asc(invoices::Column::Id);
        Ok(by_number.all(self.conn()).await?)
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

    /// The same with the attempt itself.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's attempt.
    pub async fn attempt_to_post(&self, attempt: AttemptId) -> Result<(Attempt, Vec<(BooksEntry, Invoice)>), Error> {
        let of = self.find::<Entity>().filter(Column::AttemptId.eq(attempt));
        let intended = of.filter(Column::State.eq(BooksEntryState::Intended));
        let with_both = intended.find_also_related(invoices::Entity).find_also_related(attempts::Entity);
        let (mut found, mut entries) = (None, Vec::new());
        for (entry, invoice, attempt) in with_both.all(self.conn()).await? {
            found = attempt;
            entries.push((entry, invoice.ok_or(Error::Missing)?));
        }
        match found {
            Some(found) => Ok((found, entries)),
            None => Ok((self.attempt(attempt).await?, entries)),
        }
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

    /// What we have written onto each of these invoices, in minor units; also where that stays although its money went back.
    ///
    /// # Errors
    /// The database is away.
    pub async fn posted_on(&self, invoices: Vec<InvoiceId>) -> Result<HashMap<InvoiceId, i64>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.is_in(invoices));
        let mut posted = HashMap::new();
        let stays = Column::State.is_in([BooksEntryState::Posted, BooksEntryState::Invoiced]);
        for entry in of.filter(stays).all(self.conn()).await? {
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

    /// Money that was taken and that the books did not get, though it was meant for them before this; and money that went
    /// back, and that they still have.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_waiting(&self, before: DateTime<Utc>) -> Result<Vec<BooksEntry>, Error> {
        let under_way = self.find::<Entity>().filter(Expr::cust(UNDER_WAY));
        Ok(under_way.filter(Column::UpdatedAt.lt(moment(before))).all(self.conn()).await?)
    }

    /// Money that was taken and that the books refused.
    ///
    /// # Errors
    /// The database is away.
    pub async fn books_entries_refused(&self) -> Result<Vec<BooksEntry>, Error> {
        Ok(self.find::<Entity>().filter(Expr::cust(REFUSED)).all(self.conn()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d30_a_fresh_key_says_since_when_it_is_meant() {
        let (attempt_id, invoice_id) = (AttemptId(Uuid::from_u128(7)), InvoiceId(Uuid::from_u128(9)));
        let now = DateTime::UNIX_EPOCH;
        let entry = BooksEntry {
            merchant_id: MerchantId(Uuid::nil()),
            attempt_id,
            invoice_id,
            amount_minor: 100,
            idempotency_key: first_key(attempt_id, invoice_id),
            state: BooksEntryState::Intended,
            external_id: None,
            last_error: None,
            updated_at: now,
        };
        assert_eq!(entry.revived_ms(), None);
        let again = BooksEntry { idempotency_key: entry.fresh_key(now + chrono::TimeDelta::milliseconds(42)), ..entry };
        assert_eq!(again.revived_ms(), Some("42"));
    }
}
