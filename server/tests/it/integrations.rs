//! Configure > Merchants > Integrations: the keys of a merchant's programs (S6-S11).

use crate::{
    quotes::opened,
    support::{Client, House, assert_has, field},
};
use engine::QuoteRulesChange;
use simulators::facts;

const TAB: &str = "/admin/configure/merchants/northwind/integrations";

/// Turns an integration on and makes a key; answers its id.
pub async fn key(staff: &Client, tab: &str, kind: &str) -> String {
    let key = field(form(&staff.get(tab).await.body, kind), "key");
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

/// The form of a section, to its end.
fn form<'a>(page: &'a str, kind: &str) -> &'a str {
    let action = format!("/integrations/{kind}\"");
    let at = page.find(&action).unwrap_or_else(|| panic!("no section {kind}: {page}"));
    page[at..].split("</form>").next().unwrap()
}

#[tokio::test]
async fn s7_configure_leads_to_the_integrations_of_the_own_merchant() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let home = staff.get("/admin").await.body;
    assert!(home.contains("href=\"/admin/configure/merchants\""), "{home}");
    assert_eq!(staff.get("/admin/configure/merchants").await.location.as_deref(), Some(TAB));
    let page = staff.get(TAB).await.body;
    assert_has!(page, "href=\"/admin/configure/merchants/northwind/settings\"", "aria-current=\"page\">Integrations");
    assert_has!(page, "ConnectWise Sell", "Client portal", "API", "Is Enabled", "How to set up ConnectWise Sell");
}

#[tokio::test]
async fn s8_s9_s10_the_check_box_and_the_key_stay_as_they_were_saved() {
    const KEYS: &str = "SELECT count(*) FROM integration_key WHERE kind = 'sell'";
    let house = House::without_worker().await;
    let (staff, first) = (house.staff().await, facts::NORTHWIND.sell.key_id);
    let before = house.number(KEYS).await;
    let is_on = async || form(&staff.get(TAB).await.body, "sell").contains("checked");
    let save = async |fields: &[(&str, &str)]| staff.post(&format!("{TAB}/sell"), fields).await.location.unwrap();
    assert!(is_on().await, "the demo's is on");
    assert_eq!(save(&[("do", "save")]).await, format!("{TAB}?done=saved"));
    assert!(!is_on().await && staff.get(TAB).await.body.contains(first), "off, and its key stays");

    let second = key(&staff, TAB, "sell").await;
    let page = staff.get(TAB).await.body;
    assert!(second.starts_with("wpik_") && is_on().await, "Generate keeps the check box as well");
    assert!(page.contains(first) && page.contains(&second) && page.contains("Two keys are active."), "{page}");
    assert!(!page.contains("wpsk_"), "no secret where it can be opened again: {page}");
    save(&[("is_enabled", "yes"), ("key", second.as_str()), ("do", "generate")]).await;
    assert_eq!(house.number(KEYS).await, before + 1, "two presses of one form are one key");
    let third = [("is_enabled", "yes"), ("key", "wpik_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b"), ("do", "generate")];
    assert!(staff.get(&save(&third).await).await.body.contains("Retire the older one first."));
    assert_eq!(house.number(KEYS).await, before + 1);
}

#[tokio::test]
async fn s11_display_shows_the_secret_and_a_retired_key_has_none() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let of_sell = &facts::NORTHWIND.sell;
    assert_eq!(secret(&staff, TAB, "sell", of_sell.key_id).await, of_sell.secret);
    let made = key(&staff, TAB, "api").await;
    let shown = secret(&staff, TAB, "api", &made).await;
    assert_ne!(shown, of_sell.secret);
    assert_eq!(secret(&staff, TAB, "api", &made).await, shown, "as often as it is asked for");

    for _ in 0..2 {
        let retired = staff.post(&format!("{TAB}/api/retire"), &[("key", made.as_str())]).await;
        assert_eq!(retired.location, Some(format!("{TAB}?done=retired")));
    }
    assert_eq!(staff.post(&format!("{TAB}/api/display"), &[("key", made.as_str())]).await.status, 404);
    for (acts, times, what) in [
        ("SELECT count(*) FROM audit_slip WHERE kind = 'integration_enabled'", 1, "turned on"),
        ("SELECT count(*) FROM audit_slip WHERE kind = 'integration_key_made'", 1, "generated"),
        ("SELECT count(*) FROM audit_slip WHERE kind = 'integration_key_shown'", 3, "displayed, Sell's as well"),
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

#[tokio::test]
async fn s13_s20_staff_say_where_payers_of_quotes_go_back_to_and_where_their_program_is_told() {
    let house = House::new().await;
    let staff = house.staff().await;
    let save = async |hosts: &str, url: &str| {
        let ticked = [("applies_credits", "yes"), ("creates_customers", "yes")];
        let sent = [ticked[0], ticked[1], ("return_hosts", hosts), ("webhook_url", url)];
        staff.post(&format!("{TAB}/quotes"), &sent).await
    };
    let back = save("https://sell.example/", "ftp://sell.example/news").await;
    assert_eq!(back.status, 422, "{}", back.body);
    assert_has!(
        back.body,
        "https://sell.example/ is no host. Enter it without https:// and port",
        "Enter an address like https://partner.example/events.",
        "href=\"#return_hosts\"",
        "href=\"#webhook_url\"",
        "value=\"ftp://sell.example/news\""
    );
    let kept = async || house.engine.set_quote_rules("northwind", QuoteRulesChange::default()).await.unwrap();
    assert!(!kept().await.allows("sell.example"), "nothing was saved");

    for _ in 0..2 {
        let saved = save("sell.example\r\nQUOTES.example, ", "http://127.0.0.1:9/news").await;
        assert_eq!(saved.location, Some(format!("{TAB}?done=quotes")));
    }
    let rules = kept().await;
    assert_eq!(rules.return_hosts, "sell.example quotes.example", "the command reads the same");
    assert!(
        rules.applies_credits
            && rules.creates_customers
            && rules.webhook_url.as_deref() == Some("http://127.0.0.1:9/news")
    );
    let page = staff.get(TAB).await.body;
    assert_has!(page, "sell.example\nquotes.example", "value=\"http://127.0.0.1:9/news\"");
    opened(&house, "8f2c:1:1").await;
    let lines = "SELECT count(*) FROM audit_slip WHERE kind = 'quote_rules_set' AND body NOT LIKE '%/news%'";
    assert_eq!(house.number(lines).await, 1, "what is as it was leaves no line");
}
