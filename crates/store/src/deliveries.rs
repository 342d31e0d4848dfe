//! How sending one event to one endpoint went: the last try of it.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, moment, owned, text},
};
use chrono::{DateTime, Utc};
use domain::ids::{EndpointId, EventId, MerchantId};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: EndpointId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: EventId,
    pub state: DeliveryState,
    pub tries: i32,
    /// What the receiver said to the last one, or why there was no answer.
    pub answer: String,
    pub tried_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Delivery;

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum DeliveryState {
    /// The receiver has it.
    Taken,
    /// It is tried again by itself.
    Failing,
    /// It was given up: a person may have it sent again.
    Parked,
}

impl MerchantTx {
    /// The try takes the place of the one before.
    ///
    /// # Errors
    /// [`Error::Missing`] when endpoint or event are another merchant's, or gone.
    pub async fn delivery_write(&self, tried: Delivery) -> Result<(), Error> {
        let tried = Delivery { answer: text(&tried.answer), ..tried };
        if self.insert_absent::<Entity>([tried.clone()]).await? == 1 {
            return Ok(());
        }
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(tried.state))
            .col_expr(Column::Tries, Expr::value(tried.tries))
            .col_expr(Column::Answer, Expr::value(tried.answer))
            .col_expr(Column::TriedAt, Expr::value(moment(tried.tried_at)))
            .filter(Column::EndpointId.eq(tried.endpoint_id))
            .filter(Column::EventId.eq(tried.event_id));
        self.update_one(update).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Nothing when it was never tried.
    ///
    /// # Errors
    /// The database is away.
    pub async fn delivery(&self, endpoint: EndpointId, event: EventId) -> Result<Option<Delivery>, Error> {
        let of = self.find::<Entity>().filter(Column::EndpointId.eq(endpoint)).filter(Column::EventId.eq(event));
        Ok(of.only(self.conn()).await?)
    }

    /// Of the newest event that was tried there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn delivery_newest(&self, endpoint: EndpointId) -> Result<Option<Delivery>, Error> {
        // Ids of events grow with time, and its key ends in them.
        let of = self.find::<Entity>().filter(Column::EndpointId.eq(endpoint));
        Ok(of.order_by_desc(Column::EventId).limit(1).only(self.conn()).await?)
    }

    /// The ones that were given up, and then the others that were tried last: up to `limit` of each, newest first. However
    /// much is sent after one was given up, a person finds it and has it sent again.
    ///
    /// # Errors
    /// The database is away.
    pub async fn deliveries(&self, limit: u64) -> Result<Vec<Delivery>, Error> {
        let newest = |of: Select<Entity>| of.order_by_desc(Column::TriedAt).limit(limit);
        let parked = self.find::<Entity>().filter(Column::State.eq(DeliveryState::Parked));
        let others = self.find::<Entity>().filter(Column::State.ne(DeliveryState::Parked));
        let mut found = newest(parked).all(self.conn()).await?;
        found.extend(newest(others).all(self.conn()).await?);
        Ok(found)
    }
}
