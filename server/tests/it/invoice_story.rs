//! "Why is this not paid?" of an invoice, from the front page of staff: also of one that nobody tried to pay (N3).

use crate::support::{Client, House, assert_has, link};

/// The page that the list of invoices leads to.
async fn story(staff: &Client, number: &str) -> String {
    let list = staff.get(&format!("/admin?q={number}")).await.body;
    let id = list.split("href=\"/admin/invoices/").nth(1).unwrap_or_else(|| panic!("{number} is not listed: {list}"));
    staff.get(&format!("/admin/invoices/{}", id.split('"').next().unwrap())).await.body
}

#[tokio::test]
async fn n3_an_invoice_says_why_it_is_not_paid_and_what_to_do_from_untouched_to_paid() {
    let house = House::new().await;
    let (staff, guest) = (house.staff().await, house.client());
    house.until("the books were read", async || staff.get("/admin").await.body.contains("INV-501")).await;
    let untouched = story(&staff, "INV-502").await;
    assert_has!(
        untouched,
        "Why is the invoice not paid?",
        "It is overdue, nobody has tried to pay it here",
        "link again."
    );
    let elsewhere = story(&staff, "INV-504").await;
    assert!(elsewhere.contains("and not through this portal."), "{elsewhere}");
    assert!(!elsewhere.contains("Why is the invoice not paid?"), "{elsewhere}");

    assert_eq!(guest.get(&link("INV-502")).await.status, 303);
    let seen = story(&staff, "INV-502").await;
    assert!(
        seen.contains("A page to pay it was opened last on ") && seen.contains("keeps them from paying."),
        "{seen}"
    );

    guest.pay(&guest.open("INV-502").await, "pm_card_chargeDeclined").await;
    let declined = story(&staff, "INV-502").await;
    assert!(declined.contains("was declined, and nobody has tried since."), "{declined}");
    assert!(declined.contains("href=\"/admin/transactions/pay_"), "it leads to what was tried: {declined}");

    let form = guest.open("INV-502").await;
    guest.pay(&form, "pm_card_visa").await;
    let booked = async || story(&staff, "INV-502").await.contains("and stands in the books as paid.");
    house.until("it is paid and booked", booked).await;
    let nothing = staff.get("/admin/transactions?q=INV-503").await.body;
    assert!(nothing.contains("href=\"/admin?q=INV%2D503\""), "no payment leads to the invoice: {nothing}");
}
