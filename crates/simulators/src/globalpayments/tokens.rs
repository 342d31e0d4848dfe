//! Access tokens (`wire/gateways.md`, 5.1): an app proves that it has its key by a digest over it and a nonce.

use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::refusal::Refusal;
use super::{APPS, Answer, Operation, minted, moment};

/// A day, less a second.
const LIFE_SECONDS: i64 = 24 * 3600 - 1;

pub(super) fn create(op: &mut Operation<'_>, body: &Value) -> Answer {
    let text =
        |field: &str| body[field].as_str().filter(|text| !text.is_empty()).ok_or_else(|| Refusal::missing(field));
    let (app_id, nonce, secret) = (text("app_id")?, text("nonce")?, text("secret")?);
    if text("grant_type")? != "client_credentials" {
        return Err(Refusal::invalid("40213", "grant_type contains unexpected data"));
    }
    let app = APPS.iter().find(|app| app.id == app_id).ok_or_else(Refusal::unknown_app)?;
    if secret != proof(nonce, app.key) {
        return Err(Refusal::unknown_app());
    }
    let (token, now_ms) = (minted("tok"), op.now_ms);
    op.account.tokens.retain(|_, until_ms| *until_ms > now_ms);
    op.account.tokens.insert(token.clone(), now_ms + LIFE_SECONDS * 1000);
    Ok(json!({
        "token": token, "type": "Bearer", "app_id": app.id, "app_name": "wise-pay", "time_created": moment(now_ms),
        "seconds_to_expire": LIFE_SECONDS, "email": "wise-pay@example.test",
        "scope": { "merchant_id": "MER_wisepay", "merchant_name": "Wise-Pay", "accounts": [
            { "id": "TRA_wisepay", "name": super::transactions::ACCOUNT },
            { "id": "TRA_wisepaylink", "name": super::links::ACCOUNT },
            { "id": "TKA_wisepay", "name": super::methods::ACCOUNT },
        ] },
    }))
}

pub(super) fn check(op: &Operation<'_>, token: &str) -> Result<(), Refusal> {
    let is_good = op.account.tokens.get(token).is_some_and(|until_ms| *until_ms > op.now_ms);
    if is_good { Ok(()) } else { Err(Refusal::unauthenticated()) }
}

fn proof(nonce: &str, key: &str) -> String {
    let mut digest = Sha512::new();
    digest.update(nonce);
    digest.update(key);
    hex::encode(digest.finalize())
}
