//! The staff's transactions as a table for spreadsheets (D24): a line for each movement of money, what went back as a
//! negative one of its own with the day on which it did. Amounts are plain decimals, and no text is taken for a formula.

use crate::money::Money;
use chrono::NaiveDate;

/// What the first cell of a formula begins with, in the spreadsheets that people use (OWASP, "CSV Injection").
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Also what separates cells where a comma stands in numbers.
const QUOTED: [char; 5] = ['"', ',', ';', '\r', '\n'];

/// The names of the columns.
pub const HEADER: &str = "Date,Type,Payment,Started,Customer,Invoices,Status,Method,Currency,Amount,Surcharge,Gateway,\
                          Gateway reference\r\n";

/// One movement of a payment's money, or a payment that brought none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportLine {
    /// The merchant's day on which the money moved.
    pub on: NaiveDate,
    pub kind: &'static str,
    /// What people quote.
    pub reference: String,
    /// The merchant's day on which its gateway was asked for the money: comparisons count a payment under it.
    pub started: NaiveDate,
    pub customer: String,
    /// The numbers of all its invoices.
    pub invoices: String,
    /// Where its payment stands now.
    pub status: &'static str,
    pub method: String,
    /// Negative, when it went back.
    pub amount: Money,
    /// Of that amount, what was added for the way of paying; nothing where nobody knows.
    pub surcharge: Option<Money>,
    pub gateway: String,
    /// Of the charge, the refund or the dispute there.
    pub gateway_id: String,
}

impl ExportLine {
    /// As a record of the file (RFC 4180).
    #[must_use]
    pub fn record(&self) -> String {
        let cells = [
            self.on.to_string(),
            text(self.kind),
            text(&self.reference),
            self.started.to_string(),
            text(&self.customer),
            text(&self.invoices),
            text(self.status),
            text(&self.method),
            self.amount.currency.code().to_owned(),
            self.amount.to_decimal(),
            self.surcharge.map(Money::to_decimal).unwrap_or_default(),
            text(&self.gateway),
            text(&self.gateway_id),
        ];
        cells.join(",") + "\r\n"
    }
}

/// A cell of words: in quotes where it must be, and no formula.
pub(crate) fn text(words: &str) -> String {
    let guarded = guard(words);
    if words.contains(QUOTED) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// The words with an apostrophe before what may begin a formula. A spreadsheet that separates by semicolons reads no quotes
/// behind the commas, so another cell, or line, begins within ours.
fn guard(words: &str) -> String {
    let (mut guarded, mut begins) = (String::with_capacity(words.len()), true);
    for letter in words.chars() {
        let is_formula = begins && FORMULA.contains(&letter) && (guarded.is_empty() || !letter.is_whitespace());
        if is_formula {
            guarded.push('\'');
        }
        guarded.push(letter);
        let is_before = letter.is_whitespace() || letter == '"';
        begins = matches!(letter, ';' | '\r' | '\n') || (begins && is_before && !is_formula);
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn line(amount: Money) -> ExportLine {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
        ExportLine {
            on: day(25),
            kind: "Refund paid",
            reference: "PAY-3EB637".into(),
            started: day(20),
            customer: "Acme, \"the\" company".into(),
            invoices: "INV-501, INV-502".into(),
            status: "Paid",
            method: "Visa ··4242".into(),
            amount,
            surcharge: Some(Money::new(-150, amount.currency)),
            gateway: "A gateway".into(),
            gateway_id: "re_1".into(),
        }
    }

    #[test]
    fn d24_what_went_back_is_a_negative_number_and_text_stays_in_its_cell() {
        let of = line(Money::new(-12_030, Currency::USD));
        let record = of.record();
        let (customer, invoices) = ("\"Acme, \"\"the\"\" company\"", "\"INV-501, INV-502\"");
        let expected = format!(
            "2026-11-25,Refund paid,PAY-3EB637,2026-11-20,{customer},{invoices},Paid,Visa ··4242,USD,-120.30,-1.50,A \
             gateway,re_1\r\n"
        );
        assert_eq!(record, expected);
        assert_eq!(ExportLine { surcharge: None, ..of }.record(), expected.replace(",-1.50,", ",,"));
        let columns = HEADER.matches(',').count();
        let plain =
            ExportLine { customer: String::new(), invoices: String::new(), ..line(Money::new(1, Currency::USD)) };
        assert_eq!((columns, HEADER.ends_with("\r\n")), (plain.record().matches(',').count(), true));
    }

    #[test]
    fn d24_an_amount_has_the_digits_of_its_currency() {
        for (code, minor, cell) in [("JPY", -1_200, ",-1200,"), ("KWD", 1_234, ",1.234,"), ("USD", 5, ",0.05,")] {
            let currency: Currency = code.parse().expect("a currency");
            let record = ExportLine { surcharge: None, ..line(Money::new(minor, currency)) }.record();
            assert!(record.contains(cell), "{record}");
        }
    }

    #[test]
    fn d24_no_text_is_taken_for_a_formula() {
        for (words, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r'=1\""),
            (" =1", " '=1"),
            ("a;=1", "\"a;'=1\""),
            ("a;\"=1", "\"a;\"\"'=1\""),
            ("a; \t@b;c", "\"a; \t'@b;c\""),
            ("a\r\n-1", "\"a\r\n'-1\""),
            ("=HYPERLINK(\"http://evil.example\",\"x\")", "\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"x\"\")\""),
            ("＝1", "'＝1"),
            ("a;b", "\"a;b\""),
            ("a\nb", "\"a\nb\""),
            ("Zoë = 5", "Zoë = 5"),
            ("", ""),
        ] {
            assert_eq!(text(words), cell, "{words}");
        }
    }
}
