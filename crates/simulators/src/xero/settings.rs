//! The set-up reads: organisation, accounts, branding themes, tax rates. Fixed. Source: `wire/accounting.md`, 1.11.

use serde_json::{Value, json};

use super::call::{Answer, Operation};
use super::{ACCOUNTS, filter, wire};
use crate::facts;
use crate::seed::stable_id;

pub(crate) fn organisation() -> Value {
    json!({ "Organisations": [{
        "Name": facts::NORTHWIND.name, "LegalName": "Northwind IT LLC", "PaysTax": true, "Version": "US",
        "OrganisationType": "COMPANY", "OrganisationEntityType": "COMPANY", "BaseCurrency": facts::NORTHWIND.currency,
        "CountryCode": "US", "IsDemoCompany": true, "OrganisationStatus": "ACTIVE", "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 12, "SalesTaxBasis": "ACCRUALS", "SalesTaxPeriod": "MONTHLY",
        "DefaultSalesTax": "Tax Exclusive", "DefaultPurchasesTax": "Tax Exclusive",
        "CreatedDateUTC": "/Date(1672531200000+0000)/", "OrganisationID": facts::xero::TENANT_ID,
        "Edition": "BUSINESS", "Class": "PREMIUM", "ShortCode": facts::xero::SHORT_CODE, "Timezone": "UTC",
        "Addresses": [], "Phones": [], "ExternalLinks": [], "PaymentTerms": {},
    }] })
}

pub(crate) fn accounts(op: &Operation<'_>) -> Answer {
    let views = ACCOUNTS.iter().map(|account| {
        let mut view = json!({
            "AccountID": account.id, "Code": account.code, "Name": account.name, "Status": "ACTIVE",
            "Type": account.kind, "TaxType": "NONE", "Class": account.class, "ReportingCode": "ASS",
            "EnablePaymentsToAccount": account.takes_payments, "ShowInExpenseClaims": false,
            "HasAttachments": false, "AddToWatchlist": false, "UpdatedDateUTC": "/Date(1672531200000+0000)/",
        });
        if account.kind == "BANK" {
            view["BankAccountType"] = json!("BANK");
            view["BankAccountNumber"] = json!("0210000212345678");
            view["CurrencyCode"] = json!(facts::NORTHWIND.currency);
        }
        view
    });
    filter::answer(views.collect(), "Accounts", "AccountID", op.query, false)
}

pub(crate) fn branding_themes() -> Value {
    let theme = |name: &str, place: i32| {
        json!({ "BrandingThemeID": stable_id("theme", name), "Name": name, "SortOrder": place, "Type": "INVOICE",
            "CreatedDateUTC": "/Date(1672531200000+0000)/" })
    };
    json!({ "BrandingThemes": [theme("Standard", 0), theme("Managed services", 1)] })
}

pub(crate) fn tax_rates() -> Value {
    let zero = wire::money(0);
    json!({ "TaxRates": [{
        "Name": "Tax Exempt", "TaxType": "NONE", "Status": "ACTIVE", "ReportTaxType": "NONE",
        "DisplayTaxRate": zero, "EffectiveRate": zero, "CanApplyToAssets": true, "CanApplyToEquity": true,
        "CanApplyToExpenses": true, "CanApplyToLiabilities": true, "CanApplyToRevenue": true,
        "TaxComponents": [{ "Name": "No Tax", "Rate": zero, "IsCompound": false, "IsNonRecoverable": false }],
    }] })
}
