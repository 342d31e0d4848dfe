//! A payment that a gateway has and this database lacks, as after an older copy of it was put back (F25).

use crate::{
    Allocation, Attempt, Checkout, Error, MerchantTx, NewSlip, Payment, attempts, checkouts,
    payments::{allocation, payment},
};

/// All rows that a press of Pay would have made, but for what its payer agreed to, which nobody knows any more.
#[derive(Clone, Debug)]
pub struct PaymentTakenIn {
    /// Nobody has its id.
    pub checkout: Checkout,
    pub payment: Payment,
    pub allocations: Vec<Allocation>,
    /// Under the id that the gateway names; nothing was heard of it so far.
    pub attempt: Attempt,
    /// Its beginning here, for the audit trail.
    pub slip: NewSlip,
}

impl MerchantTx {
    /// Writes the rows of such a payment. `false`: the attempt stands, and nothing of this may be committed. Whoever is
    /// writing it is waited for.
    ///
    /// # Errors
    /// [`Error::Missing`] when an invoice, the customer or the connection is not this merchant's.
    pub async fn payment_take_in(&self, new: PaymentTakenIn) -> Result<bool, Error> {
        let PaymentTakenIn { checkout, payment, allocations, attempt, slip } = new;
        self.insert::<checkouts::Entity>([checkout]).await?;
        // Once more with the same payment, when nobody had said whether the first one was committed.
        let is_new = self.insert_absent::<payment::Entity>([payment]).await? == 1
            && self.insert_absent::<attempts::Entity>([attempt]).await? == 1;
        if !is_new {
            return Ok(false);
        }
        self.insert::<allocation::Entity>(allocations).await?;
        self.audit_add(slip).await?;
        Ok(true)
    }
}
