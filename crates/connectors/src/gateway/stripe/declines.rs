//! Stripe's many codes of a "no", sorted by what the payer can do about it (D10). Codes: `wire/gateways.md`, 2.4 and 2.7.

use domain::payment::DeclineReason;

/// The bank's own `decline_code` says more than Stripe's `code`; either may be new to us.
pub fn reason(decline_code: Option<&str>, code: Option<&str>) -> DeclineReason {
    decline_code.and_then(known).or_else(|| code.and_then(known)).unwrap_or(DeclineReason::Declined)
}

fn known(code: &str) -> Option<DeclineReason> {
    Some(match code {
        "insufficient_funds" | "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => {
            DeclineReason::InsufficientFunds
        }
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => DeclineReason::Expired,
        "incorrect_cvc" | "invalid_cvc" => DeclineReason::WrongSecurityCode,
        "authentication_required"
        | "authentication_not_handled"
        | "mobile_device_authentication_required"
        | "payment_intent_authentication_failure" => DeclineReason::AuthenticationFailed,
        "lost_card" | "stolen_card" | "pickup_card" | "restricted_card" | "fraudulent" | "merchant_blacklist"
        | "security_violation" => DeclineReason::Blocked,
        "account_closed"
        | "bank_account_closed"
        | "no_account"
        | "bank_account_invalid_details"
        | "tokenized_account_number_deactivated" => DeclineReason::AccountClosed,
        "debit_not_authorized" | "revocation_of_authorization" | "revocation_of_all_authorizations" => {
            DeclineReason::NotAuthorised
        }
        "bank_account_frozen" | "bank_account_restricted" | "bank_account_unusable" | "stop_payment_order" => {
            DeclineReason::Stopped
        }
        "processing_error" | "try_again_later" | "issuer_not_available" | "reenter_transaction" | "approve_with_id" => {
            DeclineReason::TryAgainLater
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::debit::ReasonClass;

    #[test]
    fn d10_the_codes_of_debits_fall_into_three_classes() {
        for (codes, class) in [
            ("insufficient_funds", ReasonClass::Soft),
            ("bank_account_declined generic_could_not_process", ReasonClass::Fixable),
            ("account_closed bank_account_closed no_account bank_account_invalid_details", ReasonClass::Hard),
            ("tokenized_account_number_deactivated bank_account_frozen bank_account_restricted", ReasonClass::Hard),
            ("bank_account_unusable debit_not_authorized", ReasonClass::Hard),
        ] {
            for code in codes.split(' ') {
                assert_eq!(reason(None, Some(code)).class(), class, "{code}");
            }
        }
    }

    #[test]
    fn d10_the_banks_code_comes_first_and_an_unknown_one_is_a_plain_decline() {
        for (decline_code, code, expected) in [
            (Some("insufficient_funds"), Some("card_declined"), DeclineReason::InsufficientFunds),
            (None, Some("expired_card"), DeclineReason::Expired),
            (Some("generic_decline"), Some("incorrect_cvc"), DeclineReason::WrongSecurityCode),
            (Some("stolen_card"), Some("card_declined"), DeclineReason::Blocked),
            (None, Some("authentication_required"), DeclineReason::AuthenticationFailed),
            (Some("try_again_later"), Some("card_declined"), DeclineReason::TryAgainLater),
            (Some("a_code_of_2031"), Some("card_declined"), DeclineReason::Declined),
            (None, None, DeclineReason::Declined),
        ] {
            assert_eq!(reason(decline_code, code), expected, "{decline_code:?} {code:?}");
        }
    }
}
