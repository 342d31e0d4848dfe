//! What a payer reads of their company's account: an invoice, with its lines where it was written here, a statement, and credit
//! notes. Where the books are our own, that is the merchant's own statement; of other books, what this portal knows, which of
//! credit notes is nothing.

use crate::{
    CreditLine, CustomerStatement, Engine, Error, OwnInvoice, PayerPass,
    clock::{day, zone},
    credit_invoice::{credit_lines, given_by_number},
    faces::{ROWS_PER_PAGE, amounts, page},
    own_books::written_here,
    own_statement::period,
};
use chrono::NaiveDate;
use domain::{
    ids::InvoiceId,
    invoice::InvoiceStatus,
    money::Money,
    payment::AttemptState,
    views::{InvoiceFace, Page, PaymentRow, Whoami},
};
use store::{InvoiceFilter, PaymentFilter};

const PAYMENTS_AT_ONCE: u64 = 500;

/// One of the payer's own invoices.
#[derive(Clone, Debug)]
pub struct PayerInvoice {
    pub who: Whoami,
    pub invoice: InvoiceFace,
    /// What is printed on it, where it was written here.
    pub own: Option<OwnInvoice>,
    /// The books hand out files.
    pub pdf: bool,
}

#[derive(Clone, Debug)]
pub enum PayerStatement {
    /// The merchant's own, and whether there are credit notes to read besides.
    Own { own: CustomerStatement, has_credits: bool },
    /// The books are elsewhere.
    Known(KnownAccount),
}

/// A credit note of the payer's company.
#[derive(Clone, Debug)]
pub struct PayerCredit {
    pub line: CreditLine,
    /// Which invoices have how much of it, by their numbers.
    pub used: Vec<(InvoiceId, String, Money)>,
}

/// What this portal knows of an account in other books: what is paid past it, they tell by the balance of each invoice alone.
#[derive(Clone, Debug)]
pub struct KnownAccount {
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// Of these days, the oldest first, with what is due on each today.
    pub invoices: Vec<InvoiceFace>,
    /// Made here on these days, the newest first.
    pub payments: Vec<PaymentRow>,
    /// All that is due today, one figure per currency.
    pub owed: Vec<Money>,
}

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] for an invoice of somebody else, and for one that is not issued or is void.
    pub async fn payer_invoice(&self, payer: &PayerPass, id: InvoiceId) -> Result<PayerInvoice, Error> {
        let row = payer.invoice(id).await?;
        if !is_issued(row.status) {
            return Err(Error::NotFound);
        }
        let set_up = self.set_up(&payer.db).await?;
        let own = written_here(&payer.db, &row).await?;
        let mut faces = self.invoice_faces(&payer.db, &set_up.merchant, vec![row]).await?;
        let invoice = faces.pop().ok_or(Error::NotFound)?;
        Ok(PayerInvoice { who: payer.who.clone(), invoice, own, pdf: self.has_pdf(&payer.db).await })
    }

    /// The statement of these days; where they are not said, from the first day of the month before to today.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payer_statement(
        &self,
        payer: &PayerPass,
        from: Option<NaiveDate>,
        until: Option<NaiveDate>,
    ) -> Result<PayerStatement, Error> {
        let set_up = self.set_up(&payer.db).await?;
        if set_up.has_own_books() {
            let own = self.statement_of(&payer.db, payer.customer, (from, until)).await?;
            let (credits, _) = payer.db.credit_note_page_of(payer.customer, 1, 1).await?;
            return Ok(PayerStatement::Own { own, has_credits: !credits.is_empty() });
        }
        let (db, zone) = (&payer.db, zone(&set_up.merchant.time_zone));
        let (from, until) = period(from, until, self.clock().today(zone));
        let mut rows = db.invoices_of_customer(payer.customer).await?;
        rows.retain(|row| row.advance.is_none() && is_issued(row.status) && (from..=until).contains(&row.date));
        let due = InvoiceFilter {
            customer: Some(payer.customer),
            only_open: true,
            but_paid_here: true,
            ..InvoiceFilter::default()
        };
        Ok(PayerStatement::Known(KnownAccount {
            from,
            until,
            invoices: self.invoice_faces(db, &set_up.merchant, rows).await?,
            payments: self.payments_between(payer, (from, until)).await?,
            owed: amounts(&db.invoice_sums(&due).await?)?,
        }))
    }

    /// One page of what was taken off the invoices of the payer's company, the newest first. Void notes are not among them, nor
    /// the credit of what was paid for a quote, which its payment tells of.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payer_credits(&self, payer: &PayerPass, number: u64) -> Result<Page<PayerCredit>, Error> {
        let db = &payer.db;
        if !self.set_up(db).await?.has_own_books() {
            return Ok(page(Vec::new(), 0, number, ""));
        }
        let (rows, total) = db.credit_note_page_of(payer.customer, number, ROWS_PER_PAGE).await?;
        let mut used = Vec::with_capacity(rows.len());
        for row in &rows {
            used.push(given_by_number(db, row).await?);
        }
        let lines = credit_lines(db, rows).await?;
        let credits = lines.into_iter().zip(used).map(|(line, used)| PayerCredit { line, used }).collect();
        Ok(page(credits, total, number, ""))
    }

    async fn payments_between(
        &self,
        payer: &PayerPass,
        (from, until): (NaiveDate, NaiveDate),
    ) -> Result<Vec<PaymentRow>, Error> {
        let zone = zone(&payer.who.time_zone);
        let state_in = AttemptState::all_that(AttemptState::has_money);
        let filter = PaymentFilter { customer: Some(payer.customer), state_in, ..PaymentFilter::default() };
        let (mut found, mut page) = (Vec::new(), 1);
        loop {
            let (rows, total) = payer.db.payment_page(&filter, page, PAYMENTS_AT_ONCE).await?;
            let is_over = rows.last().is_none_or(|last| day(last.created_at, zone) < from);
            found.extend(rows.into_iter().filter(|row| (from..=until).contains(&day(row.created_at, zone))));
            if is_over || page * PAYMENTS_AT_ONCE >= total {
                return self.payment_rows(&payer.db, found, zone).await;
            }
            page += 1;
        }
    }
}

const fn is_issued(status: InvoiceStatus) -> bool {
    matches!(status, InvoiceStatus::Open | InvoiceStatus::Paid)
}
