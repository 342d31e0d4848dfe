//! Pay Now links that lead nowhere: each has a designed page with the next step and the right status.

use crate::support::{House, On, assert_has, field, link, link_for};
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
    let link = format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo=SC-9999&companyCode=");
    house.leave_southern_without_books().await;
    let client = house.client();
    house.until("it is not set up", async || client.get(&link).await.status == 503).await;
    let page = client.get(&link).await;
    assert_has!(page.body, facts::SOUTHERN.name, "mailto:", "Ask how else you can pay.");
    assert!(!page.body.contains("503"), "nobody reads numbers: {}", page.body);
}

#[tokio::test]
async fn s50_a_link_is_read_in_whichever_case_its_letters_come() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        for (number, company) in [("inv-502", "ACME"), ("INV-502", "acme"), ("Inv-502", "acme pty ltd")] {
            let client = house.client();
            let opened = client.get(&link_for(number, company)).await;
            assert_eq!(opened.status, 303, "{number}, {company}: {}", opened.body);
            let page = client.get(&opened.location.unwrap()).await.body;
            assert!(page.contains("INV-502") && page.contains("Acme Pty Ltd"), "{number}, {company}: {page}");
        }
    }
}

/// What stands in the first element of this kind.
fn between<'a>(page: &'a str, tag: &str) -> &'a str {
    page.split(tag).nth(1).and_then(|rest| rest.split("</").next()).unwrap_or_else(|| panic!("no {tag} in {page}"))
}

#[tokio::test]
async fn a_payment_in_progress_leads_a_guest_back_here_and_a_payer_to_their_invoices() {
    let house = House::new().await;
    let (first, guest, bo) = (house.client(), house.client(), house.client());
    // Left on the gateway's page.
    first.pay(&first.open("INV-501").await, "").await;
    // Of another company.
    bo.sign_in(facts::BO_EMAIL).await;
    for (client, way_on) in [(&guest, "Reload this page"), (&bo, "href=\"/dashboard\"")] {
        let checkout = client.get(&link("INV-501")).await.location.unwrap();
        let page = client.get(&checkout).await;
        assert!(page.status == 409 && page.body.contains(way_on), "{} {}", page.status, page.body);
        assert_has!(page.body, "Someone is paying invoice INV-501 now", "Since ", "it can be paid again by ");
    }
}

#[tokio::test]
async fn d1_whoever_has_the_same_link_neither_goes_on_with_a_payment_nor_ends_it() {
    let house = House::new().await;
    let (payer, stranger) = (house.client(), house.client());
    let form = payer.open("INV-502").await;
    let hosted = payer.pay(&form, "").await.location.unwrap().replace('&', "&amp;");

    let opened = stranger.get(&link("INV-502")).await.location.unwrap();
    let page = stranger.get(&opened).await.body;
    for theirs in ["/stripe/", "Continue to pay", "Cancel payment", "Your payment", "accounts@acme.test"] {
        assert!(!page.contains(theirs), "{theirs}: {page}");
    }
    let checkout = opened.split("transactionId=").nth(1).unwrap();
    let body = [("checkout", checkout), ("payment", form.payment.as_str())];
    assert_eq!(stranger.call("/api/payments/cancel", &body).await.status, 200);
    assert!(!stranger.call("/api/payments/standing", &body).await.body.contains("/stripe/"));

    // The same browser opens the e-mail again.
    let again = payer.get(&link("INV-502")).await.location.unwrap();
    assert_eq!(again, format!("/npe?transactionId={}", form.checkout));
    let waiting = payer.get(&again).await.body;
    assert!(waiting.contains(&hosted) && waiting.contains("Cancel payment"), "it still waits for its payer: {waiting}");
}

#[tokio::test]
async fn d28_the_address_of_a_payers_checkout_gives_no_right_to_a_payment_begun_elsewhere() {
    let house = House::new().await;
    let (guest, ana, bo) = (house.client(), house.client(), house.client());
    let form = guest.open("INV-501").await;
    guest.pay(&form, "").await;
    ana.sign_in(facts::ANA_EMAIL).await;
    ana.stand_at(facts::NORTHWIND.name).await;
    bo.sign_in(facts::BO_EMAIL).await;
    let dashboard = ana.get("/dashboard").await.body;
    let (_, row) = dashboard.split_once("INV-501").unwrap();
    let opened = ana.post("/api/invoices/pay", &[("invoice", &field(row, "invoice"))]).await;
    let (address, by_link) = (opened.location.unwrap(), ana.get(&link("INV-501")).await.location.unwrap());
    for checkout in [&address, &by_link] {
        let page = ana.get(checkout).await.body;
        assert!(page.contains("Cancel payment"), "she is signed in for the company: {page}");
    }

    let checkout = address.split("transactionId=").nth(1).unwrap();
    let body = [("checkout", checkout), ("payment", form.payment.as_str())];
    for (who, other) in [("whoever got it forwarded", house.client()), ("another company's payer", bo)] {
        let mut answers = vec![other.get(&address).await];
        for path in ["/api/payments/standing", "/api/payments/cancel"] {
            answers.push(other.call(path, &body).await);
        }
        for answer in answers {
            for theirs in ["/stripe/", "Cancel payment", "accounts@acme.test"] {
                assert!(!answer.body.contains(theirs), "{who} reads {theirs}: {}", answer.body);
            }
        }
    }
    assert!(ana.get(&address).await.body.contains("Cancel payment"), "nobody has ended it");
    ana.post("/api/session/sign_out", &[]).await;
    let page = ana.get(&address).await.body;
    assert!(page.contains("Someone is paying invoice INV-501 now") && !page.contains("Cancel payment"), "{page}");
}

#[tokio::test]
async fn d1_who_presses_second_is_not_thanked_for_what_another_has_paid() {
    // Without a worker the books are not told, so that the second press finds the first one's payment.
    let house = House::without_worker().await;
    let (first, second) = (house.client(), house.client());
    let (paying, late) = (first.open("INV-502").await, second.open("INV-502").await);
    let result = first.pay(&paying, "pm_card_visa").await.location.unwrap();
    assert!(first.get(&result).await.body.contains("You paid $350.00"));

    let pressed = second.pay(&late, "pm_card_visa").await.location.unwrap();
    let theirs = format!("/npe/result?transactionId={}&payment={}", late.checkout, paying.payment);
    assert_eq!(second.get(&theirs).await.location.as_deref(), Some(pressed.as_str()), "nor by another address");
    let page = second.get(&pressed).await.body;
    assert!(page.contains("Invoice INV-502 has just been paid"), "{page}");
    for theirs in ["You paid", "Thank you", "PAY-", "Visa"] {
        assert!(!page.contains(theirs), "{theirs}: {page}");
    }
    assert!(first.get(&first.get(&link("INV-502")).await.location.unwrap()).await.body.contains("You paid $350.00"));
    assert_eq!(house.charges().await.len(), 1);
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
