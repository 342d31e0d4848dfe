//! Debits of bank accounts that Authorize.Net keeps (S52, S70, N4, D8-D10): saved under an authority, sent to the bank,
//! booked when they have cleared, and out of all books again when they are found to have come back: no news tell of that.

use crate::{
    authorizenet_methods::pay_with,
    debit_retries::to_the_next_try,
    debits,
    reef::{LINK, Reef},
    support::{Client, Form, On, assert_has},
};
use domain::money::Currency;
use serde_json::json;
use simulators::facts::{authorizenet::UNAUTHORISED_ACCOUNT, bank_accounts};

/// The form for another account, signed and sent with the token that the vendor's window makes of one; its id, and
/// where that leads.
async fn save(reef: &Reef, payer: &Client, account: &str, holder: &str) -> (String, Option<String>) {
    let (method, answer) = debits::save(payer, &reef.bank_nonce(account).await, holder).await;
    (method, answer.location)
}

/// The invoice, paid from a saved account; the form, and the page after it.
async fn paid(reef: &Reef, account: &str) -> (Form, String) {
    let cora = reef.payer().await;
    let (method, to) = save(reef, &cora, account, "Cora Example").await;
    assert_eq!(to.as_deref(), Some("/methods"));
    pay_with(&cora, &method).await
}

#[tokio::test]
async fn s52_s70_an_account_is_typed_into_the_vendors_window_and_saved_under_an_authority() {
    let reef = Reef::owed(On::Sqlite, Currency::USD).await.unwrap();
    let cora = reef.payer().await;
    assert!(cora.get("/methods").await.body.contains("Add a bank account"));
    let page = cora.get("/methods/bank?kind=ach_debit").await.body;
    assert_has!(page, "class=\"AcceptUI\"", "showBankAccount", "to electronically debit my bank account");
    assert!(!page.contains("Routing number"), "no number is typed into our page: {page}");
    let (_, unsigned) = save(&reef, &cora, bank_accounts::CLEARS, "  ").await;
    assert_eq!(unsigned.as_deref(), Some("/methods/bank?kind=ach_debit"));
    assert_eq!(reef.profiles().await, 0);
    save(&reef, &cora, bank_accounts::CLEARS, "Cora Example").await;
    let page = cora.get("/methods").await.body;
    assert!(page.contains("ACH ··6789") && page.contains("Ready"), "{page}");
    let kept = "SELECT count(*) FROM authority WHERE holder = 'Cora Example' AND version = 'ach-2'";
    assert_eq!(reef.house.number(kept).await, 1);

    let australian = Reef::on(On::Sqlite).await.unwrap();
    let page = australian.payer().await.get("/methods").await.body;
    assert!(page.contains("Add a card") && !page.contains("Add a bank account"), "in US dollars alone: {page}");
}

#[tokio::test]
async fn d8_n4_a_debit_is_sent_with_dates_and_booked_and_receipted_when_it_has_cleared() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(reef) = Reef::owed(database, Currency::USD).await else { continue };
        let (form, page) = paid(&reef, bank_accounts::CLEARS).await;
        assert_has!(page, "$350.00 was sent to your bank", "it clears by", "Do not pay again", "ACH ··6789");
        reef.tells(&form, "The books are told when it clears").await;
        assert!(!reef.mails().await.contains("Receipt: $350.00"), "nothing is receipted yet");
        let others = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
        assert!(!others.contains("id=\"pay-button\""), "nobody pays it meanwhile: {others}");

        reef.house.advance(json!({"days": 6})).await;
        reef.assert_paid_once(&form).await;
        reef.house.until("it is receipted", async || reef.mails().await.contains("Receipt: $350.00")).await;
        reef.assert_agrees().await;
    }
}

#[tokio::test]
async fn d2_a_debit_whose_answer_was_lost_is_found_and_sent_once() {
    let reef = Reef::owed(On::Sqlite, Currency::USD).await.unwrap();
    reef.house.arm("authorizenet", "reset_after_execute", "createTransactionRequest").await;
    reef.house.arm_times("authorizenet", "webhook_lost", 99).await;
    let (form, page) = paid(&reef, bank_accounts::CLEARS).await;
    assert!(page.contains("Do not pay again"), "{page}");
    reef.tells(&form, "The books are told when it clears").await;
    reef.house.advance(json!({"days": 6})).await;
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d9_f23_a_late_return_that_nobody_tells_of_is_found_and_leaves_all_books() {
    for (database, account, days, state) in [
        (On::Sqlite, bank_accounts::LATE_RETURN, 6, "Ready"),
        (On::Postgres, bank_accounts::LATE_RETURN, 6, "Ready"),
        (On::Sqlite, UNAUTHORISED_ACCOUNT, 30, "Needs attention"),
    ] {
        let Some(reef) = Reef::owed(database, Currency::USD).await else { continue };
        let (form, _) = paid(&reef, account).await;
        reef.house.advance(json!({"days": 6})).await;
        reef.assert_paid_once(&form).await;
        reef.assert_agrees().await;
        reef.house.advance(json!({"days": days})).await;
        reef.tells(&form, "The bank took the money back. It does not stand in the books").await;
        reef.house.until("the payer is told", async || reef.mails().await.contains("Returned by your bank")).await;
        reef.assert_agrees().await;
        // Only a no for good ends the account.
        let page = reef.payer().await.get("/methods").await.body;
        assert!(page.contains(state), "{state}: {page}");
        let again = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
        assert!(again.contains("id=\"pay-button\""), "it is owed again: {again}");
    }
}

#[tokio::test]
async fn d9_d10_a_debit_that_came_back_late_is_tried_again_booked_and_receipted_anew() {
    let reef = Reef::owed_with_mail(Currency::USD).await;
    reef.house.execute("UPDATE merchant SET retries_debits = TRUE WHERE name = 'Reef Systems'").await;
    let (form, _) = paid(&reef, bank_accounts::LATE_RETURN).await;
    reef.house.advance(json!({"days": 6})).await;
    reef.assert_paid_once(&form).await;
    reef.house.advance(json!({"days": 6})).await;
    reef.tells(&form, "The bank took the money back. It does not stand in the books").await;
    let named = "SELECT count(*) FROM mail WHERE subject LIKE 'Returned by your bank%'
        AND text LIKE '%it is debited again on that day%' AND state = 'accepted'";
    reef.house.until("the payer reads the day", async || reef.house.number(named).await == 1).await;

    to_the_next_try(&reef.house, On::Sqlite).await;
    reef.tells(&form, "Tried again").await;
    reef.tells(&form, "The books are told when it clears").await;
    let others = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(!others.contains("id=\"pay-button\""), "nobody pays it meanwhile: {others}");
    reef.house.advance(json!({"days": 6})).await;
    reef.assert_paid_once(&form).await;
    let receipts = "SELECT count(*) FROM mail WHERE subject LIKE 'Receipt: $350.00%'";
    reef.house.until("it is receipted anew", async || reef.house.number(receipts).await == 2).await;
}

#[tokio::test]
async fn d10_a_debit_that_is_refused_at_once_frees_the_invoice() {
    let reef = Reef::owed(On::Sqlite, Currency::USD).await.unwrap();
    let (_, page) = paid(&reef, bank_accounts::FAILS).await;
    assert!(page.contains("Nothing was charged"), "{page}");
    assert!(reef.taken().await.is_empty());
}
