//! What is sent to GP-API and what is read of its answers (`wire/gateways.md`, 5.2). Statuses are open there: an unknown
//! one is parked as `Processing` and logged, never guessed.

use super::GlobalPaymentsConfig;
use crate::gateway::{ChargeRequest, ListedRefund, Taken, masked_face};
use chrono::{DateTime, Utc};
use domain::{
    ids::AttemptId,
    money::Money,
    payment::{DeclineReason, Fact, MethodFace, Observation},
    refund::{RefundFact, RefundFailure, RefundSeen},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub const SALE: &str = "SALE";
pub const REFUND: &str = "REFUND";
/// Nobody stands at a terminal.
const CHANNEL: &str = "CNP";

#[derive(Serialize)]
pub struct TokenRequest<'a> {
    pub app_id: &'a str,
    pub nonce: &'a str,
    pub secret: String,
    pub grant_type: &'static str,
}

#[derive(Deserialize)]
pub struct TokenReply {
    pub token: SecretString,
}

/// Of a payment method that its token names. The attempt's id is its reference, which lists give back; what merchant and
/// payer quote is the order's.
#[derive(Serialize)]
pub struct Sale<'a> {
    account_name: &'a str,
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    capture_mode: &'static str,
    amount: String,
    currency: &'a str,
    country: &'a str,
    reference: String,
    description: &'a str,
    order: Order<'a>,
    payment_method: ByToken<'a>,
}

#[derive(Serialize)]
struct Order<'a> {
    reference: &'a str,
}

#[derive(Serialize)]
struct ByToken<'a> {
    entry_mode: &'static str,
    id: &'a str,
}

impl<'a> Sale<'a> {
    pub fn of(request: &'a ChargeRequest, method: &'a str, config: &'a GlobalPaymentsConfig) -> Self {
        Self {
            account_name: &config.account_name,
            channel: CHANNEL,
            kind: SALE,
            capture_mode: "AUTO",
            amount: request.amount.minor.to_string(),
            currency: request.amount.currency.code(),
            country: &config.country,
            reference: request.attempt.to_string(),
            description: &request.description,
            order: Order { reference: &request.reference },
            payment_method: ByToken { entry_mode: "ECOM", id: method },
        }
    }
}

#[derive(Serialize)]
pub struct OnlyAmount {
    amount: String,
}

impl OnlyAmount {
    pub fn of(amount: Money) -> Self {
        Self { amount: amount.minor.to_string() }
    }
}

/// A page that takes one payment by card.
#[derive(Serialize)]
pub struct NewLink<'a> {
    account_name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    usage_mode: &'static str,
    usage_limit: u32,
    reference: String,
    name: &'a str,
    description: &'a str,
    shippable: &'static str,
    expiration_date: String,
    transactions: Takes<'a>,
    notifications: Notifications<'a>,
}

#[derive(Serialize)]
struct Takes<'a> {
    amount: String,
    channel: &'static str,
    currency: &'a str,
    country: &'a str,
    allowed_payment_methods: [&'static str; 1],
}

#[derive(Serialize)]
struct Notifications<'a> {
    return_url: &'a str,
    cancel_url: &'a str,
    status_url: &'a str,
}

impl<'a> NewLink<'a> {
    pub fn of(request: &'a ChargeRequest, expires: DateTime<Utc>, config: &'a GlobalPaymentsConfig) -> Self {
        Self {
            account_name: &config.link_account_name,
            kind: "PAYMENT",
            usage_mode: "SINGLE",
            usage_limit: 1,
            reference: request.attempt.to_string(),
            name: &request.reference,
            description: &request.description,
            shippable: "NO",
            expiration_date: day(expires),
            transactions: Takes {
                amount: request.amount.minor.to_string(),
                channel: CHANNEL,
                currency: request.amount.currency.code(),
                country: &config.country,
                allowed_payment_methods: ["CARD"],
            },
            notifications: Notifications {
                return_url: &request.return_url,
                cancel_url: &request.cancel_url,
                status_url: &config.status_url,
            },
        }
    }
}

/// Lists and pages are asked for by the day.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// What closes a link. The SDKs send all of this with every change, and the gateway refuses one without a name.
#[derive(Serialize)]
pub struct ClosedLink<'a> {
    usage_mode: &'static str,
    usage_limit: u32,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    shippable: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transactions: Option<OnlyAmount>,
}

impl<'a> ClosedLink<'a> {
    pub fn of(link: &'a Link) -> Self {
        let amount = link.transactions.as_ref().and_then(|took| minor(took.amount.as_ref()?));
        Self {
            usage_mode: "SINGLE",
            usage_limit: 1,
            name: link.name.as_deref().unwrap_or_default(),
            kind: "PAYMENT",
            status: "INACTIVE",
            shippable: "NO",
            transactions: amount.map(|amount| OnlyAmount { amount: amount.to_string() }),
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct Link {
    pub id: String,
    pub url: Option<String>,
    pub status: Option<String>,
    name: Option<String>,
    reference: Option<String>,
    transactions: Option<Took>,
}

#[derive(Debug, Deserialize)]
struct Took {
    amount: Option<Value>,
    transaction_list: Option<Vec<Transaction>>,
}

impl Link {
    /// Every try on its page.
    pub fn tries(&self) -> &[Transaction] {
        self.transactions.as_ref().and_then(|took| took.transaction_list.as_deref()).unwrap_or_default()
    }

    pub fn is_of(&self, attempt: AttemptId) -> bool {
        names(self.reference.as_deref(), attempt)
    }
}

/// A transaction by itself, and a row of a list.
#[derive(Debug, Deserialize)]
pub struct Transaction {
    pub id: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
    /// Digits, as text.
    amount: Option<Value>,
    currency: Option<String>,
    reference: Option<String>,
    parent_resource_id: Option<String>,
    time_created: Option<String>,
    payment_method: Option<PaidWith>,
}

#[derive(Debug, Deserialize)]
struct PaidWith {
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
struct Card {
    brand: Option<String>,
    masked_number_last4: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct List {
    pub transactions: Vec<Transaction>,
}

/// `reference` is that of this attempt.
fn names(reference: Option<&str>, attempt: AttemptId) -> bool {
    reference.and_then(|reference| reference.parse::<AttemptId>().ok()) == Some(attempt)
}

impl Transaction {
    pub fn is_of(&self, attempt: AttemptId) -> bool {
        self.is_sale() && names(self.reference.as_deref(), attempt)
    }

    pub fn is_sale(&self) -> bool {
        self.kind.as_deref() == Some(SALE)
    }

    pub fn is_refund(&self) -> bool {
        self.kind.as_deref() == Some(REFUND)
    }

    /// The gateway's id of the charge that a refund is of.
    pub fn parent(&self) -> Option<&str> {
        self.parent_resource_id.as_deref().filter(|id| !id.is_empty())
    }

    pub fn made_at(&self) -> Option<DateTime<Utc>> {
        Some(DateTime::parse_from_rfc3339(self.time_created.as_deref()?).ok()?.to_utc())
    }

    /// Whoever does not say when may be of now.
    pub fn is_since(&self, since: DateTime<Utc>) -> bool {
        self.made_at().is_none_or(|at| at >= since)
    }

    pub fn money(&self) -> Option<Money> {
        Some(Money::new(minor(self.amount.as_ref()?)?, self.currency.as_deref()?.parse().ok()?))
    }

    pub fn observe(&self) -> Observation {
        Observation {
            fact: self.fact(),
            gateway_id: Some(self.id.clone()),
            charge_id: Some(self.id.clone()),
            method: self.face(),
            amount: self.money(),
        }
    }

    pub fn fact(&self) -> Fact {
        match self.status.as_deref() {
            // A payer who must act does so on the gateway's page, which is asked itself.
            Some("INITIATED" | "PENDING" | "FOR_REVIEW") => Fact::Processing,
            Some("PREAUTHORIZED") => Fact::Approved,
            Some("CAPTURED" | "BATCHED") => Fact::PendingSettlement,
            Some("FUNDED") => Fact::Settled,
            // The codes of banks are documented nowhere that we know.
            Some("DECLINED" | "REJECTED" | "FAILED") => Fact::BankNo { reason: DeclineReason::Declined },
            Some("REVERSED") => Fact::Voided,
            status => {
                self.warn(status);
                Fact::Processing
            }
        }
    }

    pub fn observe_refund(&self) -> RefundSeen {
        RefundSeen { fact: self.refund_fact(), gateway_id: Some(self.id.clone()), amount: self.money() }
    }

    /// As with a charge, what is captured is on its way and counts as paid.
    fn refund_fact(&self) -> RefundFact {
        match self.status.as_deref() {
            Some("CAPTURED" | "BATCHED" | "FUNDED") => RefundFact::Succeeded,
            Some("INITIATED" | "PENDING" | "FOR_REVIEW" | "PREAUTHORIZED") => RefundFact::Pending,
            Some("DECLINED" | "REJECTED" | "FAILED") => RefundFact::Failed { reason: RefundFailure::Declined },
            Some("REVERSED") => RefundFact::Canceled,
            status => {
                self.warn(status);
                RefundFact::Pending
            }
        }
    }

    fn warn(&self, status: Option<&str>) {
        tracing::warn!(
            gateway.id = self.id,
            ?status,
            "Global Payments reports a status that is not understood; treated as open"
        );
    }

    /// What it took for us.
    pub fn taken(&self) -> Option<Taken> {
        let attempt: AttemptId = self.reference.as_deref()?.parse().ok()?;
        let fact = self.fact();
        let (gateway_id, amount, is_settled) = (self.id.clone(), self.money()?, fact == Fact::Settled);
        // Cards alone are charged there.
        let taken = Taken { attempt, gateway_id, amount, is_settled, is_debit: false };
        (self.is_sale() && fact.is_money()).then_some(taken)
    }

    /// A refund bears no name of ours: that it is ours, its id says.
    pub fn listed_refund(&self) -> Option<ListedRefund> {
        Some(ListedRefund {
            refund: None,
            charge_gateway_id: self.parent().map(str::to_owned),
            gateway_id: self.id.clone(),
            amount: self.money()?,
            is_paid: self.refund_fact() == RefundFact::Succeeded,
        })
    }

    fn face(&self) -> Option<MethodFace> {
        let card = self.payment_method.as_ref()?.card.as_ref()?;
        masked_face(card.brand.as_deref(), card.masked_number_last4.as_deref()?)
    }
}

/// Digits alone; a number is taken as well, since one of the SDKs reads either.
fn minor(amount: &Value) -> Option<i64> {
    match amount {
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        Value::Number(number) => number.as_i64().filter(|minor| *minor >= 0),
        _ => None,
    }
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub struct ApiError {
    pub error_code: String,
    pub detailed_error_description: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;
    use serde_json::json;

    fn read(more: Value) -> Transaction {
        let mut transaction = json!({"id": "TRN_1", "type": "SALE", "amount": "120450", "currency": "USD"});
        transaction.as_object_mut().expect("a transaction").extend(more.as_object().expect("members").clone());
        serde_json::from_str(&transaction.to_string()).expect("a transaction")
    }

    #[test]
    fn every_status_says_one_thing() {
        let no = Fact::BankNo { reason: DeclineReason::Declined };
        let failed = RefundFact::Failed { reason: RefundFailure::Declined };
        for (status, fact, refund) in [
            (json!("INITIATED"), Fact::Processing, RefundFact::Pending),
            (json!("PENDING"), Fact::Processing, RefundFact::Pending),
            (json!("FOR_REVIEW"), Fact::Processing, RefundFact::Pending),
            (json!("PREAUTHORIZED"), Fact::Approved, RefundFact::Pending),
            (json!("CAPTURED"), Fact::PendingSettlement, RefundFact::Succeeded),
            (json!("BATCHED"), Fact::PendingSettlement, RefundFact::Succeeded),
            (json!("FUNDED"), Fact::Settled, RefundFact::Succeeded),
            (json!("DECLINED"), no.clone(), failed.clone()),
            (json!("REJECTED"), no.clone(), failed.clone()),
            (json!("FAILED"), no, failed),
            (json!("REVERSED"), Fact::Voided, RefundFact::Canceled),
            (json!("HELD_BY_MARTIANS"), Fact::Processing, RefundFact::Pending),
            (json!(null), Fact::Processing, RefundFact::Pending),
        ] {
            let transaction = read(json!({"status": status}));
            assert_eq!((transaction.fact(), transaction.refund_fact()), (fact, refund), "{status}");
        }
    }

    #[test]
    fn s66_an_amount_is_digits_of_the_smallest_unit_and_anything_else_is_none() {
        let money = Some(Money::new(120_450, Currency::USD));
        for (amount, read_as) in [
            (json!("120450"), money),
            (json!(120_450), money),
            (json!("1204.50"), None),
            (json!("-5"), None),
            (json!(-5), None),
            (json!(""), None),
            (json!(null), None),
        ] {
            assert_eq!(read(json!({"amount": amount})).money(), read_as, "{amount}");
        }
        assert_eq!(read(json!({"currency": "GALLEONS"})).money(), None);
    }

    #[test]
    fn a_card_is_shown_by_its_last_digits_however_it_is_masked() {
        for (masked, face) in [
            ("XXXXXXXXXXXX5262", Some("Visa ··5262")),
            ("5262", Some("Visa ··5262")),
            ("262", None),
            ("XXXX", None),
            ("éé62", None),
        ] {
            let card = json!({"payment_method": {"card": {"brand": "VISA", "masked_number_last4": masked}}});
            assert_eq!(read(card).face().map(|face| face.to_string()).as_deref(), face, "{masked}");
        }
    }
}
