//! The real server, killed between any two steps of what the payment of a quote writes into the books beside the payment
//! itself: the draft of its credit, the end of that draft, and the credit's application (F1 of quality.md, 2.2). Each stands
//! once afterwards, or not at all.

use crate::{
    debits,
    quotes::{DUE, allow, bill, entered, notes, opened, paid_by_card, until_notes},
    support::{House, On, Server, ana, at_each_step, own_port},
};
use serde_json::json;
use std::time::Duration;

/// A story is killed at one of each: while the credit is drafted, and while the draft is deleted.
const DRAFT_STEPS: [(&str, &str); 3] =
    [("before_draft", "before_drop"), ("after_draft", "after_drop"), ("before_draft_commit", "before_drop_commit")];
const APPLY_STEPS: [&str; 3] = ["before_apply", "after_apply", "before_apply_commit"];

/// Pays the quote from an account of Ana's, and does not mind when the connection dies.
async fn press(house: &House, account: &str) {
    let payer = ana(&house.portal).await;
    let (method, _) = debits::save(&payer, account, "Ana Example").await;
    let session = opened(house, "8f2c:1:1").await;
    let (checkout, _) = entered(&payer, &session).await;
    let form = payer.form(&checkout).await;
    payer.try_post("/api/payments/take", &form.fields_saved(&method)).await;
}

async fn draft_survives((drafting, dropping): (&'static str, &'static str), database: On) {
    let Some(mut house) = House::vendors_alone_on(database).await else { return };
    allow(&house, false).await;
    let port = own_port();
    {
        let mut dying = Server::start_at(&house, port, Some(drafting)).await;
        house.portal.clone_from(&dying.portal);
        house.send_news_to(&dying.portal).await;
        press(&house, "pm_usBankAccount_insufficientFunds").await;
        dying.until_dead(drafting).await;
    }
    house.outlive_the_dead();
    {
        let _server = Server::start_at(&house, port, None).await;
        until_notes(&house, "one draft stands", &[("PF_CR_Q-10231", "DRAFT", DUE)]).await;
        house.assert_everything_agrees().await;
    }
    {
        let mut dying = Server::start_at(&house, port, Some(dropping)).await;
        house.advance(json!({"days": 6})).await;
        dying.until_dead(dropping).await;
    }
    house.outlive_the_dead();
    let _server = Server::start_at(&house, port, None).await;
    let gone = "SELECT count(*) FROM quote_document WHERE state = 'dropped'";
    house.until("its end is known", async || house.number(gone).await == 1).await;
    assert_eq!(notes(&house).await, [("PF_CR_Q-10231".to_owned(), "DELETED".to_owned(), DUE)]);
    house.assert_everything_agrees().await;
}

async fn application_survives(step: &'static str, database: On) {
    let Some(mut house) = House::vendors_alone_on(database).await else { return };
    allow(&house, true).await;
    let port = own_port();
    {
        let server = Server::start_at(&house, port, None).await;
        house.portal.clone_from(&server.portal);
        paid_by_card(&house).await;
    }
    {
        let mut dying = Server::start_at(&house, port, Some(step)).await;
        bill(&house, "INV-900", "Downpayment for Q-10231", "1250.00").await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let _server = Server::start_at(&house, port, None).await;
    let applied = "SELECT count(*) FROM quote_cover WHERE state = 'applied'";
    house.until("it is applied", async || house.number(applied).await == 1).await;
    assert_eq!(house.books_invoice("INV-900").await["due_minor"], 0, "{step}");
    assert_eq!(house.state("xero").await["allocations"].as_array().unwrap().len(), 1, "{step}: once");
    house.assert_everything_agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_s27_s29_a_server_killed_while_it_drafts_a_credit_or_drops_it_does_each_once() {
    at_each_step(DRAFT_STEPS, &[On::Sqlite, On::Postgres], draft_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_n1_a_server_killed_while_it_applies_a_credit_applies_it_once() {
    at_each_step(APPLY_STEPS, &[On::Sqlite, On::Postgres], application_survives).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_s39_a_debit_that_comes_back_while_its_credit_is_applied_leaves_one_thing_to_be_paid() {
    let mut house = House::vendors_alone_on(On::Sqlite).await.unwrap();
    allow(&house, true).await;
    let port = own_port();
    {
        // The books apply it, and whoever asked them never hears so.
        let server = Server::start_at(&house, port, Some("panic:after_apply")).await;
        house.portal.clone_from(&server.portal);
        house.send_news_to(&server.portal).await;
        press(&house, "pm_usBankAccount_dispute").await;
        until_notes(&house, "its draft stands", &[("PF_CR_Q-10231", "DRAFT", DUE)]).await;
        house.advance(json!({"days": 6})).await;
        until_notes(&house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
        bill(&house, "INV-900", "Downpayment for Q-10231", "1250.00").await;
        house.until("the books apply it", async || house.books_invoice("INV-900").await["due_minor"] == 0).await;
        house.advance(json!({"days": 25})).await;
        let back = "SELECT count(*) FROM attempt WHERE state = 'returned'";
        house.until("it came back", async || house.number(back).await == 1).await;
    }
    let _server = Server::start_at(&house, port, None).await;
    let ended = "SELECT count(*) FROM invoice WHERE advance = 'quote' AND status = 'void'";
    let is_over = async || {
        // Whoever died while it refreshed a token has left an old one, which Xero takes for half an hour more; and who is
        // at it on a busy machine needs its time: what it holds is taken from it as the hours pass.
        for _ in 0..80 {
            if house.number(ended).await == 1 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // What waits for its next try is due by then.
        house.pass_an_hour().await;
        false
    };
    house.until_within("nobody is asked for the quote", Duration::from_secs(120), is_over).await;
    assert_eq!(house.books_invoice("INV-900").await["due_minor"], DUE, "but for its invoice");
    assert_eq!(notes(&house).await, [("PF_CR_Q-10231".to_owned(), "VOIDED".to_owned(), DUE)]);
    house.assert_everything_agrees().await;
}
