//! What was to be taken while nobody was there, and needs its payer: their bank asks for them, and for nobody else (D19).
//! Read anew from the rows each time, so that it goes by itself as soon as somebody pays.

use crate::{Engine, Error, faces::numbers};
use domain::{
    ids::CustomerId,
    invoice::InvoiceStatus,
    money::{Locale, Money},
};
use store::{Allocation, Attempt, MerchantDb, Payment};

/// A payment that only its payer can finish.
#[derive(Debug)]
pub(crate) struct NeedsPayer {
    pub attempt: Attempt,
    customer: CustomerId,
    customer_name: String,
    amount: Money,
    /// `INV-501, INV-502`
    numbers: String,
}

impl NeedsPayer {
    fn of(attempt: Attempt, payment: Payment, shares: &[Allocation]) -> Result<Self, Error> {
        let (amount, numbers) = (attempt.amount()?, numbers(shares));
        let (customer, customer_name) = (payment.customer_id, payment.customer_name);
        Ok(Self { attempt, customer, customer_name, amount, numbers })
    }

    /// For whoever pays for this company.
    pub fn to_payer(&self, customer: CustomerId, locale: Locale) -> Option<String> {
        let (amount, numbers) = (self.amount.format(locale), &self.numbers);
        (self.customer == customer).then(|| {
            format!(
                "Your bank asks for you before it lets a payment of {amount} for {numbers} through. Nothing was charged: \
                 please pay it again below, and answer your bank when it asks."
            )
        })
    }

    pub fn to_staff(&self, locale: Locale) -> String {
        let (amount, numbers, customer) = (self.amount.format(locale), &self.numbers, &self.customer_name);
        format!(
            "{amount} for {numbers} could not be taken from {customer}: their bank asks for the payer, whom a mail tells how \
             to finish it."
        )
    }
}

impl Engine {
    /// The oldest first.
    pub(crate) async fn payments_needing_payer(&self, db: &MerchantDb) -> Result<Vec<NeedsPayer>, Error> {
        let mut asked = Vec::new();
        for attempt in db.attempts_needing_payer().await? {
            let (payment, shares) = db.payment_with_shares(attempt.payment_id).await?;
            if is_owed(db, &shares).await? {
                asked.push(NeedsPayer::of(attempt, payment, &shares)?);
            }
        }
        Ok(asked)
    }
}

/// One of these invoices is owed still, and nobody is paying it.
async fn is_owed(db: &MerchantDb, shares: &[Allocation]) -> Result<bool, Error> {
    let ids: Vec<_> = shares.iter().map(|share| share.invoice_id).collect();
    let (under_way, recorded) = (db.under_way(ids.clone()).await?, db.being_recorded(ids.clone()).await?);
    for id in ids.into_iter().filter(|id| !under_way.contains_key(id) && !recorded.contains(id)) {
        let invoice = db.invoice(id).await?;
        if invoice.status == InvoiceStatus::Open && invoice.due_minor > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
