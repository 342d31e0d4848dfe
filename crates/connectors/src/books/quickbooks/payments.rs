//! Payments in QuickBooks Online (`wire/accounting.md`, 2.5, 4.2 and 4.3): each pays one invoice, onto the clearing account.
//! Its number has room for the beginning of a long reference; the note has all of it, and which invoice it was for, so that
//! it is found again also when it pays that no more.

use super::{
    QuickBooks, Undo, before,
    bodies::{LinkTo, NewLink, NewPayment, To, number},
    errors::without_invoice,
    unsaid,
    wire::{Document, Invoice, Payment, cut},
};
use crate::books::{Books, BooksError, BooksPayment, PostPayment, Posted, call::Call, due_after, other_amount};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use domain::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
};

/// A payment is voided, because a trace of it shall stay (2.5).
pub(super) const VOID: Undo = Undo { entity: "payment", how: &[("operation", "update"), ("include", "void")] };
/// From the day that a document is of back to a moment before it in every time zone.
const DAYS_BEFORE: Days = Days::new(2);

impl QuickBooks {
    pub(super) async fn find(&self, payment: &PostPayment) -> Result<Option<Posted>, BooksError> {
        let invoice = self.document_of(payment).await?;
        match (self.standing(payment, invoice.as_ref()).await?, invoice) {
            (None, None) => Err(BooksError::NotFound),
            (None, Some(_)) => Ok(None),
            (Some(found), invoice) => {
                let invoice = invoice.as_ref().and_then(|invoice| self.readable(invoice));
                Ok(Some(Posted { external_id: known(&found)?, invoice }))
            }
        }
    }

    pub(super) async fn post(&self, payment: &PostPayment) -> Result<Posted, BooksError> {
        let PostPayment { amount, invoice_external_id, .. } = payment;
        let document: Invoice = self.read("invoice", invoice_external_id).await.map_err(without_invoice)?;
        let invoice = self.understood(&document)?;
        let due = match due_after(&invoice, *amount) {
            Ok(due) => due,
            // What has paid it may be ours. What is over would become credit without anybody's word.
            Err(refusal) => {
                return match self.standing(payment, Some(&document)).await? {
                    Some(found) => Ok(Posted { external_id: known(&found)?, invoice: Some(invoice) }),
                    None => Err(refusal),
                };
            }
        };
        let link = LinkTo { txn_id: invoice_external_id, txn_type: "Invoice" };
        let line = vec![NewLink { amount: number(*amount)?, linked_txn: [link] }];
        let external_id = self.pay(payment, &invoice.customer_external_id, note_of(payment), line).await?;
        // The answer does not tell it, and reads are counted (2.14, 4.2).
        let status = if due.minor == 0 { InvoiceStatus::Paid } else { InvoiceStatus::Open };
        Ok(Posted { external_id, invoice: Some(BooksInvoice { due, status, ..invoice }) })
    }

    /// Writes the payment of a customer, and answers its id.
    pub(super) async fn pay(
        &self,
        payment: &PostPayment,
        customer: &str,
        private_note: String,
        line: Vec<NewLink<'_>>,
    ) -> Result<String, BooksError> {
        let body = NewPayment {
            customer_ref: To { value: customer },
            currency_ref: To { value: payment.amount.currency.code() },
            total_amt: number(payment.amount)?,
            txn_date: payment.date,
            deposit_to_account_ref: To { value: &self.config.clearing_account },
            payment_ref_num: cut(&payment.reference),
            private_note,
            line,
        };
        let request = self.write("payment", &payment.idempotency_key).json(&body);
        let made: Payment = self.one(Call::Write, request).await?;
        made.id().map(str::to_owned).ok_or_else(|| unsaid("payment"))
    }

    pub(super) async fn take_back(&self, payment: &PostPayment) -> Result<BooksInvoice, BooksError> {
        let invoice = self.document_of(payment).await?;
        if let Some(found) = self.standing(payment, invoice.as_ref()).await? {
            self.undo(&VOID, &known(&found)?, |found: &Payment| Ok(found.stands())).await?;
        }
        self.invoice(&payment.invoice_external_id).await
    }

    pub(super) async fn listed_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        let (since, account) = (before(since), self.config.clearing_account.as_str());
        let standing = |payment: Payment| payment.standing_on(account);
        let mut listed = self.list("Payment", None, Some(&since), standing).await?;
        let paid_back = self.list("RefundReceipt", None, Some(&since), standing).await?;
        let noted = |expense: Payment| standing(expense).filter(|paid| !paid.reference.is_empty());
        let spent = self.list("Purchase", None, Some(&since), noted).await?;
        let negative = |paid: BooksPayment| BooksPayment { amount: format!("-{}", paid.amount), ..paid };
        listed.extend(paid_back.into_iter().chain(spent).map(negative));
        Ok(listed)
    }

    /// The payments, or refund receipts, that were entered or changed since about the day that one of ours is of, and that
    /// are `ours`.
    pub(super) async fn written_since(
        &self,
        kind: &str,
        day: NaiveDate,
        ours: impl Fn(&Payment) -> bool + Send,
    ) -> Result<Option<Payment>, BooksError> {
        let day = day.checked_sub_days(DAYS_BEFORE).unwrap_or(day).and_time(NaiveTime::MIN).and_utc();
        let ours = move |payment: Payment| Some(payment).filter(|payment| ours(payment));
        let found = self.list(kind, None, Some(&before(day)), ours).await?;
        Ok(found.into_iter().next())
    }

    /// The invoice that it is to pay, when it was not deleted.
    async fn document_of(&self, payment: &PostPayment) -> Result<Option<Invoice>, BooksError> {
        match self.read("invoice", &payment.invoice_external_id).await {
            Err(BooksError::NotFound) => Ok(None),
            found => found.map(Some),
        }
    }

    /// The payment that stands there for it: of those that pay the invoice, or one of ours that paid it before the invoice was
    /// voided, deleted or let go of by a person. Refused, when its amount is another.
    async fn standing(&self, payment: &PostPayment, invoice: Option<&Invoice>) -> Result<Option<Payment>, BooksError> {
        let found = match self.paying(&payment.reference, invoice).await? {
            None => {
                let note = note_of(payment);
                self.written_since("Payment", payment.date, |other| other.is_noted(&note)).await?
            }
            found => found,
        };
        match found {
            Some(found) => as_ours(found, payment).map(Some),
            None => Ok(None),
        }
    }

    async fn paying(&self, reference: &str, invoice: Option<&Invoice>) -> Result<Option<Payment>, BooksError> {
        let paying: Vec<&str> = invoice.map(|invoice| invoice.payments().collect()).unwrap_or_default();
        for paid in paying {
            let found: Payment = match self.read("payment", paid).await {
                Err(BooksError::NotFound) => continue,
                found => found?,
            };
            if found.is(reference) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// One of another amount was entered by a person.
pub fn as_ours(found: Payment, payment: &PostPayment) -> Result<Payment, BooksError> {
    match Money::from_decimal(found.amount(), payment.amount.currency) {
        Ok(amount) if amount == payment.amount => Ok(found),
        _ => Err(other_amount(payment, found.amount())),
    }
}

/// The id of a document that was read.
pub fn known(found: &impl Document) -> Result<String, BooksError> {
    let unknown = || BooksError::Unreachable("a document has no id".to_owned());
    found.id().map(str::to_owned).ok_or_else(unknown)
}

/// The reference whole, and which invoice it is for.
fn note_of(payment: &PostPayment) -> String {
    format!("{} for {}", payment.reference, payment.invoice_external_id)
}
