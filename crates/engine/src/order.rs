//! What callers ask for, already parsed.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{MethodId, PaymentId, RefundId},
    method::MethodKind,
    money::Money,
    network::Network,
    payment::ShownShare,
    refund::RefundMeaning,
};
use uuid::{NoContext, Timestamp, Uuid};

/// Two nodes tell the time at most this differently.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(1);

/// One press of Pay.
#[derive(Clone, Debug)]
pub struct Order {
    /// Minted with the form; the same id again is the same payment.
    pub payment: PaymentId,
    /// What the payer saw of each of the checkout's invoices, in the order of the page.
    pub expected: Vec<ShownShare>,
    pub email: String,
    pub how: PayHow,
    /// Of the card's address, as [`postal_code`] reads it.
    pub postal_code: Option<String>,
    /// Where the press came from.
    pub network: Network,
    pub user_agent: Option<String>,
    /// The mark of the words that the form showed beside the button.
    pub consent: String,
    /// That of the words beside the ticked box that has the card kept; empty where none was ticked.
    pub keep: String,
}

impl Order {
    /// Its id came with a page that was drawn within this time. Payments are listed in the order of their ids, so nobody may
    /// choose one.
    pub(crate) fn was_minted_within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        minted_at(self.payment).is_some_and(|at| from - CLOCKS_APART <= at && at <= to + CLOCKS_APART)
    }
}

/// The id of a payment that may come, for a form.
pub(crate) fn mint(now: DateTime<Utc>) -> PaymentId {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    PaymentId(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos())))
}

fn minted_at(id: PaymentId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.0.get_timestamp().filter(|_| id.0.get_version_num() == 7)?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

/// A way of paying that was pressed with, and whose sum is to be confirmed.
#[derive(Clone, Debug)]
pub struct ToConfirm {
    /// What is added for it.
    pub added: Money,
    /// `this Visa credit card`
    pub paid_by: String,
}

/// Tokens are short, in letters, digits and the signs of Base64.
const TOKEN_MAX_CHARS: usize = 2_048;

#[derive(Clone, Debug)]
pub enum PayHow {
    /// A token of the gateway's hosted fields.
    Token(String),
    /// One that the payer's company has saved.
    Saved(MethodId),
    /// On the gateway's own page: the way without script.
    HostedPage,
}

impl PayHow {
    /// What a form sent as the token; nothing stands for the gateway's own page. `None` for what cannot be a token: a card
    /// number, which we must neither keep nor log, or words for somebody's log.
    #[must_use]
    pub fn of_form(token: String) -> Option<Self> {
        if token.is_empty() {
            return Some(Self::HostedPage);
        }
        let spelt = token.chars().all(|c| c.is_ascii_alphanumeric() || "_-+/=.".contains(c));
        let is_token = spelt && token.len() <= TOKEN_MAX_CHARS && token.contains(|c: char| c.is_ascii_alphabetic());
        is_token.then_some(Self::Token(token))
    }
}

/// No country's is longer, and card numbers are.
const POSTAL_CODE_MAX_CHARS: usize = 10;

/// What a form sent as a postal code; `None` for what cannot be one.
#[must_use]
pub fn postal_code(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let spelt = typed.chars().all(|c| c.is_ascii_alphanumeric() || " -".contains(c));
    (spelt && (1..=POSTAL_CODE_MAX_CHARS).contains(&typed.len())).then(|| typed.to_owned())
}

/// What somebody typed, for a row: no longer than this, and without the character that PostgreSQL refuses in any text.
pub(crate) fn typed(words: &str, max_chars: usize) -> String {
    words.trim().chars().filter(|c| *c != '\0').take(max_chars).collect()
}

/// One press of Save.
#[derive(Clone, Debug)]
pub struct SaveMethod {
    /// Minted with the form; the same id again is the same method.
    pub method: MethodId,
    pub kind: MethodKind,
    /// Of the gateway's hosted fields.
    pub token: String,
    /// Of the card's address, as [`postal_code`] reads it.
    pub postal_code: Option<String>,
    /// What it takes the place of.
    pub replaces: Option<MethodId>,
    /// The payer's own name for it; may be empty.
    pub nickname: String,
    /// The name that was typed below the authority, and the mark of its words; empty for cards.
    pub holder: String,
    pub consent: String,
    /// Where the press came from.
    pub network: Network,
    pub user_agent: Option<String>,
}

/// One press of Refund.
#[derive(Clone, Debug)]
pub struct RefundOrder {
    /// Minted with the form; the same id again is the same refund.
    pub refund: RefundId,
    pub payment: PaymentId,
    pub amount: Money,
    /// Part of it is of the surcharge (G26).
    pub with_surcharge: bool,
    /// For the invoices.
    pub meaning: RefundMeaning,
    /// Why, for whoever reads the payment's story.
    pub reason: String,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Free text: number, company, reference, gateway id.
    pub search: String,
    /// From 1; 0 is read as 1.
    pub page: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_token_is_not_passed_on() {
        for token in ["pm_card_visa", "sbx_approved", "eyJjb2RlIjoiNTBfMiJ9+/=="] {
            assert!(matches!(PayHow::of_form(token.into()), Some(PayHow::Token(kept)) if kept == token));
        }
        assert!(matches!(PayHow::of_form(String::new()), Some(PayHow::HostedPage)));
        let long = "a".repeat(TOKEN_MAX_CHARS + 1);
        for other in ["4242424242424242", "4242-4242-4242-4242", "pm_1\n2026 ERROR", "pm 1", "pm_1'", &long] {
            assert!(PayHow::of_form(other.into()).is_none(), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_a_postal_code_is_not_passed_on() {
        for code in ["2000", " 98004-1234 ", "SW1A 1AA", "D02 AF30"] {
            assert_eq!(postal_code(code).as_deref(), Some(code.trim()));
        }
        for other in ["", "  ", "4111111111111111", "4111 1111 1111", "20\n00", "<b>", "２０００"] {
            assert_eq!(postal_code(other), None, "{other}");
        }
    }

    #[test]
    fn an_id_tells_when_its_form_was_made_and_a_chosen_one_does_not() {
        let now = DateTime::from_timestamp_millis(1_795_253_400_123).expect("a moment");
        assert_eq!(minted_at(mint(now)), Some(now));
        for chosen in [Uuid::nil(), Uuid::max(), Uuid::from_u128(7)] {
            assert_eq!(minted_at(PaymentId(chosen)), None);
        }
    }
}
