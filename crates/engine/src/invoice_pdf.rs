//! An invoice as the merchant's books print it. Asked for each time and never kept, so that nobody reads an old balance
//! or somebody else's document (D21). Where the books are our own, `own_documents.rs` prints it.

use crate::{Engine, Error, GuestPass, Lane, PayerPass};
use chrono::TimeDelta;
use connectors::books::BooksError;
use domain::{ids::InvoiceId, invoice::InvoiceStatus};
use sha2::{Digest, Sha256};
use store::{Invoice, MerchantDb, Throttle};

/// Who has opened it so often has it.
const PER_INVOICE: Throttle = Throttle { max: 10, window: TimeDelta::hours(1), lock: TimeDelta::minutes(10) };
/// Xero takes sixty calls a minute, and payments need theirs.
const PER_MERCHANT: Throttle = Throttle { max: 20, window: TimeDelta::minutes(1), lock: TimeDelta::minutes(1) };

/// A document as a file.
pub struct PdfFile {
    /// What it is, as its name begins: `invoice`.
    pub kind: &'static str,
    /// And goes on.
    pub number: String,
    pub bytes: Vec<u8>,
    /// Of the bytes, by which it is told from others: a number may be used again, and what it owes moves.
    pub sha256: String,
}

impl PdfFile {
    pub(crate) fn new(kind: &'static str, number: String, bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { kind, number, bytes, sha256 }
    }
}

impl Engine {
    /// The PDF of a checkout's invoice.
    ///
    /// # Errors
    /// Those of [`Engine::invoice_pdf`]; [`Error::NotFound`] also for a guest who did not name the company, because the
    /// document does.
    pub async fn checkout_pdf(&self, guest: &GuestPass) -> Result<PdfFile, Error> {
        if !guest.checkout.company_named {
            return Err(Error::NotFound);
        }
        let invoice = guest.db.invoice(guest.checkout.invoice_id).await?;
        self.pdf_from_books(&guest.db, invoice).await
    }

    /// The PDF of one of the payer's own invoices.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an invoice of somebody else, a draft, a void one, and books without PDFs;
    /// [`Error::BooksUnreachable`], and [`Error::HeldBack`] when the books were asked for too many.
    pub async fn invoice_pdf(&self, payer: &PayerPass, invoice: InvoiceId) -> Result<PdfFile, Error> {
        let invoice = payer.invoice(invoice).await?;
        self.pdf_from_books(&payer.db, invoice).await
    }

    /// Whether the merchant's books have invoices as PDFs.
    pub(crate) async fn has_pdf(&self, db: &MerchantDb) -> bool {
        self.books(db, Lane::UserAction).await.is_ok_and(|books| books.has_pdf())
    }

    async fn pdf_from_books(&self, db: &MerchantDb, invoice: Invoice) -> Result<PdfFile, Error> {
        let books = self.books(db, Lane::UserAction).await?;
        // Neither a draft nor a void one is handed out (E21); and an advance is no invoice, whatever its row is.
        let issued = matches!(invoice.status, InvoiceStatus::Open | InvoiceStatus::Paid) && invoice.advance.is_none();
        if !issued || !books.has_pdf() {
            return Err(Error::NotFound);
        }
        if !books.is_built_in() {
            self.count(&format!("pdf:{}:{}", db.merchant_id(), invoice.id), PER_INVOICE).await?;
            self.count(&format!("pdfs:{}", db.merchant_id()), PER_MERCHANT).await?;
        }
        match books.invoice_pdf(&invoice.external_id).await {
            Ok(bytes) => Ok(PdfFile::new("invoice", invoice.number, bytes)),
            Err(BooksError::NotFound) => Err(Error::NotFound),
            Err(cause) => {
                tracing::warn!(invoice.id = %invoice.id, %cause, "The books did not hand out an invoice's PDF.");
                Err(Error::BooksUnreachable(cause))
            }
        }
    }
}
