//! Refunds in QuickBooks Online (`wire/accounting.md`, 2.8 and 4.5): a refund receipt credits the sale, on the items and with
//! the taxes of the invoice, and pays it out of the clearing account in one. Its note begins with our number, and it is
//! found again by it.

use super::{
    QuickBooks, Undo,
    bodies::{NewLine, To},
    errors::{refused, without_invoice},
    invoices::INCLUSIVE,
    payments::known,
    unsaid,
    wire::{Document, Payment, Ref, cut, named},
};
use crate::books::{BooksError, PostRefund, PostedRefund, call::Call};
use chrono::NaiveDate;
use domain::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// A receipt that is wrong leaves no trace (2.1).
const DELETE: Undo = Undo { entity: "refundreceipt", how: &[("operation", "delete")] };

/// What a refund takes over from the invoice.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sale {
    doc_number: Option<String>,
    customer_ref: Option<Ref>,
    total_amt: Option<Box<RawValue>>,
    /// Nowhere in the United States.
    global_tax_calculation: Option<String>,
    line: Option<Vec<SoldLine>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SoldLine {
    amount: Option<Box<RawValue>>,
    detail_type: Option<String>,
    sales_item_line_detail: Option<SoldItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SoldItem {
    item_ref: Option<Ref>,
    tax_code_ref: Option<Ref>,
    class_ref: Option<Ref>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewReceipt<'a> {
    doc_number: &'a str,
    customer_ref: To<'a>,
    currency_ref: To<'a>,
    txn_date: NaiveDate,
    deposit_to_account_ref: To<'a>,
    payment_ref_num: &'a str,
    private_note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_tax_calculation: Option<&'a str>,
    line: Vec<NewLine<'a>>,
}

impl QuickBooks {
    pub(super) async fn write_refund(&self, refund: &PostRefund) -> Result<PostedRefund, BooksError> {
        let external_id = match self.paid_back("RefundReceipt", refund).await? {
            Some(found) => known(&found)?,
            None => self.credit(refund).await?,
        };
        // The receipt is the payment too.
        Ok(PostedRefund { credit_id: None, external_id })
    }

    pub(super) async fn delete_refund(&self, refund: &PostRefund) -> Result<(), BooksError> {
        let Some(found) = self.paid_back("RefundReceipt", refund).await? else { return Ok(()) };
        self.undo(&DELETE, &known(&found)?, |found: &Payment| as_ours(found, refund).map(|()| true)).await.map(drop)
    }

    /// The receipt or the expense that stands there for it; refused, when its amount is another.
    pub(super) async fn paid_back(&self, entity: &str, refund: &PostRefund) -> Result<Option<Payment>, BooksError> {
        let ours = |other: &Payment| other.is_numbered(&refund.number);
        let found = self.written_since(entity, refund.date, ours).await?;
        if let Some(found) = &found {
            as_ours(found, refund)?;
        }
        Ok(found)
    }

    async fn credit(&self, refund: &PostRefund) -> Result<String, BooksError> {
        let sale: Sale = self.read("invoice", &refund.invoice_external_id).await.map_err(without_invoice)?;
        let customer = named(sale.customer_ref.as_ref());
        let body = NewReceipt {
            doc_number: &refund.number,
            customer_ref: To { value: customer.ok_or_else(|| refused("the invoice has no customer".to_owned()))? },
            currency_ref: To { value: refund.amount.currency.code() },
            txn_date: refund.date,
            deposit_to_account_ref: To { value: &self.config.clearing_account },
            payment_ref_num: cut(&refund.reference),
            private_note: format!("{} {}", refund.number, refund.reference),
            global_tax_calculation: sale.tax_is_in(),
            line: credit_lines(&sale, refund.amount)?,
        };
        let request = self.write("refundreceipt", &refund.idempotency_key).json(&body);
        let made: Payment = self.one(Call::Write, request).await?;
        let external_id = made.id().ok_or_else(|| unsaid("refund receipt"))?;
        // What tax they add on top was paid back to nobody: then it is taken out again.
        if let Err(other) = as_ours(&made, refund) {
            self.undo(&DELETE, external_id, |_: &Payment| Ok(true)).await?;
            return Err(other);
        }
        Ok(external_id.to_owned())
    }
}

pub fn as_ours(found: &Payment, refund: &PostRefund) -> Result<(), BooksError> {
    let (theirs, ours) = (found.amount(), refund.amount);
    if Money::from_decimal(theirs, ours.currency) == Ok(ours) {
        return Ok(());
    }
    let (number, ours) = (&refund.number, ours.to_decimal());
    Err(refused(format!("{number} comes to {theirs} there, and {ours} was paid back.")))
}

impl Sale {
    /// How a document says that its tax is in its amounts, where taxes are said so.
    fn tax_is_in(&self) -> Option<&str> {
        let said = self.global_tax_calculation.as_deref()?;
        Some(if said == "NotApplicable" { said } else { INCLUSIVE })
    }
}

/// The amount, tax included, shared by the items, taxes and classes of the invoice as the sale was; what was taken off the
/// whole is taken off each. A tax on top is shared right only where all lines bear the same and it can be said to be in the
/// amounts: of others the invoice does not tell which line has how much of it.
fn credit_lines(sale: &Sale, amount: Money) -> Result<Vec<NewLine<'_>>, BooksError> {
    let minor = |raw: &Option<Box<RawValue>>| {
        let read = raw.as_ref().and_then(|raw| Money::from_decimal(raw.get(), amount.currency).ok());
        read.map_or(0, |read| read.minor)
    };
    let (mut sold, mut off) = (BTreeMap::<(&str, Option<&str>, Option<&str>), i64>::new(), 0_i128);
    for line in sale.line.iter().flatten() {
        if let Some(item) = &line.sales_item_line_detail
            && let Some(name) = named(item.item_ref.as_ref())
        {
            let key = (name, named(item.tax_code_ref.as_ref()), named(item.class_ref.as_ref()));
            let sum = sold.entry(key).or_default();
            *sum = sum.saturating_add(minor(&line.amount));
        } else if line.detail_type.as_deref() == Some("DiscountLineDetail") {
            off += i128::from(minor(&line.amount));
        }
    }
    let taxes = sold.keys().map(|(_, tax, _)| tax).collect::<BTreeSet<_>>().len();
    let bare = sold.values().copied().map(i128::from).sum::<i128>() - off;
    let is_plain = bare == i128::from(minor(&sale.total_amt)) || (taxes == 1 && sale.tax_is_in() == Some(INCLUSIVE));
    let number = sale.doc_number.as_deref().unwrap_or_default();
    if !is_plain {
        return Err(refused(format!(
            "The lines of the invoice {number} do not tell how its tax is shared by them. Enter the refund receipt there by \
             hand."
        )));
    }
    let weights: Vec<i64> = sold.values().copied().collect();
    let shares = amount.allocate(&weights);
    let shares = shares.ok_or_else(|| refused("the invoice has no lines that could be credited".to_owned()))?;
    let shares = sold.into_keys().zip(shares).filter(|(_, share)| share.minor != 0);
    let line = |((item, tax, class), share)| NewLine::of(share, format!("Refund of {number}"), item, tax, class);
    shares.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;
    use serde_json::{Value, json};

    fn sold(item: &str, tax: &str, amount: &str) -> Value {
        let amount = RawValue::from_string(amount.to_owned()).expect("a number");
        json!({"Amount": amount, "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": item}, "TaxCodeRef": {"value": tax}}})
    }

    fn lines(total: &str, calculation: Value, items: &[Value], minor: i64) -> Result<Vec<String>, BooksError> {
        let total = RawValue::from_string(total.to_owned()).expect("a number");
        let sale = json!({"DocNumber": "1001", "TotalAmt": total, "GlobalTaxCalculation": calculation, "Line": items});
        let sale: Sale = serde_json::from_str(&sale.to_string()).expect("a sale");
        let lines = credit_lines(&sale, Money::new(minor, Currency::AUD))?;
        let told = |line: NewLine<'_>| {
            let item = line.sales_item_line_detail;
            let tax = item.tax_code_ref.map_or("-", |tax| tax.value);
            format!("{} {tax} {}", item.item_ref.value, line.amount.get())
        };
        Ok(lines.into_iter().map(told).collect())
    }

    #[test]
    fn g41_a_refund_stands_on_the_items_and_with_the_taxes_of_the_sale() {
        let taxed = [sold("31", "GST", "100.00"), sold("32", "GST", "50.00"), sold("31", "GST", "100.00")];
        let excluded = json!("TaxExcluded");
        assert_eq!(
            lines("275.00", excluded, &taxed, 27_500).ok().unwrap_or_default(),
            ["31 GST 220.00", "32 GST 55.00"]
        );
        let free = [sold("31", "NON", "100.00"), sold("32", "EX", "50.00")];
        assert_eq!(
            lines("150.00", Value::Null, &free, 4_501).ok().unwrap_or_default(),
            ["31 NON 30.01", "32 EX 15.00"]
        );
        let off = json!({"Amount": 10, "DetailType": "DiscountLineDetail"});
        let subtotal = json!({"Amount": 100, "DetailType": "SubTotalLineDetail"});
        let discounted = [sold("31", "NON", "100.00"), subtotal, off];
        assert_eq!(lines("90.00", Value::Null, &discounted, 9_000).ok().unwrap_or_default(), ["31 NON 90.00"]);
    }

    #[test]
    fn g41_a_tax_that_nobody_can_share_out_is_left_to_a_person() {
        let mixed = [sold("31", "GST", "100.00"), sold("32", "FRE", "50.00")];
        let american = [sold("31", "TAX", "100.00")];
        for (total, calculation, items) in [
            ("160.00", json!("TaxExcluded"), mixed.as_slice()),
            ("108.25", Value::Null, american.as_slice()),
            ("0.00", Value::Null, [].as_slice()),
        ] {
            let refused = lines(total, calculation, items, 100);
            assert!(matches!(refused, Err(BooksError::Refused { .. })), "{total}: {refused:?}");
        }
    }
}
