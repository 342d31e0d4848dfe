//! What Pay Now and its result show, and why there is nothing to pay.

use super::{InvoiceFace, MerchantFace, SavedMethod};
use crate::{
    date::{Moment, in_words},
    ids::{CheckoutId, PaymentId},
    money::{Locale, Money},
    payment::Takes,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

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
    Pay(Box<Offer>),
    /// Nothing to pay here now; each kind has its page and its next step.
    Standing(Box<Standing>),
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
    /// What is paid is a quote.
    pub quote: Option<QuoteFace>,
    /// The books could not be asked just now: the amount is the last one known and is read again before charging.
    pub stale: bool,
}

/// What differs where a quote is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteFace {
    /// Another card than those that are saved may be entered.
    pub takes_new_card: bool,
    /// Why its payer must sign in first, or save a method: nothing can be pressed until then.
    pub needs_account: Option<String>,
    /// What is to be paid again and again, in words.
    pub recurring: Option<String>,
    /// A quoting program has sent its payer here.
    pub has_way_back: bool,
    /// Of whom that is, as the program knows them.
    pub email: Option<String>,
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
    /// It was paid with its quote, whose credit is still to be applied (N1).
    Covered,
    /// The payer of a quote took too long, or tried too often: they begin anew at the quote.
    QuoteExpired,
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
    /// A quoting program has sent its payer here, who goes back there.
    pub has_way_back: bool,
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
    /// It pays a quote.
    pub is_quote: bool,
}

impl ShareFace {
    /// What goes before its number: `Invoice`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match (self.is_quote, self.is_advance) {
            (true, _) => "Quote",
            (false, true) => "Credit",
            (false, false) => "Invoice",
        }
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
    /// The merchant paid all of it back, and what it paid for is owed again.
    Refunded { words: String },
}
