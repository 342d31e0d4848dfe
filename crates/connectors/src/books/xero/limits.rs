//! What Xero's answers tell of its limits (`wire/accounting.md`, 1.4).

use crate::http::Answer;
use chrono::TimeDelta;
use domain::governor::{Allowance, Limits, Problem, Refused};

/// An app of the free tier has 1,000 a day, which its answers tell.
pub const LIMITS: Limits = Limits {
    concurrent: 5,
    place_taken: TimeDelta::zero(),
    minute: 60,
    day: Some(5_000),
    app_minute: Some(10_000),
    app_month: None,
};

pub fn allowance(answer: &Answer) -> Allowance {
    let left = |header: &str| answer.headers.get(header)?.to_str().ok()?.trim().parse().ok();
    let refused = (answer.status.as_u16() == 429).then(|| Refused {
        problem: problem(answer),
        retry_after: answer.retry_after().and_then(|after| TimeDelta::from_std(after).ok()),
    });
    Allowance {
        minute_left: left("x-minlimit-remaining"),
        day_left: left("x-daylimit-remaining"),
        app_minute_left: left("x-appminlimit-remaining"),
        refused,
    }
}

fn problem(answer: &Answer) -> Problem {
    let word = answer.headers.get("x-rate-limit-problem").and_then(|word| word.to_str().ok());
    word.map_or(Problem::Unsaid, Problem::of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::{StatusCode, header::HeaderMap};

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().expect("a header"));
        }
        Answer { status: StatusCode::from_u16(status).expect("a status"), headers: all, body: Vec::new() }
    }

    #[test]
    fn n6_an_answer_tells_what_is_left() {
        let said =
            [("x-minlimit-remaining", "58"), ("x-daylimit-remaining", "4983"), ("x-appminlimit-remaining", "9999")];
        let told = allowance(&answer(200, &said));
        assert_eq!((told.minute_left, told.day_left, told.app_minute_left), (Some(58), Some(4_983), Some(9_999)));
        assert_eq!(told.refused, None);
        assert_eq!(allowance(&answer(200, &[("x-minlimit-remaining", "many")])), Allowance::default());

        let refused = |headers: &[(&'static str, &'static str)]| allowance(&answer(429, headers)).refused;
        let minute = Refused { problem: Problem::Minute, retry_after: Some(TimeDelta::seconds(37)) };
        assert_eq!(refused(&[("x-rate-limit-problem", "Minute"), ("retry-after", "37")]), Some(minute));
        let at_once = Refused { problem: Problem::Concurrent, retry_after: None };
        assert_eq!(refused(&[("x-rate-limit-problem", "concurrent")]), Some(at_once));
        assert_eq!(refused(&[]), Some(Refused { problem: Problem::Unsaid, retry_after: None }));
    }
}
