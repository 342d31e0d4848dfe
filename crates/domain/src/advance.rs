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
}
