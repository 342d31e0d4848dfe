//! Test cards: what a number (or `pm_card_…` token) is, and what a charge of it will do. Pure.
//! Source: `wire/gateways.md`, 2.11. Numbers themselves are never kept.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::check_digit::luhn;
use crate::facts;
use crate::replies::fingerprint;

/// What a charge of the card comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Behaviour {
    Approve,
    /// Approved, but the answer to the charging request never comes.
    ApproveUnanswered,
    /// Needs 3-D Secure each time.
    Authenticate,
    /// Needs 3-D Secure until it was set up with one.
    AuthenticateUntilSetUp,
    /// Can be saved, and fails whenever it is charged.
    DeclineOnCharge,
    /// Approved, then disputed as fraudulent.
    Dispute,
    /// Refunds succeed, then fail.
    RefundFails,
    /// Refunds are pending first.
    RefundPends,
    Decline(Decline),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decline {
    Generic,
    InsufficientFunds,
    Lost,
    Stolen,
    Expired,
    IncorrectCvc,
    Processing,
    Blocked,
    LiveCard,
}

/// The words of one decline, as they stand in `error` and `last_payment_error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeclineWords {
    pub code: String,
    pub decline_code: Option<String>,
    pub message: String,
    pub advice_code: &'static str,
}

impl Decline {
    pub fn words(self) -> DeclineWords {
        let (code, decline_code, message, advice_code) = match self {
            Self::Generic => ("card_declined", Some("generic_decline"), "Your card was declined.", "try_again_later"),
            Self::InsufficientFunds => {
                ("card_declined", Some("insufficient_funds"), "Your card has insufficient funds.", "try_again_later")
            }
            Self::Lost => ("card_declined", Some("lost_card"), "Your card was declined.", "do_not_try_again"),
            Self::Stolen => ("card_declined", Some("stolen_card"), "Your card was declined.", "do_not_try_again"),
            Self::Expired => ("expired_card", None, "Your card has expired.", "confirm_card_data"),
            Self::IncorrectCvc => {
                ("incorrect_cvc", None, "Your card's security code is incorrect.", "confirm_card_data")
            }
            Self::Processing => (
                "processing_error",
                None,
                "An error occurred while processing your card. Try again in a little bit.",
                "try_again_later",
            ),
            Self::Blocked => ("card_declined", Some("fraudulent"), "Your card was declined.", "do_not_try_again"),
            Self::LiveCard => (
                "card_declined",
                Some("test_mode_live_card"),
                "Your card was declined. Your request was in test mode, but used a non test card.",
                "do_not_try_again",
            ),
        };
        DeclineWords {
            code: code.to_owned(),
            decline_code: decline_code.map(str::to_owned),
            message: message.to_owned(),
            advice_code,
        }
    }
}

/// The words for `decline:CODE`: a known code keeps its own, any other becomes the decline code.
pub(crate) fn armed(code: &str) -> DeclineWords {
    let known = match code {
        "insufficient_funds" => Decline::InsufficientFunds,
        "lost_card" => Decline::Lost,
        "stolen_card" => Decline::Stolen,
        "expired_card" => Decline::Expired,
        "incorrect_cvc" => Decline::IncorrectCvc,
        "processing_error" => Decline::Processing,
        "fraudulent" => Decline::Blocked,
        _ => return DeclineWords { decline_code: Some(code.to_owned()), ..Decline::Generic.words() },
    };
    known.words()
}

/// A card as the payment method shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Card {
    pub brand: String,
    pub last4: String,
    pub exp_month: u32,
    pub exp_year: i32,
    pub funding: String,
    pub country: String,
    /// The same for the same number, whatever the expiry.
    pub fingerprint: String,
    pub behaviour: Behaviour,
}

/// What a payer typed.
#[derive(Debug)]
pub(crate) struct CardDetails<'a> {
    pub number: &'a str,
    pub exp_month: &'a str,
    pub exp_year: &'a str,
    pub cvc: Option<&'a str>,
}

/// Shortest and longest card numbers (ISO/IEC 7812).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

impl Card {
    /// Its date is over in this year and month.
    pub fn is_over(&self, (year, month): (i32, u32)) -> bool {
        (self.exp_year, self.exp_month) < (year, month)
    }

    /// Reads what was typed, with Stripe's refusals; (`year`, `month`) is the present.
    pub fn read(details: &CardDetails<'_>, (year, month): (i32, u32)) -> Result<Self, Refusal> {
        let number: String = details.number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if !NUMBER_DIGITS.contains(&number.len()) || !luhn(&number) {
            return Err(Refusal::card("incorrect_number", "Your card number is incorrect.").about("number"));
        }
        let exp_month = details.exp_month.trim().parse().ok().filter(|month| (1..=12).contains(month));
        let Some(exp_month) = exp_month else {
            let message = "Your card's expiration month is invalid.";
            return Err(Refusal::card("invalid_expiry_month", message).about("exp_month"));
        };
        let exp_year =
            details.exp_year.trim().parse().ok().map(|year: i32| if year < 100 { 2000 + year } else { year });
        let Some(exp_year) = exp_year.filter(|exp_year| (*exp_year, exp_month) >= (year, month)) else {
            let message = "Your card's expiration year is invalid.";
            return Err(Refusal::card("invalid_expiry_year", message).about("exp_year"));
        };
        if let Some(cvc) = details.cvc.map(str::trim)
            && (!(3..=4).contains(&cvc.len()) || !cvc.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(Refusal::card("invalid_cvc", "Your card's security code is invalid.").about("cvc"));
        }
        Ok(Self::of_number(&number, exp_month, exp_year))
    }

    /// A ready-made `pm_card_…` token; the test methods of Stripe's documentation.
    pub fn of_token(token: &str, exp_year: i32) -> Option<Self> {
        let number = match token.strip_prefix("pm_card_")? {
            "visa" => facts::cards::APPROVED,
            "visa_debit" => "4000056655665556",
            "mastercard" => "5555555555554444",
            "mastercard_debit" => "5200828282828210",
            "mastercard_prepaid" => "5105105105105100",
            "amex" => "378282246310005",
            "discover" => "6011111111111117",
            "chargeDeclined" | "visa_chargeDeclined" => facts::cards::DECLINED,
            "chargeDeclinedInsufficientFunds" | "visa_chargeDeclinedInsufficientFunds" => {
                facts::cards::INSUFFICIENT_FUNDS
            }
            "chargeDeclinedLostCard" | "visa_chargeDeclinedLostCard" => "4000000000009987",
            "chargeDeclinedStolenCard" | "visa_chargeDeclinedStolenCard" => "4000000000009979",
            "chargeDeclinedExpiredCard" => "4000000000000069",
            "chargeDeclinedIncorrectCvc" => "4000000000000127",
            "chargeDeclinedProcessingError" => "4000000000000119",
            "chargeCustomerFail" => "4000000000000341",
            "au" => "4000000360000006",
            "nz" => "4000005540000008",
            "createDispute" => "4000000000000259",
            "refundFail" => "4000000000005126",
            "pendingRefund" => "4000000000007726",
            "authenticationRequiredOnSetup" => "4000002500003155",
            "authenticationRequired" | "threeDSecure2Required" | "threeDSecureRequired" => facts::cards::NEEDS_3DS,
            "radarBlock" => "4100000000000019",
            "timeoutAfterExecute" => facts::cards::TIMEOUT_AFTER_EXECUTE,
            _ => return None,
        };
        Some(Self::of_number(number, 12, exp_year))
    }

    fn of_number(number: &str, exp_month: u32, exp_year: i32) -> Self {
        let brand = match number.as_bytes() {
            [b'4', ..] => "visa",
            [b'5', b'1'..=b'5', ..] | [b'2', b'2'..=b'7', ..] => "mastercard",
            [b'3', b'4' | b'7', ..] => "amex",
            [b'6', ..] => "discover",
            _ => "unknown",
        };
        let funding = match number {
            "4000056655665556" | "5200828282828210" => "debit",
            "5105105105105100" => "prepaid",
            _ => "credit",
        };
        let country = match number {
            "4000000360000006" => "AU",
            "4000005540000008" => "NZ",
            _ => "US",
        };
        Self {
            brand: brand.to_owned(),
            last4: number[number.len() - 4..].to_owned(),
            exp_month,
            exp_year,
            funding: funding.to_owned(),
            country: country.to_owned(),
            fingerprint: short_digest(&["card", number]),
            behaviour: behaviour(number),
        }
    }
}

fn behaviour(number: &str) -> Behaviour {
    match number {
        facts::cards::APPROVED
        | "4000056655665556"
        | "5555555555554444"
        | "2223003122003222"
        | "5200828282828210"
        | "5105105105105100"
        | "378282246310005"
        | "371449635398431"
        | "6011111111111117"
        | "4000000360000006"
        | "4000005540000008" => Behaviour::Approve,
        facts::cards::TIMEOUT_AFTER_EXECUTE => Behaviour::ApproveUnanswered,
        facts::cards::NEEDS_3DS => Behaviour::Authenticate,
        "4000002500003155" => Behaviour::AuthenticateUntilSetUp,
        "4000000000000341" => Behaviour::DeclineOnCharge,
        "4000000000000259" => Behaviour::Dispute,
        "4000000000005126" => Behaviour::RefundFails,
        "4000000000007726" => Behaviour::RefundPends,
        facts::cards::DECLINED => Behaviour::Decline(Decline::Generic),
        facts::cards::INSUFFICIENT_FUNDS => Behaviour::Decline(Decline::InsufficientFunds),
        "4000000000009987" => Behaviour::Decline(Decline::Lost),
        "4000000000009979" => Behaviour::Decline(Decline::Stolen),
        "4000000000000069" => Behaviour::Decline(Decline::Expired),
        "4000000000000127" => Behaviour::Decline(Decline::IncorrectCvc),
        "4000000000000119" => Behaviour::Decline(Decline::Processing),
        "4100000000000019" => Behaviour::Decline(Decline::Blocked),
        _ => Behaviour::Decline(Decline::LiveCard),
    }
}

/// What stands for a number that is not kept: the same for the same number.
pub(crate) fn short_digest(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    fingerprint(&parts)[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: (i32, u32) = (2026, 11);

    fn read(number: &str, month: &str, year: &str, cvc: &str) -> Result<Card, Refusal> {
        Card::read(&CardDetails { number, exp_month: month, exp_year: year, cvc: Some(cvc) }, NOW)
    }

    #[test]
    fn every_card_of_the_demo_passes_the_check_digit() {
        for number in [
            facts::cards::APPROVED,
            facts::cards::DECLINED,
            facts::cards::NEEDS_3DS,
            facts::cards::TIMEOUT_AFTER_EXECUTE,
            facts::cards::INSUFFICIENT_FUNDS,
        ] {
            assert!(read(number, "12", "34", "123").is_ok(), "{number}");
        }
    }

    #[test]
    fn typed_nonsense_is_refused_by_field() {
        let param = |card: Result<Card, Refusal>| card.unwrap_err().param.unwrap();
        assert_eq!(param(read("4242 4242 4242 4241", "12", "34", "123")), "number");
        assert_eq!(param(read("4242 4242 4242 4242", "13", "34", "123")), "exp_month");
        assert_eq!(param(read("4242 4242 4242 4242", "10", "26", "123")), "exp_year");
        assert_eq!(param(read("4242 4242 4242 4242", "12", "2034", "12")), "cvc");
    }

    #[test]
    fn a_card_that_is_no_test_card_is_declined_not_charged() {
        let card = read("4111111111111111", "12", "34", "123").unwrap();
        assert_eq!(card.behaviour, Behaviour::Decline(Decline::LiveCard));
    }
}
