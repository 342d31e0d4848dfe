//! Saved methods: customers, SetupIntents, and charges while the payer is away.

use serde_json::{Value, json};
use simulators::facts;

use crate::contracts;
use crate::harness::{MANDATE, Vendors};

async fn customer(vendors: &Vendors) -> String {
    let customer = vendors.made("customers", &[("name", "Acme"), ("email", "ana@acme.test")]).await;
    contracts::stripe("customer", &customer);
    customer["id"].as_str().unwrap().to_owned()
}

async fn set_up(vendors: &Vendors, customer: &str, method: &str) -> Value {
    let form = [("customer", customer), ("payment_method", method), ("usage", "off_session"), ("confirm", "true")];
    let setup = vendors.made("setup_intents", &form).await;
    contracts::stripe("setup_intent", &setup);
    setup
}

/// Charges 80.00 while the payer is away.
async fn charge_away(vendors: &Vendors, customer: &str, method: &str) -> crate::harness::Answer {
    let form = [
        ("amount", "8000"),
        ("currency", "usd"),
        ("customer", customer),
        ("payment_method", method),
        ("off_session", "true"),
        ("confirm", "true"),
    ];
    vendors.stripe_post("payment_intents", &form).await
}

#[tokio::test]
async fn a_card_is_saved_listed_charged_while_the_payer_is_away_and_let_go() {
    let vendors = Vendors::start().await;
    let acme = customer(&vendors).await;
    let setup = set_up(&vendors, &acme, "pm_card_visa_debit").await;
    assert_eq!((&setup["status"], &setup["usage"]), (&json!("succeeded"), &json!("off_session")));
    let method = setup["payment_method"].as_str().unwrap();
    for path in
        [format!("customers/{acme}/payment_methods?type=card"), format!("payment_methods?customer={acme}&type=card")]
    {
        let listed = vendors.stripe_get(&path).await.json;
        assert_eq!(
            (&listed["data"][0]["id"], &listed["data"][0]["card"]["funding"]),
            (&json!(method), &json!("debit"))
        );
        contracts::stripe("payment_method", &listed["data"][0]);
    }
    assert_eq!(
        vendors.stripe_get(&format!("payment_methods?customer={acme}&type=us_bank_account")).await.json["data"],
        json!([])
    );
    for _ in 0..2 {
        let paid = charge_away(&vendors, &acme, method).await;
        assert_eq!((paid.status, &paid.json["status"]), (200, &json!("succeeded")), "a saved card is not used up");
    }
    let strange = customer(&vendors).await;
    assert_eq!(charge_away(&vendors, &strange, method).await.status, 400, "another customer's card");
    let nobody = [("amount", "8000"), ("currency", "usd"), ("payment_method", method), ("confirm", "true")];
    assert_eq!(vendors.refused("payment_intents", &nobody).await.1["param"], "payment_method");

    let gone = vendors.made(&format!("payment_methods/{method}/detach"), &[]).await;
    assert_eq!(gone["customer"], Value::Null);
    assert_eq!(vendors.refused(&format!("payment_methods/{method}/detach"), &[]).await.0, 400);
    assert_eq!(vendors.refused(&format!("payment_methods/{method}/attach"), &[("customer", &acme)]).await.0, 400);
    assert_eq!(charge_away(&vendors, &acme, method).await.status, 400);
    let kinds = vendors.event_kinds().await;
    for kind in ["setup_intent.created", "setup_intent.succeeded", "payment_method.attached", "payment_method.detached"]
    {
        assert_eq!(kinds.iter().filter(|seen| *seen == kind).count(), 1, "{kind} in {kinds:?}");
    }
}

#[tokio::test]
async fn a_card_that_needs_its_payer_is_refused_while_the_payer_is_away() {
    let vendors = Vendors::start().await;
    let acme = customer(&vendors).await;
    let always = set_up(&vendors, &acme, "pm_card_authenticationRequired").await;
    assert_eq!(always["status"], "requires_action");
    let bank = always["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    let page = vendors.read(vendors.http.get(bank)).await.unwrap();
    assert!(page.json.as_str().unwrap().contains("leave to charge this card later"));
    assert!(page.header("content-security-policy").contains("frame-ancestors http://127.0.0.1:*"));
    vendors.read(vendors.http.post(bank).form(&[("outcome", "complete")])).await.unwrap();
    let id = always["id"].as_str().unwrap();
    let done = vendors.stripe_get(&format!("setup_intents/{id}?expand[]=payment_method")).await.json;
    assert_eq!((&done["status"], &done["payment_method"]["customer"]), (&json!("succeeded"), &json!(acme)));

    let refused = charge_away(&vendors, &acme, done["payment_method"]["id"].as_str().unwrap()).await;
    let error = &refused.json["error"];
    assert_eq!((refused.status, error["code"].as_str()), (402, Some("authentication_required")));
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    assert_eq!(error["payment_method"]["id"], done["payment_method"]["id"], "so that the payer can finish with it");

    // The other test card asks its payer once, and then no more.
    let once = set_up(&vendors, &acme, "pm_card_authenticationRequiredOnSetup").await;
    let bank = once["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    vendors.read(vendors.http.post(bank).form(&[("outcome", "complete")])).await.unwrap();
    let method = once["payment_method"].as_str().unwrap();
    assert_eq!(charge_away(&vendors, &acme, method).await.json["status"], "succeeded");
}

#[tokio::test]
async fn a_declined_setup_says_so_and_a_card_may_fail_only_when_charged() {
    let vendors = Vendors::start().await;
    let acme = customer(&vendors).await;
    let form = [("customer", acme.as_str()), ("payment_method", "pm_card_chargeDeclined"), ("confirm", "true")];
    let (status, error) = vendors.refused("setup_intents", &form).await;
    assert_eq!((status, &error["setup_intent"]["status"]), (402, &json!("requires_payment_method")));
    assert_eq!(error["setup_intent"]["last_setup_error"]["code"], "card_declined");
    contracts::stripe("setup_intent", &error["setup_intent"]);
    assert!(vendors.event_kinds().await.contains(&"setup_intent.setup_failed".to_owned()));
    assert_eq!(
        vendors.refused("payment_methods/pm_card_chargeDeclined/attach", &[("customer", &acme)]).await.0,
        402,
        "its bank declines it at once"
    );
    let saved = vendors.made("payment_methods/pm_card_chargeCustomerFail/attach", &[("customer", &acme)]).await;
    assert_eq!(saved["customer"], json!(acme));
    assert_eq!(charge_away(&vendors, &acme, saved["id"].as_str().unwrap()).await.status, 402);
}

#[tokio::test]
async fn a_payment_saves_its_card_when_told_to() {
    let vendors = Vendors::start().await;
    let acme = customer(&vendors).await;
    let form = [
        ("amount", "8000"),
        ("currency", "usd"),
        ("customer", acme.as_str()),
        ("payment_method", "pm_card_amex"),
        ("setup_future_usage", "off_session"),
        ("confirm", "true"),
    ];
    let paid = vendors.made("payment_intents", &form).await;
    let method = paid["payment_method"].as_str().unwrap();
    let read = vendors.stripe_get(&format!("payment_methods/{method}")).await.json;
    assert_eq!((&read["customer"], &read["card"]["brand"]), (&json!(acme), &json!("amex")));
    assert_eq!(charge_away(&vendors, &acme, method).await.status, 200);
    let changed = vendors.made(&format!("payment_methods/{method}"), &[("card[exp_year]", "2044")]).await;
    assert_eq!(changed["card"]["exp_year"], 2044);
}

#[tokio::test]
async fn a_fingerprint_belongs_to_the_number_whatever_else_was_typed() {
    let vendors = Vendors::start().await;
    let typed = async |number: &str, year: &str| {
        let form = [("type", "card"), ("card[number]", number), ("card[exp_month]", "12"), ("card[exp_year]", year)];
        let call = vendors.http.post(format!("{}/stripe/v1/payment_methods", vendors.url)).form(&form);
        vendors.read(call.bearer_auth(facts::stripe::PORTAL_PUBLISHABLE_KEY)).await.unwrap().json["card"].clone()
    };
    let card = typed("5105105105105100", "2040").await;
    assert_eq!(
        (&card["brand"], &card["funding"], &card["country"]),
        (&json!("mastercard"), &json!("prepaid"), &json!("US"))
    );
    assert_eq!(card["fingerprint"], typed("5105105105105100", "2041").await["fingerprint"]);
    assert_ne!(card["fingerprint"], typed("5555555555554444", "2040").await["fingerprint"]);
    assert!(!card["fingerprint"].as_str().unwrap().contains("5100"), "nothing of the number is in it");
}

#[tokio::test]
async fn a_browser_works_on_the_one_intent_whose_secret_it_holds() {
    let vendors = Vendors::start().await;
    let acme = customer(&vendors).await;
    let setup =
        vendors.made("setup_intents", &[("customer", &acme), ("payment_method_types[]", "us_bank_account")]).await;
    let (id, secret) = (setup["id"].as_str().unwrap(), setup["client_secret"].as_str().unwrap());
    let browser = async |secret: &str| {
        let form = [
            ("client_secret", secret),
            ("payment_method_data[type]", "us_bank_account"),
            ("payment_method_data[us_bank_account][routing_number]", "110000000"),
            ("payment_method_data[us_bank_account][account_number]", "000123456789"),
            ("payment_method_data[us_bank_account][account_holder_type]", "company"),
            ("payment_method_data[billing_details][name]", "Ana Diaz"),
            ("mandate_data[customer_acceptance][type]", "online"),
            ("mandate_data[customer_acceptance][online][infer_from_client]", "true"),
        ];
        let call = vendors.http.post(format!("{}/stripe/v1/setup_intents/{id}/confirm", vendors.url)).form(&form);
        vendors.read(call.bearer_auth(facts::stripe::PORTAL_PUBLISHABLE_KEY)).await.unwrap()
    };
    assert_eq!(browser("seti_guess").await.json["error"]["param"], "client_secret");
    let confirmed = browser(secret).await;
    assert_eq!(confirmed.json["next_action"]["type"], "verify_with_microdeposits");
    contracts::stripe("setup_intent", &confirmed.json);
    let verified = vendors
        .made(&format!("setup_intents/{id}/verify_microdeposits"), &[("amounts[]", "32"), ("amounts[]", "45")])
        .await;
    assert_eq!(verified["status"], "succeeded");
    let mandate = vendors.stripe_get(&format!("mandates/{}", verified["mandate"].as_str().unwrap())).await.json;
    assert_eq!((&mandate["status"], &mandate["type"]), (&json!("active"), &json!("multi_use")));
    contracts::stripe("mandate", &mandate);
    // The saved account is debited without asking again, by the mandate that stands.
    let away = charge_away(&vendors, &acme, verified["payment_method"].as_str().unwrap()).await.json;
    assert_eq!(away["status"], "processing");
}

#[tokio::test]
async fn a_setup_ends_by_cancelling_and_an_account_needs_consent() {
    let vendors = Vendors::start().await;
    let form = [("payment_method_types[]", "us_bank_account"), ("payment_method", "pm_usBankAccount_success")];
    let setup = vendors.made("setup_intents", &form).await;
    let id = setup["id"].as_str().unwrap();
    let (status, error) = vendors.refused(&format!("setup_intents/{id}/confirm"), &[]).await;
    assert_eq!((status, error["code"].as_str()), (400, Some("payment_intent_mandate_invalid")));
    let confirmed = vendors.made(&format!("setup_intents/{id}/confirm"), &MANDATE).await;
    assert_eq!(confirmed["status"], "succeeded");
    assert_eq!(
        vendors.refused(&format!("setup_intents/{id}/cancel"), &[]).await.1["code"],
        "setup_intent_unexpected_state"
    );
    let other = vendors.made("setup_intents", &[]).await;
    let path = format!("setup_intents/{}/cancel", other["id"].as_str().unwrap());
    let ended = vendors.made(&path, &[("cancellation_reason", "abandoned")]).await;
    assert_eq!((&ended["status"], &ended["cancellation_reason"]), (&json!("canceled"), &json!("abandoned")));
    let listed = vendors.stripe_get("setup_intents?limit=1").await.json;
    assert_eq!((&listed["data"][0]["id"], &listed["has_more"]), (&other["id"], &json!(true)));
}

#[tokio::test]
async fn a_saved_card_is_renewed_ends_and_is_taken_away_on_demand() {
    let vendors = Vendors::start().await;
    let acme = customer(&vendors).await;
    let setup = set_up(&vendors, &acme, "pm_card_visa").await;
    let method = setup["payment_method"].as_str().unwrap();
    let change = async |change: &str| {
        let changed = vendors.control("stripe/method", json!({ "id": method, "change": change })).await;
        (changed.status, changed.json["method"].clone())
    };
    let (status, renewed) = change("updated").await;
    assert_eq!((status, &renewed["card"]["last4"]), (200, &json!("0005")));
    contracts::stripe("payment_method", &renewed);
    assert_eq!(charge_away(&vendors, &acme, method).await.status, 200);

    assert_eq!(change("expired").await.0, 200);
    let declined = charge_away(&vendors, &acme, method).await;
    assert_eq!((declined.status, &declined.json["error"]["code"]), (402, &json!("expired_card")));

    let (status, gone) = change("detached").await;
    assert_eq!((status, &gone["customer"]), (200, &Value::Null));
    assert_eq!(charge_away(&vendors, &acme, method).await.status, 400);
    assert_eq!(change("detached").await.0, 400, "nobody has it saved");
    let kinds = vendors.event_kinds().await;
    for kind in ["payment_method.automatically_updated", "payment_method.detached"] {
        assert!(kinds.iter().any(|told| told == kind), "{kind}: {kinds:?}");
    }
}

#[tokio::test]
async fn the_card_of_a_payment_is_saved_afterwards_where_the_payment_said_so() {
    let vendors = Vendors::start().await;
    let acme = customer(&vendors).await;
    for (usage, status) in [(Some("off_session"), 200), (None, 400)] {
        let mut form =
            vec![("amount", "8000"), ("currency", "usd"), ("payment_method", "pm_card_visa"), ("confirm", "true")];
        form.extend(usage.map(|usage| ("setup_future_usage", usage)));
        let paid = vendors.made("payment_intents", &form).await;
        let attach = format!("payment_methods/{}/attach", paid["payment_method"].as_str().unwrap());
        let attached = vendors.stripe_post(&attach, &[("customer", &acme)]).await;
        assert_eq!(attached.status, status, "{usage:?}: {}", attached.json);
    }
}
