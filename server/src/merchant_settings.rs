//! `/admin/configure/merchants/{merchant}/settings`: each part of it is a form of its own.

use crate::{
    configure::AtMerchant,
    router::Web,
    staff::{Answer, Done, Refusal, go_to, page, refused},
};
use app::{addresses, render_merchant_settings};
use axum::{
    Form, Router,
    extract::{FromRequestParts, Query},
    http::request::Parts,
    routing::{get, post},
};
use domain::{access::Act, own_invoice::Wrong};
use engine::{Error, Merchant, MerchantChange, MerchantSettings, SettingsError};
use serde::Deserialize;

const PATH: &str = "/admin/configure/merchants/{merchant}/settings";

pub fn router() -> Router<Web> {
    let at = |part: &str| format!("{PATH}{part}");
    Router::new()
        .route(PATH, get(show))
        .route(&at("/payments"), post(save_payments))
        .route(&at("/debits"), post(save_debits))
        .route(&at("/documents"), post(save_documents))
}

/// Staff of the merchant that the address names. Looked for before any body is read.
struct Settler {
    web: Web,
    own: AtMerchant,
}

impl FromRequestParts<Web> for Settler {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        Ok(Self { own: AtMerchant::may(Act::ManageSettings, parts, web).await?, web: web.clone() })
    }
}

impl Settler {
    async fn settings(&self) -> Result<MerchantSettings, Refusal> {
        self.web.or_refused(self.web.engine.merchant_settings(&self.own.admin).await)
    }

    fn page(&self, shown: MerchantSettings, wrong: Vec<Wrong>, done: &str) -> Answer {
        page(render_merchant_settings(&self.web.assets, shown, wrong, done))
    }

    /// Back to the tab, which says so; or the tab with what was typed, which says what is to be mended.
    async fn saved(&self, change: MerchantChange) -> Answer {
        let (address, tax_number) = (change.address.clone(), change.tax_number.clone());
        match self.web.engine.set_own_merchant(&self.own.admin, change).await {
            Ok(()) => go_to(&format!("{}?done=saved", addresses::merchant_settings(&self.own.merchant))),
            Err(SettingsError::Wrong(wrong)) => {
                let shown = self.settings().await?;
                let merchant = Merchant { address, tax_number, ..shown.merchant };
                self.page(MerchantSettings { merchant, ..shown }, wrong, "")
            }
            Err(SettingsError::Engine(cause)) => Err(refused(&self.web, cause)),
        }
    }
}

async fn show(settler: Settler, Query(asked): Query<Done>) -> Answer {
    settler.page(settler.settings().await?, Vec::new(), &asked.done)
}

/// What a check box does not say is no.
fn yes(sent: &str) -> Option<bool> {
    Some(sent == "yes")
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Payments {
    takes_parts: String,
    takes_more: String,
    takes_prepayments: String,
}

async fn save_payments(settler: Settler, Form(sent): Form<Payments>) -> Answer {
    let change = MerchantChange {
        takes_parts: yes(&sent.takes_parts),
        takes_more: yes(&sent.takes_more),
        takes_prepayments: yes(&sent.takes_prepayments),
        ..MerchantChange::default()
    };
    settler.saved(change).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Debits {
    retries_debits: String,
}

async fn save_debits(settler: Settler, Form(sent): Form<Debits>) -> Answer {
    settler.saved(MerchantChange { retries_debits: yes(&sent.retries_debits), ..MerchantChange::default() }).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Documents {
    address: String,
    tax_number: String,
}

/// Where the books are our own: elsewhere, they draw their own.
async fn save_documents(settler: Settler, Form(sent): Form<Documents>) -> Answer {
    if !settler.own.admin.who().own_books {
        return Err(refused(&settler.web, Error::NotFound));
    }
    let Documents { address, tax_number } = sent;
    let change = MerchantChange { address: Some(address), tax_number: Some(tax_number), ..MerchantChange::default() };
    settler.saved(change).await
}
