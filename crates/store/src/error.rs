//! What the database may answer, in words that a use case can branch on, the same for SQLite and PostgreSQL.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, sqlx::error::DatabaseError};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Also for a row that points at another merchant's.
    #[error("no such row")]
    Missing,
    /// A unique index said no; its name is the meaning.
    #[error("already there: {0}")]
    Duplicate(String),
    /// A lock or a serialisation conflict: the same transaction may be tried again.
    #[error("the database is busy")]
    Busy(#[source] DbErr),
    /// Its disk is full, or takes no writes: nothing of it was kept.
    #[error("the database cannot be written")]
    Unwritable(#[source] DbErr),
    /// A commit was not acknowledged: the transaction may stand.
    #[error("the database may have committed or not")]
    Unacknowledged(#[source] DbErr),
    #[error("a sealed value cannot be opened")]
    Sealed,
    #[error("a stored value cannot be read: {0}")]
    Unreadable(&'static str),
    #[error("the database failed")]
    Broken(#[source] DbErr),
}

impl From<DbErr> for Error {
    fn from(cause: DbErr) -> Self {
        match (cause.sql_err(), from_database(&cause)) {
            (Some(SqlErr::UniqueConstraintViolation(_)), Some(said)) => Self::Duplicate(constraint(said)),
            (Some(SqlErr::ForeignKeyConstraintViolation(_)), _) => Self::Missing,
            (_, Some(said)) if has_code(said, &BUSY) => Self::Busy(cause),
            (_, Some(said)) if has_code(said, &UNWRITABLE) => Self::Unwritable(cause),
            _ if matches!(cause, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) => Self::Busy(cause),
            _ => Self::Broken(cause),
        }
    }
}

impl Error {
    /// The same of a commit: what failed in a way that we do not know may have come to its end first, and the next start may
    /// find what could not be synced.
    pub(crate) fn of_commit(cause: DbErr) -> Self {
        let is_unsynced = from_database(&cause).is_some_and(|said| has_code(said, &[NOT_SYNCED]));
        match Self::from(cause) {
            Self::Broken(cause) => Self::Unacknowledged(cause),
            Self::Unwritable(cause) if is_unsynced => Self::Unacknowledged(cause),
            known => known,
        }
    }

    /// Whether the unique index of this name refused it.
    #[must_use]
    pub fn is_duplicate(&self, index: &str) -> bool {
        matches!(self, Self::Duplicate(name) if name == index)
    }
}

/// SQLite: busy and locked, plain and extended. PostgreSQL: serialisation failure, deadlock, lock not available, and
/// the statement time-out that ends the wait for a lock.
const BUSY: [&str; 9] = ["5", "261", "517", "6", "262", "40001", "40P01", "55P03", "57014"];

/// SQLite: full, a write or a sync that failed, read-only. PostgreSQL: disk full, read-only.
const UNWRITABLE: [&str; 6] = ["13", "778", NOT_SYNCED, "8", "53100", "25006"];
const NOT_SYNCED: &str = "1034";

/// SQLite tells the columns where PostgreSQL tells the index. A test holds this table to the schema.
pub(crate) const UNIQUE: [(&str, &str); 25] = [
    ("merchant.key", "merchant_key"),
    ("person.email", "person_email"),
    ("customer.merchant_id, customer.external_id", "customer_external_id"),
    ("payer.merchant_id, payer.person_id, payer.customer_id", "one_payer_per_person_and_customer"),
    ("connection.id", "connection_id"),
    ("connection.merchant_id, connection.kind, connection.lane", "one_connection_per_lane"),
    ("pay_link.key_hash", "pay_link_key_hash"),
    ("invoice.merchant_id, invoice.external_id", "invoice_external_id"),
    ("checkout.id", "checkout_id"),
    ("claim.merchant_id, claim.invoice_id", "one_live_attempt_per_invoice"),
    ("journal.merchant_id, journal.attempt_id, journal.kind, journal.refund", "one_journal_per_kind"),
    ("dispute.attempt_id, dispute.merchant_id, dispute.gateway_id", "one_dispute_per_id"),
    ("endpoint.url, endpoint.merchant_id", "one_endpoint_per_url"),
    ("event.merchant_id, event.sequence", "event_sequence"),
    ("exception.unique_key, exception.merchant_id", "one_exception_per_difference"),
    ("integration_key.secret_hash", "integration_key_secret"),
    ("ledger_payment.merchant_id, ledger_payment.idempotency_key", "ledger_payment_key"),
    ("job.unique_key, job.merchant_id", "job_unique_key"),
    ("mail.unique_key, mail.merchant_id", "mail_unique_key"),
    ("method.merchant_id, method.customer_id", "one_default_method"),
    ("payout.gateway_id, payout.merchant_id, payout.connection_id", "one_payout_per_id"),
    ("quote.merchant_id, quote.quote_id, quote.version", "one_quote_per_version"),
    ("quote_session.token_hash", "quote_session_token"),
    ("quote_session.merchant_id, quote_session.idempotency_key", "one_quote_session_per_key"),
    ("webhook.merchant_id, webhook.connection_id, webhook.event_id", "webhook_event"),
];

fn has_code(said: &dyn DatabaseError, codes: &[&str]) -> bool {
    said.code().is_some_and(|code| codes.contains(&&*code))
}

fn from_database(cause: &DbErr) -> Option<&dyn DatabaseError> {
    match cause {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => e.as_database_error(),
        _ => None,
    }
}

fn constraint(said: &dyn DatabaseError) -> String {
    if let Some(name) = said.constraint() {
        return name.to_owned();
    }
    let columns = said.message().rsplit(": ").next().unwrap_or_default();
    match UNIQUE.iter().find(|(of, _)| *of == columns) {
        Some((_, name)) => (*name).to_owned(),
        // What is left are primary keys, which PostgreSQL names after their table.
        None => format!("{}_pkey", columns.split('.').next().unwrap_or_default()),
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
