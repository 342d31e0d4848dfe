//! What screens say where something is missing or did not happen.

use crate::support::House;
use simulators::facts;

#[tokio::test]
async fn an_admin_without_an_accounting_package_reads_what_comes_next() {
    let house = House::new().await;
    for (merchant, connected) in [(facts::SOUTHERN, false), (facts::HARBOUR, true)] {
        let admin = house.client();
        admin.sign_in(merchant.admin_email).await;
        let home = admin.get("/admin").await.body;
        assert_eq!(home.contains("No accounting package is connected yet"), !connected, "{home}");
        for words in ["Download latest accounting platform data", "Collected this month", "Nothing needs you"] {
            assert_eq!(home.contains(words), connected, "{words}: {home}");
        }
    }
}
