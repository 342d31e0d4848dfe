//! The invoice of a surcharge in the books: it is raised once, paid back in part, and voided when its payment is lost or was
//! never booked.

use crate::{
    disputes,
    support::{Client, Form, House, On, Server, assert_has, at_each_step, harbour_link, link},
    surcharges::{
        ADDED, KNOWN_WITHIN, RULES, TOTAL, asked, assert_booked, confirmed, credits, refund, set_rules,
        surcharge_invoices, with_rules,
    },
};
use serde_json::json;
use simulators::facts;

#[tokio::test]
async fn g26_a_refund_takes_its_part_of_the_surcharge_or_none_and_the_last_one_what_is_left() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let client = house.client();
    let form = confirmed(&client, &client.open("INV-501").await, "pm_card_visa").await;
    assert_booked(&house, KNOWN_WITHIN).await;
    let admin = house.staff().await;
    let page = admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
    assert_has!(
        page,
        "At most $1,222.57.",
        "Its share of the surcharge ($18.07 left)",
        "Nothing of it (then at most $1,204.50)",
        "value=\"part\" checked"
    );

    let refused = refund(&admin, &form, "1204.51", "none").await;
    assert!(refused.contains("up to $1,204.50."), "nothing of the surcharge is the invoice's: {refused}");
    let as_chosen = refused.contains("value=\"none\" checked") && !refused.contains("value=\"part\" checked");
    assert!(as_chosen, "the next press takes nothing of it either: {refused}");
    refund(&admin, &form, "122.26", "part").await;
    house.until("the first is booked", async || credits(&house).await == [181, 12_045]).await;
    refund(&admin, &form, "100.00", "none").await;
    house.until("the second is booked", async || credits(&house).await == [181, 10_000, 12_045]).await;
    refund(&admin, &form, "1000.31", "part").await;
    let all = [181, 1_626, 10_000, 12_045, 98_405];
    house.until("all is booked", async || credits(&house).await == all).await;
    assert_eq!(house.charges().await[0]["refunded_minor"], TOTAL);
    house.assert_everything_agrees().await;
}

/// The one charge is disputed, and lost.
async fn lose(house: &House) {
    for (outcome, known) in [
        ("opened", "SELECT COUNT(*) FROM dispute WHERE state = 'open'"),
        ("lost", "SELECT COUNT(*) FROM dispute WHERE state = 'lost'"),
    ] {
        disputes::order(house, outcome).await;
        house.until(outcome, async || house.number(known).await == 1).await;
    }
}

#[tokio::test]
async fn d9_a_dispute_that_is_lost_takes_payment_and_surcharge_out_of_the_books() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let client = house.client();
    let form = confirmed(&client, &client.open("INV-501").await, "pm_card_visa").await;
    assert_booked(&house, KNOWN_WITHIN).await;
    house.assert_everything_agrees().await;
    // Its answer is lost, and the try after it must not void it once more.
    house.arm("xero", "reset_after_execute", "POST /xero/api.xro/2.0/Invoices").await;
    lose(&house).await;
    for words in ["Disputed at the bank: $1,222.57", "It does not stand in the books"] {
        house.until(words, async || house.story(&form).await.contains(words)).await;
    }
    let is_void = async || surcharge_invoices(&house).await[0].1 == "VOIDED";
    house.until("the surcharge is owed no more", is_void).await;
    let surcharges = surcharge_invoices(&house).await;
    assert_eq!(surcharges.iter().map(|(_, status)| status.as_str()).collect::<Vec<_>>(), ["VOIDED"]);
    assert!(house.books_payments(&surcharges[0].0).await.is_empty());
    assert_eq!(house.books_invoice("INV-501").await["due_minor"], 120_450);
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn g22_g48_the_built_in_ledger_has_the_surcharge_as_an_invoice_too() {
    let house = House::new().await;
    let rules = r#"{"place": "NZ", "rules": [{"rate_ppm": 10000, "funding": "any", "account": "4000"}]}"#;
    set_rules(&house, facts::HARBOUR.key, rules).await;
    let client = house.client();
    let page = client.get(&client.get(&harbour_link("HT-1001")).await.location.unwrap()).await.body;
    assert!(page.contains("Pay $424.20") && page.contains("a surcharge of $4.20."), "the same for every card: {page}");
    let form = Form::read(&page);
    let paid = client.pay(&form, "sbx_approved").await.location.unwrap();
    assert!(client.get(&paid).await.body.contains("You paid $424.20"), "nothing had to be asked");

    const BOOKED: &str = "SELECT count(*) FROM invoice WHERE number LIKE 'SC-%' AND status = 'paid' AND due_minor = 0";
    house.until("the surcharge is paid", async || house.number(BOOKED).await == 1).await;
    const PAYMENTS: &str = "SELECT count(*) FROM ledger_payment WHERE amount_minor IN (420, 42000)";
    house.until("its invoice is paid as well", async || house.number(PAYMENTS).await == 2).await;
    house.assert_everything_agrees().await;
}

const WRITE_PAYMENT: &str = "PUT /xero/api.xro/2.0/Payments";

/// INV-501 paid with a surcharge, whose invoice the books have while they refuse both payments.
async fn refused(house: &House) -> Form {
    let twice = json!({"vendor": "xero", "fault": "period_locked", "times": 2, "match": WRITE_PAYMENT});
    house.arm_with(twice).await;
    let client = house.client();
    let form = confirmed(&client, &client.open("INV-501").await, "pm_card_visa").await;
    let both = "SELECT COUNT(*) FROM books_entry WHERE state = 'refused'";
    house.until("the books have refused both", async || house.number(both).await == 2).await;
    form
}

#[tokio::test]
async fn g22_d1_nobody_else_pays_a_surcharge_whose_payment_is_not_booked_yet() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = with_rules(database).await else { continue };
        let form = refused(&house).await;
        let (number, status) = surcharge_invoices(&house).await.remove(0);
        assert_eq!(status, "AUTHORISED");
        let guest = house.client();
        let opened = guest.get(&link(&number)).await.location.unwrap();
        let page = guest.get(&opened).await.body;
        assert!(page.contains(&number) && !page.contains("id=\"pay-button\""), "{page}");

        let again = house.staff().await.post("/api/transactions/post_again", &[("payment", &form.payment)]).await;
        assert_eq!(again.status, 303, "{}", again.body);
        assert_booked(&house, KNOWN_WITHIN).await;
        assert_eq!(house.number("SELECT COUNT(*) FROM claim WHERE live").await, 0);
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn g22_g26_a_surcharge_that_was_never_booked_is_voided_when_its_money_goes_back() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = with_rules(database).await else { continue };
        let form = refused(&house).await;
        let admin = house.staff().await;
        refund(&admin, &form, "1222.57", "part").await;
        let is_void = async || surcharge_invoices(&house).await[0].1 == "VOIDED";
        house.until("nobody owes it any more", is_void).await;
        house.assert_everything_agrees().await;
        assert_eq!(house.number("SELECT COUNT(*) FROM claim WHERE live").await, 0);
        assert_eq!(surcharge_invoices(&house).await.len(), 1);
        assert_eq!(house.books_invoice("INV-501").await["due_minor"], TOTAL - ADDED, "it was never entered");
    }
}

#[tokio::test]
async fn d9_g22_a_surcharge_that_the_books_refused_is_voided_when_its_payment_is_lost() {
    let house = with_rules(On::Sqlite).await.unwrap();
    refused(&house).await;
    lose(&house).await;
    house.until("nobody owes it any more", async || surcharge_invoices(&house).await[0].1 == "VOIDED").await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT COUNT(*) FROM claim WHERE live").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_d4_a_surcharge_that_was_raised_unheard_is_voided_when_its_payment_is_lost() {
    let house = House::without_portal().await;
    set_rules(&house, facts::NORTHWIND.key, RULES).await;
    press_and_die(&house, "after_surcharge_raise").await;
    let away = json!({"vendor": "xero", "fault": "http:500", "times": 999, "match": "2.0/Invoices"});
    house.arm_with(away).await;
    let server = Server::start(&house, None).await;
    house.send_news_to(&server.portal).await;
    lose(&house).await;
    assert_eq!(surcharge_invoices(&house).await[0].1, "AUTHORISED", "the books know of it, and we do not");
    house.disarm().await;
    let is_void = async || surcharge_invoices(&house).await[0].1 == "VOIDED";
    house.until_within("nobody owes it any more", KNOWN_WITHIN, is_void).await;
    house.assert_everything_agrees().await;
}

/// Of the steps that a surcharge adds, and of those around them.
const STEPS: [&str; 4] = ["before_surcharge_raise", "after_surcharge_raise", "after_post", "before_post_commit"];

/// INV-501 is paid with a surcharge at a server that dies at this step.
async fn press_and_die(house: &House, step: &'static str) {
    let mut dying = Server::start(house, Some(step)).await;
    let client = Client::new(&dying.portal);
    let form = client.open("INV-501").await;
    let page = asked(&client, &client.pay(&form, "pm_card_visa").await).await;
    client.try_post("/api/payments/take", &Form::read(&page).fields("pm_card_visa")).await;
    dying.until_dead(step).await;
}

async fn survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    set_rules(&house, facts::NORTHWIND.key, RULES).await;
    press_and_die(&house, step).await;
    house.outlive_the_dead();
    let _server = Server::start(&house, None).await;
    assert_booked(&house, KNOWN_WITHIN).await;
    house.assert_everything_agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_server_killed_while_it_books_a_surcharge_books_it_once() {
    at_each_step(STEPS, &[On::Sqlite, On::Postgres], survives).await;
}

#[tokio::test]
async fn f24_a_surcharge_that_an_earlier_version_has_meant_for_no_books_is_booked() {
    let mut house = House::without_worker().await;
    set_rules(&house, facts::NORTHWIND.key, RULES).await;
    let client = house.client();
    confirmed(&client, &client.open("INV-501").await, "pm_card_visa").await;
    for forget in [
        "DELETE FROM books_entry WHERE invoice_id IN (SELECT id FROM invoice WHERE number LIKE 'SC-%')",
        "DELETE FROM claim WHERE invoice_id IN (SELECT id FROM invoice WHERE number LIKE 'SC-%')",
        "DELETE FROM invoice WHERE number LIKE 'SC-%'",
    ] {
        house.execute(forget).await;
    }
    house.start_worker();
    assert_booked(&house, KNOWN_WITHIN).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d30_a_lost_answer_of_the_books_raises_no_second_surcharge() {
    let house = with_rules(On::Sqlite).await.unwrap();
    house.arm("xero", "reset_after_execute", "PUT /xero/api.xro/2.0/Invoices").await;
    let client = house.client();
    confirmed(&client, &client.open("INV-501").await, "pm_card_visa").await;
    assert_booked(&house, KNOWN_WITHIN).await;
    house.assert_everything_agrees().await;
}
