//! Why books were not connected, and what helps, in the words of staff.

/// Why books are not connected. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoConnection {
    Denied,
    Refused,
    NotAsked,
    Late,
    Used,
    Interrupted,
    CodeRefused,
    AppRefused,
    Unreachable,
    NothingAllowed,
    OtherOrganisation,
    OtherCurrency,
    NoApp,
    KnownApp,
    Meanwhile,
}

impl NoConnection {
    const ALL: [Self; 15] = [
        Self::Denied,
        Self::Refused,
        Self::NotAsked,
        Self::Late,
        Self::Used,
        Self::Interrupted,
        Self::CodeRefused,
        Self::AppRefused,
        Self::Unreachable,
        Self::NothingAllowed,
        Self::OtherOrganisation,
        Self::OtherCurrency,
        Self::NoApp,
        Self::KnownApp,
        Self::Meanwhile,
    ];

    /// As an address of ours says it.
    #[must_use]
    pub const fn spelt(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::NotAsked => "not-asked",
            Self::Late => "late",
            Self::Used => "used",
            Self::Interrupted => "interrupted",
            Self::CodeRefused => "code-refused",
            Self::AppRefused => "app-refused",
            Self::Unreachable => "unreachable",
            Self::NothingAllowed => "nothing-allowed",
            Self::OtherOrganisation => "other-organisation",
            Self::OtherCurrency => "other-currency",
            Self::NoApp => "no-app",
            Self::KnownApp => "known-app",
            Self::Meanwhile => "meanwhile",
        }
    }

    #[must_use]
    pub fn of(spelt: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.spelt() == spelt)
    }

    /// What happened, and what helps.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Denied => {
                "Access was not allowed on the page of your accounting package. Connect again, and choose to allow it there."
            }
            Self::Refused => {
                "Your accounting package did not let us ask. If it named a reason, see to that first, and connect again."
            }
            Self::NotAsked => {
                "That answer was not asked for in this session, so it was not used: another window, or another sign-in, may have \
                 asked. Connect again from here."
            }
            Self::Late => {
                "The answer came more than ten minutes after it was asked for, and was not used. Connect again."
            }
            Self::Used => {
                "That answer has been used already, and counts once. Its card says whether the connection is valid; if not, \
                 connect again."
            }
            Self::Interrupted => {
                "Your accounting package has allowed access, but nothing of it is kept here: we were interrupted, or are still at \
                 it. If the connection is not valid in a minute, connect again; the new consent takes the place of this one."
            }
            Self::CodeRefused => {
                "Your accounting package did not take its own answer back, which happens when it is older than some minutes or \
                 was used before. Connect again."
            }
            Self::AppRefused => {
                "Your accounting package does not know this client id with this secret. Check both, and that the app there names \
                 our address for its answer; then connect again."
            }
            Self::Unreachable => {
                "Your accounting package did not answer, so nothing was changed. Wait a moment and try again."
            }
            Self::NothingAllowed => {
                "Access to no organisation was allowed. Connect again, and choose the organisation whose invoices are paid here."
            }
            Self::OtherOrganisation => {
                "Another organisation was chosen than this connection has had. Its invoices and payments stand in the one before, \
                 so nothing was changed. Connect again, and choose the organisation that the card names."
            }
            Self::OtherCurrency => {
                "The books of that organisation are kept in another currency than this merchant’s, so nothing was changed. Connect \
                 again, and choose one that is kept in this merchant’s currency."
            }
            Self::NoApp => {
                "Enter both the client id and the client secret of your app, or neither where one is known already."
            }
            Self::KnownApp => {
                "Another of your connections has this client already, and two with one client share one budget. Enter another \
                 client for this one."
            }
            Self::Meanwhile => "Somebody else has connected the books meanwhile. Their cards are below.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_spelling_and_its_way_on() {
        for why in NoConnection::ALL {
            assert_eq!(NoConnection::of(why.spelt()), Some(why));
            assert!(why.words().ends_with('.'), "{why:?}");
        }
    }
}
