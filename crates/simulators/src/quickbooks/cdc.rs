//! Change data capture: what changed since a moment of the last thirty days, and what was deleted. Source:
//! `wire/accounting.md`, 2.10.

use serde_json::{Value, json};

use super::call::{Answer, Operation};
use super::document::Document;
use super::kind::Kind;
use super::refusal::Refusal;
use super::wire;

const LOOK_BACK_MS: i64 = 30 * 86_400_000;
const OBJECTS_MAX: usize = 1_000;

pub(crate) fn read(op: &Operation<'_>) -> Answer {
    let entities = op.query.text("entities").ok_or_else(|| Refusal::missing("entities"))?;
    let since = op.query.text("changedsince").ok_or_else(|| Refusal::missing("changedSince"))?;
    let since_ms = wire::read_instant(since).ok_or_else(|| Refusal::property("changedSince"))?;
    if since_ms < op.now_ms - LOOK_BACK_MS {
        return Err(Refusal::bad_query("changedSince must be within the last 30 days"));
    }
    let mut groups = Vec::new();
    let mut left = OBJECTS_MAX;
    for name in entities.split(',') {
        let kind = Kind::named(name.trim()).filter(|kind| kind.is_captured());
        let kind = kind.ok_or_else(|| Refusal::bad_query(format!("Entity {name} is not supported by CDC")))?;
        let mut changed = changes(op, kind, since_ms);
        changed.truncate(left);
        left -= changed.len();
        let count = changed.len();
        groups.push(match count {
            0 => json!({}),
            _ => json!({ kind.name(): changed, "startPosition": 1, "maxResults": count }),
        });
    }
    Ok(json!({ "CDCResponse": [{ "QueryResponse": groups }] }))
}

/// The oldest change first, deletions last.
fn changes(op: &Operation<'_>, kind: Kind, since_ms: i64) -> Vec<Value> {
    let mut changed: Vec<&Document> = op.books.all(kind).filter(|document| document.updated_ms >= since_ms).collect();
    changed.sort_by_key(|document| document.updated_ms);
    let deleted = op.books.deleted.iter().filter(|deleted| deleted.kind == kind && deleted.at_ms >= since_ms);
    let deleted = deleted.map(|deleted| {
        json!({ "domain": "QBO", "status": "Deleted", "Id": deleted.id.to_string(),
            "MetaData": { "LastUpdatedTime": wire::instant(deleted.at_ms) } })
    });
    changed.into_iter().map(|document| document.view(op.books)).chain(deleted).collect()
}
