//! The "Pay now" button that Xero shows on invoices (`wire/accounting.md`, 1.10). Making one needs the scope `paymentservices`,
//! which Xero gives to its partners alone: everybody else pastes the address by hand.

use super::{
    Page, Xero,
    errors::{Call, Said, refused},
    id,
    wire::refusal,
};
use crate::books::BooksError;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::json;

/// A button, and where it leads to. The address may hold `[INVOICENUMBER]`, `[CURRENCY]`, `[AMOUNTDUE]` and `[SHORTCODE]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentService {
    pub name: String,
    pub url: String,
    pub pay_now: String,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "PaymentServiceID")]
    id: Option<String>,
    #[serde(rename = "PaymentServiceUrl")]
    url: Option<String>,
    #[serde(rename = "ValidationErrors")]
    validation_errors: Option<Vec<Said>>,
}

#[derive(Deserialize)]
struct Theme {
    #[serde(rename = "BrandingThemeID")]
    id: String,
}

impl Xero {
    /// Has the invoices of every branding theme show the button. One that leads there already is not made again.
    ///
    /// # Errors
    /// `Disconnected` where the grant lacks the scope.
    pub async fn offer_payment_service(&self, service: &PaymentService) -> Result<(), BooksError> {
        let known: Page<Service> = self.rows(Call::Read, self.call(Method::GET, "PaymentServices")).await?;
        let leads_there = |known: &Service| known.url.as_deref() == Some(service.url.as_str());
        let service = match known.rows.into_iter().find(leads_there).and_then(|known| known.id) {
            Some(known) => known,
            None => self.make_payment_service(service).await?,
        };
        let themes: Page<Theme> = self.rows(Call::Read, self.call(Method::GET, "BrandingThemes")).await?;
        for theme in themes.rows {
            let path = format!("BrandingThemes/{}/PaymentServices", id(&theme.id)?);
            let body = json!({"PaymentServices": [{"PaymentServiceID": service}]});
            self.service_written(self.call(Method::POST, &path).json(&body)).await?;
        }
        Ok(())
    }

    async fn make_payment_service(&self, service: &PaymentService) -> Result<String, BooksError> {
        let PaymentService { name, url, pay_now } = service;
        let made = json!({"PaymentServiceName": name, "PaymentServiceUrl": url, "PayNowText": pay_now});
        let request = self.call(Method::PUT, "PaymentServices").json(&json!({"PaymentServices": [made]}));
        let made = self.service_written(request).await?;
        made.ok_or_else(|| BooksError::Unknown("the answer names no payment service".to_owned()))
    }

    /// The id of the first that the answer names.
    async fn service_written(&self, request: RequestBuilder) -> Result<Option<String>, BooksError> {
        let page: Page<Service> = self.rows(Call::Write, request).await?;
        match page.rows.iter().find_map(|service| refusal(service.validation_errors.as_ref())) {
            Some(message) => Err(refused(message)),
            None => Ok(page.rows.into_iter().find_map(|service| service.id)),
        }
    }
}
