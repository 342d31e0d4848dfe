//! What Xero's wire has beside paying invoices: filters, contacts, notes, mails, payment services, refusals of every form,
//! locked periods, custom connections and news of every category.

use serde_json::{Value, json};
use simulators::{Vendor, facts};

use crate::contracts;
use crate::harness::{Answer, Vendors};
use crate::webhooks::{listen, received, signs_as_xero};

/// Northwind's books with a token of the portal's.
struct Office {
    vendors: Vendors,
    token: String,
}

impl Office {
    async fn open() -> Self {
        let vendors = Vendors::start().await;
        let token = vendors.xero_token().await;
        Self { vendors, token }
    }

    async fn get(&self, path: &str) -> Answer {
        self.vendors.books(&self.token, path).await
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.vendors.read(self.vendors.xero(&self.token, method, path).json(&body)).await.unwrap()
    }

    /// What a custom connection of these scopes is given.
    async fn custom(&self, scopes: &str) -> Answer {
        let form = [("grant_type", "client_credentials"), ("scopes", scopes)];
        let request = self.vendors.http.post(format!("{}/xero/connect/token", self.vendors.url));
        let request = request.basic_auth(facts::xero::STRANGER_CLIENT_ID, Some(facts::xero::STRANGER_CLIENT_SECRET));
        self.vendors.read(request.form(&form)).await.unwrap()
    }

    /// A call that must be taken, judged as `schema`; answers its rows.
    async fn done(&self, method: &str, path: &str, body: Value, schema: &str) -> Vec<Value> {
        let answer = self.send(method, path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {:#}", answer.json);
        contracts::xero(schema, &answer.json);
        answer.json[schema].as_array().unwrap().clone()
    }

    /// What a list tells of each row.
    async fn listed(&self, path: &str, schema: &str, member: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {:#}", answer.json);
        contracts::xero(schema, &answer.json);
        answer.json[schema].as_array().unwrap().iter().map(|row| row[member].clone()).collect()
    }
}

#[tokio::test]
async fn invoices_are_found_by_every_filter() {
    let office = Office::open().await;
    let ids = office.listed("Invoices?InvoiceNumbers=INV-501,INV-601", "Invoices", "InvoiceID").await;
    let [first, second] = ids.as_slice() else { panic!("two of them: {ids:?}") };
    let bolt = office.listed("Contacts?where=Name==%22Bolt%20Legal%22", "Contacts", "ContactID").await[0].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let cases = [
        (format!("IDs={},{}", text(first), text(second)), 2),
        (format!("ContactIDs={}&Statuses=AUTHORISED", text(&bolt)), 1),
        ("where=Contact.ContactNumber==%22ACME%22%20AND%20AmountDue>0".to_owned(), 3),
        ("where=contact.name==%22Bolt%20Legal%22%20and%20invoiceId==guid(%22x%22)".to_owned(), 0),
        ("InvoiceNumbers=INV-501&Statuses=PAID,VOIDED".to_owned(), 0),
        ("createdByMyApp=True".to_owned(), 0),
        ("where=InvoiceNumber==%22INV-501%22%20OR%20InvoiceNumber=%22INV-601%22".to_owned(), 2),
        ("where=(AmountDue<0%20%7C%7C%20Contact.Name.StartsWith(%22Bolt%22))%20AND%20AmountDue>0".to_owned(), 1),
        ("searchTerm=inv-601".to_owned(), 1),
    ];
    for (query, expected) in cases {
        assert_eq!(
            office.listed(&format!("Invoices?{query}"), "Invoices", "InvoiceID").await.len(),
            expected,
            "{query}"
        );
    }
    let light = office.get("Invoices?summaryOnly=true&pageSize=5").await.json;
    assert_eq!((&light["pagination"]["pageSize"], &light["Invoices"][0]["LineItems"]), (&json!(5), &Value::Null));
    let unpaged = office.get("Invoices?InvoiceNumbers=INV-501").await.json;
    assert_eq!(unpaged["Invoices"][0]["LineItems"], Value::Null, "no lines without a page");
    let paged = office.get("Invoices?InvoiceNumbers=INV-501&page=1").await.json;
    assert_eq!(paged["Invoices"][0]["LineItems"].as_array().unwrap().len(), 3);
    let late =
        office.vendors.xero(&office.token, "GET", "Invoices").header("if-modified-since", "2026-06-25T00:00:00Z");
    let late = office.vendors.read(late).await.unwrap().json;
    assert!((1..100).contains(&late["Invoices"].as_array().unwrap().len()));
    let odd = office.vendors.xero(&office.token, "GET", "Invoices").header("if-modified-since", "yesterday");
    assert_eq!(office.vendors.read(odd).await.unwrap().status, 412);
}

#[tokio::test]
async fn unit_prices_have_four_places_for_who_asks_for_them() {
    let office = Office::open().await;
    let contact = office.listed("Contacts?page=1&pageSize=1", "Contacts", "ContactID").await[0].clone();
    let document = json!({ "Type": "ACCREC", "Contact": { "ContactID": contact }, "LineItems": [
        { "Description": "Hours", "Quantity": 3, "UnitAmount": 416.6667, "AccountCode": "200" }] });
    for (query, unit, total) in [("?unitdp=4", "416.6667", "1250.00"), ("", "416.67", "1250.01")] {
        let made = office.done("PUT", &format!("Invoices{query}"), document.clone(), "Invoices").await;
        let told = (made[0]["LineItems"][0]["UnitAmount"].to_string(), made[0]["Total"].to_string());
        assert_eq!(told, (unit.to_owned(), total.to_owned()));
    }
}

#[tokio::test]
async fn contacts_keep_their_details_and_tell_what_they_owe() {
    let office = Office::open().await;
    let document = json!({ "Contacts": [{ "Name": "Contoso Dental", "ContactNumber": "PSA-4711", "AccountNumber": "17",
        "EmailAddress": "ap@contoso.example", "ContactPersons": [{ "FirstName": "Ana", "LastName": "Diaz",
            "EmailAddress": "ana@contoso.example", "IncludeInEmails": true }],
        "Phones": [{ "PhoneType": "DEFAULT", "PhoneNumber": "555" }] }] });
    let made = office.done("PUT", "Contacts", document, "Contacts").await[0].clone();
    assert_eq!((&made["AccountNumber"], &made["ContactPersons"][0]["FirstName"]), (&json!("17"), &json!("Ana")));
    let again = json!({ "Name": "Other", "ContactNumber": "PSA-4711" });
    assert_eq!(office.send("PUT", "Contacts", again.clone()).await.status, 400, "its number is taken");
    assert_eq!(office.done("POST", "Contacts", again, "Contacts").await[0]["ContactID"], made["ContactID"]);
    assert_eq!(office.send("PUT", "Contacts", json!({ "Name": "x".repeat(256) })).await.status, 400);
    assert_eq!(office.listed("Contacts?searchTerm=ap@CONTOSO", "Contacts", "Name").await, [json!("Other")]);

    let acme = office.get("Contacts/ACME").await.json["Contacts"][0].clone();
    let owed = &acme["Balances"]["AccountsReceivable"];
    assert_eq!(owed["Outstanding"].to_string(), "2254.50");
    assert_eq!(owed["Overdue"].to_string(), "2254.50", "the demo's data are of a day long ago");
    let light = office.get("Contacts?summaryOnly=true&where=Name==%22Acme%20Pty%20Ltd%22").await.json;
    assert_eq!((&light["Contacts"][0]["Balances"], &light["pagination"]["page"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn a_contact_that_an_invoice_names_is_made_with_it_or_changed_by_it() {
    let office = Office::open().await;
    let invoice = |contact: Value| json!({ "Type": "ACCREC", "Contact": contact, "LineItems": [{ "UnitAmount": 10, "AccountCode": "200" }] });
    let made = office.done("PUT", "Invoices", invoice(json!({ "Name": "Fresh Ltd" })), "Invoices").await;
    let contact = made[0]["Contact"]["ContactID"].clone();
    assert_eq!(
        office.listed("Contacts?searchTerm=fresh", "Contacts", "ContactID").await,
        std::slice::from_ref(&contact)
    );
    let told = json!({ "ContactID": contact, "EmailAddress": "pay@fresh.test" });
    office.done("PUT", "Invoices", invoice(told), "Invoices").await;
    assert_eq!(office.listed("Contacts?searchTerm=fresh", "Contacts", "EmailAddress").await, [json!("pay@fresh.test")]);
    let lost = office.send("PUT", "Invoices", invoice(json!({ "ContactID": uuid::Uuid::nil() }))).await;
    assert_eq!(lost.status, 400);
    let link = json!({ "Type": "ACCREC", "Contact": { "Name": "Fresh Ltd" }, "Url": "https://xero.example/1" });
    assert!(office.send("PUT", "Invoices", link).await.json.to_string().contains("must not contain"));
}

#[tokio::test]
async fn notes_are_kept_by_documents_of_every_kind_and_a_mail_has_no_answer() {
    let office = Office::open().await;
    let invoice = office.get("Invoices/INV-503").await.json["Invoices"][0].clone();
    let payment = invoice["Payments"][0]["PaymentID"].as_str().unwrap().to_owned();
    let note = |text: &str| json!({ "HistoryRecords": [{ "Details": text }] });
    for path in ["Invoices/INV-503".to_owned(), format!("Payments/{payment}"), "Contacts/missing".to_owned()] {
        let added = office.send("PUT", &format!("{path}/History"), note("Paid by card")).await;
        let expected = if path.ends_with("missing") { 404 } else { 200 };
        assert_eq!(added.status, expected, "{path}: {:#}", added.json);
    }
    let read = office.listed(&format!("Payments/{payment}/History"), "HistoryRecords", "Details").await;
    assert_eq!(read, [json!("Paid by card")]);
    let long = office.send("PUT", "Invoices/INV-503/History", note(&"x".repeat(2_501))).await;
    assert_eq!(long.status, 400);

    let sent = office.send("POST", "Invoices/INV-503/Email", json!({})).await;
    assert_eq!((sent.status, sent.json), (204, json!("")));
    let after = office.get("Invoices/INV-503").await.json["Invoices"][0].clone();
    assert_eq!(after["UpdatedDateUTC"], invoice["UpdatedDateUTC"], "a mail of a part-paid one changes nothing");
    let contact = invoice["Contact"]["ContactID"].clone();
    let draft = json!({ "Type": "ACCREC", "InvoiceNumber": "D-1", "Contact": { "ContactID": contact } });
    office.done("PUT", "Invoices", draft, "Invoices").await;
    assert_eq!(office.send("POST", "Invoices/D-1/Email", json!({})).await.status, 400);
}

#[tokio::test]
async fn a_payment_service_is_made_once_and_put_onto_a_theme() {
    let office = Office::open().await;
    let service = json!({ "PaymentServices": [{ "PaymentServiceName": "Portal", "PayNowText": "Pay now",
        "PaymentServiceUrl": "https://pay.example.test/xero?invoice=[INVOICENUMBER]" }] });
    let made = office.done("PUT", "PaymentServices", service.clone(), "PaymentServices").await[0].clone();
    assert_eq!(made["PaymentServiceType"], "Custom");
    assert_eq!(office.send("PUT", "PaymentServices", service).await.status, 400, "its name is taken");
    assert_eq!(office.listed("PaymentServices", "PaymentServices", "PaymentServiceName").await, [json!("Portal")]);
    let themes = office.listed("BrandingThemes", "BrandingThemes", "BrandingThemeID").await;
    let path = format!("BrandingThemes/{}", themes[0].as_str().unwrap());
    assert_eq!(office.listed(&path, "BrandingThemes", "Name").await, [json!("Standard")]);
    let services = format!("{path}/PaymentServices");
    assert_eq!(office.listed(&services, "PaymentServices", "PaymentServiceID").await, [] as [Value; 0]);
    let attach = json!({ "PaymentServices": [{ "PaymentServiceID": made["PaymentServiceID"] }] });
    assert_eq!(office.done("POST", &services, attach, "PaymentServices").await, [made]);
    let strange = json!({ "PaymentServices": [{ "PaymentServiceID": uuid::Uuid::nil() }] });
    assert_eq!(office.send("POST", &services, strange).await.status, 400);
    assert_eq!(office.get("BrandingThemes/unknown/PaymentServices").await.status, 404);
}

#[tokio::test]
async fn advances_are_listed_and_stand_on_the_invoices_that_they_pay() {
    let office = Office::open().await;
    let contact = office.get("Invoices/INV-502").await.json["Invoices"][0]["Contact"]["ContactID"].clone();
    let document = json!({ "Type": "RECEIVE-PREPAYMENT", "Contact": { "ContactID": contact }, "BankAccount": {
        "Code": facts::xero::CLEARING_ACCOUNT_CODE }, "LineItems": [{ "UnitAmount": 80, "AccountCode": "830" }] });
    let made = office.done("PUT", "BankTransactions", document, "BankTransactions").await[0].clone();
    let [transaction, prepayment] =
        ["BankTransactionID", "PrepaymentID"].map(|id| made[id].as_str().unwrap().to_owned());
    let read = format!("BankTransactions/{transaction}");
    assert_eq!(office.listed(&read, "BankTransactions", "PrepaymentID").await, [json!(prepayment)]);
    assert_eq!(office.listed("Prepayments?page=1", "Prepayments", "PrepaymentID").await, [json!(prepayment)]);
    assert!(office.listed("Overpayments", "Overpayments", "OverpaymentID").await.is_empty());
    let part =
        json!({ "Allocations": [{ "Amount": 80, "Date": "2026-07-01", "Invoice": { "InvoiceNumber": "INV-502" } }] });
    assert_eq!(office.send("PUT", &format!("Prepayments/{prepayment}/Allocations"), part).await.status, 200);
    let invoice = office.get("Invoices/INV-502").await.json;
    contracts::xero("Invoices", &invoice);
    let invoice = &invoice["Invoices"][0];
    let copy = &invoice["Prepayments"][0];
    assert_eq!((&copy["PrepaymentID"], copy["AppliedAmount"].to_string().as_str()), (&json!(prepayment), "80.00"));
    let id = invoice["InvoiceID"].as_str().unwrap();
    let void = office.send("POST", &format!("Invoices/{id}"), json!({ "Status": "VOIDED" })).await;
    assert_eq!(void.status, 400, "something is allocated to it");
    let used = office.get(&format!("Prepayments/{prepayment}")).await.json["Prepayments"][0].clone();
    let part = used["Allocations"][0]["AllocationID"].as_str().unwrap();
    let taken_off = format!("Prepayments/{prepayment}/Allocations/{part}");
    let gone = office.send("DELETE", &taken_off, json!({})).await;
    contracts::xero("Allocation", &gone.json);
    assert_eq!((gone.status, &gone.json["IsDeleted"]), (200, &json!(true)));
    assert_eq!(office.send("DELETE", &taken_off, json!({})).await.status, 404);
    let left = office.get(&format!("Prepayments/{prepayment}")).await.json["Prepayments"][0].clone();
    let told = (left["RemainingCredit"].to_string(), left["Status"].clone(), left["DateString"].is_string());
    assert_eq!((used["Status"].clone(), told), (json!("PAID"), ("80.00".to_owned(), json!("AUTHORISED"), true)));
    let free = office.send("POST", &format!("Invoices/{id}"), json!({ "Status": "VOIDED" })).await;
    assert_eq!(free.status, 200, "{:#}", free.json);
}

#[tokio::test]
async fn a_credit_note_has_a_number_is_changed_while_unused_and_stands_on_what_it_pays() {
    let office = Office::open().await;
    let contact = office.get("Invoices/INV-502").await.json["Invoices"][0]["Contact"]["ContactID"].clone();
    let lines = |amount: i64| json!([{ "Description": "Quote", "UnitAmount": amount, "AccountCode": "830" }]);
    let draft = json!({ "Type": "ACCRECCREDIT", "Contact": { "ContactID": contact }, "LineAmountTypes": "NoTax",
        "LineItems": lines(50) });
    let made = office.done("PUT", "CreditNotes", json!({ "CreditNotes": [draft, draft] }), "CreditNotes").await;
    assert_eq!(
        [&made[0]["CreditNoteNumber"], &made[1]["CreditNoteNumber"]],
        [&json!("CN-0001"), &json!("CN-0002")],
        "none was said"
    );
    let odd =
        json!({ "Type": "ACCRECCREDIT", "Status": "PAID", "Contact": { "ContactID": contact }, "LineItems": lines(1) });
    let odd = office.send("PUT", "CreditNotes", odd).await.json;
    assert!(odd["Elements"][0]["ValidationErrors"][0]["Message"].is_string(), "{odd:#}");

    let known =
        json!({ "CreditNoteNumber": "CN-0001", "Reference": "PF", "Status": "AUTHORISED", "LineItems": lines(60) });
    let note = office.done("POST", "CreditNotes?unitdp=4", known, "CreditNotes").await[0].clone();
    assert_eq!((&note["CreditNoteID"], &note["Reference"]), (&made[0]["CreditNoteID"], &json!("PF")));
    assert_eq!(
        (note["Total"].to_string(), note["LineItems"][0]["UnitAmount"].to_string()),
        ("60.00".to_owned(), "60.0000".to_owned())
    );
    let shown = async |query: &str| {
        let all = office.get(&format!("CreditNotes?where=Status==%22AUTHORISED%22{query}")).await.json;
        all["CreditNotes"][0]["LineItems"].clone()
    };
    assert!(shown("").await.is_null() && shown("&page=1").await.is_array(), "no lines without a page");

    let path = format!("CreditNotes/{}/Allocations", note["CreditNoteID"].as_str().unwrap());
    let parts = |first: i64, second: i64| {
        let part = |number: &str, amount: i64| json!({ "Amount": amount, "Date": "2026-07-01", "Invoice": { "InvoiceNumber": number } });
        json!({ "Allocations": [part("INV-501", first), part("INV-502", second)] })
    };
    assert_eq!(office.send("PUT", &path, parts(40, 40)).await.status, 400, "more than there is");
    assert_eq!(office.get("Invoices/INV-501").await.json["Invoices"][0]["CreditNotes"], json!([]), "nor a part of it");
    assert_eq!(office.done("PUT", &path, parts(20, 40), "Allocations").await.len(), 2);
    let paid = office.get("Invoices/INV-501").await.json;
    contracts::xero("Invoices", &paid);
    let copy = &paid["Invoices"][0]["CreditNotes"][0];
    assert_eq!((&copy["CreditNoteNumber"], copy["AppliedAmount"].to_string()), (&json!("CN-0001"), "20.00".to_owned()));
    let late = json!({ "CreditNoteNumber": "CN-0001", "Reference": "other" });
    assert_eq!(office.send("POST", "CreditNotes", late).await.status, 400, "invoices have all of it");
}

#[tokio::test]
async fn a_locked_period_lets_nothing_in_it_be_changed() {
    let office = Office::open().await;
    let pay = async |date: &str| {
        let body = json!({ "Invoice": { "InvoiceNumber": "INV-501" }, "Account": { "Code": "825" }, "Amount": 1, "Date": date });
        office.send("PUT", "Payments", body).await
    };
    let id = pay("2026-06-30").await.json["Payments"][0]["PaymentID"].as_str().unwrap().to_owned();
    let lock = |date: Value| json!({ "period_lock_date": date });
    office.vendors.control("xero/organisation", lock(json!("2026-06-30"))).await;
    let refused = pay("2026-06-30").await;
    assert!(refused.json.to_string().contains("period lock date"), "{:#}", refused.json);
    assert_eq!(office.send("POST", &format!("Payments/{id}"), json!({ "Status": "DELETED" })).await.status, 400);
    assert_eq!(pay("2026-07-01").await.status, 200);
    let organisation = office.get("Organisation").await.json;
    contracts::xero("Organisations", &organisation);
    assert_eq!(organisation["Organisations"][0]["PeriodLockDate"], "/Date(1782777600000+0000)/");
    office.vendors.control("xero/organisation", lock(Value::Null)).await;
    assert_eq!(pay("2026-06-30").await.status, 200);
    office.vendors.control("xero/organisation", json!({ "end_of_year_lock_date": "2026-06-30" })).await;
    assert_eq!(pay("2026-06-30").await.status, 400);
    let organisation = office.get("Organisation").await.json["Organisations"][0].clone();
    assert_eq!(organisation["EndOfYearLockDate"], "/Date(1782777600000+0000)/");
}

#[tokio::test]
async fn n6_each_of_the_four_limits_is_named_and_an_organisation_can_be_offline() {
    let office = Office::open().await;
    for (problem, has_time) in [("minute", true), ("day", true), ("concurrent", false), ("appminute", false)] {
        office.vendors.arm("xero", &format!("throttled:{problem}")).await;
        let busy = office.get("Invoices/INV-501").await;
        assert_eq!((busy.status, busy.header("x-rate-limit-problem")), (429, problem));
        assert_eq!(busy.headers.contains_key("retry-after"), has_time, "{problem}");
    }
    office.vendors.arm("xero", "http:503").await;
    let offline = office.get("Invoices/INV-501").await;
    assert_eq!((offline.status, offline.json), (503, json!("The Organisation is offline")));
    let foreign = json!({ "vendor": "qbo", "fault": "throttled:minute" });
    assert_eq!(office.vendors.control("faults", foreign).await.status, 400);
}

#[tokio::test]
async fn a_custom_connection_needs_neither_a_person_nor_a_tenant() {
    let office = Office::open().await;
    let given = office.custom("accounting.invoices,accounting.contacts").await;
    assert_eq!((given.status, &given.json["scope"]), (200, &json!("accounting.invoices accounting.contacts")));
    assert!(given.json["refresh_token"].is_null() && given.json["id_token"].is_null(), "{:#}", given.json);
    let token = given.json["access_token"].as_str().unwrap();
    let read = async |path: &str| {
        let request = office.vendors.http.get(format!("{}/xero/api.xro/2.0/{path}", office.vendors.url));
        office.vendors.read(request.bearer_auth(token)).await.unwrap().status
    };
    assert_eq!((read("Invoices/INV-501").await, read("Payments").await), (200, 401));
    let own = office.vendors.http.get(format!("{}/xero/api.xro/2.0/Invoices", office.vendors.url));
    assert_eq!(office.vendors.read(own.bearer_auth(&office.token)).await.unwrap().status, 403, "a tenant is missing");
    assert!(office.vendors.get("/demo.json").await.json["vendors"]["xero"]["refresh_token"].is_string());
}

#[tokio::test]
async fn a_scope_for_reading_lets_nothing_be_written() {
    let office = Office::open().await;
    let given = office.custom("accounting.contacts.read").await;
    let token = given.json["access_token"].as_str().unwrap();
    assert_eq!(office.vendors.books(token, "Contacts").await.status, 200);
    let write = office.vendors.xero(token, "PUT", "Contacts").json(&json!({ "Name": "Contoso Dental" }));
    let refused = office.vendors.read(write).await.unwrap();
    assert_eq!((refused.status, &refused.json["Detail"]), (401, &json!("AuthorizationUnsuccessful")));
}

#[tokio::test]
async fn the_slashes_of_dates_are_escaped_as_in_real_answers() {
    let office = Office::open().await;
    let answer = office.vendors.xero(&office.token, "GET", "Invoices/INV-501").send().await.unwrap();
    let text = answer.text().await.unwrap();
    assert!(text.contains(r#""DateTimeUTC":"\/Date("#) && !text.contains(r#":"/Date("#), "{text}");
}

#[tokio::test]
async fn credit_notes_and_advances_have_news_of_their_own() {
    let office = Office::open().await;
    let contact = office.get("Invoices/INV-501").await.json["Invoices"][0]["Contact"]["ContactID"].clone();
    let (url, inbox) = listen(0).await;
    signs_as_xero(&inbox, facts::xero::WEBHOOK_KEY);
    office.vendors.simulators.send_webhooks(Vendor::Xero, &url, facts::xero::WEBHOOK_KEY);
    let line = json!({ "UnitAmount": 20, "AccountCode": "200" });
    let note = json!({ "Type": "ACCRECCREDIT", "Status": "AUTHORISED", "CreditNoteNumber": "C-1", "LineItems": [line],
        "Contact": { "ContactID": contact } });
    let note = office.done("PUT", "CreditNotes", note, "CreditNotes").await[0].clone();
    let told = received(&inbox, 2).await["events"][0].clone();
    assert_eq!((&told["eventCategory"], &told["resourceId"]), (&json!("CREDITNOTE"), &note["CreditNoteID"]));
    assert_eq!(told["data"], json!({ "Type": "ACCRECCREDIT", "Status": "AUTHORISED" }));
    assert!(told["resourceUrl"].as_str().unwrap().contains("/CreditNotes/"));
    let advance = json!({ "Type": "RECEIVE-OVERPAYMENT", "Contact": { "ContactID": contact }, "LineItems": [{ "UnitAmount": 5 }],
        "BankAccount": { "Code": facts::xero::CLEARING_ACCOUNT_CODE } });
    office.done("PUT", "BankTransactions", advance, "BankTransactions").await;
    let told = received(&inbox, 3).await["events"][0].clone();
    assert_eq!((&told["eventCategory"], &told["eventType"]), (&json!("OVERPAYMENT"), &json!("CREATE")));
}
