//! The vectors of `wire/gateways.md`, 2.8 (made with Stripe's own SDK), and what must be refused.

use super::*;
use crate::gateway::UNREADABLE;
use sha2::Digest;

const SECRET: &str = "whsec_test_secret";
const T: i64 = 1_700_000_000;
const BODY_A: &[u8] = br#"{"id":"evt_test_webhook","object":"event"}"#;
const V1_A: &str = "d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990";
const BODY_B: &[u8] = b"{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}";
const V1_B: &str = "4f1cd7feda9826e746b7d482c4badebb657398df1099e1046364f6196a230150";
const BAD: Result<(), WebhookError> = Err(WebhookError::BadSignature);

fn check(signature: &str, raw: &[u8], at: i64) -> Result<(), WebhookError> {
    check_with(&[SECRET], signature, raw, at)
}

fn check_with(secrets: &[&str], signature: &str, raw: &[u8], at: i64) -> Result<(), WebhookError> {
    let secrets: Vec<SecretString> = secrets.iter().map(|s| SecretString::from(*s)).collect();
    verify(&secrets, signature, raw, time(at))
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a time")
}

fn sign(secret: &str, raw: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(format!("{T}.{raw}").as_bytes());
    format!("t={T},v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn read(raw: &str) -> Result<WebhookNews, WebhookError> {
    news(&[SECRET.into()], &sign(SECRET, raw), raw.as_bytes(), time(T))
}

#[test]
fn the_vectors_of_stripes_sdk_pass() {
    assert_eq!(check(&format!("t={T},v1={V1_A}"), BODY_A, T), Ok(()));
    assert_eq!(check(&format!("t={T},v1={V1_B}"), BODY_B, T), Ok(()));
    assert_eq!(check(&format!("t={T},v1=zz,v1={V1_B},v0=aa,v1={V1_A},v9=bb"), BODY_A, T), Ok(()), "any v1 will do");
    for at in [T - 300, T + 300] {
        assert_eq!(check(&format!("t={T},v1={V1_A}"), BODY_A, at), Ok(()));
    }
}

#[test]
fn d4_forged_stale_truncated_and_rewritten_bodies_are_refused() {
    let good = format!("t={T},v1={V1_A}");
    let spaced = [BODY_A, b" "].concat();
    for (signature, raw, at) in [
        (good.as_str(), spaced.as_slice(), T),
        (&good, BODY_B, T),
        (&good, &BODY_A[..BODY_A.len() - 1], T),
        (&good, BODY_A, T + 301),
        (&good, BODY_A, T - 301),
        (&format!("v1={V1_A}"), BODY_A, T),
        (&format!("t={T},v0={V1_A}"), BODY_A, T),
        (&format!("t={},v1={V1_A}", T + 1), BODY_A, T),
        (&format!("t=now,v1={V1_A}"), BODY_A, T),
        (&format!("t={T},v1={}", &V1_A[..62]), BODY_A, T),
        (&format!("t={T},v1="), BODY_A, T),
        ("", BODY_A, T),
    ] {
        assert_eq!(check(signature, raw, at), BAD, "{signature}");
    }
    assert_eq!(check_with(&[], &good, BODY_A, T), BAD);
    assert_eq!(check_with(&["whsec_other"], &good, BODY_A, T), BAD);
    assert_eq!(check_with(&["whsec_new", SECRET], &good, BODY_A, T), Ok(()), "while secrets rotate");
}

#[test]
fn an_event_names_our_attempt_and_the_payment() {
    let attempt = "att_00000000000000000000000000000007";
    let event = |object: &str| {
        read(&format!(r#"{{"id":"evt_1","type":"a.b","data":{{"object":{object}}}}}"#)).expect("signed and readable")
    };
    for (object, attempt, gateway_id) in [
        (
            format!(r#"{{"id":"pi_1","object":"payment_intent","amount":5,"metadata":{{"attempt_id":"{attempt}"}}}}"#),
            Some(attempt),
            Some("pi_1"),
        ),
        (
            format!(
                r#"{{"id":"cs_1","object":"checkout.session","client_reference_id":"{attempt}","metadata":null,"payment_intent":"pi_1"}}"#
            ),
            Some(attempt),
            Some("cs_1"),
        ),
        (
            r#"{"id":"ch_1","object":"charge","payment_intent":"pi_2","metadata":{"attempt_id":"not ours"}}"#.into(),
            None,
            Some("pi_2"),
        ),
        (r#"{"id":"dp_1","object":"dispute","payment_intent":{"id":"pi_3","amount":9}}"#.into(), None, Some("pi_3")),
        (r#"{"id":"po_1","object":"payout"}"#.into(), None, None),
    ] {
        let news = event(&object);
        assert_eq!((news.event_id.as_str(), news.kind.as_str()), ("evt_1", "a.b"));
        assert_eq!(news.attempt.map(|id| id.to_string()).as_deref(), attempt, "{object}");
        assert_eq!(news.gateway_id.as_deref(), gateway_id, "{object}");
    }
}

#[test]
fn d6_signed_news_that_cannot_be_read_names_nothing_but_itself() {
    let thin = r#"{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.no_meter_found"}"#;
    let untyped = std::str::from_utf8(BODY_A).expect("plain text");
    let (long, digest) = ("e".repeat(256), |raw: &str| hex::encode(Sha256::digest(raw)));
    for (raw, id, kind) in [
        (thin, "evt_1".to_owned(), "v1.billing.meter.no_meter_found"),
        (untyped, "evt_test_webhook".to_owned(), UNREADABLE),
        ("[]", digest("[]"), UNREADABLE),
        (r#"{"id":""}"#, digest(r#"{"id":""}"#), UNREADABLE),
        (&*format!(r#"{{"id":"{long}"}}"#), digest(&long), UNREADABLE),
    ] {
        assert_eq!(read(raw), Ok(WebhookNews::bare(id, kind.to_owned())), "{raw}");
    }
}

#[test]
fn news_of_a_refund_does_not_pass_for_news_of_the_payment_and_that_of_a_dispute_names_both() {
    for kind in ["refund.created", "refund.failed", "charge.refund.updated", "charge.dispute.created"] {
        let object = if kind.starts_with("charge.dispute") { "dispute" } else { "charge" };
        let event = format!(
            r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{{"id":"x_1","object":"{object}","payment_intent":"pi_1","metadata":{{"attempt_id":"att_00000000000000000000000000000007"}}}}}}}}"#
        );
        let news = read(&event).expect("signed and readable");
        let is_dispute = kind == "charge.dispute.created";
        assert_eq!((news.attempt.is_some(), news.gateway_id.is_some()), (is_dispute, is_dispute), "{kind}");
        assert_eq!(news.dispute.as_deref(), is_dispute.then_some("x_1"), "{kind}");
    }
}

#[test]
fn news_of_a_refund_names_ours_or_that_of_somebody_else() {
    for (metadata, ours) in [
        (r#"{"refund_id":"rfd_00000000000000000000000000000007"}"#, Some("rfd_00000000000000000000000000000007")),
        (r#"{"refund_id":"somebody's"}"#, None),
        ("{}", None),
    ] {
        let event = format!(
            r#"{{"id":"evt_1","type":"refund.updated","data":{{"object":{{"id":"re_1","object":"refund","payment_intent":"pi_1","metadata":{metadata}}}}}}}"#
        );
        let news = read(&event).expect("signed and readable");
        assert_eq!(news.refund.map(|id| id.to_string()).as_deref(), ours, "{metadata}");
        assert_eq!((news.attempt, news.gateway_id), (None, None));
        let theirs = ours.is_none().then_some("re_1");
        assert_eq!(news.refund_gateway_id.as_deref(), theirs, "{metadata}: by its number there");
    }
}

#[test]
fn d32_news_of_a_method_say_which_one_and_echoes_say_nothing() {
    let method = r#"{"id":"pm_1","object":"payment_method","customer":null}"#;
    let mandate = r#"{"id":"mandate_1","object":"mandate","payment_method":"pm_1","status":"inactive"}"#;
    let expanded = r#"{"id":"mandate_1","object":"mandate","payment_method":{"id":"pm_1"}}"#;
    let customer = r#"{"id":"cus_1","object":"customer"}"#;
    for (kind, object, kept) in [
        ("payment_method.automatically_updated", method, Some("pm_1")),
        ("payment_method.detached", method, Some("pm_1")),
        ("payment_method.updated", method, Some("pm_1")),
        ("mandate.updated", mandate, Some("pm_1")),
        ("mandate.updated", expanded, Some("pm_1")),
        ("customer.deleted", customer, Some("cus_1")),
        ("payment_method.attached", method, None),
        ("customer.created", customer, None),
    ] {
        let event = format!(r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{object}}}}}"#);
        let news = read(&event).expect("signed and readable");
        assert_eq!((news.kept.as_deref(), news.is_idle), (kept, kept.is_none()), "{kind}");
        assert_eq!((news.attempt, news.gateway_id), (None, None), "{kind}");
    }
}
