//! Numbers what has happened at a merchant and writes what its partners are told of it, from committed rows: a body is
//! written once, and sent as it is however often.

use crate::{Engine, Error};
use domain::{
    event::{DisputeData, EVENT_VERSION, Event, EventData, EventKind, InvoiceData, PaymentData, RefundData, ShareData},
    ids::{DisputeId, InvoiceId, RefundId},
};
use store::{Attempt, EventRow, MerchantDb, MerchantTx, Payment};

/// So many are numbered in one transaction.
const AT_ONCE: u64 = 64;

impl Engine {
    pub(crate) async fn number_events(&self, db: &MerchantDb) -> Result<(), Error> {
        loop {
            let tx = db.begin().await?;
            let (mut sequence, events) = tx.events_unnumbered(AT_ONCE).await?;
            let is_last = events.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
            for event in events {
                sequence += 1;
                let body = serde_json::to_string(&body(&tx, &event, sequence).await?)?;
                tx.event_number(event.id, sequence, body).await?;
            }
            tx.commit().await?;
            if is_last {
                return Ok(());
            }
        }
    }
}

async fn body(tx: &MerchantTx, event: &EventRow, sequence: i64) -> Result<Event, Error> {
    let attempt = tx.attempt(event.attempt_id).await?;
    let payment = tx.payment(attempt.payment_id).await?;
    let data = match (event.refund_id, event.dispute_id, event.invoice_id) {
        (Some(refund), ..) => EventData::Refund(refund_data(tx, payment, refund).await?),
        (_, Some(dispute), _) => EventData::Dispute(dispute_data(tx, payment, dispute).await?),
        (.., Some(invoice)) => EventData::Invoice(invoice_data(tx, &attempt, payment, invoice).await?),
        (None, None, None) => EventData::Payment(payment_data(tx, event.kind, attempt, payment).await?),
    };
    let (id, kind, occurred_at) = (event.id, event.kind, event.occurred_at);
    Ok(Event { id, kind, version: EVENT_VERSION, sequence, occurred_at, data })
}

async fn payment_data(
    tx: &MerchantTx,
    kind: EventKind,
    attempt: Attempt,
    payment: Payment,
) -> Result<PaymentData, Error> {
    let shares = tx.allocations(payment.id).await?.into_iter();
    let invoices = shares.map(|share| ShareData {
        id: share.invoice_id,
        number: share.invoice_number,
        amount_minor: share.amount_minor,
    });
    // A later no of its bank is a later event's.
    let reason = attempt.reason.filter(|_| kind != EventKind::PaymentSucceeded);
    Ok(PaymentData {
        id: payment.id,
        attempt: attempt.id,
        reference: payment.reference,
        amount_minor: attempt.amount_minor,
        surcharge_minor: attempt.surcharge_minor,
        currency: attempt.currency,
        customer: payment.customer_id,
        customer_name: payment.customer_name,
        method: attempt.kind,
        gateway_id: attempt.gateway_id,
        reason: reason.map(|reason| serde_json::from_str(&reason)).transpose()?,
        invoices: invoices.collect(),
    })
}

async fn refund_data(tx: &MerchantTx, payment: Payment, refund: RefundId) -> Result<RefundData, Error> {
    let refund = tx.refund(refund).await?;
    Ok(RefundData {
        id: refund.id,
        payment: payment.id,
        reference: payment.reference,
        amount_minor: refund.amount_minor,
        surcharge_minor: refund.surcharge_minor,
        currency: refund.currency,
        gateway_id: refund.gateway_id,
        failure: refund.failure.map(|failure| serde_json::from_str(&failure)).transpose()?,
    })
}

async fn dispute_data(tx: &MerchantTx, payment: Payment, dispute: DisputeId) -> Result<DisputeData, Error> {
    let dispute = tx.dispute(dispute).await?;
    Ok(DisputeData {
        id: dispute.id,
        payment: payment.id,
        reference: payment.reference,
        amount_minor: dispute.amount_minor,
        reason: dispute.reason()?,
        currency: dispute.currency,
        gateway_id: dispute.gateway_id,
        answer_by: dispute.answer_by,
    })
}

async fn invoice_data(
    tx: &MerchantTx,
    attempt: &Attempt,
    payment: Payment,
    invoice: InvoiceId,
) -> Result<InvoiceData, Error> {
    let invoice = tx.invoice(invoice).await?;
    let entries = tx.books_entries(attempt.id).await?;
    let entry = entries.into_iter().find(|entry| entry.invoice_id == invoice.id).ok_or(Error::NotFound)?;
    Ok(InvoiceData {
        id: invoice.id,
        number: invoice.number,
        payment: payment.id,
        reference: payment.reference,
        amount_minor: entry.amount_minor,
        total_minor: invoice.total_minor,
        currency: invoice.currency,
    })
}
