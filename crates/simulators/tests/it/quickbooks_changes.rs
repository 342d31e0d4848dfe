//! Changing QuickBooks' records: versions, sparse and full updates, voids, deletions, request ids, closed periods.

use serde_json::{Value, json};
use simulators::facts::qbo;

use crate::harness::Vendors;
use crate::quickbooks::{Company, payment, sale, version};

impl Company {
    async fn again(&self, kind: &str, document: &Value) -> Value {
        self.read(kind, document["Id"].as_str().unwrap()).await
    }
}

fn with(mut body: Value, members: Value) -> Value {
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn an_update_needs_the_present_version_and_a_full_one_clears_what_it_leaves_out() {
    let company = Company::open().await;
    let invoice = company.made("invoice", with(sale("10"), json!({ "PrivateNote": "PF", "DocNumber": "A-1" }))).await;
    assert_eq!(company.refused("invoice", with(sale("10"), json!({ "Id": invoice["Id"] }))).await, "2020");
    let sparse = with(version(&invoice), json!({ "sparse": true, "CustomerMemo": { "value": "Thanks" } }));
    let changed = company.made("invoice", sparse.clone()).await;
    assert_eq!(
        (&changed["SyncToken"], &changed["PrivateNote"], &changed["CustomerMemo"]["value"]),
        (&json!("1"), &json!("PF"), &json!("Thanks"))
    );
    assert_eq!(company.refused("invoice", sparse).await, "5010");
    let emptied = with(version(&changed), json!({ "sparse": true, "PrivateNote": "" }));
    let emptied = company.made("invoice?operation=update", emptied).await;
    assert!(emptied["PrivateNote"].is_null() && emptied["CustomerMemo"].is_object());
    let full = company.made("invoice", with(sale("20"), version(&emptied))).await;
    assert_eq!((&full["SyncToken"], full["TotalAmt"].to_string().as_str()), (&json!("3"), "20.00"));
    assert!(full["CustomerMemo"].is_null() && full["DocNumber"].is_null());
    // A whole document that was read is a full update too; what is worked out in it is not heeded.
    let echoed = company.made("invoice", with(company.again("Invoice", &full).await, json!({ "Balance": 0 }))).await;
    assert_eq!((echoed["Balance"].to_string().as_str(), echoed["Line"].as_array().unwrap().len()), ("20.00", 2));
    company.pay(&echoed, "15").await;
    let paid = company.again("Invoice", &echoed).await;
    assert_eq!(company.refused("invoice", with(sale("14"), version(&paid))).await, "6000", "less than was paid");
}

#[tokio::test]
async fn the_lines_of_a_payment_come_all_or_not_at_all() {
    let company = Company::open().await;
    let (first, second) = (company.invoice().await, company.invoice().await);
    let links = [("1000", "Invoice", &first), ("200", "Invoice", &second)];
    let both = company.made("payment", payment("1200", &links)).await;
    let kept = with(version(&both), json!({ "sparse": true, "PaymentRefNum": "ch_2" }));
    let kept = company.made("payment", kept).await;
    assert_eq!((kept["Line"].as_array().unwrap().len(), &kept["PaymentRefNum"]), (2, &json!("ch_2")));
    let one = json!([{ "Amount": 900, "LinkedTxn": [{ "TxnId": first["Id"], "TxnType": "Invoice", "TxnLineId": 0 }] }]);
    let one = company.made("payment", with(version(&kept), json!({ "sparse": true, "Line": one }))).await;
    assert_eq!((one["Line"].as_array().unwrap().len(), one["UnappliedAmt"].to_string().as_str()), (1, "300.00"));
    let balance = async |invoice: &Value| company.again("Invoice", invoice).await["Balance"].to_string();
    assert_eq!((balance(&first).await, balance(&second).await), ("350.00".to_owned(), "1250.00".to_owned()));
    let full = json!({ "CustomerRef": { "value": "58" }, "TotalAmt": 1200 });
    let bare = company.made("payment", with(version(&one), full)).await;
    assert!(bare["Line"].is_null() && bare["PaymentRefNum"].is_null());
    assert_eq!(bare["DepositToAccountRef"]["value"], qbo::UNDEPOSITED_FUNDS_ID, "where all goes that names no account");
    assert_eq!(balance(&first).await, "1250.00");
}

#[tokio::test]
async fn a_voided_payment_keeps_its_document_and_gives_the_invoice_back() {
    let company = Company::open().await;
    let invoice = company.invoice().await;
    let paid = company.pay(&invoice, "1250").await;
    assert_eq!(company.refused("payment?operation=void", version(&paid)).await, "500", "that is the invoices' way");
    let void = with(version(&paid), json!({ "sparse": true }));
    let voided = company.made("payment?operation=update&include=void", void.clone()).await;
    assert_eq!((voided["TotalAmt"].to_string().as_str(), &voided["PrivateNote"]), ("0.00", &json!("Voided")));
    assert!(voided["Line"].is_null());
    assert_eq!(company.again("Invoice", &invoice).await["Balance"].to_string(), "1250.00");
    assert_eq!(company.refused("payment?operation=update&include=void", void).await, "5010");
}

#[tokio::test]
async fn a_voided_invoice_leaves_its_payments_unapplied_and_its_credits_free() {
    let company = Company::open().await;
    let (invoice, memo) = (company.invoice().await, company.made("creditmemo", sale("50")).await);
    let paid = company.pay(&invoice, "1000").await;
    let links = [("50", "Invoice", &invoice), ("50", "CreditMemo", &memo)];
    let applied = company.made("payment", payment("0", &links)).await;
    let invoice = company.again("Invoice", &invoice).await;
    let voided = company.made("invoice?operation=void", version(&invoice)).await;
    assert_eq!((voided["TotalAmt"].to_string().as_str(), voided["Balance"].to_string().as_str()), ("0.00", "0.00"));
    assert!(voided["PrivateNote"].as_str().unwrap().starts_with("Voided"));
    assert_eq!(voided["LinkedTxn"], json!([]));
    assert_eq!(company.again("Payment", &paid).await["UnappliedAmt"].to_string(), "1000.00");
    assert_eq!(company.again("CreditMemo", &memo).await["RemainingCredit"].to_string(), "50.00");
    assert!(company.again("Payment", &applied).await["Line"].is_null());
    assert_eq!(company.refused("payment", payment("1", &[("1", "Invoice", &invoice)])).await, "620");
    assert_eq!(company.refused("creditmemo?operation=void", version(&memo)).await, "500", "memos cannot be voided");
}

#[tokio::test]
async fn a_deleted_memo_takes_back_what_it_paid() {
    let company = Company::open().await;
    let (invoice, memo) = (company.invoice().await, company.made("creditmemo", sale("100")).await);
    let links = [("300", "Invoice", &invoice), ("100", "CreditMemo", &memo)];
    let mixed = company.made("payment", payment("200", &links)).await;
    let memo = company.again("CreditMemo", &memo).await;
    company.made("creditmemo?operation=delete", version(&memo)).await;
    let mixed = company.again("Payment", &mixed).await;
    assert_eq!(
        (mixed["UnappliedAmt"].to_string().as_str(), mixed["Line"][0]["Amount"].to_string().as_str()),
        ("0.00", "200.00")
    );
    assert_eq!(company.again("Invoice", &invoice).await["Balance"].to_string(), "1050.00");
    assert_eq!(company.refused("customer?operation=delete", version(&mixed)).await, "500", "names are made inactive");
}

#[tokio::test]
async fn a_deposited_payment_is_neither_voided_nor_deleted() {
    let company = Company::open().await;
    let paid = company.pay(&company.invoice().await, "1250").await;
    let deposit = async |deposited: bool| {
        let order = json!({ "id": paid["Id"], "deposited": deposited });
        company.vendors.control("qbo/payment", order).await.json["payment"].clone()
    };
    let stored = deposit(true).await;
    assert_eq!(stored["LinkedTxn"][0]["TxnType"], "Deposit");
    assert_eq!(company.refused("payment?operation=update&include=void", version(&stored)).await, "6540");
    assert_eq!(company.refused("payment?operation=delete", version(&stored)).await, "6540");
    let less = with(version(&stored), json!({ "sparse": true, "TotalAmt": 1251 }));
    assert_eq!(company.refused("payment", less).await, "6540");
    let taken_out = deposit(false).await;
    company.made("payment?operation=delete", version(&taken_out)).await;
    let unknown = company.vendors.control("qbo/payment", json!({ "id": "1", "deposited": true })).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_request_id_brings_the_first_answer_again() {
    let company = Company::open().await;
    let invoice = company.invoice().await;
    let body = payment("100", &[("100", "Invoice", &invoice)]);
    let first = company.post("payment?requestid=pay-ch_1", body.clone()).await;
    let again = company.post("payment?requestId=pay-ch_1", body.clone()).await;
    assert_eq!((first.status, &first.json), (200, &again.json), "to the letter, whatever the case of the parameter");
    assert_eq!(company.again("Invoice", &invoice).await["Balance"].to_string(), "1150.00");
    company.vendors.advance(400).await;
    let company = Company { token: fresh_token(&company.vendors).await, ..company };
    let late = company.post("payment?requestid=pay-ch_1", body.clone()).await;
    assert_eq!(late.json, first.json, "it has no end");
    let other = payment("101", &[("101", "Invoice", &invoice)]);
    assert_eq!(company.refused("payment?requestid=pay-ch_1", other).await, "600");
    assert_eq!(company.refused(&format!("payment?requestid={}", "x".repeat(51)), body.clone()).await, "2050");
    let too_much = payment("9999", &[("9999", "Invoice", &invoice)]);
    for _ in 0..2 {
        assert_eq!(
            company.refused("payment?requestid=pay-ch_2", too_much.clone()).await,
            "6000",
            "faults come again too"
        );
    }
}

/// By a new consent: four hundred days end every token.
async fn fresh_token(vendors: &Vendors) -> String {
    let redirect = "http://127.0.0.1:3000/cb";
    let query =
        format!("response_type=code&client_id={}&redirect_uri={redirect}&scope={}", qbo::PORTAL_CLIENT_ID, qbo::SCOPE);
    let allowed = vendors.get(&format!("/qbo/connect/oauth2?{query}&state=s1&consent=allow")).await;
    let code = allowed.header("location").split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let exchange = vendors
        .http
        .post(format!("{}/qbo/oauth2/v1/tokens/bearer", vendors.url))
        .basic_auth(qbo::PORTAL_CLIENT_ID, Some(qbo::PORTAL_CLIENT_SECRET))
        .form(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", redirect)]);
    vendors.read(exchange).await.unwrap().json["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_closed_period_takes_no_change() {
    let company = Company::open().await;
    let invoice = company.invoice().await;
    company.vendors.arm("qbo", "period_locked").await;
    let body = payment("10", &[("10", "Invoice", &invoice)]);
    assert_eq!(company.refused("payment", body.clone()).await, "6210");
    let paid = company.made("payment", body.clone()).await;

    let preferences = company.read("Preferences", "1").await;
    let closed = json!({ "sparse": true, "AccountingInfoPrefs": { "BookCloseDate": "2026-07-01" } });
    company.made("preferences", with(version(&preferences), closed)).await;
    assert_eq!(company.refused("payment", body).await, "6210");
    assert_eq!(company.refused("payment?operation=delete", version(&paid)).await, "6210");
    let out = with(version(&paid), json!({ "sparse": true, "TxnDate": "2026-07-02" }));
    assert_eq!(company.refused("payment", out).await, "6210", "nor is anything moved out of it");
    company.made("customer", json!({ "DisplayName": "Contoso Dental" })).await;
}

#[tokio::test]
async fn auto_apply_uses_a_memo_up_at_once() {
    let company = Company::open().await;
    let preferences = company.read("Preferences", "1").await;
    let on = json!({ "sparse": true, "SalesFormsPrefs": { "CustomTxnNumbers": true, "AutoApplyCredit": true } });
    company.made("preferences", with(version(&preferences), on)).await;
    let customer = company.made("customer", json!({ "DisplayName": "Contoso Dental" })).await;
    let of_it = |amount: &str| with(sale(amount), json!({ "CustomerRef": { "value": customer["Id"] } }));
    let invoice = company.made("invoice", of_it("100")).await;
    let memo = company.made("creditmemo", of_it("130")).await;
    assert_eq!(memo["RemainingCredit"].to_string(), "30.00", "the answer tells it already");
    assert_eq!(company.again("Invoice", &invoice).await["Balance"].to_string(), "0.00");
    let second = company.made("invoice", of_it("50")).await;
    assert_eq!(second["Balance"].to_string(), "20.00", "a new invoice takes the rest");
}

#[tokio::test]
async fn a_bookkeeper_changes_an_invoice_and_all_is_kept_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let company = Company::of(Vendors::start_in(Some(folder.path())).await).await;
    let edit = async |body: Value| company.vendors.control("qbo/invoice", body).await;
    let due = edit(json!({ "number": "1013", "amount_due_minor": 99_900 })).await.json;
    assert_eq!(due["invoice"]["Balance"].to_string(), "999.00");
    let part = edit(json!({ "number": "1013", "pay_minor": 9_900 })).await.json;
    assert_eq!(part["invoice"]["Balance"].to_string(), "900.00");
    assert_eq!(edit(json!({ "number": "1014", "void": true })).await.json["invoice"]["Balance"].to_string(), "0.00");
    assert_eq!(edit(json!({ "number": "1015", "delete": true })).await.json, json!({ "invoice": null }));
    assert_eq!(edit(json!({ "number": "9999", "void": true })).await.status, 404);
    assert_eq!(edit(json!({ "number": "1013", "pay_minor": 90_001 })).await.status, 400);

    let after = Vendors::start_in(Some(folder.path())).await;
    assert_eq!(after.state("qbo").await, company.vendors.state("qbo").await);
    let company = Company { vendors: after, token: company.token };
    assert_eq!(
        company.select("select * from Invoice where DocNumber = '1013'").await["Invoice"][0]["Balance"].to_string(),
        "900.00"
    );
    assert_eq!(company.vendors.control("reset", json!({})).await.status, 200);
    let state = company.vendors.state("qbo").await;
    assert_eq!(state["invoices"].as_array().unwrap().len(), 16);
    assert_eq!(company.get("preferences").await.status, 401, "a reset ends the tokens");
}
