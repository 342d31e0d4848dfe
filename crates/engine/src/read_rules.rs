//! A file of surcharge rules is read, and held against all that can be wrong with it. What is wrong is told with its line, all of
//! it at once (N12).

use domain::{
    surcharge::{BadRule, Policy, Rule},
    surcharge_law::Place,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a file of rules was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// In the words of the reader, which name line and column.
    #[error("the file cannot be read: {0}")]
    Unreadable(serde_json::Error),
    /// All of them, in their order.
    #[error("{}", below_one_another(.0))]
    Wrong(Vec<WrongRule>),
}

/// A rule that cannot be taken, by where it stands in the file.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: rule {number} {why}")]
pub struct WrongRule {
    line: usize,
    number: usize,
    why: WhyWrong,
}

#[derive(Debug, thiserror::Error)]
enum WhyWrong {
    #[error("cannot be read: {}", said(.0))]
    Unreadable(serde_json::Error),
    #[error("is wrong: {0}")]
    Bad(BadRule),
}

fn below_one_another(wrong: &[WrongRule]) -> String {
    wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Without the line and column, which are the rule's own.
fn said(cause: &serde_json::Error) -> String {
    let words = cause.to_string();
    words.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The file before its rules are read, so that each is known by where it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile<'a> {
    place: Place,
    #[serde(borrow)]
    rules: Vec<&'a RawValue>,
}

/// Reads a file of rules and holds it against all that can be wrong with it.
///
/// # Errors
/// What is wrong, and in which lines.
pub fn read_rules(text: &str) -> Result<Policy, RulesError> {
    let file: RulesFile<'_> = serde_json::from_str(text).map_err(RulesError::Unreadable)?;
    let line_of = |rule: &RawValue| {
        let at = (rule.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        text.get(..at).unwrap_or_default().matches('\n').count() + 1
    };
    let (mut rules, mut wrong) = (Vec::new(), Vec::new());
    for (rule, number) in file.rules.iter().copied().zip(1..) {
        match serde_json::from_str::<Rule>(rule.get()) {
            Ok(rule) => rules.push(rule),
            Err(cause) => {
                let line = line_of(rule) + cause.line().saturating_sub(1);
                wrong.push(WrongRule { line, number, why: WhyWrong::Unreadable(cause) });
            }
        }
    }
    let policy = Policy { place: file.place, rules };
    // One that cannot be read would shift the numbers of those behind it.
    if wrong.is_empty() {
        for (n, why) in policy.faults() {
            let line = file.rules.get(n).copied().map_or(1, line_of);
            wrong.push(WrongRule { line, number: n + 1, why: WhyWrong::Bad(why) });
        }
    }
    if wrong.is_empty() { Ok(policy) } else { Err(RulesError::Wrong(wrong)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(second: &str) -> String {
        format!(
            "{{\n  \"place\": \"NZ\",\n  \"rules\": [\n    {{\"rate_ppm\": 15000, \"account\": \"260\"}},\n    \
             {second}\n  ]\n}}\n"
        )
    }

    fn said_of(text: &str) -> String {
        read_rules(text).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn n12_what_is_wrong_in_a_file_of_rules_is_told_with_its_line() {
        assert!(read_rules(&file(r#"{"brand": "amex", "rate_ppm": 20000, "account": "260"}"#)).is_ok());
        for (second, words) in [
            (
                r#"{"rate_ppm": 1, "account": "260"}"#,
                "line 5: rule 2 is wrong: it is about the same payments as rule 1",
            ),
            (r#"{"brand": "visa", "account": "260"}"#, "line 5: rule 2 is wrong: it adds nothing"),
            (r#"{"rate_ppm": 1, "account": "260", "rate": 2}"#, "line 5: rule 2 cannot be read: unknown field `rate`"),
            (r#"{"rate_ppm": "1.5 %", "account": "260"}"#, "line 5: rule 2 cannot be read: invalid type: string"),
            (r#"{"rate_ppm": 1}"#, "line 5: rule 2 cannot be read: missing field `account`"),
        ] {
            let said = said_of(&file(second));
            assert!(said.starts_with(words), "{said}");
        }
        let said = said_of("{\n  \"place\": \"nowhere\",\n  \"rules\": []\n}");
        assert!(said.contains("a place is a country") && said.contains("line 2"), "{said}");
    }

    #[test]
    fn n12_all_that_is_wrong_is_told_at_once() {
        let two = "{\"brand\": \"visa\", \"account\": \"260\"},\n    {\"brand\": \"jcb\", \"rate_ppm\": 1, \"account\": \"\"}";
        assert_eq!(
            said_of(&file(two)),
            "line 5: rule 2 is wrong: it adds nothing: it needs `rate_ppm` or `fixed_minor`\n\
             line 6: rule 3 is wrong: `account` is empty"
        );
        let unread = "{\"rate_ppm\": 1},\n    {\"rate\": 1}";
        assert_eq!(said_of(&file(unread)).lines().count(), 2);
    }
}
