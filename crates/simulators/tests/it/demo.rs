//! `/demo.json`, the controls that span vendors, and the simulators' pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use simulators::facts;

use crate::harness::Vendors;

#[tokio::test]
async fn demo_json_has_the_shape_of_the_contract() {
    let vendors = Vendors::start().await;
    let demo = vendors.get("/demo.json").await.json;
    assert_eq!(demo["portal"], "http://127.0.0.1:3000");
    let keys: Vec<_> = demo["merchants"].as_array().unwrap().iter().map(|merchant| merchant["key"].clone()).collect();
    assert_eq!(keys, ["northwind", "southern", "harbour"]);
    for merchant in demo["merchants"].as_array().unwrap() {
        for path in [
            "/name",
            "/admin/email",
            "/admin/password",
            "/pay_now/portal_proxy/url",
            "/pay_now/portal_proxy/login",
            "/pay_now/portal_proxy/transaction_key",
            "/pay_now/portal_proxy/signature_key",
            "/integrations/sell/key_id",
            "/integrations/sell/secret",
            "/integrations/deskdirector/key_id",
            "/integrations/deskdirector/secret",
        ] {
            assert!(merchant.pointer(path).is_some_and(|value| value.is_string()), "{path} of {}", merchant["key"]);
        }
        for kind in ["email", "xero", "quick_link"] {
            let key = merchant["pay_now"][kind].as_str().unwrap();
            assert!(key.len() == 32 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{key}");
        }
    }
    let invoices = demo["merchants"][0]["invoices"].as_array().unwrap();
    assert_eq!(invoices.len(), 305);
    let open = invoices.iter().find(|invoice| invoice["number"] == "INV-501").unwrap();
    let expected = json!({ "number": "INV-501", "customer": "Acme Pty Ltd", "company_code": "ACME",
        "amount_minor": 120_450, "due_minor": 120_450, "currency": "USD", "due_date": "2026-07-06" });
    assert_eq!(open, &expected);
    let southern = demo["merchants"][1]["invoices"].as_array().unwrap();
    assert_eq!(southern.len(), 16);
    let open = southern.iter().find(|invoice| invoice["number"] == "1013").unwrap();
    assert_eq!((&open["customer"], &open["currency"]), (&json!("Coral Bay Diving"), &json!("AUD")));
    assert_eq!((&open["amount_minor"], &open["due_date"]), (&open["due_minor"], &json!("2026-07-06")));
    assert_eq!(demo["cards"]["approved"], facts::cards::APPROVED);
    let built: Vec<_> = demo["vendors"].as_object().unwrap().keys().collect();
    assert_eq!(
        built,
        ["authorizenet", "globalpayments", "payrix", "qbo", "sell", "stripe", "xero"],
        "what is not built is not pretended"
    );
}

#[tokio::test]
async fn the_clock_and_the_reset_reach_the_portal() {
    let vendors = Vendors::start().await;
    let (advanced, reset) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let count = |counter: &Arc<AtomicU32>| {
        let counter = Arc::clone(counter);
        move || {
            counter.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        }
    };
    vendors.simulators.on_advance(count(&advanced));
    vendors.simulators.on_reset(count(&reset));
    let offset = vendors.simulators.clock().offset_ms();
    let moved = vendors.control("advance", json!({ "days": 2 })).await;
    assert_eq!((moved.status, offset.load(Ordering::Relaxed)), (200, 2 * 86_400_000));
    for wrong in [json!({ "days": -1 }), json!({}), json!({ "days": 1, "hours": 1 }), json!({ "days": 1_000_000 })] {
        assert_eq!(vendors.control("advance", wrong).await.status, 400);
    }
    vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    vendors.control("xero/invoice", json!({ "number": "INV-501", "status": "VOIDED" })).await;
    vendors.arm("stripe", "http:500").await;
    assert_eq!(vendors.control("reset", json!({})).await.status, 200);
    assert!(vendors.money_taken().await.is_empty());
    assert_eq!(vendors.stripe_get("payment_intents").await.status, 200, "faults are disarmed");
    let state = vendors.state("xero").await;
    let invoice = state["invoices"].as_array().unwrap().iter().find(|invoice| invoice["number"] == "INV-501").unwrap();
    assert_eq!((&invoice["status"], offset.load(Ordering::Relaxed)), (&json!("AUTHORISED"), 0));
    assert_eq!((advanced.load(Ordering::Relaxed), reset.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn a_failing_hook_is_not_hidden() {
    let vendors = Vendors::start().await;
    vendors.simulators.on_reset(|| async { Err("the database is locked".into()) });
    let failed = vendors.control("reset", json!({})).await;
    assert_eq!(failed.status, 500);
    assert!(failed.json["error"].as_str().unwrap().contains("the database is locked"));
}

#[tokio::test]
async fn the_pages_show_records_and_lead_to_the_portal() {
    let vendors = Vendors::start().await;
    vendors.read(vendors.charge("pm_card_visa", "key-1")).await.unwrap();
    let page = async |path: &str| {
        let answer = vendors.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.json.as_str().unwrap().to_owned()
    };
    let _declined = vendors.read(vendors.charge("pm_card_chargeDeclined", "key-2")).await.unwrap();
    let home = page("/").await;
    assert!(home.contains("$1,204.50") && home.contains("taken by 1 charge<"), "the declined one took nothing: {home}");
    assert!(page("/records/stripe?q=att_1").await.contains("Succeeded"));
    assert!(page("/records/stripe?q=nobody").await.contains("No charge yet"));
    let found = page("/records/xero?q=bolt").await;
    assert!(found.contains("INV-601") && !found.contains("INV-501"));
    let found = page("/records/qbo?q=diving").await;
    assert!(found.contains("1013") && found.contains("Bank transfer") && !found.contains("1014"));
    let invoice = page("/xero/invoice/INV-501").await;
    let link = format!(
        "http://127.0.0.1:3000/PaymentProxy/PayNow/Email?apiKey={}&amp;invoiceNo=INV-501&amp;amount=1204.50&amp;companyCode=ACME",
        facts::NORTHWIND.pay_now.email
    );
    assert!(invoice.contains(&link), "{invoice}");
    assert_eq!(vendors.get("/xero/invoice/INV-999").await.status, 404);
    assert!(vendors.get("/style.css").await.header("content-type").starts_with("text/css"));
}

#[tokio::test]
async fn d11_an_invoice_is_changed_paid_and_voided_on_its_page() {
    let vendors = Vendors::start().await;
    let press = async |what: &str, amount: &str| {
        let form = [("number", "INV-501"), ("what", what), ("amount", amount)];
        vendors.read(vendors.http.post(format!("{}/do/invoice", vendors.url)).form(&form)).await.unwrap()
    };
    let invoice = async || vendors.get("/xero/invoice/INV-501").await.json.as_str().unwrap().to_owned();
    assert!(invoice().await.contains("value=\"1204.50\""));
    let changed = press("change_due", " 1000.5 ").await;
    assert_eq!((changed.status, changed.header("location")), (303, "/xero/invoice/INV-501"));
    assert!(invoice().await.contains("$1,000.50"));
    for wrong in ["", "1,000", "-5", "1.234", ".5", "a lot"] {
        assert_eq!(press("change_due", wrong).await.status, 400, "{wrong:?}");
    }
    assert_eq!(press("pay", "0.50").await.status, 303);
    assert!(invoice().await.contains("value=\"1000.00\""));
    assert_eq!(press("void", "1000.00").await.status, 303);
    let state = vendors.state("xero").await;
    let voided = state["invoices"].as_array().unwrap().iter().find(|invoice| invoice["number"] == "INV-501").unwrap();
    assert_eq!(voided["status"], "VOIDED");
}

#[tokio::test]
async fn the_pages_forms_work_for_the_page_alone() {
    let vendors = Vendors::start().await;
    let form = [("vendor", "stripe"), ("fault", "http:500"), ("times", "1"), ("match", "")];
    let post = || vendors.http.post(format!("{}/do/fault", vendors.url)).form(&form);
    let foreign = vendors.read(post().header("origin", "https://evil.test")).await.unwrap();
    assert_eq!(foreign.status, 400);
    assert_eq!(vendors.stripe_get("payment_intents").await.status, 200);
    assert_eq!(vendors.read(post()).await.unwrap().status, 303);
    assert_eq!(vendors.stripe_get("payment_intents").await.status, 500);
}
