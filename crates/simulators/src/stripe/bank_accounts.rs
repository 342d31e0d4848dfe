//! Test bank accounts: what a number (or `pm_usBankAccount_…` token) is, and how a debit of it ends. Pure.
//! Source: `wire/gateways.md`, 2.4 and 2.5; the BECS accounts beyond that table are recalled from Stripe's testing page.
//! Account numbers themselves are never kept.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::calendar::{DAY_SECONDS, Delay};
use super::cards::short_digest;
use super::form::Params;
use super::refusal::Refusal;
use crate::facts::bank_accounts as us;

/// A debit clears after four business days, Stripe's usual time, and fails within the two of a return (2.4, 8.3).
const ACH_CLEARS: Delay = Delay::BusinessDays(4);
const ACH_FAILS: Delay = Delay::BusinessDays(2);
/// A late return comes so long after the success.
const ACH_RETURNED_AFTER_SECONDS: i64 = 5 * DAY_SECONDS;
const BECS_CLEARS: Delay = Delay::BusinessDays(2);
/// Some BECS test accounts end "after about three minutes", the others at once.
const BECS_SLOW: Delay = Delay::Seconds(180);
const BECS_AT_ONCE: Delay = Delay::Seconds(0);
const BSB: &str = "000000";
const DEPOSITS_FAIL: &str = "000666666661";

/// The two kinds of bank debit, by Stripe's name of the payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    UsBankAccount,
    AuBecsDebit,
}

impl Scheme {
    pub fn named(name: &str) -> Option<Self> {
        [Self::UsBankAccount, Self::AuBecsDebit].into_iter().find(|scheme| scheme.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::UsBankAccount => "us_bank_account",
            Self::AuBecsDebit => "au_becs_debit",
        }
    }

    /// The one currency that the scheme moves.
    pub fn currency(self) -> &'static str {
        match self {
            Self::UsBankAccount => "usd",
            Self::AuBecsDebit => "aud",
        }
    }
}

/// How a debit ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    Clears,
    Fails {
        code: String,
    },
    /// Succeeds, and is taken back later.
    Returned {
        after_seconds: i64,
    },
    Never,
}

/// Why the bank takes no further debit from the account (`us_bank_account.status_details.blocked`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Blocked {
    pub network_code: String,
    pub reason: String,
}

impl Blocked {
    /// What a failure says about the account itself; `None` when another try may succeed.
    pub fn by(failure: &str) -> Option<Self> {
        let (network_code, reason) = match failure {
            "account_closed" => ("R02", "bank_account_closed"),
            "no_account" => ("R03", "bank_account_invalid_details"),
            "debit_not_authorized" => ("R10", "debit_not_authorized"),
            _ => return None,
        };
        Some(Self { network_code: network_code.to_owned(), reason: reason.to_owned() })
    }
}

/// How the account is known to be the payer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verified {
    No,
    /// By signing in at the bank, as a ready-made token stands for; or the scheme knows no verification.
    Instantly,
    ByDeposits,
}

/// A bank account as the payment method shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BankAccount {
    pub scheme: Scheme,
    /// Routing number or BSB.
    pub routing: String,
    pub last4: String,
    pub fingerprint: String,
    pub holder_type: String,
    pub account_type: String,
    pub ending: Ending,
    pub delay: Delay,
    pub verified: Verified,
    pub deposits_fail: bool,
    pub blocked: Option<Blocked>,
}

impl BankAccount {
    /// Reads `us_bank_account[…]` or `au_becs_debit[…]`, with Stripe's refusals.
    pub fn read(scheme: Scheme, params: &Params) -> Result<Self, Refusal> {
        match scheme {
            Scheme::UsBankAccount => Self::read_us(params),
            Scheme::AuBecsDebit => Self::read_au(params),
        }
    }

    fn read_us(params: &Params) -> Result<Self, Refusal> {
        params.allow(&["routing_number", "account_number", "account_holder_type", "account_type"])?;
        let name = |field: &str| format!("us_bank_account[{field}]");
        let routing = digits(params.required("routing_number")?);
        let number = digits(params.required("account_number")?);
        if routing != us::ROUTING {
            let message = "Invalid routing number: in test mode, use 110000000.";
            return Err(Refusal::invalid(Some("routing_number_invalid"), message).about(&name("routing_number")));
        }
        let Some(ending) = us_account(&number) else {
            let message = "You must use a test bank account number in test mode. Try 000123456789.";
            return Err(Refusal::invalid(Some("account_number_invalid"), message).about(&name("account_number")));
        };
        let holder_type = params.choice("account_holder_type", &["company", "individual"])?;
        let account_type = params.choice("account_type", &["checking", "savings"])?;
        Ok(Self {
            holder_type: holder_type.unwrap_or("individual").to_owned(),
            account_type: account_type.unwrap_or("checking").to_owned(),
            ..Self::us(&number, ending)
        })
    }

    fn us(number: &str, ending: Ending) -> Self {
        let delay = if matches!(ending, Ending::Fails { .. }) { ACH_FAILS } else { ACH_CLEARS };
        Self {
            scheme: Scheme::UsBankAccount,
            routing: us::ROUTING.to_owned(),
            last4: number[number.len() - 4..].to_owned(),
            fingerprint: short_digest(&["us", us::ROUTING, number]),
            holder_type: "individual".to_owned(),
            account_type: "checking".to_owned(),
            ending,
            delay,
            verified: Verified::No,
            deposits_fail: number == DEPOSITS_FAIL,
            blocked: None,
        }
    }

    fn read_au(params: &Params) -> Result<Self, Refusal> {
        params.allow(&["bsb_number", "account_number"])?;
        let bsb = digits(params.required("bsb_number")?);
        let number = digits(params.required("account_number")?);
        if bsb != BSB {
            let message = "The BSB you provided is invalid: in test mode, use 000000.";
            return Err(Refusal::invalid(Some("invalid_bsb_number"), message).about("au_becs_debit[bsb_number]"));
        }
        if !(5..=9).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = "The bank account number you provided must have 5 to 9 digits.";
            return Err(
                Refusal::invalid(Some("account_number_invalid"), message).about("au_becs_debit[account_number]")
            );
        }
        let (ending, delay) = au_account(&number);
        Ok(Self {
            scheme: Scheme::AuBecsDebit,
            last4: number[number.len() - 4..].to_owned(),
            fingerprint: short_digest(&["au", &bsb, &number]),
            routing: bsb,
            holder_type: "individual".to_owned(),
            account_type: "checking".to_owned(),
            ending,
            delay,
            // BECS knows no verification of accounts.
            verified: Verified::Instantly,
            deposits_fail: false,
            blocked: None,
        })
    }

    /// A ready-made `pm_usBankAccount_…` token; such an account counts as verified.
    pub fn of_token(token: &str) -> Option<Self> {
        let name = token.strip_prefix("pm_usBankAccount_")?;
        let (number, ..) = US_ACCOUNTS.into_iter().find(|(_, known, _)| *known == name)?;
        let ending = us_account(number)?;
        // Its micro-deposits fail: so it is the one token whose account is not verified yet.
        let verified = if number == DEPOSITS_FAIL { Verified::No } else { Verified::Instantly };
        Some(Self { verified, ..Self::us(number, ending) })
    }

    /// Whether the payer must name the micro-deposits first; `wanted` is the call's `verification_method`.
    pub fn needs_deposits(&self, wanted: Option<&str>) -> bool {
        match self.verified {
            Verified::No => true,
            Verified::Instantly => self.scheme == Scheme::UsBankAccount && wanted == Some("microdeposits"),
            Verified::ByDeposits => false,
        }
    }

    pub fn bank_name(&self) -> &'static str {
        match self.scheme {
            Scheme::UsBankAccount => "STRIPE TEST BANK",
            Scheme::AuBecsDebit => "Stripe Test Bank",
        }
    }

    /// The member of a PaymentMethod that has the scheme's name.
    pub fn view(&self) -> Value {
        match self.scheme {
            Scheme::UsBankAccount => json!({
                "account_holder_type": self.holder_type, "account_type": self.account_type,
                "bank_name": self.bank_name(), "financial_connections_account": null,
                "fingerprint": self.fingerprint, "last4": self.last4, "routing_number": self.routing,
                "networks": { "preferred": "ach", "supported": ["ach"] },
                "status_details": self.blocked.as_ref().map(|blocked| json!({
                    "blocked": { "network_code": blocked.network_code, "reason": blocked.reason } })),
            }),
            Scheme::AuBecsDebit => json!({
                "bsb_number": self.routing, "fingerprint": self.fingerprint, "last4": self.last4,
            }),
        }
    }
}

/// Number, name in the token, how a debit of it ends (2.4).
const US_ACCOUNTS: [(&str, &str, &str); 9] = [
    (us::CLEARS, "success", "clears"),
    ("000111111113", "accountClosed", "account_closed"),
    ("000111111116", "noAccount", "no_account"),
    (us::FAILS, "insufficientFunds", "insufficient_funds"),
    ("000333333335", "debitNotAuthorized", "debit_not_authorized"),
    ("000444444440", "invalidCurrency", "invalid_currency"),
    (DEPOSITS_FAIL, "failMicrodeposits", "clears"),
    (us::LATE_RETURN, "dispute", "returned"),
    ("000000000009", "processing", "never"),
];

fn us_account(number: &str) -> Option<Ending> {
    let (.., ending) = US_ACCOUNTS.into_iter().find(|(known, ..)| *known == number)?;
    Some(match ending {
        "clears" => Ending::Clears,
        "returned" => Ending::Returned { after_seconds: ACH_RETURNED_AFTER_SECONDS },
        "never" => Ending::Never,
        code => Ending::Fails { code: code.to_owned() },
    })
}

fn au_account(number: &str) -> (Ending, Delay) {
    let fails = |code: &str| (Ending::Fails { code: code.to_owned() }, BECS_AT_ONCE);
    match number {
        "000123456" => (Ending::Clears, BECS_AT_ONCE),
        "900123456" => (Ending::Clears, BECS_SLOW),
        "111111113" => fails("account_closed"),
        "111111116" => fails("no_account"),
        "222222227" => fails("insufficient_funds"),
        "333333335" => fails("debit_not_authorized"),
        "666666660" => (Ending::Returned { after_seconds: 0 }, BECS_AT_ONCE),
        _ => (Ending::Clears, BECS_CLEARS),
    }
}

/// The words of a failed debit.
pub(crate) fn failure_message(code: &str) -> &'static str {
    match code {
        "account_closed" => "The customer's bank account has been closed.",
        "no_account" => "The customer's bank account could not be located.",
        "insufficient_funds" => "The customer's account has insufficient funds to cover this payment.",
        "debit_not_authorized" => "The customer has notified their bank that this payment was unauthorized.",
        "invalid_currency" => "The bank account does not take payments in this currency.",
        _ => "The bank declined the debit.",
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_an_account_of_the_table() {
        for (number, token, _) in US_ACCOUNTS {
            let account = BankAccount::of_token(&format!("pm_usBankAccount_{token}")).unwrap();
            assert!(number.ends_with(&account.last4), "{token}");
        }
        assert!(BankAccount::of_token("pm_usBankAccount_none").is_none());
    }

    #[test]
    fn only_test_accounts_are_taken_and_the_wrong_field_is_named() {
        let read = |text: &str| BankAccount::read(Scheme::UsBankAccount, &Params::decode(text.as_bytes()));
        let param = |text: &str| read(text).unwrap_err().param.unwrap();
        assert_eq!(
            param("routing_number=1&account_number=000123456789&account_holder_type=company"),
            "us_bank_account[routing_number]"
        );
        assert_eq!(param("routing_number=110000000&account_number=12345"), "us_bank_account[account_number]");
        let account = read("routing_number=110000000&account_number=0001-2345-6789&account_holder_type=company");
        assert_eq!(account.unwrap().holder_type, "company");
    }
}
