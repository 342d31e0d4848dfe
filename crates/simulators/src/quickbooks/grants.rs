//! Grants and tokens of the QuickBooks simulator: rotation once a day, a day of grace, a hundred days unused, five years
//! at most. Pure but for randomness. Source: `wire/accounting.md`, 2.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts;
use crate::oauth::{Accesses, Codes, token};

pub(crate) const ACCESS_LIFE_SECONDS: i64 = 3_600;
const DAY_MS: i64 = 86_400_000;
/// `x_refresh_token_expires_in` of a fresh token.
const REFRESH_LIFE_MS: i64 = 8_726_400_000;
/// Counted from the consent; no refresh moves it.
const HARD_LIFE_MS: i64 = 5 * 365 * DAY_MS;
/// The value does not change on every call; this old, it does.
const ROTATES_AFTER_MS: i64 = DAY_MS;
/// A lost answer may be asked for again with the previous refresh token for so long.
const GRACE_MS: i64 = DAY_MS;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refresh {
    token: String,
    issued_ms: i64,
}

/// One consent of one client to the company.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub client: String,
    created_ms: i64,
    access: Accesses,
    refresh: Refresh,
    /// The one before, and when the present one took its place.
    previous: Option<(Refresh, i64)>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    grants: Vec<Grant>,
    pub codes: Codes,
    /// Successful refreshes, per client: tests count them.
    pub refreshes: BTreeMap<String, u64>,
}

/// What the token endpoint answers.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub access: String,
    pub refresh: String,
    pub refresh_expires_in: i64,
    pub hard_expires_in: i64,
}

/// Why an access token is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AccessRefusal {
    Unknown,
    Expired,
}

/// The secret of a client, if there is such a client.
pub(crate) fn secret_of(client: &str) -> Option<&'static str> {
    match client {
        facts::qbo::PORTAL_CLIENT_ID => Some(facts::qbo::PORTAL_CLIENT_SECRET),
        facts::qbo::STRANGER_CLIENT_ID => Some(facts::qbo::STRANGER_CLIENT_SECRET),
        _ => None,
    }
}

impl Grants {
    /// The portal's grant and the strangers', each with the refresh token of `facts`.
    pub fn seeded(now_ms: i64) -> Self {
        use facts::qbo::{PORTAL_CLIENT_ID, PORTAL_REFRESH_TOKEN, STRANGER_CLIENT_ID, STRANGER_REFRESH_TOKEN};
        let grant = |client: &str, token: &str| Grant::new(client, token.to_owned(), now_ms);
        let grants =
            vec![grant(PORTAL_CLIENT_ID, PORTAL_REFRESH_TOKEN), grant(STRANGER_CLIENT_ID, STRANGER_REFRESH_TOKEN)];
        Self { grants, ..Self::default() }
    }

    /// Exchanges a code; a used, late or foreign one is `invalid_grant`. The client's older grant ends.
    pub fn exchange(
        &mut self,
        client: &str,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now_ms: i64,
    ) -> Option<Tokens> {
        self.codes.take(client, code, redirect_uri, verifier, now_ms)?;
        self.grants.retain(|grant| grant.client != client);
        let mut grant = Grant::new(client, refresh_token(), now_ms);
        let tokens = grant.issue(now_ms);
        self.grants.push(grant);
        Some(tokens)
    }

    /// A new access token; `None` is `invalid_grant`.
    pub fn refresh(&mut self, client: &str, token: &str, now_ms: i64) -> Option<Tokens> {
        let grant = self.grants.iter_mut().filter(|grant| grant.client == client).find(|grant| grant.knows(token))?;
        if !grant.takes(token, now_ms) {
            return None;
        }
        if now_ms - grant.refresh.issued_ms >= ROTATES_AFTER_MS {
            let fresh = Refresh { token: refresh_token(), issued_ms: now_ms };
            grant.previous = Some((std::mem::replace(&mut grant.refresh, fresh), now_ms));
        }
        let tokens = grant.issue(now_ms);
        *self.refreshes.entry(client.to_owned()).or_default() += 1;
        Some(tokens)
    }

    /// Whose access token this is.
    pub fn holder(&self, token: &str, now_ms: i64) -> Result<&Grant, AccessRefusal> {
        for grant in &self.grants {
            if let Some(end_ms) = grant.access.end_of(token) {
                return if end_ms > now_ms { Ok(grant) } else { Err(AccessRefusal::Expired) };
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

    /// Ends the whole grant that a token of either sort belongs to; false when the client has no such token.
    pub fn revoke(&mut self, client: &str, token: &str) -> bool {
        let before = self.grants.len();
        let holds = |grant: &Grant| grant.knows(token) || grant.access.end_of(token).is_some();
        self.grants.retain(|grant| grant.client != client || !holds(grant));
        self.grants.len() < before
    }

    /// The refresh token that a client should use now; `/demo.json` gives the strangers' one.
    pub fn current_refresh(&self, client: &str) -> Option<&str> {
        let grant = self.grants.iter().rfind(|grant| grant.client == client)?;
        Some(grant.refresh.token.as_str())
    }
}

impl Grant {
    fn new(client: &str, token: String, now_ms: i64) -> Self {
        let refresh = Refresh { token, issued_ms: now_ms };
        Self { client: client.to_owned(), created_ms: now_ms, access: Accesses::default(), refresh, previous: None }
    }

    fn knows(&self, token: &str) -> bool {
        self.refresh.token == token || self.previous.as_ref().is_some_and(|(refresh, _)| refresh.token == token)
    }

    fn takes(&self, token: &str, now_ms: i64) -> bool {
        let refresh_is_young = now_ms - self.refresh.issued_ms < REFRESH_LIFE_MS;
        let in_grace = match &self.previous {
            Some((previous, replaced_ms)) if previous.token == token => now_ms - replaced_ms <= GRACE_MS,
            _ => true,
        };
        refresh_is_young && in_grace && now_ms - self.created_ms < HARD_LIFE_MS
    }

    fn issue(&mut self, now_ms: i64) -> Tokens {
        let access = token();
        self.access.add(access.clone(), now_ms + ACCESS_LIFE_SECONDS * 1000, DAY_MS, now_ms);
        Tokens {
            access,
            refresh: self.refresh.token.clone(),
            refresh_expires_in: (self.refresh.issued_ms + REFRESH_LIFE_MS - now_ms) / 1000,
            hard_expires_in: (self.created_ms + HARD_LIFE_MS - now_ms) / 1000,
        }
    }
}

fn refresh_token() -> String {
    format!("AB11{}", token())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{Allowed, Ask};
    use facts::qbo::{PORTAL_CLIENT_ID as CLIENT, PORTAL_REFRESH_TOKEN as FIRST, STRANGER_CLIENT_ID as STRANGER};

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn a_token_of_a_day_ago_is_replaced_and_works_for_another_day() {
        let mut grants = Grants::seeded(0);
        assert_eq!(grants.refresh(CLIENT, FIRST, 23 * HOUR_MS).unwrap().refresh, FIRST, "not on every call");
        let second = grants.refresh(CLIENT, FIRST, 25 * HOUR_MS).unwrap().refresh;
        assert!(second.starts_with("AB1") && second != FIRST);
        assert_eq!(
            grants.refresh(CLIENT, FIRST, 49 * HOUR_MS).unwrap().refresh,
            *grants.current_refresh(CLIENT).unwrap()
        );
        assert!(grants.refresh(CLIENT, &second, 49 * HOUR_MS).is_some(), "the lost answer's token has its own grace");
        assert_eq!(grants.refreshes[CLIENT], 4);
    }

    #[test]
    fn the_grace_ends_after_a_day() {
        let mut grants = Grants::seeded(0);
        grants.refresh(CLIENT, FIRST, 25 * HOUR_MS).unwrap();
        assert!(grants.refresh(CLIENT, FIRST, 49 * HOUR_MS + 1).is_none());
    }

    #[test]
    fn a_hundred_days_unused_and_five_years_used_end_a_grant() {
        let mut grants = Grants::seeded(0);
        assert!(grants.refresh(CLIENT, FIRST, REFRESH_LIFE_MS).is_none());
        let mut grants = Grants::seeded(0);
        let mut token = FIRST.to_owned();
        for month in 1..=60 {
            token = grants.refresh(CLIENT, &token, month * 30 * DAY_MS).unwrap().refresh;
        }
        let last = grants.refresh(CLIENT, &token, HARD_LIFE_MS - 1_000).unwrap();
        assert_eq!(last.hard_expires_in, 1);
        assert!(grants.refresh(CLIENT, &last.refresh, HARD_LIFE_MS).is_none());
    }

    #[test]
    fn a_client_cannot_use_anothers_token_or_code() {
        let mut grants = Grants::seeded(0);
        assert!(grants.refresh(STRANGER, FIRST, 0).is_none());
        let ask = Ask::of(CLIENT, None, Allowed::First);
        let code = grants.codes.issue(&ask, 0);
        assert!(grants.exchange(STRANGER, &code, &ask.redirect_uri, None, 1).is_none());
        let code = grants.codes.issue(&ask, 0);
        assert!(grants.exchange(CLIENT, &code, &ask.redirect_uri, None, 1).is_some());
        assert!(grants.refresh(CLIENT, FIRST, 2).is_none(), "a new consent ends the old grant");
    }

    #[test]
    fn access_ends_after_an_hour_and_by_revocation() {
        let mut grants = Grants::seeded(0);
        let tokens = grants.refresh(CLIENT, FIRST, 0).unwrap();
        assert_eq!((tokens.refresh_expires_in, tokens.hard_expires_in), (8_726_400, 5 * 365 * 86_400));
        assert!(grants.holder(&tokens.access, HOUR_MS - 1).is_ok());
        assert_eq!(grants.holder(&tokens.access, HOUR_MS).unwrap_err(), AccessRefusal::Expired);
        assert!(!grants.revoke(STRANGER, &tokens.access) && grants.revoke(CLIENT, &tokens.access));
        assert_eq!(grants.holder(&tokens.access, 0).unwrap_err(), AccessRefusal::Unknown);
        assert!(grants.refresh(CLIENT, FIRST, 0).is_none());
    }
}
