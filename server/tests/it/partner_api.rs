//! `/api/v1`: a merchant's own programs keep its books. Each answer is held against `/openapi.json`. Drafts, credit, tables and
//! what was paid here: `partner_api_more.rs`.

use crate::{
    integrations::{key, secret},
    partner_api_more::ASKED_THERE,
    support::{House, On, harbour_link_for, http},
};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::facts;
use std::{cell::RefCell, collections::BTreeSet};

pub const HARBOUR: &str = "/admin/configure/merchants/harbour/integrations";
pub const NORTHWIND: &str = "/admin/configure/merchants/northwind/integrations";

/// A program of a merchant's, which holds what it is answered against the description.
pub struct Program {
    portal: String,
    pub secret: String,
    pub openapi: Value,
    /// What it has asked, by method and address.
    pub asked: RefCell<BTreeSet<String>>,
}

pub struct Told {
    pub status: u16,
    retry_after: Option<String>,
    pub text: String,
    pub body: Value,
}

impl Told {
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str, field: &str) {
        let told = (self.status, self.body["error"]["code"].as_str(), self.body["error"]["field"].as_str());
        assert_eq!(told, (status, Some(code), Some(field).filter(|field| !field.is_empty())), "{}", self.text);
    }
}

impl Program {
    pub async fn of(house: &House, email: &str, tab: &str, kind: &str) -> Self {
        let staff = house.signed_in(email).await;
        let key = key(&staff, tab, kind).await;
        Self::with(house, secret(&staff, tab, kind, &key).await).await
    }

    async fn with(house: &House, secret: String) -> Self {
        let openapi = http().get(format!("{}/openapi.json", house.portal)).send().await.unwrap();
        assert_eq!(openapi.headers()["content-type"], "application/json");
        let openapi = serde_json::from_str(&openapi.text().await.unwrap()).unwrap();
        Self { portal: house.portal.clone(), secret, openapi, asked: RefCell::default() }
    }

    pub async fn of_harbour(house: &House) -> Self {
        Self::of(house, facts::HARBOUR.admin_email, HARBOUR, "api").await
    }

    /// `path` is the description's; `ids` take the places in it.
    pub async fn ask(&self, method: Method, path: &str, ids: &[&str], key: &str, body: Value) -> Told {
        let (address, query) = path.split_once('?').unwrap_or((path, ""));
        let mut ids = ids.iter().copied();
        let parts = address.split('/').map(|part| if part.starts_with('{') { ids.next().unwrap() } else { part });
        let real = parts.collect::<Vec<_>>().join("/");
        let mut request = http().request(method.clone(), format!("{}{real}?{query}", self.portal));
        request = request.header("authorization", format!("Bearer {}", self.secret));
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get("retry-after").map(|after| after.to_str().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {real}: {status} {text}"));
        self.check(&method, address, status, &body);
        Told { status, retry_after, text, body }
    }

    pub async fn get(&self, path: &str, ids: &[&str]) -> Told {
        self.ask(Method::GET, path, ids, "", Value::Null).await
    }

    pub async fn post(&self, path: &str, ids: &[&str], key: &str, body: Value) -> Told {
        self.ask(Method::POST, path, ids, key, body).await
    }

    fn check(&self, method: &Method, address: &str, status: u16, body: &Value) {
        let method = method.as_str().to_lowercase();
        let responses = &self.openapi["paths"][address][&method]["responses"];
        assert!(responses.is_object(), "{method} {address} is not described");
        self.asked.borrow_mut().insert(format!("{method} {address}"));
        let described = match &responses[status.to_string()] {
            Value::Null => &responses["default"],
            described => described,
        };
        let named = described["$ref"].as_str().unwrap().trim_start_matches('#');
        let schema = &self.openapi.pointer(named).unwrap()["content"]["application/json"]["schema"];
        let root = json!({ "allOf": [schema], "components": self.openapi["components"] });
        let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&root).unwrap();
        let faults: Vec<_> =
            validator.iter_errors(body).map(|fault| format!("{}: {fault}", fault.instance_path)).collect();
        assert!(faults.is_empty(), "{method} {address} {status}: {faults:?} in {body}");
    }

    pub async fn customer(&self, name: &str, code: &str) -> String {
        let sent = json!({ "name": name, "code": code, "terms_days": 20 });
        let made = self.post("/api/v1/customers", &[], &format!("customer {code}"), sent).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.body["id"].as_str().unwrap().to_owned()
    }

    pub async fn invoice(&self, customer: &str, key: &str) -> Told {
        self.post("/api/v1/invoices", &[], key, support(customer)).await
    }
}

/// After so long a row is in lists.
pub const SETTLED: TimeDelta = TimeDelta::seconds(31);

/// Three hours of 140.00, and 15 percent of tax.
pub fn support(customer: &str) -> Value {
    let line = json!({ "description": "Support", "quantity": "3", "unit_price_minor": 14_000, "tax_percent": "15" });
    json!({ "customer": customer, "currency": "NZD", "date": "2026-11-25", "lines": [line] })
}

#[tokio::test]
async fn what_a_program_writes_is_paid_credited_and_voided_and_all_of_it_is_as_described() {
    let house = House::new().await;
    let (program, guest) = (Program::of_harbour(&house).await, house.client());
    let totara = program.customer("Totara Dental", "TOTARA").await;
    let changed =
        json!({ "name": "Totara Dental Limited", "code": "TOTARA", "terms_days": 7, "email": "a@totara.test" });
    let changed = program.ask(Method::PUT, "/api/v1/customers/{customer}", &[&totara], "", changed).await;
    assert_eq!((changed.status, &changed.body["terms_days"]), (200, &json!(7)), "{}", changed.text);
    assert_eq!(program.get("/api/v1/customers/{customer}", &[&totara]).await.body, changed.body);
    let made_up = json!({ "name": "Nobody" });
    let made_up = program.ask(Method::PUT, "/api/v1/customers/{customer}", &[&nobody("cus")], "", made_up).await;
    made_up.refused(404, "not_found", "");

    let issued = program.invoice(&totara, "invoice 1").await;
    assert_eq!((issued.status, &issued.body["due_minor"]), (201, &json!(48_300)), "{}", issued.text);
    assert_eq!((&issued.body["tax_minor"], &issued.body["due_date"]), (&json!(6_300), &json!("2026-12-02")));
    let (number, first) = (issued.body["number"].as_str().unwrap(), issued.body["id"].as_str().unwrap());
    let form = guest.form(&guest.get(&harbour_link_for(number, "TOTARA")).await.location.unwrap()).await;
    assert_eq!(form.expected, "NZD 48300");
    assert_eq!(guest.pay(&form, "sbx_approved").await.status, 303);
    let one = "/api/v1/invoices/{invoice}";
    let is_paid = async || program.get(one, &[first]).await.body["status"] == "paid";
    house.until("its payer has paid it", is_paid).await;
    let void = async || program.post("/api/v1/invoices/{invoice}/void", &[first], "", Value::Null).await;
    house.until("nobody pays it any more", async || void().await.body["error"]["code"] != "being_paid").await;
    void().await.refused(409, "not_possible", "");

    let second = program.invoice(&totara, "invoice 2").await.body["id"].as_str().unwrap().to_owned();
    let payments = "/api/v1/invoices/{invoice}/payments";
    let cash = json!({ "amount_minor": 8_300, "currency": "NZD", "date": "2020-02-03", "reference": "Bank 4711" });
    let entered = program.post(payments, &[&second], "payment 1", cash.clone()).await;
    assert_eq!(entered.status, 201, "{}", entered.text);
    let again = program.post(payments, &[&second], "payment 1", cash).await;
    assert_eq!(again.text, entered.text, "the same once more");
    assert_eq!(program.get(payments, &[&second]).await.body["data"], json!([entered.body]));
    let notes = "/api/v1/invoices/{invoice}/credit-notes";
    let less = json!({ "amount_minor": 10_000, "currency": "NZD", "reason": "one hour less" });
    let credited = program.post(notes, &[&second], "note 1", less).await;
    assert_eq!((credited.status, &credited.body["left_minor"]), (201, &json!(0)), "{}", credited.text);
    assert_eq!(credited.body["allocated"], json!([{ "invoice": second, "amount_minor": 10_000 }]));
    let mut listed = credited.body.clone();
    listed.as_object_mut().unwrap().retain(|member, _| !["lines", "allocated"].contains(&member.as_str()));
    assert_eq!(program.get(notes, &[&second]).await.body["data"], json!([listed]));
    assert_eq!(program.get("/api/v1/credit-notes", &[]).await.body["data"], json!([]), "too young to be listed");
    house.leap(SETTLED);
    assert_eq!(program.get("/api/v1/credit-notes", &[]).await.body["data"], json!([listed]));
    assert_eq!(program.get(one, &[&second]).await.body["due_minor"], 30_000);
    let much = json!({ "amount_minor": 30_001, "currency": "NZD", "date": "2020-02-03", "reference": "cash" });
    program.post(payments, &[&second], "payment 2", much).await.refused(422, "invalid_field", "amount_minor");

    let third = program.invoice(&totara, "invoice 3").await.body["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let voided = program.post("/api/v1/invoices/{invoice}/void", &[&third], "", Value::Null).await;
        assert_eq!((voided.status, &voided.body["status"]), (200, &json!("void")), "{}", voided.text);
    }
    assert_eq!(
        read_all(&program, &format!("/api/v1/invoices?customer={totara}&limit=2")).await,
        [first, &second, &third]
    );
    let open = program.get(&format!("/api/v1/invoices?customer={totara}&status=open"), &[]).await;
    assert_eq!(open.body["data"][0]["id"], second.as_str());
    assert!(read_all(&program, "/api/v1/customers?limit=1").await.contains(&totara));

    let paths = program.openapi["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, of)| of.as_object().unwrap().keys().map(move |m| format!("{m} {path}")));
    let described: BTreeSet<_> = all.collect();
    let there = ASKED_THERE.into_iter().flatten().map(|asked| (*asked).to_owned());
    let asked: BTreeSet<_> = program.asked.borrow().iter().cloned().chain(there).collect();
    assert_eq!(asked, described, "all that is described was asked, here or there");
}

/// The ids of a list, page by page.
pub async fn read_all(program: &Program, path: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = program.get(&format!("{path}{cursor}"), &[]).await.body;
        ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

pub fn nobody(prefix: &str) -> String {
    format!("{prefix}_{}", "0".repeat(32))
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_member() {
    let house = House::without_worker().await;
    let program = Program::of_harbour(&house).await;
    let totara = program.customer("Totara Dental", "TOTARA").await;
    let with = |member: &str, value: Value| {
        let mut sent = support(&totara);
        *sent.pointer_mut(member).unwrap() = value;
        sent
    };
    for (place, (sent, code, field)) in [
        (with("/lines/0/quantity", json!("many")), "invalid_field", "lines[0].quantity"),
        (with("/lines/0/unit_price_minor", json!(-1)), "invalid_field", "lines[0].unit_price_minor"),
        (with("/lines", json!([])), "invalid_field", "lines[0].description"),
        (with("/date", json!("soon")), "invalid_field", "date"),
        (with("/currency", json!("USD")), "currency_mismatch", "currency"),
        (with("/customer", json!(nobody("cus"))), "invalid_field", "customer"),
        (with("/lines/0/unit_price_minor", json!(1.5)), "invalid_body", ""),
        (json!({ "customer": totara, "colour": "blue" }), "invalid_body", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let told = program.post("/api/v1/invoices", &[], &format!("wrong {place}"), sent).await;
        assert_eq!((told.status, told.body["error"]["code"].as_str()), (422, Some(code)), "{}", told.text);
        assert_eq!(told.body["error"]["field"].as_str().unwrap_or_default(), field, "{}", told.text);
    }
    program.invoice(&totara, "").await.refused(422, "idempotency_key_required", "Idempotency-Key");
    program.invoice(&totara, &"x".repeat(201)).await.refused(422, "idempotency_key_required", "Idempotency-Key");
    program.get("/api/v1/invoices?limit=101", &[]).await.refused(422, "invalid_query", "limit");
    program.get("/api/v1/invoices?status=late", &[]).await.refused(422, "invalid_query", "status");
    let large = json!({ "name": "x".repeat(300 * 1024) });
    program.post("/api/v1/customers", &[], "large", large).await.refused(413, "body_too_large", "");
    assert_eq!(house.number("SELECT count(*) FROM audit_slip WHERE kind = 'invoice_issued'").await, 0);
}

#[tokio::test]
async fn d1_one_idempotency_key_is_one_invoice_however_often_and_at_once_it_comes() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::without_worker_on(database).await else { continue };
        let program = Program::of_harbour(&house).await;
        let totara = program.customer("Totara Dental", "TOTARA").await;
        let before = house.number("SELECT count(*) FROM ledger_invoice").await;
        let mut numbered = support(&totara);
        numbered["number"] = json!("API-1");
        let press = || program.post("/api/v1/invoices", &[], "invoice 1", numbered.clone());
        let (one, two, three, four) = tokio::join!(press(), press(), press(), press());
        for told in [&one, &two, &three, &four, &press().await] {
            assert_eq!((told.status, &told.text), (201, &one.text), "the same to the byte");
        }
        assert_eq!(one.body["number"], "API-1");
        assert_eq!(house.number("SELECT count(*) FROM ledger_invoice").await, before + 1);
        let issued = "SELECT count(*) FROM audit_slip WHERE kind = 'invoice_issued' AND actor LIKE 'wpik_%'";
        assert_eq!(house.number(issued).await, 1, "written down once, by the key that called");

        let other = json!({ "name": "Totara Dental" });
        for path in ["/api/v1/invoices", "/api/v1/customers"] {
            let sent = if path.ends_with("customers") { other.clone() } else { support(&totara) };
            program.post(path, &[], "invoice 1", sent).await.refused(409, "idempotency_conflict", "Idempotency-Key");
        }
        let id = one.body["id"].as_str().unwrap();
        program.post("/api/v1/invoices/{invoice}/void", &[id], "", Value::Null).await;
        assert_eq!(press().await.text, one.text, "what was answered then, whatever became of it");
    }
}

#[tokio::test]
async fn d1_what_was_refused_leaves_its_key_to_what_is_mended() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::without_worker_on(database).await else { continue };
        let program = Program::of_harbour(&house).await;
        let totara = program.customer("Totara Dental", "TOTARA").await;
        let before = house.number("SELECT count(*) FROM ledger_invoice").await;
        let mut wrong = support(&totara);
        wrong["date"] = json!("soon");
        let refused = async || program.post("/api/v1/invoices", &[], "invoice 1", wrong.clone()).await;
        for _ in 0..2 {
            refused().await.refused(422, "invalid_field", "date");
        }
        let mended = program.invoice(&totara, "invoice 1").await;
        assert_eq!(mended.status, 201, "{}", mended.text);
        refused().await.refused(409, "idempotency_conflict", "Idempotency-Key");
        assert_eq!(program.invoice(&totara, "invoice 1").await.text, mended.text, "to the byte");
        assert_eq!(house.number("SELECT count(*) FROM ledger_invoice").await, before + 1);
    }
}

#[tokio::test]
async fn d1_of_several_orders_for_one_number_one_is_written_and_nothing_is_left_of_the_others() {
    const WRITTEN: &str = "SELECT count(*) FROM ledger_invoice";
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::without_worker_on(database).await else { continue };
        let program = Program::of_harbour(&house).await;
        let mut numbered = support(&program.customer("Totara Dental", "TOTARA").await);
        numbered["number"] = json!("API-1");
        let before = house.number(WRITTEN).await;
        let order = |key: &'static str| program.post("/api/v1/invoices", &[], key, numbered.clone());
        let (one, two, three, four) = tokio::join!(order("1"), order("2"), order("3"), order("4"));
        let mut told = [one, two, three, four].map(|told| told.status);
        told.sort_unstable();
        assert_eq!(told, [201, 422, 422, 422]);
        assert_eq!(house.number(WRITTEN).await, before + 1, "no draft that somebody could issue as well");
    }
}

#[tokio::test]
async fn s8_a_key_opens_its_own_merchants_door_alone_and_for_as_long_as_it_may() {
    let house = House::without_worker().await;
    let program = Program::of_harbour(&house).await;
    let totara = program.customer("Totara Dental", "TOTARA").await;
    let invoice = program.invoice(&totara, "invoice 1").await.body["id"].as_str().unwrap().to_owned();

    let stranger = Program::of(&house, facts::NORTHWIND.admin_email, NORTHWIND, "api").await;
    house.leap(SETTLED);
    stranger.get("/api/v1/customers/{customer}", &[&totara]).await.refused(404, "not_found", "");
    stranger.get("/api/v1/customers/{customer}/credits", &[&totara]).await.refused(404, "not_found", "");
    for path in
        ["/api/v1/invoices/{invoice}", "/api/v1/invoices/{invoice}/payments", "/api/v1/invoices/{invoice}/credit-notes"]
    {
        stranger.get(path, &[&invoice]).await.refused(404, "not_found", "");
    }
    assert!(!stranger.get("/api/v1/customers?limit=100", &[]).await.text.contains("Totara"));
    let of_sell = Program::of(&house, facts::HARBOUR.admin_email, HARBOUR, "sell").await;
    of_sell.get("/api/v1/invoices", &[]).await.refused(401, "invalid_key", "");
    let unknown = Program { secret: "wpsk_0".into(), asked: RefCell::default(), ..of_sell };
    unknown.get("/api/v1/invoices", &[]).await.refused(401, "invalid_key", "");

    let staff = house.signed_in(facts::HARBOUR.admin_email).await;
    staff.post(&format!("{HARBOUR}/api"), &[("do", "save")]).await;
    program.get("/api/v1/invoices", &[]).await.refused(403, "integration_disabled", "");
    let second = key(&staff, HARBOUR, "api").await;
    assert_eq!(program.get("/api/v1/invoices", &[]).await.status, 200, "both keys open the door");
    let with_second = secret(&staff, HARBOUR, "api", &second).await;
    let again = Program { secret: with_second, asked: RefCell::default(), ..unknown };
    assert_eq!(again.invoice(&totara, "invoice 1").await.body["id"], invoice.as_str(), "one key replaces another");
    staff.post(&format!("{HARBOUR}/api/retire"), &[("key", second.as_str())]).await;
    again.get("/api/v1/invoices", &[]).await.refused(401, "invalid_key", "");
    assert_eq!(program.get("/api/v1/invoices", &[]).await.status, 200, "the other one goes on");
}

#[tokio::test]
async fn books_of_an_accounting_package_are_read_and_not_written() {
    let house = House::without_worker().await;
    let program = Program::of(&house, facts::NORTHWIND.admin_email, NORTHWIND, "api").await;
    house.leap(SETTLED);
    let list = program.get("/api/v1/invoices?limit=100&status=open", &[]).await.body;
    let invoice = list["data"].as_array().unwrap().iter().find(|row| row["number"] == "INV-501").unwrap();
    assert_eq!((&invoice["due_minor"], &invoice["currency"]), (&json!(120_450), &json!("USD")));
    let (id, customer) = (invoice["id"].as_str().unwrap(), invoice["customer"].as_str().unwrap());
    assert_eq!(program.get("/api/v1/customers/{customer}", &[customer]).await.status, 200);
    program.invoice(customer, "invoice 1").await.refused(409, "books_elsewhere", "");
    let paid = json!({ "amount_minor": 1, "currency": "USD", "date": "2020-01-01", "reference": "cash" });
    let paid = program.post("/api/v1/invoices/{invoice}/payments", &[id], "payment 1", paid).await;
    paid.refused(409, "books_elsewhere", "");
    let void = program.post("/api/v1/invoices/{invoice}/void", &[id], "", Value::Null).await;
    void.refused(409, "books_elsewhere", "");
}

#[tokio::test]
async fn a_program_that_asks_too_fast_reads_when_it_may_again() {
    let house = House::with_rate_limits().await;
    let (staff, others) = (house.signed_in(facts::HARBOUR.admin_email).await, house.staff().await);
    let id = key(&staff, HARBOUR, "api").await;
    let program = Program::with(&house, secret(&staff, HARBOUR, "api", &id).await).await;
    // Who makes a key brings its id, so others may have one that is called the same.
    let same = [("is_enabled", "yes"), ("key", id.as_str()), ("do", "generate")];
    assert_eq!(others.post(&format!("{NORTHWIND}/api"), &same).await.status, 303);
    let namesake = Program::with(&house, secret(&others, NORTHWIND, "api", &id).await).await;
    let mut told = program.get("/api/v1/credit-notes", &[]).await;
    for _ in 0..1_000 {
        if told.status != 200 {
            break;
        }
        told = program.get("/api/v1/credit-notes", &[]).await;
    }
    told.refused(429, "too_many_requests", "");
    assert_eq!(told.retry_after.as_deref(), Some("1"));
    assert_eq!(namesake.get("/api/v1/credit-notes", &[]).await.status, 200, "what one asks is no other's to wait for");
}
