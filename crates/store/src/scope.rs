//! The database as one merchant may see it. Every read has the merchant's filter, every written row the merchant's
//! stamp, over the pool and over a transaction alike.

use crate::{Error, Store};
use chrono::{DateTime, SubsecRound, Utc};
use domain::{ids::MerchantId, money::Money};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, InsertMany,
    IntoActiveModel, Iterable, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Select, SelectTwoRequired,
    UpdateMany, Value,
    prelude::*,
    sea_query::{IntoColumnRef, OnConflict, Query, SelectStatement},
};

/// An entity whose rows belong to one merchant.
pub(crate) trait Owned:
    EntityTrait<Model: IntoActiveModel<Self::ActiveModel> + Sync, ActiveModel: ActiveModelTrait<Entity = Self> + Send>
{
    const MERCHANT: Self::Column;
    /// Stamps the merchant on a row that is about to be written.
    fn claim(row: &mut Self::Model, merchant: MerchantId);
}

/// Implements [`Owned`] for the entity of the module it stands in, and brings the test of its tenancy.
macro_rules! owned {
    () => {
        impl crate::scope::Owned for Entity {
            const MERCHANT: Column = Column::MerchantId;
            fn claim(row: &mut Model, merchant: domain::ids::MerchantId) {
                row.merchant_id = merchant;
            }
        }

        #[cfg(test)]
        #[test]
        fn d20_every_query_names_the_merchant() {
            crate::scope::tests::names_the_merchant::<Entity>();
        }
    };
}
pub(crate) use owned;

/// A row of the module it stands in names one of another by this column, and both are of one merchant.
macro_rules! belongs {
    ($to:ident, $by:ident) => {
        impl Related<$to::Entity> for Entity {
            fn to() -> RelationDef {
                let named = Self::belongs_to($to::Entity).from((Column::MerchantId, Column::$by));
                named.to(($to::Column::MerchantId, $to::Column::Id)).into()
            }
        }
    };
}
pub(crate) use belongs;

pub struct Scoped<C> {
    merchant: MerchantId,
    conn: C,
    store: Store,
}

/// The database of one merchant: reads, and writes of one statement.
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

    /// For a write of one statement, which needs no transaction around it.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.store.pools.write
    }

    /// # Errors
    /// The database is busy or away.
    pub async fn begin(&self) -> Result<MerchantTx, Error> {
        Ok(Scoped { merchant: self.merchant, conn: self.store.begin().await?, store: self.store.clone() })
    }

    /// For several reads that must fit each other: what is committed meanwhile is not seen, and nothing can be written.
    ///
    /// # Errors
    /// The database is busy or away.
    pub async fn snapshot(&self) -> Result<MerchantTx, Error> {
        Ok(Scoped { merchant: self.merchant, conn: self.store.snapshot().await?, store: self.store.clone() })
    }
}

impl MerchantTx {
    /// # Errors
    /// [`Error::Unacknowledged`]: it may stand. After any other, nothing of the transaction stands.
    pub async fn commit(self) -> Result<(), Error> {
        self.conn.commit().await.map_err(Error::of_commit)
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

    /// The same for rows that a moment tells apart, so that they are found by its index. SQLite, which has no statistics, takes
    /// the merchant for more telling than a range of days and would read all of its rows; PostgreSQL knows.
    pub(crate) fn find_by_time<E: Owned>(&self) -> Select<E> {
        if self.store.is_postgres() {
            return self.find();
        }
        E::find().filter(unindexed::<E>(self.merchant))
    }

    pub(crate) fn update<E: Owned>(&self) -> UpdateMany<E> {
        E::update_many().filter(E::MERCHANT.eq(self.merchant))
    }

    /// Deletes up to `limit` of these rows, and says how many those were: bounded, so that nobody waits long for the lock.
    pub(crate) async fn prune<E: Owned>(&self, id: E::Column, over: Select<E>, limit: u64) -> Result<u64, Error> {
        let over = over.select_only().column(id).limit(limit).into_query();
        let delete = E::delete_many().filter(E::MERCHANT.eq(self.merchant)).filter(id.in_subquery(over));
        Ok(delete.exec(&self.conn).await?.rows_affected)
    }

    /// Runs an update of one row that must be there.
    pub(crate) async fn update_one<E: Owned>(&self, update: UpdateMany<E>) -> Result<(), Error> {
        if update.exec(&self.conn).await?.rows_affected == 0 { Err(Error::Missing) } else { Ok(()) }
    }

    /// Writes all of one row that must be there.
    pub(crate) async fn rewrite<E: Owned>(&self, which: Expr, row: E::Model) -> Result<(), Error> {
        let row = self.stamped::<E>(row).reset_all();
        self.update_one(self.update::<E>().set(row).filter(which)).await
    }

    /// The row as it is written: with the merchant's stamp.
    pub(crate) fn stamped<E: Owned>(&self, mut row: E::Model) -> E::ActiveModel {
        E::claim(&mut row, self.merchant);
        kept(row.into_active_model())
    }

    pub(crate) fn inserting<E: Owned>(
        &self,
        rows: impl IntoIterator<Item = E::Model>,
    ) -> InsertMany<<E as EntityTrait>::ActiveModel> {
        E::insert_many(rows.into_iter().map(|row| self.stamped::<E>(row)))
    }

    pub(crate) async fn insert<E: Owned>(&self, rows: impl IntoIterator<Item = E::Model>) -> Result<(), Error> {
        self.inserting::<E>(rows).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Inserts the rows that no unique index refuses, and says how many those were. It waits for whoever is writing
    /// the same row, so that a race has ended when it answers.
    pub(crate) async fn insert_absent<E: Owned>(&self, rows: impl IntoIterator<Item = E::Model>) -> Result<u64, Error> {
        let insert = self.inserting::<E>(rows).on_conflict(OnConflict::new().do_nothing().to_owned());
        Ok(insert.exec_without_returning(&self.conn).await?)
    }

    /// A sub-query over this merchant's rows: each is held to the merchant on its own, so that no OR can widen it (D20).
    pub(crate) fn mine<E: Owned>(&self, column: E::Column, matches: Expr) -> SelectStatement {
        let mut select = self.all_mine::<E>(column);
        select.and_where(matches);
        select
    }

    /// The same over all of them.
    pub(crate) fn all_mine<E: Owned>(&self, column: E::Column) -> SelectStatement {
        let mut select = Query::select();
        select.column(column).from(E::default()).and_where(E::MERCHANT.eq(self.merchant));
        select
    }

    /// Whether a column has one of these texts, which are bound as one value. With a place for each, a list of another length
    /// would be another statement, and each connection would keep those that ever came.
    pub(crate) fn one_of(&self, column: impl ColumnTrait, texts: &[String]) -> Result<Expr, Error> {
        // PostgreSQL reads the list first, and so takes the column's index, however few rows there were when it planned.
        let among = if self.store.is_postgres() {
            "$1 = ANY(ARRAY(SELECT jsonb_array_elements_text($2::jsonb)))"
        } else {
            "? IN (SELECT value FROM json_each(?))"
        };
        let texts = json(&texts, column.as_str())?;
        Ok(Expr::cust_with_exprs(among, [column.into_expr(), Expr::value(texts)]))
    }

    /// For `EXISTS`: the merchant's rows that point to the outer one by this column.
    pub(crate) fn about<E: Owned>(&self, column: E::Column, outer: impl IntoColumnRef) -> SelectStatement {
        let mut select = Query::select();
        select.expr(Expr::val(1)).from(E::default()).and_where(E::MERCHANT.eq(self.merchant));
        select.and_where(sea_orm::ExprTrait::equals(column.into_expr(), outer));
        select
    }

    /// One page of a list, the first being 1, and how many rows there are in all.
    pub(crate) async fn page<E: Owned>(
        &self,
        list: Select<E>,
        page: u64,
        per_page: u64,
    ) -> Result<(Vec<E::Model>, u64), Error> {
        // The page comes out of an address bar, and a database counts no further than an i64.
        let before = page.saturating_sub(1).saturating_mul(per_page).min(i64::MAX.unsigned_abs());
        let rows = list.clone().offset(before).limit(per_page).all(&self.conn).await?;
        let here = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // A first page that is not full is the whole list.
        let total = if before == 0 && here < per_page { here } else { list.count(&self.conn).await? };
        Ok((rows, total))
    }
}

/// Reads the row of a select that finds one at most, or few. sea-orm's own `one` binds a limit, and SQLite plans a
/// statement anew, each time it runs, when its limit is bound (`sqlite3ExprIsInteger`): several times the cost of the read.
pub(crate) trait Only {
    type Row;
    async fn only(self, conn: &impl ConnectionTrait) -> Result<Option<Self::Row>, DbErr>;
}

impl<E: EntityTrait> Only for Select<E> {
    type Row = E::Model;
    async fn only(self, conn: &impl ConnectionTrait) -> Result<Option<E::Model>, DbErr> {
        Ok(self.all(conn).await?.into_iter().next())
    }
}

impl<E: EntityTrait, F: EntityTrait> Only for SelectTwoRequired<E, F> {
    type Row = (E::Model, F::Model);
    async fn only(self, conn: &impl ConnectionTrait) -> Result<Option<Self::Row>, DbErr> {
        Ok(self.all(conn).await?.into_iter().next())
    }
}

/// The merchant's filter for SQLite: the sign leaves the value as it is, and keeps it from any index.
fn unindexed<E: Owned>(merchant: MerchantId) -> Expr {
    sea_orm::ExprTrait::eq(Expr::cust_with_exprs("+?", [E::MERCHANT.into_expr()]), merchant)
}

/// An amount as its two columns keep it; `column` is the currency's, for the error.
pub(crate) fn money(minor: i64, currency: &str, column: &'static str) -> Result<Money, Error> {
    Ok(Money::new(minor, currency.parse().map_err(|_| Error::Unreadable(column))?))
}

/// A moment as both databases keep it: PostgreSQL has microseconds, so SQLite gets no more.
pub(crate) fn moment(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

/// A row with its moments as both databases keep them.
pub(crate) fn kept<A: ActiveModelTrait>(mut row: A) -> A {
    for column in <A::Entity as EntityTrait>::Column::iter() {
        if let Some(Value::ChronoDateTimeUtc(Some(at))) = row.get(column).into_value() {
            row.set(column, moment(at).into());
        }
    }
    row
}

/// Text to look something up by. PostgreSQL refuses a NUL in any text; this finds nothing on either database.
pub(crate) fn text(wanted: &str) -> String {
    wanted.replace('\0', "\u{fffd}")
}

/// What a column holds as JSON. `column` is named when it cannot be written.
pub(crate) fn json(value: &impl serde::Serialize, column: &'static str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Unreadable(column))
}

#[cfg(test)]
#[path = "scope_tests.rs"]
pub(crate) mod tests;
