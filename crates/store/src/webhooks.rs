//! Vendors' news, stored raw and answered before it is worked (D5, D6). A duplicate is one whose earlier row was
//! *processed*; a failed one is worked again.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, moment, owned, text},
};
use chrono::{DateTime, Utc};
use domain::ids::{ConnectionId, MerchantId, WebhookId};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookId,
    pub connection_id: ConnectionId,
    /// The vendor's id of the event.
    pub event_id: String,
    pub kind: String,
    /// What the adapter read in it, as JSON.
    pub news: String,
    pub raw: String,
    pub state: WebhookState,
    pub received_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum WebhookState {
    Received,
    Processed,
    /// Authentic, but about nothing that we know.
    Parked,
}

#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub connection: ConnectionId,
    pub event_id: String,
    pub kind: String,
    pub news: String,
    pub raw: String,
}

impl MerchantTx {
    /// Stores the event, or finds the row of its first delivery.
    ///
    /// # Errors
    /// The database is away.
    pub async fn webhook_receive(&self, new: NewWebhook, now: DateTime<Utc>) -> Result<Model, Error> {
        let (connection, event_id) = (new.connection, text(&new.event_id));
        let row = Model {
            merchant_id: self.merchant_id(),
            id: WebhookId(Uuid::now_v7()),
            connection_id: connection,
            event_id: event_id.clone(),
            kind: text(&new.kind),
            news: new.news,
            raw: new.raw,
            state: WebhookState::Received,
            received_at: now,
        };
        self.insert_absent::<Entity>([row]).await?;
        let stands =
            self.find::<Entity>().filter(Column::ConnectionId.eq(connection)).filter(Column::EventId.eq(event_id));
        stands.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Has a parked event worked after all, by what is read in a delivery of it that came later.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's event, and for one that is parked no more.
    pub async fn webhook_read_anew(&self, id: WebhookId, new: NewWebhook) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::Kind, Expr::value(text(&new.kind)))
            .col_expr(Column::News, Expr::value(new.news))
            .col_expr(Column::Raw, Expr::value(new.raw))
            .col_expr(Column::State, Expr::value(WebhookState::Received));
        self.update_one(update.filter(Column::Id.eq(id)).filter(Column::State.eq(WebhookState::Parked))).await
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's event.
    pub async fn webhook_move(&self, id: WebhookId, state: WebhookState) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::State, Expr::value(state)).filter(Column::Id.eq(id));
        self.update_one(update).await
    }

    /// Ends several at once that were still to be worked.
    ///
    /// # Errors
    /// The database is away.
    pub async fn webhooks_processed(&self, ids: Vec<WebhookId>) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::State, Expr::value(WebhookState::Processed));
        let of = update.filter(Column::Id.is_in(ids)).filter(Column::State.eq(WebhookState::Received));
        of.exec(self.conn()).await?;
        Ok(())
    }

    /// Empties up to `limit` raw bodies of processed events that came before this, and says how many. The rows stay:
    /// they know a late duplicate.
    ///
    /// # Errors
    /// The database is away.
    pub async fn webhooks_prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let over = self
            .find_by_time::<Entity>()
            // In words, as in the partial index that serves it.
            .filter(Expr::cust("state = 'processed' AND raw <> ''"))
            .filter(Column::ReceivedAt.lt(moment(before)))
            .select_only()
            .column(Column::Id)
            .limit(limit);
        let update = self.update::<Entity>().col_expr(Column::Raw, Expr::value(""));
        Ok(update.filter(Column::Id.in_subquery(over.into_query())).exec(self.conn()).await?.rows_affected)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's event.
    pub async fn webhook(&self, id: WebhookId) -> Result<Model, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Which of these events of a connection are still to be worked.
    ///
    /// # Errors
    /// The database is away.
    pub async fn webhooks_received(&self, connection: ConnectionId, ids: Vec<WebhookId>) -> Result<Vec<Model>, Error> {
        let of = self.find::<Entity>().filter(Column::Id.is_in(ids)).filter(Column::ConnectionId.eq(connection));
        Ok(of.filter(Column::State.eq(WebhookState::Received)).all(self.conn()).await?)
    }

    /// When the newest event of a connection came first. Ids are minted as events come, so it is found by the key.
    ///
    /// # Errors
    /// The database is away.
    pub async fn webhook_newest_at(&self, connection: ConnectionId) -> Result<Option<DateTime<Utc>>, Error> {
        let of = self.find::<Entity>().filter(Column::ConnectionId.eq(connection)).order_by_desc(Column::Id).limit(1);
        let newest: Vec<DateTime<Utc>> =
            of.select_only().column(Column::ReceivedAt).into_tuple().all(self.conn()).await?;
        Ok(newest.first().copied())
    }

    /// The newest of those that are parked, newest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn webhooks_parked(&self, limit: u64) -> Result<Vec<Model>, Error> {
        // In words, as in the partial index that serves it.
        let parked = self.find::<Entity>().filter(Expr::cust("state = 'parked'"));
        Ok(parked.order_by_desc(Column::ReceivedAt).limit(limit).all(self.conn()).await?)
    }
}
