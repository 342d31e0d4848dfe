//! Documents as a broken vendor, a proxy half-way or a forger would send them, for tests of whoever reads them. Pure: the
//! same choices spoil a document in the same way.

use std::ops::Range;

/// Deeper than any document of a vendor's, and than readers of JSON go.
const DEEP: usize = 200;
/// What may stand in the place of a value.
const HOSTILE: [&str; 26] = [
    "null",
    "true",
    "-1",
    "0",
    "1",
    "1.0",
    "0.1",
    "1204.505",
    "12e2",
    "1e999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999999999",
    r#""""#,
    r#""12.34""#,
    r#""USD""#,
    r#""jpy""#,
    r#""succeeded""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""/Date(-8334601228800000+0000)/""#,
    r#""/Date(8210266876799999)/""#,
    "[]",
    "{}",
    "[null]",
];
/// What may come in between: a mark of byte order, no UTF-8, a NUL, a bracket, a quote.
const SPLINTERS: [&[u8]; 6] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\0", b"{", b"\""];

/// A JSON document with one fault for each choice. What comes out may be no JSON any more, and no text.
#[must_use]
pub fn mangled(document: &str, choices: &[u32]) -> Vec<u8> {
    choices.iter().fold(document.as_bytes().to_vec(), |document, choice| {
        let place = *choice as usize / 8;
        match choice % 8 {
            0..=3 => revalued(&document, place),
            4 => doubled(&document, place),
            _ => bruised(&document, *choice),
        }
    })
}

/// Any text with one fault for each choice, whatever it is: cut off, with another byte, with something in between.
#[must_use]
pub fn battered(text: &str, choices: &[u32]) -> Vec<u8> {
    choices.iter().fold(text.as_bytes().to_vec(), |text, choice| bruised(&text, *choice))
}

fn bruised(text: &[u8], choice: u32) -> Vec<u8> {
    let place = choice as usize / 8;
    let at = place % (text.len() + 1);
    match choice % 3 {
        0 => text[..at].to_vec(),
        1 if at < text.len() => spliced(text, at..at + 1, &[text[at] ^ (1 << (choice >> 29))]),
        _ => spliced(text, at..at, SPLINTERS[place % SPLINTERS.len()]),
    }
}

/// One value by another: a hostile one, one of the document's own, or one that is very deep.
fn revalued(document: &[u8], place: usize) -> Vec<u8> {
    let values = values(document);
    let Some(value) = values.get(place % values.len().max(1)) else { return document.to_vec() };
    let choice = place / values.len();
    let other = match choice % (HOSTILE.len() + 6) {
        0 => "[".repeat(DEEP).into_bytes(),
        hostile if hostile <= HOSTILE.len() => HOSTILE[hostile - 1].as_bytes().to_vec(),
        _ => document[values[choice % values.len()].clone()].to_vec(),
    };
    spliced(document, value.clone(), &other)
}

/// A member a second time, before it comes with its own value.
fn doubled(document: &[u8], place: usize) -> Vec<u8> {
    let mut names = values(document);
    names.retain(|name| document[name.end..].trim_ascii_start().starts_with(b":"));
    let Some(name) = names.get(place % names.len().max(1)) else { return document.to_vec() };
    let value = HOSTILE[place / names.len() % HOSTILE.len()];
    let member = [&document[name.clone()], b":", value.as_bytes(), b","].concat();
    spliced(document, name.start..name.start, &member)
}

fn spliced(document: &[u8], range: Range<usize>, by: &[u8]) -> Vec<u8> {
    [&document[..range.start], by, &document[range.end..]].concat()
}

/// Where values stand, as far as this is JSON. Names are among them, so members change their names as well.
fn values(document: &[u8]) -> Vec<Range<usize>> {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let (mut values, mut open, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = document.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'{' | b'[' => open.push(start),
            b'}' | b']' => values.extend(open.pop().map(|start| start..at)),
            b'"' => {
                while document.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if document[at] == b'\\' { 2 } else { 1 };
                }
                at = document.len().min(at + 1);
                values.push(start..at);
            }
            byte if is_bare(*byte) => {
                while document.get(at).is_some_and(|byte| is_bare(*byte)) {
                    at += 1;
                }
                values.push(start..at);
            }
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_found_and_replaced() {
        let document = br#"{"a":[1,-2.5e3,"x\"y"],"b":null}"#;
        let found: Vec<_> = values(document).into_iter().map(|value| &document[value]).collect();
        let found: Vec<_> = found.into_iter().map(|value| std::str::from_utf8(value).unwrap()).collect();
        let whole = std::str::from_utf8(document).unwrap();
        assert_eq!(found, [r#""a""#, "1", "-2.5e3", r#""x\"y""#, r#"[1,-2.5e3,"x\"y"]"#, r#""b""#, "null", whole]);
    }

    #[test]
    fn every_choice_spoils_something_and_none_panics() {
        let document = r#"{"id":"pi_1","amount":120450,"metadata":{"attempt_id":"a"}}"#;
        for choice in (0..=u32::MAX).step_by(4_000_037) {
            let once = mangled(document, &[choice]);
            assert_eq!(once, mangled(document, &[choice]), "{choice}");
            let _ = mangled(document, &[choice, choice.rotate_left(7), !choice, choice.rotate_left(19)]);
            let _ = mangled("", &[choice, choice]);
            let _ = battered("a=b&c=d", &[choice, !choice]);
        }
        assert_eq!(mangled(document, &[]), document.as_bytes());
    }
}
