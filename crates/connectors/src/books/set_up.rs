//! What staff choose from when their books are set up (`wire/accounting.md`, 1.11): read each time, never kept. An adapter
//! offers what fits and nothing else, so whoever holds a choice against a fresh reading has held its type as well.

use super::{Books, BooksError};
use async_trait::async_trait;

/// Whose books they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    pub name: String,
    /// As the books spell it: it may be one that nobody here knows.
    pub currency: String,
}

/// An account, or whatever else the books want to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As the adapter names it to the books.
    pub id: String,
    /// For people.
    pub name: String,
    /// An account of the type for banks.
    pub is_bank: bool,
}

/// What may be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Where payments of these books can stand.
    pub clearing: Vec<Choice>,
    /// Where prepayments, and what is paid for quotes, can be owed.
    pub prepayment: Vec<Choice>,
    /// What earns a surcharge, and what that is called there.
    pub surcharge: Vec<Choice>,
    pub surcharge_is: &'static str,
    /// Those that may be in a sale.
    pub taxes: Vec<Choice>,
    /// Those that may be in what is paid before its invoice comes, all of no percent; empty where there is nothing to choose.
    pub zero_taxes: Vec<Choice>,
    /// What is noted in the history of invoices where that is chosen; absent where it cannot be.
    pub notes: Option<&'static str>,
    /// What is to be changed there first, in sentences.
    pub wants: Vec<&'static str>,
    /// All that the adapter writes there, in sentences.
    pub writes: &'static [&'static str],
}

/// Books of somebody else's, which are set up before anything is written there.
#[async_trait]
pub trait BooksSetUp: Books {
    /// Whose they are, and their currency.
    async fn company(&self) -> Result<Company, BooksError>;

    /// What may be chosen in the books of this company.
    async fn chart(&self, company: &Company) -> Result<Chart, BooksError>;
}
