//! What a merchant's staff and the operator see.

use super::{InvoiceFace, Page, PaymentRow, Tone, Whoami};
use crate::{
    date::Moment,
    exception::{Cure, Severity},
    ids::{EndpointId, EventId, InvoiceId, MailId, PaymentId, RefundId},
    money::Money,
    payment::AttemptState,
    refund::{RefundState, Refunded},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The admin's front page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminHome {
    pub who: Whoami,
    pub today: NaiveDate,
    /// The most severe of what needs a person, and how many there are in all.
    pub needs_you: Vec<ExceptionFace>,
    pub needs_you_total: usize,
    pub outstanding: Vec<Money>,
    pub overdue: Vec<Money>,
    pub collected_this_month: Vec<Money>,
    pub invoices: Page<InvoiceFace>,
    /// An accounting package, or the built-in ledger. Without one there is nothing to show and nothing to read.
    pub books_connected: bool,
    pub synced_at: Option<Moment>,
    /// What staff must know of their gateway, where it was never tried at its vendor.
    pub gateway_note: Option<String>,
}

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionFace {
    /// What a form names it by.
    pub key: String,
    pub severity: Severity,
    /// The word on its badge: `Books`, `Payment`, `Refund`, `Dispute`, `Task`, `Gateway`, `Webhooks`, `Cards` or
    /// `Debits`.
    pub area: String,
    pub cause: String,
    /// What a person does about it; empty where it is tried again by itself.
    pub remedy: String,
    pub since: Moment,
    pub payment: Option<PaymentId>,
    /// What one press does about it.
    pub cure: Option<Cure>,
    /// Where it is seen to, at the gateway.
    pub page_url: Option<String>,
    /// A person can say that they have seen to it in a way of their own.
    pub may_be_fixed: bool,
    /// Nobody knows what became of it: a person can say that the gateway has it.
    pub may_be_named: bool,
    /// Nobody has known for long: they can say that it has not.
    pub may_be_denied: bool,
    /// It waits for somebody whom the books do not have, and whom one press makes there.
    pub missing: Option<MissingCustomer>,
    /// Money that went back, whose payment the books keep: an invoice can ask for it again.
    pub may_be_invoiced: bool,
}

/// A customer as they would be made in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingCustomer {
    /// What the books are called.
    pub books: String,
    pub name: String,
    pub email: Option<String>,
}

impl ExceptionFace {
    /// What is wrong, and what to do.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("{} {}", self.cause, self.remedy).trim_end().to_owned()
    }
}

/// What a person has marked as fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedFace {
    pub area: String,
    pub cause: String,
    pub at: Moment,
    pub by: String,
    pub reason: String,
    /// Where one reads of it.
    pub reference: String,
    pub payment: Option<PaymentId>,
}

/// The exceptions inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionBox {
    pub who: Whoami,
    /// Most severe first.
    pub page: Page<ExceptionFace>,
    /// The last ones, newest first.
    pub fixed: Vec<FixedFace>,
}

/// Where a merchant's events are sent, and how that went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointBox {
    pub who: Whoami,
    pub endpoints: Vec<EndpointFace>,
    /// The last ones, newest first.
    pub deliveries: Vec<DeliveryFace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFace {
    pub id: EndpointId,
    pub url: String,
    pub added_at: Moment,
    /// It was given up then, after this answer; or staff have turned it off, without one.
    pub off_since: Option<Moment>,
    pub last_error: Option<String>,
    /// How many events it has not got.
    pub waiting: i64,
}

/// How sending one event to one endpoint went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFace {
    pub endpoint: EndpointId,
    pub event: EventId,
    pub url: String,
    /// Like `payment.succeeded`.
    pub kind: String,
    pub sequence: i64,
    pub badge: String,
    pub tone: Tone,
    pub answer: String,
    pub tries: i32,
    pub tried_at: Moment,
}

/// Money that the books refused, and where else it can go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reallocation {
    pub from: InvoiceId,
    pub number: String,
    pub amount: Money,
    pub to: Vec<InvoiceChoice>,
}

/// An invoice to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceChoice {
    pub id: InvoiceId,
    pub number: String,
    pub due: Money,
}

/// The story of one payment, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentStory {
    pub who: Whoami,
    pub row: PaymentRow,
    pub payer_email: String,
    /// One sentence: where it stands and what comes next (N3).
    pub sentence: String,
    /// It does not stand in the books as paid, for whichever reason.
    pub is_unpaid: bool,
    /// The books refused it, and can be asked once more.
    pub again: Option<Cure>,
    /// The books refused it, and it can stand on another invoice instead.
    pub reallocation: Option<Reallocation>,
    /// The most severe of what did not agree when it was compared with gateway and books.
    pub exception: Option<ExceptionFace>,
    pub events: Vec<StoryEvent>,
    pub attempts: Vec<AttemptFace>,
    pub refunds: Vec<RefundFace>,
    pub disputes: Vec<DisputeFace>,
    /// Absent when there is no money to pay back.
    pub refund: Option<RefundPlan>,
    pub postings: Vec<PostingFace>,
    pub jobs: Vec<JobFace>,
    /// Something of it may come to its end this moment: the page reads it again by itself.
    pub is_under_way: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryEvent {
    pub at: Moment,
    pub title: String,
    pub detail: String,
    pub tone: Tone,
    /// The mail that it tells of.
    pub mail: Option<MailId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFace {
    pub gateway: String,
    pub gateway_id: Option<String>,
    pub charge_id: Option<String>,
    pub state: AttemptState,
    /// As in [`PaymentRow`].
    pub never_sent: bool,
    /// Whole, where its customer owes again what it paid.
    pub refunded: Refunded,
    pub method: Option<String>,
    pub amount: Money,
}

/// Whether staff can pay money of a payment back here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundPlan {
    Offered(RefundOffer),
    /// The gateway's adapter cannot, and why.
    NotHere(String),
}

/// Everything that the refund dialog says before money goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOffer {
    /// Minted with this page: the same form sent twice is the same refund.
    pub refund: RefundId,
    pub payment: PaymentId,
    /// What can still be paid back.
    pub most: Money,
    /// What is left of the payment's surcharge, when it had one: a refund takes its part of that, or none (G26).
    pub surcharge: Option<Money>,
    /// That the gateway gives back no part of it, and until when or what to do instead.
    pub only_whole: Option<String>,
    /// `Visa ··4242, through Stripe`.
    pub goes_to: String,
    /// What is written into the books then.
    pub in_the_books: String,
    /// Why it can only mean that the sale is cancelled; nothing, where the customer may owe the invoice still.
    pub not_owed: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFace {
    pub amount: Money,
    pub state: RefundState,
    /// Why staff paid it back, in their words.
    pub reason: String,
    pub asked_by: String,
    pub at: Moment,
    pub gateway_id: Option<String>,
    /// Why no money went back, and what to do.
    pub failure: Option<String>,
}

/// A dispute as staff read it beside the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeFace {
    /// `$1,204.50. Answer it by 5 Dec 2026.`
    pub words: String,
    /// Where they answer it, at the gateway.
    pub page_url: Option<String>,
}

/// One line of our own ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostingFace {
    pub at: Moment,
    pub kind: String,
    pub account: String,
    pub amount: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFace {
    /// What it does, in words: "Post to the books".
    pub what: String,
    pub state: String,
    pub tries: u32,
    pub next_at: Option<Moment>,
    pub last_error: Option<String>,
}

/// A mail that was made; kept and shown when no SMTP server is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailFace {
    pub id: MailId,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub state: String,
    pub at: Moment,
}

/// A page of mails, and the one that is read, which may stand on another page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailBox {
    pub page: Page<MailFace>,
    pub open: Option<MailFace>,
}

/// What the operator sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    pub who: Whoami,
    pub merchants: Vec<MerchantRow>,
    pub jobs_waiting: u64,
    pub jobs_dead: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerchantRow {
    pub key: String,
    pub name: String,
    pub currency: String,
    pub books: String,
    /// Whether these have a connection for each lane; absent where nothing is connected.
    pub multi_connection: Option<bool>,
    pub gateway: String,
}
