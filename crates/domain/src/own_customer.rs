//! A customer of books of our own, as staff write it.

use crate::{
    email::looks_like_email,
    letterhead::read_address,
    own_invoice::{Wrong, plain},
};

/// What most invoices give, where nobody has said otherwise.
pub const TERMS_DAYS_USUAL: u32 = 14;
const TERMS_DAYS_MAX: u32 = 365;
const NAME_MAX_CHARS: usize = 200;
const CODE_MAX_CHARS: usize = 40;

/// As it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerTyped {
    pub name: String,
    /// What links call the company; may be empty.
    pub code: String,
    pub email: String,
    pub terms_days: String,
    pub address: String,
}

/// The same, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRead {
    pub name: String,
    pub code: Option<String>,
    pub email: Option<String>,
    pub terms_days: u32,
    pub address: String,
}

impl CustomerTyped {
    /// # Errors
    /// All that must be mended, in the order of the form.
    pub fn read(&self) -> Result<CustomerRead, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let (name, code, email) = (plain(&self.name), plain(&self.code), self.email.trim());
        if name.is_empty() {
            wrong.push(Wrong::at("name", "Enter the company’s name."));
        } else if name.chars().count() > NAME_MAX_CHARS {
            wrong.push(Wrong::at("name", format!("Enter a name of {NAME_MAX_CHARS} characters or fewer.")));
        }
        if code.chars().count() > CODE_MAX_CHARS {
            wrong.push(Wrong::at("code", format!("Enter a code of {CODE_MAX_CHARS} characters or fewer.")));
        }
        if !email.is_empty() && !looks_like_email(email) {
            wrong.push(Wrong::at("email", "Enter one e-mail address, like accounts@example.com, or leave it empty."));
        }
        let terms_days = self.terms_days.trim();
        let terms_days = if terms_days.is_empty() { Some(TERMS_DAYS_USUAL) } else { terms_days.parse().ok() };
        let terms_days = terms_days.filter(|days| *days <= TERMS_DAYS_MAX);
        if terms_days.is_none() {
            wrong.push(Wrong::at("terms_days", format!("Enter a number of days from 0 to {TERMS_DAYS_MAX}.")));
        }
        let address = read_address(&self.address).map_err(|too_long| wrong.push(too_long)).unwrap_or_default();
        let (Some(terms_days), true) = (terms_days, wrong.is_empty()) else { return Err(wrong) };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(CustomerRead { code: some(&code), email: some(email), name, terms_days, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> CustomerTyped {
        CustomerTyped { name: " Acme  NZ ".into(), ..CustomerTyped::default() }
    }

    #[test]
    fn a_name_is_enough_and_what_is_left_empty_is_usual() {
        let read = acme().read().expect("it is right");
        assert_eq!((read.name.as_str(), read.code, read.email, read.terms_days), ("Acme NZ", None, None, 14));
        let all = CustomerTyped { code: "ACMENZ".into(), email: "a@b.co".into(), terms_days: "0".into(), ..acme() };
        let read = all.read().expect("it is right");
        assert_eq!((read.code.as_deref(), read.email.as_deref(), read.terms_days), (Some("ACMENZ"), Some("a@b.co"), 0));
    }

    #[test]
    fn all_that_is_wrong_is_named_by_its_field() {
        let wrong = CustomerTyped {
            name: " ".into(),
            code: "9".repeat(41),
            email: "nobody".into(),
            terms_days: "366".into(),
            address: "x".repeat(501),
        };
        let fields: Vec<_> = wrong.read().expect_err("wrong").into_iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["name", "code", "email", "terms_days", "address"]);
        let soon = CustomerTyped { terms_days: "soon".into(), ..acme() };
        assert_eq!(soon.read().expect_err("wrong")[0].field, "terms_days");
    }
}
