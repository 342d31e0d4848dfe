//! What stands in a merchant's audit trail: each act that moves money or rights, written in the transaction of the act.
//! Ids, amounts and digests, no name, address or card: people can be forgotten, and the trail stays whole. What a row says of an
//! act: `audit_facts.rs`.

use crate::{Error, card_testing::Origin};
use chrono::{DateTime, Utc};
use domain::{
    dispute::DisputeState,
    ids::{
        AttemptId, ConnectionId, CreditNoteId, CustomerId, DisputeId, EndpointId, IntegrationKeyId, InvoiceId, MailId,
        MethodId, PayerId, PaymentId, PersonId, RefundId,
    },
    method::MethodState,
    money::Money,
    payment::AttemptState,
    refund::{RefundMeaning, RefundState},
};
use serde::{Deserialize, Serialize};
use std::fmt;
use store::{Authority, Consent, NewSlip, TokenHash};

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Guest,
    Payer(PayerId),
    Staff(PersonId),
    /// A program of the merchant's, by the key that it called with.
    Program(IntegrationKeyId),
    /// By what was seen there.
    Gateway,
    /// By itself.
    Portal,
    /// Whoever runs the installation, by a command.
    Operator,
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
            Self::Program(key) => key.fmt(f),
            Self::Gateway => f.write_str("gateway"),
            Self::Portal => f.write_str("portal"),
            Self::Operator => f.write_str("operator"),
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
    /// The same of a refund.
    RefundNamed {
        refund: RefundId,
        amount: Money,
        gateway_id: Option<String>,
    },
    RefundDeclaredAbsent {
        refund: RefundId,
        amount: Money,
        reason: String,
    },
    /// Its payer gives it up; what comes of that, the gateway says.
    CancelAsked {
        attempt: AttemptId,
    },
    /// The reason is staff's own words. What it means is told where it is not that the sale is cancelled.
    RefundAsked {
        refund: RefundId,
        attempt: AttemptId,
        amount: Money,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        meaning: Option<RefundMeaning>,
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
    /// Staff have an invoice ask for what went back and whose payment the books keep.
    ReturnInvoiceAsked {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
    },
    /// And it stands there, under this number.
    ReturnInvoiceWritten {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
        number: String,
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
    /// None of that was meant, and the invoices owe it again.
    CreditVoided {
        note: CreditNoteId,
        amount: Money,
    },
    /// Staff have a customer made in the books, whom those did not have.
    CustomerAsked {
        customer: CustomerId,
    },
    /// The books have them now, by this id.
    CustomerMade {
        customer: CustomerId,
        external_id: String,
    },
    /// The credit of a quote is to be given to the invoice that it is for: staff say so, or the merchant's rule.
    QuoteCreditAsked {
        invoice: InvoiceId,
        quote: InvoiceId,
    },
    /// And pays it.
    QuoteCreditApplied {
        invoice: InvoiceId,
        quote: InvoiceId,
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
    /// What was left of an advance, which is a payment in advance or over what was due, pays an invoice.
    CreditUsed {
        credit: InvoiceId,
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
    /// A program of the merchant's may call from here on, or no more.
    IntegrationSwitched {
        integration: &'static str,
        enabled: bool,
    },
    IntegrationKeyMade {
        integration: &'static str,
        key: IntegrationKeyId,
    },
    /// Its secret was on somebody's screen.
    IntegrationKeyShown {
        integration: &'static str,
        key: IntegrationKeyId,
    },
    /// It opens nothing any more.
    IntegrationKeyRetired {
        integration: &'static str,
        key: IntegrationKeyId,
    },
    /// Staff have said what is taken from here on, and what stands above documents, of which this has the digest.
    MerchantSet {
        takes_parts: bool,
        takes_more: bool,
        takes_prepayments: bool,
        retries_debits: bool,
        letterhead: String,
    },
    /// Staff have said what becomes of quotes, and to which host their news go.
    QuoteRulesSet {
        applies_credits: bool,
        creates_customers: bool,
        return_hosts: String,
        news_host: Option<String>,
    },
    /// Staff have events sent to this host. What stands behind it in the address may be a secret.
    EndpointAdded {
        endpoint: EndpointId,
        host: Option<String>,
    },
    EndpointSwitched {
        endpoint: EndpointId,
        on: bool,
    },
    EndpointSecretMade {
        endpoint: EndpointId,
    },
    EndpointDropped {
        endpoint: EndpointId,
    },
    /// Staff have let the portal into the books of this organisation.
    ConnectionMade {
        connection: ConnectionId,
        organisation: String,
    },
    /// And have let go of them.
    ConnectionLeft {
        connection: ConnectionId,
    },
    /// Where payments and prepayments are written from here on.
    AccountsChosen {
        connection: ConnectionId,
        clearing: String,
        prepayment: Option<String>,
    },
    /// These many rules say what is added for a way of paying from here on, with the digest of all of them.
    SurchargesSet {
        rules: usize,
        text: String,
    },
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
    /// SHA-256 of a mail's words and of whom it is for.
    pub(crate) fn digest_of_mail(recipient: &str, subject: &str, text: &str) -> Result<String, Error> {
        digest_of(&[recipient, subject, text])
    }

    /// As it is written down.
    pub(crate) fn slip(&self, payment: Option<PaymentId>, actor: Actor, at: DateTime<Utc>) -> Result<NewSlip, Error> {
        let (actor, body) = (actor.to_string(), serde_json::to_string(self)?);
        Ok(NewSlip { payment, kind: self.kind(), actor, body, at })
    }
}

/// SHA-256 of what an act tells of without repeating it, as JSON.
pub(crate) fn digest_of(said: &impl Serialize) -> Result<String, Error> {
    Ok(TokenHash::of(&serde_json::to_string(said)?).into_text())
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
