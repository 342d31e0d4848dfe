//! PaymentIntents: create, confirm, read, list, cancel, and what a confirmation comes to.
//! Source: `wire/gateways.md`, 2.2. Manual capture is not built and is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bank_accounts::Scheme;
use super::form::Params;
use super::listing;
use super::mandates::Acceptance;
use super::methods;
use super::microdeposits::Deposits;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use super::setup_intents::{method_types, verification_method};
use crate::random::random_hex;

/// Bounds of one charge in minor units; Stripe's own for US dollars.
const AMOUNT_MIN: i64 = 50;
const AMOUNT_MAX: i64 = 99_999_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    /// A bank debit under way.
    Processing,
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
    /// Of a bank debit: the permission that it leans on, or what one is to be made of.
    pub mandate: Option<String>,
    pub acceptance: Option<Acceptance>,
    pub verification_method: Option<String>,
    pub deposits: Option<Deposits>,
}

impl Intent {
    pub fn view(&self, op: &Operation<'_>, params: &Params) -> Value {
        let charge = self.latest_charge.as_ref().and_then(|id| op.account.charges.get(id));
        let latest_charge = match charge {
            Some(charge) if params.expands("latest_charge") => charge.view(op, &params.below("latest_charge")),
            _ => json!(self.latest_charge),
        };
        let received = if self.status == Status::Succeeded { self.amount } else { 0 };
        let next_action = (self.status == Status::RequiresAction)
            .then(|| op.next_action(&self.id, &self.client_secret, self.return_url.as_ref(), self.deposits.as_ref()));
        json!({
            "id": self.id, "object": "payment_intent", "created": self.created, "livemode": false,
            "amount": self.amount, "amount_capturable": 0, "amount_received": received, "currency": self.currency,
            "status": self.status, "client_secret": self.client_secret, "customer": self.customer,
            "payment_method": op.chosen_method(self.payment_method.as_ref(), params),
            "payment_method_types": self.payment_method_types,
            "automatic_payment_methods": self.automatic.then(|| json!({ "enabled": true, "allow_redirects": "never" })),
            "payment_method_options": options_view(self.verification_method.as_deref()),
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

/// `payment_method_options` as far as a call may set them.
pub(crate) fn options_view(verification_method: Option<&str>) -> Value {
    match verification_method {
        Some(method) => json!({ "us_bank_account": { "verification_method": method } }),
        None => json!({}),
    }
}

const CREATE_PARAMS: [&str; 22] = [
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
    "payment_method_data",
    "use_stripe_sdk",
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
    if let Some(customer) = params.text("customer") {
        op.known_customer(customer)?;
    }
    for name in ["off_session", "error_on_requires_action", "mandate", "mandate_data"] {
        if params.has(name) && !params.flag("confirm") {
            return Err(Refusal::invalid(None, format!("{name} needs confirm=true.")).about(name));
        }
    }
    let setup_future_usage = params.choice("setup_future_usage", &["off_session", "on_session"])?.map(str::to_owned);
    let types = method_types(params)?;
    let acceptance = Acceptance::read(params, op.now_s)?;
    let verification_method = verification_method(params)?;
    let payment_method = methods::named_or_described(op, params, false)?;
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
        status,
        customer: params.owned("customer"),
        payment_method,
        automatic: types.is_none(),
        payment_method_types: types.unwrap_or_else(|| usual_types(&currency)),
        currency,
        latest_charge: None,
        last_error: None,
        metadata: params.strings("metadata"),
        description: params.owned("description"),
        receipt_email: params.owned("receipt_email"),
        return_url: params.owned("return_url"),
        descriptor_suffix: params.owned("statement_descriptor_suffix"),
        setup_future_usage,
        canceled_at: None,
        cancellation_reason: None,
        no_challenge: params.flag("off_session") || params.flag("error_on_requires_action"),
        mandate: params.owned("mandate"),
        acceptance,
        verification_method,
        deposits: None,
    })
}

/// What an account takes where a call names no types: cards, and the debit of the currency.
fn usual_types(currency: &str) -> Vec<String> {
    let debits = [Scheme::UsBankAccount, Scheme::AuBecsDebit].into_iter();
    let debit = debits.filter(|scheme| scheme.currency() == currency).map(Scheme::name);
    std::iter::once("card").chain(debit).map(str::to_owned).collect()
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
    let show = |intent: &Intent| intent.view(op, &params.below("data"));
    listing::page(&op.account.intents, params, "/v1/payment_intents", |intent| intent.created, keep, show)
}

const CONFIRM_PARAMS: [&str; 13] = [
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "payment_method_types",
    "return_url",
    "off_session",
    "error_on_requires_action",
    "receipt_email",
    "setup_future_usage",
    "mandate",
    "mandate_data",
    "client_secret",
    "use_stripe_sdk",
];

pub(crate) fn confirm(op: &mut Operation<'_>, id: &str, params: &Params, publishable: bool) -> Answer {
    params.allow(&CONFIRM_PARAMS)?;
    op.intent_in(id, &[Status::RequiresPaymentMethod, Status::RequiresConfirmation], "confirm")?;
    let usage = params.choice("setup_future_usage", &["off_session", "on_session"])?.map(str::to_owned);
    let acceptance = Acceptance::read(params, op.now_s)?;
    let (verification, types) = (verification_method(params)?, method_types(params)?);
    let method = methods::named_or_described(op, params, publishable)?;
    let intent = op.intent_mut(id)?;
    intent.payment_method = method.or(intent.payment_method.take());
    intent.return_url = params.owned("return_url").or(intent.return_url.take());
    intent.receipt_email = params.owned("receipt_email").or(intent.receipt_email.take());
    intent.setup_future_usage = usage.or(intent.setup_future_usage.take());
    intent.mandate = params.owned("mandate").or(intent.mandate.take());
    intent.acceptance = acceptance.or(intent.acceptance.take());
    intent.verification_method = verification.or(intent.verification_method.take());
    if let Some(types) = types {
        intent.payment_method_types = types;
    }
    intent.no_challenge = params.flag("off_session") || params.flag("error_on_requires_action");
    op.confirm(id)?;
    op.show_intent(id, params)
}

const UPDATE_PARAMS: [&str; 11] = [
    "amount",
    "currency",
    "customer",
    "payment_method",
    "payment_method_types",
    "metadata",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor_suffix",
    "payment_method_options",
];

/// `POST /v1/payment_intents/{id}`: what may change before the money moves; texts may change ever after.
pub(crate) fn update(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&UPDATE_PARAMS)?;
    let open = [Status::RequiresPaymentMethod, Status::RequiresConfirmation, Status::RequiresAction];
    if UPDATE_PARAMS[..5].iter().any(|name| params.has(name)) {
        op.intent_in(id, &open, "update")?;
    }
    if let Some(customer) = params.text("customer") {
        op.known_customer(customer)?;
    }
    let amount = params.has("amount").then(|| amount(params, "amount")).transpose()?;
    let currency = params.has("currency").then(|| currency(params)).transpose()?;
    let usage = params.choice("setup_future_usage", &["off_session", "on_session"])?.map(str::to_owned);
    let (verification, types) = (verification_method(params)?, method_types(params)?);
    let method = params.text("payment_method").map(|method| op.usable_method(method)).transpose()?;
    let intent = op.intent_mut(id)?;
    intent.amount = amount.unwrap_or(intent.amount);
    intent.currency = currency.unwrap_or_else(|| intent.currency.clone());
    intent.customer = params.owned("customer").or(intent.customer.take());
    intent.description = params.owned("description").or(intent.description.take());
    intent.receipt_email = params.owned("receipt_email").or(intent.receipt_email.take());
    intent.setup_future_usage = usage.or(intent.setup_future_usage.take());
    intent.verification_method = verification.or(intent.verification_method.take());
    intent.payment_method_types = types.unwrap_or_else(|| intent.payment_method_types.clone());
    intent.metadata.extend(params.strings("metadata"));
    intent.metadata.retain(|_, value| !value.is_empty());
    if let Some(method) = method {
        intent.payment_method = Some(method);
        intent.status = Status::RequiresConfirmation;
        intent.deposits = None;
    }
    op.show_intent(id, params)
}

const CANCEL_REASONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

pub(crate) fn cancel(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["cancellation_reason"])?;
    let reason = params.choice("cancellation_reason", &CANCEL_REASONS)?.map(str::to_owned);
    let open = [Status::RequiresPaymentMethod, Status::RequiresConfirmation, Status::RequiresAction];
    op.intent_in(id, &open, "cancel")?;
    let now_s = op.now_s;
    let intent = op.intent_mut(id)?;
    intent.status = Status::Canceled;
    intent.canceled_at = Some(now_s);
    intent.cancellation_reason = reason;
    op.emit_intent("payment_intent.canceled", id);
    op.show_intent(id, params)
}

impl Operation<'_> {
    /// The `payment_method` of either kind of intent: whole where the call asks for that.
    pub fn chosen_method(&self, id: Option<&String>, params: &Params) -> Value {
        match id.and_then(|id| self.account.methods.get(id)) {
            Some(method) if params.expands("payment_method") => method.view(),
            _ => json!(id),
        }
    }

    /// The `next_action` of either kind of intent that waits for its payer.
    pub fn next_action(
        &self,
        intent: &str,
        client_secret: &str,
        return_url: Option<&String>,
        deposits: Option<&Deposits>,
    ) -> Value {
        let public_url = &self.shared.options.public_url;
        if let Some(deposits) = deposits {
            return deposits.view(intent, client_secret, public_url);
        }
        let url = format!("{public_url}/stripe/3ds/{intent}?client_secret={client_secret}");
        json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": return_url } })
    }

    pub fn show_intent(&self, id: &str, params: &Params) -> Answer {
        let intent = self.account.intents.get(id).ok_or_else(|| Refusal::no_such("payment_intent", id, "intent"))?;
        Ok(intent.view(self, params))
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
