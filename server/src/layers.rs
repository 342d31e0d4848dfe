//! What every request passes: id, origin check, size and time limits, rate limits, and the headers of every answer.

use crate::{router::Web, settings::Settings};
use app::fault::Fault;
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    csrf::CsrfLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    timeout::TimeoutLayer,
};

const BODY_MAX_BYTES: usize = 64 * 1024;
/// A charge may take its vendor's 15 seconds, with two reads of the books around it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Links per network: opening them is free of secrets, guessing invoice numbers must be slow (`wire/connectwise.md`, 6.1).
const LINKS_PER_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
const LINKS_BURST: NonZeroU32 = NonZeroU32::new(40).expect("not zero");
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
    surface
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(CsrfLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(move |request, next| answer_headers(https, request, next)))
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

/// Holds each network to a number of links per second.
pub fn limited(routes: Router<Web>, rate_limits: bool) -> Router<Web> {
    if !rate_limits {
        return routes;
    }
    let quota = Quota::per_second(LINKS_PER_SECOND).allow_burst(LINKS_BURST);
    let limiter: Arc<DefaultKeyedRateLimiter<IpAddr>> = Arc::new(RateLimiter::keyed(quota));
    routes.layer(middleware::from_fn(move |request: Request, next: Next| {
        let limiter = limiter.clone();
        async move {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
            if peer.is_some_and(|peer| limiter.check_key(&peer).is_err()) {
                let retry = [(header::RETRY_AFTER, HeaderValue::from_static("5"))];
                return (StatusCode::TOO_MANY_REQUESTS, retry, "Too many requests. Wait a few seconds.")
                    .into_response();
            }
            next.run(request).await
        }
    }))
}
