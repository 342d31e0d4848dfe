//! Checkouts: what a link was resolved to. The id is random and is the guest's only credential.

use crate::{Error, MerchantTx, merchants, scope::owned};
use chrono::{DateTime, Utc};
use domain::ids::{CheckoutId, InvoiceId, MerchantId, PayerId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkout")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CheckoutId,
    pub invoice_id: InvoiceId,
    /// Who opened it, when they were signed in.
    pub payer_id: Option<PayerId>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl Related<merchants::Entity> for Entity {
    fn to() -> RelationDef {
        Self::belongs_to(merchants::Entity).from(Column::MerchantId).to(merchants::Column::Id).into()
    }
}

pub use Model as Checkout;

impl MerchantTx {
    /// # Errors
    /// [`Error::Missing`] when the invoice or the payer is not this merchant's.
    pub async fn checkout_add(&self, checkout: Checkout) -> Result<(), Error> {
        self.insert::<Entity>([checkout]).await
    }
}
