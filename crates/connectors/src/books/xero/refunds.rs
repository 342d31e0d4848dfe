//! Refunds in Xero (`wire/accounting.md`, 1.7 and 4.5): a credit note for the sale, on the accounts and with the taxes
//! of the invoice, and its payment out of the clearing account. The number of the credit note is ours, so both steps
//! are found again by it.

use super::{
    Paid, Payment, Xero,
    credit_notes::{AUTHORISED, CreditLine, CreditNote, NewCreditNote, VOIDED},
    errors::refused,
    id,
    wire::{ContactRef, NewPayments, OnlyContact, number},
};
use crate::books::{BooksError, PostRefund, PostedRefund};
use domain::money::{Currency, Money};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Lines of an invoice whose amounts carry no tax, and those whose tax is added to them.
pub const NO_TAX: &str = "NoTax";
const EXCLUSIVE: &str = "Exclusive";

/// What a credit takes over from the invoice.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sale {
    invoice_number: Option<String>,
    contact: Option<OnlyContact>,
    line_amount_types: Option<String>,
    line_items: Option<Vec<SoldLine>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SoldLine {
    account_code: Option<String>,
    tax_type: Option<String>,
    line_amount: Option<Box<RawValue>>,
    tax_amount: Option<Box<RawValue>>,
}

impl Xero {
    pub(super) async fn write_refund(&self, refund: &PostRefund) -> Result<PostedRefund, BooksError> {
        let found = self.credit(&refund.number).await?;
        let (credit_id, paid) = match &found {
            Some((credit_id, credit)) => {
                is_over(credit, refund)?;
                (credit_id.clone(), credit.paid().next().map(str::to_owned))
            }
            None => (self.credit_sale(refund).await?, None),
        };
        let external_id = match paid {
            Some(paid) => paid,
            None => self.pay_out(refund, &credit_id).await?,
        };
        Ok(PostedRefund { credit_id: Some(credit_id), external_id })
    }

    pub(super) async fn void_refund(&self, refund: &PostRefund) -> Result<(), BooksError> {
        let Some((credit_id, credit)) = self.credit(&refund.number).await? else { return Ok(()) };
        // All are read before one is deleted, and themselves: the copies on the credit note tell too little.
        let mut ours = Vec::new();
        for paid in credit.paid() {
            let payment: Payment = self.one(&format!("Payments/{}", id(paid)?)).await?;
            if let Some(why) = left_to_a_person(&payment, refund) {
                return Err(refused(why));
            }
            ours.push(paid);
        }
        for paid in ours {
            self.delete_payment(paid).await?;
        }
        self.move_credit(&credit_id, VOIDED).await.map_err(|why| unpaid(credit_id, why))
    }

    async fn credit_sale(&self, refund: &PostRefund) -> Result<String, BooksError> {
        let sale: Sale = self.one(&format!("Invoices/{}", id(&refund.invoice_external_id)?)).await?;
        let contact = sale.contact.as_ref().ok_or_else(|| refused("the invoice has no contact".to_owned()))?;
        let is_taxed = sale.line_amount_types.as_deref() != Some(NO_TAX);
        let note = NewCreditNote {
            kind: "ACCRECCREDIT",
            status: AUTHORISED,
            credit_note_number: &refund.number,
            reference: &refund.reference,
            contact: ContactRef { id: &contact.id },
            date: refund.date,
            line_amount_types: if is_taxed { "Inclusive" } else { NO_TAX },
            currency_code: refund.amount.currency.code(),
            line_items: credit_lines(&sale, refund.amount, is_taxed)?,
        };
        self.write_credit(note, &format!("{}-credit", refund.idempotency_key)).await
    }

    async fn pay_out(&self, refund: &PostRefund, credit_id: &str) -> Result<String, BooksError> {
        let credit = Paid::CreditNote { id: id(credit_id)? };
        let account = &self.config.clearing_account;
        let body = NewPayments::of(credit, refund.amount, refund.date, &refund.reference, account)?;
        let paid = self.pay(&body, &format!("{}-paid", refund.idempotency_key)).await;
        paid.map(|(external_id, _)| external_id).map_err(|why| unpaid(credit_id.to_owned(), why))
    }
}

/// What is refused of a credit note that stands without its payment.
fn unpaid(credit_id: String, why: BooksError) -> BooksError {
    match why {
        BooksError::Refused { cause, message } => BooksError::CreditUnpaid { credit_id, cause, message },
        later => later,
    }
}

/// A credit note of another amount was changed by a person: paid out by ours, it would leave its customer a credit, or a debt.
fn is_over(credit: &CreditNote, refund: &PostRefund) -> Result<(), BooksError> {
    let ours = refund.amount;
    match credit.total.as_deref().map(RawValue::get) {
        Some(theirs) if Money::from_decimal(theirs, ours.currency) != Ok(ours) => {
            let (number, ours) = (&refund.number, ours.to_decimal());
            Err(refused(format!("The credit note {number} comes to {theirs} there, and {ours} was paid back.")))
        }
        _ => Ok(()),
    }
}

/// Why a payment of the credit note is not deleted by us.
fn left_to_a_person(payment: &Payment, refund: &PostRefund) -> Option<String> {
    let number = &refund.number;
    if !payment.is(&refund.reference) {
        let reference = payment.reference.as_deref().unwrap_or_default();
        return Some(format!("The credit note {number} has a payment that is not ours, “{reference}”."));
    }
    payment.left_to_a_person().map(|why| format!("The payment of the credit note {number} {why}."))
}

/// The amount, tax included, shared by the accounts and taxes of the invoice as the sale was. What was taken off on one
/// of them is a negative line, as it is on the invoice: Xero refuses a negative total alone [recalled; not in `wire/`].
fn credit_lines(sale: &Sale, amount: Money, is_taxed: bool) -> Result<Vec<CreditLine>, BooksError> {
    let adds_tax = sale.line_amount_types.as_deref() == Some(EXCLUSIVE);
    let minor = |raw: &Option<Box<RawValue>>| minor(raw.as_deref(), amount.currency);
    let mut sold: BTreeMap<(String, Option<String>), i64> = BTreeMap::new();
    for line in sale.line_items.iter().flatten() {
        let Some(account) = line.account_code.clone() else { continue };
        let tax = if adds_tax { minor(&line.tax_amount) } else { 0 };
        *sold.entry((account, line.tax_type.clone())).or_default() += minor(&line.line_amount) + tax;
    }
    let weights: Vec<i64> = sold.values().copied().collect();
    let shares = amount.allocate(&weights);
    let shares = shares.ok_or_else(|| refused("the invoice has no lines that could be credited".to_owned()))?;
    let description = format!("Refund of {}", sale.invoice_number.as_deref().unwrap_or_default());
    let shares = sold.into_keys().zip(shares).filter(|(_, share)| share.minor != 0);
    let line = |((account_code, tax_type), share): ((String, Option<String>), Money)| {
        let tax_type = tax_type.filter(|_| is_taxed);
        Ok(CreditLine {
            description: description.clone(),
            quantity: 1,
            unit_amount: number(share)?,
            account_code,
            tax_type,
        })
    };
    shares.map(line).collect()
}

fn minor(raw: Option<&RawValue>, currency: Currency) -> i64 {
    raw.and_then(|raw| Money::from_decimal(raw.get(), currency).ok()).map_or(0, |amount| amount.minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn lines(types: &str, items: Value, minor: i64) -> Vec<String> {
        let sale = json!({"InvoiceNumber": "INV-1", "LineAmountTypes": types, "LineItems": items}).to_string();
        let sale: Sale = serde_json::from_str(&sale).expect("a sale");
        let lines = credit_lines(&sale, Money::new(minor, Currency::USD), types != NO_TAX).expect("lines");
        let told = |line: CreditLine| {
            format!("{} {} {}", line.account_code, line.tax_type.as_deref().unwrap_or("-"), line.unit_amount.get())
        };
        lines.into_iter().map(told).collect()
    }

    #[test]
    fn g41_a_credit_stands_on_the_accounts_and_with_the_taxes_of_the_sale() {
        let items = json!([
            {"AccountCode": "200", "TaxType": "OUTPUT", "LineAmount": 100.00, "TaxAmount": 10.00},
            {"AccountCode": "260", "TaxType": "NONE", "LineAmount": 50.00, "TaxAmount": 0.00},
            {"AccountCode": "200", "TaxType": "OUTPUT", "LineAmount": 100.00, "TaxAmount": 10.00},
        ]);
        assert_eq!(lines("Exclusive", items.clone(), 27_000), ["200 OUTPUT 220.00", "260 NONE 50.00"]);
        assert_eq!(lines("Exclusive", items.clone(), 2_701), ["200 OUTPUT 22.01", "260 NONE 5.00"]);
        assert_eq!(lines("Inclusive", items.clone(), 25_000), ["200 OUTPUT 200.00", "260 NONE 50.00"]);
        assert_eq!(lines("NoTax", items, 25_000), ["200 - 200.00", "260 - 50.00"]);
        let discounted = json!([
            {"AccountCode": "200", "TaxType": "NONE", "LineAmount": 100.00},
            {"AccountCode": "299", "TaxType": "NONE", "LineAmount": -10.00},
        ]);
        assert_eq!(lines("NoTax", discounted.clone(), 9_000), ["200 - 100.00", "299 - -10.00"]);
        assert_eq!(lines("NoTax", discounted.clone(), 4_501), ["200 - 50.01", "299 - -5.00"]);
        assert_eq!(lines("NoTax", discounted, 1), ["200 - 0.01"]);
        let on_one_account = json!([
            {"AccountCode": "200", "LineAmount": 100.00},
            {"AccountCode": "260", "LineAmount": 50.00},
            {"AccountCode": "260", "LineAmount": -50.00},
        ]);
        assert_eq!(lines("NoTax", on_one_account, 9_000), ["200 - 90.00"], "what was given away is not credited");
    }

    #[test]
    fn an_invoice_without_lines_is_not_credited_by_a_guess() {
        let sale: Sale = serde_json::from_str("{}").expect("a sale");
        assert!(matches!(credit_lines(&sale, Money::new(1, Currency::USD), false), Err(BooksError::Refused { .. })));
        let [sold, taken_off] =
            [("200", 5), ("299", -5)].map(|(to, sum)| json!({"AccountCode": to, "LineAmount": sum}));
        let nothing = json!({"LineItems": [sold, taken_off]}).to_string();
        let sale: Sale = serde_json::from_str(&nothing).expect("a sale");
        assert!(matches!(credit_lines(&sale, Money::new(1, Currency::USD), false), Err(BooksError::Refused { .. })));
    }
}
