//! What can go wrong in a use case, with its cause.

use crate::connect_words::NoConnection;
use chrono::{DateTime, Utc};
use connectors::{books::BooksError, endpoint::BadUrl, gateway::GatewayError};
use domain::{
    card_testing::HeldBy,
    import::RowError,
    ledger::Unbalanced,
    money::{Money, MoneyError},
    own_invoice::{NotNow, Wrong},
    payment::{DeclineReason, Refusal},
    quote::SessionRefusal,
    refund::RefundRefusal,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not yours: the two are never told apart (D20).
    #[error("not found")]
    NotFound,
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The books could not be asked, so no amount is certain and nothing is charged.
    #[error("the books cannot be asked")]
    BooksUnreachable(#[source] BooksError),
    #[error("the merchant has no working gateway")]
    NotSetUp,
    #[error("too many payments of one invoice at once")]
    Contended,
    /// Too many guesses came from this network, or too many documents were asked for.
    #[error("too many tries")]
    HeldBack { minutes: u32 },
    /// As many cards as may still be declined were being tried at this merchant all the while.
    #[error("no turn came free")]
    NoTurn,
    /// A job's program panicked; the words are in the log.
    #[error("the task crashed")]
    Crashed,
    #[error("a setting is wrong: {0}")]
    SetUp(String),
    #[error("the gateway did not do it")]
    Gateway(#[from] GatewayError),
    #[error("an amount cannot be computed")]
    Money(#[from] MoneyError),
    #[error("there is no document")]
    Document(#[from] documents::Error),
    #[error("a journal does not balance")]
    Ledger(#[from] Unbalanced),
    #[error("stored JSON cannot be read")]
    Json(#[from] serde_json::Error),
    #[error("the mail server did not take it: {0}")]
    Mail(String),
    #[error("the machine has no randomness")]
    NoRandomness,
    #[error("the password could not be hashed")]
    Hash,
    #[error(transparent)]
    Store(store::Error),
}

impl Error {
    /// The database's disk is full, or takes no writes.
    #[must_use]
    pub const fn is_unwritable(&self) -> bool {
        matches!(self, Self::Store(store::Error::Unwritable(_)))
    }

    /// Nothing was tried: the books take no calls before then.
    pub(crate) const fn not_before(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::BooksUnreachable(BooksError::NotNow { until }) => Some(*until),
            _ => None,
        }
    }

    /// Too many wanted the same at the same moment: it may be asked again in a while.
    #[must_use]
    pub const fn is_crowded(&self) -> bool {
        matches!(self, Self::Contended | Self::Store(store::Error::Busy(_)))
    }
}

impl From<store::Error> for Error {
    fn from(cause: store::Error) -> Self {
        match cause {
            store::Error::Missing => Self::NotFound,
            other => Self::Store(other),
        }
    }
}

/// What may be missing, as an option.
pub(crate) fn known<T>(found: Result<T, store::Error>) -> Result<Option<T>, Error> {
    match found {
        Err(store::Error::Missing) => Ok(None),
        found => Ok(Some(found?)),
    }
}

/// Why a payment was not started.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error("refused: {why:?}")]
    Refused {
        why: Refusal,
        /// The number of the invoice that it is about, when it is about one.
        invoice: Option<String>,
    },
    /// The page says something else by now than the form showed: it must be read again.
    #[error("the form showed other words")]
    WordsMoved,
    /// The form has made a payment already, of another amount or in another way.
    #[error("the form was used for another payment")]
    FormUsed,
    /// The e-mail address for the receipt cannot be one.
    #[error("not an e-mail address")]
    BadEmail,
    /// The saved method is not there for this payer, or cannot be charged.
    #[error("the saved method cannot be charged")]
    MethodGone,
    /// An invoice is kept for the credit of a quote.
    #[error("the credit of a quote covers it")]
    Covered,
    /// What is paid with has a surcharge that the form did not show, or none where it showed one: nothing is charged before
    /// the sum was seen.
    #[error("the form showed another surcharge")]
    SurchargeMoved { added: Money, paid_by: String },
    /// The gateway could not say which card it is, and the sum hangs on that.
    #[error("the card could not be read")]
    CardUnread,
    /// Nothing was sent to the gateway (`domain::card_testing`).
    #[error("too many cards were tried in vain: {by:?}")]
    TooManyTries { by: HeldBy, minutes: u32, support_email: String },
    /// The intent may have been committed or not: if it was, the sweep charges it.
    #[error("it is not known whether a payment has begun")]
    Unsure(#[source] store::Error),
    #[error(transparent)]
    Engine(#[from] Error),
}

impl TakeError {
    /// About one invoice.
    pub(crate) fn of(invoice: &str) -> impl Fn(Refusal) -> Self {
        move |why| Self::Refused { why, invoice: Some(invoice.to_owned()) }
    }

    /// About what was chosen together.
    pub(crate) const fn of_all(why: Refusal) -> Self {
        Self::Refused { why, invoice: None }
    }
}

impl From<store::Error> for TakeError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

/// Why a press in the inbox has mended nothing.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    /// A charge that is missing here stays missing: why, and what helps, in sentences for staff.
    #[error("not taken in: {0}")]
    NotTakenIn(String),
    /// What became of a payment or a refund stays undecided: why, likewise.
    #[error("not decided: {0}")]
    Undecided(String),
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for MendError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

/// Why a method is not kept.
#[derive(Debug, thiserror::Error)]
pub enum MethodError {
    #[error("refused: {0:?}")]
    Refused(DeclineReason),
    /// The words of the authority are not those that the form showed.
    #[error("the words have changed")]
    WordsMoved,
    /// The authority bears no name.
    #[error("not signed")]
    NotSigned,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for MethodError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

/// Why no refund was started.
#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    #[error("refused: {0:?}")]
    Refused(RefundRefusal),
    /// The gateway's adapter cannot; what to do instead.
    #[error("no refunds through this gateway: {0}")]
    NotHere(&'static str),
    /// The gateway gives back no part of what has not settled.
    #[error("not settled yet")]
    PartTooEarly,
    /// Nobody says whether it stands: the payment's story will.
    #[error("a refund may have begun")]
    Unsure(#[source] store::Error),
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for RefundError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

/// Why nothing was written into books of our own.
#[derive(Debug, thiserror::Error)]
pub enum OwnBooksError {
    #[error("something is to be mended: {0:?}")]
    Wrong(Vec<Wrong>),
    #[error("not now: {0:?}")]
    NotNow(NotNow),
    /// Somebody has changed it since its page was opened.
    #[error("the page is old")]
    Outdated,
    /// The form has written something else already.
    #[error("the form was used for something else")]
    FormUsed,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl OwnBooksError {
    /// About one field.
    pub(crate) fn at(field: &str, words: &str) -> Self {
        Self::Wrong(vec![Wrong::at(field, words)])
    }
}

impl From<store::Error> for OwnBooksError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

impl From<Vec<Wrong>> for OwnBooksError {
    fn from(wrong: Vec<Wrong>) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<NotNow> for OwnBooksError {
    fn from(why: NotNow) -> Self {
        Self::NotNow(why)
    }
}

/// Why nothing of a table was taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// All that is wrong in it, by its lines.
    #[error("wrong on {} lines", .0.len())]
    Wrong(Vec<RowError>),
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for ImportError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

impl From<Vec<RowError>> for ImportError {
    fn from(wrong: Vec<RowError>) -> Self {
        Self::Wrong(wrong)
    }
}

/// Why books are not connected, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("not connected: {0:?}")]
    Not(NoConnection),
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<NoConnection> for ConnectError {
    fn from(why: NoConnection) -> Self {
        Self::Not(why)
    }
}

impl From<store::Error> for ConnectError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

/// Why what a merchant has set up stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{}", sentences(.0))]
    Wrong(Vec<Wrong>),
    #[error(transparent)]
    Engine(#[from] Error),
}

/// For a command, which has no fields.
fn sentences(wrong: &[Wrong]) -> String {
    wrong.iter().map(|wrong| wrong.words.as_str()).collect::<Vec<_>>().join(" ")
}

impl From<store::Error> for SettingsError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

impl From<Vec<Wrong>> for SettingsError {
    fn from(wrong: Vec<Wrong>) -> Self {
        Self::Wrong(wrong)
    }
}

/// Why events are not sent to an address, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("events cannot be sent there")]
    Url(#[from] BadUrl),
    #[error("events are sent there already")]
    Duplicate,
    #[error("events are sent to {max} addresses already: drop one first")]
    TooMany { max: usize },
    #[error("no events are sent there")]
    Unknown,
    /// Somebody has made another one since the form was opened.
    #[error("the secret was changed meanwhile")]
    SecretChanged,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for EndpointError {
    fn from(cause: store::Error) -> Self {
        if cause.is_duplicate("one_endpoint_per_url") { Self::Duplicate } else { Self::Engine(cause.into()) }
    }
}

/// Why a quoting program is not answered as it asked.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    #[error("refused: {why:?}")]
    Refused {
        why: SessionRefusal,
        /// Of the payment that is in the way.
        reference: Option<String>,
    },
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<SessionRefusal> for QuoteError {
    fn from(why: SessionRefusal) -> Self {
        Self::Refused { why, reference: None }
    }
}

impl From<store::Error> for QuoteError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

impl From<KeyError> for QuoteError {
    fn from(cause: KeyError) -> Self {
        match cause {
            KeyError::Unknown => SessionRefusal::InvalidKey.into(),
            KeyError::Disabled => SessionRefusal::IntegrationDisabled.into(),
            KeyError::Engine(error) => Self::Engine(error),
        }
    }
}

/// Why a program's key opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none, or it is retired, or is for something else.
    #[error("no such key")]
    Unknown,
    #[error("the integration is turned off")]
    Disabled,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for KeyError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Unknown address or wrong password: one answer for both.
    #[error("that e-mail address and password do not match")]
    NoMatch,
    #[error("too many tries")]
    LockedOut { minutes: u32 },
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for SignInError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}
