//! What must never be, and what must be in the end: the portal beside the truth.

use crate::{
    books::Books,
    gateway::Refund,
    portal::{Attempt, Entry, Portal},
    story::Story,
};
use domain::refund::{RefundFact, RefundMeaning, RefundState};

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
    for invoice in 0..portal.books.invoices() {
        let charged = charged_minor(story, invoice);
        must(charged <= Books::total(invoice), || format!("{charged} was charged for invoice {invoice}"))?;
    }
    for (n, (attempt, charge)) in portal.attempts.iter().zip(&gateway.charges).enumerate() {
        must(charge.times <= 1, || format!("charge {n} was made {} times", charge.times))?;
        must(!attempt.contradicted, || format!("an alarm about charge {n}, where nothing was odd"))?;
        let is_gone = gateway.was_lost_whole(n) || portal.is_owed_again(n);
        let is_alive = (charge.is_alive() && !is_gone) || story.is_under_way(n);
        must(!(attempt.state.is_dead() && is_alive), || {
            format!("charge {n} is called {:?}, while the gateway has or may get the money", attempt.state)
        })?;
        must(!(attempt.state.has_money() && portal.is_owed_again(n)), || {
            format!("charge {n} is called paid, and all of it was paid back and is owed")
        })?;
        // Told paid: that was true at some time.
        must(!attempt.state.has_money() || charge.times > 0, || format!("charge {n} is called paid and was not made"))?;
        let gone = gateway.paid_back_minor(n) + gateway.held_minor(n);
        must(gone <= charge.amount.minor, || {
            format!("{gone} of {} was refunded of charge {n}, or is disputed", charge.amount.minor)
        })?;
    }
    refunds_at_each_step(story)
}

/// What the gateway has, or was promised, for an invoice. What came back after a dispute that was lost, or after a refund
/// that failed, does not count: the invoice was owed meanwhile, and may have been paid again.
fn charged_minor(story: &Story, invoice: usize) -> i64 {
    let charges = story.gateway.charges.iter().enumerate();
    let was_owed = |n: usize| story.gateway.was_lost_whole(n) || owed_again(story, n).any(|refund| refund.was_paid);
    let stand = charges.filter(|(n, charge)| charge.holds() && !was_owed(*n));
    stand.flat_map(|(_, charge)| &charge.meant).filter(|(on, _)| *on == invoice).map(|(_, minor)| *minor).sum()
}

/// The refunds of a charge after which it is owed again, as they are at the gateway.
fn owed_again(story: &Story, charge: usize) -> impl Iterator<Item = &Refund> {
    let refunds = story.portal.refunds.iter().filter(move |refund| refund.is_owed_again(charge));
    refunds.map(move |refund| &story.gateway.refunds[refund.there])
}

fn refunds_at_each_step(story: &Story) -> Checked {
    for (n, refund) in story.portal.refunds.iter().enumerate() {
        let truth = story.refund_at_gateway(n);
        must(!refund.contradicted, || format!("an alarm about refund {n}, where nothing was odd"))?;
        let is_alive = truth.is_alive() || story.is_refund_under_way(n);
        must(!(refund.state.is_dead() && is_alive), || {
            format!("refund {n} is called {:?}, while the money goes back or may", refund.state)
        })?;
    }
    Ok(())
}

/// Whether a refund of `amount` takes its part of the surcharge of what was `taken`: in proportion but for the cents of
/// earlier ones, or what the invoices have not left, or all that is left of it (G26). Minor units.
pub fn is_fair(part: i64, amount: i64, taken: (i64, i64), left: (i64, i64)) -> bool {
    let ((taken, surcharge), (invoices_left, surcharge_left)) = (taken, left);
    let exact = surcharge * amount;
    let is_close = (part * taken - exact).abs() <= 2 * taken;
    let is_rest = part == (amount - invoices_left).max(0);
    is_close || is_rest || (part == surcharge_left && exact > surcharge_left * taken)
}

/// When everything has been delivered.
pub fn at_the_end(story: &Story) -> Checked {
    let (gateway, portal) = (&story.gateway, &story.portal);
    for (n, (attempt, charge)) in portal.attempts.iter().zip(&gateway.charges).enumerate() {
        let (state, truth) = (attempt.state, &charge.truth);
        must(!state.is_open(), || format!("charge {n} is still {state:?}; at the gateway {truth:?}"))?;
        let is_left = portal.disputes.iter().any(|dispute| dispute.of == n && dispute.is_left_to_a_person);
        let is_owed = owed_again(story, n).any(|refund| refund.truth == Some(RefundFact::Succeeded));
        let has_money = charge.has_money() && !is_owed && (is_left || !gateway.is_lost_whole(n));
        must(state.has_money() == has_money, || format!("charge {n} is {state:?}; at the gateway {truth:?}"))?;
        shares_at_the_end(n, attempt)?;
    }
    books_at_the_end(portal)?;
    refunds_at_the_end(story)?;
    for (n, dispute) in gateway.disputes.iter().enumerate() {
        let known = portal.disputes.iter().find(|known| known.there == n).map(|known| (known.state, known.minor));
        must(known == Some((dispute.truth, dispute.minor)), || format!("dispute {n} is {known:?}, not {dispute:?}"))?;
    }
    must(portal.claims.iter().all(Option::is_none), || format!("an invoice is held for ever: {:?}", portal.claims))?;
    let charged = gateway.charges.iter().filter(|charge| charge.has_money()).map(|charge| charge.amount.minor);
    let gone = gateway.refunds.iter().filter(|refund| refund.truth == Some(RefundFact::Succeeded));
    let gone: i64 = gone.map(|refund| refund.minor).sum();
    let held: i64 = (0..gateway.charges.len()).map(|of| gateway.held_minor(of)).sum();
    let (there, booked) = (charged.sum::<i64>() - gone - held, portal.clearing_minor());
    must(there == booked, || format!("the gateway has {there}, the ledger says {booked}"))
}

/// Each share stands in the books, or a person has seen to it, exactly if the money is here; together they are the payment.
fn shares_at_the_end(n: usize, attempt: &Attempt) -> Checked {
    let has_money = attempt.state.has_money();
    for share in &attempt.shares {
        let is_as_it_must = match share.entry {
            Some(Entry::Posted | Entry::ByHand) => has_money,
            None | Some(Entry::Needless) => !has_money,
            Some(Entry::Moved) => true,
            Some(Entry::Intended | Entry::Refused | Entry::Leaving) => false,
        };
        must(is_as_it_must, || format!("charge {n} is {:?}; in the books {share:?}", attempt.state))?;
    }
    let stand = attempt.shares.iter().filter(|share| share.entry != Some(Entry::Moved));
    let together: i64 = stand.map(|share| share.minor).sum();
    must(together == attempt.amount.minor, || format!("charge {n} is over {:?}, its shares {together}", attempt.amount))
}

fn books_at_the_end(portal: &Portal) -> Checked {
    let (mut stand, mut posted) = (0, vec![0; portal.books.invoices()]);
    for (n, attempt) in portal.attempts.iter().enumerate() {
        for (place, share) in attempt.shares.iter().enumerate().filter(|(_, share)| share.entry == Some(Entry::Posted))
        {
            let is_there = portal.books.payments.contains(&(n, place));
            must(is_there, || format!("the books lack charge {n} on {:?}", share.on))?;
            stand += 1;
            if let Some(invoice) = share.on {
                posted[invoice] += share.minor;
            }
        }
    }
    must(portal.books.payments.len() == stand, || format!("the books have more than {stand} payments"))?;
    for (invoice, posted) in posted.into_iter().enumerate() {
        let (due, owed) = (portal.books.due(invoice), portal.books.must_be_due(invoice, posted));
        must(due == owed && due >= 0, || format!("the books say that {due} is owed on {invoice}, not {owed}"))?;
    }
    Ok(())
}

fn refunds_at_the_end(story: &Story) -> Checked {
    let (gateway, portal) = (&story.gateway, &story.portal);
    let mut credits = 0;
    for (there, truth) in gateway.refunds.iter().enumerate() {
        let is_known = portal.refund_at(there).is_some() || truth.truth != Some(RefundFact::Succeeded);
        must(is_known, || format!("nobody knows of {truth:?}"))?;
    }
    for (n, refund) in portal.refunds.iter().enumerate() {
        let (state, shares) = (refund.state, &portal.attempts[refund.of].shares);
        let truth = &story.refund_at_gateway(n).truth;
        let is_paid = *truth == Some(RefundFact::Succeeded);
        let agrees = if is_paid { state == RefundState::Succeeded } else { state.is_dead() };
        must(agrees, || format!("refund {n} is {state:?}; at the gateway {truth:?}"))?;
        for part in &refund.parts {
            let is_posted = part.entry == Entry::Posted;
            let share = shares[part.share].entry;
            let is_there = portal.books.credits.contains(&(n, part.share));
            must(is_posted == is_there, || format!("of refund {n} the portal says {part:?}, the books {is_there}"))?;
            let must_be = is_paid && share == Some(Entry::Posted);
            must(is_posted == must_be, || format!("refund {n} is {state:?}: {part:?} of a share that is {share:?}"))?;
            credits += usize::from(is_posted);
        }
        let together: i64 = refund.parts.iter().map(|part| part.minor).sum();
        let of_surcharge = refund.parts.iter().filter(|part| shares[part.share].on.is_none());
        let of_surcharge: i64 = of_surcharge.map(|part| part.minor).sum();
        let is_right = match refund.meaning {
            // The payment itself leaves the books.
            RefundMeaning::StillOwed => refund.parts.is_empty(),
            RefundMeaning::SaleCancelled => {
                let is_whole = (together, of_surcharge) == (refund.amount.minor, refund.surcharge_minor);
                !is_paid || is_whole
            }
        };
        must(is_right, || format!("refund {n} of {:?} has parts {:?}", refund.amount, refund.parts))?;
    }
    must(portal.books.credits.len() == credits, || format!("the books have more than {credits} credits"))
}
