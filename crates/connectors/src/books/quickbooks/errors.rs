//! QuickBooks Online's faults in our words (`wire/accounting.md`, 2.12). They have codes, and come in two spellings: the
//! gateway before the books writes its own in lower case, and leads its codes with zeros.

use crate::{
    books::{BooksError, RefusedCause, call::Call},
    http::Answer,
};
use serde::Deserialize;
use std::time::Duration;

/// Too many calls are asked to wait so long; no header says it.
const THROTTLED_FOR: Duration = Duration::from_secs(60);

/// Why there is no document in an answer.
#[derive(Debug)]
pub enum Trouble {
    /// Somebody has changed it since we read it: nothing was done.
    Stale,
    /// Its number is that of another document.
    NumberTaken(String),
    Books(BooksError),
}

impl From<BooksError> for Trouble {
    fn from(cause: BooksError) -> Self {
        Self::Books(cause)
    }
}

impl From<Trouble> for BooksError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Stale => Self::Unreachable("somebody else is changing it".to_owned()),
            Trouble::NumberTaken(message) => refused(message),
            Trouble::Books(cause) => cause,
        }
    }
}

#[derive(Default, Deserialize)]
struct Faulty {
    #[serde(rename = "Fault", alias = "fault")]
    fault: Option<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "Error", alias = "error")]
    errors: Option<Vec<Said>>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "Message", alias = "message")]
    message: Option<String>,
    #[serde(rename = "Detail", alias = "detail")]
    detail: Option<String>,
    code: Option<String>,
}

impl Said {
    /// The detail repeats the message.
    fn words(&self) -> &str {
        let detail = self.detail.as_deref().filter(|text| !text.trim().is_empty());
        detail.or(self.message.as_deref()).unwrap_or_default()
    }

    fn trouble(&self, call: Call, answer: &Answer) -> Option<Trouble> {
        let words = || self.words().to_owned();
        Some(match self.code.as_deref()?.trim_start_matches('0') {
            "5010" => Trouble::Stale,
            "6140" => Trouble::NumberTaken(words()),
            "3200" => BooksError::TokenExpired.into(),
            "3100" | "120" | "6190" => BooksError::Disconnected(words()).into(),
            "3001" => busy(answer).into(),
            // Executed under this id before, it says: what became of it must be looked up. Or Intuit itself has failed.
            "600" | "10000" => call.vendor_failed(words()).into(),
            // Of what is read it is missing; of what is written it is the account, the customer or the item.
            "610" if call == Call::Read => BooksError::NotFound.into(),
            "620" => refused_for(RefusedCause::NotAwaitingPayment, words()).into(),
            "6210" => refused_for(RefusedCause::PeriodLocked, words()).into(),
            "6240" => refused_for(RefusedCause::NameTaken, words()).into(),
            _ => return None,
        })
    }
}

/// What an answer means that is no document; faults come with HTTP 200 too.
pub fn trouble(call: Call, answer: &Answer) -> Option<Trouble> {
    let Faulty { fault } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let is_fault = fault.is_some();
    if answer.status.is_success() && !is_fault {
        return None;
    }
    let said = fault.and_then(|fault| fault.errors).unwrap_or_default();
    if let Some(known) = said.iter().find_map(|said| said.trouble(call, answer)) {
        return Some(known);
    }
    let words: Vec<&str> = said.iter().map(Said::words).filter(|words| !words.is_empty()).collect();
    let words = if words.is_empty() { format!("HTTP {}", answer.status) } else { words.join("; ") };
    let cause = match answer.status.as_u16() {
        401 => BooksError::TokenExpired,
        // Without a fault it is a proxy's word: an invoice that somebody else does not have is not gone.
        403 if is_fault => BooksError::Disconnected(words),
        404 if is_fault => BooksError::NotFound,
        429 => busy(answer),
        200..=499 if is_fault => refused(words),
        // Not the books' own words: a proxy's, or something new. Of a write nobody can tell what became.
        _ => call.vendor_failed(words),
    };
    Some(cause.into())
}

fn busy(answer: &Answer) -> BooksError {
    BooksError::Busy { after: answer.retry_after().or(Some(THROTTLED_FOR)) }
}

pub fn refused(message: String) -> BooksError {
    refused_for(RefusedCause::Other, message)
}

/// Money for an invoice that was deleted there waits for a person, not for the invoice.
pub fn without_invoice(answer: BooksError) -> BooksError {
    match answer {
        BooksError::NotFound => {
            refused_for(RefusedCause::NotAwaitingPayment, "The invoice was deleted in QuickBooks Online.".to_owned())
        }
        other => other,
    }
}

pub fn refused_for(cause: RefusedCause, message: String) -> BooksError {
    BooksError::Refused { cause, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::{StatusCode, header::HeaderMap};

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status: StatusCode::from_u16(status).expect("a status"), headers: HeaderMap::new(), body: body.into() }
    }

    fn heard(call: Call, status: u16, body: &str) -> BooksError {
        trouble(call, &answer(status, body)).expect("trouble").into()
    }

    fn fault(code: &str) -> String {
        format!(
            r#"{{"Fault":{{"Error":[{{"Message":"A message","Detail":"A detail","code":"{code}","element":""}}],"type":"ValidationFault"}},"time":"2026-07-01T09:00:00.000-07:00"}}"#
        )
    }

    #[test]
    fn d30_each_refusal_has_its_cause() {
        for (code, expected) in [
            ("6210", RefusedCause::PeriodLocked),
            ("620", RefusedCause::NotAwaitingPayment),
            ("610", RefusedCause::Other),
            ("6000", RefusedCause::Other),
            ("6140", RefusedCause::Other),
            ("6240", RefusedCause::NameTaken),
            ("6540", RefusedCause::Other),
            ("2500", RefusedCause::Other),
        ] {
            for status in [400, 200] {
                let heard = heard(Call::Write, status, &fault(code));
                let BooksError::Refused { cause, message } = heard else { panic!("{code}: {heard:?}") };
                assert_eq!((cause, message.as_str()), (expected, "A detail"), "{code}");
            }
        }
    }

    #[test]
    fn d30_each_code_has_its_remedy_in_both_spellings() {
        let gateway = r#"{"warnings":null,"intuitObject":null,"fault":{"error":[{"message":"message=AuthenticationFailed; errorCode=003200; statusCode=401","detail":"Token expired","code":"003200","element":null}],"type":"AUTHENTICATION"}}"#;
        for expired in [gateway, &gateway.replace("\"003200\"", "\"3200\""), &fault("3200")] {
            assert!(matches!(heard(Call::Read, 401, expired), BooksError::TokenExpired), "{expired}");
        }
        for (code, status) in [("3100", 403), ("003100", 403), ("120", 401), ("6190", 400)] {
            assert!(matches!(heard(Call::Read, status, &fault(code)), BooksError::Disconnected(_)), "{code}");
        }
        let busy = heard(Call::Write, 429, &fault("003001"));
        assert!(matches!(busy, BooksError::Busy { after: Some(after) } if after == THROTTLED_FOR), "{busy:?}");
        assert!(matches!(heard(Call::Read, 400, &fault("610")), BooksError::NotFound));
        assert!(matches!(trouble(Call::Write, &answer(400, &fault("5010"))), Some(Trouble::Stale)));
        for unsure in ["600", "10000"] {
            assert!(matches!(heard(Call::Write, 400, &fault(unsure)), BooksError::Unknown(_)), "{unsure}");
            assert!(matches!(heard(Call::Read, 400, &fault(unsure)), BooksError::Unreachable(_)), "{unsure}");
        }
    }

    #[test]
    fn d30_what_says_nothing_is_judged_by_its_status() {
        assert!(trouble(Call::Read, &answer(200, "{}")).is_none(), "no fault is no trouble");
        assert!(matches!(heard(Call::Read, 401, ""), BooksError::TokenExpired));
        for silent in [
            (302, ""),
            (403, ""),
            (404, "<html>Not here</html>"),
            (400, "<html>Bad gateway</html>"),
            (408, ""),
            (500, ""),
            (503, "{}"),
        ] {
            assert!(matches!(heard(Call::Write, silent.0, silent.1), BooksError::Unknown(_)), "{silent:?}");
            assert!(matches!(heard(Call::Read, silent.0, silent.1), BooksError::Unreachable(_)), "{silent:?}");
        }
        let broken = fault("9999");
        assert!(matches!(heard(Call::Write, 503, &broken), BooksError::Unknown(_)), "a fault of theirs is no refusal");
    }
}
