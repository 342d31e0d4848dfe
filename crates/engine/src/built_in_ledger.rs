//! Books for a merchant without an accounting package: our own invoices are the truth, and a posting is the change itself.

use crate::Clock;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connectors::books::{
    Advances, Books, BooksError, BooksPayment, ChangesPage, NewInvoice, Next, OpenPage, PostPayment, PostRefund,
    Posted, PostedRefund, RefusedCause, other_amount,
};
use domain::{
    ids::LedgerPaymentId,
    invoice::{BooksCustomer, BooksInvoice, InvoiceStatus},
    money::Money,
};
use store::{Customer, Entered, Invoice, LedgerPayment, MerchantDb, NewLedgerPayment};

pub(crate) struct BuiltInLedger {
    db: MerchantDb,
    clock: Clock,
}

impl BuiltInLedger {
    pub(crate) const fn new(db: MerchantDb, clock: Clock) -> Self {
        Self { db, clock }
    }

    async fn enter_refund(
        &self,
        refund: &PostRefund,
        idempotency_key: String,
        minor: i64,
    ) -> Result<LedgerPaymentId, BooksError> {
        let invoice = self.row(&refund.invoice_external_id).await?;
        let amount = Money::new(minor, refund.amount.currency);
        let new = NewLedgerPayment { idempotency_key, amount, date: refund.date, reference: refund.reference.clone() };
        let tx = self.db.begin().await.map_err(away)?;
        let id = tx.ledger_refund_enter(invoice.id, new, self.clock.now()).await.map_err(away)?;
        tx.commit().await.map_err(away)?;
        Ok(id)
    }

    /// The payment of this invoice that carries the reference, and was not taken back.
    async fn standing(&self, payment: &PostPayment) -> Result<Option<LedgerPayment>, BooksError> {
        let invoice = self.row(&payment.invoice_external_id).await?;
        let found = self.db.ledger_payment(invoice.id, &payment.reference).await.map_err(away)?;
        match &found {
            Some(other) if other.amount().map_err(away)? != payment.amount => {
                Err(other_amount(payment, &other.amount().map_err(away)?.to_decimal()))
            }
            _ => Ok(found),
        }
    }

    async fn row(&self, external_id: &str) -> Result<Invoice, BooksError> {
        self.db.invoice_by_external_id(external_id).await.map_err(away)?.ok_or(BooksError::NotFound)
    }
}

fn read(row: Invoice, customer: Customer) -> Result<BooksInvoice, BooksError> {
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

fn away(cause: store::Error) -> BooksError {
    BooksError::Unreachable(cause.to_string())
}

#[async_trait]
impl Books for BuiltInLedger {
    fn name(&self) -> &'static str {
        "the built-in ledger"
    }

    fn is_built_in(&self) -> bool {
        true
    }

    fn has_pdf(&self) -> bool {
        false
    }

    /// A row beside those of invoices, entered and taken back like these.
    fn advances(&self) -> Advances {
        Advances { over_payments: true, prepayments: true }
    }

    async fn organisation(&self) -> Result<String, BooksError> {
        Ok(self.db.merchant().await.map_err(away)?.name)
    }

    /// The rows are the books.
    async fn changes(&self, _cursor: Option<&str>) -> Result<ChangesPage, BooksError> {
        let next = Next::Done { cursor: String::new(), deletions_told: true };
        Ok(ChangesPage { customers: Vec::new(), invoices: Vec::new(), gone: Vec::new(), left: Some(0), next })
    }

    /// Nobody looks for what is missing in them.
    async fn open_invoices(&self, _cursor: Option<&str>) -> Result<OpenPage, BooksError> {
        Err(BooksError::NotFound)
    }

    /// All that there are stand here.
    async fn customers(&self, _external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError> {
        Ok(Vec::new())
    }

    async fn invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let row = self.row(external_id).await?;
        let customer = self.db.customer(row.customer_id).await.map_err(away)?;
        read(row, customer)
    }

    async fn invoice_by_number(&self, number: &str) -> Result<BooksInvoice, BooksError> {
        let (row, customer) = self.db.invoice_by_number(number).await.map_err(away)?.ok_or(BooksError::NotFound)?;
        read(row, customer)
    }

    async fn invoice_pdf(&self, _external_id: &str) -> Result<Vec<u8>, BooksError> {
        Err(BooksError::NotFound)
    }

    /// As its row is to be: that belongs to whoever raises it.
    async fn raise_invoice(&self, invoice: &NewInvoice) -> Result<BooksInvoice, BooksError> {
        Ok(BooksInvoice {
            external_id: invoice.number.clone(),
            number: invoice.number.clone(),
            customer_external_id: invoice.customer_external_id.clone(),
            status: InvoiceStatus::Open,
            total: invoice.amount,
            due: invoice.amount,
            date: invoice.date,
            due_date: invoice.date,
        })
    }

    /// As its row is to be, likewise.
    async fn void_invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let stands = self.invoice(external_id).await?;
        Ok(BooksInvoice { status: InvoiceStatus::Void, due: Money::zero(stands.due.currency), ..stands })
    }

    async fn find_payment(&self, payment: &PostPayment) -> Result<Option<Posted>, BooksError> {
        Ok(self.standing(payment).await?.map(|found| posted(found.id)))
    }

    async fn post_payment(&self, payment: &PostPayment) -> Result<Posted, BooksError> {
        let invoice = self.row(&payment.invoice_external_id).await?;
        let new = NewLedgerPayment {
            idempotency_key: payment.idempotency_key.clone(),
            amount: payment.amount,
            date: payment.date,
            reference: payment.reference.clone(),
        };
        let tx = self.db.begin().await.map_err(away)?;
        let refused = |cause, message: &str| Err(BooksError::Refused { cause, message: message.to_owned() });
        match tx.ledger_payment_enter(invoice.id, new, self.clock.now()).await.map_err(away)? {
            Entered::Stands(id) => {
                tx.commit().await.map_err(away)?;
                Ok(posted(id))
            }
            Entered::NotOpen => refused(RefusedCause::NotAwaitingPayment, "the invoice is not awaiting payment"),
            Entered::MoreThanDue => refused(RefusedCause::MoreThanDue, "the payment is more than what is due"),
        }
    }

    /// What was entered stays; a second entry takes it back.
    async fn take_back_payment(&self, payment: &PostPayment) -> Result<Option<BooksInvoice>, BooksError> {
        if let Some(found) = self.standing(payment).await? {
            let new = NewLedgerPayment {
                idempotency_key: format!("{}-back", found.idempotency_key),
                amount: Money::new(-payment.amount.minor, payment.amount.currency),
                date: payment.date,
                reference: payment.reference.clone(),
            };
            let tx = self.db.begin().await.map_err(away)?;
            tx.ledger_payment_take_back(found.invoice_id, new, self.clock.now()).await.map_err(away)?;
            tx.commit().await.map_err(away)?;
        }
        self.invoice(&payment.invoice_external_id).await.map(Some)
    }

    async fn post_refund(&self, refund: &PostRefund) -> Result<PostedRefund, BooksError> {
        let id = self.enter_refund(refund, refund.idempotency_key.clone(), -refund.amount.minor).await?;
        Ok(PostedRefund { credit_id: None, external_id: id.to_string() })
    }

    /// What was entered stays; a second entry takes it back.
    async fn take_back_refund(&self, refund: &PostRefund) -> Result<(), BooksError> {
        if self.db.ledger_payment_by_key(&refund.idempotency_key).await.map_err(away)?.is_none() {
            return Ok(());
        }
        let key = format!("{}-back", refund.idempotency_key);
        self.enter_refund(refund, key, refund.amount.minor).await.map(drop)
    }

    async fn payments_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        let listed = |payment: LedgerPayment| {
            Ok(BooksPayment {
                external_id: payment.id.to_string(),
                amount: payment.amount().map_err(away)?.to_decimal(),
                reference: payment.reference,
                invoice_external_id: None,
            })
        };
        self.db.ledger_payments_since(since).await.map_err(away)?.into_iter().map(listed).collect()
    }
}

fn posted(id: LedgerPaymentId) -> Posted {
    Posted { external_id: id.to_string(), invoice: None }
}
