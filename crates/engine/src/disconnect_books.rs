//! Staff let go of their books: the vendor ends the connection, and nothing is called by it until they connect again. All that
//! was read stays here, and what is to be written waits.

use crate::{
    AdminPass, ConnectError, Engine, Error, NoConnection,
    accounting_connections::lane_of,
    audit::{Actor, Audited},
    connections::books_secret,
    turnstile::Errand,
};
use connectors::books::BooksError;
use domain::ids::ConnectionId;
use store::ConnectionState;

/// What its card says of it.
const LET_GO: &str = "staff have disconnected it";

impl Engine {
    /// Leaves the organisation at the vendor, and stops what goes by this connection. Done twice, it is done once.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for a lane without credentials of its own.
    pub async fn disconnect_books(&self, admin: &AdminPass, id: ConnectionId) -> Result<(), ConnectError> {
        let (db, now) = (&admin.db, self.now());
        let lane = lane_of(&db.connection(id).await?)?;
        self.forget_set_up(db.merchant_id());
        let route = self.set_up(db).await?.route(lane)?;
        if route.lane.id != id || route.credentials.id != id {
            return Err(Error::NotFound.into());
        }
        if route.is_cut() {
            return Ok(());
        }
        let own = route.lane.clone();
        let books = self.live_books(db, route, Errand::person(lane))?.ok_or(Error::NotFound)?;
        books.leave().await.map_err(|cause| unanswered(&cause))?;
        let secret = books_secret(db, &own)?.ok_or(Error::NotFound)?.without_tokens();
        let tx = db.begin().await?;
        tx.connection_connect(id, &secret.to_json()).await?;
        tx.connection_state(id, ConnectionState::Disconnected, Some(LET_GO)).await?;
        let left = Audited::ConnectionLeft { connection: id };
        tx.audit_add(left.slip(None, Actor::Staff(admin.person), now)?).await?;
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        Ok(())
    }
}

fn unanswered(cause: &BooksError) -> NoConnection {
    tracing::warn!(%cause, "Books could not be disconnected.");
    NoConnection::Unreachable
}
