//! Payments of invoices whose books we are ourselves. The row and the new balance are written together, so neither can be
//! counted twice. Invoices that were read from an accounting package have nothing to do here.

use crate::{
    Error, Invoice, MerchantTx, invoices,
    scope::{Only, Scoped, money, owned},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{InvoiceId, LedgerPaymentId, MerchantId},
    invoice::InvoiceStatus,
    money::Money,
};
use sea_orm::{ConnectionTrait, ExprTrait, QuerySelect, entity::prelude::*};
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

    /// Enters money that was paid back, as a negative amount, or that came back after that. What the invoice owes
    /// stays: a refund credits the sale and pays the credit out (`wire/accounting.md`, 4.5). The same key again changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn ledger_refund_enter(
        &self,
        invoice: InvoiceId,
        new: NewLedgerPayment,
        now: DateTime<Utc>,
    ) -> Result<LedgerPaymentId, Error> {
        match self.ledger_payment_by_key(&new.idempotency_key).await? {
            Some(stands) => Ok(stands.id),
            None => self.ledger_payment_add(invoice, new, now).await,
        }
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

    /// # Errors
    /// The database is away.
    pub async fn ledger_payments_since(&self, since: DateTime<Utc>) -> Result<Vec<LedgerPayment>, Error> {
        Ok(self.find::<Entity>().filter(Column::CreatedAt.gte(since)).all(self.conn()).await?)
    }

    /// The payment of this invoice with this reference.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_payment(&self, invoice: InvoiceId, reference: &str) -> Result<Option<LedgerPayment>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.eq(invoice)).filter(Column::Reference.eq(reference));
        Ok(of.only(self.conn()).await?)
    }
}
