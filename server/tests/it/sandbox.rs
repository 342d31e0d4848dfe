//! A merchant that tries the product without any vendor: the sandbox takes the payment, the built-in ledger has the books.

use crate::{
    authorizenet_methods::pay_with,
    debits::save_as,
    reef::{LINK, Reef},
    support::{Answer, Client, Form, House, assert_has, field, harbour_link, harbour_link_for},
};
use engine::GatewaySettings;
use serde_json::json;
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
    let admin = house.signed_in(facts::HARBOUR.admin_email).await;
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
    let admin = house.signed_in(facts::HARBOUR.admin_email).await;
    for page in [admin.get("/admin/transactions").await.body, story(&house, &form).await] {
        assert!(page.contains("Not sent") && !page.contains("Declined") && !page.contains("Cancelled"), "{page}");
    }
}

#[tokio::test]
async fn s66_d2_a_payer_whom_the_sandbox_asks_refuses_tries_again_and_confirms_once() {
    let house = House::new().await;
    let client = house.client();
    let ask = async || {
        let form = client.form(&open(&client, "HT-1001").await.location.unwrap()).await;
        let step = client.pay(&form, "sbx_asks").await.location.unwrap();
        assert!(step.starts_with("/sandbox/con_"), "{step}");
        (form, step)
    };
    let answer = async |step: &str, answer: &str| {
        let answered = client.post(step, &[("answer", answer)]).await;
        assert_eq!(answered.status, 303, "{}", answered.body);
        client.get(&answered.location.unwrap()).await.body
    };
    let (form, step) = ask().await;
    let page = client.get(&step).await.body;
    assert!(page.contains("Do you confirm this payment of $420.00?") && page.contains("HT-1001"), "{page}");
    let waits = client.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
    assert!(waits.contains("One more step") && waits.contains(&step), "{waits}");
    assert_eq!(client.post(&step, &[("answer", "perhaps")]).await.status, 422);
    let (_, attempt) = step.rsplit_once('/').unwrap();
    let elsewhere = format!("/sandbox/{}/{attempt}", house.gateway);
    let unknown = step.replace(attempt, &format!("att_{}", "0".repeat(32)));
    for other in [&elsewhere, &unknown, &"/sandbox/con_1/att_1".to_owned()] {
        assert_eq!(client.get(other).await.status, 404, "{other}");
        assert_eq!(client.post(other, &[("answer", "confirm")]).await.status, 404, "{other}");
    }
    let refused = answer(&step, "refuse").await;
    assert_has!(refused, "could not confirm that it was you", "Nothing was charged");
    assert!(answer(&step, "confirm").await.contains("Nothing was charged"), "the first answer stands");

    let (form, step) = ask().await;
    assert!(answer(&step, "confirm").await.contains("You paid $420.00"));
    assert!(answer(&step, "refuse").await.contains("You paid $420.00"), "the first answer stands");
    house.until("it stands in the ledger", async || story(&house, &form).await.contains("Paid, and it stands")).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n4_d8_d9_an_australian_debit_is_sent_clears_and_comes_back_late_in_our_own_ledger() {
    let reef = Reef::through(|_| (GatewaySettings::Sandbox, None)).await;
    let cora = reef.payer().await;
    let page = cora.get("/methods/bank?kind=becs_debit").await.body;
    assert_has!(page, "value=\"sbx_bank_returned\"", "Direct Debit Request", "no money moves");
    assert!(!page.contains("only-js"), "it needs no script: {page}");
    let (method, saved) = save_as(&cora, "becs_debit", "sbx_bank_returned", "Cora Example").await;
    assert_eq!(saved.location.as_deref(), Some("/methods"));
    let (form, sent) = pay_with(&cora, &method).await;
    assert_has!(sent, "$350.00 was sent to your bank", "it clears by", "Do not pay again", "Sandbox Bank ··5559");
    reef.tells(&form, "The books are told when it clears").await;
    let staff = async |path: &'static str| reef.staff().await.get(path).await.body;
    assert!(staff("/admin/transactions").await.contains(", clears by "), "staff read the day");
    assert!(!staff("/admin").await.contains("not yet verified"), "the sandbox is what it is");

    reef.house.advance(json!({"days": 4})).await;
    reef.tells(&form, "Paid, and it stands").await;
    reef.house.until("it is receipted", async || staff("/admin/mail").await.contains("Receipt: $350.00")).await;
    reef.assert_agrees().await;

    reef.house.advance(json!({"days": 17})).await;
    reef.tells(&form, "The bank took the money back. It does not stand in the books").await;
    reef.house.until("the payer is told", async || staff("/admin/mail").await.contains("Returned by your bank")).await;
    let again = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(again.contains("id=\"pay-button\""), "it is owed again: {again}");
    reef.assert_agrees().await;
}

#[tokio::test]
async fn f23_g37_a_dispute_is_found_and_lost_and_a_refund_that_was_under_way_fails() {
    let house = House::new().await;
    let client = house.client();
    let (disputed, _) = pay(&client, "sbx_dispute_lost").await;
    let kauri = harbour_link_for("HT-1002", "KAURI");
    let refunded = client.form(&client.get(&kauri).await.location.unwrap()).await;
    client.pay(&refunded, "sbx_refund_fails").await;
    let tells = async |form: &Form, words: &str| {
        house.until(words, async || story(&house, form).await.contains(words)).await;
    };
    tells(&disputed, "Paid, and it stands").await;
    tells(&refunded, "Paid, and it stands").await;
    let admin = house.signed_in(facts::HARBOUR.admin_email).await;
    let page = story(&house, &refunded).await;
    let (refund, currency) = (field(&page, "refund"), field(&page, "currency"));
    let fields = [
        ("payment", refunded.payment.as_str()),
        ("refund", &refund),
        ("currency", &currency),
        ("amount", "1.00"),
        ("reason", "A trial"),
    ];
    assert_eq!(admin.post("/api/refunds/start", &fields).await.status, 303);
    assert_eq!(house.number("SELECT count(*) FROM refund WHERE state = 'pending'").await, 1);

    // Nobody tells of a dispute: the day's comparison finds it.
    house.advance(json!({"days": 4})).await;
    house.until("a day's comparison is queued", async || house.number(COMPARISONS).await > 0).await;
    house.advance(json!({"hours": 4})).await;
    tells(&disputed, "Disputed at the bank: $420.00").await;
    tells(&refunded, "The customer’s bank did not take it").await;
    house.advance(json!({"days": 7})).await;
    tells(&disputed, "The dispute was lost, and the bank took the money back. It does not stand in the books").await;
    assert!(open(&client, "HT-1001").await.location.is_some(), "it is owed again");
    house.assert_everything_agrees().await;
}

pub const COMPARISONS: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Harbour Tech' AND job.unique_key LIKE 'reconcile:%' AND job.state <> 'done'";
