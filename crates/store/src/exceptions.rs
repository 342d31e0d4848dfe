//! What did not agree when gateway, portal and books were laid beside one another, and what a person has marked as fixed
//! (G44, E14, D30). What stands in other rows anyway, like a refused posting, has a row here only once it is marked.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, moment, owned, text},
};
use chrono::{DateTime, Utc};
use domain::{
    exception::{Cure, Severity},
    ids::{ExceptionId, MerchantId, PaymentId},
};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};
use std::collections::HashSet;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exception")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExceptionId,
    pub payment_id: Option<PaymentId>,
    /// The same difference has the same key.
    pub unique_key: String,
    /// Exactly what differs: what was marked as fixed comes back when it is found with another content.
    pub content: String,
    pub severity: Severity,
    /// The word on its badge.
    pub area: String,
    pub cause: String,
    pub remedy: String,
    pub cure: Option<Cure>,
    pub state: ExceptionState,
    /// How far back was looked when it was found: a look that reaches less far does not miss it.
    pub compared_from: Option<DateTime<Utc>>,
    pub found_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Whoever marked it as fixed, why, and where one reads of it.
    pub fixed_by: Option<String>,
    pub reason: Option<String>,
    pub reference: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Exception;

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ExceptionState {
    Open,
    /// It was not found any more.
    Cured,
    /// A person said so.
    Fixed,
}

impl MerchantTx {
    /// Opens it, unless it is open already, which then tells what is found now; or a person has marked the very same as
    /// fixed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exception_raise(&self, new: Exception) -> Result<(), Error> {
        if let Some(stands) = self.exception_open(&new.unique_key).await? {
            let compared_from = stands.compared_from.min(new.compared_from);
            return self
                .exception_write(Exception { id: stands.id, found_at: stands.found_at, compared_from, ..new })
                .await;
        }
        let fixed = self.exceptions_fixed_of(vec![new.unique_key.clone()]).await?;
        if fixed.iter().any(|fixed| fixed.content == new.content) {
            return Ok(());
        }
        // Another worker may find it at the same moment.
        self.insert_absent::<Entity>([new]).await?;
        Ok(())
    }

    /// Writes down that a person has fixed it. `ended` is the row as it stands from here on.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's payment.
    pub async fn exception_fix(&self, ended: Exception) -> Result<(), Error> {
        match self.exception_open(&ended.unique_key).await? {
            Some(Exception { id, compared_from, .. }) => {
                self.exception_write(Exception { id, compared_from, ..ended }).await
            }
            None => self.insert::<Entity>([ended]).await,
        }
    }

    /// Ends the one with this key, if it is open: it is being cured. `false`: it was not, and whoever is ending it was
    /// waited for.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exception_cured(&self, unique_key: &str, now: DateTime<Utc>) -> Result<bool, Error> {
        let Some(stands) = self.exception_open(unique_key).await? else { return Ok(false) };
        self.exception_write(Exception { state: ExceptionState::Cured, ended_at: Some(now), ..stands }).await?;
        Ok(true)
    }

    /// Ends those that are open and were not found again.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exceptions_end_but(&self, found: &HashSet<String>, now: DateTime<Utc>) -> Result<(), Error> {
        for stands in self.exceptions_open().await? {
            if !found.contains(&stands.unique_key) {
                self.exception_write(Exception { state: ExceptionState::Cured, ended_at: Some(now), ..stands }).await?;
            }
        }
        Ok(())
    }

    async fn exception_open(&self, unique_key: &str) -> Result<Option<Exception>, Error> {
        // In words, as in the partial index that serves it.
        let open = self.find::<Entity>().filter(Column::UniqueKey.eq(unique_key)).filter(Expr::cust("state = 'open'"));
        Ok(open.lock_exclusive().only(self.conn()).await?)
    }

    async fn exception_write(&self, exception: Exception) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::Id.eq(exception.id), exception).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn exceptions_open(&self) -> Result<Vec<Exception>, Error> {
        // In words, as in the partial index that serves it.
        Ok(self.find::<Entity>().filter(Expr::cust("state = 'open'")).all(self.conn()).await?)
    }

    /// Those with one of these keys that a person has marked as fixed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exceptions_fixed_of(&self, keys: Vec<String>) -> Result<Vec<Exception>, Error> {
        let keys = keys.into_iter().map(|key| text(&key));
        // In words, as in the partial index that serves it.
        let fixed = self.find::<Entity>().filter(Column::UniqueKey.is_in(keys));
        Ok(fixed.filter(Expr::cust("state = 'fixed'")).all(self.conn()).await?)
    }

    /// The last ones that a person has marked as fixed, newest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exceptions_fixed(&self, limit: u64) -> Result<Vec<Exception>, Error> {
        let fixed = self.find::<Entity>().filter(Expr::cust("state = 'fixed'"));
        Ok(fixed.order_by_desc(Column::EndedAt).limit(limit).all(self.conn()).await?)
    }

    /// Those whose keys begin so, and that a person has marked as fixed since this moment.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exceptions_fixed_since(&self, begins: &str, since: DateTime<Utc>) -> Result<Vec<Exception>, Error> {
        // In words, as in the partial index that serves it.
        let fixed = self.find::<Entity>().filter(Expr::cust("state = 'fixed'"));
        let fixed = fixed.filter(Column::UniqueKey.starts_with(begins));
        Ok(fixed.filter(Column::EndedAt.gte(moment(since))).all(self.conn()).await?)
    }

    /// Everything that a payment needed a person for, and had a row here, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exceptions_of_payment(&self, payment: PaymentId) -> Result<Vec<Exception>, Error> {
        let of = self.find::<Entity>().filter(Column::PaymentId.eq(payment));
        Ok(of.order_by_asc(Column::FoundAt).all(self.conn()).await?)
    }
}
