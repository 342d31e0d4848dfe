//! A merchant that is paid through Payrix, whose own page takes every card and ends by itself.

use crate::{
    reef::Reef,
    support::{Answer, http},
};
use serde_json::json;
use server::demo;
use simulators::facts::cards;

const PAGE: &str = "/payrix/ui/hpp/api/";

async fn reef() -> Reef {
    Reef::through(|house| demo::payrix(&house.vendors)).await
}

async fn enter(reef: &Reef, page: &str, card: &str) -> Answer {
    reef.guest.send(http().post(page).form(&[("number", card)])).await
}

async fn paid(reef: &Reef) -> usize {
    let state = reef.house.state("payrix").await;
    state["charges"].as_array().unwrap().iter().filter(|charge| charge["status"] == "succeeded").count()
}

#[tokio::test]
async fn s46_the_gateways_own_page_takes_the_card_and_the_payment_stands_in_the_ledger() {
    let reef = reef().await;
    let declined = reef.form().await;
    let back =
        enter(&reef, &reef.led_to_page(&declined, PAGE).await, cards::INSUFFICIENT_FUNDS).await.location.unwrap();
    let told = async || reef.guest.get(&back).await.body.contains("There is not enough money");
    reef.house.until("the decline is told", told).await;
    let form = reef.form().await;
    let back = enter(&reef, &reef.led_to_page(&form, PAGE).await, cards::APPROVED).await.location.unwrap();
    let result = format!("/npe/result?transactionId={}&payment={}", form.checkout, form.payment);
    assert_eq!(back, format!("{}{result}", reef.house.portal));
    let told = async || reef.guest.get(&back).await.body.contains("You paid $350.00");
    reef.house.until("the result is told", told).await;
    reef.tells(&form, "Paid, and it stands").await;
    assert_eq!(paid(&reef).await, 1);
    reef.assert_agrees().await;
}

#[tokio::test]
async fn g37_the_whole_of_a_payment_is_refunded_and_a_part_is_left_to_the_gateways_own_portal() {
    let reef = reef().await;
    let form = reef.form().await;
    enter(&reef, &reef.led_to_page(&form, PAGE).await, cards::APPROVED).await;
    reef.tells(&form, "Paid, and it stands").await;
    reef.tells(&form, "Only the whole of it. Refund a part in Payrix’s own portal").await;
    let part = reef.refund(&form, "100.00").await;
    assert!(part.contains("Nothing was refunded") && part.contains("Refund a part in Payrix’s own portal"), "{part}");
    reef.refund(&form, "350.00").await;
    reef.tells(&form, "All of it was paid back.").await;
    let state = reef.house.state("payrix").await;
    let refunded: Vec<_> = state["refunds"].as_array().unwrap().iter().map(|back| &back["amount_minor"]).collect();
    assert_eq!(refunded, [&json!(35_000)], "{state}");
    reef.assert_agrees().await;
}

#[tokio::test]
async fn d2_a_page_that_was_left_ends_by_itself_and_the_invoice_can_be_paid_again() {
    let reef = reef().await;
    let left = reef.form().await;
    let page = reef.led_to_page(&left, PAGE).await;
    let checkout = format!("/npe?transactionId={}", left.checkout);
    let open = reef.guest.get(&checkout).await.body;
    assert!(open.contains("Continue to pay $350.00") && open.contains("ends by itself"), "{open}");
    assert!(!open.contains("Cancel this payment"), "nobody can close that page: {open}");
    let result = format!("/npe/result?transactionId={}&payment={}", left.checkout, left.payment);
    let back = reef.guest.get(&result).await.body;
    assert!(back.contains("Do not pay again"), "{back}");

    reef.house.advance(json!({"minutes": 43})).await;
    reef.tells(&left, "Cancelled before any money moved").await;
    assert_eq!(enter(&reef, &page, cards::APPROVED).await.status, 410);
    let again = reef.form().await;
    assert_ne!(again.payment, left.payment);
    enter(&reef, &reef.led_to_page(&again, PAGE).await, cards::APPROVED).await;
    reef.tells(&again, "Paid, and it stands").await;
    assert_eq!(paid(&reef).await, 1);
    reef.assert_agrees().await;
}
