//! Southern Cloud of the demo: its books are in QuickBooks Online, and it is paid through Authorize.Net.

use crate::reef::{Reef, VISA};
use simulators::facts::{self, SOUTHERN};

/// The open invoice that owes most.
const MOST: &str =
    "SELECT number FROM invoice WHERE merchant_id = (SELECT id FROM merchant WHERE name = 'Southern Cloud')
    AND status = 'open' AND due_minor = total_minor ORDER BY due_minor DESC, number LIMIT 1";

pub async fn most_open(reef: &Reef) -> String {
    let database = sqlx::SqlitePool::connect(&reef.house.url).await.unwrap();
    let number = sqlx::query_scalar(MOST).fetch_one(&database).await.unwrap();
    database.close().await;
    number
}

#[tokio::test]
async fn d30_g42_g44_a_payment_by_card_stands_in_the_books_once_and_agrees_with_them() {
    // The account at the gateway is the same.
    let reef = Reef::new().await;
    let (house, guest) = (&reef.house, reef.house.client());
    let (key, number) = (SOUTHERN.pay_now.email, most_open(&reef).await);
    let link = format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&companyCode=");
    let opened = guest.get(&link).await;
    let form = guest.form(&opened.location.unwrap()).await;
    let pressed = guest.pay(&form, &reef.nonce(VISA).await).await;
    let paid = guest.get(&pressed.location.unwrap()).await.body;
    assert!(paid.contains("You paid"), "{paid}");

    let admin = house.signed_in(SOUTHERN.admin_email).await;
    let story = async || admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
    house.until("it stands in the books", async || story().await.contains("Paid, and it stands")).await;
    let story = story().await;
    let place = format!("QuickBooks Online, clearing account {}", facts::qbo::CLEARING_ACCOUNT_ID);
    assert!(story.contains(&place), "{story}");
    assert_eq!(guest.get(&link).await.status, 409, "nothing is due any more");
    let agree = async || !house.differences(None).await.iter().any(|words| words.starts_with(SOUTHERN.name));
    house.until("gateway, portal and books agree", agree).await;

    // What came of it stands there also for whoever reads the books anew.
    house.download(&admin).await;
    assert_eq!(guest.get(&link).await.status, 409);
}
