//! Configure > Merchants > Integrations: which of the merchant's programs may call, and their keys (S6-S11). A secret is shown
//! to whoever asks for it, and each of these acts stands in the audit trail.

use crate::{
    AdminPass, Engine, Error,
    audit::{Actor, Audited},
    clock::{on_the_wall, zone},
    error::known,
};
use domain::{date::Moment, ids::IntegrationKeyId, integration::IntegrationKind, views::Whoami};
use secrecy::SecretString;
use store::{IntegrationKey, MerchantTx};
use uuid::Uuid;

/// The one that is in use, and its successor while programs are told of it.
const KEYS_MAX: usize = 2;
/// Before 64 hex digits (`wire/connectwise.md`, 3.3).
const SECRET_PREFIX: &str = "wpsk_";

/// The tab of one merchant.
pub struct IntegrationsPage {
    pub who: Whoami,
    /// As the address names it.
    pub merchant: String,
    pub sections: Vec<IntegrationFace>,
}

/// One section of it.
pub struct IntegrationFace {
    pub kind: IntegrationKind,
    pub is_enabled: bool,
    /// Those that open the door, the oldest first.
    pub keys: Vec<KeyFace>,
    /// The id of the next one, minted with the form; absent when there are as many as may be.
    pub next: Option<IntegrationKeyId>,
}

pub struct KeyFace {
    pub id: IntegrationKeyId,
    pub made_at: Moment,
}

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn integrations(&self, admin: &AdminPass) -> Result<IntegrationsPage, Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let mut sections = Vec::with_capacity(IntegrationKind::ALL.len());
        for kind in IntegrationKind::ALL {
            let keys = db.integration_keys(kind).await?;
            let next = (keys.len() < KEYS_MAX).then(|| IntegrationKeyId(Uuid::now_v7()));
            let face = |key: IntegrationKey| KeyFace { id: key.id, made_at: on_the_wall(key.created_at, zone) };
            let (is_enabled, keys) = (db.integration_is_enabled(kind).await?, keys.into_iter().map(face).collect());
            sections.push(IntegrationFace { kind, is_enabled, keys, next });
        }
        Ok(IntegrationsPage { who: admin.who.clone(), merchant: self.merchant_key(admin).await?, sections })
    }

    /// How the merchant is named in addresses.
    ///
    /// # Errors
    /// The database is away.
    pub async fn merchant_key(&self, admin: &AdminPass) -> Result<String, Error> {
        Ok(self.set_up(&admin.db).await?.merchant.key.clone())
    }

    /// Turns an integration on or off. What is as it was leaves no line.
    ///
    /// # Errors
    /// The database is away.
    pub async fn switch_integration(
        &self,
        admin: &AdminPass,
        kind: IntegrationKind,
        enabled: bool,
    ) -> Result<(), Error> {
        let tx = admin.db.begin().await?;
        if tx.integration_hold(kind).await?.enabled != enabled {
            tx.integration_switch(kind, enabled).await?;
            self.audit_key(&tx, admin, &Audited::IntegrationSwitched { integration: kind.name(), enabled }).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Makes a key; the same form again makes no other. `false`: there are as many as may be.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub async fn make_integration_key(
        &self,
        admin: &AdminPass,
        kind: IntegrationKind,
        key: IntegrationKeyId,
    ) -> Result<bool, Error> {
        let secret = new_secret()?;
        let tx = admin.db.begin().await?;
        tx.integration_hold(kind).await?;
        if known(tx.integration_key(key).await)?.is_some() {
            return Ok(true);
        }
        if tx.integration_keys(kind).await?.len() >= KEYS_MAX {
            return Ok(false);
        }
        tx.integration_key_add(key, kind, &secret, self.now()).await?;
        self.audit_key(&tx, admin, &Audited::IntegrationKeyMade { integration: kind.name(), key }).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The secret of a key, for whoever asks for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's key, and for one that is retired.
    pub async fn show_integration_key(&self, admin: &AdminPass, id: IntegrationKeyId) -> Result<SecretString, Error> {
        let key = admin.db.integration_key(id).await?;
        let secret = admin.db.integration_secret(&key)?;
        let tx = admin.db.begin().await?;
        self.audit_key(&tx, admin, &Audited::IntegrationKeyShown { integration: key.kind.name(), key: id }).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// From here on the key opens nothing; one that is retired stays so.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's key.
    pub async fn retire_integration_key(&self, admin: &AdminPass, id: IntegrationKeyId) -> Result<(), Error> {
        let kind = admin.db.integration_key(id).await?.kind;
        let tx = admin.db.begin().await?;
        tx.integration_hold(kind).await?;
        if tx.integration_key(id).await?.retired_at.is_some() {
            return Ok(());
        }
        tx.integration_key_retire(id, self.now()).await?;
        self.audit_key(&tx, admin, &Audited::IntegrationKeyRetired { integration: kind.name(), key: id }).await?;
        Ok(tx.commit().await?)
    }

    async fn audit_key(&self, tx: &MerchantTx, admin: &AdminPass, act: &Audited) -> Result<(), Error> {
        Ok(tx.audit_add(act.slip(None, Actor::Staff(admin.person), self.now())?).await?)
    }
}

fn new_secret() -> Result<SecretString, Error> {
    let mut halves = [[0; 16]; 2];
    for half in &mut halves {
        getrandom::fill(half).map_err(|_| Error::NoRandomness)?;
    }
    let [one, other] = halves.map(u128::from_be_bytes);
    Ok(format!("{SECRET_PREFIX}{one:032x}{other:032x}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn s9_a_secret_is_as_the_wire_spells_it_and_never_twice_the_same() {
        let [one, other] = [(); 2].map(|()| new_secret().expect("randomness"));
        assert_ne!(one.expose_secret(), other.expose_secret());
        let digits = one.expose_secret().strip_prefix(SECRET_PREFIX).expect("its prefix");
        assert!(digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{digits}");
    }
}
