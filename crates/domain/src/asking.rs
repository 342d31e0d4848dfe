//! When somebody asks the gateway about an attempt or a refund, and what its silence means. Moments are arguments, so
//! that a simulation can be the clock.

use crate::{
    payment::{AttemptState, Fact},
    planted,
    refund::{RefundFact, RefundState},
};
use chrono::{DateTime, TimeDelta, Utc};

/// What is older than this when it gets to be sent is not sent: its process was frozen, and the sweep may be at it.
const SEND_WITHIN: TimeDelta = TimeDelta::seconds(10);
/// A look-up that may itself send what it looks for does so no later than this: nobody expects a payment to be made long
/// after they pressed Pay.
pub const SENT_AGAIN_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// The first look-up after a charge or a refund that was not answered.
pub const LOOK_UP_SOON: TimeDelta = TimeDelta::seconds(5);
/// The first look-up of an attempt that nobody has decided yet, or of which nothing was heard at all. Longer than a charge
/// and the end of a declined one may take, so that it is not looked up while it is still being sent.
pub const LOOK_UP_AFTER: TimeDelta = TimeDelta::seconds(25);
/// The first look at a refund that the gateway has accepted and not paid out: its own news come sooner.
pub const PENDING_LOOK_UP_AFTER: TimeDelta = TimeDelta::minutes(5);
/// The first look at a dispute: banks take weeks, and the gateway tells by itself.
pub const DISPUTE_LOOK_UP_AFTER: TimeDelta = TimeDelta::hours(6);
/// A look-up that finds nothing counts as proof when it is repeated this much later (`wire/gateways.md`, 1.5).
pub const MISSED_APART: TimeDelta = TimeDelta::minutes(2);
/// A person may say that a gateway does not have an attempt or a refund when nobody has known for this long. No request is on its way any
/// more, none can be repeated by its key, and no page of a gateway's takes a card: Stripe keeps keys and pages for 24 hours
/// (`wire/gateways.md`, 2.7). What a gateway settles once a day stands in its lists by then, and those were compared.
pub const DENIED_AFTER: TimeDelta = TimeDelta::days(1);
/// A payer who has not finished at the bank's or gateway's page by then has left; the invoice is set free for the next.
pub const ACTION_LIFE: TimeDelta = TimeDelta::minutes(30);
/// Such a payment holds its invoice so long at most: a look-up ends it, and they come up to a quarter of an hour apart.
pub const HELD_MAX: TimeDelta = TimeDelta::minutes(45);
/// From the moment that a look-up can say so, the worker takes less to set an invoice free; and a page shows no seconds.
const FREE_WITHIN: TimeDelta = TimeDelta::minutes(2);
const FIRST_GAP: TimeDelta = TimeDelta::seconds(5);
const GAP_MAX: TimeDelta = TimeDelta::minutes(15);
const BANK_GAP: TimeDelta = TimeDelta::hours(6);

/// What was written down so long ago must not be sent any more.
#[must_use]
pub fn is_too_old_to_send(written: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - written > SEND_WITHIN
}

/// What is recorded before the gateway is asked. The question may itself send the charge: from here on, a failed first
/// send proves nothing any more.
#[must_use]
pub fn before_asking(state: AttemptState) -> Option<Fact> {
    (state == AttemptState::Created).then_some(Fact::Unanswered)
}

/// As [`before_asking`], for a refund.
#[must_use]
pub fn before_asking_of_refund(state: RefundState) -> Option<RefundFact> {
    (state == RefundState::Created).then_some(RefundFact::Unanswered)
}

/// What it means that the gateway has no trace of an attempt in this state, of which it had none at `missed` either.
#[must_use]
pub fn silence(state: AttemptState, has_gateway_id: bool, missed: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Fact {
    match state {
        _ if !is_proof(missed, now) => Fact::NotSeen,
        // It was seen: a page of the gateway's, which is over.
        AttemptState::RequiresAction if !has_gateway_id => Fact::Voided,
        _ => Fact::NeverArrived,
    }
}

/// As [`silence`], for a refund.
#[must_use]
pub fn silence_about_refund(missed: Option<DateTime<Utc>>, now: DateTime<Utc>) -> RefundFact {
    if is_proof(missed, now) { RefundFact::NeverArrived } else { RefundFact::NotSeen }
}

/// An earlier look-up found no trace either, and since then whatever was under way has arrived or been lost.
fn is_proof(missed: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    planted::is("silence_is_proof") || missed.is_some_and(|missed| now - missed >= MISSED_APART)
}

/// A person may say that the gateway does not have an attempt in this state.
#[must_use]
pub fn may_be_denied(state: AttemptState, began: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    state.is_unknown() && now - began >= DENIED_AFTER
}

/// As [`may_be_denied`], of a refund: no look-up sends it any more either.
#[must_use]
pub fn refund_may_be_denied(state: RefundState, began: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    state.is_unknown() && now - began >= DENIED_AFTER
}

/// Its payer has left, and it is ended at the gateway.
#[must_use]
pub fn is_left_by_payer(state: AttemptState, began: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    state == AttemptState::RequiresAction && now - began > ACTION_LIFE
}

/// When a look-up can first say that nobody pays any more on a page that is `over` so long after it began, or can say so
/// again after it had no trace at `missed`.
#[must_use]
pub fn page_over_at(began: DateTime<Utc>, over: TimeDelta, missed: Option<DateTime<Utc>>) -> DateTime<Utc> {
    missed.map_or(began + over, |missed| missed + MISSED_APART)
}

/// When the invoice of such a page can be paid again at the latest, if nobody pays there.
#[must_use]
pub fn free_again_at(began: DateTime<Utc>, over: TimeDelta) -> DateTime<Utc> {
    began + over + MISSED_APART + FREE_WITHIN
}

/// When a job that did not get to its end runs again: after the usual gap, and no later than there may be an answer.
#[must_use]
pub fn run_again_at(tries: i32, answer_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let usual = now + gap_after(tries);
    answer_at.filter(|at| *at > now).map_or(usual, |at| usual.min(at))
}

/// When somebody asks again about a debit or a dispute that the bank has: it tells by itself, and takes days.
#[must_use]
pub fn ask_bank_again_at(now: DateTime<Utc>) -> DateTime<Utc> {
    now + BANK_GAP
}

/// How long a job that did not get to its end waits after so many tries: 5 s, 10 s, 20 s … 15 min.
#[must_use]
pub fn gap_after(tries: i32) -> TimeDelta {
    let doublings = u32::try_from(tries.clamp(1, 16) - 1).unwrap_or(0);
    (FIRST_GAP * 2_i32.pow(doublings)).min(GAP_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d4_gaps_grow_up_to_a_quarter_of_an_hour() {
        let seconds = |tries| gap_after(tries).num_seconds();
        assert_eq!([1, 2, 3, 8, 9, 200].map(seconds), [5, 10, 20, 640, 900, 900]);
    }

    #[test]
    fn whoever_left_a_page_waits_for_its_end_and_not_for_a_gap() {
        let began = DateTime::UNIX_EPOCH;
        let at = |minutes| began + TimeDelta::minutes(minutes);
        let over = TimeDelta::minutes(32);
        let again = |missed, now| run_again_at(200, Some(page_over_at(began, over, missed)), now);
        assert_eq!(again(None, at(1)), at(16), "as usual, long before");
        assert_eq!(again(None, at(20)), at(32));
        assert_eq!(again(Some(at(32)), at(32)), at(34));
        assert_eq!(again(None, at(32)), at(47), "what may be asked already is no reason to ask at once");
        assert_eq!(run_again_at(1, Some(at(32)), at(31)), at(31) + TimeDelta::seconds(5));
        assert_eq!(run_again_at(200, None, at(20)), at(35));
        assert!(free_again_at(began, over) > page_over_at(began, over, Some(at(32))));
    }

    #[test]
    fn d2_a_person_denies_what_nobody_has_known_for_a_day_and_nothing_else() {
        let began = DateTime::UNIX_EPOCH;
        for state in AttemptState::ALL {
            assert!(!may_be_denied(state, began, began + DENIED_AFTER - TimeDelta::seconds(1)), "{state:?}");
            assert_eq!(may_be_denied(state, began, began + DENIED_AFTER), state.is_unknown(), "{state:?}");
        }
        for state in RefundState::ALL {
            let is_unknown = matches!(state, RefundState::Created | RefundState::Unknown);
            assert!(!refund_may_be_denied(state, began, began + DENIED_AFTER - TimeDelta::seconds(1)), "{state:?}");
            assert_eq!(refund_may_be_denied(state, began, began + DENIED_AFTER), is_unknown, "{state:?}");
        }
        assert!(DENIED_AFTER > SENT_AGAIN_WITHIN, "by then no look-up sends anything");
    }

    #[test]
    fn d2_silence_is_proof_when_it_is_repeated_two_minutes_later() {
        let now = DateTime::UNIX_EPOCH;
        let ago = |seconds| Some(now - TimeDelta::seconds(seconds));
        for state in AttemptState::ALL {
            for missed in [None, ago(0), ago(119)] {
                assert_eq!(silence(state, false, missed, now), Fact::NotSeen, "{state:?}");
            }
            let over = if state == AttemptState::RequiresAction { Fact::Voided } else { Fact::NeverArrived };
            assert_eq!(silence(state, false, ago(120), now), over, "{state:?}");
            assert_eq!(silence(state, true, ago(120), now), Fact::NeverArrived, "{state:?}");
        }
        assert_eq!(silence_about_refund(ago(119), now), RefundFact::NotSeen);
        assert_eq!(silence_about_refund(ago(120), now), RefundFact::NeverArrived);
    }
}
