//! What was open here when a look through all that the books have open began, and has not been seen there yet. What is left in
//! the end is asked about one by one; nothing is closed because a list did not have it.

use crate::{
    Error, Invoice, MerchantTx,
    invoices::{self, TO_RAISE},
    scope::{Scoped, owned},
};
use domain::ids::{InvoiceId, MerchantId};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, Statement, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_open")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl MerchantTx {
    /// Begins anew: with all that is open here, but for advances and for what we are raising ourselves.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sync_open_begin(&self) -> Result<(), Error> {
        Entity::delete_many().filter(Column::MerchantId.eq(self.merchant_id())).exec(self.conn()).await?;
        let raised = TO_RAISE.len();
        let sql = format!(
            "INSERT INTO sync_open (merchant_id, invoice_id) SELECT merchant_id, id FROM invoice
            WHERE merchant_id = $1 AND status = 'open' AND advance IS NULL AND substr(external_id, 1, {raised}) <> '{TO_RAISE}'"
        );
        let backend = self.conn().get_database_backend();
        let merchant = Value::from(self.merchant_id());
        self.conn().execute_raw(Statement::from_sql_and_values(backend, sql, [merchant])).await?;
        Ok(())
    }

    /// These, by the books' ids, are open there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sync_open_seen(&self, external_ids: &[String]) -> Result<(), Error> {
        let these = self.one_of(invoices::Column::ExternalId, external_ids)?;
        let seen = Column::InvoiceId.in_subquery(self.mine::<invoices::Entity>(invoices::Column::Id, these));
        Entity::delete_many().filter(Column::MerchantId.eq(self.merchant_id())).filter(seen).exec(self.conn()).await?;
        Ok(())
    }

    /// These were asked about.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sync_open_end(&self, ids: Vec<InvoiceId>) -> Result<(), Error> {
        let these = Entity::delete_many().filter(Column::MerchantId.eq(self.merchant_id()));
        these.filter(Column::InvoiceId.is_in(ids)).exec(self.conn()).await?;
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Up to `limit` of those that were not seen there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sync_open_left(&self, limit: u64) -> Result<Vec<Invoice>, Error> {
        let left = self.all_mine::<Entity>(Column::InvoiceId);
        let left = self.find::<invoices::Entity>().filter(invoices::Column::Id.in_subquery(left));
        Ok(left.order_by_asc(invoices::Column::Id).limit(limit).all(self.conn()).await?)
    }
}
