//! Single calls to Payrix and the reading of their answers (`wire/gateways.md`, 4.1 and 4.3). Decides nothing beyond one
//! answer.

use super::{
    ChargeRequest, GatewayError, Payrix,
    wire::{ApiError, Login, LoginReply, NewPage, OpenedPage, Page, Transaction},
};
use crate::{
    gateway::{
        bearer::{TOKEN_WITHIN, ungranted},
        refused, unopened, unreadable,
    },
    http::Answer,
};
use domain::{
    ids::AttemptId,
    payment::{Fact, Observation},
};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

/// What was done, the vendor does not know itself (4.3).
const UNSURE: [&str; 3] = ["Timeout", "InternalServerError", "ServiceUnavailable"];
/// There is no transaction of that name (4.3).
pub(super) const NONE: [&str; 2] = ["NotFound", "InvalidTransaction"];
const BUSY: [&str; 2] = ["TooManyRequests", "TooManyTransactions"];

impl Payrix {
    pub(super) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/businesses/{}/{path}", self.config.base_url, self.config.business_id);
        self.http.request(method, &url).header("Accept", "application/json")
    }

    async fn json<T: DeserializeOwned>(&self, call: RequestBuilder) -> Result<T, GatewayError> {
        read(&self.token.send(&self.http, call, || self.log_in()).await?)
    }

    /// Where what a success says is not public, and nothing is read of it.
    pub(super) async fn done(&self, call: RequestBuilder) -> Result<(), GatewayError> {
        let answer = self.token.send(&self.http, call, || self.log_in()).await?;
        if answer.status.is_success() { Ok(()) } else { Err(failure(&answer)) }
    }

    async fn log_in(&self) -> Result<SecretString, GatewayError> {
        let login = Login { username: &self.config.username, password: self.config.password.expose_secret() };
        let call = self.http.request(Method::POST, &format!("{}/login", self.config.auth_url));
        let answer = self.http.send(call.json(&login).timeout(TOKEN_WITHIN)).await.map_err(GatewayError::from);
        Ok(answer.and_then(|answer| read::<LoginReply>(&answer)).map_err(ungranted)?.access_token)
    }

    /// Asks for a page.
    pub(super) async fn open_page(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        if request.amount.currency != self.config.currency {
            return Err(refused("unsupported_currency", request.amount.currency.code()));
        }
        let call = self.call(Method::POST, "services/tokens/hpp/").json(&NewPage::of(request)?);
        let OpenedPage { token, redirect_to_url: url } = self.json(call).await.map_err(unopened)?;
        let fact = Fact::ActionNeeded { url, fields: Vec::new() };
        Ok(Observation { gateway_id: Some(token), ..Observation::bare(fact) })
    }

    pub(super) async fn page(&self, token: &str) -> Result<Page, GatewayError> {
        let is_plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_plain {
            return Err(refused("unknown_id", "not the token of a page at Payrix"));
        }
        self.json(self.call(Method::GET, &format!("services/tokens/{token}"))).await
    }

    /// What was paid, or rejected, under this attempt's name (4.2); nothing where the gateway knows of none.
    pub(super) async fn payment_of(&self, attempt: AttemptId) -> Result<Option<Observation>, GatewayError> {
        let made = self.transaction_of(attempt).await?;
        made.map(|transaction| transaction.observe(attempt)).transpose()
    }

    pub(super) async fn transaction_of(&self, attempt: AttemptId) -> Result<Option<Transaction>, GatewayError> {
        let call = self.call(Method::GET, "transactions/card-payments/").query(&[("reference", attempt.to_string())]);
        match self.json(call).await {
            Ok(transaction) => Ok(Some(transaction)),
            Err(GatewayError::Refused { code, .. }) if NONE.contains(&code.as_str()) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, GatewayError> {
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|_| unreadable(answer));
    }
    Err(failure(answer))
}

fn failure(answer: &Answer) -> GatewayError {
    let said: Option<ApiError> = serde_json::from_slice(&answer.body).ok();
    let code = said.as_ref().map_or("", |said| said.error_code.as_str());
    match answer.status.as_u16() {
        429 => GatewayError::Busy { after: answer.retry_after() },
        _ if BUSY.contains(&code) => GatewayError::Busy { after: answer.retry_after() },
        400..=499 if !code.is_empty() && !UNSURE.contains(&code) => {
            refused(code, said.as_ref().and_then(|said| said.error_message.as_deref()).unwrap_or_default())
        }
        _ => unreadable(answer),
    }
}
