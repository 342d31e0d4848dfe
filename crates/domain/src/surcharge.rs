//! What is added for the way of paying (G21, G25, N12): rules are data, and this is how they are read. A rule of the
//! merchant's never goes beyond what its place allows (`wire/gateways.md`, 8.5).

use crate::{
    card::{Brand, CardKind, Funding},
    money::{Currency, Locale, Money, MoneyError},
    planted,
    surcharge_law::{Place, most_ppm},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, fmt};

const MILLION: i128 = 1_000_000;
/// Nobody adds as much again.
const RATE_MAX_PPM: u32 = 1_000_000;

/// How a payment is paid, as far as rules go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidBy {
    /// `None` while nobody can tell which.
    Card(Option<CardKind>),
    BankDebit,
}

impl fmt::Display for PaidBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(Some(kind)) => write!(f, "this {kind}"),
            Self::Card(None) => f.write_str("this card"),
            Self::BankDebit => f.write_str("this bank account"),
        }
    }
}

/// Which cards a rule is about. Debit and prepaid cards are exempt unless it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Covers {
    #[default]
    Credit,
    Debit,
    Prepaid,
    Any,
}

impl Covers {
    fn has(self, funding: Funding) -> bool {
        match self {
            Self::Credit => funding == Funding::Credit || planted::is("debit_surcharged"),
            Self::Debit => funding == Funding::Debit,
            Self::Prepaid => funding == Funding::Prepaid,
            Self::Any => true,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    #[default]
    Card,
    BankDebit,
}

/// One rule. What it leaves open is not asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub jurisdiction: Option<Place>,
    pub brand: Option<Brand>,
    #[serde(default)]
    pub funding: Covers,
    #[serde(default)]
    pub channel: Channel,
    pub currency: Option<Currency>,
    /// First and last day, as the merchant's calendar has them.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    #[serde(default)]
    pub fixed_minor: i64,
    /// Parts of a million: 15,000 is 1.5 percent.
    #[serde(default)]
    pub rate_ppm: u32,
    pub cap_minor: Option<i64>,
    /// Of the books, for what is earned by it.
    pub account: String,
    /// The books' name of the tax that is in it; none is in it without one.
    pub tax: Option<String>,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    #[error("it adds nothing: it needs `rate_ppm` or `fixed_minor`")]
    AddsNothing,
    #[error("an amount is below zero")]
    BelowZero,
    #[error("`rate_ppm` is 1,000,000 or more, which is the whole amount again")]
    TooHigh,
    #[error("`fixed_minor` and `cap_minor` need a `currency`")]
    NoCurrency,
    #[error("it ends before it begins")]
    EndsFirst,
    #[error("`account` is empty")]
    NoAccount,
    #[error("a rule for bank debits has neither `brand` nor `funding`")]
    NoCards,
    #[error("no surcharge may be taken on such cards in its jurisdiction")]
    Forbidden,
    /// Counted from 1.
    #[error("it is about the same payments as rule {0}")]
    SameAs(usize),
}

impl Rule {
    fn is_in_force(&self, place: &Place, currency: Currency, on: NaiveDate) -> bool {
        self.jurisdiction.as_ref().is_none_or(|own| own.holds(place))
            && self.currency.is_none_or(|own| own == currency)
            && self.from.is_none_or(|from| from <= on)
            && self.to.is_none_or(|to| on <= to)
    }

    pub(crate) fn covers(&self, kind: CardKind) -> bool {
        self.channel == Channel::Card
            && self.brand.is_none_or(|brand| brand == kind.brand)
            && self.funding.has(kind.funding)
    }

    /// Of two that fit, the greater one wins. Two that are equal in it say the same but for their days.
    fn precision(&self) -> (bool, bool, usize, bool) {
        let place = self.jurisdiction.as_ref().map_or(0, Place::precision);
        (self.brand.is_some(), self.funding != Covers::Any, place, self.currency.is_some())
    }

    /// Of the same place, way of paying and currency, on whichever days.
    pub(crate) fn has_the_scope_of(&self, other: &Self) -> bool {
        let scope = |rule: &Self| (rule.channel, rule.brand, rule.funding, rule.currency);
        scope(self) == scope(other) && self.jurisdiction == other.jurisdiction
    }

    fn is_about_the_same(&self, other: &Self) -> bool {
        let begins_before_end = |one: &Self, two: &Self| one.from.zip(two.to).is_none_or(|(from, to)| from <= to);
        self.has_the_scope_of(other) && begins_before_end(self, other) && begins_before_end(other, self)
    }

    /// Nothing may be added there to any payment that it is about.
    pub(crate) fn is_forbidden(&self, place: &Place, on: NaiveDate) -> bool {
        let mut kinds = CardKind::all().filter(|kind| self.covers(*kind));
        self.channel == Channel::Card && kinds.all(|kind| most_ppm(place, kind, on) == Some(0))
    }

    fn check(&self) -> Result<(), BadRule> {
        let on = self.from.unwrap_or(NaiveDate::MIN);
        let is_forbidden = |place: &Place| self.is_forbidden(place, on);
        let has_amounts = self.fixed_minor > 0 || self.cap_minor.is_some();
        let names_cards = self.brand.is_some() || self.funding != Covers::default();
        let faults = [
            (self.fixed_minor < 0 || self.cap_minor.is_some_and(|cap| cap < 0), BadRule::BelowZero),
            (self.fixed_minor == 0 && self.rate_ppm == 0, BadRule::AddsNothing),
            (self.rate_ppm >= RATE_MAX_PPM, BadRule::TooHigh),
            (has_amounts && self.currency.is_none(), BadRule::NoCurrency),
            (self.from.zip(self.to).is_some_and(|(from, to)| to < from), BadRule::EndsFirst),
            (self.account.trim().is_empty(), BadRule::NoAccount),
            (self.channel == Channel::BankDebit && names_cards, BadRule::NoCards),
            (self.jurisdiction.as_ref().is_some_and(is_forbidden), BadRule::Forbidden),
        ];
        faults.into_iter().find(|(is_so, _)| *is_so).map_or(Ok(()), |(_, why)| Err(why))
    }

    /// Rounded half up, to the minor unit; then held to its cap, and to what the place allows.
    pub(crate) fn added(&self, amount: Money, most_ppm: Option<u32>) -> Result<Money, MoneyError> {
        let share = |ppm: u32| i128::from(amount.minor) * i128::from(ppm);
        let by_rule = i128::from(self.fixed_minor) + (share(self.rate_ppm) + MILLION / 2).div_euclid(MILLION);
        let capped = self.cap_minor.map_or(by_rule, |cap| by_rule.min(cap.into()));
        let lawful = most_ppm.map_or(capped, |most| capped.min(share(most).div_euclid(MILLION)));
        let minor = i64::try_from(lawful).map_err(|_| MoneyError::TooLarge)?;
        Ok(Money::new(minor, amount.currency))
    }

    /// `American Express credit cards 2 % + $0.30, at most $5.00`
    fn words(&self, currency: Currency, locale: Locale) -> String {
        format!("{} {}", self.paid_with(), self.fee(currency, locale))
    }

    /// `American Express credit cards`
    #[must_use]
    pub fn paid_with(&self) -> String {
        let brand = self.brand.map_or("", Brand::words);
        match (self.channel, self.funding) {
            (Channel::BankDebit, _) => "bank debits".to_owned(),
            (Channel::Card, Covers::Credit) => format!("{brand}credit cards"),
            (Channel::Card, Covers::Debit) => format!("{brand}debit cards"),
            (Channel::Card, Covers::Prepaid) => format!("{brand}prepaid cards"),
            (Channel::Card, Covers::Any) => format!("{brand}cards"),
        }
    }

    /// `2 % + $0.30, at most $5.00`, in a rule's own currency where it has one.
    #[must_use]
    pub fn fee(&self, currency: Currency, locale: Locale) -> String {
        let money = |minor| Money::new(minor, self.currency.unwrap_or(currency)).format(locale);
        let rate = (self.rate_ppm > 0).then(|| percent(self.rate_ppm));
        let fixed = (self.fixed_minor > 0).then(|| money(self.fixed_minor));
        let fee = [rate, fixed].into_iter().flatten().collect::<Vec<_>>().join(" + ");
        let cap = self.cap_minor.map(|cap| format!(", at most {}", money(cap))).unwrap_or_default();
        format!("{fee}{cap}")
    }
}

/// `1.5 %`; the space does not break.
fn percent(ppm: u32) -> String {
    let digits = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    format!("{}\u{a0}%", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// What is added to one payment, and where the books have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surcharge {
    pub amount: Money,
    pub account: String,
    pub tax: Option<String>,
}

/// A merchant's rules, and where it takes payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub place: Place,
    pub rules: Vec<Rule>,
}

impl Policy {
    /// Each rule that cannot be kept, by its place in the list, and why.
    #[must_use]
    pub fn faults(&self) -> Vec<(usize, BadRule)> {
        let fault = |(n, rule): (usize, &Rule)| {
            let twin = || self.rules[..n].iter().position(|other| other.is_about_the_same(rule));
            let why = rule.check().err().or_else(|| twin().map(|other| BadRule::SameAs(other + 1)))?;
            Some((n, why))
        };
        self.rules.iter().enumerate().filter_map(fault).collect()
    }

    /// What is added to a payment over `amount`. The most precise rule wins; without one, nothing is. For a card that
    /// nobody knows before it is charged, what would be the same for all, or nothing.
    ///
    /// # Errors
    /// An amount that is too large.
    pub fn on(&self, paid_by: PaidBy, amount: Money, day: NaiveDate) -> Result<Option<Surcharge>, MoneyError> {
        match paid_by {
            PaidBy::BankDebit => self.best(amount, day, None, |rule| rule.channel == Channel::BankDebit),
            PaidBy::Card(Some(kind)) => self.on_card(kind, amount, day),
            PaidBy::Card(None) => {
                let all = CardKind::all().map(|kind| self.on_card(kind, amount, day));
                let all = all.collect::<Result<Vec<_>, _>>()?;
                let is_same = all.windows(2).all(|two| two[0] == two[1]);
                Ok(all.into_iter().next().flatten().filter(|_| is_same))
            }
        }
    }

    fn on_card(&self, kind: CardKind, amount: Money, day: NaiveDate) -> Result<Option<Surcharge>, MoneyError> {
        self.best(amount, day, most_ppm(&self.place, kind, day), |rule| rule.covers(kind))
    }

    fn best(
        &self,
        amount: Money,
        day: NaiveDate,
        most_ppm: Option<u32>,
        fits: impl Fn(&Rule) -> bool,
    ) -> Result<Option<Surcharge>, MoneyError> {
        let Some(rule) = self.best_rule(amount.currency, day, fits) else { return Ok(None) };
        let added = rule.added(amount, most_ppm)?;
        let surcharge = Surcharge { amount: added, account: rule.account.clone(), tax: rule.tax.clone() };
        Ok(added.is_positive().then_some(surcharge))
    }

    /// The most precise of those in force that fit.
    pub(crate) fn best_rule(&self, currency: Currency, day: NaiveDate, fits: impl Fn(&Rule) -> bool) -> Option<&Rule> {
        let in_force = self.rules.iter().filter(|rule| rule.is_in_force(&self.place, currency, day));
        in_force.filter(|rule| fits(rule)).max_by_key(|rule| rule.precision())
    }

    /// What applies to which way of paying, for who has not chosen one yet: `Visa cards 1 %; other cards 1.5 %`. Nothing
    /// without a rule.
    #[must_use]
    pub fn words(&self, currency: Currency, day: NaiveDate, locale: Locale) -> Option<String> {
        let in_force = self.rules.iter().filter(|rule| rule.is_in_force(&self.place, currency, day));
        let mut rules: Vec<_> = in_force.collect();
        rules.sort_by_key(|rule| (rule.channel == Channel::BankDebit, Reverse(rule.precision())));
        let said = rules.iter().enumerate().filter_map(|(n, rule)| {
            let (other, less) = self.applies(rule, &rules[..n], day)?;
            Some(format!("{other}{}{less}", rule.words(currency, locale)))
        });
        let said: Vec<_> = said.collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// What is said before and after the words of a rule that comes behind these, which are more precise; nothing of one
    /// by which nobody pays.
    fn applies(&self, rule: &Rule, before: &[&Rule], day: NaiveDate) -> Option<(&'static str, &'static str)> {
        if rule.channel == Channel::BankDebit {
            return before.iter().all(|one| one.channel == Channel::Card).then_some(("", ""));
        }
        let is_theirs = |kind: &CardKind| before.iter().any(|one| one.covers(*kind));
        let (theirs, own): (Vec<_>, Vec<_>) = CardKind::all().filter(|kind| rule.covers(*kind)).partition(is_theirs);
        let mosts: Vec<_> = own.into_iter().map(|kind| most_ppm(&self.place, kind, day)).collect();
        let is_capped = mosts.iter().flatten().any(|most| *most < rule.rate_ppm);
        mosts.iter().any(|most| *most != Some(0)).then_some((
            if theirs.is_empty() { "" } else { "other " },
            if is_capped { ", or less where the law says so" } else { "" },
        ))
    }
}

#[cfg(test)]
#[path = "surcharge_tests.rs"]
mod tests;
