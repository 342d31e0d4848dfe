//! Customers whom we make in somebody else's books. A name is somebody's there once, so they are looked for by it first.

use super::{BooksError, RefusedCause};
use domain::invoice::BooksCustomer;

/// A customer to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCustomer {
    /// The same asking always carries the same key. A later one has another: the books may keep what they refused.
    pub idempotency_key: String,
    pub name: String,
    pub email: Option<String>,
}

impl NewCustomer {
    /// No books tell two names apart by the case of their letters.
    #[must_use]
    pub fn is_called(&self, found: &BooksCustomer) -> bool {
        found.name.trim().to_lowercase() == self.name.trim().to_lowercase()
    }

    /// Who is called so, of those whom the books have.
    ///
    /// # Errors
    /// Refused, when that is somebody whom they have put away.
    pub fn among(&self, told: Vec<BooksCustomer>) -> Result<Option<BooksCustomer>, BooksError> {
        let called = told.into_iter().filter(|found| self.is_called(found));
        match called.min_by_key(|found| found.archived) {
            Some(BooksCustomer { archived: true, name, .. }) => {
                let message = format!("{name} is archived there. Restore that customer, and have them created again.");
                Err(BooksError::Refused { cause: RefusedCause::Archived, message })
            }
            found => Ok(found),
        }
    }
}

/// Nobody whom we could write for has the name, and it cannot be had.
#[must_use]
pub fn name_taken(name: &str) -> BooksError {
    let message = format!(
        "{name} is a name there already, of a vendor, an employee or a customer with other capitals. Change it there, and \
         have the customer created again."
    );
    BooksError::Refused { cause: RefusedCause::NameTaken, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(id: &str, name: &str, archived: bool) -> BooksCustomer {
        BooksCustomer { external_id: id.into(), name: name.into(), code: None, email: None, archived }
    }

    #[test]
    fn s26_who_is_called_so_is_found_and_who_was_put_away_is_said() {
        let new = NewCustomer { idempotency_key: "k".into(), name: "Delta Dental".into(), email: None };
        let found = |all: &[BooksCustomer]| new.among(all.to_vec());
        assert!(matches!(found(&[told("1", "Delta Dental Group", false)]), Ok(None)));
        let both = [told("1", "Delta Dental", true), told("2", "delta dental ", false)];
        assert!(matches!(found(&both), Ok(Some(found)) if found.external_id == "2"));
        let away = found(&both[..1]);
        assert!(matches!(away, Err(BooksError::Refused { cause: RefusedCause::Archived, .. })), "{away:?}");
    }
}
