//! Which invoice got how much of a credit note. Added to, and never changed.

use crate::{
    Error, MerchantTx,
    scope::{Scoped, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{CreditNoteId, InvoiceId, MerchantId};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_allocation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub credit_note_id: CreditNoteId,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i32,
    pub invoice_id: InvoiceId,
    pub amount_minor: i64,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as CreditAllocation;

impl MerchantTx {
    /// The next one of a note that is held.
    pub(crate) async fn credit_allocation_add(
        &self,
        note: CreditNoteId,
        invoice_id: InvoiceId,
        amount_minor: i64,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let place = self.credit_allocations(note).await?.last().map_or(1, |last| last.place + 1);
        let merchant_id = self.merchant_id();
        let row = Model { merchant_id, credit_note_id: note, place, invoice_id, amount_minor, created_at: now };
        self.insert::<Entity>([row]).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Which invoices got how much of a note, in that order.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_allocations(&self, note: CreditNoteId) -> Result<Vec<CreditAllocation>, Error> {
        let of = self.find::<Entity>().filter(Column::CreditNoteId.eq(note));
        Ok(of.order_by_asc(Column::Place).all(self.conn()).await?)
    }

    /// How much an invoice got of any note.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_allocated_to(&self, invoice: InvoiceId) -> Result<i64, Error> {
        let to = self.find::<Entity>().filter(Column::InvoiceId.eq(invoice));
        Ok(to.all(self.conn()).await?.iter().map(|allocation| allocation.amount_minor).sum())
    }
}
