//! `/admin/configure/merchants/{merchant}/integrations`: keys of programs, the rules of quotes, and addresses of events.

use crate::{
    configure::AtMerchant,
    router::Web,
    staff::{Answer, Done, Refusal, go_to, page, refused},
};
use app::{Told, addresses, render_integrations};
use axum::{
    Form, Router,
    extract::{FromRequestParts, Query},
    http::request::Parts,
    routing::{get, post},
};
use domain::{access::Act, ids::EndpointId, integration::IntegrationKind, own_invoice::Wrong};
use engine::{AdminPass, Error, QuoteRulesTyped, SettingsError};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

const PATH: &str = "/admin/configure/merchants/{merchant}/integrations";

pub fn router() -> Router<Web> {
    let at = |part: &str| format!("{PATH}{part}");
    Router::new()
        .route(PATH, get(show))
        .route(&at("/{kind}"), post(save))
        .route(&at("/{kind}/display"), post(display))
        .route(&at("/{kind}/retire"), post(retire))
        .route(&at("/quotes"), post(save_quotes))
        .route(&at("/webhooks"), post(add_address))
        .route(&at("/webhooks/secret"), post(renew_secret))
        .route(&at("/webhooks/on"), post(turn_on))
        .route(&at("/webhooks/off"), post(turn_off))
        .route(&at("/webhooks/remove"), post(remove))
}

/// Staff of the merchant that the address names. Looked for before any body is read.
struct Configurer {
    web: Web,
    admin: AdminPass,
    merchant: String,
    /// Where the address names one.
    kind: Option<IntegrationKind>,
}

impl FromRequestParts<Web> for Configurer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let AtMerchant { admin, merchant, named } = AtMerchant::may(Act::ManageIntegrations, parts, web).await?;
        let kind = named.get("kind").map(|kind| kind.parse::<IntegrationKind>()).transpose();
        let kind = web.or_refused(kind.map_err(|_| Error::NotFound))?;
        Ok(Self { web: web.clone(), admin, merchant, kind })
    }
}

impl Configurer {
    fn kind(&self) -> Result<IntegrationKind, Refusal> {
        self.web.or_refused(self.kind.ok_or(Error::NotFound))
    }

    async fn page(&self, told: Told) -> Answer {
        let shown = self.web.or_refused(self.web.engine.integrations(&self.admin).await)?;
        let tellings = self.web.or_refused(self.web.engine.tellings(&self.admin).await)?;
        page(render_integrations(&self.web.assets, shown, tellings, told))
    }

    /// The tab with what was typed, or the page that says why nothing was done.
    async fn not_saved(&self, cause: SettingsError, typed: impl FnOnce(Vec<Wrong>) -> Told) -> Answer {
        match cause {
            SettingsError::Wrong(wrong) => self.page(typed(wrong)).await,
            SettingsError::Engine(cause) => Err(refused(&self.web, cause)),
        }
    }

    /// The secret is in this answer alone, and is kept nowhere that it could be shown from.
    async fn event_secret(&self, endpoint: EndpointId, secret: &SecretString) -> Answer {
        let event_secret = Some((endpoint, secret.expose_secret().to_owned()));
        self.page(Told { event_secret, ..Told::default() }).await
    }

    fn done(&self, done: &str) -> Answer {
        go_to(&format!("{}?done={done}", addresses::integrations(&self.merchant)))
    }
}

async fn show(configurer: Configurer, Query(asked): Query<Done>) -> Answer {
    configurer.page(Told { done: asked.done, ..Told::default() }).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Sent {
    is_enabled: String,
    /// Minted with the form.
    key: String,
    r#do: String,
}

/// Both buttons keep the check box as it stands, and Generate makes a key as well.
async fn save(configurer: Configurer, Form(sent): Form<Sent>) -> Answer {
    let (engine, admin, kind) = (&configurer.web.engine, &configurer.admin, configurer.kind()?);
    configurer.web.or_refused(engine.switch_integration(admin, kind, sent.is_enabled == "yes").await)?;
    if sent.r#do != "generate" {
        return configurer.done("saved");
    }
    let key = configurer.web.read_id(&sent.key)?;
    let is_made = configurer.web.or_refused(engine.make_integration_key(admin, kind, key).await)?;
    configurer.done(if is_made { "generated" } else { "full" })
}

/// The secret is in this answer alone: it stands in no address and in no page that can be opened again.
async fn display(configurer: Configurer, Form(sent): Form<Sent>) -> Answer {
    let key = configurer.web.read_id(&sent.key)?;
    let secret = configurer.web.engine.show_integration_key(&configurer.admin, key).await;
    let secret = configurer.web.or_refused(secret)?.expose_secret().to_owned();
    configurer.page(Told { secret: Some((key, secret)), ..Told::default() }).await
}

async fn retire(configurer: Configurer, Form(sent): Form<Sent>) -> Answer {
    let key = configurer.web.read_id(&sent.key)?;
    configurer.web.or_refused(configurer.web.engine.retire_integration_key(&configurer.admin, key).await)?;
    configurer.done("retired")
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Quotes {
    applies_credits: String,
    creates_customers: String,
    return_hosts: String,
    webhook_url: String,
}

async fn save_quotes(configurer: Configurer, Form(sent): Form<Quotes>) -> Answer {
    let Quotes { applies_credits, creates_customers, return_hosts, webhook_url } = sent;
    let [applies_credits, creates_customers] = [applies_credits, creates_customers].map(|box_of| box_of == "yes");
    let typed = QuoteRulesTyped { applies_credits, creates_customers, return_hosts, webhook_url };
    match configurer.web.engine.set_own_quote_rules(&configurer.admin, &typed).await {
        Ok(()) => configurer.done("quotes"),
        Err(cause) => {
            let told = |wrong| Told { quote_rules: Some(typed), wrong, ..Told::default() };
            configurer.not_saved(cause, told).await
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Address {
    url: String,
}

async fn add_address(configurer: Configurer, Form(sent): Form<Address>) -> Answer {
    let Address { url } = sent;
    match configurer.web.engine.add_own_endpoint(&configurer.admin, &url).await {
        Ok((endpoint, secret)) => configurer.event_secret(endpoint, &secret).await,
        Err(cause) => configurer.not_saved(cause, |wrong| Told { url, wrong, ..Told::default() }).await,
    }
}

/// One of the addresses, and the mark of its secret as the page showed it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct OfAddress {
    endpoint: String,
    seen: String,
}

async fn renew_secret(configurer: Configurer, Form(sent): Form<OfAddress>) -> Answer {
    let endpoint = configurer.web.read_id(&sent.endpoint)?;
    match configurer.web.engine.renew_own_endpoint(&configurer.admin, endpoint, &sent.seen).await {
        Ok(secret) => configurer.event_secret(endpoint, &secret).await,
        Err(cause) => configurer.not_saved(cause, |wrong| Told { wrong, ..Told::default() }).await,
    }
}

async fn turn_on(configurer: Configurer, Form(sent): Form<OfAddress>) -> Answer {
    switch(&configurer, &sent, true).await
}

async fn turn_off(configurer: Configurer, Form(sent): Form<OfAddress>) -> Answer {
    switch(&configurer, &sent, false).await
}

async fn switch(configurer: &Configurer, sent: &OfAddress, on: bool) -> Answer {
    let (web, endpoint) = (&configurer.web, configurer.web.read_id(&sent.endpoint)?);
    web.or_refused(web.engine.switch_endpoint(&configurer.admin, endpoint, on).await)?;
    configurer.done(if on { "on" } else { "off" })
}

async fn remove(configurer: Configurer, Form(sent): Form<OfAddress>) -> Answer {
    let (web, endpoint) = (&configurer.web, configurer.web.read_id(&sent.endpoint)?);
    web.or_refused(web.engine.drop_own_endpoint(&configurer.admin, endpoint).await)?;
    configurer.done("removed")
}
