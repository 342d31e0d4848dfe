//! Counts within a window of time, kept in the database so that every node knows them: failed sign-ins, guesses, and what
//! is remembered for a while. The subject is stored as a hash: an unknown address is counted just like a known one.

use crate::{
    Error, Store, TokenHash,
    scope::{Only, kept},
};
use chrono::{DateTime, Duration, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ExprTrait, IntoActiveModel, QuerySelect, QueryTrait, entity::prelude::*,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "throttle")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_hash: String,
    pub counted: i32,
    pub window_started_at: DateTime<Utc>,
    pub locked_until: Option<DateTime<Utc>>,
    /// From then on the row means nothing.
    pub forget_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}

/// How many counts lock a subject, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    pub max: i32,
    pub window: Duration,
    pub lock: Duration,
}

impl Throttle {
    /// Locks at once: the subject is remembered for this long.
    #[must_use]
    pub const fn remember(time: Duration) -> Self {
        Self { max: 1, window: time, lock: time }
    }
}

impl Model {
    fn one_more(self, limit: Throttle, now: DateTime<Utc>) -> Self {
        let counting = now - self.window_started_at < limit.window;
        let (window_started_at, before) = if counting { (self.window_started_at, self.counted) } else { (now, 0) };
        let counted = before + 1;
        let locked_until = (counted >= limit.max).then(|| now + limit.lock);
        let forget_at = Ord::max(window_started_at + limit.window, locked_until.unwrap_or(now));
        Self { counted, window_started_at, locked_until, forget_at, ..self }
    }
}

impl Store {
    /// Until when this subject is locked out, or remembered.
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

    /// Counts once more and locks the subject when that was the last one allowed. Whoever counts before trying cannot be
    /// overtaken by guesses made at the same time. Answers until when it was locked already; then nothing is counted, so
    /// that nobody can make a lock of somebody else's last longer.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_count(
        &self,
        subject: &str,
        limit: Throttle,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        // Whoever goes on at a lock must not take the writer's turn from others.
        if let Some(until) = self.throttle_locked_until(subject, now).await? {
            return Ok(Some(until));
        }
        let hash = TokenHash::of(subject).0;
        let fresh = Model {
            subject_hash: hash.clone(),
            counted: 0,
            window_started_at: now,
            locked_until: None,
            forget_at: now + limit.window,
        };
        let tx = self.begin().await?;
        let row = kept(fresh.into_active_model());
        Entity::insert(row).on_conflict_do_nothing_on([Column::SubjectHash]).exec_without_returning(&tx).await?;
        // Held, so that guesses made at the same time are counted one by one.
        let known = Entity::find_by_id(hash.clone()).lock_exclusive().only(&tx).await?.ok_or(Error::Missing)?;
        if let Some(until) = known.locked_until.filter(|until| *until > now) {
            return Ok(Some(until));
        }
        let counted = kept(known.one_more(limit, now).into_active_model().reset_all());
        Entity::update_many().set(counted).filter(Column::SubjectHash.eq(hash)).exec(&tx).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Takes one count back, and the lock that it may have brought: it was no failure after all.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_forgive(&self, subject: &str) -> Result<(), Error> {
        let one_less = Entity::update_many()
            .col_expr(Column::Counted, Expr::col(Column::Counted).sub(1))
            .col_expr(Column::LockedUntil, Expr::value(None::<DateTime<Utc>>));
        let counted = one_less.filter(Column::SubjectHash.eq(TokenHash::of(subject).0)).filter(Column::Counted.gt(0));
        counted.exec(&self.pools.write).await?;
        Ok(())
    }

    /// Starts the count of a subject anew.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_clear(&self, subject: &str) -> Result<(), Error> {
        let cleared = ActiveModel { counted: Set(0), locked_until: Set(None), ..Default::default() };
        let hash = TokenHash::of(subject).0;
        Entity::update_many().set(cleared).filter(Column::SubjectHash.eq(hash)).exec(&self.pools.write).await?;
        Ok(())
    }

    /// Deletes up to `limit` rows that count nothing any more, and says how many those were.
    ///
    /// # Errors
    /// The database is away.
    pub async fn throttle_prune(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let over = Entity::find().select_only().column(Column::SubjectHash).filter(Column::ForgetAt.lte(now));
        let delete = Entity::delete_many().filter(Column::SubjectHash.in_subquery(over.limit(limit).into_query()));
        Ok(delete.exec(&self.pools.write).await?.rows_affected)
    }
}
