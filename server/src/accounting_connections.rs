//! `/admin/configure/accounting-connections`, outside the App like the forms of books of our own.

use crate::{
    layers::plain_page,
    own_books::{admitted, refused},
    router::Web,
};
use app::render_connections;
use axum::{
    extract::{Query, State},
    http::request::Parts,
    response::Response,
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

pub async fn of_merchant(State(web): State<Web>, Query(asked): Query<Asked>, parts: Parts) -> Response {
    let admin = match admitted(&parts, &web, Act::SeeConnections, PATH).await {
        Ok(admin) => admin,
        Err(elsewhere) => return elsewhere,
    };
    match web.engine.accounting_connections(&admin).await {
        Ok(page) => plain_page(render_connections(&web.assets, page, asked.done)),
        Err(cause) => refused(&web, cause),
    }
}
