//! Signing in and out. An unknown address and a wrong password cost the same time and get the same answer; failures
//! are counted per address and per network in the database.

use crate::{
    Engine, Error, SignInError,
    doors::{place, stands_at},
};
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use std::net::IpAddr;
use store::{Person, PlaceRow, Throttle, TokenHash};

/// After this long a person signs in again, however busy they were.
const SESSION_ABSOLUTE: TimeDelta = TimeDelta::hours(12);
const TOKEN_BYTES: usize = 32;
const PER_ADDRESS: Throttle = Throttle { failures: 10, window: TimeDelta::minutes(15), lock: TimeDelta::minutes(15) };
const PER_NETWORK: Throttle = Throttle { failures: 50, window: TimeDelta::minutes(15), lock: TimeDelta::minutes(15) };

/// A fresh session: the token goes into the cookie, its hash into the database.
#[derive(Debug)]
pub struct SignedIn {
    pub token: String,
    /// The front page of the place that the person landed in.
    pub home: &'static str,
}

impl Engine {
    /// # Errors
    /// [`SignInError::NoMatch`] or [`SignInError::LockedOut`].
    pub async fn sign_in(&self, email: &str, password: &str, network: IpAddr) -> Result<SignedIn, SignInError> {
        let now = self.now();
        let (address, network) = (format!("address:{}", email.to_lowercase()), format!("network:{network}"));
        // Counted before the password is tried: guesses made all at once are not evaluated all at once.
        for (subject, limit) in [(&address, PER_ADDRESS), (&network, PER_NETWORK)] {
            if let Some(until) = self.store().throttle_fail(subject, limit, now).await? {
                let minutes = u32::try_from((until - now).num_minutes() + 1).unwrap_or(u32::MAX);
                return Err(SignInError::LockedOut { minutes });
            }
        }
        let person = self.store().person_by_email(email).await?.filter(|person| person.active);
        let matches = self.password_matches(person.as_ref(), password).await?;
        let person = person.filter(|_| matches).ok_or(SignInError::NoMatch)?;
        self.store().throttle_clear(&address).await?;
        self.store().throttle_forgive(&network).await?;
        let places = self.store().person_places(&person).await?;
        // Somebody without any place is told nothing that a stranger would not be told.
        let first = places.first().ok_or(SignInError::NoMatch)?;
        Ok(self.start_session(&person, first).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn sign_out(&self, session_token: &str) -> Result<(), Error> {
        Ok(self.store().session_end(&TokenHash::of(session_token)).await?)
    }

    /// Moves to another place of the same person: a new session, the old one ends.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a place that this person does not have.
    pub async fn switch_place(&self, session_token: &str, key: &str) -> Result<SignedIn, Error> {
        let (session, _) = self.enter(session_token).await?;
        let person = self.store().person(session.person_id).await?.ok_or(Error::NotSignedIn)?;
        let places = self.store().person_places(&person).await?;
        let wanted = places.iter().find(|row| place(row).key == key).ok_or(Error::NotFound)?;
        if stands_at(&session, wanted) {
            return Ok(SignedIn { token: session_token.to_owned(), home: place(wanted).role.home() });
        }
        let signed_in = self.start_session(&person, wanted).await?;
        self.sign_out(session_token).await?;
        Ok(signed_in)
    }

    async fn start_session(&self, person: &Person, row: &PlaceRow) -> Result<SignedIn, Error> {
        let token = random_token()?;
        let now = self.now();
        self.store().session_start(&TokenHash::of(&token), person.id, row, now, now + SESSION_ABSOLUTE).await?;
        let place = place(row);
        self.store().audit(None, &person.id.to_string(), "sign in", &place.key, now).await?;
        Ok(SignedIn { token, home: place.role.home() })
    }

    /// Runs the hash even where there is nobody, so that time tells nothing (ASVS 6.3.8).
    async fn password_matches(&self, person: Option<&Person>, password: &str) -> Result<bool, Error> {
        let _turn = self.0.password_checks.acquire().await.map_err(|_| Error::Hash)?;
        let hash = person.map(|person| person.password_hash.clone());
        let password = password.to_owned();
        let check = tokio::task::spawn_blocking(move || match hash {
            Some(hash) => PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
            None => Argon2::default().hash_password(password.as_bytes()).is_err(),
        });
        check.await.map_err(|_| Error::Hash)
    }
}

/// Argon2id with the crate's parameters (19 MiB, 2 passes, 1 lane: OWASP's recommendation), in PHC form.
pub(crate) fn hash_password(password: &str) -> Result<String, Error> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(|_| Error::Hash)?.to_string())
}

fn random_token() -> Result<String, Error> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
