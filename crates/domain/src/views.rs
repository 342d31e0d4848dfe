//! What the screens show: read models that the engine fills and the browser renders. Data and wording only.

mod connections;
mod pay;
mod staff;
mod sync;

pub use connections::{BooksOffer, ConnectionsPage, LaneFace, Used};
pub use pay::{
    CheckoutPage, Closed, ClosedReason, ConsentFace, GatewayFace, MethodEntry, Moved, Offer, OfferItem, Outcome,
    PaidBack, QuoteFace, ShareFace, Standing, TestMethod,
};
pub use staff::{
    AdminHome, AttemptFace, DeliveryFace, DisputeFace, EndpointBox, EndpointFace, ExceptionBox, ExceptionFace,
    FixedFace, Installation, InvoiceChoice, JobFace, MailBox, MailFace, MerchantRow, MissingCustomer, PaymentStory,
    PostingFace, Reallocation, RefundFace, RefundOffer, RefundPlan, StoryEvent,
};
pub use sync::SyncPage;

use crate::{
    access::Role,
    date::{Lateness, Moment},
    dispute::DisputeState,
    exception::Severity,
    ids::{InvoiceId, MethodId, PaymentId},
    invoice::InvoiceStatus,
    method::{Ends, MethodKind, MethodState},
    money::{Locale, Money},
    payment::AttemptState,
    refund::{RefundState, Refunded},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The merchant as its customers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerchantFace {
    pub name: String,
    pub locale: Locale,
    /// Whom to ask; shown on every page where something can go wrong.
    pub support_email: String,
    /// IANA name, `Pacific/Auckland`: all moments beside it are this zone's.
    pub time_zone: String,
}

/// An invoice in a list or at the top of the checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceFace {
    pub id: InvoiceId,
    pub number: String,
    /// Absent for a guest whose link does not name the company (`wire/connectwise.md`, 6.1).
    pub customer: Option<String>,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    pub lateness: Lateness,
    pub status: InvoiceStatus,
    pub total: Money,
    /// What is left to pay.
    pub due: Money,
    /// An attempt on it whose outcome is open.
    pub under_way: Option<UnderWay>,
    /// What it is for, when it is no invoice but an advance; may be empty.
    pub advance: Option<String>,
}

/// Whose turn it is with a payment that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnderWay {
    /// It waits for its payer, who can finish or give up.
    Payer,
    /// Gateway or bank have it: nobody should pay meanwhile.
    Others,
    /// It is paid, and the books do not have it yet: nothing is owed.
    Books,
    /// It was paid with its quote, whose credit is still to be applied (N1).
    Credit,
}

impl InvoiceFace {
    /// What was paid so far, when some but not all of it was (D14).
    #[must_use]
    pub fn part_paid(&self) -> Option<Money> {
        let paid = self.total.minus(self.due).ok()?;
        (self.status == InvoiceStatus::Open && paid.is_positive()).then_some(paid)
    }
}

/// A saved method as its payer reads it: never more of it than this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMethod {
    pub id: MethodId,
    /// `Visa ··4242`.
    pub face: String,
    /// The payer's own name for it; may be empty.
    pub nickname: String,
    /// When a card ends, in words.
    pub end: Option<String>,
    pub ends: Ends,
    pub state: MethodState,
    /// Chosen beforehand.
    pub is_default: bool,
    pub kind: MethodKind,
    /// By when a debit of today clears as a rule; none for what is decided at once.
    pub clears_by: Option<NaiveDate>,
    /// Where the payer must go to act.
    pub action_url: Option<String>,
    /// What is wrong with it, in the payer's words.
    pub trouble: Option<String>,
}

/// A company's saved methods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodsPage {
    pub who: Whoami,
    pub methods: Vec<SavedMethod>,
    /// What the merchant's gateway keeps.
    pub can_add: Vec<MethodKind>,
    /// What is still to be charged to them, the next one first.
    pub planned: Vec<PlannedDebit>,
}

/// A debit that is to be tried again, as its payer was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDebit {
    pub method: MethodId,
    /// `INV-501, INV-502`
    pub invoices: String,
    pub amount: Money,
    pub on: NaiveDate,
}

/// What the form for another method needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMethod {
    pub who: Whoami,
    /// Minted with this page: the same form sent twice is the same method.
    pub method: MethodId,
    pub kind: MethodKind,
    pub gateway: GatewayFace,
    /// What its owner signs; cards need none.
    pub authority: Option<ConsentFace>,
    /// The saved method that it takes the place of, and what that is called.
    pub replaces: Option<(MethodId, String)>,
}

/// Somebody's place in the portal: drawn as header and menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whoami {
    pub email: String,
    pub role: Role,
    /// The merchant; the installation's name for an operator.
    pub merchant: String,
    /// The payer's company.
    pub customer: Option<String>,
    /// The merchant has no accounting package: what is owed is written here.
    pub own_books: bool,
    pub locale: Locale,
    /// The merchant's, by its IANA name: all moments on the page are this zone's. An operator's is UTC.
    pub time_zone: String,
    /// Every place this person may be in, the current one first (S60).
    pub places: Vec<Place>,
}

/// One of the capacities of a person: a customer they pay for, a merchant they work for, the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What the switcher sends back; means nothing to anybody else.
    pub key: String,
    /// `Acme Pty Ltd at Northwind IT`.
    pub label: String,
    pub role: Role,
}

/// The payer's front page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    pub who: Whoami,
    /// Why what was just chosen cannot be paid together.
    pub refused: Option<String>,
    /// What only this payer can finish, a sentence each (D19).
    pub asks: Vec<String>,
    pub outstanding: Vec<InvoiceFace>,
    /// One figure per currency, never summed across (D13).
    pub owed: Vec<Money>,
    pub overdue: Vec<Money>,
    pub in_progress: Vec<PaymentRow>,
    /// Paid, and not in the books yet: their invoices are owed no more.
    pub being_recorded: Vec<PaymentRow>,
    /// The books have each invoice as a PDF.
    pub pdf: bool,
    /// Money is taken without an invoice (G34).
    pub prepayments: bool,
    /// When the books were last read.
    pub synced_at: Option<Moment>,
}

/// One payment in a list. Two part payments of an invoice are two rows (E1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    pub payment: PaymentId,
    pub reference: String,
    /// The numbers of all its invoices.
    pub invoice_number: String,
    /// What each of them got, when they are several.
    pub shares: Vec<ShareFace>,
    pub customer: String,
    pub amount: Money,
    pub state: AttemptState,
    /// Nothing of it ever reached the gateway, so nobody has declined or cancelled anything.
    pub never_sent: bool,
    pub refunded: Refunded,
    /// The newest dispute of its money.
    pub dispute: Option<DisputeState>,
    /// What came back of it in all, and when last.
    pub paid_back: Option<PaidBack>,
    pub method: Option<String>,
    /// Of a debit: by when it clears, or until when its bank may return it (N4).
    pub bank_day: Option<String>,
    pub at: Moment,
}

/// What a payer's customer has paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastPayments {
    pub here: Page<PaymentRow>,
    /// Newest invoice first; on the first page alone.
    pub elsewhere: Vec<PaidElsewhere>,
}

/// What the books count as paid or credited on an invoice beyond the payments that were made here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidElsewhere {
    pub invoice_number: String,
    pub date: NaiveDate,
    pub total: Money,
    pub amount: Money,
}

/// A page of payments or invoices, with the search that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub total: u64,
    /// From 1.
    pub page: u64,
    pub per_page: u64,
    pub query: String,
}

/// State in colour and shape: round, ring, diamond, square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Neutral,
    Good,
    Wait,
    Warn,
    Bad,
}

impl AttemptState {
    /// The word on a badge, and its tone.
    #[must_use]
    pub const fn badge(self) -> (&'static str, Tone) {
        match self {
            Self::Created => ("Starting", Tone::Wait),
            Self::Unknown => ("Being checked", Tone::Wait),
            Self::RequiresAction => ("Waiting for payer", Tone::Wait),
            Self::Processing => ("Sent to bank", Tone::Wait),
            Self::Approved | Self::PendingSettlement => ("Paid", Tone::Good),
            Self::Settled => ("Cleared", Tone::Good),
            Self::Declined => ("Declined", Tone::Bad),
            Self::Voided => ("Cancelled", Tone::Neutral),
            Self::Returned => ("Returned", Tone::Bad),
        }
    }
}

impl RefundState {
    /// The word on a badge, and its tone.
    #[must_use]
    pub const fn badge(self) -> (&'static str, Tone) {
        match self {
            Self::Created => ("Being sent", Tone::Wait),
            Self::Unknown => ("Being checked", Tone::Wait),
            Self::Pending => ("Under way", Tone::Wait),
            Self::Succeeded => ("Refunded", Tone::Good),
            Self::Failed => ("Failed", Tone::Bad),
            Self::Canceled => ("Cancelled", Tone::Neutral),
        }
    }
}

impl DisputeState {
    /// The badge of a payment with such a dispute. An inquiry changes nothing about its payment yet.
    #[must_use]
    pub const fn badge(self) -> Option<(&'static str, Tone)> {
        match self {
            Self::Open => Some(("Disputed", Tone::Warn)),
            Self::Lost => Some(("Dispute lost", Tone::Bad)),
            Self::Inquiry | Self::Won => None,
        }
    }
}

impl Severity {
    /// The tone of its badge.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::Money | Self::Books => Tone::Bad,
            Self::Look => Tone::Warn,
            Self::Waits => Tone::Wait,
        }
    }
}

impl Refunded {
    /// The badge of a payment of which money went back.
    #[must_use]
    pub const fn badge(self) -> Option<(&'static str, Tone)> {
        match self {
            Self::Nothing => None,
            Self::Part => Some(("Part refunded", Tone::Warn)),
            Self::Whole => Some(("Refunded", Tone::Neutral)),
        }
    }
}
