//! Notes in the history of Xero's invoices about what this portal has written there (`wire/accounting.md`, 4.2, row 5). A
//! courtesy to bookkeepers that says no more than the payment and its reference do, for one call more of the sixty that Xero
//! takes in a minute, where a payment needs two or three: so a merchant must ask for it, where the accounts are chosen.
//! Whoever has just ended an entry writes it, once and in a task of its own, on the lane of what runs in the background: it
//! takes no call from anybody who waits, fails no posting and is never repeated. When the books are busy or away it is left
//! out. In QuickBooks Online the payment's own note says it, without a call.

use crate::{Engine, Error, Lane, turnstile::Errand};
use connectors::books::Books;
use domain::{ids::InvoiceId, money::Money};
use store::MerchantDb;

/// What happened to money of an invoice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noted {
    Posted,
    TakenBack,
    Refunded,
}

impl Noted {
    fn words(self, amount: Money, reference: &str) -> String {
        let what = match self {
            Self::Posted => "was paid through the payment portal.",
            Self::TakenBack => {
                "that was paid through the payment portal went back to the payer, and was taken out here."
            }
            Self::Refunded => "was refunded through the payment portal.",
        };
        format!("{} {} {what} Reference: {reference}", amount.currency.code(), amount.to_decimal())
    }
}

impl Engine {
    /// Whatever comes of it, what it tells of stands.
    pub(crate) fn note_in_books(
        &self,
        db: &MerchantDb,
        invoice: InvoiceId,
        noted: Noted,
        amount: Money,
        reference: &str,
    ) {
        let (engine, db, words) = (self.clone(), db.clone(), noted.words(amount, reference));
        tokio::spawn(async move {
            if let Err(cause) = engine.write_note(&db, invoice, &words).await {
                tracing::info!(invoice.id = %invoice, %cause, "The invoice bears no note in the books.");
            }
        });
    }

    async fn write_note(&self, db: &MerchantDb, invoice: InvoiceId, words: &str) -> Result<(), Error> {
        let route = self.set_up(db).await?.route(Lane::Background)?;
        let books = self.live_books(db, route, Errand::job(Lane::Background))?;
        let Some(books) = books.filter(|books| books.settings().writes_notes()) else { return Ok(()) };
        let invoice = db.invoice(invoice).await?;
        if invoice.advance.is_some() {
            // It is no invoice there.
            return Ok(());
        }
        books.note_invoice(&invoice.external_id, words).await.map_err(Error::BooksUnreachable)
    }
}
