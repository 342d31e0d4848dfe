//! What a merchant's partners are told (D7, G78, G79): signed, in order, at least once, and nobody else's.

use crate::{
    kills::press,
    support::{Answer, Client, House, On, Server, assert_has, field, http},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use engine::EndpointError;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use simulators::facts;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

const PAGE: &str = "/admin/webhooks";
const TAB: &str = "/admin/configure/merchants/northwind/integrations";

/// A partner's server: answers as it was told, and then with 200.
#[derive(Clone)]
struct Partner {
    url: String,
    answers: Arc<Mutex<VecDeque<u16>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Heard {
    id: String,
    at: String,
    signatures: String,
    body: String,
}

impl Partner {
    async fn start(answers: &[u16]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", port.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let partner = Self { url, answers, heard: Arc::default() };
        let app = Router::new().fallback(hear).with_state(partner.clone());
        tokio::spawn(async move { axum::serve(port, app).await });
        partner
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What came, as `type sequence`.
    fn told(&self) -> Vec<String> {
        let told = |json: Value| format!("{} {}", json["type"].as_str().unwrap(), json["sequence"]);
        self.heard().iter().map(|heard| told(heard.json())).collect()
    }
}

async fn hear(State(partner): State<Partner>, headers: HeaderMap, body: String) -> (StatusCode, &'static str) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, at, signatures) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    partner.heard.lock().unwrap().push(Heard { id, at, signatures, body });
    let status = partner.answers.lock().unwrap().pop_front().unwrap_or(200);
    (StatusCode::from_u16(status).unwrap(), "as I was told")
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As a partner checks it, by the README.
    fn is_signed_with(&self, secret: &SecretString) -> bool {
        use hmac::{Hmac, KeyInit, Mac};
        let bytes = |text: &str| BASE64_STANDARD.decode(text).unwrap();
        let key = bytes(secret.expose_secret().strip_prefix("whsec_").unwrap());
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.at, self.body).as_bytes());
        let mut given = self.signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
        given.any(|given| mac.clone().verify_slice(&bytes(given)).is_ok())
    }
}

async fn add(house: &House, merchant: &str, url: &str) -> SecretString {
    house.engine.endpoint_add(merchant, url).await.unwrap()
}

#[tokio::test]
async fn d7_g78_a_payment_is_told_once_and_in_order_though_one_fails_first_one_is_dead_and_one_has_left() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (slow, leaving, harbour) =
            (Partner::start(&[500]).await, Partner::start(&[410]).await, Partner::start(&[]).await);
        let dead = add(&house, facts::NORTHWIND.name, "http://127.0.0.1:9/dead").await;
        let secret = add(&house, facts::NORTHWIND.name, &slow.url).await;
        add(&house, facts::NORTHWIND.name, &leaving.url).await;
        add(&house, facts::HARBOUR.name, &harbour.url).await;
        let twice = house.engine.endpoint_add(facts::NORTHWIND.name, &slow.url.replace("http://", "HTTP://")).await;
        assert!(matches!(twice, Err(EndpointError::Duplicate)), "spelt otherwise");

        let guest = house.client();
        guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.until("the first try has failed", async || slow.heard().len() == 1).await;
        house.leap(TimeDelta::seconds(6));
        house.until("all is told", async || slow.heard().len() == 3).await;
        assert_eq!(slow.told(), ["payment.succeeded 1", "payment.succeeded 1", "invoice.paid 2"]);
        let heard = slow.heard();
        assert_eq!((&heard[0].id, &heard[0].body), (&heard[1].id, &heard[1].body), "the same, to the byte");
        assert!(heard.iter().all(|heard| heard.is_signed_with(&secret) && !heard.is_signed_with(&dead)));
        assert_eq!(heard[1].json()["id"], heard[1].id);
        let paid = heard[1].json()["data"]["payment"].clone();
        assert_eq!((&paid["amount_minor"], &paid["currency"]), (&120_450.into(), &"USD".into()));
        assert_eq!(paid["invoices"][0]["number"], "INV-501");
        assert_eq!(paid["gateway_id"], house.charges().await[0]["payment_intent"]);
        assert!(harbour.heard().is_empty(), "nothing happened there");

        // One has left: it is off until a person turns it on again, and then gets what has happened since.
        let staff = house.staff().await;
        let page = staff.get(PAGE).await.body;
        assert_has!(page, "Off since", "Turn on again", "HTTP 410 as I was told", "Not taken", "Delivered", "Trying");
        let inbox = staff.get("/admin/exceptions").await.body;
        assert!(inbox.contains(&format!("Events are no longer sent to {}", leaving.url)), "{inbox}");
        assert_eq!(leaving.told(), ["payment.succeeded 1"]);
        let turn_on = page.split("/api/webhooks/turn_on").nth(1).unwrap();
        let endpoint = field(turn_on, "endpoint");
        let elsewhere = house.signed_in(facts::HARBOUR.admin_email).await;
        assert_eq!(elsewhere.post("/api/webhooks/turn_on", &[("endpoint", &endpoint)]).await.status, 404);
        let pressed = staff.post("/api/webhooks/turn_on", &[("endpoint", &endpoint)]).await;
        assert_eq!(pressed.location.as_deref(), Some("/admin/webhooks?done=on"));
        house.until("it goes on", async || leaving.told() == ["payment.succeeded 1", "invoice.paid 2"]).await;
        let inbox = staff.get("/admin/exceptions").await.body;
        assert!(!inbox.contains("Events are no longer sent"), "{inbox}");

        // What it did not take then, it takes when a person has it sent again.
        let again = [("endpoint", endpoint.as_str()), ("event", heard[0].id.as_str())];
        assert_eq!(elsewhere.post("/api/webhooks/send_again", &again).await.status, 404);
        assert_eq!(staff.post("/api/webhooks/send_again", &again).await.status, 303);
        house.until("it is sent again", async || leaving.heard().len() == 3).await;
        assert_eq!(leaving.heard()[2].body, heard[0].body);
        house.until("it is delivered", async || !staff.get(PAGE).await.body.contains("Not taken")).await;
        assert_eq!(slow.heard().len(), 3, "and nobody else");
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d7_whoever_presses_send_again_ten_times_in_vain_turns_no_endpoint_off() {
    let house = House::new().await;
    let slow = Partner::start(&[500; 11]).await;
    add(&house, facts::NORTHWIND.name, &slow.url).await;
    let guest = house.client();
    guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
    let staff = house.staff().await;
    house.until("the first try has failed", async || staff.get(PAGE).await.body.contains("Trying")).await;
    let page = staff.get(PAGE).await.body;
    let (endpoint, event) = (field(&page, "endpoint"), field(&page, "event"));
    let again = [("endpoint", endpoint.as_str()), ("event", event.as_str())];
    for tries in 2..=11 {
        // A press while one is under way has no other run.
        let is_tried = async || {
            assert_eq!(staff.post("/api/webhooks/send_again", &again).await.status, 303);
            slow.heard().len() >= tries
        };
        house.until(&format!("try {tries}"), is_tried).await;
    }
    let page = staff.get(PAGE).await.body;
    assert!(!page.contains("Off since"), "{page}");
    house.leap(TimeDelta::seconds(6));
    let goes_on = async || slow.told().iter().any(|told| told == "invoice.paid 2");
    house.until("it has its day, and goes on", goes_on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_a_server_killed_between_sending_and_writing_it_down_sends_the_same_event_again() {
    let house = House::vendors_alone_on(On::Sqlite).await.unwrap();
    let partner = Partner::start(&[]).await;
    add(&house, facts::NORTHWIND.name, &partner.url).await;
    {
        let mut dying = Server::start(&house, Some("after_event_sent")).await;
        press(&dying.portal, "INV-501").await;
        dying.until_dead("after_event_sent").await;
    }
    assert_eq!(partner.told(), ["payment.succeeded 1"]);
    // Past its lease.
    house.put_processes(TimeDelta::seconds(20));
    let server = Server::start(&house, None).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.until("all is told", async || partner.heard().len() == 3).await;
    assert_eq!(partner.told(), ["payment.succeeded 1", "payment.succeeded 1", "invoice.paid 2"]);
    let heard = partner.heard();
    assert_eq!((&heard[0].id, &heard[0].body), (&heard[1].id, &heard[1].body));
    assert!(http().get(format!("{}/health/ready", server.portal)).send().await.unwrap().status().is_success());
}

/// What staff press on the tab Integrations, for one of its addresses.
async fn press_on_tab(staff: &Client, act: &str, fields: &[(&str, &str)]) -> Answer {
    staff.post(&format!("{TAB}/webhooks{act}"), fields).await
}

/// The secret that an answer shows.
fn shown(answer: &Answer) -> SecretString {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let secret = answer.body.split("value=\"whsec_").nth(1).unwrap_or_else(|| panic!("no secret: {}", answer.body));
    format!("whsec_{}", secret.split('"').next().unwrap()).into()
}

#[tokio::test]
async fn d7_g79_staff_add_an_address_turn_it_off_and_on_give_it_another_secret_and_remove_it() {
    let house = House::new().await;
    let (staff, guest, partner) = (house.staff().await, house.client(), Partner::start(&[]).await);
    for (typed, words) in [
        ("partner.example", "Enter an address like https://partner.example/events."),
        ("http://partner.example", "Enter an address that begins with https://."),
    ] {
        let (back, kept) = (press_on_tab(&staff, "", &[("url", typed)]).await, format!("value=\"{typed}\""));
        assert_eq!(back.status, 422, "{typed}");
        assert_has!(back.body, words, "href=\"#url\"", kept.as_str());
    }
    let added = shown(&press_on_tab(&staff, "", &[("url", &partner.url)]).await);
    let twice = press_on_tab(&staff, "", &[("url", &partner.url)]).await;
    assert!(twice.status == 422 && twice.body.contains("Events are sent there already."), "{}", twice.body);
    let page = staff.get(TAB).await.body;
    assert!(page.contains(&partner.url) && page.contains("None yet") && !page.contains("whsec_"), "{page}");
    let id = field(page.split("/webhooks/off").nth(1).unwrap(), "endpoint");
    let of = [("endpoint", id.as_str())];

    guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.until("all is told", async || partner.heard().len() == 2).await;
    assert!(partner.heard().iter().all(|heard| heard.is_signed_with(&added)));
    let is_read = async || staff.get(TAB).await.body.contains("invoice.paid, delivered, ");
    house.until("its last delivery is read", is_read).await;

    for _ in 0..2 {
        assert_eq!(press_on_tab(&staff, "/off", &of).await.location, Some(format!("{TAB}?done=off")));
    }
    guest.pay(&guest.open("INV-502").await, "pm_card_visa").await;
    house.until("the second stands", async || house.books_payments("INV-502").await.len() == 1).await;
    house.until("two events wait", async || staff.get(PAGE).await.body.contains("2 events wait for it.")).await;
    let page = staff.get(PAGE).await.body;
    assert_has!(page, "It was turned off by your staff.", "Turn on again");
    let inbox = staff.get("/admin/exceptions").await.body;
    assert!(!inbox.contains("Events are no longer sent"), "who turned it off knows: {inbox}");
    assert_eq!(partner.heard().len(), 2, "nothing was sent meanwhile");

    let page = staff.get(TAB).await.body;
    let seen = field(page.split("/webhooks/secret").nth(1).unwrap(), "seen");
    let renew = [("endpoint", id.as_str()), ("seen", seen.as_str())];
    let fresh = shown(&press_on_tab(&staff, "/secret", &renew).await);
    let again = press_on_tab(&staff, "/secret", &renew).await;
    assert!(again.status == 422 && again.body.contains("No further one was made."), "{}", again.body);
    assert_eq!(press_on_tab(&staff, "/on", &of).await.location, Some(format!("{TAB}?done=on")));
    house.until("what waited is told", async || partner.heard().len() == 4).await;
    assert_eq!(partner.told()[2..], ["payment.succeeded 3", "invoice.paid 4"]);
    assert!(partner.heard()[2..].iter().all(|heard| heard.is_signed_with(&fresh) && heard.is_signed_with(&added)));

    let harbour = house.signed_in(facts::HARBOUR.admin_email).await;
    let theirs = TAB.replace("northwind", "harbour");
    for (act, status) in [("off", 404), ("secret", 404), ("remove", 303)] {
        let answer = harbour.post(&format!("{theirs}/webhooks/{act}"), &renew).await;
        assert_eq!(answer.status, status, "{act} of another merchant's: {}", answer.body);
    }
    assert!(staff.get(TAB).await.body.contains(&partner.url), "and it stands as it was");
    for _ in 0..2 {
        assert_eq!(press_on_tab(&staff, "/remove", &of).await.location, Some(format!("{TAB}?done=removed")));
    }
    assert!(!staff.get(TAB).await.body.contains(&partner.url));
    // Some are sealed by now.
    macro_rules! written {
        ($which:literal) => {
            concat!(
                "SELECT count(*) FROM (SELECT kind, body FROM audit_slip UNION ALL SELECT kind, body FROM audit_line) AS w WHERE ",
                $which
            )
        };
    }
    for (lines, times, what) in [
        (written!("kind = 'endpoint_added' AND body LIKE '%127.0.0.1%'"), 1, "added"),
        (written!("kind LIKE 'endpoint_turned_o%'"), 2, "off and on"),
        (written!("kind = 'endpoint_secret_made'"), 1, "another secret"),
        (written!("kind = 'endpoint_dropped'"), 1, "removed"),
        (written!("body LIKE '%whsec_%'"), 0, "and no secret"),
    ] {
        assert_eq!(house.number(lines).await, times, "{what}");
    }
    house.assert_everything_agrees().await;
}
