//! `/admin/configure/accounting-connections`, outside the App like the forms of books of our own.

use crate::{
    layers::plain_page,
    router::Web,
    staff::{Answer, admitted, refused},
};
use app::render_connections;
use axum::{
    extract::{Query, State},
    http::request::Parts,
};
use domain::access::Act;
use serde::Deserialize;

pub const PATH: &str = "/admin/configure/accounting-connections";

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    /// What a button has just come to.
    done: String,
}

pub async fn of_merchant(State(web): State<Web>, Query(asked): Query<Asked>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::SeeConnections, PATH).await?;
    let page = web.engine.accounting_connections(&admin).await.map_err(|cause| refused(&web, cause))?;
    Ok(plain_page(render_connections(&web.assets, page, asked.done)))
}
