//! The staff's transactions as a file (D24): it adds up to what `verify-books` says of each day, and what went back is a line
//! of its own with its day.

use crate::{debits::paid, refunds::Dialog, support::House};
use domain::{
    export::HEADER,
    money::{Currency, Money},
};
use serde_json::json;
use simulators::facts;
use std::collections::BTreeMap;

/// Day, type, day of its start, and amount in minor units of each record; no name in the demo needs quotes.
fn records(file: &str) -> Vec<(String, String, String, i64)> {
    let lines = file.strip_prefix(HEADER).unwrap_or_else(|| panic!("no header: {file}")).lines();
    let record = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        assert_eq!(cells.len(), HEADER.split(',').count(), "{line}");
        let amount = Money::from_decimal(cells[9], Currency::USD).unwrap();
        (cells[0].to_owned(), cells[1].to_owned(), cells[3].to_owned(), amount.minor)
    };
    lines.map(record).collect()
}

/// What `verify-books` says that our ledger took on each day.
async fn ledger(house: &House) -> BTreeMap<String, i64> {
    let days = house.engine.verify_books(None).await.unwrap().days;
    let told = |line: &String| {
        let day = line.split(", ").nth(1).unwrap()[..10].to_owned();
        let sum = line.split(" ledger ").nth(1).unwrap().split(',').next().unwrap();
        (day, Money::from_decimal(sum, Currency::USD).unwrap().minor)
    };
    days.iter().map(told).collect()
}

#[tokio::test]
async fn d24_the_file_of_transactions_adds_up_to_verify_books_and_has_a_line_for_all_that_went_back() {
    let house = House::new().await;
    let (debit, _) = paid(&house.portal, "pm_usBankAccount_dispute").await;
    let guest = house.client();
    guest.pay(&guest.open("INV-502").await, "pm_card_chargeDeclined").await;
    let card = guest.open("INV-502").await;
    guest.pay(&card, "pm_card_visa").await;
    house.until("it is booked", async || house.books_payments("INV-502").await.len() == 1).await;
    let staff = house.staff().await;
    Dialog::open(&staff, &card.payment).await.press(&staff, "100.00").await;
    house.advance(json!({"days": 6})).await;
    house.until("the debit is booked", async || house.books_payments("INV-501").await.len() == 1).await;
    house.assert_everything_agrees().await;
    house.advance(json!({"days": 25})).await;
    let back = "The bank took the money back. It does not stand in the books";
    house.until("it came back", async || house.story(&debit).await.contains(back)).await;
    house.assert_everything_agrees().await;

    let staff = house.staff().await;
    assert!(staff.get("/admin/transactions?q=INV").await.body.contains("href=\"/admin/transactions.csv?q=INV\""));
    let file = staff.get("/admin/transactions.csv?q=INV").await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let records = records(&file.body);
    let mut taken: BTreeMap<String, i64> = BTreeMap::new();
    for (_, _, started, minor) in records.iter().filter(|(_, kind, ..)| kind.starts_with("Payment ")) {
        *taken.entry(started.clone()).or_default() += minor;
    }
    taken.retain(|_, minor| *minor != 0);
    assert_eq!(taken, ledger(&house).await, "{}", file.body);
    let mut told: Vec<_> = records.iter().map(|(_, kind, _, minor)| (kind.as_str(), *minor)).collect();
    told.sort_unstable();
    let expected = [
        ("No payment", 0),
        ("Payment reversed", -120_450),
        ("Payment taken", 35_000),
        ("Payment taken", 120_450),
        ("Refund paid", -10_000),
    ];
    assert_eq!(told, expected, "{}", file.body);
    let reversed = records.iter().find(|(_, kind, ..)| kind == "Payment reversed").unwrap();
    assert!(reversed.0 > reversed.2, "it went back later than it came: {}", file.body);

    let of_one = staff.get("/admin/transactions.csv?q=INV-502").await.body;
    assert!(of_one.contains("INV-502") && !of_one.contains("INV-501"), "{of_one}");
    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    assert_eq!(harbour.get("/admin/transactions.csv").await.body, HEADER);
}
