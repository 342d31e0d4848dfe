//! What a quoting program is told: the same until it takes it, signed as `wire/connectwise.md`, 3.3, says, and no longer than
//! for half a day and some hours.

use crate::{
    debits,
    quotes::{SECRET, allow, asked, entered, guest_at, opened, opened_by, signature},
    support::{House, On, ana},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::TimeDelta;
use engine::QuoteRulesChange;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

/// Takes the news where it has nothing else to answer.
#[derive(Clone)]
struct Program {
    url: String,
    answers: Arc<Mutex<VecDeque<u16>>>,
    heard: Arc<Mutex<Vec<(String, String)>>>,
}

impl Program {
    async fn start(house: &House, answers: &[u16]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/news", port.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let program = Self { url, answers, heard: Arc::default() };
        let app = Router::new().fallback(hear).with_state(program.clone());
        tokio::spawn(async move { axum::serve(port, app).await });
        allow(house, false).await;
        let change = QuoteRulesChange { webhook_url: Some(program.url.clone()), ..QuoteRulesChange::default() };
        house.engine.set_quote_rules("northwind", change).await.unwrap();
        program
    }

    fn heard(&self) -> Vec<(String, String)> {
        self.heard.lock().unwrap().clone()
    }

    /// What came, each with what it says of the session.
    fn told(&self) -> Vec<(String, String)> {
        let told = |(_, body): &(String, String)| {
            let body: Value = serde_json::from_str(body).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&body["type"]), text(&body["data"]["status"]))
        };
        self.heard().iter().map(told).collect()
    }
}

async fn hear(State(program): State<Program>, headers: HeaderMap, body: String) -> StatusCode {
    let signature = headers["wisepay-signature"].to_str().unwrap().to_owned();
    program.heard.lock().unwrap().push((signature, body));
    let status = program.answers.lock().unwrap().pop_front().unwrap_or(204);
    StatusCode::from_u16(status).unwrap()
}

fn is_signed((told, body): &(String, String)) -> bool {
    let (at, given) = told.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    given == hex::encode(signature("webhook", &format!("{at}.{body}")))
}

#[tokio::test]
async fn s20_a_program_that_fails_gets_the_same_news_a_minute_later_and_one_that_takes_none_is_given_up() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let program = Program::start(&house, &[500]).await;
        let (session, guest, checkout) = guest_at(&house, &asked()).await;
        guest.pay(&guest.form(&checkout).await, "pm_card_chargeDeclined").await;
        house.until("the first try has failed", async || program.heard().len() == 1).await;
        house.leap(TimeDelta::seconds(61));
        house.until("it is sent again", async || program.heard().len() == 2).await;
        let heard = program.heard();
        assert_eq!(heard[0].1, heard[1].1, "to the byte");
        assert!(heard.iter().all(is_signed), "{heard:?}");
        let body: Value = serde_json::from_str(&heard[1].1).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["session_id"]),
            (&json!("quote_payment.failed"), &session["session_id"])
        );

        *program.answers.lock().unwrap() = [503; 6].into();
        guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
        for (tries, gap) in [(3, 1), (4, 5), (5, 30), (6, 120), (7, 720), (8, 0)] {
            house.until("it is tried", async || program.heard().len() == tries).await;
            let waits =
                "SELECT count(*) FROM job WHERE unique_key LIKE 'tell_quote:%' AND state <> 'done' AND lease IS NULL";
            house.until("its next try is planned", async || house.number(waits).await == 1).await;
            house.leap(TimeDelta::minutes(gap) + TimeDelta::seconds(1));
        }
        let inbox = async || house.staff().await.get("/admin/exceptions").await.body;
        house.until("staff read it", async || inbox().await.contains("Tell the quoting program was given up")).await;
        assert_eq!(program.told().last(), Some(&("quote_payment.succeeded".to_owned(), "succeeded".to_owned())));
    }
}

#[tokio::test]
async fn s20_news_of_a_session_wait_for_those_before_them_and_for_no_other_sessions() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let program = Program::start(&house, &[500]).await;
        let (_, guest, checkout) = guest_at(&house, &asked()).await;
        guest.pay(&guest.form(&checkout).await, "pm_card_chargeDeclined").await;
        house.until("it was not taken", async || program.heard().len() == 1).await;
        guest.pay(&guest.form(&checkout).await, "pm_card_visa").await;
        let waits = "SELECT count(*) FROM job WHERE unique_key LIKE 'tell_quote:%' AND state = 'ready' AND tries < 2";
        house.until("both wait", async || house.number(waits).await == 2).await;

        let mut another = asked();
        another["quote"] = json!({"id": "9a3d", "number": 10_232, "version": 1, "name": "New switch"});
        let (session, other) = (opened_by(&house, SECRET, "9a3d:1:1", &another).await, house.client());
        let (paid_at, _) = entered(&other, &session).await;
        other.pay(&other.form(&paid_at).await, "pm_card_visa").await;
        house.until("what is told of it waits for none", async || program.heard().len() == 2).await;
        house.leap(TimeDelta::seconds(61));
        house.until("the others are told", async || program.heard().len() == 4).await;
        let kinds: Vec<_> = program.told().into_iter().map(|(kind, _)| kind).collect();
        let [failed, succeeded] = ["quote_payment.failed", "quote_payment.succeeded"];
        assert_eq!(kinds, [failed, succeeded, failed, succeeded], "in the order in which they came about");
    }
}

#[tokio::test]
async fn s39_a_debit_is_told_when_its_bank_has_it_when_it_has_cleared_and_when_it_came_back() {
    let house = House::new().await;
    let program = Program::start(&house, &[]).await;
    let payer = ana(&house.portal).await;
    let (method, _) = debits::save(&payer, "pm_usBankAccount_dispute", "Ana Example").await;
    let session = opened(&house, "8f2c:1:1").await;
    let (checkout, _) = entered(&payer, &session).await;
    assert_eq!(payer.pay_saved(&payer.form(&checkout).await, &method).await.status, 303);
    let pair = |kind: &str| (format!("quote_payment.{kind}"), kind.to_owned());
    house.until("its bank has it", async || program.told() == [pair("processing")]).await;
    house.advance(json!({"days": 6})).await;
    house.until("it has cleared", async || program.told() == [pair("processing"), pair("succeeded")]).await;
    house.advance(json!({"days": 25})).await;
    let all = ["processing", "succeeded", "returned"].map(pair);
    house.until("it came back", async || program.told() == all).await;
}
