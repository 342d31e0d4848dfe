//! How each gateway is driven, and what the points of the contract have in common: a charge of a card, what is heard of it,
//! and what the vendor's own books say.

use crate::{
    sim::Sim,
    world::{TOTAL, dated_request, dated_store, look_up, seen},
};
use chrono::{DateTime, Utc};
use connectors::gateway::{Authority, Cards, ChargeHow, ChargeRequest, Gateway, News, StoreRequest, Wire};
use domain::{
    money::{Currency, Money},
    payment::{Fact, Observation},
};
use http::HeaderMap;
use serde_json::json;
use simulators::Vendor;
use std::io::Write;
use tokio::sync::mpsc;

/// How a gateway is driven.
pub(super) trait Bench {
    /// None for a gateway of this process.
    const SIMULATED: Option<&'static Simulated>;

    /// In which it charges.
    const CURRENCY: Currency = Currency::USD;

    /// The vendor itself pays back so many percent of a charge beyond the charge: only who asks can hold that back.
    const REFUNDS_BEYOND_PERCENT: i64 = 0;

    /// The token of a card whose bank asks its payer on a page of its own, where a call of ours can come to that.
    const ASKING: Option<&'static str> = None;

    /// The token of a card by which a gateway of this process is busy: no wire can be.
    const BUSY: Option<&'static str> = None;

    /// The adapter, asking the simulators at this address at this time.
    fn gateway(base: &str, now: DateTime<Utc>) -> Box<dyn Gateway>;

    /// A token of such a card, as the browser gets it.
    async fn card(_sim: &Sim, _card: Card) -> String {
        unreachable!("whoever charges tokens says how they are made")
    }

    /// Such a card is typed on the page that was opened at this address.
    async fn enter(_sim: &Sim, _url: &str, _card: Card) {
        unreachable!("whoever is paid on a page of its own says how")
    }

    /// The payer answers the bank on the page at this address.
    async fn answer(_sim: &Sim, _url: &str, _confirms: bool) {
        unreachable!("whoever asks says how it is answered")
    }

    /// A token of such a bank account.
    async fn account(_sim: &Sim, _account: Account) -> String {
        unreachable!("whoever debits accounts says how they are typed in")
    }
}

/// What comes of a charge of it.
#[derive(Clone, Copy)]
pub(super) enum Card {
    Good,
    Declined,
    /// The money is taken, and our side does not hear of it.
    AnswerLost,
    /// Good, where the gateway can be reached.
    Unreachable,
}

/// What comes of a debit of it.
#[derive(Clone, Copy)]
pub(super) enum Account {
    Clears,
    /// It clears, and the bank takes the money back weeks later.
    ComesBack,
}

/// The vendor behind a gateway.
pub(super) struct Simulated {
    pub(super) vendor: Vendor,
    /// What signs its news to us, and to somebody else. Nothing, where it tells nothing.
    pub(super) signed_by: &'static str,
    pub(super) forged_by: &'static str,
    /// By what the controls tell calls that only read.
    pub(super) reads: &'static str,
    /// Nobody may read these in a log.
    pub(super) secrets: &'static [&'static str],
}

impl Simulated {
    pub(super) async fn arm(&self, sim: &Sim, fault: &str, times: u32) {
        let vendor = self.vendor.name();
        sim.control("faults", json!({"vendor": vendor, "fault": fault, "times": times})).await;
    }

    /// What is read has such statuses from now on.
    pub(super) async fn spoil_reads(&self, sim: &Sim) {
        let (vendor, reads) = (self.vendor.name(), self.reads);
        let fault = json!({"vendor": vendor, "fault": "unknown_status", "times": 99, "match": reads});
        sim.control("faults", fault).await;
    }

    pub(super) async fn mend_reads(&self, sim: &Sim) {
        self.arm(sim, "unknown_status", 0).await;
    }
}

pub(super) const WHOLE: i64 = 120_450;

pub(super) fn gateway<B: Bench>(sim: &Sim) -> Box<dyn Gateway> {
    B::gateway(&sim.url, sim.now())
}

/// The vendor; where there is none, the capability says why nothing of this can go wrong, and so does the test.
pub(super) fn simulated<B: Bench>(sim: &Sim) -> Option<&'static Simulated> {
    match gateway::<B>(sim).capabilities().wire {
        Wire::Vendor { .. } => Some(B::SIMULATED.unwrap()),
        Wire::Here(why) => {
            skipped::<B>(why);
            None
        }
    }
}

/// Past the test harness, which swallows what a passing test prints.
pub(super) fn skipped<B>(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED for {}: {why}", std::any::type_name::<B>());
}

pub(super) fn ask<B: Bench>(n: u128, how: ChargeHow) -> ChargeRequest {
    ChargeRequest { amount: Money::new(WHOLE, B::CURRENCY), ..dated_request(n, how) }
}

/// A charge of a card; each `n` is another attempt.
pub(super) async fn charge<B: Bench>(sim: &Sim, n: u128, card: Card) -> ChargeRequest {
    match gateway::<B>(sim).capabilities().cards {
        Cards::Token { .. } => ask::<B>(n, ChargeHow::Token(B::card(sim, card).await)),
        Cards::Page => ask::<B>(n, ChargeHow::HostedPage),
    }
}

/// What comes of a charge that was answered so. Where the answer was a page, its payer types the card there.
pub(super) async fn outcome<B: Bench>(
    sim: &Sim,
    request: &ChargeRequest,
    answer: Observation,
    card: Card,
) -> Observation {
    let Fact::ActionNeeded { url, .. } = &answer.fact else { return answer };
    B::enter(sim, url, card).await;
    seen(gateway::<B>(sim).find(&look_up(request, answer.gateway_id.as_deref(), sim.now())).await)
}

/// A card that was charged, and what came of that.
pub(super) async fn charged<B: Bench>(sim: &Sim, n: u128, card: Card) -> (ChargeRequest, Observation) {
    let request = charge::<B>(sim, n, card).await;
    let answer = gateway::<B>(sim).charge(&request).await.unwrap();
    let seen = outcome::<B>(sim, &request, answer, card).await;
    (request, seen)
}

/// A good card that was charged, and what was heard of that.
pub(super) async fn paid<B: Bench>(sim: &Sim, n: u128) -> (ChargeRequest, Observation) {
    let (request, seen) = charged::<B>(sim, n, Card::Good).await;
    assert!(seen.fact.is_money(), "{seen:?}");
    (request, seen)
}

/// By which ids a charge is looked up. Whoever has the address of a page has its id too, so that nothing is to be found
/// there by name alone.
pub(super) fn known<B: Bench>(sim: &Sim, seen: &Observation) -> Vec<Option<String>> {
    match gateway::<B>(sim).capabilities().cards {
        Cards::Token { .. } => vec![None, seen.gateway_id.clone()],
        Cards::Page => vec![seen.gateway_id.clone()],
    }
}

/// A good card that was charged so that the vendor tells of it, and what was heard of that first.
pub(super) async fn told<B: Bench>(sim: &Sim, n: u128, news: News) -> (ChargeRequest, Observation) {
    let News::Page { .. } = news else { return paid::<B>(sim, n).await };
    let request = ask::<B>(n, ChargeHow::HostedPage);
    let open = gateway::<B>(sim).charge(&request).await.unwrap();
    let Fact::ActionNeeded { url, .. } = &open.fact else { panic!("no page: {open:?}") };
    for card in [Card::Declined, Card::Good] {
        B::enter(sim, url, card).await;
    }
    (request, open)
}

/// The vendor, and what it tells; where it tells nothing, the capability says why.
pub(super) fn telling<B: Bench>(sim: &Sim) -> Option<(&'static Simulated, News)> {
    let simulated = simulated::<B>(sim)?;
    match gateway::<B>(sim).capabilities().wire {
        Wire::Vendor { news: News::No(why) } | Wire::Here(why) => {
            skipped::<B>(why);
            None
        }
        Wire::Vendor { news } => Some((simulated, news)),
    }
}

/// An account that is kept, and a debit of it.
pub(super) async fn debit<B: Bench>(sim: &Sim, n: u128, account: Account) -> ChargeRequest {
    let gateway = gateway::<B>(sim);
    let kind = gateway.capabilities().debits[0];
    let given = Authority { given_at: sim.now(), address: "203.0.113.7".into(), user_agent: "Lynx/2.9".into() };
    let keep = StoreRequest { kind, authority: Some(given), ..dated_store(n, &B::account(sim, account).await) };
    let kept = gateway.store(&keep).await.unwrap();
    let (customer, method) = (kept.gateway_customer.unwrap(), kept.gateway_method.unwrap());
    let amount = Money::new(WHOLE, kind.debits().unwrap());
    ChargeRequest { amount, ..dated_request(n, ChargeHow::Saved { customer, method, kind }) }
}

/// So much of these charges, and of no other, is left to the merchant by the vendor's own books. Who keeps none cannot
/// take twice.
pub(super) async fn has<B: Bench>(sim: &Sim, money: &[(&Observation, i64)]) {
    let Some(simulated) = B::SIMULATED else { return };
    let state = sim.state(simulated.vendor.name()).await;
    let mut books = Vec::new();
    for charge in state["charges"].as_array().unwrap() {
        let left = charge["amount_minor"].as_i64().unwrap() - charge["refunded_minor"].as_i64().unwrap();
        if charge["status"] == "succeeded" && charge["disputed"] != true && left != 0 {
            books.push((charge["id"].as_str().unwrap().to_owned(), left));
        }
    }
    let mut expected: Vec<_> = money.iter().map(|(seen, left)| (seen.charge_id.clone().unwrap(), *left)).collect();
    books.sort();
    expected.sort();
    assert_eq!(books, expected, "{state}");
}

pub(super) type Inbox = mpsc::UnboundedReceiver<(HeaderMap, Vec<u8>)>;

pub(super) async fn arrived(inbox: &mut Inbox) -> (HeaderMap, Vec<u8>) {
    tokio::time::timeout(TOTAL * 4, inbox.recv()).await.unwrap().unwrap()
}
