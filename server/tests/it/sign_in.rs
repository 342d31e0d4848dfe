//! Sessions: who gets in, what the cookie looks like, and when it ends.

use crate::support::{House, On, http};
use serde_json::json;
use simulators::facts;

const COOKIE: &str = "wisepay_session";

#[tokio::test]
async fn s59_s60_one_address_is_one_person_with_several_companies() {
    let house = House::new().await;
    let ana = house.client();
    let home = ana.sign_in("Ana@Acme.test").await;
    assert_eq!(home.location.as_deref(), Some("/dashboard"));
    let cookie = home.headers.get("set-cookie").unwrap().to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }

    assert!(ana.get("/dashboard").await.body.contains("Acme Pty Ltd"));
    let first = ana.cookie(COOKIE).unwrap();
    ana.stand_at(facts::HARBOUR.name).await;
    assert_ne!(ana.cookie(COOKIE).unwrap(), first, "a new place is a new session");
    assert!(ana.get("/dashboard").await.body.contains("Acme NZ"));
}

#[tokio::test]
async fn a_session_ends_with_sign_out_and_is_new_with_each_sign_in() {
    let house = House::new().await;
    let admin = house.staff().await;
    let first = admin.cookie(COOKIE).unwrap();
    admin.sign_in("admin@northwind.test").await;
    assert_ne!(admin.cookie(COOKIE).unwrap(), first, "rotation against fixation");

    let stolen = admin.cookie(COOKIE).unwrap();
    admin.post("/api/session/sign_out", &[]).await;
    let thief = house.client();
    let request = http().get(format!("{}/admin", house.portal)).header("cookie", format!("{COOKIE}={stolen}"));
    let answer = thief.send(request).await;
    assert!(answer.location.is_some_and(|to| to.starts_with("/sign-in")), "the old token is dead");
}

#[tokio::test]
async fn what_was_not_filled_in_is_named_beside_its_field_and_is_no_try() {
    let house = House::new().await;
    let client = house.client();
    for (email, password, no_email) in [("", "", true), (" ", facts::PASSWORD, true), ("bo@bolt.test", "", false)] {
        let refused = client.post("/api/session/sign_in", &[("email", email), ("password", password)]).await;
        let page = client.get(&refused.location.unwrap()).await.body;
        assert!(page.contains("<title>Error: Sign in"), "{page}");
        assert!(page.contains("href=\"#password\"") && page.matches("Enter your password").count() == 2, "{page}");
        assert_eq!(page.contains("href=\"#email\""), no_email, "{page}");
        assert_eq!(page.matches("Enter your e-mail address").count(), if no_email { 2 } else { 0 }, "{page}");
    }
    let body = [("email", "bo@bolt.test"), ("password", "")];
    assert_eq!(client.call("/api/session/sign_in", &body).await.status, 422);
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_answered_alike() {
    let house = House::new().await;
    let mut answers = Vec::new();
    for (email, password) in [("ana@acme.test", "wrong"), ("nobody@acme.test", facts::PASSWORD)] {
        let client = house.client();
        let refused = client.post("/api/session/sign_in", &[("email", email), ("password", password)]).await;
        let page = client.get(&refused.location.clone().unwrap()).await;
        assert!(!page.body.contains(password), "the password never comes back");
        answers.push((
            refused.status,
            refused.location,
            page.body.replace(email, "ADDRESS").replace(nonce(&page.body), ""),
        ));
    }
    assert_eq!(answers[0].0, answers[1].0);
    assert_eq!(answers[0].1, answers[1].1);
    assert_eq!(words(&answers[0].2), words(&answers[1].2));
}

#[tokio::test]
async fn many_wrong_passwords_lock_the_address_and_even_the_right_one_waits() {
    let house = House::new().await;
    let client = house.client();
    for _ in 0..10 {
        client.post("/api/session/sign_in", &[("email", "bo@bolt.test"), ("password", "wrong")]).await;
    }
    let right = client.post("/api/session/sign_in", &[("email", "bo@bolt.test"), ("password", facts::PASSWORD)]).await;
    assert!(client.cookie(COOKIE).is_none());
    let page = client.get(&right.location.unwrap()).await;
    assert!(page.body.contains("minutes"), "{}", page.body);
    // Somebody else is not locked out by it.
    house.client().sign_in("ana@acme.test").await;
}

#[tokio::test]
async fn n15_what_is_refused_at_a_door_leaves_a_line_and_not_one_for_each_try() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let stranger = house.client().from("203.0.113.9");
        for email in ["nobody@acme.test", facts::ANA_EMAIL] {
            stranger.post("/api/session/sign_in", &[("email", email), ("password", "wrong")]).await;
        }
        let refused = "SELECT count(*) FROM audit WHERE action = 'sign in refused' AND subject = '203.0.113.9'";
        let unknown = "SELECT count(*) FROM audit WHERE action = 'sign in refused' AND actor = 'nobody'";
        assert_eq!((house.number(refused).await, house.number(unknown).await), (2, 1));

        let ana = house.signed_in(facts::ANA_EMAIL).await;
        for _ in 0..25 {
            assert_eq!(ana.get("/admin/transactions").await.status, 404);
        }
        let asked = "SELECT count(*) FROM audit WHERE action = 'refused' AND subject = 'SeeTransactions at payer'";
        let lines = house.number(asked).await;
        assert!((1..=20).contains(&lines), "{lines}");

        // Whoever is here as something else asks for nothing by opening a link.
        let staff = house.staff().await;
        staff.open("INV-501").await;
        assert_eq!(house.number("SELECT count(*) FROM audit WHERE subject LIKE 'PayOwnInvoices%'").await, 0);
    }
}

#[tokio::test]
async fn n15_what_the_operator_sets_up_and_what_breaks_leaves_a_line() {
    let house = House::new().await;
    let connected = "SELECT count(*) FROM audit JOIN merchant ON merchant.id = audit.merchant_id
        WHERE merchant.name = 'Northwind IT' AND actor = 'operator' AND action LIKE 'connect %'";
    let people = "SELECT count(*) FROM audit JOIN merchant ON merchant.id = audit.merchant_id
        WHERE merchant.name = 'Northwind IT' AND action IN ('found merchant', 'add staff', 'add payer')";
    assert_eq!(house.number(connected).await, 4, "its books, its gateway and the programs of two integrations");
    assert!(house.number(people).await >= 3);
    house.arm("xero", "token_revoked", "connect/token").await;
    house.pass_an_hour().await;
    let broken = "SELECT count(*) FROM audit_line WHERE kind = 'connection_broken'";
    house.until("its end is sealed", async || house.number(broken).await > 0).await;
}

#[tokio::test]
async fn whoever_has_no_account_reads_whom_to_ask() {
    let house = House::new().await;
    let client = house.client();
    let checkout = client.open("INV-501").await.checkout;
    let from_pay_now = format!("/sign-in?next=%2Fnpe%3FtransactionId%3D{checkout}");
    for (address, whom) in [("/sign-in", "the company that invoices you"), (from_pay_now.as_str(), "Northwind IT")] {
        let page = client.get(address).await.body;
        assert!(page.contains(&format!("Ask {whom} if you have no account")), "{page}");
        assert!(page.contains("class=\"who\""), "whose place it is: {page}");
    }
}

#[tokio::test]
async fn whose_session_has_ended_is_told_so_and_led_back_to_the_button() {
    let house = House::new().await;
    let client = house.client();
    let press = async |referer: String| {
        let request = http().post(format!("{}/api/exceptions/retry", house.portal)).header("accept", "text/html");
        let request = request.header("origin", &house.portal).header("referer", referer);
        client.send(request.form(&[("exception", "x")])).await
    };
    let there = press(format!("{}/admin?page=2", house.portal)).await;
    assert_eq!((there.status, there.location.as_deref()), (303, Some("/sign-in?next=%2Fadmin%3Fpage%3D2")));
    let words = "You were signed out. Sign in to go on.";
    let back = there.location.unwrap();
    assert!(client.get(&back).await.body.contains(words));
    assert!(!client.get(&back).await.body.contains(words), "it is said once");
    let elsewhere = press(format!("{}//evil.example/admin", house.portal)).await;
    assert_eq!(elsewhere.location.as_deref(), Some("/sign-in"));
}

#[tokio::test]
async fn whose_session_has_ended_reads_so_before_they_sign_in_and_comes_back_afterwards() {
    let house = House::new().await;
    let client = house.staff().await;
    house.advance(json!({"hours": 13})).await;
    let to = client.get("/admin/mail").await.location.unwrap();
    assert_eq!(to, "/sign-in?next=%2Fadmin%2Fmail");
    let words = "You were signed out. Sign in to go on.";
    assert!(client.get(&to).await.body.contains(words));
    assert!(!client.get(&to).await.body.contains(words), "it is said once");
    assert!(!house.client().get(&to).await.body.contains(words), "a stranger was never signed in");
}

fn nonce(body: &str) -> &str {
    body.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("\0")
}

/// The visible part of a page.
fn words(body: &str) -> String {
    let main = body.split("<main").nth(1).unwrap_or(body);
    main.split("</main>").next().unwrap_or(main).to_owned()
}
