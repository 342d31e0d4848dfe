//! What kind of act a line of the audit trail tells of, and in which words people read it.

use crate::audit::Audited;
use domain::{dispute::DisputeState, method::MethodState, refund::RefundState};

pub(crate) const PAYMENT_STARTED: &str = "payment_started";
pub(crate) const PAYMENT_RETRIED: &str = "payment_retried";
pub(crate) const PAYMENT_TAKEN_IN: &str = "payment_taken_in";
pub(crate) const METHOD_GIVEN: &str = "method_given";
pub(crate) const AUTHORITY_GIVEN: &str = "authority_given";

impl Audited {
    /// As it is written down.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::PaymentStarted(_) => PAYMENT_STARTED,
            Self::PaymentRetried { .. } => PAYMENT_RETRIED,
            Self::PaymentTakenIn { .. } => PAYMENT_TAKEN_IN,
            Self::PaymentMoved { to, .. } if to.has_money() => "money_came",
            Self::PaymentMoved { from, .. } if from.has_money() => "money_went_back",
            Self::PaymentMoved { .. } => "no_money",
            Self::ChargeNamed { .. } => "charge_named",
            Self::DeclaredAbsent { .. } => "declared_absent",
            Self::RefundNamed { .. } => "refund_named",
            Self::RefundDeclaredAbsent { .. } => "refund_declared_absent",
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
            Self::ConnectionMade { .. } => "connection_made",
            Self::ConnectionLeft { .. } => "connection_left",
            Self::AccountsChosen { .. } => "accounts_chosen",
            Self::ConnectionBroken { .. } => "connection_broken",
            Self::ConnectionWorks { .. } => "connection_works",
        }
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
        "refund_named" => "Refund found at the gateway by staff",
        "refund_declared_absent" => "Refund declared absent from the gateway",
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
        "connection_made" => "Books connected",
        "connection_left" => "Books disconnected",
        "accounts_chosen" => "Accounts of the books chosen",
        "connection_broken" => "Connection broken",
        "connection_works" => "Connection works again",
        _ => "Something that no version wrote",
    }
}
