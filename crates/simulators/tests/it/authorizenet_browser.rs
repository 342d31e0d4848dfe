//! What Authorize.Net shows to browsers: nonces, the hosted payment page, the page for stored methods, the scripts.

use serde_json::{Value, json};
use simulators::facts::{authorizenet as keys, bank_accounts, cards};

use crate::authorizenet::{VISA, charge, id_of, outcome};
use crate::harness::{Answer, Vendors};

impl Vendors {
    /// Makes a nonce as the vendor's script does in a page.
    async fn nonce(&self, data: &str) -> Value {
        let auth = format!("{{\"name\":\"{}\",\"clientKey\":\"{}\"}}", keys::PORTAL_LOGIN, keys::PORTAL_CLIENT_KEY);
        let data = format!("{{\"type\":\"TOKEN\",\"id\":\"1\",{data}}}");
        let body =
            format!("{{\"securePaymentContainerRequest\":{{\"merchantAuthentication\":{auth},\"data\":{data}}}}}");
        self.anet_raw(body).await.unwrap()["opaqueData"].clone()
    }

    async fn typed(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.read(self.http.post(format!("{}/authorizenet/{path}", self.url)).form(form)).await.unwrap()
    }

    async fn payment_page(&self, settings: &[(&str, Value)]) -> String {
        let settings: Vec<String> = settings
            .iter()
            .map(|(name, value)| {
                json!({ "settingName": format!("hostedPayment{name}"), "settingValue": value.to_string() }).to_string()
            })
            .collect();
        let request = format!(
            "\"refId\":\"H1\",\"transactionRequest\":{{\"transactionType\":\"authCaptureTransaction\",\"amount\":\"1204.50\",\
             \"order\":{{\"invoiceNumber\":\"INV-501\"}}}},\"hostedPaymentSettings\":{{\"setting\":[{}]}}",
            settings.join(",")
        );
        let reply = self.anet("getHostedPaymentPageRequest", &request).await;
        reply["token"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }
}

fn opaque(nonce: &Value) -> String {
    format!("\"opaqueData\":{{\"dataDescriptor\":{},\"dataValue\":{}}}", nonce["dataDescriptor"], nonce["dataValue"])
}

const CARD: &str = "\"token\":{\"cardNumber\":\"4111111111111111\",\"expirationDate\":\"122040\",\"cardCode\":\"123\"}";

#[tokio::test]
async fn a_nonce_pays_once_and_for_a_quarter_of_an_hour() {
    let vendors = Vendors::start().await;
    let nonce = vendors.nonce(CARD).await;
    assert_eq!(nonce["dataDescriptor"], "COMMON.ACCEPT.INAPP.PAYMENT");
    let request = charge("10.00", &opaque(&nonce), "INV-1");
    assert_eq!(outcome(&vendors.transact(&request).await), ("1", "1"));
    let code = |reply: &Value| reply["messages"]["message"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(code(&vendors.transact(&request).await), "E00114");
    let fresh = charge("10.00", &opaque(&vendors.nonce(CARD).await), "INV-1");
    assert_eq!(outcome(&vendors.transact(&fresh).await), ("3", "11"), "another nonce of the same card is a duplicate");
    let old = vendors.nonce(CARD).await;
    vendors.control("advance", json!({ "hours": 1 })).await;
    assert!(code(&vendors.transact(&charge("10.00", &opaque(&old), "INV-2")).await).starts_with("E0011"));
    let bank = format!(
        "\"bankToken\":{{\"accountType\":\"checking\",\"routingNumber\":\"{}\",\"accountNumber\":\"{}\",\"nameOnAccount\":\"A\"}}",
        bank_accounts::ROUTING,
        bank_accounts::CLEARS
    );
    let debit = vendors.transact(&charge("500.00", &opaque(&vendors.nonce(&bank).await), "INV-3")).await;
    assert_eq!(debit["transactionResponse"]["accountType"], "eCheck");
}

#[tokio::test]
async fn the_hosted_page_takes_one_payment_and_sends_the_payer_back() {
    let vendors = Vendors::start().await;
    let back = json!({ "showReceipt": false, "url": "http://127.0.0.1:3000/npe?id=1", "cancelUrl": "http://127.0.0.1:3000/back" });
    let token = vendors.payment_page(&[("ReturnOptions", back)]).await;
    let page = vendors.typed("payment/payment", &[("token", &token)]).await;
    let html = page.json.as_str().unwrap();
    assert!(
        page.status == 200 && html.contains("$1,204.50") && html.contains("INV-501") && html.contains("Bank account")
    );
    assert!(html.contains("http://127.0.0.1:3000/back"));
    assert!(page.header("content-security-policy").contains("frame-ancestors http://127.0.0.1:*"));

    let pay = |number: &'static str| {
        [
            ("token", token.clone()),
            ("method", "card".to_owned()),
            ("number", number.to_owned()),
            ("expiry", "12/40".to_owned()),
            ("code", "123".to_owned()),
        ]
    };
    let submit = async |form: &[(&str, String)]| {
        vendors
            .read(vendors.http.post(format!("{}/authorizenet/payment/submit", vendors.url)).form(form))
            .await
            .unwrap()
    };
    let declined = submit(&pay(cards::DECLINED)).await;
    assert_eq!(declined.status, 402);
    assert!(submit(&pay(cards::DECLINED)).await.json.as_str().unwrap().contains("A duplicate transaction"));
    assert!(declined.json.as_str().unwrap().contains("This transaction has been declined."));
    for _ in 0..2 {
        let paid = submit(&pay("4111 1111 1111 1111")).await;
        assert_eq!((paid.status, paid.header("location")), (303, "http://127.0.0.1:3000/npe?id=1"));
    }
    let state = vendors.state("authorizenet").await;
    let taken: Vec<_> =
        state["charges"].as_array().unwrap().iter().filter(|one| one["status"] == "succeeded").collect();
    assert_eq!(taken.len(), 1, "a second press shows the first payment");
    assert_eq!((&taken[0]["reference"], &taken[0]["amount_minor"]), (&json!("H1"), &json!(120_450)));
    assert_eq!(vendors.typed("payment/payment", &[("token", "unknown")]).await.status, 400);
    vendors.control("advance", json!({ "hours": 1 })).await;
    assert_eq!(submit(&pay(VISA)).await.status, 400, "a token opens its page for a quarter of an hour");
}

#[tokio::test]
async fn in_a_frame_the_page_speaks_through_the_communicator() {
    let vendors = Vendors::start().await;
    let communicator = json!({ "url": "http://127.0.0.1:3000/communicator.html" });
    let methods = json!({ "showCreditCard": false, "showBankAccount": true });
    let token = vendors.payment_page(&[("IFrameCommunicatorUrl", communicator), ("PaymentOptions", methods)]).await;
    let page = vendors.typed("payment/payment", &[("token", &token)]).await;
    let html = page.json.as_str().unwrap();
    assert!(
        html.contains("data-communicator=\"http://127.0.0.1:3000/communicator.html\"") && !html.contains("Card Number")
    );
    assert!(page.header("content-security-policy").contains("frame-src 'self' http://127.0.0.1:3000;"));
    let form = [
        ("token", token.as_str()),
        ("method", "bank"),
        ("accountType", "checking"),
        ("routing", bank_accounts::ROUTING),
        ("account", bank_accounts::CLEARS),
        ("name", "Acme & Co"),
    ];
    let paid = vendors.typed("payment/submit", &form).await;
    let html = paid.json.as_str().unwrap();
    assert!(paid.status == 200 && html.contains("action=transactResponse&amp;response={&quot;"), "{html}");
    let card = [("token", token.as_str()), ("method", "card"), ("number", VISA), ("expiry", "12/40")];
    vendors.typed("payment/submit", &card).await;
    assert_eq!(vendors.state("authorizenet").await["charges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_hosted_profile_page_keeps_a_method() {
    let vendors = Vendors::start().await;
    let made = vendors.anet("createCustomerProfileRequest", "\"profile\":{\"merchantCustomerId\":\"c1\"}").await;
    let profile = made["customerProfileId"].as_str().unwrap();
    let request = format!(
        "\"customerProfileId\":\"{profile}\",\"hostedProfileSettings\":{{\"setting\":[{{\"settingName\":\
         \"hostedProfileReturnUrl\",\"settingValue\":\"http://127.0.0.1:3000/methods\"}}]}}"
    );
    let token = vendors.anet("getHostedProfilePageRequest", &request).await["token"].as_str().unwrap().to_owned();
    let page = vendors.typed("customer/addPayment", &[("token", &token)]).await;
    assert!(page.json.as_str().unwrap().contains("Add Payment Method"));
    let card = |number: &'static str| {
        [
            ("token", token.clone()),
            ("method", "card".to_owned()),
            ("number", number.to_owned()),
            ("expiry", "1240".to_owned()),
            ("code", "123".to_owned()),
        ]
    };
    let save = async |form: &[(&str, String)], page: &str| {
        vendors
            .read(vendors.http.post(format!("{}/authorizenet/customer/{page}/save", vendors.url)).form(form))
            .await
            .unwrap()
    };
    assert_eq!(save(&card(cards::DECLINED), "addPayment").await.status, 402);
    for _ in 0..2 {
        let saved = save(&card(VISA), "addPayment").await;
        assert_eq!((saved.status, saved.header("location")), (303, "http://127.0.0.1:3000/methods"));
    }
    let one = format!("\"customerProfileId\":\"{profile}\"");
    let stored = async || vendors.anet("getCustomerProfileRequest", &one).await["profile"]["paymentProfiles"].clone();
    let kept = stored().await;
    assert_eq!(kept.as_array().unwrap().len(), 1, "the same method is kept once");
    let method = kept[0]["customerPaymentProfileId"].as_str().unwrap().to_owned();
    let mut edit = card("5424000000000015").to_vec();
    edit.push(("paymentProfileId", method));
    assert_eq!(save(&edit, "editPayment").await.status, 303);
    assert_eq!(stored().await[0]["payment"]["creditCard"]["cardType"], "MasterCard");
    let list = vendors.typed("customer/manage", &[("token", &token)]).await;
    assert!(list.json.as_str().unwrap().contains("MasterCard XXXX0015"));
}

#[tokio::test]
async fn the_scripts_and_records_are_served() {
    let vendors = Vendors::start().await;
    for path in ["v1/Accept.js", "v3/acceptUI.js", "v3/AcceptUI.js", "hosted.js", "acceptui/form.js"] {
        let script = vendors.get(&format!("/authorizenet/{path}")).await;
        assert!(script.status == 200 && script.header("content-type").starts_with("text/javascript"), "{path}");
    }
    assert_eq!(vendors.get("/authorizenet/acceptui/form").await.status, 200);
    let paid = vendors.transact(&charge("10.00", &crate::authorizenet::card(VISA), "INV-77")).await;
    let records = vendors.get("/records/authorizenet?q=INV-77").await;
    assert!(records.json.as_str().unwrap().contains(id_of(&paid)));
    assert!(vendors.get("/records/authorizenet?q=nobody").await.json.as_str().unwrap().contains("No transaction yet"));
    assert!(vendors.get("/").await.json.as_str().unwrap().contains("/records/authorizenet"));
}
