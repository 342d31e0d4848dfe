//! The parts of QuickBooks Online's documents that several kinds of writes have in common (`wire/accounting.md`, 2.3-2.8).

use super::errors::refused;
use crate::books::BooksError;
use chrono::NaiveDate;
use domain::money::Money;
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
pub struct To<'a> {
    pub value: &'a str,
}

/// The body of a payment; it pays nothing without a line.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewPayment<'a> {
    pub customer_ref: To<'a>,
    pub currency_ref: To<'a>,
    pub total_amt: Box<RawValue>,
    pub txn_date: NaiveDate,
    pub deposit_to_account_ref: To<'a>,
    pub payment_ref_num: &'a str,
    pub private_note: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub line: Vec<NewLink<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewLink<'a> {
    pub amount: Box<RawValue>,
    pub linked_txn: [LinkTo<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LinkTo<'a> {
    pub txn_id: &'a str,
    pub txn_type: &'static str,
}

/// A line of what is sold, or of what is credited of it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewLine<'a> {
    pub amount: Box<RawValue>,
    pub detail_type: &'static str,
    pub description: String,
    pub sales_item_line_detail: NewItem<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewItem<'a> {
    pub item_ref: To<'a>,
    qty: u8,
    unit_price: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_code_ref: Option<To<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_ref: Option<To<'a>>,
}

impl<'a> NewLine<'a> {
    pub fn of(
        amount: Money,
        description: String,
        item: &'a str,
        tax: Option<&'a str>,
        class: Option<&'a str>,
    ) -> Result<Self, BooksError> {
        let to = |value: &'a str| To { value };
        let sales_item_line_detail = NewItem {
            item_ref: to(item),
            qty: 1,
            unit_price: number(amount)?,
            tax_code_ref: tax.map(to),
            class_ref: class.map(to),
        };
        let detail_type = "SalesItemLineDetail";
        Ok(Self { amount: number(amount)?, detail_type, description, sales_item_line_detail })
    }
}

/// An amount as it is written, never a float.
pub fn number(amount: Money) -> Result<Box<RawValue>, BooksError> {
    RawValue::from_string(amount.to_decimal()).map_err(|_| refused("the amount is not a number".to_owned()))
}
