//! What callers ask for, already parsed.

use domain::{ids::PaymentId, money::Money, network::Network};

/// One press of Pay.
#[derive(Clone, Debug)]
pub struct Order {
    /// Minted with the form; the same id again is the same payment.
    pub payment: PaymentId,
    /// What the payer saw on the button.
    pub expected: Money,
    pub email: String,
    pub how: PayHow,
    /// Where the press came from.
    pub network: Network,
}

#[derive(Clone, Debug)]
pub enum PayHow {
    /// A token of the gateway's hosted fields.
    Token(String),
    /// On the gateway's own page: the way without script.
    HostedPage,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Free text: number, company, reference, gateway id.
    pub search: String,
    /// From 1; 0 is read as 1.
    pub page: u64,
}
