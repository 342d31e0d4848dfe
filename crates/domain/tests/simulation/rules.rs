//! The rules under test: `domain`'s own, and wrong ones, to see that the stories find a fault that is there.

use chrono::{DateTime, Utc};
use domain::{
    asking,
    dispute::{self, DisputeEffect, DisputeLearned, DisputeSeen, DisputeState},
    effects::{self, Effect, Learned, RefundLearned},
    ledger::JournalKind,
    money::Money,
    payment::{AttemptState, Fact, Observation},
    refund::{Left, RefundFact, RefundSeen, RefundState},
};

type Moment = DateTime<Utc>;
type Disputes = [(DisputeState, Money)];
/// State, amount, and what of that is surcharge.
type Refunds = [(RefundState, Money, i64)];

#[derive(Clone, Copy)]
pub struct Rules {
    pub learn: fn(&[&Observation], &Observation, Money, Option<&str>) -> Option<Learned>,
    pub learn_of_refund: fn(&[&RefundSeen], &RefundSeen, Money) -> Option<RefundLearned>,
    pub learn_of_dispute: fn(&[&DisputeSeen], &DisputeSeen) -> Option<DisputeLearned>,
    pub before_asking: fn(AttemptState) -> Option<Fact>,
    pub silence: fn(AttemptState, bool, Option<Moment>, Moment) -> Fact,
    pub is_too_old_to_send: fn(Moment, Moment) -> bool,
    pub left_to_refund: fn(Taken, &Disputes, &Refunds) -> Left,
    pub surcharge_in: fn(Left, i64) -> i64,
    /// The store's: a balance that was read before somebody came and went is asked for again.
    pub heeds_claims_seen: bool,
    /// The engine's: who has the invoice is looked at before the books are asked.
    pub heeds_live_claims: bool,
    /// The store's: each invoice of a payment is claimed, or nothing is charged.
    pub claims_each: bool,
    /// The engine's: whoever says that the gateway does not have a charge or a refund is believed when that does not find it
    /// either.
    pub asks_before_verdict: bool,
    /// The engine's: a refund that was made at the gateway becomes one of ours.
    pub takes_in: bool,
    /// The engine's: where that is more than what is left, the gateway is asked what made room for it.
    pub asks_what_made_room: bool,
}

/// What can be paid back of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Surcharge included.
    pub amount: Money,
    pub surcharge_minor: i64,
    pub has_money: bool,
}

pub const OURS: Rules = Rules {
    learn: effects::learn,
    learn_of_refund: effects::learn_of_refund,
    learn_of_dispute: dispute::learn_of_dispute,
    before_asking: asking::before_asking,
    silence: asking::silence,
    is_too_old_to_send: asking::is_too_old_to_send,
    left_to_refund: left,
    surcharge_in: Left::surcharge_in,
    heeds_claims_seen: true,
    heeds_live_claims: true,
    claims_each: true,
    asks_before_verdict: true,
    takes_in: true,
    asks_what_made_room: true,
};

/// `store/src/refunds.rs`, `left_to_refund`.
fn left(taken: Taken, disputes: &Disputes, refunds: &Refunds) -> Left {
    let captured = if taken.has_money { taken.amount } else { Money::zero(taken.amount.currency) };
    let undisputed = dispute::undisputed(captured, disputes.iter().copied()).expect("one currency");
    Left::of(taken.amount, taken.surcharge_minor, undisputed, refunds.iter().copied()).expect("one currency")
}

/// Each with a fault, and what it is.
pub const WRONG: [(&str, Rules); 19] = [
    ("the newest fact counts, whatever came before", Rules { learn: forgetful, ..OURS }),
    ("an open outcome sets the invoice free", Rules { learn: impatient, ..OURS }),
    ("a return is not booked", Rules { learn: unbooked, ..OURS }),
    ("a gateway that is silent once has nothing", Rules { silence: hasty, ..OURS }),
    ("a question about an attempt leaves no trace", Rules { before_asking: traceless, ..OURS }),
    ("a process that was frozen sends what it had in hand", Rules { is_too_old_to_send: never, ..OURS }),
    ("a refund that nobody knows about counts as none", Rules { left_to_refund: hopeful, ..OURS }),
    ("a refund that failed stays booked", Rules { learn_of_refund: unbooked_refund, ..OURS }),
    ("a balance is charged that was read before others paid", Rules { heeds_claims_seen: false, ..OURS }),
    ("a balance is charged that was read while others paid", Rules { heeds_live_claims: false, ..OURS }),
    ("of several invoices the first alone is kept from others", Rules { claims_each: false, ..OURS }),
    ("what is disputed is paid back as well", Rules { left_to_refund: undisputed, ..OURS }),
    ("what a bank gives back after a dispute is not booked", Rules { learn_of_dispute: unbooked_return, ..OURS }),
    ("the first refund takes all of the surcharge", Rules { surcharge_in: greedy, ..OURS }),
    ("a person is believed without a question", Rules { asks_before_verdict: false, ..OURS }),
    ("what is paid back and still owed stays in the books", Rules { learn: kept, ..OURS }),
    ("a payment whose refund failed stays owed", Rules { learn: unrevived, ..OURS }),
    ("a refund that was made at the gateway is nobody's", Rules { takes_in: false, ..OURS }),
    ("what made room for a refund at the gateway is not asked", Rules { asks_what_made_room: false, ..OURS }),
];

fn forgetful(_: &[&Observation], seen: &Observation, asked: Money, gateway_id: Option<&str>) -> Option<Learned> {
    effects::learn(&[], seen, asked, gateway_id)
}

fn impatient(known: &[&Observation], seen: &Observation, asked: Money, gateway_id: Option<&str>) -> Option<Learned> {
    let mut learned = effects::learn(known, seen, asked, gateway_id)?;
    if learned.after.state == AttemptState::Unknown {
        learned.effects.push(Effect::ReleaseClaims);
    }
    Some(learned)
}

fn unbooked(known: &[&Observation], seen: &Observation, asked: Money, gateway_id: Option<&str>) -> Option<Learned> {
    let mut learned = effects::learn(known, seen, asked, gateway_id)?;
    if learned.after.state.is_dead() {
        learned.effects.retain(|effect| !matches!(effect, Effect::Journal(_)));
    }
    Some(learned)
}

fn kept(known: &[&Observation], seen: &Observation, asked: Money, gateway_id: Option<&str>) -> Option<Learned> {
    let mut learned = effects::learn(known, seen, asked, gateway_id)?;
    if matches!(seen.fact, Fact::PaidBack { .. }) {
        learned.effects.clear();
    }
    Some(learned)
}

fn unrevived(known: &[&Observation], seen: &Observation, asked: Money, gateway_id: Option<&str>) -> Option<Learned> {
    let came_again = matches!(seen.fact, Fact::NotPaidBack { .. });
    effects::learn(known, seen, asked, gateway_id).filter(|_| !came_again)
}

fn hasty(state: AttemptState, has_gateway_id: bool, _: Option<Moment>, now: Moment) -> Fact {
    asking::silence(state, has_gateway_id, Some(now - asking::MISSED_APART), now)
}

const fn traceless(_: AttemptState) -> Option<Fact> {
    None
}

const fn never(_: Moment, _: Moment) -> bool {
    false
}

fn hopeful(taken: Taken, disputes: &Disputes, refunds: &Refunds) -> Left {
    let heard: Vec<_> = refunds.iter().copied().filter(|(state, ..)| state.is_on_its_way()).collect();
    left(taken, disputes, &heard)
}

fn undisputed(taken: Taken, _: &Disputes, refunds: &Refunds) -> Left {
    left(taken, &[], refunds)
}

fn greedy(left: Left, amount_minor: i64) -> i64 {
    left.surcharge_minor.min(amount_minor)
}

fn unbooked_return(known: &[&DisputeSeen], seen: &DisputeSeen) -> Option<DisputeLearned> {
    let mut learned = dispute::learn_of_dispute(known, seen)?;
    learned.effects.retain(|effect| *effect != DisputeEffect::Journal(JournalKind::DisputeReversed));
    Some(learned)
}

fn unbooked_refund(known: &[&RefundSeen], seen: &RefundSeen, asked: Money) -> Option<RefundLearned> {
    let failed = matches!(seen.fact, RefundFact::Failed { .. });
    effects::learn_of_refund(known, seen, asked)
        .map(|learned| RefundLearned { effects: if failed { Vec::new() } else { learned.effects }, ..learned })
}
