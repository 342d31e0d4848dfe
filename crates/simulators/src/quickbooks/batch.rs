//! Several calls in one, each for itself: the answer is 200 even when all of them are refused. Source:
//! `wire/accounting.md`, 2.11.

use serde_json::{Value, json};

use super::api::change;
use super::call::{Answer, Operation};
use super::kind::Kind;
use super::refusal::Refusal;
use super::select::Select;

/// The vendor's reference says 30, its guide 10.
const ITEMS_MAX: usize = 30;
const ITEM_ID_MAX_CHARS: usize = 10;

pub(crate) fn run(op: &mut Operation<'_>, body: &Value) -> Answer {
    let items = body["BatchItemRequest"].as_array().ok_or_else(|| Refusal::missing("BatchItemRequest"))?;
    if items.len() > ITEMS_MAX {
        return Err(Refusal::business(format!("A batch has at most {ITEMS_MAX} items.")));
    }
    let lengths = items.iter().filter_map(|item| item["bId"].as_str()).map(|id| id.chars().count());
    let longest = lengths.max().unwrap_or_default();
    if op.query.text("requestid").is_some() && longest > ITEM_ID_MAX_CHARS {
        return Err(Refusal::length("bId", ITEM_ID_MAX_CHARS, longest));
    }
    let answers: Vec<Value> = items
        .iter()
        .map(|item| {
            let mut answer = one(op, item).unwrap_or_else(|refusal| json!({ "Fault": refusal.fault() }));
            answer["bId"] = item["bId"].clone();
            answer
        })
        .collect();
    Ok(json!({ "BatchItemResponse": answers }))
}

fn one(op: &mut Operation<'_>, item: &Value) -> Answer {
    if let Some(query) = item["Query"].as_str() {
        return Select::parse(query)?.run(op.books);
    }
    let mut members = item.as_object().into_iter().flatten();
    let record = members.find_map(|(name, record)| Some((Kind::named(name)?, record)));
    let (kind, record) = record.ok_or_else(|| Refusal::unsupported("of a batch item"))?;
    let operation = item["operation"].as_str().unwrap_or_default();
    let voids = item["optionsData"].as_str().is_some_and(|options| options.eq_ignore_ascii_case("void"));
    change(op, kind, operation, voids, record)
}
