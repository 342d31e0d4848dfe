//! The vector of `wire/gateways.md`, 3.8 (a real event of 2017), and what must be refused.

use super::*;
use crate::gateway::UNREADABLE;

const KEY: &str = "2679A5D5785C9B26CF921E1754765CDDB265C9C88400786923E5343B315954FAFB4B7BF608818F6A21766741E8637DC206F286C725908C777ED4127D8562163D";
const BODY: &str = r#"{"notificationId":"f813b98f-3552-4eeb-ba40-acb4704eeba3","eventType":"net.authorize.payment.authcapture.created","eventDate":"2017-03-08T17:35:37.155999Z","webhookId":"63d6fea2-aa13-4b1d-a204-f5fbc15942b7","payload":{"responseCode":1,"authCode":"8VTPDC","avsResponse":"Y","authAmount":10.00,"entityName":"transaction","id":"60019392075"}}"#;
const SIGNATURE: &str = "sha512=9607C69D2734514554CE13D923D19939563F2FD6567D239F49F0DF0D08865632A0FB98061B4620CC52C47BB8BF6E2B69A15A67E4C98E81D7D65111076C515C6A";
const BAD: Result<(), WebhookError> = Err(WebhookError::BadSignature);

fn check(keys: &[&str], signature: &str, raw: &str) -> Result<(), WebhookError> {
    let keys: Vec<SecretString> = keys.iter().map(|key| SecretString::from(*key)).collect();
    verify(&keys, signature, raw.as_bytes())
}

fn sign(raw: &str) -> String {
    sign_with(KEY, raw)
}

fn sign_with(key: &str, raw: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("any key will do");
    mac.update(raw.as_bytes());
    format!("sha512={}", hex::encode_upper(mac.finalize().into_bytes()))
}

fn read(raw: &str) -> Result<WebhookNews, WebhookError> {
    news(&[KEY.into()], &sign(raw), raw.as_bytes())
}

#[test]
fn the_vendors_vector_passes() {
    assert_eq!(BODY.len(), 338);
    assert_eq!(check(&[KEY], SIGNATURE, BODY), Ok(()));
    assert_eq!(check(&[KEY], &SIGNATURE.to_ascii_lowercase(), BODY), Ok(()));
    assert_eq!(sign(BODY), SIGNATURE);
}

#[test]
fn d6_news_are_taken_by_either_key_while_one_is_rotated_and_by_no_other() {
    let (fresh, foreign) = (KEY.replace("26", "27"), KEY.replace("26", "28"));
    for (keys, taken) in [
        (&[KEY][..], [true, false]),
        (&[KEY, &fresh], [true, true]),
        (&[&fresh, KEY], [true, true]),
        (&[&fresh], [false, true]),
    ] {
        let signed_by = |key: &str| check(keys, &sign_with(key, BODY), BODY).is_ok();
        assert_eq!([signed_by(KEY), signed_by(&fresh)], taken, "{keys:?}");
        assert!(!signed_by(&foreign), "{keys:?}");
    }
}

#[test]
fn d4_forged_truncated_and_rewritten_bodies_are_refused() {
    for (signature, raw) in [
        (SIGNATURE, BODY.replace("10.00", "10.0").as_str()),
        (SIGNATURE, &format!("{BODY} ")),
        (SIGNATURE, &BODY[..BODY.len() - 1]),
        (&SIGNATURE[..SIGNATURE.len() - 2], BODY),
        (&SIGNATURE.replace("sha512=", "sha256="), BODY),
        (&SIGNATURE.replace("sha512=", ""), BODY),
        ("sha512=", BODY),
        ("sha512=zz", BODY),
        ("", BODY),
    ] {
        assert_eq!(check(&[KEY], signature, raw), BAD, "{signature}");
    }
    assert_eq!(check(&[], SIGNATURE, BODY), BAD);
    assert_eq!(check(&["another"], SIGNATURE, BODY), BAD);
    // Public code does it both ways; the vector says that the text is the key.
    let bytes = hex::decode(KEY).expect("a key is hex");
    let mut mac = Hmac::<Sha512>::new_from_slice(&bytes).expect("any key will do");
    mac.update(BODY.as_bytes());
    assert_ne!(format!("sha512={}", hex::encode_upper(mac.finalize().into_bytes())), SIGNATURE);
}

#[test]
fn an_event_names_our_attempt_and_the_transaction() {
    let attempt = "att_0199d3a41c007abc8123456789abcdef".parse().expect("an id");
    let name = code::of(attempt).expect("a name");
    let event = |kind: &str, payload: &str| {
        let raw = format!(r#"{{"notificationId":"n-1","eventType":"net.authorize.{kind}","payload":{{{payload}}}}}"#);
        let news = read(&raw).expect("signed and readable");
        assert_eq!((news.event_id.as_str(), news.kind), ("n-1", format!("net.authorize.{kind}")));
        (news.attempt, news.gateway_id)
    };
    let id = Some("60019392075".to_owned());
    let transaction = r#""entityName":"transaction","id":"60019392075""#;
    let by_reference = format!(r#"{transaction},"merchantReferenceId":"{name}""#);
    let by_number = format!(r#"{transaction},"merchantReferenceId":"A-1","invoiceNumber":"{name}""#);
    for kind in ["authcapture.created", "void.created", "fraud.approved"] {
        assert_eq!(event(&format!("payment.{kind}"), &by_reference), (Some(attempt), id.clone()), "{kind}");
    }
    assert_eq!(event("payment.authcapture.created", &by_number), (Some(attempt), id.clone()));
    assert_eq!(event("payment.authcapture.created", transaction), (None, id));
    assert_eq!(event("payment.refund.created", &by_reference), (None, None), "it is not news of the charge");
    let raw = format!(
        r#"{{"notificationId":"n-1","eventType":"net.authorize.payment.refund.created","payload":{{{by_number}}}}}"#
    );
    let theirs = read(&raw).expect("signed and readable");
    assert_eq!((theirs.refund, theirs.refund_gateway_id.as_deref()), (None, Some("60019392075")), "by others");
    let refund = "rfd_0199d3a41c007abc8123456789abcdef".parse().expect("an id");
    let name = code::of_refund(refund).expect("a name");
    for (kind, member) in [
        ("refund.created", "invoiceNumber"),
        ("refund.created", "merchantReferenceId"),
        ("void.created", "merchantReferenceId"),
    ] {
        let payload = format!(r#"{transaction},"{member}":"{name}""#);
        let raw =
            format!(r#"{{"notificationId":"n-1","eventType":"net.authorize.payment.{kind}","payload":{{{payload}}}}}"#);
        let news = read(&raw).expect("signed and readable");
        assert_eq!((news.refund, news.attempt, news.gateway_id), (Some(refund), None, None), "{kind}");
    }
    for (kind, kept) in [
        ("customer.created", None),
        ("customer.paymentProfile.created", None),
        ("customer.deleted", Some("1")),
        ("customer.paymentProfile.deleted", Some("1")),
        ("customer.paymentProfile.updated", Some("1")),
    ] {
        let payload = r#""entityName":"customerProfile","id":"1""#;
        assert_eq!(event(kind, payload), (None, None));
        let raw = format!(r#"{{"notificationId":"n-1","eventType":"net.authorize.{kind}","payload":{{{payload}}}}}"#);
        let news = read(&raw).expect("signed and readable");
        assert_eq!((news.kept.as_deref(), news.is_idle), (kept, kept.is_none()), "{kind}");
    }
}

#[test]
fn d6_signed_news_that_cannot_be_read_names_nothing_but_itself() {
    let named = WebhookNews::bare("n-1".to_owned(), UNREADABLE.to_owned());
    assert_eq!(read(r#"{"notificationId":"n-1"}"#), Ok(named));
    let nameless = read("[]").expect("it is signed");
    assert_eq!(nameless.event_id.len(), 64, "a digest: {nameless:?}");
    assert_eq!(nameless, WebhookNews::bare(nameless.event_id.clone(), UNREADABLE.to_owned()));
}
