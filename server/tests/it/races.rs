//! However often and from wherever Pay is pressed: one charge (D1).

use crate::support::{Client, House, On, Server};

#[tokio::test]
async fn d1_a_double_click_a_replay_and_two_tabs_are_one_charge() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (one, two) = (house.client(), house.client());
        let (first, second) = (one.open("INV-501").await, two.open("INV-501").await);
        assert_ne!(first.payment, second.payment);

        // Two presses in one tab and one in another, all at once.
        let (a, b, c) = tokio::join!(
            one.pay(&first, "pm_card_visa"),
            one.pay(&first, "pm_card_visa"),
            two.pay(&second, "pm_card_visa")
        );
        for answer in [&a, &b, &c] {
            assert_eq!(answer.status, 303, "{}", answer.body);
        }
        house.assert_paid_once("INV-501", 120_450).await;

        // The same POST again, later: the same payment is answered.
        let replay = one.pay(&first, "pm_card_visa").await;
        assert_eq!(replay.status, 303);
        let late = two.pay(&second, "pm_card_visa").await;
        let page = two.get(&late.location.unwrap()).await;
        assert!(page.status < 500, "{}", page.body);
        house.assert_paid_once("INV-501", 120_450).await;
    }
}

#[tokio::test]
async fn d1_twenty_payers_at_one_invoice_are_one_charge() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let mut forms = Vec::new();
        for _ in 0..20 {
            let client = house.client();
            let form = client.open("INV-502").await;
            forms.push((client, form));
        }
        let presses = forms.iter().map(|(client, form)| client.pay(form, "pm_card_visa"));
        for answer in futures::future::join_all(presses).await {
            assert_eq!(answer.status, 303, "{}", answer.body);
        }
        house.assert_paid_once("INV-502", 35_000).await;
    }
}

/// How many press Pay at the same moment, and through how many processes.
const PRESSES: usize = 64;
const PROCESSES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn d1_sixty_four_presses_through_four_processes_are_one_charge() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::vendors_alone_on(database).await else { continue };
        let servers = futures::future::join_all((0..PROCESSES).map(|_| Server::start(&house, None))).await;
        let mut forms = Vec::new();
        for server in servers.iter().cycle().take(PRESSES) {
            let client = Client::new(&server.portal);
            let form = client.open("INV-501").await;
            forms.push((client, form));
        }
        let presses = forms.iter().map(|(client, form)| client.pay(form, "pm_card_visa"));
        for answer in futures::future::join_all(presses).await {
            assert_eq!(answer.status, 303, "{database:?}: {}", answer.body);
        }
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
    }
}
