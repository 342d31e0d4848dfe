//! What the OAuth servers of the books have in common: bearer and access tokens, client credentials, codes, the consent page.

use std::sync::Arc;

use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use form_urlencoded::Serializer;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::html::{Text, page};
use crate::query::Query;
use crate::random::random_bytes;
use crate::{Shared, disturb};

const CODE_LIFE_MS: i64 = 5 * 60_000;

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// A client's id and secret by Basic or in the form: both kinds of SDK exist (`wire/accounting.md`, 1.2.2).
pub(crate) fn credentials(headers: &HeaderMap, form: &Query) -> Option<(String, String)> {
    let basic = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    match basic {
        Some(basic) => {
            let pair = String::from_utf8(BASE64_STANDARD.decode(basic.trim()).ok()?).ok()?;
            let (id, secret) = pair.split_once(':')?;
            Some((id.to_owned(), secret.to_owned()))
        }
        None => Some((form.text("client_id")?.to_owned(), form.text("client_secret")?.to_owned())),
    }
}

pub(crate) fn token() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Access {
    token: String,
    expires_ms: i64,
}

/// The access tokens of a grant. Those that have run out are known for a while, so that they are told from made-up ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Accesses(Vec<Access>);

impl Accesses {
    pub fn add(&mut self, token: String, expires_ms: i64, known_after_ms: i64, now_ms: i64) {
        self.0.retain(|access| access.expires_ms + known_after_ms > now_ms);
        self.0.push(Access { token, expires_ms });
    }

    /// When this one runs out, or ran out.
    pub fn end_of(&self, token: &str) -> Option<i64> {
        self.0.iter().find(|access| access.token == token).map(|access| access.expires_ms)
    }

    pub fn kill(&mut self, token: &str) {
        self.0.retain(|access| access.token != token);
    }
}

/// Which of their organisations the user has let an app into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Allowed {
    /// The one that there are books of.
    #[default]
    First,
    Other,
    Both,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Code {
    code: String,
    client: String,
    redirect_uri: String,
    scope: String,
    #[serde(default)]
    allowed: Allowed,
    /// Of PKCE: the digest of what the exchange must bring.
    #[serde(default)]
    challenge: Option<String>,
    issued_ms: i64,
}

/// The codes that wait to be exchanged; each works once, for five minutes, for its client.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Codes(Vec<Code>);

impl Codes {
    /// A code for a client's redirect after the user has consented.
    pub fn issue(&mut self, ask: &Ask, now_ms: i64) -> String {
        let code = token();
        self.0.push(Code {
            code: code.clone(),
            client: ask.client.clone(),
            redirect_uri: ask.redirect_uri.clone(),
            scope: ask.scope.clone(),
            allowed: ask.allowed,
            challenge: ask.challenge.clone(),
            issued_ms: now_ms,
        });
        code
    }

    /// What was consented to; `None` for a used, late or foreign code, and for one whose verifier is another: it is gone
    /// afterwards too.
    pub fn take(
        &mut self,
        client: &str,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now_ms: i64,
    ) -> Option<(String, Allowed)> {
        let at = self.0.iter().position(|known| known.code == code)?;
        let code = self.0.remove(at);
        let fits = code.client == client && code.redirect_uri == redirect_uri && now_ms - code.issued_ms < CODE_LIFE_MS;
        (fits && code.is_proven_by(verifier)).then_some((code.scope, code.allowed))
    }
}

impl Code {
    /// S256 alone (RFC 7636, 4.6).
    fn is_proven_by(&self, verifier: Option<&str>) -> bool {
        let digest = verifier.map(|verifier| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
        self.challenge.is_none() || self.challenge == digest
    }
}

/// What an app asks a user for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub client: String,
    pub redirect_uri: String,
    pub scope: String,
    pub state: String,
    pub challenge: Option<String>,
    pub allowed: Allowed,
}

impl Ask {
    pub fn read(query: &Query, is_client: impl Fn(&str) -> bool) -> Result<Self, &'static str> {
        let text = |name: &str| query.text(name).unwrap_or_default().to_owned();
        let ask = Self {
            client: text("client_id"),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            state: text("state"),
            challenge: query.text("code_challenge").map(str::to_owned),
            allowed: Allowed::First,
        };
        // The vendors take `http` for localhost alone; the demo's portal lives on 127.0.0.1, so both names are let in here.
        let loopback = ["http://localhost:", "http://127.0.0.1:", "http://localhost/", "http://127.0.0.1/"];
        let uri_is_good = ask.redirect_uri.starts_with("https://")
            || loopback.iter().any(|start| ask.redirect_uri.starts_with(start));
        match () {
            () if !is_client(&ask.client) => Err("unauthorized_client: unknown client_id"),
            () if query.text("response_type") != Some("code") => Err("unsupported_response_type: only code is known"),
            () if !uri_is_good => Err("invalid_request: redirect_uri must be https, or http on this machine"),
            () if ask.scope.is_empty() => Err("invalid_scope: scope is missing"),
            () if ask.challenge.is_some() && query.text("code_challenge_method") != Some("S256") => {
                Err("invalid_request: code_challenge_method must be S256")
            }
            () => Ok(ask),
        }
    }

    /// What a test's client asks for.
    #[cfg(test)]
    pub fn of(client: &str, challenge: Option<&str>, allowed: Allowed) -> Self {
        Self {
            client: client.to_owned(),
            redirect_uri: "https://portal.test/cb".to_owned(),
            scope: "offline_access".to_owned(),
            state: String::new(),
            challenge: challenge.map(str::to_owned),
            allowed,
        }
    }

    pub fn back(&self, members: &[(&str, &str)]) -> Response {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(members).append_pair("state", &self.state);
        let joiner = if self.redirect_uri.contains('?') { '&' } else { '?' };
        Redirect::to(&format!("{}{joiner}{}", self.redirect_uri, query.finish())).into_response()
    }

    /// One click, no sign-in.
    fn page(&self, whose: &Whose, raw: &str) -> Response {
        let scopes: String =
            self.scope.split(' ').map(|scope| format!("<li><code>{}</code></li>", Text(scope))).collect();
        let (raw, Whose { vendor, organisation, others }) = (Text(raw), whose);
        let other =
            |(to, words): &(&str, &str)| format!("<a class=\"btn\" href=\"?{raw}&amp;consent={to}\">{words}</a>");
        let others: String = others.iter().map(other).collect();
        let body = format!(
            "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated {vendor}</p>\
             <h1>Wise-Pay wants access to {organisation}</h1><p>It asks for:</p><ul class=\"dots\">{scopes}</ul>\
             <a class=\"btn primary big\" href=\"?{raw}&amp;consent=allow\">Allow access</a>{others}\
             <a class=\"btn quiet\" href=\"?{raw}&amp;consent=deny\">Cancel</a></main>"
        );
        page(StatusCode::OK, "Allow access", &[], &body)
    }
}

/// Whose books an app asks for.
pub(crate) struct Whose {
    pub vendor: &'static str,
    pub organisation: &'static str,
    /// What else its user may let the app into: as the address says it, and in words.
    pub others: &'static [(&'static str, &'static str)],
}

/// The consent page, and what its buttons lead to: `allowed` takes a code back to the app.
pub(crate) async fn consent(
    shared: &Arc<Shared>,
    whose: &Whose,
    raw: Option<&str>,
    is_client: impl Fn(&str) -> bool,
    allowed: impl FnOnce(&Ask) -> Response,
) -> Response {
    let query = Query::read(raw);
    let ask = match Ask::read(&query, is_client) {
        Ok(ask) => ask,
        Err(reason) => return unaskable(whose.vendor, reason),
    };
    let to = match query.text("consent") {
        None => return ask.page(whose, raw.unwrap_or_default()),
        Some("allow") => Allowed::First,
        Some("other") => Allowed::Other,
        Some("both") => Allowed::Both,
        Some(_) => return ask.back(&[("error", "access_denied")]),
    };
    let ask = Ask { allowed: to, ..ask };
    disturb::around(shared, None, || allowed(&ask)).await
}

/// What the user reads when the app asks for what there is not.
fn unaskable(vendor: &str, reason: &str) -> Response {
    let body =
        format!("<main class=\"narrow stack\"><h1>{vendor} cannot ask for this</h1><p>{}</p></main>", Text(reason));
    page(StatusCode::BAD_REQUEST, "Cannot connect", &[], &body)
}
