//! The database as one merchant may see it. Every read has the merchant's filter, every written row the merchant's
//! stamp, over the pool and over a transaction alike.

use crate::{Error, Store};
use domain::ids::MerchantId;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, Select, UpdateMany, prelude::*,
};

/// An entity whose rows belong to one merchant.
pub(crate) trait Owned: EntityTrait {
    const MERCHANT: Self::Column;
    /// Stamps the merchant on a row that is about to be written.
    fn claim(row: &mut Self::Model, merchant: MerchantId);
}

/// Implements [`Owned`] for the entity of the module it stands in.
macro_rules! owned {
    () => {
        impl crate::scope::Owned for Entity {
            const MERCHANT: Column = Column::MerchantId;
            fn claim(row: &mut Model, merchant: domain::ids::MerchantId) {
                row.merchant_id = merchant;
            }
        }
    };
}
pub(crate) use owned;

pub struct Scoped<C> {
    merchant: MerchantId,
    conn: C,
    store: Store,
}

/// Reads of one merchant.
pub type MerchantDb = Scoped<DatabaseConnection>;
/// A transaction of one merchant: what it writes stands together or not at all.
pub type MerchantTx = Scoped<DatabaseTransaction>;

impl Clone for MerchantDb {
    fn clone(&self) -> Self {
        Self { merchant: self.merchant, conn: self.conn.clone(), store: self.store.clone() }
    }
}

impl MerchantDb {
    pub(crate) fn new(merchant: MerchantId, store: Store) -> Self {
        Self { merchant, conn: store.pools.read.clone(), store }
    }

    /// # Errors
    /// The database is busy or away.
    pub async fn begin(&self) -> Result<MerchantTx, Error> {
        Ok(Scoped { merchant: self.merchant, conn: self.store.begin().await?, store: self.store.clone() })
    }
}

impl MerchantTx {
    /// # Errors
    /// Nothing of the transaction stands.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.conn.commit().await?)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Whose rows these are.
    pub const fn merchant_id(&self) -> MerchantId {
        self.merchant
    }

    pub(crate) const fn conn(&self) -> &C {
        &self.conn
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn find<E: Owned>(&self) -> Select<E> {
        E::find().filter(E::MERCHANT.eq(self.merchant))
    }

    pub(crate) fn update<E: Owned>(&self) -> UpdateMany<E> {
        E::update_many().filter(E::MERCHANT.eq(self.merchant))
    }

    pub(crate) async fn insert<E: Owned>(&self, mut row: E::Model) -> Result<(), Error>
    where
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        E::claim(&mut row, self.merchant);
        E::insert(row.into_active_model()).exec_without_returning(&self.conn).await?;
        Ok(())
    }
}
