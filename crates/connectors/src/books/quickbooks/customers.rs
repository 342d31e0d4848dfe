//! Customers that we make in QuickBooks Online (`wire/accounting.md`, 2.7), because a quote was paid by somebody new. Vendors
//! and employees share out the names with them.

use super::{
    QuickBooks,
    changes::WITH_INACTIVE,
    errors::{Trouble, refused},
    query::quoted,
    unsaid,
    wire::Customer,
};
use crate::books::{BooksError, NewCustomer, RefusedCause, call::Call, customers::name_taken};
use domain::invoice::BooksCustomer;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewBody<'a> {
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_email_addr: Option<NewAddress<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewAddress<'a> {
    address: &'a str,
}

impl QuickBooks {
    pub(super) async fn add_customer(&self, new: &NewCustomer) -> Result<BooksCustomer, BooksError> {
        if let Some(found) = self.customer_called(new).await? {
            return Ok(found);
        }
        let primary_email_addr = new.email.as_deref().map(|address| NewAddress { address });
        let body = NewBody { display_name: &new.name, primary_email_addr };
        let request = self.write("customer", &new.idempotency_key).json(&body);
        let made: Result<Customer, Trouble> = self.one(Call::Write, request).await;
        match made {
            Ok(made) => made.read().ok_or_else(|| unsaid("customer")),
            // Somebody has made them in between, or it is nobody whom money can be taken for.
            Err(Trouble::Books(BooksError::Refused { cause: RefusedCause::NameTaken, .. })) => {
                self.customer_called(new).await?.ok_or_else(|| name_taken(&new.name))
            }
            Err(other) => Err(other.into()),
        }
    }

    async fn customer_called(&self, new: &NewCustomer) -> Result<Option<BooksCustomer>, BooksError> {
        let unaskable = |_| refused(format!("{} cannot be looked for there. Add that customer by hand.", new.name));
        let called = format!("DisplayName = {} AND {WITH_INACTIVE}", quoted(&new.name).map_err(unaskable)?);
        new.among(self.list("Customer", Some(&called), None, Customer::read).await?)
    }
}
