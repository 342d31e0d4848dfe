//! Where a merchant's events are sent. Each is a queue of its own: how far it was sent to, and how often the next event was
//! tried in vain. One that takes nothing holds up no other (D7).

use crate::{
    Error, MerchantDb, MerchantTx, Sealed, Store, events,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{EndpointId, MerchantId};
use sea_orm::{ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*};
use secrecy::SecretString;
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoint")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EndpointId,
    pub url: String,
    /// What its events are signed with, sealed.
    pub secret: String,
    /// The one before, which signs beside it until then.
    pub old_secret: Option<String>,
    pub old_secret_until: Option<DateTime<Utc>>,
    /// The number of the last event that it has got, or that was parked, or deleted unsent.
    pub sent_through: i64,
    /// How often the next one was tried in vain.
    pub tries: i32,
    /// It was given up, or turned off by staff, who leave no `last_error`; what happens meanwhile waits for it.
    pub off_since: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl Related<events::head::Entity> for Entity {
    fn to() -> RelationDef {
        let of = Self::belongs_to(events::head::Entity).from(Column::MerchantId);
        of.to(events::head::Column::MerchantId).into()
    }
}

pub use Model as Endpoint;

fn purpose(id: EndpointId) -> String {
    format!("endpoint:{id}")
}

impl MerchantTx {
    /// Everything that happens from here on is sent there.
    ///
    /// # Errors
    /// [`Error::Duplicate`] of `one_endpoint_per_url`: it is there already.
    pub async fn endpoint_add(
        &self,
        url: &str,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<EndpointId, Error> {
        let id = EndpointId(Uuid::now_v7());
        let row = Endpoint {
            merchant_id: self.merchant_id(),
            id,
            url: url.to_owned(),
            secret: self.store().keys.seal(&purpose(id), secret)?.0,
            old_secret: None,
            old_secret_until: None,
            sent_through: self.event_head().await?,
            tries: 0,
            off_since: None,
            last_error: None,
            created_at: now,
        };
        self.insert::<Entity>([row]).await?;
        Ok(id)
    }

    /// Signs with another secret, and with the one before as well until then.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's endpoint.
    pub async fn endpoint_secret_replace(
        &self,
        endpoint: &Endpoint,
        secret: &SecretString,
        both_until: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sealed = self.store().keys.seal(&purpose(endpoint.id), secret)?;
        let update = self
            .update::<Entity>()
            .col_expr(Column::OldSecret, Expr::value(Some(endpoint.secret.clone())))
            .col_expr(Column::OldSecretUntil, Expr::value(moment(both_until)))
            .col_expr(Column::Secret, Expr::value(sealed.0))
            .filter(Column::Id.eq(endpoint.id));
        self.update_one(update).await
    }

    /// Keeps others from moving it until this transaction is over.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's endpoint.
    pub async fn endpoint_hold(&self, id: EndpointId) -> Result<Endpoint, Error> {
        let mine = self.find::<Entity>().filter(Column::Id.eq(id)).lock_exclusive();
        mine.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// How far it was sent to, and whether it still is.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's endpoint.
    pub async fn endpoint_move(&self, endpoint: &Endpoint) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::SentThrough, Expr::value(endpoint.sent_through))
            .col_expr(Column::Tries, Expr::value(endpoint.tries))
            .col_expr(Column::OffSince, Expr::value(endpoint.off_since.map(moment)))
            .col_expr(Column::LastError, Expr::value(endpoint.last_error.clone()))
            .filter(Column::Id.eq(endpoint.id));
        self.update_one(update).await
    }

    /// Where all that it has not got was deleted meanwhile, it goes on behind that; otherwise nothing changes.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's endpoint.
    pub async fn endpoint_pass_deleted(&self, id: EndpointId) -> Result<(), Error> {
        let endpoint = self.endpoint_hold(id).await?;
        // First the number: what is numbered while this looks lies behind it.
        let head = self.event_head().await?;
        if endpoint.sent_through < head && self.event_after(endpoint.sent_through).await?.is_none() {
            self.endpoint_move(&Endpoint { sent_through: head, ..endpoint }).await?;
        }
        Ok(())
    }

    /// Nothing is sent there any more, and how its deliveries went is forgotten.
    ///
    /// # Errors
    /// The database is away.
    pub async fn endpoint_drop(&self, id: EndpointId) -> Result<(), Error> {
        let mine = Entity::delete_many().filter(Column::MerchantId.eq(self.merchant_id()));
        mine.filter(Column::Id.eq(id)).exec(self.conn()).await?;
        Ok(())
    }
}

impl MerchantDb {
    /// The secrets that sign at this moment, the newest first.
    ///
    /// # Errors
    /// The key is not in the ring, or the value was changed. [`Error::Missing`] for another merchant's endpoint.
    pub fn endpoint_secrets(&self, endpoint: &Endpoint, now: DateTime<Utc>) -> Result<Vec<SecretString>, Error> {
        if endpoint.merchant_id != self.merchant_id() {
            return Err(Error::Missing);
        }
        let old = endpoint.old_secret.clone().filter(|_| endpoint.old_secret_until.is_some_and(|until| until > now));
        let sealed = std::iter::once(endpoint.secret.clone()).chain(old);
        sealed.map(|sealed| self.store().keys.open(&purpose(endpoint.id), &Sealed(sealed))).collect()
    }
}

impl Store {
    /// The worker's sweep: the endpoints that are on and have not got all that is numbered.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_endpoints_behind(&self) -> Result<Vec<(MerchantDb, EndpointId)>, Error> {
        let waits = Column::SentThrough.into_expr().lt(events::head::Column::Sequence.into_expr());
        let behind = Entity::find().filter(Column::OffSince.is_null()).filter(waits);
        let behind = behind.find_both_related(events::head::Entity);
        let rows = behind.all(&self.pools.read).await?;
        Ok(rows.into_iter().map(|(row, _)| (MerchantDb::new(row.merchant_id, self.clone()), row.id)).collect())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// In the order in which they were added.
    ///
    /// # Errors
    /// The database is away.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, Error> {
        Ok(self.find::<Entity>().order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's endpoint.
    pub async fn endpoint(&self, id: EndpointId) -> Result<Endpoint, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }
}
