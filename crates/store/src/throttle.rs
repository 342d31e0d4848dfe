//! Failed sign-ins, counted per address and per network in the database, so that every node knows them. The subject is
//! stored as a hash: an unknown address is counted just like a known one.

use crate::{
    Error, Store, TokenHash,
    scope::{Only, kept},
};
use chrono::{DateTime, Duration, Utc};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ExprTrait, IntoActiveModel, QuerySelect, entity::prelude::*};

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

impl Model {
    fn failed(self, limit: Throttle, now: DateTime<Utc>) -> Self {
        let counting = now - self.window_started_at < limit.window;
        let (window_started_at, before) = if counting { (self.window_started_at, self.failures) } else { (now, 0) };
        let failures = before + 1;
        // A new window never shortens a lock that still holds.
        let locked_until = if failures >= limit.failures { Some(now + limit.lock) } else { self.locked_until };
        Self { failures, window_started_at, locked_until, ..self }
    }
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
        let row = Entity::find_by_id(TokenHash::of(subject).0).only(&self.pools.read).await?;
        Ok(row.and_then(|row| row.locked_until).filter(|until| *until > now))
    }

    /// Counts one failure and locks the subject when it was the last one allowed. Answers until when it was locked
    /// already: whoever counts before trying cannot be overtaken by guesses made at the same time.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_fail(
        &self,
        subject: &str,
        limit: Throttle,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let hash = TokenHash::of(subject).0;
        let fresh = Model { subject_hash: hash.clone(), failures: 0, window_started_at: now, locked_until: None };
        let tx = self.begin().await?;
        let row = kept(fresh.into_active_model());
        Entity::insert(row).on_conflict_do_nothing_on([Column::SubjectHash]).exec_without_returning(&tx).await?;
        // Held, so that guesses made at the same time are counted one by one.
        let known = Entity::find_by_id(hash.clone()).lock_exclusive().only(&tx).await?.ok_or(Error::Missing)?;
        let locked_until = known.locked_until.filter(|until| *until > now);
        let counted = kept(known.failed(limit, now).into_active_model().reset_all());
        Entity::update_many().set(counted).filter(Column::SubjectHash.eq(hash)).exec(&tx).await?;
        tx.commit().await?;
        Ok(locked_until)
    }

    /// Takes one count back: it was no failure after all.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_forgive(&self, subject: &str) -> Result<(), Error> {
        let one_less = Entity::update_many().col_expr(Column::Failures, Expr::col(Column::Failures).sub(1));
        let counted = one_less.filter(Column::SubjectHash.eq(TokenHash::of(subject).0)).filter(Column::Failures.gt(0));
        counted.exec(&self.pools.write).await?;
        Ok(())
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
