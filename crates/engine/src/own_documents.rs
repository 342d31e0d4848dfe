//! Invoices, credit notes and statements of books of our own as files. All that stands on one is read at one moment, after
//! whatever changed it was committed; of what is issued, who wrote it and for whom are as they were called then.

use crate::{
    AdminPass, CustomerStatement, Engine, Error, OwnBooksError, PayerPass, PdfFile, credit_invoice,
    keep_document::{Paper, drawn, kept},
    own_books::{line, prices_of},
};
use chrono::{DateTime, NaiveDate, Utc};
use documents::Party;
use domain::{
    ids::{CreditNoteId, CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::Money,
    own_invoice::{NotNow, Prices, Sums},
};
use store::{CreditNote, Customer, Document, Invoice, LedgerInvoice, Merchant, MerchantDb, MerchantTx};

impl Engine {
    /// An invoice for the merchant's staff: as it is printed now, or the one that is kept at this address.
    ///
    /// # Errors
    /// [`OwnBooksError::NotNow`] for a draft and a void one (E21); [`Error::NotFound`] for one that nobody wrote here.
    pub async fn own_invoice_pdf(
        &self,
        admin: &AdminPass,
        id: InvoiceId,
        address: Option<&str>,
    ) -> Result<PdfFile, OwnBooksError> {
        self.own_books(&admin.db).await?;
        let Some(address) = address else {
            let document = invoice_document(&admin.db, id, &self.0.settings.public_url, self.now()).await??;
            return Ok(document.into());
        };
        match unprintable(&admin.db.invoice(id).await?)? {
            Some(why) => Err(why.into()),
            None => Ok(admin.db.document_of(id, None, address).await?.into()),
        }
    }

    /// A credit note for the merchant's staff, likewise.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, for a void one (E21), and where the books are not our own.
    pub async fn credit_pdf(
        &self,
        admin: &AdminPass,
        id: CreditNoteId,
        address: Option<&str>,
    ) -> Result<PdfFile, Error> {
        self.credit_file(&admin.db, id, address).await
    }

    /// The same for the payer of its customer.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another customer's, and for that of a quote.
    pub async fn payer_credit_pdf(
        &self,
        payer: &PayerPass,
        id: CreditNoteId,
        address: Option<&str>,
    ) -> Result<PdfFile, Error> {
        payer.invoice(payer.db.credit_note(id).await?.invoice_id).await?;
        self.credit_file(&payer.db, id, address).await
    }

    async fn credit_file(&self, db: &MerchantDb, id: CreditNoteId, address: Option<&str>) -> Result<PdfFile, Error> {
        self.own_books(db).await?;
        let snapshot = db.snapshot().await?;
        let note = snapshot.credit_note(id).await?;
        if note.voided_at.is_some() {
            return Err(Error::NotFound);
        }
        if let Some(address) = address {
            return Ok(snapshot.document_of(note.invoice_id, Some(id), address).await?.into());
        }
        let paper = credit_paper(&snapshot, note).await?;
        Ok(kept(db, snapshot, paper, self.now()).await?.into())
    }

    /// A customer's statement for the merchant's staff. None is issued, so it is drawn for each who asks.
    ///
    /// # Errors
    /// Those of [`Engine::own_statement`].
    pub async fn statement_pdf(
        &self,
        admin: &AdminPass,
        customer: CustomerId,
        from: Option<NaiveDate>,
        until: Option<NaiveDate>,
    ) -> Result<PdfFile, Error> {
        self.statement_file(&admin.db, customer, (from, until)).await
    }

    /// The same for the customer's own payer.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the books are not our own.
    pub async fn payer_statement_pdf(
        &self,
        payer: &PayerPass,
        from: Option<NaiveDate>,
        until: Option<NaiveDate>,
    ) -> Result<PdfFile, Error> {
        self.statement_file(&payer.db, payer.customer, (from, until)).await
    }

    async fn statement_file(
        &self,
        db: &MerchantDb,
        customer: CustomerId,
        days: (Option<NaiveDate>, Option<NaiveDate>),
    ) -> Result<PdfFile, Error> {
        let set_up = self.own_books(db).await?;
        let CustomerStatement { name, address, statement, .. } = self.statement_of(db, customer, days).await?;
        let called = format!("{} {name}", statement.until);
        let document = documents::CustomerStatement {
            locale: set_up.merchant.face()?.locale,
            from: sender(&set_up.merchant),
            to: recipient(name, Some(address)),
            statement,
            portal: self.0.settings.public_url.clone(),
        };
        Ok(PdfFile::new("statement", called, drawn(move || document.pdf()).await?))
    }
}

/// The document of an invoice as it is printed now, or why there is none.
///
/// # Errors
/// [`Error::NotFound`] for an advance, and for one that nobody wrote here.
pub(crate) async fn invoice_document(
    db: &MerchantDb,
    id: InvoiceId,
    portal: &str,
    now: DateTime<Utc>,
) -> Result<Result<Document, NotNow>, Error> {
    let snapshot = db.snapshot().await?;
    let invoice = snapshot.invoice(id).await?;
    if let Some(why) = unprintable(&invoice)? {
        return Ok(Err(why));
    }
    let paper = invoice_paper(&snapshot, invoice, portal).await?;
    Ok(Ok(kept(db, snapshot, paper, now).await?))
}

/// Why nothing of it is printed: a draft and a void one are nobody's paper (E21), and an advance is no sale.
fn unprintable(invoice: &Invoice) -> Result<Option<NotNow>, Error> {
    if invoice.advance.is_some() {
        return Err(Error::NotFound);
    }
    Ok(match invoice.status {
        InvoiceStatus::Draft => Some(NotNow::NotIssued),
        InvoiceStatus::Void => Some(NotNow::Void),
        InvoiceStatus::Open | InvoiceStatus::Paid => None,
    })
}

async fn invoice_paper(snapshot: &MerchantTx, invoice: Invoice, portal: &str) -> Result<Paper, Error> {
    let details = snapshot.ledger_invoice(invoice.id).await?.ok_or(Error::NotFound)?;
    let merchant = snapshot.merchant_at(details.issued_at.unwrap_or(details.created_at)).await?;
    let customer = snapshot.customer(invoice.customer_id).await?;
    let credited_minor = snapshot.credit_allocated_to(invoice.id).await?;
    let (due, prices) = (invoice.due()?, prices_of(&details));
    let rows = snapshot.ledger_lines(invoice.id).await?;
    let lines: Vec<_> = rows.into_iter().map(|row| line(row, due.currency)).collect();
    let document = documents::Invoice {
        locale: merchant.face()?.locale,
        from: sender(&merchant),
        to: billed(Some(&details), customer),
        number: invoice.number.clone(),
        date: invoice.date,
        due_date: invoice.due_date,
        prices,
        sums: Sums::of(&lines, prices, due.currency)?,
        lines,
        credited: Money::new(credited_minor, due.currency),
        due,
        notes: details.notes,
        portal: portal.to_owned(),
    };
    Ok(Paper { invoice: invoice.id, note: None, number: invoice.number, sheet: document.sheet()? })
}

/// What stands on a credit note: it is for whom its invoice was for.
async fn credit_paper(snapshot: &MerchantTx, note: CreditNote) -> Result<Paper, Error> {
    let (invoice, customer) = snapshot.invoice_with_customer(note.invoice_id).await?;
    let details = snapshot.ledger_invoice(note.invoice_id).await?;
    let merchant = snapshot.merchant_at(note.created_at).await?;
    let total = note.total()?;
    let rows = snapshot.credit_lines(note.id).await?;
    let document = documents::CreditNote {
        locale: merchant.face()?.locale,
        from: sender(&merchant),
        to: billed(details.as_ref(), customer),
        number: note.number.clone(),
        date: note.date,
        invoice_number: invoice.number,
        reason: note.reason,
        lines: rows.into_iter().map(|row| credit_invoice::line(row, total.currency)).collect(),
        prices: details.as_ref().map_or(Prices::TaxExcluded, prices_of),
        total,
        tax: Money::new(note.tax_minor, total.currency),
        left: Money::new(note.left_minor, total.currency),
    };
    Ok(Paper { invoice: note.invoice_id, note: Some(note.id), number: note.number, sheet: document.sheet()? })
}

/// As they were called when the invoice was issued, where that was kept.
fn billed(details: Option<&LedgerInvoice>, customer: Customer) -> Party {
    match details.and_then(|details| Some((details.customer_name.clone()?, details.customer_address.clone()))) {
        Some((name, address)) => recipient(name, address),
        None => recipient(customer.name, customer.address),
    }
}

fn sender(merchant: &Merchant) -> Party {
    Party {
        name: merchant.name.clone(),
        address: merchant.address.clone().unwrap_or_default(),
        tax_number: merchant.tax_number.clone(),
        email: Some(merchant.support_email.clone()),
    }
}

fn recipient(name: String, address: Option<String>) -> Party {
    Party { name, address: address.unwrap_or_default(), tax_number: None, email: None }
}
