//! A charge that nobody waits for, and of which a bank wants its payer to say that it is them (D19).

use crate::{
    debit_retries::{DEBITS, NAMED, RETRIES, SENT, to_the_next_try, without_money},
    support::{House, On, ana},
};
use serde_json::json;

/// Mails that ask the payer to finish it.
const ASKED: &str = "SELECT count(*) FROM mail WHERE subject LIKE 'Your bank asks for you: $1,204.50%'
    AND text LIKE '%finish it here: http%/dashboard%' AND state = 'accepted'";
const TOLD_NO: &str = "SELECT count(*) FROM mail WHERE subject LIKE 'Not paid: $1,204.50%'";

#[tokio::test]
async fn d19_a_bank_that_asks_for_the_payer_when_nobody_is_there_is_told_to_payer_and_staff_and_not_tried_again() {
    let house = House::with_mail(On::Sqlite).await.unwrap();
    without_money(&house).await;
    house.until("the payer reads the day", async || house.number(NAMED).await == 1).await;
    house.arm("stripe", "decline:authentication_required", "").await;
    to_the_next_try(&house, On::Sqlite).await;
    house.until("the payer reads that it was sent again", async || house.number(SENT).await == 2).await;
    house.advance(json!({"days": 6})).await;
    house.until("the payer is asked", async || house.number(ASKED).await == 1).await;
    assert_eq!((house.number(TOLD_NO).await, house.number(RETRIES).await), (1, 1), "of the first try alone");

    let words = "Your bank asks for you before it lets a payment of $1,204.50 for INV-501 through.";
    let ana = ana(&house.portal).await;
    let home = async || ana.get("/dashboard").await.body;
    assert!(home().await.contains(words), "{}", home().await);
    let line = "$1,204.50 for INV-501 could not be taken from Acme Pty Ltd";
    let inbox = async || house.staff().await.get("/admin/exceptions").await.body;
    assert!(inbox().await.contains(line), "{}", inbox().await);

    ana.pay(&ana.open("INV-501").await, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    assert!(!home().await.contains(words) && !inbox().await.contains(line), "it is seen to");
    house.advance(json!({"days": 30})).await;
    house.assert_everything_agrees().await;
    assert_eq!((house.number(DEBITS).await, house.number(ASKED).await), (2, 1));
}
