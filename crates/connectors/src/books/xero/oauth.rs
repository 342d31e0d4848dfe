//! Xero's tokens and connections (`wire/accounting.md`, 1.2). Each refresh makes the old refresh token useless after
//! half an hour: the caller must let one refresh run at a time and store its result before using it.

use super::errors::Call;
use crate::{
    books::{BooksError, TokenSet},
    http::HttpClient,
};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// An organisation that a token may work for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    pub id: String,
    pub tenant_id: String,
    pub tenant_name: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    refresh_token: SecretString,
    expires_in: u32,
}

#[derive(Default, Deserialize)]
struct NotGranted {
    error: String,
}

/// Trades a refresh token for a new pair. When the answer is lost, the old one may be tried again for half an hour.
///
/// # Errors
/// `Disconnected` when the grant or our registration is gone; anything else may be tried again.
pub async fn refresh(
    http: &HttpClient,
    token_url: &str,
    client_id: &str,
    client_secret: &SecretString,
    refresh_token: &SecretString,
    now: DateTime<Utc>,
) -> Result<TokenSet, BooksError> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose_secret())];
    let request = http.request(Method::POST, token_url).basic_auth(client_id, Some(client_secret.expose_secret()));
    // A read as far as money goes: sending it again is safe.
    let answer = http.send(request.form(&form)).await.map_err(|error| Call::Read.unsent(&error))?;
    match answer.status.as_u16() {
        200 => {
            let granted: Granted = serde_json::from_slice(&answer.body).map_err(|_| Call::Read.unreadable(&answer))?;
            let expires_at = now + TimeDelta::seconds(granted.expires_in.into());
            Ok(TokenSet { access_token: granted.access_token, refresh_token: granted.refresh_token, expires_at })
        }
        400 | 401 => {
            let NotGranted { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
            // Never a refusal: the call that needs the token was not even made.
            match error.as_str() {
                "invalid_grant" | "invalid_client" | "unauthorized_client" => Err(BooksError::Disconnected(error)),
                _ => Err(BooksError::Unreachable(format!("the token was not refreshed: {error}"))),
            }
        }
        _ => Err(Call::Read.failure(&answer)),
    }
}

/// Which organisations an access token reaches: `GET /connections`.
///
/// # Errors
/// As any read.
pub async fn connections(
    http: &HttpClient,
    connections_url: &str,
    access_token: &SecretString,
) -> Result<Vec<Connection>, BooksError> {
    let request = http.request(Method::GET, connections_url).bearer_auth(access_token.expose_secret());
    let answer = http.send(request).await.map_err(|error| Call::Read.unsent(&error))?;
    if !answer.status.is_success() {
        return Err(Call::Read.failure(&answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| Call::Read.unreadable(&answer))
}
