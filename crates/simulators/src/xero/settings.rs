//! The set-up reads: organisation, accounts, branding themes, tax rates. Fixed. Source: `wire/accounting.md`, 1.11.

use serde_json::{Value, json};

use super::call::{Answer, Operation};
use super::{ACCOUNTS, filter, wire};
use crate::facts;
use crate::seed::stable_id;

/// `other`: the second one of the same user.
pub(crate) fn organisation(other: bool) -> Value {
    use facts::xero::{OTHER_CURRENCY, OTHER_NAME, OTHER_TENANT_ID, TENANT_ID};
    let (name, id, currency) = match other {
        true => (OTHER_NAME, OTHER_TENANT_ID, OTHER_CURRENCY),
        false => (facts::NORTHWIND.name, TENANT_ID, facts::NORTHWIND.currency),
    };
    json!({ "Organisations": [{
        "Name": name, "LegalName": "Northwind IT LLC", "PaysTax": true, "Version": "US",
        "OrganisationType": "COMPANY", "OrganisationEntityType": "COMPANY", "BaseCurrency": currency,
        "CountryCode": "US", "IsDemoCompany": true, "OrganisationStatus": "ACTIVE", "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 12, "SalesTaxBasis": "ACCRUALS", "SalesTaxPeriod": "MONTHLY",
        "DefaultSalesTax": "Tax Exclusive", "DefaultPurchasesTax": "Tax Exclusive",
        "CreatedDateUTC": "/Date(1672531200000+0000)/", "OrganisationID": id,
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
    let rate = |name: &str, kind: &str, of_revenue: bool, percent: i64| {
        let percent = wire::money(percent * 100);
        json!({
            "Name": name, "TaxType": kind, "Status": "ACTIVE", "ReportTaxType": kind,
            "DisplayTaxRate": percent, "EffectiveRate": percent, "CanApplyToAssets": true, "CanApplyToEquity": true,
            "CanApplyToExpenses": true, "CanApplyToLiabilities": true, "CanApplyToRevenue": of_revenue,
            "TaxComponents": [{ "Name": name, "Rate": percent, "IsCompound": false, "IsNonRecoverable": false }],
        })
    };
    json!({ "TaxRates": [
        rate("Tax Exempt", "NONE", true, 0),
        rate("Tax on Purchases", "INPUT", false, 0),
        rate("Zero Rated Income", "ZERORATEDOUTPUT", true, 0),
        rate("15% Tax on Sales", "OUTPUT2", true, 15),
    ] })
}
