//! Lines of sales and purchases, and what they come to with tax. Source: `wire/accounting.md`, 2.1 and 2.4.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::call::Operation;
use super::document::Document;
use super::kind::Kind;
use super::refusal::Refusal;
use super::{Books, wire};
use crate::amounts::{cents, money, read_decimal};
use crate::facts;

const LINES_MAX: usize = 10_000;
const DESCRIPTION_MAX_CHARS: usize = 4_000;

/// A line as it is kept, and what it adds.
struct Read {
    line: Value,
    amount: Decimal,
    tax_percent: Decimal,
}

/// Makes the draft's lines regular and sets its totals.
pub(crate) fn check(op: &Operation<'_>, draft: &mut Document) -> Result<(), Refusal> {
    let taxed = draft.text("GlobalTaxCalculation").to_owned();
    if !["TaxExcluded", "TaxInclusive", "NotApplicable"].contains(&taxed.as_str()) {
        return Err(Refusal::enumeration("GlobalTaxCalculation", &taxed));
    }
    let (mut lines, mut net, mut tax) = (Vec::new(), Decimal::ZERO, Decimal::ZERO);
    for line in draft.lines().filter(|line| line["DetailType"] != "SubTotalLineDetail") {
        let mut read = read(op, draft.kind, line, net)?;
        let place = lines.len() + 1;
        if read.line["Id"].as_str().is_none_or(str::is_empty) {
            read.line["Id"] = json!(place.to_string());
        }
        read.line["LineNum"] = json!(place);
        lines.push(read.line);
        net += read.amount;
        tax += match taxed.as_str() {
            "TaxExcluded" => read.amount * read.tax_percent / Decimal::ONE_HUNDRED,
            "TaxInclusive" => read.amount * read.tax_percent / (Decimal::ONE_HUNDRED + read.tax_percent),
            _ => Decimal::ZERO,
        };
    }
    match lines.len() {
        0 => return Err(Refusal::missing("Line")),
        1..=LINES_MAX => {}
        _ => return Err(Refusal::business("A transaction has at most 10000 lines")),
    }
    let too_large = || Refusal::number("TotalAmt", "the total of the lines");
    let (net, tax) = cents(net).zip(cents(tax)).ok_or_else(too_large)?;
    draft.tax_minor = tax;
    draft.total_minor = if taxed == "TaxExcluded" { net + tax } else { net };
    draft.fields.insert("Line".to_owned(), Value::Array(lines));
    if draft.total_minor < 0 {
        return Err(Refusal::business("Transaction amount must be 0 or greater."));
    }
    Ok(())
}

/// `net` is the sum of the lines before, which a discount may be a part of.
fn read(op: &Operation<'_>, kind: Kind, sent: &Value, net: Decimal) -> Result<Read, Refusal> {
    let detail_type = sent["DetailType"].as_str().ok_or_else(|| Refusal::missing("DetailType"))?;
    let length = sent["Description"].as_str().map_or(0, |text| text.chars().count());
    if length > DESCRIPTION_MAX_CHARS {
        return Err(Refusal::length("Description", DESCRIPTION_MAX_CHARS, length));
    }
    let mut line = sent.clone();
    let (amount, tax_percent) = match (detail_type, kind.is_sale()) {
        ("DescriptionOnly", _) => (Decimal::ZERO, Decimal::ZERO),
        ("SalesItemLineDetail", true) => {
            let amount = amount(sent)?;
            let detail = line.get_mut("SalesItemLineDetail");
            (amount, detail.map_or(Ok(Decimal::ZERO), |detail| sold(op, detail, amount))?)
        }
        ("DiscountLineDetail", true) => (-discount(sent, net)?, Decimal::ZERO),
        ("AccountBasedExpenseLineDetail", false) => {
            let account = wire::text(&sent["AccountBasedExpenseLineDetail"]["AccountRef"]["value"]);
            let account = account.ok_or_else(|| Refusal::missing("AccountRef"))?;
            let name = op.meant("AccountRef", Kind::Account, &account)?.label().to_owned();
            line["AccountBasedExpenseLineDetail"]["AccountRef"] = json!({ "value": account, "name": name });
            (amount(sent)?, Decimal::ZERO)
        }
        (other, _) => return Err(Refusal::enumeration("DetailType", other)),
    };
    if detail_type != "DescriptionOnly" {
        let minor = cents(amount.abs()).ok_or_else(|| Refusal::number("Amount", "the line's amount"))?;
        line["Amount"] =
            money(if amount.is_sign_negative() && detail_type != "DiscountLineDetail" { -minor } else { minor });
    }
    Ok(Read { line, amount, tax_percent })
}

fn amount(line: &Value) -> Result<Decimal, Refusal> {
    let amount = &line["Amount"];
    if amount.is_null() {
        return Err(Refusal::missing("Amount"));
    }
    wire::read_amount(amount).ok_or_else(|| Refusal::number("Amount", "at most 15 digits, 5 behind the point"))
}

/// A discount is a positive amount, or a percentage of the lines above it.
fn discount(line: &Value, net: Decimal) -> Result<Decimal, Refusal> {
    let detail = &line["DiscountLineDetail"];
    match wire::read_amount(&detail["DiscountPercent"]) {
        Some(percent) if detail["PercentBased"] == true => Ok(net * percent / Decimal::ONE_HUNDRED),
        _ => amount(line),
    }
}

/// Checks a sold item against the line's amount; answers its tax in percent.
fn sold(op: &Operation<'_>, detail: &mut Value, amount: Decimal) -> Result<Decimal, Refusal> {
    if let Some(id) = wire::text(&detail["ItemRef"]["value"]) {
        let name = op.meant("ItemRef", Kind::Item, &id)?.label().to_owned();
        detail["ItemRef"] = json!({ "value": id, "name": name });
    }
    if let Some(id) = wire::text(&detail["ClassRef"]["value"]) {
        let name = op.meant("ClassRef", Kind::Class, &id)?.label().to_owned();
        detail["ClassRef"] = json!({ "value": id, "name": name });
    }
    // Some clients send noughts for what they do not say.
    let told = |name: &str| wire::read_amount(&detail[name]).filter(|number| !number.is_zero());
    let (quantity, price) = (told("Qty"), told("UnitPrice"));
    let product = quantity.zip(price).map(|(quantity, price)| quantity.checked_mul(price).and_then(cents));
    if product.is_some_and(|product| product != cents(amount)) {
        return Err(Refusal::miscalculated(&amount.to_string()));
    }
    match wire::text(&detail["TaxCodeRef"]["value"]) {
        Some(code) => percent_of(op.books, &code).ok_or_else(|| Refusal::reference("TaxCodeRef", Kind::TaxCode, &code)),
        None => Ok(Decimal::ZERO),
    }
}

/// A tax code's percentage on sales. `NON` and `TAX` are what the codes are called in the United States, and what the
/// examples of the vendor's documents have.
fn percent_of(books: &Books, code: &str) -> Option<Decimal> {
    let id = match code {
        "NON" => return Some(Decimal::ZERO),
        "TAX" => facts::qbo::GST_CODE_ID,
        id => id,
    };
    let rates =
        books.get(Kind::TaxCode, id.parse().ok()?)?.fields.get("SalesTaxRateList")?["TaxRateDetail"].as_array()?;
    let percent = |detail: &Value| {
        let rate = detail["TaxRateRef"]["value"].as_str()?.parse().ok()?;
        read_decimal(books.get(Kind::TaxRate, rate)?.fields.get("RateValue")?)
    };
    rates.iter().map(percent).sum()
}
