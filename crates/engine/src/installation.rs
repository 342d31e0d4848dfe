//! What the operator sees of the whole installation: set-up and health, never a tenant's customers or amounts.

use crate::{BooksSettings, Engine, Error, GatewaySettings, OperatorPass};
use domain::views::{Installation, MerchantRow};
use store::{JobState, MerchantDb};

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn installation(&self, operator: &OperatorPass) -> Result<Installation, Error> {
        let mut merchants = Vec::new();
        for db in self.store().door_rounds().await? {
            merchants.push(merchant_row(&db).await?);
        }
        Ok(Installation {
            who: operator.who.clone(),
            merchants,
            jobs_waiting: self.store().jobs_count(JobState::Ready).await?,
            jobs_dead: self.store().jobs_count(JobState::Dead).await?,
        })
    }
}

async fn merchant_row(db: &MerchantDb) -> Result<MerchantRow, Error> {
    let merchant = db.merchant().await?;
    let books = match db.connection_of_kind("books").await? {
        None => "None yet",
        Some(connection) => match serde_json::from_str(&connection.settings)? {
            BooksSettings::Xero { .. } => "Xero",
            BooksSettings::BuiltIn => "Built-in ledger",
        },
    };
    let gateway = match db.connection_of_kind("gateway").await? {
        None => "None yet",
        Some(connection) => match serde_json::from_str(&connection.settings)? {
            GatewaySettings::Stripe { .. } => "Stripe",
            GatewaySettings::AuthorizeNet { .. } => "Authorize.Net",
            GatewaySettings::Sandbox => "Sandbox",
        },
    };
    Ok(MerchantRow {
        key: merchant.key,
        name: merchant.name,
        currency: merchant.currency,
        books: books.to_owned(),
        gateway: gateway.to_owned(),
    })
}
