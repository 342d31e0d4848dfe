//! What a payer was shown and agreed to, kept with the attempt and never edited. Only where it came from is forgotten in
//! the end; the audit trail has a digest of either.

use crate::{
    Error, MerchantTx, attempts,
    scope::{Scoped, moment, money, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, MerchantId},
    money::Money,
};
use sea_orm::{ConnectionTrait, PaginatorTrait, QuerySelect, entity::prelude::*};
use serde_json::json;
use sha2::{Digest, Sha256};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt_id: AttemptId,
    /// Of the wording; absent in records from when a form did not have to say what it showed.
    pub version: Option<String>,
    /// The words beside the button, as they stood there.
    pub wording: Option<String>,
    pub invoice_number: String,
    pub currency: String,
    /// What the button said.
    pub amount_minor: i64,
    /// Of that amount, what was added for the way of paying.
    pub surcharge_minor: i64,
    pub agreed_at: DateTime<Utc>,
    /// Makes the digest of the origin useless to whoever has not got it. Absent: the origin is forgotten.
    pub salt: Option<String>,
    /// The network, as limits count it.
    pub address: Option<String>,
    pub user_agent: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Consent;

impl Consent {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn amount(&self) -> Result<Money, Error> {
        money(self.amount_minor, &self.currency, "consent.currency")
    }

    /// Of the amount, what was added for the way of paying.
    ///
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn surcharge(&self) -> Result<Money, Error> {
        money(self.surcharge_minor, &self.currency, "consent.currency")
    }

    /// SHA-256 of what was agreed to, and when.
    #[must_use]
    pub fn terms_digest(&self) -> String {
        let at = moment(self.agreed_at).timestamp_micros();
        let shown = json!([self.version, self.wording, self.invoice_number]);
        digest(&json!([self.attempt_id, shown, self.currency, self.amount_minor, self.surcharge_minor, at]))
    }

    /// SHA-256 of where it came from; `None` once that is forgotten.
    #[must_use]
    pub fn origin_digest(&self) -> Option<String> {
        let salt = self.salt.as_ref()?;
        Some(digest(&json!([self.attempt_id, salt, self.address, self.user_agent])))
    }
}

/// SHA-256 of what somebody agreed to.
pub(crate) fn digest(said: &serde_json::Value) -> String {
    hex::encode(Sha256::digest(said.to_string().as_bytes()))
}

impl MerchantTx {
    pub(crate) async fn consent_add(&self, consent: Consent) -> Result<(), Error> {
        self.insert::<Entity>([consent]).await
    }

    /// Forgets where up to `limit` consents from before this came from, and what their attempts know of that, and says how many
    /// those were. What was agreed to stays.
    ///
    /// # Errors
    /// The database is away.
    pub async fn consents_forget(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let traceable = self
            .find_by_time::<Entity>()
            .filter(Column::Salt.is_not_null())
            .filter(Column::AgreedAt.lt(moment(before)))
            .select_only()
            .column(Column::AttemptId)
            .limit(limit);
        let traceable: Vec<AttemptId> = traceable.into_tuple().all(self.conn()).await?;
        if traceable.is_empty() {
            return Ok(0);
        }
        let attempts = self
            .update::<attempts::Entity>()
            .col_expr(attempts::Column::OriginHash, Expr::value(None::<String>))
            .col_expr(attempts::Column::PostalCode, Expr::value(None::<String>));
        attempts.filter(attempts::Column::Id.is_in(traceable.clone())).exec(self.conn()).await?;
        let mut update = self.update::<Entity>();
        for column in [Column::Salt, Column::Address, Column::UserAgent] {
            update = update.col_expr(column, Expr::value(None::<String>));
        }
        let forgotten = update.filter(Column::AttemptId.is_in(traceable));
        Ok(forgotten.exec(self.conn()).await?.rows_affected)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn consents_of(&self, attempts: Vec<AttemptId>) -> Result<Vec<Consent>, Error> {
        Ok(self.find::<Entity>().filter(Column::AttemptId.is_in(attempts)).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn consents_count(&self) -> Result<u64, Error> {
        Ok(self.find::<Entity>().count(self.conn()).await?)
    }
}
