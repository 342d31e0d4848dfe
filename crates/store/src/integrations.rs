//! Which of a merchant's programs may call this portal. One without a row never could; one that is turned off keeps its keys.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, owned},
};
use domain::{ids::MerchantId, integration::IntegrationKind};
use sea_orm::{ConnectionTrait, QuerySelect, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "integration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: IntegrationKind,
    pub enabled: bool,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Integration;

impl MerchantTx {
    /// Holds it until this transaction is over; one that was never there is off.
    ///
    /// # Errors
    /// The database is away.
    pub async fn integration_hold(&self, kind: IntegrationKind) -> Result<Integration, Error> {
        let off = Integration { merchant_id: self.merchant_id(), kind, enabled: false };
        self.insert_absent::<Entity>([off]).await?;
        let held = self.find::<Entity>().filter(Column::Kind.eq(kind)).lock_exclusive();
        held.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Turns it on or off.
    ///
    /// # Errors
    /// [`Error::Missing`] when nobody holds it.
    pub async fn integration_switch(&self, kind: IntegrationKind, enabled: bool) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::Enabled, Expr::value(enabled));
        self.update_one(update.filter(Column::Kind.eq(kind))).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Whether its keys open the door.
    ///
    /// # Errors
    /// The database is away.
    pub async fn integration_is_enabled(&self, kind: IntegrationKind) -> Result<bool, Error> {
        let row = self.find::<Entity>().filter(Column::Kind.eq(kind)).only(self.conn()).await?;
        Ok(row.is_some_and(|row| row.enabled))
    }
}
