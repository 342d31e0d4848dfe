//! What a server function answers when it does not answer: the reader's words, and nothing private, because without
//! script a fault travels in a cookie or an address.

use crate::words::count;
use domain::{card_testing::HeldBy, money::Money, payment::DeclineReason};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Screens match on this, never on its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    #[error("We could not read that request. Go back, reload the page and try again.")]
    Malformed,
    #[error("There is nothing at this address, or it is not yours to see.")]
    NotFound,
    #[error("Sign in to see this page.")]
    SignInNeeded,
    #[error("This invoice is already paid. Nothing was charged.")]
    AlreadyPaid,
    #[error("This invoice cannot be paid now. Nothing was charged.")]
    NotPayable,
    /// The books' balance is not what the payer was shown (D11).
    #[error("The amount has changed since you opened the page. Nothing was charged.")]
    AmountMoved {
        was: Money,
        now: Money,
        /// Of the invoice.
        #[serde(default)]
        number: String,
    },
    #[error("Of invoice {}, enter an amount above zero, up to {}. Nothing was charged.", .number, .due.to_decimal())]
    NotWithin { number: String, due: Money },
    /// What is not paid in this way, in one sentence.
    #[error("{words}")]
    NotLikeThat { words: String },
    /// What the payer would agree to is not what they were shown (N15).
    #[error(
        "What you agree to by pressing Pay has changed since you opened the page. Nothing was charged. It stands beside the \
         button: enter the card again if you want to pay."
    )]
    WordsMoved,
    /// What is added for the way of paying is not what the form showed (N12).
    #[error("For {paid_by} another surcharge applies than the page showed. Nothing was charged.")]
    SurchargeMoved { added: Money, paid_by: String },
    /// Pressed once more in a form that a browser had kept.
    #[error("This form was used for another payment, which stands as it was. Nothing more was charged.")]
    PayFormUsed,
    #[error("Enter an e-mail address like name@company.com")]
    BadEmail,
    #[error("This saved method can no longer be charged. Choose another. Nothing was charged.")]
    MethodGone,
    #[error("{} Nothing was charged, and it is not saved.", .reason.words())]
    MethodRefused { reason: DeclineReason },
    #[error("A card can only be entered with JavaScript switched on. Switch it on and reload this page.")]
    NoCard,
    #[error("An account can only be entered with JavaScript switched on. Switch it on and reload this page.")]
    NoAccount,
    #[error(
        "The words of the authority have changed since you opened the page. Read them again, then save the account."
    )]
    AuthorityMoved,
    #[error("Type your name below the authority to give it.")]
    NotSigned,
    #[error("Enter an amount like 1204.50.")]
    BadAmount,
    #[error("Nothing is left of this payment that could be refunded.")]
    NothingToRefund,
    #[error("Enter an amount above zero, up to {}.", .left.to_decimal())]
    MoreThanLeft { left: Money },
    #[error("The payment is disputed at the bank, so what is disputed cannot be refunded as well.")]
    RefundDisputed,
    /// Typed into a form that a browser had kept.
    #[error("This form was used for a refund of {}. Open the payment again to refund more.", .refund.to_decimal())]
    RefundFormUsed { refund: Money },
    /// What is not refunded like that, in words.
    #[error("{words}")]
    NotRefunded { words: String },
    #[error("This payment has not settled yet, so only the whole of it can be refunded. A part of it can be tomorrow.")]
    PartTooEarly,
    #[error("Enter a reason.")]
    NoReason,
    #[error("Enter what was done, and a reference by which others find it.")]
    FixUnfilled,
    /// What needs a person has not ended: why, and what helps.
    #[error("{words}")]
    NotMended { words: String },
    #[error("Enter your e-mail address and your password.")]
    SignInUnfilled,
    #[error("That e-mail address and password do not match.")]
    NoMatch,
    #[error("Too many tries. Wait {}, then try again.", wait(.minutes))]
    LockedOut { minutes: u32 },
    #[error("{}", held_words(.by, .minutes, .support_email))]
    TooManyTries { by: HeldBy, minutes: u32, support_email: String },
    #[error("The accounting system cannot be reached, so nothing was charged. Try again in a minute.")]
    BooksUnreachable,
    #[error("The accounting system does not hand out this invoice just now. Try again in a minute.")]
    PdfUnreachable,
    #[error("Payments are not set up here yet. Nothing was charged.")]
    NotSetUp,
    #[error("No payment can be written down here just now, so nothing was charged. Try again in a few minutes.")]
    Unwritable,
    #[error(
        "We cannot say yet whether this payment has begun. Do not pay again: open the invoice’s link in a few minutes, it \
         says where the payment stands."
    )]
    Unsure,
    #[error(
        "We cannot say yet whether this refund has begun. Look here again in a few minutes before you refund more."
    )]
    RefundUnsure,
    #[error("Too many requests came at once. Wait a minute, then try again.")]
    TooMany,
    #[error("The connection was lost. Check it and try again.")]
    Offline,
    /// The cause is in the log beside this code.
    #[error("Something went wrong on our side. If you ask us about it, quote {incident}.")]
    Internal { incident: String },
}

impl Fault {
    /// The HTTP status of a page or an answer that ends in this fault.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::SignInNeeded | Self::NoMatch => 401,
            Self::NotFound => 404,
            Self::AlreadyPaid | Self::NotPayable | Self::AmountMoved { .. } => 409,
            Self::NotWithin { .. } | Self::NotLikeThat { .. } => 409,
            Self::WordsMoved | Self::AuthorityMoved | Self::SurchargeMoved { .. } => 409,
            Self::NothingToRefund | Self::MoreThanLeft { .. } | Self::NotRefunded { .. } | Self::PartTooEarly => 409,
            Self::MethodGone | Self::MethodRefused { .. } | Self::RefundFormUsed { .. } => 409,
            Self::RefundDisputed | Self::NotMended { .. } => 409,
            Self::BadEmail | Self::BadAmount | Self::NoReason | Self::FixUnfilled | Self::SignInUnfilled => 422,
            Self::NoCard | Self::NoAccount | Self::NotSigned | Self::PayFormUsed => 422,
            Self::LockedOut { .. } | Self::TooManyTries { .. } | Self::TooMany => 429,
            Self::Internal { .. } => 500,
            Self::BooksUnreachable | Self::PdfUnreachable | Self::NotSetUp | Self::Offline => 503,
            Self::Unwritable | Self::Unsure | Self::RefundUnsure => 503,
        }
    }

    /// The heading of a page that shows nothing but this fault.
    #[must_use]
    pub const fn heading(&self) -> &'static str {
        match self {
            Self::NotFound => "We cannot find that page",
            Self::SignInNeeded => "Please sign in",
            Self::Malformed => "That request made no sense to us",
            Self::TooMany | Self::LockedOut { .. } => "Please wait a moment",
            Self::TooManyTries { .. } => "No more cards can be tried just now",
            Self::Offline => "You seem to be offline",
            Self::AlreadyPaid | Self::NotPayable | Self::AmountMoved { .. } | Self::WordsMoved | Self::MethodGone => {
                "Nothing was charged"
            }
            Self::NotWithin { .. } | Self::NotLikeThat { .. } | Self::SurchargeMoved { .. } | Self::Unwritable => {
                "Nothing was charged"
            }
            Self::Unsure | Self::RefundUnsure => "We are checking",
            Self::MethodRefused { .. } => "It is not saved",
            Self::NoCard => "The card is not saved",
            Self::NoAccount | Self::AuthorityMoved | Self::NotSigned => "The account is not saved",
            Self::BadAmount
            | Self::NoReason
            | Self::NothingToRefund
            | Self::RefundDisputed
            | Self::MoreThanLeft { .. }
            | Self::NotRefunded { .. }
            | Self::PartTooEarly => "Nothing was refunded",
            Self::RefundFormUsed { .. } => "Nothing more was refunded",
            Self::PayFormUsed => "Nothing more was charged",
            Self::FixUnfilled => "It is not marked as fixed",
            Self::NotMended { .. } => "It stays open",
            Self::BadEmail | Self::NoMatch | Self::SignInUnfilled => "Please check what you entered",
            Self::PdfUnreachable => "The PDF cannot be opened now",
            Self::BooksUnreachable | Self::NotSetUp | Self::Internal { .. } => "This did not work",
        }
    }
}

/// What was seen, when to come back, and what else can be done.
fn held_words(by: &HeldBy, minutes: &u32, support_email: &str) -> String {
    let (seen, way) = match by {
        HeldBy::Invoice => ("Several cards were declined for this invoice.", ""),
        HeldBy::Payer => ("Many of your tries came to nothing.", ""),
        HeldBy::Network => ("Many tries from your network came to nothing.", " sign in to pay now,"),
        HeldBy::Merchant => ("Many cards are being declined here at the moment.", " sign in to pay now,"),
    };
    format!("{seen} Nothing was charged. Try again in {},{way} or write to {support_email}.", wait(minutes))
}

fn wait(minutes: &u32) -> String {
    count(*minutes as usize, "minute")
}

impl FromServerFnError for Fault {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Offline,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Malformed
            }
            _ => Self::Internal { incident: "TRANSPORT".into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framework_error_tells_nothing_of_its_cause() {
        let fault = Fault::from_server_fn_error(ServerFnErrorErr::Args("password=hunter2".into()));
        assert_eq!(fault, Fault::Malformed);
        let fault = Fault::from_server_fn_error(ServerFnErrorErr::ServerError("db at 10.0.0.1".into()));
        assert!(!fault.to_string().contains("10.0.0.1"));
    }

    #[test]
    fn whoever_may_try_no_more_cards_reads_when_and_what_else() {
        for (by, sign_in) in
            [(HeldBy::Invoice, false), (HeldBy::Payer, false), (HeldBy::Network, true), (HeldBy::Merchant, true)]
        {
            let fault = Fault::TooManyTries { by, minutes: 7, support_email: "help@msp.example".into() };
            let words = fault.to_string();
            assert!(words.contains("in 7 minutes") && words.ends_with("or write to help@msp.example."), "{words}");
            assert_eq!(words.contains("sign in"), sign_in, "only where it helps: {words}");
            assert_eq!(fault.status(), 429);
        }
        assert!(Fault::LockedOut { minutes: 1 }.to_string().contains("Wait 1 minute,"));
    }
}
