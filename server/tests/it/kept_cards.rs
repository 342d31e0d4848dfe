//! Saved cards after they were saved, and those that a payment leaves behind (S52, S54, D18, D22, D32): kept once, told of
//! before they end, replaced in their place, and never ready when bank or gateway say otherwise.

use crate::{
    methods::{kept, pay_with, save, saved},
    support::{Answer, Client, Form, House, On, Server, ana, ana_at, assert_has, field, http},
};
use serde_json::{Value, json};
use simulators::facts;

/// INV-501 as this payer's page has it, and the mark of the words beside the box that has its card kept.
pub async fn offered(payer: &Client) -> (Form, String) {
    let form = payer.open("INV-501").await;
    let page = payer.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
    (Form::read(&page), field(&page, "keep"))
}

/// Presses Pay with the box ticked.
pub async fn pay_and_keep(payer: &Client, form: &Form, keep: &str, token: &str) -> Answer {
    let mut fields = form.fields(token).to_vec();
    fields.push(("keep", keep));
    payer.post("/api/payments/take", &fields).await
}

/// What bank, time or the merchant's staff do to a method at Stripe.
pub async fn change_at_stripe(house: &House, method: &Value, change: &str) {
    let order = json!({"id": method["id"], "change": change});
    let answer = http().post(format!("{}/control/stripe/method", house.vendors)).json(&order).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

async fn until_saved(house: &House, payer: &Client, words: &str) {
    house.until(words, async || saved(payer).await.contains(words)).await;
}

#[tokio::test]
async fn s52_the_card_of_a_payment_is_kept_where_its_payer_ticked_that_and_pays_again() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let ana = ana(&house.portal).await;
        let (form, keep) = offered(&ana).await;
        let pressed = pay_and_keep(&ana, &form, &keep, "pm_card_visa").await;
        // A double click.
        assert_eq!(pay_and_keep(&ana, &form, &keep, "pm_card_visa").await.status, 303);
        assert!(ana.get(&pressed.location.unwrap()).await.body.contains("You paid"));
        until_saved(&house, &ana, "Good until").await;
        let page = saved(&ana).await;
        assert_has!(page, "Visa ··4242", "Ready", "Default");
        assert_eq!(kept(&house).await.len(), 1, "once at the gateway");
        house.assert_paid_once("INV-501", 120_450).await;
        let agreed = "SELECT COUNT(*) FROM consent WHERE version = 'pay-1+keep-1' AND wording LIKE '%Save this card%'";
        assert_eq!(house.number(agreed).await, 1, "with the words that were ticked");

        let method = field(&page, "method");
        assert_eq!(pay_with(&ana, "INV-502", &method).await.status, 303);
        house.until("it pays again", async || house.charges().await.len() == 2).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn s52_a_card_typed_on_the_gateways_page_is_kept_too() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (form, keep) = offered(&ana).await;
    let hosted = pay_and_keep(&ana, &form, &keep, "").await.location.unwrap();
    let card = [("number", facts::cards::APPROVED), ("expiry", "12 / 40"), ("cvc", "123"), ("email", "ana@acme.test")];
    let paid = http().post(&hosted).form(&card).send().await.unwrap();
    assert!(paid.status().is_redirection(), "{}", paid.text().await.unwrap());
    house.assert_paid_once("INV-501", 120_450).await;
    until_saved(&house, &ana, "Ready").await;
    assert_eq!(kept(&house).await.len(), 1);
}

#[tokio::test]
async fn s52_without_the_tick_or_without_money_nothing_is_kept() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (form, keep) = offered(&ana).await;
    let pressed = pay_and_keep(&ana, &form, &keep, "pm_card_chargeDeclined").await;
    assert!(ana.get(&pressed.location.unwrap()).await.body.contains("declined"));
    ana.pay(&ana.open("INV-501").await, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    let waiting = "SELECT COUNT(*) FROM job WHERE unique_key LIKE 'keep_card:%'";
    assert_eq!(house.number(waiting).await, 0);
    assert!(saved(&ana).await.contains("Nothing is saved") && kept(&house).await.is_empty());
}

#[tokio::test]
async fn d22_no_guest_is_asked_and_a_tick_that_was_not_offered_charges_nothing() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (_, keep) = offered(&ana).await;
    let bo = house.signed_in(facts::BO_EMAIL).await;
    for (who, other, to, words) in [
        ("a guest", house.client(), "/sign-in", "Sign in to go on."),
        ("another company's payer", bo, "/npe?", "What you agree to by pressing Pay has changed"),
        ("the merchant's staff", house.staff().await, "/npe?", "What you agree to by pressing Pay has changed"),
    ] {
        let form = other.open("INV-501").await;
        let page = other.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
        assert!(!page.contains("Save this card"), "{who}: {page}");
        let back = pay_and_keep(&other, &form, &keep, "pm_card_visa").await.location.unwrap();
        assert!(back.starts_with(to), "{who} is sent back: {back}");
        let page = other.get(&back).await.body;
        assert!(page.contains(words), "{who}: {page}");
    }
    let (form, _) = offered(&ana).await;
    let other_words = pay_and_keep(&ana, &form, "other words", "pm_card_visa").await.location.unwrap();
    assert!(ana.get(&other_words).await.body.contains("What you agree to by pressing Pay has changed"));
    assert!(house.charges().await.is_empty());
}

#[tokio::test]
async fn d2_a_card_whose_keeping_was_not_answered_is_kept_once() {
    for fault in ["reset_after_execute", "http:500"] {
        let house = House::new().await;
        let ana = ana(&house.portal).await;
        let (form, keep) = offered(&ana).await;
        house.arm("stripe", fault, "/attach").await;
        pay_and_keep(&ana, &form, &keep, "pm_card_visa").await;
        until_saved(&house, &ana, "Ready").await;
        assert_eq!(kept(&house).await.len(), 1, "{fault}");
        assert_eq!(house.number("SELECT COUNT(*) FROM method").await, 1, "{fault}");
        house.assert_paid_once("INV-501", 120_450).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_between_gateway_and_record_keeps_the_card_once() {
    let house = House::without_portal().await;
    {
        let mut dying = Server::start(&house, Some("after_keep")).await;
        let ana = ana(&dying.portal).await;
        let (form, keep) = offered(&ana).await;
        let mut fields = form.fields("pm_card_visa").to_vec();
        fields.push(("keep", &keep));
        ana.try_post("/api/payments/take", &fields).await;
        dying.until_dead("after_keep").await;
    }
    house.outlive_the_dead();
    let server = Server::start(&house, None).await;
    let ana = ana(&server.portal).await;
    until_saved(&house, &ana, "Ready").await;
    assert_eq!((kept(&house).await.len(), house.number("SELECT COUNT(*) FROM method").await), (1, 1));
}

#[tokio::test]
async fn d18_a_card_that_ends_is_told_of_once_before_and_once_after_and_is_charged_no_more() {
    let house = House::new().await;
    save(&ana(&house.portal).await, "pm_card_visa", "Office card").await;
    house.execute("UPDATE method SET good_until = date('now', '+20 days')").await;
    house.advance(json!({"days": 1})).await;
    house.until("its payer is written to", async || house.mails().await.contains("Your saved card expires soon")).await;
    let page = saved(&ana(&house.portal).await).await;
    let in_words = page.contains("Expires this month") || page.contains("Expires next month");
    assert!(page.contains("Expires soon") && in_words, "{page}");

    house.advance(json!({"days": 21})).await;
    house.until("it has expired", async || house.mails().await.contains("Your saved card has expired")).await;
    house.advance(json!({"days": 5})).await;
    let looked =
        "SELECT COUNT(DISTINCT unique_key) FROM job WHERE unique_key LIKE 'look_for_expiry:%' AND state = 'done'";
    house.until("four days were looked at", async || house.number(looked).await == 4).await;
    let ana = ana(&house.portal).await;
    until_saved(&house, &ana, "Needs attention").await;
    let page = saved(&ana).await;
    assert_has!(page, "Expired in ", "This card has expired", "Replace");
    let form = ana.open("INV-501").await;
    let offer = ana.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
    assert!(!offer.contains("Office card"), "it is offered no more: {offer}");
    let written = "SELECT COUNT(*) FROM mail WHERE unique_key LIKE 'card_%' AND recipient LIKE 'ana%'";
    assert_eq!(house.number(written).await, 2, "once for each");
}

/// Looks of Northwind's at its cards that are over.
const LOOKED: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND unique_key LIKE 'look_for_expiry:%' AND job.state = 'done'";

#[tokio::test]
async fn d18_a_card_that_is_renewed_while_its_end_is_looked_at_is_ready_and_nobody_reads_otherwise() {
    // SQLite has one writer, and nobody comes between.
    let Some(house) = House::on(On::Postgres).await else { return };
    save(&ana(&house.portal).await, "pm_card_visa", "Office card").await;
    house.until("the first day was looked at", async || house.number(LOOKED).await == 1).await;
    house.execute("UPDATE method SET good_until = '2000-01-31'").await;
    let database = sqlx::PgPool::connect(&house.url).await.unwrap();
    let mut renewal = database.begin().await.unwrap();
    sqlx::query("UPDATE method SET good_until = '2099-01-31'").execute(&mut *renewal).await.unwrap();
    house.advance(json!({"days": 1})).await;
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    house.until("its end is being looked at", async || house.number(waiting).await > 0).await;
    renewal.commit().await.unwrap();
    house.until("the second day was looked at", async || house.number(LOOKED).await == 2).await;
    let page = saved(&ana(&house.portal).await).await;
    assert!(page.contains("Ready") && !page.contains("Needs attention"), "{page}");
    assert_eq!(house.number("SELECT COUNT(*) FROM mail WHERE unique_key LIKE 'card_%'").await, 0);
    database.close().await;
}

#[tokio::test]
async fn s54_a_card_that_is_replaced_hands_its_place_on_and_is_forgotten() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (old, _) = save(&ana, "pm_card_visa", "Office card").await;
    save(&ana, "pm_card_amex", "Other").await;
    // As while the merchant's key is being changed.
    house.arm_with(json!({"vendor": "stripe", "fault": "token_revoked", "times": 1, "match": "/detach"})).await;
    let page = ana.get(&format!("/methods/new?replaces={old}")).await.body;
    assert!(page.contains("Replace a card") && page.contains("Office card, Visa ··4242"), "{page}");
    let fields = [
        ("method", &*field(&page, "method")),
        ("replaces", &*field(&page, "replaces")),
        ("token", "pm_card_mastercard"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for click in ["once", "twice"] {
        let answer = ana.post("/api/methods/save", &fields).await;
        assert_eq!(answer.location.as_deref(), Some("/methods"), "{click}");
    }
    let page = saved(&ana).await;
    let (new, other) = (page.find("Office card, Mastercard").unwrap(), page.find("Other, ").unwrap());
    assert!(new < other && page.find("Default").unwrap() < other, "it has the name, and is the default: {page}");
    assert!(!page.contains("Visa"), "{page}");
    house.until("the gateway has forgotten the old one", async || kept(&house).await.len() == 2).await;
    pay_with(&ana, "INV-501", &old).await;
    assert!(house.charges().await.is_empty(), "it is charged no more");
}

#[tokio::test]
async fn s54_a_card_waits_in_its_place_until_the_new_one_is_ready_and_is_nobody_elses_to_replace() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (old, _) = save(&ana, "pm_card_visa", "Office card").await;
    let bo = house.signed_in(facts::BO_EMAIL).await;
    assert_eq!(bo.get(&format!("/methods/new?replaces={old}")).await.status, 404);
    let method = field(&bo.get("/methods/new").await.body, "method");
    let theirs = [("method", &*method), ("replaces", &*old), ("token", "pm_card_mastercard")];
    bo.post("/api/methods/save", &theirs).await;
    assert!(saved(&bo).await.contains("Nothing is saved"));

    let method = field(&ana.get("/methods/new").await.body, "method");
    let declined = [("method", &*method), ("replaces", &*old), ("token", "pm_card_chargeDeclined")];
    let back = ana.post("/api/methods/save", &declined).await.location.unwrap();
    assert_eq!(back, format!("/methods/new?replaces={old}"), "the next try replaces it still");
    let page = saved(&ana).await;
    assert!(page.contains("Office card, Visa ··4242") && page.contains("Ready"), "{page}");
}

#[tokio::test]
async fn d32_a_card_that_its_bank_renews_is_shown_anew_and_one_that_staff_take_away_needs_its_payer() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    save(&ana, "pm_card_visa", "Office card").await;
    let [card] = kept(&house).await.try_into().unwrap();
    change_at_stripe(&house, &card, "updated").await;
    until_saved(&house, &ana, "Visa ··0005").await;
    assert!(saved(&ana).await.contains("Ready"));
    change_at_stripe(&house, &card, "detached").await;
    until_saved(&house, &ana, "Needs attention").await;
    let page = saved(&ana).await;
    assert!(page.contains("no longer has this saved method") && !page.contains("Ready"), "{page}");
    assert!(house.staff().await.get("/admin").await.body.contains("Nothing needs you"));
}

#[tokio::test]
async fn d10_a_card_that_its_bank_ends_is_never_ready_again_until_the_bank_renews_it() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (method, _) = save(&ana, "pm_card_visa", "").await;
    let [card] = kept(&house).await.try_into().unwrap();
    change_at_stripe(&house, &card, "expired").await;
    let pressed = pay_with(&ana, "INV-501", &method).await;
    let page = ana.get(&pressed.location.unwrap()).await.body;
    assert!(page.contains("This card has expired"), "{page}");
    let page = saved(&ana).await;
    assert!(page.contains("Needs attention") && page.contains("This card has expired"), "{page}");
    let again = pay_with(&ana, "INV-501", &method).await.location.unwrap();
    assert!(ana.get(&again).await.body.contains("This saved method can no longer be charged"));

    change_at_stripe(&house, &card, "updated").await;
    until_saved(&house, &ana, "Ready").await;
    pay_with(&ana, "INV-501", &method).await;
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn s52_the_sandbox_keeps_the_card_of_a_payment() {
    let house = House::new().await;
    let ana = ana_at(&house.portal, facts::HARBOUR.name).await;
    let dashboard = ana.get("/dashboard").await.body;
    let opened = ana.post("/api/invoices/pay", &[("invoice", &field(&dashboard, "invoice"))]).await;
    let page = ana.get(&opened.location.unwrap()).await.body;
    pay_and_keep(&ana, &Form::read(&page), &field(&page, "keep"), "sbx_approved").await;
    until_saved(&house, &ana, "Visa ··4242").await;
}
