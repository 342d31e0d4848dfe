//! The keys of a merchant's programs (`wire/connectwise.md`, 3.3). The secret is found by its hash, and kept sealed to be
//! displayed again and to sign with; of a key that was retired it is forgotten.

use crate::{
    Error, MerchantDb, MerchantTx, Sealed, TokenHash,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{IntegrationKeyId, MerchantId},
    integration::IntegrationKind,
};
use hkdf::Hkdf;
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

const SUB_KEY_BYTES: usize = 32;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "integration_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IntegrationKeyId,
    pub kind: IntegrationKind,
    pub secret_hash: String,
    /// Sealed; gone with its retirement.
    pub secret: Option<String>,
    pub created_at: DateTime<Utc>,
    pub retired_at: Option<DateTime<Utc>>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as IntegrationKey;

/// What is signed with a key that is made of the secret, so that the secret itself signs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubKey {
    /// The address that a browser goes back to.
    Return,
    /// News of ours.
    Webhook,
    /// A link that the program makes by itself.
    Link,
}

impl SubKey {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Return => b"wp-int/v1/return",
            Self::Webhook => b"wp-int/v1/webhook",
            Self::Link => b"wp-int/v1/link",
        }
    }

    fn of(self, secret: &SecretString) -> Result<SecretSlice<u8>, Error> {
        let mut key = vec![0_u8; SUB_KEY_BYTES];
        let extracted = Hkdf::<Sha256>::new(None, secret.expose_secret().as_bytes());
        extracted.expand(self.info(), &mut key).map_err(|_| Error::Sealed)?;
        Ok(key.into())
    }
}

fn purpose(id: IntegrationKeyId) -> String {
    format!("integration_key:{id}")
}

impl MerchantTx {
    /// Whoever adds one holds the integration.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such integration, [`Error::Duplicate`] when the key is there already.
    pub async fn integration_key_add(
        &self,
        id: IntegrationKeyId,
        kind: IntegrationKind,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let row = IntegrationKey {
            merchant_id: self.merchant_id(),
            id,
            kind,
            secret_hash: TokenHash::of(secret.expose_secret()).into_text(),
            secret: Some(self.store().keys.seal(&purpose(id), secret)?.0),
            created_at: now,
            retired_at: None,
        };
        self.insert::<Entity>([row]).await
    }

    /// It opens no door any more.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's key.
    pub async fn integration_key_retire(&self, id: IntegrationKeyId, now: DateTime<Utc>) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::RetiredAt, Expr::value(moment(now)))
            .col_expr(Column::Secret, Expr::value(None::<String>))
            .filter(Column::Id.eq(id));
        self.update_one(update).await
    }
}

impl MerchantDb {
    /// The plain secret, to be displayed.
    ///
    /// # Errors
    /// The key ring cannot open it. [`Error::Missing`] for one that is retired, and for another merchant's.
    pub fn integration_secret(&self, key: &IntegrationKey) -> Result<SecretString, Error> {
        let mine = key.merchant_id == self.merchant_id();
        let sealed = key.secret.clone().filter(|_| mine).map(Sealed).ok_or(Error::Missing)?;
        self.store().keys.open(&purpose(key.id), &sealed)
    }

    /// What is made of it to sign with.
    ///
    /// # Errors
    /// As above.
    pub fn integration_sub_key(&self, key: &IntegrationKey, which: SubKey) -> Result<SecretSlice<u8>, Error> {
        which.of(&self.integration_secret(key)?)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Those that open the door, the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn integration_keys(&self, kind: IntegrationKind) -> Result<Vec<IntegrationKey>, Error> {
        let active = self.find::<Entity>().filter(Column::Kind.eq(kind)).filter(Column::RetiredAt.is_null());
        Ok(active.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's key.
    pub async fn integration_key(&self, id: IntegrationKeyId) -> Result<IntegrationKey, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_keys_are_those_of_the_worked_example() {
        let secret: SecretString = "wpsk_3f9d2c7a51e84b06a0c1d2e3f4a5b6c7d8e9f0011223344556677889900aabb".into();
        for (which, expected) in [
            (SubKey::Return, "76b1e29d99a1535c6ed953e9a570e8c3799134d8111452e25d8129081ea7f603"),
            (SubKey::Webhook, "3072c0614f86db1f2269b2fe0f9ef30cf6cee5f48e49040ccc77c52fb6495002"),
            (SubKey::Link, "03a4b4aa5ca1d63579493f962f2bab93d1bd130dacb828e369c94d69fc71fb95"),
        ] {
            let key = which.of(&secret).expect("it is long enough");
            assert_eq!(hex::encode(key.expose_secret()), expected, "{which:?}");
        }
    }
}
