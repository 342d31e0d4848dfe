//! The words of a query: bare ones, quoted values with `\'` for an apostrophe, and signs.

use std::fmt;

use super::refusal::Refusal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 8] = ["<=", ">=", "=", "<", ">", "(", ")", ","];

impl Token {
    /// Whether it is this word of the language, in whatever letter case.
    pub fn is_word(&self, wanted: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(wanted))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "\"{word}\""),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Sign(sign) => write!(f, "\"{sign}\""),
        }
    }
}

pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let sign = SIGNS.into_iter().chain(["*"]).find(|sign| rest.starts_with(sign));
        let (token, length) = match (first, sign) {
            ('\'', _) => quoted(&rest[1..])?,
            (_, Some(sign)) => (Token::Sign(sign), sign.len()),
            _ => bare(rest)?,
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The value behind an opening quote, and how long it was with both.
fn quoted(rest: &str) -> Result<(Token, usize), Refusal> {
    let mut value = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return Ok((Token::Text(value), at + 2)),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(Refusal::unparsed("a value in quotes does not end"))
}

fn bare(rest: &str) -> Result<(Token, usize), Refusal> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '+');
    let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    if length == 0 {
        return Err(Refusal::unparsed(format!("Encountered {}", rest.chars().take(1).collect::<String>())));
    }
    Ok((Token::Word(rest[..length].to_owned()), length))
}
