//! What the vendor's words mean in ours: `responseCode` of a reply (`wire/gateways.md`, 3.3), `transactionStatus` of
//! what is read later (3.5). An unknown status is parked as `Processing` and logged, never guessed.

use super::{
    code::{self, Name},
    declines,
    replies::{Details, DetailsReply, Payment, ReturnedItem, Row, TransactionResponse, filled},
};
use crate::gateway::{GatewayError, ReadRefund, method_face, refused};
use chrono::DateTime;
use domain::{
    money::{Currency, Money},
    payment::{DeclineReason, Fact, MethodFace, Observation},
    refund::{RefundFact, RefundFailure, RefundSeen},
};

/// `accountType` of a bank debit.
const BANK_DEBIT: &str = "eCheck";
/// `errorCode` of what was sent before, by the vendor's own measure (3.6).
const DUPLICATE: &str = "11";
/// The code of an approval for less than was asked.
const PARTIAL: &str = "295";

impl TransactionResponse {
    pub fn is_duplicate(&self) -> bool {
        filled(self.response_code.as_ref()) == Some("3") && self.reason() == DUPLICATE
    }

    /// Approved for less than was asked.
    pub fn is_partial(&self) -> bool {
        let mut said = self.messages.iter().filter_map(|message| filled(message.code.as_ref()));
        matches!(filled(self.response_code.as_ref()), Some("1" | "4")) && said.any(|code| code == PARTIAL)
    }

    /// What the reply says of the charge that it answers. An approved bank debit is a debit that was queued, no more.
    pub fn observe(&self) -> Result<Observation, GatewayError> {
        let account_type = filled(self.account_type.as_ref()).unwrap_or_default();
        let fact = match filled(self.response_code.as_ref()) {
            // The sandbox and live accounts have such a mode (3.11).
            Some("1" | "4") if self.id().is_none() => {
                return Err(test_mode());
            }
            Some("1") if account_type != BANK_DEBIT => Fact::PendingSettlement,
            Some("1" | "4") => Fact::Processing,
            Some("2" | "3") => match declines::reason(self.reason()) {
                DeclineReason::SetUp => return Err(refused(self.reason(), self.words())),
                reason => Fact::BankNo { reason },
            },
            other => return Err(GatewayError::Unknown(format!("the response code is {other:?}"))),
        };
        let id = self.id().map(str::to_owned);
        let method = face(account_type, filled(self.account_number.as_ref()));
        // The reply names no amount.
        Ok(Observation { fact, gateway_id: id.clone(), charge_id: id, method, amount: None })
    }

    /// What the reply says of the refund that it answers. An approved one is queued for the next batch.
    pub fn observe_refund(&self) -> Result<RefundSeen, GatewayError> {
        let fact = match filled(self.response_code.as_ref()) {
            Some("1" | "4") if self.id().is_none() => return Err(test_mode()),
            Some("1" | "4") => RefundFact::Pending,
            Some("2") => RefundFact::Failed { reason: RefundFailure::Declined },
            Some("3") => return Err(refused(self.reason(), self.words())),
            other => return Err(GatewayError::Unknown(format!("the response code is {other:?}"))),
        };
        Ok(RefundSeen { fact, gateway_id: self.id().map(str::to_owned), amount: None })
    }

    /// Whether a void was done, now or before (310).
    pub fn is_voided(&self) -> Result<bool, GatewayError> {
        match filled(self.response_code.as_ref()) {
            Some("1") => Ok(true),
            Some("2" | "3") => Ok(false),
            other => Err(GatewayError::Unknown(format!("the response code is {other:?}"))),
        }
    }

    fn reason(&self) -> &str {
        self.errors.first().and_then(|error| filled(error.error_code.as_ref())).unwrap_or_default()
    }

    fn words(&self) -> &str {
        self.errors.first().and_then(|error| filled(error.error_text.as_ref())).unwrap_or_default()
    }
}

impl DetailsReply {
    pub fn observe(&self, currency: Currency) -> Observation {
        let it = &self.transaction;
        let fact = it.fact();
        let settles = filled(it.settle_amount.as_ref()).filter(|_| fact.is_money());
        Observation {
            fact,
            gateway_id: Some(it.trans_id.0.clone()),
            charge_id: Some(it.trans_id.0.clone()),
            method: it.payment.as_ref().and_then(Payment::face),
            amount: settles.and_then(|amount| Money::from_decimal(amount, currency).ok()),
        }
    }

    /// Approved for less than was asked. What settles may be less for other reasons.
    pub fn is_partial(&self, asked: Money) -> bool {
        let approved = filled(self.transaction.auth_amount.as_ref());
        let approved = approved.and_then(|amount| Money::from_decimal(amount, asked.currency).ok());
        self.observe(asked.currency).fact.is_money() && approved.is_some_and(|approved| approved.minor < asked.minor)
    }

    /// As of a refund, which is a transaction of its own.
    pub fn observe_refund(&self, currency: Currency) -> RefundSeen {
        let it = &self.transaction;
        let fact = refund_fact(&it.transaction_status);
        let settles = filled(it.settle_amount.as_ref());
        let settles = settles.filter(|_| matches!(fact, RefundFact::Pending | RefundFact::Succeeded));
        RefundSeen {
            fact,
            gateway_id: Some(it.trans_id.0.clone()),
            amount: settles.and_then(|amount| Money::from_decimal(amount, currency).ok()),
        }
    }
}

impl DetailsReply {
    /// As of a refund that somebody may have made at the vendor: whose it is, its names tell.
    pub fn read_refund(&self, currency: Currency) -> ReadRefund {
        let it = &self.transaction;
        let refund = match self.ref_id().and_then(code::read) {
            Some(Name::Refund(refund)) => Some(refund),
            _ => None,
        };
        let submitted = filled(it.submitted.as_ref()).and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        ReadRefund {
            refund,
            charge_gateway_id: filled(it.ref_trans_id.as_ref()).map(str::to_owned),
            seen: self.observe_refund(currency),
            made_at: submitted.map(|at| at.to_utc()),
        }
    }
}

impl Details {
    /// The last four digits of the card, if it was one.
    pub fn card_last4(&self) -> Option<&str> {
        last4(filled(self.payment.as_ref()?.credit_card.as_ref()?.card_number.as_ref())?)
    }

    fn is_bank_debit(&self) -> bool {
        self.payment.as_ref().is_some_and(|payment| payment.bank_account.is_some())
    }

    /// What came of the charge. A debit that a bank has returned is no money, whichever word still stands beside it (3.7).
    fn fact(&self) -> Fact {
        let (is_bank_debit, no) = (self.is_bank_debit(), self.no());
        if is_bank_debit && self.returned().is_some() {
            return Fact::BankNo { reason: no };
        }
        fact(&self.transaction_status, is_bank_debit, no)
    }

    /// The newest return. Notices of change, Nacha's `C01` and on, take nothing back [recalled].
    fn returned(&self) -> Option<&ReturnedItem> {
        let is_notice = |item: &&ReturnedItem| filled(item.code.as_ref()).is_some_and(|code| code.starts_with('C'));
        self.returned_items.iter().rfind(|item| !is_notice(item))
    }

    /// Why there is no money, if there is none.
    fn no(&self) -> DeclineReason {
        match self.returned() {
            Some(item) => DeclineReason::of_return(filled(item.code.as_ref()).unwrap_or_default()),
            None => declines::reason(filled(self.response_reason_code.as_ref()).unwrap_or_default()),
        }
    }
}

impl Payment {
    /// What may be known of it.
    pub fn face(&self) -> Option<MethodFace> {
        match (&self.credit_card, &self.bank_account) {
            (Some(card), _) => face(filled(card.card_type.as_ref())?, filled(card.card_number.as_ref())),
            (None, Some(account)) => face(BANK_DEBIT, filled(account.account_number.as_ref())),
            (None, None) => None,
        }
    }
}

/// Money that a list shows: the same words, without a reason. What was returned is none, whatever they are (3.7).
pub fn is_money(row: &Row) -> bool {
    let was_returned = matches!(filled(row.has_returned_items.as_ref()), Some("true" | "1"));
    !was_returned && listed_fact(row).is_money()
}

pub fn is_settled(row: &Row) -> bool {
    is_money(row) && listed_fact(row) == Fact::Settled
}

pub fn is_bank_debit(row: &Row) -> bool {
    filled(row.account_type.as_ref()) == Some(BANK_DEBIT)
}

fn listed_fact(row: &Row) -> Fact {
    fact(&row.transaction_status, is_bank_debit(row), DeclineReason::Declined)
}

/// A bank debit is money when it has settled: until then it is under way, whatever the gateway has approved.
fn fact(status: &str, is_bank_debit: bool, no: DeclineReason) -> Fact {
    let promised = |card| if is_bank_debit { Fact::Processing } else { card };
    match status {
        "authorizedPendingCapture" | "authorizedPendingRelease" => promised(Fact::Approved),
        "capturedPendingSettlement"
        | "pendingSettlement"
        | "pendingFinalSettlement"
        | "updatingSettlement"
        | "approvedReview" => promised(Fact::PendingSettlement),
        // A dispute stands beside the payment, which had settled (`disputes.rs`).
        "settledSuccessfully" | "chargeback" | "chargebackReversal" => Fact::Settled,
        "underReview" | "FDSPendingReview" | "FDSAuthorizedPendingReview" => Fact::Processing,
        "declined" | "expired" | "failedReview" | "generalError" | "returnedItem" => Fact::BankNo { reason: no },
        "settlementError" | "communicationError" => {
            tracing::warn!(status, "Authorize.Net could not finish a payment");
            Fact::BankNo { reason: no }
        }
        "voided" => Fact::Voided,
        // `couldNotVoid` and the two of a refund say nothing about the charge itself.
        other => {
            tracing::warn!(status = other, "Authorize.Net reports a status that is not understood");
            Fact::Processing
        }
    }
}

/// What the status of a refund's transaction means for the refund.
pub fn refund_fact(status: &str) -> RefundFact {
    match status {
        "refundPendingSettlement" | "underReview" | "FDSPendingReview" | "FDSAuthorizedPendingReview" => {
            RefundFact::Pending
        }
        "refundSettledSuccessfully" => RefundFact::Succeeded,
        "voided" => RefundFact::Canceled,
        "declined" | "expired" | "failedReview" | "generalError" | "communicationError" | "settlementError"
        | "returnedItem" => RefundFact::Failed { reason: RefundFailure::Declined },
        other => {
            tracing::warn!(status = other, "Authorize.Net reports a status of a refund that is not understood");
            RefundFact::Pending
        }
    }
}

fn test_mode() -> GatewayError {
    refused("test_mode", "the account is in test mode: nothing was done")
}

/// A masked number ends in the four digits that may be known.
fn last4(masked: &str) -> Option<&str> {
    masked.get(masked.len().checked_sub(4)?..)
}

fn face(account_type: &str, masked: Option<&str>) -> Option<MethodFace> {
    let last4 = last4(masked?)?;
    let brand = match account_type {
        "MasterCard" => "mastercard",
        "AmericanExpress" => "amex",
        "DinersClub" => "diners",
        BANK_DEBIT => "ACH",
        other => other,
    };
    Some(method_face(brand, last4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn replied(response: Value) -> Result<Observation, GatewayError> {
        serde_json::from_str::<TransactionResponse>(&response.to_string()).expect("a response").observe()
    }

    fn error(response_code: &str, reason: &str) -> Value {
        json!({"responseCode": response_code, "transId": "0", "errors": [{"errorCode": reason, "errorText": "because"}]})
    }

    #[test]
    fn each_response_code_says_one_thing() {
        let answered = |code: Value, kind: &str| json!({"responseCode": code, "transId": "6", "accountType": kind});
        for (response, fact) in [
            (answered(json!("1"), "Visa"), Fact::PendingSettlement),
            (answered(json!(1), "Visa"), Fact::PendingSettlement),
            (answered(json!("1"), "eCheck"), Fact::Processing),
            (answered(json!("4"), "Visa"), Fact::Processing),
            (answered(json!("2"), "Visa"), Fact::BankNo { reason: DeclineReason::Declined }),
            (error("2", "65"), Fact::BankNo { reason: DeclineReason::WrongSecurityCode }),
            (error("3", "8"), Fact::BankNo { reason: DeclineReason::Expired }),
            (error("3", "19"), Fact::BankNo { reason: DeclineReason::TryAgainLater }),
        ] {
            assert_eq!(replied(response.clone()).expect("an outcome").fact, fact, "{response}");
        }
        let set_up = replied(error("3", "13"));
        assert!(matches!(&set_up, Err(GatewayError::Refused { code, .. }) if code == "13"), "{set_up:?}");
        let test_mode = replied(json!({"responseCode": "1", "transId": "0"}));
        assert!(matches!(&test_mode, Err(GatewayError::Refused { code, .. }) if code == "test_mode"), "{test_mode:?}");
        for odd in [json!({"responseCode": "5", "transId": "6"}), json!({"transId": "6"})] {
            assert!(matches!(replied(odd), Err(GatewayError::Unknown(_))));
        }
    }

    #[test]
    fn a_reply_shows_the_card_by_its_last_four_digits() {
        for (account_type, number, face) in [
            ("Visa", "XXXX1111", Some("Visa ··1111")),
            ("MasterCard", "XXXX0015", Some("Mastercard ··0015")),
            ("AmericanExpress", "XXXX0002", Some("American Express ··0002")),
            ("eCheck", "XXXX6789", Some("ACH ··6789")),
            ("Visa", "", None),
            ("Visa", "11", None),
        ] {
            let response =
                json!({"responseCode": "1", "transId": "6", "accountType": account_type, "accountNumber": number});
            let seen = replied(response).expect("an outcome").method.map(|method| method.to_string());
            assert_eq!(seen.as_deref(), face);
        }
    }

    #[test]
    fn each_of_the_24_statuses_says_one_thing() {
        let no = Fact::BankNo { reason: DeclineReason::Declined };
        for (statuses, card, bank_debit) in [
            ("authorizedPendingCapture authorizedPendingRelease", Fact::Approved, Fact::Processing),
            (
                "capturedPendingSettlement pendingSettlement pendingFinalSettlement updatingSettlement approvedReview",
                Fact::PendingSettlement,
                Fact::Processing,
            ),
            ("settledSuccessfully chargeback chargebackReversal", Fact::Settled, Fact::Settled),
            ("declined expired failedReview generalError returnedItem", no.clone(), no.clone()),
            ("communicationError settlementError", no.clone(), no),
            ("voided", Fact::Voided, Fact::Voided),
            ("underReview FDSPendingReview FDSAuthorizedPendingReview", Fact::Processing, Fact::Processing),
            ("couldNotVoid refundPendingSettlement refundSettledSuccessfully", Fact::Processing, Fact::Processing),
            ("held_by_martians", Fact::Processing, Fact::Processing),
        ] {
            for status in statuses.split(' ') {
                assert_eq!(fact(status, false, DeclineReason::Declined), card, "{status}");
                assert_eq!(fact(status, true, DeclineReason::Declined), bank_debit, "{status}");
            }
        }
    }

    /// The details of a card's charge, but for these members.
    fn seen(more: Value) -> Observation {
        let mut transaction = json!({"transId": "6", "responseReasonCode": 1, "settleAmount": 12.34,
            "payment": {"creditCard": {"cardNumber": "XXXX1111", "cardType": "Visa"}}});
        let Value::Object(more) = more else { panic!("no members: {more}") };
        transaction.as_object_mut().expect("members").extend(more);
        let reply = json!({"transaction": transaction, "transrefId": "R"}).to_string();
        serde_json::from_str::<DetailsReply>(&reply).expect("details").observe(Currency::USD)
    }

    #[test]
    fn s66_details_name_the_amount_that_settles_and_why_there_is_none() {
        let settled = seen(json!({"transactionStatus": "settledSuccessfully"}));
        assert_eq!((settled.fact, settled.amount), (Fact::Settled, Some(Money::new(1234, Currency::USD))));
        let declined = seen(json!({"transactionStatus": "declined", "responseReasonCode": 65}));
        let reason = DeclineReason::WrongSecurityCode;
        assert_eq!((declined.fact, declined.amount), (Fact::BankNo { reason }, None));
        let returned = seen(json!({"transactionStatus": "returnedItem", "returnedItems": [{"code": "R01"}],
            "payment": {"bankAccount": {"accountNumber": "XXXX6789"}}}));
        assert_eq!(returned.fact, Fact::BankNo { reason: DeclineReason::InsufficientFunds });
        assert_eq!(returned.method.expect("an account").to_string(), "ACH ··6789");
    }

    #[test]
    fn d9_a_debit_that_was_returned_is_no_money_whichever_word_stands_beside_it() {
        let returned = |status: &str, items: Value| {
            seen(json!({"transactionStatus": status, "returnedItems": items,
                "payment": {"bankAccount": {"accountNumber": "XXXX6789"}}}))
        };
        for status in ["settledSuccessfully", "returnedItem", "held_by_martians"] {
            let late = returned(status, json!([{"code": "R01"}]));
            let reason = DeclineReason::InsufficientFunds;
            assert_eq!((late.fact, late.amount), (Fact::BankNo { reason }, None), "{status}");
        }
        let settled = "settledSuccessfully";
        assert_eq!(returned(settled, json!([])).fact, Fact::Settled);
        assert_eq!(returned(settled, json!([{"code": "C01"}])).fact, Fact::Settled, "a notice takes nothing back");
        let both = returned(settled, json!([{"code": "R02"}, {"code": "C02"}])).fact;
        assert_eq!(both, Fact::BankNo { reason: DeclineReason::AccountClosed });
        assert_eq!(returned(settled, json!([{}])).fact, Fact::BankNo { reason: DeclineReason::Declined });
    }

    #[test]
    fn d9_a_listed_debit_that_was_returned_is_no_money() {
        for (said, expected) in [
            (json!(true), false),
            (json!("true"), false),
            (json!("1"), false),
            (json!(false), true),
            (json!(""), true),
            (json!(null), true),
        ] {
            let row = json!({"transId": "6", "transactionStatus": "settledSuccessfully", "accountType": "eCheck",
                "hasReturnedItems": said});
            let row: Row = serde_json::from_str(&row.to_string()).expect("a row");
            assert_eq!(is_money(&row), expected, "{said}");
        }
    }
}
