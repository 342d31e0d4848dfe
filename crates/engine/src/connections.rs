//! Which adapter for whom: the one file in which a secret becomes plain.

use crate::{
    BooksSettings, Engine, Error, GatewaySettings,
    built_in_ledger::BuiltInLedger,
    live_books::LiveBooks,
    sandbox_rows::{SandboxRows, page_of},
    set_up::Route,
    turnstile::Errand,
};
use chrono::{DateTime, Utc};
use connectors::{
    WebhookError,
    books::{
        Books, BooksNews,
        consent::{Provider, Vendor},
        oauth::Client,
        quickbooks, xero,
    },
    gateway::{
        Gateway,
        authorizenet::{AuthorizeNet, AuthorizeNetConfig},
        globalpayments::{GlobalPayments, GlobalPaymentsConfig},
        payrix::{Payrix, PayrixConfig},
        sandbox::Sandbox,
        stripe::{Stripe, StripeConfig},
    },
};
use domain::ids::ConnectionId;
pub use domain::lane::Lane;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use std::sync::Arc;
use store::{Connection, MerchantDb};

/// The secret half of a books connection, as it is sealed.
#[derive(Clone, Deserialize)]
pub struct BooksSecret {
    pub client_id: String,
    pub client_secret: SecretString,
    pub refresh_token: SecretString,
    pub access_token: SecretString,
    pub expires_at: DateTime<Utc>,
    /// What its news are signed with: Xero's webhook key, Intuit's verifier token. Absent in what an older version has sealed.
    #[serde(default)]
    pub webhook_secrets: Vec<SecretString>,
}

/// The operator's own apps at the vendors of books, for merchants that bring none.
#[derive(Clone, Debug, Default)]
pub struct BooksApps {
    pub xero: Option<Client>,
    pub quickbooks: Option<Client>,
    /// Where the simulators are that stand in the vendors' place.
    pub simulators: Option<String>,
}

impl BooksApps {
    pub(crate) const fn of(&self, provider: Provider) -> Option<&Client> {
        match provider {
            Provider::Xero => self.xero.as_ref(),
            Provider::QuickBooks => self.quickbooks.as_ref(),
        }
    }

    pub(crate) fn vendor(&self, provider: Provider) -> Vendor {
        Vendor::new(provider, self.simulators.as_deref())
    }
}

/// What the operator has of a client of the books' that a merchant has consented to.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BooksGrant {
    pub client_id: String,
    pub client_secret: SecretString,
    pub refresh_token: SecretString,
}

impl BooksGrant {
    /// As it is sealed, without an access token yet. What its news are signed with stays.
    pub(crate) fn to_json(&self, before: Option<BooksSecret>) -> SecretString {
        let secret = BooksSecret {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            refresh_token: self.refresh_token.clone(),
            access_token: "".into(),
            // Long over, so that the first use refreshes.
            expires_at: DateTime::UNIX_EPOCH,
            webhook_secrets: before.map(|before| before.webhook_secrets).unwrap_or_default(),
        };
        secret.to_json()
    }
}

/// The secret half of a Stripe connection, as it is sealed.
#[derive(Clone, Deserialize)]
pub struct StripeSecret {
    pub secret_key: SecretString,
    pub webhook_secrets: Vec<SecretString>,
}

/// The secret half of an Authorize.Net connection, as it is sealed.
#[derive(Clone, Deserialize)]
pub struct AuthorizeNetSecret {
    pub transaction_key: SecretString,
    pub signature_keys: Vec<SecretString>,
}

/// The secret half of a Global Payments connection, as it is sealed.
#[derive(Clone, Deserialize)]
pub struct GlobalPaymentsSecret {
    pub app_key: SecretString,
}

/// The secret half of a Payrix connection, as it is sealed.
#[derive(Clone, Deserialize)]
pub struct PayrixSecret {
    pub password: SecretString,
}

/// The secret half of a gateway connection: its kind must be that of the settings. The sandbox has none.
#[derive(Clone)]
pub enum GatewaySecret {
    Stripe(StripeSecret),
    AuthorizeNet(AuthorizeNetSecret),
    GlobalPayments(GlobalPaymentsSecret),
    Payrix(PayrixSecret),
}

impl BooksSecret {
    /// The client alone, so that staff need not type it when they connect again.
    pub(crate) fn without_tokens(self) -> Self {
        Self { refresh_token: "".into(), access_token: "".into(), expires_at: DateTime::UNIX_EPOCH, ..self }
    }

    pub(crate) fn client(&self) -> Client {
        Client { id: self.client_id.clone(), secret: self.client_secret.clone() }
    }

    /// Only to be sealed: `SecretString` does not serialise, so that nothing else prints one by accident.
    pub(crate) fn to_json(&self) -> SecretString {
        let json = serde_json::json!({
            "client_id": self.client_id,
            "client_secret": self.client_secret.expose_secret(),
            "refresh_token": self.refresh_token.expose_secret(),
            "access_token": self.access_token.expose_secret(),
            "expires_at": self.expires_at,
            "webhook_secrets": plain(&self.webhook_secrets),
        });
        SecretString::from(json.to_string())
    }
}

impl GatewaySecret {
    /// Likewise.
    pub(crate) fn to_json(&self) -> SecretString {
        let json = match self {
            Self::Stripe(StripeSecret { secret_key, webhook_secrets }) => serde_json::json!({
                "secret_key": secret_key.expose_secret(),
                "webhook_secrets": plain(webhook_secrets),
            }),
            Self::AuthorizeNet(AuthorizeNetSecret { transaction_key, signature_keys }) => serde_json::json!({
                "transaction_key": transaction_key.expose_secret(),
                "signature_keys": plain(signature_keys),
            }),
            Self::GlobalPayments(GlobalPaymentsSecret { app_key }) => serde_json::json!({
                "app_key": app_key.expose_secret(),
            }),
            Self::Payrix(PayrixSecret { password }) => serde_json::json!({ "password": password.expose_secret() }),
        };
        SecretString::from(json.to_string())
    }

    /// Those that the gateway signs its news with, where they are for nothing else.
    pub(crate) const fn webhook_secrets(&mut self) -> Option<&mut Vec<SecretString>> {
        match self {
            Self::Stripe(secret) => Some(&mut secret.webhook_secrets),
            Self::AuthorizeNet(secret) => Some(&mut secret.signature_keys),
            Self::GlobalPayments(_) | Self::Payrix(_) => None,
        }
    }
}

fn plain(secrets: &[SecretString]) -> Vec<&str> {
    secrets.iter().map(ExposeSecret::expose_secret).collect()
}

/// The secret half of a books connection, where it has one.
pub(crate) fn books_secret(db: &MerchantDb, connection: &Connection) -> Result<Option<BooksSecret>, Error> {
    connection.secret.is_some().then(|| opened(db, connection)).transpose()
}

/// What the books of a connection tell, if its signature is right. `None`: nobody tells anything of these.
pub(crate) fn books_news(
    db: &MerchantDb,
    connection: &Connection,
    headers: &HeaderMap,
    raw: &[u8],
) -> Result<Option<Result<BooksNews, WebhookError>>, Error> {
    let Some(BooksSecret { webhook_secrets, .. }) = books_secret(db, connection)? else { return Ok(None) };
    Ok(match serde_json::from_str(&connection.settings)? {
        BooksSettings::Xero { tenant_id, .. } => Some(xero::webhook::news(&webhook_secrets, &tenant_id, headers, raw)),
        BooksSettings::QuickBooks { realm_id, .. } => {
            Some(quickbooks::webhook::news(&webhook_secrets, &realm_id, headers, raw))
        }
        BooksSettings::BuiltIn => None,
    })
}

/// The secret half of a gateway's connection, where it has one.
pub(crate) fn gateway_secret(db: &MerchantDb, connection: &Connection) -> Result<Option<GatewaySecret>, Error> {
    Ok(match serde_json::from_str(&connection.settings)? {
        GatewaySettings::Stripe { .. } => Some(GatewaySecret::Stripe(opened(db, connection)?)),
        GatewaySettings::AuthorizeNet { .. } => Some(GatewaySecret::AuthorizeNet(opened(db, connection)?)),
        GatewaySettings::GlobalPayments { .. } => Some(GatewaySecret::GlobalPayments(opened(db, connection)?)),
        GatewaySettings::Payrix { .. } => Some(GatewaySecret::Payrix(opened(db, connection)?)),
        GatewaySettings::Sandbox => None,
    })
}

fn opened<T: DeserializeOwned>(db: &MerchantDb, connection: &Connection) -> Result<T, Error> {
    Ok(serde_json::from_str(db.connection_secret(connection)?.expose_secret())?)
}

impl Engine {
    /// The merchant's books, for somebody who waits.
    ///
    /// # Errors
    /// [`Error::NotSetUp`] when there are none.
    pub(crate) async fn books(&self, db: &MerchantDb, lane: Lane) -> Result<Box<dyn Books>, Error> {
        self.books_for(db, Errand::person(lane)).await
    }

    /// The merchant's books, by the connection that carries the errand's lane (S97-S105).
    ///
    /// # Errors
    /// [`Error::NotSetUp`] when there are none.
    pub(crate) async fn books_for(&self, db: &MerchantDb, errand: Errand) -> Result<Box<dyn Books>, Error> {
        let route = self.set_up(db).await?.route(errand.lane)?;
        let books: Box<dyn Books> = match self.live_books(db, route, errand)? {
            Some(live) => Box::new(live),
            None => {
                let portal = self.0.settings.public_url.clone();
                Box::new(BuiltInLedger::new(db.clone(), self.clock().clone(), portal))
            }
        };
        Ok(books)
    }

    /// Books that are connected; absent where they are our own.
    pub(crate) fn live_books(&self, db: &MerchantDb, route: Route, errand: Errand) -> Result<Option<LiveBooks>, Error> {
        Ok(match serde_json::from_str(&route.credentials.settings)? {
            settings @ (BooksSettings::Xero { .. } | BooksSettings::QuickBooks { .. }) => {
                Some(LiveBooks::new(self.clone(), db.clone(), route, settings, errand))
            }
            BooksSettings::BuiltIn => None,
        })
    }

    /// The merchant's gateway and which connection it is.
    ///
    /// # Errors
    /// [`Error::NotSetUp`] when there is none.
    pub(crate) async fn gateway(&self, db: &MerchantDb) -> Result<(ConnectionId, Box<dyn Gateway>), Error> {
        let set_up = self.set_up(db).await?;
        let connection = set_up.connection("gateway")?;
        self.gateway_of(db, connection).map(|gateway| (connection.id, gateway))
    }

    pub(crate) fn gateway_of(&self, db: &MerchantDb, connection: &Connection) -> Result<Box<dyn Gateway>, Error> {
        let clock = self.clock().clone();
        let clock = Arc::new(move || clock.now());
        match serde_json::from_str(&connection.settings)? {
            GatewaySettings::Stripe { base_url, script_url, publishable_key } => {
                let StripeSecret { secret_key, webhook_secrets } = opened(db, connection)?;
                let config = StripeConfig { base_url, secret_key, publishable_key, webhook_secrets, script_url, clock };
                Ok(Box::new(Stripe::new(self.0.http.clone(), config)))
            }
            GatewaySettings::AuthorizeNet { api_url, page_url, script_url, login, client_key, currency } => {
                let AuthorizeNetSecret { transaction_key, signature_keys } = opened(db, connection)?;
                let config = AuthorizeNetConfig {
                    api_url,
                    page_url,
                    login,
                    transaction_key,
                    client_key,
                    signature_keys,
                    script_url,
                    currency,
                    clock,
                };
                Ok(Box::new(AuthorizeNet::new(self.0.http.clone(), config)))
            }
            GatewaySettings::GlobalPayments { base_url, app_id, account_name, link_account_name, country } => {
                let GlobalPaymentsSecret { app_key } = opened(db, connection)?;
                let config = GlobalPaymentsConfig {
                    base_url,
                    app_id,
                    app_key,
                    account_name,
                    link_account_name,
                    country,
                    status_url: self.news_address(connection),
                    clock,
                };
                Ok(Box::new(GlobalPayments::new(self.0.http.clone(), config)))
            }
            GatewaySettings::Payrix { auth_url, base_url, business_id, username, currency } => {
                let PayrixSecret { password } = opened(db, connection)?;
                let config = PayrixConfig { auth_url, base_url, business_id, username, password, currency, clock };
                Ok(Box::new(Payrix::new(self.0.http.clone(), config)))
            }
            GatewaySettings::Sandbox => {
                let rows = SandboxRows::new(db.clone(), connection.id, self.clock().clone());
                Ok(Box::new(Sandbox::new(clock, Arc::new(rows), page_of(connection.id))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_an_older_version_has_sealed_of_books_has_no_webhook_secret_and_a_new_one_keeps_its_own() {
        let old = json!({ "client_id": "id", "client_secret": "word", "refresh_token": "r", "access_token": "a",
            "expires_at": "2026-11-25T00:00:00Z" });
        let mut secret: BooksSecret = serde_json::from_value(old).expect("it is read");
        assert!(secret.webhook_secrets.is_empty());
        secret.webhook_secrets.push("key_1".into());
        let sealed: Value = serde_json::from_str(secret.to_json().expose_secret()).expect("it is JSON");
        assert_eq!(sealed["webhook_secrets"], json!(["key_1"]));
    }

    #[test]
    fn d6_a_second_webhook_secret_is_sealed_beside_the_first_where_news_have_one_of_their_own() {
        let stripe = StripeSecret { secret_key: "sk_1".into(), webhook_secrets: vec!["whsec_1".into()] };
        let anet = AuthorizeNetSecret { transaction_key: "key_1".into(), signature_keys: vec!["sign_1".into()] };
        for (mut secret, sealed) in [
            (
                GatewaySecret::Stripe(stripe),
                Some(json!({ "secret_key": "sk_1", "webhook_secrets": ["whsec_1", "second"] })),
            ),
            (
                GatewaySecret::AuthorizeNet(anet),
                Some(json!({ "transaction_key": "key_1", "signature_keys": ["sign_1", "second"] })),
            ),
            (GatewaySecret::GlobalPayments(GlobalPaymentsSecret { app_key: "app_1".into() }), None),
            (GatewaySecret::Payrix(PayrixSecret { password: "word_1".into() }), None),
        ] {
            let added = secret.webhook_secrets().map(|secrets| secrets.push("second".into()));
            let json: Value = serde_json::from_str(secret.to_json().expose_secret()).expect("it is JSON");
            assert_eq!(added.map(|()| json), sealed);
        }
    }
}
