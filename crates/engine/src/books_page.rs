//! What the books told, on its way into our rows: with the customers that came with an invoice and that nobody has read yet.

use crate::Error;
use chrono::{DateTime, Utc};
use connectors::books::Books;
use domain::{
    ids::CustomerId,
    invoice::{BooksCustomer, BooksInvoice},
};
use std::collections::{BTreeSet, HashMap};
use store::{MerchantDb, MerchantTx};

pub(crate) struct Told {
    customers: Vec<BooksCustomer>,
    invoices: Vec<BooksInvoice>,
    /// Of the customers that are known already.
    ids: HashMap<String, CustomerId>,
}

impl Told {
    /// A customer may be as new as an invoice: those of whom nobody has heard are asked for. An invoice that then is still
    /// nobody's is left out, so that it does not stop all others.
    pub(crate) async fn of(
        db: &MerchantDb,
        books: &dyn Books,
        mut customers: Vec<BooksCustomer>,
        mut invoices: Vec<BooksInvoice>,
    ) -> Result<Self, Error> {
        let ids = db.customer_ids(&invoices).await?;
        let told: BTreeSet<_> = customers.iter().map(|customer| customer.external_id.as_str()).collect();
        let whose = invoices.iter().map(|invoice| invoice.customer_external_id.as_str());
        let unknown: BTreeSet<_> = whose.filter(|id| !ids.contains_key(*id) && !told.contains(id)).collect();
        let mut unknown: Vec<_> = unknown.into_iter().map(str::to_owned).collect();
        if !unknown.is_empty() {
            let found = books.customers(&unknown).await.map_err(Error::BooksUnreachable)?;
            unknown.retain(|id| found.iter().all(|customer| customer.external_id != *id));
            customers.extend(found);
            invoices.retain(|invoice| !unknown.contains(&invoice.customer_external_id));
        }
        if !unknown.is_empty() {
            let count = unknown.len();
            tracing::warn!(merchant.id = %db.merchant_id(), customers = count, "The books have invoices of customers whom they do not have; these are left out.");
        }
        Ok(Self { customers, invoices, ids })
    }

    pub(crate) fn found(&self) -> usize {
        self.customers.len() + self.invoices.len()
    }

    /// Writes what differs from what stands here, and says how many rows that was. `read_at` is from before the question. Comes
    /// before all else that the transaction does to invoices: whoever reads the books takes their turn first.
    pub(crate) async fn write(&self, tx: &MerchantTx, read_at: DateTime<Utc>) -> Result<u64, Error> {
        tx.sync_turn().await?;
        let customers = tx.customers_upsert(&self.customers).await?;
        let fresh;
        let ids = if self.customers.is_empty() {
            &self.ids
        } else {
            fresh = tx.customer_ids(&self.invoices).await?;
            &fresh
        };
        Ok(customers + tx.invoices_upsert(&self.invoices, ids, read_at).await?)
    }
}
