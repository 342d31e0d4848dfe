//! `verify-books`: silent while gateway, portal and books agree, and exact about what does not.

use crate::support::{House, On};

#[tokio::test]
async fn d30_verify_books_agrees_after_a_payment_and_names_a_charge_too_many() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let client = house.client();
        client.pay(&client.open("INV-502").await, "pm_card_chargeDeclined").await;
        client.pay(&client.open("INV-501").await, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        let verified = house.engine.verify_books(None).await.unwrap();
        assert_eq!((verified.attempts, verified.charges, verified.postings), (2, 1, 1));
        let [day] = verified.days.as_slice() else { panic!("one day: {:?}", verified.days) };
        let sums = " USD: gateway 1204.50, ledger 1204.50, books 1204.50, difference 0";
        assert!(day.starts_with("Northwind IT, 20") && day.ends_with(sums), "{day}");
        let since = chrono::Utc::now() + chrono::TimeDelta::minutes(5);
        let later = house.engine.verify_books(Some(since)).await.unwrap();
        assert_eq!((later.attempts, later.days.len()), (0, 0), "a window leaves out what was before");

        // Somebody charges the card again by hand, with our own reference.
        let attempt = house.charges().await.remove(0)["metadata"]["attempt_id"].as_str().unwrap().to_owned();
        house.charge_by_another(120_450, &attempt).await;
        assert_eq!(house.differences(None).await, [format!("Northwind IT: the gateway charged 2 times for {attempt}")]);
        let apart = format!("gateway 2409.00, ledger 1204.50, books 1204.50, apart by 1 of its payments: {attempt}");
        let days = house.engine.verify_books(None).await.unwrap().days;
        assert!(matches!(&*days, [day] if day.ends_with(&apart)), "{days:?}");
    }
}

#[tokio::test]
async fn d30_what_is_not_in_the_books_is_named() {
    let house = House::new().await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    let client = house.client();
    client.pay(&client.open("INV-501").await, "pm_card_visa").await;
    let refused = async || matches!(&*house.differences(None).await, [one] if one.ends_with("the books refused it"));
    house.until("the refusal is named", refused).await;
    let days = house.engine.verify_books(None).await.unwrap().days;
    assert!(matches!(&*days, [day] if day.contains("ledger 1204.50, books 0.00, apart by 1")), "{days:?}");
}
