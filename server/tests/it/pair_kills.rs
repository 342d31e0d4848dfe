//! The PF pair of a quote that is paid by card (its invoice, the payment of that, the credit), killed at each step and behind
//! each write, in Xero, in QuickBooks Online and in books of our own, and once more while the bank takes the money back: it
//! stands there once, and then not at all. Likewise while the money is paid back, which takes its credit, and while that refund
//! fails (F1 of quality.md, 2.2; D4, D9, S26). What is drafted of it while a debit is under way, and what its credit pays:
//! `quote_kills.rs`.

use crate::{
    disputes,
    quotes::{DUE, allow_at, asked, entered, opened_by},
    reef,
    refunds::Dialog,
    saga_kills::{CARD, Package, SUM, Saga, Shop},
    support::On,
};
use serde_json::{Value, json};
use simulators::facts;
use std::time::Duration;

/// The steps of a worker in the engine: while it writes the pair, while it takes that out, while it writes what is paid back,
/// and while it takes that out.
const POST: [&str; 3] = ["before_post", "after_post", "before_post_commit"];
const TAKE_BACK: [&str; 3] = ["before_take_back", "after_take_back", "before_take_back_commit"];
const REFUND: [&str; 3] = ["before_refund_post", "after_refund_post", "before_refund_post_commit"];
const REFUND_FAILS: [&str; 3] = ["before_refund_take_back", "after_refund_take_back", "before_refund_post_commit"];
/// Each of its documents comes and goes by one write. Books of our own have one for all, and then the step after
/// it.
const WRITES: usize = 3;
const KNOWN_WITHIN: Duration = Duration::from_secs(60);

const QUOTES_PAID: &str = "SELECT CAST(COALESCE(SUM(total_minor), 0) AS BIGINT) FROM invoice
    WHERE advance = 'quote' AND status = 'paid'";
const CREDITS_LEFT: &str = "SELECT CAST(COALESCE(SUM(left_minor), 0) AS BIGINT) FROM credit_note
    WHERE number LIKE 'PF%'";

/// How many writes a refund is, and its end: a payment of the credit, in QuickBooks Online of an expense by the credit.
const fn refund_writes(books: Package) -> usize {
    if matches!(books, Package::QuickBooks) { 2 } else { 1 }
}

/// Where a worker dies, both times.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// At the steps of this place.
    Step(usize),
    /// Once the books have executed the write of this number, before it hears of it.
    Write(usize),
}

impl Cut {
    fn all(books: Package, writes: usize) -> impl Iterator<Item = Self> {
        let writes = if books.vendor().is_some() { writes } else { 0 };
        (0..POST.len()).map(Self::Step).chain((1..=writes).map(Self::Write))
    }

    async fn die(self, shop: &Shop, steps: [&str; 3]) {
        match self {
            Self::Step(at) => shop.die_at(steps[at]).await,
            Self::Write(nth) => shop.die_unheard(shop.books.vendor().unwrap(), nth).await,
        }
    }
}

/// A guest pays the quote of this number by card. Answers the payment's id.
async fn pay(shop: &Shop, number: usize, minor: i64) -> String {
    let (secret, customer) = match shop.books {
        Package::Xero => (facts::NORTHWIND.sell.secret, "Acme Pty Ltd"),
        Package::QuickBooks => (reef::SELL.secret, "Coral Bay Diving"),
        Package::BuiltIn => (reef::SELL.secret, "Coral Pty Ltd"),
    };
    let (id, mut body) = (format!("quote-{number}"), asked());
    body["quote"] = json!({"id": id, "number": number, "version": 1, "name": "New firewall"});
    body["account"]["name"] = json!(customer);
    body["one_time"] = json!({"amount_minor": minor, "currency": shop.currency});
    let (session, guest) = (opened_by(&shop.house, secret, &id, &body).await, shop.house.client());
    let (checkout, _) = entered(&guest, &session).await;
    let form = guest.form(&checkout).await;
    let pressed = guest.pay(&form, CARD).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    form.payment
}

/// What the invoices, the payments of them and the credits of all quotes come to that stand in the books.
async fn stands(shop: &Shop) -> [i64; 3] {
    let Some(vendor) = shop.books.vendor() else {
        let number = async |sql: &'static str| shop.house.number(sql).await;
        return [number(QUOTES_PAID).await, number(SUM).await, number(CREDITS_LEFT).await];
    };
    let state = shop.house.state(vendor).await;
    let sum = |kind: &str, key: &str, of: &str, minor: &str| -> i64 {
        let all = state[kind].as_array().unwrap().iter();
        let stand = all.filter(|one| !matches!(one["status"].as_str(), Some("VOIDED" | "DELETED")));
        let ours = stand.filter(|one| one[key].as_str().is_some_and(|number| number.starts_with(of)));
        ours.map(|one| one[minor].as_i64().unwrap()).sum()
    };
    let left = if shop.books == Package::Xero { "remaining_minor" } else { "due_minor" };
    [
        sum("invoices", "number", "PF_", "paid_minor"),
        sum("payments", "invoice", "PF_", "amount_minor"),
        sum("credit_notes", "number", "PF_CR_", left),
    ]
}

/// A worker that lives takes it up: so much of the pairs stands in the end, by as many writes as that takes.
async fn ends(shop: &Shop, minor: [i64; 3], writes: usize, what: &str) {
    let ended = async {
        let is_so = async || stands(shop).await == minor;
        shop.house.until_within(&format!("{what}: of the pairs stands {minor:?}"), KNOWN_WITHIN, is_so).await;
        shop.rests(what).await;
    };
    shop.house.worked(ended).await;
    assert_eq!(stands(shop).await, minor, "{what}");
    shop.assert_written(writes, what).await;
}

/// The quotes of one house, each with a cut of its own: one after the other is paid, and its money taken back.
async fn survive(books: Package, cuts: impl Iterator<Item = Cut>, database: On) {
    let Some(shop) = Shop::open(books, database).await else { return };
    allow_at(&shop.house, shop.key(), false).await;
    for (nth, cut) in (1..).zip(cuts) {
        let (what, minor) = (format!("{books:?} {cut:?}"), DUE + i64::try_from(nth).unwrap());
        shop.count_writes().await;
        pay(&shop, nth, minor).await;
        cut.die(&shop, POST).await;
        shop.house.outlive_the_dead();
        ends(&shop, [minor; 3], WRITES, &format!("{what}, paid")).await;
        let charges = shop.house.charges().await;
        assert_eq!(charges.len(), nth, "{what}: one charge");

        let of_it = |charge: &&Value| charge["amount_minor"] == minor;
        let charge = charges.iter().find(of_it).unwrap();
        shop.count_writes().await;
        for outcome in ["opened", "lost"] {
            disputes::order_of(&shop.house, charge, outcome).await;
        }
        cut.die(&shop, TAKE_BACK).await;
        shop.house.outlive_the_dead();
        ends(&shop, [0; 3], WRITES, &format!("{what}, taken back")).await;
    }
}

/// The same of what staff pay back: all of one quote after the other, each refund with a cut of its own, and it fails.
async fn refunds_survive(books: Package, cuts: impl Iterator<Item = Cut>, database: On) {
    let Some(shop) = Shop::open(books, database).await else { return };
    allow_at(&shop.house, shop.key(), false).await;
    let (writes, mut all) = (refund_writes(books), 0);
    for (nth, cut) in (1..).zip(cuts) {
        let (what, minor) = (format!("{books:?} {cut:?}"), DUE + i64::try_from(nth).unwrap());
        all += minor;
        shop.count_writes().await;
        let payment = pay(&shop, nth, minor).await;
        ends(&shop, [all; 3], WRITES, &format!("{what}, paid")).await;

        shop.count_writes().await;
        let staff = shop.house.signed_in(shop.admin).await;
        let dialog = Dialog::open(&staff, &payment).await;
        dialog.press(&staff, &dialog.most).await;
        cut.die(&shop, REFUND).await;
        shop.forget_the_dead(Saga::Refund);
        // The pair stays. Books of our own have what goes out among their payments, others on the credit.
        let entered = if books == Package::BuiltIn { all - minor } else { all };
        ends(&shop, [all, entered, all - minor], writes, &format!("{what}, refunded")).await;

        shop.count_writes().await;
        shop.house.pass_an_hour().await;
        cut.die(&shop, REFUND_FAILS).await;
        shop.forget_the_dead(Saga::RefundFails);
        ends(&shop, [all; 3], writes, &format!("{what}, not refunded after all")).await;
        assert_eq!(shop.house.charges().await.len(), nth, "{what}: one charge");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d9_s26_a_worker_killed_anywhere_in_the_pair_of_a_quote_ends_it_once_in_all_three_books_on_sqlite() {
    futures::future::join_all(Package::ALL.map(|books| survive(books, Cut::all(books, WRITES), On::Sqlite))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d9_s26_a_worker_killed_before_any_commit_of_a_pair_ends_it_once_in_all_three_books_on_postgresql() {
    // As of other sagas: elsewhere the database has nothing to undo.
    let cuts = [Cut::Step(1), Cut::Step(2)];
    futures::future::join_all(Package::ALL.map(|books| survive(books, cuts.into_iter(), On::Postgres))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d9_s26_a_worker_killed_anywhere_in_the_refund_of_a_quote_ends_it_once_in_all_three_books_on_sqlite() {
    let survive = |books| refunds_survive(books, Cut::all(books, refund_writes(books)), On::Sqlite);
    futures::future::join_all(Package::ALL.map(survive)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d9_s26_a_worker_killed_before_any_commit_of_a_quotes_refund_ends_it_once_in_all_three_books_on_postgresql()
{
    let cuts = [Cut::Step(1), Cut::Step(2)];
    futures::future::join_all(Package::ALL.map(|books| refunds_survive(books, cuts.into_iter(), On::Postgres))).await;
}
