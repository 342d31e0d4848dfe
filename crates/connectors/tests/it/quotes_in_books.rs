//! What is paid for a quote, at each accounting package: the PF pair stands once, whatever is lost on the way, is applied and
//! paid back once, and leaves the books whole.

use crate::{
    quickbooks_contract::{Company, refused},
    sim::Sim,
    world::{delta, payment, posted_refund, quote},
    xero_contract::with_invoice,
};
use chrono::TimeDelta;
use connectors::books::{Applied, ApplyCredit, Books, BooksError, PostPayment, PostRefund, QuoteCredit, RefusedCause};
use domain::{
    advance::quote_numbers,
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
};
use serde_json::{Value, json};
use simulators::facts::qbo;

const PAID_MINOR: i64 = 5_000;
/// No act of ours has more steps.
const WRITES_MAX: usize = 6;

/// Books with a quote's payment that is to be written, and the Downpayment invoice of its customer.
pub struct Rig {
    pub sim: Sim,
    pub books: Box<dyn Books>,
    vendor: &'static str,
    pub payment: PostPayment,
    pub owed: BooksInvoice,
    /// How the first write of each document begins, in their order.
    steps: [String; 3],
}

impl Rig {
    fn new(sim: Sim, books: Box<dyn Books>, vendor: &'static str, owed: BooksInvoice, steps: [String; 3]) -> Self {
        let payment = PostPayment {
            advance: Some(quote(&owed.customer_external_id)),
            amount: Money::new(PAID_MINOR, owed.due.currency),
            ..payment("of-ours", PAID_MINOR, sim.now().date_naive(), 1)
        };
        Self { sim, books, vendor, payment, owed, steps }
    }

    pub async fn xero() -> Self {
        let (sim, xero, owed) = with_invoice().await;
        let steps = ["Invoices", "Payments", "CreditNotes"].map(|path| format!("PUT /xero/api.xro/2.0/{path}"));
        Self::new(sim, Box::new(xero), "xero", owed, steps)
    }

    pub async fn quickbooks() -> Self {
        Self::of(Company::new().await).await
    }

    pub async fn of(company: Company) -> Self {
        let [owed, _] = company.open().await;
        let Company { sim, books, .. } = company;
        let steps =
            ["invoice", "payment", "creditmemo"].map(|path| format!("POST /qbo/v3/company/{}/{path}", qbo::REALM_ID));
        Self::new(sim, Box::new(books), "qbo", owed, steps)
    }

    async fn both() -> [Self; 2] {
        [Self::xero().await, Self::quickbooks().await]
    }

    pub async fn arm(&self, fault: &str, step: &str) {
        let body = json!({"vendor": self.vendor, "fault": fault, "times": 1, "match": step});
        self.sim.control("faults", body).await;
    }

    /// What stands of the pair: the invoice, its payment, the credit.
    pub async fn stands(&self) -> [usize; 3] {
        let state = self.sim.state(self.vendor).await;
        let numbers = quote_numbers("Q-10231", 1);
        let stands = |one: &&Value| !matches!(one["status"].as_str(), Some("VOIDED" | "DELETED"));
        let count = |what: &str, key: &str, value: &str| {
            let all = state[what].as_array().unwrap().iter();
            all.filter(stands).filter(|one| one[key] == value).count()
        };
        [
            count("invoices", "number", &numbers.invoice),
            count("payments", "reference", "ch_1"),
            count("credit_notes", "number", &numbers.credit),
        ]
    }

    pub async fn owed_now(&self) -> BooksInvoice {
        self.books.invoice(&self.owed.external_id).await.unwrap()
    }

    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.owed.due.currency)
    }

    /// So much of the credit for the Downpayment invoice.
    pub fn apply(&self, minor: i64) -> ApplyCredit {
        ApplyCredit {
            idempotency_key: format!("apply-{minor}"),
            credit_number: quote_numbers("Q-10231", 1).credit,
            invoice_external_id: self.owed.external_id.clone(),
            amount: self.money(minor),
            date: self.payment.date,
        }
    }

    fn refund(&self, minor: i64, n: u32) -> PostRefund {
        let refund = posted_refund("of-ours", minor, self.payment.date, n);
        PostRefund { advance: self.payment.advance.clone(), amount: self.money(minor), ..refund }
    }

    pub async fn credit(&self) -> Option<QuoteCredit> {
        self.books.quote_credit(&self.payment).await.unwrap()
    }

    /// What is left of the credit.
    async fn left(&self) -> i64 {
        self.credit().await.unwrap().remaining.minor
    }

    /// Runs it with the answer of each of its writes lost, one after the other; says how many there were.
    async fn without_answers<T>(&self, mut run: impl AsyncFnMut(usize) -> Result<T, BooksError>) -> usize {
        for lost in 0..WRITES_MAX {
            self.sim.arm(self.vendor, "reset_after_execute").await;
            match run(lost).await {
                Err(BooksError::Unknown(_)) => {}
                done => {
                    done.unwrap();
                    let disarmed = json!({"vendor": self.vendor, "fault": "reset_after_execute", "times": 0});
                    self.sim.control("faults", disarmed).await;
                    return lost;
                }
            }
        }
        panic!("it does not come to an end");
    }
}

#[tokio::test]
async fn s26_s31_s32_a_quotes_payment_is_an_invoice_that_is_paid_and_a_credit_and_both_say_pf() {
    for rig in Rig::both().await {
        assert!(rig.books.advances().quotes);
        assert_eq!(rig.books.find_payment(&rig.payment).await.unwrap(), None);
        let posted = rig.books.post_payment(&rig.payment).await.unwrap();
        assert_eq!(posted.invoice, None, "no row of ours is told by it");
        assert_eq!(rig.books.find_payment(&rig.payment).await.unwrap(), Some(posted.clone()));
        let again = PostPayment { idempotency_key: "pay-again".into(), ..rig.payment.clone() };
        assert_eq!(rig.books.post_payment(&again).await.unwrap(), posted, "found and not written again");
        assert_eq!(rig.stands().await, [1, 1, 1]);

        let (state, numbers) = (rig.sim.state(rig.vendor).await, quote_numbers("Q-10231", 1));
        let of = |what: &str, number: &str| {
            let found = state[what].as_array().unwrap().iter().find(|one| one["number"] == number);
            found.unwrap().clone()
        };
        let (invoice, credit) = (of("invoices", &numbers.invoice), of("credit_notes", &numbers.credit));
        assert_eq!((&invoice["reference"], &credit["reference"]), (&json!("PF"), &json!("PF")));
        assert_eq!((&invoice["status"], &invoice["due_minor"]), (&json!("PAID"), &json!(0)));
        let whole = rig.credit().await.unwrap();
        assert_eq!((whole.total, whole.remaining, whole.applied), (rig.payment.amount, rig.payment.amount, vec![]));

        let listed = rig.books.payments_since(rig.sim.now() - TimeDelta::hours(1)).await.unwrap();
        let listed: Vec<_> = listed.iter().filter(|paid| paid.reference == "ch_1").collect();
        assert_eq!((listed.len(), listed[0].amount.as_str()), (1, "50.00"), "{listed:?}");
        assert_eq!((&listed[0].external_id, &listed[0].invoice_external_id), (&posted.external_id, &None));
        let other = PostPayment { amount: rig.money(PAID_MINOR + 1), ..rig.payment.clone() };
        refused(rig.books.find_payment(&other).await);
    }
}

#[tokio::test]
async fn s31_nobody_can_pay_the_invoice_of_a_quotes_payment_also_before_it_is_paid() {
    for rig in Rig::both().await {
        let cursor = delta(&*rig.books, None).await.unwrap().cursor;
        rig.arm("http:500", &rig.steps[1]).await;
        assert!(matches!(rig.books.post_payment(&rig.payment).await, Err(BooksError::Unknown(_))));
        assert_eq!(rig.stands().await, [1, 0, 0], "it is owed there");
        let number = quote_numbers("Q-10231", 1).invoice;
        for cursor in [None, Some(cursor.as_str())] {
            let changes = delta(&*rig.books, cursor).await.unwrap();
            assert!(changes.invoices.iter().all(|invoice| invoice.number != number));
        }
        let open = rig.books.open_invoices(None).await.unwrap();
        assert!(open.next.is_none() && !open.invoices.is_empty(), "all that is open");
        assert!(open.invoices.iter().all(|invoice| invoice.number != number));
        assert!(matches!(rig.books.invoice_by_number(&number).await, Err(BooksError::NotFound)));
        let state = rig.sim.state(rig.vendor).await;
        let invoice = state["invoices"].as_array().unwrap().iter().find(|one| one["number"] == number.as_str());
        let invoice = invoice.unwrap()["id"].as_str().unwrap().to_owned();
        assert!(matches!(rig.books.invoice(&invoice).await, Err(BooksError::NotFound)));
    }
}

#[tokio::test]
async fn d30_s26_a_pair_that_is_broken_off_at_any_step_is_finished_and_stands_once() {
    for rig in Rig::both().await {
        for (step, stood) in [(0, [0, 0, 0]), (1, [1, 0, 0]), (2, [1, 1, 0])] {
            rig.arm("http:500", &rig.steps[step]).await;
            let broken = PostPayment { idempotency_key: format!("pay-{step}"), ..rig.payment.clone() };
            assert!(matches!(rig.books.post_payment(&broken).await, Err(BooksError::Unknown(_))), "{step}");
            assert_eq!(rig.stands().await, stood, "{step}");
            assert_eq!(rig.books.find_payment(&broken).await.unwrap(), None, "{step}: half of it is nothing");
        }
        rig.books.post_payment(&rig.payment).await.unwrap();
        assert_eq!(rig.stands().await, [1, 1, 1]);
    }
    for rig in Rig::both().await {
        // Each time by another key: what is found is not what a key remembers.
        let lost = rig
            .without_answers(async |n| {
                let payment = PostPayment { idempotency_key: format!("pay-lost-{n}"), ..rig.payment.clone() };
                rig.books.post_payment(&payment).await
            })
            .await;
        assert_eq!((lost, rig.stands().await), (3, [1, 1, 1]), "{}", rig.vendor);
    }
}

#[tokio::test]
async fn d30_s26_a_closed_period_refuses_the_pair_and_the_rest_is_written_afterwards() {
    for rig in Rig::both().await {
        for step in &rig.steps {
            rig.arm("period_locked", step).await;
            let locked = PostPayment { idempotency_key: format!("locked-{step}"), ..rig.payment.clone() };
            assert_eq!(refused(rig.books.post_payment(&locked).await).0, RefusedCause::PeriodLocked, "{step}");
        }
        rig.books.post_payment(&rig.payment).await.unwrap();
        assert_eq!(rig.stands().await, [1, 1, 1]);
    }
}

#[tokio::test]
async fn s33_a_credit_is_applied_once_and_no_further_than_it_goes() {
    for rig in Rig::both().await {
        refused(rig.books.apply_credit(&rig.apply(3_000)).await);
        rig.books.post_payment(&rig.payment).await.unwrap();
        let due = rig.money(rig.owed.due.minor - 3_000);
        let lost = rig.without_answers(async |_| rig.books.apply_credit(&rig.apply(3_000)).await).await;
        assert_eq!(lost, 1, "{}", rig.vendor);
        for key in ["apply-3000", "by-another-key"] {
            let apply = ApplyCredit { idempotency_key: key.into(), ..rig.apply(3_000) };
            assert_eq!(rig.books.apply_credit(&apply).await.unwrap().due, due);
        }
        assert_eq!(rig.owed_now().await.due, due);
        let credit = rig.credit().await.unwrap();
        let applied = vec![Applied { invoice_external_id: rig.owed.external_id.clone(), amount: rig.money(3_000) }];
        assert_eq!((credit.remaining, credit.applied), (rig.money(2_000), applied));
        assert_eq!(refused(rig.books.apply_credit(&rig.apply(2_001)).await).0, RefusedCause::MoreThanDue);
        assert_eq!(rig.books.apply_credit(&rig.apply(2_000)).await.unwrap().due.minor, due.minor - 2_000);
        assert_eq!(rig.left().await, 0);
    }
}

#[tokio::test]
async fn d9_s26_a_late_return_takes_the_pair_out_and_what_was_applied_is_owed_again() {
    for applied in [false, true] {
        for rig in Rig::both().await {
            rig.books.post_payment(&rig.payment).await.unwrap();
            if applied {
                rig.books.apply_credit(&rig.apply(PAID_MINOR)).await.unwrap();
                assert_eq!(rig.owed_now().await.due.minor, rig.owed.due.minor - PAID_MINOR);
            }
            let lost = rig.without_answers(async |_| rig.books.take_back_payment(&rig.payment).await).await;
            assert_eq!(lost, if applied { 4 } else { 3 }, "{}", rig.vendor);
            rig.books.take_back_payment(&rig.payment).await.unwrap();
            assert_eq!(rig.stands().await, [0, 0, 0]);
            assert_eq!((rig.owed_now().await.due, rig.owed_now().await.status), (rig.owed.due, InvoiceStatus::Open));
            assert_eq!(rig.books.find_payment(&rig.payment).await.unwrap(), None);
            assert_eq!(rig.credit().await, None);
        }
    }
}

#[tokio::test]
async fn g37_s26_what_is_left_of_a_credit_is_paid_back_once_and_what_is_applied_is_not() {
    for rig in Rig::both().await {
        let refund = rig.refund(2_000, 1);
        refused(rig.books.post_refund(&refund).await);
        rig.books.post_payment(&rig.payment).await.unwrap();
        let writes = if rig.vendor == "xero" { 1 } else { 2 };
        let lost = rig.without_answers(async |_| rig.books.post_refund(&refund).await).await;
        assert_eq!((lost, rig.left().await), (writes, 3_000), "{}", rig.vendor);
        let posted = rig.books.post_refund(&refund).await.unwrap();
        let listed = rig.books.payments_since(rig.sim.now() - TimeDelta::hours(1)).await.unwrap();
        let ours: Vec<_> = listed.iter().filter(|paid| paid.reference == "re_1").collect();
        assert_eq!((ours.len(), ours[0].amount.as_str()), (1, "-20.00"), "{listed:?}");
        assert_eq!(ours[0].external_id, posted.external_id);

        rig.books.apply_credit(&rig.apply(2_500)).await.unwrap();
        let (cause, words) = refused(rig.books.post_refund(&rig.refund(501, 2)).await);
        assert_eq!(cause, RefusedCause::MoreThanDue);
        assert_eq!(words, "Less than 5.01 is left of the credit PF_CR_Q-10231.");
        assert_eq!(refused(rig.books.take_back_payment(&rig.payment).await).0, RefusedCause::MoreThanDue);
        assert_eq!(rig.owed_now().await.due.minor, rig.owed.due.minor - 2_500, "and nothing was taken off for nothing");
        for _ in 0..2 {
            rig.books.take_back_refund(&refund).await.unwrap();
            assert_eq!(rig.left().await, 2_500);
        }
        rig.books.take_back_payment(&rig.payment).await.unwrap();
        assert_eq!(rig.stands().await, [0, 0, 0]);
    }
}

#[tokio::test]
async fn d30_s26_a_payment_that_the_bank_has_seen_is_left_to_a_person_before_anything_is_undone() {
    for rig in Rig::both().await {
        let posted = rig.books.post_payment(&rig.payment).await.unwrap();
        rig.books.apply_credit(&rig.apply(PAID_MINOR)).await.unwrap();
        let (path, seen) =
            if rig.vendor == "xero" { ("xero/payment", "reconciled") } else { ("qbo/payment", "deposited") };
        rig.sim.control(path, json!({"id": posted.external_id, seen: true})).await;
        refused(rig.books.take_back_payment(&rig.payment).await);
        assert_eq!(rig.stands().await, [1, 1, 1]);
        assert_eq!(rig.owed_now().await.due.minor, rig.owed.due.minor - PAID_MINOR);
    }
}
