//! Customers: who owns saved payment methods. Source: `wire/gateways.md`, 2.3.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Customer {
    id: String,
    created: i64,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    default_method: Option<String>,
}

impl Customer {
    fn view(&self) -> Value {
        json!({
            "id": self.id, "object": "customer", "created": self.created, "livemode": false, "name": self.name,
            "email": self.email, "phone": self.phone, "description": self.description, "metadata": self.metadata,
            "address": null, "balance": 0, "currency": null, "default_source": null, "delinquent": false,
            "discount": null, "shipping": null, "tax_exempt": "none", "invoice_prefix": "NORTHWND",
            "invoice_settings": { "custom_fields": null, "default_payment_method": self.default_method, "footer": null,
                "rendering_options": null },
            "preferred_locales": [], "test_clock": null,
        })
    }

    /// Takes what the call names; an empty value unsets.
    fn change(&mut self, params: &Params) {
        let members = [
            ("name", &mut self.name),
            ("email", &mut self.email),
            ("phone", &mut self.phone),
            ("description", &mut self.description),
        ];
        for (name, member) in members {
            if params.has(name) {
                *member = params.owned(name);
            }
        }
        self.metadata.extend(params.strings("metadata"));
        self.metadata.retain(|_, value| !value.is_empty());
        let settings = params.inner("invoice_settings");
        self.default_method = settings.owned("default_payment_method").or(self.default_method.take());
    }
}

const MEMBERS: [&str; 6] = ["name", "email", "phone", "description", "metadata", "invoice_settings"];

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&[MEMBERS.as_slice(), &["payment_method"]].concat())?;
    let method = params.text("payment_method").map(|id| op.usable_method(id)).transpose()?;
    if let Some(method) = &method {
        op.may_attach(method)?;
    }
    let mut customer = Customer {
        id: op.account.mint("cus"),
        created: op.now_s,
        name: None,
        email: None,
        phone: None,
        description: None,
        metadata: BTreeMap::new(),
        default_method: None,
    };
    customer.change(params);
    let (id, view) = (customer.id.clone(), customer.view());
    op.account.customers.insert(id.clone(), customer);
    op.emit("customer.created", view.clone());
    if let Some(method) = method {
        op.attach(&method, &id)?;
    }
    Ok(view)
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    op.account.customers.get(id).map(Customer::view).ok_or_else(|| Refusal::no_such("customer", id, "id"))
}

pub(crate) fn update(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&MEMBERS)?;
    let customer = op.account.customers.get_mut(id).ok_or_else(|| Refusal::no_such("customer", id, "id"))?;
    customer.change(params);
    let view = customer.view();
    op.emit("customer.updated", view.clone());
    Ok(view)
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["email"]].concat())?;
    let keep = |customer: &Customer| params.text("email").is_none_or(|email| customer.email.as_deref() == Some(email));
    listing::page(&op.account.customers, params, "/v1/customers", |customer| customer.created, keep, Customer::view)
}

impl Operation<'_> {
    /// Refuses a customer that a call names and that is not there: 400, as for any wrong parameter.
    pub fn known_customer(&self, id: &str) -> Result<(), Refusal> {
        match self.account.customers.contains_key(id) {
            true => Ok(()),
            false => Err(Refusal { status: 400, ..Refusal::no_such("customer", id, "customer") }),
        }
    }
}
