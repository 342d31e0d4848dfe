//! Money that was taken and that the books refuse (D30): nobody owes it any more, staff read what to do, and one press
//! posts it, once.

use crate::support::{Client, Form, House, On, ana, assert_has, http, link};
use serde_json::json;
use simulators::facts;

/// INV-501, paid and refused by the books, and its payer's browser.
async fn refused(house: &House) -> (Client, Form) {
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    let payer = house.client();
    let form = payer.open("INV-501").await;
    payer.pay(&form, "pm_card_visa").await;
    let is_refused = async || house.story(&form).await.contains("but the books refused it");
    house.until("the books have refused it", is_refused).await;
    (payer, form)
}

async fn press(admin: &Client, form: &Form) {
    let pressed = admin.post("/api/transactions/post_again", &[("payment", &form.payment)]).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    assert_eq!(pressed.location.unwrap(), format!("/admin/transactions/{}", form.payment));
}

/// What stands in the timeline and among the jobs of a story's page, without what is on it for the browser's code.
fn told(page: &str) -> String {
    let between = |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    between("class=\"timeline\"", "</ol>") + &between("id=\"jobs\"", "</table>")
}

/// A person enters a payment of INV-501 in the books, with the gateway's id as its reference.
pub async fn enter_by_hand(house: &House, amount: &str) {
    let charge = house.charges().await.remove(0)["id"].clone();
    let clearing = json!({"Code": facts::xero::CLEARING_ACCOUNT_CODE});
    let by_hand = json!({"Payments": [{"Invoice": {"InvoiceNumber": "INV-501"}, "Account": clearing,
        "Amount": amount, "Reference": charge}]});
    let enter = http().put(format!("{}/xero/api.xro/2.0/Payments", house.vendors)).json(&by_hand);
    let enter = enter.bearer_auth(house.books_token().await).header("xero-tenant-id", facts::xero::TENANT_ID);
    let entered = enter.header("accept", "application/json").send().await.unwrap();
    assert_eq!(entered.status(), 200, "{}", entered.text().await.unwrap());
}

#[tokio::test]
async fn d30_what_the_books_refuse_is_owed_by_nobody_and_shown_as_paid() {
    let house = House::new().await;
    let (payer, form) = refused(&house).await;
    let again = payer.get(&link("INV-501")).await.location.unwrap();
    let page = payer.get(&again).await.body;
    assert_has!(page, "You paid $1,204.50", "Northwind IT is still recording it.");
    let others = house.client();
    let page = others.get(&others.get(&link("INV-501")).await.location.unwrap()).await.body;
    assert!(page.contains("Invoice INV-501 has just been paid"), "{page}");
    let ana = ana(&house.portal).await;
    let dashboard = ana.get("/dashboard").await.body;
    assert_has!(dashboard, "You owe $1,050.00 on 2 invoices", "Paid on ", "Northwind IT is still recording it.");
    assert!(!dashboard.contains("Payment in progress"), "{dashboard}");

    let admin = house.staff().await;
    let home = admin.get("/admin").await.body;
    assert_has!(home, "Paid, not in the books yet", "Post again");
    let story = house.story(&form).await;
    assert_has!(story, "The payer owes nothing.", "Post again", "Refused");
}

#[tokio::test]
async fn d30_pressing_post_again_writes_it_once_however_often_it_is_pressed() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (_, form) = refused(&house).await;
        let admin = house.staff().await;
        tokio::join!(press(&admin, &form), press(&admin, &form));
        house.assert_paid_once("INV-501", 120_450).await;
        let stands = async || house.story(&form).await.contains("Paid, and it stands in the books");
        house.until("it stands", stands).await;
        press(&admin, &form).await;
        house.assert_everything_agrees().await;
        house.assert_paid_once("INV-501", 120_450).await;
        let home = admin.get("/admin").await.body;
        assert!(home.contains("Nothing needs you") && !home.contains("Post again"), "{home}");
        assert_eq!(house.client().get(&link("INV-501")).await.status, 409, "the invoice is paid");
    }
}

#[tokio::test]
async fn d30_books_that_refuse_again_say_so_again_and_can_be_asked_once_more() {
    let house = House::new().await;
    let (_, form) = refused(&house).await;
    let admin = house.staff().await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    press(&admin, &form).await;
    let armed = async || house.armed().await["armed"].as_array().unwrap().is_empty();
    house.until("the books were asked again", armed).await;
    let offered = async || house.story(&form).await.contains("Post again");
    house.until("it is offered again", offered).await;
    press(&admin, &form).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d30_what_a_person_has_entered_meanwhile_is_found_and_not_posted_twice() {
    let house = House::new().await;
    let (_, form) = refused(&house).await;
    enter_by_hand(&house, "1204.50").await;
    press(&house.staff().await, &form).await;
    let stands = async || house.story(&form).await.contains("Paid, and it stands in the books");
    house.until("it is found", stands).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d30_what_a_person_has_entered_over_another_amount_is_not_taken_for_ours() {
    let house = House::new().await;
    let (payer, form) = refused(&house).await;
    enter_by_hand(&house, "1024.50").await;
    press(&house.staff().await, &form).await;
    let told = async || house.story(&form).await.contains("A payment of 1024.50 stands there with the reference");
    house.until("the difference is named", told).await;
    let again = payer.get(&link("INV-501")).await.location.unwrap();
    let page = payer.get(&again).await.body;
    assert!(page.contains("You paid $1,204.50"), "the rest of 180.00 is owed by nobody: {page}");
}

#[tokio::test]
async fn n3_a_story_remembers_each_refusal_and_who_asked_again_once_it_is_posted() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (_, form) = refused(&house).await;
        let admin = house.staff().await;
        let times = async |words: &str| told(&house.story(&form).await).matches(words).count();
        assert_eq!((times("The books refused it").await, times("Refused").await), (1, 1));
        house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
        press(&admin, &form).await;
        house.until("they refuse it again", async || times("The books refused it").await == 2).await;
        press(&admin, &form).await;
        let stands = async || house.story(&form).await.contains("Paid, and it stands in the books");
        house.until("it stands", stands).await;
        for (words, count) in [
            ("The books refused it", 2),
            ("Posting again asked for", 2),
            ("Posted to the books", 1),
            ("Refused", 2),
            (facts::NORTHWIND.admin_email, 2),
        ] {
            assert_eq!(times(words).await, count, "{words}: {}", told(&house.story(&form).await));
        }
        house.assert_everything_agrees().await;
    }
}
