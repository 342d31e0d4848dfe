//! Staff pay money back (G37, G41, D24): gateway first, then the books, then everything agrees, whatever happens in
//! between. What the books make of it: `refunds_in_books.rs`; what others pay back: `refunds_made_there.rs`.

use crate::support::{Answer, Client, Form, House, On, ana, assert_has, field, harbour_link, http};
use serde_json::Value;
use simulators::facts;

pub const REFUNDS: &str = "POST /stripe/v1/refunds";

/// The dialog of a payment's page, as it was filled in.
pub struct Dialog {
    payment: String,
    refund: String,
    currency: String,
    pub most: String,
}

impl Dialog {
    pub async fn open(admin: &Client, payment: &str) -> Self {
        let page = admin.get(&story_of(payment)).await.body;
        let [payment, refund, currency, most] =
            ["payment", "refund", "currency", "amount"].map(|name| field(&page, name));
        Self { payment, refund, currency, most }
    }

    pub fn fields<'a>(&'a self, amount: &'a str) -> [(&'a str, &'a str); 5] {
        [
            ("payment", &self.payment),
            ("refund", &self.refund),
            ("currency", &self.currency),
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

pub fn story_of(payment: &str) -> String {
    format!("/admin/transactions/{payment}")
}

/// INV-501, paid by this card and posted.
pub async fn paid(house: &House, card: &str) -> Form {
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

pub async fn tells(house: &House, admin: &Client, payment: &str, words: &str) {
    house.until(words, async || admin.get(&story_of(payment)).await.body.contains(words)).await;
}

/// What it tells then to staff, who sign in again: a session ends with an hour in which nobody used it.
pub async fn an_hour_later(house: &House, payment: &str, words: &str) -> Client {
    house.pass_an_hour().await;
    let admin = house.staff().await;
    tells(house, &admin, payment, words).await;
    admin
}

#[tokio::test]
async fn g37_g41_d24_a_whole_refund_shows_everywhere_and_everything_agrees() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house, "pm_card_visa").await;
        let admin = house.staff().await;
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert_has!(page, "At most $1,204.50.", "Visa ··4242, through Stripe", "The invoice stays paid.");
        let dialog = Dialog::open(&admin, &form.payment).await;
        assert_eq!(dialog.most, "1204.50");
        let pressed = dialog.press(&admin, &dialog.most).await;
        assert_eq!(pressed.location.as_deref(), Some(&*format!("{}#refunds", story_of(&form.payment))));

        tells(&house, &admin, &form.payment, "Refund posted to the books").await;
        assert_eq!((refunded(&house).await, credits(&house).await), (120_450, vec![("PAID".to_owned(), 120_450)]));
        assert_eq!(house.books_invoice("INV-501").await["status"], "PAID", "the customer owes nothing again");
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert_has!(page, "All of it was paid back.", "Wrong quantity", "Refund paid", "1 refund");
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
    assert_has!(
        page,
        "Nothing more was refunded",
        "This form was used for a refund of $100.00. Open the payment again"
    );
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
    an_hour_later(&house, &form.payment, "has not seen the refund so far").await;
    let admin = an_hour_later(&house, &form.payment, "The gateway never received the refund").await;
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
    let admin = an_hour_later(&house, &form.payment, "Refund posted to the books").await;
    let home = admin.get("/admin").await.body;
    assert!(home.contains("do not fit what was final before"), "an alarm does not go by itself: {home}");
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
    an_hour_later(&house, &form.payment, "Refund posted to the books").await;
    house.assert_everything_agrees().await;
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
    assert_has!(result, "You paid $1,204.50", "Refunded $200.00 on ", "Sign in to see your other invoices");

    let (ana, bo) = (ana(&house.portal).await, house.signed_in(facts::BO_EMAIL).await);
    let (past, receipt) = (ana.get("/payments").await.body, format!("/payments/{}", form.payment));
    assert!(past.contains("Refunded $200.00 on ") && past.contains(&format!("href=\"{receipt}\"")), "{past}");
    let page = ana.get(&receipt).await;
    assert_has!(page.body, "You paid $1,204.50", "Refunded $200.00 on ", "Visa", "Acme Pty Ltd");
    assert!(!page.body.contains("Sign in to see"), "{}", page.body);
    assert_eq!(bo.get(&receipt).await.status, 404);
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
