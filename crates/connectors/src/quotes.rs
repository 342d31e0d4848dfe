//! What a quoting program is told by `wp-quote/1` (`wire/connectwise.md`, 3.3): how a payer's browser is sent to us and back,
//! and how that is signed. Keys are arguments.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

const URL_MAX_BYTES: usize = 2_000;

/// What a payer's browser brings back. It alone marks nothing as paid.
#[derive(Clone, Copy, Debug)]
pub struct Return<'a> {
    pub session: &'a str,
    pub status: &'a str,
    /// In seconds.
    pub at: i64,
    pub nonce: &'a str,
}

impl Return<'_> {
    fn signature(&self, key: &SecretSlice<u8>) -> Option<String> {
        let Self { session, status, at, nonce } = self;
        signed(key, &format!("v1\n{session}\n{status}\n{at}\n{nonce}"))
    }

    /// The address with it, signed. `None`: it cannot be one.
    #[must_use]
    pub fn address(&self, url: &str, key: &SecretSlice<u8>) -> Option<String> {
        let mut url = Url::parse(url).ok()?;
        let (signature, at) = (self.signature(key)?, self.at.to_string());
        url.query_pairs_mut()
            .append_pair("wp_session", self.session)
            .append_pair("wp_status", self.status)
            .append_pair("wp_ts", &at)
            .append_pair("wp_nonce", self.nonce)
            .append_pair("wp_sig", &signature);
        Some(url.into())
    }
}

/// Beside news of ours.
pub const SIGNATURE: &str = "wisepay-signature";

/// By which the receiver of news of ours sees whose they are.
#[must_use]
pub fn news_signature(key: &SecretSlice<u8>, at: i64, body: &str) -> Option<String> {
    Some(format!("t={at},v1={}", hex::encode(mac(key, &format!("{at}.{body}"))?)))
}

/// What opens a session in a browser: made of its id, so that the same request is answered the same again.
#[must_use]
pub fn token(key: &SecretSlice<u8>, session: &str) -> Option<String> {
    signed(key, session)
}

fn signed(key: &SecretSlice<u8>, text: &str) -> Option<String> {
    Some(BASE64_URL_SAFE_NO_PAD.encode(mac(key, text)?))
}

fn mac(key: &SecretSlice<u8>, text: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret()).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// The host of an address that a browser may be sent to: by https, but for this machine where `to_private` says so.
#[must_use]
pub fn host_of(url: &str, to_private: bool) -> Option<String> {
    // What a parser passes over in silence, a database or another parser may not.
    let is_text = url.len() <= URL_MAX_BYTES && !url.contains(|c: char| c.is_control() || c == '\\');
    let url = Url::parse(url).ok().filter(|_| is_text)?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let host = url.host_str().filter(|_| is_plain)?;
    let is_here = to_private && url.scheme() == "http" && matches!(host, "127.0.0.1" | "localhost");
    (url.scheme() == "https" || is_here).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hex: &str) -> SecretSlice<u8> {
        hex::decode(hex).expect("hexadecimal").into()
    }

    #[test]
    fn s19_the_way_back_is_signed_as_in_the_worked_example() {
        let key = key("76b1e29d99a1535c6ed953e9a570e8c3799134d8111452e25d8129081ea7f603");
        let back = Return { session: "qs_01JH8Z6W3T7M", status: "succeeded", at: 1_767_225_900, nonce: "n_7f3a" };
        assert_eq!(back.signature(&key).as_deref(), Some("yzTzWHdadtnVymB1mxS5bR0pC8ITen4jYjQrLKeWxiI"));
        let address = back.address("https://sell.example/back?quote=1", &key).expect("an address");
        assert_eq!(
            address,
            "https://sell.example/back?quote=1&wp_session=qs_01JH8Z6W3T7M&wp_status=succeeded&wp_ts=1767225900\
             &wp_nonce=n_7f3a&wp_sig=yzTzWHdadtnVymB1mxS5bR0pC8ITen4jYjQrLKeWxiI"
        );
    }

    #[test]
    fn s20_news_are_signed_as_in_the_worked_example() {
        let key = key("3072c0614f86db1f2269b2fe0f9ef30cf6cee5f48e49040ccc77c52fb6495002");
        let body = r#"{"id":"evt_01JH8Z7","type":"quote_payment.succeeded","created":1767225901,"data":{"session_id":"qs_01JH8Z6W3T7M","status":"succeeded"}}"#;
        assert_eq!(
            news_signature(&key, 1_767_225_901, body).as_deref(),
            Some("t=1767225901,v1=6524516a0b5a823c76d8ab789114b9e456dea8d6b5fbdcc042a615bf92b30fca")
        );
    }

    #[test]
    fn s13_a_session_is_opened_by_43_characters_that_its_id_and_the_key_make() {
        let key = key("03a4b4aa5ca1d63579493f962f2bab93d1bd130dacb828e369c94d69fc71fb95");
        let made = token(&key, "qs_1").expect("a token");
        assert_eq!(made.len(), 43);
        assert_eq!(token(&key, "qs_1"), Some(made.clone()));
        assert_ne!(token(&key, "qs_2"), Some(made));
    }

    #[test]
    fn s19_nobody_is_sent_where_a_browser_should_not_go() {
        for (url, host) in [
            ("https://sell.example/back?x=1", Some("sell.example")),
            ("https://SELL.example:8443/", Some("sell.example")),
            ("http://sell.example/", None),
            ("https://ana:secret@sell.example/", None),
            ("https://sell.example/#part", None),
            ("https://sell.example\\@evil.example/", None),
            ("https:/\\sell.example/", None),
            ("https://sell.example/\0", None),
            ("ht\ntps://sell.example/", None),
            ("//sell.example/", None),
            ("https://sell.example@evil.example/", None),
            ("https://sell.example.evil.example/", Some("sell.example.evil.example")),
            ("https://s\u{e9}ll.example/", Some("xn--sll-bma.example")),
            ("javascript:alert(1)", None),
            ("sell.example", None),
        ] {
            assert_eq!(host_of(url, true).as_deref(), host, "{url}");
        }
        let here = "http://127.0.0.1:9/back";
        assert_eq!((host_of(here, true).as_deref(), host_of(here, false)), (Some("127.0.0.1"), None));
    }
}
