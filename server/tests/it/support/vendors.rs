//! The vendors of a house: what goes wrong there, what they have, and what others do there.

use super::{House, http};
use serde_json::{Value, json};
use simulators::facts;

impl House {
    /// Arms a fault for one request to a vendor.
    pub async fn arm(&self, vendor: &str, fault: &str, matching: &str) {
        self.arm_with(json!({"vendor": vendor, "fault": fault, "times": 1, "match": matching})).await;
    }

    /// Arms a fault for as many requests to a vendor, or pieces of its news.
    pub async fn arm_times(&self, vendor: &str, fault: &str, times: u32) {
        self.arm_with(json!({"vendor": vendor, "fault": fault, "times": times})).await;
    }

    pub async fn arm_with(&self, body: Value) {
        let answer = http().post(format!("{}/control/faults", self.vendors)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The faults that are armed, with how often each will hit.
    pub async fn armed(&self) -> Value {
        http().get(format!("{}/control/faults", self.vendors)).send().await.unwrap().json().await.unwrap()
    }

    /// Takes back what is armed and has not hit yet.
    pub async fn disarm(&self) {
        for fault in self.armed().await["armed"].as_array().unwrap() {
            self.arm_with(json!({"vendor": fault["vendor"], "fault": fault["fault"], "times": 0})).await;
        }
    }

    pub async fn state(&self, vendor: &str) -> Value {
        http().get(format!("{}/control/state/{vendor}", self.vendors)).send().await.unwrap().json().await.unwrap()
    }

    /// The gateway's charges that took money.
    pub async fn charges(&self) -> Vec<Value> {
        self.charges_that("succeeded").await
    }

    pub async fn charges_that(&self, status: &str) -> Vec<Value> {
        let state = self.state("stripe").await;
        let charges = state["charges"].as_array().unwrap().clone();
        charges.into_iter().filter(|charge| charge["status"] == status).collect()
    }

    /// What stays as credit in the books.
    pub async fn advances(&self) -> Vec<Value> {
        self.state("xero").await["advances"].as_array().unwrap().clone()
    }

    pub async fn books_invoice(&self, number: &str) -> Value {
        let state = self.state("xero").await;
        let invoices = state["invoices"].as_array().unwrap();
        invoices.iter().find(|invoice| invoice["number"] == number).unwrap().clone()
    }

    /// The books' payments of one invoice that came from us: they stand on the clearing account.
    pub async fn books_payments(&self, number: &str) -> Vec<Value> {
        let state = self.state("xero").await;
        let payments = state["payments"].as_array().unwrap().clone();
        let ours = |p: &Value| {
            p["invoice"] == number
                && p["status"] == "AUTHORISED"
                && p["account_code"] == facts::xero::CLEARING_ACCOUNT_CODE
        };
        payments.into_iter().filter(ours).collect()
    }

    /// Another program charges a card at the gateway with the name of an attempt; answers the number of that.
    pub async fn charge_by_another(&self, minor: i64, attempt: &str) -> String {
        let minor = minor.to_string();
        let charge = [
            ("amount", minor.as_str()),
            ("currency", "usd"),
            ("confirm", "true"),
            ("payment_method", "pm_card_visa"),
            ("payment_method_types[]", "card"),
            ("metadata[attempt_id]", attempt),
        ];
        let request = http().post(format!("{}/stripe/v1/payment_intents", self.vendors)).form(&charge);
        let made = request.bearer_auth(facts::stripe::PORTAL_SECRET_KEY).send().await.unwrap();
        assert!(made.status().is_success());
        made.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// An access token to the books for another app of the merchant, whose grant never disturbs the portal's own.
    pub async fn books_token(&self) -> String {
        let grant = [
            ("grant_type", "refresh_token"),
            ("refresh_token", facts::xero::STRANGER_REFRESH_TOKEN),
            ("client_id", facts::xero::STRANGER_CLIENT_ID),
            ("client_secret", facts::xero::STRANGER_CLIENT_SECRET),
        ];
        let answer = http().post(format!("{}/xero/connect/token", self.vendors)).form(&grant).send().await.unwrap();
        let token: Value = answer.json().await.unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// Changes an invoice in the books behind the portal's back.
    pub async fn edit_books(&self, invoice: Value) {
        let answer = http().post(format!("{}/control/xero/invoice", self.vendors)).json(&invoice).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Has a gateway's news of Northwind sent to this portal.
    pub async fn send_news_to(&self, portal: &str) {
        let hook = json!({"vendor": "stripe", "url": format!("{portal}/webhooks/stripe/{}", self.gateway),
            "secret": facts::stripe::PORTAL_WEBHOOK_SECRET});
        let answer = http().post(format!("{}/control/webhooks", self.vendors)).json(&hook).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

/// Stripe's signature of an event (`wire/gateways.md`, 2.8).
pub fn sign_event(body: impl AsRef<[u8]>, secret: &str, at: i64) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.").as_bytes());
    mac.update(body.as_ref());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}
