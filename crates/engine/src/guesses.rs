//! Guesses that cost a read of the books or could tell a stranger something: numbers of invoices, companies, amounts.
//! Counted in the database per network, unknown numbers per merchant too; whoever guesses right is not counted.

use crate::{Engine, Error, card_testing::minutes_until};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{CheckoutId, InvoiceId},
    network::Network,
};
use store::{MerchantDb, Throttle};

const PER_NETWORK: Throttle = Throttle { max: 30, window: TimeDelta::minutes(10), lock: TimeDelta::minutes(10) };
/// A merchant's books allow some thousand calls a day, and whoever has many networks must not spend them.
const UNKNOWN_PER_MERCHANT: Throttle =
    Throttle { max: 50, window: TimeDelta::minutes(30), lock: TimeDelta::minutes(30) };
/// Whose an invoice is must not be found by trying names.
const COMPANIES_PER_INVOICE: Throttle = Throttle { max: 10, window: TimeDelta::hours(1), lock: TimeDelta::hours(1) };
/// Whoever holds more kinds of cards than this looks for something else.
const SUMS_PER_CHECKOUT: Throttle = Throttle { max: 5, window: TimeDelta::hours(1), lock: TimeDelta::hours(1) };
/// The books are not asked again for a number that they did not have this lately.
const UNKNOWN_NUMBER: Throttle = Throttle::remember(TimeDelta::seconds(60));

impl Engine {
    /// Counts a guess before it is answered.
    ///
    /// # Errors
    /// [`Error::HeldBack`] when there were too many.
    pub(crate) async fn count_guess(&self, network: Network) -> Result<(), Error> {
        self.count(&guesses_of(network), PER_NETWORK).await
    }

    /// Counts a press that learns what is added for a card: after the first few at a checkout it is a guess.
    ///
    /// # Errors
    /// [`Error::HeldBack`] when there were too many.
    pub(crate) async fn count_sum(&self, checkout: CheckoutId, network: Network) -> Result<(), Error> {
        match self.store().throttle_count(&format!("sums:{checkout}"), SUMS_PER_CHECKOUT, self.now()).await? {
            Some(_) => self.count_guess(network).await,
            None => Ok(()),
        }
    }

    /// Counts a company that a link names and that is not known to be the invoice's own.
    pub(crate) async fn count_company(&self, db: &MerchantDb, invoice: InvoiceId) -> Result<(), Error> {
        self.store().throttle_count(&companies_of(db, invoice), COMPANIES_PER_INVOICE, self.now()).await?;
        Ok(())
    }

    /// `false` while too many companies were named for this invoice: the right one tells nobody that it is.
    pub(crate) async fn company_may_be_named(&self, db: &MerchantDb, invoice: InvoiceId) -> Result<bool, Error> {
        let locked = self.store().throttle_locked_until(&companies_of(db, invoice), self.now()).await?;
        Ok(locked.is_none())
    }

    /// Counts a number that the books are about to be asked for.
    ///
    /// # Errors
    /// [`Error::HeldBack`] when there were too many of this network, or of all networks at this merchant.
    pub(crate) async fn count_unknown(&self, db: &MerchantDb, network: Network) -> Result<(), Error> {
        // A network does not pay for what the merchant's lock keeps from being asked.
        if let Some(until) = self.store().throttle_locked_until(&unknown_of(db), self.now()).await? {
            return Err(self.held_back(until));
        }
        self.count_guess(network).await?;
        self.count(&unknown_of(db), UNKNOWN_PER_MERCHANT).await
    }

    /// The books have it, or could not say: it was no guess after all.
    pub(crate) async fn forgive_unknown(&self, db: &MerchantDb, network: Network) -> Result<(), Error> {
        self.store().throttle_forgive(&guesses_of(network)).await?;
        Ok(self.store().throttle_forgive(&unknown_of(db)).await?)
    }

    /// # Errors
    /// [`Error::HeldBack`] when this subject was counted too often.
    pub(crate) async fn count(&self, subject: &str, limit: Throttle) -> Result<(), Error> {
        match self.store().throttle_count(subject, limit, self.now()).await? {
            Some(until) => Err(self.held_back(until)),
            None => Ok(()),
        }
    }

    fn held_back(&self, until: DateTime<Utc>) -> Error {
        Error::HeldBack { minutes: minutes_until(until, self.now()) }
    }

    pub(crate) async fn remember_unknown(&self, db: &MerchantDb, number: &str) -> Result<(), Error> {
        self.store().throttle_count(&unknown(db, number), UNKNOWN_NUMBER, self.now()).await?;
        Ok(())
    }

    pub(crate) async fn is_known_unknown(&self, db: &MerchantDb, number: &str) -> Result<bool, Error> {
        Ok(self.store().throttle_locked_until(&unknown(db, number), self.now()).await?.is_some())
    }
}

fn companies_of(db: &MerchantDb, invoice: InvoiceId) -> String {
    format!("companies:{}:{invoice}", db.merchant_id())
}

fn guesses_of(network: Network) -> String {
    format!("guesses:{network}")
}

fn unknown_of(db: &MerchantDb) -> String {
    format!("unknown-numbers:{}", db.merchant_id())
}

fn unknown(db: &MerchantDb, number: &str) -> String {
    format!("unknown:{}:{number}", db.merchant_id())
}
