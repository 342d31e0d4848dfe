//! What Global Payments tells unasked: first the signature over the raw bytes, then what it is about (`wire/gateways.md`,
//! 5.2). Pure; news are a hint, and what they claim is read again.

use super::{
    calls::{TRANSACTION, is_link},
    wire::REFUND,
};
use crate::gateway::{UNREADABLE, WebhookError, WebhookNews};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha512};

#[derive(Deserialize)]
struct News {
    id: String,
    status: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    reference: Option<String>,
}

pub fn news(app_key: &SecretString, signature: &str, raw: &[u8]) -> Result<WebhookNews, WebhookError> {
    let digest = digest(app_key, raw);
    if !hex::decode(signature).is_ok_and(|given| is_same(&given, &digest)) {
        return Err(WebhookError::BadSignature);
    }
    // The gateway gives its news no ids: what says the same is the same.
    let event_id = hex::encode(&digest);
    let Ok(News { id, status, kind, reference }) = serde_json::from_slice(raw) else {
        return Ok(WebhookNews::bare(event_id, UNREADABLE.to_owned()));
    };
    let is_refund = kind.as_deref() == Some(REFUND);
    let is_payment = !is_refund && (id.starts_with(TRANSACTION) || is_link(&id));
    Ok(WebhookNews {
        attempt: reference.filter(|_| !is_refund).and_then(|reference| reference.parse().ok()),
        gateway_id: Some(id.clone()).filter(|_| is_payment),
        refund_gateway_id: Some(id).filter(|_| is_refund),
        ..WebhookNews::bare(event_id, status.unwrap_or_else(|| "unknown".to_owned()))
    })
}

/// A plain digest with the key behind the body, not an HMAC.
fn digest(app_key: &SecretString, raw: &[u8]) -> Vec<u8> {
    let mut digest = Sha512::new();
    digest.update(raw);
    digest.update(app_key.expose_secret().as_bytes());
    digest.finalize().to_vec()
}

/// Takes the same time wherever they differ.
fn is_same(given: &[u8], ours: &[u8]) -> bool {
    let differences = given.iter().zip(ours).fold(0, |all, (one, other)| all | (one ^ other));
    given.len() == ours.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"TRN_1","status":"CAPTURED"}"#;
    /// The vector of `wire/gateways.md`, 5.2.
    const SIGNATURE: &str = "5aa8caee53bf650c3f2eeba7c95e4f914c7047940cbf9c72521056d5cb7b9107\
                             ea0470a4d6468ec1c3ec2935378ec53cec273cbcb5578fb81ec41b77c0588580";

    fn read(signature: &str, raw: &[u8]) -> Result<WebhookNews, WebhookError> {
        news(&"appkey".into(), signature, raw)
    }

    fn signed(raw: &str) -> WebhookNews {
        let signature = hex::encode(digest(&"appkey".into(), raw.as_bytes()));
        read(&signature, raw.as_bytes()).expect("it is signed")
    }

    #[test]
    fn the_documented_vector_passes() {
        let news = read(SIGNATURE, BODY).expect("it is signed");
        assert_eq!((news.kind.as_str(), news.gateway_id.as_deref()), ("CAPTURED", Some("TRN_1")));
        assert_eq!((news.event_id.as_str(), news.attempt, news.is_idle), (SIGNATURE, None, false));
    }

    #[test]
    fn d4_forged_truncated_and_rewritten_bodies_are_refused() {
        let spaced = [BODY, b" "].concat();
        for (signature, raw) in [
            (SIGNATURE, spaced.as_slice()),
            (SIGNATURE, &BODY[..BODY.len() - 1]),
            (&SIGNATURE[..126], BODY),
            (&SIGNATURE.replace('5', "6"), BODY),
            ("", BODY),
            ("zz", BODY),
        ] {
            assert_eq!(read(signature, raw), Err(WebhookError::BadSignature), "{signature}");
        }
        assert_eq!(news(&"another".into(), SIGNATURE, BODY), Err(WebhookError::BadSignature));
    }

    #[test]
    fn d6_signed_news_that_cannot_be_read_names_nothing() {
        let unread = signed("[]");
        let digest = hex::encode(digest(&"appkey".into(), b"[]"));
        assert_eq!(unread, WebhookNews::bare(digest, UNREADABLE.to_owned()));
    }

    #[test]
    fn d5_news_name_the_attempt_the_payment_or_somebodys_refund() {
        let attempt = "att_00000000000000000000000000000007";
        let paid = signed(&format!(r#"{{"id":"TRN_1","type":"SALE","reference":"{attempt}"}}"#));
        assert_eq!(paid.attempt.map(|attempt| attempt.to_string()).as_deref(), Some(attempt));
        assert_eq!((paid.gateway_id.as_deref(), paid.refund_gateway_id), (Some("TRN_1"), None));
        let page = signed(r#"{"id":"LNK_1","status":"PAID","reference":"somebody else's"}"#);
        assert_eq!((page.gateway_id.as_deref(), page.attempt), (Some("LNK_1"), None));
        let refund = signed(&format!(r#"{{"id":"TRN_2","type":"REFUND","reference":"{attempt}"}}"#));
        assert_eq!(
            (refund.refund_gateway_id.as_deref(), refund.gateway_id, refund.attempt),
            (Some("TRN_2"), None, None)
        );
        let other = signed(r#"{"id":"DIS_1","status":"UNDER_REVIEW"}"#);
        assert_eq!((other.gateway_id, other.refund_gateway_id, other.attempt), (None, None, None));
    }
}
