//! docs/reliability.md and docs/behaviours.md name the tests of each fault, invariant and behaviour: here it is held that
//! they are there, so that neither can promise what nobody shows. Nor is there a step at which the process can be made to
//! die and no test lets it.

use std::{collections::BTreeSet, path::Path};

const FAULTS: u32 = 25;
const INVARIANTS: u32 = 12;
/// The rows of docs/behaviours.md.
const BEHAVIOURS: &str = "\
    S2 S5 S24 S25 S26 S27 S28 S29 S30 S31 S32 S33 S34 S35 S39 S40 S41 S52 S53 S54 S57 S65 S66 S88 S89 S90 S91 \
    S92 S93 S94 S95 S96 S97 S98 S99 S100 S101 S102 S103 S104 S105 S106 N1 N4 N5 N6 N12 N15 D1 D2 D3 D4 D5 D6 D7 \
    D8 D9 D10 D19 D21 D22 D24 D30 D31 D32 E14 E20 E21 G27 G28 G29 G34 G35 G42 G43 G44 G45 G46 G47";

#[test]
fn each_fault_and_invariant_has_its_row_and_each_test_that_is_named_is_there() {
    let page = std::fs::read_to_string("../docs/reliability.md").unwrap();
    for fault in 1..=FAULTS {
        assert!(page.contains(&format!("\n| F{fault} |")), "F{fault} has no row");
    }
    for invariant in 1..=INVARIANTS {
        let row = page.lines().find(|line| line.starts_with(&format!("| I{invariant} |")));
        assert!(named(row.unwrap_or_default()).count() > 1, "I{invariant} has no tests");
    }
    assert_tests_are_there(&page);
}

#[test]
fn each_behaviour_has_its_row_with_a_test_of_its_number_or_is_not_there_yet() {
    let page = std::fs::read_to_string("../docs/behaviours.md").unwrap();
    for behaviour in BEHAVIOURS.split_whitespace() {
        let row = page.lines().find(|line| line.starts_with(&format!("| {behaviour} |"))).unwrap_or_default();
        let number = format!("_{}_", behaviour.to_lowercase());
        let is_shown = named(row).any(|test| format!("_{test}").contains(&number));
        assert!(is_shown || row.contains("| Not yet: "), "{behaviour} has no row, or none of its tests has its number");
    }
    for place in quoted(&page).filter(|words| words.contains('/')) {
        assert!(Path::new("..").join(place).exists(), "docs/behaviours.md names {place}");
    }
    assert_tests_are_there(&page);
}

fn assert_tests_are_there(page: &str) {
    let mut sources = String::new();
    for folder in ["../crates", "../server"] {
        read(Path::new(folder), &mut sources);
    }
    let named: Vec<_> = named(page).collect();
    assert!(named.len() > 30, "{named:?}");
    let is_there = |name: &str| {
        let written = [format!("fn {name}("), format!("fn {name}<"), format!("on_both!({name},")];
        written.iter().any(|form| sources.contains(form))
    };
    let missing: Vec<_> = named.into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "the page names what is not there: {missing:?}");
}

#[test]
fn f1_each_step_at_which_the_process_can_die_is_one_at_which_a_test_lets_it() {
    let (mut sources, mut tests) = (String::new(), String::new());
    for folder in ["../crates/engine/src", "../crates/store/src"] {
        read(Path::new(folder), &mut sources);
    }
    read(Path::new("tests"), &mut tests);
    let reached = sources.split("failpoint::reach(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let steps: BTreeSet<_> = reached.collect();
    assert!(steps.len() > 30, "{steps:?}");
    let untried: Vec<_> = steps.into_iter().filter(|step| !tests.contains(&format!("\"{step}\""))).collect();
    assert!(untried.is_empty(), "no test lets the process die at {untried:?}");
}

fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2)
}

/// The tests that are named.
fn named(page: &str) -> impl Iterator<Item = &str> {
    quoted(page).filter(|words| is_test(words))
}

/// Tests have long names; files and settings have others.
fn is_test(words: &str) -> bool {
    words.matches('_').count() > 2 && words.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn read(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
