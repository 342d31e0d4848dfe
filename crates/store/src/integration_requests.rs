//! What a merchant's programs asked for under an idempotency key, with the answer: the same again is answered likewise, and two
//! at once make one document. Whoever was refused leaves the key to another request, which gets the same id for its document: of
//! one key there is never a second one.

use crate::{
    Error, MerchantTx, TokenHash,
    scope::{Only, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::{ids::MerchantId, integration::IntegrationKind};
use sea_orm::{Condition, entity::prelude::*};
use uuid::Uuid;

/// Stands for what was asked where that was refused.
const REFUSED: &str = "";

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
    /// Of all that was asked; empty once that was refused.
    pub request_hash: String,
    /// What the document has as its id, of whichever kind it is.
    pub document_id: Uuid,
    /// To the byte; absent until it was done.
    pub answer: Option<String>,
    /// When this request came first.
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
        if self.insert_absent::<Entity>([row]).await? == 0 {
            let update = self
                .update::<Entity>()
                .col_expr(Column::RequestHash, Expr::value(request.0.clone()))
                .col_expr(Column::CreatedAt, Expr::value(moment(now)));
            update.filter(under(kind, key)).filter(Column::RequestHash.eq(REFUSED)).exec(self.conn()).await?;
        }
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
        request: &TokenHash,
        answer: &str,
    ) -> Result<String, Error> {
        // Of two at once one may have been refused in the meantime; what the other has written counts.
        let ours = Condition::any().add(Column::RequestHash.eq(request.0.clone())).add(Column::RequestHash.eq(REFUSED));
        let update = self
            .update::<Entity>()
            .col_expr(Column::RequestHash, Expr::value(request.0.clone()))
            .col_expr(Column::Answer, Expr::value(answer));
        update.filter(under(kind, key)).filter(ours).filter(Column::Answer.is_null()).exec(self.conn()).await?;
        let stands = self.integration_request(kind, key).await?;
        let is_ours = stands.is_of(request);
        Ok(stands.answer.filter(|_| is_ours).unwrap_or_else(|| answer.to_owned()))
    }

    /// Leaves the key to another request: this one was refused, and has written nothing. What was answered stays.
    ///
    /// # Errors
    /// The database is away.
    pub async fn integration_request_refused(
        &self,
        kind: IntegrationKind,
        key: &TokenHash,
        request: &TokenHash,
    ) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::RequestHash, Expr::value(REFUSED));
        let begun = update.filter(under(kind, key)).filter(Column::RequestHash.eq(request.0.clone()));
        begun.filter(Column::Answer.is_null()).exec(self.conn()).await?;
        Ok(())
    }

    /// Deletes up to `limit` requests of this kind that came before this, and says how many those were. Their keys mean nothing
    /// from then on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn integration_requests_prune(
        &self,
        kind: IntegrationKind,
        before: DateTime<Utc>,
        limit: u64,
    ) -> Result<u64, Error> {
        let over = self.find::<Entity>().filter(Column::Kind.eq(kind)).filter(Column::CreatedAt.lt(moment(before)));
        self.prune(Column::DocumentId, over, limit).await
    }

    async fn integration_request(&self, kind: IntegrationKind, key: &TokenHash) -> Result<IntegrationRequest, Error> {
        self.find::<Entity>().filter(under(kind, key)).only(self.conn()).await?.ok_or(Error::Missing)
    }
}

fn under(kind: IntegrationKind, key: &TokenHash) -> Condition {
    Condition::all().add(Column::Kind.eq(kind)).add(Column::KeyHash.eq(key.0.clone()))
}

impl IntegrationRequest {
    /// The same was asked then.
    #[must_use]
    pub fn is_of(&self, request: &TokenHash) -> bool {
        self.request_hash == request.0
    }
}
