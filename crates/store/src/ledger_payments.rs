//! Payments of invoices whose books we are ourselves. The row and the new balance are written together, so neither can be
//! counted twice. Invoices that were read from an accounting package have nothing to do here.

use crate::{
    Error, Invoice, MerchantTx, Part, invoices,
    scope::{Only, Scoped, belongs, money, owned},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{InvoiceId, LedgerPaymentId, MerchantId},
    invoice::InvoiceStatus,
    money::Money,
};
use sea_orm::{ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_payment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LedgerPaymentId,
    pub invoice_id: InvoiceId,
    pub idempotency_key: String,
    pub currency: String,
    pub amount_minor: i64,
    pub date: NaiveDate,
    /// The gateway's id of the charge.
    pub reference: String,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();
belongs!(invoices, InvoiceId);

pub use Model as LedgerPayment;

impl LedgerPayment {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn amount(&self) -> Result<Money, Error> {
        money(self.amount_minor, &self.currency, "ledger_payment.currency")
    }
}

/// A payment about to be entered.
#[derive(Clone, Debug)]
pub struct NewLedgerPayment {
    /// The same payment always carries the same key.
    pub idempotency_key: String,
    pub amount: Money,
    pub date: NaiveDate,
    pub reference: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It stands now, or stood already.
    Stands(LedgerPaymentId),
    /// The invoice is not open.
    NotOpen,
    /// The invoice owes less, or in another currency.
    MoreThanDue,
}

impl MerchantTx {
    /// Enters a payment and lowers the balance by it; the same key again changes nothing.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn ledger_payment_enter(
        &self,
        invoice: InvoiceId,
        new: NewLedgerPayment,
        now: DateTime<Utc>,
    ) -> Result<Entered, Error> {
        let held = self.find::<invoices::Entity>().filter(invoices::Column::Id.eq(invoice)).lock_exclusive();
        let held = held.only(self.conn()).await?.ok_or(Error::Missing)?;
        if let Some(stands) = self.ledger_payment_by_key(&new.idempotency_key).await? {
            return Ok(Entered::Stands(stands.id));
        }
        if let Some(refused) = refused(&held, new.amount) {
            return Ok(refused);
        }
        let (paid_minor, left) = (new.amount.minor, held.due_minor - new.amount.minor);
        let id = self.ledger_payment_add(invoice, new, now).await?;
        let status = if left == 0 { InvoiceStatus::Paid } else { InvoiceStatus::Open };
        let update = self
            .update::<invoices::Entity>()
            .col_expr(invoices::Column::DueMinor, Expr::col(invoices::Column::DueMinor).sub(paid_minor))
            .col_expr(invoices::Column::Status, Expr::value(status));
        self.update_one(update.filter(invoices::Column::Id.eq(invoice))).await?;
        Ok(Entered::Stands(id))
    }

    /// Enters that a payment's money went back, as a negative amount, and raises the balance by it; the same key again
    /// changes nothing. What invoices got of an advance whose money that is, they owe again.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn ledger_payment_take_back(
        &self,
        invoice: InvoiceId,
        back: NewLedgerPayment,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let held = self.find::<invoices::Entity>().filter(invoices::Column::Id.eq(invoice)).lock_exclusive();
        let held = held.only(self.conn()).await?.ok_or(Error::Missing)?;
        if self.ledger_payment_by_key(&back.idempotency_key).await?.is_some() {
            return Ok(());
        }
        let minor = back.amount.minor;
        self.ledger_payment_add(invoice, back, now).await?;
        let update = self
            .update::<invoices::Entity>()
            .col_expr(invoices::Column::DueMinor, Expr::col(invoices::Column::DueMinor).sub(minor))
            .col_expr(invoices::Column::Status, Expr::value(InvoiceStatus::Open));
        self.update_one(update.filter(invoices::Column::Id.eq(invoice))).await?;
        if held.advance.is_some() { self.advance_uses_cut(invoice, now).await } else { Ok(()) }
    }

    /// Enters money that was paid back, as a negative amount, or that came back after that. What the invoice owes
    /// stays: a refund credits the sale and pays the credit out (`wire/accounting.md`, 4.5). That of an advance makes it less, and
    /// what invoices got of it beyond that, they owe again. The same key again changes nothing.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn ledger_refund_enter(
        &self,
        invoice: InvoiceId,
        new: NewLedgerPayment,
        now: DateTime<Utc>,
    ) -> Result<LedgerPaymentId, Error> {
        let id = match self.ledger_payment_by_key(&new.idempotency_key).await? {
            Some(stands) => return Ok(stands.id),
            None => self.ledger_payment_add(invoice, new, now).await?,
        };
        if self.invoice(invoice).await?.advance.is_some() {
            self.advance_uses_cut(invoice, now).await?;
        }
        Ok(id)
    }

    async fn ledger_payment_add(
        &self,
        invoice: InvoiceId,
        new: NewLedgerPayment,
        now: DateTime<Utc>,
    ) -> Result<LedgerPaymentId, Error> {
        let id = LedgerPaymentId(Uuid::now_v7());
        let row = LedgerPayment {
            merchant_id: self.merchant_id(),
            id,
            invoice_id: invoice,
            idempotency_key: new.idempotency_key,
            currency: new.amount.currency.code().to_owned(),
            amount_minor: new.amount.minor,
            date: new.date,
            reference: new.reference,
            created_at: now,
        };
        self.insert::<Entity>([row]).await?;
        Ok(id)
    }
}

fn refused(invoice: &Invoice, amount: Money) -> Option<Entered> {
    if invoice.status != InvoiceStatus::Open {
        return Some(Entered::NotOpen);
    }
    let fits = invoice.currency == amount.currency.code() && amount.minor <= invoice.due_minor;
    (!fits).then_some(Entered::MoreThanDue)
}

impl<C: ConnectionTrait> Scoped<C> {
    /// The payment that was entered under this key.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_payment_by_key(&self, key: &str) -> Result<Option<LedgerPayment>, Error> {
        Ok(self.find::<Entity>().filter(Column::IdempotencyKey.eq(key)).only(self.conn()).await?)
    }

    /// A part of those whose keys begin so, without the rows that take one back; each with what it was entered for.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_payments_part(
        &self,
        key_begins: &str,
        part: Part<LedgerPaymentId>,
    ) -> Result<Vec<(LedgerPayment, Invoice)>, Error> {
        let entered = self.find::<Entity>().filter(Column::IdempotencyKey.starts_with(key_begins));
        let entered = part.of(entered.filter(Column::AmountMinor.gt(0)), Column::Id);
        Ok(entered.find_both_related(invoices::Entity).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn ledger_payments_since(&self, since: DateTime<Utc>) -> Result<Vec<LedgerPayment>, Error> {
        Ok(self.find::<Entity>().filter(Column::CreatedAt.gte(since)).all(self.conn()).await?)
    }

    /// All that was entered for these invoices, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_payments_of(&self, among: &[InvoiceId]) -> Result<Vec<LedgerPayment>, Error> {
        let mut found = Vec::new();
        for chunk in among.chunks(invoices::ROWS_PER_STATEMENT) {
            let of = self.find::<Entity>().filter(Column::InvoiceId.is_in(chunk.iter().copied()));
            found.extend(of.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.conn()).await?);
        }
        Ok(found)
    }

    /// The payment of this invoice with this reference; none, when it was taken back.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_payment(&self, invoice: InvoiceId, reference: &str) -> Result<Option<LedgerPayment>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.eq(invoice)).filter(Column::Reference.eq(reference));
        let entered = of.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.conn()).await?;
        let stands = entered.iter().map(|payment| payment.amount_minor).sum::<i64>() > 0;
        Ok(entered.into_iter().rfind(|payment| stands && payment.amount_minor > 0))
    }
}
