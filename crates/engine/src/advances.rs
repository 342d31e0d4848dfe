//! Advances: money that pays no invoice and stays as the customer's credit, because a payer pays more than is due (G29) or
//! without an invoice (G34). Each is a document of ours beside the invoices, and goes the one way of every payment.

use crate::{Engine, Error, Lane, PayerPass, clock::zone, order::typed};
use connectors::books::Advance;
use domain::{
    advance::{AdvanceKind, PURPOSE_MAX_CHARS, number},
    ids::{AttemptId, CheckoutId, CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::{Currency, Money},
    views::Whoami,
};
use store::{Invoice, Merchant, MerchantDb};
use uuid::Uuid;

/// What the form for a payment without an invoice needs.
pub struct Prepay {
    pub who: Whoami,
    pub currency: Currency,
    /// The merchant takes such payments, and its books have a place for them.
    pub is_taken: bool,
}

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn prepay_form(&self, payer: &PayerPass) -> Result<Prepay, Error> {
        let merchant = payer.db.merchant().await?;
        let currency = merchant.currency.parse().map_err(|_| store::Error::Unreadable("merchant.currency"))?;
        let is_taken = self.takes_prepayments(&payer.db, &merchant).await;
        Ok(Prepay { who: payer.who.clone(), currency, is_taken })
    }

    /// Opens the checkout of a payment without an invoice, over what the payer has typed.
    ///
    /// # Errors
    /// [`Error::NotFound`] where none is taken, and for what is no amount of the merchant's currency.
    pub async fn prepay(&self, payer: &PayerPass, amount: Money, purpose: &str) -> Result<CheckoutId, Error> {
        let merchant = payer.db.merchant().await?;
        let fits = amount.is_positive() && merchant.currency == amount.currency.code();
        if !fits || !self.takes_prepayments(&payer.db, &merchant).await {
            return Err(Error::NotFound);
        }
        let purpose = typed(purpose, PURPOSE_MAX_CHARS);
        let advance = self.new_advance(&merchant, payer.customer, AdvanceKind::Prepayment, amount, purpose);
        let tx = payer.db.begin().await?;
        tx.advance_add(advance.clone()).await?;
        tx.commit().await?;
        self.checkout(&payer.db, &[advance.id], Some(payer), true).await
    }

    pub(crate) async fn takes_prepayments(&self, db: &MerchantDb, merchant: &Merchant) -> bool {
        merchant.takes_prepayments
            && self.books(db, Lane::UserAction).await.is_ok_and(|books| books.advances().prepayments)
    }

    /// What is paid over what is due, where the books have a place for it.
    ///
    /// # Errors
    /// The books are not set up, or the database is away.
    pub(crate) async fn takes_more(&self, db: &MerchantDb, merchant: &Merchant) -> Result<bool, Error> {
        Ok(merchant.takes_more && self.books(db, Lane::UserAction).await?.advances().over_payments)
    }

    /// What is over on the invoices with these numbers, as one advance.
    pub(crate) fn surplus(&self, merchant: &Merchant, customer: CustomerId, over: Money, numbers: &str) -> Invoice {
        let purpose = format!("Paid over what was due on {numbers}");
        self.new_advance(merchant, customer, AdvanceKind::OverPayment, over, purpose)
    }

    /// One that nobody has paid yet.
    pub(crate) fn new_advance(
        &self,
        merchant: &Merchant,
        customer_id: CustomerId,
        kind: AdvanceKind,
        amount: Money,
        purpose: String,
    ) -> Invoice {
        let (id, today) = (InvoiceId(Uuid::now_v7()), self.clock().today(zone(&merchant.time_zone)));
        Invoice {
            merchant_id: merchant.id,
            id,
            customer_id,
            external_id: id.to_string(),
            number: number(id),
            status: InvoiceStatus::Open,
            currency: amount.currency.code().to_owned(),
            total_minor: amount.minor,
            due_minor: amount.minor,
            date: today,
            due_date: today,
            read_at: self.now(),
            advance: Some(kind),
            purpose: Some(purpose),
            reference: None,
        }
    }
}

/// What the books are told of an advance; nothing for an invoice.
pub(crate) async fn advance_of(
    db: &MerchantDb,
    invoice: &Invoice,
    attempt: AttemptId,
) -> Result<Option<Advance>, Error> {
    let Some(kind) = invoice.advance else { return Ok(None) };
    let number = match kind {
        // Each payment of it has documents of its own.
        AdvanceKind::Quote => {
            let newest = db.quote_documents(attempt).await?.pop().ok_or(Error::NotFound)?;
            newest.numbers().invoice
        }
        AdvanceKind::OverPayment | AdvanceKind::Prepayment => invoice.number.clone(),
    };
    Ok(Some(Advance {
        kind,
        customer_external_id: db.customer(invoice.customer_id).await?.external_id,
        number,
        purpose: invoice.purpose.clone().unwrap_or_default(),
    }))
}
