//! Contacts that we make in Xero (`wire/accounting.md`, 1.6), because a quote was paid by somebody new.

use super::{
    Method, Xero,
    errors::{Call, refused},
    wire::{Contact, Page},
};
use crate::books::{BooksError, NewCustomer, RefusedCause};
use domain::invoice::BooksCustomer;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewContacts<'a> {
    contacts: [NewContact<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewContact<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<&'a str>,
}

impl Xero {
    pub(super) async fn make_contact(&self, new: &NewCustomer) -> Result<BooksCustomer, BooksError> {
        if let Some(found) = self.contact_called(new).await? {
            return Ok(found);
        }
        match self.put_contact(new).await {
            // Somebody has made them in between.
            Err(taken @ BooksError::Refused { cause: RefusedCause::NameTaken, .. }) => {
                self.contact_called(new).await?.ok_or(taken)
            }
            made => made,
        }
    }

    /// By a search, which takes any name; the filter by name has quotation marks, and nobody says how one is written in it.
    async fn contact_called(&self, new: &NewCustomer) -> Result<Option<BooksCustomer>, BooksError> {
        let search = [("searchTerm", new.name.as_str()), ("includeArchived", "true"), ("order", "ContactID ASC")];
        let called = |contact: Contact| Some(contact.read()).filter(|found| new.is_called(found));
        new.among(self.delta("Contacts", &search, None, called).await?)
    }

    /// PUT makes, and changes nobody.
    async fn put_contact(&self, new: &NewCustomer) -> Result<BooksCustomer, BooksError> {
        let contact = NewContact { name: &new.name, email_address: new.email.as_deref() };
        let request = self.call(Method::PUT, "Contacts").header("Idempotency-Key", &new.idempotency_key);
        let page: Page<Contact> = self.rows(Call::Write, request.json(&NewContacts { contacts: [contact] })).await?;
        let unsaid = || BooksError::Unknown("the answer names no contact".to_owned());
        let made = page.rows.into_iter().next().ok_or_else(unsaid)?;
        match made.refusal() {
            Some(message) => Err(refused(message)),
            None => Ok(made.read()),
        }
    }
}
