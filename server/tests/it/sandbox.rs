//! A merchant that tries the product without any vendor: the sandbox takes the payment, the built-in ledger has the books.

use crate::support::{Answer, Client, Form, House, harbour_link};
use simulators::facts;

async fn open(client: &Client, number: &str) -> Answer {
    client.get(&harbour_link(number)).await
}

/// Picks a test method and presses Pay; answers the page after it.
async fn pay(client: &Client, method: &str) -> (Form, Answer) {
    let form = client.form(&open(client, "HT-1001").await.location.unwrap()).await;
    let pressed = client.pay(&form, method).await;
    let result = client.get(&pressed.location.unwrap()).await;
    (form, result)
}

async fn story(house: &House, form: &Form) -> String {
    let admin = house.client();
    admin.sign_in(facts::HARBOUR.admin_email).await;
    admin.get(&format!("/admin/transactions/{}", form.payment)).await.body
}

#[tokio::test]
async fn g48_a_merchant_without_an_accounting_package_is_paid_into_the_built_in_ledger() {
    let house = House::new().await;
    let client = house.client();
    let offered = client.get(&open(&client, "HT-1001").await.location.unwrap()).await.body;
    assert!(offered.contains("value=\"sbx_declined\"") && offered.contains("no money moves"), "{offered}");

    let (_, declined) = pay(&client, "sbx_no_funds").await;
    assert!(declined.body.contains("not enough money"), "{}", declined.body);
    let (form, paid) = pay(&client, "sbx_approved").await;
    assert!(paid.body.contains("You paid"), "{}", paid.body);

    house.until("it stands in the ledger", async || story(&house, &form).await.contains("Paid, and it stands")).await;
    let again = open(&client, "HT-1001").await;
    assert!(again.body.contains("paid") && again.location.is_none(), "nothing is due any more: {}", again.body);
    let charged = client.pay(&form, "sbx_approved").await;
    assert!(client.get(&charged.location.unwrap()).await.body.contains("You paid"), "the same form, the same payment");
}

#[tokio::test]
async fn d2_the_sandbox_loses_an_answer_and_the_look_up_finds_the_charge() {
    let house = House::new().await;
    let client = house.client();
    let (form, checking) = pay(&client, "sbx_answer_lost").await;
    assert!(checking.body.contains("Do not pay again"), "{}", checking.body);
    house.until("it is found", async || story(&house, &form).await.contains("Paid, and it stands")).await;
}

#[tokio::test]
async fn what_never_reached_the_gateway_was_neither_declined_nor_cancelled() {
    let house = House::new().await;
    let (form, unsent) = pay(&house.client(), "sbx_unreachable").await;
    assert!(unsent.body.contains("nothing was sent"), "{}", unsent.body);
    let admin = house.client();
    admin.sign_in(facts::HARBOUR.admin_email).await;
    for page in [admin.get("/admin/transactions").await.body, story(&house, &form).await] {
        assert!(page.contains("Not sent") && !page.contains("Declined") && !page.contains("Cancelled"), "{page}");
    }
}
