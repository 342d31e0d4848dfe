//! Tokens of the books that run out and rotate, among many callers in several processes, and while one of these dies (F18 of
//! quality.md, 2.2; `wire/accounting.md`, 1.2.2).

use crate::support::{Client, House, On, Server, http, link, own_port};
use serde_json::json;
use simulators::facts;

const PROCESSES: usize = 3;
const CALLS: usize = 50;
const BROKEN: &str = "SELECT COUNT(*) FROM connection WHERE state = 'broken'";

/// A process that calls nobody before it is asked to.
async fn quiet(house: &House, failpoint: Option<&str>) -> Server {
    let server = Server::spawn(house, &["serve", "--no-worker"], own_port(), failpoint);
    server.until_ready().await;
    server
}

/// How often Xero has given the portal another pair.
async fn refreshes(house: &House) -> u64 {
    house.state("xero").await["token_refreshes"][facts::xero::PORTAL_CLIENT_ID].as_u64().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_fifty_calls_with_an_expired_token_through_three_processes_refresh_it_once() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::vendors_alone_on(database).await else { continue };
        let servers = futures::future::join_all((0..PROCESSES).map(|_| quiet(&house, None))).await;
        let mut forms = Vec::new();
        for server in servers.iter().cycle().take(CALLS) {
            let client = Client::new(&server.portal);
            let form = client.open("INV-501").await;
            forms.push((client, form));
        }
        // An access token lives half an hour. Each press asks the books what is due.
        house.advance(json!({"minutes": 31})).await;
        let before = refreshes(&house).await;
        let presses = forms.iter().map(|(client, form)| client.pay(form, "pm_card_visa"));
        for answer in futures::future::join_all(presses).await {
            assert_eq!(answer.status, 303, "{database:?}: {}", answer.body);
        }
        assert_eq!(refreshes(&house).await, before + 1, "{database:?}");

        let _worker = Server::start(&house, None).await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        assert_eq!(refreshes(&house).await, before + 1, "{database:?}: what others have refreshed is used");
    }
}

/// Opens the page of an invoice, for which the books are asked, at a server that may die over it.
async fn look(portal: &str) {
    let client = Client::new(portal);
    let opened = client.try_send(http().get(format!("{portal}{}", link("INV-501")))).await;
    if let Some(page) = opened.ok().and_then(|answer| answer.location) {
        drop(client.try_send(http().get(format!("{portal}{page}"))).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_a_process_that_dies_between_refresh_and_save_loses_no_connection() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::vendors_alone_on(database).await else { continue };
        house.advance(json!({"minutes": 31})).await;
        let before = refreshes(&house).await;
        let mut dying = quiet(&house, Some("after_token_refresh")).await;
        look(&dying.portal).await;
        dying.until_dead("after_token_refresh").await;
        assert_eq!(refreshes(&house).await, before + 1, "the pair that nobody has kept");

        // Whoever comes within half an hour trades in the refresh token of before once more.
        house.advance(json!({"minutes": 25})).await;
        let server = Server::start(&house, None).await;
        let client = Client::new(&server.portal);
        let form = client.open("INV-501").await;
        assert_eq!(client.pay(&form, "pm_card_visa").await.status, 303, "{database:?}");
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        assert_eq!((refreshes(&house).await, house.number(BROKEN).await), (before + 2, 0), "{database:?}");
    }
}
