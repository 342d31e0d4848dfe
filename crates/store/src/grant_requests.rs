//! What staff have asked the books' vendor for by their browser: one request of a session at a time. The vendor brings its
//! state back, which is kept as a hash and taken once; what must be known again then, and what has come of it, is sealed.

use crate::{
    Error, MerchantDb, MerchantTx, Sealed, TokenHash,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::MerchantId;
use sea_orm::{ConnectionTrait, entity::prelude::*, sea_query::OnConflict};
use secrecy::SecretString;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grant_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Whose it is: nobody else's answer counts. It goes with the session.
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_hash: String,
    pub state_hash: String,
    /// Absent once it has come to its end.
    pub secret: Option<String>,
    /// When its answer came: no other one counts.
    pub taken_at: Option<DateTime<Utc>>,
    /// An answer that comes later counts no more.
    pub expires_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

fn purpose(session_hash: &str) -> String {
    format!("grant_request:{session_hash}")
}

impl MerchantTx {
    /// Asks, and forgets what the session has asked for before.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such session.
    pub async fn grant_request_put(
        &self,
        session_hash: &str,
        state: &TokenHash,
        secret: &SecretString,
        expires_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let secret = self.store().keys.seal(&purpose(session_hash), secret)?;
        let row = Model {
            merchant_id: self.merchant_id(),
            session_hash: session_hash.to_owned(),
            state_hash: state.0.clone(),
            secret: Some(secret.0),
            taken_at: None,
            expires_at,
        };
        let mut again = OnConflict::columns([Column::MerchantId, Column::SessionHash]);
        again.update_columns([Column::StateHash, Column::Secret, Column::TakenAt, Column::ExpiresAt]);
        self.inserting::<Entity>([row]).on_conflict(again).exec_without_returning(self.conn()).await?;
        Ok(())
    }

    /// Takes the answer with this state, if the session asked for it, nobody has taken it, and it comes in time.
    ///
    /// # Errors
    /// The database is away.
    pub async fn grant_request_take(
        &self,
        session_hash: &str,
        state: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::TakenAt, Expr::value(moment(now)))
            .filter(Column::SessionHash.eq(session_hash))
            .filter(Column::StateHash.eq(state.0.clone()))
            .filter(Column::TakenAt.is_null())
            .filter(Column::ExpiresAt.gt(moment(now)));
        Ok(update.exec(self.conn()).await?.rows_affected == 1)
    }

    /// Keeps what has come of the request with this state so far; nothing, when it has come to its end.
    ///
    /// # Errors
    /// [`Error::Missing`] when the session has ended meanwhile, or has asked for something else since: what came of one
    /// request is nothing to the next.
    pub async fn grant_request_keep(
        &self,
        session_hash: &str,
        state_hash: &str,
        secret: Option<&SecretString>,
    ) -> Result<(), Error> {
        let sealed = secret.map(|secret| self.store().keys.seal(&purpose(session_hash), secret)).transpose()?;
        let update = self.update::<Entity>().col_expr(Column::Secret, Expr::value(sealed.map(|sealed| sealed.0)));
        let of = update.filter(Column::SessionHash.eq(session_hash)).filter(Column::StateHash.eq(state_hash));
        self.update_one(of).await
    }
}

impl MerchantDb {
    /// What was sealed of a request.
    ///
    /// # Errors
    /// The key is not in the ring, or the value was changed. [`Error::Missing`] also for another merchant's, and for one that
    /// has come to its end.
    pub fn grant_request_secret(&self, request: &Model) -> Result<SecretString, Error> {
        let mine = request.merchant_id == self.merchant_id();
        let sealed = request.secret.clone().filter(|_| mine).map(Sealed).ok_or(Error::Missing)?;
        self.store().keys.open(&purpose(&request.session_hash), &sealed)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// What a session has asked for.
    ///
    /// # Errors
    /// The database is away.
    pub async fn grant_request(&self, session_hash: &str) -> Result<Option<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::SessionHash.eq(session_hash)).only(self.conn()).await?)
    }
}
