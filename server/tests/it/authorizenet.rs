//! A merchant that is paid through Authorize.Net, with the built-in ledger as its books (`reef.rs`). The demo has none of that
//! kind: its merchant at Authorize.Net keeps its books elsewhere.

use crate::{
    reef::{LINK, Reef, VISA},
    support::{Answer, House, assert_has, http, link},
};
use chrono::TimeDelta;
use domain::money::Currency;
use engine::GatewaySettings;
use serde_json::json;
use server::demo;
use simulators::facts::{self, authorizenet as keys};
use std::time::Duration;

#[tokio::test]
async fn s46_a_card_from_the_vendors_window_pays_once_and_stands_in_the_ledger() {
    let reef = Reef::new().await;
    let offered = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await;
    let script = format!("data-script=\"{}/authorizenet/v3/AcceptUI.js\"", reef.house.vendors);
    for part in [script.as_str(), "class=\"AcceptUI\"", "cardCodeRequired", keys::PORTAL_LOGIN, keys::PORTAL_CLIENT_KEY]
    {
        assert!(offered.body.contains(part), "{part} in {}", offered.body);
    }
    assert!(!offered.body.contains(keys::PORTAL_TRANSACTION_KEY), "what charges stays here");
    assert!(offered.body.contains("id=\"card-page\""), "another way, when the window fails: {}", offered.body);

    let form = reef.form().await;
    let paid = reef.pay(&form, VISA).await;
    assert!(paid.body.contains("You paid $350.00") && paid.body.contains("Visa"), "{}", paid.body);
    assert!(reef.pay(&form, VISA).await.body.contains("You paid $350.00"), "the same form, the same payment");
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d31_a_declined_card_may_be_tried_again_at_once_and_is_no_duplicate() {
    let reef = Reef::new().await;
    reef.house.arm("authorizenet", "decline:2", "").await;
    let declined = reef.pay(&reef.form().await, VISA).await;
    assert!(declined.body.contains("Nothing was charged"), "{}", declined.body);
    let form = reef.form().await;
    assert!(reef.pay(&form, VISA).await.body.contains("You paid"));
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d2_an_answer_that_is_lost_after_the_charge_is_found_and_nobody_pays_twice() {
    let reef = Reef::new().await;
    let (form, nonce) = (reef.form().await, reef.nonce(VISA).await);
    reef.house.arm("authorizenet", "reset_after_execute", "").await;
    reef.house.arm_times("authorizenet", "webhook_lost", 9).await;
    let pressed = reef.guest.pay(&form, &nonce).await.location.unwrap();
    let checking = reef.guest.get(&pressed).await.body;
    assert!(checking.contains("Do not pay again"), "{checking}");
    let second = reef.guest.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
    assert!(!second.contains("name=\"expected\""), "no form while the outcome is open: {second}");
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn f5_what_was_not_answered_is_looked_up_and_not_sent_again_within_and_after_the_duplicate_window() {
    // The vendor itself refuses a repeat for two minutes, and takes it for a new charge afterwards.
    futures::future::join_all([119, 121].map(|seconds| async move {
        let reef = Reef::new().await;
        let (form, nonce) = (reef.form().await, reef.nonce(VISA).await);
        reef.house.arm("authorizenet", "reset_after_execute", "").await;
        reef.house.arm_times("authorizenet", "webhook_lost", 9).await;
        let sent_at = reef.house.now();
        let pressed = reef.guest.pay(&form, &nonce).await.location.unwrap();
        assert!(reef.guest.get(&pressed).await.body.contains("Do not pay again"), "{seconds}");
        reef.house.leap(sent_at + TimeDelta::seconds(seconds) - reef.house.now());
        assert!(!reef.pay(&form, VISA).await.body.contains("name=\"expected\""), "{seconds}: the same form");
        reef.assert_paid_once(&form).await;
        let sent = reef.house.state("authorizenet").await["charges"].as_array().unwrap().len();
        assert_eq!(sent, 1, "{seconds}: no second one, not even one that was refused");
    }))
    .await;
}

#[tokio::test]
async fn s46_the_way_without_script_leads_over_the_vendors_page_and_back_to_the_result() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    let (page, token) = reef.go_to_page(&form).await;
    let action = format!("action=\"{}/authorizenet/payment/payment\"", reef.house.vendors);
    assert!(page.body.contains(&action) && page.body.contains("Continue to pay $350.00"), "{}", page.body);
    assert!(!page.body.contains("Cancel payment"), "nobody can close that page: {}", page.body);

    let declined = reef.at_vendor("submit", &token, facts::cards::DECLINED).await;
    assert_eq!(declined.status, 402, "{}", declined.body);
    let result = format!("/npe/result?transactionId={}&payment={}", form.checkout, form.payment);
    let open = reef.guest.get(&result).await.body;
    assert!(open.contains("Do not pay again"), "another card may still pay there: {open}");
    let back = reef.at_vendor("submit", &token, VISA).await.location.unwrap();
    assert_eq!(back, format!("{}{result}", reef.house.portal));
    let paid = async || reef.guest.get(&back).await.body.contains("You paid $350.00");
    reef.house.until("the result is told", paid).await;
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d1_who_turns_back_from_the_vendors_page_frees_nothing_and_may_go_on_there() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    let (_, token) = reef.go_to_page(&form).await;
    let page = reef.at_vendor("payment", &token, "").await.body;
    let back = page.split("href=\"").map(|rest| rest.split('"').next().unwrap()).find(|to| to.contains("left="));
    let back = back.unwrap().replace("&amp;", "&");
    let turned = reef.guest.get(&back).await.body;
    assert!(turned.contains("Continue to pay $350.00") && turned.contains("ends by itself"), "{turned}");
    let asked = [("checkout", form.checkout.as_str()), ("payment", form.payment.as_str())];
    assert_eq!(reef.guest.post("/api/payments/cancel", &asked).await.status, 303);
    let elsewhere = reef.house.client();
    let opened = elsewhere.get(LINK).await.location.unwrap();
    for page in [elsewhere.get(&opened).await.body, reef.guest.get(&back).await.body] {
        assert!(!page.contains("name=\"expected\""), "{page}");
    }
    reef.guest.pay(&form, &reef.nonce(VISA).await).await;
    assert!(reef.taken().await.is_empty(), "one way at a time");
    reef.at_vendor("submit", &token, VISA).await;
    // Nobody came back: the vendor's news or a look-up tells.
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d2_a_page_that_was_left_is_over_within_the_hour_and_the_invoice_can_be_paid_again() {
    let reef = Reef::new().await;
    let left = reef.form().await;
    let (_, token) = reef.go_to_page(&left).await;
    reef.house.pass_an_hour().await;
    let missed = async || reef.story(&left).await.contains("The gateway has not seen it so far");
    reef.house.until("it is missed once", missed).await;
    let named = reef.house.differences(None).await;
    assert!(named.iter().any(|words| words.contains("its outcome has been open since")), "{named:?}");
    let admin = reef.staff().await;
    assert!(admin.get("/admin").await.body.contains("waited for its payer"), "and it is shown to somebody");
    let checkout = format!("/npe?transactionId={}", left.checkout);
    assert!(!reef.guest.get(&checkout).await.body.contains("name=\"expected\""), "once proves nothing");
    reef.house.pass_an_hour().await;
    let is_free = async || reef.guest.get(&checkout).await.body.contains("name=\"expected\"");
    reef.house.until("the invoice can be paid again", is_free).await;
    assert!(reef.story(&left).await.contains("Cancelled before any money moved"));
    assert_eq!(reef.at_vendor("submit", &token, VISA).await.status, 400, "nobody can pay there any more");
    let form = reef.guest.form(&checkout).await;
    assert!(reef.pay(&form, VISA).await.body.contains("You paid"));
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d2_whoever_left_the_vendors_page_reads_when_they_can_pay_again_and_then_they_can() {
    let reef = Reef::new().await;
    let left = reef.form().await;
    let (open, _) = reef.go_to_page(&left).await;
    let again = |page: &str| {
        let told = page.split("you can pay again from ").nth(1).unwrap_or_else(|| panic!("when? {page}"));
        told.split('.').next().unwrap().to_owned()
    };
    let promised = again(&open.body);
    assert!(promised.ends_with("Sydney time"), "{promised}");

    // Look-ups grow rare meanwhile: by themselves, the next two would come minutes too late.
    let looks = "SELECT coalesce(max(tries), 0) FROM job WHERE unique_key LIKE 'look_up:%'";
    let mut minutes = 0;
    while reef.house.number(looks).await < 8 {
        reef.house.advance(json!({"minutes": 1})).await;
        minutes += 1;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert!(minutes < 25, "{minutes}");
    reef.house.advance(json!({"minutes": 28 - minutes})).await;
    reef.house.until("the ninth look-up", async || reef.house.number(looks).await >= 9).await;
    let checkout = format!("/npe?transactionId={}", left.checkout);
    let lapsed = reef.guest.get(&checkout).await.body;
    assert!(lapsed.contains("cannot be opened any more"), "{lapsed}");
    assert!(!lapsed.contains("Continue to pay") && !lapsed.contains("name=\"expected\""), "{lapsed}");
    assert_eq!(again(&lapsed), promised);

    reef.house.advance(json!({"minutes": 5})).await;
    reef.tells(&left, "The gateway has not seen it so far").await;
    reef.house.advance(json!({"minutes": 3})).await;
    let is_free = async || reef.guest.get(&checkout).await.body.contains("name=\"expected\"");
    reef.house.until("the invoice can be paid again", is_free).await;
    let form = reef.guest.form(&checkout).await;
    assert!(reef.pay(&form, VISA).await.body.contains("You paid"));
    reef.assert_paid_once(&form).await;
}

/// The stand-in's page dies with its token, the vendor's may not: the same transaction is made by hand.
#[tokio::test]
async fn d2_a_page_that_is_paid_after_it_was_given_up_is_booked_by_the_news_of_it() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    let (_, token) = reef.go_to_page(&form).await;
    reef.at_vendor("submit", &token, facts::cards::DECLINED).await;
    reef.house.pass_an_hour().await;
    let is_free = async || reef.story(&form).await.contains("The bank said no");
    reef.house.until("it is given up", is_free).await;
    let tried = reef.house.state("authorizenet").await["charges"].as_array().unwrap().last().unwrap().clone();
    let (name, nonce) = (tried["reference"].as_str().unwrap(), reef.nonce(VISA).await);
    let by = format!(r#"{{"name":"{}","transactionKey":"{}"}}"#, keys::PORTAL_LOGIN, keys::PORTAL_TRANSACTION_KEY);
    let with = format!(r#"{{"opaqueData":{{"dataDescriptor":"COMMON.ACCEPT.INAPP.PAYMENT","dataValue":"{nonce}"}}}}"#);
    let what = format!(
        r#"{{"transactionType":"authCaptureTransaction","amount":"350.00","currencyCode":"AUD","payment":{with},"order":{{"invoiceNumber":"{name}"}}}}"#
    );
    let paid = format!(
        r#"{{"createTransactionRequest":{{"merchantAuthentication":{by},"refId":"{name}","transactionRequest":{what}}}}}"#
    );
    let request = http().post(format!("{}/authorizenet/xml/v1/request.api", reef.house.vendors));
    let answer = request.header("content-type", "application/json").body(paid).send().await.unwrap();
    let answer = answer.text().await.unwrap();
    assert!(answer.contains(r#""responseCode":"1""#), "{answer}");

    let booked = async || reef.story(&form).await.contains("The money came after all");
    reef.house.until("the news of it is read", booked).await;
    assert_eq!(reef.taken().await.len(), 1);
    reef.assert_agrees().await;
}

#[tokio::test]
async fn d10_the_postal_code_of_the_card_goes_along_and_a_wrong_one_is_told_as_such() {
    let reef = Reef::new().await;
    let page = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(page.contains("name=\"postal_code\"") && page.contains("autocomplete=\"postal-code\""), "{page}");
    let guest = reef.house.client();
    let elsewhere = guest.get(&guest.get(&link("INV-501")).await.location.unwrap()).await.body;
    assert!(!elsewhere.contains("postal_code"), "its own fields ask for what the gateway needs: {elsewhere}");

    let pay_from = async |postal_code: &str| {
        let (form, nonce) = (reef.form().await, reef.nonce(VISA).await);
        let fields: Vec<_> = form.fields(&nonce).into_iter().chain([("postal_code", postal_code)]).collect();
        let pressed = reef.guest.post("/api/payments/take", &fields).await;
        reef.guest.get(&pressed.location.unwrap()).await.body
    };
    let declined = pay_from("46282").await;
    assert!(declined.contains("Nothing was charged"), "the vendor declines every card from there: {declined}");
    reef.house.arm("authorizenet", "decline:27", "").await;
    let wrong = pay_from("2001").await;
    assert!(wrong.contains("The postal code does not match this card."), "{wrong}");
    assert!(pay_from(VISA).await.contains("You paid"), "what cannot be one is not sent, and not kept");
    assert_eq!(reef.house.number("SELECT count(*) FROM attempt WHERE postal_code IS NOT NULL").await, 2);
}

/// In the vendor's own console: our credentials, not our doing.
#[tokio::test]
async fn d9_a_void_by_staff_at_the_vendor_takes_the_payment_out_of_the_books_and_frees_the_invoice() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    reef.pay(&form, VISA).await;
    reef.assert_paid_once(&form).await;
    let charge = reef.house.state("authorizenet").await["charges"][0]["id"].as_str().unwrap().to_owned();
    let by = format!(r#"{{"name":"{}","transactionKey":"{}"}}"#, keys::PORTAL_LOGIN, keys::PORTAL_TRANSACTION_KEY);
    let void = format!(r#"{{"transactionType":"voidTransaction","refTransId":"{charge}"}}"#);
    let void =
        format!(r#"{{"createTransactionRequest":{{"merchantAuthentication":{by},"transactionRequest":{void}}}}}"#);
    let request = http().post(format!("{}/authorizenet/xml/v1/request.api", reef.house.vendors));
    let answer = request.header("content-type", "application/json").body(void).send().await.unwrap();
    assert!(answer.status().is_success());
    reef.tells(&form, "Cancelled before it settled. It does not stand in the books").await;
    let story = reef.story(&form).await;
    assert_has!(story, "Taken out of the books", "Payment reversed", "Cancelled: $350.00 to");
    let result = format!("/npe/result?transactionId={}&payment={}", form.checkout, form.payment);
    let page = reef.guest.get(&result).await.body;
    assert!(page.contains("It had been accepted, and was cancelled before it settled"), "{page}");
    reef.assert_agrees().await;

    let again = reef.form().await;
    assert!(reef.pay(&again, VISA).await.body.contains("You paid"));
    reef.tells(&again, "Paid, and it stands in the books").await;
    reef.assert_agrees().await;
}

/// What the bank of a card's holder does, with the day's comparison after it: nobody tells of it.
async fn becomes(reef: &Reef, status: &str) {
    let charge = reef.house.state("authorizenet").await["charges"][0]["id"].clone();
    let order = json!({"id": charge, "status": status});
    let control = format!("{}/control/authorizenet/transaction", reef.house.vendors);
    let answer = http().post(control).json(&order).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    reef.house.advance(json!({"days": 1})).await;
    let queued = async || reef.house.number(COMPARISONS).await > 0;
    reef.house.until("a day's comparison is queued", queued).await;
    reef.house.advance(json!({"hours": 4})).await;
}

const COMPARISONS: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Reef Systems' AND job.unique_key LIKE 'reconcile:%' AND job.state <> 'done'";

#[tokio::test]
async fn f23_d9_a_chargeback_is_found_and_leaves_the_books_and_its_reversal_brings_it_back() {
    let reef = Reef::new().await;
    let form = reef.form().await;
    reef.pay(&form, VISA).await;
    reef.house.advance(json!({"days": 2})).await;
    reef.assert_paid_once(&form).await;
    becomes(&reef, "chargeback").await;
    reef.tells(&form, "The dispute was lost, and the bank took the money back. It does not stand in the books").await;
    let again = reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await.body;
    assert!(again.contains("id=\"pay-button\""), "it is owed again: {again}");
    reef.assert_agrees().await;

    becomes(&reef, "chargebackReversal").await;
    reef.tells(&form, "The dispute was won").await;
    reef.tells(&form, "Paid, and it stands in the books").await;
    reef.assert_agrees().await;
}

/// Its page cannot be told to take the whole or nothing.
#[tokio::test]
async fn s66_an_approval_for_less_than_was_asked_is_voided_and_not_booked() {
    let reef = Reef::new().await;
    let left = reef.form().await;
    let (_, token) = reef.go_to_page(&left).await;
    reef.house.arm("authorizenet", "decline:295", "payment/submit").await;
    let back = reef.at_vendor("submit", &token, VISA).await.location.unwrap();
    let voided = async || {
        assert!(reef.guest.get(&back).await.body.contains("Do not pay again"), "another card may still pay there");
        reef.charge().await.0 == "voided"
    };
    reef.house.until("the part is voided", voided).await;
    reef.house.pass_an_hour().await;
    reef.tells(&left, "Cancelled before any money moved").await;
    assert!(!reef.story(&left).await.contains("it stands"), "nothing of it is booked");
    let form = reef.guest.form(&format!("/npe?transactionId={}", left.checkout)).await;
    assert!(reef.pay(&form, VISA).await.body.contains("You paid"));
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d31_a_card_without_enough_on_it_is_declined_and_pays_no_part() {
    let reef = Reef::new().await;
    reef.house.arm("authorizenet", "decline:295", "").await;
    let declined = reef.pay(&reef.form().await, VISA).await;
    assert!(declined.body.contains("Nothing was charged"), "{}", declined.body);
    assert_eq!(reef.charge().await.0, "declined", "the account would have taken a part");
    let form = reef.form().await;
    assert!(reef.pay(&form, VISA).await.body.contains("You paid"));
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn a_page_that_could_not_be_opened_holds_nothing() {
    let reef = Reef::new().await;
    reef.house.arm("authorizenet", "http:500", "").await;
    let pressed = reef.guest.pay(&reef.form().await, "").await.location.unwrap();
    let unsent = reef.guest.get(&pressed).await.body;
    assert!(unsent.contains("nothing was sent"), "{unsent}");
    let form = reef.form().await;
    assert!(reef.pay(&form, VISA).await.body.contains("You paid"));
    reef.assert_paid_once(&form).await;
}

#[tokio::test]
async fn d6_only_what_the_vendor_signed_is_taken_and_only_at_its_own_address() {
    let reef = Reef::new().await;
    let body = r#"{"notificationId":"n-1","eventType":"net.authorize.customer.created","payload":{}}"#;
    for (provider, key, status) in [
        ("authorizenet", keys::PORTAL_SIGNATURE_KEY, 200),
        ("authorizenet", keys::STRANGER_SIGNATURE_KEY, 400),
        ("stripe", keys::PORTAL_SIGNATURE_KEY, 404),
    ] {
        assert_eq!(reef.told(provider, key, body).await, status, "{provider}");
    }
}

fn policy_of(page: &Answer) -> String {
    page.headers["content-security-policy"].to_str().unwrap().to_owned()
}

/// Whose scripts, whose frames, and where forms may lead.
fn allowed(policy: &str) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let directive = |name: &str| {
        let found = policy.split("; ").find_map(|directive| directive.strip_prefix(name)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no {name} in {policy}")).split(' ').collect::<Vec<_>>()
    };
    (directive("script-src"), directive("frame-src"), directive("form-action"))
}

#[tokio::test]
async fn the_vendors_sandbox_is_let_in_where_the_connection_leads_there_and_nowhere_else() {
    const SCRIPTS: &str = "https://jstest.authorize.net";
    const PAGES: &str = "https://test.authorize.net";
    let plain = Reef::new().await;
    let pay_now = plain.guest.get(LINK).await.location.unwrap();
    for page in ["/sign-in", &pay_now] {
        let policy = policy_of(&plain.guest.get(page).await);
        assert!(!policy.contains(SCRIPTS) && !policy.contains(PAGES), "{page}: {policy}");
    }
    let reef = Reef::through(|house| {
        let (mut settings, secret) = demo::authorizenet(&house.vendors, Currency::AUD);
        if let GatewaySettings::AuthorizeNet { script_url, page_url, .. } = &mut settings {
            (*script_url, *page_url) = (format!("{SCRIPTS}/v3/AcceptUI.js"), format!("{PAGES}/payment/payment"));
        }
        (settings, secret)
    })
    .await;
    let elsewhere = policy_of(&reef.guest.get("/sign-in").await);
    assert!(!elsewhere.contains(SCRIPTS) && !elsewhere.contains(PAGES), "{elsewhere}");
    let policy = policy_of(&reef.guest.get(&reef.guest.get(LINK).await.location.unwrap()).await);
    let (scripts, frames, forms) = allowed(&policy);
    assert!(scripts.contains(&SCRIPTS) && frames.contains(&SCRIPTS) && !forms.contains(&PAGES), "{policy}");
    let payer = reef.payer().await;
    let policy = policy_of(&payer.get("/methods/new").await);
    let (scripts, frames, _) = allowed(&policy);
    assert!(scripts.contains(&SCRIPTS) && frames.contains(&SCRIPTS), "where a card is saved as well: {policy}");
    let (page, _) = reef.go_to_page(&reef.form().await).await;
    let policy = policy_of(&page);
    let (scripts, _, forms) = allowed(&policy);
    assert!(forms.contains(&PAGES) && !scripts.contains(&SCRIPTS), "{policy}");
}

#[tokio::test]
async fn the_policy_lets_each_origin_of_a_gateway_do_what_it_is_for() {
    let house = House::new().await;
    let policy = policy_of(&house.client().get("/sign-in").await);
    let (scripts, frames, forms) = allowed(&policy);
    for host in ["https://js.authorize.net", "https://js.stripe.com"] {
        assert!(scripts.contains(&host) && frames.contains(&host) && !forms.contains(&host), "{host}: {policy}");
    }
    for host in ["https://accept.authorize.net", "https://checkout.stripe.com"] {
        assert!(forms.contains(&host) && !scripts.contains(&host) && !frames.contains(&host), "{host}: {policy}");
    }
    assert!(scripts.iter().any(|source| source.starts_with("'nonce-")) && !policy.contains("'unsafe-inline'"));
    assert!([scripts, frames, forms].iter().all(|sources| sources.contains(&house.vendors.as_str())));
}
