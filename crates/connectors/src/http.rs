//! The one HTTP client: no redirects, no environment proxies, size and time caps, and the split that money hangs on:
//! did a byte leave before it failed? Never logs or prints a body.
//!
//! TLS comes from ring (`stack.md`, 5.4): `rustls::crypto::ring::default_provider().install_default()` must have run
//! before [`HttpClient::new`], first thing in `main` and in each test.

use http::{HeaderMap, Method, StatusCode, header};
use reqwest::{Client, RequestBuilder, Response, redirect};
use std::{error::Error, time::Duration};

/// A vendor's answer is read up to here; a thousand Xero invoices with payments are about 3 MB.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// A vendor that asks for more patience than this is asked again anyway.
const RETRY_AFTER_MAX_SECS: u64 = 24 * 60 * 60;

/// How long a vendor may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Keep it below `total`: only a time-out while connecting proves that nothing was sent.
    pub connect: Duration,
    pub total: Duration,
}

/// Why there is no answer, split by whether the vendor can have acted.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Name, connection, TLS, or a request that could not be built.
    #[error("not sent: {}", causes(.0))]
    NotSent(#[source] reqwest::Error),
    /// Time-out, reset or a broken answer, after the first byte.
    #[error("unanswered: {}", causes(.0))]
    Unknown(#[source] reqwest::Error),
    #[error("the answer is larger than {ANSWER_MAX_BYTES} bytes")]
    TooLarge,
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() { Self::NotSent(error) } else { Self::Unknown(error) }
    }
}

/// reqwest's own words name only the outermost cause.
fn causes(error: &reqwest::Error) -> String {
    let inner = std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source());
    inner.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}

/// Whatever a vendor answered, whole.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// `Retry-After` in seconds; vendors do not use its date form.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds: u64 = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_SECS)))
    }
}

/// Cheap to clone; clones share one pool of connections.
#[derive(Clone, Debug)]
pub struct HttpClient(Client);

impl HttpClient {
    /// # Errors
    /// The TLS roots of this machine cannot be read.
    pub fn new(timeouts: Timeouts) -> Result<Self, HttpError> {
        let client = Client::builder()
            .user_agent(concat!("wise-pay/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .build()?;
        Ok(Self(client))
    }

    pub(crate) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.0.request(method, url)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, HttpError> {
        let mut response = request.send().await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = read_capped(response).await?;
        Ok(Answer { status, headers, body })
    }
}

async fn read_capped(mut response: Response) -> Result<Vec<u8>, HttpError> {
    // Where it says how long it is, that much at once: a list of megabytes that grows is copied again and again.
    let told = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut body = Vec::with_capacity(told.min(ANSWER_MAX_BYTES));
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_MAX_BYTES {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
