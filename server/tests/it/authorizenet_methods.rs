//! Cards that Authorize.Net keeps (S52-S54, D22): saved once, named, charged without being typed, paid back, taken out.

use crate::{
    reef::{LINK, Reef, VISA},
    support::{Answer, Client, Form, On, assert_has, field},
};
use serde_json::json;
use simulators::facts;

const KEEP: &str = "createCustomerProfileRequest";

/// The form for another card, with the token that the vendor's window makes of one; its id, and the answer.
async fn save(reef: &Reef, payer: &Client, card: &str, postal_code: &str) -> (String, Answer) {
    let method = field(&payer.get("/methods/new").await.body, "method");
    let answer = press(reef, payer, &method, card, postal_code).await;
    (method, answer)
}

async fn press(reef: &Reef, payer: &Client, method: &str, card: &str, postal_code: &str) -> Answer {
    let token = reef.nonce(card).await;
    let fields = [("method", method), ("token", &*token), ("nickname", "Office card"), ("postal_code", postal_code)];
    payer.post("/api/methods/save", &fields).await
}

async fn saved(payer: &Client) -> String {
    payer.get("/methods").await.body
}

/// Presses Pay with a saved method; the form, and the page after it.
pub async fn pay_with(payer: &Client, method: &str) -> (Form, String) {
    let form = payer.form(&payer.get(LINK).await.location.unwrap()).await;
    let pressed = payer.pay_saved(&form, method).await;
    let page = payer.get(&pressed.location.unwrap()).await.body;
    (form, page)
}

#[tokio::test]
async fn s52_s53_n13_a_card_is_saved_once_named_charged_and_taken_out() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(reef) = Reef::on(database).await else { continue };
        let cora = reef.payer().await;
        assert!(saved(&cora).await.contains("Nothing is saved"));
        let page = cora.get("/methods/new").await.body;
        assert_has!(page, "class=\"AcceptUI\"", "opens when you press Save card", "name=\"postal_code\"");
        let (method, answer) = save(&reef, &cora, VISA, "2000").await;
        assert_eq!(answer.location.as_deref(), Some("/methods"));
        // A double click; the vendor's window made another token.
        assert_eq!(press(&reef, &cora, &method, VISA, "2000").await.location.as_deref(), Some("/methods"));
        let page = saved(&cora).await;
        assert_has!(page, "Office card, Visa ··1111", "Ready", "Default", "Good until 12 / 2040");
        assert_eq!(reef.profiles().await, 1, "once at the gateway");
        cora.post("/api/methods/name", &[("method", &method), ("nickname", "Travel")]).await;

        let offer = cora.get(&cora.get(LINK).await.location.unwrap()).await.body;
        assert!(offer.contains("Travel, ") && offer.contains("Another card"), "{offer}");
        let (form, page) = pay_with(&cora, &method).await;
        assert!(page.contains("You paid $350.00") && page.contains("Visa"), "{page}");
        reef.assert_paid_once(&form).await;

        cora.post("/api/methods/remove", &[("method", &method)]).await;
        assert!(saved(&cora).await.contains("Nothing is saved"));
        reef.house.until("the gateway has forgotten it", async || reef.profiles().await == 0).await;
        reef.refund(&form, "350.00").await;
        reef.tells(&form, "Refund posted to the books").await;
        assert_eq!(reef.charge().await.0, "voided", "what it paid can be paid back without it");
        reef.assert_agrees().await;
    }
}

#[tokio::test]
async fn d2_a_card_whose_answer_was_lost_is_found_and_kept_once() {
    for (fault, ended, number) in [("reset_after_execute", "Ready", 1), ("http:500", "did not answer plainly", 0)] {
        let reef = Reef::on(On::Sqlite).await.unwrap();
        let cora = reef.payer().await;
        reef.house.arm("authorizenet", fault, KEEP).await;
        let (_, answer) = save(&reef, &cora, VISA, "").await;
        assert_eq!(answer.location.as_deref(), Some("/methods"), "{fault}");
        if number == 0 {
            assert!(saved(&cora).await.contains("Being checked"));
            // What was made a moment ago may not be found yet.
            reef.house.advance(json!({"minutes": 3})).await;
        }
        reef.house.until(&format!("{fault}: {ended}"), async || saved(&cora).await.contains(ended)).await;
        assert_eq!(reef.profiles().await, number, "{fault}");
    }
}

#[tokio::test]
async fn d2_f5_a_saved_card_whose_charge_was_not_answered_pays_once() {
    let reef = Reef::on(On::Sqlite).await.unwrap();
    let cora = reef.payer().await;
    let (method, _) = save(&reef, &cora, VISA, "").await;
    reef.house.arm("authorizenet", "reset_after_execute", "createTransactionRequest").await;
    reef.house.arm_times("authorizenet", "webhook_lost", 9).await;
    let (form, page) = pay_with(&cora, &method).await;
    assert!(page.contains("Do not pay again"), "{page}");
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d10_a_saved_card_that_is_declined_can_be_tried_again() {
    let reef = Reef::on(On::Sqlite).await.unwrap();
    let cora = reef.payer().await;
    let (method, _) = save(&reef, &cora, VISA, "").await;
    reef.house.arm("authorizenet", "decline:2", "").await;
    let (_, declined) = pay_with(&cora, &method).await;
    assert!(declined.contains("Nothing was charged"), "{declined}");
    let (form, page) = pay_with(&cora, &method).await;
    assert!(page.contains("You paid"), "no duplicate of the first: {page}");
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn s54_a_card_that_the_bank_refuses_is_not_saved_and_its_payer_reads_so() {
    let reef = Reef::on(On::Sqlite).await.unwrap();
    let cora = reef.payer().await;
    // The vendor declines every card from there.
    for (card, postal_code) in [(facts::cards::DECLINED, "2000"), (VISA, "46282")] {
        let (_, answer) = save(&reef, &cora, card, postal_code).await;
        assert_eq!(answer.location.as_deref(), Some("/methods/new"));
        let page = cora.get("/methods/new").await.body;
        assert!(page.contains("It is not saved"), "{postal_code}: {page}");
    }
    assert!(saved(&cora).await.contains("Nothing is saved"));
    assert_eq!(reef.profiles().await, 0);
}

#[tokio::test]
async fn d22_a_guest_sees_no_saved_card_and_charges_none() {
    let reef = Reef::on(On::Sqlite).await.unwrap();
    let cora = reef.payer().await;
    let (method, _) = save(&reef, &cora, VISA, "").await;
    let offer = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(!offer.contains("Office card") && !offer.contains("··1111"), "{offer}");
    let (_, page) = pay_with(&reef.guest, &method).await;
    assert!(page.contains("Sign in to go on."), "{page}");
    assert!(reef.taken().await.is_empty(), "nothing was charged to it");
}

#[tokio::test]
async fn s52_the_card_of_a_payment_is_kept_for_its_payer_and_charged_again() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(reef) = Reef::on(database).await else { continue };
        let cora = reef.payer().await;
        reef.house.arm("authorizenet", "reset_after_execute", "createCustomerProfileFromTransactionRequest").await;
        let checkout = cora.get(LINK).await.location.unwrap();
        let page = cora.get(&checkout).await.body;
        let (form, keep, token) = (Form::read(&page), field(&page, "keep"), reef.nonce(VISA).await);
        let mut fields = form.fields(&token).to_vec();
        fields.push(("keep", &keep));
        let pressed = cora.post("/api/payments/take", &fields).await;
        assert!(cora.get(&pressed.location.unwrap()).await.body.contains("You paid $350.00"));
        reef.house.until("it is saved", async || saved(&cora).await.contains("Good until 12 / 2040")).await;
        let page = saved(&cora).await;
        assert!(page.contains("Visa ··1111") && page.contains("Ready") && page.contains("Default"), "{page}");
        assert_eq!(reef.profiles().await, 1, "once at the gateway, though its first answer was lost");
        reef.assert_paid_once(&form).await;
    }
}

#[tokio::test]
async fn d10_d32_a_card_that_staff_deleted_at_the_vendor_is_never_ready_again() {
    for is_told in [true, false] {
        let reef = Reef::on(On::Sqlite).await.unwrap();
        let cora = reef.payer().await;
        let (method, _) = save(&reef, &cora, VISA, "").await;
        let form = cora.form(&cora.get(LINK).await.location.unwrap()).await;
        if !is_told {
            reef.house.arm_times("authorizenet", "webhook_lost", 9).await;
        }
        reef.delete_profiles().await;
        if is_told {
            let page = async || saved(&cora).await;
            reef.house.until("its news are worked", async || page().await.contains("Needs attention")).await;
        } else {
            let pressed = cora.pay_saved(&form, &method).await;
            let page = cora.get(&pressed.location.unwrap()).await.body;
            assert!(page.contains("no longer has this saved method"), "{page}");
        }
        let page = saved(&cora).await;
        assert!(page.contains("Needs attention") && page.contains("no longer has this saved method"), "{page}");
        assert!(page.contains("Replace") && !page.contains("Ready"), "{page}");
        assert!(reef.taken().await.is_empty());
    }
}

/// What we do at the vendor comes back as its news.
#[tokio::test]
async fn echoes_of_our_own_saving_alarm_nobody() {
    let reef = Reef::on(On::Sqlite).await.unwrap();
    let cora = reef.payer().await;
    let (method, _) = save(&reef, &cora, VISA, "").await;
    cora.post("/api/methods/remove", &[("method", &method)]).await;
    // The customer and its card were made, and the customer was deleted.
    let worked = "SELECT count(*) FROM webhook WHERE state = 'processed' AND kind LIKE 'net.authorize.customer.%'";
    reef.house.until("they are worked", async || reef.house.number(worked).await == 3).await;
    let admin = reef.staff().await;
    let home = admin.get("/admin").await.body;
    assert!(home.contains("Nothing needs you"), "{home}");
}
