//! Invoices, credit notes and statements of books of our own as files. All that stands on one is read at one moment, after
//! whatever changed it was committed, and the same snapshot is the same bytes, whoever asks (D21).

use crate::{
    AdminPass, CustomerStatement, Engine, Error, OwnBooksError, PdfFile,
    own_books::{line, prices_of},
};
use chrono::NaiveDate;
use documents::Party;
use domain::{
    ids::{CreditNoteId, CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::Money,
    own_invoice::{NotNow, Sums},
};
use store::{Invoice, Merchant, MerchantTx};
use tokio::sync::Semaphore;

/// Each takes a core and megabytes: more at once would only slow one another down.
const DRAWN_AT_ONCE: usize = 4;
static TURNS: Semaphore = Semaphore::const_new(DRAWN_AT_ONCE);

impl Engine {
    /// An invoice for the merchant's staff.
    ///
    /// # Errors
    /// [`OwnBooksError::NotNow`] for a draft and a void one (E21); [`Error::NotFound`] for one that nobody wrote here.
    pub async fn own_invoice_pdf(&self, admin: &AdminPass, id: InvoiceId) -> Result<PdfFile, OwnBooksError> {
        self.own_books(&admin.db).await?;
        let snapshot = admin.db.snapshot().await?;
        let invoice = snapshot.invoice(id).await?;
        let document = read_invoice(&snapshot, invoice, &self.0.settings.public_url).await?;
        snapshot.commit().await?;
        let number = document.number.clone();
        Ok(PdfFile::new("invoice", number, drawn(move || document.pdf()).await?))
    }

    /// A credit note for the merchant's staff.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, for a void one (E21), and where the books are not our own.
    pub async fn credit_pdf(&self, admin: &AdminPass, id: CreditNoteId) -> Result<PdfFile, Error> {
        self.own_books(&admin.db).await?;
        let snapshot = admin.db.snapshot().await?;
        let note = snapshot.credit_note(id).await?;
        if note.voided_at.is_some() {
            return Err(Error::NotFound);
        }
        let (invoice, customer) = snapshot.invoice_with_customer(note.invoice_id).await?;
        let merchant = snapshot.merchant().await?;
        snapshot.commit().await?;
        let total = note.total()?;
        let document = documents::CreditNote {
            locale: merchant.face()?.locale,
            from: sender(&merchant),
            to: recipient(customer.name, customer.address),
            number: note.number.clone(),
            date: note.date,
            invoice_number: invoice.number,
            reason: note.reason,
            total,
            tax: Money::new(note.tax_minor, total.currency),
            left: Money::new(note.left_minor, total.currency),
        };
        Ok(PdfFile::new("credit-note", note.number, drawn(move || document.pdf()).await?))
    }

    /// A customer's statement for the merchant's staff.
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
        let set_up = self.own_books(&admin.db).await?;
        let CustomerStatement { name, address, statement, .. } =
            self.own_statement(admin, customer, from, until).await?;
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

/// What stands on an issued invoice. A draft and a void one are nobody's paper (E21), and an advance is no sale.
pub(crate) async fn read_invoice(
    snapshot: &MerchantTx,
    invoice: Invoice,
    portal: &str,
) -> Result<documents::Invoice, OwnBooksError> {
    if invoice.advance.is_some() {
        return Err(Error::NotFound.into());
    }
    match invoice.status {
        InvoiceStatus::Draft => return Err(NotNow::NotIssued.into()),
        InvoiceStatus::Void => return Err(NotNow::Void.into()),
        InvoiceStatus::Open | InvoiceStatus::Paid => {}
    }
    let details = snapshot.ledger_invoice(invoice.id).await?.ok_or(Error::NotFound)?;
    let (merchant, customer) = (snapshot.merchant().await?, snapshot.customer(invoice.customer_id).await?);
    let credited_minor = snapshot.credit_allocated_to(invoice.id).await?;
    let (due, prices) = (invoice.due()?, prices_of(&details));
    let rows = snapshot.ledger_lines(invoice.id).await?;
    let lines: Vec<_> = rows.into_iter().map(|row| line(row, due.currency)).collect();
    // As they were called when it was issued.
    let to = match details.customer_name {
        Some(name) => recipient(name, details.customer_address),
        None => recipient(customer.name, customer.address),
    };
    Ok(documents::Invoice {
        locale: merchant.face()?.locale,
        from: sender(&merchant),
        to,
        number: invoice.number,
        date: invoice.date,
        due_date: invoice.due_date,
        prices,
        sums: Sums::of(&lines, prices, due.currency).map_err(Error::from)?,
        lines,
        credited: Money::new(credited_minor, due.currency),
        due,
        notes: details.notes,
        portal: portal.to_owned(),
    })
}

/// Drawn past the threads that answer others, and few at a time.
pub(crate) async fn drawn(
    draw: impl FnOnce() -> Result<Vec<u8>, documents::Error> + Send + 'static,
) -> Result<Vec<u8>, Error> {
    let turn = TURNS.acquire().await.map_err(|_| Error::Crashed)?;
    let drawing = tokio::task::spawn_blocking(move || {
        // As long as it is drawn, whether anybody still waits for it or not.
        let _turn = turn;
        draw()
    });
    Ok(drawing.await.map_err(|_| Error::Crashed)??)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    #[tokio::test]
    async fn few_documents_are_drawn_at_once_however_many_are_asked_for() {
        let slow = || {
            MOST.fetch_max(UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
            Ok(Vec::new())
        };
        let all: Vec<_> = (0..3 * DRAWN_AT_ONCE).map(|_| tokio::spawn(drawn(slow))).collect();
        for one in all {
            one.await.expect("no panic").expect("a document");
        }
        let most = MOST.load(Ordering::SeqCst);
        assert!(most <= DRAWN_AT_ONCE, "{most} at once");
    }
}
