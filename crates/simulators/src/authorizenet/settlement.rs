//! What happens by the clock alone: batches settle each night, banks take debits back, authorisations lapse. None of it
//! fires a webhook (`wire/gateways.md`, 3.7 and 3.8): whoever wants to know must ask.
//!
//! The night is cut at 07:00 UTC, midnight of the merchant's clock. Cards settle at the next cut; bank accounts at the
//! third banking day's. Banking days are Monday to Friday; holidays are not kept.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};

use super::Account;
use super::instruments::Behaviour;
use super::money;
use super::reply::{Members, Out, number, text};
use super::transactions::{Kind, Returned, Status, Transaction, local, utc};
use super::{DAY_MS, HOUR_MS};

/// How far the merchant's midnight stands behind UTC's.
const CUT_HOUR_UTC: i64 = 7;
const BANK_SETTLES_AFTER_BANKING_DAYS: u32 = 3;
/// `R01` comes within two banking days of the debit at the bank; another passes until the vendor reports it.
const UNPAID_AFTER_BANKING_DAYS: u32 = 3;
/// `R10` may come within sixty days (`wire/gateways.md`, 8.3); here it takes twenty.
const UNAUTHORISED_AFTER_DAYS: u64 = 20;
const AUTHORISATION_LAPSES_AFTER_MS: i64 = 30 * DAY_MS;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Batch {
    pub id: u64,
    pub settled_ms: i64,
    /// `creditCard` or `eCheck`; each night has at most one batch of either.
    pub payment_method: String,
}

impl Account {
    /// Does everything that fell due until now, in the order in which it fell due.
    pub fn catch_up(&mut self, now_ms: i64) -> bool {
        let due = |transaction: &Transaction| {
            next_event(transaction).filter(|(at_ms, _)| *at_ms <= now_ms).map(|(at_ms, _)| (at_ms, transaction.id))
        };
        let mut changed = false;
        while let Some((_, id)) = self.transactions.values().filter_map(due).min() {
            self.happen(id);
            changed = true;
        }
        changed
    }

    fn happen(&mut self, id: u64) {
        let Some((at_ms, event)) = self.transactions.get(&id).and_then(next_event) else { return };
        let batch = match (event, self.transactions.get(&id)) {
            (Event::Settles, Some(transaction)) => {
                Some(self.batch_of_night(at_ms, transaction.instrument.payment_method()))
            }
            _ => None,
        };
        let item = if matches!(event, Event::Returns(_)) { self.mint() } else { 0 };
        let Some(transaction) = self.transactions.get_mut(&id) else { return };
        match event {
            Event::Lapses => transaction.status = Status::Expired,
            Event::Returns(code) => transaction.take_back(item, at_ms, code, Status::ReturnedItem),
            Event::Settles => {
                transaction.status = match transaction.kind {
                    Kind::Refund => Status::RefundSettledSuccessfully,
                    _ => Status::SettledSuccessfully,
                };
                transaction.batch = batch;
                transaction.settled_ms = Some(at_ms);
            }
        }
    }

    pub fn batch_of_night(&mut self, settled_ms: i64, payment_method: &str) -> u64 {
        let same = |batch: &&Batch| batch.settled_ms == settled_ms && batch.payment_method == payment_method;
        if let Some(batch) = self.batches.values().find(same) {
            return batch.id;
        }
        let id = self.mint_batch();
        self.batches.insert(id, Batch { id, settled_ms, payment_method: payment_method.to_owned() });
        id
    }
}

impl Transaction {
    /// The documents do not say which status a return leaves: some word, and the item beside it.
    pub fn take_back(&mut self, item: u64, at_ms: i64, code: &str, status: Status) {
        self.status = status;
        self.returned = Some(Returned { id: item, at_ms, code: code.to_owned() });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Settles,
    Returns(&'static str),
    Lapses,
}

/// What the clock will do to the transaction next, and when.
fn next_event(transaction: &Transaction) -> Option<(i64, Event)> {
    match transaction.status {
        Status::CapturedPendingSettlement => {
            Some((settles_at(transaction.captured_ms?, transaction.bank()), Event::Settles))
        }
        Status::RefundPendingSettlement => {
            Some((settles_at(transaction.submitted_ms, transaction.bank()), Event::Settles))
        }
        Status::AuthorizedPendingCapture => {
            Some((transaction.submitted_ms + AUTHORISATION_LAPSES_AFTER_MS, Event::Lapses))
        }
        Status::SettledSuccessfully if transaction.returned.is_none() => {
            let settled = merchant_day(transaction.settled_ms?);
            match transaction.instrument.behaviour() {
                Behaviour::ReturnUnpaid => {
                    Some((cut_before(banking_days_after(settled, UNPAID_AFTER_BANKING_DAYS)), Event::Returns("R01")))
                }
                Behaviour::ReturnUnauthorised => {
                    Some((cut_before(days_after(settled, UNAUTHORISED_AFTER_DAYS)), Event::Returns("R10")))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn settles_at(from_ms: i64, bank: bool) -> i64 {
    let day = merchant_day(from_ms);
    match bank {
        true => cut_before(banking_days_after(day, BANK_SETTLES_AFTER_BANKING_DAYS)),
        false => cut_before(days_after(day, 1)),
    }
}

/// The merchant's calendar day.
fn merchant_day(ms: i64) -> NaiveDate {
    let at = DateTime::from_timestamp_millis(ms).unwrap_or_default() - TimeDelta::hours(CUT_HOUR_UTC);
    at.date_naive()
}

/// The cut with which the day begins.
fn cut_before(day: NaiveDate) -> i64 {
    let midnight = day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc().timestamp_millis();
    midnight + CUT_HOUR_UTC * HOUR_MS
}

fn days_after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

fn banking_days_after(mut day: NaiveDate, days: u32) -> NaiveDate {
    for _ in 0..days {
        day = days_after(day, 1);
        while matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            day = days_after(day, 1);
        }
    }
    day
}

impl Batch {
    pub fn view(&self, account: &Account, statistics: bool) -> Out {
        let mut members: Members = vec![
            ("batchId", text(self.id.to_string())),
            ("settlementTimeUTC", text(utc(self.settled_ms))),
            ("settlementTimeLocal", text(local(self.settled_ms))),
            ("settlementState", text("settledSuccessfully")),
            ("paymentMethod", text(self.payment_method.as_str())),
            ("marketType", text("eCommerce")),
            ("product", text("Card Not Present")),
        ];
        if statistics {
            members.push(("statistics", Out::List("statistic", self.statistics(account))));
        }
        Out::Tree(members)
    }

    /// One row for each account type. Returns and chargebacks are counted in the batch of the debit.
    fn statistics(&self, account: &Account) -> Vec<Out> {
        let inside: Vec<&Transaction> =
            account.transactions.values().filter(|transaction| transaction.batch == Some(self.id)).collect();
        let mut types: Vec<&str> = inside.iter().map(|transaction| transaction.instrument.account_type()).collect();
        types.sort_unstable();
        types.dedup();
        types.into_iter().map(|account_type| statistic(account_type, &inside)).collect()
    }
}

fn statistic(account_type: &str, inside: &[&Transaction]) -> Out {
    let sum = |counts: &dyn Fn(&Transaction) -> bool| {
        let counted = inside.iter().filter(|it| it.instrument.account_type() == account_type && counts(it));
        counted.fold((0, 0), |(amount, count), it| (amount + it.settle, count + 1))
    };
    let charges = sum(&|it| it.kind != Kind::Refund);
    let refunds = sum(&|it| it.kind == Kind::Refund);
    let returns = sum(&|it| it.returned.is_some());
    let chargebacks = sum(&|it| it.status == Status::Chargeback);
    let amount = |(amount, _): (i64, i64)| text(money::show(amount));
    let count = |(_, count): (i64, i64)| number(count);
    Out::Tree(vec![
        ("accountType", text(account_type)),
        ("chargeAmount", amount(charges)),
        ("chargeCount", count(charges)),
        ("refundAmount", amount(refunds)),
        ("refundCount", count(refunds)),
        ("voidCount", number(0)),
        ("declineCount", number(0)),
        ("errorCount", number(0)),
        ("returnedItemAmount", amount(returns)),
        ("returnedItemCount", count(returns)),
        ("chargebackAmount", amount(chargebacks)),
        ("chargebackCount", count(chargebacks)),
        ("correctionNoticeCount", number(0)),
        ("chargeChargeBackAmount", amount(chargebacks)),
        ("chargeChargeBackCount", count(chargebacks)),
        ("refundChargeBackAmount", text("0.00")),
        ("refundChargeBackCount", number(0)),
        ("chargeReturnedItemsAmount", amount(returns)),
        ("chargeReturnedItemsCount", count(returns)),
        ("refundReturnedItemsAmount", text("0.00")),
        ("refundReturnedItemsCount", number(0)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[test]
    fn cards_settle_at_the_next_cut() {
        assert_eq!(settles_at(at("2026-11-25T20:00:00Z"), false), at("2026-11-26T07:00:00Z"));
        assert_eq!(settles_at(at("2026-11-25T06:59:59Z"), false), at("2026-11-25T07:00:00Z"));
        assert_eq!(settles_at(at("2026-11-25T07:00:00Z"), false), at("2026-11-26T07:00:00Z"));
    }

    #[test]
    fn bank_debits_settle_on_the_third_banking_day() {
        // A Wednesday, and a Friday over a weekend.
        assert_eq!(settles_at(at("2026-11-25T20:00:00Z"), true), at("2026-11-30T07:00:00Z"));
        assert_eq!(settles_at(at("2026-11-27T20:00:00Z"), true), at("2026-12-02T07:00:00Z"));
    }
}
