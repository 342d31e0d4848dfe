//! Refunds whose customer still owes the invoice (S84, D24): the payment leaves the books instead of a credit being written,
//! the invoice is open again everywhere, and one payment of it stands in the end.

use crate::{
    quickbooks,
    reef::{Reef, VISA},
    refunds::{Dialog, an_hour_later, credits, paid, refunded, story_of, tells},
    support::{
        Answer, Client, House, On, Server, ana, assert_has, at_each_step, field, harbour_link, http, link,
        paid_and_booked,
    },
    surcharges::{self, confirmed, surcharge_invoices, with_rules},
};
use serde_json::json;
use simulators::facts::{self, SOUTHERN};
use std::time::Duration;

const OUT: &str = "Refunded, and the customer still owes it. It does not stand in the books";
const KNOWN_WITHIN: Duration = Duration::from_secs(60);
/// Every step of such a refund at which the process can be made to die.
const STEPS: [&str; 8] = [
    "before_refund_intent",
    "after_refund_intent",
    "after_refund",
    "before_refund_record_commit",
    "after_refund_record",
    "before_take_back",
    "after_take_back",
    "before_take_back_commit",
];

/// The dialog of a payment's page, filled in so that the whole is refunded and still owed.
struct Owed {
    fields: Vec<(&'static str, String)>,
}

impl Owed {
    async fn open(admin: &Client, payment: &str) -> Self {
        let page = admin.get(&story_of(payment)).await.body;
        let shown = ["payment", "refund", "currency", "amount"].map(|name| (name, field(&page, name)));
        let typed = [("reason", "Wrong card".to_owned()), ("meaning", "owed".to_owned())];
        Self { fields: shown.into_iter().chain(typed).collect() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(other, _)| *other != name);
        self.fields.push((name, value.to_owned()));
        self
    }

    fn form(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    async fn press(&self, admin: &Client) -> Answer {
        let pressed = admin.post("/api/refunds/start", &self.form()).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        pressed
    }
}

/// Refunds the whole of a payment that is owed again then.
async fn owe(admin: &Client, payment: &str) {
    let pressed = Owed::open(admin, payment).await.press(admin).await;
    assert_eq!(pressed.location, Some(format!("{}#refunds", story_of(payment))));
}

/// INV-501 has no payment any more, and nothing else was written.
async fn assert_owed_again(house: &House) {
    house.assert_everything_agrees().await;
    assert!(house.books_payments("INV-501").await.is_empty() && credits(house).await.is_empty());
    let invoice = house.books_invoice("INV-501").await;
    assert_eq!((&invoice["status"], &invoice["due_minor"]), (&json!("AUTHORISED"), &json!(120_450)));
    assert_eq!(refunded(house).await, 120_450);
}

#[tokio::test]
async fn s84_d24_what_is_still_owed_is_open_again_everywhere_and_is_paid_once_by_another_card() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house, "pm_card_visa").await;
        let admin = house.staff().await;
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert_has!(
            page,
            "value=\"cancelled\" checked",
            "The sale is cancelled",
            "The customer still owes this invoice (wrong card, paid by mistake)",
            "The invoice stays paid. If it is still owed: the payment is taken out"
        );
        owe(&admin, &form.payment).await;
        tells(&house, &admin, &form.payment, OUT).await;
        assert_owed_again(&house).await;
        let days = house.engine.verify_books(None).await.unwrap().days;
        let sums = " USD: gateway 1204.50, ledger 1204.50, books 1204.50, difference 0";
        assert!(matches!(&*days, [day] if day.ends_with(sums)), "{days:?}");

        let page = admin.get(&story_of(&form.payment)).await.body;
        assert_has!(
            page,
            "All of it was paid back.",
            "Wrong card (the customer still owes the invoice)",
            "Refund paid"
        );
        assert!(!page.contains("name=\"refund\""), "nothing is left to refund");
        assert!(!page.contains("Returned"), "no bank took it back: {page}");
        let ana = ana(&house.portal).await;
        let board = ana.get("/dashboard").await.body;
        assert!(board.contains("You owe $2,254.50 on 3 invoices"), "{board}");
        for list in [admin.get("/admin/transactions").await.body, ana.get("/payments").await.body] {
            assert!(list.contains("Refunded") && !list.contains("Returned"), "{list}");
        }
        let result = format!("/npe/result?transactionId={}&payment={}", form.checkout, form.payment);
        let result = house.client().get(&result).await.body;
        assert_has!(result, "This payment was refunded", "It counts as not paid", "Refunded $1,204.50 on ");
        let told = "SELECT COUNT(*) FROM mail WHERE subject LIKE 'Refund: $1,204.50 from Northwind IT%'
             AND text LIKE '%With this refund the invoice is open again: you can pay it%'";
        house.until("the payer is told", async || house.number(told).await == 1).await;
        assert!(!house.mails().await.contains("Returned by your bank"));
        let home = admin.get("/admin").await.body;
        assert!(home.contains("Nothing needs you"), "{home}");

        let guest = house.client();
        guest.pay(&guest.open("INV-501").await, "pm_card_mastercard").await;
        house.until("it is paid again", async || house.books_payments("INV-501").await.len() == 1).await;
        house.assert_everything_agrees().await;
        assert_eq!(house.books_invoice("INV-501").await["status"], "PAID");
        assert_eq!((house.charges().await.len(), house.books_payments("INV-501").await.len()), (2, 1));
        assert_eq!(guest.get(&link("INV-501")).await.status, 409, "nothing is due any more");
    }
}

#[tokio::test]
async fn s84_books_of_our_own_owe_it_again_and_have_it_paid_once() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let guest = house.client();
        let pay = async || {
            let form = guest.form(&guest.get(&harbour_link("HT-1001")).await.location.unwrap()).await;
            guest.pay(&form, "sbx_approved").await;
            form.payment
        };
        let (admin, payment) = (house.signed_in(facts::HARBOUR.admin_email).await, pay().await);
        tells(&house, &admin, &payment, "Paid, and it stands").await;
        assert!(guest.get(&harbour_link("HT-1001")).await.location.is_none(), "it is paid");
        owe(&admin, &payment).await;
        tells(&house, &admin, &payment, OUT).await;
        house.assert_everything_agrees().await;

        let again = pay().await;
        assert_ne!(again, payment);
        tells(&house, &admin, &again, "Paid, and it stands").await;
        house.assert_everything_agrees().await;
        let stand = "SELECT CAST(SUM(CASE WHEN amount_minor > 0 THEN 1 ELSE -1 END) AS BIGINT) FROM ledger_payment";
        assert_eq!(house.number(stand).await, 1, "one payment stands");
        assert!(guest.get(&harbour_link("HT-1001")).await.location.is_none(), "it is paid again");
    }
}

async fn southern_agrees(house: &House) {
    let agree = async || !house.differences(None).await.iter().any(|words| words.starts_with(SOUTHERN.name));
    house.until("gateway, portal and books agree", agree).await;
}

/// The gateway gives the whole back by voiding its charge.
#[tokio::test]
async fn s84_quickbooks_voids_the_payment_and_has_the_invoice_paid_once() {
    let reef = Reef::new().await;
    let (house, guest) = (&reef.house, reef.house.client());
    let number = quickbooks::most_open(&reef).await;
    let key = SOUTHERN.pay_now.email;
    let link = format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&companyCode=");
    let pay = async |card: &str| {
        let form = guest.form(&guest.get(&link).await.location.unwrap()).await;
        guest.pay(&form, &reef.nonce(card).await).await;
        form.payment
    };
    let (admin, payment) = (house.signed_in(SOUTHERN.admin_email).await, pay(VISA).await);
    tells(house, &admin, &payment, "Paid, and it stands").await;
    assert_eq!(guest.get(&link).await.status, 409, "it is paid");
    owe(&admin, &payment).await;
    tells(house, &admin, &payment, OUT).await;
    southern_agrees(house).await;

    let again = pay("5424000000000015").await;
    tells(house, &admin, &again, "Paid, and it stands").await;
    southern_agrees(house).await;
    assert_eq!(guest.get(&link).await.status, 409, "it is paid again");
}

#[tokio::test]
async fn d24_less_than_the_whole_is_never_owed_again() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    let admin = house.staff().await;
    let part = Owed::open(&admin, &form.payment).await.with("amount", "100.00");
    let back = part.press(&admin).await.location.unwrap();
    let page = admin.get(&back).await.body;
    let dialog = page.split("<dialog").nth(1).unwrap();
    assert_has!(dialog, "can be owed again only when all of the payment is refunded at once", "value=\"owed\" checked");
    assert!(dialog.split('>').next().unwrap().contains(" open"), "it stands open: {dialog}");
    assert_eq!((field(dialog, "amount"), refunded(&house).await), ("100.00".to_owned(), 0));

    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    let page = admin.get(&story_of(&form.payment)).await.body;
    assert!(page.contains("Its invoice cannot be owed again") && !page.contains("value=\"owed\""), "{page}");
    let rest = Owed::open(&admin, &form.payment).await;
    assert_eq!(rest.form()[3], ("amount", "1004.50"));
    let refused = admin.call("/api/refunds/start", &rest.form()).await;
    assert!(refused.status == 409 && refused.body.contains("not_refunded"), "{}", refused.body);
    assert_eq!(refunded(&house).await, 20_000);
    rest.with("meaning", "cancelled").press(&admin).await;
    house.until("the rest is credited", async || credits(&house).await.len() == 2).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d24_a_double_click_is_one_refund_and_a_used_form_means_what_it_meant() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    let admin = house.staff().await;
    let owed = Owed::open(&admin, &form.payment).await;
    let (one, two) = tokio::join!(owed.press(&admin), owed.press(&admin));
    assert_eq!(one.location, two.location);
    owed.press(&admin).await;
    tells(&house, &admin, &form.payment, OUT).await;
    owed.press(&admin).await;
    let other = owed.with("meaning", "cancelled");
    assert_eq!(admin.call("/api/refunds/start", &other.form()).await.status, 409, "it was used for another");
    assert_eq!(house.number("SELECT COUNT(*) FROM refund").await, 1);
    assert_owed_again(&house).await;
}

#[tokio::test]
async fn s84_g26_a_surcharge_goes_with_what_is_owed_again() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let client = house.client();
    let form = confirmed(&client, &client.open("INV-501").await, "pm_card_visa").await;
    surcharges::assert_booked(&house, surcharges::KNOWN_WITHIN).await;
    let admin = house.staff().await;
    let without = Owed::open(&admin, &form.payment).await.with("surcharge", "none");
    let page = admin.get(&without.press(&admin).await.location.unwrap()).await.body;
    assert!(page.contains("refunded at once, its surcharge included."), "{page}");
    assert_eq!(refunded(&house).await, 0);

    owe(&admin, &form.payment).await;
    tells(&house, &admin, &form.payment, OUT).await;
    house.assert_everything_agrees().await;
    assert_eq!(refunded(&house).await, surcharges::TOTAL);
    assert_eq!(house.books_invoice("INV-501").await["due_minor"], 120_450);
    let states: Vec<_> = surcharge_invoices(&house).await.into_iter().map(|(_, status)| status).collect();
    assert_eq!((states, credits(&house).await.len()), (vec!["VOIDED".to_owned()], 0));
}

#[tokio::test]
async fn d30_what_the_books_keep_of_it_is_left_to_a_person_with_its_remedy() {
    for is_reconciled in [true, false] {
        let house = House::new().await;
        let form = paid(&house, "pm_card_visa").await;
        let match_payment = async |reconciled: bool| {
            let payment = house.books_payments("INV-501").await.remove(0);
            let matched = json!({"id": payment["id"], "reconciled": reconciled});
            let at = format!("{}/control/xero/payment", house.vendors);
            assert_eq!(http().post(at).json(&matched).send().await.unwrap().status(), 200);
        };
        if is_reconciled {
            match_payment(true).await;
        } else {
            house.arm_times("xero", "period_locked", 9).await;
        }
        let admin = house.staff().await;
        owe(&admin, &form.payment).await;
        tells(&house, &admin, &form.payment, "The books keep its payment").await;
        let home = admin.get("/admin").await.body;
        assert_has!(home, "$1,204.50 for INV-501 went back, but the books keep its payment", "Try again");
        assert_eq!((refunded(&house).await, credits(&house).await.len()), (120_450, 0));
        assert_eq!(house.client().get(&link("INV-501")).await.status, 409, "nobody pays what the books call paid");

        if is_reconciled {
            match_payment(false).await;
        } else {
            house.arm_times("xero", "period_locked", 0).await;
        }
        let pressed = admin.post("/api/transactions/post_again", &[("payment", &form.payment)]).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        tells(&house, &admin, &form.payment, OUT).await;
        assert_owed_again(&house).await;
    }
}

#[tokio::test]
async fn s84_a_refund_that_fails_late_has_the_payment_posted_again() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house, "pm_card_refundFail").await;
        let admin = house.staff().await;
        owe(&admin, &form.payment).await;
        tells(&house, &admin, &form.payment, OUT).await;
        let admin = an_hour_later(&house, &form.payment, "Paid, and it stands in the books.").await;
        house.assert_everything_agrees().await;
        assert_eq!(house.books_payments("INV-501").await.len(), 1);
        assert_eq!(house.books_invoice("INV-501").await["status"], "PAID");
        let told = "SELECT COUNT(*) FROM mail WHERE subject LIKE 'Refund not paid: $1,204.50%'
             AND text LIKE '%Your payment counts as before: do not pay the invoice once more.%'";
        house.until("the payer is told", async || house.number(told).await == 1).await;
        let home = admin.get("/admin").await.body;
        assert!(home.contains("A refund of $1,204.50 has failed."), "{home}");
        assert_eq!(house.client().get(&link("INV-501")).await.status, 409, "it is paid");
        assert_eq!(Dialog::open(&admin, &form.payment).await.most, "1204.50", "it may be paid back in another way");
    }
}

/// Refunded and owed again, paid by another card, and then the refund fails.
async fn paid_twice_after_all(house: &House) -> String {
    let form = paid(house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    owe(&admin, &form.payment).await;
    tells(house, &admin, &form.payment, OUT).await;
    let guest = house.client();
    guest.pay(&guest.open("INV-501").await, "pm_card_mastercard").await;
    house.until("it is paid again", async || house.books_payments("INV-501").await.len() == 1).await;
    house.assert_everything_agrees().await;
    house.pass_an_hour().await;
    form.payment
}

#[tokio::test]
async fn s84_d30_what_fails_late_after_another_has_paid_waits_for_a_person() {
    let house = House::new().await;
    let payment = paid_twice_after_all(&house).await;
    let admin = house.staff().await;
    tells(&house, &admin, &payment, "The money was taken, but the books refused it").await;
    let home = admin.get("/admin").await.body;
    assert_has!(
        home,
        "$1,204.50 for INV-501 was taken, but the books refused it",
        "They lack a payment of $1,204.50, reference ch_",
        "That invoice is paid there already: the money can be put on another invoice"
    );
    assert_eq!(house.books_payments("INV-501").await.len(), 1, "one payment stands");
    let differences = house.differences(None).await;
    assert!(matches!(&*differences, [one] if one.ends_with("the books refused it")), "{differences:?}");
}

#[tokio::test]
async fn s84_g29_what_fails_late_after_another_has_paid_becomes_credit_where_that_is_kept() {
    let house = House::new().await;
    house.execute("UPDATE merchant SET takes_more = TRUE WHERE name = 'Northwind IT'").await;
    let payment = paid_twice_after_all(&house).await;
    let admin = house.staff().await;
    tells(&house, &admin, &payment, "Paid, and it stands in the books.").await;
    house.assert_everything_agrees().await;
    let advances = house.advances().await;
    assert!(matches!(&*advances, [credit] if credit["amount_minor"] == 120_450), "{advances:?}");
    assert_eq!(house.books_payments("INV-501").await.len(), 1, "one payment stands");
}

async fn survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    let form = {
        let server = Server::start(&house, None).await;
        paid_and_booked(&house, &server.portal).await.1
    };
    let press = async |portal: &str| {
        let admin = Client::new(portal);
        admin.sign_in(facts::NORTHWIND.admin_email).await;
        admin.try_post("/api/refunds/start", &Owed::open(&admin, &form.payment).await.form()).await;
    };
    {
        let mut dying = Server::start(&house, Some(step)).await;
        press(&dying.portal).await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let server = Server::start(&house, None).await;
    if step == "before_refund_intent" {
        assert_eq!(refunded(&house).await, 0, "nothing was meant yet, so nothing was paid back");
        press(&server.portal).await;
    }
    let is_out = async || house.books_payments("INV-501").await.is_empty();
    house.until_within(&format!("{step}: the books have let go of it"), KNOWN_WITHIN, is_out).await;
    assert_owed_again(&house).await;
    let once = "SELECT COUNT(*) FROM observation WHERE body LIKE '%\"fact\":\"paid_back\"%'";
    assert_eq!(house.number(once).await, 1, "{step}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_s84_a_server_killed_at_any_step_takes_the_payment_out_once_on_sqlite() {
    at_each_step(STEPS, &[On::Sqlite], survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_s84_a_server_killed_at_any_step_takes_the_payment_out_once_on_postgresql() {
    at_each_step(STEPS, &[On::Postgres], survives).await;
}
