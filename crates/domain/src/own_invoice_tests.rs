//! What is typed, read exactly or not at all; sums that always add up; and every step in every status.

use super::*;
use proptest::prelude::*;

fn line(milli: i64, unit_minor: i64, ppm: i64) -> Line {
    let (quantity, unit_price) = (Quantity { milli }, Money::new(unit_minor, Currency::NZD));
    Line { description: "Remote support".into(), quantity, unit_price, tax: TaxRate { ppm } }
}

fn typed(quantity: &str, unit_price: &str, tax: &str) -> LineTyped {
    let [quantity, unit_price, tax] = [quantity, unit_price, tax].map(str::to_owned);
    LineTyped { description: "Remote support".into(), quantity, unit_price, tax }
}

fn invoice(lines: Vec<LineTyped>) -> InvoiceTyped {
    InvoiceTyped { date: "2026-11-25".into(), lines, ..InvoiceTyped::default() }
}

fn wrong_fields(invoice: &InvoiceTyped) -> Vec<String> {
    let wrong = invoice.read(Currency::NZD, 14).expect_err("something is wrong");
    wrong.into_iter().map(|wrong| wrong.field).collect()
}

#[test]
fn d12_each_figure_is_rounded_once_half_away_from_zero() {
    let minor = |lines: &[Line], prices| {
        let sums = Sums::of(lines, prices, Currency::NZD).expect("it fits");
        (sums.net.minor, sums.tax.minor, sums.total.minor)
    };
    for (lines, excluded, included) in [
        (vec![line(3_000, 14_000, 150_000)], (42_000, 6_300, 48_300), (36_522, 5_478, 42_000)),
        // Half a cent of a line goes up, and down where it is taken off.
        (vec![line(500, 1, 0)], (1, 0, 1), (1, 0, 1)),
        (vec![line(1_000, 10, 0), line(500, -1, 0)], (9, 0, 9), (9, 0, 9)),
        // Three times 0.05 of tax, each of which were 0.01 by itself, and together 0.02.
        (vec![line(1_000, 5, 100_000); 3], (15, 2, 17), (14, 1, 15)),
        (vec![line(1_000, 1_000, 150_000), line(1_000, 1_000, 0)], (2_000, 150, 2_150), (1_870, 130, 2_000)),
    ] {
        assert_eq!(minor(&lines, Prices::TaxExcluded), excluded, "{lines:?}");
        assert_eq!(minor(&lines, Prices::TaxIncluded), included, "{lines:?}");
    }
    let two = [line(1_000, 1_000, 150_000), line(1_000, 1_000, 0)];
    let sums = Sums::of(&two, Prices::TaxExcluded, Currency::NZD).expect("it fits");
    assert_eq!(sums.taxes, [(TaxRate { ppm: 150_000 }, Money::new(150, Currency::NZD))], "no rate, no line of tax");
    let dollars = Sums::of(&two, Prices::TaxExcluded, Currency::USD);
    assert_eq!(dollars, Err(MoneyError::Currencies(Currency::USD, Currency::NZD)));
    assert_eq!(Sums::of(&[line(i64::MAX, i64::MAX, 0)], Prices::TaxExcluded, Currency::NZD), Err(MoneyError::TooLarge));
}

#[test]
fn d12_quantities_and_rates_are_read_exactly_or_not_at_all() {
    for (text, milli) in [
        ("1", Some(1_000)),
        (" 2.5 ", Some(2_500)),
        (".5", Some(500)),
        ("0.125", Some(125)),
        ("1.5000", Some(1_500)),
        ("1.", Some(1_000)),
        ("0", None),
        ("0.0001", None),
        ("1,5", None),
        ("-1", None),
        (".", None),
        ("", None),
        ("1e3", None),
        ("1234567890", None),
    ] {
        assert_eq!(Quantity::from_typed(text).map(|quantity| quantity.milli), milli, "{text:?}");
    }
    for (text, ppm) in [
        ("15", Some(150_000)),
        ("12.5%", Some(125_000)),
        ("8.875 %", Some(88_750)),
        ("0", Some(0)),
        ("", Some(0)),
        ("100", Some(1_000_000)),
        ("100.0001", None),
        ("-1", None),
        ("GST", None),
        ("8.87512", None),
    ] {
        assert_eq!(TaxRate::from_typed(text).map(|rate| rate.ppm), ppm, "{text:?}");
    }
    assert_eq!(
        (Quantity { milli: 1_500 }.to_string(), TaxRate { ppm: 88_750 }.percent()),
        ("1.5".into(), "8.875".into())
    );
    assert_eq!((Quantity { milli: 10_000 }.to_string(), TaxRate { ppm: 0 }.percent()), ("10".into(), "0".into()));
}

#[test]
fn an_invoice_is_due_by_its_own_date_or_by_the_customers_terms() {
    let read = |invoice: &InvoiceTyped| invoice.read(Currency::NZD, 14).expect("it is right");
    let plain = invoice(vec![typed("3", "140.00", "15"), LineTyped::default()]);
    let by_terms = read(&plain);
    assert_eq!((by_terms.date.to_string(), by_terms.due_date.to_string()), ("2026-11-25".into(), "2026-12-09".into()));
    assert_eq!((by_terms.lines.len(), by_terms.sums.total.minor, by_terms.number), (1, 48_300, None));
    let own = InvoiceTyped { due_date: "2026-11-30".into(), number: " HT-7 ".into(), tax_included: true, ..plain };
    let own = read(&own);
    assert_eq!((own.due_date.to_string(), own.number.as_deref()), ("2026-11-30".into(), Some("HT-7")));
    assert_eq!(own.sums.total.minor, 42_000);
}

#[test]
fn all_that_is_wrong_is_named_by_its_field_at_once() {
    let right = || vec![typed("3", "140.00", "15")];
    assert_eq!(wrong_fields(&invoice(vec![LineTyped::default()])), ["description-1"]);
    let nonsense = LineTyped { description: " ".into(), ..typed("many", "1,5", "GST") };
    let lines = vec![typed("1", "1", ""), nonsense];
    assert_eq!(wrong_fields(&invoice(lines)), ["description-2", "quantity-2", "unit_price-2", "tax-2"]);
    for (date, due_date, fields) in [
        ("25.11.2026", "", vec!["date"]),
        ("2026-11-25", "soon", vec!["due_date"]),
        ("2026-11-25", "2026-11-24", vec!["due_date"]),
        ("2026-02-30", "2026-11-24", vec!["date"]),
        ("1926-11-25", "", vec!["date"]),
    ] {
        let dated = InvoiceTyped { date: date.into(), due_date: due_date.into(), ..invoice(right()) };
        assert_eq!(wrong_fields(&dated), fields, "{date} {due_date}");
    }
    for number in ["a b", "<b>", &"9".repeat(41)] {
        assert_eq!(wrong_fields(&InvoiceTyped { number: number.into(), ..invoice(right()) }), ["number"]);
    }
    assert_eq!(wrong_fields(&InvoiceTyped { notes: "x".repeat(2_001), ..invoice(right()) }), ["notes"]);
    for lines in [
        vec![typed("1", "0", "")],
        vec![typed("1", "5.00", ""), typed("1", "-5.00", "")],
        vec![typed("999999999", "999999999", "")],
    ] {
        assert_eq!(wrong_fields(&invoice(lines)), ["unit_price-1"]);
    }
    assert_eq!(wrong_fields(&invoice(vec![typed("1", "1", ""); LINES_MAX + 1])), ["description-1"]);
}

#[test]
fn a_series_goes_on_with_the_last_digits_of_its_next_number() {
    for (typed, read) in [
        ("HT-1003", Some(("HT-", 1_003, 4))),
        (" INV-2026-0042 ", Some(("INV-2026-", 42, 4))),
        ("7", Some(("", 7, 1))),
        ("INV-", None),
        ("INV 7", None),
        ("", None),
        ("1234567890123", None),
    ] {
        assert_eq!(read_series(typed), read.map(|(prefix, next, digits)| (prefix.to_owned(), next, digits)), "{typed}");
    }
}

#[test]
fn every_step_in_every_status() {
    use {InvoiceStatus as I, NotNow as N, Step as S};
    for (step, status, paid_on, being_paid, may) in [
        (S::Change, I::Draft, false, false, Ok(())),
        (S::Change, I::Open, false, false, Err(N::Issued)),
        (S::Change, I::Paid, true, false, Err(N::Issued)),
        (S::Change, I::Void, false, false, Err(N::Void)),
        (S::Issue, I::Draft, false, false, Ok(())),
        (S::Issue, I::Open, false, false, Err(N::Issued)),
        (S::Issue, I::Paid, true, false, Err(N::Issued)),
        (S::Issue, I::Void, false, false, Err(N::Void)),
        (S::Void, I::Draft, false, false, Ok(())),
        (S::Void, I::Open, false, false, Ok(())),
        (S::Void, I::Open, true, false, Err(N::PaidOn)),
        (S::Void, I::Open, false, true, Err(N::BeingPaid)),
        (S::Void, I::Open, true, true, Err(N::BeingPaid)),
        (S::Void, I::Paid, true, false, Err(N::PaidOn)),
        (S::Void, I::Void, false, false, Err(N::Void)),
        (S::Pay, I::Draft, false, false, Err(N::NotIssued)),
        (S::Pay, I::Open, true, false, Ok(())),
        (S::Pay, I::Open, false, true, Err(N::BeingPaid)),
        (S::Pay, I::Paid, true, false, Err(N::NothingDue)),
        (S::Pay, I::Void, false, false, Err(N::Void)),
        (S::Credit, I::Draft, false, false, Err(N::NotIssued)),
        (S::Credit, I::Open, true, false, Ok(())),
        (S::Credit, I::Open, false, true, Err(N::BeingPaid)),
        (S::Credit, I::Paid, true, false, Ok(())),
        (S::Credit, I::Void, false, false, Err(N::Void)),
    ] {
        assert_eq!(step.may(status, paid_on, being_paid), may, "{step:?} {status:?} {paid_on} {being_paid}");
    }
}

proptest! {
    #[test]
    fn d12_net_and_tax_add_up_and_no_tax_is_off_by_a_whole_cent(
        lines in proptest::collection::vec((1_i64..1_000_000, -1_000_000_i64..1_000_000, 0_i64..=1_000_000), 1..30),
        is_included in any::<bool>(),
    ) {
        let prices = if is_included { Prices::TaxIncluded } else { Prices::TaxExcluded };
        let lines: Vec<_> = lines.into_iter().map(|(milli, unit, ppm)| line(milli, unit, ppm)).collect();
        let sums = Sums::of(&lines, prices, Currency::NZD).expect("it fits");
        prop_assert_eq!(sums.net.plus(sums.tax), Ok(sums.total));
        let stated = lines.iter().map(|line| line.amount().expect("it fits").minor).sum::<i64>();
        prop_assert_eq!(stated, if is_included { sums.total.minor } else { sums.net.minor });
        // Against floats, which are exact enough here: one rounding for each rate, none of them past half a cent.
        let rates: std::collections::BTreeSet<_> = lines.iter().map(|line| line.tax.ppm).collect();
        let exact: f64 = lines.iter().map(|line| {
            let whole = if is_included { 1e6 + line.tax.ppm as f64 } else { 1e6 };
            line.amount().expect("it fits").minor as f64 * line.tax.ppm as f64 / whole
        }).sum();
        prop_assert!((exact - sums.tax.minor as f64).abs() <= 0.5 * rates.len() as f64 + 1e-3);
    }

    #[test]
    fn d12_the_order_of_lines_decides_nothing(
        lines in proptest::collection::vec((1_i64..100_000, -100_000_i64..100_000, 0_i64..=300_000), 1..12),
    ) {
        let mut lines: Vec<_> = lines.into_iter().map(|(milli, unit, ppm)| line(milli, unit, ppm)).collect();
        let there = Sums::of(&lines, Prices::TaxExcluded, Currency::NZD);
        lines.reverse();
        prop_assert_eq!(there, Sums::of(&lines, Prices::TaxExcluded, Currency::NZD));
    }

    #[test]
    fn d12_what_is_printed_is_read_back(milli in 1_i64..999_999_999_999, ppm in 0_i64..=1_000_000) {
        prop_assert_eq!(Quantity::from_typed(&Quantity { milli }.to_string()), Some(Quantity { milli }));
        prop_assert_eq!(TaxRate::from_typed(&TaxRate { ppm }.percent()), Some(TaxRate { ppm }));
    }
}
