//! What nobody knows the outcome of is decided by staff, and never on their word alone: the gateway is asked once more, what
//! it says goes before theirs, and what it says later as well (D1, D2, E14, G44).

use crate::{
    exceptions::{NAME_OF_NONE, a_day_later},
    outages::{CHARGE, INVOICES, assert_paid},
    outcomes::{INTENTS, UNKNOWN, inbox, unanswered},
    support::{Answer, Client, House, On, field, http, link},
};
use serde_json::json;
use simulators::facts;

const ABSENT: &str = "The gateway does not have it";
const WHY: &str = "Not among the payments there";

/// The key of what the inbox says of a payment over so much.
fn key_of(page: &str, amount: &str) -> String {
    let line = page.split("<li").find(|line| line.contains(amount));
    field(line.unwrap_or_else(|| panic!("no {amount} in {page}")), "exception")
}

async fn say(who: &Client, key: &str, verdict: &str, reason: &str, number: &str) -> Answer {
    let said = [("exception", key), ("verdict", verdict), ("reason", reason), ("reference", number)];
    who.post("/api/exceptions/decide", &said).await
}

/// Says it, which ends so.
async fn said(who: &Client, key: &str, verdict: &str, words: &str, end: &str) {
    let (reason, number) = if verdict == "there" { ("", words) } else { (words, "") };
    let said = say(who, key, verdict, reason, number).await;
    let to = format!("/admin/exceptions?done={end}");
    assert_eq!((said.status, said.location), (303, Some(to)), "{verdict} {words}");
}

/// Says it twice at once: both have read what is open before either is written down.
async fn said_twice(house: &House, who: &Client, key: &str, verdict: &str, words: &str) {
    house.arm_with(json!({"vendor": "stripe", "fault": "delay_ms:300", "times": 2, "match": INTENTS})).await;
    let press = || said(who, key, verdict, words, "decided");
    tokio::join!(press(), press());
}

async fn refused(who: &Client, key: &str, verdict: &str, words: &str, why: &str) {
    let (reason, number) = if verdict == "there" { ("", words) } else { (words, "") };
    let back = say(who, key, verdict, reason, number).await.location.unwrap();
    let page = who.get(&back).await.body;
    assert!(page.contains("It stays open") && page.contains(why), "{why}: {page}");
}

/// The number of what the gateway took over so much.
async fn number_of(house: &House, minor: i64) -> String {
    let charges = house.charges().await;
    let charge = charges.iter().find(|charge| charge["amount_minor"] == minor).unwrap();
    charge["payment_intent"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn d2_e14_what_staff_have_found_at_the_gateway_is_looked_up_by_its_number_and_booked() {
    let mut house = House::without_worker().await;
    let (payer, _) = unanswered(&house, "reset_after_execute").await;
    payer.pay(&payer.open("INV-502").await, "pm_card_visa").await;
    house.advance(json!({"minutes": 20})).await;
    let (page, admin) = (inbox(&house).await, house.staff().await);
    for words in ["At the gateway it bears the name PAY-", "The gateway has it"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains(ABSENT), "so early, nobody says that: {page}");
    let key = key_of(&page, "$1,204.50");
    let (ours, other) = (number_of(&house, 120_450).await, number_of(&house, 35_000).await);

    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    assert_eq!(say(&harbour, &key, "there", "", &ours).await.status, 404, "another merchant's");
    assert_eq!(say(&admin, &key, "absent", WHY, "").await.status, 404, "nor by a form of one's own");
    refused(&admin, &key, "there", " ", "Type the number that the payment has").await;
    refused(&admin, &key, "there", &other, "That is the number of another payment here.").await;
    said_twice(&house, &admin, &key, "there", &ours).await;
    said(&admin, &key, "there", &ours, "decided").await;
    assert!(!inbox(&house).await.contains(UNKNOWN));

    house.start_worker();
    assert_paid(&house, &INVOICES[..2]).await;
    let named = "SELECT COUNT(*) FROM audit_line WHERE kind = 'charge_named'";
    house.until("the audit trail tells who has found it", async || house.number(named).await == 1).await;
}

#[tokio::test]
async fn d2_a_number_at_the_gateway_that_is_not_the_payments_own_decides_nothing() {
    let house = House::without_worker().await;
    unanswered(&house, "http:500").await;
    house.advance(json!({"minutes": 20})).await;
    let (key, admin) = (key_of(&inbox(&house).await, "$1,204.50"), house.staff().await);
    let strangers = house.charge_by_another(120_450, NAME_OF_NONE).await;
    for number in ["pi_of_nobody", &strangers, "TX 7"] {
        refused(&admin, &key, "there", number, &format!("tells of no payment {number} with the name PAY-")).await;
    }
    // Browsers drop a cookie of more than 4096 bytes, and with it the reason why.
    let long = "\u{1fa99}".repeat(500);
    say(&admin, &key, "there", &long, &long).await;
    let note = admin.cookie("wisepay_note").unwrap();
    assert!(note.len() < 4_000, "{}", note.len());
    let less = house.charge_by_another(500, key.strip_prefix("outcome:").unwrap()).await;
    refused(&admin, &key, "there", &less, "$5.00 was taken there with the name PAY-").await;
    house.arm("stripe", "http:500", INTENTS).await;
    refused(&admin, &key, "there", &less, "The gateway cannot be asked just now").await;
    assert!(inbox(&house).await.contains(UNKNOWN));
}

#[tokio::test]
async fn d1_d2_what_staff_declare_absent_can_be_paid_again_unless_the_gateway_finds_it() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(mut house) = House::without_worker_on(database).await else { continue };
        let (payer, form) = unanswered(&house, "http:500").await;
        house.arm("stripe", "reset_after_execute", CHARGE).await;
        payer.pay(&payer.open("INV-502").await, "pm_card_visa").await;
        house.advance(json!({"days": 1})).await;
        let (page, admin) = (inbox(&house).await, house.staff().await);
        assert!(page.contains(ABSENT), "{page}");
        let (absent, there) = (key_of(&page, "$1,204.50"), key_of(&page, "$350.00"));

        refused(&admin, &absent, "absent", " ", "Type how you know").await;
        house.arm("stripe", "http:500", INTENTS).await;
        refused(&admin, &absent, "absent", WHY, "The gateway cannot be asked just now").await;
        said(&admin, &there, "absent", WHY, "found").await;
        said_twice(&house, &admin, &absent, "absent", WHY).await;
        said(&admin, &absent, "absent", WHY, "decided").await;
        said(&admin, &absent, "absent", "Somebody else said so", "gone").await;
        let page = inbox(&house).await;
        assert!(!page.contains("Nobody knows what became"), "{page}");
        let story = house.story(&form).await;
        for words in [WHY, facts::NORTHWIND.admin_email, "PAY-"] {
            assert!(page.contains(words) && story.contains(words), "{words}: {page} {story}");
        }
        assert!(story.contains("Staff say that the gateway does not have it"), "{story}");

        let guest = house.client();
        guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
        house.start_worker();
        assert_paid(&house, &INVOICES[..2]).await;
        let declared = "SELECT COUNT(*) FROM audit_line WHERE kind = 'declared_absent'";
        house.until("the audit trail tells who said so", async || house.number(declared).await == 1).await;
        let told = async || house.mails().await.contains("Not paid: $1,204.50 to Northwind IT");
        house.until("the payer of the first one is told", told).await;
    }
}

/// Its name is what comes late here, and a list that lacked it would do the same.
#[tokio::test]
async fn d2_g44_money_that_was_declared_absent_and_is_listed_after_all_is_booked_and_shown_to_somebody() {
    let mut house = House::without_worker().await;
    let (_, form) = unanswered(&house, "http:500").await;
    let number = house.charge_by_another(120_450, NAME_OF_NONE).await;
    // Longer than the list is read back as a rule. The books let nobody in who stays away for sixty days.
    for _ in 0..2 {
        house.advance(json!({"days": 40})).await;
        let guest = house.client();
        let opened = guest.get(&link("INV-502")).await.location.unwrap();
        guest.get(&opened).await;
    }
    let key = key_of(&inbox(&house).await, "$1,204.50");
    said(&house.staff().await, &key, "absent", WHY, "decided").await;

    let charge = format!("{}/stripe/v1/payment_intents/{number}", house.vendors);
    let name = [("metadata[attempt_id]", key.strip_prefix("outcome:").unwrap())];
    let named = http().post(charge).bearer_auth(facts::stripe::PORTAL_SECRET_KEY).form(&name).send().await.unwrap();
    assert!(named.status().is_success());
    house.start_worker();
    a_day_later(&house).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
    assert!(house.story(&form).await.contains("The money came after all"));
    assert!(inbox(&house).await.contains("do not fit what was final before"), "somebody must look");
}
