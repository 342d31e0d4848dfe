//! What happened at a merchant, as its partners are told: a row in the transaction of the fact, numbered afterwards, so that
//! no payment waits for another one's number (D7). Its body is written with the number, from committed rows, and never again.

use crate::{
    Error, MerchantDb, MerchantTx, Store, endpoints,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    event::EventKind,
    ids::{AttemptId, DisputeId, EventId, InvoiceId, MerchantId, RefundId},
};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    pub kind: EventKind,
    /// Every event is about one, or about something of it.
    pub attempt_id: AttemptId,
    pub refund_id: Option<RefundId>,
    pub dispute_id: Option<DisputeId>,
    pub invoice_id: Option<InvoiceId>,
    pub occurred_at: DateTime<Utc>,
    /// From 1, without gaps; absent until it is numbered.
    pub sequence: Option<i64>,
    /// What is sent, to the byte.
    pub body: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as EventRow;

pub(crate) mod head {
    use super::*;
    /// The newest number. Held while events are numbered.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        pub sequence: i64,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

/// Something that this transaction makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEvent {
    pub kind: EventKind,
    pub attempt: AttemptId,
    pub refund: Option<RefundId>,
    pub dispute: Option<DisputeId>,
    pub invoice: Option<InvoiceId>,
}

impl NewEvent {
    /// About the attempt itself.
    #[must_use]
    pub const fn of(kind: EventKind, attempt: AttemptId) -> Self {
        Self { kind, attempt, refund: None, dispute: None, invoice: None }
    }
}

impl MerchantTx {
    /// Writes it down, where somebody is to be told.
    ///
    /// # Errors
    /// [`Error::Missing`] also for what is another merchant's.
    pub async fn event_add(&self, new: NewEvent, now: DateTime<Utc>) -> Result<(), Error> {
        self.event_add_knowing(new, None, now).await
    }

    /// The same, where it may be known already whether somebody is ([`MerchantTx::attempt_hold_telling`]).
    ///
    /// # Errors
    /// As there.
    pub async fn event_add_knowing(&self, new: NewEvent, tells: Option<bool>, now: DateTime<Utc>) -> Result<(), Error> {
        let tells = match tells {
            Some(tells) => tells,
            None => self.find::<endpoints::Entity>().only(self.conn()).await?.is_some(),
        };
        if !tells {
            return Ok(());
        }
        let row = EventRow {
            merchant_id: self.merchant_id(),
            id: EventId(Uuid::now_v7()),
            kind: new.kind,
            attempt_id: new.attempt,
            refund_id: new.refund,
            dispute_id: new.dispute,
            invoice_id: new.invoice,
            occurred_at: now,
            sequence: None,
            body: None,
        };
        self.insert::<Entity>([row]).await
    }

    /// The oldest events without a number, and the newest number, which is held: of several workers, one goes on where
    /// another has ended.
    ///
    /// # Errors
    /// The database is away.
    pub async fn events_unnumbered(&self, limit: u64) -> Result<(i64, Vec<EventRow>), Error> {
        let none = head::Model { merchant_id: self.merchant_id(), sequence: 0 };
        self.insert_absent::<head::Entity>([none]).await?;
        let head = self.find::<head::Entity>().lock_exclusive().only(self.conn()).await?.ok_or(Error::Missing)?;
        // In words, as in the partial index that serves it.
        let waiting = self.find::<Entity>().filter(Expr::cust("sequence IS NULL"));
        Ok((head.sequence, waiting.order_by_asc(Column::Id).limit(limit).all(self.conn()).await?))
    }

    /// Gives an event its number and its body.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's event, and for one that has a number.
    pub async fn event_number(&self, id: EventId, sequence: i64, body: String) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::Sequence, Expr::value(sequence))
            .col_expr(Column::Body, Expr::value(body))
            .filter(Column::Id.eq(id))
            .filter(Column::Sequence.is_null());
        self.update_one(update).await?;
        let newest = self.update::<head::Entity>().col_expr(head::Column::Sequence, Expr::value(sequence));
        self.update_one(newest).await
    }

    /// Deletes up to `limit` events from before this, with how each sending of them went, and says how many those were.
    ///
    /// # Errors
    /// The database is away.
    pub async fn events_prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let numbered = self.find_by_time::<Entity>().filter(Column::Sequence.is_not_null());
        self.prune(Column::Id, numbered.filter(Column::OccurredAt.lt(moment(before))), limit).await
    }
}

impl Store {
    /// The worker's sweep: the merchants of whom events wait for their number.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_unnumbered(&self) -> Result<Vec<MerchantDb>, Error> {
        let waiting = Entity::find().filter(Expr::cust("sequence IS NULL"));
        let merchants = waiting.select_only().column(Column::MerchantId).distinct();
        let merchants = merchants.into_tuple::<MerchantId>().all(&self.pools.read).await?;
        Ok(merchants.into_iter().map(|merchant| MerchantDb::new(merchant, self.clone())).collect())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's event.
    pub async fn event(&self, id: EventId) -> Result<EventRow, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// The database is away.
    pub async fn events_by_id(&self, ids: Vec<EventId>) -> Result<Vec<EventRow>, Error> {
        Ok(self.find::<Entity>().filter(Column::Id.is_in(ids)).all(self.conn()).await?)
    }

    /// The next event after this number.
    ///
    /// # Errors
    /// The database is away.
    pub async fn event_after(&self, sequence: i64) -> Result<Option<EventRow>, Error> {
        let next = self.find::<Entity>().filter(Column::Sequence.gt(sequence));
        Ok(next.order_by_asc(Column::Sequence).limit(1).all(self.conn()).await?.into_iter().next())
    }

    /// The newest number.
    ///
    /// # Errors
    /// The database is away.
    pub async fn event_head(&self) -> Result<i64, Error> {
        let head = self.find::<head::Entity>().only(self.conn()).await?;
        Ok(head.map_or(0, |head| head.sequence))
    }
}
