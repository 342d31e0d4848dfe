//! Contacts: the merchant's customers. Source: `wire/accounting.md`, 1.6.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Answer, Operation};
use super::refusal::Refusal;
use super::{Books, filter, wire};
use crate::facts;
use crate::seed::{self, stable_id};

const PERSONS_MAX: usize = 5;
/// Longest texts, in characters.
const LENGTHS: [(&str, usize); 6] = [
    ("Name", 255),
    ("FirstName", 255),
    ("LastName", 255),
    ("EmailAddress", 255),
    ("ContactNumber", 50),
    ("AccountNumber", 50),
];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub id: Uuid,
    pub name: String,
    pub number: Option<String>,
    #[serde(default)]
    account_number: Option<String>,
    pub email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// As they were sent.
    #[serde(default)]
    persons: Vec<Value>,
    #[serde(default)]
    addresses: Vec<Value>,
    #[serde(default)]
    phones: Vec<Value>,
    archived: bool,
    updated_ms: i64,
}

/// What contacts owe: in all, and of that what is overdue. Worked out for each answer: no contact changes by it (1.1).
pub(crate) struct Owed(BTreeMap<Uuid, (i64, i64)>);

impl Owed {
    pub fn of(books: &Books, today: NaiveDate) -> Self {
        let mut owed: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
        for invoice in books.invoices.values().filter(|invoice| invoice.is_receivable()) {
            let (outstanding, overdue) = owed.entry(invoice.contact).or_default();
            *outstanding += invoice.due_minor();
            *overdue += if invoice.due_date < today { invoice.due_minor() } else { 0 };
        }
        Self(owed)
    }
}

impl Contact {
    pub fn seeded(customer: &seed::Customer, now_ms: i64) -> Self {
        Self {
            id: stable_id("contact", &customer.name),
            name: customer.name.clone(),
            number: Some(customer.code.clone()),
            email: Some(customer.email.clone()),
            ..Self::blank(Uuid::nil(), now_ms)
        }
    }

    fn blank(id: Uuid, now_ms: i64) -> Self {
        Self {
            id,
            name: String::new(),
            number: None,
            account_number: None,
            email: None,
            first_name: None,
            last_name: None,
            persons: Vec::new(),
            addresses: Vec::new(),
            phones: Vec::new(),
            archived: false,
            updated_ms: now_ms,
        }
    }

    /// The lighter form of `summaryOnly` has no balances, and nobody's details.
    fn view(&self, owed: Option<&Owed>) -> Value {
        let mut view = json!({
            "ContactID": self.id, "ContactStatus": if self.archived { "ARCHIVED" } else { "ACTIVE" },
            "Name": self.name, "EmailAddress": self.email.as_deref().unwrap_or_default(), "BankAccountDetails": "",
            "UpdatedDateUTC": wire::instant(self.updated_ms), "ContactGroups": [], "IsSupplier": false,
            "IsCustomer": true, "HasAttachments": false, "HasValidationErrors": false,
        });
        let optional = [
            ("ContactNumber", &self.number),
            ("AccountNumber", &self.account_number),
            ("FirstName", &self.first_name),
            ("LastName", &self.last_name),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                view[name] = json!(value);
            }
        }
        let Some(Owed(owed)) = owed else { return view };
        let or_blank = |sent: &[Value], blank: Value| if sent.is_empty() { json!([blank]) } else { json!(sent) };
        view["Addresses"] = or_blank(&self.addresses, json!({ "AddressType": "POBOX" }));
        view["Phones"] = or_blank(&self.phones, json!({ "PhoneType": "DEFAULT", "PhoneNumber": "" }));
        view["ContactPersons"] = json!(self.persons);
        view["DefaultCurrency"] = json!(facts::NORTHWIND.currency);
        let (outstanding, overdue) = owed.get(&self.id).copied().unwrap_or_default();
        view["Balances"] = json!({
            "AccountsReceivable": { "Outstanding": wire::money(outstanding), "Overdue": wire::money(overdue) },
            "AccountsPayable": { "Outstanding": wire::money(0), "Overdue": wire::money(0) },
        });
        view
    }

    /// As it stands within an invoice.
    pub fn brief(&self) -> Value {
        let mut brief = json!({ "ContactID": self.id, "Name": self.name, "HasValidationErrors": false });
        if let Some(number) = &self.number {
            brief["ContactNumber"] = json!(number);
        }
        brief
    }

    fn has_word(&self, word: &str) -> bool {
        let texts = [Some(&self.name), self.number.as_ref(), self.email.as_ref()];
        let mut texts = texts.into_iter().chain([self.first_name.as_ref(), self.last_name.as_ref()]).flatten();
        texts.any(|text| text.to_lowercase().contains(word))
    }
}

pub(crate) fn list(op: &Operation<'_>) -> Answer {
    let ids = op.query.list("ids");
    let search = op.query.text("searchterm").map(str::to_lowercase);
    let kept = op.books.contacts.values().filter(|contact| {
        op.since_ms.is_none_or(|since| contact.updated_ms >= since)
            && ids.as_ref().is_none_or(|ids| ids.contains(&contact.id.to_string()))
            && (!contact.archived || op.query.flag("includearchived"))
            && search.as_ref().is_none_or(|search| contact.has_word(search))
    });
    let summary = op.query.flag("summaryonly");
    let owed = (!summary).then(|| Owed::of(op.books, op.today));
    let views = kept.map(|contact| contact.view(owed.as_ref())).collect();
    filter::answer(views, "Contacts", "ContactID", op.query, summary)
}

/// By id, or by ContactNumber.
pub(crate) fn one(op: &Operation<'_>, key: &str) -> Answer {
    let mut all = op.books.contacts.values();
    let is_meant =
        |contact: &&Contact| contact.id.to_string().eq_ignore_ascii_case(key) || contact.number.as_deref() == Some(key);
    let found = all.find(is_meant).ok_or(Refusal::NotFound)?;
    Ok(json!({ "Contacts": [found.view(Some(&Owed::of(op.books, op.today)))] }))
}

/// One element of PUT (create only) or POST (create or update).
pub(crate) fn write(op: &mut Operation<'_>, document: &Value, id: Option<Uuid>) -> Result<Value, Vec<String>> {
    let contact = save(op, document, id, op.creates_only())?;
    Ok(contact.view(Some(&Owed::of(op.books, op.today))))
}

/// Makes a contact, or changes the one that is meant by id, name or number.
pub(crate) fn save(
    op: &mut Operation<'_>,
    document: &Value,
    id: Option<Uuid>,
    creates_only: bool,
) -> Result<Contact, Vec<String>> {
    let text = |name: &str| document[name].as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let is_longer = |name: &str, most: usize| document[name].as_str().is_some_and(|it| it.chars().count() > most);
    if let Some((name, most)) = LENGTHS.into_iter().find(|(name, most)| is_longer(name, *most)) {
        return Err(vec![format!("The field {name} must be a string with a maximum length of {most}.")]);
    }
    let list = |name: &str| document[name].as_array().cloned();
    if list("ContactPersons").is_some_and(|persons| persons.len() > PERSONS_MAX) {
        return Err(vec![format!("A contact has at most {PERSONS_MAX} contact persons.")]);
    }
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
        Some(_) if creates_only => {
            return Err(vec!["The contact name must be unique across all active contacts.".to_owned()]);
        }
        Some(contact) => contact.clone(),
        None if id.is_some() => return Err(vec!["The contact could not be found.".to_owned()]),
        None if name.is_none() => return Err(vec!["The contact name must be specified.".to_owned()]),
        None => Contact::blank(op.new_id(), op.now_ms),
    };
    contact.name = name.unwrap_or(contact.name);
    contact.number = number.or(contact.number);
    contact.account_number = text("AccountNumber").or(contact.account_number);
    contact.email = text("EmailAddress").or(contact.email);
    contact.first_name = text("FirstName").or(contact.first_name);
    contact.last_name = text("LastName").or(contact.last_name);
    contact.persons = list("ContactPersons").unwrap_or(contact.persons);
    contact.addresses = list("Addresses").unwrap_or(contact.addresses);
    contact.phones = list("Phones").unwrap_or(contact.phones);
    match document["ContactStatus"].as_str() {
        Some("ARCHIVED") => contact.archived = true,
        Some("ACTIVE") => contact.archived = false,
        _ => {}
    }
    contact.updated_ms = op.now_ms;
    let known = op.books.contacts.insert(contact.id, contact.clone()).is_some();
    op.happened("CONTACT", contact.id, known);
    Ok(contact)
}
