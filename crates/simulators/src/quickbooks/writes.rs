//! Creating and changing records of every kind: versions, sparse and full updates, references, names and numbers.
//! Source: `wire/accounting.md`, 2.1, 2.4 to 2.8.

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};

use super::call::{Answer, Operation};
use super::document::Document;
use super::kind::{Kind, LENGTHS, property};
use super::news::What;
use super::refusal::Refusal;
use super::{credits, lines, payments, wire};
use crate::facts;

const FIRST_NUMBER: u64 = 1_001;

/// The body of a write, without its nulls; a property that the vendor does not know refuses it.
pub(crate) fn submitted(body: &Value) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(sent) = wire::without_nulls(body) else { return Err(Refusal::unreadable()) };
    if let Some(unknown) = sent.keys().find(|name| property(name) != Some(name.as_str())) {
        return Err(Refusal::property(unknown));
    }
    Ok(sent)
}

/// Creates what has no id, updates what has one.
pub(crate) fn write(op: &mut Operation<'_>, kind: Kind, body: &Value) -> Answer {
    let sent = submitted(body)?;
    let before = match sent.get("Id").and_then(wire::text) {
        Some(_) if kind.can_be_created() || !kind.is_listed() => Some(op.current(kind, &sent)?.clone()),
        None if kind.can_be_created() => None,
        _ => return Err(Refusal::unsupported(&format!("write of {}", kind.name()))),
    };
    let fresh = || Document::new(kind, op.books.next_id(kind), op.now_ms);
    let mut draft = before.clone().unwrap_or_else(fresh);
    let sparse = sent.get("sparse").is_some_and(|sparse| *sparse == true || *sparse == "true");
    draft.take(&sent, sparse);
    check(op, &mut draft, before.as_ref())?;
    op.period_is_open(&draft, before.as_ref())?;
    let (id, links) = (draft.id, draft.payment_links());
    let customer = draft.refers_to("CustomerRef");
    op.keep(draft, if before.is_some() { What::Update } else { What::Create });
    if kind == Kind::Payment {
        let linked_before = before.as_ref().map(Document::payment_links).unwrap_or_default();
        payments::relink(op, id, &linked_before, &links);
    }
    if before.is_none() && matches!(kind, Kind::CreditMemo | Kind::Invoice) {
        credits::apply(op, customer)?;
    }
    op.shown(kind, id)
}

fn check(op: &Operation<'_>, draft: &mut Document, before: Option<&Document>) -> Result<(), Refusal> {
    if draft.kind.is_name() {
        name_somebody(draft)?;
    }
    for (name, longest) in LENGTHS {
        let length = draft.text(name).chars().count();
        if length > longest {
            return Err(Refusal::length(name, longest, length));
        }
    }
    // The home currency alone, which each view names.
    let currency = wire::reference(&draft.fields, "CurrencyRef");
    if currency.is_some_and(|currency| currency != facts::SOUTHERN.currency) {
        return Err(Refusal::business("Multicurrency is not enabled for this company."));
    }
    draft.fields.remove("CurrencyRef");
    op.resolve(draft)?;
    if let Some(missing) = draft.kind.required().iter().find(|name| !draft.fields.contains_key(**name)) {
        return Err(Refusal::missing(missing));
    }
    name_is_free(op, draft)?;
    match draft.kind {
        kind if kind.is_sale() => check_sale(op, draft, before),
        Kind::Payment => payments::check(op, draft, before),
        Kind::Purchase => check_purchase(op, draft),
        Kind::Account => check_account(draft),
        Kind::Item => check_item(draft),
        _ => Ok(()),
    }
}

/// Who has no display name is called as the person or the company is.
fn name_somebody(draft: &mut Document) -> Result<(), Refusal> {
    if draft.text("DisplayName").is_empty() {
        let person = format!("{} {}", draft.text("GivenName"), draft.text("FamilyName"));
        let names = [person.trim(), draft.text("CompanyName")];
        let name = names.into_iter().find(|name| !name.is_empty()).ok_or_else(|| Refusal::missing("DisplayName"))?;
        let name = json!(name);
        draft.fields.insert("DisplayName".to_owned(), name);
    }
    Ok(())
}

fn name_is_free(op: &Operation<'_>, draft: &Document) -> Result<(), Refusal> {
    if draft.kind.unique_name().is_none() {
        return Ok(());
    }
    let is_it = |other: &&Document| (other.kind, other.id) == (draft.kind, draft.id);
    let has_its_name = |other: &&Document| !is_it(other) && other.label().eq_ignore_ascii_case(draft.label());
    let own = [draft.kind];
    let shared: &[Kind] = if draft.kind.is_name() { &[Kind::Customer, Kind::Employee, Kind::Vendor] } else { &own };
    match shared.iter().flat_map(|kind| op.books.all(*kind)).find(has_its_name) {
        Some(other) => Err(Refusal::duplicate_name(other.id)),
        None => Ok(()),
    }
}

/// A sub-type alone is enough where it tells the type.
fn check_account(draft: &mut Document) -> Result<(), Refusal> {
    if draft.text("AccountType").is_empty() {
        let kind = match draft.text("AccountSubType") {
            "CashOnHand" | "Checking" | "MoneyMarket" | "Savings" => "Bank",
            "OtherCurrentAssets" | "UndepositedFunds" => "Other Current Asset",
            "OtherCurrentLiabilities" | "DeferredRevenue" => "Other Current Liability",
            "SalesOfProductIncome" | "ServiceFeeIncome" | "OtherPrimaryIncome" => "Income",
            _ => return Err(Refusal::missing("AccountType")),
        };
        draft.fields.insert("AccountType".to_owned(), json!(kind));
    }
    Ok(())
}

fn check_item(draft: &mut Document) -> Result<(), Refusal> {
    let kind = draft.fields.entry("Type").or_insert_with(|| json!("Service"));
    let is_sold = ["Service", "NonInventory", "Inventory"].iter().any(|sold| *kind == *sold);
    if !is_sold && *kind != "Category" {
        return Err(Refusal::enumeration("Type", kind.as_str().unwrap_or_default()));
    }
    if is_sold && !draft.fields.contains_key("IncomeAccountRef") {
        return Err(Refusal::missing("IncomeAccountRef"));
    }
    Ok(())
}

fn check_purchase(op: &Operation<'_>, draft: &mut Document) -> Result<(), Refusal> {
    date(op, draft)?;
    let paid_by = draft.text("PaymentType");
    if !["Cash", "Check", "CreditCard"].contains(&paid_by) {
        return Err(Refusal::enumeration("PaymentType", paid_by));
    }
    if let Some(customer) = wire::reference(&draft.fields, "EntityRef") {
        let name = op.meant("EntityRef", Kind::Customer, &customer)?.label();
        let entity = json!({ "value": customer, "name": name, "type": "Customer" });
        draft.fields.insert("EntityRef".to_owned(), entity);
    }
    draft.fields.insert("GlobalTaxCalculation".to_owned(), json!("NotApplicable"));
    lines::check(op, draft)?;
    is_covered(draft)
}

fn check_sale(op: &Operation<'_>, draft: &mut Document, before: Option<&Document>) -> Result<(), Refusal> {
    let day = date(op, draft)?;
    if draft.kind == Kind::Invoice {
        let due = match draft.fields.get("DueDate") {
            Some(sent) => wire::read_day(sent).ok_or_else(|| Refusal::property("DueDate"))?,
            None => day.checked_add_days(Days::new(terms_days(op, draft))).unwrap_or(day),
        };
        draft.fields.insert("DueDate".to_owned(), json!(due));
    }
    for (name, value) in [("GlobalTaxCalculation", "TaxExcluded"), ("EmailStatus", "NotSet")] {
        draft.fields.entry(name).or_insert_with(|| json!(value));
    }
    number(op, draft, before)?;
    lines::check(op, draft)?;
    let customer = |document: &Document| document.refers_to("CustomerRef");
    if !draft.links.is_empty() && before.is_some_and(|before| customer(before) != customer(draft)) {
        return Err(Refusal::business("The customer of a transaction with a payment cannot be changed."));
    }
    is_covered(draft)
}

/// What payments have taken must still be there.
fn is_covered(draft: &Document) -> Result<(), Refusal> {
    match draft.open_minor() >= 0 {
        true => Ok(()),
        false => Err(Refusal::business("The total is less than what is applied to it.")),
    }
}

/// Today, when the sender names no day.
pub(crate) fn date(op: &Operation<'_>, draft: &mut Document) -> Result<NaiveDate, Refusal> {
    let day = match draft.fields.get("TxnDate") {
        Some(sent) => wire::read_day(sent).ok_or_else(|| Refusal::property("TxnDate"))?,
        None => op.today,
    };
    draft.fields.insert("TxnDate".to_owned(), json!(day));
    Ok(day)
}

fn terms_days(op: &Operation<'_>, draft: &Document) -> u64 {
    let term = draft.refers_to("SalesTermRef").and_then(|id| op.books.get(Kind::Term, id));
    term.and_then(|term| term.fields.get("DueDays")?.as_u64()).unwrap_or_default()
}

/// Numbers of the sender's are honoured when the company wants them so, and then each only once (2.4).
fn number(op: &Operation<'_>, draft: &mut Document, before: Option<&Document>) -> Result<(), Refusal> {
    if !op.books.prefers("SalesFormsPrefs/CustomTxnNumbers") {
        let kept = before.map(|before| before.text("DocNumber").to_owned()).filter(|number| !number.is_empty());
        let number = kept.unwrap_or_else(|| next_number(op));
        draft.fields.insert("DocNumber".to_owned(), json!(number));
        return Ok(());
    }
    let number = draft.text("DocNumber");
    let has_it = |other: &&Document| other.id != draft.id && other.text("DocNumber") == number;
    let other = op.books.all(draft.kind).find(has_it);
    match other.filter(|_| !number.is_empty() && !op.includes("allowduplicatedocnum")) {
        Some(other) => Err(Refusal::duplicate_number(number, draft.kind, other.id)),
        None => Ok(()),
    }
}

fn next_number(op: &Operation<'_>) -> String {
    let sales = [Kind::CreditMemo, Kind::Invoice, Kind::RefundReceipt].into_iter().flat_map(|kind| op.books.all(kind));
    let numbers = sales.filter_map(|sale| sale.text("DocNumber").parse::<u64>().ok());
    numbers.max().map_or(FIRST_NUMBER, |last| last + 1).to_string()
}
