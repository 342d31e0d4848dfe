//! The port to whoever takes the money. Shape and reasons: `wire/gateways.md`, 1.4-1.5.

pub mod authorizenet;
mod bearer;
mod capabilities;
pub mod globalpayments;
mod news;
pub mod payrix;
pub mod sandbox;
mod stage;
pub mod stripe;

pub use crate::news::WebhookError;
pub use capabilities::{Capabilities, Cards, LateNews, News, PageLife, Refunds, Wire};
pub use news::WebhookNews;
pub use stage::{Stage, stage_of};

use crate::{
    http::{Answer, HttpError},
    news::UNREADABLE,
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    card::CardKind,
    dispute::DisputeSeen,
    ids::{AttemptId, CustomerId, MethodId, RefundId},
    method::{MethodKind, MethodSeen},
    money::Money,
    payment::{DeclineReason, Fact, MethodFace, Observation},
    payout::{Breakdown, PayoutLineKind, PayoutState},
    refund::RefundSeen,
    views::MethodEntry,
};
use http::HeaderMap;
use std::{sync::Arc, time::Duration};

/// The portal's clock; the demo's can be moved.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// One refund. Everything in it comes from stored columns: the same request is sent again to look it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Its text is the idempotency key, and what the refund is found by at the gateway.
    pub refund: RefundId,
    /// The charge whose money is paid back.
    pub charge: ChargeRequest,
    /// The gateway's id of that charge's payment.
    pub charge_gateway_id: String,
    pub amount: Money,
}

/// All that is known about a refund whose outcome is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundLookUp {
    pub request: RefundRequest,
    /// The gateway's id of the refund, once we have one.
    pub gateway_id: Option<String>,
    /// The id that somebody says it has. It may be another one, and must be proved: by our name, or by charge and amount
    /// where refunds bear none.
    pub told: Option<String>,
    /// When the request was first sent.
    pub sent_at: DateTime<Utc>,
}

/// A refund as a gateway lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRefund {
    /// Ours; absent for one that was made by others.
    pub refund: Option<RefundId>,
    /// The gateway's id of the payment that it is of.
    pub charge_gateway_id: Option<String>,
    pub gateway_id: String,
    pub amount: Money,
    /// The money has gone back, and did not come again.
    pub is_paid: bool,
}

/// A refund as a gateway tells of it by its own id, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRefund {
    /// Ours; absent for one that was made by others.
    pub refund: Option<RefundId>,
    /// The gateway's id of the payment that it is of.
    pub charge_gateway_id: Option<String>,
    pub seen: RefundSeen,
    /// Where the gateway says so.
    pub made_at: Option<DateTime<Utc>>,
}

/// A dispute as a gateway tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadDispute {
    /// The gateway's id of the payment whose money it is about.
    pub charge_gateway_id: Option<String>,
    pub seen: DisputeSeen,
}

/// Money that a gateway says it took for one of our attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub attempt: AttemptId,
    pub gateway_id: String,
    pub amount: Money,
    /// The money is the merchant's by now, and was only promised before.
    pub is_settled: bool,
    /// By a bank debit.
    pub is_debit: bool,
}

/// What moved on the merchant's balance at a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceMove {
    pub at: DateTime<Utc>,
    /// Negative, when it went.
    pub amount: Money,
    /// What the gateway took for it beside that.
    pub fee: Money,
    /// On its way to the merchant's bank, or back from there.
    pub is_payout: bool,
}

/// A payout to the merchant's bank as a gateway lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPayout {
    pub gateway_id: String,
    /// Negative, when the gateway takes money from the bank.
    pub amount: Money,
    pub state: PayoutState,
    /// The day on which the bank has it, or is to have it.
    pub arrives_on: NaiveDate,
    pub created_at: DateTime<Utc>,
    /// Why it failed, in the gateway's words.
    pub failure: Option<String>,
    pub breakdown: Breakdown,
}

/// One thing that a payout consists of, whoever has moved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPayoutLine {
    pub kind: PayoutLineKind,
    pub at: DateTime<Utc>,
    /// Negative, when it went.
    pub amount: Money,
    /// What the gateway took for it beside that.
    pub fee: Money,
    /// The gateway's id of what moved it: a charge, a refund, a dispute, a payout; or of the line itself.
    pub gateway_id: String,
    /// The gateway's id of the payment that it is of.
    pub charge_gateway_id: Option<String>,
    /// What the gateway calls it, where it is of no payment.
    pub words: Option<String>,
}

/// One charge. Key and reference were committed before it is sent, and the same request is sent again to look it up,
/// so everything in it comes from stored columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRequest {
    pub attempt: AttemptId,
    /// Ours, unique per attempt, at most 255 characters.
    pub idempotency_key: String,
    /// What merchant and payer quote; shown at the gateway.
    pub reference: String,
    pub amount: Money,
    /// For the gateway's records: "Invoice INV-501, Acme Pty Ltd".
    pub description: String,
    pub receipt_email: Option<String>,
    pub how: ChargeHow,
    /// Its card will be kept once it has paid ([`Gateway::keep_paid`]), and the bank is told so.
    pub keep: bool,
    /// Nobody is there to answer a question of the bank's: it was not sent by its payer, but by the clock.
    pub unattended: bool,
    /// Of the card's address, where the payer was asked for it.
    pub postal_code: Option<String>,
    /// Where the payer comes back to after the bank's or the gateway's page.
    pub return_url: String,
    /// Where the payer comes back to after giving up on the gateway's page.
    pub cancel_url: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeHow {
    /// A token that the gateway's hosted fields made in the browser.
    Token(String),
    /// A method that the gateway keeps for this company, by its own ids of both.
    Saved { customer: String, method: String, kind: MethodKind },
    /// The payer will enter the card on the gateway's own page.
    HostedPage,
}

/// A method that a gateway is asked to keep. Everything in it comes from stored columns: the same request is sent again
/// to look it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRequest {
    /// Its text is the idempotency key.
    pub method: MethodId,
    pub kind: MethodKind,
    /// To debit a bank account; cards need none.
    pub authority: Option<Authority>,
    /// The payer's company, and what it is called at the gateway.
    pub customer: CustomerId,
    pub customer_name: String,
    /// The gateway's own id of the company, once it has one.
    pub gateway_customer: Option<String>,
    /// Of the gateway's hosted fields.
    pub token: String,
    /// Of the card's address, where the payer was asked for it.
    pub postal_code: Option<String>,
    /// Where the payer comes back to after the bank's page.
    pub return_url: String,
}

/// How a payer gave the authority to debit an account: what scheme and bank ask for in a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub given_at: DateTime<Utc>,
    pub address: String,
    pub user_agent: String,
}

/// All that is known about a method whose keeping is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLookUp {
    pub request: StoreRequest,
    /// The gateway's id of the request, once we have one.
    pub setup_id: Option<String>,
    /// When it was first sent.
    pub sent_at: DateTime<Utc>,
}

/// The card of a charge that took money, to be kept. Everything in it comes from stored columns: it may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepRequest {
    /// What it is kept as; its text is the idempotency key.
    pub method: MethodId,
    /// The payer's company, and what it is called at the gateway.
    pub customer: CustomerId,
    pub customer_name: String,
    /// The gateway's own id of the company, once it has one.
    pub gateway_customer: Option<String>,
    pub charge: ChargeRequest,
    /// The gateway's id of that charge's payment.
    pub charge_gateway_id: String,
}

/// A method that a gateway keeps, by its own ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMethod {
    pub kind: MethodKind,
    /// Of the request to keep it; absent for the card of a charge, where that has none.
    pub setup_id: Option<String>,
    /// Of the company under which it is kept.
    pub customer: String,
    pub method: String,
}

/// What a gateway has of a method that it shall keep no longer, by its own ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgetRequest {
    /// Of the request to keep it, which may still wait for its payer.
    pub setup_id: Option<String>,
    /// Of the method itself.
    pub gateway_method: Option<String>,
}

/// All that is known about an attempt whose outcome is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    /// Repeats the very same request where the gateway replays answers.
    pub request: ChargeRequest,
    /// The gateway's id, once we have one.
    pub gateway_id: Option<String>,
    /// The id in the gateway's news that made us ask. It may be another one, and must be proved by our name.
    pub told: Option<String>,
    /// When the request was first sent.
    pub sent_at: DateTime<Utc>,
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T = Observation> {
    Seen(T),
    /// No trace of it, and nothing will come of it any more. Proof only when it is said twice, some minutes apart.
    NotThere,
    TooEarlyToSay,
}

impl<T> Found<T> {
    /// The same of what `make` makes of what was seen.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Found<U> {
        match self {
            Self::Seen(seen) => Found::Seen(make(seen)),
            Self::NotThere => Found::NotThere,
            Self::TooEarlyToSay => Found::TooEarlyToSay,
        }
    }
}

/// Why a call brought no observation.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Refused before a byte was written: the same key may be sent again.
    #[error("nothing was sent to the gateway: {0}")]
    NotSent(String),
    /// The gateway understood and rejected the request itself: a fault of set-up or of ours.
    #[error("the gateway refused the request ({code}): {message}")]
    Refused { code: String, message: String },
    /// Throttled or locked: the same key, later.
    #[error("the gateway is busy")]
    Busy { after: Option<Duration> },
    /// Anything else after the first byte: the outcome is unknown.
    #[error("the gateway's answer cannot be trusted: {0}")]
    Unknown(String),
}

impl From<HttpError> for GatewayError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::NotSent(_) => Self::NotSent(error.to_string()),
            HttpError::Unknown(_) | HttpError::TooLarge => Self::Unknown(error.to_string()),
        }
    }
}

/// An answer from which nothing follows.
fn unreadable(answer: &Answer) -> GatewayError {
    GatewayError::Unknown(format!("HTTP {} with an answer of {} bytes", answer.status, answer.body.len()))
}

/// For adapters whose [`Capabilities::disputes`] is false.
fn tells_of_none() -> GatewayError {
    refused("tells_of_none", "this gateway is not asked about disputes")
}

/// For adapters whose [`Capabilities::balance`] is false.
fn tells_no_balance() -> GatewayError {
    refused("tells_no_balance", "this gateway is not asked about the merchant's balance")
}

/// For adapters whose [`Capabilities::payouts`] is false.
fn tells_no_payouts() -> GatewayError {
    refused("tells_no_payouts", "this gateway is not asked about payouts")
}

/// For adapters whose [`Capabilities::reads_cards`] is false.
fn reads_none() -> GatewayError {
    refused("reads_none", "this gateway tells of no card before it is charged")
}

/// For adapters whose [`Capabilities::stores`] or [`Capabilities::keeps_paid`] is false.
fn keeps_none() -> GatewayError {
    refused("keeps_none", "this gateway keeps no methods")
}

/// For a page that was asked for and is not known to be open. No card is tried before: without a readable answer nobody
/// has its address, so nothing will come of it.
fn unopened(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::NotSent(_) | GatewayError::Refused { .. } => error,
        GatewayError::Busy { .. } | GatewayError::Unknown(_) => GatewayError::NotSent(error.to_string()),
    }
}

fn refused(code: &str, message: &str) -> GatewayError {
    GatewayError::Refused { code: code.to_owned(), message: message.to_owned() }
}

/// What comes of a charge to a saved method that the gateway keeps no more: its payer chooses another one.
fn no_longer_kept() -> Observation {
    Observation::bare(Fact::BankNo { reason: DeclineReason::NoLongerKept })
}

/// How long an adapter may still be busy once a charge was answered, before [`Gateway::charge`] returns. Short, because
/// the payer waits.
pub const AFTERWORK_MAX: Duration = Duration::from_secs(5);

/// One gateway account. What only some can do is refused by default, and the contract test holds it against the
/// capabilities (p14).
#[async_trait]
pub trait Gateway: Send + Sync {
    fn capabilities(&self) -> &Capabilities;

    /// What the payer's browser needs to offer the gateway's methods of this kind.
    fn method_entry(&self, kind: MethodKind) -> MethodEntry;

    /// What a card is, by a token of it or a method that is kept. Charges and keeps nothing.
    async fn read_card(&self, _token: &str) -> Result<CardKind, GatewayError> {
        Err(reads_none())
    }

    /// Charges once: create and confirm in one call, or open the gateway's own page.
    async fn charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError>;

    /// The only way out of `Unknown`. Never charges a second time.
    async fn find(&self, look_up: &LookUp) -> Result<Found, GatewayError>;

    /// Ends an attempt that waits for the payer. The observation says whether it ended or was paid meanwhile.
    async fn cancel(&self, gateway_id: &str) -> Result<Observation, GatewayError>;

    /// What was taken since then, by the gateway's own list. What other programs took there is left out.
    async fn taken_since(&self, since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError>;

    /// Pays money of a charge back, once for each refund. One that undoes the charge itself goes by the charge's id.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError>;

    /// As [`Gateway::find`], for a refund. Never pays a second time.
    async fn find_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError>;

    /// A refund by the gateway's own id of it, also one that others made.
    async fn read_refund(&self, gateway_id: &str) -> Result<ReadRefund, GatewayError>;

    /// Keeps a method for later charges, once for each id.
    async fn store(&self, _request: &StoreRequest) -> Result<MethodSeen, GatewayError> {
        Err(keeps_none())
    }

    /// As [`Gateway::find`], for a method. Never keeps it a second time.
    async fn find_stored(&self, _look_up: &StoreLookUp) -> Result<Found<MethodSeen>, GatewayError> {
        Err(keeps_none())
    }

    /// Keeps the card of a charge that took money, once for each id, however often it is asked.
    async fn keep_paid(&self, _request: &KeepRequest) -> Result<MethodSeen, GatewayError> {
        Err(keeps_none())
    }

    /// A method that is kept, as it stands now: ready says that it is there, and nothing of whether its bank pays.
    async fn read_kept(&self, _kept: &KeptMethod) -> Result<MethodSeen, GatewayError> {
        Err(keeps_none())
    }

    /// Ends the request to keep it, so that its payer cannot finish it any more, and keeps the method no longer. What the
    /// gateway has not got is forgotten already.
    async fn forget(&self, _request: &ForgetRequest) -> Result<(), GatewayError> {
        Err(keeps_none())
    }

    /// What was paid back since then, by the gateway's own list, also what others did there.
    async fn refunded_since(&self, since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError>;

    /// A dispute of a card by the gateway's own id of it.
    async fn read_dispute(&self, _gateway_id: &str) -> Result<ReadDispute, GatewayError> {
        Err(tells_of_none())
    }

    /// What was disputed since then, by the gateway's own list.
    async fn disputed_since(&self, _since: DateTime<Utc>) -> Result<Vec<ReadDispute>, GatewayError> {
        Err(tells_of_none())
    }

    /// What moved on the merchant's balance since then, whoever moved it.
    async fn balance_since(&self, _since: DateTime<Utc>) -> Result<Vec<BalanceMove>, GatewayError> {
        Err(tells_no_balance())
    }

    /// What was paid out to the merchant's bank since then, by when it was ordered.
    async fn payouts_since(&self, _since: DateTime<Utc>) -> Result<Vec<ListedPayout>, GatewayError> {
        Err(tells_no_payouts())
    }

    /// All that a payout consists of, where its [`Breakdown`] is told; the payout itself is none of it.
    async fn payout_lines(&self, _gateway_id: &str) -> Result<Vec<ListedPayoutLine>, GatewayError> {
        Err(tells_no_payouts())
    }

    /// Verifies the signature on the raw bytes, then says what the event is about. The event is a hint: what it claims
    /// is read again with [`Gateway::find`], [`Gateway::find_refund`] and their like. What is signed and cannot be read
    /// names nothing.
    ///
    /// # Errors
    /// A body that this gateway did not sign.
    fn webhook(&self, headers: &HeaderMap, raw: &[u8], now: DateTime<Utc>) -> Result<WebhookNews, WebhookError>;
}

/// A vendor's brand name as people write it: `visa` → `Visa`.
#[must_use]
pub fn method_face(brand: &str, last4: &str) -> MethodFace {
    let brand = match brand {
        "visa" => "Visa",
        "mastercard" => "Mastercard",
        "amex" => "American Express",
        "discover" => "Discover",
        "diners" => "Diners Club",
        "jcb" => "JCB",
        "unionpay" => "UnionPay",
        "" | "unknown" => "Card",
        other => other,
    };
    MethodFace { brand: brand.to_owned(), last4: last4.to_owned() }
}

/// A card by its masked number, where that ends in digits that may be shown.
fn masked_face(brand: Option<&str>, masked: &str) -> Option<MethodFace> {
    let last4 = masked.get(masked.len().checked_sub(4)?..)?;
    let brand = brand.unwrap_or_default().to_ascii_lowercase();
    last4.bytes().all(|byte| byte.is_ascii_digit()).then(|| method_face(&brand, last4))
}
