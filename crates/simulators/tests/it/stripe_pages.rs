//! The hosted payment page and the 3-D Secure page, with a browser's means and no script.

use serde_json::{Value, json};

use crate::contracts;
use crate::harness::{Answer, Vendors};

const CARD: [(&str, &str); 4] =
    [("number", "4242 4242 4242 4242"), ("expiry", "12 / 40"), ("cvc", "123"), ("name", "Ana Diaz")];

async fn session(vendors: &Vendors) -> Value {
    let form = [
        ("mode", "payment"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "120450"),
        ("line_items[0][price_data][product_data][name]", "Invoice <INV-501>"),
        ("line_items[0][quantity]", "1"),
        ("success_url", "http://127.0.0.1:3000/npe?session={CHECKOUT_SESSION_ID}"),
        ("cancel_url", "http://127.0.0.1:3000/npe?cancelled=1"),
        ("client_reference_id", "att_9"),
        ("payment_intent_data[metadata][attempt_id]", "att_9"),
    ];
    let made = vendors.stripe_post("checkout/sessions", &form).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    contracts::stripe("checkout.session", &made.json);
    made.json
}

async fn post(vendors: &Vendors, url: &str, form: &[(&str, &str)]) -> Answer {
    vendors.read(vendors.http.post(url).form(form)).await.unwrap()
}

fn with(field: &str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    CARD.into_iter().map(|(name, was)| if name == field { (name, value) } else { (name, was) }).collect()
}

#[tokio::test]
async fn a_payer_pays_on_the_hosted_page_and_comes_back() {
    let vendors = Vendors::start().await;
    let session = session(&vendors).await;
    let (id, url) = (session["id"].as_str().unwrap(), session["url"].as_str().unwrap());
    let page = vendors.read(vendors.http.get(url)).await.unwrap();
    let html = page.json.as_str().unwrap();
    for wanted in [
        "Card number</label>",
        "Expiry</label>",
        "Security code</label>",
        "Name on card</label>",
        "Pay $1,204.50</button>",
        "Cancel</a>",
        "Invoice &lt;INV-501&gt;",
    ] {
        assert!(html.contains(wanted), "{wanted}");
    }
    assert!(page.header("content-security-policy").contains("form-action 'self' http://127.0.0.1:3000"));
    assert!(!html.contains("<script"));

    let paid = post(&vendors, url, &CARD).await;
    let back = format!("http://127.0.0.1:3000/npe?session={id}");
    assert_eq!((paid.status, paid.header("location")), (303, back.as_str()));
    let again = post(&vendors, url, &CARD).await;
    assert_eq!((again.status, again.header("location")), (303, back.as_str()));
    assert_eq!(vendors.money_taken().await.len(), 1);

    let read = vendors.stripe_get(&format!("checkout/sessions/{id}?expand[]=payment_intent.latest_charge")).await.json;
    contracts::stripe("checkout.session", &read);
    assert_eq!((&read["status"], &read["payment_status"]), (&json!("complete"), &json!("paid")));
    assert_eq!(read["payment_intent"]["metadata"]["attempt_id"], "att_9");
    assert_eq!(read["payment_intent"]["latest_charge"]["paid"], true);
    let completed = vendors.stripe_get("events?type=checkout.session.completed").await.json;
    contracts::stripe("event", &completed["data"][0]);
}

#[tokio::test]
async fn a_declined_card_says_why_and_another_one_works() {
    let vendors = Vendors::start().await;
    let session = session(&vendors).await;
    let url = session["url"].as_str().unwrap();
    let declined = post(&vendors, url, &with("number", "4000000000009995")).await;
    let html = declined.json.as_str().unwrap();
    assert_eq!(declined.status, 402);
    assert!(html.contains("role=\"alert\"") && html.contains("insufficient funds"));
    assert!(!html.contains("4000000000009995"), "a card number is never written into a page");
    for (field, value, error) in
        [("number", "4242424242424241", "number-error"), ("expiry", "1/20", "expiry-error"), ("cvc", "1", "cvc-error")]
    {
        let wrong = post(&vendors, url, &with(field, value)).await;
        assert!(wrong.json.as_str().unwrap().contains(&format!("aria-describedby=\"{error}\"")), "{field}");
    }
    assert_eq!(post(&vendors, url, &with("expiry", "1240")).await.status, 303);
    assert_eq!(vendors.money_taken().await.len(), 1);
}

#[tokio::test]
async fn armed_declines_reach_the_hosted_page() {
    let vendors = Vendors::start().await;
    let session = session(&vendors).await;
    vendors.arm("stripe", "decline:expired_card").await;
    let declined = post(&vendors, session["url"].as_str().unwrap(), &CARD).await;
    assert!(declined.json.as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn an_expired_session_takes_no_money() {
    let vendors = Vendors::start().await;
    let session = session(&vendors).await;
    let (id, url) = (session["id"].as_str().unwrap(), session["url"].as_str().unwrap());
    let expired = vendors.stripe_post(&format!("checkout/sessions/{id}/expire"), &[]).await.json;
    assert_eq!((&expired["status"], &expired["url"]), (&json!("expired"), &Value::Null));
    contracts::stripe("checkout.session", &expired);
    assert_eq!(post(&vendors, url, &CARD).await.status, 410);
    assert!(vendors.money_taken().await.is_empty());
}

#[tokio::test]
async fn time_alone_expires_a_session() {
    let vendors = Vendors::start().await;
    let session = session(&vendors).await;
    vendors.control("advance", json!({ "hours": 25 })).await;
    let id = session["id"].as_str().unwrap();
    assert_eq!(vendors.stripe_get(&format!("checkout/sessions/{id}")).await.json["status"], "expired");
    let events = vendors.stripe_get("events?type=checkout.session.expired").await.json;
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_challenge_is_completed_or_failed_on_the_banks_page() {
    let vendors = Vendors::start().await;
    let first = session(&vendors).await;
    let challenge = post(&vendors, first["url"].as_str().unwrap(), &with("number", "4000002760003184")).await;
    assert_eq!(challenge.status, 303);
    let bank = format!("{}{}", vendors.url, challenge.header("location"));
    let page = vendors.read(vendors.http.get(&bank)).await.unwrap().json;
    assert!(page.as_str().unwrap().contains("Complete</button>") && page.as_str().unwrap().contains("Fail</button>"));
    assert!(vendors.money_taken().await.is_empty());
    let done = post(&vendors, &bank, &[("outcome", "complete")]).await;
    assert!(done.header("location").contains("redirect_status=succeeded"));
    let back = vendors.read(vendors.http.get(done.header("location"))).await.unwrap();
    assert!(back.header("location").starts_with("http://127.0.0.1:3000/npe?session=cs_test_"));
    assert_eq!(vendors.money_taken().await.len(), 1);

    let second = session(&vendors).await;
    let challenge = post(&vendors, second["url"].as_str().unwrap(), &with("number", "4000002760003184")).await;
    let bank = format!("{}{}", vendors.url, challenge.header("location"));
    let failed = post(&vendors, &bank, &[("outcome", "fail")]).await;
    let back = vendors.read(vendors.http.get(failed.header("location"))).await.unwrap();
    assert!(back.json.as_str().unwrap().contains("unable to authenticate"));
    let guessed = vendors.http.get(format!("{}/stripe/3ds/pi_guess?client_secret=x", vendors.url));
    assert_eq!(vendors.read(guessed).await.unwrap().status, 404);
}

#[tokio::test]
async fn the_hosted_fields_are_framed_by_the_portal_and_nobody_else() {
    let vendors = Vendors::start().await;
    let script = vendors.get("/stripe/js/v3").await;
    assert!(script.header("content-type").starts_with("text/javascript"));
    assert_eq!(script.header("access-control-allow-origin"), "*");
    let frame = vendors.get("/stripe/js/field?kind=cardNumber").await;
    assert!(frame.header("content-security-policy").contains("frame-ancestors http://127.0.0.1:* http://localhost:*"));
    assert_eq!(frame.header("x-frame-options"), "");
    assert_eq!(vendors.get("/stripe/js/field.js").await.status, 200);
}

const BANK: [(&str, &str); 8] = [
    ("method", "us_bank_account"),
    ("routing", "110000000"),
    ("account", "000123456789"),
    ("name", "Ana Diaz"),
    ("email", "ana@acme.test"),
    ("holder", "company"),
    ("verify", "instant"),
    ("agreed", "yes"),
];

async fn bank_session(vendors: &Vendors) -> Value {
    let form = [
        ("mode", "payment"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "8000"),
        ("line_items[0][price_data][product_data][name]", "Invoice INV-601"),
        ("payment_method_types[0]", "card"),
        ("payment_method_types[1]", "us_bank_account"),
        ("success_url", "http://127.0.0.1:3000/npe?session={CHECKOUT_SESSION_ID}"),
    ];
    vendors.made("checkout/sessions", &form).await
}

fn changed(field: &str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    BANK.into_iter().map(|(name, was)| if name == field { (name, value) } else { (name, was) }).collect()
}

#[tokio::test]
async fn a_bank_account_is_debited_on_the_hosted_page_after_the_payer_agrees() {
    let vendors = Vendors::start().await;
    let session = bank_session(&vendors).await;
    let (id, url) = (session["id"].as_str().unwrap(), session["url"].as_str().unwrap());
    let cards = vendors.read(vendors.http.get(url)).await.unwrap().json;
    assert!(cards.as_str().unwrap().contains("Card number</label>"));
    let bank = vendors.read(vendors.http.get(format!("{url}?method=us_bank_account"))).await.unwrap().json;
    for wanted in ["Routing number</label>", "Account number</label>", "I authorise Northwind IT", "I agree</label>"] {
        assert!(bank.as_str().unwrap().contains(wanted), "{wanted}");
    }
    let disagreed: Vec<_> = BANK.into_iter().filter(|(name, _)| *name != "agreed").collect();
    assert!(post(&vendors, url, &disagreed).await.json.as_str().unwrap().contains("Agree to the debit"));
    let wrong = post(&vendors, url, &changed("routing", "123")).await;
    assert!(wrong.json.as_str().unwrap().contains("aria-describedby=\"routing-error\""));
    assert_eq!(post(&vendors, url, &BANK).await.status, 303);
    let read = vendors.stripe_get(&format!("checkout/sessions/{id}?expand[]=payment_intent")).await.json;
    contracts::stripe("checkout.session", &read);
    assert_eq!((&read["status"], &read["payment_status"]), (&json!("complete"), &json!("unpaid")));
    assert_eq!(read["payment_intent"]["status"], "processing");
    vendors.advance(6).await;
    let read = vendors.stripe_get(&format!("checkout/sessions/{id}")).await.json;
    assert_eq!(read["payment_status"], "paid");
    let kinds = vendors.event_kinds().await;
    assert_eq!(kinds.last().unwrap(), "checkout.session.async_payment_succeeded");
    assert!(kinds.contains(&"checkout.session.completed".to_owned()));
}

#[tokio::test]
async fn micro_deposits_are_named_on_the_vendors_page() {
    let vendors = Vendors::start().await;
    let session = bank_session(&vendors).await;
    assert_eq!(post(&vendors, session["url"].as_str().unwrap(), &changed("verify", "microdeposits")).await.status, 303);
    let path = format!("checkout/sessions/{}?expand[]=payment_intent", session["id"].as_str().unwrap());
    let read = vendors.stripe_get(&path).await.json;
    assert_eq!(read["status"], "complete");
    let action = &read["payment_intent"]["next_action"]["verify_with_microdeposits"];
    let url = action["hosted_verification_url"].as_str().unwrap();
    let page = vendors.read(vendors.http.get(url)).await.unwrap();
    assert!(page.json.as_str().unwrap().contains("Code</label>") && !page.json.as_str().unwrap().contains("<script"));
    let wrong = post(&vendors, url, &[("first", "1"), ("second", "2")]).await;
    assert_eq!(wrong.status, 400);
    let right = post(&vendors, url, &[("first", "45"), ("second", "32")]).await;
    assert!(right.json.as_str().unwrap().contains("Nothing is left to do"));
    assert_eq!(vendors.stripe_get(&path).await.json["payment_intent"]["status"], "processing");
    let guessed = vendors.get("/stripe/verify/pi_guess?client_secret=x").await;
    assert_eq!(guessed.status, 404);
}

#[tokio::test]
async fn a_method_is_saved_on_the_hosted_page_without_script() {
    let vendors = Vendors::start().await;
    let customer = vendors.made("customers", &[("name", "Acme")]).await;
    let customer = customer["id"].as_str().unwrap();
    let form = [
        ("mode", "setup"),
        ("customer", customer),
        ("payment_method_types[0]", "card"),
        ("payment_method_types[1]", "us_bank_account"),
        ("setup_intent_data[metadata][payer]", "p1"),
        ("success_url", "http://127.0.0.1:3000/methods?session={CHECKOUT_SESSION_ID}"),
        ("cancel_url", "http://127.0.0.1:3000/methods"),
    ];
    for typed in [CARD.to_vec(), BANK.to_vec()] {
        let session = vendors.made("checkout/sessions", &form).await;
        contracts::stripe("checkout.session", &session);
        let url = session["url"].as_str().unwrap();
        assert!(vendors.read(vendors.http.get(url)).await.unwrap().json.as_str().unwrap().contains("Save</button>"));
        assert_eq!(post(&vendors, url, &typed).await.status, 303);
        let path =
            format!("checkout/sessions/{}?expand[]=setup_intent.payment_method", session["id"].as_str().unwrap());
        let done = vendors.stripe_get(&path).await.json;
        contracts::stripe("checkout.session", &done);
        assert_eq!((&done["status"], &done["payment_status"]), (&json!("complete"), &json!("no_payment_required")));
        let setup = &done["setup_intent"];
        assert_eq!((&setup["status"], &setup["metadata"]["payer"]), (&json!("succeeded"), &json!("p1")));
        assert_eq!(setup["payment_method"]["customer"], json!(customer));
    }
    let saved = vendors.stripe_get(&format!("customers/{customer}/payment_methods")).await.json;
    assert_eq!(saved["data"].as_array().unwrap().len(), 2);
    assert!(vendors.money_taken().await.is_empty());
}
