//! Configure > Merchants > Surcharges: staff read what is added, try it, and replace the rules (N12, E20). What is charged by
//! them: `surcharges.rs`.

use crate::{
    own_books::send_parts,
    support::{Answer, Client, House, On, assert_has, field, link},
    surcharges::{RULES, set_rules, with_rules},
};
use simulators::facts;

const TAB: &str = "/admin/configure/merchants/northwind/surcharges";
/// What payers read of the rules.
const SAID: &str =
    "Surcharges: American Express credit cards 2\u{a0}% + $0.30, at most $10.00; other credit cards 1.5\u{a0}%.";
const BY_STAFF: &str = "SELECT count(*) FROM audit_slip WHERE kind = 'surcharges_set' AND actor <> 'operator'";
const BY_OPERATOR: &str = "SELECT count(*) FROM audit_slip WHERE kind = 'surcharges_set' AND actor = 'operator'";
const TURNED_OFF: &str = "SELECT count(*) FROM audit_slip WHERE kind = 'surcharges_turned_off'";

async fn send(house: &House, staff: &Client, part: &str, fields: &[(&str, &str)]) -> Answer {
    send_parts(house, staff, &format!("{TAB}/{part}"), fields).await
}

#[tokio::test]
async fn n12_e20_staff_see_what_a_file_changes_and_save_it_once() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::without_worker_on(database).await else { continue };
        let staff = house.staff().await;
        let page = staff.get(TAB).await.body;
        assert_has!(
            page,
            "Nothing is added for any way of paying",
            "href=\"/admin/configure/merchants/northwind/integrations\""
        );

        let shown = send(&house, &staff, "preview", &[("rules", RULES)]).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        assert_has!(
            shown.body,
            "2 new, 0 changed, 0 left out, 0 as they are. Nothing is saved yet.",
            "Payments are taken in US-TX.",
            "American Express credit cards",
            "2\u{a0}% + $0.30, at most $10.00. Any place, USD. Account 200, tax OUTPUT",
            "Save 2 rules"
        );
        assert!(staff.get(TAB).await.body.contains("Nothing is added"), "looking changes nothing");

        let stands = field(&shown.body, "stands");
        for click in ["once", "twice"] {
            let saved = send(&house, &staff, "save", &[("rules", RULES), ("stands", &stands)]).await;
            assert_eq!(saved.location, Some(format!("{TAB}?done=saved")), "{click}: {}", saved.body);
        }
        assert_eq!((house.number(BY_STAFF).await, house.number(BY_OPERATOR).await), (1, 0), "twice is once");
        let page = staff.get(TAB).await.body;
        assert_has!(page, SAID, "In force", "Account 200, no tax", "Turn surcharges off");
        let client = house.client();
        let checkout = client.get(&client.get(&link("INV-501")).await.location.unwrap()).await.body;
        assert!(checkout.contains(SAID), "payers read the same: {checkout}");

        let dearer = RULES.replace("15000", "17500");
        let shown = send(&house, &staff, "preview", &[("rules", ""), ("file", &dearer)]).await.body;
        assert_has!(shown, "0 new, 1 changed, 0 left out, 1 as they are.", "1.5\u{a0}%.", "1.75\u{a0}%.");
        let same = send(&house, &staff, "preview", &[("rules", RULES)]).await.body;
        assert!(same.contains("This is what stands already.") && !same.contains("Save 2 rules"), "{same}");
    }
}

#[tokio::test]
async fn n12_all_that_is_wrong_in_a_file_is_named_and_changes_nothing() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let wrong = RULES
        .replace("\"rate_ppm\": 15000", "\"brand\": \"visa\"")
        .replace("\"account\": \"200\", \"tax\"", "\"account\": \"\", \"tax\"");
    for part in ["preview", "save"] {
        let told = send(&house, &staff, part, &[("rules", &wrong), ("stands", "")]).await;
        assert_eq!(told.status, 422, "{}", told.body);
        assert_has!(
            told.body,
            "Error: Surcharges",
            "Line 4: rule 1 is wrong: it adds nothing",
            "Line 5: rule 2 is wrong: `account` is empty",
            "\"cap_minor\": 1000"
        );
        let junk = send(&house, &staff, part, &[("rules", "</textarea>"), ("stands", "")]).await;
        assert!(junk.status == 422 && junk.body.contains("The file cannot be read: "), "{}", junk.body);
    }
    assert_eq!(house.engine.surcharge_rules(facts::NORTHWIND.key).await.unwrap(), None);
    assert_eq!(house.number(BY_STAFF).await, 0);
}

#[tokio::test]
async fn n12_rules_that_came_meanwhile_are_not_overwritten_unseen() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let stands = field(&send(&house, &staff, "preview", &[("rules", RULES)]).await.body, "stands");
    set_rules(&house, facts::NORTHWIND.key, &RULES.replace("15000", "9000")).await;
    assert_eq!(house.number(BY_OPERATOR).await, 1, "the command leaves a line as well");

    let moved = send(&house, &staff, "save", &[("rules", RULES), ("stands", &stands)]).await;
    assert_eq!(moved.status, 422, "{}", moved.body);
    assert_has!(moved.body, "Other rules were saved meanwhile.", "0 new, 1 changed, 0 left out, 1 as they are.");
    assert_eq!(house.number(BY_STAFF).await, 0);
    let stands = field(&moved.body, "stands");
    let saved = send(&house, &staff, "save", &[("rules", RULES), ("stands", &stands)]).await;
    assert_eq!((saved.status, house.number(BY_STAFF).await), (303, 1), "{}", saved.body);
}

#[tokio::test]
async fn n12_of_two_who_save_at_once_one_reads_what_the_other_has_put_there() {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let Some(house) = House::without_worker_on(On::Postgres).await else { return };
    set_rules(&house, facts::NORTHWIND.key, RULES).await;
    let (one, other) = (house.staff().await, house.staff().await);
    let [cheaper, dearer] = ["9000", "17500"].map(|rate| RULES.replace("15000", rate));
    let stands = field(&send(&house, &one, "preview", &[("rules", &cheaper)]).await.body, "stands");
    let save = async |staff: &Client, rules: &str| {
        send(&house, staff, "save", &[("rules", rules), ("stands", &stands)]).await.status
    };
    let row = house.hold("SELECT 1 FROM surcharge_policy FOR UPDATE").await;
    let let_go = async {
        house.until("both wait", async || house.number(WAITING).await == 2).await;
        row.rollback().await.unwrap();
    };
    let (one, other, ()) = tokio::join!(save(&one, &cheaper), save(&other, &dearer), let_go);
    assert!(matches!((one, other), (303, 422) | (422, 303)), "{one} {other}");
    assert_eq!(house.number(BY_STAFF).await, 1);
}

#[tokio::test]
async fn n12_what_would_be_charged_is_what_the_checkout_charges() {
    let house = with_rules(On::Sqlite).await.unwrap();
    let staff = house.staff().await;
    let tried = async |asked: &str| staff.get(&format!("{TAB}?{asked}")).await.body;
    // As a payer is asked in `surcharges.rs`.
    let visa = tried("amount=1%2C204.50&channel=card&brand=visa&funding=credit").await;
    assert_has!(
        visa,
        "For this Visa credit card a surcharge of $18.07 applies today.",
        "<dt>Rule</dt><dd>Credit cards: 1.5\u{a0}%</dd>",
        "<dt>Account in the books</dt><dd>200</dd>",
        "<dt>Asked for</dt><dd>$1,222.57</dd>"
    );
    let amex = tried("amount=1204.50&channel=card&brand=amex&funding=credit").await;
    assert_has!(
        amex,
        "a surcharge of $10.00 applies",
        "American Express credit cards: 2\u{a0}% + $0.30, at most $10.00"
    );
    for (asked, words) in [
        ("channel=card&brand=visa&funding=debit", "For this Visa debit card no surcharge applies today."),
        ("channel=page", "Nobody knows which card it is"),
        ("channel=bank_debit", "For this bank account no surcharge applies today."),
    ] {
        let page = tried(&format!("amount=100&{asked}")).await;
        assert!(page.contains(words) && page.contains("<dt>Asked for</dt><dd>$100.00</dd>"), "{asked}: {page}");
    }
    for junk in ["12%2C50", "-1", "0", "much"] {
        let told = staff.get(&format!("{TAB}?amount={junk}")).await;
        assert!(told.status == 422 && told.body.contains("Enter an amount, as 100.00."), "{junk}: {}", told.body);
    }

    set_rules(&house, facts::NORTHWIND.key, r#"{"place": "US-CO", "rules": [{"rate_ppm": 30000, "account": "200"}]}"#)
        .await;
    let held = tried("amount=100&channel=card&brand=visa&funding=credit").await;
    assert_has!(
        held,
        "<dt>By that rule</dt><dd>$3.00</dd>",
        "<dt>Allowed by the law in US-CO</dt><dd>$2.00</dd>",
        "<dt>Asked for</dt><dd>$102.00</dd>"
    );
}

#[tokio::test]
async fn n12_staff_whose_gateway_tells_no_cards_read_what_that_means() {
    const TAB: &str = "/admin/configure/merchants/harbour/surcharges";
    let house = House::without_worker().await;
    let staff = house.signed_in(facts::HARBOUR.admin_email).await;
    set_rules(&house, facts::HARBOUR.key, r#"{"place": "NZ", "rules": [{"rate_ppm": 15000, "account": "260"}]}"#).await;
    let page = staff.get(TAB).await.body;
    assert!(page.contains("Sandbox does not tell which card is paid with") && !page.contains("Payers read"), "{page}");
    let tried = staff.get(&format!("{TAB}?amount=100&channel=card&brand=visa&funding=credit")).await.body;
    assert!(tried.contains("For this card no surcharge applies today."), "{tried}");
}

#[tokio::test]
async fn n12_surcharges_are_turned_off_once_and_payers_read_of_none() {
    let house = House::without_worker().await;
    set_rules(&house, facts::NORTHWIND.key, RULES).await;
    let staff = house.staff().await;
    for click in ["once", "twice"] {
        let off = staff.post(&format!("{TAB}/off"), &[]).await;
        assert_eq!(off.location, Some(format!("{TAB}?done=off")), "{click}");
    }
    assert_eq!(house.number(TURNED_OFF).await, 1, "twice is once");
    let page = staff.get(&format!("{TAB}?done=off")).await.body;
    assert_has!(page, "Surcharges are turned off.", "Nothing is added for any way of paying");
    let client = house.client();
    let checkout = client.get(&client.get(&link("INV-501")).await.location.unwrap()).await.body;
    assert!(checkout.contains("Pay $1,204.50") && !checkout.contains("Surcharges:"), "{checkout}");
}
