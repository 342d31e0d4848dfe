//! SetupIntents: saving a method for later, with the payer's consent. Source: `wire/gateways.md`, 2.3.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bank_accounts::Scheme;
use super::cards::{self, Behaviour, Card, DeclineWords};
use super::confirmation::takes;
use super::debits::takes_debits;
use super::form::Params;
use super::listing;
use super::mandates::{Acceptance, MandateAsked};
use super::methods::{self, Means};
use super::microdeposits::Deposits;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use crate::random::random_hex;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SetupStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Succeeded,
    Canceled,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SetupIntent {
    pub id: String,
    pub created: i64,
    pub client_secret: String,
    pub status: SetupStatus,
    pub customer: Option<String>,
    pub payment_method: Option<String>,
    pub payment_method_types: Vec<String>,
    pub automatic: bool,
    pub usage: String,
    pub mandate: Option<String>,
    pub acceptance: Option<Acceptance>,
    pub verification_method: Option<String>,
    pub deposits: Option<Deposits>,
    pub last_error: Option<Value>,
    pub return_url: Option<String>,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub cancellation_reason: Option<String>,
}

impl SetupIntent {
    fn view(&self, op: &Operation<'_>, params: &Params) -> Value {
        let next_action = (self.status == SetupStatus::RequiresAction)
            .then(|| op.next_action(&self.id, &self.client_secret, self.return_url.as_ref(), self.deposits.as_ref()));
        let mandate = match &self.mandate {
            Some(id) if params.expands("mandate") => op.show_mandate(id),
            id => json!(id),
        };
        json!({
            "id": self.id, "object": "setup_intent", "created": self.created, "livemode": false,
            "status": self.status, "client_secret": self.client_secret, "customer": self.customer,
            "payment_method": op.chosen_method(self.payment_method.as_ref(), params),
            "payment_method_types": self.payment_method_types,
            "automatic_payment_methods": self.automatic.then(|| json!({ "enabled": true, "allow_redirects": "never" })),
            "payment_method_options": super::intents::options_view(self.verification_method.as_deref()),
            "usage": self.usage, "mandate": mandate, "single_use_mandate": null, "next_action": next_action,
            "last_setup_error": self.last_error, "latest_attempt": null, "metadata": self.metadata,
            "description": self.description, "cancellation_reason": self.cancellation_reason, "application": null,
            "flow_directions": null, "on_behalf_of": null,
        })
    }
}

const CREATE_PARAMS: [&str; 14] = [
    "customer",
    "payment_method",
    "payment_method_data",
    "payment_method_types",
    "payment_method_options",
    "automatic_payment_methods",
    "usage",
    "confirm",
    "mandate_data",
    "return_url",
    "description",
    "metadata",
    "use_stripe_sdk",
    "single_use",
];

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&CREATE_PARAMS)?;
    let setup = read_new(op, params)?;
    let id = setup.id.clone();
    op.account.setups.insert(id.clone(), setup);
    op.emit_setup("setup_intent.created", &id);
    if params.flag("confirm") {
        op.confirm_setup(&id)?;
    }
    op.show_setup(&id, params)
}

fn read_new(op: &mut Operation<'_>, params: &Params) -> Result<SetupIntent, Refusal> {
    if let Some(customer) = params.text("customer") {
        op.known_customer(customer)?;
    }
    if params.has("mandate_data") && !params.flag("confirm") {
        return Err(Refusal::invalid(None, "mandate_data needs confirm=true.").about("mandate_data"));
    }
    let usage = params.choice("usage", &["off_session", "on_session"])?.unwrap_or("off_session").to_owned();
    let types = method_types(params)?;
    let acceptance = Acceptance::read(params, op.now_s)?;
    let verification_method = verification_method(params)?;
    let payment_method = methods::named_or_described(op, params, false)?;
    if params.flag("confirm") && payment_method.is_none() {
        return Err(missing_method());
    }
    let id = op.account.mint("seti");
    Ok(SetupIntent {
        client_secret: format!("{id}_secret_{}", random_hex::<12>()),
        id,
        created: op.now_s,
        status: match payment_method {
            Some(_) => SetupStatus::RequiresConfirmation,
            None => SetupStatus::RequiresPaymentMethod,
        },
        customer: params.owned("customer"),
        payment_method,
        automatic: types.is_none(),
        payment_method_types: types.unwrap_or_else(|| vec!["card".to_owned(), "us_bank_account".to_owned()]),
        usage,
        mandate: None,
        acceptance,
        verification_method,
        deposits: None,
        last_error: None,
        return_url: params.owned("return_url"),
        description: params.owned("description"),
        metadata: params.strings("metadata"),
        cancellation_reason: None,
    })
}

/// `payment_method_types[]`; `None` when the call leaves the choice to the account's settings.
pub(crate) fn method_types(params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    let types = params.list("payment_method_types");
    if let Some(other) = types.iter().find(|kind| *kind != "card" && Scheme::named(kind).is_none()) {
        let message = format!(
            "The payment method type provided: {other} is invalid. This simulator takes card, us_bank_account and \
             au_becs_debit."
        );
        return Err(Refusal::invalid(None, message).about("payment_method_types"));
    }
    Ok(Some(types).filter(|types| !types.is_empty()))
}

/// `payment_method_options[us_bank_account][verification_method]`.
pub(crate) fn verification_method(params: &Params) -> Result<Option<String>, Refusal> {
    let options = params.inner("payment_method_options").inner("us_bank_account");
    Ok(options.choice("verification_method", &["automatic", "instant", "microdeposits"])?.map(str::to_owned))
}

fn missing_method() -> Refusal {
    let message = "You cannot confirm this SetupIntent because it's missing a payment method.";
    Refusal::invalid(Some("setup_intent_unexpected_state"), message)
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["client_secret"])?;
    op.show_setup(id, params)
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["customer", "payment_method"]].concat())?;
    let is =
        |name: &str, value: &Option<String>| params.text(name).is_none_or(|wanted| value.as_deref() == Some(wanted));
    let keep = |setup: &SetupIntent| is("customer", &setup.customer) && is("payment_method", &setup.payment_method);
    let show = |setup: &SetupIntent| setup.view(op, &params.below("data"));
    listing::page(&op.account.setups, params, "/v1/setup_intents", |setup| setup.created, keep, show)
}

const CONFIRM_PARAMS: [&str; 7] = [
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "mandate_data",
    "return_url",
    "client_secret",
    "use_stripe_sdk",
];

pub(crate) fn confirm(op: &mut Operation<'_>, id: &str, params: &Params, publishable: bool) -> Answer {
    params.allow(&CONFIRM_PARAMS)?;
    op.setup_in(id, &[SetupStatus::RequiresPaymentMethod, SetupStatus::RequiresConfirmation], "confirm")?;
    let acceptance = Acceptance::read(params, op.now_s)?;
    let verification_method = verification_method(params)?;
    let method = methods::named_or_described(op, params, publishable)?;
    let setup = op.setup_mut(id)?;
    setup.payment_method = method.or(setup.payment_method.take());
    setup.acceptance = acceptance.or(setup.acceptance.take());
    setup.verification_method = verification_method.or(setup.verification_method.take());
    setup.return_url = params.owned("return_url").or(setup.return_url.take());
    op.confirm_setup(id)?;
    op.show_setup(id, params)
}

pub(crate) fn cancel(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["cancellation_reason"])?;
    let reasons = ["abandoned", "requested_by_customer", "duplicate"];
    let reason = params.choice("cancellation_reason", &reasons)?.map(str::to_owned);
    let open = [SetupStatus::RequiresPaymentMethod, SetupStatus::RequiresConfirmation, SetupStatus::RequiresAction];
    op.setup_in(id, &open, "cancel")?;
    let setup = op.setup_mut(id)?;
    setup.status = SetupStatus::Canceled;
    setup.cancellation_reason = reason;
    op.emit_setup("setup_intent.canceled", id);
    op.show_setup(id, params)
}

impl Operation<'_> {
    pub fn show_setup(&self, id: &str, params: &Params) -> Answer {
        let setup = self.account.setups.get(id).ok_or_else(|| Refusal::no_such("setupintent", id, "intent"))?;
        Ok(setup.view(self, params))
    }

    pub fn setup_mut(&mut self, id: &str) -> Result<&mut SetupIntent, Refusal> {
        self.account.setups.get_mut(id).ok_or_else(|| Refusal::no_such("setupintent", id, "intent"))
    }

    fn setup_in(&self, id: &str, states: &[SetupStatus], verb: &str) -> Result<(), Refusal> {
        let view = self.show_setup(id, &Params::default())?;
        if self.account.setups.get(id).is_some_and(|setup| states.contains(&setup.status)) {
            return Ok(());
        }
        let status = view["status"].as_str().unwrap_or_default();
        let message = format!("You cannot {verb} this SetupIntent because it has a status of {status}.");
        Err(Refusal::invalid(Some("setup_intent_unexpected_state"), message).with("setup_intent", view))
    }

    pub fn emit_setup(&mut self, kind: &str, id: &str) {
        if let Ok(view) = self.show_setup(id, &Params::default()) {
            self.emit(kind, view);
        }
    }

    pub fn confirm_setup(&mut self, id: &str) -> Result<(), Refusal> {
        let setup = self.setup_mut(id)?.clone();
        let method = setup.payment_method.as_ref().and_then(|id| self.account.methods.get(id)).cloned();
        let Some(method) = method else { return Err(missing_method()) };
        if method.customer.is_some() {
            self.method_of(&method.id, setup.customer.as_deref())?;
        }
        takes(&setup.payment_method_types, method.means.kind())?;
        match &method.means {
            Means::Card(card) => self.set_card_up(&setup, card, method.set_up),
            Means::Bank(account) => {
                takes_debits(account)?;
                let verify = account.needs_deposits(setup.verification_method.as_deref());
                let asked = MandateAsked { named: None, acceptance: setup.acceptance.clone(), single_use: None };
                let mandate = self.mandate_for(&method.id, asked, verify)?;
                self.setup_mut(id)?.mandate = Some(mandate);
                if !verify {
                    return self.setup_succeeds(id);
                }
                let deposits = self.send_deposits(id, account);
                let setup = self.setup_mut(id)?;
                setup.deposits = Some(deposits);
                setup.status = SetupStatus::RequiresAction;
                self.emit_setup("setup_intent.requires_action", id);
                Ok(())
            }
        }
    }

    fn set_card_up(&mut self, setup: &SetupIntent, card: &Card, set_up: bool) -> Result<(), Refusal> {
        let declined = match (self.armed_decline(), card.behaviour) {
            (Some(code), _) => Some(cards::armed(&code)),
            (None, Behaviour::Decline(decline)) => Some(decline.words()),
            _ => None,
        };
        if let Some(words) = declined {
            return Err(self.setup_declined(&setup.id, &words));
        }
        let challenged = match card.behaviour {
            Behaviour::Authenticate => true,
            Behaviour::AuthenticateUntilSetUp => !set_up,
            _ => false,
        };
        if !challenged {
            return self.setup_succeeds(&setup.id);
        }
        self.setup_mut(&setup.id)?.status = SetupStatus::RequiresAction;
        self.emit_setup("setup_intent.requires_action", &setup.id);
        Ok(())
    }

    /// The payer answered the 3-D Secure challenge of a SetupIntent.
    pub fn setup_challenge_answered(&mut self, id: &str, passed: bool) -> Result<(), Refusal> {
        self.setup_in(id, &[SetupStatus::RequiresAction], "authenticate")?;
        if self.setup_mut(id)?.deposits.is_some() {
            return Err(Refusal::invalid(None, "This SetupIntent waits for micro-deposits."));
        }
        if passed {
            return self.setup_succeeds(id);
        }
        let message = "We are unable to authenticate your payment method. Please choose a different payment method and \
                       try again.";
        let refusal = Refusal::invalid(Some("setup_intent_authentication_failure"), message);
        self.setup_fails(id, refusal.body()["error"].take());
        Err(refusal)
    }

    pub fn setup_succeeds(&mut self, id: &str) -> Result<(), Refusal> {
        let setup = self.setup_mut(id)?;
        setup.status = SetupStatus::Succeeded;
        setup.deposits = None;
        setup.last_error = None;
        let (customer, method) = (setup.customer.clone(), setup.payment_method.clone().unwrap_or_default());
        if let Some(method) = self.account.methods.get_mut(&method) {
            method.set_up = true;
        }
        if let Some(customer) = customer {
            self.attach(&method, &customer)?;
        }
        self.emit_setup("setup_intent.succeeded", id);
        self.finish_session(id);
        Ok(())
    }

    fn setup_declined(&mut self, id: &str, words: &DeclineWords) -> Refusal {
        let mut refusal = words.refusal();
        let method = self.account.setups.get(id).and_then(|setup| setup.payment_method.clone());
        if let Some(method) = method.and_then(|id| self.account.methods.get(&id)) {
            refusal = refusal.with("payment_method", method.view());
        }
        self.setup_fails(id, refusal.body()["error"].take());
        match self.show_setup(id, &Params::default()) {
            Ok(view) => refusal.with("setup_intent", view),
            Err(_) => refusal,
        }
    }

    /// The method could not be saved; the intent waits for another.
    pub fn setup_fails(&mut self, id: &str, error: Value) {
        let Ok(setup) = self.setup_mut(id) else { return };
        setup.status = SetupStatus::RequiresPaymentMethod;
        setup.payment_method = None;
        setup.deposits = None;
        setup.last_error = Some(error);
        self.emit_setup("setup_intent.setup_failed", id);
    }
}
