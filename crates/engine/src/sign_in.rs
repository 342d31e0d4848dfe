//! Signing in and out. An unknown address and a wrong password cost the same time and get the same answer. Failures are
//! counted in the database per address and network, per network, and per address, so that guessing is slow from wherever
//! it comes; and nobody can lock a person out of the networks that they sign in from.

use crate::{
    Engine, Error, SignInError,
    audit::{Actor, Audited},
    card_testing::minutes_until,
    doors::{place, stands_at},
};
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::network::Network;
use store::{Person, PlaceDoor, PlaceRow, Throttle, TokenHash};

/// After this long a person signs in again, however busy they were.
const SESSION_ABSOLUTE: TimeDelta = TimeDelta::hours(12);
const TOKEN_BYTES: usize = 32;
/// Of one address from one network.
const PER_PAIR: Throttle = Throttle { max: 10, window: TimeDelta::minutes(15), lock: TimeDelta::minutes(15) };
/// Of one address from anywhere. A network that its person has signed in from lately is not held by this one.
const PER_ADDRESS: Throttle = Throttle { max: 20, window: TimeDelta::minutes(15), lock: TimeDelta::minutes(15) };
const PER_NETWORK: Throttle = Throttle { max: 50, window: TimeDelta::minutes(15), lock: TimeDelta::minutes(15) };
/// For so long a network is known as one that a person signs in from.
const FAMILIAR: Throttle = Throttle::remember(TimeDelta::days(30));

/// What one try to sign in counts for.
struct Tried {
    network: String,
    pair: String,
    address: String,
    familiar: String,
}

impl Tried {
    fn new(email: &str, network: Network) -> Self {
        let email = email.to_lowercase();
        Self {
            network: format!("network:{network}"),
            pair: format!("address and network:{email} {network}"),
            address: format!("address:{email}"),
            familiar: format!("familiar:{email} {network}"),
        }
    }
}

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
    pub async fn sign_in(&self, email: &str, password: &str, network: Network) -> Result<SignedIn, SignInError> {
        let tried = Tried::new(email, network);
        let counted = self.count_try(&tried).await?;
        let person = self.store().person_by_email(email).await?.filter(|person| person.active);
        let matches = self.password_matches(person.as_ref(), password).await?;
        let who = person.as_ref().map_or_else(|| "nobody".to_owned(), |person| person.id.to_string());
        let Some(person) = person.filter(|_| matches) else {
            // As many as the counts let through.
            self.store().audit(&who, "sign in refused", &network.to_string(), self.now()).await?;
            return Err(SignInError::NoMatch);
        };
        self.forgive_try(&tried, counted).await?;
        let places = self.store().person_places(&person).await?;
        // Somebody without any place is told nothing that a stranger would not be told.
        let first = places.first().ok_or(SignInError::NoMatch)?;
        Ok(self.start_session(&person, first).await?)
    }

    /// Counts a try before the password is looked at: guesses made all at once are not evaluated all at once. What one
    /// limit refuses is not counted by the next, so that a network that is locked out cannot use up the address's tries.
    /// `false`: the address is locked and so does not count, but this network is known.
    async fn count_try(&self, tried: &Tried) -> Result<bool, SignInError> {
        let (store, now) = (self.store(), self.now());
        let locked = |until| Err(SignInError::LockedOut { minutes: minutes_until(until, now) });
        for (subject, limit) in [(&tried.network, PER_NETWORK), (&tried.pair, PER_PAIR)] {
            if let Some(until) = store.throttle_count(subject, limit, now).await? {
                return locked(until);
            }
        }
        match store.throttle_count(&tried.address, PER_ADDRESS, now).await? {
            Some(until) if store.throttle_locked_until(&tried.familiar, now).await?.is_none() => locked(until),
            Some(_) => Ok(false),
            None => Ok(true),
        }
    }

    /// A right password: its counts are taken back, and the network is known from now on.
    async fn forgive_try(&self, tried: &Tried, counted: bool) -> Result<(), Error> {
        let (store, now) = (self.store(), self.now());
        store.throttle_clear(&tried.pair).await?;
        store.throttle_forgive(&tried.network).await?;
        if counted {
            store.throttle_forgive(&tried.address).await?;
        }
        store.throttle_clear(&tried.familiar).await?;
        store.throttle_count(&tried.familiar, FAMILIAR, now).await?;
        Ok(())
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
        let (hash, now) = (TokenHash::of(&token), self.now());
        self.store().session_start(&hash, person.id, row, now, now + SESSION_ABSOLUTE).await?;
        let place = place(row);
        let session = self.store().session(&hash).await?.ok_or(Error::NotSignedIn)?;
        if let Some(PlaceDoor::Admin(db)) = self.store().door_session(&session).await? {
            let tx = db.begin().await?;
            tx.audit_add(Audited::StaffSignedIn {}.slip(None, Actor::Staff(person.id), now)?).await?;
            tx.commit().await?;
        } else {
            self.store().audit(&person.id.to_string(), "sign in", &place.key, now).await?;
        }
        Ok(SignedIn { token, home: place.role.home() })
    }

    /// Runs the hash even where there is nobody, so that time tells nothing (ASVS 6.3.8).
    async fn password_matches(&self, person: Option<&Person>, password: &str) -> Result<bool, Error> {
        let turn = self.0.password_checks.clone().acquire_owned().await.map_err(|_| Error::Hash)?;
        let hash = person.map(|person| person.password_hash.clone());
        let password = password.to_owned();
        let check = tokio::task::spawn_blocking(move || {
            // As long as the hash runs, whether anybody still waits for it or not.
            let _turn = turn;
            match hash {
                Some(hash) => PasswordHash::new(&hash)
                    .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
                None => Argon2::default().hash_password(password.as_bytes()).is_err(),
            }
        });
        check.await.map_err(|_| Error::Hash)
    }
}

/// Argon2id with the crate's parameters (19 MiB, 2 passes, 1 lane: OWASP's recommendation), in PHC form.
pub(crate) fn hash_password(password: &str) -> Result<String, Error> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(|_| Error::Hash)?.to_string())
}

pub(crate) fn random_token() -> Result<String, Error> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
