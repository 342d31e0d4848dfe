//! The lines of a credit note of books of our own, in their order, where it has any. They stay.

use crate::{
    Error, MerchantTx,
    scope::{Scoped, owned},
};
use domain::ids::{CreditNoteId, MerchantId};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub credit_note_id: CreditNoteId,
    /// Its place, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    pub description: String,
    pub quantity_milli: i64,
    /// The price of one, meant as those of the note's invoice are.
    pub unit_minor: i64,
    pub tax_ppm: i64,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as CreditNoteLine;

impl MerchantTx {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's note.
    pub async fn credit_lines_add(&self, lines: Vec<CreditNoteLine>) -> Result<(), Error> {
        if lines.is_empty() { Ok(()) } else { self.insert::<Entity>(lines).await }
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn credit_lines(&self, note: CreditNoteId) -> Result<Vec<CreditNoteLine>, Error> {
        let of = self.find::<Entity>().filter(Column::CreditNoteId.eq(note));
        Ok(of.order_by_asc(Column::Line).all(self.conn()).await?)
    }
}
