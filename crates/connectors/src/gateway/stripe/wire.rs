//! The parts of Stripe's objects that we read, and what each says in our words (`wire/gateways.md`, 2.2 and 2.7).
//! Enums are open there: an unknown status is parked as `Processing` and logged, never guessed.

use super::{declines, form::ATTEMPT, wire_methods::MethodDetails};
use crate::gateway::Taken;
use chrono::{DateTime, Utc};
use domain::{
    ids::AttemptId,
    method::{MethodFact, MethodSeen},
    money::{Currency, Money},
    payment::{DeclineReason, Fact, MethodFace, Observation},
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{collections::BTreeMap, fmt, marker::PhantomData};

#[derive(Debug, Deserialize)]
pub struct Intent {
    pub id: String,
    pub status: IntentStatus,
    amount: i64,
    amount_received: Option<i64>,
    currency: String,
    latest_charge: Option<Expandable<Charge>>,
    next_action: Option<NextAction>,
    pub last_payment_error: Option<ApiError>,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
    #[serde(untagged)]
    Other(String),
}

#[derive(Debug, Deserialize)]
pub struct NextAction {
    redirect_to_url: Option<Redirect>,
    verify_with_microdeposits: Option<Verify>,
}

impl NextAction {
    /// Where the payer acts: at the bank, or on Stripe's page for the small amounts that it has sent to the account.
    pub fn url(&self) -> Option<String> {
        let redirect = || self.redirect_to_url.as_ref()?.url.clone();
        let verify = || self.verify_with_microdeposits.as_ref()?.hosted_verification_url.clone();
        redirect().or_else(verify)
    }
}

#[derive(Debug, Deserialize)]
struct Verify {
    hosted_verification_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Redirect {
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Charge {
    id: String,
    payment_method_details: Option<MethodDetails>,
    disputed: Option<bool>,
    balance_transaction: Option<Expandable<BalanceTransaction>>,
}

/// What brought it into the account's balance (8.2).
#[derive(Debug, Deserialize)]
struct BalanceTransaction {
    /// From when on it can be paid out; in Unix seconds.
    available_on: Option<i64>,
}

impl Charge {
    fn is_debit(&self) -> bool {
        self.payment_method_details.as_ref().is_some_and(|details| details.account().is_some())
    }

    /// Where the call has asked for it.
    fn is_available(&self, now: DateTime<Utc>) -> bool {
        let Some(Expandable::Full(moved)) = &self.balance_transaction else { return false };
        moved.available_on.is_some_and(|from| from <= now.timestamp())
    }
}

#[derive(Debug, Deserialize)]
pub struct Session {
    pub id: String,
    pub status: Option<SessionStatus>,
    pub url: Option<String>,
    pub payment_intent: Option<Expandable<Intent>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Open,
    Complete,
    Expired,
    #[serde(untagged)]
    Other(String),
}

/// A row of a list, which goes on after its id.
pub trait Listed {
    fn id(&self) -> &str;
}

impl Listed for Intent {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Debug, Deserialize)]
pub struct List<T> {
    pub data: Vec<T>,
    pub has_more: bool,
}

#[derive(Debug, Deserialize)]
pub struct ErrorBody {
    pub error: ApiError,
}

/// An `error`, and in the same shape an intent's `last_payment_error`.
#[derive(Debug, Deserialize)]
pub struct ApiError {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub code: Option<String>,
    decline_code: Option<String>,
    pub message: Option<String>,
    param: Option<String>,
    charge: Option<String>,
    payment_intent: Option<OnlyId>,
    setup_intent: Option<OnlyId>,
    payment_method: Option<MethodDetails>,
}

#[derive(Debug, Deserialize)]
pub struct OnlyId {
    pub id: String,
}

/// A field that is an id, or the object itself when the call asked to expand it (2.1). Not an untagged enum: serde
/// buffers those, and buffered numbers do not survive `serde_json`'s arbitrary precision.
#[derive(Debug)]
pub enum Expandable<T> {
    Id(String),
    Full(Box<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Expandable<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct IdOrObject<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for IdOrObject<T> {
            type Value = Expandable<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id or an object")
            }
            fn visit_str<E>(self, id: &str) -> Result<Self::Value, E> {
                Ok(Expandable::Id(id.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(object)).map(|full| Expandable::Full(Box::new(full)))
            }
        }
        from.deserialize_any(IdOrObject(PhantomData))
    }
}

impl Expandable<OnlyId> {
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Full(full) => &full.id,
        }
    }
}

impl Intent {
    /// Stripe would take another card: the last try failed, or none was made.
    pub fn waits_for_card(&self) -> bool {
        matches!(self.status, IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation)
    }

    /// Which of our attempts it is for, when it is ours.
    pub fn attempt(&self) -> Option<AttemptId> {
        self.metadata.as_ref()?.get(ATTEMPT)?.parse().ok()
    }

    /// What it took for us. A card's money has settled when it is available (2.2).
    pub fn taken(&self, now: DateTime<Utc>) -> Option<Taken> {
        let (attempt, amount, fact) = (self.attempt()?, self.amount()?, self.fact());
        let is_settled = fact == Fact::Settled || self.charge().is_some_and(|charge| charge.is_available(now));
        let (gateway_id, is_debit) = (self.id.clone(), self.debit().is_some());
        fact.is_money().then_some(Taken { attempt, gateway_id, amount, is_settled, is_debit })
    }

    pub fn observe(&self) -> Observation {
        let (charge_id, method) = match &self.latest_charge {
            Some(Expandable::Full(charge)) => (Some(charge.id.clone()), face(charge.payment_method_details.as_ref())),
            Some(Expandable::Id(id)) => (Some(id.clone()), None),
            None => (None, None),
        };
        let failed_method = || face(self.last_payment_error.as_ref()?.payment_method.as_ref());
        Observation {
            fact: self.fact(),
            gateway_id: Some(self.id.clone()),
            charge_id,
            method: method.or_else(failed_method),
            amount: self.amount(),
        }
    }

    fn fact(&self) -> Fact {
        let url = || self.next_action.as_ref()?.url();
        match (&self.status, &self.last_payment_error, url()) {
            // A bank has said yes, and may take it back: its disputes are final (2.4).
            (IntentStatus::Succeeded, ..) if self.debit().is_some_and(|charge| charge.disputed == Some(true)) => {
                Fact::BankNo { reason: DeclineReason::TakenBack }
            }
            (IntentStatus::Succeeded, ..) if self.debit().is_some() => Fact::Settled,
            // The money is there, or promised: when a card's settles, the list of all that was taken tells.
            (IntentStatus::Succeeded | IntentStatus::RequiresCapture, ..) => Fact::Approved,
            (IntentStatus::RequiresAction, _, Some(url)) => Fact::ActionNeeded { url, fields: Vec::new() },
            // We cancel an intent after its decline (1.3); what it died of is still the bank's no.
            (IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled, Some(no), _) => no.fact(),
            (IntentStatus::Canceled, None, _) => Fact::Voided,
            (IntentStatus::Processing, ..) => Fact::Processing,
            (status, ..) => parked(&self.id, status),
        }
    }

    fn charge(&self) -> Option<&Charge> {
        match &self.latest_charge {
            Some(Expandable::Full(charge)) => Some(charge.as_ref()),
            _ => None,
        }
    }

    fn debit(&self) -> Option<&Charge> {
        self.charge().filter(|charge| charge.is_debit())
    }

    fn amount(&self) -> Option<Money> {
        let currency = currency(&self.currency)?;
        let received = self.amount_received.filter(|_| self.status == IntentStatus::Succeeded);
        Some(Money::new(received.unwrap_or(self.amount), currency))
    }
}

pub fn currency(code: &str) -> Option<Currency> {
    code.to_ascii_uppercase().parse().ok()
}

impl ApiError {
    fn fact(&self) -> Fact {
        Fact::BankNo { reason: declines::reason(self.decline_code.as_deref(), self.code.as_deref()) }
    }

    pub fn setup_fact(&self) -> MethodFact {
        MethodFact::Refused { reason: declines::reason(self.decline_code.as_deref(), self.code.as_deref()) }
    }

    /// Stripe has not got what the charge was to be taken from, or nobody has it saved any more.
    pub fn lacks_saved(&self) -> bool {
        matches!(self.code.as_deref(), None | Some("resource_missing"))
            && matches!(self.param.as_deref(), Some("payment_method" | "customer"))
    }

    pub fn lacks_customer(&self) -> bool {
        self.code.as_deref() == Some("resource_missing") && self.param.as_deref() == Some("customer")
    }

    /// What HTTP 402 says of a method that was to be kept.
    pub fn observe_setup(&self) -> MethodSeen {
        let setup_id = self.setup_intent.as_ref().map(|setup| setup.id.clone());
        let shown = self.payment_method.as_ref().and_then(MethodDetails::shown);
        MethodSeen { setup_id, shown, ..MethodSeen::bare(self.setup_fact()) }
    }

    /// What HTTP 402 says: a decline is an outcome.
    pub fn observe(&self) -> Observation {
        Observation {
            fact: self.fact(),
            gateway_id: self.payment_intent.as_ref().map(|intent| intent.id.clone()),
            charge_id: self.charge.clone(),
            method: face(self.payment_method.as_ref()),
            amount: None,
        }
    }
}

/// Something that this version of ours does not know: open until a later look-up, and said aloud.
pub fn parked(id: &str, status: &impl fmt::Debug) -> Fact {
    tracing::warn!(gateway.id = id, ?status, "Stripe reports a status that is not understood; treated as processing");
    Fact::Processing
}

fn face(method: Option<&MethodDetails>) -> Option<MethodFace> {
    Some(method?.shown()?.face)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn seen(more: Value) -> Observation {
        let mut intent = json!({"id": "pi_1", "amount": 120_450, "currency": "usd", "metadata": {}});
        let more = more.as_object().expect("members").clone();
        intent.as_object_mut().expect("an intent").extend(more);
        serde_json::from_str::<Intent>(&intent.to_string()).expect("an intent").observe()
    }

    #[test]
    fn every_status_says_one_thing() {
        let declined = json!({"code": "card_declined", "decline_code": "insufficient_funds"});
        let no_money = Fact::BankNo { reason: DeclineReason::InsufficientFunds };
        let redirect = json!({"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.test/3ds"}});
        for (intent, fact) in [
            (json!({"status": "succeeded"}), Fact::Approved),
            (json!({"status": "requires_capture"}), Fact::Approved),
            (json!({"status": "processing"}), Fact::Processing),
            (json!({"status": "canceled"}), Fact::Voided),
            (json!({"status": "canceled", "last_payment_error": declined}), no_money.clone()),
            (json!({"status": "requires_payment_method", "last_payment_error": declined}), no_money),
            (
                json!({"status": "requires_action", "next_action": redirect}),
                Fact::ActionNeeded { url: "https://bank.test/3ds".into(), fields: Vec::new() },
            ),
            (json!({"status": "requires_action"}), Fact::Processing),
            (json!({"status": "held_by_martians"}), Fact::Processing),
        ] {
            assert_eq!(seen(intent.clone()).fact, fact, "{intent}");
        }
    }

    #[test]
    fn s66_the_amount_is_what_was_received_and_the_charge_may_be_an_id_or_an_object() {
        let card = json!({"type": "card", "card": {"brand": "visa", "last4": "4242"}});
        let charge = json!({"id": "ch_1", "amount": 100, "payment_method_details": card});
        let whole = seen(json!({"status": "succeeded", "amount_received": 120_000, "latest_charge": charge}));
        assert_eq!(whole.amount, Some(Money::new(120_000, Currency::USD)), "a difference must be seen");
        assert_eq!(whole.charge_id.as_deref(), Some("ch_1"));
        assert_eq!(whole.method.expect("a card").to_string(), "Visa ··4242");
        let slim = seen(json!({"status": "processing", "amount_received": 0, "latest_charge": "ch_2"}));
        assert_eq!((slim.charge_id.as_deref(), slim.method), (Some("ch_2"), None));
        assert_eq!(slim.amount, Some(Money::new(120_450, Currency::USD)));
    }

    #[test]
    fn a_cards_money_has_settled_when_it_is_available_and_not_before() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let card = json!({"type": "card", "card": {"brand": "visa", "last4": "4242"}});
        for (status, balance_transaction, settled) in [
            ("succeeded", json!({"id": "txn_1", "available_on": 1_800_000_000}), Some(true)),
            ("succeeded", json!({"id": "txn_1", "available_on": 1_800_000_001}), Some(false)),
            ("succeeded", json!({"id": "txn_1", "available_on": null}), Some(false)),
            ("succeeded", json!("txn_1"), Some(false)),
            ("succeeded", json!(null), Some(false)),
            ("requires_capture", json!(null), Some(false)),
            ("processing", json!({"id": "txn_1", "available_on": 1_800_000_000}), None),
        ] {
            let charge =
                json!({"id": "ch_1", "payment_method_details": card, "balance_transaction": balance_transaction});
            let intent = json!({"id": "pi_1", "status": status, "amount": 120_450, "currency": "usd",
                "latest_charge": charge, "metadata": {"attempt_id": "att_00000000000000000000000000000001"}});
            let intent: Intent = serde_json::from_str(&intent.to_string()).expect("an intent");
            assert_eq!(intent.taken(now).map(|taken| taken.is_settled), settled, "{status} {balance_transaction}");
            assert_ne!(intent.observe().fact, Fact::Settled, "one answer alone says nothing of it");
        }
    }
}
