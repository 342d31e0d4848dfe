//! Single calls to Stripe and the reading of their answers: by HTTP status first (`wire/gateways.md`, 2.7). Decides
//! nothing beyond one answer.

use super::{
    ChargeHow, ChargeRequest, GatewayError, Stripe, form,
    wire::{ApiError, ErrorBody, Expandable, Intent, Session, SessionStatus, parked},
};
use crate::{
    gateway::{AFTERWORK_MAX, refused, unreadable},
    http::Answer,
};
use domain::payment::{Fact, Observation};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

/// The version that this adapter was written against (2.1); without it the account's own applies.
const API_VERSION: &str = "2026-10-28.endive";
/// Currencies whose smallest unit at Stripe is not that of ISO 4217: charging them by ours would be off by 100.
const OTHER_UNITS: [&str; 3] = ["ISK", "MGA", "UGX"];
/// The refusal of a key that was used with other parameters: it says nothing about the first request.
pub const IDEMPOTENCY_ERROR: &str = "idempotency_error";

/// The refusal to end what has ended.
const ENDED: &str = "payment_intent_unexpected_state";

/// What a gateway id stands for. Only letters, digits and `_` go into an address.
pub enum Id<'a> {
    Intent(&'a str),
    Session(&'a str),
}

impl<'a> Id<'a> {
    pub fn parse(id: &'a str) -> Result<Self, GatewayError> {
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match id.split_once('_') {
            Some(("pi", _)) if plain => Ok(Self::Intent(id)),
            Some(("cs", _)) if plain => Ok(Self::Session(id)),
            _ => Err(refused("unknown_id", "not the id of a payment or a page at Stripe")),
        }
    }
}

/// An id of this kind, safe to stand in an address: letters, digits and `_` alone.
pub fn plain<'a>(id: &'a str, kind: &str) -> Result<&'a str, GatewayError> {
    let is_plain = id.starts_with(kind) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_plain { Ok(id) } else { Err(refused("unknown_id", "not the id of such an object at Stripe")) }
}

impl Stripe {
    pub(super) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v1/{path}", self.config.base_url);
        let request = self.http.request(method, &url).header("Stripe-Version", API_VERSION);
        request.bearer_auth(self.config.secret_key.expose_secret())
    }

    /// Sends a charge. Sent again, it is the same request with the same key: Stripe then repeats its first answer.
    pub(super) async fn transmit(&self, request: &ChargeRequest) -> Result<Answer, GatewayError> {
        let currency = request.amount.currency.code();
        if OTHER_UNITS.contains(&currency) {
            return Err(refused("unsupported_currency", currency));
        }
        let (path, fields) = form::charge(request);
        let call = self.call(Method::POST, path).header("Idempotency-Key", &request.idempotency_key).form(&fields);
        Ok(self.http.send(call).await?)
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, call: RequestBuilder) -> Result<T, GatewayError> {
        read(&self.http.send(call).await?)
    }

    pub(super) async fn intent(&self, id: &str) -> Result<Intent, GatewayError> {
        self.json(self.call(Method::GET, &format!("payment_intents/{id}")).query(&[("expand[]", "latest_charge")]))
            .await
    }

    pub(super) async fn session(&self, id: &str) -> Result<Session, GatewayError> {
        let call = self.call(Method::GET, &format!("checkout/sessions/{id}"));
        self.json(call.query(&[("expand[]", "payment_intent.latest_charge")])).await
    }

    /// Needs no idempotency key: a second cancel changes nothing.
    pub(super) async fn cancel_intent(&self, id: &str) -> Result<Intent, GatewayError> {
        self.json(self.cancelling(id)).await
    }

    fn cancelling(&self, id: &str) -> RequestBuilder {
        self.call(Method::POST, &format!("payment_intents/{id}/cancel")).form(&[("expand[]", "latest_charge")])
    }

    /// Stripe would let a declined intent succeed on a second try; ended, the decline is final (1.3). Best effort: the
    /// payer's outcome does not hang on it. A page of Stripe's own ends its intents itself.
    pub(super) async fn end_declined(&self, how: &ChargeHow, seen: &Observation) {
        if let (ChargeHow::Token(_) | ChargeHow::Saved { .. }, Fact::BankNo { .. }, Some(id)) =
            (how, &seen.fact, &seen.gateway_id)
            && let Ok(Id::Intent(id)) = Id::parse(id)
            && let Err(error) = self.json::<Intent>(self.cancelling(id).timeout(AFTERWORK_MAX)).await
            // News of a decline are read more than once, and the first reading has ended it.
            && !matches!(&error, GatewayError::Refused { code, .. } if code == ENDED)
        {
            tracing::info!(gateway.id = id, %error, "a declined payment at Stripe could not be ended");
        }
    }

    pub(super) async fn observe_session(&self, session: Session) -> Result<Observation, GatewayError> {
        let id = Some(session.id.clone());
        let page = |fact| Observation { gateway_id: id, ..Observation::bare(fact) };
        Ok(match (session.status, session.payment_intent) {
            (Some(SessionStatus::Complete), Some(Expandable::Full(intent))) => intent.observe(),
            (Some(SessionStatus::Complete), Some(Expandable::Id(intent))) => self.intent(&intent).await?.observe(),
            (Some(SessionStatus::Expired), _) => page(Fact::Voided),
            (status, _) => page(page_fact(&session.id, status, session.url)),
        })
    }
}

fn page_fact(id: &str, status: Option<SessionStatus>, url: Option<String>) -> Fact {
    match (status, url) {
        (Some(SessionStatus::Open), Some(url)) => Fact::ActionNeeded { url, fields: Vec::new() },
        (status, _) => parked(id, &status),
    }
}

/// What the answer to a charge says; a decline is an outcome.
pub fn read_charge(answer: &Answer, how: &ChargeHow) -> Result<Observation, GatewayError> {
    if answer.status == StatusCode::PAYMENT_REQUIRED {
        return Ok(error_of(answer).ok_or_else(|| unreadable(answer))?.observe());
    }
    match how {
        ChargeHow::Token(_) | ChargeHow::Saved { .. } => Ok(read::<Intent>(answer)?.observe()),
        ChargeHow::HostedPage => {
            let page: Session = read(answer)?;
            let fact = page_fact(&page.id, page.status, page.url);
            Ok(Observation { gateway_id: Some(page.id), ..Observation::bare(fact) })
        }
    }
}

/// Stripe refused the charge because it keeps the saved method no more.
pub fn is_of_none_kept(answer: &Answer, how: &ChargeHow) -> bool {
    matches!(how, ChargeHow::Saved { .. })
        && matches!(answer.status.as_u16(), 400 | 404)
        && error_of(answer).is_some_and(|error| error.lacks_saved())
}

pub fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, GatewayError> {
    if !answer.status.is_success() {
        return Err(failure(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| unreadable(answer))
}

fn failure(answer: &Answer) -> GatewayError {
    let error = error_of(answer);
    let code = error.as_ref().and_then(|error| error.code.as_deref());
    match answer.status.as_u16() {
        409 | 429 => GatewayError::Busy { after: answer.retry_after() },
        400 if code == Some("rate_limit") => GatewayError::Busy { after: answer.retry_after() },
        400 | 401 | 403 | 404 => match error {
            Some(error) => error.into_refusal(),
            None => refused(answer.status.as_str(), "no reason given"),
        },
        _ => unreadable(answer),
    }
}

impl ApiError {
    fn into_refusal(self) -> GatewayError {
        let kind = self.kind.unwrap_or_default();
        let code = if kind == IDEMPOTENCY_ERROR { kind } else { self.code.unwrap_or(kind) };
        GatewayError::Refused { code, message: self.message.unwrap_or_default() }
    }
}

pub fn error_of(answer: &Answer) -> Option<ApiError> {
    serde_json::from_slice(&answer.body).ok().map(|body: ErrorBody| body.error)
}
