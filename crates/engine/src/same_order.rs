//! Is a press of Pay that brings a known payment's id the same press again? The id is the idempotency key of everything
//! that follows, so it stands for one request (`wire/gateways.md`, 8.1). Where the receipt goes is no part of that.

use crate::{Error, GuestPass, Order, PayHow, TakeError};
use domain::{
    ids::InvoiceId,
    money::Money,
    payment::{ShownShare, together},
};
use store::{Allocation, Attempt};

/// Whether that payment's standing answers the press: it asks for the same amounts of the same invoices in the same way,
/// or the payment has brought no money and brings none, which whoever presses once more must read as it is.
///
/// # Errors
/// The database is away.
pub(crate) async fn is_answered_by_it(guest: &GuestPass, order: &Order) -> Result<bool, TakeError> {
    let (payment, shares) = guest.db.payment_with_shares(order.payment).await?;
    let attempts = guest.db.attempts_of(payment.id).await?;
    if attempts.iter().all(|attempt| attempt.state.is_dead()) {
        return Ok(true);
    }
    // Later ones are debits that were tried again, for which nobody pressed Pay.
    let first = attempts.first().ok_or(Error::NotFound)?;
    let paid = Money::new(shares.iter().map(|share| share.amount_minor).sum(), payment.amount()?.currency);
    let asked: Vec<_> = order.expected.iter().map(|shown| shown.pay).collect();
    let is_same_sum = together(&asked).is_ok_and(|asked| asked == paid);
    Ok(is_same_sum && are_paid(&guest.invoices(), &order.expected, &shares) && is_paid_by(first, &order.how))
}

/// What is paid over what is due has a share of its own, which the sum tells.
fn are_paid(invoices: &[InvoiceId], asked: &[ShownShare], shares: &[Allocation]) -> bool {
    let is_paid = |(invoice, shown): (&InvoiceId, &ShownShare)| {
        let (pays, due) = (shown.share().minor, shown.due.minor);
        shares.iter().any(|of| of.invoice_id == *invoice && of.amount_minor == pays && of.due_minor == due)
    };
    invoices.len() == asked.len() && invoices.iter().zip(asked).all(is_paid)
}

/// A card that is entered once more has another token, and so has a press that is repeated by the gateway's script.
fn is_paid_by(attempt: &Attempt, how: &PayHow) -> bool {
    match how {
        PayHow::Saved(method) => attempt.method_id == Some(*method),
        PayHow::Token(_) => attempt.method_id.is_none() && attempt.method_token.is_some(),
        PayHow::HostedPage => attempt.method_id.is_none() && attempt.method_token.is_none(),
    }
}
