//! Which invoices of books of our own got how much of a customer's advance. Added to, and never changed: a negative amount takes
//! off again what was given.

use crate::{
    Error, Invoice, LedgerInvoice, MerchantTx, invoices,
    scope::{Only, Scoped, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{CustomerId, InvoiceId, MerchantId},
    invoice::InvoiceStatus,
};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};
use std::collections::BTreeMap;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "advance_use")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub advance_id: InvoiceId,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i32,
    pub invoice_id: InvoiceId,
    pub amount_minor: i64,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as AdvanceUse;

impl MerchantTx {
    /// An advance, held until the end of the transaction. Whoever needs an invoice as well takes the advance first.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's, and for an invoice.
    pub async fn advance_hold(&self, id: InvoiceId) -> Result<Invoice, Error> {
        let held = self.find::<invoices::Entity>().filter(invoices::Column::Id.eq(id)).lock_exclusive();
        held.filter(invoices::Column::Advance.is_not_null()).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Gives so much of an advance to an invoice, which owes that much less then; a negative amount takes it off again. Both
    /// are held.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_use(
        &self,
        advance: InvoiceId,
        (invoice, details): (Invoice, LedgerInvoice),
        amount_minor: i64,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let place = self.advance_uses(&[advance]).await?.last().map_or(1, |last| last.place + 1);
        let merchant_id = self.merchant_id();
        let row =
            Model { merchant_id, advance_id: advance, place, invoice_id: invoice.id, amount_minor, created_at: now };
        self.insert::<Entity>([row]).await?;
        let due_minor = invoice.due_minor - amount_minor;
        let status = if due_minor == 0 { InvoiceStatus::Paid } else { InvoiceStatus::Open };
        self.ledger_invoice_rewrite(Invoice { due_minor, status, read_at: now, ..invoice }, details).await
    }

    /// After money of an advance went back: what invoices got of it beyond the money that stands for it, they owe again, first
    /// those that got it last.
    pub(crate) async fn advance_uses_cut(&self, advance: InvoiceId, now: DateTime<Utc>) -> Result<(), Error> {
        self.advance_hold(advance).await?;
        let mut lacks = -self.advance_left(advance).await?;
        if lacks <= 0 {
            return Ok(());
        }
        let used = used_last(&self.advance_uses(&[advance]).await?);
        // In one order for everybody, so that two who need the same invoices never wait for each other.
        let mut invoices: Vec<_> = used.iter().map(|(invoice, _)| *invoice).collect();
        invoices.sort_unstable();
        for invoice in invoices {
            self.ledger_invoice_hold(invoice).await?;
        }
        for (invoice, used) in used {
            let back = lacks.min(used);
            if back > 0 {
                let held = self.ledger_invoice_hold(invoice).await?;
                self.advance_use(advance, held, -back, now).await?;
                lacks -= back;
            }
        }
        Ok(())
    }
}

/// What each invoice has of an advance, first those that got some of it last.
fn used_last(uses: &[AdvanceUse]) -> Vec<(InvoiceId, i64)> {
    let mut used: BTreeMap<InvoiceId, (i32, i64)> = BTreeMap::new();
    for row in uses {
        let (place, minor) = used.entry(row.invoice_id).or_default();
        *place = row.place.max(*place);
        *minor += row.amount_minor;
    }
    let mut used: Vec<_> = used.into_iter().map(|(invoice, (place, minor))| (place, invoice, minor)).collect();
    used.sort_unstable_by_key(|(place, ..)| -place);
    used.into_iter().map(|(_, invoice, minor)| (invoice, minor)).collect()
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Which invoices got how much of these advances, in that order.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_uses(&self, advances: &[InvoiceId]) -> Result<Vec<AdvanceUse>, Error> {
        let mut found = Vec::new();
        for chunk in advances.chunks(invoices::ROWS_PER_STATEMENT) {
            let of = self.find::<Entity>().filter(Column::AdvanceId.is_in(chunk.iter().copied()));
            found.extend(of.order_by_asc(Column::AdvanceId).order_by_asc(Column::Place).all(self.conn()).await?);
        }
        Ok(found)
    }

    /// What this invoice got of advances, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_uses_for(&self, invoice: InvoiceId) -> Result<Vec<AdvanceUse>, Error> {
        let by = self.find::<Entity>().filter(Column::InvoiceId.eq(invoice));
        Ok(by.order_by_asc(Column::CreatedAt).order_by_asc(Column::Place).all(self.conn()).await?)
    }

    /// The money that stands for an advance, without what invoices got of it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_left(&self, advance: InvoiceId) -> Result<i64, Error> {
        let came: i64 = self.ledger_payments_of(&[advance]).await?.iter().map(|row| row.amount_minor).sum();
        let used: i64 = self.advance_uses(&[advance]).await?.iter().map(|row| row.amount_minor).sum();
        Ok(came - used)
    }

    /// All advances of a customer, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advances_of(&self, customer: CustomerId) -> Result<Vec<Invoice>, Error> {
        let of = self.find::<invoices::Entity>().filter(invoices::Column::CustomerId.eq(customer));
        let of = of.filter(invoices::Column::Advance.is_not_null());
        Ok(of.order_by_asc(invoices::Column::Id).all(self.conn()).await?)
    }
}
