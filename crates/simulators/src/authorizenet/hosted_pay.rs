//! Accept Hosted: the page on which the vendor takes a payment, as full page and in a frame. The browser's message is a
//! hint; the truth is `getTransactionDetails`. Source: `wire/gateways.md`, 3.10.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form as Posted, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::charge::{Asked, Paying};
use super::duplicates::Window;
use super::hosted::{self, Form, Typed, What};
use super::operation::{Answer, Operation, Reply};
use super::reasons::Reason;
use super::refusal::Refusal;
use super::reply::text;
use super::transactions::{Kind, Transaction, local};
use super::tree::Node;
use super::{MERCHANT, money as amounts};
use crate::Shared;
use crate::html::{Text, money};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/authorizenet/payment/payment",
            post(show).get(async |State(shared): State<Arc<Shared>>| hosted::gone(&shared)),
        )
        .route("/authorizenet/payment/submit", post(pay))
}

/// A payment that waits for its payer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Checkout {
    asked: Asked,
    window: Window,
    ref_id: Option<String>,
    /// The customer for whom the method may be saved.
    profile: Option<u64>,
    button: String,
    show_receipt: bool,
    card: bool,
    bank: bool,
    address: bool,
    offer_save: bool,
    /// The transaction that was approved: a second press shows it, and never charges again.
    paid: Option<u64>,
}

/// A JSON setting of the request; `null` when it is not there.
fn setting(root: &Node, name: &str) -> Result<Value, Refusal> {
    match root.setting("hostedPaymentSettings", name) {
        Some(text) => serde_json::from_str(text).map_err(|_| Refusal::invalid(name)),
        None => Ok(Value::Null),
    }
}

fn owned(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

/// `getHostedPaymentPageRequest`
pub(crate) fn open(op: &mut Operation<'_>, root: &Node) -> Answer {
    let request = root.at("transactionRequest").ok_or_else(|| Refusal::required("transactionRequest"))?;
    let kind = match request.text("transactionType") {
        Some("authCaptureTransaction") => Kind::AuthCapture,
        Some("authOnlyTransaction") => Kind::AuthOnly,
        _ => return Err(Refusal::invalid("transactionType")),
    };
    let asked = Asked::read(request, kind).ok_or_else(|| Refusal::invalid("amount"))?;
    let profile = request.text("profile/customerProfileId").map(|id| id.parse().unwrap_or(0));
    if profile.is_some_and(|id| !op.account.profiles.contains_key(&id)) {
        return Err(Refusal::not_found());
    }
    let back = setting(root, "hostedPaymentReturnOptions")?;
    let methods = setting(root, "hostedPaymentPaymentOptions")?;
    let address = setting(root, "hostedPaymentBillingAddressOptions")?;
    let checkout = Checkout {
        asked,
        window: Window::read(request),
        ref_id: op.ref_id.clone(),
        profile,
        button: owned(&setting(root, "hostedPaymentButtonOptions")?, "text").unwrap_or_else(|| "Pay".to_owned()),
        show_receipt: back["showReceipt"].as_bool().unwrap_or(true),
        card: methods["showCreditCard"].as_bool().unwrap_or(true),
        // A bank account cannot be authorised alone.
        bank: methods["showBankAccount"].as_bool().unwrap_or(true) && kind == Kind::AuthCapture,
        address: address["show"].as_bool().unwrap_or(true),
        offer_save: setting(root, "hostedPaymentCustomerOptions")?["addPaymentProfile"].as_bool().unwrap_or(false),
        paid: None,
    };
    if !checkout.card && !checkout.bank {
        return Err(Refusal::invalid("hostedPaymentPaymentOptions"));
    }
    let form = Form {
        made_ms: op.now_ms,
        what: What::Pay(Box::new(checkout)),
        communicator: owned(&setting(root, "hostedPaymentIFrameCommunicatorUrl")?, "url"),
        return_url: owned(&back, "url"),
        return_text: owned(&back, "urlText").unwrap_or_else(|| "Continue".to_owned()),
        cancel_url: owned(&back, "cancelUrl"),
        cancel_text: owned(&back, "cancelUrlText").unwrap_or_else(|| "Cancel".to_owned()),
    };
    let token = op.open_form(form);
    Ok(Reply::from(vec![("token", text(token))]))
}

/// What came of a request for the page.
enum Outcome {
    Gone,
    Form(Form, Checkout, Option<Reason>),
    Paid(Form, Checkout, Box<Transaction>),
}

async fn show(State(shared): State<Arc<Shared>>, Posted(typed): Posted<Typed>) -> Response {
    let line = "POST /authorizenet/payment/payment".to_owned();
    hosted::answer(&shared, line, |op| render(op.shared, look(op, &typed.token), &typed)).await
}

async fn pay(State(shared): State<Arc<Shared>>, Posted(typed): Posted<Typed>) -> Response {
    let line = "POST /authorizenet/payment/submit".to_owned();
    hosted::answer(&shared, line, |op| render(op.shared, attempt(op, &typed), &typed)).await
}

fn look(op: &Operation<'_>, token: &str) -> Outcome {
    let Some(form) = op.form(token) else { return Outcome::Gone };
    let What::Pay(checkout) = form.what.clone() else { return Outcome::Gone };
    let checkout = *checkout;
    match checkout.paid.and_then(|id| op.account.transactions.get(&id)) {
        Some(paid) => Outcome::Paid(form, checkout, Box::new(paid.clone())),
        None => Outcome::Form(form, checkout, None),
    }
}

/// One press of the button.
fn attempt(op: &mut Operation<'_>, typed: &Typed) -> Outcome {
    let (form, checkout) = match look(op, &typed.token) {
        Outcome::Form(form, checkout, _) => (form, checkout),
        other => return other,
    };
    if (typed.method == "bank" && !checkout.bank) || (typed.method != "bank" && !checkout.card) {
        return Outcome::Form(form, checkout, Some(Reason::MISSING));
    }
    let instrument = match typed.instrument(op) {
        Ok(instrument) => instrument,
        Err(reason) => return Outcome::Form(form, checkout, Some(reason)),
    };
    let mut asked = checkout.asked.clone();
    if checkout.address {
        asked.particulars.bill_to.extend(typed.bill_to());
    }
    if op.duplicate(&checkout.window, &asked, &instrument).is_some() {
        return Outcome::Form(form, checkout, Some(Reason::DUPLICATE));
    }
    let saves = checkout.profile.filter(|_| checkout.offer_save && !typed.save.is_empty());
    let bill_to = asked.particulars.bill_to.clone();
    op.ref_id.clone_from(&checkout.ref_id);
    let id = op.take(asked, Paying { instrument: instrument.clone(), profile: None });
    let Some(transaction) = op.account.transactions.get(&id).cloned() else { return Outcome::Gone };
    if !matches!(transaction.reason.response_code(), 1 | 4) {
        return Outcome::Form(form, checkout, Some(transaction.reason));
    }
    if let Some(profile) = saves {
        op.store_typed(profile, instrument, bill_to);
    }
    let paid = Checkout { paid: Some(id), ..checkout };
    if let Some(kept) = op.account.forms.get_mut(&typed.token) {
        kept.what = What::Pay(Box::new(paid.clone()));
    }
    Outcome::Paid(form, paid, Box::new(transaction))
}

fn render(shared: &Shared, outcome: Outcome, typed: &Typed) -> Response {
    match outcome {
        Outcome::Gone => hosted::gone(shared),
        Outcome::Form(form, checkout, reason) => form_page(shared, &form, &checkout, reason, typed),
        Outcome::Paid(form, checkout, transaction) => paid_page(shared, &form, &checkout, &transaction),
    }
}

fn form_page(shared: &Shared, form: &Form, checkout: &Checkout, reason: Option<Reason>, typed: &Typed) -> Response {
    let amount = money(checkout.asked.amount, &checkout.asked.currency);
    let particulars = &checkout.asked.particulars;
    let line = |label: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("<dt>{label}</dt><dd>{}</dd>", Text(value))).unwrap_or_default()
    };
    let save = if checkout.offer_save && checkout.profile.is_some() {
        "<label class=\"pick\"><input type=\"checkbox\" name=\"save\" value=\"on\"> Save this payment method</label>"
    } else {
        ""
    };
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Authorize.Net. No real money moves</p>\
         <div><p class=\"muted\">{merchant}</p><h1 class=\"num\">{amount}</h1><dl class=\"facts\">{}{}</dl></div>\
         <form method=\"post\" action=\"/authorizenet/payment/submit\" class=\"card pad stack\" novalidate>{}\
         <input type=\"hidden\" name=\"token\" value=\"{}\">{}{save}\
         <button class=\"btn primary big num\" type=\"submit\">{}</button>{}</form>\
         <p class=\"small muted\">Approved: 4111 1111 1111 1111, any future expiry, any card code.</p></main>",
        line("Invoice Number", &particulars.invoice_number),
        line("Description", &particulars.description),
        hosted::alert(reason),
        Text(&typed.token),
        hosted::fields(typed, checkout.card, checkout.bank, checkout.address),
        Text(&checkout.button),
        hosted::cancel_link(form),
        merchant = MERCHANT.name,
    );
    let mut response = hosted::page(shared, Some(form), None, "Payment", &body);
    if reason.is_some() {
        *response.status_mut() = StatusCode::PAYMENT_REQUIRED;
    }
    response
}

/// In a frame the message goes to the portal; alone, a receipt is shown, or the browser is sent on.
fn paid_page(shared: &Shared, form: &Form, checkout: &Checkout, transaction: &Transaction) -> Response {
    if let (None, Some(url), false) = (&form.communicator, &form.return_url, checkout.show_receipt) {
        return Redirect::to(url).into_response();
    }
    let on = form
        .return_url
        .as_ref()
        .map(|url| format!("<a class=\"btn primary\" href=\"{}\">{}</a>", Text(url), Text(&form.return_text)));
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge good\">{}</p><h1 class=\"num\">{}</h1>\
         <dl class=\"facts num\"><dt>Transaction</dt><dd>{}</dd><dt>Paid with</dt><dd>{} {}</dd></dl>{}</main>",
        Text(transaction.reason.text()),
        money(transaction.amount, &transaction.currency),
        transaction.id,
        Text(transaction.instrument.account_type()),
        transaction.instrument.masked(),
        on.unwrap_or_default(),
    );
    let message = format!("action=transactResponse&response={}", browser_response(transaction));
    hosted::page(shared, Some(form), Some(&message), "Payment received", &body)
}

/// The browser's view of the transaction. Characters that would cut the message short are escaped within the JSON.
fn browser_response(transaction: &Transaction) -> String {
    let particulars = &transaction.particulars;
    let response = json!({
        "accountType": transaction.instrument.account_type(), "accountNumber": transaction.instrument.masked(),
        "transId": transaction.id.to_string(), "responseCode": transaction.reason.response_code().to_string(),
        "authorization": transaction.auth_code, "merchantName": MERCHANT.name,
        "billTo": particulars.bill_to, "shipTo": particulars.ship_to,
        "orderDescription": particulars.description, "orderInvoiceNumber": particulars.invoice_number,
        "customerId": particulars.customer.get("id"), "totalAmount": amounts::show(transaction.amount),
        "taxAmount": "0.00", "shippingAmount": "0.00", "dutyAmount": "0.00",
        "dateTime": local(transaction.submitted_ms),
    });
    response.to_string().replace('&', "\\u0026").replace('%', "\\u0025").replace('=', "\\u003d")
}
