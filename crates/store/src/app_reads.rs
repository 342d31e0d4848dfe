//! What apps at vendors of books have read this month, for all processes and merchants together: what it means is
//! `domain::governor`'s alone. It holds counts, nothing of a merchant's.

use crate::{Error, Store, TokenHash, scope::Only};
use chrono::{DateTime, Utc};
use domain::governor::{Month, month_of};
use sea_orm::{Statement, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_reads")]
pub struct Model {
    /// Of provider and client.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: String,
    /// Which month's, by `domain::governor::month_of`.
    pub month: String,
    pub reads: i64,
    /// How many it may make; absent where nobody has said so.
    pub reads_max: Option<i64>,
}
impl ActiveModelBehavior for ActiveModel {}

impl Model {
    fn at(&self, of: u32, now: DateTime<Utc>) -> Month {
        let is_over = self.month < month_of(now);
        let used = if is_over { 0 } else { figure(self.reads) };
        Month { used, of: self.reads_max.map_or(of, figure) }
    }
}

fn figure(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

impl Store {
    /// Counts what an app has read, which may be nothing, and answers how its month stands. `of`: how much it may read where
    /// nobody has said so.
    ///
    /// # Errors
    /// The database is away.
    pub async fn app_reads_count(&self, app: &str, reads: u32, of: u32, now: DateTime<Utc>) -> Result<Month, Error> {
        // The clocks of two processes differ a little: what comes late is counted to the month that has begun.
        let sql = "INSERT INTO app_reads (key_hash, month, reads) VALUES ($1, $2, $3)
            ON CONFLICT (key_hash) DO UPDATE SET
                reads = CASE WHEN app_reads.month < excluded.month THEN 0 ELSE app_reads.reads END + excluded.reads,
                month = CASE WHEN app_reads.month < excluded.month THEN excluded.month ELSE app_reads.month END
            RETURNING *";
        let values: [Value; 3] = [TokenHash::of(app).0.into(), month_of(now).into(), i64::from(reads).into()];
        let backend = self.pools.write.get_database_backend();
        let count = Statement::from_sql_and_values(backend, sql, values);
        let rows = Entity::find().from_raw_sql(count).all(&self.pools.write).await?;
        Ok(rows.first().ok_or(Error::Missing)?.at(of, now))
    }

    /// As it was last written.
    ///
    /// # Errors
    /// The database is away.
    pub async fn app_reads(&self, app: &str, of: u32, now: DateTime<Utc>) -> Result<Month, Error> {
        let row = Entity::find_by_id(TokenHash::of(app).0).only(&self.pools.read).await?;
        Ok(row.map_or(Month { used: 0, of }, |row| row.at(of, now)))
    }

    /// Says how much an app may read in a month, and answers how this one stands.
    ///
    /// # Errors
    /// The database is away.
    pub async fn app_reads_limit(&self, app: &str, max: u32, now: DateTime<Utc>) -> Result<Month, Error> {
        let month = self.app_reads_count(app, 0, max, now).await?;
        let limit = Entity::update_many().col_expr(Column::ReadsMax, Expr::value(i64::from(max)));
        limit.filter(Column::KeyHash.eq(TokenHash::of(app).0)).exec(&self.pools.write).await?;
        Ok(Month { of: max, ..month })
    }
}
