//! The ConnectWise Sell (CPQ) simulator: quotes with Order Porter pages, paid at the portal by `wp-quote/1`, and Sell's REST
//! reads. Source: `wire/connectwise.md`, 3. How the real Sell calls a payments portal is not public, and what a quote's pages
//! look like there neither: both are our own.

mod api;
mod order_porter;
mod portal;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::seed::stable_id;
use crate::{Shared, facts};
use standing::{Attempt, Status, Told};

pub(crate) use order_porter::quote_rows;

/// All quotes are one customer's.
const ACCOUNT: &str = facts::NORTHWIND.payers[0].customer;
const EMAIL: &str = facts::ANA_EMAIL;
const CURRENCY: &str = facts::NORTHWIND.currency;

/// Everything the vendor knows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Office {
    quotes: Vec<Quote>,
    /// Of ways back that were used, and until when (Unix seconds) each would be taken.
    nonces: BTreeMap<String, i64>,
    /// What the portal has told, oldest first.
    news: Vec<News>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Quote {
    id: String,
    number: u32,
    version: u32,
    name: String,
    items: Vec<Item>,
    signed: Option<Signature>,
    /// Sessions at the portal, oldest first.
    attempts: Vec<Attempt>,
    refunded_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Item {
    description: String,
    quantity: i64,
    unit_minor: i64,
    is_monthly: bool,
}

/// Order Porter's terms were accepted, and by whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Signature {
    signer: String,
    at_ms: i64,
}

/// One piece of news from the portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct News {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    data: NewsData,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct NewsData {
    session_id: String,
    status: String,
    #[serde(default)]
    refunded_minor: Option<i64>,
}

impl Office {
    /// The quotes that `demo.md` names.
    pub fn seeded() -> Self {
        let item = |description: &str, quantity: i64, unit_minor: i64, is_monthly: bool| Item {
            description: description.to_owned(),
            quantity,
            unit_minor,
            is_monthly,
        };
        let managed = |users: i64| item("Managed services, per user", users, 2_500, true);
        let quote = |number: u32, name: &str, items: Vec<Item>| Quote {
            id: stable_id("quote", &format!("Q-{number}")).to_string(),
            number,
            version: 1,
            name: name.to_owned(),
            items,
            signed: None,
            attempts: Vec::new(),
            refunded_minor: 0,
        };
        let firewall = item("Firewall, set up on site", 1, 120_000, false);
        let switch = item("Network switch, 24 ports", 2, 40_000, false);
        let server = item("Server, set up and moved in", 1, 150_000, false);
        let quotes = vec![
            quote(10_231, "New firewall and switches", vec![firewall, switch]),
            quote(10_232, "New server with managed services", vec![server, managed(12)]),
            quote(10_233, "Managed services for a new office", vec![managed(8)]),
        ];
        Self { quotes, nonces: BTreeMap::new(), news: Vec::new() }
    }

    fn quote(&self, number: &str) -> Option<&Quote> {
        self.quotes.iter().find(|quote| quote.spelt() == number)
    }

    fn quote_mut(&mut self, number: &str) -> Option<&mut Quote> {
        self.quotes.iter_mut().find(|quote| quote.spelt() == number)
    }

    fn attempt_mut(&mut self, session: &str) -> Option<&mut Attempt> {
        self.quotes.iter_mut().flat_map(|quote| quote.attempts.iter_mut()).find(|attempt| attempt.session == session)
    }

    fn has_session(&self, session: &str) -> bool {
        self.quotes.iter().flat_map(|quote| &quote.attempts).any(|attempt| attempt.session == session)
    }

    /// Writes down what the portal has told. The same once more adds nothing.
    fn hear(&mut self, news: News) {
        if self.news.iter().any(|known| known.id == news.id) {
            return;
        }
        let of_session = |quote: &&mut Quote| quote.attempts.iter().any(|at| at.session == news.data.session_id);
        if let Some(quote) = self.quotes.iter_mut().find(of_session) {
            quote.refunded_minor += news.data.refunded_minor.unwrap_or(0);
        }
        self.news.push(news);
    }

    /// The records for `GET /control/state/sell`.
    pub fn state(&self) -> Value {
        let attempt = |it: &Attempt| {
            json!({ "attempt": it.number, "session_id": it.session, "status": it.told.status,
                "reference": it.told.reference })
        };
        let quote = |it: &Quote| {
            json!({ "id": it.id, "number": it.spelt(), "version": it.version, "one_time_minor": it.one_time_minor(),
                "monthly_minor": it.monthly_minor(), "currency": CURRENCY,
                "signed_by": it.signed.as_ref().map(|signed| &signed.signer),
                "status": it.standing().map(|at| at.told.status), "refunded_minor": it.refunded_minor,
                "attempts": it.attempts.iter().map(attempt).collect::<Vec<_>>() })
        };
        json!({ "quotes": self.quotes.iter().map(quote).collect::<Vec<_>>(), "news": self.news })
    }
}

impl Quote {
    /// As people quote it, and as it stands in addresses: `Q-10231`.
    fn spelt(&self) -> String {
        format!("Q-{}", self.number)
    }

    fn sum(&self, monthly: bool) -> i64 {
        self.items.iter().filter(|item| item.is_monthly == monthly).map(|item| item.quantity * item.unit_minor).sum()
    }

    fn one_time_minor(&self) -> i64 {
        self.sum(false)
    }

    fn monthly_minor(&self) -> i64 {
        self.sum(true)
    }

    /// The attempt that says where the quote stands: the one that brought money, or may bring some, else the newest.
    fn standing(&self) -> Option<&Attempt> {
        let of = |status: Status| self.attempts.iter().rev().find(|attempt| attempt.told.status == status);
        of(Status::Succeeded).or_else(|| of(Status::Processing)).or(self.attempts.last())
    }

    /// The number of the session that the next press asks for: the same again while nothing came of it.
    fn next_attempt(&self) -> u32 {
        match self.attempts.last() {
            Some(last) if last.told.status.is_over() => last.number + 1,
            Some(last) => last.number,
            None => 1,
        }
    }

    /// Keeps what the portal has opened, or that it opens nothing by this number any more.
    fn keep_attempt(&mut self, number: u32, session: String, status: Status) {
        self.attempts.retain(|known| known.number != number);
        self.attempts.push(Attempt { number, session, told: Told::new(status) });
    }
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sell/api/{*path}", any(api::handle))
        .route("/sell/quote/{number}", get(order_porter::show))
        .route("/sell/quote/{number}/accept", post(order_porter::accept))
        .route("/sell/quote/{number}/return", get(order_porter::come_back))
        .route(facts::sell::HOOK, post(portal::take_news))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quotes_are_those_of_the_contract() {
        let office = Office::seeded();
        let sums = office.quotes.iter().map(|quote| (quote.spelt(), quote.one_time_minor(), quote.monthly_minor()));
        let named = [("Q-10231", 200_000, 0), ("Q-10232", 150_000, 30_000), ("Q-10233", 0, 20_000)];
        assert!(sums.eq(named.map(|(number, once, monthly)| (number.to_owned(), once, monthly))));
    }

    #[test]
    fn money_that_came_counts_whatever_was_tried_afterwards() {
        let mut quote = Office::seeded().quotes.remove(0);
        assert_eq!(quote.next_attempt(), 1);
        quote.keep_attempt(1, "qs_1".to_owned(), Status::Cancelled);
        assert_eq!(quote.next_attempt(), 1, "nothing came of it");
        quote.keep_attempt(1, "qs_1".to_owned(), Status::Failed);
        assert_eq!(quote.next_attempt(), 2);
        quote.keep_attempt(2, "qs_2".to_owned(), Status::Created);
        assert_eq!(quote.standing().unwrap().number, 2);
        quote.attempts[0].told.status = Status::Succeeded;
        assert_eq!(quote.standing().unwrap().number, 1, "its payer went back to the first one and paid there");
    }
}
