//! Checkout sessions: the payment page that Stripe hosts, as the portal makes and reads it. The page: `pay_page.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::form::Params;
use super::intents::{self, Intent, Status as IntentStatus};
use super::mandates::Acceptance;
use super::methods::Billing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use super::setup_intents::{self, SetupIntent, SetupStatus};
use crate::random::random_hex;

/// How long a session may stay open: Stripe's bounds and default, in seconds.
const EXPIRES_MIN_SECONDS: i64 = 30 * 60;
const EXPIRES_MAX_SECONDS: i64 = 24 * 3600;
/// A caller's clock may be a little behind ours.
const EXPIRES_SLACK_SECONDS: i64 = 60;
const LINE_ITEMS_MAX: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Open,
    Complete,
    Expired,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LineItem {
    pub name: String,
    pub quantity: i64,
    pub unit_amount: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub id: String,
    pub created: i64,
    pub expires_at: i64,
    pub status: Status,
    /// Saves a method and takes no money (`mode=setup`).
    pub saves: bool,
    pub payment_method_types: Vec<String>,
    pub currency: Option<String>,
    pub items: Vec<LineItem>,
    pub success_url: String,
    pub cancel_url: Option<String>,
    pub client_reference_id: Option<String>,
    pub customer: Option<String>,
    pub customer_email: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// What `payment_intent_data` or `setup_intent_data` asks of the intent that the page makes.
    pub intent_metadata: BTreeMap<String, String>,
    pub intent_description: Option<String>,
    pub receipt_email: Option<String>,
    pub setup_future_usage: Option<String>,
    pub verification_method: Option<String>,
    /// The one intent of all tries on the page: a PaymentIntent, or a SetupIntent where the page saves.
    pub intent: Option<String>,
    pub payer: Option<Billing>,
}

impl Session {
    pub fn total(&self) -> i64 {
        self.items.iter().map(|item| item.quantity * item.unit_amount).sum()
    }

    /// Where a paid session sends the payer.
    pub fn success_location(&self) -> String {
        self.success_url.replace("{CHECKOUT_SESSION_ID}", &self.id)
    }

    fn view(&self, op: &Operation<'_>, params: &Params) -> Value {
        let open = self.status == Status::Open;
        let total = (!self.saves).then(|| self.total());
        let intent = self.intent.as_deref();
        let expanded = |field: &str| intent.filter(|_| params.expands(field));
        let payment_intent =
            expanded("payment_intent").and_then(|id| op.show_intent(id, &params.below("payment_intent")).ok());
        let setup_intent =
            expanded("setup_intent").and_then(|id| op.show_setup(id, &params.below("setup_intent")).ok());
        let mut view = json!({
            "id": self.id, "object": "checkout.session", "created": self.created, "expires_at": self.expires_at,
            "livemode": false, "mode": if self.saves { "setup" } else { "payment" }, "status": self.status,
            "payment_status": self.payment_status(op), "currency": self.currency,
            "payment_intent": payment_intent.or_else(|| intent.filter(|_| !self.saves).map(|id| json!(id))),
            "setup_intent": setup_intent.or_else(|| intent.filter(|_| self.saves).map(|id| json!(id))),
            "amount_subtotal": total, "amount_total": total, "payment_method_types": self.payment_method_types,
            "success_url": self.success_url, "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id, "customer": self.customer,
            "customer_email": self.customer_email, "customer_creation": if self.saves { Value::Null } else { json!("if_required") },
            "payment_method_options": intents::options_view(self.verification_method.as_deref()),
            "customer_details": self.payer.as_ref().map(|payer| json!({
                "email": payer.email, "name": payer.name, "address": payer.view()["address"],
                "phone": null, "tax_exempt": "none", "tax_ids": [] })),
            "metadata": self.metadata,
            "url": open.then(|| format!("{}/stripe/pay/{}", op.shared.options.public_url, self.id)),
        });
        super::extend(&mut view, unused_members());
        view
    }

    fn payment_status(&self, op: &Operation<'_>) -> &'static str {
        let intent = self.intent.as_ref().and_then(|id| op.account.intents.get(id));
        match intent.map(|intent| intent.status) {
            _ if self.saves => "no_payment_required",
            Some(IntentStatus::Succeeded) if self.status == Status::Complete => "paid",
            _ => "unpaid",
        }
    }
}

/// What a plain card payment leaves alone; the contract demands some of it all the same.
fn unused_members() -> Value {
    json!({
        "payment_method_collection": "if_required",
        "automatic_tax": { "enabled": false, "liability": null, "status": null }, "custom_fields": [],
        "custom_text": { "after_submit": null, "shipping_address": null, "submit": null,
            "terms_of_service_acceptance": null },
        "shipping_options": [], "shipping_cost": null,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 }, "locale": null,
        "invoice": null, "subscription": null, "payment_link": null, "recovered_from": null,
        "submit_type": null, "consent": null, "consent_collection": null, "after_expiration": null,
        "allow_promotion_codes": null, "billing_address_collection": null,
        "phone_number_collection": { "enabled": false }, "currency_conversion": null,
    })
}

const CREATE_PARAMS: [&str; 16] = [
    "mode",
    "line_items",
    "success_url",
    "cancel_url",
    "payment_intent_data",
    "expires_at",
    "client_reference_id",
    "customer",
    "customer_email",
    "metadata",
    "payment_method_types",
    "submit_type",
    "setup_intent_data",
    "currency",
    "customer_creation",
    "payment_method_options",
];

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&CREATE_PARAMS)?;
    let saves = match params.required("mode")? {
        "payment" => false,
        "setup" => true,
        _ => return Err(Refusal::invalid(None, "This simulator builds mode=payment and mode=setup.").about("mode")),
    };
    let expires_at = params.integer("expires_at")?.unwrap_or(op.now_s + EXPIRES_MAX_SECONDS);
    let lives = EXPIRES_MIN_SECONDS - EXPIRES_SLACK_SECONDS..=EXPIRES_MAX_SECONDS + EXPIRES_SLACK_SECONDS;
    if !lives.contains(&(expires_at - op.now_s)) {
        let message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.";
        return Err(Refusal::invalid(None, message).about("expires_at"));
    }
    if let Some(customer) = params.text("customer") {
        op.known_customer(customer)?;
    }
    let (currency, items) = match saves {
        true => (params.has("currency").then(|| intents::currency(params)).transpose()?, Vec::new()),
        false => line_items(&params.inner("line_items")).map(|(currency, items)| (Some(currency), items))?,
    };
    let data = params.inner(if saves { "setup_intent_data" } else { "payment_intent_data" });
    data.allow(&["metadata", "description", "receipt_email", "statement_descriptor_suffix", "setup_future_usage"])?;
    let setup_future_usage = data.choice("setup_future_usage", &["off_session", "on_session"])?.map(str::to_owned);
    let payment_method_types = setup_intents::method_types(params)?.unwrap_or_else(|| vec!["card".to_owned()]);
    let verification_method = setup_intents::verification_method(params)?;
    let session = Session {
        id: format!("{}{}", op.account.mint("cs_test"), random_hex::<8>()),
        created: op.now_s,
        expires_at,
        status: Status::Open,
        saves,
        payment_method_types,
        currency,
        items,
        success_url: params.required("success_url")?.to_owned(),
        cancel_url: params.owned("cancel_url"),
        client_reference_id: params.owned("client_reference_id"),
        customer: params.owned("customer"),
        customer_email: params.owned("customer_email"),
        metadata: params.strings("metadata"),
        intent_metadata: data.strings("metadata"),
        intent_description: data.owned("description"),
        receipt_email: data.owned("receipt_email"),
        setup_future_usage,
        verification_method,
        intent: None,
        payer: None,
    };
    let id = session.id.clone();
    op.account.sessions.insert(id.clone(), session);
    op.show_session(&id, params)
}

/// `line_items[n][price_data][…]`, all in one currency.
fn line_items(params: &Params) -> Result<(String, Vec<LineItem>), Refusal> {
    let mut currency = None;
    let mut items = Vec::new();
    while items.len() < LINE_ITEMS_MAX && params.has(&items.len().to_string()) {
        let item = params.inner(&items.len().to_string());
        item.allow(&["price_data", "quantity"])?;
        let price = item.inner("price_data");
        price.allow(&["currency", "unit_amount", "product_data"])?;
        let this = intents::currency(&price)?;
        if currency.get_or_insert_with(|| this.clone()) != &this {
            return Err(Refusal::invalid(None, "All line items must have one currency.").about("line_items"));
        }
        let quantity = item.integer("quantity")?.unwrap_or(1);
        if quantity < 1 {
            return Err(Refusal::invalid(None, "quantity must be 1 or more.").about("line_items"));
        }
        items.push(LineItem {
            name: price.inner("product_data").required("name")?.to_owned(),
            quantity,
            unit_amount: intents::amount(&price, "unit_amount")?,
        });
    }
    currency.map(|currency| (currency, items)).ok_or_else(|| Refusal::missing_parameter("line_items"))
}

pub(crate) fn retrieve(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    op.expire_when_due(id);
    op.show_session(id, params)
}

pub(crate) fn expire(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    match op.account.sessions.get(id).map(|session| session.status) {
        Some(Status::Open) => op.expire(id),
        Some(_) => {
            let message = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
            return Err(Refusal::invalid(None, message));
        }
        None => {}
    }
    op.show_session(id, params)
}

impl Operation<'_> {
    fn show_session(&self, id: &str, params: &Params) -> Answer {
        let session = self.account.sessions.get(id);
        let session = session.ok_or_else(|| Refusal::no_such("checkout.session", id, "session"))?;
        Ok(session.view(self, params))
    }

    fn emit_session(&mut self, kind: &str, id: &str) {
        if let Ok(view) = self.show_session(id, &Params::default()) {
            self.emit(kind, view);
        }
    }

    pub fn expire_when_due(&mut self, id: &str) {
        let now_s = self.now_s;
        let due = |session: &Session| session.status == Status::Open && session.expires_at <= now_s;
        if self.account.sessions.get(id).is_some_and(due) {
            self.expire(id);
        }
    }

    fn expire(&mut self, id: &str) {
        if let Some(session) = self.account.sessions.get_mut(id) {
            session.status = Status::Expired;
        }
        self.emit_session("checkout.session.expired", id);
    }

    /// A try on the hosted page: one intent for all tries, as at the vendor. True when the bank's challenge comes next.
    pub fn use_session(&mut self, id: &str, method: &str, payer: Billing) -> Result<bool, Refusal> {
        let session = self.account.sessions.get(id).cloned();
        let session = session.ok_or_else(|| Refusal::no_such("checkout.session", id, "session"))?;
        let intent_id = match &session.intent {
            Some(intent) => intent.clone(),
            None if session.saves => self.session_setup(&session),
            None => self.session_intent(&session),
        };
        if let Some(session) = self.account.sessions.get_mut(id) {
            session.intent = Some(intent_id.clone());
            session.payer = Some(payer);
        }
        let acceptance = Some(Acceptance::on_page(self.now_s));
        if session.saves {
            let setup = self.setup_mut(&intent_id)?;
            setup.payment_method = Some(method.to_owned());
            setup.acceptance = acceptance;
            self.confirm_setup(&intent_id)?;
        } else {
            let intent = self.intent_mut(&intent_id)?;
            intent.payment_method = Some(method.to_owned());
            intent.acceptance = acceptance;
            self.confirm(&intent_id)?;
        }
        self.finish_session(&intent_id);
        Ok(self.account.sessions.get(id).is_some_and(|session| session.status == Status::Open))
    }

    /// Completes the session whose intent has succeeded or is on its way to the bank, if there is one.
    pub fn finish_session(&mut self, intent_id: &str) {
        let paid = self.account.intents.get(intent_id).is_some_and(|intent| match intent.status {
            IntentStatus::Succeeded | IntentStatus::Processing => true,
            IntentStatus::RequiresAction => intent.deposits.is_some(),
            _ => false,
        });
        let saved = self.account.setups.get(intent_id).is_some_and(|setup| match setup.status {
            SetupStatus::Succeeded => true,
            SetupStatus::RequiresAction => setup.deposits.is_some(),
            _ => false,
        });
        let session = self.account.sessions.values_mut().find(|session| session.intent.as_deref() == Some(intent_id));
        if let Some(session) = session.filter(|session| (paid || saved) && session.status == Status::Open) {
            session.status = Status::Complete;
            let id = session.id.clone();
            self.emit_session("checkout.session.completed", &id);
        }
    }

    /// Tells of the debit that a completed page began.
    pub fn session_debit_ended(&mut self, intent_id: &str) {
        let complete =
            |session: &&Session| session.status == Status::Complete && session.intent.as_deref() == Some(intent_id);
        let Some(id) = self.account.sessions.values().find(complete).map(|session| session.id.clone()) else { return };
        let paid = self.account.intents.get(intent_id).is_some_and(|intent| intent.status == IntentStatus::Succeeded);
        let ended = if paid { "succeeded" } else { "failed" };
        self.emit_session(&format!("checkout.session.async_payment_{ended}"), &id);
    }

    fn session_intent(&mut self, session: &Session) -> String {
        let id = self.account.mint("pi");
        let public_url = &self.shared.options.public_url;
        let intent = Intent {
            client_secret: format!("{id}_secret_{}", random_hex::<12>()),
            id: id.clone(),
            created: self.now_s,
            amount: session.total(),
            currency: session.currency.clone().unwrap_or_default(),
            status: IntentStatus::RequiresPaymentMethod,
            customer: session.customer.clone(),
            payment_method: None,
            payment_method_types: session.payment_method_types.clone(),
            automatic: false,
            latest_charge: None,
            last_error: None,
            metadata: session.intent_metadata.clone(),
            description: session.intent_description.clone(),
            receipt_email: session.receipt_email.clone(),
            return_url: Some(format!("{public_url}/stripe/pay/{}", session.id)),
            descriptor_suffix: None,
            setup_future_usage: session.setup_future_usage.clone(),
            canceled_at: None,
            cancellation_reason: None,
            no_challenge: false,
            mandate: None,
            acceptance: None,
            verification_method: session.verification_method.clone(),
            deposits: None,
        };
        self.account.intents.insert(id.clone(), intent);
        id
    }

    fn session_setup(&mut self, session: &Session) -> String {
        let id = self.account.mint("seti");
        let public_url = &self.shared.options.public_url;
        let setup = SetupIntent {
            client_secret: format!("{id}_secret_{}", random_hex::<12>()),
            id: id.clone(),
            created: self.now_s,
            status: SetupStatus::RequiresPaymentMethod,
            customer: session.customer.clone(),
            payment_method: None,
            payment_method_types: session.payment_method_types.clone(),
            automatic: false,
            usage: "off_session".to_owned(),
            mandate: None,
            acceptance: None,
            verification_method: session.verification_method.clone(),
            deposits: None,
            last_error: None,
            return_url: Some(format!("{public_url}/stripe/pay/{}", session.id)),
            description: session.intent_description.clone(),
            metadata: session.intent_metadata.clone(),
            cancellation_reason: None,
        };
        self.account.setups.insert(id.clone(), setup);
        id
    }
}
