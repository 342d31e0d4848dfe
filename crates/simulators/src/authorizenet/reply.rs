//! A reply as a tree in the schema's order, and how it is written: JSON with a byte order mark, or XML.
//! Source: `wire/gateways.md`, 3.1 and 3.3. In JSON a list stands bare where XML wraps its items.

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

use crate::html::Text;

/// What a client that reads the first three characters away insists on.
const BOM: &str = "\u{feff}";
pub(crate) const NAMESPACE: &str = "AnetApi/xml/v1/schema/AnetApiSchema.xsd";

/// The wire that the client chose by its `Content-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Json,
    Xml,
}

#[derive(Debug, Clone)]
pub(crate) enum Out {
    Text(String),
    /// A number or boolean: without quotes in JSON.
    Bare(String),
    Tree(Members),
    /// A wrapper around items of one name; JSON leaves the name away.
    List(&'static str, Vec<Out>),
    /// One element several times.
    Each(Vec<Out>),
}

pub(crate) type Members = Vec<(&'static str, Out)>;

pub(crate) fn text(text: impl Into<String>) -> Out {
    Out::Text(text.into())
}

pub(crate) fn number(number: impl ToString) -> Out {
    Out::Bare(number.to_string())
}

pub(crate) fn flag(flag: bool) -> Out {
    Out::Bare(flag.to_string())
}

/// Adds a text when there is one.
pub(crate) fn put(members: &mut Members, name: &'static str, value: Option<impl Into<String>>) {
    if let Some(value) = value {
        members.push((name, text(value)));
    }
}

/// `messages` of a reply.
pub(crate) fn messages(ok: bool, code: &str, words: &str) -> Out {
    Out::Tree(vec![
        ("resultCode", text(if ok { "Ok" } else { "Error" })),
        ("message", Out::Each(vec![Out::Tree(vec![("code", text(code)), ("text", text(words))])])),
    ])
}

impl Wire {
    /// The whole answer; status 200 also for failures.
    pub fn write(self, root: &str, members: &Members) -> Response {
        let (kind, body) = match self {
            Self::Json => ("application/json; charset=utf-8", format!("{BOM}{}", json(members))),
            Self::Xml => {
                let mut body = format!("{BOM}<?xml version=\"1.0\" encoding=\"utf-8\"?><{root} xmlns=\"{NAMESPACE}\">");
                xml_members(&mut body, members);
                let _ = write!(body, "</{root}>");
                ("application/xml; charset=utf-8", body)
            }
        };
        ([(CONTENT_TYPE, kind)], body).into_response()
    }
}

/// The members as one JSON object.
pub(crate) fn json(members: &Members) -> String {
    let mut out = String::new();
    json_members(&mut out, members);
    out
}

fn json_members(out: &mut String, members: &Members) {
    out.push('{');
    for (place, (name, value)) in members.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let _ = write!(out, "{comma}\"{name}\":");
        json_value(out, value);
    }
    out.push('}');
}

fn json_value(out: &mut String, value: &Out) {
    match value {
        Out::Text(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
        Out::Bare(bare) => out.push_str(bare),
        Out::Tree(members) => json_members(out, members),
        Out::List(_, items) | Out::Each(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                json_value(out, item);
            }
            out.push(']');
        }
    }
}

fn xml_members(out: &mut String, members: &Members) {
    for (name, value) in members {
        match value {
            Out::Each(items) => items.iter().for_each(|item| xml_element(out, name, item)),
            one => xml_element(out, name, one),
        }
    }
}

fn xml_element(out: &mut String, name: &str, value: &Out) {
    let _ = write!(out, "<{name}>");
    match value {
        Out::Text(text) | Out::Bare(text) => {
            let _ = write!(out, "{}", Text(text));
        }
        Out::Tree(members) => xml_members(out, members),
        Out::List(item_name, items) => items.iter().for_each(|item| xml_element(out, item_name, item)),
        Out::Each(items) => items.iter().for_each(|item| xml_element(out, name, item)),
    }
    let _ = write!(out, "</{name}>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stand_bare_in_json_and_wrapped_in_xml() {
        let members = vec![
            ("ids", Out::List("numericString", vec![text("1"), text("2")])),
            ("messages", messages(true, "I00001", "A \"B\" & C")),
            ("count", number(2)),
        ];
        assert_eq!(
            json(&members),
            r#"{"ids":["1","2"],"messages":{"resultCode":"Ok","message":[{"code":"I00001","text":"A \"B\" & C"}]},"count":2}"#
        );
        let mut xml = String::new();
        xml_members(&mut xml, &members);
        assert_eq!(
            xml,
            "<ids><numericString>1</numericString><numericString>2</numericString></ids><messages>\
             <resultCode>Ok</resultCode><message><code>I00001</code><text>A &quot;B&quot; &amp; C</text></message>\
             </messages><count>2</count>"
        );
    }
}
