//! The `where` of list calls, held against documents as they go out: comparisons and the three functions of texts, joined by
//! AND and OR, with brackets. What is not understood is refused. Source: `wire/accounting.md`, 1.1, and the vendor's page on
//! requests, which joins by OR and names `Contains`, `StartsWith` and `EndsWith`.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::vec::IntoIter;

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use serde_json::Value;

use super::refusal::Refusal;
use super::wire;

/// Brackets within brackets.
const DEPTH_MAX: u32 = 16;
/// Longer ones first, where one begins like another.
const SIGNS: [&str; 12] = ["==", "!=", ">=", "<=", "&&", "||", "=", ">", "<", "(", ")", ","];
const COMPARISONS: [&str; 6] = ["==", "!=", ">=", "<=", ">", "<"];
/// What a function asks of a text, given the text that it names.
type OfText = fn(String) -> Test;
const FUNCTIONS: [(&str, OfText); 3] =
    [("Contains", Test::Contains), ("StartsWith", Test::StartsWith), ("EndsWith", Test::EndsWith)];

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

#[derive(Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(Decimal),
    Flag(bool),
    Instant(i64),
    Null,
}

#[derive(Debug, PartialEq)]
enum Test {
    Compares(&'static str, Literal),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Clause {
    /// `Contact.ContactID` as a path.
    path: Vec<String>,
    test: Test,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Clause(Clause),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
        let (token, length) = match (rest.strip_prefix('"'), sign) {
            (Some(quoted), _) => {
                let end = quoted.find('"')?;
                (Token::Text(quoted[..end].to_owned()), end + 2)
            }
            (None, Some(sign)) => (Token::Sign(sign), sign.len()),
            (None, None) => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                (Token::Word(rest.get(..length).filter(|word| !word.is_empty())?.to_owned()), length)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

/// What remains to be read; `None` is what nobody understands.
struct Reader(Peekable<IntoIter<Token>>);

impl Reader {
    /// Takes the sign if it comes next.
    fn takes(&mut self, wanted: &str) -> bool {
        self.0.next_if(|token| matches!(token, Token::Sign(sign) if *sign == wanted)).is_some()
    }

    fn takes_joiner(&mut self, sign: &str, word: &str) -> bool {
        let is_meant = |token: &Token| matches!(token, Token::Word(known) if known.eq_ignore_ascii_case(word));
        self.takes(sign) || self.0.next_if(is_meant).is_some()
    }

    fn expect(&mut self, sign: &str) -> Option<()> {
        self.takes(sign).then_some(())
    }

    fn word(&mut self) -> Option<String> {
        match self.0.next()? {
            Token::Word(word) => Some(word),
            Token::Text(_) | Token::Sign(_) => None,
        }
    }

    /// `("…")`, behind the name of a function.
    fn quoted(&mut self) -> Option<String> {
        self.expect("(")?;
        let Token::Text(text) = self.0.next()? else { return None };
        self.expect(")")?;
        Some(text)
    }

    fn any(&mut self, depth: u32) -> Option<Condition> {
        let mut parts = vec![self.all(depth)?];
        while self.takes_joiner("||", "or") {
            parts.push(self.all(depth)?);
        }
        Some(Condition::Any(parts))
    }

    fn all(&mut self, depth: u32) -> Option<Condition> {
        let mut parts = vec![self.one(depth)?];
        while self.takes_joiner("&&", "and") {
            parts.push(self.one(depth)?);
        }
        Some(Condition::All(parts))
    }

    fn one(&mut self, depth: u32) -> Option<Condition> {
        if !self.takes("(") {
            return self.clause().map(Condition::Clause);
        }
        let inside = self.any(depth.checked_sub(1)?)?;
        self.expect(")")?;
        Some(inside)
    }

    fn clause(&mut self) -> Option<Clause> {
        let mut path: Vec<String> = self.word()?.split('.').map(str::to_owned).collect();
        let is_last = |name: &str| path.last().is_some_and(|last| last.eq_ignore_ascii_case(name));
        let function = FUNCTIONS.into_iter().find(|(name, _)| is_last(name));
        let test = match function {
            Some((_, test)) => {
                path.pop();
                test(self.quoted()?)
            }
            None => Test::Compares(self.comparison()?, self.literal()?),
        };
        let is_name = |part: &String| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (!path.is_empty() && path.iter().all(is_name)).then_some(Clause { path, test })
    }

    /// One equals sign is as good as two.
    fn comparison(&mut self) -> Option<&'static str> {
        match self.0.next()? {
            Token::Sign("=") => Some("=="),
            Token::Sign(sign) => COMPARISONS.into_iter().find(|known| *known == sign),
            Token::Word(_) | Token::Text(_) => None,
        }
    }

    fn literal(&mut self) -> Option<Literal> {
        let word = match self.0.next()? {
            Token::Text(text) => return Some(Literal::Text(text)),
            Token::Word(word) => word,
            Token::Sign(_) => return None,
        };
        match word.to_ascii_lowercase().as_str() {
            "true" => Some(Literal::Flag(true)),
            "false" => Some(Literal::Flag(false)),
            "null" => Some(Literal::Null),
            "guid" => self.quoted().map(Literal::Text),
            "datetime" => self.instant(),
            number => number.parse().ok().map(Literal::Number),
        }
    }

    /// `(2026, 07, 01)`, and perhaps the time behind it.
    fn instant(&mut self) -> Option<Literal> {
        self.expect("(")?;
        let mut parts = vec![self.word()?.parse::<u32>().ok()?];
        while self.takes(",") {
            parts.push(self.word()?.parse().ok()?);
        }
        self.expect(")")?;
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        let day = NaiveDate::from_ymd_opt(i32::try_from(part(0)).ok()?, part(1), part(2))?;
        let time = NaiveTime::from_hms_opt(part(3), part(4), part(5))?;
        Some(Literal::Instant(day.and_time(time).and_utc().timestamp_millis()))
    }
}

impl Condition {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let mut reader = Reader(tokens(text)?.into_iter().peekable());
            let condition = reader.any(DEPTH_MAX)?;
            reader.0.peek().is_none().then_some(condition)
        };
        let refuse = || Refusal::Malformed(format!("The simulator cannot read the where parameter: {text}"));
        read().ok_or_else(refuse)
    }

    pub fn holds(&self, document: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(document)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(document)),
            Self::Clause(clause) => clause.holds(document),
        }
    }
}

impl Clause {
    fn holds(&self, document: &Value) -> bool {
        let value = self.path.iter().fold(document, |value, name| member(value, name));
        let is_text = |fits: &dyn Fn(&str) -> bool| value.as_str().is_some_and(fits);
        match &self.test {
            Test::Compares(operator, literal) => self.compares(value, operator, literal),
            Test::Contains(part) => is_text(&|text| text.contains(part.as_str())),
            Test::StartsWith(part) => is_text(&|text| text.starts_with(part.as_str())),
            Test::EndsWith(part) => is_text(&|text| text.ends_with(part.as_str())),
        }
    }

    fn compares(&self, value: &Value, operator: &str, literal: &Literal) -> bool {
        let order = match (literal, value) {
            (Literal::Null, value) => {
                return (operator == "==" && value.is_null()) || (operator == "!=" && !value.is_null());
            }
            // Ids compare without case; other text as it stands.
            (Literal::Text(wanted), Value::String(text)) if self.is_id() => {
                Some(text.to_ascii_lowercase().cmp(&wanted.to_ascii_lowercase()))
            }
            (Literal::Text(wanted), Value::String(text)) => Some(text.cmp(wanted)),
            (Literal::Number(wanted), value) => wire::read_decimal(value).map(|number| number.cmp(wanted)),
            (Literal::Flag(wanted), Value::Bool(flag)) => Some(flag.cmp(wanted)),
            (Literal::Instant(wanted), Value::String(text)) => wire::read_instant(text).map(|at| at.cmp(wanted)),
            _ => None,
        };
        match (operator, order) {
            ("!=", order) => order != Some(Ordering::Equal),
            (_, None) => false,
            ("==", Some(order)) => order.is_eq(),
            (">", Some(order)) => order.is_gt(),
            (">=", Some(order)) => order.is_ge(),
            ("<", Some(order)) => order.is_lt(),
            (_, Some(order)) => order.is_le(),
        }
    }

    fn is_id(&self) -> bool {
        self.path.last().is_some_and(|name| name.ends_with("ID") || name.ends_with("Id"))
    }
}

/// In whatever letter case: the vendor's own page spells `InvoiceId`.
pub(crate) fn member<'a>(document: &'a Value, name: &str) -> &'a Value {
    let spelled = || {
        let mut members = document.as_object()?.iter();
        members.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, member)| member)
    };
    document.get(name).or_else(spelled).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(text: &str) -> Vec<i64> {
        let documents = [
            json!({ "n": 1, "Type": "ACCREC", "AmountDue": wire::money(0), "Date": "/Date(1782864000000+0000)/",
                "Contact": { "ContactID": "c0000000-0000-4000-8000-000000000042", "Name": "Rock AND Roll" } }),
            json!({ "n": 2, "Type": "ACCREC", "AmountDue": wire::money(120_450), "Date": "/Date(1782950400000+0000)/",
                "Contact": { "ContactID": "c0000000-0000-4000-8000-000000000043", "Name": "Acme" } }),
        ];
        let condition = Condition::parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        let holds = |document: &&Value| condition.holds(document);
        documents.iter().filter(holds).filter_map(|document| document["n"].as_i64()).collect()
    }

    #[test]
    fn the_subset_that_the_sync_needs() {
        assert_eq!(kept(r#"Type=="ACCREC" AND AmountDue>0"#), [2]);
        assert_eq!(kept(r#"Type=="ACCREC"&&AmountDue<=1204.50"#), [1, 2]);
        assert_eq!(kept(r#"Contact.ContactID==guid("C0000000-0000-4000-8000-000000000042")"#), [1]);
        assert_eq!(kept(r#"Contact.Name=="Rock AND Roll""#), [1]);
        assert_eq!(kept(r#"contact.contactId == Guid("c0000000-0000-4000-8000-000000000043") and amountdue > 0"#), [2]);
        assert_eq!(kept("Date>=DateTime(2026,7,2)"), [2]);
        assert_eq!(kept("Date >= DateTime(2026, 07, 01) && Date < DateTime(2026, 07, 01, 12, 30, 00)"), [1]);
        assert_eq!(kept(r#"Type!="ACCREC""#), Vec::<i64>::new());
    }

    #[test]
    fn either_of_two_conditions_brackets_and_functions() {
        assert_eq!(kept(r#"AmountDue=0 OR Contact.Name="Acme""#), [1, 2]);
        assert_eq!(kept(r#"Type=="ACCPAY" || Contact.Name.StartsWith("Ac")"#), [2]);
        assert_eq!(kept(r#"Contact.Name=="Acme" OR AmountDue==0 AND Type=="ACCPAY""#), [2], "AND binds closer");
        assert_eq!(kept(r#"(Contact.Name=="Acme" OR AmountDue==0) AND Type=="ACCPAY""#), Vec::<i64>::new());
        assert_eq!(kept(r#"Contact.Name.Contains("AND") and contact.name.endswith("Roll")"#), [1]);
        assert_eq!(kept(r#"Reference!=null && Reference.Contains("x")"#), Vec::<i64>::new());
        assert_eq!(kept(r#"Reference == null"#), [1, 2]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let deep = format!("{}AmountDue>0{}", "(".repeat(100), ")".repeat(100));
        for text in [
            "AmountDue",
            "AmountDue>",
            "AmountDue>0 AND",
            "AmountDue>0 Type",
            r#"Name.Contains("x"#,
            r#"Contains("x")"#,
            r#"Name.ToLower()=="x""#,
            r#"(Type=="A""#,
            "Date>DateTime(2026,13,1)",
            &deep,
        ] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }
}
