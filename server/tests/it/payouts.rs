//! Payouts (G45, N11): one payout = payments - refunds - fees, tied to the cent, with what was made past the portal by its name;
//! and one that fails stands in the inbox until its money has come.

use crate::{
    exceptions::{INBOX, NAME_OF_NONE},
    refunds::Dialog,
    support::{House, assert_has, field, http},
};
use domain::{
    money::{Currency, Money},
    payout::PAYOUT_HEADER,
};
use serde_json::{Value, json};
use simulators::facts;

const READ: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.state = 'done' AND job.unique_key LIKE 'read_payouts:%'";
const QUEUED: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.state = 'ready' AND job.unique_key LIKE 'read_payouts:%'";

/// Days pass, and payouts are read.
async fn days_later(house: &House, days: u32) {
    house.until("the reading is queued", async || house.number(QUEUED).await > 0).await;
    let before = house.number(READ).await;
    house.advance(json!({"days": days})).await;
    house.until("payouts were read", async || house.number(READ).await > before).await;
}

/// What the gateway's schedule, or a bank, does.
async fn order(house: &House, order: Value) -> Value {
    let answer = http().post(format!("{}/control/stripe/payout", house.vendors)).json(&order).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    answer.json::<Value>().await.unwrap()["payout"].clone()
}

/// Amount and net of each record, in minor units; no name in the demo needs quotes.
fn records(file: &str) -> Vec<(String, i64, i64)> {
    let lines = file.strip_prefix(PAYOUT_HEADER).unwrap_or_else(|| panic!("no header: {file}")).lines();
    let minor = |cell: &str| Money::from_decimal(cell, Currency::USD).unwrap().minor;
    let record = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        assert_eq!(cells.len(), PAYOUT_HEADER.split(',').count(), "{line}");
        (cells[3].to_owned(), minor(cells[8]), minor(cells[10]))
    };
    lines.map(record).collect()
}

#[tokio::test]
async fn g45_n11_one_payout_is_payments_less_refunds_and_fees_and_a_failed_one_is_open_until_its_money_came() {
    let house = House::new().await;
    let guest = house.client();
    let mut paid = Vec::new();
    for number in ["INV-501", "INV-502"] {
        let form = guest.open(number).await;
        guest.pay(&form, "pm_card_visa").await;
        house.until("it is booked", async || house.books_payments(number).await.len() == 1).await;
        paid.push(form);
    }
    let staff = house.staff().await;
    Dialog::open(&staff, &paid[1].payment).await.press(&staff, "100.30").await;
    house.charge_by_another(500, NAME_OF_NONE).await;
    let none = staff.get("/admin/payouts").await.body;
    assert_has!(none, "No payouts yet", "They appear here on the day after");

    days_later(&house, 3).await;
    let fees = 3_523 + 1_045 + 45;
    let net = 120_450 + 35_000 - 10_030 + 500 - fees;
    let payout = order(&house, json!({})).await;
    assert_eq!(payout["amount"], json!(net));
    days_later(&house, 5).await;
    let staff = house.staff().await;
    let list = staff.get("/admin/payouts").await.body;
    assert_has!(list, "Paid out", "Ties out", "$1,559.50", "\u{2212}$100.30", "$46.13", "$1,413.07");
    let address = format!("/admin/payouts/pyo_{}", &list.split("/admin/payouts/pyo_").nth(1).unwrap()[..32]);
    let page = staff.get(&address).await.body;
    assert_has!(
        page,
        "It adds up to the cent.",
        "Payout of $1,413.07",
        "INV-501",
        "INV-502",
        "Clearing account: payments less refunds, $1,454.20 → Bank $1,413.07, Fees $46.13; $5.00 of what came was made past this portal",
        payout["id"].as_str().unwrap()
    );
    assert_eq!(page.matches("Made past this portal").count(), 1, "the foreign charge, and it alone: {page}");
    for form in &paid {
        assert!(page.contains(&format!("/admin/transactions/{}", form.payment)), "{page}");
    }
    let file = staff.get(&format!("{address}/payout.csv")).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let mut records = records(&file.body);
    records.sort_by_key(|(_, amount, _)| *amount);
    let told: Vec<_> = records.iter().map(|(kind, amount, _)| (kind.as_str(), *amount)).collect();
    assert_eq!(told, [("Refund", -10_030), ("Payment", 500), ("Payment", 35_000), ("Payment", 120_450)]);
    assert_eq!(records.iter().map(|(.., net)| net).sum::<i64>(), net, "{}", file.body);
    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    for path in [address.clone(), format!("{address}/payout.csv")] {
        assert_eq!(harbour.get(&path).await.status, 404, "another merchant's {path}");
    }
    assert!(!staff.get(INBOX).await.body.contains("A payout of"), "nothing is wrong with it");

    order(&house, json!({"fails": payout["id"]})).await;
    days_later(&house, 1).await;
    let staff = house.staff().await;
    let inbox = staff.get(INBOX).await.body;
    let failed = "did not reach the bank. The bank account has been closed.";
    assert_has!(inbox, "A payout of $1,413.07 (po_", failed, "Put the bank account right at Stripe.");
    let of_payout = inbox.split("A payout of").nth(1).unwrap();
    let key = field(of_payout, "exception");
    assert!(key.starts_with("payout:pyo_"), "{key}");
    let again = order(&house, json!({})).await;
    assert_eq!(again["amount"], json!(net), "the same money");
    house.advance(json!({"days": 5})).await;
    // One button, twice.
    let staff = house.staff().await;
    for _ in 0..2 {
        let pressed = staff.post("/api/exceptions/retry", &[("exception", &*key)]).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
    }
    assert!(!staff.get(INBOX).await.body.contains(failed), "it has come with the later one");
    let list = staff.get("/admin/payouts").await.body;
    assert_has!(list, "Failed, sent again", "Ties out");
    let entries = house.number("SELECT COUNT(*) FROM books_entry").await;
    assert_eq!(entries, 2, "nothing was posted");
}
