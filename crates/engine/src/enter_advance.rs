//! Staff, or a program of the merchant's, enter into books of our own what a customer paid past the portal for several invoices
//! at once, over what they owe, or in advance. It is an advance of theirs: invoices get their parts of it at once, and what is left later.

use crate::{
    AdminPass, BooksPass, Engine, Error, OwnBooksError,
    audit::Audited,
    clock::zone,
    enter_payment::{back_key, key, may_take_off, says},
    use_credit::spend,
};
use chrono::NaiveDate;
use domain::{
    advance::AdvanceKind,
    ids::{CustomerId, InvoiceId, LedgerPaymentId},
    money::{Currency, Money},
    own_credit::PaymentTyped,
    own_invoice::{NotNow, TOTAL_MAX_MINOR},
    views::InvoiceFace,
};
use std::collections::BTreeMap;
use store::{Entered, InvoiceFilter, LedgerPayment, MerchantTx, NewLedgerPayment};
use uuid::Uuid;

/// A form holds no more.
const INVOICES_MAX: u64 = 100;
const PURPOSE: &str = "Paid past this portal";

/// What the form needs.
#[derive(Clone, Debug)]
pub struct AdvanceForm {
    /// Comes back with the form: the same again is the same payment.
    pub payment: LedgerPaymentId,
    pub customer: CustomerId,
    pub name: String,
    pub currency: Currency,
    /// What the customer owes, the oldest first.
    pub open: Vec<InvoiceFace>,
    /// The merchant's.
    pub today: NaiveDate,
}

/// As it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdvanceTyped {
    pub paid: PaymentTyped,
    /// What each invoice gets of it; may be empty.
    pub shares: Vec<(InvoiceId, String)>,
}

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's customer, and where the books are not our own.
    pub async fn advance_form(&self, admin: &AdminPass, customer: CustomerId) -> Result<AdvanceForm, Error> {
        let set_up = self.own_books(&admin.db).await?;
        let name = admin.db.customer(customer).await?.name;
        let filter = InvoiceFilter { customer: Some(customer), only_open: true, ..InvoiceFilter::default() };
        let (open, _) = admin.db.invoice_page(&filter, 1, INVOICES_MAX).await?;
        Ok(AdvanceForm {
            payment: LedgerPaymentId(Uuid::now_v7()),
            customer,
            name,
            currency: set_up.currency()?,
            open: self.invoice_faces(&admin.db, &set_up.merchant, open).await?,
            today: self.clock().today(zone(&set_up.merchant.time_zone)),
        })
    }

    /// Enters a payment of a customer's, and gives their invoices what they are to get of it; the same form again changes
    /// nothing.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with what must be mended, [`OwnBooksError::NotNow`] while one of them is being paid,
    /// [`OwnBooksError::FormUsed`] when the form has entered something else.
    pub async fn enter_advance(
        &self,
        keeper: impl Into<BooksPass>,
        customer: CustomerId,
        payment: LedgerPaymentId,
        typed: &AdvanceTyped,
    ) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        let set_up = self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        // Two presses of one form come one after the other.
        tx.ledger_series_hold().await?;
        tx.customer(customer).await?;
        let today = self.clock().today(zone(&set_up.merchant.time_zone));
        if let Some(stands) = tx.ledger_payment_by_key(&key(payment)).await? {
            let is_same = is_same(&tx, &stands, customer, typed, today).await?;
            return if is_same { Ok(()) } else { Err(OwnBooksError::FormUsed) };
        }
        let read = typed.paid.read(Money::new(TOTAL_MAX_MINOR, set_up.currency()?), today)?;
        let kind = AdvanceKind::Prepayment;
        let advance = self.new_advance(&set_up.merchant, customer, kind, read.amount, PURPOSE.to_owned());
        let mut acts = vec![Audited::HandPaymentEntered { invoice: advance.id, amount: read.amount }];
        let (mut left, date, reference) = (read.amount, read.date, read.reference);
        let new = NewLedgerPayment { idempotency_key: key(payment), amount: left, date, reference };
        tx.advance_add(advance.clone()).await?;
        let Entered::Stands(_) = tx.ledger_payment_enter(advance.id, new, now).await? else {
            return Err(OwnBooksError::Outdated);
        };
        for (field, invoice, amount) in in_order(&typed.shares) {
            acts.push(spend(&tx, &advance, left, (invoice, amount), &field, now).await?);
            left = Money::new(tx.advance_left(advance.id).await?, left.currency);
        }
        for act in acts {
            tx.audit_add(act.slip(None, actor, now)?).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes back what staff have entered for a customer: what invoices got of it, they owe again. Once more changes nothing.
    ///
    /// # Errors
    /// [`OwnBooksError::NotNow`] while one of them is being paid here, or was credited as paid; [`Error::NotFound`] for what
    /// staff have not entered.
    pub async fn take_back_advance(
        &self,
        keeper: impl Into<BooksPass>,
        customer: CustomerId,
        payment: LedgerPaymentId,
    ) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let entered = tx.ledger_payment_by_key(&key(payment)).await?.ok_or(Error::NotFound)?;
        let advance = tx.advance_hold(entered.invoice_id).await?;
        if advance.customer_id != customer {
            return Err(Error::NotFound.into());
        }
        if tx.ledger_payment_by_key(&back_key(payment)).await?.is_some() {
            return Ok(());
        }
        let mut used: BTreeMap<InvoiceId, i64> = BTreeMap::new();
        for row in tx.advance_uses(&[advance.id]).await? {
            *used.entry(row.invoice_id).or_default() += row.amount_minor;
        }
        for (invoice, minor) in used.into_iter().filter(|(_, minor)| *minor > 0) {
            tx.ledger_invoice_hold(invoice).await?;
            if tx.live_payment(invoice).await?.is_some() {
                return Err(NotNow::BeingPaid.into());
            }
            may_take_off(&tx, invoice, minor).await?;
        }
        let amount = entered.amount()?;
        let back = NewLedgerPayment {
            idempotency_key: back_key(payment),
            amount: Money::new(-amount.minor, amount.currency),
            date: entered.date,
            reference: entered.reference,
        };
        tx.ledger_payment_take_back(advance.id, back, now).await?;
        let act = Audited::HandPaymentTakenBack { invoice: advance.id, amount };
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }
}

/// Whether what was entered, and given to invoices as it was, is what is typed.
async fn is_same(
    tx: &MerchantTx,
    stands: &LedgerPayment,
    customer: CustomerId,
    typed: &AdvanceTyped,
    today: NaiveDate,
) -> Result<bool, Error> {
    let (advance, amount) = (tx.invoice(stands.invoice_id).await?, stands.amount()?);
    let uses = tx.advance_uses(&[advance.id]).await?;
    let at_once = uses.iter().filter(|row| row.created_at == stands.created_at);
    let given: Vec<_> = at_once.map(|row| (row.invoice_id, row.amount_minor)).collect();
    let minor = |amount: &str, currency| Money::from_typed(amount, currency).ok().map(|amount| amount.minor);
    let shares = in_order(&typed.shares).into_iter().map(|(_, id, share)| Some((id, minor(share, amount.currency)?)));
    let shares: Option<Vec<_>> = shares.collect();
    Ok(advance.customer_id == customer && says(stands, &typed.paid, today)? && shares == Some(given))
}

/// What is given, with the fields of the form: invoices are held in one order by everybody.
fn in_order(shares: &[(InvoiceId, String)]) -> Vec<(String, InvoiceId, &str)> {
    let typed = (1..).zip(shares).filter(|(_, (_, amount))| !amount.trim().is_empty());
    let mut given: Vec<_> =
        typed.map(|(place, (id, amount))| (format!("share-{place}"), *id, amount.as_str())).collect();
    given.sort_by_key(|(_, invoice, _)| *invoice);
    given
}
