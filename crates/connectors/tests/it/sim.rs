//! The vendors' simulators on a port of their own, and their controls (`demo.md`).

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use chrono::{DateTime, Utc};
use connectors::gateway::ChargeHow;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use simulators::{Options, Simulators, Vendor, facts};
use std::{collections::HashMap, time::Duration};
use tokio::{net::TcpListener, sync::mpsc};

pub struct Sim {
    pub url: String,
    simulators: Simulators,
    client: reqwest::Client,
}

impl Sim {
    pub async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let options = Options {
            public_url: url.clone(),
            hold: Duration::from_secs(30),
            ..Options::in_memory(Utc::now().date_naive())
        };
        let simulators = Simulators::new(options).unwrap();
        let served = simulators.clone();
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { url, simulators, client }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.simulators.clock().now()
    }

    pub async fn control(&self, what: &str, body: Value) {
        let answer = self.client.post(format!("{}/control/{what}", self.url)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what} {body}: {}", answer.status());
    }

    pub async fn arm(&self, vendor: &str, fault: &str) {
        self.control("faults", json!({"vendor": vendor, "fault": fault, "times": 1})).await;
    }

    pub async fn advance_hours(&self, hours: u32) {
        self.control("advance", json!({"hours": hours})).await;
    }

    /// A bank account as the browser's script gives it to Stripe; its token.
    pub async fn bank_account(&self, fields: &[(&str, &str)]) -> String {
        let request = self.client.post(format!("{}/stripe/v1/payment_methods", self.url));
        let answer = request.bearer_auth(facts::stripe::PORTAL_PUBLISHABLE_KEY).form(fields).send().await.unwrap();
        let made: Value = answer.json().await.unwrap();
        made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// Its owner names the code of the small amount that Stripe has sent.
    pub async fn verify(&self, setup: &str, code: &str) {
        let request = self.client.post(format!("{}/stripe/v1/setup_intents/{setup}/verify_microdeposits", self.url));
        let request = request.bearer_auth(facts::stripe::PORTAL_SECRET_KEY).form(&[("descriptor_code", code)]);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// What staff's browser brings back from a vendor's page of consent, by the button of this name.
    pub async fn consented(&self, url: &str, how: &str) -> HashMap<String, String> {
        let answer = self.client.get(format!("{url}&consent={how}")).send().await.unwrap();
        let back = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        back.query_pairs().into_owned().collect()
    }

    pub async fn state(&self, vendor: &str) -> Value {
        self.client.get(format!("{}/control/state/{vendor}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    pub async fn charges(&self) -> Vec<Value> {
        self.state("stripe").await["charges"].as_array().unwrap().clone()
    }

    /// A payment as a stranger's client reads it.
    pub async fn intent(&self, id: &str) -> Value {
        let request = self.client.get(format!("{}/stripe/v1/payment_intents/{id}", self.url));
        request.bearer_auth(facts::stripe::STRANGER_SECRET_KEY).send().await.unwrap().json().await.unwrap()
    }

    /// What somebody else does with the merchant's account.
    pub async fn submit_stripe(&self, path: &str, form: &[(&str, &str)]) {
        let request = self.client.post(format!("{}/stripe/v1/{path}", self.url)).form(form);
        let answer = request.bearer_auth(facts::stripe::STRANGER_SECRET_KEY).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    }

    /// The same at Authorize.Net: somebody refunds a part of a charge of the card that ends in 1111.
    pub async fn refund_authorizenet(&self, charge: &str, amount: &str) {
        use facts::authorizenet::{STRANGER_LOGIN, STRANGER_TRANSACTION_KEY};
        let by = format!(r#"{{"name":"{STRANGER_LOGIN}","transactionKey":"{STRANGER_TRANSACTION_KEY}"}}"#);
        let card = r#"{"creditCard":{"cardNumber":"1111","expirationDate":"XXXX"}}"#;
        let what = format!(
            r#"{{"transactionType":"refundTransaction","amount":"{amount}","payment":{card},"refTransId":"{charge}"}}"#
        );
        let made =
            format!(r#"{{"createTransactionRequest":{{"merchantAuthentication":{by},"transactionRequest":{what}}}}}"#);
        let request = self.client.post(format!("{}/authorizenet/xml/v1/request.api", self.url));
        let answer = request.header("content-type", "application/json").body(made).send().await.unwrap();
        let answer = answer.text().await.unwrap();
        assert!(answer.contains(r#""responseCode":"1""#), "{answer}");
    }

    /// What the script of Authorize.Net makes of a card, or of a bank account, in the payer's browser.
    pub async fn nonce(&self, card: &str) -> ChargeHow {
        self.nonce_of(&format!(r#""token":{{"cardNumber":"{card}","expirationDate":"122040","cardCode":"123"}}"#)).await
    }

    pub async fn bank_nonce(&self, account: &str) -> ChargeHow {
        let routing = facts::bank_accounts::ROUTING;
        let account = format!(r#""routingNumber":"{routing}","accountNumber":"{account}","nameOnAccount":"Acme""#);
        self.nonce_of(&format!(r#""bankToken":{{"accountType":"checking",{account}}}"#)).await
    }

    /// Members in the order of the vendor's schema.
    async fn nonce_of(&self, what: &str) -> ChargeHow {
        use facts::authorizenet::{PORTAL_CLIENT_KEY, PORTAL_LOGIN};
        let by = format!(r#""merchantAuthentication":{{"name":"{PORTAL_LOGIN}","clientKey":"{PORTAL_CLIENT_KEY}"}}"#);
        let made = format!(r#"{{"securePaymentContainerRequest":{{{by},"data":{{"type":"TOKEN","id":"1",{what}}}}}}}"#);
        let request = self.client.post(format!("{}/authorizenet/xml/v1/request.api", self.url));
        let answer = request.header("content-type", "application/json").body(made).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let answer: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        let nonce = answer["opaqueData"]["dataValue"].as_str();
        ChargeHow::Token(nonce.unwrap_or_else(|| panic!("{answer}")).to_owned())
    }

    /// The same in the merchant's books in Xero.
    pub async fn ask_xero(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        use facts::xero::{STRANGER_CLIENT_ID, STRANGER_CLIENT_SECRET, STRANGER_REFRESH_TOKEN, TENANT_ID};
        let grant = [("grant_type", "refresh_token"), ("refresh_token", STRANGER_REFRESH_TOKEN)];
        let token = self.client.post(format!("{}/xero/connect/token", self.url)).form(&grant);
        let token = token.basic_auth(STRANGER_CLIENT_ID, Some(STRANGER_CLIENT_SECRET)).send().await.unwrap();
        let token: Value = token.json().await.unwrap();
        let request = self.client.request(method, format!("{}/xero/api.xro/2.0/{path}", self.url));
        let request = request.bearer_auth(token["access_token"].as_str().unwrap()).header("xero-tenant-id", TENANT_ID);
        let answer = request.header("accept", "application/json").json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// The same at Global Payments.
    pub async fn ask_global_payments(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        use facts::globalpayments::{STRANGER_APP_ID, STRANGER_APP_KEY};
        let call = |method: reqwest::Method, path: &str| {
            let request = self.client.request(method, format!("{}/globalpayments/ucp/{path}", self.url));
            request.header("x-gp-version", "2021-03-22")
        };
        let secret = hex::encode(Sha512::digest(format!("nonce{STRANGER_APP_KEY}")));
        let by =
            json!({"app_id": STRANGER_APP_ID, "nonce": "nonce", "secret": secret, "grant_type": "client_credentials"});
        let token = call(reqwest::Method::POST, "accesstoken").json(&by).send().await.unwrap();
        let token: Value = token.json().await.unwrap();
        let request = call(method, path).bearer_auth(token["token"].as_str().unwrap()).json(&body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer["error_code"].is_null(), "{path}: {answer}");
        answer
    }

    /// A card behind a token, good for one charge.
    pub async fn payment_method(&self, card: &str) -> ChargeHow {
        let card = json!({"number": card, "expiry_month": "12", "expiry_year": "40", "cvv": "123"});
        let body = json!({"account_name": "tokenization", "reference": "ours", "usage_mode": "SINGLE", "card": card});
        let made = self.ask_global_payments(reqwest::Method::POST, "payment-methods", body).await;
        ChargeHow::Token(made["id"].as_str().unwrap().to_owned())
    }

    /// What the payer's browser does on a page of the bank's or the gateway's.
    pub async fn submit(&self, url: &str, form: &[(&str, &str)]) {
        let answer = self.client.post(url).form(form).send().await.unwrap();
        assert!(answer.status().as_u16() < 403, "{url}: {}", answer.status());
    }

    /// A vendor's webhooks as they arrive.
    pub async fn webhooks(&self, vendor: Vendor, secret: &str) -> mpsc::UnboundedReceiver<(HeaderMap, Vec<u8>)> {
        let (news, inbox) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receive = |State(news): State<mpsc::UnboundedSender<_>>, headers: HeaderMap, body: Bytes| async move {
            news.send((headers, body.to_vec())).unwrap();
        };
        let router = Router::new().route("/", post(receive)).with_state(news);
        tokio::spawn(async move { axum::serve(listener, router).await });
        self.simulators.send_webhooks(vendor, &url, secret);
        inbox
    }
}
