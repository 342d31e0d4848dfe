//! The daily comparison and the inbox (G44, E14, D30, N3): what differs stands there once, goes by itself when it is mended,
//! and is ended by a person with a reason and a reference that stay.

use crate::support::{Client, Form, House, On, assert_has, field, http, link, sign_event};
use serde_json::json;
use simulators::facts;

pub const INBOX: &str = "/admin/exceptions";
/// Of no attempt here.
pub const NAME_OF_NONE: &str = "att_77777777777777777777777777777777";
const OPEN: &str = "SELECT COUNT(*) FROM exception WHERE state = 'open'";
const COMPARED: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.state = 'done' AND job.unique_key LIKE 'reconcile:%'";
const QUEUED: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.state = 'ready' AND job.unique_key LIKE 'reconcile:%'";

/// A session ends with an hour in which nobody used it, so each look at the inbox is one by somebody who signs in.
async fn inbox(house: &House) -> String {
    house.staff().await.get(INBOX).await.body
}

/// A day passes, with its comparison.
pub async fn a_day_later(house: &House) {
    house.until("the comparison is queued", async || house.number(QUEUED).await > 0).await;
    let before = house.number(COMPARED).await;
    house.advance(json!({"days": 1})).await;
    house.until("it was compared", async || house.number(COMPARED).await > before).await;
}

/// Another program charges a card at the gateway with a name like ours, and no news of it comes.
pub async fn charge_by_another(house: &House, attempt: &str) {
    house.arm_times("stripe", "webhook_lost", 9).await;
    house.charge_by_another(500, attempt).await;
}

#[tokio::test]
async fn g44_d4_money_at_the_gateway_without_an_attempt_stands_there_once_until_a_person_has_fixed_it() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        charge_by_another(&house, NAME_OF_NONE).await;
        a_day_later(&house).await;
        let page = inbox(&house).await;
        assert_has!(page, "1 thing needs you", "The gateway took $5.00 (pi_", "for a payment that is not known here");
        a_day_later(&house).await;
        assert_eq!(house.number(OPEN).await, 1, "a day adds nothing");

        let admin = house.staff().await;
        let home = admin.get("/admin").await.body;
        assert!(home.contains("The gateway took $5.00 (pi_") && home.contains(INBOX), "{home}");
        let key = field(&page, "exception");
        let fix = async |who: &Client, reference: &str| {
            let fields = [("exception", &*key), ("reason", "Paid back at Stripe"), ("reference", reference)];
            who.post("/api/exceptions/fix", &fields).await
        };
        let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
        assert_eq!(fix(&harbour, "RF-1").await.status, 404, "another merchant's");
        assert_eq!(house.number(OPEN).await, 1);

        let refused = fix(&admin, " ").await;
        let back = refused.location.unwrap();
        assert!(refused.status == 303 && back.starts_with("/admin/exceptions?exception="), "{back}");
        let page = admin.get(&back).await.body;
        assert_has!(page, "It is not marked as fixed", "Enter what was done, and a reference", "Paid back at Stripe");
        for _ in 0..2 {
            let pressed = fix(&admin, "RF-1").await;
            assert_eq!(pressed.status, 303, "{}", pressed.body);
        }
        let page = admin.get(INBOX).await.body;
        assert_has!(page, "Nothing needs you", "Paid back at Stripe", "RF-1", facts::NORTHWIND.admin_email);
        let told = "SELECT COUNT(*) FROM audit_line WHERE kind = 'exception_fixed'";
        house.until("the audit trail tells of it, once", async || house.number(told).await == 1).await;
        a_day_later(&house).await;
        assert!(inbox(&house).await.contains("Nothing needs you"), "the same again is nothing new");
    }
}

#[tokio::test]
async fn g44_d30_n3_a_posting_that_is_gone_from_the_books_is_posted_again_and_closes_itself() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = house.paid().await;
        let payment = house.books_payments("INV-501").await.remove(0);
        let url = format!("{}/xero/api.xro/2.0/Payments/{}", house.vendors, payment["id"].as_str().unwrap());
        let delete = http().post(url).json(&json!({"Status": "DELETED"})).bearer_auth(house.books_token().await);
        let delete = delete.header("xero-tenant-id", facts::xero::TENANT_ID).header("accept", "application/json");
        let deleted = delete.send().await.unwrap();
        assert_eq!(deleted.status(), 200, "{}", deleted.text().await.unwrap());
        assert!(house.books_payments("INV-501").await.is_empty());

        a_day_later(&house).await;
        let lost = "was posted, and the books do not have it any more.";
        let page = inbox(&house).await;
        assert!(page.contains(lost) && page.contains("Post again"), "{page}");
        let story = house.story(&form).await;
        assert_has!(story, "Why is the invoice not paid?", lost, "Post again");
        let (admin, key) = (house.staff().await, field(&page, "exception"));
        for _ in 0..2 {
            let pressed = admin.post("/api/exceptions/retry", &[("exception", &key)]).await;
            assert_eq!((pressed.status, pressed.location.as_deref()), (303, Some("/admin/exceptions?done=retry")));
        }
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        assert!(admin.get(INBOX).await.body.contains("Nothing needs you"));
        a_day_later(&house).await;
        assert_eq!(house.number(OPEN).await, 0);
        assert!(house.story(&form).await.contains("Paid, and it stands in the books"));
    }
}

#[tokio::test]
async fn g44_a_difference_that_is_gone_closes_by_itself() {
    let house = House::new().await;
    house.paid().await;
    let payment = house.books_payments("INV-501").await.remove(0);
    let (id, charge) = (payment["id"].clone(), payment["reference"].clone());
    let quote = async |reference: serde_json::Value| {
        let edit = json!({"id": id, "reference": reference});
        let url = format!("{}/control/xero/payment", house.vendors);
        assert_eq!(http().post(url).json(&edit).send().await.unwrap().status(), 200);
    };
    quote(json!("somebody's")).await;
    a_day_later(&house).await;
    assert_eq!(house.number(OPEN).await, 1);
    quote(charge).await;
    a_day_later(&house).await;
    assert_eq!(house.number(OPEN).await, 0);
    assert!(inbox(&house).await.contains("Nothing needs you"));
    assert_eq!(house.number("SELECT COUNT(*) FROM exception WHERE state = 'cured'").await, 1, "it is remembered");
}

#[tokio::test]
async fn e14_d30_a_refused_posting_that_a_person_has_seen_to_waits_no_more() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
        let client = house.client();
        let form = client.open("INV-501").await;
        client.pay(&form, "pm_card_visa").await;
        let refused = async || house.story(&form).await.contains("but the books refused it");
        house.until("the books have refused it", refused).await;

        let admin = house.staff().await;
        let page = admin.get(INBOX).await.body;
        assert_has!(page, "They lack a payment of $1,204.50", "Post again", "Mark as fixed", "Since ");
        let key = field(&page, "exception");
        let fields = [("exception", &*key), ("reason", "Entered as a prepayment"), ("reference", "PP17")];
        assert_eq!(admin.post("/api/exceptions/fix", &fields).await.status, 303);
        let story = house.story(&form).await;
        assert_has!(story, "a person has seen to it", "Marked as fixed", "Entered as a prepayment. Reference: PP17");
        assert!(!story.contains("Post again"), "{story}");
        assert!(admin.get("/admin").await.body.contains("Nothing needs you"));
        // From here on the invoice goes by what the books say.
        assert_ne!(house.client().open("INV-501").await.payment, form.payment);
        house.assert_everything_agrees().await;

        // The money goes back, and the books have it where nobody here can find it: no button says otherwise.
        for outcome in ["opened", "lost"] {
            let order = json!({"charge": house.charges().await[0]["id"], "outcome": outcome});
            let url = format!("{}/control/stripe/dispute", house.vendors);
            assert!(http().post(url).json(&order).send().await.unwrap().status().is_success());
        }
        let by_hand = "must be undone by hand";
        house.until("it is to be undone by hand", async || admin.get(INBOX).await.body.contains(by_hand)).await;
        let page = admin.get(INBOX).await.body;
        assert!(!page.contains("Try again") && !page.contains("Post again"), "{page}");
        let key = field(&page, "exception");
        for _ in 0..2 {
            let pressed = admin.post("/api/transactions/post_again", &[("payment", &*form.payment)]).await;
            assert_eq!(pressed.status, 303);
        }
        assert!(admin.get(INBOX).await.body.contains(by_hand), "nothing was looked for");
        let fields = [("exception", &*key), ("reason", "PP17 is cancelled"), ("reference", "PP17")];
        for _ in 0..2 {
            let fixed = admin.post("/api/exceptions/fix", &fields).await;
            assert_eq!(fixed.location.as_deref(), Some("/admin/exceptions?done=fixed"), "a double click is one");
        }
        let other = [("exception", &*key), ("reason", "Somebody else"), ("reference", "PP18")];
        let late = admin.post("/api/exceptions/fix", &other).await;
        assert_eq!(late.location.as_deref(), Some("/admin/exceptions?done=gone"), "nothing was written");
        assert!(admin.get(INBOX).await.body.contains("Nothing needs you"));
    }
}

#[tokio::test]
async fn d6_e14_news_about_nothing_is_one_line_for_each_thing_and_comes_back_with_other_news() {
    let house = House::new().await;
    let body = |event: &str| {
        json!({"id": format!("evt_{event}"), "object": "event", "type": "payment_intent.succeeded", "created": 1,
            "data": {"object": {"id": "pi_unknown", "object": "payment_intent",
                "metadata": {"attempt_id": format!("att_{}", "7".repeat(32))}}}})
        .to_string()
    };
    let tell = async |event: &str| {
        let (now, body) = (chrono::Utc::now().timestamp(), body(event));
        let signature = sign_event(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
        let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
        let sent = http().post(url).header("stripe-signature", signature).body(body).send().await.unwrap();
        assert_eq!(sent.status(), 200);
    };
    tell("one").await;
    tell("two").await;
    let admin = house.staff().await;
    let told = "The gateway told of pi_unknown, which is not known here";
    let stands = async || admin.get(INBOX).await.body.contains(told);
    house.until("it stands there", stands).await;
    let parked = "SELECT COUNT(*) FROM webhook WHERE state = 'parked'";
    house.until("both are parked", async || house.number(parked).await == 2).await;
    let page = admin.get(INBOX).await.body;
    assert!(page.contains("1 thing needs you"), "{page}");
    let key = field(&page, "exception");
    let fields = [("exception", &*key), ("reason", "Of the shop"), ("reference", "pi_unknown")];
    assert_eq!(admin.post("/api/exceptions/fix", &fields).await.status, 303);
    assert!(admin.get(INBOX).await.body.contains("Nothing needs you"));
    tell("three").await;
    house.until("other news bring it back", stands).await;
}

#[tokio::test]
async fn d30_a_refund_that_the_books_refused_is_posted_again_by_one_press() {
    let house = House::new().await;
    let form = house.paid().await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/CreditNotes").await;
    let admin = house.staff().await;
    let story = admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
    let refund = field(&story, "refund");
    let fields = [
        ("payment", &*form.payment),
        ("refund", &*refund),
        ("currency", "USD"),
        ("amount", "200.00"),
        ("reason", "one cable less"),
    ];
    assert_eq!(admin.post("/api/refunds/start", &fields).await.status, 303);
    let refused = async || house.story(&form).await.contains("The books refused the refund");
    house.until("the books have refused it", refused).await;
    let key = field(&admin.get(INBOX).await.body, "exception");
    for _ in 0..2 {
        assert_eq!(admin.post("/api/exceptions/retry", &[("exception", &key)]).await.status, 303);
    }
    let posted = async || house.story(&form).await.contains("Refund posted to the books");
    house.until("it stands", posted).await;
    assert_eq!(house.state("xero").await["credit_notes"].as_array().unwrap().len(), 1, "once");
    house.assert_everything_agrees().await;
    assert!(admin.get(INBOX).await.body.contains("Nothing needs you"));
}

/// INV-502, paid and voided before it was posted; with it what a form says that puts the money on INV-503.
async fn refused_on_its_own(house: &mut House) -> (Form, String, String) {
    let client = house.client();
    let form = client.open("INV-502").await;
    client.pay(&form, "pm_card_visa").await;
    house.edit_books(json!({"number": "INV-502", "status": "VOIDED"})).await;
    house.start_worker();
    let choice = "INV-503, $700.00 due";
    house.until("it can go elsewhere", async || house.story(&form).await.contains(choice)).await;
    let story = house.story(&form).await;
    assert!(story.contains("but the books refused it") && story.contains("Put on another invoice"), "{story}");
    let mut options = story.split("<option value=\"").skip(1);
    let to = options.find(|option| option.contains(choice)).unwrap().split('"').next().unwrap();
    (form, field(&story, "from"), to.to_owned())
}

#[tokio::test]
async fn e14_d30_money_for_an_invoice_that_was_voided_is_put_on_another_one() {
    let mut house = House::without_worker().await;
    let (form, from, to) = refused_on_its_own(&mut house).await;
    let fields = [("payment", &*form.payment), ("from", &*from), ("to", &*to)];

    let (admin, harbour) = (house.staff().await, house.client());
    harbour.sign_in(facts::HARBOUR.admin_email).await;
    assert_eq!(harbour.post("/api/transactions/reallocate", &fields).await.status, 404);
    for _ in 0..2 {
        let pressed = admin.post("/api/transactions/reallocate", &fields).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
    }
    let stands = async || house.story(&form).await.contains("Paid, and it stands in the books");
    house.until("it stands there", stands).await;
    let posted = house.books_payments("INV-503").await;
    assert_eq!((posted.len(), &posted[0]["amount_minor"]), (1, &json!(35_000)));
    assert_eq!(posted[0]["reference"], house.charges().await[0]["id"]);
    assert_eq!(house.books_invoice("INV-503").await["due_minor"], 35_000);
    house.assert_everything_agrees().await;
    assert!(admin.get(INBOX).await.body.contains("Nothing needs you"));

    // What is paid back of it is taken out where it stands.
    let story = house.story(&form).await;
    assert!(story.contains(&format!("By {}", facts::NORTHWIND.admin_email)), "{story}");
    let refund = field(&story, "refund");
    let fields = [
        ("payment", &*form.payment),
        ("refund", &*refund),
        ("currency", "USD"),
        ("amount", "50.00"),
        ("reason", "one cable less"),
    ];
    assert_eq!(admin.post("/api/refunds/start", &fields).await.status, 303);
    let posted = async || house.story(&form).await.contains("Refund posted to the books");
    house.until("the refund stands", posted).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d1_e14_an_invoice_that_a_payment_was_put_on_is_not_paid_a_second_time() {
    let mut house = House::without_worker().await;
    let early = house.client();
    let early_form = early.open("INV-503").await;
    let (form, from, to) = refused_on_its_own(&mut house).await;
    // Nor do the books take it there.
    house.arm_times("xero", "period_locked", 9).await;
    let fields = [("payment", &*form.payment), ("from", &*from), ("to", &*to)];
    let admin = house.staff().await;
    assert_eq!(admin.post("/api/transactions/reallocate", &fields).await.status, 303);
    let refused = async || admin.get(INBOX).await.body.contains("for INV-503 was taken, but the books refused it");
    house.until("they refuse it there as well", refused).await;

    let pressed = early.pay(&early_form, "pm_card_mastercard").await;
    assert_eq!(house.charges().await.len(), 1, "{}", pressed.body);
    let late = house.client();
    let opened = late.get(&link("INV-503")).await;
    let page = late.get(&opened.location.unwrap()).await;
    assert_eq!(page.status, 409, "{}", page.body);
    assert!(page.body.contains("INV-503 has just been paid"), "{}", page.body);

    house.arm_times("xero", "period_locked", 0).await;
    assert_eq!(admin.post("/api/transactions/post_again", &[("payment", &*form.payment)]).await.status, 303);
    house.until("it stands", async || house.books_payments("INV-503").await.len() == 1).await;
    house.assert_everything_agrees().await;
    // What is left of it can be paid.
    assert_ne!(house.client().open("INV-503").await.payment, form.payment);
}
