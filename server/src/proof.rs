//! A payment's proof as a file: an address outside the App, because it must need nothing of the portal to be read.

use crate::{
    router::Web,
    staff::{Answer, Id, admitted},
};
use app::{ProofFile, addresses, render_proof};
use axum::{
    extract::State,
    http::{
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY},
        request::Parts,
    },
    response::{Html, IntoResponse, Response},
};
use domain::{access::Act, ids::PaymentId};

/// `/admin/transactions/{payment}/proof`, for the merchant's staff. Whoever is not signed in signs in first.
pub async fn of_payment(State(web): State<Web>, Id(payment): Id<PaymentId>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::SeeProof, &addresses::proof(payment)).await?;
    let proof = web.or_refused(web.engine.prove_payment(&admin, payment).await)?;
    Ok(file(render_proof(proof)))
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
