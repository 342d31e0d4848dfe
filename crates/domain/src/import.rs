//! Customers and invoices from a table, for books of our own. A file is taken whole or not at all, so everything that is
//! wrong in it is named, each by its line.

use crate::{
    csv::{self, Record, Unended},
    money::Currency,
    own_customer::{CustomerRead, CustomerTyped},
    own_invoice::{InvoiceRead, InvoiceTyped, LineTyped, Wrong},
};
use std::collections::HashMap;

pub const FILE_MAX_BYTES: usize = 512 * 1024;
pub const ROWS_MAX: usize = 2_000;

/// What a table lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Customers,
    Invoices,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Customers, Self::Invoices];

    /// As forms spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Invoices => "invoices",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The columns that may be there, and whether they must.
    #[must_use]
    pub const fn columns(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Customers => {
                &[("name", true), ("code", false), ("email", false), ("terms_days", false), ("address", false)]
            }
            Self::Invoices => &[
                ("number", true),
                ("customer", true),
                ("date", true),
                ("due_date", false),
                ("description", true),
                ("quantity", true),
                ("unit_price", true),
                ("tax", false),
                ("tax_included", false),
                ("notes", false),
            ],
        }
    }
}

/// What other programs call a column that has a name of ours, in letters and digits alone.
const SAME: [(&str, &str); 6] = [
    ("emailaddress", "email"),
    ("mail", "email"),
    ("invoicenumber", "number"),
    ("invoiceno", "number"),
    ("invoicedate", "date"),
    ("taxrate", "tax"),
];

/// The column that a head means, however it spells that: letters and digits alone count.
fn column_named(kind: Kind, head: &str) -> Option<&'static str> {
    let bare =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let spelt = bare(head);
    let meant = SAME.iter().find(|(other, _)| *other == spelt).map_or(spelt.as_str(), |(_, name)| *name);
    kind.columns().iter().map(|(name, _)| *name).find(|name| bare(name) == meant)
}

/// What is wrong on a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    pub line: usize,
    pub words: String,
}

impl RowError {
    #[must_use]
    pub fn at(line: usize, words: impl Into<String>) -> Self {
        Self { line, words: words.into() }
    }
}

impl From<Unended> for RowError {
    fn from(Unended { line }: Unended) -> Self {
        Self::at(line, "A cell begins with a quote that never ends. Close it, or double the quote.")
    }
}

/// A customer of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    pub line: usize,
    pub customer: CustomerRead,
    /// The columns that its table has.
    pub says: Vec<&'static str>,
}

/// An invoice of the file: all rows with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRows {
    /// Each of its rows, by their lines in the file.
    pub lines: Vec<usize>,
    pub number: String,
    /// Code or name.
    pub customer: String,
    typed: InvoiceTyped,
}

impl InvoiceRows {
    /// Reads it, for a customer who pays within so many days.
    ///
    /// # Errors
    /// All that is wrong, by the lines of the file.
    pub fn read(&self, currency: Currency, terms_days: u32) -> Result<InvoiceRead, Vec<RowError>> {
        self.typed
            .read(currency, terms_days)
            .map_err(|wrong| wrong.into_iter().map(|wrong| self.placed(wrong)).collect())
    }

    /// The field of a line names its place: that row of the file is meant.
    fn placed(&self, wrong: Wrong) -> RowError {
        let place = wrong.field.rsplit_once('-').and_then(|(_, place)| place.parse::<usize>().ok());
        let line = place.and_then(|place| self.lines.get(place.checked_sub(1)?)).or(self.lines.first());
        RowError::at(line.copied().unwrap_or(1), format!("{}: {}", self.number, wrong.words))
    }
}

/// Rows by the names of their columns.
struct Table {
    columns: HashMap<&'static str, usize>,
    rows: Vec<Record>,
}

impl Table {
    fn of(kind: Kind, text: &str) -> Result<Self, Vec<RowError>> {
        if text.len() > FILE_MAX_BYTES {
            return Err(vec![RowError::at(1, format!("The file is larger than {} KiB.", FILE_MAX_BYTES / 1024))]);
        }
        let mut records = csv::read(text).map_err(|unended| vec![RowError::from(unended)])?.into_iter();
        let Some(head) = records.next() else { return Err(vec![RowError::at(1, "The file is empty.")]) };
        let mut columns = HashMap::new();
        let mut wrong = Vec::new();
        for (at, cell) in head.cells.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty()) {
            match column_named(kind, cell) {
                None => wrong.push(RowError::at(head.line, format!("There is no column “{}” here.", cell.trim()))),
                Some(name) if columns.insert(name, at).is_some() => {
                    wrong.push(RowError::at(head.line, format!("The column “{name}” stands there twice.")));
                }
                Some(_) => {}
            }
        }
        for (name, _) in kind.columns().iter().filter(|(name, must)| *must && !columns.contains_key(name)) {
            wrong.push(RowError::at(head.line, format!("The column “{name}” is missing.")));
        }
        let rows: Vec<_> = records.collect();
        if rows.len() > ROWS_MAX {
            wrong.push(RowError::at(head.line, format!("The file has more than {ROWS_MAX} rows. Split it.")));
        } else if rows.is_empty() && wrong.is_empty() {
            wrong.push(RowError::at(head.line, "The file has no rows below its first line."));
        }
        if wrong.is_empty() { Ok(Self { columns, rows }) } else { Err(wrong) }
    }

    fn cell<'a>(&self, row: &'a Record, column: &str) -> &'a str {
        let cell = self.columns.get(column).and_then(|at| row.cells.get(*at));
        cell.map_or("", |cell| cell.trim())
    }
}

/// The customers of a file.
///
/// # Errors
/// All that is wrong in it.
pub fn customers(text: &str) -> Result<Vec<CustomerRow>, Vec<RowError>> {
    let table = Table::of(Kind::Customers, text)?;
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for row in &table.rows {
        let cell = |column| table.cell(row, column).to_owned();
        let typed = CustomerTyped {
            name: cell("name"),
            code: cell("code"),
            email: cell("email"),
            terms_days: cell("terms_days"),
            address: cell("address"),
        };
        match typed.read() {
            Err(mended) => wrong.extend(mended.into_iter().map(|field| RowError::at(row.line, field.words))),
            Ok(customer) => {
                let calls = [Some(&customer.name), customer.code.as_ref()].into_iter().flatten();
                let calls: Vec<_> = calls.map(|call| call.to_lowercase()).collect();
                match calls.iter().find_map(|call| seen.get(call)) {
                    Some(before) => {
                        let words = format!("Another customer on line {before} has this name or code.");
                        wrong.push(RowError::at(row.line, words));
                    }
                    None => read.push(CustomerRow {
                        line: row.line,
                        customer,
                        says: table.columns.keys().copied().collect(),
                    }),
                }
                seen.extend(calls.into_iter().map(|call| (call, row.line)));
            }
        }
    }
    if wrong.is_empty() { Ok(read) } else { Err(wrong) }
}

/// The invoices of a file, in the order of their first rows. What the rows of one say of the whole, they must say alike.
///
/// # Errors
/// All that is wrong in it, as far as that does not hang on its customers.
pub fn invoices(text: &str) -> Result<Vec<InvoiceRows>, Vec<RowError>> {
    let table = Table::of(Kind::Invoices, text)?;
    let (mut found, mut wrong): (Vec<InvoiceRows>, _) = (Vec::new(), Vec::new());
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in &table.rows {
        let cell = |column| table.cell(row, column).to_owned();
        let number = cell("number");
        if number.is_empty() {
            wrong.push(RowError::at(row.line, "Enter the number of the invoice."));
            continue;
        }
        let Some(tax_included) = yes_or_no(&cell("tax_included")) else {
            wrong.push(RowError::at(row.line, "Enter yes or no for “tax_included”, or leave it empty for no."));
            continue;
        };
        let head = InvoiceTyped {
            number: number.clone(),
            date: cell("date"),
            due_date: cell("due_date"),
            tax_included,
            notes: cell("notes"),
            lines: Vec::new(),
        };
        let place = *places.entry(number.to_lowercase()).or_insert(found.len());
        if place == found.len() {
            found.push(InvoiceRows { lines: Vec::new(), number, customer: cell("customer"), typed: head.clone() });
        }
        let invoice = &mut found[place];
        let stands = InvoiceTyped { lines: Vec::new(), ..invoice.typed.clone() };
        if stands != head || invoice.customer != cell("customer") {
            let words = format!("{} says something else of the whole on line {}.", invoice.number, invoice.lines[0]);
            wrong.push(RowError::at(row.line, words));
            continue;
        }
        invoice.lines.push(row.line);
        invoice.typed.lines.push(LineTyped {
            description: cell("description"),
            quantity: cell("quantity"),
            unit_price: cell("unit_price"),
            tax: cell("tax"),
        });
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn yes_or_no(typed: &str) -> Option<bool> {
    match typed.to_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" | "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Number,Customer,Date,Due date,Description,Quantity,Unit price,Tax,Tax included,Notes\n";

    fn lines_of(wrong: &[RowError]) -> Vec<usize> {
        wrong.iter().map(|wrong| wrong.line).collect()
    }

    #[test]
    fn rows_with_one_number_are_one_invoice_wherever_they_stand() {
        let text = format!(
            "{HEAD}HT-1,ACMENZ,2026-11-01,,Support,2,140.00,15,,\nHT-2,KAURI,2026-11-02,2026-11-09,Backup,1,72.50,15,,\n\
             HT-1,ACMENZ,2026-11-01,,\"Cable, red\",1,\"1,000.00\",,,\n"
        );
        let found = invoices(&text).expect("it is right");
        assert_eq!(
            found.iter().map(|one| (one.number.as_str(), one.lines.clone())).collect::<Vec<_>>(),
            [("HT-1", vec![2, 4]), ("HT-2", vec![3])]
        );
        let read = found[0].read(Currency::NZD, 10).expect("it is right");
        assert_eq!((read.lines.len(), read.sums.total.minor), (2, 28_000 + 4_200 + 100_000));
        assert_eq!(read.due_date.to_string(), "2026-11-11");
    }

    #[test]
    fn each_error_is_named_by_its_line() {
        let text = format!(
            "{HEAD}HT-1,A,2026-11-01,,Support,2,140.00,15,,\n,A,2026-11-01,,Support,2,140.00,15,,\n\
             HT-1,A,2026-11-02,,Support,1,1,,,\nHT-3,A,2026-11-01,,Support,1,1,,perhaps,\n"
        );
        assert_eq!(lines_of(&invoices(&text).expect_err("wrong")), [3, 4, 5]);
        let text = format!("{HEAD}HT-1,A,2026-11-01,,Support,2,140.00,15,,\nHT-1,A,2026-11-01,,Support,some,1,,,\n");
        let wrong = invoices(&text).expect("it is a table")[0].read(Currency::NZD, 14).expect_err("wrong");
        assert_eq!(lines_of(&wrong), [3]);
        assert!(wrong[0].words.starts_with("HT-1: Enter how many"), "{}", wrong[0].words);
    }

    #[test]
    fn a_column_is_known_however_its_name_is_spelt() {
        for (kind, head, column) in [
            (Kind::Customers, "email", Some("email")),
            (Kind::Customers, " E-Mail ", Some("email")),
            (Kind::Customers, "e mail", Some("email")),
            (Kind::Customers, "Email address", Some("email")),
            (Kind::Customers, "E-MAIL_ADDRESS", Some("email")),
            (Kind::Customers, "Terms (days)", Some("terms_days")),
            (Kind::Invoices, "DueDate", Some("due_date")),
            (Kind::Invoices, "Invoice No.", Some("number")),
            (Kind::Invoices, "Tax %", Some("tax")),
            (Kind::Invoices, "unit-price", Some("unit_price")),
            (Kind::Invoices, "E-Mail", None),
            (Kind::Customers, "?", None),
        ] {
            assert_eq!(column_named(kind, head), column, "{head}");
        }
    }

    #[test]
    fn a_file_that_is_no_such_table_says_why() {
        for (text, words) in [
            (String::new(), "The file is empty."),
            ("number,customer\n".to_owned(), "The column “date” is missing."),
            (HEAD.replace("Notes", "Colour"), "There is no column “Colour” here."),
            (HEAD.replace("Notes", "Tax"), "The column “tax” stands there twice."),
            (HEAD.to_owned(), "The file has no rows below its first line."),
            (format!("{HEAD}\"HT-1"), "A cell begins with a quote that never ends. Close it, or double the quote."),
            ("x".repeat(FILE_MAX_BYTES + 1), "The file is larger than 512 KiB."),
            (HEAD.to_owned() + &"HT-1,\n".repeat(ROWS_MAX + 1), "The file has more than 2000 rows. Split it."),
        ] {
            assert_eq!(invoices(&text).expect_err("wrong")[0].words, words);
        }
    }

    #[test]
    fn a_customer_stands_in_a_file_once() {
        let read = customers("name;code;terms_days\nAcme NZ;ACMENZ;20\nKauri Timber;;\n").expect("it is right");
        assert_eq!(read.iter().map(|row| row.customer.terms_days).collect::<Vec<_>>(), [20, 14]);
        let twice = customers("name,code\nAcme,A\nOther,a\n,\nBolt,B,x\n,C\nacme,D\n").expect_err("wrong");
        assert_eq!(lines_of(&twice), [3, 6, 7]);
    }
}
