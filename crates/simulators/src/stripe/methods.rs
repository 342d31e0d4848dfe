//! Payment methods: made by the hosted fields with a publishable key, or from the `pm_card_…` test tokens.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cards::{Card, CardDetails};
use super::form::Params;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Billing {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub address: BTreeMap<String, String>,
}

impl Billing {
    fn read(params: &Params) -> Self {
        Self {
            name: params.owned("name"),
            email: params.owned("email"),
            phone: params.owned("phone"),
            address: params.strings("address"),
        }
    }

    pub fn view(&self) -> Value {
        let part = |name: &str| self.address.get(name);
        json!({
            "name": self.name, "email": self.email, "phone": self.phone, "tax_id": null,
            "address": {
                "line1": part("line1"), "line2": part("line2"), "city": part("city"), "state": part("state"),
                "postal_code": part("postal_code"), "country": part("country"),
            },
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Method {
    pub id: String,
    pub created: i64,
    pub card: Card,
    pub billing: Billing,
    pub customer: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Paid once without a customer: Stripe takes it no second time.
    pub used: bool,
}

impl Method {
    pub fn view(&self) -> Value {
        let Card { brand, last4, exp_month, exp_year, funding, .. } = &self.card;
        json!({
            "id": self.id, "object": "payment_method", "type": "card", "created": self.created, "livemode": false,
            "allow_redisplay": "unspecified", "customer": self.customer, "metadata": self.metadata,
            "billing_details": self.billing.view(),
            "card": {
                "brand": brand, "display_brand": brand, "last4": last4, "exp_month": exp_month, "exp_year": exp_year,
                "funding": funding, "country": "US", "fingerprint": self.card.fingerprint(), "generated_from": null,
                "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
                "networks": { "available": [brand], "preferred": null },
                "three_d_secure_usage": { "supported": true }, "wallet": null, "regulated_status": "unregulated",
            },
        })
    }
}

impl Card {
    /// Stable per card as far as the simulator tells cards apart.
    pub fn fingerprint(&self) -> String {
        format!("fp{}{}{:02}{}", self.brand, self.last4, self.exp_month, self.exp_year)
    }
}

/// The month that the demo's clock shows.
pub(crate) fn month_of(now_s: i64) -> (i32, u32) {
    DateTime::from_timestamp(now_s, 0).map_or((1970, 1), |now| (now.year(), now.month()))
}

/// `POST /v1/payment_methods`. Card numbers come with a publishable key alone, as the vendor demands.
pub(crate) fn create(op: &mut Operation<'_>, params: &Params, publishable: bool) -> Answer {
    params.allow(&["type", "card", "billing_details", "metadata"])?;
    if params.required("type")? != "card" {
        return Err(Refusal::invalid(None, "This simulator makes payment methods of type card alone.").about("type"));
    }
    if !publishable {
        let message = "Sending credit card numbers directly to the Stripe API is generally unsafe. Use the hosted \
                       fields.";
        return Err(Refusal::invalid(None, message));
    }
    let card = params.inner("card");
    let details = CardDetails {
        number: card.required("number")?,
        exp_month: card.required("exp_month")?,
        exp_year: card.required("exp_year")?,
        cvc: card.text("cvc"),
    };
    let card = Card::read(&details, month_of(op.now_s))?;
    let billing = Billing::read(&params.inner("billing_details"));
    Ok(op.new_method(card, billing, params.strings("metadata")).view())
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    op.account.methods.get(id).map(Method::view).ok_or_else(|| Refusal::no_such("PaymentMethod", id, "payment_method"))
}

impl Operation<'_> {
    pub fn new_method(&mut self, card: Card, billing: Billing, metadata: BTreeMap<String, String>) -> &Method {
        let id = self.account.mint("pm");
        let method =
            Method { id: id.clone(), created: self.now_s, card, billing, customer: None, metadata, used: false };
        self.account.methods.entry(id).or_insert(method)
    }

    /// The id of a usable method: one that exists, or a fresh one from a test token.
    pub fn usable_method(&mut self, id: &str) -> Result<String, Refusal> {
        // Test cards must not expire as the demo's clock moves.
        let exp_year = month_of(self.now_s).0 + 4;
        if let Some(card) = Card::of_token(id, exp_year) {
            return Ok(self.new_method(card, Billing::default(), BTreeMap::new()).id.clone());
        }
        match self.account.methods.get(id) {
            None => Err(Refusal::no_such("PaymentMethod", id, "payment_method")),
            Some(method) if method.used => {
                let message = "The provided PaymentMethod was previously used with a PaymentIntent without Customer \
                               attachment. It may not be used again.";
                Err(Refusal::invalid(None, message).about("payment_method"))
            }
            Some(method) => Ok(method.id.clone()),
        }
    }
}
