//! Staff connect their books by the browser, choose the accounts there, let go of them, and connect them again (S88, S95,
//! S106, N6).

use crate::{
    connections::{card, press, switch_on},
    support::{Answer, Client, House, Server, field, http},
};
use chrono::TimeDelta;
use serde_json::json;
use simulators::facts;
use std::time::Duration;

const PAGE: &str = "/admin/configure/accounting-connections";
const XERO: &[(&str, &str)] = &[("lane", "all"), ("provider", "xero")];
const INTUIT: &[(&str, &str)] = &[("lane", "all"), ("provider", "quickbooks")];

/// How many merchants have books that were read.
const READ: &str =
    "SELECT COUNT(*) FROM connection WHERE kind = 'books' AND provider <> 'built_in' AND synced_at IS NOT NULL";

/// Presses Connect, and the button of this name on the vendor's page; answers where that leads back to.
async fn brought(staff: &Client, form: &[(&str, &str)], how: &str) -> String {
    let onward = staff.post(&format!("{PAGE}/connect"), form).await;
    assert_eq!(onward.status, 200, "{:?} {}", onward.location, onward.body);
    let url = onward.headers["refresh"].to_str().unwrap().strip_prefix("0; url=").unwrap().to_owned();
    assert!(onward.body.contains("Continue to "), "without that header, a link leads there: {}", onward.body);
    let back = http().get(format!("{url}&consent={how}")).send().await.unwrap();
    back.headers()["location"].to_str().unwrap().to_owned()
}

/// The same, and comes back.
pub async fn consent(staff: &Client, form: &[(&str, &str)], how: &str) -> String {
    let back = brought(staff, form, how).await;
    came_to(staff.get(&back).await)
}

/// Where an answer leads, without the page that all of them begin with.
fn came_to(answer: Answer) -> String {
    let to = answer.location.unwrap_or_else(|| panic!("{} {}", answer.status, answer.body));
    to.strip_prefix(PAGE).unwrap_or(&to).to_owned()
}

async fn save(staff: &Client, accounts: &[(&str, &str)]) -> Answer {
    staff.post(&format!("{PAGE}/set-up"), accounts).await
}

/// Staff of a merchant whose books are not connected yet.
async fn fresh(house: &House, merchant: &facts::Merchant) -> Client {
    house.leave_without_books(merchant.name).await;
    let staff = house.signed_in(merchant.admin_email).await;
    let offered = async || staff.get(PAGE).await.body.contains("Connect Xero");
    house.until("nothing is connected", offered).await;
    staff
}

#[tokio::test]
async fn s106_s88_g43_xero_is_connected_set_up_and_read_and_payments_stand_on_the_clearing_account() {
    let house = House::new().await;
    let staff = fresh(&house, &facts::NORTHWIND).await;
    assert_eq!(staff.get(&format!("{PAGE}/set-up")).await.status, 404, "there is nothing to set up");
    assert_eq!(consent(&staff, XERO, "allow").await, "/set-up?done=connected");

    let shown = staff.get(PAGE).await.body;
    assert!(shown.contains("Nothing is read or written yet") && shown.contains("Valid"), "{shown}");
    let form = staff.get(&format!("{PAGE}/set-up?done=connected")).await.body;
    assert!(form.contains("Northwind IT, kept in USD") && form.contains("What Wise-Pay writes in Xero"), "{form}");
    assert!(form.contains("value=\"825\"") && form.contains("value=\"830\""), "{form}");
    assert!(!form.contains("value=\"400\""), "expenses fit nowhere: {form}");
    for (wrong, field) in [
        (&[("clearing", "")][..], "clearing"),
        (&[("clearing", "400")][..], "clearing"),
        (&[("clearing", "200")][..], "clearing"),
        (&[("clearing", "825"), ("prepayment", "200")][..], "prepayment"),
        (&[("clearing", "825"), ("surcharge", "830")][..], "surcharge"),
        (&[("clearing", "825"), ("tax", "INPUT")][..], "tax"),
        (&[("clearing", "825"), ("zero_tax", "OUTPUT2")][..], "zero_tax"),
    ] {
        let refused = save(&staff, wrong).await;
        assert_eq!(refused.status, 422, "{wrong:?}: {}", refused.body);
        assert!(refused.body.contains(&format!("href=\"#{field}\"")), "{wrong:?}: {}", refused.body);
    }
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"), "it can be tried before");
    assert!(form.contains("Tax code of prepayments") && form.contains("value=\"ZERORATEDOUTPUT\""), "{form}");
    let accounts =
        [("clearing", "825"), ("prepayment", "830"), ("zero_tax", "ZERORATEDOUTPUT"), ("writes_notes", "yes")];
    assert_eq!(came_to(save(&staff, &accounts).await), "?done=accounts");
    let kept = "SELECT COUNT(*) FROM connection WHERE settings LIKE '%ZERORATEDOUTPUT\",\"writes_notes\":true%'";
    assert_eq!(house.number(kept).await, 1);
    assert!(!staff.get(PAGE).await.body.contains("Nothing is read or written yet"));
    house.until("the books are read", async || house.number(READ).await == 2).await;

    let guest = house.client();
    let form = guest.open("INV-501").await;
    assert_eq!(guest.pay(&form, "pm_card_visa").await.status, 303);
    house.assert_paid_once("INV-501", 120_450).await;
    let stands = async || house.books_payments("INV-501").await;
    house.until("it is posted", async || stands().await.len() == 1).await;
    assert_eq!(stands().await[0]["account_code"], "825", "what staff chose for money that is not paid out yet");
}

#[tokio::test]
async fn s100_n6_the_first_reading_waits_for_the_company_connection_and_its_card_says_so() {
    let house = House::new().await;
    let staff = fresh(&house, &facts::NORTHWIND).await;
    assert_eq!(consent(&staff, XERO, "allow").await, "/set-up?done=connected");
    switch_on(&house).await;
    press(&staff, "Company", "pause", &[("paused", "true")]).await;
    let waits = async || card(&staff, "Company").await.contains(" waiting, the oldest since ");
    assert!(!waits().await, "there is nothing to read before anybody has said where payments are to stand");
    assert_eq!(came_to(save(&staff, &[("clearing", "825")]).await), "?done=accounts");
    house.until("the first reading waits", waits).await;
}

#[tokio::test]
async fn s88_s106_g42_quickbooks_is_connected_left_and_connected_again() {
    let house = House::new().await;
    let staff = fresh(&house, &facts::SOUTHERN).await;
    assert_eq!(consent(&staff, INTUIT, "allow").await, "/set-up?done=connected");
    let form = staff.get(&format!("{PAGE}/set-up")).await.body;
    assert!(form.contains("Southern Cloud, kept in AUD"), "{form}");
    assert_eq!(save(&staff, &[("clearing", facts::qbo::INCOME_ACCOUNT_ID)]).await.status, 422);
    assert_eq!(save(&staff, &[("clearing", facts::qbo::UNDEPOSITED_FUNDS_ID)]).await.status, 422);
    let accounts = [("clearing", facts::qbo::CLEARING_ACCOUNT_ID), ("prepayment", facts::qbo::PREPAYMENT_ACCOUNT_ID)];
    assert_eq!(came_to(save(&staff, &accounts).await), "?done=accounts");
    let kept = "SELECT COUNT(*) FROM connection WHERE provider = 'quickbooks' AND \
                settings LIKE '%prepayment_account\":\"93\"%'";
    assert_eq!(house.number(kept).await, 1, "what is paid for quotes has its place");
    house.until("the books are read", async || house.number(READ).await == 2).await;

    for _ in 0..2 {
        assert_eq!(came_to(left(&staff).await), "?done=left");
    }
    assert!(card(&staff, "Wise-Pay").await.contains("Disconnected"));
    assert_eq!(consent(&staff, INTUIT, "other").await, "?done=other-organisation");
    assert!(card(&staff, "Wise-Pay").await.contains("Disconnected"), "nothing has changed");
    assert_eq!(consent(&staff, INTUIT, "allow").await, "?done=again");
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"));
    assert!(!staff.get(PAGE).await.body.contains("Nothing is read or written yet"), "its accounts are kept");
}

/// Presses Disconnect on the card of the first connection.
async fn left(staff: &Client) -> Answer {
    let connection = field(&card(staff, "Wise-Pay").await, "connection");
    staff.post(&format!("{PAGE}/disconnect"), &[("connection", &connection)]).await
}

#[tokio::test]
async fn n6_who_lets_go_of_an_organisation_that_another_merchant_reaches_by_the_same_app_lets_go_of_it_here_alone() {
    const LEFT_THERE: i64 = 9;
    let house = House::new().await;
    let (first, second) = (house.staff().await, fresh(&house, &facts::SOUTHERN).await);
    house.execute("UPDATE merchant SET currency = 'USD' WHERE name = 'Southern Cloud'").await;
    assert_eq!(consent(&second, XERO, "allow").await, "/set-up?done=connected");
    let leave =
        json!({"vendor": "xero", "fault": "delay_ms:0", "times": LEFT_THERE, "match": "DELETE /xero/connections"});
    house.arm_with(leave).await;
    let left_there = async || {
        let armed = house.armed().await;
        let counter = armed["armed"].as_array().unwrap().iter().find(|armed| armed["fault"] == "delay_ms:0").unwrap();
        LEFT_THERE - counter["times"].as_i64().unwrap()
    };
    assert_eq!(came_to(left(&first).await), "?done=left-here");
    assert!(card(&first, "Wise-Pay").await.contains("Disconnected"));
    let told = first.get(&format!("{PAGE}?done=left-here")).await.body;
    assert!(told.contains("the app keeps its access there"), "{told}");
    assert!(press(&second, "Wise-Pay", "test", &[]).await.ends_with("done=works"));
    assert_eq!(left_there().await, 0);
    assert_eq!(came_to(left(&second).await), "?done=left", "whoever is the last");
    assert_eq!(left_there().await, 1);
}

#[tokio::test]
async fn n6_an_answer_counts_once_and_for_the_session_that_asked() {
    let house = House::new().await;
    let staff = fresh(&house, &facts::NORTHWIND).await;
    let back = brought(&staff, XERO, "allow").await;
    let (same, harbour) = (house.staff().await, house.signed_in(facts::HARBOUR.admin_email).await);
    for other in [&same, &harbour] {
        assert_eq!(came_to(other.get(&back).await), "?done=not-asked", "in another session");
    }
    let away = house.client().get(&back).await.location.unwrap();
    assert!(away.starts_with("/sign-in?next=%2Fadmin") && !away.contains("code"), "{away}");
    let made_up = back.replace("state=", "state=x");
    assert_eq!(came_to(staff.get(&made_up).await), "?done=not-asked");

    assert_eq!(came_to(staff.get(&back).await), "/set-up?done=connected");
    assert_eq!(came_to(staff.get(&back).await), "?done=used");
    let shown = staff.get(&format!("{PAGE}?done=used")).await.body;
    assert!(shown.contains("has been used already") && shown.contains("Reconnect: Wise-Pay"), "{shown}");
}

#[tokio::test]
async fn n6_what_goes_wrong_on_the_way_is_told_and_changes_nothing() {
    let house = House::new().await;
    let staff = fresh(&house, &facts::NORTHWIND).await;
    assert_eq!(consent(&staff, XERO, "deny").await, "?done=denied");
    let told = staff.get(&format!("{PAGE}?done=denied")).await.body;
    assert!(told.contains("Access was not allowed") && told.contains("Connect Xero"), "{told}");

    let back = brought(&staff, XERO, "allow").await;
    house.leap(TimeDelta::minutes(6));
    assert_eq!(came_to(staff.get(&back).await), "?done=code-refused", "a code lives five minutes");
    let back = brought(&staff, XERO, "allow").await;
    house.leap(TimeDelta::minutes(11));
    assert_eq!(came_to(staff.get(&back).await), "?done=late");

    house.arm("xero", "http:500", "connect/token").await;
    assert_eq!(consent(&staff, XERO, "allow").await, "?done=unreachable");
    let app = [("client_id", facts::xero::PORTAL_CLIENT_ID), ("client_secret", "another")];
    assert_eq!(consent(&staff, &[XERO, &app[..]].concat(), "allow").await, "?done=app-refused");
    let half = staff.post(&format!("{PAGE}/connect"), &[XERO, &app[..1]].concat()).await;
    assert_eq!(came_to(half), "?done=no-app");

    assert!(staff.get(PAGE).await.body.contains("Connect Xero"), "nothing is connected");
    assert_eq!(consent(&staff, XERO, "allow").await, "/set-up?done=connected");
}

#[tokio::test]
async fn n6_a_crash_before_what_was_given_is_kept_is_told_and_mended_by_connecting_again() {
    const STEP: &str = "after_books_exchange";
    let house = House::without_portal().await;
    let mut dying = Server::start(&house, Some(STEP)).await;
    let staff = Client::new(&dying.portal);
    staff.sign_in(facts::NORTHWIND.admin_email).await;
    let back = brought(&staff, XERO, "allow").await;
    drop(staff.try_send(http().get(&back)).await);
    dying.until_dead(STEP).await;

    let port = dying.portal.strip_prefix("http://").unwrap().parse().unwrap();
    let _alive = Server::start_at(&house, port, None).await;
    assert_eq!(came_to(staff.get(&back).await), "?done=interrupted");
    let told = staff.get(&format!("{PAGE}?done=interrupted")).await.body;
    assert!(told.contains("nothing of it is kept here") && told.contains("Reconnect: Wise-Pay"), "{told}");
    assert_eq!(consent(&staff, XERO, "allow").await, "?done=again");
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"));
}

#[tokio::test]
async fn n6_of_two_organisations_one_is_chosen_whose_currency_is_the_merchants() {
    let house = House::new().await;
    let staff = fresh(&house, &facts::NORTHWIND).await;
    let choose = async |id: &str| staff.post(&format!("{PAGE}/organisation"), &[("organisation", id)]).await;
    assert_eq!(consent(&staff, XERO, "both").await, "/organisation");
    let page = staff.get(&format!("{PAGE}/organisation")).await.body;
    assert!(page.contains("Northwind IT") && page.contains(facts::xero::OTHER_NAME), "{page}");
    assert_eq!(choose("nobody's").await.status, 404);
    assert_eq!(came_to(choose(facts::xero::OTHER_TENANT_ID).await), "/organisation?done=other-currency");
    let page = staff.get(&format!("{PAGE}/organisation?done=other-currency")).await;
    assert!(page.status == 422 && page.body.contains("another currency"), "{}", page.body);
    assert_eq!(came_to(choose(facts::xero::TENANT_ID).await), "/set-up?done=connected");
    assert_eq!(came_to(staff.get(&format!("{PAGE}/organisation")).await), "?done=late", "there is nothing to choose");
}

#[tokio::test]
async fn n6_a_grant_that_is_gone_is_brought_back_and_no_other_organisation_is_mixed_in() {
    let house = House::new().await;
    let staff = house.staff().await;
    house.arm("xero", "token_revoked", "connect/token").await;
    assert!(press(&staff, "Wise-Pay", "reconnect", &[]).await.ends_with("done=lost"));
    house.until("it is broken", async || card(&staff, "Wise-Pay").await.contains("Not valid")).await;
    assert_eq!(consent(&staff, XERO, "allow").await, "?done=again");
    assert!(press(&staff, "Wise-Pay", "test", &[]).await.ends_with("done=works"));

    assert_eq!(came_to(left(&staff).await), "?done=left");
    let sync = async || staff.post("/admin/sync", &[]).await.status;
    assert_eq!(sync().await, 503, "nothing is called");
    assert!(staff.get("/admin/exceptions").await.body.contains("taff have disconnected it"));
    let mails = "SELECT COUNT(*) FROM mail WHERE unique_key LIKE 'books_broken:%'";
    let told = house.number(mails).await;
    assert_eq!(consent(&staff, XERO, "other").await, "?done=other-organisation");
    assert!(card(&staff, "Wise-Pay").await.contains("Disconnected"));
    assert_eq!(consent(&staff, XERO, "allow").await, "?done=again");
    assert_eq!(sync().await, 303);
    assert_eq!(house.number(mails).await, told, "nobody is mailed of what staff did themselves");
}

#[tokio::test]
async fn n6_a_call_that_was_under_way_when_staff_let_go_of_their_books_says_nothing_of_them() {
    let house = House::new().await;
    let (staff, other) = (house.staff().await, house.staff().await);
    house.arm("xero", "delay_ms:3000", "GET /xero/api.xro/2.0/Organisation").await;
    let leaving = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        left(&staff).await
    };
    let (_, left) = tokio::join!(press(&other, "Wise-Pay", "test", &[]), leaving);
    assert_eq!(came_to(left), "?done=left");
    let shown = card(&staff, "Wise-Pay").await;
    assert!(shown.contains("Disconnected") && !shown.contains("Not valid"), "{shown}");
    assert_eq!(house.number("SELECT COUNT(*) FROM mail WHERE unique_key LIKE 'books_broken:%'").await, 0);
}

#[tokio::test]
async fn s93_n6_another_lane_is_connected_with_a_client_of_its_own() {
    let house = House::new().await;
    let staff = house.staff().await;
    let company = [("lane", "company"), ("provider", "xero")];
    let refused = staff.post(&format!("{PAGE}/connect"), &company).await;
    assert_eq!(refused.status, 404, "there is one connection: {}", refused.body);
    switch_on(&house).await;
    let asked = async |client: &[(&str, &str)]| {
        let form = [&company[..], client].concat();
        staff.post(&format!("{PAGE}/connect"), &form).await
    };
    assert_eq!(came_to(asked(&[]).await), "?done=no-app");
    let known = [("client_id", facts::xero::PORTAL_CLIENT_ID), ("client_secret", facts::xero::PORTAL_CLIENT_SECRET)];
    assert_eq!(came_to(asked(&known).await), "?done=known-app");
    let own = [("client_id", facts::xero::STRANGER_CLIENT_ID), ("client_secret", facts::xero::STRANGER_CLIENT_SECRET)];
    let form = [&company[..], &own].concat();
    assert_eq!(consent(&staff, &form, "allow").await, "?done=again");
    let shown = card(&staff, "Company").await;
    assert!(shown.contains("Its own client") && shown.contains("Northwind IT"), "{shown}");
    assert!(press(&staff, "Company", "test", &[]).await.ends_with("done=works"));
}
