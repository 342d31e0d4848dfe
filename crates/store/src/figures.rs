//! What waits over all merchants, as numbers alone.

use crate::{Error, JobState, Store, attempts, scope::moment};
use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, QuerySelect, Statement, entity::prelude::*};

/// Jobs of one kind in one state.
#[derive(Clone, Debug, FromQueryResult)]
pub struct JobFigure {
    /// What their keys begin with.
    pub kind: String,
    pub state: JobState,
    pub jobs: i64,
    /// When the oldest of them fell due.
    pub oldest_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The jobs of each kind that are due, under way or given up.
    ///
    /// # Errors
    /// The database is away.
    pub async fn jobs_by_kind(&self, now: DateTime<Utc>) -> Result<Vec<JobFigure>, Error> {
        let kind = if self.is_postgres() {
            "split_part(unique_key, ':', 1)"
        } else {
            "substr(unique_key, 1, instr(unique_key || ':', ':') - 1)"
        };
        // In words, as in the partial indexes that serve the two: most jobs are done.
        let sql = format!(
            "SELECT {kind} AS kind, state, COUNT(*) AS jobs, MIN(run_at) AS oldest_at FROM job
            WHERE state IN ('ready', 'leased') AND run_at <= $1 GROUP BY 1, 2
            UNION ALL
            SELECT {kind}, state, COUNT(*), MIN(run_at) FROM job WHERE state = 'dead' GROUP BY 1, 2"
        );
        let backend = self.pools.read.get_database_backend();
        let values: [Value; 1] = [moment(now).into()];
        let asked = Statement::from_sql_and_values(backend, sql, values);
        Ok(JobFigure::find_by_statement(asked).all(&self.pools.read).await?)
    }

    /// How many attempts are open, and when the oldest of them began.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_open_count(&self) -> Result<(u64, Option<DateTime<Utc>>), Error> {
        let open = attempts::Entity::find().filter(Expr::cust(attempts::OPEN));
        let begun = open.select_only().column(attempts::Column::CreatedAt).into_tuple::<DateTime<Utc>>();
        let begun = begun.all(&self.pools.read).await?;
        Ok((u64::try_from(begun.len()).unwrap_or(u64::MAX), begun.into_iter().min()))
    }
}
