//! Bank debits that came back for want of money and are tried again, on the day that a mail has named (D10, N13), and what ends
//! that.

use crate::{
    debits::{paid, save},
    support::{Form, House, On, ana, field},
};
use serde_json::json;

pub const RETRIES: &str = "SELECT count(*) FROM job WHERE unique_key LIKE 'retry_debit:%'";
pub const DEBITS: &str = "SELECT count(*) FROM attempt WHERE kind = 'ach_debit'";
pub const FAILED: &str = "SELECT count(*) FROM attempt WHERE kind = 'ach_debit' AND state = 'declined'";
/// Mails that name the day of the next try.
pub const NAMED: &str =
    "SELECT count(*) FROM mail WHERE text LIKE '%it is debited again on that day%' AND state = 'accepted'";
/// Mails that tell of a debit with its dates.
pub const SENT: &str = "SELECT count(*) FROM mail WHERE subject LIKE 'Sent to your bank: $1,204.50%'";
/// Mails that tell that there is no such try after all.
const NOT_AGAIN: &str = "SELECT count(*) FROM mail WHERE subject LIKE 'Not debited again: $1,204.50%'";
/// Tries whose day is over.
const OVER: &str = "SELECT count(*) FROM job WHERE unique_key LIKE 'retry_debit:%' AND state = 'done'";

/// Goes to the moment of the next try, and a little further.
pub async fn to_the_next_try(house: &House, database: On) {
    let at = house
        .number(match database {
            On::Sqlite => {
                "SELECT CAST(strftime('%s', run_at) AS INTEGER) FROM job
                 WHERE unique_key LIKE 'retry_debit:%' AND state = 'ready'"
            }
            On::Postgres => {
                "SELECT CAST(extract(epoch FROM run_at) AS bigint) FROM job
                 WHERE unique_key LIKE 'retry_debit:%' AND state = 'ready'"
            }
        })
        .await;
    house.advance(json!({"minutes": (at - house.now().timestamp()) / 60 + 2})).await;
}

/// INV-501, debited from an account without money at a merchant that has such debits tried again.
pub async fn without_money(house: &House) -> Form {
    house.execute("UPDATE merchant SET retries_debits = TRUE WHERE name = 'Northwind IT'").await;
    let (form, _) = paid(&house.portal, "pm_usBankAccount_insufficientFunds").await;
    house.until("the payer reads that it was sent", async || house.number(SENT).await == 1).await;
    house.advance(json!({"days": 6})).await;
    house.until("it has failed", async || house.number(FAILED).await == 1).await;
    form
}

#[tokio::test]
async fn d10_want_of_money_is_tried_again_twice_where_the_merchant_has_that_on() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::with_mail(database).await else { continue };
        let form = without_money(&house).await;
        for tries in 1..=2 {
            house.until("the payer reads the day", async || house.number(NAMED).await == tries).await;
            to_the_next_try(&house, database).await;
            house.until("it is tried again", async || house.number(DEBITS).await == tries + 1).await;
            house.until("the payer reads that it was sent again", async || house.number(SENT).await == tries + 1).await;
            house.advance(json!({"days": 6})).await;
            house.until("it has failed again", async || house.number(FAILED).await == tries + 1).await;
        }
        let over = "SELECT count(*) FROM mail WHERE text LIKE '%What to do now: Pay again when%'";
        house.until("no further try is promised", async || house.number(over).await == 1).await;
        assert!(house.story(&form).await.contains("Tried again"));
        house.advance(json!({"days": 30})).await;
        house.assert_everything_agrees().await;
        assert_eq!(house.number(DEBITS).await, 3);
        let failed = house.charges_that("failed").await;
        let unattended = failed.iter().filter(|charge| charge["no_challenge"] == true).count();
        assert_eq!((failed.len(), unattended), (3, 2), "the first one was sent by its payer");
        assert!(house.charges().await.is_empty() && house.books_payments("INV-501").await.is_empty());
    }
}

#[tokio::test]
async fn d1_d10_a_debit_is_not_tried_again_once_its_invoice_was_paid_in_another_way() {
    let house = House::with_mail(On::Sqlite).await.unwrap();
    without_money(&house).await;
    house.until("the payer reads the day", async || house.number(NAMED).await == 1).await;
    let guest = house.client();
    guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    to_the_next_try(&house, On::Sqlite).await;
    house.until("its day is over", async || house.number(OVER).await == 1).await;
    assert_eq!((house.number(DEBITS).await, house.number(NOT_AGAIN).await), (1, 1), "and its payer reads so");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n13_d10_who_removes_an_account_reads_what_depends_on_it_and_that_ends_with_it() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::with_mail(database).await else { continue };
        without_money(&house).await;
        house.until("the payer reads the day", async || house.number(NAMED).await == 1).await;
        let ana = ana(&house.portal).await;
        let (other, _) = save(&ana, "pm_usBankAccount_success", "Ana Example").await;
        let page = ana.get("/methods").await.body;
        let rows: Vec<_> = page.split("<div class=\"method\">").skip(1).collect();
        let planned = "$1,204.50 for INV-501, on ";
        let (with, without): (Vec<&str>, Vec<&str>) = rows.into_iter().partition(|row| row.contains(planned));
        assert!(with.len() == 1 && !with[0].contains("No automatic payment hangs on it."), "{page}");
        assert!(without.len() == 1 && without[0].contains(&other), "nothing hangs on the other one: {page}");
        assert!(without[0].contains("No automatic payment hangs on it."), "{page}");

        let removed = ana.post("/api/methods/remove", &[("method", &field(with[0], "method"))]).await;
        assert_eq!(removed.status, 303, "{}", removed.body);
        house.until("its payer is told at once", async || house.number(NOT_AGAIN).await == 1).await;
        assert_eq!(house.number(OVER).await, 1);
        house.advance(json!({"days": 30})).await;
        house.assert_everything_agrees().await;
        assert_eq!(house.number(DEBITS).await, 1, "nothing more was debited");
    }
}

#[tokio::test]
async fn n13_d10_no_further_debit_is_promised_of_an_account_that_was_removed_while_the_first_was_at_the_bank() {
    let house = House::with_mail(On::Sqlite).await.unwrap();
    house.execute("UPDATE merchant SET retries_debits = TRUE WHERE name = 'Northwind IT'").await;
    paid(&house.portal, "pm_usBankAccount_insufficientFunds").await;
    let ana = ana(&house.portal).await;
    let method = field(&ana.get("/methods").await.body, "method");
    assert_eq!(ana.post("/api/methods/remove", &[("method", &method)]).await.status, 303);
    house.advance(json!({"days": 6})).await;
    house.until("the payer is told", async || house.mails().await.contains("Not paid: $1,204.50")).await;
    assert_eq!((house.number(RETRIES).await, house.number(NAMED).await), (0, 0));
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d10_no_debit_is_tried_on_another_day_than_its_payer_was_told() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::with_mail(database).await else { continue };
        without_money(&house).await;
        house.until("the payer reads the day", async || house.number(NAMED).await == 1).await;
        // From whichever day, three bank days are over by then, and the day after them.
        house.advance(json!({"days": 9})).await;
        house.until("its day is over", async || house.number(OVER).await == 1).await;
        assert_eq!((house.number(DEBITS).await, house.number(NOT_AGAIN).await), (1, 1));
        let guest = house.client();
        guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d10_no_debit_is_tried_again_of_which_no_mail_has_told() {
    let house = House::new().await;
    without_money(&house).await;
    house.until("the payer is told", async || house.mails().await.contains("Not paid: $1,204.50")).await;
    assert_eq!(house.number(RETRIES).await, 0, "mails that are only kept tell nobody");

    let house = House::with_mail(On::Sqlite).await.unwrap();
    without_money(&house).await;
    house.until("the payer reads the day", async || house.number(NAMED).await == 1).await;
    // As if the mail server had been away since.
    house.execute("UPDATE mail SET state = 'queued' WHERE subject LIKE 'Not paid:%'").await;
    to_the_next_try(&house, On::Sqlite).await;
    house.until("its day is over", async || house.number(OVER).await == 1).await;
    assert_eq!((house.number(DEBITS).await, house.number(NOT_AGAIN).await), (1, 1));
}

#[tokio::test]
async fn d10_an_authority_that_says_nothing_of_it_allows_no_second_try() {
    let house = House::with_mail(On::Sqlite).await.unwrap();
    house.execute("UPDATE merchant SET retries_debits = TRUE WHERE name = 'Northwind IT'").await;
    paid(&house.portal, "pm_usBankAccount_insufficientFunds").await;
    // As if it had been signed before its words said so.
    house.execute("UPDATE authority SET version = 'ach-1'").await;
    house.advance(json!({"days": 6})).await;
    house.until("the payer is told", async || house.mails().await.contains("Not paid: $1,204.50")).await;
    assert_eq!((house.number(RETRIES).await, house.number(NAMED).await), (0, 0));
}
