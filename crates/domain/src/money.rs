//! Money: integer minor units with their currency (D12, D13).
//!
//! There is no `+` for [`Money`], so adding two currencies does not compile; sums are asked for and may be refused.
//!
//! ```compile_fail
//! use domain::money::{Currency, Money};
//! let dollars = Money::new(100, Currency::USD);
//! let pounds = Money::new(100, Currency::GBP);
//! let nonsense = dollars + pounds;
//! ```

use crate::planted;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// A currency of ISO 4217, printed as its three letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// The text is no ISO 4217 currency with minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a currency of ISO 4217")]
pub struct BadCurrency;

/// Every currency of ISO 4217 with minor units, in order. A table of our own, because the browser carries it: a test
/// holds it equal to a well-kept crate's.
const CODES: &str = "\
    AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBGNBHDBIFBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCLFCLP\
    CNYCOPCOUCRCCUCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGNFGTQGYDHKDHNLHRKHTGHUFIDR\
    ILSINRIQDIRRISKJMDJODJPYKESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMUR\
    MVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSDGSEKSGDSHP\
    SLESLLSOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZSUAHUGXUSDUSNUYIUYUUYWUZSVEDVESVNDVUVWSTXAD\
    XAFXCDXCGXOFXPFYERZARZMWZWGZWL";
/// Currencies whose minor unit is not a hundredth (ISO 4217, table A.1).
const OTHER_EXPONENTS: [(u32, &str); 3] =
    [(0, "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF"), (3, "BHDIQDJODKWDLYDOMRTND"), (4, "CLFUYW")];

/// Whether a string of three-letter codes has this one.
fn lists(codes: &str, code: [u8; 3]) -> bool {
    codes.as_bytes().chunks_exact(3).any(|known| known == code)
}

impl Currency {
    pub const AUD: Self = Self(*b"AUD");
    pub const GBP: Self = Self(*b"GBP");
    pub const JPY: Self = Self(*b"JPY");
    pub const KWD: Self = Self(*b"KWD");
    pub const NZD: Self = Self(*b"NZD");
    pub const USD: Self = Self(*b"USD");

    #[must_use]
    pub fn code(&self) -> &str {
        // Made from ASCII letters only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Digits after the decimal point: USD 2, JPY 0, KWD 3.
    #[must_use]
    pub fn exponent(self) -> u32 {
        OTHER_EXPONENTS.into_iter().find(|(_, codes)| lists(codes, self.0)).map_or(2, |(exponent, _)| exponent)
    }

    fn units_per_major(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl FromStr for Currency {
    type Err = BadCurrency;
    fn from_str(code: &str) -> Result<Self, BadCurrency> {
        let code = code.as_bytes().try_into().map_err(|_| BadCurrency)?;
        if lists(CODES, code) { Ok(Self(code)) } else { Err(BadCurrency) }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units (cents) of one currency; negative for money that goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// Why an amount could not be computed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("two currencies cannot be mixed: {0} and {1}")]
    Currencies(Currency, Currency),
    #[error("the amount is too large")]
    TooLarge,
    #[error("not an amount of money in {0}")]
    NotAnAmount(Currency),
}

impl Money {
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// # Errors
    /// Two currencies, or an overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self::new(minor, self.currency))
    }

    /// # Errors
    /// Two currencies, or an overflow.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self::new(minor, self.currency))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Currencies(self.currency, other.currency))
        }
    }

    /// Shares this amount out in proportion to `weights`, by largest remainder: the shares always add up to the whole, and
    /// no share differs from its exact proportion by a full minor unit. A weight may be negative, as an invoice's line is
    /// when it is a discount: so is its share then. `None` when they do not add up to more than nothing, or a share were
    /// too large.
    #[must_use]
    pub fn allocate(self, weights: &[i64]) -> Option<Vec<Self>> {
        let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
        if total <= 0 {
            return None;
        }
        let (whole, sign) = (i128::from(self.minor).abs(), if self.minor < 0 { -1 } else { 1 });
        let exact = |i: usize| whole * i128::from(weights[i]);
        // Rounded down, a negative share as well, so that what is left is never negative.
        let mut shares: Vec<i128> = (0..weights.len()).map(|i| exact(i).div_euclid(total)).collect();
        let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
        by_remainder.sort_by_key(|i| (std::cmp::Reverse(exact(*i).rem_euclid(total)), *i));
        let left = usize::try_from(whole - shares.iter().sum::<i128>()).unwrap_or(0);
        for i in by_remainder.into_iter().take(left) {
            shares[i] += 1;
        }
        let money = |share: i128| Some(Self::new(i64::try_from(share * sign).ok()?, self.currency));
        shares.into_iter().map(money).collect()
    }

    /// A plain decimal as vendors write it: `1204.50`, `-3`, `0.125`.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let digits = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        if digits == 0 {
            return format!("{sign}{minor}");
        }
        let unit = self.currency.units_per_major().unsigned_abs();
        format!("{sign}{}.{:0digits$}", minor / unit, minor % unit)
    }

    /// Reads a plain decimal. More digits than the currency has are accepted only when they are zeros: Xero writes
    /// `40.0000` (`wire/accounting.md`, 0).
    ///
    /// # Errors
    /// Anything that is not an exact amount of this currency.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let bad = MoneyError::NotAnAmount(currency);
        let (negative, body) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (major, fraction) = body.split_once('.').unwrap_or((body, ""));
        let digits = currency.exponent() as usize;
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if major.is_empty()
            || !all_digits(major)
            || !all_digits(fraction)
            || (body.contains('.') && fraction.is_empty())
        {
            return Err(bad);
        }
        let (kept, dropped) = fraction.split_at(fraction.len().min(digits));
        if dropped.bytes().any(|b| b != b'0') {
            return Err(bad);
        }
        if planted::is("float_money") {
            return Ok(Self::new((text.parse::<f64>().unwrap_or_default() * 100.0) as i64, currency));
        }
        let joined = format!("{major}{kept:0<digits$}");
        let minor: i64 = joined.parse().map_err(|_| MoneyError::TooLarge)?;
        Ok(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// Reads an amount as somebody typed it: digits and a point, and commas only where our pages write them between
    /// thousands. Any other comma means two things to two people.
    ///
    /// # Errors
    /// Anything that is not an exact amount of this currency.
    pub fn from_typed(typed: &str, currency: Currency) -> Result<Self, MoneyError> {
        let typed = typed.trim();
        let (sign, body) = typed.strip_prefix(['-', '\u{2212}']).map_or(("", typed), |body| ("-", body));
        let plain = without_separators(body).ok_or(MoneyError::NotAnAmount(currency))?;
        Self::from_decimal(&format!("{sign}{plain}"), currency)
    }

    /// The amount as people of `locale` read it: `$1,204.50`, `A$1,204.50`, `¥1,205`, `KWD 1,204.500`.
    #[must_use]
    pub fn format(self, locale: Locale) -> String {
        let plain = Self::new(self.minor.saturating_abs(), self.currency).to_decimal();
        let (major, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(m, f)| (m, Some(f)));
        let mut grouped = String::new();
        for (i, digit) in major.chars().enumerate() {
            if i > 0 && (major.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        // The minus of typography: a hyphen may be torn from its number.
        let sign = if self.minor < 0 { "\u{2212}" } else { "" };
        let symbol = locale.symbol(self.currency);
        match fraction {
            Some(fraction) => format!("{sign}{symbol}{grouped}.{fraction}"),
            None => format!("{sign}{symbol}{grouped}"),
        }
    }
}

fn without_separators(amount: &str) -> Option<String> {
    let (major, fraction) = amount.split_at(amount.find('.').unwrap_or(amount.len()));
    let mut groups = major.split(',');
    let first = groups.next().unwrap_or_default().len();
    let mut thousands = groups.map(str::len).peekable();
    let grouped = thousands.peek().is_none() || ((1..=3).contains(&first) && thousands.all(|digits| digits == 3));
    grouped.then(|| major.replace(',', "") + fraction)
}

/// How a merchant's readers write numbers. All four group by comma and point; they differ in what `$` alone means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Locale {
    #[default]
    #[serde(rename = "en-US")]
    EnUs,
    #[serde(rename = "en-AU")]
    EnAu,
    #[serde(rename = "en-NZ")]
    EnNz,
    #[serde(rename = "en-GB")]
    EnGb,
}

impl Locale {
    /// The BCP 47 tag, for `lang` attributes.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::EnUs => "en-US",
            Self::EnAu => "en-AU",
            Self::EnNz => "en-NZ",
            Self::EnGb => "en-GB",
        }
    }

    fn home(self) -> &'static str {
        match self {
            Self::EnUs => "USD",
            Self::EnAu => "AUD",
            Self::EnNz => "NZD",
            Self::EnGb => "GBP",
        }
    }

    /// The home dollar is `$`; a foreign one says whose it is; what has no common sign is written by its code.
    fn symbol(self, currency: Currency) -> String {
        let sign = match currency.code() {
            code if code == self.home() && code != "GBP" => "$",
            "USD" => "US$",
            "AUD" => "A$",
            "NZD" => "NZ$",
            "CAD" => "CA$",
            "GBP" => "£",
            "EUR" => "€",
            "JPY" => "¥",
            code => return format!("{code}\u{a0}"),
        };
        sign.to_owned()
    }
}

impl FromStr for Locale {
    type Err = BadLocale;
    fn from_str(tag: &str) -> Result<Self, BadLocale> {
        [Self::EnUs, Self::EnAu, Self::EnNz, Self::EnGb].into_iter().find(|l| l.tag() == tag).ok_or(BadLocale)
    }
}

/// The text is none of the locales that we format for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a supported locale")]
pub struct BadLocale;

/// Sums per currency: totals are grouped, never added across (D13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<Currency, Money>);

impl Totals {
    /// # Errors
    /// An overflow.
    pub fn add(&mut self, amount: Money) -> Result<(), MoneyError> {
        let sum = self.0.entry(amount.currency).or_insert(Money::zero(amount.currency));
        *sum = sum.plus(amount)?;
        Ok(())
    }

    /// # Errors
    /// An overflow.
    pub fn of(amounts: impl IntoIterator<Item = Money>) -> Result<Self, MoneyError> {
        let mut totals = Self::default();
        amounts.into_iter().try_for_each(|amount| totals.add(amount))?;
        Ok(totals)
    }

    pub fn iter(&self) -> impl Iterator<Item = Money> + '_ {
        self.0.values().copied()
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.values().all(|sum| sum.minor == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(decimal: &str, code: &str) -> Money {
        Money::from_decimal(decimal, code.parse().expect("a currency")).expect("an amount")
    }

    #[test]
    fn d12_minor_units_follow_the_exponent_of_the_currency() {
        for (decimal, code, minor, printed) in [
            ("1204.50", "USD", 120_450, "1204.50"),
            ("1204.5", "AUD", 120_450, "1204.50"),
            ("40.0000", "USD", 4_000, "40.00"),
            ("1204", "JPY", 1_204, "1204"),
            ("0.125", "KWD", 125, "0.125"),
            ("-0.01", "NZD", -1, "-0.01"),
        ] {
            let amount = money(decimal, code);
            assert_eq!((amount.minor, amount.to_decimal().as_str()), (minor, printed));
        }
        for (text, currency) in [
            ("1.005", Currency::USD),
            ("1.5", Currency::JPY),
            ("", Currency::USD),
            ("1.", Currency::USD),
            ("1e3", Currency::USD),
            ("+1", Currency::USD),
            ("--1", Currency::USD),
            ("1,000", Currency::USD),
        ] {
            assert_eq!(Money::from_decimal(text, currency), Err(MoneyError::NotAnAmount(currency)), "{text}");
        }
        assert_eq!(Money::from_decimal("99999999999999999999", Currency::USD), Err(MoneyError::TooLarge));
    }

    #[test]
    fn d13_each_locale_writes_its_own_dollar_plainly_and_names_the_others() {
        for (amount, locale, text) in [
            (money("1204.5", "USD"), Locale::EnUs, "$1,204.50"),
            (money("1204.5", "USD"), Locale::EnAu, "US$1,204.50"),
            (money("1204.5", "AUD"), Locale::EnAu, "$1,204.50"),
            (money("1204.5", "NZD"), Locale::EnNz, "$1,204.50"),
            (money("1204.5", "GBP"), Locale::EnGb, "£1,204.50"),
            (money("1204.5", "USD"), Locale::EnGb, "US$1,204.50"),
            (money("-1234567.8", "USD"), Locale::EnUs, "\u{2212}$1,234,567.80"),
            (money("123456", "JPY"), Locale::EnUs, "¥123,456"),
            (money("1204.5", "KWD"), Locale::EnUs, "KWD\u{a0}1,204.500"),
        ] {
            assert_eq!(amount.format(locale), text);
        }
    }

    #[test]
    fn d13_currencies_are_never_mixed() {
        assert_eq!(
            money("1", "USD").plus(money("1", "AUD")),
            Err(MoneyError::Currencies(Currency::USD, Currency::AUD))
        );
        let totals = Totals::of([money("1", "USD"), money("2", "AUD"), money("3", "USD")]).expect("no overflow");
        assert_eq!(totals.iter().collect::<Vec<_>>(), [money("2", "AUD"), money("4", "USD")]);
        assert!("XXX".parse::<Currency>().is_err(), "a code without minor units is no money");
    }

    #[test]
    fn d13_the_table_of_currencies_is_iso_4217() {
        use iso_currency::{Currency as Iso, IntoEnumIterator};
        let mut known: Vec<_> = Iso::iter().filter(|iso| iso.exponent().is_some()).map(|iso| iso.code()).collect();
        known.sort_unstable();
        assert_eq!(CODES, known.concat());
        for iso in Iso::iter() {
            let ours = iso.code().parse::<Currency>().ok().map(Currency::exponent);
            assert_eq!(ours, iso.exponent().map(u32::from), "{}", iso.code());
        }
    }

    proptest! {
        #[test]
        fn d12_shares_always_sum_to_the_whole(minor in any::<i32>(), weights in proptest::collection::vec(any::<u32>(), 1..40)) {
            let whole = Money::new(i64::from(minor), Currency::USD);
            let weights: Vec<i64> = weights.into_iter().map(i64::from).collect();
            let total: f64 = weights.iter().map(|w| *w as f64).sum();
            let shares = whole.allocate(&weights);
            prop_assert_eq!(shares.is_some(), total > 0.0);
            for (share, weight) in shares.iter().flatten().zip(&weights) {
                let exact = f64::from(minor) * *weight as f64 / total;
                prop_assert!((share.minor as f64 - exact).abs() < 1.001, "{} is not near {}", share.minor, exact);
            }
            prop_assert!(shares.is_none_or(|shares| shares.iter().map(|s| s.minor).sum::<i64>() == whole.minor));
        }

        #[test]
        fn g41_shares_of_both_signs_sum_to_the_whole(minor in any::<i32>(), weights in proptest::collection::vec(any::<i32>(), 1..40)) {
            let whole = Money::new(i64::from(minor), Currency::USD);
            let weights: Vec<i64> = weights.into_iter().map(i64::from).collect();
            let total: i64 = weights.iter().sum();
            let shares = whole.allocate(&weights);
            prop_assert_eq!(shares.is_some(), total > 0);
            for (share, weight) in shares.iter().flatten().zip(&weights) {
                let off = i128::from(share.minor) * i128::from(total) - i128::from(minor) * i128::from(*weight);
                prop_assert!(off.abs() < i128::from(total), "{} is not near its proportion", share.minor);
            }
            prop_assert!(shares.is_none_or(|shares| shares.iter().map(|s| s.minor).sum::<i64>() == whole.minor));
        }

        #[test]
        fn d12_a_decimal_is_read_back_exactly(minor in any::<i64>().prop_filter("its absolute exists", |m| *m != i64::MIN), code in prop_oneof![Just("USD"), Just("JPY"), Just("KWD")]) {
            let amount = Money::new(minor, code.parse().expect("a currency"));
            prop_assert_eq!(Money::from_decimal(&amount.to_decimal(), amount.currency), Ok(amount));
        }

        #[test]
        fn d12_plus_and_minus_undo_each_other(a in any::<i32>(), b in any::<i32>()) {
            let (a, b) = (Money::new(a.into(), Currency::KWD), Money::new(b.into(), Currency::KWD));
            prop_assert_eq!(a.plus(b).and_then(|sum| sum.minus(b)), Ok(a));
        }
    }
}
