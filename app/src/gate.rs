//! Between a server function and the engine: who asks and with which right, and how a failure is told. A cause is
//! logged here, once, beside the code that the reader is given.

use crate::{addresses, fault::Fault, note::Note};
use axum::http::request::Parts;
pub use domain::access::Act;
use domain::{
    ids::CheckoutId,
    network::Network,
    payment::{DeclineReason, INVOICES_PER_PAYMENT_MAX, Refusal},
    refund::RefundRefusal,
    views::Whoami,
};
use engine::{
    AdminPass, Engine, GuestPass, MendError, MethodError, OperatorPass, PayerPass, RefundError, SignInError, TakeError,
};
use http::{
    HeaderName, HeaderValue, StatusCode, Uri,
    header::{ACCEPT, COOKIE, LOCATION, REFERER, SET_COOKIE, USER_AGENT},
};
use leptos::{prelude::*, server_fn::redirect::REDIRECT_HEADER};
use leptos_axum::ResponseOptions;
use leptos_router::location::Url;
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    net::{IpAddr, Ipv4Addr},
    panic::resume_unwind,
};

/// `__Host-wisepay_session`, or `wisepay_session` on plain http: a context that the server provides.
#[derive(Clone, Copy, Debug)]
pub struct CookieName(pub &'static str);

/// Where the request really came from: a request extension that the server sets, because it knows its proxies.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddr(pub IpAddr);

const NOTE_COOKIE: &str = "wisepay_note";
const NOTE_MAX_AGE_SECONDS: u32 = 60;
/// A gateway's own page is open for as long.
const KEPT_MAX_AGE_SECONDS: u32 = 60 * 60;
/// What tells one browser from another stands in the beginning.
const USER_AGENT_MAX_CHARS: usize = 200;

#[must_use]
pub fn engine() -> Engine {
    provided()
}

/// What the server provides with each request. Whoever leaves before the answer takes it along, and work that goes on for
/// nobody ends here: without a crash's hook, which would write a backtrace, and hold what that needs for ever.
fn provided<T: Clone + 'static>() -> T {
    use_context().unwrap_or_else(|| resume_unwind(Box::new("the visitor has left")))
}

/// Ends here what nobody waits for any more: the router, whom a page asks next, goes with its visitor too, and crashes whoever
/// misses it.
pub fn still_asked_for() {
    drop(engine());
}

/// # Errors
/// [`Fault::NotFound`] for a checkout that nobody opened.
pub async fn guest(checkout: CheckoutId, act: Act) -> Result<GuestPass, Fault> {
    answer(engine().guest(checkout, act).await)
}

/// # Errors
/// Nobody is signed in, or not as a payer.
pub async fn payer(act: Act) -> Result<PayerPass, Fault> {
    let token = session_token().ok_or(Fault::SignInNeeded)?;
    answer(engine().payer(&token, act).await)
}

/// Where guests may be as well.
///
/// # Errors
/// As above.
pub async fn payer_if_any(act: Act) -> Result<PayerPass, Fault> {
    let token = session_token().ok_or(Fault::SignInNeeded)?;
    answer(engine().payer_if_any(&token, act).await)
}

/// # Errors
/// Nobody is signed in, or not as a merchant's staff.
pub async fn admin(act: Act) -> Result<AdminPass, Fault> {
    let token = session_token().ok_or(Fault::SignInNeeded)?;
    answer(engine().admin(&token, act).await)
}

/// # Errors
/// Nobody is signed in, or not as the operator.
pub async fn operator(act: Act) -> Result<OperatorPass, Fault> {
    let token = session_token().ok_or(Fault::SignInNeeded)?;
    answer(engine().operator(&token, act).await)
}

/// # Errors
/// Nobody is signed in.
pub async fn whoami() -> Result<Whoami, Fault> {
    let token = session_token().ok_or(Fault::SignInNeeded)?;
    answer(engine().whoami(&token).await)?.ok_or(Fault::SignInNeeded)
}

/// The engine's answer as the browser gets it.
///
/// # Errors
/// The engine's error in the reader's words.
pub fn answer<T, E: Into<Fault>>(answer: Result<T, E>) -> Result<T, Fault> {
    answer.map_err(Into::into)
}

impl From<engine::Error> for Fault {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::NotFound => Self::NotFound,
            engine::Error::NotSignedIn => Self::SignInNeeded,
            engine::Error::BooksUnreachable(_) => Self::BooksUnreachable,
            engine::Error::NotSetUp => Self::NotSetUp,
            engine::Error::HeldBack { minutes } => Self::LockedOut { minutes },
            engine::Error::NoTurn => Self::LockedOut { minutes: 1 },
            crowded if crowded.is_crowded() => {
                let cause: &(dyn std::error::Error + 'static) = &crowded;
                tracing::warn!(cause, "a request was turned away: too many wanted the same at once");
                Self::TooMany
            }
            other => internal(&other),
        }
    }
}

impl From<TakeError> for Fault {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Refused { why, invoice } => refused(why, invoice.unwrap_or_default()),
            TakeError::WordsMoved => Self::WordsMoved,
            TakeError::SurchargeMoved { added, paid_by } => Self::SurchargeMoved { added, paid_by },
            TakeError::CardUnread => Self::NotLikeThat { words: DeclineReason::NotSent.words().to_owned() },
            TakeError::FormUsed => Self::PayFormUsed,
            TakeError::BadEmail => Self::BadEmail,
            TakeError::MethodGone => Self::MethodGone,
            TakeError::Covered => {
                Self::NotLikeThat { words: "This invoice is covered by quote credit. Nothing was charged.".to_owned() }
            }
            TakeError::TooManyTries { by, minutes, support_email } => Self::TooManyTries { by, minutes, support_email },
            TakeError::Unsure(cause) => {
                internal(&cause);
                Self::Unsure
            }
            TakeError::Engine(full) if full.is_unwritable() => {
                internal(&full);
                Self::Unwritable
            }
            TakeError::Engine(error) => error.into(),
        }
    }
}

/// `number` is the invoice's that it is about.
fn refused(why: Refusal, number: String) -> Fault {
    let words = match why {
        Refusal::AlreadyPaid => return Fault::AlreadyPaid,
        Refusal::NotPayable(_) => return Fault::NotPayable,
        Refusal::AmountMoved { shown, now } => return Fault::AmountMoved { was: shown, now, number },
        Refusal::NotWithin { due } => return Fault::NotWithin { number, due },
        Refusal::WholeOnly => format!("Invoice {number} can only be paid whole here. Nothing was charged."),
        Refusal::NothingChosen => "First select the invoices that you want to pay.".to_owned(),
        Refusal::TooMany => {
            format!("One payment can have up to {INVOICES_PER_PAYMENT_MAX} invoices. Select fewer of them.")
        }
        Refusal::Currencies => {
            "One payment has one currency. Select invoices of the same currency, and pay the others after them."
                .to_owned()
        }
    };
    Fault::NotLikeThat { words }
}

impl From<RefundError> for Fault {
    fn from(error: RefundError) -> Self {
        match error {
            RefundError::Refused(RefundRefusal::NothingLeft) => Self::NothingToRefund,
            RefundError::Refused(RefundRefusal::NotWithin { left }) => Self::MoreThanLeft { left },
            RefundError::Refused(RefundRefusal::Disputed) => Self::RefundDisputed,
            RefundError::Refused(RefundRefusal::FormUsed { refund }) => Self::RefundFormUsed { refund },
            RefundError::Refused(RefundRefusal::NotAllOwed) => {
                let words = "The invoice can be owed again only when all of the payment is refunded at once, its surcharge \
                             included.";
                Self::NotRefunded { words: words.to_owned() }
            }
            RefundError::NotHere(instead) => {
                Self::NotRefunded { words: format!("That is not refunded from here. {instead}") }
            }
            RefundError::PartTooEarly => Self::PartTooEarly,
            RefundError::Unsure(cause) => {
                internal(&cause);
                Self::RefundUnsure
            }
            RefundError::Engine(error) => error.into(),
        }
    }
}

impl From<MendError> for Fault {
    fn from(error: MendError) -> Self {
        match error {
            MendError::NotTakenIn(words) | MendError::Undecided(words) => Self::NotMended { words },
            MendError::Engine(error) => error.into(),
        }
    }
}

impl From<MethodError> for Fault {
    fn from(error: MethodError) -> Self {
        match error {
            MethodError::Refused(reason) => Self::MethodRefused { reason },
            MethodError::WordsMoved => Self::AuthorityMoved,
            MethodError::NotSigned => Self::NotSigned,
            MethodError::Engine(error) => error.into(),
        }
    }
}

impl From<SignInError> for Fault {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::NoMatch => Self::NoMatch,
            SignInError::LockedOut { minutes } => Self::LockedOut { minutes },
            SignInError::Engine(error) => error.into(),
        }
    }
}

/// Logs the cause beside a fresh code, and gives the reader the code alone.
pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Fault {
    // A fresh `RandomState` is seeded by the system: enough for a code that must only be found again in the log.
    let incident = format!("{:08X}", RandomState::new().build_hasher().finish() >> 32);
    tracing::error!(incident, cause, "a request failed");
    Fault::Internal { incident }
}

/// Sends the browser on: as a redirect to forms and pages, as a hint to our own script.
pub fn go_to(path: &str) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let Ok(location) = HeaderValue::from_str(path) else { return };
    response.insert_header(LOCATION, location);
    if asks_for_json() {
        response.insert_header(HeaderName::from_static(REDIRECT_HEADER), HeaderValue::from_static(""));
    } else {
        response.set_status(StatusCode::SEE_OTHER);
    }
}

/// A form is sent back to the page that explains; a script gets the fault itself.
#[must_use]
pub fn refuse(back: &str, note_path: &str, fault: Fault, email: &str) -> Fault {
    refuse_with(back, note_path, &Note::of(&fault, email));
    fault
}

/// Whose session has ended before they pressed a button: they sign in, and come back to the page with that button.
#[must_use]
pub fn signed_out(fault: Fault) -> Fault {
    if fault == Fault::SignInNeeded {
        let back = page_of_form().map_or("/sign-in".to_owned(), |page| addresses::sign_in(&page));
        refuse_with(&back, "/sign-in", &Note::of(&fault, ""));
    }
    fault
}

/// The page of ours that a form stands on.
fn page_of_form() -> Option<String> {
    let page = request(|parts| parts.headers.get(REFERER)?.to_str().ok()?.parse::<Uri>().ok())?;
    addresses::own_path(page.path_and_query()?.as_str()).map(str::to_owned)
}

/// [`refuse`] with more of what was typed.
pub fn refuse_with(back: &str, note_path: &str, note: &Note) {
    if !asks_for_json() {
        leave_note(note_path, note, NOTE_MAX_AGE_SECONDS);
        go_to(back);
    }
}

/// What was typed, for the pages under `path`, while its payer is at the gateway's.
pub fn keep(path: &str, note: &Note) {
    leave_note(path, note, KEPT_MAX_AGE_SECONDS);
}

fn leave_note(path: &str, note: &Note, max_age_seconds: u32) {
    let value = Url::escape(&serde_json::to_string(note).unwrap_or_default());
    set_cookie(&format!("{NOTE_COOKIE}={value}; Path={path}; Max-Age={max_age_seconds}"));
}

/// Reads the note that the last request left for this page, and removes what it says is wrong.
#[must_use]
pub fn take_note(path: &str, about: &str) -> Note {
    let note = cookie(NOTE_COOKIE).and_then(|value| serde_json::from_str(&Url::unescape(&value)).ok());
    let Some(note) = note.filter(|note: &Note| note.about == about) else { return Note::default() };
    if note.fault.is_some() {
        set_cookie(&format!("{NOTE_COOKIE}=; Path={path}; Max-Age=0"));
    }
    note
}

#[must_use]
pub fn session_token() -> Option<String> {
    cookie(provided::<CookieName>().0).filter(|token| !token.is_empty())
}

pub fn set_session(token: &str) {
    set_cookie(&format!("{}={token}; Path=/", provided::<CookieName>().0));
}

pub fn clear_session() {
    set_cookie(&format!("{}=; Path=/; Max-Age=0", provided::<CookieName>().0));
}

/// The network that the request comes from, for limits. A request that the server has not placed is nobody's.
#[must_use]
pub fn network() -> Network {
    let client = request(|parts| parts.extensions.get::<ClientAddr>().copied());
    Network::of(client.map_or(Ipv4Addr::UNSPECIFIED.into(), |client| client.0))
}

/// What the browser calls itself, for the record of what was agreed to.
#[must_use]
pub fn user_agent() -> Option<String> {
    request(|parts| {
        let told = parts.headers.get(USER_AGENT)?.to_str().ok()?.trim();
        Some(told.chars().take(USER_AGENT_MAX_CHARS).collect())
    })
}

/// Gives the page the status of what it tells.
pub fn set_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// Path and query of the page that is being rendered.
#[must_use]
pub fn this_address() -> String {
    request(|parts| parts.uri.path_and_query().map(ToString::to_string)).unwrap_or_default()
}

fn asks_for_json() -> bool {
    request(|parts| parts.headers.get(ACCEPT)?.to_str().ok().map(|accept| accept.starts_with("application/json")))
        .unwrap_or(false)
}

fn cookie(name: &str) -> Option<String> {
    request(|parts| {
        let pairs = parts.headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let mut pairs = pairs.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    })
}

/// What is read of the request that is answered. Lent, because a copy of it is one of each of its headers.
fn request<T>(read: impl FnOnce(&Parts) -> Option<T>) -> Option<T> {
    with_context::<Parts, _>(read).flatten()
}

/// `pair` is name, value and scope; what every cookie of ours has in common is added here.
fn set_cookie(pair: &str) {
    let secure = if provided::<CookieName>().0.starts_with("__Host-") { "; Secure" } else { "" };
    let Some(response) = use_context::<ResponseOptions>() else { return };
    if let Ok(value) = HeaderValue::from_str(&format!("{pair}; HttpOnly; SameSite=Lax{secure}")) {
        response.append_header(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_asked_to_wait_and_told_of_no_fault_of_ours() {
        let fault = Fault::from(TakeError::from(engine::Error::Contended));
        assert_eq!((fault.status(), fault), (429, Fault::TooMany));
    }
}
