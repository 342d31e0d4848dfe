//! A merchant's surcharge rules as a whole: read from a file, shown to its staff, tried with an amount, and replaced by them or
//! by the operator's command, each time with a line of the audit trail (N12, E20). What is added to a payment:
//! `surcharges.rs`.

use crate::{
    AdminPass, Engine, Error,
    audit::{Actor, Audited},
    clock::zone,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    money::{Currency, Money},
    surcharge::{BadRule, PaidBy, Policy, Rule},
    surcharge_law::Place,
    views::Whoami,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use store::{MerchantDb, MerchantTx, TokenHash};

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

/// Why staff's file of rules was not put in the place of those that stand.
#[derive(Debug, thiserror::Error)]
pub enum SetRulesError {
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Others stand by now than those that it was held against: it must be looked at again.
    #[error("other rules stand by now")]
    Moved,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for SetRulesError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
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

/// The tab of one merchant.
pub struct SurchargesPage {
    pub who: Whoami,
    /// As the address names it.
    pub merchant: String,
    pub currency: Currency,
    pub today: NaiveDate,
    /// None where nothing was ever added.
    pub policy: Option<Policy>,
    /// What payers read before they choose how to pay.
    pub said: Option<String>,
    /// The gateway's name, where it does not tell which card is paid with before it is charged.
    pub cannot_tell: Option<&'static str>,
}

/// What a payer would be asked for.
pub struct Tried {
    pub amount: Money,
    /// As the checkout would know it.
    pub paid_by: PaidBy,
    pub added: Money,
    pub total: Money,
    pub account: Option<String>,
    /// The one rule that counts, where one does, and what it comes to before the law holds it down.
    pub rule: Option<(Rule, Money)>,
}

/// What a file would put in the place of what stands.
pub struct RulesPreview {
    pub before: Option<Policy>,
    pub after: Policy,
    /// What stands, by its digest: [`Engine::set_surcharge_rules`] wants it back.
    pub stands: String,
}

impl Engine {
    /// The rules of the merchant with this key or name; none, when nothing is added for any way of paying.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn surcharge_rules(&self, merchant: &str) -> Result<Option<Policy>, Error> {
        Ok(self.merchant_named(merchant).await?.surcharge_policy().await?)
    }

    /// Puts rules in the place of all that a merchant had. What was shown by the old ones is not charged any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no merchant with this key or name.
    pub async fn replace_surcharge_rules(&self, merchant: &str, policy: &Policy) -> Result<(), Error> {
        let (tx, now) = (turn(&self.merchant_named(merchant).await?).await?, self.now());
        put(&tx, policy, Actor::Operator, now).await?;
        tx.audit_operator("replace surcharge rules", &format!("{} rule(s)", policy.rules.len()), now).await?;
        Ok(tx.commit().await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn surcharges_page(&self, admin: &AdminPass) -> Result<SurchargesPage, Error> {
        let (set_up, policy) = (self.set_up(&admin.db).await?, admin.db.surcharge_policy().await?);
        let (currency, today) = (set_up.currency()?, self.clock().today(zone(&admin.who.time_zone)));
        let cannot_tell = self.unread_cards(admin).await;
        // As on the checkout: what differs by card is said where somebody can tell which card it is.
        let rules = policy.as_ref().filter(|_| cannot_tell.is_none());
        Ok(SurchargesPage {
            who: admin.who.clone(),
            merchant: set_up.merchant.key.clone(),
            currency,
            today,
            said: rules.and_then(|policy| policy.words(currency, today, admin.who.locale)),
            policy,
            cannot_tell,
        })
    }

    /// What a payer would be asked for today, by the function that the checkout asks.
    ///
    /// # Errors
    /// The database is away.
    pub async fn try_surcharge(&self, admin: &AdminPass, amount: Money, paid_by: PaidBy) -> Result<Tried, Error> {
        let (set_up, policy) = (self.set_up(&admin.db).await?, admin.db.surcharge_policy().await?);
        let is_unread = matches!(paid_by, PaidBy::Card(_)) && self.unread_cards(admin).await.is_some();
        let paid_by = if is_unread { PaidBy::Card(None) } else { paid_by };
        let today = self.clock().today(zone(&admin.who.time_zone));
        let (mut by, mut rule) = (None, None);
        if let Some(policy) = &policy {
            by = self.added(&set_up.merchant, policy, paid_by, amount)?;
            rule = policy.reckoned(paid_by, amount, today)?.map(|reckoned| (reckoned.rule.clone(), reckoned.by_rule));
        }
        let added = by.as_ref().map_or(Money::zero(amount.currency), |by| by.amount);
        let account = by.map(|by| by.account);
        Ok(Tried { amount, paid_by, added, total: amount.plus(added)?, account, rule })
    }

    /// A gateway that does not tell which card is paid with. None where it tells, or where there is none.
    async fn unread_cards(&self, admin: &AdminPass) -> Option<&'static str> {
        let (_, gateway) = self.gateway(&admin.db).await.ok()?;
        let capabilities = gateway.capabilities();
        (!capabilities.reads_cards).then_some(capabilities.name)
    }

    /// What a file would change, or all that is wrong in it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn preview_surcharge_rules(
        &self,
        admin: &AdminPass,
        text: &str,
    ) -> Result<Result<RulesPreview, RulesError>, Error> {
        let after = match read_rules(text) {
            Ok(after) => after,
            Err(cause) => return Ok(Err(cause)),
        };
        let before = admin.db.surcharge_policy().await?;
        Ok(Ok(RulesPreview { stands: digest(before.as_ref())?, before, after }))
    }

    /// Puts the rules of a file in the place of those that it was held against. The same file again changes nothing.
    ///
    /// # Errors
    /// All that is wrong in the file, or [`SetRulesError::Moved`] when others stand by now.
    pub async fn set_surcharge_rules(
        &self,
        admin: &AdminPass,
        text: &str,
        held_against: &str,
    ) -> Result<(), SetRulesError> {
        let policy = read_rules(text)?;
        let tx = turn(&admin.db).await?;
        let stands = tx.surcharge_policy().await?;
        if stands.as_ref() == Some(&policy) {
            return Ok(());
        }
        if digest(stands.as_ref())? != held_against {
            return Err(SetRulesError::Moved);
        }
        put(&tx, &policy, Actor::Staff(admin.person), self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// From here on nothing is added. Where the merchant takes payments stays known.
    ///
    /// # Errors
    /// The database is away.
    pub async fn turn_surcharges_off(&self, admin: &AdminPass) -> Result<(), Error> {
        let tx = turn(&admin.db).await?;
        let Some(stands) = tx.surcharge_policy().await?.filter(|policy| !policy.rules.is_empty()) else {
            return Ok(());
        };
        put(&tx, &Policy { rules: Vec::new(), ..stands }, Actor::Staff(admin.person), self.now()).await?;
        Ok(tx.commit().await?)
    }
}

/// Whoever sets rules, one after the other: what they were held against still stands when they are put in its place.
async fn turn(db: &MerchantDb) -> Result<MerchantTx, Error> {
    let tx = db.begin().await?;
    tx.merchant_hold().await?;
    Ok(tx)
}

async fn put(tx: &MerchantTx, policy: &Policy, actor: Actor, now: DateTime<Utc>) -> Result<(), Error> {
    tx.surcharge_policy_replace(policy, now).await?;
    let act = Audited::SurchargesSet { rules: policy.rules.len(), text: digest(Some(policy))? };
    Ok(tx.audit_add(act.slip(None, actor, now)?).await?)
}

/// SHA-256 of the rules as they are kept.
fn digest(policy: Option<&Policy>) -> Result<String, Error> {
    Ok(TokenHash::of(&serde_json::to_string(&policy)?).into_text())
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
