//! Disputes of cards (F23, G39, D9): staff read in time that they must answer; what is lost leaves ledger and books, what
//! is won stays; whatever becomes of the news.

use crate::support::{Form, House, On, assert_has, field, http, sign_event};
use chrono::Utc;
use serde_json::{Value, json};
use simulators::facts;

/// What the card's holder, or the bank, does about the only charge.
pub async fn order(house: &House, outcome: &str) -> Value {
    order_of(house, &house.charges().await[0], outcome).await
}

pub async fn order_of(house: &House, charge: &Value, outcome: &str) -> Value {
    let order = json!({"charge": charge["id"], "outcome": outcome});
    let answer = http().post(format!("{}/control/stripe/dispute", house.vendors)).json(&order).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    answer.json::<Value>().await.unwrap()["dispute"].clone()
}

pub async fn tells(house: &House, form: &Form, words: &str) {
    house.until(words, async || house.story(form).await.contains(words)).await;
}

/// News of a dispute, as often, each with an id of its own.
pub async fn told(house: &House, dispute: &Value, kind: &str, times: usize) {
    let now = Utc::now().timestamp();
    let sent = futures::future::join_all((0..times).map(|n| {
        let body = json!({"id": format!("evt_{kind}_{n}"), "object": "event", "type": format!("charge.dispute.{kind}"),
            "created": now, "data": {"object": dispute}})
        .to_string();
        let signature = sign_event(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
        let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
        async move { http().post(url).header("stripe-signature", signature).body(body).send().await.unwrap().status() }
    }))
    .await;
    assert!(sent.iter().all(|status| *status == 200), "{sent:?}");
}

async fn taken_out_and_owed_again(house: &House, form: &Form) {
    tells(house, form, "The dispute was lost, and the bank took the money back. It does not stand in the books").await;
    assert!(house.books_payments("INV-501").await.is_empty());
    assert_eq!(house.books_invoice("INV-501").await["due_minor"], 120_450);
    house.assert_everything_agrees().await;
}

/// The gap before the next try is a few seconds.
#[tokio::test]
async fn d4_f23_a_posting_whose_answer_was_lost_is_taken_out_when_its_money_went_back_before_the_next_try() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.arm("xero", "reset_after_execute", "PUT /xero/api.xro/2.0/Payments").await;
        let client = house.client();
        let form = client.open("INV-501").await;
        client.pay(&form, "pm_card_visa").await;
        house.until("it stands there", async || house.books_payments("INV-501").await.len() == 1).await;
        for outcome in ["opened", "lost"] {
            order(&house, outcome).await;
        }
        let returned = "SELECT COUNT(*) FROM attempt WHERE state = 'returned'";
        house.until("its money went back", async || house.number(returned).await == 1).await;
        let intended = "SELECT COUNT(*) FROM books_entry WHERE state = 'intended'";
        assert_eq!(house.number(intended).await, 1, "nobody has told whether it stands there");
        house.advance(json!({"minutes": 5})).await;
        taken_out_and_owed_again(&house, &form).await;
    }
}

#[tokio::test]
async fn g39_an_open_dispute_needs_somebody_and_nothing_is_refunded_meanwhile() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = house.paid().await;
        let admin = house.staff().await;
        let before = admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
        let opened = order(&house, "opened").await;
        tells(&house, &form, "Disputed at the bank: $1,204.50").await;
        let page = house.story(&form).await;
        let link = format!("https://dashboard.stripe.com/test/disputes/{}", opened["id"].as_str().unwrap());
        assert_has!(
            page,
            "The card’s holder says that somebody else paid with it.",
            "Answer it at Stripe by ",
            "The payment is disputed at the bank, so it cannot be refunded as well.",
            &*link
        );
        assert!(!page.contains("name=\"refund\""), "{page}");
        let home = admin.get("/admin").await.body;
        assert!(home.contains("A card’s holder disputes $1,204.50 at their bank. Answer it at Stripe by "), "{home}");
        assert!(admin.get("/admin/transactions").await.body.contains("Disputed"));

        // A form that was open before.
        let (refund, payment) = (field(&before, "refund"), form.payment.as_str());
        let fields =
            [("payment", payment), ("refund", &refund), ("currency", "USD"), ("amount", "1.00"), ("reason", "Wrong")];
        let refused = admin.call("/api/refunds/start", &fields).await;
        assert_eq!((refused.status, house.charges().await[0]["refunded_minor"].as_i64()), (409, Some(0)));
        assert!(refused.body.contains("refund_disputed"), "{}", refused.body);
        assert_eq!(house.books_payments("INV-501").await.len(), 1, "the books wait for the bank");
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn f23_d9_a_lost_dispute_leaves_all_books_reopens_the_invoice_and_mails_nobody() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = house.paid().await;
        order(&house, "opened").await;
        tells(&house, &form, "Disputed at the bank").await;
        order(&house, "lost").await;
        taken_out_and_owed_again(&house, &form).await;
        let admin = house.staff().await;
        let page = house.story(&form).await;
        assert_has!(page, "The dispute was lost", "The bank keeps $1,204.50.", "Taken out of the books");
        assert!(admin.get("/admin/transactions").await.body.contains("Dispute lost"));
        let home = admin.get("/admin").await.body;
        assert!(home.contains("Nothing needs you"), "{home}");
        let mails = admin.get("/admin/mail").await.body;
        assert!(!mails.contains("Returned by your bank"), "the card’s holder did it themselves: {mails}");

        let guest = house.client();
        guest.pay(&guest.open("INV-501").await, "pm_card_mastercard").await;
        house.until("it is paid again", async || house.books_invoice("INV-501").await["due_minor"] == 0).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn f23_a_dispute_that_is_won_leaves_everything_as_it_was() {
    let house = House::new().await;
    let form = house.paid().await;
    order(&house, "opened").await;
    tells(&house, &form, "Disputed at the bank").await;
    order(&house, "won").await;
    tells(&house, &form, "The dispute was won").await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
    let admin = house.staff().await;
    assert!(admin.get("/admin").await.body.contains("Nothing needs you"));
    assert!(!admin.get("/admin/transactions").await.body.contains("Dispute"));
    assert_eq!(field(&house.story(&form).await, "amount"), "1204.50", "it can be refunded again");
}

#[tokio::test]
async fn d5_f23_a_loss_whose_news_are_lost_is_asked_about() {
    let house = House::new().await;
    let form = house.paid().await;
    order(&house, "opened").await;
    tells(&house, &form, "Disputed at the bank").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    order(&house, "lost").await;
    let named = |words: &String| words.contains("the gateway says Lost of a dispute (dp_");
    assert!(house.differences(None).await.iter().any(named), "verify-books names it meanwhile");
    house.advance(json!({"hours": 7})).await;
    taken_out_and_owed_again(&house, &form).await;
}

#[tokio::test]
async fn d5_f23_a_dispute_of_which_nothing_was_heard_is_named() {
    let house = House::new().await;
    house.paid().await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let opened = order(&house, "opened").await;
    let id = opened["id"].as_str().unwrap();
    let named = format!("Northwind IT: the gateway has a dispute of 1204.50 ({id}) that we do not know");
    assert_eq!(house.differences(None).await, [named]);
}

#[tokio::test]
async fn d4_g44_a_dispute_of_which_nothing_was_heard_is_taken_in_by_the_daily_comparison() {
    let house = House::new().await;
    let form = house.paid().await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    order(&house, "opened").await;
    house.advance(json!({"hours": 4})).await;
    tells(&house, &form, "Disputed at the bank: $1,204.50").await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT COUNT(*) FROM exception").await, 0, "nobody was bothered");
}

#[tokio::test]
async fn d3_f23_fifty_news_of_one_loss_in_any_order_book_it_once() {
    let house = House::new().await;
    let form = house.paid().await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let opened = order(&house, "opened").await;
    order(&house, "lost").await;
    // Closed before created; what each claims is read again.
    told(&house, &opened, "closed", 10).await;
    tokio::join!(told(&house, &opened, "created", 20), told(&house, &opened, "funds_withdrawn", 20));
    taken_out_and_owed_again(&house, &form).await;
    assert_eq!(house.number("SELECT count(*) FROM dispute").await, 1);
    assert_eq!(house.number("SELECT count(*) FROM dispute_observation").await, 1);
    assert_eq!(house.number("SELECT count(*) FROM journal WHERE kind = 'dispute_lost'").await, 1);
}

#[tokio::test]
async fn f23_a_part_that_is_lost_is_left_to_a_person() {
    let house = House::new().await;
    let form = house.paid().await;
    let admin = house.staff().await;
    let page = admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
    let (refund, payment) = (field(&page, "refund"), form.payment.as_str());
    let fields =
        [("payment", payment), ("refund", &refund), ("currency", "USD"), ("amount", "204.50"), ("reason", "Wrong")];
    assert_eq!(admin.post("/api/refunds/start", &fields).await.status, 303);
    tells(&house, &form, "Refund posted to the books").await;
    // What was refunded before is not taken a second time.
    order(&house, "opened").await;
    tells(&house, &form, "Disputed at the bank: $1,000.00").await;
    order(&house, "lost").await;
    tells(&house, &form, "A dispute over part of it was lost").await;
    let home = admin.get("/admin").await.body;
    let told =
        "$1,000.00 of a payment was lost in a dispute, and the books still have the whole of it. Take $1,000.00 out";
    assert!(home.contains(told), "{home}");
    assert_eq!(house.books_payments("INV-501").await.len(), 1, "no rule takes a part out");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn f23_a_loss_whose_payment_the_books_keep_is_left_to_a_person() {
    let house = House::new().await;
    let form = house.paid().await;
    order(&house, "opened").await;
    tells(&house, &form, "Disputed at the bank").await;
    house.arm_times("xero", "period_locked", 9).await;
    order(&house, "lost").await;
    tells(&house, &form, "The books keep its payment").await;
    house.arm_times("xero", "period_locked", 0).await;
    let admin = house.staff().await;
    assert!(admin.get("/admin").await.body.contains("went back, but the books keep its payment"));
    let pressed = admin.post("/api/transactions/post_again", &[("payment", &form.payment)]).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    taken_out_and_owed_again(&house, &form).await;
}
