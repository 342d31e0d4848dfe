//! Vendors' news. Authentic news is stored and answered with 200 whatever it is about, so that no vendor switches the
//! endpoint off (D6); what is not authentic gets 400, or 401 at the address of books, by which Xero proves us.

use crate::router::Web;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use domain::ids::ConnectionId;
use engine::NotTaken;

/// `/webhooks/{provider}/{connection}`.
pub async fn receive(
    State(web): State<Web>,
    Path((provider, connection)): Path<(String, String)>,
    headers: HeaderMap,
    raw: Bytes,
) -> StatusCode {
    let Ok(connection) = connection.parse::<ConnectionId>() else { return StatusCode::NOT_FOUND };
    match web.engine.receive_webhook(&provider, connection, &headers, &raw).await {
        Ok(()) => StatusCode::OK,
        Err(NotTaken::NoSuchAddress) => StatusCode::NOT_FOUND,
        Err(NotTaken::Webhook(cause)) => {
            tracing::warn!(connection.id = %connection, %cause, "News at a gateway's address was refused.");
            StatusCode::BAD_REQUEST
        }
        Err(NotTaken::BooksWebhook(cause)) => {
            tracing::warn!(connection.id = %connection, %cause, "News at the books' address was refused.");
            StatusCode::UNAUTHORIZED
        }
        Err(NotTaken::Engine(cause)) => {
            tracing::error!(connection.id = %connection, %cause, "News could not be stored; the vendor will send it again.");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
