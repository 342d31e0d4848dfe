//! An invoice as a file: the very document of the books, for whoever may read the invoice and nobody else. Where the books are
//! our own, `own_documents.rs` is about it.

use crate::support::{Answer, House, ana, http, link, link_for};
use serde_json::json;
use simulators::facts;

/// Calls for one invoice, as data or as a document.
const ONE_INVOICE: &str = "GET /xero/api.xro/2.0/Invoices/";

/// What Xero gives another app of the merchant.
async fn in_the_books(house: &House, number: &str) -> String {
    let document = http().get(format!("{}/xero/api.xro/2.0/Invoices/{number}", house.vendors));
    let document = document.bearer_auth(house.books_token().await).header("xero-tenant-id", facts::xero::TENANT_ID);
    let document = document.header("accept", "application/pdf");
    document.send().await.unwrap().text().await.unwrap()
}

/// Where the link "PDF of …" of a page leads.
pub fn pdf_of(number: &str, page: &str) -> Option<String> {
    let link = page.split("<a ").find(|link| link.contains(&format!("> of {number}<")))?;
    Some(link.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
}

pub fn assert_no_document(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 404, "{what}: {}", answer.body);
    assert!(answer.body.contains("<h1") && !answer.body.contains("Acme"), "{what}: {}", answer.body);
}

#[tokio::test]
async fn s57_d21_a_guest_and_the_payer_read_the_very_document_of_the_books() {
    let house = House::new().await;
    let document = in_the_books(&house, "INV-501").await;
    assert!(document.starts_with("%PDF-") && document.contains("Invoice INV-501"), "{document}");
    let (guest, ana) = (house.client(), ana(&house.portal).await);
    let checkout = guest.get(&link("INV-501")).await.location.unwrap();
    for (client, page) in [(&guest, checkout.as_str()), (&ana, "/dashboard")] {
        let pdf = pdf_of("INV-501", &client.get(page).await.body).unwrap();
        let answer = client.get(&pdf).await;
        assert_eq!((answer.status, &answer.body), (200, &document), "{page}");
        for (header, value) in [
            ("content-type", "application/pdf"),
            (
                "content-disposition",
                "attachment; filename=\"invoice-INV-501.pdf\"; filename*=UTF-8''invoice-INV-501.pdf",
            ),
            ("cache-control", "private, no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            (
                "content-security-policy",
                "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(answer.headers[header], value, "{header}");
        }
    }
}

#[tokio::test]
async fn s57_who_signs_in_for_a_document_comes_back_to_it() {
    let house = House::new().await;
    let bo = house.signed_in(facts::BO_EMAIL).await;
    let pdf = pdf_of("INV-601", &bo.get("/dashboard").await.body).unwrap();
    let later = house.client();
    assert!(later.get(&pdf).await.location.unwrap().starts_with("/sign-in?next=%2Fpayments%2Finvoice"));
    let form = [("email", facts::BO_EMAIL), ("password", facts::PASSWORD), ("next", pdf.as_str())];
    assert_eq!(later.post("/api/session/sign_in", &form).await.location.as_deref(), Some(pdf.as_str()));
    assert!(later.get(&pdf).await.body.starts_with("%PDF-"));
}

#[tokio::test]
async fn d20_where_there_is_no_document_none_is_offered_and_the_address_leads_nowhere() {
    let house = House::new().await;
    let guest = house.client();
    let unnamed = link_for("INV-501", "");
    let built_in = link_for("HT-1001", "").replace(facts::NORTHWIND.pay_now.email, facts::HARBOUR.pay_now.email);
    for (what, link) in [("no company named", unnamed), ("nor in the built-in ledger", built_in)] {
        let checkout = guest.get(&link).await.location.unwrap();
        let page = guest.get(&checkout).await;
        assert!(page.status == 200 && !page.body.contains("invoice.pdf"), "{what}: {}", page.body);
        assert_no_document(&guest.get(&checkout.replace("/npe?", "/npe/invoice.pdf?")).await, what);
    }
    for nowhere in [
        "/npe/invoice.pdf",
        "/npe/invoice.pdf?transactionId=nothing",
        "/payments/invoice.pdf",
        "/payments/invoice.pdf?invoice=INV-501",
    ] {
        assert_no_document(&guest.get(nowhere).await, nowhere);
    }

    let checkout = guest.get(&link("INV-601")).await.location.unwrap();
    let pdf = pdf_of("INV-601", &guest.get(&checkout).await.body).unwrap();
    house.edit_books(json!({"number": "INV-601", "status": "VOIDED"})).await;
    house.pass_an_hour().await;
    assert_eq!(guest.get(&checkout).await.status, 410, "the page reads that it is void");
    assert_no_document(&guest.get(&pdf).await, "void");

    let checkout = guest.get(&link("INV-501")).await.location.unwrap();
    let pdf = pdf_of("INV-501", &guest.get(&checkout).await.body).unwrap();
    house.advance(json!({"hours": 25})).await;
    assert_no_document(&guest.get(&pdf).await, "expired");
}

#[tokio::test]
async fn s57_books_that_do_not_answer_are_a_page_and_a_refused_token_is_not_noticed() {
    let house = House::new().await;
    let guest = house.client();
    let checkout = guest.get(&link("INV-501")).await.location.unwrap();
    let pdf = pdf_of("INV-501", &guest.get(&checkout).await.body).unwrap();
    for fault in ["http:500", "http:429"] {
        house.arm("xero", fault, ONE_INVOICE).await;
        let answer = guest.get(&pdf).await;
        assert_eq!(answer.status, 503, "{fault}");
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8", "{fault}");
        assert!(answer.body.contains("<h1") && answer.body.contains("Try again in a minute"), "{}", answer.body);
        assert!(answer.headers.contains_key("content-security-policy"), "{fault}");
    }
    house.arm("xero", "token_revoked", ONE_INVOICE).await;
    assert_eq!(guest.get(&pdf).await.status, 200);
}
