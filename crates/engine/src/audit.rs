//! What stands in a merchant's audit trail: each act that moves money or rights, written in the transaction of the act.
//! Ids, amounts and digests, no name, address or card: people can be forgotten, and the trail stays whole.

use crate::{Error, card_testing::Origin};
use chrono::{DateTime, Utc};
use domain::{
    dispute::DisputeState,
    ids::{
        AttemptId, ConnectionId, CreditNoteId, CustomerId, DisputeId, InvoiceId, MailId, MethodId, PayerId, PaymentId,
        PersonId, RefundId,
    },
    method::MethodState,
    money::Money,
    payment::AttemptState,
    refund::RefundState,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use store::{
    Attempt, Authority, BooksEntry, BooksEntryState, Consent, Dispute, Method, NewSlip, Refund, RefundEntry, TokenHash,
};

pub(crate) const PAYMENT_STARTED: &str = "payment_started";
pub(crate) const PAYMENT_RETRIED: &str = "payment_retried";
pub(crate) const PAYMENT_TAKEN_IN: &str = "payment_taken_in";
pub(crate) const METHOD_GIVEN: &str = "method_given";
pub(crate) const AUTHORITY_GIVEN: &str = "authority_given";

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Guest,
    Payer(PayerId),
    Staff(PersonId),
    /// By what was seen there.
    Gateway,
    /// By itself.
    Portal,
}

impl Actor {
    pub(crate) const fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Network(_) => Self::Guest,
            Origin::Payer(payer) => Self::Payer(*payer),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest => f.write_str("guest"),
            Self::Payer(payer) => payer.fmt(f),
            Self::Staff(person) => person.fmt(f),
            Self::Gateway => f.write_str("gateway"),
            Self::Portal => f.write_str("portal"),
        }
    }
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Audited {
    PaymentStarted(Started),
    /// A debit that came back is tried again, under the digest of its owner's authority.
    PaymentRetried {
        attempt: AttemptId,
        after: AttemptId,
        amount: Money,
        method: MethodId,
        authority: String,
    },
    /// Staff have a charge made a payment again that a restored copy lacked. What its payer agreed to was lost with it.
    PaymentTakenIn {
        attempt: AttemptId,
        amount: Money,
        gateway_id: Option<String>,
    },
    /// Money came, went back, or can no longer come.
    PaymentMoved {
        attempt: AttemptId,
        from: AttemptState,
        to: AttemptState,
        amount: Money,
        gateway_id: Option<String>,
        charge_id: Option<String>,
    },
    /// Staff say that the gateway has a payment whose outcome nobody knew, by this number there. What it says of that follows.
    ChargeNamed {
        attempt: AttemptId,
        gateway_id: Option<String>,
    },
    /// Staff say that the gateway does not have one. The reason is their own words.
    DeclaredAbsent {
        attempt: AttemptId,
        amount: Money,
        reason: String,
    },
    /// Its payer gives it up; what comes of that, the gateway says.
    CancelAsked {
        attempt: AttemptId,
    },
    /// The reason is staff's own words.
    RefundAsked {
        refund: RefundId,
        attempt: AttemptId,
        amount: Money,
        reason: String,
    },
    /// Nobody asked for it here.
    RefundFound {
        refund: RefundId,
        attempt: AttemptId,
        amount: Money,
        gateway_id: Option<String>,
    },
    /// A card's holder has asked their bank for it, and what that came to.
    DisputeMoved {
        dispute: DisputeId,
        attempt: AttemptId,
        to: DisputeState,
        disputed: Money,
        dispute_there: String,
    },
    /// Paid out, or not after all.
    RefundMoved {
        refund: RefundId,
        from: RefundState,
        to: RefundState,
        amount: Money,
        gateway_id: Option<String>,
    },
    BooksPosted {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
        external_id: String,
    },
    /// The books refuse to take it in, or to let it go again.
    BooksRefused {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
    },
    /// Its money went back, and it stands there no more.
    BooksTakenBack {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
        external_id: Option<String>,
    },
    /// Staff have what the books refused written once more.
    PostAgainAsked {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
    },
    /// Staff have what the books refused written onto another invoice; or it stays as credit, because nothing was due any
    /// more.
    Reallocated {
        attempt: AttemptId,
        invoice: InvoiceId,
        to: InvoiceId,
        amount_minor: i64,
    },
    /// Staff have a refund that the books refused, or lost, written once more.
    RefundPostAgainAsked {
        refund: RefundId,
        invoice: InvoiceId,
        amount_minor: i64,
    },
    /// Staff have seen to something in a way of their own. Reason and reference are their words.
    ExceptionFixed {
        exception: String,
        reason: String,
        reference: String,
    },
    /// A refund, written into the books.
    RefundPosted {
        refund: RefundId,
        invoice: InvoiceId,
        amount_minor: i64,
        credit_id: Option<String>,
        external_id: Option<String>,
    },
    /// The books refuse to take it in, or to let it go again.
    RefundPostRefused {
        refund: RefundId,
        invoice: InvoiceId,
        amount_minor: i64,
        credit_id: Option<String>,
    },
    /// It failed after all.
    RefundTakenBack {
        refund: RefundId,
        invoice: InvoiceId,
        amount_minor: i64,
        credit_id: Option<String>,
        external_id: Option<String>,
    },
    /// A company's payer gives a card to be kept and charged.
    MethodGiven {
        method: MethodId,
        customer: CustomerId,
        connection: ConnectionId,
    },
    /// The same of a bank account, with the digest of the authority that its owner signed.
    AuthorityGiven {
        method: MethodId,
        customer: CustomerId,
        connection: ConnectionId,
        authority: String,
    },
    /// It can be charged from here on, or no more.
    MethodMoved {
        method: MethodId,
        customer: CustomerId,
        from: MethodState,
        to: MethodState,
        gateway_method: Option<String>,
    },
    MethodRemoved {
        method: MethodId,
        customer: CustomerId,
    },
    /// The mail server took it.
    MailSent {
        mail: MailId,
        text: String,
    },
    /// There is no mail server.
    MailKept {
        mail: MailId,
        text: String,
    },
    /// Books of our own owe it from here on.
    InvoiceIssued {
        invoice: InvoiceId,
        total: Money,
    },
    /// And no more.
    InvoiceVoided {
        invoice: InvoiceId,
        total: Money,
    },
    /// A part of what it owes, or of what was paid, is not owed after all.
    InvoiceCredited {
        note: CreditNoteId,
        invoice: InvoiceId,
        amount: Money,
    },
    /// What was left of that pays another invoice.
    CreditAllocated {
        note: CreditNoteId,
        invoice: InvoiceId,
        amount: Money,
    },
    /// Staff say that something was paid past the portal.
    HandPaymentEntered {
        invoice: InvoiceId,
        amount: Money,
    },
    /// And that it was not.
    HandPaymentTakenBack {
        invoice: InvoiceId,
        amount: Money,
    },
    /// Staff had customers or invoices taken in from a table, with the digest of its text.
    TableImported {
        table: &'static str,
        added: usize,
        changed: usize,
        text: String,
    },
    StaffSignedIn {},
    /// The books do not let the portal in any more.
    ConnectionBroken {
        connection: ConnectionId,
    },
    /// They do again.
    ConnectionWorks {
        connection: ConnectionId,
    },
}

/// A press of Pay, with the digests of what the payer agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    pub attempt: AttemptId,
    pub amount: Money,
    pub surcharge: Money,
    pub version: Option<String>,
    pub terms: String,
    /// Of where it came from, salted.
    pub origin: Option<String>,
    /// The saved account that is debited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<MethodId>,
    /// Of the authority that it is debited under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

impl Started {
    pub(crate) fn of(consent: &Consent, authority: Option<&Authority>) -> Result<Self, Error> {
        Ok(Self {
            attempt: consent.attempt_id,
            amount: consent.amount()?,
            surcharge: consent.surcharge()?,
            version: consent.version.clone(),
            terms: consent.terms_digest(),
            origin: consent.origin_digest(),
            method: authority.map(|authority| authority.method_id),
            authority: authority.map(Authority::digest),
        })
    }
}

impl Audited {
    /// What a fact did to an attempt; nothing, when it moved no money and ended nothing.
    pub(crate) fn payment_moved(from: AttemptState, attempt: &Attempt) -> Result<Option<Self>, Error> {
        let to = attempt.state;
        if from.has_money() == to.has_money() && from.is_dead() == to.is_dead() {
            return Ok(None);
        }
        Ok(Some(Self::PaymentMoved {
            attempt: attempt.id,
            from,
            to,
            amount: attempt.amount()?,
            gateway_id: attempt.gateway_id.clone(),
            charge_id: attempt.charge_id.clone(),
        }))
    }

    pub(crate) fn refund_asked(refund: &Refund) -> Result<Self, Error> {
        let (amount, reason) = (refund.amount()?, refund.reason.clone());
        Ok(Self::RefundAsked { refund: refund.id, attempt: refund.attempt_id, amount, reason })
    }

    pub(crate) fn refund_found(refund: &Refund) -> Result<Self, Error> {
        let (amount, gateway_id) = (refund.amount()?, refund.gateway_id.clone());
        Ok(Self::RefundFound { refund: refund.id, attempt: refund.attempt_id, amount, gateway_id })
    }

    pub(crate) fn dispute_moved(dispute: &Dispute) -> Result<Self, Error> {
        Ok(Self::DisputeMoved {
            dispute: dispute.id,
            attempt: dispute.attempt_id,
            to: dispute.state,
            disputed: dispute.amount()?,
            dispute_there: dispute.gateway_id.clone(),
        })
    }

    /// What a fact did to a refund; nothing, while it is open.
    pub(crate) fn refund_moved(from: RefundState, refund: &Refund) -> Result<Option<Self>, Error> {
        let to = refund.state;
        if from == to || to.is_open() {
            return Ok(None);
        }
        let (amount, gateway_id) = (refund.amount()?, refund.gateway_id.clone());
        Ok(Some(Self::RefundMoved { refund: refund.id, from, to, amount, gateway_id }))
    }

    pub(crate) fn books_posted(entry: &BooksEntry, external_id: &str) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::BooksPosted { attempt, invoice, amount_minor, external_id: external_id.to_owned() }
    }

    pub(crate) fn books_refused(entry: &BooksEntry) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::BooksRefused { attempt, invoice, amount_minor }
    }

    pub(crate) fn books_taken_back(entry: &BooksEntry) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::BooksTakenBack { attempt, invoice, amount_minor, external_id: entry.external_id.clone() }
    }

    pub(crate) const fn post_again_asked(entry: &BooksEntry) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::PostAgainAsked { attempt, invoice, amount_minor }
    }

    pub(crate) const fn reallocated(entry: &BooksEntry, to: InvoiceId) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::Reallocated { attempt, invoice, to, amount_minor }
    }

    pub(crate) const fn refund_post_again_asked(entry: &RefundEntry) -> Self {
        let (refund, invoice, amount_minor) = (entry.refund_id, entry.invoice_id, entry.amount_minor);
        Self::RefundPostAgainAsked { refund, invoice, amount_minor }
    }

    /// What became of a refund's write into the books; nothing, where there was nothing to write.
    pub(crate) fn refund_written(entry: &RefundEntry) -> Option<Self> {
        let (refund, invoice, amount_minor) = (entry.refund_id, entry.invoice_id, entry.amount_minor);
        let (credit_id, external_id) = (entry.credit_id.clone(), entry.external_id.clone());
        let stood = credit_id.is_some() || external_id.is_some();
        match entry.state {
            BooksEntryState::Posted => {
                Some(Self::RefundPosted { refund, invoice, amount_minor, credit_id, external_id })
            }
            BooksEntryState::Refused => Some(Self::RefundPostRefused { refund, invoice, amount_minor, credit_id }),
            BooksEntryState::Needless if stood => {
                Some(Self::RefundTakenBack { refund, invoice, amount_minor, credit_id, external_id })
            }
            BooksEntryState::Needless
            | BooksEntryState::Intended
            | BooksEntryState::Leaving
            | BooksEntryState::ByHand
            | BooksEntryState::Moved => None,
        }
    }

    pub(crate) fn method_given(given: &Method, authority: Option<&Authority>) -> Self {
        let (method, customer, connection) = (given.id, given.customer_id, given.connection_id);
        match authority.map(Authority::digest) {
            Some(authority) => Self::AuthorityGiven { method, customer, connection, authority },
            None => Self::MethodGiven { method, customer, connection },
        }
    }

    /// What a fact did to a method; nothing, when as much can be charged to it as before and it has not ended.
    pub(crate) fn method_moved(from: MethodState, method: &Method) -> Option<Self> {
        let to = method.state;
        let is_as_before = |state: MethodState| (from == state) == (to == state);
        if is_as_before(MethodState::Ready) && is_as_before(MethodState::Revoked) {
            return None;
        }
        let (gateway_method, customer) = (method.gateway_method.clone(), method.customer_id);
        Some(Self::MethodMoved { method: method.id, customer, from, to, gateway_method })
    }

    pub(crate) const fn method_removed(method: &Method) -> Self {
        Self::MethodRemoved { method: method.id, customer: method.customer_id }
    }

    /// SHA-256 of a mail's words and of whom it is for.
    pub(crate) fn digest_of_mail(recipient: &str, subject: &str, text: &str) -> Result<String, Error> {
        let said = serde_json::to_string(&[recipient, subject, text])?;
        Ok(TokenHash::of(&said).into_text())
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::PaymentStarted(_) => PAYMENT_STARTED,
            Self::PaymentRetried { .. } => PAYMENT_RETRIED,
            Self::PaymentTakenIn { .. } => PAYMENT_TAKEN_IN,
            Self::PaymentMoved { to, .. } if to.has_money() => "money_came",
            Self::PaymentMoved { from, .. } if from.has_money() => "money_went_back",
            Self::PaymentMoved { .. } => "no_money",
            Self::ChargeNamed { .. } => "charge_named",
            Self::DeclaredAbsent { .. } => "declared_absent",
            Self::CancelAsked { .. } => "cancel_asked",
            Self::RefundAsked { .. } => "refund_asked",
            Self::DisputeMoved { to: DisputeState::Inquiry, .. } => "dispute_inquiry",
            Self::DisputeMoved { to: DisputeState::Open, .. } => "dispute_opened",
            Self::DisputeMoved { to: DisputeState::Lost, .. } => "dispute_lost",
            Self::DisputeMoved { to: DisputeState::Won, .. } => "dispute_won",
            Self::RefundFound { .. } => "refund_found",
            Self::RefundMoved { to: RefundState::Succeeded, .. } => "refund_paid",
            Self::RefundMoved { .. } => "refund_not_paid",
            Self::BooksPosted { .. } => "books_posted",
            Self::BooksRefused { .. } => "books_refused",
            Self::PostAgainAsked { .. } => "post_again_asked",
            Self::Reallocated { .. } => "reallocated",
            Self::RefundPostAgainAsked { .. } => "refund_post_again_asked",
            Self::ExceptionFixed { .. } => "exception_fixed",
            Self::RefundPosted { .. } => "refund_posted",
            Self::RefundPostRefused { .. } => "refund_post_refused",
            Self::BooksTakenBack { .. } => "books_taken_back",
            Self::RefundTakenBack { .. } => "refund_taken_back",
            Self::MethodGiven { .. } => METHOD_GIVEN,
            Self::AuthorityGiven { .. } => AUTHORITY_GIVEN,
            Self::MethodMoved { to: MethodState::Ready, .. } => "method_ready",
            Self::MethodMoved { .. } => "method_not_ready",
            Self::MethodRemoved { .. } => "method_removed",
            Self::MailSent { .. } => "mail_sent",
            Self::MailKept { .. } => "mail_kept",
            Self::InvoiceIssued { .. } => "invoice_issued",
            Self::InvoiceVoided { .. } => "invoice_voided",
            Self::InvoiceCredited { .. } => "invoice_credited",
            Self::CreditAllocated { .. } => "credit_allocated",
            Self::HandPaymentEntered { .. } => "hand_payment_entered",
            Self::HandPaymentTakenBack { .. } => "hand_payment_taken_back",
            Self::TableImported { .. } => "table_imported",
            Self::StaffSignedIn {} => "staff_signed_in",
            Self::ConnectionBroken { .. } => "connection_broken",
            Self::ConnectionWorks { .. } => "connection_works",
        }
    }

    /// As it is written down.
    pub(crate) fn slip(&self, payment: Option<PaymentId>, actor: Actor, at: DateTime<Utc>) -> Result<NewSlip, Error> {
        let (actor, body) = (actor.to_string(), serde_json::to_string(self)?);
        Ok(NewSlip { payment, kind: self.kind(), actor, body, at })
    }
}

/// What a line tells, for people.
pub(crate) fn words(kind: &str) -> &'static str {
    match kind {
        PAYMENT_STARTED => "Payment started",
        PAYMENT_RETRIED => "Debit tried again",
        PAYMENT_TAKEN_IN => "Payment taken in from the gateway",
        "money_came" => "Money taken",
        "money_went_back" => "Money gone back",
        "no_money" => "Payment ended without money",
        "charge_named" => "Payment found at the gateway by staff",
        "declared_absent" => "Payment declared absent from the gateway",
        "cancel_asked" => "Cancelling asked for",
        "refund_asked" => "Refund asked for",
        "dispute_inquiry" => "Inquiry by the bank",
        "dispute_opened" => "Dispute opened",
        "dispute_lost" => "Dispute lost",
        "dispute_won" => "Dispute won",
        "refund_found" => "Refund found at the gateway",
        "refund_paid" => "Refund paid",
        "refund_not_paid" => "Refund not paid",
        "books_posted" => "Posted to the books",
        "books_refused" => "Refused by the books",
        "books_taken_back" => "Taken out of the books",
        "post_again_asked" => "Posting again asked for",
        "reallocated" => "Put on another invoice",
        "refund_post_again_asked" => "Posting a refund again asked for",
        "exception_fixed" => "Marked as fixed",
        "refund_posted" => "Refund posted to the books",
        "refund_post_refused" => "Refund refused by the books",
        "refund_taken_back" => "Refund taken out of the books",
        METHOD_GIVEN => "Card given to be saved",
        AUTHORITY_GIVEN => "Authority to debit an account given",
        "method_ready" => "Card or account saved",
        "method_not_ready" => "Card or account cannot be charged",
        "method_removed" => "Card or account removed",
        "mail_sent" => "Mail sent",
        "mail_kept" => "Mail kept, no mail server is set",
        "invoice_issued" => "Invoice issued",
        "invoice_voided" => "Invoice voided",
        "invoice_credited" => "Invoice credited",
        "credit_allocated" => "Credit given to an invoice",
        "hand_payment_entered" => "Payment entered by hand",
        "hand_payment_taken_back" => "Payment by hand taken back",
        "table_imported" => "Table imported",
        "staff_signed_in" => "Staff signed in",
        "connection_broken" => "Connection broken",
        "connection_works" => "Connection works again",
        _ => "Something that no version wrote",
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
