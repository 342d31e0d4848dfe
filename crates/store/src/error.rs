//! What the database may answer, in words that a use case can branch on.

use sea_orm::{DbErr, SqlErr};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no such row")]
    Missing,
    /// A unique index said no; its name is the meaning.
    #[error("already there: {0}")]
    Duplicate(String),
    /// A lock or a serialisation conflict: the same transaction may be tried again.
    #[error("the database is busy")]
    Busy(#[source] DbErr),
    #[error("a sealed value cannot be opened")]
    Sealed,
    #[error("a stored value cannot be read: {0}")]
    Unreadable(&'static str),
    #[error("the database failed")]
    Broken(#[source] DbErr),
}

impl From<DbErr> for Error {
    fn from(cause: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(which)) = cause.sql_err() {
            return Self::Duplicate(which);
        }
        let text = cause.to_string();
        // SQLite: 5 and 6 in words; PostgreSQL: serialization_failure and deadlock_detected.
        let busy = ["database is locked", "table is locked", "40001", "40P01"].iter().any(|sign| text.contains(sign));
        if busy { Self::Busy(cause) } else { Self::Broken(cause) }
    }
}

impl Error {
    /// Whether the constraint on these columns, or of this name, refused it. PostgreSQL tells the index's name, SQLite
    /// the columns, so both are asked for.
    #[must_use]
    pub fn is_duplicate(&self, index: &str, sqlite_column: &str) -> bool {
        matches!(self, Self::Duplicate(which) if which.contains(index) || which.contains(sqlite_column))
    }
}
