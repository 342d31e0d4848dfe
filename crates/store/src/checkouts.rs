//! Checkouts: what a link was resolved to. The id is random and is the guest's only credential.

use crate::{
    Error, MerchantDb, MerchantTx, merchants,
    payments::payment,
    scope::{moment, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{CheckoutId, InvoiceId, MerchantId, PayerId};
use sea_orm::{Condition, ExprTrait, entity::prelude::*, sea_query::Query};

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
    /// Whoever opened it named the invoice's company, or signed in for it: they may read its name.
    pub company_named: bool,
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

impl MerchantDb {
    /// # Errors
    /// [`Error::Missing`] when the invoice or the payer is not this merchant's.
    pub async fn checkout_add(&self, checkout: Checkout) -> Result<(), Error> {
        self.inserting::<Entity>([checkout]).exec_without_returning(self.writer()).await?;
        Ok(())
    }
}

impl MerchantTx {
    /// Deletes up to `limit` checkouts that expired before this and that no payment refers to, and says how many.
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkouts_prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let column = |column| Expr::col((payment::Entity, column));
        let mut paid = Query::select();
        paid.expr(Expr::val(1)).from(payment::Entity);
        paid.and_where(column(payment::Column::MerchantId).eq(self.merchant_id()));
        paid.and_where(column(payment::Column::CheckoutId).equals((Entity, Column::Id)));
        let over = Condition::all().add(Column::ExpiresAt.lt(moment(before))).add(Expr::exists(paid).not());
        self.prune::<Entity>(Column::Id, over, limit).await
    }
}
