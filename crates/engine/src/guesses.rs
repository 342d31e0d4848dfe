//! Guesses that cost a read of the books or could tell a stranger something: numbers of invoices, companies, amounts.
//! Counted per network in the database; whoever guesses right is not counted.

use crate::{Engine, Error, card_testing::minutes_until};
use chrono::TimeDelta;
use domain::network::Network;
use store::{MerchantDb, Throttle};

const PER_NETWORK: Throttle = Throttle { max: 30, window: TimeDelta::minutes(10), lock: TimeDelta::minutes(10) };
/// The books are not asked again for a number that they did not have this lately.
const UNKNOWN_NUMBER: Throttle = Throttle::remember(TimeDelta::seconds(60));

impl Engine {
    /// Counts a guess before it is answered.
    ///
    /// # Errors
    /// [`Error::HeldBack`] when there were too many.
    pub(crate) async fn count_guess(&self, network: Network) -> Result<(), Error> {
        let now = self.now();
        match self.store().throttle_count(&guesses_of(network), PER_NETWORK, now).await? {
            Some(until) => Err(Error::HeldBack { minutes: minutes_until(until, now) }),
            None => Ok(()),
        }
    }

    /// It was no guess after all.
    pub(crate) async fn forgive_guess(&self, network: Network) -> Result<(), Error> {
        Ok(self.store().throttle_forgive(&guesses_of(network)).await?)
    }

    pub(crate) async fn remember_unknown(&self, db: &MerchantDb, number: &str) -> Result<(), Error> {
        self.store().throttle_count(&unknown(db, number), UNKNOWN_NUMBER, self.now()).await?;
        Ok(())
    }

    pub(crate) async fn is_known_unknown(&self, db: &MerchantDb, number: &str) -> Result<bool, Error> {
        Ok(self.store().throttle_locked_until(&unknown(db, number), self.now()).await?.is_some())
    }
}

fn guesses_of(network: Network) -> String {
    format!("guesses:{network}")
}

fn unknown(db: &MerchantDb, number: &str) -> String {
    format!("unknown:{}:{number}", db.merchant_id())
}
