//! What else programs do by `/api/v1`: drafts, payments in advance, credit and its use, taking back, tables; and what they read of
//! payments that were made here. All of it by the acts of staff's screens, and in their trail.

use crate::{
    partner_api::{HARBOUR, NORTHWIND, Program, SETTLED, nobody, read_all, support},
    refunds::{Dialog, story_of},
    support::{House, On, harbour_link_for},
};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::facts;

const DRAFTS: &str = "SELECT count(*) FROM ledger_invoice WHERE issued_at IS NULL";
const INVOICE: &str = "/api/v1/invoices/{invoice}";
const ISSUE: &str = "/api/v1/invoices/{invoice}/issue";
const PAYMENTS: &str = "/api/v1/invoices/{invoice}/payments";
const USE: &str = "/api/v1/invoices/{invoice}/credits";
const IN_ADVANCE: &str = "/api/v1/customers/{customer}/payments";
const CREDITS: &str = "/api/v1/customers/{customer}/credits";
const NOTES: &str = "/api/v1/invoices/{invoice}/credit-notes";
const NOTE: &str = "/api/v1/credit-notes/{note}";
const VOID_NOTE: &str = "/api/v1/credit-notes/{note}/void";
const BY_HAND: &str = "/api/v1/payments-by-hand/{payment}";
const TAKE_BACK: &str = "/api/v1/payments-by-hand/{payment}/take-back";
const HERE: &str = "/api/v1/payments/{payment}";

/// What the tests of this file ask that the others do not: those of one line in one test.
pub const ASKED_THERE: [&[&str]; 4] = [
    &["put /api/v1/invoices/{invoice}", "post /api/v1/invoices/{invoice}/issue"],
    &[
        "post /api/v1/customers/{customer}/payments",
        "get /api/v1/customers/{customer}/credits",
        "post /api/v1/invoices/{invoice}/credits",
        "get /api/v1/payments-by-hand",
        "get /api/v1/payments-by-hand/{payment}",
        "post /api/v1/payments-by-hand/{payment}/take-back",
    ],
    &[
        "get /api/v1/credit-notes/{note}",
        "post /api/v1/credit-notes/{note}/void",
        "post /api/v1/customers/{customer}/archive",
        "post /api/v1/customers/{customer}/restore",
        "post /api/v1/imports",
        "post /api/v1/imports/preview",
    ],
    &["get /api/v1/payments", "get /api/v1/payments/{payment}"],
];

#[track_caller]
fn assert_asked(program: &Program, line: usize) {
    let asked = program.asked.borrow();
    for one in ASKED_THERE[line] {
        assert!(asked.contains(*one), "{one} was not asked");
    }
}

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

/// A house with one program of Harbour's and its customer.
async fn shop(database: On) -> Option<(House, Program, String)> {
    let house = House::without_worker_on(database).await?;
    let program = Program::of_harbour(&house).await;
    let totara = program.customer("Totara Dental", "TOTARA").await;
    Some((house, program, totara))
}

fn with(mut sent: Value, member: &str, value: Value) -> Value {
    sent[member] = value;
    sent
}

#[tokio::test]
async fn d12_a_draft_is_changed_and_issued_by_whoever_has_read_it_last() {
    for database in [On::Sqlite, On::Postgres] {
        let Some((house, program, totara)) = shop(database).await else { continue };
        let (new, before) = (with(support(&totara), "draft", json!(true)), house.number(DRAFTS).await);
        let draft = program.post("/api/v1/invoices", &[], "draft 1", new.clone()).await;
        assert_eq!((draft.status, &draft.body["status"]), (201, &json!("draft")), "{}", draft.text);
        assert_eq!(program.post("/api/v1/invoices", &[], "draft 1", new.clone()).await.text, draft.text);
        assert_eq!(house.number(DRAFTS).await, before + 1);
        let (invoice, seen) = (id(&draft.body), draft.body["changes"].clone());

        let mut changed = with(support(&totara), "changes", seen.clone());
        changed["lines"][0]["quantity"] = json!("2");
        let put = async |sent: Value| program.ask(Method::PUT, INVOICE, &[&invoice], "", sent).await;
        let first = put(changed.clone()).await;
        assert_eq!((first.status, &first.body["total_minor"]), (200, &json!(32_200)), "{}", first.text);
        put(changed.clone()).await.refused(409, "outdated", "");
        put(support(&totara)).await.refused(422, "invalid_field", "changes");
        let late = with(support(&totara), "changes", seen.clone());
        program.post("/api/v1/invoices", &[], "draft 2", late).await.refused(422, "invalid_field", "changes");

        let issue = async |changes: &Value| program.post(ISSUE, &[&invoice], "", json!({ "changes": changes })).await;
        issue(&seen).await.refused(409, "outdated", "");
        let read = first.body["changes"].clone();
        for _ in 0..2 {
            let issued = issue(&read).await;
            assert_eq!((issued.status, &issued.body["status"]), (200, &json!("open")), "{}", issued.text);
        }
        let again = program.get(INVOICE, &[&invoice]).await.body["changes"].clone();
        put(with(changed, "changes", again)).await.refused(409, "not_possible", "");
        let issued = "SELECT count(*) FROM audit_slip WHERE kind = 'invoice_issued' AND actor LIKE 'wpik_%'";
        assert_eq!(house.number(issued).await, 1);
        assert_asked(&program, 0);
    }
}

#[tokio::test]
async fn d1_money_in_advance_is_entered_used_and_taken_back_once_however_often_it_is_asked() {
    const BACK: &str = "SELECT count(*) FROM audit_slip WHERE kind = 'hand_payment_taken_back' AND actor LIKE 'wpik_%'";
    for database in [On::Sqlite, On::Postgres] {
        let Some((house, program, totara)) = shop(database).await else { continue };
        let invoice = id(&program.invoice(&totara, "invoice 1").await.body);
        let due = async || program.get(INVOICE, &[&invoice]).await.body["due_minor"].as_i64().unwrap();
        let paid = json!({ "amount_minor": 50_000, "currency": "NZD", "date": "2020-02-03", "reference": "Bank 1" });
        let shares = |minor: i64| with(paid.clone(), "shares", json!([{ "invoice": invoice, "amount_minor": minor }]));
        let much = program.post(IN_ADVANCE, &[&totara], "much", shares(48_301)).await;
        much.refused(422, "invalid_field", "shares[0].amount_minor");
        let press = async || program.post(IN_ADVANCE, &[&totara], "advance 1", shares(8_300)).await;
        let (one, two) = tokio::join!(press(), press());
        for told in [&one, &two, &press().await] {
            assert_eq!((told.status, &told.text), (201, &one.text), "the same to the byte");
        }
        assert_eq!((&one.body["invoice"], due().await), (&Value::Null, 40_000));

        let credits = async || program.get(CREDITS, &[&totara]).await.body["data"].clone();
        let credit = credits().await[0].clone();
        assert_eq!((&credit["left_minor"], &credit["payment"]), (&json!(41_700), &one.body["id"]));
        assert_eq!(credit["credit"], one.body["credit"]);
        let part = json!({
            "credit": credit["credit"], "left_minor": 41_700, "amount_minor": 10_000, "currency": "NZD",
        });
        let used = program.post(USE, &[&invoice], "use 1", part.clone()).await;
        assert_eq!((used.status, &used.body["due_minor"]), (201, &json!(30_000)), "{}", used.text);
        assert_eq!(program.post(USE, &[&invoice], "use 1", part.clone()).await.text, used.text);
        program.post(USE, &[&invoice], "use 2", part.clone()).await.refused(409, "outdated", "");
        let made_up = with(part, "credit", json!("gift"));
        program.post(USE, &[&invoice], "use 3", made_up).await.refused(422, "invalid_field", "credit");
        assert_eq!((due().await, &credits().await[0]["left_minor"]), (30_000, &json!(31_700)));

        let cash = with(paid.clone(), "amount_minor", json!(30_000));
        let cash = program.post(PAYMENTS, &[&invoice], "payment 1", cash).await.body;
        assert_eq!((&cash["invoice"], due().await), (&json!(invoice), 0));
        for (payment, owed) in [(&cash, 30_000), (&one.body, 48_300)] {
            for _ in 0..2 {
                let back = program.post(TAKE_BACK, &[&id(payment)], "", Value::Null).await;
                assert_eq!((back.status, &back.body["taken_back"]), (200, &json!(true)), "{}", back.text);
            }
            assert_eq!(due().await, owed);
            assert_eq!(program.get(BY_HAND, &[&id(payment)]).await.body["taken_back"], true);
        }
        assert_eq!((house.number(BACK).await, &credits().await[0]["left_minor"]), (2, &json!(0)));
        program.get(BY_HAND, &[&nobody("lpy")]).await.refused(404, "not_found", "");
        assert_eq!(
            program.get("/api/v1/payments-by-hand", &[]).await.body["data"],
            json!([]),
            "too young to be listed"
        );
        house.leap(SETTLED);
        let all = read_all(&program, "/api/v1/payments-by-hand?limit=1").await;
        assert_eq!(all, [id(&one.body), id(&cash)]);
        assert_asked(&program, 1);
    }
}

#[tokio::test]
async fn d12_credit_notes_have_lines_and_are_voided_customers_are_archived_and_tables_taken_in() {
    for database in [On::Sqlite, On::Postgres] {
        let Some((house, program, totara)) = shop(database).await else { continue };
        let invoice = id(&program.invoice(&totara, "invoice 1").await.body);
        let line =
            json!({ "description": "Support", "quantity": "1", "unit_price_minor": 14_000, "tax_percent": "15" });
        let note = json!({ "currency": "NZD", "reason": "one hour less", "lines": [line] });
        let says_else = with(note.clone(), "amount_minor", json!(100));
        program.post(NOTES, &[&invoice], "note 0", says_else).await.refused(422, "invalid_field", "amount_minor");
        let credited = program.post(NOTES, &[&invoice], "note 1", note).await;
        let sums = (&credited.body["total_minor"], &credited.body["tax_minor"]);
        assert_eq!((credited.status, sums), (201, (&json!(16_100), &json!(2_100))), "{}", credited.text);
        let of = id(&credited.body);
        assert_eq!(program.get(NOTE, &[&of]).await.body, credited.body);
        for _ in 0..2 {
            let voided = program.post(VOID_NOTE, &[&of], "", Value::Null).await;
            let told = (&voided.body["voided"], &voided.body["allocated"]);
            assert_eq!((voided.status, told), (200, (&json!(true), &json!([]))), "{}", voided.text);
        }
        assert_eq!(program.get(INVOICE, &[&invoice]).await.body["due_minor"], 48_300);

        for (act, archived) in [("archive", true), ("archive", true), ("restore", false)] {
            let path = format!("/api/v1/customers/{{customer}}/{act}");
            let told = program.post(&path, &[&totara], "", Value::Null).await;
            assert_eq!((told.status, &told.body["archived"]), (200, &json!(archived)), "{}", told.text);
        }

        let table = json!({ "table": "customers", "csv": "name,code\nKea Ltd,KEA\n" });
        let does = |told: &Value| told["data"][0]["does"].clone();
        let shown = program.post("/api/v1/imports/preview", &[], "", table.clone()).await;
        assert_eq!((shown.status, does(&shown.body)), (200, json!("add")), "{}", shown.text);
        let taken = program.post("/api/v1/imports", &[], "table 1", table.clone()).await;
        assert_eq!((taken.status, does(&taken.body)), (201, json!("add")), "{}", taken.text);
        assert_eq!(program.post("/api/v1/imports", &[], "table 1", table.clone()).await.text, taken.text);
        assert_eq!(does(&program.post("/api/v1/imports", &[], "table 2", table).await.body), "nothing");
        let before = house.number(DRAFTS).await;
        let head = "number,customer,date,description,quantity,unit_price";
        let rows = |customer: &str| format!("{head}\nOLD-1,{customer},2026-10-01,Support,3,140.00\n");
        let drafts = |csv: String| json!({ "table": "invoices", "csv": csv, "drafts": true });
        let wrong = program.post("/api/v1/imports", &[], "table 3", drafts(rows("MOA"))).await;
        wrong.refused(422, "invalid_table", "csv");
        assert_eq!(wrong.body["error"]["rows"][0]["line"], 2);
        let taken = program.post("/api/v1/imports", &[], "table 4", drafts(rows("KEA"))).await;
        assert_eq!((taken.status, &taken.body["data"][0]["total_minor"]), (201, &json!(42_000)), "{}", taken.text);
        assert_eq!(house.number(DRAFTS).await, before + 1);
        let imported = "SELECT count(*) FROM audit_slip WHERE kind = 'table_imported' AND actor LIKE 'wpik_%'";
        assert_eq!(house.number(imported).await, 3);
        assert_asked(&program, 2);
    }
}

#[tokio::test]
async fn f10_a_table_is_shown_while_somebody_writes_and_holds_up_nobody_who_does() {
    let (house, program, _) = shop(On::Sqlite).await.unwrap();
    let database = sqlx::SqlitePool::connect(&house.url).await.unwrap();
    let mut writer = database.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *writer).await.unwrap();
    let table = json!({ "table": "customers", "csv": "name,code\nKea Ltd,KEA\n" });
    let shown = program.post("/api/v1/imports/preview", &[], "", table).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    sqlx::query("ROLLBACK").execute(&mut *writer).await.unwrap();
}

#[tokio::test]
async fn g37_what_was_paid_here_is_read_with_its_invoices_and_its_refunds() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (program, guest) = (Program::of_harbour(&house).await, house.client());
        let totara = program.customer("Totara Dental", "TOTARA").await;
        let invoice = program.invoice(&totara, "invoice 1").await.body;
        let link = harbour_link_for(invoice["number"].as_str().unwrap(), "TOTARA");
        let form = guest.form(&guest.get(&link).await.location.unwrap()).await;
        assert_eq!(guest.pay(&form, "sbx_approved").await.status, 303);
        let is_paid = async || program.get(INVOICE, &[&id(&invoice)]).await.body["status"] == "paid";
        house.until("its payer has paid it", is_paid).await;
        let told = program.get(HERE, &[&form.payment]).await.body;
        assert_eq!((&told["amount_minor"], &told["customer"]), (&json!(48_300), &json!(totara)));
        let share = json!({
            "invoice": invoice["id"], "number": invoice["number"], "amount_minor": 48_300, "in_advance": false,
        });
        assert_eq!((&told["invoices"], &told["refunds"]), (&json!([share]), &json!([])));

        let staff = house.signed_in(facts::HARBOUR.admin_email).await;
        let can_refund = async || staff.get(&story_of(&form.payment)).await.body.contains("name=\"refund\"");
        house.until("it can be refunded", can_refund).await;
        Dialog::open(&staff, &form.payment).await.press(&staff, "100.00").await;
        let refund = async || program.get(HERE, &[&form.payment]).await.body["refunds"][0].clone();
        house.until("it has gone back", async || refund().await["state"] == "succeeded").await;
        assert_eq!(refund().await["amount_minor"], 10_000);
        house.leap(SETTLED);
        let all = read_all(&program, "/api/v1/payments?limit=1").await;
        assert_eq!(all.iter().filter(|one| **one == form.payment).count(), 1, "{all:?}");

        let stranger = Program::of(&house, facts::NORTHWIND.admin_email, NORTHWIND, "api").await;
        stranger.get(HERE, &[&form.payment]).await.refused(404, "not_found", "");
        assert!(!read_all(&stranger, "/api/v1/payments?limit=100").await.contains(&form.payment));
        assert_asked(&program, 3);
    }
}

#[tokio::test]
async fn s8_what_another_merchant_has_is_neither_read_nor_changed() {
    let (house, program, totara) = shop(On::Sqlite).await.unwrap();
    let invoice = id(&program.invoice(&totara, "invoice 1").await.body);
    let paid = json!({ "amount_minor": 8_300, "currency": "NZD", "date": "2020-02-03", "reference": "Bank 1" });
    let paid = id(&program.post(PAYMENTS, &[&invoice], "payment 1", paid).await.body);
    let note = json!({ "currency": "NZD", "reason": "less", "amount_minor": 100 });
    let note = id(&program.post(NOTES, &[&invoice], "note 1", note).await.body);
    let stranger = Program::of(&house, facts::NORTHWIND.admin_email, NORTHWIND, "api").await;
    for (path, id) in [(BY_HAND, &paid), (NOTE, &note), (CREDITS, &totara), (INVOICE, &invoice)] {
        stranger.get(path, &[id]).await.refused(404, "not_found", "");
    }
    let archive = "/api/v1/customers/{customer}/archive";
    for (path, id) in [(TAKE_BACK, &paid), (VOID_NOTE, &note), (archive, &totara)] {
        stranger.post(path, &[id], "", Value::Null).await.refused(409, "books_elsewhere", "");
    }
    house.leap(SETTLED);
    assert!(!read_all(&stranger, "/api/v1/payments-by-hand?limit=100").await.contains(&paid));
    let of_sell = Program::of(&house, facts::HARBOUR.admin_email, HARBOUR, "sell").await;
    of_sell.post(TAKE_BACK, &[&paid], "", Value::Null).await.refused(401, "invalid_key", "");
    assert_eq!(program.get(BY_HAND, &[&paid]).await.body["taken_back"], false);
    assert_eq!(program.get(NOTE, &[&note]).await.body["voided"], false);
}

#[tokio::test]
async fn each_example_is_as_described() {
    let house = House::without_worker().await;
    let openapi = Program::of_harbour(&house).await.openapi;
    let mut examples = 0;
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        for (method, of) in methods.as_object().unwrap() {
            let body = &of["requestBody"]["content"]["application/json"];
            if body["example"].is_null() {
                continue;
            }
            let root = json!({ "allOf": [body["schema"]], "components": openapi["components"] });
            let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&root).unwrap();
            assert!(validator.is_valid(&body["example"]), "{method} {path}");
            examples += 1;
        }
    }
    assert_eq!(examples, 6);
}
