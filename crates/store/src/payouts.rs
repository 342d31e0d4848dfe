//! What gateways paid out to the merchant's bank, and what each payout consists of. A payout is written whole, with all of its
//! lines, and read again until it is final. Its lines name charges and refunds as the gateway does: whose they are is looked
//! up when they are shown, because what a restored copy lacks may be taken in later.

use crate::{
    Attempt, Error, MerchantTx, Refund, attempts,
    invoices::ROWS_PER_STATEMENT,
    refunds,
    scope::{Only, Scoped, money, owned, text},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{ConnectionId, MerchantId, PayoutId},
    money::Money,
    payout::{Breakdown, PayoutLineKind, PayoutState, PayoutSums},
};
use sea_orm::{ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, Select, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payout")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PayoutId,
    pub connection_id: ConnectionId,
    pub gateway_id: String,
    pub currency: String,
    pub amount_minor: i64,
    pub state: PayoutState,
    /// Why it failed, in the gateway's words.
    pub failure: Option<String>,
    pub arrives_on: NaiveDate,
    /// At the gateway.
    pub created_at: DateTime<Utc>,
    pub breakdown: Breakdown,
    /// What its lines come to, as far as they are told.
    pub payments_minor: i64,
    pub refunds_minor: i64,
    pub other_minor: i64,
    pub fees_minor: i64,
    /// It failed, and its money has reached the bank by a later one.
    pub came_again: bool,
    /// A person must see to it.
    pub alarming: bool,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Payout;

mod line {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_line")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub payout_id: PayoutId,
        /// From 0.
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: i32,
        pub kind: PayoutLineKind,
        /// Of the payout's currency, as the fee.
        pub amount_minor: i64,
        pub fee_minor: i64,
        /// Of the charge, refund, dispute or payout behind it.
        pub gateway_id: String,
        /// Of the payment that it is of.
        pub charge_gateway_id: Option<String>,
        /// What the gateway calls it, where it is of no payment.
        pub words: Option<String>,
        pub at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

pub use line::Model as PayoutLine;

impl Payout {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn amount(&self) -> Result<Money, Error> {
        money(self.amount_minor, &self.currency, "payout.currency")
    }

    /// # Errors
    /// As [`Payout::amount`].
    pub fn sums(&self) -> Result<PayoutSums, Error> {
        let currency = self.amount()?.currency;
        let [payments, refunds, other, fees] =
            [self.payments_minor, self.refunds_minor, self.other_minor, self.fees_minor]
                .map(|minor| Money::new(minor, currency));
        Ok(PayoutSums { payments, refunds, other, fees })
    }
}

impl MerchantTx {
    /// Writes a payout as its gateway tells it now, over the one that stands. `lines` take the place of all that stand; without
    /// them, those stay.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn payout_keep(&self, told: Payout, lines: Option<Vec<PayoutLine>>) -> Result<(), Error> {
        let there = self.there(told.connection_id, &told.gateway_id).lock_exclusive().only(self.conn()).await?;
        let id = match there {
            Some(stands) => {
                let told = Payout { id: stands.id, ..told };
                self.rewrite::<Entity>(Column::Id.eq(stands.id), told).await?;
                stands.id
            }
            None => {
                let id = told.id;
                // Another worker has written it at this moment, whole.
                if self.insert_absent::<Entity>([told]).await? == 0 {
                    return Ok(());
                }
                id
            }
        };
        let Some(lines) = lines else { return Ok(()) };
        let old = line::Entity::delete_many().filter(line::Column::MerchantId.eq(self.merchant_id()));
        old.filter(line::Column::PayoutId.eq(id)).exec(self.conn()).await?;
        for some in lines.chunks(ROWS_PER_STATEMENT) {
            let some = some.iter().cloned().map(|row| PayoutLine { payout_id: id, ..row });
            self.insert::<line::Entity>(some).await?;
        }
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    fn there(&self, connection: ConnectionId, gateway_id: &str) -> Select<Entity> {
        let there = self.find::<Entity>().filter(Column::GatewayId.eq(text(gateway_id)));
        there.filter(Column::ConnectionId.eq(connection))
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's payout.
    pub async fn payout(&self, id: PayoutId) -> Result<Payout, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// The one that this gateway calls so.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payout_by_gateway_id(
        &self,
        connection: ConnectionId,
        gateway_id: &str,
    ) -> Result<Option<Payout>, Error> {
        Ok(self.there(connection, gateway_id).only(self.conn()).await?)
    }

    /// One page of them, the first being 1, those that arrive last first; and how many there are in all.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payout_page(&self, page: u64, per_page: u64) -> Result<(Vec<Payout>, u64), Error> {
        let list = self.find::<Entity>().order_by_desc(Column::ArrivesOn).order_by_desc(Column::Id);
        self.page(list, page, per_page).await
    }

    /// Those of a gateway of which more is to be heard: on their way, not told whole, or for a person to see to.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payouts_unsettled(&self, connection: ConnectionId) -> Result<Vec<Payout>, Error> {
        let open = Column::State.eq(PayoutState::OnItsWay).or(Column::Breakdown.eq(Breakdown::NotYet));
        let of = self.find::<Entity>().filter(Column::ConnectionId.eq(connection));
        Ok(of.filter(open.or(Column::Alarming.eq(true))).all(self.conn()).await?)
    }

    /// Those that a person must see to.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payouts_alarming(&self) -> Result<Vec<Payout>, Error> {
        // In words, as in the partial index that serves it.
        Ok(self.find::<Entity>().filter(Expr::cust("alarming")).all(self.conn()).await?)
    }

    /// What a payout consists of, in the gateway's order.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payout_lines(&self, payout: PayoutId) -> Result<Vec<PayoutLine>, Error> {
        let of = self.find::<line::Entity>().filter(line::Column::PayoutId.eq(payout));
        Ok(of.order_by_asc(line::Column::Place).all(self.conn()).await?)
    }

    /// Whether the bank has the money of this failed one by another, of which it is a line.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payout_came_again(&self, failed: &Payout) -> Result<bool, Error> {
        let by = self.find::<line::Entity>().filter(line::Column::Kind.eq(PayoutLineKind::CameBack));
        let by = by.filter(line::Column::GatewayId.eq(failed.gateway_id.clone())).all(self.conn()).await?;
        let by = by.into_iter().map(|line| line.payout_id);
        let later = self.find::<Entity>().filter(Column::Id.is_in(by));
        let paid = later.filter(Column::ConnectionId.eq(failed.connection_id));
        Ok(!paid.filter(Column::State.eq(PayoutState::Paid)).all(self.conn()).await?.is_empty())
    }

    /// The attempts of a gateway that have one of these ids there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_there(&self, connection: ConnectionId, ids: &[String]) -> Result<Vec<Attempt>, Error> {
        let these = self.one_of(attempts::Column::GatewayId, ids)?;
        // Said once more, for the partial index that serves it.
        let there = self.find::<attempts::Entity>().filter(attempts::Column::GatewayId.is_not_null()).filter(these);
        Ok(there.filter(attempts::Column::ConnectionId.eq(connection)).all(self.conn()).await?)
    }

    /// The refunds that have one of these ids at their gateway.
    ///
    /// # Errors
    /// The database is away.
    pub async fn refunds_there(&self, ids: &[String]) -> Result<Vec<Refund>, Error> {
        let these = self.one_of(refunds::Column::GatewayId, ids)?;
        Ok(self.find::<refunds::Entity>().filter(these).all(self.conn()).await?)
    }
}
