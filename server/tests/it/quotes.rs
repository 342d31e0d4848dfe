//! A quote, from the session that its program opens to the credit that finds its Downpayment invoice (S1-S41). What becomes of
//! that invoice meanwhile: `quote_covers.rs`; what programs and browsers bring: `quote_sessions.rs`.

use crate::{
    debits, methods,
    sandbox::COMPARISONS,
    support::{Client, Form, House, On, ana, assert_has, field, http},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use engine::QuoteRulesChange;
use serde_json::{Value, json};
use simulators::facts;
use std::time::Duration;

pub const SESSIONS: &str = "/api/integrations/quotes/v1/sessions";
pub const SECRET: &str = facts::NORTHWIND.sell.secret;
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

pub async fn allow_at(house: &House, merchant: &str, applies_credits: bool) {
    let change = QuoteRulesChange {
        applies_credits: Some(applies_credits),
        return_hosts: Some(vec!["sell.example".to_owned()]),
        ..QuoteRulesChange::default()
    };
    house.engine.set_quote_rules(merchant, change).await.unwrap();
}

pub async fn call(request: reqwest::RequestBuilder, secret: &str) -> (u16, Value) {
    let answer = request.bearer_auth(secret).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn create(house: &House, secret: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = http().post(format!("{}{SESSIONS}", house.portal)).header("idempotency-key", key);
    call(request.json(body), secret).await
}

pub async fn opened(house: &House, key: &str) -> Value {
    opened_by(house, SECRET, key, &asked()).await
}

/// The session that a program with this secret opens by this body.
pub async fn opened_by(house: &House, secret: &str, key: &str, body: &Value) -> Value {
    let (status, session) = create(house, secret, key, body).await;
    assert_eq!(status, 201, "{session}");
    session
}

/// What a program reads that is refused by this code.
pub async fn refused(house: &House, key: &str, body: &Value, status: u16, code: &str) -> Value {
    let (answered, told) = create(house, SECRET, key, body).await;
    assert_eq!((answered, &told["error"]["code"]), (status, &json!(code)), "{told}");
    told["error"].clone()
}

/// A session, and a guest at its checkout.
pub async fn guest_at(house: &House, body: &Value) -> (Value, Client, String) {
    let (session, guest) = (opened_by(house, SECRET, "8f2c:1:1", body).await, house.client());
    let (checkout, _) = entered(&guest, &session).await;
    (session, guest, checkout)
}

/// A guest has paid for somebody whom the books do not know, and staff are told.
pub async fn paid_by_a_stranger(house: &House) -> (Value, Client, String) {
    let mut body = asked();
    body["account"]["name"] = json!("Delta Dental");
    let (session, guest, checkout) = guest_at(house, &body).await;
    guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
    let inbox = async || house.staff().await.get("/admin/exceptions").await.body;
    house.until("staff are told", async || inbox().await.contains("Xero does not have Delta Dental yet.")).await;
    (session, guest, checkout)
}

pub async fn result(house: &House, session: &Value) -> Value {
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
pub async fn brought_back(client: &Client, checkout: &str) -> Value {
    let id = checkout.split("transactionId=").nth(1).unwrap();
    let left = client.get(&format!("/q/back?transactionId={id}")).await;
    assert_eq!(left.status, 303, "{}", left.body);
    let url = reqwest::Url::parse(&left.location.unwrap()).unwrap();
    let brought: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    let of = |name: &str| brought[name].clone();
    let signed = format!("v1\n{}\n{}\n{}\n{}", of("wp_session"), of("wp_status"), of("wp_ts"), of("wp_nonce"));
    assert_eq!(of("wp_sig"), BASE64_URL_SAFE_NO_PAD.encode(signature("return", &signed)));
    json!({"host": url.host_str(), "path": url.path(), "status": of("wp_status"), "session": of("wp_session")})
}

/// By a key that is made of the secret for this purpose alone: HKDF-SHA256 without a salt, of one block.
pub fn signature(purpose: &str, text: &str) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let extracted = mac(&[0; 32], SECRET);
    mac(&mac(&extracted, &format!("wp-int/v1/{purpose}\u{1}")), text)
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
pub async fn paid_by_card(house: &House) -> Value {
    let (session, guest, checkout) = guest_at(house, &asked()).await;
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

pub async fn sync(house: &House) {
    house.download(&house.staff().await).await;
}

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
        assert_has!(
            page,
            "Quote ",
            "Q-10231",
            "New firewall",
            "Pay $1,250.00",
            "value=\"ana@acme.test\"",
            "Back to your quote"
        );
        assert_eq!(brought_back(&guest, &checkout).await["status"], "cancelled", "nothing was paid yet");
        let form = guest.form(&checkout).await;
        let paid = guest.pay(&form, "pm_card_visa").await.location.unwrap();
        assert_eq!(guest.pay(&form, "pm_card_visa").await.location.as_ref(), Some(&paid), "pressed twice");
        let page = guest.get(&paid).await.body;
        assert_has!(page, "You paid $1,250.00", "Quote ", "Q-10231", "http-equiv=\"refresh\"", "Stay on this page");
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
        let again = refused(&house, "8f2c:1:2", &asked(), 409, "already_paid").await;
        assert_eq!(again["reference"], told["reference"]);
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
        refused(&house, "8f2c:1:2", &asked(), 409, "already_paid").await;

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
        refused(&house, "8f2c:1:2", &asked(), 409, "already_invoiced").await;
    }
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
    let (_, guest, checkout) = paid_by_a_stranger(&house).await;
    let staff = house.staff().await;
    let key = field(&staff.get("/admin/exceptions").await.body, "exception");
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
    let (_, guest, checkout) = guest_at(&house, &asked()).await;
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
    refused(&house, "8f2c:1:2", &asked(), 409, "already_paid").await;
    assert_eq!(house.number("SELECT count(*) FROM quote_document WHERE state = 'gone'").await, 1, "it has no credit");
}

#[tokio::test]
async fn s15_s16_s17_s25_a_guest_pays_no_quote_that_recurs_and_none_from_a_bank() {
    let house = House::new().await;
    allow(&house, false).await;
    let mut recurring = asked();
    recurring["recurring"] =
        json!({"present": true, "amount_minor": 9_900, "cycle": "monthly", "label": "Managed services"});
    let session = opened_by(&house, SECRET, "8f2c:1:1", &recurring).await;
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
    let session = opened_by(&house, SECRET, "9a1d:1:1", &by_bank).await;
    let (_, page) = entered(&house.client(), &session).await;
    assert!(!page.contains("id=\"pay-button\"") && page.contains("Sign in"), "{page}");
}

#[tokio::test]
async fn s26_a_quote_of_somebody_whom_the_books_do_not_know_waits_for_them_in_the_inbox() {
    let house = House::new().await;
    allow(&house, false).await;
    let (session, ..) = paid_by_a_stranger(&house).await;
    assert_eq!(result(&house, &session).await["status"], "succeeded", "the money is here");
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
        let session = opened_by(&house, facts::HARBOUR.sell.secret, key, &body).await;
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
