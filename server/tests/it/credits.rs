//! Money that pays no invoice: what is paid over what is due, and what is paid in advance, where the merchant takes it
//! (G29, G34). One charge, and the books have all of it, once.

use crate::{
    debits,
    refunds::Dialog,
    support::{Client, Form, House, On, Server, ana, assert_has, harbour_link, http},
    unposted::enter_by_hand,
};
use serde_json::json;
use simulators::facts;
use std::{process::Stdio, time::Duration};

const KEEPS_CREDIT: &str = "UPDATE merchant SET takes_more = TRUE WHERE name = 'Northwind IT'";
const TAKES_PREPAYMENTS: &str = "UPDATE merchant SET takes_prepayments = TRUE WHERE name = 'Northwind IT'";
const WRITE: &str = "PUT /xero/api.xro/2.0/BankTransactions";

/// The checkout's page after somebody has typed another amount.
pub async fn change(client: &Client, form: &Form, currency: &str, amount: &str) -> String {
    let fields = [("checkout", form.checkout.as_str()), ("currency", currency), ("amounts[]", amount)];
    let pressed = client.post("/api/payments/amounts", &fields).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    client.get(&pressed.location.unwrap()).await.body
}

/// One credit of this amount stands in the books, of which so much is left, and quotes the one charge.
async fn assert_credit(house: &House, kind: &str, minor: i64, left_minor: i64) {
    house.until("the credit stands in the books", async || house.advances().await.len() == 1).await;
    let (advance, charge) = (house.advances().await.remove(0), house.charges().await.remove(0));
    assert_eq!((&advance["type"], &advance["amount_minor"]), (&json!(kind), &json!(minor)), "{advance}");
    assert_eq!(advance["remaining_minor"], left_minor, "{advance}");
    assert_eq!(advance["account_code"], facts::xero::CLEARING_ACCOUNT_CODE);
    assert!(advance["description"].as_str().unwrap().contains(charge["id"].as_str().unwrap()), "{advance}");
}

/// INV-501, overpaid by 95.50 with a card.
async fn overpaid(house: &House) -> (Client, Form) {
    house.execute(KEEPS_CREDIT).await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    let form = Form::read(&change(&guest, &form, "USD", "1,300.00").await);
    guest.pay(&form, "pm_card_visa").await;
    (guest, form)
}

#[tokio::test]
async fn g29_what_is_paid_over_what_is_due_is_told_before_charged_once_and_stays_as_credit() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.execute(KEEPS_CREDIT).await;
        let guest = house.client();
        let form = guest.open("INV-501").await;
        let page = change(&guest, &form, "USD", "1,300.00").await;
        assert_has!(
            page,
            "Pay $1,300.00",
            "$95.50 over what is due stays as credit with Northwind IT.",
            "$1,204.50 for invoice INV-501; $95.50 over what is due stays as credit with Northwind IT"
        );
        let form = Form::read(&page);
        assert_eq!(form.expected, "USD 130000/120450");
        let part = change(&guest, &form, "USD", "1,200.00").await;
        assert!(part.contains("can only be paid whole here"), "parts are another matter: {part}");

        let paid = guest.pay(&form, "pm_card_visa").await.location.unwrap();
        let result = guest.get(&paid).await.body;
        assert_has!(result, "You paid $1,300.00", "1 invoice and credit", "CR-", "$95.50");
        assert_credit(&house, "RECEIVE-OVERPAYMENT", 9_550, 9_550).await;
        house.until("the invoice is paid", async || house.books_payments("INV-501").await.len() == 1).await;
        assert_eq!(house.books_payments("INV-501").await[0]["amount_minor"], 120_450);
        assert_eq!(house.books_invoice("INV-501").await["status"], "PAID");
        assert_eq!(house.charges().await[0]["amount_minor"], 130_000);

        // The same form again is the same payment.
        assert_eq!(guest.pay(&form, "pm_card_visa").await.location, Some(paid));
        assert_eq!((house.charges().await.len(), house.advances().await.len()), (1, 1));
        let receipts = "SELECT COUNT(*) FROM mail
             WHERE text LIKE '%Stays as credit CR-%: $95.50%This payment: $1,300.00%'";
        house.until("the receipt is written", async || house.number(receipts).await == 1).await;
        let board = ana(&house.portal).await.get("/dashboard").await.body;
        assert!(!board.contains("CR-"), "a credit is nothing that is owed: {board}");
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d30_g29_a_credit_whose_answer_is_lost_or_whose_books_fail_stands_once() {
    for fault in ["reset_after_execute", "http_after_execute:500", "http:500"] {
        let house = House::new().await;
        house.arm("xero", fault, WRITE).await;
        overpaid(&house).await;
        assert_credit(&house, "RECEIVE-OVERPAYMENT", 9_550, 9_550).await;
        house.assert_everything_agrees().await;
        assert_eq!(house.advances().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn d30_g29_a_credit_that_the_books_refuse_is_an_exception_with_one_remedy() {
    let house = House::new().await;
    house.arm("xero", "period_locked", WRITE).await;
    let (_, form) = overpaid(&house).await;
    let is_refused = async || house.story(&form).await.contains("but the books refused it");
    house.until("the books have refused it", is_refused).await;
    assert!(house.advances().await.is_empty());
    let inbox = house.staff().await.get("/admin/exceptions").await.body;
    assert!(inbox.contains("$95.50 for CR-") && inbox.contains("They lack a payment of $95.50"), "{inbox}");
    let pressed = house.staff().await.post("/api/transactions/post_again", &[("payment", &form.payment)]).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    assert_credit(&house, "RECEIVE-OVERPAYMENT", 9_550, 9_550).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn g29_d4_what_is_due_no_more_when_it_is_posted_stays_as_credit_and_is_refused_elsewhere() {
    for (paid_minor, posted_minor) in [(20_450, 100_000), (120_450, 0)] {
        let mut house = House::without_worker().await;
        house.execute(KEEPS_CREDIT).await;
        let guest = house.client();
        let form = guest.open("INV-501").await;
        guest.pay(&form, "pm_card_visa").await;
        house.edit_books(json!({"number": "INV-501", "pay_minor": paid_minor})).await;
        house.start_worker();
        assert_credit(&house, "RECEIVE-OVERPAYMENT", paid_minor, paid_minor).await;
        house.assert_everything_agrees().await;
        let posted = house.books_payments("INV-501").await;
        let sum: i64 = posted.iter().map(|payment| payment["amount_minor"].as_i64().unwrap()).sum();
        assert_eq!((sum, house.books_invoice("INV-501").await["status"].as_str()), (posted_minor, Some("PAID")));
        assert_eq!(house.number("SELECT COUNT(*) FROM claim WHERE live").await, 0, "nothing keeps anybody off it");
    }
    let mut house = House::without_worker().await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.edit_books(json!({"number": "INV-501", "pay_minor": 20_450})).await;
    house.start_worker();
    assert_left_to_a_person(&house, &form).await;
}

/// The books refuse what is over, and nothing of it is kept as credit.
async fn assert_left_to_a_person(house: &House, form: &Form) {
    let is_refused = async || house.story(form).await.contains("but the books refused it");
    house.until("a person decides", is_refused).await;
    assert!(house.advances().await.is_empty());
}

#[tokio::test]
async fn g29_nothing_of_an_invoice_in_another_currency_than_the_merchants_stays_as_credit() {
    let mut house = House::without_worker().await;
    house.execute(KEEPS_CREDIT).await;
    house.execute("UPDATE merchant SET currency = 'EUR' WHERE name = 'Northwind IT'").await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    let page = change(&guest, &form, "USD", "1,300.00").await;
    assert!(!page.contains("stays as credit") && page.contains("Pay $1,204.50"), "{page}");
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.edit_books(json!({"number": "INV-501", "pay_minor": 20_450})).await;
    house.start_worker();
    assert_left_to_a_person(&house, &form).await;
}

#[tokio::test]
async fn d4_g29_what_a_person_has_entered_before_us_stands_and_is_no_credit() {
    let mut house = House::without_worker().await;
    house.execute(KEEPS_CREDIT).await;
    let guest = house.client();
    guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
    enter_by_hand(&house, "1204.50").await;
    house.start_worker();
    let is_posted = "SELECT COUNT(*) FROM books_entry WHERE state = 'posted'";
    house.until("it is found", async || house.number(is_posted).await == 1).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
    assert!(house.advances().await.is_empty());
    assert_eq!(house.number("SELECT COUNT(*) FROM invoice WHERE advance IS NOT NULL").await, 0);
}

#[tokio::test]
async fn d2_g29_two_jobs_that_post_one_payment_keep_what_is_over_once() {
    let mut house = House::without_worker().await;
    house.execute(KEEPS_CREDIT).await;
    let guest = house.client();
    guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
    house.edit_books(json!({"number": "INV-501", "pay_minor": 20_450})).await;
    let twice = "INSERT INTO job (id, merchant_id, payment_id, unique_key, body, state, run_at, tries, created_at)
         SELECT randomblob(16), merchant_id, payment_id, 'twice',
             replace(body, 'post_payment\"', 'post_again\",\"asked_ms\":1'), state, run_at, tries, created_at
         FROM job WHERE unique_key LIKE 'post_payment:%'";
    house.execute(twice).await;
    // Long enough for both to have read what is meant before either has ended it.
    let slow = json!({"vendor": "xero", "fault": "delay_ms:1500", "times": 2,
        "match": "PUT /xero/api.xro/2.0/Payments"});
    house.arm_with(slow).await;
    house.start_worker();
    assert_credit(&house, "RECEIVE-OVERPAYMENT", 20_450, 20_450).await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT COUNT(*) FROM invoice WHERE advance IS NOT NULL").await, 1);
    assert_eq!(house.number("SELECT COUNT(*) FROM job WHERE unique_key = 'twice' AND state = 'done'").await, 1);
}

#[tokio::test]
async fn g37_g29_a_refund_pays_the_credit_out_before_any_sale_is_cancelled() {
    let house = House::new().await;
    let (_, form) = overpaid(&house).await;
    assert_credit(&house, "RECEIVE-OVERPAYMENT", 9_550, 9_550).await;
    house.assert_everything_agrees().await;
    for (amount, notes) in [("95.50", 0), ("100.00", 1)] {
        let admin = house.staff().await;
        Dialog::open(&admin, &form.payment).await.press(&admin, amount).await;
        house.until("it is paid out", async || house.advances().await[0]["remaining_minor"] == 0).await;
        house.assert_everything_agrees().await;
        assert_eq!(house.state("xero").await["credit_notes"].as_array().unwrap().len(), notes, "{amount}");
    }
    assert_eq!(house.books_invoice("INV-501").await["status"], "PAID");
}

/// INV-501, overpaid by 95.50 from an account whose bank returns it later; posted.
async fn debited(house: &House) -> Form {
    house.execute(KEEPS_CREDIT).await;
    let ana = ana(&house.portal).await;
    let (method, answer) = debits::save(&ana, "pm_usBankAccount_dispute", "Ana Example").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let form = ana.open("INV-501").await;
    let form = Form::read(&change(&ana, &form, "USD", "1300.00").await);
    assert_eq!(ana.pay_saved(&form, &method).await.status, 303);
    house.advance(json!({"days": 6})).await;
    assert_credit(house, "RECEIVE-OVERPAYMENT", 9_550, 9_550).await;
    house.assert_everything_agrees().await;
    form
}

#[tokio::test]
async fn d9_g29_a_late_return_takes_the_credit_back_too() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        debited(&house).await;
        house.advance(json!({"days": 25})).await;
        house.until("it is paid out", async || house.advances().await[0]["remaining_minor"] == 0).await;
        let is_owed = async || house.books_invoice("INV-501").await["due_minor"] == 120_450;
        house.until("the invoice is owed again", is_owed).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d9_d30_a_credit_that_was_used_and_whose_money_went_back_is_left_to_a_person() {
    let house = House::new().await;
    debited(&house).await;
    let advance = house.advances().await.remove(0)["id"].as_str().unwrap().to_owned();
    let part = json!({"Amount": "50.00", "Date": "2026-07-01", "Invoice": {"InvoiceNumber": "INV-502"}});
    let part = json!({"Allocations": [part]});
    let address = format!("{}/xero/api.xro/2.0/Overpayments/{advance}/Allocations", house.vendors);
    let allocate = http().put(address).json(&part).bearer_auth(house.books_token().await);
    let allocate = allocate.header("xero-tenant-id", facts::xero::TENANT_ID).header("accept", "application/json");
    let allocated = allocate.send().await.unwrap();
    assert_eq!(allocated.status(), 200, "{}", allocated.text().await.unwrap());
    assert_eq!(house.books_invoice("INV-502").await["due_minor"], 30_000);

    house.advance(json!({"days": 25})).await;
    let inbox = async || house.staff().await.get("/admin/exceptions").await.body;
    let kept = async || inbox().await.contains("went back, but the books keep its payment");
    house.until("staff are told", kept).await;
    let page = inbox().await;
    assert!(page.contains("$95.50 for CR-") && page.contains("It must leave them, reference"), "{page}");
    assert_eq!(house.advances().await[0]["remaining_minor"], 4_550, "nothing of it was touched");
}

#[tokio::test]
async fn g34_a_payment_without_an_invoice_is_charged_once_and_stays_as_credit() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let ana = ana(&house.portal).await;
        let typed = |amount: &'static str| [("amount", amount), ("purpose", "Hardware for Lyon")];
        assert!(ana.get("/prepay").await.body.contains("takes no payments without an invoice here"));
        let refused = ana.post("/api/payments/prepay", &typed("500.00")).await;
        assert_eq!((refused.status, refused.location.as_deref()), (303, Some("/prepay")), "not taken here");
        assert_eq!(ana.call("/api/payments/prepay", &typed("500.00")).await.status, 404);

        house.execute(TAKES_PREPAYMENTS).await;
        for amount in ["0", "-5", "five", "5.001"] {
            let back = ana.post("/api/payments/prepay", &typed(amount)).await;
            assert_eq!((back.status, back.location.as_deref()), (303, Some("/prepay")), "{amount}");
            let page = ana.get("/prepay").await.body;
            for words in
                ["href=\"#amount\"", "id=\"amount-error\" class=\"error\">Enter an amount like", "Hardware for Lyon"]
            {
                assert!(page.contains(words), "{amount}: {words}: {page}");
            }
        }
        let opened = ana.post("/api/payments/prepay", &typed("500.00")).await.location.unwrap();
        let page = ana.get(&opened).await.body;
        assert_has!(page, "Pay $500.00", "Hardware for Lyon", "in advance", "pays no invoice yet");
        assert!(!page.contains("Pay another amount") && !page.contains("Pay a part"), "{page}");
        let form = Form::read(&page);
        let paid = ana.pay(&form, "pm_card_visa").await.location.unwrap();
        let result = ana.get(&paid).await.body;
        assert!(result.contains("You paid $500.00") && result.contains("A payment in advance"), "{result}");
        assert_credit(&house, "RECEIVE-PREPAYMENT", 50_000, 50_000).await;
        assert!(house.advances().await[0]["description"].as_str().unwrap().contains("Hardware for Lyon"));
        assert_eq!(ana.pay(&form, "pm_card_visa").await.location, Some(paid));
        house.assert_everything_agrees().await;

        let is_paid = async || ana.get(&opened).await.body.contains("You paid $500.00");
        house.until("its own page tells of it and takes no more", is_paid).await;
        assert_eq!((house.charges().await.len(), house.advances().await.len()), (1, 1));
        let receipts = "SELECT COUNT(*) FROM mail
             WHERE text LIKE '%Payment in advance: CR-%It stays as credit with Northwind IT.%'";
        house.until("the receipt is written", async || house.number(receipts).await == 1).await;
        // What is set up is read once a second at most.
        house.until("it is offered", async || ana.get("/dashboard").await.body.contains("/prepay")).await;
        let past = ana.get("/payments").await.body;
        assert!(past.contains("CR-") && past.contains("$500.00"), "{past}");
    }
}

#[tokio::test]
async fn d30_g34_a_prepayment_whose_answer_is_lost_stands_once() {
    let house = House::new().await;
    house.execute(TAKES_PREPAYMENTS).await;
    house.arm("xero", "reset_after_execute", WRITE).await;
    let ana = ana(&house.portal).await;
    let opened = ana.post("/api/payments/prepay", &[("amount", "500.00")]).await.location.unwrap();
    ana.pay(&ana.form(&opened).await, "pm_card_visa").await;
    assert_credit(&house, "RECEIVE-PREPAYMENT", 50_000, 50_000).await;
    house.assert_everything_agrees().await;
}

/// The process dies at this step of what stays as credit, paid in advance or over what is due, and another one goes on.
async fn survives(step: &'static str, is_prepaid: bool, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    house.execute(KEEPS_CREDIT).await;
    house.execute(TAKES_PREPAYMENTS).await;
    {
        let mut dying = Server::start(&house, Some(step)).await;
        let ana = ana(&dying.portal).await;
        let form = if is_prepaid {
            let opened = ana.post("/api/payments/prepay", &[("amount", "95.50")]).await.location.unwrap();
            ana.form(&opened).await
        } else {
            let form = ana.open("INV-501").await;
            Form::read(&change(&ana, &form, "USD", "1,300.00").await)
        };
        ana.try_post("/api/payments/take", &form.fields("pm_card_visa")).await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let _server = Server::start(&house, None).await;
    let stands = async || house.advances().await.len() == 1;
    house.until_within(&format!("{step}: it stands in the books"), Duration::from_secs(60), stands).await;
    let kind = if is_prepaid { "RECEIVE-PREPAYMENT" } else { "RECEIVE-OVERPAYMENT" };
    assert_credit(&house, kind, 9_550, 9_550).await;
    house.assert_everything_agrees().await;
    assert_eq!((house.charges().await.len(), house.advances().await.len()), (1, 1), "{step}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_g29_g34_a_server_killed_between_charge_and_posting_keeps_each_credit_once() {
    const STEPS: [&str; 2] = ["after_charge", "after_post"];
    // Each on one database: both kinds are the same rows there.
    let stories = [(false, On::Sqlite), (true, On::Postgres)].into_iter();
    let stories = stories.flat_map(|(is_prepaid, database)| STEPS.map(|step| survives(step, is_prepaid, database)));
    futures::future::join_all(stories).await;
}

#[tokio::test]
async fn g34_what_nobody_has_paid_goes_with_its_checkout() {
    let house = House::new().await;
    house.execute(TAKES_PREPAYMENTS).await;
    let ana = ana(&house.portal).await;
    assert_eq!(ana.post("/api/payments/prepay", &[("amount", "500.00")]).await.status, 303);
    let begun = "SELECT COUNT(*) FROM invoice WHERE advance IS NOT NULL";
    assert_eq!(house.number(begun).await, 1);
    house.advance(json!({"days": 4})).await;
    house.until("it is gone", async || house.number(begun).await == 0).await;
}

/// Harbour's books are ours: what is over stands in them as a row of its own.
#[tokio::test]
async fn g29_the_built_in_ledger_keeps_what_is_over() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let guest = house.client();
        let form = guest.form(&guest.get(&harbour_link("HT-1001")).await.location.unwrap()).await;
        let due: i64 = form.expected.split(' ').nth(1).unwrap().parse().unwrap();
        let more = format!("{}.{:02}", (due + 9_550) / 100, (due + 9_550) % 100);
        let page = change(&guest, &form, "NZD", &more).await;
        assert!(page.contains("95.50 over what is due stays as credit with"), "{page}");
        let result = guest.pay(&Form::read(&page), "sbx_approved").await.location.unwrap();
        assert!(guest.get(&result).await.body.contains("You paid"));
        let over = "SELECT COUNT(*) FROM ledger_payment JOIN invoice ON invoice.id = ledger_payment.invoice_id
             WHERE ledger_payment.amount_minor = 9550 AND invoice.advance = 'over_payment' AND invoice.due_minor = 0";
        house.until("what is over stands in the ledger", async || house.number(over).await == 1).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn g27_g29_g34_d10_one_command_sets_what_a_merchant_takes_and_says_it() {
    // Nobody writes meanwhile: this test waits for the command with everything of the house.
    let house = House::without_worker().await;
    let said = |arguments: &[&str]| {
        let told = house.program(arguments).stdout(Stdio::piped()).output().unwrap();
        (told.status.success(), String::from_utf8(told.stdout).unwrap())
    };
    let (done, words) = said(&["merchant", facts::NORTHWIND.key]);
    assert!(done && words.contains("takes parts: no; takes more: no; prepayments: no; retries debits: no"), "{words}");
    let all = ["--takes-parts", "yes", "--takes-more", "yes", "--prepayments", "yes", "--retries-debits", "yes"];
    let (done, words) = said(&[&["merchant", facts::NORTHWIND.key][..], &all[..]].concat());
    assert!(
        done && words.contains("takes parts: yes; takes more: yes; prepayments: yes; retries debits: yes"),
        "{words}"
    );
    let (done, words) = said(&["merchant", facts::NORTHWIND.name, "--takes-parts", "no"]);
    assert!(done && words.contains("takes parts: no; takes more: yes"), "the rest stays: {words}");
    assert!(!said(&["merchant", "nobody"]).0 && !said(&["merchant", "x", "--takes-more", "maybe"]).0);
    let (done, words) = said(&["merchant", facts::HARBOUR.key, "--address", ""]);
    assert!(done && words.contains("tax number: 123-456-789; address: none"), "{words}");
    let told = "SELECT COUNT(*) FROM audit WHERE actor = 'operator' AND action = 'set merchant' \
        AND subject LIKE 'takes_parts%'";
    assert_eq!(house.number(told).await, 2, "a line of the operator's for each change, and none for a look");
    let guest = house.client();
    let form = guest.open("INV-501").await;
    assert!(change(&guest, &form, "USD", "1,300.00").await.contains("stays as credit with Northwind IT"));
}
