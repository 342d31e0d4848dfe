//! The query of a call of the books, and the form of a token call, read the way the vendors' own clients write them.

use std::collections::HashMap;

/// Names are kept lower-cased: clients differ in case (`IDs`, `ids`).
#[derive(Debug, Default)]
pub(crate) struct Query(HashMap<String, String>);

impl Query {
    pub fn read(raw: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(raw.unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect())
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// xero-python sends `True`, others `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// Anything but a spelled-out false.
    pub fn flag_unless_false(&self, name: &str) -> bool {
        !self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("false"))
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// `a,b,c`, lower-cased; `None` when absent.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        Some(self.text(name)?.split(',').map(|item| item.trim().to_ascii_lowercase()).collect())
    }
}
