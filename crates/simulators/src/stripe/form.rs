//! Stripe's request bodies: `a[b][c]=x` pairs as a tree, and typed reading of it with Stripe's refusals.
//! Source: `wire/gateways.md`, 2.1.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Deeper nesting than any real parameter has; refused by ignoring the rest of the name.
const DEPTH_MAX: usize = 6;

/// The parameters of one call; leaves are strings, arrays are objects with the index as key.
#[derive(Debug, Default)]
pub(crate) struct Params(Map<String, Value>);

impl Params {
    /// Decodes a form body or a query string.
    pub fn decode(text: &[u8]) -> Self {
        let mut root = Map::new();
        for (name, value) in form_urlencoded::parse(text) {
            let mut path = name.split('[').map(|part| part.trim_end_matches(']').to_owned()).take(DEPTH_MAX);
            if let Some(first) = path.next() {
                insert(&mut root, first, &mut path, value.into_owned());
            }
        }
        Self(root)
    }

    /// Refuses parameters that this endpoint does not have, as Stripe does.
    pub fn allow(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.keys().find(|name| *name != "expand" && !known.contains(&name.as_str())) {
            Some(unknown) => Err(Refusal::unknown_parameter(unknown)),
            None => Ok(()),
        }
    }

    /// A scalar; an empty one counts as absent (Stripe's way to unset).
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::missing_parameter(name))
    }

    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.text(name).map(|text| text.parse().map_err(|_| Refusal::invalid_integer(name, text))).transpose()
    }

    /// A scalar that must be one of `known`.
    pub fn choice(&self, name: &str, known: &[&str]) -> Result<Option<&str>, Refusal> {
        match self.text(name) {
            Some(value) if !known.contains(&value) => {
                let message = format!("Invalid {name}: must be one of {}", known.join(", "));
                Err(Refusal::invalid(None, message).about(name))
            }
            value => Ok(value),
        }
    }

    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A nested object as parameters of their own.
    pub fn inner(&self, name: &str) -> Self {
        Self(self.0.get(name).and_then(Value::as_object).cloned().unwrap_or_default())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The items of `name[]=…` or `name[0]=…`.
    pub fn list(&self, name: &str) -> Vec<String> {
        let items = self.0.get(name).and_then(Value::as_object);
        items.map(|items| items.values().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default()
    }

    pub fn expands(&self, field: &str) -> bool {
        self.list("expand").iter().any(|wanted| wanted == field || wanted.starts_with(&format!("{field}.")))
    }

    /// What is to be expanded below `field`: of `latest_charge.balance_transaction`, the latter.
    pub fn below(&self, field: &str) -> Self {
        let prefix = format!("{field}.");
        let inner = self.list("expand");
        let inner = inner.iter().filter_map(|wanted| wanted.strip_prefix(&prefix));
        let inner = inner.enumerate().map(|(at, wanted)| (at.to_string(), Value::String(wanted.to_owned()))).collect();
        Self(Map::from_iter([("expand".to_owned(), Value::Object(inner))]))
    }

    /// `metadata[key]=value`.
    pub fn strings(&self, name: &str) -> BTreeMap<String, String> {
        let pairs = self.0.get(name).and_then(Value::as_object);
        pairs
            .map(|pairs| {
                pairs.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
            })
            .unwrap_or_default()
    }

    /// The same text for the same parameters in any order: what an idempotency key stands for.
    pub fn canonical(&self) -> String {
        let mut pairs = Vec::new();
        flatten("", &self.0, &mut pairs);
        pairs.sort();
        pairs.join("\n")
    }
}

fn insert(into: &mut Map<String, Value>, name: String, rest: &mut impl Iterator<Item = String>, leaf: String) {
    let name = if name.is_empty() { into.len().to_string() } else { name };
    match rest.next() {
        None => {
            into.insert(name, Value::String(leaf));
        }
        Some(next) => {
            let inner = into.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                insert(inner, next, rest, leaf);
            }
        }
    }
}

fn flatten(prefix: &str, tree: &Map<String, Value>, into: &mut Vec<String>) {
    for (name, value) in tree {
        match value {
            Value::Object(inner) => flatten(&format!("{prefix}{name}."), inner, into),
            other => into.push(format!("{prefix}{name}={}", other.as_str().unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_and_arrays_become_a_tree() {
        let params = Params::decode(
            b"amount=120450&metadata%5Battempt_id%5D=att_1&expand[]=latest_charge&expand[]=customer\
              &line_items[0][price_data][currency]=usd",
        );
        assert_eq!(params.integer("amount").unwrap(), Some(120_450));
        assert_eq!(params.strings("metadata")["attempt_id"], "att_1");
        assert_eq!(params.list("expand"), ["latest_charge", "customer"]);
        assert_eq!(params.inner("line_items").inner("0").inner("price_data").text("currency"), Some("usd"));
    }

    #[test]
    fn order_does_not_change_what_a_key_stands_for() {
        let one = Params::decode(b"a=1&b[c]=2");
        assert_eq!(one.canonical(), Params::decode(b"b[c]=2&a=1").canonical());
        assert_ne!(one.canonical(), Params::decode(b"a=1&b[c]=3").canonical());
    }

    #[test]
    fn unknown_parameters_are_refused_by_name() {
        let refusal = Params::decode(b"amount=1&amuont=2").allow(&["amount"]).unwrap_err();
        assert_eq!(refusal.param.as_deref(), Some("amuont"));
    }
}
