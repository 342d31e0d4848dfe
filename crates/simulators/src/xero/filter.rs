//! `where`, `order` and paging of list calls, worked on the documents as they go out. The subset of `where` that
//! `wire/accounting.md` 1.1 names: comparisons joined by AND; strings, numbers, booleans, `guid("…")`, `DateTime(…)`.

use std::cmp::Ordering;

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::wire;
use crate::query::Query;

const PAGE_SIZE_DEFAULT: i64 = 100;
const PAGE_SIZE_MAX: i64 = 1000;
const RECORDS_MAX: usize = 100_000;

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Text(String),
    Number(Decimal),
    Flag(bool),
    Instant(i64),
    Null,
}

#[derive(Debug, PartialEq)]
struct Clause {
    /// `Contact.ContactID` as a path.
    path: Vec<String>,
    operator: &'static str,
    literal: Literal,
}

const OPERATORS: [&str; 6] = ["==", "!=", ">=", "<=", ">", "<"];

fn parse(text: &str) -> Result<Vec<Clause>, Refusal> {
    split_and(text).iter().map(|part| clause(part)).collect()
}

/// Splits at AND and && outside of strings.
fn split_and(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        quoted ^= c == '"';
        let joiner = ["&&", " AND ", " and ", " And "].into_iter().find(|joiner| !quoted && rest.starts_with(joiner));
        match (joiner, parts.last_mut()) {
            (Some(joiner), _) => {
                parts.push(String::new());
                rest = &rest[joiner.len()..];
            }
            (None, Some(part)) => {
                part.push(c);
                rest = &rest[c.len_utf8()..];
            }
            (None, None) => break,
        }
    }
    parts
}

fn clause(text: &str) -> Result<Clause, Refusal> {
    let refuse = || Refusal::Malformed(format!("The simulator cannot read this part of the where parameter: {text}"));
    let (at, operator) = OPERATORS
        .iter()
        .filter_map(|operator| text.find(operator).map(|at| (at, *operator)))
        .min_by_key(|(at, operator)| (*at, std::cmp::Reverse(operator.len())))
        .ok_or_else(refuse)?;
    let path: Vec<String> = text[..at].trim().split('.').map(|part| part.trim().to_owned()).collect();
    let literal = literal(text[at + operator.len()..].trim()).ok_or_else(refuse)?;
    match path.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        true => Ok(Clause { path, operator, literal }),
        false => Err(refuse()),
    }
}

fn literal(text: &str) -> Option<Literal> {
    let lower = text.to_ascii_lowercase();
    if let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return (!inner.contains('"')).then(|| Literal::Text(inner.to_owned()));
    }
    if let Some(inner) = lower.strip_prefix("guid(\"").and_then(|rest| rest.strip_suffix("\")")) {
        return Some(Literal::Text(inner.to_owned()));
    }
    if let Some(inner) = lower.strip_prefix("datetime(").and_then(|rest| rest.strip_suffix(')')) {
        let mut parts = inner.split(',').map(|part| part.trim().parse::<u32>().ok());
        let mut next = || parts.next().unwrap_or(Some(0));
        let day = NaiveDate::from_ymd_opt(i32::try_from(next()?).ok()?, next()?, next()?)?;
        let time = NaiveTime::from_hms_opt(next()?, next()?, next()?)?;
        return Some(Literal::Instant(day.and_time(time).and_utc().timestamp_millis()));
    }
    match lower.as_str() {
        "true" => Some(Literal::Flag(true)),
        "false" => Some(Literal::Flag(false)),
        "null" => Some(Literal::Null),
        _ => text.parse().ok().map(Literal::Number),
    }
}

impl Clause {
    fn holds(&self, document: &Value) -> bool {
        let value = self.path.iter().fold(document, |value, name| member(value, name));
        let order = match (&self.literal, value) {
            (Literal::Null, value) => {
                return (self.operator == "==" && value.is_null()) || (self.operator == "!=" && !value.is_null());
            }
            // Ids compare without case; other text as it stands.
            (Literal::Text(wanted), Value::String(text)) if self.is_id() => {
                Some(text.to_ascii_lowercase().cmp(&wanted.to_ascii_lowercase()))
            }
            (Literal::Text(wanted), Value::String(text)) => Some(text.as_str().cmp(wanted)),
            (Literal::Number(wanted), value) => wire::read_decimal(value).map(|number| number.cmp(wanted)),
            (Literal::Flag(wanted), Value::Bool(flag)) => Some(flag.cmp(wanted)),
            (Literal::Instant(wanted), Value::String(text)) => wire::read_instant(text).map(|at| at.cmp(wanted)),
            _ => None,
        };
        match (self.operator, order) {
            ("!=", order) => order != Some(Ordering::Equal),
            (_, None) => false,
            ("==", Some(order)) => order.is_eq(),
            (">", Some(order)) => order.is_gt(),
            (">=", Some(order)) => order.is_ge(),
            ("<", Some(order)) => order.is_lt(),
            (_, Some(order)) => order.is_le(),
        }
    }

    fn is_id(&self) -> bool {
        self.path.last().is_some_and(|name| name.ends_with("ID") || name.ends_with("Id"))
    }
}

/// In whatever letter case: the vendor's own page spells `InvoiceId`.
fn member<'a>(document: &'a Value, name: &str) -> &'a Value {
    let spelled = || {
        let mut members = document.as_object()?.iter();
        members.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, member)| member)
    };
    document.get(name).or_else(spelled).unwrap_or(&Value::Null)
}

fn at<'a>(document: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(document, member)
}

/// Filters, sorts and pages `documents`; `paged` forces paging (`summaryOnly`). Answers the envelope's members.
pub(crate) fn answer(
    mut documents: Vec<Value>,
    plural: &str,
    id: &str,
    query: &Query,
    paged: bool,
) -> Result<Value, Refusal> {
    if let Some(text) = query.text("where") {
        let clauses = parse(text)?;
        documents.retain(|document| clauses.iter().all(|clause| clause.holds(document)));
    }
    if documents.len() > RECORDS_MAX {
        return Err(Refusal::Malformed(format!("The request returns more than {RECORDS_MAX} records")));
    }
    sort(&mut documents, query.text("order").unwrap_or("UpdatedDateUTC ASC"), id);
    let page = query.number("page").or(paged.then_some(1));
    let Some(page) = page else { return Ok(json!({ plural: documents })) };
    let page = page.max(1);
    let size = query.number("pagesize").unwrap_or(PAGE_SIZE_DEFAULT).clamp(1, PAGE_SIZE_MAX);
    let count = documents.len();
    let to_usize = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let pages = count.div_ceil(to_usize(size));
    let shown: Vec<Value> =
        documents.into_iter().skip(to_usize(page - 1).saturating_mul(to_usize(size))).take(to_usize(size)).collect();
    let pagination = json!({ "page": page, "pageSize": size, "pageCount": pages, "itemCount": count });
    Ok(json!({ "pagination": pagination, plural: shown }))
}

/// `Date DESC, InvoiceNumber`; ties by id, so that pages neither skip nor repeat.
fn sort(documents: &mut [Value], order: &str, id: &str) {
    let keys: Vec<(&str, bool)> = order
        .split(',')
        .filter_map(|part| {
            let mut words = part.split_whitespace();
            let field = words.next()?;
            Some((field, words.next().is_some_and(|direction| direction.eq_ignore_ascii_case("desc"))))
        })
        .collect();
    documents.sort_by(|one, other| {
        keys.iter()
            .map(|(field, descending)| {
                let order = compare(at(one, field), at(other, field));
                if *descending { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or_else(|| compare(&one[id], &other[id]))
    });
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => wire::read_decimal(one).cmp(&wire::read_decimal(other)),
        (Value::String(one), Value::String(other)) => match (wire::read_instant(one), wire::read_instant(other)) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.cmp(other),
        },
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(filter: &str) -> Vec<i64> {
        let documents = [
            json!({ "n": 1, "Type": "ACCREC", "AmountDue": wire::money(0), "Date": "/Date(1782864000000+0000)/",
                "Contact": { "ContactID": "c0000000-0000-4000-8000-000000000042", "Name": "Rock AND Roll" } }),
            json!({ "n": 2, "Type": "ACCREC", "AmountDue": wire::money(120_450), "Date": "/Date(1782950400000+0000)/",
                "Contact": { "ContactID": "c0000000-0000-4000-8000-000000000043", "Name": "Acme" } }),
        ];
        let clauses = parse(filter).unwrap();
        let holds = |document: &&Value| clauses.iter().all(|clause| clause.holds(document));
        documents.iter().filter(holds).filter_map(|document| document["n"].as_i64()).collect()
    }

    #[test]
    fn the_subset_that_the_sync_needs() {
        assert_eq!(kept(r#"Type=="ACCREC" AND AmountDue>0"#), [2]);
        assert_eq!(kept(r#"Type=="ACCREC"&&AmountDue<=1204.50"#), [1, 2]);
        assert_eq!(kept(r#"Contact.ContactID==guid("C0000000-0000-4000-8000-000000000042")"#), [1]);
        assert_eq!(kept(r#"Contact.Name=="Rock AND Roll""#), [1]);
        assert_eq!(kept(r#"contact.contactId == Guid("c0000000-0000-4000-8000-000000000043") and amountdue > 0"#), [2]);
        assert_eq!(kept("Date>=DateTime(2026,7,2)"), [2]);
        assert_eq!(kept(r#"Type!="ACCREC""#), Vec::<i64>::new());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for filter in ["AmountDue", r#"Name.Contains("x")"#, r#"Type=="A" OR Type=="B""#] {
            assert!(parse(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn an_order_may_look_into_a_document_and_goes_on_by_the_id() {
        let document = |id: &str, name: &str| json!({ "ID": id, "Contact": { "Name": name } });
        let documents = vec![document("3", "Acme"), document("1", "Bolt"), document("2", "Acme")];
        let query = Query::read(Some("order=contact.name%20DESC"));
        let sorted = answer(documents, "Things", "ID", &query, false).unwrap();
        let ids: Vec<_> = sorted["Things"].as_array().unwrap().iter().map(|it| it["ID"].as_str().unwrap()).collect();
        assert_eq!(ids, ["1", "2", "3"]);
    }

    #[test]
    fn pages_are_clamped_and_counted() {
        let documents: Vec<Value> = (0..250).map(|n| json!({ "ID": format!("{n:03}"), "n": n })).collect();
        let page = |query: &str| answer(documents.clone(), "Things", "ID", &Query::read(Some(query)), false).unwrap();
        let third = page("page=3&pageSize=100");
        assert_eq!(third["Things"].as_array().unwrap().len(), 50);
        assert_eq!(third["pagination"], json!({ "page": 3, "pageSize": 100, "pageCount": 3, "itemCount": 250 }));
        assert_eq!(page("page=1&pageSize=5000")["pagination"]["pageSize"], 1000);
        assert_eq!(page("")["pagination"], Value::Null);
    }
}
