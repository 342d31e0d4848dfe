//! QuickBooks' records: the worked examples of `wire/accounting.md` 2, what refuses a document, numbers, taxes, papers.

use serde_json::{Value, json};
use simulators::facts::{self, qbo};

use crate::harness::{Answer, Vendors};

/// Southern's books with a token of the portal's.
pub struct Company {
    pub vendors: Vendors,
    pub token: String,
}

impl Company {
    pub async fn open() -> Self {
        Self::of(Vendors::start().await).await
    }

    pub async fn of(vendors: Vendors) -> Self {
        let tokens = refresh(&vendors, qbo::PORTAL_REFRESH_TOKEN).await;
        assert_eq!(tokens.status, 200, "{:?}", tokens.json);
        let token = tokens.json["access_token"].as_str().unwrap().to_owned();
        Self { vendors, token }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/qbo/v3/company/{}/{path}", self.vendors.url, qbo::REALM_ID);
        let request = self.vendors.http.request(method.parse().unwrap(), url);
        request.bearer_auth(&self.token).header("accept", "application/json").query(&[("minorversion", "75")])
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.vendors.read(self.request("GET", path)).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.vendors.read(self.request("POST", path).json(&body)).await.unwrap()
    }

    /// A write that must be taken; answers the record.
    pub async fn made(&self, path: &str, body: Value) -> Value {
        let mut answer = self.post(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {:#}", answer.json);
        assert!(answer.json["time"].is_string() && !answer.header("intuit_tid").is_empty());
        answer.json.as_object_mut().unwrap().remove("time");
        answer.json.as_object().unwrap().values().next().unwrap().clone()
    }

    /// A write that must be refused; answers the fault's code.
    pub async fn refused(&self, path: &str, body: Value) -> String {
        let answer = self.post(path, body.clone()).await;
        assert_eq!(answer.status, 400, "{path} {body}: {:#}", answer.json);
        let fault = &answer.json["Fault"];
        assert_eq!(fault["type"], "ValidationFault");
        assert!(fault["Error"][0]["Message"].is_string() && fault["Error"][0]["Detail"].is_string());
        fault["Error"][0]["code"].as_str().unwrap().to_owned()
    }

    pub async fn read(&self, kind: &str, id: &str) -> Value {
        let mut answer = self.get(&format!("{}/{id}", kind.to_lowercase())).await;
        assert_eq!(answer.status, 200, "{kind} {id}: {:#}", answer.json);
        answer.json[kind].take()
    }

    /// What a query finds.
    pub async fn select(&self, statement: &str) -> Value {
        let mut answer = self.vendors.read(self.request("GET", "query").query(&[("query", statement)])).await.unwrap();
        assert_eq!(answer.status, 200, "{statement}: {:#}", answer.json);
        answer.json["QueryResponse"].take()
    }

    /// An invoice of the first customer over 1,250.00 without tax.
    pub async fn invoice(&self) -> Value {
        self.made("invoice", sale("1250.00")).await
    }

    /// Pays so much of an invoice.
    pub async fn pay(&self, invoice: &Value, amount: &str) -> Value {
        self.made("payment", payment(amount, &[(amount, "Invoice", invoice)])).await
    }
}

pub async fn refresh(vendors: &Vendors, token: &str) -> Answer {
    let request = vendors
        .http
        .post(format!("{}/qbo/oauth2/v1/tokens/bearer", vendors.url))
        .basic_auth(qbo::PORTAL_CLIENT_ID, Some(qbo::PORTAL_CLIENT_SECRET))
        .form(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
    vendors.read(request).await.unwrap()
}

/// A number with the digits as they stand.
pub fn number(digits: &str) -> Value {
    serde_json::from_str(digits).unwrap()
}

/// Of the first customer, for an invoice, a memo or (with an account) a refund receipt.
pub fn sale(amount: &str) -> Value {
    json!({ "CustomerRef": { "value": "58" }, "TxnDate": "2026-07-01", "Line": [{
        "Amount": number(amount), "DetailType": "SalesItemLineDetail", "Description": "Quote Q-10231 one-time payment",
        "SalesItemLineDetail": { "ItemRef": { "value": qbo::PREPAYMENT_ITEM_ID }, "Qty": 1, "UnitPrice": number(amount),
            "TaxCodeRef": { "value": "NON" } },
    }] })
}

pub fn payment(total: &str, links: &[(&str, &str, &Value)]) -> Value {
    let line = |(amount, kind, linked): &(&str, &str, &Value)| json!({ "Amount": number(amount), "LinkedTxn": [{ "TxnId": linked["Id"], "TxnType": kind }] });
    json!({ "CustomerRef": { "value": "58" }, "TotalAmt": number(total), "TxnDate": "2026-07-01", "PaymentRefNum": "ch_1",
        "DepositToAccountRef": { "value": qbo::CLEARING_ACCOUNT_ID }, "Line": links.iter().map(line).collect::<Value>() })
}

/// `{"Id","SyncToken"}`, as voids and deletions send it.
pub fn version(document: &Value) -> Value {
    json!({ "Id": document["Id"], "SyncToken": document["SyncToken"] })
}

/// Members of a document that must be there with these digits or words.
fn assert_fields(document: &Value, expected: &[(&str, &str)]) {
    for (path, expected) in expected {
        let found = document.pointer(path).unwrap_or(&Value::Null);
        let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        assert_eq!(found, *expected, "{path} of {document:#}");
    }
}

#[tokio::test]
async fn an_invoice_and_its_payment_have_the_fields_of_the_tables() {
    let company = Company::open().await;
    let mut body = sale("1250.00");
    body["DocNumber"] = json!("PF_Q-10231");
    body["PrivateNote"] = json!("PF");
    let invoice = company.made("invoice", body).await;
    let expected = [
        ("/SyncToken", "0"),
        ("/DocNumber", "PF_Q-10231"),
        ("/PrivateNote", "PF"),
        ("/CustomerRef/name", "Coral Bay Diving"),
        ("/CurrencyRef/value", "AUD"),
        ("/DueDate", "2026-07-01"),
        ("/TotalAmt", "1250.00"),
        ("/Balance", "1250.00"),
        ("/Line/0/Id", "1"),
        ("/Line/0/SalesItemLineDetail/ItemRef/name", "Quote prepayment"),
        ("/Line/1/DetailType", "SubTotalLineDetail"),
        ("/domain", "QBO"),
        ("/sparse", "false"),
    ];
    assert_fields(&invoice, &expected);
    assert!(invoice["Id"].is_string() && invoice["MetaData"]["LastUpdatedTime"].as_str().unwrap().ends_with("-07:00"));
    assert!(invoice["Status"].is_null(), "there is no status");

    let payment = company.pay(&invoice, "1250.00").await;
    let expected = [
        ("/TotalAmt", "1250.00"),
        ("/UnappliedAmt", "0.00"),
        ("/ProcessPayment", "false"),
        ("/DepositToAccountRef/name", "Card payments clearing"),
        ("/PaymentRefNum", "ch_1"),
    ];
    assert_fields(&payment, &expected);
    let paid = company.read("Invoice", invoice["Id"].as_str().unwrap()).await;
    assert_fields(&paid, &[("/Balance", "0.00"), ("/SyncToken", "1"), ("/LinkedTxn/0/TxnType", "Payment")]);
    assert_eq!(paid["LinkedTxn"][0]["TxnId"], payment["Id"]);

    let state = company.vendors.state("qbo").await;
    let row = |list: &str, number: &str| {
        let rows = state[list].as_array().unwrap().iter();
        rows.filter(|row| row["number"] == number || row["invoice"] == number).cloned().collect::<Vec<_>>()
    };
    assert_eq!(row("invoices", "PF_Q-10231")[0]["status"], "PAID");
    let payments = row("payments", "PF_Q-10231");
    assert_eq!((payments.len(), &payments[0]["amount_minor"]), (1, &json!(125_000)));
}

#[tokio::test]
async fn a_credit_memo_is_applied_by_a_payment_of_zero_and_comes_free_again() {
    let company = Company::open().await;
    let (invoice, memo) = (company.invoice().await, company.made("creditmemo", sale("1250.00")).await);
    assert_fields(&memo, &[("/TotalAmt", "1250.00"), ("/Balance", "1250.00"), ("/RemainingCredit", "1250.00")]);
    let links = [("1250.00", "Invoice", &invoice), ("1250.00", "CreditMemo", &memo)];
    let applied = company.made("payment", payment("0", &links)).await;
    assert_fields(&applied, &[("/TotalAmt", "0.00"), ("/UnappliedAmt", "0.00")]);
    let [invoice_id, memo_id] = [&invoice, &memo].map(|document| document["Id"].as_str().unwrap().to_owned());
    assert_fields(&company.read("Invoice", &invoice_id).await, &[("/Balance", "0.00")]);
    assert_fields(&company.read("CreditMemo", &memo_id).await, &[("/RemainingCredit", "0.00"), ("/SyncToken", "1")]);
    let state = company.vendors.state("qbo").await;
    assert_eq!(
        (&state["allocations"][0]["amount_minor"], state["allocations"].as_array().unwrap().len()),
        (&json!(125_000), 1)
    );
    assert!(state["payments"].as_array().unwrap().iter().all(|row| row["id"] != applied["Id"]), "no money came");

    let gone = company.made("payment?operation=delete", version(&applied)).await;
    assert_eq!(gone, json!({ "domain": "QBO", "status": "Deleted", "Id": applied["Id"] }));
    assert_fields(&company.read("Invoice", &invoice_id).await, &[("/Balance", "1250.00"), ("/SyncToken", "2")]);
    assert_fields(&company.read("CreditMemo", &memo_id).await, &[("/RemainingCredit", "1250.00")]);
    // Both sides in one line, as some code bases write it.
    let mut one_line = payment("0", &[("50", "Invoice", &invoice)]);
    let both = json!([{ "TxnId": invoice_id, "TxnType": "Invoice" }, { "TxnId": memo_id, "TxnType": "CreditMemo" }]);
    one_line["Line"][0]["LinkedTxn"] = both;
    company.made("payment", one_line).await;
    assert_fields(&company.read("CreditMemo", &memo_id).await, &[("/RemainingCredit", "1200.00")]);
}

#[tokio::test]
async fn what_refuses_a_payment() {
    let company = Company::open().await;
    let (invoice, memo) = (company.invoice().await, company.made("creditmemo", sale("100.00")).await);
    let paid = company.invoice().await;
    company.pay(&paid, "1250.00").await;
    let mut foreign = sale("10.00");
    foreign["CustomerRef"]["value"] = json!("59");
    let foreign = company.made("invoice", foreign).await;
    let nothing = json!({ "Id": "999999" });
    let cases: [(&str, Value); 11] = [
        ("2240", payment("-1", &[])),
        ("2240", payment("10", &[("-10", "Invoice", &invoice)])),
        ("2240", payment("1.123456", &[])),
        ("610", payment("10", &[("10", "Invoice", &nothing)])),
        ("620", payment("10", &[("10", "Invoice", &paid)])),
        ("620", payment("10", &[("10", "Invoice", &foreign)])),
        ("620", payment("10", &[("10", "JournalEntry", &invoice)])),
        ("2170", payment("10", &[("10", "Bill", &invoice)])),
        ("6000", payment("1250.01", &[("1250.01", "Invoice", &invoice)])),
        ("6000", payment("9.99", &[("10", "Invoice", &invoice)])),
        ("6000", payment("0", &[("50", "Invoice", &invoice), ("60", "CreditMemo", &memo)])),
    ];
    for (code, body) in cases {
        assert_eq!(company.refused("payment", body.clone()).await, code, "{body}");
    }
    let patched = [
        ("2500", "CustomerRef", json!({ "value": "7777" })),
        ("2020", "CustomerRef", json!({ "value": "", "name": "" })),
        ("2020", "TotalAmt", Value::Null),
        ("2500", "DepositToAccountRef", json!({ "value": "7777" })),
        ("6000", "DepositToAccountRef", json!({ "value": qbo::INCOME_ACCOUNT_ID })),
        ("2050", "PaymentRefNum", json!("x".repeat(22))),
        ("2050", "PrivateNote", json!("x".repeat(4_001))),
        ("2010", "TxnDate", json!("yesterday")),
        ("2010", "DepositTo", json!("92")),
        ("6000", "CurrencyRef", json!({ "value": "USD" })),
    ];
    for (code, name, value) in patched {
        let mut body = payment("10", &[("10", "Invoice", &invoice)]);
        body[name] = value;
        assert_eq!(company.refused("payment", body).await, code, "{name}");
    }
    // What is not applied is the customer's credit.
    let over = company.made("payment", payment("1300", &[("1250", "Invoice", &invoice)])).await;
    assert_fields(&over, &[("/UnappliedAmt", "50.00")]);
}

#[tokio::test]
async fn what_refuses_an_invoice() {
    let company = Company::open().await;
    let line =
        |detail: Value| json!([{ "Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail }]);
    let cases = [
        ("2020", "CustomerRef", Value::Null),
        ("2020", "Line", Value::Null),
        ("2020", "Line", json!([])),
        ("2020", "Line", json!([{ "Amount": 100 }])),
        ("2170", "Line", json!([{ "Amount": 100, "DetailType": "GroupLineDetail" }])),
        ("2240", "Line", json!([{ "Amount": 12_345_678_901_i64, "DetailType": "SalesItemLineDetail" }])),
        ("2500", "Line", line(json!({ "ItemRef": { "value": "7777" } }))),
        ("2500", "Line", line(json!({ "TaxCodeRef": { "value": "7777" } }))),
        ("6070", "Line", line(json!({ "Qty": 2, "UnitPrice": 49 }))),
        ("6000", "Line", json!([{ "Amount": -1, "DetailType": "SalesItemLineDetail" }])),
        ("2050", "DocNumber", json!("x".repeat(22))),
        ("2170", "GlobalTaxCalculation", json!("Sometimes")),
        ("2500", "SalesTermRef", json!({ "value": "7777" })),
    ];
    for (code, name, value) in cases {
        let mut body = sale("100");
        body[name] = value.clone();
        assert_eq!(company.refused("invoice", body).await, code, "{name}: {value}");
    }
    let answer = company.vendors.read(company.request("POST", "invoice").body("no json")).await.unwrap();
    assert_eq!((answer.status, &answer.json["Fault"]["Error"][0]["code"]), (400, &json!("2010")));
    assert_eq!(company.refused("estimate", sale("1")).await, "500", "what is not built says so");
    let missing = company.get("invoice/999999").await;
    assert_eq!((missing.status, &missing.json["Fault"]["Error"][0]["code"]), (400, &json!("610")));
}

#[tokio::test]
async fn taxes_discounts_and_terms() {
    let company = Company::open().await;
    let with = |treatment: &str, code: &str, more: Value| {
        let line = |amount: i64, code: &str| {
            json!({ "Amount": amount, "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": { "TaxCodeRef": { "value": code } } })
        };
        let mut lines = vec![line(100, code), json!({ "DetailType": "DescriptionOnly", "Description": "Thank you" })];
        lines.extend(more.as_array().cloned().unwrap_or_default());
        json!({ "CustomerRef": { "value": "58" }, "GlobalTaxCalculation": treatment, "Line": lines })
    };
    let percent = json!([{ "DetailType": "DiscountLineDetail", "Amount": 0,
        "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 25 } }]);
    let cases = [
        ("TaxExcluded", qbo::GST_CODE_ID, Value::Null, "110.00", "10.00"),
        ("TaxInclusive", qbo::GST_CODE_ID, Value::Null, "100.00", "9.09"),
        ("NotApplicable", qbo::GST_CODE_ID, Value::Null, "100.00", "0.00"),
        ("TaxExcluded", qbo::GST_FREE_CODE_ID, Value::Null, "100.00", "0.00"),
        ("TaxExcluded", "TAX", Value::Null, "110.00", "10.00"),
        ("TaxExcluded", "NON", percent, "75.00", "0.00"),
        ("TaxExcluded", "NON", json!([{ "DetailType": "DiscountLineDetail", "Amount": 30.5 }]), "69.50", "0.00"),
    ];
    for (treatment, code, more, total, tax) in cases {
        let invoice = company.made("invoice", with(treatment, code, more)).await;
        assert_fields(&invoice, &[("/TotalAmt", total), ("/Balance", total), ("/TxnTaxDetail/TotalTax", tax)]);
    }
    // A client that fills in noughts for what it does not say.
    let mut body = sale("10");
    body["Line"][0]["SalesItemLineDetail"] = json!({ "Qty": 0, "UnitPrice": 0, "TaxCodeRef": { "value": "" } });
    assert_fields(&company.made("invoice", body).await, &[("/TotalAmt", "10.00")]);
    let mut body = sale("10");
    body["SalesTermRef"] = json!({ "value": qbo::TERM_ID });
    assert_fields(
        &company.made("invoice", body).await,
        &[("/DueDate", "2026-07-15"), ("/SalesTermRef/name", "Net 14")],
    );
}

#[tokio::test]
async fn numbers_are_the_senders_only_when_the_company_wants_it() {
    let company = Company::open().await;
    let numbered = |number: &str| {
        let mut body = sale("10");
        body["DocNumber"] = json!(number);
        body
    };
    company.made("invoice", numbered("PF_1")).await;
    assert_eq!(company.refused("invoice", numbered("PF_1")).await, "6140");
    company.made("creditmemo", numbered("PF_1")).await;
    company.made("invoice?include=allowduplicatedocnum", numbered("PF_1")).await;
    assert!(company.invoice().await["DocNumber"].is_null(), "nobody gave one");

    let preferences = company.get("preferences").await.json["Preferences"].clone();
    let mut switch = version(&preferences);
    switch["sparse"] = json!(true);
    switch["SalesFormsPrefs"] = json!({ "CustomTxnNumbers": false, "AutoApplyCredit": false });
    company.made("preferences", switch).await;
    let given = company.made("invoice", numbered("PF_2")).await;
    assert_eq!(given["DocNumber"], "1017", "behind the last one of the demo");
    assert_eq!(company.made("creditmemo", numbered("PF_2")).await["DocNumber"], "1018");
}

#[tokio::test]
async fn customers_have_names_of_their_own_and_go_out_of_use() {
    let company = Company::open().await;
    let body = json!({ "DisplayName": "Contoso Dental", "PrimaryEmailAddr": { "Address": "ap@contoso.example" } });
    let customer = company.made("customer", body.clone()).await;
    assert_fields(&customer, &[("/SyncToken", "0"), ("/Active", "true"), ("/Balance", "0.00"), ("/Job", "false")]);
    assert_eq!(company.refused("customer", body).await, "6240");
    assert_eq!(company.refused("customer", json!({ "DisplayName": "coral bay diving" })).await, "6240");
    company.made("vendor", json!({ "DisplayName": "Delta Dental" })).await;
    assert_eq!(
        company.refused("customer", json!({ "DisplayName": "Delta Dental" })).await,
        "6240",
        "vendors have it too"
    );
    assert_eq!(company.refused("customer", json!({ "Notes": "nameless" })).await, "2020");
    let person = company.made("customer", json!({ "GivenName": "Ana", "FamilyName": "Diaz", "Title": null })).await;
    assert_eq!(person["DisplayName"], "Ana Diaz");
    let parent = json!({ "value": customer["Id"] });
    let job = company.made("customer", json!({ "DisplayName": "Surgery 2", "ParentRef": parent, "Job": true })).await;
    assert_fields(&job, &[("/FullyQualifiedName", "Contoso Dental:Surgery 2"), ("/Job", "true")]);
    let mut invoice = sale("10");
    invoice["CustomerRef"]["value"] = job["Id"].clone();
    company.made("invoice", invoice.clone()).await;
    let owing = company.read("Customer", customer["Id"].as_str().unwrap()).await;
    assert_fields(&owing, &[("/Balance", "0.00"), ("/BalanceWithJobs", "10.00")]);

    let mut leave = version(&job);
    leave["sparse"] = json!(true);
    leave["Active"] = json!(false);
    company.made("customer", leave).await;
    assert_eq!(company.refused("invoice", invoice).await, "610");
    let named = "select * from Customer where DisplayName = 'Surgery 2'";
    assert_eq!(company.select(named).await, json!({}), "who is inactive is not shown");
    assert_eq!(company.select(&format!("{named} and Active in (true, false)")).await["totalCount"], 1);
}

#[tokio::test]
async fn items_refund_receipts_and_an_expense_that_pays_a_memo_out() {
    let company = Company::open().await;
    assert_eq!(company.refused("item", json!({ "Name": "Support", "Type": "Service" })).await, "2020");
    let income = json!({ "value": qbo::INCOME_ACCOUNT_ID });
    let item = json!({ "Name": "Support", "Type": "Service", "IncomeAccountRef": income });
    let item = company.made("item", item).await;
    assert_eq!(company.refused("account", json!({ "Name": "Till" })).await, "2020");
    let till = company.made("account", json!({ "Name": "Till", "AccountSubType": "CashOnHand" })).await;
    assert_eq!((&till["AccountType"], &till["Active"]), (&json!("Bank"), &json!(true)));
    assert_eq!(item["IncomeAccountRef"]["name"], "Sales of Services");
    assert_eq!(company.refused("refundreceipt", sale("200")).await, "2020");
    let mut refund = sale("200");
    refund["DepositToAccountRef"] = json!({ "value": qbo::CLEARING_ACCOUNT_ID });
    refund["PaymentRefNum"] = json!("re_123");
    let refund = company.made("refundreceipt", refund).await;
    assert_fields(&refund, &[("/TotalAmt", "200.00"), ("/SyncToken", "0")]);
    assert!(refund["Balance"].is_null());

    let memo = company.made("creditmemo", sale("80")).await;
    let expense = |account: &str| {
        json!({ "PaymentType": "Cash", "AccountRef": { "value": qbo::CLEARING_ACCOUNT_ID }, "EntityRef": { "value": "58" },
            "Line": [{ "Amount": 80, "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": { "AccountRef": { "value": account } } }] })
    };
    let elsewhere = company.made("purchase", expense("96")).await;
    let links = |expense: &Value| payment("0", &[("80", "Expense", expense), ("80", "CreditMemo", &memo)]);
    assert_eq!(company.refused("payment", links(&elsewhere)).await, "620");
    let paid_out = company.made("purchase", expense(qbo::RECEIVABLE_ACCOUNT_ID)).await;
    company.made("payment", links(&paid_out)).await;
    assert_fields(&company.read("CreditMemo", memo["Id"].as_str().unwrap()).await, &[("/RemainingCredit", "0.00")]);
}

#[tokio::test]
async fn papers_are_read_and_sent() {
    let company = Company::open().await;
    let invoice = company.select("select * from Invoice where DocNumber = '1013'").await["Invoice"][0].take();
    let path = format!("invoice/{}", invoice["Id"].as_str().unwrap());
    let pdf = company.request("GET", &format!("{path}/pdf")).send().await.unwrap();
    assert_eq!(pdf.headers()["content-type"], "application/pdf");
    assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-1.4"));
    let missing = company.get("invoice/999999/pdf").await;
    assert_eq!((missing.status, &missing.json["Fault"]["Error"][0]["code"]), (400, &json!("610")));
    assert!(missing.header("content-type").starts_with("application/json"));
    let send = |path: String| company.vendors.read(company.request("POST", &path).body(""));
    let sent = send(format!("{path}/send?sendTo=ap@coral.example")).await.unwrap().json;
    assert_fields(&sent["Invoice"], &[("/EmailStatus", "EmailSent"), ("/BillEmail/Address", "ap@coral.example")]);
    let bare = company.invoice().await;
    let unsent = send(format!("invoice/{}/send", bare["Id"].as_str().unwrap())).await.unwrap();
    assert_eq!((unsent.status, &unsent.json["Fault"]["Error"][0]["code"]), (400, &json!("2020")));
    let linked = company.get(&format!("{path}?include=invoiceLink")).await.json;
    let link =
        linked["Invoice"]["InvoiceLink"].as_str().unwrap().strip_prefix(&company.vendors.url).unwrap().to_owned();
    let page = company.vendors.get(&link).await.json;
    assert!(
        page.as_str().unwrap().contains("Coral Bay Diving")
            && page.as_str().unwrap().contains(facts::SOUTHERN.pay_now.email)
    );
}
