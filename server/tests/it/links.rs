//! Pay Now links that lead nowhere: each has a designed page with the next step and the right status.

use crate::support::{House, link};
use serde_json::json;
use simulators::facts;

#[tokio::test]
async fn s50_links_that_lead_nowhere_explain_themselves() {
    let house = House::new().await;
    let client = house.client();
    house.edit_books(json!({"number": "INV-601", "status": "VOIDED"})).await;
    let key = facts::NORTHWIND.pay_now.email;
    let address = |key: &str, number: &str| {
        format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&amount=1&companyCode=Acme")
    };

    for (what, address, status) in [
        ("an unknown invoice", address(key, "INV-999999"), 404),
        ("a paid invoice", address(key, "INV-504"), 409),
        ("a placeholder that was never filled", address(key, "%5Binvnumber%5D"), 400),
        ("a wrong key", address("00000000000000000000000000000000", "INV-501"), 404),
        ("no parameters at all", "/PaymentProxy/PayNow/Email".to_owned(), 404),
        ("broken encoding", format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo=%FF%FE"), 404),
    ] {
        let answer = client.get(&address).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert!(answer.body.contains("<h1"), "{what} has a designed page");
        assert!(answer.headers.contains_key("content-security-policy"), "{what}");
    }
    // Voided after our last read: the checkout itself says so.
    house.pass_an_hour().await;
    let voided = client.get(&link("INV-601")).await;
    let page = match voided.location {
        Some(checkout) => client.get(&checkout).await,
        None => voided,
    };
    assert_eq!(page.status, 410, "{}", page.body);
}

#[tokio::test]
async fn s50_junk_is_refused_and_not_repeated() {
    let house = House::new().await;
    let client = house.client();
    let junk = "x".repeat(64 * 1024 + 1);
    let answer = client.get(&format!("/PaymentProxy/PayNow/Email?apiKey={}", &junk[..32_000])).await;
    assert_eq!(answer.status, 404);
    assert!(!answer.body.contains("xxxxxxxx"), "what was sent is not echoed");
    for body in [&junk[..1_000], &junk] {
        let posted = client.call("/api/payments/take", &[("checkout", body)]).await;
        assert!((400..500).contains(&posted.status), "{}", posted.status);
        assert!(!posted.body.contains("xxxxxxxx"));
    }
}

#[tokio::test]
async fn d28_reading_a_link_changes_nothing_and_it_can_be_read_again() {
    let house = House::new().await;
    let client = house.client();
    let head = client.send(crate::support::http().head(format!("{}{}", house.portal, link("INV-501")))).await;
    assert!(head.status < 500);
    for _ in 0..3 {
        client.open("INV-501").await;
    }
    assert!(house.charges().await.is_empty());
}
