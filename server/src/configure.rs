//! `/admin/configure/merchants`: where the menu leads, and who may open the tabs of a merchant.

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

/// Staff who may do this at the merchant that the address names, and all that it names.
pub async fn admitted_to(
    parts: &mut Parts,
    web: &Web,
    act: Act,
) -> Result<(AdminPass, HashMap<String, String>), Refusal> {
    let admin = admitted(parts, web, act, MERCHANTS).await?;
    let merchant = web.or_refused(web.engine.merchant_key(&admin).await)?;
    match Path::<HashMap<String, String>>::from_request_parts(parts, web).await {
        Ok(Path(named)) if named.get("merchant") == Some(&merchant) => Ok((admin, named)),
        _ => Err(refused(web, Error::NotFound)),
    }
}
