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
    /// Of more than is due: what is over stays as credit.
    PayOver1,
    PayOverAny1,
    /// Of no invoice.
    Prepay1,
    PrepayAny1,
    /// Of any of these, with what is added for the way of paying that was chosen.
    PayPlus1,
    PayPlusAny1,
}

/// What is paid, as the words tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid<'a> {
    /// The invoices' numbers, and what each gets.
    pub shares: &'a [(&'a str, String)],
    /// What stays as credit.
    pub credit: Option<&'a str>,
    /// What is added for the way of paying.
    pub surcharge: Option<&'a str>,
    /// All of it together, as the button shows it.
    pub amount: &'a str,
}

impl Wording {
    /// What pages show now.
    #[must_use]
    pub const fn current(with_debits: bool, paid: &Paid<'_>) -> Self {
        if paid.surcharge.is_some() {
            return if with_debits { Self::PayPlusAny1 } else { Self::PayPlus1 };
        }
        match (paid.shares.len(), paid.credit, with_debits) {
            (0, _, false) => Self::Prepay1,
            (0, _, true) => Self::PrepayAny1,
            (_, Some(_), false) => Self::PayOver1,
            (_, Some(_), true) => Self::PayOverAny1,
            (1, None, false) => Self::Pay1,
            (1, None, true) => Self::PayAny1,
            (_, None, false) => Self::PayEach1,
            (_, None, true) => Self::PayEachAny1,
        }
    }

    /// It tells what paying in this way is.
    #[must_use]
    pub const fn is_for(self, kind: MethodKind) -> bool {
        self.is_any() || !kind.is_debit()
    }

    /// Those that a form may have shown beside this.
    #[must_use]
    pub fn all_of(paid: &Paid<'_>) -> [Self; 2] {
        [false, true].map(|with_debits| Self::current(with_debits, paid))
    }

    /// How records name it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Pay1 => "pay-1",
            Self::PayAny1 => "pay-any-1",
            Self::PayEach1 => "pay-each-1",
            Self::PayEachAny1 => "pay-each-any-1",
            Self::PayOver1 => "pay-over-1",
            Self::PayOverAny1 => "pay-over-any-1",
            Self::Prepay1 => "prepay-1",
            Self::PrepayAny1 => "prepay-any-1",
            Self::PayPlus1 => "pay-plus-1",
            Self::PayPlusAny1 => "pay-plus-any-1",
        }
    }

    /// A bank account can be chosen by it.
    const fn is_any(self) -> bool {
        matches!(self, Self::PayAny1 | Self::PayEachAny1 | Self::PayOverAny1 | Self::PrepayAny1 | Self::PayPlusAny1)
    }

    #[must_use]
    pub fn text(self, merchant: &str, paid: &Paid<'_>) -> String {
        let amount = paid.amount;
        let (takes, under) = if self.is_any() {
            let takes = format!("takes {amount} once from the card or bank account that you chose");
            (takes, " A bank account is debited under the authority given for it.")
        } else {
            (format!("charges your card {amount} once"), "")
        };
        let what = self.what(merchant, paid);
        let bare = if matches!(self, Self::PayPlus1 | Self::PayPlusAny1) { "" } else { " No surcharge is added." };
        format!("By pressing Pay you agree that {merchant} {takes}{what}.{under}{bare}")
    }

    /// What is paid, as it goes on after how it is taken.
    fn what(self, merchant: &str, paid: &Paid<'_>) -> String {
        let credit = paid.credit.unwrap_or_default();
        let each: Vec<_> = paid.shares.iter().map(|(number, share)| format!("{share} for invoice {number}")).collect();
        let each = each.join(", ");
        match self {
            Self::Pay1 | Self::PayAny1 => {
                format!(", for invoice {}", paid.shares.first().map_or("", |(number, _)| *number))
            }
            Self::PayEach1 | Self::PayEachAny1 => format!(": {each}"),
            Self::PayOver1 | Self::PayOverAny1 => {
                format!(": {each}; {credit} over what is due stays as credit with {merchant}")
            }
            Self::Prepay1 | Self::PrepayAny1 => {
                format!(", in advance. It stays as credit with {merchant} and pays no invoice yet")
            }
            Self::PayPlus1 | Self::PayPlusAny1 => {
                let bare = match paid.credit {
                    None => each,
                    Some(_) if paid.shares.is_empty() => {
                        format!("{credit} in advance, which stays as credit with {merchant} and pays no invoice yet")
                    }
                    Some(_) => format!("{each}, {credit} over what is due, which stays as credit with {merchant}"),
                };
                format!(": {bare}, and a surcharge of {}", paid.surcharge.unwrap_or_default())
            }
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
                 signs in for {customer} can pay with it, until it is removed under Methods."
            ),
        }
    }
}

/// Who debits Australian accounts for a merchant: a gateway does so under a number of its own, and in its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebitUser {
    pub name: &'static str,
    /// As it is registered, with its numbers.
    pub registered: &'static str,
    /// Where its service agreement stands.
    pub agreement: &'static str,
}

/// A wording of the authority to debit a bank account (S70). One that was ever shown stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityWording {
    /// What Nacha asks of an authorisation by web: that it is one, amount, time, how to revoke it (`wire/gateways.md`, 8.3).
    /// And that a debit which came back for want of money may be tried again, which `ach-1` did not say (D10).
    Ach2,
    /// A Direct Debit Request to whoever debits for the merchant [recalled: a gateway's guide to BECS; not in `wire/`].
    Becs1(DebitUser),
}

impl AuthorityWording {
    /// What pages show now; none for what needs no authority, and for what nobody is named to debit.
    #[must_use]
    pub const fn current(kind: MethodKind, user: Option<DebitUser>) -> Option<Self> {
        match (kind, user) {
            (MethodKind::Card, _) | (MethodKind::BecsDebit, None) => None,
            (MethodKind::AchDebit, _) => Some(Self::Ach2),
            (MethodKind::BecsDebit, Some(user)) => Some(Self::Becs1(user)),
        }
    }

    /// How records name it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Ach2 => "ach-2",
            Self::Becs1(_) => "becs-1",
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
            Self::Becs1(DebitUser { name, registered, agreement }) => format!(
                "By providing your bank account details, you agree to this Direct Debit Request and the Direct Debit Request \
                 service agreement ({agreement}), and authorise {registered} (“{name}”) to debit your account through the \
                 Bulk Electronic Clearing System (BECS) on behalf of {merchant} (the “Merchant”) for any amounts separately \
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
        let user = DebitUser { name: "Gate", registered: "Gate Pty Ltd", agreement: "gate.test/debits" };
        for kind in [MethodKind::AchDebit, MethodKind::BecsDebit] {
            let wording = AuthorityWording::current(kind, Some(user)).expect("a debit has an authority");
            let says_so = wording.text("Northwind IT", "help@northwind.test").contains("may be sent once more");
            assert_eq!(AuthorityWording::allows_retry(wording.version()), says_so, "{kind:?}");
        }
        assert!(!AuthorityWording::allows_retry("ach-1"));
    }

    #[test]
    fn s70_no_authority_is_shown_that_would_name_nobody() {
        assert_eq!(AuthorityWording::current(MethodKind::BecsDebit, None), None);
    }

    #[test]
    fn n15_a_wording_that_was_shown_never_changes() {
        let shares = [("INV-501", "$1,204.50".to_owned()), ("INV-502", "$350.00".to_owned())];
        let both = Paid { shares: &shares, credit: None, surcharge: None, amount: "$1,554.50" };
        let one = Paid { shares: &shares[..1], amount: "$1,204.50", ..both };
        let more = Paid { credit: Some("$95.50"), amount: "$1,300.00", ..one };
        let none = Paid { shares: &[], credit: Some("$500.00"), amount: "$500.00", ..both };
        for (paid, wording, version, text) in [
            (
                one,
                Wording::Pay1,
                "pay-1",
                "By pressing Pay you agree that Northwind IT charges your card $1,204.50 once, for invoice INV-501. \
                 No surcharge is added.",
            ),
            (
                one,
                Wording::PayAny1,
                "pay-any-1",
                "By pressing Pay you agree that Northwind IT takes $1,204.50 once from the card or bank account that you \
                 chose, for invoice INV-501. A bank account is debited under the authority given for it. No surcharge is \
                 added.",
            ),
            (
                both,
                Wording::PayEach1,
                "pay-each-1",
                "By pressing Pay you agree that Northwind IT charges your card $1,554.50 once: $1,204.50 for invoice \
                 INV-501, $350.00 for invoice INV-502. No surcharge is added.",
            ),
            (
                both,
                Wording::PayEachAny1,
                "pay-each-any-1",
                "By pressing Pay you agree that Northwind IT takes $1,554.50 once from the card or bank account that you \
                 chose: $1,204.50 for invoice INV-501, $350.00 for invoice INV-502. A bank account is debited under the \
                 authority given for it. No surcharge is added.",
            ),
            (
                more,
                Wording::PayOver1,
                "pay-over-1",
                "By pressing Pay you agree that Northwind IT charges your card $1,300.00 once: $1,204.50 for invoice \
                 INV-501; $95.50 over what is due stays as credit with Northwind IT. No surcharge is added.",
            ),
            (
                more,
                Wording::PayOverAny1,
                "pay-over-any-1",
                "By pressing Pay you agree that Northwind IT takes $1,300.00 once from the card or bank account that you \
                 chose: $1,204.50 for invoice INV-501; $95.50 over what is due stays as credit with Northwind IT. A bank \
                 account is debited under the authority given for it. No surcharge is added.",
            ),
            (
                none,
                Wording::Prepay1,
                "prepay-1",
                "By pressing Pay you agree that Northwind IT charges your card $500.00 once, in advance. It stays as \
                 credit with Northwind IT and pays no invoice yet. No surcharge is added.",
            ),
            (
                none,
                Wording::PrepayAny1,
                "prepay-any-1",
                "By pressing Pay you agree that Northwind IT takes $500.00 once from the card or bank account that you \
                 chose, in advance. It stays as credit with Northwind IT and pays no invoice yet. A bank account is \
                 debited under the authority given for it. No surcharge is added.",
            ),
        ] {
            assert_eq!(wording.text("Northwind IT", &paid), text);
            assert_eq!(wording.version(), version);
            let with_debits = wording.is_for(MethodKind::AchDebit);
            assert_eq!(Wording::current(with_debits, &paid), wording);
            assert_eq!(Wording::all_of(&paid)[usize::from(with_debits)], wording);
        }
    }

    #[test]
    fn n15_g22_words_with_a_surcharge_name_all_that_is_paid_for_every_way_of_paying() {
        let shares = [("INV-501", "$1,204.50".to_owned()), ("INV-502", "$350.00".to_owned())];
        let both = Paid { shares: &shares, credit: None, surcharge: Some("$23.32"), amount: "$1,577.82" };
        let more =
            Paid { shares: &shares[..1], credit: Some("$95.50"), surcharge: Some("$19.50"), amount: "$1,319.50" };
        let none = Paid { shares: &[], credit: Some("$500.00"), surcharge: Some("$7.50"), amount: "$507.50" };
        for (paid, what) in [
            (both, "$1,204.50 for invoice INV-501, $350.00 for invoice INV-502, and a surcharge of $23.32."),
            (
                more,
                "$1,204.50 for invoice INV-501, $95.50 over what is due, which stays as credit with Northwind IT, and a \
                 surcharge of $19.50.",
            ),
            (
                none,
                "$500.00 in advance, which stays as credit with Northwind IT and pays no invoice yet, and a surcharge of \
                 $7.50.",
            ),
        ] {
            let amount = paid.amount;
            let card = format!("By pressing Pay you agree that Northwind IT charges your card {amount} once: {what}");
            let any = format!(
                "By pressing Pay you agree that Northwind IT takes {amount} once from the card or bank account that you \
                 chose: {what} A bank account is debited under the authority given for it."
            );
            let shown = Wording::all_of(&paid);
            assert_eq!(shown, [Wording::PayPlus1, Wording::PayPlusAny1]);
            assert_eq!(shown.map(|wording| wording.text("Northwind IT", &paid)), [card, any]);
        }
        for (wording, version, with_debits) in
            [(Wording::PayPlus1, "pay-plus-1", false), (Wording::PayPlusAny1, "pay-plus-any-1", true)]
        {
            assert_eq!((wording.version(), wording.is_for(MethodKind::AchDebit)), (version, with_debits));
            assert!(wording.is_for(MethodKind::Card));
        }
    }

    #[test]
    fn s52_the_words_of_keeping_a_card_that_were_shown_never_change() {
        let keep = "Save this card: you agree that Northwind IT keeps it for Acme at its payment service. Everyone who signs \
                    in for Acme can pay with it, until it is removed under Methods.";
        assert_eq!(KeepWording::Keep1.text("Northwind IT", "Acme"), keep);
        assert_eq!(KeepWording::CURRENT.version(), "keep-1");
    }
}
