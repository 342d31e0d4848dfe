//! Setting up merchants and people by the operator's hand; the demo uses the same door.

use crate::{
    BooksSecret, BooksSettings, Engine, Error, GatewaySecret, GatewaySettings, Lane, sign_in::hash_password,
    sync_books::Synced, turnstile::Errand, write_invoice::issued,
};
use domain::{
    ids::{ConnectionId, IntegrationKeyId, InvoiceId, PersonId},
    integration::IntegrationKind,
    invoice::BooksCustomer,
    own_invoice::{InvoiceRead, read_series},
};
use secrecy::SecretString;
use std::time::Duration;
use store::{LedgerSeries, MerchantDb, NewConnection, NewMerchant};
use uuid::Uuid;

/// Whoever reads the books already is waited for in steps of this.
const HELD_GAP: Duration = Duration::from_millis(100);

/// A merchant with its connections, as the operator enters it.
pub struct Founding {
    pub merchant: NewMerchant,
    pub books: Option<(BooksSettings, Option<BooksSecret>)>,
    pub gateway: Option<(GatewaySettings, Option<GatewaySecret>)>,
    /// Kind and API key of each Pay Now link.
    pub pay_links: Vec<(&'static str, SecretString)>,
    pub admins: Vec<PersonId>,
    pub own_books: OwnStart,
    /// The keys of its programs, whose integrations are on.
    pub integrations: Vec<(IntegrationKind, IntegrationKeyId, SecretString)>,
}

/// What a merchant without an accounting package starts with.
#[derive(Default)]
pub struct OwnStart {
    pub customers: Vec<BooksCustomer>,
    /// Each with the external id of whose it is; they are owed, under their own numbers.
    pub invoices: Vec<(String, InvoiceRead)>,
    /// How its own series goes on, where that is not the usual one.
    pub next_number: Option<&'static str>,
}

/// Makes a person a payer of the customer with this name.
pub struct NewPayer {
    pub person: PersonId,
    pub customer: String,
}

impl Engine {
    /// # Errors
    /// The e-mail address is taken.
    pub async fn add_person(&self, email: &str, password: &str, operator: bool) -> Result<PersonId, Error> {
        let password = password.to_owned();
        let hash = tokio::task::spawn_blocking(move || hash_password(&password)).await.map_err(|_| Error::Hash)??;
        Ok(self.store().person_add(email, &hash, operator, self.now()).await?)
    }

    /// Founds the merchant, reads its books for the first time, and adds its payers. Answers the gateway's connection,
    /// whose address the vendor's webhooks go to.
    ///
    /// # Errors
    /// The key is taken, the time zone is unknown, or the books cannot be read.
    pub async fn found_merchant(
        &self,
        founding: Founding,
        payers: Vec<NewPayer>,
    ) -> Result<Option<ConnectionId>, Error> {
        let (now, zone) = (self.now(), &founding.merchant.time_zone);
        zone.parse::<chrono_tz::Tz>().map_err(|_| Error::SetUp(format!("{zone} is no time zone")))?;
        let db = self.store().merchant_found(founding.merchant, now).await?;
        let tx = db.begin().await?;
        tx.audit_operator("found merchant", &db.merchant_id().to_string(), now).await?;
        let has_books = founding.books.is_some();
        if let Some((settings, secret)) = founding.books {
            let provider = settings.provider();
            let (settings, secret) = (serde_json::to_string(&settings)?, secret.map(|secret| secret.to_json()));
            tx.connection_add(NewConnection { kind: "books", provider, settings, secret }).await?;
            tx.audit_operator("connect books", provider, now).await?;
        }
        let mut gateway = None;
        if let Some((settings, secret)) = founding.gateway {
            let provider = settings.provider();
            let (settings, secret) = (serde_json::to_string(&settings)?, secret.map(|secret| secret.to_json()));
            gateway = Some(tx.connection_add(NewConnection { kind: "gateway", provider, settings, secret }).await?);
            tx.audit_operator("connect gateway", provider, now).await?;
        }
        for (kind, key) in &founding.pay_links {
            tx.pay_link_add(kind, key, now).await?;
        }
        for (kind, key, secret) in founding.integrations {
            tx.integration_hold(kind).await?;
            tx.integration_key_add(key, kind, &secret, now).await?;
            tx.integration_switch(kind, true).await?;
            tx.audit_operator("connect integration", kind.name(), now).await?;
        }
        for admin in founding.admins {
            tx.staff_add(admin, now).await?;
            tx.audit_operator("add staff", &admin.to_string(), now).await?;
        }
        tx.customers_upsert(&founding.own_books.customers).await?;
        let customers = tx.customers().await?;
        let mut invoices = Vec::new();
        for (whose, read) in founding.own_books.invoices {
            let customer = customers.iter().find(|customer| customer.external_id == whose).ok_or(Error::NotFound)?;
            invoices.push(issued(db.merchant_id(), InvoiceId(Uuid::now_v7()), customer, read, now));
        }
        tx.ledger_invoices_add(invoices).await?;
        if let Some((prefix, next, digits)) = founding.own_books.next_number.and_then(read_series) {
            let series = tx.ledger_series_hold().await?;
            tx.ledger_series_set(LedgerSeries { prefix, next, digits, ..series }).await?;
        }
        tx.commit().await?;
        if has_books {
            self.read_first(&db).await?;
        }
        self.add_payers(&db, payers).await?;
        Ok(gateway)
    }

    /// All that the books have; where a worker has begun with it, once it lets go.
    async fn read_first(&self, db: &MerchantDb) -> Result<(), Error> {
        let (errand, holder) = (Errand::job(Lane::CompanySync), Uuid::now_v7());
        while self.sync_books(db, errand.clone(), holder).await? != Synced::Done {
            tokio::time::sleep(HELD_GAP).await;
        }
        Ok(())
    }

    /// The `gateway` or the `books` of the merchant with this key, and whose they are, when it was founded already.
    ///
    /// # Errors
    /// The database is away.
    pub async fn demo_connection(
        &self,
        merchant_key: &str,
        kind: &str,
    ) -> Result<Option<(String, ConnectionId)>, Error> {
        match self.merchant_named(merchant_key).await {
            Ok(db) => Ok(db.connection_of_kind(kind).await?.map(|connection| (connection.provider, connection.id))),
            Err(Error::NotFound) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// The scope of the merchant with this key or name, for the operator's commands alone.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub(crate) async fn merchant_named(&self, named: &str) -> Result<MerchantDb, Error> {
        for db in self.store().door_rounds().await? {
            let merchant = db.merchant().await?;
            if merchant.key == named || merchant.name == named {
                return Ok(db);
            }
        }
        Err(Error::NotFound)
    }

    /// Empties the database: the demo's reset. What the worker of this process has begun is finished before.
    ///
    /// # Errors
    /// The database is away.
    pub async fn demo_wipe(&self) -> Result<(), Error> {
        let _alone = self.0.tables.write().await;
        Ok(self.store().migrate_afresh().await?)
    }

    async fn add_payers(&self, db: &MerchantDb, payers: Vec<NewPayer>) -> Result<(), Error> {
        let tx = db.begin().await?;
        for payer in payers {
            let customer = tx.customer_by_name(&payer.customer).await?.ok_or(Error::NotFound)?;
            let added = tx.payer_add(payer.person, customer.id, self.now()).await?;
            tx.audit_operator("add payer", &added.to_string(), self.now()).await?;
        }
        Ok(tx.commit().await?)
    }
}
