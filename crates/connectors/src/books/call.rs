//! One call to the books: it passes the toll, and what its failure leaves open depends on whether we were writing.

use super::{BooksError, toll::Toll};
use crate::http::{Answer, HttpClient, HttpError};
use domain::governor::Allowance;
use reqwest::RequestBuilder;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    /// May have been executed when no answer came.
    Write,
}

impl Call {
    /// Sends a request when its turn has come, and tells whoever counts what the answer says of the calls that are left.
    ///
    /// # Errors
    /// What the toll says is of a request that was not sent, whatever it was to write.
    pub async fn send(
        self,
        http: &HttpClient,
        toll: &dyn Toll,
        request: RequestBuilder,
        allowance: fn(&Answer) -> Allowance,
    ) -> Result<Answer, BooksError> {
        let mut passage = toll.enter(self == Self::Read).await?;
        let answer = http.send(request).await.map_err(|error| self.unsent(&error))?;
        passage.heard(allowance(&answer));
        Ok(answer)
    }

    pub fn unsent(self, error: &HttpError) -> BooksError {
        match (self, error) {
            (Self::Write, HttpError::Unknown(_) | HttpError::TooLarge) => BooksError::Unknown(error.to_string()),
            _ => BooksError::Unreachable(error.to_string()),
        }
    }

    pub fn vendor_failed(self, what: String) -> BooksError {
        match self {
            Self::Read => BooksError::Unreachable(what),
            Self::Write => BooksError::Unknown(what),
        }
    }

    pub fn unreadable(self, answer: &Answer) -> BooksError {
        self.vendor_failed(format!("HTTP {} with an unreadable answer of {} bytes", answer.status, answer.body.len()))
    }
}
