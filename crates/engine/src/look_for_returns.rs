//! Looks once a day whether a bank has taken a debit back that had cleared, where the gateway tells nobody
//! (`wire/gateways.md`, 3.7). Each debit is read again by itself: in which batch a return is listed, no document says.

use crate::{Engine, Error};
use chrono::TimeDelta;
use connectors::gateway::LateNews;
use domain::payment::Source;
use store::MerchantDb;

/// A bank takes a debit back on its customer's word for 60 days, and the gateway has to hear of that.
const RETURNABLE_FOR: TimeDelta = TimeDelta::days(65);

impl Engine {
    /// # Errors
    /// Of the first debit that could not be read. The others were, so that one of them keeps no return hidden.
    pub(crate) async fn look_for_returns(&self, db: &MerchantDb) -> Result<(), Error> {
        let mut first = Ok(());
        for attempt in db.debits_cleared(self.now() - RETURNABLE_FOR).await? {
            let connection = db.connection(attempt.connection_id).await?;
            if self.gateway_of(db, &connection)?.capabilities().late_news == LateNews::Asked {
                first = first.and(self.look_up(db, &attempt, Source::LookUp).await.map(drop));
            }
        }
        first
    }
}
