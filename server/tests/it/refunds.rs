//! Staff pay money back (G37, G41, D24): gateway first, then the books, then everything agrees, whatever happens in
//! between.

use crate::support::{
    Answer, Client, Form, House, On, Server, ana, field, harbour_link, http, link, paid_and_booked, sign_event,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simulators::facts;
use std::time::Duration;

const REFUNDS: &str = "POST /stripe/v1/refunds";
/// Every step of one refund at which the process can be made to die.
const STEPS: [&str; 8] = [
    "before_refund_intent",
    "after_refund_intent",
    "after_refund",
    "before_refund_record_commit",
    "after_refund_record",
    "before_refund_post",
    "after_refund_post",
    "before_refund_post_commit",
];
const KNOWN_WITHIN: Duration = Duration::from_secs(60);

/// The dialog of a payment's page, as it was filled in.
pub struct Dialog {
    payment: String,
    refund: String,
    most: String,
}

impl Dialog {
    pub async fn open(admin: &Client, payment: &str) -> Self {
        let page = admin.get(&story_of(payment)).await.body;
        Self { payment: field(&page, "payment"), refund: field(&page, "refund"), most: field(&page, "amount") }
    }

    fn fields<'a>(&'a self, amount: &'a str) -> [(&'a str, &'a str); 5] {
        [
            ("payment", &self.payment),
            ("refund", &self.refund),
            ("currency", "USD"),
            ("amount", amount),
            ("reason", "Wrong quantity"),
        ]
    }

    pub async fn press(&self, admin: &Client, amount: &str) -> Answer {
        send(admin, &self.fields(amount)).await
    }

    /// Of a payment with a surcharge: with its `part` of that, or `none` of it.
    pub async fn press_with(&self, admin: &Client, amount: &str, surcharge: &str) -> Answer {
        send(admin, &[&self.fields(amount)[..], &[("surcharge", surcharge)][..]].concat()).await
    }
}

async fn send(admin: &Client, fields: &[(&str, &str)]) -> Answer {
    let pressed = admin.post("/api/refunds/start", fields).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    pressed
}

fn story_of(payment: &str) -> String {
    format!("/admin/transactions/{payment}")
}

/// INV-501, paid by this card and posted.
async fn paid(house: &House, card: &str) -> Form {
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, card).await;
    house.assert_paid_once("INV-501", 120_450).await;
    form
}

pub async fn refunded(house: &House) -> i64 {
    house.charges().await[0]["refunded_minor"].as_i64().unwrap()
}

/// The books' credit notes: their states, and what was paid out of each in minor units. The least first, for their own
/// order is that of random ids.
pub async fn credits(house: &House) -> Vec<(String, i64)> {
    let notes = house.state("xero").await["credit_notes"].as_array().unwrap().clone();
    let told = |note: &Value| (note["status"].as_str().unwrap().to_owned(), note["paid_minor"].as_i64().unwrap());
    let mut told: Vec<_> = notes.iter().map(told).collect();
    told.sort_by_key(|(_, paid)| *paid);
    told
}

async fn tells(house: &House, admin: &Client, payment: &str, words: &str) {
    house.until(words, async || admin.get(&story_of(payment)).await.body.contains(words)).await;
}

#[tokio::test]
async fn g37_g41_d24_a_whole_refund_shows_everywhere_and_everything_agrees() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house, "pm_card_visa").await;
        let admin = house.staff().await;
        let page = admin.get(&story_of(&form.payment)).await.body;
        for words in ["At most $1,204.50.", "Visa ··4242, through Stripe", "The invoice stays paid."] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let dialog = Dialog::open(&admin, &form.payment).await;
        assert_eq!(dialog.most, "1204.50");
        let pressed = dialog.press(&admin, &dialog.most).await;
        assert_eq!(pressed.location.as_deref(), Some(&*format!("{}#refunds", story_of(&form.payment))));

        tells(&house, &admin, &form.payment, "Refund posted to the books").await;
        assert_eq!((refunded(&house).await, credits(&house).await), (120_450, vec![("PAID".to_owned(), 120_450)]));
        assert_eq!(house.books_invoice("INV-501").await["status"], "PAID", "the customer owes nothing again");
        let page = admin.get(&story_of(&form.payment)).await.body;
        for words in ["All of it was paid back.", "Wrong quantity", "Refund paid", "1 refund"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains("name=\"refund\""), "nothing is left to refund");
        let ana = ana(&house.portal).await;
        for list in [admin.get("/admin/transactions").await.body, ana.get("/payments").await.body] {
            assert!(list.contains("Refunded") && !list.contains("Part refunded"), "{list}");
        }
        let mailed = async || admin.get("/admin/mail").await.body.contains("Refund: $1,204.50 from Northwind IT");
        house.until("the payer is told", mailed).await;
        house.assert_everything_agrees().await;
        assert_eq!(house.engine.verify_books(None).await.unwrap().refunds, 1);
        let home = admin.get("/admin").await.body;
        assert!(home.contains("Nothing needs you"), "our own refund is no news of others: {home}");
    }
}

#[tokio::test]
async fn g37_d24_parts_add_up_to_the_whole_and_no_further() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    let admin = house.staff().await;
    let first = Dialog::open(&admin, &form.payment).await;
    first.press(&admin, "200.00").await;
    let list = admin.get("/admin/transactions").await.body;
    assert!(list.contains("Part refunded"), "{list}");

    let second = Dialog::open(&admin, &form.payment).await;
    assert_eq!(second.most, "1004.50");
    for (amount, words) in [
        ("1004.51", "Enter an amount above zero, up to $1,004.50."),
        ("1,004.51", "Enter an amount above zero, up to $1,004.50."),
        ("0", "Enter an amount above zero, up to $1,004.50."),
        ("12,50", "Enter an amount like 1204.50."),
    ] {
        let back = second.press(&admin, amount).await.location.unwrap();
        let page = admin.get(&back).await.body;
        assert!(page.contains(words) && page.contains("Nothing was refunded"), "{amount}: {page}");
        assert!(page.contains("<title>Error: "), "{amount}: {page}");
        let dialog = page.split("<dialog").nth(1).unwrap();
        assert!(dialog.split('>').next().unwrap().contains(" open"), "{amount}: it stands open: {dialog}");
        assert_eq!(
            (field(dialog, "amount"), field(dialog, "reason")),
            (amount.to_owned(), "Wrong quantity".to_owned())
        );
        assert!(!admin.get(&back).await.body.contains(words), "{amount}: it is said once");
        assert_eq!(admin.call("/api/refunds/start", &second.fields(amount)).await.status / 100, 4);
    }
    for (amount, at_amount) in [("", true), ("1.00", false)] {
        let unfilled = second.fields(amount).map(|(name, typed)| (name, if name == "reason" { " " } else { typed }));
        let back = admin.post("/api/refunds/start", &unfilled).await.location.unwrap();
        let page = admin.get(&back).await.body;
        let dialog = page.split("<dialog").nth(1).unwrap();
        assert!(dialog.contains("href=\"#reason\"") && dialog.matches("Enter a reason.").count() == 2, "{dialog}");
        assert_eq!(dialog.contains("href=\"#amount\""), at_amount, "all that is wrong, and only that: {dialog}");
        assert_eq!(field(dialog, "amount"), amount);
    }
    assert_eq!(refunded(&house).await, 20_000);
    second.press(&admin, "1,004.50").await;
    let both = async || credits(&house).await.iter().filter(|(state, _)| state == "PAID").count() == 2;
    house.until("both are in the books", both).await;
    let mut paid_out: Vec<_> = credits(&house).await.into_iter().map(|(_, minor)| minor).collect();
    paid_out.sort_unstable();
    assert_eq!((refunded(&house).await, paid_out), (120_450, vec![20_000, 100_450]));
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d24_a_double_click_and_a_replayed_form_are_one_refund() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    let admin = house.staff().await;
    let dialog = Dialog::open(&admin, &form.payment).await;
    let (one, two) = tokio::join!(dialog.press(&admin, "100.00"), dialog.press(&admin, "100.00"));
    assert_eq!(one.location, two.location);
    dialog.press(&admin, "100.00").await;
    assert_eq!(refunded(&house).await, 10_000);
    house.assert_everything_agrees().await;

    let fresh = futures::future::join_all((0..8).map(|_| Dialog::open(&admin, &form.payment))).await;
    futures::future::join_all(fresh.iter().map(|dialog| dialog.press(&admin, "500.00"))).await;
    assert_eq!(refunded(&house).await, 110_000, "eight at once share what is left");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d24_a_form_that_was_used_says_so_when_it_asks_for_something_else() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    let admin = house.staff().await;
    let dialog = Dialog::open(&admin, &form.payment).await;
    dialog.press(&admin, "100.00").await;
    let back = dialog.press(&admin, "200.00").await.location.unwrap();
    let page = admin.get(&back).await.body;
    for words in ["Nothing more was refunded", "This form was used for a refund of $100.00. Open the payment again"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(admin.call("/api/refunds/start", &dialog.fields("200.00")).await.status, 409);
    assert_eq!(refunded(&house).await, 10_000);
    let again = Dialog::open(&admin, &form.payment).await;
    again.press(&admin, "200.00").await;
    assert_eq!(refunded(&house).await, 30_000);
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d2_d24_a_refund_whose_answer_is_lost_counts_against_the_limit_and_is_found() {
    let lost = ["reset_after_execute", "timeout_after_execute"];
    futures::future::join_all(lost.map(|fault| async move {
        let house = House::new().await;
        let form = paid(&house, "pm_card_visa").await;
        house.arm("stripe", fault, REFUNDS).await;
        house.arm_times("stripe", "webhook_lost", 9).await;
        let admin = house.staff().await;
        Dialog::open(&admin, &form.payment).await.press(&admin, "1000.00").await;
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert!(page.contains("Being checked"), "{fault}: {page}");
        assert_eq!(field(&page, "amount"), "204.50", "{fault}: what nobody knows is not paid back again");

        tells(&house, &admin, &form.payment, "Refund posted to the books").await;
        assert_eq!((refunded(&house).await, credits(&house).await.len()), (100_000, 1), "{fault}");
        house.assert_everything_agrees().await;
    }))
    .await;
}

#[tokio::test]
async fn d2_a_refund_that_never_arrived_ends_and_may_be_made_again() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm("stripe", "http:500", REFUNDS).await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    assert!(admin.get(&story_of(&form.payment)).await.body.contains("did not answer the refund"));
    house.pass_an_hour().await;
    // A session ends with an hour in which nobody used it.
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "has not seen the refund so far").await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "The gateway never received the refund").await;
    assert_eq!(refunded(&house).await, 0);
    let told = "A refund of $1,204.50 has failed. It did not reach the gateway, so nothing was paid back. Refund again";
    let home = admin.get("/admin").await.body;
    assert!(home.contains(told), "{home}");
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    assert!(admin.get("/admin").await.body.contains(told), "less than what was asked for");
    Dialog::open(&admin, &form.payment).await.press(&admin, "1004.50").await;
    let home = admin.get("/admin").await.body;
    assert!(home.contains("Nothing needs you"), "{home}");
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn g37_a_refund_that_comes_back_to_life_is_asked_about_until_it_ends() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_pendingRefund").await;
    house.arm("stripe", "http:500", REFUNDS).await;
    let dialog = Dialog::open(&house.staff().await, &form.payment).await;
    dialog.press(&house.staff().await, "1204.50").await;
    for told in ["has not seen the refund so far", "The gateway never received the refund"] {
        house.pass_an_hour().await;
        tells(&house, &house.staff().await, &form.payment, told).await;
    }
    // It was only very late: the gateway has it after all, says so once, and no more.
    let intent = house.charges().await.remove(0)["payment_intent"].as_str().unwrap().to_owned();
    let late = [("payment_intent", intent.as_str()), ("amount", "120450"), ("metadata[refund_id]", &dialog.refund)];
    let made = http().post(format!("{}/stripe/v1/refunds", house.vendors)).form(&late);
    let made = made.bearer_auth(facts::stripe::PORTAL_SECRET_KEY).send().await.unwrap();
    assert_eq!(made.status(), 200);
    tells(&house, &house.staff().await, &form.payment, "Refund accepted, not paid out yet").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    let home = admin.get("/admin").await.body;
    assert!(home.contains("do not fit what was final before"), "an alarm does not go by itself: {home}");
}

#[tokio::test]
async fn g37_a_refund_that_fails_after_it_succeeded_is_taken_out_of_the_books_and_told() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "The refund does not stand in the books").await;
    assert_eq!(credits(&house).await, [("VOIDED".to_owned(), 0)]);
    let page = admin.get(&story_of(&form.payment)).await.body;
    assert!(page.contains("The card does not exist any more") && page.contains("Refund failed"), "{page}");
    let home = admin.get("/admin").await.body;
    assert!(home.contains("A refund of $1,204.50 has failed."), "{home}");
    let mailed = async || admin.get("/admin/mail").await.body.contains("Refund not paid: $1,204.50");
    house.until("the payer is told", mailed).await;
    house.assert_everything_agrees().await;
    assert_eq!(Dialog::open(&admin, &form.payment).await.most, "1204.50", "it may be paid back in another way");
}

#[tokio::test]
async fn d30_a_refund_whose_payment_is_reconciled_stays_in_the_books_when_it_fails() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    let payments = house.state("xero").await["payments"].as_array().unwrap().clone();
    let paid_out = payments.iter().find(|payment| payment["credit_note"].is_string()).unwrap();
    let matched = json!({"id": paid_out["id"], "reconciled": true});
    let matched = http().post(format!("{}/control/xero/payment", house.vendors)).json(&matched).send().await.unwrap();
    assert_eq!(matched.status(), 200);
    house.pass_an_hour().await;
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "The books refused the refund").await;
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 120_450)], "nothing is undone that a bank has confirmed");
    let home = admin.get("/admin").await.body;
    let told = "is reconciled with the bank statement. Delete the payment with the reference re_";
    assert!(home.contains(told), "{home}");
}

#[tokio::test]
async fn g37_a_refund_after_one_that_failed_is_booked_whole_though_the_first_is_still_in_the_books() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    let deletes = "POST /xero/api.xro/2.0/Payments";
    house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 1_000, "match": deletes})).await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "Refund failed").await;

    Dialog::open(&admin, &form.payment).await.press(&admin, "50.00").await;
    let paid_out = async || credits(&house).await.iter().map(|(_, paid)| *paid).collect::<Vec<_>>();
    house.until("both stand in the books for now", async || paid_out().await == [5_000, 120_450]).await;
}

#[tokio::test]
async fn g37_a_refund_that_waits_is_told_at_once_and_booked_when_it_is_paid() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_pendingRefund").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    assert!(admin.get(&story_of(&form.payment)).await.body.contains("Under way"));
    let mailed = async || admin.get("/admin/mail").await.body.contains("Refund: $1,204.50 from Northwind IT");
    house.until("the payer is told", mailed).await;
    assert!(credits(&house).await.is_empty(), "nothing is booked before it is paid");
    house.assert_everything_agrees().await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d30_a_refund_that_the_books_refuse_says_what_to_enter() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/CreditNotes").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "The books refused the refund").await;
    let home = admin.get("/admin").await.body;
    for words in ["$200.00 was paid back for INV-501", "Enter a credit note of $200.00 for INV-501", "reference re_"] {
        assert!(home.contains(words), "{words}: {home}");
    }
    let differences = house.differences(None).await;
    assert!(matches!(&*differences, [one] if one.ends_with("the books refused it")), "{differences:?}");
}

#[tokio::test]
async fn d30_a_credit_note_that_stands_without_its_payment_is_not_entered_twice() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "The books refused the payment of the refund’s credit note").await;
    let note = house.state("xero").await["credit_notes"][0].clone();
    let (id, number) = (note["id"].as_str().unwrap(), note["number"].as_str().unwrap());
    assert_eq!(credits(&house).await, [("AUTHORISED".to_owned(), 0)]);
    tells(&house, &admin, &form.payment, &format!("credit note {id} stands")).await;
    let home = admin.get("/admin").await.body;
    let stands = format!("Its credit note {number} stands in the books");
    for words in [&*stands, "Enter that payment alone: $200.00 from the clearing account, reference re_"] {
        assert!(home.contains(words), "{words}: {home}");
    }
    assert!(!home.contains("Enter a credit note"), "{home}");
    let differences = house.differences(None).await;
    let unpaid = "the books have its credit note, and refused the payment of it";
    assert!(matches!(&*differences, [one] if one.ends_with(unpaid)), "{differences:?}");
}

#[tokio::test]
async fn d24_the_payer_reads_what_came_back_and_finds_the_receipt_again() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    let result = format!("/npe/result?transactionId={}&payment={}", form.checkout, form.payment);
    let result = house.client().get(&result).await.body;
    for words in ["You paid $1,204.50", "Refunded $200.00 on ", "Sign in to see your other invoices"] {
        assert!(result.contains(words), "{words}: {result}");
    }

    let (ana, bo) = (house.client(), house.client());
    ana.sign_in(facts::ANA_EMAIL).await;
    ana.stand_at(facts::NORTHWIND.name).await;
    bo.sign_in(facts::BO_EMAIL).await;
    let (past, receipt) = (ana.get("/payments").await.body, format!("/payments/{}", form.payment));
    assert!(past.contains("Refunded $200.00 on ") && past.contains(&format!("href=\"{receipt}\"")), "{past}");
    let page = ana.get(&receipt).await;
    for words in ["You paid $1,204.50", "Refunded $200.00 on ", "Visa", "Acme Pty Ltd"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("Sign in to see"), "{}", page.body);
    assert_eq!(bo.get(&receipt).await.status, 404);
}

/// INV-501, paid by this card, and refused by the books.
async fn paid_and_refused(house: &House, admin: &Client, card: &str) -> Form {
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, card).await;
    tells(house, admin, &form.payment, "but the books refused it").await;
    form
}

const NOTHING_OF_IT: &str = "The books need nothing of the refund";

#[tokio::test]
async fn d30_what_is_paid_back_of_a_payment_that_the_books_refused_need_not_be_entered() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let admin = house.staff().await;
        let form = paid_and_refused(&house, &admin, "pm_card_visa").await;
        assert!(admin.get("/admin").await.body.contains("They lack a payment of $1,204.50, reference ch_"));
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert!(page.contains("nothing is taken back there, and less is left to enter."), "{page}");

        Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
        tells(&house, &admin, &form.payment, NOTHING_OF_IT).await;
        let home = admin.get("/admin").await.body;
        let part = "$1,204.50 for INV-501 was taken and $200.00 of it paid back, but the books refused it";
        for words in [part, "They lack a payment of $1,004.50, reference ch_"] {
            assert!(home.contains(words), "{words}: {home}");
        }
        let differences = house.differences(None).await;
        let refused = "of 1004.50: the books refused it";
        assert!(matches!(&*differences, [one] if one.ends_with(refused)), "{differences:?}");

        Dialog::open(&admin, &form.payment).await.press(&admin, "1004.50").await;
        let calm = async || admin.get("/admin").await.body.contains("Nothing needs you");
        house.until("nothing is left to enter", calm).await;
        assert!(credits(&house).await.is_empty(), "nothing was in the books");
        house.assert_everything_agrees().await;
        let again = house.client().open("INV-501").await;
        assert_ne!(again.payment, form.payment, "the invoice is free");
    }
}

#[tokio::test]
async fn d30_a_refund_that_fails_after_all_asks_for_the_refused_payment_again() {
    let house = House::new().await;
    let admin = house.staff().await;
    let form = paid_and_refused(&house, &admin, "pm_card_refundFail").await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "which refused it. All of it was paid back.").await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    let lacking = async || admin.get("/admin").await.body.contains("They lack a payment of $1,204.50, reference ch_");
    house.until("it must be entered", lacking).await;
    let differences = house.differences(None).await;
    let refused = "of 1204.50: the books refused it";
    assert!(matches!(&*differences, [one] if one.ends_with(refused)), "{differences:?}");
    let opened = house.client().get(&link("INV-501")).await.location.unwrap();
    assert!(!house.client().get(&opened).await.body.contains("name=\"expected\""), "the invoice is taken");
}

#[tokio::test]
async fn d30_a_refused_payment_that_a_person_has_entered_is_refunded_like_any_other() {
    let house = House::new().await;
    let admin = house.staff().await;
    let form = paid_and_refused(&house, &admin, "pm_card_visa").await;
    let charge = house.charges().await.remove(0)["id"].clone();
    let clearing = json!({"Code": facts::xero::CLEARING_ACCOUNT_CODE});
    let by_hand = json!({"Payments": [{"Invoice": {"InvoiceNumber": "INV-501"}, "Account": clearing,
        "Amount": "1204.50", "Reference": charge}]});
    let enter = http().put(format!("{}/xero/api.xro/2.0/Payments", house.vendors)).json(&by_hand);
    let enter = enter.bearer_auth(house.books_token().await).header("xero-tenant-id", facts::xero::TENANT_ID);
    let entered = enter.header("accept", "application/json").send().await.unwrap();
    assert_eq!(entered.status(), 200, "{}", entered.text().await.unwrap());

    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 20_000)]);
    house.assert_everything_agrees().await;
    let home = admin.get("/admin").await.body;
    assert!(home.contains("Nothing needs you"), "{home}");
}

/// Somebody pays 5.00 of the payment back at the gateway; the refund's id there.
async fn refunded_by_others(house: &House) -> String {
    let intent = house.charges().await.remove(0)["payment_intent"].as_str().unwrap().to_owned();
    let url = format!("{}/stripe/v1/refunds", house.vendors);
    let theirs = http().post(url).bearer_auth(facts::stripe::PORTAL_SECRET_KEY);
    let theirs = theirs.form(&[("payment_intent", intent.as_str()), ("amount", "500")]).send().await.unwrap();
    let theirs: Value = theirs.json().await.unwrap();
    theirs["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn d24_g37_a_refund_made_at_the_gateway_is_taken_in_and_leaves_less_for_ours() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house, "pm_card_visa").await;
        let admin = house.staff().await;
        let id = refunded_by_others(&house).await;
        tells(&house, &admin, &form.payment, "Refund posted to the books").await;
        let page = admin.get(&story_of(&form.payment)).await.body;
        for words in
            ["Refund of $5.00 made at Stripe", "Somebody at Stripe", "Not asked for here.", "Refund paid", &*id]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(admin.get("/admin/transactions").await.body.contains("Part refunded"));
        assert_eq!(credits(&house).await, [("PAID".to_owned(), 500)]);
        let mailed = async || admin.get("/admin/mail").await.body.contains("Refund: $5.00 from Northwind IT");
        house.until("the payer is told", mailed).await;
        house.assert_everything_agrees().await;

        let ours = Dialog::open(&admin, &form.payment).await;
        assert_eq!(ours.most, "1199.50");
        let back = ours.press(&admin, "1199.51").await.location.unwrap();
        assert!(admin.get(&back).await.body.contains("up to $1,199.50."));
        ours.press(&admin, "1199.50").await;
        tells(&house, &admin, &form.payment, "All of it was paid back.").await;
        let both = async || credits(&house).await.iter().map(|(_, paid)| *paid).collect::<Vec<_>>() == [500, 119_950];
        house.until("both are in the books", both).await;
        house.assert_everything_agrees().await;
        let home = admin.get("/admin").await.body;
        assert!(home.contains("Nothing needs you"), "{home}");
        assert_eq!(house.engine.verify_books(None).await.unwrap().refunds, 2);
    }
}

/// The same news of a refund, as often.
async fn told_again(house: &House, id: &str, kind: &str, times: usize) {
    let now = Utc::now().timestamp();
    let sent = futures::future::join_all((0..times).map(|n| {
        let body = format!(
            r#"{{"id":"evt_{id}_{kind}_{n}","object":"event","type":"{kind}","created":{now},"data":{{"object":{{"id":"{id}","object":"refund","metadata":{{}}}}}}}}"#
        );
        let signature = sign_event(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
        let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
        async move { http().post(url).header("stripe-signature", signature).body(body).send().await.unwrap().status() }
    }))
    .await;
    assert!(sent.iter().all(|status| *status == 200), "{sent:?}");
}

#[tokio::test]
async fn d3_d24_fifty_news_of_one_refund_made_there_in_any_order_are_one_refund() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let id = refunded_by_others(&house).await;
    tokio::join!(told_again(&house, &id, "refund.updated", 25), told_again(&house, &id, "refund.created", 25));
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT count(*) FROM refund").await, 1);
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 500)]);
    assert_eq!(Dialog::open(&admin, &form.payment).await.most, "1199.50");
}

#[tokio::test]
async fn d24_news_without_our_name_that_come_before_our_own_answer_make_no_second_refund() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm("stripe", "reset_after_execute", REFUNDS).await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    let made = house.charges().await.remove(0)["refunds"][0].as_str().unwrap().to_owned();
    told_again(&house, &made, "refund.updated", 3).await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT count(*) FROM refund").await, 1);
    assert_eq!(refunded(&house).await, 20_000);
}

#[tokio::test]
async fn d24_a_refund_made_at_the_gateway_whose_news_are_lost_is_named() {
    let house = House::new().await;
    paid(&house, "pm_card_visa").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let id = refunded_by_others(&house).await;
    let named = format!("Northwind IT: the gateway paid 5.00 back ({id}) by a refund that we do not know");
    assert_eq!(house.differences(None).await, [named]);
}

#[tokio::test]
async fn g37_a_refund_made_there_that_waits_is_asked_about_and_one_that_fails_is_taken_out_again() {
    for (card, first, then) in [
        ("pm_card_pendingRefund", "Refund accepted, not paid out yet", "Refund posted to the books"),
        ("pm_card_refundFail", "Refund posted to the books", "The refund does not stand in the books"),
    ] {
        let house = House::new().await;
        let form = paid(&house, card).await;
        refunded_by_others(&house).await;
        tells(&house, &house.staff().await, &form.payment, first).await;
        if card == "pm_card_pendingRefund" {
            house.arm_times("stripe", "webhook_lost", 9).await;
        }
        house.pass_an_hour().await;
        tells(&house, &house.staff().await, &form.payment, then).await;
        house.assert_everything_agrees().await;
    }
}

/// A payment of five days ago, and the begin of the last day.
async fn paid_days_ago(card: &str) -> (House, Form, DateTime<Utc>) {
    let house = House::new().await;
    let form = paid(&house, card).await;
    house.advance(json!({"days": 5})).await;
    // The comparison that fell due meanwhile would find by itself what follows.
    let compared = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
         WHERE merchant.name = 'Northwind IT' AND job.state = 'done' AND job.unique_key LIKE 'reconcile:%'";
    house.until("it was compared", async || house.number(compared).await == 1).await;
    (house, form, Utc::now() + TimeDelta::days(4))
}

#[tokio::test]
async fn d24_a_window_shows_what_others_paid_back_of_an_older_payment() {
    let (house, form, since) = paid_days_ago("pm_card_visa").await;
    assert!(house.story(&form).await.contains("Cleared"), "the comparison has seen that its money is available");
    house.arm_times("stripe", "webhook_lost", 9).await;
    let id = refunded_by_others(&house).await;
    let named = format!("Northwind IT: the gateway paid 5.00 back ({id}) by a refund that we do not know");
    assert_eq!(house.differences(Some(since)).await, [named]);
}

#[tokio::test]
async fn d9_a_window_shows_a_refund_of_an_older_payment_that_our_ledger_lacks() {
    let (house, form, since) = paid_days_ago("pm_card_visa").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    assert!(house.differences(Some(since)).await.is_empty());
    house.unlock("posting").await;
    // On both sides: a journal that does not balance is named by itself.
    let lost = "UPDATE posting SET amount_minor = 0
        WHERE journal_id IN (SELECT id FROM journal WHERE kind = 'refund_paid') RETURNING amount_minor";
    assert_eq!(house.number(lost).await, 0);
    let differences = house.differences(Some(since)).await;
    let lacking = "our ledger has 120450 where 100450 should stand";
    assert!(matches!(&*differences, [one] if one.ends_with(lacking)), "{differences:?}");
}

#[tokio::test]
async fn g37_a_window_shows_an_older_refund_that_has_failed_and_whose_news_was_lost() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    house.pass_an_hour().await;
    let since = Utc::now() + TimeDelta::minutes(50);
    let failed = "the gateway has not paid 1204.50 back (re_";
    let named = |one: &str| one.contains(failed) && one.ends_with("is Succeeded");
    let differences = house.differences(Some(since)).await;
    assert!(matches!(&*differences, [one] if named(one)), "{differences:?}");
    // The comparison of the day asks for it.
    house.advance(json!({"hours": 4})).await;
    tells(&house, &house.staff().await, &form.payment, "The refund does not stand in the books").await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn g37_the_sandbox_and_the_built_in_ledger_refund_too_and_a_lost_answer_is_found() {
    let house = House::new().await;
    let client = house.client();
    let form = client.form(&client.get(&harbour_link("HT-1001")).await.location.unwrap()).await;
    client.pay(&form, "sbx_refund_lost").await;
    let admin = house.signed_in(facts::HARBOUR.admin_email).await;
    tells(&house, &admin, &form.payment, "Paid, and it stands").await;
    let page = admin.get(&story_of(&form.payment)).await.body;
    let (refund, currency) = (field(&page, "refund"), field(&page, "currency"));
    let fields = [
        ("payment", form.payment.as_str()),
        ("refund", &refund),
        ("currency", &currency),
        ("amount", "1.00"),
        ("reason", "A trial"),
    ];
    assert_eq!(admin.post("/api/refunds/start", &fields).await.status, 303);
    assert!(admin.get(&story_of(&form.payment)).await.body.contains("Being checked"));
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    assert!(client.get(&harbour_link("HT-1001")).await.location.is_none(), "the invoice stays paid");
    house.assert_everything_agrees().await;
}

async fn survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    let form = {
        let server = Server::start(&house, None).await;
        paid_and_booked(&house, &server.portal).await.1
    };
    {
        let mut dying = Server::start(&house, Some(step)).await;
        press(&dying.portal, &form.payment).await;
        dying.until_dead(step).await;
    }
    let server = Server::start(&house, None).await;
    if step == "before_refund_intent" {
        assert_eq!(refunded(&house).await, 0, "nothing was meant yet, so nothing was paid back");
        press(&server.portal, &form.payment).await;
    }
    let paid_out = async || credits(&house).await == [("PAID".to_owned(), 120_450)];
    house.until_within(&format!("{step}: it stands in the books once"), KNOWN_WITHIN, paid_out).await;
    assert_eq!(refunded(&house).await, 120_450, "{step}");
    house.assert_everything_agrees().await;
}

/// Presses Refund for the whole and does not mind when the connection dies.
async fn press(portal: &str, payment: &str) {
    let admin = Client::new(portal);
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    let dialog = Dialog::open(&admin, payment).await;
    admin.try_post("/api/refunds/start", &dialog.fields(&dialog.most)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_at_any_step_of_a_refund_pays_back_once_and_the_books_agree_on_sqlite() {
    at_each_step(STEPS, &[On::Sqlite], survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_at_any_step_of_a_refund_pays_back_once_and_the_books_agree_on_postgresql() {
    at_each_step(STEPS, &[On::Postgres], survives).await;
}
