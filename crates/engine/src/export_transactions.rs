//! The staff's transactions as lines of a file (D24), the newest payment first: our own ledger's movements on the gateways'
//! clearing accounts, so that what a file adds up to is what the ledger has. One part at a time, however many there are.

use crate::{
    AdminPass, Engine, Error,
    clock::{day, zone},
    faces::{is_paid_back, numbers},
    payment_story::journal_words,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    export::ExportLine,
    ids::{AttemptId, ConnectionId, PaymentId},
    ledger::{Account, JournalKind},
    money::Money,
    payment::AttemptState,
};
use std::collections::{HashMap, HashSet};
use store::{Attempt, Dispute, MerchantDb, Moved, Payment, PaymentFilter, Refund};

const PAYMENTS_AT_ONCE: u64 = 200;

/// A part of the file.
#[derive(Clone, Debug)]
pub struct ExportPart {
    pub lines: Vec<ExportLine>,
    /// The payment after which the next part begins.
    pub next: Option<PaymentId>,
}

impl Engine {
    /// What the list of transactions shows for this search, from after that payment on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn export_transactions(
        &self,
        admin: &AdminPass,
        search: &str,
        before: Option<PaymentId>,
    ) -> Result<ExportPart, Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let filter = PaymentFilter { search: search.to_owned(), ..PaymentFilter::default() };
        let payments = db.payments_before(&filter, before, PAYMENTS_AT_ONCE).await?;
        let is_full = u64::try_from(payments.len()).is_ok_and(|count| count == PAYMENTS_AT_ONCE);
        let next = payments.last().map(|payment| payment.id).filter(|_| is_full);
        let ids: Vec<_> = payments.iter().map(|payment| payment.id).collect();
        let shares = db.shares_of(ids.clone()).await?;
        let attempts = db.attempts_of_payments(ids).await?;
        let told = self.told_of_money(db, &attempts, zone).await?;
        let mut lines = Vec::new();
        for payment in &payments {
            let invoices = shares.get(&payment.id).map(|shares| numbers(shares)).unwrap_or_default();
            for attempt in attempts.iter().filter(|attempt| attempt.payment_id == payment.id) {
                lines.extend(told.lines(payment, attempt, &invoices)?);
            }
        }
        Ok(ExportPart { lines, next })
    }

    async fn told_of_money(&self, db: &MerchantDb, attempts: &[Attempt], zone: Tz) -> Result<Told, Error> {
        let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
        let mut moved: HashMap<_, Vec<_>> = HashMap::new();
        for of in db.moves_of(&ids, Account::GatewayClearing).await? {
            moved.entry(of.attempt_id).or_default().push(of);
        }
        let refunds = db.refunds_of(&ids).await?.into_iter().map(|refund| (refund.id.to_string(), refund));
        let disputes = db.disputes_of(&ids).await?.into_iter().map(|dispute| (dispute.id.to_string(), dispute));
        let mut told =
            Told { zone, gateways: HashMap::new(), moved, refunds: refunds.collect(), disputes: disputes.collect() };
        let connections: HashSet<_> = attempts.iter().map(|attempt| attempt.connection_id).collect();
        for id in connections {
            let name = self.gateway_of(db, &db.connection(id).await?)?.capabilities().name.to_owned();
            told.gateways.insert(id, name);
        }
        Ok(told)
    }
}

/// What is recorded about the money of some attempts.
struct Told {
    zone: Tz,
    gateways: HashMap<ConnectionId, String>,
    moved: HashMap<AttemptId, Vec<Moved>>,
    /// By their ids as they print.
    refunds: HashMap<String, Refund>,
    disputes: HashMap<String, Dispute>,
}

impl Told {
    /// A line for each movement; of an attempt that moved nothing, one of nothing.
    fn lines(&self, payment: &Payment, attempt: &Attempt, invoices: &str) -> Result<Vec<ExportLine>, Error> {
        let zero = Money::zero(attempt.amount()?.currency);
        let line = |at: DateTime<Utc>, kind, amount, surcharge, gateway_id: Option<&String>| ExportLine {
            on: day(at, self.zone),
            kind,
            reference: payment.reference.clone(),
            started: day(attempt.created_at, self.zone),
            customer: payment.customer_name.clone(),
            invoices: invoices.to_owned(),
            status: if is_paid_back(attempt) { "Refunded" } else { attempt.state.badge().0 },
            method: attempt.method.clone().unwrap_or_default(),
            amount,
            surcharge,
            gateway: self.gateways.get(&attempt.connection_id).cloned().unwrap_or_default(),
            gateway_id: gateway_id.cloned().unwrap_or_default(),
        };
        let Some(moved) = self.moved.get(&attempt.id) else {
            let id = attempt.charge_id.as_ref().or(attempt.gateway_id.as_ref());
            return Ok(vec![line(attempt.created_at, words_of_nothing(attempt.state), zero, Some(zero), id)]);
        };
        let lines = moved.iter().map(|of| {
            let surcharge = self.surcharge_minor(attempt, of).map(|minor| Money::new(minor, zero.currency));
            line(of.at, journal_words(of.kind), of.amount, surcharge, self.gateway_id(attempt, of))
        });
        Ok(lines.collect())
    }

    fn gateway_id<'a>(&'a self, attempt: &'a Attempt, of: &Moved) -> Option<&'a String> {
        match of.kind {
            JournalKind::PaymentTaken | JournalKind::PaymentReversed | JournalKind::PaymentCorrected => {
                attempt.charge_id.as_ref().or(attempt.gateway_id.as_ref())
            }
            JournalKind::RefundPaid | JournalKind::RefundFailed => {
                self.refunds.get(&of.about).and_then(|refund| refund.gateway_id.as_ref())
            }
            JournalKind::DisputeLost | JournalKind::DisputeReversed => {
                self.disputes.get(&of.about).map(|dispute| &dispute.gateway_id)
            }
        }
    }

    /// Of what moved, the surcharge with its sign. What of it a dispute over a part takes, nobody says.
    fn surcharge_minor(&self, attempt: &Attempt, of: &Moved) -> Option<i64> {
        let whole = match of.kind {
            JournalKind::PaymentTaken | JournalKind::PaymentReversed | JournalKind::PaymentCorrected => {
                attempt.surcharge_minor
            }
            JournalKind::RefundPaid | JournalKind::RefundFailed => self.refunds.get(&of.about)?.surcharge_minor,
            JournalKind::DisputeLost | JournalKind::DisputeReversed => {
                let is_whole = of.amount.minor.abs() == attempt.amount_minor;
                (is_whole || attempt.surcharge_minor == 0).then_some(attempt.surcharge_minor)?
            }
        };
        Some(if of.amount.minor < 0 { -whole } else { whole })
    }
}

/// An attempt that has moved nothing may yet.
const fn words_of_nothing(state: AttemptState) -> &'static str {
    if state.is_open() { "Under way" } else { "No payment" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d24_what_may_still_bring_money_is_not_said_to_have_brought_none() {
        use AttemptState::{Created, Declined, Processing, RequiresAction, Unknown, Voided};
        for state in [Created, Unknown, RequiresAction, Processing] {
            assert_eq!(words_of_nothing(state), "Under way", "{state:?}");
        }
        assert_eq!([Declined, Voided].map(words_of_nothing), ["No payment"; 2]);
    }
}
