//! What means nothing any more goes once a day; what is about money stays.

use crate::support::House;
use serde_json::json;

#[tokio::test]
async fn old_jobs_checkouts_and_sessions_go_and_the_payment_keeps_everything() {
    let house = House::new().await;
    let (paying, looking, ana) = (house.client(), house.client(), house.client());
    let form = paying.open("INV-501").await;
    paying.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    looking.open("INV-502").await;
    ana.sign_in("ana@acme.test").await;
    assert_eq!(house.number("SELECT COUNT(*) FROM checkout").await, 2);
    let posted = "SELECT COUNT(*) FROM job WHERE state = 'done' AND unique_key LIKE 'post_payment%'";
    house.until("the posting is done", async || house.number(posted).await == 1).await;

    house.advance(json!({"days": 32})).await;
    house.until("what is old is gone", async || house.number("SELECT COUNT(*) FROM session").await == 0).await;
    house.until("its checkout too", async || house.number("SELECT COUNT(*) FROM checkout").await == 1).await;
    house.until("and its jobs", async || house.number(posted).await == 0).await;

    let kept = "SELECT (SELECT COUNT(*) FROM payment) + (SELECT COUNT(*) FROM attempt) + (SELECT COUNT(*) FROM journal)
                + (SELECT COUNT(*) FROM books_entry) + (SELECT COUNT(*) FROM mail)";
    assert_eq!(house.number(kept).await, 5);
    let admin = house.staff().await;
    let story = admin.get(&format!("/admin/transactions/{}", form.payment)).await;
    assert!(story.status == 200 && story.body.contains("Posted to the books"), "{}", story.body);
}
