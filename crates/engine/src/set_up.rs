//! What a merchant has set up, read once a second at most: each page and each job needs it, and it hardly ever changes.
//! Whoever must have the newest row, because its state or cursor decides, asks the store instead.

use crate::{Engine, Error};
use domain::ids::MerchantId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::{Connection, Merchant, MerchantDb};

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
        self.connections.iter().find(|connection| connection.kind == kind).ok_or(Error::NotSetUp)
    }
}

#[derive(Default)]
pub(crate) struct SetUps(Mutex<HashMap<MerchantId, (Instant, Arc<SetUp>)>>);

impl Engine {
    pub(crate) async fn set_up(&self, db: &MerchantDb) -> Result<Arc<SetUp>, Error> {
        let merchant = db.merchant_id();
        if let Some((read_at, set_up)) = self.set_ups().get(&merchant)
            && read_at.elapsed() < FRESH_FOR
        {
            return Ok(set_up.clone());
        }
        let read_at = Instant::now();
        let set_up = Arc::new(SetUp { merchant: db.merchant().await?, connections: db.connections().await? });
        self.set_ups().insert(merchant, (read_at, set_up.clone()));
        Ok(set_up)
    }

    /// After a change of this process's own.
    pub(crate) fn forget_set_up(&self, merchant: MerchantId) {
        self.set_ups().remove(&merchant);
    }

    fn set_ups(&self) -> std::sync::MutexGuard<'_, HashMap<MerchantId, (Instant, Arc<SetUp>)>> {
        self.0.set_ups.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
