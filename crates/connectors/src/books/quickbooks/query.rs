//! Lists in QuickBooks Online (`wire/accounting.md`, 2.3): a query language without OR, whose pages have up to a thousand
//! rows and move while they are read.

use super::{
    Answer, QuickBooks,
    wire::{Document, Queried},
};
use crate::books::{BooksError, call::Call};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const PAGE_SIZE: usize = 1000;
/// 500,000 documents in one list.
const PAGES_MAX: u32 = 500;

impl QuickBooks {
    /// All documents of a kind that pass the filter and were changed since, each as it was seen last. In the order of their
    /// changes, and from the last one that was seen: a document that is edited meanwhile moves to the end of that order and
    /// pulls another forward, past a place that is only counted. `began` is when the books answered first.
    pub(super) async fn list<T: DeserializeOwned + Document + Send, R: Send>(
        &self,
        kind: &str,
        filter: Option<&str>,
        since: Option<&str>,
        began: &mut Option<String>,
        read: impl Fn(T) -> Option<R> + Send,
    ) -> Result<Vec<R>, BooksError> {
        let (mut all, mut from, mut start) = (BTreeMap::new(), since.map(str::to_owned), 1);
        for _ in 0..PAGES_MAX {
            let (rows, time) = self.page::<T>(&sentence(kind, filter, from.as_deref(), start)).await?;
            *began = began.take().or(time);
            let is_last = rows.len() < PAGE_SIZE;
            let latest = rows.last().and_then(Document::updated).map(str::to_owned);
            for row in rows {
                let Some(id) = row.id().map(str::to_owned) else { continue };
                if let Some(read) = read(row) {
                    all.insert(id, read);
                }
            }
            if is_last {
                return Ok(all.into_values().collect());
            }
            // Of those that were changed at one moment, as many by an import, the rest is counted on.
            if latest.is_some() && latest != from {
                (from, start) = (latest, 1);
            } else {
                start += PAGE_SIZE;
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

fn sentence(kind: &str, filter: Option<&str>, from: Option<&str>, start: usize) -> String {
    let changed = from.map(|from| format!("MetaData.LastUpdatedTime >= '{from}'"));
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
        assert_eq!(sentence("Invoice", None, None, 1), whole);
        let narrow = "SELECT * FROM Invoice WHERE Balance > '0' AND MetaData.LastUpdatedTime >= \
                      '2026-07-01T00:00:00-07:00' ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1001 MAXRESULTS 1000";
        assert_eq!(sentence("Invoice", Some("Balance > '0'"), Some("2026-07-01T00:00:00-07:00"), 1001), narrow);
    }

    #[test]
    fn nobodys_number_ends_the_quotation() {
        assert_eq!(quoted("O'Brien-1").ok().as_deref(), Some(r"'O\'Brien-1'"));
        for odd in [r"1\", r"1\' OR '", "1\n"] {
            assert!(matches!(quoted(odd), Err(BooksError::NotFound)), "{odd}");
        }
    }
}
