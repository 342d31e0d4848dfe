//! The payer's front page and past payments.

use crate::{
    Engine, Error, ListQuery, PayerPass,
    clock::{on_the_wall, zone},
    faces::{ROWS_PER_PAGE, amounts, page},
};
use domain::{
    payment::AttemptState,
    views::{Dashboard, Page, PaymentRow},
};
use store::{InvoiceFilter, PaymentFilter};

/// The dashboard shows all that is open; past this many a search is quicker than a list.
const OUTSTANDING_MAX: u64 = 500;
const OPEN: [AttemptState; 4] =
    [AttemptState::Created, AttemptState::Unknown, AttemptState::RequiresAction, AttemptState::Processing];
const PAST: [AttemptState; 4] =
    [AttemptState::Approved, AttemptState::PendingSettlement, AttemptState::Settled, AttemptState::Returned];

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn dashboard(&self, payer: &PayerPass) -> Result<Dashboard, Error> {
        let set_up = self.set_up(&payer.db).await?;
        let zone = zone(&set_up.merchant.time_zone);
        let today = self.clock().today(zone);
        let outstanding = InvoiceFilter { customer: Some(payer.customer), only_open: true, ..InvoiceFilter::default() };
        let overdue = InvoiceFilter { due_before: Some(today), ..outstanding.clone() };
        let (rows, _) = payer.db.invoice_page(&outstanding, 1, OUTSTANDING_MAX).await?;
        let filter =
            PaymentFilter { customer: Some(payer.customer), state_in: OPEN.to_vec(), ..PaymentFilter::default() };
        let (in_progress, _) = payer.db.payment_page(&filter, 1, ROWS_PER_PAGE).await?;
        let synced_at = set_up.connection("books").ok().and_then(|books| books.synced_at);
        Ok(Dashboard {
            who: payer.who.clone(),
            outstanding: self.invoice_faces(&payer.db, &set_up.merchant, rows).await?,
            owed: amounts(&payer.db.invoice_sums(&outstanding).await?)?,
            overdue: amounts(&payer.db.invoice_sums(&overdue).await?)?,
            in_progress: self.payment_rows(&payer.db, in_progress, zone).await?,
            synced_at: synced_at.map(|at| on_the_wall(at, zone)),
        })
    }

    /// # Errors
    /// The database is away.
    pub async fn past_payments(&self, payer: &PayerPass, list: ListQuery) -> Result<Page<PaymentRow>, Error> {
        let filter = PaymentFilter { customer: Some(payer.customer), state_in: PAST.to_vec(), search: list.search };
        let (rows, total) = payer.db.payment_page(&filter, list.page, ROWS_PER_PAGE).await?;
        let rows = self.payment_rows(&payer.db, rows, zone(&payer.who.time_zone)).await?;
        Ok(page(rows, total, list.page, &filter.search))
    }
}
