//! The vector of `wire/accounting.md`, 1.12, its documented delivery, and what must be refused.

use super::*;
use crate::books::Change;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;

const KEY: &str = "demo-webhook-key";
const TENANT: &str = "11111111-2222-4333-8444-555555555555";
/// What Xero asks with whether forged news are told from others.
const INTENT: &str = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0M3ENTR0PY"}"#;
const SIGNATURE_OF_INTENT: &str = "xzg3+0y1lySuQPjTuZN49fnJUddmfSviPJn2nKCdICs=";
const INVOICE: &str = "aaaaaaaa-0000-4000-8000-000000000001";

fn read_with(keys: &[&str], signature: &str, raw: &[u8]) -> Result<BooksNews, WebhookError> {
    let keys: Vec<SecretString> = keys.iter().map(|key| SecretString::from(*key)).collect();
    let value = HeaderValue::from_str(signature).expect("a header");
    news(&keys, TENANT, &HeaderMap::from_iter([(SIGNATURE.parse().expect("a name"), value)]), raw)
}

fn signed(raw: &str) -> BooksNews {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).expect("any key will do");
    mac.update(raw.as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    read_with(&[KEY], &signature, raw.as_bytes()).expect("it is signed")
}

fn event(category: &str, id: &str, at: &str, tenant: &str) -> String {
    format!(
        r#"{{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/{id}","resourceId":"{id}","eventDateUtc":"{at}","eventType":"UPDATE","eventCategory":"{category}","tenantId":"{tenant}","tenantType":"ORGANISATION"}}"#
    )
}

fn delivery(events: &[String], entropy: &str) -> String {
    let events = events.join(",");
    format!(r#"{{"events":[{events}],"firstEventSequence":1,"lastEventSequence":9,"entropy":"{entropy}"}}"#)
}

#[test]
fn the_documented_vector_passes_and_what_differs_from_it_does_not() {
    let asked = read_with(&[KEY], SIGNATURE_OF_INTENT, INTENT.as_bytes()).expect("it is signed");
    assert_eq!((asked.kind.as_str(), asked.changes), ("nothing", Some(Vec::new())));
    let spaced = format!("{INTENT} ");
    let bare = SIGNATURE_OF_INTENT.trim_end_matches('=');
    for (keys, signature, raw) in [
        (&[KEY][..], SIGNATURE_OF_INTENT, spaced.as_str()),
        (&[KEY], SIGNATURE_OF_INTENT, &INTENT[1..]),
        (&[KEY], bare, INTENT),
        (&[KEY], "", INTENT),
        (&[KEY], "not base64", INTENT),
        (&["another"], SIGNATURE_OF_INTENT, INTENT),
        (&[], SIGNATURE_OF_INTENT, INTENT),
    ] {
        assert_eq!(read_with(keys, signature, raw.as_bytes()), Err(WebhookError::BadSignature), "{signature}: {raw}");
    }
    let unsigned = news(&[KEY.into()], TENANT, &HeaderMap::new(), INTENT.as_bytes());
    assert_eq!(unsigned, Err(WebhookError::BadSignature));
}

#[test]
fn d6_either_of_two_keys_signs_while_one_is_rotated() {
    for keys in [["another", KEY], [KEY, "another"]] {
        assert!(read_with(&keys, SIGNATURE_OF_INTENT, INTENT.as_bytes()).is_ok());
    }
}

#[test]
fn s66_what_changed_is_named_and_what_only_a_delta_tells_is_not() {
    let at = "2026-07-09T00:44:09.923";
    for (category, of) in [
        ("INVOICE", Some(Some(INVOICE))),
        ("CONTACT", Some(None)),
        ("CREDITNOTE", Some(None)),
        ("OVERPAYMENT", Some(None)),
        ("PREPAYMENT", Some(None)),
        ("SUBSCRIPTION", None),
    ] {
        let news = signed(&delivery(&[event(category, INVOICE, at, TENANT)], "A"));
        let change = of.map(|id| Change { invoice: id.map(str::to_owned), at: moment("2026-07-09T00:44:09.923Z") });
        assert_eq!(news.changes, Some(change.into_iter().collect()), "{category}");
        assert_eq!(news.kind, format!("{category} UPDATE"));
    }
    // An id that the books cannot have is not asked for.
    let odd = signed(&delivery(&[event("INVOICE", "1\\u0000", at, TENANT)], "A"));
    assert_eq!(odd.changes, Some(vec![Change { invoice: None, at: moment("2026-07-09T00:44:09.923Z") }]));
    let shouted = signed(&delivery(&[event("INVOICE", &INVOICE.to_ascii_uppercase(), "yesterday", TENANT)], "A"));
    assert_eq!(shouted.changes, Some(vec![Change { invoice: Some(INVOICE.to_owned()), at: None }]));
}

#[test]
fn another_organisation_of_the_same_app_is_not_ours_to_read() {
    let at = "2026-07-09T00:44:09.923";
    let theirs = event("INVOICE", INVOICE, at, "99999999-2222-4333-8444-555555555555");
    assert_eq!(signed(&delivery(&[theirs], "A")).changes, Some(Vec::new()));
}

#[test]
fn d5_the_same_changes_are_the_same_news_however_they_are_sent() {
    let [first, second] =
        ["2026-07-09T00:44:09.923", "2026-07-09T00:44:10.001"].map(|at| event("INVOICE", INVOICE, at, TENANT));
    let both = signed(&delivery(&[first.clone(), second.clone()], "A"));
    for again in
        [delivery(&[second.clone(), first.clone(), second.clone()], "B"), delivery(&[first.clone(), second], "C")]
    {
        assert_eq!(signed(&again).event_id, both.event_id);
    }
    assert_ne!(signed(&delivery(&[first], "A")).event_id, both.event_id);
}

#[test]
fn d6_signed_news_that_cannot_be_read_tell_of_no_change() {
    for raw in ["", "[]", "{}", r#"{"events":[{}]}"#, r#"{"events":[{"resourceId":7}]}"#, "null"] {
        let unread = signed(raw);
        assert_eq!((unread.kind.as_str(), unread.changes.as_ref()), ("unreadable news", None), "{raw}");
        assert_eq!(unread.event_id, signed(raw).event_id);
    }
}
