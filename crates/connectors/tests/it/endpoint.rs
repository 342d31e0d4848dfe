//! Events leave for where they were meant to go, and for nowhere else, whatever a receiver answers (D7; `quality.md`, 27).

use crate::{
    stub::{Stub, reply},
    world::http,
};
use chrono::DateTime;
use connectors::{
    Timeouts,
    endpoint::{Answered, BadUrl, EventSender, SendError, Sending},
};
use secrecy::SecretString;
use std::time::Duration;

fn sender(to_private: bool) -> EventSender {
    // With it comes what TLS needs.
    let _ = http();
    let timeouts = Timeouts { connect: Duration::from_secs(1), total: Duration::from_secs(3) };
    EventSender::new(timeouts, to_private).unwrap()
}

async fn send(sender: &EventSender, url: &str) -> Result<Answered, SendError> {
    let secrets = ["whsec_bmV3", "whsec_b2xk"].map(SecretString::from);
    let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
    sender.send(Sending { url, id: "evt_1", at, body: r#"{"a":1}"#, secrets: &secrets }).await
}

#[tokio::test]
async fn d7_no_redirect_is_followed_and_no_long_answer_is_read() {
    let long = format!("much\n\tto   say {}", "x".repeat(100_000));
    let stub = Stub::start([
        reply(302, "go away").header("location", "/elsewhere"),
        reply(500, long),
        reply(204, ""),
        reply(200, "cut").torn(),
    ])
    .await;
    let sender = sender(true);
    let moved = send(&sender, &format!("{}/events", stub.url)).await.unwrap();
    assert_eq!((moved.status, moved.is_taken(), moved.words.as_str()), (302, false, "go away"));
    let failed = send(&sender, &format!("{}/events", stub.url)).await.unwrap();
    assert!(failed.words.starts_with("much to say xxx") && failed.words.len() == 200, "{}", failed.words);
    assert!(!failed.is_taken() && !failed.is_over());
    for status in [204, 200] {
        let taken = send(&sender, &format!("{}/events", stub.url)).await.unwrap();
        assert_eq!((taken.status, taken.is_taken()), (status, true), "an answer that breaks off was one");
    }
    assert_eq!(stub.lines(), ["POST /events"; 4], "nobody went elsewhere");
    let first = stub.asked().remove(0);
    assert_eq!(first.body, r#"{"a":1}"#);
    let sent = ["webhook-id", "webhook-timestamp", "content-type"].map(|name| first.header(name));
    assert_eq!(sent, ["evt_1", "1614265330", "application/json"]);
    let signatures: Vec<_> = first.header("webhook-signature").split(' ').collect();
    assert!(signatures.len() == 2 && signatures.iter().all(|one| one.starts_with("v1,") && one.len() == 47));
}

#[tokio::test]
async fn d7_an_inner_address_is_refused_before_a_connection_however_it_is_written() {
    let stub = Stub::start([]).await;
    let sender = sender(false);
    let port = stub.url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433"] {
        let sent = send(&sender, &format!("https://{host}:{port}/")).await;
        assert!(matches!(sent, Err(SendError::Url(BadUrl::Private))), "{host}: {sent:?}");
    }
    assert!(stub.asked().is_empty());
}
