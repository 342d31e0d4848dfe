//! Failed sign-ins, counted per address and per network in the database, so that every node knows them. The subject is
//! stored as a hash: an unknown address is counted just like a known one.

use crate::{Error, Store, TokenHash};
use chrono::{DateTime, Duration, Utc};
use sea_orm::{ActiveValue::Set, IntoActiveModel, entity::prelude::*, sea_query::OnConflict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_throttle")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_hash: String,
    pub failures: i32,
    pub window_started_at: DateTime<Utc>,
    pub locked_until: Option<DateTime<Utc>>,
}
impl ActiveModelBehavior for ActiveModel {}

/// How many failures lock a subject, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    pub failures: i32,
    pub window: Duration,
    pub lock: Duration,
}

impl Store {
    /// Until when this subject is locked out.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_locked_until(
        &self,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let row = Entity::find_by_id(TokenHash::of(subject).0).one(&self.pools.read).await?;
        Ok(row.and_then(|row| row.locked_until).filter(|until| *until > now))
    }

    /// Counts one failure and locks the subject when it was the last one allowed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_fail(&self, subject: &str, limit: Throttle, now: DateTime<Utc>) -> Result<(), Error> {
        let hash = TokenHash::of(subject).0;
        let tx = self.begin().await?;
        let known = Entity::find_by_id(hash.clone()).one(&tx).await?;
        let (started, before) = match &known {
            Some(row) if now - row.window_started_at < limit.window => (row.window_started_at, row.failures),
            _ => (now, 0),
        };
        let failures = before + 1;
        let locked_until = (failures >= limit.failures).then(|| now + limit.lock);
        let row = Model { subject_hash: hash, failures, window_started_at: started, locked_until };
        let mut columns = OnConflict::column(Column::SubjectHash);
        columns.update_columns([Column::Failures, Column::WindowStartedAt, Column::LockedUntil]);
        Entity::insert(row.into_active_model()).on_conflict(columns).exec_without_returning(&tx).await?;
        Ok(tx.commit().await?)
    }

    /// A right password starts the count of its address anew.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_clear(&self, subject: &str) -> Result<(), Error> {
        let cleared = ActiveModel { failures: Set(0), locked_until: Set(None), ..Default::default() };
        let hash = TokenHash::of(subject).0;
        Entity::update_many().set(cleared).filter(Column::SubjectHash.eq(hash)).exec(&self.pools.write).await?;
        Ok(())
    }
}
