//! What is added for a way of paying (G21, G22, G25, G26, N12): shown before consent, charged once, and in the books as an
//! invoice of its own that comes and goes with its payment. What becomes of it there: `surcharges_in_books.rs`.

use crate::{
    abuse::{count_reads, reads},
    kept_cards, methods,
    refunds::{self, Dialog},
    support::{Answer, Client, Form, House, On, ana, assert_has, field, link},
};
use serde_json::{Value, json};
use simulators::facts;
use std::{process::Stdio, time::Duration};

/// Debit and prepaid cards have none, because no rule names them.
pub const RULES: &str = r#"{
  "place": "US-TX",
  "rules": [
    {"rate_ppm": 15000, "account": "200"},
    {"brand": "amex", "rate_ppm": 20000, "fixed_minor": 30, "cap_minor": 1000, "currency": "USD",
     "account": "200", "tax": "OUTPUT"}
  ]
}"#;
/// 1.5 percent of 1,204.50.
pub const ADDED: i64 = 1_807;
pub const TOTAL: i64 = 122_257;
pub const KNOWN_WITHIN: Duration = Duration::from_secs(60);

pub async fn set_rules(house: &House, merchant: &str, rules: &str) {
    let policy = engine::read_rules(rules).unwrap();
    house.engine.replace_surcharge_rules(merchant, &policy).await.unwrap();
}

/// Northwind with rules.
pub async fn with_rules(database: On) -> Option<House> {
    let house = House::on(database).await?;
    set_rules(&house, facts::NORTHWIND.key, RULES).await;
    Some(house)
}

/// The page that asks to confirm a sum, after a press that was answered by it.
pub async fn asked(client: &Client, pressed: &Answer) -> String {
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    client.get(pressed.location.as_deref().unwrap()).await.body
}

/// Presses Pay, reads the sum, and presses Pay again with what the page has kept.
pub async fn confirmed(client: &Client, form: &Form, token: &str) -> Form {
    let page = asked(client, &client.pay(form, token).await).await;
    assert!(page.contains("Please confirm what you pay"), "{page}");
    assert_eq!(field(&page, "token"), token, "nobody enters a card twice");
    let again = Form::read(&page);
    let paid = client.pay(&again, token).await;
    assert!(paid.location.as_deref().unwrap().contains("/npe/result"), "{}", paid.body);
    again
}

/// The numbers and states of the surcharges' invoices in the books.
pub async fn surcharge_invoices(house: &House) -> Vec<(String, String)> {
    let invoices = house.state("xero").await["invoices"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = invoices.iter().map(|invoice| (text(&invoice["number"]), text(&invoice["status"])));
    all.filter(|(number, _)| number.starts_with("SC-")).collect()
}

/// One charge of invoice and surcharge, and one payment in the books of each.
pub async fn assert_booked(house: &House, patience: Duration) {
    let is_booked = async || surcharge_invoices(house).await.iter().any(|(_, status)| status == "PAID");
    house.until_within("the surcharge stands in the books", patience, is_booked).await;
    house
        .until_within("so does the payment", patience, async || house.books_payments("INV-501").await.len() == 1)
        .await;
    let (charges, surcharges) = (house.charges().await, surcharge_invoices(house).await);
    assert_eq!((charges.len(), &charges[0]["amount_minor"]), (1, &json!(TOTAL)), "{charges:?}");
    assert_eq!(surcharges.len(), 1, "{surcharges:?}");
    for (number, minor) in [("INV-501", TOTAL - ADDED), (surcharges[0].0.as_str(), ADDED)] {
        let payments = house.books_payments(number).await;
        assert_eq!((payments.len(), &payments[0]["amount_minor"]), (1, &json!(minor)), "{number}: {payments:?}");
        assert_eq!(payments[0]["reference"], charges[0]["id"], "both quote the gateway's id");
    }
    assert_eq!(house.books_invoice("INV-501").await["status"], "PAID");
}

pub async fn refund(admin: &Client, form: &Form, amount: &str, surcharge: &str) -> String {
    Dialog::open(admin, &form.payment).await.press_with(admin, amount, surcharge).await;
    admin.get(&format!("/admin/transactions/{}", form.payment)).await.body
}

/// What was paid out of each credit note, the least first.
pub async fn credits(house: &House) -> Vec<i64> {
    refunds::credits(house).await.into_iter().map(|(_, paid)| paid).collect()
}

#[tokio::test]
async fn n12_e20_g21_g22_a_surcharge_is_confirmed_before_it_is_charged_and_has_an_invoice_of_its_own() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = with_rules(database).await else { continue };
        let client = house.client();
        let first = client.get(&client.get(&link("INV-501")).await.location.unwrap()).await.body;
        assert_has!(
            first,
            "Surcharges: American Express credit cards 2\u{a0}% + $0.30, at most $10.00; other credit cards 1.5\u{a0}%.",
            "aria-describedby=\"surcharges consent\"",
            "Pay $1,204.50",
            "No surcharge is added."
        );
        let (said, entered) =
            (first.find("id=\"surcharges\"").unwrap(), first.find("class=\"stack another\"").unwrap());
        assert!(said < entered, "said before a card is entered: {first}");

        let form = Form::read(&first);
        let page = asked(&client, &client.pay(&form, "pm_card_visa").await).await;
        assert!(house.charges().await.is_empty(), "nothing is charged before the sum was seen");
        assert_has!(
            page,
            "For this Visa credit card a surcharge of $18.07 applies. Nothing was charged yet.",
            "<dt>Surcharge</dt><dd>$18.07</dd>",
            "Pay $1,222.57",
            "$1,204.50 for invoice INV-501, and a surcharge of $18.07."
        );
        let again = Form::read(&page);
        assert_ne!(again.payment, form.payment, "a new press is a new payment");
        let paid = client.pay(&again, &field(&page, "token")).await.location.unwrap();
        assert_eq!(client.pay(&again, "pm_card_visa").await.location.unwrap(), paid, "twice is once");
        let result = client.get(&paid).await.body;
        assert!(
            result.contains("You paid $1,222.57") && result.contains("<dt>Surcharge</dt><dd>$18.07</dd>"),
            "{result}"
        );

        assert_booked(&house, KNOWN_WITHIN).await;
        house.assert_everything_agrees().await;
        assert!(house.story(&again).await.contains("Surcharge in it: $18.07."));
        let admin = house.staff().await;
        house.until("the receipt", async || admin.get("/admin/mail").await.body.contains("Receipt: $1,222.57")).await;
        let proof = admin.get(&format!("/admin/transactions/{}/proof", again.payment)).await.body;
        assert!(proof.contains("pay-plus-1") && proof.contains("$18.07"), "{proof}");
        let ana = ana(&house.portal).await;
        let past = ana.get("/payments").await.body;
        assert!(past.contains("$18.07 surcharge") && past.contains("$1,222.57"), "{past}");
    }
}

#[tokio::test]
async fn g25_debit_cards_and_the_gateways_own_page_pay_without_a_surcharge_and_are_asked_nothing() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let client = house.client();
    client.pay(&client.open("INV-501").await, "pm_card_visa_debit").await;
    house.assert_paid_once("INV-501", 120_450).await;
    let elsewhere = client.pay(&client.open("INV-502").await, "").await.location.unwrap();
    assert!(elsewhere.starts_with(&house.vendors), "which card it will be, nobody knows: {elsewhere}");
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT count(*) FROM attempt WHERE surcharge_minor > 0").await, 0);
    assert!(surcharge_invoices(&house).await.is_empty());
}

#[tokio::test]
async fn d11_rules_that_changed_since_the_page_was_drawn_are_asked_about_again() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    set_rules(&house, facts::NORTHWIND.key, RULES).await;
    let page = asked(&client, &client.pay(&form, "pm_card_visa").await).await;
    assert!(page.contains("a surcharge of $18.07 applies"), "{page}");

    set_rules(&house, facts::NORTHWIND.key, &RULES.replace("15000", "20000")).await;
    let page = asked(&client, &client.pay(&Form::read(&page), "pm_card_visa").await).await;
    assert!(page.contains("a surcharge of $24.09 applies") && page.contains("Pay $1,228.59"), "{page}");

    set_rules(&house, facts::NORTHWIND.key, r#"{"place": "US-TX", "rules": []}"#).await;
    let page = asked(&client, &client.pay(&Form::read(&page), "pm_card_visa").await).await;
    assert!(page.contains("For this Visa credit card no surcharge applies."), "{page}");
    assert!(house.charges().await.is_empty(), "nobody pays a sum that they have not seen");
    client.pay(&Form::read(&page), "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn g22_whoever_learns_of_sums_again_and_again_reads_no_books_and_is_held() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let client = house.client().from("198.51.100.1");
    let form = client.open("INV-501").await;
    count_reads(&house).await;
    let press = async || client.call("/api/payments/take", &form.fields("pm_card_visa")).await.status;
    // The first few, and then as many as there are guesses.
    for _ in 0..5 + 30 {
        assert_eq!(press().await, 409);
    }
    assert_eq!(press().await, 429);
    assert_eq!((reads(&house).await, house.charges().await.len()), (0, 0));
    house.pass_an_hour().await;
    confirmed(&client, &client.open("INV-501").await, "pm_card_visa").await;
}

#[tokio::test]
async fn g28_several_invoices_have_one_surcharge_on_their_sum() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let ana = ana(&house.portal).await;
    let board = ana.get("/dashboard").await.body;
    let id_of = |number: &str| {
        let row = board.split("<tr").skip(1).find(|row| row.contains(number));
        field(row.unwrap_or_else(|| panic!("no {number} in {board}")), "invoice")
    };
    let ids = ["INV-501", "INV-502"].map(id_of);
    let chosen = ids.each_ref().map(|id| ("invoices[]", id.as_str()));
    let pressed = ana.post("/api/invoices/pay_chosen", &chosen).await.location.unwrap();
    confirmed(&ana, &ana.form(&pressed).await, "pm_card_visa").await;

    // 1.5 percent of 1,554.50 is 23.3175.
    house
        .until("it is booked", async || surcharge_invoices(&house).await.iter().any(|(_, state)| state == "PAID"))
        .await;
    house.assert_everything_agrees().await;
    assert_eq!(house.charges().await[0]["amount_minor"], 157_782);
    let surcharges = surcharge_invoices(&house).await;
    assert_eq!(surcharges.len(), 1, "{surcharges:?}");
    assert_eq!(house.books_payments(&surcharges[0].0).await[0]["amount_minor"], 2_332);
}

#[tokio::test]
async fn n12_s53_a_saved_card_is_confirmed_without_being_chosen_again() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let ana = ana(&house.portal).await;
    let (method, _) = methods::save(&ana, "pm_card_visa", "Office card").await;
    let page = asked(&ana, &methods::pay_with(&ana, "INV-501", &method).await).await;
    assert!(house.charges().await.is_empty(), "nothing is charged before the sum was seen");
    assert!(page.contains("For this Visa credit card a surcharge of $18.07 applies."), "{page}");
    assert!(field(&page, "saved") == method && !page.contains("name=\"token\""), "{page}");
    let again = Form::read(&page);
    let paid = ana.pay_saved(&again, &method).await.location.unwrap();
    assert!(ana.get(&paid).await.body.contains("You paid $1,222.57"));
    assert_eq!(ana.pay_saved(&again, &method).await.location, Some(paid), "twice is once");
    assert_booked(&house, KNOWN_WITHIN).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n12_s52_a_ticked_box_stays_ticked_while_the_sum_is_confirmed_and_can_be_cleared() {
    for stays in [true, false] {
        let house = with_rules(On::Sqlite).await.unwrap();
        let ana = ana(&house.portal).await;
        let (form, keep) = kept_cards::offered(&ana).await;
        let page = asked(&ana, &kept_cards::pay_and_keep(&ana, &form, &keep, "pm_card_visa").await).await;
        assert!(page.contains(&format!("name=\"keep\" value=\"{keep}\" checked")), "{page}");
        let (again, token) = (Form::read(&page), field(&page, "token"));
        for click in ["once", "twice"] {
            let pressed = if stays {
                kept_cards::pay_and_keep(&ana, &again, &keep, &token).await
            } else {
                ana.pay(&again, &token).await
            };
            assert!(pressed.location.as_deref().unwrap().contains("/npe/result"), "{click}: {}", pressed.body);
        }
        assert_booked(&house, KNOWN_WITHIN).await;
        if stays {
            house.until("the card is kept", async || methods::saved(&ana).await.contains("Ready")).await;
        }
        house.assert_everything_agrees().await;
        let is_kept = usize::from(stays);
        assert_eq!(methods::kept(&house).await.len(), is_kept, "at the gateway");
        let asked_for = "SELECT count(*) FROM job WHERE unique_key LIKE 'keep_card:%'";
        assert_eq!(house.number(asked_for).await, i64::from(stays));
    }
}

/// One charge of this sum; in the books one credit of this type, and one paid invoice of a surcharge, both with its id.
async fn assert_kept(house: &House, total: i64, (kind, credit): (&str, i64), surcharge: i64) {
    house.until("the credit stands in the books", async || house.advances().await.len() == 1).await;
    let is_booked = async || surcharge_invoices(house).await.iter().any(|(_, status)| status == "PAID");
    house.until("the surcharge stands in the books", is_booked).await;
    let (charges, numbers) = (house.charges().await, surcharge_invoices(house).await);
    assert_eq!((charges.len(), &charges[0]["amount_minor"]), (1, &json!(total)), "{charges:?}");
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    let payments = house.books_payments(&numbers[0].0).await;
    assert_eq!((payments.len(), &payments[0]["amount_minor"]), (1, &json!(surcharge)), "{payments:?}");
    assert_eq!(payments[0]["reference"], charges[0]["id"]);
    let advance = house.advances().await.remove(0);
    assert_eq!((&advance["type"], &advance["amount_minor"]), (&json!(kind), &json!(credit)), "{advance}");
    assert!(advance["description"].as_str().unwrap().contains(charges[0]["id"].as_str().unwrap()), "{advance}");
}

#[tokio::test]
async fn g22_g29_more_than_is_due_with_a_surcharge_is_charged_once_and_nothing_of_the_surcharge_is_credit() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = with_rules(database).await else { continue };
        house.execute("UPDATE merchant SET takes_more = TRUE WHERE name = 'Northwind IT'").await;
        let client = house.client();
        let form = client.open("INV-501").await;
        let typed = [("checkout", form.checkout.as_str()), ("currency", "USD"), ("amounts[]", "1300.00")];
        let page = asked(&client, &client.post("/api/payments/amounts", &typed).await).await;
        assert!(page.contains("Pay $1,300.00") && page.contains("No surcharge is added."), "{page}");

        // 1.5 percent of all 1,300.00, and not of what is due alone.
        let page = asked(&client, &client.pay(&Form::read(&page), "pm_card_visa").await).await;
        assert!(house.charges().await.is_empty(), "nothing is charged before the sum was seen");
        assert_has!(
            page,
            "For this Visa credit card a surcharge of $19.50 applies. Nothing was charged yet.",
            "<dt>Of this invoice</dt><dd>$1,204.50</dd>",
            "<dt>Stays as credit</dt><dd>$95.50</dd>",
            "<dt>Surcharge</dt><dd>$19.50</dd>",
            "Pay $1,319.50",
            "$1,204.50 for invoice INV-501, $95.50 over what is due, which stays as credit with Northwind IT, and a \
             surcharge of $19.50."
        );
        let again = Form::read(&page);
        let paid = client.pay(&again, &field(&page, "token")).await.location.unwrap();
        assert_eq!(client.pay(&again, "pm_card_visa").await.location.unwrap(), paid, "twice is once");
        let result = client.get(&paid).await.body;
        assert_has!(result, "You paid $1,319.50", "1 invoice and credit", "<dt>Surcharge</dt><dd>$19.50</dd>");

        assert_kept(&house, 131_950, ("RECEIVE-OVERPAYMENT", 9_550), 1_950).await;
        house.until("the invoice is paid", async || house.books_payments("INV-501").await.len() == 1).await;
        assert_eq!(house.books_payments("INV-501").await[0]["amount_minor"], 120_450);
        assert_eq!(house.books_invoice("INV-501").await["status"], "PAID");
        house.assert_everything_agrees().await;
        let receipts = "SELECT COUNT(*) FROM mail
             WHERE text LIKE '%Stays as credit CR-%: $95.50%Surcharge: $19.50%This payment: $1,319.50%'";
        house.until("the receipt is written", async || house.number(receipts).await == 1).await;
        let admin = house.staff().await;
        let proof = admin.get(&format!("/admin/transactions/{}/proof", again.payment)).await.body;
        assert!(proof.contains("pay-plus-1") && proof.contains("$95.50 over what is due"), "{proof}");

        // A tenth: 1.95 of the surcharge, then the whole credit, then what is left of the invoice.
        let story = admin.get(&format!("/admin/transactions/{}", again.payment)).await.body;
        assert!(story.contains("is paid out first; then the sale is credited"), "{story}");
        refund(&admin, &again, "131.95", "part").await;
        house.until("the refund is booked", async || credits(&house).await == [195, 3_450]).await;
        house.until("the credit is paid out", async || house.advances().await[0]["remaining_minor"] == 0).await;
        assert_eq!(house.charges().await[0]["refunded_minor"], 13_195);
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn g22_g34_a_prepayment_has_a_surcharge_beside_its_credit() {
    let house = with_rules(On::Sqlite).await.unwrap();
    house.execute("UPDATE merchant SET takes_prepayments = TRUE WHERE name = 'Northwind IT'").await;
    let ana = ana(&house.portal).await;
    let opened = ana.post("/api/payments/prepay", &[("amount", "500.00")]).await.location.unwrap();
    let page = asked(&ana, &ana.pay(&ana.form(&opened).await, "pm_card_visa").await).await;
    assert_has!(
        page,
        "Pay $507.50",
        "$500.00 in advance, which stays as credit with Northwind IT and pays no invoice yet, and a surcharge of $7.50."
    );
    let paid = ana.pay(&Form::read(&page), &field(&page, "token")).await.location.unwrap();
    assert!(ana.get(&paid).await.body.contains("You paid $507.50"));
    assert_kept(&house, 50_750, ("RECEIVE-PREPAYMENT", 50_000), 750).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n12_the_command_replaces_checks_and_prints_the_rules() {
    let house = House::without_portal().await;
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good.json"), folder.path().join("bad.json"));
    std::fs::write(&good, RULES).unwrap();
    std::fs::write(&bad, RULES.replace("\"200\"},", "\"200\"},\n    {\"rate_ppm\": 9, \"account\": \"200\"},"))
        .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = house.program(&[&["surcharges"][..], arguments].concat());
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let [good, bad] = [&good, &bad].map(|file| file.to_str().unwrap());
    let none = run(&["northwind"]);
    assert!(none.0 && none.1.contains("has no surcharge rules"), "{none:?}");
    let checked = run(&["northwind", good, "--check"]);
    assert!(checked.0 && checked.1.contains("2 surcharge rule(s) can be taken"), "{checked:?}");
    assert!(run(&["northwind"]).1.contains("has no surcharge rules"), "a check changes nothing");
    assert!(run(&["northwind", good]).0);
    let wrong = run(&["northwind", bad]);
    assert!(
        !wrong.0 && wrong.2.contains("line 5: rule 2 is wrong: it is about the same payments as rule 1"),
        "{wrong:?}"
    );
    assert!(run(&["northwind"]).1.contains("15000"), "what was refused has changed nothing");
    let nobody = run(&["nobody", good]);
    let told = "SELECT COUNT(*) FROM audit WHERE action = 'replace surcharge rules' AND subject = '2 rule(s)'";
    assert_eq!(house.number(told).await, 1, "one line of the operator's for one change");
    assert!(!nobody.0 && nobody.2.contains("there is no merchant nobody"), "{nobody:?}");
}
