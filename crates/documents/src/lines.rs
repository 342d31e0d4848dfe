//! The lines of a document, as its table has them.

use crate::{
    Error,
    sheet::{Column, Fit},
};
use domain::{money::Locale, own_invoice::Line};

pub(crate) fn columns() -> Vec<Column> {
    let column = |head, fit| Column { head, fit };
    vec![
        column("Description", Fit::Rest),
        column("Quantity", Fit::Right),
        column("Unit price", Fit::Right),
        column("Tax", Fit::Right),
        column("Amount", Fit::Right),
    ]
}

/// # Errors
/// An overflow.
pub(crate) fn rows(lines: &[Line], locale: Locale) -> Result<Vec<Vec<String>>, Error> {
    lines.iter().map(|line| row(line, locale)).collect()
}

fn row(line: &Line, locale: Locale) -> Result<Vec<String>, Error> {
    Ok(vec![
        line.description.clone(),
        line.quantity.to_string(),
        line.unit_price.format(locale),
        format!("{}%", line.tax.percent()),
        line.amount()?.format(locale),
    ])
}
