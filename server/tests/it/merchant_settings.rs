//! Configure > Merchants > Settings: what a merchant takes (G27, G29, G34), and what stands above its documents.

use crate::{
    credits::change,
    support::{House, On, ana, assert_has},
};
use engine::MerchantChange;
use simulators::facts;

const TAB: &str = "/admin/configure/merchants/northwind/settings";
const HARBOURS: &str = "/admin/configure/merchants/harbour/settings";
const LINES: &str = "SELECT count(*) FROM audit_slip WHERE kind = 'merchant_set'";

#[tokio::test]
async fn g27_g28_g29_g34_what_staff_choose_is_what_payers_may_pay() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::without_worker_on(database).await else { continue };
        let (staff, guest, ana) = (house.staff().await, house.client(), ana(&house.portal).await);
        let done = Some(format!("{TAB}?done=saved"));
        let page = staff.get(TAB).await.body;
        assert_has!(page, "What payers may pay", "several invoices in one payment", "Bank debits");
        assert!(!page.contains("On your documents") && !page.contains("not offered yet"), "Xero draws its own: {page}");
        let form = guest.open("INV-501").await;
        let prepays = async || !ana.get("/prepay").await.body.contains("takes no payments without an invoice here");
        assert!(!prepays().await);

        let all = [("takes_parts", "yes"), ("takes_more", "yes"), ("takes_prepayments", "yes")];
        for _ in 0..2 {
            assert_eq!(staff.post(&format!("{TAB}/payments"), &all).await.location, done);
        }
        assert_eq!(house.number(LINES).await, 1, "what is as it was leaves no line");
        let page = staff.get(done.as_ref().unwrap()).await.body;
        assert!(page.contains("The settings are saved."), "{page}");
        assert!(change(&guest, &form, "USD", "1,000.00").await.contains("Pay $1,000.00"));
        assert!(change(&guest, &form, "USD", "1,300.00").await.contains("stays as credit with Northwind IT"));
        assert!(prepays().await);

        assert_eq!(staff.post(&format!("{TAB}/debits"), &[("retries_debits", "yes")]).await.location, done);
        let now = house.engine.set_merchant("northwind", MerchantChange::default()).await.unwrap();
        assert!(
            now.retries_debits && now.takes_parts && now.takes_more,
            "the command reads the same, and the rest stays"
        );
        assert_eq!(staff.post(&format!("{TAB}/payments"), &[("takes_more", "no")]).await.location, done);
        assert!(!change(&guest, &form, "USD", "1,300.00").await.contains("stays as credit"));
        assert!(!prepays().await);
        let now = house.engine.set_merchant("northwind", MerchantChange::default()).await.unwrap();
        assert!(now.retries_debits && !now.takes_parts && !now.takes_more);
        assert_eq!(house.number(LINES).await, 3);
    }
}

#[tokio::test]
async fn d21_what_stands_above_documents_is_mended_beside_its_field_and_kept_as_text() {
    let house = House::without_worker().await;
    let staff = house.signed_in(facts::HARBOUR.admin_email).await;
    let save = async |address: &str, number: &str| {
        staff.post(&format!("{HARBOURS}/documents"), &[("address", address), ("tax_number", number)]).await
    };
    let page = staff.get(HARBOURS).await.body;
    assert_has!(page, "On your documents", "1 Quay Street", "123-456-789");
    let back = save("2 Quay Street", &"9".repeat(41)).await;
    assert_eq!(back.status, 422);
    assert_has!(back.body, "Enter a number of 40 characters or fewer.", "href=\"#tax_number\"", "2 Quay Street");
    assert!(staff.get(HARBOURS).await.body.contains("1 Quay Street"), "nothing was saved");

    let saved = save("2 Quay Street\r\nAuckland & beyond", " ").await;
    assert_eq!(saved.location, Some(format!("{HARBOURS}?done=saved")));
    let now = house.engine.set_merchant("harbour", MerchantChange::default()).await.unwrap();
    assert_eq!((now.address.as_deref(), now.tax_number), (Some("2 Quay Street\nAuckland & beyond"), None));
    let told = "SELECT count(*) FROM audit_slip WHERE kind = 'merchant_set' AND body NOT LIKE '%Quay%'";
    assert_eq!(house.number(told).await, 1, "the trail has a digest of it");
    for named in [TAB, "/admin/configure/merchants/nobody/settings"] {
        assert_eq!(staff.get(named).await.status, 404);
    }
}
