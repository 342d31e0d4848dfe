//! Several invoices in one payment, and parts of invoices (G27-G29): one charge, and each invoice has its own in the books.

use crate::support::{Client, Form, House, On, Server, ana, ana_at, assert_has, at_each_step, field};
use domain::consent::{Paid, Wording};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::facts;

const ALL: [(&str, i64); 3] = [("INV-501", 120_450), ("INV-502", 35_000), ("INV-503", 70_000)];
const ALL_MINOR: i64 = 225_450;
const NUMBERS: [&str; 3] = ["INV-501", "INV-502", "INV-503"];

/// The id of an invoice in a row of the dashboard.
async fn id_of(payer: &Client, number: &str) -> String {
    let board = payer.get("/dashboard").await.body;
    let row = board.split("<tr").skip(1).find(|row| row.contains(number));
    field(row.unwrap_or_else(|| panic!("no {number} in {board}")), "invoice")
}

/// Ticks these and presses "Pay selected"; answers where that leads.
async fn select(payer: &Client, numbers: &[&str]) -> String {
    let mut ids = Vec::new();
    for number in numbers {
        ids.push(id_of(payer, number).await);
    }
    let form: Vec<_> = ids.iter().map(|id| ("invoices[]", id.as_str())).collect();
    let pressed = payer.post("/api/invoices/pay_chosen", &form).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    pressed.location.unwrap()
}

/// Northwind takes less than what is due.
async fn takes_parts(house: &House) {
    house.execute("UPDATE merchant SET takes_parts = TRUE WHERE name = 'Northwind IT'").await;
}

/// What is paid of each of a checkout's invoices, as somebody types it.
async fn change(client: &Client, form: &Form, amounts: &[&str]) -> String {
    let mut fields = vec![("checkout", form.checkout.as_str()), ("currency", "USD")];
    fields.extend(amounts.iter().map(|amount| ("amounts[]", *amount)));
    let pressed = client.post("/api/payments/amounts", &fields).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    client.get(&pressed.location.unwrap()).await.body
}

fn checkout_of(form: &Form) -> String {
    format!("/npe?transactionId={}", form.checkout)
}

/// One charge of this amount, and of each invoice one payment in the books that quotes it.
async fn assert_paid(house: &House, minor: i64, shares: &[(&str, i64)]) {
    for (number, minor) in shares {
        let stands = async || house.books_payments(number).await.len() == 1;
        house.until(&format!("{number} stands in the books"), stands).await;
        assert_eq!(house.books_payments(number).await[0]["amount_minor"], *minor, "{number}");
    }
    let charges = house.charges().await;
    assert_eq!(charges.len(), 1, "one charge at the gateway: {charges:?}");
    assert_eq!(charges[0]["amount_minor"], minor);
    for (number, _) in shares {
        let payments = house.books_payments(number).await;
        assert!(payments.len() == 1 && payments[0]["reference"] == charges[0]["id"], "{payments:?}");
    }
}

#[tokio::test]
async fn g28_s110_three_invoices_are_one_charge_three_payments_in_the_books_and_one_receipt() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let ana = ana(&house.portal).await;
        let board = ana.get("/dashboard").await.body;
        assert!(board.contains("Pay selected") && board.contains("Select invoices to pay them together"), "{board}");

        let page = ana.get(&select(&ana, &NUMBERS).await).await.body;
        assert_has!(
            page,
            "3 invoices",
            "Pay $2,254.50",
            "$1,204.50 for invoice INV-501",
            "$350.00 for invoice INV-502",
            "$700.00 for invoice INV-503"
        );
        assert!(!page.contains("Pay a part"), "Northwind takes each whole: {page}");
        let form = Form::read(&page);
        let paid = ana.pay(&form, "pm_card_visa").await.location.unwrap();
        let result = ana.get(&paid).await.body;
        assert_has!(result, "You paid $2,254.50", "3 invoices", "INV-501", "INV-502", "INV-503", "$350.00");
        assert_paid(&house, ALL_MINOR, &ALL).await;
        for (number, _) in ALL {
            assert_eq!(house.books_invoice(number).await["status"], "PAID", "{number}");
        }
        // The same form again is the same payment.
        assert_eq!(ana.pay(&form, "pm_card_visa").await.location, Some(paid));
        assert_paid(&house, ALL_MINOR, &ALL).await;

        let receipts = "SELECT count(*) FROM mail WHERE text LIKE '%Invoice INV-502: $350.00%This payment: $2,254.50%'";
        house.until("the receipt is written", async || house.number(receipts).await == 1).await;
        assert_eq!(house.number("SELECT count(*) FROM mail").await, 1, "one for all three");
        let past = ana.get("/payments").await.body;
        let story = house.story(&form).await;
        let admin = house.staff().await;
        let proof = admin.get(&format!("/admin/transactions/{}/proof", form.payment)).await.body;
        let transactions = admin.get("/admin/transactions").await.body;
        for (what, page) in [("past", past), ("proof", proof), ("transactions", transactions)] {
            assert!(page.contains("INV-502 $350.00") && page.contains("INV-503 $700.00"), "{what}: {page}");
        }
        assert!(story.contains("INV-503") && story.contains("$700.00"), "{story}");
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn g28_everything_overdue_is_one_press() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let board = ana.get("/dashboard").await.body;
    let (_, overdue) = board.split_once("action=\"/api/invoices/pay_chosen\"").unwrap();
    let (overdue, _) = overdue.split_once("</form>").unwrap();
    assert!(overdue.contains("Pay everything overdue, $1,050.00"), "{overdue}");
    let ids = overdue.split("value=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let chosen: Vec<_> = ids.map(|id| ("invoices[]", id)).collect();
    let opened = ana.post("/api/invoices/pay_chosen", &chosen).await.location.unwrap();
    let form = ana.form(&opened).await;
    ana.pay(&form, "pm_card_visa").await;
    assert_paid(&house, 105_000, &[("INV-502", 35_000), ("INV-503", 70_000)]).await;
}

#[tokio::test]
async fn d1_of_two_selections_that_overlap_one_is_charged_and_the_other_reads_which_invoice_is_taken() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (one, two) = (ana(&house.portal).await, ana(&house.portal).await);
        let first = one.form(&select(&one, &["INV-501", "INV-502"]).await).await;
        let second = two.form(&select(&two, &["INV-502", "INV-503"]).await).await;

        let (a, b) = tokio::join!(one.pay(&first, "pm_card_visa"), two.pay(&second, "pm_card_visa"));
        assert_eq!((a.status, b.status), (303, 303), "{} {}", a.body, b.body);

        let charges = house.charges().await;
        assert_eq!(charges.len(), 1, "{charges:?}");
        let first_won = charges[0]["amount_minor"] == 155_450;
        assert!(first_won || charges[0]["amount_minor"] == 105_000, "{charges:?}");
        let (loser, theirs, told) = if first_won { (&two, &second, b) } else { (&one, &first, a) };
        assert_eq!(told.location.as_deref(), Some(&*checkout_of(theirs)));
        let page = loser.get(&checkout_of(theirs)).await;
        assert!(page.status == 409 && page.body.contains("INV-502"), "{} {}", page.status, page.body);
        assert!(page.body.contains("Nothing was charged for the others either."), "{}", page.body);
        let free = if first_won { "INV-503" } else { "INV-501" };
        assert!(house.books_payments(free).await.is_empty(), "nothing was paid of {free}");

        // And what was free all the time is paid alone.
        let again = loser.form(&select(loser, &[free]).await).await;
        loser.pay(&again, "pm_card_visa").await;
        for (number, minor) in ALL {
            house.until(number, async || house.books_payments(number).await.len() == 1).await;
            assert_eq!(house.books_payments(number).await[0]["amount_minor"], minor);
        }
        assert_eq!(house.charges().await.len(), 2);
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d11_one_balance_of_several_that_moves_is_named_old_and_new_and_confirmed() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let form = ana.form(&select(&ana, &["INV-501", "INV-502"]).await).await;
    house.edit_books(json!({"number": "INV-502", "amount_due_minor": 30_000})).await;

    let refused = ana.pay(&form, "pm_card_visa").await.location.unwrap();
    assert!(house.charges().await.is_empty());
    let page = ana.get(&refused).await.body;
    assert!(page.contains("Invoice INV-502 was $350.00, it is now $300.00."), "{page}");
    assert!(page.contains("<title>The amount has changed – Pay $1,504.50"), "{page}");
    let confirmed = Form::read(&page);
    ana.pay(&confirmed, "pm_card_visa").await;
    assert_paid(&house, 150_450, &[("INV-501", 120_450), ("INV-502", 30_000)]).await;
}

#[tokio::test]
async fn s66_no_form_lowers_or_raises_what_the_books_say_where_parts_are_not_taken() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let form = ana.form(&select(&ana, &["INV-501", "INV-502"]).await).await;
    let shown = form.expected.clone();
    assert!(["USD 120450 35000", "USD 35000 120450"].contains(&&*shown), "{shown}");
    for (expected, fault) in [
        (shown.replace("35000", "100"), "amount_moved"),
        (shown.replace("35000", "100/35000"), "not_like_that"),
        (shown.replace("35000", "35001/35000"), "not_within"),
        (shown.replace("35000", "-1/35000"), "not_within"),
        (shown.replace(" 35000", ""), "words_moved"),
        (format!("{shown} 70000"), "words_moved"),
        (shown.replace("USD", "AUD"), "amount_moved"),
    ] {
        let forged = Form { expected: expected.clone(), ..form.clone() };
        let answer = ana.call("/api/payments/take", &forged.fields("pm_card_visa")).await;
        assert!(answer.status == 409 && answer.body.contains(fault), "{expected}: {} {}", answer.status, answer.body);
    }
    let parts = [("checkout", form.checkout.as_str()), ("currency", "USD"), ("amounts[]", "1"), ("amounts[]", "1")];
    let answer = ana.call("/api/payments/amounts", &parts).await;
    assert!(answer.status == 409 && answer.body.contains("not_like_that"), "{} {}", answer.status, answer.body);
    assert!(house.charges().await.is_empty(), "nothing was charged");
    ana.pay(&form, "pm_card_visa").await;
    assert_paid(&house, 155_450, &[("INV-501", 120_450), ("INV-502", 35_000)]).await;
}

#[tokio::test]
async fn n15_words_that_name_one_invoice_are_no_consent_to_several() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let form = ana.form(&select(&ana, &["INV-501", "INV-502"]).await).await;
    // INV-502 is the first, because it is due first.
    let shares = [("INV-502", String::new())];
    let paid = Paid { shares: &shares, credit: None, surcharge: None, amount: "$1,554.50" };
    let words = Wording::Pay1.text("Northwind IT", &paid);
    let forged = Form { consent: hex::encode(Sha256::digest(words)), ..form.clone() };
    let answer = ana.call("/api/payments/take", &forged.fields("pm_card_visa")).await;
    assert!(answer.status == 409 && answer.body.contains("words_moved"), "{} {}", answer.status, answer.body);
    assert!(house.charges().await.is_empty());
}

#[tokio::test]
async fn g27_d14_a_part_lowers_the_balance_and_the_rest_is_paid_later() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        takes_parts(&house).await;
        let guest = house.client();
        let form = guest.open("INV-503").await;
        assert_eq!(form.expected, "USD 70000");

        let page = change(&guest, &form, &["250.00"]).await;
        assert!(page.contains("Pay $250.00") && page.contains("Up to $700.00"), "{page}");
        let part = Form::read(&page);
        assert_eq!(part.expected, "USD 25000/70000");
        let paid = guest.pay(&part, "pm_card_visa").await.location.unwrap();
        let result = guest.get(&paid).await.body;
        assert!(result.contains("You paid $250.00") && result.contains("$450.00"), "{result}");
        assert_paid(&house, 25_000, &[("INV-503", 25_000)]).await;
        let invoice = house.books_invoice("INV-503").await;
        assert_eq!(invoice["status"], "AUTHORISED", "{invoice}");

        let rest = async || guest.get(&checkout_of(&form)).await.body.contains("Pay $450.00");
        house.until("the rest is offered, and no longer the part", rest).await;
        let rest = guest.form(&checkout_of(&form)).await;
        assert_eq!(rest.expected, "USD 45000");
        guest.pay(&rest, "pm_card_visa").await;
        house.until("both stand in the books", async || house.books_payments("INV-503").await.len() == 2).await;
        let paid: i64 = house.charges().await.iter().map(|charge| charge["amount_minor"].as_i64().unwrap()).sum();
        assert_eq!(paid, 70_000);
        assert_eq!(house.books_invoice("INV-503").await["status"], "PAID");
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn g27_g28_parts_of_several_are_one_charge() {
    let house = House::new().await;
    takes_parts(&house).await;
    let ana = ana(&house.portal).await;
    let form = ana.form(&select(&ana, &["INV-501", "INV-502"]).await).await;
    // In the order of the page.
    let is_first = form.expected == "USD 120450 35000";
    let amounts = if is_first { ["1,000.00", "350.00"] } else { ["350.00", "1,000.00"] };
    let page = change(&ana, &form, &amounts).await;
    assert!(page.contains("$1,000.00 for invoice INV-501") && page.contains("Pay $1,350.00"), "{page}");
    ana.pay(&Form::read(&page), "pm_card_visa").await;
    assert_paid(&house, 135_000, &[("INV-501", 100_000), ("INV-502", 35_000)]).await;
    assert_eq!(house.books_invoice("INV-502").await["status"], "PAID");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn g29_more_than_is_due_is_refused_and_what_was_typed_stays() {
    let house = House::new().await;
    takes_parts(&house).await;
    let guest = house.client();
    let form = guest.open("INV-503").await;
    for typed in ["700.01", "0", "-5"] {
        let page = change(&guest, &form, &[typed]).await;
        assert!(page.contains("enter an amount above zero, up to $700.00"), "{typed}: {page}");
        assert!(page.contains(&format!("value=\"{typed}\"")) && page.contains("Pay $700.00"), "{typed}: {page}");
    }
    let page = change(&guest, &form, &["seven"]).await;
    assert!(page.contains("Enter an amount like 1204.50.") && page.contains("value=\"seven\""), "{page}");
    let forged = Form { expected: "USD 70001/70000".into(), ..form.clone() };
    let answer = guest.call("/api/payments/take", &forged.fields("pm_card_visa")).await;
    assert!(answer.status == 409 && answer.body.contains("not_within"), "{} {}", answer.status, answer.body);
    // A part that was shown before the balance moved is confirmed again (D11).
    let part = Form::read(&change(&guest, &form, &["250.00"]).await);
    house.edit_books(json!({"number": "INV-503", "amount_due_minor": 60_000})).await;
    let refused = guest.pay(&part, "pm_card_visa").await.location.unwrap();
    let page = guest.get(&refused).await.body;
    assert!(page.contains("It was $700.00, it is now $600.00.") && page.contains("Pay $250.00"), "{page}");
    assert!(house.charges().await.is_empty(), "nothing was charged");
}

#[tokio::test]
async fn d20_an_invoice_of_somebody_else_is_not_paid_with_ones_own() {
    let house = House::new().await;
    let (ana, bo) = (ana(&house.portal).await, house.signed_in(facts::BO_EMAIL).await);
    let harbour = ana_at(&house.portal, facts::HARBOUR.name).await;
    let own = id_of(&ana, "INV-501").await;
    let (bolts, harbours) = (id_of(&bo, "INV-601").await, id_of(&harbour, "HT-1001").await);
    let checkouts = house.number("SELECT count(*) FROM checkout").await;
    for (payer, chosen) in [(&ana, [&own, &bolts]), (&ana, [&harbours, &own]), (&bo, [&bolts, &own])] {
        let form = chosen.map(|id| ("invoices[]", id.as_str()));
        assert_eq!(payer.call("/api/invoices/pay_chosen", &form).await.status, 404);
    }
    assert_eq!(house.number("SELECT count(*) FROM checkout").await, checkouts, "none was opened");
}

#[tokio::test]
async fn d13_what_cannot_be_paid_together_is_said_on_the_dashboard() {
    // The books would be read again, and put the currency right.
    let house = House::without_worker().await;
    let ana = ana(&house.portal).await;
    let ids = [id_of(&ana, "INV-501").await, id_of(&ana, "INV-502").await];
    let refused = ana.post("/api/invoices/pay_chosen", &[]).await;
    assert_eq!(refused.location.as_deref(), Some("/dashboard"));
    assert!(ana.get("/dashboard").await.body.contains("First select the invoices"), "nothing was ticked");

    house.execute("UPDATE invoice SET currency = 'AUD' WHERE number = 'INV-502'").await;
    let both = ids.each_ref().map(|id| ("invoices[]", id.as_str()));
    let refused = ana.post("/api/invoices/pay_chosen", &both).await;
    assert_eq!(refused.location.as_deref(), Some("/dashboard"));
    let board = ana.get("/dashboard").await.body;
    assert!(board.contains("One payment has one currency."), "{board}");
    let twice = [both[0], both[0]];
    assert_eq!(ana.post("/api/invoices/pay_chosen", &twice).await.status, 303, "the same one twice is that one");
}

#[tokio::test]
async fn d20_a_guest_with_a_link_to_one_of_them_learns_nothing_of_the_others() {
    let house = House::new().await;
    let (ana, guest) = (ana(&house.portal).await, house.client());
    let link = guest.open("INV-502").await;
    let form = ana.form(&select(&ana, &NUMBERS).await).await;
    // On the gateway's own page: it waits for its payer.
    let hosted = ana.pay(&form, "").await.location.unwrap();
    assert!(hosted.starts_with(&house.vendors), "{hosted}");

    let page = guest.get(&checkout_of(&link)).await;
    assert!(page.status == 409 && page.body.contains("Someone is paying invoice INV-502 now"), "{}", page.body);
    let asked = [("checkout", link.checkout.as_str()), ("payment", form.payment.as_str())];
    let standing = guest.call("/api/payments/standing", &asked).await;
    assert_eq!(standing.status, 200, "{}", standing.body);
    let told: Value = serde_json::from_str(&standing.body).unwrap();
    assert_eq!(told["amount"]["minor"], 35_000, "{told}");
    for answer in [&page.body, &standing.body] {
        assert!(!answer.contains("INV-501") && !answer.contains("INV-503"), "{answer}");
    }

    // Who is signed in for the company finds it under each of its invoices, and gives it up.
    let opened = ana.post("/api/invoices/pay", &[("invoice", &id_of(&ana, "INV-503").await)]).await.location.unwrap();
    let waiting = ana.get(&opened).await.body;
    assert!(waiting.contains("Continue to pay $2,254.50") && waiting.contains("Cancel payment"), "{waiting}");
    let give_up = [("checkout", form.checkout.as_str()), ("payment", form.payment.as_str())];
    let given_up = ana.post("/api/payments/cancel", &give_up).await.location.unwrap();
    assert!(ana.get(&given_up).await.body.contains("The invoices are still open."));
    let free = async || guest.get(&checkout_of(&link)).await.status == 200;
    house.until("all of them are free again", free).await;
}

#[tokio::test]
async fn g37_g28_a_refund_of_a_part_is_credited_by_the_invoices_numbers() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let form = ana.form(&select(&ana, &NUMBERS).await).await;
    ana.pay(&form, "pm_card_visa").await;
    assert_paid(&house, ALL_MINOR, &ALL).await;
    let admin = house.staff().await;
    let story = format!("/admin/transactions/{}", form.payment);
    let page = admin.get(&story).await.body;
    assert!(page.contains("one invoice after the other") && page.contains("INV-501, INV-502, INV-503"), "{page}");
    let refund = async |amount: &str| {
        let refund = field(&admin.get(&story).await.body, "refund");
        let fields = [
            ("payment", form.payment.as_str()),
            ("refund", refund.as_str()),
            ("currency", "USD"),
            ("amount", amount),
            ("reason", "Wrong quantity"),
        ];
        assert_eq!(admin.post("/api/refunds/start", &fields).await.status, 303);
    };
    let credits = async || {
        let notes = house.state("xero").await["credit_notes"].as_array().unwrap().clone();
        let mut paid: Vec<_> = notes.iter().map(|note| note["paid_minor"].as_i64().unwrap()).collect();
        paid.sort_unstable();
        paid
    };
    // All of INV-501's share and some of INV-502's, then the rest of that and some of INV-503's.
    refund("1,300.00").await;
    house.until("two credits", async || credits().await == [9_550, 120_450]).await;
    refund("300.00").await;
    house.until("two more", async || credits().await == [4_550, 9_550, 25_450, 120_450]).await;
    assert_eq!(house.charges().await[0]["refunded_minor"], 160_000);
    house.assert_everything_agrees().await;
}

/// The process dies at this step of a payment of three invoices, and another one goes on.
async fn survives(step: &'static str, database: On) {
    let Some(house) = House::vendors_alone_on(database).await else { return };
    {
        let mut dying = Server::start(&house, Some(step)).await;
        let ana = ana(&dying.portal).await;
        let form = ana.form(&select(&ana, &NUMBERS).await).await;
        ana.try_post("/api/payments/take", &form.fields("pm_card_visa")).await;
        dying.until_dead(step).await;
    }
    house.outlive_the_dead();
    let _server = Server::start(&house, None).await;
    assert_paid(&house, ALL_MINOR, &ALL).await;
    house.assert_everything_agrees().await;
    assert_paid(&house, ALL_MINOR, &ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_g28_a_server_killed_between_charge_and_posting_posts_all_three_once() {
    const STEPS: [&str; 5] = ["after_charge", "after_record", "before_post", "after_post", "before_post_commit"];
    at_each_step(STEPS, &[On::Sqlite], survives).await;
    at_each_step(STEPS, &[On::Postgres], survives).await;
}
