//! The portal around a page: skip link, menu by role, account, main, and the zone of its times. The menu is drawn
//! from the table that guards the server, so nothing offered is ever refused (D23).

use super::account::Account;
use domain::{access::Role, date::zone_in_words, views::Whoami};
use leptos::prelude::*;

#[component]
pub fn Frame(
    who: Whoami,
    current: &'static str,
    /// Nothing on the page depends on a zone.
    #[prop(optional)]
    timeless: bool,
    children: Children,
) -> impl IntoView {
    // Payers have few pages and get a bar on top; staff get a column at the side.
    let class = if who.role == Role::Payer { "frame frame-top" } else { "frame frame-side" };
    let links = who.role.menu(who.own_books).into_iter().map(|(path, label)| {
        // What the server alone draws is loaded whole.
        const WHOLE: [&str; 6] = [
            "/methods",
            "/admin/invoices",
            "/admin/customers",
            "/admin/payouts",
            "/admin/exceptions",
            "/admin/webhooks",
        ];
        let is_whole = WHOLE.contains(&path) || path.starts_with("/admin/configure");
        let rel = is_whole.then_some("external");
        view! { <li><a href=path rel=rel aria-current=(path == current).then_some("page")>{label}</a></li> }
    });
    let zone = (!timeless).then(|| {
        let words = format!("Dates and times are in {}.", zone_in_words(&who.time_zone));
        view! { <p class="zone small muted">{words}</p> }
    });
    focus_on_arrival();
    view! {
        <div class=class>
            <a class="skip" href="#main" rel="external">"Skip to content"</a>
            <header class="top">
                <p class="brand">{who.merchant.clone()}</p>
                <nav aria-label="Main"><ul>{links.collect_view()}</ul></nav>
                <Account who/>
            </header>
            <main id="main" tabindex="-1">
                {children()}
                {zone}
            </main>
        </div>
    }
}

/// After an in-page navigation the reader stands at the top of the new page; after a full load the browser does that.
fn focus_on_arrival() {
    #[cfg(feature = "hydrate")]
    {
        use std::sync::atomic::{AtomicBool, Ordering};
        static LOADED: AtomicBool = AtomicBool::new(false);
        let first = !LOADED.swap(true, Ordering::Relaxed);
        let focus = || {
            use wasm_bindgen::JsCast;
            let main = document().get_element_by_id("main");
            if let Some(main) = main.and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok()) {
                main.focus().ok();
            }
        };
        // The page is mounted after its effects have run; the next frame finds it.
        Effect::new(move |_| {
            if !first {
                request_animation_frame(focus);
            }
        });
    }
}
