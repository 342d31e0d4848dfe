//! Why books take no payment (D30), a closed period first (G47): staff read each cause with what helps, and one press
//! writes it once that is done.

use crate::{
    exceptions::INBOX,
    saga_kills::{Package, Saga, Shop},
    support::{House, On, assert_has, field, http},
};
use serde_json::json;

const OPEN_IT: &str = "That period is closed there: open it and try again, or enter it by hand on a day that is open.";
const REFUSED: &str = "SELECT COUNT(*) FROM books_entry WHERE state = 'refused'";

/// Closes the period, lets this happen, opens it again and presses the cure; then so much stands there.
async fn closed_and_opened(shop: &mut Shop, saga: Saga, told: &str, stands: i64) {
    let what = format!("{:?} {saga:?}", shop.books);
    shop.house.arm_times(shop.books.vendor().unwrap(), "period_locked", 9).await;
    if saga == Saga::Pay {
        shop.pay(0).await;
    } else {
        shop.begin(saga).await;
    }
    let staff = shop.house.signed_in(shop.admin).await;
    shop.house.until(&format!("{what}: {told}"), async || staff.get(INBOX).await.body.contains(told)).await;
    let page = staff.get(INBOX).await.body;
    assert!(page.contains(OPEN_IT), "{what}: {page}");
    shop.house.disarm().await;
    let key = field(page.split_once(told).unwrap().1, "exception");
    for _ in 0..2 {
        let pressed = staff.post("/api/exceptions/retry", &[("exception", &key)]).await;
        assert_eq!(pressed.status, 303, "{what}: {}", pressed.body);
    }
    let sum = if saga == Saga::Pay { shop.taken_minor } else { 0 };
    shop.house.until(&format!("{what} stands"), async || shop.stands().await == (stands, sum)).await;
    let is_over = async || !staff.get(INBOX).await.body.contains(told);
    shop.house.until(&format!("{what} needs nobody"), is_over).await;
}

#[tokio::test]
async fn g47_d30_g42_what_a_closed_period_refuses_is_written_once_it_is_open_in_xero_and_in_quickbooks() {
    for books in [Package::Xero, Package::QuickBooks] {
        let mut shop = Shop::open(books, On::Sqlite).await.unwrap();
        shop.house.start_worker();
        closed_and_opened(&mut shop, Saga::Pay, "was taken, but the books refused it", 1).await;
        closed_and_opened(&mut shop, Saga::Refund, "was paid back for", 2).await;
    }
}

#[tokio::test]
async fn g46_g47_d9_what_a_bank_takes_back_in_a_closed_period_leaves_the_books_once_it_is_open() {
    for books in [Package::Xero, Package::QuickBooks] {
        let mut shop = Shop::open(books, On::Sqlite).await.unwrap();
        shop.house.start_worker();
        shop.pay(0).await;
        let paid = (1, shop.taken_minor);
        shop.house.until("it is posted", async || shop.stands().await == paid).await;
        closed_and_opened(&mut shop, Saga::Lost, "went back, but the books keep its payment", 0).await;
    }
}

#[tokio::test]
async fn d30_each_way_in_which_an_invoice_takes_no_payment_is_told_with_what_helps() {
    let mut house = House::without_worker().await;
    for number in ["INV-501", "INV-502", "INV-503"] {
        let guest = house.client();
        let form = guest.open(number).await;
        assert_eq!(guest.pay(&form, "pm_card_visa").await.status, 303, "{number}");
    }
    house.edit_books(json!({"number": "INV-501", "status": "VOIDED"})).await;
    house.edit_books(json!({"number": "INV-502", "pay_minor": 35_000})).await;
    house.edit_books(json!({"number": "INV-503", "status": "DRAFT"})).await;
    house.start_worker();
    house.until("the books have refused all", async || house.number(REFUSED).await == 3).await;
    let page = house.staff().await.get(INBOX).await.body;
    for (number, helps) in [
        ("INV-501", "That invoice is void there, or was deleted: the money can be put on another invoice"),
        ("INV-502", "That invoice is paid there already: the money can be put on another invoice"),
        ("INV-503", "That invoice is a draft there: approve it, and post again."),
    ] {
        let line = page.split_once(&format!("for {number} was taken, but the books refused it")).unwrap().1;
        let line = line.split("was taken, but the books").next().unwrap();
        assert!(line.contains(helps), "{number}: {page}");
    }
}

#[tokio::test]
async fn d30_money_for_an_invoice_that_was_deleted_in_quickbooks_is_told_with_what_helps() {
    let mut shop = Shop::open(Package::QuickBooks, On::Sqlite).await.unwrap();
    shop.pay(0).await;
    let url = format!("{}/control/qbo/invoice", shop.house.vendors);
    let deleted = http().post(url).json(&json!({"number": "1003", "delete": true})).send().await.unwrap();
    assert!(deleted.status().is_success(), "{}", deleted.text().await.unwrap());
    shop.house.start_worker();
    shop.house.until("the books have refused it", async || shop.house.number(REFUSED).await == 1).await;
    let page = shop.house.signed_in(shop.admin).await.get(INBOX).await.body;
    assert_has!(page, "The invoice was deleted in QuickBooks Online.", "That invoice is void there, or was deleted");
}
