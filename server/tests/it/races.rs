//! However often and from wherever Pay is pressed: one charge (D1). However many refund at once: no more than was taken (D24).

use crate::{
    methods::save,
    refunds::{Dialog, credits, refunded},
    support::{Client, Form, House, On, Server, ana},
};
use simulators::facts;

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

/// How many press at the same moment, and through how many processes.
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

#[tokio::test(flavor = "multi_thread")]
async fn d24_sixty_four_part_refunds_through_four_processes_never_exceed_what_was_taken() {
    let Some(house) = House::vendors_alone_on(On::Postgres).await else { return };
    let servers = futures::future::join_all((0..PROCESSES).map(|_| Server::start(&house, None))).await;
    let guest = Client::new(&servers[0].portal);
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;

    let mut admins = Vec::new();
    for server in &servers {
        let admin = Client::new(&server.portal);
        admin.sign_in(facts::NORTHWIND.admin_email).await;
        admins.push(admin);
    }
    let mut dialogs = Vec::new();
    for admin in admins.iter().cycle().take(PRESSES) {
        dialogs.push((admin, Dialog::open(admin, &form.payment).await));
    }
    futures::future::join_all(dialogs.iter().map(|(admin, dialog)| dialog.press(admin, "100.00"))).await;
    // Twelve of them fit, and the thirteenth does not.
    assert_eq!(refunded(&house).await, 120_000);
    let taken_back = async || credits(&house).await == vec![("PAID".to_owned(), 10_000); 12];
    house.until("the books have each of them once", taken_back).await;
    house.assert_everything_agrees().await;
    let again = dialogs[0].1.press(&admins[0], "100.00").await;
    assert_eq!((again.status, refunded(&house).await), (303, 120_000), "and pressed once more, no form refunds more");
}

#[tokio::test]
async fn d1_a_form_that_was_used_says_so_when_it_asks_for_something_else() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        house.execute("UPDATE merchant SET takes_parts = TRUE WHERE name = 'Northwind IT'").await;
        let ana = ana(&house.portal).await;
        let (method, _) = save(&ana, "pm_card_visa", "").await;
        let form = ana.open("INV-503").await;
        let paid = ana.pay(&form, "pm_card_visa").await.location;
        let mut elsewhere = form.fields("pm_card_visa");
        elsewhere[3].1 = "boss@acme.test";

        let part = Form { expected: "USD 25000/70000".into(), ..form.clone() };
        for other in [part.fields("pm_card_visa").to_vec(), form.fields("").to_vec(), form.fields_saved(&method)] {
            let refused = ana.call("/api/payments/take", &other).await;
            assert!(refused.status == 422 && refused.body.contains("pay_form_used"), "{other:?}: {}", refused.body);
        }
        assert_eq!(ana.pay(&form, "pm_card_mastercard").await.location, paid, "a card is typed anew, with a new token");
        assert_eq!(
            ana.post("/api/payments/take", &elsewhere).await.location,
            paid,
            "the receipt's address decides nothing"
        );
        house.assert_paid_once("INV-503", 70_000).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d1_d31_a_declined_form_that_is_pressed_with_another_method_shows_the_decline_and_charges_nothing() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (method, _) = save(&ana, "pm_card_visa", "").await;
    let form = ana.open("INV-501").await;
    let declined = ana.pay(&form, "pm_card_chargeDeclined").await.location;
    let shown = ana.pay_saved(&form, &method).await.location;
    assert_eq!(shown, declined, "the payment that the form made");
    let page = ana.get(&shown.unwrap()).await.body;
    assert!(page.contains("Your payment did not go through"), "{page}");
    assert!(house.charges().await.is_empty(), "nothing was charged");
    let fresh = ana.form(&format!("/npe?transactionId={}", form.checkout)).await;
    assert_eq!(ana.pay_saved(&fresh, &method).await.status, 303);
    house.assert_paid_once("INV-501", 120_450).await;
}
