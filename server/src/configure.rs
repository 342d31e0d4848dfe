//! `/admin/configure/merchants`: staff of a merchant at its tabs, which its key names. Outside the App like the forms of books
//! of our own.

use crate::{
    router::Web,
    staff::{Answer, Refusal, admitted, go_to, refused},
};
use app::addresses;
use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
    routing::get,
};
use domain::access::Act;
use engine::{AdminPass, Error};
use std::collections::HashMap;

/// Where the menu leads: to the one merchant that its staff may configure.
const MERCHANTS: &str = "/admin/configure/merchants";

pub fn router() -> Router<Web> {
    Router::new().route(MERCHANTS, get(own_merchant))
}

async fn own_merchant(State(web): State<Web>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::ManageIntegrations, MERCHANTS).await?;
    let merchant = web.or_refused(web.engine.merchant_key(&admin).await)?;
    go_to(&addresses::integrations(&merchant))
}

/// Staff of the merchant that the address names, and what else it names.
pub struct AtMerchant {
    pub admin: AdminPass,
    pub merchant: String,
    pub named: HashMap<String, String>,
}

impl AtMerchant {
    /// Staff who may do this there. Another merchant's are told that there is nothing.
    pub async fn may(act: Act, parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let admin = admitted(parts, web, act, MERCHANTS).await?;
        let merchant = web.or_refused(web.engine.merchant_key(&admin).await)?;
        match Path::<HashMap<String, String>>::from_request_parts(parts, web).await {
            Ok(Path(named)) if named.get("merchant") == Some(&merchant) => Ok(Self { admin, merchant, named }),
            _ => Err(refused(web, Error::NotFound)),
        }
    }
}
