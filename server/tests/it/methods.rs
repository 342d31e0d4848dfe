//! Saved cards (S52-S54, D22, D32): kept once at the gateway whatever happens in between, charged by their company alone,
//! and forgotten when they are taken out.

use crate::support::{Answer, Client, House, On, Server, ana, ana_at, assert_has, at_each_step, field, http};
use serde_json::{Value, json};
use simulators::facts;
use std::time::Duration;

const SET_UPS: &str = "POST /stripe/v1/setup_intents";

/// The form for another card, filled in and sent; its id, and the answer.
pub async fn save(payer: &Client, token: &str, nickname: &str) -> (String, Answer) {
    let method = field(&payer.get("/methods/new").await.body, "method");
    let answer = press(payer, &method, token, nickname).await;
    (method, answer)
}

pub async fn press(payer: &Client, method: &str, token: &str, nickname: &str) -> Answer {
    payer.post("/api/methods/save", &[("method", method), ("token", token), ("nickname", nickname)]).await
}

pub async fn saved(payer: &Client) -> String {
    payer.get("/methods").await.body
}

/// A list of Stripe's.
async fn listed(house: &House, path: &str) -> Vec<Value> {
    let request = http().get(format!("{}/stripe/v1/{path}", house.vendors));
    let answer = request.bearer_auth(facts::stripe::PORTAL_SECRET_KEY).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["data"].as_array().unwrap().clone()
}

/// What Stripe keeps for the portal, by its own list of customers.
pub async fn kept(house: &House) -> Vec<Value> {
    let mut all = Vec::new();
    for customer in listed(house, "customers?limit=100").await {
        all.extend(listed(house, &format!("customers/{}/payment_methods", customer["id"].as_str().unwrap())).await);
    }
    all
}

/// Where Stripe stands with each card that it was asked to keep.
async fn set_ups(house: &House) -> Vec<Value> {
    listed(house, "setup_intents").await.into_iter().map(|setup| setup["status"].clone()).collect()
}

/// The payer says on the bank's page that it is them; where that leads.
pub async fn finish_at(bank: &str) -> String {
    answer_at(bank, "complete").await
}

/// The payer answers on the bank's page; where that leads.
pub async fn answer_at(bank: &str, outcome: &str) -> String {
    let answered = http().post(bank).form(&[("outcome", outcome)]).send().await.unwrap();
    answered.headers()["location"].to_str().unwrap().to_owned()
}

/// Opens the invoice as this payer and presses Pay with a saved card.
pub async fn pay_with(payer: &Client, number: &str, method: &str) -> Answer {
    payer.pay_saved(&payer.open(number).await, method).await
}

#[tokio::test]
async fn s52_s53_a_card_is_saved_once_and_pays_without_being_typed_again() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    assert!(saved(&ana).await.contains("Nothing is saved"));
    let (method, answer) = save(&ana, "pm_card_visa", "Office card").await;
    assert_eq!(answer.location.as_deref(), Some("/methods"));
    // A double click.
    assert_eq!(press(&ana, &method, "pm_card_visa", "").await.location.as_deref(), Some("/methods"));
    let page = saved(&ana).await;
    assert_has!(page, "Office card, Visa ··4242", "Ready", "Default", "Good until");
    assert_eq!(kept(&house).await.len(), 1, "once at the gateway");
    let worked = "SELECT count(*) FROM webhook WHERE state = 'processed' AND kind = 'payment_method.attached'";
    house.until("Stripe's echo is worked", async || house.number(worked).await == 1).await;
    let admin = house.staff().await;
    assert!(admin.get("/admin").await.body.contains("Nothing needs you"), "an echo alarms nobody");

    let offer = ana.get(&format!("/npe?transactionId={}", ana.open("INV-501").await.checkout)).await.body;
    assert_has!(offer, "Office card, ", ">Visa ··4242<", "Another card");
    assert_eq!(pay_with(&ana, "INV-501", &method).await.status, 303);
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d22_nobody_but_its_company_sees_a_saved_card_or_pays_with_it() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (method, _) = save(&ana, "pm_card_visa", "Office card").await;
    let (bo, admin) = (house.client(), house.client());
    bo.sign_in(facts::BO_EMAIL).await;
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    let gone = "This saved method can no longer be charged";
    for (who, other, to, words) in [
        ("a guest", house.client(), "/sign-in", "Sign in to go on."),
        ("another company's payer", bo, "/npe?", gone),
        ("the merchant's staff", admin, "/npe?", gone),
    ] {
        let form = other.open("INV-501").await;
        let page = other.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
        assert!(!page.contains("Office card") && !page.contains("4242"), "{who}: {page}");
        let pressed = pay_with(&other, "INV-501", &method).await;
        let back = pressed.location.unwrap();
        assert!(back.starts_with(to), "{who} is sent back: {back}");
        let page = other.get(&back).await.body;
        assert!(page.contains(words), "{who}: {page}");
    }
    assert!(house.charges().await.is_empty(), "nothing was charged to it");
}

#[tokio::test]
async fn s53_whose_session_ends_before_pay_signs_in_and_pays_with_the_saved_card() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (method, _) = save(&ana, "pm_card_visa", "").await;
    let form = ana.open("INV-501").await;
    ana.post("/api/session/sign_out", &[]).await;
    let checkout = format!("/npe?transactionId={}", form.checkout);
    let request = http().post(format!("{}/api/payments/take", house.portal)).header("accept", "text/html");
    let request = request.header("origin", &house.portal).header("referer", format!("{}{checkout}", house.portal));
    let pressed = ana.send(request.form(&form.fields_saved(&method))).await;
    let to = pressed.location.unwrap();
    assert_eq!(to, format!("/sign-in?next=%2Fnpe%3FtransactionId%3D{}", form.checkout.replace('_', "%5F")));
    assert!(ana.get(&to).await.body.contains("You were signed out. Sign in to go on."));
    assert!(house.charges().await.is_empty());

    ana.sign_in(facts::ANA_EMAIL).await;
    ana.stand_at(facts::NORTHWIND.name).await;
    assert!(ana.get(&checkout).await.body.contains("Visa ··4242"), "it is offered as before");
    assert_eq!(ana.pay_saved(&form, &method).await.status, 303);
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn d32_a_card_that_the_bank_asks_about_waits_for_its_payer_and_is_ready_afterwards() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (method, answer) = save(&ana, "pm_card_threeDSecureRequired", "").await;
    let bank = answer.location.unwrap();
    assert!(bank.starts_with(&house.vendors), "{bank}");
    let page = saved(&ana).await;
    assert!(page.contains("Waiting for you") && page.contains("Continue at your bank"), "{page}");
    let back = finish_at(&bank).await;
    assert!(back.starts_with(&format!("{}/methods?back={method}", house.portal)), "{back}");
    let clean = ana.get(back.strip_prefix(&house.portal).unwrap()).await.location.unwrap();
    assert!(!clean.contains("secret"), "{clean}");
    let page = ana.get(&clean).await.body;
    assert!(page.contains("Ready") && page.contains("Visa"), "{page}");
}

#[tokio::test]
async fn d32_a_card_that_its_payer_leaves_at_the_bank_is_given_up_and_alarms_nobody() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let bank = save(&ana, "pm_card_threeDSecureRequired", "").await.1.location.unwrap();
    assert_eq!(set_ups(&house).await, ["requires_action"]);
    house.advance(json!({"hours": 25})).await;
    house.until("the gateway has ended it", async || set_ups(&house).await == ["canceled"]).await;
    // Their session has ended meanwhile.
    ana.sign_in(facts::ANA_EMAIL).await;
    ana.stand_at(facts::NORTHWIND.name).await;
    house.until("it is off the list", async || saved(&ana).await.contains("Nothing is saved")).await;
    finish_at(&bank).await;
    assert!(kept(&house).await.is_empty());
    let admin = house.staff().await;
    let home = admin.get("/admin").await.body;
    assert!(!home.contains("was given up"), "{home}");
    let waiting = "SELECT COUNT(*) FROM job WHERE state <> 'done' AND unique_key LIKE 'look_up_method:%'";
    house.until("nothing is left to do", async || house.number(waiting).await == 0).await;
}

#[tokio::test]
async fn s54_a_card_that_the_bank_refuses_is_not_saved_and_its_payer_reads_why() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    for (token, words) in [("pm_card_chargeDeclined", "It is not saved"), ("", "The card is not saved")] {
        let (_, answer) = save(&ana, token, "").await;
        assert_eq!(answer.location.as_deref(), Some("/methods/new"));
        let page = ana.get("/methods/new").await.body;
        assert!(page.contains(words), "{token}: {page}");
    }
    assert!(saved(&ana).await.contains("Nothing is saved"));
    assert!(kept(&house).await.is_empty());
}

#[tokio::test]
async fn d2_a_card_whose_answer_was_lost_is_found_and_kept_once() {
    for fault in ["timeout_after_execute", "reset_after_execute", "http:500"] {
        let house = House::new().await;
        let ana = ana(&house.portal).await;
        house.arm("stripe", fault, SET_UPS).await;
        let (_, answer) = save(&ana, "pm_card_visa", "").await;
        assert_eq!(answer.location.as_deref(), Some("/methods"), "{fault}");
        // Stripe keeps a 500 for the key, and made nothing: its payer reads so once that is sure.
        let (ended, number) = if fault == "http:500" { ("did not answer plainly", 0) } else { ("Ready", 1) };
        house.until(&format!("{fault}: {ended}"), async || saved(&ana).await.contains(ended)).await;
        assert_eq!(kept(&house).await.len(), number, "{fault}");
    }
}

/// The process dies at this step of a card's saving, and another one goes on.
async fn survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    {
        let mut dying = Server::start(&house, Some(step)).await;
        let ana = ana(&dying.portal).await;
        let method = field(&ana.get("/methods/new").await.body, "method");
        ana.try_post("/api/methods/save", &[("method", &method), ("token", "pm_card_visa"), ("nickname", "")]).await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let server = Server::start(&house, None).await;
    let ana = ana(&server.portal).await;
    let is_ready = async || saved(&ana).await.contains("Ready");
    house.until_within(&format!("{step}: it can be charged"), Duration::from_secs(60), is_ready).await;
    let rows = house.number("SELECT COUNT(*) FROM method").await;
    assert_eq!((kept(&house).await.len(), rows), (1, 1), "{step}");
    house.assert_everything_agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_s52_a_server_killed_while_it_saves_a_card_keeps_it_once() {
    const STEPS: [&str; 2] = ["after_method_intent", "after_store"];
    at_each_step(STEPS, &[On::Sqlite, On::Postgres], survives).await;
}

#[tokio::test]
async fn n13_a_card_that_is_taken_out_can_be_charged_by_nobody_and_the_gateway_forgets_it() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (first, _) = save(&ana, "pm_card_visa", "First").await;
    let (second, _) = save(&ana, "pm_card_mastercard", "Second").await;
    ana.post("/api/methods/choose", &[("method", &second)]).await;
    ana.post("/api/methods/name", &[("method", &second), ("nickname", "Travel")]).await;
    let page = saved(&ana).await;
    let (default, other) = (page.find("Travel, Mastercard").unwrap(), page.find("First, Visa").unwrap());
    assert!(default < other && !page.contains("Second"), "{page}");
    assert_eq!(kept(&house).await.len(), 2);

    // As while the merchant's key is being changed.
    house.arm_with(json!({"vendor": "stripe", "fault": "token_revoked", "times": 1, "match": "/detach"})).await;
    ana.post("/api/methods/remove", &[("method", &first)]).await;
    assert!(!saved(&ana).await.contains("First"));
    house.until("the gateway has forgotten it", async || kept(&house).await.len() == 1).await;
    // Two given, two that could be charged, one removed.
    let told = "SELECT COUNT(*) FROM audit_line WHERE kind LIKE 'method_%'";
    house.until("the trail tells of it", async || house.number(told).await == 5).await;
    pay_with(&ana, "INV-501", &first).await;
    assert!(house.charges().await.is_empty(), "it is charged no more");
    pay_with(&ana, "INV-501", &second).await;
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn n13_a_card_that_is_taken_out_while_pay_asks_the_books_is_not_charged() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (method, _) = save(&ana, "pm_card_visa", "").await;
    let form = ana.open("INV-501").await;
    house.arm_with(json!({"vendor": "xero", "fault": "delay_ms:3000", "times": 1, "match": "/Invoices/"})).await;
    let are_asked = async || house.armed().await["armed"].as_array().unwrap().is_empty();
    let remove = async {
        house.until("the books are asked", are_asked).await;
        ana.post("/api/methods/remove", &[("method", &method)]).await
    };
    let (pressed, removed) = tokio::join!(ana.pay_saved(&form, &method), remove);
    assert_eq!((pressed.status, removed.location.as_deref()), (303, Some("/methods")));
    let page = ana.get(&pressed.location.unwrap()).await.body;
    assert!(page.contains("This saved method can no longer be charged"), "{page}");
    assert!(house.charges().await.is_empty());
}

#[tokio::test]
async fn n13_a_card_that_is_taken_out_while_it_waits_at_the_bank_cannot_be_finished_there() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (method, answer) = save(&ana, "pm_card_threeDSecureRequired", "").await;
    let bank = answer.location.unwrap();
    ana.post("/api/methods/remove", &[("method", &method)]).await;
    assert!(saved(&ana).await.contains("Nothing is saved"));
    house.until("the gateway has ended it", async || set_ups(&house).await == ["canceled"]).await;
    finish_at(&bank).await;
    assert!(kept(&house).await.is_empty(), "the page is still open, and saves nothing");
}

#[tokio::test]
async fn n13_a_card_that_is_finished_at_the_bank_after_it_was_taken_out_is_forgotten_too() {
    for by_news_alone in [false, true] {
        let house = House::new().await;
        let ana = ana(&house.portal).await;
        let (method, answer) = save(&ana, "pm_card_threeDSecureRequired", "").await;
        if by_news_alone {
            house.execute("UPDATE method SET state = 'revoked', action_url = NULL").await;
        } else {
            // The gateway is not reached before the payer is back at the bank.
            house.arm_with(json!({"vendor": "stripe", "fault": "http:500", "times": 1, "match": "/cancel"})).await;
            ana.post("/api/methods/remove", &[("method", &method)]).await;
        }
        finish_at(&answer.location.unwrap()).await;
        house.until("the gateway has forgotten it", async || kept(&house).await.is_empty()).await;
        assert_eq!(set_ups(&house).await, ["succeeded"], "it had kept it");
        assert!(saved(&ana).await.contains("Nothing is saved"));
    }
}

#[tokio::test]
async fn whoever_tries_card_after_card_must_wait() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    for _ in 0..10 {
        save(&ana, "pm_card_chargeDeclined", "").await;
    }
    let (_, answer) = save(&ana, "pm_card_visa", "").await;
    assert_eq!(answer.location.as_deref(), Some("/methods/new"));
    assert!(ana.get("/methods/new").await.body.contains("Too many tries"));
    assert!(kept(&house).await.is_empty());
}

#[tokio::test]
async fn s52_the_sandbox_keeps_cards_too() {
    let house = House::new().await;
    let ana = ana_at(&house.portal, facts::HARBOUR.name).await;
    save(&ana, "sbx_approved", "Trial").await;
    assert!(saved(&ana).await.contains("Trial, Visa ··4242"));
    save(&ana, "sbx_answer_lost", "Lost").await;
    house.until("the lost one is found", async || saved(&ana).await.contains("Lost, Visa ··6009")).await;
}
