//! The sweep: every attempt carries a look-up job from its first transaction on, so none stays open unnoticed (D2, D4).

use crate::{Engine, Error, jobs::Ran};
use domain::{ids::AttemptId, payment::Source};
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
        if now.state.is_open() { Ok(Ran::NotYet("the outcome is still open")) } else { Ok(Ran::Finished) }
    }
}
