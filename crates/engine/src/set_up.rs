//! What a merchant has set up, read once a second at most: each page and each job needs it, and it hardly ever changes.
//! Whoever must have the newest row, because its state or cursor decides, asks the store instead.

use crate::{BooksSettings, Engine, Error, Lane};
use domain::{ids::MerchantId, money::Currency};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::{Connection, ConnectionState, Merchant, MerchantDb, MerchantTx};

/// Another node's change is seen after this long at most.
const FRESH_FOR: Duration = Duration::from_secs(1);

pub(crate) struct SetUp {
    pub merchant: Merchant,
    pub connections: Vec<Connection>,
}

impl SetUp {
    /// # Errors
    /// [`Error::NotSetUp`] when there is none of this kind.
    pub(crate) fn connection(&self, kind: &str) -> Result<&Connection, Error> {
        let of_kind = |connection: &&Connection| connection.kind == kind && connection.lane == Lane::UserAction.name();
        self.connections.iter().find(of_kind).ok_or(Error::NotSetUp)
    }

    /// There is no accounting package: what is owed is written here.
    pub(crate) fn has_own_books(&self) -> bool {
        self.connection("books").is_ok_and(|books| books.provider == BooksSettings::BuiltIn.provider())
    }

    /// # Errors
    /// A stored currency that this version does not know.
    pub(crate) fn currency(&self) -> Result<Currency, Error> {
        Ok(self.merchant.currency.parse().map_err(|_| store::Error::Unreadable("merchant.currency"))?)
    }

    /// The books' connection for a lane.
    ///
    /// # Errors
    /// [`Error::NotSetUp`] when there are no books.
    pub(crate) fn route(&self, lane: Lane) -> Result<Route, Error> {
        route(&self.merchant, &self.connections, lane).ok_or(Error::NotSetUp)
    }
}

/// Which connections a lane's calls go by.
#[derive(Clone)]
pub(crate) struct Route {
    /// The lane's own, where it has one: its state is the lane's.
    pub lane: Connection,
    /// Whose credentials are used.
    pub credentials: Connection,
}

impl Route {
    /// A lane that staff have paused, or that is broken, stops itself and no other. What carries payments is tried for as
    /// long as it takes, because nobody else can carry them.
    pub(crate) fn is_stopped(&self) -> bool {
        let is_broken = self.lane.state == ConnectionState::Broken && self.lane.lane != Lane::UserAction.name();
        let settings = serde_json::from_str(&self.credentials.settings);
        // Nobody has said yet where anything is to be written.
        let lacks_accounts = settings.is_ok_and(|settings: BooksSettings| settings.lacks_accounts());
        self.lane.paused || is_broken || self.is_cut() || lacks_accounts
    }

    /// Staff have let go of it.
    pub(crate) fn is_cut(&self) -> bool {
        [&self.lane, &self.credentials].iter().any(|row| row.state == ConnectionState::Disconnected)
    }
}

/// A lane without a connection of its own goes by the one that there is (S93), and one without credentials of its own by
/// that one's.
pub(crate) fn route(merchant: &Merchant, connections: &[Connection], lane: Lane) -> Option<Route> {
    let books = |name: &str| connections.iter().find(|row| row.kind == "books" && row.lane == name);
    let first = books(Lane::UserAction.name())?;
    let own = books(lane.name()).filter(|_| merchant.multi_connection).unwrap_or(first);
    let credentials = if own.secret.is_some() { own } else { first };
    // What is written where is set up once, whoever carries it.
    let credentials = Connection { settings: first.settings.clone(), ..credentials.clone() };
    Some(Route { lane: own.clone(), credentials })
}

#[derive(Default)]
pub(crate) struct SetUps(Mutex<HashMap<MerchantId, (Instant, Arc<SetUp>)>>);

impl Engine {
    pub(crate) async fn set_up(&self, db: &MerchantDb) -> Result<Arc<SetUp>, Error> {
        if let Some(set_up) = self.fresh_set_up(db.merchant_id()) {
            return Ok(set_up);
        }
        let read_at = Instant::now();
        let (merchant, connections) = tokio::try_join!(db.merchant(), db.connections())?;
        let set_up = Arc::new(SetUp { merchant, connections });
        self.set_ups().insert(db.merchant_id(), (read_at, set_up.clone()));
        Ok(set_up)
    }

    /// The merchant for whoever has a transaction open: they must not wait for a second connection.
    pub(crate) async fn merchant_in(&self, tx: &MerchantTx) -> Result<Merchant, Error> {
        match self.fresh_set_up(tx.merchant_id()) {
            Some(set_up) => Ok(set_up.merchant.clone()),
            None => Ok(tx.merchant().await?),
        }
    }

    fn fresh_set_up(&self, merchant: MerchantId) -> Option<Arc<SetUp>> {
        let set_ups = self.set_ups();
        let (read_at, set_up) = set_ups.get(&merchant)?;
        (read_at.elapsed() < FRESH_FOR).then(|| set_up.clone())
    }

    /// After a change of this process's own.
    pub(crate) fn forget_set_up(&self, merchant: MerchantId) {
        self.set_ups().remove(&merchant);
    }

    fn set_ups(&self) -> std::sync::MutexGuard<'_, HashMap<MerchantId, (Instant, Arc<SetUp>)>> {
        self.0.set_ups.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
