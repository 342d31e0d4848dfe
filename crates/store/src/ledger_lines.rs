//! The lines of an invoice of books of our own, in their order. Those of a draft are replaced together; those of an issued
//! one stay.

use crate::{
    Error, MerchantTx,
    scope::{Owned, Scoped, owned},
};
use domain::ids::{InvoiceId, MerchantId};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
    /// Its place, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    pub description: String,
    pub quantity_milli: i64,
    /// The price of one, in the invoice's currency.
    pub unit_minor: i64,
    pub tax_ppm: i64,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as LedgerLine;

impl MerchantTx {
    /// Puts these in the place of all that a draft had.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn ledger_lines_replace(&self, invoice: InvoiceId, lines: Vec<LedgerLine>) -> Result<(), Error> {
        let old = Entity::delete_many().filter(Entity::MERCHANT.eq(self.merchant_id()));
        old.filter(Column::InvoiceId.eq(invoice)).exec(self.conn()).await?;
        self.insert::<Entity>(lines).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn ledger_lines(&self, invoice: InvoiceId) -> Result<Vec<LedgerLine>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.eq(invoice));
        Ok(of.order_by_asc(Column::Line).all(self.conn()).await?)
    }
}
