//! What the adapters send, judged by the vendors' own contracts (`wire/gateways.md`, 6.3; `wire/accounting.md`, 5). The
//! folder is named by `CONTRACTS_DIR`; without it the tests say that they were skipped.

use crate::{
    customers_in_books::new,
    stub::{Asked, Reply, Stub, reply},
    world::{
        PRUNED, advance, delta, http, keep, look_up, payment, posted_refund, quote, refund, refund_look_up, request,
        store, stripe, token, usd, xero, xero_config,
    },
    xero_invoices::{ID, raised, returned, surcharge},
};
use chrono::{DateTime, NaiveDate};
use connectors::{
    books::{
        ApplyCredit, Books, PostPayment, PostRefund,
        set_up::BooksSetUp,
        xero::{Xero, XeroConfig},
    },
    gateway::{Authority, ChargeHow, ChargeRequest, ForgetRequest, Gateway, KeptMethod, StoreLookUp, StoreRequest},
};
use domain::{advance::AdvanceKind, method::MethodKind};
use jsonschema::Draft;
use serde_json::{Map, Value, json};
use std::{fs, io::Write, path::PathBuf};

/// The contract, or a plain word (past the test harness, which swallows what a passing test prints).
fn contract(file: &str) -> Option<String> {
    let Some(dir) = std::env::var_os("CONTRACTS_DIR") else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {file} is not checked, because CONTRACTS_DIR is not set");
        return None;
    };
    let path = PathBuf::from(dir).join(file);
    Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn faults(schema: &Value, draft: Draft, instance: &Value) -> Vec<String> {
    let validator = jsonschema::options().with_draft(draft).build(schema).unwrap();
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path)).collect()
}

/// Everything that the Stripe adapter can ask, once.
async fn stripe_requests() -> Vec<Asked> {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let intent = json!({"id": "pi_1", "status": "succeeded", "amount": 1, "currency": "usd"});
    let page = json!({"id": "cs_1", "status": "expired"});
    let list = json!({"data": [intent], "has_more": true});
    let script: [Reply; 8] =
        [&intent, &page, &intent, &page, &list, &list, &intent, &page].map(|body| reply(200, body));
    let stub = Stub::start(script).await;
    let stripe = stripe(&stub.url, now + PRUNED);
    let card = request(1, token("pm_card_visa"));
    let _ = stripe.charge(&card).await;
    let _ = stripe.charge(&request(2, ChargeHow::HostedPage)).await;
    for gateway_id in [Some("pi_1"), Some("cs_1"), None] {
        let _ = stripe.find(&look_up(&card, gateway_id, now)).await;
    }
    let _ = stripe.cancel("pi_1").await;
    let _ = stripe.cancel("cs_1").await;
    let _ = stripe.cancel("cs_1").await;
    let _ = stripe.taken_since(now).await;
    [stub.asked(), stripe_refund_requests(now).await, stripe_method_requests(now).await].concat()
}

async fn stripe_method_requests(now: DateTime<chrono::Utc>) -> Vec<Asked> {
    let customer = json!({"id": "cus_1"});
    let setup = json!({"id": "seti_1", "status": "succeeded", "payment_method": "pm_1"});
    let list = json!({"data": [], "has_more": false});
    let (refused, nobodys) = (json!({"error": {"message": "not attached"}}), json!({"id": "pm_1", "customer": null}));
    let script = [
        (200, &customer),
        (200, &setup),
        (200, &setup),
        (200, &list),
        (200, &setup),
        (400, &refused),
        (200, &nobodys),
        (200, &setup),
    ];
    let stub = Stub::start(script.map(|(status, body)| reply(status, body))).await;
    let stripe = stripe(&stub.url, now + PRUNED);
    let request = store(1, "pm_card_visa");
    let _ = stripe.store(&request).await;
    for setup_id in [Some("seti_1".to_owned()), None] {
        let _ = stripe.find_stored(&StoreLookUp { request: request.clone(), setup_id, sent_at: now }).await;
    }
    let (setup_id, gateway_method) = (Some("seti_1".to_owned()), Some("pm_1".to_owned()));
    let _ = stripe.forget(&ForgetRequest { setup_id, gateway_method }).await;
    let saved = ChargeHow::Saved { customer: "cus_1".into(), method: "pm_1".into(), kind: MethodKind::Card };
    let _ = stripe.charge(&crate::world::request(3, saved)).await;
    let (customer, method) = ("cus_1".to_owned(), "pm_1".to_owned());
    let debited = ChargeHow::Saved { customer, method, kind: MethodKind::AchDebit };
    let again = ChargeRequest { unattended: true, ..crate::world::request(4, debited) };
    let _ = stripe.charge(&again).await;
    let given = Authority { given_at: now, address: "203.0.113.7".into(), user_agent: "Lynx/2.9".into() };
    let account = StoreRequest { kind: MethodKind::BecsDebit, authority: Some(given), ..store(2, "pm_2") };
    let _ = stripe.store(&StoreRequest { gateway_customer: Some("cus_1".into()), ..account }).await;
    let _ = stripe.read_card("pm_1").await;
    [stub.asked(), stripe_keep_requests(now).await].concat()
}

async fn stripe_keep_requests(now: DateTime<chrono::Utc>) -> Vec<Asked> {
    let paid = json!({"id": "pi_1", "payment_method": {"id": "pm_1", "customer": null}});
    let (customer, kept) = (json!({"id": "cus_1"}), json!({"id": "pm_1", "customer": "cus_1"}));
    let charged = json!({"id": "pi_1", "status": "succeeded", "amount": 1, "currency": "usd"});
    let setup = json!({"id": "seti_1", "status": "succeeded", "payment_method": "pm_1", "mandate": "mandate_1"});
    let script = [&charged, &charged, &paid, &customer, &kept, &kept, &setup].map(|body| reply(200, body));
    let stub = Stub::start(script).await;
    let stripe = stripe(&stub.url, now + PRUNED);
    let card = ChargeRequest { keep: true, ..request(5, token("pm_card_visa")) };
    let _ = stripe.charge(&card).await;
    let _ = stripe.charge(&ChargeRequest { how: ChargeHow::HostedPage, ..card.clone() }).await;
    let _ = stripe.keep_paid(&keep(3, &card, "pi_1")).await;
    let (setup_id, customer, method) = (Some("seti_1".into()), "cus_1".into(), "pm_1".into());
    let _ = stripe.read_kept(&KeptMethod { kind: MethodKind::AchDebit, setup_id, customer, method }).await;
    stub.asked()
}

async fn stripe_refund_requests(now: DateTime<chrono::Utc>) -> Vec<Asked> {
    let made = json!({"id": "re_1", "status": "succeeded", "amount": 1, "currency": "usd"});
    let none = json!({"data": [], "has_more": false});
    let more = json!({"data": [made], "has_more": true});
    let stub = Stub::start([&made, &made, &more, &none, &none].map(|body| reply(200, body))).await;
    let stripe = stripe(&stub.url, now + PRUNED);
    let request = refund(1, &request(1, token("pm_card_visa")), "pi_1", 500);
    let _ = stripe.refund(&request).await;
    let _ = stripe.find_refund(&refund_look_up(&request, Some("re_1"), now)).await;
    let _ = stripe.find_refund(&refund_look_up(&request, None, now)).await;
    let _ = stripe.refunded_since(now).await;
    let _ = stripe.read_refund("re_1").await;
    let _ = stripe.read_dispute("dp_1").await;
    let _ = stripe.disputed_since(now).await;
    let _ = stripe.balance_since(now).await;
    let _ = stripe.payouts_since(now).await;
    let _ = stripe.payout_lines("po_1").await;
    stub.asked()
}

/// `a[b][]=c` pairs as a tree; every leaf is text, lists have the key "" or an index.
fn tree(pairs: &[(String, String)]) -> Value {
    let mut root = Map::new();
    for (name, value) in pairs {
        let mut at = &mut root;
        let path: Vec<&str> = name.split('[').map(|part| part.trim_end_matches(']')).collect();
        let (last, parents) = path.split_last().unwrap();
        for parent in parents {
            at = at.entry(*parent).or_insert_with(|| json!({})).as_object_mut().unwrap();
        }
        assert!(at.insert((*last).to_owned(), json!(value)).is_none(), "{name} is sent twice");
    }
    Value::Object(root)
}

/// Text has no types: the schema says what it was meant as.
fn coerce(value: &Value, schema: &Value) -> Value {
    if let Some(options) = schema["anyOf"].as_array() {
        let wanted =
            options.iter().find(|o| value.is_object() == matches!(o["type"].as_str(), Some("object" | "array")));
        return wanted.map_or_else(|| value.clone(), |option| coerce(value, option));
    }
    match (schema["type"].as_str(), value) {
        (Some("integer" | "number" | "boolean"), Value::String(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        (Some("array"), Value::Object(items)) => items.values().map(|item| coerce(item, &schema["items"])).collect(),
        (Some("object"), Value::Object(members)) => {
            members.iter().map(|(name, member)| (name.clone(), coerce(member, &schema["properties"][name]))).collect()
        }
        _ => value.clone(),
    }
}

/// The path of the contract that an address is an instance of.
fn operation<'a>(contract: &'a Value, asked: &Asked, prefix: &str) -> (String, &'a Value) {
    let path = asked.uri.path().strip_prefix(prefix).unwrap_or(asked.uri.path());
    let fits = |template: &str| {
        let parts = || template.split('/').zip(path.split('/'));
        template.split('/').count() == path.split('/').count() && parts().all(|(t, p)| t == p || t.starts_with('{'))
    };
    let paths = contract["paths"].as_object().unwrap();
    let found = paths.get_key_value(path).or_else(|| paths.iter().find(|(template, _)| fits(template)));
    let (template, item) = found.unwrap_or_else(|| panic!("the contract has no {path}"));
    let method = asked.method.as_str().to_lowercase();
    assert!(item[&method].is_object(), "the contract has no {method} {template}");
    (format!("{method} {template}"), &item[&method])
}

/// What stands there, or at the place that is named there.
fn resolved<'a>(contract: &'a Value, at: &'a Value) -> &'a Value {
    at["$ref"].as_str().map_or(at, |reference| contract.pointer(reference.trim_start_matches('#')).unwrap())
}

/// Query parameters that the contract does not know are misspelt ones.
fn assert_known_query(contract: &Value, operation: &Value, asked: &Asked) {
    let known: Vec<&str> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| resolved(contract, parameter))
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    for (name, _) in asked.params() {
        let root = name.split('[').next().unwrap();
        assert!(known.contains(&root), "{} does not know {name}", asked.uri.path());
    }
}

#[tokio::test]
async fn what_we_send_to_stripe_is_what_its_contract_asks_for() {
    let Some(text) = contract("stripe_openapi.json") else { return };
    let contract: Value = serde_json::from_str(&text).unwrap();
    let (mut seen, mut unattended) = (Vec::new(), 0);
    for asked in stripe_requests().await {
        let (name, operation) = operation(&contract, &asked, "");
        seen.push(name);
        assert!(!asked.header("stripe-version").is_empty());
        if asked.method == "GET" {
            assert_known_query(&contract, operation, &asked);
            continue;
        }
        let schema = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
        let instance = coerce(&tree(&asked.params()), schema);
        assert_eq!(faults(schema, Draft::Draft4, &instance), [""; 0], "{}: {instance:#}", asked.line());
        unattended += usize::from(instance["off_session"] == true);
    }
    assert_eq!(unattended, 1, "the debit that was tried again");
    seen.sort();
    seen.dedup();
    assert_eq!(
        seen,
        [
            "get /v1/balance_transactions",
            "get /v1/checkout/sessions/{session}",
            "get /v1/disputes",
            "get /v1/disputes/{dispute}",
            "get /v1/payment_intents",
            "get /v1/payment_intents/{intent}",
            "get /v1/payment_methods/{payment_method}",
            "get /v1/payouts",
            "get /v1/refunds",
            "get /v1/refunds/{refund}",
            "get /v1/setup_intents",
            "get /v1/setup_intents/{intent}",
            "post /v1/checkout/sessions",
            "post /v1/checkout/sessions/{session}/expire",
            "post /v1/customers",
            "post /v1/payment_intents",
            "post /v1/payment_intents/{intent}/cancel",
            "post /v1/payment_methods/{payment_method}/attach",
            "post /v1/payment_methods/{payment_method}/detach",
            "post /v1/refunds",
            "post /v1/setup_intents",
            "post /v1/setup_intents/{intent}/cancel",
        ]
    );
}

#[test]
fn the_check_itself_finds_misspelt_missing_and_mistyped_fields() {
    let Some(text) = contract("stripe_openapi.json") else { return };
    let contract: Value = serde_json::from_str(&text).unwrap();
    let body = &contract["paths"]["/v1/payment_intents"]["post"]["requestBody"]["content"];
    let schema = &body["application/x-www-form-urlencoded"]["schema"];
    let judge = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        faults(schema, Draft::Draft4, &coerce(&tree(&pairs), schema))
    };
    assert!(judge(&[("amount", "5"), ("currency", "usd"), ("payment_method_types[]", "card")]).is_empty());
    assert!(!judge(&[("amount", "5")]).is_empty());
    assert!(!judge(&[("amount", "5.5"), ("currency", "usd")]).is_empty());
    assert!(!judge(&[("amount", "5"), ("currency", "usd"), ("recipt_email", "a@b.test")]).is_empty());
    assert!(!judge(&[("amount", "5"), ("currency", "usd"), ("confirm", "yes")]).is_empty());
}

/// Everything that the Xero adapter can ask, once.
async fn xero_requests() -> Vec<Asked> {
    let id = "aaaaaaaa-0000-4000-8000-000000000001";
    let invoice = json!({"Invoices": [{"InvoiceID": id, "Payments": [{"PaymentID": id}]}]});
    let none = json!({"Contacts": []});
    let script =
        [&none, &none, &none, &none, &invoice, &none, &invoice, &none, &none, &none].map(|body| reply(200, body));
    let stub = Stub::start(script).await;
    let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    let _ = delta(&xero, Some("2026-07-01T00:00:00Z")).await;
    let _ = xero.open_invoices(None).await;
    let _ = xero.customers(&[id.to_owned()]).await;
    let _ = xero.invoice(id).await;
    let _ = xero.invoice_by_number("INV-501").await;
    let posting = payment(id, 120_450, NaiveDate::from_ymd_opt(2026, 7, 1).unwrap(), 1);
    let _ = xero.find_payment(&posting).await;
    let _ = xero.post_payment(&posting).await;
    let _ = xero.invoice_pdf(id).await;
    stub.asked()
}

#[tokio::test]
async fn what_notes_send_to_xero_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let stub = Stub::start([reply(200, json!({"HistoryRecords": []}))]).await;
    let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    xero.note_invoice("aaaaaaaa-0000-4000-8000-000000000001", "USD 1204.50 was paid. Reference: ch_1").await.unwrap();
    let seen: Vec<_> = stub.asked().iter().map(|asked| assert_fits_xero(&contract, asked)).collect();
    assert_eq!(seen, ["put /Invoices/{InvoiceID}/History"]);
}

#[tokio::test]
async fn what_we_send_to_xero_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let mut seen = Vec::new();
    for asked in xero_requests().await {
        seen.push(assert_fits_xero(&contract, &asked));
        if asked.method == "PUT" {
            assert_eq!(asked.body.matches("1204.50").count(), 1, "sent as it was written, never as a float");
            assert_eq!((asked.header("content-type"), asked.header("idempotency-key")), ("application/json", "pay-1"));
        }
    }
    seen.dedup();
    let expected = [
        "get /Contacts",
        "get /Invoices",
        "get /Contacts",
        "get /Invoices/{InvoiceID}",
        "get /Invoices",
        "get /Invoices/{InvoiceID}",
        "get /Payments/{PaymentID}",
        "put /Payments",
        "get /Invoices/{InvoiceID} application/pdf",
    ];
    assert_eq!(seen, expected);
}

/// Judges one request; answers the operation of the contract that it is.
fn assert_fits_xero(contract: &Value, asked: &Asked) -> String {
    let (name, mut operation) = operation(contract, asked, "/api.xro/2.0");
    let accept = asked.header("accept");
    if accept == "application/pdf" {
        // Written as a path of its own, which is not the one that is sent (1.5).
        operation = &contract["paths"]["/Invoices/{InvoiceID}/pdf"]["get"];
        assert_eq!(operation["x-path"], "/Invoices/{InvoiceID}");
    }
    let answered = &resolved(contract, &operation["responses"]["200"])["content"];
    assert!(answered[accept].is_object(), "{name} does not answer with {accept}");
    assert_eq!(asked.header("xero-tenant-id"), simulators::facts::xero::TENANT_ID);
    assert_eq!(asked.header("authorization"), "Bearer token");
    if asked.method == "GET" || asked.method == "DELETE" {
        assert_known_query(contract, operation, asked);
    } else {
        let body = resolved(contract, &operation["requestBody"]);
        let mut schema = body["content"]["application/json"]["schema"].clone();
        schema["components"] = contract["components"].clone();
        let instance = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(faults(&schema, Draft::Draft4, &instance), [""; 0], "{}: {instance:#}", asked.line());
    }
    format!("{name} {accept}").replace(" application/json", "")
}

#[tokio::test]
async fn what_we_read_of_xero_to_set_it_up_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let organisation = json!({"Organisations": [{"Name": "Northwind IT", "BaseCurrency": "USD"}]});
    let (accounts, rates) = (json!({"Accounts": []}), json!({"TaxRates": []}));
    let stub = Stub::start([&organisation, &accounts, &rates].map(|body| reply(200, body))).await;
    let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    let company = xero.company().await.unwrap();
    assert!(xero.chart(&company).await.unwrap().clearing.is_empty());
    let seen: Vec<_> = stub.asked().iter().map(|asked| assert_fits_xero(&contract, asked)).collect();
    assert_eq!(seen, ["get /Organisation", "get /Accounts", "get /TaxRates"]);
}

#[tokio::test]
async fn what_we_write_to_xero_about_refunds_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let id = "aaaaaaaa-0000-4000-8000-000000000001";
    let line = json!({"AccountCode": "200", "TaxType": "OUTPUT", "LineAmount": 1204.5, "TaxAmount": 0});
    let sale = json!({"Invoices": [{"InvoiceNumber": "INV-501", "Contact": {"ContactID": id},
        "LineAmountTypes": "Exclusive", "LineItems": [line]}]});
    let note = json!({"CreditNotes": [{"CreditNoteID": id, "CreditNoteNumber": "RF-1", "Status": "AUTHORISED",
        "Payments": [{"PaymentID": id}]}]});
    let (none, paid) = (json!({"CreditNotes": []}), json!({"Payments": [{"PaymentID": id}]}));
    let ours =
        json!({"Payments": [{"PaymentID": id, "Status": "AUTHORISED", "Reference": "re_1", "IsReconciled": false}]});
    let script = [&none, &sale, &note, &paid, &note, &note, &ours, &paid, &note].map(|body| reply(200, body));
    let stub = Stub::start(script).await;
    let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    let refund = posted_refund(id, 120_450, NaiveDate::from_ymd_opt(2026, 7, 1).unwrap(), 1);
    xero.post_refund(&refund).await.unwrap();
    xero.take_back_refund(&refund).await.unwrap();
    let asked = stub.asked();
    let seen: Vec<_> = asked.iter().map(|asked| assert_fits_xero(&contract, asked)).collect();
    let expected = [
        "get /CreditNotes",
        "get /Invoices/{InvoiceID}",
        "put /CreditNotes",
        "put /Payments",
        "get /CreditNotes",
        "get /CreditNotes/{CreditNoteID}",
        "get /Payments/{PaymentID}",
        "post /Payments/{PaymentID}",
        "post /CreditNotes/{CreditNoteID}",
    ];
    assert_eq!(seen, expected);
    for (place, key) in [(2, "refund-1-credit"), (3, "refund-1-paid")] {
        assert_eq!(asked[place].header("idempotency-key"), key);
        assert_eq!(asked[place].body.matches("1204.50").count(), 1, "{}", asked[place].body);
    }
}

#[tokio::test]
async fn what_we_write_to_xero_about_surcharges_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let script = [json!({"Invoices": []}), raised("18.07", "AUTHORISED"), raised("18.07", "VOIDED")];
    let stub = Stub::start(script.map(|body| reply(200, body))).await;
    let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    xero.raise_invoice(&surcharge(Some("OUTPUT"))).await.unwrap();
    xero.void_invoice(ID).await.unwrap();
    let asked = stub.asked();
    let seen: Vec<_> = asked.iter().map(|asked| assert_fits_xero(&contract, asked)).collect();
    assert_eq!(seen, ["get /Invoices", "put /Invoices", "post /Invoices/{InvoiceID}"]);
    assert_eq!(asked[1].header("idempotency-key"), "pay-1-invoice");
    assert_eq!(asked[1].body.matches("18.07").count(), 1, "sent as it was written: {}", asked[1].body);
}

#[tokio::test]
async fn what_we_write_to_xero_about_money_that_a_bank_took_back_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    for account in ["825", ID] {
        let script = [json!({"Invoices": []}), raised("18.07", "AUTHORISED")];
        let stub = Stub::start(script.map(|body| reply(200, body))).await;
        let mut config = xero_config(&format!("{}/api.xro/2.0", stub.url), "token");
        config.clearing_account = account.to_owned();
        Xero::new(http(), config).raise_invoice(&returned()).await.unwrap();
        let asked = stub.asked();
        let seen: Vec<_> = asked.iter().map(|asked| assert_fits_xero(&contract, asked)).collect();
        assert_eq!(seen, ["get /Invoices", "put /Invoices"]);
        assert_eq!(asked[1].body.matches("18.07").count(), 1, "sent as it was written: {}", asked[1].body);
    }
}

#[tokio::test]
async fn what_we_write_to_xero_about_advances_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let id = "aaaaaaaa-0000-4000-8000-000000000001";
    for (kind, credit) in [(AdvanceKind::OverPayment, "Overpayment"), (AdvanceKind::Prepayment, "Prepayment")] {
        let credit_id = format!("{credit}ID");
        let transaction = json!({"BankTransactions": [{"BankTransactionID": id, &credit_id: id, "Status": "AUTHORISED",
            "Total": 95.5, "LineItems": [{"Description": "CR-7F3C0A1E52 ch_1 Hardware for Lyon"}]}]});
        let payment = json!({"PaymentID": id, "Status": "AUTHORISED", "Reference": "re_1", "IsReconciled": false});
        let plural = format!("{credit}s");
        let (unpaid, paid) = (json!({&plural: [{}]}), json!({&plural: [{"Payments": [payment]}]}));
        let payments = json!({"Payments": [payment]});
        let script = [
            &transaction, // posted
            &transaction,
            &unpaid,
            &payments, // refunded
            &transaction,
            &paid,
            &payments,
            &payments, // and that taken back
            &transaction,
            &unpaid,
            &payments, // paid out whole
        ]
        .map(|body| reply(200, body));
        let stub = Stub::start(script).await;
        let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
        let (day, advance) = (NaiveDate::from_ymd_opt(2026, 7, 1).unwrap(), Some(advance(kind, id)));
        let posting = PostPayment { advance: advance.clone(), ..payment_of(day) };
        let refund = PostRefund { advance, ..posted_refund(id, 9_550, day, 1) };
        xero.post_payment(&posting).await.unwrap();
        xero.post_refund(&refund).await.unwrap();
        xero.take_back_refund(&refund).await.unwrap();
        xero.take_back_payment(&posting).await.unwrap();
        let asked = stub.asked();
        let seen: Vec<_> = asked.iter().map(|asked| assert_fits_xero(&contract, asked)).collect();
        let read = format!("get /{plural}/{{{credit_id}}}");
        let read = read.as_str();
        let expected = [
            "put /BankTransactions",
            "get /BankTransactions",
            read,
            "put /Payments",
            "get /BankTransactions",
            read,
            "get /Payments/{PaymentID}",
            "post /Payments/{PaymentID}",
            "get /BankTransactions",
            read,
            "put /Payments",
        ];
        assert_eq!(seen, expected);
        for (place, key) in [(0, "pay-1"), (3, "refund-1-paid"), (10, "pay-1-back")] {
            assert_eq!(asked[place].header("idempotency-key"), key);
            assert_eq!(asked[place].body.matches("95.50").count(), 1, "{}", asked[place].body);
        }
    }
}

#[tokio::test]
async fn what_we_write_to_xero_about_quotes_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let paid = json!({"PaymentID": ID, "Status": "AUTHORISED", "Reference": "ch_1", "IsReconciled": false});
    let invoice = |number: &str, status: &str, due: f64| {
        json!({"Invoices": [{"Type": "ACCREC", "InvoiceID": ID, "InvoiceNumber": number, "Status": status, "Total": 95.5,
            "AmountDue": due, "CurrencyCode": "USD", "Contact": {"ContactID": ID}, "Date": "/Date(1782864000000+0000)/",
            "Payments": [paid]}]})
    };
    let note = |status: &str, allocations: Value| {
        json!({"CreditNotes": [{"CreditNoteID": ID, "CreditNoteNumber": "PF_CR_Q-10231", "Status": status, "Total": 95.5,
            "RemainingCredit": 95.5, "Allocations": allocations}]})
    };
    let (no_invoice, no_note) = (json!({"Invoices": []}), json!({"CreditNotes": []}));
    let (made, payments) = (invoice("PF_Q-10231", "AUTHORISED", 95.5), json!({"Payments": [paid]}));
    let (draft, free) = (note("DRAFT", json!([])), note("AUTHORISED", json!([])));
    let used = note("AUTHORISED", json!([{"AllocationID": ID, "Amount": 95.5, "Invoice": {"InvoiceID": ID}}]));
    let (owed, allocated) = (invoice("INV-7", "AUTHORISED", 95.5), json!({"Allocations": [{"AllocationID": ID}]}));
    let (closed, voided) = (invoice("PF_Q-10231", "PAID", 0.0), invoice("PF_Q-10231", "VOIDED", 0.0));
    let script = [
        &no_note,
        &draft, // drafted
        &draft,
        &draft,
        &draft, // dropped
        &no_invoice,
        &no_note,
        &no_invoice,
        &made,
        &payments,
        &free, // posted
        &free,
        &free,
        &owed,
        &allocated,
        &owed, // applied
        &closed,
        &closed,
        &payments,
        &used,
        &used,
        &allocated,
        &payments,
        &voided,
        &free, // taken back
    ]
    .map(|body| reply(200, body));
    let stub = Stub::start(script).await;
    let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    let day = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
    let posting = PostPayment { advance: Some(quote(ID)), ..payment_of(day) };
    let apply = ApplyCredit {
        idempotency_key: "apply-1".into(),
        credit_number: "PF_CR_Q-10231".into(),
        invoice_external_id: ID.into(),
        amount: usd(9_550),
        date: day,
    };
    xero.draft_credit(&posting).await.unwrap();
    xero.drop_draft_credit(&posting).await.unwrap();
    xero.post_payment(&posting).await.unwrap();
    xero.apply_credit(&apply).await.unwrap();
    xero.take_back_payment(&posting).await.unwrap();
    let asked = stub.asked();
    let written = asked.iter().filter(|asked| asked.method != "GET");
    let written: Vec<_> = written.map(|asked| (assert_fits_xero(&contract, asked), asked)).collect();
    let seen: Vec<_> = written.iter().map(|(name, asked)| (name.as_str(), asked.header("idempotency-key"))).collect();
    let expected = [
        ("put /CreditNotes", "pay-1-draft"),
        ("post /CreditNotes/{CreditNoteID}", ""),
        ("put /Invoices", "pay-1-invoice"),
        ("put /Payments", "pay-1"),
        ("put /CreditNotes", "pay-1-credit"),
        ("put /CreditNotes/{CreditNoteID}/Allocations", "apply-1"),
        ("delete /CreditNotes/{CreditNoteID}/Allocations/{AllocationID}", ""),
        ("post /Payments/{PaymentID}", ""),
        ("post /Invoices/{InvoiceID}", ""),
        ("post /CreditNotes/{CreditNoteID}", ""),
    ];
    assert_eq!(seen, expected);
    for (name, asked) in written.iter().filter(|(name, _)| name.starts_with("put")) {
        assert_eq!(asked.body.matches("95.50").count(), 1, "{name}: {}", asked.body);
    }
}

#[tokio::test]
async fn what_we_write_to_xero_about_customers_is_what_its_contract_asks_for() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let (none, made) = (json!({"Contacts": []}), json!({"Contacts": [{"ContactID": ID, "Name": "Delta Dental"}]}));
    let stub = Stub::start([&none, &made].map(|body| reply(200, body))).await;
    let xero = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    assert_eq!(xero.make_customer(&new("pay-1-customer", "Delta Dental")).await.unwrap().external_id, ID);
    let asked = stub.asked();
    let seen: Vec<_> = asked.iter().map(|asked| assert_fits_xero(&contract, asked)).collect();
    assert_eq!(seen, ["get /Contacts", "put /Contacts"]);
    assert_eq!(asked[1].header("idempotency-key"), "pay-1-customer");
    let sent: Value = serde_json::from_str(&asked[1].body).unwrap();
    assert_eq!(sent, json!({"Contacts": [{"Name": "Delta Dental", "EmailAddress": "ana@acme.test"}]}));
}

#[tokio::test]
async fn s26_g43_what_is_paid_before_its_invoice_bears_the_tax_code_that_was_chosen() {
    let Some(text) = contract("xero_accounting.yaml") else { return };
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let (no_invoice, no_note) = (json!({"Invoices": []}), json!({"CreditNotes": []}));
    let payments = json!({"Payments": [{"PaymentID": ID, "Status": "AUTHORISED", "Reference": "ch_1"}]});
    let note = json!({"CreditNotes": [{"CreditNoteID": ID, "Status": "AUTHORISED"}]});
    let transaction = json!({"BankTransactions": [{"BankTransactionID": ID}]});
    let made = raised("95.50", "AUTHORISED");
    let script = [&no_invoice, &no_note, &no_invoice, &made, &payments, &note, &transaction, &transaction];
    let stub = Stub::start(script.map(|body| reply(200, body))).await;
    let config = xero_config(&format!("{}/api.xro/2.0", stub.url), "token");
    let xero = Xero::new(http(), XeroConfig { zero_tax: Some("ZERORATEDOUTPUT".into()), ..config });
    let posting = payment_of(NaiveDate::from_ymd_opt(2026, 7, 1).unwrap());
    for paid in [quote(ID), advance(AdvanceKind::Prepayment, ID), advance(AdvanceKind::OverPayment, ID)] {
        xero.post_payment(&PostPayment { advance: Some(paid), ..posting.clone() }).await.unwrap();
    }
    let asked = stub.asked();
    let written = asked.iter().filter(|asked| asked.method == "PUT");
    let bears = |asked: &Asked| {
        let words = [r#""LineAmountTypes":"Inclusive""#, r#""TaxType":"ZERORATEDOUTPUT""#];
        words.map(|words| asked.body.contains(words))
    };
    let seen: Vec<_> = written.map(|asked| (assert_fits_xero(&contract, asked), bears(asked))).collect();
    let expected = [
        ("put /Invoices", [true; 2]),
        ("put /Payments", [false; 2]),
        ("put /CreditNotes", [true; 2]),
        ("put /BankTransactions", [true; 2]),
        // Xero puts it on what customers owe, without a tax.
        ("put /BankTransactions", [false; 2]),
    ];
    assert_eq!(seen, expected.map(|(name, bears)| (name.to_owned(), bears)));
}

fn payment_of(day: NaiveDate) -> PostPayment {
    payment("of-ours", 9_550, day, 1)
}
