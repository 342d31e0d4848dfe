//! What the operator sees of the whole installation: set-up and health, never a tenant's customers or amounts.

use crate::{BooksSettings, Engine, Error, OperatorPass, jobs::chain};
use domain::views::{Installation, MerchantRow};
use store::{JobState, MerchantDb};

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn installation(&self, operator: &OperatorPass) -> Result<Installation, Error> {
        let mut merchants = Vec::new();
        for db in self.store().door_rounds().await? {
            merchants.push(self.merchant_row(&db).await?);
        }
        Ok(Installation {
            who: operator.who.clone(),
            merchants,
            jobs_waiting: self.store().jobs_count(JobState::Ready).await?,
            jobs_dead: self.store().jobs_count(JobState::Dead).await?,
        })
    }

    async fn merchant_row(&self, db: &MerchantDb) -> Result<MerchantRow, Error> {
        let merchant = db.merchant().await?;
        let books = db.connection_of_kind("books").await?;
        let books: Option<BooksSettings> = books.map(|books| serde_json::from_str(&books.settings)).transpose()?;
        let is_connected = books.as_ref().is_some_and(|books| !matches!(books, BooksSettings::BuiltIn));
        let gateway = match db.connection_of_kind("gateway").await? {
            None => "None yet".to_owned(),
            Some(connection) => match self.gateway_of(db, &connection) {
                Ok(gateway) => gateway.capabilities().title(),
                // One merchant's broken connection must not take the view of all.
                Err(cause) => {
                    tracing::error!(connection.id = %connection.id, cause = %chain(&cause), "A gateway's connection cannot be read.");
                    "Cannot be read".to_owned()
                }
            },
        };
        Ok(MerchantRow {
            key: merchant.key,
            name: merchant.name,
            currency: merchant.currency,
            books: books.as_ref().map_or("None yet", BooksSettings::name).to_owned(),
            multi_connection: is_connected.then_some(merchant.multi_connection),
            gateway,
        })
    }
}
