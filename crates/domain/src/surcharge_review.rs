//! What staff are shown of surcharge rules: where each stands today, what another file would change, and how an amount comes
//! about. What is charged, [`Policy::on`] alone says.

use crate::{
    money::{Money, MoneyError},
    surcharge::{Channel, PaidBy, Policy, Rule},
};
use chrono::NaiveDate;

/// Where a rule stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    InForce,
    /// It begins on this day.
    NotYet(NaiveDate),
    /// This was its last day.
    Over(NaiveDate),
    /// It is of another place than that in which payments are taken.
    Elsewhere,
    /// The law allows nothing of it there.
    Forbidden,
}

/// What becomes of a rule when others take the place of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    Added(&'a Rule),
    /// Of the same place, way of paying and currency.
    Changed {
        from: &'a Rule,
        to: &'a Rule,
    },
    Removed(&'a Rule),
    Same(&'a Rule),
}

/// The rule that counts for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reckoned<'a> {
    pub rule: &'a Rule,
    /// What it comes to before the law holds it down.
    pub by_rule: Money,
}

/// In the order of the later rules, and then those that are left out.
#[must_use]
pub fn changes<'a>(before: &'a [Rule], after: &'a [Rule]) -> Vec<Change<'a>> {
    let mut left: Vec<&Rule> = before.iter().filter(|old| !after.contains(old)).collect();
    let mut all = Vec::with_capacity(after.len() + left.len());
    for rule in after {
        if before.contains(rule) {
            all.push(Change::Same(rule));
            continue;
        }
        let stood = left.iter().position(|old| old.has_the_scope_of(rule)).map(|at| left.remove(at));
        all.push(stood.map_or(Change::Added(rule), |from| Change::Changed { from, to: rule }));
    }
    all.extend(left.into_iter().map(Change::Removed));
    all
}

impl Policy {
    /// Where one of these rules stands, whatever it is paid in.
    #[must_use]
    pub fn standing(&self, rule: &Rule, today: NaiveDate) -> Standing {
        let is_elsewhere = rule.jurisdiction.as_ref().is_some_and(|own| !own.holds(&self.place));
        match (rule.from, rule.to) {
            _ if is_elsewhere => Standing::Elsewhere,
            (Some(from), _) if today < from => Standing::NotYet(from),
            (_, Some(to)) if to < today => Standing::Over(to),
            _ if rule.is_forbidden(&self.place, today) => Standing::Forbidden,
            _ => Standing::InForce,
        }
    }

    /// The rule that counts for what is paid so. None where no rule does, and for a card that nobody knows: what is added to
    /// that comes of all rules together.
    ///
    /// # Errors
    /// An amount that is too large.
    pub fn reckoned(&self, paid_by: PaidBy, amount: Money, day: NaiveDate) -> Result<Option<Reckoned<'_>>, MoneyError> {
        let rule = match paid_by {
            PaidBy::BankDebit => self.best_rule(amount.currency, day, |rule| rule.channel == Channel::BankDebit),
            PaidBy::Card(Some(kind)) => self.best_rule(amount.currency, day, |rule| rule.covers(kind)),
            PaidBy::Card(None) => None,
        };
        rule.map(|rule| Ok(Reckoned { rule, by_rule: rule.added(amount, None)? })).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        card::{Brand, CardKind, Funding},
        money::Currency,
    };

    fn policy(place: &str, rules: &[&str]) -> Policy {
        let rules: Vec<_> = rules.iter().map(|rule| format!(r#"{{{rule}, "account": "260"}}"#)).collect();
        let text = format!(r#"{{"place": "{place}", "rules": [{}]}}"#, rules.join(","));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn n12_staff_are_told_where_a_rule_stands() {
        let today = day("2026-12-01");
        for (place, rule, standing) in [
            ("NZ", r#""rate_ppm": 1, "from": "2026-12-01", "to": "2026-12-01""#, Standing::InForce),
            ("NZ", r#""rate_ppm": 1, "from": "2026-12-02""#, Standing::NotYet(day("2026-12-02"))),
            ("NZ", r#""rate_ppm": 1, "to": "2026-11-30""#, Standing::Over(day("2026-11-30"))),
            ("NZ", r#""rate_ppm": 1, "jurisdiction": "AU""#, Standing::Elsewhere),
            ("US-CT", r#""rate_ppm": 1"#, Standing::Forbidden),
            ("AU", r#""rate_ppm": 1, "brand": "visa""#, Standing::Forbidden),
            ("AU", r#""rate_ppm": 1"#, Standing::InForce),
            ("US-CT", r#""rate_ppm": 1, "channel": "bank_debit""#, Standing::InForce),
        ] {
            let policy = policy(place, &[rule]);
            assert_eq!(policy.standing(&policy.rules[0], today), standing, "{place} {rule}");
        }
    }

    #[test]
    fn n12_what_another_file_changes_is_told_rule_by_rule() {
        let (any, visa) = (r#""rate_ppm": 15000"#, r#""rate_ppm": 9000, "brand": "visa""#);
        let (dearer, amex) = (r#""rate_ppm": 10000, "brand": "visa""#, r#""rate_ppm": 20000, "brand": "amex""#);
        let before = policy("NZ", &[any, visa, r#""rate_ppm": 1, "brand": "jcb""#]);
        let after = policy("NZ", &[amex, dearer, any]);
        let (old, new) = (&before.rules, &after.rules);
        assert_eq!(
            changes(old, new),
            [
                Change::Added(&new[0]),
                Change::Changed { from: &old[1], to: &new[1] },
                Change::Same(&new[2]),
                Change::Removed(&old[2]),
            ]
        );
        assert!(changes(old, old).iter().all(|change| matches!(change, Change::Same(_))));
        assert_eq!(changes(old, &[]).len(), 3);
    }

    #[test]
    fn g25_what_the_law_takes_off_is_seen_beside_what_the_rule_says() {
        let (policy, amount) = (policy("US-CO", &[r#""rate_ppm": 30000"#]), Money::new(10_000, Currency::USD));
        let visa = PaidBy::Card(Some(CardKind { brand: Brand::Visa, funding: Funding::Credit }));
        let today = day("2026-12-01");
        let reckoned = policy.reckoned(visa, amount, today).expect("an amount").expect("a rule");
        assert_eq!((reckoned.rule, reckoned.by_rule.minor), (&policy.rules[0], 300));
        assert_eq!(policy.on(visa, amount, today).expect("an amount").map(|added| added.amount.minor), Some(200));
        for nobody in [PaidBy::Card(None), PaidBy::BankDebit] {
            assert_eq!(policy.reckoned(nobody, amount, today), Ok(None));
        }
    }

    /// What a form sends is what a rule says.
    #[test]
    fn brands_are_spelt_as_rules_spell_them() {
        for brand in Brand::ALL.into_iter().filter(|brand| *brand != Brand::Other) {
            assert_eq!(serde_json::to_value(brand).expect("it is JSON"), brand.spelt());
        }
    }
}
