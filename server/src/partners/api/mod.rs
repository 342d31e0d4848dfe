//! `/api/v1`: a merchant's own programs keep its customers, invoices, payments by hand and credit, and read what was paid here
//! (`docs/api.md`).
//! They come with a key of the API, and go through the use cases of the screens.

mod call;
mod credits;
mod customers;
mod imports;
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
use domain::import::FILE_MAX_BYTES;

/// A hundred lines of letters that are sent as six bytes each.
const BODY_MAX_BYTES: usize = 256 * 1024;
/// A table whose every byte is a quote or the end of a line, which are sent as two, and what is around it.
const TABLE_MAX_BYTES: usize = 2 * FILE_MAX_BYTES + 1024;

pub fn router() -> Router<Web> {
    let tables = Router::new()
        .route("/api/v1/imports", post(imports::import))
        .route("/api/v1/imports/preview", post(imports::preview))
        .layer(DefaultBodyLimit::max(TABLE_MAX_BYTES));
    Router::new()
        .route("/api/v1/customers", get(customers::list).post(customers::create))
        .route("/api/v1/customers/{customer}", get(customers::one).put(customers::change))
        .route("/api/v1/customers/{customer}/archive", post(customers::archive))
        .route("/api/v1/customers/{customer}/restore", post(customers::restore))
        .route("/api/v1/customers/{customer}/credits", get(customers::credits))
        .route("/api/v1/customers/{customer}/payments", post(payments::enter_in_advance))
        .route("/api/v1/invoices", get(invoices::list).post(invoices::create))
        .route("/api/v1/invoices/{invoice}", get(invoices::one).put(invoices::change))
        .route("/api/v1/invoices/{invoice}/issue", post(invoices::issue))
        .route("/api/v1/invoices/{invoice}/void", post(invoices::void))
        .route("/api/v1/invoices/{invoice}/payments", get(payments::of_invoice).post(payments::enter))
        .route("/api/v1/invoices/{invoice}/credit-notes", get(credits::of_invoice).post(credits::issue))
        .route("/api/v1/invoices/{invoice}/credits", post(credits::use_on))
        .route("/api/v1/credit-notes", get(credits::list))
        .route("/api/v1/credit-notes/{note}", get(credits::one))
        .route("/api/v1/credit-notes/{note}/void", post(credits::void))
        .route("/api/v1/payments-by-hand", get(payments::by_hand))
        .route("/api/v1/payments-by-hand/{payment}", get(payments::one_by_hand))
        .route("/api/v1/payments-by-hand/{payment}/take-back", post(payments::take_back))
        .route("/api/v1/payments", get(payments::here))
        .route("/api/v1/payments/{payment}", get(payments::one_here))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .merge(tables)
        .route("/openapi.json", get(openapi))
}

/// All of it, described for programs. A test holds what is answered against it.
async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], include_str!("openapi.json"))
}
