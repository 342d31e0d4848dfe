//! Every act has its kind and its words, and names nobody.

use super::*;
use crate::audit_words::words;
use domain::{ids::MerchantId, money::Currency};
use store::{BooksEntryState, RefundEntry};
use uuid::Uuid;

#[test]
fn n15_every_act_has_words_and_a_guest_is_no_more_than_that() {
    let (attempt, refund) = (AttemptId(Uuid::nil()), RefundId(Uuid::nil()));
    let amount = Money::new(1, Currency::USD);
    let moved = |from, to| {
        let (gateway_id, charge_id) = (None, None);
        Audited::PaymentMoved { attempt, from, to, amount, gateway_id, charge_id }
    };
    let paid_back = |to| {
        let from = RefundState::Created;
        Audited::RefundMoved { refund, from, to, amount, gateway_id: None }
    };
    let (method, customer) = (MethodId(Uuid::nil()), CustomerId(Uuid::nil()));
    let (connection, key) = (ConnectionId(Uuid::nil()), IntegrationKeyId(Uuid::nil()));
    let endpoint = EndpointId(Uuid::nil());
    let disputed = |to| {
        let (dispute, dispute_there) = (DisputeId(Uuid::nil()), "dp_1".to_owned());
        Audited::DisputeMoved { dispute, attempt, to, disputed: amount, dispute_there }
    };
    let told = |from, to| Audited::MethodMoved { method, customer, from, to, gateway_method: None };
    let written = |state, credit: Option<&str>| {
        Audited::refund_written(&entry(state, credit)).expect("there was something to write")
    };
    for (act, kind) in [
        (moved(AttemptState::Created, AttemptState::Approved), "money_came"),
        (moved(AttemptState::Declined, AttemptState::Approved), "money_came"),
        (moved(AttemptState::Approved, AttemptState::Voided), "money_went_back"),
        (moved(AttemptState::Unknown, AttemptState::Declined), "no_money"),
        (Audited::PaymentTakenIn { attempt, amount, gateway_id: None }, "payment_taken_in"),
        (Audited::ChargeNamed { attempt, gateway_id: Some("pi_1".into()) }, "charge_named"),
        (Audited::DeclaredAbsent { attempt, amount, reason: "a".into() }, "declared_absent"),
        (Audited::RefundNamed { refund, amount, gateway_id: Some("re_1".into()) }, "refund_named"),
        (Audited::RefundDeclaredAbsent { refund, amount, reason: "a".into() }, "refund_declared_absent"),
        (Audited::CancelAsked { attempt }, "cancel_asked"),
        (
            Audited::ReturnInvoiceAsked { attempt, invoice: InvoiceId(Uuid::nil()), amount_minor: 1 },
            "return_invoice_asked",
        ),
        (
            Audited::ReturnInvoiceWritten {
                attempt,
                invoice: InvoiceId(Uuid::nil()),
                amount_minor: 1,
                number: "RT-1".into(),
            },
            "return_invoice_written",
        ),
        (Audited::PostAgainAsked { attempt, invoice: InvoiceId(Uuid::nil()), amount_minor: 1 }, "post_again_asked"),
        (
            Audited::Reallocated {
                attempt,
                invoice: InvoiceId(Uuid::nil()),
                to: InvoiceId(Uuid::nil()),
                amount_minor: 1,
            },
            "reallocated",
        ),
        (
            Audited::RefundPostAgainAsked { refund, invoice: InvoiceId(Uuid::nil()), amount_minor: 1 },
            "refund_post_again_asked",
        ),
        (
            Audited::ExceptionFixed { exception: "unknown:pi_1".into(), reason: "a".into(), reference: "b".into() },
            "exception_fixed",
        ),
        (disputed(DisputeState::Inquiry), "dispute_inquiry"),
        (disputed(DisputeState::Open), "dispute_opened"),
        (disputed(DisputeState::Lost), "dispute_lost"),
        (disputed(DisputeState::Won), "dispute_won"),
        (Audited::RefundFound { refund, attempt, amount, gateway_id: None }, "refund_found"),
        (paid_back(RefundState::Succeeded), "refund_paid"),
        (paid_back(RefundState::Failed), "refund_not_paid"),
        (written(BooksEntryState::Posted, Some("cn_1")), "refund_posted"),
        (written(BooksEntryState::Refused, None), "refund_post_refused"),
        (written(BooksEntryState::Needless, Some("cn_1")), "refund_taken_back"),
        (Audited::MethodGiven { method, customer, connection }, "method_given"),
        (Audited::AuthorityGiven { method, customer, connection, authority: "a1".into() }, "authority_given"),
        (
            Audited::PaymentRetried { attempt, after: attempt, amount, method, authority: "a1".into() },
            "payment_retried",
        ),
        (told(MethodState::Unverified, MethodState::Ready), "method_ready"),
        (told(MethodState::Verifying, MethodState::Revoked), "method_not_ready"),
        (Audited::MethodRemoved { method, customer }, "method_removed"),
        (Audited::CustomerAsked { customer }, "customer_asked"),
        (Audited::CustomerMade { customer, external_id: "c-9".into() }, "customer_made"),
        (Audited::InvoiceIssued { invoice: InvoiceId(Uuid::nil()), total: amount }, "invoice_issued"),
        (Audited::InvoiceVoided { invoice: InvoiceId(Uuid::nil()), total: amount }, "invoice_voided"),
        (
            Audited::InvoiceCredited { note: CreditNoteId(Uuid::nil()), invoice: InvoiceId(Uuid::nil()), amount },
            "invoice_credited",
        ),
        (
            Audited::CreditAllocated { note: CreditNoteId(Uuid::nil()), invoice: InvoiceId(Uuid::nil()), amount },
            "credit_allocated",
        ),
        (Audited::CreditVoided { note: CreditNoteId(Uuid::nil()), amount }, "credit_voided"),
        (
            Audited::QuoteCreditAsked { invoice: InvoiceId(Uuid::nil()), quote: InvoiceId(Uuid::nil()) },
            "quote_credit_asked",
        ),
        (
            Audited::QuoteCreditApplied { invoice: InvoiceId(Uuid::nil()), quote: InvoiceId(Uuid::nil()) },
            "quote_credit_applied",
        ),
        (Audited::HandPaymentEntered { invoice: InvoiceId(Uuid::nil()), amount }, "hand_payment_entered"),
        (Audited::HandPaymentTakenBack { invoice: InvoiceId(Uuid::nil()), amount }, "hand_payment_taken_back"),
        (
            Audited::CreditUsed { credit: InvoiceId(Uuid::nil()), invoice: InvoiceId(Uuid::nil()), amount },
            "credit_used",
        ),
        (Audited::TableImported { table: "invoices", added: 1, changed: 0, text: "digest".into() }, "table_imported"),
        (Audited::StaffSignedIn {}, "staff_signed_in"),
        (Audited::IntegrationSwitched { integration: "sell", enabled: true }, "integration_enabled"),
        (Audited::IntegrationSwitched { integration: "sell", enabled: false }, "integration_disabled"),
        (Audited::IntegrationKeyMade { integration: "sell", key }, "integration_key_made"),
        (Audited::IntegrationKeyShown { integration: "sell", key }, "integration_key_shown"),
        (Audited::IntegrationKeyRetired { integration: "sell", key }, "integration_key_retired"),
        (
            Audited::MerchantSet {
                takes_parts: true,
                takes_more: false,
                takes_prepayments: true,
                retries_debits: false,
                letterhead: "digest".into(),
            },
            "merchant_set",
        ),
        (
            Audited::QuoteRulesSet {
                applies_credits: true,
                creates_customers: false,
                return_hosts: String::new(),
                news_host: None,
            },
            "quote_rules_set",
        ),
        (Audited::EndpointAdded { endpoint, host: None }, "endpoint_added"),
        (Audited::EndpointSwitched { endpoint, on: true }, "endpoint_turned_on"),
        (Audited::EndpointSwitched { endpoint, on: false }, "endpoint_turned_off"),
        (Audited::EndpointSecretMade { endpoint }, "endpoint_secret_made"),
        (Audited::EndpointDropped { endpoint }, "endpoint_dropped"),
        (Audited::ConnectionMade { connection, organisation: "1".into() }, "connection_made"),
        (Audited::ConnectionLeft { connection }, "connection_left"),
        (Audited::AccountsChosen { connection, clearing: "1".into(), prepayment: None }, "accounts_chosen"),
        (Audited::SurchargesSet { rules: 2, text: "digest".into() }, "surcharges_set"),
        (Audited::SurchargesSet { rules: 0, text: "digest".into() }, "surcharges_turned_off"),
        (Audited::ConnectionBroken { connection }, "connection_broken"),
        (Audited::ConnectionWorks { connection }, "connection_works"),
    ] {
        let slip = act.slip(None, Actor::Guest, DateTime::UNIX_EPOCH).expect("it is JSON");
        assert_eq!((slip.kind, slip.actor.as_str()), (kind, "guest"));
        assert_ne!(words(kind), words("nonsense"));
        assert!(slip.body.starts_with('{'), "{}", slip.body);
    }
}

fn entry(state: BooksEntryState, credit: Option<&str>) -> RefundEntry {
    RefundEntry {
        merchant_id: MerchantId(Uuid::nil()),
        refund_id: RefundId(Uuid::nil()),
        invoice_id: InvoiceId(Uuid::nil()),
        amount_minor: 1,
        state,
        credit_id: credit.map(str::to_owned),
        external_id: None,
        last_error: None,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn n15_a_refund_that_never_stood_in_the_books_is_not_taken_out_of_them() {
    for state in [BooksEntryState::Needless, BooksEntryState::Intended] {
        assert!(Audited::refund_written(&entry(state, None)).is_none(), "{state:?}");
    }
}
