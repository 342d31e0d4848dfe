//! The portal's database: rows, and the constraints that hold them. What is written into them, `domain` decides.

use crate::gateway::OWED;
use chrono::{DateTime, Utc};
use domain::{
    ledger::{Account, Journal, JournalKind},
    money::Money,
    payment::{AttemptState, Observation},
    refund::{RefundSeen, RefundState},
};

#[derive(Debug)]
pub struct Attempt {
    pub state: AttemptState,
    pub contradicted: bool,
    pub gateway_id: Option<String>,
    pub known: Vec<(Observation, DateTime<Utc>)>,
    pub created: DateTime<Utc>,
    pub entry: Option<Entry>,
}

/// A write into the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Intended,
    Posted,
    Leaving,
    Needless,
}

#[derive(Debug)]
pub struct Refund {
    pub of: usize,
    pub amount: Money,
    pub state: RefundState,
    pub contradicted: bool,
    pub gateway_id: Option<String>,
    pub known: Vec<(RefundSeen, DateTime<Utc>)>,
    pub created: DateTime<Utc>,
}

/// The same work is queued once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    LookUp(usize),
    Post(usize),
    TakeBack(usize),
    LookUpRefund(usize),
    /// News of a charge, by the number of the event.
    News(usize, u32),
    NewsOfRefund(usize, u32),
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
    pub jobs: Vec<Job>,
    /// The attempt that keeps others off the invoice.
    pub claim: Option<usize>,
    pub claims_taken: u32,
    /// The invoice's balance in the books.
    pub due: Money,
    journals: Vec<(usize, Option<usize>, Journal)>,
    /// A row that the database would not have taken.
    pub refused: Option<String>,
}

impl Portal {
    pub const fn new() -> Self {
        Self {
            attempts: Vec::new(),
            refunds: Vec::new(),
            jobs: Vec::new(),
            claim: None,
            claims_taken: 0,
            due: OWED,
            journals: Vec::new(),
            refused: None,
        }
    }

    pub const fn take_claim(&mut self, attempt: usize) {
        self.claim = Some(attempt);
        self.claims_taken += 1;
    }

    pub fn release_claim(&mut self, attempt: usize) {
        if self.claim == Some(attempt) {
            self.claim = None;
        }
    }

    /// Money that the books do not have yet keeps others off the invoice, too.
    pub fn is_unposted(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.entry == Some(Entry::Intended))
    }

    /// Each kind stands once for an attempt, and once for a refund.
    pub fn book(&mut self, attempt: usize, refund: Option<usize>, kind: JournalKind, amount: Money) {
        if self.journals.iter().any(|(of, by, journal)| (*of, *by, journal.kind()) == (attempt, refund, kind)) {
            self.refused = Some(format!("{kind:?} twice for charge {attempt}, refund {refund:?}"));
        }
        let journal = Journal::of(kind, amount).expect("it balances");
        self.journals.push((attempt, refund, journal));
    }

    pub fn intend_entry(&mut self, attempt: usize) {
        if self.attempts[attempt].entry.replace(Entry::Intended).is_some() {
            self.refused = Some(format!("charge {attempt} is meant for the books twice"));
        }
    }

    /// What stands in the books is to leave them; what is being written ends with its job.
    pub fn leave_entry(&mut self, attempt: usize) {
        let entry = &mut self.attempts[attempt].entry;
        if *entry == Some(Entry::Posted) {
            *entry = Some(Entry::Leaving);
        }
    }

    /// What the ledger says that the gateway has.
    pub fn clearing_minor(&self) -> i64 {
        let lines = self.journals.iter().flat_map(|(_, _, journal)| journal.lines());
        lines.filter(|line| line.account == Account::GatewayClearing).map(|line| line.amount.minor).sum()
    }

    pub fn refunds_of(&self, attempt: usize) -> Vec<(RefundState, Money)> {
        self.refunds.iter().filter(|refund| refund.of == attempt).map(|refund| (refund.state, refund.amount)).collect()
    }
}
