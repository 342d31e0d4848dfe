//! Staff let go of their books: the vendor ends the connection, and nothing is called by it until they connect again. All that
//! was read stays here, and what is to be written waits.

use crate::{
    AdminPass, BooksSettings, ConnectError, Engine, Error, NoConnection,
    accounting_connections::lane_of,
    audit::{Actor, Audited},
    connections::books_secret,
    live_books::LiveBooks,
    turnstile::Errand,
};
use connectors::books::BooksError;
use domain::ids::ConnectionId;
use secrecy::ExposeSecret;
use store::{Connection, ConnectionState};

/// What its card says of it.
const LET_GO: &str = "staff have disconnected it";

/// Where books were let go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetGo {
    /// The vendor has ended the connection.
    There,
    /// Here alone: another connection reaches the same organisation by the same app, and the vendor would end that one as well.
    HereAlone,
}

impl Engine {
    /// Leaves the organisation at the vendor, and stops what goes by this connection. Done twice, it is done once.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for a lane without credentials of its own.
    pub async fn disconnect_books(&self, admin: &AdminPass, id: ConnectionId) -> Result<LetGo, ConnectError> {
        let (db, now) = (&admin.db, self.now());
        let lane = lane_of(&db.connection(id).await?)?;
        self.forget_set_up(db.merchant_id());
        let route = self.set_up(db).await?.route(lane)?;
        if route.lane.id != id || route.credentials.id != id {
            return Err(Error::NotFound.into());
        }
        if route.is_cut() {
            return Ok(LetGo::There);
        }
        let own = route.lane.clone();
        let books = self.live_books(db, route, Errand::person(lane))?.ok_or(Error::NotFound)?;
        let is_shared = self.is_shared(&own, &books).await?;
        if !is_shared {
            books.leave().await.map_err(|cause| unanswered(&cause))?;
        }
        let secret = books_secret(db, &own)?.ok_or(Error::NotFound)?.without_tokens();
        let tx = db.begin().await?;
        tx.connection_connect(id, &secret.to_json()).await?;
        tx.connection_state(id, ConnectionState::Disconnected, Some(LET_GO)).await?;
        let left = Audited::ConnectionLeft { connection: id };
        tx.audit_add(left.slip(None, Actor::Staff(admin.person), now)?).await?;
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        Ok(if is_shared { LetGo::HereAlone } else { LetGo::There })
    }

    /// Whether another connection, of whichever merchant, reaches the same organisation by the same app.
    async fn is_shared(&self, own: &Connection, books: &LiveBooks) -> Result<bool, Error> {
        let (app, organisation) = (books.client_id()?, books.settings().organisation_id().unwrap_or_default());
        for (db, other) in self.store().door_books(&own.provider).await? {
            if other.id == own.id || other.state == ConnectionState::Disconnected {
                continue;
            }
            // What cannot be read cannot be used either.
            let settings = serde_json::from_str::<BooksSettings>(&other.settings).ok();
            let reached = settings.as_ref().and_then(BooksSettings::organisation_id);
            let secret = books_secret(&db, &other).ok().flatten();
            let has_tokens =
                secret.is_some_and(|other| other.client_id == app && !other.refresh_token.expose_secret().is_empty());
            if has_tokens && reached.is_some_and(|id| id.eq_ignore_ascii_case(organisation)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn unanswered(cause: &BooksError) -> NoConnection {
    tracing::warn!(%cause, "Books could not be disconnected.");
    NoConnection::Unreachable
}
