//! Customers: the payers' companies, as the books know them.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, owned, text},
};
use domain::{
    ids::{CustomerId, MerchantId},
    invoice::BooksCustomer,
};
use sea_orm::{ConnectionTrait, QuerySelect, entity::prelude::*, sea_query::OnConflict};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CustomerId,
    /// The books' id.
    pub external_id: String,
    pub name: String,
    /// What PSA and links call the company.
    pub code: Option<String>,
    pub email: Option<String>,
    pub archived: bool,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl MerchantTx {
    /// Takes over what the books say; the id of a known customer stays.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customers_upsert(&self, customers: &[BooksCustomer]) -> Result<(), Error> {
        // As in `invoices_upsert`: the later one counts, in one order for everybody.
        let latest: BTreeMap<_, _> = customers.iter().map(|c| (&c.external_id, c)).collect();
        let rows = latest.into_values().map(|c| Model {
            merchant_id: self.merchant_id(),
            id: CustomerId(Uuid::now_v7()),
            external_id: c.external_id.clone(),
            name: c.name.clone(),
            code: c.code.clone(),
            email: c.email.clone(),
            archived: c.archived,
        });
        let mut columns = OnConflict::columns([Column::MerchantId, Column::ExternalId]);
        columns.update_columns([Column::Name, Column::Code, Column::Email, Column::Archived]);
        for chunk in rows.collect::<Vec<_>>().chunks(crate::invoices::ROWS_PER_STATEMENT) {
            let insert = self.inserting::<Entity>(chunk.to_vec()).on_conflict(columns.clone());
            insert.exec_without_returning(self.conn()).await?;
        }
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's customer.
    pub async fn customer(&self, id: CustomerId) -> Result<Model, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// The database is away.
    pub async fn customer_by_name(&self, name: &str) -> Result<Option<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::Name.eq(text(name))).only(self.conn()).await?)
    }

    /// The names of these customers, for lists.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customer_names(
        &self,
        ids: impl IntoIterator<Item = CustomerId>,
    ) -> Result<HashMap<CustomerId, String>, Error> {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = self.find::<Entity>().filter(Column::Id.is_in(ids)).all(self.conn()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }

    /// The ids by the books' ids, for a sync.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customer_ids(&self) -> Result<HashMap<String, CustomerId>, Error> {
        let pairs = self.find::<Entity>().select_only().columns([Column::ExternalId, Column::Id]).into_tuple();
        Ok(pairs.all(self.conn()).await?.into_iter().collect())
    }
}
