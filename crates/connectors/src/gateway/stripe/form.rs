//! What we send to Stripe, as form fields. Everything comes from the request's stored columns, so that a replay is the
//! same to the byte (`wire/gateways.md`, 2.7).

use crate::gateway::{Authority, ChargeHow, ChargeRequest, RefundRequest, StoreRequest};
use domain::{ids::CustomerId, method::MethodKind};

/// Where our attempt's id stands in every object that it made, and how webhooks and lists are matched to it.
pub const ATTEMPT: &str = "attempt_id";

/// Where our refund's id stands in the object that it made.
pub const REFUND: &str = "refund_id";

/// Where our method's id stands in the object that keeps it.
pub const METHOD: &str = "method_id";

/// A SetupIntent, or a payment, is read with its method.
pub const WITH_METHOD: (&str, &str) = ("expand[]", "payment_method");

/// And with the authority that it was given.
pub const WITH_MANDATE: (&str, &str) = ("expand[]", "mandate");

/// Without its payer: what is kept may be charged so later, and what is charged so is.
const LATER: &str = "off_session";

pub type Fields = Vec<(&'static str, String)>;

/// The address below `/v1` and the fields that start this charge.
pub fn charge(request: &ChargeRequest) -> (&'static str, Fields) {
    match &request.how {
        ChargeHow::Token(token) => ("payment_intents", intent(request, token, MethodKind::Card)),
        ChargeHow::Saved { customer, method, kind } => {
            let mut fields = intent(request, method, *kind);
            fields.push(("customer", customer.clone()));
            ("payment_intents", fields)
        }
        ChargeHow::HostedPage => ("checkout/sessions", hosted_page(request)),
    }
}

/// Create and confirm in one call. No `receipt_email`: the receipt is ours to send. One whose card will be kept names no
/// company yet: "If no Customer was provided, the payment method can still be attached to a Customer after the transaction
/// completes" (the contract). So neither a company that was deleted at Stripe nor one that cannot be made fails a payment.
fn intent(request: &ChargeRequest, method: &str, kind: MethodKind) -> Fields {
    let mut fields = vec![
        ("amount", request.amount.minor.to_string()),
        ("currency", currency(request)),
        ("confirm", "true".to_owned()),
        ("payment_method", method.to_owned()),
        ("payment_method_types[]", name(kind).to_owned()),
        ("description", request.description.clone()),
        ("metadata[attempt_id]", request.attempt.to_string()),
        ("metadata[reference]", request.reference.clone()),
        ("return_url", request.return_url.clone()),
        ("expand[]", "latest_charge".to_owned()),
    ];
    fields.extend(request.keep.then(|| ("setup_future_usage", LATER.to_owned())));
    fields.extend(request.unattended.then(|| (LATER, "true".to_owned())));
    fields
}

/// Both the session and the payment that will come of it carry our attempt. No `expires_at`: counted from now, it would
/// make each replay another request; Stripe's own 24 hours are kept.
fn hosted_page(request: &ChargeRequest) -> Fields {
    let mut fields = vec![
        ("mode", "payment".to_owned()),
        ("payment_method_types[]", "card".to_owned()),
        ("line_items[0][quantity]", "1".to_owned()),
        ("line_items[0][price_data][currency]", currency(request)),
        ("line_items[0][price_data][unit_amount]", request.amount.minor.to_string()),
        ("line_items[0][price_data][product_data][name]", request.description.clone()),
        ("success_url", request.return_url.clone()),
        ("cancel_url", request.cancel_url.clone()),
        ("client_reference_id", request.attempt.to_string()),
        ("metadata[attempt_id]", request.attempt.to_string()),
        ("payment_intent_data[description]", request.description.clone()),
        ("payment_intent_data[metadata][attempt_id]", request.attempt.to_string()),
        ("payment_intent_data[metadata][reference]", request.reference.clone()),
    ];
    fields.extend(request.receipt_email.clone().map(|email| ("customer_email", email)));
    fields.extend(request.keep.then(|| ("payment_intent_data[setup_future_usage]", LATER.to_owned())));
    fields
}

/// The payer's company, to keep its methods under.
pub fn customer(id: CustomerId, name: &str) -> Fields {
    vec![("name", name.to_owned()), ("metadata[customer_id]", id.to_string())]
}

/// Create and confirm in one call.
pub fn set_up(request: &StoreRequest, customer: &str) -> Fields {
    let mut fields = vec![
        ("customer", customer.to_owned()),
        ("payment_method", request.token.clone()),
        ("payment_method_types[]", name(request.kind).to_owned()),
        ("usage", LATER.to_owned()),
        ("confirm", "true".to_owned()),
        ("return_url", request.return_url.clone()),
        ("metadata[method_id]", request.method.to_string()),
        (WITH_METHOD.0, WITH_METHOD.1.to_owned()),
    ];
    if let Some(Authority { given_at, address, user_agent }) = &request.authority {
        fields.extend([
            ("mandate_data[customer_acceptance][type]", "online".to_owned()),
            ("mandate_data[customer_acceptance][accepted_at]", given_at.timestamp().to_string()),
            ("mandate_data[customer_acceptance][online][ip_address]", address.clone()),
            ("mandate_data[customer_acceptance][online][user_agent]", user_agent.clone()),
        ]);
    }
    fields
}

/// As Stripe calls it.
pub const fn name(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Card => "card",
        MethodKind::AchDebit => "us_bank_account",
        MethodKind::BecsDebit => "au_becs_debit",
    }
}

/// `intent` is the payment's id, checked.
pub fn refund(request: &RefundRequest, intent: &str) -> Fields {
    vec![
        ("payment_intent", intent.to_owned()),
        ("amount", request.amount.minor.to_string()),
        ("reason", "requested_by_customer".to_owned()),
        ("metadata[refund_id]", request.refund.to_string()),
    ]
}

fn currency(request: &ChargeRequest) -> String {
    request.amount.currency.code().to_ascii_lowercase()
}
