//! Notes on the books' invoices about what was posted there, for merchants that ask for them (`wire/accounting.md`, 4.2).

use crate::{refunds::Dialog, support::House};
use simulators::facts::xero;

const SET_UP: &str = "/admin/configure/accounting-connections/set-up";
const TICKED: &str = "name=\"writes_notes\" value=\"yes\" checked";

async fn notes(house: &House, number: &str) -> Vec<String> {
    let invoice = house.books_invoice(number).await;
    invoice["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_posted_and_refunded_is_noted_on_its_invoice_where_the_merchant_asks_for_it() {
    let house = House::new().await;
    house.paid().await;
    let staff = house.staff().await;
    let form = staff.get(SET_UP).await.body;
    assert!(form.contains("Note in the history of each invoice") && !form.contains(TICKED), "{form}");
    let chosen = [("clearing", xero::CLEARING_ACCOUNT_CODE), ("writes_notes", "yes")];
    assert_eq!(staff.post(SET_UP, &chosen).await.status, 303);
    assert!(staff.get(SET_UP).await.body.contains(TICKED));
    let guest = house.client();
    let form = guest.open("INV-502").await;
    assert_eq!(guest.pay(&form, "pm_card_visa").await.status, 303);
    house.until("the payment is noted", async || notes(&house, "INV-502").await.len() == 1).await;
    let noted = notes(&house, "INV-502").await.remove(0);
    assert!(noted.starts_with("USD 350.00 was paid through the payment portal. Reference: "), "{noted}");

    house.assert_everything_agrees().await;
    Dialog::open(&staff, &form.payment).await.press(&staff, "100.00").await;
    let refunded =
        async || notes(&house, "INV-502").await.iter().any(|note| note.starts_with("USD 100.00 was refunded"));
    house.until("the refund is noted", refunded).await;
    house.assert_everything_agrees().await;
    assert_eq!(notes(&house, "INV-502").await.len(), 2, "each of them once");
    assert!(notes(&house, "INV-501").await.is_empty(), "no call was spent on it unasked");
}
