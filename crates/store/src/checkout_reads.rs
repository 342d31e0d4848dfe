//! What a page of a checkout and a press of Pay begin with, by one question: to a database, each costs more than its rows.

use crate::{
    Customer, Error, Invoice, customers, invoices,
    payments::{CLAIMS, claims_in},
    scope::Scoped,
    surcharges,
};
use domain::{ids::InvoiceId, surcharge::Policy};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryTrait, entity::prelude::*};

/// As sea-orm calls the columns of two tables that are read together.
const OF_INVOICE: &str = "A_";
const OF_CUSTOMER: &str = "B_";
const POLICY: &str = "policy";

/// An invoice as it was last read, whose it is, and what its payment is held against.
#[derive(Clone, Debug)]
pub struct CheckoutRead {
    pub invoice: Invoice,
    pub customer: Customer,
    /// [`Scoped::claims_taken`] of all invoices of the checkout.
    pub claims: u64,
    /// [`Scoped::surcharge_policy`].
    pub policy: Option<Policy>,
}

impl<C: ConnectionTrait> Scoped<C> {
    /// The first invoice of a checkout, with what is counted of them all. All of it is of one moment.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn checkout_read(&self, first: InvoiceId, all: &[InvoiceId]) -> Result<CheckoutRead, Error> {
        let invoice = self.find::<invoices::Entity>().filter(invoices::Column::Id.eq(first));
        let mut question = invoice.find_both_related(customers::Entity).into_query();
        question.expr_as(self.claims_count(all), CLAIMS);
        let policy = self.all_mine::<surcharges::Entity>(surcharges::Column::Body);
        question.expr_as(Expr::from(policy), POLICY);
        let rows = self.conn().query_all(&question).await?;
        let row = rows.first().ok_or(Error::Missing)?;
        Ok(CheckoutRead {
            invoice: Invoice::from_query_result(row, OF_INVOICE)?,
            customer: Customer::from_query_result(row, OF_CUSTOMER)?,
            claims: claims_in(row)?,
            policy: surcharges::read(row.try_get("", POLICY)?)?,
        })
    }
}
