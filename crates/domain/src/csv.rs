//! Tables as text (RFC 4180), as spreadsheets save them: read whole, because all of a file is taken or nothing. Cells are
//! separated by whatever stands most in the first line: where a comma stands in numbers, spreadsheets write semicolons.

use std::mem::take;

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
    let separator = separator_of(text);
    let (mut records, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut opened) = (1, 1, None);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_break = letter == '\n' || (letter == '\r' && letters.peek() != Some(&'\n'));
        line += usize::from(is_break);
        match letter {
            '"' if opened.is_some() && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' if opened.is_some() => opened = None,
            _ if opened.is_some() => cell.push(letter),
            '"' if cell.is_empty() => opened = Some(line),
            _ if letter == separator => cells.push(take(&mut cell)),
            _ if is_break => {
                cells.push(take(&mut cell));
                records.push(Record { line: begun, cells: take(&mut cells) });
                begun = line;
            }
            '\r' => {}
            _ => cell.push(letter),
        }
    }
    if let Some(line) = opened {
        return Err(Unended { line });
    }
    cells.push(cell);
    records.push(Record { line: begun, cells });
    records.retain(|record| record.cells.iter().any(|cell| !cell.trim().is_empty()));
    Ok(records)
}

fn separator_of(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    [';', '\t']
        .into_iter()
        .fold(',', |most, sign| if first.matches(sign).count() > first.matches(most).count() { sign } else { most })
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
