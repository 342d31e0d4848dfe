//! What a payer agrees to by pressing Pay. Page and record have their words from here, so they cannot differ (N15).

use crate::method::MethodKind;

/// A wording that Pay Now has shown. One that was ever shown stays as it is: other words are another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    Pay1,
    /// Where a bank account can be chosen beside cards.
    PayAny1,
    /// Of several invoices at once.
    PayEach1,
    PayEachAny1,
    /// Of one invoice or several, with what is added for the way of paying that was chosen.
    PayPlus1,
}

impl Wording {
    /// What pages show now for so many invoices when nothing is added.
    #[must_use]
    pub const fn current(with_debits: bool, invoices: usize) -> Self {
        match (invoices > 1, with_debits) {
            (false, false) => Self::Pay1,
            (false, true) => Self::PayAny1,
            (true, false) => Self::PayEach1,
            (true, true) => Self::PayEachAny1,
        }
    }

    /// Those that a form may have shown.
    pub const ALL: [Self; 5] = [Self::Pay1, Self::PayAny1, Self::PayEach1, Self::PayEachAny1, Self::PayPlus1];

    /// It names a surcharge.
    #[must_use]
    pub const fn names_surcharge(self) -> bool {
        matches!(self, Self::PayPlus1)
    }

    /// It tells what paying in this way is.
    #[must_use]
    pub const fn is_for(self, kind: MethodKind) -> bool {
        matches!(self, Self::PayAny1 | Self::PayEachAny1 | Self::PayPlus1) || !kind.is_debit()
    }

    /// It names each of so many invoices.
    #[must_use]
    pub const fn names(self, invoices: usize) -> bool {
        self.names_surcharge() || matches!(self, Self::PayEach1 | Self::PayEachAny1) == (invoices > 1)
    }

    /// How records name it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Pay1 => "pay-1",
            Self::PayAny1 => "pay-any-1",
            Self::PayEach1 => "pay-each-1",
            Self::PayEachAny1 => "pay-each-any-1",
            Self::PayPlus1 => "pay-plus-1",
        }
    }

    /// `shares` are the invoices' numbers and what is paid of each; `amount` is their sum with the surcharge, as the button
    /// shows it.
    #[must_use]
    pub fn text(self, merchant: &str, shares: &[(&str, String)], surcharge: &str, amount: &str) -> String {
        let invoice_number = shares.first().map_or("", |(number, _)| *number);
        let each = || {
            let each: Vec<_> = shares.iter().map(|(number, share)| format!("{share} for invoice {number}")).collect();
            each.join(", ")
        };
        match self {
            Self::Pay1 => format!(
                "By pressing Pay you agree that {merchant} charges your card {amount} once, for invoice \
                 {invoice_number}. No surcharge is added."
            ),
            Self::PayAny1 => format!(
                "By pressing Pay you agree that {merchant} takes {amount} once from the card or bank account that you \
                 chose, for invoice {invoice_number}. A bank account is debited under the authority given for it. No \
                 surcharge is added."
            ),
            Self::PayEach1 => format!(
                "By pressing Pay you agree that {merchant} charges your card {amount} once: {}. No surcharge is added.",
                each()
            ),
            Self::PayEachAny1 => format!(
                "By pressing Pay you agree that {merchant} takes {amount} once from the card or bank account that you \
                 chose: {}. A bank account is debited under the authority given for it. No surcharge is added.",
                each()
            ),
            Self::PayPlus1 => format!(
                "By pressing Pay you agree that {merchant} takes {amount} once from the card or bank account that you \
                 chose: {}, and a surcharge of {surcharge}. A bank account is debited under the authority given for it.",
                each()
            ),
        }
    }
}

/// A wording of the agreement to keep the card that is being paid with (S52). One that was ever shown stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepWording {
    Keep1,
}

impl KeepWording {
    /// What pages show now.
    pub const CURRENT: Self = Self::Keep1;

    /// How records name it, after the wording that it was added to.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Keep1 => "keep-1",
        }
    }

    #[must_use]
    pub fn text(self, merchant: &str, customer: &str) -> String {
        match self {
            Self::Keep1 => format!(
                "Save this card: you agree that {merchant} keeps it for {customer} at its payment service. Everyone who \
                 signs in for {customer} can pay with it, until it is removed under Payment methods."
            ),
        }
    }
}

/// A wording of the authority to debit a bank account (S70). One that was ever shown stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityWording {
    /// What Nacha asks of an authorisation by web: that it is one, amount, time, how to revoke it (`wire/gateways.md`, 8.3).
    /// And that a debit which came back for want of money may be tried again, which `ach-1` did not say (D10).
    Ach2,
    /// The Direct Debit Request that Stripe has its merchants show [recalled: its guide to BECS; not in `wire/`].
    Becs1,
}

impl AuthorityWording {
    /// What pages show now; none for what needs no authority.
    #[must_use]
    pub const fn current(kind: MethodKind) -> Option<Self> {
        match kind {
            MethodKind::Card => None,
            MethodKind::AchDebit => Some(Self::Ach2),
            MethodKind::BecsDebit => Some(Self::Becs1),
        }
    }

    /// How records name it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Ach2 => "ach-2",
            Self::Becs1 => "becs-1",
        }
    }

    /// Whether the owner of an account agreed, by the words of this version, that a debit is tried again by itself.
    #[must_use]
    pub fn allows_retry(version: &str) -> bool {
        version == Self::Ach2.version()
    }

    /// `support` is where it is revoked by mail.
    #[must_use]
    pub fn text(self, merchant: &str, support: &str) -> String {
        match self {
            Self::Ach2 => format!(
                "I authorise {merchant} to electronically debit my bank account for each amount that I, or someone who \
                 signs in for my company, choose to pay here, on the day that Pay is pressed, and, if necessary, to credit it \
                 to correct erroneous debits. A debit that my bank returns for want of money may be sent once more, up to twice \
                 within 180 days, after an e-mail has named the day. I may revoke this authorisation at any time by removing \
                 the account here or by writing to {support}; debits already sent to the bank are not affected. I certify that \
                 I may authorise debits of this account."
            ),
            Self::Becs1 => format!(
                "By providing your bank account details, you agree to this Direct Debit Request and the Direct Debit Request \
                 service agreement (stripe.com/au-becs-dd-service-agreement/legal), and authorise Stripe Payments Australia \
                 Pty Ltd ACN 160 180 343 Direct Debit User ID number 507156 (“Stripe”) to debit your account through the Bulk \
                 Electronic Clearing System (BECS) on behalf of {merchant} (the “Merchant”) for any amounts separately \
                 communicated to you by the Merchant: each that you, or someone who signs in for your company, choose to pay \
                 here, on the day that Pay is pressed. You may cancel at any time by removing the account here or by writing \
                 to {support}. You certify that you are either an account holder or an authorised signatory on the account."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d10_a_debit_is_tried_again_only_by_words_that_say_so() {
        for kind in [MethodKind::AchDebit, MethodKind::BecsDebit] {
            let wording = AuthorityWording::current(kind).expect("a debit has an authority");
            let says_so = wording.text("Northwind IT", "help@northwind.test").contains("may be sent once more");
            assert_eq!(AuthorityWording::allows_retry(wording.version()), says_so, "{kind:?}");
        }
        assert!(!AuthorityWording::allows_retry("ach-1"));
    }

    #[test]
    fn n15_a_wording_that_was_shown_never_changes() {
        let shown = [
            (
                Wording::Pay1,
                "pay-1",
                "By pressing Pay you agree that Northwind IT charges your card $1,204.50 once, for invoice INV-501. \
                 No surcharge is added.",
            ),
            (
                Wording::PayAny1,
                "pay-any-1",
                "By pressing Pay you agree that Northwind IT takes $1,204.50 once from the card or bank account that you \
                 chose, for invoice INV-501. A bank account is debited under the authority given for it. No surcharge is \
                 added.",
            ),
            (
                Wording::PayEach1,
                "pay-each-1",
                "By pressing Pay you agree that Northwind IT charges your card $1,554.50 once: $1,204.50 for invoice \
                 INV-501, $350.00 for invoice INV-502. No surcharge is added.",
            ),
            (
                Wording::PayEachAny1,
                "pay-each-any-1",
                "By pressing Pay you agree that Northwind IT takes $1,554.50 once from the card or bank account that you \
                 chose: $1,204.50 for invoice INV-501, $350.00 for invoice INV-502. A bank account is debited under the \
                 authority given for it. No surcharge is added.",
            ),
            (
                Wording::PayPlus1,
                "pay-plus-1",
                "By pressing Pay you agree that Northwind IT takes $1,577.82 once from the card or bank account that you \
                 chose: $1,204.50 for invoice INV-501, $350.00 for invoice INV-502, and a surcharge of $23.32. A bank \
                 account is debited under the authority given for it.",
            ),
        ];
        let shares = [("INV-501", "$1,204.50".to_owned()), ("INV-502", "$350.00".to_owned())];
        for (wording, version, text) in shown {
            let (of, amount) = match wording {
                Wording::PayPlus1 => (&shares[..], "$1,577.82"),
                _ if wording.names(1) => (&shares[..1], "$1,204.50"),
                _ => (&shares[..], "$1,554.50"),
            };
            assert_eq!(wording.text("Northwind IT", of, "$23.32", amount), text);
            assert_eq!(wording.version(), version);
            if !wording.names_surcharge() {
                assert_eq!(wording.names(2), !wording.names(1), "one that names a single invoice is none of two");
                let with_debits = wording.is_for(MethodKind::AchDebit);
                assert_eq!(Wording::current(with_debits, of.len()), wording);
            }
        }
        assert_eq!(shown.map(|(wording, ..)| wording), Wording::ALL);
        let keep = "Save this card: you agree that Northwind IT keeps it for Acme at its payment service. Everyone who signs \
                    in for Acme can pay with it, until it is removed under Payment methods.";
        assert_eq!(KeepWording::Keep1.text("Northwind IT", "Acme"), keep);
        assert_eq!(KeepWording::CURRENT.version(), "keep-1");
    }
}
