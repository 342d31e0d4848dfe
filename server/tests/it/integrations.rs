//! Configure > Merchants > Integrations: the keys of a merchant's programs (S6-S11).

use crate::support::{Client, House, field};
use simulators::facts;

const TAB: &str = "/admin/configure/merchants/northwind/integrations";

/// Turns an integration on and makes a key; answers its id.
pub async fn key(staff: &Client, tab: &str, kind: &str) -> String {
    let key = field(section(&staff.get(tab).await.body, kind), "key");
    let sent = [("is_enabled", "yes"), ("key", key.as_str()), ("do", "generate")];
    let made = staff.post(&format!("{tab}/{kind}"), &sent).await;
    assert_eq!(made.location, Some(format!("{tab}?done=generated")), "{}", made.body);
    key
}

/// The secret of a key, as Display shows it.
pub async fn secret(staff: &Client, tab: &str, kind: &str, key: &str) -> String {
    let shown = staff.post(&format!("{tab}/{kind}/display"), &[("key", key)]).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let secret = shown.body.split("wpsk_").nth(1).unwrap_or_else(|| panic!("no secret: {}", shown.body));
    format!("wpsk_{}", &secret[..64])
}

/// The form of a section.
fn section<'a>(page: &'a str, kind: &str) -> &'a str {
    let action = format!("/integrations/{kind}\"");
    let at = page.find(&action).unwrap_or_else(|| panic!("no section {kind}: {page}"));
    &page[at..]
}

#[tokio::test]
async fn s7_configure_leads_to_the_integrations_of_the_own_merchant() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let home = staff.get("/admin").await.body;
    assert!(home.contains("href=\"/admin/configure/merchants\""), "{home}");
    assert_eq!(staff.get("/admin/configure/merchants").await.location.as_deref(), Some(TAB));
    let page = staff.get(TAB).await.body;
    for words in ["ConnectWise Sell", "Client portal", "API", "Is Enabled", "How to set up ConnectWise Sell"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn s8_s9_s10_the_check_box_and_the_key_stay_as_they_were_saved() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let is_on =
        async || section(&staff.get(TAB).await.body, "sell").split("</form>").next().unwrap().contains("checked");
    assert!(!is_on().await, "off until somebody turns it on");
    let first = key(&staff, TAB, "sell").await;
    assert!(first.starts_with("wpik_") && is_on().await);

    let page = staff.get(TAB).await.body;
    assert!(page.contains(&first) && !page.contains("wpsk_"), "no secret where it can be opened again: {page}");
    let again = [("is_enabled", "yes"), ("key", first.as_str()), ("do", "generate")];
    assert_eq!(staff.post(&format!("{TAB}/sell"), &again).await.status, 303);
    assert_eq!(house.number("SELECT count(*) FROM integration_key").await, 1, "two presses of one form are one key");

    let second = key(&staff, TAB, "sell").await;
    let page = staff.get(TAB).await.body;
    assert!(page.contains(&second) && page.contains("Two keys are active."), "{page}");
    let third = [("is_enabled", "yes"), ("key", "wpik_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b"), ("do", "generate")];
    let full = staff.post(&format!("{TAB}/sell"), &third).await.location.unwrap();
    assert!(staff.get(&full).await.body.contains("Retire the older one first."));
    assert_eq!(house.number("SELECT count(*) FROM integration_key").await, 2);

    assert_eq!(staff.post(&format!("{TAB}/sell"), &[("do", "save")]).await.status, 303);
    assert!(!is_on().await && staff.get(TAB).await.body.contains(&second), "off, and its keys stay");
}

#[tokio::test]
async fn s11_display_shows_the_secret_and_a_retired_key_has_none() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let made = key(&staff, TAB, "sell").await;
    let shown = secret(&staff, TAB, "sell", &made).await;
    assert_eq!(secret(&staff, TAB, "sell", &made).await, shown, "as often as it is asked for");

    for _ in 0..2 {
        let retired = staff.post(&format!("{TAB}/sell/retire"), &[("key", made.as_str())]).await;
        assert_eq!(retired.location, Some(format!("{TAB}?done=retired")));
    }
    assert_eq!(staff.post(&format!("{TAB}/sell/display"), &[("key", made.as_str())]).await.status, 404);
    for (acts, times, what) in [
        ("SELECT count(*) FROM audit_slip WHERE kind = 'integration_enabled'", 1, "turned on"),
        ("SELECT count(*) FROM audit_slip WHERE kind = 'integration_key_made'", 1, "generated"),
        ("SELECT count(*) FROM audit_slip WHERE kind = 'integration_key_shown'", 2, "displayed"),
        ("SELECT count(*) FROM audit_slip WHERE kind = 'integration_key_retired'", 1, "retired, and once more"),
    ] {
        assert_eq!(house.number(acts).await, times, "{what}");
    }
    let told = "SELECT count(*) FROM audit_slip WHERE kind LIKE 'integration%' AND body LIKE '%wpsk_%'";
    assert_eq!(house.number(told).await, 0);
}

#[tokio::test]
async fn s11_another_merchants_keys_are_neither_shown_nor_retired() {
    let house = House::without_worker().await;
    let (northwind, harbour) = (house.staff().await, house.signed_in(facts::HARBOUR.admin_email).await);
    let made = key(&northwind, TAB, "api").await;
    let own = "/admin/configure/merchants/harbour/integrations";
    for tab in [TAB, own] {
        for act in ["display", "retire"] {
            let answer = harbour.post(&format!("{tab}/api/{act}"), &[("key", made.as_str())]).await;
            assert!(answer.status == 404 && !answer.body.contains("wpsk_"), "{tab} {act}: {}", answer.body);
        }
    }
    assert_eq!(harbour.post(&format!("{TAB}/api"), &[("do", "save")]).await.status, 404);
    assert_eq!(secret(&northwind, TAB, "api", &made).await.len(), 69);
}
