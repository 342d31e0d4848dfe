//! Who pays a quote and is not in the books yet: one press under Exceptions makes them there, or the merchant's rule does, and
//! what waited for them goes on by itself (S26, D30).

use crate::{
    debits,
    exceptions::INBOX,
    quotes::{DUE, SECRET, allow, allow_at, asked, entered, guest_at, opened_by, paid_by_a_stranger, until_notes},
    reef::{Reef, VISA},
    support::{Client, House, On, ana, assert_has, field, http},
};
use engine::QuoteRulesChange;
use serde_json::{Value, json};
use simulators::facts::{self, SOUTHERN, qbo, xero};

const NAME: &str = "Delta Dental";
const MADE: &str = "SELECT COUNT(*) FROM audit_line WHERE kind = 'customer_made'";

/// A session for somebody whom no books know.
fn asked_by_a_stranger() -> Value {
    let mut body = asked();
    body["account"]["name"] = json!(NAME);
    body
}

/// The contacts of that name in Xero.
async fn contacts(house: &House) -> Vec<Value> {
    let address = format!("{}/xero/api.xro/2.0/Contacts?searchTerm=Delta%20Dental&includeArchived=true", house.vendors);
    let request = http().get(address).bearer_auth(house.books_token().await).header("xero-tenant-id", xero::TENANT_ID);
    let found: Value = request.header("accept", "application/json").send().await.unwrap().json().await.unwrap();
    found["Contacts"].as_array().unwrap().clone()
}

/// What somebody else writes in Southern Cloud's company.
async fn write_in_quickbooks(house: &House, entity: &str, body: &Value) -> Value {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", qbo::STRANGER_REFRESH_TOKEN)];
    let token = http().post(format!("{}/qbo/oauth2/v1/tokens/bearer", house.vendors)).form(&grant);
    let token = token.basic_auth(qbo::STRANGER_CLIENT_ID, Some(qbo::STRANGER_CLIENT_SECRET));
    let token: Value = token.send().await.unwrap().json().await.unwrap();
    let address = format!("{}/qbo/v3/company/{}/{entity}", house.vendors, qbo::REALM_ID);
    let write = http().post(address).bearer_auth(token["access_token"].as_str().unwrap()).json(body);
    let written: Value = write.header("accept", "application/json").send().await.unwrap().json().await.unwrap();
    assert!(written["Fault"].is_null(), "{written}");
    written
}

/// Presses the button of the first line; answers the status.
async fn press(who: &Client, key: &str) -> u16 {
    who.post("/api/exceptions/create_customer", &[("exception", key)]).await.status
}

#[tokio::test]
async fn s26_d30_one_press_makes_the_customer_in_the_books_and_what_waits_for_them_is_posted() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        allow(&house, false).await;
        paid_by_a_stranger(&house).await;
        let staff = house.staff().await;
        let inbox = staff.get(INBOX).await.body;
        assert_has!(
            inbox,
            "Create customer in Xero",
            "has the name Delta Dental and the e-mail address ana@acme.test",
            "Post again"
        );
        let key = field(&inbox, "exception");
        assert_eq!(press(&house.signed_in(facts::HARBOUR.admin_email).await, &key).await, 404, "another merchant's");
        for _ in 0..2 {
            assert_eq!(press(&staff, &key).await, 303);
        }
        until_notes(&house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
        let found = contacts(&house).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((&found[0]["Name"], &found[0]["EmailAddress"]), (&json!(NAME), &json!("ana@acme.test")));
        house.until("nobody is needed", async || staff.get(INBOX).await.body.contains("Nothing needs you")).await;
        house.until("the audit trail tells of it, once", async || house.number(MADE).await == 1).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn s26_s27_a_draft_that_waits_for_its_customer_is_written_once_they_are_made() {
    let house = House::new().await;
    allow(&house, false).await;
    // Ana's company is one of whom the books have never told.
    let unknown = "UPDATE customer SET external_id = 'to-make-1', name = 'Delta Dental', code = NULL
        WHERE name = 'Acme Pty Ltd' AND merchant_id = (SELECT id FROM merchant WHERE name = 'Northwind IT')";
    house.execute(unknown).await;
    let payer = ana(&house.portal).await;
    let (method, answer) = debits::save(&payer, "pm_usBankAccount_success", "Ana Example").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let session = opened_by(&house, SECRET, "8f2c:1:1", &asked_by_a_stranger()).await;
    let (checkout, _) = entered(&payer, &session).await;
    assert_eq!(payer.pay_saved(&payer.form(&checkout).await, &method).await.status, 303);
    let staff = house.staff().await;
    let waits = async || staff.get(INBOX).await.body.contains("did not take the draft of the credit PF_CR_Q-10231");
    house.until("staff are told", waits).await;
    let inbox = staff.get(INBOX).await.body;
    assert_has!(inbox, "Xero does not have Delta Dental yet.", "Create customer in Xero");
    assert_eq!(press(&staff, &field(&inbox, "exception")).await, 303);
    until_notes(&house, "its draft stands", &[("PF_CR_Q-10231", "DRAFT", DUE)]).await;

    house.advance(json!({"days": 7})).await;
    until_notes(&house, "it is approved", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
    assert_eq!(contacts(&house).await.len(), 1);
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d4_s26_by_the_merchants_rule_nobody_is_asked_and_a_lost_answer_makes_no_second_customer() {
    let house = House::new().await;
    allow(&house, false).await;
    let always = QuoteRulesChange { creates_customers: Some(true), ..QuoteRulesChange::default() };
    house.engine.set_quote_rules("northwind", always).await.unwrap();
    house.arm("xero", "reset_after_execute", "PUT /xero/api.xro/2.0/Contacts").await;
    let (_, guest, checkout) = guest_at(&house, &asked_by_a_stranger()).await;
    guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
    until_notes(&house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
    let tried_again = "SELECT COUNT(*) FROM job WHERE unique_key LIKE 'post_payment:%' AND tries > 1";
    assert_eq!(house.number(tried_again).await, 1, "its answer was lost");
    assert_eq!(contacts(&house).await.len(), 1);
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn s26_d30_a_name_that_a_vendor_has_in_quickbooks_is_said_and_the_customer_made_once_it_is_free() {
    // Southern Cloud is paid through the same account at the gateway.
    let reef = Reef::new().await;
    let house = &reef.house;
    allow_at(house, SOUTHERN.key, false).await;
    let vendor = write_in_quickbooks(house, "vendor", &json!({"DisplayName": NAME})).await["Vendor"].clone();
    let mut body = asked_by_a_stranger();
    body["one_time"] = json!({"amount_minor": DUE, "currency": SOUTHERN.currency});
    let guest = house.client();
    let session = opened_by(house, SOUTHERN.sell.secret, "8f2c:1:1", &body).await;
    let (checkout, _) = entered(&guest, &session).await;
    let pressed = guest.pay(&guest.form(&checkout).await, &reef.nonce(VISA).await).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);

    let staff = house.signed_in(SOUTHERN.admin_email).await;
    let told = async |words: &str| staff.get(INBOX).await.body.contains(words);
    house.until("staff are told", async || told("QuickBooks Online does not have Delta Dental yet.").await).await;
    let inbox = staff.get(INBOX).await.body;
    assert_has!(inbox, "Create customer in QuickBooks Online");
    let (_, line) = inbox.split_once("Delta Dental yet.").unwrap();
    let key = field(line, "exception");
    assert_eq!(press(&staff, &key).await, 303);
    house.until("they read whose name it is", async || told("Delta Dental is a name there already").await).await;

    let renamed = json!({"Id": vendor["Id"], "SyncToken": vendor["SyncToken"], "sparse": true,
        "DisplayName": "Delta Supplies"});
    write_in_quickbooks(house, "vendor", &renamed).await;
    assert_eq!(press(&staff, &key).await, 303);
    let stands = async || {
        let state = house.state("qbo").await;
        let mut credits = state["credit_notes"].as_array().unwrap().iter();
        credits.any(|credit| credit["number"] == "PF_CR_Q-10231" && credit["customer"] == NAME)
    };
    house.until("the credit stands", stands).await;
    house.until("nobody is needed for it", async || !told(NAME).await).await;
}
