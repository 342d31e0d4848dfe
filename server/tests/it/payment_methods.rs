//! Configure > Merchants > Payment methods: staff read how their gateway is connected, and no secret.

use crate::support::{House, assert_has, http, sign_event};
use simulators::facts;

const TAB: &str = "/admin/configure/merchants/northwind/payment-methods";

#[tokio::test]
async fn staff_read_what_their_gateway_can_do_where_its_news_go_and_when_they_came() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let address = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
    let page = staff.get(TAB).await.body;
    assert_has!(
        page,
        "<h2 id=\"gateway-con_",
        "Stripe is not yet verified against the vendor.",
        "Neither live nor test",
        "Saved cards, for payers who are signed in",
        "Debits of saved US bank accounts (ACH)",
        "<dt>Refunds</dt><dd>In whole and in part</dd>",
        "None came yet"
    );
    assert!(page.contains(&address), "{page}");
    for secret in [facts::stripe::PORTAL_SECRET_KEY, facts::stripe::PORTAL_WEBHOOK_SECRET, "pk_test_"] {
        assert!(!page.contains(secret), "{secret}: {page}");
    }

    let body = r#"{"id":"evt_1","object":"event","type":"customer.created","created":1,"data":{"object":{"id":"cus_1","object":"customer"}}}"#;
    let signature = sign_event(body, facts::stripe::PORTAL_WEBHOOK_SECRET, house.now().timestamp());
    let news = http().post(address).header("stripe-signature", signature).body(body);
    assert_eq!(staff.send(news).await.status, 200);
    let page = staff.get(TAB).await.body;
    assert!(page.contains("<time") && !page.contains("None came yet"), "{page}");
}

#[tokio::test]
async fn a_sandbox_says_that_it_moves_no_money_and_has_no_news() {
    let house = House::without_worker().await;
    let staff = house.signed_in(facts::HARBOUR.admin_email).await;
    let page = staff.get("/admin/configure/merchants/harbour/payment-methods").await.body;
    assert_has!(page, "no money moves", "Test cards", "Nothing is to be registered.");
    assert!(!page.contains("not yet verified") && !page.contains("/webhooks/"), "{page}");
}
