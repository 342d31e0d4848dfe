//! From a credential to a pass. A session counts for as long as it is used, is not too old, and its person still has
//! the place.

use crate::{
    AdminPass, ApiPass, Engine, Error, GuestPass, KeyError, OperatorPass, PayerPass, QuotePass, passes::Chosen,
};
use chrono::TimeDelta;
use domain::{
    access::{Act, Role},
    ids::{CheckoutId, IntegrationKeyId},
    integration::IntegrationKind,
    money::Locale,
    views::{Place, Whoami},
};
use store::{IntegrationDoor, MerchantDb, PlaceDoor, PlaceRow, Session, Throttle, TokenHash};

/// Unused for this long, a session ends (ASVS 7.3.1); the absolute limit is in [`crate::sign_in`].
pub(crate) const SESSION_IDLE: TimeDelta = TimeDelta::minutes(60);
/// Written no more often than this, so that reading pages does not become writing.
const SESSION_SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);
/// So many refusals of one person are written down.
const REFUSALS: Throttle = Throttle { max: 20, window: TimeDelta::hours(1), lock: TimeDelta::hours(1) };

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] for a checkout that is unknown or too old.
    pub async fn guest(&self, checkout: CheckoutId, act: Act) -> Result<GuestPass, Error> {
        allowed(Role::Guest, act)?;
        let found = self.store().door_checkout(checkout, self.now()).await?;
        let (db, checkout, merchant) = found.ok_or(Error::NotFound)?;
        // At others, nothing can have been chosen.
        let takes_others = merchant.takes_parts || merchant.takes_more;
        let may_choose = checkout.payer_id.is_some() || takes_others;
        let rows = if may_choose { db.checkout_invoices(checkout.id).await? } else { Vec::new() };
        let chosen = Chosen::of(&checkout, rows);
        Ok(GuestPass { db, checkout, merchant, chosen })
    }

    /// # Errors
    /// [`Error::NotSignedIn`] without a session, [`Error::NotFound`] for one of another kind.
    pub async fn payer(&self, session_token: &str, act: Act) -> Result<PayerPass, Error> {
        let (session, door) = self.enter(session_token).await?;
        let pass = self.payer_pass(&session, door, act).await;
        self.watched(&session, act, pass).await
    }

    /// The same, where others than payers may be as well: whoever else is here asks for nothing.
    ///
    /// # Errors
    /// As above.
    pub async fn payer_if_any(&self, session_token: &str, act: Act) -> Result<PayerPass, Error> {
        let (session, door) = self.enter(session_token).await?;
        self.payer_pass(&session, door, act).await
    }

    async fn payer_pass(&self, session: &Session, door: PlaceDoor, act: Act) -> Result<PayerPass, Error> {
        let PlaceDoor::Payer { db, payer, customer } = door else { return Err(Error::NotFound) };
        let who = self.who(session, Some(&db)).await?;
        allowed(who.role, act)?;
        Ok(PayerPass { db, payer, customer, who })
    }

    /// # Errors
    /// [`Error::NotSignedIn`] without a session, [`Error::NotFound`] for one of another kind.
    pub async fn admin(&self, session_token: &str, act: Act) -> Result<AdminPass, Error> {
        let (session, door) = self.enter(session_token).await?;
        let pass = self.admin_pass(&session, door, act).await;
        self.watched(&session, act, pass).await
    }

    async fn admin_pass(&self, session: &Session, door: PlaceDoor, act: Act) -> Result<AdminPass, Error> {
        let PlaceDoor::Admin(db) = door else { return Err(Error::NotFound) };
        let who = self.who(session, Some(&db)).await?;
        allowed(who.role, act)?;
        Ok(AdminPass { db, person: session.person_id, session: session.token_hash.clone(), who })
    }

    /// # Errors
    /// [`Error::NotSignedIn`] without a session, [`Error::NotFound`] for one of another kind.
    pub async fn operator(&self, session_token: &str, act: Act) -> Result<OperatorPass, Error> {
        let (session, door) = self.enter(session_token).await?;
        let pass = self.operator_pass(&session, &door, act).await;
        self.watched(&session, act, pass).await
    }

    async fn operator_pass(&self, session: &Session, door: &PlaceDoor, act: Act) -> Result<OperatorPass, Error> {
        let PlaceDoor::Operator = door else { return Err(Error::NotFound) };
        let who = self.who(session, None).await?;
        allowed(who.role, act)?;
        Ok(OperatorPass { who })
    }

    /// A program of the merchant's own, by the secret of a key of the API.
    ///
    /// # Errors
    /// [`KeyError::Unknown`] also for a retired key and one of another integration, [`KeyError::Disabled`] when it is off.
    pub async fn api(&self, secret: &str) -> Result<ApiPass, KeyError> {
        let (db, key) = self.integration(IntegrationKind::Api, secret).await?;
        let set_up = self.set_up(&db).await?;
        Ok(ApiPass { db, key, own_books: set_up.has_own_books(), currency: set_up.currency()? })
    }

    /// The merchant's quoting program, by the secret of a key of its own.
    ///
    /// # Errors
    /// [`KeyError::Unknown`] also for a retired key and one of another integration, [`KeyError::Disabled`] when it is off.
    pub async fn quote_program(&self, secret: &str) -> Result<QuotePass, KeyError> {
        let (db, key) = self.integration(IntegrationKind::Sell, secret).await?;
        Ok(QuotePass { db, key })
    }

    /// Where the secret of a key of this kind leads, for the passes that are made of it.
    pub(crate) async fn integration(
        &self,
        kind: IntegrationKind,
        secret: &str,
    ) -> Result<(MerchantDb, IntegrationKeyId), KeyError> {
        match self.store().door_integration(kind, &TokenHash::of(secret)).await? {
            Some(IntegrationDoor::Open(db, key)) => Ok((db, key)),
            Some(IntegrationDoor::Disabled) => Err(KeyError::Disabled),
            None => Err(KeyError::Unknown),
        }
    }

    /// What somebody who is signed in was refused leaves a line: so many in an hour, and no more, because whoever asks on
    /// and on would fill the disk.
    async fn watched<T>(&self, session: &Session, act: Act, door: Result<T, Error>) -> Result<T, Error> {
        let (now, person) = (self.now(), session.person_id);
        if matches!(door, Err(Error::NotFound))
            && self.store().throttle_count(&format!("refused:{person}"), REFUSALS, now).await?.is_none()
        {
            let subject = format!("{act:?} at {}", session.place);
            self.store().audit(&person.to_string(), "refused", &subject, now).await?;
        }
        door
    }

    /// Who is here, if anybody: for the front page and the menu.
    ///
    /// # Errors
    /// The database is away.
    pub async fn whoami(&self, session_token: &str) -> Result<Option<Whoami>, Error> {
        match self.enter(session_token).await {
            Ok((session, PlaceDoor::Operator)) => self.who(&session, None).await.map(Some),
            Ok((session, PlaceDoor::Admin(db) | PlaceDoor::Payer { db, .. })) => {
                self.who(&session, Some(&db)).await.map(Some)
            }
            Err(Error::NotSignedIn) => Ok(None),
            Err(other) => Err(other),
        }
    }

    pub(crate) async fn enter(&self, session_token: &str) -> Result<(Session, PlaceDoor), Error> {
        let hash = TokenHash::of(session_token);
        let now = self.now();
        let session = self.store().session(&hash).await?.ok_or(Error::NotSignedIn)?;
        if session.expires_at <= now || now - session.seen_at > SESSION_IDLE {
            self.store().session_end(&hash).await?;
            return Err(Error::NotSignedIn);
        }
        let door = self.store().door_session(&session).await?.ok_or(Error::NotSignedIn)?;
        if now - session.seen_at > SESSION_SEEN_EVERY {
            self.store().session_seen(&hash, now).await?;
        }
        Ok((session, door))
    }

    /// `db` is the merchant's where the session stands, if it stands at one.
    async fn who(&self, session: &Session, db: Option<&MerchantDb>) -> Result<Whoami, Error> {
        let person = self.store().person(session.person_id).await?.ok_or(Error::NotSignedIn)?;
        let mut rows = self.store().person_places(&person).await?;
        let here = rows.iter().position(|row| stands_at(session, row)).ok_or(Error::NotSignedIn)?;
        rows.swap(0, here);
        let places: Vec<Place> = rows.iter().map(place).collect();
        let (merchant, customer) = match &rows[0] {
            PlaceRow::Operator => (self.brand().to_owned(), None),
            PlaceRow::Admin { merchant_name, .. } => (merchant_name.clone(), None),
            PlaceRow::Payer { merchant_name, customer_name, .. } => {
                (merchant_name.clone(), Some(customer_name.clone()))
            }
        };
        let (locale, time_zone, own_books) = match db {
            Some(db) => {
                let set_up = self.set_up(db).await?;
                let face = set_up.merchant.face()?;
                (face.locale, face.time_zone, set_up.has_own_books())
            }
            None => (Locale::default(), "UTC".to_owned(), false),
        };
        let (email, role) = (person.email, places[0].role);
        Ok(Whoami { email, role, merchant, customer, own_books, locale, time_zone, places })
    }
}

/// The table of [`domain::access`] decides, for the server as for the menu.
fn allowed(role: Role, act: Act) -> Result<(), Error> {
    if role.may(act) { Ok(()) } else { Err(Error::NotFound) }
}

pub(crate) fn stands_at(session: &Session, row: &PlaceRow) -> bool {
    match row {
        PlaceRow::Operator => session.place == "operator",
        PlaceRow::Admin { merchant, .. } => session.place == "admin" && session.merchant_id == Some(*merchant),
        PlaceRow::Payer { merchant, payer, .. } => {
            session.place == "payer" && session.merchant_id == Some(*merchant) && session.payer_id == Some(*payer)
        }
    }
}

/// How the switcher names a place.
pub(crate) fn place(row: &PlaceRow) -> Place {
    match row {
        PlaceRow::Operator => Place { key: "operator".into(), label: "This installation".into(), role: Role::Operator },
        PlaceRow::Admin { merchant, merchant_name } => {
            Place { key: merchant.to_string(), label: format!("{merchant_name}, staff"), role: Role::Admin }
        }
        PlaceRow::Payer { payer, merchant_name, customer_name, .. } => {
            Place { key: payer.to_string(), label: format!("{customer_name} at {merchant_name}"), role: Role::Payer }
        }
    }
}
