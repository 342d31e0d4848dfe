//! The names of the built files, read once at start: scripts/site.mjs puts a hash into each, so that browsers may keep
//! them for ever. Without a build (tests of the server alone) the plain names are used.

use leptos::{WasmSplitManifest, prelude::*};
use std::{collections::HashMap, path::Path, sync::Arc};

/// What every rendered page links to, and whose it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Assets(Arc<Files>);

#[derive(Debug)]
struct Files {
    brand: String,
    js: String,
    wasm: String,
    css: String,
    splits: Option<WasmSplitManifest>,
    gateways: GatewayOrigins,
}

/// The gateways' origins, with spaces between them, for the content security policy.
#[derive(Debug)]
pub struct GatewayOrigins {
    pub scripts: String,
    pub frames: String,
    /// What their scripts call from our page.
    pub calls: String,
    /// Pages that a form of ours leads to.
    pub pages: String,
    /// Those of the vendors' sandboxes: a page lets one in when its gateway connection leads there.
    pub sandboxes: &'static [&'static str],
}

impl GatewayOrigins {
    pub(crate) fn sandbox_of(&self, url: &str) -> Option<&'static str> {
        self.sandboxes.iter().copied().find(|origin| leads_there(origin, url))
    }

    /// Our pages' policy lets a form be redirected there: to a page of our own, too, which has no host.
    pub(crate) fn take_forms_to(&self, url: &str) -> bool {
        is_our_own(url) || self.pages.split(' ').any(|origin| leads_there(origin, url))
    }
}

/// A host begins with `//`, and for a browser with `/\` and `/<tab>/` as well.
fn is_our_own(url: &str) -> bool {
    url.strip_prefix('/').is_some_and(|path| path.starts_with(|first: char| first.is_ascii_alphanumeric()))
}

fn leads_there(origin: &str, url: &str) -> bool {
    url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'))
}

impl Assets {
    /// Reads `hash.txt` beside the executable and the split manifest of the site folder.
    #[must_use]
    pub fn load(options: &LeptosOptions, brand: String, gateways: GatewayOrigins) -> Self {
        let hashes = if options.hash_files { read_hashes(options.hash_file.as_ref()) } else { HashMap::new() };
        let (package, name) = (options.site_pkg_dir.as_ref(), options.output_name.as_ref());
        let address = |name: &str, key: &str, extension: &str| match hashes.get(key) {
            Some(hash) => format!("/{package}/{name}.{hash}.{extension}"),
            None => format!("/{package}/{name}.{extension}"),
        };
        Self(Arc::new(Files {
            brand,
            js: address(name, "js", "js"),
            wasm: address(name, "wasm", "wasm"),
            css: address(name, "css", "css"),
            splits: read_splits(options, &hashes),
            gateways,
        }))
    }

    /// What the installation is called.
    pub(crate) fn brand(&self) -> String {
        self.0.brand.clone()
    }

    pub(crate) fn js(&self) -> String {
        self.0.js.clone()
    }

    pub(crate) fn wasm(&self) -> String {
        self.0.wasm.clone()
    }

    pub(crate) fn css(&self) -> String {
        self.0.css.clone()
    }

    pub(crate) fn splits(&self) -> Option<WasmSplitManifest> {
        self.0.splits.clone()
    }

    pub(crate) fn gateways(&self) -> &GatewayOrigins {
        &self.0.gateways
    }
}

fn read_hashes(file: &str) -> HashMap<String, String> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(file)));
    let text = beside.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(key, hash)| (key.trim().to_owned(), hash.trim().to_owned())).collect()
}

/// Which split files a lazy route needs, as leptos' own `HydrationScripts` provides it. That component reads the file
/// on each start of a render and preloads the whole program, which Pay Now must not.
fn read_splits(options: &LeptosOptions, hashes: &HashMap<String, String>) -> Option<WasmSplitManifest> {
    let named = |key: &str, plain: &str, stem: &str, extension: &str| match hashes.get(key) {
        Some(hash) => format!("{stem}.{hash}.{extension}"),
        None => plain.to_owned(),
    };
    let manifest = named("manifest", "__wasm_split_manifest.json", "__wasm_split_manifest", "json");
    let loader = named("split", "__wasm_split.______________________.js", "__wasm_split", "js");
    let folder = Path::new(options.site_root.as_ref()).join(options.site_pkg_dir.as_ref());
    let text = std::fs::read_to_string(folder.join(manifest)).ok()?;
    let modules: HashMap<String, Vec<String>> = serde_json::from_str(&text).ok()?;
    Some(WasmSplitManifest(ArcStoredValue::new((format!("/{}", options.site_pkg_dir), modules, loader))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_to_a_page_of_ours_or_of_a_gateway_and_to_no_other_host() {
        let pages = "https://pay.gateway.test".to_owned();
        let none = String::new;
        let origins = GatewayOrigins { scripts: none(), frames: none(), calls: none(), pages, sandboxes: &[] };
        for (url, may) in [
            ("/sandbox/con_1/att_1", true),
            ("https://pay.gateway.test/page", true),
            ("https://pay.gateway.test.evil.test/", false),
            ("https://evil.test/", false),
            ("//evil.test/", false),
            ("/\\evil.test/", false),
            ("/\t/evil.test/", false),
            ("", false),
        ] {
            assert_eq!(origins.take_forms_to(url), may, "{url:?}");
        }
    }
}
