//! A message from one request to the next page, for browsers without script: what went wrong, and what was typed.
//! It travels in a short-lived cookie, so neither an e-mail address nor a fault ends up in an address or a log.

use crate::fault::Fault;
use serde::{Deserialize, Serialize};

const EMAIL_MAX_CHARS: usize = 254;
const AMOUNT_MAX_CHARS: usize = 32;
const AMOUNTS_MAX_CHARS: usize = 400;
/// A cookie holds 4096 bytes, and a letter may take twelve of them.
const REASON_MAX_CHARS: usize = 200;

/// The like, of two fields together.
const FIX_MAX_CHARS: usize = 100;
/// The note's cookie holds 4096 bytes, escaped; AcceptUI's nonces may be longer.
const TOKEN_MAX_BYTES: usize = 400;

/// What was typed is kept, so that nobody types it twice. A password never is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    pub fault: Option<Fault>,
    /// The checkout, payment or exception whose page alone may read it; empty for a page that is of neither.
    pub about: String,
    pub email: String,
    pub amount: String,
    pub reason: String,
    pub reference: String,
    /// A refund was to take nothing of the surcharge.
    pub without_surcharge: bool,
    /// It was to mean that the customer still owes the invoice.
    pub still_owed: bool,
    /// What was pressed with, when its sum is to be confirmed: nobody enters a card twice. One of them, as the form has them.
    pub token: String,
    pub saved: String,
    /// The box that has the card kept was ticked.
    pub keep: bool,
}

impl Note {
    #[must_use]
    pub fn of(fault: &Fault, email: &str) -> Self {
        Self { fault: Some(fault.clone()), ..Self::with_email(email) }
    }

    #[must_use]
    pub fn with_email(email: &str) -> Self {
        Self { email: cut(email, EMAIL_MAX_CHARS), ..Self::default() }
    }

    /// What was typed as an amount, and the words beside it, which say what it is for.
    #[must_use]
    pub fn of_amount(fault: &Fault, amount: &str, words: &str) -> Self {
        let (amount, reason) = (cut(amount, AMOUNT_MAX_CHARS), cut(words, REASON_MAX_CHARS));
        Self { fault: Some(fault.clone()), amount, reason, ..Self::default() }
    }

    /// What was typed into the dialog that marks something as fixed.
    #[must_use]
    pub fn of_fix(fault: &Fault, reason: &str, reference: &str) -> Self {
        let [reason, reference] = [reason, reference].map(|typed| cut(typed, FIX_MAX_CHARS));
        Self { fault: Some(fault.clone()), reason, reference, ..Self::default() }
    }

    /// What was typed as the amounts of several invoices, one in a line.
    #[must_use]
    pub fn of_amounts(fault: &Fault, amounts: &[String]) -> Self {
        let amount = cut(&amounts.join("\n"), AMOUNTS_MAX_CHARS);
        Self { fault: Some(fault.clone()), amount, ..Self::default() }
    }

    /// A token that is too long is not kept: then the card is entered again.
    #[must_use]
    pub fn pressed_with(self, token: &str, saved: &str, keep: bool) -> Self {
        let kept = |typed: &str| if typed.len() > TOKEN_MAX_BYTES { String::new() } else { typed.to_owned() };
        Self { token: kept(token), saved: kept(saved), keep, ..self }
    }

    /// The sum of what was pressed with is to be confirmed.
    #[must_use]
    pub fn is_to_confirm(&self) -> bool {
        let knows_it = !self.token.is_empty() || !self.saved.is_empty();
        knows_it && matches!(self.fault, Some(Fault::SurchargeMoved { .. }))
    }

    #[must_use]
    pub fn about(self, id: &impl ToString) -> Self {
        Self { about: id.to_string(), ..self }
    }
}

fn cut(typed: &str, max_chars: usize) -> String {
    typed.chars().take(max_chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Money;

    #[test]
    fn n12_a_sum_is_confirmed_only_where_what_was_pressed_with_was_kept() {
        let added = Money::new(1_807, "USD".parse().expect("a currency"));
        let moved = Fault::SurchargeMoved { added, paid_by: "this card".to_owned() };
        let (longest, too_long) = ("t".repeat(TOKEN_MAX_BYTES), "t".repeat(TOKEN_MAX_BYTES + 1));
        for (fault, token, saved, kept) in [
            (&moved, "pm_1", "", true),
            (&moved, "", "a saved one", true),
            (&moved, &*longest, "", true),
            (&moved, &*too_long, "", false),
            // The gateway's own page takes the card.
            (&moved, "", "", false),
            (&Fault::WordsMoved, "pm_1", "", false),
        ] {
            let note = Note::of(fault, "").pressed_with(token, saved, true);
            assert_eq!(note.is_to_confirm(), kept, "{fault:?} {token} {saved}");
        }
        let note = Note::of(&moved, "").pressed_with(&too_long, "", false);
        assert_eq!(note.token, "", "half a token is none");
    }
}
