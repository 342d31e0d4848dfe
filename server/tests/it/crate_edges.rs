//! Who may import whom (ARCHITECTURE.md, "Crates"): read from cargo's own metadata, so that no edge slips in.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

const EDGES: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("migrations", &[]),
    ("simulators", &[]),
    ("store", &["domain", "migrations"]),
    ("connectors", &["domain"]),
    ("engine", &["connectors", "domain", "store"]),
    ("app", &["domain", "engine"]),
    ("frontend", &["app"]),
    ("server", &["app", "domain", "engine", "simulators"]),
];
/// Test-only edges: adapters are proven against the vendors' simulators.
const TEST_EDGES: [(&str, &str); 1] = [("connectors", "simulators")];

#[test]
fn no_crate_imports_what_the_picture_does_not_show() {
    let metadata = MetadataCommand::new().manifest_path("../Cargo.toml").no_deps().exec().unwrap();
    let ours: BTreeSet<_> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let allowed: BTreeMap<_, _> = EDGES.into_iter().collect();
    assert_eq!(ours, allowed.keys().map(|name| (*name).to_owned()).collect(), "every crate stands in the picture");
    for package in &metadata.packages {
        let name = package.name.as_str();
        for dependency in package.dependencies.iter().filter(|dependency| ours.contains(&dependency.name)) {
            let to = dependency.name.as_str();
            let for_tests = dependency.kind == DependencyKind::Development && TEST_EDGES.contains(&(name, to));
            assert!(for_tests || allowed[name].contains(&to), "{name} must not import {to}");
        }
        // The database's own crate is for the store alone; so is turning on its traits for ids.
        let orm =
            package.dependencies.iter().any(|d| d.name == "sea-orm" && d.kind == DependencyKind::Normal && !d.optional);
        assert_eq!(orm, name == "store", "{name} and sea-orm");
    }
}

#[test]
fn leptos_toml_says_what_the_manifest_says() {
    let read = |file: &str| std::fs::read_to_string(format!("../{file}")).unwrap();
    let table = |text: &str| {
        let rest = text.split("[[workspace.metadata.leptos]]").nth(1).unwrap().to_owned();
        let lines = rest
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()));
        lines.collect::<BTreeMap<_, _>>()
    };
    let (manifest, running) = (table(&read("Cargo.toml")), table(&read("Leptos.toml")));
    for (key, value) in running {
        assert_eq!(manifest.get(&key), Some(&value), "{key}");
    }
}
