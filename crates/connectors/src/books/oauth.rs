//! Access tokens run out, and a refresh token is good for a fresh pair: the same exchange at each vendor of books
//! (`wire/accounting.md`, 1.2 and 2.2). The old refresh token becomes useless, at Xero after half an hour and at Intuit
//! after a day: the caller must let one refresh run at a time and store its result before using it.

use super::{BooksError, TokenSet, call::Call};
use crate::http::HttpClient;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// An app as the vendor knows it.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub secret: SecretString,
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

/// Trades a refresh token for a new pair. When the answer is lost, the old one may be tried again for a while.
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
    let client = Client { id: client_id.to_owned(), secret: client_secret.clone() };
    granted(http, token_url, &client, &form, now).await
}

/// What a form is traded for.
pub(super) async fn granted(
    http: &HttpClient,
    token_url: &str,
    client: &Client,
    form: &[(&str, &str)],
    now: DateTime<Utc>,
) -> Result<TokenSet, BooksError> {
    let request = http.request(Method::POST, token_url).basic_auth(&client.id, Some(client.secret.expose_secret()));
    let request = request.header(header::ACCEPT, "application/json").form(form);
    // A read as far as money goes: sending it again is safe.
    let answer = http.send(request).await.map_err(|error| Call::Read.unsent(&error))?;
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
                _ => Err(BooksError::Unreachable(format!("no token was given: {error}"))),
            }
        }
        429 => Err(BooksError::Busy { after: answer.retry_after() }),
        status => Err(BooksError::Unreachable(format!("no token was given: HTTP {status}"))),
    }
}
