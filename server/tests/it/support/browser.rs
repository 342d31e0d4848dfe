//! A browser without script, the links that lead it to a portal, and what it reads of the pages.

use super::http;
use simulators::facts;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// A browser without script: follows nothing by itself, keeps its cookies.
pub struct Client {
    portal: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    forwarded_for: Option<String>,
}

pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Client {
    pub fn new(portal: &str) -> Self {
        Self { portal: portal.to_owned(), cookies: Arc::default(), forwarded_for: None }
    }

    /// The same browser behind a proxy that says so about where it is.
    pub fn from(self, forwarded_for: &str) -> Self {
        Self { forwarded_for: Some(forwarded_for.to_owned()), ..self }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(http().get(self.address(path)).header("accept", "text/html")).await
    }

    /// A form of our own pages.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = http().post(self.address(path)).header("accept", "text/html").header("origin", &self.portal);
        self.send(request.form(form)).await
    }

    /// The same at a server that may die before it has answered.
    pub async fn try_post(&self, path: &str, form: &[(&str, &str)]) {
        let request = http().post(self.address(path)).header("accept", "text/html").header("origin", &self.portal);
        drop(self.try_send(request.form(form)).await);
    }

    /// A call of our own script: the fault comes back as JSON.
    pub async fn call(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request =
            http().post(self.address(path)).header("accept", "application/json").header("origin", &self.portal);
        self.send(request.form(form)).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    /// The same for who talks to servers that die.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let cookies =
            self.cookies.lock().unwrap().iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ");
        let request = match &self.forwarded_for {
            Some(told) => request.header("x-forwarded-for", told),
            None => request,
        };
        let answer = request.header("cookie", cookies).send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for value in headers.get_all("set-cookie") {
            let pair = value.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
        let location = headers.get("location").map(|value| value.to_str().unwrap().to_owned());
        Ok(Answer { status, location, headers, body: answer.text().await? })
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.portal) }
    }

    /// Opens the Pay Now link of an invoice, as an e-mail carries it, and reads its form.
    pub async fn open(&self, number: &str) -> Form {
        let opened = self.get(&link(number)).await;
        assert_eq!(opened.status, 303, "{}", opened.body);
        self.form(&opened.location.unwrap()).await
    }

    pub async fn form(&self, path: &str) -> Form {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        Form::read(&page.body)
    }

    /// Presses Pay with a token of the gateway's fields.
    pub async fn pay(&self, form: &Form, token: &str) -> Answer {
        self.post("/api/payments/take", &form.fields(token)).await
    }

    /// Presses Pay with a saved method.
    pub async fn pay_saved(&self, form: &Form, method: &str) -> Answer {
        self.post("/api/payments/take", &form.fields_saved(method)).await
    }

    pub async fn sign_in(&self, email: &str) -> Answer {
        let signed_in = self.post("/api/session/sign_in", &[("email", email), ("password", facts::PASSWORD)]).await;
        assert_eq!(signed_in.status, 303, "{}", signed_in.body);
        signed_in
    }

    /// Goes where `merchant` is, for somebody who may be in several places.
    pub async fn stand_at(&self, merchant: &str) {
        let home = self.get("/").await.location.unwrap();
        let places = places(&self.get(&home).await.body);
        if let Some((key, _)) = places.iter().find(|(_, label)| label.contains(merchant)) {
            assert_eq!(self.post("/api/session/switch", &[("place", key)]).await.status, 303);
        }
    }
}

/// Signed in for Acme at Northwind.
pub async fn ana(portal: &str) -> Client {
    ana_at(portal, facts::NORTHWIND.name).await
}

/// The same person, for the company of hers at this merchant.
pub async fn ana_at(portal: &str, merchant: &str) -> Client {
    let ana = Client::new(portal);
    ana.sign_in(facts::ANA_EMAIL).await;
    ana.stand_at(merchant).await;
    ana
}

/// The hidden fields of the Pay Now form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub checkout: String,
    pub payment: String,
    pub expected: String,
    pub consent: String,
}

impl Form {
    pub fn read(html: &str) -> Self {
        let [checkout, payment, expected, consent] =
            ["checkout", "payment", "expected", "consent"].map(|name| field(html, name));
        Self { checkout, payment, expected, consent }
    }

    pub fn fields<'a>(&'a self, token: &'a str) -> [(&'a str, &'a str); 6] {
        [
            ("checkout", &self.checkout),
            ("payment", &self.payment),
            ("expected", &self.expected),
            ("email", "accounts@acme.test"),
            ("token", token),
            ("consent", &self.consent),
        ]
    }

    /// The same with a saved method.
    pub fn fields_saved<'a>(&'a self, method: &'a str) -> Vec<(&'a str, &'a str)> {
        [&self.fields("")[..], &[("saved", method)]].concat()
    }
}

/// The value of the hidden input with this name.
pub fn field(html: &str, name: &str) -> String {
    let mut inputs = html.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap());
    let input = inputs.find(|input| input.contains(&format!("name=\"{name}\"")));
    let input = input.unwrap_or_else(|| panic!("no field {name} in {html}"));
    input.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

pub fn link(number: &str) -> String {
    link_for(number, if number == "INV-601" { "BOLT" } else { "Acme" })
}

/// To an invoice of a merchant whose gateway and books are in the house.
pub fn harbour_link(number: &str) -> String {
    harbour_link_for(number, "ACMENZ")
}

pub fn harbour_link_for(number: &str, company_code: &str) -> String {
    let key = facts::HARBOUR.pay_now.email;
    format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&companyCode={company_code}")
}

pub fn link_for(number: &str, company_code: &str) -> String {
    let key = facts::NORTHWIND.pay_now.email;
    format!("/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&amount=1.00&companyCode={company_code}")
}

/// The other places of somebody, as the switcher of a page offers them: key and label.
pub fn places(page: &str) -> Vec<(String, String)> {
    let place = |rest: &str| {
        let (key, rest) = rest.split_once('"').unwrap();
        (key.to_owned(), rest.split("</form>").next().unwrap().to_owned())
    };
    page.split("name=\"place\" value=\"").skip(1).map(place).collect()
}
