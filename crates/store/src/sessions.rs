//! Sessions are rows: listed, revoked, and known by the hash of their token alone.

use crate::{
    Error, PlaceRow, Store,
    scope::{Only, kept, moment},
};
use chrono::{DateTime, Utc};
use domain::ids::{MerchantId, PayerId, PersonId};
use sea_orm::{ExprTrait, IntoActiveModel, QuerySelect, QueryTrait, entity::prelude::*};
use sha2::{Digest, Sha256};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
#[non_exhaustive]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    pub person_id: PersonId,
    /// `operator`, `admin` or `payer`.
    pub place: String,
    pub merchant_id: Option<MerchantId>,
    pub payer_id: Option<PayerId>,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    /// The absolute limit; the idle limit counts from `seen_at`.
    pub expires_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}

/// SHA-256 of a session token or an API key: what is stored to find it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHash(pub(crate) String);

impl TokenHash {
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(hex::encode(Sha256::digest(token.as_bytes())))
    }

    /// As a column keeps it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl Store {
    /// # Errors
    /// The database is away.
    pub async fn session_start(
        &self,
        token: &TokenHash,
        person: PersonId,
        place: &PlaceRow,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (name, merchant_id, payer_id) = match place {
            PlaceRow::Operator => ("operator", None, None),
            PlaceRow::Admin { merchant, .. } => ("admin", Some(*merchant), None),
            PlaceRow::Payer { merchant, payer, .. } => ("payer", Some(*merchant), Some(*payer)),
        };
        let row = Model {
            token_hash: token.0.clone(),
            person_id: person,
            place: name.to_owned(),
            merchant_id,
            payer_id,
            created_at: now,
            seen_at: now,
            expires_at,
        };
        Entity::insert(kept(row.into_active_model())).exec_without_returning(&self.pools.write).await?;
        Ok(())
    }

    /// # Errors
    /// The database is away.
    pub async fn session(&self, token: &TokenHash) -> Result<Option<Model>, Error> {
        Ok(Entity::find_by_id(token.0.clone()).only(&self.pools.read).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn session_seen(&self, token: &TokenHash, now: DateTime<Utc>) -> Result<(), Error> {
        let update = Entity::update_many()
            .col_expr(Column::SeenAt, Expr::value(moment(now)))
            .filter(Column::TokenHash.eq(token.0.clone()));
        update.exec(&self.pools.write).await?;
        Ok(())
    }

    /// # Errors
    /// The database is away.
    pub async fn session_end(&self, token: &TokenHash) -> Result<(), Error> {
        Entity::delete_by_id(token.0.clone()).exec(&self.pools.write).await?;
        Ok(())
    }

    /// Deletes up to `limit` sessions that are over: too old, or not used since `seen_before`. Says how many those were.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sessions_prune(
        &self,
        now: DateTime<Utc>,
        seen_before: DateTime<Utc>,
        limit: u64,
    ) -> Result<u64, Error> {
        let over = Column::ExpiresAt.lte(moment(now)).or(Column::SeenAt.lt(moment(seen_before)));
        let over = Entity::find().select_only().column(Column::TokenHash).filter(over).limit(limit);
        let delete = Entity::delete_many().filter(Column::TokenHash.in_subquery(over.into_query()));
        Ok(delete.exec(&self.pools.write).await?.rows_affected)
    }
}
