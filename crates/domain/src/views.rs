//! What the screens show: read models that the engine fills and the browser renders. Data and wording only.

use crate::{
    access::Role,
    date::{Lateness, Moment, in_words},
    dispute::DisputeState,
    exception::{Cure, Severity},
    ids::{CheckoutId, EndpointId, EventId, InvoiceId, MailId, MethodId, PaymentId, RefundId},
    invoice::InvoiceStatus,
    method::{Ends, MethodKind, MethodState},
    money::{Locale, Money},
    payment::{AttemptState, Takes},
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
}

impl InvoiceFace {
    /// What was paid so far, when some but not all of it was (D14).
    #[must_use]
    pub fn part_paid(&self) -> Option<Money> {
        let paid = self.total.minus(self.due).ok()?;
        (self.status == InvoiceStatus::Open && paid.is_positive()).then_some(paid)
    }
}

/// How the card reaches the gateway without passing us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayFace {
    /// `Stripe`, as in "Card details go straight to Stripe".
    pub name: String,
    pub entry: MethodEntry,
    /// The gateway has a page of its own that takes the card, for payers without script or for all.
    pub hosted_page: bool,
    /// The payer is asked for the postal code of the card's address.
    pub postal_code: bool,
}

/// Where the payer enters the method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MethodEntry {
    /// In fields that the gateway's own script draws; the key is one that the browser may know.
    Fields { script_url: String, publishable_key: String },
    /// In a window that the gateway's own script opens over the page; login and key are ones that the browser may know.
    Popup { script_url: String, login: String, client_key: String },
    /// On the gateway's own page alone, to which Pay leads.
    Page,
    /// The sandbox has nothing to type: one of its test methods is picked.
    TestMethods(Vec<TestMethod>),
}

/// A method of the sandbox, by what happens with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestMethod {
    pub token: String,
    pub label: String,
}

/// The checkout as a guest opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckoutPage {
    Pay(Offer),
    /// Nothing to pay here now; each kind has its page and its next step.
    Standing(Standing),
    Closed(Closed),
}

/// Everything needed to pay one invoice, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub checkout: CheckoutId,
    /// Minted with this page: the same form sent twice is the same payment (D1).
    pub payment: PaymentId,
    pub merchant: MerchantFace,
    /// At least one, of one company.
    pub items: Vec<OfferItem>,
    /// The books have invoices as PDFs, and this guest may read them.
    pub pdf: bool,
    /// What may be paid besides all that is due.
    pub takes: Takes,
    /// What will be charged, from the books, with what is added.
    pub amount: Money,
    /// Of that, what is added for the way of paying; nothing, while that hangs on the card.
    pub added: Money,
    /// The way of paying that was chosen already, and whose sum is to be confirmed: `this Visa credit card`.
    pub paid_by: Option<String>,
    /// What is added for which way of paying, where something is: `Visa cards 1 %; other cards 1.5 %`.
    pub surcharges: Option<String>,
    pub consent: ConsentFace,
    /// What the payer saw before, when the books changed meanwhile (D11).
    pub moved: Option<Moved>,
    /// Why the last try on this checkout brought no money, in the payer's words.
    pub last_decline: Option<String>,
    /// What the signed-in payer's company has saved and can be charged; a guest has none (D22).
    pub saved: Vec<SavedMethod>,
    /// What the signed-in payer of the company agrees to by having the card kept that they pay with; a guest is not asked.
    pub keep: Option<ConsentFace>,
    pub gateway: GatewayFace,
    /// The books could not be asked just now: the amount is the last one known and is read again before charging.
    pub stale: bool,
}

/// An invoice that is offered, and what is paid of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferItem {
    pub invoice: InvoiceFace,
    pub pay: Money,
}

/// What was due on an invoice when the page was drawn, and is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub number: String,
    pub was: Money,
    pub now: Money,
}

/// What the payer agrees to by pressing Pay, or signs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentFace {
    /// As they stand beside the button.
    pub words: String,
    /// The digest of the words: the form brings back which ones it showed.
    pub mark: String,
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

/// Why there is nothing to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub merchant: Option<MerchantFace>,
    pub invoice_number: Option<String>,
    /// Others were to be paid with it, and are not.
    pub of_several: bool,
    pub reason: ClosedReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedReason {
    /// The invoice is paid, here or elsewhere.
    AlreadyPaid,
    /// Not issued yet.
    Draft,
    /// Voided or deleted in the books.
    Void,
    /// The link is unknown, expired or revoked.
    UnknownLink,
    /// The merchant has no invoice of this number.
    UnknownInvoice,
    /// The e-mail's placeholder was never filled in: `[invnumber]`, or nothing at all.
    Unresolved,
    /// Somebody else is paying it this moment, from another link or tab.
    InProgress {
        since: Moment,
        /// When it can be paid again at the latest, if whoever began does not finish; absent while nobody can tell.
        again_by: Option<Moment>,
    },
    /// Somebody else has paid it, and the books do not say so yet.
    JustPaid,
    /// The merchant takes no payments here now.
    NotSetUp,
}

/// A payment as its payer reads it: cleared, under way or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub checkout: CheckoutId,
    pub payment: PaymentId,
    /// What the payer quotes when asking about it: `PAY-7F3C0A1E52`.
    pub reference: String,
    pub merchant: MerchantFace,
    /// At least one, by number; to others than its payer those of their own link alone.
    pub shares: Vec<ShareFace>,
    /// Absent as in [`InvoiceFace`].
    pub customer: Option<String>,
    /// Of these shares together, with the surcharge.
    pub amount: Money,
    /// What was added for the way of paying; told to its payer alone.
    pub surcharge: Option<Money>,
    pub method: Option<String>,
    pub email: Option<String>,
    pub at: Moment,
    pub outcome: Outcome,
    /// Read by whoever paid or for their company; to others it is somebody else's payment of the same invoice.
    pub mine: bool,
    /// The money is here, and the books should have it and do not.
    pub being_recorded: bool,
    /// A bank debit that has cleared, and that the bank may take back so long.
    pub returnable_until: Option<NaiveDate>,
    /// What came back of it, or is on its way back, oldest first.
    pub paid_back: Vec<PaidBack>,
}

/// What a payment pays of one invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareFace {
    pub number: String,
    pub amount: Money,
    /// Of the invoice, and what is left of it after this payment (D14).
    pub total: Money,
    pub balance_after: Money,
    /// It pays no invoice and stays as credit.
    pub is_advance: bool,
}

impl ShareFace {
    /// What goes before its number: `Invoice`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.is_advance { "Credit" } else { "Invoice" }
    }

    /// What was paid on the invoice, or credited, before this payment.
    #[must_use]
    pub fn paid_before(&self) -> Money {
        let before = self.total.minus(self.amount).and_then(|rest| rest.minus(self.balance_after));
        before.unwrap_or(Money::zero(self.amount.currency))
    }
}

/// Money that went back to the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidBack {
    pub amount: Money,
    pub on: NaiveDate,
    /// The gateway has paid it out.
    pub is_out: bool,
}

impl PaidBack {
    /// `Refunded $200.00 on 28 Nov 2026`
    #[must_use]
    pub fn words(&self, locale: Locale) -> String {
        let (amount, on) = (self.amount.format(locale), in_words(self.on));
        if self.is_out { format!("Refunded {amount} on {on}") } else { format!("Refund of {amount} sent on {on}") }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The gateway said yes.
    Paid,
    /// The bank works on it: since when, and by when it is decided as a rule (N4).
    SentToBank { sent: NaiveDate, clears_by: Option<NaiveDate> },
    /// We do not know yet: the payer must not pay again (N5).
    Checking,
    /// The payer is expected at this address of the gateway or bank.
    Continue {
        url: String,
        /// What a form posts there; none where a link leads there.
        fields: Vec<(String, String)>,
        /// The gateway lets us end it. What has no id there ends by itself.
        can_cancel: bool,
        /// When the invoice can be paid again if nothing is paid there, as far as the clock tells.
        again_at: Option<Moment>,
    },
    /// The gateway's page opens no more; where it is open still, it may be paid.
    Lapsed { again_at: Moment },
    /// No money came.
    Declined { words: String },
    /// Cancelled by the payer before any money moved.
    Cancelled,
    /// Cancelled by the merchant after the gateway had said yes.
    TakenBack,
    /// The bank took the money back.
    Returned { words: String },
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
    /// It was given up then, after this answer.
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFace {
    pub gateway: String,
    pub gateway_id: Option<String>,
    pub charge_id: Option<String>,
    pub state: AttemptState,
    /// As in [`PaymentRow`].
    pub never_sent: bool,
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
    pub gateway: String,
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
