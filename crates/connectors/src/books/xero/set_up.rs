//! What is chosen when an organisation is set up (`wire/accounting.md`, 1.8, 1.9 and 1.11).

use super::{
    Xero,
    errors::Call,
    wire::{Organisation, Page},
};
use crate::books::{
    BooksError,
    set_up::{BooksSetUp, Chart, Choice, Company},
};
use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

const WRITES: [&str; 8] = [
    "Each payment of an invoice, on the clearing account, with the gateway’s number as its reference. What a bank takes back \
     is taken out again.",
    "Each refund: a credit note with a number of ours, paid out of the clearing account.",
    "Each surcharge: an invoice with a number of ours, and its payment.",
    "Where a bank takes back what is reconciled, and staff ask for it here: an invoice “RT-…” on the clearing account.",
    "What stays as a customer’s credit: an overpayment or a prepayment on the clearing account, where that is a bank account.",
    "Each payment of a quote: an invoice “PF_…” that it pays and a credit note “PF_CR_…”, both on the prepayment account; and \
     what is applied of that credit.",
    "Each customer who pays a quote and is not there: a contact with the quote’s name and e-mail address, when staff press for \
     it or where the merchant’s rule says so.",
    "Nothing else but notes, where you have chosen them. Other invoices and contacts, and settings, are only read.",
];
const NOTES: &str = "Note in the history of each invoice that something of it was paid, refunded or went back through Wise-Pay, \
                     with the amount and the gateway’s number. Each note is one more call.";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    #[serde(rename = "AccountID")]
    id: String,
    code: Option<String>,
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    enable_payments_to_account: Option<bool>,
    currency_code: Option<String>,
    /// Those that Xero keeps for itself are named here.
    system_account: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaxRate {
    name: String,
    tax_type: Option<String>,
    status: Option<String>,
    can_apply_to_revenue: Option<bool>,
    can_apply_to_liabilities: Option<bool>,
    effective_rate: Option<Box<RawValue>>,
}

impl Account {
    fn code(&self) -> Option<&str> {
        self.code.as_deref().filter(|code| !code.is_empty())
    }

    fn is_bank(&self) -> bool {
        self.kind == "BANK"
    }

    /// As a payment asks for it (1.8).
    fn takes_payments(&self, currency: &str) -> bool {
        let takes = self.is_bank() || self.enable_payments_to_account == Some(true);
        takes && self.currency_code.as_deref().is_none_or(|own| own.is_empty() || own == currency)
    }

    /// Lines name accounts by their code.
    fn is_for_lines(&self, kinds: &[&str]) -> bool {
        let is_own = self.system_account.as_deref().is_none_or(str::is_empty);
        is_own && self.code().is_some() && kinds.contains(&self.kind.as_str())
    }

    /// By its code, as bookkeepers call it; bank accounts may have none.
    fn choice(&self) -> Choice {
        let id = self.code().unwrap_or(&self.id).to_owned();
        let name = self.code().map_or_else(|| self.name.clone(), |code| format!("{code} {}", self.name));
        Choice { id, name, is_bank: self.is_bank() }
    }
}

impl TaxRate {
    fn is_for_sales(&self) -> bool {
        let is_active = self.status.as_deref().is_none_or(|status| status == "ACTIVE");
        is_active && self.can_apply_to_revenue == Some(true)
    }

    /// In documents of sales whose one line is on a liability, such as a zero rate or an exempt one.
    fn is_for_prepayments(&self) -> bool {
        let rate = self.effective_rate.as_ref().map_or("", |rate| rate.get());
        let is_zero = rate.contains('0') && rate.bytes().all(|digit| matches!(digit, b'0' | b'.'));
        self.is_for_sales() && self.can_apply_to_liabilities == Some(true) && is_zero
    }

    fn choice(&self) -> Option<Choice> {
        Some(Choice { id: self.tax_type.clone()?, name: self.name.clone(), is_bank: false })
    }
}

#[async_trait]
impl BooksSetUp for Xero {
    async fn company(&self) -> Result<Company, BooksError> {
        let Organisation { name, base_currency } = self.one("Organisation").await?;
        Ok(Company { name, currency: base_currency.unwrap_or_default() })
    }

    async fn chart(&self, company: &Company) -> Result<Chart, BooksError> {
        let active = self.call(Method::GET, "Accounts").query(&[("where", r#"Status=="ACTIVE""#)]);
        let accounts: Page<Account> = self.rows(Call::Read, active).await?;
        let rates: Page<TaxRate> = self.rows(Call::Read, self.call(Method::GET, "TaxRates")).await?;
        let those = |fits: &dyn Fn(&Account) -> bool| {
            accounts.rows.iter().filter(|account| fits(account)).map(Account::choice).collect()
        };
        let rates_for = |fits: fn(&TaxRate) -> bool| {
            rates.rows.iter().filter(|rate| fits(rate)).filter_map(TaxRate::choice).collect()
        };
        Ok(Chart {
            clearing: those(&|account| account.takes_payments(&company.currency)),
            prepayment: those(&|account| account.is_for_lines(&["CURRLIAB"])),
            surcharge: those(&|account| account.is_for_lines(&["REVENUE", "SALES", "OTHERINCOME"])),
            surcharge_is: "Revenue account for surcharges",
            taxes: rates_for(TaxRate::is_for_sales),
            zero_taxes: rates_for(TaxRate::is_for_prepayments),
            notes: Some(NOTES),
            wants: Vec::new(),
            writes: &WRITES,
        })
    }
}
