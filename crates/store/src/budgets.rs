//! What is left of a vendor's limits, for all processes together. A row is what a vendor counts together, read and written
//! whole: what it means is `domain::governor`'s alone. It holds counts, nothing of a merchant's.

use crate::{
    Error, Store, TokenHash,
    scope::{Only, json, kept},
};
use chrono::{DateTime, Utc};
use domain::governor::Budget;
use sea_orm::{ActiveModelTrait, IntoActiveModel, QuerySelect, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "budget")]
pub struct Model {
    /// Of provider, organisation, and client where these are counted apart.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: String,
    /// JSON of the budget.
    pub state: String,
    pub changed_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// One that another version has written otherwise begins anew: the vendor's answers tell how much is used.
    fn budget(&self) -> Budget {
        serde_json::from_str(&self.state).unwrap_or_default()
    }
}

impl Store {
    /// As it was last written.
    ///
    /// # Errors
    /// The database is away.
    pub async fn budget(&self, key: &str) -> Result<Budget, Error> {
        let row = Entity::find_by_id(TokenHash::of(key).0).only(&self.pools.read).await?;
        Ok(row.map(|row| row.budget()).unwrap_or_default())
    }

    /// Changes it while nobody else does: a transaction of its own, and short.
    ///
    /// # Errors
    /// The database is away; nothing was changed.
    pub async fn budget_change<T>(
        &self,
        key: &str,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Budget) -> T,
    ) -> Result<T, Error> {
        let hash = TokenHash::of(key).0;
        let tx = self.begin().await?;
        let held = || Entity::find_by_id(hash.clone()).lock_exclusive();
        let row = match held().only(&tx).await? {
            Some(row) => row,
            None => {
                let state = json(&Budget::default(), "budget.state")?;
                let first = kept(Model { key_hash: hash.clone(), state, changed_at: now }.into_active_model());
                Entity::insert(first).on_conflict_do_nothing_on([Column::KeyHash]).exec_without_returning(&tx).await?;
                held().only(&tx).await?.ok_or(Error::Missing)?
            }
        };
        let mut budget = row.budget();
        let changed = change(&mut budget);
        let row = Model { state: json(&budget, "budget.state")?, changed_at: now, ..row };
        let row = kept(row.into_active_model().reset_all());
        Entity::update_many().set(row).filter(Column::KeyHash.eq(hash)).exec(&tx).await?;
        tx.commit().await?;
        Ok(changed)
    }
}
