//! `/`: the right front page for who is signed in.

use crate::{api, components::load::load};
use leptos::prelude::*;

#[component]
pub fn HomePage() -> impl IntoView {
    let home = Resource::new(|| (), |()| api::session::find_home());
    load(home, |home| {
        #[cfg(feature = "hydrate")]
        window().location().replace(&home).ok();
        view! { <main class="lone" id="main"><p><a href=home rel="external">"Continue"</a></p></main> }
    })
}
