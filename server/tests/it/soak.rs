//! `make soak`: thousands of payments on PostgreSQL, through three web and two worker processes that are killed all the
//! time, with faults at gateway, books and news. People click twice and in two tabs, pay from a bank account, and dispute
//! what they paid; staff refund. Then weeks go by, in which debits clear and some of them come back. Afterwards gateway,
//! ledger and books have the same money to the cent, and nothing is left open (`quality.md`, 2.3 and 2.4, L5).
//!
//! What is done follows from a seed; how the machine's threads take turns does not.

#[path = "../../../crates/domain/tests/simulation/dice.rs"]
mod dice;
mod plan;

use crate::{
    debits, disputes,
    support::{Answer, Client, Form, House, On, Server, ana, field, http, link, own_port},
};
use chrono::Utc;
use futures::future::join_all;
use plan::{Act, Back, FAULTS, Press, SLOW_FAULTS, plan};
use serde_json::{Value, json};
use simulators::facts;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    process::Stdio,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const PAYMENTS: u64 = 2_000;
/// What runs. Each may die at any moment, and is started again.
const NODES: [&[&str]; 5] =
    [&["serve", "--no-worker"], &["serve", "--no-worker"], &["serve", "--no-worker"], &["work"], &["work"]];
const WEBS: usize = 3;
const PAYERS: usize = 16;
/// Whoever got no receipt so often leaves.
const TRIES_MAX: usize = 20;
const PAUSE: Duration = Duration::from_millis(700);
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// A charge that never arrived is believed when two look-ups minutes apart have said so.
const QUIET_WITHIN: Duration = Duration::from_secs(6 * 60);
const AGREES_WITHIN: Duration = Duration::from_secs(60);
/// So many documents Xero takes a call.
const INVOICES_PER_CALL: usize = 500;
const PART: &str = "10.00";
/// From the first of them, debits clear; from the second, they come back afterwards.
const ACCOUNTS: [&str; 2] = ["pm_usBankAccount_success", "pm_usBankAccount_dispute"];
/// Until debits have cleared, and then until some have come back.
const DAYS: [i64; 2] = [7, 25];
const SENT: &str = "was sent to your bank";
/// A job that is due so soon is waited for.
const SOON_S: i64 = 60;

/// What must come to nothing before anything is compared.
const OPEN: [(&str, &str); 4] = [
    ("attempts", "SELECT count(*) FROM attempt WHERE state IN ('created', 'unknown', 'requires_action')"),
    ("refunds", "SELECT count(*) FROM refund WHERE state IN ('created', 'unknown', 'pending')"),
    ("payments not in the books", "SELECT count(*) FROM books_entry WHERE state NOT IN ('posted', 'needless')"),
    ("refunds not in the books", "SELECT count(*) FROM refund_entry WHERE state <> 'posted'"),
];
/// When the next job is due, in seconds. Look-ups are of attempts that are open, or of debits, which may be.
const NEXT_DUE: &str = "SELECT CAST(coalesce(extract(epoch FROM min(coalesce(leased_until, run_at))), 1e11) AS bigint)
    FROM job WHERE state IN ('ready', 'leased') AND unique_key NOT LIKE 'look_up:%'";
const UNCLEARED: &str = "SELECT count(*) FROM attempt WHERE state = 'processing'";
const CAME_BACK: &str = "SELECT count(*) FROM attempt WHERE state = 'returned'";
const DEAD_JOBS: &str = "SELECT count(*) FROM job WHERE state = 'dead'";
const NEWS: &str = "SELECT count(*) FROM webhook";
const TAKEN: &str = "SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM attempt
    WHERE state IN ('approved', 'pending_settlement', 'settled')";
const PAID_BACK: &str = "SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM refund WHERE state = 'succeeded'";
const CLEARING: &str =
    "SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM posting WHERE account = 'gateway_clearing'";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make soak; make test runs a short one"]
async fn d1_d2_d4_payments_amid_kills_and_faults_end_alike_at_gateway_in_ledger_and_in_books() {
    let (payments, seconds) = (setting("SOAK_PAYMENTS").unwrap_or(PAYMENTS), setting("SOAK_SECONDS"));
    let seed = setting("WISEPAY_SEED").unwrap_or_else(|| Utc::now().timestamp_millis().unsigned_abs());
    let invoices = usize::try_from(payments + payments / 10).unwrap();
    let acts = plan(seed, invoices, FAULTS.len() - if seconds.is_some() { SLOW_FAULTS } else { 0 });
    println!("{invoices} invoices are to be paid. WISEPAY_SEED={seed} plans the same acts.");

    let soak = Soak::begin(invoices).await;
    soak.act_out(&acts, seconds.map_or(Duration::MAX, Duration::from_secs)).await;
    soak.house.disarm().await;
    for web in &soak.nodes[..WEBS] {
        web.lock().await.until_ready().await;
    }
    soak.until_quiet().await;
    for days in DAYS {
        soak.pass(days).await;
    }
    let charges = soak.assert_same_money().await;
    soak.assert_books_verify().await;
    assert!(seconds.is_some() || charges as u64 >= payments, "{charges} payments are too few");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

struct Soak {
    // First, so that nobody is at the database when the house takes it down.
    nodes: Vec<tokio::sync::Mutex<Server>>,
    ports: Vec<SocketAddr>,
    house: House,
    /// One for all: making a client costs more than a request.
    http: reqwest::Client,
    admin: Client,
    /// A payer who is signed in, and what [`ACCOUNTS`] are saved as.
    ana: Client,
    accounts: Vec<String>,
    receipts: AtomicUsize,
    kills: AtomicUsize,
    refunds: AtomicUsize,
    faults: Mutex<BTreeMap<(&'static str, &'static str), u32>>,
}

impl Soak {
    async fn begin(invoices: usize) -> Self {
        let house = House::vendors_alone_on(On::Postgres).await.expect("TEST_POSTGRES_URL: run scripts/soak.sh");
        add_invoices(&house, invoices).await;
        let ports: Vec<_> = NODES.iter().map(|_| own_port()).collect();
        let nodes: Vec<_> =
            NODES.iter().zip(&ports).map(|(node, port)| Server::spawn(&house, node, *port, None)).collect();
        for web in &nodes[..WEBS] {
            web.until_ready().await;
        }
        // One hears of everything and tells the others by the database; while it is dead, the gateway tries again.
        house.send_news_to(&nodes[0].portal).await;
        let admin = Client::new(&nodes[0].portal);
        admin.sign_in(facts::NORTHWIND.admin_email).await;
        let (ana, mut accounts) = (ana(&nodes[0].portal).await, Vec::new());
        for account in ACCOUNTS {
            accounts.push(debits::save(&ana, account, "Ana Example").await.0);
        }
        let count = async || house.number("SELECT count(*) FROM invoice WHERE number LIKE 'SOAK-%'").await;
        let all_read = async || usize::try_from(count().await).unwrap() == invoices;
        house.until_within("the portal has read the invoices", ANSWERED_WITHIN, all_read).await;
        Self {
            nodes: nodes.into_iter().map(tokio::sync::Mutex::new).collect(),
            ports,
            house,
            http: http(),
            admin,
            ana,
            accounts,
            receipts: AtomicUsize::default(),
            kills: AtomicUsize::default(),
            refunds: AtomicUsize::default(),
            faults: Mutex::default(),
        }
    }

    /// Does all that is planned, as far as time allows.
    async fn act_out(&self, acts: &[Act], time: Duration) {
        let (next, begun) = (AtomicUsize::new(0), Instant::now());
        let hand = async || {
            while begun.elapsed() < time {
                let Some(act) = acts.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                self.act(*act).await;
            }
        };
        let tell = async {
            loop {
                tokio::time::sleep(Duration::from_secs(15)).await;
                let (done, receipts) = (next.load(Ordering::Relaxed), self.receipts.load(Ordering::Relaxed));
                let kills = self.kills.load(Ordering::Relaxed);
                println!(
                    "{:4} s: {done} of {} acts, {receipts} receipts, {kills} kills",
                    begun.elapsed().as_secs(),
                    acts.len()
                );
            }
        };
        tokio::select! {
            () = tell => {}
            _ = join_all((0..PAYERS).map(|_| hand())) => {}
        }
    }

    async fn act(&self, act: Act) {
        match act {
            Act::Pay { invoice, press, web, back } => {
                if let Some(payment) = self.pay(invoice, press, web).await {
                    self.receipts.fetch_add(1, Ordering::Relaxed);
                    match back {
                        Back::Nothing => {}
                        Back::Disputed => self.dispute(invoice).await,
                        Back::Part | Back::Whole => self.refund(&payment, back, web).await,
                    }
                }
            }
            Act::Arm { fault } => {
                let (vendor, fault, at, times) = FAULTS[usize::try_from(fault).unwrap()];
                self.house.arm_with(json!({"vendor": vendor, "fault": fault, "match": at, "times": times})).await;
                *self.faults.lock().unwrap().entry((vendor, fault)).or_default() += times;
            }
            Act::Kill { node, after_ms, down_ms } => {
                tokio::time::sleep(millis(after_ms)).await;
                let mut server = self.nodes[node].lock().await;
                server.kill();
                self.kills.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(millis(down_ms)).await;
                *server = Server::spawn(&self.house, NODES[node], self.ports[node], None);
            }
        }
    }

    /// Pays as a person does: once more, by whichever server answers, until a page says that it is paid. Answers the
    /// payment whose receipt was read.
    async fn pay(&self, invoice: usize, press: Press, web: usize) -> Option<String> {
        let number = number(invoice);
        // From networks of their own: nobody is held back for another's declined card.
        let [payer, stranger] =
            [10, 11].map(|net| Client::new("").from(&format!("{net}.{}.{}.1", invoice / 250, invoice % 250)));
        for tries in 0..TRIES_MAX {
            let (payer, press) = match press {
                Press::Debit(_) => (&self.ana, press),
                _ if tries == 0 => (&payer, press),
                _ => (&payer, Press::Once),
            };
            match self.try_to_pay([payer, &stranger], &link(&number), (web + tries) % WEBS, press).await {
                Some(Seen::Receipt(payment)) => return Some(payment),
                Some(Seen::Sent | Seen::PaidAlready) => return None,
                None => tokio::time::sleep(PAUSE).await,
            }
        }
        None
    }

    /// `None`: no answer, or one that says nothing yet.
    async fn try_to_pay(&self, [payer, stranger]: [&Client; 2], link: &str, web: usize, press: Press) -> Option<Seen> {
        let form = match self.open(payer, link, web).await? {
            Opened::Form(form) => form,
            Opened::PaidAlready => return Some(Seen::PaidAlready),
        };
        let take = async || self.post(payer, web, "/api/payments/take", &form.fields("pm_card_visa")).await;
        let answer = match press {
            Press::Once => take().await,
            Press::Twice => {
                let (first, second) = tokio::join!(take(), take());
                first.or(second)
            }
            Press::InTwoTabs => {
                let tab = async {
                    let web = (web + 1) % WEBS;
                    let Some(Opened::Form(form)) = self.open(stranger, link, web).await else { return };
                    self.post(stranger, web, "/api/payments/take", &form.fields("pm_card_visa")).await;
                };
                tokio::join!(take(), tab).0
            }
            Press::DeclinedFirst => {
                self.post(payer, web, "/api/payments/take", &form.fields("pm_card_chargeDeclined")).await
            }
            Press::Debit(account) => {
                let fields = form.fields_saved(&self.accounts[account]);
                self.post(payer, web, "/api/payments/take", &fields).await
            }
        };
        let result = self.get(payer, web, &answer?.location?).await?.body;
        if result.contains(SENT) {
            return Some(Seen::Sent);
        }
        result.contains("You paid").then_some(Seen::Receipt(form.payment))
    }

    async fn open(&self, who: &Client, link: &str, web: usize) -> Option<Opened> {
        let opened = self.get(who, web, link).await?;
        let Some(checkout) = opened.location else { return (opened.status == 409).then_some(Opened::PaidAlready) };
        let page = self.get(who, web, &checkout).await?.body;
        if page.contains("name=\"expected\"") {
            return Some(Opened::Form(Form::read(&page)));
        }
        ["You paid", "has just been paid", SENT].iter().any(|words| page.contains(words)).then_some(Opened::PaidAlready)
    }

    /// Staff press Refund twice.
    async fn refund(&self, payment: &str, back: Back, web: usize) {
        let Some(page) = self.get(&self.admin, web, &format!("/admin/transactions/{payment}")).await else { return };
        if !page.body.contains("name=\"refund\"") {
            return;
        }
        let (refund, most) = (field(&page.body, "refund"), field(&page.body, "amount"));
        let amount = if back == Back::Whole { most.as_str() } else { PART };
        let fields = [
            ("payment", payment),
            ("refund", &refund),
            ("currency", "USD"),
            ("amount", amount),
            ("reason", "Wrong quantity"),
        ];
        let press = async |web: usize| self.post(&self.admin, web % WEBS, "/api/refunds/start", &fields).await;
        tokio::join!(press(web), press(web + 1));
        self.refunds.fetch_add(1, Ordering::Relaxed);
    }

    /// The card's holder asks their bank for the money, and gets it.
    async fn dispute(&self, invoice: usize) {
        let charges = self.house.charges().await;
        let charge = charges.iter().find(|charge| charge["amount_minor"] == minor(invoice)).unwrap();
        for outcome in ["opened", "lost"] {
            disputes::order_of(&self.house, charge, outcome).await;
        }
    }

    async fn get(&self, who: &Client, web: usize, path: &str) -> Option<Answer> {
        self.send(who, self.http.get(self.address(web, path))).await
    }

    async fn post(&self, who: &Client, web: usize, path: &str, form: &[(&str, &str)]) -> Option<Answer> {
        self.send(who, self.http.post(self.address(web, path)).header("origin", self.address(web, "")).form(form)).await
    }

    async fn send(&self, who: &Client, request: reqwest::RequestBuilder) -> Option<Answer> {
        who.try_send(request.header("accept", "text/html").timeout(ANSWERED_WITHIN)).await.ok()
    }

    fn address(&self, web: usize, path: &str) -> String {
        format!("http://{}{path}", self.ports[web])
    }

    /// So many days go by, and everything dies once more while their news come.
    async fn pass(&self, days: i64) {
        self.house.advance(json!({"days": days})).await;
        let kill = |node| self.act(Act::Kill { node, after_ms: 1_500, down_ms: 500 });
        join_all((0..NODES.len()).map(kill)).await;
        let is_heard = async || {
            let charges = self.house.charges().await;
            let disputed = charges.iter().filter(|charge| charge["disputed"] == true).count();
            self.house.number(UNCLEARED).await == 0
                && usize::try_from(self.house.number(CAME_BACK).await).unwrap() == disputed
        };
        self.house.until_within("what the banks did is known", QUIET_WITHIN, is_heard).await;
        self.until_quiet().await;
    }

    async fn until_quiet(&self) {
        let begun = Instant::now();
        loop {
            let open = join_all(OPEN.map(|(what, sql)| async move { (what, self.house.number(sql).await) })).await;
            let due_in_s = self.house.number(NEXT_DUE).await - self.house.now().timestamp();
            if due_in_s > SOON_S && open.iter().all(|(_, count)| *count == 0) {
                println!("Quiet after {} s.", begun.elapsed().as_secs());
                return;
            }
            assert!(begun.elapsed() < QUIET_WITHIN, "still open: {open:?}, and a job is due in {due_in_s} s");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Gateway, ledger and books have the same money, and no invoice was charged twice: each has an amount of its own.
    /// Answers how many charges there are.
    async fn assert_same_money(&self) -> usize {
        let (gateway, books) = (self.house.state("stripe").await, self.house.state("xero").await);
        let charges = gateway["charges"].as_array().unwrap().iter();
        let (charges, declined): (Vec<_>, Vec<_>) = charges.partition(|charge| charge["status"] == "succeeded");
        let posted = books["payments"].as_array().unwrap().iter().filter(|payment| {
            payment["status"] == "AUTHORISED"
                && payment["account_code"] == facts::xero::CLEARING_ACCOUNT_CODE
                && payment["invoice"].is_string()
        });
        let notes = books["credit_notes"].as_array().unwrap().iter().filter(|note| note["status"] == "PAID");
        let (lost, kept): (Vec<&Value>, Vec<_>) =
            charges.iter().copied().partition(|charge| charge["disputed"] == true);
        let (taken, back) = (sum(&kept, "amount_minor"), sum(&charges, "refunded_minor"));
        let (news, dead) = (self.house.number(NEWS).await, self.house.number(DEAD_JOBS).await);
        println!(
            "{} charges, {} of them taken back by banks, {} declined, {} receipts read, {} refunds asked for, {} kills, {news} webhooks, faults armed: {:?}",
            charges.len(),
            lost.len(),
            declined.len(),
            self.receipts.load(Ordering::Relaxed),
            self.refunds.load(Ordering::Relaxed),
            self.kills.load(Ordering::Relaxed),
            self.faults.lock().unwrap(),
        );
        println!("Taken {taken}, paid back {back}, in minor units.");

        let charged = by_amount(charges.iter().copied());
        assert!(charged.values().all(|times| *times == 1), "charged twice: {charged:?}");
        assert_eq!(by_amount(posted), by_amount(kept), "the books have each charge once that was not taken back");
        assert_eq!(self.house.number(TAKEN).await, taken, "our payments");
        assert_eq!(self.house.number(PAID_BACK).await, back, "our refunds");
        assert_eq!(self.house.number(CLEARING).await, taken - back, "our ledger");
        assert_eq!(sum(&notes.collect::<Vec<_>>(), "paid_minor"), back, "the books have each refund");
        assert_eq!(dead, 0, "no job has given up");
        charges.len()
    }

    /// Once the last of the audit trail is sealed.
    async fn assert_books_verify(&self) {
        let begun = Instant::now();
        loop {
            let mut verify = self.house.program(&["verify-books"]);
            let verified = verify.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
            let said =
                [verified.stdout, verified.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
            if verified.status.success() {
                println!("{said}");
                return;
            }
            assert!(begun.elapsed() < AGREES_WITHIN, "{said}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

enum Opened {
    Form(Form),
    PaidAlready,
}

enum Seen {
    /// Of this payment.
    Receipt(String),
    /// A debit, which clears in days.
    Sent,
    PaidAlready,
}

async fn add_invoices(house: &House, count: usize) {
    let (token, today, http) = (house.books_token().await, Utc::now().date_naive(), http());
    let document = |invoice| {
        let minor = minor(invoice);
        json!({
            "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number(invoice),
            "Contact": {"Name": "Acme Pty Ltd"}, "Date": today, "DueDate": today, "LineAmountTypes": "NoTax",
            "LineItems": [{"Description": "Managed services", "Quantity": 1,
                "UnitAmount": format!("{}.{:02}", minor / 100, minor % 100),
                "AccountCode": facts::xero::SALES_ACCOUNT_CODE}],
        })
    };
    let documents: Vec<Value> = (0..count).map(document).collect();
    for some in documents.chunks(INVOICES_PER_CALL) {
        let call = http.post(format!("{}/xero/api.xro/2.0/Invoices", house.vendors)).bearer_auth(&token);
        let call = call.header("xero-tenant-id", facts::xero::TENANT_ID).header("accept", "application/json");
        let answer = call.json(&json!({"Invoices": some})).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

/// Each has an amount of its own.
fn minor(invoice: usize) -> i64 {
    10_000 + i64::try_from(invoice).unwrap()
}

fn number(invoice: usize) -> String {
    format!("SOAK-{invoice:05}")
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(ms.unsigned_abs())
}

fn sum(of: &[&Value], what: &str) -> i64 {
    of.iter().map(|each| each[what].as_i64().unwrap()).sum()
}

fn by_amount<'a>(of: impl IntoIterator<Item = &'a Value>) -> BTreeMap<i64, u32> {
    let mut times = BTreeMap::new();
    for each in of {
        *times.entry(each["amount_minor"].as_i64().unwrap()).or_default() += 1;
    }
    times
}
