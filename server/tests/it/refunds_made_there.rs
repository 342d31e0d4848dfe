//! Refunds that somebody made at the gateway, and those of which news or rows are lost: taken in, or named by the comparison.

use crate::{
    exceptions::{INBOX, a_day_later},
    refunds::{Dialog, REFUNDS, credits, paid, refunded, story_of, tells},
    support::{Form, House, On, assert_has, field, http, sign_event},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simulators::facts;

/// Somebody pays 5.00 of the payment back at the gateway; the refund's id there.
async fn refunded_by_others(house: &House) -> String {
    let intent = house.charges().await.remove(0)["payment_intent"].as_str().unwrap().to_owned();
    let url = format!("{}/stripe/v1/refunds", house.vendors);
    let theirs = http().post(url).bearer_auth(facts::stripe::PORTAL_SECRET_KEY);
    let theirs = theirs.form(&[("payment_intent", intent.as_str()), ("amount", "500")]).send().await.unwrap();
    let theirs: Value = theirs.json().await.unwrap();
    theirs["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn d24_g37_a_refund_made_at_the_gateway_is_taken_in_and_leaves_less_for_ours() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house, "pm_card_visa").await;
        let admin = house.staff().await;
        let id = refunded_by_others(&house).await;
        tells(&house, &admin, &form.payment, "Refund posted to the books").await;
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert_has!(
            page,
            "Refund of $5.00 made at Stripe",
            "Somebody at Stripe",
            "Not asked for here.",
            "Refund paid",
            &*id
        );
        assert!(admin.get("/admin/transactions").await.body.contains("Part refunded"));
        assert_eq!(credits(&house).await, [("PAID".to_owned(), 500)]);
        let mailed = async || admin.get("/admin/mail").await.body.contains("Refund: $5.00 from Northwind IT");
        house.until("the payer is told", mailed).await;
        house.assert_everything_agrees().await;

        let ours = Dialog::open(&admin, &form.payment).await;
        assert_eq!(ours.most, "1199.50");
        let back = ours.press(&admin, "1199.51").await.location.unwrap();
        assert!(admin.get(&back).await.body.contains("up to $1,199.50."));
        ours.press(&admin, "1199.50").await;
        tells(&house, &admin, &form.payment, "All of it was paid back.").await;
        let both = async || credits(&house).await.iter().map(|(_, paid)| *paid).collect::<Vec<_>>() == [500, 119_950];
        house.until("both are in the books", both).await;
        house.assert_everything_agrees().await;
        let home = admin.get("/admin").await.body;
        assert!(home.contains("Nothing needs you"), "{home}");
        assert_eq!(house.engine.verify_books(None).await.unwrap().refunds, 2);
    }
}

/// The same news of a refund, as often.
async fn told_again(house: &House, id: &str, kind: &str, times: usize) {
    let now = house.now().timestamp();
    let sent = futures::future::join_all((0..times).map(|n| {
        let body = format!(
            r#"{{"id":"evt_{id}_{kind}_{n}","object":"event","type":"{kind}","created":{now},"data":{{"object":{{"id":"{id}","object":"refund","metadata":{{}}}}}}}}"#
        );
        let signature = sign_event(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
        let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
        async move { http().post(url).header("stripe-signature", signature).body(body).send().await.unwrap().status() }
    }))
    .await;
    assert!(sent.iter().all(|status| *status == 200), "{sent:?}");
}

#[tokio::test]
async fn d3_d24_fifty_news_of_one_refund_made_there_in_any_order_are_one_refund() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let id = refunded_by_others(&house).await;
    tokio::join!(told_again(&house, &id, "refund.updated", 25), told_again(&house, &id, "refund.created", 25));
    let admin = house.staff().await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT count(*) FROM refund").await, 1);
    assert_eq!(credits(&house).await, [("PAID".to_owned(), 500)]);
    assert_eq!(Dialog::open(&admin, &form.payment).await.most, "1199.50");
}

#[tokio::test]
async fn d24_news_without_our_name_that_come_before_our_own_answer_make_no_second_refund() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_visa").await;
    house.arm("stripe", "reset_after_execute", REFUNDS).await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    let made = house.charges().await.remove(0)["refunds"][0].as_str().unwrap().to_owned();
    told_again(&house, &made, "refund.updated", 3).await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.assert_everything_agrees().await;
    assert_eq!(house.number("SELECT count(*) FROM refund").await, 1);
    assert_eq!(refunded(&house).await, 20_000);
}

#[tokio::test]
async fn d24_a_refund_made_at_the_gateway_whose_news_are_lost_is_named() {
    let house = House::new().await;
    paid(&house, "pm_card_visa").await;
    // The posting is ended a moment after it stands.
    house.assert_everything_agrees().await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let id = refunded_by_others(&house).await;
    let named = format!("Northwind IT: the gateway paid 5.00 back ({id}) by a refund that we do not know");
    assert_eq!(house.differences(None).await, [named]);
}

#[tokio::test]
async fn d30_later_news_of_a_refund_that_a_person_has_entered_credit_nothing() {
    let house = House::new().await;
    paid(&house, "pm_card_visa").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    let id = refunded_by_others(&house).await;
    // Or the comparison that lists it would take it in.
    let silent = json!({"vendor": "stripe", "fault": "http:500", "times": 9, "match": "GET /stripe/v1/refunds/"});
    house.arm_with(silent).await;
    a_day_later(&house).await;
    let admin = house.staff().await;
    let key = field(&admin.get(INBOX).await.body, "exception");
    assert!(key.ends_with(&id), "{key}");
    let fields = [("exception", &*key), ("reason", "Entered by hand"), ("reference", "CN-1")];
    assert_eq!(admin.post("/api/exceptions/fix", &fields).await.status, 303);
    house.disarm().await;

    told_again(&house, &id, "refund.updated", 1).await;
    let unread = "SELECT COUNT(*) FROM webhook WHERE state = 'received'";
    house.until("the news are read", async || house.number(unread).await == 0).await;
    assert_eq!(house.number("SELECT COUNT(*) FROM refund").await, 0);
    assert!(credits(&house).await.is_empty(), "it stands in the books already");
    let page = admin.get(INBOX).await.body;
    assert!(page.contains(&format!("The gateway told of {id}, which is not known here")), "{page}");
}

#[tokio::test]
async fn g37_a_refund_made_there_that_waits_is_asked_about_and_one_that_fails_is_taken_out_again() {
    for (card, first, then) in [
        ("pm_card_pendingRefund", "Refund accepted, not paid out yet", "Refund posted to the books"),
        ("pm_card_refundFail", "Refund posted to the books", "The refund does not stand in the books"),
    ] {
        let house = House::new().await;
        let form = paid(&house, card).await;
        refunded_by_others(&house).await;
        tells(&house, &house.staff().await, &form.payment, first).await;
        if card == "pm_card_pendingRefund" {
            house.arm_times("stripe", "webhook_lost", 9).await;
        }
        house.pass_an_hour().await;
        tells(&house, &house.staff().await, &form.payment, then).await;
        house.assert_everything_agrees().await;
    }
}

/// Heard of first, it would find no share of the invoice that it could be credited on.
#[tokio::test]
async fn d24_a_refund_made_there_in_the_place_of_one_whose_failure_was_not_told_is_credited() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house, "pm_card_refundFail").await;
        let admin = house.staff().await;
        Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
        tells(&house, &admin, &form.payment, "Refund posted to the books").await;
        for news in ["webhook refund.updated", "webhook refund.failed"] {
            house.arm("stripe", "webhook_lost", news).await;
        }
        house.pass_an_hour().await;
        let admin = house.staff().await;
        let page = admin.get(&story_of(&form.payment)).await.body;
        assert!(!page.contains("Refund failed"), "nobody has told: {page}");

        refunded_by_others(&house).await;
        tells(&house, &admin, &form.payment, "Refund of $5.00 made at Stripe").await;
        assert!(admin.get(&story_of(&form.payment)).await.body.contains("Refund failed"), "it was asked for");
        let in_its_place = [("VOIDED".to_owned(), 0), ("PAID".to_owned(), 500)];
        house.until("the one in its place is credited", async || credits(&house).await == in_its_place).await;
        house.assert_everything_agrees().await;
        assert_eq!(Dialog::open(&admin, &form.payment).await.most, "1199.50");
    }
}

/// A payment of five days ago, and the begin of the last day.
async fn paid_days_ago(card: &str) -> (House, Form, DateTime<Utc>) {
    let house = House::new().await;
    let form = paid(&house, card).await;
    house.advance(json!({"days": 5})).await;
    // The comparison that fell due meanwhile would find by itself what follows.
    let compared = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
         WHERE merchant.name = 'Northwind IT' AND job.state = 'done' AND job.unique_key LIKE 'reconcile:%'";
    house.until("it was compared", async || house.number(compared).await == 1).await;
    (house, form, Utc::now() + TimeDelta::days(4))
}

#[tokio::test]
async fn d24_a_window_shows_what_others_paid_back_of_an_older_payment() {
    let (house, form, since) = paid_days_ago("pm_card_visa").await;
    assert!(house.story(&form).await.contains("Cleared"), "the comparison has seen that its money is available");
    house.arm_times("stripe", "webhook_lost", 9).await;
    let id = refunded_by_others(&house).await;
    let named = format!("Northwind IT: the gateway paid 5.00 back ({id}) by a refund that we do not know");
    assert_eq!(house.differences(Some(since)).await, [named]);
}

#[tokio::test]
async fn d9_a_window_shows_a_refund_of_an_older_payment_that_our_ledger_lacks() {
    let (house, form, since) = paid_days_ago("pm_card_visa").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "200.00").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    assert!(house.differences(Some(since)).await.is_empty());
    house.unlock("posting").await;
    // On both sides: a journal that does not balance is named by itself.
    let lost = "UPDATE posting SET amount_minor = 0
        WHERE journal_id IN (SELECT id FROM journal WHERE kind = 'refund_paid') RETURNING amount_minor";
    assert_eq!(house.number(lost).await, 0);
    let differences = house.differences(Some(since)).await;
    let lacking = "our ledger has 120450 where 100450 should stand";
    assert!(matches!(&*differences, [one] if one.ends_with(lacking)), "{differences:?}");
}

#[tokio::test]
async fn g37_a_window_shows_an_older_refund_that_has_failed_and_whose_news_was_lost() {
    let house = House::new().await;
    let form = paid(&house, "pm_card_refundFail").await;
    let admin = house.staff().await;
    Dialog::open(&admin, &form.payment).await.press(&admin, "1204.50").await;
    tells(&house, &admin, &form.payment, "Refund posted to the books").await;
    house.arm_times("stripe", "webhook_lost", 9).await;
    house.pass_an_hour().await;
    let since = Utc::now() + TimeDelta::minutes(50);
    let failed = "the gateway has not paid 1204.50 back (re_";
    let named = |one: &str| one.contains(failed) && one.ends_with("is Succeeded");
    let differences = house.differences(Some(since)).await;
    assert!(matches!(&*differences, [one] if named(one)), "{differences:?}");
    // The comparison of the day asks for it.
    house.advance(json!({"hours": 4})).await;
    tells(&house, &house.staff().await, &form.payment, "The refund does not stand in the books").await;
    house.assert_everything_agrees().await;
}
