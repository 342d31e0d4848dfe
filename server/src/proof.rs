//! A payment's proof as a file: an address outside the App, because it must need nothing of the portal to be read.

use crate::{layers::plain_page, router::Web};
use app::{ProofFile, addresses, render_fault, render_proof};
use axum::{
    extract::{Path, State},
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY},
    response::{Html, IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{access::Act, ids::PaymentId};
use engine::Error;

/// `/admin/transactions/{payment}/proof`, for the merchant's staff. Whoever is not signed in signs in first.
pub async fn of_payment(State(web): State<Web>, cookies: CookieJar, Path(payment): Path<String>) -> Response {
    let Ok(payment) = payment.parse::<PaymentId>() else {
        return plain_page(render_fault(&web.assets, Error::NotFound.into()));
    };
    let token = cookies.get(web.cookie.0).map_or("", |cookie| cookie.value());
    let proof = match web.engine.admin(token, Act::SeeProof).await {
        Ok(admin) => web.engine.prove_payment(&admin, payment).await,
        Err(Error::NotSignedIn) => {
            return Redirect::to(&addresses::sign_in(&addresses::proof(payment))).into_response();
        }
        Err(cause) => Err(cause),
    };
    match proof {
        Ok(proof) => file(render_proof(proof)),
        Err(cause) => plain_page(render_fault(&web.assets, cause.into())),
    }
}

/// It opens in the browser, for paper; who saves it gets a file that is whole. Of a reference, all letters fit a header.
fn file(proof: ProofFile) -> Response {
    let ProofFile { name, html, nonce } = proof;
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (headers, Html(html)).into_response()
}
