//! Documents as archives, screen readers and people get them. `DOCUMENTS_DIR=folder` keeps those of these tests there, for eyes.

use crate::{
    CreditNote, CustomerStatement, Invoice, Party,
    compose::{Composition, Ink, Mark, Role, compose},
    sheet::Sheet,
    typeset::Fonts,
};
use chrono::NaiveDate;
use domain::{
    money::{Currency, Locale, Money},
    own_invoice::{Line, Prices, Quantity, Sums, TaxRate},
    own_statement::{Movement, Statement},
};
use proptest::prelude::*;
use std::{env, fs, path::PathBuf};

fn nzd(minor: i64) -> Money {
    Money::new(minor, Currency::NZD)
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).expect("a day of November")
}

fn sender() -> Party {
    Party {
        name: "Harbour Tech".into(),
        address: "1 Quay Street\nAuckland 1010".into(),
        tax_number: Some("123-456-789".into()),
        email: Some("billing@harbour.test".into()),
    }
}

fn recipient() -> Party {
    Party {
        name: "Łódź Ágnes & Māori Dental".into(), address: "7 Hill Road\n\nWellington".into(), ..Party::default()
    }
}

fn line(description: &str, milli: i64, unit: Money) -> Line {
    let (quantity, tax) = (Quantity { milli }, TaxRate { ppm: 150_000 });
    Line { description: description.into(), quantity, unit_price: unit, tax }
}

fn invoice_of(lines: Vec<Line>) -> Invoice {
    let currency = lines[0].unit_price.currency;
    let sums = Sums::of(&lines, Prices::TaxExcluded, currency).expect("they add up");
    Invoice {
        locale: Locale::EnNz,
        from: sender(),
        to: recipient(),
        number: "HT-1003".into(),
        date: day(25),
        due_date: day(30),
        prices: Prices::TaxExcluded,
        lines,
        due: sums.total,
        sums,
        credited: Money::zero(currency),
        notes: "Thank you.\n\nPlease pay within the terms.".into(),
        portal: "https://pay.example.com".into(),
    }
}

fn invoice() -> Invoice {
    invoice_of(vec![
        line(
            "Remote support, three visits to the office in Ponsonby and the report that was asked for",
            3_000,
            nzd(14_000),
        ),
        line("Cable", 1_500, nzd(999)),
    ])
}

fn composed(sheet: &Sheet) -> Composition {
    compose(&Fonts::new(), sheet)
}

fn sheet(invoice: &Invoice) -> Sheet {
    invoice.sheet().expect("it adds up")
}

/// What stands on it, with its page.
fn words(composition: &Composition) -> Vec<(usize, &Mark, &str)> {
    let marks = composition.marks.iter();
    marks
        .filter_map(|mark| match &mark.ink {
            Ink::Words(run, _) => Some((mark.page, mark, run.text.trim_end())),
            Ink::Rule(_) => None,
        })
        .collect()
}

fn says(composition: &Composition, wanted: &str) -> bool {
    words(composition).iter().any(|(.., text)| *text == wanted)
}

fn assert_nothing_stands_outside(composition: &Composition) {
    let (width, height) = composition.size;
    for (page, mark, text) in words(composition) {
        let Ink::Words(run, style) = &mark.ink else { continue };
        let end = mark.x + run.em * style.size;
        assert!(mark.x >= 53.9 && end <= width - 50.0, "{text} ends at {end} of {width} on page {page}");
        assert!(mark.y >= 54.0 && mark.y <= height - 40.0, "{text} stands at {} of {height} on page {page}", mark.y);
    }
}

fn keep(name: &str, pdf: &[u8]) {
    if let Some(folder) = env::var_os("DOCUMENTS_DIR") {
        fs::write(PathBuf::from(folder).join(name), pdf).expect("the folder takes it");
    }
}

#[test]
fn d21_the_same_document_is_the_same_bytes_and_another_amount_is_another_document() {
    let pdf = |invoice: &Invoice| invoice.pdf().expect("a document");
    let first = pdf(&invoice());
    assert_eq!(first, pdf(&invoice()));
    assert_ne!(first, pdf(&Invoice { due: nzd(1), ..invoice() }));
    assert_ne!(first, pdf(&Invoice { number: "HT-1004".into(), ..invoice() }));
    let words = |invoice: &Invoice| sheet(invoice).words();
    assert_eq!(words(&invoice()), words(&invoice()));
    let elsewhere = Party { address: "2 Quay Street".into(), ..sender() };
    for other in [
        Invoice { due: nzd(1), ..invoice() },
        Invoice { from: elsewhere, ..invoice() },
        Invoice { notes: String::new(), ..invoice() },
        Invoice { portal: "https://elsewhere.example.com".into(), ..invoice() },
        Invoice { locale: Locale::EnAu, ..invoice() },
    ] {
        assert_ne!(words(&invoice()), words(&other));
    }
}

#[test]
fn s57_archives_and_screen_readers_find_what_they_ask_for() {
    let note = CreditNote {
        locale: Locale::EnNz,
        from: sender(),
        to: recipient(),
        number: "CN-0001".into(),
        date: day(26),
        invoice_number: "HT-1003".into(),
        reason: "One visit less".into(),
        lines: Vec::new(),
        prices: Prices::TaxExcluded,
        total: nzd(16_100),
        tax: nzd(2_100),
        left: nzd(1_000),
    };
    let movement = |on, what: &str, minor| Movement { date: day(on), what: what.into(), amount: nzd(minor) };
    let moved = vec![movement(2, "Invoice HT-1001", 42_000), movement(9, "Payment of HT-1001", -42_000)];
    let moved = moved.into_iter().chain([movement(25, "Invoice HT-1003", 50_000)]).collect();
    let statement = Statement::of(moved, (day(3), day(30)), Currency::NZD).expect("it adds up");
    let portal = "https://pay.example.com".into();
    let statement = CustomerStatement { locale: Locale::EnNz, from: sender(), to: recipient(), statement, portal };
    let paid = Invoice { due: nzd(0), credited: nzd(16_100), ..invoice() };
    for (name, title, pdf) in [
        ("invoice.pdf", "Tax invoice HT-1003 – Harbour Tech", invoice().pdf()),
        ("paid.pdf", "Tax invoice HT-1003 – Harbour Tech", paid.pdf()),
        ("credit-note.pdf", "Credit note CN-0001 – Harbour Tech", note.pdf()),
        ("statement.pdf", "Statement Łódź Ágnes &amp; Māori Dental – Harbour Tech", statement.pdf()),
    ] {
        let pdf = pdf.expect("a document");
        keep(name, &pdf);
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-1.7"), "{name}");
        for part in
            ["pdfaid:part>2<", "pdfaid:conformance>A<", "pdfuaid:part>1<", "NPages>1<", "/StructTreeRoot", "/TH", title]
        {
            assert!(text.contains(part), "{name} has no {part}: {text}");
        }
    }
    let (due, paid) = (composed(&sheet(&invoice())), composed(&sheet(&paid)));
    for wanted in
        ["$500.24 due 30 Nov 2026", "Amount due NZD", "Total NZD", "Tax 15%", "Page 1 of 1", "GST number 123-456-789"]
    {
        assert!(says(&due, wanted), "{wanted}");
    }
    assert!(due.marks.iter().any(|mark| mark.link.as_deref() == Some("https://pay.example.com")));
    for wanted in ["Paid in full", "\u{2212}$161.00", "\u{2212}$339.24", "$0.00"] {
        assert!(says(&paid, wanted), "{wanted}");
    }
    assert!(paid.marks.iter().all(|mark| mark.link.is_none()), "nothing is to be paid");
    let statement = composed(&statement.sheet());
    for wanted in ["Balance before", "$420.00", "\u{2212}$420.00", "$500.00 owed on 30 Nov 2026"] {
        assert!(says(&statement, wanted), "{wanted}");
    }
    let note_sheet = composed(&note.sheet().expect("it adds up"));
    assert!(says(&note_sheet, "Left for other invoices") && says(&note_sheet, "One visit less"));
    let itemised = CreditNote { lines: vec![line("Remote support, one visit", 1_000, nzd(14_000))], ..note };
    let itemised = composed(&itemised.sheet().expect("it adds up"));
    for wanted in ["Remote support, one visit", "Unit price", "$140.00", "15%", "Reason", "One visit less", "$161.00"] {
        assert!(says(&itemised, wanted), "{wanted}");
    }
}

#[test]
fn a_long_invoice_goes_on_under_its_own_head_and_loses_no_line() {
    let lines = (1..=200).map(|n| line(&format!("Visit number {n}"), 1_000, nzd(100))).collect();
    let long = invoice_of(lines);
    let composition = composed(&sheet(&long));
    assert!(composition.pages > 4, "{}", composition.pages);
    assert_nothing_stands_outside(&composition);
    for n in 1..=200 {
        assert!(says(&composition, &format!("Visit number {n}")), "{n}");
    }
    for page in 0..composition.pages {
        let here: Vec<_> = words(&composition).into_iter().filter(|(at, ..)| *at == page).collect();
        let heads =
            here.iter().filter(|(_, mark, text)| *text == "Description" && (page == 0) == (mark.role == Role::Content));
        assert!(heads.count() == 1 || !here.iter().any(|(.., text)| text.starts_with("Visit")), "page {page}");
        assert!(here.iter().any(|(.., text)| *text == format!("Page {} of {}", page + 1, composition.pages)));
    }
    let pdf = long.pdf().expect("a document");
    keep("long.pdf", &pdf);
    assert!(String::from_utf8_lossy(&pdf).contains(&format!("NPages>{}<", composition.pages)));
}

#[test]
fn s57_odd_names_long_words_and_large_sums_stay_on_their_page() {
    let kwd = Money::new(123_456_789_012, Currency::KWD);
    let word = "x".repeat(300);
    let odd = invoice_of(vec![line(&word, 1_000, kwd), line("漢字 \u{202e}مرحبا 🙂 \u{e000}\u{fffe}", 1, kwd)]);
    let odd = Invoice {
        locale: Locale::EnUs,
        from: Party { name: word.clone(), address: "a line\n".repeat(40), tax_number: Some(word.clone()), email: None },
        to: Party { name: "שלום ג".repeat(30), address: word.repeat(2), ..Party::default() },
        number: "Ré 7/8 漢".into(),
        notes: "y".repeat(2_000),
        portal: format!("https://pay.example.com/{word}"),
        ..odd
    };
    assert_nothing_stands_outside(&composed(&sheet(&odd)));
    keep("odd.pdf", &odd.pdf().expect("a document"));
}

fn any_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..60).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    // Each is drawn whole.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_was_typed_is_printed(name in any_text(), description in any_text(), notes in any_text()) {
        let odd = invoice_of(vec![line(&description, 1_000, nzd(100))]);
        let to = Party { name: name.clone(), address: notes.clone(), ..Party::default() };
        let odd = Invoice { to, number: name, notes, ..odd };
        let pdf = odd.pdf();
        prop_assert!(pdf.is_ok(), "{:?}", pdf.err());
    }
}
