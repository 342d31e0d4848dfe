//! A guest pays an invoice, and every book agrees.

use crate::{
    methods::{answer_at, finish_at},
    support::{Client, Form, House, On, assert_has, field},
};
use serde_json::json;
use simulators::facts;
use std::time::Duration;

#[tokio::test]
async fn s50_s46_s42_a_guest_pays_from_a_link_without_any_account_and_the_books_agree() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let client = house.client();

        let form = client.open("INV-501").await;
        let paid = client.pay(&form, "pm_card_visa").await.location.unwrap();
        let by_the_bank = format!("{paid}&payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_1");
        let result = client.get(&by_the_bank).await;
        assert_eq!((result.status, result.location.as_deref()), (303, Some(paid.as_str())), "no secret stays there");
        let result = client.get(&paid).await;

        assert_eq!(result.status, 200);
        assert!(result.body.contains("$1,204.50") && result.body.contains("PAY-"), "{}", result.body);
        assert!(result.body.contains("Visa"), "the receipt names the method");
        house.assert_paid_once("INV-501", 120_450).await;
        assert_eq!(house.books_invoice("INV-501").await["status"], "PAID");
    }
}

#[tokio::test]
async fn s66_s65_the_amount_in_the_link_is_ignored_and_the_books_amount_is_charged() {
    let house = House::new().await;
    let client = house.client();
    // The link says 1.00; the form can be forged to say so too.
    let mut form = client.open("INV-503").await;
    assert_eq!(form.expected, "USD 70000", "part paid: 200.00 of 900.00");
    form.expected = "USD 100".into();

    let refused = client.pay(&form, "pm_card_visa").await;

    let shown = client.get(&refused.location.unwrap()).await;
    assert!(shown.body.contains("$700.00") && shown.body.contains("$1.00"), "old and new are shown: {}", shown.body);
    assert!(house.charges().await.is_empty(), "nothing was charged");
}

#[tokio::test]
async fn d11_a_changed_amount_is_shown_old_and_new_and_charged_only_when_confirmed() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    house.edit_books(json!({"number": "INV-501", "amount_due_minor": 100_000})).await;

    let refused = client.pay(&form, "pm_card_visa").await;
    assert!(house.charges().await.is_empty());
    let again = refused.location.unwrap();
    let page = client.get(&again).await;
    assert!(page.body.contains("$1,204.50") && page.body.contains("$1,000.00"), "{}", page.body);
    assert!(page.body.contains("<title>The amount has changed – Pay $1,000.00"), "{}", page.body);
    let (before, _) = page.body.split_once("id=\"email\"").unwrap();
    assert!(before.contains("id=\"said\""), "told at the head of the form: {before}");
    let forged = client.get(&format!("{again}&was=USD%209900")).await.body;
    assert!(!forged.contains("$99.00") && !forged.contains("has changed"), "no address tells an amount: {forged}");

    let confirmed = client.form(&again).await;
    assert_ne!(confirmed.payment, form.payment, "a new press is a new payment");
    client.pay(&confirmed, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 100_000).await;
}

#[tokio::test]
async fn d31_a_declined_card_is_explained_and_another_one_pays() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;

    let declined = client.pay(&form, "pm_card_chargeDeclined").await;
    let result = client.get(&declined.location.unwrap()).await;
    assert!(result.body.contains("declined"), "{}", result.body);

    let again = client.form(&format!("/npe?transactionId={}", form.checkout)).await;
    client.pay(&again, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
}

/// Presses Pay for INV-501 with a card whose bank asks its holder; the form, and the bank's page.
async fn asked_by_bank(house: &House, client: &Client) -> (Form, String) {
    let form = client.open("INV-501").await;
    let bank = client.pay(&form, "pm_card_threeDSecureRequired").await.location.unwrap();
    assert!(bank.starts_with(&house.vendors), "{bank}");
    (form, bank)
}

/// Comes back from the bank, and is told so in the end.
async fn assert_told(house: &House, client: &Client, back: &str, words: &str) {
    let clean = client.get(back).await.location.unwrap();
    assert!(!clean.contains("secret"), "{clean}");
    house.until(words, async || client.get(&clean).await.body.contains(words)).await;
}

#[tokio::test]
async fn s46_d3_a_card_with_3_d_secure_pays_after_its_bank_has_heard_yes_and_frees_the_invoice_otherwise() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let client = house.client();
        let (_, bank) = asked_by_bank(&house, &client).await;
        assert_told(&house, &client, &answer_at(&bank, "fail").await, "did not go through").await;

        let (left, bank) = asked_by_bank(&house, &client).await;
        let give_up = [("checkout", left.checkout.as_str()), ("payment", left.payment.as_str())];
        assert_eq!(client.post("/api/payments/cancel", &give_up).await.status, 303);
        finish_at(&bank).await;
        assert!(house.charges().await.is_empty(), "the bank's page is still open, and pays nothing");

        let (_, bank) = asked_by_bank(&house, &client).await;
        let back = finish_at(&bank).await;
        // News, the page, and the page once more: whoever comes second reads what the first has written.
        for _ in 0..2 {
            assert_told(&house, &client, &back, "You paid $1,204.50").await;
        }
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn s55_the_payer_sees_the_payment_among_past_payments_and_the_admin_its_story_and_mail() {
    let house = House::new().await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;

    let ana = house.signed_in("ana@acme.test").await;
    let past = ana.get("/payments").await;
    let (here, elsewhere) = past.body.split_once("Paid outside this portal").unwrap();
    let elsewhere = elsewhere.split("</table>").next().unwrap();
    assert!(here.contains("INV-501") && here.contains("$1,204.50"), "{here}");
    // INV-503 is part paid and INV-504 paid, both by other ways.
    assert!(elsewhere.contains("$200.00") && elsewhere.contains("INV-504"), "{elsewhere}");
    assert!(!elsewhere.contains("INV-501"), "what was paid here is not listed twice: {elsewhere}");
    let found = ana.get("/payments?q=INV-504").await.body;
    assert!(found.contains("No payment made here matches") && found.contains("INV-504"), "{found}");
    let dashboard = ana.get("/dashboard").await;
    assert!(
        dashboard.body.contains("Outstanding Payments") && !dashboard.body.contains("INV-501"),
        "paid is not outstanding"
    );

    let admin = house.staff().await;
    let story = admin.get(&format!("/admin/transactions/{}", form.payment)).await;
    for words in [
        "Approved",
        "Posted to the books",
        "Xero, clearing account 825",
        "Clearing account at Stripe",
        "Receivable from Acme Pty Ltd",
        "ch_",
    ] {
        assert!(story.body.contains(words), "{words} in {}", story.body);
    }
    house
        .until("the receipt is kept", async || admin.get("/admin/mail").await.body.contains("Receipt: $1,204.50"))
        .await;
}

#[tokio::test]
async fn s66_who_opens_the_link_reads_what_the_books_say_now() {
    let house = House::new().await;
    house.edit_books(json!({"number": "INV-501", "amount_due_minor": 100_000})).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(house.client().open("INV-501").await.expected, "USD 100000");
}

#[tokio::test]
async fn a_payment_that_was_left_half_way_is_finished_from_the_dashboard() {
    let house = House::new().await;
    let guest = house.client();
    let hosted = guest.pay(&guest.open("INV-501").await, "").await.location.unwrap();

    let ana = house.signed_in(facts::ANA_EMAIL).await;
    let dashboard = ana.get("/dashboard").await.body;
    assert_has!(dashboard, "Finish payment", "Waiting for you", "Finish it or give it up");
    let (_, row) = dashboard.split_once("INV-501").unwrap();
    let opened = ana.post("/api/invoices/pay", &[("invoice", &field(row, "invoice"))]).await;
    let waiting = ana.get(&opened.location.unwrap()).await.body;
    assert!(waiting.contains(&hosted.replace('&', "&amp;")) && waiting.contains("Cancel payment"), "{waiting}");
}

#[tokio::test]
async fn the_way_without_script_leads_over_the_gateways_own_page() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;

    let sent = client.pay(&form, "").await;
    let hosted = sent.location.unwrap();
    assert!(hosted.starts_with(&house.vendors), "{hosted}");
    // Meanwhile the invoice is taken, and the payer can go on or give up.
    let waiting = client.get(&format!("/npe?transactionId={}", form.checkout)).await;
    assert!(
        waiting.body.contains(&hosted.replace('&', "&amp;")) || waiting.body.contains("Continue"),
        "{}",
        waiting.body
    );

    let given_up =
        client.post("/api/payments/cancel", &[("checkout", &form.checkout), ("payment", &form.payment)]).await;
    assert!(client.get(&given_up.location.unwrap()).await.status == 200);
    let story = house.story(&form).await;
    assert!(story.contains("Ask the gateway for the outcome") && story.contains("Not needed"), "{story}");
    let again = client.form(&format!("/npe?transactionId={}", form.checkout)).await;
    client.pay(&again, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn who_cancels_at_the_gateways_page_is_not_asked_again() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    let hosted = client.pay(&form, "").await.location.unwrap();
    let page = client.get(&hosted).await.body;
    let back = page.split("href=\"").map(|rest| rest.split('"').next().unwrap()).find(|to| to.contains("left="));
    let back = back.unwrap().replace("&amp;", "&");

    let told = client.get(&back).await.body;
    assert!(told.contains("You cancelled. Nothing was charged."), "{told}");
    assert_eq!(field(&told, "email"), "accounts@acme.test", "nobody types it twice");
    let stranger = house.client().get(&back).await.body;
    assert!(stranger.contains("name=\"expected\"") && !stranger.contains("accounts@acme.test"), "{stranger}");

    let again = client.form(&back).await;
    assert!(house.story(&form).await.contains("Cancelled before any money moved"));
    client.pay(&again, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    assert!(client.get(&back).await.body.contains("You paid $1,204.50"), "the way back cancels nothing that was paid");
}

#[tokio::test]
async fn d17_times_are_the_merchants_and_each_page_names_their_zone_once() {
    let house = House::new().await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    let result = guest.pay(&form, "pm_card_visa").await.location.unwrap();
    house.assert_paid_once("INV-501", 120_450).await;
    let (admin, ana, harbour, operator) = (house.client(), house.client(), house.client(), house.client());
    admin.sign_in("admin@northwind.test").await;
    ana.sign_in("ana@acme.test").await;
    ana.stand_at("Northwind IT").await;
    harbour.sign_in("admin@harbour.test").await;
    operator.sign_in("operator@wisepay.test").await;

    let story = format!("/admin/transactions/{}", form.payment);
    for (client, path, zone) in [
        (&guest, result.as_str(), "New York time"),
        (&admin, "/admin", "New York time"),
        (&admin, "/admin/transactions", "New York time"),
        (&admin, &story, "New York time"),
        (&ana, "/dashboard", "New York time"),
        (&ana, "/payments", "New York time"),
        (&harbour, "/admin", "Auckland time"),
    ] {
        let page = client.get(path).await.body;
        assert_eq!(page.matches(zone).count(), 1, "{path}: {page}");
        let machine = page.split("datetime=\"").nth(1).unwrap().split('"').next().unwrap();
        let shown = chrono::DateTime::parse_from_rfc3339(machine).unwrap();
        assert_ne!(shown.offset().local_minus_utc(), 0, "{path} has local times: {machine}");
        let date = domain::date::in_words(shown.date_naive());
        assert!(page.contains(&format!("\">{date}")), "{path} shows what machines read, {machine}: {page}");
    }
    let timeless = operator.get("/operator").await.body;
    assert!(timeless.contains("Northwind IT") && !timeless.contains("Dates and times are in"), "{timeless}");
    house
        .until("the receipt names the zone", async || admin.get("/admin/mail").await.body.contains(", New York time"))
        .await;
}
