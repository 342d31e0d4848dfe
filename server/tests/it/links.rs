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
        ("a placeholder that was filled with nothing", address(key, "+"), 400),
        ("a wrong key", address("00000000000000000000000000000000", "INV-501"), 404),
        ("no parameters at all", "/PaymentProxy/PayNow/Email".to_owned(), 400),
        ("broken encoding", format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo=%FF%FE"), 404),
    ] {
        let answer = client.get(&address).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert_eq!(between(&answer.body, "<title>"), between(&answer.body, "<h1>"), "{what} has a designed page");
        assert!(answer.headers.contains_key("content-security-policy"), "{what}");
        assert_eq!(answer.body.contains("Northwind IT"), address.contains(key), "{what} says whom to ask");
        assert!(!answer.body.contains("href=\"/payments\""), "{what} leads a guest to no account");
    }
    // Voided after our last read: the checkout itself says so.
    house.pass_an_hour().await;
    let voided = client.get(&link("INV-601")).await;
    let page = match voided.location {
        Some(checkout) => client.get(&checkout).await,
        None => voided,
    };
    assert_eq!(page.status, 410, "{}", page.body);
    assert_eq!(between(&page.body, "<title>"), between(&page.body, "<h1>"));
}

#[tokio::test]
async fn a_link_of_a_merchant_that_is_not_set_up_names_whom_to_ask() {
    let house = House::new().await;
    let key = facts::SOUTHERN.pay_now.email;
    let link = format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo=SC-1001&companyCode=");
    let page = house.client().get(&link).await;
    assert_eq!(page.status, 503, "{}", page.body);
    for words in [facts::SOUTHERN.name, "mailto:", "Ask how else you can pay."] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("503"), "nobody reads numbers: {}", page.body);
}

/// What stands in the first element of this kind.
fn between<'a>(page: &'a str, tag: &str) -> &'a str {
    page.split(tag).nth(1).and_then(|rest| rest.split("</").next()).unwrap_or_else(|| panic!("no {tag} in {page}"))
}

#[tokio::test]
async fn a_payment_in_progress_leads_a_guest_back_here_and_a_payer_to_their_invoices() {
    // Without a worker the payment never comes into the books, so the invoice stays taken.
    let house = House::without_worker().await;
    let (first, guest, ana) = (house.client(), house.client(), house.client());
    first.pay(&first.open("INV-501").await, "pm_card_visa").await;
    ana.sign_in(facts::ANA_EMAIL).await;
    for (client, way_on) in [(&guest, "Reload this page"), (&ana, "href=\"/dashboard\"")] {
        let checkout = client.get(&link("INV-501")).await.location.unwrap();
        let page = client.get(&checkout).await;
        assert!(page.status == 409 && page.body.contains(way_on), "{} {}", page.status, page.body);
    }
}

#[tokio::test]
async fn s50_junk_is_refused_and_not_repeated() {
    let house = House::new().await;
    let client = house.client();
    let junk = "x".repeat(64 * 1024 + 1);
    let answer = client.get(&format!("/PaymentProxy/PayNow/Email?apiKey={}&invoiceNo=INV-501", &junk[..32_000])).await;
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
