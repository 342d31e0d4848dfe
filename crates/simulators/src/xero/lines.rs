//! Lines of an invoice: amounts from quantity and unit price. Tax is what the caller states; no rates are applied.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ACCOUNTS, wire};
use crate::facts;

/// Of a unit price, where nobody asks for more.
pub(crate) const UNIT_PLACES: u32 = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub id: Uuid,
    pub description: String,
    /// Decimals as text: serde's form of a `Decimal` depends on features that others choose.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
    #[serde(with = "rust_decimal::serde::str")]
    pub unit: Decimal,
    pub account_code: String,
    pub tax_type: String,
    pub tax_minor: i64,
    pub amount_minor: i64,
}

impl Line {
    pub fn view(&self) -> Value {
        self.view_to(UNIT_PLACES)
    }

    pub fn view_to(&self, unit_places: u32) -> Value {
        json!({
            "LineItemID": self.id, "Description": self.description, "Quantity": wire::decimal(with_places(self.quantity, 4)),
            "UnitAmount": wire::decimal(with_places(rounded(self.unit, unit_places), unit_places)), "TaxType": self.tax_type,
            "TaxAmount": wire::money(self.tax_minor), "LineAmount": wire::money(self.amount_minor),
            "AccountCode": self.account_code, "Tracking": [],
        })
    }

    /// A line as submitted; `authorised` documents need an account on each line.
    pub fn read(document: &Value, fresh: Uuid, authorised: bool, unit_places: u32) -> Result<Self, String> {
        let number = |name: &str| wire::read_decimal(&document[name]);
        let quantity = number("Quantity").unwrap_or(Decimal::ONE);
        let stated = number("LineAmount");
        let unit = rounded(number("UnitAmount").or(stated).unwrap_or_default(), unit_places);
        let amount = stated.or_else(|| quantity.checked_mul(unit)).and_then(wire::cents);
        let amount_minor = amount.ok_or("The line amount is too large")?;
        if stated.is_some_and(|stated| quantity.checked_mul(unit).and_then(wire::cents) != wire::cents(stated)) {
            return Err("The line total does not match the expected line total".to_owned());
        }
        let account = document["AccountCode"].as_str().unwrap_or_default();
        if !account.is_empty() && !ACCOUNTS.iter().any(|known| known.code == account) {
            return Err(format!("Account code '{account}' is not a valid code for this document."));
        }
        if account.is_empty() && authorised {
            return Err("Account code must be specified".to_owned());
        }
        Ok(Self {
            id: document["LineItemID"].as_str().and_then(|id| id.parse().ok()).unwrap_or(fresh),
            description: document["Description"].as_str().unwrap_or_default().to_owned(),
            quantity,
            unit,
            account_code: account.to_owned(),
            tax_type: document["TaxType"].as_str().unwrap_or("NONE").to_owned(),
            tax_minor: number("TaxAmount").and_then(wire::cents).unwrap_or_default(),
            amount_minor,
        })
    }

    pub fn plain(id: Uuid, description: &str, quantity: i64, unit_minor: i64) -> Self {
        Self {
            id,
            description: description.to_owned(),
            quantity: Decimal::from(quantity),
            unit: Decimal::new(unit_minor, 2),
            account_code: facts::xero::SALES_ACCOUNT_CODE.to_owned(),
            tax_type: "NONE".to_owned(),
            tax_minor: 0,
            amount_minor: quantity * unit_minor,
        }
    }
}

fn rounded(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// At least so many places, as Xero writes quantities (`1.0000`) and prices (`40.00`).
fn with_places(value: Decimal, places: u32) -> Decimal {
    let mut value = value;
    if value.scale() < places {
        value.rescale(places);
    }
    value
}
