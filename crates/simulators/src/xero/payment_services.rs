//! Payment services, whose "Pay now" button invoices show: made, listed, and put onto branding themes. Source:
//! `wire/accounting.md`, 1.10.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Answer, Operation, elements};
use super::refusal::{Refusal, marked};
use super::settings;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PaymentService {
    id: Uuid,
    name: String,
    url: String,
    pay_now: String,
    themes: BTreeSet<Uuid>,
}

impl PaymentService {
    fn view(&self) -> Value {
        json!({ "PaymentServiceID": self.id, "PaymentServiceName": self.name, "PaymentServiceUrl": self.url,
            "PayNowText": self.pay_now, "PaymentServiceType": "Custom" })
    }
}

fn answer<'a>(services: impl Iterator<Item = &'a PaymentService>) -> Answer {
    Ok(json!({ "PaymentServices": services.map(PaymentService::view).collect::<Vec<_>>() }))
}

pub(crate) fn list(op: &Operation<'_>) -> Answer {
    answer(op.books.payment_services.values())
}

/// Makes all that were sent, or none.
pub(crate) fn create(op: &mut Operation<'_>, body: &Value) -> Answer {
    let documents = elements(body, "PaymentServices");
    let judged = documents.iter().map(|document| (document, wrong(op, document)));
    let refused: Vec<Value> =
        judged.filter(|(_, wrong)| !wrong.is_empty()).map(|(document, wrong)| marked(document, &wrong)).collect();
    if !refused.is_empty() {
        return Err(Refusal::Validation(refused));
    }
    let text = |document: &Value, name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let made = documents.iter().map(|document| PaymentService {
        id: op.new_id(),
        name: text(document, "PaymentServiceName"),
        url: text(document, "PaymentServiceUrl"),
        pay_now: text(document, "PayNowText"),
        themes: BTreeSet::new(),
    });
    let made: Vec<PaymentService> = made.collect();
    op.books.payment_services.extend(made.iter().map(|service| (service.id, service.clone())));
    answer(made.iter())
}

fn wrong(op: &Operation<'_>, document: &Value) -> Vec<String> {
    let text = |name: &str| document[name].as_str().map(str::trim).unwrap_or_default();
    let (name, url) = (text("PaymentServiceName"), text("PaymentServiceUrl"));
    let is_taken = op.books.payment_services.values().any(|service| service.name.eq_ignore_ascii_case(name));
    let is_address = url.starts_with("https://") || url.starts_with("http://");
    let rules = [
        (name.is_empty(), "The PaymentServiceName must be specified"),
        (is_taken, "The PaymentServiceName must be unique"),
        (!is_address, "The PaymentServiceUrl must be a valid URL"),
        (text("PayNowText").is_empty(), "The PayNowText must be specified"),
    ];
    rules.into_iter().filter(|(broken, _)| *broken).map(|(_, message)| message.to_owned()).collect()
}

fn known_theme(id: &str) -> Result<Value, Refusal> {
    let mut themes = settings::branding_themes();
    let all = themes["BrandingThemes"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let is_meant =
        |theme: &Value| theme["BrandingThemeID"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id));
    all.into_iter().find(is_meant).ok_or(Refusal::NotFound)
}

pub(crate) fn branding_theme(id: &str) -> Answer {
    Ok(json!({ "BrandingThemes": [known_theme(id)?] }))
}

fn theme(id: &str) -> Result<Uuid, Refusal> {
    known_theme(id)?;
    id.parse().map_err(|_| Refusal::NotFound)
}

pub(crate) fn of_theme(op: &Operation<'_>, id: &str) -> Answer {
    let theme = theme(id)?;
    answer(op.books.payment_services.values().filter(|service| service.themes.contains(&theme)))
}

/// `POST /BrandingThemes/{id}/PaymentServices`: its invoices show these from now on, beside those of before.
pub(crate) fn attach(op: &mut Operation<'_>, id: &str, body: &Value) -> Answer {
    let theme = theme(id)?;
    for sent in elements(body, "PaymentServices") {
        let service = sent["PaymentServiceID"].as_str().and_then(|id| id.parse::<Uuid>().ok());
        match service.and_then(|id| op.books.payment_services.get_mut(&id)) {
            Some(service) => service.themes.insert(theme),
            None => return Err(Refusal::of(&sent, &["The payment service could not be found".to_owned()])),
        };
    }
    of_theme(op, id)
}
