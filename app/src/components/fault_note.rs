//! A fault as a whole page: what happened, and the way on.

use super::page_title::PageTitle;
use crate::fault::Fault;
use leptos::prelude::*;

/// Without the page's title and status, so that it can be drawn outside the App as well.
#[component]
pub fn FaultPage(fault: Fault) -> impl IntoView {
    let (way, words) = match fault {
        Fault::SignInNeeded => ("/sign-in", "Sign in"),
        _ => ("/", "Go to the front page"),
    };
    view! {
        <main class="lone" id="main">
            <div class="lone-card">
                <p class="lone-code num muted" aria-hidden="true">{fault.status()}</p>
                <h1>{fault.heading()}</h1>
                <p class="muted">{fault.to_string()}</p>
                <p><a class="btn primary" href=way rel="external">{words}</a></p>
            </div>
        </main>
    }
}

/// Inside the App: the answer carries the fault's status too.
#[component]
pub fn FaultAnswer(fault: Fault) -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::gate::set_status(fault.status());
    view! {
        <PageTitle text=fault.heading()/>
        <FaultPage fault/>
    }
}
