//! docs/reliability.md names the tests of each fault and invariant: here it is held that they are there, so that it cannot
//! promise what nobody shows. Nor is there a step at which the process can be made to die and no test lets it.

use std::{collections::BTreeSet, path::Path};

const FAULTS: u32 = 25;
const INVARIANTS: u32 = 12;

#[test]
fn each_fault_and_invariant_has_its_row_and_each_test_that_is_named_is_there() {
    let page = std::fs::read_to_string("../docs/reliability.md").unwrap();
    for fault in 1..=FAULTS {
        assert!(page.contains(&format!("\n| F{fault} |")), "F{fault} has no row");
    }
    for invariant in 1..=INVARIANTS {
        let row = page.lines().find(|line| line.starts_with(&format!("| I{invariant} |")));
        let tests = row.unwrap_or_default().split('`').skip(1).step_by(2).filter(|words| is_test(words));
        assert!(tests.count() > 1, "I{invariant} has no tests");
    }
    let mut sources = String::new();
    for folder in ["../crates", "../server"] {
        read(Path::new(folder), &mut sources);
    }
    let named: Vec<_> = page.split('`').skip(1).step_by(2).filter(|words| is_test(words)).collect();
    assert!(named.len() > 30, "{named:?}");
    let is_there = |name: &str| {
        let written = [format!("fn {name}("), format!("fn {name}<"), format!("on_both!({name},")];
        written.iter().any(|form| sources.contains(form))
    };
    let missing: Vec<_> = named.into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "docs/reliability.md names what is not there: {missing:?}");
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
