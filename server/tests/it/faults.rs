//! The unhappy wire: time-outs after the charge, broken connections, errors, lost and doubled news.

use crate::support::{Client, Form, House, http, link};
use serde_json::{Value, json};
use simulators::facts;
use std::time::{Duration, Instant};

/// More events than one charge makes.
const ALL_NEWS: u32 = 9;
/// A gateway that is too slow to answer sends its news 45 seconds after the charge; then the worker reads them.
const LATE_NEWS_ARE_READ: Duration = Duration::from_secs(50);

async fn press(house: &House) -> (Client, Form, String) {
    let client = house.client();
    let form = client.open("INV-501").await;
    let answer = client.pay(&form, "pm_card_visa").await;
    (client, form, answer.location.unwrap())
}

#[tokio::test]
async fn d2_d4_an_answer_that_is_lost_after_the_charge_is_found_and_nobody_pays_twice() {
    let house = House::new().await;
    house.arm("stripe", "reset_after_execute", "POST /stripe/v1/payment_intents").await;
    house.arm("stripe", "webhook_lost", "").await;

    let (client, form, result) = press(&house).await;
    let checking = client.get(&result).await;
    assert!(checking.body.contains("Do not pay again"), "{}", checking.body);

    // Pressing again from a fresh page meanwhile starts nothing.
    let page = client.get(&format!("/npe?transactionId={}", form.checkout)).await;
    assert!(!page.body.contains("name=\"expected\""), "no form while the outcome is open");

    house.assert_paid_once("INV-501", 120_450).await;
    assert!(client.get(&result).await.body.contains("PAY-"));
}

#[tokio::test]
async fn n5_d2_an_error_before_the_charge_is_cleared_up_and_the_payer_may_try_again() {
    let house = House::new().await;
    house.arm("stripe", "http:500", "POST /stripe/v1/payment_intents").await;
    let (client, form, result) = press(&house).await;
    assert!(client.get(&result).await.body.contains("Do not pay again"), "an error says nothing about the charge");

    let checkout = format!("/npe?transactionId={}", form.checkout);
    let may_pay = async || client.get(&checkout).await.body.contains("name=\"expected\"");
    let missed = async || house.story(&form).await.contains("has not seen it so far");
    house.until("a first look-up finds nothing, which proves nothing yet", missed).await;
    assert!(!may_pay().await, "the charge may still be under way");
    house.pass_an_hour().await;
    house.until("a second look-up has proven that nothing was charged", may_pay).await;
    // The page had said that we would write.
    let admin = house.staff().await;
    let told = async || admin.get("/admin/mail").await.body.contains("Not paid: $1,204.50 to Northwind IT");
    house.until("the payer is told how it ended", told).await;
    assert!(house.charges().await.is_empty());
    client.pay(&client.form(&checkout).await, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn d2_a_gateway_that_never_answers_is_asked_again_and_the_charge_is_found() {
    let house = House::new().await;
    house.arm("stripe", "timeout_after_execute", "").await;
    let (client, _, result) = press(&house).await;
    assert!(client.get(&result).await.body.contains("Do not pay again"));
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn d2_money_that_comes_after_a_final_no_is_booked_and_shown_to_somebody() {
    let house = House::new().await;
    // The declined charge cannot be ended at the gateway, and there it succeeds on a second try, behind our back.
    house.arm_with(json!({"vendor": "stripe", "fault": "http:500", "match": "/cancel", "times": 9})).await;
    let client = house.client();
    let form = client.open("INV-501").await;
    let pressed = client.pay(&form, "pm_card_chargeDeclined").await;
    let result = pressed.location.unwrap();
    assert!(client.get(&result).await.body.contains("Nothing was charged"));
    let declined = house.state("stripe").await["charges"].as_array().unwrap()[0]["payment_intent"].clone();
    let again = format!("{}/stripe/v1/payment_intents/{}/confirm", house.vendors, declined.as_str().unwrap());
    let again = http().post(again).bearer_auth(facts::stripe::PORTAL_SECRET_KEY);
    let confirmed: Value =
        again.form(&[("payment_method", "pm_card_visa")]).send().await.unwrap().json().await.unwrap();
    assert_eq!(confirmed["status"], "succeeded", "{confirmed}");

    house.assert_paid_once("INV-501", 120_450).await;
    assert!(client.get(&result).await.body.contains("You paid"), "the payer reads what is true now");
    assert!(house.story(&form).await.contains("The money came after all"));
    let admin = house.staff().await;
    assert!(admin.get("/admin").await.body.contains("do not fit what was final before"), "and somebody must look");
}

#[tokio::test]
async fn d5_d2_without_an_answer_news_twice_in_the_wrong_order_or_never_end_in_one_posting() {
    let news = ["webhook_twice", "webhook_reordered", "webhook_lost"];
    let lost = ["reset_after_execute", "timeout_after_execute"];
    // All at once: each waits for the gateway.
    let stories = lost.into_iter().flat_map(|reply| news.map(|news| without_an_answer(reply, news)));
    futures::future::join_all(stories).await;
}

/// The answer is lost, so that the news or a look-up must tell; until one of them has, the screen says that nobody knows.
async fn without_an_answer(reply: &str, news: &str) {
    let what = format!("{reply} and {news}");
    let mut house = House::without_worker().await;
    house.arm("stripe", reply, "POST /stripe/v1/payment_intents").await;
    house.arm_times("stripe", news, ALL_NEWS).await;
    let client = house.client();
    let form = client.open("INV-501").await;
    let pressed_at = Instant::now();

    let second_tab = async {
        house.until("the gateway has charged", async || house.charges().await.len() == 1).await;
        let opened = house.client().get(&link("INV-501")).await.location.unwrap();
        house.client().get(&opened).await.body
    };
    let (pressed, second_tab) = tokio::join!(client.pay(&form, "pm_card_visa"), second_tab);
    let result = pressed.location.unwrap();
    assert_honest(&second_tab, &what);
    let page = client.get(&result).await.body;
    assert!(page.contains("We are checking with the bank"), "{what}: {page}");
    assert_honest(&page, &what);
    assert!(house.books_payments("INV-501").await.is_empty(), "{what}: not in the books before it is known");

    house.start_worker();
    house.assert_paid_once("INV-501", 120_450).await;
    assert!(client.get(&result).await.body.contains("You paid $1,204.50"), "{what}");
    if reply == "timeout_after_execute" {
        tokio::time::sleep(LATE_NEWS_ARE_READ.saturating_sub(pressed_at.elapsed())).await;
        house.assert_paid_once("INV-501", 120_450).await;
    }
}

/// Says neither that it failed nor that it was paid, asks not to pay again, and offers no way to do so.
fn assert_honest(page: &str, what: &str) {
    assert!(page.contains("Do not pay again"), "{what}: {page}");
    for lie in ["You paid", "is paid", "did not go through", "othing was charged", "name=\"expected\""] {
        assert!(!page.contains(lie), "{what} shows {lie}: {page}");
    }
}

#[tokio::test]
async fn d4_books_that_are_away_get_the_payment_when_they_are_back_and_only_once() {
    let house = House::new().await;
    house.arm("xero", "reset_after_execute", "PUT /xero/api.xro/2.0/Payments").await;
    press(&house).await;
    house.assert_paid_once("INV-501", 120_450).await;

    let house = House::new().await;
    house.arm("xero", "http:500", "PUT /xero/api.xro/2.0/Payments").await;
    press(&house).await;
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn d4_a_posting_is_looked_for_before_it_is_written_again_though_the_books_forgot_its_key() {
    let house = House::new().await;
    house.arm("xero", "reset_after_execute", "PUT /xero/api.xro/2.0/Payments").await;
    let (_, form, _) = press(&house).await;
    house.until("it stands, and nobody told us", async || house.books_payments("INV-501").await.len() == 1).await;
    house.pass_an_hour().await;
    let stands = "Paid, and it stands in the books";
    let ended = async || {
        let story = house.story(&form).await;
        story.contains(stands) || story.contains("but the books refused it")
    };
    house.until("the second try has ended", ended).await;
    assert!(house.story(&form).await.contains(stands));
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d30_money_that_the_books_refuse_is_shown_to_the_admin_in_one_sentence() {
    let house = House::new().await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    press(&house).await;
    let admin = house.staff().await;
    house.until("the problem is shown", async || admin.get("/admin").await.body.contains("the books refused it")).await;
    // The invoice stays closed to a second payment.
    let second = house.client().get(&link("INV-501")).await;
    let page = house.client().get(&second.location.unwrap()).await;
    assert!(!page.body.contains("name=\"expected\""), "{}", page.body);
}

#[tokio::test]
async fn a_slow_refresh_of_the_token_is_finished_though_the_page_does_not_wait_for_it() {
    let house = House::without_worker().await;
    house.pass_an_hour().await;
    house.arm("xero", "delay_ms:6000", "POST /xero/connect/token").await;
    let client = house.client();
    let opened = client.get(&link("INV-501")).await.location.unwrap();
    let is_stale = async || client.get(&opened).await.body.contains("does not answer just now");
    let asked = Instant::now();
    assert!(is_stale().await, "a page does not wait that long");
    house.until("the books answer again", async || !is_stale().await).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "as soon as the token is there, not when the lease ends");
}

#[tokio::test]
async fn money_that_the_books_do_not_get_is_shown_after_a_while() {
    let house = House::new().await;
    let admin = house.staff().await;
    let posts = "PUT /xero/api.xro/2.0/Payments";
    house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 1_000, "match": posts})).await;
    let waits = async || admin.get("/admin").await.body.contains("and the books do not have it yet");
    let client = house.client();
    let form = client.open("INV-503").await;
    client.pay(&form, "pm_card_visa").await;
    assert!(!waits().await, "a moment is no problem");
    house.pass_an_hour().await;
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    house.until("it is shown", waits).await;
}

#[tokio::test]
async fn who_was_told_to_wait_is_written_to_also_when_the_payment_waited_for_them_meanwhile() {
    let house = House::new().await;
    house.arm("stripe", "reset_after_execute", "POST /stripe/v1/checkout/sessions").await;
    let client = house.client();
    let form = client.open("INV-501").await;
    let result = client.pay(&form, "").await.location.unwrap();
    assert!(client.get(&result).await.body.contains("Do not pay again"));
    house.until("it is found", async || house.story(&form).await.contains("The payer must act")).await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    let told = async || admin.get("/admin/mail").await.body.contains("Not paid: $1,204.50 to Northwind IT");
    house.until("the payer is told how it ended", told).await;
}
