//! What follows in the books of a payment, killed at each of its steps and between any two calls to the books, in Xero, in
//! QuickBooks Online and in books of our own: one payment of an invoice, of a credit and of a surcharge is written, refunded,
//! the refund comes back, and the bank takes all of it. Each stands there once in the end, or not at all (F1 of quality.md,
//! 2.2; D4, D9, D30).

use crate::{
    credits::change,
    disputes,
    reef::{self, LINK},
    refunds::Dialog,
    support::{Form, House, On, Server, http, link, own_port},
    surcharges::set_rules,
};
use chrono::TimeDelta;
use domain::money::Currency;
use engine::BooksSettings;
use futures::StreamExt;
use serde_json::{Value, json};
use server::demo;
use simulators::facts;
use std::time::Duration;

/// One of the things that the worker does in the books, each of several writes: a write for each share of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saga {
    Pay,
    Refund,
    /// The refund fails after it succeeded.
    RefundFails,
    /// The payer's bank takes the money back.
    Lost,
}

/// In the order in which a story has them.
const SAGAS: [Saga; 4] = [Saga::Pay, Saga::Refund, Saga::RefundFails, Saga::Lost];
/// Every step of them in the engine, and between the writes of two shares: a story is killed at those of one row.
const STEPS: [[&str; 4]; 5] = [
    ["before_surcharge_raise", "before_refund_post", "before_refund_take_back", "before_take_back"],
    ["after_post", "after_refund_post", "after_refund_take_back", "after_take_back"],
    ["before_post_commit", "before_refund_post_commit", "before_refund_post_commit", "before_take_back_commit"],
    ["after_surcharge_raise", "before_refund_post:2", "before_refund_take_back:2", "before_take_back:2"],
    ["before_post", "before_refund_post:3", "before_refund_take_back:3", "before_take_back:3"],
];
/// The row of the steps after each write, which books of our own have executed by then.
const WRITTEN: usize = 1;
/// So many writes no saga has.
const COUNTED: u64 = 1_000;
const COUNTER: &str = "reset_after_execute";
const UNHEARD: &str = "timeout_after_execute";
const AT_ONCE: usize = 5;
const KNOWN_WITHIN: Duration = Duration::from_secs(60);
/// A refund of it succeeds, and fails when an hour has passed.
pub const CARD: &str = "pm_card_refundFail";
const OVER_MINOR: i64 = 9_550;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    Xero,
    QuickBooks,
    BuiltIn,
}

impl Package {
    pub const ALL: [Self; 3] = [Self::Xero, Self::QuickBooks, Self::BuiltIn];

    /// Nothing for books of our own.
    pub const fn vendor(self) -> Option<&'static str> {
        match self {
            Self::Xero => Some("xero"),
            Self::QuickBooks => Some("qbo"),
            Self::BuiltIn => None,
        }
    }

    /// How many writes each saga takes there. In Xero a refund is a credit note and its payment; in QuickBooks Online that of
    /// a credit is an expense that the credit then pays. The invoice of a surcharge comes and goes by a write of its own.
    const fn writes(self) -> [usize; 4] {
        match self {
            Self::Xero => [4, 5, 5, 4],
            Self::QuickBooks => [4, 4, 4, 4],
            Self::BuiltIn => [3, 3, 3, 3],
        }
    }

    /// How many entries stand after each saga. Xero deletes no credit, but pays it out; books of our own keep all there ever
    /// was, and what takes it back.
    const fn entries(self) -> [i64; 4] {
        match self {
            Self::Xero => [3, 6, 3, 2],
            Self::QuickBooks => [3, 6, 3, 0],
            Self::BuiltIn => [3, 6, 9, 12],
        }
    }

    /// What earns the surcharge.
    const fn account(self) -> &'static str {
        match self {
            Self::Xero => facts::xero::SALES_ACCOUNT_CODE,
            Self::QuickBooks => facts::qbo::SURCHARGE_ITEM_ID,
            Self::BuiltIn => "4000",
        }
    }
}

/// Where a story's process is killed, once in each saga.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// At the steps of this row.
    Steps(usize),
    /// Once the books have executed a saga's write of this number, before we hear of it.
    Write(usize),
}

/// A merchant with an invoice that is due, paid through Stripe. Its house's own portal serves payers and staff; what the
/// worker does, processes do that die.
pub struct Shop {
    pub house: House,
    pub books: Package,
    merchant: &'static str,
    pub admin: &'static str,
    pub currency: &'static str,
    link: String,
    payment: String,
    pub taken_minor: i64,
}

impl Shop {
    /// `None` for PostgreSQL when no server is named.
    pub async fn open(books: Package, database: On) -> Option<Self> {
        let house = House::without_worker_on(database).await?;
        // Nobody else's books are read by those who die.
        house.execute(OTHER_BOOKS).await;
        let (payment, taken_minor) = (String::new(), 0);
        if books == Package::Xero {
            let (merchant, admin, currency) = (facts::NORTHWIND.name, facts::NORTHWIND.admin_email, "USD");
            let link = link("INV-501");
            return Some(Self { house, books, merchant, admin, currency, link, payment, taken_minor });
        }
        house.execute(NORTHWINDS_BOOKS).await;
        let (kept, link) = match books {
            Package::BuiltIn => ((BooksSettings::BuiltIn, None), LINK.to_owned()),
            _ => {
                let open = LINK.replace("RS-1&companyCode=CORAL", "1003&companyCode=");
                (demo::quickbooks(&house.vendors, Currency::AUD), open)
            }
        };
        let gateway = reef::found(&house, Currency::AUD, kept, demo::stripe(&house.vendors)).await;
        let url = format!("{}/webhooks/stripe/{gateway}", house.portal);
        let news = json!({"vendor": "stripe", "url": url, "secret": facts::stripe::PORTAL_WEBHOOK_SECRET});
        let told = http().post(format!("{}/control/webhooks", house.vendors)).json(&news).send().await.unwrap();
        assert!(told.status().is_success());
        let (merchant, admin, currency) = (reef::MERCHANT, reef::ADMIN, "AUD");
        Some(Self { house, books, merchant, admin, currency, link, payment, taken_minor })
    }

    /// Of its merchant.
    pub fn key(&self) -> &'static str {
        if self.books == Package::Xero { facts::NORTHWIND.key } else { reef::KEY }
    }

    /// Keeps what is paid over what is due, and adds one percent for every card.
    async fn keeps_credit_and_adds(&self) {
        self.house.execute("UPDATE merchant SET takes_more = TRUE").await;
        let (key, account) = (self.key(), self.books.account());
        let rules =
            format!(r#"{{"place": "NZ", "rules": [{{"rate_ppm": 10000, "funding": "any", "account": "{account}"}}]}}"#);
        set_rules(&self.house, key, &rules).await;
    }

    /// A guest pays the invoice, and so much over what is due.
    pub async fn pay(&mut self, over_minor: i64) {
        let guest = self.house.client();
        let mut form = guest.form(&guest.get(&self.link).await.location.unwrap()).await;
        if over_minor > 0 {
            let due: i64 = form.expected.split(' ').nth(1).unwrap().parse().unwrap();
            form = Form::read(&change(&guest, &form, self.currency, &decimal(due + over_minor)).await);
        }
        let paid = guest.pay(&form, CARD).await;
        assert!(paid.location.as_deref().is_some_and(|to| to.contains("/npe/result")), "{}", paid.body);
        self.payment = form.payment;
        self.taken_minor = self.house.charges().await[0]["amount_minor"].as_i64().unwrap();
    }

    /// Brings about what a saga follows from.
    pub async fn begin(&mut self, saga: Saga) {
        match saga {
            Saga::Pay => self.pay(OVER_MINOR).await,
            Saga::Refund => {
                let staff = self.house.signed_in(self.admin).await;
                let dialog = Dialog::open(&staff, &self.payment).await;
                dialog.press_with(&staff, &decimal(self.taken_minor), "part").await;
            }
            Saga::RefundFails => self.house.pass_an_hour().await,
            Saga::Lost => {
                for outcome in ["opened", "lost"] {
                    disputes::order(&self.house, outcome).await;
                }
            }
        }
    }

    /// A worker takes the saga up and dies in the middle of it, unless it has no such write.
    async fn die(&self, saga: Saga, cut: Cut) {
        let step = match (cut, self.books.vendor()) {
            (Cut::Steps(row), _) => STEPS[row][saga as usize].to_owned(),
            (Cut::Write(nth), _) if nth > self.books.writes()[saga as usize] => return,
            (Cut::Write(nth), None) => format!("{}:{nth}", STEPS[WRITTEN][saga as usize]),
            (Cut::Write(nth), Some(vendor)) => return self.die_unheard(vendor, nth).await,
        };
        self.die_at(&step).await;
    }

    /// A worker takes up what there is to do and dies at this step of it.
    pub async fn die_at(&self, step: &str) {
        let mut dying = Server::spawn(&self.house, &["work"], own_port(), Some(step));
        dying.until_dead(step).await;
    }

    /// The same once the books have executed the write of this number, before it hears of it.
    pub async fn die_unheard(&self, vendor: &str, nth: usize) {
        self.house.arm_with(json!({"vendor": vendor, "fault": UNHEARD, "skip": nth - 1})).await;
        let mut dying = Server::spawn(&self.house, &["work"], own_port(), None);
        let is_executed = async || self.armed(UNHEARD).await.is_none();
        self.house.until(&format!("{vendor} has executed the write {nth}"), is_executed).await;
        dying.kill();
    }

    async fn armed(&self, fault: &str) -> Option<Value> {
        let armed = self.house.armed().await["armed"].as_array().unwrap().clone();
        armed.into_iter().find(|armed| armed["fault"] == fault)
    }

    /// No lease of theirs is left. Within a minute of its making the refund would fail.
    pub fn forget_the_dead(&self, saga: Saga) {
        self.house.leap_with_processes(TimeDelta::seconds(if saga == Saga::Refund { 16 } else { 60 }));
    }

    /// One saga, killed, and taken up by a worker that lives: it ends as if nothing had been, and each write of it was sent
    /// once.
    async fn survives(&mut self, saga: Saga, cut: Cut) {
        let what = format!("{:?} {saga:?} {cut:?}", self.books);
        self.count_writes().await;
        self.begin(saga).await;
        self.die(saga, cut).await;
        self.forget_the_dead(saga);
        self.house.worked(self.ends(saga, &what)).await;
        self.assert_written(self.books.writes()[saga as usize], &what).await;
    }

    /// Counts what is written into the books from here on. Nobody counts in books of our own.
    pub async fn count_writes(&self) {
        if let Some(vendor) = self.books.vendor() {
            self.house.arm_with(json!({"vendor": vendor, "fault": COUNTER, "skip": COUNTED})).await;
        }
    }

    /// So many writes were sent since then, and as many are what it takes.
    pub async fn assert_written(&self, writes: usize, what: &str) {
        if self.books.vendor().is_some() {
            let left = self.armed(COUNTER).await.unwrap()["skip"].as_u64().unwrap();
            assert_eq!(COUNTED - left, u64::try_from(writes).unwrap(), "{what}: each write is sent once");
            self.house.disarm().await;
        }
    }

    /// What is left of it: one charge, the right entries, gateway and books agree, and nothing waits for anything.
    async fn ends(&self, saga: Saga, what: &str) {
        let is_taken = matches!(saga, Saga::Pay | Saga::RefundFails);
        let sum = if is_taken { self.taken_minor } else { 0 };
        let expected = (self.books.entries()[saga as usize], sum);
        let stands = async || self.stands().await == expected;
        self.house.until_within(&format!("{what}: the books have {expected:?}"), KNOWN_WITHIN, stands).await;
        self.rests(what).await;
        assert_eq!(self.stands().await, expected, "{what}");
        assert_eq!(self.house.charges().await.len(), 1, "{what}: one charge");
        assert_eq!(self.raised().await, 1, "{what}: one invoice of the surcharge");
    }

    /// Gateway, portal and books agree, and nothing waits for anything.
    pub async fn rests(&self, what: &str) {
        let agree = async || !self.house.differences(None).await.iter().any(|words| words.starts_with(self.merchant));
        self.house.until(&format!("{what}: gateway, portal and books agree"), agree).await;
        for waits in WAITING {
            self.house.until(&format!("{what}: {waits}"), async || self.house.number(waits).await == 0).await;
        }
    }

    /// How many entries of ours stand in the books, and what they come to.
    pub async fn stands(&self) -> (i64, i64) {
        let minor = |entry: &Value| entry["amount_minor"].as_i64().unwrap();
        let state = match self.books.vendor() {
            None => return (self.house.number(ENTERED).await, self.house.number(SUM).await),
            Some(vendor) => self.house.state(vendor).await,
        };
        let of = |kind: &str| state[kind].as_array().unwrap().iter();
        let amounts: Vec<i64> = if self.books == Package::Xero {
            let ours = |paid: &&Value| paid["account_code"] == facts::xero::CLEARING_ACCOUNT_CODE;
            let paid = of("payments").filter(ours).filter(|paid| paid["status"] == "AUTHORISED");
            // What pays no invoice pays a credit out.
            let signed = paid.map(|paid| if paid["invoice"].is_null() { -minor(paid) } else { minor(paid) });
            signed.chain(of("advances").map(minor)).collect()
        } else {
            let ours = |paid: &&Value| paid["account"] == facts::qbo::CLEARING_ACCOUNT_ID;
            let paid = of("payments").filter(ours).filter(|paid| paid["status"] == "AUTHORISED");
            paid.map(minor).chain(of("refunds").chain(of("expenses")).map(|back| -minor(back))).collect()
        };
        (i64::try_from(amounts.len()).unwrap(), amounts.iter().sum())
    }

    /// The invoices of surcharges that were ever raised in the books.
    async fn raised(&self) -> i64 {
        let Some(vendor) = self.books.vendor() else { return self.house.number(RAISED).await };
        let invoices = self.house.state(vendor).await["invoices"].as_array().unwrap().clone();
        let ours = invoices.iter().filter(|invoice| invoice["number"].as_str().unwrap().starts_with("SC-"));
        i64::try_from(ours.count()).unwrap()
    }
}

const OTHER_BOOKS: &str = "DELETE FROM connection WHERE kind = 'books'
    AND merchant_id <> (SELECT id FROM merchant WHERE name = 'Northwind IT')";
const NORTHWINDS_BOOKS: &str = "DELETE FROM connection WHERE kind = 'books'";
const ENTERED: &str = "SELECT count(*) FROM ledger_payment";
pub const SUM: &str = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_payment";
const RAISED: &str = "SELECT count(*) FROM invoice WHERE number LIKE 'SC-%'";
const VOIDED: &str = "SELECT count(*) FROM invoice WHERE number LIKE 'SC-%' AND status = 'void'";
/// Whatever would show that something is not over.
const WAITING: [&str; 5] = [
    "SELECT count(*) FROM attempt WHERE state IN ('created', 'unknown', 'requires_action', 'processing')",
    "SELECT count(*) FROM books_entry WHERE state IN ('intended', 'refused', 'leaving')",
    "SELECT count(*) FROM refund_entry WHERE state IN ('intended', 'refused')",
    "SELECT count(*) FROM claim WHERE live",
    "SELECT count(*) FROM job WHERE state = 'dead'",
];

fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// The story of one payment, whose process is killed once in each of its sagas.
async fn survives(books: Package, cut: Cut, database: On) {
    let Some(mut shop) = Shop::open(books, database).await else { return };
    shop.keeps_credit_and_adds().await;
    for saga in SAGAS {
        shop.survives(saga, cut).await;
    }
    assert_eq!(shop.house.number(VOIDED).await, 1, "{books:?} {cut:?}: nobody owes the surcharge");
    let again = shop.house.client().get(&shop.link).await;
    assert!(again.location.is_some(), "{books:?} {cut:?}: the invoice is owed again: {}", again.body);
}

/// Few at a time: each has a process that starts anew for each saga.
async fn all_survive(cuts: impl Iterator<Item = (Package, Cut)>, database: On) {
    futures::stream::iter(cuts).for_each_concurrent(AT_ONCE, |(books, cut)| survives(books, cut, database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d30_a_worker_killed_at_any_step_of_a_saga_ends_it_once_in_all_three_books_on_sqlite() {
    let rows = (0..STEPS.len()).flat_map(|row| Package::ALL.map(|books| (books, Cut::Steps(row))));
    all_survive(rows, On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d30_a_worker_killed_before_any_commit_of_a_saga_ends_it_once_in_all_three_books_on_postgresql() {
    // After a write, and within the transaction that tells of it: in the other rows the database has nothing to undo.
    let rows = [1, 2].into_iter().flat_map(|row| Package::ALL.map(|books| (books, Cut::Steps(row))));
    all_survive(rows, On::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_d30_a_worker_killed_between_any_two_writes_of_a_saga_sends_each_once_to_all_three_books() {
    let most = |books: Package| books.writes().into_iter().max().unwrap();
    let writes = Package::ALL.into_iter().flat_map(|books| (1..=most(books)).map(move |nth| (books, Cut::Write(nth))));
    all_survive(writes, On::Sqlite).await;
}

/// On PostgreSQL, where whoever takes the payment out can be held up between its two transactions.
#[tokio::test(flavor = "multi_thread")]
async fn d9_d4_what_is_entered_while_a_payment_leaves_books_of_our_own_stays_entered() {
    const OWED: &str = "SELECT due_minor FROM invoice WHERE number = 'RS-1'";
    const LEAVING: &str = "SELECT count(*) FROM books_entry WHERE state = 'leaving'";
    let Some(mut shop) = Shop::open(Package::BuiltIn, On::Postgres).await else { return };
    shop.pay(0).await;
    shop.house.worked(shop.house.until("it stands", async || shop.stands().await == (1, 35_000))).await;
    shop.begin(Saga::Lost).await;
    shop.die(Saga::Lost, Cut::Steps(0)).await;
    shop.forget_the_dead(Saga::Lost);
    let held = shop.house.hold("SELECT id FROM attempt FOR UPDATE").await;
    let ended = async {
        shop.house.until("it has left the ledger", async || shop.stands().await == (2, 0)).await;
        // As much as somebody pays past the portal.
        shop.house.execute("UPDATE invoice SET due_minor = due_minor - 100 WHERE number = 'RS-1'").await;
        held.rollback().await.unwrap();
        shop.house.until("it is known to have left", async || shop.house.number(LEAVING).await == 0).await;
    };
    shop.house.worked(ended).await;
    assert_eq!(shop.house.number(OWED).await, 34_900);
}
