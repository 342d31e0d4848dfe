//! QuickBooks Online's limits (`wire/accounting.md`, 2.12). No answer tells what is left of them, and one that refuses does
//! not say which it was.

use crate::http::Answer;
use chrono::TimeDelta;
use domain::governor::{Allowance, Limits, Problem, Refused};
use reqwest::StatusCode;

/// The minute is one company's, whichever client calls. As many a second are taken as at once; a little more than a second
/// apart, so that none arrives in the one before. An app of the free tier is blocked when all its companies have read more than
/// this in a month (2.14).
pub const LIMITS: Limits = Limits {
    concurrent: 10,
    place_taken: TimeDelta::milliseconds(1_250),
    minute: 500,
    day: None,
    app_minute: None,
    app_month: Some(500_000),
};

pub fn allowance(answer: &Answer) -> Allowance {
    let refused = (answer.status == StatusCode::TOO_MANY_REQUESTS).then(|| Refused {
        problem: Problem::Unsaid,
        retry_after: answer.retry_after().and_then(|after| TimeDelta::from_std(after).ok()),
    });
    Allowance { refused, ..Allowance::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    #[test]
    fn n6_only_a_refusal_tells_of_the_limits() {
        let answer = |status| Answer { status, headers: HeaderMap::new(), body: Vec::new() };
        assert_eq!(allowance(&answer(StatusCode::OK)), Allowance::default());
        assert_eq!(allowance(&answer(StatusCode::SERVICE_UNAVAILABLE)), Allowance::default());
        let refused = allowance(&answer(StatusCode::TOO_MANY_REQUESTS)).refused;
        assert_eq!(refused, Some(Refused { problem: Problem::Unsaid, retry_after: None }));
    }
}
