//! Notes in the history of an invoice, which nobody can change (`wire/accounting.md`, 1.5).

use super::{Xero, errors::Call, id};
use crate::books::BooksError;
use reqwest::Method;
use serde_json::json;

const NOTE_MAX_CHARS: usize = 2_500;

impl Xero {
    pub(super) async fn note(&self, external_id: &str, words: &str) -> Result<(), BooksError> {
        let details: String = words.chars().take(NOTE_MAX_CHARS).collect();
        let body = json!({"HistoryRecords": [{"Details": details}]});
        let request = self.call(Method::PUT, &format!("Invoices/{}/History", id(external_id)?));
        self.answer(Call::Write, request.json(&body)).await.map(drop)
    }
}
