//! What was taken on each day and in each currency, as the gateways list it, as our ledger has it and as the books have it:
//! one line each, and the payments that keep the three apart by name (`quality.md`, 2.3, 4). Refunds are no part of it.

use crate::{Error, faces::is_paid_back, post_payment::books_reference, verify_books::gone_back};
use chrono::NaiveDate;
use connectors::{books::BooksPayment, gateway::Taken};
use domain::{
    ids::{AttemptId, ConnectionId},
    money::{Currency, Money},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::{AttemptRecord, BooksEntry, BooksEntryState};

/// So many payments of a line are named; all of them are differences, or their own pages say why.
const NAMED_MAX: usize = 5;

/// What the gateways list as taken.
#[derive(Debug, Default)]
pub(crate) struct GatewayLists {
    pub charges: u64,
    pub taken: HashMap<AttemptId, i64>,
    /// Those that have a list and handed it out.
    pub connections: HashSet<ConnectionId>,
    /// Taken, and listed no more since a refund voided the charge.
    pub undone: HashSet<AttemptId>,
    /// Listed as settled, and only promised as far as we know.
    pub settled: Vec<Taken>,
}

impl GatewayLists {
    pub fn add(&mut self, connection: ConnectionId, taken: &[Taken]) {
        self.charges += u64::try_from(taken.len()).unwrap_or(u64::MAX);
        self.connections.insert(connection);
        for charge in taken {
            *self.taken.entry(charge.attempt).or_default() += charge.amount.minor;
        }
    }
}

/// What an attempt adds to its day.
#[derive(Debug)]
pub(crate) struct Taking {
    attempt: AttemptId,
    connection: ConnectionId,
    day: NaiveDate,
    currency: Currency,
    ledger_minor: i64,
    /// Nothing where the books were not asked.
    books_minor: Option<i64>,
}

impl Taking {
    pub fn of(
        record: &AttemptRecord,
        day: NaiveDate,
        postings: Option<&HashMap<String, Vec<BooksPayment>>>,
    ) -> Result<Self, Error> {
        let (attempt, currency) = (&record.attempt, record.attempt.amount()?.currency);
        Ok(Self {
            attempt: attempt.id,
            connection: attempt.connection_id,
            day,
            currency,
            ledger_minor: record.clearing_minor + gone_back(record),
            books_minor: postings.map(|postings| in_books(record, currency, postings)),
        })
    }
}

/// Of its payments there; what was paid out again under the same reference is a refund's, and so is that it stands there
/// no more because its invoices are owed again.
fn in_books(record: &AttemptRecord, currency: Currency, postings: &HashMap<String, Vec<BooksPayment>>) -> i64 {
    let is_out = |entry: &BooksEntry| matches!(entry.state, BooksEntryState::Needless | BooksEntryState::Moved);
    if is_paid_back(&record.attempt) && record.entries.iter().all(is_out) {
        return record.attempt.amount_minor;
    }
    let references: BTreeSet<_> = record.entries.iter().map(|entry| books_reference(&record.attempt, entry)).collect();
    let payments = references.into_iter().filter_map(|reference| postings.get(reference)).flatten();
    let amounts = payments.filter_map(|payment| Money::from_decimal(&payment.amount, currency).ok());
    amounts.filter(|amount| amount.is_positive()).map(|amount| amount.minor).sum()
}

/// One sum, as far as everything of its day was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Total(Option<i64>);

impl Total {
    fn add(&mut self, minor: Option<i64>) {
        self.0 = self.0.zip(minor).map(|(sum, more)| sum + more);
    }

    fn words(self, currency: Currency) -> String {
        self.0.map_or("not asked".to_owned(), |minor| Money::new(minor, currency).to_decimal())
    }
}

/// A line for each day and currency in which something was taken, the oldest first.
pub(crate) fn lines(takings: &[Taking], lists: &GatewayLists) -> Vec<String> {
    let mut days: BTreeMap<(NaiveDate, String), Vec<&Taking>> = BTreeMap::new();
    for taking in takings {
        days.entry((taking.day, taking.currency.code().to_owned())).or_default().push(taking);
    }
    days.into_iter().filter_map(|((day, code), takings)| line(day, &code, &takings, lists)).collect()
}

fn line(day: NaiveDate, code: &str, takings: &[&Taking], lists: &GatewayLists) -> Option<String> {
    let currency = takings.first()?.currency;
    let (mut gateway, mut ledger, mut books) = (Total(Some(0)), Total(Some(0)), Total(Some(0)));
    let mut apart = Vec::new();
    for taking in takings {
        let there = at_gateway(taking, lists);
        gateway.add(there);
        ledger.add(Some(taking.ledger_minor));
        books.add(taking.books_minor);
        if [there, taking.books_minor].into_iter().flatten().any(|minor| minor != taking.ledger_minor) {
            apart.push(taking.attempt.to_string());
        }
    }
    if [gateway, ledger, books].iter().all(|total| total.0.is_none_or(|minor| minor == 0)) && apart.is_empty() {
        return None;
    }
    let [there, here, posted] = [gateway, ledger, books].map(|total| total.words(currency));
    let end = match apart.len() {
        0 => "difference 0".to_owned(),
        all => format!("apart by {all} of its payments: {}", apart[..all.min(NAMED_MAX)].join(", ")),
    };
    Some(format!("{day} {code}: gateway {there}, ledger {here}, books {posted}, {end}"))
}

/// Nothing where its gateway was not asked.
fn at_gateway(taking: &Taking, lists: &GatewayLists) -> Option<i64> {
    if !lists.connections.contains(&taking.connection) {
        return None;
    }
    let voided = if lists.undone.contains(&taking.attempt) { taking.ledger_minor } else { 0 };
    Some(lists.taken.get(&taking.attempt).copied().unwrap_or(voided))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn taking(id: u128, ledger_minor: i64, books_minor: Option<i64>) -> Taking {
        let day = NaiveDate::from_ymd_opt(2026, 11, 25).expect("a day");
        let (attempt, connection) = (AttemptId(Uuid::from_u128(id)), ConnectionId(Uuid::nil()));
        Taking { attempt, connection, day, currency: Currency::USD, ledger_minor, books_minor }
    }

    #[test]
    fn d30_a_day_has_one_line_and_names_what_keeps_its_sums_apart() {
        let connections = HashSet::from([ConnectionId(Uuid::nil())]);
        let taken = HashMap::from([(AttemptId(Uuid::from_u128(1)), 500), (AttemptId(Uuid::from_u128(2)), 700)]);
        let lists = GatewayLists { taken, connections, ..GatewayLists::default() };
        let told = |takings: &[Taking]| lines(takings, &lists);
        let agrees = [taking(1, 500, Some(500)), taking(2, 700, Some(700)), taking(3, 0, Some(0))];
        let line = "2026-11-25 USD: gateway 12.00, ledger 12.00, books 12.00, difference 0";
        assert_eq!(told(&agrees), [line]);
        let refused = told(&[taking(1, 500, Some(500)), taking(2, 700, Some(0))]);
        let second = AttemptId(Uuid::from_u128(2));
        let line = "2026-11-25 USD: gateway 12.00, ledger 12.00, books 5.00, apart by 1 of its payments";
        assert_eq!(refused, [format!("{line}: {second}")]);
        assert_eq!(told(&[taking(3, 0, Some(0))]), [""; 0], "nothing was taken");
        assert_eq!(
            told(&[taking(1, 500, None)]),
            ["2026-11-25 USD: gateway 5.00, ledger 5.00, books not asked, difference 0"]
        );
    }
}
