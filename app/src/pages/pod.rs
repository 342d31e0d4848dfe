//! `/pods/connectwise`: the panel inside the PSA's invoice screen. It says truthfully that it is not connected yet.

use crate::{components::page_title::PageTitle, pages::Screen};
use leptos::prelude::*;

pub struct PodPage;

impl Screen for PodPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        view! { <PodView/> }.into_any()
    }
}

surface!(draw_pod: Pod = PodPage);

#[component]
pub fn PodView() -> impl IntoView {
    view! {
        <PageTitle text="Payment"/>
        <main class="pod" id="main">
            <span class="badge">"Not connected"</span>
            <h1>"Payments are not connected to this screen yet"</h1>
            <p class="small muted">"Nothing can be paid or refunded here. Open the invoice in the payments portal instead."</p>
            <a class="btn" href="/" target="_blank" rel="noopener">"Open the portal"</a>
        </main>
    }
}
