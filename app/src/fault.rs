//! What a server function answers when it does not answer: the reader's words, and nothing private, because without
//! script a fault travels in a cookie or an address.

use domain::money::Money;
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
    AmountMoved { was: Money, now: Money },
    #[error("Enter an e-mail address like name@company.com")]
    BadEmail,
    #[error("That e-mail address and password do not match.")]
    NoMatch,
    #[error("Too many tries. Wait {minutes} minutes, then try again.")]
    LockedOut { minutes: u32 },
    #[error("The accounting system cannot be reached, so nothing was charged. Try again in a minute.")]
    BooksUnreachable,
    #[error("Payments are not set up here yet. Nothing was charged.")]
    NotSetUp,
    #[error("Too many requests came from your network. Wait a minute, then try again.")]
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
            Self::BadEmail => 422,
            Self::LockedOut { .. } | Self::TooMany => 429,
            Self::Internal { .. } => 500,
            Self::BooksUnreachable | Self::NotSetUp | Self::Offline => 503,
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
            Self::Offline => "You seem to be offline",
            Self::AlreadyPaid | Self::NotPayable | Self::AmountMoved { .. } => "Nothing was charged",
            Self::BadEmail | Self::NoMatch => "Please check what you entered",
            Self::BooksUnreachable | Self::NotSetUp | Self::Internal { .. } => "This did not work",
        }
    }
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
}
