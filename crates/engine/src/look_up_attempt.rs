//! Asks what became of an attempt. One of which nothing was heard is found by the worker's sweep, an open one got its job
//! when it was heard of, so none stays open unnoticed (D2, D4).

use crate::{Engine, Error, jobs::Ran};
use chrono::{DateTime, Utc};
use connectors::gateway::PageLife;
use domain::{
    asking::{ask_bank_again_at, is_left_by_payer, page_over_at},
    ids::AttemptId,
    payment::{AttemptState, Source},
};
use store::{Attempt, MerchantDb};

impl Engine {
    pub(crate) async fn look_up_attempt(&self, db: &MerchantDb, attempt: AttemptId) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        if !attempt.state.is_open() {
            return Ok(Ran::Finished);
        }
        if !self.look_up(db, &attempt, Source::LookUp).await? {
            let why = "the gateway cannot say yet";
            let over = self.page_over_at(db, &attempt).await?;
            return Ok(over.map_or(Ran::NotYet(why), |at| Ran::NotYetBut(at, why)));
        }
        let now = db.attempt(attempt.id).await?;
        if is_left_by_payer(now.state, now.created_at, self.now()) {
            self.give_up(db, &now).await?;
            return Ok(Ran::NotYet("given up; the gateway's word is awaited"));
        }
        Ok(match now.state {
            AttemptState::Processing if now.kind.is_debit() => {
                Ran::NotBefore(ask_bank_again_at(self.now()), "the bank has not decided yet")
            }
            state if state.is_open() => Ran::NotYet("the outcome is still open"),
            _ => Ran::Finished,
        })
    }

    /// When a look-up can first say that nobody pays on the gateway's page any more, or can say so again: whoever has left
    /// it waits for that.
    async fn page_over_at(&self, db: &MerchantDb, attempt: &Attempt) -> Result<Option<DateTime<Utc>>, Error> {
        let Some(life) = self.page_life(db, attempt).await? else { return Ok(None) };
        Ok(Some(page_over_at(attempt.created_at, life.over, self.missed_at(db, attempt).await?)))
    }

    /// Of the page that the attempt waits on, where it ends by itself.
    pub(crate) async fn page_life(&self, db: &MerchantDb, attempt: &Attempt) -> Result<Option<PageLife>, Error> {
        if attempt.state != AttemptState::RequiresAction {
            return Ok(None);
        }
        let connection = db.connection(attempt.connection_id).await?;
        Ok(self.gateway_of(db, &connection)?.capabilities().page_life)
    }
}
