//! Advances in QuickBooks Online (`wire/accounting.md`, 2.5): payments that pay nothing yet, which the customer has as
//! credit. Their note begins with our number, and they are found again by it.

use super::{
    QuickBooks,
    payments::{VOID, as_ours, known},
    wire::Payment,
};
use crate::books::{Advance, BooksError, PostPayment, Posted, is_used};
use domain::advance::PURPOSE_MAX_CHARS;

impl QuickBooks {
    pub(super) async fn find_advance(
        &self,
        payment: &PostPayment,
        advance: &Advance,
    ) -> Result<Option<Posted>, BooksError> {
        match self.standing_advance(payment, advance).await? {
            Some(found) => Ok(Some(Posted { external_id: known(&found)?, invoice: None })),
            None => Ok(None),
        }
    }

    pub(super) async fn post_advance(&self, payment: &PostPayment, advance: &Advance) -> Result<Posted, BooksError> {
        let note = note_of(payment, advance);
        let external_id = self.pay(payment, &advance.customer_external_id, note, Vec::new()).await?;
        Ok(Posted { external_id, invoice: None })
    }

    /// For as long as nothing of it is used.
    pub(super) async fn take_back_advance(&self, payment: &PostPayment, advance: &Advance) -> Result<(), BooksError> {
        let Some(found) = self.standing_advance(payment, advance).await? else { return Ok(()) };
        let unused = |found: &Payment| {
            if found.stands() && !found.leaves(payment.amount) {
                return Err(is_used(&advance.number));
            }
            Ok(found.stands())
        };
        self.undo(&VOID, &known(&found)?, unused).await.map(drop)
    }

    pub(super) async fn standing_advance(
        &self,
        payment: &PostPayment,
        advance: &Advance,
    ) -> Result<Option<Payment>, BooksError> {
        let ours = |other: &Payment| other.is_numbered(&advance.number);
        match self.written_since("Payment", payment.date, ours).await? {
            Some(found) => as_ours(found, payment).map(Some),
            None => Ok(None),
        }
    }
}

/// Our number, and the gateway's id.
pub fn note_of(payment: &PostPayment, advance: &Advance) -> String {
    let purpose: String = advance.purpose.chars().take(PURPOSE_MAX_CHARS).collect();
    format!("{} {} {purpose}", advance.number, payment.reference)
}
