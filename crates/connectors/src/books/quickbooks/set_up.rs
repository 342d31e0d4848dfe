//! What is chosen when a company is set up (`wire/accounting.md`, 2.3-2.8). Lines of a sale name a product or service, which
//! in turn names the account that earns.

use super::{
    QuickBooks,
    wire::{Company as Named, Ref, named},
};
use crate::books::{
    BooksError,
    call::Call,
    set_up::{BooksSetUp, Chart, Choice, Company},
};
use async_trait::async_trait;
use serde::Deserialize;

const ACCOUNTS: &str = "SELECT * FROM Account MAXRESULTS 1000";
const SERVICES: &str = "SELECT * FROM Item WHERE Type = 'Service' MAXRESULTS 1000";
const TAX_CODES: &str = "SELECT * FROM TaxCode MAXRESULTS 1000";
const NUMBERS_OFF: &str = "Switch on “Custom transaction numbers” in QuickBooks Online (Account and settings, Sales): surcharges \
                           are found again by their numbers.";
const WRITES: [&str; 8] = [
    "Each payment of an invoice, deposited to the clearing account, with the gateway’s number. What a bank takes back is \
     voided.",
    "Each refund: a refund receipt out of the clearing account, with a number of ours.",
    "Each surcharge: an invoice with a number of ours, and its payment.",
    "Where a bank takes back what is deposited, and staff ask for it here: an invoice “RT-…” of the service “Returned \
     payment”, on the clearing account.",
    "What stays as a customer’s credit: a payment that pays nothing yet; what is paid back of it is an expense out of the \
     clearing account.",
    "Each payment of a quote: an invoice “PF_…” that it pays and a credit memo “PF_CR_…”, both of the service “Quote \
     prepayment”; and what is applied of that credit.",
    "Each customer who pays a quote and is not there, with the quote’s name and e-mail address, when staff press for it or \
     where the merchant’s rule says so.",
    "Nothing else. Other invoices and customers, and settings, are only read.",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    id: String,
    name: String,
    account_type: Option<String>,
    account_sub_type: Option<String>,
    currency_ref: Option<Ref>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    id: String,
    name: String,
    income_account_ref: Option<Ref>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaxCode {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Preferences {
    currency_prefs: Option<CurrencyPrefs>,
    sales_forms_prefs: Option<SalesFormsPrefs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CurrencyPrefs {
    home_currency: Option<Ref>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SalesFormsPrefs {
    custom_txn_numbers: Option<bool>,
}

impl Account {
    fn is_of(&self, kinds: &[&str]) -> bool {
        self.account_type.as_deref().is_some_and(|own| kinds.contains(&own))
    }

    /// As a payment's deposit asks for it (2.5). What is on the way to the bank is moved on by QuickBooks itself.
    fn takes_payments(&self, currency: &str) -> bool {
        let is_on_the_way = self.account_sub_type.as_deref() == Some("UndepositedFunds");
        let takes = self.is_of(&["Bank", "Other Current Asset"]) && !is_on_the_way;
        takes && named(self.currency_ref.as_ref()).is_none_or(|own| own == currency)
    }
}

fn choice(id: String, name: String) -> Choice {
    Choice { id, name, is_bank: false }
}

impl QuickBooks {
    async fn preferences(&self) -> Result<Preferences, BooksError> {
        Ok(self.one(Call::Read, self.get("preferences")).await?)
    }
}

#[async_trait]
impl BooksSetUp for QuickBooks {
    async fn company(&self) -> Result<Company, BooksError> {
        let Named { name } = self.read("companyinfo", &self.config.realm_id).await?;
        let home = self.preferences().await?.currency_prefs.and_then(|prefs| prefs.home_currency);
        Ok(Company { name, currency: named(home.as_ref()).unwrap_or_default().to_owned() })
    }

    async fn chart(&self, company: &Company) -> Result<Chart, BooksError> {
        let (accounts, _) = self.page::<Account>(ACCOUNTS).await?;
        let (services, _) = self.page::<Item>(SERVICES).await?;
        let (taxes, _) = self.page::<TaxCode>(TAX_CODES).await?;
        let sales = self.preferences().await?.sales_forms_prefs;
        let numbers_are_off = sales.and_then(|prefs| prefs.custom_txn_numbers) == Some(false);
        let earns = |item: &Item| {
            let account = named(item.income_account_ref.as_ref());
            accounts.iter().any(|own| account == Some(own.id.as_str()) && own.is_of(&["Income", "Other Income"]))
        };
        let surcharge = services.into_iter().filter(earns).map(|item| choice(item.id, item.name)).collect();
        let owes = |account: &&Account| {
            let is_tax = account.account_sub_type.as_deref() == Some("GlobalTaxPayable");
            account.is_of(&["Other Current Liability"]) && !is_tax
        };
        let prepayment = accounts.iter().filter(owes);
        let prepayment = prepayment.map(|account| choice(account.id.clone(), account.name.clone())).collect();
        let clearing = accounts.into_iter().filter(|account| account.takes_payments(&company.currency));
        let clearing = clearing.map(|account| {
            let is_bank = account.is_of(&["Bank"]);
            Choice { is_bank, ..choice(account.id, account.name) }
        });
        Ok(Chart {
            clearing: clearing.collect(),
            prepayment,
            surcharge,
            surcharge_is: "Product or service for surcharges",
            zero_taxes: Vec::new(),
            notes: None,
            taxes: taxes.into_iter().map(|code| choice(code.id, code.name)).collect(),
            wants: if numbers_are_off { vec![NUMBERS_OFF] } else { Vec::new() },
            writes: &WRITES,
        })
    }
}
