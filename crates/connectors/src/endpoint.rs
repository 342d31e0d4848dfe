//! Sends a merchant's events to its partners: signed by Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>), to public addresses alone,
//! without following anybody anywhere else. What quoting programs are told goes the same way, signed as they were told.

mod address;

use crate::{
    HttpError, Timeouts,
    quotes::{SIGNATURE, news_signature},
};
use address::is_public;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::header::CONTENT_TYPE;
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;
use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
};

/// Before the secret's base64, by the standard.
pub const SECRET_PREFIX: &str = "whsec_";
const URL_MAX_BYTES: usize = 2_000;
/// So much of an answer is read, and so much of that is kept for people.
const ANSWER_MAX_BYTES: usize = 1_024;
const ANSWER_KEPT_CHARS: usize = 200;

/// Why nothing is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("it is no address like https://partner.example/events")]
    Unreadable,
    #[error("it must begin with https://")]
    PlainHttp,
    #[error("it must have no name and password, and no part behind a #")]
    Decorated,
    #[error("it leads into a private network")]
    Private,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("nothing is sent there: {0}")]
    Url(#[from] BadUrl),
    #[error("its secret cannot be read")]
    Secret,
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Every address of a name is a private one.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network")]
struct PrivateName;

/// One event on its way.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    pub url: &'a str,
    /// The same however often it is sent.
    pub id: &'a str,
    pub at: DateTime<Utc>,
    pub body: &'a str,
    /// Each signs.
    pub secrets: &'a [SecretString],
}

/// What the receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// The beginning, without line breaks.
    pub words: String,
}

impl Answered {
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// By the standard, a receiver that wants no more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.status == 410
    }
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventSender {
    client: Client,
    to_private: bool,
}

impl EventSender {
    /// `to_private`: the operator lets events into private networks, and to this machine by plain http.
    ///
    /// # Errors
    /// The TLS roots of this machine cannot be read.
    pub fn new(timeouts: Timeouts, to_private: bool) -> Result<Self, HttpError> {
        let client = Client::builder()
            .user_agent(concat!("wise-pay/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(PublicNames { to_private })
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .build()?;
        Ok(Self { client, to_private })
    }

    /// The address as it is kept: the same however it was spelt.
    ///
    /// # Errors
    /// Nothing is sent there.
    pub fn check(&self, url: &str) -> Result<String, BadUrl> {
        read_url(url, self.to_private).map(String::from)
    }

    /// Sends it once.
    ///
    /// # Errors
    /// There is no answer; the receiver may have it nevertheless.
    pub async fn send(&self, sending: Sending<'_>) -> Result<Answered, SendError> {
        let at = sending.at.timestamp();
        let signatures = sending.secrets.iter().map(|secret| sign(secret, sending.id, at, sending.body));
        let signatures = signatures.collect::<Result<Vec<_>, _>>()?.join(" ");
        let at = at.to_string();
        let headers = [
            ("webhook-id", sending.id),
            ("webhook-timestamp", at.as_str()),
            ("webhook-signature", signatures.as_str()),
        ];
        self.post(sending.url, &headers, sending.body).await
    }

    /// Sends a quoting program its news once, signed by the key that it was told (`wire/connectwise.md`, 3.3).
    ///
    /// # Errors
    /// As above.
    pub async fn send_quote_news(
        &self,
        url: &str,
        at: DateTime<Utc>,
        body: &str,
        key: &SecretSlice<u8>,
    ) -> Result<Answered, SendError> {
        let signature = news_signature(key, at.timestamp(), body).ok_or(SendError::Secret)?;
        self.post(url, &[(SIGNATURE, &signature)], body).await
    }

    async fn post(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Answered, SendError> {
        let url = read_url(url, self.to_private)?;
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json").body(body.to_owned());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.map_err(HttpError::from)?;
        let status = response.status().as_u16();
        Ok(Answered { status, words: beginning(response).await })
    }
}

/// `v1,` and the base64 of HMAC-SHA256 over id, time and body, with a point between them.
fn sign(secret: &SecretString, id: &str, at: i64, body: &str) -> Result<String, SendError> {
    let key = secret.expose_secret().strip_prefix(SECRET_PREFIX).ok_or(SendError::Secret)?;
    let key = BASE64_STANDARD.decode(key).map_err(|_| SendError::Secret)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SendError::Secret)?;
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    Ok(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

fn read_url(text: &str, to_private: bool) -> Result<Url, BadUrl> {
    if text.len() > URL_MAX_BYTES {
        return Err(BadUrl::Unreadable);
    }
    let url = Url::parse(text.trim()).map_err(|_| BadUrl::Unreadable)?;
    let host = url.host_str().ok_or(BadUrl::Unreadable)?;
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if to_private && is_here => {}
        "http" => return Err(BadUrl::PlainHttp),
        _ => return Err(BadUrl::Unreadable),
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(BadUrl::Decorated);
    }
    // A name is looked at when it is resolved, each time: it may lead elsewhere by then.
    let is_private = is_here || address.is_some_and(|address| !is_public(address));
    if is_private && !to_private { Err(BadUrl::Private) } else { Ok(url) }
}

/// Resolves names to addresses that may be connected to, so that none is resolved once to be looked at and once more to be
/// used (DNS rebinding).
struct PublicNames {
    to_private: bool,
}

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(public_addresses(name.as_str().to_owned(), self.to_private))
    }
}

async fn public_addresses(name: String, to_private: bool) -> Result<Addrs, Box<dyn Error + Send + Sync>> {
    let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
    let usable: Vec<SocketAddr> = found.filter(|found| to_private || is_public(found.ip())).collect();
    if usable.is_empty() { Err(PrivateName.into()) } else { Ok(Box::new(usable.into_iter())) }
}

/// What is not read is left: a receiver cannot keep us by talking. An answer that breaks off was an answer.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_MAX_BYTES {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        bytes.extend_from_slice(&chunk[..chunk.len().min(ANSWER_MAX_BYTES - bytes.len())]);
    }
    let text = String::from_utf8_lossy(&bytes);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|letter| !letter.is_control()).take(ANSWER_KEPT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's own libraries (`javascript/src/index.test.ts`), computed there.
    #[test]
    fn d7_an_event_is_signed_as_the_standard_says() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed.expect("a key"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for bad in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?"] {
            assert!(matches!(sign(&SecretString::from(bad), "1", 1, ""), Err(SendError::Secret)), "{bad}");
        }
    }

    #[test]
    fn d7_events_leave_for_public_places_by_https_alone() {
        for (url, kept) in [
            ("https://Partner.Example/events?a=b", Ok("https://partner.example/events?a=b")),
            ("https://partner.example:443", Ok("https://partner.example/")),
            ("http://partner.example/", Err(BadUrl::PlainHttp)),
            ("http://127.0.0.1/", Err(BadUrl::PlainHttp)),
            ("ftp://partner.example/", Err(BadUrl::Unreadable)),
            ("partner.example", Err(BadUrl::Unreadable)),
            ("https://", Err(BadUrl::Unreadable)),
            ("https://me:word@partner.example/", Err(BadUrl::Decorated)),
            ("https://partner.example/#top", Err(BadUrl::Decorated)),
            ("https://localhost/", Err(BadUrl::Private)),
            ("https://10.0.0.1/", Err(BadUrl::Private)),
            ("https://169.254.169.254/latest/meta-data", Err(BadUrl::Private)),
            // One address, spelt to slip through.
            ("https://2130706433/", Err(BadUrl::Private)),
            ("https://0x7f.1/", Err(BadUrl::Private)),
            ("https://[::1]/", Err(BadUrl::Private)),
            ("https://[::ffff:10.0.0.1]/", Err(BadUrl::Private)),
        ] {
            assert_eq!(read_url(url, false).map(String::from), kept.map(str::to_owned), "{url}");
        }
        for (url, may) in [("http://127.0.0.1:9/", true), ("https://10.0.0.1/", true), ("http://10.0.0.1/", false)] {
            assert_eq!(read_url(url, true).is_ok(), may, "{url} where the operator lets events in");
        }
    }

    #[tokio::test]
    async fn d7_a_name_that_leads_inside_is_not_connected_to() {
        let inside = |to_private| public_addresses("localhost".to_owned(), to_private);
        assert!(inside(false).await.is_err_and(|cause| cause.is::<PrivateName>()));
        assert!(inside(true).await.is_ok_and(|mut found| found.all(|address| address.ip().is_loopback())));
    }
}
