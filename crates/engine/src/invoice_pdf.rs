//! An invoice as the merchant's books print it. Of other books it is asked for each time and never kept, so that nobody reads an
//! old balance or somebody else's document (D21). Where the books are our own, `own_documents.rs` prints it.

use crate::{Engine, Error, GuestPass, Lane, PayerPass, keep_document::digest};
use chrono::TimeDelta;
use connectors::books::BooksError;
use domain::{ids::InvoiceId, invoice::InvoiceStatus};
use store::{Invoice, MerchantDb, Throttle};

/// Who has opened it so often has it.
const PER_INVOICE: Throttle = Throttle { max: 10, window: TimeDelta::hours(1), lock: TimeDelta::minutes(10) };
/// Xero takes sixty calls a minute, and payments need theirs.
const PER_MERCHANT: Throttle = Throttle { max: 20, window: TimeDelta::minutes(1), lock: TimeDelta::minutes(1) };

/// File systems take 255 bytes, and a letter can have four.
const NAME_MAX_CHARS: usize = 50;

/// A document as a file.
pub struct PdfFile {
    /// What it is, as its name begins: `invoice`.
    pub kind: &'static str,
    /// And goes on.
    pub number: String,
    pub bytes: Vec<u8>,
    /// Of the bytes, by which it is told from others: a number may be used again, and what it owes moves.
    pub sha256: String,
    /// It stays readable at the address that this is.
    pub is_kept: bool,
}

impl PdfFile {
    pub(crate) fn new(kind: &'static str, number: String, bytes: Vec<u8>) -> Self {
        Self { kind, number, sha256: digest(&bytes), bytes, is_kept: false }
    }
}

/// What a document is saved as, without its ending. Of its number, these characters stay, and three signs that mean nothing to
/// a header or to a file system.
#[must_use]
pub fn file_name(kind: &str, number: &str, stays: fn(char) -> bool) -> String {
    let number = number.chars().take(NAME_MAX_CHARS);
    let number: String = number.map(|c| if stays(c) || "-_.".contains(c) { c } else { '-' }).collect();
    format!("{kind}-{number}")
}

impl Engine {
    /// The PDF of a checkout's invoice: as it is now, or the one that is kept at this address.
    ///
    /// # Errors
    /// Those of [`Engine::invoice_pdf`]; [`Error::NotFound`] also for a guest who did not name the company, because the
    /// document does.
    pub async fn checkout_pdf(&self, guest: &GuestPass, address: Option<&str>) -> Result<PdfFile, Error> {
        if !guest.checkout.company_named {
            return Err(Error::NotFound);
        }
        let invoice = guest.db.invoice(guest.checkout.invoice_id).await?;
        self.pdf_from_books(&guest.db, invoice, address).await
    }

    /// The PDF of one of the payer's own invoices, likewise.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an invoice of somebody else, a draft, a void one, and books without PDFs;
    /// [`Error::BooksUnreachable`], and [`Error::HeldBack`] when the books were asked for too many.
    pub async fn invoice_pdf(
        &self,
        payer: &PayerPass,
        invoice: InvoiceId,
        address: Option<&str>,
    ) -> Result<PdfFile, Error> {
        let invoice = payer.invoice(invoice).await?;
        self.pdf_from_books(&payer.db, invoice, address).await
    }

    /// Whether the merchant's books have invoices as PDFs.
    pub(crate) async fn has_pdf(&self, db: &MerchantDb) -> bool {
        self.books(db, Lane::UserAction).await.is_ok_and(|books| books.has_pdf())
    }

    async fn pdf_from_books(&self, db: &MerchantDb, invoice: Invoice, address: Option<&str>) -> Result<PdfFile, Error> {
        let books = self.books(db, Lane::UserAction).await?;
        // Neither a draft nor a void one is handed out (E21); and an advance is no invoice, whatever its row is.
        let issued = matches!(invoice.status, InvoiceStatus::Open | InvoiceStatus::Paid) && invoice.advance.is_none();
        if !issued || !books.has_pdf() {
            return Err(Error::NotFound);
        }
        if let Some(address) = address {
            return Ok(db.document_of(invoice.id, None, address).await?.into());
        }
        if !books.is_built_in() {
            self.count(&format!("pdf:{}:{}", db.merchant_id(), invoice.id), PER_INVOICE).await?;
            self.count(&format!("pdfs:{}", db.merchant_id()), PER_MERCHANT).await?;
        }
        match books.invoice_pdf(&invoice.external_id).await {
            Ok(bytes) => Ok(PdfFile { is_kept: books.is_built_in(), ..PdfFile::new("invoice", invoice.number, bytes) }),
            Err(BooksError::NotFound) => Err(Error::NotFound),
            Err(cause) => {
                tracing::warn!(invoice.id = %invoice.id, %cause, "The books did not hand out an invoice's PDF.");
                Err(Error::BooksUnreachable(cause))
            }
        }
    }
}
