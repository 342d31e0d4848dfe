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

/// Scripts that another version of the splitter or of wasm-bindgen writes do not fit the program.
#[test]
fn the_tool_that_splits_the_program_has_the_versions_of_its_libraries() {
    let locked = |file: &str, package: &str| {
        let text = std::fs::read_to_string(format!("../{file}")).unwrap();
        let (_, found) = text.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap();
        found.split('"').next().unwrap().to_owned()
    };
    for (library, tool) in
        [("wasm-bindgen", "wasm-bindgen-cli-support"), ("wasm_split_helpers", "wasm_split_cli_support")]
    {
        assert_eq!(locked("Cargo.lock", library), locked("tools/site-wasm/Cargo.lock", tool), "{tool}");
    }
}
