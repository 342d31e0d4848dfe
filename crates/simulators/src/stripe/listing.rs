//! Stripe's lists: newest first, `limit`, `starting_after`, `ending_before`, `created[gte]`, `has_more`.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Value, json};

use super::form::Params;
use super::refusal::Refusal;

const LIMIT_DEFAULT: i64 = 10;
const LIMIT_MAX: i64 = 100;

/// The parameters every list takes; endpoints add their own filters.
pub(crate) const PARAMS: [&str; 4] = ["limit", "starting_after", "ending_before", "created"];

/// The `created[…]` filter.
struct Created {
    from: i64,
    to: i64,
}

impl Created {
    fn read(params: &Params) -> Result<Self, Refusal> {
        let exact = params.integer("created")?;
        let range = params.inner("created");
        let from = [range.integer("gte")?, range.integer("gt")?.map(|at| at + 1), exact].into_iter().flatten().max();
        let to = [range.integer("lte")?, range.integer("lt")?.map(|at| at - 1), exact].into_iter().flatten().min();
        Ok(Self { from: from.unwrap_or(i64::MIN), to: to.unwrap_or(i64::MAX) })
    }
}

/// One page of `records`; `created` reads a record's time, `keep` is the endpoint's own filter.
pub(crate) fn page<T>(
    records: &BTreeMap<String, T>,
    params: &Params,
    url: &str,
    created: impl Fn(&T) -> i64,
    keep: impl Fn(&T) -> bool,
    show: impl Fn(&T) -> Value,
) -> Result<Value, Refusal> {
    let limit = params.integer("limit")?.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(
            Refusal::invalid(Some("parameter_invalid_integer"), "Invalid limit: must be 1 to 100.").about("limit")
        );
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let time = Created::read(params)?;
    let wanted = |record: &&T| (time.from..=time.to).contains(&created(record)) && keep(record);
    // Newest first: what comes after an id in the list is older than it.
    let older_than = params.text("starting_after").map_or(Bound::Unbounded, Bound::Excluded);
    let newer_than = params.text("ending_before").map_or(Bound::Unbounded, Bound::Excluded);
    let range = records.range::<str, _>((newer_than, older_than)).map(|(_, record)| record);
    let backwards = params.has("ending_before");
    let mut found: Vec<&T> = match backwards {
        true => range.filter(wanted).take(limit + 1).collect(),
        false => range.rev().filter(wanted).take(limit + 1).collect(),
    };
    let has_more = found.len() > limit;
    found.truncate(limit);
    if backwards {
        // Collected upwards from the given id; shown newest first like every list.
        found.reverse();
    }
    let data: Vec<Value> = found.into_iter().map(show).collect();
    Ok(json!({ "object": "list", "url": url, "has_more": has_more, "data": data }))
}
