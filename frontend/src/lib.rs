//! The browser's side of `app`: takes over the server's HTML. Nothing else lives here.

/// Called by the page's own module script when it is time (`app/src/shell.rs`).
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
