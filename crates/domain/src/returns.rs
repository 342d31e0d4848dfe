//! Bank debits that come back: what Nacha's codes say, and how many may come back before somebody must act
//! (`wire/gateways.md`, 8.3).

use crate::payment::DeclineReason;
use chrono::TimeDelta;

/// Returns are held against the debits of as long.
pub const RETURNS_WITHIN: TimeDelta = TimeDelta::days(60);
/// Ours, not Nacha's: of fewer, one bad account would be an alarm.
pub const RETURNS_MIN: u64 = 3;

impl DeclineReason {
    /// Why a bank took an ACH debit back, by Nacha's code.
    #[must_use]
    pub fn of_return(code: &str) -> Self {
        match code {
            "R01" | "R09" => Self::InsufficientFunds,
            "R02" | "R03" | "R04" => Self::AccountClosed,
            "R05" | "R07" | "R10" | "R11" | "R29" => Self::NotAuthorised,
            "R08" | "R16" | "R20" => Self::Stopped,
            _ => Self::Declined,
        }
    }
}

/// One of Nacha's limits on how many of a merchant's debits come back. Whoever is above one may be fined, or be debited for
/// no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnLimit {
    /// R05, R07, R10, R11, R29.
    Unauthorised,
    /// R02 to R04.
    Administrative,
    /// All returns.
    Overall,
}

impl ReturnLimit {
    pub const ALL: [Self; 3] = [Self::Unauthorised, Self::Administrative, Self::Overall];

    /// In thousandths of the debits.
    const fn permille(self) -> u64 {
        match self {
            Self::Unauthorised => 5,
            Self::Administrative => 30,
            Self::Overall => 150,
        }
    }

    /// Whether a debit that came back for this reason counts. A gateway that keeps the bank's code to itself lets it count
    /// among all alone.
    #[must_use]
    pub const fn counts(self, reason: DeclineReason) -> bool {
        match self {
            Self::Unauthorised => matches!(reason, DeclineReason::NotAuthorised),
            Self::Administrative => matches!(reason, DeclineReason::AccountClosed),
            Self::Overall => true,
        }
    }

    /// Whether too many came back of those that were sent.
    #[must_use]
    pub const fn is_exceeded(self, returned: u64, sent: u64) -> bool {
        returned >= RETURNS_MIN && returned.saturating_mul(1_000) > sent.saturating_mul(self.permille())
    }

    /// What staff call it by in addresses and forms.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unauthorised => "debit_returns:unauthorised",
            Self::Administrative => "debit_returns:administrative",
            Self::Overall => "debit_returns:overall",
        }
    }

    /// What is wrong, for staff.
    #[must_use]
    pub fn cause(self, returned: u64, sent: u64) -> String {
        let (why, limit) = match self {
            Self::Unauthorised => (" as not authorised by the account’s owner", "0.5 %"),
            Self::Administrative => (" because the account is closed or its number is wrong", "3 %"),
            Self::Overall => ("", "15 %"),
        };
        format!(
            "Of {sent} bank debits of the last 60 days, {returned} came back{why}: Nacha, whose rules banks hold debits to, \
             allows {limit}."
        )
    }

    /// What a person does about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unauthorised => {
                "Ask these payers whether they know the debits, and what they read on their statements. It ends by itself \
                 when fewer come back; until then the gateway may stop your debits."
            }
            Self::Administrative => {
                "Ask these payers to enter their accounts anew under Methods. It ends by itself when fewer come back; until \
                 then the gateway may stop your debits."
            }
            Self::Overall => {
                "Look through the debits that came back, and ask these payers to pay by card. It ends by itself when fewer \
                 come back; until then the gateway may stop your debits."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debit::ReasonClass;

    #[test]
    fn d10_the_codes_of_returned_debits_are_sorted_by_what_the_payer_can_do() {
        for (codes, expected) in [
            ("R01", DeclineReason::InsufficientFunds),
            ("R02 R03 R04", DeclineReason::AccountClosed),
            ("R05 R07 R10 R11 R29", DeclineReason::NotAuthorised),
            ("R08 R16 R20", DeclineReason::Stopped),
            ("R31 R99", DeclineReason::Declined),
        ] {
            for code in codes.split(' ') {
                assert_eq!(DeclineReason::of_return(code), expected, "{code}");
            }
        }
        // Nacha has debits presented again for these two alone.
        for code in (1..100).map(|number| format!("R{number:02}")) {
            let is_soft = DeclineReason::of_return(&code).class() == ReasonClass::Soft;
            assert_eq!(is_soft, matches!(code.as_str(), "R01" | "R09"), "{code}");
        }
    }

    #[test]
    fn d10_each_code_counts_against_the_limits_that_nacha_has_it_count_against() {
        use ReturnLimit as L;
        for (code, unauthorised, administrative) in [
            ("R01", false, false),
            ("R02", false, true),
            ("R03", false, true),
            ("R04", false, true),
            ("R05", true, false),
            ("R07", true, false),
            ("R08", false, false),
            ("R10", true, false),
            ("R11", true, false),
            ("R16", false, false),
            ("R20", false, false),
            ("R29", true, false),
            ("R31", false, false),
        ] {
            let counts = L::ALL.map(|limit| limit.counts(DeclineReason::of_return(code)));
            assert_eq!(counts, [unauthorised, administrative, true], "{code}");
        }
        let kept_secret = L::ALL.map(|limit| limit.counts(DeclineReason::TakenBack));
        assert_eq!(kept_secret, [false, false, true], "no code is guessed");
    }

    #[test]
    fn d10_an_alarm_takes_more_than_the_limit_and_more_than_one_bad_account() {
        use ReturnLimit as L;
        for (limit, returned, sent, exceeded) in [
            (L::Unauthorised, 3, 599, true),
            (L::Unauthorised, 3, 600, false),
            (L::Administrative, 3, 99, true),
            (L::Administrative, 3, 100, false),
            (L::Overall, 3, 19, true),
            (L::Overall, 3, 20, false),
            (L::Overall, 2, 2, false),
            (L::Unauthorised, 1, 2, false),
            (L::Overall, 0, 0, false),
            (L::Unauthorised, u64::MAX, u64::MAX, false),
        ] {
            assert_eq!(limit.is_exceeded(returned, sent), exceeded, "{limit:?}: {returned} of {sent}");
        }
        for limit in L::ALL {
            let cause = limit.cause(3, 19);
            assert!(cause.starts_with("Of 19 bank debits") && cause.contains(" 3 came back"), "{cause}");
            assert!(cause.ends_with(" %.") && limit.remedy().ends_with('.'), "{limit:?}");
        }
    }
}
