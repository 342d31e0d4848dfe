//! A payment's proof pack: what is laid before a bank that asks whether the payer agreed (N15). Data only.

use crate::{
    date::Moment,
    money::Money,
    views::{MerchantFace, PaymentStory},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub merchant: MerchantFace,
    pub made_at: Moment,
    /// What was seen at the gateway and what followed, with postings and refunds.
    pub story: PaymentStory,
    /// One for each press of Pay.
    pub agreed: Vec<Agreed>,
    /// What the account's owner signed, where one was debited.
    pub authorities: Vec<Authorised>,
    pub notices: Vec<Notice>,
    pub trail: Trail,
}

/// What the payer was shown and agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    pub at: Moment,
    /// Absent in records from when a form did not have to say what it showed.
    pub version: Option<String>,
    pub wording: Option<String>,
    pub invoice_number: String,
    pub amount: Money,
    pub surcharge: Money,
    /// The network that it came from, and the browser.
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// Both were kept for as long as banks take disputes.
    pub forgotten: bool,
}

/// The authority that an account was debited under (S70).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorised {
    pub at: Moment,
    pub version: String,
    pub wording: String,
    /// The name that was typed below it.
    pub holder: String,
    /// Of whoever was signed in.
    pub email: String,
    pub address: String,
    pub user_agent: String,
    /// The account as it may be shown.
    pub account: Option<String>,
}

/// A mail to the payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub at: Moment,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub state: String,
}

/// The payment's lines in the merchant's audit trail, and whether the trail holds around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    pub lines: Vec<TrailLine>,
    /// Too young to be sealed.
    pub unsealed: usize,
    /// The lines that were computed anew, from and to; none when nothing is sealed. The payment's own may lie behind them.
    pub checked: Option<(i64, i64)>,
    /// It began after the payment: nobody wrote down then what payers agreed to.
    pub is_younger: bool,
    /// The payment was taken in from the gateway: what its payer agreed to was lost with the records of it.
    pub is_taken_in: bool,
    /// What does not hold, one sentence each.
    pub differences: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailLine {
    pub number: i64,
    pub at: Moment,
    pub what: String,
    /// An e-mail address, the id of somebody who has no place at the merchant, or who else it was in one word.
    pub actor: String,
    pub hash: String,
}
