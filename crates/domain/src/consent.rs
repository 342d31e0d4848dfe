//! What a payer agrees to by pressing Pay. Page and record have their words from here, so they cannot differ (N15).

/// A wording that Pay Now has shown. One that was ever shown stays as it is: other words are another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    Pay1,
}

impl Wording {
    /// What pages show now.
    pub const CURRENT: Self = Self::Pay1;
    /// Those that a form may have shown.
    pub const ALL: [Self; 1] = [Self::Pay1];

    /// How records name it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Pay1 => "pay-1",
        }
    }

    /// `amount` as the button shows it.
    #[must_use]
    pub fn text(self, merchant: &str, invoice_number: &str, amount: &str) -> String {
        match self {
            Self::Pay1 => format!(
                "By pressing Pay you agree that {merchant} charges your card {amount} once, for invoice \
                 {invoice_number}. No surcharge is added."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n15_a_wording_that_was_shown_never_changes() {
        let shown = [(
            Wording::Pay1,
            "pay-1",
            "By pressing Pay you agree that Northwind IT charges your card $1,204.50 once, for invoice INV-501. \
             No surcharge is added.",
        )];
        for (wording, version, text) in shown {
            assert_eq!(wording.text("Northwind IT", "INV-501", "$1,204.50"), text);
            assert_eq!(wording.version(), version);
        }
        assert_eq!(shown.map(|(wording, ..)| wording), Wording::ALL);
    }
}
