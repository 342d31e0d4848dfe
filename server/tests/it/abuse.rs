//! Guesses and crowds: numbers of invoices, companies, amounts, passwords, addresses behind proxies. Whoever means well
//! does not notice any of it.

use crate::support::{Client, Form, House, http, link, link_for};
use futures::future::join_all;
use serde_json::json;
use simulators::facts;
use std::{sync::Mutex, time::Duration};

const INVOICE_READS: &str = "GET /xero/api.xro/2.0/Invoices";
const READS_MAX: u64 = 1_000_000;

/// Makes the books count how often they are asked about invoices, once the worker has read them by itself.
pub async fn count_reads(house: &House) {
    let synced = "SELECT COUNT(*) FROM job WHERE state = 'done' AND unique_key LIKE 'sync_books%'";
    house.until("the books were read", async || house.number(synced).await > 1).await;
    let fault = json!({"vendor": "xero", "fault": "delay_ms:0", "times": READS_MAX, "match": INVOICE_READS});
    house.arm_with(fault).await;
}

pub async fn reads(house: &House) -> u64 {
    READS_MAX - house.armed().await["armed"][0]["times"].as_u64().unwrap()
}

#[tokio::test]
async fn an_unknown_number_is_asked_once_and_who_goes_on_guessing_is_held() {
    let house = House::new().await;
    let (guesser, other) = (house.client().from("198.51.100.1"), house.client().from("198.51.100.2"));
    count_reads(&house).await;
    for client in [&guesser, &guesser, &other] {
        assert_eq!(client.get(&link("INV-999999")).await.status, 404);
    }
    assert_eq!(reads(&house).await, 1, "the books were asked once");

    for number in 1..30 {
        assert_eq!(guesser.get(&link(&format!("INV-9990{number}"))).await.status, 404);
    }
    assert_eq!(reads(&house).await, 30);
    let held = guesser.get(&link("INV-99999")).await;
    assert_eq!(held.status, 429);
    assert!(held.body.contains("Wait") && held.body.contains("minutes"), "{}", held.body);
    assert_eq!(reads(&house).await, 30, "nothing goes to the books any more");
    guesser.open("INV-501").await;
    assert_eq!(other.get(&link("INV-99999")).await.status, 404, "nobody else is held");
}

#[tokio::test]
async fn guesses_from_many_networks_leave_the_merchant_calls_of_its_books() {
    let house = House::new().await;
    count_reads(&house).await;
    let guess = async |number: usize| {
        let client = house.client().from(&format!("198.51.100.{}", number / 20));
        client.get(&link(&format!("GUESS-{number}"))).await.status
    };
    for number in 0..50 {
        assert_eq!(guess(number).await, 404);
    }
    assert_eq!(guess(50).await, 429);
    assert_eq!(reads(&house).await, 50, "nothing goes to the books any more");
    house.client().from("198.51.100.99").open("INV-501").await;
    house.pass_an_hour().await;
    assert_eq!(guess(51).await, 404);
    assert_eq!(guess(52).await, 404, "it counts anew");
}

#[tokio::test]
async fn a_wrong_amount_again_and_again_does_not_reach_the_books() {
    let house = House::new().await;
    let (guesser, other) = (house.client().from("198.51.100.1"), house.client().from("198.51.100.2"));
    let mut form = guesser.open("INV-501").await;
    let right = form.expected.clone();
    count_reads(&house).await;
    for amount in 1..=30 {
        form.expected = format!("USD {amount}");
        assert_eq!(guesser.call("/api/payments/take", &form.fields("pm_card_visa")).await.status, 409);
    }
    let before = reads(&house).await;
    assert_eq!(guesser.call("/api/payments/take", &form.fields("pm_card_visa")).await.status, 429);
    assert_eq!(reads(&house).await, before);
    form.expected = right;
    assert_eq!(other.open("INV-502").await.expected, "USD 35000");
    assert_eq!(guesser.pay(&form, "pm_card_visa").await.status, 303);
    house.assert_paid_once("INV-501", 120_450).await;
}

#[tokio::test]
async fn documents_that_are_asked_for_again_and_again_leave_the_merchant_calls_of_its_books() {
    let house = House::new().await;
    let reader = house.client();
    let mut documents = Vec::new();
    for number in ["INV-501", "INV-502", "INV-503"] {
        documents.push(format!("/npe/invoice.pdf?transactionId={}", reader.open(number).await.checkout));
    }
    count_reads(&house).await;
    let get = async |document: &str| reader.get(document).await;
    for document in &documents[..2] {
        for _ in 0..10 {
            assert_eq!(get(document).await.status, 200);
        }
    }
    for (document, what) in [(&documents[0], "ten of one invoice"), (&documents[2], "twenty of one merchant")] {
        let held = get(document).await;
        assert!(held.status == 429 && held.body.contains("Wait"), "{what}: {}", held.body);
    }
    assert_eq!(reads(&house).await, 20, "nothing goes to the books any more");
    house.pass_an_hour().await;
    assert_eq!(get(&documents[0]).await.status, 200);
}

#[tokio::test]
async fn d20_a_link_that_names_another_company_is_answered_like_an_unknown_invoice() {
    let house = House::new().await;
    let client = house.client();
    let unknown = client.get(&link_for("INV-999999", "BOLT")).await;
    let wrong = client.get(&link_for("INV-501", "BOLT")).await;
    // Each page names the number of its own link, and nothing else differs.
    let told = wrong.body.replace("INV-501", "INV-999999");
    assert_eq!((wrong.status, &told), (404, &unknown.body), "to the letter");
    for right in ["ACME", "acme", "Acme%20Pty%20Ltd", "+acme++pty+ltd"] {
        let opened = client.get(&link_for("INV-501", right)).await;
        let page = client.get(&opened.location.unwrap()).await;
        assert!(page.body.contains("Acme Pty Ltd"), "{right}");
    }
}

#[tokio::test]
async fn d20_a_link_without_a_company_shows_no_name_on_any_page() {
    let house = House::new().await;
    let client = house.client();
    let opened = client.get(&link_for("INV-501", "")).await.location.unwrap();
    let mut seen = vec![client.get(&opened).await.body];
    let form = client.form(&opened).await;
    seen.push(client.call("/api/payments/page", &[("checkout", &form.checkout)]).await.body);
    for card in ["pm_card_chargeDeclined", "pm_card_visa"] {
        let form = client.form(&opened).await;
        let result = client.pay(&form, card).await.location.unwrap();
        seen.push(client.get(&result).await.body);
    }
    house.assert_paid_once("INV-501", 120_450).await;
    let paid = async || client.get(&link_for("INV-501", "")).await;
    house.until("the link says that it is paid", async || paid().await.status == 409).await;
    seen.push(paid().await.body);
    for page in seen {
        assert!(!page.contains("Acme") && page.contains("Northwind"), "{page}");
    }
    // Who names the company reads it on the receipt.
    let named = client.open("INV-502").await;
    let result = client.pay(&named, "pm_card_visa").await.location.unwrap();
    assert!(client.get(&result).await.body.contains("Invoice INV-502, Acme Pty Ltd"));
}

async fn guess(client: &Client, password: &str) -> String {
    client.call("/api/session/sign_in", &[("email", "ana@acme.test"), ("password", password)]).await.body
}

#[tokio::test]
async fn q16_a_thousand_guesses_from_one_network_are_ten_and_the_owner_comes_from_another() {
    let house = House::new().await;
    let guesser = house.client().from("198.51.100.1");
    let mut evaluated = 0;
    for some in 0..20 {
        // Whatever a client writes itself stands left of what the proxy adds.
        let spoofing: Vec<_> =
            (0..50).map(|n| house.client().from(&format!("10.0.{some}.{n}, 198.51.100.1"))).collect();
        let answers = join_all(spoofing.iter().map(|client| guess(client, "wrong"))).await;
        evaluated += answers.iter().filter(|answer| answer.contains("no_match")).count();
    }
    assert_eq!(evaluated, 10);
    assert!(guess(&guesser, facts::PASSWORD).await.contains("locked_out"));
    let owner = house.client().from("203.0.113.5");
    owner.sign_in("ana@acme.test").await;
    assert!(owner.get("/dashboard").await.body.contains("Acme Pty Ltd"));
}

#[tokio::test]
async fn q16_guesses_from_everywhere_are_twenty_and_the_owner_comes_from_a_network_of_theirs() {
    let house = House::new().await;
    house.client().from("2001:db8:1:2::5").sign_in("ana@acme.test").await;
    let networks: Vec<_> = (0..200).map(|n| house.client().from(&format!("198.51.100.{n}"))).collect();
    let mut evaluated = 0;
    for some in networks.chunks(50) {
        let answers = join_all(some.iter().map(|client| guess(client, "wrong"))).await;
        evaluated += answers.iter().filter(|answer| answer.contains("no_match")).count();
    }
    assert_eq!(evaluated, 20);

    let owner = house.client().from("2001:db8:1:2:ffff::9");
    owner.sign_in("ana@acme.test").await;
    assert!(guess(&house.client().from("2001:db8:1:3::5"), facts::PASSWORD).await.contains("locked_out"));
    house.client().from("198.51.100.1").sign_in("bo@bolt.test").await;
    house.pass_an_hour().await;
    house.client().from("2001:db8:1:3::5").sign_in("ana@acme.test").await;
}

#[tokio::test]
async fn q16_an_unknown_address_is_locked_like_a_known_one() {
    let house = House::new().await;
    let mut told = Vec::new();
    for (email, network) in [("ana@acme.test", "198.51.100.1"), ("nobody@acme.test", "198.51.100.2")] {
        let client = house.client().from(network);
        let mut answers = Vec::new();
        for _ in 0..12 {
            let body = [("email", email), ("password", "wrong")];
            let answer = client.call("/api/session/sign_in", &body).await;
            answers.push((answer.status, answer.body));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].iter().filter(|(status, _)| *status == 401).count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_network_are_held_far_beyond_what_an_office_does() {
    let house = House::with_rate_limits().await;
    let http = http();
    let call = async |network: &str| {
        let request = http.post(format!("{}/api/session/home", house.portal)).header("origin", &house.portal);
        let request = request.header("accept", "application/json").header("x-forwarded-for", network);
        request.form(&[("", "")]).send().await.unwrap()
    };
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.extend(join_all((0..100).map(|_| call("198.51.100.1"))).await);
        if answers.iter().any(|answer| answer.status() == 429) {
            break;
        }
    }
    let passed = answers.iter().position(|answer| answer.status() == 429).unwrap();
    assert!(passed >= 900, "two hundred people with four calls each are no crowd: {passed}");
    let held = answers.swap_remove(passed);
    assert!(held.headers().contains_key("retry-after"));
    assert_eq!(held.text().await.unwrap(), "\"too_many\"");
    assert_eq!(call("198.51.100.2").await.status(), 200, "another network");
    let page = http.get(format!("{}/sign-in", house.portal)).header("x-forwarded-for", "198.51.100.1");
    assert_eq!(page.send().await.unwrap().status(), 200, "pages are not held");
}

#[tokio::test]
async fn a_payment_under_a_chosen_id_is_not_found_and_its_reference_is_ours() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    let far_ahead = format!("pay_ffffffff{}", &form.payment["pay_ffffffff".len()..]);
    for chosen in ["pay_ffffffffffffffffffffffffffffffff", "pay_00000000000000000000000000000007", &far_ahead] {
        let chosen = Form { payment: chosen.to_owned(), ..form.clone() };
        assert_eq!(client.call("/api/payments/take", &chosen.fields("pm_card_visa")).await.status, 404);
    }
    assert!(house.charges().await.is_empty());

    let paid = client.pay(&form, "pm_card_visa").await;
    let result = client.get(&paid.location.unwrap()).await.body;
    let copied = format!("PAY-{}", form.payment[form.payment.len() - 10..].to_uppercase());
    assert!(result.contains("PAY-") && !result.contains(&copied), "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_checkouts_are_held_beyond_what_an_office_opens() {
    let house = House::with_rate_limits().await;
    let guess = async |network: &str| {
        let path = format!("/npe?transactionId=chk_{}", uuid::Uuid::now_v7().simple());
        house.client().from(network).get(&path).await.status
    };
    let mut told = Vec::new();
    while told.len() < 1_000 && !told.contains(&429) {
        told.extend(join_all((0..100).map(|_| guess("198.51.100.1"))).await);
    }
    let passed = told.iter().filter(|status| **status == 404).count();
    assert!(passed >= 200 && told.contains(&429), "{passed} of {}", told.len());
    assert_eq!(guess("198.51.100.2").await, 404, "another network");
}

#[tokio::test]
async fn presses_of_which_nothing_can_come_do_not_spend_the_calls_of_the_books() {
    let house = House::new().await;
    let (client, other) = (house.client(), house.client().from("198.51.100.1"));
    let (form, late) = (client.open("INV-501").await, other.open("INV-501").await);
    client.pay(&form, "pm_card_visa").await;
    house.until("it is posted", async || house.story(&form).await.contains("Posted to the books")).await;
    count_reads(&house).await;
    let press = async || {
        let payment = format!("pay_{}", uuid::Uuid::now_v7().simple());
        let form = Form { payment, expected: "USD 0".into(), ..late.clone() };
        other.call("/api/payments/take", &form.fields("pm_card_visa")).await.status
    };
    for _ in 0..30 {
        assert_eq!(press().await, 409);
    }
    assert_eq!(press().await, 429);
    assert_eq!(reads(&house).await, 30, "nothing goes to the books any more");
}

#[tokio::test]
async fn whose_an_invoice_is_is_not_found_by_trying_names() {
    let house = House::new().await;
    let named = async |network: &str, company: &str| {
        let client = house.client().from(network);
        let opened = client.get(&link_for("INV-501", company)).await;
        match opened.location {
            Some(checkout) => client.get(&checkout).await.body,
            None => opened.body,
        }
    };
    assert!(named("198.51.100.1", "ACME").await.contains("Acme Pty Ltd"));
    for guess in 0..10 {
        let page = named(&format!("198.51.100.{guess}"), &format!("Company {guess}")).await;
        assert!(page.contains("We cannot find that invoice"), "{page}");
    }
    let page = named("198.51.100.20", "ACME").await;
    assert!(page.contains("INV-501") && !page.contains("Acme"), "the right one tells nobody that it is: {page}");
}

#[tokio::test]
async fn a_link_that_knows_the_number_alone_neither_finishes_nor_cancels_what_another_began() {
    let house = House::new().await;
    let (payer, stranger) = (house.client(), house.client());
    let form = payer.open("INV-501").await;
    let hosted = payer.pay(&form, "").await.location.unwrap();

    let checkout = stranger.get(&link_for("INV-501", "")).await.location.unwrap();
    let page = stranger.get(&checkout).await;
    assert!(page.status == 409 && !page.body.contains("/stripe/"), "{}", page.body);
    let checkout = checkout.split("transactionId=").nth(1).unwrap();
    let body = [("checkout", checkout), ("payment", form.payment.as_str())];
    let standing = stranger.call("/api/payments/standing", &body).await;
    assert!(standing.status == 200 && !standing.body.contains("/stripe/"), "{}", standing.body);
    assert_eq!(stranger.call("/api/payments/cancel", &body).await.status, 200);
    let waiting = payer.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
    assert!(waiting.contains(&hosted.replace('&', "&amp;")), "it still waits for its payer: {waiting}");
}

#[tokio::test]
async fn a_waiting_payment_that_is_looked_at_again_and_again_leaves_the_gateway_its_calls() {
    let house = House::without_worker().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, "").await;
    let reads = json!({"vendor": "stripe", "fault": "delay_ms:0", "times": 100, "match": "GET /stripe/"});
    house.arm_with(reads).await;
    let body = [("checkout", form.checkout.as_str()), ("payment", form.payment.as_str())];
    let looks = join_all((0..30).map(|_| client.call("/api/payments/standing", &body))).await;
    assert!(looks.iter().all(|look| look.status == 200));
    let left = house.armed().await["armed"][0]["times"].as_u64().unwrap();
    assert!((97..100).contains(&left), "{left} of 100");
}

#[tokio::test]
async fn a_card_number_in_place_of_a_token_is_neither_kept_nor_sent_on() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    for token in ["4242424242424242", "4242 4242 4242 4242", "pm_1\nERROR all is lost"] {
        assert_eq!(client.call("/api/payments/take", &form.fields(token)).await.status, 400);
    }
    assert_eq!(house.number("SELECT COUNT(*) FROM attempt").await, 0);
}

/// Browsers that go elsewhere while a page is being made: its work goes on for nobody, and ends without a crash.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_before_the_answer_crashes_nothing() {
    static CRASHES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let house = House::new().await;
    let ana = house.signed_in(facts::ANA_EMAIL).await;
    let cookie = format!("wisepay_session={}", ana.cookie("wisepay_session").unwrap());
    // This process runs no other test.
    std::panic::set_hook(Box::new(|crash| CRASHES.lock().unwrap().push(crash.to_string())));
    // As few at once as are drawn at once; so that each is left at another moment of its making.
    for moment in 0..60 {
        let leave = ["/dashboard", "/payments"].map(|path| {
            let page = http().get(format!("{}{path}", house.portal)).header("cookie", &cookie);
            page.timeout(Duration::from_millis(2 * moment)).send()
        });
        join_all(leave).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The test itself may say what it found.
    drop(std::panic::take_hook());
    let crashes = CRASHES.lock().unwrap().clone();
    assert_eq!(crashes, Vec::<String>::new());
    assert_eq!(ana.get("/dashboard").await.status, 200);
}
