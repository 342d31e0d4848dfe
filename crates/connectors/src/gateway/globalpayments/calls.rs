//! Single calls to GP-API and the reading of their answers: by HTTP status first (`wire/gateways.md`, 5.1-5.2). Decides
//! nothing beyond one answer.

use super::{
    GatewayError, GlobalPayments,
    wire::{ApiError, OnlyAmount, Sale, TokenReply, TokenRequest, Transaction},
};
use crate::{
    gateway::{
        AFTERWORK_MAX, ChargeHow, ChargeRequest,
        bearer::{TOKEN_WITHIN, ungranted},
        keeps_none, refused, unreadable,
    },
    http::Answer,
};
use chrono::SecondsFormat;
use domain::{money::Money, payment::Observation};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha512};

/// The version that the SDKs send with every call (5.1).
const API_VERSION: &str = "2021-03-22";
const IDEMPOTENCY: &str = "x-gp-idempotency";
/// The refusal of a key that was used before.
const DUPLICATE: &str = "DUPLICATE_ACTION";
/// The gateway's own backends failed: what they did, nobody says.
const SYSTEM_ERROR: &str = "SYSTEM_ERROR";
const LINK: &str = "LNK_";
pub const TRANSACTION: &str = "TRN_";
const METHOD: &str = "PMT_";

pub fn is_link(id: &str) -> bool {
    id.starts_with(LINK)
}

/// An id of this kind, safe to stand in an address: letters, digits, `_` and `-` alone.
pub fn plain<'a>(id: &'a str, kind: &str) -> Result<&'a str, GatewayError> {
    if id.starts_with(kind) && id.bytes().all(is_of_id) {
        Ok(id)
    } else {
        Err(refused("unknown_id", "not the id of such an object at Global Payments"))
    }
}

pub fn plain_link(id: &str) -> Result<&str, GatewayError> {
    plain(id, LINK)
}

fn is_of_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

impl GlobalPayments {
    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/{path}", self.config.base_url);
        self.http.request(method, &url).header("X-GP-Version", API_VERSION).header("Accept", "application/json")
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.call(Method::GET, path)
    }

    /// Sent again with the same key, it does nothing and names what the first one made.
    pub(super) fn post(&self, path: &str, key: &str, body: &impl Serialize) -> RequestBuilder {
        self.call(Method::POST, path).header(IDEMPOTENCY, key).json(body)
    }

    pub(super) fn patch(&self, path: &str, body: &impl Serialize) -> RequestBuilder {
        self.call(Method::PATCH, path).json(body)
    }

    pub(super) async fn send(&self, call: RequestBuilder) -> Result<Answer, GatewayError> {
        self.token.send(&self.http, call, || self.fresh_token()).await
    }

    async fn fresh_token(&self) -> Result<SecretString, GatewayError> {
        let nonce = (self.config.clock)().to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut digest = Sha512::new();
        digest.update(nonce.as_bytes());
        digest.update(self.config.app_key.expose_secret().as_bytes());
        let secret = hex::encode(digest.finalize());
        let body =
            TokenRequest { app_id: &self.config.app_id, nonce: &nonce, secret, grant_type: "client_credentials" };
        let call = self.call(Method::POST, "accesstoken").json(&body).timeout(TOKEN_WITHIN);
        let answer = self.http.send(call).await.map_err(GatewayError::from);
        Ok(answer.and_then(|answer| read::<TokenReply>(&answer)).map_err(ungranted)?.token)
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, call: RequestBuilder) -> Result<T, GatewayError> {
        read(&self.send(call).await?)
    }

    /// The SDKs disagree about what the smallest unit is where it is no hundredth.
    fn takes(amount: Money) -> Result<(), GatewayError> {
        if amount.currency.exponent() == 2 {
            return Ok(());
        }
        Err(refused("unsupported_currency", amount.currency.code()))
    }

    pub(super) async fn send_charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        Self::takes(request.amount)?;
        let method = match &request.how {
            ChargeHow::Token(token) => plain(token, METHOD)?,
            ChargeHow::HostedPage => return self.open_page(request).await,
            ChargeHow::Saved { .. } => return Err(keeps_none()),
        };
        let sale = Sale::of(request, method, &self.config);
        let answer = self.send(self.post("transactions", &request.idempotency_key, &sale)).await?;
        let Some(id) = made_before(&answer) else { return Ok(read::<Transaction>(&answer)?.observe()) };
        let made: Transaction = self.read_made("transactions", &id).await?;
        if made.is_of(request.attempt) { Ok(made.observe()) } else { Err(made_another()) }
    }

    /// What the first request of a key made. Nothing that comes of this may say that nothing was sent, or was refused.
    pub(super) async fn read_made<T: DeserializeOwned>(&self, of: &str, id: &str) -> Result<T, GatewayError> {
        if id.is_empty() {
            return Err(made_another());
        }
        let made = self.json(self.get(&format!("{of}/{id}")).timeout(AFTERWORK_MAX)).await;
        made.map_err(|error| GatewayError::Unknown(format!("what its key made before cannot be read: {error}")))
    }

    pub(super) async fn transaction(&self, id: &str) -> Result<Transaction, GatewayError> {
        self.json(self.get(&format!("transactions/{}", plain(id, TRANSACTION)?))).await
    }

    /// Undoes a payment that has not settled. Whether that worked, had been done before or came too late, the transaction
    /// itself says best.
    pub(super) async fn reverse(&self, id: &str) -> Result<Observation, GatewayError> {
        let stands = self.transaction(id).await?;
        let Some(amount) = stands.money().filter(|_| stands.fact().is_money()) else { return Ok(stands.observe()) };
        let path = format!("transactions/{id}/reversal");
        let undone = self.send(self.post(&path, &format!("{id}-reversal"), &OnlyAmount::of(amount))).await?;
        if !undone.status.is_success() && !matches!(failure(&undone), GatewayError::Refused { .. }) {
            return Err(failure(&undone));
        }
        Ok(self.transaction(id).await?.observe())
    }
}

pub fn made_another() -> GatewayError {
    GatewayError::Unknown("its key was used before, for something else".into())
}

/// What the key of this request has made before: the id stands in the words of the refusal (5.2).
pub fn made_before(answer: &Answer) -> Option<String> {
    let error = error_of(answer).filter(|_| answer.status == StatusCode::CONFLICT)?;
    let said = error.detailed_error_description.filter(|_| error.error_code == DUPLICATE)?;
    let (_, id) = said.split_once("id=")?;
    Some(id.chars().take_while(|c| u8::try_from(*c).is_ok_and(is_of_id)).collect())
}

pub fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, GatewayError> {
    if !answer.status.is_success() {
        return Err(failure(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| unreadable(answer))
}

/// A refusal is one when the gateway says so itself; a bare status may be anybody's word.
fn failure(answer: &Answer) -> GatewayError {
    match (answer.status.as_u16(), error_of(answer)) {
        (429, _) => GatewayError::Busy { after: answer.retry_after() },
        (400 | 401 | 403 | 404 | 422, Some(error)) if !error.error_code.starts_with(SYSTEM_ERROR) => {
            refused(&error.error_code, error.detailed_error_description.as_deref().unwrap_or_default())
        }
        _ => unreadable(answer),
    }
}

fn error_of(answer: &Answer) -> Option<ApiError> {
    serde_json::from_slice(&answer.body).ok()
}
