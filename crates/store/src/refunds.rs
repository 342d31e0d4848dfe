//! Refunds, the facts seen about them, and their writes into the books. Facts are appended; the state column is a cache
//! of their fold.

use crate::{
    Attempt, BooksEntryState, Dispute, Error, MerchantDb, MerchantTx, NewSlip, ObservedRefund, Store,
    facts::FactColumns,
    invoice_lists::Sum,
    scope::{Only, Scoped, moment, money, owned, text},
    undisputed_of,
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, InvoiceId, MerchantId, ObservationId, RefundId},
    money::Money,
    planted,
    refund::{Left, RefundFailure, RefundMade, RefundMeaning, RefundRefusal, RefundState, credit_number, may_refund},
};
use sea_orm::{ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refund")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RefundId,
    pub attempt_id: AttemptId,
    pub made: RefundMade,
    pub meaning: RefundMeaning,
    pub currency: String,
    pub amount_minor: i64,
    /// Of that amount, what is taken off the payment's surcharge.
    pub surcharge_minor: i64,
    /// The gateway's id of the payment as it was then: what is sent again must be the same to the byte.
    pub charge_gateway_id: String,
    /// Why, in the words of whoever asked for it. Nobody did for one that was made there.
    pub reason: String,
    pub asked_by: String,
    pub state: RefundState,
    /// Why no money went back, as JSON of a `RefundFailure`.
    pub failure: Option<String>,
    pub contradicted: bool,
    pub gateway_id: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Refund;

impl Refund {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn amount(&self) -> Result<Money, Error> {
        money(self.amount_minor, &self.currency, "refund.currency")
    }

    /// What it pays back is owed again: the payment is taken out of the books, and no sale is credited.
    #[must_use]
    pub fn is_owed_again(&self) -> bool {
        self.meaning == RefundMeaning::StillOwed
    }
}

mod observation {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refund_observation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ObservationId,
        pub refund_id: RefundId,
        /// Its place among the facts of the refund, from 0.
        pub place: i32,
        /// JSON of a `Source`.
        pub source: String,
        /// JSON of a `RefundSeen`.
        pub body: String,
        pub at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

mod entry {
    use super::*;
    /// A refund's write into the books, made before the write (`wire/accounting.md`, 4).
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refund_entry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub refund_id: RefundId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub invoice_id: InvoiceId,
        /// What is credited and paid back, in the refund's currency.
        pub amount_minor: i64,
        pub state: BooksEntryState,
        /// The books' id of the credit, where they have a document for it; it may stand without its payment.
        pub credit_id: Option<String>,
        /// The books' id of the payment out of the clearing account.
        pub external_id: Option<String>,
        pub last_error: Option<String>,
        pub updated_at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

pub use entry::Model as RefundEntry;

impl RefundEntry {
    /// The books have its credit, without the payment that pays it out.
    #[must_use]
    pub const fn has_credit_alone(&self) -> bool {
        self.credit_id.is_some() && self.external_id.is_none()
    }
}

/// Of the columns that say from whom it is known and what was seen.
const NAMES: [&str; 2] = ["refund_observation.source", "refund_observation.body"];

fn observed(row: &observation::Model) -> Result<ObservedRefund, Error> {
    ObservedRefund::read([&row.source, &row.body], row.at, NAMES)
}

/// What became of a refund that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenedRefund {
    New,
    /// It stands already, of the same amount and meaning: a double click, a replayed POST.
    Same,
    Refused(RefundRefusal),
}

/// What became of a refund that was made at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenIn {
    New,
    /// It stands already: news come twice, and late.
    Stands(RefundId),
    /// It may be one of ours whose id there is not known yet.
    Undecided,
}

/// What can still be paid back of an attempt's money, and what of that is surcharge.
///
/// # Errors
/// A stored currency that this version does not know.
pub fn left_to_refund(attempt: &Attempt, refunds: &[Refund], disputes: &[Dispute]) -> Result<Left, Error> {
    let undisputed = undisputed_of(attempt, disputes)?;
    let refunds = refunds.iter().map(|refund| Ok((refund.state, refund.amount()?, refund.surcharge_minor)));
    let refunds = refunds.collect::<Result<Vec<_>, Error>>()?;
    let left = Left::of(attempt.amount()?, attempt.surcharge_minor, undisputed, refunds);
    left.map_err(|_| Error::Unreadable("refund.currency"))
}

impl MerchantDb {
    /// Commits a refund with its line for the audit trail, unless it is more than what is left of its attempt's money. The
    /// attempt is held meanwhile, so that any number of them at once share what is left (D24).
    ///
    /// # Errors
    /// [`Error::Missing`] also for the id of another attempt's refund, and for one that would have the number of another
    /// refund's credit: it comes with a form, and grants nothing.
    pub async fn refund_open(&self, new: Refund, slip: NewSlip) -> Result<OpenedRefund, Error> {
        let tx = self.begin().await?;
        let attempt = tx.attempt_hold(new.attempt_id).await?;
        match tx.refund(new.id).await {
            Ok(stands) if stands.attempt_id == attempt.id => return same(&stands, &new),
            Ok(_) => return Err(Error::Missing),
            Err(Error::Missing) => {}
            Err(other) => return Err(other),
        }
        let (amount, refunds) = (new.amount()?, tx.refunds_of(&[attempt.id]).await?);
        // An id comes with a form: under one that shares its end, the books would take two credits for one.
        let credit = |refund: &Refund| credit_number(refund.id, InvoiceId(Uuid::nil()));
        if refunds.iter().any(|other| credit(other) == credit(&new)) {
            return Err(Error::Missing);
        }
        let disputes = tx.disputes_of(&[attempt.id]).await?;
        let left = left_to_refund(&attempt, &refunds, &disputes)?;
        if let Err(refusal) = may_refund(amount, left.whole)
            && !planted::is("refund_without_limit")
        {
            let is_disputed = may_refund(amount, left_to_refund(&attempt, &refunds, &[])?.whole).is_ok();
            return Ok(OpenedRefund::Refused(if is_disputed { RefundRefusal::Disputed } else { refusal }));
        }
        let is_whole = (new.amount_minor, new.surcharge_minor) == (attempt.amount_minor, attempt.surcharge_minor);
        if new.is_owed_again() && !is_whole {
            return Ok(OpenedRefund::Refused(RefundRefusal::NotAllOwed));
        }
        if attempt.surcharge_minor > 0 {
            let invoices_left = left.invoices_minor();
            if new.surcharge_minor > left.surcharge_minor || amount.minor - new.surcharge_minor > invoices_left {
                let left = Money::new(invoices_left, amount.currency);
                return Ok(OpenedRefund::Refused(RefundRefusal::NotWithin { left }));
            }
        }
        // Another attempt's refund of this id may have come in between.
        if tx.insert_absent::<Entity>([new]).await? == 0 {
            return Err(Error::Missing);
        }
        tx.audit_add(slip).await?;
        tx.commit().await?;
        Ok(OpenedRefund::New)
    }

    /// Commits a refund that was made at the gateway with its line for the audit trail, once: the attempt is held
    /// meanwhile. It is a fact, so nothing limits it; what is left for others goes down by it.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's attempt.
    pub async fn refund_take_in(&self, new: Refund, slip: NewSlip) -> Result<TakenIn, Error> {
        let tx = self.begin().await?;
        let attempt = tx.attempt_hold(new.attempt_id).await?;
        let refunds = tx.refunds_of(&[attempt.id]).await?;
        if let Some(stands) = refunds.iter().find(|refund| refund.gateway_id == new.gateway_id) {
            return Ok(TakenIn::Stands(stands.id));
        }
        if refunds.iter().any(|refund| refund.gateway_id.is_none() && refund.state.is_open()) {
            return Ok(TakenIn::Undecided);
        }
        tx.insert::<Entity>([new]).await?;
        tx.audit_add(slip).await?;
        tx.commit().await?;
        Ok(TakenIn::New)
    }
}

/// What a form that was used is answered: its refund stands, or is another than what it asks for now.
fn same(stands: &Refund, asked: &Refund) -> Result<OpenedRefund, Error> {
    let refund = stands.amount()?;
    let is_same = refund == asked.amount()? && stands.meaning == asked.meaning;
    Ok(if is_same { OpenedRefund::Same } else { OpenedRefund::Refused(RefundRefusal::FormUsed { refund }) })
}

impl MerchantTx {
    /// Adds a fact after the `place` facts that stand. The attempt is held meanwhile.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refund_observation_add(
        &self,
        refund: RefundId,
        place: usize,
        seen: &ObservedRefund,
    ) -> Result<(), Error> {
        let merchant_id = self.merchant_id();
        let FactColumns { id, place, source, body, at } = seen.columns(place, NAMES)?;
        let row = observation::Model { merchant_id, id, refund_id: refund, place, source, body, at };
        self.insert::<observation::Entity>([row]).await
    }

    /// Writes the cache of the fold.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's refund.
    pub async fn refund_cache(&self, refund: Refund) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::Id.eq(refund.id), refund).await
    }

    /// One write into the books for each invoice that the refund is credited on, in minor units.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when one exists.
    pub async fn refund_entries_intend(
        &self,
        refund: RefundId,
        parts: &[(InvoiceId, i64)],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let row = |(invoice_id, amount_minor): &(InvoiceId, i64)| RefundEntry {
            merchant_id: self.merchant_id(),
            refund_id: refund,
            invoice_id: *invoice_id,
            amount_minor: *amount_minor,
            state: BooksEntryState::Intended,
            credit_id: None,
            external_id: None,
            last_error: None,
            updated_at: now,
        };
        self.insert::<entry::Entity>(parts.iter().map(row)).await
    }

    /// # Errors
    /// [`Error::Missing`] when the write was never meant.
    pub async fn refund_entry_write(&self, entry: RefundEntry) -> Result<(), Error> {
        let (refund, invoice) = (entry.refund_id, entry.invoice_id);
        let row = self.stamped::<entry::Entity>(entry).reset_all();
        let update = self.update::<entry::Entity>().set(row).filter(entry::Column::RefundId.eq(refund));
        self.update_one(update.filter(entry::Column::InvoiceId.eq(invoice))).await
    }
}

impl Store {
    /// The worker's sweep: up to `limit` refunds that were asked for before this and of which nothing was recorded
    /// since.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_refunds_unheard(
        &self,
        asked_before: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<(MerchantDb, Refund)>, Error> {
        // In words, as in the partial index that serves it.
        let undecided = Entity::find().filter(Expr::cust("state IN ('created', 'unknown')"));
        let unheard = undecided.filter(Column::State.eq(RefundState::Created));
        let unheard = unheard.filter(Column::CreatedAt.lt(moment(asked_before)));
        let rows = unheard.order_by_asc(Column::CreatedAt).limit(limit).all(&self.pools.read).await?;
        Ok(rows.into_iter().map(|row| (MerchantDb::new(row.merchant_id, self.clone()), row)).collect())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's refund.
    pub async fn refund(&self, id: RefundId) -> Result<Refund, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// The database is away.
    pub async fn refund_by_gateway_id(&self, gateway_id: &str) -> Result<Option<Refund>, Error> {
        Ok(self.find::<Entity>().filter(Column::GatewayId.eq(text(gateway_id))).only(self.conn()).await?)
    }

    /// The refunds of these attempts, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refunds_of(&self, attempts: &[AttemptId]) -> Result<Vec<Refund>, Error> {
        let of = self.find::<Entity>().filter(Column::AttemptId.is_in(attempts.to_vec()));
        Ok(of.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn refunds_by_id(&self, ids: &[RefundId]) -> Result<Vec<Refund>, Error> {
        Ok(self.find::<Entity>().filter(Column::Id.is_in(ids.to_vec())).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn refunds_since(&self, since: DateTime<Utc>) -> Result<Vec<Refund>, Error> {
        Ok(self.find_by_time::<Entity>().filter(Column::CreatedAt.gte(since)).all(self.conn()).await?)
    }

    /// Every fact about a refund, oldest first.
    ///
    /// # Errors
    /// A stored fact that this version cannot read.
    pub async fn refund_observations(&self, refund: RefundId) -> Result<Vec<ObservedRefund>, Error> {
        let rows = self.find::<observation::Entity>().filter(observation::Column::RefundId.eq(refund));
        let rows = rows.order_by_asc(observation::Column::Place).all(self.conn()).await?;
        rows.iter().map(observed).collect()
    }

    /// The writes into the books of these refunds.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refund_entries(&self, refunds: &[RefundId]) -> Result<Vec<RefundEntry>, Error> {
        let of = self.find::<entry::Entity>().filter(entry::Column::RefundId.is_in(refunds.to_vec()));
        Ok(of.all(self.conn()).await?)
    }

    /// The same of whole rows.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refund_parts(&self, refunds: &[Refund]) -> Result<Vec<RefundEntry>, Error> {
        self.refund_entries(&refunds.iter().map(|refund| refund.id).collect::<Vec<_>>()).await
    }

    /// Refunds whose fate nobody knows though they were asked for before this.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refunds_unknown(&self, before: DateTime<Utc>) -> Result<Vec<Refund>, Error> {
        // In words, as in the partial index that serves it.
        let undecided = self.find_by_time::<Entity>().filter(Expr::cust("state IN ('created', 'unknown')"));
        Ok(undecided.filter(Column::CreatedAt.lt(moment(before))).all(self.conn()).await?)
    }

    /// Refunds that somebody must look at: the impossible was seen, or it failed behind everybody's back, at the
    /// gateway or on the way there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refunds_alarming(&self) -> Result<Vec<Refund>, Error> {
        // In words, as in the partial index that serves it.
        let alarming = self.find::<Entity>().filter(Expr::cust("(contradicted OR state = 'failed')"));
        let lost = serde_json::to_string(&RefundFailure::NeverArrived);
        let lost = lost.map_err(|_| Error::Unreadable("refund.failure"))?;
        let unseen = Column::GatewayId.is_not_null().or(Column::Failure.eq(lost));
        Ok(alarming.filter(Column::Contradicted.into_expr().or(unseen)).all(self.conn()).await?)
    }

    /// Money that went back and that the books did not get: refused, or meant for them before this.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refund_entries_waiting(&self, before: DateTime<Utc>) -> Result<Vec<RefundEntry>, Error> {
        // In words, as in the partial index that serves it.
        let waiting = self.find::<entry::Entity>().filter(Expr::cust("state IN ('intended', 'refused')"));
        let refused = entry::Column::State.eq(BooksEntryState::Refused);
        let overdue = refused.or(entry::Column::UpdatedAt.lt(moment(before)));
        Ok(waiting.filter(overdue).all(self.conn()).await?)
    }

    /// What was paid back by refunds that were asked for since a moment, per currency. What is owed again counts as not
    /// paid at all.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refund_sums(&self, since: DateTime<Utc>) -> Result<Vec<Sum>, Error> {
        let paid = self.find_by_time::<Entity>().filter(Column::State.eq(RefundState::Succeeded));
        let paid = paid.filter(Column::Meaning.eq(RefundMeaning::SaleCancelled));
        let paid = paid.filter(Column::CreatedAt.gte(since)).select_only().column(Column::Currency);
        let sum = Expr::col(Column::AmountMinor).sum().cast_as("bigint");
        Ok(paid.column_as(sum, "minor").group_by(Column::Currency).into_model().all(self.conn()).await?)
    }
}
