//! Debits that a bank took back late and whose payment the books keep (D9, G46): staff have an invoice of ours ask for the
//! money again, once, whatever is pressed or lost, and its customer pays that here.

use crate::{
    debits::{paid, save_as},
    disputes::tells,
    exceptions::INBOX,
    reef,
    support::{Client, Form, House, On, ana, assert_has, field, http},
};
use domain::money::Currency;
use engine::GatewaySettings;
use serde_json::{Value, json};
use server::demo;
use simulators::facts::{self, qbo::CLEARING_ACCOUNT_ID};

const KEPT: &str = "went back, but the books keep its payment";
const ASKED_FOR: &str = "The books keep its payment, and a return invoice asks for the money again.";
const INVOICES: &str = "PUT /xero/api.xro/2.0/Invoices";
/// An open invoice of Southern Cloud's company in QuickBooks Online, and its customer.
const OWED: &str =
    "SELECT invoice.number, customer.name FROM invoice JOIN customer ON customer.id = invoice.customer_id
    AND customer.merchant_id = invoice.merchant_id JOIN merchant ON merchant.id = invoice.merchant_id
    WHERE merchant.name = 'Southern Cloud' AND invoice.status = 'open' AND invoice.due_minor = invoice.total_minor
    ORDER BY invoice.due_minor DESC, invoice.number LIMIT 1";

async fn press(staff: &Client, key: &str) {
    let pressed = staff.post("/api/exceptions/write_return_invoice", &[("exception", key)]).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
}

/// The return invoices that the books have.
async fn raised(house: &House, vendor: &str) -> Vec<Value> {
    let invoices = house.state(vendor).await["invoices"].as_array().unwrap().clone();
    invoices.into_iter().filter(|invoice| invoice["number"].as_str().unwrap().starts_with("RT-")).collect()
}

/// A bookkeeper matches a payment with the bank statement, or puts it into a deposit.
async fn edit_payment(house: &House, vendor: &str, edit: Value) {
    let edited = http().post(format!("{}/control/{vendor}/payment", house.vendors)).json(&edit).send().await.unwrap();
    assert!(edited.status().is_success(), "{}", edited.text().await.unwrap());
}

/// What names the exception in the inbox of these staff.
async fn key_of(staff: &Client) -> String {
    let page = staff.get(INBOX).await.body;
    assert_has!(page, KEPT, "Try again", "Write return invoice", "Or let it stay, and have a return invoice ask");
    field(page.split_once(KEPT).unwrap().1, "exception")
}

/// INV-501, paid by a debit, reconciled, and taken back by the bank.
async fn kept_in_xero(house: &House) -> Form {
    let (form, _) = paid(&house.portal, "pm_usBankAccount_dispute").await;
    house.advance(json!({"days": 6})).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
    let payment = house.books_payments("INV-501").await.remove(0)["id"].clone();
    edit_payment(house, "xero", json!({"id": payment, "reconciled": true})).await;
    house.advance(json!({"days": 25})).await;
    tells(house, &form, "Its payment is reconciled with the bank statement.").await;
    form
}

#[tokio::test]
async fn d9_g46_what_a_bank_takes_back_of_a_reconciled_payment_is_owed_by_a_return_invoice_and_paid_again() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = kept_in_xero(&house).await;
        let admin = house.staff().await;
        let key = key_of(&admin).await;
        let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
        let pressed = harbour.post("/api/exceptions/write_return_invoice", &[("exception", &key)]).await;
        assert_eq!(pressed.status, 404, "another merchant's");
        tokio::join!(press(&admin, &key), press(&admin, &key));
        tells(&house, &form, ASKED_FOR).await;
        press(&admin, &key).await;

        let [invoice] = raised(&house, "xero").await.try_into().unwrap();
        assert_eq!((&invoice["status"], &invoice["due_minor"]), (&json!("AUTHORISED"), &json!(120_450)));
        assert!(invoice["reference"].as_str().unwrap().starts_with("PAY-"), "{invoice}");
        let number = invoice["number"].as_str().unwrap();
        assert_eq!(house.books_invoice("INV-501").await["due_minor"], 0, "nobody owes it twice");
        assert_eq!(house.books_payments("INV-501").await.len(), 1, "its payment stays");
        let story = house.story(&form).await;
        assert_has!(story, "Return invoice asked for", "Return invoice written", number, facts::NORTHWIND.admin_email);
        assert!(!admin.get(INBOX).await.body.contains(KEPT));
        house.assert_everything_agrees().await;
        let proof = admin.get(&format!("/admin/transactions/{}/proof", form.payment)).await.body;
        assert_has!(proof, "Return invoice asked for", "Return invoice written");

        let ana = ana(&house.portal).await;
        let board = ana.get("/dashboard").await.body;
        let (_, row) = board.split_once(number).unwrap_or_else(|| panic!("{number} is owed: {board}"));
        let opened = ana.post("/api/invoices/pay", &[("invoice", &field(row, "invoice"))]).await.location.unwrap();
        assert_eq!(ana.pay(&ana.form(&opened).await, "pm_card_visa").await.status, 303);
        house.until("it is paid by card", async || house.books_invoice(number).await["due_minor"] == 0).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d30_d4_a_return_invoice_that_is_refused_is_offered_again_and_one_whose_answer_is_lost_is_written_once() {
    let house = House::new().await;
    let form = kept_in_xero(&house).await;
    let admin = house.staff().await;
    house.arm("xero", "period_locked", INVOICES).await;
    press(&admin, &key_of(&admin).await).await;
    tells(&house, &form, "They refused the return invoice RT-").await;
    assert!(raised(&house, "xero").await.is_empty());

    house.arm("xero", "reset_after_execute", INVOICES).await;
    press(&admin, &key_of(&admin).await).await;
    house.until("it stands, and nobody has heard so", async || raised(&house, "xero").await.len() == 1).await;
    house.advance(json!({"minutes": 5})).await;
    tells(&house, &form, ASKED_FOR).await;
    assert_eq!(raised(&house, "xero").await.len(), 1);
    house.assert_everything_agrees().await;
}

/// A payment that is reconciled no more leaves the books, and then no invoice asks for it.
#[tokio::test]
async fn d9_what_the_books_let_go_of_after_all_is_asked_for_by_no_return_invoice() {
    let house = House::new().await;
    let form = kept_in_xero(&house).await;
    let admin = house.staff().await;
    let key = key_of(&admin).await;
    let payment = house.books_payments("INV-501").await.remove(0)["id"].clone();
    edit_payment(&house, "xero", json!({"id": payment, "reconciled": false})).await;
    assert_eq!(admin.post("/api/exceptions/retry", &[("exception", &key)]).await.status, 303);
    tells(&house, &form, "It does not stand in the books").await;
    press(&admin, &key).await;
    house.assert_everything_agrees().await;
    assert!(raised(&house, "xero").await.is_empty());
    assert_eq!(house.books_invoice("INV-501").await["due_minor"], 120_450);
}

#[tokio::test]
async fn d9_g46_in_quickbooks_a_deposited_payment_stays_and_a_return_invoice_asks_for_its_money() {
    let mut house = House::without_worker().await;
    let database = sqlx::SqlitePool::connect(&house.url).await.unwrap();
    let (number, customer): (String, String) = sqlx::query_as(OWED).fetch_one(&database).await.unwrap();
    database.close().await;
    // Nobody else reads the same books by the same grant.
    house.execute("DELETE FROM connection WHERE kind = 'books'").await;
    let (books, gateway) = (demo::quickbooks(&house.vendors, Currency::AUD), (GatewaySettings::Sandbox, None));
    reef::found_for(&house, Currency::AUD, books, gateway, Some(&customer)).await;
    house.start_worker();
    let cora = house.signed_in(reef::PAYER).await;
    let (method, _) = save_as(&cora, "becs_debit", "sbx_bank_returned", "Cora Example").await;
    let link = reef::LINK.replace("RS-1&companyCode=CORAL", &format!("{number}&companyCode="));
    let form = cora.form(&cora.get(&link).await.location.unwrap()).await;
    assert_eq!(cora.pay_saved(&form, &method).await.status, 303);

    let story = async || {
        let staff = house.signed_in(reef::ADMIN).await;
        staff.get(&format!("/admin/transactions/{}", form.payment)).await.body
    };
    house.advance(json!({"days": 4})).await;
    house.until("it stands in the books", async || story().await.contains("Paid, and it stands")).await;
    let ours = async || {
        let payments = house.state("qbo").await["payments"].as_array().unwrap().clone();
        let is_ours = |paid: &Value| paid["account"] == CLEARING_ACCOUNT_ID && paid["invoice"] == number.as_str();
        payments.into_iter().filter(is_ours).collect::<Vec<_>>()
    };
    let [payment] = ours().await.try_into().unwrap();
    edit_payment(&house, "qbo", json!({"id": payment["id"], "deposited": true})).await;
    house.advance(json!({"days": 17})).await;
    house.until("the books keep it", async || story().await.contains("The books keep its payment")).await;

    let staff = house.signed_in(reef::ADMIN).await;
    press(&staff, &key_of(&staff).await).await;
    house.until("an invoice asks for it", async || story().await.contains(ASKED_FOR)).await;
    let [invoice] = raised(&house, "qbo").await.try_into().unwrap();
    assert_eq!((&invoice["due_minor"], &invoice["customer"]), (&payment["amount_minor"], &json!(customer)));
    assert_eq!(ours().await[0]["status"], "AUTHORISED", "its payment stays");
    let agree = async || !house.differences(None).await.iter().any(|words| words.starts_with(reef::MERCHANT));
    house.until("gateway, portal and books agree", agree).await;
    let board = house.signed_in(reef::PAYER).await.get("/dashboard").await.body;
    assert!(board.contains(invoice["number"].as_str().unwrap()), "{board}");
}
