//! The form of the hosted payment page: what can be typed, how it reads, and the texts of the mandates. Pure.
//! Card and account numbers are never written back into a page.

use http::StatusCode;
use serde::Deserialize;

use axum::response::Response;

use super::bank_accounts::Scheme;
use super::refusal::Refusal;
use super::sessions::Session;
use crate::html::{Text, money, page};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Typed {
    /// The type of the method; empty means the page's first.
    pub method: String,
    pub number: String,
    pub expiry: String,
    pub cvc: String,
    pub name: String,
    pub email: String,
    pub routing: String,
    pub account: String,
    pub holder: String,
    pub verify: String,
    pub agreed: String,
}

impl Typed {
    /// The method of the form, if the session takes it.
    pub fn kind<'a>(&'a self, session: &'a Session) -> &'a str {
        let types = &session.payment_method_types;
        let named = types.iter().find(|kind| **kind == self.method).or(types.first());
        named.map_or("card", String::as_str)
    }
}

/// What the payer agrees to (`wire/gateways.md`, 8.3 and 8.4).
pub(crate) fn mandate_text(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::UsBankAccount => {
            "I authorise Northwind IT to electronically debit my account and, if necessary, to credit it to correct \
             erroneous debits. I can revoke this at any time by telling Northwind IT."
        }
        Scheme::AuBecsDebit => {
            "You agree to this Direct Debit Request and the Direct Debit Request Service Agreement, and authorise \
             Stripe Payments Australia Pty Ltd (Direct Debit User ID 507156) to debit your account through the Bulk \
             Electronic Clearing System on behalf of Northwind IT. You certify that you are an account holder or an \
             authorised signatory on the account."
        }
    }
}

/// The page with its form, and with what was wrong about the last try.
pub(crate) fn form(session: &Session, refusal: Option<&Refusal>, typed: &Typed) -> Response {
    let kind = typed.kind(session);
    let amount = session.currency.as_deref().map(|currency| money(session.total(), currency)).unwrap_or_default();
    let (title, button) = match session.saves {
        true => ("Save a payment method".to_owned(), "Save".to_owned()),
        false => (amount.clone(), format!("Pay {amount}")),
    };
    let param = refusal.and_then(|refusal| refusal.param.as_deref());
    let general = refusal.filter(|_| param.and_then(field_of).is_none()).map(|refusal| {
        format!(
            "<p class=\"alert bad\" role=\"alert\">{} Try again or use another {}.</p>",
            Text(&refusal.message),
            if kind == "card" { "card" } else { "account" }
        )
    });
    let fields = match Scheme::named(kind) {
        None => card_fields(refusal, typed),
        Some(scheme) => bank_fields(scheme, refusal, typed),
    };
    let cancel =
        session.cancel_url.as_ref().map(|url| format!("<a class=\"btn quiet\" href=\"{}\">Cancel</a>", Text(url)));
    let hint = match kind {
        "us_bank_account" => "Clears: 110000000 and 000123456789. Returned late: 000555555559.",
        "au_becs_debit" => "Clears: 000-000 and 900123456, after three minutes. Fails: 111111113.",
        _ => "Approved: 4242 4242 4242 4242, any future expiry, any security code.",
    };
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Stripe. No real money moves</p>\
         <div><h1 class=\"num\">{title}</h1>{items}</div>{tabs}\
         <form method=\"post\" class=\"card pad stack\" novalidate>{general}\
         <input type=\"hidden\" name=\"method\" value=\"{kind}\">{fields}\
         <button class=\"btn primary big num\" type=\"submit\">{button}</button>{cancel}</form>\
         <p class=\"small muted\">{hint}</p></main>",
        items = items(session),
        tabs = tabs(session, kind),
        general = general.unwrap_or_default(),
        cancel = cancel.unwrap_or_default(),
    );
    let status = if refusal.is_some() { StatusCode::PAYMENT_REQUIRED } else { StatusCode::OK };
    let targets = [session.success_url.as_str(), session.cancel_url.as_deref().unwrap_or_default()];
    page(status, &button, &targets, &body)
}

fn items(session: &Session) -> String {
    let currency = session.currency.as_deref().unwrap_or_default();
    let row = |item: &super::sessions::LineItem| {
        format!("<dt>{}</dt><dd>{}</dd>", Text(&item.name), money(item.quantity * item.unit_amount, currency))
    };
    match session.items.as_slice() {
        [] => String::new(),
        items => format!("<dl class=\"facts num\">{}</dl>", items.iter().map(row).collect::<String>()),
    }
}

/// One link for each way to pay, where there are several.
fn tabs(session: &Session, kind: &str) -> String {
    if session.payment_method_types.len() < 2 {
        return String::new();
    }
    let tab = |name: &String| {
        let label = match name.as_str() {
            "us_bank_account" => "US bank account",
            "au_becs_debit" => "BECS Direct Debit",
            _ => "Card",
        };
        let here = if name == kind { " aria-current=\"page\"" } else { "" };
        format!("<a class=\"btn\" href=\"?method={name}\"{here}>{label}</a>")
    };
    let tabs: String = session.payment_method_types.iter().map(tab).collect();
    format!("<nav class=\"row\" aria-label=\"Way to pay\">{tabs}</nav>")
}

fn card_fields(refusal: Option<&Refusal>, typed: &Typed) -> String {
    [
        input(
            "number",
            "Card number",
            "",
            refusal,
            "inputmode=\"numeric\" autocomplete=\"cc-number\" maxlength=\"23\"",
        ),
        "<div class=\"two\">".to_owned(),
        input(
            "expiry",
            "Expiry",
            &typed.expiry,
            refusal,
            "inputmode=\"numeric\" autocomplete=\"cc-exp\" placeholder=\"MM / YY\" maxlength=\"9\"",
        ),
        input("cvc", "Security code", "", refusal, "inputmode=\"numeric\" autocomplete=\"cc-csc\" maxlength=\"4\""),
        "</div>".to_owned(),
        input("name", "Name on card", &typed.name, refusal, "autocomplete=\"cc-name\" maxlength=\"100\""),
    ]
    .concat()
}

fn bank_fields(scheme: Scheme, refusal: Option<&Refusal>, typed: &Typed) -> String {
    let us = scheme == Scheme::UsBankAccount;
    let digits = "inputmode=\"numeric\" autocomplete=\"off\" maxlength=\"17\"";
    let choices = match us {
        true => {
            "<div class=\"two\"><div class=\"field\"><label for=\"holder\">Account holder</label>\
             <select class=\"input\" id=\"holder\" name=\"holder\"><option value=\"company\">Company</option>\
             <option value=\"individual\">Person</option></select></div>\
             <div class=\"field\"><label for=\"verify\">Verify</label>\
             <select class=\"input\" id=\"verify\" name=\"verify\"><option value=\"instant\">Now, at my bank</option>\
             <option value=\"microdeposits\">By a small deposit</option></select></div></div>"
        }
        false => "",
    };
    let agreed = refusal.filter(|refusal| refusal.param.as_deref() == Some("agreed"));
    let agreed = agreed.map(|refusal| format!("<span class=\"error\">{}</span>", Text(&refusal.message)));
    [
        input("name", "Account holder's name", &typed.name, refusal, "autocomplete=\"name\" maxlength=\"100\""),
        input("email", "E-mail", &typed.email, refusal, "type=\"email\" autocomplete=\"email\" maxlength=\"200\""),
        "<div class=\"two\">".to_owned(),
        input("routing", if us { "Routing number" } else { "BSB" }, &typed.routing, refusal, digits),
        input("account", "Account number", "", refusal, digits),
        "</div>".to_owned(),
        choices.to_owned(),
        format!(
            "<p class=\"small\">{}</p><div class=\"field\">{}<label><input type=\"checkbox\" name=\"agreed\" \
             value=\"yes\"> I agree</label></div>",
            mandate_text(scheme),
            agreed.unwrap_or_default()
        ),
    ]
    .concat()
}

/// The field that a refusal's parameter belongs to.
fn field_of(param: &str) -> Option<&'static str> {
    Some(match param {
        "number" => "number",
        "exp_month" | "exp_year" => "expiry",
        "cvc" => "cvc",
        "agreed" => "agreed",
        "billing_details[name]" => "name",
        "billing_details[email]" => "email",
        "us_bank_account[routing_number]" | "au_becs_debit[bsb_number]" | "routing_number" | "bsb_number" => "routing",
        "us_bank_account[account_number]" | "au_becs_debit[account_number]" | "account_number" => "account",
        _ => return None,
    })
}

fn input(name: &str, label: &str, value: &str, refusal: Option<&Refusal>, attributes: &str) -> String {
    let error = refusal.filter(|refusal| refusal.param.as_deref().and_then(field_of) == Some(name));
    let (wrong, note, described) = match error {
        Some(refusal) => (
            " wrong",
            format!("<span class=\"error\" id=\"{name}-error\">{}</span>", Text(&refusal.message)),
            format!(" aria-invalid=\"true\" aria-describedby=\"{name}-error\""),
        ),
        None => ("", String::new(), String::new()),
    };
    format!(
        "<div class=\"field{wrong}\"><label for=\"{name}\">{label}</label>{note}\
         <input class=\"input num\" id=\"{name}\" name=\"{name}\" value=\"{}\" {attributes}{described}></div>",
        Text(value)
    )
}
