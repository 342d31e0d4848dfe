//! Contacts: the merchant's customers. Source: `wire/accounting.md`, 1.6.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Answer, Operation};
use super::refusal::Refusal;
use super::{filter, wire};
use crate::seed::{self, stable_id};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub id: Uuid,
    pub name: String,
    pub number: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    archived: bool,
    updated_ms: i64,
}

impl Contact {
    pub fn seeded(customer: &seed::Customer, now_ms: i64) -> Self {
        Self {
            id: stable_id("contact", &customer.name),
            name: customer.name.clone(),
            number: Some(customer.code.clone()),
            email: Some(customer.email.clone()),
            first_name: None,
            last_name: None,
            archived: false,
            updated_ms: now_ms,
        }
    }

    fn view(&self) -> Value {
        let mut view = json!({
            "ContactID": self.id, "ContactStatus": if self.archived { "ARCHIVED" } else { "ACTIVE" },
            "Name": self.name, "EmailAddress": self.email.as_deref().unwrap_or_default(), "BankAccountDetails": "",
            "Addresses": [{ "AddressType": "POBOX" }], "Phones": [{ "PhoneType": "DEFAULT", "PhoneNumber": "" }],
            "UpdatedDateUTC": wire::instant(self.updated_ms), "ContactGroups": [], "ContactPersons": [],
            "IsSupplier": false, "IsCustomer": true, "HasAttachments": false, "HasValidationErrors": false,
        });
        let optional =
            [("ContactNumber", &self.number), ("FirstName", &self.first_name), ("LastName", &self.last_name)];
        for (name, value) in optional {
            if let Some(value) = value {
                view[name] = json!(value);
            }
        }
        view
    }

    /// As it stands within an invoice.
    pub fn brief(&self) -> Value {
        json!({ "ContactID": self.id, "Name": self.name, "HasValidationErrors": false })
    }
}

pub(crate) fn list(op: &Operation<'_>) -> Answer {
    let ids = op.query.list("ids");
    let search = op.query.text("searchterm").map(str::to_lowercase);
    let kept = op.books.contacts.values().filter(|contact| {
        op.since_ms.is_none_or(|since| contact.updated_ms >= since)
            && ids.as_ref().is_none_or(|ids| ids.contains(&contact.id.to_string()))
            && (!contact.archived || op.query.flag("includearchived"))
            && search.as_ref().is_none_or(|search| contact.name.to_lowercase().contains(search))
    });
    filter::answer(kept.map(Contact::view).collect(), "Contacts", "ContactID", op.query, op.query.flag("summaryonly"))
}

/// By id, or by ContactNumber.
pub(crate) fn one(op: &Operation<'_>, key: &str) -> Answer {
    let found = op
        .books
        .contacts
        .values()
        .find(|contact| contact.id.to_string().eq_ignore_ascii_case(key) || contact.number.as_deref() == Some(key));
    found.map(|contact| json!({ "Contacts": [contact.view()] })).ok_or(Refusal::NotFound)
}

/// One element of PUT (create only) or POST (create or update).
pub(crate) fn write(op: &mut Operation<'_>, document: &Value, id: Option<Uuid>) -> Result<Value, Vec<String>> {
    let text = |name: &str| document[name].as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (name, number) = (text("Name"), text("ContactNumber"));
    let id = id.or_else(|| document["ContactID"].as_str()?.parse().ok());
    let existing = op.books.contacts.values().find(|contact| match id {
        Some(id) => contact.id == id,
        None => {
            name.as_ref().is_some_and(|name| contact.name.eq_ignore_ascii_case(name))
                || (number.is_some() && contact.number == number)
        }
    });
    let mut contact = match existing {
        Some(_) if op.creates_only() => {
            return Err(vec!["The contact name must be unique across all active contacts.".to_owned()]);
        }
        Some(contact) => contact.clone(),
        None if id.is_some() => return Err(vec!["The contact could not be found.".to_owned()]),
        None if name.is_none() => return Err(vec!["The contact name must be specified.".to_owned()]),
        None => Contact {
            id: op.new_id(),
            name: String::new(),
            number: None,
            email: None,
            first_name: None,
            last_name: None,
            archived: false,
            updated_ms: 0,
        },
    };
    contact.name = name.unwrap_or(contact.name);
    contact.number = number.or(contact.number);
    contact.email = text("EmailAddress").or(contact.email);
    contact.first_name = text("FirstName").or(contact.first_name);
    contact.last_name = text("LastName").or(contact.last_name);
    match document["ContactStatus"].as_str() {
        Some("ARCHIVED") => contact.archived = true,
        Some("ACTIVE") => contact.archived = false,
        _ => {}
    }
    contact.updated_ms = op.now_ms;
    let view = contact.view();
    op.happened("CONTACT", contact.id, existing_before(op, contact.id));
    op.books.contacts.insert(contact.id, contact);
    Ok(view)
}

fn existing_before(op: &Operation<'_>, id: Uuid) -> bool {
    op.books.contacts.contains_key(&id)
}
