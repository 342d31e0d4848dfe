//! A fault as a whole page: what happened, and the way on.

use super::{page_title::PageTitle, who::BrandMark};
use crate::fault::Fault;
use leptos::prelude::*;

/// Without the page's title and status, so that it can be drawn outside the App as well.
#[component]
pub fn FaultPage(fault: Fault) -> impl IntoView {
    let (way, to) = match fault {
        Fault::SignInNeeded => ("/sign-in", "Sign in"),
        _ => ("/", "Go to the front page"),
    };
    view! { <Lone heading=fault.heading() words=fault.to_string() way to/> }
}

/// One thing said on a page of its own; `to` says where `way` leads.
#[component]
pub fn Lone(heading: &'static str, #[prop(into)] words: String, way: &'static str, to: &'static str) -> impl IntoView {
    view! {
        <main class="lone" id="main">
            <BrandMark/>
            <div class="lone-card">
                <h1>{heading}</h1>
                <p class="muted">{words}</p>
                <p><a class="btn primary" href=way rel="external">{to}</a></p>
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
