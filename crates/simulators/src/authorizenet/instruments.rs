//! What pays: a card or a bank account, what it shows of itself and what a charge of it comes to. Pure; numbers are
//! never kept, only their last digits and a fingerprint. Source: `wire/gateways.md`, 3.11.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::reasons::Reason;
use super::reply::{Members, Out, put, text};
use super::tree::Node;
use crate::check_digit::luhn;
use crate::facts;

/// What a charge of the instrument comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Behaviour {
    Approve,
    /// Approved, but the answer to the charging request never comes.
    ApproveUnanswered,
    Decline,
    /// An account of no special number: the sandbox's rule of amounts decides.
    BySandboxRule,
    /// Settles, and is taken back `R01` three banking days later.
    ReturnUnpaid,
    /// Settles, and is taken back `R10` twenty days later.
    ReturnUnauthorised,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    pub brand: String,
    pub last4: String,
    /// `YYYY-MM`.
    pub expiry: String,
    pub code: Option<String>,
    pub print: String,
    pub behaviour: Behaviour,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bank {
    pub account_type: String,
    pub routing_last4: String,
    pub last4: String,
    pub name: String,
    pub echeck_type: Option<String>,
    pub bank_name: Option<String>,
    pub print: String,
    pub behaviour: Behaviour,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Instrument {
    Card(Card),
    Bank(Bank),
}

const ACCOUNT_TYPES: [&str; 3] = ["checking", "savings", "businessChecking"];

impl Instrument {
    /// `Visa`, …, `eCheck`: the vendor's `accountType`.
    pub fn account_type(&self) -> &str {
        match self {
            Self::Card(card) => &card.brand,
            Self::Bank(_) => "eCheck",
        }
    }

    pub fn last4(&self) -> &str {
        match self {
            Self::Card(card) => &card.last4,
            Self::Bank(bank) => &bank.last4,
        }
    }

    pub fn masked(&self) -> String {
        format!("XXXX{}", self.last4())
    }

    pub fn print(&self) -> &str {
        match self {
            Self::Card(card) => &card.print,
            Self::Bank(bank) => &bank.print,
        }
    }

    pub fn behaviour(&self) -> Behaviour {
        match self {
            Self::Card(card) => card.behaviour,
            Self::Bank(bank) => bank.behaviour,
        }
    }

    pub fn is_bank(&self) -> bool {
        matches!(self, Self::Bank(_))
    }

    /// Name by which the vendor sorts batches: `creditCard` or `eCheck`.
    pub fn payment_method(&self) -> &'static str {
        match self {
            Self::Card(_) => "creditCard",
            Self::Bank(_) => "eCheck",
        }
    }

    /// `payment` of a reply, masked.
    pub fn view(&self, with_expiry: bool) -> Out {
        match self {
            Self::Card(card) => {
                let expiry = if with_expiry { card.expiry.as_str() } else { "XXXX" };
                let members = vec![
                    ("cardNumber", text(self.masked())),
                    ("expirationDate", text(expiry)),
                    ("cardType", text(card.brand.as_str())),
                ];
                Out::Tree(vec![("creditCard", Out::Tree(members))])
            }
            Self::Bank(bank) => {
                let mut members: Members = vec![
                    ("accountType", text(bank.account_type.as_str())),
                    ("routingNumber", text(format!("XXXX{}", bank.routing_last4))),
                    ("accountNumber", text(self.masked())),
                    ("nameOnAccount", text(bank.name.as_str())),
                ];
                put(&mut members, "echeckType", bank.echeck_type.as_deref());
                put(&mut members, "bankName", bank.bank_name.as_deref());
                Out::Tree(vec![("bankAccount", Out::Tree(members))])
            }
        }
    }
}

impl Card {
    /// Reads `creditCard` as it was sent; `today` decides what has expired.
    pub fn read(node: &Node, today: NaiveDate) -> Result<Self, Reason> {
        let number = node.text("cardNumber").unwrap_or_default();
        let code = node.text("cardCode");
        Self::of(number, node.text("expirationDate").unwrap_or_default(), code, today)
    }

    pub fn of(number: &str, expiry: &str, code: Option<&str>, today: NaiveDate) -> Result<Self, Reason> {
        let number: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if !matches!(number.len(), 13..=16 | 19) || !luhn(&number) {
            return Err(Reason::CARD_NUMBER);
        }
        let (year, month) = read_expiry(expiry).ok_or(Reason::EXPIRY)?;
        if (year, month) < (today.year(), today.month()) {
            return Err(Reason::CARD_EXPIRED);
        }
        if code.is_some_and(|code| !(3..=4).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(Reason::CARD_CODE);
        }
        Ok(Self {
            brand: brand(&number).to_owned(),
            last4: number[number.len() - 4..].to_owned(),
            expiry: format!("{year}-{month:02}"),
            code: code.map(str::to_owned),
            print: fingerprint(&number),
            behaviour: card_behaviour(&number),
        })
    }

    /// The security code's result: the sandbox answers by the code itself, `M` for any other.
    pub fn code_result(&self) -> &'static str {
        match self.code.as_deref() {
            None => "",
            Some("901") => "N",
            Some("902") => "S",
            Some("903") => "U",
            Some("904") => "P",
            Some(_) => "M",
        }
    }
}

impl Bank {
    /// Reads `bankAccount` as it was sent.
    pub fn read(node: &Node) -> Result<Self, Reason> {
        let routing = node.text("routingNumber").unwrap_or_default();
        if !is_routing_number(routing) {
            return Err(Reason::ROUTING_NUMBER);
        }
        let account = node.text("accountNumber").unwrap_or_default();
        if !(4..=17).contains(&account.len()) || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Reason::ACCOUNT_NUMBER);
        }
        let account_type = node.text("accountType").unwrap_or("checking");
        if !ACCOUNT_TYPES.contains(&account_type) {
            return Err(Reason::MISSING);
        }
        Ok(Self {
            account_type: account_type.to_owned(),
            routing_last4: routing[routing.len() - 4..].to_owned(),
            last4: account[account.len() - 4..].to_owned(),
            name: node.text("nameOnAccount").ok_or(Reason::MISSING)?.to_owned(),
            echeck_type: node.owned("echeckType"),
            bank_name: node.owned("bankName"),
            print: fingerprint(&format!("{routing}/{account}")),
            behaviour: bank_behaviour(account),
        })
    }
}

/// The address check's result: the sandbox answers by the billing zip (`wire/gateways.md`, 3.11).
pub(crate) fn avs_result(zip: Option<&str>) -> &'static str {
    match zip {
        None => "P",
        Some("46206") => "P",
        Some("46203") => "E",
        Some("46207") => "R",
        Some("46204") => "G",
        Some("46209") => "U",
        Some("46208") => "S",
        Some("46205") => "N",
        Some("46201") => "A",
        Some("46217") => "Z",
        Some("46211") => "W",
        Some("46214") => "X",
        Some(_) => "Y",
    }
}

/// `2040-12`, `1240`, `12/40`, `12-2040`, `122040`, `12/2040`.
fn read_expiry(text: &str) -> Option<(i32, u32)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let iso = text.as_bytes().get(4) == Some(&b'-');
    let (year, month) = match (digits.len(), iso) {
        (6, true) => (digits[..4].parse().ok()?, digits[4..].parse().ok()?),
        (6, false) => (digits[2..].parse().ok()?, digits[..2].parse().ok()?),
        (4, _) => (2000 + digits[2..].parse::<i32>().ok()?, digits[..2].parse().ok()?),
        _ => return None,
    };
    (1..=12).contains(&month).then_some((year, month))
}

fn brand(number: &str) -> &'static str {
    match number.as_bytes() {
        [b'4', ..] => "Visa",
        [b'5', b'1'..=b'5', ..] | [b'2', b'2'..=b'7', ..] => "MasterCard",
        [b'3', b'4' | b'7', ..] => "AmericanExpress",
        [b'3', b'5', ..] | [b'3', b'0', b'8', b'8', ..] => "JCB",
        [b'3', b'0' | b'6' | b'8', ..] => "DinersClub",
        [b'6', ..] => "Discover",
        _ => "Visa",
    }
}

fn card_behaviour(number: &str) -> Behaviour {
    match number {
        facts::cards::TIMEOUT_AFTER_EXECUTE => Behaviour::ApproveUnanswered,
        facts::cards::DECLINED | facts::cards::INSUFFICIENT_FUNDS => Behaviour::Decline,
        _ => Behaviour::Approve,
    }
}

fn bank_behaviour(account: &str) -> Behaviour {
    match account {
        facts::bank_accounts::CLEARS => Behaviour::Approve,
        facts::bank_accounts::LATE_RETURN => Behaviour::ReturnUnpaid,
        facts::authorizenet::UNAUTHORISED_ACCOUNT => Behaviour::ReturnUnauthorised,
        facts::bank_accounts::FAILS => Behaviour::Decline,
        _ => Behaviour::BySandboxRule,
    }
}

/// Nine digits whose weighted sum (3, 7, 1) is a multiple of ten.
fn is_routing_number(text: &str) -> bool {
    let weighted =
        text.bytes().zip([3, 7, 1].into_iter().cycle()).map(|(byte, weight)| u32::from(byte - b'0') * weight);
    text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit()) && weighted.sum::<u32>() % 10 == 0
}

fn fingerprint(number: &str) -> String {
    hex::encode(&Sha256::digest(format!("authorizenet/{number}"))[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(number: &str, expiry: &str) -> Result<Card, Reason> {
        Card::of(number, expiry, None, NaiveDate::from_ymd_opt(2026, 11, 25).unwrap())
    }

    #[test]
    fn the_test_cards_of_the_vendor_and_of_the_demo_are_cards() {
        let brands = [
            ("4007000000027", "Visa"),
            ("4012888818888", "Visa"),
            ("4111111111111111", "Visa"),
            ("5424000000000015", "MasterCard"),
            ("2223000010309703", "MasterCard"),
            ("2223000010309711", "MasterCard"),
            ("370000000000002", "AmericanExpress"),
            ("6011000000000012", "Discover"),
            ("3088000000000017", "JCB"),
            (facts::cards::APPROVED, "Visa"),
            (facts::cards::TIMEOUT_AFTER_EXECUTE, "Visa"),
        ];
        for (number, brand) in brands {
            assert_eq!(card(number, "2040-12").unwrap().brand, brand, "{number}");
        }
        assert_eq!(card("38000000000006", "12/40").unwrap().brand, "DinersClub");
        assert_eq!(card("4111111111111112", "1240").unwrap_err(), Reason::CARD_NUMBER);
    }

    #[test]
    fn an_expiry_may_be_written_in_many_ways() {
        for expiry in ["2040-12", "1240", "12/40", "12-2040", "122040", "12/2040"] {
            assert_eq!(card("4111111111111111", expiry).unwrap().expiry, "2040-12", "{expiry}");
        }
        assert_eq!(card("4111111111111111", "1026").unwrap_err(), Reason::CARD_EXPIRED);
        assert_eq!(card("4111111111111111", "13/40").unwrap_err(), Reason::EXPIRY);
    }

    #[test]
    fn routing_numbers_have_a_check_digit() {
        assert!(is_routing_number("121042882") && is_routing_number(facts::bank_accounts::ROUTING));
        assert!(!is_routing_number("121042883") && !is_routing_number("12104288"));
    }
}
