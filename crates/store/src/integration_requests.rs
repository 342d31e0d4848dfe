//! What a merchant's programs asked for under an idempotency key, with the answer: the same again is answered likewise, and two
//! at once make one document. They stay, so that no key ever means something else.

use crate::{
    Error, MerchantTx, TokenHash,
    scope::{Only, owned},
};
use chrono::{DateTime, Utc};
use domain::{ids::MerchantId, integration::IntegrationKind};
use sea_orm::entity::prelude::*;
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "integration_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: IntegrationKind,
    /// Of the idempotency key. A merchant's own, whichever secret it comes with: a key may be replaced between two tries.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: String,
    /// Of all that was asked.
    pub request_hash: String,
    /// What the document has as its id, of whichever kind it is.
    pub document_id: Uuid,
    /// To the byte; absent until it was done.
    pub answer: Option<String>,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as IntegrationRequest;

impl MerchantTx {
    /// Writes down what is asked, or finds what was asked under this key first.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such integration.
    pub async fn integration_request_begin(
        &self,
        kind: IntegrationKind,
        key: &TokenHash,
        request: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<IntegrationRequest, Error> {
        let row = IntegrationRequest {
            merchant_id: self.merchant_id(),
            kind,
            key_hash: key.0.clone(),
            request_hash: request.0.clone(),
            document_id: Uuid::now_v7(),
            answer: None,
            created_at: now,
        };
        self.insert_absent::<Entity>([row]).await?;
        self.integration_request(kind, key).await
    }

    /// Keeps the answer, and says which one counts: of several at once the first.
    ///
    /// # Errors
    /// [`Error::Missing`] when nothing was begun under this key.
    pub async fn integration_request_end(
        &self,
        kind: IntegrationKind,
        key: &TokenHash,
        answer: &str,
    ) -> Result<String, Error> {
        let update = self.update::<Entity>().col_expr(Column::Answer, Expr::value(answer));
        let open = update.filter(Column::Kind.eq(kind)).filter(Column::KeyHash.eq(key.0.clone()));
        open.filter(Column::Answer.is_null()).exec(self.conn()).await?;
        self.integration_request(kind, key).await?.answer.ok_or(Error::Missing)
    }

    async fn integration_request(&self, kind: IntegrationKind, key: &TokenHash) -> Result<IntegrationRequest, Error> {
        let found = self.find::<Entity>().filter(Column::Kind.eq(kind)).filter(Column::KeyHash.eq(key.0.clone()));
        found.only(self.conn()).await?.ok_or(Error::Missing)
    }
}

impl IntegrationRequest {
    /// The same was asked then.
    #[must_use]
    pub fn is_of(&self, request: &TokenHash) -> bool {
        self.request_hash == request.0
    }
}
