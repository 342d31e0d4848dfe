//! Disputes and the facts seen about them. Facts are appended; the state column is a cache of their fold.

use crate::{
    Attempt, Error, MerchantTx, ObservedDispute,
    facts::FactColumns,
    scope::{Only, Scoped, moment, money, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    dispute::{DisputeReason, DisputeState, undisputed},
    ids::{AttemptId, DisputeId, MerchantId, ObservationId},
    money::Money,
};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dispute")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DisputeId,
    pub attempt_id: AttemptId,
    pub gateway_id: String,
    pub currency: String,
    pub amount_minor: i64,
    /// JSON of a `DisputeReason`.
    pub reason: String,
    /// Where staff answer it.
    pub page_url: Option<String>,
    pub state: DisputeState,
    /// At the gateway.
    pub opened_at: DateTime<Utc>,
    /// Evidence is taken until then.
    pub answer_by: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Dispute;

impl Dispute {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn amount(&self) -> Result<Money, Error> {
        money(self.amount_minor, &self.currency, "dispute.currency")
    }

    /// # Errors
    /// A stored reason that this version does not know.
    pub fn reason(&self) -> Result<DisputeReason, Error> {
        serde_json::from_str(&self.reason).map_err(|_| Error::Unreadable("dispute.reason"))
    }
}

mod observation {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "dispute_observation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ObservationId,
        pub dispute_id: DisputeId,
        /// Its place among the facts of the dispute, from 0.
        pub place: i32,
        /// JSON of a `Source`.
        pub source: String,
        /// JSON of a `DisputeSeen`.
        pub body: String,
        pub at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

/// Of the columns that say from whom it is known and what was seen.
const NAMES: [&str; 2] = ["dispute_observation.source", "dispute_observation.body"];

fn observed(row: &observation::Model) -> Result<ObservedDispute, Error> {
    ObservedDispute::read([&row.source, &row.body], row.at, NAMES)
}

/// What of an attempt's money nobody disputes, and no bank has taken back: what is left of it if nothing was refunded.
///
/// # Errors
/// A stored currency that this version does not know.
pub fn undisputed_of(attempt: &Attempt, disputes: &[Dispute]) -> Result<Money, Error> {
    let amount = attempt.amount()?;
    let captured = if attempt.state.has_money() { amount } else { Money::zero(amount.currency) };
    let disputes = disputes.iter().map(|dispute| Ok((dispute.state, dispute.amount()?)));
    let disputes = disputes.collect::<Result<Vec<_>, Error>>()?;
    undisputed(captured, disputes).map_err(|_| Error::Unreadable("dispute.currency"))
}

impl MerchantTx {
    /// Writes a dispute that was not known. The attempt is held meanwhile.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when it stands.
    pub async fn dispute_add(&self, new: Dispute) -> Result<(), Error> {
        self.insert::<Entity>([new]).await
    }

    /// Adds a fact after the `place` facts that stand. The attempt is held meanwhile.
    ///
    /// # Errors
    /// The database is away.
    pub async fn dispute_observation_add(
        &self,
        dispute: DisputeId,
        place: usize,
        seen: &ObservedDispute,
    ) -> Result<(), Error> {
        let merchant_id = self.merchant_id();
        let FactColumns { id, place, source, body, at } = seen.columns(place, NAMES)?;
        let row = observation::Model { merchant_id, id, dispute_id: dispute, place, source, body, at };
        self.insert::<observation::Entity>([row]).await
    }

    /// Writes the cache of the fold.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's dispute.
    pub async fn dispute_cache(&self, dispute: Dispute) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::Id.eq(dispute.id), dispute).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's dispute.
    pub async fn dispute(&self, id: DisputeId) -> Result<Dispute, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// The disputes of these attempts, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn disputes_of(&self, attempts: &[AttemptId]) -> Result<Vec<Dispute>, Error> {
        let of = self.find::<Entity>().filter(Column::AttemptId.is_in(attempts.to_vec()));
        Ok(of.order_by_asc(Column::OpenedAt).order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// Those that were opened since then.
    ///
    /// # Errors
    /// The database is away.
    pub async fn disputes_since(&self, since: DateTime<Utc>) -> Result<Vec<Dispute>, Error> {
        Ok(self.find_by_time::<Entity>().filter(Column::OpenedAt.gte(moment(since))).all(self.conn()).await?)
    }

    /// Disputes that somebody must see to: inquiries, those that are open, and those that were lost.
    ///
    /// # Errors
    /// The database is away.
    pub async fn disputes_alarming(&self) -> Result<Vec<Dispute>, Error> {
        // In words, as in the partial index that serves it.
        let alarming = Expr::cust("state IN ('inquiry', 'open', 'lost')");
        Ok(self.find::<Entity>().filter(alarming).all(self.conn()).await?)
    }

    /// Every fact about a dispute, oldest first.
    ///
    /// # Errors
    /// A stored fact that this version cannot read.
    pub async fn dispute_observations(&self, dispute: DisputeId) -> Result<Vec<ObservedDispute>, Error> {
        let rows = self.find::<observation::Entity>().filter(observation::Column::DisputeId.eq(dispute));
        let rows = rows.order_by_asc(observation::Column::Place).all(self.conn()).await?;
        rows.iter().map(observed).collect()
    }
}
