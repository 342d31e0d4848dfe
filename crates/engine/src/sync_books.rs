//! Reads what changed in the books since the last time, and takes it over in one transaction with the new cursor.

use crate::{AdminPass, Engine, Error, Lane, turnstile::Errand};
use connectors::books::Gone;
use store::MerchantDb;

impl Engine {
    /// "Download latest accounting platform data" (S96).
    ///
    /// # Errors
    /// [`Error::BooksUnreachable`]; what was read before stays.
    pub async fn sync_now(&self, admin: &AdminPass) -> Result<(), Error> {
        self.sync_books(&admin.db, Errand::person(Lane::UserAction)).await
    }

    pub(crate) async fn sync_books(&self, db: &MerchantDb, errand: Errand) -> Result<(), Error> {
        let connection = db.connection_of_kind("books").await?.ok_or(Error::NotSetUp)?;
        let read_at = self.now();
        let books = self.books_for(db, errand).await?;
        let changes = books.changes(connection.cursor.as_deref()).await.map_err(Error::BooksUnreachable)?;
        let tx = db.begin().await?;
        tx.customers_upsert(&changes.customers).await?;
        let customers = tx.customer_ids().await?;
        tx.invoices_upsert(&changes.invoices, &customers, read_at).await?;
        match &changes.gone {
            Gone::These(ids) => tx.invoices_gone(ids, read_at).await?,
            Gone::AllBut(open) => tx.invoices_gone_but(open, read_at).await?,
        }
        self.cover_by_quotes(&tx).await?;
        tx.connection_synced(connection.id, &changes.cursor, read_at).await?;
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        Ok(())
    }
}
