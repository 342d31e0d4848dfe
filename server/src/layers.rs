//! What every request passes: id, the client's address, origin check, size and time limits, and the headers of every
//! answer.

use crate::{client_addr::client_of, router::Web, settings::Settings};
use app::{fault::Fault, gate::ClientAddr};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
};
use ipnet::IpNet;
use std::{net::SocketAddr, sync::Arc, thread::available_parallelism, time::Duration};
use tokio::sync::Semaphore;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::NotForContentType},
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
const FAULT_BODY_MAX_BYTES: usize = 64 * 1024;

const ANSWER_HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Checkout addresses are credentials: they must not leave with a click.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Puts the layers around the whole surface; the last one named is the outermost.
pub fn around(surface: Router<Web>, settings: &Settings) -> Router<Web> {
    let https = settings.public_url.starts_with("https://");
    let proxies: Arc<[IpNet]> = settings.trusted_proxies.clone().into();
    surface
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(CsrfLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(COMPRESSED_ALREADY)))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(move |request, next| answer_headers(https, request, next)))
        .layer(middleware::from_fn(move |request, next| client_addr(proxies.clone(), request, next)))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
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

/// Gives a failed server function the status that its fault asks for: by itself every failure leaves as 500.
pub async fn fault_status(answer: Response) -> Response {
    if !answer.headers().contains_key("serverfnerror") || answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, FAULT_BODY_MAX_BYTES).await.unwrap_or_default();
    if let Ok(fault) = serde_json::from_slice::<Fault>(&bytes) {
        parts.status = StatusCode::from_u16(fault.status()).unwrap_or(parts.status);
    }
    Response::from_parts(parts, Body::from(bytes))
}
