//! What every request passes: the count of answers, id, the client's address, origin check, size and time limits, and
//! the headers of every answer.

use crate::{client_addr::client_of, figures, router::Web, settings::Settings};
use app::{Assets, fault::Fault, gate::ClientAddr, render_fault, render_refusal, words_of_refusal};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
};
use ipnet::IpNet;
use std::{net::SocketAddr, sync::Arc, thread::available_parallelism, time::Duration};
use tokio::sync::Semaphore;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, CompressionLevel, DefaultPredicate, Predicate, predicate::NotForContentType},
    csrf::CsrfLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    timeout::TimeoutLayer,
};

const BODY_MAX_BYTES: usize = 64 * 1024;
/// A charge may take its vendor's 15 seconds, with two reads of the books around it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Surfaces that are lists from the database.
const LISTS: [&str; 4] = ["/dashboard", "/payments", "/admin", "/operator"];
const COMPRESSED_ALREADY: NotForContentType = NotForContentType::const_new("application/pdf");
/// Pages are drawn for one reader each: what a higher level takes off them costs more than their way. Built files are
/// compressed beforehand, as far as it goes.
const QUALITY: CompressionLevel = CompressionLevel::Precise(2);
const FAULT_BODY_MAX_BYTES: usize = 64 * 1024;
/// What Stripe adds to the address that a payer comes back to: none of it is needed, and secrets belong into no history.
const ADDED_BY_VENDORS: [&str; 5] =
    ["payment_intent", "payment_intent_client_secret", "setup_intent", "setup_intent_client_secret", "redirect_status"];

const ANSWER_HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Checkout addresses are credentials: they must not leave with a click. Without any referrer, browsers would write
    // `Origin: null` above our own forms, and old ones say nowhere else where a form comes from.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Puts the layers around the whole surface; the last one named is the outermost.
pub fn around(surface: Router<Web>, settings: &Settings, assets: Assets) -> Router<Web> {
    let https = settings.public_url.starts_with("https://");
    let proxies: Arc<[IpNet]> = settings.trusted_proxies.clone().into();
    surface
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(CsrfLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CompressionLayer::new().quality(QUALITY).compress_when(DefaultPredicate::new().and(COMPRESSED_ALREADY)))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(move |request, next| explain(assets.clone(), request, next)))
        .layer(middleware::from_fn(move |request, next| answer_headers(https, request, next)))
        .layer(middleware::from_fn(move |request, next| client_addr(proxies.clone(), request, next)))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(middleware::from_fn(figures::count))
}

async fn answer_headers(https: bool, request: Request, next: Next) -> Response {
    // Names of built files carry a hash, so they may be kept for ever; everything else may be personal.
    let kept = request.uri().path().starts_with("/pkg/");
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in ANSWER_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let cache = if kept { "public, max-age=31536000, immutable" } else { "no-store" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(cache));
    if https {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    answer
}

/// Says something where an answer says nothing: to a method that an address does not know, to a form of another site, when
/// time is up, after a crash. A page to browsers, a sentence to everybody else.
async fn explain(assets: Assets, request: Request, next: Next) -> Response {
    let is_browser = wants_page(request.headers());
    let answer = next.run(request).await;
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE);
    // Whoever crashed was given two words.
    let is_bare = kind.is_none() || (status == StatusCode::INTERNAL_SERVER_ERROR && is_plain_text(kind));
    if !(status.is_client_error() || status.is_server_error()) || !is_bare {
        return answer;
    }
    let mut told = if is_browser {
        plain_page(render_refusal(&assets, status.as_u16()))
    } else {
        (status, words_of_refusal(status.as_u16()).1).into_response()
    };
    if let Some(methods) = answer.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, methods.clone());
    }
    told
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn is_plain_text(kind: Option<&HeaderValue>) -> bool {
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

/// Leads to the same address without what a vendor has added to it.
pub async fn clean_address(request: Request, next: Next) -> Response {
    match cleaned(request.uri()) {
        Some(clean) if request.method() == Method::GET => Redirect::to(&clean).into_response(),
        _ => next.run(request).await,
    }
}

fn cleaned(address: &Uri) -> Option<String> {
    let query = address.query()?;
    let is_ours = |pair: &&str| !ADDED_BY_VENDORS.contains(&pair.split('=').next().unwrap_or_default());
    let ours = query.split('&').filter(is_ours).collect::<Vec<_>>().join("&");
    (ours != query).then(|| format!("{}?{ours}", address.path()))
}

/// Says where the request really came from, for limits.
async fn client_addr(proxies: Arc<[IpNet]>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if let Some(peer) = peer {
        let client = client_of(peer, request.headers(), &proxies);
        request.extensions_mut().insert(ClientAddr(client));
    }
    next.run(request).await
}

/// Draws few long lists at once: each holds megabytes while it is drawn, and more of them than cores are no sooner done.
/// They ask no vendor, so none waits for long.
pub async fn lists_in_turn(turns: Arc<Semaphore>, request: Request, next: Next) -> Response {
    let is_list = LISTS.iter().any(|list| request.uri().path().starts_with(list));
    let _turn = if is_list { turns.acquire().await.ok() } else { None };
    next.run(request).await
}

/// So many lists are drawn at once.
pub fn list_turns() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(2 * available_parallelism().map_or(1, usize::from)))
}

/// A page outside the App. It has no script.
pub fn plain_page((status, html): (u16, String)) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    (status, [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))], Html(html)).into_response()
}

/// Gives a failed server function the status that its fault asks for: by itself every failure leaves as 500. A form whose
/// page does not tell the fault would be led in a circle, with the fault in its address: it is answered with a page.
pub async fn fault_status(assets: Assets, answer: Response) -> Response {
    let is_form = answer.status() == StatusCode::FOUND;
    let has_failed = is_form || answer.status() == StatusCode::INTERNAL_SERVER_ERROR;
    if !answer.headers().contains_key("serverfnerror") || !has_failed {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, FAULT_BODY_MAX_BYTES).await.unwrap_or_default();
    match serde_json::from_slice::<Fault>(&bytes) {
        Ok(fault) if is_form => return plain_page(render_fault(&assets, fault)),
        Ok(fault) => parts.status = StatusCode::from_u16(fault.status()).unwrap_or(parts.status),
        Err(_) => {}
    }
    Response::from_parts(parts, Body::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_what_a_vendor_has_added_and_nothing_else() {
        let ours = "/npe/result?transactionId=chk_1&payment=pay_1";
        for (address, clean) in [
            (ours.to_owned(), None),
            ("/npe".to_owned(), None),
            (
                format!("{ours}&payment_intent=pi_1&payment_intent_client_secret=s&redirect_status=succeeded"),
                Some(ours),
            ),
            (
                "/methods?setup_intent=seti_1&back=mth_1&setup_intent_client_secret=s".to_owned(),
                Some("/methods?back=mth_1"),
            ),
            ("/methods?redirect_status=failed".to_owned(), Some("/methods?")),
        ] {
            let read = address.parse::<Uri>().map(|uri| cleaned(&uri)).expect("an address");
            assert_eq!(read.as_deref(), clean, "{address}");
        }
    }
}
