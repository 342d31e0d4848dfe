//! Tables as text (RFC 4180), as spreadsheets save them: read whole, because all of a file is taken or nothing. Cells are
//! separated by whatever stands most in the first line: where a comma stands in numbers, spreadsheets write semicolons.

use ::csv::ReaderBuilder;

/// One row, and the line of the file on which it begins, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub line: usize,
    pub cells: Vec<String>,
}

/// A quote that was opened on this line never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a quote that was opened on line {line} never ends")]
pub struct Unended {
    pub line: usize,
}

/// All rows in which anything stands.
///
/// # Errors
/// A quote that never ends: what follows it cannot be told apart.
pub fn read(text: &str) -> Result<Vec<Record>, Unended> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Whoever is still within quotes at the end takes this last row for a part of theirs.
    let with_end = format!("{text}\n{END}");
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator_of(text))
        .from_reader(with_end.as_bytes());
    let (mut records, mut place) = (Vec::new(), Place { at: 0, line: 1 });
    // Only bytes that are no UTF-8 could fail, and text has none.
    for row in reader.records().map_while(Result::ok) {
        let begun = row.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or(usize::MAX));
        place.advance(&with_end, begun);
        records.push(Record { line: place.line, cells: row.iter().map(str::to_owned).collect() });
    }
    match records.pop() {
        Some(Record { cells, .. }) if cells == [END] => {}
        Some(Record { line, .. }) => return Err(Unended { line }),
        None => {}
    }
    records.retain(|record| record.cells.iter().any(|cell| !cell.trim().is_empty()));
    Ok(records)
}

/// No spreadsheet writes it.
const END: &str = "\u{1}";

/// Where a row begins.
struct Place {
    at: usize,
    line: usize,
}

impl Place {
    /// To the row that begins at this byte, or behind the empty lines that do.
    fn advance(&mut self, text: &str, begun: usize) {
        let behind = text.get(begun..).unwrap_or_default();
        let row = text.len() - behind.trim_start_matches(['\r', '\n']).len();
        let between = text.get(self.at..row).unwrap_or_default();
        // A break of two letters is one.
        self.line += between.matches(['\r', '\n']).count() - between.matches("\r\n").count();
        self.at = row;
    }
}

fn separator_of(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().as_bytes();
    let count = |sign: u8| first.iter().filter(|byte| **byte == sign).count();
    [b';', b'\t'].into_iter().fold(b',', |most, sign| if count(sign) > count(most) { sign } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text).expect("it ends").into_iter().map(|record| record.cells).collect()
    }

    #[test]
    fn cells_are_told_apart_as_spreadsheets_write_them() {
        for (text, rows) in [
            ("a,b\r\n1,2\r\n", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("\u{feff}a;b\n\"1,5\";2", vec![vec!["a", "b"], vec!["1,5", "2"]]),
            ("a\tb\n1\t2\n", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a,b\n\n , \n1,\n", vec![vec!["a", "b"], vec!["1", ""]]),
            ("\"say \"\"hi\"\"\",\"two\r\nlines\"\r\n", vec![vec!["say \"hi\"", "two\r\nlines"]]),
            ("5\" pipe,\"\"\n", vec![vec!["5\" pipe", ""]]),
            ("a,b\r1,2\r", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("", vec![]),
        ] {
            assert_eq!(cells(text), rows, "{text:?}");
        }
    }

    #[test]
    fn a_row_is_named_by_the_line_on_which_it_begins() {
        let lines: Vec<_> = read("a,b\n\"1\n1\",2\n\n3,4").expect("it ends").iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 5]);
        assert_eq!(read("a,b\n1,\"2\n3,4\n"), Err(Unended { line: 2 }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in proptest::collection::vec(proptest::collection::vec("[^\\r]{0,6}", 3), 1..6)) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let row = |cells: &Vec<String>| cells.iter().map(quoted).collect::<Vec<_>>().join(",");
            let text = format!("a,b,c\r\n{}", rows.iter().map(row).collect::<Vec<_>>().join("\r\n"));
            let said: Vec<_> = rows.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
            let read = cells(&text);
            prop_assert_eq!(&read[1..], said.as_slice());
        }

        #[test]
        fn no_text_makes_it_stumble(text in "\\PC*|[\",;\\r\\n\\t a]*") {
            let _ = read(&text);
        }
    }
}
