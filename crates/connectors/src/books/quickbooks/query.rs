//! Lists in QuickBooks Online (`wire/accounting.md`, 2.3): a query language without OR, whose pages have up to a thousand
//! rows and move while they are read.

use super::{
    Answer, QuickBooks,
    wire::{Document, Queried},
};
use crate::books::{BooksError, call::Call};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

const PAGE_SIZE: usize = 1000;
/// 500,000 documents in one list.
const PAGES_MAX: u32 = 500;

/// Where the next page of a list begins: in the order of changes, and from the last one that was seen. A document that is
/// edited meanwhile moves to the end of that order and pulls another forward, past a place that is only counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    from: Option<String>,
    start: usize,
}

impl Place {
    pub fn since(since: Option<&str>) -> Self {
        Self { from: since.map(str::to_owned), start: 1 }
    }

    /// Behind these rows; `None` when they are the last ones. Of those that were changed at one moment, as many by an import,
    /// the rest is counted on.
    pub fn behind<T: Document>(&self, rows: &[T]) -> Option<Self> {
        let latest = rows.last().and_then(Document::updated);
        match latest {
            _ if rows.len() < PAGE_SIZE => None,
            Some(latest) if self.from.as_deref() != Some(latest) => Some(Self::since(Some(latest))),
            _ => Some(Self { start: self.start + PAGE_SIZE, ..self.clone() }),
        }
    }
}

impl QuickBooks {
    /// All documents of a kind that pass the filter and were changed since, each as it was seen last.
    pub(super) async fn list<T: DeserializeOwned + Document + Send, R: Send>(
        &self,
        kind: &str,
        filter: Option<&str>,
        since: Option<&str>,
        read: impl Fn(T) -> Option<R> + Send,
    ) -> Result<Vec<R>, BooksError> {
        let (mut all, mut place) = (BTreeMap::new(), Place::since(since));
        for _ in 0..PAGES_MAX {
            let (rows, _) = self.page::<T>(&sentence(kind, filter, &place)).await?;
            let next = place.behind(&rows);
            for row in rows {
                let Some(id) = row.id().map(str::to_owned) else { continue };
                if let Some(read) = read(row) {
                    all.insert(id, read);
                }
            }
            match next {
                Some(next) => place = next,
                None => return Ok(all.into_values().collect()),
            }
        }
        Err(BooksError::Unreachable(format!("there are more than {PAGES_MAX} pages of {kind}")))
    }

    /// The rows that a sentence finds, and when it was answered.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        sentence: &str,
    ) -> Result<(Vec<T>, Option<String>), BooksError> {
        let answer: Answer = self.answer(Call::Read, self.get("query").query(&[("query", sentence)])).await?;
        let unreadable = || Call::Read.unreadable(&answer);
        let mut found: Queried<T> = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
        let time = found.time.take();
        Ok((found.rows().ok_or_else(unreadable)?, time))
    }
}

pub fn sentence(kind: &str, filter: Option<&str>, Place { from, start }: &Place) -> String {
    let changed = from.as_ref().map(|from| format!("MetaData.LastUpdatedTime >= '{from}'"));
    let conditions: Vec<&str> = filter.into_iter().chain(changed.as_deref()).collect();
    let only = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!("SELECT * FROM {kind}{only} ORDERBY MetaData.LastUpdatedTime STARTPOSITION {start} MAXRESULTS {PAGE_SIZE}")
}

/// Text as a sentence quotes it. No document says how a backslash is written, so it is asked for by nobody.
pub fn quoted(text: &str) -> Result<String, BooksError> {
    let is_plain = !text.chars().any(|c| c == '\\' || c.is_control());
    if is_plain { Ok(format!("'{}'", text.replace('\'', r"\'"))) } else { Err(BooksError::NotFound) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_what_is_wanted() {
        let whole = "SELECT * FROM Invoice ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1 MAXRESULTS 1000";
        assert_eq!(sentence("Invoice", None, &Place::since(None)), whole);
        let narrow = "SELECT * FROM Invoice WHERE Balance > '0' AND MetaData.LastUpdatedTime >= \
                      '2026-07-01T00:00:00-07:00' ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1001 MAXRESULTS 1000";
        let place = Place { from: Some("2026-07-01T00:00:00-07:00".to_owned()), start: 1001 };
        assert_eq!(sentence("Invoice", Some("Balance > '0'"), &place), narrow);
    }

    #[test]
    fn nobodys_number_ends_the_quotation() {
        assert_eq!(quoted("O'Brien-1").ok().as_deref(), Some(r"'O\'Brien-1'"));
        for odd in [r"1\", r"1\' OR '", "1\n"] {
            assert!(matches!(quoted(odd), Err(BooksError::NotFound)), "{odd}");
        }
    }
}
