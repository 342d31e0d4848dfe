//! People who test stolen cards: held at every limit, told the truth, and nobody else is hurt (row 22 of quality.md, 3.2).

use crate::support::{Client, Form, House, http, link_for};
use futures::future::join_all;
use serde_json::{Value, json};
use simulators::facts;

const DECLINED: &str = "pm_card_chargeDeclined";

/// A browser in a network of its own.
fn from(house: &House, network: usize) -> Client {
    house.client().from(&format!("198.51.100.{network}"))
}

/// Presses Pay with a card that is declined, from a fresh page.
async fn declined(client: &Client, number: &str) {
    let form = client.open(number).await;
    client.pay(&form, DECLINED).await;
}

/// What the page says after pressing Pay with a good card.
async fn told(client: &Client, number: &str) -> String {
    let form = client.open(number).await;
    let answer = client.pay(&form, "pm_card_visa").await;
    client.get(&answer.location.unwrap()).await.body
}

/// Since when the alarm stands, as staff read it.
async fn alarmed_since(house: &House) -> String {
    let admin = house.staff().await;
    let page = admin.get("/admin/exceptions").await.body;
    let alarm = page.split("testing stolen cards").nth(1).unwrap_or_else(|| panic!("no alarm: {page}"));
    alarm.split("datetime=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

async fn tries(house: &House) -> usize {
    house.charges_that("failed").await.len()
}

/// So many more invoices that can be paid, written into the books and read by the portal.
async fn add_invoices(house: &House, count: usize) -> Vec<String> {
    let numbers: Vec<String> = (0..count).map(|n| format!("MANY-{n:03}")).collect();
    let today = chrono::Utc::now().date_naive();
    let document = |number: &String| {
        json!({
            "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Contact": {"Name": "Cobalt Engineering"},
            "Date": today, "DueDate": today, "LineAmountTypes": "NoTax",
            "LineItems": [{"Description": "Support", "Quantity": 1, "UnitAmount": "89.00",
                "AccountCode": facts::xero::SALES_ACCOUNT_CODE}],
        })
    };
    let documents: Vec<Value> = numbers.iter().map(document).collect();
    let write = http().post(format!("{}/xero/api.xro/2.0/Invoices", house.vendors));
    let write = write.bearer_auth(house.books_token().await).header("xero-tenant-id", facts::xero::TENANT_ID);
    let written = write.json(&json!({"Invoices": documents})).send().await.unwrap();
    assert_eq!(written.status(), 200, "{}", written.text().await.unwrap());
    house.download(&house.staff().await).await;
    numbers
}

/// Each invoice's form, opened from a network of its own.
async fn forms(house: &House, numbers: &[String]) -> Vec<Form> {
    let mut forms = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let client = from(house, at);
        let opened = client.get(&link_for(number, "")).await;
        forms.push(client.form(&opened.location.unwrap()).await);
    }
    forms
}

#[tokio::test]
async fn q22_tokens_that_are_none_are_held_before_the_books_and_the_gateway_are_asked() {
    let house = House::with_rate_limits().await;
    let (client, form) = (from(&house, 1), from(&house, 1).open("INV-501").await);
    let press = async || {
        let payment = format!("pay_{}", uuid::Uuid::now_v7().simple());
        client.call("/api/payments/take", &Form { payment, ..form.clone() }.fields("pm_nonsense")).await.status
    };
    for _ in 0..60 {
        assert_eq!(press().await, 200);
    }
    // Faults that do nothing but count whom they hit.
    for (vendor, calls) in [("xero", "GET /xero/api.xro/2.0/Invoices/"), ("stripe", "POST /stripe/")] {
        house.arm_with(json!({"vendor": vendor, "fault": "delay_ms:0", "times": 9, "match": calls})).await;
    }
    let armed = house.armed().await;
    assert_eq!(press().await, 429);
    assert_eq!(house.armed().await, armed, "neither the books nor the gateway were asked");

    let page = told(&client, "INV-501").await;
    assert!(page.contains("Many tries from your network came to nothing."), "{page}");
    assert!(told(&from(&house, 2), "INV-501").await.contains("You paid $1,204.50"), "nobody else is held");
    let admin = house.staff().await;
    assert!(!admin.get("/admin").await.body.contains("testing stolen cards"), "no card was tried");
}

#[tokio::test]
async fn q22_a_network_that_leaves_payments_open_is_held_and_cannot_block_every_invoice() {
    let house = House::with_rate_limits().await;
    let forms = forms(&house, &add_invoices(&house, 61).await).await;
    let leaver = from(&house, 1);
    let mut statuses = Vec::new();
    for form in &forms {
        // Without a token: to the gateway's own page, where nobody ever pays.
        statuses.push(leaver.call("/api/payments/take", &form.fields("")).await.status);
    }
    assert_eq!(statuses.pop(), Some(429));
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let last = forms.last().unwrap();
    assert_eq!(from(&house, 2).call("/api/payments/take", &last.fields("pm_card_visa")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn q22_of_a_thousand_cards_from_fifty_networks_thirty_reach_the_gateway() {
    let house = House::with_rate_limits().await;
    let forms = forms(&house, &add_invoices(&house, 40).await).await;
    let clients: Vec<_> = (100..150).map(|network| from(&house, network)).collect();
    let press = async |card: usize| {
        let payment = format!("pay_{}", uuid::Uuid::now_v7().simple());
        let form = Form { payment, ..forms[card % forms.len()].clone() };
        clients[card % clients.len()].call("/api/payments/take", &form.fields(DECLINED)).await.status
    };
    let mut refused = 0;
    for some in 0..20 {
        let statuses = join_all((0..50).map(|card| press(some * 50 + card))).await;
        assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
        refused += statuses.iter().filter(|status| **status == 429).count();
    }
    assert_eq!(tries(&house).await, 30, "the merchant's limit, to the card");
    assert!(refused > 800, "{refused}");

    // A guest who has nothing to do with it reads what to do; a payer who is signed in pays.
    let page = told(&from(&house, 200), "INV-502").await;
    assert!(page.contains("Many cards are being declined here") && page.contains("Try again in"), "{page}");
    assert!(page.contains("sign in to pay now") && page.contains("write to billing@northwind.test"), "{page}");
    let ana = from(&house, 201);
    ana.sign_in("ana@acme.test").await;
    assert!(told(&ana, "INV-501").await.contains("You paid $1,204.50"));
    house.assert_paid_once("INV-501", 120_450).await;

    let admin = house.staff().await;
    assert!(admin.get("/admin").await.body.contains("testing stolen cards"), "the alarm needs somebody");
    let since = alarmed_since(&house).await;
    house.pass_an_hour().await;
    assert!(told(&from(&house, 200), "INV-502").await.contains("You paid $350.00"));
    assert_eq!(alarmed_since(&house).await, since, "it began when it began");
}

#[tokio::test]
async fn q22_five_declines_hold_an_invoice_for_everybody_for_an_hour() {
    let house = House::new().await;
    for network in 1..=5 {
        declined(&from(&house, network), "INV-501").await;
    }
    assert_eq!(tries(&house).await, 5);
    let (guest, ana) = (from(&house, 6), from(&house, 7));
    ana.sign_in("ana@acme.test").await;
    for client in [&guest, &ana] {
        let page = told(client, "INV-501").await;
        assert!(page.contains("Several cards were declined for this invoice. Nothing was charged."), "{page}");
        assert!(page.contains("Try again in 60 minutes") || page.contains("Try again in 59 minutes"), "{page}");
        assert!(!page.contains("sign in to pay now"), "it would not help");
        assert!(!page.contains("id=\"pay-button\""), "nor would the button: {page}");
    }
    let form = guest.open("INV-501").await;
    assert_eq!(guest.call("/api/payments/take", &form.fields("pm_card_visa")).await.status, 429);
    assert!(house.charges().await.is_empty(), "nothing more reached the gateway");
    assert!(told(&guest, "INV-502").await.contains("You paid"), "another invoice is not held");

    house.pass_an_hour().await;
    assert!(told(&guest, "INV-501").await.contains("You paid"));
}

#[tokio::test]
async fn q22_ten_declines_hold_a_network_and_nobody_else() {
    let house = House::new().await;
    let carder = from(&house, 1);
    for number in ["INV-501", "INV-502"] {
        for _ in 0..5 {
            declined(&carder, number).await;
        }
    }
    let page = told(&carder, "INV-503").await;
    assert!(page.contains("Many tries from your network came to nothing.") && page.contains("sign in to pay now"));
    // A spoofed address does not help: the proxy writes the true one behind it.
    let spoofing = house.client().from("203.0.113.9, 198.51.100.1");
    assert!(told(&spoofing, "INV-503").await.contains("tries from your network"));
    assert!(house.charges().await.is_empty());

    carder.sign_in("ana@acme.test").await;
    assert!(told(&carder, "INV-503").await.contains("You paid $700.00"), "signed in, at the same network");
    assert!(told(&from(&house, 2), "INV-601").await.contains("You paid $80.00"), "another network");
}

#[tokio::test]
async fn q22_honest_payers_with_three_mistakes_each_all_pay() {
    let house = House::new().await;
    let forms = forms(&house, &add_invoices(&house, 9).await).await;
    for (at, form) in forms.into_iter().enumerate() {
        let client = from(&house, at);
        let checkout = format!("/npe?transactionId={}", form.checkout);
        for card in [DECLINED, "pm_card_chargeDeclinedInsufficientFunds", DECLINED, "pm_card_visa"] {
            let form = client.form(&checkout).await;
            let answer = client.pay(&form, card).await;
            let page = client.get(&answer.location.unwrap()).await.body;
            assert_eq!(page.contains("You paid"), card == "pm_card_visa", "{page}");
        }
    }
    assert_eq!(house.charges().await.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn q22_a_crowd_that_pays_at_once_waits_a_moment_and_pays() {
    let house = House::with_rate_limits().await;
    // More than may be declined, and all of one office.
    let forms = forms(&house, &add_invoices(&house, 50).await).await;
    let office = from(&house, 250);
    let presses = join_all(forms.iter().map(|form| office.pay(form, "pm_card_visa"))).await;
    assert!(presses.iter().all(|answer| answer.status == 303), "{:?}", presses.iter().map(|a| a.status).max());
    assert_eq!(house.charges().await.len(), forms.len());
}
