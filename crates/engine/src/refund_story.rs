//! A payment's refunds in its story, and what the dialog says before another one.

use crate::{
    Engine, Error,
    payment_story::{event, source_words},
    refund_payment::{is_unsettled, pays_an_invoice},
};
use chrono::{DateTime, Utc};
use connectors::gateway::Refunds;
use domain::{
    date::Moment,
    dispute::DisputeState,
    ids::RefundId,
    money::{Locale, Money},
    refund::{Left, RefundFact, RefundFailure, RefundMade, RefundState},
    views::{AttemptFace, RefundFace, RefundOffer, RefundPlan, StoryEvent, Tone},
};
use store::{
    Attempt, BooksEntry, BooksEntryState, Invoice, MerchantDb, ObservedRefund, Refund, RefundEntry, left_to_refund,
};
use uuid::Uuid;

const OWED_AGAIN: &str = "the payment is taken out, and what it paid is open again.";
/// As said beside the amount.
const UNTIL_SETTLED: &str = "Until it has settled, which takes a day or so, only the whole of it.";

/// As `settle_refund.rs` does it. The surcharge is no share here: the dialog tells of it beside this.
fn in_the_books(shares: &[(BooksEntry, Invoice)], with_surcharge: bool) -> String {
    let (kept, invoices): (Vec<_>, Vec<_>) =
        shares.iter().map(|(_, invoice)| invoice).partition(|invoice| invoice.advance.is_some());
    let numbers = |of: &[&Invoice]| of.iter().map(|invoice| invoice.number.as_str()).collect::<Vec<_>>().join(", ");
    if invoices.is_empty() && !kept.is_empty() {
        let but = if with_surcharge { " but that of the surcharge" } else { "" };
        return format!("the credit {} is paid out, and no sale{but} is cancelled.", numbers(&kept));
    }
    let first =
        if kept.is_empty() { String::new() } else { format!("the credit {} is paid out first; then ", numbers(&kept)) };
    if invoices.len() <= 1 {
        return format!("{first}the sale is credited, and the credit paid out. The invoice stays paid.");
    }
    format!(
        "{first}the sale is credited on one invoice after the other, on each as much as this payment paid of it: {}. The \
         credits are paid out, and the invoices stay paid.",
        numbers(&invoices)
    )
}

/// Why its customer cannot owe again what a payment paid: nothing, when all of that is left to be paid back.
fn not_owed(attempt: &Attempt, shares: &[(BooksEntry, Invoice)], left: Left) -> Option<String> {
    let why = if !pays_an_invoice(shares) {
        "It pays no invoice that could be owed again."
    } else if left.whole.minor < attempt.amount_minor {
        "Its invoice cannot be owed again: not all of the payment is left to be paid back."
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// Instead of the dialog.
const DISPUTED: &str = "The payment is disputed at the bank, so it cannot be refunded as well.";

impl Engine {
    /// What the refund dialog says, when there is money to pay back.
    pub(crate) async fn refund_plan(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        paid_back: &[Refund],
        face: &AttemptFace,
        place: &str,
    ) -> Result<Option<RefundPlan>, Error> {
        let disputes = db.disputes_of(&[attempt.id]).await?;
        let left = left_to_refund(attempt, paid_back, &disputes)?;
        if !left.whole.is_positive() {
            let is_disputed = disputes.iter().any(|dispute| dispute.state == DisputeState::Open);
            let waits = is_disputed && left_to_refund(attempt, paid_back, &[])?.whole.is_positive();
            return Ok(waits.then(|| RefundPlan::NotHere(DISPUTED.to_owned())));
        }
        let connection = db.connection(attempt.connection_id).await?;
        let refunds = self.gateway_of(db, &connection)?.capabilities().refunds;
        if let Refunds::No(instead) = refunds {
            return Ok(Some(RefundPlan::NotHere(instead.to_owned())));
        }
        let surcharge = Money::new(left.surcharge_minor, left.whole.currency);
        let surcharge = surcharge.is_positive().then_some(surcharge);
        let mut shares = db.books_shares(attempt.id).await?;
        let not_owed = not_owed(attempt, &shares, left);
        shares.retain(|(share, _)| !share.is_surcharge());
        let is_refused = shares.iter().any(|(share, _)| share.state == BooksEntryState::Refused);
        let in_the_books = if is_refused {
            "they refused the payment, so nothing is taken back there, and less is left to enter.".to_owned()
        } else {
            in_the_books(&shares, surcharge.is_some())
        };
        Ok(Some(RefundPlan::Offered(RefundOffer {
            refund: RefundId(Uuid::now_v7()),
            payment: attempt.payment_id,
            most: left.whole,
            surcharge,
            only_whole: match refunds {
                Refunds::WholeUntilSettled if is_unsettled(attempt) => Some(UNTIL_SETTLED.to_owned()),
                Refunds::Whole(instead) => Some(format!("Only the whole of it. {instead}")),
                Refunds::WholeUntilSettled | Refunds::Allowed | Refunds::No(_) => None,
            },
            goes_to: format!("{}, through {}", face.method.as_deref().unwrap_or("The payer’s card"), face.gateway),
            in_the_books: match not_owed {
                None => format!("{place}: {in_the_books} If it is still owed: {OWED_AGAIN}"),
                Some(_) => format!("{place}: {in_the_books}"),
            },
            not_owed,
        })))
    }
}

/// Why, in staff's words, and what it means where it cancels no sale.
fn reason_of(refund: &Refund) -> String {
    let owed = if refund.is_owed_again() { " (the customer still owes the invoice)" } else { "" };
    format!("{}{owed}", refund.reason)
}

/// `gateway` is what it is called.
pub(crate) fn refund_face(refund: &Refund, gateway: &str, at: Moment) -> Result<RefundFace, Error> {
    let (reason, asked_by) = match refund.made {
        RefundMade::Here => (reason_of(refund), refund.asked_by.clone()),
        RefundMade::There => ("Not asked for here.".to_owned(), format!("Somebody at {gateway}")),
    };
    let failure: Option<RefundFailure> = refund.failure.as_deref().map(serde_json::from_str).transpose()?;
    Ok(RefundFace {
        amount: refund.amount()?,
        state: refund.state,
        reason,
        asked_by,
        at,
        gateway_id: refund.gateway_id.clone(),
        failure: failure.map(|failure| failure.words().to_owned()),
    })
}

pub(crate) async fn refund_events(
    db: &MerchantDb,
    refund: &Refund,
    gateway: &str,
    place: &str,
    locale: Locale,
    local: impl Fn(DateTime<Utc>) -> Moment,
) -> Result<Vec<StoryEvent>, Error> {
    let amount = refund.amount()?.format(locale);
    let surcharge = Money::new(refund.surcharge_minor, refund.amount()?.currency);
    let surcharge = surcharge.is_positive().then(|| format!(". Surcharge in it: {}", surcharge.format(locale)));
    let why = if refund.reason.is_empty() { String::new() } else { format!(": {}", reason_of(refund)) };
    let (title, asked) = match refund.made {
        RefundMade::Here => (
            format!("Refund of {amount} asked for"),
            format!("By {}{why}{}", refund.asked_by, surcharge.unwrap_or_default()),
        ),
        RefundMade::There => (format!("Refund of {amount} made at {gateway}"), "Nobody asked for it here.".to_owned()),
    };
    let mut events = vec![event(local(refund.created_at), &title, &asked, Tone::Neutral)];
    events.extend(db.refund_observations(refund.id).await?.iter().map(|seen| refund_observed(seen, local(seen.at))));
    let entries = db.refund_entries(&[refund.id]).await?;
    events.extend(entries.iter().filter_map(|entry| refund_booked(entry, refund, place, local(entry.updated_at))));
    Ok(events)
}

fn refund_observed(seen: &ObservedRefund, at: Moment) -> StoryEvent {
    let (title, tone) = match &seen.seen.fact {
        RefundFact::Unanswered => ("The gateway did not answer the refund; its outcome is open", Tone::Wait),
        RefundFact::NotSent => ("The refund did not reach the gateway", Tone::Bad),
        RefundFact::Refused { .. } => ("The gateway refused the refund", Tone::Bad),
        RefundFact::NotSeen => ("The gateway has not seen the refund so far", Tone::Wait),
        RefundFact::NeverArrived => ("The gateway never received the refund", Tone::Bad),
        RefundFact::DeclaredAbsent => ("Staff say that the gateway does not have the refund", Tone::Bad),
        RefundFact::Pending => ("Refund accepted, not paid out yet", Tone::Wait),
        RefundFact::Succeeded => ("Refunded", Tone::Good),
        RefundFact::Failed { .. } => ("The refund failed: the money is back at the gateway", Tone::Bad),
        RefundFact::Canceled => ("Refund cancelled", Tone::Neutral),
    };
    let why = match &seen.seen.fact {
        RefundFact::Refused { code } => format!(" Code {code}."),
        RefundFact::Failed { reason } => format!(" {}", reason.words()),
        _ => String::new(),
    };
    let id = seen.seen.gateway_id.as_ref().map(|id| format!(" Its number there: {id}.")).unwrap_or_default();
    event(at, title, &format!("{}.{why}{id}", source_words(seen.source)), tone)
}

fn refund_booked(entry: &RefundEntry, refund: &Refund, place: &str, at: Moment) -> Option<StoryEvent> {
    match entry.state {
        BooksEntryState::Intended
        | BooksEntryState::Leaving
        | BooksEntryState::ByHand
        | BooksEntryState::Moved
        | BooksEntryState::Invoiced => None,
        BooksEntryState::Posted => {
            let credit = entry.credit_id.as_ref().map(|id| format!("credit note {id}, ")).unwrap_or_default();
            let paid = entry.external_id.as_deref().unwrap_or_default();
            Some(event(at, "Refund posted to the books", &format!("{place}: {credit}payment {paid}."), Tone::Good))
        }
        BooksEntryState::Refused => {
            let why = entry.last_error.as_deref().unwrap_or_default();
            let stands = |id: &str| format!("{place}: credit note {id} stands. {why}");
            Some(match &entry.credit_id {
                Some(id) if refund.state == RefundState::Succeeded => {
                    event(at, "The books refused the payment of the refund’s credit note", &stands(id), Tone::Bad)
                }
                Some(id) if entry.has_credit_alone() => {
                    event(at, "The books keep the refund’s credit note", &stands(id), Tone::Bad)
                }
                _ => event(at, "The books refused the refund", why, Tone::Bad),
            })
        }
        BooksEntryState::Needless if refund.state == RefundState::Succeeded => {
            let detail = format!("{place}: the payment is not there, so nothing is taken back.");
            Some(event(at, "The books need nothing of the refund", &detail, Tone::Neutral))
        }
        BooksEntryState::Needless => Some(event(at, "The refund does not stand in the books", place, Tone::Neutral)),
    }
}
