//! The admin's front page: what needs somebody first, then figures, then the invoices.

use crate::{
    AdminPass, Engine, Error, ListQuery,
    clock::{day_start, on_the_wall, zone},
    faces::{ROWS_PER_PAGE, amounts, page},
    gateways_page::untried,
};
use chrono::Datelike;
use domain::{
    money::{Money, Totals},
    payment::AttemptState,
    views::AdminHome,
};
use store::{InvoiceFilter, MerchantDb};

/// The most severe ones; all of them stand in the inbox.
const NEEDS_YOU_SHOWN: usize = 5;

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn admin_home(&self, admin: &AdminPass, list: ListQuery) -> Result<AdminHome, Error> {
        let merchant = admin.db.merchant().await?;
        let zone = zone(&merchant.time_zone);
        let today = self.clock().today(zone);
        let listed =
            InvoiceFilter { only_open: list.search.is_empty(), search: list.search, ..InvoiceFilter::default() };
        let outstanding = InvoiceFilter { only_open: true, but_paid_here: true, ..InvoiceFilter::default() };
        let overdue = InvoiceFilter { due_before: Some(today), ..outstanding.clone() };
        let (rows, total) = admin.db.invoice_page(&listed, list.page, ROWS_PER_PAGE).await?;
        let invoices = self.invoice_faces(&admin.db, &merchant, rows).await?;
        let collected = AttemptState::all_that(AttemptState::has_money);
        let month = day_start(today.with_day(1).unwrap_or(today), zone);
        let books = admin.db.connection_of_kind("books").await?;
        let open = self.open_exceptions(&admin.db).await?;
        Ok(AdminHome {
            who: admin.who.clone(),
            today,
            needs_you_total: open.len(),
            needs_you: open.into_iter().take(NEEDS_YOU_SHOWN).map(|exception| exception.face(zone)).collect(),
            outstanding: amounts(&admin.db.invoice_sums(&outstanding).await?)?,
            overdue: amounts(&admin.db.invoice_sums(&overdue).await?)?,
            collected_this_month: less(
                amounts(&admin.db.payment_sums(&collected, month).await?)?,
                &amounts(&admin.db.refund_sums(month).await?)?,
            )?,
            invoices: page(invoices, total, list.page, &listed.search),
            books_connected: books.is_some(),
            synced_at: books.and_then(|books| books.synced_at).map(|at| on_the_wall(at, zone)),
            gateway_note: self.gateway_note(&admin.db).await,
        })
    }

    /// Said of a gateway that was never tried at its vendor. None where there is none that can be read: the operator's list
    /// says so.
    async fn gateway_note(&self, db: &MerchantDb) -> Option<String> {
        let (_, gateway) = self.gateway(db).await.ok()?;
        untried(gateway.capabilities())
    }
}

/// What is left of each currency's figure; one of the subtrahend alone is negative.
fn less(figures: Vec<Money>, minus: &[Money]) -> Result<Vec<Money>, Error> {
    let negative = minus.iter().map(|amount| Money::new(-amount.minor, amount.currency));
    let totals = Totals::of(figures.into_iter().chain(negative))?;
    Ok(totals.iter().collect())
}
