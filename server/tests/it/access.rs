//! Every address × nobody, the wrong merchant and the wrong role. An endpoint that does not stand here turns the build
//! red; a foreign thing is *not found*, never *forbidden* (D20).

use crate::support::{Client, House};
use std::collections::BTreeSet;

/// What an endpoint may answer to somebody who has no right to it.
const REFUSALS: [u16; 3] = [400, 401, 404];

/// Server functions with a body that would work for whoever may call them. `CHECKOUT`, `PAYMENT` and `INVOICE` stand
/// for things of Northwind and Acme.
const GUARDED: [(&str, &[(&str, &str)]); 13] = [
    ("/api/payments/page", &[("checkout", "CHECKOUT")]),
    (
        "/api/payments/take",
        &[("checkout", "CHECKOUT"), ("payment", "PAYMENT"), ("expected", "USD 120450"), ("email", "a@b.co")],
    ),
    ("/api/payments/standing", &[("checkout", "CHECKOUT"), ("payment", "PAYMENT")]),
    ("/api/payments/cancel", &[("checkout", "CHECKOUT"), ("payment", "PAYMENT")]),
    ("/api/invoices/dashboard", &[]),
    ("/api/invoices/pay", &[("invoice", "INVOICE")]),
    ("/api/transactions/past", &[("search", ""), ("page", "1")]),
    ("/api/invoices/admin_home", &[("search", ""), ("page", "1")]),
    ("/api/invoices/sync", &[]),
    ("/api/transactions/list", &[("search", ""), ("page", "1")]),
    ("/api/transactions/story", &[("payment", "PAYMENT")]),
    ("/api/mail/list", &[("search", ""), ("page", "1")]),
    ("/api/installation/show", &[]),
];
/// Open to everybody by their nature.
const OPEN: [&str; 5] =
    ["/api/session/note", "/api/session/home", "/api/session/sign_in", "/api/session/sign_out", "/api/session/switch"];

#[tokio::test]
async fn d20_every_server_function_stands_in_this_table() {
    let _house = House::new().await;
    let registered: BTreeSet<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let known: BTreeSet<_> = GUARDED.iter().map(|(path, _)| *path).chain(OPEN).map(str::to_owned).collect();
    assert_eq!(registered, known, "add new endpoints to this table, with what a stranger may not do there");
}

#[tokio::test]
async fn d20_nobody_and_the_wrong_role_reach_nothing() {
    let house = House::new().await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;

    let (nobody, bo, harbour, operator) = (house.client(), house.client(), house.client(), house.client());
    bo.sign_in("bo@bolt.test").await;
    harbour.sign_in("admin@harbour.test").await;
    operator.sign_in("operator@wisepay.test").await;
    for (path, body) in GUARDED {
        let strangers: Vec<(&str, &Client)> = match path {
            // Whoever holds the checkout's random id is the guest: a stranger does not hold it.
            path if path.starts_with("/api/payments/") || path == "/api/installation/show" => {
                vec![("nobody", &nobody), ("bo", &bo), ("harbour", &harbour)]
            }
            "/api/invoices/dashboard" | "/api/invoices/pay" | "/api/transactions/past" => {
                vec![("nobody", &nobody), ("harbour", &harbour), ("operator", &operator)]
            }
            _ => vec![("nobody", &nobody), ("bo", &bo), ("operator", &operator)],
        };
        for (who, client) in strangers {
            let answer = client.call(path, &foreign(body, &form.payment)).await;
            assert!(REFUSALS.contains(&answer.status), "{who} at {path}: {} {}", answer.status, answer.body);
            assert!(
                !answer.body.contains("Acme") && !answer.body.contains("INV-501"),
                "{who} at {path} learns nothing"
            );
        }
    }
}

#[tokio::test]
async fn d20_another_merchants_and_another_customers_things_are_not_found() {
    let house = House::new().await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    let ana = house.client();
    ana.sign_in("ana@acme.test").await;
    let dashboard = ana.get("/dashboard").await.body;
    let acme_invoice = dashboard.split("value=\"inv_").nth(1).map(|rest| format!("inv_{}", &rest[..32])).unwrap();

    let bo = house.client();
    bo.sign_in("bo@bolt.test").await;
    assert_eq!(
        bo.call("/api/invoices/pay", &[("invoice", &acme_invoice)]).await.status,
        404,
        "another customer's invoice"
    );
    assert!(!bo.get("/payments").await.body.contains("INV-501"));

    let harbour = house.client();
    harbour.sign_in("admin@harbour.test").await;
    assert_eq!(
        harbour.call("/api/transactions/story", &[("payment", &form.payment)]).await.status,
        404,
        "another merchant's payment"
    );
    assert_eq!(harbour.get(&format!("/admin/transactions/{}", form.payment)).await.status, 404);
    // The words searched for come back in the search field; nothing that they would find may.
    for (path, found) in [("/admin/transactions?q=INV-501", "PAY-"), ("/admin?q=Acme+Pty", "INV-")] {
        let page = harbour.get(path).await;
        assert!(page.status == 200 && !page.body.contains(found), "{path}");
    }

    // A guest of one invoice asks for the payment of another.
    let other = house.client();
    let bolt = other.open("INV-601").await;
    for path in ["/api/payments/standing", "/api/payments/cancel"] {
        let answer = other.call(path, &[("checkout", &bolt.checkout), ("payment", &form.payment)]).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
    let mixed = other
        .call(
            "/api/payments/take",
            &[
                ("checkout", &bolt.checkout),
                ("payment", &form.payment),
                ("expected", "USD 8000"),
                ("email", "a@b.co"),
                ("token", "pm_card_visa"),
            ],
        )
        .await;
    assert_eq!(mixed.status, 404, "a payment id of somebody else is no way in: {}", mixed.body);
    assert_eq!(house.charges().await.len(), 1);
}

#[tokio::test]
async fn d20_pages_send_strangers_away_and_other_sites_cannot_post() {
    let house = House::new().await;
    let nobody = house.client();
    for page in ["/dashboard", "/payments", "/admin", "/admin/transactions", "/admin/mail", "/operator"] {
        let answer = nobody.get(page).await;
        let to = answer.location.unwrap_or_default();
        assert!(to.starts_with("/sign-in"), "{page} leads to {to} with {}", answer.status);
    }
    let form = nobody.open("INV-501").await;
    let request = crate::support::http()
        .post(format!("{}/api/payments/take", house.portal))
        .header("origin", "https://evil.example");
    let forged = nobody.send(request.form(&form.fields("pm_card_visa"))).await;
    assert_eq!(forged.status, 403);
    assert!(house.charges().await.is_empty());
}

/// The body as a stranger would forge it: the payment's id is known to them, the checkout's is not.
fn foreign<'a>(body: &[(&'a str, &'a str)], payment: &'a str) -> Vec<(&'a str, &'a str)> {
    let stand_in = |value: &'a str| match value {
        "CHECKOUT" => "chk_00000000000000000000000000000001",
        "INVOICE" => "inv_00000000000000000000000000000001",
        "PAYMENT" => payment,
        other => other,
    };
    body.iter().map(|(key, value)| (*key, stand_in(value))).collect()
}
