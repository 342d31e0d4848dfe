//! What is sent to Payrix, in its capitals, and what is read of its answers, in small letters (`wire/gateways.md`, 4).

use super::GatewayError;
use crate::gateway::{ChargeRequest, RefundRequest, masked_face, refused};
use domain::{
    ids::AttemptId,
    money::{Currency, Money},
    payment::{DeclineReason, Fact, MethodFace, Observation},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Of a page, as far as they are known.
const PAGE_STATUSES: [&str; 8] = [
    "WAITING",
    "VALIDATED",
    "EXPIRED",
    "CANCELLED",
    "ERROR",
    "FRAUD_CHECK_ERROR",
    "PROCESSED_SUCCESSFUL",
    "PROCESSED_REJECTED",
];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Login<'a> {
    pub username: &'a str,
    pub password: &'a str,
}

#[derive(Deserialize)]
pub struct LoginReply {
    pub access_token: SecretString,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewPage<'a> {
    return_url: &'a str,
    template: &'static str,
    transaction: NewTransaction<'a>,
    payer: NewPayer<'a>,
}

/// The attempt's id is its reference, which is unique there.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewTransaction<'a> {
    process_type: &'static str,
    reference: String,
    description: &'a str,
    /// A plain decimal, never a float.
    amount: Box<RawValue>,
    currency_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewPayer<'a> {
    save_payer: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

impl<'a> NewPage<'a> {
    pub fn of(request: &'a ChargeRequest) -> Result<Self, GatewayError> {
        let amount = plain(request.amount)?;
        Ok(Self {
            return_url: &request.return_url,
            template: "Basic",
            transaction: NewTransaction {
                process_type: "COMPLETE",
                reference: request.attempt.to_string(),
                description: &request.description,
                amount,
                currency_code: request.amount.currency.code(),
            },
            payer: NewPayer { save_payer: false, email: request.receipt_email.as_deref() },
        })
    }
}

/// The refund's id is its reference, which is unique there.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewRefund<'a> {
    reference: String,
    description: &'a str,
    amount: Box<RawValue>,
}

impl<'a> NewRefund<'a> {
    pub fn of(request: &'a RefundRequest) -> Result<Self, GatewayError> {
        let (reference, amount) = (request.refund.to_string(), plain(request.amount)?);
        Ok(Self { reference, description: &request.charge.description, amount })
    }
}

/// A decimal, never a float.
fn plain(amount: Money) -> Result<Box<RawValue>, GatewayError> {
    RawValue::from_string(amount.to_decimal()).map_err(|_| refused("unreadable_amount", "the amount is no number"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenedPage {
    pub token: String,
    pub redirect_to_url: String,
}

/// A token as it stands: its page, and what was paid there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    token: String,
    status: String,
    redirect_to_url: Option<String>,
    transaction: Option<Transaction>,
}

/// What was paid, or rejected.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    transaction_id: String,
    reference: Option<String>,
    amount: Option<Box<RawValue>>,
    amount_refunded: Option<Box<RawValue>>,
    currency: Option<String>,
    status_code: Option<String>,
    sub_status_code: Option<String>,
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    card_number: Option<String>,
    card_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    pub error_code: String,
    pub error_message: Option<String>,
}

impl Page {
    /// What it has come to, when that is decided, of this attempt.
    pub fn observe(&self, attempt: AttemptId) -> Result<Option<Observation>, GatewayError> {
        self.transaction.as_ref().map_or(Ok(()), |transaction| transaction.is_of(attempt))?;
        Ok(self.observe_whoevers())
    }

    /// One card that was rejected decides nothing while the page is open.
    pub fn observe_whoevers(&self) -> Option<Observation> {
        match (self.status.as_str(), &self.transaction) {
            ("FRAUD_CHECK_DECLINE", None) => Some(self.says(Fact::BankNo { reason: DeclineReason::Blocked })),
            (status, Some(transaction)) => {
                let shown = self.shows(transaction);
                let is_open = matches!(status, "WAITING" | "VALIDATED") && matches!(shown.fact, Fact::BankNo { .. });
                (!is_open).then_some(shown)
            }
            (status, None) => {
                if !PAGE_STATUSES.contains(&status) {
                    // Not by which token: whoever has that is let in.
                    tracing::warn!(status, "Payrix reports a page's status that is not understood; open for a day");
                }
                None
            }
        }
    }

    /// What it has come to when nobody can pay on it any more, whatever its status says. One that was processed and shows
    /// no transaction may have taken money: a person looks at that.
    pub fn observe_at_last(&self) -> Option<Observation> {
        let status = self.status.as_str();
        match &self.transaction {
            Some(transaction) => Some(self.shows(transaction)),
            None if status.starts_with("PROCESSED") => None,
            None => {
                if !PAGE_STATUSES.contains(&status) {
                    tracing::warn!(status, "a page of Payrix shows no payment after a day; it counts as over");
                }
                Some(self.says(Fact::Voided))
            }
        }
    }

    fn shows(&self, transaction: &Transaction) -> Observation {
        Observation { gateway_id: Some(self.token.clone()), ..transaction.shown() }
    }

    /// Of the page alone. Its token goes on naming the payment, because nothing else is documented to.
    pub fn says(&self, fact: Fact) -> Observation {
        Observation { gateway_id: Some(self.token.clone()), ..Observation::bare(fact) }
    }

    pub fn waits(&self) -> Result<Observation, GatewayError> {
        let url = self.redirect_to_url.clone();
        let url = url.ok_or_else(|| GatewayError::Unknown("the page has no address any more".into()))?;
        Ok(self.says(Fact::ActionNeeded { url, fields: Vec::new() }))
    }

    /// What was paid, or rejected, on it.
    pub fn into_transaction(self) -> Option<Transaction> {
        self.transaction
    }

    /// The vendor opens it no more, and knows of no payment on it. Errors of its own say nothing about that: such a page is
    /// over by its age alone ([`Page::observe_at_last`]).
    pub fn is_over(&self) -> bool {
        let is_over = matches!(self.status.as_str(), "EXPIRED" | "CANCELLED" | "PROCESSED_REJECTED");
        is_over && self.transaction.is_none()
    }
}

impl Transaction {
    /// What it has come to, when it is of this attempt.
    pub fn observe(&self, attempt: AttemptId) -> Result<Observation, GatewayError> {
        self.is_of(attempt)?;
        Ok(self.shown())
    }

    /// Its id at the vendor, and what of it was paid back, where both can be read and it is money of this attempt.
    pub fn paid_back(&self, attempt: AttemptId) -> Result<(&str, Option<Money>), GatewayError> {
        self.is_of(attempt)?;
        let id = self.transaction_id.as_str();
        let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_plain || !self.fact().is_money() {
            return Err(GatewayError::Unknown(
                "what was paid is no money, or has no id that can be asked about".into(),
            ));
        }
        Ok((id, self.in_currency(self.amount_refunded.as_deref())))
    }

    fn is_of(&self, attempt: AttemptId) -> Result<(), GatewayError> {
        if self.reference.as_deref() == Some(attempt.to_string().as_str()) {
            return Ok(());
        }
        Err(GatewayError::Unknown("what was paid has another reference".into()))
    }

    fn shown(&self) -> Observation {
        Observation {
            charge_id: Some(self.transaction_id.clone()),
            method: self.face(),
            amount: self.money(),
            ..Observation::bare(self.fact())
        }
    }

    fn fact(&self) -> Fact {
        match self.status_code.as_deref() {
            Some("S") => Fact::Approved,
            Some("C") => Fact::PendingSettlement,
            Some("N" | "P" | "V") => Fact::Processing,
            Some("F" | "R") => Fact::BankNo { reason: self.reason() },
            status => {
                tracing::warn!(
                    gateway.id = self.transaction_id,
                    ?status,
                    "Payrix reports a status that is not understood; treated as processing"
                );
                Fact::Processing
            }
        }
    }

    /// The vendor's own numbers, which are not Nacha's (4.3).
    fn reason(&self) -> DeclineReason {
        match self.sub_status_code.as_deref() {
            Some("R1" | "R15") => DeclineReason::InsufficientFunds,
            Some("R4") => DeclineReason::Expired,
            Some("R7") => DeclineReason::NotAuthorised,
            Some("R8" | "R14" | "R18") => DeclineReason::Blocked,
            Some("R10") => DeclineReason::AccountClosed,
            Some("R12" | "R13") => DeclineReason::TakenBack,
            Some("R20" | "R21" | "R22" | "R23") => DeclineReason::AuthenticationFailed,
            // "Not processed, try later", which is another attempt of ours.
            None if self.status_code.as_deref() == Some("R") => DeclineReason::TryAgainLater,
            _ => DeclineReason::Declined,
        }
    }

    fn money(&self) -> Option<Money> {
        self.in_currency(self.amount.as_deref())
    }

    fn in_currency(&self, amount: Option<&RawValue>) -> Option<Money> {
        let currency: Currency = self.currency.as_deref()?.parse().ok()?;
        Money::from_decimal(amount?.get(), currency).ok()
    }

    fn face(&self) -> Option<MethodFace> {
        let card = self.card.as_ref()?;
        masked_face(card.card_type.as_deref(), card.card_number.as_deref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// As the vendor's sandbox has answered, shortened.
    const PAID: &str = r#"{"token":"t-1","type":"HPP","status":"PROCESSED_SUCCESSFUL","redirectToUrl":"https://hosted.test/t-1","transaction":{"transactionId":"2272290","reference":"att_00000000000000000000000000000001","amount":61.87,"currency":"AUD","statusCode":"S","subStatusCode":null,"card":{"cardNumber":"411111xxxxxx1111","cardType":"Visa"}},"payer":null}"#;

    fn page(status: &str, transaction: Value) -> Page {
        let page = json!({"token": "t-1", "status": status, "redirectToUrl": "https://hosted.test/t-1",
            "transaction": transaction});
        serde_json::from_str(&page.to_string()).expect("a page")
    }

    fn of(status_code: &str, sub: Option<&str>) -> Value {
        json!({"transactionId": "1", "reference": "r", "statusCode": status_code, "subStatusCode": sub})
    }

    #[test]
    fn s66_the_vendors_own_answer_is_read_to_the_cent() {
        let paid: Page = serde_json::from_str(PAID).expect("a page");
        let attempt = "att_00000000000000000000000000000001".parse().expect("an id");
        let seen = paid.observe(attempt).expect("it is ours").expect("it is decided");
        assert_eq!((seen.fact, seen.amount), (Fact::Approved, Some(Money::new(6_187, Currency::AUD))));
        assert_eq!((seen.gateway_id.as_deref(), seen.charge_id.as_deref()), (Some("t-1"), Some("2272290")));
        assert_eq!(seen.method.expect("a card").to_string(), "Visa ··1111");
        let another = "att_00000000000000000000000000000002".parse().expect("an id");
        assert!(matches!(paid.observe(another), Err(GatewayError::Unknown(_))));
    }

    #[test]
    fn every_status_says_one_thing() {
        let no = |reason| Some(Fact::BankNo { reason });
        for (status, transaction, fact, is_over) in [
            ("WAITING", json!(null), None, false),
            ("VALIDATED", json!(null), None, false),
            ("EXPIRED", json!(null), None, true),
            ("CANCELLED", json!(null), None, true),
            ("ERROR", json!(null), None, false),
            ("FRAUD_CHECK_ERROR", json!(null), None, false),
            ("FRAUD_CHECK_DECLINE", json!(null), no(DeclineReason::Blocked), false),
            ("PROCESSED_SUCCESSFUL", of("S", None), Some(Fact::Approved), false),
            ("PROCESSED_SUCCESSFUL", of("C", None), Some(Fact::PendingSettlement), false),
            ("PROCESSED_SUCCESSFUL", of("N", None), Some(Fact::Processing), false),
            ("PROCESSED_SUCCESSFUL", of("?", None), Some(Fact::Processing), false),
            ("PROCESSED_REJECTED", of("R", Some("R3")), no(DeclineReason::Declined), false),
            ("PROCESSED_REJECTED", of("R", Some("R1")), no(DeclineReason::InsufficientFunds), false),
            ("PROCESSED_REJECTED", of("R", Some("R13")), no(DeclineReason::TakenBack), false),
            ("PROCESSED_REJECTED", of("R", None), no(DeclineReason::TryAgainLater), false),
            ("PROCESSED_REJECTED", of("F", None), no(DeclineReason::Declined), false),
            ("VALIDATED", of("R", Some("R1")), None, false),
            ("EXPIRED", of("R", Some("R1")), no(DeclineReason::InsufficientFunds), false),
        ] {
            let page = page(status, transaction.clone());
            let seen = page.observe_whoevers().map(|seen| seen.fact);
            assert_eq!((seen, page.is_over()), (fact, is_over), "{status} {transaction}");
        }
    }
}
