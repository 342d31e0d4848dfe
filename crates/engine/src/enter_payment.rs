//! Staff, or a program of the merchant's, enter into books of our own what was paid past the portal, by cash or
//! transfer, and take it back when it was a slip or did not come after all. Both are rows that stay.

use crate::{AdminPass, BooksPass, Engine, Error, OwnBooksError, audit::Audited, clock::zone, use_credit::used_minor};
use chrono::NaiveDate;
use domain::{
    ids::{CustomerId, InvoiceId, LedgerPaymentId},
    money::Money,
    own_credit::PaymentTyped,
    own_invoice::{NotNow, Step, TOTAL_MAX_MINOR},
};
use store::{Entered, LedgerPayment, MerchantTx, NewLedgerPayment};
use uuid::Uuid;

/// What the key of a payment that staff entered begins with; its end is minted with the form.
pub(crate) const BY_HAND: &str = "hand-";

/// What the form needs.
#[derive(Clone, Debug)]
pub struct PaymentForm {
    /// Comes back with the form: the same again is the same payment.
    pub payment: LedgerPaymentId,
    pub customer: CustomerId,
    pub number: String,
    pub due: Money,
    /// The merchant's.
    pub today: NaiveDate,
    /// Whether anything can be paid on it now.
    pub now: Result<(), NotNow>,
}

/// A payment that staff entered.
#[derive(Clone, Debug)]
pub struct HandPayment {
    /// Of its form.
    pub payment: LedgerPaymentId,
    pub date: NaiveDate,
    pub reference: String,
    pub amount: Money,
    /// It was taken back.
    pub is_back: bool,
}

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice, and for one that nobody wrote here.
    pub async fn payment_form(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<PaymentForm, Error> {
        let set_up = self.own_books(&admin.db).await?;
        let row = admin.db.invoice(invoice).await?;
        admin.db.ledger_invoice(invoice).await?.ok_or(Error::NotFound)?;
        let now = Step::Pay.may(row.status, false, admin.db.live_payment(invoice).await?.is_some());
        let today = self.clock().today(zone(&set_up.merchant.time_zone));
        let (payment, customer, due) = (LedgerPaymentId(Uuid::now_v7()), row.customer_id, row.due()?);
        Ok(PaymentForm { payment, customer, due, number: row.number, today, now })
    }

    /// Enters a payment; the same form again changes nothing.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with all that must be mended, [`OwnBooksError::NotNow`] while it is being paid here,
    /// [`OwnBooksError::FormUsed`] when the form has entered something else.
    pub async fn enter_payment(
        &self,
        keeper: impl Into<BooksPass>,
        invoice: InvoiceId,
        payment: LedgerPaymentId,
        typed: &PaymentTyped,
    ) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        let set_up = self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let (held, details) = tx.ledger_invoice_hold(invoice).await?;
        let today = self.clock().today(zone(&set_up.merchant.time_zone));
        if let Some(stands) = tx.ledger_payment_by_key(&key(payment)).await? {
            let is_same = stands.invoice_id == invoice && says(&stands, typed, today)?;
            return if is_same { Ok(()) } else { Err(OwnBooksError::FormUsed) };
        }
        Step::Pay.may(held.status, false, tx.live_payment(invoice).await?.is_some())?;
        let read = typed.read(held.due()?, today)?;
        let (amount, date, reference) = (read.amount, read.date, read.reference);
        let new = NewLedgerPayment { idempotency_key: key(payment), amount, date, reference };
        let Entered::Stands(_) = tx.ledger_payment_enter(invoice, new, now).await? else {
            return Err(OwnBooksError::Outdated);
        };
        tx.ledger_invoice_changed(details).await?;
        let act = Audited::HandPaymentEntered { invoice, amount };
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }

    /// Takes back what staff have entered; once more changes nothing.
    ///
    /// # Errors
    /// [`OwnBooksError::NotNow`] while the invoice is being paid here; [`Error::NotFound`] for what staff have not entered.
    pub async fn take_back_by_hand(
        &self,
        keeper: impl Into<BooksPass>,
        invoice: InvoiceId,
        payment: LedgerPaymentId,
    ) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let (held, details) = tx.ledger_invoice_hold(invoice).await?;
        let entered = tx.ledger_payment_by_key(&key(payment)).await?.ok_or(Error::NotFound)?;
        if entered.invoice_id != invoice {
            return Err(Error::NotFound.into());
        }
        if tx.ledger_payment_by_key(&back_key(payment)).await?.is_some() {
            return Ok(());
        }
        // Whether more may be due on it is asked as for a credit.
        Step::Credit.may(held.status, false, tx.live_payment(invoice).await?.is_some())?;
        let amount = entered.amount()?;
        may_take_off(&tx, invoice, amount.minor).await?;
        let back = NewLedgerPayment {
            idempotency_key: back_key(payment),
            amount: Money::new(-amount.minor, amount.currency),
            date: entered.date,
            reference: entered.reference,
        };
        tx.ledger_payment_take_back(invoice, back, now).await?;
        tx.ledger_invoice_changed(details).await?;
        let act = Audited::HandPaymentTakenBack { invoice, amount };
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }

    /// What staff have entered for an invoice, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payments_by_hand(
        &self,
        keeper: impl Into<BooksPass>,
        invoice: InvoiceId,
    ) -> Result<Vec<HandPayment>, Error> {
        let BooksPass { db, .. } = keeper.into();
        let all = db.ledger_payments_of(&[invoice]).await?;
        all.iter().filter_map(|row| Some((row, id_of(row)?))).map(|(row, id)| by_hand(row, id, &all)).collect()
    }
}

pub(crate) fn key(payment: LedgerPaymentId) -> String {
    format!("{BY_HAND}{payment}")
}

pub(crate) fn back_key(payment: LedgerPaymentId) -> String {
    format!("{BY_HAND}{payment}-back")
}

/// Whether what was entered is what is typed.
pub(crate) fn says(stands: &LedgerPayment, typed: &PaymentTyped, today: NaiveDate) -> Result<bool, Error> {
    let amount = stands.amount()?;
    let Ok(read) = typed.read(Money::new(TOTAL_MAX_MINOR, amount.currency), today) else { return Ok(false) };
    Ok((read.amount, read.date, read.reference.as_str()) == (amount, stands.date, stands.reference.as_str()))
}

/// Whether so much less may be paid on an invoice, which is held: what was credited of it beyond what it owed was paid, and
/// stays so.
///
/// # Errors
/// [`NotNow::Credited`].
pub(crate) async fn may_take_off(tx: &MerchantTx, invoice: InvoiceId, minor: i64) -> Result<(), OwnBooksError> {
    let hand = hand_minor(&tx.ledger_payments_of(&[invoice]).await?);
    let used = used_minor(&tx.advance_uses_for(invoice).await?);
    if hand + used - minor < tx.credit_beyond_due(invoice).await? {
        return Err(NotNow::Credited.into());
    }
    Ok(())
}

/// What staff entered and have not taken back.
pub(crate) fn hand_minor(payments: &[LedgerPayment]) -> i64 {
    let by_hand = payments.iter().filter(|row| row.idempotency_key.starts_with(BY_HAND));
    by_hand.map(|row| row.amount_minor).sum()
}

/// What staff entered, of the rows of a document that has one payment of theirs at most.
pub(crate) fn by_hand_of(rows: &[LedgerPayment]) -> Result<Option<HandPayment>, Error> {
    let found = rows.iter().find_map(|row| Some((row, id_of(row)?)));
    found.map(|(row, payment)| by_hand(row, payment, rows)).transpose()
}

/// The id of its form, of what staff entered.
pub(crate) fn id_of(row: &LedgerPayment) -> Option<LedgerPaymentId> {
    row.idempotency_key.strip_prefix(BY_HAND)?.parse().ok()
}

pub(crate) fn by_hand(
    row: &LedgerPayment,
    payment: LedgerPaymentId,
    all: &[LedgerPayment],
) -> Result<HandPayment, Error> {
    let back = back_key(payment);
    Ok(HandPayment {
        payment,
        date: row.date,
        reference: row.reference.clone(),
        amount: row.amount()?,
        is_back: all.iter().any(|other| other.idempotency_key == back),
    })
}
