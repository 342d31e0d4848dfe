//! Who may import whom (ARCHITECTURE.md, "Crates"): read from cargo's own metadata, so that no edge slips in.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const EDGES: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("migrations", &[]),
    ("simulators", &[]),
    ("store", &["domain", "migrations"]),
    ("connectors", &["domain"]),
    ("documents", &["domain"]),
    ("engine", &["connectors", "documents", "domain", "store"]),
    ("app", &["domain", "engine"]),
    ("frontend", &["app"]),
    ("server", &["app", "domain", "engine", "simulators"]),
];
/// Test-only edges: adapters are proven against the vendors' simulators.
const TEST_EDGES: [(&str, &str); 1] = [("connectors", "simulators")];

/// Where settings and secrets of a vendor's are known by its name, and its adapter is chosen.
const NAME_VENDORS: [&str; 4] =
    ["engine/src/connection_settings.rs", "engine/src/connections.rs", "engine/src/lib.rs", "engine/src/live_books.rs"];
const VENDORS: [&str; 11] = [
    "authorize.net",
    "authorizenet",
    "global payments",
    "globalpayments",
    "gp-api",
    "integrapay",
    "intuit",
    "payrix",
    "quickbooks",
    "stripe",
    "xero",
];

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

/// What a vendor can do is data (`Capabilities`). Comments may say of whom something was learned.
#[test]
fn neither_domain_nor_engine_names_a_vendor_but_where_its_adapter_is_chosen() {
    let names_one = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap().to_lowercase();
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.any(|line| VENDORS.iter().any(|vendor| line.contains(vendor)))
    };
    let files = ["domain", "engine"].map(|name| sources(&Path::new("../crates").join(name).join("src")));
    let naming: BTreeSet<_> = files.into_iter().flatten().filter(names_one).collect();
    assert_eq!(naming, NAME_VENDORS.iter().map(|file| Path::new("../crates").join(file)).collect());
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Scripts that another version of the splitter or of wasm-bindgen writes do not fit the program.
#[test]
fn the_tool_that_splits_the_program_has_the_versions_of_its_libraries() {
    let locked = |file: &str, package: &str| {
        let text = fs::read_to_string(format!("../{file}")).unwrap();
        let (_, found) = text.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap();
        found.split('"').next().unwrap().to_owned()
    };
    for (library, tool) in
        [("wasm-bindgen", "wasm-bindgen-cli-support"), ("wasm_split_helpers", "wasm_split_cli_support")]
    {
        assert_eq!(locked("Cargo.lock", library), locked("tools/site-wasm/Cargo.lock", tool), "{tool}");
    }
}
