//! A charge of which nobody knows what became: staff have the gateway asked at once, and where no look-up finds out, they
//! look there themselves and say so (D2, E14).

use crate::{
    debits,
    support::{Client, Form, House, On, field},
};
use serde_json::json;
use simulators::facts;

const INBOX: &str = "/admin/exceptions";
const INTENTS: &str = "/stripe/v1/payment_intents";
const UNKNOWN: &str = "Nobody knows what became of a payment of $1,204.50.";
const ASK: &str = "Ask the gateway now";
const DECIDE: &str = "Say what became of it";

/// A press of Pay that was not answered, and of which no news comes.
async fn unanswered(house: &House, fault: &str) -> (Client, Form) {
    house.arm("stripe", fault, "POST /stripe/v1/payment_intents").await;
    house.arm_times("stripe", "webhook_lost", 99).await;
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, "pm_card_visa").await;
    (client, form)
}

/// From here on Stripe answers no question about payments.
async fn fall_silent(house: &House) {
    house.arm_with(json!({"vendor": "stripe", "fault": "http:500", "times": 1_000, "match": INTENTS})).await;
}

async fn inbox(house: &House) -> String {
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
        assert!(page.contains(UNKNOWN) && page.contains(ASK) && !page.contains(DECIDE), "{page}");
        let (admin, key) = (house.staff().await, field(&page, "exception"));
        let early = [("exception", &*key), ("reason", "a"), ("reference", "b"), ("outcome", "not_charged")];
        assert_eq!(admin.post("/api/exceptions/fix", &early).await.status, 404, "a look-up may find out still");

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
async fn d2_e14_what_no_look_up_finds_out_a_person_decides_and_it_is_booked_as_theirs() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(mut house) = House::without_worker_on(database).await else { continue };
        let (_, form) = unanswered(&house, "reset_after_execute").await;
        fall_silent(&house).await;
        house.advance(json!({"hours": 2})).await;
        let page = inbox(&house).await;
        for words in [UNKNOWN, ASK, DECIDE, "Look for PAY-", "It was not charged"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let (admin, key) = (house.staff().await, field(&page, "exception"));
        let charge = house.charges().await[0]["id"].as_str().unwrap().to_owned();
        let mut fields = vec![("exception", &*key), ("reason", "Found in its list"), ("reference", &*charge)];
        let back = admin.post("/api/exceptions/fix", &fields).await.location.unwrap();
        let page = admin.get(&back).await.body;
        assert!(page.contains("It is not marked as fixed") && page.contains("Found in its list"), "{page}");
        assert!(page.contains(UNKNOWN), "nothing was decided");
        fields.push(("outcome", "charged"));
        for _ in 0..2 {
            let said = admin.post("/api/exceptions/fix", &fields).await;
            assert_eq!(said.location.as_deref(), Some("/admin/exceptions?done=fixed"), "a double click is one");
        }
        let story = house.story(&form).await;
        for words in ["A person has said so.", "Found in its list. Reference: ch_", facts::NORTHWIND.admin_email] {
            assert!(story.contains(words), "{words}: {story}");
        }
        house.disarm().await;
        house.start_worker();
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        let theirs = "SELECT COUNT(*) FROM audit_line WHERE kind = 'money_came' AND actor LIKE 'per_%'";
        house.until("it is sealed", async || house.number(theirs).await == 1).await;
        assert!(inbox(&house).await.contains("Nothing needs you"));
    }
}

#[tokio::test]
async fn d2_d1_what_a_person_says_was_not_charged_is_paid_once_more_and_money_after_that_alarms() {
    let mut house = House::without_worker().await;
    let (client, form) = unanswered(&house, "reset_after_execute").await;
    let checkout = format!("/npe?transactionId={}", form.checkout);
    fall_silent(&house).await;
    house.advance(json!({"hours": 2})).await;
    assert!(!client.get(&checkout).await.body.contains("name=\"expected\""), "nobody pays twice meanwhile");
    let (admin, key) = (house.staff().await, field(&inbox(&house).await, "exception"));
    let said = [("exception", &*key), ("reason", "Not listed"), ("reference", "T-7"), ("outcome", "not_charged")];
    assert_eq!(
        admin.post("/api/exceptions/fix", &said).await.location.as_deref(),
        Some("/admin/exceptions?done=fixed")
    );
    assert!(house.story(&form).await.contains("A person has said so."));
    assert_eq!(Form::read(&client.get(&checkout).await.body).expected, "USD 120450", "it can be paid again");

    // They were wrong.
    house.disarm().await;
    house.start_worker();
    let found = async || house.story(&form).await.contains("The money came after all");
    house.until("the comparison is queued", async || house.number(QUEUED).await > 0).await;
    house.advance(json!({"days": 1})).await;
    house.until("the comparison finds it", found).await;
    house.assert_paid_once("INV-501", 120_450).await;
    assert!(inbox(&house).await.contains("do not fit what was final before"), "somebody must look");
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

        house.execute("UPDATE posting SET amount_minor = amount_minor + 1 WHERE account = 'receivable'").await;
        house.arm_with(json!({"vendor": "stripe", "fault": "http:500", "times": 1_000})).await;
        house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 1_000})).await;
        house.advance(json!({"hours": 1})).await;
        let told = "What is recorded here about $1,204.50";
        house.until("it is told", async || inbox(&house).await.contains(told)).await;
        assert!(house.differences(None).await.iter().any(|words| words.contains("its journals do not balance")));
    }
}

#[tokio::test]
async fn d5_g44_within_an_hour_an_open_outcome_that_no_job_asks_about_stands_there() {
    let house = House::new().await;
    debits::paid(&house.portal, "pm_usBankAccount_success").await;
    house.advance(json!({"hours": 1})).await;
    house.until("it was checked", async || house.number(CHECKED).await >= 2).await;
    assert!(inbox(&house).await.contains("Nothing needs you"), "a job asks about it");
    house.execute("DELETE FROM job WHERE unique_key LIKE 'look_up:%'").await;
    house.advance(json!({"hours": 1})).await;
    let told = "What becomes of $1,204.50";
    house.until("it is told", async || inbox(&house).await.contains(told)).await;
    assert!(inbox(&house).await.contains(ASK));
}

const CHECKED: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.state = 'done' AND job.unique_key LIKE 'check_records:%'";
const QUEUED: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.state = 'ready' AND job.unique_key LIKE 'reconcile:%'";
