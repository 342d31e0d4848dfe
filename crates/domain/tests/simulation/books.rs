//! The truth of the books: what is due on each invoice, and what stands there that came from the portal.

use crate::portal::Share;

/// What the invoices are over, in minor units; a story has the first one, two, or all of them.
const TOTALS: [i64; 3] = [10_000, 7_300, 450];
pub const INVOICES_MAX: usize = TOTALS.len();

#[derive(Debug)]
pub struct Books {
    due: Vec<i64>,
    /// What was paid of each past the portal.
    by_hand: Vec<i64>,
    /// By attempt and share.
    pub payments: Vec<(usize, usize)>,
    /// What was paid back out of the clearing account, by refund and share.
    pub credits: Vec<(usize, usize)>,
}

impl Books {
    pub fn new(invoices: usize) -> Self {
        let (due, by_hand) = (TOTALS[..invoices].to_vec(), vec![0; invoices]);
        Self { due, by_hand, payments: Vec::new(), credits: Vec::new() }
    }

    pub const fn invoices(&self) -> usize {
        self.due.len()
    }

    pub fn due(&self, invoice: usize) -> i64 {
        self.due[invoice]
    }

    /// What the invoice's payers can have paid at most.
    pub const fn total(invoice: usize) -> i64 {
        TOTALS[invoice]
    }

    /// What is due beside what stands there, as it must be.
    pub fn must_be_due(&self, invoice: usize, posted: i64) -> i64 {
        TOTALS[invoice] - self.by_hand[invoice] - posted
    }

    /// One that stands is looked up and not written again. `false`: less is due by now. A surcharge's own invoice is raised
    /// over as much.
    pub fn post(&mut self, attempt: usize, place: usize, share: Share) -> bool {
        if self.payments.contains(&(attempt, place)) {
            return true;
        }
        if let Some(invoice) = share.on {
            if self.due[invoice] < share.minor {
                return false;
            }
            self.due[invoice] -= share.minor;
        }
        self.payments.push((attempt, place));
        true
    }

    pub fn take_out(&mut self, attempt: usize, place: usize, share: Share) {
        let Some(at) = self.payments.iter().position(|payment| *payment == (attempt, place)) else { return };
        self.payments.swap_remove(at);
        if let Some(invoice) = share.on {
            self.due[invoice] += share.minor;
        }
    }

    /// A customer has paid by cheque, or in cash.
    pub fn pay_by_hand(&mut self, invoice: usize) {
        self.by_hand[invoice] += std::mem::take(&mut self.due[invoice]);
    }
}
