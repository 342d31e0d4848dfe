//! What nobody knows the outcome of is decided by staff, and never on their word alone: the gateway is asked once more, what
//! it says goes before theirs, and what it says later as well (D1, D2, E14, G44).

use crate::{
    exceptions::{NAME_OF_NONE, a_day_later},
    outages::{CHARGE, INVOICES, assert_paid},
    outcomes::{INTENTS, UNKNOWN, inbox, unanswered},
    refunds::{Dialog, REFUNDS, credits, tells},
    support::{Answer, Client, Form, House, On, assert_has, field, http, link},
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

/// Says it twice at once: both have read what is open before either is written down. The gateway is asked `at` this.
async fn said_twice(house: &House, who: &Client, key: &str, verdict: &str, words: &str, at: &str) {
    house.arm_with(json!({"vendor": "stripe", "fault": "delay_ms:300", "times": 2, "match": at})).await;
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
    assert_has!(page, "At the gateway it bears the name PAY-", "The gateway has it");
    assert!(!page.contains(ABSENT), "so early, nobody says that: {page}");
    let key = key_of(&page, "$1,204.50");
    let (ours, other) = (number_of(&house, 120_450).await, number_of(&house, 35_000).await);

    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    assert_eq!(say(&harbour, &key, "there", "", &ours).await.status, 404, "another merchant's");
    assert_eq!(say(&admin, &key, "absent", WHY, "").await.status, 404, "nor by a form of one's own");
    refused(&admin, &key, "there", " ", "Type the number that the payment has").await;
    refused(&admin, &key, "there", &other, "That is the number of another payment here.").await;
    said_twice(&house, &admin, &key, "there", &ours, INTENTS).await;
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
        said_twice(&house, &admin, &absent, "absent", WHY, INTENTS).await;
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

const REFUNDS_READ: &str = "GET /stripe/v1/refunds";

/// Refunds of what an invoice was paid with, which is paid now, without an answer and without any news.
async fn refund_unanswered(house: &House, number: &str, amount: &str, fault: &str) -> Form {
    house.arm_times("stripe", "webhook_lost", 99).await;
    let guest = house.client();
    let form = guest.open(number).await;
    guest.pay(&form, "pm_card_visa").await;
    house.arm("stripe", fault, REFUNDS).await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, amount).await;
    form
}

/// What went back of the charge over so much, by the gateway's numbers.
async fn refunds_of(house: &House, minor: i64) -> Vec<String> {
    let charges = house.charges().await;
    let charge = charges.iter().find(|charge| charge["amount_minor"] == minor).unwrap();
    charge["refunds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Somebody pays so much of a charge back at the gateway, under this name; the number of that.
async fn refund_there(house: &House, charge: &str, minor: i64, name: Option<&str>) -> String {
    let minor = minor.to_string();
    let mut fields = vec![("payment_intent", charge), ("amount", &*minor)];
    fields.extend(name.map(|name| ("metadata[refund_id]", name)));
    let refund = http().post(format!("{}/stripe/v1/refunds", house.vendors)).form(&fields);
    let made = refund.bearer_auth(facts::stripe::PORTAL_SECRET_KEY).send().await.unwrap();
    assert!(made.status().is_success());
    made.json::<serde_json::Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn d2_d24_a_refund_that_staff_have_found_at_the_gateway_is_looked_up_by_its_number_and_credited() {
    let mut house = House::without_worker().await;
    let form = refund_unanswered(&house, "INV-501", "200.00", "reset_after_execute").await;
    house.advance(json!({"minutes": 20})).await;
    let (page, admin) = (inbox(&house).await, house.staff().await);
    assert_has!(page, "refund of $200.00. The gateway is asked again.", "it is a refund of pi_", "The gateway has it");
    assert!(!page.contains(ABSENT), "so early, nobody says that: {page}");
    let key = key_of(&page, "refund of $200.00");
    let ours = refunds_of(&house, 120_450).await.remove(0);

    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    assert_eq!(say(&harbour, &key, "there", "", &ours).await.status, 404, "another merchant's");
    assert_eq!(say(&admin, &key, "absent", WHY, "").await.status, 404, "nor by a form of one's own");
    refused(&admin, &key, "there", " ", "Type the number that the refund has").await;
    // The number first, then the list.
    for (fault, times) in [("http:500", 1), ("token_revoked", 2)] {
        house.arm_with(json!({"vendor": "stripe", "fault": fault, "times": times, "match": REFUNDS_READ})).await;
        refused(&admin, &key, "there", &ours, "The gateway cannot be asked just now").await;
    }
    said_twice(&house, &admin, &key, "there", &ours, REFUNDS_READ).await;
    said(&admin, &key, "there", &ours, "decided").await;
    assert!(!inbox(&house).await.contains("Nobody knows what became"));

    house.start_worker();
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 20_000)]);
    house.assert_everything_agrees().await;
    let named = "SELECT COUNT(*) FROM audit_line WHERE kind = 'refund_named'";
    house.until("the audit trail tells who has found it", async || house.number(named).await == 1).await;
}

#[tokio::test]
async fn d2_d24_a_number_that_is_not_the_refunds_own_decides_nothing() {
    let house = House::without_worker().await;
    refund_unanswered(&house, "INV-501", "200.00", "http:500").await;
    let (guest, admin) = (house.client(), house.staff().await);
    let other = guest.open("INV-502").await;
    guest.pay(&other, "pm_card_visa").await;
    Dialog::open(&admin, &other.payment).await.press(&admin, "50.00").await;
    let known = refunds_of(&house, 35_000).await.remove(0);
    house.advance(json!({"minutes": 20})).await;
    let (key, admin) = (key_of(&inbox(&house).await, "refund of $200.00"), house.staff().await);

    let charge = number_of(&house, 120_450).await;
    let elsewhere = refund_there(&house, &number_of(&house, 35_000).await, 20_000, None).await;
    let strangers = refund_there(&house, &charge, 20_000, None).await;
    for number in ["re_of_nobody", &elsewhere, &strangers, &charge, "RF 7"] {
        refused(&admin, &key, "there", number, &format!("tells of no refund {number} of {charge}.")).await;
    }
    refused(&admin, &key, "there", &known, "That is the number of another refund here.").await;
    let less = refund_there(&house, &charge, 500, key.strip_prefix("outcome:")).await;
    refused(&admin, &key, "there", &less, "$5.00 was paid back there of pi_").await;
    assert!(inbox(&house).await.contains("Nobody knows what became of a refund of $200.00."));
}

#[tokio::test]
async fn d2_d24_what_staff_declare_absent_of_refunds_can_be_refunded_again_unless_the_gateway_finds_it() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(mut house) = House::without_worker_on(database).await else { continue };
        let form = refund_unanswered(&house, "INV-501", "1204.50", "http:500").await;
        refund_unanswered(&house, "INV-502", "350.00", "reset_after_execute").await;
        house.advance(json!({"days": 1})).await;
        let (page, admin) = (inbox(&house).await, house.staff().await);
        assert!(page.contains(ABSENT), "{page}");
        let (absent, there) = (key_of(&page, "refund of $1,204.50"), key_of(&page, "refund of $350.00"));

        refused(&admin, &absent, "absent", " ", "Type how you know").await;
        house.arm("stripe", "token_revoked", REFUNDS_READ).await;
        refused(&admin, &absent, "absent", WHY, "if it does not let the portal in any more").await;
        said(&admin, &there, "absent", WHY, "found").await;
        said_twice(&house, &admin, &absent, "absent", WHY, REFUNDS_READ).await;
        said(&admin, &absent, "absent", WHY, "decided").await;
        said(&admin, &absent, "absent", "Somebody else said so", "gone").await;
        let page = inbox(&house).await;
        assert!(!page.contains("Nobody knows what became") && !page.contains("has failed"), "{page}");
        let story = house.story(&form).await;
        for words in [WHY, facts::NORTHWIND.admin_email, "does not have a refund whose outcome nobody knew."] {
            assert!(page.contains(words) && story.contains(words), "{words}: {page} {story}");
        }
        assert!(story.contains("Staff say that the gateway does not have the refund"), "{story}");

        let again = Dialog::open(&admin, &form.payment).await;
        assert_eq!(again.most, "1204.50");
        again.press(&admin, "200.00").await;
        house.start_worker();
        tells(&house, &admin, &form.payment, "Refund posted to the books").await;
        house.assert_everything_agrees().await;
        assert_eq!(credits(&house).await, [20_000, 35_000].map(|minor| ("PAID".to_owned(), minor)));
        let declared = "SELECT COUNT(*) FROM audit_line WHERE kind = 'refund_declared_absent'";
        house.until("the audit trail tells who said so", async || house.number(declared).await == 1).await;
    }
}

#[tokio::test]
async fn d2_g37_a_refund_that_was_declared_absent_and_is_listed_after_all_is_credited_and_shown_to_somebody() {
    let mut house = House::without_worker().await;
    let form = refund_unanswered(&house, "INV-501", "200.00", "http:500").await;
    house.advance(json!({"days": 1})).await;
    let key = key_of(&inbox(&house).await, "refund of $200.00");
    said(&house.staff().await, &key, "absent", WHY, "decided").await;

    let charge = number_of(&house, 120_450).await;
    refund_there(&house, &charge, 20_000, key.strip_prefix("outcome:")).await;
    house.start_worker();
    a_day_later(&house).await;
    tells(&house, &house.staff().await, &form.payment, "Refund posted to the books").await;
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 20_000)]);
    let alarm = "news about a refund of $200.00 do not fit what was final before";
    assert!(inbox(&house).await.contains(alarm), "somebody must look");
    let odd = "the gateway contradicts what was final";
    let is_all = async || matches!(&*house.differences(None).await, [one] if one.ends_with(odd));
    house.until("nothing else differs", is_all).await;
}
