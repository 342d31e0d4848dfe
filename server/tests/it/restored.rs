//! The drill of F25 (`quality.md`, 2.2): yesterday's copy of the database is put back, while gateway and books have moved on.
//! What it does not have is named, comes back from these two by one press, and nobody pays it twice.

use crate::{
    exceptions::{INBOX, a_day_later, charge_by_another},
    reef::Reef,
    refunds::{Dialog, credits},
    support::{Answer, Client, House, Server, assert_has, field, http, link, paid_and_booked, sign_event},
};
use domain::money::Currency;
use serde_json::json;
use server::demo;
use simulators::facts;
use std::process::{Output, Stdio};
use uuid::Uuid;

/// Paid after the copy was made: number, and how amounts are written by command and page.
const LOST: [(&str, &str, &str); 2] = [("INV-502", "350.00", "$350.00"), ("INV-503", "700.00", "$700.00")];

const OFFER: &str = "Take it into the books";

/// News of a charge that nothing is known of here, as a gateway sends them again.
async fn told_of(house: &House, charge: &str) {
    let body = json!({"id": "evt_late", "object": "event", "type": "payment_intent.succeeded", "created": 1,
        "data": {"object": {"id": charge, "object": "payment_intent"}}})
    .to_string();
    let signature = sign_event(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, house.now().timestamp());
    let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
    let sent = http().post(url).header("stripe-signature", signature).body(body).send().await.unwrap();
    assert_eq!(sent.status(), 200);
}

/// The books lose the payment of an invoice; answers the reference that it had.
async fn lose_posting(house: &House, number: &str) -> String {
    let payment = house.books_payments(number).await.remove(0);
    let url = format!("{}/xero/api.xro/2.0/Payments/{}", house.vendors, payment["id"].as_str().unwrap());
    let delete = http().post(url).json(&json!({"Status": "DELETED"})).bearer_auth(house.books_token().await);
    let delete = delete.header("xero-tenant-id", facts::xero::TENANT_ID).header("accept", "application/json");
    assert_eq!(delete.send().await.unwrap().status(), 200);
    payment["reference"].as_str().unwrap().to_owned()
}

async fn press(who: &Client, key: &str, invoice: &str) -> Answer {
    who.post("/api/exceptions/retry", &[("exception", key), ("invoice", invoice)]).await
}

async fn pressed(who: &Client, key: &str, invoice: &str) {
    let pressed = press(who, key, invoice).await;
    assert_eq!((pressed.status, pressed.location.as_deref()), (303, Some("/admin/exceptions?done=retry")));
}

/// What the inbox says after a press that has changed nothing.
async fn refused(who: &Client, key: &str, invoice: &str, why: &str) {
    assert_eq!(press(who, key, invoice).await.location.as_deref(), Some(INBOX), "{why}");
    let page = who.get(INBOX).await.body;
    assert!(page.contains("It stays open") && page.contains(why), "{why}: {page}");
}

/// What the inbox says of the charge of this amount.
fn line_about<'a>(inbox: &'a str, amount: &str) -> &'a str {
    let took = format!("The gateway took {amount} (pi_");
    let line = inbox.split("<li").find(|line| line.contains(&took));
    line.unwrap_or_else(|| panic!("no {took} in {inbox}"))
}

/// The payment of an invoice, as the list of transactions links it.
async fn payment_of(admin: &Client, number: &str) -> String {
    let list = admin.get("/admin/transactions").await.body;
    let row = list.split("<tr").find(|row| row.contains(number)).unwrap_or_else(|| panic!("no {number} in {list}"));
    row.split("/admin/transactions/").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn f25_what_a_restored_copy_lacks_is_named_and_rebuilt_from_gateway_and_books_by_one_press() {
    let mut house = House::without_portal().await;
    {
        let server = Server::start(&house, None).await;
        let (guest, form) = paid_and_booked(&house, &server.portal).await;
        house.back_up().await;

        for (number, ..) in LOST {
            guest.pay(&guest.open(number).await, "pm_card_visa").await;
            house.until(number, async || house.books_payments(number).await.len() == 1).await;
        }
        let admin = Client::new(&server.portal);
        admin.sign_in(facts::NORTHWIND.admin_email).await;
        Dialog::open(&admin, &form.payment).await.press(&admin, "5.00").await;
        house.until("it is credited", async || credits(&house).await == [("PAID".to_owned(), 500)]).await;
        house.assert_everything_agrees().await;
    }
    house.restore();

    let Output { status, stdout, .. } = house.program(&["verify-books"]).stdout(Stdio::piped()).output().unwrap();
    let told = String::from_utf8(stdout).unwrap();
    assert!(!status.success(), "{told}");
    let named =
        |words: &str, what: &str| told.lines().filter(|line| line.contains(words) && line.contains(what)).count();
    for (_, amount, _) in LOST {
        let took = format!("the gateway took {amount} (pi_");
        assert_eq!(named(&took, "for an attempt that we do not know"), 1, "{told}");
    }
    assert_eq!(named("the gateway paid 5.00 back (re_", "by a refund that we do not know"), 1, "{told}");

    let first = told.split("the gateway took 350.00 (").nth(1).unwrap().split(')').next().unwrap();

    let server = Server::start(&house, None).await;
    house.portal.clone_from(&server.portal);
    told_of(&house, first).await;
    let parked = "SELECT COUNT(*) FROM webhook WHERE state = 'parked'";
    house.until("its news are parked", async || house.number(parked).await == 1).await;
    a_day_later(&house).await;
    for (number, ..) in LOST {
        let guest = house.client();
        let is_closed = async || guest.get(&link(number)).await.status == 409;
        house.until(&format!("{number} is not paid again"), is_closed).await;
    }
    assert_eq!(house.charges().await.len(), 1 + LOST.len());
    let admin = house.staff().await;
    let inbox = admin.get(INBOX).await.body;
    let keys = LOST.map(|(_, _, amount)| {
        let line = line_about(&inbox, amount);
        assert!(line.contains(OFFER), "{line}");
        field(line, "exception")
    });

    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    assert_eq!(press(&harbour, &keys[0], "").await.status, 404, "another merchant's");

    let [in_books, not_there] = &keys;
    let reference = lose_posting(&house, "INV-503").await;
    refused(&admin, not_there, "", &format!("The books have no payment with the reference {reference}.")).await;
    refused(&admin, not_there, "INV-999", "There is no invoice INV-999 here.").await;
    refused(&admin, not_there, "INV-502", "Invoice INV-502 is not open, or does not owe 700.00 or more.").await;

    let second = house.staff().await;
    // Where the books know, nobody is believed.
    tokio::join!(pressed(&admin, in_books, "INV-503"), pressed(&second, in_books, ""));
    for (key, invoice) in [(in_books, ""), (not_there, "INV-503"), (not_there, "INV-503")] {
        pressed(&admin, key, invoice).await;
    }
    house.until("it is posted", async || house.books_payments("INV-503").await.len() == 1).await;
    assert_eq!(house.number(parked).await, 0, "its news are read");
    let agrees = async || house.program(&["verify-books"]).status().unwrap().success();
    house.until("gateway, records and books agree", agrees).await;
    for (number, ..) in LOST {
        assert_eq!(house.books_payments(number).await.len(), 1, "{number} was not posted twice");
    }
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 500)], "the refund came back by itself, and once");
    assert!(admin.get(INBOX).await.body.contains("Nothing needs you"));

    let payment = payment_of(&admin, "INV-502").await;
    let story = admin.get(&format!("/admin/transactions/{payment}")).await.body;
    assert_has!(
        story,
        "Taken in from the gateway after a restore",
        facts::NORTHWIND.admin_email,
        "Paid, and it stands in the books",
        "Nobody: the address is not known here"
    );
    let proof = admin.get(&format!("/admin/transactions/{payment}/proof")).await.body;
    assert!(proof.contains("what its payer agreed to is not known here"), "{proof}");
    assert!(!proof.contains("The audit trail does not hold"), "{proof}");

    // From here on it is a payment like any other.
    Dialog::open(&admin, &payment).await.press(&admin, "10.00").await;
    house.until("it is credited", async || credits(&house).await.len() == 2).await;
    house.until("they agree again", agrees).await;
    assert_eq!(house.number("SELECT COUNT(*) FROM mail WHERE recipient = ''").await, 0, "nobody is written to");
}

#[tokio::test]
async fn f25_a_charge_that_another_merchant_has_begun_is_not_taken_in_and_one_is_though_another_gateway_is_silent() {
    // Of Northwind's account as well.
    let reef = Reef::of(House::new().await, Currency::USD, |house| demo::stripe(&house.vendors)).await;
    let house = &reef.house;
    charge_by_another(house, &format!("att_{}", Uuid::now_v7().simple())).await;
    reef.guest.pay(&reef.form().await, "pm_card_visa").await;
    assert_eq!(house.charges().await.len(), 2);
    a_day_later(house).await;
    let admin = house.staff().await;
    let inbox = admin.get(INBOX).await.body;
    let (lost, theirs) = (line_about(&inbox, "$5.00"), line_about(&inbox, "$350.00"));
    assert!(lost.contains(OFFER) && !theirs.contains(OFFER), "{inbox}");

    // As if it had been offered before its payment was known.
    house.execute("UPDATE exception SET cure = 'take_in'").await;
    refused(&admin, &field(theirs, "exception"), "INV-502", "The gateway does not list it as it did").await;

    // Southern's gateway becomes a second one of Northwind's, which is asked before the other.
    let second = "UPDATE connection SET lane = 'a', merchant_id = (SELECT id FROM merchant WHERE name = 'Northwind IT')
        WHERE provider = 'authorizenet'";
    house.execute(second).await;
    house.arm("authorizenet", "http:500", "authorizenet").await;
    pressed(&admin, &field(lost, "exception"), "INV-502").await;
    assert!(!house.armed().await.to_string().contains("authorizenet"), "it was asked");
    house.until("it is posted", async || house.books_payments("INV-502").await.len() == 1).await;
    assert_eq!(house.books_payments("INV-502").await[0]["amount_minor"], 500);
}
