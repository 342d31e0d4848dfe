//! What is added for a way of paying: what the merchant's rules come to for one payment, and its invoice in the books (G21, G22,
//! N12). A card is only asked about at its gateway; nothing is charged here.

use crate::{
    Engine, Error, GuestPass, TakeError,
    clock::{day, zone},
    failpoint,
};
use connectors::{
    books::{Books, BooksError, LineAccount, NewInvoice},
    gateway::{Gateway, GatewayError},
};
use domain::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
    surcharge::{PaidBy, Policy, Surcharge},
};
use store::{Allocation, Attempt, BooksEntry, Invoice, Merchant, MerchantDb, MerchantTx, surcharge_invoice};

/// What one press of Pay comes to.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    /// Surcharge included.
    pub total: Money,
    pub added: Money,
    pub by: Option<Surcharge>,
    pub paid_by: PaidBy,
    /// The merchant has rules, so the sum hangs on what is paid with.
    pub has_rules: bool,
}

impl Engine {
    /// What a payment over `bare` comes to: over all that is paid besides the surcharge, invoices and credit alike. Of a card
    /// that the gateway does not know, or cannot tell of, no more is known than that it is one. `policy` is what is in force.
    pub(crate) async fn charge_over(
        &self,
        guest: &GuestPass,
        gateway: &dyn Gateway,
        policy: Option<Policy>,
        bare: Money,
        method_token: Option<&str>,
        is_debit: bool,
    ) -> Result<Charge, TakeError> {
        let Some(policy) = policy else { return Ok(Charge::bare(bare)) };
        let paid_by = match method_token {
            _ if is_debit => PaidBy::BankDebit,
            Some(token) if gateway.capabilities().reads_cards => match gateway.read_card(token).await {
                Ok(kind) => PaidBy::Card(Some(kind)),
                Err(GatewayError::Refused { .. }) => PaidBy::Card(None),
                Err(cause) => {
                    tracing::warn!(%cause, "A gateway could not tell which card is paid with; nothing was charged.");
                    return Err(TakeError::CardUnread);
                }
            },
            _ => PaidBy::Card(None),
        };
        let by = self.added(&guest.merchant, &policy, paid_by, bare)?;
        let added = by.as_ref().map_or(Money::zero(bare.currency), |by| by.amount);
        let total = bare.plus(added).map_err(Error::from)?;
        Ok(Charge { total, added, by, paid_by, has_rules: true })
    }

    /// What is added today.
    pub(crate) fn added(
        &self,
        merchant: &Merchant,
        policy: &Policy,
        paid_by: PaidBy,
        bare: Money,
    ) -> Result<Option<Surcharge>, Error> {
        Ok(policy.on(paid_by, bare, self.clock().today(zone(&merchant.time_zone)))?)
    }

    /// The surcharge as one more share of a payment whose money came, with an invoice of its own that is to be raised.
    pub(crate) async fn surcharge_share(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        shares: &[Allocation],
    ) -> Result<Option<Allocation>, Error> {
        let (Some(surcharge), Some(share)) = (attempt.surcharge()?, shares.first()) else { return Ok(None) };
        let (number, invoice_id) = (surcharge_number(attempt, None), surcharge_invoice(attempt.id));
        let date = day(attempt.created_at, zone(&self.merchant_in(tx).await?.time_zone));
        tx.invoice_mean(Invoice {
            merchant_id: tx.merchant_id(),
            id: invoice_id,
            customer_id: tx.payment(attempt.payment_id).await?.customer_id,
            external_id: String::new(),
            number: number.clone(),
            status: InvoiceStatus::Draft,
            currency: attempt.currency.clone(),
            total_minor: surcharge.minor,
            due_minor: surcharge.minor,
            date,
            due_date: date,
            read_at: self.now(),
            advance: None,
            purpose: None,
            reference: None,
        })
        .await?;
        // From here on nobody else pays it: it is in the books before its payment is.
        tx.claim_take(attempt.id, invoice_id).await?;
        Ok(Some(Allocation {
            invoice_id,
            amount_minor: surcharge.minor,
            invoice_number: number,
            total_minor: surcharge.minor,
            due_minor: surcharge.minor,
            advance: None,
            ..share.clone()
        }))
    }

    /// The surcharge's invoice as it stands in the books, raised there when it does not. By a number of this life of the
    /// entry: one that was voided keeps its own.
    pub(crate) async fn surcharge_invoice(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        attempt: &Attempt,
        entry: &BooksEntry,
        invoice: Invoice,
    ) -> Result<Result<Invoice, BooksError>, Error> {
        match books.invoice(&invoice.external_id).await {
            Ok(BooksInvoice { status: InvoiceStatus::Open | InvoiceStatus::Paid, .. }) => return Ok(Ok(invoice)),
            Ok(_) | Err(BooksError::NotFound) => {}
            Err(cause) => return Ok(Err(cause)),
        }
        let number = surcharge_number(attempt, entry.revived_ms());
        let (now, amount) = (self.now(), Money::new(entry.amount_minor, attempt.amount()?.currency));
        db.invoice_to_raise(invoice.id, &number).await?;
        let new = NewInvoice {
            idempotency_key: format!("{}-invoice", entry.idempotency_key),
            customer_external_id: db.customer(invoice.customer_id).await?.external_id,
            amount,
            date: invoice.date,
            description: format!("Surcharge on payment {}", db.payment(attempt.payment_id).await?.reference),
            reference: None,
            account: LineAccount::Named(attempt.surcharge_account.clone().unwrap_or_default()),
            tax: attempt.surcharge_tax.clone(),
            number,
        };
        failpoint::reach("before_surcharge_raise");
        match books.raise_invoice(&new).await {
            Ok(raised) => {
                failpoint::reach("after_surcharge_raise");
                Ok(Ok(db.invoice_raised(invoice.id, &raised, now).await?))
            }
            Err(cause) => Ok(Err(cause)),
        }
    }
}

impl Charge {
    /// Nothing is added.
    fn bare(total: Money) -> Self {
        let (added, paid_by) = (Money::zero(total.currency), PaidBy::Card(None));
        Self { total, added, by: None, paid_by, has_rules: false }
    }
}

/// Of the moment of a later life, its last digits: some books have no room for a number of more than 21 characters.
const REVIVED_DIGITS: usize = 7;

/// `SC-7F3C0A1E52`: as the payment's reference, of the attempt's random half.
pub(crate) fn surcharge_number(attempt: &Attempt, revived_ms: Option<&str>) -> String {
    let random = attempt.id.0.as_u128() & 0xff_ffff_ffff;
    let last = |at: &str| at.get(at.len().saturating_sub(REVIVED_DIGITS)..).unwrap_or(at).to_owned();
    let again = revived_ms.map(|at| format!("-{}", last(at))).unwrap_or_default();
    format!("SC-{random:010X}{again}")
}
