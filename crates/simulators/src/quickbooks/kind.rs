//! The kinds of records that are built, and the vendor's words for them. Source: `wire/accounting.md`, 2.4 to 2.10.

use serde::{Deserialize, Serialize};

/// Each kind is called as the vendor calls it.
macro_rules! kinds {
    ($($kind:ident),*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub(crate) enum Kind {
            $($kind),*
        }

        use Kind::{$($kind),*};

        impl Kind {
            const ALL: &[Self] = &[$($kind),*];

            pub fn name(self) -> &'static str {
                match self {
                    $($kind => stringify!($kind)),*
                }
            }
        }
    };
}
kinds!(
    Account,
    Class,
    CompanyInfo,
    CreditMemo,
    Customer,
    Employee,
    Invoice,
    Item,
    Payment,
    PaymentMethod,
    Preferences,
    Purchase,
    RefundReceipt,
    TaxAgency,
    TaxCode,
    TaxRate,
    Term,
    Vendor
);

impl Kind {
    /// In any letter case: paths have lower case, queries whatever their writer likes.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// What moves money, and has an id of the one sequence of all transactions.
    pub fn is_transaction(self) -> bool {
        matches!(self, CreditMemo | Invoice | Payment | Purchase | RefundReceipt)
    }

    /// A form with items, a number and a tax.
    pub fn is_sale(self) -> bool {
        matches!(self, CreditMemo | Invoice | RefundReceipt)
    }

    /// Is made inactive, never deleted.
    pub fn is_listed(self) -> bool {
        !self.is_transaction() && !matches!(self, CompanyInfo | Preferences)
    }

    /// The tax set-up has a service of its own, and the company is made by its owner.
    pub fn can_be_created(self) -> bool {
        !matches!(self, CompanyInfo | Preferences | TaxAgency | TaxCode | TaxRate)
    }

    /// Change data capture leaves out the tax set-up (2.10).
    pub fn is_captured(self) -> bool {
        !matches!(self, TaxAgency | TaxCode | TaxRate)
    }

    /// What a create must bring.
    pub fn required(self) -> &'static [&'static str] {
        match self {
            CreditMemo | Invoice => &["CustomerRef", "Line"],
            Account | Class | Item | PaymentMethod | Term => &["Name"],
            Payment => &["CustomerRef", "TotalAmt"],
            Purchase => &["AccountRef", "PaymentType", "Line"],
            RefundReceipt => &["DepositToAccountRef", "Line"],
            CompanyInfo | Customer | Employee | Preferences | TaxAgency | TaxCode | TaxRate | Vendor => &[],
        }
    }

    /// Somebody: their names are shared out over all three kinds (2.7).
    pub fn is_name(self) -> bool {
        matches!(self, Customer | Employee | Vendor)
    }

    /// The property that no two records share.
    pub fn unique_name(self) -> Option<&'static str> {
        match self {
            Customer | Employee | Vendor => Some("DisplayName"),
            Account | Class | Item | PaymentMethod | Term => Some("Name"),
            _ => None,
        }
    }

    /// The word of `LinkedTxn.TxnType`.
    pub fn link_type(self) -> &'static str {
        if self == Purchase { "Expense" } else { self.name() }
    }
}

/// References that a document may hold, and to what.
pub(crate) const REFERENCES: [(&str, Kind); 12] = [
    ("ARAccountRef", Account),
    ("AccountRef", Account),
    ("AssetAccountRef", Account),
    ("ClassRef", Class),
    ("CustomerRef", Customer),
    ("DepositToAccountRef", Account),
    ("ExpenseAccountRef", Account),
    ("IncomeAccountRef", Account),
    ("ParentRef", Customer),
    ("PaymentMethodRef", PaymentMethod),
    ("SalesTermRef", Term),
    ("DefaultSalesTermRef", Term),
];

/// Longest texts, in characters (2.4, 2.5; names as in the vendor's field tables).
pub(crate) const LENGTHS: [(&str, usize); 5] =
    [("DocNumber", 21), ("PaymentRefNum", 21), ("PrivateNote", 4_000), ("DisplayName", 500), ("Name", 100)];

/// What the vendor works out or keeps for itself; sent back by clients that return whole documents, and not heeded.
pub(crate) const READ_ONLY: [&str; 26] = [
    "Balance",
    "BalanceWithJobs",
    "CurrentBalance",
    "CurrentBalanceWithSubAccounts",
    "FullyQualifiedName",
    "HomeBalance",
    "HomeTotalAmt",
    "Id",
    "InvoiceLink",
    "Job",
    "Level",
    "LinkedTxn",
    "MetaData",
    "OpenBalanceDate",
    "ProcessPayment",
    "RemainingCredit",
    "SyncToken",
    "TaxIdentifier",
    "TotalAmt",
    "TxnTaxDetail",
    "UnappliedAmt",
    "V4IDPseudonym",
    "domain",
    "sparse",
    "status",
    "time",
];

/// Every other property that the vendor's schema gives one of the kinds above; anything else is a slip of the pen.
#[rustfmt::skip]
const PROPERTIES: &[&str] = &[
    "AbatementRate", "AccountAlias", "AccountingInfoPrefs", "AccountRef", "AccountSubType", "AccountType", "AcctNum",
    "Active", "AgencyRef", "AllowIPNPayment", "AllowOnlineACHPayment", "AllowOnlineCreditCardPayment",
    "AllowOnlinePayment", "AllowOnlinePayPalPayment", "AltContactName", "AlternatePhone", "ApplyTaxAfterDiscount",
    "ARAccountRef", "AssetAccountRef", "AttachableRef", "AutoDocNumber", "BankNum", "BillAddr", "BillEmail",
    "BillEmailBcc", "BillEmailCc", "BillWithParent", "BusinessNumber", "CheckPayment", "Classification", "ClassRef",
    "ClientEntityId", "CompanyAddr", "CompanyName", "CompanyStartDate", "ContactName", "Country", "Credit",
    "CreditCardPayment", "CreditLimit", "CurrencyPrefs", "CurrencyRef", "CustomerCommunicationAddr", "CustomerMemo",
    "CustomerRef", "CustomerTypeRef", "CustomField", "DayOfMonthDue", "DefaultSalesTermRef", "DefaultTaxCodeRef",
    "DeliveryInfo", "DepartmentRef", "Deposit", "DepositToAccountRef", "Description", "DiscountAmt",
    "DiscountDayOfMonth", "DiscountDays", "DiscountPercent", "DiscountRate", "DisplayName", "DisplayType", "DocNumber",
    "DueDate", "DueDays", "DueNextMonthDays", "ECloudStatusTimeStamp", "EffectiveTaxRate", "EInvoiceStatus", "Email",
    "EmailMessagesPrefs", "EmailStatus", "EmployerId", "EntityRef", "ExchangeRate", "ExpenseAccountRef", "FamilyName",
    "Fax", "FinanceCharge", "FiscalYearStartMonth", "FOB", "FreeFormAddress", "GivenName", "GlobalTaxCalculation",
    "GovtTxnRefIdentifier", "Gratuity", "GSTIN", "GSTRegistrationType", "Hidden", "IncomeAccountRef", "InvoiceEx",
    "InvoiceRef", "InvoiceStatus", "InvStartDate", "IsProject", "ItemCategoryType", "JobInfo", "LastFileDate",
    "LegalAddr", "LegalName", "LessCIS", "Line", "ListType", "MiddleName", "Mobile", "Name", "NameValue", "Notes",
    "OpeningBalance", "OtherPrefs", "ParentRef", "PaymentEx", "PaymentMethodRef", "PaymentRefNum", "PaymentType",
    "PONumber", "PreferredDeliveryMethod", "PrimaryContact", "PrimaryEmailAddr", "PrimaryPhone",
    "PrimaryTaxIdentifier", "PrintDocument", "PrintOnCheckName", "PrintStatus", "PrivateNote",
    "ProductAndServicesPrefs", "ProjectRef", "PurchaseCost", "PurchaseDesc", "PurchaseEx", "PurchaseTaxCodeRef",
    "PurchaseTaxIncluded", "PurchaseTaxRateList", "QtyOnHand", "RateValue", "RecurDataRef", "RemitToAddr",
    "RemitToRef", "ReportPrefs", "ResaleNum", "ReverseChargeRate", "SalesFormsPrefs", "SalesRepRef", "SalesTaxCodeRef",
    "SalesTaxIncluded", "SalesTaxRateList", "SalesTermRef", "SecondaryTaxIdentifier", "ServiceType", "ShipAddr",
    "ShipDate", "ShipFromAddr", "ShipMethodRef", "Sku", "SpecialTaxType", "SubAccount", "SubClass", "SubItem", "Suffix",
    "SupportedLanguages", "Tag", "Taxable", "TaxAgencyConfig", "TaxCodeRef", "TaxExemptionReasonId", "TaxExemptionRef",
    "TaxFormNum", "TaxFormType", "TaxGroup", "TaxPrefs", "TaxReturnLineRef", "TaxTrackedOnPurchases",
    "TaxTrackedOnSales", "TemplateRef", "TimeTrackingPrefs", "Title", "TrackingNum", "TrackQtyOnHand",
    "TransactionLocationType", "TxnDate", "TxnSource", "TxnStatus", "TxnTaxCodeRef", "Type", "UnitPrice", "UQCId",
    "UserId", "VendorAndPurchasesPrefs", "WebAddr", "WebSite",
];

/// The property as the vendor spells it, whatever the letter case.
pub(crate) fn property(name: &str) -> Option<&'static str> {
    READ_ONLY.iter().chain(PROPERTIES).copied().find(|known| known.eq_ignore_ascii_case(name))
}
