//! A customer's credit in books of our own: what is left of their advances, paid here or entered by staff, and of their credit
//! notes. Staff, or a program of the merchant's, give it to an invoice of theirs.

use crate::{
    AdminPass, BooksPass, Engine, Error, HandPayment, OwnBooksError, audit::Audited, enter_payment::by_hand_of,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    advance::AdvanceKind,
    ids::{BadId, CreditNoteId, CustomerId, InvoiceId},
    money::Money,
    own_credit::read_part,
    own_invoice::{NotNow, Step},
};
use std::{collections::HashMap, fmt, str::FromStr};
use store::{AdvanceUse, Invoice, LedgerPayment, MerchantDb, MerchantTx};

/// What a credit is left of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditOf {
    Advance(InvoiceId),
    Note(CreditNoteId),
}

impl FromStr for CreditOf {
    type Err = BadId;

    fn from_str(spelt: &str) -> Result<Self, BadId> {
        spelt.parse().map(Self::Advance).or_else(|_| spelt.parse().map(Self::Note))
    }
}

impl fmt::Display for CreditOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advance(advance) => fmt::Display::fmt(advance, f),
            Self::Note(note) => fmt::Display::fmt(note, f),
        }
    }
}

/// Money of a customer's that pays no invoice, or did not when it came.
#[derive(Clone, Debug)]
pub struct CustomerCredit {
    pub of: CreditOf,
    pub number: String,
    pub date: NaiveDate,
    pub amount: Money,
    /// What no invoice has got of it.
    pub left: Money,
    /// Of what staff entered.
    pub hand: Option<HandPayment>,
}

/// What the form on an invoice needs.
#[derive(Clone, Debug)]
pub struct UseForm {
    pub invoice: InvoiceId,
    pub number: String,
    pub due: Money,
    /// Those of which something is left.
    pub credits: Vec<CustomerCredit>,
    /// Whether it can be used on it now.
    pub now: Result<(), NotNow>,
}

/// Credit that an invoice has got.
#[derive(Clone, Debug)]
pub struct UsedCredit {
    pub number: String,
    pub amount: Money,
}

impl Engine {
    /// All of a customer's advances whose money came, and the credit notes of which something is left; oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's customer, and where the books are not our own.
    pub async fn customer_credits(&self, admin: &AdminPass, id: CustomerId) -> Result<Vec<CustomerCredit>, Error> {
        self.own_books(&admin.db).await?;
        admin.db.customer(id).await?;
        credits_of(&admin.db, id).await
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice, and for one that nobody wrote here.
    pub async fn use_form(&self, admin: &AdminPass, id: InvoiceId) -> Result<UseForm, Error> {
        self.own_books(&admin.db).await?;
        let row = admin.db.invoice(id).await?;
        admin.db.ledger_invoice(id).await?.ok_or(Error::NotFound)?;
        let mut credits = credits_of(&admin.db, row.customer_id).await?;
        credits.retain(|credit| credit.left.is_positive());
        let now = Step::Pay.may(row.status, false, admin.db.live_payment(id).await?.is_some());
        Ok(UseForm { invoice: id, due: row.due()?, number: row.number, credits, now })
    }

    /// Whether a customer has any credit that an invoice could get.
    ///
    /// # Errors
    /// The database is away.
    pub async fn has_credit(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<bool, Error> {
        let customer = admin.db.invoice(invoice).await?.customer_id;
        Ok(credits_of(&admin.db, customer).await?.iter().any(|credit| credit.left.is_positive()))
    }

    /// What an invoice has got of advances, as far as it still has it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_used(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<Vec<UsedCredit>, Error> {
        let (db, mut used): (_, Vec<(InvoiceId, i64)>) = (&admin.db, Vec::new());
        for row in db.advance_uses_for(invoice).await? {
            match used.iter_mut().find(|(advance, _)| *advance == row.advance_id) {
                Some((_, minor)) => *minor += row.amount_minor,
                None => used.push((row.advance_id, row.amount_minor)),
            }
        }
        let mut found = Vec::new();
        for (advance, minor) in used.into_iter().filter(|(_, minor)| *minor != 0) {
            let row = db.invoice(advance).await?;
            found.push(UsedCredit { amount: Money::new(minor, row.total()?.currency), number: row.number });
        }
        Ok(found)
    }

    /// Gives what is left of a credit, or a part of that, to an open invoice of the same customer. `left` is what the form has
    /// seen: the same press twice gives once.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with what must be mended, [`OwnBooksError::NotNow`] while the invoice is being paid,
    /// [`OwnBooksError::Outdated`] when something else is left by now.
    pub async fn use_credit(
        &self,
        keeper: impl Into<BooksPass>,
        (of, left_minor): (CreditOf, i64),
        to: InvoiceId,
        amount: &str,
    ) -> Result<(), OwnBooksError> {
        match of {
            CreditOf::Note(note) => self.allocate_credit(keeper, note, to, amount, left_minor).await,
            CreditOf::Advance(advance) => self.use_advance(keeper.into(), (advance, left_minor), to, amount).await,
        }
    }

    async fn use_advance(
        &self,
        BooksPass { db, actor }: BooksPass,
        (advance, left_minor): (InvoiceId, i64),
        to: InvoiceId,
        amount: &str,
    ) -> Result<(), OwnBooksError> {
        self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let advance = tx.advance_hold(advance).await?;
        let left = Money::new(tx.advance_left(advance.id).await?, advance.total()?.currency);
        if left.minor != left_minor {
            return Err(OwnBooksError::Outdated);
        }
        if !is_usable(&advance) {
            return Err(Error::NotFound.into());
        }
        let act = spend(&tx, &advance, left, (to, amount), "amount", now).await?;
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }
}

/// Gives a part of an advance, which is held, to an invoice, which is held from here on. `field` is that of the amount.
pub(crate) async fn spend(
    tx: &MerchantTx,
    advance: &Invoice,
    left: Money,
    (to, amount): (InvoiceId, &str),
    field: &str,
    now: DateTime<Utc>,
) -> Result<Audited, OwnBooksError> {
    let (invoice, details) = tx.ledger_invoice_hold(to).await?;
    if invoice.customer_id != advance.customer_id || invoice.currency != advance.currency {
        return Err(Error::NotFound.into());
    }
    Step::Pay.may(invoice.status, false, tx.live_payment(to).await?.is_some())?;
    let most = Money::new(left.minor.min(invoice.due_minor), left.currency);
    let read = read_part(amount, most);
    let amount = read.map_err(|wrong| OwnBooksError::at(field, &wrong.words))?;
    tx.advance_use(advance.id, (invoice, details), amount.minor, now).await?;
    Ok(Audited::CreditUsed { credit: advance.id, invoice: to, amount })
}

/// That of other kinds is given by a credit note.
fn is_usable(advance: &Invoice) -> bool {
    matches!(advance.advance, Some(AdvanceKind::OverPayment | AdvanceKind::Prepayment))
}

pub(crate) async fn credits_of(db: &MerchantDb, customer: CustomerId) -> Result<Vec<CustomerCredit>, Error> {
    let mut advances = db.advances_of(customer).await?;
    advances.retain(is_usable);
    let ids: Vec<_> = advances.iter().map(|advance| advance.id).collect();
    let mut payments: HashMap<InvoiceId, Vec<LedgerPayment>> = HashMap::new();
    for row in db.ledger_payments_of(&ids).await? {
        payments.entry(row.invoice_id).or_default().push(row);
    }
    let mut used: HashMap<InvoiceId, i64> = HashMap::new();
    for row in db.advance_uses(&ids).await? {
        *used.entry(row.advance_id).or_default() += row.amount_minor;
    }
    let mut found = Vec::new();
    // Of the others no money came.
    for (advance, rows) in advances.into_iter().filter_map(|row| payments.get(&row.id).map(|rows| (row, rows))) {
        let (total, came) = (advance.total()?, rows.iter().map(|row| row.amount_minor).sum::<i64>());
        let left_minor = came - used.get(&advance.id).copied().unwrap_or(0);
        found.push(CustomerCredit {
            of: CreditOf::Advance(advance.id),
            number: advance.number,
            date: rows.first().map_or(advance.date, |row| row.date),
            amount: total,
            left: Money::new(left_minor, total.currency),
            hand: by_hand_of(rows)?,
        });
    }
    for note in db.credit_notes_left(customer).await? {
        let total = note.total()?;
        found.push(CustomerCredit {
            of: CreditOf::Note(note.id),
            number: note.number,
            date: note.date,
            amount: total,
            left: Money::new(note.left_minor, total.currency),
            hand: None,
        });
    }
    found.sort_by_key(|credit| credit.date);
    Ok(found)
}

/// What an invoice has got of advances.
pub(crate) fn used_minor(uses: &[AdvanceUse]) -> i64 {
    uses.iter().map(|row| row.amount_minor).sum()
}
