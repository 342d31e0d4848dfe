//! The Downpayment invoice that the credit of a paid quote is for: nobody pays it in another way, until the credit is applied,
//! a person says that it is something else, or too little is left (S33-S35, N1).

use crate::{
    quotes::{DUE, allow, asked, bill, entered, guest_at, notes, opened, paid_by_card, sync, until_notes},
    refunds::Dialog,
    support::{House, On, ana, assert_has, field, http, link_for},
};
use serde_json::json;
use simulators::facts;

const COVERED: &str = "is covered by quote credit";

/// Staff give so much of the credit to an invoice in the books, by hand.
async fn allocate(house: &House, number: &str, amount: &str) {
    let state = house.state("xero").await;
    let note = state["credit_notes"].as_array().unwrap().iter().find(|note| note["reference"] == "PF").unwrap();
    let part = json!({"Allocations": [{"Amount": amount, "Date": "2026-12-01", "Invoice": {"InvoiceNumber": number}}]});
    let address =
        format!("{}/xero/api.xro/2.0/CreditNotes/{}/Allocations", house.vendors, note["id"].as_str().unwrap());
    let allocate = http().put(address).json(&part).bearer_auth(house.books_token().await);
    let allocate = allocate.header("xero-tenant-id", facts::xero::TENANT_ID).header("accept", "application/json");
    let allocated = allocate.send().await.unwrap();
    assert_eq!(allocated.status(), 200, "{}", allocated.text().await.unwrap());
    sync(house).await;
}

/// What whoever opens the invoice's link reads.
async fn page_of(house: &House, number: &str) -> (u16, String) {
    let guest = house.client();
    let opened = guest.get(&link_for(number, "Acme")).await;
    let page = match &opened.location {
        Some(checkout) => guest.get(checkout).await,
        None => opened,
    };
    (page.status, page.body)
}

async fn until_free(house: &House) {
    let is_free = async || !page_of(house, "INV-900").await.1.contains(COVERED);
    house.until("too little is left for it", is_free).await;
}

#[tokio::test]
async fn s35_n1_s34_s33_the_downpayment_invoice_is_kept_from_others_until_one_press_applies_the_credit() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        allow(&house, false).await;
        paid_by_card(&house).await;
        bill(&house, "INV-900", "Downpayment for Q-10231", "1250.00").await;
        let (status, page) = page_of(&house, "INV-900").await;
        assert!(status == 409 && page.contains(COVERED), "{page}");
        let board = ana(&house.portal).await.get("/dashboard").await.body;
        assert!(board.contains("Covered by quote credit"), "{board}");

        let staff = house.staff().await;
        let inbox = staff.get("/admin/exceptions").await.body;
        assert_has!(
            inbox,
            "INV-900 over $1,250.00 is covered",
            "quote Q-10231",
            "Apply the credit",
            "This invoice is something else"
        );
        let key = field(&inbox, "exception");
        for _ in 0..2 {
            assert_eq!(staff.post("/api/exceptions/retry", &[("exception", &key)]).await.status, 303);
        }
        house.until("it is applied", async || house.books_invoice("INV-900").await["due_minor"] == 0).await;
        until_notes(&house, "nothing is left of it", &[("PF_CR_Q-10231", "PAID", 0)]).await;
        house
            .until("it is told", async || staff.get("/admin/exceptions").await.body.contains("Nothing needs you"))
            .await;
        let allocations = house.state("xero").await["allocations"].as_array().unwrap().len();
        assert_eq!((allocations, house.charges().await.len()), (1, 1));
        assert!(page_of(&house, "INV-900").await.1.contains("is paid"));
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn n1_a_page_that_was_open_before_charges_nothing_once_the_invoice_is_covered() {
    let house = House::new().await;
    allow(&house, false).await;
    bill(&house, "INV-900", "Downpayment for Q-10231", "1250.00").await;
    let guest = house.client();
    let open = guest.get(&link_for("INV-900", "Acme")).await.location.unwrap();
    let form = guest.form(&open).await;
    paid_by_card(&house).await;
    sync(&house).await;
    let pressed = guest.call("/api/payments/take", &form.fields("pm_card_visa")).await;
    assert!(pressed.status == 409 && pressed.body.contains("covered by quote credit"), "{}", pressed.body);
    assert_eq!(house.charges().await.len(), 1, "the quote's alone");
}

#[tokio::test]
async fn n1_staff_say_that_an_invoice_is_something_else_and_it_is_paid_like_any_other() {
    let house = House::new().await;
    allow(&house, true).await;
    paid_by_card(&house).await;
    bill(&house, "INV-900", "Support in December", "1250.00").await;
    assert!(page_of(&house, "INV-900").await.1.contains(COVERED), "it owes as much");
    let staff = house.staff().await;
    let inbox = staff.get("/admin/exceptions").await.body;
    assert!(
        inbox.contains("owes as much as is left, and seems covered"),
        "no rule applies what is only alike: {inbox}"
    );
    let key = field(&inbox, "exception");
    let said = [("exception", key.as_str()), ("reason", "It is for support"), ("reference", "INV-900")];
    assert_eq!(staff.post("/api/exceptions/fix", &said).await.status, 303);
    let told = "SELECT count(*) FROM audit_line WHERE kind = 'exception_fixed' AND body LIKE '%It is for support%'";
    house.until("it stands in the audit trail", async || house.number(told).await == 1).await;
    sync(&house).await;
    let guest = house.client();
    let open = guest.get(&link_for("INV-900", "Acme")).await.location.unwrap();
    assert_eq!(guest.pay(&guest.form(&open).await, "pm_card_visa").await.status, 303);
    house.until("it is paid", async || house.books_invoice("INV-900").await["due_minor"] == 0).await;
    assert_eq!(notes(&house).await[0].2, DUE, "the credit waits for its own");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n1_what_staff_apply_in_the_books_by_hand_is_noticed_when_they_are_read() {
    let house = House::new().await;
    allow(&house, false).await;
    paid_by_card(&house).await;
    bill(&house, "INV-900", "Q-10231", "1250.00").await;
    bill(&house, "INV-901", "Support", "300.00").await;
    assert!(page_of(&house, "INV-900").await.1.contains(COVERED));
    allocate(&house, "INV-901", "300.00").await;
    until_free(&house).await;
}

#[tokio::test]
async fn n1_an_invoice_is_free_once_the_rest_of_a_credit_is_used_for_others_too() {
    let house = House::new().await;
    allow(&house, false).await;
    paid_by_card(&house).await;
    bill(&house, "INV-900", "Q-10231", "1250.00").await;
    house.edit_books(json!({"number": "INV-900", "amount_due_minor": 100_000})).await;
    bill(&house, "INV-901", "Support", "200.00").await;
    allocate(&house, "INV-901", "200.00").await;
    let used = "SELECT count(*) FROM quote_document WHERE state = 'used'";
    house.until("it is known that some is used", async || house.number(used).await == 1).await;
    assert!(page_of(&house, "INV-900").await.1.contains(COVERED), "1,050.00 are left for its 1,000.00");
    bill(&house, "INV-902", "Hardware", "300.00").await;
    allocate(&house, "INV-902", "300.00").await;
    until_free(&house).await;
}

#[tokio::test]
async fn n1_an_invoice_that_is_known_is_covered_the_moment_its_quote_is_paid() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::without_worker_on(database).await else { continue };
        allow(&house, false).await;
        // From here on, nobody reads the books.
        house.worked(bill(&house, "INV-900", "Downpayment for Q-10231", "1250.00")).await;
        let guest = house.client();
        let open = guest.get(&link_for("INV-900", "Acme")).await.location.unwrap();
        let form = guest.form(&open).await;
        let session = opened(&house, "8f2c:1:1").await;
        let (checkout, _) = entered(&guest, &session).await;
        assert_eq!(guest.pay(&guest.form(&checkout).await, "pm_card_visa").await.status, 303);
        let pressed = guest.call("/api/payments/take", &form.fields("pm_card_visa")).await;
        assert!(pressed.status == 409 && pressed.body.contains("covered by quote credit"), "{}", pressed.body);
        assert_eq!(house.charges().await.len(), 1, "the quote's alone");
    }
}

#[tokio::test]
async fn n1_a_quote_that_is_paid_back_keeps_no_invoice_from_its_payer() {
    let house = House::new().await;
    allow(&house, true).await;
    let (_, guest, checkout) = guest_at(&house, &asked()).await;
    let form = guest.form(&checkout).await;
    guest.pay(&form, "pm_card_visa").await;
    until_notes(&house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
    house.assert_everything_agrees().await;
    let staff = house.staff().await;
    let dialog = Dialog::open(&staff, &form.payment).await;
    assert_eq!(dialog.press(&staff, &dialog.most).await.status, 303);
    bill(&house, "INV-900", "Downpayment for Q-10231", "1250.00").await;
    assert!(!page_of(&house, "INV-900").await.1.contains(COVERED), "nothing pays it any more");
    assert_eq!(house.number("SELECT count(*) FROM quote_cover").await, 0);
    until_notes(&house, "the credit is paid out", &[("PF_CR_Q-10231", "PAID", 0)]).await;
    house.assert_everything_agrees().await;
}
