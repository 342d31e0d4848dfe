//! Customers: created and read, nothing more until stored methods are built.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::form::Params;
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
}

impl Customer {
    fn view(&self) -> Value {
        json!({
            "id": self.id, "object": "customer", "created": self.created, "livemode": false, "name": self.name,
            "email": self.email, "phone": self.phone, "description": self.description, "metadata": self.metadata,
            "address": null, "balance": 0, "currency": null, "default_source": null, "delinquent": false,
            "discount": null, "shipping": null, "tax_exempt": "none",
        })
    }
}

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&["name", "email", "phone", "description", "metadata"])?;
    let customer = Customer {
        id: op.account.mint("cus"),
        created: op.now_s,
        name: params.owned("name"),
        email: params.owned("email"),
        phone: params.owned("phone"),
        description: params.owned("description"),
        metadata: params.strings("metadata"),
    };
    let view = customer.view();
    op.account.customers.insert(customer.id.clone(), customer);
    op.emit("customer.created", view.clone());
    Ok(view)
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    op.account.customers.get(id).map(Customer::view).ok_or_else(|| Refusal::no_such("customer", id, "id"))
}
