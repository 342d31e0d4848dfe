//! The query language: one kind, comparisons joined by AND, order, position, count. Source: `wire/accounting.md`, 2.3. No
//! OR, joins, projections or groups; what is not understood is refused.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Books;
use super::call::Answer;
use super::kind::{Kind, property};
use super::refusal::Refusal;
use super::tokens::{Token, tokens};
use super::wire;
use crate::amounts::read_decimal;

const ROWS_DEFAULT: usize = 100;
const ROWS_MAX: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    In,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

#[derive(Debug, PartialEq)]
struct Clause {
    /// `MetaData.LastUpdatedTime` as a path.
    path: Vec<String>,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Select {
    kind: Kind,
    counts: bool,
    clauses: Vec<Clause>,
    /// Each with whether it descends.
    order: Vec<(Vec<String>, bool)>,
    start: usize,
    rows: usize,
}

/// The words that remain to be read.
struct Reader<'a>(std::iter::Peekable<std::slice::Iter<'a, Token>>);

impl Reader<'_> {
    /// Takes the word if it comes next.
    fn takes(&mut self, word: &str) -> bool {
        self.0.next_if(|token| token.is_word(word)).is_some()
    }

    fn expect(&mut self, word: &str) -> Result<(), Refusal> {
        if self.takes(word) { Ok(()) } else { Err(self.unexpected(word)) }
    }

    fn unexpected(&mut self, wanted: &str) -> Refusal {
        let found = self.0.peek().map_or_else(|| "the end".to_owned(), |token| token.to_string());
        Refusal::unparsed(format!("Encountered {found}, was expecting {wanted}"))
    }

    fn word(&mut self, wanted: &str) -> Result<String, Refusal> {
        match self.0.next_if(|token| matches!(token, Token::Word(_))) {
            Some(Token::Word(word)) => Ok(word.clone()),
            _ => Err(self.unexpected(wanted)),
        }
    }

    /// A value in quotes, or a bare number, date or switch.
    fn value(&mut self) -> Result<String, Refusal> {
        match self.0.next_if(|token| matches!(token, Token::Word(_) | Token::Text(_))) {
            Some(Token::Word(value) | Token::Text(value)) => Ok(value.clone()),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn number(&mut self, least: usize, most: usize) -> Result<usize, Refusal> {
        let text = self.value()?;
        let number = text.parse::<usize>().map_err(|_| Refusal::unparsed(format!("{text} is no number")))?;
        match number {
            _ if number < least => {
                Err(Refusal::bad_query(format!("value {number} is too small. Min allowed value is {least}.")))
            }
            _ if number > most => {
                Err(Refusal::bad_query(format!("value {number} is too large. Max allowed value is {most}.")))
            }
            _ => Ok(number),
        }
    }

    fn path(&mut self) -> Result<Vec<String>, Refusal> {
        let word = self.word("a property")?;
        let path: Vec<String> = word.split('.').map(str::to_owned).collect();
        let first =
            property(&path[0]).ok_or_else(|| Refusal::bad_query(format!("property '{word}' is not queryable")))?;
        Ok(std::iter::once(first.to_owned()).chain(path.into_iter().skip(1)).collect())
    }

    fn clause(&mut self) -> Result<Clause, Refusal> {
        let path = self.path()?;
        let operator = match self.0.next() {
            Some(Token::Sign("=")) => Operator::Equal,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            Some(token) if token.is_word("in") => Operator::In,
            Some(token) if token.is_word("like") => Operator::Like,
            _ => return Err(Refusal::unparsed(format!("no operator that is known follows {}", path.join(".")))),
        };
        if path == ["Id"] && !matches!(operator, Operator::Equal | Operator::In) {
            return Err(Refusal::bad_query("Operator is not supported for property Id; use = or IN"));
        }
        let values = if operator == Operator::In { self.list()? } else { vec![self.value()?] };
        Ok(Clause { path, operator, values })
    }

    fn list(&mut self) -> Result<Vec<String>, Refusal> {
        self.sign("(")?;
        let mut values = vec![self.value()?];
        while self.0.next_if(|token| **token == Token::Sign(",")).is_some() {
            values.push(self.value()?);
        }
        self.sign(")")?;
        Ok(values)
    }

    fn sign(&mut self, sign: &'static str) -> Result<(), Refusal> {
        match self.0.next_if(|token| **token == Token::Sign(sign)) {
            Some(_) => Ok(()),
            None => Err(self.unexpected(sign)),
        }
    }

    fn order(&mut self) -> Result<Vec<(Vec<String>, bool)>, Refusal> {
        let mut keys = Vec::new();
        loop {
            let path = self.path()?;
            let descends = self.takes("desc");
            let _ = !descends && self.takes("asc");
            keys.push((path, descends));
            if self.0.next_if(|token| **token == Token::Sign(",")).is_none() {
                return Ok(keys);
            }
        }
    }
}

impl Select {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let mut reader = Reader(tokens.iter().peekable());
        reader.expect("select")?;
        let counts = reader.takes("count");
        if counts {
            reader.sign("(")?;
        }
        reader.sign("*")?;
        if counts {
            reader.sign(")")?;
        }
        reader.expect("from")?;
        let name = reader.word("an entity")?;
        let kind = Kind::named(&name);
        let kind =
            kind.ok_or_else(|| Refusal::bad_query(format!("Entity {name} is not supported by the simulator")))?;
        let mut select = Self { kind, counts, clauses: Vec::new(), order: Vec::new(), start: 1, rows: ROWS_DEFAULT };
        if reader.takes("where") {
            select.clauses.push(reader.clause()?);
            while reader.takes("and") {
                select.clauses.push(reader.clause()?);
            }
        }
        // The order of the last parts is not the same with all clients.
        while reader.0.peek().is_some() {
            if reader.takes("orderby") {
                select.order = reader.order()?;
            } else if reader.takes("order") {
                reader.expect("by")?;
                select.order = reader.order()?;
            } else if reader.takes("startposition") {
                select.start = reader.number(1, usize::MAX)?;
            } else {
                reader.expect("maxresults")?;
                select.rows = reader.number(1, ROWS_MAX)?;
            }
        }
        Ok(select)
    }

    /// Names that were made inactive are shown to who asks for them.
    fn meets(&self, document: &Value) -> bool {
        let asks = self.clauses.iter().any(|clause| clause.path == ["Active"]);
        (asks || document["Active"] != false) && self.clauses.iter().all(|clause| clause.holds(document))
    }

    pub fn run(&self, books: &Books) -> Answer {
        let views = books.all(self.kind).map(|document| document.view(books));
        let mut found: Vec<Value> = views.filter(|view| self.meets(view)).collect();
        let total = found.len();
        if self.counts {
            return Ok(json!({ "QueryResponse": { "totalCount": total } }));
        }
        found.sort_by(|one, other| {
            let mut order = self.order.iter().map(|(path, descends)| {
                let order = compare(at(one, path), at(other, path));
                if *descends { order.reverse() } else { order }
            });
            // Equal ones keep the order of their ids.
            order.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        let shown: Vec<Value> = found.into_iter().skip(self.start - 1).take(self.rows).collect();
        if shown.is_empty() {
            return Ok(json!({ "QueryResponse": {} }));
        }
        let count = shown.len();
        Ok(json!({ "QueryResponse": {
            self.kind.name(): shown, "startPosition": self.start, "maxResults": count, "totalCount": total,
        } }))
    }
}

impl Clause {
    fn holds(&self, document: &Value) -> bool {
        let value = at(document, &self.path);
        let order = |wanted: &String| order(value, wanted);
        let first = self.values.first().and_then(order);
        match self.operator {
            Operator::Equal => first.is_some_and(Ordering::is_eq),
            Operator::In => self.values.iter().filter_map(order).any(Ordering::is_eq),
            Operator::Less => first.is_some_and(Ordering::is_lt),
            Operator::LessOrEqual => first.is_some_and(Ordering::is_le),
            Operator::Greater => first.is_some_and(Ordering::is_gt),
            Operator::GreaterOrEqual => first.is_some_and(Ordering::is_ge),
            Operator::Like => {
                value.as_str().zip(self.values.first()).is_some_and(|(text, pattern)| is_like(text, pattern))
            }
        }
    }
}

/// What stands at a path, in whatever letter case; a reference stands for its value.
fn at<'a>(document: &'a Value, path: &[String]) -> &'a Value {
    let mut value = document;
    for name in path {
        let member = |members: &'a Map<String, Value>| {
            members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, member)| member)
        };
        value = value.as_object().and_then(member).unwrap_or(&Value::Null);
    }
    value.get("value").unwrap_or(value)
}

/// How a value compares with a literal; `None` when it cannot.
fn order(value: &Value, wanted: &str) -> Option<Ordering> {
    match value {
        Value::Number(_) => Some(read_decimal(value)?.cmp(&wanted.trim().parse::<Decimal>().ok()?)),
        Value::Bool(flag) => Some(flag.cmp(&wanted.trim().to_ascii_lowercase().parse().ok()?)),
        // Times are shown in whole seconds, and compared so.
        Value::String(text) => match (seconds(text), seconds(wanted)) {
            (Some(at), Some(wanted)) => Some(at.cmp(&wanted)),
            _ => Some(text.as_str().cmp(wanted)),
        },
        _ => None,
    }
}

fn seconds(text: &str) -> Option<i64> {
    wire::read_instant(text).map(|at_ms| at_ms.div_euclid(1_000))
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::String(one), Value::String(other))
            if one.len() != other.len() && is_digits(one) && is_digits(other) =>
        {
            one.len().cmp(&other.len())
        }
        _ => wire::text(other).and_then(|other| order(one, &other)).unwrap_or(Ordering::Equal),
    }
}

/// Ids and numbers: a longer one is greater.
fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `%` stands for anything; nothing else is special, and letter case does not count.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let mut parts = pattern.split('%');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((end, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(clauses: &str) -> Vec<i64> {
        let documents = [
            json!({ "Id": "1", "n": 1, "Balance": 0.5, "Active": true, "DisplayName": "O'Neil's Café", "DueDate": "2026-07-01",
                "CustomerRef": { "value": "58", "name": "x" }, "MetaData": { "LastUpdatedTime": "2026-07-01T00:00:00-07:00" } }),
            json!({ "Id": "2", "n": 2, "Balance": 1204.50, "Active": false, "DisplayName": "Acme AND Sons", "DueDate": "2026-07-02",
                "CustomerRef": { "value": "59" }, "MetaData": { "LastUpdatedTime": "2026-07-01T00:00:01-07:00" } }),
        ];
        let select = Select::parse(&format!("select * from Customer where Active in (true, false) and {clauses}"));
        let select = select.unwrap_or_else(|refusal| panic!("{clauses}: {refusal:?}"));
        documents.iter().filter(|document| select.meets(document)).filter_map(|found| found["n"].as_i64()).collect()
    }

    #[test]
    fn every_operator() {
        let cases: [(&str, &[i64]); 18] = [
            ("Balance > '0.5'", &[2]),
            ("Balance >= '0.50'", &[1, 2]),
            ("Balance < 1204.5", &[1]),
            ("Balance <= '1204.50'", &[1, 2]),
            ("Balance = '1204.5'", &[2]),
            ("Id = '1'", &[1]),
            ("Id IN ('1','2', '3')", &[1, 2]),
            ("id in('2')", &[2]),
            ("DisplayName LIKE '%AND%'", &[2]),
            ("DisplayName LIKE 'o%café'", &[1]),
            ("DisplayName LIKE 'Acme'", &[]),
            (r"DisplayName = 'O\'Neil\'s Café'", &[1]),
            ("CustomerRef = '58'", &[1]),
            ("Active = false", &[2]),
            ("MetaData.LastUpdatedTime >= '2026-07-01T07:00:01Z'", &[2]),
            ("metadata.lastupdatedtime > '2026-07-01T00:00:00.900-07:00'", &[2]),
            ("DueDate > '2026-07-01'", &[2]),
            ("Balance > '0' AND DueDate < '2026-07-02'", &[1]),
        ];
        for (clauses, expected) in cases {
            assert_eq!(kept(clauses), expected, "{clauses}");
        }
    }

    #[test]
    fn every_spelling_of_the_last_parts() {
        let plain = Select::parse("SELECT * FROM Invoice").unwrap();
        assert_eq!((plain.start, plain.rows, plain.kind), (1, 100, Kind::Invoice));
        for text in [
            "select * from invoice orderby MetaData.LastUpdatedTime DESC startposition 101 maxresults 50",
            "SELECT * FROM INVOICE ORDER BY metadata.LastUpdatedTime desc MAXRESULTS 50 STARTPOSITION 101",
        ] {
            let select = Select::parse(text).unwrap();
            assert_eq!((select.start, select.rows, select.order.len()), (101, 50, 1), "{text}");
            assert!(select.order[0].1);
        }
        assert!(Select::parse("select count(*) from Customer").unwrap().counts);
    }

    #[test]
    fn what_is_not_in_the_language_is_refused() {
        for text in [
            "",
            "select Id from Invoice",
            "select * from Invoice where Balance > '0' or Id = '1'",
            "select * from Invoice where Id > '1'",
            "select * from Invoice where Balance != '0'",
            "select * from Invoice where Flavour = 'x'",
            "select * from Invoice where DocNumber = 'x",
            "select * from Invoice, Customer",
            "select * from Invoice group by CustomerRef",
            "select * from Estimate",
            "select * from Invoice maxresults 1001",
            "select * from Invoice startposition 0",
            "delete from Invoice",
        ] {
            assert!(Select::parse(text).is_err(), "{text}");
        }
    }
}
