//! From the compiled browser program to what browsers load: splits it at its lazy routes and writes the JavaScript that
//! joins the parts. Usage: `site-wasm PROGRAM.wasm FOLDER NAME LOADER`; the loader is the module that loads the parts, which
//! carry its name inside. Does not optimise, minify or put hashes into names; `scripts/site.mjs` does.

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, transform};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [program, folder, name, loader] = args.as_slice() else {
        return Err("usage: site-wasm PROGRAM.wasm FOLDER NAME LOADER".into());
    };
    let (program, folder) = (PathBuf::from(program), PathBuf::from(folder));
    let (common, main_module) = (program.with_extension("common.wasm"), format!("./{name}.js"));
    let link_name = format!("./{loader}");

    let wasm = fs::read(&program)?;
    let mut options = Options::new(&wasm);
    options.output_dir = &folder;
    options.main_out_path = &common;
    options.main_module = &main_module;
    options.link_name = &link_name;
    let split = transform(options)?;
    // In order, so that the same program makes the same file.
    let parts: BTreeMap<_, _> = split.prefetch_map.into_iter().collect();
    fs::write(folder.join("__wasm_split_manifest.json"), serde_json::to_string(&parts)?)?;

    let mut bindgen = Bindgen::new();
    bindgen.input_path(&common).out_name(name).web(true)?;
    // The parts are linked to the common one by the linker's own names.
    bindgen.keep_lld_exports(true).demangle(false).typescript(false);
    bindgen.generate(&folder)?;
    Ok(())
}
