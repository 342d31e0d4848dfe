//! Documents of books of our own as they were drawn: the very bytes that staff, payers and mails get. Each is addressed by the
//! digest of its bytes, and stays as it is (`m049_documents`): what is printed otherwise is another one.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{CreditNoteId, InvoiceId, MerchantId};
use sea_orm::{ConnectionTrait, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Which invoice it is, or is a credit note of.
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
    /// SHA-256 of all that stands on it, by which it is found again.
    #[sea_orm(primary_key, auto_increment = false)]
    pub printed: String,
    /// Absent where it is the invoice itself.
    pub credit_note_id: Option<CreditNoteId>,
    /// Of its bytes: its address.
    pub sha256: String,
    /// What it is called by people.
    pub number: String,
    pub bytes: Vec<u8>,
    pub drawn_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Document;

impl MerchantTx {
    /// Keeps a document, unless the same was kept already. Answers what is kept.
    ///
    /// # Errors
    /// [`Error::Missing`] when its invoice, or its note, is not this merchant's.
    pub async fn document_keep(&self, new: Document) -> Result<Document, Error> {
        let (invoice, printed) = (new.invoice_id, new.printed.clone());
        self.insert_absent::<Entity>([new]).await?;
        self.document_printed(invoice, &printed).await?.ok_or(Error::Missing)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// The document of an invoice on which exactly this stands.
    ///
    /// # Errors
    /// The database is away.
    pub async fn document_printed(&self, invoice: InvoiceId, printed: &str) -> Result<Option<Document>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.eq(invoice)).filter(Column::Printed.eq(printed));
        Ok(of.only(self.conn()).await?)
    }

    /// The one with this address.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn document(&self, sha256: &str) -> Result<Document, Error> {
        self.find::<Entity>().filter(Column::Sha256.eq(sha256)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// The same, if it is of this invoice, or of this credit note of it.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another invoice's.
    pub async fn document_of(
        &self,
        invoice: InvoiceId,
        note: Option<CreditNoteId>,
        sha256: &str,
    ) -> Result<Document, Error> {
        let of = self.find::<Entity>().filter(Column::Sha256.eq(sha256)).filter(Column::InvoiceId.eq(invoice));
        let of = match note {
            Some(note) => of.filter(Column::CreditNoteId.eq(note)),
            None => of.filter(Column::CreditNoteId.is_null()),
        };
        of.only(self.conn()).await?.ok_or(Error::Missing)
    }
}
