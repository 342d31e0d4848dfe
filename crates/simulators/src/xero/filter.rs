//! `where`, `order` and paging of list calls, worked on the documents as they go out. Source: `wire/accounting.md`, 1.1.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::condition::{Condition, member};
use super::refusal::Refusal;
use super::wire;
use crate::query::Query;

const PAGE_SIZE_DEFAULT: i64 = 100;
const PAGE_SIZE_MAX: i64 = 1000;
const RECORDS_MAX: usize = 100_000;

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
        let condition = Condition::parse(text)?;
        documents.retain(|document| condition.holds(document));
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
