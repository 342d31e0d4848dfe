//! What an adapter passes before each request: somebody else counts the calls that the vendor takes, and hears what it says
//! is left of them.

use super::BooksError;
use async_trait::async_trait;
use domain::governor::Allowance;
use std::fmt::Debug;

/// Whoever counts the calls.
#[async_trait]
pub trait Toll: Debug + Send + Sync {
    /// Lets one request pass, as soon as its turn comes. `reads`: it writes nothing, which some vendors meter.
    ///
    /// # Errors
    /// [`BooksError::NotNow`], or [`BooksError::Busy`] when others of the same work have passed. The request is not sent.
    async fn enter(&self, reads: bool) -> Result<Box<dyn Passage>, BooksError>;
}

/// One request that is under way. It is over when this is dropped.
pub trait Passage: Send {
    /// What its answer says of those that are left.
    fn heard(&mut self, said: Allowance);
}

/// Nobody counts.
#[derive(Clone, Copy, Debug)]
pub struct NoToll;

#[async_trait]
impl Toll for NoToll {
    async fn enter(&self, _: bool) -> Result<Box<dyn Passage>, BooksError> {
        Ok(Box::new(Self))
    }
}

impl Passage for NoToll {
    fn heard(&mut self, _: Allowance) {}
}
