//! Xero's refusals in our words (`wire/accounting.md`, 1.3).

pub use crate::books::call::Call;
use crate::{
    books::{BooksError, RefusedCause},
    http::Answer,
};
use serde::Deserialize;

impl Call {
    /// What an answer other than 2xx means.
    pub fn failure(self, answer: &Answer) -> BooksError {
        match answer.status.as_u16() {
            401 => unauthorised(problem(answer)),
            403 => BooksError::Disconnected(problem(answer)),
            404 => BooksError::NotFound,
            429 => BooksError::Busy { after: answer.retry_after() },
            400..=499 => match messages(answer) {
                Some(message) => refused(message),
                // Not the books' own words: a proxy's, or something new. Of a write nobody can tell what became.
                None => self.vendor_failed(format!("HTTP {}", answer.status)),
            },
            status => self.vendor_failed(format!("HTTP {status}")),
        }
    }
}

/// A missing scope is mended by connecting again; anything else by a fresh token.
fn unauthorised(detail: String) -> BooksError {
    if detail.contains("AuthorizationUnsuccessful") {
        BooksError::Disconnected(detail)
    } else {
        BooksError::TokenExpired
    }
}

/// A validation exception, or one of its elements.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    message: Option<String>,
    elements: Option<Vec<Refusal>>,
    validation_errors: Option<Vec<Said>>,
}

/// One documented example has `Description` instead (1.3).
#[derive(Debug, Deserialize)]
pub struct Said {
    #[serde(rename = "Message", alias = "Description")]
    message: Option<String>,
}

impl Said {
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl Refusal {
    /// All that was said about the elements; the general sentence only when there is nothing better.
    fn sentences(self) -> Vec<String> {
        let own = self.validation_errors.into_iter().flatten().filter_map(|said| said.message);
        let all: Vec<String> = own.chain(self.elements.into_iter().flatten().flat_map(Self::sentences)).collect();
        if all.is_empty() { self.message.into_iter().collect() } else { all }
    }
}

/// What the books said; `None` when they said nothing that can be read.
fn messages(answer: &Answer) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let sentences = refusal.sentences();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

pub fn refused(message: String) -> BooksError {
    BooksError::Refused { cause: cause(&message), message }
}

/// Xero has no codes for these: its sentences are matched in lower case by what they contain (1.3).
fn cause(message: &str) -> RefusedCause {
    const SENTENCES: [(&str, RefusedCause); 7] = [
        ("lock date", RefusedCause::PeriodLocked),
        ("period lock", RefusedCause::PeriodLocked),
        ("exceeds the amount outstanding", RefusedCause::MoreThanDue),
        ("awaiting payment", RefusedCause::NotAwaitingPayment),
        ("against authorised documents", RefusedCause::NotAwaitingPayment),
        ("document cannot be edited", RefusedCause::NotAwaitingPayment),
        ("contact name must be unique", RefusedCause::NameTaken),
    ];
    let message = message.to_lowercase();
    SENTENCES.iter().find(|(part, _)| message.contains(part)).map_or(RefusedCause::Other, |(_, cause)| *cause)
}

fn problem(answer: &Answer) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Problem {
        title: Option<String>,
        detail: Option<String>,
    }
    let problem: Option<Problem> = serde_json::from_slice(&answer.body).ok();
    problem.and_then(|p| p.detail.or(p.title)).unwrap_or_else(|| format!("HTTP {}", answer.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::{StatusCode, header::HeaderMap};

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status: StatusCode::from_u16(status).expect("a status"), headers: HeaderMap::new(), body: body.into() }
    }

    #[test]
    fn d30_each_refusal_has_its_cause() {
        for (sentence, expected) in [
            ("The document date cannot be before the period lock date", RefusedCause::PeriodLocked),
            ("Payment amount exceeds the amount outstanding on this document", RefusedCause::MoreThanDue),
            ("Payments can only be applied to invoices that are awaiting payment", RefusedCause::NotAwaitingPayment),
            ("The contact name must be unique across all active contacts.", RefusedCause::NameTaken),
            ("Organisation is not subscribed to currency EUR", RefusedCause::Other),
        ] {
            let said = format!(
                r#"{{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[{{"Amount":1.00,"ValidationErrors":[{{"Message":"A first matter"}},{{"Message":"{sentence}"}}]}}]}}"#
            );
            let BooksError::Refused { cause, message } = Call::Write.failure(&answer(400, &said)) else {
                panic!("a 400 is a refusal")
            };
            assert_eq!((cause, message), (expected, format!("A first matter; {sentence}")));
        }
    }

    #[test]
    fn d30_each_status_has_its_remedy() {
        let expired =
            r#"{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: token expired at x"}"#;
        let scope = r#"{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful"}"#;
        assert!(matches!(Call::Read.failure(&answer(401, expired)), BooksError::TokenExpired));
        assert!(matches!(Call::Read.failure(&answer(401, scope)), BooksError::Disconnected(_)));
        assert!(matches!(Call::Read.failure(&answer(403, "")), BooksError::Disconnected(_)));
        assert!(matches!(Call::Read.failure(&answer(404, "")), BooksError::NotFound));
        assert!(matches!(Call::Read.failure(&answer(429, "")), BooksError::Busy { after: None }));
        assert!(matches!(Call::Read.failure(&answer(503, "The Organisation is offline")), BooksError::Unreachable(_)));
        assert!(matches!(Call::Write.failure(&answer(503, "The Organisation is offline")), BooksError::Unknown(_)));
        assert!(matches!(Call::Write.failure(&answer(302, "")), BooksError::Unknown(_)));
        for silent in [answer(408, ""), answer(412, ""), answer(400, "<html>Bad gateway</html>")] {
            assert!(matches!(Call::Write.failure(&silent), BooksError::Unknown(_)));
            assert!(matches!(Call::Read.failure(&silent), BooksError::Unreachable(_)));
        }
    }
}
