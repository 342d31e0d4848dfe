//! A quote, from the session that its program opens to the credit that finds its Downpayment invoice (S1-S41, N1).

use crate::{
    debits, methods,
    refunds::Dialog,
    sandbox::COMPARISONS,
    support::{Client, Form, House, On, ana, field, http, link_for},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use engine::QuoteRulesChange;
use serde_json::{Value, json};
use simulators::facts;
use std::time::Duration;

const SESSIONS: &str = "/api/integrations/quotes/v1/sessions";
const SECRET: &str = facts::NORTHWIND.sell.secret;
pub const DUE: i64 = 125_000;

/// A session as ConnectWise Sell asks for it.
pub fn asked() -> Value {
    json!({
        "quote": {"id": "8f2c", "number": 10_231, "version": 1, "name": "New firewall"},
        "account": {"name": "Acme Pty Ltd"},
        "payer": {"email": "ana@acme.test", "first_name": "Ana", "last_name": "Example"},
        "one_time": {"amount_minor": DUE, "currency": "USD", "tax_minor": 0},
        "recurring": null,
        "allowed_methods": ["card", "bank"],
        "return_url": "https://sell.example/back?quote=8f2c",
        "cancel_url": "https://sell.example/left",
        "acceptance": {"accepted_at": "2026-11-28T10:00:00Z", "signer_name": "Ana Example"},
        "metadata": {"opportunity": "42"},
    })
}

pub async fn allow(house: &House, applies_credits: bool) {
    allow_at(house, "northwind", applies_credits).await;
}

async fn allow_at(house: &House, merchant: &str, applies_credits: bool) {
    let change = QuoteRulesChange {
        applies_credits: Some(applies_credits),
        return_hosts: Some(vec!["sell.example".to_owned()]),
        webhook_url: None,
    };
    house.engine.set_quote_rules(merchant, change).await.unwrap();
}

/// A quote's page in Sell, and what its payer does there.
struct InSell {
    payer: Client,
}

impl InSell {
    const QUOTE: &str = "/sell/quote/Q-10231";

    async fn of(house: &House) -> Self {
        let rules = server::demo::quotes_of_sell(&house.vendors);
        house.engine.set_quote_rules("northwind", rules).await.unwrap();
        Self { payer: Client::new(&house.vendors) }
    }

    /// Presses its button; the session that it leads to.
    async fn press(&self) -> Value {
        let form = [("terms", "yes"), ("signer", "Ana Example")];
        let pressed = self.payer.post(&format!("{}/accept", Self::QUOTE), &form).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        json!({"pay_url": pressed.location})
    }

    /// Goes back there from a checkout; the quote's page, and the way.
    async fn back(&self, guest: &Client, checkout: &str) -> (String, String) {
        let id = checkout.split("transactionId=").nth(1).unwrap();
        let way = guest.get(&format!("/q/back?transactionId={id}")).await.location.unwrap();
        let taken = self.payer.get(&way).await;
        assert_eq!((taken.status, taken.location.as_deref()), (303, Some(Self::QUOTE)), "{}", taken.body);
        (self.payer.get(Self::QUOTE).await.body, way)
    }
}

async fn call(request: reqwest::RequestBuilder, secret: &str) -> (u16, Value) {
    let answer = request.bearer_auth(secret).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn create(house: &House, key: &str, body: &Value) -> (u16, Value) {
    create_by(house, SECRET, key, body).await
}

async fn create_by(house: &House, secret: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = http().post(format!("{}{SESSIONS}", house.portal)).header("idempotency-key", key);
    call(request.json(body), secret).await
}

pub async fn opened(house: &House, key: &str) -> Value {
    let (status, session) = create(house, key, &asked()).await;
    assert_eq!(status, 201, "{session}");
    session
}

async fn result(house: &House, session: &Value) -> Value {
    let id = session["session_id"].as_str().unwrap();
    let (status, result) = call(http().get(format!("{}{SESSIONS}/{id}", house.portal)), SECRET).await;
    assert_eq!(status, 200, "{result}");
    result
}

/// Where the payer's browser is sent, and the page there.
pub async fn entered(client: &Client, session: &Value) -> (String, String) {
    let entered = client.get(session["pay_url"].as_str().unwrap()).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    let checkout = entered.location.unwrap();
    let page = client.get(&checkout).await;
    assert_eq!(page.status, 200, "{}", page.body);
    (checkout, page.body)
}

/// What the browser brings back, once its signature was held against the secret.
async fn brought_back(client: &Client, checkout: &str) -> Value {
    let id = checkout.split("transactionId=").nth(1).unwrap();
    let left = client.get(&format!("/q/back?transactionId={id}")).await;
    assert_eq!(left.status, 303, "{}", left.body);
    let url = reqwest::Url::parse(&left.location.unwrap()).unwrap();
    let brought: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    let of = |name: &str| brought[name].clone();
    let signed = format!("v1\n{}\n{}\n{}\n{}", of("wp_session"), of("wp_status"), of("wp_ts"), of("wp_nonce"));
    // HKDF-SHA256 without a salt, of one block.
    let extracted = mac(&[0; 32], SECRET.as_bytes());
    let key = mac(&extracted, b"wp-int/v1/return\x01");
    assert_eq!(of("wp_sig"), BASE64_URL_SAFE_NO_PAD.encode(mac(&key, signed.as_bytes())));
    json!({"host": url.host_str(), "path": url.path(), "status": of("wp_status"), "session": of("wp_session")})
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

pub async fn notes(house: &House) -> Vec<(String, String, i64)> {
    let state = house.state("xero").await;
    let notes = state["credit_notes"].as_array().unwrap().iter();
    let of_quotes = notes.filter(|note| note["reference"] == "PF");
    let told = |note: &Value| {
        let text = |name: &str| note[name].as_str().unwrap().to_owned();
        (text("number"), text("status"), note["remaining_minor"].as_i64().unwrap())
    };
    of_quotes.map(told).collect()
}

pub async fn until_notes(house: &House, what: &str, wanted: &[(&str, &str, i64)]) {
    let is_so = async || {
        let found = notes(house).await;
        let found: Vec<_> =
            found.iter().map(|(number, status, left)| (number.as_str(), status.as_str(), *left)).collect();
        found == wanted
    };
    house.until(what, is_so).await;
}

/// The quote paid by a guest's card and booked; the session.
async fn paid_by_card(house: &House) -> Value {
    let session = opened(house, "8f2c:1:1").await;
    let guest = house.client();
    let (checkout, _) = entered(&guest, &session).await;
    guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
    until_notes(house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
    house.assert_everything_agrees().await;
    session
}

/// The quote paid from an account of Ana's; the session.
async fn sent_to_bank(house: &House, payer: &Client, account: &str, key: &str) -> Value {
    let (method, answer) = debits::save(payer, account, "Ana Example").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let session = opened(house, key).await;
    let (checkout, page) = entered(payer, &session).await;
    assert!(page.contains("STRIPE TEST BANK"), "{page}");
    assert_eq!(payer.pay_saved(&payer.form(&checkout).await, &method).await.status, 303);
    session
}

/// An invoice of Acme's, written in the books and read.
pub async fn bill(house: &House, number: &str, reference: &str, amount: &str) {
    let today = house.now().date_naive();
    let document = json!({
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Reference": reference,
        "Contact": {"Name": "Acme Pty Ltd"}, "Date": today, "DueDate": today, "LineAmountTypes": "NoTax",
        "LineItems": [{"Description": "Downpayment", "Quantity": 1, "UnitAmount": amount,
            "AccountCode": facts::xero::SALES_ACCOUNT_CODE}],
    });
    let write =
        http().post(format!("{}/xero/api.xro/2.0/Invoices", house.vendors)).json(&json!({"Invoices": [document]}));
    let write = write.bearer_auth(house.books_token().await).header("xero-tenant-id", facts::xero::TENANT_ID);
    let written = write.send().await.unwrap();
    assert_eq!(written.status(), 200, "{}", written.text().await.unwrap());
    sync(house).await;
}

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

async fn sync(house: &House) {
    house.download(&house.staff().await).await;
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

const COVERED: &str = "is covered by quote credit";

#[tokio::test]
async fn s1_s19_s20_s26_s31_s32_a_guest_pays_a_quote_by_card_goes_back_and_both_documents_stand() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        allow(&house, false).await;
        let session = opened(&house, "8f2c:1:1").await;
        assert!(session["session_id"].as_str().unwrap().starts_with("qs_"), "{session}");
        assert_eq!(session["status"], "created");
        assert_eq!(session["pay_url"].as_str().unwrap().rsplit('/').next().unwrap().len(), 43);
        assert_eq!(opened(&house, "8f2c:1:1").await, session, "the same request is answered the same");

        let guest = house.client();
        let (checkout, page) = entered(&guest, &session).await;
        for words in
            ["Quote ", "Q-10231", "New firewall", "Pay $1,250.00", "value=\"ana@acme.test\"", "Back to your quote"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!(brought_back(&guest, &checkout).await["status"], "cancelled", "nothing was paid yet");
        let form = guest.form(&checkout).await;
        let paid = guest.pay(&form, "pm_card_visa").await.location.unwrap();
        assert_eq!(guest.pay(&form, "pm_card_visa").await.location.as_ref(), Some(&paid), "pressed twice");
        let page = guest.get(&paid).await.body;
        for words in ["You paid $1,250.00", "Quote ", "Q-10231", "http-equiv=\"refresh\"", "Stay on this page"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!guest.get(&format!("{paid}&stay=1")).await.body.contains("http-equiv=\"refresh\" content=\"5"));
        let back = brought_back(&guest, &checkout).await;
        assert_eq!((&back["status"], &back["path"]), (&json!("succeeded"), &json!("/back")), "{back}");
        assert_eq!(back["session"], session["session_id"]);

        until_notes(&house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
        let invoice = house.books_invoice("PF_Q-10231").await;
        assert_eq!((&invoice["status"], &invoice["reference"]), (&json!("PAID"), &json!("PF")), "{invoice}");
        assert_eq!(house.charges().await.len(), 1);
        let told = result(&house, &session).await;
        for (name, value) in [
            ("status", json!("succeeded")),
            ("amount_minor", json!(DUE)),
            ("method", json!("card")),
            ("last4", json!("4242")),
            ("metadata", json!({"opportunity": "42"})),
            ("failure", Value::Null),
        ] {
            assert_eq!(told[name], value, "{name}: {told}");
        }
        let (status, again) = create(&house, "8f2c:1:2", &asked()).await;
        assert_eq!((status, &again["error"]["code"]), (409, &json!("already_paid")), "{again}");
        assert_eq!(again["error"]["reference"], told["reference"]);
        house.assert_everything_agrees().await;
        assert!(!ana(&house.portal).await.get("/dashboard").await.body.contains("Q-10231"), "it is paid");
    }
}

#[tokio::test]
async fn s2_s27_s28_s39_a_debit_drafts_the_credit_and_approves_it_when_it_has_cleared() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        allow(&house, false).await;
        let payer = ana(&house.portal).await;
        let session = sent_to_bank(&house, &payer, "pm_usBankAccount_success", "8f2c:1:1").await;
        until_notes(&house, "its draft stands", &[("PF_CR_Q-10231", "DRAFT", DUE)]).await;
        assert_eq!(result(&house, &session).await["status"], "processing");
        let (status, again) = create(&house, "8f2c:1:2", &asked()).await;
        assert_eq!((status, &again["error"]["code"]), (409, &json!("already_paid")), "{again}");

        house.advance(json!({"days": 7})).await;
        until_notes(&house, "it is approved", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
        assert_eq!(house.books_invoice("PF_Q-10231").await["status"], "PAID");
        house.until("it succeeded", async || result(&house, &session).await["status"] == "succeeded").await;
        assert_eq!(result(&house, &session).await["method"], "bank");
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn s29_s30_s41_a_debit_that_fails_leaves_no_draft_and_the_quote_is_paid_again_from_the_dashboard() {
    let house = House::new().await;
    allow(&house, false).await;
    let payer = ana(&house.portal).await;
    let session = sent_to_bank(&house, &payer, "pm_usBankAccount_insufficientFunds", "8f2c:1:1").await;
    until_notes(&house, "its draft stands", &[("PF_CR_Q-10231", "DRAFT", DUE)]).await;
    house.advance(json!({"days": 6})).await;
    until_notes(&house, "the draft is gone", &[("PF_CR_Q-10231", "DELETED", DUE)]).await;
    house.until("it failed", async || result(&house, &session).await["status"] == "failed").await;
    house.assert_everything_agrees().await;

    let payer = ana(&house.portal).await;
    let board = payer.get("/dashboard").await.body;
    assert!(board.contains("Q-10231") && board.contains("Pay Quote"), "{board}");
    let (_, row) = board.split_once("Q-10231").unwrap();
    let opened = payer.post("/api/invoices/pay", &[("invoice", &field(row, "invoice"))]).await.location.unwrap();
    assert_eq!(payer.pay(&payer.form(&opened).await, "pm_card_visa").await.status, 303);
    let pair = [("PF_CR_Q-10231", "DELETED", DUE), ("PF_CR_Q-10231-2", "AUTHORISED", DUE)];
    house
        .until("another number stands", async || {
            let mut found = notes(&house).await;
            found.sort();
            found.iter().map(|(number, status, left)| (number.as_str(), status.as_str(), *left)).eq(pair)
        })
        .await;
    assert_eq!(result(&house, &session).await["status"], "succeeded", "by the portal, for the newest session");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn s39_s40_a_late_return_takes_the_pair_back_and_what_its_credit_paid_is_owed_again() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        allow(&house, true).await;
        let payer = ana(&house.portal).await;
        let session = sent_to_bank(&house, &payer, "pm_usBankAccount_dispute", "8f2c:1:1").await;
        house.advance(json!({"days": 6})).await;
        until_notes(&house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
        bill(&house, "INV-900", "Downpayment for Q-10231", "1250.00").await;
        house.until("the rule applies it", async || house.books_invoice("INV-900").await["due_minor"] == 0).await;
        house.assert_everything_agrees().await;

        house.advance(json!({"days": 25})).await;
        house.until("it is owed again", async || house.books_invoice("INV-900").await["due_minor"] == DUE).await;
        house.until("the pair is void", async || notes(&house).await[0].1 == "VOIDED").await;
        assert_eq!(house.books_invoice("PF_Q-10231").await["status"], "VOIDED");
        house.until("the program can read it", async || result(&house, &session).await["status"] == "returned").await;
        house.assert_everything_agrees().await;
        sync(&house).await;
        let board = ana(&house.portal).await.get("/dashboard").await.body;
        assert!(board.contains("INV-900") && !board.contains("Pay Quote"), "one of them is asked for: {board}");
        let (status, again) = create(&house, "8f2c:1:2", &asked()).await;
        assert_eq!((status, &again["error"]["code"]), (409, &json!("already_invoiced")), "{again}");
    }
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
        for words in
            ["INV-900 over $1,250.00 is covered", "quote Q-10231", "Apply the credit", "This invoice is something else"]
        {
            assert!(inbox.contains(words), "{words}: {inbox}");
        }
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
    let is_free = async || !page_of(&house, "INV-900").await.1.contains(COVERED);
    house.until("too little is left for it", is_free).await;
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
    let is_free = async || !page_of(&house, "INV-900").await.1.contains(COVERED);
    house.until("too little is left for it", is_free).await;
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
    let session = opened(&house, "8f2c:1:1").await;
    let guest = house.client();
    let (checkout, _) = entered(&guest, &session).await;
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

#[tokio::test]
async fn s29_s39_a_draft_goes_too_when_its_debit_comes_back_before_the_books_have_taken_it() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        allow(&house, false).await;
        let payer = ana(&house.portal).await;
        let session = sent_to_bank(&house, &payer, "pm_usBankAccount_dispute", "8f2c:1:1").await;
        until_notes(&house, "its draft stands", &[("PF_CR_Q-10231", "DRAFT", DUE)]).await;
        let raises = "PUT /xero/api.xro/2.0/Invoices";
        house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 10_000, "match": raises})).await;
        house.advance(json!({"days": 6})).await;
        house.until("it has cleared", async || result(&house, &session).await["status"] == "succeeded").await;
        house.advance(json!({"days": 25})).await;
        house.until("it came back", async || result(&house, &session).await["status"] == "returned").await;
        house.disarm().await;
        let is_gone = async || {
            // What waits for its next try is due by then, and who is at it is left the time.
            house.pass_an_hour().await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            notes(&house).await == [("PF_CR_Q-10231".to_owned(), "DELETED".to_owned(), DUE)]
        };
        house.until("the draft is gone", is_gone).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn s26_a_quote_whose_payment_staff_have_entered_by_hand_is_not_paid_once_more() {
    let house = House::new().await;
    allow(&house, false).await;
    let mut body = asked();
    body["account"]["name"] = json!("Delta Dental");
    let (status, session) = create(&house, "8f2c:1:1", &body).await;
    assert_eq!(status, 201, "{session}");
    let guest = house.client();
    let (checkout, _) = entered(&guest, &session).await;
    guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
    let staff = house.staff().await;
    let inbox = async || staff.get("/admin/exceptions").await.body;
    house.until("staff are told", async || inbox().await.contains("Xero does not have Delta Dental yet.")).await;
    let key = field(&inbox().await, "exception");
    let said = [("exception", key.as_str()), ("reason", "Entered on the contact that we have"), ("reference", "1")];
    assert_eq!(staff.post("/api/exceptions/fix", &said).await.status, 303);
    let page = guest.get(&checkout).await.body;
    assert!(page.contains("You paid $1,250.00") && !page.contains("id=\"pay-button\""), "{page}");
    assert_eq!(house.number("SELECT count(*) FROM invoice WHERE advance = 'quote' AND status = 'paid'").await, 1);
    assert_eq!(house.charges().await.len(), 1);
}

#[tokio::test]
async fn e14_a_quote_whose_payment_staff_have_put_on_an_invoice_is_not_paid_once_more() {
    let house = House::new().await;
    allow(&house, false).await;
    bill(&house, "INV-900", "Support in December", "1500.00").await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Invoices").await;
    let session = opened(&house, "8f2c:1:1").await;
    let guest = house.client();
    let (checkout, _) = entered(&guest, &session).await;
    let form = guest.form(&checkout).await;
    guest.pay(&form, "pm_card_visa").await;
    let choice = "INV-900, $1,500.00 due";
    house.until("it can go elsewhere", async || house.story(&form).await.contains(choice)).await;
    let story = house.story(&form).await;
    let mut options = story.split("<option value=\"").skip(1);
    let to = options.find(|option| option.contains(choice)).unwrap().split('"').next().unwrap();
    let from = field(&story, "from");
    let fields = [("payment", form.payment.as_str()), ("from", &from), ("to", to)];
    assert_eq!(house.staff().await.post("/api/transactions/reallocate", &fields).await.status, 303);
    let stands = async || house.books_payments("INV-900").await.len() == 1;
    house.until("it stands there", stands).await;
    house.assert_everything_agrees().await;

    let page = guest.get(&checkout).await.body;
    assert!(page.contains("You paid $1,250.00") && !page.contains("id=\"pay-button\""), "{page}");
    let (status, again) = create(&house, "8f2c:1:2", &asked()).await;
    assert_eq!((status, &again["error"]["code"]), (409, &json!("already_paid")), "{again}");
    assert_eq!(house.number("SELECT count(*) FROM quote_document WHERE state = 'gone'").await, 1, "it has no credit");
}

#[tokio::test]
async fn s21_a_new_version_ends_what_is_open_of_the_one_before_and_none_begins_beside_a_debit() {
    let house = House::new().await;
    allow(&house, false).await;
    let first = opened(&house, "8f2c:1:1").await;
    let guest = house.client();
    let (checkout, _) = entered(&guest, &first).await;
    let form = guest.form(&checkout).await;

    let mut revised = asked();
    revised["quote"]["version"] = json!(2);
    let (status, second) = create(&house, "8f2c:2:1", &revised).await;
    assert_eq!(status, 201, "{second}");
    let page = guest.get(&checkout).await;
    assert!(page.status == 410 && page.body.contains("The time to pay this quote is over"), "{}", page.body);
    assert_eq!(guest.call("/api/payments/take", &form.fields("pm_card_visa")).await.status, 409);
    assert!(house.charges().await.is_empty(), "the page that was open charges nothing");

    let payer = ana(&house.portal).await;
    let (method, _) = debits::save(&payer, "pm_usBankAccount_success", "Ana Example").await;
    let (checkout, _) = entered(&payer, &second).await;
    assert_eq!(payer.pay_saved(&payer.form(&checkout).await, &method).await.status, 303);
    assert_eq!(result(&house, &second).await["status"], "processing");
    let (status, beside) = create(&house, "8f2c:1:2", &asked()).await;
    assert_eq!((status, &beside["error"]["code"]), (409, &json!("already_paid")), "{beside}");
    assert_eq!(beside["error"]["reference"], result(&house, &second).await["reference"]);
}

#[tokio::test]
async fn s26_the_number_of_a_company_at_the_psa_is_not_the_books_number_of_another() {
    let house = House::new().await;
    allow(&house, false).await;
    sync(&house).await;
    house.execute("UPDATE customer SET external_id = '250' WHERE name = 'Bolt Legal'").await;
    assert_eq!(house.number("SELECT count(*) FROM customer WHERE external_id = '250'").await, 1);
    let mut body = asked();
    body["account"]["psa_company_id"] = json!("250");
    let (status, session) = create(&house, "8f2c:1:1", &body).await;
    assert_eq!(status, 201, "{session}");
    let (_, page) = entered(&house.client(), &session).await;
    assert!(page.contains("Acme Pty Ltd") && !page.contains("Bolt Legal"), "{page}");
}

#[tokio::test]
async fn s15_s16_s17_s25_a_guest_pays_no_quote_that_recurs_and_none_from_a_bank() {
    let house = House::new().await;
    allow(&house, false).await;
    let mut recurring = asked();
    recurring["recurring"] =
        json!({"present": true, "amount_minor": 9_900, "cycle": "monthly", "label": "Managed services"});
    let (status, session) = create(&house, "8f2c:1:1", &recurring).await;
    assert_eq!(status, 201, "{session}");
    let guest = house.client();
    let (_, page) = entered(&guest, &session).await;
    assert!(page.contains("This quote includes monthly services, so a saved payment method is needed."), "{page}");
    assert!(!page.contains("id=\"pay-button\"") && page.contains("Sign in"), "{page}");

    let payer = ana(&house.portal).await;
    let (checkout, page) = entered(&payer, &session).await;
    assert!(!page.contains("id=\"pay-button\"") && page.contains("Save a payment method"), "{page}");
    let (card, _) = methods::save(&payer, "pm_card_visa", "Office").await;
    let page = payer.get(&checkout).await.body;
    assert!(page.contains("id=\"pay-button\"") && !page.contains("Another card"), "{page}");
    let form = Form::read(&page);
    let stranger = house.client().call("/api/payments/take", &form.fields("pm_card_visa")).await;
    assert_eq!(stranger.status, 409, "whoever has the address: {}", stranger.body);
    assert!(house.charges().await.is_empty());
    assert_eq!(payer.pay_saved(&form, &card).await.status, 303);
    house.until("it is paid", async || house.charges().await.len() == 1).await;

    let mut by_bank = asked();
    by_bank["quote"]["id"] = json!("9a1d");
    by_bank["allowed_methods"] = json!(["bank"]);
    let (status, session) = create(&house, "9a1d:1:1", &by_bank).await;
    assert_eq!(status, 201, "{session}");
    let (_, page) = entered(&house.client(), &session).await;
    assert!(!page.contains("id=\"pay-button\"") && page.contains("Sign in"), "{page}");
}

#[tokio::test]
async fn s13_s21_s23_what_a_program_asks_wrongly_is_refused_by_its_code() {
    let house = House::new().await;
    let (status, refused) = create(&house, "8f2c:1:1", &asked()).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("return_url_not_allowed")), "{refused}");
    allow(&house, false).await;
    let set = |path: &[&str], value: Value| {
        let mut body = asked();
        let place = path.iter().fold(&mut body, |at, name| &mut at[*name]);
        *place = value;
        body
    };
    for (body, code, field) in [
        (set(&["one_time", "currency"], json!("AUD")), "currency_mismatch", "one_time.currency"),
        (set(&["one_time", "amount_minor"], json!(0)), "invalid_amount", "one_time.amount_minor"),
        (set(&["return_url"], json!("https://evil.example/")), "return_url_not_allowed", "return_url"),
        (set(&["cancel_url"], json!("http://sell.example/")), "return_url_not_allowed", "cancel_url"),
        (set(&["cancel_url"], json!("https://sell.example/\0")), "return_url_not_allowed", "cancel_url"),
        (set(&["allowed_methods"], json!([])), "no_common_method", "allowed_methods"),
        (set(&["payer", "email"], json!("Ana")), "invalid_request", "payer.email"),
        (json!({}), "invalid_request", "body"),
    ] {
        let (status, refused) = create(&house, "8f2c:1:1", &body).await;
        let error = &refused["error"];
        assert_eq!((status, &error["code"], &error["field"]), (422, &json!(code), &json!(field)), "{refused}");
    }
    let session = opened(&house, "8f2c:1:1").await;
    let (status, conflict) = create(&house, "8f2c:1:1", &set(&["quote", "name"], json!("Two firewalls"))).await;
    assert_eq!((status, &conflict["error"]["code"]), (409, &json!("idempotency_conflict")), "{conflict}");
    let (status, other) = create(&house, "8f2c:1:2", &set(&["one_time", "amount_minor"], json!(1))).await;
    assert_eq!((status, &other["error"]["code"]), (422, &json!("invalid_amount")), "a version has one amount: {other}");

    house.advance(json!({"minutes": 31})).await;
    let (status, expired) = create(&house, "8f2c:1:1", &asked()).await;
    assert_eq!((status, &expired["error"]["code"]), (410, &json!("session_expired")), "{expired}");
    let late = house.client().get(session["pay_url"].as_str().unwrap()).await;
    assert!(late.status == 410 && late.body.contains("The time to pay this quote is over"), "{}", late.body);
    assert_eq!(result(&house, &session).await["status"], "expired");
    assert_eq!(opened(&house, "8f2c:1:2").await["status"], "created", "the next attempt begins anew");
}

#[tokio::test]
async fn d20_a_session_is_its_own_programs_and_its_way_back_that_of_its_checkout() {
    let house = House::new().await;
    allow(&house, false).await;
    let session = opened(&house, "8f2c:1:1").await;
    let address = format!("{}{SESSIONS}/{}", house.portal, session["session_id"].as_str().unwrap());
    for (secret, status) in [
        (SECRET, 200),
        (facts::HARBOUR.sell.secret, 404),
        (facts::NORTHWIND.desk_director.secret, 401),
        ("wpsk_0", 401),
    ] {
        let (answered, told) = call(http().get(&address), secret).await;
        assert_eq!(answered, status, "{told}");
    }
    house.execute("UPDATE integration SET enabled = FALSE").await;
    assert_eq!(call(http().get(&address), SECRET).await.0, 403);
    let guest = house.client();
    assert_eq!(guest.get(&format!("/q/{}", "A".repeat(43))).await.status, 404);
    let other = guest.open("INV-501").await.checkout;
    for checkout in [other, format!("chk_{}", "0".repeat(32)), "nonsense".to_owned()] {
        assert_eq!(guest.get(&format!("/q/back?transactionId={checkout}")).await.status, 404, "{checkout}");
    }
}

#[tokio::test]
async fn s21_a_card_that_is_declined_is_tried_again_in_the_same_session() {
    let house = House::new().await;
    allow(&house, false).await;
    let session = opened(&house, "8f2c:1:1").await;
    let guest = house.client();
    let (checkout, _) = entered(&guest, &session).await;
    let declined = guest.pay(&guest.form(&checkout).await, "pm_card_chargeDeclined").await.location.unwrap();
    assert!(guest.get(&declined).await.body.contains("Your payment did not go through"));
    assert_eq!(brought_back(&guest, &checkout).await["status"], "failed");
    let told = result(&house, &session).await;
    assert_eq!((&told["status"], &told["failure"]["retryable"]), (&json!("failed"), &json!(true)), "{told}");
    guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
    until_notes(&house, "by its first number", &[("PF_CR_Q-10231", "AUTHORISED", DUE)]).await;
    assert_eq!(result(&house, &session).await["status"], "succeeded");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn s26_a_quote_of_somebody_whom_the_books_do_not_know_waits_for_them_in_the_inbox() {
    let house = House::new().await;
    allow(&house, false).await;
    let mut body = asked();
    body["account"]["name"] = json!("Delta Dental");
    let (status, session) = create(&house, "8f2c:1:1", &body).await;
    assert_eq!(status, 201, "{session}");
    let guest = house.client();
    let (checkout, _) = entered(&guest, &session).await;
    guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
    let inbox = async || house.staff().await.get("/admin/exceptions").await.body;
    house.until("staff are told", async || inbox().await.contains("Xero does not have Delta Dental yet.")).await;
    assert_eq!(result(&house, &session).await["status"], "succeeded", "the money is here");
}

#[tokio::test]
async fn s13_s19_s20_s21_a_quote_is_signed_in_sell_declined_retried_paid_and_its_refund_told_there() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let sell = InSell::of(&house).await;
        let guest = house.client();
        let session = sell.press().await;
        let (checkout, page) = entered(&guest, &session).await;
        assert!(page.contains("Pay $2,000.00") && page.contains("New firewall and switches"), "{page}");
        assert!(sell.back(&guest, &checkout).await.0.contains("You came back without paying."));
        assert_eq!(sell.press().await, session, "nothing came of it, so it is the same one");

        guest.pay(&guest.form(&checkout).await, "pm_card_chargeDeclined").await;
        let (quote, _) = sell.back(&guest, &checkout).await;
        assert!(quote.contains("Payment failed") && quote.contains("Retry payment</button>"), "{quote}");
        let second = sell.press().await;
        assert_ne!(second, session, "the next attempt");
        let (checkout, _) = entered(&guest, &second).await;
        let form = guest.form(&checkout).await;
        guest.pay(&form, "pm_card_visa").await;
        let (quote, way) = sell.back(&guest, &checkout).await;
        assert!(quote.contains("$2,000.00 by Visa ··4242") && !quote.contains("<form"), "{quote}");
        let again = sell.payer.get(&way).await;
        assert!(again.status == 400 && again.body.contains("it was used before"), "{}", again.body);
        until_notes(&house, "the credit stands", &[("PF_CR_Q-10231", "AUTHORISED", 200_000)]).await;
        house.assert_everything_agrees().await;

        let staff = house.staff().await;
        Dialog::open(&staff, &form.payment).await.press(&staff, "500.00").await;
        let told = async || {
            let state = house.state("sell").await;
            let news = state["news"].as_array().unwrap().iter();
            let mut kinds: Vec<_> = news.map(|news| news["type"].as_str().unwrap().to_owned()).collect();
            kinds.sort();
            kinds
        };
        let all = ["quote_payment.failed", "quote_payment.refunded", "quote_payment.succeeded"];
        house.until("all of that is told", async || told().await == all).await;
        assert!(sell.payer.get(InSell::QUOTE).await.body.contains("$500.00 of it was paid back."));
        assert_eq!(house.charges().await.len(), 1);
    }
}

#[tokio::test]
async fn s26_in_books_of_our_own_the_credit_of_a_second_payment_is_found_by_its_own_number() {
    let house = House::new().await;
    allow_at(&house, facts::HARBOUR.key, false).await;
    let mut body = asked();
    body["account"]["name"] = json!("Acme NZ");
    body["one_time"] = json!({"amount_minor": 42_000, "currency": "NZD"});
    let guest = house.client();
    let pay = async |key: &str, token: &str| {
        let (status, session) = create_by(&house, facts::HARBOUR.sell.secret, key, &body).await;
        assert_eq!(status, 201, "{session}");
        let (checkout, _) = entered(&guest, &session).await;
        assert_eq!(guest.pay(&guest.form(&checkout).await, token).await.status, 303);
    };
    let is_one = async |sql: &'static str| house.until(sql, async || house.number(sql).await == 1).await;
    pay("8f2c:1:1", "sbx_dispute_lost").await;
    is_one("SELECT count(*) FROM credit_note WHERE number = 'PF_CR_Q-10231' AND left_minor = 42000").await;
    // Nobody tells of a dispute: the day's comparison finds it.
    house.advance(json!({"days": 4})).await;
    house.until("a day's comparison is queued", async || house.number(COMPARISONS).await > 0).await;
    house.advance(json!({"hours": 4})).await;
    is_one("SELECT count(*) FROM dispute").await;
    house.advance(json!({"days": 7})).await;
    is_one("SELECT count(*) FROM credit_note WHERE number = 'PF_CR_Q-10231' AND left_minor = 0").await;
    is_one("SELECT count(*) FROM invoice WHERE advance = 'quote' AND status = 'open'").await;

    house.execute("UPDATE invoice SET reference = 'Downpayment for Q-10231' WHERE number = 'HT-1001'").await;
    pay("8f2c:1:2", "sbx_approved").await;
    is_one("SELECT count(*) FROM credit_note WHERE number = 'PF_CR_Q-10231-2' AND left_minor = 42000").await;
    let staff = house.signed_in(facts::HARBOUR.admin_email).await;
    let inbox = async || staff.get("/admin/exceptions").await.body;
    house.until("it can be applied", async || inbox().await.contains("Apply the credit")).await;
    let page = inbox().await;
    let (_, line) = page.split_once("HT-1001").unwrap();
    assert_eq!(staff.post("/api/exceptions/retry", &[("exception", &field(line, "exception"))]).await.status, 303);
    is_one("SELECT count(*) FROM invoice WHERE number = 'HT-1001' AND status = 'paid'").await;
    house.assert_everything_agrees().await;
}
