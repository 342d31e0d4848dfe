//! What must never be, and what must be in the end: the portal beside the truth.

use crate::{
    gateway::{Gateway, OWED},
    portal::{Entry, Portal},
    story::Story,
};
use domain::refund::{RefundFact, RefundState};

type Checked = Result<(), String>;

fn must(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

/// After each step.
pub fn at_each_step(story: &Story) -> Checked {
    let (gateway, portal) = (&story.gateway, &story.portal);
    if let Some(refused) = &portal.refused {
        return Err(format!("a fact could not be recorded: {refused}"));
    }
    let charged = gateway.charges.iter().filter(|charge| charge.holds()).count();
    must(charged <= 1, || format!("{charged} charges for one invoice"))?;
    for (n, (attempt, charge)) in portal.attempts.iter().zip(&gateway.charges).enumerate() {
        must(charge.times <= 1, || format!("charge {n} was made {} times", charge.times))?;
        must(!attempt.contradicted, || format!("an alarm about charge {n}, where nothing was odd"))?;
        let is_alive = charge.is_alive() || story.is_under_way(n);
        must(!(attempt.state.is_dead() && is_alive), || {
            format!("charge {n} is called {:?}, while the gateway has or may get the money", attempt.state)
        })?;
        // Told paid: that was true at some time.
        must(!attempt.state.has_money() || charge.times > 0, || format!("charge {n} is called paid and was not made"))?;
    }
    refunds_at_each_step(story)
}

fn refunds_at_each_step(story: &Story) -> Checked {
    let (gateway, portal) = (&story.gateway, &story.portal);
    for of in 0..portal.attempts.len() {
        let paid_back = paid_back_minor(gateway, portal, of, false);
        must(paid_back <= OWED.minor, || format!("{paid_back} of {} was refunded of charge {of}", OWED.minor))?;
    }
    for (n, (refund, truth)) in portal.refunds.iter().zip(&gateway.refunds).enumerate() {
        must(!refund.contradicted, || format!("an alarm about refund {n}, where nothing was odd"))?;
        let is_alive = truth.is_alive() || story.is_refund_under_way(n);
        must(!(refund.state.is_dead() && is_alive), || {
            format!("refund {n} is called {:?}, while the money goes back or may", refund.state)
        })?;
    }
    Ok(())
}

/// When everything has been delivered.
pub fn at_the_end(story: &Story) -> Checked {
    let (gateway, portal) = (&story.gateway, &story.portal);
    for (n, (attempt, charge)) in portal.attempts.iter().zip(&gateway.charges).enumerate() {
        let (state, truth) = (attempt.state, &charge.truth);
        must(!state.is_open(), || format!("charge {n} is still {state:?}; at the gateway {truth:?}"))?;
        must(state.has_money() == charge.has_money(), || format!("charge {n} is {state:?}; at the gateway {truth:?}"))?;
        let is_posted = attempt.entry == Some(Entry::Posted);
        must(is_posted == state.has_money(), || format!("charge {n} is {state:?}; in the books {:?}", attempt.entry))?;
    }
    let stand = gateway.charges.iter().filter(|charge| charge.has_money()).count() as i64;
    let owed = OWED.minor - stand * OWED.minor;
    must(portal.due.minor == owed, || format!("the books say that {} is owed, not {owed}", portal.due.minor))?;
    for (n, (refund, truth)) in portal.refunds.iter().zip(&gateway.refunds).enumerate() {
        let (state, truth) = (refund.state, &truth.truth);
        let agrees = match truth {
            Some(RefundFact::Succeeded) => state == RefundState::Succeeded,
            _ => state.is_dead(),
        };
        must(agrees, || format!("refund {n} is {state:?}; at the gateway {truth:?}"))?;
    }
    must(portal.claim.is_none(), || format!("the invoice is held by charge {:?} for ever", portal.claim))?;
    let charged = gateway.charges.iter().filter(|charge| charge.has_money()).count() as i64 * OWED.minor;
    let paid_back: i64 = (0..gateway.charges.len()).map(|of| paid_back_minor(gateway, portal, of, true)).sum();
    let (there, booked) = (charged - paid_back, portal.clearing_minor());
    must(there == booked, || format!("the gateway has {there}, the ledger says {booked}"))
}

fn paid_back_minor(gateway: &Gateway, portal: &Portal, of: usize, only_paid_out: bool) -> i64 {
    let refunds = portal.refunds.iter().zip(&gateway.refunds).filter(|(refund, _)| refund.of == of);
    let counts = |truth: &Option<RefundFact>| match truth {
        Some(RefundFact::Succeeded) => true,
        Some(RefundFact::Pending) => !only_paid_out,
        _ => false,
    };
    refunds.filter(|(_, truth)| counts(&truth.truth)).map(|(_, truth)| truth.minor).sum()
}
