//! Refunds at Authorize.Net, with the built-in ledger as the books: a void until a payment has settled, afterwards a refund of
//! its own, and what somebody refunds at the vendor.

use crate::{
    reef::{Reef, VISA},
    support::http,
};
use serde_json::json;
use simulators::facts::authorizenet as keys;

#[tokio::test]
async fn g37_before_it_settles_a_payment_is_refunded_whole_by_a_void_and_taken_out_once() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    reef.pay(&form, VISA).await;
    reef.assert_paid_once(&form).await;
    let dialog = reef.story(&form).await;
    assert!(dialog.contains("At most $350.00. Until it has settled"), "{dialog}");
    let early = reef.refund(&form, "100.00").await;
    assert!(early.contains("has not settled yet, so only the whole of it can be refunded"), "{early}");
    assert_eq!(reef.charge().await, ("capturedPendingSettlement".to_owned(), 0));

    reef.refund(&form, "350.00").await;
    reef.tells(&form, "Refund posted to the books").await;
    assert_eq!(reef.charge().await, ("voided".to_owned(), 0));
    reef.assert_agrees().await;
    // The vendor's news of a void may as well name the charge.
    let charge = reef.house.state("authorizenet").await["charges"][0].clone();
    let (id, name) = (charge["id"].as_str().unwrap(), charge["reference"].as_str().unwrap());
    let payload = format!(r#"{{"entityName":"transaction","id":"{id}","merchantReferenceId":"{name}"}}"#);
    let news =
        format!(r#"{{"notificationId":"n-1","eventType":"net.authorize.payment.void.created","payload":{payload}}}"#);
    assert_eq!(reef.hears(&news).await, 200);
    let worked = "SELECT count(*) FROM webhook WHERE event_id = 'n-1' AND state = 'processed'";
    reef.house.until("the news is worked", async || reef.house.number(worked).await == 1).await;
    let story = reef.story(&form).await;
    assert!(story.contains("All of it was paid back.") && !story.contains("name=\"refund\""), "{story}");
    assert!(!story.contains("Cancelled before any money moved"), "the money goes out once: {story}");
    reef.assert_agrees().await;
}

#[tokio::test]
async fn g37_once_it_has_settled_parts_are_refunded_and_booked_when_they_are_paid() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    reef.pay(&form, VISA).await;
    reef.assert_paid_once(&form).await;
    reef.house.advance(json!({"days": 1})).await;
    let under_way = reef.refund(&form, "100.00").await;
    assert!(under_way.contains("Under way"), "{under_way}");
    assert_eq!(reef.charge().await, ("settledSuccessfully".to_owned(), 10_000));
    reef.assert_agrees().await;
    reef.house.advance(json!({"days": 1})).await;
    reef.tells(&form, "Refund posted to the books").await;
    let over = reef.refund(&form, "250.01").await;
    assert!(over.contains("Enter an amount above zero, up to $250.00."), "{over}");
    reef.refund(&form, "250.00").await;
    reef.house.advance(json!({"days": 1})).await;
    reef.tells(&form, "All of it was paid back.").await;
    assert_eq!(reef.charge().await.1, 35_000);
    reef.assert_agrees().await;
}

#[tokio::test]
async fn g37_a_refund_that_somebody_made_at_the_vendor_is_taken_in() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    reef.pay(&form, VISA).await;
    reef.assert_paid_once(&form).await;
    reef.house.advance(json!({"days": 1})).await;
    let charge = reef.house.state("authorizenet").await["charges"][0]["id"].as_str().unwrap().to_owned();
    let (login, key) = (keys::PORTAL_LOGIN, keys::PORTAL_TRANSACTION_KEY);
    let theirs = format!(
        r#"{{"createTransactionRequest":{{"merchantAuthentication":{{"name":"{login}","transactionKey":"{key}"}},"transactionRequest":{{"transactionType":"refundTransaction","amount":"5.00","payment":{{"creditCard":{{"cardNumber":"1111","expirationDate":"XXXX"}}}},"refTransId":"{charge}"}}}}}}"#
    );
    let request = http().post(format!("{}/authorizenet/xml/v1/request.api", reef.house.vendors)).body(theirs);
    let answer = request.header("content-type", "application/json").send().await.unwrap().text().await.unwrap();
    assert!(answer.contains(r#""responseCode":"1""#), "{answer}");

    reef.tells(&form, "Refund of $5.00 made at Authorize.Net").await;
    reef.assert_agrees().await;
    let over = reef.refund(&form, "345.01").await;
    assert!(over.contains("up to $345.00"), "{over}");
    reef.house.advance(json!({"days": 1})).await;
    reef.tells(&form, "Refund posted to the books").await;
    reef.assert_agrees().await;
}

#[tokio::test]
async fn d2_a_refund_whose_answer_is_lost_is_found_and_never_made_twice() {
    for (settles, amount) in [(false, "350.00"), (true, "350.00"), (true, "100.00")] {
        let reef = Reef::new().await;
        let form = reef.form().await;
        reef.pay(&form, VISA).await;
        reef.assert_paid_once(&form).await;
        if settles {
            reef.house.advance(json!({"days": 1})).await;
        }
        let sent = if settles { "refundTransaction" } else { "voidTransaction" };
        reef.house.arm("authorizenet", "reset_after_execute", sent).await;
        reef.house.arm_times("authorizenet", "webhook_lost", 9).await;
        let checked = reef.refund(&form, amount).await;
        assert!(checked.contains("Being checked"), "{sent} {amount}: {checked}");
        if settles {
            reef.tells(&form, "Refund accepted, not paid out yet").await;
            reef.house.advance(json!({"days": 1})).await;
        }
        reef.tells(&form, "Refund posted to the books").await;
        let minor = if amount == "100.00" { 10_000 } else { 35_000 };
        let expected = if settles { ("settledSuccessfully", minor) } else { ("voided", 0) };
        assert_eq!(reef.charge().await, (expected.0.to_owned(), expected.1));
        assert_eq!(reef.house.state("authorizenet").await["refunds"].as_array().unwrap().len(), usize::from(settles));
        reef.assert_agrees().await;
    }
}
