//! Asks what became of an attempt. One of which nothing was heard is found by the worker's sweep, an open one got its job
//! when it was heard of, so none stays open unnoticed (D2, D4).

use crate::{Engine, Error, jobs::Ran};
use domain::{asking::is_left_by_payer, ids::AttemptId, payment::Source};
use store::MerchantDb;

impl Engine {
    pub(crate) async fn look_up_attempt(&self, db: &MerchantDb, attempt: AttemptId) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        if !attempt.state.is_open() {
            return Ok(Ran::Finished);
        }
        if !self.look_up(db, &attempt, Source::LookUp).await? {
            return Ok(Ran::NotYet("the gateway cannot say yet"));
        }
        let now = db.attempt(attempt.id).await?;
        if is_left_by_payer(now.state, now.created_at, self.now()) {
            self.give_up(db, &now).await?;
            return Ok(Ran::NotYet("given up; the gateway's word is awaited"));
        }
        if now.state.is_open() { Ok(Ran::NotYet("the outcome is still open")) } else { Ok(Ran::Finished) }
    }
}
