//! `/api/v1`: a merchant's own programs keep its customers, invoices, payments by hand and credit notes (`docs/api.md`).
//! They come with a key of the API, and go through the use cases of the screens.

mod call;
mod credits;
mod customers;
mod invoices;
mod payments;

use crate::router::Web;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::{get, post},
};

/// A hundred lines of letters that are sent as six bytes each.
const BODY_MAX_BYTES: usize = 256 * 1024;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/api/v1/customers", get(customers::list).post(customers::create))
        .route("/api/v1/customers/{customer}", get(customers::one).put(customers::change))
        .route("/api/v1/invoices", get(invoices::list).post(invoices::create))
        .route("/api/v1/invoices/{invoice}", get(invoices::one))
        .route("/api/v1/invoices/{invoice}/void", post(invoices::void))
        .route("/api/v1/invoices/{invoice}/payments", get(payments::list).post(payments::enter))
        .route("/api/v1/invoices/{invoice}/credit-notes", get(credits::of_invoice).post(credits::issue))
        .route("/api/v1/credit-notes", get(credits::list))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .route("/openapi.json", get(openapi))
}

/// All of it, described for programs. A test holds what is answered against it.
async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], include_str!("openapi.json"))
}
