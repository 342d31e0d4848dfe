//! Connections to outside systems: settings in the open, credentials sealed, and a lease so that one node alone
//! refreshes a token (`wire/accounting.md`, 1.2.2: a refresh token that two nodes use breaks the grant).

use crate::{
    Error, MerchantDb, MerchantTx, Sealed,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{ConnectionId, MerchantId};
use sea_orm::{ConnectionTrait, ExprTrait, entity::prelude::*};
use secrecy::SecretString;
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connection")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConnectionId,
    /// `books` or `gateway`.
    pub kind: String,
    /// Which lane it carries, by `domain::lane::Lane::name`: `all` is that of gateways, and of books the one that carries
    /// what the other lanes do not (S93).
    pub lane: String,
    /// `xero`, `stripe`, `built_in`.
    pub provider: String,
    /// JSON without secrets.
    pub settings: String,
    pub secret: Option<String>,
    /// Grows with every change of the secret.
    pub secret_version: i32,
    pub refreshing_until: Option<DateTime<Utc>>,
    pub state: ConnectionState,
    pub last_error: Option<String>,
    /// Where the next delta sync starts.
    pub cursor: Option<String>,
    pub synced_at: Option<DateTime<Utc>>,
    /// Staff have stopped it.
    pub paused: bool,
    /// When it was last tried by hand, and found to work.
    pub tested_at: Option<DateTime<Utc>>,
    /// As it called itself then.
    pub organisation: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ConnectionState {
    Working,
    /// A person must connect again.
    Broken,
    /// Staff have let go of it: nothing is called until they connect again.
    Disconnected,
}

#[derive(Clone, Debug)]
pub struct NewConnection {
    pub kind: &'static str,
    pub provider: &'static str,
    pub settings: String,
    pub secret: Option<SecretString>,
}

fn purpose(id: ConnectionId) -> String {
    format!("connection:{id}")
}

/// A connection of which nothing is known yet, for all lanes and without a secret.
fn blank(merchant_id: MerchantId, id: ConnectionId, kind: String, provider: String, settings: String) -> Model {
    Model {
        merchant_id,
        id,
        kind,
        lane: "all".to_owned(),
        provider,
        settings,
        secret: None,
        secret_version: 1,
        refreshing_until: None,
        state: ConnectionState::Working,
        last_error: None,
        cursor: None,
        synced_at: None,
        paused: false,
        tested_at: None,
        organisation: None,
    }
}

impl MerchantTx {
    /// # Errors
    /// The lane has a connection of this kind already.
    pub async fn connection_add(&self, new: NewConnection) -> Result<ConnectionId, Error> {
        let id = ConnectionId(Uuid::now_v7());
        let secret = new.secret.map(|secret| self.store().keys.seal(&purpose(id), &secret)).transpose()?;
        let blank = blank(self.merchant_id(), id, new.kind.to_owned(), new.provider.to_owned(), new.settings);
        let row = Model { secret: secret.map(|s| s.0), ..blank };
        self.insert::<Entity>([row]).await?;
        Ok(id)
    }

    /// Gives a lane of the books a row of its own, if it has none. Until it has a secret of its own, it uses that of `books`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn lane_add(&self, lane: &str, books: &Model) -> Result<(), Error> {
        let Model { merchant_id, kind, provider, settings, .. } = books.clone();
        let row = blank(merchant_id, ConnectionId(Uuid::now_v7()), kind, provider, settings);
        let row = Model { lane: lane.to_owned(), ..row };
        self.insert_absent::<Entity>([row]).await?;
        Ok(())
    }

    /// Gives a connection other credentials, whatever it had.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn connection_connect(&self, id: ConnectionId, secret: &SecretString) -> Result<(), Error> {
        let sealed = self.store().keys.seal(&purpose(id), secret)?;
        let update = self
            .update::<Entity>()
            .col_expr(Column::Secret, Expr::value(sealed.0))
            .col_expr(Column::SecretVersion, Expr::col(Column::SecretVersion).add(1))
            .col_expr(Column::RefreshingUntil, Expr::value(None::<DateTime<Utc>>))
            .filter(Column::Id.eq(id));
        self.update_one(update).await
    }

    /// What it is to be used with.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn connection_settings(&self, id: ConnectionId, settings: &str) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::Settings, Expr::value(settings));
        self.update_one(update.filter(Column::Id.eq(id))).await
    }

    /// Stops it, or lets it go on.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn connection_pause(&self, id: ConnectionId, paused: bool) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::Paused, Expr::value(paused));
        self.update_one(update.filter(Column::Id.eq(id))).await
    }

    /// It was tried, and works.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn connection_tested(
        &self,
        id: ConnectionId,
        organisation: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::TestedAt, Expr::value(moment(now)))
            .col_expr(Column::Organisation, Expr::value(organisation))
            .col_expr(Column::LastError, Expr::value(None::<String>))
            .filter(Column::Id.eq(id));
        self.update_one(update).await
    }

    /// What a finished sync leaves behind, in the transaction that wrote its rows.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn connection_synced(&self, id: ConnectionId, cursor: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::Cursor, Expr::value(cursor))
            .col_expr(Column::SyncedAt, Expr::value(moment(now)))
            .col_expr(Column::LastError, Expr::value(None::<String>))
            .filter(Column::Id.eq(id));
        self.update_one(update).await
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn connection_state(
        &self,
        id: ConnectionId,
        state: ConnectionState,
        error: Option<&str>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(state))
            .col_expr(Column::LastError, Expr::value(error.map(str::to_owned)))
            .filter(Column::Id.eq(id));
        self.update_one(update).await
    }

    /// Takes the right to refresh, if nobody has it and the secret is still the one that was read.
    ///
    /// # Errors
    /// The database is away.
    pub async fn connection_lease_refresh(
        &self,
        id: ConnectionId,
        version: i32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::RefreshingUntil, Expr::value(moment(until)))
            .filter(Column::Id.eq(id))
            .filter(Column::SecretVersion.eq(version))
            .filter(Column::RefreshingUntil.is_null().or(Column::RefreshingUntil.lt(now)));
        Ok(update.exec(self.conn()).await?.rows_affected == 1)
    }

    /// Lets go of the right to refresh the secret of `version`: the refresh failed, and the next one need not wait.
    ///
    /// # Errors
    /// The database is away.
    pub async fn connection_lease_end(&self, id: ConnectionId, version: i32) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::RefreshingUntil, Expr::value(None::<DateTime<Utc>>));
        update.filter(Column::Id.eq(id)).filter(Column::SecretVersion.eq(version)).exec(self.conn()).await?;
        Ok(())
    }

    /// Stores a new secret over the one of `version`. `false`: somebody else was first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn connection_secret_replace(
        &self,
        id: ConnectionId,
        version: i32,
        secret: &SecretString,
    ) -> Result<bool, Error> {
        let sealed = self.store().keys.seal(&purpose(id), secret)?;
        let update = self
            .update::<Entity>()
            .col_expr(Column::Secret, Expr::value(sealed.0))
            .col_expr(Column::SecretVersion, Expr::value(version + 1))
            .col_expr(Column::RefreshingUntil, Expr::value(None::<DateTime<Utc>>))
            .filter(Column::Id.eq(id))
            .filter(Column::SecretVersion.eq(version));
        Ok(update.exec(self.conn()).await?.rows_affected == 1)
    }
}

impl MerchantDb {
    /// The plain credentials, for `engine/connections.rs` alone.
    ///
    /// # Errors
    /// The key is not in the ring, or the value was changed. [`Error::Missing`] also for another merchant's connection.
    pub fn connection_secret(&self, connection: &Model) -> Result<SecretString, Error> {
        let mine = connection.merchant_id == self.merchant_id();
        let sealed = connection.secret.clone().filter(|_| mine).map(Sealed).ok_or(Error::Missing)?;
        self.store().keys.open(&purpose(connection.id), &sealed)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's connection.
    pub async fn connection(&self, id: ConnectionId) -> Result<Model, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Of books, the one that carries all lanes without a connection of their own.
    ///
    /// # Errors
    /// The database is away.
    pub async fn connection_of_kind(&self, kind: &str) -> Result<Option<Model>, Error> {
        let of_kind = self.find::<Entity>().filter(Column::Kind.eq(kind));
        Ok(of_kind.filter(Column::Lane.eq("all")).only(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn connections(&self) -> Result<Vec<Model>, Error> {
        Ok(self.find::<Entity>().all(self.conn()).await?)
    }

    /// Those to gateways.
    ///
    /// # Errors
    /// The database is away.
    pub async fn gateways(&self) -> Result<Vec<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::Kind.eq("gateway")).all(self.conn()).await?)
    }
}
