//! Books for a merchant without an accounting package: our own invoices are the truth. A payment is computed here and
//! written by whoever posts it, in the transaction that ends the posting, so a repeat finds the balance unchanged.

use async_trait::async_trait;
use connectors::books::{Books, BooksError, Changes, PostPayment, Posted, RefusedCause};
use domain::invoice::{BooksInvoice, InvoiceStatus};
use store::{Invoice, MerchantDb};

pub(crate) struct BuiltInLedger {
    db: MerchantDb,
}

impl BuiltInLedger {
    pub(crate) const fn new(db: MerchantDb) -> Self {
        Self { db }
    }

    async fn read(&self, row: Option<Invoice>) -> Result<BooksInvoice, BooksError> {
        let row = row.ok_or(BooksError::NotFound)?;
        let customer = self.db.customer(row.customer_id).await.map_err(away)?;
        Ok(BooksInvoice {
            total: row.total().map_err(away)?,
            due: row.due().map_err(away)?,
            external_id: row.external_id,
            number: row.number,
            customer_external_id: customer.external_id,
            status: row.status,
            date: row.date,
            due_date: row.due_date,
        })
    }
}

fn away(cause: store::Error) -> BooksError {
    BooksError::Unreachable(cause.to_string())
}

#[async_trait]
impl Books for BuiltInLedger {
    fn name(&self) -> &'static str {
        "the built-in ledger"
    }

    async fn changes(&self, _cursor: Option<&str>) -> Result<Changes, BooksError> {
        Ok(Changes { customers: Vec::new(), invoices: Vec::new(), cursor: String::new() })
    }

    async fn invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let row = self.db.invoice_by_external_id(external_id).await.map_err(away)?;
        self.read(row).await
    }

    async fn invoice_by_number(&self, number: &str) -> Result<BooksInvoice, BooksError> {
        let row = self.db.invoice_by_number(number).await.map_err(away)?;
        self.read(row).await
    }

    async fn find_payment(&self, _invoice_external_id: &str, _reference: &str) -> Result<Option<Posted>, BooksError> {
        Ok(None)
    }

    async fn post_payment(&self, payment: &PostPayment) -> Result<Posted, BooksError> {
        let refused = |cause, message: &str| BooksError::Refused { cause, message: message.to_owned() };
        let invoice = self.invoice(&payment.invoice_external_id).await?;
        if invoice.status != InvoiceStatus::Open {
            return Err(refused(RefusedCause::NotAwaitingPayment, "the invoice is not awaiting payment"));
        }
        let due = invoice.due.minus(payment.amount).map_err(|e| refused(RefusedCause::Other, &e.to_string()))?;
        if due.minor < 0 {
            return Err(refused(RefusedCause::MoreThanDue, "the payment is more than what is due"));
        }
        let status = if due.minor == 0 { InvoiceStatus::Paid } else { InvoiceStatus::Open };
        let invoice = BooksInvoice { due, status, ..invoice };
        Ok(Posted { external_id: payment.idempotency_key.clone(), invoice: Some(invoice) })
    }
}
