//! What a quoting program and its payer's browser bring here: sessions, their versions, and the way back (S13-S26, D20).

use crate::{
    debits,
    quotes::{
        DUE, SECRET, SESSIONS, allow, asked, brought_back, call, entered, guest_at, opened, opened_by, refused, result,
        sync, until_notes,
    },
    refunds::Dialog,
    support::{Client, House, On, ana, http},
};
use serde_json::{Value, json};
use simulators::facts;

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

#[tokio::test]
async fn s21_a_new_version_ends_what_is_open_of_the_one_before_and_none_begins_beside_a_debit() {
    let house = House::new().await;
    allow(&house, false).await;
    let (_, guest, checkout) = guest_at(&house, &asked()).await;
    let form = guest.form(&checkout).await;

    let mut revised = asked();
    revised["quote"]["version"] = json!(2);
    let second = opened_by(&house, SECRET, "8f2c:2:1", &revised).await;
    let page = guest.get(&checkout).await;
    assert!(page.status == 410 && page.body.contains("The time to pay this quote is over"), "{}", page.body);
    assert_eq!(guest.call("/api/payments/take", &form.fields("pm_card_visa")).await.status, 409);
    assert!(house.charges().await.is_empty(), "the page that was open charges nothing");

    let payer = ana(&house.portal).await;
    let (method, _) = debits::save(&payer, "pm_usBankAccount_success", "Ana Example").await;
    let (checkout, _) = entered(&payer, &second).await;
    assert_eq!(payer.pay_saved(&payer.form(&checkout).await, &method).await.status, 303);
    assert_eq!(result(&house, &second).await["status"], "processing");
    let beside = refused(&house, "8f2c:1:2", &asked(), 409, "already_paid").await;
    assert_eq!(beside["reference"], result(&house, &second).await["reference"]);
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
    let session = opened_by(&house, SECRET, "8f2c:1:1", &body).await;
    let (_, page) = entered(&house.client(), &session).await;
    assert!(page.contains("Acme Pty Ltd") && !page.contains("Bolt Legal"), "{page}");
}

#[tokio::test]
async fn s13_s21_s23_what_a_program_asks_wrongly_is_refused_by_its_code() {
    let house = House::new().await;
    refused(&house, "8f2c:1:1", &asked(), 422, "return_url_not_allowed").await;
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
        let error = refused(&house, "8f2c:1:1", &body, 422, code).await;
        assert_eq!(error["field"], field, "{error}");
    }
    let session = opened(&house, "8f2c:1:1").await;
    let other = set(&["quote", "name"], json!("Two firewalls"));
    refused(&house, "8f2c:1:1", &other, 409, "idempotency_conflict").await;
    // A version has one amount.
    refused(&house, "8f2c:1:2", &set(&["one_time", "amount_minor"], json!(1)), 422, "invalid_amount").await;

    house.advance(json!({"minutes": 31})).await;
    refused(&house, "8f2c:1:1", &asked(), 410, "session_expired").await;
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
    let (session, guest, checkout) = guest_at(&house, &asked()).await;
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
