//! `/admin/configure/merchants/{merchant}/integrations`, outside the App like the forms of books of our own.

use crate::{
    configure::admitted_to,
    router::Web,
    staff::{Answer, Done, Refusal, go_to, page},
};
use app::{Told, addresses, render_integrations};
use axum::{
    Form, Router,
    extract::{FromRequestParts, Query},
    http::request::Parts,
    routing::{get, post},
};
use domain::{access::Act, integration::IntegrationKind};
use engine::{AdminPass, Error};
use secrecy::ExposeSecret;
use serde::Deserialize;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/admin/configure/merchants/{merchant}/integrations", get(show))
        .route("/admin/configure/merchants/{merchant}/integrations/{kind}", post(save))
        .route("/admin/configure/merchants/{merchant}/integrations/{kind}/display", post(display))
        .route("/admin/configure/merchants/{merchant}/integrations/{kind}/retire", post(retire))
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
        let (admin, mut named) = admitted_to(parts, web, Act::ManageIntegrations).await?;
        let merchant = named.remove("merchant").unwrap_or_default();
        let kind = named.get("kind").map(|kind| web.read_id(kind)).transpose()?;
        Ok(Self { web: web.clone(), admin, merchant, kind })
    }
}

impl Configurer {
    fn kind(&self) -> Result<IntegrationKind, Refusal> {
        self.web.or_refused(self.kind.ok_or(Error::NotFound))
    }

    async fn page(&self, told: Told) -> Answer {
        let shown = self.web.or_refused(self.web.engine.integrations(&self.admin).await)?;
        page(render_integrations(&self.web.assets, shown, told))
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
