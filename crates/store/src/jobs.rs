//! Work that must not be forgotten: a row in the same transaction as the fact that needs it, claimed with a lease,
//! tried again with growing gaps, and kept as a dead letter when it gives up.

use crate::{
    Error, MerchantDb, MerchantTx, Store,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{JobId, MerchantId, PaymentId},
    planted,
};
use sea_orm::{
    Condition, ConnectionTrait, PaginatorTrait, QueryOrder, QuerySelect, Statement, UpdateMany, entity::prelude::*,
};
use std::collections::HashSet;
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
#[non_exhaustive]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    pub merchant_id: MerchantId,
    /// The payment whose story it belongs to.
    pub payment_id: Option<PaymentId>,
    /// The same work is never queued twice.
    pub unique_key: String,
    /// JSON of the engine's job.
    pub body: String,
    pub state: JobState,
    pub run_at: DateTime<Utc>,
    pub tries: i32,
    pub leased_until: Option<DateTime<Utc>>,
    /// Whose claim it is: a worker that lost its lease can write nothing.
    pub lease: Option<Uuid>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum JobState {
    Ready,
    Leased,
    Done,
    /// Gave up: a person must look.
    Dead,
}

#[derive(Clone, Debug)]
pub struct NewJob {
    pub payment: Option<PaymentId>,
    pub unique_key: String,
    pub body: String,
    pub run_at: DateTime<Utc>,
}

impl MerchantTx {
    /// Queues the jobs whose work does not stand already.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_add(&self, new: impl IntoIterator<Item = NewJob>, now: DateTime<Utc>) -> Result<(), Error> {
        let row = |new: NewJob| Model {
            id: JobId(Uuid::now_v7()),
            merchant_id: self.merchant_id(),
            payment_id: new.payment,
            unique_key: new.unique_key,
            body: new.body,
            state: JobState::Ready,
            run_at: new.run_at,
            tries: 0,
            leased_until: None,
            lease: None,
            last_error: None,
            created_at: now,
        };
        self.insert_absent::<Entity>(new.into_iter().map(row)).await?;
        Ok(())
    }

    /// Ends a claimed job in the transaction of its effects. `false`: the lease was lost, so nothing may be committed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_done(&self, job: &Model) -> Result<bool, Error> {
        Ok(self.job_release(job, JobState::Done).exec(self.conn()).await?.rows_affected == 1)
    }

    /// Whether the claim still holds, and keeps others from ending it until this transaction is over.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_hold(&self, job: &Model) -> Result<bool, Error> {
        let mine = self.find::<Entity>().filter(Column::Id.eq(job.id));
        Ok(mine.filter(held_as(job)).lock_exclusive().only(self.conn()).await?.is_some())
    }

    /// A job is let go of by the claim that holds it, and once. The lease says so by itself: with the state beside it,
    /// PostgreSQL reads the index of due jobs instead of the key.
    fn job_release(&self, job: &Model, to: JobState) -> UpdateMany<Entity> {
        self.update::<Entity>()
            .col_expr(Column::State, Expr::value(to))
            .col_expr(Column::Lease, Expr::value(None::<Uuid>))
            .col_expr(Column::LeasedUntil, Expr::value(None::<DateTime<Utc>>))
            .filter(Column::Id.eq(job.id))
            .filter(held_as(job))
    }

    /// Ends a job that has become needless, whoever has it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_needless(&self, unique_key: &str) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::State, Expr::value(JobState::Done));
        update
            .filter(Column::UniqueKey.eq(unique_key))
            .filter(Column::State.eq(JobState::Ready))
            .exec(self.conn())
            .await?;
        Ok(())
    }

    /// Has a job that waits for its day run now.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_run_now(&self, job: &Model, now: DateTime<Utc>) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::RunAt, Expr::value(moment(now)));
        let waits = update.filter(Column::Id.eq(job.id)).filter(Column::State.eq(JobState::Ready));
        waits.exec(self.conn()).await?;
        Ok(())
    }

    /// Makes a dead job due again: what it is about has come up once more.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_revive(&self, unique_key: &str, now: DateTime<Utc>) -> Result<(), Error> {
        self.job_due_again(unique_key, &[JobState::Dead], now).await
    }

    /// Makes a job due again however it has ended.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_rerun(&self, unique_key: &str, now: DateTime<Utc>) -> Result<(), Error> {
        self.job_due_again(unique_key, &[JobState::Dead, JobState::Done], now).await
    }

    async fn job_due_again(&self, unique_key: &str, ended: &[JobState], now: DateTime<Utc>) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(JobState::Ready))
            .col_expr(Column::RunAt, Expr::value(moment(now)))
            .col_expr(Column::Tries, Expr::value(0));
        let of = update.filter(Column::UniqueKey.eq(unique_key));
        of.filter(Column::State.is_in(ended.iter().copied())).exec(self.conn()).await?;
        Ok(())
    }

    /// Puts a claimed job back for later, or to the dead letters when `run_at` is none.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_again(&self, job: &Model, run_at: Option<DateTime<Utc>>, error: &str) -> Result<bool, Error> {
        let state = if run_at.is_some() { JobState::Ready } else { JobState::Dead };
        let update = self
            .job_release(job, state)
            .col_expr(Column::RunAt, Expr::value(moment(run_at.unwrap_or(job.run_at))))
            .col_expr(Column::LastError, Expr::value(error));
        Ok(update.exec(self.conn()).await?.rows_affected == 1)
    }

    /// Puts a claimed job back as if nobody had tried it: whoever knows it may have it then.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_leave(&self, job: &Model, run_at: DateTime<Utc>) -> Result<bool, Error> {
        let update = self
            .job_release(job, JobState::Ready)
            .col_expr(Column::RunAt, Expr::value(moment(run_at)))
            .col_expr(Column::Tries, Expr::value(job.tries - 1));
        Ok(update.exec(self.conn()).await?.rows_affected == 1)
    }

    /// Deletes up to `limit` done jobs that were queued before this, and says how many those were.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        // In words, as in the partial index that serves it.
        let done = self.find_by_time::<Entity>().filter(Expr::cust("state = 'done'"));
        self.prune(Column::Id, done.filter(Column::CreatedAt.lt(moment(before))), limit).await
    }
}

impl Store {
    /// Takes up to `limit` jobs that are due, or whose worker died, but none of the merchants in `but_of`: what waits for
    /// those is read past.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_claim(
        &self,
        now: DateTime<Utc>,
        leased_until: DateTime<Utc>,
        limit: u32,
        but_of: &[MerchantId],
    ) -> Result<Vec<Model>, Error> {
        let backend = self.pools.write.get_database_backend();
        let skip = if self.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        // Most of the time there are none, and the statement stays the same.
        let others = if but_of.is_empty() {
            String::new()
        } else {
            let places: Vec<_> = (4..).take(but_of.len()).map(|place| format!("${place}")).collect();
            format!("AND merchant_id NOT IN ({})", places.join(", "))
        };
        // A leased job is due again when its lease ends. Written as the index `job_due` is, which serves the order too;
        // the limit in words, as `scope::Only` explains.
        let sql = format!(
            "WITH due AS (
                SELECT id FROM job WHERE state IN ('ready', 'leased') AND COALESCE(leased_until, run_at) <= $1 {others}
                ORDER BY COALESCE(leased_until, run_at) LIMIT {limit} {skip}
            )
            UPDATE job SET state = 'leased', lease = $2, leased_until = $3, tries = tries + 1
            WHERE id IN (SELECT id FROM due) RETURNING *"
        );
        let values: [Value; 3] = [now.into(), Uuid::now_v7().into(), moment(leased_until).into()];
        let values = values.into_iter().chain(but_of.iter().map(|merchant| merchant.0.into()));
        let claim = Statement::from_sql_and_values(backend, sql, values);
        let mut jobs = Entity::find().from_raw_sql(claim).all(&self.pools.write).await?;
        jobs.sort_by_key(|job| job.run_at);
        Ok(jobs)
    }

    /// Says that the job's worker is alive. A lease that was lost stays lost.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_renew(&self, job: &Model, leased_until: DateTime<Utc>) -> Result<(), Error> {
        let update = Entity::update_many().col_expr(Column::LeasedUntil, Expr::value(moment(leased_until)));
        update.filter(Column::Id.eq(job.id)).filter(held_as(job)).exec(&self.pools.write).await?;
        Ok(())
    }

    /// How many jobs are in this state, over all merchants.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_count(&self, state: JobState) -> Result<u64, Error> {
        Ok(Entity::find().filter(Column::State.eq(state)).count(&self.pools.read).await?)
    }
}

impl MerchantDb {
    /// # Errors
    /// The database is away.
    pub async fn jobs_dead(&self) -> Result<Vec<Model>, Error> {
        // In words, as in the partial index that serves it.
        Ok(self.find::<Entity>().filter(Expr::cust("state = 'dead'")).all(self.conn()).await?)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Those that wait for their day, and whose key begins so.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_waiting(&self, key: &str) -> Result<Vec<Model>, Error> {
        // In words, as in the partial index of what is due: most jobs are done.
        let due = self.find::<Entity>().filter(Expr::cust("state IN ('ready', 'leased')"));
        let waiting = due.filter(Column::State.eq(JobState::Ready)).filter(Column::UniqueKey.starts_with(key));
        Ok(waiting.order_by_asc(Column::RunAt).all(self.conn()).await?)
    }

    /// How many are due by then, or under way, whose keys begin with one of these; and since when the oldest waits.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_queued(&self, keys: &[&str], by: DateTime<Utc>) -> Result<(u64, Option<DateTime<Utc>>), Error> {
        // No condition would be none: all jobs.
        if keys.is_empty() {
            return Ok((0, None));
        }
        let begins = keys.iter().fold(Condition::any(), |any, key| any.add(Column::UniqueKey.starts_with(*key)));
        // In words, as in the partial index of what is due: most jobs are done.
        let due = self.find::<Entity>().filter(Expr::cust("state IN ('ready', 'leased')")).filter(begins);
        let due = due.filter(Column::RunAt.lte(moment(by))).all(self.conn()).await?;
        let count = u64::try_from(due.len()).unwrap_or(u64::MAX);
        Ok((count, due.into_iter().map(|job| job.created_at).min()))
    }

    /// Up to `limit` of those that are to be done or under way, and whose key begins so: the longest due first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_undone(&self, key: &str, limit: u64) -> Result<Vec<Model>, Error> {
        // In words, as in the partial index of what is due: most jobs are done.
        let due = self.find::<Entity>().filter(Expr::cust("state IN ('ready', 'leased')"));
        let undone = due.filter(Column::UniqueKey.starts_with(key)).order_by_asc(Column::RunAt);
        Ok(undone.limit(limit).all(self.conn()).await?)
    }

    /// Which of these keys have a job that is still to be done.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_alive(&self, keys: Vec<String>) -> Result<HashSet<String>, Error> {
        let of = self.find::<Entity>().filter(Column::UniqueKey.is_in(keys));
        let alive = of.filter(Column::State.is_in([JobState::Ready, JobState::Leased])).all(self.conn()).await?;
        Ok(alive.into_iter().map(|job| job.unique_key).collect())
    }

    /// # Errors
    /// The database is away.
    pub async fn jobs_of_payment(&self, payment: PaymentId) -> Result<Vec<Model>, Error> {
        Ok(self
            .find::<Entity>()
            .filter(Column::PaymentId.eq(payment))
            .order_by_asc(Column::Id)
            .all(self.conn())
            .await?)
    }
}

/// The claim by which this job is held: what nobody claimed, nobody holds.
fn held_as(job: &Model) -> Expr {
    if planted::is("lease_without_fencing") {
        return Column::Id.eq(job.id);
    }
    Column::Lease.eq(job.lease.unwrap_or(Uuid::nil()))
}
