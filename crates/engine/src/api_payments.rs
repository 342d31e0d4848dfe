//! What a program reads of payments: those that were entered by hand, the credit that customers have of them, and those that were
//! made here, which are nobody's to enter.

use crate::{
    ApiPass, ApiQuery, CustomerCredit, Engine, Error, HandPayment, Listed,
    api_books::listed,
    enter_payment::{BY_HAND, by_hand, id_of, key},
    use_credit::credits_of,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{AttemptId, CustomerId, InvoiceId, LedgerPaymentId, PaymentId, RefundId},
    method::MethodKind,
    payment::AttemptState,
    refund::RefundState,
};
use serde::Serialize;
use std::collections::HashMap;
use store::{Allocation, Attempt, Invoice, MerchantDb, Payment, Refund};

/// Paid past the portal.
#[derive(Debug, Serialize)]
pub struct ApiPayment {
    pub id: LedgerPaymentId,
    pub customer: CustomerId,
    /// What it pays; absent for one in advance.
    pub invoice: Option<InvoiceId>,
    /// What invoices get of one in advance, they get of this.
    pub credit: Option<InvoiceId>,
    pub currency: String,
    pub amount_minor: i64,
    pub date: NaiveDate,
    pub reference: String,
    pub taken_back: bool,
}

/// Money of a customer's that invoices of theirs can get, or have got.
#[derive(Debug, Serialize)]
pub struct ApiCustomerCredit {
    /// The id of an advance, or of a credit note.
    pub credit: String,
    pub number: String,
    pub currency: String,
    pub amount_minor: i64,
    /// What no invoice has got of it yet.
    pub left_minor: i64,
    pub date: NaiveDate,
    /// The payment by hand that brought it.
    pub payment: Option<LedgerPaymentId>,
}

/// Paid here.
#[derive(Debug, Serialize)]
pub struct ApiPaidHere {
    pub id: PaymentId,
    /// What people quote.
    pub reference: String,
    pub customer: CustomerId,
    /// Of its newest try.
    pub state: AttemptState,
    pub currency: String,
    /// With the surcharge.
    pub amount_minor: i64,
    pub surcharge_minor: i64,
    pub kind: MethodKind,
    /// `Visa ··4242`, once the gateway has told.
    pub method: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub invoices: Vec<ApiShare>,
    pub refunds: Vec<ApiRefund>,
}

/// What an invoice gets of a payment.
#[derive(Debug, Serialize)]
pub struct ApiShare {
    pub invoice: InvoiceId,
    pub number: String,
    pub amount_minor: i64,
    /// It pays no invoice: it is its customer's credit.
    pub in_advance: bool,
}

/// What was paid back of it, or is on its way, or failed to be.
#[derive(Debug, Serialize)]
pub struct ApiRefund {
    pub id: RefundId,
    pub state: RefundState,
    pub amount_minor: i64,
    pub created_at: DateTime<Utc>,
}

impl Engine {
    /// What was paid on an invoice past the portal, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice.
    pub async fn api_payments(&self, api: &ApiPass, of: InvoiceId) -> Result<Listed<ApiPayment>, Error> {
        let document = api.db.invoice(of).await?;
        let payments = self.payments_by_hand(api, of).await?;
        Ok(Listed::whole(payments.into_iter().map(|paid| payment(&document, paid)).collect()))
    }

    /// All that was paid past the portal.
    ///
    /// # Errors
    /// The database is away.
    pub async fn api_hand_payments(
        &self,
        api: &ApiPass,
        query: ApiQuery<LedgerPaymentId>,
    ) -> Result<Listed<ApiPayment>, Error> {
        let rows = api.db.ledger_payments_part(BY_HAND, query.part(LedgerPaymentId(self.settled()))).await?;
        let page = listed(rows, query.limit, |(row, _)| row.id, |row| row);
        let ids: Vec<_> = page.data.iter().map(|(_, document)| document.id).collect();
        let all = api.db.ledger_payments_of(&ids).await?;
        let mut data = Vec::with_capacity(page.data.len());
        for (row, document) in page.data {
            if let Some(id) = id_of(&row) {
                data.push(payment(&document, by_hand(&row, id, &all)?));
            }
        }
        Ok(Listed { data, next_cursor: page.next_cursor })
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, and for what nobody has entered.
    pub async fn api_hand_payment(&self, api: &ApiPass, id: LedgerPaymentId) -> Result<ApiPayment, Error> {
        let row = api.db.ledger_payment_by_key(&key(id)).await?.ok_or(Error::NotFound)?;
        let all = api.db.ledger_payments_of(&[row.invoice_id]).await?;
        Ok(payment(&api.db.invoice(row.invoice_id).await?, by_hand(&row, id, &all)?))
    }

    /// A customer's advances whose money came, and the credit notes of which something is left; oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's customer.
    pub async fn api_customer_credits(
        &self,
        api: &ApiPass,
        id: CustomerId,
    ) -> Result<Listed<ApiCustomerCredit>, Error> {
        api.db.customer(id).await?;
        Ok(Listed::whole(credits_of(&api.db, id).await?.into_iter().map(credit).collect()))
    }

    /// All that was paid here, or tried.
    ///
    /// # Errors
    /// The database is away.
    pub async fn api_paid_here(&self, api: &ApiPass, query: ApiQuery<AttemptId>) -> Result<Listed<ApiPaidHere>, Error> {
        let rows = api.db.payments_part(query.part(AttemptId(self.settled()))).await?;
        let page = listed(rows, query.limit, |(attempt, _)| *attempt, |(_, payment)| payment);
        Ok(Listed { data: paid_here(&api.db, page.data).await?, next_cursor: page.next_cursor })
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's.
    pub async fn api_one_paid_here(&self, api: &ApiPass, id: PaymentId) -> Result<ApiPaidHere, Error> {
        let payment = api.db.payment(id).await?;
        paid_here(&api.db, vec![payment]).await?.pop().ok_or(Error::NotFound)
    }
}

fn payment(document: &Invoice, paid: HandPayment) -> ApiPayment {
    let is_advance = document.advance.is_some();
    ApiPayment {
        id: paid.payment,
        customer: document.customer_id,
        invoice: (!is_advance).then_some(document.id),
        credit: is_advance.then_some(document.id),
        currency: paid.amount.currency.to_string(),
        amount_minor: paid.amount.minor,
        date: paid.date,
        reference: paid.reference,
        taken_back: paid.is_back,
    }
}

fn credit(credit: CustomerCredit) -> ApiCustomerCredit {
    ApiCustomerCredit {
        credit: credit.of.to_string(),
        number: credit.number,
        currency: credit.amount.currency.to_string(),
        amount_minor: credit.amount.minor,
        left_minor: credit.left.minor,
        date: credit.date,
        payment: credit.hand.map(|paid| paid.payment),
    }
}

async fn paid_here(db: &MerchantDb, rows: Vec<Payment>) -> Result<Vec<ApiPaidHere>, Error> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut shares = db.shares_of(ids.clone()).await?;
    let attempts = db.attempts_of_payments(ids).await?;
    let refunds = db.refunds_of(&attempts.iter().map(|attempt| attempt.id).collect::<Vec<_>>()).await?;
    let mut tries: HashMap<PaymentId, Vec<Attempt>> = HashMap::new();
    for attempt in attempts {
        tries.entry(attempt.payment_id).or_default().push(attempt);
    }
    let face = |row: Payment| {
        let tries = tries.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let of = refunds.iter().filter(|refund| tries.iter().any(|attempt| attempt.id == refund.attempt_id));
        let invoices = shares.remove(&row.id).unwrap_or_default().into_iter().map(share).collect();
        Some(paid(row, tries.last()?, invoices, of.map(refund).collect()))
    };
    // Each has a try: both are written together.
    Ok(rows.into_iter().filter_map(face).collect())
}

fn paid(row: Payment, newest: &Attempt, invoices: Vec<ApiShare>, refunds: Vec<ApiRefund>) -> ApiPaidHere {
    ApiPaidHere {
        id: row.id,
        reference: row.reference,
        customer: row.customer_id,
        state: newest.state,
        currency: row.currency,
        amount_minor: row.amount_minor,
        surcharge_minor: newest.surcharge_minor,
        kind: newest.kind,
        method: newest.method.clone(),
        created_at: row.created_at,
        updated_at: newest.updated_at,
        invoices,
        refunds,
    }
}

fn share(of: Allocation) -> ApiShare {
    let in_advance = of.advance.is_some();
    ApiShare { invoice: of.invoice_id, number: of.invoice_number, amount_minor: of.amount_minor, in_advance }
}

fn refund(of: &Refund) -> ApiRefund {
    ApiRefund { id: of.id, state: of.state, amount_minor: of.amount_minor, created_at: of.created_at }
}
