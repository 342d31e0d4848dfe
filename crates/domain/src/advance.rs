//! An advance: money of a customer that pays no invoice yet. Its payer reads of a credit.

use crate::ids::InvoiceId;
use serde::{Deserialize, Serialize};

/// Of what a payer says that it is for.
pub const PURPOSE_MAX_CHARS: usize = 200;

/// How it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum AdvanceKind {
    /// What was paid over what was due (G29).
    OverPayment,
    /// Paid without an invoice (G34).
    Prepayment,
    /// Paid for a quote (S26): stands in the books as the PF pair, an invoice that is paid and a credit.
    Quote,
}

/// As much as QuickBooks Online has room for in the number of a document; the same pair has the same numbers everywhere.
const QUOTE_NUMBER_MAX_CHARS: usize = 21;
/// What both documents say that they are (S32).
pub const QUOTE_REFERENCE: &str = "PF";
const OF_INVOICE: &str = "PF_";
const OF_CREDIT: &str = "PF_CR_";
/// Of a quote's number, where the rest of it is told by a hash.
const KEPT_CHARS: usize = 6;

/// What the two documents of a quote's payment are called in the books (`wire/accounting.md`, 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteNumbers {
    pub invoice: String,
    pub credit: String,
}

/// The second payment of a quote has numbers of its own: books may keep those of a draft that was deleted for ever.
#[must_use]
pub fn quote_numbers(quote: &str, payment_no: u32) -> QuoteNumbers {
    let name = if payment_no > 1 { format!("{quote}-{payment_no}") } else { quote.to_owned() };
    let invoice = format!("{OF_INVOICE}{}", short(&name));
    QuoteNumbers { credit: quote_credit_number(&invoice), invoice }
}

/// Of the credit that belongs to the invoice of a quote's payment.
#[must_use]
pub fn quote_credit_number(invoice: &str) -> String {
    format!("{OF_CREDIT}{}", invoice.strip_prefix(OF_INVOICE).unwrap_or(invoice))
}

/// Whether an invoice with this number and [`QUOTE_REFERENCE`] is one of these: it is paid when it is made, and nobody's to pay.
#[must_use]
pub fn is_quote_invoice(number: &str) -> bool {
    number.starts_with(OF_INVOICE)
}

/// The name itself where both numbers have room for it and it is of characters that every package takes and that no
/// question to one must quote; else its beginning and a hash, because two quotes may begin alike.
fn short(name: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\');
    let room = QUOTE_NUMBER_MAX_CHARS - OF_CREDIT.len();
    if name.len() <= room && name.chars().all(|c| plain(&c)) {
        return name.to_owned();
    }
    // FNV-1a: the same in every version of ours, for numbers are looked up years later.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let kept: String = name.chars().filter(plain).take(KEPT_CHARS).collect();
    format!("{kept}-{hash:08X}")
}

/// What people quote, `CR-7F3C0A1E52`: ten hexadecimal digits from the random half of its id.
#[must_use]
pub fn number(id: InvoiceId) -> String {
    format!("CR-{:010X}", id.0.as_u128() & 0xff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g29_a_credit_is_quoted_by_a_number_of_its_own() {
        let id = InvoiceId(uuid::Uuid::from_u128(0x0193_a1b2_c3d4_7e5f_8a9b_0c00_0000_2f4a));
        assert_eq!(number(id), "CR-0000002F4A");
    }

    #[test]
    fn s26_s31_both_documents_of_a_quote_s_payment_are_called_after_it() {
        let told = |quote, payment_no| {
            let QuoteNumbers { invoice, credit } = quote_numbers(quote, payment_no);
            assert_eq!(quote_credit_number(&invoice), credit);
            (invoice, credit)
        };
        let pair = |invoice: &str, credit: &str| (invoice.to_owned(), credit.to_owned());
        assert_eq!(told("Q-10231", 1), pair("PF_Q-10231", "PF_CR_Q-10231"));
        assert_eq!(told("Q-10231", 2), pair("PF_Q-10231-2", "PF_CR_Q-10231-2"), "a draft's number may be gone");
    }

    #[test]
    fn s26_a_long_or_an_odd_number_of_a_quote_is_told_by_a_hash() {
        let credits = ["Quotation 2026-000123", "Quotation 2026-000124", "Q-é", "Q-1\"=="].map(|quote| {
            let credit = quote_numbers(quote, 1).credit;
            assert_eq!(credit, quote_numbers(quote, 1).credit, "every time the same");
            assert!(credit.len() <= 21 && credit.bytes().all(|b| b.is_ascii_graphic() && b != b'"'), "{credit}");
            credit
        });
        assert!(credits[0].starts_with("PF_CR_Quotat-") && credits[0] != credits[1], "{credits:?}");
        assert_eq!(quote_numbers("Q-1234567890123", 1).credit, "PF_CR_Q-1234567890123", "it just fits");
    }
}
