//! A payment that the books refused, once some of it was paid back: what a person must still enter of it. Such a refund
//! takes nothing out of the books, so its write is needless and leaves that much less to enter.

use crate::{Error, quote_sessions::is_quote, work::Work};
use chrono::{DateTime, Utc};
use domain::refund::RefundState;
use store::{Attempt, BooksEntry, BooksEntryState, MerchantTx, Refund, RefundEntry};

/// Why nobody but a person takes out what one has entered.
pub(crate) const BY_HAND: &str = "It was marked as fixed by hand, so what was entered then must be undone by hand.";

/// What was paid back of a payment's share without ever having been in the books. `parts` are the refunds' own writes.
pub(crate) fn never_entered(share: &BooksEntry, refunds: &[Refund], parts: &[RefundEntry]) -> i64 {
    let is_paid = |part: &&RefundEntry| {
        refunds.iter().any(|refund| refund.id == part.refund_id && refund.state == RefundState::Succeeded)
    };
    let of = parts.iter().filter(|part| part.invoice_id == share.invoice_id && part.state == BooksEntryState::Needless);
    of.filter(is_paid).map(|part| part.amount_minor).sum()
}

/// What was paid back whole need not be entered any more, and keeps nobody off its invoice; that of a surcharge, or of a quote,
/// leaves the books. It must be entered once such a refund has failed after all. The attempt is held meanwhile.
pub(crate) async fn weigh_refused(tx: &MerchantTx, attempt: &Attempt, now: DateTime<Utc>) -> Result<(), Error> {
    if !attempt.state.has_money() {
        return Ok(());
    }
    let refunds = tx.refunds_of(&[attempt.id]).await?;
    let parts = tx.refund_parts(&refunds).await?;
    for (share, invoice) in tx.books_shares(attempt.id).await? {
        let is_paid_back = never_entered(&share, &refunds, &parts) >= share.amount_minor;
        let error = share.last_error.as_deref();
        match (share.state, is_paid_back) {
            // Its invoice may stand, or one half of a quote's pair.
            (BooksEntryState::Refused, true) if share.is_surcharge() || is_quote(&invoice) => {
                tx.books_entry_move(&share, BooksEntryState::Leaving, None, None, now).await?;
                let void = Work::TakeBackPayment { attempt: attempt.id, asked_ms: now.timestamp_millis() };
                void.queue(tx, Some(attempt.payment_id), now, now).await?;
                tx.quote_covers_end(share.invoice_id, now).await?;
            }
            (BooksEntryState::Refused, true) => {
                tx.books_entry_move(&share, BooksEntryState::Needless, None, error, now).await?;
                tx.claim_release(attempt.id, share.invoice_id).await?;
            }
            // Without a claim: the entry by itself keeps others off the invoice.
            (BooksEntryState::Needless | BooksEntryState::Leaving, false) => {
                tx.books_entry_move(&share, BooksEntryState::Refused, None, error, now).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use BooksEntryState::{Intended, Needless, Posted, Refused};
    use domain::{
        ids::{AttemptId, InvoiceId, MerchantId, RefundId},
        refund::{RefundMade, RefundMeaning},
    };
    use uuid::Uuid;

    fn share() -> BooksEntry {
        BooksEntry {
            merchant_id: MerchantId(Uuid::nil()),
            attempt_id: AttemptId(Uuid::nil()),
            invoice_id: InvoiceId(Uuid::from_u128(1)),
            amount_minor: 1_000,
            idempotency_key: String::new(),
            state: Refused,
            external_id: None,
            last_error: None,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn refund(n: u128, state: RefundState) -> Refund {
        Refund {
            merchant_id: MerchantId(Uuid::nil()),
            id: RefundId(Uuid::from_u128(n)),
            attempt_id: AttemptId(Uuid::nil()),
            made: RefundMade::Here,
            meaning: RefundMeaning::SaleCancelled,
            currency: "USD".into(),
            amount_minor: 100,
            surcharge_minor: 0,
            charge_gateway_id: String::new(),
            reason: String::new(),
            asked_by: String::new(),
            state,
            failure: None,
            contradicted: false,
            gateway_id: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn part(refund: u128, invoice: u128, state: BooksEntryState) -> RefundEntry {
        RefundEntry {
            merchant_id: MerchantId(Uuid::nil()),
            refund_id: RefundId(Uuid::from_u128(refund)),
            invoice_id: InvoiceId(Uuid::from_u128(invoice)),
            amount_minor: 100,
            state,
            credit_id: None,
            external_id: None,
            last_error: None,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn d30_only_what_was_paid_back_and_is_in_no_books_lessens_what_must_be_entered() {
        for (state, parts, minor) in [
            (RefundState::Succeeded, vec![], 0),
            (RefundState::Succeeded, vec![part(1, 1, Needless)], 100),
            (RefundState::Succeeded, vec![part(1, 1, Needless), part(1, 2, Needless)], 100),
            (RefundState::Succeeded, vec![part(2, 1, Needless)], 0),
            (RefundState::Failed, vec![part(1, 1, Needless)], 0),
            (RefundState::Succeeded, vec![part(1, 1, Intended)], 0),
            (RefundState::Succeeded, vec![part(1, 1, Posted)], 0),
            (RefundState::Succeeded, vec![part(1, 1, Refused)], 0),
        ] {
            assert_eq!(never_entered(&share(), &[refund(1, state)], &parts), minor, "{state:?} {parts:?}");
        }
    }
}
