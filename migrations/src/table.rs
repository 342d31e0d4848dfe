//! Short words for the schema builder, so that a migration reads as a list of columns.

use sea_orm_migration::{prelude::*, schema};

/// A table under construction.
pub struct Build(TableCreateStatement, &'static str);

pub fn table(name: &'static str) -> Build {
    Build(Table::create().table(name).take(), name)
}

impl Build {
    pub fn uuid(self, name: &'static str) -> Self {
        self.col(schema::uuid(name))
    }
    pub fn uuid_null(self, name: &'static str) -> Self {
        self.col(schema::uuid_null(name))
    }
    pub fn text(self, name: &'static str) -> Self {
        self.col(schema::text(name))
    }
    pub fn text_null(self, name: &'static str) -> Self {
        self.col(schema::text_null(name))
    }
    /// Minor units of a currency in the column `currency`; never a decimal (`architecture.md`, 3).
    pub fn minor(self, name: &'static str) -> Self {
        self.col(schema::big_integer(name))
    }
    pub fn minor_null(self, name: &'static str) -> Self {
        self.col(schema::big_integer_null(name))
    }
    pub fn count(self, name: &'static str) -> Self {
        self.col(schema::integer(name))
    }
    /// A count without an end in sight.
    pub fn number(self, name: &'static str) -> Self {
        self.col(schema::big_integer(name))
    }
    pub fn number_null(self, name: &'static str) -> Self {
        self.col(schema::big_integer_null(name))
    }
    pub fn bytes(self, name: &'static str) -> Self {
        self.col(schema::blob(name))
    }
    pub fn flag(self, name: &'static str) -> Self {
        self.col(schema::boolean(name))
    }
    pub fn date(self, name: &'static str) -> Self {
        self.col(schema::date(name))
    }
    pub fn date_null(self, name: &'static str) -> Self {
        self.col(schema::date_null(name))
    }
    pub fn at(self, name: &'static str) -> Self {
        self.col(schema::timestamp_with_time_zone(name))
    }
    pub fn at_null(self, name: &'static str) -> Self {
        self.col(schema::timestamp_with_time_zone_null(name))
    }

    fn col(mut self, column: ColumnDef) -> Self {
        self.0.col(column);
        self
    }

    pub fn key<const N: usize>(mut self, columns: [&'static str; N]) -> Self {
        let mut key = Index::create();
        for column in columns {
            key.col(column);
        }
        self.0.primary_key(&mut key);
        self
    }

    /// `columns` name a row of `parent` by its primary key, which has the same shape.
    pub fn within<const N: usize>(
        self,
        columns: [&'static str; N],
        parent: &'static str,
        key: [&'static str; N],
    ) -> Self {
        self.link(columns, parent, key, false)
    }

    /// [`Build::within`], and the row goes when its parent does.
    pub fn part_of<const N: usize>(
        self,
        columns: [&'static str; N],
        parent: &'static str,
        key: [&'static str; N],
    ) -> Self {
        self.link(columns, parent, key, true)
    }

    fn link<const N: usize>(
        mut self,
        columns: [&'static str; N],
        parent: &'static str,
        key: [&'static str; N],
        goes_with_it: bool,
    ) -> Self {
        let mut link = ForeignKey::create();
        link.name(format!("{}_of_{parent}", self.1)).from_tbl(self.1).to_tbl(parent);
        if goes_with_it {
            link.on_delete(ForeignKeyAction::Cascade);
        }
        for (column, key) in columns.into_iter().zip(key) {
            link.from_col(column).to_col(key);
        }
        self.0.foreign_key(&mut link);
        self
    }

    pub async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        manager.create_table(self.0).await
    }
}

/// Indexes in plain SQL that SQLite and PostgreSQL both accept; partial ones have no builder.
pub async fn sql(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
