//! A merchant that is paid through Global Payments, whose own page takes every card, with the built-in ledger as its books.

use crate::{
    reef::{LINK, Reef},
    support::{Answer, field, http},
};
use serde_json::json;
use server::demo;
use simulators::facts::{cards, globalpayments as keys};

const PAGE: &str = "/globalpayments/pay/LNK_";

async fn reef() -> Reef {
    Reef::through(|house| demo::globalpayments(&house.vendors)).await
}

async fn enter(reef: &Reef, page: &str, card: &str) -> Answer {
    reef.guest.send(http().post(page).form(&[("number", card), ("expiry", "12/40")])).await
}

async fn charges(reef: &Reef, status: &str) -> usize {
    let state = reef.house.state("globalpayments").await;
    state["charges"].as_array().unwrap().iter().filter(|charge| charge["status"] == status).count()
}

#[tokio::test]
async fn s46_the_gateways_own_page_takes_the_card_and_the_payment_stands_in_the_ledger() {
    let reef = reef().await;
    let offered = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(offered.contains("You enter your card on the secure page of Global Payments next."), "{offered}");
    assert!(!offered.contains("no money moves") && !offered.contains("id=\"card-number\""), "{offered}");
    let form = reef.form().await;
    let page = reef.led_to_page(&form, PAGE).await;
    let declined = enter(&reef, &page, cards::DECLINED).await;
    assert!(declined.body.contains("declined"), "{}", declined.body);
    let back = enter(&reef, &page, keys::CARD).await.location.unwrap();
    let result = format!("/npe/result?transactionId={}&payment={}", form.checkout, form.payment);
    assert_eq!(back, format!("{}{result}", reef.house.portal));
    let paid = async || reef.guest.get(&back).await.body.contains("You paid $350.00");
    reef.house.until("the result is told", paid).await;
    reef.tells(&form, "Paid, and it stands").await;
    assert_eq!(charges(&reef, "succeeded").await, 1);
    reef.assert_agrees().await;
}

/// The gateway tells where its page was told to.
#[tokio::test]
async fn d5_whoever_does_not_come_back_has_paid_all_the_same() {
    let reef = reef().await;
    let form = reef.form().await;
    let page = reef.led_to_page(&form, PAGE).await;
    enter(&reef, &page, keys::CARD).await;
    reef.tells(&form, "Paid, and it stands").await;
    reef.assert_agrees().await;
}

#[tokio::test]
async fn s46_whoever_cancels_closes_the_page_and_can_pay_again() {
    let reef = reef().await;
    let form = reef.form().await;
    let page = reef.led_to_page(&form, PAGE).await;
    let asked = [("checkout", form.checkout.as_str()), ("payment", form.payment.as_str())];
    assert_eq!(reef.guest.post("/api/payments/cancel", &asked).await.status, 303);
    assert_eq!(enter(&reef, &page, keys::CARD).await.status, 410);
    let again = reef.form().await;
    assert_ne!(again.payment, form.payment);
    let page = reef.led_to_page(&again, PAGE).await;
    enter(&reef, &page, keys::CARD).await;
    reef.tells(&again, "Paid, and it stands").await;
    assert_eq!(charges(&reef, "succeeded").await, 1);
    reef.assert_agrees().await;
}

#[tokio::test]
async fn g37_a_part_goes_back_and_the_books_agree() {
    let reef = reef().await;
    let form = reef.form().await;
    let page = reef.led_to_page(&form, PAGE).await;
    enter(&reef, &page, keys::CARD).await;
    reef.tells(&form, "Paid, and it stands").await;
    reef.refund(&form, "100.00").await;
    reef.tells(&form, "Refund posted to the books").await;
    let state = reef.house.state("globalpayments").await;
    assert_eq!(state["refunds"].as_array().unwrap().len(), 1);
    reef.assert_agrees().await;
}

/// Refunds bear no name of ours there, so that after ten minutes nobody but a person can say which one it is.
#[tokio::test]
async fn d2_d24_staff_name_a_refund_whose_answer_was_lost_by_its_number() {
    let reef = reef().await;
    let form = reef.form().await;
    let page = reef.led_to_page(&form, PAGE).await;
    enter(&reef, &page, keys::CARD).await;
    reef.tells(&form, "Paid, and it stands").await;
    reef.house.arm("globalpayments", "reset_after_execute", "/refund").await;
    // Until it is sent no more.
    let silent = json!({"vendor": "globalpayments", "fault": "http:500", "times": 99, "match": "/refund"});
    reef.house.arm_with(silent).await;
    reef.refund(&form, "100.00").await;
    reef.house.advance(json!({"minutes": 20})).await;
    let staff = reef.staff().await;
    let inbox = staff.get("/admin/exceptions").await.body;
    assert!(inbox.contains("Nobody knows what became of a refund of $100.00."), "{inbox}");
    let key = field(&inbox, "exception");
    let name = async |number: &str| {
        let said = [("exception", &*key), ("verdict", "there"), ("reference", number)];
        staff.post("/api/exceptions/decide", &said).await.location.unwrap()
    };
    let state = reef.house.state("globalpayments").await;
    let [charge, refund] = ["charges", "refunds"].map(|of| state[of][0]["id"].as_str().unwrap());
    let back = name(charge).await;
    let refused = staff.get(&back).await.body;
    assert!(refused.contains(&format!("tells of no refund {charge} of ")), "{refused}");
    assert_eq!(name(refund).await, "/admin/exceptions?done=decided");
    reef.tells(&form, "Refund posted to the books").await;
    reef.assert_agrees().await;
}

/// Operator and staff read of a gateway that nobody has tried it at the vendor.
#[tokio::test]
async fn operator_and_staff_read_which_gateways_are_not_verified() {
    let reef = reef().await;
    let operator = reef.house.signed_in(simulators::facts::OPERATOR_EMAIL).await;
    let installation = operator.get("/operator").await.body;
    for untried in ["Global Payments", "Authorize.Net", "Stripe"] {
        assert!(installation.contains(&format!("{untried} (not yet verified)")), "{untried}: {installation}");
    }
    assert!(installation.contains("Sandbox") && !installation.contains("Sandbox (not yet verified)"), "{installation}");
    let staff = reef.staff().await;
    let home = staff.get("/admin").await.body;
    assert!(home.contains("Global Payments is not yet verified against the vendor."), "{home}");
}
