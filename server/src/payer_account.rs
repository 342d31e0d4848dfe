//! What a payer reads of their company's account: one invoice with its lines, and a statement. Outside the App, because these
//! pages need no script.

use crate::{
    layers::plain_page,
    router::Web,
    staff::{Answer, Id, Refusal, refused},
};
use app::{addresses, render_payer_invoice, render_payer_statement};
use axum::{
    Router,
    extract::{FromRequestParts, Query},
    http::request::Parts,
    response::{IntoResponse, Redirect},
    routing::get,
};
use axum_extra::extract::CookieJar;
use domain::{access::Act, ids::InvoiceId, own_invoice::read_date};
use engine::{Error, PayerPass};
use serde::Deserialize;

pub fn router() -> Router<Web> {
    Router::new().route("/invoices/{invoice}", get(invoice)).route("/statements", get(statement))
}

/// A payer, and what answers them. Whoever is signed out signs in first and comes back.
struct Payer {
    web: Web,
    pass: PayerPass,
}

impl FromRequestParts<Web> for Payer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let cookies = CookieJar::from_headers(&parts.headers);
        let token = cookies.get(web.cookie.0).map_or("", |cookie| cookie.value());
        match web.engine.payer(token, Act::SeeOwnInvoices).await {
            Ok(pass) => Ok(Self { web: web.clone(), pass }),
            Err(Error::NotSignedIn) => {
                let here = parts.uri.path_and_query().map_or("/dashboard", |here| here.as_str());
                Err(Redirect::to(&addresses::sign_in(here)).into_response().into())
            }
            Err(cause) => Err(refused(web, cause)),
        }
    }
}

async fn invoice(payer: Payer, Id(invoice): Id<InvoiceId>) -> Answer {
    let found = payer.web.engine.payer_invoice(&payer.pass, invoice).await;
    let found = found.map_err(|cause| refused(&payer.web, cause))?;
    Ok(plain_page(render_payer_invoice(&payer.web.assets, found)))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Days {
    from: String,
    until: String,
}

async fn statement(payer: Payer, Query(days): Query<Days>) -> Answer {
    let (from, until) = (read_date(&days.from), read_date(&days.until));
    let found = payer.web.engine.payer_statement(&payer.pass, from, until).await;
    let found = found.map_err(|cause| refused(&payer.web, cause))?;
    Ok(plain_page(render_payer_statement(&payer.web.assets, payer.pass.who().clone(), found)))
}
