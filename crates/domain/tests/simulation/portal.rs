//! The portal's database: rows, and the constraints that hold them. What is written into them, `domain` decides.

use crate::{
    books::{Books, INVOICES_MAX},
    gateway::usd,
};
use chrono::{DateTime, Utc};
use domain::{
    dispute::{DisputeSeen, DisputeState},
    ids::InvoiceId,
    ledger::{Account, Journal, JournalKind},
    money::Money,
    payment::{AttemptState, Fact, Observation},
    refund::{RefundMeaning, RefundSeen, RefundState, spread},
};
use uuid::Uuid;

#[derive(Debug)]
pub struct Attempt {
    pub state: AttemptState,
    pub contradicted: bool,
    pub gateway_id: Option<String>,
    pub known: Vec<(Observation, DateTime<Utc>)>,
    pub created: DateTime<Utc>,
    /// Surcharge included.
    pub amount: Money,
    pub surcharge_minor: i64,
    /// What it pays, and what came later by re-allocation.
    pub shares: Vec<Share>,
}

#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// The invoice; none for the surcharge's own.
    pub on: Option<usize>,
    pub minor: i64,
    /// Its write into the books, once it is meant for them.
    pub entry: Option<Entry>,
}

/// A write into the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Intended,
    Posted,
    /// A person must decide.
    Refused,
    Leaving,
    Needless,
    ByHand,
    /// Another share is meant instead.
    Moved,
}

#[derive(Debug)]
pub struct Refund {
    pub of: usize,
    /// Its place at the gateway.
    pub there: usize,
    pub amount: Money,
    pub surcharge_minor: i64,
    pub meaning: RefundMeaning,
    pub state: RefundState,
    pub contradicted: bool,
    pub gateway_id: Option<String>,
    pub known: Vec<(RefundSeen, DateTime<Utc>)>,
    pub created: DateTime<Utc>,
    pub parts: Vec<Part>,
}

impl Refund {
    /// One of which nothing was heard yet.
    pub const fn new(of: usize, there: usize, amount: Money, surcharge_minor: i64, created: DateTime<Utc>) -> Self {
        Self {
            of,
            there,
            amount,
            surcharge_minor,
            meaning: RefundMeaning::SaleCancelled,
            state: RefundState::Created,
            contradicted: false,
            gateway_id: None,
            known: Vec::new(),
            created,
            parts: Vec::new(),
        }
    }

    /// All of a payment, whose customer owes it again when it goes back.
    pub fn is_owed_again(&self, of: usize) -> bool {
        self.of == of && self.meaning == RefundMeaning::StillOwed
    }
}

/// What a refund gives back of one share.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub share: usize,
    pub minor: i64,
    pub entry: Entry,
}

#[derive(Debug)]
pub struct Dispute {
    pub of: usize,
    /// Its place at the gateway.
    pub there: usize,
    pub minor: i64,
    pub state: DisputeState,
    pub known: Vec<DisputeSeen>,
    /// All of the payment was lost while a refund of it was undecided: a person takes it out of the books.
    pub is_left_to_a_person: bool,
}

/// What a journal is about, beside its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Payment,
    Refund(usize),
    Dispute(usize),
}

/// The same work is queued once. What may be queued anew has the number of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    LookUp(usize),
    Post(usize, u32),
    TakeBack(usize, u32),
    LookUpRefund(usize),
    PostRefund(usize),
    TakeBackRefund(usize),
    LookUpDispute(usize),
    /// News of a charge, by the number of the event.
    News(usize, u32),
    /// Of a refund, by its place at the gateway.
    NewsOfRefund(usize, u32),
    NewsOfDispute(usize, u32),
}

#[derive(Debug)]
pub struct Job {
    pub work: Work,
    pub tries: i32,
    /// The life of the process that has it.
    pub held_by: Option<u32>,
    pub done: bool,
}

#[derive(Debug)]
pub struct Portal {
    pub attempts: Vec<Attempt>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
    pub jobs: Vec<Job>,
    /// The attempt that keeps others off each invoice.
    pub claims: [Option<usize>; INVOICES_MAX],
    pub claims_taken: [u32; INVOICES_MAX],
    /// Not rows of the portal's: what it reads and writes elsewhere.
    pub books: Books,
    journals: Vec<(usize, About, Journal)>,
    /// A row that the database would not have taken.
    pub refused: Option<String>,
}

impl Portal {
    pub fn new(invoices: usize) -> Self {
        Self {
            attempts: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            jobs: Vec::new(),
            claims: [None; INVOICES_MAX],
            claims_taken: [0; INVOICES_MAX],
            books: Books::new(invoices),
            journals: Vec::new(),
            refused: None,
        }
    }

    pub const fn take_claim(&mut self, attempt: usize, invoice: usize) {
        self.claims[invoice] = Some(attempt);
        self.claims_taken[invoice] += 1;
    }

    /// Those of its invoices that nobody else has meanwhile. What was put on another invoice does not come back.
    pub fn retake_claims(&mut self, attempt: usize) {
        for place in 0..self.attempts[attempt].shares.len() {
            let share = self.attempts[attempt].shares[place];
            if let Some(invoice) = share.on.filter(|invoice| self.claims[*invoice].is_none())
                && share.entry != Some(Entry::Moved)
            {
                self.take_claim(attempt, invoice);
            }
        }
    }

    pub fn release_claim(&mut self, attempt: usize, invoice: usize) {
        if self.claims[invoice] == Some(attempt) {
            self.claims[invoice] = None;
        }
    }

    pub fn release_claims(&mut self, attempt: usize) {
        for invoice in 0..INVOICES_MAX {
            self.release_claim(attempt, invoice);
        }
    }

    /// Money that the books do not have yet keeps others off the invoice, too.
    pub fn is_unposted(&self, invoice: usize) -> bool {
        let mut shares = self.attempts.iter().flat_map(|attempt| &attempt.shares);
        shares.any(|share| share.on == Some(invoice) && matches!(share.entry, Some(Entry::Intended | Entry::Refused)))
    }

    /// Each kind stands once for an attempt, and once for a refund or a dispute.
    pub fn book(&mut self, attempt: usize, about: About, kind: JournalKind, amount: Money) {
        if self.journals.iter().any(|(of, by, journal)| (*of, *by, journal.kind()) == (attempt, about, kind)) {
            self.refused = Some(format!("{kind:?} twice for charge {attempt}, {about:?}"));
        }
        let journal = Journal::of(kind, amount).expect("it balances");
        self.journals.push((attempt, about, journal));
    }

    /// All shares are meant for the books; those of an earlier life, whose money went back and came again, anew. `true`:
    /// there were such.
    pub fn intend_entries(&mut self, attempt: usize) -> bool {
        let row = &mut self.attempts[attempt];
        let again = row.shares.iter().any(|share| share.entry.is_some());
        let came_again = |fact: &Fact| matches!(fact, Fact::Reinstated { .. } | Fact::NotPaidBack { .. });
        if again && !row.known.iter().any(|(known, _)| came_again(&known.fact)) {
            self.refused = Some(format!("charge {attempt} is meant for the books twice"));
        }
        for share in row.shares.iter_mut().filter(|share| share.entry != Some(Entry::Moved)) {
            share.entry = Some(Entry::Intended);
        }
        again
    }

    /// What stands in the books is to leave them, and what they refused is needless; what a person has entered, they undo.
    /// What is being written ends with its job.
    pub fn leave_entries(&mut self, attempt: usize) {
        for place in 0..self.attempts[attempt].shares.len() {
            let share = &mut self.attempts[attempt].shares[place];
            match share.entry {
                Some(Entry::Posted) => share.entry = Some(Entry::Leaving),
                Some(Entry::Refused | Entry::ByHand) => {
                    share.entry = Some(Entry::Needless);
                    if let Some(invoice) = share.on {
                        self.release_claim(attempt, invoice);
                    }
                }
                _ => {}
            }
        }
    }

    /// `settle_refund.rs`, `parts`: what is surcharge of it goes to the surcharge's own invoice, the rest uses up the shares
    /// one after the other.
    pub fn intend_parts(&mut self, refund: usize) {
        let (of, minor, surcharge_minor) = {
            let it = &self.refunds[refund];
            (it.of, it.amount.minor, it.surcharge_minor)
        };
        let shares = &self.attempts[of].shares;
        let used = |place: usize| -> i64 {
            let living = self.refunds.iter().filter(|other| other.of == of && !other.state.is_dead());
            living.flat_map(|other| &other.parts).filter(|part| part.share == place).map(|part| part.minor).sum()
        };
        let mut left = Vec::new();
        for (place, share) in shares.iter().enumerate().filter(|(_, share)| share.entry != Some(Entry::Moved)) {
            let unused = share.minor - used(place);
            let left_of_it = if share.on.is_none() { surcharge_minor.min(unused) } else { unused };
            left.push((InvoiceId(Uuid::from_u128(place as u128)), left_of_it));
        }
        left.sort_by_key(|(place, _)| shares[place_of(*place)].on.is_some());
        let parts = spread(minor, left).into_iter();
        let parts = parts.map(|(id, minor)| Part { share: place_of(id), minor, entry: Entry::Intended });
        self.refunds[refund].parts = parts.collect();
    }

    /// Some of this share is paid back, or was meant to be.
    pub fn has_parts(&self, attempt: usize, place: usize) -> bool {
        let mut refunds = self.refunds.iter().filter(|refund| refund.of == attempt);
        refunds.any(|refund| refund.parts.iter().any(|part| part.share == place))
    }

    /// What the ledger says that the gateway has.
    pub fn clearing_minor(&self) -> i64 {
        let lines = self.journals.iter().flat_map(|(_, _, journal)| journal.lines());
        lines.filter(|line| line.account == Account::GatewayClearing).map(|line| line.amount.minor).sum()
    }

    pub fn refunds_of(&self, attempt: usize) -> Vec<(RefundState, Money, i64)> {
        let refunds = self.refunds.iter().filter(|refund| refund.of == attempt);
        refunds.map(|refund| (refund.state, refund.amount, refund.surcharge_minor)).collect()
    }

    /// The refund that has this place at the gateway, once it is known.
    pub fn refund_at(&self, there: usize) -> Option<usize> {
        self.refunds.iter().position(|refund| refund.there == there)
    }

    /// All of it was paid back, and its customer owes the invoices.
    pub fn is_owed_again(&self, attempt: usize) -> bool {
        self.refunds.iter().any(|refund| refund.is_owed_again(attempt) && refund.state == RefundState::Succeeded)
    }

    /// Or that may come.
    pub fn may_be_owed_again(&self, attempt: usize) -> bool {
        self.refunds.iter().any(|refund| refund.is_owed_again(attempt) && !refund.state.is_dead())
    }

    pub fn disputes_of(&self, attempt: usize) -> Vec<(DisputeState, Money)> {
        let disputes = self.disputes.iter().filter(|dispute| dispute.of == attempt);
        disputes.map(|dispute| (dispute.state, usd(dispute.minor))).collect()
    }
}

/// A share's place, as [`Portal::intend_parts`] writes it.
fn place_of(id: InvoiceId) -> usize {
    usize::try_from(id.0.as_u128()).expect("it was one")
}
