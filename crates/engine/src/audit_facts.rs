//! What a fact, or a write into the books, has done to its row, as the audit trail tells it.

use crate::{Error, audit::Audited};
use domain::{ids::InvoiceId, method::MethodState, payment::AttemptState, refund::RefundState};
use store::{Attempt, Authority, BooksEntry, BooksEntryState, Dispute, Method, Refund, RefundEntry};

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
        let meaning = Some(refund.meaning).filter(|_| refund.is_owed_again());
        Ok(Self::RefundAsked { refund: refund.id, attempt: refund.attempt_id, amount, reason, meaning })
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

    pub(crate) const fn return_invoice_asked(entry: &BooksEntry) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::ReturnInvoiceAsked { attempt, invoice, amount_minor }
    }

    pub(crate) fn return_invoice_written(entry: &BooksEntry, number: &str) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::ReturnInvoiceWritten { attempt, invoice, amount_minor, number: number.to_owned() }
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
            | BooksEntryState::Moved
            | BooksEntryState::Invoiced => None,
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
}
