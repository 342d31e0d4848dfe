//! The set-up reads: organisation, what may be done in it, accounts, branding themes, tax rates. Fixed. Source:
//! `wire/accounting.md`, 1.11.

use serde_json::{Value, json};

use super::call::{Answer, Operation};
use super::refusal::Refusal;
use super::{ACCOUNTS, Account, filter, wire};
use crate::facts;
use crate::seed::stable_id;

/// When everything here was made.
const FOUNDED_MS: i64 = 1_672_531_200_000;
/// By the names of the published contract; the organisation has one currency.
const ACTIONS: [(&str, bool); 13] = [
    ("CreateApprovedInvoice", true),
    ("CreateDraftPurchaseOrder", false),
    ("CreateApprovedBill", true),
    ("AttachFilesIntoInvoice", false),
    ("UseMulticurrency", false),
    ("CreateDraftInvoice", true),
    ("CreateRepeatingInvoice", false),
    ("CreateRepeatingBill", false),
    ("CreateSentQuote", false),
    ("CreateInvoicePayment", true),
    ("CreateApprovedPurchaseOrder", false),
    ("CreateDraftQuote", false),
    ("CreateDraftBill", true),
];

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
        "CreatedDateUTC": wire::instant(FOUNDED_MS), "OrganisationID": id,
        "Edition": "BUSINESS", "Class": "PREMIUM", "ShortCode": facts::xero::SHORT_CODE, "Timezone": "UTC",
        "Addresses": [], "Phones": [], "ExternalLinks": [], "PaymentTerms": {},
    }] })
}

/// What this user may do here.
pub(crate) fn actions() -> Value {
    let action = |(name, is_allowed): (&str, bool)| json!({ "Name": name, "Status": if is_allowed { "ALLOWED" } else { "NOT-ALLOWED" } });
    json!({ "Actions": ACTIONS.map(action) })
}

fn account_view(account: &Account) -> Value {
    let mut view = json!({
        "AccountID": account.id, "Code": account.code, "Name": account.name, "Status": "ACTIVE",
        "Type": account.kind, "TaxType": "NONE", "Class": account.class, "ReportingCode": "ASS",
        "EnablePaymentsToAccount": account.takes_payments, "ShowInExpenseClaims": false,
        "HasAttachments": false, "AddToWatchlist": false, "UpdatedDateUTC": wire::instant(FOUNDED_MS),
    });
    if account.kind == "BANK" {
        view["BankAccountType"] = json!("BANK");
        view["BankAccountNumber"] = json!("0210000212345678");
        view["CurrencyCode"] = json!(facts::NORTHWIND.currency);
    }
    view
}

pub(crate) fn accounts(op: &Operation<'_>) -> Answer {
    let is_shown = op.since_ms.is_none_or(|since| FOUNDED_MS >= since);
    let shown = ACCOUNTS.iter().filter(|_| is_shown).map(account_view).collect();
    filter::answer(shown, "Accounts", "AccountID", op.query, false)
}

pub(crate) fn account(id: &str) -> Answer {
    let found = ACCOUNTS.iter().find(|account| account.id.eq_ignore_ascii_case(id)).ok_or(Refusal::NotFound)?;
    Ok(json!({ "Accounts": [account_view(found)] }))
}

pub(crate) fn branding_themes() -> Value {
    let theme = |name: &str, place: i32| {
        json!({ "BrandingThemeID": stable_id("theme", name), "Name": name, "SortOrder": place, "Type": "INVOICE",
            "CreatedDateUTC": wire::instant(FOUNDED_MS) })
    };
    json!({ "BrandingThemes": [theme("Standard", 0), theme("Managed services", 1)] })
}

pub(crate) fn tax_rates() -> Vec<Value> {
    let rate = |name: &str, kind: &str, of_revenue: bool, percent: i64| {
        let percent = wire::money(percent * 100);
        json!({
            "Name": name, "TaxType": kind, "Status": "ACTIVE", "ReportTaxType": kind,
            "DisplayTaxRate": percent, "EffectiveRate": percent, "CanApplyToAssets": true, "CanApplyToEquity": true,
            "CanApplyToExpenses": true, "CanApplyToLiabilities": true, "CanApplyToRevenue": of_revenue,
            "TaxComponents": [{ "Name": name, "Rate": percent, "IsCompound": false, "IsNonRecoverable": false }],
        })
    };
    vec![
        rate("Tax Exempt", "NONE", true, 0),
        rate("Tax on Purchases", "INPUT", false, 0),
        rate("Zero Rated Income", "ZERORATEDOUTPUT", true, 0),
        rate("15% Tax on Sales", "OUTPUT2", true, 15),
    ]
}

/// Those of a tax type: here one.
pub(crate) fn tax_rate(kind: &str) -> Answer {
    let found = tax_rates().into_iter().find(|rate| rate["TaxType"] == kind).ok_or(Refusal::NotFound)?;
    Ok(json!({ "TaxRates": [found] }))
}
