use super::*;
use crate::surcharge_law::BadPlace;
use proptest::prelude::*;

const ACCOUNT: &str = r#""account": "260""#;

fn policy(place: &str, rules: &[&str]) -> Policy {
    let rules: Vec<_> = rules.iter().map(|rule| format!("{{{rule}, {ACCOUNT}}}")).collect();
    let text = format!(r#"{{"place": "{place}", "rules": [{}]}}"#, rules.join(","));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn card(brand: Brand, funding: Funding) -> PaidBy {
    PaidBy::Card(Some(CardKind { brand, funding }))
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, code.parse().expect("a currency"))
}

fn minor(policy: &Policy, paid_by: PaidBy, amount: Money, on: &str) -> i64 {
    policy.on(paid_by, amount, day(on)).expect("an amount").map_or(0, |added| added.amount.minor)
}

const VISA: PaidBy = PaidBy::Card(Some(CardKind { brand: Brand::Visa, funding: Funding::Credit }));

#[test]
fn n12_each_rule_has_its_vector() {
    const RATE: &str = r#""rate_ppm": 15000"#;
    const FIXED: &str = r#""fixed_minor": 30, "currency": "NZD""#;
    for (place, rule, paid_by, amount, on, added) in [
        ("NZ", RATE, VISA, money(10_000, "NZD"), "2026-12-01", 150),
        // Half a minor unit and more is one.
        ("NZ", RATE, VISA, money(33, "NZD"), "2026-12-01", 0),
        ("NZ", RATE, VISA, money(34, "NZD"), "2026-12-01", 1),
        ("NZ", RATE, VISA, money(100, "NZD"), "2026-12-01", 2),
        ("NZ", RATE, VISA, money(120_450, "JPY"), "2026-12-01", 1_807),
        ("NZ", RATE, VISA, money(1_204_500, "KWD"), "2026-12-01", 18_068),
        ("NZ", RATE, card(Brand::Visa, Funding::Debit), money(10_000, "NZD"), "2026-12-01", 0),
        ("NZ", RATE, card(Brand::Visa, Funding::Prepaid), money(10_000, "NZD"), "2026-12-01", 0),
        ("NZ", RATE, card(Brand::Visa, Funding::Unknown), money(10_000, "NZD"), "2026-12-01", 0),
        ("NZ", RATE, PaidBy::BankDebit, money(10_000, "NZD"), "2026-12-01", 0),
        ("NZ", RATE, PaidBy::Card(None), money(10_000, "NZD"), "2026-12-01", 0),
        ("NZ", FIXED, VISA, money(10_000, "NZD"), "2026-12-01", 30),
        ("NZ", FIXED, VISA, money(10_000, "USD"), "2026-12-01", 0),
        (
            "NZ",
            r#""rate_ppm": 15000, "fixed_minor": 30, "cap_minor": 100, "currency": "NZD""#,
            VISA,
            money(10_000, "NZD"),
            "2026-12-01",
            100,
        ),
        ("NZ", r#""rate_ppm": 9000, "funding": "any""#, PaidBy::Card(None), money(10_000, "NZD"), "2026-12-01", 90),
        (
            "NZ",
            r#""rate_ppm": 9000, "funding": "debit""#,
            card(Brand::Jcb, Funding::Debit),
            money(10_000, "NZD"),
            "2026-12-01",
            90,
        ),
        (
            "NZ",
            r#""channel": "bank_debit", "fixed_minor": 50, "currency": "NZD""#,
            PaidBy::BankDebit,
            money(10_000, "NZD"),
            "2026-12-01",
            50,
        ),
        ("NZ", r#""rate_ppm": 15000, "from": "2026-12-02""#, VISA, money(10_000, "NZD"), "2026-12-01", 0),
        ("NZ", r#""rate_ppm": 15000, "from": "2026-12-01""#, VISA, money(10_000, "NZD"), "2026-12-01", 150),
        ("NZ", r#""rate_ppm": 15000, "to": "2026-12-01""#, VISA, money(10_000, "NZD"), "2026-12-01", 150),
        ("NZ", r#""rate_ppm": 15000, "to": "2026-11-30""#, VISA, money(10_000, "NZD"), "2026-12-01", 0),
        ("US-TX", r#""rate_ppm": 15000, "jurisdiction": "US""#, VISA, money(10_000, "USD"), "2026-12-01", 150),
        ("US-TX", r#""rate_ppm": 15000, "jurisdiction": "US-NY""#, VISA, money(10_000, "USD"), "2026-12-01", 0),
    ] {
        assert_eq!(minor(&policy(place, &[rule]), paid_by, amount, on), added, "{rule} {paid_by:?} {amount:?} {on}");
    }
}

#[test]
fn g25_no_rule_takes_more_than_its_place_allows() {
    let greedy = r#""rate_ppm": 60000, "funding": "any""#;
    for (place, paid_by, on, added) in [
        ("US-TX", VISA, "2026-12-01", 300),
        ("US-TX", card(Brand::Mastercard, Funding::Credit), "2026-12-01", 400),
        ("US-TX", card(Brand::Visa, Funding::Debit), "2026-12-01", 0),
        ("US-TX", card(Brand::Visa, Funding::Prepaid), "2026-12-01", 0),
        ("US-TX", card(Brand::Visa, Funding::Unknown), "2026-12-01", 0),
        ("US-TX", PaidBy::Card(None), "2026-12-01", 0),
        ("US-CO", VISA, "2026-12-01", 200),
        ("US-CT", VISA, "2026-12-01", 0),
        ("US-PR", VISA, "2026-12-01", 0),
        ("AU", VISA, "2026-09-30", 600),
        ("AU", VISA, "2026-10-01", 0),
        ("AU-NSW", card(Brand::Amex, Funding::Credit), "2026-10-01", 600),
        ("AU", PaidBy::Card(None), "2026-10-01", 0),
    ] {
        let amount = money(10_000, "USD");
        assert_eq!(minor(&policy(place, &[greedy]), paid_by, amount, on), added, "{place} {paid_by:?} {on}");
    }
}

#[test]
fn n12_the_most_precise_rule_wins_wherever_it_stands() {
    let (any, amex) = (r#""rate_ppm": 9000, "funding": "any""#, r#""rate_ppm": 20000, "brand": "amex""#);
    let (credit, here) = (r#""rate_ppm": 15000"#, r#""rate_ppm": 17000, "jurisdiction": "NZ""#);
    let amount = money(10_000, "NZD");
    for rules in [[any, amex, credit, here], [here, credit, amex, any]] {
        let policy = policy("NZ", &rules);
        assert!(policy.faults().is_empty(), "{rules:?}");
        for (paid_by, added) in [
            (card(Brand::Amex, Funding::Credit), 200),
            (card(Brand::Amex, Funding::Debit), 90),
            (VISA, 170),
            (card(Brand::Other, Funding::Unknown), 90),
            (PaidBy::Card(None), 0),
        ] {
            assert_eq!(minor(&policy, paid_by, amount, "2026-12-01"), added, "{paid_by:?}");
        }
    }
}

#[test]
fn n12_a_rule_that_makes_no_sense_is_named_with_its_reason() {
    let fine = r#""rate_ppm": 15000"#;
    for (rules, n, why) in [
        (vec![fine, r#""brand": "visa""#], 1, BadRule::AddsNothing),
        (vec![r#""fixed_minor": -1, "currency": "NZD""#], 0, BadRule::BelowZero),
        (vec![r#""rate_ppm": 1000000"#], 0, BadRule::TooHigh),
        (vec![r#""fixed_minor": 30"#], 0, BadRule::NoCurrency),
        (vec![r#""rate_ppm": 1, "cap_minor": 30"#], 0, BadRule::NoCurrency),
        (vec![r#""rate_ppm": 1, "from": "2026-12-02", "to": "2026-12-01""#], 0, BadRule::EndsFirst),
        (vec![r#""rate_ppm": 1, "channel": "bank_debit", "brand": "visa""#], 0, BadRule::NoCards),
        (vec![r#""rate_ppm": 1, "jurisdiction": "US", "funding": "debit""#], 0, BadRule::Forbidden),
        (vec![r#""rate_ppm": 1, "jurisdiction": "US-MA""#], 0, BadRule::Forbidden),
        (vec![r#""rate_ppm": 1"#, r#""rate_ppm": 1, "brand": "visa""#, fine], 2, BadRule::SameAs(1)),
        (vec![r#""rate_ppm": 1, "to": "2026-12-01""#, r#""rate_ppm": 2, "from": "2026-12-01""#], 1, BadRule::SameAs(1)),
    ] {
        assert_eq!(policy("NZ", &rules).faults(), [(n, why)], "{rules:?}");
    }
    let one_after_the_other = [r#""rate_ppm": 1, "to": "2026-11-30""#, r#""rate_ppm": 2, "from": "2026-12-01""#];
    assert!(policy("NZ", &one_after_the_other).faults().is_empty());
    for place in ["", "nz", "NZL", "US-", "US-TEXAS", "US_TX"] {
        assert_eq!(Place::try_from(place.to_owned()), Err(BadPlace), "{place}");
    }
}

#[test]
fn n12_what_applies_to_which_card_is_said_before_one_is_chosen() {
    let rules = [
        r#""rate_ppm": 15000"#,
        r#""brand": "amex", "rate_ppm": 20000, "fixed_minor": 30, "cap_minor": 500, "currency": "NZD""#,
        r#""brand": "visa", "funding": "debit", "rate_ppm": 2500, "from": "2027-01-01""#,
        r#""channel": "bank_debit", "fixed_minor": 50, "currency": "NZD""#,
    ];
    let words = |place, rules: &[&str], on, currency: &str| {
        policy(place, rules).words(currency.parse().expect("a currency"), day(on), Locale::EnNz)
    };
    let said = |place, on, currency| words(place, &rules, on, currency);
    assert_eq!(
        said("NZ", "2026-12-01", "NZD").as_deref(),
        Some(
            "American Express credit cards 2\u{a0}% + $0.30, at most $5.00; other credit cards 1.5\u{a0}%; bank debits $0.50"
        )
    );
    assert_eq!(
        said("NZ", "2027-01-01", "USD").as_deref(),
        Some("Visa debit cards 0.25\u{a0}%; credit cards 1.5\u{a0}%")
    );
    assert_eq!(said("US-CT", "2026-12-01", "USD"), None, "nothing is taken there, so nothing is announced");

    let (high, any) = (r#""rate_ppm": 50000"#, r#""rate_ppm": 10000, "funding": "any""#);
    let here = r#""rate_ppm": 17000, "jurisdiction": "NZ""#;
    for (place, rules, said) in [
        ("US-TX", vec![high], "credit cards 5\u{a0}%, or less where the law says so"),
        ("NZ", vec![high], "credit cards 5\u{a0}%"),
        ("NZ", vec![any, high], "credit cards 5\u{a0}%; other cards 1\u{a0}%"),
        ("NZ", vec![high, here], "credit cards 1.7\u{a0}%"),
        ("US-TX", vec![any, rules[0]], "credit cards 1.5\u{a0}%"),
    ] {
        assert_eq!(words(place, &rules, "2026-12-01", "USD").as_deref(), Some(said), "{place} {rules:?}");
    }
}

proptest! {
    #[test]
    fn d12_a_surcharge_is_never_negative_and_never_above_cap_or_law(
        minor_of in 1i64..1_000_000_000_000, rate in 1u32..999_999, cap in 0i64..10_000,
    ) {
        let rule = format!(r#""rate_ppm": {rate}, "cap_minor": {cap}, "currency": "USD""#);
        let added = minor(&policy("US-CO", &[rule.as_str()]), VISA, money(minor_of, "USD"), "2026-12-01");
        prop_assert!((0..=cap).contains(&added));
        prop_assert!(i128::from(added) * 1_000_000 <= i128::from(minor_of) * 20_000);
    }
}
