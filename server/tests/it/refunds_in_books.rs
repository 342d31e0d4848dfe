//! Refunds in the books: those that they refuse, those that leave them again, and those of a payment that they refused.

use crate::{
    exceptions::INBOX,
    refunds::{Dialog, an_hour_later, credits, paid, story_of, tells},
    support::{Client, Form, House, On, assert_has, field, http, link},
};
use serde_json::json;
use simulators::facts;

#[tokio::test]
async fn g37_a_refund_that_fails_after_it_succeeded_is_taken_out_of_the_books_and_told() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    let admin = an_hour_later(&house, &form.payment, "The refund does not stand in the books").await;
    assert_eq!(credits(&house).await, [("VOIDED".to_owned(), 0)]);
    let page = admin.get(&story_of(&form.payment)).await.body;
    assert!(page.contains("The card does not exist any more") && page.contains("Refund failed"), "{page}");
    let home = admin.get("/admin").await.body;
    assert!(home.contains("A refund of $1,204.50 has failed."), "{home}");
    let mailed = async || admin.get("/admin/mail").await.body.contains("Refund not paid: $1,204.50");
    house.until("the payer is told", mailed).await;
    house.assert_everything_agrees().await;
    assert_eq!(Dialog::open(&admin, &form.payment).await.most, "1204.50", "it may be paid back in another way");
}

#[tokio::test]
async fn d30_a_refund_whose_payment_is_reconciled_stays_in_the_books_when_it_fails() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    let payments = house.state("xero").await["payments"].as_array().unwrap().clone();
    let paid_out = payments.iter().find(|payment| payment["credit_note"].is_string()).unwrap();
    let matched = json!({"id": paid_out["id"], "reconciled": true});
    let matched = http().post(format!("{}/control/xero/payment", house.vendors)).json(&matched).send().await.unwrap();
    assert_eq!(matched.status(), 200);
    let admin = an_hour_later(&house, &form.payment, "The books refused the refund").await;
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 120_450)], "nothing is undone that a bank has confirmed");
    let home = admin.get("/admin").await.body;
    let told = "is reconciled with the bank statement. Delete the payment with the reference re_";
    assert!(home.contains(told), "{home}");
}

#[tokio::test]
async fn d30_a_refund_that_is_taken_out_half_way_says_that_its_credit_note_is_left() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.arm("xero", "period_locked", "POST /xero/api.xro/2.0/CreditNotes").await;
    let admin = an_hour_later(&house, &form.payment, "The books keep the refund’s credit note").await;
    assert_eq!(credits(&house).await, [("AUTHORISED".to_owned(), 0)]);
    let note = house.state("xero").await["credit_notes"][0]["number"].as_str().unwrap().to_owned();
    let kept = format!("but the books keep its credit note {note}: ");
    let page = admin.get(INBOX).await.body;
    assert_has!(page, &*kept, "Void that credit note");
    assert!(!page.contains("Delete the payment"), "it is gone: {page}");
    let differences = house.differences(None).await;
    let alone = "the books keep its credit note, without its payment";
    assert!(matches!(&*differences, [one] if one.ends_with(alone)), "{differences:?}");

    let line = page.split(&*kept).nth(1).unwrap();
    let again = admin.post("/api/exceptions/retry", &[("exception", &field(line, "exception"))]).await;
    assert_eq!(again.status, 303, "{}", again.body);
    house.until("it is voided", async || credits(&house).await == [("VOIDED".to_owned(), 0)]).await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn g37_a_refund_after_one_that_failed_is_booked_whole_though_the_first_is_still_in_the_books() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    let deletes = "POST /xero/api.xro/2.0/Payments";
    house.arm_with(json!({"vendor": "xero", "fault": "http:500", "times": 1_000, "match": deletes})).await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    let admin = an_hour_later(&house, &form.payment, "Refund failed").await;

    Dialog::open(&admin, &form.payment).await.press(&admin, "50.00").await;
    let paid_out = async || credits(&house).await.iter().map(|(_, paid)| *paid).collect::<Vec<_>>();
    house.until("both stand in the books for now", async || paid_out().await == [5_000, 120_450]).await;
}

#[tokio::test]
async fn d30_a_refund_that_the_books_refuse_says_what_to_enter() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/CreditNotes").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "The books refused the refund").await;
    let home = admin.get("/admin").await.body;
    assert_has!(
        home,
        "$200.00 was paid back for INV-501",
        "Enter a credit note of $200.00 for INV-501",
        "reference re_"
    );
    let differences = house.differences(None).await;
    assert!(matches!(&*differences, [one] if one.ends_with("the books refused it")), "{differences:?}");
}

#[tokio::test]
async fn d30_a_credit_note_that_stands_without_its_payment_is_not_entered_twice() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "The books refused the payment of the refund’s credit note").await;
    let note = house.state("xero").await["credit_notes"][0].clone();
    let (id, number) = (note["id"].as_str().unwrap(), note["number"].as_str().unwrap());
    assert_eq!(credits(&house).await, [("AUTHORISED".to_owned(), 0)]);
    tells(&house, &admin, &form.payment, &format!("credit note {id} stands")).await;
    let home = admin.get("/admin").await.body;
    let stands = format!("Its credit note {number} stands in the books");
    assert_has!(home, &*stands, "Enter that payment alone: $200.00 from the clearing account, reference re_");
    assert!(!home.contains("Enter a credit note"), "{home}");
    let differences = house.differences(None).await;
    let unpaid = "the books have its credit note, and refused the payment of it";
    assert!(matches!(&*differences, [one] if one.ends_with(unpaid)), "{differences:?}");
}

/// INV-501, paid by this card, and refused by the books.
async fn paid_and_refused(house: &House, admin: &Client, card: &str) -> Form {
    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, card).await;
    tells(house, admin, &form.payment, "but the books refused it").await;
    form
}

const NOTHING_OF_IT: &str = "The books need nothing of the refund";

#[tokio::test]
async fn d30_what_is_paid_back_of_a_payment_that_the_books_refused_need_not_be_entered() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let admin = house.staff().await;
        let form = paid_and_refused(&house, &admin, "pm_card_visa").await;
        assert!(admin.get("/admin").await.body.contains("They lack a payment of $1,204.50, reference ch_"));
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert!(page.contains("nothing is taken back there, and less is left to enter."), "{page}");

        Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
        tells(&house, &admin, &form.payment, NOTHING_OF_IT).await;
        let home = admin.get("/admin").await.body;
        let part = "$1,204.50 for INV-501 was taken and $200.00 of it paid back, but the books refused it";
        assert_has!(home, part, "They lack a payment of $1,004.50, reference ch_");
        let differences = house.differences(None).await;
        let refused = "of 1004.50: the books refused it";
        assert!(matches!(&*differences, [one] if one.ends_with(refused)), "{differences:?}");

        Dialog::open(&admin, &form.payment).await.press(&admin, "1004.50").await;
        let calm = async || admin.get("/admin").await.body.contains("Nothing needs you");
        house.until("nothing is left to enter", calm).await;
        assert!(credits(&house).await.is_empty(), "nothing was in the books");
        house.assert_everything_agrees().await;
        let again = house.client().open("INV-501").await;
        assert_ne!(again.payment, form.payment, "the invoice is free");
    }
}

#[tokio::test]
async fn d30_a_refund_that_fails_after_all_asks_for_the_refused_payment_again() {
    let house = House::new().await;
    let admin = house.staff().await;
    let form = paid_and_refused(&house, &admin, "pm_card_refundFail").await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "which refused it. All of it was paid back.").await;
    house.pass_an_hour().await;
    let admin = house.staff().await;
    let lacking = async || admin.get("/admin").await.body.contains("They lack a payment of $1,204.50, reference ch_");
    house.until("it must be entered", lacking).await;
    let differences = house.differences(None).await;
    let refused = "of 1204.50: the books refused it";
    assert!(matches!(&*differences, [one] if one.ends_with(refused)), "{differences:?}");
    let opened = house.client().get(&link("INV-501")).await.location.unwrap();
    assert!(!house.client().get(&opened).await.body.contains("name=\"expected\""), "the invoice is taken");
}

#[tokio::test]
async fn d30_a_refused_payment_that_a_person_has_entered_is_refunded_like_any_other() {
    let house = House::new().await;
    let admin = house.staff().await;
    let form = paid_and_refused(&house, &admin, "pm_card_visa").await;
    let charge = house.charges().await.remove(0)["id"].clone();
    let clearing = json!({"Code": facts::xero::CLEARING_ACCOUNT_CODE});
    let by_hand = json!({"Payments": [{"Invoice": {"InvoiceNumber": "INV-501"}, "Account": clearing,
        "Amount": "1204.50", "Reference": charge}]});
    let enter = http().put(format!("{}/xero/api.xro/2.0/Payments", house.vendors)).json(&by_hand);
    let enter = enter.bearer_auth(house.books_token().await).header("xero-tenant-id", facts::xero::TENANT_ID);
    let entered = enter.header("accept", "application/json").send().await.unwrap();
    assert_eq!(entered.status(), 200, "{}", entered.text().await.unwrap());

    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 20_000)]);
    house.assert_everything_agrees().await;
    let home = admin.get("/admin").await.body;
    assert!(home.contains("Nothing needs you"), "{home}");
}
