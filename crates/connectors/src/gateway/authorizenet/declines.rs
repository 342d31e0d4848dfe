//! The vendor's reasons for a "no", sorted by what the payer can do about it (D10). `wire/gateways.md` names 13 and those
//! to try again (3.1, 3.3); the others are recalled from the vendor's published list of reason codes.

use domain::payment::DeclineReason;

/// `errorCode`, or `responseReasonCode` of the details.
pub fn reason(code: &str) -> DeclineReason {
    match code {
        "7" | "8" | "316" | "317" => DeclineReason::Expired,
        // Approved for a part alone.
        "295" => DeclineReason::InsufficientFunds,
        "44" | "45" | "65" => DeclineReason::WrongSecurityCode,
        // Of the address, no more than the postal code is asked for.
        "27" | "127" => DeclineReason::WrongPostalCode,
        // Pick up card; the merchant's own filters against fraud; declined by the merchant's staff.
        "4" | "41" | "250" | "251" | "254" => DeclineReason::Blocked,
        "19" | "20" | "21" | "22" | "23" | "25" | "26" | "57" | "58" | "59" | "60" | "61" | "62" | "63" | "120"
        | "121" | "122" => DeclineReason::TryAgainLater,
        // Amount, account, processor, missing field, currency: nothing that another card would mend.
        "5" | "13" | "30" | "31" | "33" | "34" | "35" | "38" | "39" | "43" => DeclineReason::SetUp,
        _ => DeclineReason::Declined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d10_reasons_are_sorted_by_what_the_payer_can_do() {
        for (codes, expected) in [
            ("2 3 6 17 28 37 49 99999", DeclineReason::Declined),
            ("7 8", DeclineReason::Expired),
            ("295", DeclineReason::InsufficientFunds),
            ("44 45 65", DeclineReason::WrongSecurityCode),
            ("27 127", DeclineReason::WrongPostalCode),
            ("4 41 250 251 254", DeclineReason::Blocked),
            ("19 20 21 22 23 25 26 57 58 59 60 61 62 63", DeclineReason::TryAgainLater),
            ("13 33 39", DeclineReason::SetUp),
        ] {
            for code in codes.split(' ') {
                assert_eq!(reason(code), expected, "{code}");
            }
        }
        assert_eq!(reason(""), DeclineReason::Declined);
    }
}
