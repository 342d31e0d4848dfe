//! The truth: what a gateway did with charges and refunds, and what became of disputes. It keeps what its adapter promises
//! (`connectors`, `gateway/*/find.rs`), and nothing beyond.

use crate::clock::{HOUR, MINUTE, Ms, SECOND};
use chrono::DateTime;
use domain::{
    dispute::{DisputeReason, DisputeSeen, DisputeState},
    money::{Currency, Money},
    payment::{DeclineReason, Fact, Observation},
    refund::{RefundFact, RefundFailure, RefundSeen},
};

pub const fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// A key is replayed for so long.
const REPLAY_MAX: Ms = 10 * MINUTE;
/// Until then a list that lacks a charge says nothing.
const LISTED_WITHIN: Ms = 2 * MINUTE;
/// How long a page without an id can be paid.
pub const PAGE_OPEN: Ms = 30 * MINUTE;
/// From then on a look-up can say that nobody pays there any more.
pub const PAGE_OVER: Ms = PAGE_OPEN + LISTED_WITHIN;
/// How long a page with an id can be paid, when nobody ends it.
pub const SESSION_OPEN: Ms = 24 * HOUR;

/// How a charge whose id is not known is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By the same request with the same key, and later by a list.
    Replays,
    /// By a list, where a charge shows up in the end. The same request sent twice is two charges.
    Lists,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Card,
    Debit,
    /// The gateway's own page, where the payer acts later or never.
    Page,
    /// A request that the gateway rejects as such.
    Malformed,
}

#[derive(Debug)]
pub struct Charge {
    pub how: How,
    pub amount: Money,
    /// What it was meant to pay, in minor units of each invoice.
    pub meant: Vec<(usize, i64)>,
    /// The bank says yes.
    pub good: bool,
    /// Nothing until it reaches the gateway.
    pub truth: Option<Fact>,
    pub listed_at: Ms,
    /// How often it was executed.
    pub times: u32,
    /// Somebody has the page's address.
    pub page_is_known: bool,
}

#[derive(Debug)]
pub struct Refund {
    /// The charge.
    pub of: usize,
    pub minor: i64,
    /// Accepted first, and paid out later.
    pub slow: bool,
    /// Made by somebody at the gateway's own console.
    pub is_there: bool,
    pub truth: Option<RefundFact>,
    /// Paid out, now or once.
    pub was_paid: bool,
}

#[derive(Debug)]
pub struct Dispute {
    /// The charge.
    pub of: usize,
    pub minor: i64,
    pub truth: DisputeState,
    pub was_lost: bool,
}

/// What a look-up finds.
#[derive(Clone, Debug)]
pub enum Found<T> {
    Seen(T),
    NotThere,
    TooEarly,
}

#[derive(Debug)]
pub struct Gateway {
    pub kind: Kind,
    pub charges: Vec<Charge>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
}

pub const fn bank_no() -> Fact {
    Fact::BankNo { reason: DeclineReason::Declined }
}

pub fn page() -> Fact {
    Fact::ActionNeeded { url: String::new(), fields: Vec::new() }
}

impl Charge {
    /// The gateway has the money or has promised it, or still takes it.
    pub fn is_alive(&self) -> bool {
        if self.is_page() { self.page_is_known } else { self.holds() }
    }

    /// It waits for its payer.
    pub const fn is_page(&self) -> bool {
        matches!(self.truth, Some(Fact::ActionNeeded { .. }))
    }

    pub fn holds(&self) -> bool {
        self.truth.as_ref().is_some_and(|truth| truth.is_money() || *truth == Fact::Processing)
    }

    pub fn has_money(&self) -> bool {
        self.truth.as_ref().is_some_and(Fact::is_money)
    }

    /// Whether things can move on so at a gateway.
    pub fn may_become(&self, to: &Fact) -> bool {
        match (&self.truth, to) {
            (Some(Fact::ActionNeeded { .. }), Fact::Approved | Fact::Voided)
            | (Some(Fact::Approved), Fact::PendingSettlement)
            | (Some(Fact::Approved | Fact::PendingSettlement), Fact::Voided | Fact::Settled)
            | (Some(Fact::Processing), Fact::Settled) => true,
            (Some(Fact::Processing | Fact::Settled), no) => *no == bank_no(),
            _ => false,
        }
    }
}

impl Refund {
    pub fn is_alive(&self) -> bool {
        matches!(self.truth, Some(RefundFact::Pending | RefundFact::Succeeded))
    }

    pub fn becomes(&mut self, truth: RefundFact) {
        self.was_paid |= truth == RefundFact::Succeeded;
        self.truth = Some(truth);
    }

    fn begins(&mut self) {
        self.becomes(if self.slow { RefundFact::Pending } else { RefundFact::Succeeded });
    }
}

impl Gateway {
    /// A charge arrives. `true`: it was not there before.
    pub fn execute(&mut self, charge: usize, listed_at: Ms) -> bool {
        let it = &mut self.charges[charge];
        if it.how == How::Malformed || (it.truth.is_some() && self.kind == Kind::Replays) {
            return false;
        }
        it.times += 1;
        if it.truth.is_some() {
            return false;
        }
        it.listed_at = listed_at;
        it.truth = Some(match it.how {
            How::Page => page(),
            How::Debit => Fact::Processing,
            _ if it.good => Fact::Approved,
            _ => bank_no(),
        });
        true
    }

    /// A charge as it is told, when there is one.
    pub fn tell(&self, charge: usize) -> Option<Observation> {
        let it = &self.charges[charge];
        let truth = it.truth.clone()?;
        let is_page = matches!(truth, Fact::ActionNeeded { .. });
        let gateway_id = (self.kind == Kind::Replays || !is_page).then(|| format!("ch_{charge}"));
        let amount = truth.is_money().then_some(it.amount);
        Some(Observation { gateway_id, amount, ..Observation::bare(truth) })
    }

    /// Whether a look-up without an id sends the charge once more.
    pub fn replays(&self, age: Ms) -> bool {
        self.kind == Kind::Replays && age < REPLAY_MAX
    }

    pub fn find(&self, charge: usize, id_is_known: bool, age: Ms, now: Ms) -> Found<Observation> {
        let it = &self.charges[charge];
        let is_page = it.how == How::Page;
        match self.tell(charge) {
            Some(told) if id_is_known || self.replays(age) => Found::Seen(told),
            Some(told) if !it.is_page() && it.listed_at <= now => Found::Seen(told),
            _ if self.kind == Kind::Replays => Found::NotThere,
            _ if is_page && age < PAGE_OVER => Found::TooEarly,
            _ if age < LISTED_WITHIN => Found::TooEarly,
            _ => Found::NotThere,
        }
    }

    /// Ends what waits for its payer; whatever it is then is the answer.
    pub fn cancel(&mut self, charge: usize) -> Option<Observation> {
        let it = &mut self.charges[charge];
        if it.is_page() {
            it.truth = Some(Fact::Voided);
        }
        self.tell(charge)
    }

    /// A refund of ours arrives. `true`: it was not there before. How much is paid back, nobody but the portal limits, unless
    /// somebody else refunds beside it.
    pub fn execute_refund(&mut self, refund: usize) -> bool {
        let it = &self.refunds[refund];
        let is_shared = self.refunds.iter().any(|other| other.of == it.of && other.is_there);
        let is_over = is_shared && it.minor > self.left_minor(it.of);
        if it.truth.is_some() || is_over || !self.pays_back(it.of) {
            return false;
        }
        self.refunds[refund].begins();
        true
    }

    /// Somebody refunds at the console. Nothing, where that is more than what is left.
    pub fn refund_there(&mut self, of: usize, minor: i64, slow: bool) -> Option<usize> {
        if minor > self.left_minor(of) || !self.pays_back(of) {
            return None;
        }
        let mut made = Refund { of, minor, slow, is_there: true, truth: None, was_paid: false };
        made.begins();
        self.refunds.push(made);
        Some(self.refunds.len() - 1)
    }

    /// What is disputed is not paid back as well.
    fn pays_back(&self, charge: usize) -> bool {
        let is_disputed = self.disputes.iter().any(|dispute| dispute.of == charge && dispute.truth.holds_money());
        self.charges[charge].has_money() && !is_disputed
    }

    fn left_minor(&self, charge: usize) -> i64 {
        self.charges[charge].amount.minor - self.paid_back_minor(charge)
    }

    pub fn tell_refund(&self, refund: usize) -> Option<RefundSeen> {
        let it = &self.refunds[refund];
        Some(RefundSeen {
            fact: it.truth.clone()?,
            gateway_id: Some(format!("re_{refund}")),
            amount: Some(usd(it.minor)),
        })
    }

    pub fn tell_dispute(&self, dispute: usize) -> DisputeSeen {
        let it = &self.disputes[dispute];
        DisputeSeen {
            state: it.truth,
            gateway_id: format!("dp_{dispute}"),
            amount: usd(it.minor),
            reason: DisputeReason::Fraud,
            opened_at: DateTime::UNIX_EPOCH,
            answer_by: None,
            page_url: None,
        }
    }

    /// What has gone back of a charge by refunds, or is on its way.
    pub fn paid_back_minor(&self, charge: usize) -> i64 {
        self.refunds.iter().filter(|refund| refund.of == charge && refund.is_alive()).map(|refund| refund.minor).sum()
    }

    /// What disputes hold of a charge.
    pub fn held_minor(&self, charge: usize) -> i64 {
        let held = self.disputes.iter().filter(|dispute| dispute.of == charge && dispute.truth.holds_money());
        held.map(|dispute| dispute.minor).sum()
    }

    /// All of it was given to the card's holder, now or once.
    pub fn was_lost_whole(&self, charge: usize) -> bool {
        self.whole_disputes(charge).any(|dispute| dispute.was_lost)
    }

    pub fn is_lost_whole(&self, charge: usize) -> bool {
        self.whole_disputes(charge).any(|dispute| dispute.truth == DisputeState::Lost)
    }

    fn whole_disputes(&self, charge: usize) -> impl Iterator<Item = &Dispute> {
        let whole = self.charges[charge].amount.minor;
        self.disputes.iter().filter(move |dispute| dispute.of == charge && dispute.minor >= whole)
    }
}

pub const fn card_gone() -> RefundFact {
    RefundFact::Failed { reason: RefundFailure::CardGone }
}

/// A request arrives within so long, or never.
pub const ARRIVES_WITHIN: Ms = 3 * SECOND;
/// Where something dawdles on the way.
pub const STRAGGLES_WITHIN: Ms = 20 * SECOND;
/// How late a list may be that had all the time of [`LISTED_WITHIN`].
pub const LISTED_LATE: Ms = 200 * SECOND;
