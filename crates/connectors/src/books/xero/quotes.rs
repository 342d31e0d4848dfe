//! What is paid for a quote, in Xero (`wire/accounting.md`, 4.4): an invoice on the account that prepayments are owed on, which
//! the payment pays at once, and a credit note on the same account, which is then the customer's credit. Each is looked for by
//! its number before it is made or undone, so that whatever ended half-way is gone on with.

use super::{
    Payment, Xero,
    credit_notes::{AUTHORISED, Allocation, CreditLine, CreditNote, DELETED, DRAFT, NewCreditNote, VOIDED},
    errors::{Call, refused},
    id,
    wire::{ContactRef, Invoice, NewPayments, Page, Paid, number},
};
use crate::books::{
    Advance, ApplyCredit, Books, BooksError, LineAccount, NewInvoice, PostPayment, PostRefund, Posted, PostedRefund,
    QuoteCredit, RefusedCause, due_after, is_used, less_is_left, no_credit, other_credit, other_invoice,
};
use chrono::NaiveDate;
use domain::{
    advance::{QUOTE_REFERENCE, quote_credit_number},
    invoice::{BooksInvoice, InvoiceStatus},
};
use reqwest::Method;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// What stands of a quote's payment.
struct Pair {
    invoice: Option<BooksInvoice>,
    /// With the payment's id.
    paid: Option<(String, Payment)>,
    /// With the credit note's id.
    credit: Option<(String, CreditNote)>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewAllocations {
    allocations: [NewAllocation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewAllocation {
    amount: Box<RawValue>,
    /// The page calls it read-only, and the published contract wants it (1.7).
    date: NaiveDate,
    invoice: InvoiceRef,
}

#[derive(Serialize)]
struct InvoiceRef {
    #[serde(rename = "InvoiceID")]
    id: Uuid,
}

impl Xero {
    pub(super) async fn find_quote(
        &self,
        payment: &PostPayment,
        quote: &Advance,
    ) -> Result<Option<Posted>, BooksError> {
        let Pair { paid, credit, .. } = self.pair(payment, quote).await?;
        let credit = credit.filter(|(_, credit)| !credit.is_draft());
        Ok(paid.zip(credit).map(|((external_id, _), _)| Posted { external_id, invoice: None }))
    }

    pub(super) async fn post_quote(&self, payment: &PostPayment, quote: &Advance) -> Result<Posted, BooksError> {
        let Pair { invoice, paid, credit } = self.pair(payment, quote).await?;
        let invoice = match invoice {
            Some(invoice) => invoice,
            None => self.raise(&self.quote_invoice(payment, quote)?).await?,
        };
        let external_id = match paid {
            Some((external_id, _)) => external_id,
            None => self.pay_invoice(&invoice.external_id, payment).await?.0,
        };
        match credit {
            None => self.write_quote_credit(payment, quote, AUTHORISED).await?,
            Some((credit_id, credit)) if credit.is_draft() => self.move_credit(&credit_id, AUTHORISED).await?,
            Some(_) => {}
        }
        Ok(Posted { external_id, invoice: None })
    }

    /// What would stop it half-way is looked at first: an invoice that is owed again must not be so for nothing.
    pub(super) async fn take_back_quote(&self, payment: &PostPayment, quote: &Advance) -> Result<(), BooksError> {
        let Pair { invoice, paid, credit } = self.pair(payment, quote).await?;
        if let Some(why) = paid.as_ref().and_then(|(_, paid)| paid.left_to_a_person()) {
            return Err(refused(format!("Its payment {why}.")));
        }
        let credit_number = quote_credit_number(&quote.number);
        if credit.as_ref().is_some_and(|(_, credit)| credit.paid().next().is_some()) {
            return Err(is_used(&credit_number));
        }
        if let Some(invoice) = invoice.as_ref().filter(|invoice| paid.is_none() && invoice.due != invoice.total) {
            let message = format!("Something is paid on the invoice {}.", invoice.number);
            return Err(BooksError::Refused { cause: RefusedCause::NotAwaitingPayment, message });
        }
        if let Some((credit_id, credit)) = &credit {
            for allocation in credit.allocated() {
                self.unallocate(credit_id, allocation, &credit_number).await?;
            }
        }
        if let Some((paid, _)) = &paid {
            self.delete_payment(paid).await?;
        }
        if let Some(invoice) = &invoice {
            self.void(&invoice.external_id).await?;
        }
        match &credit {
            Some((credit_id, credit)) if credit.is_draft() => self.move_credit(credit_id, DELETED).await,
            Some((credit_id, _)) => self.move_credit(credit_id, VOIDED).await,
            None => Ok(()),
        }
    }

    pub(super) async fn draft_quote_credit(&self, payment: &PostPayment, quote: &Advance) -> Result<(), BooksError> {
        match self.quote_note(payment, quote).await? {
            Some(_) => Ok(()),
            None => self.write_quote_credit(payment, quote, DRAFT).await,
        }
    }

    pub(super) async fn drop_quote_draft(&self, payment: &PostPayment, quote: &Advance) -> Result<(), BooksError> {
        match self.quote_note(payment, quote).await? {
            None => Ok(()),
            Some((credit_id, credit)) if credit.is_draft() => self.move_credit(&credit_id, DELETED).await,
            // No payment of ours has approved it.
            Some(_) => {
                let number = quote_credit_number(&quote.number);
                Err(refused(format!("The draft of the credit {number} was approved by somebody. Void it by hand.")))
            }
        }
    }

    pub(super) async fn read_quote_credit(
        &self,
        payment: &PostPayment,
        quote: &Advance,
    ) -> Result<Option<QuoteCredit>, BooksError> {
        let Some((external_id, credit)) = self.quote_note(payment, quote).await?.filter(|(_, one)| !one.is_draft())
        else {
            return Ok(None);
        };
        let (total, currency) = (payment.amount, payment.amount.currency);
        let unclear = || BooksError::Unreachable("a credit note that is not understood".to_owned());
        let remaining = credit.remaining(currency).ok_or_else(unclear)?;
        let applied = credit.allocated().map(|allocation| allocation.read(currency).ok_or_else(unclear));
        Ok(Some(QuoteCredit { external_id, total, remaining, applied: applied.collect::<Result<_, _>>()? }))
    }

    pub(super) async fn allocate_quote_credit(&self, apply: &ApplyCredit) -> Result<BooksInvoice, BooksError> {
        let ApplyCredit { credit_number, invoice_external_id, amount, .. } = apply;
        let found = self.credit(credit_number).await?.filter(|(_, credit)| !credit.is_draft());
        let (credit_id, credit) = found.ok_or_else(|| no_credit(credit_number))?;
        let invoice = self.invoice(invoice_external_id).await?;
        let is_applied = |allocation: &Allocation| allocation.read(amount.currency).is_some_and(|one| apply.is(&one));
        if credit.allocated().any(is_applied) {
            return Ok(invoice);
        }
        due_after(&invoice, *amount)?;
        if credit.remaining(amount.currency).is_none_or(|left| left.minor < amount.minor) {
            return Err(less_is_left(credit_number, *amount));
        }
        let to = InvoiceRef { id: id(invoice_external_id)? };
        let body =
            NewAllocations { allocations: [NewAllocation { amount: number(*amount)?, date: apply.date, invoice: to }] };
        let path = format!("CreditNotes/{}/Allocations", id(&credit_id)?);
        let request = self.call(Method::PUT, &path).header("Idempotency-Key", &apply.idempotency_key);
        let made: Page<Allocation> = self.rows(Call::Write, request.json(&body)).await?;
        match made.rows.first().and_then(Allocation::refusal) {
            Some(message) => Err(refused(message)),
            None => self.invoice(invoice_external_id).await,
        }
    }

    pub(super) async fn refund_quote(&self, refund: &PostRefund, quote: &Advance) -> Result<PostedRefund, BooksError> {
        let credit_number = quote_credit_number(&quote.number);
        let found = self.credit(&credit_number).await?.filter(|(_, credit)| !credit.is_draft());
        let (credit_id, credit) = found.ok_or_else(|| no_credit(&credit_number))?;
        let PostRefund { amount, date, reference, idempotency_key, .. } = refund;
        if let Some((external_id, _)) = self.payment_among(credit.payments.as_deref(), reference).await? {
            return Ok(PostedRefund { credit_id: None, external_id });
        }
        if credit.remaining(amount.currency).is_none_or(|left| left.minor < amount.minor) {
            return Err(less_is_left(&credit_number, *amount));
        }
        let paid = Paid::CreditNote { id: id(&credit_id)? };
        let body = NewPayments::of(paid, *amount, *date, reference, &self.config.clearing_account)?;
        let (external_id, _) = self.pay(&body, &format!("{idempotency_key}-paid")).await?;
        Ok(PostedRefund { credit_id: None, external_id })
    }

    pub(super) async fn void_quote_refund(&self, refund: &PostRefund, quote: &Advance) -> Result<(), BooksError> {
        let credit_number = quote_credit_number(&quote.number);
        let Some((_, credit)) = self.credit(&credit_number).await? else { return Ok(()) };
        self.take_out_paid(&credit_number, credit.payments.as_deref(), refund).await
    }

    async fn pair(&self, payment: &PostPayment, quote: &Advance) -> Result<Pair, BooksError> {
        let invoice = match self.numbered(&quote.number, Invoice::is_sales).await {
            Err(BooksError::NotFound) => None,
            Ok(found) if found.status == InvoiceStatus::Void => None,
            Ok(found) if found.total != payment.amount => return Err(other_invoice(&quote.number)),
            found => Some(found?),
        };
        let paid = match &invoice {
            Some(invoice) => self.payment_on(&self.invoice_document(&invoice.external_id).await?, payment).await?,
            None => None,
        };
        Ok(Pair { invoice, paid, credit: self.quote_note(payment, quote).await? })
    }

    /// The credit note that stands; refused, when its amount is another.
    async fn quote_note(
        &self,
        payment: &PostPayment,
        quote: &Advance,
    ) -> Result<Option<(String, CreditNote)>, BooksError> {
        let number = quote_credit_number(&quote.number);
        match self.credit(&number).await? {
            Some((_, credit)) if credit.total(payment.amount.currency) != Some(payment.amount) => {
                Err(other_credit(&number))
            }
            found => Ok(found),
        }
    }

    /// As an invoice that is to be raised: on the account that the credit note is on as well, and with the tax of no percent
    /// that it bears.
    fn quote_invoice(&self, payment: &PostPayment, quote: &Advance) -> Result<NewInvoice, BooksError> {
        Ok(NewInvoice {
            idempotency_key: format!("{}-invoice", payment.idempotency_key),
            number: quote.number.clone(),
            customer_external_id: quote.customer_external_id.clone(),
            amount: payment.amount,
            date: payment.date,
            description: quote.purpose.clone(),
            reference: Some(QUOTE_REFERENCE.to_owned()),
            account: LineAccount::Named(self.quote_account()?.to_owned()),
            tax: self.zero_tax().1.map(str::to_owned),
        })
    }

    async fn write_quote_credit(
        &self,
        payment: &PostPayment,
        quote: &Advance,
        status: &'static str,
    ) -> Result<(), BooksError> {
        let credit_number = quote_credit_number(&quote.number);
        let (line_amount_types, tax) = self.zero_tax();
        let line = CreditLine {
            description: quote.purpose.clone(),
            quantity: 1,
            unit_amount: number(payment.amount)?,
            account_code: self.quote_account()?.to_owned(),
            tax_type: tax.map(str::to_owned),
        };
        let note = NewCreditNote {
            kind: "ACCRECCREDIT",
            status,
            credit_note_number: &credit_number,
            reference: QUOTE_REFERENCE,
            contact: ContactRef { id: &quote.customer_external_id },
            date: payment.date,
            line_amount_types,
            currency_code: payment.amount.currency.code(),
            line_items: vec![line],
        };
        let step = if status == DRAFT { "draft" } else { "credit" };
        self.write_credit(note, &format!("{}-{step}", payment.idempotency_key)).await.map(drop)
    }

    async fn unallocate(
        &self,
        credit_id: &str,
        allocation: &Allocation,
        credit_number: &str,
    ) -> Result<(), BooksError> {
        let nameless = || refused(format!("Take the credit {credit_number} off its invoices by hand."));
        let allocation = allocation.id.as_deref().ok_or_else(nameless)?;
        let path = format!("CreditNotes/{}/Allocations/{}", id(credit_id)?, id(allocation)?);
        self.answer(Call::Write, self.call(Method::DELETE, &path)).await.map(drop)
    }

    fn quote_account(&self) -> Result<&str, BooksError> {
        let none = || refused("There is no account for prepayments.".to_owned());
        self.config.prepayment_account.as_deref().ok_or_else(none)
    }
}
