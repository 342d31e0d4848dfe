//! Starts simulators on a port of their own and speaks to them as the portal does.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use simulators::{Options, Simulators, facts};
use tokio::net::TcpListener;

/// How long held requests are held in tests; clients give up sooner.
pub const HOLD: Duration = Duration::from_millis(400);

/// The payer's acceptance of a debit, as a portal passes it on.
pub const MANDATE: [(&str, &str); 4] = [
    ("mandate_data[customer_acceptance][type]", "online"),
    ("mandate_data[customer_acceptance][accepted_at]", "1790000000"),
    ("mandate_data[customer_acceptance][online][ip_address]", "192.0.2.7"),
    ("mandate_data[customer_acceptance][online][user_agent]", "Firefox"),
];

pub struct Vendors {
    pub simulators: Simulators,
    pub url: String,
    pub http: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Vendors {
    pub async fn start() -> Self {
        Self::start_in(None).await
    }

    pub async fn start_in(data_dir: Option<&Path>) -> Self {
        let defaults = Options::in_memory("2026-07-01".parse().unwrap());
        Self::start_with(Options { data_dir: data_dir.map(Path::to_owned), ..defaults }).await
    }

    /// For a portal that is somewhere.
    pub async fn start_for(portal_url: &str) -> Self {
        let defaults = Options::in_memory("2026-07-01".parse().unwrap());
        Self::start_with(Options { portal_url: portal_url.to_owned(), ..defaults }).await
    }

    async fn start_with(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let simulators = Simulators::new(Options { public_url: url.clone(), hold: HOLD, ..options }).unwrap();
        let serving = simulators.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { simulators, url, http }
    }

    pub async fn control(&self, path: &str, body: Value) -> Answer {
        self.read(self.http.post(format!("{}/control/{path}", self.url)).json(&body)).await.unwrap()
    }

    pub async fn arm(&self, vendor: &str, fault: &str) {
        let answer = self.control("faults", json!({ "vendor": vendor, "fault": fault, "times": 1 })).await;
        assert_eq!(answer.status, 200, "{:?}", answer.json);
    }

    pub async fn state(&self, vendor: &str) -> Value {
        self.get(&format!("/control/state/{vendor}")).await.json
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.read(self.http.get(format!("{}{path}", self.url))).await.unwrap()
    }

    pub async fn read(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, json: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

    /// A Stripe call with the portal's key.
    pub fn stripe(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method.parse().unwrap(), format!("{}/stripe/v1/{path}", self.url))
            .bearer_auth(facts::stripe::PORTAL_SECRET_KEY)
    }

    pub async fn stripe_get(&self, path: &str) -> Answer {
        self.read(self.stripe("GET", path)).await.unwrap()
    }

    pub async fn stripe_post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.read(self.stripe("POST", path).form(form)).await.unwrap()
    }

    /// A Stripe call that must be taken.
    pub async fn made(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let answer = self.stripe_post(path, form).await;
        assert_eq!(answer.status, 200, "{path}: {:#}", answer.json);
        answer.json
    }

    /// A Stripe call that must be refused; answers the status and the `error`.
    pub async fn refused(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let mut answer = self.stripe_post(path, form).await;
        assert_ne!(answer.status, 200, "{path}: {:#}", answer.json);
        crate::contracts::stripe("error", &answer.json);
        (answer.status, answer.json["error"].take())
    }

    pub async fn advance(&self, days: i64) {
        assert_eq!(self.control("advance", json!({ "days": days })).await.status, 200);
    }

    /// The last hundred events' types, oldest first; each is a valid event.
    pub async fn event_kinds(&self) -> Vec<String> {
        let mut events = self.stripe_get("events?limit=100").await.json;
        let events = events["data"].as_array_mut().unwrap();
        events.reverse();
        events.iter().for_each(|event| crate::contracts::stripe("event", event));
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    /// Debits 80.00 from a US bank account with a mandate of its own; further parameters may follow.
    pub async fn debit(&self, method: &str, more: &[(&str, &str)]) -> Value {
        let mut form = vec![
            ("amount", "8000"),
            ("currency", "usd"),
            ("payment_method", method),
            ("payment_method_types[]", "us_bank_account"),
            ("confirm", "true"),
        ];
        form.extend(MANDATE);
        form.extend(more);
        self.made("payment_intents", &form).await
    }

    /// Creates and confirms 1,204.50 with a card token under an idempotency key.
    pub fn charge(&self, token: &str, key: &str) -> reqwest::RequestBuilder {
        let form = [
            ("amount", "120450"),
            ("currency", "usd"),
            ("payment_method", token),
            ("confirm", "true"),
            ("metadata[attempt_id]", "att_1"),
            ("expand[]", "latest_charge"),
        ];
        self.stripe("POST", "payment_intents").header("idempotency-key", key).form(&form)
    }

    /// Charges at the gateway that took money.
    pub async fn money_taken(&self) -> Vec<Value> {
        let state = self.state("stripe").await;
        let charges = state["charges"].as_array().unwrap();
        charges.iter().filter(|charge| charge["status"] == "succeeded").cloned().collect()
    }

    /// Refreshes with the portal's first token; answers an access token.
    pub async fn xero_token(&self) -> String {
        let answer = self.refresh(facts::xero::PORTAL_REFRESH_TOKEN).await;
        assert_eq!(answer.status, 200, "{:?}", answer.json);
        answer.json["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        let request = self
            .http
            .post(format!("{}/xero/connect/token", self.url))
            .basic_auth(facts::xero::PORTAL_CLIENT_ID, Some(facts::xero::PORTAL_CLIENT_SECRET))
            .form(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
        self.read(request).await.unwrap()
    }

    pub fn xero(&self, token: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method.parse().unwrap(), format!("{}/xero/api.xro/2.0/{path}", self.url))
            .bearer_auth(token)
            .header("xero-tenant-id", facts::xero::TENANT_ID)
            .header("accept", "application/json")
    }

    pub async fn books(&self, token: &str, path: &str) -> Answer {
        self.read(self.xero(token, "GET", path)).await.unwrap()
    }

    /// Posts a payment of an invoice to the clearing account.
    pub fn pay_in_books(&self, token: &str, number: &str, amount: &str, key: &str) -> reqwest::RequestBuilder {
        let amount: Value = serde_json::from_str(amount).unwrap();
        let body = json!({ "Payments": [{
            "Invoice": { "InvoiceNumber": number }, "Account": { "AccountID": facts::xero::CLEARING_ACCOUNT_ID },
            "Date": "2026-07-01", "Amount": amount, "Reference": "ch_1",
        }] });
        self.xero(token, "PUT", "Payments").header("idempotency-key", key).json(&body)
    }
}
