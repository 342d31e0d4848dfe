//! What stays open or does not agree with itself: staff read of it, and have the gateway asked at once (D2, E14, G44).

use crate::{
    debits,
    support::{Client, Form, House, On, field},
};
use serde_json::json;

const INBOX: &str = "/admin/exceptions";
pub const INTENTS: &str = "/stripe/v1/payment_intents";
pub const UNKNOWN: &str = "Nobody knows what became of a payment of $1,204.50.";
const ASK: &str = "Ask the gateway now";

/// A press of Pay that was not answered, and of which no news comes.
pub async fn unanswered(house: &House, fault: &str) -> (Client, Form) {
    house.arm("stripe", fault, "POST /stripe/v1/payment_intents").await;
    house.arm_times("stripe", "webhook_lost", 99).await;
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, "pm_card_visa").await;
    (client, form)
}

pub async fn inbox(house: &House) -> String {
    house.staff().await.get(INBOX).await.body
}

#[tokio::test]
async fn d2_e14_staff_have_the_gateway_asked_at_once_and_its_answer_ends_it() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(mut house) = House::without_worker_on(database).await else { continue };
        unanswered(&house, "reset_after_execute").await;
        assert!(inbox(&house).await.contains("Nothing needs you"), "a moment is no problem");
        house.advance(json!({"minutes": 20})).await;
        let page = inbox(&house).await;
        assert!(page.contains(UNKNOWN) && page.contains(ASK), "{page}");
        let (admin, key) = (house.staff().await, field(&page, "exception"));
        let fixed = [("exception", &*key), ("reason", "Not listed"), ("reference", "T-7")];
        assert_eq!(admin.post("/api/exceptions/fix", &fixed).await.status, 404, "no person says what became of it");

        house.arm("stripe", "http:500", INTENTS).await;
        for is_known in [false, true, true] {
            let asked = admin.post("/api/exceptions/retry", &[("exception", &key)]).await;
            assert_eq!((asked.status, asked.location.as_deref()), (303, Some("/admin/exceptions?done=retry")));
            assert_eq!(inbox(&house).await.contains(UNKNOWN), !is_known);
        }
        house.start_worker();
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn g44_within_an_hour_records_that_do_not_agree_with_themselves_stand_there_and_no_vendor_is_asked() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let client = house.client();
        client.pay(&client.open("INV-501").await, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        house.advance(json!({"hours": 1})).await;
        house.until("it was checked", async || house.number(CHECKED).await >= 2).await;
        assert!(inbox(&house).await.contains("Nothing needs you"), "all is well");

        house.unlock("posting").await;
        house.execute("UPDATE posting SET amount_minor = amount_minor + 1 WHERE account = 'receivable'").await;
        house.arm_with(json!({"vendor": "stripe", "fault": "http:500", "times": 1_000})).await;
        house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 1_000})).await;
        house.advance(json!({"hours": 1})).await;
        let told = "What is recorded here about $1,204.50";
        house.until("it is told", async || inbox(&house).await.contains(told)).await;
        assert!(house.differences(None).await.iter().any(|words| words.contains("its journals do not balance")));

        house.execute("UPDATE posting SET amount_minor = amount_minor - 1 WHERE account = 'receivable'").await;
        house.advance(json!({"hours": 1})).await;
        house.until("it is in order, and no day has passed", async || !inbox(&house).await.contains(told)).await;
    }
}

#[tokio::test]
async fn d5_g44_an_open_outcome_that_no_job_asks_about_stands_there_until_one_does() {
    let house = House::new().await;
    debits::paid(&house.portal, "pm_usBankAccount_success").await;
    house.advance(json!({"hours": 1})).await;
    house.until("it was checked", async || house.number(CHECKED).await >= 2).await;
    assert!(inbox(&house).await.contains("Nothing needs you"), "a job asks about it");
    house.execute("UPDATE job SET state = 'done' WHERE unique_key LIKE 'look_up:%'").await;
    house.advance(json!({"hours": 1})).await;
    let told = "What becomes of $1,204.50";
    house.until("it is told", async || inbox(&house).await.contains(told)).await;
    let page = inbox(&house).await;
    assert!(page.contains(ASK), "{page}");
    let (admin, key) = (house.staff().await, field(&page, "exception"));
    let fixed = [("exception", &*key), ("reason", "Never mind"), ("reference", "T-8")];
    assert_eq!(admin.post("/api/exceptions/fix", &fixed).await.status, 404, "that would help nobody");
    assert_eq!(admin.post("/api/exceptions/retry", &[("exception", &key)]).await.status, 303);
    assert!(!inbox(&house).await.contains(told));
    assert_eq!(house.number(ASKING).await, 1, "somebody goes on asking");
}

const ASKING: &str = "SELECT COUNT(*) FROM job WHERE state <> 'done' AND unique_key LIKE 'look_up:%'";
const CHECKED: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.state = 'done' AND job.unique_key LIKE 'check_records:%'";
