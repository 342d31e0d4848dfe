//! From rows to what the screens show.

use crate::{
    Engine, Error,
    clock::{day, on_the_wall, zone},
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{
    advance::AdvanceKind,
    date::{Lateness, in_words},
    ids::AttemptId,
    money::{Currency, Locale, Money},
    payment::{AttemptState, DeclineReason},
    refund::{RefundState, Refunded},
    views::{InvoiceFace, Page, PaidBack, PaymentRow, ShareFace, UnderWay},
};
use std::collections::HashMap;
use store::{Allocation, Attempt, Invoice, Merchant, MerchantDb, Payment, Sum};

pub(crate) const ROWS_PER_PAGE: u64 = 50;

impl Engine {
    pub(crate) async fn invoice_faces(
        &self,
        db: &MerchantDb,
        merchant: &Merchant,
        rows: Vec<Invoice>,
    ) -> Result<Vec<InvoiceFace>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let names = db.customer_names(rows.iter().map(|row| row.customer_id)).await?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let covered = db.quote_locked(&ids).await?;
        let (under_way, recorded) = (db.under_way(ids.clone()).await?, db.being_recorded(ids).await?);
        let face = |row: Invoice| {
            let customer = names.get(&row.customer_id).cloned();
            let under_way = under_way.get(&row.id).map(|state| whose_turn(*state));
            let under_way = if recorded.contains(&row.id) {
                Some(UnderWay::Books)
            } else {
                under_way.or_else(|| covered.contains(&row.id).then_some(UnderWay::Credit))
            };
            self.invoice_face(merchant, row, customer, under_way)
        };
        rows.into_iter().map(face).collect()
    }

    pub(crate) fn invoice_face(
        &self,
        merchant: &Merchant,
        row: Invoice,
        customer: Option<String>,
        under_way: Option<UnderWay>,
    ) -> Result<InvoiceFace, Error> {
        Ok(InvoiceFace {
            id: row.id,
            customer,
            date: row.date,
            due_date: row.due_date,
            lateness: Lateness::of(row.due_date, self.clock().today(zone(&merchant.time_zone))),
            status: row.status,
            total: row.total()?,
            due: row.due()?,
            under_way,
            advance: row.advance.map(|_| row.purpose.unwrap_or_default()),
            number: row.number,
        })
    }

    pub(crate) async fn payment_rows(
        &self,
        db: &MerchantDb,
        rows: Vec<Payment>,
        zone: Tz,
    ) -> Result<Vec<PaymentRow>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let shares = db.shares_of(ids.clone()).await?;
        let attempts = db.latest_attempts(ids).await?;
        let with_money = attempts.values().filter(|attempt| attempt.state.has_money() || is_paid_back(attempt));
        let paid_back = paid_back(db, &with_money.map(|attempt| attempt.id).collect::<Vec<_>>()).await?;
        let could = attempts.values().filter(|attempt| attempt.state.has_money() || attempt.state.is_dead());
        let disputes = db.disputes_of(&could.map(|attempt| attempt.id).collect::<Vec<_>>()).await?;
        // The newest of each stays.
        let disputes: HashMap<_, _> = disputes.iter().map(|dispute| (dispute.attempt_id, dispute.state)).collect();
        let (locale, today) = (self.set_up(db).await?.merchant.face()?.locale, self.clock().today(zone));
        let face = |row: Payment| {
            let attempt = attempts.get(&row.id);
            let back = attempt.and_then(|attempt| paid_back.get(&attempt.id)).copied();
            let amount = row.amount()?;
            let of = shares.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            let several = of.iter().filter(|_| of.len() > 1);
            Ok(PaymentRow {
                payment: row.id,
                invoice_number: numbers(of),
                shares: several.map(|share| share_face(share, amount.currency)).collect(),
                amount,
                customer: row.customer_name,
                state: attempt.map_or(AttemptState::Created, |a| a.state),
                never_sent: attempt.is_some_and(never_sent),
                refunded: Refunded::of(row.amount_minor, back.map_or(0, |(minor, _)| minor)),
                dispute: attempt.and_then(|attempt| disputes.get(&attempt.id)).copied(),
                paid_back: back.map(|(minor, at)| PaidBack {
                    amount: Money::new(minor, amount.currency),
                    on: day(at, zone),
                    is_out: true,
                }),
                method: attempt.map(|attempt| method_words(attempt, locale)).transpose()?.flatten(),
                bank_day: attempt.and_then(|attempt| BankDay::of(attempt, zone, today)).map(BankDay::words),
                at: on_the_wall(row.created_at, zone),
                reference: row.reference,
            })
        };
        rows.into_iter().map(face).collect()
    }
}

/// The next day that counts for a debit (N4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BankDay {
    /// As a rule.
    ClearsBy(NaiveDate),
    ReturnableUntil(NaiveDate),
}

impl BankDay {
    pub(crate) fn of(attempt: &Attempt, zone: Tz, today: NaiveDate) -> Option<Self> {
        let sent = day(attempt.created_at, zone);
        match attempt.state {
            AttemptState::Processing => attempt.kind.clears_by(sent).map(Self::ClearsBy),
            state if state.has_money() => {
                attempt.kind.returnable_until(sent).filter(|until| today <= *until).map(Self::ReturnableUntil)
            }
            _ => None,
        }
    }

    fn words(self) -> String {
        match self {
            Self::ClearsBy(by) => format!("clears by {}", in_words(by)),
            Self::ReturnableUntil(until) => format!("can be returned until {}", in_words(until)),
        }
    }
}

/// What was paid with, and what was added for that: `Visa ··4242, $1.50 surcharge`.
fn method_words(attempt: &Attempt, locale: Locale) -> Result<Option<String>, Error> {
    let surcharge = attempt.surcharge()?.map(|surcharge| format!("{} surcharge", surcharge.format(locale)));
    let words: Vec<_> = [attempt.method.clone(), surcharge].into_iter().flatten().collect();
    Ok((!words.is_empty()).then(|| words.join(", ")))
}

/// What the successful refunds of each attempt have paid back, in minor units, and when the newest was made.
async fn paid_back(db: &MerchantDb, attempts: &[AttemptId]) -> Result<HashMap<AttemptId, (i64, DateTime<Utc>)>, Error> {
    let mut paid_back: HashMap<_, (i64, DateTime<Utc>)> = HashMap::new();
    for refund in db.refunds_of(attempts).await? {
        if refund.state == RefundState::Succeeded {
            let sum = paid_back.entry(refund.attempt_id).or_default();
            *sum = (sum.0 + refund.amount_minor, refund.created_at);
        }
    }
    Ok(paid_back)
}

/// `INV-501, INV-502`
pub(crate) fn numbers(shares: &[Allocation]) -> String {
    shares.iter().map(|share| share.invoice_number.as_str()).collect::<Vec<_>>().join(", ")
}

pub(crate) fn share_face(share: &Allocation, currency: Currency) -> ShareFace {
    let money = |minor| Money::new(minor, currency);
    ShareFace {
        number: share.invoice_number.clone(),
        amount: money(share.amount_minor),
        total: money(share.total_minor),
        balance_after: money(share.due_minor - share.amount_minor),
        is_advance: share.advance.is_some(),
        is_quote: share.advance == Some(AdvanceKind::Quote),
    }
}

fn whose_turn(state: AttemptState) -> UnderWay {
    if state == AttemptState::RequiresAction { UnderWay::Payer } else { UnderWay::Others }
}

pub(crate) fn page<T>(rows: Vec<T>, total: u64, page: u64, query: &str) -> Page<T> {
    Page { rows, total, page: page.max(1), per_page: ROWS_PER_PAGE, query: query.to_owned() }
}

pub(crate) fn amounts(sums: &[Sum]) -> Result<Vec<Money>, Error> {
    Ok(sums.iter().map(Sum::money).collect::<Result<_, _>>()?)
}

/// Nothing of it reached the gateway: neither the request itself, nor, as look-ups have shown, any trace of it.
pub(crate) fn never_sent(attempt: &Attempt) -> bool {
    decline_reason(attempt) == Some(DeclineReason::NotSent)
}

/// All of it was refunded, and its customer still owes what it paid: the gateway goes on listing it as taken.
pub(crate) fn is_paid_back(attempt: &Attempt) -> bool {
    decline_reason(attempt) == Some(DeclineReason::PaidBack)
}

/// Why an attempt brought no money, as its cache keeps it.
pub(crate) fn decline_reason(attempt: &Attempt) -> Option<DeclineReason> {
    attempt.reason.as_deref().and_then(|json| serde_json::from_str(json).ok())
}
