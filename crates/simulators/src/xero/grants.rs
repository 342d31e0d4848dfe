//! Grants and tokens of the Xero simulator: who may read the books, rotation, grace, expiry. Pure but for randomness.
//! Source: `wire/accounting.md`, 1.2.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::facts;
use crate::oauth::{Accesses, Allowed, Codes, token};
use crate::random::random_bytes;
use crate::seed::stable_id;

pub(crate) const ACCESS_LIFE_SECONDS: i64 = 30 * 60;
const REFRESH_LIFE_MS: i64 = 60 * 86_400_000;
/// A lost answer may be asked for again with the previous refresh token for so long.
const GRACE_MS: i64 = 30 * 60_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refresh {
    token: String,
    issued_ms: i64,
    /// When a later token took its place.
    replaced_ms: Option<i64>,
}

/// The last consent of one client, and the organisations that it reaches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub id: Uuid,
    pub client: String,
    pub scope: String,
    pub connection: Uuid,
    pub connected: bool,
    /// The connection to the user's other organisation, when there is one.
    #[serde(default)]
    pub other: Option<Uuid>,
    pub created_ms: i64,
    /// Of a custom connection: one organisation, no user, nothing to refresh.
    #[serde(default)]
    pub custom: bool,
    access: Accesses,
    refresh: Vec<Refresh>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    grants: Vec<Grant>,
    pub codes: Codes,
    /// Successful refreshes, per client: tests count them (fault F18).
    pub refreshes: std::collections::BTreeMap<String, u64>,
}

/// A fresh token set.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
}

/// Why an access token is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AccessRefusal {
    Unknown,
    Expired,
    Disconnected,
}

/// The secret of a client, if there is such a client.
pub(crate) fn secret_of(client: &str) -> Option<&'static str> {
    match client {
        facts::xero::PORTAL_CLIENT_ID => Some(facts::xero::PORTAL_CLIENT_SECRET),
        facts::xero::STRANGER_CLIENT_ID => Some(facts::xero::STRANGER_CLIENT_SECRET),
        facts::xero::THIRD_CLIENT_ID => Some(facts::xero::THIRD_CLIENT_SECRET),
        _ => None,
    }
}

impl Grants {
    /// The portal's grant and the strangers', each with the refresh token of `facts`.
    pub fn seeded(now_ms: i64) -> Self {
        use facts::xero::{PORTAL_CLIENT_ID, PORTAL_REFRESH_TOKEN, STRANGER_CLIENT_ID, STRANGER_REFRESH_TOKEN};
        let grant = |client: &str, token: &str| Grant {
            id: stable_id("grant", client),
            client: client.to_owned(),
            scope: facts::xero::SCOPES.to_owned(),
            connection: stable_id("connection", client),
            connected: true,
            other: None,
            created_ms: now_ms,
            custom: false,
            access: Accesses::default(),
            refresh: vec![Refresh { token: token.to_owned(), issued_ms: now_ms, replaced_ms: None }],
        };
        let grants =
            vec![grant(PORTAL_CLIENT_ID, PORTAL_REFRESH_TOKEN), grant(STRANGER_CLIENT_ID, STRANGER_REFRESH_TOKEN)];
        Self { grants, ..Self::default() }
    }

    /// Exchanges a code; a used, late or foreign one is `invalid_grant`. The client's older grant ends, and what its user
    /// has connected before stays connected: one organisation is connected once.
    pub fn exchange(
        &mut self,
        client: &str,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now_ms: i64,
    ) -> Option<Tokens> {
        let (scope, allowed) = self.codes.take(client, code, redirect_uri, verifier, now_ms)?;
        let mine = || self.grants.iter().filter(move |grant| grant.client == client && !grant.custom);
        let before = mine().find_map(|grant| grant.connected.then_some(grant.connection));
        let other = mine().find_map(|grant| grant.other);
        self.grants.retain(|grant| grant.client != client || grant.custom);
        let id = Uuid::from_u128(u128::from_be_bytes(random_bytes()));
        let fresh = |whose: &str| stable_id("connection", &format!("{id}{whose}"));
        let mut grant = Grant {
            id,
            client: client.to_owned(),
            scope,
            connection: before.unwrap_or_else(|| fresh("")),
            connected: before.is_some() || allowed != Allowed::Other,
            other: other.or_else(|| (allowed != Allowed::First).then(|| fresh(" other"))),
            created_ms: now_ms,
            custom: false,
            access: Accesses::default(),
            refresh: Vec::new(),
        };
        let tokens = grant.issue(now_ms);
        self.grants.push(grant);
        Some(tokens)
    }

    /// An access token of the client's custom connection, of which there is one for each choice of scopes (1.2.2).
    pub fn custom(&mut self, client: &str, scope: &str, now_ms: i64) -> Tokens {
        let is_meant = |grant: &Grant| grant.custom && grant.client == client && grant.scope == scope;
        let at = self.grants.iter().position(is_meant).unwrap_or_else(|| {
            let name = format!("custom {client} {scope}");
            self.grants.push(Grant {
                id: stable_id("grant", &name),
                client: client.to_owned(),
                scope: scope.to_owned(),
                connection: stable_id("connection", &name),
                connected: true,
                other: None,
                created_ms: now_ms,
                custom: true,
                access: Accesses::default(),
                refresh: Vec::new(),
            });
            self.grants.len() - 1
        });
        self.grants[at].issue(now_ms)
    }

    /// Rotates; `None` is `invalid_grant`.
    pub fn refresh(&mut self, client: &str, token: &str, now_ms: i64) -> Option<Tokens> {
        let grant = self.grants.iter_mut().filter(|grant| grant.client == client).find(|grant| grant.knows(token))?;
        let refresh = grant.refresh.iter().find(|refresh| refresh.token == token)?;
        let good = match refresh.replaced_ms {
            Some(replaced_ms) => now_ms - replaced_ms <= GRACE_MS,
            None => now_ms - refresh.issued_ms <= REFRESH_LIFE_MS,
        };
        if !good {
            return None;
        }
        let tokens = grant.issue(now_ms);
        *self.refreshes.entry(client.to_owned()).or_default() += 1;
        Some(tokens)
    }

    /// Whose access token this is.
    pub fn holder(&self, token: &str, now_ms: i64) -> Result<&Grant, AccessRefusal> {
        for grant in &self.grants {
            if let Some(end_ms) = grant.access.end_of(token) {
                return match () {
                    () if end_ms <= now_ms => Err(AccessRefusal::Expired),
                    () if !grant.connected && grant.other.is_none() => Err(AccessRefusal::Disconnected),
                    () => Ok(grant),
                };
            }
        }
        Err(AccessRefusal::Unknown)
    }

    /// Fault `token_revoked` at the API: this access token is dead from now on.
    pub fn kill_access(&mut self, token: &str) {
        for grant in &mut self.grants {
            grant.access.kill(token);
        }
    }

    /// Ends the whole grant that a refresh token belongs to.
    pub fn revoke(&mut self, client: &str, token: &str) {
        self.grants.retain(|grant| grant.client != client || !grant.knows(token));
    }

    /// Disconnects the organisation from a client's grant; false when the client has no such connection.
    pub fn disconnect(&mut self, client: &str, connection: &str) -> bool {
        let is = |id: Uuid| id.to_string().eq_ignore_ascii_case(connection);
        for grant in self.grants.iter_mut().filter(|grant| grant.client == client) {
            if grant.connected && is(grant.connection) {
                grant.connected = false;
                return true;
            }
            if grant.other.is_some_and(is) {
                grant.other = None;
                return true;
            }
        }
        false
    }

    /// The refresh token that a client should use now; `/demo.json` gives the strangers' one.
    pub fn current_refresh(&self, client: &str) -> Option<&str> {
        let grant = self.grants.iter().rfind(|grant| grant.client == client && !grant.custom)?;
        grant.refresh.iter().find(|refresh| refresh.replaced_ms.is_none()).map(|refresh| refresh.token.as_str())
    }
}

impl Grant {
    fn knows(&self, token: &str) -> bool {
        self.refresh.iter().any(|refresh| refresh.token == token)
    }

    fn issue(&mut self, now_ms: i64) -> Tokens {
        for refresh in &mut self.refresh {
            refresh.replaced_ms.get_or_insert(now_ms);
        }
        self.refresh.retain(|refresh| refresh.replaced_ms.is_none_or(|replaced_ms| now_ms - replaced_ms <= GRACE_MS));
        let access = self.jwt(now_ms);
        self.access.add(access.clone(), now_ms + ACCESS_LIFE_SECONDS * 1000, GRACE_MS, now_ms);
        let refresh = token();
        self.refresh.push(Refresh { token: refresh.clone(), issued_ms: now_ms, replaced_ms: None });
        Tokens { access, refresh, scope: self.scope.clone() }
    }

    /// Looks like Xero's access token; its signature is noise, nobody but us reads it.
    fn jwt(&self, now_ms: i64) -> String {
        let now_s = now_ms / 1000;
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "demo" });
        let claims = json!({
            "nbf": now_s, "exp": now_s + ACCESS_LIFE_SECONDS, "iss": "https://identity.xero.com", "client_id": self.client,
            "sub": stable_id("user", &self.client).simple().to_string(), "xero_userid": stable_id("user", &self.client),
            "authentication_event_id": self.id, "scope": self.scope.split(' ').collect::<Vec<_>>(),
            "jti": hex::encode(random_bytes::<16>()),
        });
        let part = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}.{}", part(header), part(claims), BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
    }

    /// Whether it lets its client into this organisation.
    pub fn reaches(&self, tenant: &str) -> bool {
        let is = |known: &str| tenant.eq_ignore_ascii_case(known);
        (self.connected && is(facts::xero::TENANT_ID)) || (self.other.is_some() && is(facts::xero::OTHER_TENANT_ID))
    }

    /// Whether one of the scopes was consented to.
    pub fn has_scope(&self, wanted: &[&str]) -> bool {
        self.scope.split(' ').any(|scope| wanted.contains(&scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::Ask;
    use facts::xero::{PORTAL_CLIENT_ID as CLIENT, PORTAL_REFRESH_TOKEN as FIRST, STRANGER_CLIENT_ID as STRANGER};

    const MINUTE_MS: i64 = 60_000;

    #[test]
    fn a_refresh_rotates_and_the_previous_token_has_half_an_hour() {
        let mut grants = Grants::seeded(0);
        let second = grants.refresh(CLIENT, FIRST, 0).unwrap().refresh;
        assert_ne!(second, FIRST);
        let again = grants.refresh(CLIENT, FIRST, 30 * MINUTE_MS).unwrap().refresh;
        assert!(grants.refresh(CLIENT, FIRST, 31 * MINUTE_MS).is_none());
        assert!(grants.refresh(CLIENT, &second, 40 * MINUTE_MS).is_some(), "the lost answer's token has its own grace");
        assert!(grants.refresh(CLIENT, &again, 41 * MINUTE_MS).is_some());
        assert_eq!(grants.refreshes[CLIENT], 4);
    }

    #[test]
    fn sixty_days_unused_end_a_refresh_token() {
        let mut grants = Grants::seeded(0);
        assert!(grants.refresh(CLIENT, FIRST, REFRESH_LIFE_MS + 1).is_none());
    }

    #[test]
    fn a_client_cannot_use_anothers_token() {
        let mut grants = Grants::seeded(0);
        assert!(grants.refresh(STRANGER, FIRST, 0).is_none());
        grants.refresh(STRANGER, facts::xero::STRANGER_REFRESH_TOKEN, 0).unwrap();
        assert_eq!(grants.current_refresh(CLIENT), Some(FIRST), "the portal's grant is untouched");
    }

    #[test]
    fn a_code_works_once_for_five_minutes_for_its_client() {
        let mut grants = Grants::seeded(0);
        let ask = Ask::of(CLIENT, None, Allowed::First);
        let mut code = |now_ms| grants.codes.issue(&ask, now_ms);
        let (used, late, foreign) = (code(0), code(0), code(0));
        assert!(grants.exchange(CLIENT, &used, "https://portal.test/cb", None, 1).is_some());
        assert!(grants.exchange(CLIENT, &used, "https://portal.test/cb", None, 2).is_none());
        assert!(grants.exchange(CLIENT, &late, "https://portal.test/cb", None, 5 * MINUTE_MS).is_none());
        assert!(grants.exchange(STRANGER, &foreign, "https://portal.test/cb", None, 3).is_none());
    }

    #[test]
    fn a_code_that_was_asked_for_with_a_challenge_wants_its_verifier() {
        let mut grants = Grants::seeded(0);
        // The pair of RFC 7636, appendix B.
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let ask = Ask::of(CLIENT, Some(challenge), Allowed::Other);
        for (verifier, is_good) in
            [(None, false), (Some("another"), false), (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), true)]
        {
            let code = grants.codes.issue(&ask, 0);
            let tokens = grants.exchange(CLIENT, &code, &ask.redirect_uri, verifier, 1);
            assert_eq!(tokens.is_some(), is_good, "{verifier:?}");
        }
    }

    #[test]
    fn what_was_connected_stays_so_until_it_is_cut() {
        let mut grants = Grants::seeded(0);
        let ask = Ask::of(CLIENT, None, Allowed::Other);
        let code = grants.codes.issue(&ask, 0);
        let access = grants.exchange(CLIENT, &code, &ask.redirect_uri, None, 1).unwrap().access;
        let (first, other) = (facts::xero::TENANT_ID, facts::xero::OTHER_TENANT_ID);
        let grant = grants.holder(&access, 1).unwrap().clone();
        assert!(grant.reaches(first) && grant.reaches(other));
        assert!(grants.disconnect(CLIENT, &grant.connection.to_string()));
        assert!(!grants.disconnect(CLIENT, &grant.connection.to_string()), "once");
        let grant = grants.holder(&access, 1).unwrap();
        assert!(!grant.reaches(first) && grant.reaches(other));
    }

    #[test]
    fn access_ends_after_half_an_hour_and_by_revocation() {
        let mut grants = Grants::seeded(0);
        let tokens = grants.refresh(CLIENT, FIRST, 0).unwrap();
        assert!(grants.holder(&tokens.access, 30 * MINUTE_MS - 1).is_ok());
        assert_eq!(grants.holder(&tokens.access, 30 * MINUTE_MS).unwrap_err(), AccessRefusal::Expired);
        grants.revoke(CLIENT, &tokens.refresh);
        assert_eq!(grants.holder(&tokens.access, 0).unwrap_err(), AccessRefusal::Unknown);
    }
}
