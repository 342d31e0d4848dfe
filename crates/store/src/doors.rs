//! The only ways to a [`MerchantDb`]: each takes a credential and answers the scope that it stands for. A merchant id
//! out of a request can never become a scope.

use crate::{
    Attempt, Checkout, Connection, Error, Job, Merchant, MerchantDb, PayLink, QuoteSession, Session, Store, TokenHash,
    attempts, checkouts, connections, integration_keys, merchants, pay_links, quote_sessions,
    scope::{Only, moment},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{CheckoutId, ConnectionId, CustomerId, IntegrationKeyId},
    integration::IntegrationKind,
    payment::AttemptState,
};
use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

/// Where a session stands, with the rows that it may reach.
pub enum PlaceDoor {
    Operator,
    Admin(MerchantDb),
    Payer { db: MerchantDb, payer: domain::ids::PayerId, customer: CustomerId },
}

/// Where the secret of a merchant's program leads.
pub enum IntegrationDoor {
    Open(MerchantDb, IntegrationKeyId),
    /// The merchant has turned this integration off.
    Disabled,
}

impl Store {
    /// A session's token. The place is taken from today's rows, so whoever lost it is out at once.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_session(&self, session: &Session) -> Result<Option<PlaceDoor>, Error> {
        let Some(person) = self.person(session.person_id).await?.filter(|person| person.active) else {
            return Ok(None);
        };
        let db = |merchant| MerchantDb::new(merchant, self.clone());
        Ok(match (&*session.place, session.merchant_id, session.payer_id) {
            ("operator", None, None) if person.operator => Some(PlaceDoor::Operator),
            ("admin", Some(merchant), None) => {
                self.is_staff(merchant, person.id).await?.then(|| PlaceDoor::Admin(db(merchant)))
            }
            ("payer", Some(merchant), Some(payer)) => self
                .payer_of(merchant, payer, person.id)
                .await?
                .map(|row| PlaceDoor::Payer { db: db(merchant), payer, customer: row.customer_id }),
            _ => None,
        })
    }

    /// A checkout's random id. The merchant comes along, because every page behind this door shows it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_checkout(
        &self,
        id: CheckoutId,
        now: DateTime<Utc>,
    ) -> Result<Option<(MerchantDb, Checkout, Merchant)>, Error> {
        let row =
            checkouts::Entity::find().filter(checkouts::Column::Id.eq(id)).filter(checkouts::Column::ExpiresAt.gt(now));
        let found = row.find_both_related(merchants::Entity).only(&self.pools.read).await?;
        Ok(found.map(|(row, merchant)| (MerchantDb::new(row.merchant_id, self.clone()), row, merchant)))
    }

    /// The API key of a Pay Now link.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_pay_link(&self, key: &TokenHash) -> Result<Option<(MerchantDb, PayLink)>, Error> {
        let row = pay_links::Entity::find().filter(pay_links::Column::KeyHash.eq(key.0.clone()));
        let row = row.filter(pay_links::Column::Enabled.eq(true)).only(&self.pools.read).await?;
        Ok(row.map(|row| (MerchantDb::new(row.merchant_id, self.clone()), row)))
    }

    /// The secret of a key of this kind; nothing for one that is retired, and for a key of another kind.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_integration(
        &self,
        kind: IntegrationKind,
        secret: &TokenHash,
    ) -> Result<Option<IntegrationDoor>, Error> {
        let row = integration_keys::Entity::find().filter(integration_keys::Column::SecretHash.eq(secret.0.clone()));
        let active = row.filter(integration_keys::Column::RetiredAt.is_null());
        let Some(key) = active.filter(integration_keys::Column::Kind.eq(kind)).only(&self.pools.read).await? else {
            return Ok(None);
        };
        let db = MerchantDb::new(key.merchant_id, self.clone());
        let is_enabled = db.integration_is_enabled(kind).await?;
        Ok(Some(if is_enabled { IntegrationDoor::Open(db, key.id) } else { IntegrationDoor::Disabled }))
    }

    /// What a quoting program sends its payer's browser with.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_quote(&self, token: &TokenHash) -> Result<Option<(MerchantDb, QuoteSession)>, Error> {
        let row = quote_sessions::Entity::find().filter(quote_sessions::Column::TokenHash.eq(token.0.clone()));
        let row = row.only(&self.pools.read).await?;
        Ok(row.map(|row| (MerchantDb::new(row.merchant_id, self.clone()), row)))
    }

    /// The address that a vendor's news comes to; the caller checks the signature with this connection's secret. Or the page
    /// of the built-in sandbox; the caller asks for an attempt of this connection as well.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_webhook(&self, id: ConnectionId) -> Result<Option<(MerchantDb, Connection)>, Error> {
        let row = connections::Entity::find().filter(connections::Column::Id.eq(id)).only(&self.pools.read).await?;
        Ok(row.map(|row| (MerchantDb::new(row.merchant_id, self.clone()), row)))
    }

    /// All connections to books of this provider: whoever lets go of one must know whether the vendor ends another's with it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_books(&self, provider: &str) -> Result<Vec<(MerchantDb, Connection)>, Error> {
        let books = connections::Entity::find().filter(connections::Column::Kind.eq("books"));
        let rows = books.filter(connections::Column::Provider.eq(provider)).all(&self.pools.read).await?;
        Ok(rows.into_iter().map(|row| (MerchantDb::new(row.merchant_id, self.clone()), row)).collect())
    }

    /// A claimed job.
    #[must_use]
    pub fn door_job(&self, job: &Job) -> MerchantDb {
        MerchantDb::new(job.merchant_id, self.clone())
    }

    /// The worker's sweep: up to `limit` attempts that were begun before this and of which nothing was recorded since.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_unheard(
        &self,
        begun_before: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<(MerchantDb, Attempt)>, Error> {
        let open = attempts::Entity::find().filter(Expr::cust(attempts::OPEN));
        let unheard = open.filter(attempts::Column::State.eq(AttemptState::Created));
        let unheard = unheard.filter(attempts::Column::CreatedAt.lt(moment(begun_before)));
        let oldest_first = unheard.order_by_asc(attempts::Column::CreatedAt).limit(limit);
        let rows = oldest_first.all(&self.pools.read).await?;
        Ok(rows.into_iter().map(|row| (MerchantDb::new(row.merchant_id, self.clone()), row)).collect())
    }

    /// The worker's rounds over every tenant: what falls due is queued for each in its own scope.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_rounds(&self) -> Result<Vec<MerchantDb>, Error> {
        let merchants = merchants::Entity::find().all(&self.pools.read).await?;
        Ok(merchants.into_iter().map(|row| MerchantDb::new(row.id, self.clone())).collect())
    }
}
