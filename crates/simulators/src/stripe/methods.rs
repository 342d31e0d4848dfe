//! Payment methods: made by the hosted fields, from bank details or from test tokens; attached to customers, and let go.
//! Source: `wire/gateways.md`, 2.3 to 2.5.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bank_accounts::{BankAccount, Scheme};
use super::cards::{Card, CardDetails};
use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use crate::Shared;
use crate::disturb::News;
use crate::faults::{Call, Caller, Vendor};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Billing {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub address: BTreeMap<String, String>,
}

impl Billing {
    pub fn read(params: &Params) -> Self {
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

/// How every card ends that a bank has sent in the place of another.
const RENEWED_LAST4: &str = "0005";

/// What the money comes from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Means {
    Card(Card),
    Bank(BankAccount),
}

impl Means {
    /// Stripe's name of the type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Card(_) => "card",
            Self::Bank(account) => account.scheme.name(),
        }
    }

    pub fn last4(&self) -> &str {
        match self {
            Self::Card(card) => &card.last4,
            Self::Bank(account) => &account.last4,
        }
    }

    /// For people: "visa 4242".
    pub fn label(&self) -> String {
        match self {
            Self::Card(card) => format!("{} {}", card.brand, card.last4),
            Self::Bank(account) => format!("bank {}", account.last4),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Method {
    pub id: String,
    pub created: i64,
    pub means: Means,
    pub billing: Billing,
    pub customer: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Paid once without a customer, or let go by one: Stripe takes it no second time.
    pub used: bool,
    /// A payer has confirmed at the bank that it may be charged while they are away.
    pub set_up: bool,
}

impl Method {
    pub fn view(&self) -> Value {
        let kind = self.means.kind();
        let mut view = json!({
            "id": self.id, "object": "payment_method", "type": kind, "created": self.created, "livemode": false,
            "allow_redisplay": "unspecified", "customer": self.customer, "metadata": self.metadata,
            "billing_details": self.billing.view(),
        });
        view[kind] = match &self.means {
            Means::Card(card) => card.view(),
            Means::Bank(account) => account.view(),
        };
        view
    }

    pub fn bank(&self) -> Option<&BankAccount> {
        match &self.means {
            Means::Bank(account) => Some(account),
            Means::Card(_) => None,
        }
    }

    pub fn bank_mut(&mut self) -> Option<&mut BankAccount> {
        match &mut self.means {
            Means::Bank(account) => Some(account),
            Means::Card(_) => None,
        }
    }
}

impl Card {
    fn view(&self) -> Value {
        let Self { brand, last4, exp_month, exp_year, funding, .. } = self;
        json!({
            "brand": brand, "display_brand": brand, "last4": last4, "exp_month": exp_month, "exp_year": exp_year,
            "funding": funding, "country": self.country, "fingerprint": self.fingerprint, "generated_from": null,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "networks": { "available": [brand], "preferred": null },
            "three_d_secure_usage": { "supported": true }, "wallet": null, "regulated_status": "unregulated",
        })
    }
}

/// The month that the demo's clock shows.
pub(crate) fn month_of(now_s: i64) -> (i32, u32) {
    DateTime::from_timestamp(now_s, 0).map_or((1970, 1), |now| (now.year(), now.month()))
}

/// `POST /v1/payment_methods`. Card numbers come with a publishable key alone, as the vendor demands.
pub(crate) fn create(op: &mut Operation<'_>, params: &Params, publishable: bool) -> Answer {
    let (means, billing) = read_means(op, params, publishable)?;
    Ok(op.new_method(means, billing, params.strings("metadata")).view())
}

/// The method that `payment_method` names or `payment_method_data` describes; `None` when the call has neither.
pub(crate) fn named_or_described(
    op: &mut Operation<'_>,
    params: &Params,
    publishable: bool,
) -> Result<Option<String>, Refusal> {
    if let Some(id) = params.text("payment_method") {
        return op.usable_method(id).map(Some);
    }
    if !params.has("payment_method_data") {
        return Ok(None);
    }
    let data = params.inner("payment_method_data");
    let (means, billing) = read_means(op, &data, publishable)?;
    Ok(Some(op.new_method(means, billing, data.strings("metadata")).id.clone()))
}

fn read_means(op: &Operation<'_>, params: &Params, publishable: bool) -> Result<(Means, Billing), Refusal> {
    params.allow(&[
        "type",
        "card",
        "us_bank_account",
        "au_becs_debit",
        "billing_details",
        "metadata",
        "allow_redisplay",
    ])?;
    let billing = Billing::read(&params.inner("billing_details"));
    let kind = params.required("type")?;
    if kind == "card" {
        return Ok((Means::Card(read_card(op, &params.inner("card"), publishable)?), billing));
    }
    let Some(scheme) = Scheme::named(kind) else {
        let message = "This simulator makes payment methods of type card, us_bank_account and au_becs_debit.";
        return Err(Refusal::invalid(None, message).about("type"));
    };
    let account = BankAccount::read(scheme, &params.inner(kind))?;
    let missing = |field: &str| Err(Refusal::missing_parameter(&format!("billing_details[{field}]")));
    if billing.name.is_none() {
        return missing("name");
    }
    if scheme == Scheme::AuBecsDebit && billing.email.is_none() {
        return missing("email");
    }
    Ok((Means::Bank(account), billing))
}

fn read_card(op: &Operation<'_>, card: &Params, publishable: bool) -> Result<Card, Refusal> {
    if !publishable {
        let message = "Sending credit card numbers directly to the Stripe API is generally unsafe. Use the hosted \
                       fields.";
        return Err(Refusal::invalid(None, message));
    }
    let details = CardDetails {
        number: card.required("number")?,
        exp_month: card.required("exp_month")?,
        exp_year: card.required("exp_year")?,
        cvc: card.text("cvc"),
    };
    Card::read(&details, month_of(op.now_s))
}

/// A test token can be read like what becomes of it [recalled of test mode].
pub(crate) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    let of_token = || Card::of_token(id, month_of(op.now_s).0 + 4).map(|card| of_test_card(id, card, op.now_s));
    op.account.methods.get(id).map(Method::view).or_else(of_token).ok_or_else(|| no_such(id))
}

fn of_test_card(id: &str, card: Card, created: i64) -> Value {
    let (billing, metadata) = (Billing::default(), BTreeMap::new());
    let means = Means::Card(card);
    Method { id: id.to_owned(), created, means, billing, customer: None, metadata, used: false, set_up: false }.view()
}

/// `POST /v1/payment_methods/{id}`: what may change of a method that exists.
pub(crate) fn update(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["billing_details", "metadata", "card", "us_bank_account", "allow_redisplay"])?;
    let card = params.inner("card");
    card.allow(&["exp_month", "exp_year"])?;
    let (exp_month, exp_year) = (card.integer("exp_month")?, card.integer("exp_year")?);
    let method = op.account.methods.get_mut(id).ok_or_else(|| no_such(id))?;
    if params.has("billing_details") {
        method.billing = Billing::read(&params.inner("billing_details"));
    }
    method.metadata.extend(params.strings("metadata"));
    method.metadata.retain(|_, value| !value.is_empty());
    if let Means::Card(card) = &mut method.means {
        card.exp_month = exp_month.and_then(|month| month.try_into().ok()).unwrap_or(card.exp_month);
        card.exp_year = exp_year.and_then(|year| year.try_into().ok()).unwrap_or(card.exp_year);
    }
    let view = method.view();
    op.emit("payment_method.updated", view.clone());
    Ok(view)
}

pub(crate) fn attach(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["customer"])?;
    let customer = params.required("customer")?;
    op.known_customer(customer)?;
    let id = op.usable_method(id)?;
    op.may_attach(&id)?;
    op.attach(&id, customer)?;
    retrieve(op, &id)
}

pub(crate) fn detach(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    let method = op.account.methods.get_mut(id).ok_or_else(|| no_such(id))?;
    let Some(customer) = method.customer.take() else {
        let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(Refusal::invalid(None, message).about("payment_method"));
    };
    method.used = true;
    let view = method.view();
    op.end_mandates(id);
    op.emit_changed("payment_method.detached", view.clone(), json!({ "customer": customer }));
    Ok(view)
}

/// `GET /v1/payment_methods` and `GET /v1/customers/{id}/payment_methods`.
pub(crate) fn list(op: &Operation<'_>, params: &Params, of_path: Option<&str>) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["customer", "type", "allow_redisplay"]].concat())?;
    let customer = match of_path {
        Some(customer) => customer,
        None => params.required("customer")?,
    };
    op.known_customer(customer)?;
    let keep = |method: &Method| {
        method.customer.as_deref() == Some(customer)
            && params.text("type").is_none_or(|kind| kind == method.means.kind())
    };
    let url = match of_path {
        Some(customer) => format!("/v1/customers/{customer}/payment_methods"),
        None => "/v1/payment_methods".to_owned(),
    };
    listing::page(&op.account.methods, params, &url, |method| method.created, keep, Method::view)
}

/// How the control changes a saved method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// The bank gave its owner another card, and the card's network told Stripe.
    Updated,
    /// Its date is over; nobody tells of that.
    Expired,
    /// Somebody took it from its customer.
    Detached,
    /// The bank ended the permission to debit the account.
    MandateEnded,
}

/// What the control orders: the method, and the news of it; in words when it cannot be done.
pub(crate) fn ordered(shared: &Shared, id: &str, change: Change) -> Result<(Value, Vec<News>), &'static str> {
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: "POST /control/stripe/method".to_owned() };
    shared.stripe.write(|account| {
        let mut op = Operation::new(account, shared, &call, "");
        match change {
            Change::Detached => drop(detach(&mut op, id, &Params::default()).map_err(|_| "nobody has it saved")?),
            Change::MandateEnded => op.end_mandates(id),
            Change::Updated | Change::Expired => op.change_card(id, change == Change::Updated)?,
        }
        let view = retrieve(&op, id).map_err(|_| "there is no such payment method")?;
        Ok((view, op.effects.news))
    })
}

fn no_such(id: &str) -> Refusal {
    Refusal::no_such("PaymentMethod", id, "payment_method")
}

impl Operation<'_> {
    pub fn new_method(&mut self, means: Means, billing: Billing, metadata: BTreeMap<String, String>) -> &Method {
        let id = self.account.mint("pm");
        let created = self.now_s;
        let method =
            Method { id: id.clone(), created, means, billing, customer: None, metadata, used: false, set_up: false };
        self.account.methods.entry(id).or_insert(method)
    }

    fn change_card(&mut self, id: &str, is_renewed: bool) -> Result<(), &'static str> {
        let (year, _) = month_of(self.now_s);
        let method = self.account.methods.get_mut(id).ok_or("there is no such payment method")?;
        let Means::Card(card) = &mut method.means else { return Err("it is no card") };
        if !is_renewed {
            card.exp_year = year - 1;
            return Ok(());
        }
        let before = json!({ "card": { "last4": card.last4, "exp_year": card.exp_year } });
        (card.last4, card.exp_year) = (RENEWED_LAST4.to_owned(), year + 4);
        let view = method.view();
        self.emit_changed("payment_method.automatically_updated", view, before);
        Ok(())
    }

    /// The id of a usable method: one that exists, or a fresh one from a test token.
    pub fn usable_method(&mut self, id: &str) -> Result<String, Refusal> {
        // Test cards must not expire as the demo's clock moves.
        let exp_year = month_of(self.now_s).0 + 4;
        let of_token = Card::of_token(id, exp_year).map(Means::Card);
        if let Some(means) = of_token.or_else(|| BankAccount::of_token(id).map(Means::Bank)) {
            let billing = Billing { name: Some("Jenny Rosen".to_owned()), ..Billing::default() };
            return Ok(self.new_method(means, billing, BTreeMap::new()).id.clone());
        }
        match self.account.methods.get(id) {
            None => Err(no_such(id)),
            Some(method) if method.used => {
                let message = "The provided PaymentMethod was previously used with a PaymentIntent without Customer \
                               attachment, or was detached from a Customer. It may not be used again.";
                Err(Refusal::invalid(None, message).about("payment_method"))
            }
            Some(method) => Ok(method.id.clone()),
        }
    }

    /// Refuses a method that belongs to another customer, or to one that the call does not name.
    pub fn method_of(&self, id: &str, customer: Option<&str>) -> Result<(), Refusal> {
        let owner = self.account.methods.get(id).and_then(|method| method.customer.as_deref());
        let message = match (owner, customer) {
            (Some(owner), Some(customer)) if owner != customer => {
                "The payment method supplied belongs to a different Customer than the one supplied."
            }
            (Some(_), None) => {
                "The payment method supplied belongs to a Customer. Please include the Customer in the `customer` \
                 parameter."
            }
            _ => return Ok(()),
        };
        Err(Refusal::invalid(None, message).about("payment_method"))
    }

    /// Saves the method with the customer; saving it again changes nothing.
    pub fn attach(&mut self, id: &str, customer: &str) -> Result<(), Refusal> {
        self.method_of(id, Some(customer))?;
        let method = self.account.methods.get_mut(id).ok_or_else(|| no_such(id))?;
        if method.customer.is_none() {
            method.customer = Some(customer.to_owned());
            let view = method.view();
            self.emit("payment_method.attached", view);
        }
        Ok(())
    }
}
