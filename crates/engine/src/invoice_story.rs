//! "Why is this not paid?" of an invoice, also of one that nobody tried to pay (N3): what is recorded of it here, and what
//! the books said when they were read last. Nobody is asked, and nothing is changed.

use crate::{
    AdminPass, Engine, Error,
    clock::{on_the_wall, zone},
    faces::{BankDay, never_sent},
};
use domain::{
    date::Lateness,
    ids::InvoiceId,
    invoice_story::{InvoiceStory, Known, Tried, Try},
    payment::AttemptState,
};
use store::BooksEntryState;

/// Older ones say nothing about where it stands now.
const PAYMENTS_SHOWN: u64 = 50;
const OPENINGS_SHOWN: u64 = 10;

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice, and for an advance, which is none.
    pub async fn invoice_story(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<InvoiceStory, Error> {
        let (db, merchant) = (&admin.db, admin.db.merchant().await?);
        let (zone, locale) = (zone(&merchant.time_zone), merchant.face()?.locale);
        let (invoice, customer) = db.invoice_with_customer(invoice).await?;
        if invoice.advance.is_some() {
            return Err(Error::NotFound);
        }
        let payments = db.payments_of_invoice(invoice.id, PAYMENTS_SHOWN).await?;
        let attempts = db.latest_attempts(payments.iter().map(|payment| payment.id).collect()).await?;
        let ids: Vec<_> = attempts.values().map(|attempt| attempt.id).collect();
        let mut entries = db.books_entries_of(&ids).await?;
        entries.retain(|entry| entry.invoice_id == invoice.id);
        let today = self.clock().today(zone);
        let (mut tries, mut here_minor) = (Vec::new(), 0);
        for attempt in payments.iter().filter_map(|payment| attempts.get(&payment.id)) {
            let entry = entries.iter().find(|entry| entry.attempt_id == attempt.id);
            let clears_by = match BankDay::of(attempt, zone, today) {
                Some(BankDay::ClearsBy(by)) => Some(by),
                _ => None,
            };
            let tried = match tried(attempt.state, never_sent(attempt), entry.map(|entry| entry.state)) {
                None => continue,
                Some(Tried::AtBank { .. }) => Tried::AtBank { clears_by },
                // A debit that is to be tried again has not ended.
                Some(ended @ (Tried::Declined | Tried::TakenBack)) => {
                    self.planned_again(db, attempt.id).await?.map_or(ended, Tried::AgainOn)
                }
                Some(other) => other,
            };
            if tried == Tried::InBooks {
                here_minor += entry.map_or(0, |entry| entry.amount_minor);
            }
            tries.push(Try { at: on_the_wall(attempt.created_at, zone), tried });
        }
        let opened = db.checkouts_opened(invoice.id, OPENINGS_SHOWN).await?;
        let opened: Vec<_> = opened.into_iter().map(|at| on_the_wall(at, zone)).collect();
        let known = Known {
            status: invoice.status,
            left: invoice.due()?.format(locale),
            due_date: invoice.due_date,
            lateness: Lateness::of(invoice.due_date, today),
            tries,
            lacks_payment: here_minor + invoice.due_minor > invoice.total_minor,
            opened: opened.first().copied(),
            has_email: customer.email.as_deref().is_some_and(|email| !email.trim().is_empty()),
        };
        Ok(InvoiceStory {
            who: admin.who.clone(),
            invoice: self.invoice_faces(db, &merchant, vec![invoice]).await?.remove(0),
            why: known.why(),
            customer_email: customer.email,
            payments: self.payment_rows(db, payments, zone).await?,
            opened,
        })
    }
}

/// What became of a try, as far as this invoice goes: its entry in the books says more than the attempt. Nothing, when its
/// money stands elsewhere, or need stand nowhere.
const fn tried(state: AttemptState, never_sent: bool, entry: Option<BooksEntryState>) -> Option<Tried> {
    use AttemptState as S;
    Some(match (state, entry) {
        (_, Some(BooksEntryState::Moved)) => return None,
        (S::Created | S::Unknown, _) => Tried::Unanswered,
        (S::RequiresAction, _) => Tried::WaitsForPayer,
        (S::Processing, _) => Tried::AtBank { clears_by: None },
        (S::Approved | S::PendingSettlement | S::Settled, entry) => match entry {
            Some(BooksEntryState::Posted | BooksEntryState::ByHand | BooksEntryState::Invoiced) => Tried::InBooks,
            Some(BooksEntryState::Refused) => Tried::Refused,
            Some(BooksEntryState::Needless) => return None,
            Some(BooksEntryState::Intended | BooksEntryState::Leaving | BooksEntryState::Moved) | None => {
                Tried::Recording
            }
        },
        (_, Some(BooksEntryState::Leaving)) => Tried::Leaving,
        (_, Some(BooksEntryState::Invoiced)) => Tried::Invoiced,
        // Nobody takes it out by itself any more.
        (_, Some(BooksEntryState::Refused)) => Tried::Stays,
        (S::Returned, _) | (S::Voided, Some(_)) => Tried::TakenBack,
        (S::Declined, _) if never_sent => Tried::NotSent,
        (S::Declined, _) => Tried::Declined,
        (S::Voided, None) => Tried::GivenUp,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_what_the_books_have_of_a_payment_says_more_than_its_attempt() {
        use {AttemptState as S, BooksEntryState as B};
        for (state, entry, told) in [
            (S::Created, None, Some(Tried::Unanswered)),
            (S::Unknown, None, Some(Tried::Unanswered)),
            (S::RequiresAction, None, Some(Tried::WaitsForPayer)),
            (S::Processing, None, Some(Tried::AtBank { clears_by: None })),
            (S::Approved, Some(B::Intended), Some(Tried::Recording)),
            (S::Settled, Some(B::Refused), Some(Tried::Refused)),
            (S::Approved, Some(B::Posted), Some(Tried::InBooks)),
            (S::Approved, Some(B::ByHand), Some(Tried::InBooks)),
            (S::Approved, Some(B::Moved), None),
            (S::Approved, Some(B::Needless), None),
            (S::Declined, None, Some(Tried::Declined)),
            (S::Voided, None, Some(Tried::GivenUp)),
            (S::Voided, Some(B::Needless), Some(Tried::TakenBack)),
            (S::Returned, Some(B::Leaving), Some(Tried::Leaving)),
            (S::Returned, Some(B::Refused), Some(Tried::Stays)),
            (S::Returned, Some(B::Needless), Some(Tried::TakenBack)),
            (S::Returned, Some(B::Invoiced), Some(Tried::Invoiced)),
        ] {
            assert_eq!(tried(state, false, entry), told, "{state:?} {entry:?}");
        }
        assert_eq!(tried(S::Declined, true, None), Some(Tried::NotSent));
    }
}
