//! Xero's API: reading, paying, writing, identity; each answer judged by Xero's own document.

use serde_json::{Value, json};
use simulators::facts;

use crate::contracts;
use crate::harness::{Answer, Vendors};

async fn invoice(vendors: &Vendors, token: &str, number: &str) -> Value {
    let answer = vendors.books(token, &format!("Invoices/{number}")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    contracts::xero("Invoices", &answer.json);
    answer.json["Invoices"][0].clone()
}

/// Amounts must stand on the wire as decimals with two places, which a parsed number no longer tells.
async fn raw(vendors: &Vendors, token: &str, path: &str) -> String {
    vendors.xero(token, "GET", path).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_card_payment_makes_the_invoice_paid() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let before = invoice(&vendors, &token, "INV-501").await;
    assert_eq!((&before["Status"], &before["CurrencyCode"]), (&json!("AUTHORISED"), &json!("USD")));
    assert!(raw(&vendors, &token, "Invoices/INV-501").await.contains("\"AmountDue\":1204.50"));

    let paid = vendors.read(vendors.pay_in_books(&token, "INV-501", "1204.50", "pay-1")).await.unwrap();
    assert_eq!(paid.status, 200, "{:?}", paid.json);
    contracts::xero("Payments", &paid.json);
    let payment = &paid.json["Payments"][0];
    assert_eq!((&payment["Invoice"]["Status"], &payment["Reference"]), (&json!("PAID"), &json!("ch_1")));
    assert_eq!(payment["Account"]["Code"], facts::xero::CLEARING_ACCOUNT_CODE);

    let after = invoice(&vendors, &token, "INV-501").await;
    assert_eq!((&after["Status"], after["Payments"].as_array().unwrap().len()), (&json!("PAID"), 1));
    assert_ne!(after["UpdatedDateUTC"], before["UpdatedDateUTC"]);
    let state = vendors.state("xero").await;
    let posted = state["payments"].as_array().unwrap().iter().filter(|payment| payment["invoice"] == "INV-501");
    assert_eq!(posted.map(|payment| payment["amount_minor"].as_i64().unwrap()).collect::<Vec<_>>(), [120_450]);
}

#[tokio::test]
async fn part_payments_add_up_and_a_deleted_one_reopens_the_invoice() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let pay = async |amount: &str, key: &str| {
        vendors.read(vendors.pay_in_books(&token, "INV-503", amount, key)).await.unwrap()
    };
    assert_eq!(pay("300.10", "one").await.json["Payments"][0]["Invoice"]["Status"], "AUTHORISED");
    let last = pay("399.90", "two").await.json;
    assert_eq!(last["Payments"][0]["Invoice"]["Status"], "PAID");
    let refused = pay("0.01", "three").await;
    assert_eq!(refused.status, 400);

    let id = last["Payments"][0]["PaymentID"].as_str().unwrap();
    let path = format!("Payments/{id}");
    let more =
        vendors.read(vendors.xero(&token, "POST", &path).json(&json!({ "Status": "DELETED", "Amount": 1 }))).await;
    assert!(more.unwrap().json.to_string().contains("Only Status accepted for updates"));
    let deleted =
        vendors.read(vendors.xero(&token, "POST", &path).json(&json!({ "Status": "DELETED" }))).await.unwrap();
    assert_eq!(deleted.json["Payments"][0]["Status"], "DELETED");
    contracts::xero("Payments", &deleted.json);
    let reopened = invoice(&vendors, &token, "INV-503").await;
    assert_eq!((&reopened["Status"], reopened["AmountDue"].to_string()), (&json!("AUTHORISED"), "399.90".to_owned()));
}

#[tokio::test]
async fn a_refused_payment_echoes_the_document_with_its_errors() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let cases = [
        ("INV-501", "1204.51", "exceeds the amount outstanding"),
        ("INV-504", "1.00", "awaiting payment"),
        ("INV-501", "0", "greater than 0"),
        ("INV-999", "1.00", "could not be found"),
    ];
    for (number, amount, message) in cases {
        let refused = vendors.read(vendors.pay_in_books(&token, number, amount, message)).await.unwrap();
        assert_eq!((refused.status, refused.json["Type"].as_str()), (400, Some("ValidationException")));
        let element = &refused.json["Elements"][0];
        assert!(element["ValidationErrors"][0]["Message"].as_str().unwrap().contains(message), "{element}");
        assert_eq!(element["Invoice"]["InvoiceNumber"], number);
        contracts::xero("Error", &refused.json);
    }
    let body = json!({ "Invoice": { "InvoiceNumber": "INV-501" }, "Account": { "Code": "200" }, "Amount": 1 });
    let account = vendors.read(vendors.xero(&token, "PUT", "Payments").json(&body)).await.unwrap();
    assert!(account.json.to_string().contains("type BANK"));
    let lenient = vendors.xero(&token, "PUT", "Payments?summarizeErrors=false").json(&body);
    let lenient = vendors.read(lenient).await.unwrap();
    assert_eq!((lenient.status, &lenient.json["Payments"][0]["StatusAttributeString"]), (200, &json!("ERROR")));
}

#[tokio::test]
async fn the_delta_sync_sees_what_changed_and_pages_through_all() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let query = "Invoices?where=Type%3D%3D%22ACCREC%22&order=UpdatedDateUTC%20ASC&pageSize=200&page=";
    let first = vendors.books(&token, &format!("{query}1")).await.json;
    contracts::xero("Invoices", &first);
    assert_eq!(first["pagination"], json!({ "page": 1, "pageSize": 200, "pageCount": 2, "itemCount": 305 }));
    assert!(first["Invoices"][0]["LineItems"].is_array(), "paged lists have lines");
    let second = vendors.books(&token, &format!("{query}2")).await.json;
    assert_eq!(second["Invoices"].as_array().unwrap().len(), 105);

    let now = vendors.simulators.clock().now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let changed = || vendors.xero(&token, "GET", "Invoices").header("if-modified-since", &now);
    assert_eq!(vendors.read(changed()).await.unwrap().json["Invoices"], json!([]));
    vendors.control("xero/invoice", json!({ "number": "INV-501", "pay_minor": 20_450 })).await;
    let delta = vendors.read(changed()).await.unwrap().json;
    assert_eq!(delta["Invoices"][0]["InvoiceNumber"], "INV-501");
    assert_eq!(delta["Invoices"][0]["AmountDue"].to_string(), "1000.00");
    assert!(delta["Invoices"][0]["LineItems"].is_null(), "unpaged lists have none");
}

#[tokio::test]
async fn lists_are_narrowed_by_their_parameters() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let numbers = async |query: &str| -> Vec<String> {
        let answer = vendors.books(&token, &format!("Invoices?{query}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.json);
        let invoices = answer.json["Invoices"].as_array().unwrap().clone();
        invoices.iter().map(|invoice| invoice["InvoiceNumber"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers("InvoiceNumbers=INV-601,INV-501&order=InvoiceNumber").await, ["INV-501", "INV-601"]);
    let id = invoice(&vendors, &token, "INV-502").await["InvoiceID"].as_str().unwrap().to_owned();
    assert_eq!(numbers(&format!("IDs={id}")).await, ["INV-502"]);
    let open = "where=Contact.Name%3D%3D%22Acme%20Pty%20Ltd%22%20AND%20AmountDue%3E0&Statuses=AUTHORISED&summaryOnly=True&order=InvoiceNumber";
    assert_eq!(numbers(open).await, ["INV-501", "INV-502", "INV-503"]);
    assert_eq!(vendors.books(&token, "Invoices?where=AmountDue").await.status, 400);
    assert_eq!(vendors.books(&token, "Invoices/INV-999").await.status, 404);
    let contacts = vendors.books(&token, "Contacts?page=1&pageSize=1000").await.json;
    assert_eq!(contacts["pagination"]["itemCount"], 40);
    contracts::xero("Contacts", &contacts);
}

#[tokio::test]
async fn invoices_and_contacts_are_written_by_the_rules() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let send = async |method: &str, path: &str, body: Value| {
        vendors.read(vendors.xero(&token, method, path).json(&body)).await.unwrap()
    };
    let contact =
        send("PUT", "Contacts", json!({ "Contacts": [{ "Name": "Contoso Dental", "ContactNumber": "PSA-4711" }] }))
            .await;
    contracts::xero("Contacts", &contact.json);
    let contact_id = contact.json["Contacts"][0]["ContactID"].clone();
    assert_eq!(send("PUT", "Contacts", json!({ "Name": "Contoso Dental" })).await.status, 400);
    let updated =
        send("POST", "Contacts", json!({ "Name": "Contoso Dental", "EmailAddress": "ap@contoso.example" })).await;
    assert_eq!((&updated.json["Contacts"][0]["ContactID"], updated.status), (&contact_id, 200));

    let draft = json!({ "Invoices": [{
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": "PF_Q-10231", "Reference": "PF",
        "Contact": { "ContactID": contact_id }, "Date": "/Date(1782864000000)/", "DueDate": "2026-07-01", "LineAmountTypes": "NoTax",
        "LineItems": [{ "Description": "Quote", "Quantity": 3, "UnitAmount": "416.67", "AccountCode": "825" }],
    }] });
    let made = send("PUT", "Invoices", draft.clone()).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    contracts::xero("Invoices", &made.json);
    assert_eq!(made.json["Invoices"][0]["Total"].to_string(), "1250.01");
    assert_eq!(made.json["Invoices"][0]["DateString"], "2026-07-01T00:00:00");
    assert!(send("PUT", "Invoices", draft).await.json.to_string().contains("must be unique"));

    let path = format!("Invoices/{}", made.json["Invoices"][0]["InvoiceID"].as_str().unwrap());
    let note = json!({ "HistoryRecords": [{ "Details": "Paid by card via portal, ref ch_123" }] });
    let note = send("PUT", &format!("{path}/History"), note).await;
    contracts::xero("HistoryRecords", &note.json);
    assert_eq!(
        vendors.books(&token, &format!("{path}/History")).await.json["HistoryRecords"].as_array().unwrap().len(),
        1
    );
    assert_eq!(send("POST", &path, json!({ "Status": "DRAFT" })).await.status, 400);
    assert_eq!(send("POST", &path, json!({ "Status": "VOIDED" })).await.json["Invoices"][0]["Status"], "VOIDED");
    assert_eq!(send("POST", &path, json!({ "Status": "VOIDED" })).await.status, 400, "once");
    let paid = invoice(&vendors, &token, "INV-503").await["InvoiceID"].as_str().unwrap().to_owned();
    let void = send("POST", &format!("Invoices/{paid}"), json!({ "Status": "VOIDED" })).await;
    assert!(void.json.to_string().contains("cannot be edited as it has a payment"));
}

#[tokio::test]
async fn one_wrong_element_refuses_the_whole_call() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let payment =
        |number: &str| json!({ "Invoice": { "InvoiceNumber": number }, "Account": { "Code": "825" }, "Amount": 10 });
    let body = json!({ "Payments": [payment("INV-501"), payment("INV-504")] });
    let refused = vendors.read(vendors.xero(&token, "PUT", "Payments").json(&body)).await.unwrap();
    assert_eq!((refused.status, refused.json["Elements"].as_array().unwrap().len()), (400, 1));
    assert_eq!(invoice(&vendors, &token, "INV-501").await["AmountPaid"].to_string(), "0.00");
}

#[tokio::test]
async fn setup_reads_and_documents() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let account = format!("Accounts/{}", facts::xero::CLEARING_ACCOUNT_ID);
    for (path, schema) in [
        ("Organisation", "Organisations"),
        ("Accounts", "Accounts"),
        ("BrandingThemes", "BrandingThemes"),
        ("Organisation/Actions", "Actions"),
        (account.as_str(), "Accounts"),
        ("TaxRates?where=Status==%22ACTIVE%22", "TaxRates"),
        ("TaxRates/NONE", "TaxRates"),
        ("CreditNotes?page=1", "CreditNotes"),
        ("Payments?page=1", "Payments"),
        ("Invoices/INV-501/OnlineInvoice", "OnlineInvoices"),
    ] {
        let answer = vendors.books(&token, path).await;
        assert_eq!(answer.status, 200, "{path}");
        contracts::xero(schema, &answer.json);
    }
    let accounts = vendors.books(&token, "Accounts?where=Status==%22ACTIVE%22%20AND%20Code==%22825%22").await.json;
    assert_eq!(accounts["Accounts"][0]["EnablePaymentsToAccount"], true);
    let document = async |number: &str| {
        let mut request = vendors.xero(&token, "GET", &format!("Invoices/{number}")).build().unwrap();
        // A second Accept header would be sent beside the harness's own; this one stands alone.
        request.headers_mut().insert("accept", "application/pdf".parse().unwrap());
        vendors.http.execute(request).await.unwrap()
    };
    let pdf = document("INV-501").await;
    assert_eq!(pdf.headers()["content-type"], "application/pdf");
    assert!(pdf.headers().contains_key("x-minlimit-remaining"), "a document is a call like any other");
    assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-1.4"));
    let missing = document("INV-9999").await;
    assert_eq!(missing.status(), 404);
    assert_eq!(missing.json::<Value>().await.unwrap()["Title"], "NotFound");
}

async fn form(vendors: &Vendors, path: &str, form: &[(&str, &str)]) -> Answer {
    vendors.read(vendors.http.post(format!("{}/xero{path}", vendors.url)).form(form)).await.unwrap()
}

#[tokio::test]
async fn consent_gives_a_code_that_works_once() {
    let vendors = Vendors::start().await;
    let redirect = "http://127.0.0.1:3000/callback";
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={redirect}&scope=offline_access%20accounting.invoices&state=s1",
        facts::xero::PORTAL_CLIENT_ID
    );
    let ask = vendors.get(&format!("/xero/identity/connect/authorize?{query}")).await;
    assert!(ask.json.as_str().unwrap().contains("Allow access"));
    let allowed = vendors.get(&format!("/xero/identity/connect/authorize?{query}&consent=allow")).await;
    let location = allowed.header("location").to_owned();
    assert!(location.starts_with(redirect) && location.contains("state=s1"));
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let exchange = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect),
        ("client_id", facts::xero::PORTAL_CLIENT_ID),
        ("client_secret", facts::xero::PORTAL_CLIENT_SECRET),
    ];
    let tokens = form(&vendors, "/connect/token", &exchange).await;
    assert_eq!((tokens.status, &tokens.json["expires_in"]), (200, &json!(1800)));
    let again = form(&vendors, "/connect/token", &exchange).await;
    assert_eq!((again.status, &again.json["error"]), (400, &json!("invalid_grant")));

    let token = tokens.json["access_token"].as_str().unwrap();
    assert_eq!(vendors.books(token, "Invoices/INV-501").await.status, 200);
    let narrow = vendors.books(token, "Payments").await;
    assert_eq!((narrow.status, &narrow.json["Detail"]), (401, &json!("AuthorizationUnsuccessful")));
    assert_eq!(vendors.get("/xero/identity/connect/authorize?client_id=x").await.status, 400);
}

#[tokio::test]
async fn a_consent_to_two_organisations_wants_its_verifier_and_reaches_both() {
    let vendors = Vendors::start().await;
    let redirect = "http://127.0.0.1:3000/callback";
    // The pair of RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={redirect}&scope=offline_access%20accounting.settings.read\
         &state=s1&code_challenge={challenge}&code_challenge_method=",
        facts::xero::PORTAL_CLIENT_ID
    );
    let authorize = async |end: &str| vendors.get(&format!("/xero/identity/connect/authorize?{query}{end}")).await;
    assert_eq!(authorize("plain").await.status, 400);
    let exchange = async |verifier: &str| {
        let allowed = authorize("S256&consent=both").await;
        let code = allowed.header("location").split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", redirect),
            ("client_id", facts::xero::PORTAL_CLIENT_ID),
            ("client_secret", facts::xero::PORTAL_CLIENT_SECRET),
            ("code_verifier", verifier),
        ];
        form(&vendors, "/connect/token", &fields).await
    };
    assert_eq!(exchange("another").await.json["error"], "invalid_grant");
    let tokens = exchange(verifier).await.json;
    let token = tokens["access_token"].as_str().unwrap();
    let reached = vendors.http.get(format!("{}/xero/connections", vendors.url)).bearer_auth(token);
    let reached = vendors.read(reached).await.unwrap().json;
    assert_eq!(reached.as_array().unwrap().len(), 2);
    assert_eq!(reached[1]["tenantName"], facts::xero::OTHER_NAME);
    let elsewhere = async |path: &str| {
        let mut request = vendors.xero(token, "GET", path).build().unwrap();
        request.headers_mut().insert("xero-tenant-id", facts::xero::OTHER_TENANT_ID.parse().unwrap());
        vendors.http.execute(request).await.unwrap()
    };
    let organisation = elsewhere("Organisation").await.json::<Value>().await.unwrap();
    assert_eq!(organisation["Organisations"][0]["BaseCurrency"], facts::xero::OTHER_CURRENCY);
    contracts::xero("Organisations", &organisation);
    assert_eq!(elsewhere("Accounts").await.status(), 501, "it has no books");
}

#[tokio::test]
async fn connections_are_listed_and_cut() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let list = |name: &str| vendors.http.get(format!("{}/xero/{name}", vendors.url)).bearer_auth(token.clone());
    let connections = vendors.read(list("Connections")).await.unwrap().json;
    assert_eq!(connections[0]["tenantId"], facts::xero::TENANT_ID);
    assert_eq!(connections[0]["createdDateUtc"].as_str().unwrap().split('.').nth(1).unwrap().len(), 7);
    let id = connections[0]["id"].as_str().unwrap();
    let cut = vendors.http.delete(format!("{}/xero/connections/{id}", vendors.url)).bearer_auth(token.clone());
    assert_eq!(cut.send().await.unwrap().status(), 204);
    assert_eq!(vendors.books(&token, "Invoices").await.status, 403);
    assert_eq!(vendors.read(list("connections")).await.unwrap().json, json!([]));
}

#[tokio::test]
async fn tokens_rotate_with_grace_and_strangers_have_their_own() {
    let vendors = Vendors::start().await;
    let first = vendors.refresh(facts::xero::PORTAL_REFRESH_TOKEN).await.json;
    let second = first["refresh_token"].as_str().unwrap();
    assert_eq!(vendors.refresh(facts::xero::PORTAL_REFRESH_TOKEN).await.status, 200, "within the grace");
    vendors.control("advance", json!({ "hours": 1 })).await;
    let late = vendors.refresh(facts::xero::PORTAL_REFRESH_TOKEN).await;
    assert_eq!((late.status, &late.json["error"]), (400, &json!("invalid_grant")));
    assert_eq!(vendors.refresh(second).await.status, 400, "its successor was used up an hour ago too");
    let expired = vendors.books(first["access_token"].as_str().unwrap(), "Invoices").await;
    assert!(expired.json["Detail"].as_str().unwrap().starts_with("TokenExpired"));

    let given = vendors.get("/demo.json").await.json["vendors"]["xero"].clone();
    let text = |name: &str| given[name].as_str().unwrap();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text("refresh_token")),
        ("client_id", text("client_id")),
        ("client_secret", text("client_secret")),
    ];
    let stranger = form(&vendors, "/connect/token", &refresh).await;
    assert_eq!(stranger.status, 200);
    assert_eq!(
        vendors.get("/demo.json").await.json["vendors"]["xero"]["refresh_token"],
        stranger.json["refresh_token"]
    );
    let wrong = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", text("client_id")),
        ("client_secret", "no"),
    ];
    assert_eq!(form(&vendors, "/connect/token", &wrong).await.status, 401);
}

#[tokio::test]
async fn a_credit_note_is_paid_out_once_and_voided_after_its_payment_was_deleted() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let write = async |method: &str, path: &str, body: Value| {
        vendors.read(vendors.xero(&token, method, path).json(&body)).await.unwrap()
    };
    let contact = invoice(&vendors, &token, "INV-501").await["Contact"]["ContactID"].clone();
    let line = json!({ "Description": "Refund", "Quantity": 1, "UnitAmount": 200.00, "AccountCode": "200" });
    let note = json!({ "CreditNotes": [{ "Type": "ACCRECCREDIT", "Status": "AUTHORISED", "CreditNoteNumber": "RF-1",
        "Reference": "re_1", "Contact": { "ContactID": contact }, "Date": "2026-07-01", "LineAmountTypes": "NoTax",
        "LineItems": [line] }] });
    let made = write("PUT", "CreditNotes", note.clone()).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    contracts::xero("CreditNotes", &made.json);
    let id = made.json["CreditNotes"][0]["CreditNoteID"].as_str().unwrap().to_owned();
    assert_eq!(write("PUT", "CreditNotes", note).await.status, 400, "its number is taken");

    let pay = |amount: f64| {
        json!({ "Payments": [{ "CreditNote": { "CreditNoteID": id }, "Amount": amount, "Reference": "re_1",
            "Account": { "Code": facts::xero::CLEARING_ACCOUNT_CODE }, "Date": "2026-07-01" }] })
    };
    assert_eq!(write("PUT", "Payments", pay(200.01)).await.status, 400, "more than is left");
    let paid = write("PUT", "Payments", pay(200.00)).await;
    assert_eq!(paid.status, 200, "{:?}", paid.json);
    contracts::xero("Payments", &paid.json);
    let payment = &paid.json["Payments"][0];
    assert_eq!((&payment["PaymentType"], &payment["Invoice"]["InvoiceID"]), (&json!("ARCREDITPAYMENT"), &json!(id)));
    let read = vendors.books(&token, &format!("CreditNotes/{id}")).await.json;
    contracts::xero("CreditNotes", &read);
    let read = &read["CreditNotes"][0];
    assert_eq!((&read["Status"], &read["Payments"][0]["PaymentID"]), (&json!("PAID"), &payment["PaymentID"]));

    let void = json!({ "CreditNotes": [{ "CreditNoteID": id, "Status": "VOIDED" }] });
    assert_eq!(write("POST", &format!("CreditNotes/{id}"), void.clone()).await.status, 400, "a payment stands on it");
    let delete = format!("Payments/{}", payment["PaymentID"].as_str().unwrap());
    assert_eq!(write("POST", &delete, json!({ "Status": "DELETED" })).await.status, 200);
    let voided = write("POST", &format!("CreditNotes/{id}"), void).await.json;
    assert_eq!(voided["CreditNotes"][0]["Status"], "VOIDED");
    let named = vendors.books(&token, "CreditNotes?where=CreditNoteNumber%3D%3D%22RF-1%22").await.json;
    assert_eq!(named["CreditNotes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn over_payments_and_prepayments_are_made_by_bank_transactions_and_used_up() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let contact = invoice(&vendors, &token, "INV-501").await["Contact"]["ContactID"].clone();
    for (kind, account, plural, id) in [
        ("RECEIVE-OVERPAYMENT", Value::Null, "Overpayments", "OverpaymentID"),
        ("RECEIVE-PREPAYMENT", json!(facts::xero::PREPAYMENT_ACCOUNT_CODE), "Prepayments", "PrepaymentID"),
    ] {
        let document = |code: &str| {
            json!({ "BankTransactions": [{
                "Type": kind, "Contact": { "ContactID": contact }, "BankAccount": { "Code": code },
                "Reference": "ch_1", "LineItems": [{ "Description": "over", "UnitAmount": 95.5, "AccountCode": account }],
            }] })
        };
        let write = async |code: &str| {
            vendors.read(vendors.xero(&token, "PUT", "BankTransactions").json(&document(code))).await.unwrap()
        };
        assert_eq!(write("200").await.status, 400, "money is received on a bank account");
        let made = write(facts::xero::CLEARING_ACCOUNT_CODE).await;
        assert_eq!(made.status, 200, "{:?}", made.json);
        contracts::xero("BankTransactions", &made.json);
        assert_eq!(made.json["BankTransactions"][0]["Reference"], Value::Null, "which Xero keeps for plain ones alone");
        let credit = made.json["BankTransactions"][0][id].as_str().unwrap().to_owned();
        contracts::xero("BankTransactions", &vendors.books(&token, "BankTransactions?page=1").await.json);

        let allocate = async |amount: &str| {
            let part = json!({ "Amount": amount, "Date": "2026-07-01", "Invoice": { "InvoiceNumber": "INV-502" } });
            let path = format!("{plural}/{credit}/Allocations");
            vendors
                .read(vendors.xero(&token, "PUT", &path).json(&json!({ "Allocations": [part] })))
                .await
                .unwrap()
                .status
        };
        assert_eq!((allocate("95.51").await, allocate("50.00").await), (400, 200), "no more than what is left");
        let mut pay_out = json!({ "Account": { "Code": facts::xero::CLEARING_ACCOUNT_CODE }, "Amount": 45.5 });
        pay_out[id.trim_end_matches("ID")] = json!({ id: credit });
        let paid = vendors.read(vendors.xero(&token, "PUT", "Payments").json(&pay_out)).await.unwrap();
        assert_eq!(paid.status, 200, "{:?}", paid.json);
        contracts::xero("Payments", &paid.json);
        let read = vendors.books(&token, &format!("{plural}/{credit}")).await.json;
        contracts::xero(plural, &read);
        let read = &read[plural][0];
        assert_eq!((&read["Status"], read["RemainingCredit"].to_string().as_str()), (&json!("PAID"), "0.00"), "{read}");
    }
    let part = invoice(&vendors, &token, "INV-502").await;
    assert_eq!(part["AmountCredited"].to_string(), "100.00");
}

#[tokio::test]
async fn a_credit_note_is_drafted_approved_allocated_and_let_go_of_and_keeps_its_number() {
    let vendors = Vendors::start().await;
    let token = vendors.xero_token().await;
    let contact = invoice(&vendors, &token, "INV-501").await["Contact"]["ContactID"].clone();
    let write = async |method: &str, path: &str, body: Value| {
        vendors.read(vendors.xero(&token, method, path).json(&body)).await.unwrap()
    };
    let note = |number: &str| {
        json!({ "CreditNotes": [{ "Type": "ACCRECCREDIT", "Status": "DRAFT", "CreditNoteNumber": number,
            "Reference": "PF", "Contact": { "ContactID": contact }, "LineAmountTypes": "NoTax",
            "LineItems": [{ "Description": "Quote", "UnitAmount": 100, "AccountCode": "830" }] }] })
    };
    let made = write("PUT", "CreditNotes", note("PF_CR_1")).await.json;
    let id = made["CreditNotes"][0]["CreditNoteID"].as_str().unwrap().to_owned();
    let (path, allocations) = (format!("CreditNotes/{id}"), format!("CreditNotes/{id}/Allocations"));
    let part = |amount: f64| json!({ "Allocations": [{ "Amount": amount, "Date": "2026-07-01", "Invoice": { "InvoiceNumber": "INV-502" } }] });
    assert_eq!(write("PUT", &allocations, part(60.0)).await.status, 400, "a draft is no credit");
    let moved = async |status: &str| {
        let body = json!({ "CreditNotes": [{ "CreditNoteID": id, "Status": status }] });
        write("POST", &path, body).await.status
    };
    assert_eq!(moved("AUTHORISED").await, 200);
    assert_eq!(moved("DELETED").await, 400, "what was approved is voided");
    assert_eq!(write("PUT", &allocations, part(100.01)).await.status, 400, "more than there is");
    let given = write("PUT", &allocations, part(60.0)).await;
    assert_eq!(given.status, 200, "{:?}", given.json);
    let allocation = given.json["Allocations"][0]["AllocationID"].as_str().unwrap();
    let read = vendors.books(&token, &path).await.json;
    contracts::xero("CreditNotes", &read);
    assert_eq!(read["CreditNotes"][0]["RemainingCredit"].to_string(), "40.00");
    assert_eq!(read["CreditNotes"][0]["Allocations"][0]["AllocationID"], allocation);
    assert_eq!(invoice(&vendors, &token, "INV-502").await["AmountCredited"].to_string(), "60.00");
    assert_eq!(moved("VOIDED").await, 400, "an invoice has some of it");

    let gone = vendors.read(vendors.xero(&token, "DELETE", &format!("{allocations}/{allocation}"))).await.unwrap();
    assert_eq!((gone.status, &gone.json["IsDeleted"]), (200, &json!(true)));
    contracts::xero("Allocation", &gone.json);
    assert_eq!(invoice(&vendors, &token, "INV-502").await["AmountCredited"].to_string(), "0.00");
    assert_eq!(moved("VOIDED").await, 200);
    assert_eq!(write("PUT", "CreditNotes", note("PF_CR_1")).await.status, 400, "its number is not free again");
}
