//! The company as its owner set it up: accounts, items, taxes, terms, preferences; and its customers and invoices.

use chrono::{NaiveDate, NaiveTime};
use serde_json::{Map, Value, json};

use super::Books;
use super::document::Document;
use super::kind::Kind;
use crate::amounts::money;
use crate::facts::{self, qbo};
use crate::seed;

/// When everything that is older than the demo was made.
const FOUNDED_MS: i64 = 1_672_531_200_000;
const FIRST_CUSTOMER: u64 = 58;

pub(crate) fn seed(books: &mut Books, today: NaiveDate) {
    accounts(books);
    items(books);
    taxes(books);
    lists(books);
    company(books);
    let ledger = seed::southern(today);
    for (id, customer) in (FIRST_CUSTOMER..).zip(&ledger.customers) {
        let fields = json!({
            "DisplayName": customer.name, "CompanyName": customer.name, "PrintOnCheckName": customer.name,
            "PrimaryEmailAddr": { "Address": customer.email }, "SalesTermRef": { "value": qbo::TERM_ID, "name": "Net 14" },
            "PreferredDeliveryMethod": "Email", "Notes": format!("Number {} in the PSA", customer.code), "Active": true,
        });
        put(books, Kind::Customer, &id.to_string(), fields);
    }
    for invoice in &ledger.invoices {
        seed_invoice(books, invoice);
    }
}

fn put(books: &mut Books, kind: Kind, id: &str, fields: Value) {
    let mut document = Document::new(kind, id.parse().unwrap_or_default(), FOUNDED_MS);
    document.fields = members(fields);
    books.insert(document);
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn day_ms(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

fn accounts(books: &mut Books) {
    let accounts = [
        (qbo::RECEIVABLE_ACCOUNT_ID, "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "Asset"),
        (qbo::UNDEPOSITED_FUNDS_ID, "Undeposited Funds", "Other Current Asset", "UndepositedFunds", "Asset"),
        (qbo::BANK_ACCOUNT_ID, "Business Cheque Account", "Bank", "Checking", "Asset"),
        (qbo::CLEARING_ACCOUNT_ID, "Card payments clearing", "Bank", "CashOnHand", "Asset"),
        (qbo::INCOME_ACCOUNT_ID, "Sales of Services", "Income", "ServiceFeeIncome", "Revenue"),
        (qbo::SURCHARGE_ACCOUNT_ID, "Card surcharges", "Income", "OtherPrimaryIncome", "Revenue"),
        (qbo::PREPAYMENT_ACCOUNT_ID, "Customer prepayments", "Other Current Liability", "DeferredRevenue", "Liability"),
        ("95", "GST Liabilities Payable", "Other Current Liability", "GlobalTaxPayable", "Liability"),
        ("96", "Bank charges", "Expense", "BankCharges", "Expense"),
    ];
    for (id, name, kind, sub_type, class) in accounts {
        let fields = json!({
            "Name": name, "FullyQualifiedName": name, "AccountType": kind, "AccountSubType": sub_type,
            "Classification": class, "Active": true, "SubAccount": false,
            "CurrencyRef": { "value": facts::SOUTHERN.currency, "name": "Australian Dollar" },
        });
        put(books, Kind::Account, id, fields);
    }
}

fn items(books: &mut Books) {
    let sales = (qbo::INCOME_ACCOUNT_ID, "Sales of Services");
    let items = [
        (qbo::SALES_ITEM_ID, "Managed services", sales),
        (qbo::PREPAYMENT_ITEM_ID, "Quote prepayment", (qbo::PREPAYMENT_ACCOUNT_ID, "Customer prepayments")),
        (qbo::SURCHARGE_ITEM_ID, "Card surcharge", (qbo::SURCHARGE_ACCOUNT_ID, "Card surcharges")),
        ("13", "Hardware", sales),
    ];
    for (id, name, (account, account_name)) in items {
        let fields = json!({
            "Name": name, "FullyQualifiedName": name, "Type": "Service", "Active": true, "Taxable": true,
            "UnitPrice": money(0), "IncomeAccountRef": { "value": account, "name": account_name },
        });
        put(books, Kind::Item, id, fields);
    }
}

fn taxes(books: &mut Books) {
    let agency = json!({ "DisplayName": "Australian Taxation Office", "TaxTrackedOnSales": true,
        "TaxTrackedOnPurchases": true });
    put(books, Kind::TaxAgency, "1", agency);
    let codes = [
        (qbo::GST_CODE_ID, "GST", "GST on sales", 10),
        (qbo::GST_FREE_CODE_ID, "GST free", "GST-free sales", 0),
        (qbo::OUT_OF_SCOPE_CODE_ID, "Out of Scope", "BAS excluded", 0),
    ];
    for (id, name, description, percent) in codes {
        let rate = json!({ "Name": name, "Description": description, "RateValue": percent, "SpecialTaxType": "NONE",
            "DisplayType": "ReadOnly", "AgencyRef": { "value": "1" }, "Active": true });
        put(books, Kind::TaxRate, id, rate);
        let detail = json!({ "TaxRateRef": { "value": id, "name": name }, "TaxTypeApplicable": "TaxOnAmount",
            "TaxOrder": 0 });
        let code = json!({ "Name": name, "Description": description, "Taxable": percent > 0, "TaxGroup": true,
            "Active": true, "Hidden": false, "SalesTaxRateList": { "TaxRateDetail": [detail] },
            "PurchaseTaxRateList": { "TaxRateDetail": [] } });
        put(books, Kind::TaxCode, id, code);
    }
}

fn lists(books: &mut Books) {
    for (id, name, days) in [("1", "Due on receipt", 0), (qbo::TERM_ID, "Net 14", 14), ("3", "Net 30", 30)] {
        let fields = json!({ "Name": name, "Type": "STANDARD", "DueDays": days, "DiscountDays": 0, "Active": true });
        put(books, Kind::Term, id, fields);
    }
    for (id, name) in [("1", "Managed services"), ("2", "Projects")] {
        let fields = json!({ "Name": name, "FullyQualifiedName": name, "SubClass": false, "Active": true });
        put(books, Kind::Class, id, fields);
    }
    let methods = [("1", "Cash", "NON_CREDIT_CARD"), ("2", "Cheque", "NON_CREDIT_CARD")].into_iter();
    for (id, name, kind) in
        methods.chain([("3", "Credit Card", "CREDIT_CARD"), ("4", "Direct Debit", "NON_CREDIT_CARD")])
    {
        put(books, Kind::PaymentMethod, id, json!({ "Name": name, "Type": kind, "Active": true }));
    }
}

fn company(books: &mut Books) {
    let address = json!({ "Id": "1", "Line1": "1 Macquarie Street", "City": "Sydney", "CountrySubDivisionCode": "NSW",
        "PostalCode": "2000", "Country": "Australia" });
    let info = json!({
        "CompanyName": facts::SOUTHERN.name, "LegalName": "Southern Cloud Pty Ltd", "CompanyAddr": address,
        "LegalAddr": address, "CustomerCommunicationAddr": address, "Country": "AU",
        "Email": { "Address": facts::SOUTHERN.admin_email }, "WebAddr": {}, "CompanyStartDate": "2023-01-01",
        "FiscalYearStartMonth": "July", "SupportedLanguages": "en",
        "NameValue": [{ "Name": "OfferingSku", "Value": "QuickBooks Online Plus" }],
    });
    put(books, Kind::CompanyInfo, "1", info);
    let preferences = json!({
        "SalesFormsPrefs": { "CustomTxnNumbers": true, "AutoApplyCredit": false, "AllowDeposit": false,
            "AllowDiscount": true, "DefaultTerms": { "value": qbo::TERM_ID } },
        "CurrencyPrefs": { "HomeCurrency": { "value": facts::SOUTHERN.currency }, "MultiCurrencyEnabled": false },
        "TaxPrefs": { "UsingSalesTax": true }, "AccountingInfoPrefs": { "UseAccountNumbers": false,
            "FirstMonthOfFiscalYear": "July", "CustomerTerminology": "Customers" },
    });
    put(books, Kind::Preferences, "1", preferences);
}

/// Prices hold their GST, so that an invoice comes to what its lines say.
fn seed_invoice(books: &mut Books, seeded: &seed::Invoice) {
    let customer = books.all(Kind::Customer).find(|customer| customer.label() == seeded.customer);
    let Some(customer) = customer else { return };
    let customer_ref = json!({ "value": customer.id.to_string(), "name": customer.label() });
    let email = customer.fields.get("PrimaryEmailAddr").cloned();
    let lines: Vec<Value> = (1_u64..)
        .zip(&seeded.lines)
        .map(|(place, line)| {
            json!({
                "Id": place.to_string(), "LineNum": place, "Description": line.description,
                "Amount": money(line.quantity * line.unit_minor), "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": { "value": qbo::SALES_ITEM_ID, "name": "Managed services" }, "Qty": line.quantity,
                    "UnitPrice": money(line.unit_minor), "TaxCodeRef": { "value": qbo::GST_CODE_ID },
                },
            })
        })
        .collect();
    let mut invoice = Document::new(Kind::Invoice, books.next_id(Kind::Invoice), day_ms(seeded.issued));
    invoice.fields = members(json!({
        "DocNumber": seeded.number, "CustomerRef": customer_ref, "BillEmail": email, "TxnDate": seeded.issued,
        "DueDate": seeded.due, "SalesTermRef": { "value": qbo::TERM_ID, "name": "Net 14" }, "Line": lines,
        "GlobalTaxCalculation": "TaxInclusive", "EmailStatus": "EmailSent", "AllowOnlineCreditCardPayment": false,
        "AllowOnlineACHPayment": false,
    }));
    invoice.total_minor = seeded.total_minor();
    // One eleventh of a price with ten percent in it, to the nearest cent.
    invoice.tax_minor = (seeded.total_minor() * 2 + 11) / 22;
    let id = invoice.id;
    books.insert(invoice);
    if let Some(paid_on) = seeded.paid_on {
        seed_payment(books, id, &customer_ref, seeded.paid_minor, paid_on);
    }
}

fn seed_payment(books: &mut Books, invoice: u64, customer: &Value, minor: i64, paid_on: NaiveDate) {
    let mut payment = Document::new(Kind::Payment, books.next_id(Kind::Payment), day_ms(paid_on));
    payment.total_minor = minor;
    payment.fields = members(json!({
        "CustomerRef": customer, "TotalAmt": money(minor), "TxnDate": paid_on, "PaymentRefNum": "Bank transfer",
        "DepositToAccountRef": { "value": qbo::BANK_ACCOUNT_ID, "name": "Business Cheque Account" },
        "Line": [{ "Amount": money(minor), "LinkedTxn": [{ "TxnId": invoice.to_string(), "TxnType": "Invoice" }] }],
    }));
    let id = payment.id;
    books.insert(payment);
    if let Some(paid) = books.get_mut(Kind::Invoice, invoice) {
        paid.links.insert(id, minor);
        paid.sync_token += 1;
        paid.updated_ms = day_ms(paid_on);
    }
}
