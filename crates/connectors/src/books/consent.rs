//! By their browser, a merchant's staff let the portal into their books (`wire/accounting.md`, 1.2 and 2.2): where they are
//! sent, what the answer is exchanged for, which organisations it reaches, and how the portal leaves one. Keeps nothing.

use super::{
    BooksError, TokenSet,
    call::Call,
    oauth::{self, Client},
    quickbooks,
    xero::oauth::{connections, disconnect},
};
use crate::http::HttpClient;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// All that the adapter reads and writes there, and no more (1.2.1); the first three are who consented.
const XERO_SCOPES: &str = "openid profile email offline_access accounting.invoices accounting.payments \
                           accounting.banktransactions accounting.contacts accounting.settings.read";
const INTUIT_SCOPE: &str = "com.intuit.quickbooks.accounting";

/// Whose books they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Xero,
    QuickBooks,
}

impl Provider {
    pub const ALL: [Self; 2] = [Self::Xero, Self::QuickBooks];

    /// As forms and the connection's column name it.
    #[must_use]
    pub const fn spelt(self) -> &'static str {
        match self {
            Self::Xero => "xero",
            Self::QuickBooks => "quickbooks",
        }
    }

    #[must_use]
    pub fn of(spelt: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.spelt() == spelt)
    }

    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xero => "Xero",
            Self::QuickBooks => "QuickBooks Online",
        }
    }
}

/// One set of books that an answer reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    pub id: String,
    pub name: String,
}

/// What staff's browser brings back.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    pub code: &'a str,
    /// The address that it was brought back to.
    pub callback: &'a str,
    /// What the challenge was made of.
    pub verifier: &'a str,
}

/// Where a vendor is.
#[derive(Clone, Debug)]
pub struct Vendor {
    pub provider: Provider,
    pub token_url: String,
    pub api_base: String,
    authorize_url: String,
    /// Where an organisation is left: of Xero's connections, or of Intuit's revocation.
    leave_url: String,
}

impl Vendor {
    /// `simulators`: those that stand in its place.
    #[must_use]
    pub fn new(provider: Provider, simulators: Option<&str>) -> Self {
        let at = |path: &str, real: &str| simulators.map_or_else(|| real.to_owned(), |base| format!("{base}{path}"));
        match provider {
            Provider::Xero => Self {
                provider,
                token_url: at("/xero/connect/token", "https://identity.xero.com/connect/token"),
                api_base: at("/xero/api.xro/2.0", "https://api.xero.com/api.xro/2.0"),
                authorize_url: at(
                    "/xero/identity/connect/authorize",
                    "https://login.xero.com/identity/connect/authorize",
                ),
                leave_url: at("/xero/connections", "https://api.xero.com/connections"),
            },
            Provider::QuickBooks => Self {
                provider,
                token_url: at(
                    "/qbo/oauth2/v1/tokens/bearer",
                    "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
                ),
                api_base: at("/qbo", "https://quickbooks.api.intuit.com"),
                authorize_url: at("/qbo/connect/oauth2", "https://appcenter.intuit.com/connect/oauth2"),
                leave_url: at(
                    "/qbo/v2/oauth2/tokens/revoke",
                    "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
                ),
            },
        }
    }

    /// Where staff are sent to consent. Intuit knows no challenge.
    ///
    /// # Errors
    /// An address that is none.
    pub fn ask(&self, client_id: &str, callback: &str, state: &str, verifier: &str) -> Result<String, BooksError> {
        let scope = match self.provider {
            Provider::Xero => XERO_SCOPES,
            Provider::QuickBooks => INTUIT_SCOPE,
        };
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let mut asked = vec![
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", callback),
            ("scope", scope),
            ("state", state),
        ];
        if self.provider == Provider::Xero {
            asked.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        let url = Url::parse_with_params(&self.authorize_url, asked);
        Ok(url.map_err(|cause| BooksError::Unreachable(cause.to_string()))?.into())
    }

    /// Trades what staff's browser brought back for tokens. It can be done once: when the answer is lost, staff must be asked
    /// again.
    ///
    /// # Errors
    /// `Disconnected` with the vendor's word when it does not take the code or the client.
    pub async fn exchange(
        &self,
        http: &HttpClient,
        client: &Client,
        Proof { code, callback, verifier }: Proof<'_>,
        now: DateTime<Utc>,
    ) -> Result<TokenSet, BooksError> {
        let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback)];
        if self.provider == Provider::Xero {
            form.push(("code_verifier", verifier));
        }
        oauth::granted(http, &self.token_url, client, &form, now).await
    }

    /// Which organisations a token reaches. `named`: the one that the answer itself named, where it does.
    ///
    /// # Errors
    /// As any read.
    pub async fn organisations(
        &self,
        http: &HttpClient,
        access_token: &SecretString,
        named: &str,
    ) -> Result<Vec<Organisation>, BooksError> {
        match self.provider {
            Provider::Xero => {
                let reached = connections(http, &self.leave_url, access_token).await?;
                Ok(reached.into_iter().filter_map(|one| one.organisation()).collect())
            }
            // What it is called is read with the rest.
            Provider::QuickBooks => {
                let realm = quickbooks::id(named).ok().map(str::to_owned);
                Ok(realm.map(|id| Organisation { name: id.clone(), id }).into_iter().collect())
            }
        }
    }

    /// Leaves an organisation. What has been left before is left.
    ///
    /// # Errors
    /// The vendor cannot be asked, or wants a fresh token.
    pub async fn leave(
        &self,
        http: &HttpClient,
        client: &Client,
        tokens: &TokenSet,
        organisation: &str,
    ) -> Result<(), BooksError> {
        match self.provider {
            Provider::Xero => disconnect(http, &self.leave_url, &tokens.access_token, organisation).await,
            Provider::QuickBooks => {
                let request = http.request(Method::POST, &self.leave_url);
                let request = request.basic_auth(&client.id, Some(client.secret.expose_secret()));
                let body = json!({"token": tokens.refresh_token.expose_secret()});
                let answer = http.send(request.json(&body)).await.map_err(|error| Call::Read.unsent(&error))?;
                match answer.status.as_u16() {
                    // 400: it knows no such token any more.
                    200..=299 | 400 => Ok(()),
                    status => Err(BooksError::Unreachable(format!("the token was not revoked: HTTP {status}"))),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_are_sent_to_the_vendors_own_page_with_a_challenge_where_it_knows_one() {
        // The pair of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let asked = |provider| {
            let vendor = Vendor::new(provider, None);
            let url = vendor.ask("client 1", "https://pay.test/callback", "state", verifier).expect("an address");
            url.parse::<Url>().expect("an address")
        };
        let said =
            |url: &Url, name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        let xero = asked(Provider::Xero);
        assert_eq!(xero.host_str(), Some("login.xero.com"));
        assert_eq!(said(&xero, "client_id").as_deref(), Some("client 1"));
        assert_eq!(said(&xero, "redirect_uri").as_deref(), Some("https://pay.test/callback"));
        let challenge = said(&xero, "code_challenge");
        assert_eq!(challenge.as_deref(), Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(said(&xero, "scope").is_some_and(|scope| scope.split(' ').any(|one| one == "offline_access")));
        let intuit = asked(Provider::QuickBooks);
        assert_eq!((intuit.host_str(), said(&intuit, "code_challenge")), (Some("appcenter.intuit.com"), None));
        for provider in Provider::ALL {
            assert_eq!(Provider::of(provider.spelt()), Some(provider));
        }
    }
}
