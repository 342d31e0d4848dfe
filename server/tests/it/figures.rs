//! What whoever watches an installation reads of it.

use crate::support::{House, On, http};
use chrono::TimeDelta;
use server::figures;
use tokio::net::TcpListener;

/// The figure of this name with these labels.
fn figure(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let is_it = |line: &&str| {
        let found = line.split([' ', '{']).next() == Some(name);
        found && labels.iter().all(|label| line.contains(label))
    };
    text.lines().find(is_it).map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

#[tokio::test]
async fn what_waits_and_what_was_answered_is_told_in_numbers_and_nothing_says_whose_it_is() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::without_worker_on(database).await else { continue };
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", port.local_addr().unwrap());
        let app = figures::router(house.engine.clone());
        tokio::spawn(async move { axum::serve(port, app).await });
        let read = async || http().get(format!("{address}/metrics")).send().await.unwrap();

        let before = read().await.text().await.unwrap();
        assert_eq!(figure(&before, "wisepay_jobs", &["kind=\"post_payment\""]), None, "{before}");
        let client = house.client();
        let form = client.open("INV-501").await;
        assert_eq!(client.pay(&form, "pm_card_visa").await.status, 303);

        let told = read().await;
        assert!(told.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
        let text = told.text().await.unwrap();
        let one = |name: &str, labels: &[&str]| figure(&text, name, labels);
        assert_eq!(one("wisepay_database_up", &[]), Some(1.0), "{text}");
        let posting = ["kind=\"post_payment\"", "state=\"due\""];
        assert_eq!(one("wisepay_jobs", &posting), Some(1.0), "{text}");
        assert!(one("wisepay_jobs_oldest_seconds", &posting).unwrap() >= 0.0, "{text}");
        assert_eq!(one("wisepay_attempts_open", &[]), Some(0.0), "{text}");
        assert!(one("wisepay_exceptions_open", &[]).is_some(), "{text}");
        let paid = one("wisepay_http_requests_total", &["method=\"POST\"", "status=\"303\""]);
        assert!(paid.unwrap() >= 1.0, "{text}");
        for name in ["Northwind", "northwind", "Acme", "acme"] {
            assert!(!text.contains(name), "{name}: {text}");
        }
        for at in [&address, &house.portal] {
            let health = async |of: &str| http().get(format!("{at}/health/{of}")).send().await.unwrap();
            assert_eq!(health("live").await.status(), 200);
            let ready = health("ready").await;
            assert_eq!((ready.status().as_u16(), ready.text().await.unwrap().as_str()), (200, "ready"));
        }
        house.leap(TimeDelta::minutes(2));
        let behind = http().get(format!("{address}/health/ready")).send().await.unwrap();
        assert_eq!(behind.status(), 200, "payers are served all the same");
        assert!(behind.text().await.unwrap().starts_with("ready, but jobs have waited for "));
    }
}
