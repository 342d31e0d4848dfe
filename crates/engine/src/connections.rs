//! Which adapter for whom: the one file in which a secret becomes plain.

use crate::{
    Engine, Error,
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
        quickbooks,
        set_up::Choice,
        xero,
    },
    gateway::{
        Gateway, Stage,
        authorizenet::{AuthorizeNet, AuthorizeNetConfig},
        globalpayments::{GlobalPayments, GlobalPaymentsConfig},
        payrix::{Payrix, PayrixConfig},
        sandbox::Sandbox,
        stage_of,
        stripe::{Stripe, StripeConfig},
    },
};
pub use domain::lane::Lane;
use domain::{ids::ConnectionId, money::Currency};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;
use store::{Connection, MerchantDb};

/// The open half of a books connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "snake_case")]
pub enum BooksSettings {
    Xero {
        api_base: String,
        token_url: String,
        tenant_id: String,
        clearing_account: String,
        /// It is of Xero's type for bank accounts: over-payments and prepayments can stand on no other.
        #[serde(default)]
        clearing_is_bank: bool,
        /// The code of the account that prepayments and what is paid for quotes are owed on; without one, neither is taken.
        #[serde(default)]
        prepayment_account: Option<String>,
        /// The tax code, of no percent, of prepayments and of what is paid for quotes; without one, these bear no tax.
        #[serde(default)]
        zero_tax: Option<String>,
        /// What is written there is noted in the history of its invoice (`note_in_books.rs`).
        #[serde(default)]
        writes_notes: bool,
    },
    #[serde(rename = "quickbooks")]
    QuickBooks {
        api_base: String,
        token_url: String,
        realm_id: String,
        /// The id of the account.
        clearing_account: String,
        /// The id of the account that what is paid for quotes is owed on; without one, nothing is paid for them.
        #[serde(default)]
        prepayment_account: Option<String>,
        /// That of the company: books in one currency do not name it.
        home_currency: Currency,
    },
    BuiltIn,
}

impl BooksSettings {
    /// As people call them.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Xero { .. } => "Xero",
            Self::QuickBooks { .. } => "QuickBooks Online",
            Self::BuiltIn => "Built-in ledger",
        }
    }

    /// Those of an organisation where nobody has chosen an account yet.
    pub(crate) fn fresh(vendor: Vendor, organisation: String, home_currency: Currency) -> Self {
        let Vendor { provider, token_url, api_base, .. } = vendor;
        let clearing_account = String::new();
        match provider {
            Provider::Xero => Self::Xero {
                api_base,
                token_url,
                tenant_id: organisation,
                clearing_account,
                clearing_is_bank: false,
                prepayment_account: None,
                zero_tax: None,
                writes_notes: false,
            },
            Provider::QuickBooks => Self::QuickBooks {
                api_base,
                token_url,
                realm_id: organisation,
                clearing_account,
                prepayment_account: None,
                home_currency,
            },
        }
    }

    /// Whose books they are, as the vendor names them.
    pub(crate) fn organisation_id(&self) -> Option<&str> {
        match self {
            Self::Xero { tenant_id: id, .. } | Self::QuickBooks { realm_id: id, .. } => Some(id),
            Self::BuiltIn => None,
        }
    }

    /// Nobody has said where payments are to stand.
    pub(crate) fn lacks_accounts(&self) -> bool {
        self.organisation_id().is_some() && self.accounts().0.is_empty()
    }

    /// The accounts of payments and of prepayments.
    pub(crate) fn accounts(&self) -> (&str, &str) {
        match self {
            Self::Xero { clearing_account, prepayment_account, .. }
            | Self::QuickBooks { clearing_account, prepayment_account, .. } => {
                (clearing_account.as_str(), prepayment_account.as_deref().unwrap_or_default())
            }
            Self::BuiltIn => ("", ""),
        }
    }

    /// The tax code of what is paid before its invoice comes.
    pub(crate) fn zero_tax(&self) -> &str {
        match self {
            Self::Xero { zero_tax, .. } => zero_tax.as_deref().unwrap_or_default(),
            Self::QuickBooks { .. } | Self::BuiltIn => "",
        }
    }

    /// What is written there is noted on its invoice.
    pub(crate) const fn writes_notes(&self) -> bool {
        matches!(self, Self::Xero { writes_notes: true, .. })
    }

    /// The same books with other accounts; and, where there is a choice, with another tax code of what is paid before its
    /// invoice comes, and with notes or without.
    pub(crate) fn with_accounts(
        mut self,
        clearing: &Choice,
        prepayment: Option<&Choice>,
        tax: Option<&Choice>,
        notes: bool,
    ) -> Self {
        if let Self::Xero { clearing_is_bank, zero_tax, writes_notes, .. } = &mut self {
            *clearing_is_bank = clearing.is_bank;
            *zero_tax = tax.map(|tax| tax.id.clone());
            *writes_notes = notes;
        }
        match &mut self {
            Self::Xero { clearing_account, prepayment_account, .. }
            | Self::QuickBooks { clearing_account, prepayment_account, .. } => {
                clearing_account.clone_from(&clearing.id);
                *prepayment_account = prepayment.map(|account| account.id.clone());
            }
            Self::BuiltIn => {}
        }
        self
    }

    /// Where payments are written, as the merchant's bookkeeper calls it.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Xero { clearing_account, .. } | Self::QuickBooks { clearing_account, .. } => {
                format!("{}, clearing account {clearing_account}", self.name())
            }
            Self::BuiltIn => self.name().into(),
        }
    }
}

/// The open half of a gateway connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "snake_case")]
pub enum GatewaySettings {
    Stripe {
        base_url: String,
        script_url: String,
        publishable_key: String,
    },
    #[serde(rename = "authorizenet")]
    AuthorizeNet {
        api_url: String,
        page_url: String,
        script_url: String,
        login: String,
        client_key: String,
        /// The one that the account takes.
        currency: Currency,
    },
    #[serde(rename = "globalpayments")]
    GlobalPayments {
        base_url: String,
        app_id: String,
        account_name: String,
        link_account_name: String,
        country: String,
    },
    Payrix {
        auth_url: String,
        base_url: String,
        business_id: String,
        username: String,
        /// The one that the account takes.
        currency: Currency,
    },
    /// For trials; moves no money.
    Sandbox,
}

impl BooksSettings {
    /// As the connection's column names it.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Xero { .. } => "xero",
            Self::QuickBooks { .. } => "quickbooks",
            Self::BuiltIn => "built_in",
        }
    }
}

impl GatewaySettings {
    /// As the connection's column and the address of its webhooks name it.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Stripe { .. } => "stripe",
            Self::AuthorizeNet { .. } => "authorizenet",
            Self::GlobalPayments { .. } => "globalpayments",
            Self::Payrix { .. } => "payrix",
            Self::Sandbox => "sandbox",
        }
    }

    /// Whether what is taken by it is money.
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Stripe { base_url, publishable_key, .. } => stage_of(base_url, publishable_key),
            Self::AuthorizeNet { api_url: url, .. }
            | Self::GlobalPayments { base_url: url, .. }
            | Self::Payrix { base_url: url, .. } => stage_of(url, ""),
            Self::Sandbox => Stage::Here,
        }
    }
}

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

/// Only to be sealed: `SecretString` does not serialise, so that nothing else prints one by accident.
impl BooksSecret {
    /// The client alone, so that staff need not type it when they connect again.
    pub(crate) fn without_tokens(self) -> Self {
        Self { refresh_token: "".into(), access_token: "".into(), expires_at: DateTime::UNIX_EPOCH, ..self }
    }

    pub(crate) fn client(&self) -> Client {
        Client { id: self.client_id.clone(), secret: self.client_secret.clone() }
    }

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
