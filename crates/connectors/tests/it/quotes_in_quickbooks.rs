//! The PF pair in companies that are set up in other ways: no numbers of ours, credit that is applied by itself, no item yet.

use crate::{
    quickbooks_contract::{Company, refused},
    quotes_in_books::Rig,
    world::{delta, http, quickbooks_config},
};
use chrono::TimeDelta;
use connectors::books::{
    Books,
    quickbooks::{QuickBooks, QuickBooksConfig},
};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::facts::qbo as known;

async fn prefer(company: &Company, numbers: bool, applies_credit: bool) {
    let forms = json!({"CustomTxnNumbers": numbers, "AutoApplyCredit": applies_credit});
    let body = json!({"Id": "1", "SyncToken": "0", "sparse": true, "SalesFormsPrefs": forms});
    company.ask(Method::POST, "preferences", Some(body)).await;
}

/// How many documents say that they are of a quote's payment.
async fn said_pf(rig: &Rig, what: &str) -> usize {
    let state = rig.sim.state("qbo").await;
    state[what].as_array().unwrap().iter().filter(|one| one["reference"] == "PF").count()
}

#[tokio::test]
async fn s26_where_the_company_numbers_its_documents_the_pair_is_found_by_what_its_customer_is_told() {
    let company = Company::new().await;
    prefer(&company, false, false).await;
    let rig = Rig::of(company).await;
    let posted = rig.books.post_payment(&rig.payment).await.unwrap();
    assert_eq!(rig.books.find_payment(&rig.payment).await.unwrap(), Some(posted.clone()));
    assert_eq!(rig.books.post_payment(&rig.payment).await.unwrap(), posted);
    assert_eq!((said_pf(&rig, "invoices").await, said_pf(&rig, "credit_notes").await), (1, 1));
    assert_eq!(rig.stands().await, [0, 1, 0], "their numbers are the company's");
    let changes = delta(&*rig.books, None).await.unwrap();
    let state = rig.sim.state("qbo").await;
    let pair: Vec<&Value> =
        state["invoices"].as_array().unwrap().iter().filter(|one| one["reference"] == "PF").collect();
    assert!(changes.invoices.iter().all(|invoice| invoice.external_id != pair[0]["id"].as_str().unwrap()));
    rig.books.apply_credit(&rig.apply(5_000)).await.unwrap();
    rig.books.take_back_payment(&rig.payment).await.unwrap();
    assert_eq!((said_pf(&rig, "credit_notes").await, rig.credit().await), (0, None));
    assert_eq!(rig.owed_now().await.due, rig.owed.due);
}

#[tokio::test]
async fn s26_where_the_company_applies_credit_by_itself_the_invoice_is_paid_by_its_own_payment() {
    let company = Company::new().await;
    let made = company.ask(Method::POST, "customer", Some(json!({"DisplayName": "Kauri Dental"}))).await;
    let customer = made["Customer"]["Id"].as_str().unwrap().to_owned();
    let line = json!({"Amount": 10, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": known::SALES_ITEM_ID}}});
    let memo = json!({"CustomerRef": {"value": customer}, "GlobalTaxCalculation": "NotApplicable", "Line": [line]});
    company.ask(Method::POST, "creditmemo", Some(memo)).await;
    prefer(&company, true, true).await;
    let mut rig = Rig::of(company).await;
    rig.payment.advance.as_mut().unwrap().customer_external_id = customer;
    rig.books.post_payment(&rig.payment).await.unwrap();
    assert_eq!(rig.stands().await, [1, 1, 1]);
    let listed = rig.books.payments_since(rig.sim.now() - TimeDelta::hours(1)).await.unwrap();
    let ours: Vec<_> = listed.iter().filter(|paid| paid.reference == "ch_1").map(|paid| paid.amount.as_str()).collect();
    assert_eq!(ours, ["50.00"], "all of it was received");
    assert_eq!(rig.credit().await.unwrap().remaining, rig.payment.amount);
    let state = rig.sim.state("qbo").await;
    let mut left: Vec<_> =
        state["credit_notes"].as_array().unwrap().iter().map(|one| one["due_minor"].as_i64().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(left, [1_000, 5_000], "and what the customer had before is theirs still");
}

#[tokio::test]
async fn s26_the_item_of_the_pair_is_made_once_on_the_account_of_prepayments_and_no_other_is_used() {
    let company = Company::new().await;
    let renamed = json!({"Id": known::PREPAYMENT_ITEM_ID, "SyncToken": "0", "sparse": true, "Name": "Another"});
    company.ask(Method::POST, "item", Some(renamed)).await;
    let rig = Rig::of(company).await;
    rig.arm("reset_after_execute", &format!("POST /qbo/v3/company/{}/item", known::REALM_ID)).await;
    assert!(rig.books.post_payment(&rig.payment).await.is_err());
    rig.books.post_payment(&rig.payment).await.unwrap();
    assert_eq!(rig.stands().await, [1, 1, 1]);
}

#[tokio::test]
async fn s26_an_item_on_another_account_is_not_used_and_without_an_account_no_quote_is_paid() {
    let company = Company::new().await;
    let config = quickbooks_config(&format!("{}/qbo", company.sim.url), "never-granted", company.sim.now());
    let without = QuickBooks::new(http(), QuickBooksConfig { prepayment_account: None, ..config });
    assert!(!without.advances().quotes && company.books.advances().quotes);
    let moved = json!({"Id": known::PREPAYMENT_ITEM_ID, "SyncToken": "0", "sparse": true,
        "IncomeAccountRef": {"value": known::INCOME_ACCOUNT_ID}});
    company.ask(Method::POST, "item", Some(moved)).await;
    let rig = Rig::of(company).await;
    let (_, words) = refused(rig.books.post_payment(&rig.payment).await);
    assert!(words.contains("is on another account"), "{words}");
    assert_eq!(rig.stands().await, [0, 0, 0]);
}
