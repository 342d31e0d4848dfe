//! Which organisations a grant reaches (`wire/accounting.md`, 1.2.3).

use super::errors::Call;
use crate::{books::BooksError, http::HttpClient};
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
