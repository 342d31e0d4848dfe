//! Pay Now links in e-mails and on invoice templates (`wire/connectwise.md`, 6.1). The amount in the link is ignored.

use crate::{layers::plain_page, router::Web};
use app::{addresses, fault::Fault, gate::ClientAddr, render_closed, render_fault};
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    network::Network,
    views::{Closed, ClosedReason},
};
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
pub async fn email(
    State(web): State<Web>,
    Extension(client): Extension<ClientAddr>,
    link: Result<Query<EmailLink>, QueryRejection>,
) -> Response {
    let Ok(Query(link)) = link else {
        let closed = Closed { merchant: None, invoice_number: None, reason: ClosedReason::Unresolved };
        return plain_page(render_closed(&web.assets, closed));
    };
    let link = PayNowLink { api_key: link.api_key, invoice_no: link.invoice_no, company_code: link.company_code };
    match web.engine.open_pay_now(&link, Network::of(client.0)).await {
        Ok(Ok(checkout)) => Redirect::to(&addresses::pay(checkout)).into_response(),
        Ok(Err(closed)) => plain_page(render_closed(&web.assets, closed)),
        Err(cause) => plain_page(render_fault(&web.assets, Fault::from(cause))),
    }
}
