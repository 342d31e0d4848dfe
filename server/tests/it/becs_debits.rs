//! Debits of Australian accounts (BECS) that Stripe keeps (S52, S70, N4, D8, D10): saved under a Direct Debit Request, sent
//! with the bank days of their scheme, booked when they have cleared, and never tried again by themselves.

use crate::{
    authorizenet_methods::pay_with,
    debit_retries::RETRIES,
    debits::save_as,
    reef::{LINK, Reef},
    support::{Form, House, On, assert_has, http},
};
use domain::{date::in_words, method::MethodKind, money::Currency};
use serde_json::{Value, json};
use server::demo;
use simulators::facts;

/// Clears two business days later.
const CLEARS: &str = "000000777";
const WITHOUT_MONEY: &str = "222222227";
const SENT: &str = "SELECT count(*) FROM mail WHERE subject LIKE 'Sent to your bank: $350.00%'";
const SIGNED: &str = "SELECT count(*) FROM authority WHERE version = 'becs-1' AND holder = 'Cora Example'";

/// A merchant that is paid in Australian dollars at Stripe.
async fn reef() -> Reef {
    let house = House::with_mail(On::Sqlite).await.unwrap();
    let reef = Reef::of(house, Currency::AUD, |house| demo::stripe(&house.vendors)).await;
    let news = json!({"vendor": "stripe", "url": reef.door("stripe"), "secret": facts::stripe::PORTAL_WEBHOOK_SECRET});
    let told = http().post(format!("{}/control/webhooks", reef.house.vendors)).json(&news).send().await.unwrap();
    assert!(told.status().is_success());
    reef
}

/// What the gateway's fields make of an account, in the payer's browser.
async fn token(reef: &Reef, account: &str) -> String {
    let fields = [
        ("type", "au_becs_debit"),
        ("au_becs_debit[bsb_number]", "000-000"),
        ("au_becs_debit[account_number]", account),
        ("billing_details[name]", "Cora Example"),
        ("billing_details[email]", "cora@coral.test"),
    ];
    let request = http().post(format!("{}/stripe/v1/payment_methods", reef.house.vendors)).form(&fields);
    let answer = request.bearer_auth(facts::stripe::PORTAL_PUBLISHABLE_KEY).send().await.unwrap();
    let made: Value = answer.json().await.unwrap();
    made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// The invoice, paid from an account that was saved for it; the form, and the page after it.
async fn paid(reef: &Reef, account: &str) -> (Form, String) {
    let cora = reef.payer().await;
    let (method, saved) = save_as(&cora, "becs_debit", &token(reef, account).await, "Cora Example").await;
    assert_eq!((saved.status, saved.location.as_deref()), (303, Some("/methods")), "{}", saved.body);
    pay_with(&cora, &method).await
}

#[tokio::test]
async fn s70_n4_d8_an_australian_debit_is_authorised_sent_with_its_day_and_booked_when_it_has_cleared() {
    let reef = reef().await;
    let authority = reef.payer().await.get("/methods/bank?kind=becs_debit").await.body;
    assert_has!(
        authority,
        "Direct Debit Request",
        "Bulk Electronic Clearing System",
        "on behalf of Reef Systems",
        "BSB"
    );
    let today = reef.house.now().with_timezone(&chrono_tz::Australia::Sydney).date_naive();
    let (form, page) = paid(&reef, CLEARS).await;
    let by = format!("it clears by {}", in_words(MethodKind::BecsDebit.clears_by(today).unwrap()));
    assert_has!(page, "$350.00 was sent to your bank", by.as_str(), "Do not pay again", "··0777");
    assert_eq!(reef.house.number(SIGNED).await, 1, "the request that was signed is kept");
    reef.tells(&form, "The books are told when it clears").await;
    reef.house.until("the payer reads that it was sent", async || reef.house.number(SENT).await == 1).await;
    assert!(!reef.mails().await.contains("Receipt: $350.00"), "nothing is receipted yet");
    let others = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(!others.contains("id=\"pay-button\""), "nobody pays it meanwhile: {others}");

    reef.house.advance(json!({"days": 6})).await;
    reef.tells(&form, "Paid, and it stands").await;
    let [charge] = reef.house.charges().await.try_into().unwrap();
    assert_eq!((&charge["amount_minor"], &charge["currency"]), (&json!(35_000), &json!("AUD")));
    reef.house.until("it is receipted", async || reef.mails().await.contains("Receipt: $350.00")).await;
    reef.assert_agrees().await;
}

#[tokio::test]
async fn d10_an_australian_debit_that_fails_says_why_frees_the_invoice_and_is_not_tried_again() {
    const TOLD: &str = "SELECT count(*) FROM mail WHERE text LIKE '%There was not enough money in the account.%'
        AND text LIKE '%What to do now: Pay again when there is enough money in the account.%'";
    let reef = reef().await;
    // Even where the merchant wants it: no document that we have tells this scheme's limits.
    reef.house.execute("UPDATE merchant SET retries_debits = TRUE WHERE name = 'Reef Systems'").await;
    let (form, _) = paid(&reef, WITHOUT_MONEY).await;
    reef.house.advance(json!({"days": 6})).await;
    reef.tells(&form, "There is not enough money").await;
    reef.house.until("the payer is told", async || reef.house.number(TOLD).await == 1).await;
    assert_eq!(reef.house.number(RETRIES).await, 0);
    let page = reef.payer().await.get("/methods").await.body;
    assert!(page.contains("Ready"), "{page}");
    let again = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(again.contains("id=\"pay-button\""), "it can be paid again: {again}");
    reef.assert_agrees().await;
}
