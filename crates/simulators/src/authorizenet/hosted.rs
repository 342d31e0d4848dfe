//! What the two hosted pages share: forms that a token opens, the shell that may stand in a frame, the fields of a card
//! or bank account, and what was typed into them. Plain HTML; the script only speaks to the page around a frame.

use std::sync::Arc;

use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::MINUTE_MS;
use super::instruments::{Bank, Instrument};
use super::nonces;
use super::operation::Operation;
use super::reasons::Reason;
use super::tree::{Content, Node};
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::html::{Text, ancestors, origin};

/// How long a token opens its page.
pub(crate) const TOKEN_LIVES_MS: i64 = 15 * MINUTE_MS;

/// A page that a token opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Form {
    pub made_ms: i64,
    pub what: What,
    /// The portal's page that passes messages on to the page around the frame.
    pub communicator: Option<String>,
    pub return_url: Option<String>,
    pub return_text: String,
    pub cancel_url: Option<String>,
    pub cancel_text: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Pay(Box<super::hosted_pay::Checkout>),
    Profile(u64),
}

/// What a person typed; numbers and codes are never written back into a page.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Typed {
    pub token: String,
    pub payment_profile_id: String,
    pub method: String,
    pub number: String,
    pub expiry: String,
    pub code: String,
    pub first_name: String,
    pub last_name: String,
    pub zip: String,
    pub account_type: String,
    pub routing: String,
    pub account: String,
    pub name: String,
    pub save: String,
}

impl Typed {
    pub fn instrument(&self, op: &Operation<'_>) -> Result<Instrument, Reason> {
        if self.method != "bank" {
            return nonces::typed(op, &self.number, &self.expiry, &self.code);
        }
        let member = |name: &str, text: &str| Node { name: name.to_owned(), content: Content::Text(text.to_owned()) };
        let members = vec![
            member("accountType", &self.account_type),
            member("routingNumber", self.routing.trim()),
            member("accountNumber", self.account.trim()),
            member("nameOnAccount", self.name.trim()),
            member("echeckType", "WEB"),
        ];
        Bank::read(&Node { name: "bankAccount".to_owned(), content: Content::Tree(members) }).map(Instrument::Bank)
    }

    /// `billTo` as far as the page asks for it.
    pub fn bill_to(&self) -> std::collections::BTreeMap<String, String> {
        [("firstName", &self.first_name), ("lastName", &self.last_name), ("zip", &self.zip)]
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect()
    }
}

/// A browser's request for a hosted page, with the fault that is armed for it.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    line: String,
    run: impl FnOnce(&mut Operation<'_>) -> Response,
) -> Response {
    let call = Call { vendor: Vendor::AuthorizeNet, caller: Caller::Browser, line };
    let fault = shared.faults.take(&call, Fault::is_wire);
    if let Some(Fault::Http(status)) = fault {
        return StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    }
    disturb::around(shared, fault.as_ref(), || {
        shared.authorizenet.write(|account| {
            let mut op = Operation::new(account, shared, &call);
            let response = run(&mut op);
            op.effects.behind(response)
        })
    })
    .await
}

/// A page that loopback and the portal may frame. `message` is handed to the communicator when the page is shown.
pub(crate) fn page(shared: &Shared, form: Option<&Form>, message: Option<&str>, title: &str, body: &str) -> Response {
    let communicator = form.and_then(|form| form.communicator.as_deref()).unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/style.css\">\
         <link rel=\"stylesheet\" href=\"/authorizenet/hosted.css\">\
         <script src=\"/authorizenet/hosted.js\" defer></script></head>\
         <body data-communicator=\"{}\" data-message=\"{}\">{body}</body></html>",
        Text(communicator),
        Text(message.unwrap_or_default()),
        title = Text(title),
    );
    let to = |url: Option<&str>| url.and_then(origin).map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
         frame-src 'self'{}; {}; form-action 'self'{}",
        to(Some(communicator)),
        ancestors(&shared.options.portal_url),
        to(form.and_then(|form| form.return_url.as_deref())),
    );
    let mut response = (StatusCode::OK, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    // The communicator tells its frames apart by the address that embeds it.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer-when-downgrade"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(crate) fn gone(shared: &Shared) -> Response {
    let body = "<main class=\"narrow stack\"><h1>This page cannot be opened</h1><p>Its token is missing, has expired or \
                was used. Nothing was charged. Go back and start again.</p></main>";
    let mut response = page(shared, None, None, "This page cannot be opened", body);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// The fields of the methods on offer; with both, a choice that works without script.
pub(crate) fn fields(typed: &Typed, card: bool, bank: bool, address: bool) -> String {
    let mut html = String::new();
    let chosen = if typed.method == "bank" && bank || !card { "bank" } else { "card" };
    if card && bank {
        let radio = |value: &str, label: &str| {
            let checked = if value == chosen { " checked" } else { "" };
            format!(
                "<label class=\"pick\"><input type=\"radio\" name=\"method\" value=\"{value}\"{checked}> {label}</label>"
            )
        };
        html += &format!(
            "<fieldset class=\"row\"><legend>Pay by</legend>{}{}</fieldset>",
            radio("card", "Card"),
            radio("bank", "Bank account")
        );
    } else {
        html += &format!("<input type=\"hidden\" name=\"method\" value=\"{chosen}\">");
    }
    if card {
        html += &format!(
            "<div class=\"by-card stack\">{}<div class=\"two\">{}{}</div></div>",
            input("number", "Card Number", "", "inputmode=\"numeric\" autocomplete=\"cc-number\" maxlength=\"23\""),
            input(
                "expiry",
                "Exp. Date",
                &typed.expiry,
                "inputmode=\"numeric\" autocomplete=\"cc-exp\" placeholder=\"MM/YY\" maxlength=\"7\""
            ),
            input("code", "Card Code", "", "inputmode=\"numeric\" autocomplete=\"cc-csc\" maxlength=\"4\""),
        );
    }
    if bank {
        let kinds: String = [
            ("checking", "Personal Checking"),
            ("savings", "Personal Savings"),
            ("businessChecking", "Business Checking"),
        ]
        .into_iter()
        .map(|(value, label)| {
            let selected = if typed.account_type == value { " selected" } else { "" };
            format!("<option value=\"{value}\"{selected}>{label}</option>")
        })
        .collect();
        html += &format!(
            "<div class=\"by-bank stack\"><div class=\"field\"><label for=\"accountType\">Account Type</label>\
             <select class=\"input\" id=\"accountType\" name=\"accountType\">{kinds}</select></div>{}{}{}</div>",
            input("routing", "Routing Number", "", "inputmode=\"numeric\" maxlength=\"9\""),
            input("account", "Account Number", "", "inputmode=\"numeric\" maxlength=\"17\""),
            input("name", "Name On Account", &typed.name, "autocomplete=\"name\" maxlength=\"22\""),
        );
    }
    if address {
        html += &format!(
            "<div class=\"two\">{}{}</div>{}",
            input("firstName", "First Name", &typed.first_name, "autocomplete=\"given-name\" maxlength=\"50\""),
            input("lastName", "Last Name", &typed.last_name, "autocomplete=\"family-name\" maxlength=\"50\""),
            input("zip", "Zip Code", &typed.zip, "autocomplete=\"postal-code\" maxlength=\"20\""),
        );
    }
    html
}

fn input(name: &str, label: &str, value: &str, attributes: &str) -> String {
    format!(
        "<div class=\"field\"><label for=\"{name}\">{label}</label>\
         <input class=\"input num\" id=\"{name}\" name=\"{name}\" value=\"{}\" {attributes}></div>",
        Text(value)
    )
}

pub(crate) fn alert(reason: Option<Reason>) -> String {
    reason.map_or_else(String::new, |reason| {
        format!("<p class=\"alert bad\" role=\"alert\">{} Try again or use another method.</p>", Text(reason.text()))
    })
}

/// The way back: a link, which the script turns into a message when the page stands in a frame.
pub(crate) fn cancel_link(form: &Form) -> String {
    let target = form.cancel_url.as_deref().or(form.return_url.as_deref());
    match (target, &form.communicator) {
        (Some(url), _) => {
            format!("<a class=\"btn quiet\" data-cancel href=\"{}\">{}</a>", Text(url), Text(&form.cancel_text))
        }
        (None, Some(_)) => {
            format!("<button class=\"btn quiet\" type=\"button\" data-cancel>{}</button>", Text(&form.cancel_text))
        }
        (None, None) => String::new(),
    }
}

impl Operation<'_> {
    /// Keeps the form and gives the token that opens it.
    pub fn open_form(&mut self, form: Form) -> String {
        let now_ms = self.now_ms;
        self.account.forms.retain(|_, form| now_ms - form.made_ms < 4 * TOKEN_LIVES_MS);
        let token = super::random_token();
        self.account.forms.insert(token.clone(), form);
        self.effects.changed = true;
        token
    }

    /// The form of a token that still opens.
    pub fn form(&self, token: &str) -> Option<Form> {
        let form = self.account.forms.get(token)?;
        (self.now_ms - form.made_ms < TOKEN_LIVES_MS).then(|| form.clone())
    }
}
