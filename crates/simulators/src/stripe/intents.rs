//! PaymentIntents: create, confirm, read, list, cancel, and what a confirmation comes to.
//! Source: `wire/gateways.md`, 2.2. Manual capture is not built and is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use super::{Account, random_hex};

/// Bounds of one charge in minor units; Stripe's own for US dollars.
const AMOUNT_MIN: i64 = 50;
const AMOUNT_MAX: i64 = 99_999_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Succeeded,
    Canceled,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub status: Status,
    pub client_secret: String,
    pub customer: Option<String>,
    pub payment_method: Option<String>,
    pub payment_method_types: Vec<String>,
    pub automatic: bool,
    pub latest_charge: Option<String>,
    pub last_error: Option<Value>,
    pub metadata: BTreeMap<String, String>,
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub return_url: Option<String>,
    pub descriptor_suffix: Option<String>,
    pub setup_future_usage: Option<String>,
    pub canceled_at: Option<i64>,
    pub cancellation_reason: Option<String>,
    /// The payer is not there, or the caller cannot show a challenge: 3-D Secure becomes a decline.
    pub no_challenge: bool,
}

impl Intent {
    pub fn view(&self, account: &Account, params: &Params, public_url: &str) -> Value {
        let charge = self.latest_charge.as_ref().and_then(|id| account.charges.get(id));
        let latest_charge = match charge {
            Some(charge) if params.expands("latest_charge") => {
                charge.view(params.expands("latest_charge.balance_transaction"))
            }
            _ => json!(self.latest_charge),
        };
        let method = self.payment_method.as_ref().and_then(|id| account.methods.get(id));
        let payment_method = match method {
            Some(method) if params.expands("payment_method") => method.view(),
            _ => json!(self.payment_method),
        };
        let received = if self.status == Status::Succeeded { self.amount } else { 0 };
        let next_action = (self.status == Status::RequiresAction).then(|| {
            let url = format!("{public_url}/stripe/3ds/{}?client_secret={}", self.id, self.client_secret);
            json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": self.return_url } })
        });
        json!({
            "id": self.id, "object": "payment_intent", "created": self.created, "livemode": false,
            "amount": self.amount, "amount_capturable": 0, "amount_received": received, "currency": self.currency,
            "status": self.status, "client_secret": self.client_secret, "customer": self.customer,
            "payment_method": payment_method, "payment_method_types": self.payment_method_types,
            "automatic_payment_methods": self.automatic.then(|| json!({ "enabled": true, "allow_redirects": "never" })),
            "capture_method": "automatic_async", "confirmation_method": "automatic", "latest_charge": latest_charge,
            "last_payment_error": self.last_error, "next_action": next_action, "metadata": self.metadata,
            "description": self.description, "receipt_email": self.receipt_email, "processing": null,
            "canceled_at": self.canceled_at, "cancellation_reason": self.cancellation_reason,
            "setup_future_usage": self.setup_future_usage, "statement_descriptor": null,
            "statement_descriptor_suffix": self.descriptor_suffix, "shipping": null, "review": null,
            "on_behalf_of": null, "application": null, "application_fee_amount": null, "transfer_data": null,
            "transfer_group": null,
        })
    }
}

const CREATE_PARAMS: [&str; 20] = [
    "amount",
    "currency",
    "customer",
    "payment_method",
    "confirm",
    "off_session",
    "payment_method_types",
    "automatic_payment_methods",
    "setup_future_usage",
    "capture_method",
    "confirmation_method",
    "mandate",
    "mandate_data",
    "metadata",
    "description",
    "statement_descriptor_suffix",
    "receipt_email",
    "return_url",
    "error_on_requires_action",
    "payment_method_options",
];

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&CREATE_PARAMS)?;
    let intent = read_new(op, params)?;
    let id = intent.id.clone();
    op.account.intents.insert(id.clone(), intent);
    op.emit_intent("payment_intent.created", &id);
    if params.flag("confirm") {
        op.confirm(&id)?;
    }
    op.show_intent(&id, params)
}

fn read_new(op: &mut Operation<'_>, params: &Params) -> Result<Intent, Refusal> {
    let currency = currency(params)?;
    let amount = amount(params, "amount")?;
    if params.text("capture_method") == Some("manual") {
        let message = "This simulator does not build manual capture.";
        return Err(Refusal::invalid(None, message).about("capture_method"));
    }
    if let Some(customer) = params.text("customer")
        && !op.account.customers.contains_key(customer)
    {
        return Err(Refusal { status: 400, ..Refusal::no_such("customer", customer, "customer") });
    }
    if !params.flag("confirm") && (params.has("off_session") || params.has("error_on_requires_action")) {
        return Err(Refusal::invalid(None, "off_session and error_on_requires_action need confirm=true."));
    }
    let types = params.list("payment_method_types");
    if let Some(other) = types.iter().find(|kind| *kind != "card") {
        let message = format!("The payment method type provided: {other} is invalid. This simulator takes card.");
        return Err(Refusal::invalid(None, message).about("payment_method_types"));
    }
    let payment_method = params.text("payment_method").map(|id| op.usable_method(id)).transpose()?;
    if params.flag("confirm") && payment_method.is_none() {
        return Err(missing_method());
    }
    let id = op.account.mint("pi");
    let status = if payment_method.is_some() { Status::RequiresConfirmation } else { Status::RequiresPaymentMethod };
    Ok(Intent {
        client_secret: format!("{id}_secret_{}", random_hex::<12>()),
        id,
        created: op.now_s,
        amount,
        currency,
        status,
        customer: params.owned("customer"),
        payment_method,
        payment_method_types: vec!["card".to_owned()],
        automatic: types.is_empty(),
        latest_charge: None,
        last_error: None,
        metadata: params.strings("metadata"),
        description: params.owned("description"),
        receipt_email: params.owned("receipt_email"),
        return_url: params.owned("return_url"),
        descriptor_suffix: params.owned("statement_descriptor_suffix"),
        setup_future_usage: params.owned("setup_future_usage"),
        canceled_at: None,
        cancellation_reason: None,
        no_challenge: params.flag("off_session") || params.flag("error_on_requires_action"),
    })
}

pub(crate) fn currency(params: &Params) -> Result<String, Refusal> {
    let currency = params.required("currency")?.to_ascii_lowercase();
    match currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        true => Ok(currency),
        false => Err(Refusal::invalid(None, format!("Invalid currency: {currency}.")).about("currency")),
    }
}

pub(crate) fn amount(params: &Params, name: &str) -> Result<i64, Refusal> {
    params.required(name)?;
    let amount = params.integer(name)?.unwrap_or_default();
    match amount {
        ..AMOUNT_MIN => {
            Err(Refusal::invalid(Some("amount_too_small"), "Amount must be at least 50 minor units.").about(name))
        }
        AMOUNT_MIN..=AMOUNT_MAX => Ok(amount),
        _ => Err(Refusal::invalid(Some("amount_too_large"), "Amount must be no more than $999,999.99.").about(name)),
    }
}

pub(crate) fn missing_method() -> Refusal {
    let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
    Refusal::invalid(Some("payment_intent_unexpected_state"), message)
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["client_secret"])?;
    op.show_intent(id, params)
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["customer"]].concat())?;
    let keep =
        |intent: &Intent| params.text("customer").is_none_or(|customer| intent.customer.as_deref() == Some(customer));
    // `expand[]=data.latest_charge` on a list is `latest_charge` on each item.
    let inner =
        Params::decode(if params.expands("data.latest_charge") { b"expand[]=latest_charge".as_slice() } else { b"" });
    let show = |intent: &Intent| intent.view(op.account, &inner, &op.shared.options.public_url);
    listing::page(&op.account.intents, params, "/v1/payment_intents", |intent| intent.created, keep, show)
}

pub(crate) fn confirm(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[
        "payment_method",
        "return_url",
        "off_session",
        "error_on_requires_action",
        "receipt_email",
        "setup_future_usage",
        "mandate",
        "mandate_data",
    ])?;
    op.intent_in(id, &[Status::RequiresPaymentMethod, Status::RequiresConfirmation], "confirm")?;
    let method = params.text("payment_method").map(|method| op.usable_method(method)).transpose()?;
    let intent = op.intent_mut(id)?;
    intent.payment_method = method.or(intent.payment_method.take());
    intent.return_url = params.owned("return_url").or(intent.return_url.take());
    intent.no_challenge = params.flag("off_session") || params.flag("error_on_requires_action");
    op.confirm(id)?;
    op.show_intent(id, params)
}

pub(crate) fn cancel(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["cancellation_reason"])?;
    let open = [Status::RequiresPaymentMethod, Status::RequiresConfirmation, Status::RequiresAction];
    op.intent_in(id, &open, "cancel")?;
    let now_s = op.now_s;
    let intent = op.intent_mut(id)?;
    intent.status = Status::Canceled;
    intent.canceled_at = Some(now_s);
    intent.cancellation_reason = params.owned("cancellation_reason");
    op.emit_intent("payment_intent.canceled", id);
    op.show_intent(id, params)
}

impl Operation<'_> {
    pub fn show_intent(&self, id: &str, params: &Params) -> Answer {
        let intent = self.account.intents.get(id).ok_or_else(|| Refusal::no_such("payment_intent", id, "intent"))?;
        Ok(intent.view(self.account, params, &self.shared.options.public_url))
    }

    pub fn intent_mut(&mut self, id: &str) -> Result<&mut Intent, Refusal> {
        self.account.intents.get_mut(id).ok_or_else(|| Refusal::no_such("payment_intent", id, "intent"))
    }

    /// Refuses unless the intent stands in one of `states`, as Stripe does: with the intent in the error.
    pub fn intent_in(&self, id: &str, states: &[Status], verb: &str) -> Result<(), Refusal> {
        let view = self.show_intent(id, &Params::default())?;
        if self.account.intents.get(id).is_some_and(|intent| states.contains(&intent.status)) {
            return Ok(());
        }
        let status = view["status"].as_str().unwrap_or_default();
        let message = format!("You cannot {verb} this PaymentIntent because it has a status of {status}.");
        Err(Refusal::invalid(Some("payment_intent_unexpected_state"), message).with("payment_intent", view))
    }

    pub fn emit_intent(&mut self, kind: &str, id: &str) {
        if let Ok(view) = self.show_intent(id, &Params::default()) {
            self.emit(kind, view);
        }
    }
}
