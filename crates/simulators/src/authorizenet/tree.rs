//! A request as it was sent: names and texts in their order, from JSON or XML alike. Knows no call and no schema.
//!
//! serde_json's maps sort their keys, and the order is what the vendor refuses by (`wire/gateways.md`, 3.1), so objects
//! are read member by member here.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Deepest nesting that is read; the schema's own is 6.
const DEPTH_MAX: usize = 16;

/// One element: its name and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub name: String,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Tree(Vec<Node>),
}

/// The body is neither JSON nor XML of the vendor's kind.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

impl Malformed {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl Node {
    pub fn children(&self) -> &[Node] {
        match &self.content {
            Content::Tree(children) => children,
            Content::Text(_) => &[],
        }
    }

    /// The first element at the end of `path`, names divided by slashes.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('/').try_fold(self, |node, name| node.children().iter().find(|child| child.name == name))
    }

    /// The text at the end of `path`; an empty one is none.
    pub fn text(&self, path: &str) -> Option<&str> {
        match &self.at(path)?.content {
            Content::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Content::Tree(_) => None,
        }
    }

    pub fn owned(&self, path: &str) -> Option<String> {
        self.text(path).map(str::to_owned)
    }

    pub fn flag(&self, path: &str) -> bool {
        matches!(self.text(path), Some("true" | "1"))
    }

    /// All elements of that name directly below this one.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children().iter().filter(move |child| child.name == name)
    }

    /// The `settingValue` of a setting below `path`.
    pub fn setting(&self, path: &str, name: &str) -> Option<&str> {
        let settings = self.at(path)?;
        settings.all("setting").find(|setting| setting.text("settingName") == Some(name))?.text("settingValue")
    }
}

/// Reads `{"<call>Request":{…}}`.
pub(crate) fn from_json(body: &str) -> Result<Node, Malformed> {
    let mut roots = members("", body, 0)?;
    match (roots.pop(), roots.is_empty()) {
        (Some(root), true) => Ok(root),
        _ => Err(Malformed::new("Root element is missing.")),
    }
}

fn members(name: &str, json: &str, depth: usize) -> Result<Vec<Node>, Malformed> {
    if depth > DEPTH_MAX {
        return Err(Malformed::new("The request is nested too deeply."));
    }
    let object: Members<'_> = serde_json::from_str(json)
        .map_err(|error| Malformed::new(format!("The JSON of '{name}' cannot be read: {error}")))?;
    let mut nodes = Vec::new();
    for (name, value) in object.0 {
        value_into(&name, value.get(), depth, &mut nodes)?;
    }
    Ok(nodes)
}

/// An array is the same element several times; null is an element that is not there.
fn value_into(name: &str, json: &str, depth: usize, nodes: &mut Vec<Node>) -> Result<(), Malformed> {
    let text = |text: String| Node { name: name.to_owned(), content: Content::Text(text) };
    let unreadable = |error| Malformed::new(format!("The JSON of '{name}' cannot be read: {error}"));
    match json.as_bytes().first() {
        Some(b'{') => {
            let content = Content::Tree(members(name, json, depth + 1)?);
            nodes.push(Node { name: name.to_owned(), content });
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json).map_err(unreadable)?;
            if depth > DEPTH_MAX {
                return Err(Malformed::new("The request is nested too deeply."));
            }
            for item in items {
                value_into(name, item.get(), depth + 1, nodes)?;
            }
        }
        Some(b'"') => nodes.push(text(serde_json::from_str(json).map_err(unreadable)?)),
        _ if json == "null" => {}
        _ => nodes.push(text(json.to_owned())),
    }
    Ok(())
}

/// The members of a JSON object, in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads the same request as XML: elements and texts; attributes and name prefixes are passed over.
pub(crate) fn from_xml(body: &str) -> Result<Node, Malformed> {
    let mut reader = Xml { rest: body };
    reader.skip_misc()?;
    let root = reader.element(0)?;
    reader.skip_misc()?;
    if reader.rest.is_empty() { Ok(root) } else { Err(Malformed::new("There is text behind the root element.")) }
}

struct Xml<'a> {
    rest: &'a str,
}

impl Xml<'_> {
    fn skip_past(&mut self, end: &str) -> Result<(), Malformed> {
        let at = self.rest.find(end).ok_or_else(|| Malformed::new(format!("'{end}' is missing.")))?;
        self.rest = &self.rest[at + end.len()..];
        Ok(())
    }

    /// White space, the declaration, comments. A document type is refused: it could define entities.
    fn skip_misc(&mut self) -> Result<(), Malformed> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("<?") {
                self.skip_past("?>")?;
            } else if self.rest.starts_with("<!--") {
                self.skip_past("-->")?;
            } else if self.rest.starts_with("<!") {
                return Err(Malformed::new("For security reasons DTD is prohibited in this XML document."));
            } else {
                return Ok(());
            }
        }
    }

    fn element(&mut self, depth: usize) -> Result<Node, Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed::new("The request is nested too deeply."));
        }
        let tag = self.rest.strip_prefix('<').ok_or_else(|| Malformed::new("Root element is missing."))?;
        let end = tag.find('>').ok_or_else(|| Malformed::new("A tag is not closed."))?;
        let (tag, rest) = (&tag[..end], &tag[end + 1..]);
        self.rest = rest;
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let written = tag.split_ascii_whitespace().next().unwrap_or_default();
        let name = written.rsplit(':').next().unwrap_or_default().to_owned();
        if empty {
            return Ok(Node { name, content: Content::Text(String::new()) });
        }
        let content = self.content(written, depth)?;
        Ok(Node { name, content })
    }

    fn content(&mut self, tag: &str, depth: usize) -> Result<Content, Malformed> {
        let (mut text, mut children) = (String::new(), Vec::new());
        loop {
            let at = self.rest.find('<').ok_or_else(|| Malformed::new(format!("'{tag}' is not closed.")))?;
            let (before, rest) = self.rest.split_at(at);
            unescape_into(before, &mut text)?;
            self.rest = rest;
            if let Some(rest) = rest.strip_prefix("</") {
                let end = rest.find('>').ok_or_else(|| Malformed::new("A tag is not closed."))?;
                if rest[..end].trim_end() != tag {
                    return Err(Malformed::new(format!("The start tag '{tag}' does not match '{}'.", &rest[..end])));
                }
                self.rest = &rest[end + 1..];
                return Ok(if children.is_empty() { Content::Text(text) } else { Content::Tree(children) });
            }
            if let Some(data) = rest.strip_prefix("<![CDATA[") {
                let end = data.find("]]>").ok_or_else(|| Malformed::new("A CDATA section is not closed."))?;
                text.push_str(&data[..end]);
                self.rest = &data[end + 3..];
            } else if rest.starts_with("<!") || rest.starts_with("<?") {
                self.skip_misc()?;
            } else {
                children.push(self.element(depth + 1)?);
            }
        }
    }
}

fn unescape_into(escaped: &str, text: &mut String) -> Result<(), Malformed> {
    let mut parts = escaped.split('&');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, rest) = part.split_once(';').ok_or_else(|| Malformed::new("An entity is not closed."))?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let c = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match entity.strip_prefix("#x") {
                Some(hex) => number(hex, 16),
                None => entity.strip_prefix('#').and_then(|digits| number(digits, 10)),
            },
        };
        text.push(c.ok_or_else(|| Malformed::new(format!("Reference to undeclared entity '{entity}'.")))?);
        text.push_str(rest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(node: &Node) -> Vec<&str> {
        node.children().iter().map(|child| child.name.as_str()).collect()
    }

    #[test]
    fn json_keeps_the_order_in_which_it_was_sent() {
        let root = from_json(r#"{"z":{"b":"1","a":{"y":12.30,"x":null,"w":true},"c":["2",{"d":"3"}]}}"#).unwrap();
        assert_eq!((root.name.as_str(), names(&root)), ("z", vec!["b", "a", "c", "c"]));
        assert_eq!((root.text("a/y"), root.text("a/x"), root.flag("a/w")), (Some("12.30"), None, true));
        assert_eq!(root.all("c").count(), 2);
    }

    #[test]
    fn xml_is_read_to_the_same_tree() {
        let xml = "\n<?xml version=\"1.0\"?><!-- hello --><ns1:z xmlns:ns1=\"AnetApi\"><b>1 &lt; 2 &#38; &#x41;</b>\
                   <a><y>12.30</y><e/></a><d><![CDATA[<raw>]]></d></ns1:z>\n";
        let root = from_xml(xml).unwrap();
        assert_eq!((root.name.as_str(), names(&root)), ("z", vec!["b", "a", "d"]));
        assert_eq!((root.text("b"), root.text("a/y")), (Some("1 < 2 & A"), Some("12.30")));
        assert_eq!((root.text("a/e"), root.text("d")), (None, Some("<raw>")));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for json in ["", "[]", "{}", "{\"a\":{},\"b\":{}}", "{\"a\":", "{\"a\":1} x"] {
            assert!(from_json(json).is_err(), "{json}");
        }
        for xml in ["", "<a>", "<a></b>", "<a>&bad;</a>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a/><b/>"] {
            assert!(from_xml(xml).is_err(), "{xml}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
        assert!(from_json(&deep).is_err());
        assert!(from_xml(&"<a>".repeat(40)).is_err());
    }
}
