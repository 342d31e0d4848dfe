//! Pay Now links in e-mails and on invoice templates (`wire/connectwise.md`, 6.1). The amount in the link is ignored.

use crate::router::Web;
use app::{addresses, fault::Fault, render_closed, render_fault};
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::views::{Closed, ClosedReason};
use engine::PayNowLink;
use serde::Deserialize;

/// The names are the original product's, so that links in old mails keep working.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailLink {
    #[serde(default)]
    api_key: String,
    #[serde(default)]
    invoice_no: String,
    #[serde(default)]
    company_code: String,
}

/// Resolves the link and sends the browser to the checkout, or shows why there is nothing to pay.
pub async fn email(State(web): State<Web>, link: Result<Query<EmailLink>, QueryRejection>) -> Response {
    let Ok(Query(link)) = link else {
        let closed = Closed { merchant: None, invoice_number: None, reason: ClosedReason::Unresolved };
        return page(render_closed(&web.assets, closed));
    };
    let link = PayNowLink { api_key: link.api_key, invoice_no: link.invoice_no, company_code: link.company_code };
    match web.engine.open_pay_now(&link).await {
        Ok(Ok(checkout)) => Redirect::to(&addresses::pay(checkout)).into_response(),
        Ok(Err(closed)) => page(render_closed(&web.assets, closed)),
        Err(cause) => page(render_fault(&web.assets, Fault::from(cause))),
    }
}

fn page((status, html): (u16, String)) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    (status, [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))], Html(html)).into_response()
}
