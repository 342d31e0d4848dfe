//! What a surcharge rule says besides for what and how much, in words for staff.

use domain::{date::in_words, surcharge::Rule};

/// `US-CO, USD, from 1 Dec 2026`
pub(crate) fn scope(rule: &Rule) -> String {
    let place = rule.jurisdiction.as_ref().map_or_else(|| "Any place".to_owned(), ToString::to_string);
    let currency = rule.currency.map_or_else(|| "any currency".to_owned(), |currency| currency.to_string());
    let days = match (rule.from, rule.to) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", from {}", in_words(from)),
        (None, Some(to)) => format!(", until {}", in_words(to)),
        (Some(from), Some(to)) => format!(", {} to {}", in_words(from), in_words(to)),
    };
    format!("{place}, {currency}{days}")
}

/// `Account 200, tax OUTPUT`
pub(crate) fn account(rule: &Rule) -> String {
    let tax = rule.tax.as_ref().map_or_else(|| "no tax".to_owned(), |tax| format!("tax {tax}"));
    format!("Account {}, {tax}", rule.account)
}

/// `Credit cards`: words, as a line begins.
pub(crate) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
