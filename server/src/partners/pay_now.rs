//! Pay Now links in e-mails and on invoice templates (`wire/connectwise.md`, 6.1). The amount in the link is ignored.

use crate::{layers::plain_page, router::Web};
use app::{addresses, fault::Fault, gate::ClientAddr, render_closed, render_fault};
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::header::SET_COOKIE,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    ids::CheckoutId,
    network::Network,
    views::{Closed, ClosedReason},
};
use engine::{PayNowLink, TakeError};
use serde::Deserialize;

/// The checkouts that this browser opened lately, newest first: whoever left a payment half-way and opens the e-mail again
/// goes on there. Sent to these addresses alone, and worth no more than the addresses in the browser's own history.
const OPENED_COOKIE: &str = "wisepay_opened";
const OPENED_MAX: usize = 8;
/// A payment that nobody finishes has let go of its invoice by then.
const OPENED_MAX_AGE_SECONDS: u32 = 2 * 60 * 60;

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
    cookies: CookieJar,
    link: Result<Query<EmailLink>, QueryRejection>,
) -> Response {
    let Ok(Query(link)) = link else {
        let reason = ClosedReason::Unresolved;
        let closed = Closed { merchant: None, invoice_number: None, of_several: false, reason };
        return plain_page(render_closed(&web.assets, closed));
    };
    let link = PayNowLink { api_key: link.api_key, invoice_no: link.invoice_no, company_code: link.company_code };
    let opened = opened(&cookies);
    match web.engine.open_pay_now(&link, &opened, Network::of(client.0)).await {
        Ok(Ok(checkout)) => {
            let kept = [(SET_COOKIE, kept(&web, checkout, &opened))];
            (kept, Redirect::to(&addresses::pay(checkout))).into_response()
        }
        Ok(Err(closed)) => plain_page(render_closed(&web.assets, closed)),
        // Only here, and before an intent, does a full disk mean that nothing was charged.
        Err(cause) => plain_page(render_fault(&web.assets, Fault::from(TakeError::from(cause)))),
    }
}

fn opened(cookies: &CookieJar) -> Vec<CheckoutId> {
    let told = cookies.get(OPENED_COOKIE).map_or("", |cookie| cookie.value());
    told.split('.').filter_map(|id| id.parse().ok()).take(OPENED_MAX).collect()
}

fn kept(web: &Web, newest: CheckoutId, opened: &[CheckoutId]) -> String {
    let older = opened.iter().copied().filter(|id| *id != newest);
    let ids = std::iter::once(newest).chain(older).take(OPENED_MAX).map(|id| id.to_string());
    let ids = ids.collect::<Vec<_>>().join(".");
    let secure = if web.cookie.0.starts_with("__Host-") { "; Secure" } else { "" };
    format!(
        "{OPENED_COOKIE}={ids}; Path=/PaymentProxy/PayNow; Max-Age={OPENED_MAX_AGE_SECONDS}; HttpOnly; \
         SameSite=Lax{secure}"
    )
}
