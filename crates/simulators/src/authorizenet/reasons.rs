//! Reason codes: which response code they come with, and the vendor's words. Pure.
//! Source: `wire/gateways.md`, 3.3 to 3.6, and the vendor's published list of reason codes.

/// What became of the money, or of the try to move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Reason(pub u32);

impl Reason {
    pub const APPROVED: Self = Self(1);
    pub const DECLINED: Self = Self(2);
    pub const AMOUNT: Self = Self(5);
    pub const CARD_NUMBER: Self = Self(6);
    pub const EXPIRY: Self = Self(7);
    pub const CARD_EXPIRED: Self = Self(8);
    pub const ROUTING_NUMBER: Self = Self(9);
    pub const ACCOUNT_NUMBER: Self = Self(10);
    pub const DUPLICATE: Self = Self(11);
    pub const INACTIVE_ACCOUNT: Self = Self(13);
    pub const NOT_FOUND: Self = Self(16);
    pub const MISSING: Self = Self(33);
    pub const CAPTURE_TOO_HIGH: Self = Self(47);
    pub const NOT_CREDITABLE: Self = Self(54);
    pub const CREDITS_EXCEED: Self = Self(55);
    pub const CARD_CODE: Self = Self(65);
    /// The card has not enough, and the rest may be paid by another one.
    pub const PARTIAL: Self = Self(295);
    pub const ALREADY_VOIDED: Self = Self(310);
    pub const ALREADY_CAPTURED: Self = Self(311);

    /// 1 approved, 2 declined, 3 error, 4 held for review.
    pub fn response_code(self) -> u8 {
        match self.0 {
            1 | 310 | 311 => 1,
            2..=4 | 27 | 28 | 41 | 44 | 45 | 65 | 127 | 165 | 171 | 172 | 174 | 191 | 200..=224 | 250 | 251 | 254 => 2,
            193 | 252 | 253 | 295 => 4,
            _ => 3,
        }
    }

    pub fn text(self) -> &'static str {
        match self.0 {
            1 => "This transaction has been approved.",
            5 => "A valid amount is required.",
            6 => "The credit card number is invalid.",
            7 => "Credit card expiration date is invalid.",
            8 => "The credit card has expired.",
            9 => "The ABA code is invalid.",
            10 => "The account number is invalid.",
            11 => "A duplicate transaction has been submitted.",
            13 => "The merchant login ID or password is invalid or the account is inactive.",
            16 => "The transaction cannot be found.",
            17 => "The merchant does not accept this type of credit card.",
            18 => "ACH transactions are not accepted by this merchant.",
            19..=23 => "An error occurred during processing. Please try again.",
            25 | 26 => "An error occurred during processing. Please try again.",
            27 => {
                "The transaction has been declined because of an AVS mismatch. The address provided does not match \
                   billing address of cardholder."
            }
            33 => "A required field cannot be left blank.",
            47 => "The amount requested for settlement cannot be greater than the original amount authorized.",
            54 => "The referenced transaction does not meet the criteria for issuing a credit.",
            55 => "The sum of credits against the referenced transaction would exceed original debit amount.",
            57..=63 => "An error occurred in processing. Please try again.",
            193 => "The transaction is currently under review.",
            252 | 253 => "Your order has been received. Thank you for your business!",
            295 => "The amount of this request was only partially approved on the given prepaid card.",
            310 => "This transaction has already been voided.",
            311 => "This transaction has already been captured.",
            _ if self.response_code() == 2 => "This transaction has been declined.",
            _ => "There has been an error processing this transaction.",
        }
    }

    /// For the fault `decline:CODE`: a reason code by its number, or a word of the demo's other gateway.
    pub fn armed(code: &str) -> Self {
        match code {
            "expired_card" => Self::CARD_EXPIRED,
            "incorrect_cvc" => Self::CARD_CODE,
            "incorrect_number" => Self::CARD_NUMBER,
            "processing_error" => Self(19),
            _ => code.parse().ok().filter(|code| *code > 1).map_or(Self::DECLINED, Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_response_code() {
        let codes = [(1, 1), (2, 2), (4, 2), (65, 2), (6, 3), (11, 3), (19, 3), (54, 3), (252, 4), (253, 4), (310, 1)];
        for (reason, response) in codes {
            assert_eq!(Reason(reason).response_code(), response, "{reason}");
        }
        assert_eq!(Reason::armed("insufficient_funds"), Reason::DECLINED);
        assert_eq!(Reason::armed("253"), Reason(253));
        assert_eq!((Reason::armed("295"), Reason::PARTIAL.response_code()), (Reason::PARTIAL, 4));
        assert_eq!(Reason::armed("1"), Reason::DECLINED);
    }
}
