//! Invoices, credit notes and statements on paper: from what stands on one to the bytes of a PDF that archives keep (PDF/A-2a)
//! and screen readers read (PDF/UA-1). Pure: no clock and no chance, so that the same document is the same bytes for whoever
//! asks (D21).

mod compose;
mod credit_note;
mod invoice;
mod lines;
mod print;
mod sheet;
mod statement;
#[cfg(test)]
mod tests;
mod typeset;

pub use credit_note::CreditNote;
pub use invoice::Invoice;
pub use sheet::{Party, Sheet};
pub use statement::CustomerStatement;

use domain::money::MoneyError;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("an amount cannot be computed")]
    Money(#[from] MoneyError),
    #[error("the document cannot be written: {0}")]
    Refused(String),
}
