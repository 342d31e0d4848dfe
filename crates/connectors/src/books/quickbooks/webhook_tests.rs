//! The vector of `wire/accounting.md`, 2.13, both envelopes, and what must be refused.

use super::*;
use crate::books::Change;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;

const TOKEN: &str = "demo-verifier-token";
const REALM: &str = "9130350000000001";
const DOCUMENTED: &str = r#"[{"specversion":"1.0","id":"e1","source":"intuit.demo","type":"qbo.invoice.updated.v1","datacontenttype":"application/json","time":"2026-08-01T00:00:00Z","intuitentityid":"130","intuitaccountid":"9130350000000001","data":{}}]"#;
const ITS_SIGNATURE: &str = "XNK8QRc0FtblI1vGA/RuMFqxQcbkbUeNTEwBd2sM0U0=";
const LEGACY: &str = r#"{"eventNotifications":[{"realmId":"9130350000000001","dataChangeEvent":{"entities":[{"name":"Invoice","id":"130","operation":"Update","lastUpdated":"2026-07-01T20:52:31.657Z"}]}}]}"#;

fn read(token: &str, signature: &str, raw: &[u8]) -> Result<BooksNews, WebhookError> {
    let value = HeaderValue::from_str(signature).expect("a header");
    news(&[token.into()], REALM, &HeaderMap::from_iter([(SIGNATURE.parse().expect("a name"), value)]), raw)
}

fn signed(raw: &str) -> BooksNews {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(TOKEN.as_bytes()).expect("any key will do");
    mac.update(raw.as_bytes());
    read(TOKEN, &BASE64_STANDARD.encode(mac.finalize().into_bytes()), raw.as_bytes()).expect("it is signed")
}

fn of_invoice(id: &str, at: &str) -> Option<Vec<Change>> {
    Some(vec![Change { invoice: Some(id.to_owned()), at: moment(at) }])
}

#[test]
fn the_documented_vector_passes_and_what_differs_from_it_does_not() {
    let told = read(TOKEN, ITS_SIGNATURE, DOCUMENTED.as_bytes()).expect("it is signed");
    assert_eq!(
        (told.kind.as_str(), told.changes),
        ("qbo.invoice.updated.v1", of_invoice("130", "2026-08-01T00:00:00Z"))
    );
    let another = DOCUMENTED.replace(r#""130""#, r#""131""#);
    for (token, signature, raw) in [
        (TOKEN, ITS_SIGNATURE, another.as_str()),
        (TOKEN, &ITS_SIGNATURE[1..], DOCUMENTED),
        (TOKEN, "", DOCUMENTED),
        ("another", ITS_SIGNATURE, DOCUMENTED),
    ] {
        assert_eq!(read(token, signature, raw.as_bytes()), Err(WebhookError::BadSignature), "{signature}: {raw}");
    }
}

#[test]
fn s66_either_envelope_names_the_invoice_and_what_only_a_delta_tells_is_not_named() {
    let legacy = signed(LEGACY);
    assert_eq!(
        (legacy.kind.as_str(), &legacy.changes),
        ("Invoice Update", &of_invoice("130", "2026-07-01T20:52:31.657Z"))
    );
    let nameless = Some(vec![Change { invoice: None, at: moment("2026-08-01T00:00:00Z") }]);
    for (entity, changes) in [
        ("customer", nameless.clone()),
        ("payment", nameless.clone()),
        ("creditmemo", nameless.clone()),
        ("estimate", Some(Vec::new())),
    ] {
        for what in ["created", "updated", "deleted", "merged", "voided", "emailed"] {
            let kind = format!("qbo.{entity}.{what}.v1");
            assert_eq!(signed(&DOCUMENTED.replace("qbo.invoice.updated.v1", &kind)).changes, changes, "{kind}");
        }
    }
    for what in ["created", "deleted", "voided"] {
        let told = signed(&DOCUMENTED.replace("updated", what));
        assert_eq!(told.changes, of_invoice("130", "2026-08-01T00:00:00Z"), "{what}");
    }
    assert_eq!(signed(&DOCUMENTED.replace(r#""130""#, r#""13/0""#)).changes, nameless, "no id that the books can have");
    let nanoseconds = signed(&DOCUMENTED.replace("00:00Z", "00:00.179851517Z"));
    assert_eq!(nanoseconds.changes, of_invoice("130", "2026-08-01T00:00:00.179851517Z"));
}

#[test]
fn another_company_of_the_same_app_is_not_ours_to_read() {
    for raw in [DOCUMENTED, LEGACY] {
        assert_eq!(signed(&raw.replace(REALM, "9130350000000002")).changes, Some(Vec::new()), "{raw}");
    }
}

#[test]
fn d5_what_is_sent_again_is_the_same_news() {
    for raw in [DOCUMENTED, LEGACY] {
        assert_eq!(signed(raw).event_id, signed(&format!("{raw}\n")).event_id);
    }
    assert_ne!(signed(DOCUMENTED).event_id, signed(&DOCUMENTED.replace("e1", "e2")).event_id);
    assert_ne!(signed(LEGACY).event_id, signed(&LEGACY.replace(r#""Update""#, r#""Void""#)).event_id);
}

#[test]
fn d6_signed_news_that_cannot_be_read_tell_of_no_change() {
    for raw in ["", "{}", "[{}]", "null", r#"{"eventNotifications":[{"realmId":"1"}]}"#, r#"[{"id":7}]"#] {
        assert_eq!((signed(raw).kind.as_str(), signed(raw).changes), ("unreadable news", None), "{raw}");
    }
}
