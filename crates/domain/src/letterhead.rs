//! What stands above a document about whom it is from or for: address and tax number, as somebody typed them.

use crate::own_invoice::{Wrong, plain, without_nul};

const ADDRESS_MAX_CHARS: usize = 500;
const TAX_NUMBER_MAX_CHARS: usize = 40;

/// An address, in lines; empty where there is none.
///
/// # Errors
/// It is too long.
pub fn read_address(typed: &str) -> Result<String, Wrong> {
    // Browsers send both characters for each end of a line.
    let address = without_nul(&typed.replace("\r\n", "\n")).trim().to_owned();
    if address.chars().count() > ADDRESS_MAX_CHARS {
        return Err(Wrong::at("address", format!("Enter an address of {ADDRESS_MAX_CHARS} characters or fewer.")));
    }
    Ok(address)
}

/// The number by which the tax office knows a merchant; empty where there is none.
///
/// # Errors
/// It is too long.
pub fn read_tax_number(typed: &str) -> Result<String, Wrong> {
    let number = plain(typed);
    if number.chars().count() > TAX_NUMBER_MAX_CHARS {
        return Err(Wrong::at("tax_number", format!("Enter a number of {TAX_NUMBER_MAX_CHARS} characters or fewer.")));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_lines_and_a_number_is_one_line() {
        assert_eq!(
            read_address(" 1 Quay Street\r\nAuckland\0 1010\r\n").as_deref(),
            Ok("1 Quay Street\nAuckland 1010")
        );
        assert_eq!(read_tax_number(" 123\n456 ").as_deref(), Ok("123 456"));
        assert_eq!((read_address(" ").as_deref(), read_tax_number("").as_deref()), (Ok(""), Ok("")));
        assert_eq!(read_address(&"x".repeat(501)).expect_err("too long").field, "address");
        assert_eq!(read_tax_number(&"9".repeat(41)).expect_err("too long").field, "tax_number");
    }
}
