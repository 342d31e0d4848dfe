//! What a failed call to the books leaves open depends on whether we were writing.

use super::BooksError;
use crate::http::{Answer, HttpError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    /// May have been executed when no answer came.
    Write,
}

impl Call {
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
