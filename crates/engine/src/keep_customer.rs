//! Staff, or a program of the merchant's, write a customer of books of our own. Nobody else is called the same: links
//! name a company by its code or name.

use crate::{BooksPass, Engine, Error, OwnBooksError, error::known};
use domain::{
    ids::CustomerId,
    own_customer::{CustomerRead, CustomerTyped},
};
use store::{Customer, MerchantTx};

impl Engine {
    /// Writes a new customer, or what has changed of one; the same form again changes nothing.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with all that must be mended; [`crate::Error::NotFound`] where the books are not our own.
    pub async fn keep_customer(
        &self,
        keeper: impl Into<BooksPass>,
        id: CustomerId,
        typed: &CustomerTyped,
    ) -> Result<(), OwnBooksError> {
        let BooksPass { db, .. } = keeper.into();
        self.own_books(&db).await?;
        let read = typed.read()?;
        let tx = db.begin().await?;
        // Also so that two of one name cannot come at once.
        tx.ledger_series_hold().await?;
        if is_called(&tx, id, &read.name).await? {
            return Err(OwnBooksError::at("name", "Another customer has this name or code."));
        }
        if let Some(code) = &read.code
            && is_called(&tx, id, code).await?
        {
            return Err(OwnBooksError::at("code", "Another customer has this name or code."));
        }
        match known(tx.customer(id).await)? {
            Some(stands) => tx.customer_rewrite(changed(stands, read)).await?,
            None => tx.customers_add(vec![added(&tx, id, read)]).await?,
        }
        Ok(tx.commit().await?)
    }

    /// Takes a customer out of all lists and forms, or back into them. What they owe stays, and so does their name.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's customer, and where the books are not our own.
    pub async fn archive_customer(
        &self,
        keeper: impl Into<BooksPass>,
        id: CustomerId,
        archived: bool,
    ) -> Result<(), Error> {
        let BooksPass { db, .. } = keeper.into();
        self.own_books(&db).await?;
        let tx = db.begin().await?;
        // Whoever writes a customer holds it.
        tx.ledger_series_hold().await?;
        let customer = tx.customer(id).await?;
        tx.customer_rewrite(Customer { archived, ..customer }).await?;
        Ok(tx.commit().await?)
    }
}

/// Whether anybody else is.
async fn is_called(tx: &MerchantTx, id: CustomerId, called: &str) -> Result<bool, store::Error> {
    Ok(tx.customers_called(called).await?.iter().any(|other| other.id != id))
}

pub(crate) fn added(tx: &MerchantTx, id: CustomerId, read: CustomerRead) -> Customer {
    let blank = Customer {
        merchant_id: tx.merchant_id(),
        id,
        external_id: id.to_string(),
        name: String::new(),
        code: None,
        email: None,
        archived: false,
        terms_days: None,
        address: None,
    };
    changed(blank, read)
}

pub(crate) fn changed(stands: Customer, read: CustomerRead) -> Customer {
    Customer {
        name: read.name,
        code: read.code,
        email: read.email,
        terms_days: i32::try_from(read.terms_days).ok(),
        address: (!read.address.is_empty()).then_some(read.address),
        ..stands
    }
}
