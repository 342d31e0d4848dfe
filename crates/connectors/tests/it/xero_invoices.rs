//! Invoices that we raise in Xero ourselves, for surcharges (G22).

use crate::{
    stub::{Asked, Stub, reply},
    world::{http, usd, xero, xero_config},
};
use chrono::NaiveDate;
use connectors::books::{Books, BooksError, LineAccount, NewInvoice, xero::Xero};
use domain::invoice::InvoiceStatus;
use serde_json::{Value, json};

pub const ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";

pub fn surcharge(tax: Option<&str>) -> NewInvoice {
    NewInvoice {
        idempotency_key: "pay-1-invoice".into(),
        number: "SC-1".into(),
        customer_external_id: "c0000000-0000-4000-8000-000000000042".into(),
        amount: usd(1_807),
        date: NaiveDate::from_ymd_opt(2026, 7, 1).unwrap(),
        description: "Surcharge on payment PAY-1".into(),
        reference: None,
        account: LineAccount::Named("260".into()),
        tax: tax.map(str::to_owned),
    }
}

pub fn raised(total: &str, status: &str) -> Value {
    let invoice = format!(
        r#"{{"Type": "ACCREC", "InvoiceID": "{ID}", "InvoiceNumber": "SC-1", "Status": "{status}", "CurrencyCode": "USD",
            "Contact": {{"ContactID": "c0000000-0000-4000-8000-000000000042"}}, "Date": "/Date(1782864000000+0000)/",
            "DueDate": "/Date(1782864000000+0000)/", "Total": {total}, "AmountDue": {total}}}"#
    );
    json!({"Invoices": [serde_json::from_str::<Value>(&invoice).unwrap()]})
}

async fn books(script: &[Value]) -> (Xero, Stub) {
    let stub = Stub::start(script.iter().map(|body| reply(200, body)).collect::<Vec<_>>()).await;
    (xero(&format!("{}/api.xro/2.0", stub.url), "token"), stub)
}

fn lines(asked: &[Asked]) -> Vec<String> {
    asked.iter().map(Asked::line).collect()
}

#[tokio::test]
async fn g22_a_surcharge_is_raised_once_on_its_account_with_its_tax() {
    for (tax, types) in [(Some("OUTPUT"), "Inclusive"), (None, "NoTax")] {
        let (xero, stub) = books(&[json!({"Invoices": []}), raised("18.07", "AUTHORISED")]).await;
        let invoice = xero.raise_invoice(&surcharge(tax)).await.unwrap();
        assert_eq!((invoice.external_id.as_str(), invoice.status, invoice.due), (ID, InvoiceStatus::Open, usd(1_807)));
        let asked = stub.asked();
        assert_eq!(lines(&asked), ["GET /api.xro/2.0/Invoices", "PUT /api.xro/2.0/Invoices"]);
        let sent: Value = serde_json::from_str(&asked[1].body).unwrap();
        let (sent, line) = (&sent["Invoices"][0], &sent["Invoices"][0]["LineItems"][0]);
        assert_eq!((&sent["LineAmountTypes"], &line["AccountCode"]), (&json!(types), &json!("260")));
        assert_eq!(line["TaxType"], json!(tax));
    }
}

#[tokio::test]
async fn d4_a_surcharge_that_stands_is_found_by_its_number_and_another_of_that_number_is_left_alone() {
    let (xero, stub) = books(&[raised("18.07", "AUTHORISED")]).await;
    assert_eq!(xero.raise_invoice(&surcharge(None)).await.unwrap().external_id, ID);
    assert_eq!(lines(&stub.asked()), ["GET /api.xro/2.0/Invoices"], "after a lost answer nothing is raised again");
    for other in [raised("18.08", "AUTHORISED"), raised("18.07", "VOIDED")] {
        let (xero, _stub) = books(&[other]).await;
        let refused = xero.raise_invoice(&surcharge(None)).await;
        assert!(matches!(refused, Err(BooksError::Refused { .. })), "{refused:?}");
    }
}

/// What a bank took back, and its payment stays.
pub fn returned() -> NewInvoice {
    NewInvoice { reference: Some("PAY-1".into()), account: LineAccount::Clearing, ..surcharge(None) }
}

#[tokio::test]
async fn d9_what_a_bank_took_back_is_raised_on_the_clearing_account_by_its_code_or_its_id() {
    for (account, key) in [("825", "AccountCode"), ("99999999-0000-4000-8000-000000000825", "AccountID")] {
        let script = [json!({"Invoices": []}), raised("18.07", "AUTHORISED")];
        let stub = Stub::start(script.iter().map(|body| reply(200, body)).collect::<Vec<_>>()).await;
        let mut config = xero_config(&format!("{}/api.xro/2.0", stub.url), "token");
        config.clearing_account = account.to_owned();
        Xero::new(http(), config).raise_invoice(&returned()).await.unwrap();
        let sent: Value = serde_json::from_str(&stub.asked()[1].body).unwrap();
        let (sent, line) = (&sent["Invoices"][0], &sent["Invoices"][0]["LineItems"][0]);
        assert_eq!((&sent["Reference"], &sent["LineAmountTypes"]), (&json!("PAY-1"), &json!("NoTax")));
        let named: Vec<_> = ["AccountCode", "AccountID"].iter().filter(|name| !line[**name].is_null()).collect();
        assert_eq!((named, &line[key]), (vec![&key], &json!(account)), "{line}");
    }
}

#[tokio::test]
async fn d9_a_surcharge_whose_money_went_back_is_voided() {
    let (xero, stub) = books(&[raised("18.07", "VOIDED")]).await;
    assert_eq!(xero.void_invoice(ID).await.unwrap().status, InvoiceStatus::Void);
    let asked = stub.asked();
    assert_eq!(lines(&asked), [format!("POST /api.xro/2.0/Invoices/{ID}")]);
    assert!(asked[0].body.contains("\"Status\":\"VOIDED\""), "{}", asked[0].body);
}
