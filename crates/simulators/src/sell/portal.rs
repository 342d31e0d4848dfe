//! The quoting program's side of `wp-quote/1` (`wire/connectwise.md`, 3.3): sessions at the portal, the way back from there,
//! and the portal's news. What counts is what the portal answers when it is asked.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::standing::{Status, Told};
use super::{ACCOUNT, CURRENCY, EMAIL, News, Office, Quote, Signature};
use crate::webhooks::hmac;
use crate::{Shared, facts};

const SESSIONS: &str = "/api/integrations/quotes/v1/sessions";
const SECRET: &str = facts::NORTHWIND.sell.secret;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
const WAY_BACK_MAX_AGE_S: i64 = 600;
const NEWS_MAX_AGE_S: i64 = 300;

#[derive(Deserialize)]
pub(super) struct Opened {
    pub session_id: String,
    pub pay_url: String,
}

/// Why the portal does not do it, in its words.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub code: String,
    pub message: String,
}

#[derive(Deserialize)]
struct Refused {
    error: Refusal,
}

/// Asks for a session. The same attempt asks for the same, so that a press that is repeated opens no other.
pub(super) async fn open(shared: &Shared, quote: &Quote, signed: &Signature, attempt: u32) -> Result<Opened, Refusal> {
    let key = format!("{}:{}:{attempt}", quote.id, quote.version);
    let request = shared.webhooks.client().post(format!("{}{SESSIONS}", shared.options.portal_url));
    asked(request.header("idempotency-key", key).json(&asked_for(shared, quote, signed))).await
}

fn asked_for(shared: &Shared, quote: &Quote, signed: &Signature) -> Value {
    let page = format!("{}/sell/quote/{}/return", shared.options.public_url, quote.spelt());
    let accepted_at = DateTime::from_timestamp_millis(signed.at_ms).unwrap_or_default();
    let monthly = quote.monthly_minor();
    let recurring =
        json!({ "present": true, "amount_minor": monthly, "cycle": "monthly", "label": "Managed services" });
    json!({
        "quote": { "id": quote.id, "number": quote.number, "version": quote.version, "name": quote.name },
        "account": { "name": ACCOUNT, "psa_company_id": "ACME" },
        "payer": { "email": EMAIL, "first_name": "Ana", "last_name": "Example" },
        "one_time": { "amount_minor": quote.one_time_minor(), "currency": CURRENCY, "tax_minor": 0 },
        "recurring": if monthly > 0 { recurring } else { Value::Null },
        "allowed_methods": ["card", "bank"],
        "return_url": page, "cancel_url": page,
        "acceptance": { "accepted_at": accepted_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "signer_name": signed.signer },
        "metadata": { "quote": quote.spelt() },
    })
}

async fn asked<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Refusal> {
    let away = |_: reqwest::Error| Refusal {
        code: "unreachable".to_owned(),
        message: "The payments portal does not answer.".to_owned(),
    };
    let answer = request.bearer_auth(SECRET).timeout(ANSWER_TIMEOUT).send().await.map_err(away)?;
    if answer.status().is_success() {
        return answer.json().await.map_err(away);
    }
    Err(answer.json::<Refused>().await.map_err(away)?.error)
}

/// Asks the portal where a session stands, and keeps the answer. `false`: there was none.
pub(super) async fn ask(shared: &Shared, session: &str, left_unpaid: bool) -> bool {
    let request = shared.webhooks.client().get(format!("{}{SESSIONS}/{session}", shared.options.portal_url));
    let Ok(mut told) = asked::<Told>(request).await else { return false };
    shared.sell.write(|office| {
        let Some(attempt) = office.attempt_mut(session) else { return };
        let is_left = left_unpaid || attempt.told.status == Status::Cancelled;
        if told.status == Status::Created && is_left {
            told.status = Status::Cancelled;
        }
        attempt.told = told;
    });
    shared.saved().await
}

/// What a payer's browser brings back.
#[derive(Deserialize)]
pub(super) struct Brought {
    pub wp_session: String,
    pub wp_status: String,
    wp_ts: i64,
    wp_nonce: String,
    wp_sig: String,
}

impl Brought {
    /// Whether the portal has sent it, to this quote, a moment ago and for the first time; why not otherwise.
    pub fn check(&self, office: &mut Office, number: &str, now_s: i64) -> Result<(), &'static str> {
        let Self { wp_session, wp_status, wp_ts, wp_nonce, wp_sig } = self;
        let text = format!("v1\n{wp_session}\n{wp_status}\n{wp_ts}\n{wp_nonce}");
        let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac(&sub_key("return"), text.as_bytes()));
        let is_of_quote = |quote: &Quote| quote.attempts.iter().any(|attempt| attempt.session == *wp_session);
        office.nonces.retain(|_, until_s| *until_s >= now_s);
        if signature != *wp_sig {
            return Err("its signature is wrong");
        }
        if now_s.abs_diff(*wp_ts) > WAY_BACK_MAX_AGE_S.unsigned_abs() {
            return Err("it is more than ten minutes old");
        }
        if !office.quote(number).is_some_and(is_of_quote) {
            return Err("it is about another quote");
        }
        if office.nonces.insert(wp_nonce.clone(), wp_ts + WAY_BACK_MAX_AGE_S).is_some() {
            return Err("it was used before");
        }
        Ok(())
    }
}

/// `POST /sell/hooks/wisepay`: news say which session to ask about.
pub(super) async fn take_news(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> StatusCode {
    let signature = headers.get("wisepay-signature").and_then(|value| value.to_str().ok());
    if !signature.is_some_and(|signature| is_signed(signature, &body, shared.clock.now_s())) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(news) = serde_json::from_str::<News>(&body) else { return StatusCode::BAD_REQUEST };
    let session = news.data.session_id.clone();
    let is_ours = shared.sell.read(|office| office.has_session(&session));
    if is_ours && !ask(&shared, &session, false).await {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    shared.sell.write(|office| office.hear(news));
    if shared.saved().await { StatusCode::NO_CONTENT } else { StatusCode::INTERNAL_SERVER_ERROR }
}

/// `t=…,v1=…` over `t.body`, five minutes old at most.
fn is_signed(signature: &str, body: &str, now_s: i64) -> bool {
    let Some((at, given)) = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")) else { return false };
    let is_fresh = at.parse().is_ok_and(|at: i64| now_s.abs_diff(at) <= NEWS_MAX_AGE_S.unsigned_abs());
    is_fresh && given == hex::encode(hmac(&sub_key("webhook"), format!("{at}.{body}").as_bytes()))
}

fn sub_key(purpose: &str) -> Vec<u8> {
    sub_key_of(SECRET, purpose)
}

/// HKDF-SHA256 without a salt, of one block.
fn sub_key_of(secret: &str, purpose: &str) -> Vec<u8> {
    let extracted = hmac(&[0; 32], secret.as_bytes());
    hmac(&extracted, format!("wp-int/v1/{purpose}\u{1}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of `wire/connectwise.md`, 3.3.
    #[test]
    fn sub_keys_are_those_of_the_worked_example() {
        let secret = "wpsk_3f9d2c7a51e84b06a0c1d2e3f4a5b6c7d8e9f0011223344556677889900aabb";
        for (purpose, key) in [
            ("return", "76b1e29d99a1535c6ed953e9a570e8c3799134d8111452e25d8129081ea7f603"),
            ("webhook", "3072c0614f86db1f2269b2fe0f9ef30cf6cee5f48e49040ccc77c52fb6495002"),
        ] {
            assert_eq!(hex::encode(sub_key_of(secret, purpose)), key, "{purpose}");
        }
        let returned = "v1\nqs_01JH8Z6W3T7M\nsucceeded\n1767225900\nn_7f3a";
        let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac(&sub_key_of(secret, "return"), returned.as_bytes()));
        assert_eq!(signature, "yzTzWHdadtnVymB1mxS5bR0pC8ITen4jYjQrLKeWxiI");
    }
}
