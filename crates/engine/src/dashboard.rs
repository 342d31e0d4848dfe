//! The payer's front page and past payments.

use crate::{
    Engine, Error, ListQuery, PayerPass,
    clock::{on_the_wall, zone},
    faces::{ROWS_PER_PAGE, amounts, page},
};
use domain::{
    money::Money,
    payment::AttemptState,
    views::{Dashboard, PaidElsewhere, PastPayments},
};
use std::collections::BTreeMap;
use store::{Invoice, InvoiceFilter, PaymentFilter};

/// The dashboard shows all that is open; past this many a search is quicker than a list.
const OUTSTANDING_MAX: u64 = 500;

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn dashboard(&self, payer: &PayerPass) -> Result<Dashboard, Error> {
        let set_up = self.set_up(&payer.db).await?;
        let zone = zone(&set_up.merchant.time_zone);
        let today = self.clock().today(zone);
        let outstanding = InvoiceFilter {
            customer: Some(payer.customer),
            only_open: true,
            but_paid_here: true,
            ..InvoiceFilter::default()
        };
        let (mut rows, total) = payer.db.invoice_page(&outstanding, 1, OUTSTANDING_MAX).await?;
        let (owed, overdue) = if total <= OUTSTANDING_MAX {
            (due_on(&rows)?, due_on(rows.iter().filter(|row| row.due_date < today))?)
        } else {
            let late = InvoiceFilter { due_before: Some(today), ..outstanding.clone() };
            (amounts(&payer.db.invoice_sums(&outstanding).await?)?, amounts(&payer.db.invoice_sums(&late).await?)?)
        };
        // A quote has no day on which it is late.
        let quotes = payer.db.quotes_to_pay(payer.customer).await?.into_iter();
        rows.extend(quotes.map(|quote| Invoice { due_date: today, ..quote }));
        let open = AttemptState::all_that(AttemptState::is_open);
        let filter = PaymentFilter { customer: Some(payer.customer), state_in: open, ..PaymentFilter::default() };
        let (in_progress, _) = payer.db.payment_page(&filter, 1, ROWS_PER_PAGE).await?;
        let filter = PaymentFilter { customer: Some(payer.customer), unrecorded: true, ..PaymentFilter::default() };
        let (being_recorded, _) = payer.db.payment_page(&filter, 1, ROWS_PER_PAGE).await?;
        let needing = self.payments_needing_payer(&payer.db).await?;
        let asks = needing.iter().filter_map(|asked| asked.to_payer(payer.customer, payer.who.locale)).collect();
        let synced_at = set_up.connection("books").ok().and_then(|books| books.synced_at);
        Ok(Dashboard {
            who: payer.who.clone(),
            refused: None,
            asks,
            outstanding: self.invoice_faces(&payer.db, &set_up.merchant, rows).await?,
            owed,
            overdue,
            in_progress: self.payment_rows(&payer.db, in_progress, zone).await?,
            being_recorded: self.payment_rows(&payer.db, being_recorded, zone).await?,
            pdf: self.has_pdf(&payer.db).await,
            prepayments: self.takes_prepayments(&payer.db, &set_up.merchant).await,
            synced_at: synced_at.map(|at| on_the_wall(at, zone)),
        })
    }

    /// # Errors
    /// The database is away.
    pub async fn past_payments(&self, payer: &PayerPass, list: ListQuery) -> Result<PastPayments, Error> {
        let past = AttemptState::all_that(|state| state.has_money() || state == AttemptState::Returned);
        let customer = Some(payer.customer);
        let filter = PaymentFilter { customer, state_in: past, search: list.search, ..PaymentFilter::default() };
        let (rows, total) = payer.db.payment_page(&filter, list.page, ROWS_PER_PAGE).await?;
        let rows = self.payment_rows(&payer.db, rows, zone(&payer.who.time_zone)).await?;
        let here = page(rows, total, list.page, &filter.search);
        let elsewhere = if here.page == 1 { self.paid_elsewhere(payer, filter.search).await? } else { Vec::new() };
        Ok(PastPayments { here, elsewhere })
    }

    async fn paid_elsewhere(&self, payer: &PayerPass, search: String) -> Result<Vec<PaidElsewhere>, Error> {
        let paid =
            InvoiceFilter { customer: Some(payer.customer), only_paid_on: true, search, ..InvoiceFilter::default() };
        let (rows, _) = payer.db.invoice_page(&paid, 1, ROWS_PER_PAGE).await?;
        let posted = payer.db.posted_on(rows.iter().map(|row| row.id).collect()).await?;
        let mut elsewhere = Vec::new();
        for row in rows {
            let (total, due) = (row.total()?, row.due()?);
            let here = Money::new(posted.get(&row.id).copied().unwrap_or(0), total.currency);
            let amount = total.minus(due).and_then(|paid| paid.minus(here))?;
            if amount.is_positive() {
                elsewhere.push(PaidElsewhere { invoice_number: row.number, date: row.date, total, amount });
            }
        }
        Ok(elsewhere)
    }
}

/// What is due on these, one amount for each currency.
fn due_on<'a>(rows: impl IntoIterator<Item = &'a Invoice>) -> Result<Vec<Money>, Error> {
    let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
    for row in rows {
        let due = row.due()?;
        let sum = sums.get(&*row.currency).map_or(Ok(due), |sum| sum.plus(due))?;
        sums.insert(&row.currency, sum);
    }
    Ok(sums.into_values().collect())
}
