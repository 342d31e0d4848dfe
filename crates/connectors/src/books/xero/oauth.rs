//! Which organisations a grant reaches, and leaving one (`wire/accounting.md`, 1.2.3).

use super::{errors::Call, id};
use crate::{
    books::{BooksError, consent::Organisation},
    http::HttpClient,
};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// An accountant's practice can be connected as well, and has no books.
const ORGANISATION: &str = "ORGANISATION";

/// An organisation that a token may work for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    pub id: String,
    pub tenant_id: String,
    pub tenant_type: Option<String>,
    pub tenant_name: Option<String>,
}

impl Connection {
    /// `None` for what has no books.
    pub(in crate::books) fn organisation(self) -> Option<Organisation> {
        let has_books = self.tenant_type.is_none_or(|kind| kind == ORGANISATION);
        let name = self.tenant_name.unwrap_or_else(|| self.tenant_id.clone());
        has_books.then_some(Organisation { id: self.tenant_id, name })
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

/// Leaves an organisation; what is not connected is left already.
///
/// # Errors
/// As any read: it may be done again.
pub async fn disconnect(
    http: &HttpClient,
    connections_url: &str,
    access_token: &SecretString,
    tenant_id: &str,
) -> Result<(), BooksError> {
    let reached = connections(http, connections_url, access_token).await?;
    let Some(connection) = reached.into_iter().find(|one| one.tenant_id.eq_ignore_ascii_case(tenant_id)) else {
        return Ok(());
    };
    let url = format!("{connections_url}/{}", id(&connection.id)?);
    let request = http.request(Method::DELETE, &url).bearer_auth(access_token.expose_secret());
    let answer = http.send(request).await.map_err(|error| Call::Read.unsent(&error))?;
    match answer.status.as_u16() {
        200..=299 | 404 => Ok(()),
        _ => Err(Call::Read.failure(&answer)),
    }
}
